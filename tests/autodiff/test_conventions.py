"""Kinks, ties, ends of domains, nan and closed gates: the conventions, each in both modes."""

import itertools
import math

import pytest
from helpers import close
from hypothesis import given
from hypothesis import strategies as st
from programs import INF, NAN, derivatives

MODES = ("reverse", "forward")
both_modes = pytest.mark.parametrize("mode", MODES)

CONVENTIONS = [
    # ties: the shares sum to 1, and go by operand
    ("max(x, y) at x=2, y=2", (0.5, 0.5)),
    ("min(x, y) at x=2, y=2", (0.5, 0.5)),
    ("max(x, y) at x=0.0, y=-0.0", (0.5, 0.5)),
    ("max(x, y) at x=inf, y=inf", (0.5, 0.5)),
    ("max(x, y) at x=3, y=2", (1, 0)),
    ("min(x, y) at x=3, y=2", (0, 1)),
    ("max(x) at x=3", (1,)),
    ("max(x, x) at x=2", (1,)),
    ("min(x, x) at x=2", (1,)),
    ("max(x, y, z) at x=1, y=1, z=1", (1 / 3, 1 / 3, 1 / 3)),
    ("min(x, y, z) at x=1, y=1, z=2", (0.5, 0.5, 0)),
    ("max(x, x, y) at x=1, y=1", (2 / 3, 1 / 3)),
    ("max(max(x, y), z) at x=1, y=1, z=1", (0.25, 0.25, 0.5)),
    ("max(w, x, y, z) at w=1, x=1, y=1, z=1", (0.25, 0.25, 0.25, 0.25)),
    ("min(max(x, y), max(y, x)) at x=1, y=1", (0.5, 0.5)),
    # clip
    ("clip(x, 0, 1) at x=0", (0.5,)),
    ("clip(x, 0, 1) at x=1", (0.5,)),
    ("clip(x, 0, 1) at x=0.25", (1,)),
    ("clip(x, 0, 1) at x=-1", (0,)),
    ("clip(x, a, b) at x=1, a=1, b=3", (0.5, 0.5, 0)),
    ("clip(x, a, b) at x=3, a=1, b=3", (0.5, 0, 0.5)),
    ("clip(x, a, b) at x=1, a=1, b=1", (0.25, 0.25, 0.5)),
    ("clip(x, a, b) at x=5, a=3, b=1", (0, 0, 1)),
    # kinks
    ("relu(x) at x=0", (0,)),
    ("relu(x) at x=-0.0", (0,)),
    ("max(x, 0) at x=0", (0.5,)),
    ("max(0, x) at x=0", (0.5,)),
    ("max(x, 0) at x=-1", (0,)),
    ("abs(x) at x=0", (0,)),
    ("abs(x) at x=-0.0", (0,)),
    ("x*abs(x) at x=0", (0,)),
    ("leaky_relu(x) at x=0", (0.01,)),
    ("leaky_relu(x, s) at x=0, s=0.2", (0.2, 0)),
    ("leaky_relu(x, s) at x=-3, s=0.2", (0.2, -3)),
    ("elu(x) at x=0", (1,)),
    ("elu(x, a) at x=0, a=0.5", (0.5, 0)),
    ("sign(x) at x=0", (0,)),
    ("floor(x) at x=2", (0,)),
    ("ceil(x) at x=2.5", (0,)),
    ("round(x) at x=0.5", (0,)),
    ("x > y at x=1, y=1", (0, 0)),
    ("mod(x, y) at x=5.5, y=2", (1, -2)),
    ("mod(x, y) at x=-1, y=3", (1, 1)),
    ("mod(x, y) at x=1, y=0.1", (1, -9)),
    # powers
    ("x^0 at x=0", (0,)),
    ("x^0 at x=nan", (0,)),
    ("x^1 at x=0", (1,)),
    ("x^2 at x=0", (0,)),
    ("x^2 at x=-3", (-6,)),
    ("x^3 at x=-2", (12,)),
    ("x^-1 at x=0", (-INF,)),
    ("x^0.5 at x=0", (INF,)),
    ("x^y at x=0, y=0", (0, 0)),
    ("x^y at x=0, y=1", (1, 0)),
    ("x^y at x=0, y=2", (0, 0)),
    ("x^y at x=0, y=0.5", (INF, 0)),
    ("x^y at x=0, y=-1", (-INF, -INF)),
    ("x^y at x=-2, y=3", (12, NAN)),
    ("x^y at x=-2, y=2", (-4, NAN)),
    ("x^y at x=-2, y=0.5", (NAN, NAN)),
    ("x^y at x=2, y=3", (12, 8 * math.log(2))),
    ("sqrt(x) at x=0", (INF,)),
    ("cbrt(x) at x=0", (INF,)),
    ("cbrt(x) at x=-8", (1 / 12,)),
    # logarithms, quotients, the origin
    ("log(x) at x=0", (INF,)),
    ("log(x) at x=-1", (NAN,)),
    ("1/x at x=0", (-INF,)),
    ("x/y at x=0, y=0", (NAN, NAN)),
    ("x/y at x=1, y=0", (INF, -INF)),
    ("x/x at x=0", (NAN,)),
    ("x*log(x) at x=0", (NAN,)),
    ("xlogy(x, y) at x=0, y=0", (-INF, 0)),
    ("xlogy(x, y) at x=0, y=2", (math.log(2), 0)),
    ("xlogy(x, x) at x=2", (math.log(2) + 1,)),
    ("atan2(y, x) at y=0, x=0", (0, 0)),
    ("atan2(y, x) at y=0, x=-1", (-1, 0)),
    ("hypot(x, y) at x=0, y=0", (0, 0)),
    ("hypot(x, y, z) at x=0, y=0, z=0", (0, 0, 0)),
    ("asin(x) at x=1", (INF,)),
    ("acosh(x) at x=1", (INF,)),
    # nan: every gradient of a nan result is nan
    ("max(x, y) at x=nan, y=1", (NAN, NAN)),
    ("min(x, y) at x=1, y=nan", (NAN, NAN)),
    ("clip(x, a, b) at x=nan, a=0, b=1", (NAN, NAN, NAN)),
    ("relu(x) at x=nan", (NAN,)),
    ("max(x, 0) at x=nan", (NAN,)),
    ("abs(x) at x=nan", (NAN,)),
    ("leaky_relu(x) at x=nan", (NAN,)),
    ("sign(x) at x=nan", (NAN,)),
    ("floor(x) at x=nan", (NAN,)),
    ("x at x=nan", (NAN,)),
    ("x+y at x=nan, y=1", (NAN, NAN)),
    ("log(x)*y at x=-1, y=2", (NAN, NAN)),
    ("sqrt(x)+y at x=-1, y=2", (NAN, NAN)),
    ("where(c, x, y) at c=nan, x=2, y=3", (0, 1, 0)),
    # a closed gate carries exactly 0, and so does everything below it
    ("where(x>0, sqrt(x), 0) at x=0", (0,)),
    ("where(x>0, sqrt(x), 0) at x=-1", (0,)),
    ("where(x>0, sqrt(x), 0) at x=4", (0.25,)),
    ("where(x>0, log(x), x) at x=0", (1,)),
    ("where(x>0, log(x), x) at x=-1", (1,)),
    ("where(x>0, log(x)+sqrt(-x), y) at x=0, y=1", (0, 1)),
    ("where(x>0, log(x)*y, y*3) at x=-1, y=2", (0, 3)),
    ("where(x>0, where(x>1, log(x-1), sqrt(x)), 0) at x=0", (0,)),
    ("where(x>0, where(x>1, log(x-1), sqrt(x)), 0) at x=1", (0.5,)),
    ("where(x>0, where(x>1, log(x-1), sqrt(x)), 0) at x=-2", (0,)),
    ("sqrt(where(x>0, x, 0)) at x=-1", (0,)),
    ("sqrt(where(x>0, x, 0)) at x=4", (0.25,)),
    ("sqrt(relu(x)) at x=-1", (0,)),
    ("log(max(x, y)) at x=0, y=-1", (INF, 0)),
    ("relu(log(x)) at x=0", (0,)),
    ("relu(log(x)) at x=0.5", (0,)),
    ("relu(log(x)) at x=-1", (NAN,)),
    ("max(1/x, 7) at x=-0.0", (0,)),
    ("x + where(x>0, sqrt(x), 0) at x=0", (1,)),
    ("where(0, x, y)/0 at x=2, y=3", (0, INF)),
    ("sqrt(where(x>0, x, y)) at x=-1, y=-1", (0, NAN)),
    ("clip(1/x, -1, 1) at x=0", (0,)),
    ("a = x^2; b = 2*a; b + where(0, a, 3) at x=3", (12,)),
    ("a = x^2; a + where(0, 1/a, 3) at x=0", (0,)),
    # elsewhere 0 times infinity is nan, which is the lesson
    ("sqrt(x*x) at x=0", (NAN,)),
    ("sqrt(abs(x)) at x=0", (NAN,)),
    ("x*exp(y) at x=0, y=1000", (NAN, NAN)),
    ("where(x>1, x, sqrt(y)*0) at x=0, y=0", (0, NAN)),
    ("1/(1+exp(-x)) at x=-800", (NAN,)),
]


