"""Flat code of arrays, in every target of Python that runs here: run, it prints the engine's numbers."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from gradcli.errors import GradError
from gradcli.questions import Options, differentiated
from gradcli.questions.code import coded
from tests.codegen.generated import array_programs, run, scalar_programs
from tests.codegen.test_flat_python import HOSTILE, formatted, tokens

CASES = [*map(json.loads, (Path(__file__).parents[1] / "published.jsonl").read_text("utf-8").splitlines())]
TARGETS = ["python", "numpy", "torch", "jax"]
TOLERANCE = {"torch": 1e-9, "jax": 1e-9}  # of digamma there


def needed(target):
    if target in ("torch", "jax"):
        pytest.importorskip(target)


def shown(out):
    """The value and the gradients by name that a module prints."""
    found = {}
    for line in out.splitlines():
        name, _, text = line.partition(" = ")
        text = text.replace("nan", "1e999").replace("inf", "1e999")
        found[name.partition("/d")[2]] = ast.literal_eval(text)
    return found


def check(text, at, target, **options):
    """Run the code of a program, hold what it prints to the engine, and hand it back."""
    code = coded(text, at, Options(), target=target, **options).text
    with np.errstate(all="ignore"):
        got = shown(run(code)[0])
    wanted = differentiated(text, at, Options())
    for name, number in {"": wanted.value, **wanted.gradients}.items():
        assert np.shape(got[name]) == np.shape(number), (text, name)
        near = {"rtol": TOLERANCE.get(target, 1e-12), "atol": TOLERANCE.get(target, 1e-12)}
        finite = np.isfinite(number)
        assert np.allclose(np.where(finite, got[name], 0), np.where(finite, number, 0), **near), (text, name)
        assert np.array_equal(np.isfinite(got[name]), finite), (text, name)
    return code


@pytest.mark.parametrize("optimised", [False, True])
@pytest.mark.parametrize("target", TARGETS)
def test_programs_of_arrays(target, optimised, tmp_path):
    """Also at whole numbers, where there are ties, kinks and zeros."""
    needed(target)
    codes = [check(text, at, target, optimised=optimised) for text, at in array_programs(80)]
    difference, width = formatted(codes, tmp_path)
    assert difference == ""
    assert width <= 100


@pytest.mark.parametrize("target", ["numpy", "torch", "jax"])
def test_programs_of_scalars(target, tmp_path):
    """A name or a number is what the library computes with."""
    needed(target)
    codes = []
    for text, at in scalar_programs(300, seed=7):
        if any(name in text for name in "xyz") and all(abs(value) < 100 for value in at.values()):
            codes.append(check(text, at, target))
    assert len(codes) > 150
    assert formatted(codes, tmp_path)[0] == ""


@pytest.mark.parametrize("target", TARGETS)
def test_published_cases(target):
    needed(target)
    written = 0
    for case in CASES:
        at = {name: np.array(v, dtype=float) if isinstance(v, list) else float(v) for name, v in case["at"].items()}
        try:
            check(case["expr"], at, target)
            written += 1
        except GradError as error:
            assert "a gradient is of a scalar" in error.message
    assert written > 0.8 * len(CASES)


def test_a_network_line_by_line():
    at = {"X": np.ones((2, 3)), "W": np.ones((3, 2)), "b": np.ones(2), "y": np.ones((2, 2))}
    code = coded("mean((relu(X@W+b)-y)^2)", at, Options(), target="numpy").text
    assert """
    # forward: values
    v1 = X @ W
    v2 = v1 + b
    v3 = np.maximum(v2, 0.0)
    v4 = v3 - y
    v5 = v4**2
    f = np.mean(v5)
    # backward: downstream = upstream * local, from the last line up
    grad_f = 1.0
""" in code
    assert "    grad_b = np.sum(grad_v2, axis=0)\n" in code or "    grad_b = fit(grad_v2, (2,))\n" in code
    assert "    grad_W = X.T @ grad_v1\n" in code


@pytest.mark.parametrize("target", TARGETS)
def test_no_name_of_the_users_breaks_code(target, tmp_path):
    needed(target)
    names = [*HOSTILE, "np", "jnp", "jax", "torch", "fit", "scatter", "numpy", "functools"]
    text = f"sum(softmax({'+'.join(f'relu({name})' for name in names)})*lambda)"
    at = {name: np.array([0.01 * number, 0.5]) for number, name in enumerate(names)}
    code = coded(text, at, Options(), target=target).text
    got = shown(run(code)[0])
    wanted = differentiated(text, at, Options())
    assert got[""] == pytest.approx(wanted.value, rel=1e-12)
    assert np.allclose(list(got.values())[1], wanted.gradients[names[0]], rtol=1e-9)
    assert len(got) == len(names) + 1
    assert formatted([code], tmp_path)[0] == ""


def test_long_names_are_laid_out_as_ruff_has_them(tmp_path):
    """In code for libraries that need not be here."""
    codes = []
    for number, (text, at) in enumerate(array_programs(40)):
        if any(name[-1].isdigit() for name in at):
            continue
        long = {name: f"{name}_{'abcdefghijklmnopqrstuvwxyz' * 2}"[: 12 + number % 28] for name in at}
        renamed = "".join(long.get(word, word) for word in tokens(text))
        point = {long[name]: value for name, value in at.items()}
        for target in TARGETS:
            for optimised in (False, True):
                codes.append(coded(renamed, point, Options(), target=target, optimised=optimised).text)
    difference, width = formatted(codes, tmp_path)
    assert difference == ""
    assert width <= 100


def test_examples_give_shapes():
    code = coded("sum(W@x)", {}, Options(example="W:2x3,x:3"), target="numpy").text
    assert len(shown(run(code)[0])["W"]) == 2
    with pytest.raises(GradError, match="shapes do not fit") as raised:
        coded("sum(W@x)", {}, Options(), target="numpy")
    assert "--example" in (raised.value.hint or "")
