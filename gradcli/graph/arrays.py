"""The forwards over numpy arrays: float64, IEEE results; a shape of () is a Python float, in and out.

Callers hold `quiet()` around a run: numpy would warn where IEEE 754 has an answer.
"""

from __future__ import annotations

import math

import numpy as np

from gradcli.graph import Primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from gradcli.graph import Shape

    Array = np.ndarray[Any, np.dtype[np.float64]]
    Value = float | Array

WIDEST_TEXT = 12  # elements of a constant whose text is its numbers


class ArrayConstant:
    """The value of a constant line that is no scalar, and how the language writes it."""

    __slots__ = ("shape", "text", "value")

    def __init__(self, value: Array, text: str | None = None) -> None:
        self.value = value
        self.value.flags.writeable = False
        self.shape: Shape = value.shape
        self.text = text if text is not None else literal(value)


def literal(value: Array) -> str:
    """A small array as the language writes it; a large one by its shape."""
    from gradcli.text import shortest

    if value.size > WIDEST_TEXT:
        return f"[{'×'.join(map(str, value.shape))} numbers]"
    texts = [shortest(number) for number in value.ravel().tolist()]
    for length in reversed(value.shape):
        texts = [f"[{', '.join(texts[k : k + length])}]" for k in range(0, len(texts), length)]
    return texts[0]


def quiet() -> Any:
    """A context in which numpy says nothing about overflow, division by zero and invalid operations."""
    return np.errstate(all="ignore")


def as_value(found: Any) -> Value:
    """What numpy computed, as a float where it has no axis."""
    return float(found) if np.ndim(found) == 0 else found


def plain(value: Value) -> Any:
    """A value as JSON holds it: a float, or nested lists of floats."""
    return value if type(value) is float else value.tolist()  # type: ignore[union-attr]


def from_numbers(numbers: Any, shape: Shape) -> Value:
    """A value of SHAPE with these numbers in order."""
    return as_value(np.array(numbers, dtype=float).reshape(shape))


def zeros(shape: Shape) -> Value:
    """Zeros: 0.0 where there is no axis."""
    return np.zeros(shape) if shape else 0.0


def units(shape: Shape) -> Iterator[Value]:
    """Every value of SHAPE with a single 1 and zeros, in order."""
    for place in range(math.prod(shape)):
        unit = np.zeros(math.prod(shape))
        unit[place] = 1.0
        yield as_value(unit.reshape(shape))


def shape_of(value: Value) -> Shape:
    """The shape of a value; () for a float."""
    return () if type(value) is float else value.shape  # type: ignore[union-attr]


def apply(primitive: Primitive, static: Any, operands: Sequence[Any]) -> Any:
    """The carrier of arrays: the forward of PRIMITIVE over floats and arrays."""
    extra = (static,) if primitive.static else ()
    if primitive.kind != "elementwise":
        return as_value(primitive.forward(*operands, *extra))
    if all(type(operand) is float for operand in operands):
        return primitive.forward(*operands, *extra)
    return elementwise(primitive)(*operands, *extra)


def elementwise(primitive: Primitive) -> Callable[..., Any]:
    """The forward of an elementwise PRIMITIVE over arrays."""
    return ELEMENTWISE.get(primitive.name) or _mapped(primitive)


def _mapped(primitive: Primitive) -> Callable[..., Any]:
    """The float forward, element by element."""

    def forward(*operands: Any) -> Any:
        return np.frompyfunc(lambda *xs: primitive.forward(*map(float, xs)), len(operands), 1)(*operands).astype(float)

    return forward


