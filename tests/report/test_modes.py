"""Forward beside reverse mode: the published table, who wins, what JSON has, and where it ends."""

import json
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from running import run
from scalar_programs import anywhere, texts

import gradcli
from gradcli.errors import GradError
from gradcli.questions import Options
from gradcli.questions.compare_modes import compared

BAYDIN = ("log(x1) + x1*x2 - sin(x2)", {"x1": 2.0, "x2": 5.0})
PAGE = (Path(__file__).parents[2] / "docs" / "modes.md").read_text("utf-8")


def test_the_table_of_baydin():
    """Tables 2 and 3 of the survey to the digits printed there, in the order of our text; its v4 is our v3."""
    found = compared(*BAYDIN, Options())
    trace = found.trace
    assert trace is not None
    rows = {
        name: [trace.values[k], *[numbers[k] for numbers in trace.tangents.values()], trace.adjoints["f"][k]]
        for k, name in enumerate(trace.names)
    }
    survey = {
        "x1": [2, 1, None, 5.5], "x2": [5, None, 1, 1.716], "v1": [0.693, 0.5, None, 1], "v2": [10, 5, 2, 1],
        "v3": [10.693, 5.5, 2, 1], "v4": [-0.959, None, 0.284, -1], "f": [11.652, 5.5, 1.716, 1],
    }  # fmt: skip
    assert {name: [n if n is None else round(n, 3) for n in row] for name, row in rows.items()} == survey
    assert (found.forward.passes, found.forward.multiplications, found.forward.additions) == (2, 10, 2)
    assert (found.reverse.passes, found.reverse.multiplications, found.reverse.additions) == (1, 8, 2)
    assert [(count.multiplications, count.additions) for count in found.forward.each] == [(5, 1), (5, 1)]
    assert (found.forward.memory.primals, found.forward.memory.swept) == (2, 2)
    assert (found.reverse.memory.primals, found.reverse.memory.swept, found.reverse.read) == (5, 2, 0)
    assert found.chain is not None and found.best is not None
    assert found.chain.shapes == [(2, 3), (3, 2), (2, 1)]
    assert found.layers() == ["x1 x2", "v1 v2 v4", "v3 v4", "f"]
    assert (found.chain.from_outputs, found.chain.from_inputs, found.best.cost) == (12, 16, 12)


VERDICTS = [
    (*BAYDIN, {},
     "reverse: 1 output, 2 inputs. One pass back from the output has the derivatives by both inputs; forward takes a "
     "pass an input. Reverse multiplies 8 times, forward 10. With 1 input and many outputs it would be forward."),
    ("y = x*x; [sin(y), cos(y), y*x, exp(-y)]", {"x": 1.0}, {},
     "forward: 1 input, 4 outputs. One pass ahead from the input has the derivatives of all 4 outputs; reverse takes a "
     "pass an output. Forward multiplies 8 times, reverse 14. With 1 output and many inputs it would be reverse."),
    ("[sin(x), cos(x), x^2, exp(x)]", {"x": 1.0}, {},
     "forward: 1 input, 4 outputs. One pass ahead from the input has the derivatives of all 4 outputs; reverse takes a "
     "pass an output. Both multiply 4 times here. With 1 output and many inputs it would be reverse."),
    ("x*y", {"x": 1.0, "y": 2.0}, {},
     "reverse: 1 output, 2 inputs. One pass back from the output has the derivatives by both inputs; forward takes a "
     "pass an input. Both multiply 2 times here. With 1 input and many outputs it would be forward."),
    ("exp(sin(x))", {"x": 1.0}, {},
     "a tie: 1 output, 1 input, 1 pass and 2 multiplications each. Forward keeps less, 2 numbers at a time against 3: "
     "it has no way back to keep them for."),
    ("x*y", {"x": 1.0, "y": 2.0}, {"wrt": ["x"]}, "a tie: 1 output, 1 input, 1 pass and 1 multiplication each."),
    ("s = x*y; [sin(2*s), sin(3*s), sin(4*s), sin(5*s), sin(6*s)]", {"x": 1.0, "y": 2.0}, {},
     "reverse: 2 inputs, 5 outputs. It takes 5 passes against 2, but each goes only through what its output depends "
     "on: reverse multiplies 20 times, forward 22."),
    ("[x + y, y + z, z + x]", {"x": 1.0, "y": 2.0, "z": 3.0}, {},
     "a tie: 3 outputs, 3 inputs, 3 passes and 6 multiplications each."),
    ("2 + 3", {}, {}, "nothing to differentiate by, so neither mode has anything to do."),
    ("[x, 3, 4]", {"x": 1.0}, {},
     "forward: 1 input, 3 outputs. One pass ahead from the input has the derivatives of all 3 outputs; reverse takes a "
     "pass an output. Neither has anything to multiply here. With 1 output and many inputs it would be reverse."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "how", "verdict"), VERDICTS, ids=[row[0] for row in VERDICTS])
