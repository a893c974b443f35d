"""Both sweeps over arrays: they agree; kinks, ties, nan, closed gates; digits; and whose memory a gradient is."""

import itertools
import math

import numpy as np
import pytest
from array_cases import ArrayCase, as_operand, cases, rule_written_out
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp

from gradcli.autodiff import depends
from gradcli.autodiff.arrays import evaluate, pull_back, push_forward
from gradcli.autodiff.masks import carried_ahead, carried_back
from gradcli.autodiff.strong import product, times
from gradcli.graph import NAMED
from gradcli.graph.array_algebra import cofactors, cofactors_back
from gradcli.graph.arrays import plain, quiet, shape_of
from gradcli.language.question import Options, Question
from gradcli.questions import differentiated, evaluated

INF, NAN = math.inf, math.nan
MODES = ("reverse", "forward")
both_modes = pytest.mark.parametrize("mode", MODES)


def answer(program, mode="reverse", at=None, **options):
    found = differentiated(program, at or {}, Options(decomposition="typed", mode=mode, **options))
    return found.value, {name: plain(value) for name, value in found.gradients.items()}


def gradients(program, mode="reverse", at=None, **options):
    return answer(program, mode, at, **options)[1]


def value(program, at=None):
    return plain(evaluated(program, at or {}, Options(decomposition="typed")).value)


