"""A form that is spelled out is found on the tape as in the graph, and computed in its place with the same bits."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scalar_programs import anywhere, ordinary

from gradcli.batch.calculator import first_order
from gradcli.batch.folded import folded
from gradcli.batch.fused import Fused
from gradcli.batch.onepass import Pass
from gradcli.batch.spelled import may_be_spelled
from gradcli.batch.stepping import functions
from gradcli.batch.sweep import graph_of
from gradcli.graph.decompose import decompose
from gradcli.language import scan
from gradcli.questions import Options

AT = {"x": 0.5, "y": -1.5, "z": 2.0}
SURE = {
    "1/(1 + exp(-x))": "sigmoid", "1/(exp(-(x*y)) + 1)": "sigmoid", "log(1 + exp(x*y))": "softplus",
    "log(exp(-x) + 1)": "softplus", "log(x*x + 1)": "log1p", "log(1 + x)": "log1p", "log(sigmoid(x*y))": "logsigmoid",
    "x*sigmoid(x)": "silu", "sigmoid(y)*y": "silu", "sqrt((x*y)^2)": "abs", "sqrt(x*x)": "abs",
    "sqrt(x^2 + (y - z)**2)": "hypot", "(x*x + square(y) + z^2)^0.5": "hypot",
}  # fmt: skip
# These are other forms, or none, or have to be looked at more closely.
UNSURE = (
    "1/(1 + exp(x))", "1/(1 + exp(-2*x))", "-1/(1 + exp(-x))", "x/(1 + exp(-x))", "2/(1 + exp(-x)) - 1",
    "log(1 - x/9)", "log(1/(1 + exp(-x)))", "-log(1 + exp(-x))", "log(exp(x) + exp(y))", "log(1 + exp(x) + exp(y))",
    "x*(1/(1 + exp(-x)))", "(x*y)*sigmoid(x*y)", "2*sigmoid(x) - 1", "sqrt(x^2 + 1)", "sqrt((x*y)*(x*y))",
    "sqrt(x*y)", "max(x, 0)", "e^x*log(1 + x)", "exp(x) - 1", "sinh(x)/cosh(x)", "-softplus(-x)", "x*y",
    "a = exp(-x); 1/(1 + a)", "log(1 + 1)", "y*sigmoid(-1.5)",
)  # fmt: skip

leaves = st.sampled_from(("x", "y", "z", "1", "2", "0.5", "-1", "0", "e"))
FORMS = (
    *(text.replace("x*y", "{0}").replace("y - z", "{0}") for text in (*SURE, *UNSURE) if ";" not in text),
    "({0})*sigmoid({0})", "{0} + {1}", "({0})*({1})", "({0})/({1})", "-({0})", "sin({0})", "max({0}, {1})",
    "relu({0}) - {1}", "log(1 + exp(-({0})))", "sqrt(({0})^2 + ({1})^2)", "exp({0})", "2*({0})", "log({0})",
)  # fmt: skip
programs = st.recursive(
    leaves, lambda inner: st.builds(str.format, st.sampled_from(FORMS), inner, inner), max_leaves=6
)


def read(text, at):
    run = Pass(at, functions("split"))
    return run, run.run(scan(text))


@pytest.mark.parametrize(("text", "name"), SURE.items())
def test_what_is_surely_a_form_is_computed_on_the_tape(text, name):
    run, entry = read(text, AT)
    forms = {}
    assert not may_be_spelled(run, forms)
    assert [found for found, _ in forms.values()] == [name]
    graph, result = graph_of(run, entry)
    other = decompose(graph, result, "auto")
    assert [other.graph.primitives[line].name for line in other.folds] == [name]
    value, gradients = folded(run, entry[1])
    found = Fused(Options()).text(run, value, gradients, ())
    assert found == first_order(text, AT, Options())


@pytest.mark.parametrize("text", UNSURE)
def test_what_may_be_another_form_is_left_to_the_graph(text):
    run = Pass(AT, functions("split"))
    if "=" in text:
        assert Fused(Options()).members(text, AT) == first_order(text, AT, Options())
        return
    entry = run.run(scan(text))
    assert entry is None or folded(run, entry[1]) is None


@given(programs, ordinary | anywhere, st.sampled_from(("split", "first")))
@settings(max_examples=600, deadline=None)
@example("log(1 + exp(-(-log(1 + exp(-x)))))", AT, "split")
@example("-log(1 + exp(-x))", AT, "split")
@example("log(sigmoid(sqrt((max(x, x))^2)))", AT, "split")
@example("x*sigmoid(y)", {"x": 2.0, "y": 2.0, "z": 0.0}, "split")
@example("sqrt(x*y)", {"x": 2.0, "y": 2.0, "z": 0.0}, "split")
@example("sqrt((x^2)^2 + 0*y)", {"x": 1e200, "y": 2.0, "z": 0.0}, "split")
@example("1/(1 + exp(-x))", {"x": -800.0, "y": 2.0, "z": 0.0}, "split")
def test_forms_within_forms_are_answered_as_by_questions(text, at, ties):
    options = Options(ties=ties)
    found = Fused(options).members(text, at)
    if found is not None:
        assert found == first_order(text, at, options)
