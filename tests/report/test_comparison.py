"""The comparison of decompositions: its verdict, its JSON, and how it looks at any width."""

import json
import math
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from gradcli.cli.screen import drawn
from gradcli.errors import GradError
from gradcli.language.question import Options
from gradcli.questions.compare import compared
from gradcli.render.comparison import comparison_table
from gradcli.report.comparison import Comparison
from gradcli.text import json_text

NEURON = "1/(1+exp(-z))"
FIVE = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
SCHEMA = json.loads((files("gradcli") / "schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": "#/$defs/comparison"})

VERDICTS = [
    (NEURON, {"z": 40.0}, "both are right to the last digit."),
    (NEURON, {"z": -40.0}, "both are right to the last digit."),
    (NEURON, {"z": 710.0}, "both are right to the last digit."),
    (NEURON, {"z": -400.0},
     "sigmoid: naive loses every digit of ∂f/∂z at flow f → v3, whose local gradient -f/v3 = "
     "-1.91517e-174/5.22147e+173 is too small for a double."),
    (NEURON, {"z": -800.0},
     "sigmoid: naive overflows at v2 = exp(800), and its gradient is nan from flow v2 → v1 on. "
     "The true numbers round to 0, so sigmoid's 0 is right."),
    ("1/(1+exp(-(w0*x0+w1*x1+w2)))", FIVE,
     "both are right to rounding, 15 correct digits or more; sigmoid is nearer in ∂f/∂w0, ∂f/∂x0 and 3 more."),
    ("(exp(x)-exp(-x))/(exp(x)+exp(-x))", {"x": 400.0},
     "both are right to the last digit. The true ∂f/∂x rounds to 0, so 0 is right."),
    ("(exp(x)-exp(-x))/(exp(x)+exp(-x))", {"x": 1e-9},
     "sigmoid: naive keeps only 7 digits of f at v4 = v1 - v3, where 1 - 1 cancels."),
    ("log(1+exp(x))", {"x": 800.0},
     "sigmoid: naive overflows at v1 = exp(800), and f is infinite and ∂f/∂x is nan from flow v1 → x on."),
    ("log(1+x)", {"x": 1e-17},
     "sigmoid: naive loses every digit of f at f = log(v1), which magnifies the rounding of v1."),
    ("log1p(x)", {"x": 1e-10},
     "sigmoid: naive keeps only 7 digits of f at f = log(v1), which magnifies the rounding of v1."),
    ("sqrt(x^2+y^2)", {"x": 1e200, "y": 1e200},
     "sigmoid: naive overflows at v1 = 1e+200^2, and f is infinite and no digit of ∂f/∂x and ∂f/∂y is right."),
    ("sqrt(x^2+y^2)", {"x": 1e-200, "y": 1e-200},
     "sigmoid: naive loses every digit of f, ∂f/∂x and ∂f/∂y at v1 = x^2, which underflows to 0."),
    ("sqrt(x^2+y^2)", {"x": 0.0, "y": 0.0},
     "both are right to the last digit in f. As typed, ∂f/∂x and ∂f/∂y are nan even in exact arithmetic. "
     "sigmoid answers 0 for ∂f/∂x and ∂f/∂y, as its own operations define it."),
    ("exp(x)-1", {"x": 1e-12}, "sigmoid: naive keeps only 4 digits of f at f = v1 - 1, where 1 - 1 cancels."),
    ("(exp(x)-1)/x", {"x": 1e-10},
     "sigmoid: naive keeps only 7 digits of f at v2 = v1 - 1, where 1 - 1 cancels; it also loses every digit of ∂f/∂x "
     "at the two flows into x; sigmoid keeps only 10 digits of ∂f/∂x at the two flows into x, which cancel."),
    ("x/(1+exp(-x))", {"x": -800.0},
     "sigmoid: naive overflows at v2 = exp(800), and its gradient is nan from flow v2 → v1 on. "
     "The true numbers round to 0, so sigmoid's 0 is right."),
    ("log(exp(a)+exp(b))", {"a": 1000.0, "b": 1.0},
     "sigmoid: naive overflows at v1 = exp(1000), and f is infinite and ∂f/∂a is nan from flow v1 → a on. "
     "The true ∂f/∂b rounds to 0, so 0 is right."),
    ("x^3-2*x+1", {"x": 1.5},
     "nothing is recognised and nothing is spelled out: both are the same 4 lines, and they are right to the last "
     "digit."),
    ("(1-cos(x))/x^2", {"x": 1e-8},
     "nothing is recognised and nothing is spelled out: both are the same 4 lines, and they lose every digit of f and "
     "∂f/∂x at v2 = 1 - v1, where 1 - 1 cancels."),
    ("log(x)", {"x": -1.0},
     "nothing to compare: as typed, f has no real value here; its nan is born at f = log(x): log(-1)."),
    ("exp(exp(exp(x)))", {"x": 800.0},
     "undecided: no number of bits that was tried settles 20 digits of f and ∂f/∂x."),
    ("e^x", {"x": 400.0}, "both come to the same line, and they are right to the last digit."),
    ("tanh(x)", {"x": 20.0}, "sigmoid: naive loses every digit of ∂f/∂x at the 4 flows into x, which cancel."),
    ("x", {"x": 1.0}, "nothing is computed, so nothing can be lost."),
    ("mod(x, y)", {"x": 1.0, "y": 0.1},
     "sigmoid: naive loses every digit of f and ∂f/∂y at v2 = floor(v1), which goes the other way than with true "
     "numbers."),
    ("where(exp(x)-1 > 0, 5*x, -3)", {"x": 1e-17},
     "sigmoid: naive loses every digit of f and ∂f/∂x at v3 = v2 > 0, which goes the other way than with true "
     "numbers."),
    ("sigmoid(x)", {"x": -math.inf},
     "sigmoid: naive loses every digit of ∂f/∂x at flow v2 → v1, where -0 × inf is nan even in exact arithmetic."),
    ("x*y", {"x": 1e200, "y": 1e200},
     "nothing is recognised and nothing is spelled out: both are the same line, and they are right to the last digit. "
     "The true f rounds to inf, so inf is right."),
    ("1/(1+exp(-z))+1e16*z-1e16*z", {"z": 3.0},
     "no winner: both lose every digit of f at f = v6 - v7, where 3e+16 - 3e+16 cancels."),
]  # fmt: skip
IDS = [f"{source} at {', '.join(map(str, at.values()))}" for source, at, _ in VERDICTS]


