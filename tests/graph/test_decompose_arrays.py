"""Decomposition over arrays: spellings are recognised where shapes allow, and no shape and no number changes."""

import random

import numpy as np
import pytest
from programs import EVERY_DECOMPOSITION
from spellings import LEFT_ALONE, RECOGNISED

from gradcli.graph import CONSTANT, VARIABLE
from gradcli.graph.decompose import decompose
from gradcli.graph.notation import atom, constant, operation
from gradcli.graph.shapes import infer
from gradcli.language.builder import build
from gradcli.questions import Options, Question, differentiated, evaluated

SHAPES = {"W": (2, 3), "S": (3, 3), "A": (2, 3, 3)}  # every other name is a vector of three
ARRAYS = [
    # norm
    ("sqrt(sum(x^2))", "norm(x)"),
    ("sum(x^2)^0.5", "norm(x)"),
    ("sqrt(sum(x*x))", "norm(x)"),
    ("sqrt(sum(square(x)))", "norm(x)"),
    ("sqrt(sum((x-y)^2))", "norm(x - y)"),
    ("sqrt(sum(W^2))", "norm(W)"),
    ("sqrt(sum(W^2, 0))", "norm(W, 0)"),
    ("sqrt(sum(W^2, -1))", "norm(W, -1)"),
    ("sum(A^2, 1)^0.5", "norm(A, 1)"),
    ("sqrt(x@x)", "norm(x)"),
    ("sqrt(dot(x-y, x-y))", "norm(x - y)"),
    ("r = W@x - y[0:2]; sqrt(sum(r^2))", "norm(W@x - y[0:2])"),
    # logsumexp, softmax
    ("log(sum(exp(x)))", "logsumexp(x)"),
    ("log(sum(exp(-x)))", "logsumexp(-x)"),
    ("log(sum(1/exp(x)))", "logsumexp(-x)"),
    ("log(sum(e^W, 1))", "logsumexp(W, 1)"),
    ("log(sum(exp(x/y)))", "logsumexp(x/y)"),
    ("exp(x)/sum(exp(x))", "softmax(x)"),
    ("exp(x)/sum(exp(x), 0)", "softmax(x)"),
    ("exp(x)/sum(exp(x), -1)", "softmax(x)"),
    ("e^-x/sum(exp(-x))", "softmax(-x)"),
    ("s = exp(x); s/sum(s)", "softmax(x)"),
    ("exp(x - max(x))/sum(exp(x - max(x)))", "softmax(x - max(x))"),
    ("log(softmax(x))", "logsoftmax(x)"),
    ("log(softmax(W))", "logsoftmax(W)"),
    ("log(exp(x)/sum(exp(x)))", "logsoftmax(x)"),
    # var, std
    ("mean((x - mean(x))^2)", "var(x)"),
    ("mean((mean(x) - x)^2)", "var(x)"),
    ("mean((x - mean(x, 0))^2)", "var(x)"),
    ("mean((x - mean(x))*(x - mean(x)))", "var(x)"),
    ("m = mean(x); mean(square(x - m))", "var(x)"),
    ("mean((W - mean(W))^2)", "var(W)"),
    ("mean((W - mean(W, 0))^2, 0)", "var(W, 0)"),
    ("mean((W - mean(W, 0))^2, -2)", "var(W, -2)"),
    ("mean((A - mean(A, 0))^2, 0)", "var(A, 0)"),
    ("sqrt(mean((x - mean(x))^2))", "std(x)"),
    ("mean((W - mean(W, 0))^2, 0)^0.5", "std(W, 0)"),
    ("sqrt(var(x))", "std(x)"),
    ("sqrt(var(W, 1))", "std(W, 1)"),
    ("var(x)^0.5", "std(x)"),
]
ARRAYS_LEFT_ALONE = [
    "sqrt(sum(x))",
    "sqrt(sum(x*y))",
    "sqrt(sum(x^3))",
    "sqrt(sum(x^2 + y))",
    "sqrt(x@y)",
    "sqrt(S@S)",
    "sum(x^2)",
    "sum(x^2)^0.25",
    "log(sum(x))",
    "log(sum(exp(x) + y))",
    "log(sum(2^x))",
    "exp(x)/sum(exp(y))",
    "exp(x)/sum(x)",
    "exp(x)/mean(exp(x))",
    "exp(S)/sum(exp(S), 1)",
    "exp(W)/sum(exp(W))",
    "exp(W)/sum(exp(W), 0)",
    "mean((S - mean(S, 1))^2, 1)",
    "mean((S - mean(S, 1))^2, 0)",
    "mean((W - mean(W))^2, 0)",
    "mean((W - mean(W, 0))^2)",
    "mean((x - mean(y))^2)",
    "mean((x - 2*mean(x))^2)",
    "mean((x - mean(x))^3)",
    "sum((x - mean(x))^2)",
    "sqrt(mean(x^2))",
    "sum(x*y)",
]


