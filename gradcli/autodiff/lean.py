"""Value and gradients with little memory: what no rule reads is given back as soon as the run is past it."""

from __future__ import annotations

import numpy as np

from gradcli.autodiff import depends
from gradcli.autodiff.array_locals import array_locals
from gradcli.autodiff.arrays import evaluate, pull_back, seed_of
from gradcli.graph import CAUTIOUS, SATURATED_BELOW, Graph
from gradcli.graph.carriers import trace_array_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.autodiff.arrays import ArrayFlow
    from gradcli.graph.arrays import Value

SMALL = 10_000  # elements of all lines; up to here nothing is saved


class LeanRun:
    """The value of a line, its gradient by each source, and whether something on the way is worth a note."""

    __slots__ = ("gradients", "noteworthy", "value")

    def __init__(self, graph: Graph, point: Mapping[str, Value], result: int, sources: Sequence[int]) -> None:
        active = depends(graph, sources)
        freed = _last_reads(graph, result, active)
        values = evaluate(graph, point, freed, _reused(graph, freed))
        self.value = values[result]
        watch = _Watch(graph, values)
        sweep = pull_back(graph, values, result, active, flows=watch, keep=sources, frees=True)  # type: ignore[arg-type]
        self.gradients = [sweep.numbers[source] for source in sources]
        self.noteworthy = watch.noteworthy or not np.all(seed_of(self.value) == 1.0) or not np.isfinite(self.value)
        self.noteworthy = self.noteworthy or any(n is not None and not _finite(n) for n in self.gradients)


def _finite(value: Value) -> bool:
    return bool(np.isfinite(np.sum(value)))


class _Watch:
    """Looks at each flow as it passes, and keeps none.

    A flow that is not finite need not be looked for: unless a closed gate cuts it off, it makes a gradient so.
    """

    def __init__(self, graph: Graph, values: Sequence[Value]) -> None:
        self.graph = graph
        self.values = values
        self.noteworthy = any(primitive.verbs[0] in ("stops", "dead") for primitive in graph.primitives)
        if not self.noteworthy:
            made = [value for value, operands in zip(values, graph.operands, strict=True) if operands]
            self.noteworthy = any(not _finite(value) for value in made if np.ndim(value) == 0 or value.strides[-1])  # type: ignore[union-attr]

    def append(self, flow: ArrayFlow) -> None:
        """One more flow."""
        if self.noteworthy:
            return
        primitive = self.graph.primitives[flow.source]
        if primitive.shown == "relu":
            x = self.values[self.graph.operands[flow.source][0]]
            passed = np.any(flow.share, axis=0) if flow.share is not None else False
            self.noteworthy = not np.all(passed) or not np.all(x)
        elif primitive.opens or any(edge.kind in ("kink", "tie") for edge in primitive.edges):
            self.noteworthy = True
        elif primitive.verbs[0] in CAUTIOUS and flow.local is not None:
            self.noteworthy = bool(np.max(np.abs(flow.local)) < SATURATED_BELOW)


def _last_reads(graph: Graph, result: int, active: Sequence[bool]) -> dict[int, list[int]]:
    """After which line the value of a line is read no more: by the lines after it, and by the rules of the sweep."""
    last = list(range(len(graph)))
    for index, operands in enumerate(graph.operands):
        for operand in operands:
            last[operand] = index
    read = [False] * len(graph)
    read[result] = True
    for index, operands in enumerate(graph.operands):
        if not operands:
            read[index] = True
        elif active[index]:
            for leaf in _leaves_read(graph, index, active):
                read[operands[leaf - 1] if leaf else index] = True
    freed: dict[int, list[int]] = {}
    for index, at in enumerate(last):
        if not read[index]:
            freed.setdefault(at, []).append(index)
    return freed


OVERWRITE = ("add", "sub", "mul", "div")  # forwards of two operands that can write over one of them
OWN = ("matmul", "relu", "exp", "tanh", "sigmoid", *OVERWRITE)  # lines whose value is an array of their own


def _reused(graph: Graph, freed: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Which lines write their result over an operand that nothing else reads, and over which."""
    assert graph.shapes is not None
    shared = {
        operand
        for primitive, operands in zip(graph.primitives, graph.operands, strict=True)
        if primitive.name in ("same", "stop") or (primitive.kind == "carried" and primitive.name != "matmul")
        for operand in operands
    }
    found: dict[int, int] = {}
    for index, lines in freed.items():
        if graph.primitives[index].name in OVERWRITE and graph.shapes[index]:
            for line in lines:
                own = graph.primitives[line].name in OWN and line not in shared
                if own and line in graph.operands[index] and graph.shapes[line] == graph.shapes[index]:
                    found[index] = line
                    break
    return found


def _leaves_read(graph: Graph, index: int, active: Sequence[bool]) -> set[int]:
    """Which leaves the rules of a line read: 0 for y, then the operands from 1."""
    primitive, operands, static = graph.primitives[index], graph.operands[index], graph.statics[index]
    live = [slot for slot, operand in enumerate(operands) if active[operand]]
    found: set[int] = set()
    if primitive.kind == "elementwise":
        rules = array_locals(primitive, static, len(operands))
        return found.union(*[rule.reads for slot in live if (rule := rules[slot]) is not None])
    assert graph.shapes is not None
    trace = trace_array_rules(primitive, static, [graph.shapes[operand] for operand in operands])
    for slot in live:
        output = trace.outputs[slot]
        if output is not None:
            found.add(output)
            for line in trace.lines_of(slot):
                found.update(trace.graph.operands[line])
    return {leaf for leaf in found if leaf <= len(operands)}
