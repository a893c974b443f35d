"""Correct digits of a double against a true number, the place that lost them, and where a nan was born."""

from __future__ import annotations

from math import floor, inf, isfinite, isnan, log10, nan

from gradcli.autodiff.precise import Truth, absolute_error, decimal, is_nan, nearest, relative_error
from gradcli.graph import ATOM_LEVEL, CONSTANT, SIGN_LEVEL, Graph
from gradcli.graph.carriers import trace_rules
from gradcli.graph.labels import MOST_SHOWN, Labels
from gradcli.graph.notation import operation, spelled
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.autodiff import Flow, Sweep
    from gradcli.graph.notation import Text

    Digits = int | str | None
    Site = tuple[str, int]  # ("value", line), ("adjoint", line) or ("flow", its place in the ledger)

ALL, NONE, UNDECIDED = "all", "none", "undecided"
ROUNDING = 2.0**-53
LOST = 100 * ROUNDING  # a relative error from which digits were lost, not only rounded
AMPLIFIED = 100
MOST_DIGITS = 17
LONGEST_FORMULA = 60
SMALLEST_NORMAL = 2.0**-1022
OF_ELEMENTS = ("sum of elements", "mean of elements", "dot of elements", "det of elements")


class Judged:
    """A float run beside its true numbers."""

    __slots__ = ("arriving", "flows", "graph", "labels", "result", "sweep", "truth", "values")

    def __init__(
        self, graph: Graph, values: Sequence[float], result: int, sweep: Sweep, flows: Sequence[Flow], truth: Truth
    ) -> None:
        self.graph = graph
        self.values = values
        self.result = result
        self.sweep = sweep
        self.flows = flows
        self.truth = truth
        self.labels = Labels(graph, result)
        self.arriving: dict[int, list[int]] = {}
        for place, flow in enumerate(flows):
            self.arriving.setdefault(flow[1], []).append(place)


class Loss:
    """A place that lost digits.

    kind    overflow, underflow, subnormal, cancellation, magnified, inaccurate, stray, undefined or convention
    place   `v2 = exp(v1)` or `flow f → v3`; `line` and `target` are the labels in it
    numbers the same with numbers for the operands: `v2 = exp(800)`
    cause   a clause that says why
    time    when it happened, forward lines first
    """

    __slots__ = ("cause", "kind", "line", "numbers", "place", "target", "time", "true", "value")

    def __init__(
        self, kind: str, time: int, line: str, place: str, cause: str, value: float, true: str, *,
        target: str | None = None, numbers: str = "",
    ) -> None:  # fmt: skip
        self.kind = kind
        self.time = time
        self.line = line
        self.target = target
        self.place = place
        self.numbers = numbers or place
        self.cause = cause
        self.value = value
        self.true = true

    @property
    def at_line(self) -> bool:
        """Whether a line lost the digits by itself, and no flow or sum of flows."""
        return self.target is None and self.place.startswith(f"{self.line} = ")

    def as_object(self) -> dict[str, object]:
        """The loss as JSON's object."""
        found: dict[str, object] = {"kind": self.kind, "place": self.place, "line": self.line, "cause": self.cause}
        if self.target is not None:
            found["to"] = self.target
        return {**found, "value": self.value, "true": self.true}


class Birth:
    """Where a nan was born: `place` as in a Loss, and what met there."""

    __slots__ = ("line", "place", "target", "what")

    def __init__(self, line: str, place: str, what: str, *, target: str | None = None) -> None:
        self.line = line
        self.target = target
        self.place = place
        self.what = what

    def as_object(self) -> dict[str, object]:
        """The birth as JSON's object."""
        found: dict[str, object] = {"place": self.place, "line": self.line, "what": self.what}
        if self.target is not None:
            found["to"] = self.target
        return found


def correct_digits(value: float, exact: Any) -> Digits:
    """How many digits of VALUE are right: "all" where it is the double nearest to EXACT, "none", or a whole number.

    "undecided" where no true number was found (EXACT is None), None where there is none (EXACT is nan).
    """
    if exact is None:
        return UNDECIDED
    if is_nan(exact):
        return None
    if value == nearest(exact):
        return ALL
    error = relative_error(value, exact)
    digits = 0 if error >= 0.1 else min(floor(-log10(error)), MOST_DIGITS)
    return digits or NONE


def is_lost(value: float, exact: Any) -> bool:
    """Whether VALUE lacks more digits than rounding takes."""
    if exact is None or is_nan(exact) or value == nearest(exact):
        return False
    return relative_error(value, exact) > LOST


