"""Special functions: error function, gamma family, x*log(y)."""

from __future__ import annotations

from gradcli.graph import Edge, Primitive, define, real
from gradcli.graph.arithmetic import equal, where
from gradcli.graph.elementary import exp, log

BELL = 1.1283791670955126  # 2/sqrt(pi)
POLE = Edge("domain", lambda y, *xs: xs[-1] <= 0 and xs[-1] % 1 == 0, "a pole", operands=())

erf = define("erf", real.erf, lambda y, x: BELL * exp(-(x**2)), verbs=("saturates", "saturates"))
erfc = define("erfc", real.erfc, lambda y, x: -BELL * exp(-(x**2)), verbs=("saturates", "saturates"))
lgamma = define(
    "lgamma", real.lgamma, lambda y, x: digamma(x), domain="x other than 0, -1, -2, ...", edges=(POLE,),
)  # fmt: skip
digamma: Primitive = define(
    "digamma", real.digamma, lambda y, x: polygamma(1, x), domain="x other than 0, -1, -2, ...", edges=(POLE,),
)  # fmt: skip
polygamma: Primitive = define(
    "polygamma", real.polygamma, lambda y, n, x: float("nan"), lambda y, n, x: polygamma(n + 1, x),
    parameters="n, x", domain="n = 0, 1, 2, ...; x other than 0, -1, -2, ...",
    edges=(
        POLE,
        Edge("domain", lambda y, n, x: n < 0 or n % 1 != 0, "the order n has to be 0, 1, 2, ...", operands=(0, 1)),
        Edge("domain", lambda y, n, x: True, "polygamma has no derivative in its order n", operands=(0,)),
    ),
)  # fmt: skip
xlogy = define(
    "xlogy", real.xlogy, lambda y, a, b: log(b), lambda y, a, b: where(equal(a, 0) * equal(b, 0), 0, a / b),
    parameters="a, b", domain="b > 0, or a = 0", definition=lambda a, b: a * log(b),
    edges=(
        Edge("domain", lambda y, a, b: b < 0 and a != 0, "the logarithm of a negative number is not real",
             operands=(0, 1)),
        Edge("inf", lambda y, a, b: b == 0, "the slope of a*log(b) in a is -inf at b = 0"),
    ),
)  # fmt: skip
