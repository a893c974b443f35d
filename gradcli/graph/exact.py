"""Determinants, inverses and solutions of small matrices in whole numbers: rounded once, at the end.

A float is a whole number over a power of 2, so that nothing is rounded on the way (Bareiss 1968). A matrix that is
singular is found to be so, and det([[1, 2], [3, 4]]) is -2, not -2.0000000000000004.
"""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = Sequence[Sequence[float]]
    Whole = list[list[int]]

SMALL = 5  # rows up to which this costs little


def determinant(rows: Rows) -> float:
    """The determinant."""
    whole, unit = _whole(rows)
    return _quotient(_eliminated(whole, [[] for _ in rows])[0], unit ** len(rows))


def solution(rows: Rows, right: Rows) -> list[list[float]] | None:
    """The x of rows @ x = right; None where there is none, or many."""
    whole, unit = _whole(rows)
    whole_right, unit_right = _whole(right)
    det, found = _eliminated(whole, whole_right)
    if det == 0:
        return None
    return [[_quotient(number * unit, det * unit_right) for number in row] for row in found]


def cofactors(rows: Rows) -> list[list[float]]:
    """The signed determinants of what is left without a row and a column."""
    whole, unit = _whole(rows)
    size = len(rows)
    below = unit ** (size - 1)
    det, adjugate = _eliminated(whole, [[int(i == j) for j in range(size)] for i in range(size)])
    if det != 0:
        return [[_quotient(adjugate[j][i], below) for j in range(size)] for i in range(size)]
    return [[_quotient(_cofactor(whole, i, j), below) for j in range(size)] for i in range(size)]


def _cofactor(whole: Whole, row: int, column: int) -> int:
    rest = [[*line[:column], *line[column + 1 :]] for k, line in enumerate(whole) if k != row]
    minor = _eliminated(rest, [[] for _ in rest])[0]
    return -minor if (row + column) % 2 else minor


def _eliminated(matrix: Whole, right: Whole) -> tuple[int, Whole]:
    """det(matrix), and det(matrix) * matrix^-1 @ right where that is not 0: every division leaves no rest."""
    size = len(matrix)
    rows = [[*left, *more] for left, more in zip(matrix, right, strict=True)]
    previous = sign = 1
    for k in range(size):
        found = next((i for i in range(k, size) if rows[i][k]), None)
        if found is None:
            return 0, right
        if found != k:
            rows[k], rows[found] = rows[found], rows[k]
            sign = -sign
        pivot = rows[k]
        for i in range(size):
            if i != k:
                factor = rows[i][k]
                rows[i] = [(a * pivot[k] - factor * b) // previous for a, b in zip(rows[i], pivot, strict=True)]
        previous = pivot[k]
    return sign * previous, [[sign * number for number in row[size:]] for row in rows]


def _whole(rows: Rows) -> tuple[Whole, int]:
    """The numbers as whole multiples of 1 / unit, and the unit."""
    ratios = [[number.as_integer_ratio() for number in row] for row in rows]
    unit = max(below for row in ratios for _, below in row)
    return [[above * (unit // below) for above, below in row] for row in ratios], unit


def _quotient(above: int, below: int) -> float:
    try:
        return above / below
    except OverflowError:
        return math.inf if (above > 0) == (below > 0) else -math.inf
