"""Notes on arrays: each kind with its whole message and the index, and none where nothing happened."""

import json
from time import process_time

import numpy as np
import pytest
from running import run

from gradcli.questions import Options, differentiated, explained

NOTES = [
    (["eval", "log(x)", "x=[1,0,-1,2]"], [
        ("domain", "f = log(x): nan is born at [2]: the logarithm of a negative number is not real"),
        ("inf", "f = log(x): -inf is born at [1]: the logarithm of 0"),
    ]),
    (["grad", "sum(where(x>0, log(x), 0))", "x=[1,0,-1,2]"], []),
    (["grad", "sum(log(x))", "x=[[1,0],[-1,2]]"], [
        ("domain", "v1 = log(x): nan is born at [1,0]: the logarithm of a negative number is not real"),
        ("inf", "v1 = log(x): -inf is born at [0,1]: the logarithm of 0"),
        ("nan", "f: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0"),
    ]),
    (["grad", "sum(exp(x))", "x=[1,1000]"], [
        ("inf", "v1 = exp(x): inf is born at [1]: overflow"),
    ]),
    (["grad", "sum(x/y)", "x=[0,1,2]", "y=[0,0,1]"], [
        ("nan", "v1 = x/y: nan is born at [0]: 0/0"),
        ("inf", "v1 = x/y: inf is born at [1]: division by zero"),
        ("nan", "f: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0"),
    ]),
    (["grad", "sum(x-y)", "x=[1,inf]", "y=[1,inf]"], [
        ("nan", "v1 = x - y: nan is born at [1]: inf - inf"),
        ("nan", "f: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0"),
    ]),
    (["grad", "sum(sqrt(x))", "x=[0,4]"], [
        ("inf", "v1 → x: the local gradient of v1 = sqrt(x) is inf at [0]: the slope of sqrt is infinite at 0"),
    ]),
    (["grad", "sum(0*sqrt(x))", "x=[0,4]"], [
        ("inf", "v1 → x: the local gradient of v1 = sqrt(x) is inf at [0]: the slope of sqrt is infinite at 0"),
        ("nan", "v1 → x: nan is born at [0] of this flow: 0 × inf"),
    ]),
    (["grad", "sum(relu(X@W+b))", "X=[[1,2],[3,4]]", "W=[[-1,1],[-1,1]]", "b=[0,0]"], [
        ("dead", "v3 = relu(v2): blocks all of column 0, so ∂f/∂W[:,0] and ∂f/∂b[0] are exactly 0"),
    ]),
    (["grad", "sum(relu(x))", "x=[-1,-2]"], [
        ("dead", "v1 = relu(x): blocks: every input is negative, so exactly 0 goes back"),
    ]),
    (["grad", "sum(relu(x))", "x=[0,-2,1]"], [
        ("kink", "v1 = relu(x): at [0]: kink at 0: the derivative is taken as 0; the one-sided derivatives are 0 and "
         "1"),
    ]),
    (["grad", "sum(abs(x))", "x=[[0,1],[0,0]]"], [
        ("kink", "v1 = abs(x): at [0,0], [1,0] and [1,1]: kink at 0: the derivative is taken as 0; the one-sided "
         "derivatives are -1 and 1"),
    ]),
    (["grad", "max(x)", "x=[1,3,3]"], [
        ("tie", "f = max(x): tie at [1] and [2]: both are 3, so 0.5 each (--ties split); the one-sided derivatives "
         "by each are 0 and 1"),
    ]),
    (["grad", "sum(amax(W,1))", "W=[[3,1,3],[1,2,3],[4,4,4]]"], [
        ("tie", "v1 = amax(W, 1): tie at [0,0] and [0,2]: both are 3, so 0.5 each (--ties split); the one-sided "
         "derivatives by each are 0 and 1"),
        ("tie", "v1 = amax(W, 1): tie at [2,0], [2,1] and [2,2]: all 3 are 4, so 0.333333 each (--ties split); the "
         "one-sided derivatives by each are 0 and 1"),
    ]),
    (["grad", "sum(amax(W,0))", "W=ones(3,4)"], [
        ("tie", "v1 = amax(W, 0): tie at [0,0], [1,0] and [2,0]: all 3 are 1, so 0.333333 each (--ties split); the "
         "one-sided derivatives by each are 0 and 1"),
        ("tie", "v1 = amax(W, 0): tie at [0,1], [1,1] and [2,1]: all 3 are 1, so 0.333333 each (--ties split); the "
         "one-sided derivatives by each are 0 and 1"),
        ("tie", "v1 = amax(W, 0): and 2 more ties of this kind"),
    ]),
    (["grad", "max(W)", "W=ones(3,4)", "--ties", "first"], [
        ("tie", "f = max(W): tie at [0,0], [0,1], [0,2] and 9 more: all 12 are 1, so the first takes all (--ties "
         "first); the one-sided derivatives by each are 0 and 1"),
    ]),
    (["grad", "sum(max(x,y))", "x=[1,2,3]", "y=[1,0,3]"], [
        ("tie", "v1 = max(x, y): tie at [0] and [2]: both are equal, so 0.5 each (--ties split); the one-sided "
         "derivatives by y are 0 and 1"),
    ]),
    (["grad", "sum(max(x,2))", "x=[1,2,3]"], [
        ("tie", "v1 = max(x, 2): tie at [1]: both are 2, so 0.5 each (--ties split); the one-sided derivatives by x "
         "are 0 and 1"),
    ]),
    (["grad", "sum(min(x,y,z))", "x=[1,2]", "y=[1,2]", "z=[1,5]"], [
        ("tie", "v1 = min(x, y, z): tie at [1]: 2 operands are 2, so 0.5 each (--ties split); the one-sided "
         "derivatives by z are 1 and 0"),
        ("tie", "v1 = min(x, y, z): tie at [0]: 3 operands are 1, so 0.333333 each (--ties split); the one-sided "
         "derivatives by z are 1 and 0"),
    ]),
    (["grad", "sum(clip(x,0,1))", "x=[0,0.5,1,2]"], [
        ("tie", "v1 = clip(x, 0, 1): tie at [0] and [2]: 2 operands are equal, so 0.5 passes (--ties split)"),
    ]),
    (["grad", "sum(max(x,0))", "x=[0,1]"], [
        ("tie", "v1 = relu(x): tie at [0]: both operands of the max are 0: 0.5 passes; the one-sided derivatives are "
         "0 and 1"),
    ]),
    (["grad", "norm(x)", "x=[0,0]"], [
        ("kink", "f = norm(x): kink at the origin: every derivative is taken as 0"),
    ]),
    (["grad", "sum(norm(W,1))", "W=[[0,0],[3,4]]"], [
        ("kink", "v1 = norm(W, 1): at [0]: kink at the origin: every derivative is taken as 0"),
    ]),
    (["grad", "std(x)", "x=[2,2]"], [
        ("kink", "f = std(x): kink where all elements are equal: every derivative is taken as 0"),
    ]),
    (["grad", "sum(sigmoid(x))", "x=[100,-100]"], [
        ("saturated", "v1 = sigmoid(x): saturated: no local gradient is over 3.72008e-44 in size"),
    ]),
    (["grad", "sum(softmax(x)*[1,2])", "x=[0,1000]"], [
        ("saturated", "v1 = softmax(x): saturated: no share p has a slope p*(1 - p) over 0"),
    ]),
    (["grad", "sum(floor(x)*x)", "x=[1.5,2.5]"], [
        ("dead", "v1 = floor(x): a dead gate: its derivative is 0 wherever there is one"),
    ]),
    (["grad", "sum((x>0)*x)", "x=[1,2]"], [
        ("dead", "v1 = x > 0: passes no gradient: a comparison is flat on both sides"),
    ]),
    (["grad", "sum(1/(1+exp(-x)))", "x=[-800,1]", "--decomposition", "naive"], [
        ("inf", "v2 = exp(v1): inf is born at [0]: overflow"),
        ("nan", "v2 → v1: nan is born at [0] of this flow: -0 × inf"),
    ]),
    (["grad", "sum(1/(1+exp(-x)))", "x=[-800,1]", "--decomposition", "naive", "--zero", "strong"], [
        ("inf", "v2 = exp(v1): inf is born at [0]: overflow"),
    ]),
    (["eval", "inv(A)", "A=[[1,2],[2,4]]"], [
        ("inf", "f = inv(A): inf is born at [0,0], [0,1], [1,0] and 1 more: the matrix is singular"),
    ]),
    (["grad", "sum(inv(A))", "A=[[1,2],[2,4]]"], [
        ("inf", "v1 = inv(A): inf is born at [0,0], [0,1], [1,0] and 1 more: the matrix is singular"),
    ]),
    (["grad", "sum(x*y)", "x=[nan,2]", "y=[1,2]"], [
        ("nan", "x: was given as nan at [0]"),
        ("nan", "f: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0"),
    ]),
    (["eval", "sum(x)", "x=[1e308,1e308]"], [
        ("inf", "f = sum(x): inf is born here: overflow"),
    ]),
    (["grad", "sum(elu(x))", "x=[0,1]"], []),
    (["grad", "sum(mod(x,2))", "x=[0,1,4]"], [
        ("kink", "v1 = mod(x, 2): at [0] and [2]: a jump where b divides a: the slopes beside it are taken"),
    ]),
    (["grad", "sum(hypot(x,y))", "x=[0,1]", "y=[0,1]"], [
        ("kink", "v1 = hypot(x, y): at [0]: kink at the origin: every derivative is taken as 0; the one-sided "
         "derivatives are -1 and 1"),
    ]),
    (["grad", "argmax(x)*x[0]", "x=[1,2]"], [
        ("dead", "v1 = argmax(x): passes no gradient: a place is a whole number"),
    ]),
    (["grad", "sum(exp(x)*y)", "x=[709]", "y=[10]"], [
        ("inf", "v2 = v1*y: inf is born at [0]: overflow"),
        ("inf", "v1 → x: inf is born at [0] of this flow: overflow"),
    ]),
    (["grad", "sum(x*y)", "x=[1e200,1]", "y=[1e200,1]"], [
        ("inf", "v1 = x*y: inf is born at [0]: overflow"),
    ]),
    (["grad", "sum(x) - sum(y)", "x=[inf,1]", "y=[inf,2]"], [
        ("nan", "f = v1 - v2: nan is born here: inf - inf"),
        ("nan", "f: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0"),
    ]),
    (["grad", "sum(where(W>0, sqrt(W), 0))", "W=[[0,4],[-1,9]]"], []),
    (["grad", "sum(where(c, log(x), x))", "c=[1,0]", "x=[0,0]"], [
        ("inf", "v1 = log(x): -inf is born at [0]: the logarithm of 0"),
    ]),
    (["grad", "sum(x^y)", "x=[0,-1,2]", "y=[0,2,3]"], [
        ("domain", "v1 → y: the local gradient of v1 = x^y is nan at [1]: a^b with a < 0 is real at whole b only, so "
         "its derivative in b is nan"),
        ("kink", "v1 = x^y: at [0]: 0^0: both derivatives are taken as 0"),
    ]),
    (["grad", "sum(x^0.5)", "x=[0,4]"], [
        ("inf", "v1 → x: the local gradient of v1 = x^0.5 is inf at [0]: the slope of x^n is infinite at 0 where 0 < "
         "n < 1"),
    ]),
    (["eval", "A@x", "A=ones(2,2)", "x=[inf,-inf]"], [
        ("nan", "f = A@x: nan is born at [0] and [1]: 0 × inf or inf - inf"),
    ]),
    (["grad", "sum(A@x)", "A=[[inf,1],[1,1]]", "x=[0,1]"], [
        ("nan", "v1 = A@x: nan is born at [0]: 0 × inf or inf - inf"),
        ("nan", "f: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0"),
    ]),
    (["grad", "sum(log(softmax(x)))", "x=[0,-1000]"], []),
    (["grad", "logsumexp(x)", "x=[inf,1]"], []),
    (["grad", "sum(x)*0", "x=[1,2]"], []),
    (["grad", "max(max(x), max(y))", "x=[1,2]", "y=[2,2]"], [
        ("tie", "v2 = max(y): tie at [0] and [1]: both are 2, so 0.5 each (--ties split); the one-sided derivatives "
         "by each are 0 and 1"),
        ("tie", "f = max(v1, v2): tie: both are 2, so 0.5 each (--ties split); the one-sided derivatives by v2 are 0 "
         "and 1"),
    ]),
    (["grad", "sum(max(x, y))", "x=[1,2]", "y=2"], [
        ("tie", "v1 = max(x, y): tie at [1]: both are 2, so 0.5 each (--ties split); the one-sided derivatives by y "
         "are 0 and 1"),
    ]),
    (["grad", "sum(relu(W))", "W=[[-1,2,-3,-4,-5,-6],[-1,2,-3,-4,-5,-6]]"], [
        ("dead", "v1 = relu(W): blocks all of columns 0, 2, 3 and 2 more"),
    ]),
    (["grad", "sum(relu(W))", "W=[[0,2],[0,2]]"], [
        ("kink", "v1 = relu(W): at [0,0] and [1,0]: kink at 0: the derivative is taken as 0; the one-sided "
         "derivatives are 0 and 1"),
        ("dead", "v1 = relu(W): blocks all of column 0"),
    ]),
    (["grad", "sum(tanh(x))", "x=[20,30]"], [
        ("saturated", "v1 = tanh(x): saturated: no local gradient is over 1.69934e-17 in size"),
    ]),
    (["grad", "prod(x)", "x=[0,inf]"], [
        ("nan", "f = prod(x): nan is born here: 0 × inf"),
        ("nan", "f: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0"),
    ]),
    (["vjp", "log(x)", "x=[-1,1]", "--upstream", "[1,1]"], [
        ("domain", "f = log(x): nan is born at [0]: the logarithm of a negative number is not real"),
        ("nan", "f: the result is nan at [0], and so is every gradient of that; only what a closed gate cut off "
         "stays 0"),
    ]),
    (["grad", "sum(clip(x,y,1))", "x=[0,1,5]", "y=[0,1,1]"], [
        ("tie", "v1 = clip(x, y, 1): tie at [0]: 2 operands are 0, so 0.5 passes (--ties split)"),
        ("tie", "v1 = clip(x, y, 1): tie at [1]: 3 operands are 1, so 0.25 passes (--ties split)"),
    ]),
    (["grad", "x[0]*0+y", "x=[1,2]", "y=nan"], [
        ("nan", "y: was given as nan"),
        ("nan", "f: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0"),
    ]),
    (["grad", "sum(max(x,x))", "x=[1,2]"], []),
    (["grad", "sum(max(x,x,y))", "x=[1,2]", "y=[1,0]"], [
        ("tie", "v1 = max(x, x, y): tie at [0]: 3 operands are 1, so 0.333333 each (--ties split)"),
    ]),
    (["grad", "sum(sqrt(x)*y)", "x=[0,0,0,0,1]", "y=[0,1,0,1,1]"], [
        ("inf", "v1 → x: the local gradient of v1 = sqrt(x) is inf at [0], [1], [2] and 1 more: the slope of sqrt is "
         "infinite at 0"),
        ("nan", "v1 → x: nan is born at [0] and [2] of this flow: 0 × inf (the first)"),
    ]),]  # fmt: skip


