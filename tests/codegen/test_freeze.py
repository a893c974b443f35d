"""The frozen float functions are the rules, to the last bit."""

from pathlib import Path

import pytest
from helpers import floats, same
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.autodiff import _read_from_the_rules, frozen
from gradcli.codegen.freeze import frozen_text
from gradcli.codegen.python import literal
from gradcli.graph import NAMED, primitives

primitives()


def test_the_frozen_module_is_what_the_rules_say():
    """A rule that changed was frozen again: `python -m gradcli.codegen.freeze`."""
    assert Path(frozen.__file__).read_text("utf-8") == frozen_text()


@pytest.mark.parametrize("key", frozen.LOCALS, ids=lambda key: "-".join(map(str, key)))
def test_a_frozen_function_is_its_rule_to_the_last_bit(key):
    """Also at zeros of both signs, infinities and nan."""
    name, static, count = key
    rules = _read_from_the_rules(NAMED[name], static, count)
    assert [rule is None for rule in rules] == [function is None for function in frozen.LOCALS[key]]

    @settings(max_examples=30)
    @given(st.tuples(*[floats] * (count + 1)))
    def agree(leaves):
        for rule, function in zip(rules, frozen.LOCALS[key], strict=True):
            if rule is not None:
                expected = rule(*leaves)
                got = function(*leaves)
                assert type(got) is float
                assert repr(got) == repr(expected) or (same(got, expected) and got != 0), leaves

    agree()


@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan"), 1e-320])
def test_a_literal_reads_back_as_its_number(value):
    """Every float has a spelling in Python, the three that are no numbers included."""
    assert repr(eval(literal(value))) == repr(value)  # noqa: S307
