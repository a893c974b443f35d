"""Linear algebra: products of matrices, inverses, determinants, and what works along the last axis."""

from __future__ import annotations

from gradcli.graph import PRODUCT_LEVEL, Edge, Node, Primitive, define, infix
from gradcli.graph.elementary import exp, log
from gradcli.graph.lazily import by_arrays
from gradcli.graph.reductions import kept, sum
from gradcli.graph.shapes import ShapesDoNotFit, broadcast, count, shown
from gradcli.graph.shaping import fit, reshape, transpose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Shape

LAST = (-1, False)
WHOLE = (None, False)


def _product(shapes: Sequence[Shape], static: Any) -> Shape:
    a, b = shapes
    if not a or not b:
        raise ShapesDoNotFit(f"shapes do not fit at '@': {shown(a)} and {shown(b)}, and @ multiplies arrays",
                             "with a scalar, write *")  # fmt: skip
    inner = b[0] if len(b) == 1 else b[-2]
    if a[-1] != inner:
        raise ShapesDoNotFit(
            f"shapes do not fit at '@': {shown(a)} and {shown(b)}, inner sizes {a[-1]} and {inner}", "matmul"
        )
    rows = a[-2:-1]
    columns = b[-1:] if len(b) > 1 else ()
    return (*broadcast([a[:-2], b[:-2]]), *rows, *columns)


def _swapped(x: Node) -> Node:
    """The last two axes exchanged."""
    rank = len(x.shape)
    return transpose(x) if rank <= 2 else transpose(x, static=(*range(rank - 2), rank - 1, rank - 2))


def _column(x: Node) -> Node:
    return reshape(x, static=(*x.shape, 1))


def _row(x: Node) -> Node:
    return reshape(x, static=(*x.shape[:-1], 1, x.shape[-1]))


def _to_left(u: Node, y: Node, a: Node, b: Node) -> Node:
    if len(a.shape) == len(b.shape) == 1:
        return u * b
    if len(b.shape) == 1:
        return outer(u, b) if len(a.shape) == 2 else _column(u) @ _row(b)
    if len(a.shape) == 1:
        return b @ u if len(b.shape) == 2 else _fitted(_row_times(u, b), a)
    return _fitted(u @ _swapped(b), a)


def _to_right(u: Node, y: Node, a: Node, b: Node) -> Node:
    if len(a.shape) == len(b.shape) == 1:
        return u * a
    if len(a.shape) == 1:
        return outer(a, u) if len(b.shape) == 2 else _column(a) @ _row(u)
    if len(b.shape) == 1:
        return a.T @ u if len(a.shape) == 2 else _fitted(_row_times(u, _swapped(a)), b)
    return _fitted(_swapped(a) @ u, b)


def _row_times(u: Node, m: Node) -> Node:
    """For every matrix of a stack, m @ u with the vectors u in the last axis; one vector each."""
    product = m @ _column(u)
    return reshape(product, static=product.shape[:-1])


def _fitted(found: Node, x: Node) -> Node:
    return found if found.shape == x.shape else fit(found, static=x.shape)


matmul: Primitive = define(
    "matmul", by_arrays("matmul"), _to_left, _to_right, kind="carried", linear=True, shape_of=_product,
    notation=infix("@", PRODUCT_LEVEL), verbs=("swaps", "swaps"), parameters="a, b", domain="inner sizes equal",
)  # fmt: skip


def _outer_shape(shapes: Sequence[Shape], static: Any) -> Shape:
    for slot, shape in enumerate(shapes):
        if len(shape) != 1:
            raise ShapesDoNotFit(f"outer takes two vectors: {shown(shapes[0])} and {shown(shapes[1])}",
                                 "flatten(x) makes a vector of an array", (slot,))  # fmt: skip
    return (*shapes[0], *shapes[1])


outer: Primitive = define(
    "outer", by_arrays("outer"), lambda u, y, a, b: u @ b, lambda u, y, a, b: u.T @ a,
    kind="carried", linear=True, shape_of=_outer_shape, verbs=("swaps", "swaps"), parameters="a, b", domain="vectors",
)  # fmt: skip


def _square(name: str) -> Any:
    def shape_of(shapes: Sequence[Shape], static: Any) -> Shape:
        shape = shapes[0]
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ShapesDoNotFit(f"{name} takes a square matrix: {shown(shape)}", "as many rows as columns", (0,))
        return shape

    return shape_of


def _one_number(name: str) -> Any:
    square = _square(name)

    def shape_of(shapes: Sequence[Shape], static: Any) -> Shape:
        square(shapes, static)
        return ()

    return shape_of


def _identity(x: Node) -> Node:
    """The identity matrix in the shape of X."""
    from gradcli.graph.arrays import ArrayConstant, identity

    size = x.shape[0]
    return Node(x.graph, x.graph.constant(ArrayConstant(identity(size), f"eye({size})")))


