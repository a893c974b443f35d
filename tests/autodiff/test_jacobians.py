"""Dense Jacobians: both modes, their products, differences; and which elements have a path at all."""

import math

import numpy as np
import pytest

import gradcli
from gradcli.autodiff.jacobians import reaching, reaching_back, reaching_forward
from gradcli.insight.patterns import pattern_of
from gradcli.language.builder import value_of
from gradcli.questions import Options, Question
from gradcli.questions.jacobians import MOST_ENTRIES

MATRIX = "[[1,2,3],[4,5,7]]"
SQUARE = "[[2,1],[1,3]]"
PROGRAMS = [  # the program, its values, and the patterns by name
    ("relu(x)", {"x": "[1,-2,3,-1]"}, ["diagonal: f[i] depends on x[i] alone"]),
    ("X@W", {"X": MATRIX, "W": "[[1,2,3,4],[5,6,7,8],[9,1,2,3]]"},
     ["block diagonal, 2 blocks of 4×3: f[i,j] depends on X[i,:] alone",
      "one column each: f[i,j] depends on W[:,j] alone"]),
    ("A@x", {"A": SQUARE, "x": "[3,4]"},
     ["block diagonal, 2 blocks of 1×2: f[i] depends on A[i,:] alone",
      "dense: every element of f depends on every element of x"]),
    ("x@A", {"x": "[3,4]", "A": MATRIX},
     ["dense: every element of f depends on every element of x", "one column each: f[i] depends on A[:,i] alone"]),
    ("sum(x*y)", {"x": "[1,2]", "y": "[3,4]"},
     ["one row: f is a scalar, so this is its gradient, laid flat"] * 2),
    ("softmax(X)", {"X": MATRIX}, ["block diagonal, 2 blocks of 3×3: f[i,j] depends on X[i,:] alone"]),
    ("softmax(x)", {"x": "[1,2,3]"}, ["dense: every element of f depends on every element of x"]),
    ("x[1:3]", {"x": "[1,2,3,4]"}, ["a selection: f[i] depends on x[i+1] alone"]),
    ("X[1]", {"X": MATRIX}, ["a selection: f[i] depends on X[1,i] alone"]),
    ("W.T", {"W": MATRIX}, ["a permutation: f[i,j] depends on W[j,i] alone"]),
    ("outer(a, b)", {"a": "[1,2]", "b": "[3,4,5]"},
     ["one entry a row: f[i,j] depends on a[i] alone", "one entry a row: f[i,j] depends on b[j] alone"]),
    ("cumsum(x)", {"x": "[1,2,3]"}, ["lower triangular: f[i] depends on x[0] to x[i]"]),
    ("cumsum(X)", {"X": MATRIX},
     ["lower triangular: an element of f depends on those of X up to its place"]),
    ("cumsum(X, 1)", {"X": MATRIX}, ["block diagonal, 2 blocks of 3×3, each lower triangular"]),
    ("cumsum(X, 0)", {"X": MATRIX}, ["sparse, 9 of 36 entries have a path"]),
    ("inv(A)", {"A": SQUARE}, ["dense: every element of f depends on every element of A"]),
    ("solve(A, B)", {"A": SQUARE, "B": MATRIX},
     ["dense: every element of f depends on every element of A", "one column each: f[i,j] depends on B[:,j] alone"]),
    ("trace(A)", {"A": SQUARE}, ["one row, 2 of 4 entries have a path"]),
    ("mean(X, 0) + b", {"X": MATRIX, "b": "[[1],[2]]"},
     ["one column each: f[i,j] depends on X[:,j] alone", "one entry a row: f[i,j] depends on b[i,0] alone"]),
    ("var(X, 1)", {"X": MATRIX}, ["block diagonal, 2 blocks of 1×3: f[i] depends on X[i,:] alone"]),
    ("amax(X, 0)*2", {"X": MATRIX}, ["one column each: f[i] depends on X[:,i] alone"]),
    ("concat(x, y*x[0])", {"x": "[1,2]", "y": "[1,2,3]"}, ["one entry a row", "sparse, 3 of 15 entries have a path"]),
    ("concat(X, X*2, 1)", {"X": MATRIX}, ["one entry a row"]),
    ("[x, y, x*y]", {"x": "2", "y": "3"}, ["one column, 2 of 3 entries have a path"] * 2),
    ("sum(X[:,0])", {"X": MATRIX}, ["one row, 2 of 6 entries have a path: f depends on X[:,0] alone"]),
    ("[x, y]", {"x": "2", "y": "3"}, ["one column, 1 of 2 entries has a path"] * 2),
    ("reshape(x, 2, 2, 3)@reshape(x, 3, 4)[:,0:2]", {"x": "linspace(1, 12, 12)"},
     ["sparse, 42 of 96 entries have a path"]),
    ("broadcast(x, 2, 3)*X", {"x": "[1,2,3]", "X": MATRIX},
     ["one entry a row: f[i,j] depends on x[j] alone", "diagonal: f[i,j] depends on X[i,j] alone"]),
    ("flatten(X)[1:4]", {"X": MATRIX}, ["a selection"]),
    ("a*x", {"a": "2", "x": "[1,2]"},
     ["one column: a is a scalar, and moves every element of f", "diagonal: f[i] depends on x[i] alone"]),
    ("floor(x)", {"x": "[1.5,2.5]"}, ["zero: no path leads from x to f"]),
    ("(x > y)*y", {"x": "[1,2]", "y": "[3,4]"},
     ["zero: no path leads from x to f", "diagonal: f[i] depends on y[i] alone"]),
    ("x*y + sin(x)", {"x": "2", "y": "3"}, ["one number", "one number"]),
]  # fmt: skip


