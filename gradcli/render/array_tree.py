"""The explanation of a program with arrays as a tree: the result first; a row's gradient is its parent's × local, or
what the rule of the parent makes of it."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.array_blocks import beside, level
from gradcli.render.array_cells import Column, Stack, cells_of, gate_column, grid_of, one_column, total_width
from gradcli.render.array_rules import broken
from gradcli.render.array_table import passes_left_out
from gradcli.render.branches import BLANK, BRANCH, PIPE
from gradcli.render.style import DIM, GAP, GRADIENT, LOCAL, VALUE, folded, middle_cut, name_style
from gradcli.render.table import NARROW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.render.array_blocks import Block
    from gradcli.render.array_rules import Speaker
    from gradcli.render.branches import Branch, Forest
    from gradcli.report.array_explanation import ArrayEdge

WIDEST_RULE = 24  # cells of a rule before it is broken
WIDE, TIGHT = 3, 1  # columns a level
LAYOUTS = (  # how wide a level is, how many letters of an operation are kept, and whether there are gates
    (WIDE, 40, True), (WIDE, 12, True), (TIGHT, 40, True), (WIDE, 40, False), (TIGHT, 40, False), (WIDE, 12, False),
    (TIGHT, 12, False),
)  # fmt: skip


def tree(speaker: Speaker, forest: Forest, *, width: int, unicode: bool) -> list[Text]:
    """The trees as tables of at most WIDTH cells, digits whole."""
    drawn: list[Text] = []
    stack = Stack(width, unicode=unicode)
    for place, branches in enumerate(forest.trees):
        if place:
            stack.lines = []
            stack.span(f"{speaker.name(branches[0].index)}, where the tree above goes on")
            drawn += [Text(""), *stack.lines]
        drawn += _Layout(speaker, [Row(speaker, branch) for branch in branches], width, unicode=unicode).lines()
    if forest.cut:
        stack.lines = []
        stack.span("… more of the tree is not shown (--full shows all)")
        drawn += stack.lines
    return drawn


class Row:
    """A branch as texts: its line, and what is said of it."""

    __slots__ = ("branch", "edge", "gate", "index", "name", "operation", "parent", "remark", "style")

    def __init__(self, speaker: Speaker, branch: Branch) -> None:
        explanation = speaker.explanation
        self.branch = branch
        self.index = branch.index
        self.edge: ArrayEdge | None = branch.edge  # type: ignore[assignment]
        self.name = speaker.name(self.index)
        self.style = name_style(explanation.graph, self.index)
        operation = explanation.labels.operation(self.index)
        self.operation = "" if operation == self.name else speaker.spell(f" = {operation}")
        gate = speaker.spell(explanation.gate_shown(self.index))
        self.gate = "" if gate == "copy adds" else gate
        self.remark = ""
        if branch.remark == "see":
            self.gate, self.remark = "", f"copy: see {self.name} above"
        elif branch.remark == "below":
            self.remark = f"goes on below as a tree of {self.name}"
        elif branch.remark == "closed":
            many = f"{branch.hidden:,} node{'s' * (branch.hidden != 1)}" if branch.hidden else "the rest"
            self.gate, self.remark = "", f"closed, {many} folded"


class _Layout:
    """One tree; what gives way: gates, then the guides are one column a level, then gradients stand below locals, then
    the cells of a row stand below each other."""

    def __init__(self, speaker: Speaker, rows: Sequence[Row], width: int, *, unicode: bool) -> None:
        self.speaker = speaker
        self.rows = rows
        self.width = width
        self.unicode = unicode
        self.forward = speaker.explanation.forward
        self.step = WIDE
        self.columns: list[Column] | None = None
        self._arrange()

    def _arrange(self) -> None:
        """The columns of the widest layout that fits."""
        apart = self._columns()
        together = [*apart[:2], one_column(apart[2], apart[3])]
        ways = [(apart, *way) for way in LAYOUTS]
        ways += [] if self.forward else [(together, *way) for way in LAYOUTS[-2:]]
        for columns, step, most, with_gates in ways:
            self.step = step
            least = max(self._node_width(row, most) for row in self.rows) + GAP
            gates = gate_column([row.gate for row in self.rows], self.width - least - total_width(columns))
            rest = [*columns, *gates]
            if least + total_width(rest) <= self.width and (gates or not with_gates):
                room = self.width - GAP - total_width(rest)
                nodes = Column("node", "", [self._node(row, at, room) for at, row in enumerate(self.rows)])
                self.columns = [nodes, *rest]
                return

    def _columns(self) -> list[Column]:
        arrow = self.width >= NARROW
        up, down = (" ↑", " ↓") if arrow else ("", "")
        speaker, rows = self.speaker, self.rows
        values = level([speaker.value(row.index) for row in rows])
        found = [
            Column("shape", DIM, [[speaker.shape(row.index)] for row in rows]),
            Column(f"value{up}", VALUE, values, pad=2),
            Column("× local", LOCAL, [self._local(row, WIDEST_RULE) for row in rows], pad=0),
        ]
        if self.forward:
            sweep = speaker.explanation.sweeps()[0]
            numbers = level([speaker.number(row.index) for row in rows])
            return [*found, Column(f"tangent {sweep.name}{up}", GRADIENT, numbers)]
        return [*found, Column(f"  gradient{down}", GRADIENT, level_behind([self._gradient(row) for row in rows]))]

    def _local(self, row: Row, room: int, numbers_room: int | None = None) -> Block:
        edge = row.edge
        if edge is None:
            return [""]
        if edge.local is None:
            return broken(self.speaker.carried(edge), room)
        numbers = self.speaker.local(edge, None if numbers_room is None else numbers_room - 2)
        lines = beside([[self.speaker.spell("× ")], numbers])
        return [*lines, *broken(self.speaker.summed(edge), room)] if edge.copied else lines

    def _gradient(self, row: Row, room: int | None = None) -> tuple[str, Block]:
        if row.edge is None:
            number = self.speaker.number(row.index, 0, room) if row.branch.parent is None else [""]
            return "  ", number
        return "= ", self.speaker.downstream(row.edge, 0, room)

    def _node_width(self, row: Row, most: int) -> int:
        return self.step * row.branch.depth + len(row.name) + min(len(row.operation), most)

    def _guides(self, guides: Sequence[str]) -> str:
        return "".join(guide if self.step == WIDE else guide[0] for guide in guides)

    def _stem(self, at: int) -> str:
        """What stands before the later lines of a row: the guides that go on, and that of its children."""
        row = self.rows[at]
        guides = [PIPE if guide in (PIPE, BRANCH) else BLANK for guide in row.branch.guides]
        later = self.rows[at + 1] if at + 1 < len(self.rows) else None
        goes_on = later is not None and later.branch.depth > row.branch.depth
        return self._guides([*guides, PIPE]) if goes_on else self._guides(guides)

    def _node(self, row: Row, at: int, room: int) -> Block:
        guides = self._guides(row.branch.guides)
        first = guides + row.name + middle_cut(
            row.operation, max(room - len(guides) - len(row.name), 8), unicode=self.unicode
        )
        return [first, *[self._stem(at).rstrip()] * 20]

    def _below(self, row: Row, at: int) -> Block:
        """What is said under a row: where the tree goes on, and what adds up."""
        stem = self._stem(at)
        stem = stem if len(stem) > self.step * row.branch.depth else f"{stem}  "
        lines = folded(row.remark, max(self.width - len(stem), 8), 2) if row.remark else []
        if row.branch.remark == "copy" and not self.forward:
            lines += self.speaker.added(row.index, "copy adds ", self.width - len(stem))
        return [stem + line for line in lines]

    def lines(self) -> list[Text]:
        """The drawn lines."""
        if self.columns is None:
            return self._stacked()
        grid = grid_of(self.columns, unicode=self.unicode)
        grid.width = self.width
        for at, row in enumerate(self.rows):
            cells = cells_of(self.columns[1:], at)
            tall = max(column.height(at) for column in self.columns[1:])
            node = self.columns[0].blocks[at][:tall]
            guides = len(self._guides(row.branch.guides))
            first = Text.assemble((node[0][:guides], DIM), (row.name, row.style), node[0][guides + len(row.name) :])
            grid.add(Text("\n").join([first, *[Text(line, style=DIM) for line in node[1:]]]), *cells)
            for line in self._below(row, at):
                grid.span(Text(line, style=DIM))
        many = len(self.speaker.explanation.sweeps()) - 1
        if self.forward and many:
            grid.span(Text(passes_left_out(many), style=DIM))
        return grid.lines()

    def _stacked(self) -> list[Text]:
        """The cells of a row below each other, behind the guides."""
        stack = Stack(self.width, unicode=self.unicode)
        self.step = TIGHT
        for at, row in enumerate(self.rows):
            guides, stem = self._guides(row.branch.guides), self._stem(at)
            stack.first(row.name, f"{row.operation}  {self.speaker.shape(row.index)}", row.gate, guides)
            indent = f"{stem} "
            stack.cell("value   ", lambda room, row=row: self.speaker.value(row.index, room), VALUE, indent)  # type: ignore[misc]
            stack.cell("", lambda room, row=row: self._local(row, room, room), LOCAL, indent)  # type: ignore[misc]
            word = f"tangent {self.speaker.explanation.sweeps()[0].name}" if self.forward else "gradient"
            number = self.speaker.number if self.forward else None
            stack.cell(
                word,
                lambda room, row=row, number=number: (  # type: ignore[misc]
                    number(row.index, 0, room) if number else self._gradient(row, room)[1]
                ),
                GRADIENT, indent,
            )  # fmt: skip
            for line in self._below(row, at):
                stack.span(line)
        many = len(self.speaker.explanation.sweeps()) - 1
        if self.forward and many:
            stack.span(passes_left_out(many))
        return stack.lines


def level_behind(found: Sequence[tuple[str, Block]]) -> list[Block]:
    """Blocks behind `= `, scalars aligned."""
    blocks = level([lines for _, lines in found])
    return [beside([[sign], lines]) if any(lines) else [""] for (sign, _), lines in zip(found, blocks, strict=True)]
