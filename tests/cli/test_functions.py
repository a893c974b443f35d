"""The catalogue: every function and operator, described by the rules that run."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from running import run, surroundings

from gradcli.graph import array_primitives
from gradcli.language.arrays import MAKERS
from gradcli.language.expressions import CONSTANTS, WORDS
from gradcli.questions import Options, array_catalogue, differentiated, evaluated
from gradcli.questions.catalogue import SPELLINGS, catalogue, described

ENTRIES = catalogue().entries
ELEMENTWISE = [entry for entry in ENTRIES if entry.kind == "elementwise"]
OF_ARRAYS = [entry for entry in ENTRIES if entry.kind not in ("elementwise", "derivative")]
OF_DERIVATIVES = [entry for entry in ENTRIES if entry.kind == "derivative"]
SPOKEN = [primitive.name for primitive in array_primitives().values() if primitive.spoken]


def ids(entry):
    return entry.call


def test_every_function_of_the_language_is_listed():
    """Operators first, then the functions by name."""
    listed = [entry.name for entry in ENTRIES if entry.name.isidentifier()]
    wanted = {*SPOKEN, *MAKERS, *WORDS} - {"matmul"}  # which is @
    assert listed == sorted([*wanted, "softmax"])  # one of scalars, one of arrays
    assert {"+", "-", "*", "/", "^", "<", "==", "@", "[]"} <= {entry.name for entry in ENTRIES}


@pytest.mark.parametrize("entry", ELEMENTWISE, ids=ids)
def test_a_definition_is_the_function(entry):
    """Spelled out and computed, it agrees at the worked point."""
    worked = entry.worked
    if entry.definition is not None and worked is not None:
        typed = Options(decomposition="typed")
        assert evaluated(entry.definition, worked.point, typed).value == pytest.approx(worked.value, rel=1e-12)


@pytest.mark.parametrize("entry", ELEMENTWISE, ids=ids)
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


@pytest.mark.parametrize("entry", ELEMENTWISE, ids=ids)
def test_a_worked_line_is_worked_at_an_ordinary_point(entry):
    """Its numbers are finite, but for a derivative that does not exist."""
    worked = entry.worked
    assert worked is not None
    assert math.isfinite(worked.value)
    if entry.name != "polygamma":
        assert all(map(math.isfinite, worked.gradients.values()))


def array(value):
    return value if isinstance(value, float) else np.array(value)


def close(found, expected):
    return np.allclose(found, np.array(expected), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("entry", OF_DERIVATIVES, ids=ids)
def test_a_worked_derivative_can_be_typed(entry):
    """At a prompt it is worth what it says."""
    worked = entry.worked
    assert close(evaluated(worked.call, {}, Options()).value, worked.value)
    assert described(entry.name).entries[0].call == entry.call


@pytest.mark.parametrize("entry", OF_ARRAYS, ids=ids)
def test_a_worked_line_of_arrays_can_be_typed(entry):
    """Its call, read by the language, has its value; a gradient stands for each operand that has a rule."""
    worked = entry.worked
    assert close(evaluated(worked.call, {}, Options(decomposition="typed")).value, worked.value)
    assert set(worked.gradients) == {name for name, rule in entry.locals.items() if rule is not None}
    assert np.isfinite(np.array(worked.value)).all()


@pytest.mark.parametrize("entry", OF_ARRAYS, ids=ids)
def test_the_text_of_a_rule_of_arrays_is_the_rule(entry):
    """Read as a program over y, the operands and the upstream gradient, it is what the sweep computed."""
    worked = entry.worked
    point = {name: array(value) for name, value in worked.point.items()}
    point["y"] = array(worked.value)
    if worked.upstream is not None:
        point["upstream"] = array(worked.upstream)
    for name, rule in entry.locals.items():
        if rule is None or rule in IN_WORDS:
            continue
        x = np.array(worked.point[name])
        rule = rule.replace("eye(n)", f"eye({len(x)})")
        given = {**point, "n": float(x.size), "rows": 1.0}
        found = evaluated(rule, given, Options(decomposition="typed")).value
        assert close(np.broadcast_to(found, x.shape), worked.gradients[name]), name


IN_WORDS = set(array_catalogue.IN_WORDS.values()) - {"eye(n)"}


@pytest.mark.parametrize("entry", [entry for entry in OF_ARRAYS if entry.definition], ids=ids)
def test_a_definition_of_arrays_is_the_function(entry):
    """Spelled out and computed, it agrees at the worked point."""
    point = {name: array(value) for name, value in entry.worked.point.items()}
    (size,) = {value.size for value in point.values()}
    given = {**point, "n": float(size), "rows": 1.0}
    assert close(evaluated(entry.definition, given, Options(decomposition="typed")).value, entry.worked.value)


@pytest.mark.parametrize("name", array_catalogue.SPELLINGS)
def test_spellings_of_arrays_are_read_as_the_function(name):
    """The list of candidates holds none that is read as something else."""
    entry = array_catalogue.entry_of(array_primitives()[name])
    assert tuple(entry.recognised) == array_catalogue.SPELLINGS[name]


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("@", ["a @ b"]), ("matmul", ["a @ b"]), ("sum", ["sum(x, axis)"]), ("sum(x)", ["sum(x, axis)"]),
        ("max", ["max(a, b, ...)", "amax(x, axis)"]), ("softmax", ["softmax(a, b, ...)", "softmax(x)"]),
        ("index", ["x[i]"]), ("[]", ["x[i]"]), (".T", ["transpose(x)"]), ("zeros", ["zeros(2, 3)"]),
        ("eye", ["eye(n)"]), ("norm", ["norm(x, axis)"]),
    ],
)  # fmt: skip
def test_what_a_name_means_for_arrays(name, calls):
    """By name, by sign, as it is typed; where it means two things, both."""
    found = json.loads(run("functions", name, "--json").out)["functions"]
    assert [function["call"] for function in found] == calls


def test_a_product_of_matrices_in_full():
    """How the upstream is carried back, and both products computed."""
    assert run("functions", "@") == (
        0,
        "a @ b\n"
        "also    matmul(a, b)\n"
        "gate    swaps\n"
        "domain  inner sizes equal\n"
        "carried to a: upstream @ b.T\n"
        "        to b: a.T @ upstream\n"
        "worked  [[1, 2], [3, 4]] @ [[5], [6]] = [[17], [39]]\n"
        "        upstream [[1], [2]], to a: [[5, 6], [10, 12]], to b: [[7], [10]]\n",
        "",
    )


def test_a_reduction_in_full():
    """What n is, and what the axis does."""
    assert run("functions", "mean") == (
        0,
        "mean(x, axis) = sum(x)/n\n"
        "gate    spreads\n"
        "domain  all real numbers\n"
        "local   ∂y/∂x = 1/n each\n"
        "        n is the number of elements that go into one\n"
        "axis    left out: over everything; 0 is the first axis, -1 the last\n"
        "worked  mean([3, 4]) = 3.5, ∂y/∂x = [0.5, 0.5]\n",
        "",
    )


def test_the_list_needs_no_numpy():
    """It is read off the rules; only what is computed over arrays needs it."""
    code = "import sys; from gradcli.cli import main; main(['functions']); assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], env=surroundings(), check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_are_recognised(name):
    """The list of candidates holds none that `auto` leaves alone."""
    entry = described(name).entries[0]
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
@pytest.mark.parametrize("words", [[], ["tanh"], ["clip"], ["^"], ["@"], ["cross_entropy"], ["var"]])
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
