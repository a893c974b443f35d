"""The catalogue: every function and operator, described by the rules that run."""

import json
import math

import pytest
from running import run

from gradcli.graph import primitives
from gradcli.language.expressions import CONSTANTS
from gradcli.questions import Options, differentiated, evaluated
from gradcli.questions.catalogue import SPELLINGS, catalogue, described

ENTRIES = catalogue().entries
SPOKEN = [primitive.name for primitive in primitives().values() if primitive.spoken]


def ids(entry):
    return entry.call


def test_every_function_of_the_language_is_listed():
    """Operators first, then the functions by name."""
    assert [entry.name for entry in ENTRIES if entry.name.isidentifier()] == sorted(SPOKEN)
    assert {"+", "-", "*", "/", "^", "<", "=="} <= {entry.name for entry in ENTRIES}


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_a_definition_is_the_function(entry):
    """Spelled out and computed, it agrees at the worked point."""
    worked = entry.worked
    if entry.definition is not None and worked is not None:
        typed = Options(decomposition="typed")
        assert evaluated(entry.definition, worked.point, typed).value == pytest.approx(worked.value, rel=1e-12)


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_the_text_of_a_rule_is_the_rule(entry):
    """Read by the language as a program, it gives the gradient of the worked line."""
    worked = entry.worked
    for name, rule in entry.locals.items():
        if rule is None or worked is None:
            continue
        program = rule.removesuffix(" where n = 3")
        got = evaluated(program, {**worked.point, "y": worked.value}, Options(decomposition="typed")).value
        expected = worked.gradients[name]
        assert got == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_a_worked_line_is_worked_at_an_ordinary_point(entry):
    """Its numbers are finite, but for a derivative that does not exist."""
    worked = entry.worked
    assert worked is not None
    assert math.isfinite(worked.value)
    if entry.name != "polygamma":
        assert all(map(math.isfinite, worked.gradients.values()))


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_are_recognised(name):
    """The list of candidates holds none that `auto` leaves alone."""
    (entry,) = described(name).entries
    assert tuple(entry.recognised) == SPELLINGS[name]


def test_one_function_in_full():
    """Definition, other spellings, gate, domain, rule, edges, and a line that was computed."""
    assert run("functions", "sqrt") == (
        0,
        "sqrt(x)\n"
        "gate    scales\n"
        "domain  x >= 0\n"
        "local   ∂y/∂x = 0.5/y\n"
        "edges   the square root of a negative number is not real\n"
        "        the slope of sqrt is infinite at 0\n"
        "worked  sqrt(0.5) = 0.707107, ∂y/∂x = 0.707107\n",
        "",
    )


@pytest.mark.parametrize(
    ("name", "calls"), [("*", ["a*b"]), ("^", ["x^n", "a^b"]), ("**", ["x^n", "a^b"]), ("-", ["a - b", "-x"])]
)
def test_operators_are_described_too(name, calls):
    """By their sign; where it means two things, both."""
    found = json.loads(run("functions", name, "--json").out)["functions"]
    assert [function["call"] for function in found] == calls


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("sigmod", "error: unknown function 'sigmod'\n  did you mean 'sigmoid'?\n"),
        ("ln", "error: unknown function 'ln'\n  did you mean 'log'?\n"),
        ("q", "error: unknown function 'q'\n  gradcli functions lists them all\n"),
        *((c, f"error: {c!r} is a constant, not a function\n  gradcli eval {c} prints it\n") for c in CONSTANTS),
    ],
)
def test_an_unknown_name_is_told_what_was_meant(name, block):
    """A place to go on from."""
    assert run("functions", name) == (2, "", block)


@pytest.mark.parametrize("columns", [20, 40, 79, 80, 81, 120, 200])
@pytest.mark.parametrize("words", [[], ["tanh"], ["clip"], ["^"]])
def test_the_catalogue_keeps_to_the_width(columns, words):
    """At any width, in Unicode and in ASCII, with nothing at the ends of lines."""
    wide, plain = (
        run("functions", *words, env={"COLUMNS": str(columns)}, encoding=encoding).out
        for encoding in ("utf-8", "ascii")
    )
    assert max(map(len, wide.splitlines())) <= columns
    assert plain.isascii() and "?" not in plain
    assert all(line == line.rstrip() for line in wide.splitlines())


def test_the_list_names_the_gate_and_the_edges():
    """A row a function."""
    rows = run("functions").out.splitlines()
    assert "exp(x)              y                           scales" in rows
    assert rows[0].split() == ["function", "local", "gradient", "gate", "at", "edges"]


def test_worked_lines_come_from_the_engine():
    """The number shown is the number that `grad` computes."""
    (entry,) = described("sigmoid").entries
    worked = entry.worked
    answer = differentiated("sigmoid(x)", {"x": 1.0}, Options())
    assert (worked.value, worked.gradients) == (answer.value, answer.gradients)