def test_the_verdict_names_who_wins_and_why(text, at, how, verdict):
    """By multiplications, then by passes; where both are even, by what is kept."""
    found = compared(text, at, Options(**how))
    assert found.verdict == verdict


@given(texts, anywhere)
@settings(max_examples=100, deadline=None)
def test_one_output_is_for_reverse_and_one_input_for_forward(text, at):
    """Whatever the program is, the mode with one pass never multiplies more often; but for a comparison, up to which
    a pass back goes for nothing."""
    assume(">" not in text and "where" not in text)
    at = {name: value for name, value in at.items() if name in text}
    one = compared(text, at, Options())
    if len(one.inputs) > 1:
        assert one.verdict.startswith("reverse: 1 output, ")
    if not at:
        return
    name = next(iter(at))
    program, _, result = text.rpartition("; ")
    many = compared(f"{program}; q = {result}; [q, sin(q), {name}*q]".lstrip("; "), at, Options(wrt=[name]))
    assert many.verdict.startswith("forward: 1 input, 3 outputs.")


@given(st.sampled_from([
    ("tanh(X@w)", "X:3x2,w:2"), ("softmax(X)", "X:2x3"), ("relu(X@W)*c", "X:2x2,W:2x3,c"),
    ("y = x*x; [sum(y), y[0]*x[1], 3]", "x:3"), ("[max(x), min(x)]", "x:4"), ("outer(x, y)", "x:2,y:2"),
]))  # fmt: skip
@settings(deadline=None)
def test_the_trace_has_the_jacobian_of_arrays_both_ways(program):
    """Forward in the rows of the outputs, reverse in the rows of the inputs: the numbers of `gradcli jacobian`."""
    text, example = program
    found = compared(text, {}, Options(example=example))
    trace = found.trace
    assert trace is not None
    object_ = found.as_object()
    jacobian = gradcli.jacobian(text, example=example)
    entries = {}
    for name, matrix in jacobian.jacobian.items():
        size = len(found.outputs)
        flat = [float(n) for n in matrix.reshape(-1)] if hasattr(matrix, "reshape") else [float(matrix)]
        columns = [label for label in found.inputs if re.fullmatch(rf"{name}(\[.*\])?", label)]
        for row in range(size):
            for column, label in enumerate(columns):
                entries[found.outputs[row], label] = flat[row * len(columns) + column]
    lines = {line["id"]: line for line in object_["lines"]}
    for (output, name), wanted in entries.items():
        if output in lines and name in trace.tangents:
            assert (lines[output]["tangents"][name] or 0.0) == pytest.approx(wanted, rel=1e-12, abs=1e-300)
        if output in trace.adjoints:
            assert (lines[name]["adjoints"][output] or 0.0) == pytest.approx(wanted, rel=1e-12, abs=1e-300)


def test_a_closed_gate_carries_nothing_in_both_modes():
    """Past an infinite local gradient."""
    trace = compared("where(x>0, sqrt(x), 0)", {"x": 0.0}, Options()).trace
    assert trace is not None
    ids = {name: k for k, name in enumerate(trace.names)}
    assert (trace.tangents["x"][ids["f"]], trace.adjoints["f"][ids["x"]]) == (0.0, 0.0)


