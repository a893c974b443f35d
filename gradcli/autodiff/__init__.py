"""Values, and the two sweeps over floats: backpropagation and forward mode on the same graph."""

from __future__ import annotations

from gradcli.graph import CONSTANT, VARIABLE, Graph, Primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    Local = Callable[..., float] | None
    Flow = tuple[int, int, int, float, float, float, bool]

MOST_KEPT = 5_000  # local gradients as functions
FEW = 3  # operands up to which each local gradient is computed by itself, and only where it is needed


def evaluate(graph: Graph, point: Mapping[str, float]) -> list[float]:
    """The primal of every line, operands before their users. Scalars; IEEE results, nothing raises."""
    values: list[float] = []
    go_on(graph, point, values)
    return values


def go_on(graph: Graph, point: Mapping[str, float], values: list[float]) -> None:
    """Add the primals of the lines that VALUES does not hold yet."""
    start = len(values)
    columns = (graph.primitives, graph.operands, graph.statics, graph.names)
    for primitive, operands, static, name in zip(*[column[start:] for column in columns], strict=True):
        if len(operands) == 2:
            a, b = operands
            values.append(primitive.forward(values[a], values[b]))
        elif primitive is CONSTANT:
            values.append(static)
        elif primitive is VARIABLE:
            values.append(point[name or ""])
        elif primitive.static:
            values.append(primitive.forward(values[operands[0]], static))
        else:
            values.append(primitive.forward(*[values[operand] for operand in operands]))


def depends(graph: Graph, sources: Iterable[int]) -> list[bool]:
    """Which lines depend on one of the SOURCES, themselves included."""
    marks = [False] * len(graph)
    for source in sources:
        marks[source] = True
    for index, operands in enumerate(graph.operands):
        for operand in operands:
            if marks[operand]:
                marks[index] = True
                break
    return marks


class Sweep:
    """What a sweep leaves: a number per line (None where nothing arrived), and where only closed gates led there."""

    __slots__ = ("closed", "numbers")

    def __init__(self, length: int) -> None:
        self.numbers: list[float | None] = [None] * length
        self.closed = bytearray(length)


def pull_back(
    graph: Graph,
    values: list[float],
    result: int,
    active: list[bool],
    *,
    seed: float = 1.0,
    strong_zero: bool = False,
    flows: list[Flow] | None = None,
) -> Sweep:
    """The adjoint of every ACTIVE line that RESULT (a scalar) is computed from: downstream = upstream * local.

    It starts from SEED, and from nan where the result is nan. FLOWS, where given, receives every flow in the order of
    the sweep: (from, to, operand slot, upstream, local, downstream, closed). A closed gate carries exactly 0, and so
    does every flow below one. With STRONG_ZERO, 0 times inf is 0.
    """
    sweep = Sweep(len(graph))
    adjoints, closed = sweep.numbers, sweep.closed
    if active[result]:
        adjoints[result] = seed if values[result] == values[result] else values[result]
    primitives, every_operands, statics = graph.primitives, graph.operands, graph.statics
    for index in range(result, -1, -1):
        upstream = adjoints[index]
        operands = every_operands[index]
        if upstream is None or not operands:
            continue
        primitive = primitives[index]
        arguments = [values[operand] for operand in operands]
        few = len(operands) <= FEW
        rules = locals_of(primitive, statics[index], len(operands)) if few else ()
        numbers = () if few else local_gradients(primitive, statics[index], values[index], arguments)
        for slot, operand in enumerate(operands):
            if not active[operand]:
                continue
            local = (rule := rules[slot]) and rule(values[index], *arguments) if few else numbers[slot]
            if local is None:
                continue
            shut = closed[index] or (primitive.opens and local == 0)
            downstream = 0.0 if shut else _times(upstream, local) if strong_zero else upstream * local
            before = adjoints[operand]
            if before is None:
                adjoints[operand] = downstream
                closed[operand] = shut
            else:
                adjoints[operand] = before + downstream
                closed[operand] &= shut
            if flows is not None:
                flows.append((index, operand, slot, upstream, local, downstream, bool(shut)))
    return sweep


def push_forward(
    graph: Graph, values: list[float], result: int, source: int, *, strong_zero: bool = False
) -> Sweep:
    """The tangent of every line with respect to the line SOURCE, whose own tangent is 1; one pass an input."""
    return push_along(graph, values, result, {source: 1.0}, strong_zero=strong_zero)


