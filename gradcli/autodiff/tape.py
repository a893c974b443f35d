"""A Wengert list as bare columns of numbers, for graphs of millions of scalar lines, and its two sweeps over floats."""

from __future__ import annotations

from itertools import islice

from gradcli.autodiff import FEW, local_gradients, locals_of
from gradcli.autodiff.taped import CODES, backward, forward
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, Primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Line = tuple[int, "Mark"]  # a handle: the number of a line, and whose it is
    Row = tuple[int, int, int]

ABSENT, SHUT = -0.0, float("0.0")  # where nothing arrived, where only closed gates led: told apart by identity
LEAF = CODES["leaf", None, 0]
KEYS = list(CODES)
MOST_SHARED = 10_000  # literals that are remembered, so that each becomes one line


class Mark:
    """What the handles of one tape have in common."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "tape"


class Columns:
    """Lines as numbers: a code (see taped.CODES) and two operands.

    A leaf has its place in `leaves` as the first operand. More operands than two are in `many`, the first operand says
    from where and the second how many; a static parameter is in `statics`, the second operand says where. `names` holds
    the name of every leaf, None of a constant.
    """

    __slots__ = ("codes", "firsts", "leaves", "many", "mark", "names", "seconds", "shared", "statics")

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.firsts: list[int] = []
        self.seconds: list[int] = []
        self.leaves: list[float] = []
        self.names: list[str | None] = []
        self.many: list[int] = []
        self.statics: list[float] = []
        self.shared: dict[float | str, int] = {}  # the lines of literals
        self.mark = Mark()

    def __len__(self) -> int:
        return len(self.codes)

    def clear(self) -> None:
        """Give the memory back, though handles and writers may live on."""
        for column in (self.codes, self.firsts, self.seconds, self.leaves, self.names, self.many, self.statics):
            column.clear()
        self.shared.clear()

    def append(self, code: int, first: int, second: int) -> Line:
        """Write one line; the operands are numbers of lines."""
        self.codes.append(code)
        self.firsts.append(first)
        self.seconds.append(second)
        return len(self.codes) - 1, self.mark

    def leaf(self, value: float, name: str | None) -> Line:
        """A line without operands: a constant, or with a NAME a variable."""
        self.leaves.append(value)
        self.names.append(name)
        return self.append(LEAF, len(self.leaves) - 1, 0)

    def line(self, operand: Any) -> int:
        """The number of the line of a handle; a literal becomes a line.

        Raises GradError (value) for what is neither.
        """
        if type(operand) is tuple:
            if len(operand) == 2 and operand[1] is self.mark:
                number: int = operand[0]
                return number
            raise _no_handle(operand)
        shared = self.shared
        if operand.__class__ in (float, int):
            found = shared.get(operand)
            if found is not None and operand:  # the two zeros, which are one key, are told apart below
                return found
        try:
            if isinstance(operand, (bool, str)):
                raise TypeError
            value = float(operand)
        except (TypeError, ValueError, OverflowError):
            raise _no_handle(operand) from None
        key = value or str(value)
        found = shared.get(key)
        if found is None:
            found = self.leaf(value, None)[0]
            if len(shared) < MOST_SHARED:
                shared[key] = found
        return found

    def write(self, primitive: Primitive, operands: Sequence[int], static: float | None = None) -> Line:
        """One line of PRIMITIVE."""
        count = len(operands)
        if primitive.static:
            assert static is not None
            code = CODES.get((primitive.name, static, 1))
            if code is not None:
                return self.append(code, operands[0], 0)
            self.statics.append(static)
            return self.append(CODES[primitive.name, None, 1], operands[0], len(self.statics) - 1)
        code = CODES.get((primitive.name, None, count))
        if code is None:
            code = CODES[primitive.name, None, None]
        elif count <= 2:
            return self.append(code, operands[0], operands[1] if count == 2 else 0)
        self.many.extend(operands)
        return self.append(code, len(self.many) - count, count)

    def read(self, code: int, first: int, second: int) -> tuple[Primitive, tuple[int, ...], float | None]:
        """What a row says: the primitive, its operands, its static parameter."""
        name, static, count = KEYS[code]
        primitive = NAMED[name]
        if primitive.static:
            return primitive, (first,), self.statics[second] if static is None else static
        if count is None or count > 2:
            return primitive, tuple(self.many[first : first + second]), None
        return primitive, (first, second)[:count], None

    def evaluate(self, leaves: list[float], end: int) -> list[float]:
        """The value of every line before END where the leaves have these values. IEEE results, nothing raises."""
        values: list[float] = []

        def slowly(code: int, first: int, second: int) -> float:
            primitive, operands, static = self.read(code, first, second)
            arguments = [values[operand] for operand in operands]
            return primitive.forward(*arguments, static) if primitive.static else primitive.forward(*arguments)

        every = zip(self.codes, self.firsts, self.seconds, strict=True)
        rows = every if end == len(self) else islice(every, end)
        forward(rows, leaves, self.many, self.statics, values, slowly)  # type: ignore[no-untyped-call]
        return values

    def pull_back(self, values: list[float], result: int) -> list[float]:
        """The adjoint of every line up to RESULT; ABSENT where nothing arrived, SHUT where only closed gates led.

        It starts from 1, and from nan where the result is nan.
        """
        adjoints = [ABSENT] * (result + 1)
        adjoints[result] = 1.0 if values[result] == values[result] else values[result]

        def close(operand: int) -> None:
            before = adjoints[operand]
            if before is ABSENT:
                adjoints[operand] = SHUT
            elif before is not SHUT:
                adjoints[operand] = before + 0.0

        def slowly(code: int, first: int, second: int, y: float, upstream: float) -> None:
            if code == LEAF:
                return
            primitive, operands, static = self.read(code, first, second)
            arguments = [values[operand] for operand in operands]
            for operand, local in zip(operands, _locals(primitive, static, y, arguments), strict=True):
                if local is None:
                    continue
                if upstream is SHUT or (primitive.opens and local == 0):
                    close(operand)
                else:
                    adjoints[operand] += upstream * local

        columns = [_back(column, result) for column in (self.codes, self.firsts, self.seconds, values)]
        rows = zip(*columns, reversed(adjoints), strict=True)
        backward(rows, self.many, values, adjoints, ABSENT, SHUT, close, slowly)  # type: ignore[no-untyped-call]
        return adjoints

    def graph(self) -> Graph:
        """The same lines as a Graph, under the same numbers."""
        graph = Graph()
        for code, first, second in zip(self.codes, self.firsts, self.seconds, strict=True):
            if code != LEAF:
                graph.append(*self.read(code, first, second))
            elif self.names[first] is None:
                graph.append(CONSTANT, (), self.leaves[first])
            else:
                graph.append(VARIABLE, (), None, self.names[first])
        return graph

    def copy(self, graph: Graph, lines: dict[str, int]) -> list[int]:
        """Write the lines of a GRAPH of scalars whose variables are LINES of this one; where each of them went."""
        moved: list[int] = []
        for primitive, operands, static, name in zip(
            graph.primitives, graph.operands, graph.statics, graph.names, strict=True
        ):
            if primitive is VARIABLE:
                moved.append(lines[name or ""])
            elif primitive is CONSTANT:
                moved.append(self.line(static))
            else:
                moved.append(self.write(primitive, [moved[operand] for operand in operands], static)[0])
        return moved


def _back(column: list[Any], last: int) -> Iterable[Any]:
    """The COLUMN from its item LAST to its first."""
    return reversed(column) if last == len(column) - 1 else islice(reversed(column), len(column) - 1 - last, None)


def _locals(primitive: Primitive, static: Any, y: float, arguments: list[float]) -> list[float | None]:
    if len(arguments) > FEW:
        return local_gradients(primitive, static, y, arguments)
    return [rule and rule(y, *arguments) for rule in locals_of(primitive, static, len(arguments))]


def _no_handle(operand: Any) -> GradError:
    hint = "operands are what the methods of this tape return, or numbers"
    if type(operand) is bool:
        hint = "lines are compared by less, greater, equal and the like: tape.less(x, y)"
    elif type(operand) is tuple and len(operand) == 2 and type(operand[1]) is Mark:
        return GradError("value", f"line {operand[0]} is of another tape", hint="a tape knows its own lines only")
    elif type(operand) is tuple:
        hint = "lines have no operators: write tape.add(x, y), tape.mul(x, 2.0)"
    return GradError("value", f"{operand!r} is no line of this tape", hint=hint)


def writer(columns: Columns, primitive: Primitive) -> Callable[..., Line]:
    """The function that writes a line of PRIMITIVE on the columns and returns its handle."""
    count = len(primitive.rules)
    if primitive.name == "pow":
        write = _of_power(columns)
    elif primitive.static:
        write = _with_static(columns, primitive)
    elif primitive.variadic:
        write = _of_many(columns, primitive)
    elif primitive.defaults:
        write = _with_defaults(columns, primitive)
    else:
        write = (_of_one, _of_two, _of_three)[count - 1](columns, CODES[primitive.name, None, count])
    write.__name__ = write.__qualname__ = primitive.name
    write.__doc__ = f"Write a line {primitive.name}({primitive.parameters}); operands are lines or numbers."
    return write


# An operand is taken for a line until an error shows that it is a number. That takes as long as five lines, so a method
# that met a number asks first from then on, which makes its lines a tenth slower.


def _of_one(columns: Columns, code: int) -> Callable[..., Line]:
    codes, firsts, seconds, mark = columns.codes, columns.firsts, columns.seconds, columns.mark

    def write(x: Line | float) -> Line:
        try:
            line, owner = x  # type: ignore[misc]
            if owner is mark:
                number = len(codes)
                codes.append(code)
                firsts.append(line)
                seconds.append(0)
                return number, mark
        except (TypeError, ValueError):
            pass
        return columns.append(code, columns.line(x), 0)

    return write


def _of_two(columns: Columns, code: int) -> Callable[..., Line]:
    codes, firsts, seconds, mark = columns.codes, columns.firsts, columns.seconds, columns.mark
    asks = False

    def write(a: Line | float, b: Line | float) -> Line:
        nonlocal asks
        if asks and not (type(a) is tuple is type(b)):
            return columns.append(code, columns.line(a), columns.line(b))
        try:
            first, owner = a  # type: ignore[misc]
            second, other = b  # type: ignore[misc]
            if owner is mark is other:
                number = len(codes)
                codes.append(code)
                firsts.append(first)
                seconds.append(second)
                return number, mark
        except (TypeError, ValueError):
            asks = True
        return columns.append(code, columns.line(a), columns.line(b))

    return write


def _of_three(columns: Columns, code: int) -> Callable[..., Line]:
    codes, firsts, seconds, many, mark = columns.codes, columns.firsts, columns.seconds, columns.many, columns.mark
    asks = False

    def write(a: Line | float, b: Line | float, c: Line | float) -> Line:
        nonlocal asks
        try:
            if not asks or (type(a) is tuple is type(b) and type(c) is tuple):
                first, owner = a  # type: ignore[misc]
                second, other = b  # type: ignore[misc]
                third, last = c  # type: ignore[misc]
                if owner is mark is other and last is mark:
                    number = len(codes)
                    codes.append(code)
                    firsts.append(len(many))
                    seconds.append(3)
                    many.append(first)
                    many.append(second)
                    many.append(third)
                    return number, mark
        except (TypeError, ValueError):
            asks = True
        lines = columns.line(a), columns.line(b), columns.line(c)
        many.extend(lines)
        return columns.append(code, len(many) - 3, 3)

    return write


def _of_many(columns: Columns, primitive: Primitive) -> Callable[..., Line]:
    of_two = _of_two(columns, CODES[primitive.name, None, 2])

    def write(*operands: Line | float) -> Line:
        if len(operands) == 2:
            return of_two(*operands)
        if len(operands) < primitive.arity:
            raise _wrong_count(primitive, len(operands))
        return columns.write(primitive, [columns.line(operand) for operand in operands])

    return write


def _with_defaults(columns: Columns, primitive: Primitive) -> Callable[..., Line]:
    most, fewest = len(primitive.rules), len(primitive.rules) - len(primitive.defaults)

    def write(*operands: Line | float) -> Line:
        if not fewest <= len(operands) <= most:
            raise _wrong_count(primitive, len(operands))
        full = [*operands, *primitive.defaults[len(operands) - fewest :]]
        return columns.write(primitive, [columns.line(operand) for operand in full])

    return write


def _with_static(columns: Columns, primitive: Primitive) -> Callable[..., Line]:
    known: dict[float, tuple[int, int]] = {}  # how a static is written: the code, the second operand

    def write(x: Line | float, n: float) -> Line:
        if (type(n) is float or type(n) is int) and n in known:
            code, second = known[n]
            return columns.append(code, columns.line(x), second)
        try:
            static = float(n)
        except (TypeError, ValueError, OverflowError):
            hint = "where it is a line, write tape.pow(x, n)" if primitive.name == "power" else None
            raise GradError("value", f"{n!r} is no number, and the second operand of {primitive.name} has to be one",
                            hint=hint) from None  # fmt: skip
        written = columns.write(primitive, (columns.line(x),), static)
        if static:  # the two zeros would be one key
            known[static] = columns.codes[-1], columns.seconds[-1]
        return written

    return write


def _of_power(columns: Columns) -> Callable[..., Line]:
    """a^b; with a number as b, it is the primitive with a fixed exponent."""
    of_lines, of_number = _of_two(columns, CODES["pow", None, 2]), _with_static(columns, NAMED["power"])

    def write(a: Line | float, b: Line | float) -> Line:
        return of_lines(a, b) if type(b) is tuple else of_number(a, b)

    return write


def _wrong_count(primitive: Primitive, count: int) -> GradError:
    return GradError("arguments", f"{primitive.name} takes ({primitive.parameters}), and {count} were given")
