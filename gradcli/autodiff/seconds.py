"""The derivatives of local gradients: what one line of a graph of scalars adds to a second derivative.

The adjoint lines of a rule's own trace are frozen as float functions; what is not frozen is swept back at the point.
A second is a tuple (leaf,
constant, function, gate): the leaf of the rule that it belongs to (0 for y, then the operands from 1), its value where
that is a constant, else a function of y and the operands, and whether a gate stands in the rule: a 0 behind one may be
one that no gradient passes.
"""

from __future__ import annotations

from gradcli.autodiff import depends, pull_back
from gradcli.graph import CONSTANT
from gradcli.graph.carriers import Trace, number, read, trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.graph import Graph, Primitive

    Function = Callable[..., float]
    Second = tuple[int, float | None, Function | None, bool]


_SECONDS: dict[tuple[str, Any, int], tuple[Sequence[Second] | None, ...] | None] = {}


def seconds_of(primitive: Primitive, static: Any, count: int) -> tuple[Sequence[Second] | None, ...] | None:
    """For each of COUNT operands of PRIMITIVE the derivatives of its local gradient, those that have a path.

    None for an operand in which nothing flows, whatever the values are; None for all where they are not frozen.
    """
    key = (primitive.name, static, count)
    if key not in _SECONDS:
        from gradcli.autodiff.frozen_seconds import SECONDS

        frozen: dict[tuple[str, Any, int], tuple[Sequence[Second] | None, ...]] = SECONDS
        found = frozen.get(key)
        if found is None:
            leaves = leaves_of(primitive, static, count)
            if not any(leaves):
                found = tuple([None if slot is None else () for slot in leaves])
        _SECONDS[key] = found
    return _SECONDS[key]


def seconds_at(
    primitive: Primitive, static: Any, y: float, operands: Sequence[float]
) -> list[list[tuple[int, float]] | None]:
    """The same at a point, from the rules themselves: for each operand the leaves and the numbers; a closed gate of a
    rule passes nothing."""
    trace = trace_rules(primitive, static, len(operands))
    values = read(trace, [y, *operands], number, float)
    found: list[list[tuple[int, float]] | None] = []
    for output, leaves in zip(trace.outputs, leaves_of(primitive, static, len(operands)), strict=True):
        if output is None or leaves is None:
            found.append(None)
            continue
        sweep = pull_back(trace.graph, values, output, depends(trace.graph, leaves))
        numbers = sweep.numbers
        found.append([(leaf, n) for leaf in leaves if (n := numbers[leaf]) is not None and not sweep.closed[leaf]])
    return found


def traced(primitive: Primitive, static: Any, count: int) -> list[dict[int, Trace] | None]:
    """For each operand the derivative of its local gradient by every leaf that has a path, as a trace of its own."""
    from gradcli.autodiff.adjoint import adjoint_lines

    trace = trace_rules(primitive, static, count)
    found: list[dict[int, Trace] | None] = []
    for output, leaves in zip(trace.outputs, leaves_of(primitive, static, count), strict=True):
        if output is None or leaves is None:
            found.append(None)
            continue
        graph = trace.graph.copy()
        adjoints = adjoint_lines(graph, output, leaves, seed=graph.constant(1.0))
        found.append({leaf: Trace(graph, trace.inputs, [line]) for leaf, line in adjoints.items() if line is not None})
    return found


STEPPING = frozenset((
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "abs", "sign", "floor", "ceil", "round",
))  # fmt: skip
_STEPS: dict[tuple[str, Any, int], bool] = {}


def steps(primitive: Primitive, static: Any, count: int) -> bool:
    """Whether a local gradient can jump: its rules compare, or round. The share of a gate is not meant."""
    key = (primitive.name, static, count)
    if key not in _STEPS:
        graph = trace_rules(primitive, static, count).graph
        _STEPS[key] = not primitive.opens and any(one.name in STEPPING for one in graph.primitives)
    return _STEPS[key]


def is_gated(primitive: Primitive, static: Any, count: int, slot: int) -> bool:
    """Whether a gate stands in the rule of operand SLOT."""
    trace = trace_rules(primitive, static, count)
    return any(trace.graph.primitives[line].opens for line in trace.lines_of(slot))


def leaves_of(primitive: Primitive, static: Any, count: int) -> list[list[int] | None]:
    """For each operand the leaves that its local gradient has a path from; None where nothing flows at all.

    The share that a gate passes is flat: it has none.
    """
    trace = trace_rules(primitive, static, count)
    return [
        None if output is None or _is_zero(trace.graph, output) else [] if primitive.opens else _leaves(trace, output)
        for output in trace.outputs
    ]


def _leaves(trace: Trace, output: int) -> list[int]:
    graph = trace.graph
    marks = [False] * len(graph)
    marks[output] = True
    for index in range(output, trace.inputs - 1, -1):
        if not marks[index] or not graph.operands[index]:
            continue
        operands = graph.operands[index]
        rules = trace_rules(graph.primitives[index], graph.statics[index], len(operands))
        for operand, local in zip(operands, rules.outputs, strict=True):
            if local is not None and not _is_zero(rules.graph, local):
                marks[operand] = True
    return [leaf for leaf in range(trace.inputs) if marks[leaf]]


def _is_zero(graph: Graph, line: int) -> bool:
    return graph.primitives[line] is CONSTANT and graph.statics[line] == 0