def loss_of(run: Judged, line: int | None, exact: Any) -> Loss | None:
    """The place to which lost digits of the result (LINE None), or of its derivative by LINE, go back.

    EXACT is the true number; that of the run's own graph differs where it took another branch.
    """
    own = run.truth.value(run.result) if line is None else run.truth.gradient(line)
    if run.truth.strays and own is not None and not is_nan(own) and is_lost(nearest(own), exact):
        return _stray(run, run.truth.strays[0])
    site: Site = ("value", run.result) if line is None else ("adjoint", line)
    while True:
        found = _LOOK[site[0]](run, site[1])
        if found is None or isinstance(found, Loss):
            return found
        site = found


def nan_of(run: Judged, line: int | None) -> Birth | None:
    """Where the nan in the result (LINE None), or in its derivative by LINE, was born."""
    site: Site | Birth | None = ("value", run.result) if line is None else ("adjoint", line)
    while site is not None and not isinstance(site, Birth):
        site = _NAN[site[0]](run, site[1])
    return site


def _error(value: float, exact: Any) -> float:
    """The relative error on the way: overflow and underflow are errors too; where nothing is known, there is none."""
    if exact is None or is_nan(exact):
        return inf if exact is None and not isfinite(value) else 0.0
    if value == 0 != exact:
        return inf
    return relative_error(value, exact)


# Back along what lost digits


def _lost_value(run: Judged, index: int) -> Site | Loss | None:
    value, exact = run.values[index], run.truth.value(index)
    error = _error(value, exact)
    if error <= LOST:
        return _no_loss(run, exact, None)
    own = _error(value, run.truth.redone(index))
    operands = list(dict.fromkeys(run.graph.operands[index]))
    errors = {operand: _error(run.values[operand], run.truth.value(operand)) for operand in operands}
    lost = [operand for operand in operands if errors[operand] > LOST]
    if own > LOST or not lost or error > AMPLIFIED * max([*errors.values(), ROUNDING]):
        return _loss_at_line(run, index, own)
    broken = [operand for operand in lost if not isfinite(run.values[operand])]
    return ("value", broken[0] if broken else max(lost, key=lambda operand: _contribution(run, index, operand)))


def _contribution(run: Judged, index: int, operand: int) -> Any:
    """How far the error of OPERAND moves line INDEX."""
    slot = run.graph.operands[index].index(operand)
    local = run.truth.local(index, slot)
    error = absolute_error(run.values[operand], run.truth.value(operand))
    return error * 0 if local is None or is_nan(local) else abs(local) * error


def _no_loss(run: Judged, exact: Any, line: int | None) -> Loss | None:
    """A number asked for is right for its own graph, whose truth is EXACT; only the typed one has another."""
    if exact is None:
        return None
    value, index = run.values[run.result], run.result
    birth = nan_of(run, line) if is_nan(exact) else None
    if birth is not None:
        cause = f"where {birth.what} is nan even in exact arithmetic"
        time = index if birth.target is None else len(run.graph)
        return Loss("undefined", time, birth.line, birth.place, cause, nan, "nan", target=birth.target)
    cause = "where the spelled-out form has another convention, or another sign of zero"
    place = run.labels.equation(index)
    return Loss("convention", index, run.labels.names[index], place, cause, value, decimal(exact, 20))


def _stray(run: Judged, line: int) -> Loss:
    cause = "which goes the other way than with true numbers"
    return Loss("stray", line, run.labels.names[line], run.labels.equation(line), cause, run.values[line], "",
                numbers=_with_numbers(run, line))  # fmt: skip


def _loss_at_line(run: Judged, index: int, own: float) -> Loss:
    value, exact = run.values[index], run.truth.value(index)
    name = run.graph.primitives[index].name
    kind = _kind(value, own)
    cause = {
        "overflow": f"which overflows to {significant(value)}",
        "underflow": "which underflows to 0",
        "subnormal": "which falls among the smallest doubles, where digits are few",
        "inaccurate": "which is inaccurate there",
    }.get(kind, "")
    if name in OF_ELEMENTS and isfinite(value) and kind != "magnified":
        kind, cause = "cancellation", "where terms cancel or many roundings add up"
    elif kind == "magnified" and name in ("add", "sub"):
        largest = max(abs(run.values[operand]) for operand in run.graph.operands[index])
        cancels = 2 * abs(value) < largest
        kind = "cancellation" if cancels else "inaccurate"
        cause = f"where {_operation_with_numbers(run, index)} cancels" if cancels else "where many roundings add up"
    elif kind == "magnified":
        rounded = [run.labels.text(o)[0] for o in dict.fromkeys(run.graph.operands[index]) if _is_rounded(run, o)]
        cause = f"which magnifies the rounding of {' and '.join(rounded[:2]) or 'its operands'}"
    return Loss(kind, index, run.labels.names[index], run.labels.equation(index), cause, value, decimal(exact, 20),
                numbers=_with_numbers(run, index))  # fmt: skip


