"""Derivatives as formulas in plain lines, as LaTeX and as Markdown, without rich."""

from __future__ import annotations

from gradcli.render.plain import cells, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.report.formulas import Formulas

MOST_NAMES = 8  # with their numbers in a note
LONGEST_NOTE = 300


def formula_lines(found: Formulas, *, unicode: bool, bare: bool = True) -> Iterator[str]:
    """The names that are shared, then each formula; one alone stands without its label where it may be BARE."""
    written = found.written()
    for name, text in written.names:
        yield f"{name} = {text}"
    if bare and len(found.formulas) == 1:
        yield written.texts[0]
        return
    labels = [formula.label(found.label, unicode=unicode) for formula in found.formulas]
    widest = max(map(cells, labels))
    for label, text in zip(labels, written.texts, strict=True):
        yield f"{label}{' ' * (widest - cells(label))} = {text}"


def values_note(found: Formulas, *, unicode: bool) -> str:
    """What the formulas are at the values that were given, or which value is missing for it; empty without values.

    The formulas do not need them, and stand alone on standard output.
    """
    question = found.question
    used = [name for name in question.point if name not in question.unused]
    if not used:
        return ""
    if found.numbers is None:
        missing = [name for name in question.program.variables if name not in question.point]
        if question.options.example is not None or not missing:
            return ""
        listed = ", ".join(missing[:MOST_NAMES]) + (", ..." if len(missing) > MOST_NAMES else "")
        return f"no number without a value of {listed}"
    one = len(found.formulas) == 1
    told = [
        f"{'it is' if one else formula.label(found.label, unicode=unicode) + ' ='} {number(found.numbers[formula.key])}"
        for formula in found.formulas[:MOST_NAMES]
    ]
    more = ", ..." if len(found.formulas) > MOST_NAMES else ""
    at = ", ".join(f"{name} = {number(question.point[name])}" for name in used[:MOST_NAMES])
    said = f"at {at}{', ...' if len(used) > MOST_NAMES else ''}{'' if one else ':'} {', '.join(told)}{more}"
    return said if len(said) <= LONGEST_NOTE else "with these values there are numbers; --json has them"


def latex_lines(found: Formulas) -> Iterator[str]:
    """One formula as it is; several, or one with names, as aligned equations."""
    from gradcli.graph.latex import distinct, label_of

    shown = found.in_latex()
    if len(shown.texts) == 1 and not shown.names:
        yield shown.texts[0]
        return
    written = distinct([*sorted(found.taken()), *[name for name, _ in shown.names], found.label])
    rows = [f"{written[name]} &= {text}" for name, text in shown.names]
    rows += [
        f"{label_of(found.label, formula.by, written)} &= {text}"
        for formula, text in zip(found.formulas, shown.texts, strict=True)
    ]
    yield r"\begin{aligned}"
    for place, row in enumerate(rows):
        yield row + (r" \\" if place + 1 < len(rows) else "")
    yield r"\end{aligned}"


def markdown_lines(found: Formulas) -> Iterator[str]:
    """A block that forges draw as mathematics."""
    yield "```math"
    for line in latex_lines(found):
        yield line.replace(r"\operatorname{", r"\mathrm{")  # GitHub refuses \operatorname
    yield "```"
