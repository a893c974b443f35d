"""From an expression, the columns of a table and shared values to a program for rows."""

from __future__ import annotations

import numpy as np

from gradcli import language
from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.batch.columns import Columns
from gradcli.batch.settings import WORD
from gradcli.codegen.rowprogram import RowProgram
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, VARIABLE, Graph
from gradcli.graph.optimise import EXACT, optimise
from gradcli.graph.scalars import Scalars, element
from gradcli.language.builder import build
from gradcli.language.expressions import CONSTANTS
from gradcli.language.question import Options, Question
from gradcli.questions.arrays import refuse_arrays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.autodiff.derivatives import Written
    from gradcli.graph import Shape


class Rows:
    """An expression over the rows of a table: its program, the columns it reads, and what is worth a note.

    `places` are the columns of the table that the program's inputs stand for. No line of the program depends on the
    values of one row: it holds at every row, whatever its numbers.
    Raises GradError for what `gradcli grad` refuses, and for names that have neither a column nor a value.
    """

    def __init__(
        self, source: str, names: Sequence[str], shared: Mapping[str, Any], options: Options
    ) -> None:
        if options.ties == "error":
            raise GradError(
                "usage", "map answers every row, so ties cannot be an error", hint="use --ties split or --ties first"
            )
        words = {*WORD.findall(language.normalised(source)), *shared, *(options.wrt or ())}
        columns = Columns(names, words)
        _refuse_both(columns, shared)
        drafted = build(source, given=shared, ties=options.ties, memory=options.max_memory)
        defined = {*drafted.definitions, *drafted.builder.functions}
        self.notes = [("unused", f"{name}: the program defines it, so the column of that name is not read")
                      for name in drafted.definitions if name in columns]  # fmt: skip
        for name in drafted.at:
            if name in columns or name in shared:
                used = "column" if name in columns else f"value {name}=..."
                self.notes.append(("unused", f"{name}: the {used} is used, not the value behind 'at'"))
        known = {name: columns for name in columns.found if name not in defined}
        question = _RowQuestion(source, known, columns, shared, options)
        if question.shapes is not None:
            refuse_arrays(question, "map")
        self.notes += _remarks(question, columns, names)
        self.program, self.places = _program(question, columns)


class _RowQuestion(Question):
    """A question at no point in particular: what is a column has a shape and no value."""

    __slots__ = ("table",)

    def __init__(
        self, source: str, columns: Mapping[str, Columns], table: Columns, shared: Mapping[str, Any], options: Options
    ) -> None:
        self.table = table
        wanted = options.wrt or ()
        used = build(source, given={*columns, *shared}, ties=options.ties, memory=options.max_memory).variables
        given = dict(shared)
        for name, found in columns.items():
            if name in used or name in wanted:
                shape = found.shape_of(name)
                given[name] = np.zeros(shape) if shape else 0.0
        super().__init__(source, given, options)

    def _written_out(self, *, for_value: bool) -> Written:
        from gradcli.autodiff.derivatives import write_out

        return write_out(self.graph, None, self.options.max_memory, anywhere=True)

    def complain_of_missing_values(self) -> None:
        """Raise the error that names what has neither a column nor a value."""
        program = build(self.source, given=self.given, places=True)
        missing = [name for name in program.variables if name not in self.point]
        spans = [span for name in missing if (span := program.graph.spans[program.variables[name]]) is not None]
        near = self.table.near(missing[0])
        hint = f"did you mean {near!r}?\n" if near else ""
        hint += f"the columns are {self.table.listed()}; or give a value: {missing[0]}=..."
        listed = " and ".join(filter(None, [", ".join(map(repr, missing[:-1])), repr(missing[-1])]))
        raise GradError("name", f"no column and no value for {listed}", hint=hint, source=program.source, spans=spans)


def _refuse_both(columns: Columns, shared: Mapping[str, Any]) -> None:
    for name in shared:
        if name in columns:
            raise GradError(
                "name", f"{name!r} is a column of the data and has a value, too",
                hint=f"leave {name}=... out, or rename the column",
            )  # fmt: skip


def _remarks(question: Question, columns: Columns, names: Sequence[str]) -> Iterable[tuple[str, str]]:
    yield from question.program.remarks
    for name in question.unused:
        yield "unused", f"{name}: does not occur in the program, so its gradient is 0"
    for name in question.program.variables:
        if name in CONSTANTS and name in columns:
            yield "shadow", f"{name}: the column is used, not the constant of that name"


def _program(question: Question, columns: Columns) -> tuple[RowProgram, list[int]]:
    """The program of the question's value and gradients, and which columns of the table its inputs are."""
    adjoints = _with_adjoints(question)
    graph, result, sources, variables = question.graph, question.result, question.sources, dict[str, list[int]]()
    wanted = [result, *(line for line in adjoints.values() if line is not None)]
    shapes: dict[str, Shape] = dict.fromkeys(sources, ())
    if graph.shapes is not None:
        scalars = Scalars(graph, wanted)
        shapes = {
            name: np.shape(question.at[name]) if line is None else graph.shapes[line]
            for name, line in sources.items()
        }
        lines = {index: scalars.lines_of(index) for index in wanted}
        variables = {
            graph.names[index] or "": scalars.lines_of(index)
            for index, primitive in enumerate(graph.primitives) if primitive is VARIABLE
        }  # fmt: skip
        graph = scalars.graph
    else:
        lines = {index: [index] for index in wanted}
        variables = {
            graph.names[index] or "": [index]
            for index, primitive in enumerate(graph.primitives) if primitive is VARIABLE
        }  # fmt: skip
    zero = graph.constant(0.0)
    outputs = [("value", lines[result][0])]
    for name, shape in shapes.items():
        adjoint = adjoints.get(name)
        places = list(np.ndindex(shape))
        found = [zero] * len(places) if adjoint is None else lines[adjoint]
        outputs += [(f"d_{element(name, place)}", line) for place, line in zip(places, found, strict=True)]
    return _finished(question, columns, graph, variables, outputs)


def _with_adjoints(question: Question) -> dict[str, int | None]:
    """The lines of reverse-mode AD behind the graph; for each source the line of its gradient."""
    found = adjoint_lines(question.graph, question.result, question.live_sources())
    return {name: None if line is None else found[line] for name, line in question.sources.items()}


def _finished(
    question: Question, columns: Columns, graph: Graph, variables: Mapping[str, Sequence[int]],
    outputs: Sequence[tuple[str, int]],
) -> tuple[RowProgram, list[int]]:  # fmt: skip
    """Columns as variables, shared values as constants, and no line that is not needed."""
    graph = graph.copy()
    inputs: dict[int, int] = {}  # by the column of the table
    for name, lines in variables.items():
        if name in columns and name in question.point:
            inputs.update(zip(columns.places_of(name), lines, strict=True))
            continue
        values = np.asarray(question.point[name], dtype=float).ravel().tolist()
        for line, value in zip(lines, values, strict=True):
            graph.primitives[line], graph.statics[line], graph.names[line] = CONSTANT, value, None
    short = optimise(graph, [line for _, line in outputs], EXACT)
    places = sorted(inputs)
    moved = short.moved
    program = RowProgram(
        short.graph, [columns.names[place] for place in places], [moved[inputs[place]] for place in places],
        [(name, moved[line]) for name, line in outputs],
    )  # fmt: skip
    return program, places