def _is_rounded(run: Judged, index: int) -> bool:
    return _error(run.values[index], run.truth.value(index)) > 0


def _kind(value: float, own: float) -> str:
    """What an operation did whose own error is OWN."""
    if own <= LOST:
        return "magnified"
    if value == 0:
        return "underflow"
    if abs(value) < SMALLEST_NORMAL:
        return "subnormal"
    return "inaccurate" if isfinite(value) or isnan(value) else "overflow"


def _lost_adjoint(run: Judged, index: int) -> Site | Loss | None:
    adjoint, exact = run.sweep.numbers[index], run.truth.adjoint(index)
    if adjoint is None or exact is None:
        return None
    if index == run.result and adjoint != adjoint:
        return ("value", index)
    error = _error(adjoint, exact)
    if error <= LOST:
        return _no_loss(run, exact, index)
    arriving = run.arriving.get(index, ())
    broken = [place for place in arriving if not isfinite(run.flows[place][5]) and _flow_error(run, place) > LOST]
    if broken:
        return ("flow", broken[0])
    sizes = {
        place: absolute_error(run.flows[place][5], run.truth.flow(place)[2])
        for place in arriving
        if run.truth.flow(place)[2] is not None
    }
    if not sizes:
        return None
    worst = max(sizes, key=lambda place: sizes[place])
    if len(arriving) > 1 and (_flow_error(run, worst) <= LOST or error > AMPLIFIED * _flow_error(run, worst)):
        name = run.labels.names[index]
        many = "two" if len(arriving) == 2 else str(len(arriving))
        overflows = not isfinite(adjoint)
        cancels = 2 * abs(adjoint) < max(abs(run.flows[place][5]) for place in arriving)
        cause = "whose sum overflows" if overflows else "which cancel" if cancels else "whose roundings add up"
        return Loss("overflow" if overflows else "cancellation", len(run.graph) + 2 * arriving[-1] + 1, name,
                    f"the {many} flows into {name}", cause, adjoint, decimal(exact, 20))  # fmt: skip
    return ("flow", worst)


def _flow_error(run: Judged, place: int) -> float:
    return _error(run.flows[place][5], run.truth.flow(place)[2])


def _lost_flow(run: Judged, place: int) -> Site | Loss | None:
    source, _, slot, upstream, local, downstream, _ = run.flows[place]
    true_upstream, true_local, true_downstream = run.truth.flow(place)
    upstream_error, local_error = _error(upstream, true_upstream), _error(local, true_local)
    if isnan(upstream) and not isnan(local):
        return ("adjoint", source)
    if max(upstream_error, local_error) <= LOST:
        own = _error(downstream, run.truth.product(upstream, local))
        what = f"{significant(upstream)} × {significant(local)}"
        return _loss_at_flow(run, place, f"where {what}", downstream, true_downstream, own)
    if local_error >= upstream_error:
        leaf = _lost_leaf(run, source, slot, local_error)
        own = _error(local, run.truth.local_redone(source, slot))
        if leaf is not None and own <= LOST:
            return ("value", leaf)
        return _loss_at_flow(
            run, place, f"whose local gradient {_local(run, source, slot, local)}", local, true_local, own
        )
    return ("adjoint", source)


def _lost_leaf(run: Judged, source: int, slot: int, error: float) -> int | None:
    """The earliest line that the local gradient is made of and that had lost as much."""
    trace = trace_rules(run.graph.primitives[source], run.graph.statics[source], len(run.graph.operands[source]))
    output = trace.outputs[slot]
    live = trace.graph.live(() if output is None else (output,))
    leaves = [source, *run.graph.operands[source]]
    used = sorted({line for place, line in enumerate(leaves) if live[place]})
    errors = {line: _error(run.values[line], run.truth.value(line)) for line in used}
    worst = max(used, key=lambda line: errors[line], default=None)
    return worst if worst is not None and errors[worst] > LOST and error <= AMPLIFIED * errors[worst] else None


