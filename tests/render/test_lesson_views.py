"""Lessons as they are printed: a reader who has only the text checks every product and every sum."""

import re
from textwrap import dedent

import pytest
from running import run

import gradcli

LECTURE = [
    "X=[[2,1,-3],[-3,4,2]]", "W=[[3,2,1,-1],[2,1,3,2],[3,2,1,-2]]", "dY=[[2,3,-3,9],[-8,1,4,6]]",
]  # fmt: skip
NUMBER = r"-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf|nan)"
FACTOR = rf"(?:\({NUMBER}\)|{NUMBER})"
PROGRAMS = [
    ("sum(dY*(X@W))", "X:2x3,W:3x4", "X[0,0]"), ("norm(A@x-b)", "auto", "A[0,1]"), ("norm(A@x-b)", "auto", "x[1]"),
    ("sum(relu(X@W+b)^2)", "auto", "b[0]"), ("sum(relu(X@W+b)^2)", "auto", "W[1,2]"), ("mean(X*X)", "X:2x3", "X[0,1]"),
    ("sum(softmax(X/3)^2)", "X:2x3", "X[0,1]"), ("sum(inv(A))", "A:3x3", "A[0,1]"), ("std(x)", "x:7", "x[3]"),
    ("sum(exp(X@W/50))", "X:4x3,W:3x5", "W[1,2]"), ("sum(log((X@W)^2+1)/7)", "X:6x4,W:4x11", "X[2,2]"),
    ("sum((X@W)^2)", "X:40x50,W:50x30", "X[3,4]"), ("x*y + sin(x)", "auto", "x"), ("sum(X.T@X)/3", "X:2x3", "X[0,1]"),
    ("x[1]*x[2]/7", "x:3", "x[1]"), ("X@W", "auto", "X[1,1]"), ("sum(solve(A,b)^2)", "A:3x3,b:3", "b[1]"),
    ("sum(where(x>1, sqrt(x)/3, 0))", "x:4", "x[0]"), ("logsumexp(X/7)", "X:3x4", "X[2,3]"),
    ("det(A/3)", "A:3x3", "A[1,0]"),
]  # fmt: skip
CASES = pytest.mark.parametrize(("source", "example", "element"), PROGRAMS, ids=[f"{s} {e}" for s, _, e in PROGRAMS])


def taught(*words: str, width: int = 80, **env: str) -> str:
    code, out, err = run("explain", *words, env={"COLUMNS": str(width), **env})
    assert (code, err) == (0, "")
    return out


def test_the_lecture_as_it_is_printed():
    """One element by the numbers of a lecture, at a glance."""
    wanted = """\
        f = sum(dY*(X@W))   auto

        ∂f/∂X[0,0], step by step

        v1 = X@W
          X =  2  1  -3   W = 3  2  1  -1
              -3  4   2       2  1  3   2
                              3  2  1  -2
        1 which elements of v1 does X[0,0] reach?  v1[0,j] = X[0,0]*W[0,j] + …: row 0
        2 how strongly?       ∂v1/∂X[0,0] = 3  2  1  -1   = W[0,:]
                                            ·  ·  ·   ·   · not reached
        3 what comes down?       upstream =  2  3  -3  9
                                            -8  1   4  6
        4 multiply and add     ∂f/∂X[0,0] = 2*3 + 3*2 + (-3)*1 + 9*(-1) = 0
        5 all elements alike   ∂f/∂X[i,j] = upstream[i,:] · W[j,:]
                                    ∂f/∂X = upstream @ W.T =   0  16   -9
                                                             -24   9  -30
        """
    said = taught("sum(dY*(X@W))", *LECTURE, "--element", "X[0,0]")
    assert said == dedent(wanted)
    assert taught("sum(dY*(X@W))", *LECTURE, "--element", "X[0,0]", width=200) == said


