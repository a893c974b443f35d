"""Decomposition: what is recognised, what is not, and that nothing changes but digits."""

import math
import random
import time

import pytest
from programs import EVERY_DECOMPOSITION, NAN, answer, derivatives, written
from spellings import LEFT_ALONE, RECOGNISED

from gradcli.autodiff import evaluate, gradients
from gradcli.graph.decompose import decompose, expand
from gradcli.language.builder import build


@pytest.mark.parametrize(("text", "expected"), RECOGNISED)
def test_a_spelled_out_form_is_recognised(text, expected):
    """auto and sigmoid read what was spelled out as the primitive it is."""
    assert written(text, "auto") == expected
    assert written(text, "sigmoid") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(exp(u)-1)/(exp(v)+1)", "expm1(u)/(exp(v) + 1)"),
        ("log(exp(a)+(exp(b)-1))", "log(exp(a) + expm1(b))"),
        ("1/(1+exp(-(x*w+b)))*y", "sigmoid(x*w + b)*y"),
        ("x/(1+exp(-x-1))", "x/(1 + exp(-x - 1))"),
        ("1/(2+exp(a)+exp(b))", "1/(2 + exp(a) + exp(b))"),
    ],
)
def test_only_the_part_that_fits_is_recognised(text, expected):
    """A form inside a near miss is still that form."""
    assert written(text) == expected


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_a_near_miss_is_left_alone(text):
    """What only resembles a primitive stays as it was typed."""
    assert written(text, "auto") == written(text, "typed")


def test_the_typo_of_the_lecture_is_the_sigmoid_of_another_sum():
    """One sign away from the neuron: nothing is distributed to make it fit."""
    text = "1/(1+exp(-w0*x0+w1*x1+x2))"
    assert written(text) == "sigmoid(-(-w0*x0 + w1*x1 + x2))"


@pytest.mark.parametrize("text", [*(text for text, _ in RECOGNISED), *LEFT_ALONE])
def test_every_decomposition_is_the_same_function(text):
    """auto, typed, naive and sigmoid agree to twelve digits at ordinary points, in value and gradients."""
    chance = random.Random(text)
    names = build(text).variables
    for _ in range(3):
        at = {name: chance.uniform(0.3, 1.7) for name in names}
        expected_value, expected = answer(text, at, "typed")
        for decomposition in EVERY_DECOMPOSITION:
            value, gradients = answer(text, at, decomposition)
            assert same_to_twelve_digits(value, expected_value), (decomposition, at)
            assert all(map(same_to_twelve_digits, gradients.values(), expected.values())), (decomposition, at)


def same_to_twelve_digits(a, b):
    return (a != a and b != b) or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("1/(1+exp(-z))", {"z": -800.0}, 0.0),
        ("1/(1+exp(-z))", {"z": -400.0}, 1.9151695967140057e-174),
        ("1/(1+exp(-z))", {"z": 40.0}, 4.248354255291589e-18),
        ("exp(z)/(1+exp(z))", {"z": 800.0}, 0.0),
        ("log(1+exp(z))", {"z": 800.0}, 1.0),
        ("(exp(2*z)-1)/(exp(2*z)+1)", {"z": 400.0}, 0.0),
        ("(exp(2*z)-1)/(exp(2*z)+1)", {"z": 30.0}, 3.5026043050786081e-26),
        ("log(1+x)", {"x": 1e-20}, 1.0),
        ("sqrt(x^2+y^2)", {"x": 3e200, "y": 4e200}, 0.6),
        ("sqrt(x^2+y^2)", {"x": 0.0, "y": 0.0}, 0.0),
        ("exp(a)/(exp(a)+exp(b))", {"a": 1000.0, "b": 0.0}, 0.0),
    ],
)
def test_a_recognised_form_has_the_digits_of_its_primitive(text, at, expected):
    """Far out, auto gives the gradient of the mathematics, where the typed form overflows or cancels."""
    found = next(iter(derivatives(text, at, "auto").values()))
    assert math.isclose(found, expected, rel_tol=1e-13)


