"""The elementwise forwards over numpy arrays: the results of the float forwards, element by element.

numpy rounds some functions otherwise than the C library: the two agree to 2 units in the last place.
"""

from __future__ import annotations

import math

import numpy as np

from gradcli.graph.array_reductions import logsumexp, norm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gradcli.graph import Primitive


def elementwise(primitive: Primitive) -> Callable[..., Any]:
    """The forward of an elementwise PRIMITIVE over arrays."""
    return ELEMENTWISE.get(primitive.name) or _mapped(primitive)


def _mapped(primitive: Primitive) -> Callable[..., Any]:
    """The float forward, element by element."""

    def forward(*operands: Any) -> Any:
        spread = np.broadcast_arrays(*operands)
        shape, count = spread[0].shape, spread[0].size
        columns = [operand.ravel().tolist() for operand in spread]
        return np.fromiter(map(primitive.forward, *columns), float, count).reshape(shape)

    return forward


def _test(compare: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, b: compare(a, b).astype(float)


# Arithmetic


def _power(x: Any, n: float) -> Any:
    if n == 2:
        return np.square(x)
    if n == 0.5:  # numpy takes the square root there, which is nan at -inf and -0.0 at -0.0
        return np.sqrt(np.where(np.isneginf(x), np.inf, x)) + 0.0
    return np.power(x, n)


def _pow(a: Any, b: Any) -> Any:
    return _power(a, b) if type(b) is float else np.power(a, b)


def _hypot(*xs: Any) -> Any:
    if len(xs) == 2:
        return np.hypot(*xs)
    rows = np.stack(np.broadcast_arrays(*xs))
    found = norm(rows, (0, False))
    return np.where(np.isinf(rows).any(axis=0), np.inf, found)  # also beside nan, as C99 has it


def _xlogy(x: Any, y: Any) -> Any:
    return np.where(np.equal(x, 0.0) & np.equal(y, y), 0.0, x * np.log(y))


# Gates and comparisons


def _where(condition: Any, a: Any, b: Any) -> Any:
    return np.where(np.not_equal(condition, 0.0), a, b)


def _largest(*xs: Any) -> Any:
    """The largest operand; of 0.0 and -0.0, which numpy does not tell apart, 0.0."""
    found = xs[0]
    for x in xs[1:]:
        larger = np.maximum(found, x)
        if not np.all(larger):
            larger = np.where(np.equal(found, 0.0) & np.equal(x, 0.0), np.add(found, x), larger)
        found = larger
    return found


def _smallest(*xs: Any) -> Any:
    """The smallest operand; of 0.0 and -0.0, -0.0."""
    found = xs[0]
    for x in xs[1:]:
        smaller = np.minimum(found, x)
        if not np.all(smaller):
            smaller = np.where(np.equal(found, 0.0) & np.equal(x, 0.0), -(-np.asarray(found) - x), smaller)
        found = smaller
    return found


def _clip(x: Any, low: Any, high: Any) -> Any:
    return _smallest(_largest(x, low), high)


def _relu(x: Any) -> Any:
    return np.maximum(x, 0.0)


# Activations


def _sigmoid(x: Any) -> Any:
    share = np.exp(-np.abs(x))
    return np.where(np.greater_equal(x, 0.0), 1.0, share) / (1.0 + share)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _silu(x: Any) -> Any:
    found = x * _sigmoid(x)
    if np.all(np.greater(x, -700.0)):
        return found
    tail = x * np.exp(x + 64.0) * math.exp(-64.0)  # exp(-64) last: exp(x) alone would be subnormal
    return np.where(np.less(x, -800.0), -0.0, np.where(np.less_equal(x, -700.0), tail, found))


def _softsign(x: Any) -> Any:
    return np.where(np.isinf(x), np.sign(x), x / (1.0 + np.abs(x)))


def _logaddexp(*xs: Any) -> Any:
    return logsumexp(np.stack(np.broadcast_arrays(*xs)), (0, False))


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "same": lambda x: x, "stop": lambda x: x, "seed": lambda x: np.where(np.isnan(x), x, 1.0),
    "less": _test(np.less), "less_equal": _test(np.less_equal), "greater": _test(np.greater),
    "greater_equal": _test(np.greater_equal), "equal": _test(np.equal), "not_equal": _test(np.not_equal),
    "where": _where, "power": _power, "pow": _pow, "square": np.square, "mod": np.mod, "abs": np.abs,
    "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "round": np.rint,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "log2": np.log2, "log10": np.log10,
    "sqrt": np.sqrt, "cbrt": np.cbrt, "hypot": _hypot, "xlogy": _xlogy,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh,
    "max": _largest, "max_first": _largest, "min": _smallest, "min_first": _smallest,
    "clip": _clip, "clip_first": _clip, "relu": _relu, "relu_split": _relu, "relu_first": _relu,
    "leaky_relu": lambda x, s: np.where(np.greater(x, 0.0), x, s * x),
    "elu": lambda x, a: np.where(np.greater(x, 0.0), x, a * np.expm1(np.minimum(0.0, x))),
    "sigmoid": _sigmoid, "softplus": _softplus, "logsigmoid": lambda x: -_softplus(-x), "softsign": _softsign,
    "silu": _silu, "logaddexp": _logaddexp,
}  # fmt: skip
