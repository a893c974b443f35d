"""The lesson on Jacobians: matrices with their structure, the products in their place, true at any width."""

import re

import pytest
from running import run

RELU = ["relu(x)", "x=[1,-2,3,-1]"]
PRODUCT = ["X@W", "X=[[1,2,3],[4,5,6]]", "W=[[1,2,3,4],[5,6,7,8],[9,1,2,3]]"]
PROGRAMS = [
    RELU,
    [*RELU, "--upstream", "[4,-1,5,9]"],
    PRODUCT,
    [*PRODUCT, "--mode", "forward", "--upstream", "[[1,0,0,0.5],[0,1/3,0,0]]"],
    ["sum(x*y)", "x=[1,2]", "y=[3,4]"],
    ["softmax(x)", "x=[1,2,3]", "--upstream", "[1,0,-1e-9]"],
    ["x[1:3]", "x=[1,2,3,4]"],
    ["W.T", "W=[[1,2,3],[4,5,6]]"],
    ["A@x", "A=[[1,0],[0,1]]", "x=[1/3,4e20]"],
    ["outer(a, b)", "a=[1,2]", "b=[3,4,5]"],
    ["tanh(x)*x/7", "x=[0.1,-2e-5,3e8]", "--upstream", "[1/3,1,1e-300]"],
    ["sqrt(x)", "x=[-1,0,4]", "--upstream", "[1,1,1]"],
    ["relu(X@W+b)", "--example", "X:2x3,W:3x2,b:2"],
    ["inv(A)@x", "A=[[2,1],[1,3]]", "x=[1,2]"],
    ["x*y + sin(x)", "x=2", "y=3", "--upstream", "2"],
    ["sin(X)@W", "--example", "X:10x10,W:10x10"],
    ["x*2", "x=[1,2]", "unused=[3,4]"],
    ["a_rather_long_name*another_long_name", "a_rather_long_name=[1,2,3]", "another_long_name=0.123456789"],
    ["ones(2)"],
    ["3"],
]  # fmt: skip


def drawn(*words: str, columns: int = 80, **env: str) -> str:
    code, out, err = run("jacobian", *words, env={"COLUMNS": str(columns), **env})
    assert (code, err) == (0, "")
    return out


def test_relu_is_diagonal_and_multiplies_element_by_element():
    """The matrix with its structure, upstream × local = downstream beside it, what it saves, and the vector."""
    assert drawn(*RELU, "--upstream", "[4,-1,5,9]") == """\
f = relu(x)   auto

∂f/∂x   4×4, diagonal: f[i] depends on x[i] alone
      x[0]  x[1]  x[2]  x[3]    upstream × local = downstream
f[0]    1     ·     ·     ·         4    ×   1   =     4       passes
f[1]    ·     0     ·     ·        -1    ×   0   =     0       blocks
f[2]    ·     ·     1     ·         5    ×   1   =     5       passes
f[3]    ·     ·     ·     0         9    ×   0   =     0       blocks
· no path: 0 whatever the values are; a 0 was computed

made by  4 reverse passes, one for each of the 4 elements of f; forward mode
         would take as many

instead of the matrix, one backward pass:
flow   product             numbers  bytes  multiplications
──────────────────────────────────────────────────────────
f → x  upstream * (x > 0)        4     32                4
╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
dense  upstream @ ∂f/∂x         16    128               16
saved    12 of 16 numbers (96 of 128 bytes) and 12 of 16 multiplications

f              = [1, 0, 3, 0]
upstream       = [4, -1, 5, 9]
upstream·∂f/∂x = [4, 0, 5, 0]
"""


def test_a_product_of_matrices_has_a_matrix_by_each():
    """Wide ones go on below; what a backward pass does is upstream @ W.T and X.T @ upstream."""
    out = drawn(*PRODUCT)
    assert """\
∂f/∂X   8×6, block diagonal, 2 blocks of 4×3: f[i,j] depends on X[i,:] alone
        X[0,0]  X[0,1]  X[0,2]  X[1,0]  X[1,1]  X[1,2]
f[0,0]     1       5       9       ·       ·       ·
f[0,1]     2       6       1       ·       ·       ·
f[0,2]     3       7       2       ·       ·       ·
f[0,3]     4       8       3       ·       ·       ·
f[1,0]     ·       ·       ·       1       5       9
f[1,1]     ·       ·       ·       2       6       1
f[1,2]     ·       ·       ·       3       7       2
f[1,3]     ·       ·       ·       4       8       3

∂f/∂W   8×12, one column each: f[i,j] depends on W[:,j] alone
        W[0,0]  W[0,1]  W[0,2]  W[0,3]  W[1,0]  W[1,1]  W[1,2]  W[1,3]  W[2,0]
f[0,0]     1       ·       ·       ·       2       ·       ·       ·       3
""" in out
    assert """
        W[2,1]  W[2,2]  W[2,3]
f[0,0]     ·       ·       ·
f[0,1]     3       ·       ·
""" in out
    assert """
instead of the matrices, one backward pass:
flow       product                  numbers  bytes  multiplications
───────────────────────────────────────────────────────────────────
f → X      upstream @ W.T                12     96               24
f → W      X.T @ upstream                 6     48               24
╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
all flows  one backward pass             18    144               48
dense      upstream @ ∂f/∂X, ∂f/∂W      144  1,152              144
saved    126 of 144 numbers (1,008 of 1,152 bytes) and 96 of 144 multiplications
""" in out
    assert "made by  8 reverse passes, one for each of the 8 elements of f; forward mode\n" in out


