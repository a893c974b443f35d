"""A graph of arrays written out over single numbers: at every point the numbers of the arrays."""

import math

import numpy as np
import pytest
from array_cases import EVERY_CASE, ArrayCase, as_operand

from gradcli.autodiff import evaluate
from gradcli.autodiff.adjoint import adjoint_lines, evaluate_lines
from gradcli.errors import GradError
from gradcli.graph import NAMED, Graph, Node
from gradcli.graph.scalars import Lines, Scalars, element

INF, NAN = math.inf, math.nan
SOME = [case for number, case in enumerate(EVERY_CASE) if number % 3 == 0 or case.shape == ()]


def both(case: ArrayCase, operands: list) -> tuple[list[np.ndarray], list[np.ndarray], float]:
    """The value and the adjoints of sum(w * case), by arrays and by single numbers, and the size of what is added up.

    Nothing of the graph depends on the point.
    """
    graph, line = case.graph()
    weights = Node(graph, graph.variable("w", None, case.shape))
    total = (weights * Node(graph, line)).index
    if case.shape:
        total = NAMED["sum"](Node(graph, total), static=(None, False)).index
    adjoints = [found for found in adjoint_lines(graph, total, range(len(case.shapes))).values() if found is not None]
    point = {f"x{slot}": operand for slot, operand in enumerate(operands)} | {"w": case.weights()}
    values = evaluate_lines(graph, point)
    scalars = Scalars(graph, [line, *adjoints])
    flat = {
        element(name, place): float(np.asarray(value)[place])
        for name, value in point.items()
        for place in np.ndindex(np.shape(value))
    }
    numbers = evaluate(scalars.graph, flat)
    found = [np.array([numbers[place] for place in scalars.lines_of(index)]) for index in (line, *adjoints)]
    wanted = [np.ravel(np.asarray(values[index], dtype=float)) for index in (line, *adjoints)]
    finite = [abs(x) for value in values if value is not None for x in np.ravel(value).tolist() if math.isfinite(x)]
    return found, wanted, max([1.0, *finite])


@pytest.mark.parametrize("case", SOME, ids=repr)
def test_every_primitive_of_arrays_is_written_out(case):
    """The value and the gradients, within what sums in another order may lose."""
    try:
        found, wanted, size = both(case, case.operands())
    except GradError as error:
        assert error.kind == "limit"
        assert max(case.shapes[0]) > 4
        return
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-14 * size)


@pytest.mark.parametrize("special", [0.0, -0.0, INF, -INF, NAN])
@pytest.mark.parametrize("case", SOME[::3], ids=repr)
def test_conventions_hold_where_a_number_is_special(case, special):
    """Zeros, infinities and nan give what the arrays give: whether a row holds one is not known beforehand."""
    operands = []
    for place, operand in enumerate(case.operands()):
        array = np.array(operand, dtype=float)
        array.reshape(-1)[(3 * place + 1) % array.size] = special
        operands.append(as_operand(array))
    found, wanted, size = both(case, operands)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13 * size)


@pytest.mark.parametrize("name", ["amax", "amin", "amax_first", "amin_first", "std", "norm", "argmax"])
def test_ties_and_kinks_are_those_of_arrays(name):
    case = next(case for case in EVERY_CASE if case.primitive.name == name and case.shapes == ((2, 3),))
    for number in (0.0, 1.5):
        found, wanted, _ = both(case, [np.full((2, 3), number)])
        for one, other in zip(found, wanted, strict=True):
            assert one.tolist() == other.tolist()


def test_the_mean_of_numbers_whose_sum_overflows_is_a_number():
    case = next(case for case in EVERY_CASE if case.primitive.name == "mean" and case.shapes == ((3,),))
    found, _, _ = both(case, [np.array([1.7e308, 1.7e308, 1.7e308])])
    assert found[0].tolist() == pytest.approx([1.7e308], rel=1e-15)


def test_equal_lines_are_one_and_constants_are_folded():
    lines = Lines()
    x = lines.graph.variable("x")
    assert lines.apply("sin", x) == lines.apply("sin", x)
    assert lines.apply("mul", lines.constant(2.0), lines.constant(3.0)) == lines.constant(6.0)
    assert lines.constant(0.0) != lines.constant(-0.0)


def test_too_many_lines_are_refused_before_they_are_written():
    graph = Graph()
    graph.shapes = []
    a = Node(graph, graph.variable("a", None, (100, 100)))
    b = Node(graph, graph.variable("b", None, (100, 100)))
    with pytest.raises(GradError, match="more than 50,000 lines"):
        Scalars(graph, [(a @ b).index])


def test_a_large_determinant_is_refused():
    graph = Graph()
    graph.shapes = []
    x = Node(graph, graph.variable("x", None, (5, 5)))
    with pytest.raises(GradError, match="det of a matrix with 5 rows: map writes out at most 4 rows"):
        Scalars(graph, [NAMED["det"](x).index])
