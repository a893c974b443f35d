"""Ties of max, min and clip: who got which share, and the one-sided derivatives."""

from __future__ import annotations

from gradcli.insight.run import Note, Run, applies, reached
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def tied(run: Run) -> Iterator[tuple[int, list[int]]]:
    """The lines of max, min and clip that were decided by a tie between different lines, with the tied slots."""
    for index in range(len(run.graph)):
        primitive = run.graph.primitives[index]
        if not primitive.edges or not reached(run, index):
            continue
        if any(edge.kind == "tie" and applies(run, index, edge) for edge in primitive.edges):
            operands = run.graph.operands[index]
            slots = [slot for slot, operand in enumerate(operands) if run.values[operand] == run.values[index]]
            if len(operands) == 1 or len({operands[slot] for slot in slots}) > 1:
                yield index, slots


def ties(run: Run) -> Iterator[Note]:
    ties = [(index, slots) for index, slots in tied(run) if len(run.graph.operands[index]) > 1]
    chain = _chain(run, [index for index, _ in ties])
    linked = set(chain) if len(chain) > 2 else ()
    for index, slots in ties:
        if index in linked:
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
    value = run.values[index]
    who = "both are" if len(slots) == 2 == len(operands) else f"{len(slots)} operands are"
    if run.ties == "first":
        what = f"the first takes all (--ties {run.ties})"
    elif primitive.shown == "clip":
        what = f"{0.25 if len(slots) == 3 else 0.5} passes (--ties split)"
    else:
        share = significant(1 / len(slots))
        what = f"{share} each (--ties {run.ties})"
    by = max((operands[slot] for slot in slots if run.active[operands[slot]]), default=None)  # nothing depends on it
    ending = ""
    if by is not None and value - value == 0:
        sides = " and ".join(significant(_slope(run, index, by, way)) for way in (-1, 1))
        ending = f"; the one-sided derivatives by {labels.names[by]} are {sides}"
    return Note("tie", name, f"{labels.equation(index)}: tie: {who} {significant(value)}, so {what}{ending}{more}")


def _slope(run: Run, index: int, by: int, way: int) -> float:
    """The one-sided derivative of a gate by the line BY, to the left or to the right: 0 or 1, or the sum of such."""
    unit = 0.5 if abs(run.values[by]) > 1e300 else 1.0  # of which half a gate is half: so no step leaves the floats
    values = {operand: unit * run.values[operand] for operand in run.graph.operands[index]}
    step = way * max(abs(values[by]), 1e-300) * 2.0**-20
    moved = [values[operand] + step if operand == by else values[operand] for operand in run.graph.operands[index]]
    return float(round((run.graph.primitives[index].forward(*moved) - unit * run.values[index]) / step)) + 0.0
