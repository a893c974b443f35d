"""Whatever --json prints is valid JSON, and what the schema says."""

import json
import re
import shlex
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from running import run

SCHEMA = json.loads((files("gradcli") / "schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
PROGRAMS = [
    ["1+1"],
    ["x*y", "x=2", "y=3"],
    ["1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"],
    ["max(x, y, 3)", "x=3", "y=3"],
    ["0*(1/x)", "x=0"],
    ["sqrt(x)*log(x)", "x=0"],
    ["log(-1)*x", "x=1"],
    ["9^9^9 + x", "x=-inf"],
    ["x^y", "x=0", "y=0"],
    ["where(x>0, sqrt(x), 0) + relu(x) + floor(x)", "x=0"],
    ["a = x*x; b = a + 1; b*a at x=2"],
    ["g(u) = u^2\ng(x) + g(y) + 0.1*x", "x=1", "y=2"],
    ["abs(x) + leaky_relu(x) + clip(x, 0, 1)", "x=0"],
    ["é*𝒙", "é=1", "𝒙=2"],
    ["x", "x=1", "unused=2"],
    ["(1-cos(x))/x^2", "x=1e-8"],
    ["1/(1+exp(-x))", "x=-800"],
    ["tanh(30*x)*sigmoid(40)", "x=1"],
    ["sin = 3; sin*x", "x=1"],
    ["+".join(f"x{number}" for number in range(100)), *(f"x{number}={number}" for number in range(100))],
]  # fmt: skip
WRONG = [
    ["2x"], ["sigmod(1)"], ["x*y", "x=1"], ["exp(1, 2)"], ["x", "x=y"], ["x", "--ties", "spilt"],
    ["--file", "/nonexistent"],
    [""], ["1\n+"], ["max(x,x+0)", "x=1", "--formt"], ["(" * 1000], ["x" * 2_000_000],
]  # fmt: skip
OPTIONS = [
    [], ["--mode", "forward"], ["--mode", "adjoint"], ["--decomposition", "naive"], ["--zero", "strong"],
    ["--wrt", "x"],
]  # fmt: skip


def parsed(text: str) -> object:
    """The JSON of one line; NaN and Infinity without quotes are none."""
    assert text.endswith("\n") and text.count("\n") == 1
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def check(found: object, kind: str) -> None:
    """FOUND is what the schema says, and no other answer's kind."""
    one = Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{kind}"})
    errors = [*one.iter_errors(found), *VALIDATOR.iter_errors(found)]
    assert not errors, "\n".join(f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors)


def test_the_schema_is_one():
    """Of the draft that it names."""
    Draft202012Validator.check_schema(SCHEMA)


def test_the_command_prints_the_schema():
    """As it lies in the package."""
    assert json.loads(run("schema").out) == SCHEMA


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0][:40])
@pytest.mark.parametrize(("command", "kind"), [("eval", "value"), ("grad", "gradient"), ("explain", "explanation")])
def test_answers_are_what_the_schema_says(command, kind, words):
    """Smooth points, kinks, ties, nan and inf, notes of every kind, names in other scripts."""
    for option in OPTIONS:
        unfit = command == "eval" and option[:1] not in ([], ["--decomposition"])
        if unfit or (option[:1] == ["--wrt"] and not any(word.startswith("x=") for word in words)):
            continue
        code, out, err = run(command, *words, *option, "--json")
        assert (code, err) == (0, "")
        check(parsed(out), kind)


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0][:40])
def test_comparisons_are_what_the_schema_says(words):
    """With losses and births of nan, and where there are none."""
    code, out, err = run("compare", *words, "--json")
    assert (code, err) == (0, "")
    check(parsed(out), "comparison")


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0][:40])
@pytest.mark.parametrize("option", [[], ["--log"], ["--zero", "strong"]], ids=str)
def test_comparisons_of_engines_are_what_the_schema_says(words, option):
    """With and without the log."""
    code, out, err = run("compare", *words, "--by", "engine", *option, "--json")
    assert (code, err) == (0, "")
    check(parsed(out), "engine_comparison")


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0][:40])
@pytest.mark.parametrize("order", ["0", "3", "9"])
def test_comparisons_of_orders_are_what_the_schema_says(words, order):
    """At smooth points, at kinks, at nan and inf; what has no variable is refused."""
    code, out, err = run("compare", *words, "--by", "order", "--order", order, "--json")
    if code == 0:
        check(parsed(out), "order_comparison")
    else:
        assert "=" not in words[-1] and parsed(err)["error"]["kind"] == "usage"


