"""Modular code for jax: each primitive a custom_vjp function, run as printed."""

import pytest
from array_cases import ALL, cases

from tests.codegen.generated import array_programs, scalar_programs
from tests.codegen.modular_programs import ODD, OF_ARRAYS, OF_FUNCTIONS, hold, hold_case
from tests.codegen.test_flat_python import HOSTILE, formatted

pytest.importorskip("jax")


def test_every_primitive_alone(tmp_path):
    """One shape of each: jax compiles every operation anew."""
    codes = [hold_case(cases(primitive)[len(cases(primitive)) // 2], "jax") for primitive in ALL.values()]
    assert formatted(codes, tmp_path)[0] == ""


def test_programs(tmp_path):
    """Random ones of scalars and the catalogue of arrays."""
    programs = [*scalar_programs(40), *array_programs(24)]
    codes = [hold(text, at, "jax") for text, at in programs]
    difference, width = formatted(codes, tmp_path)
    assert difference == ""
    assert width <= 88


def test_odd_programs(tmp_path):
    """Constants, aliases, intermediates, derivative words, closed gates, functions of the user's."""
    codes = [hold(text, at, "jax", **options) for text, at, options in [*ODD, *OF_FUNCTIONS, *OF_ARRAYS]]
    assert formatted(codes, tmp_path)[0] == ""


def test_a_gate_that_would_hide_a_builtin_has_another_name():
    """Helpers and builtins keep their names."""
    code = hold("abs(x) + max(x, 2) + gelu(x)", {"x": 3.0}, "jax")
    assert "def abs_gate(" in code
    assert "def max_gate(" in code


def test_no_name_breaks_out():
    names = [*HOSTILE, "multiply", "add", "computational_graph", "jax", "jnp", "saved", "pull_back"]
    text = "+".join(f"{name}*{name}" for name in names)
    hold(text, {name: float(place + 1) for place, name in enumerate(names)}, "jax")