def test_the_shapes_of_the_lecture_as_they_are_printed():
    """Two of eight ways multiply, and one fits."""
    wanted = """\
        f = sum(dY*(X@W))   auto

        v1 = X@W   [2,3] @ [3,4] = [2,4]

        ∂f/∂X has the shape of X, [2,3]; it is made of upstream = ∂f/∂v1, [2,4], and W,
          [3,4]
          upstream @ W.T    [2,4] @ [4,3] = [2,3]  fits
          W @ upstream.T    [3,4] @ [4,2] = [3,2]  multiplies, but is not [2,3]
          upstream @ W      [2,4] @ [3,4]          does not multiply: 4 is not 3
          upstream.T @ W    [4,2] @ [3,4]          does not multiply: 2 is not 3
          upstream.T @ W.T  [4,2] @ [4,3]          does not multiply: 2 is not 4
          W @ upstream      [3,4] @ [2,4]          does not multiply: 4 is not 2
          W.T @ upstream    [4,3] @ [2,4]          does not multiply: 3 is not 2
          W.T @ upstream.T  [4,3] @ [4,2]          does not multiply: 3 is not 4
          8 ways, 2 of them multiply, 1 fits, so ∂f/∂X = upstream @ W.T
          why: X[i,j] goes into v1[i,k] for every k, times W[j,k]; so its gradient is
               upstream[i,:] · W[j,:], and W[j,:] is column j of W.T
        """
    assert taught("sum(dY*(X@W))", *LECTURE, "--shapes", "--wrt", "X") == dedent(wanted)


def test_shapes_that_do_not_decide_as_they_are_printed():
    """It is said, with an example that decides, and which numbers are the gradient's."""
    said = taught("sum(c*(X@W))", "X=[[1,2],[3,4]]", "W=[[5,6],[7,8]]", "c=[[1,2],[3,5]]", "--shapes", "--wrt", "X")
    assert "  upstream @ W.T    [2,2] @ [2,2] = [2,2]  fits, and is the gradient\n" in said
    assert said.count("fits, but is not the gradient") == 7
    assert "8 ways, 8 of them multiply, 8 fit: the shapes do not decide. By the rule," in said
    assert "--example c:2,X:3x4,W:4x2, in place of the values, would decide" in " ".join(said.split())


@CASES
@pytest.mark.parametrize("digits", ["6", "3"])
def test_every_printed_product_and_sum_is_true(source: str, example: str, element: str, digits: str):
    """Multiplied and added again from the text, each sum is right to its last digit."""
    said = taught(source, "--example", example, "--element", element, "--digits", digits, width=100)
    sums = list(equations(said))
    assert sums
    for left, right in sums:
        if "…" in left:
            continue
        again, size = value_of(left)
        assert abs(again - float(right)) <= max(unit(right) * 1.0001, 1e-15 * size), (left, right)


@CASES
def test_the_last_sum_is_the_derivative(source: str, example: str, element: str):
    """What stands at the end is what the Python face says, rounded."""
    said = taught(source, "--example", example, "--element", element, "--digits", "9", width=100)
    lesson = gradcli.explain(source, example=example, element=element).as_object()["element"]
    *_, (_, last) = equations(said)
    assert float(last) == pytest.approx(lesson["derivative"], rel=1e-8)


@CASES
@pytest.mark.parametrize("width", [24, 40, 60, 79, 80, 132, 200])
def test_no_line_is_wider_than_the_terminal(source: str, example: str, element: str, width: int):
    """Every number whole, at any width: those of a wide page are on a narrow one too."""
    words = [source, "--example", example, "--element", element]
    said = taught(*words, width=width)
    if width >= 40:
        assert max(map(len, said.splitlines())) <= width
    if width >= 40 and "40x50" not in example and "4x11" not in example:  # of those a corner is shown, as it fits
        wide = set(re.findall(NUMBER, taught(*words, width=250).partition("step by step")[2]))
        assert wide <= set(re.findall(NUMBER, " ".join(said.split())))