def test_a_nan_result_has_nan_derivatives_in_both_modes():
    """Of several outputs, only those of that one."""
    trace = compared("[log(x), x*y]", {"x": -1.0, "y": 2.0}, Options()).trace
    assert trace is not None
    ids = {name: k for k, name in enumerate(trace.names)}
    first, second = trace.tangents["x"][ids["f[0]"]], trace.tangents["x"][ids["f[1]"]]
    assert first != first and second == 2.0
    back, other = trace.adjoints["f[0]"][ids["x"]], trace.adjoints["f[1]"][ids["x"]]
    assert back != back and other == 2.0


def test_options_are_heeded():
    """--ties, --zero, --wrt, --decomposition, and what does not belong here."""
    with pytest.raises(GradError, match="tie at f = max"):
        compared("max(x, y)", {"x": 1.0, "y": 1.0}, Options(ties="error"))
    first = compared("max(x, y)", {"x": 1.0, "y": 1.0}, Options(ties="first")).trace
    assert first is not None and first.tangents["x"][-1] == 1.0
    for zero, is_nan in (("ieee", True), ("strong", False)):
        how = Options(zero=zero, decomposition="naive")
        trace = compared("1/(1 + exp(-x))", {"x": -800.0}, how).trace
        assert trace is not None
        number = trace.adjoints["f"][trace.names.index("x")]
        assert number is not None and (number != number) == is_nan
    assert compared("x*y", {"x": 1.0, "y": 2.0}, Options(wrt=["y"])).inputs == ["y"]
    naive = run("compare", "1/(1+exp(-x))", "x=1", "--by", "mode", "--decomposition", "naive")
    assert "v3 = 1 + v2" in naive.out
    assert run("compare", "x", "x=1", "--decomposition", "naive").err.startswith("error: compare --by decomposition")
    assert run("compare", "x", "x=1", "--by", "mode", "--log").err.startswith("error: compare takes --log only with")


def test_in_python_it_is_what_the_command_prints():
    """The same object, and the same text."""
    found = gradcli.compare("x*y + x", x=2, y=3, by="mode")
    said = run("compare", "x*y + x", "x=2", "y=3", "--by", "mode", "--json")
    assert found.as_object() == json.loads(said.out)
    assert "verdict  reverse" in str(found)
    with pytest.raises(GradError, match="by has to be one of"):
        gradcli.compare("x", x=1, by="moods")
    with pytest.raises(GradError, match="shows them all"):
        gradcli.compare("x", x=1, decomposition="naive")


def test_many_lines_are_folded_in_json():
    """The first and the last, with a count; --full has all."""
    text = "sin(" * 25_000 + "x" + ")" * 25_000
    short = compared(text, {"x": 1.0}, Options()).as_object()
    assert len(short["lines"]) == 40 and short["left_out"] == 25_001 - 40
    whole = compared(text, {"x": 1.0}, Options(), full=True).as_object()
    assert len(whole["lines"]) == 25_001 and "left_out" not in whole


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("+".join(f"x{k}*x{k}" for k in range(10_000)), {f"x{k}": 1.0 for k in range(10_000)}),
        ("a0 = x*y\n" + "\n".join(f"a{k} = sin(a{k - 1})*y" for k in range(1, 20_000)) + "\na19999 + x",
         {"x": 1.0, "y": 2.0}),
        ("[" + ", ".join(f"sin(y*{k})" for k in range(500)) + "]", {"y": 1.0}),
        ("a0 = x*x; " + "; ".join(f"a{k} = a{k - 1}*a{k - 1}" for k in range(1, 60)) + "; a59", {"x": 1.0}),
    ],
    ids=["many inputs", "deep", "many outputs", "doubled"],
)  # fmt: skip
def test_large_programs_are_answered(text, at):
    """With counts that are whole, a chain of at most a few hundred factors, and few passes kept."""
    found = compared(text, at, Options())
    assert found.trace is not None and found.chain is not None
    assert len(found.chain) <= 128
    assert len(found.trace.tangents) <= 12 and len(found.trace.adjoints) <= 12
    assert found.forward.passes == len(at)
    assert found.best is None or found.best.cost <= min(found.chain.from_inputs, found.chain.from_outputs)


def test_the_page_shows_what_is_printed():
    """Every command of docs/modes.md with its output."""
    blocks = re.findall(r"```console\n\$ gradcli (.*)\n((?:.*\n)*?)```", PAGE)
    assert blocks
    for words, shown in blocks:
        assert run(*shlex.split(words)).out == shown
