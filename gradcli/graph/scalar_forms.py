"""The primitives of arrays as lines over single numbers: element by element what their forwards compute.

A form is `form(scalars, *elements, static)`; it returns the lines of the elements of the result, in C order.
"""

from __future__ import annotations

from math import inf, nan

import numpy as np

from gradcli.graph.array_reductions import EXPONENT
from gradcli.graph.array_shares import CLOSE
from gradcli.graph.scalar_matrices import MATRICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.scalars import Lines, Places

    Axis = tuple[int | None, bool]
    Row = Sequence[int]

BELOW, ABOVE = 2.0**-EXPONENT, 2.0**EXPONENT


# Moved, repeated, added up


def _fit(scalars: Lines, x: Places, shape: Shape) -> Places:
    while x.ndim > len(shape):
        x = _along(x, 0, scalars.total).reshape(x.shape[1:])
    lead = len(shape) - x.ndim
    for axis in range(x.ndim):
        if x.shape[axis] != 1 == shape[axis + lead]:
            x = np.expand_dims(_along(x, axis, scalars.total), axis)
    return np.broadcast_to(x, shape)


def _along(x: Places, axis: int | None, form: Callable[[Row], int]) -> Places:
    """FORM over every row along AXIS, or over everything; the axis is gone."""
    if axis is None:
        return np.asarray(form(x.ravel().tolist()))
    rows = np.moveaxis(x, axis, -1)
    found = [form(row.tolist()) for row in rows.reshape(-1, rows.shape[-1])]
    return np.array(found, dtype=np.intp).reshape(rows.shape[:-1])


def _each(x: Places, axis: int | None, form: Callable[[Row], Row]) -> Places:
    """FORM, which gives a line for each line, over every row along AXIS, or over everything."""
    if axis is None:
        return np.array(form(x.ravel().tolist()), dtype=np.intp).reshape(x.shape)
    rows = np.moveaxis(x, axis, -1)
    found = [form(row.tolist()) for row in rows.reshape(-1, rows.shape[-1])]
    return np.moveaxis(np.array(found, dtype=np.intp).reshape(rows.shape), -1, axis)


def _scatter(scalars: Lines, x: Places, static: Any) -> Places:
    places, shape = static
    found = np.full(shape, scalars.absent, dtype=np.intp)
    found[places] = x
    return found


def _cumsum(scalars: Lines, x: Places, axis: int | None) -> Places:
    def running(row: Row) -> Row:
        found = [row[0]]
        for line in row[1:]:
            found.append(scalars.apply("add", found[-1], line))
        return found

    return _each(x, axis, running)


# Reductions


def _reduction(form: Callable[[Lines, Row], int]) -> Callable[..., Places]:
    return lambda scalars, x, axis: _along(x, axis[0], lambda row: form(scalars, row))


def _product(scalars: Lines, row: Row) -> int:
    found = row[0]
    for line in row[1:]:
        found = scalars.apply("mul", found, line)
    return found


def plain_mean(scalars: Lines, row: Row) -> int:
    return scalars.apply("div", scalars.total(row), scalars.constant(float(len(row))))


def _mean(scalars: Lines, row: Row) -> int:
    """The mean, also where the sum overflows."""
    small = plain_mean(scalars, [scalars.scaled(line, BELOW) for line in row])
    return scalars.if_finite(plain_mean(scalars, row), scalars.scaled(small, ABOVE))


def _centred(scalars: Lines, row: Row) -> list[int]:
    middle = _mean(scalars, row)
    deviations = [scalars.apply("sub", line, middle) for line in row]
    middle = plain_mean(scalars, deviations)
    return [scalars.apply("sub", line, middle) for line in deviations]


def _squares(scalars: Lines, row: Row) -> list[int]:
    return [scalars.apply("square", line) for line in row]


def _variance(scalars: Lines, row: Row) -> int:
    found = plain_mean(scalars, _squares(scalars, _centred(scalars, row)))
    small = _centred(scalars, [scalars.scaled(line, BELOW) for line in row])
    again = plain_mean(scalars, _squares(scalars, small))
    return scalars.if_finite(found, scalars.scaled(scalars.scaled(again, ABOVE), ABOVE))


def _deviation(scalars: Lines, row: Row) -> int:
    root = scalars.constant(len(row) ** 0.5)

    def size(deviations: Row) -> int:
        return scalars.apply("div", _norm(scalars, deviations), root)

    small = size(_centred(scalars, [scalars.scaled(line, BELOW) for line in row]))
    return scalars.if_finite(size(_centred(scalars, row)), scalars.scaled(small, ABOVE))


