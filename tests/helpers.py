"""What the tests of primitives stand on: every forward in mpmath, and points where a rule has to be right.

A new primitive gets points of its own accord: a grid of ordinary numbers, of which those count where the exact function
is real and smooth. It needs an entry in EXACT only where mpmath has no function of its name, and in FAR where its
digits are at risk.
"""

import itertools
import math
import random
from functools import cache
from typing import Any, NamedTuple

from hypothesis import strategies as st
from mpmath import mp

from gradcli.autodiff import evaluate
from gradcli.graph import CONSTANT, VARIABLE, Graph, Primitive, primitives
from gradcli.graph.carriers import number, read, trace_definition

INF, NAN, TINY = math.inf, math.nan, 5e-324
PRIMITIVES = {
    name: found
    for name, found in primitives().items()
    if found not in (VARIABLE, CONSTANT) and found.kind == "elementwise"
}
DIFFERENTIABLE = {name: found for name, found in PRIMITIVES.items() if any(found.rules)}
COMPOSITES = {name: found for name, found in PRIMITIVES.items() if found.definition}

GRID = (-2.7, -1.3, -0.45, 0.3, 0.7, 1.6, 2.0, 3.0, 4.2)
STATICS = {"power": (0.0, 1.0, 2.0, 3.0, 7.0, -1.0, -2.5, 0.5, 1 / 3, 1.5)}
COUNTS = (1, 2, 3, 5, 12)  # operands of a variadic primitive; the last one is past every bound on few
MOST_POINTS = 20
OUT = (40.0, -40.0, 400.0, -400.0, 710.0, -710.0, 745.0, -745.0)
MANY = (700.0, 1.0, 660.0, -2.0, 100.0, 740.0, 735.5, 0.25, 1.0, -30.0, 741.0)
NO_DERIVATIVE = {("polygamma", 0)}  # the order is a whole number

# Beside the grid: far out, near an end or a zero of something that a careless rule subtracts.
FAR: dict[str, list[tuple[float, ...]]] = {
    **{name: [(x,) for x in OUT] for name in ("sigmoid", "tanh", "softplus", "logsigmoid", "silu", "gelu", "softsign")},
    **{name: [(x,) for x in (1e-12, -1e-12, 1e-300, 30.0)] for name in ("expm1", "log1p", "sinh", "asinh")},
    **{name: [(x,) for x in (1 - 1e-12, 1e-12 - 1, 1e-9)] for name in ("asin", "acos", "atanh")},
    "elu": [(x, 1.3) for x in (*OUT, -1e-12, 1e-12)],
    "asinh": [(1e160,), (-1e160,), (1e-160,)],
    "acosh": [(1e160,), (1 + 1e-12,)],
    "atan": [(1e8,), (1e150,)],
    "cbrt": [(-8.0,), (1e-300,), (1e300,)],
    "erf": [(5.0,), (-5.0,), (26.0,)],
    "erfc": [(5.0,), (-5.0,), (26.0,)],
    "hypot": [(3e200, 4e200), (3e-200, 4e-200), (1.0, 1e-9), (1e200, 1e200, 1e200)],
    "atan2": [(3e200, 4e200), (-3e-200, -4e-200), (1e-9, -1.0)],
    "logaddexp": [*((x, 0.5) for x in OUT), (1000.0, 999.0, 998.5), (-745.0, 1.0, 40.0), MANY],
    "softmax": [*((x, 0.5) for x in OUT), (40.0, 1.0, 2.0), (-400.0, 2.0, 1.0), (1e3, 999.0, 998.5), MANY],
    "where": [(0.0, 1.7, 2.9)],
    "mod": [(1.0, 0.1), (-1.0, 0.3), (1e6, 0.7)],
    "power": [],
    "pow": [(-2.0, 3.0), (1e-200, 1.5), (1e200, 1.5), (2.0, 1000.0)],
    "tan": [(1.57,)],
    "div": [(1e100, 1e-100), (1e-100, 1e150)],
    "log2": [(1e300,), (1e-300,)],
    "log10": [(1e300,), (1e-300,)],
    "xlogy": [(1e-300, 1e-300)],
    "lgamma": [(1e300,), (1e-9,)],
    "digamma": [(1e-9,), (1e9,)],
    "polygamma": [(1.0, 1e-6), (2.0, 50.0), (5.0, 0.1)],
}


# The forwards in mpmath


def _rounded_quotient(a: Any, b: Any) -> Any:
    return a - b * mp.floor(a / b)


def _steps(choose: Any) -> Any:
    return lambda a, b: mp.mpf(bool(choose(a, b)))


