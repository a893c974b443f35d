"""The array half of the language: literals, indices, reductions with an axis, sizes, and what makes arrays."""

from __future__ import annotations

from gradcli.graph import CONSTANT, array_primitives
from gradcli.graph.shapes import BYTES, MAX_MEMORY, count, shown, sized
from gradcli.language import ARRAY, INDEX, SLICE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from gradcli.graph import Primitive, Shape
    from gradcli.graph.arrays import ArrayConstant
    from gradcli.language.expressions import Expressions

    Entry = Any  # a line, a float, or a Literal

OF_ONE = {"max": "amax", "min": "amin", "softmax": "softmax_of"}  # what a call with one argument means
FIRST_TAKES_ALL = {"amax": "amax_first", "amin": "amin_first"}
MAKERS = frozenset(("zeros", "ones", "eye", "linspace", "arange"))
SIZED = frozenset(("reshape", "broadcast"))


class Literal:
    """An array that is written out, or made, without variables: its shape, its numbers in order, and how it is said."""

    __slots__ = ("numbers", "shape", "text")

    def __init__(self, shape: Shape, numbers: Any, text: str | None = None) -> None:
        self.shape = shape
        self.numbers = numbers
        self.text = text

    def __neg__(self) -> Literal:
        if type(self.numbers) is list:
            return Literal(self.shape, [-number for number in self.numbers])
        return Literal(self.shape, -self.numbers, self.text and f"-{self.text}")

    def constant(self) -> ArrayConstant:
        """Its value as a line of the graph holds it."""
        from gradcli.graph.arrays import ArrayConstant, from_numbers

        return ArrayConstant(from_numbers(self.numbers, self.shape), self.text)  # type: ignore[arg-type]


class Slice:
    """`low:high` between brackets; None where an end is left out."""

    __slots__ = ("ends",)

    def __init__(self, low: int | None, high: int | None) -> None:
        self.ends = (low, high)


def bracketed(builder: Expressions, code: int, argument: Any, stack: list[Any], place: int) -> None:
    """An array literal, an index, a slice or `.T`: takes its parts from the STACK and leaves what they make."""
    builder.has_arrays = True
    array_primitives()
    if code == ARRAY:
        entries = stack[len(stack) - argument :]
        del stack[len(stack) - argument :]
        stack.append(_array(builder, entries, place))
    elif code == SLICE:
        low, high = argument
        top = _whole(builder, stack.pop(), place, "an end of a slice") if high else None
        stack.append(Slice(_whole(builder, stack.pop(), place, "an end of a slice") if low else None, top))
    elif code == INDEX:
        places = stack[len(stack) - argument :]
        del stack[len(stack) - argument :]
        static = tuple([
            slice(*entry.ends) if isinstance(entry, Slice) else _whole(builder, entry, place, "an index")
            for entry in places
        ])  # fmt: skip
        stack[-1] = builder.append("index", (builder.line(stack[-1], place),), place, static)
    else:
        stack[-1] = builder.append("transpose", (builder.line(stack[-1], place),), place, None)


def _array(builder: Expressions, entries: Sequence[Entry], place: int) -> Entry:
    if not entries:
        builder.fail("shape", "an empty array", place, hint="an array has at least one element")
    if all(type(entry) is float for entry in entries):
        return Literal((len(entries),), list(entries))
    if all(isinstance(entry, Literal) and type(entry.numbers) is list for entry in entries):
        shape = entries[0].shape
        numbers: list[float] = []
        for row, entry in enumerate(entries):
            if entry.shape != shape:
                _ragged(builder, shape, entry.shape, row, place)
            numbers += entry.numbers
        return Literal((len(entries), *shape), numbers)
    constants = [() if type(entry) is float else getattr(entry, "shape", None) for entry in entries]
    first = next((shape for shape in constants if shape is not None), ())
    for row, other in enumerate(constants):
        if other is not None and other != first:
            _ragged(builder, first, other, row, place)
    return builder.append("stack", tuple([builder.line(entry, place) for entry in entries]), place)


def _ragged(builder: Expressions, first: Shape, other: Shape, row: int, place: int) -> NoReturn:
    def said(shape: Shape) -> str:
        return f"has shape {shown(shape)}" if len(shape) > 1 else f"has length {shape[0]}" if shape else "is a number"

    message = f"a ragged array: its first entry {said(first)}, entry {row + 1} {said(other)}"
    builder.fail("shape", message, place, hint="all entries of an array have one shape")


