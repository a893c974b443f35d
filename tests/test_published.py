"""Worked examples from lectures, papers and other tools, with the numbers printed there."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from programs import EVERY_DECOMPOSITION, answer
from running import run

from gradcli.questions import Options, differentiated

CASES = [json.loads(line) for line in Path(__file__).with_name("published.jsonl").read_text("utf-8").splitlines()]
SCALAR = [
    case
    for case in CASES
    if not any(isinstance(value, list) for value in case["at"].values()) and "grad(" not in case["expr"]
]


OF_ARRAYS = [case for case in CASES if case not in SCALAR and "grad(" not in case["expr"]]


def within(got, published, tolerance):
    """Within a tolerance relative to the published number, or to 0."""
    return math.isclose(got, published, rel_tol=tolerance, abs_tol=tolerance if published == 0 else 0)


@pytest.mark.parametrize("mode", ["reverse", "forward", "adjoint"])
@pytest.mark.parametrize("case", SCALAR, ids=[case["id"] for case in SCALAR])
def test_a_published_example_is_reproduced(case, mode):
    """The default decomposition gives the published value and gradients, in every mode."""
    value, gradients = answer(case["expr"], case["at"], "auto", mode)
    assert within(value, case.get("value", value), case["tol"])
    for name, published in case.get("grad", {}).items():
        assert within(gradients[name], published, case["tol"]), name


@pytest.mark.parametrize("mode", ["reverse", "forward", "adjoint"])
@pytest.mark.parametrize("case", SCALAR, ids=[case["id"] for case in SCALAR])
def test_a_published_example_is_the_same_in_every_decomposition(case, mode):
    """Where a decomposition is finite, it is as good as the default; the exceptions are known and named."""
    for decomposition in EVERY_DECOMPOSITION:
        value, gradients = answer(case["expr"], case["at"], decomposition, mode)
        if (case["id"], decomposition) in LOSES_DIGITS:
            assert gradients != answer(case["expr"], case["at"], "auto", mode)[1]
            continue
        if not all(map(math.isfinite, [value, *gradients.values()])):
            assert decomposition in ("typed", "naive")
            continue
        for name, published in case.get("grad", {}).items():
            assert within(gradients[name], published, max(case["tol"], 1e-15)), (decomposition, name)


# 1/(1 + exp(400)) has the derivative exp(400)/(1 + exp(400))^2, whose square overflows to a gradient of 0
LOSES_DIGITS = {("sigmoid-minus-400", "naive")}


def all_within(got, published, tolerance):
    """The same element by element, in one shape."""
    assert np.shape(got) == np.shape(published)
    return all(within(float(a), float(b), tolerance) for a, b in zip(np.ravel(got), np.ravel(published), strict=True))


@pytest.mark.parametrize("mode", ["reverse", "forward", "adjoint"])
@pytest.mark.parametrize("decomposition", EVERY_DECOMPOSITION)
@pytest.mark.parametrize("case", OF_ARRAYS, ids=[case["id"] for case in OF_ARRAYS])
def test_a_published_example_of_arrays_is_reproduced(case, decomposition, mode):
    """Value and gradients in their shapes, in every mode and decomposition."""
    at = {name: np.array(value, dtype=float) for name, value in case["at"].items()}
    found = differentiated(case["expr"], at, Options(decomposition=decomposition, mode=mode))
    tolerance = max(case["tol"], 1e-14 if decomposition == "naive" else 0)
    assert within(found.value, case.get("value", found.value), tolerance)
    for name, published in case["grad"].items():
        assert all_within(found.gradients[name], published, tolerance), name


@pytest.mark.parametrize("case", OF_ARRAYS, ids=[case["id"] for case in OF_ARRAYS])
def test_a_published_example_of_arrays_is_printed(case):
    """Typed at a prompt, the gradients come out as they were published."""
    words = [f"{name}={json.dumps(value)}" for name, value in case["at"].items()]
    code, out, err = run("grad", case["expr"], *words, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    for name, published in case["grad"].items():
        assert all_within(found["gradients"][name], published, case["tol"]), name


def test_every_published_example_says_where_it_is_from():
    """A number without a source proves nothing."""
    assert len(SCALAR) >= 25
    assert len(OF_ARRAYS) >= 5
    assert all(case["source"] for case in CASES)


def test_the_typo_of_the_lecture_is_another_function():
    """1/(1+exp(-w0*x0+w1*x1+x2)) at the lecture's point is not 0.73."""
    (case,) = [case for case in CASES if case["id"] == "lecture-typo"]
    value, _ = answer(case["expr"], case["at"])
    assert math.isclose(value, 1 / (1 + math.exp(-2 * -1 + -3 * -2 - 3)), rel_tol=1e-15)


OF_SECOND_ORDER = [case for case in CASES if "hessian" in case or "hvp" in case]


def rows(published, names, result):
    """A published matrix, or vector, beside what was found by name."""
    found = [result[name] for name in names]
    return [[row[name] for name in names] if isinstance(row, dict) else row for row in found], published


@pytest.mark.parametrize("decomposition", EVERY_DECOMPOSITION)
@pytest.mark.parametrize("case", OF_SECOND_ORDER, ids=[case["id"] for case in OF_SECOND_ORDER])
def test_published_second_derivatives_are_reproduced(case, decomposition):
    """The Hessian in the order of the names, and its product with a direction in both ways."""
    names = [*case["at"]]
    if "hessian" in case:
        code, out, err = run("hessian", case["expr"], *settings(case), "--json", "--decomposition", decomposition)
        assert (code, err) == (0, "")
        assert all_within(*rows(case["hessian"], names, json.loads(out)["hessian"]), case["tol"])
    if "hvp" in case:
        along = ",".join(f"{name}={value}" for name, value in zip(names, case["hvp"]["along"], strict=True))
        words = ("hvp", case["expr"], *settings(case), "--json", "--decomposition", decomposition, "--along", along)
        for mode in ("forward-over-reverse", "reverse-over-reverse"):
            code, out, err = run(*words, "--mode", mode)
            assert (code, err) == (0, "")
            assert json.loads(out)["mode"] == mode
            assert all_within(*rows(case["hvp"]["value"], names, json.loads(out)["hvp"]), case["tol"])


def settings(case):
    """The point as words."""
    return [f"{name}={json.dumps(value)}" for name, value in case["at"].items()]