trace = define(
    "trace", by_arrays("trace"), lambda y, x: _identity(x), kind="reduces", shape_of=_one_number("trace"),
    verbs=("spreads", "spreads"), domain="square matrices",
)  # fmt: skip
SINGULAR = "the matrix is singular"
det: Primitive = define(
    "det", by_arrays("det"), lambda y, x: cofactors(x), kind="reduces", shape_of=_one_number("det"),
    domain="square matrices",
)  # fmt: skip
cofactors: Primitive = define(
    "cofactors", by_arrays("cofactors"), lambda u, y, x: _of_cofactors(u, y, x), kind="carried",
    shape_of=_square("cofactors"), domain="square matrices",
)  # fmt: skip
inv: Primitive = define(
    "inv", by_arrays("inv"), lambda u, y, x: -(y.T @ u @ y.T), kind="carried", shape_of=_square("inv"),
    domain="square matrices that are not singular",
    edges=(Edge("domain", lambda y, x: abs(y).max() == float("inf"), SINGULAR),),
)  # fmt: skip


def _of_cofactors(u: Node, y: Node, x: Node) -> Node:
    """d(det X · X^-T) carried back: with C = y, (sum(u*C) C - C u.T C) / det X; nan where X is singular."""
    return (sum(u * y, static=WHOLE) * y - y @ u.T @ y) / det(x)


def _solved(shapes: Sequence[Shape], static: Any) -> Shape:
    a, b = shapes
    _square("solve")(shapes, static)
    if len(b) not in (1, 2) or b[0] != a[0]:
        raise ShapesDoNotFit(f"solve(a, b) with a {shown(a)} and b {shown(b)}",
                             f"b has to be a vector or matrix with {a[0]} rows", (1,))  # fmt: skip
    return b


def _to_matrix(u: Node, y: Node, a: Node, b: Node) -> Node:
    back = solve(a.T, u)
    return -outer(back, y) if len(y.shape) == 1 else -(back @ y.T)


solve: Primitive = define(
    "solve", by_arrays("solve"), _to_matrix, lambda u, y, a, b: solve(a.T, u), kind="carried", shape_of=_solved,
    parameters="a, b", domain="a square, and not singular",
    edges=(Edge("domain", lambda y, a, b: abs(y).max() == float("inf"), SINGULAR),),
)  # fmt: skip


# Along the last axis


def _along_last(shapes: Sequence[Shape], static: Any) -> Shape:
    if not shapes[0]:
        raise ShapesDoNotFit("softmax of a scalar", "write softmax(a, b, ...) for the share of a among scalars")
    return shapes[0]


softmax_of = define(
    "softmax_of", by_arrays("softmax"), lambda u, y, x: y * (u - kept(sum, u * y, LAST)), kind="carried",
    shape_of=_along_last, shown="softmax", spoken=False, verbs=("saturates", "saturates"),
    definition=lambda x: exp(x) / kept(sum, exp(x), LAST),
)  # fmt: skip
logsoftmax = define(
    "logsoftmax", by_arrays("logsoftmax"), lambda u, y, x: u - exp(y) * kept(sum, u, LAST), kind="carried",
    shape_of=_along_last, definition=lambda x: x - log(kept(sum, exp(x), LAST)),
)  # fmt: skip


def _entropy_shape(shapes: Sequence[Shape], static: Any) -> Shape:
    logits, target = shapes
    if not logits or target not in (logits, logits[:-1]):
        raise ShapesDoNotFit(
            f"cross_entropy(logits, target) with logits {shown(logits)} and target {shown(target)}",
            f"target has to be a class index a row, {shown(logits[:-1])}, or probabilities, {shown(logits)}",
        )
    return ()


def _one_hot(target: Node, logits: Node) -> Node:
    return target if target.shape == logits.shape else one_hot(target, static=logits.shape[-1])


def _rows(logits: Node) -> int:
    return count(logits.shape[:-1])


def _to_logits(y: Node, logits: Node, target: Node) -> Node:
    share = _one_hot(target, logits)
    weight = kept(sum, target, LAST) if target.shape == logits.shape else 1
    return (softmax_of(logits) * weight - share) / _rows(logits)


def _to_target(y: Node, logits: Node, target: Node) -> Node | None:
    return -logsoftmax(logits) / _rows(logits) if target.shape == logits.shape else None


one_hot = define(
    "one_hot", by_arrays("one_hot"), None, kind="carried", static=True, spoken=False, verbs=("stops", "stops"),
    shape_of=lambda shapes, classes: (*shapes[0], classes),
)  # fmt: skip
cross_entropy = define(
    "cross_entropy", by_arrays("cross_entropy"), _to_logits, _to_target, kind="reduces", shape_of=_entropy_shape,
    parameters="logits, target", domain="target: class indices, or probabilities",
    definition=lambda logits, target: -sum(_one_hot(target, logits) * logsoftmax(logits), static=WHOLE) / _rows(logits),
)  # fmt: skip