def at(texts):
    return {name: value_of(text) for name, text in texts.items()}


def flat(value) -> np.ndarray:
    return np.ravel(np.asarray(value, dtype=float))


def matrix(found, name: str, point) -> np.ndarray:
    return np.asarray(found.jacobian[name], dtype=float).reshape(flat(found.value).size, flat(point[name]).size)


@pytest.mark.parametrize(("program", "texts", "words"), PROGRAMS, ids=[program for program, _, _ in PROGRAMS])
def test_the_pattern_in_words(program, texts, words):
    """Decided by structure."""
    found = gradcli.jacobian(program, at=at(texts))._found
    assert [part.words("f") for part in found.matrices] == words


@pytest.mark.parametrize(("program", "texts", "words"), PROGRAMS, ids=[program for program, _, _ in PROGRAMS])
def test_both_modes_and_differences_agree(program, texts, words):
    """A pass a row, a pass a column, and what a small step does."""
    point = at(texts)
    backward, forward = (gradcli.jacobian(program, at=point, mode=mode) for mode in ("reverse", "forward"))
    for name in point:
        found = matrix(backward, name, point)
        assert found == pytest.approx(matrix(forward, name, point), rel=1e-12, abs=1e-12)
        assert found == pytest.approx(differences(program, point, name), rel=1e-5, abs=1e-5)


def differences(program: str, point, name: str) -> np.ndarray:
    columns = []
    start = np.asarray(point[name], dtype=float)
    for place in range(start.size):
        ends = []
        for step in (1e-6, -1e-6):
            moved = start.copy().ravel()
            moved[place] += step
            value = moved.reshape(start.shape)
            ends.append(flat(gradcli.eval(program, at={**point, name: value}).value))
        columns.append((ends[0] - ends[1]) / 2e-6)
    return np.array(columns).T


