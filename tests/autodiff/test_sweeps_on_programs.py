"""Backpropagation, forward mode and differences on programs that nobody wrote."""

import math
import re

import pytest
from helpers import close, same
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from programs import answer, derivatives

from gradcli.autodiff import depends, evaluate, pull_back
from gradcli.language.builder import build

NAMES = "xyz"
STEPS = (0.00123, 0.00357, 0.00781)
UNARY = (
    "-({})", "sin({})", "cos({})", "exp({})", "log({})", "sqrt({})", "tanh({})", "sigmoid({})", "softplus({})",
    "relu({})", "abs({})", "({})^2", "({})^3", "({})^0.5", "({})^-1", "atan({})", "cbrt({})", "gelu({})", "silu({})",
    "leaky_relu({})", "elu({})", "floor({})", "sign({})", "log1p({})", "expm1({})", "erf({})", "asinh({})",
    "1/(1+exp(-({})))", "max({}, 0)",
)  # fmt: skip
BINARY = (
    "({})+({})", "({})-({})", "({})*({})", "({})/({})", "max({}, {})", "min({}, {})", "hypot({}, {})",
    "atan2({}, {})", "where({}, {}, 2)", "({})^({})", "xlogy({}, {})", "logaddexp({}, {})", "softmax({}, {})",
    "mod({}, {})", "({})>({})",
)  # fmt: skip
TERNARY = ("where({}, {}, {})", "clip({}, {}, {})", "max({}, {}, {})", "softmax({}, {}, {})")


def applied(shapes, *operands):
    return st.builds(str.format, st.sampled_from(shapes), *operands)


def expressions(*names):
    return st.recursive(
        st.sampled_from([*names, "2", "0.5", "0", "1", "(-1)"]),
        lambda inner: applied(UNARY, inner) | applied(BINARY, inner, inner) | applied(TERNARY, inner, inner, inner),
        max_leaves=5,
    )


# a and b are lines that more than one other may use
texts = expressions(*NAMES) | st.builds(
    "a = {}; b = {}; {}".format, expressions(*NAMES), expressions("a", *NAMES), expressions("a", "b", "x")
)
# in hundredths, each name beside them by another step, so that nothing is 0, whole or equal by chance
ordinary = st.fixed_dictionaries(
    {
        name: st.integers(-300, 300).map(lambda k, step=step: k / 100 + step)
        for name, step in zip(NAMES, STEPS, strict=True)
    }
)
anywhere = st.fixed_dictionaries(
    {name: st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -0.0]) | st.floats(-3.0, 3.0) for name in NAMES}
)


def largest_flow(text, at):
    """The size of the largest flow; None where one is not finite, or a product of them may leave the floats."""
    program = build(text, given=at)
    values = evaluate(program.graph, at)
    flows = []
    active = depends(program.graph, program.variables.values())
    pull_back(program.graph, values, program.result, active, flows=flows)
    sizes = [abs(number) for flow in flows for number in flow[3:6]]
    tame = all(size == 0 or 1e-30 < size < 1e30 for size in sizes) and all(abs(value) < 1e30 for value in values)
    return max([1.0, *sizes]) if tame else None


@settings(max_examples=200)
@given(texts, anywhere)
@example("where(x>0, sqrt(x), 0)", {"x": 0.0, "y": 0.0, "z": 0.0})
@example("max(x, y, x)*min(x, y)", {"x": 1.0, "y": 1.0, "z": 0.0})
def test_both_modes_agree_on_any_program(text, at):
    """Ties, kinks and closed gates included; only rounding sets the modes apart."""
    back, ahead = derivatives(text, at), derivatives(text, at, mode="forward")
    scale = largest_flow(text, at)
    if scale:
        assert all(close(back[name], ahead[name], 1e-11, 1e-13 * scale) for name in NAMES), (back, ahead)


@settings(max_examples=150)
@given(texts, anywhere)
def test_nan_and_infinity_arrive_in_both_modes(text, at):
    """A nan result makes the same gradients nan in both modes, and those behind closed gates the same zeros."""
    value, back = answer(text, at)
    _, ahead = answer(text, at, mode="forward")
    if value != value:
        for name in NAMES:
            assert (back[name] != back[name] or back[name] == 0) and (
                (back[name] != back[name]) == (ahead[name] != ahead[name])
            ), (name, back, ahead)


