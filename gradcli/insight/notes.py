"""Notes: conventions that were used, gates that are dead or saturated, and where a nan or inf was born."""

from __future__ import annotations

from gradcli.graph import CONSTANT, SATURATED_BELOW, VARIABLE, Edge, Graph
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradcli.autodiff import Flow, Sweep
    from gradcli.graph.decompose import Fold
    from gradcli.graph.labels import Labels

MOST_OF_A_KIND = 8
FAR_OUT = {
    "sigmoid": "exact far out", "tanh": "exact far out", "softplus": "no overflow", "logsigmoid": "exact far out",
    "logaddexp": "no overflow", "softmax": "no overflow", "hypot": "no overflow, and 0 at the origin",
    "abs": "no overflow, and 0 at the origin", "log1p": "exact near 0", "expm1": "exact near 0", "sinh": "exact near 0",
    "silu": "exact far out", "exp": "e^x with the constant e",
}  # fmt: skip


class Note:
    """One sentence about a line: its kind, the label of the line, and the message, which begins with the place."""

    __slots__ = ("kind", "line", "message")

    def __init__(self, kind: str, line: str, message: str) -> None:
        self.kind = kind
        self.line = line
        self.message = message


class Run:
    """What the notes are about: a graph with its values, and after a backward sweep its adjoints and flows."""

    __slots__ = ("active", "flows", "folds", "graph", "labels", "live", "result", "sweep", "ties", "values")

    def __init__(
        self,
        graph: Graph,
        values: list[float],
        result: int,
        labels: Labels,
        *,
        active: list[bool] | None = None,
        sweep: Sweep | None = None,
        flows: Sequence[Flow] = (),
        folds: Mapping[int, Fold] | None = None,
        ties: str = "split",
    ) -> None:
        self.graph = graph
        self.values = values
        self.result = result
        self.labels = labels
        self.active = active or [False] * len(graph)
        self.sweep = sweep
        self.flows = flows
        self.folds = folds or {}
        self.ties = ties
        self.live = open_lines(graph, values, result)


def notes(run: Run) -> list[Note]:
    """Every note of a run, in the order in which a reader needs them: births, conventions, gates, recognised forms."""
    found = [*_births(run)]
    if run.sweep is not None:
        found += [*_backward_births(run), *_conventions(run), *_gates(run), *_routing(run), *recognised(run)]
    return [*_first_of_each_kind(found)]


def open_lines(graph: Graph, values: Sequence[float], result: int) -> list[bool]:
    """The lines that the result is computed from, without what stands only in branches that a `where` left closed."""
    marks = [False] * len(graph)
    marks[result] = True
    for index in range(result, -1, -1):
        if marks[index]:
            operands = graph.operands[index]
            if graph.primitives[index].name == "where":
                operands = (operands[0], operands[1] if values[operands[0]] != 0 else operands[2])
            for operand in operands:
                marks[operand] = True
    return marks


def tied(run: Run) -> Iterator[tuple[int, list[int]]]:
    """The lines of max, min and clip that were decided by a tie between different lines, with the tied slots."""
    for index in range(len(run.graph)):
        primitive = run.graph.primitives[index]
        if not primitive.edges or not _reached(run, index):
            continue
        if any(edge.kind == "tie" and _applies(run, index, edge) for edge in primitive.edges):
            operands = run.graph.operands[index]
            slots = [slot for slot, operand in enumerate(operands) if run.values[operand] == run.values[index]]
            if len(operands) == 1 or len({operands[slot] for slot in slots}) > 1:
                yield index, slots


def _reached(run: Run, index: int) -> bool:
    """Whether a gradient that is not cut off by a closed gate arrives at the line."""
    return run.sweep is not None and run.sweep.numbers[index] is not None and not run.sweep.closed[index]


def _applies(run: Run, index: int, edge: Edge) -> bool:
    operands = run.graph.operands[index]
    slots = edge.operands or range(len(operands))
    if run.sweep is not None and not any(run.active[operands[slot]] for slot in slots):
        return False
    extra = (run.graph.statics[index],) if run.graph.primitives[index].static else ()
    return edge.when(run.values[index], *[run.values[operand] for operand in operands], *extra)


