"""The operators of the language: sums, products, powers, comparisons."""

from __future__ import annotations

from gradcli.graph import (
    COMPARISON_LEVEL,
    POWER_LEVEL,
    PRODUCT_LEVEL,
    SIGN_LEVEL,
    SUM_LEVEL,
    Edge,
    Node,
    define,
    infix,
    real,
)

WORDLESS = {"spoken": False}  # an operator is not called by its name

add = define(
    "add", real.add, lambda y, a, b: 1, lambda y, a, b: 1,
    notation=infix("+", SUM_LEVEL), verbs=("distributes", "passes"), **WORDLESS,
)  # fmt: skip
sub = define(
    "sub", real.subtract, lambda y, a, b: 1, lambda y, a, b: -1,
    notation=infix("-", SUM_LEVEL), verbs=("distributes ±", "passes ±"), **WORDLESS,
)  # fmt: skip
mul = define(
    "mul", real.multiply, lambda y, a, b: b, lambda y, a, b: a,
    notation=infix("*", PRODUCT_LEVEL), verbs=("swaps", "scales"), **WORDLESS,
)  # fmt: skip
div = define(
    "div", real.divide, lambda y, a, b: 1 / b, lambda y, a, b: -y / b,
    notation=infix("/", PRODUCT_LEVEL), domain="b other than 0",
    edges=(Edge("domain", lambda y, a, b: b == 0, "division by zero", operands=(0, 1)),), **WORDLESS,
)  # fmt: skip
neg = define(
    "neg", real.negative, lambda y, x: -1, notation=infix("-", SIGN_LEVEL), verbs=("flips", "flips"), **WORDLESS
)  # fmt: skip
same = define("same", lambda x: x, lambda y, x: 1, verbs=("passes", "passes"), **WORDLESS)

less = define(
    "less", real.less, None, None,
    notation=infix("<", COMPARISON_LEVEL), verbs=("stops", "stops"), **WORDLESS,
)  # fmt: skip
less_equal = define(
    "less_equal", real.less_equal, None, None,
    notation=infix("<=", COMPARISON_LEVEL), verbs=("stops", "stops"), **WORDLESS,
)  # fmt: skip
greater = define(
    "greater", real.greater, None, None,
    notation=infix(">", COMPARISON_LEVEL), verbs=("stops", "stops"), **WORDLESS,
)  # fmt: skip
greater_equal = define(
    "greater_equal", real.greater_equal, None, None,
    notation=infix(">=", COMPARISON_LEVEL), verbs=("stops", "stops"), **WORDLESS,
)  # fmt: skip
equal = define(
    "equal", real.equal, None, None,
    notation=infix("==", COMPARISON_LEVEL), verbs=("stops", "stops"), **WORDLESS,
)  # fmt: skip
not_equal = define(
    "not_equal", real.not_equal, None, None,
    notation=infix("!=", COMPARISON_LEVEL), verbs=("stops", "stops"), **WORDLESS,
)  # fmt: skip

where = define(
    "where", real.where,
    None, lambda y, c, a, b: not_equal(c, 0), lambda y, c, a, b: equal(c, 0),
    opens=True, verbs=("routes", "routes"), parameters="condition, a, b",
)  # fmt: skip


def _power_in_base(y: Node, x: Node, n: float) -> Node | float:
    """n * x^(n-1), exact at 0 in every order for n = 0, 1, 2."""
    if n in (0, 1):
        return n
    return n * (x if n == 2 else x ** (n - 1))


power = define(
    "power", real.power, _power_in_base,
    notation=infix("^", POWER_LEVEL), parameters="x", domain="x >= 0 where n is not whole", static=True,
    edges=(
        Edge("domain", lambda y, x, n: x == 0 and n < 0, "division by zero"),
        Edge("domain", lambda y, x, n: x < 0 and n % 1 != 0, "a negative base has no real power that is not whole"),
        Edge("inf", lambda y, x, n: x == 0 and 0 < n < 1, "the slope of x^n is infinite at 0 where 0 < n < 1"),
    ), **WORDLESS,
)  # fmt: skip
pow = define(
    "pow", real.power,
    lambda y, a, b: where(equal(a, 0) * equal(b, 0), 0, b * a ** (b - 1)),
    lambda y, a, b: where(equal(a, 0) * (b >= 0), 0, y * _log(a)),  # not 0 * log(0), which is nan
    notation=infix("^", POWER_LEVEL), domain="a > 0, or b whole",
    edges=(
        Edge("kink", lambda y, a, b: a == 0 and b == 0, "0^0: both derivatives are taken as 0", operands=(0, 1)),
        Edge("domain", lambda y, a, b: a == 0 and b < 0, "division by zero", operands=(0, 1)),
        Edge("domain", lambda y, a, b: a < 0 and y != y, "a negative base has no real power that is not whole",
             operands=(0, 1)),
        Edge("domain", lambda y, a, b: a < 0 and y == y,
             "a^b with a < 0 is real at whole b only, so its derivative in b is nan", operands=(1,)),
        Edge("inf", lambda y, a, b: a == 0 and 0 < b < 1, "the slope of a^b in a is infinite at a = 0 where 0 < b < 1"),
    ), **WORDLESS,
)  # fmt: skip


def _log(x: Node) -> Node:
    from gradcli.graph.elementary import log

    return log(x)
