"""The explanation as a tree: the result first, the guides are the circuit; a row's gradient is its parent's × local."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.branches import BLANK, BRANCH, PIPE
from gradcli.render.style import (
    DIM,
    GRADIENT,
    LOCAL,
    VALUE,
    Grid,
    aligned,
    folded,
    in_ascii,
    middle_cut,
    name_style,
    number_style,
)  # fmt: skip
from gradcli.render.table import NARROW, left_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.render.branches import Branch, Forest
    from gradcli.report.explanation import Explanation
    from gradcli.report.precision import Digits


def tree(explanation: Explanation, forest: Forest, digits: Digits, *, width: int, unicode: bool) -> list[Text]:
    """The trees as tables of at most WIDTH cells, digits whole."""
    drawn: list[Text] = []
    spell: Callable[[str], str] = str if unicode else in_ascii
    for place, branches in enumerate(forest.trees):
        rows = [Row(explanation, branch, digits, spell) for branch in branches]
        if place:
            drawn += [Text(""), Text(spell(f"{rows[0].line}, where the tree above goes on"), style=DIM)]
        drawn += _Layout(explanation, rows, width, unicode=unicode).lines()
    if forest.cut:
        more = spell("… more of the tree is not shown (--full shows all)")
        drawn += [Text(line, style=DIM) for line in folded(more, width)]
    return drawn


class Row:
    """A branch as texts: its line, its value, the flow that reaches it from its parent, or in forward mode tangents."""

    __slots__ = ("branch", "cut_off", "gate", "line", "local", "numbers", "operation", "style", "value")

    def __init__(self, explanation: Explanation, branch: Branch, digits: Digits, spell: Callable[[str], str]) -> None:
        index, edge = branch.index, branch.edge
        operation = explanation.labels.operation(index)
        self.branch = branch
        self.line = explanation.labels.names[index]
        self.style = name_style(explanation.graph, index)
        self.operation = "" if operation == self.line else spell(f" = {operation}")
        self.value = digits.value(index)
        self.local = digits.local(edge.owner, edge.slot, edge.local) if edge else ""
        self.cut_off = f" ({edge.cut_off})" if edge and edge.cut_off else ""
        forward = explanation.passes[0].forward
        if forward or branch.parent is None:
            self.numbers = [digits.number(index, place) for place in range(len(explanation.passes))]
        else:
            self.numbers = [digits.downstream(edge) if edge else ""]
        self.gate = spell(branch.words(explanation, digits))


class _Layout:
    """One tree; what gives way: gates, then locals, then the guides are one column a level."""

    def __init__(self, explanation: Explanation, rows: Sequence[Row], width: int, *, unicode: bool) -> None:
        self.rows = rows
        self.width = width
        self.unicode = unicode
        self.forward = explanation.passes[0].forward
        names = [f"tangent {sweep.name}" if sweep.forward else "gradient" for sweep in explanation.passes]
        self._columns(rows, names, arrows=width >= NARROW)
        wide = [
            max(len(heading), *map(len, column)) + 2
            for heading, column in zip(self.headings, self.columns, strict=True)
        ]
        gates = max((len(row.gate) for row in rows if self.forward or not row.branch.remark), default=0) + 2
        while len(wide) > 3 and self._node_width(3, 12) + sum(wide) > width:
            for column in (wide, self.columns, self.headings):
                del column[-1]
        self.names = [sweep.name or "" for sweep in explanation.passes]
        self.step, self.local_shown, room = 3, True, width - sum(wide)
        for step, least, local_shown in ((3, 12, True), (1, 12, True), (3, 12, False), (1, 8, False)):
            self.step, self.local_shown, room = step, local_shown, width - sum(wide) + wide[1] * (not local_shown)
            if self._node_width(step, least) <= room:
                break
        else:
            self.local_shown, room = True, width  # the cells of a row will stand below each other
        self.gate_shown = self._node_width(self.step) + gates <= room
        self.node_room = room - (gates if self.gate_shown else 0)
        self.gate_room = room - min(self._node_width(self.step), self.node_room) - 2 if self.gate_shown else 0

    def _node_width(self, step: int, most: int = 1000) -> int:
        """How wide the first column is, with operations cut to MOST characters."""
        return max(step * row.branch.depth + len(row.line) + min(len(row.operation), most) for row in self.rows)

    def _columns(self, rows: Sequence[Row], names: Sequence[str], *, arrows: bool) -> None:
        """Values, locals and gradients, aligned; a gradient that came by a flow stands behind `=`."""
        locals_ = aligned([row.local for row in rows])
        times = "×" if self.unicode else "*"
        self.columns = [
            aligned([row.value for row in rows]),
            [
                f"{times} {text.rstrip() if row.cut_off else text}{row.cut_off}" if row.local else ""
                for row, text in zip(rows, locals_, strict=True)
            ],
        ]
        for place in range(len(names)):
            numbers = aligned([row.numbers[place] for row in rows])
            signs = ["" if self.forward else "= " if row.local else "  " for row in rows]
            self.columns.append([sign + number for sign, number in zip(signs, numbers, strict=True)])
        spell: Callable[[str], str] = str if self.unicode else in_ascii
        up, down = (" ↑", " ↑" if self.forward else " ↓") if arrows else ("", "")
        indent = "" if self.forward else "  "
        self.headings = [spell(f"value{up}"), f"{times} local", *[spell(f"{indent}{name}{down}") for name in names]]

    def lines(self) -> list[Text]:
        kept = [place for place in range(len(self.columns)) if place != 1 or self.local_shown]
        headings = [self.headings[place] for place in kept]
        if not self.local_shown and not self.forward:
            headings[-1] = headings[-1].strip()
            self.columns[2] = [text[2:] for text in self.columns[2]]
        grid = Grid(["node", *headings, *(["gate"] if self.gate_shown else [])], width=self.width, unicode=self.unicode)
        styles = [VALUE, LOCAL, *[GRADIENT] * (len(self.columns) - 2)]
        for place, row in enumerate(self.rows):
            cells = [self._node(row)]
            for column in kept:
                text = self.columns[column][place]
                cells.append(Text(text, style=number_style(text.lstrip("=×* "), styles[column])))
            fits = len(row.gate) <= self.gate_room
            if self.gate_shown:
                cells.append(Text(row.gate if fits else "", style=DIM))
            grid.add(*cells)
            if not fits and row.branch.remark and not (self.forward and row.branch.remark == "copy"):
                stem = self._guides([PIPE if guide in (PIPE, BRANCH) else BLANK for guide in row.branch.guides])
                for line in folded(stem + row.gate, self.width, len(stem) + 2):
                    grid.span(Text(line, style=DIM))
        if self.forward:
            for line in left_out(self.names[len(self.columns) - 2 :], self.width, unicode=self.unicode):
                grid.span(Text(line, style=DIM))
        return grid.lines()

    def _guides(self, guides: Sequence[str]) -> str:
        drawn = "".join(guide if self.step == 3 else guide[0] for guide in guides)
        return drawn if self.unicode else in_ascii(drawn)

    def _node(self, row: Row) -> Text:
        guides = self._guides(row.branch.guides)
        room = max(self.node_room - len(guides) - len(row.line), 8)
        operation = middle_cut(row.operation, room, unicode=self.unicode)
        return Text.assemble((guides, DIM), (row.line, row.style), operation)
