"""Orders side by side: numbers against mpmath's own derivatives, counts against sweeps made here."""

import mpmath
import pytest
from hypothesis import assume, given, settings
from scalar_programs import largest_flow, ordinary, texts

from gradcli.autodiff import evaluate
from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.autodiff.precise import judge
from gradcli.errors import GradError
from gradcli.graph.optimise import optimise
from gradcli.language.builder import build
from gradcli.questions import Options, Question
from gradcli.questions.compare_orders import compared
from gradcli.report.orders import WAYS

FUNCTIONS = {
    "sin(x)*exp(x^2)": (0.5, lambda x: mpmath.sin(x) * mpmath.exp(x**2)),
    "1/(1 + x^2)": (0.5, lambda x: 1 / (1 + x**2)),
    "tanh(x)*log(1 + x)": (0.75, lambda x: mpmath.tanh(x) * mpmath.log(1 + x)),
    "1/(1 + exp(-x))": (-1.25, lambda x: 1 / (1 + mpmath.exp(-x))),
    "sqrt(x)*cos(3*x)": (2.0, lambda x: mpmath.sqrt(x) * mpmath.cos(3 * x)),
    "x^5 + x": (0.5, lambda x: x**5 + x),
    "atan(x)/x": (0.75, lambda x: mpmath.atan(x) / x),
    "erf(x)^3": (0.25, lambda x: mpmath.erf(x) ** 3),
    "exp(sin(x))": (1.0, lambda x: mpmath.exp(mpmath.sin(x))),
    "x^x": (1.5, lambda x: x**x),
}


@pytest.mark.parametrize("source", FUNCTIONS)
def test_every_number_is_that_of_mpmath(source):
    """By each way, to 12 digits up to order 8; the text of the true number to all of its digits."""
    at, function = FUNCTIONS[source]
    found = compared(source, {"x": at}, Options(), order=8)
    with mpmath.workdps(60):
        true = list(mpmath.diffs(function, mpmath.mpf(at), 8))
        for order, exact in zip(found.orders, true, strict=True):
            assert "taylor" in order.ways and (order.order > 5 or len(order.ways) == 3)
            for way in order.ways.values():
                assert abs(way.number - exact) <= 1e-12 * abs(exact) + 1e-30
            if order.is_judged:
                assert abs(mpmath.mpf(order.true()) - exact) <= mpmath.mpf(10) ** -18 * abs(exact) + 1e-30


def operations(graph, line):
    needed = graph.live([line])
    return sum(live and bool(operands) for live, operands in zip(needed, graph.operands, strict=True))


@pytest.mark.parametrize("source", FUNCTIONS)
def test_the_counts_as_written_are_those_of_sweeps_over_sweeps(source):
    """Every upstream * local of every sweep has a line."""
    at = FUNCTIONS[source][0]
    found = compared(source, {"x": at}, Options(), order=4)
    question = Question(source, {"x": at}, Options())
    graph, line, x = question.graph.copy(), question.result, question.sources["x"]
    counts = [operations(graph, line)]
    while len(counts) <= 4:
        line = adjoint_lines(graph, line, [x], seed=graph.constant(1.0), lean=False, is_number=lambda line: True)[x]
        counts.append(operations(graph, line))
    assert [order.ways["written"].lines for order in found.orders] == counts


@pytest.mark.parametrize("source", FUNCTIONS)
def test_optimising_between_the_sweeps_leaves_fewer_lines(source):
    """Fewer than as written, and no more than optimising all of it at the end leaves, give or take a tenth."""
    at = FUNCTIONS[source][0]
    found = compared(source, {"x": at}, Options(), order=3)
    for order in found.orders[1:]:
        assert order.ways["optimised"].lines < order.ways["written"].lines


def test_taylor_coefficients_do_not_swell():
    """From order 10 to 20 nested sweeps take hundreds of times more lines, the coefficients twice as many."""
    found = compared("sin(x)*exp(x^2)", {"x": 0.5}, Options(), order=20)
    counts = found.counts("taylor")
    assert len(counts) == 20 and counts[19] < 2.5 * counts[9] and "optimised" not in found.orders[20].ways
    assert 2.3 < found.ratio("written") < 2.7 and 1.5 < found.ratio("optimised") < 2.0


