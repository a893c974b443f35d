"""Programs of arrays over single numbers: what the arrays' own sweep computes, at other points than the first."""

from typing import Any

import numpy as np
import pytest
from array_cases import ALL, ArrayCase, cases, point

from gradcli.autodiff.arrays import evaluate, pull_back
from gradcli.codegen.array_tape import ArrayTape, agrees
from gradcli.errors import GradError
from gradcli.graph.scalar_forms import FORMS
from gradcli.graph.scalars import MOVES

MOST = 8  # cases of one primitive
SMALL = 40  # elements of an operand


def some(name: str) -> list[ArrayCase]:
    """A few cases of small shapes."""
    found = [case for case in cases(ALL[name]) if all(np.prod(shape) <= SMALL for shape in (*case.shapes, case.shape))]
    return found[:: max(len(found) // MOST, 1)]


def other(operand: Any) -> Any:
    """Other numbers of the same kind."""
    found = np.asarray(operand) * 1.25
    return float(found) if found.ndim == 0 else found


WRITTEN = [name for name, found in ALL.items() if found.kind == "elementwise" or name in FORMS or name in MOVES]


def test_every_primitive_can_be_written_over_single_numbers():
    """Or a page of it would only show the numbers of its run."""
    assert {*ALL} - {*WRITTEN} == set()


@pytest.mark.parametrize("name", WRITTEN)
def test_every_primitive_over_arrays_is_the_same_over_single_numbers(name):
    """Values, adjoints and flows, at a point that the lines were not written for."""
    for case in some(name):
        graph, line = case.graph()
        try:
            tape = ArrayTape(graph, line, range(line))
        except GradError:
            continue  # a matrix too large to be written out
        for operands in (case.operands(), [other(operand) for operand in case.operands()]):
            flows: list[Any] = []
            values = evaluate(graph, point(operands))
            sweep = pull_back(graph, values, line, [True] * len(graph), flows=flows)
            numbers = tape.evaluate(point(operands))
            pairs = [*zip(tape.values, values, strict=True), *zip(tape.adjoints, sweep.numbers, strict=True)]
            assert [(flow.source, flow.target, flow.slot) for flow in tape.flows] == [
                (flow.source, flow.target, flow.slot) for flow in flows
            ]
            pairs += [(one.downstream, flow.downstream) for one, flow in zip(tape.flows, flows, strict=True)]
            pairs += [(one.upstream, flow.upstream) for one, flow in zip(tape.flows, flows, strict=True)]
            for lines, value in pairs:
                assert (lines is None) == (value is None), case
                assert lines is None or agrees(tape, numbers, lines, value), (case, operands)


def test_too_many_lines_are_refused():
    """Before they are written."""
    graph, line = ArrayCase(ALL["matmul"], None, ((60, 60), (60, 60))).graph()
    with pytest.raises(GradError, match="takes more than 6,000 lines"):
        ArrayTape(graph, line, range(line))