def told(source, options=None, **at):
    """Kind and message of every note."""
    values = {name: np.array(value, dtype=float) if np.ndim(value) else float(value) for name, value in at.items()}
    return [(note.kind, note.message) for note in differentiated(source, values, Options(**(options or {}))).notes]


@pytest.mark.parametrize(("words", "notes"), NOTES, ids=[" ".join(words)[:70] for words, _ in NOTES])
def test_a_note_says_what_happened_and_at_which_elements(words, notes):
    """The whole of every message, in order."""
    found = json.loads(run(*words, "--json").out)["notes"]
    assert [(note["kind"], note["message"]) for note in found] == notes


ONE_OPERAND = ["relu(x)", "abs(x)", "leaky_relu(x)", "elu(x, 2)", "log(x)", "sqrt(x)", "cbrt(x)", "x^-1", "x^0.5",
               "asin(x)", "atanh(x)", "acosh(x)", "log1p(x)", "exp(x)", "1/x", "max(x, 0)", "max(x, 2)", "min(2, x)",
               "clip(x, 0, 2)", "sigmoid(x)", "floor(x)*x", "(x > 0)*x", "mod(x, 2)", "hypot(x, 0)", "lgamma(x)",
               "where(x > 0, log(x), 0)", "1/(1+exp(-x))", "x*exp(x)", "abs(x)^0.5*x", "tan(x)"]  # fmt: skip
