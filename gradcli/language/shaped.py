"""Shapes of a program: inferred before any number is computed, and what does not fit shown in the source."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.graph import CONSTANT, VARIABLE, Graph
from gradcli.graph.nested import larger
from gradcli.graph.shapes import BYTES, MAX_MEMORY, ShapesDoNotFit, count, infer, shown, sized
from gradcli.language import ARRAY, BINARY, CALL, INDEX, PREFIX, SLICE, TRANSPOSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.language.builder import Program
    from gradcli.language.expressions import Expressions

    Span = tuple[int, int]


def shapes_of(program: Program, given: Mapping[str, Shape], names: Iterable[str], ties: str = "split") -> list[Shape]:
    """The shape of every line of PROGRAM, whose variables have the shapes GIVEN; NAMES are those that got values.

    Raises GradError (shape) with both operands underlined, and (limit) where the lines would take too much memory.
    """
    try:
        shapes = infer(program.graph, given)
    except ShapesDoNotFit as error:
        raise shape_error(_placed(program, names, ties), error) from None
    refuse_memory(program, shapes, names, ties)
    return shapes


def refuse_memory(program: Program, shapes: Sequence[Shape], names: Iterable[str], ties: str) -> None:
    """Raise where the values of the lines would take more than the bound of --max-memory."""
    if _fits(shapes, program.builder.memory):
        return
    raise _too_much(shapes, _placed(program, names, ties))


def _fits(shapes: Sequence[Shape], memory: int | None) -> bool:
    return sum([count(shape) for shape in shapes if shape]) * BYTES <= (MAX_MEMORY if memory is None else memory)


def _too_much(shapes: Sequence[Shape], builder: Expressions) -> GradError:
    taken = [count(shape) * BYTES for shape in shapes]
    spans = builder.graph.spans
    line = max(range(len(taken)), key=lambda line: (taken[line], spans[line] is not None))
    span = spans[line]
    most = MAX_MEMORY if builder.memory is None else builder.memory
    return GradError(
        "limit",
        f"the values would take {sized(sum(taken))}, the most is {sized(most)}",
        hint=larger(sum(taken)),
        source=builder.source,
        spans=[] if span is None else [span],
        labels=[] if span is None else [f"{shown(shapes[line])} takes {sized(taken[line])}"],
    )


def value_of_constant(builder: Expressions, line: int) -> Any:
    """The value of a line that depends on no variable: a float or an array.

    Raises GradError where shapes do not fit, and PlacesNeeded where the BUILDER does not know the places for it.
    """
    from gradcli.autodiff.arrays import evaluate
    from gradcli.language.expressions import PlacesNeeded

    try:
        shapes = infer(builder.graph, {})
    except ShapesDoNotFit as error:
        if builder.spans is None:
            raise PlacesNeeded from None
        raise shape_error(builder, error) from None
    if not _fits(shapes, builder.memory):
        if builder.spans is None:
            raise PlacesNeeded
        raise _too_much(shapes, builder)
    return evaluate(builder.graph, {})[line]


def shape_error(builder: Expressions, error: ShapesDoNotFit) -> GradError:
    """The error as a place in the source: the operands underlined, with their shapes under them.

    The BUILDER, which knows its places, has built the graph in which the error happened.
    """
    assert builder.spans is not None and error.line is not None
    hint = _hint(builder.graph, error)
    place = builder.places.get(error.line)
    if place is None:
        return GradError("shape", error.message, hint=hint)
    items, spans = builder.items, builder.spans
    roots = operand_places(items, place)
    slots = range(len(error.shapes)) if error.slots is None else error.slots
    if error.slots is None and sum(map(bool, error.shapes)) > 1 and items[place][0] != BINARY:
        slots = [slot for slot in slots if error.shapes[slot]]  # a scalar fits everywhere
    said = operator_of(items[place])
    message = error.message.replace("shapes do not fit:", f"shapes do not fit at {said!r}:") if said else error.message
    operands = [spans[roots[slot]] for slot in slots if slot < len(roots)]
    if error.part is not None and error.part < len(roots):
        operator: Span | None = spans[roots[error.part]]
    else:
        operator = _operator_span(builder.source, items[place], spans[place], [spans[root] for root in roots])
    return GradError(
        "shape", message, hint=hint, source=builder.source, spans=operands or [spans[place]], operator=operator,
        labels=[shown(error.shapes[slot]) for slot in slots if slot < len(roots)],
    )  # fmt: skip


def failed(
    builder: Expressions, message: str, place: int, slots: Sequence[int], shapes: Sequence[Shape], hint: str
) -> Exception:
    """The error of the operands in these SLOTS of the item at PLACE, with their SHAPES under them."""
    from gradcli.language.expressions import PlacesNeeded

    if builder.spans is None:
        return PlacesNeeded()
    roots = operand_places(builder.items, place)
    return GradError(
        "shape", message, hint=hint, source=builder.source, spans=[builder.spans[roots[slot]] for slot in slots],
        labels=[shown(shape) for shape in shapes],
    )  # fmt: skip


def operator_of(item: tuple[int, Any]) -> str | None:
    """What an item is called in the source, if it has a name or a sign."""
    code, argument = item
    if code == CALL:
        return str(argument[0])
    return str(argument) if code == BINARY else None


def _operator_span(source: str, item: tuple[int, Any], whole: Span, operands: Sequence[Span]) -> Span | None:
    """Where the sign between two operands stands, or the name before them."""
    code, argument = item
    if code == CALL:
        return whole[0], whole[0] + len(argument[0])
    if code != BINARY:
        return None
    low, high = operands[0][1], operands[1][0]
    sign = argument if argument in source[low:high] else "**" if "**" in source[low:high] else None
    if sign is not None:
        at = source.index(sign, low)
        return at, at + len(sign)
    at = next((at for at in range(low, high) if source[at] not in " \t()"), low)
    return at, at + 1


def _placed(program: Program, names: Iterable[str], ties: str) -> Expressions:
    """The builder of PROGRAM, which knows the places of its lines."""
    from gradcli.language.builder import build

    return build(program.source, given=names, ties=ties, places=True, memory=program.builder.memory).builder


def operand_places(items: Sequence[tuple[int, Any]], place: int) -> list[int]:
    """Where the operands of the item at PLACE end in the postfix list, in order."""
    found = []
    at = place - 1
    for _ in range(_operands(items[place])):
        found.append(at)
        missing = 1
        while missing:
            missing += _operands(items[at]) - 1
            at -= 1
    return found[::-1]


def _operands(item: tuple[int, Any]) -> int:
    code, argument = item
    if code == BINARY:
        return 2
    if code in (PREFIX, TRANSPOSED):
        return 1
    if code == CALL:
        return int(argument[1])
    if code == ARRAY:
        return int(argument)
    if code == INDEX:
        return int(argument) + 1
    return sum(argument) if code == SLICE else 0


def _hint(graph: Graph, error: ShapesDoNotFit) -> str | None:
    if error.line is None:
        return error.hint or None
    names = [_name(graph, operand) for operand in graph.operands[error.line]]
    if error.hint == "matmul":
        return _way_out_of_product(names, *error.shapes)
    if len(names) == 2 and graph.primitives[error.line].kind == "elementwise":
        ways = _ways_to_fit(names, error.shapes)
        return "\n".join([error.hint, *ways[:1]])
    return error.hint or None


def _name(graph: Graph, line: int) -> str | None:
    return graph.names[line] if graph.primitives[line] in (VARIABLE, CONSTANT) or graph.names[line] else None


def _way_out_of_product(names: Sequence[str | None], a: Shape, b: Shape) -> str:
    """What would make the inner sizes equal, said only where it does."""
    left, right = names
    said = f"{right} needs" if right else "the right operand needs"
    many = a[-1]
    word = "row" if len(b) > 1 else "element"
    needs = f"{said} {many} {word}{'s' * (many != 1)}"
    if len(b) == 2 and b[1] == a[-1]:
        return f"{needs}; {right}.T is {shown(b[::-1])} and fits" if right else f"{needs}; its .T fits"
    if len(a) == 2 and a[0] == (b[0] if len(b) == 1 else b[-2]):
        transposed = f"{left}.T is {shown(a[::-1])} and fits" if left else "the .T of the left one fits"
        return f"{needs}; {transposed}"
    if len(b) == 2 and right:
        return f"{needs}; {right}.T is {shown(b[::-1])} and would not fit either"
    return needs


def _ways_to_fit(names: Sequence[str | None], shapes: Sequence[Shape]) -> list[str]:
    """Which of two operands would fit in another shape."""
    a, b = shapes
    ways = []
    for name, shape, other in ((names[1], b, a), (names[0], a, b)):
        if len(shape) == 2 and shape[::-1] == other:
            ways.append(f"{name}.T is {shown(other)} and fits" if name else "the .T of one of them fits")
        elif len(shape) == 1 and len(other) == 2 and shape[0] == other[0]:
            ways.append(f"as a column it fits: reshape({name or '...'}, {shape[0]}, 1)")
    return ways