@both_modes
@pytest.mark.parametrize(("text", "expected"), CONVENTIONS)
def test_a_convention_holds(text, expected, mode):
    """What is typed has the gradient of the table."""
    found = derivatives(text, None, "typed", mode)
    assert all(map(close, found.values(), expected)), found


KEPT_WHEN_REWRITTEN = [
    case
    for case in CONVENTIONS
    if not case[0].startswith(("sqrt(x*x)", "1/(1+exp(-x))"))  # recognised: nan becomes the primitive's answer
]
PRIMITIVES_ONLY = ("hypot(", "xlogy(", "mod(x, y)")  # spelled out, these are nan, or round, where they have conventions


@both_modes
@pytest.mark.parametrize(("text", "expected"), KEPT_WHEN_REWRITTEN)
def test_a_recognised_form_keeps_the_convention(text, expected, mode):
    """auto and sigmoid answer as typed wherever that is a number."""
    for decomposition in ("auto", "sigmoid"):
        found = derivatives(text, None, decomposition, mode)
        assert all(map(close, found.values(), expected)), (decomposition, found)


@both_modes
@pytest.mark.parametrize(
    ("text", "expected"), [c for c in KEPT_WHEN_REWRITTEN if not c[0].startswith(PRIMITIVES_ONLY)]
)
def test_an_expanded_form_keeps_the_convention(text, expected, mode):
    """naive answers as typed wherever that is a number."""
    found = derivatives(text, None, "naive", mode)
    assert all(map(close, found.values(), expected)), found