def _test(compare: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, b: compare(a, b).astype(float)


def _many(combine: Any) -> Callable[..., Any]:
    def forward(*operands: Any) -> Any:
        found = operands[0]
        for operand in operands[1:]:
            found = combine(found, operand)
        return found

    return forward


def _where(condition: Any, a: Any, b: Any) -> Any:
    return np.where(np.not_equal(condition, 0.0), a, b)


def _relu(x: Any) -> Any:
    return np.maximum(x, 0.0)


def _power(x: Any, n: float) -> Any:
    if n == 2:
        return np.square(x)
    return np.sqrt(x) if n == 0.5 and bool((x != -np.inf).all()) else np.power(x, n)


def _sigmoid(x: Any) -> Any:
    share = np.exp(-np.abs(x))
    return np.where(np.greater_equal(x, 0.0), 1.0, share) / (1.0 + share)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _logaddexp(*xs: Any) -> Any:
    rows = np.stack(np.broadcast_arrays(*xs))
    return logsumexp(rows, (0, False))


def _softsign(x: Any) -> Any:
    return np.where(np.isinf(x), np.sign(x), x / (1.0 + np.abs(x)))


def _hypot(*xs: Any) -> Any:
    if len(xs) == 2:
        return np.hypot(*xs)
    return norm(np.stack(np.broadcast_arrays(*xs)), (0, False))


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "same": lambda x: x, "stop": lambda x: x,
    "less": _test(np.less), "less_equal": _test(np.less_equal), "greater": _test(np.greater),
    "greater_equal": _test(np.greater_equal), "equal": _test(np.equal), "not_equal": _test(np.not_equal),
    "where": _where, "power": _power, "pow": np.power, "square": np.square, "mod": np.mod, "abs": np.abs,
    "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "round": np.rint,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "log2": np.log2, "log10": np.log10,
    "sqrt": np.sqrt, "cbrt": np.cbrt, "hypot": _hypot,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh,
    "max": _many(np.maximum), "max_first": _many(np.maximum), "min": _many(np.minimum), "min_first": _many(np.minimum),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "clip_first": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "relu": _relu, "relu_split": _relu, "relu_first": _relu,
    "leaky_relu": lambda x, s: np.where(np.greater(x, 0.0), x, s * x),
    "elu": lambda x, a: np.where(np.greater(x, 0.0), x, a * np.expm1(np.minimum(x, 0.0))),
    "sigmoid": _sigmoid, "softplus": _softplus, "logsigmoid": lambda x: -_softplus(-x), "softsign": _softsign,
    "logaddexp": _logaddexp,
}  # fmt: skip


# Reductions: the axis is (axis or None, is it kept at length 1)


def total(x: Any, axis: Any) -> Any:
    return np.sum(x, axis=axis[0], keepdims=axis[1])


def mean(x: Any, axis: Any) -> Any:
    """The mean, also where the sum overflows."""
    found = np.mean(x, axis=axis[0], keepdims=axis[1])
    if not np.isfinite(found).all() and np.isfinite(x).all():
        found = np.mean(np.ldexp(x, -64), axis=axis[0], keepdims=axis[1]) * 2.0**64
    return found


def product(x: Any, axis: Any) -> Any:
    return np.prod(x, axis=axis[0], keepdims=axis[1])


def largest(x: Any, axis: Any) -> Any:
    return np.max(x, axis=axis[0], keepdims=axis[1])


def smallest(x: Any, axis: Any) -> Any:
    return np.min(x, axis=axis[0], keepdims=axis[1])


def place_of_largest(x: Any, axis: Any) -> Any:
    return np.asarray(np.argmax(x, axis=axis[0], keepdims=axis[1]), dtype=float)


def norm(x: Any, axis: Any) -> Any:
    """The Euclidean norm, scaled by a power of 2 as hypot is, so that no square overflows or vanishes."""
    size = np.max(np.abs(x), axis=axis[0], keepdims=True)
    scale = np.where(np.isfinite(size) & (size > 0), np.exp2(np.floor(np.log2(np.where(size > 0, size, 1.0)))), 1.0)
    scale = np.where(np.isfinite(scale), scale, 1.0)
    found = np.sqrt(np.sum(np.square(x / scale), axis=axis[0], keepdims=True)) * scale
    return found if axis[1] else np.squeeze(found, axis=None if axis[0] is None else axis[0])


def variance(x: Any, axis: Any) -> Any:
    """The mean square of the deviations from the mean (over n), also where a square overflows on the way."""
    deviations = x - mean(x, (axis[0], True))
    return np.square(_root_mean_square(deviations, axis))


def deviation(x: Any, axis: Any) -> Any:
    """The standard deviation (over n)."""
    return _root_mean_square(x - mean(x, (axis[0], True)), axis)


