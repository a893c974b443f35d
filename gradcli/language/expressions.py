"""Expressions: from postfix items to lines of a graph, functions expanded where they are called."""

from __future__ import annotations

from math import e, inf, nan, pi, tau

from gradcli.graph import NAMED, Graph, Primitive, arithmetic, primitives
from gradcli.language import ARRAY, BINARY, CALL, INDEX, NAME, NUMBER, PREFIX, SLICE, TRANSPOSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, NoReturn

    Span = tuple[int, int]
    Entry = Any  # a line, or a literal that has no line yet: a float, or a Literal of an array

OPERATIONS = arithmetic  # importing it registers what the operators mean
CONSTANTS = {"pi": pi, "e": e, "tau": tau, "inf": inf, "nan": nan}
OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow",
    "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal",
}  # fmt: skip
FIRST_TAKES_ALL = {"max": "max_first", "min": "min_first", "clip": "clip_first"}
ARRAYS = frozenset((INDEX, SLICE, TRANSPOSED, ARRAY))
WORDS = frozenset(("grad", "jacobian", "hessian", "d"))  # of derivatives
MAX_LINES = 400_000


class PlacesNeeded(Exception):
    """An error was found by a builder that has no spans: build again with them, to say where."""


class Function:
    """A function of the user's: its parameters, where its body stands, how many definitions it sees, its size (how
    many lines a call expands to, at most), and by which parameters it differentiates: those are lines in every call."""

    __slots__ = ("body", "by", "parameters", "sees", "size")

    def __init__(
        self, parameters: Sequence[str], body: tuple[int, int], sees: int, size: int, by: frozenset[str] = frozenset()
    ) -> None:
        self.by = by
        self.parameters = parameters
        self.body = body
        self.sees = sees
        self.size = size


