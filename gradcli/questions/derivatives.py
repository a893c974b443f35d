"""What is to be said of derivatives that stand in a program: which lines compute them, and conventions they used."""

from __future__ import annotations

from gradcli.autodiff import depends
from gradcli.insight.notes import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from gradcli.autodiff import Flow
    from gradcli.autodiff.arrays import ArrayFlow
    from gradcli.autodiff.derivatives import Derivative
    from gradcli.language.question import Question

CONVENTIONS = ("kink", "tie")
MOST = 20  # derivatives that are looked at


def notes_on_derivatives(question: Question, values: Sequence[Any]) -> list[Note]:
    """A note for the lines of each derivative, and the conventions that its first order follows."""
    found: list[Note] = []
    for derivative in question.derivatives[:MOST]:
        found += _which_lines(question, derivative)
    said = set()
    for derivative in question.derivatives[:MOST]:
        for note in _conventions(question, values, derivative):
            if note.message not in said:
                said.add(note.message)
                found.append(note)
    return found


def note_on_adjoints(question: Question, adjoints: Mapping[str, int | None]) -> list[Note]:
    """Which of the lines that reverse-mode AD added are the derivatives that were asked for."""
    labels, graph = question.labels(), question.graph
    result = labels.names[question.result]
    told = [
        f"∂{result}/∂{name} is {labels.text(line)[0]}" for name, line in adjoints.items() if line is not None
    ][:MOST]
    if not told:
        return []
    start = len(graph) if question.added is None else question.added
    added = [labels.names[line] for line in range(start, len(graph)) if graph.operands[line]]
    said = "the backward pass adds no line"
    if added:
        said = f"{_listed(added)} {'is the line' if len(added) == 1 else 'are the lines'} that the backward pass adds"
    return [Note("adjoint", result, f"{result}: {said}; {', '.join(told)}")]


def _listed(names: Sequence[str]) -> str:
    """`a1`, `a1 and a2`, `a1 to a5`."""
    return names[0] if len(names) == 1 else f"{names[0]} {'and' if len(names) == 2 else 'to'} {names[-1]}"


def _which_lines(question: Question, derivative: Derivative) -> Iterator[Note]:
    labels = question.labels()
    names = [labels.names[line] for line in range(derivative.start, derivative.end) if labels.names[line]]
    if names:
        said = derivative.text([labels.text(line) for line in derivative.operands])
        what = "the line" if len(names) == 1 else "lines"
        yield Note("adjoint", names[0], f"{_listed(names)}: {what} that {said} adds")


def _conventions(question: Question, values: Sequence[Any], derivative: Derivative) -> list[Note]:
    f, x = derivative.operands
    active = depends(question.graph, [x])
    labels, ties = question.labels(), question.options.ties
    if question.shapes is None:
        from gradcli.autodiff import pull_back
        from gradcli.insight.notes import Run, notes

        flows: list[Flow] = []
        sweep = pull_back(question.graph, [*values], f, active, flows=flows)
        run = Run(question.graph, [*values], f, labels, active=active, sweep=sweep, flows=flows, folds=None, ties=ties)
        found = notes(run)
    else:
        from gradcli.autodiff.arrays import pull_back as pull_back_arrays
        from gradcli.insight.array_notes import array_notes
        from gradcli.insight.array_run import ArrayRun

        of_arrays: list[ArrayFlow] = []
        swept = pull_back_arrays(question.graph, [*values], f, active, flows=of_arrays)
        found = array_notes(
            ArrayRun(question.graph, values, f, labels, active=active, sweep=swept, flows=of_arrays, ties=ties,
                     strong=False)
        )  # fmt: skip
    return [note for note in found if note.kind in CONVENTIONS]
