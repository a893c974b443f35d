"""Modular code for torch: each primitive an autograd.Function, checked by torch's own gradcheck and gradgradcheck."""

import json
from pathlib import Path

import pytest
from array_cases import ALL, cases

from gradcli.questions import Options
from gradcli.questions.code import coded
from tests.codegen.generated import array_programs, run, scalar_programs
from tests.codegen.modular_programs import ODD, OF_ARRAYS, OF_FUNCTIONS, code_of_case, hold, hold_case
from tests.codegen.test_flat_python import HOSTILE, formatted

pytest.importorskip("torch")
CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "published.jsonl").read_text("utf-8").splitlines()
]
MOST = 3  # shapes of one primitive
CHECKED = "torch.autograd.gradgradcheck"
NEVER_SMOOTH = frozenset((  # without a gradient, or on shares that sum to 1 only
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "stop", "seed", "argmax", "one_hot",
    "centred_by", "excess", "floor", "ceil", "round", "sign", "polygamma", "cofactors_back",
))  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_every_primitive_alone(name, tmp_path):
    """Its value and gradients are the engine's; where it is smooth the module checks both orders itself."""
    if name in ("centred_by", "excess"):
        pytest.skip("their rules hold where shares sum to 1, and differences leave that")
    found = cases(ALL[name])
    codes = [hold_case(case, "torch") for case in found[:: max(1, len(found) // MOST)]]
    assert formatted(codes, tmp_path)[0] == ""
    if name not in NEVER_SMOOTH and not any(CHECKED in code for code in codes):
        smooth = next(case for case in found if CHECKED in code_of_case(case, "torch"))
        hold_case(smooth, "torch")


def test_random_programs(tmp_path):
    """Many of them are smooth at their point, and checked."""
    codes = [hold(text, at, "torch") for text, at in scalar_programs(100)]
    difference, width = formatted(codes, tmp_path)
    assert difference == ""
    assert width <= 88
    assert sum(CHECKED in code for code in codes) > 20


def test_programs_of_arrays(tmp_path):
    """Networks, norms, solutions of equations, gradient penalties."""
    codes = [hold(text, at, "torch") for text, at in array_programs(60)]
    assert formatted(codes, tmp_path)[0] == ""
    assert sum(CHECKED in code for code in codes) > 15


def test_odd_programs(tmp_path):
    """Constants, aliases, intermediates, derivative words, closed gates, functions of the user's."""
    odd = [*ODD, *OF_FUNCTIONS, *OF_ARRAYS]
    codes = [hold(text, at, "torch", **options) for text, at, options in odd]
    assert formatted(codes, tmp_path)[0] == ""


def test_a_function_of_the_user_s_is_checked_as_one():
    """Its gradient and the derivative of that are right."""
    code = hold("swish(x) = x*sigmoid(x); swish(w*x + b)", {"w": 2.0, "x": 3.0, "b": -1.0}, "torch")
    assert "class Swish(torch.autograd.Function):" in code
    assert CHECKED in code


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_published_programs(case):
    at = {name: value if isinstance(value, list) else float(value) for name, value in case["at"].items()}
    hold(case["expr"], at, "torch")


def test_no_name_breaks_out():
    names = [*HOSTILE, "Multiply", "Add", "ComputationalGraph", "ctx", "torch", "point", "graph", "forward"]
    text = "+".join(f"{name}*{name}" for name in names)
    hold(text, {name: float(place + 1) for place, name in enumerate(names)}, "torch")


@pytest.mark.parametrize("style", ["flat", "modular"])
def test_the_sign_of_nan_is_nan(style):
    code = coded("sign(sqrt(x)) + y", {"x": -1.0, "y": 2.0}, Options(), style=style, target="torch").text
    assert run(code)[0].startswith("f = nan\n")
