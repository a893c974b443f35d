"""Formulas: how they look, that they read back as the derivative, and that they stay short."""

import math

import numpy as np
import pytest
from array_cases import DIFFERENTIABLE as EVERY_ARRAY_SLOT
from array_cases import point
from helpers import EVERY_SLOT, moderate_points, slot_name
from hypothesis import assume, given, settings
from scalar_programs import largest_flow, ordinary, texts

from gradcli.autodiff import evaluate
from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.autodiff.formulas import derivative_of, gradient_formulas
from gradcli.errors import GradError
from gradcli.graph import Graph, Node
from gradcli.graph.arrays import quiet
from gradcli.graph.formulas import Unsaid, Writer
from gradcli.graph.linear import sum as total
from gradcli.graph.tidy import Tidy
from gradcli.language.question import Options
from gradcli.questions import differentiated, evaluated
from gradcli.questions.formulas import formulas

FORMULAS = [
    ("x^3", "3*x^2"),
    ("x", "1"),
    ("sin(x)^2", "2*sin(x)*cos(x)"),
    ("sigmoid(z)", "sigmoid(z)*sigmoid(-z)"),
    ("1/(1+exp(-z))", "sigmoid(z)*sigmoid(-z)"),
    ("x*exp(x)", "(x + 1)*exp(x)"),
    ("sqrt(x)", "1/(2*sqrt(x))"),
    ("x^0.5", "0.5/x^0.5"),
    ("x^(1/3)", "1/(3*x^(2/3))"),
    ("1/x", "-1/x^2"),
    ("2^x", "2^x*log(2)"),
    ("2^(-2*x)", "-2*2^(-2*x)*log(2)"),
    ("2^(-1/x)", "2^(-1/x)*log(2)/x^2"),
    ("x^x", "where(x == 0, 0, x^x*(log(x) + 1))"),
    ("x^2/(x + 1)^1.5", "x*(0.5*x + 2)/(x + 1)^2.5"),
    ("x^2/(3*x)^2.5", "-0.5*x/(3*x)^2.5"),
    ("tanh(x)", "1/cosh(x)^2"),
    ("tan(x)", "tan(x)^2 + 1"),
    ("exp(-x^2/2)", "-x*exp(-x^2/2)"),
    ("x*log(x)", "log(x) + 1"),
    ("x*log(x) - x", "log(x)"),
    ("relu(x)", "x > 0"),
    ("relu(x)^2", "2*relu(x)"),
    ("relu(sin(x))", "where(sin(x) > 0, cos(x), 0)"),
    ("max(x, 0)", "(x > 0) + (x == 0)/2"),
    ("clip(x, 0, 1)", "((x > 0) + (x == 0)/2)*((x < 1) + (x == 1)/2)"),
    ("leaky_relu(x)", "where(x > 0, 1, 0.01)"),
    ("abs(x)", "sign(x)"),
    ("abs(x)^2", "2*x"),
    ("floor(x)*x", "floor(x)"),
    ("asin(x)", "1/sqrt((x + 1)*(1 - x))"),
    ("erf(x)", "2*exp(-x^2)/sqrt(pi)"),
    ("log2(x)", "1/(x*log(2))"),
    ("0.1*x*3", "0.3"),
    ("x/3", "1/3"),
    ("x^2/3", "2*x/3"),
    ("3*pi*x", "3*pi"),
    ("-(-x)", "1"),
    ("(1 - x)^3", "-3*(x - 1)^2"),
    ("sin(x)^2 + cos(x)^2", "0"),
    ("where(x > 0, x*log(x), 0)", "where(x > 0, log(x) + 1, 0)"),
    ("x/(2*x^3)", "-1/x^3"),
]  # fmt: skip
SEVERAL = [
    ("log(x1)+x1*x2-sin(x2)", {"x1": "1/x1 + x2", "x2": "x1 - cos(x2)"}),
    ("x/y", {"x": "1/y", "y": "-x/y^2"}),
    ("(1-x)^2+100*(y-x^2)^2", {"x": "400*x*(x^2 - y) + 2*(x - 1)", "y": "200*(y - x^2)"}),
    ("a*x^2+b*x+c", {"a": "x^2", "x": "2*a*x + b", "b": "x", "c": "1"}),
    ("max(x,y)", {"x": "(x > y) + (x == y)/2", "y": "(y > x) + (y == x)/2"}),
    ("relu(x)*y", {"x": "y*(x > 0)", "y": "relu(x)"}),
    ("softmax(x,y)", {"x": "softmax(x, y)*softmax(y, x)", "y": "-softmax(x, y)*softmax(y, x)"}),
]
ARRAYS = [
    ("sum((X@w-t)^2)", "X:4x3,w:3,t:4", {"w": "2*X.T@(X@w - t)"}),
    ("norm(x)", "x:3", {"x": "where(norm(x) == 0, 0, x/norm(x))"}),
    ("sum(x)", "x:3", {"x": "ones(3)"}),
    ("mean(x^2)", "x:3", {"x": "2*x/3"}),
    ("x@y", "x:3,y:3", {"x": "y", "y": "x"}),
    ("sum(relu(X@W+b))", "X:4x3,W:3x2,b:2", {"b": "sum(X@W + b > 0, 0)"}),
    ("logsumexp(x)", "x:3", {"x": "softmax(x)"}),
    ("x[0]*x[1]", "x:3", {"x": "[x[1], x[0], 0]"}),
    ("prod(x)", "x:3", {"x": "[x[1]*x[2], x[0]*x[2], x[0]*x[1]]"}),
    ("trace(X@X)", "X:3x3", {"X": "2*X.T"}),
    ("sum(cumsum(x)*y)", "x:3,y:3", {"x": "y + sum(y) - cumsum(y)", "y": "cumsum(x)"}),
    ("var(x)", "x:3", {"x": "2*(x - mean(x))/3"}),
    ("cross_entropy(x, y)", "x:2x3,y:2x3", {"y": "-logsoftmax(x)/2"}),
    ("det(X)", "X:2x2", {"X": "det(X)*inv(X).T"}),
]


