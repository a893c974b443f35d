"""Backpropagation, forward mode and differences on programs that nobody wrote."""

import math
import re

import pytest
from helpers import close, same
from hypothesis import assume, example, given, settings
from programs import answer, derivatives
from scalar_programs import NAMES, anywhere, largest_flow, ordinary, texts

from gradcli.autodiff import evaluate, pull_back
from gradcli.language.builder import build


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
