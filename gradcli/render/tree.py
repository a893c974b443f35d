"""The explanation as a tree: the result first, the guides are the circuit; a row's gradient is its parent's × local."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import DIM, GRADIENT, LABEL, LOCAL, VALUE, Grid, aligned, in_ascii, middle_cut, number_style
from gradcli.render.table import NARROW, sum_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.explanation import Explanation
    from gradcli.report.precision import Digits

MOST_DEPTH = 12
BRANCH, LAST, PIPE, BLANK = "├─ ", "└─ ", "│  ", "   "


class Branch:
    """One row of the tree as texts: the guides before it, its line, and the flow that reaches it from its parent."""

    __slots__ = ("depth", "gate", "gradient", "guides", "index", "line", "local", "operation", "value")

    def __init__(self, explanation: Explanation, index: int, guides: tuple[str, ...], digits: Digits) -> None:
        labels = explanation.labels
        self.index = index
        self.guides = guides
        self.depth = len(guides)
        self.line = labels.names[index]
        operation = labels.operation(index)
        self.operation = "" if operation == self.line else f" = {operation}"
        self.value = digits.value(index)
        self.local = ""
        self.gradient = digits.gradient(index)
        self.gate = explanation.gate(index) if explanation.gate(index) != "copy adds" else ""


class Forest:
    """The rows of the trees: a first one from the result, and one more for each node below MOST_DEPTH."""

    def __init__(self, explanation: Explanation, digits: Digits, most: int) -> None:
        self.explanation = explanation
        self.digits = digits
        self.most = most
        self.left_out = 0
        self.seen: set[int] = set()
        self.trees: list[list[Branch]] = []
        self.titles = [explanation.result]
        self.count = 0
        while self.titles and self.count < most:
            self.trees.append(self.tree(self.titles.pop(0)))

    def tree(self, root: int) -> list[Branch]:
        """The rows from ROOT down, depth first, by a list of what is still to do."""
        rows: list[Branch] = []
        first = Branch(self.explanation, root, (), self.digits)
        waiting = [(root, first)]
        while waiting:
            index, branch = waiting.pop()
            rows.append(branch)
            self.count += 1
            if self.count >= self.most:
                self.left_out += len(waiting)
                break
            if branch.gate.startswith(("copy: see", "closed,", "goes on")):
                continue
            self.seen.add(index)
            children = self.children(index)
            if branch.depth >= MOST_DEPTH and any(self.explanation.graph.operands[child] for child, _ in children):
                branch.gate = f"goes on below as a tree of {branch.line}"
                self.titles.append(index)
                self.seen.discard(index)
                continue
            waiting.extend(reversed(self.branches(branch, children)))
        return rows

    def children(self, index: int) -> list[tuple[int, int]]:
        """The operands that have a row, with their slot; a literal stands inside its line."""
        explanation = self.explanation
        rows = []
        for slot, operand in enumerate(explanation.graph.operands[index]):
            if (
                explanation.graph.operands[operand]
                or explanation.labels.text(operand)[0] == explanation.labels.names[operand]
            ):
                rows.append((operand, slot))
        return rows

    def branches(self, parent: Branch, children: Sequence[tuple[int, int]]) -> list[tuple[int, Branch]]:
        """The rows below PARENT, each with the flow that reaches it."""
        explanation, digits = self.explanation, self.digits
        flows = {flow[2]: flow for flow in explanation.outgoing.get(parent.index, ())}
        found = []
        for place, (child, slot) in enumerate(children):
            last = place == len(children) - 1
            stem = tuple(PIPE if guide == BRANCH else BLANK if guide == LAST else guide for guide in parent.guides)
            branch = Branch(explanation, child, (*stem, LAST if last else BRANCH), digits)
            flow = flows.get(slot)
            several = len(explanation.incoming.get(child, ())) > 1
            branch.gradient = ""
            if flow is not None:
                branch.local = digits.local(parent.index, slot, flow[4])
                branch.gradient = digits.part(parent.index, slot, flow[5]) if several else digits.gradient(child)
            self.mark(branch, child, several, closed=flow is not None and flow[6])
            found.append((child, branch))
        return found

    def mark(self, branch: Branch, child: int, several: bool, *, closed: bool) -> None:
        """Say where a copy adds or was shown before, and fold what got exactly 0 behind a closed gate."""
        explanation = self.explanation
        if child in self.seen and (several or explanation.graph.operands[child]):
            branch.gate = f"copy: see {branch.line} above"
        elif several:
            total = f"copy adds {sum_text(explanation, child, self.digits)} = {self.digits.gradient(child)}"
            branch.gate = f"{branch.gate}, {total}" if branch.gate else total
            self.seen.add(child)
        elif closed and explanation.graph.operands[child]:
            hidden = sum(explanation.graph.live((child,))) if len(explanation.graph) < 10_000 else 0
            branch.gate = f"closed, {hidden} nodes folded" if hidden else "closed, folded"


def tree(explanation: Explanation, digits: Digits, *, width: int, unicode: bool, most: int) -> list[Text]:
    """The trees as tables of at most WIDTH cells, digits whole, at most MOST rows."""
    forest = Forest(explanation, digits, most)
    drawn: list[Text] = []
    for number, rows in enumerate(forest.trees):
        if number:
            title = f"{rows[0].line}, where the tree above goes on"
            drawn.append(Text("\n" + (title if unicode else in_ascii(title)), style=DIM))
        drawn.extend(_drawn(rows, width=width, unicode=unicode))
    if forest.left_out or forest.titles:
        more = "… more of the tree is not shown (--full shows all)"
        drawn.append(Text(more if unicode else in_ascii(more), style=DIM))
    return drawn


def _drawn(rows: Sequence[Branch], *, width: int, unicode: bool) -> list[Text]:
    values = aligned([row.value for row in rows])
    locals_ = aligned([row.local for row in rows])
    gradients = aligned([row.gradient for row in rows])
    columns = [values, [f"× {text}" if row.local else "" for row, text in zip(rows, locals_, strict=True)],
               [("= " if row.local else "  ") + text for row, text in zip(rows, gradients, strict=True)]]  # fmt: skip
    headings = ["value", "× local", "  gradient"]
    wide = [max(len(heading), *map(len, column)) + 2 for heading, column in zip(headings, columns, strict=True)]
    step = 3
    gates = max(len(row.gate) for row in rows) + 2
    node = max(step * row.depth + len(row.line) + len(row.operation) for row in rows)
    room = width - sum(wide)
    shows_gate, shows_local = node + gates <= room, True
    if not shows_gate and node > room:
        shows_local = False
        columns[2] = gradients
        room += wide[1] + 2
        if node > room:
            step = 1
    node_room = max(room - (gates if shows_gate else 0) - (0 if unicode else 2), 8)
    arrows = width >= NARROW
    headings = ["value ↓" if arrows else "value", *(["× local", "  gradient"] if shows_local else ["gradient"])]
    grid = Grid(["node", *headings, *(["gate"] if shows_gate else [])], unicode=unicode)
    for place, row in enumerate(rows):
        cells = [_node(row, step, node_room)]
        cells.append(Text(columns[0][place], style=number_style(row.value, VALUE)))
        if shows_local:
            cells.append(Text(columns[1][place], style=number_style(row.local, LOCAL)))
        cells.append(Text(columns[2][place], style=number_style(row.gradient, GRADIENT)))
        if shows_gate:
            cells.append(Text(row.gate, style=DIM))
        grid.add(*cells)
        if not shows_gate and row.gate.startswith(("copy", "closed", "goes on")) and len(row.gate) < width:
            grid.span(Text(" " * (step * row.depth) + row.gate, style=DIM))
    return grid.lines()


def _node(row: Branch, step: int, room: int) -> Text:
    guides = "".join(guide if step == 3 else guide[0] for guide in row.guides)
    operation = middle_cut(row.operation, max(room - len(guides) - len(row.line), 4))
    return Text.assemble((guides, DIM), (row.line, LABEL), operation)
