"""Derivatives of any order: against mpmath, as numbers and as lines, at kinks, poles and ends of domains."""

import math

import pytest
from helpers import EVERY_SLOT, close, slot_name, smooth_points
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp
from programs import INF, NAN
from scalar_programs import ordinary, texts

from gradcli.autodiff import depends, evaluate, pull_back
from gradcli.autodiff.taylor import MOST_ORDER, derivative_line, derivatives, taylor, taylor_lines
from gradcli.errors import GradError
from gradcli.graph import NAMED, Graph, array_primitives
from gradcli.language.builder import build

ORDER, POINTS = 8, 4
EPSILON = 2.0**-52
every_slot = pytest.mark.parametrize(("primitive", "slot"), EVERY_SLOT, ids=slot_name)


class Programme:
    """A program of x at a point."""

    def __init__(self, text, **at):
        program = build(text, given=at)
        self.at = {name: float(value) for name, value in at.items()}
        self.graph, self.result, self.source = program.graph, program.result, program.variables["x"]
        self.values = evaluate(self.graph, self.at)

    def numbers(self, order):
        return derivatives(self.graph, self.values, self.result, self.source, order)

    def lines(self, order, **how):
        """The same through lines of the graph."""
        graph = self.graph.copy()
        lines = taylor_lines(graph, self.result, self.source, order, **how)
        values = evaluate(graph, self.at)
        return [0.0 if line is None else values[line] for line in lines]


def exact_series(case, slot, order):
    """The exact Taylor coefficients of a primitive at a point."""
    with mp.workdps(60):
        return mp.taylor(lambda step: case.exact((slot, step)), 0, order)


def agrees(found, exact, x, relative):
    """Whether every coefficient is right to RELATIVE, or as well as the rounding of X leaves it known."""
    for k, number in enumerate(found):
        known = relative * abs(exact[k]) + 8 * EPSILON * abs(x) * (k + 1) * abs(exact[k + 1])
        envelope = EPSILON * max(abs(term) for term in exact[: k + 2]) * mp.mpf(10) ** -15
        if not abs(number - exact[k]) <= known + envelope:
            return False
    return True


# Against mpmath


@every_slot
def test_every_primitive_has_its_derivatives_to_order_8(primitive, slot):
    """In every operand; the rules alone say how."""
    for case in smooth_points(primitive, slot)[:POINTS]:
        graph, line = case.graph()
        found = taylor(graph, evaluate(graph, case.point()), line, slot, ORDER)
        exact = exact_series(case, slot, ORDER + 1)
        assert agrees(found, exact, case.operands[slot], 1e-12), (case, found, exact)


@every_slot
def test_the_lines_compute_what_the_numbers_say(primitive, slot):
    """The same recurrences over nodes."""
    for case in smooth_points(primitive, slot)[:POINTS]:
        graph, line = case.graph()
        numbers = derivatives(graph, evaluate(graph, case.point()), line, slot, 5)
        lines = taylor_lines(graph, line, slot, 5)
        values = evaluate(graph, case.point())
        scale = max(map(abs, numbers))
        for number, at in zip(numbers, lines, strict=True):
            assert close(0.0 if at is None else values[at], number, 1e-10, 1e-13 * scale), (case, numbers, lines)


ORDER_20 = {
    "exp(x)": (mp.exp, 0.7),
    "sin(x)": (mp.sin, 0.7),
    "tan(x)": (mp.tan, 0.7),
    "log(x)": (mp.log, 0.7),
    "sqrt(x)": (mp.sqrt, 0.7),
    "x^2.5": (lambda x: x ** mp.mpf(2.5), 0.7),
    "x^-3": (lambda x: x**-3, 0.7),
    "sigmoid(x)": (lambda x: 1 / (1 + mp.exp(-x)), 0.7),
    "tanh(x)": (mp.tanh, 0.4),
    "erf(x)": (mp.erf, 0.7),
    "atan(x)": (mp.atan, 0.7),
    "asin(x)": (mp.asin, 0.7),
    "sin(x)*exp(x^2)": (lambda x: mp.sin(x) * mp.exp(x * x), 0.7),
    "exp(sin(x))": (lambda x: mp.exp(mp.sin(x)), 0.7),
    "exp(-x^2)": (lambda x: mp.exp(-x * x), 0.7),
    "log(1 + x^2)": (lambda x: mp.log(1 + x * x), 0.7),
    "1/(1 + exp(-x)) - x^3": (lambda x: 1 / (1 + mp.exp(-x)) - x**3, 0.7),
    "sqrt(1 + sin(x)^2)": (lambda x: mp.sqrt(1 + mp.sin(x) ** 2), 0.7),
    "x^x": (lambda x: x**x, 0.7),
    "tanh(3*x)": (lambda x: mp.tanh(3 * x), 1.0),
}


