"""From the postfix list to a graph: names, definitions, functions expanded where they are called, values after `at`."""

from __future__ import annotations

from math import e, inf, nan, pi, tau

from gradcli import language
from gradcli.autodiff import evaluate
from gradcli.graph import CONSTANT, NAMED, Graph, Primitive, arithmetic, primitives
from gradcli.language import (
    ARRAY,
    BINARY,
    CALL,
    DEFINE,
    INDEX,
    NAME,
    NUMBER,
    PREFIX,
    QUERY,
    SETTING,
    SLICE,
    SUBJECT,
    TARGET,
    TRANSPOSED,
    VALUE,
)  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, NoReturn

    Span = tuple[int, int]
    Entry = int | float  # a line, or a literal that has no line yet

OPERATIONS = arithmetic  # importing it registers what the operators mean
CONSTANTS = {"pi": pi, "e": e, "tau": tau, "inf": inf, "nan": nan}
OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow",
    "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal",
}  # fmt: skip
FIRST_TAKES_ALL = {"max": "max_first", "min": "min_first", "clip": "clip_first"}
STATEMENTS = frozenset((VALUE, TARGET, SUBJECT, DEFINE, SETTING, QUERY))
ARRAYS = frozenset((INDEX, SLICE, TRANSPOSED, ARRAY))
MAX_LINES = 400_000


class Program:
    """A program as a graph: the line of its result, its variables in order of appearance, what it defines, its `at`."""

    __slots__ = ("at", "definitions", "graph", "remarks", "result", "source", "variables")

    def __init__(self, source: str, builder: _Builder, result: int) -> None:
        self.source = source
        self.graph = builder.graph
        self.result = result
        self.variables = builder.variables
        self.definitions = {name: line for name, (line, _) in builder.definitions.items()}
        self.at = builder.at
        self.remarks = builder.remarks


class Function:
    """A function of the user's: its parameters, where its body stands, how many definitions it sees, and its size:
    how many lines a call expands to, at most."""

    __slots__ = ("body", "parameters", "sees", "size")

    def __init__(self, parameters: Sequence[str], body: tuple[int, int], sees: int, size: int) -> None:
        self.parameters = parameters
        self.body = body
        self.sees = sees
        self.size = size


class _PlacesNeeded(Exception):
    """An error was found by a builder that has no spans: build again with them, to say where."""


def build(source: str, *, given: Iterable[str] = (), ties: str = "split", places: bool = False) -> Program:
    """The program in SOURCE as a graph. GIVEN are the names that get values elsewhere; PLACES keeps the spans of lines.

    Raises GradError (syntax, name, arguments, limit) with the place in SOURCE.
    """
    if not places:
        try:
            return _built(_Builder(source, language.parse(source), None, given, ties))
        except _PlacesNeeded:
            pass
    spans: list[Span] = []
    items = language.parse(source, spans)
    return _built(_Builder(language.normalised(source), items, spans, given, ties))


def value_of(source: str, *, what: str = "a value") -> float:
    """The number that an expression without variables stands for (shape: scalar)."""
    try:
        return float(source) if source.isascii() and source.replace(".", "", 1).isdigit() else _computed(source, what)
    except ValueError:
        return _computed(source, what)


def _computed(source: str, what: str) -> float:
    program = build(source)
    if program.variables or program.definitions or program.at:
        from gradcli.errors import GradError

        name = next(iter([*program.variables, *program.definitions, *program.at]))
        raise GradError(
            "value", f"{what} has to be a number, and {name!r} is none", source=source, hint=_number_hint(name)
        )
    return evaluate(program.graph, {})[program.result]


def _number_hint(name: str) -> str:
    return f"write a number or an expression of numbers such as -1, 1e-3 or pi/4 in place of {name}"


def _built(builder: _Builder) -> Program:
    return Program(builder.source, builder, builder.program())


