"""The tape of the Python face: a graph of scalars written line by line in Python, for millions of lines."""

from __future__ import annotations

from gradcli.autodiff.tape import ABSENT, Columns, writer
from gradcli.autodiff.taped import CODES
from gradcli.cli.given import number
from gradcli.errors import GradError
from gradcli.graph import NAMED, Primitive, primitives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn, TypeAlias

    from gradcli.autodiff.tape import Line
    from gradcli.graph import Graph

    Operand: TypeAlias = Any  # a line of the tape, or a number

MOST_NAMES = 8


class Tape:
    """A graph of scalars, written line by line: every primitive is a method that takes lines and returns one.

        tape = gradcli.Tape()
        x, y = tape.variable("x"), tape.variable("y")
        run = tape.run(tape.mul(x, tape.sin(y)), x=2, y=3)
        run.value, run.gradients["x"]

    A million lines take about half a second to write and to run there and back, and 140 MB. In a long loop, fetch the
    methods before it (`mul = tape.mul`), and make a line of a number that is used again and again
    (`half = tape.constant(0.5)`). Lines are only handed on; they have no operators. Results live beside the tape, so it
    can be run at many points, and grow between runs.
    """

    def __init__(self) -> None:
        self._columns = Columns()
        self._sources: dict[str, tuple[int, int, int | None]] = {}  # first leaf, first line, how many (None: a scalar)

    def __del__(self) -> None:
        columns = self.__dict__.get("_columns")
        if columns is not None:
            columns.clear()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a tape cannot be copied or pickled; write its lines again")

    def __len__(self) -> int:
        """The number of lines, leaves among them."""
        return len(self._columns)

    def __repr__(self) -> str:
        return f"<tape of {len(self)} lines>"

    def __getattr__(self, name: str) -> Callable[..., Line]:
        """The method of a primitive; it is made when it is first asked for."""
        primitive = _taped().get(name)
        if primitive is None:
            raise AttributeError(f"a tape has no {name!r}", name=name, obj=self)  # Python adds a near name
        method = writer(self._columns, primitive)
        self.__dict__[name] = method
        return method

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *_taped()})

    def variable(self, name: str) -> Line:
        """A line whose value is given by NAME in every run."""
        self._claim(name, None)
        return self._columns.leaf(0.0, name)

    def variables(self, name: str, count: int) -> list[Line]:
        """COUNT lines whose values are given as one sequence by NAME in every run."""
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise GradError("value", f"{count!r} is no number of variables")
        self._claim(name, count)
        return [self._columns.leaf(0.0, f"{name}[{place}]") for place in range(count)]

    def constant(self, value: Operand) -> Line:
        """A line with a fixed value: a number, or a text such as "pi/4"."""
        found = number("a constant", value)
        if type(found) is not float:
            raise GradError("value", "a constant on a tape is one number", hint="write a line for each element")
        return self._columns.leaf(found, None)

    def read(self, expression: str, /, lines: Mapping[str, Operand] | None = None, **more: Operand) -> Line:
        """The lines of an EXPRESSION over scalars; its names stand for LINES, and for variables where none is given."""
        from gradcli.cli.given import expression_text
        from gradcli.graph.decompose import decompose
        from gradcli.language.builder import build

        columns = self._columns
        given = {name: columns.line(line) for name, line in {**(lines or {}), **more}.items()}
        program = build(expression_text(expression), given=given)
        if program.has_arrays or program.has_words:
            raise GradError("value", "a tape takes scalars only, and this expression has arrays or derivatives")
        if program.at:
            raise GradError("usage", "an expression on a tape has no values of its own", hint="give lines as keywords")
        decomposed = decompose(program.graph, program.result, "auto", ())
        for name in program.variables:
            if name not in given:
                given[name] = columns.line(self.variable(name))
        moved = columns.copy(decomposed.graph, given)
        return moved[decomposed.moved[program.result]], columns.mark

    def run(self, result: Line, /, at: Mapping[str, Any] | None = None, **values: Any) -> Run:
        """The value of the line RESULT, and of every line before it, where the variables have these values.

        Its gradients are computed when they are asked for. Raises GradError (name) for a variable without a value.
        """
        line = line_of(self._columns, result)
        return Run(self, self._columns.evaluate(self._leaves(at, values), line + 1))

    def graph(self) -> Graph:
        """The same lines as a gradcli.graph.Graph, under the same numbers."""
        return self._columns.graph()

    def _claim(self, name: str, count: int | None) -> None:
        from gradcli import language

        if not isinstance(name, str) or not language.is_name(language.normalised(name)):
            hint = "a name is a letter or '_', then letters, '_' or digits"
            raise GradError("name", f"{name!r} is no name", hint=hint)
        if language.normalised(name) == "at":
            raise GradError("name", "'at' is a reserved word and no name", hint="use another name")
        if name in self._sources:
            hint = "keep the line of the first, or choose another name"
            raise GradError("name", f"the tape has a variable {name!r} already", hint=hint)
        self._sources[name] = len(self._columns.leaves), len(self._columns), count

    def _leaves(self, at: Mapping[str, Any] | None, values: Mapping[str, Any]) -> list[float]:
        """The values of the leaves; every variable has to have one."""
        given = {**(at or {}), **values}
        self._complain_of_names(given)
        leaves = self._columns.leaves.copy()
        for name, (start, _, count) in self._sources.items():
            if count is None:
                value = given[name]
                leaves[start] = value if type(value) is float else _scalar(name, value)
            else:
                leaves[start : start + count] = _numbers(name, given[name], count)
        return leaves

    def _complain_of_names(self, given: Mapping[str, Any]) -> None:
        missing = [name for name in self._sources if name not in given]
        if missing:
            shown = ", ".join(map(repr, missing[:MOST_NAMES]))
            more = f" and {len(missing) - MOST_NAMES} more" if len(missing) > MOST_NAMES else ""
            ways = ", ".join(f"{name}=..." for name in missing[:MOST_NAMES])
            raise GradError("name", f"no value for {shown}{more}", hint=f"add {ways}{', ...' if more else ''}")
        for name in given:
            if name not in self._sources:
                from difflib import get_close_matches

                near = get_close_matches(str(name), self._sources, 1, 0.5)
                names = ", ".join([*self._sources][:MOST_NAMES])
                hint = f"its variables are {names}" if names else "it has none"
                if near:
                    hint = f"did you mean {near[0]!r}?"
                raise GradError("name", f"the tape has no variable {name!r}", hint=hint)


