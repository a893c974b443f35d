"""A document as a part of a LaTeX file: it needs amsmath, and for names in other scripts an engine that has them."""

from __future__ import annotations

from gradcli.render.documents.blocks import Code, Equations, Heading, Items, Mathematics, Paragraph, Table, Title
from gradcli.render.documents.columns import fitted
from gradcli.render.documents.formula import in_text
from gradcli.render.documents.layout import lines_of
from gradcli.render.style import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.render.documents.blocks import Block, Piece

MOST_ROWS = 30  # of a table on one page
OPEN, END = r"\begingroup\allowdisplaybreaks\sloppy", r"\par\endgroup"
SHORT = 24  # letters of code that are never broken
END_OF_ROW = r"\tabularnewline"  # \\ means something else where words are set ragged
CLOSE, ALLOWED = r"\\", r"\allowbreak{}"


def written(blocks: Sequence[Block]) -> str:
    """The fragment, its first line a comment that says what it needs."""
    parts = ["\n".join(_block(block)) for block in blocks]
    body = "\n\n".join(part for part in parts if part)
    titles = [f"% {safe(block.code)}" for block in blocks if isinstance(block, Title)]
    head = [*titles, r"% needs \usepackage{amsmath}"]
    strange = [] if body.isascii() else sorted({letter for letter in body if not letter.isascii()})
    if strange:
        head.append(f"% compile with XeLaTeX or LuaLaTeX and a font that has {' '.join(strange[:40])}")
    return "\n".join([*head, OPEN, body, END]) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Title):
        if not block.is_shown:
            yield rf"{{\raggedright\noindent {in_words([Code(block.code)])}\par}}"
    elif isinstance(block, Heading):
        yield rf"\paragraph{{{in_words(block.words)}}}"
    elif isinstance(block, Paragraph):
        yield rf"\noindent {in_words(block.words)}"
    elif isinstance(block, Equations):
        yield from _equations(block)
    elif isinstance(block, Table):
        yield from _table(block)
    else:
        yield from _items(block)


def _equations(block: Equations) -> Iterator[str]:
    rows = [line for lines in lines_of(block.rows) for line in lines]
    yield r"\begin{align*}"
    for place, (left, right, remark) in enumerate(rows):
        beside = f" && {remark}" if remark else ""
        yield f"{left} &{right}{beside}".lstrip() + (f" {CLOSE}" if place + 1 < len(rows) else "")
    yield r"\end{align*}"


def _table(block: Table) -> Iterator[str]:
    sides, size = fitted(block)
    for start in range(0, len(block.rows) or 1, MOST_ROWS):
        yield r"\begin{center}" + size
        yield rf"\begin{{tabular}}{{{sides}}}"
        yield " & ".join(in_words(cell) for cell in block.headings) + rf" {END_OF_ROW} \hline"
        for place, row in enumerate(block.rows[start : start + MOST_ROWS]):
            strut = r"\rule{0pt}{2.5ex}" if place == 0 else ""
            cells = [("\\raggedright " if side == "p" else "") + in_words(cell)
                     for cell, side in zip(row, block.sides, strict=True)]  # fmt: skip
            yield f"{strut}{' & '.join(cells)} {END_OF_ROW}"
        yield r"\end{tabular}"
        yield r"\end{center}"


def _items(block: Items) -> Iterator[str]:
    yield r"\begin{itemize}"
    for item in block.items:
        yield rf"\item {in_words(item)}"
    yield r"\end{itemize}"


def in_words(words: Sequence[Piece]) -> str:
    """A line of words."""
    return "".join(_piece(piece) for piece in words)


def _piece(piece: Piece) -> str:
    if isinstance(piece, Mathematics):
        return f"${piece.formula.latex}$"
    if isinstance(piece, Code):
        text = "".join(f"{in_text(part)}\\allowbreak{{}}" for part in _breakable(safe(piece.text)))
        return rf"\texttt{{{text.removesuffix(ALLOWED)}}}"
    return in_text(safe(piece))


def _breakable(text: str) -> list[str]:
    """A long text in the language in pieces, between which a line may end."""
    if len(text) <= SHORT:
        return [text]
    found = [""]
    for sign in text:
        found[-1] += sign
        if sign in "(,*/+[":
            found.append("")
    return [piece for piece in found if piece]
