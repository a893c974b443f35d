"""The array half of the language: literals, indices, reductions with an axis, sizes, and what makes arrays."""

from __future__ import annotations

from gradcli.graph import CONSTANT, VARIABLE, array_primitives
from gradcli.graph.shapes import BYTES, MAX_MEMORY, MOST_AXES, count, ragged, shown, sized
from gradcli.language import ARRAY, INDEX, SLICE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from gradcli.graph import Primitive, Shape
    from gradcli.graph.arrays import ArrayConstant
    from gradcli.language.expressions import Expressions

    Entry = Any  # a line, a float, or a Literal

MOST_FOLDED = 100  # lines of an expression that says a size or an index
LARGEST = 1 << 53  # up to here every whole number is a float
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
        top = _whole(builder, stack.pop(), place, int(low), "an end of a slice") if high else None
        stack.append(Slice(_whole(builder, stack.pop(), place, 0, "an end of a slice") if low else None, top))
    elif code == INDEX:
        places = stack[len(stack) - argument :]
        del stack[len(stack) - argument :]
        static = tuple([
            slice(*entry.ends) if isinstance(entry, Slice) else _whole(builder, entry, place, slot, "an index")
            for slot, entry in enumerate(places, 1)
        ])  # fmt: skip
        stack[-1] = builder.append("index", (builder.line(stack[-1], place),), place, static)
    else:
        stack[-1] = builder.append("transpose", (builder.line(stack[-1], place),), place, None)


def _array(builder: Expressions, entries: list[Entry], place: int) -> Entry:
    if not entries:
        builder.fail("shape", "an empty array", place, hint="an array has at least one element")
    if all(type(entry) is float for entry in entries):
        return Literal((len(entries),), entries)
    if all(isinstance(entry, Literal) and type(entry.numbers) is list for entry in entries):
        shape = entries[0].shape
        if len(shape) == MOST_AXES:
            builder.fail("limit", f"an array of more than {MOST_AXES} axes", place, hint="use fewer brackets")
        numbers: list[float] = []
        for row, entry in enumerate(entries):
            if entry.shape != shape:
                _ragged(builder, shape, entry.shape, row, place)
            numbers += entry.numbers
        return Literal((len(entries), *shape), numbers)
    if all(type(entry) is float or isinstance(entry, Literal) for entry in entries):
        shapes = [() if type(entry) is float else entry.shape for entry in entries]
        for row, other in enumerate(shapes):
            if other != shapes[0]:
                _ragged(builder, shapes[0], other, row, place)
    return builder.append("stack", tuple([builder.line(entry, place) for entry in entries]), place)


def _ragged(builder: Expressions, first: Shape, other: Shape, row: int, place: int) -> NoReturn:
    from gradcli.language.shaped import failed

    hint = "all entries of an array have one shape"
    raise failed(builder, ragged(first, other, row), place, (0, row), (first, other), hint)


def _operand(builder: Expressions, place: int, slot: int) -> int:
    """Where the operand SLOT of the item at PLACE ends, if places are known."""
    if builder.spans is None:
        return place
    from gradcli.language.shaped import operand_places

    return operand_places(builder.items, place)[slot]


def product(builder: Expressions, left: Entry, right: Entry, place: int) -> int:
    """`left @ right`."""
    builder.has_arrays = True
    array_primitives()
    return builder.append("matmul", (builder.line(left, place), builder.line(right, place)), place)


def called(builder: Expressions, name: str, arguments: list[Entry], place: int) -> Entry | None:
    """A call of a function of arrays, or None where NAME is none."""
    known = array_primitives()
    name_of_one = OF_ONE.get(name, name) if len(arguments) == 1 else name
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
        axis = _whole(builder, arguments[1], place, 1, "an axis") if len(arguments) > 1 else None
        arguments = arguments[:1]
        static = axis if name == "cumsum" else (axis, False)
    line_name = FIRST_TAKES_ALL.get(found.name, found.name) if builder.first_takes_all else found.name
    return builder.append(line_name, tuple([builder.line(entry, place) for entry in arguments]), place, static)


def _check_count(builder: Expressions, found: Primitive, given: int, place: int) -> None:
    least = found.arity - len(found.defaults)
    if given < least or (given > found.arity and not found.variadic):
        from gradcli.language.nearest import counted

        hint = f"write {found.shown}({found.parameters})"
        if found.parameters == "x, axis":
            hint = f"write {found.shown}(x), or {found.shown}(x, 0) along axis 0"
        builder.fail("arguments", counted(found, least, given), place, name=found.shown, hint=hint)


def _sized(builder: Expressions, found: Primitive, arguments: list[Entry], place: int) -> int:
    """reshape and broadcast: an array, and the sizes of its new shape."""
    if len(arguments) < 2:
        from gradcli.language.nearest import counted

        builder.fail("arguments", counted(found, 2, len(arguments), open_ended=True), place, name=found.name,
                     hint=f"write {found.name}({found.parameters})")  # fmt: skip
    return builder.append(
        found.name, (builder.line(arguments[0], place),), place, _sizes(builder, arguments[1:], place, found.name, 1)
    )


