"""One element of a gradient derived, and what shapes say about products: by the numbers, for every kind of line."""

import math
from itertools import product

import numpy as np
import pytest
from running import run

import gradcli
from gradcli.autodiff.reach import at, strength
from gradcli.errors import GradError
from gradcli.graph.arrays import apply, as_value, quiet, shape_of
from gradcli.language.question import Options, Question
from gradcli.questions.lessons import derived, shapes_explained
from gradcli.report.lessons import where
from gradcli.report.shape_lesson import ProductGradient

X, W, DY = [[2, 1, -3], [-3, 4, 2]], [[3, 2, 1, -1], [2, 1, 3, 2], [3, 2, 1, -2]], [[2, 3, -3, 9], [-8, 1, 4, 6]]
LECTURE = {"X": np.array(X, float), "W": np.array(W, float), "dY": np.array(DY, float)}

# A program, and an --example for it: every kind of line that an element can meet.
PROGRAMS = [
    ("sum(dY*(X@W))", "X:2x3,W:3x4"), ("sum((A@x-b)^2)", "auto"), ("(x@W)@y", "auto"), ("x@y", "x:3"),
    ("sum((A@B)^2)", "A:2x2x3,B:3x2"), ("sum((A@x)^2)", "A:2x3x2,x:2"), ("sum((x@A)^2)", "A:2x3x2,x:3"),
    ("sum(relu(X@W+b)^2)", "X:2x3,W:3x2"), ("sum(X/c)", "X:2x3,c"), ("sum(X*exp(b/9))", "X:2x3,b:1x3"),
    ("sum(exp(x/9)*X)", "X:2x3,x:2x1"), ("sum(X - x)", "X:2x3,x:3"), ("sum(X^2)", "X:2x3"), ("mean(X*X)", "X:2x3"),
    ("sum(mean(X, 0)^2)", "X:2x3"), ("sum(sum(X, 1)^3)", "X:2x3"), ("sum(amax(X, 1)^2)", "X:2x3"), ("norm(X)", "X:2x3"),
    ("max(x)", "x:4"), ("min(X)", "X:2x2"), ("prod(x)", "x:3"), ("sum(prod(X, 0)*y)", "X:2x3"), ("var(x)", "x:4"),
    ("std(x)", "x:4"), ("logsumexp(x/5)", "x:4"), ("sum(logsumexp(X/5, 1)^2)", "X:2x3"), ("dot(x, y)", "x:3"),
    ("trace(A@B)", "A:2x3"), ("trace(A)", "A:3x3"), ("det(A)", "A:2x2"), ("sum(inv(A)*B)", "A:2x2"),
    ("sum(solve(A, b)^2)", "A:2x2,b:2"), ("sum(solve(A, B)^2)", "A:2x2,B:2x3"), ("sum(outer(x, y)^2)", "x:2,y:3"),
    ("sum(X.T@X)", "X:2x3"), ("sum(transpose(A, 2, 0, 1)^2)", "A:2x2x3"), ("sum(reshape(x, 2, 3)^2)", "x:6"),
    ("sum(flatten(X)^2)", "X:2x3"), ("x[1]*x[2] + sum(x[1:3]^2)", "x:4"), ("sum(X[:,0]*X[:,1])", "X:2x3"),
    ("sum(concat(x, y)^2)", "x:2,y:3"), ("sum([x, y]@z)", "x:2,y:2,z:2"), ("sum([a, b]*c)", "a,b,c:2"),
    ("sum(cumsum(x)^2)", "x:4"), ("sum(cumsum(X, 0)^2)", "X:2x3"), ("sum(broadcast(x, 2, 3)^2)", "x:3"),
    ("sum(softmax(X/9)^2)", "X:2x3"), ("sum(logsoftmax(X/9)*Y)", "X:2x3,Y:2x3"), ("cross_entropy(X/9, t)", "X:2x3"),
    ("sum(where(x>1, x^2, 0))", "x:4"), ("sum(max(x, y)*z)", "x:3,y:3,z:3"), ("sum(clip(x, 0, 4)*y)", "x:4"),
    ("sum(hypot(X, y))", "X:2x3,y:3"), ("Y = X@W; sum(relu(Y)*Y)", "X:2x3,W:3x2"), ("x*y + sin(x)", "x,y"),
    ("sum(X@X)", "X:2x2"), ("X@W", "X:2x3,W:3x4"), ("max(x, y, x)", "x,y"), ("sum([[1,2],[3,4]]@x)", "x:2"),
]  # fmt: skip