EXACT: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda x: -x,
    "same": lambda x: x,
    "stop": lambda x: x,
    "seed": lambda x: mp.mpf(1),
    "less": _steps(lambda a, b: a < b),
    "less_equal": _steps(lambda a, b: a <= b),
    "greater": _steps(lambda a, b: a > b),
    "greater_equal": _steps(lambda a, b: a >= b),
    "equal": _steps(lambda a, b: a == b),
    "not_equal": _steps(lambda a, b: a != b),
    "where": lambda c, a, b: a if c != 0 else b,
    "power": lambda x, n: mp.power(x, n),
    "pow": lambda a, b: mp.power(a, b),
    "log2": lambda x: mp.log(x, 2),
    "square": lambda x: x * x,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "hypot": lambda *xs: mp.sqrt(sum(x * x for x in xs)),
    **dict.fromkeys(("max", "max_first"), lambda *xs: max(xs)),
    **dict.fromkeys(("min", "min_first"), lambda *xs: min(xs)),
    "clip": lambda x, low, high: min(max(x, low), high),
    "clip_first": lambda x, low, high: min(max(x, low), high),
    "relu": lambda x: max(x, 0), "relu_split": lambda x: max(x, 0), "relu_first": lambda x: max(x, 0),
    "leaky_relu": lambda x, s: x if x > 0 else s * x,
    "abs": abs,
    "round": mp.nint,
    "mod": _rounded_quotient,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "logsigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "softsign": lambda x: x / (1 + abs(x)),
    "elu": lambda x, a: x if x > 0 else a * mp.expm1(x),
    "logaddexp": lambda *xs: xs[0] + mp.log(sum(mp.exp(x - xs[0]) for x in xs)),
    "softmax": lambda *xs: 1 / sum(mp.exp(x - xs[0]) for x in xs),
    "lgamma": lambda x: mp.log(abs(mp.gamma(x))) if x < 1000 else mp.loggamma(x),
    "polygamma": lambda n, x: mp.polygamma(int(n), x) if n == int(n) and n >= 0 else mp.nan,
    "xlogy": lambda a, b: a * mp.log(b) if a else mp.mpf(0),
}  # fmt: skip


def exact_forward(primitive: Primitive) -> Any:
    """The forward of PRIMITIVE over mpmath: from the table, by its name, or by its definition."""
    found = EXACT.get(primitive.name) or getattr(mp, primitive.name, None)
    if found is not None:
        return found
    assert primitive.definition, f"{primitive.name}: write its forward into EXACT in tests/helpers.py"

    def by_definition(*xs: Any) -> Any:
        trace = trace_definition(primitive, len(xs))
        values = read(trace, xs, lambda p, static, given: exact_forward(p)(*given, *_extra(p, static)), mp.mpf)
        return values[trace.outputs[0] or 0]

    return by_definition


def _extra(primitive: Primitive, static: Any) -> tuple[Any, ...]:
    return (static,) if primitive.static else ()


