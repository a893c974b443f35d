"""Rules and definitions traced once into lines, and those lines read over any carrier."""

from __future__ import annotations

from gradcli.graph import CONSTANT, VARIABLE, Graph, Node, Primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any


class Trace:
    """A function over nodes, written down: `inputs` leaves first, then lines; one output per result, or None."""

    __slots__ = ("graph", "inputs", "outputs", "slices")

    def __init__(self, graph: Graph, inputs: int, outputs: Sequence[int | None]) -> None:
        self.graph = graph
        self.inputs = inputs
        self.outputs = tuple(outputs)
        self.slices: dict[int, list[int]] = {}

    def lines_of(self, slot: int) -> list[int]:
        """The lines that output SLOT is computed from, in order, leaves left out."""
        if slot not in self.slices:
            output = self.outputs[slot]
            live = self.graph.live(() if output is None else (output,))
            self.slices[slot] = [index for index in range(self.inputs, len(live)) if live[index]]
        return self.slices[slot]


_TRACES: dict[tuple[str, Any, int], Trace] = {}


def trace_rules(primitive: Primitive, static: Any, count: int) -> Trace:
    """The rules of PRIMITIVE with COUNT operands: the leaves are y and the operands, one output per operand."""
    key = (primitive.name, static, count)
    if key not in _TRACES:
        graph, leaves = _leaves(["y", *(f"x{slot}" for slot in range(count))])
        extra = (static,) if primitive.static else ()
        if primitive.variadic:
            (rule,) = primitive.rules
            results: Iterable[Any] = rule(*leaves) if rule else ()
        else:
            results = [rule and rule(*leaves, *extra) for rule in primitive.rules]
        _TRACES[key] = Trace(graph, count + 1, [_written(graph, result) for result in results])
    return _TRACES[key]


def trace_definition(primitive: Primitive, count: int) -> Trace:
    """The definition of a composite PRIMITIVE with COUNT operands: the leaves are the operands, one output."""
    key = (f"{primitive.name}, spelled out", None, count)
    if key not in _TRACES:
        graph, leaves = _leaves([f"x{slot}" for slot in range(count)])
        assert primitive.definition is not None, f"{primitive.name} has no definition"
        _TRACES[key] = Trace(graph, count, [_written(graph, primitive.definition(*leaves))])
    return _TRACES[key]


def _leaves(names: Sequence[str]) -> tuple[Graph, list[Node]]:
    graph = Graph()
    return graph, [Node(graph, graph.append(VARIABLE, (), None, name)) for name in names]


def _written(graph: Graph, result: Any) -> int | None:
    if result is None:
        return None
    return int(result.index) if isinstance(result, Node) else graph.constant(float(result))


def read(
    trace: Trace,
    leaves: Sequence[Any],
    apply: Callable[[Primitive, Any, tuple[Any, ...]], Any],
    constant: Callable[[float], Any],
    lines: Iterable[int] | None = None,
) -> list[Any]:
    """The value of every line of TRACE (or of those in LINES; None elsewhere) over the carrier of the LEAVES.

    `apply(primitive, static, operands)` is the carrier's forward, `constant(value)` its constant.
    """
    graph = trace.graph
    values: list[Any] = [*leaves, *[None] * (len(graph) - trace.inputs)]
    for index in range(trace.inputs, len(graph)) if lines is None else lines:
        primitive = graph.primitives[index]
        if primitive is CONSTANT:
            values[index] = constant(graph.statics[index])
        else:
            operands = tuple([values[operand] for operand in graph.operands[index]])
            values[index] = apply(primitive, graph.statics[index], operands)
    return values


def number(primitive: Primitive, static: Any, operands: tuple[float, ...]) -> float:
    """The carrier of floats: the primitive's own forward."""
    return primitive.forward(*operands, static) if primitive.static else primitive.forward(*operands)


def write(trace: Trace, operands: Sequence[Node]) -> list[Node | None]:
    """The carrier of nodes: append the lines of TRACE to the operands' graph; one node per output."""
    graph = operands[0].graph
    values = read(
        trace,
        operands,
        lambda primitive, static, nodes: primitive(*nodes, static=static),
        lambda value: Node(graph, graph.constant(value)),
    )
    return [None if output is None else values[output] for output in trace.outputs]
