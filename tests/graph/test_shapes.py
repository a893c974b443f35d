"""Shapes before numbers: they are numpy's wherever numpy has an answer, and an error in words wherever it has none."""

import itertools

import numpy as np
import pytest
from array_cases import ALL, ARRAYS, PAIRED, UNARY, statics
from hypothesis import given
from hypothesis import strategies as st

from gradcli.graph import Graph, Node, array_primitives
from gradcli.graph.arrays import apply, quiet, shape_of
from gradcli.graph.shapes import ShapesDoNotFit, axes_of, broadcast, count, infer, reduced, shown, sized

shapes = st.lists(st.integers(1, 3), max_size=4).map(tuple)
CHECKED = [p for p in ARRAYS.values() if p.name not in ("fit", "scatter", "one_hot", "centred")]  # of rules alone


@given(st.lists(shapes, min_size=1, max_size=4))
def test_elements_combine_as_numpy_combines_them(given_shapes):
    """The same shape, or an error in both."""
    try:
        wanted = np.broadcast_shapes(*given_shapes)
    except ValueError:
        with pytest.raises(ShapesDoNotFit):
            broadcast(given_shapes)
    else:
        assert broadcast(given_shapes) == wanted


@given(shapes, st.none() | st.integers(-5, 4), st.booleans())
def test_an_axis_is_reduced_as_numpy_reduces_it(shape, axis, keep):
    """Also counted from the end, and kept."""
    try:
        wanted = np.sum(np.zeros(shape), axis=axis, keepdims=keep).shape if shape or axis is None else None
    except np.exceptions.AxisError:
        wanted = None
    if wanted is None:  # numpy would let a scalar pass
        with pytest.raises(ShapesDoNotFit) as caught:
            reduced(shape, axis, keep=keep)
        assert caught.value.hint == axes_of(shape)
    else:
        assert reduced(shape, axis, keep=keep) == wanted


SIZES = (*UNARY, *PAIRED, (2, 2), (5,), (2, 5))


@pytest.mark.parametrize("primitive", CHECKED, ids=lambda p: p.name)
def test_what_has_a_shape_can_be_computed_and_nothing_else(primitive):
    """Over all pairs of small shapes, whether they fit or not: shape_of speaks first, and is right."""
    count_of = 2 if primitive.variadic else len(primitive.rules)
    fitting = 0
    for chosen in itertools.product(dict.fromkeys(SIZES), repeat=count_of):
        for static in statics(primitive, chosen):
            operands = [np.eye(*s) + 1.0 if len(s) == 2 else 2.0 if s == () else np.ones(s) for s in chosen]
            try:
                wanted = primitive.shape_of(chosen, static)
            except ShapesDoNotFit as error:
                assert error.message, (chosen, static)
                continue
            fitting += 1
            with quiet():
                assert shape_of(apply(primitive, static, operands)) == wanted, (chosen, static)
    assert fitting


@pytest.mark.parametrize(("a", "b"), [*itertools.product(dict.fromkeys(SIZES), repeat=2)], ids=str)
def test_a_product_has_the_shape_that_numpy_gives_it(a, b):
    """Vectors, matrices and stacks of them: the same shape, or an error in both."""
    shape_of_product = ALL["matmul"].shape_of
    try:
        wanted = np.matmul(np.ones(a), np.ones(b)).shape
    except ValueError:
        with pytest.raises(ShapesDoNotFit):
            shape_of_product([a, b], None)
    else:
        assert shape_of_product([a, b], None) == wanted


PLACES = st.integers(-4, 3) | st.builds(slice, *[st.none() | st.integers(-4, 4)] * 2) | st.just(...)


@given(shapes, st.lists(PLACES, min_size=1, max_size=5).map(tuple))
def test_an_index_picks_what_numpy_picks(shape, places):
    """Numbers, slices, the dots; what picks nothing is an error here, since no array is empty."""
    if places.count(...) > 1 or shape == ():
        return
    try:
        wanted = np.zeros(shape)[places].shape
    except IndexError:
        wanted = None
    if wanted is None or 0 in wanted:
        with pytest.raises(ShapesDoNotFit):
            ALL["index"].shape_of([shape], places)
    else:
        assert ALL["index"].shape_of([shape], places) == wanted