def assert_equal(found, wanted, relative=1e-14):
    """Equal shapes and numbers; nan is nan, and an infinity only itself."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=relative, atol=0)


CONVENTIONS = [
    # ties: the shares sum to 1
    ("max(x) at x=[3,1,3]", [0.5, 0, 0.5]),
    ("min(x) at x=[[1,2],[1,1]]", [[1 / 3, 0], [1 / 3, 1 / 3]]),
    ("sum(amax(x, 0)) at x=[[1,2],[1,3]]", [[0.5, 0], [0.5, 1]]),
    ("sum(amax(x, 1)) at x=[[1,2],[3,3]]", [[0, 1], [0.5, 0.5]]),
    ("sum(amin(x, -1)) at x=[[1,2],[3,3]]", [[1, 0], [0.5, 0.5]]),
    ("max(x) at x=[0.0,-0.0]", [0.5, 0.5]),
    ("max(x) at x=[inf,inf,1]", [0.5, 0.5, 0]),
    ("max(x) at x=[2]", [1]),
    ("sum(max(x, [1,2,3])) at x=[1,1,5]", [0.5, 0, 1]),
    ("sum(min(x, [[1],[2]])) at x=[1,2]", [1.5, 0.5]),
    ("sum(max(x, x)) at x=[1,2]", [1, 1]),
    ("sum(clip(x, 0, 1)) at x=[-1,0,0.25,1,2]", [0, 0.5, 1, 0.5, 0]),
    # kinks
    ("sum(relu(x)) at x=[-1,0,-0.0,2]", [0, 0, 0, 1]),
    ("sum(abs(x)) at x=[-2,0,3]", [-1, 0, 1]),
    ("sum(max(x, 0)) at x=[-1,0,2]", [0, 0.5, 1]),
    ("sum(leaky_relu(x)) at x=[-1,0,2]", [0.01, 0.01, 1]),
    ("sum(elu(x)) at x=[0,2]", [1, 1]),
    ("norm(x) at x=[0,0,0]", [0, 0, 0]),
    ("norm(x) at x=[[0,0],[0,0]]", [[0, 0], [0, 0]]),
    ("std(x) at x=[2,2,2]", [0, 0, 0]),
    ("std(x) at x=[0.1,0.1,0.1]", [0, 0, 0]),
    ("std(x) at x=[5]", [0]),
    ("var(x) at x=[0.1,0.1,0.1]", [0, 0, 0]),
    ("sum(std(x, 0)) at x=[[0.1,1],[0.1,3]]", [[0, -0.5], [0, 0.5]]),
    ("sum(hypot(x, 0)) at x=[0,3]", [0, 1]),
    ("sum(x^0) at x=[0,nan]", [0, 0]),
    ("sum(x^2) at x=[0,-3]", [0, -6]),
    # products with zeros
    ("prod(x) at x=[0,2,3]", [6, 0, 0]),
    ("prod(x) at x=[0,2,0]", [0, 0, 0]),
    ("prod(x) at x=[2,3,4]", [12, 8, 6]),
    ("sum(prod(x, 0)) at x=[[0,2],[3,0]]", [[3, 0], [0, 2]]),
    ("prod(x) at x=[[0,2],[3,5]]", [[30, 0], [0, 0]]),
    # dead ends
    ("argmax(x)*sum(x) at x=[1,5,2]", [1, 1, 1]),
    ("sum(sign(x) + floor(x) + round(x)) at x=[1.5,-2]", [0, 0]),
    ("sum((x > 1)*x) at x=[1,2]", [0, 1]),
    # infinite slopes stay where they are
    ("sum(sqrt(x)) at x=[0,4]", [INF, 0.25]),
    ("sum(1/x) at x=[0,2]", [-INF, -0.25]),
    ("sum(sqrt(x)*[0,1]) at x=[0,4]", [NAN, 0.25]),
    # nan: every gradient of a nan result is nan, of a nan element what it reaches
    ("sum(log(x)) at x=[-1,2]", [NAN, NAN]),
    ("log(x)[1] at x=[-1,2]", [0, 0.5]),
    ("max(x) at x=[nan,1]", [NAN, NAN]),
    ("sum(where([1,0], x, 0)) at x=[1,nan]", [1, 0]),
    ("sum(where([1,0], relu(x), 0)) at x=[1,nan]", [1, 0]),
    # a closed gate carries exactly 0
    ("sum(where(x>0, sqrt(x), 0)) at x=[0,4]", [0, 0.25]),
    ("sum(where(x>0, sqrt(x), 0)) at x=[-1,4]", [0, 0.25]),
    ("sum(where(x>0, log(x), x)) at x=[0,4]", [1, 0.25]),
    ("sum(where(x>0, sqrt(x), 0) + 0*x) at x=[0,4]", [0, 0.25]),
    ("sum(relu(-sqrt(x))) at x=[0,4]", [0, 0]),
    ("max(sqrt(x)) at x=[0,4]", [0, 0.25]),
    ("min(-sqrt(x)) at x=[0,4]", [0, -0.25]),
    ("sum(where([[1,0]], sqrt(x), 0)) at x=[[4,0],[9,0]]", [[0.25, 0], [1 / 6, 0]]),
    ("sum(where([1,0], 1, [[2],[3]])*sqrt(x)) at x=[4,0]", [0.5, INF]),
    # ... also a line further down: through all that moves elements
    ("sum(where([1,0], sqrt(x).T, 0)) at x=[[4,0],[0,0]]", [[0.25, INF], [0, 0]]),
    ("sum(where([1,0,0,0], reshape(sqrt(x), 4), 0)) at x=[[4,0],[0,0]]", [[0.25, 0], [0, 0]]),
    ("sum(where([1,0,0,0], flatten(sqrt(x)), 0)) at x=[[4,0],[0,0]]", [[0.25, 0], [0, 0]]),
    ("sum(where([0,1], sqrt(x)[::2], 0)) at x=[0,0,4]".replace("::2", "1:3"), [0, 0, 0.25]),
    ("sum(where([1,0], [sqrt(x), sqrt(y)], 0)) at x=4, y=0", 0.25, 0),
    ("sum(where([[1,1],[0,0]], [sqrt(x), sqrt(y)], 0)) at x=[4,9], y=[0,0]", [0.25, 1 / 6], [0, 0]),
    ("sum(where([1,0,1], concat(sqrt(x), sqrt(y)), 0)) at x=[4,0], y=[9]", [0.25, 0], [1 / 6]),
    ("sum(where([1,0], sum(sqrt(x), 0), 0)) at x=[[4,0],[9,0]]", [[0.25, 0], [1 / 6, 0]]),
    ("sum(where([1,0], mean(sqrt(x), 1), 0)) at x=[[4,4],[0,0]]", [[0.125, 0.125], [0, 0]]),
    ("sum(where([1,0], broadcast(sqrt(x), 3, 2), 0)) at x=[4,0]", [0.75, 0]),
    ("sum(where([1,0], [[1],[1],[1]] + sqrt(x), 0)) at x=[4,0]", [0.75, 0]),
    ("sum(where([1,0], cumsum(sqrt(x)), 0)) at x=[4,0]", [0.25, 0]),
    ("sum(where([[1],[0]], cumsum(sqrt(x), 1), 0)) at x=[[4,4],[0,0]]", [[0.5, 0.25], [0, 0]]),
    ("sum(where([1,0], sqrt(x)@[[1,2],[3,4]], 0)) at x=[4,4]", [0.25, 0.75]),
    ("sum(where([[1],[0]], sqrt(x)@[[1,2],[3,4]], 0)) at x=[[4,4],[0,0]]", [[0.75, 1.75], [0, 0]]),
    ("sum(where([1,0], [[1,2],[3,4]]@sqrt(x), 0)) at x=[[4,0],[4,0]]", [[1, 0], [1.5, 0]]),
    ("sum(where([1,0], outer([1,2], sqrt(x)), 0)) at x=[4,0]", [0.75, 0]),
    ("sum(where([[1],[0]], outer(sqrt(x), [1,2]), 0)) at x=[4,0]", [0.75, 0]),
    ("sum(where([[1],[0]], softmax(sqrt(x)), 0)*[1,1]) at x=[[4,4],[0,0]]", [[0, 0], [0, 0]]),
    ("sum(where([[1],[0]], logsoftmax(sqrt(x)), 0)*[1,3]) at x=[[4,4],[0,0]]", [[-0.25, 0.25], [0, 0]]),
    ("sum(where([1,0], logsumexp(sqrt(x), 1), 0)) at x=[[4,4],[0,0]]", [[0.125, 0.125], [0, 0]]),
    ("sum(where(0, inv(sqrt(x)), 0)) at x=[[4,0],[0,9]]", [[0, 0], [0, 0]]),
    ("where(0, det(sqrt(x)), 0) at x=[[4,0],[0,9]]", [[0, 0], [0, 0]]),
    ("where(0, norm(sqrt(x)), 0) at x=[4,0]", [0, 0]),
    ("where(0, dot(sqrt(x), [1,2]), 0) at x=[4,0]", [0, 0]),
    # what has no path has no gradient, whatever lies on the way
    ("sqrt(x)[0] at x=[4,0]", [0.25, 0]),
    ("sqrt(x)[0,1] at x=[[0,4],[0,0]]", [[0, 0.25], [0, 0]]),
    ("trace(sqrt(x)) at x=[[4,0],[0,9]]", [[0.25, 0], [0, 1 / 6]]),
    ("sum(log([x, y])) at x=2, y=0", 0.5, INF),
    # a gate whose closed part meets an open one
    ("sum(where([1,0], x, 0) + x) at x=[4,0]", [2, 1]),
    ("s=sqrt(x); sum(where([1,0], s, 0) + where([0,1], s, 0)) at x=[4,9]", [0.25, 1 / 6]),
    ("s=sqrt(x); sum(where([1,0], s, 0) + s) at x=[4,0]", [0.5, INF]),
    # linear algebra at its edges
    ("det(x) at x=[[1,2],[2,4]]", [[4, -2], [-2, 1]]),
    ("det(x) at x=[[0,0],[0,0]]", [[0, 0], [0, 0]]),
    ("det(x) at x=[[1,2,3],[4,5,6],[7,8,9]]", [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]]),
    ("det(x) at x=[[3]]", [[1]]),
    ("det(x) at x=[[nan,1],[1,2]]", [[NAN, NAN], [NAN, NAN]]),
    ("sum(inv(x)) at x=[[2]]", [[-0.25]]),
    ("sum(solve(a, b)) at a=[[2,0],[0,4]], b=[2,4]", [[-0.5, -0.5], [-0.25, -0.25]], [0.5, 0.25]),
    # softmax and cross-entropy at their ends
    ("logsumexp(x) at x=[1000,1000]", [0.5, 0.5]),
    ("logsumexp(x) at x=[-1000,-1000]", [0.5, 0.5]),
    ("logsumexp(x) at x=[1000,-1000]", [1, 0]),
    ("logsumexp(x) at x=[inf,1]", [1, 0]),
    ("logsumexp(x) at x=[-inf,1]", [0, 1]),
    ("sum(softmax(x)*[1,2]) at x=[1000,1000]", [-0.25, 0.25]),
    ("sum(softmax(x)*[1,2]) at x=[-1000,1000]", [0, 0]),
    ("cross_entropy(x, 1) at x=[1000,1000]", [0.5, -0.5]),
    ("cross_entropy(x, 0) at x=[1000,-1000]", [0, 0]),
    ("cross_entropy(x, 1) at x=[1000,-1000]", [1, -1]),
    ("cross_entropy(x, [0,1]) at x=[[40,0],[0,40]]",
     [[-2.124177127645794e-18, 2.124177127645794e-18], [2.124177127645794e-18, -2.124177127645794e-18]]),
    ("cross_entropy(x, [0.25,0.75]) at x=[0,0]", [0.25, -0.25]),
    ("cross_entropy(x, 3) at x=[1,2,3]", [NAN, NAN, NAN]),
    ("cross_entropy(x, 0.5) at x=[1,2,3]", [NAN, NAN, NAN]),
]  # fmt: skip


@both_modes
@pytest.mark.parametrize("case", CONVENTIONS, ids=lambda case: case[0])
def test_a_convention_is_kept(case, mode):
    """The gradients by all names, in both modes, to the last digits."""
    program, *wanted = case
    found = gradients(program, mode)
    targets = [found[name] for name in found if name in ("x", "y", "a", "b")]
    for number, expected in zip(targets, wanted, strict=True):
        assert_equal(number, expected, 1e-14)


@both_modes
@pytest.mark.parametrize("program", [
    "sum(where([1,0], -sqrt(x), 0)) at x=[4,0]", "-sum(where([1,0], sqrt(x), 0)) at x=[4,0]",
    "sum(-3*where([1,0], sqrt(x).T, 0)) at x=[4,0]", "-max(sqrt(x)) at x=[4,0]", "-sum(relu(x)) at x=[4,-1]",
    "-sqrt(x)[0] at x=[4,0]", "sum(where([1,0], x@[[-1,0],[0,-1]], 0)) at x=[4,0]",
    "-sum(where([1,0], fit, 0)) at x=[4,0]".replace("fit", "x + [[1],[2]]"), "min(3 - x) at x=[4,0]",
])  # fmt: skip
def test_a_closed_gate_carries_a_plain_zero(program, mode):
    """Not -0.0, whatever lies below or above the gate."""
    found = gradients(program, mode)["x"][1]
    assert found == 0
    assert math.copysign(1.0, found) == 1.0


FIRST = [
    ("max(x) at x=[3,1,3]", [1, 0, 0]),
    ("min(x) at x=[[1,2],[1,1]]", [[1, 0], [0, 0]]),
    ("sum(amax(x, 0)) at x=[[1,2],[1,3]]", [[1, 0], [0, 1]]),
    ("sum(amin(x, 1)) at x=[[1,1],[3,2]]", [[1, 0], [0, 1]]),
    ("max(x) at x=[nan,1]", [NAN, NAN]),
    ("sum(max(x, [1,2,3])) at x=[1,1,5]", [1, 0, 1]),
    ("max(sqrt(x)) at x=[4,0,4]", [0.25, 0, 0]),
]


@both_modes
@pytest.mark.parametrize(("program", "wanted"), FIRST)
def test_the_first_takes_all_where_that_is_asked_for(program, wanted, mode):
    """--ties first: the first element along the axis, in the order of the language."""
    assert_equal(gradients(program, mode, ties="first")["x"], wanted)


@both_modes
@pytest.mark.parametrize(("program", "ieee", "strong"), [
    ("sum(sqrt(x)*[0,1]) at x=[0,4]", [NAN, 0.25], [0, 0.25]),
    ("sum(0*sqrt(x)) at x=[0,4]", [NAN, 0], [0, 0]),
    ("sum(sqrt(x)@[[0],[1]]) at x=[[0,4]]", [[NAN, 0.25]], [[0, 0.25]]),
    ("[0,1]@sqrt(x) at x=[0,4]", [NAN, 0.25], [0, 0.25]),
    ("sum(outer([0,0], sqrt(x))) at x=[0,4]", [NAN, 0], [0, 0]),
    ("sum([[1,0],[1,-1]]@sqrt(x)) at x=[0,0]", None, [INF, -INF]),
])  # fmt: skip
def test_a_strong_zero_beats_an_infinity(program, ieee, strong, mode):
    """0 times inf in a flow is nan, and 0 with --zero strong."""
    if ieee is not None:  # forward mode meets a 0 there, and reverse mode does not
        assert_equal(gradients(program, mode)["x"], ieee)
    assert_equal(gradients(program, mode, zero="strong")["x"], strong)


STRONG = (0.0, -0.0, 1.0, -2.0, INF, -INF, NAN)


@given(*[st.lists(st.sampled_from(STRONG), min_size=6, max_size=6)] * 2)
def test_a_strong_product_adds_its_terms(left, right):
    """Term by term, where 0 times inf is 0 and nothing else is changed."""
    a, b = np.array(left).reshape(2, 3), np.array(right).reshape(3, 2)
    with quiet():
        terms = times(a[:, :, None], b[None, :, :])
        wanted = [[sum(terms[i, :, j].tolist()) for j in range(2)] for i in range(2)]
        assert_equal(product(a, b), wanted)


PRODUCTS = [case for name in ("matmul", "outer") for case in cases(NAMED[name])]


@pytest.mark.parametrize("case", PRODUCTS, ids=repr)
def test_a_mask_goes_through_a_product_where_a_term_does(case):
    """Both ways, for vectors, matrices and stacks: an element is open where a term of an open one reaches it."""
    chance = case.chance()
    ones = [np.ones(shape) for shape in case.shapes]
    for slot, rate in itertools.product((0, 1), (0.0, 0.2, 0.5, 1.0)):
        open = chance.uniform(size=case.shape) < rate
        wanted = np.not_equal(case.pulled(ones, as_operand(open))[slot], 0)
        found = carried_back(case.primitive, None, slot, case.shapes, open, case.shape, None)
        np.testing.assert_array_equal(np.ones_like(wanted) if found is None else found, wanted)
        open = chance.uniform(size=case.shapes[slot]) < rate
        wanted = np.not_equal(case.pushed(ones, slot, as_operand(open)), 0)
        found = carried_ahead(case.primitive, None, slot, case.shapes, open, case.shape, None)
        np.testing.assert_array_equal(np.ones_like(wanted) if found is None else found, wanted)


# Digits


@pytest.mark.parametrize(("program", "wanted"), [
    ("norm([3e300, 4e300])", 5e300), ("norm([3e-300, 4e-300])", 5e-300), ("norm([3e-320, 4e-320])", 5e-320),
    ("norm([1.7e308, 1])", 1.7e308), ("norm([5e-324])", 5e-324), ("norm([0,0])", 0), ("norm([inf,1])", INF),
    ("norm([-inf,1])", INF), ("norm([nan,1])", NAN), ("norm([1.5e308,1.5e308])", INF),
    ("norm([[3e300,3],[4e300,4]], 0)", [5e300, 5]), ("norm([[1e200,1e-200],[0,0]], 1)", [1e200, 0]),
    ("mean([1e308,1e308,1e308])", 1e308), ("mean([1.7e308,-1.7e308])", 0),
    ("mean([[1e308,1e-320],[1e308,1e-320]], 0)", [1e308, 1e-320]), ("mean([inf,1])", INF), ("mean([inf,-inf])", NAN),
    ("mean([[1e308,inf],[1e308,1]], 0)", [1e308, INF]),
    ("var([1e308,1e308])", 0), ("std([1e308,1e308])", 0), ("std([1e308,-1e308])", 1e308), ("var([1e200,-1e200])", INF),
    ("std([1.7e308,-1.7e308])", 1.7e308), ("std([1e-170,-1e-170])", 1e-170), ("std([3e-320,-3e-320])", 3e-320),
    ("var([1e154,-1e154,1e154,-1e154])", 1e308), ("var([1e-160,-1e-160])", 1e-320), ("var([5])", 0),
    ("var([1,2,3,4])", 1.25),
    ("var([100000000.25,100000000.75])", 0.0625), ("std([inf,1])", NAN),
    ("std([[1e-170,1],[-1e-170,3],[0,2]], 0)", [8.16496580927726e-171, 0.816496580927726]), ("var([nan,1])", NAN),
    ("logsumexp([1000,1000])", 1000.6931471805599), ("logsumexp([-1000,-1000])", -999.3068528194401),
    ("logsumexp([0,-50])", 1.9287498479639178e-22), ("logsumexp([inf,1])", INF), ("logsumexp([inf,-inf])", INF),
    ("logsumexp([-inf,-inf])", -INF), ("logsumexp([nan,inf])", NAN), ("logsumexp([-inf,2])", 2),
    ("logsumexp([[1000,0],[1000,0]], 0)", [1000.6931471805599, 0.6931471805599453]),
    ("softmax([0,-100])", [1, 3.720075976020836e-44]), ("softmax([1000,0])", [1, 0]),
    ("softmax([0,-740])", [1, 4.2e-322]),
    ("softmax([inf,1])", [1, 0]), ("softmax([-inf,1])", [0, 1]), ("softmax([inf,inf])", [NAN, NAN]),
    ("softmax([[inf,1],[0,0]])", [[1, 0], [0.5, 0.5]]),
    ("softmax([-inf,-inf])", [NAN, NAN]), ("softmax([nan,1])", [NAN, NAN]), ("softmax([5])", [1]),
    ("softmax([[1,1],[0,-100]])", [[0.5, 0.5], [1, 3.720075976020836e-44]]),
    ("logsoftmax([0,-100])", [-3.720075976020836e-44, -100]), ("logsoftmax([1000,0])", [0, -1000]),
    ("logsoftmax([1e300,-1e300])", [0, -2e300]),
    ("logsoftmax([inf,1])", [0, -INF]), ("logsoftmax([-inf,1])", [-INF, 0]),
    ("logsoftmax([inf,inf])", [NAN, NAN]), ("logsoftmax([-inf,-inf])", [NAN, NAN]), ("logsoftmax([nan,1])", [NAN, NAN]),
    ("cross_entropy([40,0], 0)", 4.248354255291589e-18), ("cross_entropy([1000,0], 0)", 0),
    ("cross_entropy([1000,0], 1)", 1000), ("cross_entropy([-inf,0], 1)", 0), ("cross_entropy([-inf,0], 0)", INF),
    ("cross_entropy([-inf,0], [0,1])", 0), ("cross_entropy([0,0], [0.5,0.5])", 0.6931471805599453),
    ("cross_entropy([1,2,3], 3)", NAN), ("cross_entropy([1,2,3], -1)", NAN), ("cross_entropy([1,2,3], 0.5)", NAN),
    ("det([[1,2],[3,4]])", -2), ("det([[1,2,3],[4,5,6],[7,8,9]])", 0), ("det([[0.1,0.2],[0.3,0.4]])", -0.02),
    ("det([[1e200,0],[0,1e200]])", INF),
    ("det([[-1e200,0],[0,1e200]])", -INF), ("inv([[-1e-320]])", [[-INF]]), ("inv([[1e-320]])", [[INF]]),
    ("det([[0,1],[-1,0]])", 1), ("det([[1e-200,0],[0,1e-200]])", 0),
    ("det([[inf,1],[1,1]])", NAN), ("det(eye(8))", 1), ("det([[nan,1],[1,1]])", NAN), ("det([[-3]])", -3),
    ("inv([[1,2],[3,4]])", [[-2, 1], [1.5, -0.5]]), ("inv([[4]])", [[0.25]]),
    ("inv([[1,2],[2,4]])", [[INF, INF], [INF, INF]]), ("inv([[nan,1],[1,1]])", [[NAN, NAN], [NAN, NAN]]),
    ("inv([[1,2,3],[4,5,6],[7,8,9]])", [[INF] * 3] * 3), ("inv(zeros(7,7))", [[INF] * 7] * 7),
    ("inv([[inf,1],[1,1]])", [[NAN, NAN], [NAN, NAN]]), ("inv(eye(6)*nan)", [[NAN] * 6] * 6),
    ("solve([[2,0],[0,4]], [2,4])", [1, 1]), ("solve([[1,2],[2,4]], [1,1])", [INF, INF]),
    ("solve([[0,1],[1,0]], [[1,2],[3,4]])", [[3, 4], [1, 2]]), ("solve([[1,2],[3,4]], [nan,1])", [NAN, NAN]),
    ("solve([[nan,2],[3,4]], [1,1])", [NAN, NAN]), ("solve([[1e300,0],[0,1e-300]], [1,1])", [1e-300, 1e300]),
    ("sum([inf,-inf])", NAN), ("prod([])".replace("[]", "[0,inf]"), NAN), ("max([nan,1])", NAN), ("[1,0]@[inf,1]", INF),
    ("[0,1]@[inf,1]", NAN), ("[[0,1]]@[[inf],[1]]", [[NAN]]), ("max([1,-inf])", 1), ("argmax([1,5,5])", 1),
])  # fmt: skip
def test_a_value_keeps_its_digits(program, wanted):
    """Neither overflow nor cancellation on the way, and IEEE where there is no number; nothing raises."""
    assert_equal(value(program), wanted, 1e-14)


@pytest.mark.parametrize(("logits", "target", "wrong"), [
    ([1, 2, 3], 0.0, False), ([1, 2, 3], 2.0, False), ([1, 2, 3], 3.0, True), ([1, 2, 3], -1.0, True),
    ([1, 2, 3], 0.5, True), ([1, 2, 3], NAN, True), ([1, 2, 3], [0.2, 0.3, 0.5], False),
    ([[1, 2], [3, 4]], [0, 1], False),
    ([[1, 2], [3, 4]], [0, 2], True), ([[1, 2], [3, 4]], [INF, 0], True),
])  # fmt: skip
def test_an_edge_says_where_a_target_is_no_class(logits, target, wrong):
    """A class index that is none makes a nan, and a note says why."""
    target = np.array(target, dtype=float) if isinstance(target, list) else target
    (edge,) = NAMED["cross_entropy"].edges
    assert edge.when(NAN, np.array(logits, dtype=float), target) is wrong


def exact_variance(numbers):
    numbers = [mp.mpf(x) for x in numbers]
    middle = sum(numbers) / len(numbers)
    return sum((x - middle) ** 2 for x in numbers) / len(numbers), [2 * (x - middle) / len(numbers) for x in numbers]


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8, -1e12])
def test_a_variance_far_from_zero_keeps_its_digits(offset):
    """Whatever the offset: the deviations of the numbers that are there."""
    numbers = [offset + x for x in np.random.default_rng(2).uniform(0, 1, 7).tolist()]
    with mp.workdps(60):
        wanted, slopes = exact_variance(numbers)
        found, back = answer("var(x)", at={"x": np.array(numbers)})
        assert abs(found - wanted) <= 4e-15 * wanted
        assert all(abs(a - b) <= 1e-14 * max(map(abs, slopes)) for a, b in zip(back["x"], slopes, strict=True))
        spread = mp.sqrt(wanted)
        found, back = answer("std(x)", at={"x": np.array(numbers)})
        assert abs(found - spread) <= 4e-15 * spread
        assert all(abs(a - b / (2 * spread)) <= 1e-14 for a, b in zip(back["x"], slopes, strict=True))


@both_modes
@pytest.mark.parametrize("x", [
    [40, 0], [0.5, 700.25], [-3, 45, 44], [1000.1, 300.3, 999.7], [0.1, 700.3], [0, 0, 0], [90, 1, 2, 3],
])  # fmt: skip
def test_the_slope_of_a_share_close_to_one_keeps_its_digits(x, mode):
    """softmax, its logarithm, logsumexp and cross-entropy: nothing of 1 - share is lost, in either mode."""
    with mp.workdps(800):
        powers = [mp.exp(mp.mpf(v)) for v in x]
        shares = [p / sum(powers) for p in powers]
        pull = [[shares[k] * ((k == j) - shares[j]) for j in range(len(x))] for k in range(len(x))]
        for got, exact in zip(value("softmax(x)", {"x": np.array(x, dtype=float)}), shares, strict=True):
            assert abs(mp.mpf(got) - exact) <= 1e-15 * exact + 1e-300, f"softmax at {x}: {got}, {exact}"
        for k, share in enumerate(shares):
            for program, wanted in (
                (f"softmax(x)[{k}]", pull[k]),
                (f"logsoftmax(x)[{k}]", [p / share for p in pull[k]]),
                (f"cross_entropy(x, {k})", [-p / share for p in pull[k]]),
                ("logsumexp(x)", shares),
            ):
                found = gradients(program, mode, at={"x": np.array(x, dtype=float)})["x"]
                for got, exact in zip(found, wanted, strict=True):
                    assert abs(mp.mpf(got) - exact) <= 2e-14 * abs(exact) + 1e-300, f"{program} at {x}: {got}, {exact}"


@pytest.mark.parametrize("size", [3, 5, 7])
def test_the_second_derivatives_of_a_singular_determinant_are_right(size):
    """d2 det / dx_ij dx_kl is the signed determinant without both rows and columns, also where det is 0."""
    chance = np.random.default_rng(size)
    x = chance.integers(-3, 4, (size, size)).astype(float)
    x[-1] = x[0] + x[1]
    step = 1e-3
    for i, k in itertools.product(range(size), repeat=2):
        unit = np.zeros((size, size))
        unit[i, k] = 1.0
        slope = (cofactors(x + step * unit) - cofactors(x - step * unit)) / (2 * step)  # exact but for rounding
        np.testing.assert_allclose(cofactors_back(unit, x), slope, atol=1e-8 * (1 + np.abs(slope).max()))


def test_a_product_with_zeros_is_right_in_every_order():
    """The rule of prod, differentiated again: products without two, and without three elements."""
    for numbers in ([0.0, 2.0, 3.0], [0.0, 0.0, 5.0], [2.0, 0.0, 3.0, 0.0, 7.0], [1.5]):
        case = ArrayCase(NAMED["prod"], (None, False), ((len(numbers),),))
        graph, output = rule_written_out(case, 0)
        values = evaluate(graph, {"x0": np.array(numbers)})
        for k in range(len(numbers)):
            unit = np.eye(len(numbers))[k]
            back = pull_back(graph, values, output, [True] * len(graph), upstream=unit, open=unit != 0).numbers[0]
            wanted = [0.0 if j == k else math.prod(x for i, x in enumerate(numbers) if i not in (j, k))
                      for j in range(len(numbers))]  # fmt: skip
            assert_equal(np.zeros(len(numbers)) if back is None else back, wanted)


# Both modes


NESTS = [
    "sum(tanh(X@W + b)*c)", "norm(X@W)*max(b) + sum(X, 0)@X[0]", "sum(softmax(X@W)*sigmoid(b))",
    "var(X*s) + mean(X, 1)[0]",
    "sum(cumsum(exp(-X*X), 0)@W)", "logsumexp(X - s)*prod(cos(b))", "sum(outer(b, X[0])^2)", "sum(stack@b)",
    "sum(concat(X@W, [b], 0)^3)", "std(reshape(X@W, 1, -1))", "sum(logsoftmax(X)@W) + s", "sum(where(X > 0, X, s*X)@W)",
    "sum(relu(X@W + b)/(1 + b*b))", "amax(X@W, 0)@b", "dot(b, b)*sum(X.T*s)",
]  # fmt: skip
sizes = st.integers(1, 4)
entries = st.floats(-2, 2).map(lambda x: round(x, 3))


@given(rows=sizes, inner=sizes, columns=sizes, seed=st.integers(0, 2**32 - 1), program=st.sampled_from(NESTS))
@settings(max_examples=150)
def test_both_modes_agree_over_random_shapes(rows, inner, columns, seed, program):
    """jvp·v is v·vjp for programs of several lines, over any sizes."""
    chance = np.random.default_rng(seed)
    program = program.replace("stack", f"[{', '.join(['X[0]@W'] * 2)}]").replace("-1", str(rows * columns))
    at = {"X": chance.standard_normal((rows, inner)), "W": chance.standard_normal((inner, columns)),
          "b": chance.standard_normal(columns), "c": chance.standard_normal((rows, 1)), "s": 0.7}  # fmt: skip
    question = Question(program, {n: v for n, v in at.items() if n in program}, Options(decomposition="typed"))
    values = evaluate(question.graph, question.point)
    lines = [line for line in question.sources.values() if line is not None]
    back = pull_back(question.graph, values, question.result, depends(question.graph, lines)).numbers
    along = {line: _random_like(chance, values[line]) for line in lines}
    ahead = push_forward(question.graph, values, question.result, along).numbers[question.result]
    terms = [np.multiply(back[line], along[line]) for line in lines if back[line] is not None]
    size = 1.0 + sum(float(np.sum(np.abs(term))) for term in terms)
    assume(np.isfinite(size))
    assert ahead == pytest.approx(sum(float(np.sum(term)) for term in terms), rel=1e-11, abs=1e-12 * size)


def _random_like(chance, number):
    return float(chance.standard_normal()) if type(number) is float else chance.standard_normal(number.shape)


@given(st.lists(st.lists(st.sampled_from([0.0, -0.0, 1.0, -2.0, INF, -INF, NAN, 4.0]), min_size=2, max_size=2),
                min_size=2, max_size=2), st.sampled_from([
    "sum(relu(X)*X)", "sum(where(X > 0, sqrt(X), X))", "max(X)", "sum(amax(X, 0))", "sum(sqrt(X)[0])", "sum(X*X)",
    "sum(abs(X))", "sum(clip(X, 0, 1))", "sum(max(X, X.T))", "norm(X)", "logsumexp(X)", "sum(where(X == 0, 0, 1/X))",
    "sum(exp(X[0]))", "sum(max(sqrt(X), 1))", "sum(cumsum(where(X > 0, log(X), 0), 1))", "prod(X)",
    "sum(min(X, [0,1]))",
]))  # fmt: skip
def test_both_modes_agree_where_numbers_end(rows, program):
    """The same numbers, nan and infinities at inf, nan and zeros, an element at a time."""
    at = {"X": np.array(rows)}
    reverse, forward = (np.array(gradients(program, mode, at=at)["X"]) for mode in MODES)
    np.testing.assert_allclose(reverse, forward, rtol=1e-14)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (3,), (2, 3), (2, 1, 3), (2, 1, 2, 2)])
def test_an_elementwise_program_is_that_of_each_element(shape):
    """Over any rank an array of results has the gradients of the elements by themselves."""
    program = "sum(where(x > 0.5, sin(x)*exp(-x), x^3/(1 + x*x)))"
    x = np.random.default_rng(4).uniform(-1, 2, shape)
    found = np.array(gradients(program, at={"x": float(x) if shape == () else x})["x"])
    each = [gradients(program.removeprefix("sum"), at={"x": v})["x"] for v in np.ravel(x).tolist()]
    np.testing.assert_allclose(np.ravel(found), each, rtol=4e-15)
    assert found.shape == shape


# nan, element by element, and seeds


def test_a_seed_is_nan_where_the_result_is():
    """Element by element: one nan in the result does not spoil the gradients of the others."""
    question = Question("log(x)*2", {"x": np.array([-1.0, 2.0])}, Options(decomposition="typed"))
    values = evaluate(question.graph, question.point)
    (line,) = question.live_sources()
    active = depends(question.graph, [line])
    assert_equal(pull_back(question.graph, values, question.result, active).numbers[line], [NAN, 1])
    given_ = pull_back(question.graph, values, question.result, active, upstream=np.array([1.0, 3.0])).numbers[line]
    assert_equal(given_, [NAN, 3])
    alone = pull_back(question.graph, values, question.result, active, upstream=np.array([0.0, 1.0]),
                      open=np.array([False, True])).numbers[line]  # fmt: skip
    assert_equal(alone, [0, 1])
    masked = pull_back(question.graph, values, question.result, active, upstream=np.array([5.0, 1.0]),
                       open=np.array([False, True])).numbers[line]  # fmt: skip
    assert_equal(masked, [0, 1])
    ahead = push_forward(question.graph, values, question.result, {line: np.ones(2)}).numbers[question.result]
    assert_equal(ahead, [NAN, 1])


def test_a_zero_is_weak_unless_it_is_asked_to_be_strong():
    """Neither sweep takes 0 times inf for 0 of its own accord."""
    question = Question("sqrt(x)*[0,1]", {"x": np.array([0.0, 4.0])}, Options(decomposition="typed"))
    values = evaluate(question.graph, question.point)
    (line,) = question.live_sources()
    ahead = push_forward(question.graph, values, question.result, {line: np.ones(2)}).numbers[question.result]
    assert_equal(ahead, [NAN, 0.25])
    back = pull_back(question.graph, values, question.result, depends(question.graph, [line])).numbers[line]
    assert_equal(back, [NAN, 0.25])


# Memory


ALIASES = [
    "sum(x)", "sum(x + y)", "sum(x.T + y.T)", "sum(reshape(x, 4))", "sum(x*y)", "sum([x, y])", "sum(concat(x, y))",
    "sum(broadcast(x, 3, 2, 2))", "sum(where(y > 0, x, y))", "x[0,0] + sum(y)", "sum(x - y)", "mean(x) + mean(y)",
    "sum(flatten(x)[1:3]) + sum(y)", "sum(x@y)",
]  # fmt: skip


@pytest.mark.parametrize("program", ALIASES)
@pytest.mark.parametrize("with_flows", [False, True])
def test_a_gradient_is_the_callers_own(program, with_flows):
    """Writing into one changes neither an input, nor another gradient, nor a flow."""
    at = {"x": np.array([[1.0, 2.0], [3.0, 4.0]]), "y": np.array([[5.0, 6.0], [7.0, 8.0]])}
    question = Question(program, at, Options(decomposition="typed"))
    values = evaluate(question.graph, question.point)
    lines = question.live_sources()
    flows = [] if with_flows else None
    for keep in (None, lines):
        active = depends(question.graph, lines)
        sweep = pull_back(question.graph, values, question.result, active, flows=flows, keep=keep)
        found = [sweep.numbers[line] for line in lines]
        others = [*values, *question.point.values(), *(n for f in flows or () for n in (f.upstream, f.downstream))]
        for k, number in enumerate(found):
            assert number.flags.writeable
            assert number.flags.owndata
            for other in [*found[:k], *others]:
                assert type(other) is float or not np.shares_memory(number, other)


def test_an_upstream_gradient_stays_the_callers():
    """It is no part of the answer, also where the program is the variable itself."""
    x = np.array([1.0, 2.0])
    for program in ("x", "x + 0", "x.T"):
        question = Question(program, {"x": x}, Options(decomposition="typed"))
        values = evaluate(question.graph, question.point)
        lines = question.live_sources()
        upstream = np.array([3.0, 4.0])
        found = pull_back(question.graph, values, question.result, depends(question.graph, lines), upstream=upstream)
        assert not np.shares_memory(found.numbers[lines[0]], upstream)
        assert shape_of(found.numbers[lines[0]]) == (2,)


@pytest.mark.parametrize("program", ["x", "x.T", "reshape(x, 4)", "x[0]", "[5,6]", "x + y", "broadcast(y, 3, 2)"])
def test_a_value_is_the_callers_own(program):
    """It may be changed, and no input changes with it; nor does a tangent with that of the result."""
    at = {"x": np.array([[1.0, 2.0], [3.0, 4.0]]), "y": np.array([5.0, 6.0])}
    at = {name: value for name, value in at.items() if name in program}
    found = evaluated(program, at, Options(decomposition="typed")).value
    assert found.flags.writeable
    assert not any(np.shares_memory(found, value) for value in at.values())
    if "x" in at:
        question = Question(program, at, Options(decomposition="typed"))
        values = evaluate(question.graph, question.point)
        moving = {question.sources["x"]: np.ones((2, 2))}
        ahead = push_forward(question.graph, values, question.result, moving).numbers[question.result]
        assert ahead.flags.writeable
        assert not np.shares_memory(ahead, moving[question.sources["x"]])


@pytest.mark.parametrize("program", ["x*y", "s*sum(x)", "where(s > 0, s, x[0])", "max(s, x)[0]", "s/x[1]", "s^x[0]"])
@both_modes
def test_a_scalar_keeps_a_scalar_gradient(program, mode):
    """A shape of () is a Python float on every line, values and gradients."""
    at = {"x": np.array([1.5, 2.5]), "y": np.array([0.5, 3.0]), "s": 2.0}
    question = Question(f"sum({program})", {n: v for n, v in at.items() if n in program}, Options(mode=mode))
    values = evaluate(question.graph, question.point)
    lines = question.live_sources()
    sweep = pull_back(question.graph, values, question.result, depends(question.graph, lines))
    for number, own in zip(sweep.numbers, values, strict=True):
        assert number is None or type(number) is type(own), program
        assert number is None or shape_of(number) == shape_of(own)
    for line in lines:
        unit = 1.0 if type(values[line]) is float else np.ones(values[line].shape)
        for number, own in zip(push_forward(question.graph, values, question.result, {line: unit}).numbers, values,
                               strict=True):  # fmt: skip
            assert number is None or type(number) is type(own), program
