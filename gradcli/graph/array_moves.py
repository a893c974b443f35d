"""The forwards over numpy arrays that move elements, repeat them or add them up."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.graph import Shape


def fit(x: Any, shape: Shape) -> Any:
    """Sum down, or spread up, to SHAPE."""
    have = np.shape(x)
    if have == shape:
        return x
    if len(have) > len(shape):
        x = np.sum(x, axis=tuple(range(len(have) - len(shape))))
        have = np.shape(x)
    lead = len(shape) - len(have)
    summed = tuple(axis for axis, length in enumerate(have) if length != 1 and shape[axis + lead] == 1)
    if summed:
        x = np.sum(x, axis=summed, keepdims=True)
    return np.broadcast_to(x, shape) if np.shape(x) != shape else x


def transpose(x: Any, axes: tuple[int, ...] | None) -> Any:
    return np.transpose(x, axes)


def reshape(x: Any, shape: Shape) -> Any:
    return np.reshape(x, shape)


def flatten(x: Any) -> Any:
    return np.ravel(x)


def index(x: Any, places: tuple[Any, ...]) -> Any:
    return np.asarray(x)[places]


def scatter(x: Any, static: Any) -> Any:
    """Zeros of a shape with x at the places of an index."""
    places, shape = static
    found = np.zeros(shape)
    found[places] = x
    return found


def stack(*xs: Any) -> Any:
    return np.stack(xs) if np.ndim(xs[0]) else np.array(xs)


def concat(*xs_and_axis: Any) -> Any:
    *xs, axis = xs_and_axis
    return np.concatenate(xs, axis=axis)


def cumsum(x: Any, axis: int | None) -> Any:
    return np.cumsum(x, axis=axis)