def shapes_for(program):
    return {name: SHAPES.get(name, (3,)) for name in program.variables}


def written(text, decomposition):
    """TEXT over arrays as its graph in DECOMPOSITION says it."""
    program = build(text)
    program.graph.shapes = infer(program.graph, shapes_for(program))
    rewritten = decompose(program.graph, program.result, decomposition)
    graph, result = rewritten.graph, rewritten.moved[program.result]
    live = graph.live([result])
    texts = []
    for index, primitive in enumerate(graph.primitives):
        if not live[index]:
            texts.append(atom("?"))
        elif primitive is VARIABLE:
            texts.append(atom(graph.names[index]))
        elif primitive is CONSTANT:
            texts.append(constant(graph.statics[index]))
        else:
            texts.append(operation(primitive, graph.statics[index], [texts[o] for o in graph.operands[index]]))
    return texts[result][0]


@pytest.mark.parametrize(("text", "expected"), ARRAYS)
def test_a_spelling_over_arrays_is_recognised(text, expected):
    """auto and sigmoid read what was spelled out as the primitive it is, along an axis too."""
    assert written(text, "auto") == expected
    assert written(text, "sigmoid") == expected


@pytest.mark.parametrize("text", ARRAYS_LEFT_ALONE)
def test_a_near_miss_over_arrays_is_left_alone(text):
    """Another axis, another operand, or a broadcast that repeats along the wrong axis."""
    assert written(text, "auto") == written(text, "typed")


def summed(text):
    """The program with the sum of its result for its result."""
    *before, last = text.split(";")
    return ";".join([*before, f"sum({last.strip()})"])


def at_random(shapes, chance):
    return {
        name: np.array([chance.uniform(0.3, 1.7) for _ in range(int(np.prod(shape)))]).reshape(shape)
        if shape
        else chance.uniform(0.3, 1.7)
        for name, shape in shapes.items()
    }


def assert_same_in_every_decomposition(text, at):
    """Shapes and numbers of the value and, through its sum, of every gradient, in both modes."""
    expected = evaluated(text, at, Options(decomposition="typed")).value
    gradients = differentiated(summed(text), at, Options(decomposition="typed")).gradients
    for decomposition in EVERY_DECOMPOSITION:
        found = evaluated(text, at, Options(decomposition=decomposition)).value
        assert np.shape(found) == np.shape(expected), decomposition
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        for mode in ("reverse", "forward"):
            answer = differentiated(summed(text), at, Options(decomposition=decomposition, mode=mode))
            for name, number in answer.gradients.items():
                assert np.shape(number) == np.shape(at[name]), (decomposition, mode, name)
                np.testing.assert_allclose(number, gradients[name], rtol=1e-11, atol=1e-12, err_msg=f"{decomposition}")


@pytest.mark.parametrize("text", [*(text for text, _ in ARRAYS), *ARRAYS_LEFT_ALONE])
def test_spellings_over_arrays_are_the_same_function_in_every_decomposition(text):
    """auto, typed, naive and sigmoid agree to twelve digits at ordinary points, in shapes, values and gradients."""
    assert_same_in_every_decomposition(text, at_random(shapes_for(build(text)), random.Random(text)))


MIXTURES = {
    "vectors": [(3,)],
    "matrices": [(2, 3)],
    "a vector and scalars": [(3,), ()],
    "scalars and a matrix": [(), (2, 3)],
    "a column, a row and a vector": [(2, 1), (1, 3), (3,)],
    "three axes and less": [(2, 1, 3), (2, 1), (1,)],
}


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize("text", [*(text for text, _ in RECOGNISED), *LEFT_ALONE])
def test_every_spelling_of_scalars_keeps_its_shape_over_arrays(text, mixture):
    """Element by element, and where operands of different shapes are broadcast."""
    names = list(build(text).variables)
    if not names:
        return
    shapes = {name: MIXTURES[mixture][place % len(MIXTURES[mixture])] for place, name in enumerate(names)}
    assert_same_in_every_decomposition(text, at_random(shapes, random.Random(text)))


