"""Derivatives as words of the language: what they are worth, by what they differentiate, and what is refused."""

import math

import numpy as np
import pytest
from helpers import close, same
from hypothesis import assume, example, given, settings
from mpmath import mp
from programs import derivatives
from running import run
from scalar_programs import NAMES, anywhere, largest_flow, ordinary, texts

from gradcli.errors import GradError
from gradcli.graph.arrays import plain
from gradcli.language.question import Options
from gradcli.questions import differentiated, evaluated

NAN = math.nan


def value(program, at=None, **options):
    return plain(evaluated(program, at or {}, Options(**options)).value)


def gradients(program, at=None, **options):
    found = differentiated(program, at or {}, Options(**options))
    return {name: plain(number) for name, number in found.gradients.items()}


WORTH = [
    ("grad(x^2, x) at x=3", 6),
    ("grad(x^2*y, y) at x=3, y=2", 9),
    ("grad(x^2, y) at x=3, y=2", 0),  # nothing depends on y
    ("x = 3; grad(x^2, x)", 6),  # by a line that is constant
    ("a = x*x; b = x*x; grad(a*b, a) at x=3", 9),  # by one of two equal lines
    ("a = x; grad(x*a, a) at x=3", 3),
    ("s = exp(-z); grad(1/(1 + s), s) at z=0", -0.25),  # inside what is recognised as a sigmoid
    ("grad(1/(1 + exp(-z)), z) at z=0", 0.25),
    ("d(x^3, x) at x=2", 12),
    ("h = hessian(det(x), x); sum(jacobian(h, x)*x) at x=[[1, 2], [2, 4]]", 0),  # singular
    ("h = hessian(det(x), x); sum(jacobian(h, x)^2) at x=[[1, 1, 1], [1, 1, 1], [1, 1, 1]]", 36),
    ("grad(sqrt(x)[0], x) at x=[4, 0]", [0.25, 0]),  # x[1] has no path: 0 whatever its slope
    ("hessian((x^1.5)[0], x) at x=[4, 0]", [[0.375, 0], [0, 0]]),
    ("d(x^3, x, 0) at x=2", 8),
    ("d(x^3, x, 2) at x=2", 12),
    ("d(x^3, x, 3) at x=2", 6),
    ("d(x^3, x, 4) at x=2", 0),
    ("d(d(x^3, x), x) at x=2", 12),
    ("hessian(x^3, x) at x=2", 12),
    ("jacobian(x^3, x) at x=2", 12),
    ("grad(grad(x^2*y^3, x), y) at x=3, y=2", 72),
    ("f = x^4; x - grad(f, x)/d(f, x, 2) at x=3", 2),  # Newton's step
    ("grad(stop(x)*x, x) at x=3", 3),
    ("grad(stop(x*x), x) at x=3", 0),
    ("stop(x)*2 at x=3", 6),
    ("f(a) = grad(a^2, a); f(3)", 6),  # by a parameter that is a number
    ("f(a) = grad(a^2, a); f(x) + f(2*x) at x=3", 18),
    ("f(a) = grad(a^2, a); g(b) = f(b) + 1; g(3)", 7),
    ("slope(u, t) = d(u, t); slope(x^2, x) at x=3", 6),
    ("n(u, k) = d(u^5, u, k); n(x, 2) at x=1", 20),
    ("grad(x) = x + 1; grad(2)", 3),  # a function of the user's shadows the word
    ("d = 2; d*x at x=3", 6),  # a word is free as a name
    ("grad(max(x, 0), x) at x=0", 0.5),
    ("grad(where(x > 0, sqrt(x), 0), x) at x=0", 0),
    ("grad(log(x), x) at x=-1", NAN),
    ("d(where(x > 0, x^1.5, 0), x, 2) at x=0", 0),
    ("grad(sum(x^2), x) at x=[1, 2]", [2, 4]),
    ("grad(x[0]*x[1], x) at x=[3, 5]", [5, 3]),
    ("grad(sum(a), x) at a=[1, 2], x=[[1, 2]]", [[0, 0]]),
    ("jacobian(x^2, x) at x=[1, 2]", [[2, 0], [0, 4]]),
    ("jacobian([x[0]*x[1], x[0], x[1]^2, 1], x) at x=[2, 3]", [[3, 2], [1, 0], [0, 6], [0, 0]]),
    ("jacobian(sum(x), x) at x=[1, 2]", [1, 1]),
    ("jacobian(A@x, A) at A=[[1, 2], [3, 4]], x=[5, 6]", [[[5, 6], [0, 0]], [[0, 0], [5, 6]]]),
    ("jacobian([x, x^2], x) at x=3", [1, 6]),
    ("hessian(sum(x^3), x) at x=[1, 2]", [[6, 0], [0, 12]]),
    ("hessian(x[0]*x[1], x) at x=[1, 2]", [[0, 1], [1, 0]]),
    ("hessian(sum(x), x) at x=[1, 2]", [[0, 0], [0, 0]]),
    ("d([x, x^2, sin(x)], x) at x=0", [1, 0, 1]),
    ("d([x, x^2, x^3], x, 2) at x=2", [0, 2, 12]),
    ("d(x*ones(2), x, 0) at x=2", [2, 2]),
    ("sum(grad(sum((x@w - t)^2), w)^2) at x=[[1,2],[3,4]], w=[[1],[1]], t=[[1],[2]]", 3460),
    ("L = sum((x@w - t)^2); L + 0.1*sum(grad(L, w)^2) at x=[[1,2],[3,4]], w=[[1],[1]], t=[[1],[2]]", 375),
    ("grad(grad(a^b, a), b) at a=3, b=0", 1 / 3),  # a convention at (0, 0) closes nothing beside it
    ("grad(grad(a^b, b), a) at a=3, b=0", 1 / 3),
    ("grad(grad(xlogy(a, b), b), a) at a=0, b=2", 0.5),
    ("grad(grad(xlogy(a, b), a), b) at a=0, b=2", 0.5),
    ("trace(hessian(sum(v*v*[1, 2]), v)) at v=[3, 4]", 6),  # the Laplacian
]  # fmt: skip


