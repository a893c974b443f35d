"""Hessians as they are drawn: names on both sides, zeros by structure, eigenvalues, a verdict; at any width."""

import re

import pytest
from running import run

from gradcli.autodiff.hessians import Hessian
from gradcli.questions import Options
from gradcli.questions.hessians import dense

ROSENBROCK = ["(1 - x)^2 + 100*(y - x^2)^2", "x=-1.2", "y=1"]
NETWORK = ["sum((relu(X@W) - 1)^2)/2 + c*sum(W)", "--example", "X:2x3,W:3x2,c", "--wrt", "W,c"]
VALLEY = ["sum(100*(x[1:] - x[:99]^2)^2 + (1 - x[:99])^2)", "x=linspace(0, 2, 100)"]
MANY = ["+".join(f"x{i}^2*x{(i + 1) % 30}" for i in range(30)), *(f"x{i}={i}" for i in range(30))]
PROGRAMS = [
    ROSENBROCK, NETWORK, VALLEY, MANY,
    ["x^3 - 3*x*y^2", "x=0", "y=0"],
    ["where(x > 0, x*y, 0) + z", "x=2", "y=3", "z=1"],
    ["log(x)*y", "x=-1", "y=2"],
    ["xlogy(x, y)", "x=0", "y=0"],
    ["elu(x)*y", "x=0", "y=1"],
    ["x*2", "x=1", "unused=[1,2]"],
    ["a_rather_long_name^2*another_long_name", "a_rather_long_name=1.23456789", "another_long_name=1e-300"],
    ["dot(x, A@x)", "A=[[2,1],[1,3]]", "x=[1,2]"],
    ["3"],
]  # fmt: skip


def drawn(*words: str, columns: int = 80, **env: str) -> str:
    code, out, err = run("hessian", *words, env={"COLUMNS": str(columns), **env})
    assert (code, err) == (0, "")
    return out


def test_scalars_have_the_gradient_above_and_the_eigenvalues_beside():
    assert drawn(*ROSENBROCK) == """\
f = (1 - x)^2 + 100*(y - x^2)^2   auto

         by x  by y
f      -215.6   -88
∂f/∂x  1330     480    eigenvalues
∂f/∂y   480     200    23.633, 1506.37

verdict  positive definite: f curves up in every direction; an eigenvalue within
         5.4e-12 of 0 counts as 0

made by  forward over reverse: one backward pass, through which 2 tangents are
         carried at once, each only along its paths

f = 24.2
"""


def test_digits_are_those_that_are_asked_for():
    assert "23.63, 1506\n" in drawn(*ROSENBROCK, "--digits", "4")


def test_arrays_are_blocks_with_their_structure():
    """Blocks on the diagonal and above; how the others follow is said."""
    assert drawn("dot(x, A@x)*c", "A=[[2,1],[1,3]]", "x=[1,2]", "c=1", "--wrt", "x,c") == """\
f = dot(x, A@x)*c   auto

∂f/∂x = [8, 14]
∂f/∂c = 18

∂²f/∂x∂x   2×2, dense: every element of ∂f/∂x depends on every element of x
      x[0]  x[1]
x[0]    4     2
x[1]    2     6

∂²f/∂x∂c   2×1, one column
       c
x[0]   8
x[1]  14

∂²f/∂c∂c   1×1, zero: no path leads from c to ∂f/∂c

∂²f/∂c∂x is ∂²f/∂x∂c transposed, exactly; --json has every block
· no path: 0 whatever the values are

eigenvalues  -12.9101, 2.76899, 20.1411
verdict  indefinite: f curves up in some directions and down in others; an
         eigenvalue within 1.1e-13 of 0 counts as 0

made by  forward over reverse: 3 forward passes through the adjoint lines

f = 18
"""


def test_a_large_block_is_folded_to_its_corner():
    """With numbers about all of it; --full draws every entry."""
    found = drawn(*VALLEY)
    assert "∂²f/∂x∂x   100×100, sparse, 298 of 10,000 entries have a path\n" in found
    assert "… 94 more rows and 94 more columns (--full shows all)\n" in found
    assert "made by  forward over reverse: 3 forward passes through the adjoint lines, for\n" in found
    assert "x[99]" not in found
    assert re.search(r"^x\[99\] .* 200$", drawn(*VALLEY, "--full", columns=2000), re.M)


