"""Values as blocks of text: scalars, rows, matrices with aligned columns; of what is large a corner and its range.

A block is a list of lines. Blocks stand beside each other, or in pieces below each other where they are too wide.
"""

from __future__ import annotations

from gradcli.graph.arrays import quiet
from gradcli.graph.shapes import count
from gradcli.render.style import aligned, folded
from gradcli.report.array_precision import MOST_LENGTH
from gradcli.report.array_precision import is_small as is_small
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.graph.arrays import Value

    Block = list[str]

CORNER = 3
GAP, MORE = "  ", "  …"


def is_uniform(value: Value) -> bool:
    """Whether all elements are one number; 0 and -0 are two."""
    if type(value) is float:
        return True
    numbers = value.ravel()  # type: ignore[union-attr]
    first = repr(float(numbers[0]))
    return bool((numbers == numbers[0]).all()) and (numbers[0] != 0 or all(repr(n) == first for n in numbers.tolist()))


def block(value: Value | None, digits: int, *, full: bool = False, room: int | None = None) -> Block:
    """A value as lines, at most ROOM cells wide where that is given; blank where it was not computed."""
    if value is None:
        return [""]
    if type(value) is float:
        return [shown(value, digits)]
    if full or is_small(value):
        return _whole(value, digits, room)
    if is_uniform(value):
        return [f"all {shown(float(value.ravel()[0]), digits)}"]  # type: ignore[union-attr]
    lines = [*_corner(value, digits, room), *summary(value, digits)]
    return lines if room is None else [piece for line in lines for piece in folded(line, room)]


def _whole(value: Any, digits: int, room: int | None) -> Block:
    """Every number; the matrices of a stack stand below each other, each behind its index."""
    if value.ndim <= 2:
        return _pieces(_texts(value, digits), room)
    found: Block = []
    for place in range(count(value.shape[:-2])):
        index, rest = [], place
        for length in reversed(value.shape[:-2]):
            rest, at = divmod(rest, length)
            index.append(str(at))
        head = f"[{','.join(reversed(index))}] "
        matrix = value.reshape(-1, *value.shape[-2:])[place]
        found += beside([[head], _pieces(_texts(matrix, digits), None if room is None else room - len(head))])
    return found


def _texts(matrix: Any, digits: int) -> list[list[str]]:
    rows = matrix.tolist() if matrix.ndim == 2 else [matrix.tolist()]
    return [[shown(number, digits) for number in row] for row in rows]


def _pieces(rows: Sequence[Sequence[str]], room: int | None) -> Block:
    """Rows of numbers with aligned columns; columns that do not fit stand below, behind which they are."""
    columns = [aligned(column) for column in zip(*rows, strict=True)]
    widths = [len(column[0]) + len(GAP) for column in columns]
    if room is None or sum(widths) - len(GAP) <= room:
        return [GAP.join(row).rstrip() for row in zip(*columns, strict=True)]
    found, start = [], 0
    while start < len(columns):
        stop = start + 1
        while stop < len(columns) and sum(widths[start : stop + 1]) - len(GAP) <= room:
            stop += 1
        found.append(f"columns {start} to {stop - 1}:" if stop - start > 1 else f"column {start}:")
        found += [GAP.join(row).rstrip() for row in zip(*columns[start:stop], strict=True)]
        start = stop
    return found


def _corner(value: Any, digits: int, room: int | None) -> Block:
    """The first rows and columns, as many as fit; an axis that is short is whole."""
    lead, head = value.ndim - 2, ""
    if lead > 0:
        head = f"[{','.join(['0'] * lead)}] "
        value = value[(0,) * lead]
    kept = [length if length <= MOST_LENGTH else CORNER for length in value.shape]
    texts = _texts(value[tuple([slice(0, length) for length in kept])], digits)
    lines = _pieces(texts, None)
    while room is not None and kept[-1] > 1 and len(head) + wide(lines) + len(MORE) > room:
        kept[-1] -= 1
        lines = _pieces([row[: kept[-1]] for row in texts], None)
    if kept[-1] < value.shape[-1]:
        lines = [line.ljust(wide(lines)) + MORE for line in lines]
    if value.ndim == 2 and kept[0] < value.shape[0]:
        lines.append("…")
    lines = beside([[head], lines]) if head else lines
    return [*lines, "…"] if lead > 0 else lines


def summary(value: Any, digits: int) -> Block:
    """The range, the mean, and how many elements are 0; of an array with nan, how many are."""
    with quiet():
        low, high, middle = float(value.min()), float(value.max()), float(value.mean())
        if middle - middle != 0:  # also where only the sum overflows
            middle = float((value / value.size).sum())
        zeros, lost = int((value == 0).sum()), int((value != value).sum())
    found = [f"min {shown(low, digits)}, max {shown(high, digits)}", f"mean {shown(middle, digits)}"]
    found.append(f"{zeros:,} of {value.size:,} are 0" + (f", {lost:,} nan" if lost else ""))
    return found


def each(value: Value, digits: int, *, many: bool) -> Block | None:
    """`1 each`, where all elements of what is multiplied by VALUE (MANY of them) get the same number."""
    if not is_uniform(value):
        return None
    number = value if type(value) is float else float(value.ravel()[0])  # type: ignore[union-attr]
    return [f"{shown(number, digits)} each" if many else shown(number, digits)]


def beside(blocks: Iterable[Sequence[str]]) -> Block:
    """Blocks next to each other, their first lines on one line."""
    found: Block = []
    width = 0
    for lines in blocks:
        lines = list(lines)
        found += [""] * (len(lines) - len(found))
        found = [
            line.ljust(width) + lines[at] if at < len(lines) else line for at, line in enumerate(found)
        ]
        width = max([width, *map(len, found)])
    return [line.rstrip() for line in found]


def wide(lines: Sequence[str]) -> int:
    """How many cells a block takes."""
    return max(map(len, lines), default=0)


def level(blocks: Sequence[Block]) -> list[Block]:
    """Numbers that stand alone in a column are aligned among each other; larger blocks stay as they are."""
    alone = [at for at, lines in enumerate(blocks) if len(lines) == 1 and " " not in lines[0]]
    texts = aligned([blocks[at][0] for at in alone])
    found = [*blocks]
    for at, text in zip(alone, texts, strict=True):
        found[at] = [text]
    return found