@both_modes
@pytest.mark.parametrize("decomposition", ["typed", "auto", "naive", "sigmoid"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max(x, y) at x=2, y=2", (1, 0)),
        ("min(x, y) at x=2, y=2", (1, 0)),
        ("max(x, y, z) at x=1, y=2, z=2", (0, 1, 0)),
        ("max(x, x, y) at x=1, y=1", (1, 0)),
        ("max(x, 0) at x=0", (1,)),
        ("max(0, x) at x=0", (0,)),
        ("relu(x) at x=0", (0,)),
        ("clip(x, a, b) at x=1, a=1, b=3", (1, 0, 0)),
        ("clip(x, a, b) at x=3, a=1, b=3", (1, 0, 0)),
        ("clip(x, a, b) at x=1, a=1, b=1", (1, 0, 0)),
        ("max(x, y) at x=nan, y=1", (NAN, NAN)),
        ("max(x, 0) at x=nan", (NAN,)),
        ("clip(x, a, b) at x=nan, a=0, b=1", (NAN, NAN, NAN)),
    ],
)
def test_with_ties_first_the_first_operand_takes_all(text, expected, mode, decomposition):
    """--ties first rules max, min and clip, also when folded or spelled out; kinks are not ties."""
    found = derivatives(text, None, decomposition, mode, ties="first")
    assert all(map(close, found.values(), expected)), found


@both_modes
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x*exp(y) at x=0, y=1000", (NAN, NAN)),
        ("exp(y)/x at x=inf, y=0", (0, 0)),
        ("sqrt(y)*x at x=0, y=0", (0, 0)),
        ("sqrt(abs(x)) at x=0", (0,)),
        ("sqrt(x*x) at x=0", (0,)),
        ("x*log(x) at x=0", (NAN,)),
        ("1/(1+exp(-x)) at x=-800", (0,)),
        ("x*nan at x=0", (NAN,)),
        ("x/x at x=0", (NAN,)),
    ],
)
def test_a_strong_zero_beats_infinity(text, expected, mode):
    """--zero strong makes 0 times inf 0 in the flows, and in nothing else: a nan result stays nan."""
    found = derivatives(text, None, "typed", mode, strong_zero=True)
    assert all(map(close, found.values(), expected)), found


@both_modes
@pytest.mark.parametrize("name", ["max", "min"])
@given(values=st.lists(st.sampled_from([-1.0, 0.0, 1.0, 2.0]), min_size=1, max_size=7))
def test_the_shares_of_a_tie_sum_to_one(name, mode, values):
    """However many operands tie, what arrives is what was there to pass on."""
    at = {f"x{k}": value for k, value in enumerate(values)}
    for ties in ("split", "first"):
        shares = derivatives(f"{name}({', '.join(at)})", at, "typed", mode, ties=ties)
        assert math.isclose(sum(shares.values()), 1.0, rel_tol=1e-15)


@pytest.mark.parametrize("values", [*itertools.product([-1.0, 0.0, 1.0], repeat=3)])
def test_clip_is_min_of_max_in_every_order_and_tie(values):
    """A clip and its definition pass the same shares, also where the bounds cross."""
    at = dict(zip("xab", values, strict=True))
    for ties in ("split", "first"):
        expected = derivatives("min(max(x, a), b)", at, "typed", "reverse", ties=ties)
        assert derivatives("clip(x, a, b)", at, "typed", "reverse", ties=ties) == expected
