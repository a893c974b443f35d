"""Correct digits, the place that lost them, and the place where a nan was born."""

import math

import pytest
from mpmath import mp

from gradcli.autodiff import depends, evaluate, pull_back
from gradcli.autodiff.precise import judge
from gradcli.graph.decompose import decompose
from gradcli.insight.digits import Judged, correct_digits, is_lost, loss_of, nan_of, operations_of
from gradcli.language.builder import build

INF, NAN = math.inf, math.nan
NEURON = "1/(1+exp(-x))"


def judged(source: str, decomposition: str = "typed", **at: float) -> tuple[Judged, dict[str, int]]:
    program = build(source, given=at)
    found = decompose(program.graph, program.result, decomposition)
    graph, result = found.graph, found.moved[program.result]
    sources = {name: found.moved[line] for name, line in program.variables.items()}
    values = evaluate(graph, at)
    flows: list = []
    sweep = pull_back(graph, values, result, depends(graph, sources.values()), flows=flows)
    truth = judge(graph, values, result, sources.values())
    return Judged(graph, values, result, sweep, flows, truth), sources


def loss(source: str, by: str | None, decomposition: str = "typed", **at: float) -> tuple[str, str, str] | None:
    run, sources = judged(source, decomposition, **at)
    line = None if by is None else sources[by]
    exact = run.truth.value(run.result) if line is None else run.truth.gradient(line)
    found = loss_of(run, line, exact)
    return None if found is None else (found.kind, found.place, found.cause)


def birth(source: str, by: str | None, **at: float) -> tuple[str, str] | None:
    run, sources = judged(source, **at)
    found = nan_of(run, None if by is None else sources[by])
    return None if found is None else (found.place, found.what)


@pytest.mark.parametrize(
    ("value", "true", "digits"),
    [
        (0.1, "0.1", "all"),
        (0.1, "0.10000000000000001", "all"),
        (0.1, "0.100001", 5),
        (0.1, "0.100000000000000020", 15),
        (1.0, "1.09", 1),
        (1.0, "1.2", "none"),
        (-1.0, "1", "none"),
        (0.0, "1e-400", "all"),
        (0.0, "1e-300", "none"),
        (5e-324, "4e-324", "all"),
        (INF, "1e400", "all"),
        (INF, "1e300", "none"),
        (1.7976931348623157e308, "1e400", "none"),
        (0.0, "0", "all"),
        (-0.0, "0", "all"),
        (1e-300, "0", "none"),
        (INF, "inf", "all"),
        (-INF, "inf", "none"),
        (NAN, "1", "none"),
        (NAN, "nan", None),
        (1.0, "nan", None),
    ],
)
def test_digits_are_counted(value, true, digits):
    """The double nearest to the truth has all; underflow and overflow count where the truth rounds there."""
    with mp.workdps(40):
        assert correct_digits(value, mp.mpf(true)) == digits


def test_digits_of_no_truth_are_undecided():
    """Where no true number was found, none is counted and nothing is called lost."""
    assert correct_digits(1.0, None) == "undecided"
    assert not is_lost(1.0, None)


@pytest.mark.parametrize("ulps", [1, 3, 40, 99])
def test_rounding_is_no_loss(ulps):
    """A number a few units beside the truth was rounded; from a hundred on it lost digits."""
    with mp.workdps(40):
        assert not is_lost(1.0, mp.mpf(1) + ulps * mp.mpf(2) ** -53)
        assert is_lost(1.0, mp.mpf(1) + 102 * mp.mpf(2) ** -53)