@pytest.mark.parametrize("text", ORDER_20)
def test_the_twentieth_derivative_keeps_thirteen_digits(text):
    function, x = ORDER_20[text]
    programme = Programme(text, x=x)
    with mp.workdps(80):
        exact = mp.taylor(function, mp.mpf(x), 21)
    found = taylor(programme.graph, programme.values, programme.result, programme.source, 20)
    assert agrees(found, exact, x, 1e-13), [float(a / b - 1) for a, b in zip(found, exact, strict=False) if b]


def test_the_gamma_family_keeps_thirteen_digits():
    """The k-th derivative of lgamma is polygamma(k - 1, x)."""
    programme = Programme("lgamma(x)", x=2.7)
    exact = [float(mp.polygamma(k - 1, mp.mpf(2.7))) for k in range(1, 21)]
    assert all(close(a, b, 1e-13) for a, b in zip(programme.numbers(20)[1:], exact, strict=True))


def test_a_high_order_neither_overflows_nor_vanishes_on_the_way():
    """1/200! is below every float, and 200! above."""
    assert close(Programme("exp(x)", x=1.0).numbers(200)[200], math.e, 1e-13)
    assert close(Programme("sin(x)", x=1.0).numbers(200)[199], -math.cos(1.0), 1e-13)
    assert close(Programme("exp(x/1000)", x=0.0).numbers(90)[90], 1e-270, 1e-12)
    assert close(Programme("1/(1 - x)", x=0.0).numbers(170)[170], float(math.factorial(170)), 1e-13)
    assert Programme("1/(1 - x)", x=0.0).numbers(180)[171:] == [INF] * 10


def test_a_power_is_right_where_it_underflows():
    assert close(Programme("x^7", x=1e-300).numbers(7)[7], 5040.0)
    assert close(Programme("(x + x^2)^7", x=1e-9).numbers(9)[9], 7620480.127008, 1e-13)
    assert Programme("x^1000000", x=1.0).numbers(3) == [1.0, 1e6, 1e6 * 999999, 1e6 * 999999 * 999998]


# Conventions

CONVENTIONS = [
    ("x^0", 0, [1, 0, 0]),
    ("x^2", 0, [0, 0, 2, 0, 0]),
    ("x^3", 0, [0, 0, 0, 6, 0, 0]),
    ("x^7", 0, [0, 0, 0, 0, 0, 0, 0, 5040, 0]),
    ("x^2.5", 0, [0, 0, 0, INF, -INF]),
    ("x^-1", 0, [INF, -INF, INF, -INF]),
    ("sqrt(x)", 0, [0, INF, -INF, INF, -INF]),
    ("cbrt(x)", 0, [0, INF, NAN]),
    ("log(x)", 0, [-INF, INF, -INF, INF]),
    ("log(x)", -1, [NAN, NAN, NAN]),
    ("x^2", NAN, [NAN, NAN, NAN, 0]),
    ("lgamma(x)", 0, [INF, -INF, INF, -INF]),
    ("lgamma(x)", -1, [INF, NAN, INF]),
    ("abs(x)", 0, [0, 0, 0]),
    ("abs(x)", -2, [2, -1, 0]),
    ("x*abs(x)", -2, [-4, 4, -2, 0]),
    ("relu(x)", 0, [0, 0, 0]),
    ("relu(x)^2", 3, [9, 6, 2, 0]),
    ("max(x, 0)", 0, [0, 0.5, 0]),
    ("max(x, x^3)", 2, [8, 12, 12, 6, 0]),
    ("clip(x, 0, 1)", 0, [0, 0.5, 0]),
    ("where(x > 0, x^2, -x)", -3, [3, -1, 0]),
    ("where(x > 0, sqrt(x), 0)", 0, [0, 0, 0]),
    ("where(x > 0, log(x), 1)", -1, [1, 0, 0]),
    ("sqrt(where(x > 0, x, 0))", -1, [0, 0, 0]),
    ("sqrt(where(x > 0, x, 0)) + x^2", -1, [1, -2, 2, 0]),
    ("x*sqrt(where(x > 0, x, 0))", -1, [0, 0, 0]),
    ("1/(x*where(x > 0, x, 0)) * 0 + x", 2, [2, 1, 0]),
    ("where(0, x, x^2)", 3, [9, 6, 2, 0]),
    ("where(1, x^2, x)", 3, [9, 6, 2, 0]),
    ("elu(x)", 1, [1, 1, 0]),
    ("leaky_relu(x)", -1, [-0.01, 0.01, 0]),
    ("sign(x)*x", 2, [2, 1, 0]),
    ("floor(x)*x^2", 2.5, [12.5, 10, 4, 0]),
    ("(x > 1)*x", 2, [2, 1, 0]),
    ("mod(x, 2)", 3.5, [1.5, 1, 0]),
    ("hypot(x, 0)", 0, [0, 0, 0]),
    ("hypot(x, 4)", 3, [5, 0.6, 0.128, -0.04608]),
    ("x^x", 0, [1, 0, 0]),
    ("sigmoid(x)", -800, [0, 0, 0]),
    ("x", 5, [5, 1, 0, 0]),
    ("x - x", 5, [0, 0, 0]),
]


