"""Reductions: sums, means, norms, extremes and products along an axis, or over everything.

The static parameter is (axis or None, is the axis kept at length 1). In a rule y has the axis kept.
"""

from __future__ import annotations

from gradcli.graph import ATOM_LEVEL, SUM_LEVEL, Edge, Node, Primitive, define
from gradcli.graph.arithmetic import equal, where
from gradcli.graph.elementary import exp, log, sqrt
from gradcli.graph.lazily import by_arrays
from gradcli.graph.routing import ROUTES
from gradcli.graph.shapes import ShapesDoNotFit, count, reduced, shown
from gradcli.graph.shaping import concat, cumsum, index, ones, reshape, transpose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.notation import Text

    Axis = tuple[int | None, bool]

WHOLE: Axis = (None, False)


def _shape(shapes: Sequence[Shape], axis: Axis) -> Shape:
    return reduced(shapes[0], axis[0], keep=axis[1])


def _many(x: Node, axis: Axis) -> int:
    """How many elements go into one."""
    return count(x.shape) if axis[0] is None else x.shape[axis[0]]


def _notation(name: str, whole: str | None = None) -> Any:
    """`name(x)`, `name(x, axis)`; WHOLE is what it is called without an axis."""

    def notation(operands: Sequence[Text], axis: Axis) -> Text:
        shown = whole if whole is not None and axis[0] is None else name
        tail = "" if axis[0] is None else f", {axis[0]}"
        return (f"{shown}({operands[0][0]}{tail})", ATOM_LEVEL)

    return notation


def reduction(name: str, forward: str, rule: Any, *, whole: str | None = None, **description: Any) -> Primitive:
    """Define a reduction along an axis, or over everything."""
    return define(
        name, by_arrays(forward, "array_reductions"), rule, kind="reduces", static=True, shape_of=_shape,
        notation=_notation(description.get("shown", name), whole),
        **{"parameters": "x, axis", "arity": 2, "defaults": (None,)} | description,
    )  # fmt: skip


def kept(primitive: Primitive, x: Node, axis: Axis) -> Node:
    """PRIMITIVE over X with the axis kept at length 1."""
    return primitive(x, static=(axis[0], True))


sum = reduction("sum", "total", lambda y, x, axis: 1, verbs=("spreads", "spreads"))
mean = reduction(
    "mean", "mean", lambda y, x, axis: 1 / _many(x, axis), verbs=("spreads", "spreads"),
    definition=lambda x, axis: sum(x, static=axis) / _many(x, axis),
)  # fmt: skip


def _centred_text(operands: Sequence[Text], axis: int | None) -> Text:
    text, level = operands[0]
    shown = text if level > SUM_LEVEL else f"({text})"
    return (f"{shown} - mean({text}{'' if axis is None else f', {axis}'})", SUM_LEVEL)


centred: Primitive = define(  # x - mean(x) to all digits, also where the mean is far larger than what is left
    "centred", by_arrays("centred", "array_reductions"), lambda u, y, x, axis: centred(u, static=axis),
    kind="carried", linear=True, static=True, spoken=False, shape_of=lambda shapes, axis: shapes[0],
    notation=_centred_text,
)  # fmt: skip
var = reduction(
    "var", "variance", lambda y, x, axis: 2 * centred(x, static=axis[0]) / _many(x, axis),
    definition=lambda x, axis: sum((x - kept(mean, x, axis)) ** 2, static=axis) / _many(x, axis),
)  # fmt: skip
std = reduction(
    "std", "deviation",
    lambda y, x, axis: where(equal(y, 0), 0, centred(x, static=axis[0]) / y / _many(x, axis)),
    definition=lambda x, axis: sqrt(sum((x - kept(mean, x, axis)) ** 2, static=axis) / _many(x, axis)),
    edges=(Edge("kink", lambda y, x: y == 0, "kink where all elements are equal: every derivative is taken as 0"),),
)  # fmt: skip
norm = reduction(
    "norm", "norm", lambda y, x, axis: where(equal(y, 0), 0, x / y),
    definition=lambda x, axis: sqrt(sum(x**2, static=axis)),
    edges=(Edge("kink", lambda y, x: y == 0, "kink at the origin: every derivative is taken as 0"),),
)  # fmt: skip


