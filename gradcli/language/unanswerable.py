"""Questions that have no answer: names without a value, names to differentiate by that do not occur."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.graph import NAMED, primitives
from gradcli.language.builder import build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.language.question import Question

MOST_NAMES = 8
MOST_LINES = 2_000  # of a program whose shapes are thought about for a hint


def missing_values(question: Question) -> GradError:
    """The error that names the variables without a value, with a mark at the first place of each."""
    primitives()
    program = build(question.source, given=question.given, places=True)
    names = [name for name in program.variables if name not in question.point]
    spans = [span for name in names if (span := program.graph.spans[program.variables[name]]) is not None]
    shown = names[:MOST_NAMES]
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    listed = ", ".join(map(repr, shown))
    if len(shown) > 1 and not more:
        listed = f"{', '.join(map(repr, shown[:-1]))} and {shown[-1]!r}"
    hint = "add " + " ".join(f"{name}=..." for name in shown) + (" ..." if more else "")
    hint += f", or --example {_example(question, names)}"
    functions = [name for name in shown if name in NAMED and NAMED[name].spoken]
    if functions:
        hint += (
            f"\n{functions[0]} is also a function: to call it, write {functions[0]}({NAMED[functions[0]].parameters})"
        )
    return GradError("name", f"no value for {listed}{more}", hint=hint, source=program.source, spans=spans)


def _example(question: Question, names: list[str]) -> str:
    """What --example can take here: shapes that fit, where there are arrays and not many lines."""
    program = question.program
    arrays = program.has_arrays or any(type(value) is not float for value in question.point.values())
    if not arrays or len(names) > MOST_NAMES or len(program.graph) > MOST_LINES:
        return "auto"
    from gradcli.language.example import shape_of, spelled, suggested

    given = {name: shape_of(value) for name, value in question.point.items()}
    return ",".join(spelled(name, shape) for name, shape in suggested(program, given, names).items())


def unknown_wrt(name: str, source: str, known: Iterable[str]) -> GradError:
    """The error for a name to differentiate by that does not occur."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(name, names, 1, 0.5)
    hint = f"its names are {', '.join(names[:MOST_NAMES])}" if names else "it has no names"
    if near:
        hint = f"did you mean {near[0]!r}?"
    return GradError("name", f"{name!r} does not occur in the program", hint=hint)