@pytest.mark.parametrize(("text", "x", "expected"), CONVENTIONS)
def test_conventions_hold_in_every_order(text, x, expected):
    found = Programme(text, x=x).numbers(len(expected) - 1)
    assert all(map(close, found, map(float, expected))), found


@pytest.mark.parametrize(("text", "x", "expected"), [case for case in CONVENTIONS if "x*where" not in case[0]])
def test_the_lines_keep_the_conventions(text, x, expected):
    found = Programme(text, x=x).lines(len(expected) - 1)
    assert all(map(close, found, map(float, expected))), found


def test_order_0_is_the_value():
    assert Programme("sin(x)", x=2.0).numbers(0) == [math.sin(2.0)]


def test_what_does_not_depend_on_the_source_is_exactly_0():
    """And so is what lies behind it."""
    programme = Programme("log(y) + 0*x", x=1.0, y=0.0)
    log = next(k for k, primitive in enumerate(programme.graph.primitives) if primitive.name == "log")
    assert derivatives(programme.graph, programme.values, log, programme.source, 3) == [-INF, 0.0, 0.0, 0.0]
    assert derivatives(programme.graph, programme.values, log, programme.result, 2) == [-INF, 0.0, 0.0]


def test_a_line_moves_by_itself():
    programme = Programme("x^2", x=3.0)
    assert derivatives(programme.graph, programme.values, programme.result, programme.result, 2) == [9.0, 1.0, 0.0]


def test_the_source_may_be_a_line_on_the_way():
    """By a, and the other sin(x) stays where it is."""
    program = build("a = sin(x); a^2*sin(x)", given=("x",))
    values = evaluate(program.graph, {"x": 0.5})
    found = derivatives(program.graph, values, program.result, program.definitions["a"], 3)
    s = math.sin(0.5)
    assert all(map(close, found, [s**3, 2 * s * s, 2 * s, 0.0])), found


# As lines


def written(text, order):
    programme = Programme(text, x=0.7)
    before = len(programme.graph)
    return taylor_lines(programme.graph, programme.result, programme.source, order, seeded=False), before, programme


def test_beyond_the_degree_of_a_polynomial_there_is_no_line():
    lines, _, programme = written("x^3 - 2*x", 5)
    assert lines[0] == programme.result and lines[4:] == [None, None]
    assert all(line is not None for line in lines[:4])


@pytest.mark.parametrize(
    ("text", "order", "most"),
    [("x^10", 3, 3), ("exp(x)", 20, 0), ("sin(x)", 20, 1), ("x^2.5", 3, 3), ("exp(3*x)", 4, 2), ("tanh(x)", 2, 7)],
)
def test_one_derivative_takes_few_lines(text, order, most):
    """720*x^7 is a line for 7, one for 720, and their product."""
    programme = Programme(text, x=0.7)
    before = len(programme.graph)
    derivative_line(programme.graph, programme.result, programme.source, order, seeded=False)
    assert len(programme.graph) - before <= most


def test_lines_grow_like_the_square_of_the_order():
    counts = []
    for order in (8, 16):
        _, before, programme = written("exp(sin(x)*x)/(1 + x^2)", order)
        counts.append(len(programme.graph) - before)
    assert counts[1] < 5 * counts[0]


def test_a_derivative_that_is_0_everywhere_is_a_line():
    programme = Programme("x^2", x=0.7)
    line = derivative_line(programme.graph, programme.result, programme.source, 3)
    assert programme.graph.statics[line] == 0.0


def test_a_line_without_a_recurrence_is_left_to_others():
    """And nothing is written."""
    array_primitives()
    graph = Graph()
    graph.shapes = []
    x = graph.variable("x")
    matrix = graph.append(NAMED["fit"], (x,), (2, 2))
    result = graph.append(NAMED["det"], (matrix,))
    assert derivative_line(graph, result, x, 2) is None
    assert len(graph) == 3


