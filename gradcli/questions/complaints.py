"""Errors that show only when a question is worked on: too many lines, ties that were to be refused."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.insight.notes import Run, tied
from gradcli.language.question import Question
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from gradcli.autodiff import Sweep
    from gradcli.insight.array_run import ArrayRun


def refuse_length(question: Question, most: int) -> NoReturn:
    """Raise: the program has more lines than are explained as JSON without being asked for in full."""
    message = f"the program has {len(question.graph):,} lines, the most that are explained as JSON is {most:,}"
    raise GradError("limit", message, hint="--full explains all of them; grad --json has the value and the gradients")


def refuse_ties(question: Question, values: list[float], sweep: Sweep, active: list[bool]) -> None:
    """Raise where a max, min or clip was decided by a tie and a gradient passes it."""
    labels = question.labels()
    run = Run(question.graph, values, question.result, labels, active=active, sweep=sweep, ties="error")
    for index, _ in tied(run):
        placed = Question(question.source, question.given, question.options, places=True)
        span = placed.graph.spans[index]
        raise GradError(
            "value",
            f"tie at {labels.equation(index)}: its operands are equal, {significant(values[index])}",
            hint="--ties split shares the gradient, --ties first gives it to the first",
            source=placed.program.source,
            spans=[] if span is None else [span],
        )


def refuse_ties_of_arrays(question: Question, run: ArrayRun) -> None:
    """Raise where an element of a max, min or clip was decided by a tie and a gradient passes it."""
    from gradcli.insight.array_run import at
    from gradcli.insight.array_ties import tied

    tie = next(tied(run), None)
    if tie is None:
        return
    place = at(tie.mask)
    equation = run.labels.equation(tie.index)
    equal = "elements" if run.graph.primitives[tie.index].kind == "reduces" else "operands"
    value = "" if tie.value is None else f", {significant(tie.value)}"
    placed = Question(question.source, question.given, question.options, places=True)
    span = placed.graph.spans[tie.index]
    raise GradError(
        "value",
        f"tie at {equation}{f', {place}' if place else ''}: its {equal} are equal{value}",
        hint="--ties split shares the gradient, --ties first gives it to the first",
        source=placed.program.source,
        spans=[] if span is None else [span],
    )
