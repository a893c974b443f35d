"""Local gradients of elementwise lines over arrays, made ready once: the rule's lines as steps over registers."""

from __future__ import annotations

import numpy as np

from gradcli.graph import CONSTANT, Graph, Primitive
from gradcli.graph.arrays import elementwise
from gradcli.graph.carriers import trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.graph.arrays import Value
    from gradcli.graph.carriers import Trace

    Step = tuple[int, Callable[..., Any], tuple[int, ...]]


class LocalGradient:
    """The rule of one operand. `constant` is its value where it depends on nothing, `reads` the leaves that it needs:
    0 for y, then the operands from 1."""

    __slots__ = ("_blank", "_output", "_steps", "constant", "reads")

    def __init__(self, trace: Trace, slot: int, *, gate: bool) -> None:
        graph, output = trace.graph, trace.outputs[slot]
        assert output is not None
        self.constant: float | None = graph.statics[output] if graph.primitives[output] is CONSTANT else None
        self._output = output
        lines = trace.lines_of(slot)
        whole = _whole_share(graph, output) if gate else None
        self._blank: list[Any] = [None] * (len(graph) - trace.inputs)
        self._steps: list[Step] = []
        read = {output}
        for index in lines:
            if graph.primitives[index] is CONSTANT:
                self._blank[index - trace.inputs] = graph.statics[index]
            else:
                forward, places = _step(graph, index)
                if forward is _unless_nan:  # which makes its test itself
                    self._steps = [step for step in self._steps if step[0] != graph.operands[index][0]]
                self._steps.append((index, TESTS[graph.primitives[index].name] if index == whole else forward, places))
                read.update(graph.operands[index])
        self.reads = frozenset(leaf for leaf in read if leaf < trace.inputs)

    def __call__(self, y: Value, operands: Sequence[Value]) -> Any:
        """Its value at these numbers."""
        registers = [y, *operands, *self._blank]
        for target, forward, places in self._steps:
            if len(places) == 1:
                registers[target] = forward(registers[places[0]])
            elif len(places) == 2:
                registers[target] = forward(registers[places[0]], registers[places[1]])
            else:
                registers[target] = forward(*[registers[place] for place in places])
        return registers[self._output]


def _step(graph: Graph, index: int) -> tuple[Callable[..., Any], tuple[int, ...]]:
    primitive, operands, static = graph.primitives[index], graph.operands[index], graph.statics[index]
    if primitive.name == "where":
        test, share, other = operands
        if graph.primitives[test].name == "equal" and graph.operands[test] == (other, other):
            return _unless_nan, (other, share)
    forward = elementwise(primitive)
    if primitive.static:
        return lambda x: forward(x, static), operands
    return forward, operands


TESTS: dict[str, Callable[..., Any]] = {
    "less": np.less, "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal,
    "equal": np.equal, "not_equal": np.not_equal,
}  # fmt: skip


def _whole_share(graph: Graph, output: int) -> int | None:
    """The comparison that alone decides whether all of the upstream passes: its bools are the share."""
    line = output
    if graph.primitives[line].name == "where":
        forward, places = _step(graph, line)
        line = places[1] if forward is _unless_nan else line
    return line if graph.primitives[line].name in TESTS and sum(line in o for o in graph.operands) <= 1 else None


def _unless_nan(y: Any, share: Any) -> Any:
    """where(y == y, share, y), in one pass where nothing is nan."""
    if np.isnan(np.sum(y)):
        return np.where(np.equal(y, y), share, y)
    return share


_RULES: dict[tuple[str, Any, int], tuple[LocalGradient | None, ...]] = {}


def array_locals(primitive: Primitive, static: Any, count: int) -> tuple[LocalGradient | None, ...]:
    """The rule of each of COUNT operands of an elementwise PRIMITIVE; None where nothing flows."""
    key = (primitive.name, static, count)
    found = _RULES.get(key)
    if found is None:
        trace = trace_rules(primitive, static, count)
        outputs = enumerate(trace.outputs)
        gate = primitive.opens
        found = tuple([None if at is None else LocalGradient(trace, slot, gate=gate) for slot, at in outputs])
        _RULES[key] = found
    return found