def by(text, **how):
    """The formulas of a program by the names of its variables."""
    options = Options(wrt=how.pop("wrt", None), example=how.pop("example", None))
    return formulas(text, {}, options, **how).derivatives()


@pytest.mark.parametrize(("text", "formula"), FORMULAS, ids=[text for text, _ in FORMULAS])
def test_a_formula_looks_as_one_writes_it(text, formula):
    """Numbers first, powers collected, like terms added, no step too many."""
    assert list(by(text).values()) == [formula]


@pytest.mark.parametrize(("text", "expected"), SEVERAL, ids=[text for text, _ in SEVERAL])
def test_terms_stand_in_the_order_of_the_variables(text, expected):
    """Powers fall, and a sum starts with a positive term where it has one."""
    assert by(text) == expected


@pytest.mark.parametrize(("text", "example", "expected"), ARRAYS, ids=[text for text, _, _ in ARRAYS])
def test_a_derivative_by_an_array_is_in_words_of_the_language(text, example, expected):
    """Products with a matrix are carried back, sums are spread, elements are put in their places."""
    assert by(text, example=example, wrt=list(expected)) == expected


@pytest.mark.parametrize(
    ("text", "formula", "message"),
    [
        ("x^x", "x^x*(log(x) + 1)", "x is taken to be other than 0"),
        ("x^(2*x)", "2*x^(2*x)*(log(x) + 1)", "x is taken to be other than 0"),
        ("hypot(x, 1)*x", "x^2/hypot(x, 1) + hypot(x, 1)", None),
        ("x*sqrt(x)", "3*sqrt(x)/2", "x is taken to be other than 0"),
        ("hypot(x, x*2)", "5*x/hypot(x, 2*x)", "hypot(x, 2*x) is taken to be other than 0"),
    ],
)
def test_steps_that_change_the_domain_are_taken_on_request_and_said(text, formula, message):
    """Where none is taken, none is said."""
    found = formulas(text, {}, Options(), simplify=True)
    assert list(found.derivatives().values()) == [formula]
    messages = [note.message for note in found.notes if note.kind == "domain"]
    assert messages == [] if message is None else message in messages


