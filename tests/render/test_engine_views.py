"""Backpropagation beside reverse-mode AD, drawn: whole drawings, and what holds at every width."""

import os
import re
from pathlib import Path

import pytest

from gradcli.questions import Options, evaluated
from gradcli.questions.compare_engines import compared
from gradcli.render.engines import draw
from gradcli.render.log import log_lines

GOLDEN = Path(__file__).parent / "golden_engines"
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"
MOCKUP = ("x*y + sin(x)", {"x": 2.0, "y": 3.0}, {})
NEURON = ("1/(1+exp(-(w0*x0+w1*x1+w2)))", {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}, {})
MATRIX = ("sum(relu(X@W))", {}, {"example": "X:2x3,W:3x2"})
FOLDED = ("sqrt(x^2 + y^2)", {"x": 1e200, "y": 1e200}, {"decomposition": "typed"})
GATES = ("max(x, y)*sigmoid(x)", {"x": 2.0, "y": 3.0}, {})
LONG = (" + ".join(f"sin(x*{k})" for k in range(40)), {"x": 0.1}, {})
DRAWINGS = {
    "mockup": (MOCKUP, {}, {}),
    "mockup-log": (MOCKUP, {"log": True}, {}),
    "mockup-40": (MOCKUP, {"log": True}, {"width": 40}),
    "mockup-ascii": (MOCKUP, {"log": True}, {"unicode": False}),
    "neuron": (NEURON, {}, {}),
    "neuron-40-ascii": (NEURON, {}, {"width": 40, "unicode": False}),
    "gates-log": (GATES, {"log": True}, {}),
    "matrix": (MATRIX, {"log": True}, {}),
    "matrix-200": (MATRIX, {}, {"width": 200}),
    "folded": (FOLDED, {"log": True}, {}),
    "long": (LONG, {"log": True}, {}),
    "nothing": (("x", {"x": 2.0}, {}), {"log": True}, {}),
}


def drawn(program, asked, how):
    """What a terminal without colour gets."""
    source, at, options = program
    return "\n".join(text.plain for text in draw(compared(source, at, Options(**options), **asked), **how)) + "\n"


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_what_stands_in_golden(name):
    """`GRADCLI_REWRITE=1 pytest tests/render` writes down what is drawn now; read the difference before committing."""
    text = drawn(*DRAWINGS[name])
    file = GOLDEN / f"{name}.txt"
    if REWRITE:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_every_golden_file_has_a_drawing():
    """A file that nothing compares would promise what nobody keeps."""
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(DRAWINGS)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("program", [MOCKUP, NEURON, MATRIX, FOLDED, GATES, LONG], ids=lambda p: p[0][:12])
def test_nothing_is_wider_than_the_screen(program, width):
    """At any width, in both alphabets; ASCII is ASCII."""
    for unicode in (True, False):
        text = drawn(program, {"log": True}, {"width": width, "unicode": unicode})
        assert max(map(len, text.splitlines())) <= width
        assert unicode or text.isascii()


@pytest.mark.parametrize("program", [MOCKUP, NEURON, GATES], ids=lambda p: p[0][:12])
def test_no_digit_is_cut_at_any_width(program):
    """Every number of the wide table stands in the narrow one, or the column of values gave way as a whole."""
    numbers = [set(re.findall(r"-?\d+\.\d+", drawn(program, {}, {"width": width}))) for width in (40, 80, 200)]
    assert numbers[0] <= numbers[1] == numbers[2]


def test_a_long_table_is_folded_unless_it_is_wanted():
    """The first and the last twenty lines that were added, and those that are gradients; --full shows all."""
    text = drawn(LONG, {}, {})
    assert len(re.findall(r"^a\d+ ", text, re.M)) <= 60
    assert re.search(r"… \d+ lines \(.*\) not shown \(--full shows all\)", text)
    full = drawn(LONG, {"full": True, "log": True}, {})
    assert "not shown" not in full
    names = re.findall(r"^(a\d+) ", full, re.M)
    assert names == [f"a{number}" for number in range(1, len(names) + 1)]


def test_a_folded_log_counts_what_it_leaves_out():
    """Of every pass the first and the last third."""
    source, at, _ = LONG
    found = compared(source, at, Options(), log=True)
    whole, short = found.log.steps(None), found.log.steps(9)
    assert [step.name for step in whole] == [step.name for step in short]
    for every, some in zip(whole, short, strict=True):
        assert len(every.entries) == len(some.entries) + some.hidden
        if some.hidden:
            assert len(some.entries) == 6
            assert any(f"… {some.hidden} lines not shown" in line for line in log_lines(short))


@pytest.mark.parametrize(
    ("source", "at"),
    [
        ("(x - y)*1e6 + sin(x*y)^3/x", {"x": 1.23456789, "y": 1.23454321}),
        ("exp(-x*x)*log(1 + y) - hypot(x, y)", {"x": 0.333333333, "y": 7.654321}),
        ("max(x, y)*sigmoid(x - y) + x/y", {"x": 1.0000001, "y": 1.0000002}),
    ],
)
@pytest.mark.parametrize("digits", [3, 6, 12])
def test_every_printed_equation_can_be_checked_by_hand(source, at, digits):
    """Computed again from printed operands, a printed value is met to one unit of its last digit."""
    text = drawn((source, at, {}), {}, {"width": 200, "digits": digits})
    rows = re.findall(r"^(\w+) +=  ?(.+?)  +(?:.*?[→:].*?  +)?(-?[\d.]+(?:e[-+]\d+)?|-?inf|nan)(?:  |$)", text, re.M)
    printed = {name: float(value) for name, _, value in rows}
    title = text.partition("\n\n")[0]
    printed |= {name: float(value) for name, value in re.findall(r"(\w+) = (-?[\d.]+)(?=,|$)", title)}
    assert len(rows) >= 10
    for name, operation, value in rows:
        used = {other: number for other, number in printed.items() if re.search(rf"\b{other}\b", operation)}
        again = evaluated(operation, used, Options(decomposition="typed")).value
        mantissa, _, exponent = value.partition("e")
        unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
        assert abs(again - printed[name]) <= 1.001 * unit + 1e-15 * abs(again), (name, operation, value, again)


@pytest.mark.parametrize("width", [30, 40, 60, 80, 97, 120, 200])
@pytest.mark.parametrize("program", [MOCKUP, NEURON, MATRIX], ids=["mockup", "neuron", "matrix"])
def test_every_line_has_its_value_at_every_width(program, width):
    """In a column, below its line, or behind its heading; never left out in silence."""
    text = drawn(program, {}, {"width": width})
    heading = next((line for line in text.split("\n") if line.startswith("line")), None)
    wanted = {"mockup": ["6.9093", "-0.416147"], "matrix": ["-83  154", "-3  -6"]}
    name = next((name for name, (known, *_) in DRAWINGS.items() if known is program), "")
    for number in wanted.get(name, []):
        assert number in text or " ".join(number.split()) in text
    if heading is None:
        assert len(re.findall(r"^  value", text, re.MULTILINE)) == len(re.findall(r"^\w+ += ", text, re.MULTILINE)) - 1
    else:
        assert "value" in heading
