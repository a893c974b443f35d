"""Notes: conventions that were used, gates that are dead or saturated, and where a nan or inf was born."""

from __future__ import annotations

from gradcli.graph import CAUTIOUS, SATURATED_BELOW, VARIABLE, Edge
from gradcli.insight.births import backward_births, births
from gradcli.insight.run import Note, Run, applies, reached
from gradcli.insight.ties import tied, ties
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Note", "Run", "notes", "recognised", "tied"]
MOST_OF_A_KIND = 8
CLOSED = "blocks: its input is negative, so exactly 0 goes back"
FAR_OUT = {
    "sigmoid": "exact far out", "tanh": "exact far out", "softplus": "no overflow", "logsigmoid": "exact far out",
    "logaddexp": "no overflow", "softmax": "no overflow", "hypot": "no overflow, and 0 at the origin",
    "abs": "no overflow, and 0 at the origin", "log1p": "exact near 0", "expm1": "exact near 0", "sinh": "exact near 0",
    "silu": "exact far out", "exp": "e^x with the constant e",
    "norm": "no overflow, and 0 at the origin", "logsumexp": "no overflow", "logsoftmax": "exact far out",
    "var": "no overflow", "std": "no overflow, and 0 where all elements are equal",
}  # fmt: skip


def notes(run: Run) -> list[Note]:
    """Every note of a run, in the order in which a reader needs them: births, conventions, gates, recognised forms."""
    total = sum(run.values)
    found = [] if total - total == 0 else [*births(run)]
    if run.sweep is not None:
        total = sum([number for number in run.sweep.numbers if number is not None])
        if total - total != 0:  # a flow or a sum that is not finite leaves an adjoint that is not
            found += backward_births(run)
        found += [*_conventions(run), *_gates(run), *_routing(run), *recognised(run)]
    return [*first_of_each_kind(found)]


def _conventions(run: Run) -> Iterator[Note]:
    for index, primitive in enumerate(run.graph.primitives):
        if not primitive.edges or not reached(run, index):
            continue
        for edge in primitive.edges:
            if edge.kind == "kink" and applies(run, index, edge):
                name = run.labels.names[index]
                yield Note("kink", name, f"{run.labels.equation(index)}: {edge.says}{_sides(run, index, edge)}")
                break
            if edge.kind == "tie" and len(run.graph.operands[index]) == 1 and applies(run, index, edge):
                name = run.labels.names[index]
                yield Note("tie", name, f"{run.labels.equation(index)}: tie: {edge.says}{_sides(run, index, edge)}")
    yield from ties(run)


def _sides(run: Run, index: int, edge: Edge) -> str:
    if edge.sides is None or len(set(run.graph.operands[index])) < len(run.graph.operands[index]):
        return ""  # two operands that are one line move together
    extra = (run.graph.statics[index],) if run.graph.primitives[index].static else ()
    lower, upper = edge.sides(run.values[index], *[run.values[o] for o in run.graph.operands[index]], *extra)
    return f"; the one-sided derivatives are {significant(lower)} and {significant(upper)}"


def _gates(run: Run) -> Iterator[Note]:
    graph, labels = run.graph, run.labels
    locals_of_line: dict[int, list[float]] | None = None
    for index, primitive in enumerate(graph.primitives):
        if not (primitive.verbs[0] in CAUTIOUS or primitive.shown == "relu") or not reached(run, index):
            continue
        if locals_of_line is None:
            locals_of_line = {}
            for source, _, _, _, local, _, closed in run.flows:
                if not closed or graph.primitives[source].opens:
                    locals_of_line.setdefault(source, []).append(local)
        numbers = locals_of_line.get(index, [])
        if primitive.verbs[0] == "dead":
            kind, says = "dead", f"a dead gate: {primitive.edges[0].says}"
        elif primitive.verbs[0] == "stops" and run.active[index] and index not in (graph.origins or ()):
            why = "stop cuts it off" if primitive.name == "stop" else "a comparison is flat on both sides"
            kind, says = "dead", f"passes no gradient: {why}"
        elif primitive.shown == "relu" and numbers == [0.0] and run.values[graph.operands[index][0]] < 0:
            kind, says = "dead", CLOSED
        elif primitive.verbs[0] == "saturates" and numbers and max(map(abs, numbers)) < SATURATED_BELOW:
            kind, says = "saturated", saturated(numbers)
        else:
            continue
        yield Note(kind, labels.names[index], f"{labels.equation(index)}: {says}")


def saturated(numbers: Sequence[float]) -> str:
    """What is said of a line with these local gradients, all nearly 0."""
    return f"saturated: its local gradient is only {significant(max(numbers, key=abs))}"


def _routing(run: Run) -> Iterator[Note]:
    """How many inputs a chain of max or min left without any gradient."""
    words = {
        primitive.shown for i, primitive in enumerate(run.graph.primitives) if primitive.opens and reached(run, i)
    }
    words &= {"max", "min"}
    if run.sweep is None or len(words) != 1:
        return
    inputs = [i for i, primitive in enumerate(run.graph.primitives) if primitive is VARIABLE and run.active[i]]
    shut = [i for i in inputs if run.sweep.closed[i]]
    passed = [i for i in inputs if not run.sweep.closed[i] and run.sweep.numbers[i]]
    (word,) = words
    names = run.labels.names
    yield from routed(word, len(shut), [names[i] for i in passed], len(inputs), names[run.result])


def routed(word: str, shut: int, passed: Sequence[str], inputs: int, name: str) -> Iterator[Note]:
    """What is said where max or min, the WORD, left SHUT of the INPUTS without any gradient of NAME."""
    if shut < 2 or not passed:
        return
    who = f"to {passed[0]}, 1 of {inputs} inputs" if len(passed) == 1 else f"to {len(passed)} of {inputs} inputs"
    rest = inputs - len(passed)
    yield Note("flow", name, f"{name}: {word} routed the gradient {who}; the other {rest} get exactly 0")


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


def first_of_each_kind(found: Sequence[Note]) -> Iterator[Note]:
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
