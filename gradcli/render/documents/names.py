"""The names of one document in LaTeX: no two look alike, and a bar or a dot stands above the letter."""

from __future__ import annotations

from gradcli.graph.latex import distinct, name_of
from gradcli.render.documents.formula import LETTER, SMALL, Formula

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ACCENTS = {"bar": (r"\bar", r"\overline"), "dot": (r"\dot", r"\dot")}


class Names:
    """How each label is written: x1 as x_{1}, and where that is another name's, letter by letter."""

    def __init__(self, labels: Iterable[str]) -> None:
        self.written = distinct(labels)

    def __contains__(self, label: str) -> bool:
        return label in self.written

    def latex(self, label: str) -> str:
        """The LaTeX of a name."""
        return self.written.get(label) or name_of(label)

    def name(self, label: str, accent: str = "", *, is_array: bool = False, above: Formula | None = None) -> Formula:
        """The formula of a name, with an ACCENT (bar, dot) on it, and ABOVE it an index in parentheses."""
        latex = self.latex(label)
        stem, below = _parted(latex)
        width = LETTER * _letters(label, stem) + (SMALL * LETTER * (len(below) - 3) if below else 0)
        if accent:
            one = not stem.startswith((r"\mathit", r"\text"))
            stem = f"{ACCENTS[accent][0 if one else 1]}{{{stem}}}"
        raised = f"^{{({above.latex})}}" if above is not None else ""
        width += SMALL * (above.width + 8) if above is not None else 0
        return Formula(f"{stem}{below}{raised}", width, is_array=is_array)


def _parted(latex: str) -> tuple[str, str]:
    """What is in front of the subscript, and the subscript."""
    if latex.startswith((r"\mathit{", r"\text{")):
        depth = 0
        for at, sign in enumerate(latex):
            escaped_sign = latex[at - 1 : at] == "\\"
            depth += (sign == "{" and not escaped_sign) - (sign == "}" and not escaped_sign)
            if sign == "}" and depth == 0:
                return latex[: at + 1], latex[at + 1 :]
    stem, mark, below = latex.partition("_{")
    return stem, mark + below


def _letters(label: str, stem: str) -> float:
    if stem.startswith((r"\mathit", r"\text")):
        return 1.0 * len(label)
    return 1.2


def element(names: Names, label: str) -> Formula | None:
    """`X[0,1]` as X_{0,1}; None where the label is none of an element."""
    name, bracket, place = label.partition("[")
    if not bracket or name not in names or not place.endswith("]"):
        return None
    base = names.name(name)
    inside = place[:-1].replace(" ", "")
    latex = f"{base.latex}_{{{inside}}}"
    if "_" in base.latex or latex in names.written.values():
        latex = f"({base.latex})_{{{inside}}}"
    return Formula(latex, base.width + LETTER * len(inside))
