"""A calculator says what one-off questions say, for every option that a line may have."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scalar_programs import ordinary, texts

from gradcli.batch.calculator import Calculator, members_of_order
from gradcli.batch.settings import Settings
from gradcli.batch.templates import PATIENCE, Kernels
from gradcli.errors import GradError
from gradcli.questions import Options, differentiated, evaluated
from gradcli.questions.hessians import dense
from gradcli.text import json_text

AT = {"x": 0.5, "y": -1.5}


def said(text):
    return json.loads("{" + text + "}")


def plain(notes):
    return [{"kind": note.kind, "line": note.line, "message": note.message} for note in notes]


@given(texts, ordinary, st.sampled_from(("reverse", "forward", "adjoint")), st.sampled_from(("auto", "typed", "naive")))
@settings(max_examples=100, deadline=None)
def test_value_gradients_and_notes_are_those_of_a_question(text, at, mode, decomposition):
    found = Calculator(Settings()).members(text, at, mode=mode, decomposition=decomposition)
    wanted = differentiated(text, at, Options(mode=mode, decomposition=decomposition)).as_object()
    wanted = {name: wanted[name] for name in ("value", "gradients", "notes") if wanted[name] or name != "notes"}
    assert "{" + found + "}" == json_text(wanted)


def test_order_0_is_the_value_alone():
    assert Calculator(Settings(order=0)).members("x*y", AT) == '"value":-0.75'
    assert said(Calculator(Settings(order=0)).members("log(y)", AT))["notes"] == plain(
        evaluated("log(y)", AT, Options()).notes
    )


def test_order_2_adds_the_hessian():
    report = dense("x^2*y", AT, Options()).as_object()
    found = said(Calculator(Settings(order=2)).members("x^2*y", AT))
    assert found == {name: report[name] for name in ("value", "gradients", "hessian")}


def test_order_n_adds_the_derivatives_by_each_name():
    """By each with the others held; a name that does not occur has zeros."""
    found = said(Calculator(Settings()).members("x^3*y", {**AT, "z": 1.0}, order=4))
    assert list(found) == ["value", "gradients", "hessian", "derivatives", "notes"]
    assert found["derivatives"] == {"x": [-1.125, -4.5, -9.0, 0.0], "y": [0.125, 0.0, 0.0, 0.0], "z": [0.0] * 4}


def test_the_derivatives_are_those_of_the_word_d():
    calculator = Calculator(Settings())
    found = said(calculator.members("sin(x)*exp(x^2)", {"x": 0.5}, order=6))["derivatives"]["x"]
    for n in (3, 4, 5, 6):
        word = said(calculator.members(f"d(sin(x)*exp(x^2), x, {n})", {"x": 0.5}, order=0))["value"]
        assert found[n - 1] == pytest.approx(word, rel=1e-12)


def test_a_line_says_otherwise_than_the_file():
    calculator = Calculator(Settings(wrt=["y"], order=2))
    assert said(calculator.members("x*y", AT, order=1))["gradients"] == {"y": 0.5}
    assert said(calculator.members("x*y", AT, ["x"], order=1))["gradients"] == {"x": -1.5}
    assert list(said(calculator.members("x*y", AT, ["x", "y"]))["hessian"]) == ["x", "y"]


def test_conventions_of_the_file_hold_for_every_line():
    assert said(Calculator(Settings(ties="first")).members("max(x, y)", {"x": 1.0, "y": 1.0}))["gradients"] == {
        "x": 1.0,
        "y": 0.0,
    }
    with pytest.raises(GradError, match="tie"):
        Calculator(Settings(ties="error")).members("max(x, y)", {"x": 1.0, "y": 1.0})


@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("text", ["x +", "q*x", "f(x)", "x at x=1, x=2", "W=@file.npy", "x*@a.npy"])
def test_what_is_wrong_is_said_as_by_a_question(text, order):
    with pytest.raises(GradError) as raised:
        Calculator(Settings(order=order)).members(text, AT)
    with pytest.raises(GradError) as wanted:
        members_of_order(order, text, AT, Options())
    assert vars(raised.value) == vars(wanted.value)


def test_arrays_are_answered_as_nested_lists():
    numpy = pytest.importorskip("numpy")
    given_ = {"W": numpy.array([[1.0, 2.0], [3.0, 4.0]]), "x": 2.0}
    found = said(Calculator(Settings()).members("sum(W*x)", given_))
    assert found == {"value": 20.0, "gradients": {"W": [[2.0, 2.0], [2.0, 2.0]], "x": 10.0}}
    second = said(Calculator(Settings(order=2)).members("sum(W*x)", given_))
    assert second["hessian"]["x"]["W"] == [[1.0, 1.0], [1.0, 1.0]]
    with pytest.raises(GradError, match="programs of scalars"):
        Calculator(Settings(order=3)).members("sum(W*x)", given_)


def test_a_kernel_is_asked_first_for_what_the_file_says():
    class Only:
        def members(self, source, given):
            return '"value":42.0' if source == "x" else None

    calculator = Calculator(Settings())
    calculator.kernels = Only()
    assert calculator.members("x", AT) == '"value":42.0'
    assert said(calculator.members("y", AT))["value"] == -1.5
    assert said(calculator.members("x", AT, ["y"]))["value"] == 0.5


@pytest.mark.parametrize("at_once", [1, 31, 32, 48])
def test_kernels_look_at_the_same_programs_in_blocks(at_once, monkeypatch):
    """Seldom where none was found for long, at all of them from the first that is found on."""
    sources = [*(f"x^{k}" for k in range(PATIENCE + 90)), *["x*y"] * 150, *(f"y^{k}" for k in range(60))]
    looked, find = [], Kernels._found

    def found(self, source, given):
        looked.append(source)
        return find(self, source, given) if source == "x*y" else None

    monkeypatch.setattr(Kernels, "_found", found)
    one, several = Kernels(Options(), often=1), Calculator(Settings())
    several.kernels = Kernels(Options(), often=1)
    for source in sources:
        one.members(source, AT)
    wanted, looked[:] = [*looked], []
    for place in range(0, len(sources), at_once):
        block = sources[place : place + at_once]
        several.several(block, [AT] * len(block))
    assert looked == wanted
    assert several.kernels.idle == one.idle
    assert "x*y" in looked
    assert PATIENCE < len(looked) < len(sources)
