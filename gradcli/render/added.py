"""The lines that reverse-mode AD added, as a short table below a tree or a ledger, which have no rows for them."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.array_cells import Stack, styled
from gradcli.render.explanation import folded_rows
from gradcli.render.style import ADDED, DIM, VALUE, Grid, aligned, in_ascii, middle_cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.render.array_blocks import Block
    from gradcli.render.array_rules import Speaker
    from gradcli.report.explanation import Explanation
    from gradcli.report.precision import Digits

MOST = 20  # rows, unless all are asked for


def rows_of(explanation: Explanation, *, full: bool) -> list[int | str]:
    """The added lines, those with which a gradient is done kept among the others; a text counts what is left out."""
    added = [row for row in explanation.rows if explanation.is_added(row)]
    if full:
        return [*added]
    used = {operand for row in added for operand in explanation.graph.operands[row]}
    return folded_rows(added, lambda row: row not in used, MOST, kind=explanation.kind)


def scalar_table(
    explanation: Explanation, rows: Sequence[int | str], digits: Digits, *, width: int, unicode: bool
) -> list[Text]:
    """The added lines with their values, and the flow that each belongs to."""
    numbers = aligned([digits.value(row) for row in rows if isinstance(row, int)])
    blocks = [[number] for number in numbers]
    return _drawn(explanation, rows, blocks, lambda row, room: [digits.value(row)], width=width, unicode=unicode)


def array_table(speaker: Speaker, rows: Sequence[int | str], *, width: int, unicode: bool) -> list[Text]:
    """The same with arrays: each line with its shape."""
    from gradcli.render.array_blocks import level

    lines = [row for row in rows if isinstance(row, int)]
    blocks = level([speaker.value(row) for row in lines])
    shapes = [speaker.shape(row) for row in lines]
    return _drawn(speaker.explanation, rows, blocks, speaker.value, shapes, width=width, unicode=unicode)


def _drawn(
    explanation: Explanation, rows: Sequence[int | str], blocks: Sequence[Block],
    value: Callable[[int, int], Block], shapes: Sequence[str] = (), *, width: int, unicode: bool,
) -> list[Text]:  # fmt: skip
    """The rows as a grid; where that is too wide, the value of each below its line."""
    labels = explanation.labels
    grid = Grid(["added line", *(["shape"] if shapes else []), "value", "flow"], unicode=unicode)
    wide = min(max((len(labels.names[row]) for row in rows if isinstance(row, int)), default=0), 12)
    room = max(width // 3 - wide, 16)
    stack = Stack(width, unicode=unicode)
    place = 0
    for row in rows:
        if isinstance(row, str):
            grid.span(Text(row, style=DIM))
            stack.span(row)
            continue
        name, operation, flow = labels.names[row], f" = {labels.operation(row)}", labels.added_text(row)
        operation = operation if unicode else in_ascii(operation)
        line = Text.assemble((name.ljust(wide), ADDED), middle_cut(operation, room, unicode=unicode))
        shape = [Text(shapes[place], style=DIM)] if shapes else []
        grid.add(line, *shape, styled(blocks[place], VALUE), Text(flow, style=DIM))
        stack.first(name, operation + (f"  {shapes[place]}" if shapes else ""), flow)
        stack.cell("value", lambda space, index=row: value(index, space), VALUE)  # type: ignore[misc]
        place += 1
    lines = grid.lines()
    return [Text(""), *(lines if max(line.cell_len for line in lines) <= width else stack.lines)]