def test_an_array_is_differentiated_by_a_scalar():
    import numpy as np

    from gradcli.autodiff.arrays import evaluate as evaluate_arrays

    array_primitives()
    graph = Graph()
    graph.shapes = []
    x, a = graph.variable("x"), graph.variable("a", None, (3,))
    sine = graph.append(NAMED["sin"], (graph.append(NAMED["mul"], (x, a)),))
    shifted = graph.append(NAMED["add"], (x, a))
    total = graph.append(NAMED["sum"], (shifted,), (None, False))
    asked = ((sine, 3), (shifted, 1), (shifted, 2), (total, 1))
    lines = [derivative_line(graph, line, x, order) for line, order in asked]
    weights = np.array([1.0, 2.0, -3.0])
    values = evaluate_arrays(graph, {"x": 0.5, "a": weights})
    assert np.allclose(values[lines[0]], -(weights**3) * np.cos(0.5 * weights), rtol=1e-14)
    assert [np.shape(values[line]) for line in lines] == [(3,), (3,), (3,), ()]
    assert values[lines[1]].tolist() == [1.0, 1.0, 1.0] and values[lines[2]].tolist() == [0.0] * 3
    assert values[lines[3]] == 3.0


@given(texts, ordinary, st.integers(1, 3))
def test_a_derivative_can_be_differentiated_again(text, at, order):
    """Once more by backpropagation, and the next order comes out."""
    program = build(text, given=at)
    graph, source = program.graph, program.variables.get("x")
    if source is None:
        return
    numbers = derivatives(graph, evaluate(graph, at), program.result, source, order + 1)
    line = derivative_line(graph, program.result, source, order)
    values = evaluate(graph, at)
    again = pull_back(graph, values, line, depends(graph, (source,))).numbers[source] or 0.0
    if all(math.isfinite(value) and (value == 0 or 1e-8 < abs(value) < 1e8) for value in (*values, *numbers)):
        scale = 1e-10 * max(1.0, *map(abs, values), *map(abs, numbers))
        assert close(values[line], numbers[order], 1e-8, scale)
        assert close(again, numbers[order + 1], 1e-8, scale)


# Size


def chain(names, length):
    graph = Graph()
    line = graph.variable("x")
    for k in range(length):
        line = graph.append(NAMED[names[k % len(names)]], (line,))
    return graph, line


def test_thirty_thousand_lines_deep():
    graph, result = chain(("sin", "neg"), 30_000)
    found = derivatives(graph, evaluate(graph, {"x": 0.3}), result, 0, 2)
    assert all(map(math.isfinite, found)) and found[1] != 0
    graph, result = chain(("neg", "same"), 30_000)
    assert derivatives(graph, evaluate(graph, {"x": 0.3}), result, 0, 3) == [-0.3 * (-1) ** 15_001, 1.0, 0.0, 0.0]
    assert derivative_line(graph, result, 0, 3) is not None


def test_ten_thousand_lines_to_order_3():
    """A sum of sines: its third derivative is that of one of them, so many times."""
    graph = Graph()
    x = graph.variable("x")
    total = graph.append(NAMED["sin"], (x,))
    for _ in range(5_000):
        total = graph.append(NAMED["add"], (total, graph.append(NAMED["sin"], (x,))))
    found = derivatives(graph, evaluate(graph, {"x": 0.3}), total, x, 3)
    assert close(found[3], -5_001 * math.cos(0.3), 1e-12)


def test_a_shared_graph_stays_as_small_as_it_is():
    """x^(2^60) as sixty squares."""
    graph, line = Graph(), 0
    graph.variable("x")
    for _ in range(60):
        line = graph.append(NAMED["mul"], (line, line))
    power = 2.0**60
    found = derivatives(graph, evaluate(graph, {"x": 1.0}), line, 0, 3)
    assert all(map(close, found, [1.0, power, power * (power - 1), power * (power - 1) * (power - 2)]))


@pytest.mark.parametrize("ask", [derivatives, taylor])
def test_too_much_work_is_refused(ask):
    graph, result = chain(("sin",), 30_000)
    values = evaluate(graph, {"x": 0.3})
    for order in (100, MOST_ORDER + 1):
        with pytest.raises(GradError) as refused:
            ask(graph, values, result, 0, order)
        assert refused.value.kind == "limit"


def test_an_order_is_bounded():
    programme = Programme("sin(x)", x=0.3)
    with pytest.raises(GradError) as refused:
        derivative_line(programme.graph, programme.result, programme.source, MOST_ORDER + 1)
    assert refused.value.kind == "limit"


def test_too_many_lines_are_refused():
    graph, result = chain(("sin",), 30_000)
    with pytest.raises(GradError) as refused:
        derivative_line(graph, result, 0, 5)
    assert refused.value.kind == "limit"
    assert len(graph) == 30_001
