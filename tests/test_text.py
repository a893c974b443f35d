"""Numbers and JSON as text: what is written reads back as the same."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.text import MANY_LINES, json_number, json_text, shortest, significant

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)


@given(VALUES)
def test_json_reads_back_as_what_was_written(value):
    """Any nesting, any text, any finite number."""
    assert json.loads(json_text(value)) == value


@given(st.floats())
def test_a_number_in_json_is_exact_and_valid(value):
    """Finite numbers round-trip; the others are the three agreed strings."""
    read = json.loads(json_number(value))
    if math.isfinite(value):
        assert read == value
    else:
        assert read in ("NaN", "Infinity", "-Infinity")


def test_many_lines_are_written_as_few_are():
    """Above the bound the library writes, with the same bytes."""
    lines = [{"id": f"v{k}", "value": k / 7, "text": 'é "q" \\'} for k in range(MANY_LINES + 1)]
    pieces = ",".join(json_text(line) for line in lines)
    assert json_text({"lines": lines}) == '{"lines":[' + pieces + "]}"


def test_many_lines_keep_what_json_has_no_number_for():
    """A nan among many lines is still a string."""
    lines = [{"value": math.nan}] * (MANY_LINES + 1)
    assert json.loads(json_text({"lines": lines}))["lines"][0] == {"value": "NaN"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (6.0, "6"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1e22, "1e+22"),
        (123456789012.0, "123456789012"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_the_shortest_text_has_no_empty_fraction(value, text):
    """Whole numbers stand without `.0`."""
    assert shortest(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.7310585786300049, 6, "0.731059"), (2.0, 6, "2"), (-0.0, 6, "-0"), (123456789.0, 3, "123456789"),
        (1.9151695967140057e-174, 6, "1.91517e-174"), (1234567.5, 6, "1.23457e+06"), (1e300, 6, "1e+300"),
        (0.1, 17, "0.10000000000000001"),
    ],
)  # fmt: skip
def test_a_number_is_rounded_to_significant_digits(value, digits, text):
    """Correctly rounded; whole numbers below 1e15 in full."""
    assert significant(value, digits) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_rounding_is_correct_to_half_a_unit(value, digits):
    """The printed number is the nearest one with so many digits (whole numbers are exact)."""
    printed = float(significant(value, digits))
    assert printed == value or printed == float(f"{value:.{digits - 1}e}")


def test_long_answers_and_arrays_are_written_alike():
    """The module `json` writes what our own writer would, and what it would write otherwise is left to ours."""
    import numpy  # noqa: F401  (from here on the library is used)

    assert json_text({"a": [1.5, 2.0, None, True], "b": {"c": "x"}}) == '{"a":[1.5,2.0,null,true],"b":{"c":"x"}}'
    assert json_text({"a": [math.nan, -math.inf]}) == '{"a":["NaN","-Infinity"]}'
    assert json_text({"a": "\x7f\u2028\ud800é"}) == '{"a":"\\u007f\\u2028\\ud800é"}'