@pytest.mark.parametrize(
    "words",
    [
        *PROGRAMS,
        ["[sin(x), 1, x]", "x=1"],
        ["a=x^2; a*x", "x=2", "--wrt", "a,x"],
        ["sum(relu(X@W))", "--example", "X:2x3,W:3x2"],
        ["relu(X@W)", "--example", "X:8x9,W:9x8"],
        ["sin(x)*x[0]", "--example", "x:30"],
        ["sin(" * 21_000 + "x" + ")" * 21_000, "x=1"],
    ],
    ids=lambda words: words[0][:40],
)
@pytest.mark.parametrize("option", [[], ["--decomposition", "naive"], ["--zero", "strong"]], ids=str)
def test_comparisons_of_modes_are_what_the_schema_says(words, option):
    """With a trace, and with shapes; with a chain, and without one."""
    code, out, err = run("compare", *words, "--by", "mode", *option, "--json")
    assert (code, err) == (0, "")
    check(parsed(out), "mode_comparison")


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0][:40])
@pytest.mark.parametrize("option", [[], ["--style", "modular"], ["--optimised", "--target", "c"]], ids=str)
def test_code_is_what_the_schema_says(words, option):
    """Of every style."""
    code, out, err = run("code", *words, *option, "--json")
    assert (code, err) == (0, "")
    check(parsed(out), "code")


@pytest.mark.parametrize(
    "words", [*PROGRAMS, ["sum((X@w)^2)", "--example", "X:2x3,w:3"]], ids=lambda words: words[0][:40]
)
@pytest.mark.parametrize("option", [[], ["--sparsity"], ["--decomposition", "naive"], ["--zero", "strong"]], ids=str)
def test_hessians_are_what_the_schema_says(words, option):
    """Of numbers and of arrays, with the pattern and without it; nan and inf are strings."""
    code, out, err = run("hessian", *words, *option, "--json")
    assert (code, err) == (0, "")
    check(parsed(out), "hessian")


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0][:40])
@pytest.mark.parametrize("mode", ["forward-over-reverse", "reverse-over-reverse"])
def test_products_with_a_hessian_are_what_the_schema_says(words, mode):
    """Along the first name, where there is one."""
    name = next((word.partition("=")[0] for word in words[1:] if word[:1] != "-"), None)
    along = "x=1" if name is None else f"{name}=1"
    code, out, err = run("hvp", *words, "--along", along, "--mode", mode, "--json")
    if code == 0:
        check(parsed(out), "hvp")
    else:
        assert parsed(err)["error"]["kind"] == "name" and name is None


@pytest.mark.parametrize("words", PROGRAMS, ids=lambda words: words[0][:40])
def test_lines_and_flows_fit_together(words):
    """Operands come first; every flow joins two lines; what reaches a line adds up to its adjoint."""
    found = parsed(run("explain", *words, "--full", "--json").out)
    seen: set[str] = set()
    for line in found["lines"]:
        known = {line["id"] for line in found["lines"]}
        assert set(line["operands"]) & known <= seen
        seen.add(line["id"])
    adjoints = {line["id"]: line["adjoint"] for line in found["lines"]}
    sums: dict[str, float] = {}
    for flow in found["flows"]:
        assert flow["from"] in adjoints
        sums[flow["to"]] = sums.get(flow["to"], 0.0) + float(flow["downstream"])
    for name, total in sums.items():
        if name in adjoints and adjoints[name] is not None:
            assert float(adjoints[name]) == pytest.approx(total, rel=1e-12, abs=1e-300, nan_ok=True)


@pytest.mark.parametrize("words", WRONG, ids=lambda words: words[0][:40])
def test_errors_are_what_the_schema_says(words):
    """One object on standard error, and nothing on standard output."""
    code, out, err = run("grad", *words, "--json")
    assert (code, out) == (2, "")
    check(parsed(err), "failure")


