"""Notes on runs with arrays: conventions that were used, gates that are dead, births of nan and inf, with the index."""

from __future__ import annotations

import numpy as np

from gradcli.graph import CONSTANT, SATURATED_BELOW, VARIABLE
from gradcli.insight.array_births import backward_births, births
from gradcli.insight.array_run import FEW, ArrayRun, Note, at, element, listed, true_of
from gradcli.insight.array_ties import ties
from gradcli.insight.notes import first_of_each_kind
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gradcli.graph import Edge

KINKS: dict[str, Any] = {  # the edges that are written for floats, over arrays; any other is looked at one by one
    "relu": lambda y, x: x == 0, "abs": lambda y, x: x == 0, "norm": lambda y, x: y == 0, "std": lambda y, x: y == 0,
    "leaky_relu": lambda y, x, s: (x == 0) & (s != 1), "elu": lambda y, x, a: (x == 0) & (a != 1),
    "hypot": lambda y, *xs: y == 0, "atan2": lambda y, a, b: (a == 0) & (b == 0),
    "pow": lambda y, a, b: (a == 0) & (b == 0), "mod": lambda y, a, b: (y == 0) & (b != 0),
}  # fmt: skip


def array_notes(run: ArrayRun) -> list[Note]:
    """Every note of a run, in the order in which a reader needs them: births, conventions, gates."""
    found = [*births(run)]
    if run.sweep is not None:
        found += [*backward_births(run), *_kinks(run), *ties(run), *_gates(run)]
    return [*first_of_each_kind(found)]


def _kinks(run: ArrayRun) -> Iterator[Note]:
    for index, primitive in enumerate(run.graph.primitives):
        for edge in primitive.edges:
            if edge.kind != "kink" or not run.concerns(index, edge):
                continue
            mask = _at_kink(run, index, edge)
            if mask is None:
                continue
            place = at(mask)
            where = f"{place}: " if place else ""
            sides = _sides(run, index, edge, mask)
            yield Note("kink", run.labels.names[index], f"{run.labels.equation(index)}: {where}{edge.says}{sides}")
            break


def _at_kink(run: ArrayRun, index: int, edge: Edge) -> Any:
    """Where a line is at a kink and a gradient arrives; None if nowhere."""
    primitive, value, operands = run.graph.primitives[index], run.value(index), run.operands(index)
    known = KINKS.get(primitive.name)
    mask = np.ones(value.shape, dtype=bool) if known is None else np.broadcast_to(known(value, *operands), value.shape)
    arrived = run.arrived(index) if mask.any() else None
    if arrived is None:
        return None
    mask = mask & arrived
    if known is None:
        extra = (run.graph.statics[index],) if primitive.static else ()
        mask = true_of(edge, value, operands, extra, mask)
    return mask if mask.any() else None


def _sides(run: ArrayRun, index: int, edge: Edge, mask: Any) -> str:
    """The one-sided derivatives, where they are the same at all places."""
    lines = run.graph.operands[index]
    if edge.sides is None or len(set(lines)) < len(lines):
        return ""
    operands = run.operands(index)
    if np.count_nonzero(mask) > 1 and any(operand.shape for operand in operands[1:]):
        return ""
    extra = (run.graph.statics[index],) if run.graph.primitives[index].static else ()
    numbers = element([run.value(index), *operands], mask.shape, int(np.flatnonzero(mask)[0]))
    lower, upper = edge.sides(*numbers, *extra)
    return f"; the one-sided derivatives are {significant(lower)} and {significant(upper)}"


def _gates(run: ArrayRun) -> Iterator[Note]:
    largest = _largest_locals(run)
    for index, primitive in enumerate(run.graph.primitives):
        if primitive is VARIABLE or primitive is CONSTANT or run.arrived(index) is None:
            continue
        name, equation = run.labels.names[index], run.labels.equation(index)
        if primitive.verbs[0] == "dead":
            yield Note("dead", name, f"{equation}: a dead gate: {primitive.edges[0].says}")
        elif primitive.verbs[0] == "stops" and run.active[index]:
            flat = "a place is a whole number" if primitive.name == "argmax" else "a comparison is flat on both sides"
            yield Note("dead", name, f"{equation}: passes no gradient: {flat}")
        elif primitive.shown == "relu":
            yield from _blocks(run, index, name, equation)
        elif primitive.verbs[0] == "saturates" and largest.get(index, 1.0) < SATURATED_BELOW:
            yield Note("saturated", name, f"{equation}: saturated: {_largest_said(run, index, largest[index])}")


def _largest_locals(run: ArrayRun) -> dict[int, float]:
    """The largest local gradient of each line that saturates; of softmax, of a share by its own operand."""
    found: dict[int, float] = {}
    for flow in run.flows:
        primitive = run.graph.primitives[flow.source]
        if primitive.verbs[0] != "saturates":
            continue
        if flow.local is not None:
            size = float(np.max(np.abs(flow.local)))
        else:
            shares = run.value(flow.source)
            size = float(np.max(shares * (1 - shares)))
        found[flow.source] = max(found.get(flow.source, 0.0), size)
    return found


def _largest_said(run: ArrayRun, index: int, largest: float) -> str:
    if run.graph.primitives[index].kind == "carried":
        return f"no share p has a slope p*(1 - p) over {significant(largest)}"
    if not np.shape(run.values[index]):
        return f"its local gradient is only {significant(largest)}"
    return f"no local gradient is over {significant(largest)} in size"


def _blocks(run: ArrayRun, index: int, name: str, equation: str) -> Iterator[Note]:
    """A relu that lets nothing through, or nothing of a column."""
    (x,) = run.operands(index)
    if np.isnan(x).any():
        return
    passed = x > 0
    if not passed.any():
        if (x < 0).any():
            what = "its input is" if not x.shape else "every input is" if (x < 0).all() else "no input is positive:"
            tail = "negative, so exactly 0 goes back" if not what.endswith(":") else "exactly 0 goes back"
            yield Note("dead", name, f"{equation}: blocks: {what} {tail}")
        return
    if passed.ndim != 2 or len(passed) < 2:
        return
    columns = np.flatnonzero(~passed.any(axis=0))
    if len(columns):
        which = listed([*map(str, columns[:FEW]), *([f"{len(columns) - FEW:,} more"] if len(columns) > FEW else [])])
        word = "column" if len(columns) == 1 else "columns"
        zero = _zero_by_columns(run, run.graph.operands[index][0], columns)
        yield Note("dead", name, f"{equation}: blocks all of {word} {which}{zero}")


def _zero_by_columns(run: ArrayRun, line: int, columns: Any) -> str:
    """Which inputs get exactly 0 because those COLUMNS of a line get none: `, so ∂f/∂W[:,0] is exactly 0`."""
    assert run.sweep is not None
    graph, names = run.graph, run.labels.names
    lines, found = [line], []
    if graph.primitives[line].name == "add":
        lines = list(graph.operands[line])
    for part in lines:
        weight = graph.operands[part][1] if graph.primitives[part].name == "matmul" else part
        number = run.sweep.numbers[weight]
        if graph.primitives[weight] is not VARIABLE or number is None or np.ndim(number) not in (1, 2):
            continue
        if weight == part and (np.ndim(number) != 1 or np.shape(number) != np.shape(run.values[line])[1:]):
            continue
        if len(columns) == 1 and not np.any(np.asarray(number)[..., columns]):
            rows = ":," * (np.ndim(number) - 1)
            found.append(f"∂{names[run.result]}/∂{names[weight]}[{rows}{columns[0]}]")
    return f", so {listed(found)} {'is' if len(found) == 1 else 'are'} exactly 0" if found else ""
