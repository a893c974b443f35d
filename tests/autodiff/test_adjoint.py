"""Reverse-mode AD: the lines that the sweep adds hold what backpropagation computes, and are right where they are
differentiated again."""

import math

import numpy as np
import pytest
from array_cases import ALL, as_operand, cases, point
from helpers import EVERY_SLOT, PRIMITIVES, close, far_points, moderate_points, same, slot_name, smooth_points
from hypothesis import example, given, settings
from programs import derivatives
from scalar_programs import NAMES, anywhere, largest_flow, texts

from gradcli.autodiff import depends, evaluate, pull_back
from gradcli.autodiff.adjoint import AdjointGraph, adjoint_lines, gradients
from gradcli.autodiff.arrays import evaluate as evaluate_arrays
from gradcli.autodiff.arrays import pull_back as pull_back_arrays
from gradcli.graph import Graph
from gradcli.graph.arrays import ArrayConstant
from gradcli.language.builder import build
from gradcli.language.question import Options, Question

NAN = math.nan


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=slot_name)
def test_the_adjoint_of_every_operand_is_that_of_backpropagation(primitive):
    """To the last bit: the same rule, read over nodes and then over numbers."""
    for case in [*moderate_points(primitive), *far_points(primitive)]:
        graph, line = case.graph()
        values = evaluate(graph, case.point())
        sources = list(range(line))
        wanted = pull_back(graph, values, line, depends(graph, sources)).numbers
        for lean in (True, False):
            found = AdjointGraph(graph, values, line, sources, lean=lean)
            numbers = found.evaluate(case.point())
            for source in sources:
                adjoint = found.adjoints[source]
                assert (adjoint is None) == (wanted[source] is None), (case, source)
                if adjoint is not None:
                    assert same(numbers[adjoint] + 0.0, wanted[source] + 0.0), (case, source, lean)


@pytest.mark.parametrize("primitive", ALL.values(), ids=slot_name)
def test_the_adjoint_of_every_array_operand_is_that_of_backpropagation(primitive):
    for case in cases(primitive):
        graph, line = case.graph()
        operands = case.operands()
        value = case.value(operands)
        upstream = as_operand(np.where(np.isnan(value), np.nan, case.weights()))
        values = evaluate_arrays(graph, point(operands))
        sources = list(range(line))
        wanted = pull_back_arrays(graph, values, line, depends(graph, sources), upstream=upstream).numbers
        seed = graph.constant(upstream if type(upstream) is float else ArrayConstant(upstream))
        adjoints = adjoint_lines(graph, line, sources, seed=seed)
        numbers = evaluate_arrays(graph, point(operands))
        for source, adjoint in adjoints.items():
            assert (adjoint is None) == (wanted[source] is None), (case, source)
            if adjoint is not None:
                assert graph.shapes[adjoint] == graph.shapes[source] == np.shape(numbers[adjoint]), case
                np.testing.assert_allclose(numbers[adjoint], wanted[source], rtol=1e-13, atol=1e-13, err_msg=repr(case))


@pytest.mark.parametrize(("primitive", "slot"), EVERY_SLOT, ids=slot_name)
def test_an_adjoint_is_differentiated_again(primitive, slot):
    """Reverse over reverse, against the second derivatives of the exact function."""
    from mpmath import mp

    for case in smooth_points(primitive, slot):
        graph, line = case.graph()
        adjoint = adjoint_lines(graph, line, [slot])[slot]
        seconds = adjoint_lines(graph, adjoint, range(line))
        values = evaluate(graph, case.point())
        for other in range(line):
            if not case.is_smooth(other):
                continue
            with mp.workdps(case.digits):
                exact = float(case.exact_second(slot, other))
            second = seconds[other]
            got = 0.0 if second is None else values[second]
            assert close(got, exact, 1e-9, 1e-9 * (1 + abs(exact))), (case, slot, other, got, exact)


