"""What a document is made of, before it is Markdown or LaTeX: paragraphs, aligned equations, tables, lists."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.render.documents.formula import Formula


class Code:
    """A text in the language within a line of words, as it is typed."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Mathematics:
    """A formula within a line of words; `code` is the same as it is typed, for where formulas are hard to read, or the
    digits of one that is a number."""

    __slots__ = ("code", "formula", "is_number")

    def __init__(self, formula: Formula, code: str = "", *, is_number: bool = False) -> None:
        self.formula = formula
        self.code = code
        self.is_number = is_number


Piece = str | Code | Mathematics
Part = tuple[str, "Formula"]  # a relation, and what stands behind it


class Heading:
    """The heading of a part."""

    __slots__ = ("words",)

    def __init__(self, *words: Piece) -> None:
        self.words = words


class Title:
    """What the document is about, as it is typed; `is_shown` says that an equation below says the same."""

    __slots__ = ("code", "is_shown")

    def __init__(self, code: str, *, is_shown: bool) -> None:
        self.code = code
        self.is_shown = is_shown


class Paragraph:
    """Words that are broken where the line ends."""

    __slots__ = ("words",)

    def __init__(self, *words: Piece) -> None:
        self.words = words


class Row:
    """One equation: left = part = part = ..., and a remark beside it. A part is a relation and a formula."""

    __slots__ = ("left", "parts", "remark")

    def __init__(self, left: Formula | None, parts: Sequence[Part], remark: Sequence[Piece] = ()) -> None:
        self.left = left
        self.parts = parts
        self.remark = remark


class Equations:
    """Rows aligned at their first sign; a text among them counts what is left out."""

    __slots__ = ("rows",)

    def __init__(self, rows: Sequence[Row | str]) -> None:
        self.rows = rows


class Table:
    """Rows of cells under headings; `sides` is l, r or p (words that are broken) for each column."""

    __slots__ = ("headings", "rows", "sides")

    def __init__(
        self, headings: Sequence[Sequence[Piece]], sides: str, rows: Sequence[Sequence[Sequence[Piece]]]
    ) -> None:
        self.headings = headings
        self.sides = sides
        self.rows = rows


class Items:
    """A list."""

    __slots__ = ("items",)

    def __init__(self, items: Sequence[Sequence[Piece]]) -> None:
        self.items = items


Block = Title | Heading | Paragraph | Equations | Table | Items


def equals(*formulas: Formula) -> list[Part]:
    """The parts of an equation; one that says the same as the part before it is left out."""
    found: list[Part] = []
    for formula in formulas:
        if not found or found[-1][1].latex != formula.latex:
            found.append(("=", formula))
    return found
