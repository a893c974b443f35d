"""Errors that a question can run into: names without a value, unknown names, ties that were to be refused."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.graph.labels import Labels
from gradcli.language.builder import build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.autodiff import Sweep
    from gradcli.questions import Question

MOST_NAMES = 8


def missing_values(question: Question) -> GradError:
    """The error that names the variables without a value, with a mark at the first place of each."""
    program = build(question.source, given=question.given, places=True)
    names = [name for name in program.variables if name not in question.point]
    spans = [span for name in names if (span := program.graph.spans[program.variables[name]]) is not None]
    shown = names[:MOST_NAMES]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    listed = ", ".join(map(repr, shown)) if more or len(shown) == 1 else f"{', '.join(map(repr, shown[:-1]))} and {shown[-1]!r}"
    hint = "add " + " ".join(f"{name}=..." for name in shown) + (" ..." if more else "")
    return GradError("name", f"no value for {listed}{more}", hint=hint, source=program.source, spans=spans)


def unknown_wrt(name: str, source: str, known: Iterable[str]) -> GradError:
    """The error for a name to differentiate by that does not occur."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(name, names, 1, 0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"its names are {', '.join(names[:MOST_NAMES])}" if names else "it has no names"
    return GradError("name", f"{name!r} does not occur in the program", hint=hint)


def refuse_ties(question: Question, values: list[float], sweep: Sweep, active: list[bool]) -> None:
    """Raise where a max, min or clip was decided by a tie and a gradient passes it."""
    from gradcli.insight.notes import Run, tied
    from gradcli.text import significant

    labels = Labels(question.graph, question.result)
    run = Run(question.graph, values, question.result, labels, active=active, sweep=sweep, ties="error")
    for index, _ in tied(run):
        placed = build(question.source, given=question.given, places=True)
        span = question.graph.spans[index] or placed.graph.spans[placed.result]
        raise GradError(
            "value",
            f"tie at {labels.equation(index)}: its operands are equal, {significant(values[index])}",
            hint="--ties split shares the gradient, --ties first gives it to the first",
            source=placed.source,
            spans=[] if span is None else [span],
        )
