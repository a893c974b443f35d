"""A graph of arrays element by element: the same numbers, true ones beside them."""

import random

import numpy as np
import pytest

from gradcli.autodiff import depends, pull_back
from gradcli.autodiff.precise import nearest
from gradcli.graph.unrolled import CannotUnroll, Unrolled
from gradcli.language.builder import build
from gradcli.questions import Options, Question
from gradcli.questions.array_compare import Side

SHAPES = {"W": (2, 3), "V": (3, 2), "S": (3, 3), "A": (2, 2, 3), "B": (2, 3, 2), "z": (), "R": (1, 3), "C": (2, 1)}
PROGRAMS = [
    "sum(x)", "sum(sum(W, 0)^2)", "sum(sum(A, 1)^2)", "mean(x*y)", "sum(mean(W, -1)^2)", "prod(x)", "sum(prod(W, 1)*z)",
    "var(x)", "sum(var(W, 0)^2)", "std(x)", "sum(std(S, 1)*z)", "norm(W)", "sum(norm(W, 1)^3)", "logsumexp(x*z)",
    "sum(logsumexp(W, 0)^2)", "max(x)", "min(W)", "sum(amax(W, 1)*y[0:2])", "sum(amin(S, 0)^2)", "dot(x, y)", "x@y",
    "sum((W@x)^2)", "sum((x@V)^2)", "sum((W@V)^2)", "sum((A@B)^2)", "sum((A@x)^2)", "sum((x@B)^2)", "sum((W@B)^2)",
    "sum(outer(x, y)^2)", "trace(S@S)", "det(S)", "sum(inv(S)^2)", "sum(solve(S, x)^2)", "sum(solve(S, V)^2)",
    "sum(cofactors(S)^2)", "sum(cumsum(x)^2)", "sum(cumsum(W, 0)^2)", "sum(cumsum(W)^2)", "sum(softmax(x)*y)",
    "sum(softmax(W)*[[1, 2, 3], [3, 1, 2]])", "sum(logsoftmax(x)*y)", "sum(logsoftmax(A)^2)", "cross_entropy(x, 1)",
    "cross_entropy(W, [2, 0])", "cross_entropy(W, softmax(2*W))", "sum(tanh(W*R + C)^2)", "sum(W + z*R - C)",
    "sum((W.T@W)^2)", "sum(transpose(A, 2, 0, 1)[1]^2)", "sum(reshape(W, 3, 2)@W)", "sum(flatten(W)[1:5]^2)",
    "sum(concat(W, 2*W)^2)", "sum(concat(W, S[0:2], 1)^2)", "sum([x, y, x*y]@x)", "sum(broadcast(x, 2, 3)*W)",
    "W[0,1]*W[-1,2] + x[0]", "sum(where(W > 0.9, W^2, 0))", "sum(relu(W - 1)) + argmax(x)", "sum(exp(x))/z", "x[0]",
    "sum(max(W, 0.9) + max(W, R, C))", "sum(clip(W, 0.5, 1)) + sum(hypot(x, y))", "sum(x)*3 + sum([1, 2, 3]*x)",
]  # fmt: skip


def question(text, decomposition, at=None):
    chance = random.Random(text)
    at = at or {
        name: np.array([chance.uniform(0.3, 1.7) for _ in range(int(np.prod(shape)))]).reshape(shape)
        if shape
        else chance.uniform(0.3, 1.7)
        for name, shape in ((name, SHAPES.get(name, (3,))) for name in build(text).variables)
    }
    return Question(text, at, Options(decomposition=decomposition))


@pytest.mark.parametrize("decomposition", ["typed", "naive", "auto"])
@pytest.mark.parametrize("text", PROGRAMS)
def test_the_true_numbers_are_those_of_the_engine(text, decomposition):
    """Every element of every line and of every adjoint, to 12 digits at an ordinary point."""
    side = Side(question(text, decomposition), 3000)
    graph, values = side.graph, side.values
    live = graph.live([side.result])
    truth = side.truth()
    assert not truth.strays
    for line, value in enumerate(values):
        if live[line]:
            assert nearest(truth.value(line)) == pytest.approx(value, rel=1e-12, abs=1e-12), graph.names[line]
    scalars = pull_back(graph, values, side.result, depends(graph, side.live_sources()))
    from gradcli.questions.arrays import backward

    found = side.unrolled.numbers(backward(side.question, side.arrays)[0].numbers, scalars.numbers)
    for name, line in side.sources.items():
        true = nearest(truth.gradient(line))
        assert (found[line] or 0.0) == pytest.approx(true, rel=1e-12, abs=1e-12), name
        assert (scalars.numbers[line] or 0.0) == pytest.approx(true, rel=1e-12, abs=1e-12), name


def test_elements_are_named_by_their_place():
    """The labels of the explanation, with an index."""
    side = Side(question("v = W@x; sum(v^2)", "typed"), 3000)
    assert side.graph.names[side.result] == "f"
    assert {"W[1,2]", "x[0]", "v[1]", "v1[0]"} <= set(side.graph.names)


def test_what_is_moved_is_the_same_line():
    """A transpose adds no line."""
    assert len(Side(question("sum(W)", "typed"), 99).graph) == len(Side(question("sum(W.T)", "typed"), 99).graph)


def test_a_program_too_long_element_by_element_is_refused():
    """Before it is written out."""
    asked = question("sum(S@S)", "typed")
    values = Side(asked, 99).arrays
    with pytest.raises(CannotUnroll, match="more than 10 lines"):
        Unrolled(asked.graph, values, asked.labels().names, 10)


def test_a_large_determinant_is_refused():
    """Its sum over permutations would be too long."""
    asked = question("det(M)", "typed", {"M": np.eye(5)})
    with pytest.raises(Exception, match="'det' of more than 4 rows"):
        Side(asked, 3000)
