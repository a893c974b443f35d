"""Primitives along the last axis that share out 1: softmax, its logarithm, cross-entropy.

`centred_by` and `excess` are what their rules are made of: u - sum(u*y) and y*sum(t) - t, for shares y whose sum is 1.
Each carries back through the other, and neither loses digits where a share is close to 1.
"""

from __future__ import annotations

from gradcli.graph import ATOM_LEVEL, PRODUCT_LEVEL, SUM_LEVEL, Edge, Node, Primitive, define
from gradcli.graph.elementary import exp, log
from gradcli.graph.lazily import by_arrays
from gradcli.graph.reductions import kept, sum
from gradcli.graph.shapes import ShapesDoNotFit, count, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.notation import Text

LAST = (-1, False)
WHOLE = (None, False)


def _along_last(shapes: Sequence[Shape], static: Any) -> Shape:
    if not shapes[0]:
        raise ShapesDoNotFit("softmax of a scalar", "write softmax(a, b, ...) for the share of a among scalars")
    return shapes[0]


def _alike(shapes: Sequence[Shape], static: Any) -> Shape:
    if not shapes[0] or shapes[0] != shapes[1]:
        raise ShapesDoNotFit(f"shares and weights of different shapes: {shown(shapes[0])} and {shown(shapes[1])}")
    return shapes[0]


def _factor(text: Text) -> str:
    return text[0] if text[1] >= PRODUCT_LEVEL else f"({text[0]})"


def _rest(text: Text) -> str:
    return text[0] if text[1] > SUM_LEVEL else f"({text[0]})"


def _centred_text(operands: Sequence[Text], static: Any) -> Text:
    u, y = operands
    return (f"{_rest(u)} - sum({_factor(u)}*{_factor(y)}, -1)", SUM_LEVEL)


FORMS = ("excess", "excess over one", "lack")  # y*sum(t) - t, the same where sum(t) is 1, t - y*sum(t)


def _excess_text(operands: Sequence[Text], form: str) -> Text:
    y, t = operands
    if form == "excess over one":
        return (f"{y[0]} - {_rest(t)}", SUM_LEVEL)
    whole = f"{_factor(y)}*sum({t[0]}, -1)"
    return (f"{t[0]} - {whole}" if form == "lack" else f"{whole} - {_rest(t)}", SUM_LEVEL)


softmax_of: Primitive = define(
    "softmax_of", by_arrays("softmax", "array_shares"), lambda u, y, x: y * centred_by(u, y), kind="carried",
    shape_of=_along_last, shown="softmax", spoken=False, verbs=("saturates", "saturates"),
    definition=lambda x: exp(x) / kept(sum, exp(x), LAST),
)  # fmt: skip
logsoftmax = define(
    "logsoftmax", by_arrays("logsoftmax", "array_shares"), lambda u, y, x: excess(softmax_of(x), u, static="lack"),
    kind="carried",
    shape_of=_along_last, definition=lambda x: x - log(kept(sum, exp(x), LAST)),
)  # fmt: skip
centred_by: Primitive = define(
    "centred_by", by_arrays("centred_by", "array_shares"),
    lambda w, c, u, y: excess(y, w, static="lack"), lambda w, c, u, y: -u * kept(sum, w, LAST),
    kind="carried", shape_of=_alike, spoken=False, notation=_centred_text,
)  # fmt: skip
excess: Primitive = define(
    "excess", by_arrays("excess", "array_shares"),
    lambda w, e, y, t, form: _signed(form, w * kept(sum, t, LAST)),
    lambda w, e, y, t, form: _signed(form, -centred_by(w, y)),
    kind="carried", static=True, shape_of=_alike, spoken=False, notation=_excess_text,
)  # fmt: skip


def _signed(form: str, found: Node) -> Node:
    return -found if form == "lack" else found


def _entropy_shape(shapes: Sequence[Shape], static: Any) -> Shape:
    logits, target = shapes
    if not logits or target not in (logits, logits[:-1]):
        raise ShapesDoNotFit(
            f"cross_entropy(logits, target) with logits {shown(logits)} and target {shown(target)}",
            f"target has to be a class index a row, {shown(logits[:-1])}, or probabilities, {shown(logits)}",
        )
    return ()


def _shares(target: Node, logits: Node) -> Node:
    """The target as probabilities."""
    return target if target.shape == logits.shape else one_hot(target, static=logits.shape[-1])


def _rows(logits: Node) -> int:
    return count(logits.shape[:-1])


def _averaged(found: Node, logits: Node) -> Node:
    rows = _rows(logits)
    return found if rows == 1 else found / rows


def _to_logits(y: Node, logits: Node, target: Node) -> Node:
    form = "excess" if target.shape == logits.shape else "excess over one"
    return _averaged(excess(softmax_of(logits), _shares(target, logits), static=form), logits)


def _to_target(y: Node, logits: Node, target: Node) -> Node | None:
    return _averaged(-logsoftmax(logits), logits) if target.shape == logits.shape else None


one_hot = define(
    "one_hot", by_arrays("one_hot", "array_shares"), None, kind="carried", static=True, spoken=False,
    verbs=("stops", "stops"), shape_of=lambda shapes, classes: (*shapes[0], classes),
    notation=lambda operands, classes: (f"one_hot({operands[0][0]})", ATOM_LEVEL),
)  # fmt: skip
cross_entropy = define(
    "cross_entropy", by_arrays("cross_entropy", "array_shares"),
    _to_logits, _to_target,
    kind="reduces", shape_of=_entropy_shape, parameters="logits, target",
    domain="target: class indices from 0, or probabilities",
    definition=lambda logits, target: -sum(_shares(target, logits) * logsoftmax(logits), static=WHOLE) / _rows(logits),
    edges=(Edge("domain", lambda y, logits, target: _no_class(logits, target), "a class index is 0, 1, 2, ...",
                operands=(0, 1)),),
)  # fmt: skip


def _no_class(logits: Any, target: Any) -> bool:
    """Whether a class index is none, over numbers."""
    from gradcli.graph.array_shares import one_hot

    if getattr(target, "shape", ()) == logits.shape:
        return False
    shares = one_hot(target, logits.shape[-1])
    return bool((shares != shares).any())
