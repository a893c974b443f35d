"""Programs as postfix items, the place of each, and the depth and size that are read without recursion."""

from __future__ import annotations

import subprocess
import sys
from math import inf

import pytest
from hypothesis import given, settings
from random_programs import programs

from gradcli.errors import GradError
from gradcli.language import (
    ARRAY,
    BINARY,
    CALL,
    DEFINE,
    INDEX,
    NAME,
    NUMBER,
    PREFIX,
    QUERY,
    SETTING,
    SLICE,
    SUBJECT,
    TARGET,
    TRANSPOSED,
    VALUE,
    normalised,
    parse,
)

NAMES_OF = {VALUE: ".", TARGET: "TARGET", DEFINE: "DEFINE", SUBJECT: "SUBJECT", SETTING: "SETTING", QUERY: "QUERY",
            INDEX: "INDEX", SLICE: "SLICE", TRANSPOSED: "T", ARRAY: "ARRAY"}  # fmt: skip


def short(source: str) -> str:
    """The items in one line: `~-` is a sign, `f/2` a call with two arguments, `.` ends an expression statement."""
    words = []
    for kind, argument in parse(source):
        if kind in (NUMBER, NAME, BINARY):
            words.append(f"{argument:g}" if kind == NUMBER else str(argument))
        elif kind == CALL:
            words.append(f"{argument[0]}/{argument[1]}")
        elif kind == PREFIX:
            words.append(f"~{argument}")
        else:
            words.append(f"{NAMES_OF[kind]}" + ("" if argument is None else f" {argument}"))
    return " ".join(words)


@pytest.mark.parametrize(
    ("source", "items"),
    [
        ("1/(1+exp(-(w*x+b)))", "1 1 w x * b + ~- exp/1 + / ."),
        ("-x^2", "x 2 ^ ~- ."),
        ("2^-1", "2 1 ~- ^ ."),
        ("2^3^2", "2 3 2 ^ ^ ."),
        ("-2^-3^2", "2 3 2 ^ ~- ^ ~- ."),
        ("a-b-c", "a b - c - ."),
        ("a/b*c@d", "a b / c * d @ ."),
        ("-a*b", "a ~- b * ."),
        ("a*-b", "a b ~- * ."),
        ("--+a", "a ~+ ~- ~- ."),
        ("a+b<c*d", "a b + c d * < ."),
        ("(a<b)*(b<=c)", "a b < b c <= * ."),
        ("a==b; a!=b; a>=b", "a b == . a b != . a b >= ."),
        ("a**b", "a b ^ ."),
        ("2×π·x÷y−1", "2 pi * x * y / 1 - ."),
        ("f()", "f/0 ."),
        ("f (x, g(y, 1), 2)", "x y 1 g/2 2 f/3 ."),
        ("((((x))))", "x ."),
    ],
)
def test_operators_bind_as_in_mathematics(source, items):
    """Loosest first: comparisons, sums, products, signs, powers (from the right), then what follows an operand."""
    assert short(source) == items


@pytest.mark.parametrize(
    ("source", "items"),
    [
        ("a = 2; a*x", "a TARGET 2 DEFINE a x * ."),
        ("f(a, b) = a*b\nf(x, 2)", "a b f/2 TARGET a b * DEFINE x 2 f/2 ."),
        ("2 = x", "2 TARGET x DEFINE"),
        ("x*y at x=1, y=-2", "x y * SUBJECT 1 SETTING x 2 ~- SETTING y QUERY 2"),
        ("x at x=1; y", "x SUBJECT 1 SETTING x QUERY 1 y ."),
        ("d(x, x) at at2=3", "x x d/2 SUBJECT 3 SETTING at2 QUERY 1"),
        ("[]", "ARRAY 0 ."),
        ("[[1,2],[3]]", "1 2 ARRAY 2 3 ARRAY 1 ARRAY 2 ."),
        ("W.T@x", "W T x @ ."),
        ("W.T.T[0]", "W T T 0 INDEX 1 ."),
        ("W[:,0]", "W SLICE (False, False) 0 INDEX 2 ."),
        ("x[1:]+x[:n]+x[1:3]", "x 1 SLICE (True, False) INDEX 1 x n SLICE (False, True) INDEX 1 + "
                               "x 1 3 SLICE (True, True) INDEX 1 + ."),
        ("T*data", "T data * ."),
    ],
)  # fmt: skip
def test_statements_and_arrays_are_items_too(source, items):
    """What stands left of '=' and before `at` is marked after its items; lists say how many they hold."""
    assert short(source) == items


@pytest.mark.parametrize(
    "source", ["x\r\ny", "x\ry", "x;y", "\n\nx # one\n\n;y#two", "\ufeffx\ny", "\tx \n y\t", "x;;y;"]
)
def test_line_ends_blanks_and_comments_do_not_matter(source):
    """LF, CR, CRLF and ';' end statements; tabs, comments, empty lines and a byte order mark are nothing."""
    assert short(source) == "x . y ."


