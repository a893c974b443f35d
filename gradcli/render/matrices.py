"""Rows and columns of numbers with names on both sides, the entries without a path dim."""

from __future__ import annotations

from rich.text import Text

from gradcli.graph.shapes import shown as shape_shown
from gradcli.render.style import DIM, GAP, LABEL, LOCAL, aligned, folded, hanging, number_style, safe
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.report.jacobian import Matrix

NO_PATH = "·"
CORNER = 6  # rows and columns of a large matrix


def element_names(name: str, shape: Shape, most: int) -> list[str]:
    """`x[0,1]`: the elements of an array, the first MOST, in order."""
    if not shape:
        return [safe(name)]
    found = []
    for place in range(most):
        indices: list[str] = []
        for length in reversed(shape):
            indices.insert(0, str(place % length))
            place //= length
        found.append(f"{safe(name)}[{','.join(indices)}]")
    return found


def in_rows(
    names: Sequence[str], headings: Sequence[str], cells: Sequence[Sequence[str]], beside: Sequence[Text], width: int
) -> list[Text]:
    """Rows of cells under headings; where they are too wide, columns go below each other, BESIDE last."""
    left = max(map(len, names)) + GAP
    columns, wide = in_columns(headings, cells)
    lines: list[Text] = []
    start = 0
    while start < len(headings):
        end, used = start + 1, left + wide[start]
        while end < len(headings) and used + GAP + wide[end] <= width:
            used += GAP + wide[end]
            end += 1
        fits = bool(beside) and end == len(headings) and used + 2 * GAP + max(map(len, beside)) <= width
        if start:
            lines.append(Text(""))
        lines.append(heading_row(headings[start:end], wide[start:end], left))
        if fits:
            put_at(lines[-1], used + 2 * GAP, beside[0])
        for place, name in enumerate(names):
            line = number_row(name.ljust(left), [column[place] for column in columns[start:end]], wide[start:end])
            line.stylize(LABEL, 0, len(name))
            if fits:
                put_at(line, used + 2 * GAP, beside[place + 1])
            line.rstrip()
            lines.append(line)
        start = end
        if end == len(headings) and beside and not fits:
            lines += _below(names, beside, width)
    return lines


def _below(names: Sequence[str], beside: Sequence[Text], width: int) -> list[Text]:
    """The products in rows of their own, where the matrix leaves no room beside it."""
    left = max(map(len, names)) + GAP
    if left + max(map(len, beside)) <= width:
        lines = [Text(""), Text(" " * left).append_text(beside[0])]
        for name, text in zip(names, beside[1:], strict=True):
            line = Text(name.ljust(left), style="")
            line.stylize(LABEL, 0, len(name))
            lines.append(line.append_text(text))
        return lines
    lines = [Text(""), *(Text(line, style=DIM) for line in folded("upstream × local = downstream", width, 2))]
    for name, text in zip(names, beside[1:], strict=True):
        words = Text(" ".join(text.plain.split()))
        lines += hanging(Text.assemble((name.ljust(left), LABEL)), words, width)
    return lines


def summary(matrix: Matrix, columns: int, width: int, digits: int) -> list[Text]:
    """What is not drawn of a large matrix, and numbers about all of it."""
    more = []
    if matrix.rows > CORNER:
        more.append(f"{matrix.rows - CORNER:,} more rows")
    if matrix.columns > columns:
        more.append(f"{matrix.columns - columns:,} more columns")
    numbers = (("min", matrix.least), ("mean", matrix.mean), ("max", matrix.largest))
    about = ", ".join(f"{name} {shown(number, digits)}" for name, number in numbers)
    rest = f"all {matrix.entries:,} entries: {about}; {matrix.pathless:,} have no path"
    rest += f", {matrix.zeros:,} were computed as 0" if matrix.zeros else ""
    lines = [f"… {' and '.join(more)} (--full shows all)", rest]
    return [Text(line, style=DIM) for text in lines for line in folded(text, width, 2)]


def in_columns(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> tuple[list[list[str]], list[int]]:
    """The columns with their decimal points below each other, and how wide each is."""
    columns = [aligned([row[place] for row in cells]) for place in range(len(headings))]
    return columns, [max(len(heading), len(column[0])) for heading, column in zip(headings, columns, strict=True)]


def how_many_fit(names: Sequence[str], headings: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> int:
    """How many columns stand side by side; one at least."""
    _, wide = in_columns(headings, cells)
    used, kept = max(map(len, names)) + GAP + wide[0], 1
    while kept < len(wide) and used + GAP + wide[kept] <= width:
        used += GAP + wide[kept]
        kept += 1
    return kept


def number_row(name: str, texts: Sequence[str], wide: Sequence[int]) -> Text:
    """A row of numbers, each in the middle of its column."""
    pieces, at = [name], len(name)
    runs: list[tuple[str, int, int]] = []  # cells of one style beside each other are one run
    for text, size in zip(texts, wide, strict=True):
        before = (size - len(text) + 1) // 2
        style, start = cell_style(text), at + before
        if runs and runs[-1][0] == style:
            start = runs.pop()[1]
        runs.append((style, start, at + before + len(text)))
        pieces.append(f"{' ' * before}{text}{' ' * (size - before - len(text) + GAP)}")
        at += size + GAP
    line = Text("".join(pieces))
    for style, low, high in runs:
        line.stylize(style, low, high)
    line.rstrip()
    return line


def heading_row(headings: Sequence[str], wide: Sequence[int], left: int) -> Text:
    """The headings above columns that begin LEFT cells from the edge."""
    cells = [heading.rjust(size) for heading, size in zip(headings, wide, strict=True)]
    return Text(" " * left + (" " * GAP).join(cells), style=DIM)


def put_at(line: Text, at: int, text: Text) -> None:
    """TEXT at column AT of a line that is shorter."""
    line.append(" " * max(at - line.cell_len, 0))
    line.append_text(text)


def cell_style(text: str) -> str:
    """The style of a number, or of what stands in the place of one."""
    return DIM if text.strip() == NO_PATH else number_style(text, LOCAL)


def range_of(value: Any, digits: int) -> str:
    """A large array by its shape and range."""
    low, high = (shown(float(one), digits) for one in (value.min(), value.max()))
    return f"{shape_shown(value.shape)}, min {low}, max {high}"