def test_the_decomposition_does_not_look_at_values():
    """The graph is made before any value is known, so that a point cannot change it."""
    assert written("1/(1+exp(-z)) at z=2") == written("1/(1+exp(-z)) at z=-800") == "sigmoid(z)"


@pytest.mark.parametrize(
    ("text", "kept", "expected"),
    [
        ("t = exp(-z); 1/(1+t)", "t", "1/(1 + exp(-z))"),
        ("n = -z; 1/(1+exp(n))", "n", "sigmoid(-(-z))"),
        ("n = w*x; 1/(1+exp(-n))", "n", "sigmoid(w*x)"),
        ("s = 1/(1+exp(-z)); log(s)", "s", "log(sigmoid(z))"),
        ("s = 1/(1+exp(-z)); z*s", "s", "z*sigmoid(z)"),
        ("p = -2*z; (1-exp(p))/(1+exp(p))", "p", "tanh(-(-2*z/2))"),
        ("n = w*x; n/(1+exp(-w*x))", "n", "w*x/(1 + exp(-w*x))"),
        ("q = x^2; sqrt(q+y^2)", "q", "sqrt(x^2 + y^2)"),
    ],
)
def test_a_line_that_is_asked_for_stays_live(text, kept, expected):
    """A named line that the answer differentiates by is not folded away, and the rest is still recognised."""
    program = build(text)
    line = program.definitions[kept]
    rewritten = decompose(program.graph, program.result, "auto", [line])
    result = rewritten.moved[program.result]
    assert rewritten.graph.live([result])[rewritten.moved[line]]
    assert written(text, "auto", keep=[kept]) == expected
    at = dict.fromkeys(program.variables, 0.7)
    values, short = evaluate(program.graph, at), evaluate(rewritten.graph, at)
    assert math.isclose(short[result], values[program.result], rel_tol=1e-14)
    ways = {"mode": "reverse", "strong_zero": False}
    (expected,) = gradients(program.graph, values, program.result, [line], **ways)
    (found,) = gradients(rewritten.graph, short, result, [rewritten.moved[line]], **ways)
    assert math.isclose(found, expected, rel_tol=1e-13)


def test_lines_that_others_use_are_not_folded():
    """A fold names only lines that nothing else needs."""
    program = build("t = exp(-z); t + 1/(1+t)")
    rewritten = decompose(program.graph, program.result, "auto")
    live = rewritten.graph.live([rewritten.moved[program.result]])
    (fold,) = rewritten.folds.values()
    assert not any(live[line] for line in fold.lines)
    assert live[rewritten.moved[program.definitions["t"]]]


@pytest.mark.parametrize("ties", ["split", "first"])
@pytest.mark.parametrize("text", ["max(x, 0)", "max(0, x)", "relu(x)", "clip(x, 0, 1)", "clip(x, -1, 0)"])
def test_a_tie_keeps_its_shares_in_every_decomposition(text, ties):
    """Folding or spelling out changes no convention."""
    typed = derivatives(text, {"x": 0.0}, "typed", ties=ties)
    for decomposition in EVERY_DECOMPOSITION:
        assert derivatives(text, {"x": 0.0}, decomposition, ties=ties) == typed


def spelled_at_random(chance, depth):
    """A random expression in x and y, put together from spelled-out forms, and the same from primitives."""
    if depth == 0:
        leaf = chance.choice(["x", "y", "0.5*x", "x*y", "(x-y)", "y/2"])
        return leaf, leaf
    a, p = spelled_at_random(chance, depth - 1)
    b, q = spelled_at_random(chance, chance.randrange(depth))
    return chance.choice(
        [
            (f"1/(1+exp(-({a})))", f"sigmoid({p})"),
            (f"exp({a})/(exp({a})+1)", f"sigmoid({p})"),
            (f"(exp({a})-exp(-({a})))/(exp({a})+exp(-({a})))", f"tanh({p})"),
            (f"2/(1+exp(-2*({a})))-1", f"tanh({p})"),
            (f"log(1+exp({a}))", f"softplus({p})"),
            (f"-log(exp(-({a}))+1)", f"logsigmoid({p})"),
            (f"({a})/(1+exp(-({a})))", f"silu({p})"),
            (f"log(exp({a})+exp({b}))", f"logaddexp({p}, {q})"),
            (f"exp({a})/(exp({a})+exp({b}))", f"softmax({p}, {q})"),
            (f"sqrt(({a})^2+({b})^2)", f"hypot({p}, {q})"),
            (f"(e^({a})-1)*({b})", f"expm1({p})*({q})"),
            (f"log(1+({a})^2)", f"log1p(({p})^2)"),
            (f"max(0, {a})+({b})", f"relu({p})+({q})"),
        ]
    )


