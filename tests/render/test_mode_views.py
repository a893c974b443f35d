"""Forward and reverse mode side by side, drawn: whole pages, numbers read again, any width."""

import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render.cases import BAYDIN, CASES, NEURON, Case, case, scalar_programs

from gradcli.cli.screen import drawn as on_screen
from gradcli.errors import GradError
from gradcli.questions import Options
from gradcli.questions.compare_modes import compared
from gradcli.render.modes import WITHOUT_PATH, draw
from gradcli.report.modes import ModeComparison
from gradcli.report.rounding import shown

GOLDEN = Path(__file__).parent / "golden_modes"
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"
SPREAD = case("one input, many outputs", "[sin(x), cos(x), x^2, exp(x)]", {"x": 1})
MIDDLE = case("narrow in the middle", "u = x*y; v = y*z; w = sin(u + v); a = exp(w); b = cos(w); [a*b, a + b, a - b]",
              {"x": 0.3, "y": 0.7, "z": -0.4})  # fmt: skip
SMALL = case("small arrays", "sum(relu(X@W))", example="X:2x3,W:3x2")
LARGE = case("large arrays", "softmax(relu(X@W)@v)", example="X:20x30,W:30x20,v:20")
BELOW = case("one name below another", "a = x^2; b = a*z; a*b", {"x": 2, "z": 3}, wrt=["a", "x"])
LONG = case("long", " + ".join(f"a{k}*sin(x + {k})" for k in range(30)),
            {"x": 0.3, **{f"a{k}": k / 7 for k in range(30)}})  # fmt: skip
DEEP = case("deep", "sin(" * 1_000 + "x" + ")" * 1_000, {"x": 1.3})

DRAWINGS: dict[str, tuple[Case, dict[str, Any]]] = {
    "baydin": (case("Baydin", *BAYDIN), {}),
    "baydin-40": (case("Baydin", *BAYDIN), {"width": 40}),
    "baydin-200": (case("Baydin", *BAYDIN), {"width": 200}),
    "baydin-ascii": (case("Baydin", *BAYDIN), {"unicode": False}),
    "baydin-40-ascii": (case("Baydin", *BAYDIN), {"unicode": False, "width": 40}),
    "baydin-by-one": (case("Baydin", *BAYDIN, wrt=["x1"]), {}),
    "spread": (SPREAD, {}),
    "spread-200": (SPREAD, {"width": 200}),
    "neuron": (case("neuron", *NEURON, decomposition="naive"), {}),
    "middle": (MIDDLE, {}),
    "small-arrays": (SMALL, {}),
    "large-arrays": (LARGE, {}),
    "large-arrays-40": (LARGE, {"width": 40}),
    "below": (BELOW, {}),
    "closed": (case("closed root", "where(x>0, sqrt(x), 0)", {"x": 0}), {}),
    "long": (LONG, {}),
    "deep": (DEEP, {}),
    "nothing": (case("nothing", "2 + 3*4"), {}),
}
FEW = [SPREAD, MIDDLE, SMALL, LARGE, BELOW, LONG, DEEP]


def page(found: ModeComparison, **how: Any) -> str:
    """The drawing as the text that a terminal without colour gets; this console would not hide a line too wide."""
    return on_screen(draw(found, **how), width=10_000)


def asked(case: Case, *, full: bool = False) -> ModeComparison:
    """The comparison of a case."""
    options = {name: value for name, value in case.options.items() if name != "mode"}
    return compared(case.source, case.at, Options(**options), full=full)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_what_stands_in_golden(name: str) -> None:
    """Nothing in it moves unnoticed; `GRADCLI_REWRITE=1 pytest tests/render` writes down what is drawn now."""
    case, how = DRAWINGS[name]
    text = page(asked(case), **how)
    file = GOLDEN / f"{name}.txt"
    if REWRITE:
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_every_golden_file_has_a_drawing() -> None:
    """A file that nothing compares would promise what nobody keeps."""
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(DRAWINGS)


