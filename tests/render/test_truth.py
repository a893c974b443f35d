"""What is printed is true: a reader who has only the text of a view can recompute every equation in it."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from render.cases import CASES, PUBLISHED, Case, drawn, scalar_programs
from render.reading import Equation, Key, Reading, value_of

from gradcli.errors import GradError
from gradcli.report.explanation import Explanation
from gradcli.text import significant

VIEWS = ("table", "tree", "ledger")
WIDTHS = (40, 60, 80, 120, 200)


class Engine:
    """The numbers that the engine computed, by the reader's keys."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        names = explanation.labels.names
        self.found: dict[Key, dict[str, float]] = {}
        for index in explanation.rows:
            self._add(("value", names[index]), explanation.values[index])
            for sweep in explanation.passes:
                if sweep.numbers[index] is not None:
                    self._add(("number", sweep.name or "", names[index]), sweep.numbers[index])
        for sweep in explanation.passes:
            for flow in sweep.flows:
                owner = sweep.owner(flow)
                operand = flow[0] if sweep.forward else flow[1]
                self._add(("local", names[owner], names[operand]), flow[4])
                place = explanation.graph.operands[owner][: flow[2] + 1].count(operand)
                self._add(("local", names[owner], f"{names[operand]} ({ordinal(place)})"), flow[4])
                self._add(("part", sweep.name or "", names[owner], names[operand]), flow[5])
            if sweep.forward and explanation.value != explanation.value:  # its tangent is nan, whatever was pushed
                pushes = [flow[5] for flow in sweep.arriving.get(explanation.result, ())]
                self._add(("number", sweep.name, names[explanation.result]), sum(pushes))

    def _add(self, key: Key, number: float) -> None:
        self.found.setdefault(key, {})[repr(number)] = number  # 0 and -0 apart

    def numbers(self, key: Key) -> list[float]:
        """All that the key may stand for: x*x has two flows to x."""
        return [*self.found.get(key, {}).values()]


def ordinal(number: int) -> str:
    return str(number) + {1: "st", 2: "nd", 3: "rd"}.get(number, "th")


def is_rounded(text: str, number: float, digits: int) -> bool:
    """Whether TEXT is NUMBER correctly rounded to DIGITS, or to more."""
    return any(text == significant(number, many) for many in range(digits, 18))


def holds(equation: Equation, reading: Reading, engine: Engine, digits: int) -> bool:
    """Whether what was printed is within a unit of its last digit, or all operands have all digits."""
    texts = reading.numbers[equation.result]
    if any(within_a_unit(text, equation.again, digits) for text in texts):
        return True
    return all(
        key[0] == "summand" or any(float(t) in engine.numbers(key) for t in reading.numbers[key])
        for key in equation.operands
    )


def within_a_unit(text: str, again: float, digits: int) -> bool:
    printed = float(text)
    if not (math.isfinite(printed) and math.isfinite(again)):
        return printed == again or (printed != printed and again != again)
    shown = len(text.partition("e")[0].replace("-", "").replace(".", "").lstrip("0"))
    exponent = int(f"{printed:.16e}".partition("e")[2])
    unit = float(f"1e{exponent - max(shown, digits) + 1}") if printed else 0.0
    return abs(again - printed) <= unit * (1 + 1e-6) + 4e-15 * abs(printed) + 5e-324


def check(explanation: Explanation, view: str, digits: int, **how: object) -> Reading:
    """Every promise about one drawing."""
    text = drawn(explanation, view=view, digits=digits, **how)
    reading = Reading(text, view)
    engine = Engine(explanation)
    for key, texts in reading.numbers.items():
        if key[0] == "summand":
            continue
        for printed in texts:
            assert any(is_rounded(printed, number, digits) for number in engine.numbers(key)), (key, printed, text)
    for equation in reading.equations:
        assert holds(equation, reading, engine, digits), (equation, text)
    check_answer(explanation, reading, digits, text)
    return reading


def check_answer(explanation: Explanation, reading: Reading, digits: int, text: str) -> None:
    """The final block says what the rows say."""
    name = explanation.labels.names[explanation.result]
    numbers = {name: explanation.value}
    keys: dict[str, Key] = {name: ("value", name)}
    for source, gradient in explanation.gradients.items():
        numbers[f"{name}/{source}"] = gradient
        forward = explanation.passes[0].forward
        keys[f"{name}/{source}"] = ("number", source, name) if forward else ("number", "", source)
    assert len(reading.answer) == min(len(numbers), 21)
    for label, printed in reading.answer.items():
        plain = label.replace("∂", "") if "∂" in label else label[1:].replace("/d", "/") if "/" in label else label
        assert is_rounded(printed, numbers[plain], digits), (label, printed, text)
        assert printed in reading.numbers.get(keys[plain], {printed}) or printed == "0", (label, printed, text)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", [*CASES, *PUBLISHED], ids=lambda case: case.name)