def test_many_scalars_are_folded_too():
    found = drawn(*MANY)
    assert "… 24 more rows and 24 more columns (--full shows all)\n" in found
    assert "x29" not in found.partition("\n\n")[2].partition("verdict")[0]


def test_the_pattern_tells_zeros_by_structure_from_computed_ones():
    assert drawn("x*y^2 + w*floor(z)", "x=2", "y=0", "w=1", "z=1.5", "--sparsity") == """\
f = x*y^2 + w*floor(z)   auto

x  · 0 · ·
y  0 x · ·
w  · · · ·
z  · · · ·

x not 0   0 computed as 0   · no path: 0 whatever the values are

1 of 16 entries is not 0 (6.2 %), 2 with a path were computed as 0, 13 have no
  path; at most 2 in a row; all within 1 of the diagonal: tridiagonal

made by  forward over reverse: one backward pass, through which 4 tangents are
         carried at once, each only along its paths

f = 1

note  v3 = floor(z): a dead gate: its derivative is 0 wherever there is one
"""


def test_a_large_pattern_is_drawn_to_a_scale():
    found = drawn(*VALLEY, "--sparsity")
    assert "a sign stands for 3×3 entries: x one of them is not 0" in found
    assert "296 of 10,000 entries are not 0 (3 %), 2 with a path were computed as 0, 9,702\n" in found
    assert max(map(len, found.splitlines())) <= 80


@pytest.mark.parametrize(("words", "says"), [
    (["x^2 + y^2", "x=0", "y=0"], "positive definite: the gradient is 0, so this is a minimum;"),
    (["-x^2 - y^2", "x=0", "y=0"], "negative definite: the gradient is 0, so this is a maximum;"),
    (["x*y", "x=0", "y=0"], "indefinite: the gradient is 0, so this is a saddle point;"),
    (["x^2 + y^4", "x=0", "y=0"], "positive semidefinite to rounding: the gradient is 0, and in 1 direction"),
    (["(x + y)^2", "x=1", "y=0"], "positive semidefinite to rounding: f curves up in some directions,"),
    (["2*x + y", "x=1", "y=0"], "zero: f does not curve here, to second order"),
    (["x^4 + y^4", "x=0", "y=0"],
     "zero: f does not curve here, to second order; the gradient is 0, and the second order does not decide"),
    (["sqrt(x)", "x=0"], "not finite, so nothing is said about how it curves"),
])  # fmt: skip
def test_the_verdict(words, says):
    """Decided by eigenvalues, with the bound below which one counts as 0."""
    assert f"verdict  {says}" in " ".join(drawn(*words, columns=400).split(" "))


def test_a_matrix_that_is_not_symmetric_has_no_eigenvalues():
    """It is not made symmetric in silence."""
    found = dense("x*y + x^2", {"x": 1.0, "y": 2.0}, Options())
    found._hessian = Hessian([{0: 2.0, 1: 1.0}, {0: 0.5}], lambda: [3, 1])
    assert found.verdict().startswith("not symmetric: two entries across the diagonal differ by 0.5,")
    assert found.eigenvalues() is None


def test_what_is_a_convention_is_a_note():
    jump = "note  f = elu(x): its second derivative jumps here and is taken as 1; the one-sided ones are 1 and 0\n"
    assert jump in drawn("elu(x)", "x=0", columns=200)
    assert "note  f = x^1.5: its second derivative is inf here" in drawn("x^1.5", "x=0")
    assert "note  v1 = relu(x): kink at 0" in drawn("relu(x)^2", "x=0")
    assert "note" not in drawn("x^3", "x=0")


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0][:30])
@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("sparsity", [False, True])
def test_it_fits_every_width(words, columns, sparsity):
    found = drawn(*words, *["--sparsity"] * sparsity, columns=columns)
    assert max(map(len, found.splitlines())) <= columns
    assert not re.search(r"[ \t]$", found, re.M)


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0][:30])
def test_an_ascii_terminal_gets_ascii(words):
    for more in ([], ["--sparsity"]):
        assert drawn(*words, *more, TERM="dumb").isascii()