def lessons(source: str, example: str, decomposition: str = "auto"):
    """A lesson for every element of every name, intermediates too."""
    question = Question(source, {}, Options(example=example))
    for name in [*question.program.variables, *question.program.definitions]:
        shape = shape_of(gradcli.eval(f"{source.rpartition(';')[0] + '; ' if ';' in source else ''}{name}",
                                      example=example).value) if name in question.program.definitions else (
            shape_of(question.point[name]))  # fmt: skip
        for place in np.ndindex(*shape):
            element = f"{name}[{','.join(map(str, place))}]" if place else name
            yield derived(source, {}, Options(example=example, decomposition=decomposition), element)


@pytest.mark.parametrize(("source", "example"), PROGRAMS, ids=[source for source, _ in PROGRAMS])
@pytest.mark.parametrize("decomposition", ["auto", "naive"])
def test_the_products_add_up_to_the_derivative(source: str, example: str, decomposition: str):
    """By the slice that was pushed forward, the element has the derivative that was pulled back."""
    for lesson in lessons(source, example, decomposition):
        total = 0.0
        for derivation in lesson.derivations:
            products = math.fsum(term.product for term in derivation.terms)
            assert products == pytest.approx(derivation.total, rel=1e-9, abs=1e-12)
            total += derivation.total
        if not lesson.is_result:
            assert total == pytest.approx(lesson.total, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("source", "example"), PROGRAMS, ids=[source for source, _ in PROGRAMS])
def test_what_is_not_reached_does_not_move(source: str, example: str):
    """Where the element itself is changed, by little or much, nothing else changes; a zero by structure is 0."""
    for lesson in lessons(source, example):
        for derivation in lesson.derivations:
            index, slot = derivation.flow.source, derivation.flow.slot
            marks = np.asarray(derivation.mask)
            slice = np.asarray(strength(lesson.graph, lesson.values, index, slot, lesson.place))
            assert marks.shape == slice.shape
            assert not slice[~marks].any()
            for step in (0.01, 50.0):
                assert not (moved(lesson, index, slot, step) & ~marks).any()


