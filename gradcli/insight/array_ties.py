"""Ties in arrays: of max, min and clip element by element, and of the largest or smallest of an array."""

from __future__ import annotations

import numpy as np

from gradcli.insight.array_run import ArrayRun, Note, at
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MOST_GROUPS = 2  # of one line that are described; the rest are counted
SLOPES = {"max": "0 and 1", "amax": "0 and 1", "min": "1 and 0", "amin": "1 and 0"}  # below and above the tie


class Tie:
    """Elements of one line that were decided by a tie: where, among how many, and the value if it is one.

    `more` counts the ties of the same line that are left out behind this one.
    """

    __slots__ = ("among", "index", "mask", "more", "value")

    def __init__(self, index: int, mask: Any, among: int, value: float | None, more: int = 0) -> None:
        self.index = index
        self.mask = mask
        self.among = among
        self.value = value
        self.more = more


def tied(run: ArrayRun) -> Iterator[Tie]:
    """The first ties of each line that a gradient passes; of a reduction, a tie is in a row and the mask over all."""
    for index, primitive in enumerate(run.graph.primitives):
        if not any(edge.kind == "tie" and run.concerns(index, edge) for edge in primitive.edges):
            continue
        arrived = run.arrived(index)
        if arrived is None:
            continue
        if primitive.kind == "reduces":
            yield from _in_rows(run, index, arrived)
        elif primitive.shown == "relu":
            mask = (run.operands(index)[0] == 0) & arrived
            if mask.any():
                yield Tie(index, mask, 2, 0.0)
        else:
            yield from _between(run, index, arrived)


def _in_rows(run: ArrayRun, index: int, arrived: Any) -> Iterator[Tie]:
    axis, keep = run.graph.statics[index]
    (x,) = run.operands(index)
    y = run.value(index)
    if axis is not None and not keep:
        y, arrived = np.expand_dims(y, axis), np.expand_dims(arrived, axis)
    hits = (x == y) & arrived
    many = np.count_nonzero(hits, axis=axis, keepdims=True)
    if many.max() < 2:
        return
    rows = np.flatnonzero(many > 1)
    for number, flat in enumerate(rows[:MOST_GROUPS], 1):
        row = np.unravel_index(flat, many.shape)
        place = tuple(slice(None) if many.shape[k] != x.shape[k] else at for k, at in enumerate(row))
        mask = np.zeros(x.shape, dtype=bool)
        mask[place] = hits[place]
        more = len(rows) - MOST_GROUPS if number == MOST_GROUPS else 0
        yield Tie(index, mask, int(many[row]), float(x[mask][0]), more)


def _between(run: ArrayRun, index: int, arrived: Any) -> Iterator[Tie]:
    primitive, operands = run.graph.primitives[index], run.graph.operands[index]
    y, values = run.value(index), run.operands(index)
    equal = {operand: np.asarray(value == y) for operand, value in zip(operands, values, strict=True)}
    slots = sum(np.asarray(value == y).astype(int) for value in values)
    several = sum(mask.astype(int) for mask in equal.values()) > 1
    if primitive.shown == "clip":
        x, low, high = values
        several = several & ((x == low) | (x == high) | ((x < low) & (low == high)))
    several = np.broadcast_to(several, y.shape) & arrived
    if not several.any():
        return
    for among in np.unique(np.broadcast_to(slots, y.shape)[several]):
        mask = several & (slots == among)
        numbers = y[mask]
        yield Tie(index, mask, int(among), float(numbers[0]) if (numbers == numbers[0]).all() else None)


def ties(run: ArrayRun) -> Iterator[Note]:
    """A note for each tie, and a count of those that are left out."""
    for tie in tied(run):
        name, equation = run.labels.names[tie.index], run.labels.equation(tie.index)
        yield Note("tie", name, f"{equation}: {said(run, tie)}")
        if tie.more:
            rest = "1 more tie of this kind" if tie.more == 1 else f"{tie.more:,} more ties of this kind"
            yield Note("tie", name, f"{equation}: and {rest}")


def said(run: ArrayRun, tie: Tie) -> str:
    """A tie in words: where, what is equal, and who gets what."""
    primitive, operands = run.graph.primitives[tie.index], run.graph.operands[tie.index]
    place = at(tie.mask)
    where = f"tie {place}" if place else "tie"
    if primitive.shown == "relu":
        edge = next(edge for edge in primitive.edges if edge.kind == "tie")
        return f"{where}: {edge.says}; the one-sided derivatives are 0 and 1"
    if primitive.kind == "reduces":
        who, everyone = ("both are" if tie.among == 2 else f"all {tie.among:,} are"), "each"
    else:
        both = tie.among == 2 == len(operands)
        who = "both are" if both else f"{tie.among} operands are"
        last = [operand for operand in operands if run.active[operand]][-1:]
        everyone = run.labels.names[last[0]] if last else ""
    equal = "equal" if tie.value is None else significant(tie.value)
    if run.ties == "first":
        what = "the first takes all (--ties first)"
    elif primitive.shown == "clip":
        what = f"{0.25 if tie.among == 3 else 0.5} passes (--ties {run.ties})"
    else:
        what = f"{significant(1 / tie.among)} each (--ties {run.ties})"
    slopes = SLOPES.get(primitive.shown)
    finite = tie.value is None or tie.value - tie.value == 0
    if len(set(operands)) < len(operands) or slopes is None or not everyone or not finite:
        slopes = None
    ending = f"; the one-sided derivatives by {everyone} are {slopes}" if slopes else ""
    return f"{where}: {who} {equal}, so {what}{ending}"
