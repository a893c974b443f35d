"""hessian and hvp: what they print, what they are told, and what is wrong with it."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from running import run, surroundings
from test_schema import check

import gradcli

ROSENBROCK = ["(1 - x)^2 + 100*(y - x^2)^2", "x=-1.2", "y=1"]


def said(*words):
    """What a command prints as JSON, which is what the schema says."""
    code, out, err = run(*words, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    check(found, words[0])
    return found


def test_a_hessian_is_by_two_names():
    found = said("hessian", *ROSENBROCK)
    assert found["hessian"] == {"x": {"x": 1330.0, "y": 480.0}, "y": {"x": 480.0, "y": 200.0}}
    assert found["gradients"] == pytest.approx({"x": -215.6, "y": -88.0}, rel=1e-14)
    assert found["value"] == pytest.approx(24.2, rel=1e-14)


def test_blocks_have_the_axes_of_both_names():
    """Those of the first name first; a scalar has none."""
    found = said("hessian", "sum((X@w)^2)*c", "--example", "X:2x3,w:3,c")["hessian"]
    shapes = {(a, b): np.shape(block) for a, row in found.items() for b, block in row.items()}
    assert shapes["X", "w"] == (2, 3, 3) and shapes["w", "X"] == (3, 2, 3) and shapes["X", "X"] == (2, 3, 2, 3)
    assert shapes["c", "c"] == () and shapes["c", "w"] == (3,)
    np.testing.assert_array_equal(found["X"]["w"], np.transpose(found["w"]["X"], (1, 2, 0)))


def test_names_of_wrt_alone():
    assert said("hessian", "x^2*y*z", "x=1", "y=2", "z=3", "--wrt", "y,x")["hessian"] == {
        "y": {"y": 0.0, "x": 6.0}, "x": {"y": 6.0, "x": 12.0}
    }  # fmt: skip


def test_a_name_that_does_not_occur_has_zeros():
    found = said("hessian", "x^2", "x=1", "b=[1,2]")
    assert found["hessian"]["x"]["x"] == 2.0
    assert not np.any(found["hessian"]["x"]["b"]) and not np.any(found["hessian"]["b"]["b"])
    assert [note["kind"] for note in found["notes"]] == ["unused"]
    found = said("hessian", "sum(x^2)", "x=[1,2]", "b=[1,2,3]")
    assert np.shape(found["hessian"]["b"]["x"]) == (3, 2) and not np.any(found["hessian"]["b"]["x"])


def test_the_pattern_in_json():
    assert said("hessian", "x*y^2 + w*floor(z)", "x=2", "y=0", "w=1", "z=1.5", "--sparsity")["sparsity"] == {
        "entries": 16, "paths": 3, "nonzeros": 1, "bandwidth": 1, "rows": [[1], [0, 1], [], []],
    }  # fmt: skip


@pytest.mark.parametrize("mode", ["forward-over-reverse", "reverse-over-reverse"])
def test_hvp_prints_how_the_gradient_moves(mode):
    """A name a line, so that awk and pasting work; a name that is not given stands still."""
    words = ["hvp", "x^2*y", "x=3", "y=-2", "--mode", mode, "--along"]
    assert run(*words, "x=1") == (0, "f        = -18\nd(∂f/∂x) = -4\nd(∂f/∂y) =  6\n", "")
    found = said("hvp", "x^2*y", "x=3", "y=-2", "--mode", mode, "--along", "y=1,x=2")
    assert found["hvp"] == {"x": -2.0, "y": 12.0}
    assert found["along"] == {"x": 2.0, "y": 1.0}
    assert found["mode"] == mode
    assert run(*words, "x=1", "--wrt", "y").out == "f        = -18\nd(∂f/∂y) =  6\n"


def test_hvp_takes_directions_of_arrays_and_files(tmp_path):
    np.save(tmp_path / "d.npy", np.array([1.0, -1.0]))
    along = f"x=@{tmp_path / 'd.npy'}"
    assert run("hvp", "sum(x^3)", "x=[1,2]", "--along", along).out == "f        = 9\nd(∂f/∂x) = [6, -12]\n"


def test_hvp_in_ascii():
    assert run("hvp", "x^2", "x=3", "--along", "x=1", encoding="ascii").out == "f        = 9\nd(df/dx) = 2\n"


@pytest.mark.parametrize(
    ("words", "block"),
    [
        (["hvp", "x^2", "x=1"], "error: no direction given\n  add --along: write names and how they move, as in "
                                "--along 'x=1,W=ones(2, 3)'\n"),
        (["hvp", "x^2", "x=1", "--along", "q=1"],
         "error: 'q' does not occur in the program\n  q=1\n  ^\n  its names are x\n"),
        (["hvp", "sum(x^2)", "x=[1,2]", "--along", "x=1"],
         "error: the tangent of 'x' is [], and x is [2]\n  x=1\n  ^\n"
         "  each element moves by a number of its own, as in --along 'x=ones(2)'\n"),
        (["hvp", "x^2", "x=1", "--along", "x=1", "--mode", "reverse"],
         "error: --mode has to be one of forward-over-reverse, reverse-over-reverse; 'reverse' given\n"
             "  --mode reverse belongs to grad, explain, jacobian, graph and batch\n"),
        (["hessian", "x*2", "x=[1,2]"],
         "error: a Hessian is of a scalar, and the result is [2]\n  x*2\n  ^^^\n"
         "  write one of these, with the same values:\n"
         "  gradcli hessian 'sum(x*2)' ...  of the sum of its elements\n"
         "  gradcli hessian '(x*2)[0]' ...  of one element\n"
         "  gradcli jacobian 'x*2' ...      first derivatives, of every element\n"),
        (["hessian", "x^2"], "error: no value for 'x'\n  x^2\n  ^\n  add x=..., or --example auto\n"),
        (["hessian", "max(x, y)^2", "x=1", "y=1", "--ties", "error"],
         "error: tie at v1 = max(x, y): its operands are equal, 1\n  max(x, y)^2\n  ^^^^^^^^^\n"
         "  --ties split shares the gradient, --ties first gives it to the first\n"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(words, block):
    """One block on standard error, nothing on standard output, the code of wrong input."""
    assert run(*words) == (2, "", block)


def test_a_hessian_that_is_too_large():
    code, out, err = run("hessian", "sum(x^2)", "x=zeros(1001)")
    assert (code, out) == (2, "")
    assert err.startswith("error: the Hessian is 1,001×1,001: 1,002,001 entries, 7.64 MiB; ")
    assert "gradcli hvp" in err and "--full" in err
    assert run("hessian", "sum(x^2)", "x=zeros(1001)", "--full", "--json")[0] == 0


def test_ties_and_zeros_are_options():
    words = ["hessian", "max(x, y)*x", "x=1", "y=1", "--json"]
    split, first = (json.loads(run(*words, *more).out)["hessian"] for more in ([], ["--ties", "first"]))
    assert split == {"x": {"x": 1.0, "y": 0.5}, "y": {"x": 0.5, "y": 0.0}}
    assert first == {"x": {"x": 2.0, "y": 0.0}, "y": {"x": 0.0, "y": 0.0}}
    naive = ["hessian", "1/(1+exp(-x))", "x=-800", "--decomposition", "naive", "--json"]
    assert json.loads(run(*naive).out)["hessian"]["x"]["x"] == "NaN"
    assert json.loads(run(*naive, "--zero", "strong").out)["hessian"]["x"]["x"] == 0.0


# From Python


def test_the_python_face_has_the_hessian():
    found = gradcli.hessian("(1 - x)^2 + 100*(y - x^2)^2", x=-1.2, y=1)
    assert found.hessian == {"x": {"x": 1330.0, "y": 480.0}, "y": {"x": 480.0, "y": 200.0}}
    assert found.matrix == [[1330.0, 480.0], [480.0, 200.0]]
    assert found.eigenvalues == pytest.approx([23.633019348716886, 1506.366980651283], rel=1e-14)
    assert found.verdict.startswith("positive definite")
    assert found.gradients == pytest.approx({"x": -215.6, "y": -88.0})
    assert str(found).splitlines()[2:5] == [
        "         by x  by y", "f      -215.6   -88", "∂f/∂x  1330     480    eigenvalues"
    ]  # fmt: skip
    assert repr(found) == "<hessian of 2×2 by x, y>"
    assert "<pre" in found._repr_html_()
    assert "tridiagonal" in found.text(sparsity=True)


def test_arrays_from_python():
    found = gradcli.hessian("sum(x^3)", x=[1, 2])
    np.testing.assert_array_equal(found.hessian["x"]["x"], [[6, 0], [0, 12]])
    assert type(found.hessian["x"]["x"]) is type(found.matrix) is np.ndarray


@pytest.mark.parametrize("along", [{"x": 1, "y": 2}, "x=1, y=2"])
def test_the_python_face_has_the_product(along):
    for mode in ("forward-over-reverse", "reverse-over-reverse"):
        found = gradcli.hvp("x^2*y", along=along, x=3, y=2, mode=mode)
        assert found.hvp == {"x": 16.0, "y": 6.0}
        assert (found.value, found.gradients) == (18.0, {"x": 12.0, "y": 9.0})
        assert str(found) == "f        = 18\nd(∂f/∂x) = 16\nd(∂f/∂y) = 6"
        assert repr(found) == "<hvp value=18.0, hvp={'x': 16.0, 'y': 6.0}>"


def test_a_mode_that_is_none_is_refused():
    with pytest.raises(gradcli.GradError, match="mode has to be one of forward-over-reverse, reverse-over-reverse"):
        gradcli.hvp("x^2", along={"x": 1}, x=1, mode="sideways")


def test_scalars_need_neither_numpy_nor_typing():
    """The matrix, its product, and what they print."""
    code = (
        "import gradcli, sys; a = gradcli.hvp('x*y', along={'x': 1}, x=2, y=3); str(a), a.as_json();"
        "gradcli.hessian('x*y', x=2, y=3).as_json(); print({'numpy', 'rich', 'typing', 'difflib'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=surroundings(), check=True)
    assert done.stdout == "set()\n"


def test_the_ways_out_work_as_printed():
    """Each command that the error for an array proposes has an answer."""
    ways = re.findall(r"gradcli (\w+) '(.*)' \.\.\.", run("hessian", "x*y", "x=[1,2]", "y=3").err)
    assert len(ways) == 3
    for command, text in ways:
        assert run(command, text, "x=[1,2]", "y=3")[0] == 0
