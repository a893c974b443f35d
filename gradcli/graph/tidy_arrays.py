"""What a call on arrays becomes in a tidy formula, in words of the language."""

from __future__ import annotations

from gradcli.graph import NAMED, Primitive
from gradcli.graph.tidy import ONE, Tidy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.tidy import Value


def spread(tidy: Tidy, value: Value, shape: Shape) -> Value:
    """VALUE in the whole of a SHAPE."""
    number, part = value
    if tidy.shapes[part] == shape:
        return value
    if part == ONE and number in (0, 1):
        word = "zeros" if number == 0 else "ones"
        from gradcli.graph.arrays import ArrayConstant, full

        text = f"{word}({', '.join(map(str, shape))})"
        return (1, tidy.made(text, lambda: ArrayConstant(full(shape, float(number)), text), shape))
    if part == ONE:
        return (number, spread(tidy, (1, ONE), shape)[1])
    return (number, tidy.opaque(NAMED["broadcast"], shape, [(1, part)], shape)[1])


def called(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value:
    """PRIMITIVE, which is not elementwise, applied to values in their shapes."""
    return tidy.opaque(primitive, static, operands)
