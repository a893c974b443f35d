"""What a program means, and what is said about one that means nothing: whole blocks, compared as text."""

from __future__ import annotations

from textwrap import dedent

import pytest

from gradcli.errors import GradError, as_object, describe
from gradcli.graph.labels import Labels
from gradcli.language.builder import MAX_LINES, build, value_of
from gradcli.questions import Options, differentiated

BLOCKS = [
    (
        "1/sigmod(x)",
        """
        error: unknown function 'sigmod'
          1/sigmod(x)
            ^^^^^^
          did you mean 'sigmoid'?
        """,
    ),
    (
        "ln(x)",
        """
        error: unknown function 'ln'
          ln(x)
          ^^
          did you mean 'log'?
        """,
    ),
    (
        "arcsin(x)",
        """
        error: unknown function 'arcsin'
          arcsin(x)
          ^^^^^^
          did you mean 'asin'?
        """,
    ),
    (
        "tg(x)",
        """
        error: unknown function 'tg'
          tg(x)
          ^^
          did you mean 'tan'?
        """,
    ),
    (
        "sgn(x)",
        """
        error: unknown function 'sgn'
          sgn(x)
          ^^^
          did you mean 'sign'?
        """,
    ),
    (
        "pow(x, 2)",
        """
        error: unknown function 'pow'
          pow(x, 2)
          ^^^
          write x^y
        """,
    ),
    (
        "heaviside(x)",
        """
        error: unknown function 'heaviside'
          heaviside(x)
          ^^^^^^^^^
          write x > 0
        """,
    ),
    (
        "q(2)",
        """
        error: unknown function 'q'
          q(2)
          ^
          to multiply, write q*(...)
        """,
    ),
    (
        "frobnicate(x)",
        """
        error: unknown function 'frobnicate'
          frobnicate(x)
          ^^^^^^^^^^
          gradcli functions lists them all
        """,
    ),
    (
        "y = x^2; y(2)",
        """
        error: 'y' is a value, not a function
          y = x^2; y(2)
                   ^
          to multiply, write y*(...)
        """,
    ),
    (
        "x + x(2)",
        """
        error: 'x' is a value, not a function
          x + x(2)
              ^
          to multiply, write x*(...)
        """,
    ),
    (
        "diff(x^2, x)",
        """
        error: unknown function 'diff'
          diff(x^2, x)
          ^^^^
          write d(f, x), grad(f, x), jacobian(f, x) or hessian(f, x)
        """,
    ),
    (
        "sin(x, y)",
        """
        error: 'sin' takes 1 argument, 2 given
          sin(x, y)
          ^^^
          write sin(x)
        """,
    ),
    (
        "relu()",
        """
        error: 'relu' takes 1 argument, none given
          relu()
          ^^^^
          write relu(x)
        """,
    ),
    (
        "clip(x, 1)",
        """
        error: 'clip' takes 3 arguments, 2 given
          clip(x, 1)
          ^^^^
          write clip(x, low, high)
        """,
    ),
    (
        "leaky_relu(x, 1, 2)",
        """
        error: 'leaky_relu' takes 1 or 2 arguments, 3 given
          leaky_relu(x, 1, 2)
          ^^^^^^^^^^
          write leaky_relu(x, s=0.01)
        """,
    ),
    (
        "max()",
        """
        error: 'max' takes at least 1 argument, none given
          max()
          ^^^
          write max(a, b, ...)
        """,
    ),
    (
        "sq(a) = a^2; sq(1, 2)",
        """
        error: 'sq' takes 1 argument, 2 given
          sq(a) = a^2; sq(1, 2)
                       ^^
          write sq(a)
        """,
    ),
    (
        "x = 1; x = 2; x",
        """
        error: 'x' is defined twice
          x = 1; x = 2; x
                 ^
          give the second another name
        """,
    ),
    (
        "f(a) = a; f(b) = b; f(1)",
        """
        error: 'f' is defined twice
          f(a) = a; f(b) = b; f(1)
                    ^^^^
          give the second another name
        """,
    ),
    (
        "sin(x) = x; y = sin; y",
        """
        error: 'sin' is a function, and no value
          sin(x) = x; y = sin; y
                          ^^^
          write sin(x)
        """,
    ),
    (
        "a = b; b = a; a",
        """
        error: 'b' is defined in a circle, through 'a'
          a = b; b = a; a
              ^
          a name can be used only below the line that defines it
        """,
    ),
    (
        "x*y",
        """
        error: no value for 'x' and 'y'
          x*y
          ^ ^
          add x=... y=..., or --example auto
        """,
    ),
    (
        "x + sin",
        """
        error: no value for 'x' and 'sin'
          x + sin
          ^   ^^^
          add x=... sin=..., or --example auto
          sin is also a function: to call it, write sin(x)
        """,
    ),
    (
        "x = x + 1; x",
        """
        error: 'x' is used in its own definition
          x = x + 1; x
              ^
          a name can be used only below the line that defines it
        """,
    ),
    (
        "g(a) = a*q; q = 3; g(2)",
        """
        error: 'q' is used above its definition
          g(a) = a*q; q = 3; g(2)
                   ^
          a function sees its parameters and the definitions above it
        """,
    ),
    (
        "f(x) = g(x); g(x) = x; f(2)",
        """
        error: the function 'g' is used above its definition
          f(x) = g(x); g(x) = x; f(2)
                 ^
          move its definition up
        """,
    ),
    (
        "f(x) = f(x - 1); f(2)",
        """
        error: 'f' calls itself
          f(x) = f(x - 1); f(2)
                 ^
          a function is expanded where it is called, so it cannot be recursive
        """,
    ),
    (
        "f(x, x) = x; f(1, 2)",
        """
        error: the parameter 'x' of 'f' stands twice
          f(x, x) = x; f(1, 2)
          ^^^^^^^
          give each its own name
        """,
    ),
    (
        "f(2) = 3; x",
        """
        error: a name, or a name called with names, has to stand left of '='
          f(2) = 3; x
          ^^^^
          write name = ... or name(a, b) = ...; to compare, write ==
        """,
    ),
    (
        "x + 1 = 3; x",
        """
        error: a name, or a name called with names, has to stand left of '='
          x + 1 = 3; x
          ^^^^^
          write name = ... or name(a, b) = ...; to compare, write ==
        """,
    ),
    (
        "x + 1; x",
        """
        error: this value is not used
          x + 1; x
          ^^^^^
          join the lines or wrap them in parentheses, or give it a name
        """,
    ),
    (
        "f(x) = x",
        """
        error: the program ends with a definition and computes nothing
          f(x) = x
          ^^^^^^^^
          add a last line with the expression to compute
        """,
    ),
    (
        "y = 2",
        """
        error: the program ends with a definition and computes nothing
          y = 2
          ^^^^^
          add a last line with the expression to compute
        """,
    ),
    (
        "x at x=3; y",
        """
        error: 'at' stands in the last statement only
          x at x=3; y
          ^
          move the values to the end of the program
        """,
    ),
    (
        "x at x=y",
        """
        error: the value of 'x' has to be a number, and 'y' is none
          x at x=y
                 ^
          write a number or an expression of numbers such as -1, 1e-3 or pi/4 in place of y
        """,
    ),
    (
        "x at x=1, x=2",
        """
        error: 'x' gets a value twice
          x at x=1, x=2
                    ^^^
          keep one of the two
        """,
    ),
    (
        "y = 2; y at y=3",
        """
        error: 'y' is defined by the program and cannot get a value
          y = 2; y at y=3
          ^
          remove its definition, or the value
        """,
    ),
    (
        "1 +\n2*sin(x, y)",
        """
        error: line 1: end of line found, an expression expected
          1 +
             ^
          '+' needs a right side
        """,
    ),
    (
        "[]",
        """
        error: an empty array
          []
          ^^
          an array has at least one element
        """,
    ),
    (
        "avg(x)",
        """
        error: unknown function 'avg'
          avg(x)
          ^^^
          did you mean 'mean'?
        """,
    ),
    (
        "shape(x)",
        """
        error: unknown function 'shape'
          shape(x)
          ^^^^^
          a size is a number that is written out; explain shows all shapes
        """,
    ),
    (
        "fmod(x, 2)",
        """
        error: unknown function 'fmod'
          fmod(x, 2)
          ^^^^
          did you mean 'mod'?
        """,
    ),
    (
        "sigmiod(x) + sigmoid(x)",
        """
        error: unknown function 'sigmiod'
          sigmiod(x) + sigmoid(x)
          ^^^^^^^
          did you mean 'sigmoid'?
        """,
    ),
]