POINTS = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 800.0, -800.0, np.inf, -np.inf, np.nan]
OF_ELEMENTS = {"tie", "kink", "nan", "inf", "domain"}


@pytest.mark.parametrize("decomposition", ["auto", "naive"])
@pytest.mark.parametrize("source", ONE_OPERAND)
def test_an_element_is_noted_as_its_number_would_be(source, decomposition):
    """An array of one element and one of many say what the scalars say, kind by kind."""
    options = {"decomposition": decomposition}
    for point in POINTS:
        alone = {kind for kind, _ in told(source, options, x=point)} & OF_ELEMENTS
        as_array = {kind for kind, _ in told(f"sum({source})", options, x=[[point]])} & OF_ELEMENTS
        assert as_array == alone, point
    finite = [point for point in POINTS if np.isfinite(point) and not np.isnan(point)]
    alone = set()
    for point in finite:
        notes = told(source, options, x=point)
        if any("the result is nan" in message for _, message in notes):
            return  # then the sum is nan, and nothing else is left to say
        alone |= {kind for kind, _ in notes} & OF_ELEMENTS
    assert {kind for kind, _ in told(f"sum({source})", options, x=finite)} & OF_ELEMENTS >= alone - {"inf", "nan"}


def test_no_note_where_nothing_happened():
    """Ordinary numbers, partly blocked rows, branches that were not chosen."""
    assert told("sum(relu(X@W))", X=[[1, 2], [3, 4]], W=[[1, -1], [1, 0.6]]) == []
    assert told("sum(where(x > 0, 1/x + log(x) + sqrt(x), 0))", x=[0, -1, 2]) == []
    assert told("amax(x, 0) + amin(x, 0)", x=[1, 2, 3]) == []
    assert told("sum(max(x, x) + min(x, y))", x=[1, 2], y=[3, 4]) == []
    assert told("sum(stack_of*1)", stack_of=[1, 2]) == []


