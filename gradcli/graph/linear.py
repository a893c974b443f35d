"""Linear algebra: products of matrices, inverses, determinants."""

from __future__ import annotations

from gradcli.graph import PRODUCT_LEVEL, Edge, Node, Primitive, define, infix
from gradcli.graph.lazily import by_arrays
from gradcli.graph.reductions import sum
from gradcli.graph.shapes import ShapesDoNotFit, broadcast, count, shown
from gradcli.graph.shaping import fit, reshape, transpose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Shape

WHOLE = (None, False)
LARGE_STACK = 1 << 16  # elements; below, the rule is the one that is easier to read


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
    try:
        stacks = broadcast([a[:-2], b[:-2]])
    except ShapesDoNotFit:
        found = f"stacks of {shown(a[:-2])} and {shown(b[:-2])} matrices"
        raise ShapesDoNotFit(f"shapes do not fit at '@': {shown(a)} and {shown(b)}, {found}",
                             "axes before the last two have to be equal, or 1") from None  # fmt: skip
    return (*stacks, *rows, *columns)


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
    if len(a.shape) == 2 and _stack_is_large(a, b):
        return _beside(u) @ _beside(b).T
    return _fitted(u @ _swapped(b), a)


def _to_right(u: Node, y: Node, a: Node, b: Node) -> Node:
    if len(a.shape) == len(b.shape) == 1:
        return u * a
    if len(a.shape) == 1:
        return outer(a, u) if len(b.shape) == 2 else _column(a) @ _row(u)
    if len(b.shape) == 1:
        return a.T @ u if len(a.shape) == 2 else _fitted(_row_times(u, _swapped(a)), b)
    if len(b.shape) == 2 and _stack_is_large(b, a):
        return _below(a).T @ _below(u)
    return _fitted(_swapped(a) @ u, b)


def _stack_is_large(one: Node, many: Node) -> bool:
    """Whether products in the shape of ONE, one for each of MANY, are too large a stack to be made and added up."""
    return count(many.shape[:-2]) * count(one.shape) > LARGE_STACK


def _below(x: Node) -> Node:
    """The matrices of a stack one below the other: what shares a factor is one product, not a stack to be added up."""
    return reshape(x, static=(count(x.shape[:-1]), x.shape[-1]))