@pytest.mark.parametrize(("program", "texts", "words"), PROGRAMS, ids=[program for program, _, _ in PROGRAMS])
def test_products_are_those_with_the_matrix(program, texts, words):
    """upstream @ J is vjp, J @ direction is jvp, and both weigh alike: upstream·(J·dx) = (upstream·J)·dx."""
    point, draw = at(texts), np.random.default_rng(20)
    found = gradcli.jacobian(program, at=point)
    upstream = draw.normal(size=np.shape(found.value))
    along = {name: draw.normal(size=np.shape(value)) for name, value in point.items()}
    pulled = gradcli.vjp(program, upstream=upstream, at=point).vjp
    pushed = gradcli.jvp(program, along=along, at=point).jvp
    for name in point:
        assert flat(pulled[name]) == pytest.approx(flat(upstream) @ matrix(found, name, point), rel=1e-9, abs=1e-12)
    moved = sum(matrix(found, name, point) @ flat(along[name]) for name in point)
    assert flat(pushed) == pytest.approx(moved, rel=1e-9, abs=1e-12)
    whole = sum(float(flat(pulled[name]) @ flat(along[name])) for name in point)
    assert float(flat(upstream) @ flat(pushed)) == pytest.approx(whole, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("program", "texts", "words"), PROGRAMS, ids=[program for program, _, _ in PROGRAMS])
def test_an_entry_without_a_path_is_0_everywhere(program, texts, words):
    """At other points, too; and an entry with a path is other than 0 somewhere, unless a gate happens to be closed."""
    point, draw = at(texts), np.random.default_rng(7)
    for name in point:
        paths = paths_of(program, point, name)
        ever = np.zeros_like(paths)
        for _ in range(3):
            moved = {other: np.abs(draw.normal(size=np.shape(value))) + value for other, value in point.items()}
            ever |= matrix(gradcli.jacobian(program, at=moved), name, moved) != 0
        assert not (ever & ~paths).any()


def paths_of(program: str, point, name: str) -> np.ndarray:
    question = Question(program, {key: value_of(str(np.asarray(v).tolist())) for key, v in point.items()}, Options())
    if question.shapes is None:
        return np.ones((1, 1), dtype=bool)
    from gradcli.autodiff.arrays import evaluate

    values = evaluate(question.graph, question.point)
    return reaching(question.graph, values, question.result, question.sources[name])


STACKS = [
    ("x@reshape(T, 2, 2, 2)", {"x": "[[1,2],[3,4]]", "T": "linspace(1, 8, 8)"}, []),
    ("reshape(T, 2, 2, 2)@x", {"x": "[1,2]", "T": "linspace(1, 8, 8)"}, []),
    ("x@reshape(T, 2, 2, 2)", {"x": "[1,2]", "T": "linspace(1, 8, 8)"}, []),
    ("x - mean(x)", {"x": "[1,2,4]"}, []),
]


@pytest.mark.parametrize(("program", "texts", "words"), PROGRAMS + STACKS, ids=lambda part: str(part)[:20])
def test_paths_are_the_same_from_either_end(program, texts, words):
    """From every input element forwards, or from every element of the result backwards: whichever are fewer."""
    question = Question(program, at(texts), Options())
    shapes = question.shapes or [()] * len(question.graph)
    for line in question.live_sources():
        backwards = np.array([*reaching_back(question.graph, shapes, question.result, line)])
        assert (reaching_forward(question.graph, shapes, question.result, line) == backwards).all()


def test_a_zero_of_a_constant_is_a_path():
    """Structure is never found by comparing a number with 0."""
    found = gradcli.jacobian("[[1,0],[0,1]]@x", x=[3, 4])._found.matrices[0]
    assert found.pattern == "dense"
    assert (found.pathless, found.zeros) == (0, 2)


def test_neither_a_nan_nor_an_inf_of_another_element_arrives():
    """Each pass is about one element alone; entries without a path are 0."""
    for mode in ("reverse", "forward"):
        assert gradcli.jacobian("1/x", x=[0, 2], mode=mode).jacobian["x"].tolist() == [[-math.inf, 0.0], [0.0, -0.25]]
        found = gradcli.jacobian("[sqrt(x[0]), 2*x[0], x[1]]", x=[-1, 3], mode=mode).jacobian["x"]
        assert np.array_equal(found, [[math.nan, 0], [2, 0], [0, 1]], equal_nan=True)
        assert gradcli.jacobian("sum(1/x)", x=[0, 2], mode=mode).jacobian["x"].tolist() == [-math.inf, -0.25]


