"""`import gradcli`: the commands as functions."""

import json
import math
import subprocess
import sys
from html.parser import HTMLParser

import numpy
import pytest
from running import run

import gradcli


def test_grad_gives_value_gradients_and_notes():
    """Plain floats by name."""
    found = gradcli.grad("max(x, y)", x=1, y=1.0)
    assert (found.value, found.gradients) == (1.0, {"x": 0.5, "y": 0.5})
    assert [note.partition(":")[0] for note in found.notes] == ["f = max(x, y)"]


def test_eval_gives_a_value():
    """Under the command's name, and under one that hides no built-in."""
    assert gradcli.eval("sqrt(2)*pi").value == gradcli.evaluate("sqrt(2)*pi").value == math.sqrt(2) * math.pi
    assert gradcli.eval("1/3").gradients == {}


@pytest.mark.parametrize("value", [2, 2.0, "2", "1+1", "sqrt(4)", True + 1])
def test_a_value_is_a_number_or_an_expression_of_numbers(value):
    """What NAME=VALUE takes, and Python's numbers."""
    assert gradcli.grad("x^2", x=value).gradients == {"x": 4.0}


def test_numbers_of_other_kinds_are_numbers():
    """Anything that has a float."""
    from decimal import Decimal
    from fractions import Fraction

    import numpy as np

    values = [Fraction(1, 2), Decimal("0.5"), np.float64(0.5), np.float32(0.5)]
    assert [gradcli.eval("x", x=value).value for value in values] == [0.5] * 4
    assert gradcli.eval("x", x=-(10**400)).value == -math.inf


def test_options_are_keywords():
    """Those of the command line, with its choices."""
    assert gradcli.grad("x*y", x=2, y=3, wrt="y").gradients == {"y": 2.0}
    assert gradcli.grad("x*y", x=2, y=3, wrt=["y", "x"]).gradients == {"y": 2.0, "x": 3.0}
    assert gradcli.grad("max(x, y)", x=1, y=1, ties="first").gradients == {"x": 1.0, "y": 0.0}
    assert gradcli.grad("x^2", x=3, mode="forward").as_object()["mode"] == "forward"


def test_variables_that_are_called_like_options_stand_in_at():
    """A keyword wins over `at`."""
    assert gradcli.grad("wrt*ties + x", at={"wrt": 3, "ties": "1/2", "x": 9}, x=1).gradients == {
        "wrt": 0.5, "ties": 3.0, "x": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("work", "kind", "message"),
    [
        (lambda: gradcli.eval("sigmod(1)"), "name", "unknown function 'sigmod'"),
        (lambda: gradcli.grad("x*y", x=1), "name", "no value for 'y'"),
        (lambda: gradcli.grad("x", x="y"), "value", "the value of 'x' has to be a number, and 'y' is none"),
        (lambda: gradcli.grad("x", x=[[1], 2]), "shape",
         "the value of 'x' is ragged: x[0] has length 1, x[1] is a number"),
        (lambda: gradcli.grad("x", x=1, zero="one"), "usage", "zero has to be one of ieee, strong; 'one' given"),
        (lambda: gradcli.grad("x", x=1, wrt="q"), "name", "'q' does not occur in the program"),
        (lambda: gradcli.grad("x", at={"2x": 1}), "name", "'2x' is no name"),
        (lambda: gradcli.grad(3), "usage", "an expression is a text, and a int is none"),
    ],
)
def test_bad_input_raises_one_kind_of_error(work, kind, message):
    """With the fact, the way out and the place of the command line's message."""
    with pytest.raises(gradcli.GradError) as caught:
        work()
    assert (caught.value.kind, caught.value.message) == (kind, message)


