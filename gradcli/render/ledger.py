"""The sweep as bookkeeping: a row a flow, and a sum row where several flows meet. In forward mode a block an input."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import DIM, GRADIENT, LABEL, LOCAL, Grid, aligned, folded, in_ascii, number_style
from gradcli.render.table import local_text, sum_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.explanation import Edge, Explanation
    from gradcli.report.flows import Pass
    from gradcli.report.precision import Digits

    Step = tuple[int, int, int]  # which pass, the line, and the number of its flow, or SEED, SUM, LOST

SEED, SUM, LOST = -1, -2, -3
LEAST_MIDDLE = 18  # cells; where there are fewer, the cells of a row stand below each other


class Entry:
    """One row of the ledger as texts; `sign` stands between upstream and local, `cut_off` says why the result is 0."""

    __slots__ = ("cut_off", "downstream", "flow", "formula", "gate", "local", "sign", "upstream")

    def __init__(self, flow: str, downstream: str, gate: str, *, formula: str = "") -> None:
        self.flow = flow
        self.upstream = ""
        self.sign = ""
        self.formula = formula
        self.local = ""
        self.downstream = downstream
        self.gate = gate
        self.cut_off = ""

    def spelled(self) -> Entry:
        """The same in ASCII."""
        for name in self.__slots__:
            setattr(self, name, in_ascii(getattr(self, name)))
        return self


def steps(explanation: Explanation) -> list[list[Step]]:
    """The rows of each pass: (pass, line, number of the flow through its locals, or SEED, SUM, LOST)."""
    return [
        _forward(explanation, place, sweep) if sweep.forward else _backward(explanation, place, sweep)
        for place, sweep in enumerate(explanation.passes)
    ]


def _backward(explanation: Explanation, place: int, sweep: Pass) -> list[Step]:
    result = explanation.result
    if sweep.numbers[result] is None:
        return []
    found: list[Step] = [(place, result, SEED)]
    waiting = {index: len(flows) for index, flows in sweep.arriving.items() if len(flows) > 1}
    for index in range(result, -1, -1):
        for at, flow in enumerate(sweep.leaving.get(index, ())):
            found.append((place, index, at))
            if flow[1] in waiting:
                waiting[flow[1]] -= 1
                if not waiting[flow[1]]:
                    found.append((place, flow[1], SUM))
    return found


def _forward(explanation: Explanation, place: int, sweep: Pass) -> list[Step]:
    source = explanation.question.sources[sweep.name or ""]
    found: list[Step] = [(place, source or 0, SEED)]
    for index in sorted(sweep.arriving):
        flows = sweep.arriving[index]
        found += [(place, index, at) for at in range(len(flows))]
        found += [(place, index, SUM)] if len(flows) > 1 else []
    result, tangent = explanation.result, sweep.numbers[explanation.result]
    if tangent is not None and tangent != tangent and explanation.value != explanation.value and result != source:
        found.append((place, result, LOST))
    return found


def lines_of(explanation: Explanation, shown: Sequence[Step | str]) -> set[int]:
    """The lines whose numbers the rows show."""
    lines: set[int] = set()
    for step in shown:
        if isinstance(step, str):
            continue
        place, index, at = step
        lines.add(index)
        if at >= 0:
            lines.update(explanation.passes[place].of_line(index)[at][:2])
    return lines


def entry(explanation: Explanation, step: Step, digits: Digits) -> Entry:
    """One row of the ledger."""
    place, index, at = step
    name = explanation.labels.names[index]
    if at == SEED:
        return Entry(name, digits.number(index, place), "seed")
    if at == SUM:
        word = "adds" if explanation.passes[place].forward else "copy adds"
        total = sum_text(explanation, index, digits, place)
        value = digits.total(index, place)
        return Entry(name, value, word, formula=total)
    if at == LOST:
        return Entry(name, digits.number(index, place), "nan result")
    return _flow(explanation, place, explanation.edges(index, place)[at], at == 0, digits)


def _flow(explanation: Explanation, place: int, edge: Edge, first: bool, digits: Digits) -> Entry:
    names = explanation.labels.names
    shown, verb = explanation.graph.primitives[edge.owner].shown, explanation.gate_shown(edge.owner, place)
    gate = "" if not first else shown if verb in ("adds", "subtracts") else f"{shown} {verb}"
    row = Entry(f"{names[edge.source]} → {names[edge.target]}", digits.downstream(edge, place), gate)
    row.upstream, row.sign = digits.number(edge.source, place), "×"
    row.formula, row.local = local_text(edge, digits)
    row.cut_off = f" ({edge.cut_off})" if edge.cut_off else ""
    return row


def ledger(
    explanation: Explanation, shown: Sequence[Step | str], digits: Digits, *, width: int, unicode: bool
) -> list[Text]:
    """The steps (and texts for what is left out) as one table of at most WIDTH cells, digits whole."""
    every = [row if isinstance(row, str) else entry(explanation, row, digits) for row in shown]
    rows = [row if isinstance(row, str) or unicode else row.spelled() for row in every]
    entries = [row for row in rows if isinstance(row, Entry)]
    upstream = _column(entries, [row.upstream for row in entries], unicode=unicode)
    downstream = aligned([row.downstream for row in entries])
    middle = _middle(entries, unicode=unicode)
    words = ("tangent", "push") if explanation.passes[0].forward else ("upstream", "downstream")
    times = "×" if unicode else "*"
    flow = max(len(row.flow) for row in entries) + 2
    wide = max(map(len, [words[0], *upstream])) + 2
    free = width - flow - wide - max(map(len, middle))
    tail = max(map(len, [words[1], *downstream])) + 4
    atoms = [*downstream, *(row.local + row.cut_off for row in entries)]  # no number is broken
    stacked = width - flow - wide < max(LEAST_MIDDLE, *(len(atom) + 2 for atom in atoms))
    broken = free < tail and not stacked
    gates = free >= (0 if broken else tail) + max(len(row.gate) for row in entries) + 2
    headings = ["flow", words[0], f"{times} local"]
    headings += ([] if broken else [f"= {words[1]}"]) + (["gate"] if gates else [])
    grid = Grid(headings, width=width, unicode=unicode)
    place = 0
    for row in rows:
        if isinstance(row, str):
            grid.span(Text(row, style=DIM))
            continue
        cells = [Text(row.flow, style=LABEL), Text(upstream[place], style=number_style(row.upstream, GRADIENT))]
        pieces = folded(middle[place], width - (4 if stacked else flow + wide), 2)
        local = Text("\n".join(pieces), style=number_style(row.local, LOCAL))
        answer = Text(f"= {downstream[place]}", style=number_style(row.downstream, GRADIENT))
        cells += [local, answer] if not broken else [Text("\n").join([local, answer] if local.plain else [answer])]
        cells += [Text(row.gate, style=DIM)] if gates else []
        grid.add(*cells)
        place += 1
    return grid.lines()


def _column(shown: Sequence[Entry], texts: Sequence[str], *, unicode: bool) -> list[str]:
    """Numbers aligned among themselves; the Σ of a sum row stands at the left."""
    numbers = aligned(texts)
    width = max(map(len, numbers), default=0)
    sigma = "Σ" if unicode else "sum"
    sums = [not row.sign and bool(row.formula) for row in shown]
    return [(sigma if is_sum else text).ljust(width) for is_sum, text in zip(sums, numbers, strict=True)]


def _middle(shown: Sequence[Entry], *, unicode: bool) -> list[str]:
    """`× 2*w =  4`: formulas to the right, numbers on the point; a sum stands as it is."""
    formulas = [row.formula if row.sign else "" for row in shown]
    wide = min(max(map(len, formulas), default=0), 24)
    numbers = aligned([row.local if row.sign else "" for row in shown])
    times = "×" if unicode else "*"
    texts = []
    for row, formula, number in zip(shown, formulas, numbers, strict=True):
        if not row.sign:
            texts.append(f"  {row.formula}" if row.formula else "")
        else:
            gap = " = " if formula else "   " if wide else ""
            texts.append(f"{times} {formula.rjust(wide)}{gap}{number.rstrip() if row.cut_off else number}{row.cut_off}")
    return texts