def product(builder: Expressions, left: Entry, right: Entry, place: int) -> int:
    """`left @ right`."""
    builder.has_arrays = True
    array_primitives()
    return builder.append("matmul", (builder.line(left, place), builder.line(right, place)), place)


def called(builder: Expressions, name: str, arguments: list[Entry], place: int) -> Entry | None:
    """A call of a function of arrays, or None where NAME is none."""
    known = array_primitives()
    if len(arguments) == 1:
        name_of_one = OF_ONE.get(name, name)
    else:
        name_of_one = name
    found = known.get(name_of_one)
    if name in MAKERS:
        builder.has_arrays = True
        return MADE[name](builder, arguments, place)
    if found is None or found.kind == "elementwise" or not (found.spoken or name_of_one != name):
        return None
    builder.has_arrays = True
    if name in SIZED:
        return _sized(builder, found, arguments, place)
    if name == "concat":
        return _concat(builder, found, arguments, place)
    if name == "transpose":
        return _transpose(builder, found, arguments, place)
    _check_count(builder, found, len(arguments), place)
    static = None
    if found.parameters == "x, axis":
        axis = _whole(builder, arguments[1], place, "an axis") if len(arguments) > 1 else None
        arguments = arguments[:1]
        static = axis if name == "cumsum" else (axis, False)
    line_name = FIRST_TAKES_ALL.get(found.name, found.name) if builder.first_takes_all else found.name
    return builder.append(line_name, tuple([builder.line(entry, place) for entry in arguments]), place, static)


def _check_count(builder: Expressions, found: Primitive, given: int, place: int) -> None:
    least = found.arity - len(found.defaults)
    if given < least or (given > found.arity and not found.variadic):
        from gradcli.language.nearest import counted

        hint = f"write {found.shown}({found.parameters})"
        builder.fail("arguments", counted(found, least, given), place, name=found.shown, hint=hint)


def _sized(builder: Expressions, found: Primitive, arguments: list[Entry], place: int) -> int:
    """reshape and broadcast: an array, and the sizes of its new shape."""
    if len(arguments) < 2:
        from gradcli.language.nearest import counted

        builder.fail("arguments", counted(found, 2, len(arguments), open_ended=True), place, name=found.name,
                     hint=f"write {found.name}({found.parameters})")  # fmt: skip
    return builder.append(
        found.name, (builder.line(arguments[0], place),), place, _sizes(builder, arguments[1:], place, found.name)
    )


def _concat(builder: Expressions, found: Primitive, arguments: list[Entry], place: int) -> int:
    axis = 0
    if len(arguments) > 1 and _constant(builder, arguments[-1]) is not None:
        axis = _whole(builder, arguments.pop(), place, "an axis")
    _check_count(builder, found, len(arguments), place)
    return builder.append(found.name, tuple([builder.line(entry, place) for entry in arguments]), place, axis)


def _transpose(builder: Expressions, found: Primitive, arguments: list[Entry], place: int) -> int:
    _check_count(builder, found, min(len(arguments), 1), place)
    order = tuple([_whole(builder, entry, place, "an axis") for entry in arguments[1:]])
    if sorted(order) != list(range(len(order))):
        builder.fail("arguments", f"the axes of transpose are {', '.join(map(str, order))}", place, name=found.name,
                     hint="each axis stands there once, as in transpose(x, 2, 0, 1)")  # fmt: skip
    return builder.append(found.name, (builder.line(arguments[0], place),), place, order or None)


def _constant(builder: Expressions, entry: Entry) -> float | None:
    """The number of a literal, or of a name that the program gives one; None for everything else."""
    if type(entry) is float:
        return entry
    if type(entry) is int and builder.graph.primitives[entry] is CONSTANT:
        static = builder.graph.statics[entry]
        return static if type(static) is float else None
    return None


def _whole(builder: Expressions, entry: Entry, place: int, what: str) -> int:
    number = _constant(builder, entry)
    if number is None or number != number or number % 1 != 0:
        said = "and this is none" if number is None else f"not {number:g}"
        builder.fail("value", f"{what} has to be a whole number that is written out, {said}", place,
                     hint="shapes are checked before any number is computed, so it cannot be a variable")  # fmt: skip
    return int(number)