@pytest.mark.parametrize(("program", "wanted"), WORTH)
@pytest.mark.parametrize("decomposition", ["auto", "typed", "naive", "sigmoid"])
def test_what_a_derivative_is_worth(program, wanted, decomposition):
    found = value(program, decomposition=decomposition)
    assert np.shape(found) == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


@pytest.mark.parametrize("mode", ["reverse", "forward", "adjoint"])
def test_a_gradient_penalty_is_differentiated_in_its_weights(mode):
    """By hand: with g = 2 x'(xw - t), the gradient of sum(g^2) in w is 4 x'x g."""
    x, w, t = np.array([[1.0, 2], [3, 4]]), np.ones((2, 1)), np.array([[1.0], [2]])
    at = {"x": x, "w": w, "t": t}
    g = 2 * x.T @ (x @ w - t)
    found = differentiated("sum(grad(sum((x@w - t)^2), w)^2)", at, Options(mode=mode))
    assert found.value == 3460
    np.testing.assert_allclose(found.gradients["w"], 4 * x.T @ x @ g, rtol=1e-14)
    np.testing.assert_allclose(found.gradients["t"], -4 * x @ g, rtol=1e-14)


def test_the_slope_of_newtons_step():
    """By hand: for f = x^4 the step is x - x/3."""
    assert close(gradients("f = x^4; x - grad(f, x)/d(f, x, 2)", {"x": 2.0})["x"], 2 / 3, 1e-15, 0)


def last(text):
    """The statements before the last expression, and that."""
    *before, body = text.split("; ")
    return "".join(f"{line}; " for line in before), body


@settings(max_examples=150)
@given(texts, anywhere)
@example("where(x>0, sqrt(x), 0)", {"x": 0.0, "y": 0.0, "z": 0.0})
def test_the_word_and_the_command_agree(text, at):
    """grad(f, x) is what gradcli grad says, nan and conventions included."""
    before, body = last(text)
    wanted = derivatives(text, at)
    scale = largest_flow(text, at)
    for name in NAMES:
        got = value(f"{before}grad({body}, {name})", at, decomposition="typed")
        if scale:
            assert close(got, wanted[name], 1e-11, 1e-13 * scale), name
        else:
            assert (got != got) == (wanted[name] != wanted[name]), (name, got, wanted)


@settings(max_examples=100)
@given(texts, ordinary)
def test_the_second_derivative_is_the_derivative_of_the_first(text, at):
    """As a word of order two, as a word of a word, and as the gradient of a word, in every mode."""
    before, body = last(text)
    assume(largest_flow(text, at))
    second = value(f"{before}d({body}, x, 2)", at, decomposition="typed")
    nested = value(f"{before}d(d({body}, x), x)", at, decomposition="typed")
    assert same(second, nested)
    slope = f"{before}d({body}, x)"
    assume(largest_flow_of(slope, at))
    for mode in ("reverse", "forward", "adjoint"):
        got = gradients(slope, at, decomposition="typed", mode=mode)["x"]
        assert close(got, second, 1e-9, 1e-9 * (1 + abs(second))), (mode, got, second)


def largest_flow_of(text, at):
    """Whether the gradient of a program with derivatives is an ordinary number."""
    found = gradients(text, at, decomposition="typed")
    return all(math.isfinite(number) for number in found.values())


@settings(max_examples=100)
@given(texts, ordinary)
def test_mixed_derivatives_do_not_depend_on_the_order(text, at):
    before, body = last(text)
    assume(largest_flow(text, at))
    one = value(f"{before}grad(grad({body}, x), y)", at, decomposition="typed")
    other = value(f"{before}grad(grad({body}, y), x)", at, decomposition="typed")
    assume(math.isfinite(one) and math.isfinite(other))
    assert close(one, other, 1e-8, 1e-8 * (1 + abs(one)))


