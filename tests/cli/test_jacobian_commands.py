"""vjp, jvp and jacobian: what they print, what they are told, and what is wrong with it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from running import run
from test_schema import check

import gradcli

X, W = "X=[[1,2],[3,4]]", "W=[[1,0,2],[0,1,3]]"


def test_vjp_prints_the_value_and_a_product_a_name():
    """In the shapes of the names, so that awk and pasting work."""
    assert run("vjp", "X@W", X, W, "--upstream", "ones(2, 3)") == (
        0,
        "f       = [[1, 2, 8], [3, 4, 18]]\n"
        "U·∂f/∂X = [[3, 4], [3, 4]]\n"
        "U·∂f/∂W = [[4, 4, 4], [6, 6, 6]]\n",
        "",
    )


def test_jvp_prints_how_the_value_moves():
    """A name that is not given stands still."""
    assert run("jvp", "X@W", X, W, "--along", "X=[[1,0],[0,0]]") == (
        0, "f  = [[1, 2, 8], [3, 4, 18]]\ndf = [[1, 0, 2], [0, 0, 0]]\n", ""
    )  # fmt: skip
    both = "X=[[1,0],[0,0]], W=ones(2, 3)"
    assert run("jvp", "X@W", X, W, "--along", both).out.endswith("df = [[4, 3, 5], [7, 7, 7]]\n")


def test_scalars_have_products_too():
    """An upstream gradient of a scalar is 1 where it is left out."""
    assert run("vjp", "x*y", "x=2", "y=3").out == "f       = 6\nU·∂f/∂x = 3\nU·∂f/∂y = 2\n"
    assert run("vjp", "x*y", "x=2", "y=3", "--upstream", "-2*3").out == "f       =  6\nU·∂f/∂x = -18\nU·∂f/∂y = -12\n"
    assert run("vjp", "x*y", "x=2", "y=3", "--wrt", "y").out == "f       = 6\nU·∂f/∂y = 2\n"
    assert run("jvp", "x*y", "x=2", "y=3", "--along", "x=1,y=-1").out == "f  = 6\ndf = 1\n"
    assert run("jvp", "sin(x)", "x=0", "--along", "x=pi").out == "f  = 0\ndf = 3.141592653589793\n"


def test_a_product_of_matrices_by_hand():
    """X @ W with the numbers of a lecture: dX = upstream @ W.T, dW = X.T @ upstream, by every command."""
    words = ["X@W", "X=[[2,1,-3],[-3,4,2]]", "W=[[3,2,1,-1],[2,1,3,2],[3,2,1,-2]]"]
    upstream = "[[2,3,-3,9],[-8,1,4,6]]"
    by_x, by_w = [[0, 16, -9], [-24, 9, -30]], [[28, 3, -18, 0], [-30, 7, 13, 33], [-22, -7, 17, -15]]
    for command in ("vjp", "jacobian"):
        found = json.loads(run(command, *words, "--upstream", upstream, "--json").out)
        assert found["vjp"] == {"X": by_x, "W": by_w}
    found = json.loads(run("jacobian", *words, "--json").out)["jacobian"]
    assert np.tensordot([[2, 3, -3, 9], [-8, 1, 4, 6]], found["X"], 2).tolist() == by_x
    assert [row[0][0] for row in found["X"][0]] == [3, 2, 1, -1]  # the row of W
    weighed = ["sum(U*(X@W))", *words[1:], f"U={upstream}", "--wrt", "X,W"]
    assert json.loads(run("grad", *weighed, "--json").out)["gradients"] == {"X": by_x, "W": by_w}


def test_digits_and_ascii():
    """As in the other plain commands."""
    assert run("jvp", "x/3", "x=1", "--along", "x=1", "--digits", "3").out == "f  = 0.333\ndf = 0.333\n"
    assert run("vjp", "x*2", "x=1", env={"TERM": "dumb"}).out == "f       = 2\nU.df/dx = 2\n"


def test_scalars_need_no_numpy():
    """It is imported where an array appears."""
    code = (
        "import gradcli, sys; gradcli.vjp('x*y', x=2, y=3); gradcli.jvp('x*y', x=2, y=3, along={'x': 1}); "
        "gradcli.jacobian('x*y', x=2, y=3).as_json(); print('numpy' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


PROGRAMS = [
    (["x*y", "x=2", "y=3"], "2", "x=1,y=2"),
    (["x*y", "x=[1,2]", "y=[3,4]"], "[1, 1]", "x=[1,0],y=[0,1]"),
    (["X@W", X, W], "ones(2, 3)", "W=W".replace("=W", "=ones(2, 3)")),
    (["sqrt(x)", "x=[-1,4]"], "[1,1]", "x=[1,1]"),
    (["max(x, 2)", "x=[1,2,3]"], "ones(3)", "x=ones(3)"),
    (["1/x", "x=0"], "1", "x=1"),
    (["x", "x=1", "unused=[1,2]"], "1", "x=1"),
]


@pytest.mark.parametrize(("words", "upstream", "along"), PROGRAMS, ids=lambda part: str(part)[:20])
def test_json_is_what_the_schema_says(words, upstream, along):
    """Of each command; with an upstream gradient the Jacobian has its product, too."""
    for command in (
        ["vjp", *words, "--upstream", upstream],
        ["jvp", *words, "--along", along],
        ["jacobian", *words],
        ["jacobian", *words, "--upstream", upstream],
        ["jacobian", *words, "--mode", "forward"],
    ):
        code, out, err = run(*command, "--json")
        assert (code, err) == (0, "")
        check(json.loads(out), command[0])


def test_json_has_the_axes_of_the_value_first():
    """And everything that it was made of."""
    words = ["A@x", "A=[[1,2],[3,4],[5,6]]", "x=[1,1]", "--upstream", "[1,0,0]"]
    found = json.loads(run("jacobian", *words, "--json").out)
    assert np.shape(found["jacobian"]["A"]) == (3, 3, 2)
    assert found["jacobian"]["x"] == [[1, 2], [3, 4], [5, 6]]
    assert (found["shape"], found["mode"], found["upstream"]) == ([3], "reverse", [1, 0, 0])
    assert found["vjp"] == {"A": [[1, 1], [0, 0], [0, 0]], "x": [1, 2]}
    scalar = json.loads(run("jacobian", "x*y", "x=2", "y=3", "--json").out)
    assert (scalar["jacobian"], scalar["shape"]) == ({"x": 3.0, "y": 2.0}, [])


def test_the_ways_out_of_grad_work_as_printed():
    """The error that offers them says commands that can be pasted, with the same values."""
    _, _, err = run("grad", "x*2", "x=[1,2]")
    offered = [line.split("  ")[1] for line in err.splitlines() if line.startswith("  gradcli ")]
    assert offered == ["gradcli vjp 'x*2' ... --upstream 'ones(2)'", "gradcli jacobian 'x*2' ...",
                       "gradcli grad 'sum(x*2)' ..."]  # fmt: skip
    assert run("vjp", "x*2", "x=[1,2]", "--upstream", "ones(2)").code == 0
    assert run("jacobian", "x*2", "x=[1,2]").code == 0


@pytest.mark.parametrize(
    ("words", "block"),
    [
        (["vjp", "x", "x=[1,2]"],
         "error: no upstream gradient given, and the result is [2]\n"
         "  add --upstream 'ones(2)', or any other array of that shape\n"),
        (["vjp", "x", "x=[1,2]", "--upstream", "2"],
         "error: the upstream gradient is [], and the result is [2]\n"
         "  it has a number for each element of the result, as in --upstream 'ones(2)'\n"),
        (["jacobian", "x", "x=1", "--upstream", "[1]"],
         "error: the upstream gradient is [1], and the result is []\n"
         "  it has a number for each element of the result, as in --upstream '1'\n"),
        (["jvp", "x", "x=1"],
         "error: no direction given\n"
         "  add --along: write names and how they move, as in --along 'x=1,W=ones(2, 3)'\n"),
        (["jvp", "X@W", X, W, "--along", "W=ones(2,3),Xs=1"],
         "error: 'Xs' does not occur in the program\n"
         "  W=ones(2,3),Xs=1\n"
         "              ^^\n"
         "  did you mean 'X'?\n"),
        (["jvp", "X@W", X, W, "--along", "W=1, X=[1,2]"],
         "error: the tangent of 'W' is [], and W is [2,3]\n"
         "  W=1, X=[1,2]\n"
         "  ^\n"
         "  each element moves by a number of its own, as in --along 'W=ones(2, 3)'\n"),
        (["jvp", "x", "x=1", "--along", "x=[1,2"],
         "error: end found, ']' expected\n"
         "  x=[1,2\n"
         "    -   ^\n"
         "  '[' at column 3 is never closed\n"),
        (["jvp", "x", "x=1", "--along", "x"],
         "error: end found, '=' expected\n"
         "  x\n"
         "   ^\n"
         "  write names and how they move, as in --along 'x=1,W=ones(2, 3)'\n"),
        (["jvp", "x", "x=1", "--along", "x=1; 2"],
         "error: a direction is one list of NAME=VALUE\n"
         "  x=1; 2\n"
         "  ^^^^^^\n"
         "  write names and how they move, as in --along 'x=1,W=ones(2, 3)'\n"),
        (["jvp", "x", "x=1", "--along", "x=y"],
         "error: the value of 'x' has to be a number, and 'y' is none\n"
         "  x=y\n"
         "    ^\n"
         "  write a number or an expression of numbers such as -1, 1e-3 or pi/4 in place of y\n"),
        (["jvp", "x", "x=1", "--along", "x=1,x=2"],
         "error: 'x' gets a value twice\n"
         "  x=1,x=2\n"
         "      ^^^\n"
         "  keep one of the two\n"),
        (["jvp", "x", "x=1", "--along", ","],
         "error: --along has to be names and how they move, as in x=1,y=-2; ',' given\n"),
        (["jvp", "x", "x=1", "--wrt", "x"],
         "error: jvp has no option --wrt\n"
         "  it belongs to grad, explain, compare, vjp, jacobian, hessian, hvp, diff, code, graph, batch and map\n"),
        (["jacobian", "x*2", "x=ones(2000)"],
         "error: the Jacobian by x is 2,000×2,000: 4,000,000 entries, 30.5 MiB; the most is 1,000,000 entries\n"
         "  --full makes it all the same\n"
         "  gradcli vjp ... --upstream U and gradcli jvp ... --along x=DX take one pass each,\n"
         "  and never make the matrix\n"),
        (["jacobian", "sum(x)*ones(1000)@ones(1000)", "x=ones(1000000,2)"],
         "error: the Jacobian by x is 1×2,000,000: 2,000,000 entries, 15.3 MiB; the most is 1,000,000 entries\n"
         "  --full makes it all the same\n"
         "  gradcli vjp ... --upstream U and gradcli jvp ... --along x=DX take one pass each,\n"
         "  and never make the matrix\n"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(words, block):
    """One block on standard error, nothing on standard output, the code of wrong input."""
    assert run(*words) == (2, "", block)


def test_the_values_of_both_options_may_be_in_files(tmp_path, monkeypatch):
    """`@FILE`, as for NAME=VALUE; a comma in a name of a file ends nothing, unless NAME= follows."""
    monkeypatch.chdir(tmp_path)
    np.save("u.npy", np.array([1.0, 10.0]))
    np.save("d,x.npy", np.array([5.0, 7.0]))
    assert run("vjp", "x*y", "x=[1,2]", "y=3", "--upstream", "@u.npy").out.splitlines()[1] == "U·∂f/∂x = [3, 30]"
    out = run("jvp", "x*y", "x=[1,2]", "y=3", "--along", "x=@d,x.npy, y=1").out
    assert out.splitlines()[1] == "df = [16, 23]"
    _, _, err = run("jvp", "x", "x=[1,2]", "--along", "x=@nowhere.npy")
    assert err.splitlines()[:3] == [
        "error: cannot read 'nowhere.npy': no such file or directory", "  x=@nowhere.npy", "     ^^^^^^^^^^^",
    ]  # fmt: skip


def test_examples_reach_the_commands():
    """Names without a value get small whole numbers."""
    assert run("vjp", "X@W", "--example", "X:1x2,W:2x1", "--upstream", "[[1]]").code == 0
    assert run("jvp", "x*2", "--example", "x:2", "--along", "x=[1,1]").out.startswith("f  = [2, 4]\ndf = [2, 2]\n")


def test_python_says_the_same():
    """The text of the commands, their JSON, and numbers as floats and arrays."""
    found = gradcli.vjp("x*y", x=[1, 2], y=3, upstream="[1, 10]")
    words = ["x*y", "x=[1,2]", "y=3"]
    assert f"{found}\n" == run("vjp", *words, "--upstream", "[1, 10]").out
    assert f"{found.as_json()}\n" == run("vjp", *words, "--upstream", "[1, 10]", "--json").out
    assert found.vjp["x"].tolist() == [3, 30]
    assert found.vjp["y"] == 21.0
    moved = gradcli.jvp("x*y", x=[1, 2], y=3, along={"x": [1, 1], "y": 0.5})
    assert f"{moved}\n" == run("jvp", *words, "--along", "x=[1,1],y=0.5").out
    assert moved.jvp.tolist() == [3.5, 4.0]
    lesson = gradcli.jacobian("x*y", x=[1, 2], y=3)
    assert f"{lesson}\n" == run("jacobian", *words, env={"COLUMNS": "100"}).out
    assert f"{lesson.as_json()}\n" == run("jacobian", *words, "--json").out
    assert (moved.vjp, found.jvp) == ({}, None)
    assert gradcli.jvp("x*y", x=[1, 2], y=3, along="x=[1,1], y=1/2").jvp.tolist() == [3.5, 4.0]


def test_notes_that_warn_go_to_standard_error():
    """As they do for grad."""
    code, out, err = run("vjp", "x", "x=1", "z=2")
    assert (code, err) == (0, "note: z: does not occur in the program, so its gradient is 0\n")
    assert out == "x       = 1\nU·∂x/∂x = 1\nU·∂x/∂z = 0\n"