def _births(run: Run) -> Iterator[Note]:
    graph, values, labels = run.graph, run.values, run.labels
    for index, value in enumerate(values):
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


def _backward_births(run: Run) -> Iterator[Note]:
    labels = run.labels
    sums: dict[int, float] = {}
    for source, target, _, upstream, local, downstream, closed in run.flows:
        place = f"{labels.names[source]} → {labels.names[target]}"
        if not closed and downstream - downstream != 0:
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
                if e.kind in ("inf", "domain") and _applies(run, source, e)
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


def _conventions(run: Run) -> Iterator[Note]:
    for index in range(len(run.graph)):
        if not _reached(run, index):
            continue
        for edge in run.graph.primitives[index].edges:
            if edge.kind == "kink" and _applies(run, index, edge):
                name = run.labels.names[index]
                yield Note("kink", name, f"{run.labels.equation(index)}: {edge.says}{_sides(run, index, edge)}")
                break
            if edge.kind == "tie" and len(run.graph.operands[index]) == 1 and _applies(run, index, edge):
                name = run.labels.names[index]
                yield Note("tie", name, f"{run.labels.equation(index)}: tie: {edge.says}{_sides(run, index, edge)}")
    yield from _ties(run)


def _sides(run: Run, index: int, edge: Edge) -> str:
    if edge.sides is None:
        return ""
    extra = (run.graph.statics[index],) if run.graph.primitives[index].static else ()
    lower, upper = edge.sides(run.values[index], *[run.values[o] for o in run.graph.operands[index]], *extra)
    return f"; the one-sided derivatives are {significant(lower)} and {significant(upper)}"


def _ties(run: Run) -> Iterator[Note]:
    ties = [(index, slots) for index, slots in tied(run) if len(run.graph.operands[index]) > 1]
    chain = _chain(run, [index for index, _ in ties])
    for index, slots in ties:
        if len(chain) > 2 and index in chain:
            continue
        yield _tie(run, index, slots)
    if len(chain) > 2 and run.ties == "split":
        name = run.labels.names[chain[0]]
        word = run.graph.primitives[chain[0]].shown
        smallest, count = significant(0.5 ** len(chain)), len(chain) + 1
        yield Note(
            "tie", name,
            f"{name}: {len(chain)} ties in a row halve the gradient each time, down to 2^-{len(chain)} = {smallest}; "
            f"one {word}(...) of all {count} would give 1/{count} = {significant(1 / count)} to each",
        )  # fmt: skip
    elif len(chain) > 2:
        yield _tie(run, chain[0], dict(ties)[chain[0]], f"; {len(chain) - 1} more ties in a row below it")


def _chain(run: Run, ties: Sequence[int]) -> list[int]:
    """The longest run of binary ties of one kind, each an operand of the one before, from the result down."""
    chain: list[int] = []
    for index in reversed(ties):
        binary = len(run.graph.operands[index]) == 2 and run.graph.primitives[index].shown in ("max", "min")
        if binary and (
            not chain
            or (
                index in run.graph.operands[chain[-1]] and run.graph.primitives[index] is run.graph.primitives[chain[0]]
            )
        ):
            chain.append(index)
    return chain


def _tie(run: Run, index: int, slots: Sequence[int], more: str = "") -> Note:
    graph, labels = run.graph, run.labels
    name, operands, primitive = labels.names[index], graph.operands[index], graph.primitives[index]
    value = significant(run.values[index])
    who = "both are" if len(slots) == 2 == len(operands) else f"{len(slots)} operands are"
    if run.ties == "first":
        what = f"the first takes all (--ties {run.ties})"
    elif primitive.shown == "clip":
        what = "0.5 passes (--ties split)"
    else:
        share = significant(1 / len(slots))
        what = f"{share} each (--ties {run.ties})"
    low = operands[slots[-1]] if primitive.shown != "clip" else operands[0]
    sides = "1 and 0" if primitive.shown == "min" else "0 and 1"
    if primitive.shown == "clip" and 2 in slots:
        sides = "1 and 0"
    by = next((operands[slot] for slot in reversed(slots) if run.active[operands[slot]]), low)
    shared = operands.count(by) > 1
    ending = "" if shared else f"; the one-sided derivatives by {labels.names[by] or labels.text(by)[0]} are {sides}"
    return Note("tie", name, f"{labels.equation(index)}: tie: {who} {value}, so {what}{ending}{more}")