@settings(max_examples=200)
@given(texts, anywhere)
@example("where(x>0, sqrt(x), 0)", {"x": 0.0, "y": 0.0, "z": 0.0})
@example("where(x>0, log(x)*y, 0)", {"x": 0.0, "y": 1.0, "z": 0.0})
@example("max(x, y, x)*min(x, y)", {"x": 1.0, "y": 1.0, "z": 0.0})
@example("relu(sqrt(relu(x)))", {"x": 0.0, "y": 0.0, "z": 0.0})
def test_the_adjoint_graph_agrees_on_any_program(text, at):
    back, added = derivatives(text, at), derivatives(text, at, mode="adjoint")
    scale = largest_flow(text, at)
    for name in NAMES:
        if scale:
            assert close(back[name], added[name], 1e-11, 1e-13 * scale), (name, back, added)
        else:
            assert (back[name] != back[name]) == (added[name] != added[name]), (name, back, added)


@pytest.mark.parametrize(("text", "wanted"), [
    ("log(x) at x=-1", NAN), ("where(x>0, sqrt(x), 0) at x=0", 0.0), ("1/(1+exp(-x)) at x=-800", NAN),
])  # fmt: skip
def test_conventions_hold_in_the_added_lines(text, wanted):
    assert same(derivatives(text, mode="adjoint")["x"], wanted)


def test_strong_zero_is_about_the_flows():
    assert derivatives("1/(1+exp(-x)) at x=-800", mode="adjoint", strong_zero=True)["x"] == 0.0


def test_a_closed_gate_stays_closed_in_the_second_order():
    """The derivative of the adjoint lines of where(x>0, x^1.5, 0) at 0 is 0, not 0 × inf."""
    program = build("where(x > 0, x^1.5, 0)")
    graph, x = program.graph, program.variables["x"]
    first = adjoint_lines(graph, program.result, [x])[x]
    second = adjoint_lines(graph, first, [x])[x]
    values = evaluate(graph, {"x": 0.0})
    assert values[first] == values[second] == 0.0


def test_what_does_not_arrive_has_no_line():
    program = build("a = x*x; b = y + 1; a")
    graph = program.graph
    assert adjoint_lines(graph, program.result, program.variables.values())[program.variables["y"]] is None


def test_the_added_lines_say_what_they_are():
    program = build("x*y + sin(x)")
    graph: Graph = program.graph
    start = len(graph)
    one = graph.constant(1.0)
    adjoint_lines(graph, program.result, program.variables.values(), seed=one, lean=False)
    roles = [graph.origins[line].role for line in range(start, len(graph)) if line in graph.origins]
    assert roles == ["flow", "flow", "local", "flow", "flow", "sum", "flow"]


def test_a_hundred_thousand_lines_at_the_default_recursion_limit():
    program = build("+".join(["x*y"] * 33_000))
    graph, sources = program.graph, list(program.variables.values())
    values = evaluate(graph, {"x": 2.0, "y": 3.0})
    assert gradients(graph, values, program.result, sources, {"x": 2.0, "y": 3.0}) == [99_000.0, 66_000.0]
    deep = build("sin(" * 30_000 + "x" + ")" * 30_000)
    values = evaluate(deep.graph, {"x": 0.5})
    wanted = pull_back(deep.graph, values, deep.result, [True] * len(deep.graph)).numbers[deep.variables["x"]]
    assert gradients(deep.graph, values, deep.result, deep.variables.values(), {"x": 0.5}) == [wanted]