def _beside(x: Node) -> Node:
    """The matrices of a stack one beside the other."""
    rank, rows = len(x.shape), x.shape[-2]
    return reshape(transpose(x, static=(rank - 2, *range(rank - 2), rank - 1)), static=(rows, count(x.shape) // rows))


def _row_times(u: Node, m: Node) -> Node:
    """For every matrix of a stack, m @ u with the vectors u in the last axis; one vector each."""
    product = m @ _column(u)
    return reshape(product, static=product.shape[:-1])


def _fitted(found: Node, x: Node) -> Node:
    return found if found.shape == x.shape else fit(found, static=x.shape)


matmul: Primitive = define(
    "matmul", by_arrays("matmul", "array_algebra"), _to_left, _to_right, kind="carried", linear=True, shape_of=_product,
    notation=infix("@", PRODUCT_LEVEL), verbs=("swaps", "swaps"), parameters="a, b", domain="inner sizes equal",
)  # fmt: skip


def _outer_shape(shapes: Sequence[Shape], static: Any) -> Shape:
    for shape in shapes:
        if len(shape) != 1:
            way = "flatten(x) makes a vector of an array" if shape else "with a scalar, write *"
            raise ShapesDoNotFit(f"outer takes two vectors, not {shown(shapes[0])} and {shown(shapes[1])}", way)
    return (*shapes[0], *shapes[1])


outer: Primitive = define(
    "outer", by_arrays("outer", "array_algebra"), lambda u, y, a, b: u @ b, lambda u, y, a, b: u.T @ a,
    kind="carried", linear=True, shape_of=_outer_shape, verbs=("swaps", "swaps"), parameters="a, b", domain="vectors",
)  # fmt: skip


def _square(name: str) -> Any:
    def shape_of(shapes: Sequence[Shape], static: Any) -> Shape:
        shape = shapes[0]
        if len(shape) != 2 or shape[0] != shape[1]:
            way = "a matrix has two axes" if len(shape) != 2 else "as many rows as columns"
            raise ShapesDoNotFit(f"{name} takes a square matrix, not {shown(shape)}", way, (0,))
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
    "trace", by_arrays("trace", "array_reductions"), lambda u, y, x: u * _identity(x), kind="carried",
    linear=True, moves=True, shape_of=_one_number("trace"), verbs=("spreads", "spreads"), domain="square matrices",
)  # fmt: skip
SINGULAR = "the matrix is singular"
det: Primitive = define(
    "det", by_arrays("det", "array_algebra"), lambda y, x: cofactors(x), kind="reduces", shape_of=_one_number("det"),
    domain="square matrices",
)  # fmt: skip
cofactors: Primitive = define(
    "cofactors", by_arrays("cofactors", "array_algebra"), lambda u, y, x: cofactors_back(u, x), kind="carried",
    shape_of=_square("cofactors"), domain="square matrices",
)  # fmt: skip
inv: Primitive = define(
    "inv", by_arrays("inv", "array_algebra"), lambda u, y, x: -(y.T @ u @ y.T), kind="carried", shape_of=_square("inv"),
    domain="square matrices that are not singular",
    edges=(Edge("domain", lambda y, x: abs(y).max() == float("inf"), SINGULAR),),
)  # fmt: skip


def _through_cofactors_back(w: Node, h: Node, u: Node, x: Node) -> Node:
    """The third derivatives of det, times w and u: h is (sum(u*C)*C - C u.T C) / det x; nan where x is singular.

    A determinant of up to three rows is at most cubic, and what is left of it does not need x.
    """
    if x.shape[0] <= 3:
        return cofactors_back(w, u) if x.shape[0] == 3 else 0.0 * w
    c, size = cofactors(x), det(x)
    inside = (u * sum(w * c, static=WHOLE) + w * sum(u * c, static=WHOLE) - w @ c.T @ u - u @ c.T @ w) / size
    return cofactors_back(inside, x) - c * (sum(w * h, static=WHOLE) / size)


def _squares(shapes: Sequence[Shape], static: Any) -> Shape:
    if shapes[0] != shapes[1]:
        raise ShapesDoNotFit(f"two square matrices, not {shown(shapes[0])} and {shown(shapes[1])}")
    shape: Shape = _square("cofactors_back")(shapes, static)
    return shape


cofactors_back: Primitive = define(
    "cofactors_back", by_arrays("cofactors_back", "array_algebra"),
    lambda w, h, u, x: cofactors_back(w, x), _through_cofactors_back,
    kind="carried", linear=False, spoken=False, shape_of=_squares, parameters="u, x",
)  # fmt: skip


def _solved(shapes: Sequence[Shape], static: Any) -> Shape:
    a, b = shapes
    _square("solve")(shapes, static)
    if len(b) not in (1, 2) or b[0] != a[0]:
        wanted = f"a vector of length {a[0]}, or a matrix with {a[0]} rows"
        raise ShapesDoNotFit(f"solve with a matrix {shown(a)} takes {wanted}, not {shown(b)}", "")
    return b


def _to_matrix(u: Node, y: Node, a: Node, b: Node) -> Node:
    back = solve(a.T, u)
    return -outer(back, y) if len(y.shape) == 1 else -(back @ y.T)


solve: Primitive = define(
    "solve", by_arrays("solve", "array_algebra"), _to_matrix, lambda u, y, a, b: solve(a.T, u), kind="carried",
    shape_of=_solved, parameters="a, b", domain="a square, and not singular",
    edges=(Edge("domain", lambda y, a, b: abs(y).max() == float("inf"), SINGULAR),),
)  # fmt: skip