def moved(lesson, index: int, slot: int, step: float):
    """Which elements of a line change where one of an operand is changed."""
    operands = [lesson.values[operand] for operand in lesson.graph.operands[index]]
    changed = np.array(operands[slot])
    changed[lesson.place] += step
    operands[slot] = as_value(changed)
    with quiet():
        found = apply(lesson.graph.primitives[index], lesson.graph.statics[index], operands)
    return ~np.isclose(found, lesson.values[index], rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("element", ["X[0,0]", "X[1,2]", "W[0,0]", "W[2,3]", "dY[1,1]"])
def test_the_derivative_is_that_of_grad(element: str):
    """The numbers of the lecture, and the same gradients as everywhere."""
    lesson = derived("sum(dY*(X@W))", LECTURE, Options(), element)
    gradients = gradcli.grad("sum(dY*(X@W))", X=X, W=W, dY=DY).gradients
    assert np.array_equal(lesson.gradient, gradients[lesson.name])
    assert lesson.total == at(gradients[lesson.name], lesson.place)


def test_the_lecture():
    """dL/dX[0,0]: row 0 is reached, row 0 of W is the slice, and 2*3 + 3*2 - 3*1 - 9*1 is 0."""
    lesson = derived("sum(dY*(X@W))", LECTURE, Options(), "X[0,0]")
    (use,) = lesson.derivations
    assert (use.equation, use.where, use.forms.sample) == ("v1 = X@W", "row 0", "v1[0,j] = X[0,0]*W[0,j] + …")
    assert (use.forms.factor, use.forms.indices) == ("W[0,:]", "upstream[i,:] · W[j,:]")
    assert use.forms.whole == "upstream @ W.T"
    assert [(term.upstream, term.local) for term in use.terms] == [(2, 3), (3, 2), (-3, 1), (9, -1)]
    assert lesson.total == 0
    assert lesson.gradient.tolist() == [[0, 16, -9], [-24, 9, -30]]


PATTERNS = [
    ("sum(dY*(X@W))", "X:2x3,W:3x4", "W[1,2]", "column 2", "X[:,1]", "X[:,i] · upstream[:,j]", "X.T @ upstream"),
    ("sum(A@x)", "auto", "A[0,1]", "v1[0] alone", "x[1]", "upstream[i]*x[j]", "outer(upstream, x)"),
    ("sum(A@x)", "auto", "x[1]", "all of v1", "A[:,1]", "A[:,i] · upstream", "A.T @ upstream"),
    ("sum(x@W)", "auto", "x[1]", "all of v1", "W[1,:]", "upstream · W[i,:]", "W @ upstream"),
    ("sum(x@W)", "auto", "W[0,1]", "v1[1] alone", "x[0]", "x[i]*upstream[j]", "outer(x, upstream)"),
    ("x@y", "auto", "x[1]", "f itself", "y[1]", "upstream*y[i]", "upstream*y"),
    ("sum(X+b)", "X:2x3", "b[1]", "column 1", "", "sum(upstream[:,i])", "sum(upstream, 0)"),
    ("sum(X-b)", "X:2x3,b:2x1", "b[1,0]", "row 1", "", "sum(-upstream[i,:])", "sum(-upstream, 1), as [2,1]"),
    ("sum(X*Y)", "X:2x3", "X[0,1]", "v1[0,1] alone", "Y there", "upstream[i,j] * Y[i,j]", "upstream * Y"),
    ("sum(X*y)", "X:2x3,y:3", "X[0,1]", "v1[0,1] alone", "y there", "upstream[i,j] * y[j]", "upstream * y"),
    ("sum(X*c)", "X:2x3,c", "c", "all of v1", "X there", "sum(upstream[:,:] * X[:,:])", "sum(upstream * X)"),
    ("sum(X.T)", "X:2x3", "X[0,1]", "v1[1,0] alone", "", "upstream[j,i]", "upstream.T"),
    ("sum(X)", "X:2x3", "X[0,1]", "f itself", "", "upstream", "upstream, in every element"),
    ("sum(sum(X,0)^2)", "X:2x3", "X[0,1]", "v1[1] alone", "", "upstream[j]", "upstream repeated along axis 0"),
    ("norm(X)", "X:2x3", "X[0,1]", "f itself", "", "upstream * local[i,j]", "upstream * local"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "example", "element", *["reach", "factor", "one", "all"]), PATTERNS)
def test_patterns_in_index_form(
    source: str, example: str, element: str, reach: str, factor: str, one: str, all: str
):
    """For every pairing of vectors and matrices, for broadcasting, reductions and transposes."""
    use = derived(source, {}, Options(example=example), element).derivations[0]
    assert (use.where, use.forms.factor, use.forms.indices, use.forms.whole) == (reach, factor, one, all)


@pytest.mark.parametrize(("source", "example", "element", *["reach", "factor", "one", "all"]), PATTERNS)
def test_the_pattern_of_all_elements_computes_the_gradient(
    source: str, example: str, element: str, reach: str, factor: str, one: str, all: str
):
    """What is printed as a formula is one of the language, and its value is the gradient."""
    lesson = derived(source, {}, Options(example=example), element)
    use = lesson.derivations[0]
    names = {label: value for label, value in zip(lesson.labels.names, lesson.values, strict=True) if label}
    names["upstream"] = use.upstream
    if use.forms.local:
        names["local"] = gradcli.eval(use.forms.local, at=names).value
    formula = all.partition(" repeated")[0].partition(", as")[0].partition(", in")[0]
    found = np.asarray(gradcli.eval(formula, at=names).value)
    gradient = np.asarray(use.flow.downstream)
    found = found.reshape(gradient.shape) if np.size(found) == gradient.size else np.broadcast_to(found, gradient.shape)
    assert np.allclose(found, gradient, rtol=1e-12)


def test_a_result_that_is_an_array_is_summed_or_weighed():
    """It says of what it is the derivative; --upstream weighs the elements."""
    lesson = derived("X@W", LECTURE, Options(), "X[0,0]")
    assert (lesson.of, lesson.total) == ("sum(f)", 5)
    weighed = derived("X@W", LECTURE, Options(), "X[0,0]", LECTURE["dY"])
    assert (weighed.of, weighed.total) == ("sum(U*f)", 0)
    with pytest.raises(GradError, match="--upstream is"):
        derived("X@W", LECTURE, Options(), "X[0,0]", 1.0)


def test_a_closed_gate_is_said():
    """0 × inf behind a gate is 0, in the term and in the sum."""
    lesson = derived("sum(where(x>1, sqrt(x), 0))", {"x": np.array([0.0, 4.0])}, Options(), "x[0]")
    (use,) = lesson.derivations
    (term,) = use.terms
    assert (term.upstream, term.local, term.product, term.closed) == (0, math.inf, 0, "closed")
    assert lesson.total == 0


def test_strong_zeros_are_said():
    """With --zero strong, 0 × inf is 0 outside gates too."""
    lesson = derived("sum(0*sqrt(x))", {"x": np.array([0.0, 4.0])}, Options(zero="strong"), "x[0]")
    assert [term.closed for term in lesson.derivations[0].terms] == ["strong 0"]
    assert math.isnan(derived("sum(0*sqrt(x))", {"x": np.array([0.0, 4.0])}, Options(), "x[0]").total)


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ("X[0]", "--element: X is [2,3] and takes 2 indices, 1 given"),
        ("X", "--element: X is [2,3] and takes 2 indices, none given"),
        ("X[2,0]", "--element: index 2 is out of range: axis 0 of X, which is [2,3], has length 2"),
        ("X[0,-4]", "--element: index -4 is out of range: axis 1 of X, which is [2,3], has length 3"),
        ("X[a,0]", "--element: [a,0] is no index"),
        ("X[0,0", "--element: [0,0 is no index"),
        ("X[0:1,0]", "--element: [0:1,0] is no index"),
        ("[0,0]", "--element: '[0,0]' is no name"),
        ("Q[0,0]", "'Q' does not occur in the program"),
    ],
)
def test_what_is_no_element_is_refused(element: str, message: str):
    """With a fact and a way out."""
    with pytest.raises(GradError) as caught:
        derived("X@W", LECTURE, Options(), element)
    assert caught.value.message == message
    assert caught.value.hint


