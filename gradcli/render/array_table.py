"""The explanation of a program with arrays as a table: the shape in every row, small arrays whole."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.array_blocks import level, wide
from gradcli.render.array_cells import (
    GATE_WIDTH,
    Column,
    Stack,
    cells_of,
    gate_column,
    gate_lines,
    grid_of,
    styled,
    total_width,
)  # fmt: skip
from gradcli.render.style import DIM, GAP, GRADIENT, LABEL, LOCAL, VALUE, middle_cut, name_style
from gradcli.render.table import NARROW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.render.array_rules import Speaker
    from gradcli.render.style import Grid

LEAST_ROOM = 20  # cells of the column of local gradients


class Row:
    """One line of the table: what it is, in words."""

    __slots__ = ("added", "dim", "gate", "index", "is_input", "name", "operation", "shape", "style")

    def __init__(self, speaker: Speaker, index: int) -> None:
        explanation = speaker.explanation
        self.index = index
        self.name = speaker.name(index)
        self.style = name_style(explanation.graph, index)
        operation = explanation.labels.operation(index)
        self.operation = "" if operation == self.name else speaker.spell(f" = {operation}")
        self.shape = speaker.shape(index)
        self.gate = speaker.spell(explanation.gate_shown(index))
        self.is_input = explanation.is_input(index)
        self.dim = index in explanation.folded
        self.added = explanation.is_added(index)


def table(speaker: Speaker, shown: Sequence[int | str], *, width: int, unicode: bool) -> list[Text]:
    """The rows (line indices, and texts for what is left out) as one table of at most WIDTH cells, digits whole."""
    rows = [row if isinstance(row, str) else Row(speaker, row) for row in shown]
    plan = _Plan(speaker, [row for row in rows if isinstance(row, Row)], width)
    if plan.columns is None:
        return _stacked(speaker, rows, width, unicode=unicode)
    grid = grid_of(plan.columns, unicode=unicode)
    grid.width = width if total_width(plan.columns) <= width else None
    place, inputs = 0, False
    for row in rows:
        if isinstance(row, str):
            grid.span(Text(row, style=DIM))
            continue
        if inputs and not row.is_input and plan.sorted:
            grid.rule()
        inputs = row.is_input
        name = row.name.ljust(plan.name_width) if row.operation else row.name
        first = Text.assemble((name, row.style), plan.cut(row))
        if row.dim:
            first = Text(f"  {first.plain}", style=DIM)
        cells = cells_of(plan.columns[1:], place)
        if plan.gates_above and row.gate:
            cells[-1] = Text("\n").join([Text(row.gate, style=DIM), *[cells[-1]] * bool(cells[-1].plain)])
        grid.add(first, *cells)
        _below(grid, speaker, row, plan, width)
        place += 1
    if plan.left_out:
        grid.span(Text(passes_left_out(plan.left_out), style=DIM))
    return grid.lines()


def passes_left_out(many: int) -> str:
    """What is said of the elements whose tangents have no column."""
    return f"… the passes of {many:,} more element{'s' * (many != 1)} are not shown (--view ledger shows pass by pass)"


def _below(grid: Grid, speaker: Speaker, row: Row, plan: _Plan, width: int) -> None:
    """The local gradients under their line, where they have no column."""
    if plan.room is None:
        for line in speaker.rules(row.index, width - 2):
            grid.span(styled([f"  {line}"], LOCAL))
        if row.added and not plan.gates_shown:
            grid.span(Text(f"  {row.gate}", style=DIM))


class _Plan:
    """The columns, and what gives way: rules break, then gates stand above them (`gates_above`), then rules move below
    their line (`room` is None), then the cells of a row stand below each other (`columns` is None). In forward mode
    the tangents by the last elements have no column."""

    def __init__(self, speaker: Speaker, rows: Sequence[Row], width: int) -> None:
        self.sorted = [row.is_input for row in rows] == sorted([row.is_input for row in rows], reverse=True)
        names = [len(row.name) for row in rows if row.operation and not row.dim]
        self.name_width = min(max(names, default=0), 12)
        natural = [len(row.name.ljust(self.name_width)) + len(row.operation) + 2 * row.dim for row in rows]
        self.line_width = min(max(natural, default=4), max(width // 3, 16))
        self.unicode = speaker.unicode
        self.left_out = 0
        self.room: int | None = None
        self.gates_above = self.gates_shown = False
        self.columns: list[Column] | None = None
        arrow = width >= NARROW
        lines = Column("line", LABEL, [["x" * min(wide_, self.line_width)] for wide_ in natural])
        shapes = Column("shape", DIM, [[row.shape] for row in rows])
        blocks = level([speaker.value(row.index) for row in rows])
        values = Column("value ↓" if arrow else "value", VALUE, blocks, pad=2)
        numbers = self._numbers(speaker, rows, arrow=arrow)
        kept = [lines, shapes, values, numbers[0]]
        if total_width(kept) > width:
            return
        more = 1
        while more < len(numbers) and total_width([*kept, numbers[more]]) + GATE_WIDTH + GAP <= width:
            kept.append(numbers[more])
            more += 1
        self.left_out = len(speaker.explanation.sweeps()) - more
        words = [row.gate for row in rows]
        ways = [gate_column(words, 1000), [Column("gate", DIM, [*map(gate_lines, words)])], []]
        for beside in ways:
            room = width - total_width([*kept, *beside]) - GAP
            rules = [speaker.rules(row.index, room) for row in rows] if room >= LEAST_ROOM else []
            if rules and max(map(wide, rules)) <= room:
                self.room, self.gates_above = room, not beside
                kept.append(Column("local gradient" if beside else "gate, local gradient", LOCAL, rules))
                break
        else:
            beside = gate_column(words, width - total_width(kept))
        self.gates_shown = self.gates_above or bool(beside)
        self.columns = [*kept, *beside]

    @staticmethod
    def _numbers(speaker: Speaker, rows: Sequence[Row], *, arrow: bool) -> list[Column]:
        columns = []
        for place, sweep in enumerate(speaker.explanation.sweeps()):
            name = f"tangent {sweep.name}" if sweep.forward else "gradient"
            heading = f"{name} {'↓' if sweep.forward else '↑'}" if arrow else name
            blocks = level([speaker.number(row.index, place) for row in rows])
            columns.append(Column(heading, GRADIENT, blocks, pad=2))
            if len(columns) > 8:
                break
        return columns

    def cut(self, row: Row) -> str:
        """What a line does, cut in the middle where it is long."""
        room = max(self.line_width - self.name_width - 2 * row.dim, 4)
        return middle_cut(row.operation, room, unicode=self.unicode)


def _stacked(speaker: Speaker, rows: Sequence[Row | str], width: int, *, unicode: bool) -> list[Text]:
    """Every cell of a row below its line."""
    stack = Stack(width, unicode=unicode)
    sweeps = speaker.explanation.sweeps()
    inputs = False
    for row in rows:
        if isinstance(row, str):
            stack.span(row)
            continue
        if inputs and not row.is_input:
            stack.rule(min(width, 40))
        inputs = row.is_input
        stack.first(row.name, f"{row.operation}  {row.shape}", row.gate)
        stack.cell("value   ", lambda room, index=row.index: speaker.value(index, room), VALUE)  # type: ignore[misc]
        heading = f"tangent {sweeps[0].name}" if sweeps[0].forward else "gradient"
        stack.cell(heading, lambda room, index=row.index: speaker.number(index, 0, room), GRADIENT)  # type: ignore[misc]
        stack.cell("", lambda room, index=row.index: speaker.rules(index, room), LOCAL)  # type: ignore[misc]
    if len(sweeps) > 1:
        stack.span(passes_left_out(len(sweeps) - 1))
    return stack.lines
