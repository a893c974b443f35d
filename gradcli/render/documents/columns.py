"""How wide the columns of a table are in LaTeX: words take what numbers leave, letters get smaller where they must."""

from __future__ import annotations

from gradcli.render.documents.layout import remark_width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.render.documents.blocks import Table

ROOM = 332.0  # points
LEAST = 70.0  # of a column of words
LONG = 110.0  # of a cell that is rather broken than made smaller
SIZES = ((1.0, 6.0, ""), (0.93, 5.0, r"\small"), (0.84, 4.0, r"\footnotesize"), (0.74, 3.0, r"\scriptsize"))


def fitted(table: Table) -> tuple[str, str]:
    """The sides of the columns as LaTeX has them, and the size of the letters."""
    rows = [table.headings, *table.rows]
    widths = [max(remark_width(row[place]) for row in rows) for place in range(len(table.headings))]
    spans = [place for place, side in enumerate(table.sides) if side == "p"]
    for scale, gap, size in SIZES:
        sides, room = _sides(table.sides, [scale * width for width in widths], spans, gap)
        if room >= 0:
            return sides, _setting(size, gap)
    scale, gap, size = SIZES[-1]
    words = [place for place, width in enumerate(widths) if table.sides[place] == "l" and width > LONG]
    sides, _ = _sides(table.sides, [scale * width for width in widths], [*spans, *words], gap)
    return sides, _setting(size, gap)


def _setting(size: str, gap: float) -> str:
    return f"{size}\\setlength{{\\tabcolsep}}{{{gap:g}pt}}" if size else ""


def _sides(sides: str, widths: Sequence[float], spans: Sequence[int], gap: float) -> tuple[str, float]:
    """The sides where the columns SPANS share what the others leave, and by how much that is too little for them."""
    room = ROOM - 2 * gap * len(widths) - sum(width for place, width in enumerate(widths) if place not in spans)
    if not spans:
        return sides, room
    shares = _shares([widths[place] for place in spans], max(room, LEAST * len(spans)))
    found = dict(zip(spans, shares, strict=True))
    shown = "".join(
        rf"p{{{found[place]:.0f}pt}}" if place in found else side for place, side in enumerate(sides)
    )
    return shown, room - LEAST * len(spans)


def _shares(widths: Sequence[float], room: float) -> list[float]:
    """ROOM parted among columns, a narrow one only what it needs."""
    found = [0.0] * len(widths)
    order = sorted(range(len(widths)), key=widths.__getitem__)
    for done, place in enumerate(order):
        found[place] = min(widths[place] + 4, room / (len(order) - done))
        room -= found[place]
    return found