def test_a_closed_gate_is_a_computed_zero():
    """There is a path through it, which is shut at this point."""
    found = gradcli.jacobian("relu(x)", x=[1, -2])._found.matrices[0]
    assert (found.numbers, found.reaches) == ([[1.0, 0.0], [0.0, 0.0]], [[True, False], [False, True]])
    assert found.zeros == 1


def test_axes_of_the_value_come_first():
    """As many as its shape has."""
    found = gradcli.jacobian("X@W", X=[[1, 2, 3], [4, 5, 6]], W=[[1, 2], [3, 4], [5, 6]])
    assert found.jacobian["X"].shape == (2, 2, 2, 3)
    assert found.jacobian["W"].shape == (2, 2, 3, 2)
    assert found.jacobian["X"][1, 0].tolist() == [[0, 0, 0], [1, 3, 5]]


@pytest.mark.parametrize(
    ("program", "values", "mode"),
    [
        ("sum(x)", {"x": [1, 2, 3]}, "reverse"),
        ("a*[1,2,3]", {"a": 2}, "forward"),
        ("x*2", {"x": [1, 2]}, "reverse"),
        ("x*y", {"x": 1, "y": 2}, "reverse"),
    ],
)
def test_the_mode_with_fewer_passes_is_taken(program, values, mode):
    """Reverse where both take as many."""
    assert gradcli.jacobian(program, **values).as_object()["mode"] == mode


def test_a_name_that_does_not_occur_has_zeros_without_a_path():
    """In its own shape."""
    found = gradcli.jacobian("x*2", x=[1, 2], y=[[3, 4]])
    assert found.jacobian["y"].tolist() == [[[0, 0]], [[0, 0]]]
    assert found._found.matrices[1].pattern == "zero"
    assert gradcli.vjp("x*2", x=[1, 2], y=[[3, 4]], upstream=[1, 1]).vjp["y"].tolist() == [[0, 0]]


def test_an_intermediate_can_be_differentiated_by():
    """The line itself moves, whatever it is computed from."""
    assert gradcli.jacobian("a = x^2; a*x", x=[1, 2], wrt="a").jacobian["a"].tolist() == [[1, 0], [0, 2]]
    assert gradcli.jvp("a = x^2; a*x", x=[1, 2], along={"a": [1, 1]}).jvp.tolist() == [1, 2]
    assert gradcli.jvp("a = x^2; a*x", x=3, along={"a": 1, "x": 1}).jvp == 3 + 9


@pytest.mark.parametrize(
    "work",
    [
        lambda: gradcli.jacobian("X@X", example="X:40x40"),
        lambda: gradcli.jacobian("x*2", at={"x": np.ones(4000)}, full=True),
    ],
)
def test_too_large_a_matrix_is_refused_before_it_is_made(work):
    """With the products that take its place."""
    with pytest.raises(gradcli.GradError, match="gradcli vjp") as caught:
        work()
    assert caught.value.kind == "limit"


def test_full_lifts_the_bound():
    """Up to another one."""
    size = math.isqrt(MOST_ENTRIES) + 1
    with pytest.raises(gradcli.GradError, match="full=True makes it all the same"):
        gradcli.jacobian("x*2", x=np.ones(size))
    found = gradcli.jacobian("sum(x*2)*ones(2)", x=np.ones(MOST_ENTRIES // 2 + 1), full=True)
    assert len(found._found.matrices[0].numbers[0]) == MOST_ENTRIES // 2 + 1


def test_blocks_of_several_sizes():
    """Full ones along the diagonal."""
    marks = np.zeros((5, 5), dtype=bool)
    marks[:2, :3] = marks[2:, 3:] = True
    assert pattern_of(marks, (5,), (5,)).name == "block diagonal, 2 blocks of several sizes"
    marks[4, 0] = True
    assert pattern_of(marks, (5,), (5,)).name.startswith("sparse")