def test_a_newline_inside_brackets_is_a_blank():
    """A pasted call or array may run over lines, and may have comments in it."""
    assert short("f(x,\n  [1,\r\n2] # two\n)\n") == "x 1 2 ARRAY 2 f/2 ."


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1.0), (".5", 0.5), ("2.", 2.0), ("1e-3", 1e-3), ("1E+3", 1e3), ("1.e2", 100.0), ("4e−2", 0.04),
     ("9" * 5000, inf), ("1e999", inf), ("007", 7.0)],
)  # fmt: skip
def test_numbers_are_the_nearest_floats(text, number):
    """A literal is read by float() and nothing else, so it overflows to inf."""
    assert parse(text)[0] == (NUMBER, number)


@pytest.mark.parametrize("name", ["x", "_", "x_1", "日本", "Ωmega2", "μ", "éa", "at2", "T", "nan", "ำก"])
def test_a_name_is_letters_of_any_script_then_figures(name):
    """Letters of any script and '_', then ASCII digits too; in NFC."""
    assert parse(name)[0] == (NAME, name)


def test_names_are_composed():
    """A letter and its accent are one letter, and two spellings of it are one name."""
    assert short("e\u0301 + \u00e9") == "\u00e9 \u00e9 + ."
    assert normalised("e\u0301") == "\u00e9"


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("(a + b)*c", ["a", "b", "a + b", "c", "(a + b)*c", "(a + b)*c"]),
        ("-(x)^2", ["x", "2", "(x)^2", "-(x)^2", "-(x)^2"]),
        ("f( (a), 2 )", ["a", "2", "f( (a), 2 )", "f( (a), 2 )"]),
        ("g() ** 2", ["g()", "2", "g() ** 2", "g() ** 2"]),
        ("((x))", ["x", "((x))"]),
        ("a = (1) # c", ["a", "a", "1", "a = (1)"]),
        ("(x) at x = (1), y=2", ["x", "(x)", "1", "x = (1)", "2", "y=2", "(x) at x = (1), y=2"]),
        ("(W).T[:, (0)]", ["W", "(W).T", ":", "0", "(W).T[:, (0)]", "(W).T[:, (0)]"]),
        ("[1, (2)]", ["1", "2", "[1, (2)]", "[1, (2)]"]),
        ("\u03c0 \u00d7 e\u0301", ["\u03c0", "\u00e9", "\u03c0 \u00d7 \u00e9", "\u03c0 \u00d7 \u00e9"]),
        ("\ufeffx\r\n\ty", ["x", "x", "y", "y"]),
    ],
)
def test_every_item_has_a_place(source, places):
    """An item's place is the text it was read from; parentheses around an operand belong to what uses it."""
    spans: list[tuple[int, int]] = []
    parse(source, spans)
    assert [normalised(source)[low:high] for low, high in spans] == places


@settings(max_examples=300, deadline=None)
@given(programs())
def test_the_text_at_a_place_is_read_as_the_item(source):
    """What stands at the place of an operation, read by itself, is the operation and its operands."""
    spans: list[tuple[int, int]] = []
    try:
        items = parse(source, spans)
    except GradError:
        return
    assert len(spans) == len(items)
    begins: list[int] = []  # of the operands not yet used: where their items begin
    for at, (kind, argument) in enumerate(items):
        uses = operands(kind, argument)
        begin = begins[-uses] if uses else at
        del begins[len(begins) - uses :]
        if kind in (SETTING, VALUE, DEFINE, QUERY):
            continue
        begins.append(begin)
        if kind not in (SLICE, TARGET, SUBJECT):
            text = source[slice(*spans[at])].replace("\n", " ")
            assert parse(text) == [*items[begin : at + 1], (VALUE, None)]


def operands(kind: int, argument: object) -> int:
    """How many operands an item uses."""
    if kind in (NUMBER, NAME):
        return 0
    if kind in (BINARY, DEFINE):
        return 2
    if kind == CALL:
        return argument[1]
    if kind == SLICE:
        return sum(argument)
    return {ARRAY: argument, INDEX: 1 + (argument if kind == INDEX else 0)}.get(kind, 1)


DEEP = 100_000


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("(" * DEEP + "x" + ")" * DEEP, 2),
        ("-" * DEEP + "x", DEEP + 2),
        ("x" + "+1" * DEEP, 2 * DEEP + 2),
        ("sin(" * DEEP + "x" + ")" * DEEP, DEEP + 2),
        ("2^" * DEEP + "x", 2 * DEEP + 2),
        ("[" * DEEP + "]" * DEEP, DEEP + 1),
        ("x" + ".T" * DEEP, DEEP + 2),
        ("x" + "[0]" * DEEP, 2 * DEEP + 2),
    ],
    ids=["parentheses", "minus", "sum", "calls", "powers", "arrays", "transposed", "indices"],
)
def test_depth_costs_no_recursion(source, count):
    """A hundred thousand levels are read at the default recursion limit, with places too."""
    spans: list[tuple[int, int]] = []
    assert len(parse(source)) == count
    assert len(parse(source, spans)) == len(spans) == count


def test_reading_imports_nothing_but_the_tables():
    """Neither `re` nor lark nor the words for errors are imported to read a program."""
    code = (
        "import sys; before = set(sys.modules); from gradcli.language import parse;"
        "parse('f(x) = 1e-3*x; f(2) at y=1');"
        "print(*sorted(set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["__future__", "gradcli", "gradcli.language", "gradcli.language.tables"]