def test_without_a_request_the_domain_stays():
    """x/x is not 1 where nothing says that x is not 0."""
    assert list(by("where(y > 0, x/x, 0)", order=0).values()) == ["where(y > 0, x/x, 0)"]
    assert list(by("x*sqrt(x)").values()) == ["x/(2*sqrt(x)) + sqrt(x)"]


def test_a_closed_gate_carries_exactly_zero():
    """A product with the gate is written only where the other factor is always finite."""
    (formula,) = by("where(x > 0, sqrt(x), 0)").values()
    assert formula == "where(x > 0, 1/(2*sqrt(x)), 0)"
    assert evaluated(formula, {"x": -4.0}, Options()).value == 0.0
    (formula,) = by("where(x < 0, exp(x), 1)").values()
    assert evaluated(formula, {"x": 1000.0}, Options()).value == 0.0


def test_shared_parts_get_names_that_step_aside():
    """A name is taken that the program does not use."""
    text = "v1*sin(exp(x*cos(y)))*cos(exp(x*cos(y)))*tan(exp(x*cos(y)))"
    (formula,) = by(text, wrt=["v1"]).values()
    assert formula.splitlines()[0].startswith("v2 = ")
    assert evaluated(formula, {"x": 0.5, "y": 0.25, "v1": 2.0}, Options()).value == pytest.approx(
        differentiated(text, {"x": 0.5, "y": 0.25, "v1": 2.0}, Options()).gradients["v1"], rel=1e-14
    )


def test_a_constant_gives_way_to_a_variable_of_its_name():
    """Where the user has a pi, the number is written with its digits."""
    found = formulas("erf(x)*pi at pi=3", {}, Options(wrt=["x"]))
    assert list(found.derivatives().values()) == ["2*pi*exp(-x^2)/sqrt(3.141592653589793)"]


@settings(max_examples=150)
@given(texts, ordinary)
def test_a_formula_reads_back_as_the_gradient(text, at):
    """Text to formula to text to number: what the engine finds, wherever the program has a value."""
    found = _formulas_of(text)
    at = {name: at[name] for name in found.question.program.variables}
    answer = differentiated(text, at, Options())
    assume(math.isfinite(answer.value))
    largest = largest_flow(text, at)
    for name, formula in found.derivatives().items():
        expected = answer.gradients[name]
        if math.isfinite(expected):
            value = evaluated(formula, at, Options()).value
            assert math.isclose(value, expected, rel_tol=1e-8, abs_tol=1e-9 * (largest or 1e30))


@settings(max_examples=60)
@given(texts, ordinary)
def test_a_second_derivative_reads_back_as_what_the_word_d_computes(text, at):
    """The oracle is the language: d(f, x, 2)."""
    found = _formulas_of(text)
    at = {name: at[name] for name in found.question.program.variables}
    largest = largest_flow(text, at)
    assume(largest is not None and math.isfinite(evaluated(text, at, Options()).value))
    *before, last = text.split("; ")
    for name in at:
        expected = evaluated("; ".join([*before, f"d({last}, {name}, 2)"]), at, Options()).value
        if math.isfinite(expected):
            (formula,) = by(text, wrt=[name], order=2).values()
            value = evaluated(formula, at, Options()).value
            assert math.isclose(value, expected, rel_tol=1e-7, abs_tol=1e-7 * largest**2)


@pytest.mark.parametrize("formula", [formula for _, formula in FORMULAS if "x" in formula or "z" in formula])
def test_what_is_tidy_stays_as_it_is(formula):
    """Tidied again, a formula is the same text."""
    assert by(formula, order=0) == {"": formula}


def _formulas_of(text):
    try:
        return formulas(text, {}, Options())
    except GradError as error:
        assert "no variable" in error.message
        assume(False)