def _root_mean_square(x: Any, axis: Any) -> Any:
    many = np.size(x) if axis[0] is None else np.shape(x)[axis[0]]
    return norm(x, axis) / np.sqrt(many)


def logsumexp(x: Any, axis: Any) -> Any:
    """log(sum(exp(x))) without overflow; the largest leaves the sum, so that the far smaller are not lost."""
    top = np.max(x, axis=axis[0], keepdims=True)
    base = np.where(np.isfinite(top), top, 0.0)
    shares = np.exp(x - base)
    first = _first(x, top, axis[0])
    rest = np.sum(np.where(first, 0.0, shares), axis=axis[0], keepdims=True)
    found = np.where(np.isfinite(top), base + np.log1p(rest), top)
    return found if axis[1] else np.squeeze(found, axis=None if axis[0] is None else axis[0])


def _first(x: Any, top: Any, axis: int | None) -> Any:
    """True at the first place along AXIS where x is TOP."""
    hits = np.equal(x, top)
    if axis is None:
        seen = np.cumsum(hits).reshape(np.shape(hits))
    else:
        seen = np.cumsum(hits, axis=axis)
    return hits & (seen == 1)


def dot(a: Any, b: Any) -> Any:
    return np.dot(a, b)


def trace(x: Any) -> Any:
    return np.trace(x)


def cross_entropy(logits: Any, target: Any) -> Any:
    """The mean over rows of -log softmax at the target: a class index a row, or probabilities."""
    logs = logsoftmax(logits)
    if np.shape(target) == np.shape(logits):
        found = -np.sum(np.where(target == 0, 0.0, target * logs), axis=-1)
    else:
        found = -np.sum(np.where(one_hot(target, np.shape(logits)[-1]) != 0, logs, 0.0), axis=-1)
    return np.mean(found)


def one_hot(index: Any, classes: int) -> Any:
    """Rows of zeros with a 1 at the class."""
    return (np.expand_dims(index, -1) == np.arange(classes)).astype(float)


# Moving elements


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


def transpose(x: Any, axes: Any) -> Any:
    return np.transpose(x, axes)


def reshape(x: Any, shape: Shape) -> Any:
    return np.reshape(x, shape)


def index(x: Any, places: tuple[Any, ...]) -> Any:
    return x[places]


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


# Linear algebra


def matmul(a: Any, b: Any) -> Any:
    return np.matmul(a, b)


def outer(a: Any, b: Any) -> Any:
    return np.outer(a, b)


def det(x: Any) -> Any:
    return np.linalg.det(x)


def inv(x: Any) -> Any:
    return solve(x, np.eye(len(x)))


def solve(a: Any, b: Any) -> Any:
    """The x of a @ x = b; inf where a is singular."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        return np.full(np.shape(b), np.inf)


def cofactors(x: Any) -> Any:
    """The gradient of det: det(x) * inv(x).T, also where x is singular (by the SVD x = U S V')."""
    left, sizes, right = np.linalg.svd(x)
    others = np.array([np.prod(np.delete(sizes, k)) for k in range(len(sizes))])
    return np.linalg.det(left) * np.linalg.det(right) * (left * others) @ right


def softmax(x: Any) -> Any:
    """Shares along the last axis, each as far from 1 as it can be told."""
    top = np.max(x, axis=-1, keepdims=True)
    shares = np.exp(x - np.where(np.isfinite(top), top, 0.0))
    found = shares / np.sum(shares, axis=-1, keepdims=True)
    return np.where(np.isposinf(top), np.where(np.isposinf(x), np.nan, 0.0), found) if np.isposinf(top).any() else found


def logsoftmax(x: Any) -> Any:
    return x - logsumexp(x, (-1, True))


def identity(size: int) -> Array:
    return np.eye(size)


def full(shape: Shape, value: float) -> Array:
    return np.full(shape, value)


def linspace(low: float, high: float, many: int) -> Array:
    return np.linspace(low, high, many)


def arange(low: float, step: float, many: int) -> Array:
    return low + step * np.arange(many, dtype=float)
