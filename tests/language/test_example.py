"""Values by --example: shapes that follow from a program, numbers that are the same in every run, clear refusals."""

from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import run

import gradcli
from gradcli.errors import GradError, describe
from gradcli.graph import array_primitives
from gradcli.language.builder import build
from gradcli.language.example import Example, Wanted, suggested
from gradcli.language.question import Options, Question

array_primitives()

NETWORK = "sum((relu(X@W1+b1)@W2+b2-T)^2)/n"


def shapes(source: str, example: str, **values: object) -> dict[str, tuple[int, ...]]:
    program = build(source, given=[*values, *Wanted(example).shapes])
    return Example(program, Wanted(example), values, None).shapes


@pytest.mark.parametrize(
    ("source", "example", "wanted"),
    [
        ("X*Y", "X:2x3", "X:2x3,Y:2x3"),
        ("X@W", "X:2x3,W:3x4", "X:2x3,W:3x4"),
        ("sum(dY*(X@W))", "X:2x3,W:3x4", "dY:2x4,X:2x3,W:3x4"),
        ("sum(dY*(X@W))", "X:2x3,dY:2x4", "dY:2x4,X:2x3,W:3x4"),
        ("norm(A@x-y)", "A:3x2", "A:3x2,x:2,y:3"),
        ("norm(A@x-y)", "A:3x2,x:2", "A:3x2,x:2,y:3"),
        ("x@w-t", "x:3", "x:3,w:3,t"),
        ("(x@w-t)^2", "w:4", "x:4,w:4,t"),
        ("A@B@C", "A:2x3,C:4x5", "A:2x3,B:3x4,C:4x5"),
        ("X@W+b", "X:2x3,W:3x4", "X:2x3,W:3x4,b:4"),
        (NETWORK, "X:4x3,W1:3x5,W2:5x2", "X:4x3,W1:3x5,b1:5,W2:5x2,b2:2,T:4x2,n"),
        ("trace(A.T@B)", "A:2x3", "A:2x3,B:2x3"),
        ("sum(inv(A)@B)", "B:3x2", "A:3x3,B:3x2"),
        ("sum(solve(A, b))", "b:3", "A:3x3,b:3"),
        ("outer(x, y)*M", "M:2x3", "x:2,y:3,M:2x3"),
        ("dot(x, y)", "y:3", "x:3,y:3"),
        ("sum(X, 0)*y", "y:3,X:2x3", "X:2x3,y:3"),
        ("concat(x, y)*z", "x:2,z:5", "x:2,y:3,z:5"),
        ("flatten(X)*y", "X:2x3", "X:2x3,y:6"),
        ("reshape(x, 2, 3)*Y", "Y:2x3,x:6", "x:6,Y:2x3"),
        ("cross_entropy(X@W, t)", "X:2x3,W:3x4", "X:2x3,W:3x4,t:2"),
        ("cross_entropy(X, T)", "X:2x3", "X:2x3,T:2x3"),
        ("softmax(X)*Y", "Y:2x3", "X:2x3,Y:2x3"),
        ("X[:,0]*y", "X:2x3", "X:2x3,y:2"),
        ("Y = X@W; sum(Y*dY)", "X:2x3,W:3x4", "X:2x3,W:3x4,dY:2x4"),
        ("exp(x)*y", "x:3", "x:3,y:3"),
        ("x*y + z", "x", "x,y,z"),
        ("[[1,2],[3,4]]@x", "x:2", "x:2"),
        ("where(X>c, X, Z)", "X:2x3,c", "X:2x3,c,Z:2x3"),
        ("X + b", "X:2x3,b:1x3", "X:2x3,b:1x3"),
        ("A@B", "A:5x2x3,B:3x4", "A:5x2x3,B:3x4"),
    ],
)  # fmt: skip
def test_shapes_follow_from_those_given(source: str, example: str, wanted: str):
    """What an expression leaves no choice about need not be said, in whatever direction it follows."""
    assert shapes(source, example) == Wanted(wanted).shapes


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("X@W", "X:2x3,W:3x4"),
        ("x*y + z", "x,y,z"),
        ("sum(X*Y)", "X:2x3,Y:2x3"),
        ("norm(A@x - b)", "A:2x3,x:3,b:2"),
        ("sum(x)*sum(y)", "x:2,y:3"),
        ("det(A)", "A:2x2"),
        ("sum(inv(A)@B)", "A:2x2,B:2x3"),
        ("x@W@y", "x:2,W:2x3,y:3"),
        ("x@w1@w2", "x:2,w1:2x3,w2:3"),
        ("x[2]*Y[0,1]", "x:3,Y:2x4"),
        ("[a, b]*c", "a,b,c:2"),
        ("X.T@X", "X:2x3"),
        ("sum(concat(X, Y, 1)@W)", "X:2x3,Y:2x4,W:7x5"),
        ("sum(softmax(Q@K.T/sqrt(d))@V)", "Q:2x3,K:4x3,d,V:4x5"),
        ("sum(relu(W2@relu(W1@x + b1) + b2))", "W2:2x3,W1:3x4,x:4,b1:3,b2:2"),
        ("x@A@x - b@x", "x:2,A:2x2,b:2"),
        ("f(u) = u@u; f(x-y)", "x:2,y:2"),
        ("X@X", "X:2x2"),
        (NETWORK, "X:2x3,W1:3x4,b1:4,W2:4x5,b2:5,T:2x5,n"),
    ],
)
def test_auto_chooses_sizes_that_differ(source: str, wanted: str):
    """No two sizes are equal without need, so that shapes decide; without arrays everything is a number."""
    assert shapes(source, "auto") == Wanted(wanted).shapes