@pytest.mark.parametrize("seed", range(60))
def test_forms_within_forms_are_recognised(seed):
    """Spelled-out forms nested at random are the same function in every decomposition, and none is missed."""
    text, short = spelled_at_random(random.Random(seed), 3)
    # what the primitives themselves make (x*sigmoid(x), log(sigmoid(x)), ...) is recognised in the short text as well
    assert len(live_lines(text)) <= len(live_lines(short)) + 1, (text, short)
    at = {"x": 0.7, "y": -0.4}
    expected_value, expected = answer(short, at, "typed")
    for decomposition in EVERY_DECOMPOSITION:
        value, gradients = answer(text, at, decomposition)
        assert same_to_twelve_digits(value, expected_value), (seed, decomposition)
        assert all(map(same_to_twelve_digits, gradients.values(), expected.values())), (seed, decomposition)


def live_lines(text):
    program = build(text)
    rewritten = decompose(program.graph, program.result, "auto")
    live = rewritten.graph.live([rewritten.moved[program.result]])
    return {rewritten.graph.primitives[index].name + str(index) for index, is_live in enumerate(live) if is_live}


MANY = {
    "a sum of 20,000 terms": "+".join(f"x{k}*exp(-x{k % 7})" for k in range(10_000)),
    "the logarithm of 20,000 exponentials": f"log({'+'.join(f'exp(x{k % 50})' for k in range(20_000))})",
    "a product of 20,000 signs": f"1/(1+exp({'*'.join(f'(-x{k % 50})' for k in range(20_000))}))",
    "5,000 sigmoids in one another": "1/(1+exp(-" * 5_000 + "x" + "))" * 5_000,
    "5,000 sigmoids of growing products": "p = x; "
    + "; ".join(f"p{k} = {'p' if k == 0 else f'p{k - 1}'}*-x; s{k} = 1/(1+exp(p{k}))" for k in range(5_000))
    + "; "
    + "+".join(f"s{k}" for k in range(5_000)),
    "5,000 square roots of squares": "sqrt(1+(" * 5_000 + "x" + ")^2)" * 5_000,
}


@pytest.mark.parametrize("text", MANY.values(), ids=list(MANY))
def test_recognition_takes_time_in_proportion(text):
    """Neither long sums nor deep nests take the square of their length."""
    program = build(text)
    start = time.process_time()
    decompose(program.graph, program.result, "auto")
    assert time.process_time() - start < 2
    start = time.process_time()
    expand(program.graph)
    assert time.process_time() - start < 2


def test_expanding_leaves_only_basic_functions():
    """naive goes down to + - * / ^ exp log sqrt and what has no definition."""
    program = build("silu(x) + gelu(x) + clip(x, 0, 1) + relu(x) + tanh(x) + e^x + log1p(x) + hypot(x, 2)")
    names = {primitive.name for primitive in expand(program.graph).graph.primitives}
    assert names == {
        "variable", "constant", "add", "sub", "mul", "div", "neg", "power", "exp", "log", "sqrt", "erfc", "max",
        "min", "max_first",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["relu(x)", "x + max(x, 0)", "1/(1+exp(-z))"])
def test_typed_touches_nothing(text):
    """The graph of typed is the graph that was built."""
    program = build(text)
    assert decompose(program.graph, program.result, "typed").graph is program.graph


def test_a_nan_is_a_nan_in_every_decomposition():
    """Folding does not hide a nan."""
    for decomposition in EVERY_DECOMPOSITION:
        value, gradients = answer("1/(1+exp(-z))+max(z, 0)", {"z": NAN}, decomposition)
        assert value != value
        assert gradients["z"] != gradients["z"]
