"""Products in which 0 times inf is 0, for flows under `--zero strong`."""

from __future__ import annotations

import numpy as np

from gradcli.graph.arrays import apply, as_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Primitive


def apply_strongly(primitive: Primitive, static: Any, operands: Sequence[Any]) -> Any:
    """The carrier of arrays, with strong zeros in every product."""
    if primitive.name == "mul":
        return as_value(times(*operands))
    if primitive.name == "outer":
        return times(np.expand_dims(operands[0], -1), operands[1])
    if primitive.name == "matmul":
        return as_value(product(*operands))
    return apply(primitive, static, operands)


def times(a: Any, b: Any) -> Any:
    """a * b, element by element."""
    dead = (np.equal(a, 0) & np.isinf(b)) | (np.isinf(a) & np.equal(b, 0))
    return np.where(dead, 0.0, np.multiply(a, b))


def product(a: Any, b: Any) -> Any:
    """a @ b; infinite terms are counted by themselves, since those with a zero do not count."""
    if np.isfinite(a).all() and np.isfinite(b).all():
        return np.matmul(a, b)
    found = np.matmul(np.where(np.isfinite(a), a, 0.0), np.where(np.isfinite(b), b, 0.0))
    up = _meetings(a, b) + _meetings(-a, -b)
    down = _meetings(a, -b) + _meetings(-a, b)
    lost = np.matmul(np.isnan(a).astype(float), np.ones_like(b)) + np.matmul(np.ones_like(a), np.isnan(b).astype(float))
    found = np.where(up > 0, np.inf, np.where(down > 0, -np.inf, found))
    return np.where(((up > 0) & (down > 0)) | (lost > 0), np.nan, found)


def _meetings(a: Any, b: Any) -> Any:
    """In how many terms two positive factors meet, one of them infinite at least."""
    left, right = (np.greater(x, 0.0).astype(float) for x in (a, b))
    return np.matmul(np.isposinf(a).astype(float), right) + np.matmul(left, np.isposinf(b).astype(float))
