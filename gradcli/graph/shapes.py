"""Shapes: how they combine, in words where they do not, and the shape of every line before any number is computed."""

from __future__ import annotations

from gradcli.graph import CONSTANT, VARIABLE, Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.graph import Shape

BYTES = 8  # of one element
MAX_MEMORY = 1 << 30  # for the values of a program
MOST_AXES = 32  # what numpy 1 can hold


class ShapesDoNotFit(Exception):
    """The operands of a line have shapes that it cannot combine: a message, a way out, and the line where it is known.

    `slots` are the operands that the message is about, None for all of them; `part` is the place among all that is
    written there, sizes, axes and indices counted too, of what is to blame.
    """

    def __init__(
        self, message: str, hint: str = "", slots: Sequence[int] | None = None, part: int | None = None
    ) -> None:
        super().__init__(message)
        self.part = part
        self.message = message
        self.hint = hint
        self.slots = slots
        self.line: int | None = None
        self.shapes: Sequence[Shape] = ()


def shown(shape: Sequence[int]) -> str:
    """A shape as it is printed: [2,3], and [] for a scalar."""
    return f"[{','.join(map(str, shape))}]"


def count(shape: Sequence[int]) -> int:
    """How many elements an array of this shape has."""
    product = 1
    for length in shape:
        product *= length
    return product


def ragged(first: Shape, other: Shape, row: int) -> str:
    """Entries of an array that have different shapes, in words."""

    def said(shape: Shape) -> str:
        return f"has shape {shown(shape)}" if len(shape) > 1 else f"has length {shape[0]}" if shape else "is a number"

    return f"a ragged array: its first entry {said(first)}, entry {row + 1} {said(other)}"


def sized(many: float) -> str:
    """A number of bytes as people say it."""
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if many < 1023.5:
            return f"{many:.3g} {unit}" if many < 999.5 else f"{many:.0f} {unit}"
        if many >= 1 << 70:
            break
        many /= 1024
    return "more than any memory"


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape of elements combined one by one, where an axis of length 1, or one that is missing, is repeated."""
    rank = max(map(len, shapes))
    found = []
    for axis in range(-rank, 0):
        lengths = {shape[axis] for shape in shapes if len(shape) >= -axis} - {1}
        if len(lengths) > 1:
            listed = " and ".join(shown(shape) for shape in dict.fromkeys(s for s in shapes if s))
            raise ShapesDoNotFit(f"shapes do not fit: {listed}", _way_out(shapes))
        found.append(lengths.pop() if lengths else 1)
    return tuple(found)


def _way_out(shapes: Sequence[Shape]) -> str:
    arrays = [shape for shape in shapes if shape]
    if len(arrays) == 2 and len(arrays[0]) == len(arrays[1]) == 1:
        return "elements are combined one by one: both need the same length, or one of them length 1"
    if len(arrays) == 2:
        return "axes are compared from the last: each pair has to be equal, or one of them 1"
    return "axes are compared from the last: all have to be equal, or 1"


def reduced(shape: Shape, axis: int | None, *, keep: bool = False) -> Shape:
    """The shape without AXIS (None: without any axis), or with length 1 there."""
    if axis is None:
        return (1,) * len(shape) if keep else ()
    if not -len(shape) <= axis < len(shape):
        raise ShapesDoNotFit(f"there is no axis {axis} in {shown(shape)}", axes_of(shape), part=1)
    axis %= len(shape)
    return (*shape[:axis], *(1,) * keep, *shape[axis + 1 :])


def axes_of(shape: Shape) -> str:
    """Which axes a shape has, as a hint."""
    if not shape:
        return "a scalar has no axis: leave it out"
    last = len(shape) - 1
    return f"its axes are 0 to {last}, or -1 for the last" if last else "its only axis is 0"


def infer(graph: Graph, given: Mapping[str, Shape]) -> list[Shape]:
    """The shape of every line of GRAPH, whose variables have the shapes GIVEN.

    Raises ShapesDoNotFit with the line where it happened.
    """
    shapes: list[Shape] = []
    for index, primitive in enumerate(graph.primitives):
        if primitive is VARIABLE:
            shapes.append(given[graph.names[index] or ""])
        elif primitive is CONSTANT:
            static = graph.statics[index]
            shapes.append(() if type(static) is float else static.shape)
        else:
            operands = [shapes[operand] for operand in graph.operands[index]]
            try:
                shapes.append(primitive.shape_of(operands, graph.statics[index]))
            except ShapesDoNotFit as error:
                error.line, error.shapes = index, operands
                raise
            if len(shapes[-1]) > MOST_AXES:
                found = ShapesDoNotFit(f"{len(shapes[-1])} axes, the most is {MOST_AXES}", slots=())
                found.line, found.shapes = index, operands
                raise found
    return shapes
