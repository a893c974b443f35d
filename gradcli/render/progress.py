"""How far a long run has come, as one line."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import DIM, LABEL, NOTE, middle_cut, safe

FULL, HALF, EMPTY = "━", "╸", "─"
FULL_ASCII, EMPTY_ASCII = "#", "-"
WIDEST, NARROWEST = 24, 6  # cells of the bar
LONGEST_LABEL = 24


def line(
    label: str,
    *,
    count: int,
    unit: str,
    rate: float,
    failed: int,
    part: float | None = None,
    left: float | None = None,
    width: int = 80,
    unicode: bool = True,
) -> Text:
    """LABEL, a bar, and what is done; PART of it, from 0 to 1, and seconds LEFT where they are known.

    What does not fit in WIDTH is left out, the bar first, then from the end.
    """
    begin = Text().append(middle_cut(safe(label), LONGEST_LABEL, unicode=unicode), style=LABEL)
    pieces = [] if part is None else [Text(f"{int(100 * part)} %")]
    pieces += [Text(f"{count:,} {unit}"), Text(f"{rate:,.0f}/s")]
    if failed:
        pieces.append(Text(f"{failed:,} failed", style=NOTE))
    if left is not None and part is not None and part < 1:
        pieces.append(Text(f"{lasting(left)} left", style=DIM))
    while pieces and cells(begin, pieces) > width:
        pieces.pop()
    room = min(width - cells(begin, pieces) - 1, WIDEST)
    if part is not None and room >= NARROWEST and pieces:
        begin.append(" ").append_text(bar(part, room, unicode=unicode))
    for number, piece in enumerate(pieces):
        begin.append("  " if number or part is None else " ").append_text(piece)
    begin.truncate(width)
    return begin


def cells(begin: Text, pieces: list[Text]) -> int:
    """The width of the line without its bar."""
    return begin.cell_len + sum(piece.cell_len + 2 for piece in pieces)


def bar(part: float, width: int, *, unicode: bool) -> Text:
    """A bar of WIDTH cells, filled from the left."""
    halves = int(2 * width * min(max(part, 0.0), 1.0))
    if not unicode:
        return Text(FULL_ASCII * (halves // 2)).append(EMPTY_ASCII * (width - halves // 2), style=DIM)
    full = FULL * (halves // 2) + HALF * (halves % 2)
    return Text().append(full, style="green").append(EMPTY * (width - len(full)), style=DIM)


def lasting(seconds: float) -> str:
    """`8 s`, `12 min`, `3 h 05 min`."""
    if seconds < 99.5:
        return f"{max(seconds, 1):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"
