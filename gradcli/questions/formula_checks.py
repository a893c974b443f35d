"""A formula held to the derivative it stands for, at a few points, before it is shown.

The steps that make formulas short are many. Whatever they are, what is not the derivative must not be printed:
where one of them differs from the engine's number, all are made again without the search for shorter forms.
"""

from __future__ import annotations

from gradcli.autodiff import evaluate
from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.graph.shapes import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradcli.graph.tidy import Tidy
    from gradcli.language.unvalued import Unvalued
    from gradcli.report.formulas import Formula

MOST_LINES = 400  # of the program
MOST_FORMULAS = 20
MOST_ORDER = 4
TOLERANCE = 1e-5  # relative: more than rounding takes at ordinary points
POINTS = ((0.7, 0.37), (1.9, 0.23), (-0.6, 0.41))  # the first value, and how far the next one is


def differs(question: Unvalued, tidy: Tidy, found: Sequence[Formula]) -> bool:
    """Whether one of the formulas FOUND is another number than the derivative at one of the POINTS. Scalars only."""
    graph = question.graph
    if question.shapes is not None and any(map(count, filter(None, question.shapes))):
        return False
    if len(graph) > MOST_LINES or len(found) > MOST_FORMULAS or any(len(f.by) > MOST_ORDER for f in found):
        return False
    return any(not _is_close(*pair) for point in _points(question) for pair in _pairs(question, tidy, found, point))


def _points(question: Unvalued) -> Iterator[dict[str, float]]:
    for first, step in POINTS:
        yield {name: first + step * place for place, name in enumerate(question.program.variables)}


def _pairs(
    question: Unvalued, tidy: Tidy, found: Sequence[Formula], point: Mapping[str, float]
) -> Iterator[tuple[float, float, float]]:
    """Of every formula its number, that of the derivative, and the value of the program."""
    from gradcli.questions.formulas import number_of

    values = evaluate(question.graph, point)
    value = values[question.result]
    names = {name: values[line] for name, line in question.sources.items() if line is not None}
    for formula in found:
        yield number_of(tidy, formula.value, {**point, **names}), _derivative(question, formula.by, point), value


def _derivative(question: Unvalued, by: Sequence[str], point: Mapping[str, float]) -> float:
    graph, result = question.graph.copy(), question.result
    for name in by:
        line = question.sources[name]
        found = None if line is None else adjoint_lines(graph, result, [line])[line]
        if found is None:
            return 0.0
        result = found
    return evaluate(graph, point)[result]


def _is_close(got: float, wanted: float, value: float) -> bool:
    """Whether two numbers are one to rounding; a nan or an infinity anywhere says nothing."""
    if got - got != 0 or wanted - wanted != 0 or value - value != 0:
        return True
    return abs(got - wanted) <= TOLERANCE * (abs(got) + abs(wanted)) + 1e-9 * (1 + abs(value))
