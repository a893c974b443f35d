"""The forwards of reductions over numpy arrays; the axis is (axis or None, is it kept at length 1)."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Axis = tuple[int | None, bool]

SAFE = 1e-280  # from here on a sum of squares has lost no digit to what vanished
EXPONENT = 64  # of the power of 2 that is taken out where a sum overflows


def total(x: Any, axis: Axis) -> Any:
    return np.sum(x, axis=axis[0], keepdims=axis[1])


def product(x: Any, axis: Axis) -> Any:
    return np.prod(x, axis=axis[0], keepdims=axis[1])


def largest(x: Any, axis: Axis) -> Any:
    return np.max(x, axis=axis[0], keepdims=axis[1])


def smallest(x: Any, axis: Axis) -> Any:
    return np.min(x, axis=axis[0], keepdims=axis[1])


def place_of_largest(x: Any, axis: Axis) -> Any:
    return np.asarray(np.argmax(x, axis=axis[0], keepdims=axis[1]), dtype=float)


def mean(x: Any, axis: Axis) -> Any:
    """The mean, also where the sum overflows."""
    found = np.mean(x, axis=axis[0], keepdims=axis[1])
    if np.isfinite(found).all():
        return found
    scaled = np.mean(np.ldexp(x, -EXPONENT), axis=axis[0], keepdims=axis[1])
    return np.where(np.isfinite(found), found, np.ldexp(scaled, EXPONENT))


def norm(x: Any, axis: Axis) -> Any:
    """The Euclidean norm, scaled by a power of 2 as hypot is, so that no square overflows or vanishes."""
    squares = np.sum(np.square(x), axis=axis[0], keepdims=axis[1])
    if np.all((squares > SAFE) & (squares < np.inf)):
        return np.sqrt(squares)
    size = np.max(np.abs(x), axis=axis[0], keepdims=True)
    exponent = np.where(np.isfinite(size), np.frexp(size)[1], 0)
    root = np.sqrt(np.sum(np.square(np.ldexp(x, -exponent)), axis=axis[0], keepdims=True))
    return _dropped(np.ldexp(root, exponent), axis)


def centred(x: Any, axis: int | None) -> Any:
    """What x deviates from its mean by; the mean is a rounded number, so the deviations are centred once more."""
    deviations = x - mean(x, (axis, True))
    return deviations - np.mean(deviations, axis=axis, keepdims=True)


def variance(x: Any, axis: Axis) -> Any:
    """The mean square of the deviations from the mean (over n), also where a square or the sum overflows."""
    found = np.mean(np.square(centred(x, axis[0])), axis=axis[0], keepdims=axis[1])
    if np.isfinite(found).all():
        return found
    scaled = np.square(centred(np.ldexp(x, -EXPONENT), axis[0]))
    again = np.ldexp(np.mean(scaled, axis=axis[0], keepdims=axis[1]), 2 * EXPONENT)
    return np.where(np.isfinite(found), found, again)


def deviation(x: Any, axis: Axis) -> Any:
    """The standard deviation (over n), also where a square overflows or vanishes."""
    found = _root_mean_square(centred(x, axis[0]), axis)
    if np.isfinite(found).all():
        return found
    scaled = _root_mean_square(centred(np.ldexp(x, -EXPONENT), axis[0]), axis)
    return np.where(np.isfinite(found), found, np.ldexp(scaled, EXPONENT))


def _root_mean_square(x: Any, axis: Axis) -> Any:
    squares = np.mean(np.square(x), axis=axis[0], keepdims=axis[1])
    if np.all((squares > SAFE) & (squares < np.inf)):
        return np.sqrt(squares)
    many = np.size(x) if axis[0] is None else np.shape(x)[axis[0]]
    return norm(x, axis) / np.sqrt(many)


def logsumexp(x: Any, axis: Axis) -> Any:
    """log(sum(exp(x))) without overflow."""
    top, rest = top_and_rest(x, axis[0])
    return _dropped(np.where(np.isfinite(top), top + np.log1p(rest), top), axis)


def top_and_rest(x: Any, axis: int | None) -> tuple[Any, Any]:
    """The largest element, and sum(exp(x - largest)) over all others, so that the far smaller are not lost."""
    top = np.max(x, axis=axis, keepdims=True)
    shares = np.asarray(np.exp(x - np.where(np.isfinite(top), top, 0.0)))
    place = np.argmax(x, axis=axis, keepdims=True)
    if axis is None:
        shares.flat[place.item()] = 0.0
    else:
        np.put_along_axis(shares, place, 0.0, axis)
    return top, np.sum(shares, axis=axis, keepdims=True)


def _dropped(found: Any, axis: Axis) -> Any:
    """FOUND, whose axis is kept, as the axis asks for."""
    return found if axis[1] else np.squeeze(found, axis=axis[0])


def dot(a: Any, b: Any) -> Any:
    return np.dot(a, b)


def trace(x: Any) -> Any:
    return np.trace(x)
