"""The float forwards against mpmath (accuracy) and numpy (special values)."""

import inspect
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from gradcli.graph import real

INF, NAN = math.inf, math.nan
TINY, HUGE = 5e-324, 1.7976931348623157e308  # the smallest and the largest float
BELOW_ONE, ABOVE_ONE = math.nextafter(1.0, 0.0), math.nextafter(1.0, 2.0)

SPECIAL = [0.0, TINY, 1e-300, 1e-9, 0.5, 1.0, 1.5, 2.5, 3.0, 8.0, 309.0, 745.2, 2.0**52, 1e300, HUGE, INF]
SPECIAL = [*SPECIAL, *(-x for x in SPECIAL), NAN]
GRID = (
    [10.0**k for k in range(-320, 309, 8)] + [k / 8 for k in range(1, 330)] + [BELOW_ONE, ABOVE_ONE, 90.0, 300.0, 700.0]
)
GRID = sorted([*GRID, *(-x for x in GRID)])

FUNCTIONS = [f for _, f in inspect.getmembers(real, inspect.isfunction) if not f.__name__.startswith("_")]


@pytest.fixture(autouse=True, scope="module")
def fifty_digits():
    with mp.workdps(50):
        yield


def ulps_off(got, exact):
    """How far a float is from a number of mpmath, in units of the last place of what it should be."""
    nearest = float(exact)
    if got == nearest:
        return 0.0
    if math.isnan(got) or math.isinf(got) or math.isinf(nearest):
        return INF
    return float(abs(mp.mpf(got) - exact) / math.ulp(nearest))


def same(got, expected, relative=0.0):
    """Equal as IEEE numbers: nan is nan, zeros have their sign, and others differ by the tolerance at most."""
    if math.isnan(expected) or math.isinf(expected) or expected == 0.0:
        return repr(got) == repr(float(expected))
    return math.isclose(got, expected, rel_tol=relative, abs_tol=TINY if relative else 0.0)


def numbers(low, high):
    """Floats of all sizes between two ends, the ends and the small ones among them."""
    near = st.floats(max(low, -50.0), min(high, 50.0)) if low < 50.0 and high > -50.0 else st.nothing()
    return st.floats(low, high) | near


# Accuracy


def exact_sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def exact_softplus(x):
    return max(x, 0) + mp.log1p(mp.exp(-abs(x)))


def exact_gelu(x):
    return x * mp.erfc(-x / mp.sqrt(2)) / 2 if x > -1e4 else mp.mpf(0)


def exact_rint(x):
    return mp.nint(x) if abs(x) < 1e20 else x


def exact_cbrt(x):
    return mp.sign(x) * mp.cbrt(abs(x))


# name: (units of the last place, the exact function, where)
UNARY = {
    "square": (0.5, lambda x: x * x, -HUGE, HUGE),
    "absolute": (0, abs, -HUGE, HUGE),
    "sign": (0, mp.sign, -HUGE, HUGE),
    "floor": (0, mp.floor, -HUGE, HUGE),
    "ceil": (0, mp.ceil, -HUGE, HUGE),
    "rint": (0, exact_rint, -HUGE, HUGE),
    "exp": (1, mp.exp, -HUGE, HUGE),
    "expm1": (1, mp.expm1, -HUGE, HUGE),
    "log": (1, mp.log, TINY, HUGE),
    "log1p": (1, mp.log1p, -BELOW_ONE, HUGE),
    "log2": (1, lambda x: mp.log(x, 2), TINY, HUGE),
    "log10": (2, mp.log10, TINY, HUGE),
    "sqrt": (0.5, mp.sqrt, 0.0, HUGE),
    "cbrt": (4, exact_cbrt, -HUGE, HUGE),
    "sin": (1, mp.sin, -HUGE, HUGE),
    "cos": (1, mp.cos, -HUGE, HUGE),
    "tan": (1, mp.tan, -HUGE, HUGE),
    "asin": (1, mp.asin, -1.0, 1.0),
    "acos": (1, mp.acos, -1.0, 1.0),
    "atan": (1, mp.atan, -HUGE, HUGE),
    "sinh": (2, mp.sinh, -HUGE, HUGE),
    "cosh": (2, mp.cosh, -HUGE, HUGE),
    "tanh": (2, mp.tanh, -HUGE, HUGE),
    "asinh": (2, mp.asinh, -HUGE, HUGE),
    "acosh": (2, mp.acosh, 1.0, HUGE),
    "atanh": (2, mp.atanh, -BELOW_ONE, BELOW_ONE),
    "sigmoid": (2, exact_sigmoid, -HUGE, HUGE),
    "relu": (0, lambda x: max(x, 0), -HUGE, HUGE),
    "softplus": (2, exact_softplus, -HUGE, HUGE),
    "logsigmoid": (2, lambda x: -exact_softplus(-x), -HUGE, HUGE),
    "silu": (3, lambda x: x * exact_sigmoid(x), -HUGE, HUGE),
    "gelu": (8, exact_gelu, -HUGE, HUGE),
    "softsign": (1.5, lambda x: x / (1 + abs(x)), -HUGE, HUGE),
    "erf": (2, mp.erf, -HUGE, HUGE),
    "erfc": (5, lambda x: mp.erfc(x) if x < 1e4 else mp.mpf(0), -HUGE, HUGE),
    "lgamma": (8, mp.loggamma, TINY, HUGE),
    "digamma": (40, mp.digamma, TINY, HUGE),
}


