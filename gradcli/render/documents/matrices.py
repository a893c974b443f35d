"""Arrays as mathematics: a vector as a row, a matrix as a matrix, a stack as a list; of what is large a corner."""

from __future__ import annotations

from gradcli.graph.shapes import count
from gradcli.render.array_blocks import is_small, is_uniform, summary
from gradcli.render.documents.formula import BRACKET, WORD, Formula, numeral, words
from gradcli.render.documents.layout import ROOM
from gradcli.report.array_precision import MOST_LENGTH
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

CORNER = 3  # rows and columns of a large matrix
MOST_COLUMNS = 10  # of amsmath's own matrices
COLUMN = 10.0  # points between two columns
WIDEST = ROOM - 60.0
SMALLER = 0.72  # of the width, as a small matrix
DOTS = Formula(r"\cdots", 14.0)


def value_of(value: Any, digits: int, *, full: bool = False) -> Formula:
    """A value with DIGITS significant digits; a large array only by its corner, range and mean unless FULL."""
    if type(value) is float:
        return numeral(shown(value, digits))
    if full or is_small(value):
        return _whole(value, digits)
    if is_uniform(value):
        one = numeral(shown(float(value.ravel()[0]), digits))
        return Formula(rf"\text{{all }} {one.latex}", 4 * WORD + one.width, is_array=True)
    return _corner(value, digits)


def shape_of(value: Any) -> Formula:
    """`2 \\times 3`; 1 for a scalar."""
    lengths = [] if type(value) is float else [str(length) for length in value.shape]
    return Formula(r" \times ".join(lengths) or "1", 12.0 * len(lengths) + 8)


def _whole(value: Any, digits: int) -> Formula:
    if value.ndim == 1:
        return vector([numeral(shown(number, digits)) for number in value.tolist()])
    if value.ndim == 2:
        return matrix([[numeral(shown(number, digits)) for number in row] for row in value.tolist()])
    stack = value.reshape(-1, *value.shape[-2:])
    found = []
    for place in range(count(value.shape[:-2])):
        index, rest = [], place
        for length in reversed(value.shape[:-2]):
            rest, at = divmod(rest, length)
            index.append(str(at))
        inner = matrix([[numeral(shown(number, digits)) for number in row] for row in stack[place].tolist()])
        head = f"{', ' if place else ''}{','.join(reversed(index))}{{:}}\\;"
        found.append(Formula(head + inner.latex, inner.width + 10.0 * len(index) + 8))
    return pieces(found, r"\Bigl[", r"\Bigr]")


def vector(entries: Sequence[Formula]) -> Formula:
    """A row of numbers; a long one as a list that may be broken."""
    if not entries:
        return Formula("()", 8.0, is_array=True, items=entries)
    width = sum(entry.width + COLUMN for entry in entries) + BRACKET
    if width <= WIDEST:
        return Formula(_environment("pmatrix", [entries]), width, is_array=True, items=entries)
    terms = [
        Formula(entry.latex + (", " if place + 1 < len(entries) else ""), entry.width + 6)
        for place, entry in enumerate(entries)
    ]
    return pieces(terms, "(", ")")


def pieces(terms: Sequence[Formula], before: str, after: str) -> Formula:
    """Pieces between brackets that need not stand on one line."""
    first, last = Formula(before, 5.0), Formula(after, 5.0)
    terms = [*terms]
    terms[0] = Formula(first.latex + terms[0].latex, terms[0].width + 5)
    terms[-1] = Formula(terms[-1].latex + last.latex, terms[-1].width + 5)
    latex = "".join(term.latex for term in terms)
    return Formula(latex, sum(term.width for term in terms), is_array=True, terms=terms)


def matrix(rows: Sequence[Sequence[Formula]], *, below: str = "") -> Formula:
    """Rows of numbers; one that is too wide in smaller letters, or in pieces that each say which columns they are."""
    widths = [max(row[at].width for row in rows) + COLUMN for at in range(len(rows[0]))] if rows else []
    wide = sum(widths) + 2 * BRACKET
    if wide <= WIDEST:
        return Formula(_environment("bmatrix", rows) + below, wide, is_array=True)
    if wide * SMALLER <= WIDEST:
        small = _environment("smallmatrix", rows)
        return Formula(rf"\left[{small}\right]{below}", wide * SMALLER, is_array=True)
    return pieces(_columns(rows, widths), "{}", below or "{}")


def _columns(rows: Sequence[Sequence[Formula]], widths: Sequence[float]) -> list[Formula]:
    """The columns in pieces that fit."""
    found, start = [], 0
    while start < len(widths):
        stop, wide = start + 1, widths[start]
        while stop < len(widths) and wide + widths[stop] <= WIDEST - 60:
            wide += widths[stop]
            stop += 1
        name = f"columns {start} to {stop - 1}" if stop - start > 1 else f"column {start}"
        piece = _environment("bmatrix", [row[start:stop] for row in rows])
        found.append(Formula(rf"{piece}_{{\text{{{name}}}}} ", wide + 60, is_array=True))
        start = stop
    return found


def _environment(name: str, rows: Sequence[Sequence[Formula]]) -> str:
    inside = r" \\ ".join(" & ".join(entry.latex for entry in row) for row in rows)
    if name != "smallmatrix" and len(rows[0]) > MOST_COLUMNS:
        before, after = ("(", ")") if name == "pmatrix" else ("[", "]")
        return rf"\left{before}\begin{{array}}{{{'c' * len(rows[0])}}} {inside} \end{{array}}\right{after}"
    return rf"\begin{{{name}}} {inside} \end{{{name}}}"


def _corner(value: Any, digits: int) -> Formula:
    """The first rows and columns, an axis that is short whole, and the range of all."""
    lead = value.ndim - 2
    corner = value[(0,) * lead] if lead > 0 else value
    kept = [length if length <= MOST_LENGTH else CORNER for length in corner.shape]
    part = corner[tuple([slice(0, length) for length in kept])]
    texts = [[numeral(shown(number, digits)) for number in row]
             for row in (part.tolist() if part.ndim == 2 else [part.tolist()])]  # fmt: skip
    if kept[-1] < corner.shape[-1]:
        texts = [[*row, DOTS] for row in texts]
    if corner.ndim == 2 and kept[0] < corner.shape[0]:
        texts.append([Formula(r"\vdots", 5.0) for _ in texts[0]])
    drawn = matrix(texts) if corner.ndim == 2 else vector(texts[0])
    about = words(f" ({', '.join(summary(value, digits))})")
    head = f"{','.join(['0'] * lead)}{{:}}\\;" if lead > 0 else ""
    first = Formula(head + drawn.latex, drawn.width + 10.0 * lead, is_array=True)
    terms = [first, *(about.terms or [about])]
    return Formula(f"{first.latex} {about.latex}", first.width + about.width, is_array=True, terms=terms)
