"""Adjoint lines, as written and optimised, are backpropagation: every primitive over every combination of shapes."""

import numpy as np
import pytest
from array_cases import ALL, cases, point

from gradcli.autodiff import depends
from gradcli.autodiff.adjoint import AdjointGraph, evaluate_lines
from gradcli.autodiff.arrays import evaluate, pull_back
from gradcli.graph import NAMED, Node
from gradcli.graph.optimise import optimise

FEW = 8  # shapes of each primitive, spread over its cases


def some(name):
    found = cases(ALL[name])
    step = max(len(found) // FEW, 1)
    return found[::step]


@pytest.mark.parametrize("name", ALL)
def test_three_engines_have_one_gradient(name):
    """Of the weighted sum of its elements, and of the square of that, so that what arrives is no constant."""
    for case in some(name):
        operands = case.operands()
        graph, line = case.graph()
        sources = list(range(len(operands)))
        total = Node(graph, line)
        weights = Node(graph, graph.variable("weights", None, case.shape))
        total = total * weights
        if case.shape:
            total = NAMED["sum"](total, static=(None, False))
        result = (total * total).index
        at = {**point(operands), "weights": case.weights()}
        values = evaluate(graph, at)
        flowed = pull_back(graph, values, result, depends(graph, sources)).numbers
        added = AdjointGraph(graph, values, result, sources, lean=False)
        adjoints = [line for line in added.adjoints.values() if line is not None]
        shorter = optimise(added.graph, [result, *adjoints])
        lines, again = evaluate_lines(added.graph, at), evaluate_lines(shorter.graph, at)
        for source in sources:
            line = added.adjoints[source]
            if line is None:
                assert flowed[source] is None
                continue
            for found in (lines[line], again[shorter.moved[line]]):
                assert np.shape(found) == np.shape(operands[source])
                np.testing.assert_allclose(found, flowed[source], rtol=1e-9, atol=1e-12, err_msg=repr(case))
