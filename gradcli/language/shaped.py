"""Shapes of a program: inferred before any number is computed, and what does not fit shown in the source."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.graph import CONSTANT, VARIABLE, Graph
from gradcli.graph.nested import larger
from gradcli.graph.shapes import BYTES, MAX_MEMORY, ShapesDoNotFit, count, infer, shown, sized
from gradcli.language import ARRAY, BINARY, CALL, INDEX, PREFIX, SLICE, TRANSPOSED, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.language.builder import Program

    Span = tuple[int, int]


def shapes_of(program: Program, given: Mapping[str, Shape], names: Iterable[str], ties: str = "split") -> list[Shape]:
    """The shape of every line of PROGRAM, whose variables have the shapes GIVEN; NAMES are those that got values.

    Raises GradError (shape) with both operands underlined, and (limit) where the lines would take too much memory.
    """
    try:
        shapes = infer(program.graph, given)
    except ShapesDoNotFit as error:
        raise shape_error(program, error, names, ties) from None
    refuse_memory(program, shapes, names, ties)
    return shapes


def refuse_memory(program: Program, shapes: Sequence[Shape], names: Iterable[str], ties: str) -> None:
    """Raise where the values of the lines would take more than the bound of --max-memory."""
    memory = program.builder.memory
    most = MAX_MEMORY if memory is None else memory
    taken = [count(shape) * BYTES for shape in shapes if shape]
    if sum(taken) <= most:
        return
    taken = [count(shape) * BYTES for shape in shapes]
    line = max(range(len(taken)), key=taken.__getitem__)
    spans = _placed(program, names, ties)[0].graph.spans
    whole = f"the values would take {sized(sum(taken))}, the most is {sized(most)}"
    raise GradError(
        "limit",
        f"{whole}; the largest is {shown(shapes[line])}",
        hint=larger(sum(taken)),
        source=program.source,
        spans=[span] if (span := spans[line]) is not None else [],
    )


def value_of_constant(graph: Graph, result: int, source: str) -> Any:
    """The value of a line that depends on no variable: a float or an array."""
    from gradcli.autodiff.arrays import evaluate

    try:
        infer(graph, {})
    except ShapesDoNotFit as error:
        raise GradError("shape", error.message, hint=_hint(graph, error)) from None
    value = evaluate(graph, {})[result]
    return value


def shape_error(program: Program, error: ShapesDoNotFit, names: Iterable[str], ties: str) -> GradError:
    """The error as a place in the source: the operands underlined, with their shapes under them."""
    placed, items, spans = _placed(program, names, ties)
    builder = placed.builder
    place = builder.places.get(error.line if error.line is not None else -1)
    hint = _hint(program.graph, error)
    if place is None:
        return GradError("shape", error.message, hint=hint)
    roots = operand_places(items, place)
    slots = range(len(roots)) if error.slots is None else error.slots
    operands = [spans[roots[slot]] for slot in slots if slot < len(roots) and slot < len(error.shapes)]
    labels = [shown(error.shapes[slot]) for slot in slots if slot < len(roots) and slot < len(error.shapes)]
    return GradError(
        "shape", error.message, hint=hint, source=placed.source, spans=operands or [spans[place]], labels=labels
    )


def _placed(program: Program, names: Iterable[str], ties: str) -> tuple[Program, Sequence[Any], list[Span]]:
    from gradcli.language.builder import build

    placed = build(program.source, given=names, ties=ties, places=True, memory=program.builder.memory)
    spans: list[Span] = []
    items = parse(program.source, spans)
    return placed, items, spans


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
    if error.hint != "matmul" or error.line is None:
        return error.hint or None
    left, right = graph.operands[error.line]
    a, b = error.shapes
    return _way_out_of_product(_name(graph, left), _name(graph, right), a, b)


def _name(graph: Graph, line: int) -> str | None:
    return graph.names[line] if graph.primitives[line] in (VARIABLE, CONSTANT) or graph.names[line] else None


def _way_out_of_product(left: str | None, right: str | None, a: Shape, b: Shape) -> str:
    """What would make the inner sizes equal, said only where it does."""
    said = f"{right} needs" if right else "the right operand needs"
    needs = f"{said} {a[-1]} {'rows' if len(b) > 1 else 'elements'}"
    if len(b) == 2 and b[1] == a[-1]:
        return f"{needs}; {right or 'it'}.T is {shown(b[::-1])} and fits" if right else f"{needs}; its .T fits"
    if len(a) == 2 and a[0] == (b[0] if len(b) == 1 else b[-2]):
        transposed = f"{left}.T is {shown(a[::-1])} and fits" if left else "the .T of the left one fits"
        return f"{needs}; {transposed}"
    if len(b) == 2 and right:
        return f"{needs}; {right}.T is {shown(b[::-1])} and would not fit either"
    return needs


