"""The forwards of linear algebra over numpy arrays: nothing raises, what is singular is inf and what is nan is nan."""

from __future__ import annotations

import math

import numpy as np

from gradcli.graph import exact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def matmul(a: Any, b: Any) -> Any:
    return np.matmul(a, b)


def outer(a: Any, b: Any) -> Any:
    return np.outer(a, b)


def det(x: Any) -> Any:
    if not np.isfinite(x).all():
        return math.nan
    return exact.determinant(x.tolist()) if len(x) <= exact.SMALL else np.linalg.det(x)


def inv(x: Any) -> Any:
    return solve(x, np.eye(len(x)))


def solve(a: Any, b: Any) -> Any:
    """The x of a @ x = b; inf where a is singular."""
    if not np.isfinite(a).all():
        return np.full(np.shape(b), np.nan)
    if len(a) <= exact.SMALL and np.isfinite(b).all():
        found = exact.solution(a.tolist(), np.reshape(b, (len(b), -1)).tolist())
        return np.full(np.shape(b), np.inf) if found is None else np.reshape(found, np.shape(b))
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        return np.full(np.shape(b), np.inf)


def cofactors(x: Any) -> Any:
    """The gradient of det: det(x) * inv(x).T, also where x is singular (by the SVD x = U S V')."""
    if not np.isfinite(x).all():
        return np.full(np.shape(x), np.nan)
    if len(x) <= exact.SMALL:
        return np.array(exact.cofactors(x.tolist()))
    left, sizes, right, sign = _decomposed(x)
    before = np.cumprod([1.0, *sizes[:-1]])
    after = np.cumprod([1.0, *sizes[:0:-1]])[::-1]
    return sign * (left * (before * after)) @ right


def cofactors_back(u: Any, x: Any) -> Any:
    """What u at the cofactors of x is at x, also where x is singular: the second derivatives of det, times u."""
    if not np.isfinite(x).all() or not np.isfinite(u).all():
        return np.full(np.shape(x), np.nan)
    left, sizes, right, sign = _decomposed(x)
    without = _products_without_two(sizes)
    turned = left.T @ u @ right.T
    back = -turned.T * without
    np.fill_diagonal(back, np.diag(turned) @ without)
    return sign * left @ back @ right


def _decomposed(x: Any) -> tuple[Any, Any, Any, float]:
    left, sizes, right = np.linalg.svd(x)
    return left, sizes, right, 1.0 if np.linalg.det(left) * np.linalg.det(right) > 0 else -1.0


def _products_without_two(sizes: Any) -> Any:
    """The product of all sizes but the i-th and the j-th, at [i, j]; 0 on the diagonal."""
    count = len(sizes)
    before = np.cumprod([1.0, *sizes[:-1]])
    after = np.cumprod([1.0, *sizes[:0:-1]])[::-1]
    found = np.zeros((count, count))
    for i in range(count - 1):
        between = np.cumprod([1.0, *sizes[i + 1 : -1]])
        found[i, i + 1 :] = found[i + 1 :, i] = before[i] * between * after[i + 1 :]
    return found