def _sizes(builder: Expressions, entries: Sequence[Entry], place: int, name: str) -> Shape:
    if len(entries) == 1 and isinstance(entries[0], Literal) and len(entries[0].shape) == 1:
        entries = list(entries[0].numbers)
    sizes = tuple([_whole(builder, entry, place, "a size") for entry in entries])
    if any(size < 1 for size in sizes):
        builder.fail("shape", f"a size has to be at least 1, not {min(sizes)}", place, hint=f"write {name} with sizes "
                     "such as 2, 3")  # fmt: skip
    check_memory(builder, sizes, place)
    return sizes


def check_memory(builder: Expressions, shape: Shape, place: int) -> None:
    """Refuse an array that would take more than the bound of --max-memory, before it is made."""
    wanted, most = count(shape) * BYTES, MAX_MEMORY if builder.memory is None else builder.memory
    if wanted > most:
        from gradcli.graph.nested import larger

        message = f"an array of shape {shown(shape)} takes {sized(wanted)}, the most is {sized(most)}"
        builder.fail("limit", message, place, hint=larger(wanted))


# What makes arrays


def _filled(value: float, name: str) -> Callable[[Expressions, list[Entry], int], Entry]:
    def made(builder: Expressions, arguments: list[Entry], place: int) -> Entry:
        if not arguments:
            builder.fail("arguments", f"{name!r} takes at least 1 argument, none given", place, name=name,
                         hint=f"write {name}(3) or {name}(2, 3)")  # fmt: skip
        sizes = _sizes(builder, arguments, place, name)
        from gradcli.graph.arrays import full

        return Literal(sizes, full(sizes, value), f"{name}({', '.join(map(str, sizes))})")

    return made


def _eye(builder: Expressions, arguments: list[Entry], place: int) -> Entry:
    _counted(builder, "eye", "n", arguments, 1, 1, place)
    (size,) = _sizes(builder, arguments, place, "eye")
    check_memory(builder, (size, size), place)
    from gradcli.graph.arrays import identity

    return Literal((size, size), identity(size), f"eye({size})")


def _numbers(builder: Expressions, name: str, arguments: list[Entry], place: int) -> list[float]:
    found = [_constant(builder, entry) for entry in arguments]
    if any(number is None or number - number != 0 for number in found):
        builder.fail("value", f"{name!r} takes numbers that are written out", place, name=name,
                     hint="shapes are checked before any number is computed, so they cannot be variables")  # fmt: skip
    return [number for number in found if number is not None]


def _linspace(builder: Expressions, arguments: list[Entry], place: int) -> Entry:
    _counted(builder, "linspace", "from, to, n", arguments, 3, 3, place)
    low, high, _ = _numbers(builder, "linspace", arguments, place)
    (many,) = _sizes(builder, arguments[2:], place, "linspace")
    from gradcli.graph.arrays import linspace
    from gradcli.text import shortest

    return Literal((many,), linspace(low, high, many), f"linspace({shortest(low)}, {shortest(high)}, {many})")


def _arange(builder: Expressions, arguments: list[Entry], place: int) -> Entry:
    _counted(builder, "arange", "n", arguments, 1, 3, place)
    numbers = _numbers(builder, "arange", arguments, place)
    low, high, step = (0.0, *numbers, 1.0) if len(numbers) == 1 else (*numbers, 1.0)[:3]
    many = -((low - high) // step) if step else 0
    if many < 1:
        builder.fail("shape", "this arange has no element", place, name="arange",
                     hint="write arange(n), arange(from, to) or arange(from, to, step)")  # fmt: skip
    check_memory(builder, (int(many),), place)
    from gradcli.graph.arrays import arange
    from gradcli.text import shortest

    text = f"arange({', '.join(map(shortest, numbers))})"
    return Literal((int(many),), arange(low, step, int(many)), text)


def _counted(
    builder: Expressions, name: str, parameters: str, arguments: list[Entry], least: int, most: int, place: int
) -> None:
    if not least <= len(arguments) <= most:
        wanted = f"{least} argument{'s' * (least != 1)}" if least == most else f"{least} to {most} arguments"
        builder.fail("arguments", f"{name!r} takes {wanted}, {len(arguments) or 'none'} given", place, name=name,
                     hint=f"write {name}({parameters})")  # fmt: skip


MADE = {
    "zeros": _filled(0.0, "zeros"), "ones": _filled(1.0, "ones"), "eye": _eye, "linspace": _linspace,
    "arange": _arange,
}  # fmt: skip