def test_what_is_given_counts_and_auto_does_the_rest():
    """Values, and shapes beside the word auto."""
    assert shapes("X@W", "auto,X:2x5") == {"X": (2, 5), "W": (5, 3)}
    found = gradcli.grad("sum(X@W)", X=[[1, 2]], example="auto")
    assert found.as_object()["at"] == {"X": [[1, 2]], "W": [[1, 2, -3], [4, 5, -6]]}


def test_numbers_are_counted_through_all_names_in_order_of_appearance():
    """Every third is negative, none comes twice, and the order of the option does not matter."""
    wanted = {"X": [[1, 2, -3], [4, 5, -6]], "W": [[7, 8], [-9, 10], [11, -12]], "c": 13}
    for example in ("X:2x3,W:3x2,c", "c,W:3x2,X:2x3", " c , W:3x2, X:2x3"):
        assert gradcli.eval("sum(X@W)*c", example=example).as_object()["at"] == wanted


def test_names_with_values_are_not_counted():
    """Only names without a value get numbers."""
    at = gradcli.eval("x*y + z", y=7, example="x,z").as_object()["at"]
    assert at == {"x": 1, "y": 7, "z": 2}


def test_classes_are_counted_from_0():
    """A target of cross_entropy with one number a row is a class, and there are as many as columns."""
    at = gradcli.eval("cross_entropy(X, t)", example="X:4x3").as_object()["at"]
    assert at["t"] == [0, 1, 2, 0]


@pytest.mark.parametrize("source", ["det(A)", "sum(inv(A))", "sum(solve(A, b))"])
def test_a_matrix_to_be_inverted_is_regular(source: str):
    """Its diagonal is negative; counted as all others it would be singular."""
    found = gradcli.grad(source, example="A:3x3")
    assert found.as_object()["at"]["A"] == [[-1, 2, 3], [4, -5, 6], [7, 8, -9]]
    assert abs(gradcli.eval("det(A)", example="A:5x5").value) > 1
    assert all(abs(number) < 1e3 for number in found.gradients["A"].ravel().tolist())


@pytest.mark.parametrize("command", ["eval", "grad", "explain", "compare", "vjp", "jvp", "jacobian"])
def test_every_command_takes_an_example(command: str):
    """The same numbers in all of them."""
    words = [command, "x*y", "--example", "x,y", "--json"] + (["--along", "x=1"] if command == "jvp" else [])
    code, out, _ = run(*words)
    assert code == 0
    assert '"at":{"x":1.0,"y":2.0}' in out


def test_the_answer_says_where_the_numbers_come_from():
    """A note beside plain lines, the title of an explanation."""
    said = run("grad", "sum(X+b)", "--example", "X:2x3")
    assert said.err == dedent("""\
        note: X = [[1, 2, -3], [4, 5, -6]], b = [7, 8, -9] by --example; the shape of b
              follows
        """)
    assert run("sum(X+b)", "--example", "X:2x3").out.startswith("f = sum(X + b)   auto   X:2x3, b:3 by --example\n")


