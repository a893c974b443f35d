"""The sizes of fonts and nodes, and how much room numbers take."""

from __future__ import annotations

from gradcli.render.picture.widths import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.circuit import Node
    from gradcli.report.circuit_texts import Cells

NUMBER, OPERATION, SMALL, LEAF, TITLE = 14, 16, 12, 17, 15
RADIUS, LINE = 21, 16
LONGEST_NAME = 40  # letters that are drawn; the whole name is in the structure


def label_of(node: Node) -> str:
    """The name that is drawn at a node: of an anonymous leaf its number."""
    name = node.symbol if node.kind in ("leaf", "end") else node.name
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME // 2]}…{name[-LONGEST_NAME // 2 + 1 :]}"


def size_of(cells: Cells, *, with_shape: bool = True) -> tuple[float, float]:
    """The width and height of numbers as they stand on a wire."""
    if not cells.shape:
        return width(cells.rows[0][0], NUMBER, bold=True) if cells.rows else 0.0, float(LINE)
    wide = width(cells.shape, SMALL) if with_shape else 0.0
    if not cells.rows:
        return max(wide, width(cells.says, SMALL, bold=True)), float(LINE * (1 + with_shape))
    columns = columns_of(cells)
    return max(wide, sum(columns) + 10 * (len(columns) - 1) + 16), float(LINE * (len(cells.rows) + with_shape))


def columns_of(cells: Cells) -> Sequence[float]:
    """The widths of the columns of a matrix."""
    return [max(width(text, NUMBER, bold=True) for text in column) for column in zip(*cells.rows, strict=True)]
