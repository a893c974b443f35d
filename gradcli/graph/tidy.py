"""The algebra of formulas: sums, products and powers in one tidy form, every equal part held once.

A value is a pair (coefficient, part): an exact number times a part without one. Numbers are fractions of what was
written in decimals, so 0.1*3 is 0.3 and 1/3 stays a third. What changes where a formula has a value is done only where
it is known not to matter: `flags` say of a part that it is finite, not 0, not negative.
"""

from __future__ import annotations

import math
from fractions import Fraction

from gradcli.graph import NAMED
from gradcli.graph.tidy_numbers import exact
from gradcli.graph.tidy_parts import CALL, NOBODY, ONE
from gradcli.graph.tidy_products import Products

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Primitive, Shape
    from gradcli.graph.tidy_parts import Value


class Tidy(Products):
    """The algebra: sums, products and calls of values, in one tidy form.

    What a user of it does: read lines into values (gradcli.graph.tidy_lines), and write them (gradcli.graph.formulas).
    """

    def number(self, value: float) -> Value:
        """A constant of the graph."""
        if value - value != 0:
            sign, text = (-1 if value < 0 else 1), ("nan" if value != value else "inf")
            return (sign, self.special(text, abs(value))[1])
        if value == int(value):
            return (exact(value), ONE)
        named = _NAMED_NUMBERS.get(abs(value))
        if named is None:
            return (exact(value), ONE)
        sign = -1 if value < 0 else 1
        coefficient, part = named(self)
        return (sign * coefficient, part)

    def call(self, name: str, static: Any, operands: Sequence[Value]) -> Value:
        """A primitive applied to values, as short as is known."""
        from gradcli.graph.tidy_calls import called

        return called(self, NAMED[name], static, operands)

    def opaque(self, primitive: Primitive, static: Any, operands: Sequence[Value], shape: Shape | None = None) -> Value:
        """A primitive applied to values, as it is."""
        parts = tuple([self.whole(operand) for operand in operands])
        if shape is None:
            shapes = [self.shapes[part] for part in parts]
            if primitive.kind == "elementwise":
                shape = self._shared_shape(parts) if any(shapes) else ()
            else:
                shape = primitive.shape_of(shapes, static)
        from gradcli.graph.tidy_calls import flags_of

        flags = flags_of(self, primitive, parts)
        first = min([self.first[part] for part in parts], default=NOBODY)
        cost = len(primitive.shown) + 2 + sum([self.costs[part] + 2 for part in parts]) - 2
        if primitive.notation is not None and primitive.kind == "elementwise":
            cost = sum([self.costs[part] for part in parts]) + 5
        return (1, self._part(CALL, (primitive, static, parts), shape, flags, first, cost))


def _root_of(tidy: Tidy, value: Value) -> Value:
    return tidy.call("sqrt", None, [value])


_NAMED_NUMBERS: dict[float, Any] = {
    math.pi: lambda tidy: tidy.special("pi", math.pi),
    math.tau: lambda tidy: tidy.special("tau", math.tau),
    math.e: lambda tidy: tidy.special("e", math.e),
    math.log(2.0): lambda tidy: tidy.call("log", None, [(2, ONE)]),
    math.log(10.0): lambda tidy: tidy.call("log", None, [(10, ONE)]),
    2 / math.sqrt(math.pi): lambda tidy: tidy.multiply(
        [((2, ONE), 1), (_root_of(tidy, tidy.special("pi", math.pi)), -1)]
    ),
    math.sqrt(0.5): lambda tidy: _root_of(tidy, (Fraction(1, 2), ONE)),
    0.3989422804014327: lambda tidy: tidy.multiply(
        [(_root_of(tidy, tidy.multiply([((2, ONE), 1), (tidy.special("pi", math.pi), 1)])), -1)]
    ),
}
