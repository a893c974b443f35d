"""Programs: statements and definitions in order, the names that get values, and the graph of it all."""

from __future__ import annotations

from gradcli import language
from gradcli.autodiff import evaluate
from gradcli.graph import primitives
from gradcli.language import BINARY, CALL, DEFINE, NAME, PREFIX, QUERY, SETTING, SUBJECT, TARGET, VALUE
from gradcli.language.expressions import MAX_LINES, WORDS, Expressions, Function, PlacesNeeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

    from gradcli.graph import Graph
    from gradcli.language.expressions import Span

__all__ = ["MAX_LINES", "Program", "build", "value_of"]

STATEMENTS = frozenset((VALUE, TARGET, SUBJECT, DEFINE, SETTING, QUERY))


class Program:
    """A program as a graph: the line of its result, its variables in order of appearance, what it defines, its `at`."""

    __slots__ = (
        "at", "builder", "definitions", "graph", "has_arrays", "has_words", "remarks", "result", "source", "variables",
    )  # fmt: skip

    def __init__(self, source: str, builder: _Builder, result: int) -> None:
        self.source = source
        self.graph: Graph = builder.graph
        self.result = result
        self.variables = builder.variables
        self.definitions = {name: line for name, (line, _) in builder.definitions.items()}
        self.at = builder.at
        self.remarks = builder.remarks
        self.has_arrays = builder.has_arrays or any(type(value) is not float for value in builder.at.values())
        self.has_words = builder.has_words
        self.builder = builder


def build(
    source: str,
    *,
    given: Iterable[str] = (),
    ties: str = "split",
    places: bool = False,
    memory: int | None = None,
) -> Program:
    """The program in SOURCE as a graph. GIVEN are the names that get values elsewhere; PLACES keeps the spans of lines.

    An array that it makes takes at most MEMORY bytes.

    Raises GradError (syntax, name, arguments, limit) with the place in SOURCE.
    """
    if not places:
        try:
            return _built(_Builder(source, language.parse(source), None, given, ties, memory))
        except PlacesNeeded:
            pass
    spans: list[Span] = []
    items = language.parse(source, spans)
    return _built(_Builder(language.normalised(source), items, spans, given, ties, memory))


def value_of(source: str, *, what: str = "a value", memory: int | None = None) -> Any:
    """What an expression without variables stands for: a float, or a numpy array of floats."""
    try:
        if source.isascii() and source.replace(".", "", 1).isdigit():
            return float(source)
    except ValueError:
        pass
    return _computed(source, what, memory)


def _computed(source: str, what: str, memory: int | None) -> Any:
    program = build(source, memory=memory)
    if program.variables or program.definitions or program.at:
        from gradcli.errors import GradError

        name = next(iter([*program.variables, *program.definitions, *program.at]))
        placed = build(source, memory=memory, places=True)
        span = placed.graph.spans[placed.variables[name]] if name in placed.variables else None
        raise GradError(
            "value", f"{what} has to be a number, and {name!r} is none", source=placed.source, hint=_number_hint(name),
            spans=[] if span is None else [span],
        )  # fmt: skip
    try:
        return _constant(program.builder, program.result)
    except PlacesNeeded:
        placed = build(source, memory=memory, places=True)
        return _constant(placed.builder, placed.result)


def _constant(builder: Expressions, line: int) -> Any:
    """The value of a line that depends on no variable."""
    if not builder.has_arrays:
        return evaluate(builder.graph, {})[line]
    from gradcli.language.shaped import value_of_constant

    return value_of_constant(builder, line)


def _number_hint(name: str) -> str:
    return f"write a number or an expression of numbers such as -1, 1e-3 or pi/4 in place of {name}"


def _built(builder: _Builder) -> Program:
    return Program(builder.source, builder, builder.program())


class _Builder(Expressions):
    """Builds the statements of a program one after the other."""

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
        aside = _Builder(self.source, self.items, self.spans, (), "split", self.memory)
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
        self.at[name] = _constant(aside, line)

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
        by: set[str] = set()
        for place in range(target + 1, end):
            code, argument = self.items[place]
            size += code in (BINARY, PREFIX, CALL)
            if code == CALL and argument[0] in self.functions:
                size += self.functions[argument[0]].size
            if code == CALL and argument[0] == name:
                self.fail("name", f"{name!r} calls itself", place, name=name,
                          hint="a function is expanded where it is called, so it cannot be recursive")  # fmt: skip
            if code == CALL and argument[0] not in self.functions:
                if argument[0] in WORDS:
                    from gradcli.language.derivatives import named_by

                    by.add(named_by(self, place))
                else:
                    self.primitive(argument[0], argument[1], place)
        if _spoken(name):
            self.remarks.append(
                ("shadow", f"{name}: the function of the program is used, not the built-in of that name")
            )
        self.functions[name] = Function(parameters, (target + 1, end), len(self.definitions), size, frozenset(by))

    def refuse_second_meaning(self, name: str, place: int) -> None:
        if name in self.definitions or name in self.functions:
            self.fail("name", f"{name!r} is defined twice", place, hint="give the second another name")
        if name in self.given:
            self.fail("name", f"{name!r} is defined by the program and cannot get a value", place,
                      hint="remove its definition, or the value")  # fmt: skip


def _spoken(name: str) -> bool:
    found = primitives().get(name)
    return name in WORDS or (found is not None and found.spoken)