def test_what_is_printed_is_what_the_command_prints():
    """The table of `explain`, the lines of `grad`, the value of `eval`."""
    wide = {"COLUMNS": "100"}
    assert f"{gradcli.explain('x*y', x=2, y=3)}\n" == run("explain", "x*y", "x=2", "y=3", env=wide).out
    assert f"{gradcli.grad('x*y', x=2, y=-3)}\n" == run("grad", "x*y", "x=2", "y=-3").out
    assert f"{gradcli.eval('1/3')}\n" == run("eval", "1/3").out
    tree = gradcli.explain("x*y", x=2, y=3).text(view="tree", width=80)
    assert f"{tree}\n" == run("explain", "x*y", "x=2", "y=3", "--view", "tree").out


def test_a_comparison_is_printed_like_the_command():
    """Table and JSON."""
    found = gradcli.compare("1/(1+exp(-z))", z=-400)
    words = ["compare", "1/(1+exp(-z))", "z=-400"]
    assert f"{found}\n" == run(*words, env={"COLUMNS": "100"}).out
    assert f"{found.as_json()}\n" == run(*words, "--json").out
    assert Page(found._repr_html_()).text.strip() == str(found)


def test_a_comparison_of_engines_is_printed_like_the_command():
    """With the log, too."""
    found = gradcli.compare("x*y + sin(x)", x=2, y=3, by="engine", log=True)
    words = ["compare", "x*y + sin(x)", "x=2", "y=3", "--by", "engine", "--log"]
    assert f"{found}\n" == run(*words, env={"COLUMNS": "100"}).out
    assert f"{found.as_json()}\n" == run(*words, "--json").out
    with pytest.raises(gradcli.GradError) as caught:
        gradcli.compare("x", x=2, log=True)
    assert caught.value.message == 'compare takes log=True only with by="engine"'


def test_a_comparison_of_orders_is_printed_like_the_command():
    """Up to the order that is asked for."""
    found = gradcli.compare("sin(x)*exp(x^2)", x=0.5, by="order", order=3)
    words = ["compare", "sin(x)*exp(x^2)", "x=0.5", "--by", "order", "--order", "3"]
    assert f"{found}\n" == run(*words, env={"COLUMNS": "100"}).out
    assert f"{found.as_json()}\n" == run(*words, "--json").out
    assert len(gradcli.compare("x^2", x=0.5, by="order").as_object()["orders"]) == 6
    for order in (-1, 21, 1.5):
        with pytest.raises(gradcli.GradError):
            gradcli.compare("x", x=2, by="order", order=order)


def test_as_json_is_what_the_command_prints():
    """One schema for scripts and for Python."""
    assert f"{gradcli.explain('x*y', x=2, y=3).as_json()}\n" == run("explain", "x*y", "x=2", "y=3", "--json").out
    assert json.loads(gradcli.grad("x", x=math.nan).as_json())["value"] == "NaN"