@settings(max_examples=150)
@given(texts, ordinary)
def test_gradients_are_differences_where_the_program_is_smooth(text, at):
    """At a point where differences of two steps agree, both modes give that number."""
    value, back = answer(text, at)
    assume(math.isfinite(value) and largest_flow(text, at))
    for name in NAMES:
        slopes = [difference(text, at, name, h) for h in (1e-4, 5e-5, -1e-4, -5e-5)]
        scale = max(map(abs, slopes)) + abs(value)
        if not math.isfinite(scale) or max(slopes) - min(slopes) > 1e-3 * scale:
            continue  # a kink, a jump or a pole is near
        central = (slopes[1] + slopes[3]) / 2
        assert close(back[name], central, 1e-4, 1e-4 * scale), (name, back[name], slopes)


def difference(text, at, name, h):
    """The one-sided slope of TEXT by NAME over a step of H."""
    return (answer(text, {**at, name: at[name] + h})[0] - answer(text, at)[0]) / h


@settings(max_examples=100)
@given(texts, anywhere)
def test_the_gradient_of_a_sum_of_copies_is_the_sum(text, at):
    """f + f has twice the gradient of f, to the last bit, since doubling is exact."""
    assume(largest_flow(text, at))
    *lines, last = text.split("; ")
    once, twice = derivatives(text, at), derivatives("; ".join([*lines, f"f = {last}", "f + f"]), at)
    assert all(same(twice[name], 2 * once[name]) for name in NAMES)


@settings(max_examples=100)
@given(texts, anywhere)
def test_names_do_not_matter(text, at):
    """Renaming every variable renames the gradients, to the last bit."""
    values = {("u_1" if name == "x" else name): value for name, value in at.items()}
    found, renamed = derivatives(text, at), derivatives(re.sub(r"\bx\b", "u_1", text), values)
    assert all(map(same, found.values(), renamed.values()))


@pytest.mark.parametrize("order", ["x, y, z", "y, z, x", "z, x, y", "z, y, x"])
@pytest.mark.parametrize("name", ["max", "min", "hypot", "logaddexp"])
def test_the_order_of_the_operands_does_not_matter(name, order):
    """A function of a set has the same gradients in every order of its operands, at a tie too."""
    for at in ({"x": 1.5, "y": -0.5, "z": 0.25}, {"x": 1.0, "y": 1.0, "z": 0.25}):
        found = derivatives(f"{name}({order})", at)
        expected = derivatives(f"{name}(x, y, z)", at)
        assert all(close(found[n], expected[n], 1e-15) for n in NAMES)


def test_a_named_line_used_twice_adds_its_flows():
    """a = x*x; a*a is x^4: 4*x^3."""
    assert derivatives("a = x*x; a*a", {"x": 3.0}) == {"x": 108.0}


def test_a_name_that_does_not_matter_has_gradient_0():
    """A variable that the result does not depend on gets 0, not nothing."""
    assert derivatives("y = x*z; w", {"w": 1.0, "x": 2.0, "z": 3.0}) == {"w": 1.0, "x": 0.0, "z": 0.0}


@pytest.mark.parametrize("name", ["softmax", "logaddexp", "max", "min", "hypot"])
def test_a_line_of_many_operands_takes_time_in_proportion(name):
    """20,000 operands are 20,000 operands, not their square; the shares of the first mode add up."""
    count = 20_000
    at = {f"x{k}": (k * 37 % 101) / 7 for k in range(count)}
    program = build(f"{name}({', '.join(at)})")
    values = evaluate(program.graph, at)
    numbers = pull_back(program.graph, values, program.result, [True] * len(program.graph)).numbers
    total = math.fsum(numbers[line] for line in program.variables.values())
    if name == "softmax":
        assert abs(total) < 1e-15
    elif name == "hypot":
        assert math.isclose(total, math.fsum(at.values()) / values[program.result], rel_tol=1e-12)
    else:
        assert math.isclose(total, 1.0, rel_tol=1e-12)


def test_a_share_among_many_keeps_its_digits():
    """The gradient of logaddexp is exp(x_k - y), also where the share is 1e-300."""
    at = {f"x{k}": 1000.0 - 0.5 * k for k in range(1400)}
    found = derivatives(f"logaddexp({', '.join(at)})", at)
    total = math.fsum(math.exp(-0.5 * k) for k in range(1400))
    assert all(close(found[f"x{k}"], math.exp(-0.5 * k) / total, 2e-13) for k in range(1400))