@CASES
def test_a_plain_terminal_gets_ascii(source: str, example: str, element: str):
    """No letter beyond ASCII where it cannot be shown."""
    assert taught(source, "--example", example, "--element", element, TERM="dumb").isascii()


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_shapes_fit_the_terminal_too(width: int):
    """And in ASCII."""
    for source in ("sum(A@B)", "norm(A@x-b)", "x@W@y", "sum(X@X)"):
        example = "A:2x2x3,B:3x4" if "B" in source else "auto"
        said = taught(source, "--example", example, "--shapes", width=width)
        assert width < 40 or max(map(len, said.splitlines())) <= width
        assert taught(source, "--example", example, "--shapes", width=width, TERM="dumb").isascii()


def test_both_lessons_stand_below_each_other():
    """And in JSON in one object."""
    words = ["X@W", "--example", "auto"]
    both = taught(*words, "--element", "X[0,0]", "--shapes")
    assert both == taught(*words, "--element", "X[0,0]") + "\n" + taught(*words, "--shapes")
    found = gradcli.explain("X@W", example="auto", element="X[0,0]", shapes=True).as_object()
    assert {"element", "shapes"} <= set(found)


def test_a_computed_zero_is_no_zero_by_structure():
    """A blocked element of relu is 0, one that is not reached a dot."""
    said = taught("sum(relu(x)*c)", "x=[-1,2,3]", "c=[4,5,6]", "--element", "x[0]")
    assert "∂v1/∂x[0] = 0  ·  ·   · not reached\n" in said


def test_an_array_as_result_says_what_it_is_the_gradient_of():
    """The sum of its elements, or weighed by --upstream."""
    said = taught("X@W", *LECTURE[:2], "--element", "X[0,0]")
    assert "what comes down on it is taken as 1 everywhere" in said
    assert "∂sum(f)/∂X[0,0] = 1*3 + 1*2 + 1*1 + 1*(-1) = 5\n" in said
    weighed = taught("X@W", *LECTURE[:2], "--element", "X[0,0]", "--upstream", LECTURE[2].removeprefix("dY="))
    assert "∂sum(U*f)/∂X[0,0] = 2*3 + 3*2 + (-3)*1 + 9*(-1) = 0\n" in weighed


def test_the_python_face_prints_the_same():
    """At its own width."""
    lesson = gradcli.explain("X@W", example="X:2x3,W:3x4", element="X[0,0]")
    assert str(lesson) + "\n" == taught("X@W", "--example", "X:2x3,W:3x4", "--element", "X[0,0]", width=100)
    assert "X[0,0]" in lesson._repr_html_()
    assert lesson.gradients["X"].shape == (2, 3)


def equations(said: str):
    """The sums of products and of uses: left and right of the last `=`."""
    lines = said.splitlines()
    for at, line in enumerate(lines):
        if not line.startswith(("4 multiply and add", "add the uses")):
            continue
        text = line
        for more in lines[at + 1 :]:
            if not more.startswith(" ") or re.match(r" +(?:∂|through|local|which is 0)", more):
                break
            text += " " + more.strip()
        found = re.search(rf"= ((?:0 \(|{FACTOR}).*) = ({NUMBER})$", " ".join(text.split()))
        if found:
            yield found[1], found[2]
        else:
            alone = re.search(rf"({NUMBER}), for it reaches nothing$", text)
            assert alone, text


def value_of(left: str) -> tuple[float, float]:
    """A sum of products, or of numbers, and the sum of their sizes; what a gate closed counts 0."""
    left = re.sub(r"0 \((?:closed|strong 0): [^ ]*\)", "0", left)
    total = size = 0.0
    for part in re.split(r" \+ ", left):
        product = 1.0
        for factor in part.split("*"):
            product *= float(factor.strip("()"))
        total += product
        size += abs(product)
    return total, size


def unit(text: str) -> float:
    """One unit of the last digit that is printed."""
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    if not decimals and not exponent:
        return max(0.5, abs(float(text)) * 1e-15)
    return 10.0 ** (int(exponent or 0) - decimals)
