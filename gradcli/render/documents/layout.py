"""Aligned equations in lines that fit: a long one is broken at its equals signs, then before the terms of a sum."""

from __future__ import annotations

from gradcli.render.documents.blocks import Code, Mathematics, Row
from gradcli.render.documents.formula import EQUALS, WORD, words
from gradcli.render.documents.formula import in_math as as_math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.render.documents.blocks import Part, Piece
    from gradcli.render.documents.formula import Formula

    Line = tuple[str, str, str]  # what stands left of the alignment, right of it, and as a remark

ROOM = 333.0  # points: a line of an article at ten points has 345
LEAST = 170.0  # for what stands between the name and the remark; otherwise remarks go below
WIDEST_LEFT = 90.0
GAP, INDENT = 20.0, 20.0


def lines_of(rows: Sequence[Row | str]) -> Iterator[list[Line]]:
    """The lines of each row."""
    equations = [row for row in rows if isinstance(row, Row)]
    left = max((_left(row) for row in equations), default=0.0)
    remarks = max((remark_width(row.remark) for row in equations), default=0.0)
    room = ROOM - left
    needed = max([LEAST, *(EQUALS + _unbroken(part) for row in equations for _, part in row.parts)])
    beside = not remarks or room - remarks - GAP >= needed
    room -= remarks + GAP if beside and remarks else 0.0
    for row in rows:
        if isinstance(row, str):
            yield [("", piece.latex, "") for piece in words(row).terms or [words(row)]]
        else:
            yield _lines(row, room, beside=beside)


def _left(row: Row) -> float:
    return row.left.width if row.left is not None and row.left.width <= WIDEST_LEFT else 0.0


def _unbroken(formula: Formula) -> float:
    """How wide the widest piece is that cannot be broken."""
    return max([term.width for term in formula.terms], default=formula.width)


def _lines(row: Row, room: float, *, beside: bool) -> list[Line]:
    broken = [*_broken(row.parts, room)]
    left = "" if row.left is None else row.left.latex
    if row.left is not None and row.left.width > WIDEST_LEFT:
        broken.insert(0, (left, row.left.width))
        left = ""
    remark = in_math(row.remark)
    if remark and not beside:
        last, used = broken[-1]
        if used + GAP + remark_width(row.remark) <= room:
            broken[-1] = (rf"{last} \qquad {remark}", room)
        else:
            broken.append((rf"\qquad {remark}", room))
        remark = ""
    return [(left if at == 0 else "", text, remark if at == 0 else "") for at, (text, _) in enumerate(broken)]


def _broken(parts: Sequence[Part], room: float) -> Iterator[tuple[str, float]]:
    """What stands right of the alignment, line by line, and how wide each is."""
    line, used = "", 0.0
    for relation, formula in parts:
        if line and used + EQUALS + formula.width > room:
            yield line, used
            line, used = "", 0.0
        line = f"{line} {relation} " if line else f"{relation} "
        used += EQUALS
        if used + formula.width <= room or not formula.terms:
            line, used = line + formula.latex, used + formula.width
            continue
        for place, term in enumerate(formula.terms):
            if place and used + term.width > room:
                yield line, used
                line, used = r"\qquad {}", INDENT
            line, used = line + term.latex, used + term.width
    if line:
        yield line, used


def remark_width(remark: Sequence[Piece]) -> float:
    """How wide a remark is."""
    return sum(
        piece.formula.width if isinstance(piece, Mathematics) else WORD * len(_text(piece)) for piece in remark
    )


def _text(piece: str | Code) -> str:
    return piece.text if isinstance(piece, Code) else piece


def in_math(remark: Sequence[Piece]) -> str:
    """A remark in math mode."""
    return "".join(
        piece.formula.latex if isinstance(piece, Mathematics)
        else as_math(_text(piece))
        for piece in remark
    )  # fmt: skip
