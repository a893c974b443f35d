"""Rules and definitions traced once into lines, and those lines read over any carrier."""

from __future__ import annotations

from gradcli.graph import CONSTANT, Graph, Node, Primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Shape


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
            found: set[int] = set()
            waiting = [] if output is None else [output]
            while waiting:  # of many outputs each has few lines: not all are looked at
                line = waiting.pop()
                if line >= self.inputs and line not in found:
                    found.add(line)
                    waiting += self.graph.operands[line]
            self.slices[slot] = sorted(found)
        return self.slices[slot]


_TRACES: dict[tuple[Any, ...], Trace] = {}
MOST_TRACES = 20_000  # kept: those of arrays are made for each shape


def trace_rules(primitive: Primitive, static: Any, count: int) -> Trace:
    """The rules of PRIMITIVE with COUNT operands: the leaves are y and the operands, one output per operand."""
    key = (primitive.name, static, count)
    if key not in _TRACES:
        if len(_TRACES) > MOST_TRACES:  # every exponent has its own
            _TRACES.clear()
        graph, leaves = _leaves(["y", *(f"x{slot}" for slot in range(count))])
        extra = (static,) if primitive.static else ()
        if primitive.variadic:
            (rule,) = primitive.rules
            results: Iterable[Any] = rule(*leaves, *extra) if rule else ()
        else:
            results = [rule and rule(*leaves, *extra) for rule in primitive.rules]
        _TRACES[key] = Trace(graph, count + 1, [_written(graph, result) for result in results])
    return _TRACES[key]


def trace_array_rules(primitive: Primitive, static: Any, shapes: Sequence[Shape]) -> Trace:
    """The rules of a PRIMITIVE that is not elementwise, at operands of these SHAPES.

    The leaves are y (of a reduction with the axis kept), the operands, and of what is carried the upstream.
    """
    key = (primitive.name, repr(static), tuple(shapes))
    if key not in _TRACES:
        if len(_TRACES) > MOST_TRACES:
            _TRACES.clear()
        shape = primitive.shape_of(shapes, static)
        carried = primitive.kind == "carried"
        y = primitive.shape_of(shapes, (static[0], True)) if primitive.static and not carried else shape
        names = ["y", *(f"x{slot}" for slot in range(len(shapes))), *["upstream"] * carried]
        graph, leaves = _leaves(names, [y, *shapes, *[shape] * carried])
        arguments = [leaves[-1], *leaves[:-1]] if carried else leaves
        extra = (static,) if primitive.static else ()
        if primitive.variadic:
            (rule,) = primitive.rules
            results: Iterable[Any] = rule(*arguments, *extra) if rule else ()
        else:
            results = [rule and rule(*arguments, *extra) for rule in primitive.rules]
        _TRACES[key] = Trace(graph, len(names), [_written(graph, result) for result in results])
    return _TRACES[key]


def trace_definition(
    primitive: Primitive, count: int, static: Any = None, shapes: Sequence[Shape] | None = None
) -> Trace:
    """The definition of a composite PRIMITIVE with COUNT operands: the leaves are the operands, one output.

    SHAPES are those of the operands, where they are not scalars and the definition is not elementwise.
    """
    key = (f"{primitive.name}, spelled out", repr(static), shapes and tuple(shapes), count)
    if key not in _TRACES:
        graph, leaves = _leaves([f"x{slot}" for slot in range(count)], shapes)
        assert primitive.definition is not None, f"{primitive.name} has no definition"
        extra = (static,) if primitive.static else ()
        _TRACES[key] = Trace(graph, count, [_written(graph, primitive.definition(*leaves, *extra))])
    return _TRACES[key]


def _leaves(names: Sequence[str], shapes: Sequence[Shape] | None = None) -> tuple[Graph, list[Node]]:
    graph = Graph()
    if shapes is not None:
        graph.shapes = []
        return graph, [Node(graph, graph.variable(n, None, s)) for n, s in zip(names, shapes, strict=True)]
    return graph, [Node(graph, graph.variable(name)) for name in names]


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
    known: Mapping[int, Any] | None = None,
) -> list[Any]:
    """The value of every line of TRACE (or of those in LINES; None elsewhere) over the carrier of the LEAVES.

    KNOWN are values of lines that need not be read again.

    `apply(primitive, static, operands)` is the carrier's forward, `constant(value)` its constant.
    """
    graph = trace.graph
    values: list[Any] = [*leaves, *[None] * (len(graph) - trace.inputs)]
    for index, value in (known or {}).items():
        values[index] = value
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
