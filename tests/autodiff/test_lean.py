"""A run that gives its memory back says what the run that keeps everything says."""

import tracemalloc

import numpy as np
import pytest

from gradcli.autodiff import depends
from gradcli.autodiff.arrays import evaluate, pull_back
from gradcli.autodiff.lean import LeanRun
from gradcli.language.question import Options, Question
from gradcli.questions import differentiated

RANDOM = np.random.default_rng(7)
POINT = {
    "X": RANDOM.standard_normal((40, 30)),
    "W": RANDOM.standard_normal((30, 20)),
    "b": RANDOM.standard_normal(20),
    "s": 0.7,
}
PROGRAMS = [
    "sum(relu(X@W + b)^2)/40",
    "sum(tanh(X@W + b)*sigmoid(X@W - b))",
    "h = X@W; g = h + h; sum(exp(-g*g)) + s*sum(h)",
    "h = X@W; u = h; v = u + b; sum(v*v) + sum(u)",
    "h = (X@W).T; v = h.T + b; sum(v/(1 + v^2)) + h[0,0]",
    "h = reshape(X@W, 800); v = h*2; sum(v*v) - sum(h)",
    "h = X@W; logsumexp(h + b) + norm(h - s) + mean(h*h)",
    "h = X@W; a = h + b; c = a - s; d = c*a; sum(d/(2 + cos(c)))",
    "y = softmax(X@W); -sum(log(y + 0.5))",
]


def kept(question):
    values = evaluate(question.graph, question.point)
    active = depends(question.graph, question.live_sources())
    sweep = pull_back(question.graph, values, question.result, active)
    return values[question.result], [sweep.numbers[line] for line in question.live_sources()]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_numbers_are_the_same(program):
    """To the last bit, and neither run touches what it was given."""
    before = {name: np.copy(value) for name, value in POINT.items()}
    given = {name: value for name, value in POINT.items() if name in program}
    question = Question(program, given, Options(decomposition="typed"))
    run = LeanRun(question.graph, question.point, question.result, question.live_sources())
    value, gradients = kept(question)
    assert run.value == value
    for mine, other in zip(run.gradients, gradients, strict=True):
        np.testing.assert_array_equal(mine, other)
    for name, value in POINT.items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize(
    ("program", "wanted"),
    [
        ("sum(relu(X))", "kink"),
        ("sum(relu(X - 100))", "dead"),
        ("max(X)", "tie"),
        ("sum(log(X))", "inf"),
        ("sum(X > 0) + sum(X)", "dead"),
        ("sum(tanh(X + 40))", "saturated"),
        ("sum(X*X)", None),
    ],
)
def test_what_is_worth_a_note_gets_it(program, wanted):
    """A large array is no reason to keep quiet."""
    points = np.linspace(0.5, 1.5, 12_000).reshape(100, 120)
    points[3, 4] = 0.0
    points[5, 6:8] = 7.0
    kinds = {note.kind for note in differentiated(program, {"X": points}, Options()).notes}
    assert wanted in kinds if wanted else not kinds


def test_memory_is_given_back():
    """A chain of lines on one large array takes a few arrays, not one a line."""
    program = "v0 = X\n" + "".join(f"v{k + 1} = v{k} + 1\n" for k in range(30)) + "sum(v30)"
    x = np.ones((500, 500))
    differentiated(program, {"X": x}, Options())
    tracemalloc.start()
    differentiated(program, {"X": x}, Options())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * x.nbytes