BATCHES = {
    "objects": (Path(__file__).parents[1] / "samples" / "batch.jsonl").read_bytes(),
    "programs": (Path(__file__).parents[1] / "samples" / "batch.txt").read_bytes(),
    "rows": (Path(__file__).parents[1] / "samples" / "batch.csv").read_bytes(),
    "all": "\n".join(f"{words[0]} at {', '.join(words[1:])}" for words in PROGRAMS[1:]).encode(),
    "bad": b"2x\nsigmod(1)\nx*y at x=1\nexp(1, 2)\nx\xff\n" + b"(" * 1000,
    "bad objects": b'{"id":7.50,"x":1}\n{\n{"id":true,"expr":"x*"}\n{"expr":"x","at":{"x":{}}}',
}  # fmt: skip


@pytest.mark.parametrize("lines", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("order", ["0", "1", "2", "4"])
def test_the_lines_of_a_batch_are_what_the_schema_says(lines, order):
    """Answers and errors; and what is JSON on the way in is a line that the schema knows."""
    out = run("batch", "-", "--order", order, stdin=lines).out
    assert out
    for line in out.splitlines(keepends=True):
        found = parsed(line)
        check(found, "batch_failure" if "error" in found else "batch_answer")


@pytest.mark.parametrize(
    ("line", "valid"),
    [
        *((line, True) for line in BATCHES["objects"].decode().splitlines() if line[:1] == "{"),
        ('{"expr":"x","wrt":"x,y","id":null,"at":null,"mode":null}', True),
        ('{"expr":"x","at":{"x":"pi/4"}}', False),
        ('{"expr":"x","x":1}', False),
        ('{"id":1}', False),
        ('{"expr":"x","id":[1]}', False),
        ('{"expr":"x","order":21}', False),
        ('{"expr":"x","wrt":[]}', False),
    ],
)
def test_the_schema_says_which_lines_a_batch_reads(line, valid):
    """What it refuses, the command refuses for its form."""
    one = Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": "#/$defs/batch_line"})
    assert one.is_valid(json.loads(line)) == valid
    (answer,) = (json.loads(said) for said in run("batch", "-", stdin=line.encode()).out.splitlines())
    assert (answer.get("error", {}).get("kind") in ("usage", "value")) == (not valid)


def test_functions_are_what_the_schema_says():
    """The list, and one of them."""
    check(parsed(run("functions", "--json").out), "functions")
    check(parsed(run("functions", "polygamma", "--json").out), "functions")


@pytest.mark.parametrize(
    "found",
    [
        {"schema": "gradcli/1"},
        {"schema": "gradcli/2", "error": {"kind": "name", "message": ""}},
        {"schema": "gradcli/1", "error": {"kind": "bug", "message": ""}},
        {"schema": "gradcli/1", "error": {"kind": "name", "message": "", "line": 1}},
        {"schema": "gradcli/1", "expression": "", "at": {"x": "nan"}, "value": 1, "decomposition": "auto", "notes": []},
    ],
)
def test_the_schema_can_say_no(found):
    """A schema that lets everything pass would prove nothing."""
    assert not VALIDATOR.is_valid(found)


BLOCKS = re.findall(
    r"```console\n\$ gradcli (.*)\n(.*)\n```", (Path(__file__).parents[1] / "docs" / "json.md").read_text("utf-8")
)


@pytest.mark.parametrize(("words", "shown"), BLOCKS, ids=[words[:20] for words, _ in BLOCKS])
def test_the_page_about_json_shows_what_is_printed(words, shown):
    """A command and its one line."""
    _, out, err = run(*shlex.split(words))
    assert out + err == f"{shown}\n"


def test_the_page_about_json_names_every_field():
    """Of answers, lines, flows, functions and errors."""
    page = (Path(__file__).parents[1] / "docs" / "json.md").read_text("utf-8")
    fields = {name for part in SCHEMA["$defs"].values() for name in part.get("properties", {})}
    assert {name for name in fields if f"`{name}`" not in page and f'"{name}"' not in page} == set()