@pytest.mark.parametrize(("source", "block"), BLOCKS, ids=[source for source, _ in BLOCKS])
def test_an_error_says_place_fact_and_way_out(source, block):
    """The whole message stands as it is printed: what is wrong, the line, the mark, what to write."""
    with pytest.raises(GradError) as caught:
        differentiated(source, {}, Options())
    assert describe(caught.value) == dedent(block).strip("\n")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("1/sigmod(x)", "name"), ("x*y", "name"), ("sin(x, y)", "arguments"), ("x at x=y", "value"), ("x[0", "syntax"),
        ("x = 1; x = 2; x", "name"), ("2x", "syntax"), ("y = 2", "syntax"),
    ],
)  # fmt: skip
def test_an_error_has_a_kind_and_a_place_for_scripts(source, kind):
    """The object for JSON names the kind and points into the source."""
    with pytest.raises(GradError) as caught:
        differentiated(source, {}, Options())
    error = as_object(caught.value)["error"]
    start, end = error["span"]
    assert error["kind"] == kind
    assert 0 <= start <= end <= len(source)
    assert error["column"] == start + 1


def value(source: str, **given: float) -> float:
    return differentiated(source, given, Options()).value


def gradients(source: str, **given: float) -> dict[str, float]:
    result = differentiated(source, given, Options()).gradients
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("-2^2", -4), ("2^-1", 0.5), ("2^3^2", 512), ("2**3", 8), ("-2*3", -6), ("2 - 3 - 4", -5), ("8/4/2", 1),
        ("2*3 < 7", 1), ("1 + 1 == 2", 1), ("1 != 1", 0), ("(1<2)*(2<3)", 1), ("6 ÷ 2 × 5", 15), ("5 − 7", -2),
        ("2·π/pi", 4 / 2), ("round(2.5)", 2), ("round(3.5)", 4), ("mod(-1, 3)", 2), ("mod(5.5, 2)", 1.5),
        (".5 + 1e-3", 0.501),
        ("max(1, 3, 2)", 3), ("leaky_relu(-2)", -0.02), ("leaky_relu(-2, 0.5)", -1), ("elu(0)", 0),
        ("e^0", 1), ("tau/pi", 2),
        ("(1 +\n2)", 3), ("1 # one", 1), ("a = 2; a*a # four", 4), ("x at x = 1 + 2*3", 7), ("sq(a) = a^2; sq(3)", 9),
        ("one() = 1; one() + one()", 2), ("f(a) = a + 1; g(a) = f(f(a)); g(1)", 3), ("y = x; x*y at x=3", 9),
    ],
)  # fmt: skip
def test_a_program_means_what_mathematics_says(source, expected):
    """Precedence, associativity, pasted signs, definitions, functions and values."""
    assert value(source) == expected