def _norm(scalars: Lines, row: Row) -> int:
    """hypot, and nan where there is a nan, also beside inf."""
    squares = scalars.total(_squares(scalars, row))
    found = scalars.apply("hypot", *row)
    return scalars.apply("where", scalars.apply("equal", squares, squares), found, squares)


def largest(scalars: Lines, row: Row) -> int:
    return scalars.apply("max", *row) if len(row) > 1 else row[0]


def _smallest(scalars: Lines, row: Row) -> int:
    return scalars.apply("min", *row) if len(row) > 1 else row[0]


def _hits(scalars: Lines, row: Row) -> list[int]:
    """Which elements are the largest; those that are nan, where there are some."""
    top = largest(scalars, row)
    is_number = scalars.apply("equal", top, top)
    return [
        scalars.apply("where", is_number, scalars.apply("equal", line, top), scalars.apply("not_equal", line, line))
        for line in row
    ]


def _place_of_largest(scalars: Lines, row: Row) -> int:
    found = scalars.constant(float(len(row) - 1))
    for place, hit in reversed([*enumerate(_hits(scalars, row))][:-1]):
        found = scalars.apply("where", hit, scalars.constant(float(place)), found)
    return found


def first_of(scalars: Lines, row: Row) -> list[int]:
    """1 at the first of the largest elements, else 0."""
    place = _place_of_largest(scalars, row)
    return [scalars.apply("equal", place, scalars.constant(float(k))) for k in range(len(row))]


def _dot(scalars: Lines, a: Places, b: Places) -> int:
    return _products(scalars, a.tolist(), b.tolist())


def _products(scalars: Lines, a: Row, b: Row) -> int:
    return scalars.total([scalars.apply("mul", one, other) for one, other in zip(a, b, strict=True)])


def _matmul(scalars: Lines, a: Places, b: Places) -> list[int]:
    left = a[np.newaxis, :] if a.ndim == 1 else a
    right = b[:, np.newaxis] if b.ndim == 1 else b
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    scalars.make_room(int(np.prod([*batch, *left.shape[-2:], right.shape[-1]], dtype=float)))
    left = np.broadcast_to(left, (*batch, *left.shape[-2:]))
    right = np.broadcast_to(right, (*batch, *right.shape[-2:]))
    return [
        _products(scalars, left[(*at, row)].tolist(), right[(*at, slice(None), column)].tolist())
        for at in np.ndindex(batch)
        for row in range(left.shape[-2])
        for column in range(right.shape[-1])
    ]


def _outer(scalars: Lines, a: Places, b: Places) -> list[int]:
    return [scalars.apply("mul", one, other) for one in a.tolist() for other in b.tolist()]


def _trace(scalars: Lines, x: Places) -> int:
    return scalars.total(np.diagonal(x).tolist())


# Shares along the last axis


def is_finite(scalars: Lines, line: int) -> int:
    return scalars.apply("equal", scalars.apply("sub", line, line), scalars.constant(0.0))


def _base(scalars: Lines, top: int) -> int:
    return scalars.apply("where", is_finite(scalars, top), top, scalars.constant(0.0))


def _limits(scalars: Lines, row: Row) -> list[int]:
    """The shares where an element is inf: all to it, and nan where there are several."""
    hits = [scalars.apply("equal", line, scalars.constant(inf)) for line in row]
    several = scalars.apply("greater", scalars.total(hits), scalars.constant(1.0))
    return [scalars.apply("where", several, scalars.constant(nan), hit) for hit in hits]


def softmax(scalars: Lines, row: Row) -> list[int]:
    top = largest(scalars, row)
    base = _base(scalars, top)
    shares = []
    for line in row:
        distance = scalars.apply("sub", line, base)
        back = scalars.apply("sub", line, distance)
        rest = scalars.apply("sub", line, scalars.apply("add", distance, back))
        rounded_off = scalars.apply("add", rest, scalars.apply("sub", back, base))
        known = scalars.if_finite(rounded_off, scalars.constant(0.0))
        share = scalars.apply("exp", distance)
        shares.append(scalars.apply("mul", share, scalars.apply("add", scalars.constant(1.0), known)))
    total = scalars.total(shares)
    endless = scalars.apply("equal", top, scalars.constant(inf))
    return [
        scalars.apply("where", endless, limit, scalars.apply("div", share, total))
        for limit, share in zip(_limits(scalars, row), shares, strict=True)
    ]


