"""Signs that meet: the minus of a factor or a term is carried on until it cancels, or makes one line of a + and a -.

Exact, since nothing is rounded otherwise for its sign (a scatter's zeros may change theirs).
"""

from __future__ import annotations

from gradcli.graph import CONSTANT, NAMED, Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradcli.graph.drafts import Draft

PRODUCTS = frozenset(("mul", "div", "matmul", "dot", "outer"))
SUMS = frozenset(("add", "sub"))
LINEAR = frozenset(("fit", "broadcast", "reshape", "flatten", "transpose", "index", "scatter", "sum", "mean", "cumsum"))
BLIND = frozenset(("square", "abs"))


def move_signs(draft: Draft) -> None:
    """Carry every minus on where that leaves fewer lines, or costs none.

    A line that is minus another one is written as that, for those who need it with its sign.
    """
    if not any(_is_signed(draft, line) for line in range(len(draft.primitives))):
        return
    graph, settled = draft.settle()
    signs = Signs(graph, [settled[draft.places[line]] for line in draft.wanted])
    if not signs.worthwhile:
        return
    short, moved = signs.write()
    changed = [line for line, place in enumerate(settled) if draft.here[line] and place in signs.changed]
    forms = [(draft.numbers[line], draft.form(line)) for line in changed]
    moved = [-1 if place < 0 else moved[place] for place in settled]
    draft.reload(short, moved)
    for line, (number, was) in zip(changed, forms, strict=True):
        place = moved[line]
        draft.note(number, was, draft.form(place) if draft.numbers[place] == number else draft.numbers[place])


def _is_signed(draft: Draft, line: int) -> bool:
    primitive = draft.primitives[line]
    if primitive is CONSTANT:
        static = draft.statics[line]
        return type(static) is float and static < 0
    return primitive.name == "neg" and draft.here[line]


class Signs:
    """Which lines of a graph are minus something, and where it is worth it to take them so.

    Lines that hang together through their signs are one group, taken so together or not at all. Each neg line of a
    group is one less, each signed line that is needed as it is one more.
    """

    def __init__(self, graph: Graph, results: Iterable[int]) -> None:
        self.graph = graph
        results = list(results)
        self.live = graph.live(results)
        self.minus = [
            primitive is CONSTANT and type(static) is float and static < 0
            for primitive, static in zip(graph.primitives, graph.statics, strict=True)
        ]
        self.groups = list(range(len(graph)))
        self.needed = {*results, *(line for line, name in enumerate(graph.names) if name is not None)}
        for line, operands in enumerate(graph.operands):
            if operands and self.live[line]:
                self._look(line)
        self.taken = self._weighed()
        self.changed: set[int] = set()

    @property
    def worthwhile(self) -> bool:
        """Whether there is a group to be taken."""
        return bool(self.taken)

    def _look(self, line: int) -> None:
        """Whether LINE is minus something, its operands being what they are."""
        graph, minus = self.graph, self.minus
        name, operands = graph.primitives[line].name, graph.operands[line]
        signed = [operand for operand in operands if minus[operand]]
        if name == "neg":
            minus[line] = not signed
        elif not signed:
            return
        elif name in PRODUCTS:
            minus[line] = len(signed) == 1
        elif name in LINEAR:
            minus[line] = True
        elif name in SUMS:
            first, second = [minus[operand] for operand in operands]
            minus[line] = first and second == (name == "add")
        elif not _is_blind(graph, line):
            self.needed.update(signed)
            return
        for operand in signed:
            if graph.operands[operand]:
                self._join(line, operand)

    def _join(self, line: int, operand: int) -> None:
        a, b = self._group(line), self._group(operand)
        self.groups[max(a, b)] = min(a, b)

    def _group(self, line: int) -> int:
        groups = self.groups
        while groups[line] != line:
            groups[line] = line = groups[groups[line]]
        return line

    def _weighed(self) -> set[int]:
        graph = self.graph
        gains: dict[int, int] = {}
        costs: dict[int, int] = {}
        for line, operands in enumerate(graph.operands):
            if not (operands and self.live[line]):
                continue
            group = self._group(line)
            is_neg = graph.primitives[line].name == "neg"
            signed = self.minus[line] or any(map(self.minus.__getitem__, operands))
            if is_neg or (signed and self._follows(line)):
                gains[group] = gains.get(group, 0) + is_neg
                costs[group] = costs.get(group, 0) + (self.minus[line] and line in self.needed)
        return {group for group, gain in gains.items() if gain > costs[group] or not costs[group]}

    def _follows(self, line: int) -> bool:
        """Whether LINE can take operands without their sign."""
        name = self.graph.primitives[line].name
        return name in PRODUCTS or name in LINEAR or name in SUMS or name == "neg" or _is_blind(self.graph, line)

    def write(self) -> tuple[Graph, list[int]]:
        """The graph with the signs moved, and where each line is; beside a signed line stands what it is minus of."""
        graph, short = self.graph, Graph()
        short.shapes = None if graph.shapes is None else []
        moved: list[int] = []
        under: dict[int, int] = {}
        for line, operands in enumerate(graph.operands):
            if operands and self.live[line] and self._group(line) in self.taken and self._follows(line):
                moved.append(self._written(line, short, moved, under))
            else:
                if short.shapes is not None and graph.shapes is not None and not operands:
                    short.shapes.append(graph.shapes[line])
                moved.append(self._append(short, line, graph.primitives[line].name, [moved[o] for o in operands]))
                if not operands and self.minus[line]:
                    under[line] = -1  # until it is needed
        return short, moved

    def _append(self, short: Graph, line: int, name: str, operands: Sequence[int], *, plain: bool = False) -> int:
        graph = self.graph
        primitive = graph.primitives[line] if name == graph.primitives[line].name else NAMED[name]
        static = graph.statics[line] if primitive is graph.primitives[line] else None
        if plain:
            return short.append(primitive, tuple(operands), static)
        return short.append(primitive, tuple(operands), static, graph.names[line], graph.spans[line])

    def _written(self, line: int, short: Graph, moved: Sequence[int], under: dict[int, int]) -> int:
        """Write LINE of a group that is taken; where it is."""
        graph = self.graph
        name, operands = graph.primitives[line].name, graph.operands[line]
        signed = [operand in under for operand in operands]
        for operand in operands:
            if under.get(operand) == -1:
                under[operand] = short.constant(-graph.statics[operand])
        bare = [under.get(operand, moved[operand]) for operand in operands]
        if name == "neg":
            if not signed[0]:
                under[line] = bare[0]
                return self._append(short, line, name, bare)
            self.changed.add(line)
            place = bare[0]
            if graph.names[line] is not None and short.names[place] is None and short.operands[place]:
                short.names[place], short.spans[place] = graph.names[line], graph.spans[line]
            return place
        if not any(signed):
            return self._append(short, line, name, bare)
        self.changed.add(line)
        if name in SUMS:
            if signed[0] != signed[1]:
                name = "add" if (name == "sub") else "sub"
            if (signed[0] and not signed[1] and name == "sub") or (all(signed) and name == "sub"):
                bare.reverse()
        if not self.minus[line]:
            return self._append(short, line, name, bare)
        under[line] = self._append(short, line, name, bare, plain=True)
        return self._append(short, line, "neg", [under[line]])


def _is_blind(graph: Graph, line: int) -> bool:
    name = graph.primitives[line].name
    return name in BLIND or (name == "power" and graph.statics[line] % 2 == 0)
