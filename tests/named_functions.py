"""Test functions that have names: each in the language, at its usual starting point, and written again over mpmath.

The problems of J. J. Moré, B. S. Garbow and K. E. Hillstrom, Testing unconstrained optimization software, ACM
Transactions on Mathematical Software 7 (1981), under their numbers there, and functions that are known by a name.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from mpmath import mp


class Named(NamedTuple):
    """A function by its text in the language, and by a Python function of the numbers in the order of `at`."""

    name: str
    text: str
    at: dict[str, float]
    exact: Callable[..., Any]


def x(*numbers: float) -> dict[str, float]:
    """The point x1, x2, ..."""
    return {f"x{place}": float(number) for place, number in enumerate(numbers, 1)}


def added(texts: Sequence[str]) -> str:
    return " + ".join(f"({text})" for text in texts)


def squares(residuals: Sequence[str]) -> str:
    return " + ".join(f"({residual})^2" for residual in residuals)


def m(text: str) -> Any:
    """The double nearest to a number, as mpmath holds it: the language reads doubles."""
    return mp.mpf(float(text))


def total(terms: Any) -> Any:
    return mp.fsum(terms)


def squared(terms: Any) -> Any:
    return mp.fsum(term**2 for term in terms)


def parts(text: str) -> list[str]:
    return text.split()


BARD = parts("0.14 0.18 0.22 0.25 0.29 0.32 0.35 0.39 0.37 0.58 0.73 0.96 1.34 2.1 4.39")
GAUSS = parts("0.0009 0.0044 0.0175 0.054 0.1295 0.242 0.3521 0.3989 0.3521 0.242 0.1295 0.054 0.0175 0.0044 0.0009")
MEYER = parts("34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872")
KOWALIK = parts("0.1957 0.1947 0.1735 0.16 0.0844 0.0627 0.0456 0.0342 0.0323 0.0235 0.0246")
AT = parts("4 2 1 0.5 0.25 0.167 0.125 0.1 0.0833 0.0714 0.0625")


def _bard(a: Any, b: Any, c: Any) -> Any:
    return squared(m(y) - (a + i / ((16 - i) * b + min(i, 16 - i) * c)) for i, y in enumerate(BARD, 1))


def _gulf(a: Any, b: Any, c: Any) -> Any:
    def residual(i: int) -> Any:
        t = m(repr(i / 100))
        y = 25 + (-50 * mp.log(t)) ** m("0.6666666666666666")
        return mp.exp(-(abs(y - b) ** c) / a) - t

    return squared(residual(i) for i in range(1, 11))


def _osborne(a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
    return squared(m(y) - (a + b * mp.exp(-10 * i * d) + c * mp.exp(-10 * i * e)) for i, y in enumerate(OSBORNE))


OSBORNE = parts(
    "0.844 0.908 0.932 0.936 0.925 0.908 0.881 0.85 0.818 0.784 0.751 0.718 0.685 0.658 0.628 0.603 0.58 0.558 "
    "0.538 0.522 0.506 0.49 0.478 0.467 0.457 0.448 0.438 0.431 0.424 0.42 0.414 0.411 0.406"
)


def _penalty_two(*xs: Any) -> Any:
    a, n = m("1e-05"), len(xs)
    e, tenth = mp.exp(m("0.1")), m("0.1")

    def y(i: int) -> Any:
        return mp.exp(tenth * i) + mp.exp(tenth * (i - 1))

    found = (xs[0] - m("0.2")) ** 2
    found += total(
        a * (mp.exp(tenth * xs[i]) + mp.exp(tenth * xs[i - 1]) - y(i + 1)) ** 2 for i in range(1, n)
    )
    found += total(a * (mp.exp(tenth * xs[i]) - 1 / e) ** 2 for i in range(1, n))
    return found + (total((n - i) * xs[i] ** 2 for i in range(n)) - 1) ** 2


def _penalty_two_text(n: int) -> str:
    terms = ["(x1 - 0.2)^2"]
    two = "exp(0.1*{0}) + exp(0.1*{1})".format
    terms += [f"1e-5*({two(f'x{i}', f'x{i - 1}')} - ({two(i, i - 1)}))^2" for i in range(2, n + 1)]
    terms += [f"1e-5*(exp(0.1*x{i}) - 1/exp(0.1))^2" for i in range(2, n + 1)]
    terms += ["(" + " + ".join(f"{n - i + 1}*x{i}^2" for i in range(1, n + 1)) + " - 1)^2"]
    return " + ".join(terms)


def _trigonometric(*xs: Any) -> Any:
    n = len(xs)
    cosines = total(map(mp.cos, xs))
    return squared(n - cosines + i * (1 - mp.cos(z)) - mp.sin(z) for i, z in enumerate(xs, 1))


def _almost_linear(*xs: Any) -> Any:
    n = len(xs)
    return squared(z + total(xs) - (n + 1) for z in xs[:-1]) + (mp.fprod(xs) - 1) ** 2


def _boundary(*xs: Any) -> Any:
    n = len(xs)
    h = 1 / mp.mpf(n + 1)
    every = [0, *xs, 0]
    return squared(
        2 * every[i] - every[i - 1] - every[i + 1] + h**2 * (every[i] + i * h + 1) ** 3 / 2 for i in range(1, n + 1)
    )


def _boundary_text(n: int) -> str:
    name = ["0", *(f"x{i}" for i in range(1, n + 1)), "0"]
    each = [f"2*{name[i]} - {name[i - 1]} - {name[i + 1]} + h^2*({name[i]} + {i}*h + 1)^3/2" for i in range(1, n + 1)]
    return f"h = 1/{n + 1}; {squares(each)}"


def _broyden(*xs: Any) -> Any:
    every = [0, *xs, 0]
    return squared((3 - 2 * every[i]) * every[i] - every[i - 1] - 2 * every[i + 1] + 1 for i in range(1, len(xs) + 1))


def _broyden_text(n: int) -> str:
    name = ["0", *(f"x{i}" for i in range(1, n + 1)), "0"]
    return squares([f"(3 - 2*{name[i]})*{name[i]} - {name[i - 1]} - 2*{name[i + 1]} + 1" for i in range(1, n + 1)])


def _variably(*xs: Any) -> Any:
    weighted = total(i * (z - 1) for i, z in enumerate(xs, 1))
    return squared(z - 1 for z in xs) + weighted**2 + weighted**4


def _watson(*xs: Any) -> Any:
    def residual(i: int) -> Any:
        t = mp.mpf(i) / 29
        slope = total(j * z * t ** (j - 1) for j, z in enumerate(xs[1:], 1))
        return slope - total(z * t**j for j, z in enumerate(xs)) ** 2 - 1

    return squared(residual(i) for i in range(1, 30)) + xs[0] ** 2 + (xs[1] - xs[0] ** 2 - 1) ** 2


def _watson_text(n: int) -> str:
    def residual(i: int) -> str:
        slope = " + ".join(f"{j}*x{j + 1}*({i}/29)^{j - 1}" for j in range(1, n))
        value = " + ".join(f"x{j + 1}*({i}/29)^{j}" for j in range(n))
        return f"{slope} - ({value})^2 - 1"

    return squares([*(residual(i) for i in range(1, 30)), "x1", "x2 - x1^2 - 1"])


def _extended_rosenbrock(*xs: Any) -> Any:
    return total(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in zip(xs[::2], xs[1::2], strict=True))


def _chained_rosenbrock(*xs: Any) -> Any:
    return total(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(xs))


def _powell(*xs: Any) -> Any:
    fours = zip(xs[::4], xs[1::4], xs[2::4], xs[3::4], strict=True)
    return total(
        (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4 for a, b, c, d in fours
    )


def _powell_text(n: int) -> str:
    fours = [[f"x{k + j}" for j in range(4)] for k in range(1, n, 4)]
    return added([f"({a} + 10*{b})^2 + 5*({c} - {d})^2 + ({b} - 2*{c})^4 + 10*({a} - {d})^4" for a, b, c, d in fours])


def _helical(a: Any, b: Any, c: Any) -> Any:
    theta = mp.atan(b / a) / (2 * mp.pi)
    return (10 * (c - 10 * theta)) ** 2 + (10 * (mp.sqrt(a**2 + b**2) - 1)) ** 2 + c**2


def _branin(a: Any, b: Any) -> Any:
    bend = b - m("5.1") / (4 * mp.pi**2) * a**2 + 5 / mp.pi * a - 6
    return bend**2 + 10 * (1 - 1 / (8 * mp.pi)) * mp.cos(a) + 10


def _ackley(*xs: Any) -> Any:
    n = len(xs)
    mean = mp.sqrt(squared(xs) / n)
    return -20 * mp.exp(-m("0.2") * mean) - mp.exp(total(mp.cos(2 * mp.pi * z) for z in xs) / n) + 20 + mp.e


def _goldstein_price(a: Any, b: Any) -> Any:
    one = 1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a**2 - 14 * b + 6 * a * b + 3 * b**2)
    return one * (30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a**2 + 48 * b - 36 * a * b + 27 * b**2))


def _levy(*xs: Any) -> Any:
    ws = [1 + (z - 1) / 4 for z in xs]
    inner = total((w - 1) ** 2 * (1 + 10 * mp.sin(mp.pi * w + 1) ** 2) for w in ws[:-1])
    last = (ws[-1] - 1) ** 2 * (1 + mp.sin(2 * mp.pi * ws[-1]) ** 2)
    return mp.sin(mp.pi * ws[0]) ** 2 + inner + last


FUNCTIONS = [
    Named("1 rosenbrock", "100*(x2 - x1^2)^2 + (1 - x1)^2", x(-1.2, 1), _extended_rosenbrock),
    Named("2 freudenstein and roth", "(-13 + x1 + ((5 - x2)*x2 - 2)*x2)^2 + (-29 + x1 + ((x2 + 1)*x2 - 14)*x2)^2",
          x(0.5, -2), lambda a, b: (-13 + a + ((5 - b) * b - 2) * b) ** 2 + (-29 + a + ((b + 1) * b - 14) * b) ** 2),
    Named("3 powell badly scaled", "(1e4*x1*x2 - 1)^2 + (exp(-x1) + exp(-x2) - 1.0001)^2", x(0, 1),
          lambda a, b: (10**4 * a * b - 1) ** 2 + (mp.exp(-a) + mp.exp(-b) - m("1.0001")) ** 2),
    Named("4 brown badly scaled", "(x1 - 1e6)^2 + (x2 - 2e-6)^2 + (x1*x2 - 2)^2", x(1, 1),
          lambda a, b: (a - 10**6) ** 2 + (b - m("2e-6")) ** 2 + (a * b - 2) ** 2),
    Named("5 beale", "(1.5 - x1*(1 - x2))^2 + (2.25 - x1*(1 - x2^2))^2 + (2.625 - x1*(1 - x2^3))^2", x(1, 1.5),
          lambda a, b: squared(m(y) - a * (1 - b**i) for i, y in enumerate(("1.5", "2.25", "2.625"), 1))),
    Named("6 jennrich and sampson", squares([f"2 + 2*{i} - (exp({i}*x1) + exp({i}*x2))" for i in range(1, 11)]),
          x(0.3, 0.4), lambda a, b: squared(2 + 2 * i - (mp.exp(i * a) + mp.exp(i * b)) for i in range(1, 11))),
    Named("7 helical valley", "t = atan(x2/x1)/(2*pi); (10*(x3 - 10*t))^2 + (10*(sqrt(x1^2 + x2^2) - 1))^2 + x3^2",
          x(1.5, 0.5, 0.25), _helical),
    Named("8 bard", squares([f"{y} - (x1 + {i}/({16 - i}*x2 + {min(i, 16 - i)}*x3))" for i, y in enumerate(BARD, 1)]),
          x(1, 1, 1), _bard),
    Named("9 gaussian", squares([f"x1*exp(-x2*((8 - {i})/2 - x3)^2/2) - {y}" for i, y in enumerate(GAUSS, 1)]),
          x(0.4, 1, 0),
          lambda a, b, c: squared(a * mp.exp(-b * (mp.mpf(8 - i) / 2 - c) ** 2 / 2) - m(y)
                                  for i, y in enumerate(GAUSS, 1))),
    Named("10 meyer", squares([f"x1*exp(x2/({45 + 5 * i} + x3)) - {y}" for i, y in enumerate(MEYER, 1)]),
          x(0.02, 4000, 250),
          lambda a, b, c: squared(a * mp.exp(b / (45 + 5 * i + c)) - m(y) for i, y in enumerate(MEYER, 1))),
    Named("11 gulf research",
          squares([f"exp(-abs(25 + (-50*log({i / 100!r}))^0.6666666666666666 - x2)^x3/x1) - {i / 100!r}"
                   for i in range(1, 11)]), x(5, 2.5, 0.15), _gulf),
    Named("12 box three-dimensional",
          squares([f"exp(-{i / 10!r}*x1) - exp(-{i / 10!r}*x2) - x3*(exp(-{i / 10!r}) - exp(-{i}))"
                   for i in range(1, 11)]), x(0, 10, 20),
          lambda a, b, c: squared(mp.exp(-m(repr(i / 10)) * a) - mp.exp(-m(repr(i / 10)) * b)
                                  - c * (mp.exp(-m(repr(i / 10))) - mp.exp(-i)) for i in range(1, 11))),
    Named("13 powell singular", _powell_text(4), x(3, -1, 0, 1), _powell),
    Named("14 wood", "100*(x2 - x1^2)^2 + (1 - x1)^2 + 90*(x4 - x3^2)^2 + (1 - x3)^2 + 10*(x2 + x4 - 2)^2"
                     " + (x2 - x4)^2/10", x(-3, -1, -3, -1),
          lambda a, b, c, d: 100 * (b - a**2) ** 2 + (1 - a) ** 2 + 90 * (d - c**2) ** 2 + (1 - c) ** 2
          + 10 * (b + d - 2) ** 2 + (b - d) ** 2 / 10),
    Named("15 kowalik and osborne",
          squares([f"{y} - x1*({u}^2 + {u}*x2)/({u}^2 + {u}*x3 + x4)" for y, u in zip(KOWALIK, AT, strict=True)]),
          x(0.25, 0.39, 0.415, 0.39),
          lambda a, b, c, d: squared(m(y) - a * (m(u) ** 2 + m(u) * b) / (m(u) ** 2 + m(u) * c + d)
                                     for y, u in zip(KOWALIK, AT, strict=True))),
    Named("16 brown and dennis",
          squares([f"(x1 + {i}/5*x2 - exp({i}/5))^2 + (x3 + x4*sin({i}/5) - cos({i}/5))^2" for i in range(1, 21)]),
          x(25, 5, -5, -1),
          lambda a, b, c, d: squared((a + mp.mpf(i) / 5 * b - mp.exp(mp.mpf(i) / 5)) ** 2
                                     + (c + d * mp.sin(mp.mpf(i) / 5) - mp.cos(mp.mpf(i) / 5)) ** 2
                                     for i in range(1, 21))),
    Named("17 osborne 1",
          squares([f"{y} - (x1 + x2*exp(-{10 * i}*x4) + x3*exp(-{10 * i}*x5))" for i, y in enumerate(OSBORNE)]),
          x(0.5, 1.5, -1, 0.01, 0.02), _osborne),
    Named("18 biggs exp6",
          squares([f"x3*exp(-{i}/10*x1) - x4*exp(-{i}/10*x2) + x6*exp(-{i}/10*x5)"
                   f" - (exp(-{i}/10) - 5*exp(-{i}) + 3*exp(-4*{i}/10))" for i in range(1, 14)]),
          x(1, 2, 1, 1, 1, 1),
          lambda a, b, c, d, e, f: squared(
              c * mp.exp(-t * a) - d * mp.exp(-t * b) + f * mp.exp(-t * e)
              - (mp.exp(-t) - 5 * mp.exp(-10 * t) + 3 * mp.exp(-4 * t)) for t in (mp.mpf(i) / 10 for i in range(1, 14))
          )),
    Named("20 watson", _watson_text(6), x(0.1, -0.2, 0.3, 0.5, -0.4, 0.7), _watson),
    Named("21 extended rosenbrock",
          added([f"100*(x{2 * i} - x{2 * i - 1}^2)^2 + (1 - x{2 * i - 1})^2" for i in range(1, 6)]),
          x(*[-1.2, 1] * 5), _extended_rosenbrock),
    Named("22 extended powell singular", _powell_text(8), x(*[3, -1, 0, 1] * 2), _powell),
    Named("23 penalty 1", added([f"1e-5*(x{i} - 1)^2" for i in range(1, 5)])
          + " + (" + " + ".join(f"x{i}^2" for i in range(1, 5)) + " - 0.25)^2", x(1, 2, 3, 4),
          lambda *xs: m("1e-5") * squared(z - 1 for z in xs) + (squared(xs) - m("0.25")) ** 2),
    Named("24 penalty 2", _penalty_two_text(4), x(0.5, 0.5, 0.5, 0.5), _penalty_two),
    Named("25 variably dimensioned",
          "s = " + " + ".join(f"{i}*(x{i} - 1)" for i in range(1, 6)) + "; "
          + squares([f"x{i} - 1" for i in range(1, 6)]) + " + s^2 + s^4", x(0.8, 0.6, 0.4, 0.2, 0), _variably),
    Named("26 trigonometric",
          "c = " + " + ".join(f"cos(x{i})" for i in range(1, 6)) + "; "
          + squares([f"5 - c + {i}*(1 - cos(x{i})) - sin(x{i})" for i in range(1, 6)]), x(*[0.2] * 5), _trigonometric),
    Named("27 brown almost-linear",
          "s = " + " + ".join(f"x{i}" for i in range(1, 6)) + "; "
          + squares([f"x{i} + s - 6" for i in range(1, 5)]) + " + (x1*x2*x3*x4*x5 - 1)^2", x(*[0.5] * 5),
          _almost_linear),
    Named("28 discrete boundary value", _boundary_text(5), x(-0.1, -0.2, -0.25, -0.22, -0.1), _boundary),
    Named("30 broyden tridiagonal", _broyden_text(6), x(*[-1] * 6), _broyden),
    Named("chained rosenbrock", added([f"100*(x{i + 1} - x{i}^2)^2 + (1 - x{i})^2" for i in range(1, 6)]),
          x(-1.2, 1, -1.2, 1, -1.2, 1), _chained_rosenbrock),
    Named("himmelblau", "(x^2 + y - 11)^2 + (x + y^2 - 7)^2", {"x": -0.5, "y": 1.25},
          lambda a, b: (a**2 + b - 11) ** 2 + (a + b**2 - 7) ** 2),
    Named("branin", "(y - 5.1/(4*pi^2)*x^2 + 5/pi*x - 6)^2 + 10*(1 - 1/(8*pi))*cos(x) + 10", {"x": 2.5, "y": 7.0},
          _branin),
    Named("ackley", "-20*exp(-0.2*sqrt((x^2 + y^2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2) + 20 + e",
          {"x": 0.75, "y": -1.3}, _ackley),
    Named("booth", "(x + 2*y - 7)^2 + (2*x + y - 5)^2", {"x": 0.5, "y": -2.0},
          lambda a, b: (a + 2 * b - 7) ** 2 + (2 * a + b - 5) ** 2),
    Named("matyas", "0.26*(x^2 + y^2) - 0.48*x*y", {"x": 3.0, "y": -4.0},
          lambda a, b: m("0.26") * (a**2 + b**2) - m("0.48") * a * b),
    Named("goldstein and price",
          "(1 + (x + y + 1)^2*(19 - 14*x + 3*x^2 - 14*y + 6*x*y + 3*y^2))"
          "*(30 + (2*x - 3*y)^2*(18 - 32*x + 12*x^2 + 48*y - 36*x*y + 27*y^2))", {"x": 0.5, "y": -0.75},
          _goldstein_price),
    Named("three-hump camel", "2*x^2 - 1.05*x^4 + x^6/6 + x*y + y^2", {"x": 1.5, "y": -0.5},
          lambda a, b: 2 * a**2 - m("1.05") * a**4 + a**6 / 6 + a * b + b**2),
    Named("six-hump camel", "(4 - 2.1*x^2 + x^4/3)*x^2 + x*y + (-4 + 4*y^2)*y^2", {"x": 0.5, "y": -0.75},
          lambda a, b: (4 - m("2.1") * a**2 + a**4 / 3) * a**2 + a * b + (-4 + 4 * b**2) * b**2),
    Named("easom", "-cos(x)*cos(y)*exp(-((x - pi)^2 + (y - pi)^2))", {"x": 2.5, "y": 3.5},
          lambda a, b: -mp.cos(a) * mp.cos(b) * mp.exp(-((a - m(repr(3.141592653589793))) ** 2
                                                         + (b - m(repr(3.141592653589793))) ** 2))),
    Named("mccormick", "sin(x + y) + (x - y)^2 - 1.5*x + 2.5*y + 1", {"x": 0.25, "y": -1.5},
          lambda a, b: mp.sin(a + b) + (a - b) ** 2 - m("1.5") * a + m("2.5") * b + 1),
    Named("styblinski and tang", added([f"(x{i}^4 - 16*x{i}^2 + 5*x{i})/2" for i in range(1, 4)]), x(-2, 0.5, 1.5),
          lambda *xs: total((z**4 - 16 * z**2 + 5 * z) / 2 for z in xs)),
    Named("rastrigin", "20 + x^2 - 10*cos(2*pi*x) + y^2 - 10*cos(2*pi*y)", {"x": 0.3, "y": -0.7},
          lambda a, b: 20 + a**2 - 10 * mp.cos(2 * mp.pi * a) + b**2 - 10 * mp.cos(2 * mp.pi * b)),
    Named("griewank", "1 + (x^2 + y^2)/4000 - cos(x)*cos(y/sqrt(2))", {"x": 2.5, "y": -1.5},
          lambda a, b: 1 + (a**2 + b**2) / 4000 - mp.cos(a) * mp.cos(b / mp.sqrt(2))),
    Named("levy", "u = 1 + (x - 1)/4; v = 1 + (y - 1)/4; sin(pi*u)^2 + (u - 1)^2*(1 + 10*sin(pi*u + 1)^2)"
                  " + (v - 1)^2*(1 + sin(2*pi*v)^2)", {"x": 2.5, "y": -1.5}, _levy),
    Named("schaffer 2", "0.5 + (sin(x^2 - y^2)^2 - 0.5)/(1 + 0.001*(x^2 + y^2))^2", {"x": 0.75, "y": -0.25},
          lambda a, b: m("0.5") + (mp.sin(a**2 - b**2) ** 2 - m("0.5")) / (1 + m("0.001") * (a**2 + b**2)) ** 2),
    Named("zakharov", "x^2 + y^2 + z^2 + (0.5*x + y + 1.5*z)^2 + (0.5*x + y + 1.5*z)^4",
          {"x": 0.5, "y": -1.0, "z": 2.0},
          lambda a, b, c: a**2 + b**2 + c**2 + (a / 2 + b + m("1.5") * c) ** 2 + (a / 2 + b + m("1.5") * c) ** 4),
]  # fmt: skip

# The same functions over one array
OF_ARRAYS = [
    Named("extended rosenbrock", "X = reshape(x, 3, 2); sum(100*(X[:,1] - X[:,0]^2)^2 + (1 - X[:,0])^2)",
          x(-1.2, 1, 0.5, 2, -0.3, 0.1), _extended_rosenbrock),
    Named("chained rosenbrock", "sum(100*(x[1:] - x[:5]^2)^2 + (1 - x[:5])^2)", x(-1.2, 1, -1.2, 1, -1.2, 1),
          _chained_rosenbrock),
    Named("ackley", "-20*exp(-0.2*sqrt(mean(x^2))) - exp(mean(cos(2*pi*x))) + 20 + e", x(0.75, -1.3, 0.2), _ackley),
    Named("trigonometric", "sum((5 - sum(cos(x)) + [1, 2, 3, 4, 5]*(1 - cos(x)) - sin(x))^2)",
          x(0.2, 0.1, -0.3, 0.4, 1.5), _trigonometric),
    Named("brown almost-linear", "sum((x[:4] + sum(x) - 6)^2) + (prod(x) - 1)^2", x(0.5, 0.5, 0.5, 0.5, 0.5),
          _almost_linear),
    Named("variably dimensioned", "s = dot([1, 2, 3, 4], x - 1); sum((x - 1)^2) + s^2 + s^4", x(0.8, 0.6, 0.4, 0.2),
          _variably),
    Named("broyden tridiagonal",
          "u = concat([0], x); v = concat(x, [0]); sum(((3 - 2*x)*x - u[:6] - 2*v[1:] + 1)^2)",
          x(-1, -1, 0.5, -1, -1, 2), _broyden),
    Named("extended powell singular",
          "X = reshape(x, 2, 4); a = X[:,0]; b = X[:,1]; c = X[:,2]; d = X[:,3]; "
          "sum((a + 10*b)^2 + 5*(c - d)^2 + (b - 2*c)^4 + 10*(a - d)^4)",
          x(3, -1, 0, 1, 2, -1, 0.5, 1), _powell),
]  # fmt: skip


def exact_hessian(named: Named) -> list[list[float]]:
    """By central differences of the exact function, with 80 digits."""
    with mp.workdps(80):
        at = [mp.mpf(value) for value in named.at.values()]
        h = mp.mpf(10) ** -20

        def moved(*steps: tuple[int, int]) -> Any:
            point = list(at)
            for place, step in steps:
                point[place] += step * h
            return named.exact(*point)

        size = range(len(at))
        return [[float((moved((i, 1), (j, 1)) - moved((i, 1), (j, -1)) - moved((i, -1), (j, 1))
                        + moved((i, -1), (j, -1))) / (4 * h * h)) for j in size] for i in size]  # fmt: skip
