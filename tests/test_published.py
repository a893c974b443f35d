"""Worked examples from lectures, papers and other tools, with the numbers printed there."""

import json
import math
from pathlib import Path

import pytest
from programs import EVERY_DECOMPOSITION, answer

CASES = [json.loads(line) for line in Path(__file__).with_name("published.jsonl").read_text("utf-8").splitlines()]
SCALAR = [
    case
    for case in CASES
    if not any(isinstance(value, list) for value in case["at"].values()) and "grad(" not in case["expr"]
]


def within(got, published, tolerance):
    """Within a tolerance relative to the published number, or to 0."""
    return math.isclose(got, published, rel_tol=tolerance, abs_tol=tolerance if published == 0 else 0)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("case", SCALAR, ids=[case["id"] for case in SCALAR])
def test_a_published_example_is_reproduced(case, mode):
    """The default decomposition gives the published value and gradients, in both modes."""
    value, gradients = answer(case["expr"], case["at"], "auto", mode)
    assert within(value, case.get("value", value), case["tol"])
    for name, published in case.get("grad", {}).items():
        assert within(gradients[name], published, case["tol"]), name


@pytest.mark.parametrize("mode", ["reverse", "forward"])
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


def test_every_published_example_says_where_it_is_from():
    """A number without a source proves nothing."""
    assert len(SCALAR) >= 25
    assert all(case["source"] for case in CASES)


def test_the_typo_of_the_lecture_is_another_function():
    """1/(1+exp(-w0*x0+w1*x1+x2)) at the lecture's point is not 0.73."""
    (case,) = [case for case in CASES if case["id"] == "lecture-typo"]
    value, _ = answer(case["expr"], case["at"])
    assert math.isclose(value, 1 / (1 + math.exp(-2 * -1 + -3 * -2 - 3)), rel_tol=1e-15)