def comparison(source: str, at: dict[str, float], **options: str) -> Comparison:
    return compared(source, at, Options(**options))


def look(source: str, at: dict[str, float], *, width: int = 80, unicode: bool = True, digits: int = 6) -> list[str]:
    table = comparison_table(comparison(source, at), width=width, unicode=unicode, digits=digits)
    return [line.rstrip() for line in drawn([table], width=max(width, 400)).splitlines()]


@pytest.mark.parametrize(("source", "at", "verdict"), VERDICTS, ids=IDS)
def test_the_verdict_names_winner_place_and_cause(source, at, verdict):
    """A sentence that is true of the numbers beside it, also where nobody wins."""
    assert comparison(source, at).verdict == verdict


@pytest.mark.parametrize(("source", "at", "_"), VERDICTS, ids=IDS)
def test_the_object_is_what_the_schema_says(source, at, _):
    """As JSON, with every key that the schema names and no other."""
    found = json.loads(json_text(comparison(source, at).as_object()))
    assert not [error.message for error in VALIDATOR.iter_errors(found)]


def test_the_object_holds_every_number():
    """Both columns, their digits and places, and the truth as text of 20 digits."""
    found = comparison(NEURON, {"z": -800.0}).as_object()
    naive, sigmoid = found.pop("columns")
    assert str(naive.pop("gradients")) == "{'z': nan}"
    assert naive == {
        "decomposition": "naive",
        "lines": 4,
        "operations": {"neg": 1, "exp": 1, "add": 1, "div": 1},
        "value": 0.0,
        "digits": {"value": "all", "gradients": {"z": "none"}},
        "first_loss": {
            "kind": "overflow",
            "place": "v2 = exp(v1)",
            "line": "v2",
            "cause": "which overflows to inf",
            "value": math.inf,
            "true": "2.7263745721125665674e+347",
        },
        "nan_born": {"place": "flow v2 → v1", "line": "v2", "what": "-0 × inf", "to": "v1"},
    }
    assert sigmoid["digits"] == {"value": "all", "gradients": {"z": "all"}}
    assert sigmoid["first_loss"] is sigmoid["nan_born"] is None
    assert found["true"] == {
        "value": "3.6678745841776872135e-348",
        "gradients": {"z": "3.6678745841776872135e-348"},
    }


