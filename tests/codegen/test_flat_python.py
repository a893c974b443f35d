"""Flat Python code: run, it prints the engine's numbers to the last bit; as text, it is as `ruff format` leaves it."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gradcli.codegen.names import LONGEST, Names, is_plain
from gradcli.codegen.targets import python_functions
from gradcli.codegen.targets.freeze import frozen_text
from gradcli.codegen.targets.python import target
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, VARIABLE, primitives
from gradcli.questions import Options, differentiated
from gradcli.questions.code import coded
from tests.codegen.generated import printed, run, scalar_programs

CASES = map(json.loads, (Path(__file__).parents[1] / "published.jsonl").read_text("utf-8").splitlines())
PUBLISHED = [case for case in CASES if not any(isinstance(value, list) for value in case["at"].values())]
WAYS = [
    Options(), Options(decomposition="naive"), Options(decomposition="typed"), Options(ties="first"),
    Options(zero="strong"),
]  # fmt: skip
NEURON = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
NEURON_AT = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}


def engine(text, at, options):
    found = differentiated(text, at, options)
    return [found.value, *found.gradients.values()]


def formatted(codes, folder):
    """What `ruff format` and a look at the width have to say about CODES."""
    for number, code in enumerate(codes):
        (folder / f"code_{number}.py").write_text(code, "utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout, max(len(line) for code in codes for line in code.splitlines())


@pytest.mark.parametrize("options", WAYS, ids=["auto", "naive", "typed", "first", "strong"])
def test_random_programs_print_the_numbers_of_the_engine_to_the_last_bit(options):
    """Half of the points are where numbers overflow, are 0, or are nan."""
    for text, at in scalar_programs(200):
        out, _ = run(coded(text, at, options).text)
        assert repr(printed(out)) == repr(engine(text, at, options)), (text, at)


@pytest.mark.parametrize("case", PUBLISHED, ids=[case["id"] for case in PUBLISHED])
def test_published_cases_print_the_numbers_of_the_engine(case):
    at = {name: float(value) for name, value in case["at"].items()}
    for decomposition in ("auto", "naive"):
        options = Options(decomposition=decomposition)
        out, _ = run(coded(case["expr"], at, options).text)
        assert repr(printed(out)) == repr(engine(case["expr"], at, options))


def test_the_tidied_graph_prints_the_same_numbers():
    for text, at in scalar_programs(200):
        out, _ = run(coded(text, at, Options(), optimised=True).text)
        for got, wanted in zip(printed(out), engine(text, at, Options()), strict=True):
            assert got == pytest.approx(wanted, rel=1e-12, abs=1e-12, nan_ok=True), (text, at)


def test_code_is_as_ruff_leaves_it_and_no_line_is_long(tmp_path):
    """Long names and long numbers among it."""
    codes = []
    for text, at in scalar_programs(120):
        codes += [coded(text, at, Options()).text, coded(text, {}, Options()).text]
        codes.append(coded(text, at, Options(), optimised=True).text)
        long = {name: f"{name}_{'a_long_name_' * (2 + 3 * (name == 'z'))}" for name in at}
        renamed = text
        for name, longer in long.items():
            renamed = "".join(longer if letter == name else letter for letter in tokens(renamed))
        numbers = {longer: at[name] / 3 * 1e-200 for name, longer in long.items()}
        codes += [coded(renamed, numbers, Options()).text, coded(renamed, numbers, Options(ties="first")).text]
    difference, width = formatted(codes, tmp_path)
    assert difference == ""
    assert width <= 100


def tokens(text):
    """TEXT in names and single letters."""
    found, word = [], ""
    for letter in text:
        if letter.isalpha():
            word += letter
        else:
            found += [word, letter] if word else [letter]
            word = ""
    return [*found, word]


def test_the_neuron_is_the_ledger_as_code():
    """Names, order and gates of `explain`; what is multiplied by 1 is not multiplied."""
    code = coded(NEURON, NEURON_AT, Options(decomposition="naive")).text
    assert """
    # forward: values
    v1 = w0 * x0
    v2 = w1 * x1
    v3 = v1 + v2
    v4 = v3 + w2
    v5 = -v4
    v6 = math.exp(v5)
    v7 = 1 + v6
    f = 1 / v7
    # backward: downstream = upstream * local, from the last line up
    grad_f = 1.0
    grad_v7 = grad_f * (-f / v7)  # div scales
    grad_v6 = grad_v7  # add passes
    grad_v5 = grad_v6 * v6  # exp scales
    grad_v4 = -grad_v5  # neg flips
    grad_v3 = grad_v4  # add distributes
    grad_w2 = grad_v4
    grad_v1 = grad_v3  # add distributes
    grad_v2 = grad_v3
    grad_w1 = grad_v2 * x1  # mul swaps
    grad_x1 = grad_v2 * w1
    grad_w0 = grad_v1 * x0  # mul swaps
    grad_x0 = grad_v1 * w0
    return f, (grad_w0, grad_x0, grad_w1, grad_x1, grad_w2)