@settings(max_examples=50)
@given(texts, anywhere)
def test_stop_blocks(text, at):
    before, body = last(text)
    program = f"{before}stop({body})"
    assert same(value(program, at, decomposition="typed"), value(text, at, decomposition="typed"))
    found = gradients(program, at, decomposition="typed")
    assert all(number == 0 for number in found.values())


REFUSED = [
    ("grad(x^2, x + 1) at x=1", "'grad' differentiates by a name, and this is none", "x + 1"),
    ("grad(x^2, 2) at x=1", "'grad' differentiates by a name, and this is none", "2"),
    ("grad(x^2) at x=1", "'grad' takes 2 arguments, 1 given", "grad"),
    ("d(x, x, 1, 2) at x=1", "'d' takes 2 or 3 arguments, 4 given", "d"),
    ("grad(x^2, pi) at x=1", "'pi' is a constant of the language, and nothing depends on it", "pi"),
    ("d(x, x, y) at x=1, y=1", "the order of a derivative has to be a whole number that is written out", "y"),
    ("d(x, x, 1.5) at x=1", "the order of a derivative has to be a whole number that is written out", "1.5"),
    ("d(x, x, -1) at x=1", "the order of a derivative has to be a whole number that is written out", "-1"),
    ("d(x, x, 1e6) at x=1", "an order of 1e+06, the most is 200", "1e6"),
    ("d(x, x, 201) at x=1", "an order of 201, the most is 200", "201"),
    ("grad(x^2, x) at x=[1, 2]", "grad(f, x) is of a scalar f, and this is [2]", "x^2"),
    ("hessian(x^2, x) at x=[1, 2]", "hessian(f, x) is of a scalar f, and this is [2]", "x^2"),
    ("d(sum(x), x) at x=[1, 2]", "d(f, x) is by a scalar x, and this is [2]", "x"),
    ("stop(x, x) at x=1", "'stop' takes 1 argument, 2 given", "stop"),
]


@pytest.mark.parametrize(("program", "message", "marked"), REFUSED)
def test_what_is_refused(program, message, marked):
    """With the place in the source, and a way out."""
    with pytest.raises(GradError) as raised:
        value(program)
    error = raised.value
    assert error.message == message and error.hint
    start, end = error.spans[0]
    assert program[start:end] == marked


def test_the_highest_order_is_computed():
    assert value("d(x^3, x, 200) at x=2") == 0
    assert value("d(exp(x/4)^4, x, 200) at x=0") == pytest.approx(1, rel=1e-9)


def test_too_many_lines_are_refused_before_they_are_written():
    with pytest.raises(GradError, match="more than 400,000 lines"):
        value("sum(jacobian(" + "sin(" * 500 + "x" + ")" * 500 + ", x)) at x=ones(1000)")
    with pytest.raises(GradError, match=r"the lines of the derivatives would take .* the most is 16 MiB"):
        value("sum(jacobian(A@A, A)) at A=ones(30, 30)", max_memory=1 << 24)


def test_a_hundred_thousand_lines_are_differentiated():
    terms = "+".join(["x*y"] * 33_000)
    assert value(f"grad({terms}, x) at x=2, y=3") == 99_000
    deep = "sin(" * 30_000 + "x" + ")" * 30_000
    assert same(value(f"grad({deep}, x) at x=0.5"), gradients(f"{deep} at x=0.5")["x"])


def test_the_lines_of_a_derivative_are_marked():
    code, out, _ = run("explain", "x*grad(x^3, x)", "x=2")
    assert code == 0
    assert "a1 = x^2" in out and "a2 = 3*a1" in out and "lines that grad(v1, x) adds" in out


def test_a_convention_inside_a_derivative_is_a_note():
    code, out, err = run("eval", "grad(abs(x), x)", "x=0")
    assert (code, out) == (0, "0\n") and "kink at 0" in err


def test_a_derivative_has_no_values_of_its_own():
    code, _, err = run("eval", "grad(x^2, x)")
    assert code == 2 and "no value for 'x'" in err


@pytest.mark.parametrize("order", [3, 5, 10, 20])
def test_high_orders_have_all_their_digits(order):
    """Against mpmath at 60 digits."""
    with mp.workdps(60):
        exact = mp.diff(lambda x: mp.sin(x) * mp.exp(x**2), mp.mpf(0.7), order)
    got = value(f"d(sin(x)*exp(x^2), x, {order})", {"x": 0.7})
    assert close(got, float(exact), 1e-13, 0)


def test_a_number_of_high_order_is_differentiated_where_a_derivative_is_taken_of_it():
    assert value("grad(d(x^5*y, x, 3), y) at x=2, y=3") == 240
    assert value("u = d(x^5, x, 3); u + grad(u*x, x) at x=1") == 60 + 60 + 120


def test_the_lines_of_a_word_are_not_those_of_the_backward_pass():
    """Each note names its own."""
    said = run("explain", "x*grad(sigmoid(x), x)", "x=2", "--mode", "adjoint").out
    assert "a1 to a3: lines that grad(v1, x) adds" in said
    assert "a4 to a16 are the lines that the backward pass adds" in said