class _Builder:
    def __init__(
        self,
        source: str,
        items: Sequence[tuple[int, Any]],
        spans: Sequence[Span] | None,
        given: Iterable[str],
        ties: str,
    ) -> None:
        self.source = source
        self.items = items
        self.spans = spans
        self.given = set(given)
        self.first_takes_all = ties == "first"
        self.graph = Graph()
        self.variables: dict[str, int] = {}
        self.used_at: dict[str, int] = {}
        self.definitions: dict[str, tuple[int, int]] = {}
        self.functions: dict[str, Function] = {}
        self.at: dict[str, float] = {}
        self.remarks: list[tuple[str, str]] = []

    def program(self) -> int:
        """Build every statement; the line of the result."""
        marks = [place for place, item in enumerate(self.items) if item[0] in STATEMENTS]
        settings = [self.items[mark][1] for mark in marks if self.items[mark][0] == SETTING]
        self.given.update(settings)
        start, result = 0, None
        for number, mark in enumerate(marks):
            code = self.items[mark][0]
            if code == TARGET:
                self.define(start, mark, marks[number + 1])
            elif code in (VALUE, SUBJECT):
                last = number if code == VALUE else number + len(settings) + 1
                if last != len(marks) - 1:
                    self.complain_of_order(mark, code)
                result = self.line(self.run(start, mark), mark)
            elif code == SETTING:
                self.set(self.items[mark][1], start, mark)
            start = mark + 1
        if result is None:
            self.fail("syntax", "the program ends with a definition and computes nothing", len(self.items) - 1,
                      hint="add a last line with the expression to compute")  # fmt: skip
        return result

    def complain_of_order(self, mark: int, code: int) -> NoReturn:
        if code == SUBJECT:
            self.fail(
                "syntax",
                "'at' stands in the last statement only",
                mark,
                hint="move the values to the end of the program",
            )
        self.fail(
            "syntax",
            "this value is not used",
            mark,
            hint="join the lines or wrap them in parentheses, or give it a name",
        )

    def set(self, name: str, start: int, mark: int) -> None:
        """One NAME = VALUE after `at`."""
        if name in self.at:
            self.fail("name", f"{name!r} gets a value twice", mark, hint="keep one of the two")
        if name in self.definitions or name in self.functions:
            self.fail("name", f"{name!r} is defined by the program and cannot get a value", mark,
                      hint="remove its definition, or the value")  # fmt: skip
        aside = _Builder(self.source, self.items, self.spans, (), "split")
        line = aside.line(aside.run(start, mark), mark)
        if aside.variables:
            place = next(iter(aside.used_at.values()))
            other = next(iter(aside.variables))
            self.fail(
                "value",
                f"the value of {name!r} has to be a number, and {other!r} is none",
                place,
                hint=_number_hint(other),
            )
        self.at[name] = evaluate(aside.graph, {})[line]

    def define(self, start: int, target: int, end: int) -> None:
        """One `name = body` or `name(parameters) = body`."""
        left = self.items[start:target]
        code, argument = left[-1]
        if code == NAME and len(left) == 1:
            self.define_name(argument, start, target, end)
        elif code == CALL and all(item[0] == NAME for item in left[:-1]) and len(left) == argument[1] + 1:
            self.define_function(argument[0], [item[1] for item in left[:-1]], target, end)
        else:
            self.fail("syntax", "a name, or a name called with names, has to stand left of '='", target,
                      hint="write name = ... or name(a, b) = ...; to compare, write ==")  # fmt: skip

    def define_name(self, name: str, start: int, target: int, end: int) -> None:
        self.refuse_second_meaning(name, start)
        line = self.line(self.run(target + 1, end), end)
        if name in self.variables:
            self.complain_of_early_use(name, line, range(target, end))
        if self.graph.names[line] is not None:
            line = self.append("same", (line,), target)
        self.graph.names[line] = name
        self.definitions[name] = (line, len(self.definitions))

    def complain_of_early_use(self, name: str, line: int, body: range) -> NoReturn:
        """Raise: NAME was read as a variable before this definition, whose body is LINE."""
        place = self.used_at[name]
        live = self.graph.live((line,))
        message = f"{name!r} is used above its definition"
        if place in body:
            message = f"{name!r} is used in its own definition"
        elif live[self.variables[name]]:
            between = [other for other, (index, _) in self.definitions.items() if live[index]]
            message = f"{name!r} is defined in a circle, through {' and '.join(map(repr, between))}"
        self.fail("name", message, place, hint="a name can be used only below the line that defines it")

    def define_function(self, name: str, parameters: list[str], target: int, end: int) -> None:
        self.refuse_second_meaning(name, target)
        if len(set(parameters)) < len(parameters):
            twice = next(p for p in parameters if parameters.count(p) > 1)
            self.fail(
                "name", f"the parameter {twice!r} of {name!r} stands twice", target, hint="give each its own name"
            )
        size = 0
        for place in range(target + 1, end):
            code, argument = self.items[place]
            size += code in (BINARY, PREFIX, CALL)
            if code == CALL and argument[0] in self.functions:
                size += self.functions[argument[0]].size
            if code == CALL and argument[0] == name:
                self.fail("name", f"{name!r} calls itself", place, name=name,
                          hint="a function is expanded where it is called, so it cannot be recursive")  # fmt: skip
            if code == CALL and argument[0] not in self.functions:
                self.primitive(argument[0], argument[1], place)
        if _spoken(name):
            self.remarks.append(
                ("shadow", f"{name}: the function of the program is used, not the built-in of that name")
            )
        self.functions[name] = Function(parameters, (target + 1, end), len(self.definitions), size)

    def refuse_second_meaning(self, name: str, place: int) -> None:
        if name in self.definitions or name in self.functions:
            self.fail("name", f"{name!r} is defined twice", place, hint="give the second another name")
        if name in self.given:
            self.fail("name", f"{name!r} is defined by the program and cannot get a value", place,
                      hint="remove its definition, or the value")  # fmt: skip

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
                    stack[-1] = -top if type(top) is float else self.append("neg", (self.line(top, place),), place)
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
                    scope = dict(zip(function.parameters, arguments, strict=True))
                    (place, end), sees = function.body, function.sees
                    continue
            elif code in ARRAYS:
                self.fail("syntax", "brackets and .T found: only scalar expressions are understood", place,
                          hint="write the elements as names of their own: x0, x1, ...")  # fmt: skip
            place += 1

    def binary(self, operator: str, left: Entry, right: Entry, place: int) -> int:
        if operator == "^" and type(right) is float:
            return self.append("power", (self.line(left, place),), place, right)
        if operator == "@":
            self.fail(
                "syntax", "'@' multiplies matrices: only scalar expressions are understood", place, hint="write a*b"
            )
        return self.append(OPERATORS[operator], (self.line(left, place), self.line(right, place)), place)

    def call(self, name: str, arguments: list[Entry], place: int) -> int:
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
        return self.graph.constant(entry) if type(entry) is float else int(entry)

    def append(self, name: str, operands: tuple[int, ...], place: int, static: float | None = None) -> int:
        graph = self.graph
        if len(graph.primitives) >= MAX_LINES:
            self.too_long(place)
        return graph.append(NAMED[name], operands, static, None, self.spans[place] if self.spans else None)

    def too_long(self, place: int) -> NoReturn:
        """Raise: the lines would be more than MAX_LINES."""
        message = f"the program expands to more than {MAX_LINES:,} lines"
        self.fail("limit", message, place, hint="name the parts that are used again: a name is never expanded twice")

    def fail(self, kind: str, message: str, place: int, *, hint: str, name: str | None = None) -> NoReturn:
        """Raise with the span of item PLACE (only of the NAME at its start, where one is given)."""
        if self.spans is None:
            raise _PlacesNeeded
        from gradcli.errors import GradError

        start, end = self.spans[place]
        raise GradError(
            kind, message, hint=hint, source=self.source, spans=[(start, start + len(name) if name else end)]
        )


def _spoken(name: str) -> bool:
    found = primitives().get(name)
    return found is not None and found.spoken


def is_constant_line(graph: Graph, line: int) -> bool:
    """Whether LINE is a literal or a named constant."""
    return graph.primitives[line] is CONSTANT