class Expressions:
    """Builds expressions into one graph; what the program has defined so far says what their names mean."""

    def __init__(
        self,
        source: str,
        items: Sequence[tuple[int, Any]],
        spans: Sequence[Span] | None,
        given: Iterable[str],
        ties: str,
        memory: int | None = None,
    ) -> None:
        self.source = source
        self.items = items
        self.spans = spans
        self.given = set(given)
        self.first_takes_all = ties == "first"
        self.graph = Graph()
        self.has_arrays = False
        self.has_words = False  # derivative words
        self.memory = memory
        self.places: dict[int, int] = {}
        self.variables: dict[str, int] = {}
        self.used_at: dict[str, int] = {}
        self.definitions: dict[str, tuple[int, int]] = {}
        self.functions: dict[str, Function] = {}
        self.at: dict[str, Any] = {}
        self.remarks: list[tuple[str, str]] = []

    def run(self, start: int, end: int) -> Entry:
        """Build the expression of the items from START to END; calls of functions are frames on a list of their own."""
        items = self.items
        stack: list[Entry] = []
        frames: list[tuple[int, int, Mapping[str, Entry] | None, int]] = []
        scope: Mapping[str, Entry] | None = None
        sees = len(self.definitions)
        place = start
        while True:
            if place == end:
                if not frames:
                    return stack[0]
                place, end, scope, sees = frames.pop()
                continue
            code, argument = items[place]
            if code == NUMBER:
                stack.append(argument)
            elif code == NAME:
                stack.append(scope[argument] if scope and argument in scope else self.meaning(argument, place, sees))
            elif code == BINARY:
                right = stack.pop()
                stack[-1] = self.binary(argument, stack[-1], right, place)
            elif code == PREFIX:
                if argument == "-":
                    top = stack[-1]
                    if type(top) is int:
                        stack[-1] = self.append("neg", (top,), place)
                    else:
                        stack[-1] = -top
            elif code == CALL:
                name, count = argument
                arguments = stack[len(stack) - count :]
                del stack[len(stack) - count :]
                function = self.functions.get(name)
                if function is None:
                    stack.append(self.call(name, arguments, place))
                else:
                    self.check_call(name, function, count, sees, place)
                    frames.append((place + 1, end, scope, sees))
                    if function.by:
                        arguments = [
                            self.line(argument, place) if parameter in function.by else argument
                            for parameter, argument in zip(function.parameters, arguments, strict=True)
                        ]
                    scope = dict(zip(function.parameters, arguments, strict=True))
                    (place, end), sees = function.body, function.sees
                    continue
            elif code in ARRAYS:
                from gradcli.language.arrays import bracketed

                bracketed(self, code, argument, stack, place)
            place += 1

    def binary(self, operator: str, left: Entry, right: Entry, place: int) -> int:
        if operator == "^" and type(right) is float:
            return self.append("power", (self.line(left, place),), place, right)
        if operator == "@":
            from gradcli.language.arrays import product

            line: int = product(self, left, right, place)
            return line
        return self.append(OPERATORS[operator], (self.line(left, place), self.line(right, place)), place)

    def call(self, name: str, arguments: list[Entry], place: int) -> Entry:
        if name in WORDS:
            from gradcli.language.derivatives import derivative

            return derivative(self, name, arguments, place)
        found = NAMED.get(name) or primitives().get(name)
        if found is None or not found.spoken or found.kind != "elementwise" or len(arguments) == 1 < found.variadic + 1:
            from gradcli.language.arrays import called

            line = called(self, name, arguments, place)
            if line is not None:
                return line
        primitive = self.primitive(name, len(arguments), place)
        missing = len(primitive.rules) - len(arguments)
        if missing > 0 and not primitive.variadic:
            arguments = [*arguments, *primitive.defaults[len(primitive.defaults) - missing :]]
        if self.first_takes_all and name in FIRST_TAKES_ALL:
            name = FIRST_TAKES_ALL[name]
        return self.append(name, tuple([self.line(argument, place) for argument in arguments]), place)

    def primitive(self, name: str, count: int, place: int) -> Primitive:
        """The built-in that a call means; complains of the name and of the number of arguments."""
        found = NAMED.get(name)
        if found is None or not found.spoken:
            found = primitives().get(name)
        if found is None or not found.spoken:
            self.unknown_function(name, place)
        least = found.arity - len(found.defaults)
        if count < least or (count > found.arity and not found.variadic):
            from gradcli.language.nearest import counted

            self.fail(
                "arguments", counted(found, least, count), place, name=name, hint=f"write {name}({found.parameters})"
            )
        return found

    def unknown_function(self, name: str, place: int) -> NoReturn:
        from gradcli.language.nearest import unknown_function

        message, hint = unknown_function(name, self.functions, self.definitions, self.variables, self.items[place:])
        self.fail("name", message, place, name=name, hint=hint)

    def check_call(self, name: str, function: Function, count: int, sees: int, place: int) -> None:
        if len(function.parameters) != count:
            wanted = len(function.parameters)
            message = f"{name!r} takes {wanted} argument{'s' * (wanted != 1)}, {count} given"
            self.fail("arguments", message, place, name=name, hint=f"write {name}({', '.join(function.parameters)})")

        if len(self.graph) + function.size > MAX_LINES:
            self.too_long(place)

    def meaning(self, name: str, place: int, sees: int) -> Entry:
        """What a name stands for that is no parameter: a definition, a variable, a constant, else a new variable."""
        definition = self.definitions.get(name)
        if definition is not None:
            line, order = definition
            if order >= sees:
                self.fail("name", f"{name!r} is used above its definition", place,
                          hint="a function sees its parameters and the definitions above it")  # fmt: skip
            return line
        line_or_none = self.variables.get(name)
        if line_or_none is not None:
            return line_or_none
        if name in CONSTANTS and name not in self.given:
            return CONSTANTS[name]
        if name in self.functions:
            self.fail("name", f"{name!r} is a function, and no value", place,
                      hint=f"write {name}({', '.join(self.functions[name].parameters)})")  # fmt: skip
        self.used_at[name] = place
        self.variables[name] = self.graph.variable(name, self.spans[place] if self.spans else None)
        return self.variables[name]

    def line(self, entry: Entry, place: int) -> int:
        """The line of an entry; a literal gets one now."""
        if type(entry) is int:
            return entry
        return self.graph.constant(entry if type(entry) is float else entry.constant())

    def append(self, name: str, operands: tuple[int, ...], place: int, static: Any = None) -> int:
        graph = self.graph
        if len(graph.primitives) >= MAX_LINES:
            self.too_long(place)
        if self.spans is None:
            return graph.append(NAMED[name], operands, static)
        self.places[len(graph)] = place
        return graph.append(NAMED[name], operands, static, None, self.spans[place])

    def word(self, word: Primitive, operands: tuple[int, ...], place: int, static: Any) -> int:
        """Write the line of a derivative word."""
        if self.spans is None:
            return self.graph.append(word, operands, static)
        self.places[len(self.graph)] = place
        return self.graph.append(word, operands, static, None, self.spans[place])

    def too_long(self, place: int) -> NoReturn:
        """Raise: the lines would be more than MAX_LINES."""
        message = f"the program expands to more than {MAX_LINES:,} lines"
        self.fail("limit", message, place, hint="name the parts that are used again: a name is never expanded twice")

    def fail(self, kind: str, message: str, place: int, *, hint: str, name: str | None = None) -> NoReturn:
        """Raise with the span of item PLACE (only of the NAME at its start, where one is given)."""
        if self.spans is None:
            raise PlacesNeeded
        from gradcli.errors import GradError

        start, end = self.spans[place]
        raise GradError(
            kind, message, hint=hint, source=self.source, spans=[(start, start + len(name) if name else end)]
        )