def _loss_at_flow(run: Judged, place: int, subject: str, value: float, exact: Any, own: float) -> Loss:
    source, target = run.flows[place][:2]
    kind = _kind(value, own)
    why = {
        "underflow": "is too small for a double",
        "overflow": "is too large for a double",
        "subnormal": "falls among the smallest doubles, where digits are few",
        "magnified": "magnifies the rounding of what it is made of",
        "inaccurate": f"loses digits on the way to {significant(value)}",
    }[kind]
    names = run.labels.names
    true = "" if exact is None else decimal(exact, 20)
    return Loss(kind, len(run.graph) + 2 * place, names[source], f"flow {names[source]} → {names[target]}",
                f"{subject} {why}", value, true, target=names[target])  # fmt: skip


_LOOK = {"value": _lost_value, "adjoint": _lost_adjoint, "flow": _lost_flow}


# Back along nan


def _nan_value(run: Judged, index: int) -> Site | Birth | None:
    if not isnan(run.values[index]):
        return None
    above = [operand for operand in run.graph.operands[index] if isnan(run.values[operand])]
    if above:
        return ("value", above[0])
    what = _operation_with_numbers(run, index) if run.graph.operands[index] else "given"
    return Birth(run.labels.names[index], run.labels.equation(index), what)


def _nan_adjoint(run: Judged, index: int) -> Site | Birth | None:
    adjoint = run.sweep.numbers[index]
    if adjoint is None or not isnan(adjoint):
        return None
    if index == run.result:
        return ("value", index)
    arriving = run.arriving.get(index, ())
    for place in arriving:
        if isnan(run.flows[place][5]):
            return ("flow", place)
    name = run.labels.names[index]
    return Birth(name, f"the flows into {name}", "inf - inf") if arriving else None


def _nan_flow(run: Judged, place: int) -> Site | Birth | None:
    source, target, slot, upstream, local, _, _ = run.flows[place]
    if isnan(upstream):
        return ("adjoint", source)
    names = run.labels.names
    what = f"{significant(upstream)} × {significant(local)}"
    if isnan(local):
        leaves = [source, *run.graph.operands[source]]
        broken = sorted(leaf for leaf in leaves if isnan(run.values[leaf]))
        if broken:
            return ("value", broken[0])
        what = f"the local gradient {_local(run, source, slot, local)}"
    return Birth(names[source], f"flow {names[source]} → {names[target]}", what, target=names[target])


_NAN = {"value": _nan_value, "adjoint": _nan_adjoint, "flow": _nan_flow}


# Places as texts


def _number(value: float) -> Text:
    text = significant(value)
    return (text, SIGN_LEVEL if text.startswith("-") else ATOM_LEVEL)


def _leaf(run: Judged, index: int) -> Text:
    """The number of a line; a literal as it was written."""
    return run.labels.text(index) if run.graph.primitives[index] is CONSTANT else _number(run.values[index])


def _operation_with_numbers(run: Judged, index: int) -> str:
    operands = run.graph.operands[index]
    if len(operands) > MOST_SHOWN:
        return run.labels.operation(index)
    primitive = run.graph.primitives[index]
    found = operation(primitive, run.graph.statics[index], [_leaf(run, operand) for operand in operands])[0]
    if primitive.name == "mul" and "inf" in found:
        return found.replace("*", " × ")
    return found


def _with_numbers(run: Judged, index: int) -> str:
    return f"{run.labels.names[index]} = {_operation_with_numbers(run, index)}"


def _local(run: Judged, index: int, slot: int, local: float) -> str:
    """The local gradient as rule and as numbers, `-f/v3 = -1.9e-174/5.2e+173`, as far as they are short."""
    primitive, operands = run.graph.primitives[index], run.graph.operands[index]
    value = significant(local)
    if primitive.opens or len(operands) > MOST_SHOWN:
        return value
    trace = trace_rules(primitive, run.graph.statics[index], len(operands))
    branches = _branches(run, index)
    rule = spelled(trace, slot, [run.labels.text(line) for line in (index, *operands)], branches)
    numbers = spelled(trace, slot, [_leaf(run, line) for line in (index, *operands)], branches)
    shown = [text for text in dict.fromkeys((rule, numbers)) if text and len(text) <= LONGEST_FORMULA]
    return " = ".join(shown) or value


def _branches(run: Judged, index: int) -> Sequence[float]:
    from gradcli.graph.carriers import number, read

    operands = run.graph.operands[index]
    trace = trace_rules(run.graph.primitives[index], run.graph.statics[index], len(operands))
    return read(trace, [run.values[line] for line in (index, *operands)], number, float)


def operations_of(graph: Graph, result: int) -> Mapping[str, int]:
    """How often each operation stands in what the result is computed from."""
    counts: dict[str, int] = {}
    for index, live in enumerate(graph.live((result,))):
        if live and graph.operands[index]:
            shown = graph.primitives[index].shown
            counts[shown] = counts.get(shown, 0) + 1
    return counts
