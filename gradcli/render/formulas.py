"""Derivatives as formulas in plain lines, as LaTeX and as Markdown, without rich."""

from __future__ import annotations

from gradcli.render.plain import cells

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.report.formulas import Formulas

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


def latex_lines(found: Formulas) -> Iterator[str]:
    """One formula as it is; several, or one with names, as aligned equations."""
    from gradcli.graph.latex import label_of, name_of

    shown = found.in_latex()
    if len(shown.texts) == 1 and not shown.names:
        yield shown.texts[0]
        return
    rows = [f"{name_of(name)} &= {text}" for name, text in shown.names]
    rows += [
        f"{label_of(found.label, formula.by)} &= {text}"
        for formula, text in zip(found.formulas, shown.texts, strict=True)
    ]
    yield r"\begin{aligned}"
    for place, row in enumerate(rows):
        yield row + (r" \\" if place + 1 < len(rows) else "")
    yield r"\end{aligned}"


def markdown_lines(found: Formulas) -> Iterator[str]:
    """A block that forges draw as mathematics."""
    yield "```math"
    yield from latex_lines(found)
    yield "```"
