"""Masks: which elements of a gradient no closed gate cut off, and how they travel through a line.

A mask is an array of bools in the shape of what it is about; None is all of them. An element stays open where an open
one reaches it. Where no gradient reaches an element at all, as beside the one that an index picks, it is closed, too.
"""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.graph import Primitive, Shape
    from gradcli.graph.arrays import Value

    Open = Any

LEAVES_GAPS_BACK = frozenset(("index", "trace"))
LEAVES_GAPS_AHEAD = frozenset(("scatter",))
ALONG_LAST = frozenset(("softmax_of", "logsoftmax", "centred_by", "excess"))


def through(share: Any, open: Open) -> Open:
    """What stays open behind a gate: an element whose share is 0 is closed, one whose share is nan is not."""
    passed = share if np.asarray(share).dtype.kind == "b" else np.not_equal(share, 0)
    return passed if open is None else passed & open


def meet(one: Open, other: Open) -> Open:
    """The mask of a sum: closed only where both are."""
    return None if one is None or other is None else one | other


def fitted(open: Open, have: Shape, shape: Shape) -> Open:
    """The mask of something in shape HAVE, summed down or spread up to SHAPE."""
    if open is None or np.shape(open) == have == shape:
        return open
    open = np.broadcast_to(open, have)
    lead = len(have) - len(shape)
    if lead > 0:
        open = open.any(axis=tuple(range(lead)))
    summed = tuple(axis for axis, length in enumerate(shape[max(-lead, 0) :]) if length == 1 != np.shape(open)[axis])
    if summed:
        open = open.any(axis=summed, keepdims=True)
    return np.broadcast_to(open, shape)


def carried_back(
    primitive: Primitive, static: Any, slot: int, shapes: Sequence[Shape], open: Open, shape: Shape,
    rule: Callable[[Value], Value],
) -> Open:  # fmt: skip
    """The mask at operand SLOT of what is carried back through a line of SHAPE, by its RULE."""
    if primitive.moves and (open is not None or primitive.name in LEAVES_GAPS_BACK):
        return whole(np.not_equal(rule(_numbers(open, shape)), 0))
    if open is None:
        return None
    open = np.broadcast_to(open, shape)
    if primitive.name in ("matmul", "outer"):
        reached = _product(open, shapes, primitive.name).any(axis=-1 - slot, keepdims=True)
        left, right = _matrices(shapes, primitive.name)
        batch = np.broadcast_shapes(left[:-2], right[:-2])
        matrix = (left, right)[slot]
        spread = (*batch, *matrix[-2:])
        return whole(fitted(np.broadcast_to(reached, spread), spread, matrix).reshape(shapes[slot]))
    return whole(_mixed(primitive, static, open, shapes[slot]))


def carried_ahead(
    primitive: Primitive, static: Any, slot: int, shapes: Sequence[Shape], open: Open, shape: Shape,
    forward: Callable[[Value], Value],
) -> Open:  # fmt: skip
    """The mask of a line of SHAPE that carries the tangent of operand SLOT ahead, by its own FORWARD."""
    if primitive.moves and (open is not None or primitive.name in LEAVES_GAPS_AHEAD):
        return whole(np.not_equal(forward(_numbers(open, shapes[slot])), 0))
    if open is None:
        return None
    if primitive.name in ("matmul", "outer"):
        matrices = _matrices(shapes, primitive.name)
        reached = np.broadcast_to(open, shapes[slot]).reshape(matrices[slot]).any(axis=-1 - slot, keepdims=True)
        left, right = matrices
        spread = (*np.broadcast_shapes(left[:-2], right[:-2]), left[-2], right[-1])
        return whole(np.broadcast_to(reached, spread).reshape(shape))
    return whole(_mixed(primitive, static, np.broadcast_to(open, shapes[slot]), shape))


def whole(open: Open) -> Open:
    """None where everything is open."""
    return None if open is None or np.all(open) else open


def reshaped(open: Open, shape: Shape, kept: Shape) -> Open:
    """The mask of something in SHAPE with the axis back, at length 1, that was reduced."""
    return open if shape == kept else np.broadcast_to(open, shape).reshape(kept)


def _numbers(open: Open, shape: Shape) -> Any:
    return np.ones(shape) if open is None else np.broadcast_to(open, shape).astype(float)


def _matrices(shapes: Sequence[Shape], name: str) -> tuple[Shape, Shape]:
    """The shapes of both operands as the matrices that are multiplied."""
    a, b = shapes
    if name == "outer":
        return (*a, 1), (1, *b)
    return ((1, *a) if len(a) == 1 else a), ((*b, 1) if len(b) == 1 else b)


def _product(open: Any, shapes: Sequence[Shape], name: str) -> Any:
    """The mask of a product as that of a stack of matrices."""
    if name == "outer":
        return open
    a, b = shapes
    if len(b) == 1:
        open = np.expand_dims(open, -1)
    return np.expand_dims(open, -2) if len(a) == 1 else open


def _mixed(primitive: Primitive, static: Any, open: Any, shape: Shape) -> Any:
    """Where every element is reached from all others, or from those along an axis."""
    if primitive.name in ALONG_LAST:
        return np.broadcast_to(open.any(axis=-1, keepdims=True), shape)
    if primitive.name == "centred":
        return np.broadcast_to(open.any(axis=static, keepdims=True), shape)
    return np.broadcast_to(open.any(), shape)
