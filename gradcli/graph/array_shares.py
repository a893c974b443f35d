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


def excess(y: Any, t: Any, form: str) -> Any:
    """y * sum(t) - t for shares y, or its negative: of a share close to 1, what it lacks is the sum of all others."""
    place = np.argmax(y, axis=-1, keepdims=True)
    others = np.array(y)
    np.put_along_axis(others, place, 0.0, -1)
    lacks = 1.0 - y
    np.put_along_axis(lacks, place, np.sum(others, axis=-1, keepdims=True), -1)
    more, less = y * (np.sum(t, axis=-1, keepdims=True) - t), t * lacks
    return less - more if form == "lack" else more - less


def one_hot(index: Any, classes: int) -> Any:
    """Rows of zeros with a 1 at the class; nan where it is no class."""
    hits = np.expand_dims(index, -1) == np.arange(classes)
    return np.where(hits.any(axis=-1, keepdims=True), hits, np.nan)


def cross_entropy(logits: Any, target: Any) -> Any:
    """The mean over rows of -log softmax at the target: a class index a row, or probabilities."""
    share = target if np.shape(target) == np.shape(logits) else one_hot(target, np.shape(logits)[-1])
    return np.mean(0.0 - np.sum(np.where(np.equal(share, 0.0), 0.0, share * logsoftmax(logits)), axis=-1))