def test_a_value_given_wins_over_the_programs_own():
    """NAME=VALUE beats `at`, without an error."""
    assert value("x^2 at x=3", x=4.0) == 16


def test_variables_stand_in_the_order_of_their_first_appearance():
    """The order is that of the text, functions expanded, not of the alphabet."""
    assert list(gradients("f(b) = b*z; y + f(a) + x", y=1.0, a=1.0, x=1.0, z=1.0)) == ["y", "a", "z", "x"]


def test_a_name_can_take_the_place_of_a_constant():
    """`e` is Euler's number until somebody says otherwise: by a value, by `at`, by a definition."""
    assert gradients("e*x", e=2.0, x=3.0) == {"e": 3.0, "x": 2.0}
    assert value("pi*2 at pi=3") == 6
    assert value("e = 5; e + 1") == 6


def test_a_function_of_the_users_takes_the_place_of_a_built_in_with_a_note():
    """A shadowed built-in is said, once."""
    answer = differentiated("relu(x) = x^3; relu(x)", {"x": 2.0}, Options())
    assert answer.gradients == {"x": 12.0}
    assert [note.kind for note in answer.notes] == ["shadow"]


def test_an_intermediate_can_be_differentiated_by():
    """`--wrt` takes a named intermediate: the derivative is by that line, other paths aside."""
    answer = differentiated("a = x^2; a*x", {"x": 3.0}, Options(wrt=["a", "x"]))
    assert answer.gradients == {"a": 3.0, "x": 27.0}