@pytest.mark.parametrize("program", [
    "sum(relu(A@B)*C) at A=[[1,inf],[3,-4]], B=[[1,-2],[0,1]], C=[[1,2],[3,4]]",
    "sum(where(A@v > 0, sqrt(A@v), 0)) at A=[[0,0],[1,2]], v=[1,1]",
    "sum(where(v@A > 0, sqrt(v@A), 0)) at A=[[0,0],[0,2]], v=[1,1]",
    "where(v@w > 0, sqrt(v@w), 0) at w=[0,1], v=[1,0]",
    "sum(where(A > 0, log(A), 0)) at A=[[0,0],[0,2]]",
    "sum(where(softmax(v) > 0.5, sqrt(v), 0)) at v=[0,1]",
    "sum(where(inv(A) > 0, sqrt(A), 0)) at A=[[0,1],[1,2]]",
    "sum(relu(cumsum(v))/v) at v=[0,1,-3]",
    "sum(amax(where(A > 0, sqrt(A), 0), 0)) at A=[[0,0],[1,2]]",
    "sum(softmax(where(A > 0, sqrt(A), 0))) at A=[[0,0],[1,2]]",
    "sum(where(outer(v, w) > 0, sqrt(outer(v, w)), 0)) at v=[0,1], w=[1,0]",
    "sum(where(reshape(A, 4) > 0, sqrt(reshape(A, 4)), 0)) at A=[[0,0],[1,2]]",
    "sum(where(trace(A) > 0, A.T, 0)) at A=[[-1,0],[1,0.5]]",
    "(w*x)[0] at w=2, x=[1,inf]",
    "sum((w*x)[:1]) at w=2, x=[1,inf]",
    "sqrt(x)[0]*sqrt(x)[1] at x=[4,9,0]",
    "concat(w*x, [1])[0] at w=2, x=[1,inf]",
    "stack(w*x, sqrt(x))[1,1] at w=2, x=[0,4]",
    "trace(sqrt(A)) at A=[[4,0],[0,9]]",
    "sum(cumsum(sqrt(x))[:2]) at x=[4,9,0]",
    "([[1,2],[3,4]]@sqrt(x))[0] + sum(sqrt(A)@[1,1])/4 at x=[4,9], A=[[4,9],[1,1]]",
    "(sqrt(A)@v)[0] at A=[[4,9],[0,0]], v=[1,2]",
    "sum(amax(sqrt(A), 1)[:1]) at A=[[4,9],[0,0]]",
    "sum(sum(sqrt(A), 1)[:1]) at A=[[4,9],[0,0]]",
    "sum(sqrt(relu(x))[:1] + where(x > 1, sqrt(x), x)[1:]) at x=[4,0]",
])  # fmt: skip
def test_masks_travel_through_arrays(program):
    """Behind a closed gate stands exactly 0, whatever the line is that carries it on, and nan where it is no gate."""
    question = Question(program, {}, Options(decomposition="typed"))
    graph, result = question.graph, question.result
    values = evaluate_arrays(graph, question.point)
    sources = question.live_sources()
    wanted = pull_back_arrays(graph, values, result, depends(graph, sources)).numbers
    found = gradients(graph, values, result, sources, question.point)
    for source, number in zip(sources, found, strict=True):
        np.testing.assert_allclose(number, wanted[source], rtol=1e-14, atol=0)


@pytest.mark.parametrize(("primitive", "slot"), EVERY_SLOT, ids=slot_name)
def test_every_primitive_is_differentiated_thrice(primitive, slot):
    """Reverse over reverse over reverse, against the third derivative of the exact function."""
    from mpmath import mp

    tried = 0
    for case in smooth_points(primitive, slot):
        graph, line = case.graph()
        third: int | None = line
        for _ in range(3):
            third = third if third is None else adjoint_lines(graph, third, [slot])[slot]
        got = 0.0 if third is None else evaluate(graph, case.point())[third]
        with mp.workdps(2 * case.digits):
            h = case.step(slot) ** mp.mpf("0.5")
            slopes = [case.exact_slope(slot, (slot, place * h)) for place in (-1, 0, 1)]
            if not all(map(mp.isfinite, slopes)):
                continue
            exact = float((slopes[0] - 2 * slopes[1] + slopes[2]) / h**2)
        tried += 1
        assert close(got, exact, 1e-8, 1e-8 * (1 + abs(exact))), (case, slot, got, exact)
    assert tried >= 3