@given(texts, ordinary)
@settings(max_examples=60, deadline=None)
def test_all_ways_are_one_function_in_exact_arithmetic(text, at):
    """The lines of nested sweeps and those of Taylor coefficients, read with 20 digits at random programs."""
    at = {name: at[name] for name in build(text).variables}
    largest = largest_flow(text, at)
    assume(at and largest is not None)
    question = Question(text, at, Options())
    by = next(name for name, line in question.sources.items() if line is not None)
    found = compared(text, at, Options(wrt=[by]), order=3)
    graph, line, x = question.graph, question.result, question.sources[by]
    for order in found.orders:
        if order.exact is None:
            continue
        if line is None:
            assert order.exact == 0
            continue
        true = judge(graph, evaluate(graph, question.point), line, ()).value(line)
        if true is None or not mpmath.isfinite(true):
            return
        assert abs(true - order.exact) <= 1e-15 * abs(true)
        graph = graph.copy()
        line = adjoint_lines(graph, line, [x], seed=graph.constant(1.0), is_number=lambda line: True)[x]


def test_what_is_flat_ends():
    """A polynomial, a kink: from some order on nothing arrives."""
    assert compared("x^3 + x", {"x": 2.0}, Options()).ends == 4
    assert compared("relu(x)*y", {"x": 2.0, "y": 3.0}, Options()).ends == 2
    assert compared("sin(x)", {"x": 2.0}, Options()).ends is None
    found = compared("x^3", {"x": 2.0}, Options(), order=6)
    assert [order.number for order in found.orders] == [8.0, 12.0, 12.0, 6.0, 0.0, 0.0, 0.0]
    assert all(order.digits(way) == "all" for order in found.orders for way in WAYS)


def test_one_name_is_differentiated_by():
    """The first one, or that of --wrt."""
    found = compared("x*y^3", {"x": 2.0, "y": 3.0}, Options(), order=1)
    assert (found.by, found.orders[1].number) == ("x", 27.0)
    found = compared("x*y^3", {"x": 2.0, "y": 3.0}, Options(wrt=["y"]), order=2)
    assert (found.by, [order.number for order in found.orders]) == ("y", [54.0, 54.0, 36.0])


@pytest.mark.parametrize(
    ("source", "at", "options", "kind", "message"),
    [
        ("x*y", {"x": 1.0, "y": 2.0}, {"wrt": ["x", "y"]}, "usage",
         "orders are compared for one name, and --wrt has 2"),
        ("1 + 1", {}, {}, "usage", "there is no variable to differentiate by"),
        ("x", {"x": 1.0}, {"zero": "strong"}, "usage", "orders are compared with --zero ieee only"),
        ("sum(x)", {}, {"example": "x:3"}, "shape", "orders are compared for scalars, and the program has arrays"),
        ("max(x, x + 0)", {"x": 1.0}, {"ties": "error", "decomposition": "typed"}, "value", None),
        ("+".join(["x"] * 6000), {"x": 1.0}, {}, "limit", None),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(source, at, options, kind, message):
    """With a place to go."""
    with pytest.raises(GradError) as caught:
        compared(source, at, Options(**options))
    assert caught.value.kind == kind and message in (None, caught.value.message)


def test_a_nan_is_nan_in_every_order():
    """By all ways, and none of their digits is counted."""
    found = compared("log(x)*x", {"x": -1.0}, Options(), order=3)
    for order in found.orders:
        assert all(way.number != way.number for way in order.ways.values())
        assert all(order.digits(way) is None for way in order.ways)


def test_the_optimised_lines_are_what_the_optimiser_leaves():
    """Of the second derivative, made here."""
    question = Question("sin(x)*exp(x^2)", {"x": 0.5}, Options())
    graph, line, x = question.graph, question.result, question.sources["x"]
    for order in (1, 2):
        graph = graph.copy()
        line = adjoint_lines(graph, line, [x], seed=graph.constant(1.0), is_number=lambda line: True)[x]
        shorter = optimise(graph, [line], keep=[x])
        graph, line, x = shorter.graph, shorter.moved[line], shorter.moved[x]
        found = compared("sin(x)*exp(x^2)", {"x": 0.5}, Options(), order=order)
        assert found.orders[order].ways["optimised"].lines == operations(graph, line)