class Page(HTMLParser):
    """The text of a page, its tags, and what their attributes point to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags, self.attributes = "", set(), set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


def test_a_notebook_shows_the_table_and_nothing_else():
    """Only text and inline styles: no script, no link, no sheet of styles from elsewhere."""
    found = gradcli.explain("x < y", x=1, y=2)
    page = Page(found._repr_html_())
    assert page.tags <= {"pre", "code", "span"}
    assert page.attributes <= {"style"}
    assert page.text.strip() == str(found)


def test_a_representation_says_the_numbers():
    """What the prompt of Python shows."""
    assert repr(gradcli.grad("x*y", x=2, y=3)) == "<result value=6.0, gradients={'x': 3.0, 'y': 2.0}>"
    assert repr(gradcli.eval("1/3")) == "<result value=0.3333333333333333>"


def test_the_names_are_those_of_the_module():
    """`dir` lists them, `from gradcli import *` brings them, an unknown one is an AttributeError."""
    assert set(gradcli.__all__) <= set(dir(gradcli))
    assert all(getattr(gradcli, name) for name in gradcli.__all__)
    with pytest.raises(AttributeError, match="no attribute 'gard'"):
        gradcli.gard  # noqa: B018


def test_numbers_need_no_numpy_and_no_rich():
    """A script that computes pays for neither."""
    code = "import gradcli, sys; gradcli.grad('x*y', x=2, y=3); print({'numpy', 'rich', 'typer'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


class Foreign:
    """What another library calls an array."""

    def __array__(self, dtype=None, copy=None):
        return numpy.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "doubled"),
    [
        ([1, 2], [2, 4]),
        ((1, 2.5), [2, 5]),
        ([[1, 2], (3, 4)], [[2, 4], [6, 8]]),
        (range(3), [0, 2, 4]),
        ([True, 2], [2, 4]),
        ("[1, 2] + 1", [4, 6]),
        ([1, "Infinity"], [2, float("inf")]),
        (numpy.arange(6).reshape(2, 3), [[0, 2, 4], [6, 8, 10]]),
        (numpy.asfortranarray([[1, 2], [3, 4]]), [[2, 4], [6, 8]]),
        (numpy.array([1, 2], dtype=">f4"), [2, 4]),
        (numpy.array([1, 2.5], dtype=object), [2, 5]),
        ([numpy.arange(2), [5, 6]], [[0, 2], [10, 12]]),
        ([numpy.float32(1.5), numpy.int8(2)], [3, 4]),
        (numpy.float32(1.5), 3.0),
        (numpy.int8(2), 4.0),
        (numpy.array(2), 4.0),
        (Foreign(), [2, 4]),
    ],
)
def test_arrays_of_any_kind_are_values(value, doubled):
    """Lists, tuples, texts, numpy's arrays and numbers, and what can be made an array."""
    found = gradcli.eval("2*x", x=value).value
    assert (found if isinstance(found, float) else found.tolist()) == doubled


def test_a_given_array_is_left_alone():
    """The caller's array is neither changed nor frozen, and a gradient is one to be changed."""
    given = numpy.array([1.0, 2.0])
    found = gradcli.grad("sum(x^2)", x=given)
    found.gradients["x"] *= 2
    given[0] = 5
    assert given.tolist() == [5, 2]


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ("@w.npy", "value", "'@w.npy' is no value of 'x': files are read on the command line only"),
        ([1, "a"], "value", "x[1] has to be a number, and 'a' is none"),
        ([1, None], "value", "x[1] has to be a number, and None is none"),
        ([], "shape", "the value of 'x' is an empty array"),
        ([[1], [2, 3]], "shape", "the value of 'x' is ragged: x[0] has length 1, x[1] has length 2"),
        (numpy.array([1j]), "value", "the value of 'x' holds complex numbers"),
        (numpy.array(["a"]), "value", "the value of 'x' holds text"),
        (numpy.zeros((2, 0)), "shape", "the value of 'x' is an empty array: [2,0]"),
        (numpy.array([{}]), "value", "x[0] has to be a number, and an object is none"),
        ({}, "value", "the value of 'x' has to be a number or an array, and a dict is none"),
    ],
)
def test_what_is_no_array_is_told(value, kind, message):
    """With the index of the element."""
    with pytest.raises(gradcli.GradError) as caught:
        gradcli.eval("x", x=value)
    assert (caught.value.kind, caught.value.message) == (kind, message)


def test_a_list_within_itself_is_no_endless_task():
    """It has too many axes, and one that doubles itself too many elements."""
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(gradcli.GradError, match="more than 32 axes"):
        gradcli.eval("x", x=endless)
    doubled: list[object] = [1.0]
    for _ in range(31):
        doubled = [doubled] * 10
    with pytest.raises(gradcli.GradError, match="the most is 1 GiB"):
        gradcli.eval("x", x=doubled)


