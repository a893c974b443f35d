"""The marks of a drawing: numbers on a wire, a node with its words; and text made safe for SVG."""

from __future__ import annotations

from gradcli.render.picture.sizes import LINE, RADIUS, SMALL, columns_of, label_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.render.picture.pieces import Piece
    from gradcli.report.circuit_texts import Cells


def escaped(text: str) -> str:
    """TEXT between tags or inside an attribute; what does not print is spelled."""
    text = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def lost(text: str) -> str:
    """The class that makes nan and inf stand out."""
    return " lost" if text in ("nan", "inf", "-inf") else ""


def short(number: float) -> str:
    """A coordinate with at most one digit behind the point."""
    return f"{number:.1f}".removesuffix(".0")


def cells_of(role: str, cells: Cells, middle: float, y: float) -> Iterator[str]:
    """Numbers around MIDDLE, their first base line at Y: a scalar, or a matrix in brackets under its shape."""
    if not cells.shape:
        text = escaped(str(cells))
        yield f'<text class="{role}{lost(text)}" x="{short(middle)}" y="{short(y)}">{text}</text>'
        return
    if role == "value":
        yield f'<text class="shape" x="{short(middle)}" y="{short(y)}">{escaped(cells.shape)}</text>'
        y += LINE
    if not cells.rows:
        yield f'<text class="{role} range" x="{short(middle)}" y="{short(y)}">{escaped(cells.says)}</text>'
        return
    columns = columns_of(cells)
    wide = sum(columns) + 10 * (len(columns) - 1)
    left, right = middle - wide / 2 - 4, middle + wide / 2 + 4
    top, bottom = y - 12.5, y + LINE * (len(cells.rows) - 1) + 3.5
    yield (
        f'<path class="bracket" d="M{short(left + 3)} {short(top)}H{short(left)}V{short(bottom)}h3'
        f'M{short(right - 3)} {short(top)}H{short(right)}V{short(bottom)}h-3"/>'
    )
    for row, texts in enumerate(cells.rows):
        x = middle - wide / 2
        for column, text in zip(columns, texts, strict=True):
            x += column
            role_of = f"{role} cell{lost(text)}"
            yield f'<text class="{role_of}" x="{short(x)}" y="{short(y + LINE * row)}">{escaped(text)}</text>'
            x += 10


def gate_of(piece: Piece) -> Iterator[str]:
    node = piece.node
    assert node is not None
    x, y = short(piece.x), piece.y
    bottom = y + piece.rise + 5 + SMALL
    if piece.box is not None:
        lowest = bottom + LINE * len(piece.box_lines)
        top = y - piece.rise - 10 - SMALL - 6
        yield (
            f'<rect class="box" x="{short(piece.x - piece.inner)}" y="{short(top)}" rx="10" '
            f'width="{short(2 * piece.inner)}" height="{short(lowest + 8 - top)}"/>'
        )
    if piece.half == piece.rise == RADIUS:
        yield f'<circle class="shapeofnode" cx="{x}" cy="{short(y)}" r="{RADIUS}"/>'
    else:
        yield (
            f'<rect class="shapeofnode" x="{short(piece.x - piece.half)}" y="{short(y - piece.rise)}" '
            f'width="{short(2 * piece.half)}" height="{short(2 * piece.rise)}" rx="{RADIUS}"/>'
        )
    yield f'<text class="op" x="{x}" y="{short(y + 5)}">{escaped(node.symbol)}</text>'
    yield f'<text class="name" x="{x}" y="{short(y - piece.rise - 9)}">{escaped(label_of(node))}</text>'
    if node.gate:
        yield f'<text class="gate" x="{x}" y="{short(bottom)}">{escaped(node.gate)}</text>'
    for at, text in enumerate(piece.box_lines):
        yield f'<text class="boxtext" x="{x}" y="{short(bottom + LINE * (at + 1))}">{escaped(text)}</text>'