def test_a_tie_that_gets_no_gradient_is_none():
    """A closed branch, or a name that nothing is differentiated by."""
    assert told("where(0 > 1, max(x), 1) + x[0]", x=[1, 1]) == []
    assert told("max(x)*y[0]", {"wrt": ["y"]}, x=[1, 1], y=[1, 2]) == []


def test_only_open_elements_are_noted():
    """The kink that a gate cut off is none."""
    assert told("sum(where(m, relu(x), 0))", {"wrt": ["x"]}, m=[0, 1, 1], x=[0, 0, 1]) == [
        ("kink", "v1 = relu(x): at [1]: kink at 0: the derivative is taken as 0; the one-sided derivatives are 0 and 1")
    ]


@pytest.mark.parametrize(
    ("words", "first", "marked"),
    [
        (["max(x)", "x=[1,3,3]"], "tie at f = max(x), at [1] and [2]: its elements are equal, 3", "max(x)"),
        (["1 + sum(amax(W, 0))", "W=[[1,2],[1,3]]"],
         "tie at v1 = amax(W, 0), at [0,0] and [1,0]: its elements are equal, 1", "amax(W, 0)"),
        (["sum(max(x, y))", "x=[1,2]", "y=[1,3]"],
         "tie at v1 = max(x, y), at [0]: its operands are equal, 1", "max(x, y)"),
        (["sum(clip(x, 0, 1))", "x=[0.5,1]"],
         "tie at v1 = clip(x, 0, 1), at [1]: its operands are equal, 1", "clip(x, 0, 1)"),
        (["sum(max(x, 0))", "x=[0,1]"], "tie at v1 = relu(x), at [0]: its operands are equal, 0", "max(x, 0)"),
    ],
)  # fmt: skip
def test_ties_error_refuses_with_the_place_and_the_indices(words, first, marked):
    """In every command that differentiates; nothing is printed."""
    for command in ("grad", "explain"):
        code, out, err = run(command, *words, "--ties", "error")
        assert (code, out) == (2, "")
        assert err.splitlines() == [
            f"error: {first}", f"  {words[0]}", "  " + " " * words[0].index(marked) + "^" * len(marked),
            "  --ties split shares the gradient, --ties first gives it to the first",
        ]  # fmt: skip
    assert run("grad", *words).code == 0


