"""The look of eval and grad: bare values, columns, notes beside them, ASCII and colour where they belong."""

import json
import subprocess
import sys

import pytest
from running import run

from gradcli.questions import Options, differentiated
from gradcli.render.plain import name_of_result

NEURON = ["1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]


def test_grad_stands_in_columns():
    """Names, `=` and numbers each have theirs; the sign has one of its own where there is one."""
    assert run("grad", *NEURON) == (
        0,
        "f      =  0.7310585786300049\n"
        "∂f/∂w0 = -0.19661193324148185\n"
        "∂f/∂x0 =  0.3932238664829637\n"
        "∂f/∂w1 = -0.3932238664829637\n"
        "∂f/∂x1 = -0.5898357997244456\n"
        "∂f/∂w2 =  0.19661193324148185\n",
        "",
    )


def test_grad_without_a_sign_has_no_column_for_it():
    """Nothing is aligned that needs not be."""
    assert run("grad", "x*y", "x=2", "y=3").out == "f     = 6\n∂f/∂x = 3\n∂f/∂y = 2\n"


def test_eval_prints_the_bare_value():
    """It can be pasted and piped."""
    assert run("eval", "sqrt(2)*pi") == (0, "4.442882938158366\n", "")


def test_notes_go_beside_the_answer_with_a_hanging_indent():
    """Standard output keeps to the answer."""
    assert run("grad", "max(x, y)", "x=1", "y=1") == (
        0,
        "f     = 1\n∂f/∂x = 0.5\n∂f/∂y = 0.5\n",
        "note: f = max(x, y): tie: both are 1, so 0.5 each (--ties split); the one-sided\n"
        "      derivatives by y are 0 and 1\n",
    )


def test_notes_keep_to_the_width():
    """COLUMNS says it; a word is never cut."""
    narrow = run("grad", "max(x, y)", "x=1", "y=1", env={"COLUMNS": "30"}).err.splitlines()
    assert len(narrow) > 3
    assert max(map(len, narrow)) <= 30
    assert all(line.startswith(("note: ", "      ")) for line in narrow)


def test_what_auto_recognised_is_no_warning():
    """`grad` stays quiet about it; `explain` says it."""
    assert run("grad", *NEURON).err == ""
    assert json.loads(run("explain", *NEURON, "--json").out)["notes"][0]["kind"] == "recognised"


def test_json_is_one_line_with_the_notes_inside():
    """Nothing goes to standard error."""
    code, out, err = run("grad", "max(x, y)", "x=1", "y=1", "--json")
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert json.loads(out)["notes"][0]["kind"] == "tie"


def test_json_escapes_what_the_stream_cannot_say():
    """The answer is valid JSON in every encoding."""
    (plain, escaped) = (run("grad", "é*𝒙", "é=1", "𝒙=2", "--json", encoding=e).out for e in ("utf-8", "ascii"))
    assert escaped.isascii()
    assert json.loads(escaped) == json.loads(plain)


def test_ascii_streams_get_words_for_signs():
    """No sign is replaced by a question mark."""
    said = run("grad", "max(x, y)", "x=1", "y=1", encoding="ascii")
    assert said.out == "f     = 1\ndf/dx = 0.5\ndf/dy = 0.5\n"
    assert run("x*y", "x=1", "y=2", env={"TERM": "dumb"}).out.isascii()
    assert "0 * inf" in run("grad", "0*(1/x)", "x=0", "--decomposition=typed", encoding="ascii").err


def test_colour_is_for_those_who_asked():
    """A stream that is no terminal has none; FORCE_COLOR asks, FORCE_COLOR=0 and NO_COLOR do not."""
    (piped, forced, zero, both) = (
        run("x*y", "x=1", "y=2", env=env).out
        for env in ({}, {"FORCE_COLOR": "1"}, {"FORCE_COLOR": "0"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"})
    )
    assert "\x1b[" in forced
    assert "\x1b" not in piped
    assert zero == both == piped


def test_errors_are_coloured_by_the_same_rule():
    """The word and the marks, not the text of the user."""
    err = run("eval", "2x", env={"FORCE_COLOR": "1"}).err
    assert err.splitlines()[:3] == [
        "\x1b[1;31merror:\x1b[0m 'x' found, an operator expected", "  2x", "\x1b[1;31m   ^\x1b[0m",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", ["1", "20", "40", "100000", "x", "-5", ""])
@pytest.mark.parametrize("view", ["table", "tree", "ledger"])
def test_any_width_is_drawn(columns, view):
    """A silly width is brought into bounds, and no digit is lost."""
    code, out, err = run("x*1.23456789012345", "x=1", "--digits=15", "--view", view, env={"COLUMNS": columns})
    assert (code, err) == (0, "")
    assert "1.23456789012345" in out


@pytest.mark.parametrize(
    "text", ["x*y", "f*x", "f + out", "f*out*result", "L = x*y; L", "x", "3", "pi", "v1*x", "a=x; a"]
)
def test_the_result_has_the_name_that_every_view_gives_it(text):
    """`f`, unless the program has a name for it or uses `f` itself."""
    point = dict.fromkeys(("x", "y", "f", "out", "result", "v1"), 1.0)
    question = differentiated(text, point, Options()).question
    assert name_of_result(question.graph, question.result) == question.labels().names[question.result]


def test_an_unused_name_may_be_an_array():
    """Its gradient is 0 in its own shape."""
    code, out, _ = run("grad", "x*2", "x=1", "unused=[1,2]", "--json")
    assert (code, json.loads(out)["gradients"]) == (0, {"x": 2.0, "unused": [0.0, 0.0]})


@pytest.mark.parametrize("words", [
    ["x*y", "--example", "x:2x3", "y=2"], ["explain", "x*y", "x=[1,2]", "y=3"], ["eval", "d(x*y, x)", "x=2", "y=[1,2]"],
    ["x*x", "x=[1,2]", "--mode", "adjoint"], ["compare", "sin(x)*y", "x=[1]", "y=2", "--by", "mode"],
])  # fmt: skip
def test_arrays_may_come_with_the_values_alone(words):
    """In a process of its own, where nothing else has read what arrays need."""
    found = subprocess.run([sys.executable, "-m", "gradcli", *words], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
