"""Where a nan or inf was born: at a line on the way forward, at a flow or a sum on the way back."""

from __future__ import annotations

from gradcli.graph import VARIABLE
from gradcli.insight.run import Note, Run, applies
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def births(run: Run) -> Iterator[Note]:
    graph, values, labels = run.graph, run.values, run.labels
    for index, value in enumerate(values):
        if value != value and run.live[index] and graph.primitives[index] is VARIABLE:
            yield Note("nan", labels.names[index], f"{labels.names[index]}: was given as nan")
        if value - value == 0 or not run.live[index] or not graph.operands[index]:
            continue
        above = [values[operand] for operand in graph.operands[index]]
        if any(v != v for v in above) or (value == value and any(v - v != 0 for v in above)):
            continue
        reason, domain = _reason(run, index, above)
        kind = "inf" if value == value else "domain" if domain else "nan"
        what = significant(value)
        yield Note(kind, labels.names[index], f"{labels.equation(index)}: {what} is born here: {reason}")
    if values[run.result] != values[run.result] and run.sweep is not None:
        name = labels.names[run.result]
        yield Note(
            "nan",
            name,
            f"{name}: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0",
        )


def _reason(run: Run, index: int, above: Sequence[float]) -> tuple[str, bool]:
    for edge in run.graph.primitives[index].edges:
        if edge.kind == "domain" and edge.when(
            run.values[index], *above, *((run.graph.statics[index],) if run.graph.primitives[index].static else ())
        ):
            if run.graph.primitives[index].name == "div" and above[0] == 0:
                return "0/0", False
            return edge.says, True
    if run.values[index] == run.values[index]:
        return "overflow", False
    signs = {"add": "inf - inf", "sub": "inf - inf", "mul": "0 × inf", "div": "inf/inf"}
    name = run.graph.primitives[index].name
    return signs.get(name, f"{run.graph.primitives[index].shown} at {', '.join(map(significant, above))}"), False


def backward_births(run: Run) -> Iterator[Note]:
    labels = run.labels
    sums: dict[int, float] = {}
    for source, target, _, upstream, local, downstream, closed in run.flows:
        if not closed and downstream - downstream != 0:
            place = f"{labels.names[source]} → {labels.names[target]}"
            yield from _birth_at_a_flow(run, source, place, upstream, local, downstream)
        before = sums.get(target)
        sums[target] = downstream if before is None else before + downstream
        if before is not None and sums[target] != sums[target] and before == before and downstream == downstream:
            name = labels.names[target]
            yield Note("nan", name, f"{name}: nan is born where its flows meet: inf - inf")


def _birth_at_a_flow(
    run: Run, source: int, place: str, upstream: float, local: float, downstream: float
) -> Iterator[Note]:
    name = run.labels.names[source]
    if upstream != upstream or (upstream - upstream != 0 and downstream == downstream and local - local == 0):
        return
    operands = run.graph.operands[source]
    given = [run.values[source], *(run.values[operand] for operand in operands)]
    if local - local != 0 and all(v - v == 0 for v in given):
        reason = next(
            (
                e.says
                for e in run.graph.primitives[source].edges
                if e.kind in ("inf", "domain") and applies(run, source, e)
            ),
            "",
        )
        what = significant(local)
        because = f": {reason}" if reason else ""
        yield Note("domain" if local != local and reason else "nan" if local != local else "inf", name,
                   f"{place}: the local gradient of {run.labels.equation(source)} is {what}{because}")  # fmt: skip
    if local == local and downstream != downstream:
        yield Note("nan", name, f"{place}: nan is born at this flow: {significant(upstream)} × {significant(local)}")
    elif local - local == 0 and upstream - upstream == 0:
        yield Note("inf", name, f"{place}: {significant(downstream)} is born at this flow: overflow")
