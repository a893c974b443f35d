"""Determinants, inverses and solutions of small matrices as lines over single numbers, by minors."""

from __future__ import annotations

from itertools import combinations
from math import inf, nan

import numpy as np

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.graph.scalars import Lines, Places

LARGEST = 4  # rows of a matrix that is written out


def _refuse_large(x: Places, name: str) -> None:
    if len(x) > LARGEST:
        raise GradError(
            "limit", f"{name} of a matrix with {len(x)} rows: map writes out at most {LARGEST} rows",
            hint="a row at a time, gradcli batch takes larger matrices",
        )  # fmt: skip


def minor(scalars: Lines, x: Places, rows: Sequence[int], columns: Sequence[int]) -> int:
    """The determinant of what stands in these ROWS and COLUMNS: expanded by its rows, from the last one up."""
    if not rows:
        return scalars.constant(1.0)
    found: dict[tuple[int, ...], int] = {(column,): int(x[rows[-1], column]) for column in columns}
    for size in range(2, len(rows) + 1):
        row = rows[len(rows) - size]
        larger = {}
        for chosen in combinations(columns, size):
            total = None
            for place, column in enumerate(chosen):
                rest = found[(*chosen[:place], *chosen[place + 1 :])]
                term = scalars.apply("mul", int(x[row, column]), rest)
                total = term if total is None else scalars.apply("sub" if place % 2 else "add", total, term)
            assert total is not None
            larger[chosen] = total
        found = larger
    return found[tuple(columns)]


def _without(size: int, *gone: int) -> list[int]:
    return [k for k in range(size) if k not in gone]


def _cofactor(scalars: Lines, x: Places, i: int, j: int) -> int:
    found = minor(scalars, x, _without(len(x), i), _without(len(x), j))
    return scalars.apply("neg", found) if (i + j) % 2 else found


def _unless_finite(scalars: Lines, x: Places, found: Sequence[int]) -> list[int]:
    """FOUND, and nan where an element of X is no finite number."""
    zeros = [scalars.apply("sub", line, line) for line in x.ravel().tolist()]
    known = scalars.apply("equal", scalars.total(zeros), scalars.constant(0.0))
    return [scalars.apply("where", known, line, scalars.constant(nan)) for line in found]


def _det(scalars: Lines, x: Places) -> list[int]:
    _refuse_large(x, "det")
    everything = range(len(x))
    return _unless_finite(scalars, x, [minor(scalars, x, everything, everything)])


def _cofactors(scalars: Lines, x: Places) -> list[int]:
    _refuse_large(x, "det")
    return _unless_finite(scalars, x, [_cofactor(scalars, x, i, j) for i, j in np.ndindex(x.shape)])


def _cofactors_back(scalars: Lines, u: Places, x: Places) -> list[int]:
    """The sum over i, j of u[i,j] times the derivative of the cofactor [i,j] by x[k,l]."""
    _refuse_large(x, "det")
    size, found = len(x), []
    for k, l in np.ndindex(x.shape):  # noqa: E741
        terms = []
        for i, j in np.ndindex(x.shape):
            if i == k or j == l:
                continue
            rest = minor(scalars, x, _without(size, i, k), _without(size, j, l))
            odd = (i + j + (k - (k > i)) + (l - (l > j))) % 2
            term = scalars.apply("mul", int(u[i, j]), rest)
            terms.append(scalars.apply("neg", term) if odd else term)
        found.append(scalars.total(terms) if terms else scalars.constant(0.0))
    both = np.concatenate([u.ravel(), x.ravel()])
    return _unless_finite(scalars, both, found)


def _inv(scalars: Lines, x: Places) -> list[int]:
    _refuse_large(x, "inv")
    size = len(x)
    identity = np.array(
        [[scalars.constant(float(i == j)) for j in range(size)] for i in range(size)], dtype=np.intp
    )
    return _solved(scalars, x, identity)


def _solve(scalars: Lines, a: Places, b: Places) -> list[int]:
    _refuse_large(a, "solve")
    return _solved(scalars, a, b.reshape(len(b), -1))


def _solved(scalars: Lines, a: Places, b: Places) -> list[int]:
    """The adjugate of a times b, divided by the determinant; inf where that is 0."""
    size = len(a)
    everything = range(size)
    det = minor(scalars, a, everything, everything)
    singular = scalars.apply("equal", det, scalars.constant(0.0))
    found = []
    for i, column in np.ndindex(b.shape):
        terms = [scalars.apply("mul", _cofactor(scalars, a, k, i), int(b[k, column])) for k in range(size)]
        quotient = scalars.apply("div", scalars.total(terms), det)
        found.append(scalars.apply("where", singular, scalars.constant(inf), quotient))
    return _unless_finite(scalars, a, found)


MATRICES: dict[str, Callable[..., Any]] = {
    "det": _det, "cofactors": _cofactors, "cofactors_back": _cofactors_back, "inv": _inv, "solve": _solve,
}  # fmt: skip
