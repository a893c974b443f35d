"""What the tree shows: which lines, in which order, and where it folds, refers to a row above or goes on below."""

from __future__ import annotations

from gradcli.render.table import sum_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.explanation import Edge, Explanation
    from gradcli.report.precision import Digits

MOST_DEPTH = 12
FEW_HIDDEN = 3  # nodes that are as well shown as folded
MOST_COUNTED = 1_000_000  # nodes behind closed gates, in all folds together
BRANCH, LAST, PIPE, BLANK = "├─ ", "└─ ", "│  ", "   "


class Branch:
    """One row of the tree: its line, the guides before it, the flow between it and its parent, and what is said of it.

    `remark` is "copy" at the first of several places, "see" at the later ones, "closed" where nothing below is shown,
    "below" where another tree goes on.
    """

    __slots__ = ("edge", "guides", "hidden", "index", "parent", "remark")

    def __init__(
        self, index: int, guides: tuple[str, ...] = (), parent: int | None = None, edge: Edge | None = None
    ) -> None:
        self.index = index
        self.guides = guides
        self.parent = parent
        self.edge = edge
        self.remark = ""
        self.hidden = 0

    @property
    def depth(self) -> int:
        """How many levels below the result of its tree it stands."""
        return len(self.guides)

    def words(self, explanation: Explanation, digits: Digits) -> str:
        """What stands in the column of gates."""
        name, gate = explanation.labels.names[self.index], explanation.gate_shown(self.index)
        gate = "" if gate == "copy adds" else gate
        if self.remark == "see":
            return f"copy: see {name} above"
        if self.remark == "below":
            return f"goes on below as a tree of {name}"
        if self.remark == "closed":
            count = f"{self.hidden:,} node{'s' * (self.hidden != 1)}" if self.hidden else "the rest"
            return f"closed, {count} folded"
        if self.remark == "copy" and not explanation.passes[0].forward:
            total = f"copy adds {sum_text(explanation, self.index, digits)} = {digits.number(self.index)}"
            return f"{gate}, {total}" if gate else total
        return gate


class Forest:
    """The rows of the trees: a first one from the result, and one more for each node below MOST_DEPTH."""

    def __init__(self, explanation: Explanation, most: int) -> None:
        self.explanation = explanation
        self.most = most
        self.seen: set[int] = set()
        self.counted = 0
        self.rows = 0
        self.trees: list[list[Branch]] = []
        self.cut = False
        self.titles = [explanation.result]
        for title in self.titles:  # grows as it is read
            if self.rows >= most:
                self.cut = True
                break
            self.trees.append(self._tree(title))

    def lines(self) -> set[int]:
        """The lines that have a row."""
        return {branch.index for rows in self.trees for branch in rows}

    def _tree(self, root: int) -> list[Branch]:
        """The rows from ROOT down, depth first, by a list of what is still to do."""
        rows: list[Branch] = []
        waiting = [Branch(root)]
        while waiting:
            if self.rows >= self.most:
                self.cut = True
                break
            branch = waiting.pop()
            rows.append(branch)
            self.rows += 1
            children = self._children(branch.index)
            branch.remark = self._remark(branch, children)
            self.seen.add(branch.index)
            if branch.remark == "below":
                self.titles.append(branch.index)
            elif branch.remark in ("", "copy"):
                waiting.extend(reversed(self._branches(branch, children)))
        return rows

    def _remark(self, branch: Branch, children: Sequence[tuple[int, int]]) -> str:
        index, backward = branch.index, self.explanation.backward
        if branch.parent is not None and index in self.seen:
            return "see"
        if branch.parent is not None and children and backward.closed[index] and not self.explanation.passes[0].forward:
            branch.hidden = self._count_below(index)
            if not 0 < branch.hidden < FEW_HIDDEN:
                return "closed"
        operands = self.explanation.graph.operands
        if branch.depth >= MOST_DEPTH and any(operands[child] for child, _ in children):
            return "below"
        return "copy" if backward.meeting(index) > 1 else ""

    def _children(self, index: int) -> list[tuple[int, int]]:
        """The operands that have a row, with their slot; a literal stands inside its line."""
        labels, graph = self.explanation.labels, self.explanation.graph
        return [
            (operand, slot)
            for slot, operand in enumerate(graph.operands[index])
            if graph.operands[operand] or labels.text(operand)[0] == labels.names[operand]
        ]

    def _branches(self, parent: Branch, children: Sequence[tuple[int, int]]) -> list[Branch]:
        """The rows below PARENT, each with the flow between them."""
        edges = {edge.slot: edge for edge in self.explanation.local_edges(parent.index)}
        stem = tuple(PIPE if guide == BRANCH else BLANK if guide == LAST else guide for guide in parent.guides)
        last = len(children) - 1
        return [
            Branch(child, (*stem, LAST if at == last else BRANCH), parent.index, edges.get(slot))
            for at, (child, slot) in enumerate(children)
        ]

    def _count_below(self, index: int) -> int:
        """How many nodes stand below one, each counted once; 0 where counting would take too long."""
        graph, names = self.explanation.graph, self.explanation.labels.names
        found = {index}
        waiting = [index]
        while waiting:
            for operand in graph.operands[waiting.pop()]:
                if operand not in found and names[operand]:
                    found.add(operand)
                    waiting.append(operand)
            self.counted += 1
            if self.counted > MOST_COUNTED:
                return 0
        return len(found) - 1
