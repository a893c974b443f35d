"""Eigenvalues of symmetric matrices: by Jacobi's rotations where they are small, by numpy where they are not."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SMALL = 16  # rows up to which rotations are faster than to import numpy
MOST_SWEEPS = 60


def eigenvalues(matrix: Sequence[Sequence[float]]) -> list[float]:
    """The eigenvalues of a symmetric MATRIX of finite numbers, the least first; what is above the diagonal counts."""
    if len(matrix) > SMALL:
        return _by_numpy(matrix)
    return sorted(_by_rotations(matrix))


def _by_numpy(matrix: Sequence[Sequence[float]]) -> list[float]:
    import numpy as np

    found: list[float] = np.linalg.eigvalsh(np.array(matrix), UPLO="U").tolist()
    return found


def _by_rotations(matrix: Sequence[Sequence[float]]) -> list[float]:
    """Rotations that make one pair of entries 0 at a time, until all are (Golub and Van Loan, algorithm 8.5.3).

    The matrix is scaled by a power of 2, so that no product of its entries overflows.
    """
    size = len(matrix)
    largest = max((abs(number) for row in matrix for number in row), default=0.0)
    if largest == 0:
        return [0.0] * size
    exponent = math.frexp(largest)[1]
    a = [[math.ldexp(matrix[min(i, j)][max(i, j)], -exponent) for j in range(size)] for i in range(size)]
    for _ in range(MOST_SWEEPS):
        moved = False
        for p in range(size):
            for q in range(p + 1, size):
                if abs(a[p][q]) > 1e-17 * math.sqrt(abs(a[p][p] * a[q][q])) and abs(a[p][q]) > 1e-300:
                    _rotate(a, p, q)
                    moved = True
        if not moved:
            break
    half = exponent // 2
    return [math.ldexp(a[i][i], half) * 2.0 ** (exponent - half) for i in range(size)]


def _rotate(a: list[list[float]], p: int, q: int) -> None:
    """One rotation, after which a[p][q] is 0."""
    theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
    t = math.copysign(1.0, theta) / (abs(theta) + math.hypot(theta, 1.0))
    c = 1.0 / math.hypot(t, 1.0)
    s = t * c
    a[p][p] -= t * a[p][q]
    a[q][q] += t * a[p][q]
    a[p][q] = a[q][p] = 0.0
    for r in range(len(a)):
        if r not in (p, q):
            a[r][p], a[r][q] = c * a[r][p] - s * a[r][q], s * a[r][p] + c * a[r][q]
            a[p][r], a[q][r] = a[r][p], a[r][q]