REFUSED = [
    (
        "X@W", "X:2x3",
        """
        error: --example: the shape of 'W' does not follow: W is [3,?], any number of columns would do
          X@W
            ^
          say it too, as in --example X:2x3,W:3x4
          or let it be chosen: --example X:2x3,auto
        """,
    ),
    (
        "sum(X)*sum(Y)", "X:2x3",
        """
        error: --example: the shape of 'Y' does not follow
          sum(X)*sum(Y)
                     ^
          say it too, as in --example X:2x3,Y:4x5
          or let it be chosen: --example X:2x3,auto
        """,
    ),
    (
        "X@W", "X:2x3,V:3x4",
        """
        error: --example: 'V' does not occur in the program
          X:2x3,V:3x4
                ^
          its names without a value are X, W
        """,
    ),
    (
        "X@W at X=[[1,2]]", "X:1x2,W:2x2",
        """
        error: --example: 'X' has a value already
          X:1x2,W:2x2
          ^
          remove one of the two
        """,
    ),
    (
        "X@W", "X:2x3,W:4x2",
        """
        error: shapes do not fit at '@': [2,3] and [4,2], inner sizes 3 and 4
          X@W
          ~^~
          [2,3]
            [4,2]
          W needs 3 rows; W.T is [2,4] and would not fit either
        """,
    ),
    (
        "x", "x:0",
        """
        error: --example: 'x' would have the size 0
          x:0
          ^^^
          write sizes from 1 up with x between them: x:3 or x:2x3; x alone is a number
        """,
    ),
    (
        "x", "x:2,3",
        """
        error: --example: '3' is no name
          x:2,3
              ^
          write x:2x3
        """,
    ),
    (
        "x", "x=3",
        """
        error: --example: 'x=3' is no name
          x=3
          ^^^
          write x:3; NAME=VALUE stands outside --example
        """,
    ),
    (
        "x", "x,x:3",
        """
        error: --example: 'x' gets a shape twice
          x,x:3
            ^^^
          keep one of the two
        """,
    ),
    (
        "Y = X@W; sum(Y)", "Y:2x3",
        """
        error: 'Y' is defined by the program and cannot get a value
          Y = X@W; sum(Y)
          ^
          remove its definition, or the value
        """,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "example", "block"), REFUSED, ids=[f"{s} {e}" for s, e, _ in REFUSED])
def test_a_refusal_says_place_fact_and_way_out(source: str, example: str, block: str):
    """The place is in the option, or in the program where a shape is missing."""
    with pytest.raises(GradError) as caught:
        Question(source, {}, Options(example=example))
    assert describe(caught.value) == dedent(block).strip("\n")


@pytest.mark.parametrize("text", ["x:-1", "x:axb", "x:", "x:2x", "x:1.5", "x:1e3", "x:٣", "2:3", "x y:3", "at:3"])
def test_no_shape_is_refused(text: str):
    """Letters, signs, fractions, other digits; names that are none."""
    assert run("eval", "x", "--example", text).code == 2


@pytest.mark.parametrize("text", ["x:100000x100000", "x:9999999999", "x:" + "9" * 100, "x:" + "x".join("2" * 40)])
def test_a_huge_shape_is_refused_before_it_is_made(text: str):
    """Also one whose size is beyond what an integer of the machine holds."""
    code, out, err = run("eval", "sum(x)", "--example", text)
    assert (code, out) == (2, "")
    assert err.startswith("error: --example: ")


def test_missing_values_suggest_an_example_that_fits():
    """In shapes that fit where there are arrays."""
    assert "or --example X:2x3,W:3x4\n" in run("eval", "X@W").err
    assert "or --example W:2x4\n" in run("eval", "X@W", "X=[[1,2],[3,4],[5,6]]").err
    assert "or --example auto\n" in run("eval", "x*y").err


OPERANDS = ["X", "W", "x", "y", "B", "(X*W)", "relu(X)", "X.T", "sum(X, 0)", "exp(y)", "W@x", "X@W", "sum(B)", "2"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("+-*@/"), st.sampled_from(OPERANDS)), min_size=1, max_size=4))
def test_auto_finds_shapes_or_the_usual_error(parts: list[tuple[str, str]]):
    """Whatever is multiplied with whatever: values, or an error of shapes; never anything else."""
    source = "sum(X)" + "".join(operator + operand for operator, operand in parts)
    try:
        question = Question(source, {}, Options(example="auto"))
    except GradError as error:
        assert error.kind == "shape", error
        return
    program = question.program
    assert set(question.point) == set(program.variables)
    assert suggested(program, {}, program.variables) == question.example.shapes


def test_the_face_takes_shapes_by_name():
    """As Python says shapes."""
    by_name = gradcli.eval("sum(X)*c", example={"X": (2, 3), "c": ()})
    assert by_name.as_object() == gradcli.eval("sum(X)*c", example="X:2x3,c").as_object()
    assert gradcli.eval("sum(x)", example={"x": 3}).value == 0
    for wrong in (3, {"X": (2, 0)}, {"X": (2.5,)}, {"X": "ab"}):
        with pytest.raises(GradError):
            gradcli.eval("sum(X)", example=wrong)