def test_an_intermediate_that_is_asked_for_is_not_folded():
    """Recognising stops at a line whose derivative is asked for."""
    answer = differentiated("s = exp(-z); 1/(1 + s)", {"z": 1.0}, Options(wrt=["s"]))
    assert answer.gradients == {"s": pytest.approx(-0.5344466453, rel=1e-9)}


def test_another_name_for_a_line_is_a_line_of_its_own():
    """`y = x` gives y a gradient of its own: the part that flows through y."""
    assert differentiated("y = x; x*y", {"x": 3.0}, Options(wrt=["y", "x"])).gradients == {"y": 3.0, "x": 6.0}


def test_a_literal_exponent_is_a_power_of_its_own():
    """x^2 asks for no logarithm and x^-1 keeps its sign."""
    graph = build("x^2 + y^-1 + z^(1/2)").graph
    assert [p.name for p in graph.primitives if p.name in ("power", "pow")] == ["power", "power", "pow"]
    assert [s for p, s in zip(graph.primitives, graph.statics, strict=True) if p.name == "power"] == [2.0, -1.0]


def test_labels_step_aside_for_the_users_names():
    """A program that has its own v1 and f keeps them."""
    program = build("v1 = x*2; f = v1 + 1; f*v1*3")
    assert Labels(program.graph, program.result).names[program.result] == "out"
    assert len({name for name in Labels(program.graph, program.result).names if name}) == 5


def test_functions_that_expand_without_end_meet_a_bound():
    """Doubling functions are cut off with a way out, well before memory is."""
    source = "f0(x) = x + x; " + "".join(f"f{k}(x) = f{k - 1}(x) + f{k - 1}(x); " for k in range(1, 40)) + "f39(y)"
    with pytest.raises(GradError) as caught:
        build(source)
    assert caught.value.kind == "limit"
    assert f"{MAX_LINES:,}" in caught.value.message


def test_a_shared_name_is_never_expanded_twice():
    """Sixty doublings of a name are sixty lines."""
    program = build("".join(f"a{k + 1} = a{k}*a{k}; " for k in range(60)) + "a60")
    assert len(program.graph) == 61


def test_functions_nest_to_any_depth():
    """A chain of 3,000 functions is expanded without recursion."""
    source = "f0(x) = x + 1; " + "".join(f"f{k}(x) = f{k - 1}(x); " for k in range(1, 3000)) + "f2999(1)"
    assert value(source) == 2


@pytest.mark.parametrize(
    ("text", "number"), [("3", 3), ("-1", -1), ("pi/4", 0.7853981633974483), ("2^-10", 2**-10), ("1e3", 1000)]
)
def test_a_value_is_an_expression_of_numbers(text, number):
    """What stands behind NAME= is computed."""
    assert value_of(text) == number


@pytest.mark.parametrize("text", ["x", "x+1", "a = 2; a", "1 at x=2"])
def test_a_value_is_no_program(text):
    """Variables, definitions and `at` are refused in a value."""
    with pytest.raises(GradError) as caught:
        value_of(text)
    assert caught.value.kind == "value"