def test_every_printed_equation_can_be_recomputed(case: Case, view: str) -> None:
    """Each number is the engine's, rounded; each equation holds to a unit of the last digit, with any digits."""
    explanation = case.explained()
    for digits in (3, 6, 9, 17):
        check(explanation, view, digits, width=160)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_view_fits_its_width_and_stays_true(case: Case, view: str) -> None:
    """No line is wider than the terminal, none ends in blanks, and nothing that gives way takes a digit along."""
    explanation = case.explained()
    longest = max(len(name) for name in explanation.labels.names)
    for width, unicode in [*((width, True) for width in WIDTHS), (40, False), (80, False)]:
        reading = check(explanation, view, 6, width=width, unicode=unicode)
        assert reading.numbers or not explanation.flows
        for line in reading.text.split("\n"):
            assert line == line.rstrip(), reading.text
            assert len(line) <= width or longest > 12, reading.text
        assert unicode or reading.text.isascii(), reading.text


@pytest.mark.parametrize("view", VIEWS)
def test_seventeen_digits_fit_forty_columns(view: str) -> None:
    """Where rows are too wide their cells stand below each other, with every digit."""
    for case in CASES:
        if case.name in ("neuron naive", "weight forward", "closed root", "cancellation"):
            explanation = case.explained()
            reading = check(explanation, view, 17, width=40)
            assert reading.equations
            text = reading.text
            assert max(map(len, text.split("\n"))) <= 40, text


@pytest.mark.parametrize("case", [*CASES, *PUBLISHED], ids=lambda case: case.name)
def test_the_formula_of_a_local_gradient_is_the_rule_that_ran(case: Case) -> None:
    """At the engine's own numbers the printed formula gives the engine's local gradient, to the last bit."""
    explanation = case.explained()
    engine = Engine(explanation)
    values = {name: engine.numbers(("value", name))[0] for name in explanation.labels.names if name}
    for view in ("table", "ledger"):
        reading = Reading(drawn(explanation, view=view, width=400, full=True), view)
        for line, operand, formula in reading.formulas:
            again = value_of(formula, {name: values[name] for name in values if name in formula})
            same = [again == number or (again != again and number != number)
                    for number in engine.numbers(("local", line, operand))]  # fmt: skip
            assert any(same), (line, operand, formula, again)


@pytest.mark.parametrize(("view", "count"), [("table", 8 + 6 + 12), ("tree", 8 + 12), ("ledger", 12)])
@pytest.mark.parametrize("width", [40, 80])
def test_the_reader_finds_every_equation_of_the_neuron(view: str, count: int, width: int) -> None:
    """8 operations, 6 formulas, 12 flows; a narrow tree cuts the products, and an operation."""
    case = next(case for case in CASES if case.name == "neuron naive")
    reading = check(case.explained(), view, 6, width=width)
    assert len(reading.equations) == (7 if (view, width) == ("tree", 40) else count)


@pytest.mark.parametrize(
    ("view", "true", "false"),
    [
        ("table", "v7 = 1 + v6    1.36788 ", "v7 = 1 + v6    1.36778 "),
        ("table", "-f/v7 = -0.534447", "-f/v7 = -0.534547"),
        ("tree", "×  0.367879  = -0.196612", "×  0.367879  = -0.196712"),
        ("ledger", "v6 =  0.367879  = -0.196612", "v6 =  0.367879  = -0.196712"),
    ],
)
def test_a_wrong_digit_does_not_get_past_the_reader(view: str, true: str, false: str) -> None:
    """One digit changed in the text breaks an equation: the reader really recomputes."""
    explanation = next(case for case in CASES if case.name == "neuron naive").explained()
    text = drawn(explanation, view=view)
    assert text.count(true) == 1
    engine, reading = Engine(explanation), Reading(text.replace(true, false), view)
    assert not all(holds(equation, reading, engine, 6) for equation in reading.equations)


@settings(max_examples=100)
@given(scalar_programs(), st.sampled_from(VIEWS), st.sampled_from((3, 6, 9)), st.sampled_from((40, 80, 160)))
def test_random_programs_are_printed_truly(
    program: tuple[str, dict[str, float]], view: str, digits: int, width: int
) -> None:
    """Whatever the numbers are, finite or not."""
    source, at = program
    for options in ({}, {"decomposition": "naive"}, {"mode": "forward"}):
        try:
            explanation = Case("random", source, at, options).explained()
        except GradError:
            assume(False)
        check(explanation, view, digits, width=width)
