"""NAME=VALUE: what is a number, and what every mistake is told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import run

from gradcli.cli.quick import settings
from gradcli.language.builder import value_of


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("x=2", "x", 2.0),
        ("x=-1", "x", -1.0),
        ("x=+1", "x", 1.0),
        ("x=.5", "x", 0.5),
        ("x=-1e-3", "x", -1e-3),
        ("x=1E400", "x", math.inf),
        ("x=inf", "x", math.inf),
        ("x=-inf", "x", -math.inf),
        ("x=pi/4", "x", math.pi / 4),
        ("x=e", "x", math.e),
        ("x=1-2", "x", -1.0),
        ("x=-2^2", "x", -4.0),
        ("x=−1", "x", -1.0),
        ("x = 2", "x", 2.0),
        ("x=2==2", "x", 1.0),
        ("x=1<=2", "x", 1.0),
        ("é=1", "é", 1.0),
        ("e\u0301=1", "é", 1.0),
        ("pi=3", "pi", 3.0),
    ],
)
def test_a_word_gives_a_name_a_value(word, name, value):
    """The value is an expression without variables; the first `=` that is no comparison parts it from the name."""
    assert settings([word]) == {name: value}


def test_nan_and_minus_zero_are_values():
    """They are numbers of the language."""
    assert math.isnan(settings(["x=nan"])["x"])
    assert math.copysign(1, settings(["x=-0"])["x"]) == -1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_plain_number_is_what_the_language_reads(value):
    """The short way past the parser changes no bit."""
    assert settings([f"x={value!r}"])["x"] == value_of(repr(value)) == value


@pytest.mark.parametrize(
    ("words", "block"),
    [
        (["x*y", "x"], "error: 'x' found, NAME=VALUE expected after the expression 'x*y'\n"
                       "  quote an expression that has blanks, as in 'x + y'\n"),
        (["grd", "x*y"], "error: 'x*y' found, NAME=VALUE expected after the expression 'grd'\n"
                         "  did you mean the command 'grad'?\n"),
        (["x", "x==1"], "error: 'x==1' found, NAME=VALUE expected after the expression 'x'\n"
                        "  quote an expression that has blanks, as in 'x + y'\n"),
        (["x", "x=1", "x=2"], "error: 'x' gets a value twice\n  x=1 x=2\n  ^   ^\n  keep one of the two\n"),
        (["x", "x="], "error: 'x' gets no value\n  x=\n    ^\n"
                      "  write a number, an array or an expression of numbers: x=-1, x=pi/4, x=[1,2], x=@file.npy\n"),
        (["x", "=2"], "error: no name stands left of '='\n  =2\n  ^\n"
                      "  a name is a letter or '_', then letters, '_' or digits\n"),
        (["x", "2x=1"], "error: '2x' is no name\n  2x=1\n  ^^\n"
                        "  a name is a letter or '_', then letters, '_' or digits\n"),
        (["x", "-x=1"], "error: '-x' is no name\n  -x=1\n  ^^\n"
                        "  a name is a letter or '_', then letters, '_' or digits\n"),
        (["x", "at=1"], "error: 'at' is a reserved word and no name\n  at=1\n  ^^\n  use another name\n"),
        (["x", "x=y"], "error: the value of 'x' has to be a number, and 'y' is none\n  x=y\n    ^\n"
                       "  write a number or an expression of numbers such as -1, 1e-3 or pi/4 in place of y\n"),
        (["x", "x=sigmod(1)"], "error: unknown function 'sigmod'\n  x=sigmod(1)\n    ^^^^^^\n"
                               "  did you mean 'sigmoid'?\n"),
        (["x", "x=(1"], "error: end found, ')' expected\n  x=(1\n    - ^\n  '(' at column 3 is never closed\n"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(words, block):
    """The place is marked in the word that was typed; the code is that of wrong input."""
    assert run("eval", *words) == (2, "", block)


def test_a_name_of_the_program_is_no_variable():
    """A value for what the program defines would be lost."""
    err = run("eval", "a = 1; a*2", "a=3").err
    assert err.startswith("error: 'a' is defined by the program and cannot get a value")


def test_a_value_that_is_not_used_is_a_note():
    """The answer stands, with gradient 0."""
    assert run("grad", "x", "x=1", "zz=2") == (
        0,
        "x      = 1\n∂x/∂x  = 1\n∂x/∂zz = 0\n",
        "note: zz: does not occur in the program, so its gradient is 0\n",
    )
