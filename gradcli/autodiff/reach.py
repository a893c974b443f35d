"""One element through one line: which elements it reaches by structure, and how strongly by the numbers."""

from __future__ import annotations

import numpy as np

from gradcli.autodiff.arrays import Line
from gradcli.graph.arrays import apply, as_value, fit, quiet, shape_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Graph, Primitive, Shape
    from gradcli.graph.arrays import Value

    Place = tuple[int, ...]

ROWS = frozenset(("softmax_of", "logsoftmax"))  # every element of a row depends on all of it
JOINED = frozenset(("concat", "stack"))
EVERYWHERE = frozenset(("inv", "cofactors", "det"))


def reached(graph: Graph, values: Sequence[Value], index: int, slot: int, place: Place) -> Any:
    """The elements of line INDEX that can depend on the element at PLACE of operand SLOT, as an array of bools.

    It is a matter of structure: a number that happens to be 0, or a closed gate, takes nothing away.
    """
    primitive, static = graph.primitives[index], graph.statics[index]
    operands = [values[operand] for operand in graph.operands[index]]
    shape = shape_of(values[index])
    unit = _unit(shape_of(operands[slot]), place)
    return np.broadcast_to(_marked(primitive, static, operands, slot, unit, shape), shape)


def _marked(
    primitive: Primitive, static: Any, operands: Sequence[Value], slot: int, unit: Any, shape: Shape
) -> Any:
    if primitive.kind == "elementwise":
        return np.not_equal(fit(unit, shape), 0)
    if primitive.kind == "reduces" and primitive.static:
        return np.any(np.not_equal(unit, 0), axis=static[0])
    if primitive.name == "trace":
        return np.trace(unit) != 0
    if primitive.kind == "reduces" or primitive.name in EVERYWHERE or (primitive.name == "solve" and slot == 0):
        return np.ones(shape, dtype=bool)
    if primitive.name in ROWS:
        return np.any(np.not_equal(unit, 0), axis=-1, keepdims=True)
    if primitive.name == "solve":
        return np.any(np.not_equal(unit, 0), axis=0, keepdims=np.ndim(unit) > 1)
    blank = np.zeros_like if primitive.name in JOINED else np.ones_like
    others = [as_value(blank(operand)) for operand in operands]
    others[slot] = unit
    with quiet():
        return np.not_equal(apply(primitive, static, others), 0)


def strength(
    graph: Graph, values: Sequence[Value], index: int, slot: int, place: Place, *, strong_zero: bool = False
) -> Value:
    """The derivative of all of line INDEX by the element at PLACE of operand SLOT; 0 where that does not reach."""
    line = Line(graph, values, index, strong_zero=strong_zero)
    shape = shape_of(values[index])
    with quiet():
        if line.primitive.kind == "carried":
            found = line.push(slot, _unit(shape_of(line.operands[slot]), place), None)
            return found[1] if found is not None else as_value(np.zeros(shape))
        local = line.local(slot)
        if local is None:
            return as_value(np.zeros(shape))
        marks = reached(graph, values, index, slot, place)
        if line.primitive.kind == "elementwise":
            return as_value(np.where(marks, np.broadcast_to(local, shape), 0.0))
        whole = np.broadcast_to(local, shape_of(line.operands[slot]))
        return as_value(np.where(marks, whole[place], 0.0))


def places(mask: Any) -> list[Place]:
    """Where MASK is true, in order."""
    if not np.ndim(mask):
        return [()] if mask else []
    return [tuple(map(int, place)) for place in zip(*np.nonzero(mask), strict=True)]


def picked(value: Value, mask: Any) -> list[float]:
    """The elements of a value where MASK is true, in order."""
    if not np.ndim(mask):
        return [float(value)] if mask else []
    found: list[float] = np.asarray(value)[mask].tolist()
    return found


def picked_open(open: Any, mask: Any) -> list[bool]:
    """Which of the elements where MASK is true no closed gate cut off; None is all of them."""
    if open is None:
        return [True] * int(np.count_nonzero(mask))
    return [bool(mark) for mark in picked(np.asarray(open, dtype=float), mask)]


def at(value: Value, place: Place) -> float:
    """One element."""
    return value if type(value) is float else float(value[place])  # type: ignore[index]


def _unit(shape: Shape, place: Place) -> Any:
    unit = np.zeros(shape)
    unit[place] = 1.0
    return as_value(unit)