@pytest.mark.parametrize(
    ("source", "by", "at", "found"),
    [
        (NEURON, "x", {"x": -400.0},
         ("underflow", "flow f → v3",
          "whose local gradient -f/v3 = -1.91517e-174/5.22147e+173 is too small for a double")),
        (NEURON, "x", {"x": -800.0}, ("overflow", "v2 = exp(v1)", "which overflows to inf")),
        ("(1-cos(x))/x^2", None, {"x": 1e-8}, ("cancellation", "v2 = 1 - v1", "where 1 - 1 cancels")),
        ("(1-cos(x))/x^2", "x", {"x": 1e-8}, ("cancellation", "v2 = 1 - v1", "where 1 - 1 cancels")),
        ("(exp(x)-1)/x", None, {"x": 1e-10}, ("cancellation", "v2 = v1 - 1", "where 1 - 1 cancels")),
        ("log(1+exp(x))", None, {"x": 800.0}, ("overflow", "v1 = exp(x)", "which overflows to inf")),
        ("log(1+x)", None, {"x": 1e-17}, ("magnified", "f = log(v1)", "which magnifies the rounding of v1")),
        ("sqrt(x^2+y^2)", None, {"x": 1e200, "y": 1.0}, ("overflow", "v1 = x^2", "which overflows to inf")),
        ("sqrt(x^2+y^2)", "x", {"x": 1e-200, "y": 1e-200}, ("underflow", "v1 = x^2", "which underflows to 0")),
        ("x + 1e16*x - 1e16*x", "x", {"x": 1.5}, ("cancellation", "the 3 flows into x", "which cancel")),
        ("x*1e-200*1e-200*1e300", None, {"x": 1.0}, ("underflow", "v2 = v1*1e-200", "which underflows to 0")),
        ("exp(-x)*1e300", None, {"x": 740.0},
         ("subnormal", "v2 = exp(v1)", "which falls among the smallest doubles, where digits are few")),
    ],
)  # fmt: skip
def test_a_loss_goes_back_to_its_place(source, by, at, found):
    """The operation that lost clearly more than its operands had, or the flow whose local gradient or product did."""
    assert loss(source, by, **at) == found


@pytest.mark.parametrize(
    ("source", "at"),
    [(NEURON, {"x": 40.0}), (NEURON, {"x": 2.0}), ("x*y", {"x": 1e200, "y": 1e200}), ("log(x)", {"x": -1.0})],
)
def test_what_is_right_has_no_loss(source, at):
    """No digit lost, or no true number: nothing is blamed."""
    run, sources = judged(source, **at)
    numbers = [(run.values[run.result], run.truth.value(run.result))]
    numbers += [(run.sweep.numbers[line], run.truth.gradient(line)) for line in sources.values()]
    assert not any(is_lost(value, exact) for value, exact in numbers)


def test_a_branch_that_lost_digits_decided_is_named():
    """The floor that stepped beside the true one is blamed, not what came after it."""
    run, _ = judged("mod(x, y)", "naive", x=1.0, y=0.1)
    found = loss_of(run, None, mp.mpf("0.09999999999999995"))
    assert found is not None
    assert (found.kind, found.place) == ("stray", "v2 = floor(v1)")


@pytest.mark.parametrize(
    ("source", "by", "at", "found"),
    [
        (NEURON, "x", {"x": -800.0}, ("flow v2 → v1", "-0 × inf")),
        ("exp(x)/exp(x)", None, {"x": 800.0}, ("f = v1/v2", "inf/inf")),
        ("exp(x)-exp(x)", "x", {"x": 800.0}, ("f = v1 - v2", "inf - inf")),
        ("log(x)*y", "y", {"x": -1.0, "y": 2.0}, ("v1 = log(x)", "log(-1)")),
        ("x*y", "y", {"x": NAN, "y": 2.0}, ("x", "given")),
        ("sqrt(x^2)", "x", {"x": 0.0}, ("flow v1 → x", "inf × 0")),
        ("log(x) - log(x)", "x", {"x": 0.0}, ("f = v1 - v2", "-inf - (-inf)")),
        (NEURON, "x", {"x": 1.0}, None),
    ],
)
def test_a_nan_goes_back_to_its_birth(source, by, at, found):
    """The first line or flow that made nan out of numbers, with what met there."""
    assert birth(source, by, **at) == found


def test_operations_are_counted_by_kind():
    """Only those that the result is computed from, in the order of evaluation."""
    run, _ = judged("a = x*x; b = exp(x); a*x + 1", x=2.0)
    assert operations_of(run.graph, run.result) == {"mul": 2, "add": 1}