def test_ties_error_lets_through_what_is_no_tie():
    """Kinks, ties of lines that carry no gradient, and different elements."""
    assert told("sum(relu(x)) + max(x)", {"ties": "error"}, x=[0, 1]) == [
        ("kink", "v1 = relu(x): at [0]: kink at 0: the derivative is taken as 0; the one-sided derivatives are 0 and 1")
    ]
    assert told("max(x)*y[0]", {"ties": "error", "wrt": ["y"]}, x=[1, 1], y=[1, 2]) == []


def test_many_notes_of_a_kind_are_counted():
    """The first eight are said."""
    source = " + ".join(f"max(x{k})" for k in range(12))
    found = told(source, **{f"x{k}": [1, 1] for k in range(12)})
    assert len(found) == 9
    assert found[-1][1].endswith("and 4 more notes of the kind 'tie'")


def test_recognised_forms_are_noted_where_everything_is_explained():
    """As for scalars."""
    notes = explained("sum(1/(1+exp(-x)))", {"x": np.array([1.0, 2.0])}, Options()).notes
    assert [(note.kind, note.message) for note in notes] == [
        ("recognised", "v4: 1/(1 + exp(-x)) is sigmoid(x): 1 line for 4, exact far out")
    ]


@pytest.mark.parametrize(
    "source", ["sum(relu(x))", "sum(leaky_relu(x))", "sum(log(x))", "sum(amax(x, 1))", "sum(sqrt(x))", "sum(x/x)",
               "sum(max(x, 0*x))", "sum(elu(x))", "sum(abs(x))", "sum(norm(x, 1))"],
)  # fmt: skip
@pytest.mark.parametrize("fill", ["zeros", "normal"])
def test_half_a_million_elements_take_a_moment(source, fill):
    """Also where every element is worth a note."""
    x = np.zeros((1000, 500)) if fill == "zeros" else np.random.default_rng(1).normal(size=(1000, 500))
    begin = process_time()
    told(source, x=x)
    assert process_time() - begin < 4  # some milliseconds on a quiet machine
