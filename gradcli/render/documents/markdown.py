"""A document as GitHub-flavoured Markdown: equations in ```math blocks, numbers in tables that read as text, too."""

from __future__ import annotations

from gradcli.render.documents.blocks import Code, Equations, Heading, Mathematics, Paragraph, Table, Title
from gradcli.render.documents.layout import lines_of
from gradcli.render.plain import cells as wide
from gradcli.render.style import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.render.documents.blocks import Block, Piece

MOST_LINES = 40  # of one block of equations: forges refuse long ones
SPECIAL = frozenset("\\`*_{}[]<>#$|~&")


def written(blocks: Sequence[Block]) -> str:
    """The text."""
    return "\n\n".join("\n".join(_block(block)) for block in blocks) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Title):
        yield f"### {_code(block.code, cell=False)}"
    elif isinstance(block, Heading):
        yield f"#### {in_words(block.words)}"
    elif isinstance(block, Paragraph):
        yield in_words(block.words)
    elif isinstance(block, Equations):
        yield from _equations(block)
    elif isinstance(block, Table):
        yield from _table(block)
    else:
        for item in block.items:
            yield f"- {in_words(item)}"


def _equations(block: Equations) -> Iterator[str]:
    rows = [line for lines in lines_of(block.rows) for line in lines]
    for start in range(0, len(rows), MOST_LINES):
        part = rows[start : start + MOST_LINES]
        if start:
            yield ""
        yield "```math"
        yield r"\begin{aligned}"
        for place, (left, right, remark) in enumerate(part):
            line = f"{left} &{right}{' && ' + remark if remark else ''}".lstrip()
            yield mathematics(line) + (r" \\" if place + 1 < len(part) else "")
        yield r"\end{aligned}"
        yield "```"


def mathematics(latex: str) -> str:
    """LaTeX in the words that forges let through; GitHub refuses \\operatorname."""
    return latex.replace(r"\operatorname{", r"\mathrm{")


def _table(block: Table) -> Iterator[str]:
    """Cells padded, so that the columns stand below each other in plain text as well."""
    rows = [[in_words(cell, cell=True) for cell in row] for row in (block.headings, *block.rows)]
    widths = [max(3, *(wide(row[place]) for row in rows)) for place in range(len(block.headings))]
    for number, row in enumerate(rows):
        yield "| " + " | ".join(
            " " * (width - wide(cell)) + cell if side == "r" else cell + " " * (width - wide(cell))
            for cell, width, side in zip(row, widths, block.sides, strict=True)
        ) + " |"  # fmt: skip
        if number == 0:
            marks = ["-" * (width - 1) + (":" if side == "r" else "-")
                     for width, side in zip(widths, block.sides, strict=True)]  # fmt: skip
            yield f"| {' | '.join(marks)} |"


def in_words(words: Sequence[Piece], *, cell: bool = False) -> str:
    """A line of words; in the cell of a table a bar is escaped inside code, too."""
    return "".join(_piece(piece, cell=cell) for piece in words)


def _piece(piece: Piece, *, cell: bool) -> str:
    if isinstance(piece, Mathematics) and piece.is_number:
        return piece.code
    if isinstance(piece, Code) or (isinstance(piece, Mathematics) and piece.code):
        return _code(piece.text if isinstance(piece, Code) else piece.code, cell=cell)
    if isinstance(piece, Mathematics):
        text = f"$`{mathematics(piece.formula.latex)}`$"
        return text.replace("|", r"\vert ") if cell else text
    return escaped(safe(piece))


def _code(text: str, *, cell: bool) -> str:
    text = safe(text)
    ticks = "`"
    while ticks in text:
        ticks += "`"
    pad = " " if text.startswith("`") or text.endswith("`") or text != text.strip() else ""
    text = text.replace("|", r"\|") if cell else text
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else ""


def escaped(text: str) -> str:
    """TEXT with every sign that means something to Markdown as itself."""
    return "".join(f"\\{sign}" if sign in SPECIAL else sign for sign in text)