def push_along(
    graph: Graph, values: list[float], result: int, moving: Mapping[int, float], *, strong_zero: bool = False
) -> Sweep:
    """The tangent of every line up to RESULT, where the lines MOVING have these tangents."""
    sweep = Sweep(len(graph))
    tangents, closed = sweep.numbers, sweep.closed
    for line, moves in moving.items():
        tangents[line] = moves
    for index in range(min(moving, default=result) + 1, result + 1):
        operands = graph.operands[index]
        if not operands or index in moving:
            continue
        primitive = graph.primitives[index]
        arguments = [values[operand] for operand in operands]
        few = len(operands) <= FEW
        rules = locals_of(primitive, graph.statics[index], len(operands)) if few else ()
        numbers = () if few else local_gradients(primitive, graph.statics[index], values[index], arguments)
        for slot, operand in enumerate(operands):
            tangent = tangents[operand]
            if tangent is None:
                continue
            local = (rule := rules[slot]) and rule(values[index], *arguments) if few else numbers[slot]
            if local is None:
                continue
            shut = closed[operand] or (primitive.opens and local == 0)
            push = 0.0 if shut else _times(local, tangent) if strong_zero else local * tangent
            before = tangents[index]
            if before is None:
                tangents[index] = push
                closed[index] = shut
            else:
                tangents[index] = before + push
                closed[index] &= shut
    if values[result] != values[result] and tangents[result] is not None and not closed[result]:
        tangents[result] = values[result]
    return sweep


def _times(a: float, b: float) -> float:
    """a * b with a strong zero: 0 times inf is 0 (0 times nan stays nan)."""
    if (a == 0 and b - b != 0 and b == b) or (b == 0 and a - a != 0 and a == a):
        return 0.0
    return a * b


_LOCALS: dict[tuple[str, Any, int], tuple[Local, ...]] = {}


def locals_of(primitive: Primitive, static: Any, count: int) -> tuple[Local, ...]:
    """The local gradients of PRIMITIVE as float functions of y and the operands, None where nothing flows."""
    key = (primitive.name, static, count)
    found = _LOCALS.get(key)
    if found is None:
        from gradcli.autodiff.frozen import LOCALS

        frozen: dict[tuple[str, Any, int], tuple[Local, ...]] = LOCALS
        found = frozen.get(key) or _read_from_the_rules(primitive, static, count)
        if len(_LOCALS) > MOST_KEPT:  # every exponent has its own
            _LOCALS.clear()
        _LOCALS[key] = found
    return found


def local_gradients(
    primitive: Primitive, static: Any, y: float, operands: Sequence[float]
) -> list[float | None]:
    """Every local gradient of one line at once: of many operands, the rules share most of their lines."""
    from gradcli.graph.carriers import number, read, trace_rules

    trace = trace_rules(primitive, static, len(operands))
    numbers = read(trace, [y, *operands], number, float)
    return [None if output is None else float(numbers[output]) for output in trace.outputs]


def _read_from_the_rules(primitive: Primitive, static: Any, count: int) -> tuple[Local, ...]:
    from gradcli.graph.carriers import number, read, trace_rules

    trace = trace_rules(primitive, static, count)

    def reader(slot: int) -> Local:
        output = trace.outputs[slot]
        if output is None:
            return None
        return lambda *leaves: float(read(trace, leaves, number, float, trace.lines_of(slot))[output])

    return tuple([reader(slot) for slot in range(count)])


def gradients(
    graph: Graph, values: list[float], result: int, sources: Iterable[int], *, mode: str, strong_zero: bool
) -> list[float]:
    """The derivative of line RESULT with respect to each of the SOURCES: by backpropagation, forward mode, or through
    adjoint lines."""
    sources = list(sources)
    if mode == "adjoint":
        from gradcli.autodiff import adjoint

        names = [(name, values[line]) for line, name in enumerate(graph.names) if name is not None]
        numbers = adjoint.gradients(graph, values, result, sources, dict(names), strong_zero=strong_zero)
    elif mode == "forward":
        numbers = [push_forward(graph, values, result, s, strong_zero=strong_zero).numbers[result] for s in sources]
    else:
        sweep = pull_back(graph, values, result, depends(graph, sources), strong_zero=strong_zero)
        numbers = [sweep.numbers[source] for source in sources]
    return [0.0 if number is None else number for number in numbers]