def _concat(builder: Expressions, found: Primitive, arguments: list[Entry], place: int) -> int:
    axis = 0
    if len(arguments) > 1 and _constant(builder, arguments[-1]) is not None:
        axis = _whole(builder, arguments[-1], place, len(arguments) - 1, "an axis")
        arguments.pop()
    _check_count(builder, found, len(arguments), place)
    return builder.append(found.name, tuple([builder.line(entry, place) for entry in arguments]), place, axis)


def _transpose(builder: Expressions, found: Primitive, arguments: list[Entry], place: int) -> int:
    _check_count(builder, found, min(len(arguments), 1), place)
    order = tuple([_whole(builder, entry, place, slot, "an axis") for slot, entry in enumerate(arguments[1:], 1)])
    if sorted(order) != list(range(len(order))):
        builder.fail("arguments", f"axes {', '.join(map(str, order))} are no order of axes", place, name=found.name,
                     hint="each axis from 0 on stands there once, as in transpose(x, 2, 0, 1)")  # fmt: skip
    return builder.append(found.name, (builder.line(arguments[0], place),), place, order or None)


def _constant(builder: Expressions, entry: Entry) -> float | None:
    """The number of a literal, or of an expression of numbers such as n - 1 below n = 3; None for everything else."""
    if type(entry) is not int:
        return entry if type(entry) is float else None
    graph = builder.graph
    lines, left = {entry}, [entry]
    while left:
        for operand in graph.operands[left.pop()]:
            if operand not in lines:
                lines.add(operand)
                left.append(operand)
        if len(lines) > MOST_FOLDED:
            return None
    values: dict[int, float] = {}
    for line in sorted(lines):
        primitive, static = graph.primitives[line], graph.statics[line]
        if primitive is CONSTANT and type(static) is float:
            values[line] = static
        elif primitive is VARIABLE or primitive is CONSTANT or primitive.kind != "elementwise":
            return None
        else:
            operands = [values[operand] for operand in graph.operands[line]]
            values[line] = primitive.forward(*operands, *[static] * primitive.static)
    return values[entry]


def _whole(builder: Expressions, entry: Entry, place: int, slot: int, what: str) -> int:
    """The whole number that operand SLOT has to be."""
    number = _constant(builder, entry)
    if number is None or number != number or number % 1 != 0:
        operand = _operand(builder, place, slot)
        if number is not None:
            message = f"{what} has to be a whole number, not {number:g}"
            builder.fail("value", message, operand, hint="write one, such as 2")
        name = builder.graph.names[entry] if type(entry) is int else None
        only = f", or define it in the program, {name} = 1" if name in builder.variables else ""
        builder.fail("value", f"{what} has to be a number that is written out, and this is none", operand,
                     hint=f"shapes are checked before any number is computed: write the number{only}")  # fmt: skip
    if abs(number) > LARGEST:
        builder.fail("limit", f"{what} of {number:g} is too large", _operand(builder, place, slot),
                     hint="write a smaller number")  # fmt: skip
    return int(number)


def _sizes(builder: Expressions, entries: Sequence[Entry], place: int, name: str, skipped: int = 0) -> Shape:
    """The sizes that stand behind SKIPPED other operands, or in one list there."""
    slots = range(skipped, skipped + len(entries))
    if len(entries) == 1 and isinstance(entries[0], Literal) and len(entries[0].shape) == 1:
        slots = [skipped] * len(entries[0].numbers)  # type: ignore[assignment]
        entries = [float(number) for number in entries[0].numbers]
    sizes = []
    for slot, entry in zip(slots, entries, strict=True):
        size = _whole(builder, entry, place, slot, "a size")
        if size < 1:
            builder.fail("shape", f"a size has to be at least 1, not {size}", _operand(builder, place, slot),
                         hint=f"write sizes such as {name}({'x, ' * skipped}2, 3)")  # fmt: skip
        sizes.append(size)
    if len(sizes) > MOST_AXES:
        builder.fail("limit", f"an array of {len(sizes)} axes, the most is {MOST_AXES}", place, hint="use fewer sizes")
    check_memory(builder, sizes, place)
    return tuple(sizes)


def check_memory(builder: Expressions, shape: Sequence[int], place: int) -> None:
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
    found = []
    for slot, entry in enumerate(arguments):
        number = _constant(builder, entry)
        if number is None or number - number != 0:
            hint = "shapes are checked before any number is computed, so it cannot be a variable"
            message = f"{name!r} takes finite numbers that are written out"
            builder.fail("value", message, _operand(builder, place, slot), hint=hint)
        found.append(number)
    return found


def _linspace(builder: Expressions, arguments: list[Entry], place: int) -> Entry:
    _counted(builder, "linspace", "from, to, n", arguments, 3, 3, place)
    low, high = _numbers(builder, "linspace", arguments[:2], place)
    many = _whole(builder, arguments[2], place, 2, "a size")
    if many < 1:
        builder.fail("shape", f"a size has to be at least 1, not {many}", _operand(builder, place, 2),
                     hint="write linspace(from, to, n), as in linspace(0, 1, 5)")  # fmt: skip
    check_memory(builder, (many,), place)
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
    if not many < LARGEST:
        builder.fail("limit", "this arange has too many elements", place, hint="take a larger step", name="arange")
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