@pytest.mark.parametrize(("name", "static", "given_shapes", "message", "hint"), [
    ("add", None, [(2, 3), (4,)], "shapes do not fit: [2,3] and [4]",
     "axes are compared from the last: each pair has to be equal, or one of them 1"),
    ("add", None, [(3,), (4,)], "shapes do not fit: [3] and [4]",
     "elements are combined one by one: both need the same length, or one of them length 1"),
    ("where", None, [(2,), (3,), (4,)], "shapes do not fit: [2] and [3] and [4]",
     "axes are compared from the last: all have to be equal, or 1"),
    ("sum", (2, False), [(2, 3)], "there is no axis 2 in [2,3]", "its axes are 0 to 1, or -1 for the last"),
    ("sum", (0, False), [()], "there is no axis 0 in []", "a scalar has no axis: leave it out"),
    ("sum", (-2, False), [(3,)], "there is no axis -2 in [3]", "its only axis is 0"),
    ("transpose", (1, 0, 2), [(2, 3)], "[2,3] cannot be transposed by 1, 0, 2",
     "its axes are 0 to 1, or -1 for the last, each once"),
    ("transpose", (1, 0), [(2, 3, 4)], "[2,3,4] cannot be transposed by 1, 0",
     "its axes are 0 to 2, or -1 for the last, each once"),
    ("concat", 0, [(2, 3), (2, 4)], "[2,3] and [2,4] cannot be joined along axis 0", "all other axes have to be equal"),
    ("concat", 0, [(2, 3), (3,)], "[2,3] and [3] cannot be joined along axis 0", "both need as many axes"),
    ("concat", 1, [(3,), (3,)], "there is no axis 1 in [3]", "its only axis is 0"),
    ("stack", None, [(2,), (2,), (3,)], "a ragged array: its first entry has length 2, entry 3 has length 3",
     "all entries of an array have one shape"),
    ("reshape", (4, 2), [(2, 3)], "[2,3] has 6 elements and [4,2] has 8", "a reshape keeps the number of elements"),
    ("broadcast", (3, 2), [(2, 3)], "[2,3] cannot be repeated to [3,2]",
     "axes are compared from the last: each has to be equal, or 1, or missing"),
])  # fmt: skip
def test_what_does_not_fit_is_said_in_words(name, static, given_shapes, message, hint):
    """What was found, and what would fit."""
    with pytest.raises(ShapesDoNotFit) as caught:
        ALL[name].shape_of(given_shapes, static)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_the_line_that_does_not_fit_is_known():
    """The first one, with the shapes of its operands."""
    add, matmul = (array_primitives()[name] for name in ("add", "matmul"))
    graph = Graph()
    x, y = Node(graph, graph.variable("x")), Node(graph, graph.variable("y"))
    line = matmul(add(x, x), y).index
    assert infer(graph, {"x": (2, 3), "y": (3, 4)}) == [(2, 3), (3, 4), (2, 3), (2, 4)]
    with pytest.raises(ShapesDoNotFit) as caught:
        infer(graph, {"x": (2, 3), "y": (2, 4)})
    assert (caught.value.line, list(caught.value.shapes)) == (line, [(2, 3), (2, 4)])


@pytest.mark.parametrize(("shape", "text", "elements"), [((), "[]", 1), ((3,), "[3]", 3), ((2, 1, 4), "[2,1,4]", 8)])
def test_a_shape_is_written_in_brackets(shape, text, elements):
    """As the language would write it, without blanks."""
    assert (shown(shape), count(shape)) == (text, elements)


@pytest.mark.parametrize(("many", "text"), [
    (8, "8 bytes"), (1000, "1000 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (8e6, "7.63 MiB"), (1 << 30, "1 GiB"),
    (8e10, "74.5 GiB"), (8e30, "more than any memory"), (1023.9, "1 KiB"), (1048575, "1 MiB"),
])  # fmt: skip
def test_a_size_is_said_in_the_unit_that_fits(many, text):
    """Three digits, and never 1024 of a unit."""
    assert sized(many) == text
