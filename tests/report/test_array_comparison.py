"""The comparison of decompositions over arrays: judged element by element."""

import json
from importlib.resources import files

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from running import run

from gradcli.errors import GradError, describe
from gradcli.language.question import Options
from gradcli.questions import differentiated
from gradcli.questions.compare import compared
from gradcli.text import json_text

SCHEMA = json.loads((files("gradcli") / "schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": "#/$defs/comparison"})
VERDICTS = [
    ("log(sum(exp(x)))", {"x": [1, 800]},
     "sigmoid: naive overflows at v1[1] = exp(800), and f is infinite and ∂f/∂x[1] is nan from flow v1[1] → x[1] on. "
     "The true ∂f/∂x[0] rounds to 0, so 0 is right."),
    ("sum(1/(1+exp(-x)))", {"x": [-800, 1]},
     "sigmoid: naive overflows at v2[0] = exp(800), and ∂f/∂x[0] is nan from flow v2[0] → v1[0] on. "
     "The true ∂f/∂x[0] rounds to 0, so sigmoid's 0 is right."),
    ("sqrt(sum(x^2))", {"x": [3e200, 4e200]},
     "sigmoid: naive overflows at v1[0] = 3e+200^2, and f is infinite and no digit of ∂f/∂x[0] and ∂f/∂x[1] is right."),
    ("sum(x)", {"x": [1e16, 1, -1e16]},
     "nothing is recognised and nothing is spelled out: both are the same line, and they lose every digit of f at "
     "f = x[0] + x[1] + x[2], where terms cancel or many roundings add up."),
    ("cross_entropy(z, 1)", {"z": [800, 1]},
     "sigmoid: naive overflows at v2[0] = exp(800), and f, ∂f/∂z[0] and ∂f/∂z[1] are nan from v6[0] = 0*v5[0] on."),
    ("mean(W)", {"W": [[1, 2], [3, 4]]}, "both are right to the last digit."),
    ("sum(softplus(X@W))", {"X": [[300, -300]], "W": [[2], [-2]]},
     "sigmoid: naive overflows at v2[0,0] = exp(1200), and f is infinite and ∂f/∂X[0,0], ∂f/∂X[0,1] and 2 more are nan "
     "from flow v2[0,0] → v1[0,0] on."),
]  # fmt: skip


def arrays(at):
    return {name: np.array(value, dtype=float) for name, value in at.items()}


@pytest.mark.parametrize(("text", "at", "verdict"), VERDICTS, ids=[text for text, _, _ in VERDICTS])
def test_the_verdict_names_elements(text, at, verdict):
    """Winner, place and cause, with the index of each."""
    assert compared(text, arrays(at), Options()).verdict == verdict


@pytest.mark.parametrize(("text", "at"), [case[:2] for case in VERDICTS], ids=[case[0] for case in VERDICTS])
def test_the_numbers_are_the_engines(text, at):
    """What `grad` answers in that decomposition, element by element; in JSON as the schema says."""
    found = compared(text, arrays(at), Options())
    VALIDATOR.validate(json.loads(json_text(found.as_object())))
    for column in found.columns:
        answer = differentiated(text, arrays(at), Options(decomposition=column.decomposition))
        expected = [answer.value, *np.concatenate([np.ravel(number) for number in answer.gradients.values()])]
        np.testing.assert_array_equal(column.numbers, expected)


def test_a_comparison_of_arrays_is_printed():
    """A row an element, and the notes on what was recognised."""
    assert run("compare", "log(sum(exp(x)))", "x=[1, 800]") == (
        0,
        "f = log(sum(exp(x)))   at x = [1, 800]\n"
        "\n"
        "             naive  correct               sigmoid  correct   true\n"
        "───────────────────────────────────────────────────────────────────────────\n"
        "operations   3 (exp sum log)              1 (logsumexp)\n"
        "f            inf    none                  800      all       800\n"
        "∂f/∂x[0]       0    all                     0      all         9.97032e-348\n"
        "∂f/∂x[1]     nan    none                    1      all         1\n"
        "first loss   v1[1] = exp(x[1]) is inf     nowhere\n"
        "nan born     flow v1[1] → x[1]: 0 × inf   nowhere\n"
        "\n"
        "verdict  sigmoid: naive overflows at v1[1] = exp(800), and f is infinite and\n"
        "         ∂f/∂x[1] is nan from flow v1[1] → x[1] on. The true ∂f/∂x[0] rounds to\n"
        "         0, so 0 is right.\n"
        "\n"
        "note  f: log(sum(exp(x))) is logsumexp(x): 1 line for 3, no overflow\n",
        "",
    )


def test_only_the_names_asked_for_are_compared():
    """--wrt chooses names; each stands for its elements."""
    found = compared("sum(W@x)", arrays({"W": [[1, 2], [3, 4]], "x": [1, 2]}), Options(wrt=["x"]))
    assert [one.label for one in found.asked] == ["f", "∂f/∂x[0]", "∂f/∂x[1]"]


def test_a_result_that_is_an_array_is_refused():
    """With the ways out that grad offers."""
    with pytest.raises(GradError) as caught:
        compared("2*x", arrays({"x": [1, 2]}), Options())
    assert describe(caught.value).startswith("error: a gradient is of a scalar, and the result is [2]")


def test_what_is_too_long_element_by_element_is_refused():
    """At once, and with another way."""
    with pytest.raises(GradError) as caught:
        compared("sum(exp(x))", {"x": np.ones(5000)}, Options())
    assert describe(caught.value) == (
        "error: arrays are judged element by element, and that takes more than 3,000 lines\n"
        "  gradcli grad with --decomposition naive, and with sigmoid, prints both answers"
    )