""" in code


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("relu(x)*y", "grad_x = grad_v1 if x > 0 else 0.0  # relu passes or blocks"),
        ("x*x", "grad_x += grad_f * x  # copy adds"),
        ("max(x, y)", "share_x = float(x == f) / t1"),
        ("h = x*y; h^2", "grad_h = grad_f * (2 * h)  # power scales"),
        ("sigmoid(x)", "grad_x = grad_f * (f * sigmoid(-x))  # sigmoid saturates"),
        ("x - y", "grad_y = -grad_f"),
        ("d(x^3, x)*y", "return f, (grad_x, grad_y)"),
        ("stop(x)*y", "return f, (0.0, grad_y)"),
        ("x", "return x, (grad_x,)"),
        ("2", "return f, ()"),
        ("f(x) = x*sigmoid(x); f(a)*f(b)", "return f, (grad_a, grad_b)"),
    ],
)
def test_a_line_of_code(text, line):
    code = coded(text, {}, Options()).text
    assert line in [row.strip() for row in code.splitlines()], code
    ast.parse(code)


def test_without_values_the_module_is_a_function_and_prints_nothing():
    code = coded(NEURON, {}, Options()).text
    out, names = run(code)
    assert out == ""
    value, gradients = names["value_and_gradients"](**NEURON_AT)
    assert [value, *gradients] == engine(NEURON, NEURON_AT, Options())


def test_a_function_is_right_at_other_points_than_its_own():
    """What a closed gate cuts off stays 0 there, also behind an infinite slope."""
    _, names = run(coded("where(x > 0, sqrt(x), 0)*y", {"x": 4.0, "y": 3.0}, Options()).text, "imported")
    assert names["value_and_gradients"](0.0, 3.0) == (0.0, (0.0, 0.0))
    _, names = run(coded("relu(x)*y + max(x, y)", {"x": 4.0, "y": 3.0}, Options()).text, "imported")
    for at in ({"x": -1.0, "y": 2.0}, {"x": 2.0, "y": 2.0}, {"x": 0.0, "y": 5.0}):
        value, gradients = names["value_and_gradients"](**at)
        assert [value, *gradients] == engine("relu(x)*y + max(x, y)", at, Options())


@pytest.mark.parametrize("options", [Options(wrt=["h", "x"]), Options(wrt=["y"])])
def test_gradients_are_those_that_were_asked_for(options):
    text, at = "h = x*y; h^2 + h*y", {"x": 3.0, "y": -2.0, "unused": 1.0}
    out, _ = run(coded(text, at, options).text)
    assert printed(out) == engine(text, at, options)


HOSTILE = ["lambda", "math", "grad_x", "x", "v1", "print", "int", "double", "αβ", "x_1", "T", "_", "__debug__", "self",
           "relu", "gradients", "f", "match", "None", "日本", "t1", "share_x", "value", "names", "zip"]  # fmt: skip


@pytest.mark.parametrize("optimised", [False, True])
def test_no_name_of_the_users_breaks_code(optimised, tmp_path):
    text = "+".join(f"relu({name})*{number}" for number, name in enumerate(HOSTILE, 2))
    text = f"max({text}, x, lambda)*sigmoid(math)"
    at = {name: float(number) for number, name in enumerate(HOSTILE)}
    found = coded(text, at, Options(), optimised=optimised)
    out, _ = run(found.text)
    wanted = differentiated(text, at, Options())
    values = [wanted.value, *(wanted.gradients[name] for name in found.question.sources)]
    assert printed(out) == pytest.approx(values, rel=1e-13)
    assert formatted([found.text], tmp_path)[0] == ""
    assert "x_2 stands for αβ" in found.text


@pytest.mark.parametrize("text", ['x # """; import os', "x # \\", "x #‮", "x # '''\n", "x # */ #"])
def test_no_comment_of_a_program_gets_into_the_code(text):
    code = coded(text, {"x": 1.0}, Options()).text
    assert "import" not in code and "\\" not in code and "‮" not in code
    assert ast.parse(code)


def test_a_shared_line_is_written_once_and_long_programs_are_written():
    squares = "a0 = x;" + "".join(f"a{k + 1} = a{k}*a{k};" for k in range(60)) + "a60"
    assert coded(squares, {"x": 1.0}, Options()).text.count("\n") < 220
    for text in ("+".join(["x*y"] * 3000), "sin(" * 3000 + "x" + ")" * 3000):
        at = {"x": 0.5, "y": 0.25} if "y" in text else {"x": 0.5}
        out, _ = run(coded(text, at, Options()).text)
        assert repr(printed(out)) == repr(engine(text, at, Options()))


def test_every_primitive_of_scalars_has_a_notation():
    written = target()
    for name, primitive in primitives().items():
        if primitive.kind == "elementwise" and primitive not in (VARIABLE, CONSTANT):
            assert name in written.notations, name


def test_the_helper_functions_are_those_of_the_engine():
    """Frozen text is what the build step makes of gradcli/graph/real.py."""
    assert Path(python_functions.__file__).read_text("utf-8") == frozen_text()


def test_code_is_the_same_every_time():
    text, at = "max(x, y)*clip(x, 0, z) + relu(y)^2", {"x": 1.0, "y": 2.0, "z": 3.0}
    assert len({coded(text, at, Options()).text for _ in range(3)}) == 1


def test_code_as_an_object():
    found = coded("x*y", {"x": 2.0, "y": 3.0}, Options()).as_object()
    assert found["schema"] == "gradcli/1"
    assert found["at"] == {"x": 2.0, "y": 3.0}
    assert (found["style"], found["target"]) == ("flat", "python")
    assert "def value_and_gradients(x, y):" in found["code"]


def test_an_array_as_a_result_is_refused():
    with pytest.raises(GradError, match="a gradient is of a scalar"):
        coded("[x, 2*x]", {"x": 1.0}, Options(), target="numpy")


def test_names_are_given_once():
    names = Names({"lambda", "exp"}, ["x", "lambda", "αβ", "x_1", "a" * 80, "a" * 81, "lambda_"])
    given = list(names.given.values())
    assert len(set(given)) == len(given)
    assert all(is_plain(name) and len(name) <= LONGEST for name in given)
    assert not {"lambda", "exp"} & set(given)
    assert names["x"] == "x" and names["lambda_"] == "lambda_" and names["x_1"] == "x_1"
    assert names.another("x") == "x_3"
    assert names.fresh("exp") == "exp_"
