"""The forwards of softmax and what is made of it, along the last axis: no digit is lost where a share is close to 1."""

from __future__ import annotations

import numpy as np

from gradcli.graph.array_reductions import top_and_rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def softmax(x: Any) -> Any:
    """The shares, and their limits where one element is inf."""
    top = np.max(x, axis=-1, keepdims=True)
    base = np.where(np.isfinite(top), top, 0.0)
    distance = x - base
    back = x - distance  # Knuth's two-sum: what the subtraction rounded off, which exp would multiply
    rounded_off = (x - (distance + back)) + (back - base)
    shares = np.exp(distance)
    shares = shares * (1.0 + np.where(np.isfinite(rounded_off), rounded_off, 0.0))
    found = shares / np.sum(shares, axis=-1, keepdims=True)
    endless = np.isposinf(top)
    return np.where(endless, _limits(x), found) if endless.any() else found


def _limits(x: Any) -> Any:
    """The shares where an element is inf: all to it, and nan where there are several."""
    hits = np.isposinf(x)
    return np.where(np.sum(hits, axis=-1, keepdims=True) > 1, np.nan, hits)


def logsoftmax(x: Any) -> Any:
    """The logarithms of the shares."""
    top, rest = top_and_rest(x, -1)
    base = np.where(np.isfinite(top), top, 0.0)
    found = (x - base) - np.log1p(rest)
    endless = np.isposinf(top)
    found = np.where(np.isfinite(top) | endless, found, np.nan)
    return np.where(endless, np.log(_limits(x)), found) if endless.any() else found


def centred_by(u: Any, y: Any) -> Any:
    """u - sum(u * y) for shares y, whose rounded sum is taken off once more."""
    found = u - np.sum(u * y, axis=-1, keepdims=True)
    return found - np.sum(found * y, axis=-1, keepdims=True)


CLOSE = 0.9  # from here on 1 - share is what the other shares sum to


def excess(y: Any, t: Any, form: str) -> Any:
    """y * sum(t) - t for shares y, or its negative: what a share close to 1 lacks is the sum of all others."""
    total = np.sum(t, axis=-1, keepdims=True)
    found = y * total - t
    place = np.argmax(y, axis=-1, keepdims=True)
    top, weight = np.take_along_axis(y, place, -1), np.take_along_axis(t, place, -1)
    if np.any(top > CLOSE):
        others = np.array(y)
        np.put_along_axis(others, place, 0.0, -1)
        better = top * (total - weight) - weight * np.sum(others, axis=-1, keepdims=True)
        np.put_along_axis(found, place, np.where(top > CLOSE, better, np.take_along_axis(found, place, -1)), -1)
    return 0.0 - found if form == "lack" else found


def one_hot(index: Any, classes: int) -> Any:
    """Rows of zeros with a 1 at the class; nan where it is no class."""
    hits = np.expand_dims(index, -1) == np.arange(classes)
    return np.where(hits.any(axis=-1, keepdims=True), hits, np.nan)


def cross_entropy(logits: Any, target: Any) -> Any:
    """The mean over rows of -log softmax at the target: a class index a row, or probabilities."""
    share = target if np.shape(target) == np.shape(logits) else one_hot(target, np.shape(logits)[-1])
    return np.mean(0.0 - np.sum(np.where(np.equal(share, 0.0), 0.0, share * logsoftmax(logits)), axis=-1))