def test_the_memory_of_arrays_is_bound():
    """By a number of bytes or a text."""
    assert gradcli.eval("sum(x*2)", x=[1] * 50, max_memory="1K").value == 100
    with pytest.raises(gradcli.GradError, match="the values would take 816 bytes, the most is 500 bytes"):
        gradcli.eval("sum(x*2)", x=[1] * 50, max_memory=500)
    with pytest.raises(gradcli.GradError, match="max_memory has to be a number of bytes, as in 500M or 2G"):
        gradcli.eval("x", x=1, max_memory="much")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: gradcli.grad("max(x, y)", x=1, y=1, ties="error"),
         'ties="split" shares the gradient, ties="first" gives it to the first'),
        (lambda: gradcli.diff("x^2*y", wrt="x,x,y"), "'x' stands twice in wrt"),
        (lambda: gradcli.diff("x^2*y", wrt="x,x,y"), 'wrt="x,x,y" mixed=True differentiates by one after the other; '
                                                     "order=2 twice by each"),
        (lambda: gradcli.diff("x^2", mixed=True, order=2), "mixed=True takes no order: a name stands"),
        (lambda: gradcli.grad("x@y"), 'add x=... y=..., or example="x:2,y:2"'),
        (lambda: gradcli.vjp("x*[1, 2]", x=2), "add upstream='ones(2)', or any other"),
        (lambda: gradcli.compare("x", x=1, by="order", zero="strong"), 'with zero="ieee" only'),
        (lambda: gradcli.grad("x*[1, 2]", x=2), "gradcli vjp 'x*[1, 2]' ... --upstream 'ones(2)'"),
    ],
)  # fmt: skip
def test_errors_name_arguments_and_no_options(ask, words):
    """Only whole commands stay what they are."""
    with pytest.raises(gradcli.GradError) as raised:
        ask()
    text = str(raised.value)
    assert words in text
    assert all("--" not in line or "gradcli " in line for line in text.split("\n"))


@pytest.mark.parametrize(
    ("ask", "hint"),
    [
        (lambda: gradcli.diff("x^3", ordr=2), "did you mean the argument order?"),
        (lambda: gradcli.grad("x^2", x=1, moed="forward"), "did you mean the argument mode?"),
        (lambda: gradcli.grad("x^2", x=1, order=2), "grad has no argument order"),
        (lambda: gradcli.diff("x^2", mode="forward"), "diff has no argument mode"),
        (lambda: gradcli.explain("x", x=1, elemnt=3), "did you mean the argument element?"),
    ],
)
def test_a_misspelt_argument_is_not_taken_for_a_variable(ask, hint):
    """Unless a variable has that name."""
    with pytest.raises(gradcli.GradError) as raised:
        ask()
    assert raised.value.hint == hint
    assert gradcli.diff("x*ordr", ordr=2, x=1).values == {"x": 2.0, "ordr": 1.0}
    assert gradcli.diff("x^3", z=2).notes == ["z: does not occur in the program"]
    assert gradcli.grad("x", x=1, at={"ordr": 3}).notes == ["ordr: does not occur in the program, so its gradient is 0"]


def test_a_function_of_the_face_shows_its_signature():
    """For help(), and for the completion of a notebook."""
    import inspect

    for name in ("grad", "diff", "hvp", "compare"):
        function = getattr(gradcli, name)
        assert "wrt" in inspect.signature(function).parameters and function.__name__ == name and function.__doc__


def test_code_is_a_text_that_runs():
    """The same that the command prints."""
    found = gradcli.code("x*y + sin(x)", x=2, y=3)
    space = {"__name__": "taken"}
    exec(str(found), space)  # noqa: S102  # it is ours
    value, gradients = space["value_and_gradients"](2.0, 3.0)
    answer = gradcli.grad("x*y + sin(x)", x=2, y=3)
    assert (value, dict(zip("xy", gradients, strict=True))) == (answer.value, answer.gradients)
    assert found.text == run("code", "x*y + sin(x)", "x=2", "y=3").out
    assert repr(gradcli.code("x")) == f"<program flat python, {gradcli.code('x').text.count(chr(10))} lines>"


def test_a_picture_shows_itself():
    """In every format that is a text, as the command writes it."""
    found = gradcli.picture("x*y", x=2, y=3)
    for text, kind in ((found.svg(), "svg"), (found.dot(), "dot"), (found.mermaid(), "mmd")):
        assert text == run("graph", "x*y", "x=2", "y=3", "--format", kind).out
    assert (found._repr_svg_(), found.gradients) == (found.svg(), {"x": 3.0, "y": 2.0})