@pytest.mark.parametrize("name", UNARY)
def test_a_function_is_right_to_its_last_places_on_a_grid(name):
    """The stated number of units of the last place holds from the subnormals to the largest floats."""
    bound, exact, low, high = UNARY[name]
    worst = max((ulps_off(getattr(real, name)(x), exact(mp.mpf(x))), x) for x in GRID if low <= x <= high)
    assert worst[0] <= bound, worst


@pytest.mark.parametrize("name", UNARY)
def test_a_function_is_right_to_its_last_places_anywhere(name):
    """The same bound holds at arguments that nobody picked."""
    bound, exact, low, high = UNARY[name]

    @settings(max_examples=25)
    @given(numbers(low, high))
    def holds(x):
        assert ulps_off(getattr(real, name)(x), exact(mp.mpf(x))) <= bound

    holds()


def exact_logaddexp(*xs):
    first, *others = sorted(xs, reverse=True)
    return first + mp.log1p(sum(mp.exp(x - first) for x in others))


def exact_softmax(*xs):
    return 1 / sum(mp.exp(x - xs[0]) for x in xs)


# name: (units of the last place, the exact function, the operands)
SEVERAL = {
    "add": (0.5, lambda a, b: a + b, [(-HUGE, HUGE)] * 2),
    "subtract": (0.5, lambda a, b: a - b, [(-HUGE, HUGE)] * 2),
    "multiply": (0.5, lambda a, b: a * b, [(-HUGE, HUGE)] * 2),
    "divide": (0.5, lambda a, b: a / b, [(-HUGE, HUGE), (TINY, HUGE)]),
    "power": (1, mp.power, [(TINY, HUGE), (-400.0, 400.0)]),
    "atan2": (1, mp.atan2, [(TINY, HUGE), (-HUGE, HUGE)]),
    "hypot": (1, lambda *xs: mp.sqrt(sum(x * x for x in xs)), [(-HUGE, HUGE)] * 3),
    "xlogy": (2, lambda x, y: x * mp.log(y), [(-HUGE, HUGE), (TINY, HUGE)]),
    "leaky_relu": (0.5, lambda x, s: x if x > 0 else s * x, [(-HUGE, HUGE), (0.0, 1.0)]),
    "elu": (2, lambda x, a: x if x > 0 else a * mp.expm1(x), [(-HUGE, HUGE), (0.125, 8.0)]),
    "softmax": (4, exact_softmax, [(-760.0, 760.0)] * 3),
    "logaddexp": (16, exact_logaddexp, [(0.0, HUGE), (-HUGE, HUGE), (-760.0, 760.0)]),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_a_function_of_several_operands_is_right_to_its_last_places(name):
    """The stated number of units of the last place holds wherever the operands are."""
    bound, exact, ends = SEVERAL[name]

    @settings(max_examples=100)
    @given(st.tuples(*itertools.starmap(numbers, ends)))
    def holds(xs):
        assert ulps_off(getattr(real, name)(*xs), exact(*map(mp.mpf, xs))) <= bound

    holds()


@given(st.lists(st.floats(-750.0, 750.0), min_size=1, max_size=4))
def test_logaddexp_is_right_to_the_last_places_of_its_largest_operand(xs):
    """Where a negative largest operand and the rest cancel, the error is measured in places of that operand."""
    exact = exact_logaddexp(*map(mp.mpf, xs))
    assert abs(mp.mpf(real.logaddexp(*xs)) - exact) <= 16 * math.ulp(max(abs(max(xs)), abs(float(exact))))


@pytest.mark.parametrize("distance", [0.0, 1e-16, -1e-15, 1e-12, -1e-9, 1e-6, -1e-3, 0.01, 0.2])
@pytest.mark.parametrize(
    ("name", "exact", "zero"),
    [("lgamma", mp.loggamma, 1.0), ("lgamma", mp.loggamma, 2.0), ("digamma", mp.digamma, 1.4616321449683622)],
)
def test_the_gamma_family_keeps_all_digits_at_its_positive_zeros(name, exact, zero, distance):
    """A zero of the function costs no digits."""
    x = zero + distance
    assert ulps_off(getattr(real, name)(x), exact(mp.mpf(x))) <= 8


@settings(max_examples=150)
@given(st.floats(-30.0, -1e-300))
def test_the_gamma_family_left_of_zero_is_right_beside_its_largest_part(x):
    """Reflection costs digits only where its parts cancel: near a zero of the function."""
    if x % 1.0 == 0.0:
        return
    for f, exact in [(real.lgamma, lambda x: mp.log(abs(mp.gamma(x)))), (real.digamma, mp.digamma)]:
        value = exact(mp.mpf(x))
        assert abs(mp.mpf(f(x)) - value) <= 1e-14 * max(abs(value), 1)


ORDERS = [1, 2, 3, 4, 7, 10, 15, 20]
ARGUMENTS = [
    1e-300,
    1e-20,
    1e-5,
    0.03,
    0.5,
    1.0,
    1.7,
    2.0,
    4.9,
    10.0,
    11.3,
    17.5,
    23.1,
    30.2,
    31.0,
    99.5,
    1e4,
    1e10,
    1e20,
]


@pytest.mark.parametrize("n", ORDERS)
def test_polygamma_is_right_to_fourteen_digits(n):
    """Right of zero there is no zero and no cancellation."""
    for x in ARGUMENTS:
        exact = float(mp.polygamma(n, mp.mpf(x)))
        assert real.polygamma(float(n), x) == pytest.approx(exact, rel=1e-14, abs=TINY), x


@pytest.mark.parametrize("n", ORDERS)
def test_polygamma_left_of_zero_is_right_beside_its_poles(n):
    """Reflection is right to fourteen digits of the two nearest poles, and at their middle to its own."""
    for x in [-1e-8, -0.02, -0.25, -0.49, -0.5, -0.75, -0.999, -1.001, -2.5, -3.3, -7.6, -20.5, -20.6]:
        exact = mp.polygamma(n, mp.mpf(x))
        fraction = -x % 1.0
        poles = mp.factorial(n) * (fraction ** -(n + 1) + (1 - fraction) ** -(n + 1))
        assert abs(mp.mpf(real.polygamma(float(n), x)) - exact) <= 1e-14 * (abs(exact) if fraction == 0.5 else poles), x


@pytest.mark.parametrize(("n", "x"), [(100.0, 0.7), (100.0, 1e4), (170.0, 60.0), (300.0, 150.0), (1000.0, 450.0)])
def test_polygamma_of_a_high_order_is_right_to_twelve_digits(n, x):
    """The factorial may overflow where the result does not."""
    assert real.polygamma(n, x) == pytest.approx(float(mp.polygamma(int(n), mp.mpf(x))), rel=1e-12)


# Special values

LIKE_NUMPY = {
    "negative": np.negative, "square": np.square, "absolute": np.absolute, "sign": np.sign, "floor": np.floor,
    "ceil": np.ceil, "rint": np.rint, "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
    "log2": np.log2, "log10": np.log10, "sqrt": np.sqrt, "cbrt": np.cbrt, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "power": np.float_power,
    "mod": np.mod, "atan2": np.arctan2, "hypot": np.hypot, "logaddexp": np.logaddexp, "less": np.less,
    "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal, "equal": np.equal,
    "not_equal": np.not_equal,
}  # fmt: skip


@pytest.mark.parametrize("name", LIKE_NUMPY)
def test_special_values_are_those_of_numpy(name):
    """Zeros with their signs, infinities, nan, the ends of domains and overflow: as an array would have them."""
    f = getattr(real, name)
    arity = len(inspect.signature(f).parameters) + (name in ("hypot", "logaddexp"))
    with np.errstate(all="ignore"):
        for xs in itertools.product(SPECIAL, repeat=arity):
            expected = float(LIKE_NUMPY[name](*map(np.float64, xs)))
            assert same(f(*xs), expected, relative=1e-14), (xs, f(*xs), expected)


@pytest.mark.parametrize(("name", "of_numpy"), [("maximum", np.maximum), ("minimum", np.minimum)])
def test_the_largest_and_the_smallest_are_those_of_numpy(name, of_numpy):
    """A nan operand gives nan; which of two zeros numpy gives depends on the machine."""
    for xs in itertools.product([-INF, -2.0, -0.0, 0.0, 3.0, INF, NAN], repeat=3):
        got, expected = getattr(real, name)(*xs), float(of_numpy.reduce(xs))
        assert got == expected or (math.isnan(got) and math.isnan(expected)), xs


def test_zeros_are_ordered():
    """0.0 is above -0.0, in whichever order they come."""
    assert [repr(real.maximum(*xs)) for xs in [(-0.0, 0.0), (0.0, -0.0), (-0.0, -0.0)]] == ["0.0", "0.0", "-0.0"]
    assert [repr(real.minimum(*xs)) for xs in [(-0.0, 0.0), (0.0, -0.0), (0.0, 0.0)]] == ["-0.0", "-0.0", "0.0"]


@given(st.floats(), st.floats(), st.floats())
def test_clip_is_the_smaller_of_the_larger(x, low, high):
    """Also where the ends are the wrong way round."""
    assert same(real.clip(x, low, high), real.minimum(real.maximum(x, low), high))


@pytest.mark.parametrize(("condition", "picked"), [(1.0, 5.0), (-2.0, 5.0), (NAN, 5.0), (0.0, 7.0), (-0.0, 7.0)])
def test_where_counts_nan_as_true(condition, picked):
    """As numpy does; what is not picked does not matter."""
    assert real.where(condition, 5.0, 7.0) == picked
    assert real.where(condition, 5.0, NAN) == 5.0 or picked == 7.0


@pytest.mark.parametrize(
    ("name", "xs", "expected"),
    [
        ("power", (-8.0, 1 / 3), NAN),
        ("power", (-10.0, 309.0), -INF),
        ("power", (-10.0, 310.0), INF),
        ("power", (-0.0, -1.0), -INF),
        ("power", (0.0, -1.0), INF),
        ("power", (1.0, NAN), 1.0),
        ("power", (NAN, 0.0), 1.0),
        ("sigmoid", (INF,), 1.0),
        ("sigmoid", (-INF,), 0.0),
        ("sigmoid", (-745.0,), 5e-324),
        ("relu", (-0.0,), 0.0),
        ("relu", (INF,), INF),
        ("leaky_relu", (-INF, 0.01), -INF),
        ("elu", (-INF, 2.0), -2.0),
        ("elu", (INF, 2.0), INF),
        ("softplus", (INF,), INF),
        ("softplus", (-INF,), 0.0),
        ("logsigmoid", (INF,), -0.0),
        ("logsigmoid", (-INF,), -INF),
        ("silu", (INF,), INF),
        ("silu", (-INF,), -0.0),
        ("gelu", (INF,), INF),
        ("gelu", (-INF,), -0.0),
        ("softsign", (INF,), 1.0),
        ("softsign", (-INF,), -1.0),
        ("logaddexp", (-INF, -INF, -INF), -INF),
        ("logaddexp", (-INF, 3.0), 3.0),
        ("softmax", (-INF, 0.0), 0.0),
        ("softmax", (0.0, -INF), 1.0),
        ("softmax", (INF, 0.0), 1.0),
        ("softmax", (0.0, INF), 0.0),
        ("softmax", (INF, INF), NAN),
        ("softmax", (0.0, INF, INF), NAN),
        ("softmax", (-INF, -INF), NAN),
        ("softmax", (-HUGE, HUGE), 0.0),
        ("erf", (-INF,), -1.0),
        ("erfc", (INF,), 0.0),
        ("xlogy", (0.0, 0.0), 0.0),
        ("xlogy", (0.0, -1.0), 0.0),
        ("xlogy", (0.0, INF), 0.0),
        ("xlogy", (1.0, 0.0), -INF),
        ("xlogy", (1.0, -1.0), NAN),
        ("lgamma", (0.0,), INF),
        ("lgamma", (-3.0,), INF),
        ("lgamma", (1.0,), 0.0),
        ("lgamma", (2.0,), 0.0),
        ("lgamma", (HUGE,), INF),
        ("lgamma", (-INF,), INF),
        ("digamma", (0.0,), -INF),
        ("digamma", (-0.0,), INF),
        ("digamma", (TINY,), -INF),
        ("digamma", (-2.0,), NAN),
        ("digamma", (INF,), INF),
        ("digamma", (-INF,), NAN),
        ("polygamma", (1.0, 0.0), INF),
        ("polygamma", (1.0, -0.0), INF),
        ("polygamma", (1.0, -3.0), INF),
        ("polygamma", (2.0, 0.0), -INF),
        ("polygamma", (2.0, -0.0), INF),
        ("polygamma", (2.0, -3.0), NAN),
        ("polygamma", (1.0, INF), 0.0),
        ("polygamma", (2.0, INF), -0.0),
        ("polygamma", (1.0, -INF), NAN),
        ("polygamma", (1.5, 1.0), NAN),
        ("polygamma", (-1.0, 1.0), NAN),
        ("polygamma", (INF, 1.0), NAN),
        ("polygamma", (200.0, -0.3), INF),
        ("polygamma", (200.0, -0.7), -INF),
        ("polygamma", (201.0, -0.5), INF),
    ],
)
def test_special_values_are_limits(name, xs, expected):
    """At poles and infinities a function takes its limit, and nan where there is none."""
    assert same(getattr(real, name)(*xs), expected)


@given(st.floats())
def test_polygamma_of_order_zero_is_digamma(x):
    """The derivative of order 0 is the function."""
    assert same(real.polygamma(0.0, x), real.digamma(x))


NAN_PASSES = {"power", "hypot", "where", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}


@pytest.mark.parametrize("f", [f for f in FUNCTIONS if f.__name__ not in NAN_PASSES], ids=lambda f: f.__name__)
def test_nan_goes_in_and_comes_out(f):
    """Only a comparison, a choice, pow(1, nan), pow(nan, 0) and hypot(inf, nan) have another answer."""
    arity = len(inspect.signature(f).parameters)
    assert math.isnan(f(*[NAN] * arity))


def operands(f):
    """As many floats as the function takes, special ones often."""
    parameters = inspect.signature(f).parameters.values()
    variadic = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    floats = st.sampled_from(SPECIAL) | st.floats()
    return st.lists(floats, min_size=1 if variadic else len(parameters), max_size=4 if variadic else len(parameters))


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_nothing_raises(f):
    """Whatever floats go in, a float comes out."""

    @settings(max_examples=25)
    @given(operands(f))
    def holds(xs):
        assert type(f(*xs)) is float

    holds()
    for xs in itertools.product(SPECIAL, repeat=min(2, len(inspect.signature(f).parameters))):
        assert type(f(*xs, *[1.0] * (len(inspect.signature(f).parameters) - len(xs)))) is float
