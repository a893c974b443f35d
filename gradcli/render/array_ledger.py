"""The sweep over arrays as bookkeeping: a row a flow with its shapes, and a sum row where several flows meet."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.array_blocks import beside, level, wide
from gradcli.render.array_cells import (
    Column,
    Stack,
    cells_of,
    gate_column,
    gate_lines,
    grid_of,
    one_column,
    total_width,
)  # fmt: skip
from gradcli.render.array_rules import broken
from gradcli.render.array_tree import level_behind
from gradcli.render.style import DIM, GAP, GRADIENT, LABEL, LOCAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.render.array_blocks import Block
    from gradcli.render.array_rules import Speaker
    from gradcli.report.array_explanation import ArrayEdge, ArrayExplanation, ArrayPass

    Step = tuple[int, int, int]  # which pass, the line, and the number of its flow, or SEED, SUM

SEED, SUM = -1, -2
WIDE_ROOM = 24  # cells of the column of locals with which gates may stand beside it
MOST_LINES = 3  # of a formula beside numbers


def steps(explanation: ArrayExplanation) -> list[list[Step]]:
    """The rows of each pass: (pass, line, number of the flow through its rules, or SEED, SUM)."""
    return [
        _forward(place, sweep) if sweep.forward else _backward(explanation.result, place, sweep)
        for place, sweep in enumerate(explanation.sweeps())
    ]


def _backward(result: int, place: int, sweep: ArrayPass) -> list[Step]:
    if sweep.numbers[result] is None:
        return []
    found: list[Step] = [(place, result, SEED)]
    waiting = {index: len(flows) for index, flows in sweep.arriving.items() if len(flows) > 1}
    for index in range(result, -1, -1):
        for at, flow in enumerate(sweep.leaving.get(index, ())):
            found.append((place, index, at))
            if flow.target in waiting:
                waiting[flow.target] -= 1
                if not waiting[flow.target]:
                    found.append((place, flow.target, SUM))
    return found


def _forward(place: int, sweep: ArrayPass) -> list[Step]:
    found: list[Step] = [(place, sweep.source or 0, SEED)]
    for index in sorted(sweep.arriving):
        flows = sweep.arriving[index]
        found += [(place, index, at) for at in range(len(flows))]
        found += [(place, index, SUM)] if len(flows) > 1 else []
    return found


def lines_of(explanation: ArrayExplanation, shown: Sequence[Step | str]) -> set[int]:
    """The lines whose numbers the rows show."""
    lines: set[int] = set()
    for step in shown:
        if isinstance(step, str):
            continue
        place, index, at = step
        lines.add(index)
        if at >= 0:
            flow = explanation.sweeps()[place].of_line(index)[at]
            lines.update((flow.source, flow.target))
    return lines


class Row:
    """One row of the ledger."""

    __slots__ = ("at", "edge", "gate", "index", "name", "place", "shapes", "speaker")

    def __init__(self, speaker: Speaker, step: Step) -> None:
        explanation = speaker.explanation
        self.speaker = speaker
        self.place, self.index, self.at = step
        self.edge: ArrayEdge | None = None
        self.name, self.shapes, self.gate = speaker.name(self.index), speaker.shape(self.index), ""
        sweep = explanation.sweeps()[self.place]
        if self.at == SEED:
            self.name = sweep.name or self.name
            self.gate = "seed"
        elif self.at == SUM:
            self.gate = "adds" if sweep.forward else "copy adds"
        else:
            edge = self.edge = explanation.edges(self.index, self.place)[self.at]
            self.name = speaker.spell(f"{speaker.name(edge.source)} → {speaker.name(edge.target)}")
            self.shapes = speaker.spell(f"{speaker.shape(edge.source)} → {speaker.shape(edge.target)}")
            if self.at == 0:
                shown = explanation.graph.primitives[edge.owner].shown
                verb = explanation.gate_shown(edge.owner, self.place)
                self.gate = speaker.spell(shown if verb in ("adds", "subtracts") else f"{shown} {verb}")

    def flow(self) -> Block:
        """Where the gradient flows, with the shapes under it, or beside it where they are short."""
        if self.edge is None or self.shapes.strip("[]") in ("] → [", "] -> ["):
            return [f"{self.name}  {self.shapes.partition(' ')[0]}"]
        return [self.name, self.shapes]

    def upstream(self, room: int | None = None) -> Block:
        """The number that comes in."""
        return [""] if self.edge is None else self.speaker.number(self.edge.source, self.place, room)

    def local(self, room: int | None = None, *, whole: bool = False) -> Block:
        """What it is multiplied by, or how it is carried; of a sum row what is added. WHOLE keeps columns together."""
        if self.at == SUM:
            return self.speaker.parts(self.index, self.speaker.spell("Σ "), room, self.place, whole=whole)
        edge = self.edge
        if edge is None:
            return [""]
        if edge.local is None:
            return broken(self.speaker.carried(edge), room)
        formula, times = self.speaker.formula(edge), self.speaker.spell("× ")
        formula = f"({formula})" if is_sum(formula) else formula
        numbers = self.speaker.local(edge, None if room is None or whole else room - 2)
        found = beside([[f"{times}{formula} = " if formula else times], numbers])
        if formula and room is not None and wide(found) > room:
            above = broken(f"{times}{formula} =", room)
            long = whole and len(above) > MOST_LINES
            found = beside([[times], numbers]) if long else [*above, *beside([["  "], numbers])]
        below = broken(self.speaker.summed(edge), room) if edge.copied else []
        return [*found, *below]

    def downstream(self, room: int | None = None) -> Block:
        """What arrives."""
        if self.edge is not None:
            return self.speaker.downstream(self.edge, self.place, room)
        return self.speaker.number(self.index, self.place, room)


def is_sum(formula: str) -> bool:
    """Whether a formula has to stand in parentheses behind `×`."""
    depth = 0
    for at, sign in enumerate(formula):
        depth += (sign in "([") - (sign in ")]")
        if not depth and formula[at : at + 3] in (" + ", " - "):
            return True
    return False


def ledger(speaker: Speaker, shown: Sequence[Step | str], *, width: int, unicode: bool) -> list[Text]:
    """The steps (and texts for what is left out) as one table of at most WIDTH cells, digits whole."""
    every = [row if isinstance(row, str) else Row(speaker, row) for row in shown]
    rows = [row for row in every if isinstance(row, Row)]
    words = ("tangent", "push") if speaker.explanation.forward else ("upstream", "downstream")
    columns = [
        Column("flow", LABEL, [row.flow() for row in rows]),
        Column(words[0], GRADIENT, level([row.upstream() for row in rows]), pad=1),
        Column("× local", LOCAL, [row.local() for row in rows]),
        Column(f"= {words[1]}", GRADIENT, level_behind([("= ", row.downstream()) for row in rows])),
    ]
    gates = Column("gate", DIM, [gate_lines(row.gate) for row in rows]).width() + GAP
    room = width - total_width(columns) + columns[2].width()
    if columns[2].width() > room - gates:
        room = room - gates if room - gates >= WIDE_ROOM else max(room, WIDE_ROOM // 2)
        columns[2].blocks = [row.local(room, whole=True) for row in rows]
    if total_width(columns) > width:
        columns[2].blocks = [row.local() for row in rows]
        columns[2:] = [one_column(columns[2], columns[3])]
    room = width - total_width(columns[:2]) - GAP
    if total_width(columns) > width and room >= WIDE_ROOM:
        columns[2].blocks = [row.local(room, whole=True) for row in rows]
    if total_width(columns) > width:
        return _stacked(every, words, width, unicode=unicode)
    columns += gate_column([row.gate for row in rows], width - total_width(columns))
    grid = grid_of(columns, unicode=unicode)
    grid.width = width
    place = 0
    for row in every:
        if isinstance(row, str):
            grid.span(Text(row, style=DIM))
            continue
        name = Text("\n".join(row.flow()), style=DIM)
        name.stylize(LABEL, 0, len(row.name))
        grid.add(name, *cells_of(columns[1:], place))
        place += 1
    return grid.lines()


def _stacked(every: Sequence[Row | str], words: tuple[str, str], width: int, *, unicode: bool) -> list[Text]:
    """The cells of a row below each other."""
    stack = Stack(width, unicode=unicode)
    for row in every:
        if isinstance(row, str):
            stack.span(row)
            continue
        stack.first(row.name, f"  {row.shapes}", row.gate)
        stack.cell(words[0].ljust(10), row.upstream, GRADIENT)
        stack.cell("", row.local, LOCAL)
        stack.cell(words[1].ljust(10), row.downstream, GRADIENT)
    return stack.lines