@pytest.mark.parametrize(("primitive", "slot"), EVERY_SLOT, ids=slot_name)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_primitive_has_formulas_of_three_orders(primitive, slot, order):
    """Read back from text, they are what repeated sweeps compute."""
    tried = 0
    for case in [case for case in moderate_points(primitive) if slot < len(case.operands)][:8]:
        graph, line = case.graph()
        at, name = case.point(), f"x{slot}"
        tidy = Tidy(at)
        value = gradient_formulas(tidy, graph, line, {name: slot})[name]
        for _ in range(order - 1):
            value = derivative_of(tidy, value, name)
        text = Writer(tidy, taken=at).write([value]).program()
        swept = line
        for _ in range(order):
            found = adjoint_lines(graph, swept, [slot], seed=graph.constant(1.0))[slot]
            swept = graph.constant(0.0) if found is None else found
        values = evaluate(graph, at)
        if math.isfinite(values[line]) and math.isfinite(values[swept]) and case.is_ordinary(slot):
            tried += 1
            assert evaluated(text, at, Options()).value == pytest.approx(values[swept], rel=1e-9, abs=1e-9), text
    assert tried


UNWRITTEN = {"prod", "cumsum", "cofactors"}  # of many elements, along an axis, or once more: there is no word for it


@pytest.mark.parametrize(("case", "slot"), EVERY_ARRAY_SLOT, ids=slot_name)
def test_every_derivative_by_an_array_reads_back(case, slot):
    """sum(U*f) by every operand: read back from text, it is what the sweep computes, or it is refused."""
    graph, line = case.graph()
    operands, name = case.operands(), f"x{slot}"
    weights = Node(graph, graph.variable("U", None, case.shape))
    result = total(weights * Node(graph, line), static=(None, False)).index if case.shape else (
        weights * Node(graph, line)
    ).index  # fmt: skip
    at = {**point(operands), "U": case.weights()}
    tidy = Tidy(at)
    value = gradient_formulas(tidy, graph, result, {name: slot})[name]
    try:
        text = Writer(tidy, taken=at).write([value]).program()
    except Unsaid:
        assert case.primitive.name in UNWRITTEN or not case.primitive.spoken or case.primitive.name == "det"
        return
    with quiet():
        found = evaluated(text, at, Options()).value
    expected = case.pulled(operands, case.weights())[slot]
    assert np.shape(found) == case.shapes[slot]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_a_chain_of_squares_stays_a_chain():
    """Sixty doublings are no power that a float cannot hold, and no text that doubles."""
    lines = ["a0 = x*x", *(f"a{k} = a{k - 1}*a{k - 1} + x" for k in range(1, 60)), "a59"]
    (formula,) = by("\n".join(lines)).values()
    assert len(formula) < 10_000


@pytest.mark.parametrize("depth", [1_000, 20_000])
def test_depth_is_no_matter(depth):
    """Nested functions, signs and fractions of any depth have a formula."""
    (formula,) = by("tanh(" * depth + "x" + ")" * depth).values()
    assert formula.count("v") > depth / 20
    assert list(by("-(" * depth + "x" + ")" * depth).values()) == ["1"]


def test_a_long_sum_is_read_whole():
    """Many like terms are one."""
    text = "+".join(f"{k}*sin(x)" for k in range(20_000))
    assert list(by(text).values()) == [f"{sum(range(20_000))}*cos(x)"]
    assert list(by("*".join(["x"] * 20_000)).values()) == ["20000*x^19999"]


def test_a_formula_that_nobody_would_read_is_refused(monkeypatch):
    """The bound is that of an expression, and the error says what to ask for."""
    monkeypatch.setattr(Writer, "most", 20)
    with pytest.raises(GradError) as caught:
        by("sin(x)*exp(x)*cos(x)")
    assert caught.value.kind == "limit"
    assert "gradcli grad computes the numbers" in (caught.value.hint or "")


def test_a_graph_may_be_made_by_hand():
    """Tidy reads any graph; nothing of the language is needed."""
    graph = Graph()
    x = graph.variable("x")
    y = (Node(graph, x) * 2 + Node(graph, x)).index
    tidy = Tidy(["x"])
    assert Writer(tidy).write([gradient_formulas(tidy, graph, y, {"x": x})["x"]]).program() == "3"
