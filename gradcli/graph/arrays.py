"""The carrier of numpy arrays: float64, IEEE results; a shape of () is a Python float, in and out.

Callers hold `quiet()` around a run: numpy would warn where IEEE 754 has an answer.
"""

from __future__ import annotations

import math

import numpy as np

from gradcli.graph import Primitive
from gradcli.graph.array_elements import elementwise as elementwise
from gradcli.graph.array_moves import fit as fit
from gradcli.graph.array_reductions import mean as mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
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


def owned(value: Value, used: Iterable[Any] = ()) -> Value:
    """VALUE as an array that shares no memory with the arrays USED: a copy where it is a view, or one of them."""
    if type(value) is not np.ndarray:
        return value
    if value.base is None and value.flags.writeable and not any(value is other for other in used):
        return value
    return value.copy()


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


# What makes arrays


def identity(size: int) -> Array:
    return np.eye(size)


def full(shape: Shape, value: float) -> Array:
    return np.full(shape, value)


def linspace(low: float, high: float, many: int) -> Array:
    return np.linspace(low, high, many)


def arange(low: float, step: float, many: int) -> Array:
    return low + step * np.arange(many, dtype=float)
