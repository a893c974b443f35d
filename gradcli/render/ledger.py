"""The backward pass as bookkeeping, in the order of the sweep: a row a flow, a sum row where several flows meet."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import DIM, GRADIENT, LABEL, LOCAL, Grid, aligned, number_style
from gradcli.render.table import local_text, sum_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.explanation import Edge, Explanation
    from gradcli.report.precision import Digits


class Entry:
    """One row of the ledger as texts; `sign` stands between upstream and local."""

    __slots__ = ("downstream", "flow", "formula", "gate", "local", "sign", "upstream")

    def __init__(
        self, flow: str, upstream: str, sign: str, formula: str, local: str, downstream: str, gate: str
    ) -> None:
        self.flow = flow
        self.upstream = upstream
        self.sign = sign
        self.formula = formula
        self.local = local
        self.downstream = downstream
        self.gate = gate


def entries(explanation: Explanation, digits: Digits) -> list[Entry]:
    """Every row of the ledger: the seed, the flows in the order of the sweep, the sums after their last flow."""
    found = [
        Entry(explanation.labels.names[explanation.result], "", "", "", "", digits.gradient(explanation.result), "seed")
    ]
    if explanation.adjoint(explanation.result) is None:
        return []
    waiting = {index: len(flows) for index, flows in explanation.incoming.items()}
    for index in range(explanation.result, -1, -1):
        edges = explanation.edges(index) if index in explanation.outgoing else []
        for place, edge in enumerate(edges):
            gate = f"{explanation.graph.primitives[index].shown} {explanation.gate(index)}" if place == 0 else ""
            found.append(_flow(explanation, edge, digits, gate))
            waiting[edge.target] -= 1
            if waiting[edge.target] == 0 and len(explanation.incoming[edge.target]) > 1:
                found.append(_sum(explanation, edge.target, digits))
    return found


def _flow(explanation: Explanation, edge: Edge, digits: Digits, gate: str) -> Entry:
    names = explanation.labels.names
    formula, local = local_text(edge, digits)
    several = len(explanation.incoming[edge.target]) > 1
    downstream = digits.part(edge.source, edge.slot, edge.downstream) if several else digits.gradient(edge.target)
    if edge.closed and not explanation.graph.primitives[edge.source].opens:
        gate = gate or "closed"
    flow = f"{names[edge.source]} → {names[edge.target]}"
    return Entry(flow, digits.gradient(edge.source), "×", formula, local, downstream, gate)


def _sum(explanation: Explanation, index: int, digits: Digits) -> Entry:
    name = explanation.labels.names[index]
    return Entry(name, "Σ", "", sum_text(explanation, index, digits), "", digits.gradient(index), "copy adds")


def ledger(explanation: Explanation, rows: Sequence[Entry | str], *, width: int, unicode: bool) -> list[Text]:
    """The entries (and texts for what is left out) as one table of at most WIDTH cells, digits whole."""
    shown = [row for row in rows if isinstance(row, Entry)]
    upstream = _column(shown, [row.upstream for row in shown])
    downstream = aligned([row.downstream for row in shown])
    middle = _middle(shown)
    gate = max((len(row.gate) for row in shown), default=0)
    flow = max((len(row.flow) for row in shown), default=4)
    fixed = flow + 2 + max(map(len, upstream), default=0) + 2
    tail = max(map(len, downstream), default=0) + 2
    broken = fixed + max(map(len, middle), default=0) + 2 + tail > width
    gates = fixed + (0 if broken else tail) + max(map(len, middle), default=0) + 2 + gate + 2 <= width
    headings = ["flow", "upstream", "× local"]
    headings += [] if broken else ["= downstream"]
    headings += ["gate"] if gates else []
    grid = Grid(headings, unicode=unicode)
    place = 0
    for row in rows:
        if isinstance(row, str):
            grid.span(Text(row, style=DIM))
            continue
        result = f"= {downstream[place]}"
        cells = [Text(row.flow, style=LABEL), Text(upstream[place], style=number_style(row.upstream, GRADIENT))]
        local = Text(middle[place], style=number_style(row.local, LOCAL))
        answer = Text(result, style=number_style(row.downstream, GRADIENT))
        cells += [Text("\n").join([local, answer])] if broken else [local, answer]
        if gates:
            cells.append(Text(row.gate, style=DIM))
        grid.add(*cells)
        place += 1
    return grid.lines()


def _column(shown: Sequence[Entry], texts: Sequence[str]) -> list[str]:
    """Numbers aligned among themselves; the Σ of a sum row stands at the left."""
    numbers = aligned([text if text != "Σ" else "" for text in texts])
    width = max(map(len, numbers), default=0)
    return [("Σ" if text == "Σ" else number).ljust(width) for text, number in zip(texts, numbers, strict=True)]


def _middle(shown: Sequence[Entry]) -> list[str]:
    """`× 2*w =  4`: formulas to the right, numbers on the point; a sum stands as it is."""
    formulas = [row.formula if row.sign else "" for row in shown]
    wide = max(map(len, formulas), default=0)
    numbers = aligned([row.local if row.sign else "" for row in shown])
    texts = []
    for row, formula, number in zip(shown, formulas, numbers, strict=True):
        if not row.sign:
            texts.append(f"  {row.formula}" if row.formula else "")
        else:
            texts.append(f"× {formula.rjust(wide)}{' = ' if formula else '   ' if wide else ''}{number}")
    return texts
