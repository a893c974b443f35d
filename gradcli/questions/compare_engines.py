"""The same question by backpropagation and by reverse-mode AD: what each computes, adds and leaves."""

from __future__ import annotations

from gradcli.autodiff import evaluate
from gradcli.autodiff.adjoint import AdjointGraph, evaluate_lines
from gradcli.errors import GradError
from gradcli.graph.optimise import optimise
from gradcli.language.question import Options, Question
from gradcli.questions import backward, notes_of
from gradcli.report.engines import Answer, Engines
from gradcli.report.title import title

MOST_LINES = 30_000  # more take seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.graph import Graph
    from gradcli.insight.notes import Note


def compared(
    source: str, given: Mapping[str, Any], options: Options, *, full: bool = False, log: bool = False
) -> Engines:
    """The program in SOURCE at the values GIVEN, by both engines; FULL and LOG say what a view is to show.

    Raises GradError (shape) where the value is no scalar.
    """
    question = Question(source, given, options)
    if len(question.graph) > MOST_LINES and not full:
        message = f"the program has {len(question.graph):,} lines, the most that are compared is {MOST_LINES:,}"
        raise GradError("limit", message, hint="--full compares all of them")
    values, numbers, notes = _flowed(question)
    added = AdjointGraph(question.graph, values, question.result, question.live_sources(), lean=False)
    found = {name: None if line is None else added.adjoints[line] for name, line in question.sources.items()}
    adjoints = [line for line in found.values() if line is not None]
    optimised = optimise(added.graph, [question.result, *adjoints])
    if question.shapes is not None:
        _refuse_memory(question, added.graph, optimised.graph)
    strong = options.zero == "strong"
    lines = added.evaluate(question.point, strong_zero=strong)
    again = evaluate_lines(optimised.graph, question.point, strong_zero=strong)
    name = question.labels().names[question.result]
    answers = []
    for by, source_line in question.sources.items():
        line = found[by]
        three = (
            None if source_line is None else numbers[source_line],
            None if line is None else lines[line],
            None if line is None else again[optimised.moved[line]],
        )
        answers.append(Answer(f"∂{name}/∂{by}", by, line, *[_or_zero(question, by, number) for number in three]))
    expression = title(question.program)
    heading = f"{name} = {expression}" if expression != name else name
    return Engines(question, heading, added, lines, optimised, answers, notes, full=full, log=log)


def _flowed(question: Question) -> tuple[Sequence[Any], Sequence[Any], Sequence[Note]]:
    """The values of all lines and their gradients by backpropagation, with what is worth a note."""
    if question.shapes is None:
        values = evaluate(question.graph, question.point)
        sweep, flows = backward(question, values)
        return values, sweep.numbers, notes_of(question, values, sweep, flows, folds=question.folds)
    from gradcli.autodiff.arrays import evaluate as evaluate_arrays
    from gradcli.questions import arrays

    arrays.refuse_arrays(question)
    found = evaluate_arrays(question.graph, question.point)
    swept, carried = arrays.backward(question, found)
    return found, swept.numbers, arrays.notes_of(question, found, swept, carried)


def _refuse_memory(question: Question, *graphs: Graph) -> None:
    """Raise where the values of all lines would take more than the bound of --max-memory."""
    from gradcli.graph.nested import larger
    from gradcli.graph.shapes import BYTES, MAX_MEMORY, count, sized

    most = question.options.max_memory or MAX_MEMORY
    taken = BYTES * sum(count(shape) for graph in graphs for shape in graph.shapes or () if shape)
    if taken > most:
        message = f"the values of the adjoint lines would take {sized(taken)}, the most is {sized(most)}"
        raise GradError("limit", message, hint=larger(taken))


def _or_zero(question: Question, name: str, number: Any) -> Any:
    if number is not None:
        return number
    if question.shapes is None:
        return 0.0
    from gradcli.questions import arrays

    return arrays.gradients_of(question, {})[name]
