"""Modular code for python and numpy: gates with a forward and a backward pass, and a graph that runs them."""

import json
from pathlib import Path

import pytest
from array_cases import ALL, cases

from gradcli.errors import GradError
from gradcli.questions import Options
from gradcli.questions.code import coded
from tests.codegen.generated import array_programs, scalar_programs
from tests.codegen.modular_programs import ODD, OF_ARRAYS, OF_FUNCTIONS, hold, hold_case, modular_text
from tests.codegen.test_flat_python import HOSTILE, formatted

HERE = Path(__file__)
NEURON = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
POINT = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
CASES = [json.loads(line) for line in (HERE.parents[1] / "published.jsonl").read_text("utf-8").splitlines()]
MOST = 12  # shapes of one primitive


@pytest.mark.parametrize("target", ["python", "numpy", "torch", "jax"])
def test_the_neuron_of_the_lecture(target):
    """The file is read by people: gates in the order of the graph, a class for each, local times upstream."""
    suffix = {"python": "py", "numpy": "numpy.py"}.get(target, f"{target}.py")
    golden = HERE.with_name("golden") / f"neuron_modular.{suffix}.txt"
    assert modular_text(NEURON, POINT, target)[0] == golden.read_text("utf-8")


@pytest.mark.parametrize("name", ALL)
def test_every_primitive_alone(name, tmp_path):
    """As a program of one line, of every shape: value and gradients are the engine's."""
    found = cases(ALL[name])
    codes = [hold_case(case, "numpy") for case in found[:: max(1, len(found) // MOST)]]
    assert formatted(codes, tmp_path)[0] == ""


@pytest.mark.parametrize("target", ["python", "numpy"])
def test_random_programs(target, tmp_path):
    """In every decomposition, also at ties, kinks and where numbers overflow; unchanged by ruff format."""
    kinds = ["auto", "naive", "typed", "sigmoid"]
    ties = ["split", "first"]
    codes = [
        hold(text, at, target, decomposition=kinds[number % 4], ties=ties[number % 2])
        for number, (text, at) in enumerate(scalar_programs(100))
    ]
    difference, width = formatted(codes, tmp_path)
    assert difference == ""
    assert width <= 88


def test_random_functions(tmp_path):
    """A random program as the body of a function that is called twice: its class has the derived rule."""
    called = [(f"F(x, y, z) = {text}; F(x, y, z) + F(y, x*z, x)*x", at) for text, at in scalar_programs(100, seed=8)
              if ";" not in text]  # fmt: skip
    ties = ["split", "first"]
    codes = [hold(text, at, "python", ties=ties[number % 2]) for number, (text, at) in enumerate(called)]
    assert formatted(codes, tmp_path)[0] == ""
    assert sum("class F:" in code for code in codes) > 20


def test_programs_of_arrays(tmp_path):
    """Also at whole numbers, where there are ties, kinks and zeros."""
    codes = [hold(text, at, "numpy") for text, at in array_programs(80)]
    difference, width = formatted(codes, tmp_path)
    assert difference == ""
    assert width <= 100  # the tables of lgamma; all else is 88


@pytest.mark.parametrize("target", ["python", "numpy"])
def test_odd_programs(target, tmp_path):
    """Constants, aliases, intermediates, derivative words, closed gates, names without use, functions."""
    codes = [hold(text, at, target, **options) for text, at, options in [*ODD, *OF_FUNCTIONS]]
    if target == "numpy":
        codes += [hold(text, at, target, **options) for text, at, options in OF_ARRAYS]
    assert formatted(codes, tmp_path)[0] == ""


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_published_programs(case):
    """What is published is what the gates compute."""
    arrays = any(isinstance(value, list) for value in case["at"].values())
    at = {name: value if isinstance(value, list) else float(value) for name, value in case["at"].items()}
    hold(case["expr"], at, "numpy" if arrays else "python")


def test_a_function_of_the_user_s_is_one_class():
    """Its local gradient is derived from its body; the class says what it stands for."""
    code = modular_text("cube(x) = x*x*x + k; cube(w*x)", {"w": 2.0, "x": 3.0, "k": 1.0}, "python")[0]
    assert "class Cube:\n" in code
    assert '"""cube(x) = x*x*x + k."""' in code
    assert 'Cube(), ("v1", "k")' in code
    assert code.count("\nclass ") == 3  # Multiply, Cube, the graph


def test_what_was_typed_stands_above_a_recognised_gate():
    """The gate is the primitive; the comment is the user's spelling."""
    code = modular_text(NEURON + "*2", POINT, "python")[0]
    assert "# typed as 1/(1 + exp(-v4))\n" in code


def test_one_class_serves_all_lines_of_a_primitive():
    """Each is used as often as the program needs it; exponents tell powers apart."""
    code = modular_text("x*y*x*y + x^4 + y^5 + x^2", {"x": 2.0, "y": 3.0}, "python")[0]
    names = [line.split()[1].rstrip(":") for line in code.splitlines() if line.startswith("class ")]
    assert names == ["Multiply", "Power4", "Add", "Power5", "Square", "ComputationalGraph"]


def test_code_is_the_same_in_every_run():
    """Nothing depends on what was written before."""
    text, at = "swish(x) = x*sigmoid(x); swish(x)^2 + max(x, y, 1)", {"x": 2.0, "y": 3.0}
    assert modular_text(text, at, "numpy")[0] == modular_text(text, at, "numpy")[0]


@pytest.mark.parametrize("target", ["python", "numpy"])
def test_no_name_breaks_out(target, tmp_path):
    """Keywords, builtins, other scripts, our own words: the code runs, and prints the engine's numbers."""
    words = ["Multiply", "Add", "ComputationalGraph", "gates", "values", "number", "operand", "flow", "upstream"]
    names = [*HOSTILE, *words]
    text = "+".join(f"{name}*{name}" for name in names)
    code = hold(text, {name: float(place + 1) for place, name in enumerate(names)}, target)
    assert formatted([code], tmp_path)[0] == ""


def test_without_a_point_there_are_gates_only():
    """A program whose names have no value is a module without an end that prints."""
    code = modular_text("x*sin(y)", {}, "python")[0]
    assert "__main__" not in code
    assert "class Sin:" in code


@pytest.mark.parametrize(("target", "text", "at", "way"), [
    ("c", "x*y", {"x": 1.0, "y": 2.0}, "--style flat"),
    ("python", "sum(x)", {"x": [1.0, 2.0]}, "--target numpy"),
])  # fmt: skip
def test_what_cannot_be_written_says_what_can(target, text, at, way):
    with pytest.raises(GradError) as caught:
        modular_text(text, at, target)
    assert way in caught.value.hint


def test_a_program_of_twenty_thousand_lines(tmp_path):
    """Long programs are written and run without recursion."""
    code = modular_text("+".join(["x"] * 20_000), {"x": 0.5}, "python")[0]
    assert code.count("Add()") == 19_999


def test_a_mean_says_its_size():
    """One class serves operands of any length; an axis tells classes apart."""
    code = hold("mean(x)*mean(y) + sum(mean(A, 0)^2)", {"x": [1, 2], "y": [1, 2, 4], "A": [[1, 2], [3, 5]]}, "numpy")
    assert code.count("class Mean") == 2
    assert "upstream / np.size(self.x), np.shape(self.x)" in code
    assert "np.size(self.x, 0)" in code


def test_a_closed_gate_carries_nothing():
    """sqrt has an infinite slope at 0, and its unit says what it does with what does not arrive."""
    code = hold("where(x > 0, sqrt(x), 0)", {"x": 0.0}, "python")
    assert "if upstream != 0 else 0.0" in code
    assert "if upstream" not in hold("sqrt(x)", {"x": 2.0}, "python")


def test_a_constant_that_is_infinite_is_computed_with_care():
    """Python raises where IEEE has inf."""
    for target in ("torch", "jax"):
        assert "0.0**" not in coded("(0)^-1 + x", {"x": 1.0}, Options(), style="modular", target=target).text