def _logsoftmax(scalars: Lines, row: Row) -> list[int]:
    top = largest(scalars, row)
    base = _base(scalars, top)
    zero = scalars.constant(0.0)
    shares = [
        scalars.apply("where", first, zero, scalars.apply("exp", scalars.apply("sub", line, base)))
        for first, line in zip(first_of(scalars, row), row, strict=True)
    ]
    rest = scalars.apply("log1p", scalars.total(shares))
    known = is_finite(scalars, top)
    endless = scalars.apply("equal", top, scalars.constant(inf))
    found = []
    for line, limit in zip(row, _limits(scalars, row), strict=True):
        plain = scalars.apply("sub", scalars.apply("sub", line, base), rest)
        other = scalars.apply("where", endless, scalars.apply("log", limit), scalars.constant(nan))
        found.append(scalars.apply("where", known, plain, other))
    return found


def _centred_by(scalars: Lines, u: Row, y: Row) -> list[int]:
    found = u
    for _ in range(2):
        taken = _products(scalars, found, y)
        found = [scalars.apply("sub", line, taken) for line in found]
    return [*found]


def _excess(scalars: Lines, y: Row, t: Row, form: str) -> list[int]:
    zero, total = scalars.constant(0.0), scalars.total(t)
    firsts = first_of(scalars, y)
    top = largest(scalars, y)
    weight = scalars.total([scalars.apply("where", first, line, zero) for first, line in zip(firsts, t, strict=True)])
    others = scalars.total([
        scalars.apply("where", first, zero, line) for first, line in zip(firsts, y, strict=True)
    ])  # fmt: skip
    rest = scalars.apply("mul", top, scalars.apply("sub", total, weight))
    better = scalars.apply("sub", rest, scalars.apply("mul", weight, others))
    close = scalars.apply("greater", top, scalars.constant(CLOSE))
    found = []
    for first, share, line in zip(firsts, y, t, strict=True):
        plain = scalars.apply("sub", scalars.apply("mul", share, total), line)
        line = scalars.apply("where", scalars.apply("mul", close, first), better, plain)
        found.append(scalars.apply("sub", zero, line) if form == "lack" else line)
    return found


def _pairwise(form: Callable[..., Row]) -> Callable[..., list[int]]:
    """FORM over the rows of two arrays of one shape."""

    def along(scalars: Lines, a: Places, b: Places, *static: Any) -> list[int]:
        length = a.shape[-1]
        pairs = zip(a.reshape(-1, length).tolist(), b.reshape(-1, length).tolist(), strict=True)
        return [line for one, other in pairs for line in form(scalars, one, other, *static)]

    return along


def _one_hot(scalars: Lines, index: Places, classes: int) -> list[int]:
    found = []
    for line in index.ravel().tolist():
        hits = [scalars.apply("equal", line, scalars.constant(float(k))) for k in range(classes)]
        known = scalars.total(hits)
        found += [scalars.apply("where", known, hit, scalars.constant(nan)) for hit in hits]
    return found


def _cross_entropy(scalars: Lines, logits: Places, target: Places) -> int:
    classes, zero = logits.shape[-1], scalars.constant(0.0)
    weights = target.ravel().tolist()
    if target.shape != logits.shape:
        weights = _one_hot(scalars, target, classes)
    rows = []
    for number, row in enumerate(logits.reshape(-1, classes).tolist()):
        terms = [
            scalars.apply("where", scalars.apply("equal", weight, zero), zero, scalars.apply("mul", weight, share))
            for weight, share in zip(weights[number * classes :], _logsoftmax(scalars, row), strict=False)
        ]
        rows.append(scalars.apply("sub", zero, scalars.total(terms)))
    return plain_mean(scalars, rows)


FORMS: dict[str, Callable[..., Any]] = {
    "fit": _fit, "scatter": _scatter, "cumsum": _cumsum,
    "sum": _reduction(lambda scalars, row: scalars.total(row)), "mean": _reduction(_mean),
    "prod": _reduction(_product), "var": _reduction(_variance), "std": _reduction(_deviation),
    "norm": _reduction(_norm),
    "logsumexp": _reduction(lambda scalars, row: scalars.apply("logaddexp", *row)),
    "amax": _reduction(largest), "amax_first": _reduction(largest),
    "amin": _reduction(_smallest), "amin_first": _reduction(_smallest), "argmax": _reduction(_place_of_largest),
    "centred": lambda scalars, x, axis: _each(x, axis, lambda row: _centred(scalars, row)),
    "dot": _dot, "matmul": _matmul, "outer": _outer, "trace": _trace,
    "softmax_of": lambda scalars, x: _each(x, -1, lambda row: softmax(scalars, row)),
    "logsoftmax": lambda scalars, x: _each(x, -1, lambda row: _logsoftmax(scalars, row)),
    "centred_by": _pairwise(_centred_by), "excess": _pairwise(_excess),
    "one_hot": _one_hot, "cross_entropy": _cross_entropy,
    **MATRICES,
}  # fmt: skip