def cells(text: str) -> tuple[list[str], dict[str, list[str]]]:
    """The headings of the trace and its rows by the name of the line, cell by cell."""
    lines = text.split("\n")
    top = next(at for at, line in enumerate(lines) if line.startswith("line "))
    starts = [match.start() for match in re.finditer(r"(?<=  )\S|^\S", lines[top])]
    rows = {}
    for line in lines[top + 2 :]:
        if line.startswith((WITHOUT_PATH, "an adjoint is", "the derivatives", "…")) or not line:
            if not line:
                break
            continue
        if line[0] != "╌":
            parts = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
            rows[parts[0].partition(" = ")[0].strip()] = parts[1:]
    headings = [lines[top][a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
    return headings, rows


def check_trace(found: ModeComparison, digits: int, width: int = 160) -> None:
    """Every number that the table prints is the engine's, rounded; a dot or a blank stands where there is none."""
    trace = found.trace
    assert trace is not None
    headings, rows = cells(page(found, digits=digits, width=width))
    assert rows
    columns: list[Any] = [trace.values]
    for heading in headings[2:]:
        words = heading.rstrip(" ↓↑")
        kind, _, name = words.partition(" ")
        columns.append(trace.tangents[name] if kind == "tangent" else trace.adjoints[name or found.outputs[0]])
    places = {name: index for index, name in enumerate(trace.names) if name}
    for name, printed in rows.items():
        for heading, column, text in zip(headings[1:], columns, printed, strict=True):
            number = column[places[name]]
            if number is None:
                blank = heading.startswith("adjoint") and not trace.asked[places[name]]
                assert text == ("" if blank else WITHOUT_PATH)
            else:
                assert text == shown(number, digits)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_number_of_the_trace_is_the_engine_s(case: Case) -> None:
    """With any digits."""
    found = asked(case)
    if any(" " in name for name in (found.trace.names if found.trace else ())) or case.name == "long names":
        return
    for digits in (3, 6, 17):
        check_trace(found, digits)


@given(scalar_programs())
@settings(max_examples=60, deadline=None)
def test_any_program_is_told_truly(program: tuple[str, dict[str, float]]) -> None:
    """Gates, kinks, nan and inf."""
    source, at = program
    try:
        found = compared(source, at, Options())
    except GradError:
        return
    check_trace(found, 6)
    check_sums(page(found, width=160))


def check_sums(text: str) -> None:
    """Every sum and product of counts that is printed holds; so does every cost of the chain."""
    flat = " ".join(text.split())
    for terms, total in re.findall(r"((?:[\d,]+ \+ )+[\d,]+) = ([\d,]+)", flat):
        assert sum(map(number, terms.split(" + "))) == number(total)
    for many, each, total in re.findall(r"([\d,]+) × ([\d,]+) = ([\d,]+)", flat):
        assert number(many) * number(each) == number(total)


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize("case", [*FEW, case("Baydin", *BAYDIN), case("neuron", *NEURON)], ids=lambda case: case.name)
def test_the_costs_follow_from_the_shapes_that_are_printed(case: Case) -> None:
    """A reader who multiplies them by hand comes to the same numbers."""
    text = page(asked(case), width=200)
    check_sums(text)
    shapes = [(number(rows), number(columns)) for rows, columns in re.findall(r"D\d+ \[([\d,]+)×([\d,]+)\]", text)]
    if not shapes or "⋯" in text or " … " in text.partition("chain ")[2].partition("\n")[0]:
        return
    assert all(left[1] == right[0] for left, right in pairwise(shapes))
    flat = " ".join(text.split())
    back = re.search(r"\(reverse\): (?:[\d,+ ]+ = )?([\d,]+) product", flat)
    ahead = re.search(r"\(forward\): (?:[\d,+ ]+ = )?([\d,]+) product", flat)
    if len(shapes) == 1:
        assert back is None and "nothing to multiply" in flat
        return
    assert back is not None and ahead is not None
    assert number(back[1]) == sum(rows * columns * shapes[-1][1] for rows, columns in shapes[:-1])
    assert number(ahead[1]) == sum(shapes[0][0] * rows * columns for rows, columns in shapes[1:])


@pytest.mark.parametrize("case", [*CASES, *FEW], ids=lambda case: case.name)
def test_every_drawing_fits_its_width(case: Case) -> None:
    """No line is wider than the terminal, none ends in blanks, and ASCII is ASCII."""
    found = asked(case)
    longest = max(len(name) for name in found.names)
    for width, unicode in [*((width, True) for width in (40, 60, 80, 120, 200)), (40, False), (80, False)]:
        text = page(found, width=width, unicode=unicode)
        for line in text.split("\n"):
            assert line == line.rstrip(), text
            assert len(line) <= width or longest > 12, text
        assert unicode or text.isascii(), text


@given(st.sampled_from([3, 6, 17]), st.sampled_from([40, 80]))
def test_no_digit_is_cut_where_it_is_narrow(digits: int, width: int) -> None:
    """Cells stand below each other then."""
    found = asked(case("Baydin", *BAYDIN))
    text = page(found, digits=digits, width=width)
    assert found.trace is not None
    for value in found.trace.values:
        assert shown(value, digits) in text


def test_a_full_drawing_has_every_line() -> None:
    """What is folded otherwise."""
    text = page(asked(LONG, full=True), width=120)
    assert "not shown (--full" not in text
    assert all(f"\nv{k} " in text for k in range(1, 80))
    assert "not shown (--full shows all)" in page(asked(LONG), width=120)


@pytest.mark.parametrize("source", ["5", "[1, 2, 3]", "sum(ones(100, 100)@ones(100))"])
def test_without_an_input_neither_mode_makes_a_pass(source: str) -> None:
    """As the verdict says."""
    found = compared(source, {}, Options())
    assert found.forward.passes == found.reverse.passes == 0
    assert re.search(r"^passes +0 +0$", page(found), re.MULTILINE) and "neither mode has anything to do" in page(found)


def test_a_line_is_whole_where_there_is_room() -> None:
    """It is cut only where the table would be wider than the terminal otherwise."""
    text = "log(exp(x) + exp(y) + exp(x*y) + exp(x + y) + exp(x - y))"
    found = compared(text, {"x": 1.0, "y": 2.0}, Options())
    assert "logaddexp(x, y, v4, v7, v10)  " in page(found, width=100)
    tight = page(found, width=60).partition("\n\n")[0]
    assert "…" in tight and max(map(len, tight.split("\n"))) <= 60
    shapes = compared("logaddexp(X@w, X@w + 123456789, 0)*1234", {}, Options(example="X:20x30,w:30"))
    assert "logaddexp(v1, v3, 0)" in page(shapes, width=100)
