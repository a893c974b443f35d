"""Roots, exponentials, logarithms, trigonometric and hyperbolic functions."""

from __future__ import annotations

from math import log as _ln

from gradcli.graph import Edge, Primitive, define, real
from gradcli.graph.arithmetic import equal, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LN2, LN10 = _ln(2.0), _ln(10.0)
WITHIN_ONE = "-1 <= x <= 1"

exp = define("exp", real.exp, lambda y, x: y)
log = define(
    "log", real.log, lambda y, x: 1 / x, domain="x > 0",
    edges=(
        Edge("domain", lambda y, x: x < 0, "the logarithm of a negative number is not real"),
        Edge("domain", lambda y, x: x == 0, "the logarithm of 0"),
    ),
)  # fmt: skip
expm1 = define("expm1", real.expm1, lambda y, x: exp(x), definition=lambda x: exp(x) - 1)
log1p = define(
    "log1p", real.log1p, lambda y, x: 1 / (1 + x), domain="x > -1", definition=lambda x: log(1 + x),
    edges=(
        Edge("domain", lambda y, x: x < -1, "the logarithm of a negative number is not real"),
        Edge("domain", lambda y, x: x == -1, "the logarithm of 0"),
    ),
)  # fmt: skip
log2 = define(
    "log2", real.log2, lambda y, x: 1 / (x * LN2),
    domain="x > 0", definition=lambda x: log(x) / LN2, edges=log.edges,
)  # fmt: skip
log10 = define(
    "log10", real.log10, lambda y, x: 1 / (x * LN10),
    domain="x > 0", definition=lambda x: log(x) / LN10, edges=log.edges,
)  # fmt: skip
square = define("square", real.square, lambda y, x: 2 * x, definition=lambda x: x**2)
sqrt = define(
    "sqrt", real.sqrt, lambda y, x: 0.5 / y, domain="x >= 0",
    edges=(
        Edge("domain", lambda y, x: x < 0, "the square root of a negative number is not real"),
        Edge("inf", lambda y, x: x == 0, "the slope of sqrt is infinite at 0"),
    ),
)  # fmt: skip
cbrt = define(
    "cbrt", real.cbrt, lambda y, x: 1 / (3 * y**2),
    edges=(Edge("inf", lambda y, x: x == 0, "the slope of cbrt is infinite at 0"),),
)  # fmt: skip

sin = define("sin", real.sin, lambda y, x: cos(x))
cos: Primitive = define("cos", real.cos, lambda y, x: -sin(x))
tan = define("tan", real.tan, lambda y, x: 1 + y**2, definition=lambda x: sin(x) / cos(x))
# 1/sqrt((1 - x)*(1 + x)) keeps its digits near the ends, where 1 - x^2 loses them
asin = define(
    "asin", real.asin, lambda y, x: 1 / sqrt((1 - x) * (1 + x)), domain=WITHIN_ONE,
    edges=(
        Edge("domain", lambda y, x: abs(x) > 1, "asin is real from -1 to 1 only"),
        Edge("inf", lambda y, x: abs(x) == 1, "the slope of asin is infinite at -1 and 1"),
    ),
)  # fmt: skip
acos = define(
    "acos", real.acos, lambda y, x: -1 / sqrt((1 - x) * (1 + x)), domain=WITHIN_ONE,
    edges=(
        Edge("domain", lambda y, x: abs(x) > 1, "acos is real from -1 to 1 only"),
        Edge("inf", lambda y, x: abs(x) == 1, "the slope of acos is infinite at -1 and 1"),
    ),
)  # fmt: skip
atan = define("atan", real.atan, lambda y, x: 1 / (1 + x**2))
hypot = define(
    "hypot", real.hypot,
    lambda y, *xs: [where(equal(y, 0), 0, x / y) for x in xs],
    variadic=True, parameters="a, b, ...", arity=1,
    definition=lambda *xs: sqrt(_sum([x**2 for x in xs])),
    edges=(
        Edge("kink", lambda y, *xs: y == 0, "kink at the origin: every derivative is taken as 0", operands=(),
             sides=lambda y, *xs: (-1.0, 1.0)),
    ),
)  # fmt: skip
atan2 = define(  # divided twice by the radius, whose square would overflow
    "atan2", real.atan2,
    lambda y, a, b: where(equal(hypot(a, b), 0), 0, b / hypot(a, b) / hypot(a, b)),
    lambda y, a, b: where(equal(hypot(a, b), 0), 0, -a / hypot(a, b) / hypot(a, b)),
    parameters="a, b",
    edges=(
        Edge("kink", lambda y, a, b: a == 0 and b == 0, "atan2 jumps at the origin: both derivatives are taken as 0",
             operands=(0, 1)),
    ),
)  # fmt: skip

sinh = define("sinh", real.sinh, lambda y, x: cosh(x), definition=lambda x: (exp(x) - exp(-x)) / 2)
cosh: Primitive = define("cosh", real.cosh, lambda y, x: sinh(x), definition=lambda x: (exp(x) + exp(-x)) / 2)
tanh = define(
    "tanh", real.tanh, lambda y, x: (1 / cosh(x)) ** 2,  # not 1 - y^2, which is 0 from x = 19.1 on
    verbs=("saturates", "saturates"), definition=lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
)  # fmt: skip
asinh = define("asinh", real.asinh, lambda y, x: 1 / hypot(1, x), definition=lambda x: log(x + sqrt(x**2 + 1)))
acosh = define(
    "acosh", real.acosh, lambda y, x: 1 / (sqrt(x - 1) * sqrt(x + 1)), domain="x >= 1",
    definition=lambda x: log(x + sqrt(x**2 - 1)),
    edges=(
        Edge("domain", lambda y, x: x < 1, "acosh is real from 1 on only"),
        Edge("inf", lambda y, x: x == 1, "the slope of acosh is infinite at 1"),
    ),
)  # fmt: skip
atanh = define(
    "atanh", real.atanh, lambda y, x: 1 / ((1 - x) * (1 + x)), domain="-1 < x < 1",
    definition=lambda x: log((1 + x) / (1 - x)) / 2,
    edges=(
        Edge("domain", lambda y, x: abs(x) > 1, "atanh is real between -1 and 1 only"),
        Edge("domain", lambda y, x: abs(x) == 1, "atanh is infinite at -1 and 1"),
    ),
)  # fmt: skip


def _sum(terms: list[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