def test_a_million_products_are_not_written_out():
    """A clear limit instead."""
    with pytest.raises(GradError, match=r"reaches 1,000,000 elements of v1"):
        derived("sum(c*X)", {}, Options(example="c,X:1000x1000"), "c")


def test_an_element_counts_from_the_end_too():
    """As an index of the language does."""
    assert derived("X@W", LECTURE, Options(), "X[-1, -3]").element == "X[1,0]"


@pytest.mark.parametrize(
    ("mask", "shape", "words"),
    [
        ([], (2, 3), "none"),
        ([()], (), "y itself"),
        ([(0, 1)], (2, 3), "y[0,1] alone"),
        ([(0, 0), (0, 1), (0, 2)], (2, 3), "row 0"),
        ([(0, 1), (1, 1)], (2, 3), "column 1"),
        ([(0, 0), (1, 1)], (2, 3), "2 of the 6 of y"),
        ([(0,), (1,)], (2,), "all of y"),
    ],
)
def test_places_in_words(mask: list[tuple[int, ...]], shape: tuple[int, ...], words: str):
    """What is reached is said as one would point at it."""
    assert where(mask, shape, "y") == words


# Shapes


def gradients(source: str, example: str) -> list[ProductGradient]:
    found = shapes_explained(source, {}, Options(example=example)).products.values()
    return [gradient for group in found for gradient in group]