class Case(NamedTuple):
    """A primitive at a point."""

    primitive: Primitive
    static: float | None
    operands: tuple[float, ...]

    def __repr__(self) -> str:
        return f"{self.primitive.name}{self.operands}" + (f" with {self.static}" if self.primitive.static else "")

    @property
    def digits(self) -> int:
        """How many digits mpmath has to carry so that a difference keeps thirty."""
        return 60 if all(abs(x) <= 20 for x in self.operands) or self.primitive.name in ("lgamma", "digamma") else 1000

    def value(self) -> float:
        """The forward over floats."""
        return number(self.primitive, self.static, self.operands)

    def graph(self) -> tuple[Graph, int]:
        """A graph of one line over variables x0, x1, ..., and the index of the line."""
        graph = Graph()
        lines = tuple(graph.variable(f"x{slot}") for slot in range(len(self.operands)))
        return graph, graph.append(self.primitive, lines, self.static)

    def point(self) -> dict[str, float]:
        return {f"x{slot}": x for slot, x in enumerate(self.operands)}

    def exact(self, *moved: tuple[int, Any]) -> Any:
        """The exact value, with operand `slot` moved by `step` for each (slot, step) in MOVED."""
        operands = [mp.mpf(x) for x in self.operands]
        for slot, step in moved:
            operands[slot] += step
        return exact_forward(self.primitive)(*operands, *_extra(self.primitive, self.static))

    def step(self, slot: int) -> Any:
        return (abs(mp.mpf(self.operands[slot])) or 1) * mp.mpf(10) ** (-mp.dps // 3)

    def exact_slope(self, slot: int, *moved: tuple[int, Any]) -> Any:
        """The derivative in operand SLOT by a central difference of the exact function (thirty digits and more)."""
        h = self.step(slot)
        return (self.exact((slot, h), *moved) - self.exact((slot, -h), *moved)) / (2 * h)

    def exact_second(self, slot: int, other: int) -> Any:
        """The derivative in operand OTHER of the derivative in operand SLOT."""
        h = self.step(other)
        return (self.exact_slope(slot, (other, h)) - self.exact_slope(slot, (other, -h))) / (2 * h)

    def is_ordinary(self, slot: int) -> bool:
        """Whether no convention, jump or end of the domain is noted here for operand SLOT."""
        extra = _extra(self.primitive, self.static)
        for edge in self.primitive.edges:
            if edge.kind != "dead" and slot in (edge.operands or range(len(self.operands))) and edge.when(
                self.value(), *self.operands, *extra
            ):
                return False
        return True

    def is_smooth(self, slot: int) -> bool:
        """Whether the exact function is real here and has one slope in operand SLOT, in a neighbourhood."""
        if not self.is_ordinary(slot):
            return False
        with mp.workdps(30):
            h = (abs(mp.mpf(self.operands[slot])) or 1) * mp.mpf(10) ** -8
            values = []
            for place in (-1, 0, 1):
                try:
                    value = self.exact((slot, place * h))
                except (ValueError, ZeroDivisionError):
                    return False
                if not isinstance(value, mp.mpf) or not mp.isfinite(value):
                    return False
                values.append(value)
            below, above = (values[1] - values[0]) / h, (values[2] - values[1]) / h
            return bool(abs(below - above) <= mp.mpf(10) ** -4 * (abs(below) + abs(above)) + mp.mpf(10) ** -20)


def variants(primitive: Primitive) -> list[tuple[float | None, int]]:
    """Every (static, number of operands) that the tests try."""
    if primitive.static:
        return [(static, 1) for static in STATICS.get(primitive.name, (2.0, 3.0, -1.0, 0.5))]
    return [(None, count) for count in (COUNTS if primitive.variadic else (len(primitive.rules),))]


@cache
def moderate_points(primitive: Primitive) -> list[Case]:
    """Points of ordinary size, the same in every run: of a grid, and beside it."""
    chance = random.Random(primitive.name)
    found = []
    most = MOST_POINTS // len(variants(primitive)) + 3
    for static, count in variants(primitive):
        if count <= 2:
            grid = [*itertools.product(GRID, repeat=count)]
        else:
            grid = [tuple(chance.choice(GRID) for _ in range(count)) for _ in range(3 * most)]
        beside = [tuple(chance.uniform(0.9, 1.1) * x for x in point) for point in grid]
        found += [Case(primitive, static, point) for point in chance.sample(grid, min(len(grid), most))]
        found += [Case(primitive, static, point) for point in chance.sample(beside, min(len(grid), most))]
    return found


def far_points(primitive: Primitive) -> list[Case]:
    """The points of the table FAR."""
    statics = STATICS.get(primitive.name, (2.0, 3.0)) if primitive.static else (None,)
    return [Case(primitive, static, point) for static in statics for point in FAR.get(primitive.name, [])]


@cache
def smooth_points(primitive: Primitive, slot: int, *, far: bool = False) -> list[Case]:
    """Where the derivative in operand SLOT has one exact answer; at least three, or the test fails."""
    cases = [case for case in moderate_points(primitive) if slot < len(case.operands) and case.is_smooth(slot)]
    assert len(cases) >= 3, f"{primitive.name}: no usable point for operand {slot}; add some to FAR in tests/helpers.py"
    if far:
        cases += [case for case in far_points(primitive) if slot < len(case.operands) and case.is_ordinary(slot)]
    return cases


def slots(primitive: Primitive) -> list[int]:
    """The operands that have a derivative."""
    if primitive.variadic:
        return [0, 1, 4]
    return [s for s, rule in enumerate(primitive.rules) if rule and (primitive.name, s) not in NO_DERIVATIVE]


EVERY_SLOT = [(primitive, slot) for primitive in DIFFERENTIABLE.values() for slot in slots(primitive)]


def slot_name(value: Any) -> str:
    """How pytest names a parameter."""
    return value.name if isinstance(value, Primitive) else str(value)


# Numbers


def same(a: float, b: float) -> bool:
    """Equal to the last bit, with one nan and signs of zero that do not matter."""
    return a == b or (a != a and b != b)


def close(a: float, b: float, relative: float = 1e-12, absolute: float = 0.0) -> bool:
    """Equal within a tolerance; nan equals nan, and an infinity only itself."""
    return same(a, b) or math.isclose(a, b, rel_tol=relative, abs_tol=absolute)


def value_of_line(case: Case) -> float:
    """The value of the case's line as a graph computes it."""
    graph, line = case.graph()
    return evaluate(graph, case.point())[line]


SPECIAL = (0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, TINY, 1.7976931348623157e308, 0.5, 745.0)
floats = st.sampled_from(SPECIAL) | st.floats(-50.0, 50.0) | st.floats()