def test_options_are_honoured():
    """Names to differentiate by, ties and zeros are those of the question."""
    assert [one.by for one in comparison("x*y + z", {"x": 1.0, "y": 2.0, "z": 3.0}, wrt=["y"]).asked] == [None, "y"]
    assert comparison("max(x, y)", {"x": 1.0, "y": 1.0}, ties="first").columns[0].numbers == [1.0, 1.0, 0.0]
    assert comparison("max(x, y)", {"x": 1.0, "y": 1.0}).columns[0].numbers == [1.0, 0.5, 0.5]
    assert comparison(NEURON, {"z": -800.0}, zero="strong").columns[0].numbers == [0.0, 0.0]
    with pytest.raises(GradError, match="tie at"):
        comparison("max(x, y)", {"x": 1.0, "y": 1.0}, ties="error")


def test_a_named_line_can_be_differentiated_by():
    """A definition that is asked for stays a line in every decomposition."""
    found = compared("a = exp(-z); 1/(1+a)", {"z": 2.0}, Options(wrt=["a", "z"]))
    assert [one.label for one in found.asked] == ["f", "∂f/∂a", "∂f/∂z"]
    assert all(digits in ("all", 15, 16) for column in found.columns for digits in column.digits)


# How it looks


def test_the_table_at_80_columns():
    """Numbers, digits and truth side by side; places under them; the verdict last but for notes."""
    assert look(NEURON, {"z": -800.0}) == [
        "f = 1/(1 + exp(-z))   at z = -800",
        "",
        "             naive  correct           sigmoid  correct   true",
        "─────────────────────────────────────────────────────────────────────",
        "operations   4 (neg exp add div)      1 (sigmoid)",
        "f              0    all               0        all       3.66787e-348",
        "∂f/∂z        nan    none              0        all       3.66787e-348",
        "first loss   v2 = exp(v1) is inf      nowhere",
        "nan born     flow v2 → v1: -0 × inf   nowhere",
        "",
        "verdict  sigmoid: naive overflows at v2 = exp(800), and its gradient is nan from",
        "         flow v2 → v1 on. The true numbers round to 0, so sigmoid's 0 is right.",
        "",
        "note  f: 1/(1 + exp(-z)) is sigmoid(z): 1 line for 4, exact far out",
    ]


def test_the_table_at_40_columns():
    """Too narrow for columns side by side: a block a decomposition, every digit whole."""
    assert look(NEURON, {"z": -400.0}, width=40)[:17] == [
        "f = 1/(1 + exp(-z))   at z = -400",
        "",
        "naive",
        "────────────────────────────────────────",
        "operations  4 (neg exp add div)",
        "f           1.91517e-174  all correct",
        "∂f/∂z       0             none correct",
        "first loss  flow f → v3",
        "sigmoid",
        "────────────────────────────────────────",
        "operations  1 (sigmoid)",
        "f           1.91517e-174  all correct",
        "∂f/∂z       1.91517e-174  all correct",
        "first loss  nowhere",
        "true",
        "────────────────────────────────────────",
        "f           1.91517e-174",
    ]


def test_the_table_in_ascii():
    """Every sign has a spelling, and the columns still stand."""
    lines = look(NEURON, {"z": -800.0}, unicode=False)
    assert all(line.isascii() for line in lines)
    assert lines[6:9] == [
        "df/dz        nan    none               0        all       3.66787e-348",
        "first loss   v2 = exp(v1) is inf       nowhere",
        "nan born     flow v2 -> v1: -0 * inf   nowhere",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("unicode", [True, False], ids=["unicode", "ascii"])
def test_nothing_is_wider_than_the_terminal(width, unicode):
    """Whatever is compared, at any width from 40 on, in both alphabets."""
    for source, at, _ in VERDICTS:
        for line in look(source, at, width=width, unicode=unicode):
            assert len(line) <= width, line


def test_a_number_that_lost_digits_shows_the_first_wrong_one():
    """Six digits would look right where the seventh is wrong."""
    rows = [line for line in look("(exp(x)-1)/x", {"x": 1e-9}, width=100) if line.startswith("f  ")]
    assert rows == ["f              1.00000008   7         1        all           1"]


def test_names_cannot_style_or_steer():
    """What looks like markup or control stays text, and long names are cut, not numbers."""
    lines = look("x_verylongname_verylongname_verylongname*2", {"x_verylongname_verylongname_verylongname": 1e-300})
    assert any("…" in line and "2e-300" not in line for line in lines)
    assert any("1e-300" in line or "2e-300" in line for line in lines)


def test_many_gradients_are_counted():
    """The first twenty are listed, the others counted; JSON has them all."""
    at = {f"x{number}": 1.0 for number in range(30)}
    found = comparison("+".join(at), at)
    lines = [line.plain for line in comparison_table(found, width=80).renderables]
    assert any(line.startswith("… and 10 more gradients") for line in lines)
    assert len(found.as_object()["true"]["gradients"]) == 30
