"""Digits: as many as were asked for, and more only where an equation needs them."""

import pytest

from gradcli.questions import Options, explained
from gradcli.report.precision import Digits
from gradcli.report.rounding import misses, shown

LARGEST = 1.7976931348623157e308


def digits_of(
    source: str, base: int = 6, options: dict[str, object] | None = None, **at: float
) -> tuple[Digits, list[str]]:
    """The digits of all rows, and the labels."""
    explanation = explained(source, at, Options(**(options or {})))
    return Digits(explanation, explanation.rows, base), explanation.labels.names


def values(source: str, base: int = 6, **at: float) -> dict[str, str]:
    """Every line's value as it is printed."""
    digits, names = digits_of(source, base, **at)
    return {names[index]: digits.value(index) for index in digits.explanation.rows}


def test_six_digits_are_enough_for_the_neuron() -> None:
    """Nothing is lost in it, so nothing is longer than was asked for."""
    assert values("1/(1+exp(-(w*x+b)))", w=2.0, x=-1.0, b=3.0) == {
        "w": "2", "x": "-1", "b": "3", "v1": "-2", "v2": "1", "v3": "-1", "v4": "0.367879", "v5": "1.36788",
        "f": "0.731059",
    }  # fmt: skip


def test_what_cancels_shows_the_digits_that_do() -> None:
    """1 - 1 would be 0: the operand goes on to where the difference begins."""
    assert values("1 - cos(x)", x=1e-4) == {"x": "0.0001", "v1": "0.999999995", "f": "5e-09"}


def test_a_step_shows_on_which_side_its_operand_lies() -> None:
    """floor(3) = 2 would be false: the digits go on until the operand reads below 3."""
    assert values("floor(x)", x=2.9999999) == {"x": "2.9999999", "f": "2"}


def test_a_comparison_shows_what_it_compared() -> None:
    """1 < 1 would be false; one of the two is enough."""
    assert values("x < y", x=1.0000001, y=1.0000002) == {"x": "1", "y": "1.0000002", "f": "1"}


def test_an_operand_near_overflow_is_not_rounded_across_it() -> None:
    """exp(709.783) is inf; the printed operand gives the printed number."""
    assert values("exp(x)", x=709.782712893384)["x"] == "709.78271"


@pytest.mark.parametrize("digits", range(1, 18))
def test_the_largest_number_does_not_read_as_inf(digits: int) -> None:
    """1.8e+308 is no double: it is shown with the digits that keep it one."""
    assert float(shown(LARGEST, digits)) < float("inf")


def test_seventeen_digits_are_all_there_are() -> None:
    """No number has more, however badly an equation cancels."""
    digits, _ = digits_of("(x - y)*1e17 + sin(1e16*x)", x=0.1 + 0.2, y=0.3)
    every = [*digits.values.values(), *digits.numbers.values(), *digits.locals.values(), *digits.parts.values()]
    assert every and max(every) <= 17


def test_a_literal_has_all_its_digits_already() -> None:
    """It stands inside the line as it was typed, so it is not what an equation lacks."""
    assert values("2.123456789*x", x=3.0) == {"x": "3", "f": "6.37037"}


def test_gradients_that_cancel_show_the_digits_that_do() -> None:
    """The parts of a sum have digits of their own: -9999.999939225 + 9999.999983333 = 4.4108e-05."""
    digits, names = digits_of("(1 - cos(x))/x^2", x=1e-4)
    x = names.index("x")
    parts = [digits.part(flow[0], flow[2], flow[5]) for flow in digits.explanation.backward.arriving[x]]
    assert misses(float(digits.number(x)), sum(map(float, parts)), 6) <= 1


def test_tangents_have_digits_as_gradients_do() -> None:
    """In forward mode each input has its own."""
    digits, names = digits_of("x*1.0000001 - x", options={"mode": "forward"}, x=1.0)
    v1 = names.index("v1")
    assert digits.number(v1) == "1.0000001"


def test_what_was_not_computed_is_blank() -> None:
    """Blank, never 0: a line that depends on nothing that was asked for."""
    digits, names = digits_of("x*sin(y)", options={"wrt": ["x"]}, x=1.0, y=0.0)
    assert [digits.number(names.index(name)) for name in ("x", "y", "v1")] == ["0", "", ""]


@pytest.mark.parametrize(
    ("exact", "again", "digits", "units"),
    [
        (0.5, 0.5, 6, 0.0),
        (1.23456, 1.23457, 6, 1.0),
        (123456789.0, 123456790.0, 6, 1.0),  # whole numbers are printed whole
        (0.0, 1e-300, 6, float("inf")),
        (float("nan"), float("nan"), 6, 0.0),
        (1.0, float("inf"), 6, float("inf")),
    ],
)
def test_a_miss_is_counted_in_units_of_the_last_digit(exact: float, again: float, digits: int, units: float) -> None:
    """Of the digit that is printed last."""
    assert misses(exact, again, digits) == pytest.approx(units, rel=1e-6)