def test_a_scalar_of_scalars_is_one_row():
    """A column a name; nothing takes the place of one row."""
    assert drawn("x*y + sin(x)", "x=2", "y=3", "--upstream", "2") == """\
f = x*y + sin(x)   auto

∂f   1×2, one row: f is a scalar, so its Jacobian is its gradient, laid flat
         x  y
f  2.58385  2

made by  1 reverse pass, for the one element of f; forward mode would take 2

f              = 6.9093
upstream       = 2
upstream·∂f/∂x = 5.16771
upstream·∂f/∂y = 4
"""


def test_a_large_matrix_is_a_corner_and_what_is_true_of_all_of_it():
    """As many columns as stand side by side; --full has every entry."""
    out = drawn("exp(x)*0 + x*2", "x=ones(50)")
    assert """\
∂f/∂x   50×50, diagonal: f[i] depends on x[i] alone
      x[0]  x[1]  x[2]  x[3]  x[4]  x[5]
f[0]    2     ·     ·     ·     ·     ·
""" in out
    assert "… 44 more rows and 44 more columns (--full shows all)\n" in out
    assert "all 2,500 entries: min 0, mean 0.04, max 2; 2,450 have no path\n" in out
    assert "x[49]" in drawn("exp(x)*0 + x*2", "x=ones(50)", "--full")


def test_a_mode_that_was_asked_for_is_said():
    """With what the other one would take."""
    out = drawn("A@x", "A=[[1,2],[3,4]]", "x=[1,1]", "--wrt", "A", "--mode", "forward", columns=200)
    assert (
        "made by  4 forward passes, one for each of the 4 input elements (--mode); reverse mode would take 2\n" in out
    )


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0])
@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(words, columns):
    """Names and numbers stay whole: where a column is wider than that, it stands alone."""
    if words[0].startswith("a_rather") and columns < 60:
        pytest.skip("one name is as wide as the terminal")
    assert [line for line in drawn(*words, columns=columns).splitlines() if len(line) > columns] == []


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0])
def test_ascii_has_the_same_lines(words):
    """Other signs, the same numbers in the same order."""
    wide, plain = drawn(*words), drawn(*words, TERM="dumb")
    assert plain.isascii()
    numbers = re.compile(r"-?\d[\d.,e+-]*")
    assert numbers.findall(plain.replace("...", "").replace("->", " ")) == numbers.findall(wide.replace("…", ""))


def test_structure_is_dim_and_a_computed_zero_is_not():
    """They differ in print, and in colour, too."""
    out = drawn(*RELU, FORCE_COLOR="1")
    assert "\x1b[1mf[1]\x1b[0m    \x1b[2m·\x1b[0m     \x1b[36m0\x1b[0m     \x1b[2m·     ·\x1b[0m\n" in out
    assert "\x1b" not in drawn(*RELU, NO_COLOR="1", FORCE_COLOR="1")


EQUATION = re.compile(r"(\S+) +× +(\S+) += +(\S+) +(?:passes|blocks|scales)(, closed)?")


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0])
@pytest.mark.parametrize("columns", [40, 80])
def test_every_printed_product_is_true(words, columns):
    """upstream × local = downstream holds for the printed numbers, to a unit of the last printed digit or so."""
    for above, local, below, closed in EQUATION.findall(drawn(*words, columns=columns)):
        product, found = float(above) * float(local), float(below)
        assert closed or product == pytest.approx(found, rel=2e-5, nan_ok=True), (above, local, below)


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0])
def test_what_is_saved_adds_up(words):
    """The row of all flows is their sum, eight bytes a number, and the last line the difference to the dense one."""
    lines = drawn(*words, columns=200).splitlines()
    rows = {}
    for line in lines:
        found = re.fullmatch(r"(.*?)  +.*?  +([\d,]+)  +([\d,]+)(?:  +([\d,]+))?", line)
        if found and ("→" in line or line.startswith(("all flows", "dense"))):
            rows[found[1]] = [int(text.replace(",", "")) if text else None for text in found.groups()[1:]]
    if "dense" not in rows:
        return
    dense, flows = rows.pop("dense"), rows.pop("all flows", None)
    total = flows or next(iter(rows.values()))
    if flows:
        assert [sum(column) for column in zip(*rows.values(), strict=True)][:2] == total[:2]
    assert total[1] == 8 * total[0]
    saved = next(line for line in lines if line.startswith("saved"))
    if total[0] < dense[0]:
        assert f"{dense[0] - total[0]:,} of {dense[0]:,} numbers" in saved
    if total[2] is not None and total[2] < dense[2]:
        assert f"{dense[2] - total[2]:,} of {dense[2]:,} multiplications" in saved