class Run:
    """What a run of a tape leaves: the value, the gradients by name, and both for any line on the way."""

    def __init__(self, tape: Tape, values: list[float]) -> None:
        self._tape = tape
        self._values = values
        self._swept: list[float] | None = None

    @property
    def value(self) -> float:
        """The value of the result."""
        return self._values[-1]

    @property
    def gradients(self) -> dict[str, Any]:
        """The derivative by every variable, a list where many have one name."""
        found: dict[str, Any] = {}
        for name, (_, line, count) in self._tape._sources.items():
            if count is None:
                found[name] = self._adjoint(line)
            else:
                found[name] = [self._adjoint(index) for index in range(line, line + count)]
        return found

    def value_of(self, line: Line) -> float:
        """The value of a line on the way to the result."""
        return self._values[self._place(line)]

    def adjoint_of(self, line: Line) -> float:
        """The derivative of the result by a line on the way to it."""
        return self._adjoint(self._place(line))

    def __repr__(self) -> str:
        return f"<run value={self.value}>"

    def _place(self, line: Line) -> int:
        place = line_of(self._tape._columns, line)
        if place >= len(self._values):
            raise GradError("value", f"line {place} comes after the result", hint="run the tape up to a later line")
        return place

    def _adjoint(self, line: int) -> float:
        """The sweep back is made once; 0 where nothing arrived."""
        if self._swept is None:
            self._swept = self._tape._columns.pull_back(self._values, len(self._values) - 1)
        found = self._swept[line] if line < len(self._swept) else ABSENT
        return 0.0 if found is ABSENT else found


def line_of(columns: Columns, line: Line) -> int:
    """The number of a handle; a literal is none here."""
    if type(line) is not tuple:
        raise GradError("value", f"{line!r} is no line of this tape", hint="give what a method of the tape returned")
    return columns.line(line)


def _scalar(name: str, value: Any) -> float:
    found = number(name, value)
    if type(found) is not float:
        raise GradError("value", f"{name!r} is one number on this tape, and an array is given",
                        hint=f"many of one name are made by tape.variables({name!r}, count)")  # fmt: skip
    return found


def _numbers(name: str, value: Any, count: int) -> list[float]:
    """COUNT floats out of a list, a tuple, an array."""
    try:
        entries = value.tolist() if hasattr(value, "tolist") else value
        found = list(map(float, entries))
    except (TypeError, ValueError, OverflowError):
        raise GradError("value", f"the value of {name!r} has to be a sequence of {count} numbers") from None
    if len(found) != count:
        raise GradError("value", f"{name!r} takes {count} numbers, and {len(found)} are given")
    return found


def _taped() -> dict[str, Primitive]:
    """The primitives that are methods of a tape."""
    primitives()
    return {name: NAMED[name] for name, _, _ in CODES if name in NAMED}