def _gates(run: Run) -> Iterator[Note]:
    graph, labels = run.graph, run.labels
    locals_of_line: dict[int, list[float]] = {}
    for source, _, _, _, local, _, closed in run.flows:
        if not closed or graph.primitives[source].opens:
            locals_of_line.setdefault(source, []).append(local)
    for index in range(len(graph)):
        primitive = graph.primitives[index]
        if primitive is VARIABLE or primitive is CONSTANT or not _reached(run, index):
            continue
        name, equation = labels.names[index], labels.equation(index)
        numbers = locals_of_line.get(index, [])
        if primitive.verbs[0] == "dead":
            yield Note("dead", name, f"{equation}: a dead gate: {primitive.edges[0].says}")
        elif primitive.verbs[0] == "stops" and run.active[index]:
            yield Note("dead", name, f"{equation}: passes no gradient: a comparison is flat on both sides")
        elif primitive.shown == "relu" and numbers == [0.0] and run.values[graph.operands[index][0]] < 0:
            yield Note("dead", name, f"{equation}: blocks: its input is negative, so exactly 0 goes back")
        elif primitive.verbs[0] == "saturates" and numbers and max(map(abs, numbers)) < SATURATED_BELOW:
            largest = significant(max(numbers, key=abs))
            yield Note("saturated", name, f"{equation}: saturated: its local gradient is only {largest}")


def _routing(run: Run) -> Iterator[Note]:
    """How many inputs a chain of max or min left without any gradient."""
    words = {
        run.graph.primitives[i].shown
        for i in range(len(run.graph))
        if _reached(run, i) and run.graph.primitives[i].opens
    }
    words &= {"max", "min"}
    if run.sweep is None or len(words) != 1:
        return
    inputs = [i for i, primitive in enumerate(run.graph.primitives) if primitive is VARIABLE and run.active[i]]
    shut = [i for i in inputs if run.sweep.closed[i]]
    passed = [i for i in inputs if not run.sweep.closed[i] and run.sweep.numbers[i]]
    if len(shut) < 2 or not passed:
        return
    (word,) = words
    who = (
        f"to {run.labels.names[passed[0]]}, 1 of {len(inputs)} inputs"
        if len(passed) == 1
        else f"to {len(passed)} of {len(inputs)} inputs"
    )
    name = run.labels.names[run.result]
    yield Note(
        "flow", name, f"{name}: {word} routed the gradient {who}; the other {len(inputs) - len(passed)} get exactly 0"
    )


def recognised(run: Run) -> Iterator[Note]:
    """What was spelled out and is now one line, and why."""
    for index, fold in run.folds.items():
        label = run.labels.names[index]
        text = "".join(piece if isinstance(piece, str) else run.labels.text(piece)[0] for piece in fold.text)
        if len(text) > 60:
            text = f"{text[:28]} … {text[-28:]}"
        primitive = run.graph.primitives[index].shown
        count = len(fold.lines) + 1
        saving = f"1 line for {count}, " if count > 1 else ""
        why = FAR_OUT.get(primitive, "the same function")
        yield Note("recognised", label, f"{label}: {text} is {run.labels.operation(index)}: {saving}{why}")


def _first_of_each_kind(found: Sequence[Note]) -> Iterator[Note]:
    """At most MOST_OF_A_KIND notes of a kind; the rest are counted."""
    counts: dict[str, int] = {}
    for note in found:
        counts[note.kind] = counts.get(note.kind, 0) + 1
        if counts[note.kind] <= MOST_OF_A_KIND:
            yield note
    for kind, count in counts.items():
        if count > MOST_OF_A_KIND:
            last = [note for note in found if note.kind == kind][-1]
            yield Note(kind, last.line, f"{last.line}: and {count - MOST_OF_A_KIND} more notes of the kind {kind!r}")