def test_shapes_leave_one_way_for_the_lecture():
    """Of 8 ways 2 multiply and 1 fits."""
    by_x, by_w = gradients("sum(dY*(X@W))", "X:2x3,W:3x4")
    for gradient, formula in ((by_x, "upstream @ W.T"), (by_w, "X.T @ upstream")):
        assert len(gradient.candidates) == 8
        assert [c.text for c in gradient.candidates if c.fits] == [formula] == [gradient.formula]
        assert sum(c.shape is not None for c in gradient.candidates) == 2
        assert gradient.decided
        assert gradient.example is None


@pytest.mark.parametrize(
    ("source", "example", "decider"),
    [
        ("sum(X@W)", "X:2x2,W:2x2", "X:2x3,W:3x4"),
        ("sum(relu(X@W))", "X:2x3,W:3x2", "X:2x3,W:3x4"),
        ("sum(X@X)", "X:2x2", None),
        ("sum(A@x)", "A:2x2,x:2", "A:2x3,x:3"),
    ],
)
def test_shapes_that_repeat_do_not_decide(source: str, example: str, decider: str | None):
    """It says so, and names an example that does decide, if there is one."""
    found = gradients(source, example)
    assert not any(gradient.decided for gradient in found)
    assert {gradient.example for gradient in found} == {decider}
    if decider:
        assert all(gradient.decided for gradient in gradients(source, decider))


@pytest.mark.parametrize("example", ["X:2x3,W:3x4", "X:2x2,W:2x2", "X:3,W:3x2", "X:2x3,W:3", "X:2x2,W:2", "X:3,W:3"])
def test_the_formula_is_the_gradient_whatever_the_shapes(example: str):
    """Its numbers are those that flowed; what is called the same numbers is."""
    for gradient in gradients("sum(tanh(X@W/99)*c)", f"{example},c"):
        (true,) = [candidate for candidate in gradient.candidates if candidate.is_rule]
        assert true.fits
        assert true.equal
        assert all(candidate.equal for candidate in gradient.fitting if candidate.same_as == true.same_as)
        assert not any(candidate.equal for candidate in gradient.fitting if candidate.same_as != true.same_as)


def test_two_ways_for_a_vector_are_one():
    """u @ A and A.T @ u: the shapes decide all the same."""
    _, by_x = gradients("sum(A@x)", "A:2x3,x:3")
    assert [candidate.text for candidate in by_x.fitting] == ["A.T @ upstream", "upstream @ A"]
    assert by_x.decided


@pytest.mark.parametrize("shapes", [*product(("2x3", "5x2x3"), ("3x4", "5x3x4"))])
def test_stacks_of_matrices(shapes: tuple[str, str]):
    """The gradient of what was repeated fits when it is added up."""
    a, b = shapes
    for gradient in gradients("sum(A@B)", f"A:{a},B:{b}"):
        (true,) = [candidate for candidate in gradient.candidates if candidate.is_rule]
        assert true.fits


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sum(x*x)", "--shapes: the program has no matrix product"),
        ("sum([[1,2],[3,4]]@[1,2]) + x", "--shapes: no gradient flows through a matrix product"),
    ],
)
def test_without_a_product_there_is_nothing_to_say(source: str, message: str):
    """It says so."""
    with pytest.raises(GradError) as caught:
        shapes_explained(source, {"x": np.array([1.0, 2.0])}, Options())
    assert caught.value.message == message


def test_lessons_go_backwards_only():
    """Forward mode is refused, and --upstream without --element."""
    assert run("X@W", "--example", "auto", "--element", "X[0,0]", "--mode", "forward").code == 2
    assert run("X@W", "--example", "auto", "--shapes", "--mode", "forward").code == 2
    assert "only with --element" in run("X@W", "--example", "auto", "--upstream", "1").err