@pytest.mark.parametrize(("text", "expected"), RECOGNISED)
def test_every_spelling_of_scalars_is_recognised_over_arrays(text, expected):
    """The same lines as for scalars."""
    names = build(text).variables
    arrays = Question(text, dict.fromkeys(names, np.array([0.5, 0.7])), Options())
    scalars = Question(text, dict.fromkeys(names, 0.5), Options())
    assert used(arrays) == used(scalars)
    assert {line: fold.text for line, fold in arrays.folds.items()} == {
        line: fold.text for line, fold in scalars.folds.items()
    }


def used(question):
    graph = question.graph
    live = graph.live([question.result])
    return [primitive.name for index, primitive in enumerate(graph.primitives) if live[index]]


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("sqrt(sum(x^2))", [3e200, 4e200], [0.6, 0.8]),
        ("sqrt(sum(x^2))", [0.0, 0.0], [0.0, 0.0]),
        ("sqrt(x@x)", [0.0, 0.0], [0.0, 0.0]),
        ("log(sum(exp(x)))", [1000.0, 1000.0], [0.5, 0.5]),
        ("log(sum(exp(x)))", [-1000.0, -1000.0], [0.5, 0.5]),
        ("log(exp(x)/sum(exp(x)))[0]", [0.0, 800.0], [1.0, -1.0]),
        ("(exp(x)/sum(exp(x)))[0]", [-400.0, 0.0], [1.9151695967140057e-174, -1.9151695967140057e-174]),
        ("mean((x - mean(x))^2)", [1e200, -1e200], [1e200, -1e200]),
        ("sqrt(mean((x - mean(x))^2))", [2.0, 2.0], [0.0, 0.0]),
    ],
)
def test_a_recognised_form_over_arrays_has_the_digits_of_its_primitive(text, at, expected):
    """Far out and at the origin, auto gives the gradient of the mathematics."""
    found = differentiated(text, {"x": np.array(at)}, Options()).gradients["x"]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize(
    "text",
    [
        "mean(W)", "mean(W, 1)", "var(W)", "var(W, 0)", "std(W)", "std(W, -1)", "norm(W)", "norm(W, 1)",
        "logsumexp(W)", "logsumexp(W, 0)", "softmax(W)", "logsoftmax(W)", "softmax(x)", "dot(x, y)",
        "cross_entropy(W, softmax(W*W))", "cross_entropy(x, 1)", "cross_entropy(W, [0, 2])", "sigmoid(W@x)",
        "softmax(W@x + y[0:2])", "std(tanh(W)@softplus(x))", "W / (1 + norm(W, 0))",
    ],
)  # fmt: skip
def test_composites_over_arrays_are_the_same_function_spelled_out(text):
    """Along an axis and over everything, in both modes."""
    assert_same_in_every_decomposition(text, at_random(shapes_for(build(text)), random.Random(text)))


@pytest.mark.parametrize("text", ["std(W, 0)", "cross_entropy(x, 1)", "softmax(W)", "dot(x, y)", "logsumexp(x)"])
def test_naive_leaves_no_composite_of_arrays(text):
    """Down to what has no definition."""
    program = build(text)
    program.graph.shapes = infer(program.graph, shapes_for(program))
    rewritten = decompose(program.graph, program.result, "naive")
    assert not any(primitive.definition for primitive in rewritten.graph.primitives)


def test_array_constants_are_no_numbers_to_a_pattern():
    """[1, 1] is not the 1 of 1 + exp(-z), and two literals are two lines."""
    assert written("[1, 1, 1]/(1+exp(-x))", "auto") == "[1, 1, 1]/(1 + exp(-x))"
    assert written("1/([1, 1, 1]+exp(-x))", "auto") == "1/([1, 1, 1] + exp(-x))"
    assert written("1/(1+exp(-(x*[1, -2, 3])))", "auto") == "sigmoid(x*[1, -2, 3])"
    assert written("max(x, [0, 0, 0])", "auto") == "max(x, [0, 0, 0])"


@pytest.mark.parametrize("ties", ["split", "first"])
@pytest.mark.parametrize("text", ["max(x, 0)", "max(0, x)", "relu(x)", "clip(x, 0, 1)"])
def test_a_tie_in_an_array_keeps_its_shares_in_every_decomposition(text, ties):
    """Folding or spelling out changes no convention."""
    at = {"x": np.array([0.0, -1.0, 1.0, 2.0])}
    typed = differentiated(f"sum({text})", at, Options(decomposition="typed", ties=ties)).gradients["x"]
    for decomposition in EVERY_DECOMPOSITION:
        found = differentiated(f"sum({text})", at, Options(decomposition=decomposition, ties=ties)).gradients["x"]
        assert found.tolist() == typed.tolist()