def _shares(y: Node, x: Node, axis: Axis) -> Node:
    """softmax along the axis."""
    from gradcli.graph.shares import softmax_of

    return _along(softmax_of, x, axis[0])


def _along(function: Callable[[Node], Node], x: Node, axis: int | None) -> Node:
    """A FUNCTION that works along the last axis, along AXIS or over everything."""
    shape, rank = x.shape, len(x.shape)
    if axis is None:
        if rank == 1:
            return function(x)
        return reshape(function(reshape(x, static=(count(shape),))), static=shape)
    axis %= rank
    if axis == rank - 1:
        return function(x)
    order = (*(k for k in range(rank) if k != axis), axis)
    back = tuple(order.index(k) for k in range(rank))
    return transpose(function(transpose(x, static=order)), static=back)


logsumexp = reduction(
    "logsumexp", "logsumexp", _shares,
    definition=lambda x, axis: log(sum(exp(x), static=axis)),
)  # fmt: skip


def _split(y: Node, x: Node, axis: Axis) -> Node:
    """A tie shares the gradient evenly; the shares sum to 1, and are 0/0 where y is nan."""
    hits = equal(x, y)
    return hits / kept(sum, hits, axis)


def _first(y: Node, x: Node, axis: Axis) -> Node:
    """At a tie the first element takes all."""
    hits = equal(x, y)
    first = hits * equal(_running(hits, axis), 1)
    return where(equal(y, y), first, y)


def _running(x: Node, axis: Axis) -> Node:
    running = cumsum(x, static=axis[0])
    return reshape(running, static=x.shape) if axis[0] is None else running


TIE = Edge("tie", lambda y, x: (x == y).sum() > 1, "tie")
EXTREME: dict[str, Any] = {"opens": True, "verbs": ROUTES, "edges": (TIE,)}
amax = reduction("amax", "largest", _split, whole="max", **EXTREME)
amax_first = reduction("amax_first", "largest", _first, whole="max", shown="amax", spoken=False, **EXTREME)
amin = reduction("amin", "smallest", _split, whole="min", **EXTREME)
amin_first = reduction("amin_first", "smallest", _first, whole="min", shown="amin", spoken=False, **EXTREME)
argmax = reduction("argmax", "place_of_largest", None, verbs=("stops", "stops"))


def _others(y: Node, x: Node, axis: Axis) -> Node:
    """The product of all other elements: a tree of halves, up and down, so that zeros do no harm in any order."""
    return _along(_others_of_last, x, axis[0])


def _others_of_last(x: Node) -> Node:
    *rest, length = x.shape
    rows = [x]
    while rows[-1].shape[-1] > 1:
        row = rows[-1]
        if row.shape[-1] % 2:
            row = rows[-1] = concat(row, ones(x, (*rest, 1)), static=-1)
        rows.append(index(row, static=(..., slice(0, None, 2))) * index(row, static=(..., slice(1, None, 2))))
    others = ones(x, rows[-1].shape)
    for row in reversed(rows[:-1]):
        many = row.shape[-1]
        swapped = index(reshape(row, static=(*rest, many // 2, 2)), static=(..., slice(None, None, -1)))
        kept_pairs = index(others, static=(..., slice(0, many // 2)))
        others = reshape(swapped * reshape(kept_pairs, static=(*rest, many // 2, 1)), static=(*rest, many))
    return index(others, static=(..., slice(0, length)))


prod = reduction("prod", "product", _others, verbs=("swaps", "swaps"))


def _vectors(shapes: Sequence[Shape], static: Any) -> Shape:
    a, b = shapes
    if len(a) != 1 or len(b) != 1 or a != b:
        hint = "for matrices write a @ b" if len(a) > 1 or len(b) > 1 else "both need the same length"
        if not (a and b):
            hint = "with a scalar, write *"
        raise ShapesDoNotFit(f"dot takes two vectors of one length, not {shown(a)} and {shown(b)}", hint)
    return ()


dot = define(
    "dot", by_arrays("dot", "array_reductions"), lambda y, a, b: b, lambda y, a, b: a, kind="reduces",
    shape_of=_vectors, verbs=("swaps", "scales"), parameters="a, b", definition=lambda a, b: sum(a * b, static=WHOLE),
)  # fmt: skip
