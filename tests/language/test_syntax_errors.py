"""What is said about a text that does not parse: whole blocks, compared as text."""

from __future__ import annotations

from textwrap import dedent
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.errors import GradError, as_object, describe
from gradcli.language import MAX_BYTES, MAX_TOKENS, parse

BLOCKS = [
    (
        "2x",
        """
    error: 'x' found, an operator expected
      2x
       ^
      write 2*x
        """,
    ),
    (
        "2(x+1)",
        """
    error: '(' found, an operator expected
      2(x+1)
       ^
      write 2*(x+1)
        """,
    ),
    (
        "2sin(x)",
        """
    error: 'sin' found, an operator expected
      2sin(x)
       ^^^
      write 2*sin(x)
        """,
    ),
    (
        "x y",
        """
    error: 'y' found, an operator expected
      x y
        ^
      write x*y
        """,
    ),
    (
        "(a)(b)",
        """
    error: '(' found, an operator expected
      (a)(b)
         ^
      write (a)*(b)
        """,
    ),
    (
        "(a)b",
        """
    error: 'b' found, an operator expected
      (a)b
         ^
      write (a)*b
        """,
    ),
    (
        "2 3",
        """
    error: '3' found, an operator expected
      2 3
        ^
      write 2*3
        """,
    ),
    (
        "x[0]y",
        """
    error: 'y' found, an operator expected
      x[0]y
          ^
      write x[0]*y
        """,
    ),
    (
        "2π",
        """
    error: 'π' found, an operator expected
      2π
       ^
      write 2*π
        """,
    ),
    (
        "1e5x",
        """
    error: 'x' found, an operator expected
      1e5x
         ^
      write 1e5*x
        """,
    ),
    (
        "2(x",
        """
    error: '(' found, an operator expected
      2(x
       ^
      write * between them
        """,
    ),
    (
        "sin x",
        """
    error: 'x' found, an operator expected
      sin x
          ^
      write sin(x)
        """,
    ),
    (
        "x and y",
        """
    error: 'and' found, an operator expected
      x and y
        ^^^
      write a*b for 'a and b'; comparisons are 1 or 0
        """,
    ),
    (
        "d/dx x^2",
        """
    error: 'x' found, an operator expected
      d/dx x^2
           ^
      ask for derivatives with: gradcli grad EXPR --wrt x
        """,
    ),
    (
        "a<x<b",
        """
    error: '<' found, an operator expected
      a<x<b
         ^
      write (a<x)*(x<b)
        """,
    ),
    (
        "0 < x^2 <= max(1,2) + 3",
        """
    error: '<=' found, an operator expected
      0 < x^2 <= max(1,2) + 3
              ^^
      write (0<x^2)*(x^2<=max(1,2) + 3)
        """,
    ),
    (
        "a==b==c",
        """
    error: '==' found, an operator expected
      a==b==c
          ^^
      write (a==b)*(b==c)
        """,
    ),
    (
        "a<b<(c",
        """
    error: '<' found, an operator expected
      a<b<(c
         ^
      comparisons do not chain: write (a<x)*(x<b)
        """,
    ),
    (
        "f(x=1)",
        """
    error: '=' found, an operator expected
      f(x=1)
         ^
      values stand behind the expression: ... at x=1; write == to compare
        """,
    ),
    (
        "a=b=1",
        """
    error: '=' found, an operator expected
      a=b=1
         ^
      one '=' a statement; write == to compare
        """,
    ),
    (
        "=3",
        """
    error: '=' found, an expression expected
      =3
      ^
      '=' needs a left side
        """,
    ),
    (
        "x == = 1",
        """
    error: '=' found, an expression expected
      x == = 1
           ^
      write ==
        """,
    ),
    (
        "x := 1",
        """
    error: ':' found, an operator expected
      x := 1
        ^
      write =
        """,
    ),
    (
        "a <> b",
        """
    error: '>' found, an expression expected
      a <> b
         ^
      write !=
        """,
    ),
    (
        "a =< b",
        """
    error: '<' found, an expression expected
      a =< b
         ^
      write <=
        """,
    ),
    (
        "a && b",
        """
    error: '&' found, an operator expected
      a && b
        ^
      write a*b for 'a and b'; comparisons are 1 or 0
        """,
    ),
    (
        "a || b",
        """
    error: '|' found, an operator expected
      a || b
        ^
      write max(a, b) for 'a or b'; comparisons are 1 or 0
        """,
    ),
    (
        "!a",
        """
    error: '!' found, an expression expected
      !a
      ^
      write 1 - a for 'not a'; comparisons are 1 or 0
        """,
    ),
    (
        "x!",
        """
    error: '!' found, an operator expected
      x!
       ^
      write exp(lgamma(x+1)) for x!
        """,
    ),
    (
        "7%2",
        """
    error: '%' found, an operator expected
      7%2
       ^
      write mod(a, b)
        """,
    ),
    (
        "|x|",
        """
    error: '|' found, an expression expected
      |x|
      ^
      write abs(x) for |x|
        """,
    ),
    (
        '"a"',
        """
    error: '"' found, an expression expected
      "a"
      ^
      there is no text in the language, only numbers and names
        """,
    ),
    (
        "x'",
        """
    error: "'" found, an operator expected
      x'
       ^
      ask for derivatives with: gradcli grad EXPR --wrt x; a transpose is W.T
        """,
    ),
    (
        r"\frac{1}{2}",
        """
    error: '\\' found, an expression expected
      \\frac{1}{2}
      ^
      write (a)/(b) for \\frac{a}{b}
        """,
    ),
    (
        r"x \cdot y",
        """
    error: '\\' found, an operator expected
      x \\cdot y
        ^
      write *
        """,
    ),
    (
        "{x}",
        """
    error: '{' found, an expression expected
      {x}
      ^
      write ( ) for grouping, [ ] for an array
        """,
    ),
    (
        "x ? y",
        """
    error: '?' found, an operator expected
      x ? y
        ^
      write where(condition, a, b)
        """,
    ),
    (
        "1,5",
        """
    error: ',' found, an operator expected
      1,5
       ^
      write 1.5 with a point
        """,
    ),
    (
        "max(1,5,)",
        """
    error: ')' found, an expression expected
      max(1,5,)
         -    ^
      leave out the comma before it
        """,
    ),
    (
        "(1,5)",
        """
    error: ',' found, ')' expected
      (1,5)
      - ^
      write 1.5 with a point
        """,
    ),
    (
        "1_000",
        """
    error: '_000' found, an operator expected
      1_000
       ^^^^
      write 1000
        """,
    ),
    (
        "0x10",
        """
    error: 'x10' found, an operator expected
      0x10
       ^^^
      write 16
        """,
    ),
    (
        "1e",
        """
    error: 'e' found, an operator expected
      1e
       ^
      write 1e3 for a power of ten, 1*e for the constant e
        """,
    ),
    (
        "1..2",
        """
    error: '.2' found, an operator expected
      1..2
        ^^
      a number has one point
        """,
    ),
    (
        "x..y",
        """
    error: '.' found, an operator expected
      x..y
       ^
      a number needs a digit beside its point
        """,
    ),
    (
        "",
        """
    error: nothing to compute
      write an expression, such as x^2 at x=3
        """,
    ),
    (
        "# only a comment",
        """
    error: nothing to compute
      write an expression, such as x^2 at x=3
        """,
    ),
    (
        "   \n\n",
        """
    error: nothing to compute
      write an expression, such as x^2 at x=3
        """,
    ),
    (
        "x.y",
        """
    error: '.' found, an operator expected
      x.y
       ^
      names have no point; W.T is a transpose
        """,
    ),
    (
        "1 000",
        """
    error: '000' found, an operator expected
      1 000
        ^^^
      write 1000 without a blank, or 1*000
        """,
    ),
    (
        "(1+2",
        """
    error: end found, ')' expected
      (1+2
      -   ^
      '(' at column 1 is never closed
        """,
    ),
    (
        "1/(1+exp(-x)",
        """
    error: end found, ')' expected
      1/(1+exp(-x)
        -         ^
      '(' at column 3 is never closed
        """,
    ),
    (
        "1+2)",
        """
    error: ')' found, an operator or the end expected
      1+2)
         ^
      no '(' is open before it
        """,
    ),
    (
        "[1,2)",
        """
    error: ')' found, ']' expected
      [1,2)
      -   ^
      '[' at column 1 is closed by ']'
        """,
    ),
    (
        "(1]",
        """
    error: ']' found, ')' expected
      (1]
      - ^
      '(' at column 1 is closed by ')'
        """,
    ),
    (
        "f(,x)",
        """
    error: ',' found, an expression expected
      f(,x)
       -^
      leave out the comma
        """,
    ),
    (
        "f(x,)",
        """
    error: ')' found, an expression expected
      f(x,)
       -  ^
      leave out the comma before it
        """,
    ),
    (
        "()",
        """
    error: ')' found, an expression expected
      ()
      -^
      an expression goes inside
        """,
    ),
    (
        "x[]",
        """
    error: ']' found, an expression expected
      x[]
       -^
      an index goes inside: x[0]
        """,
    ),
    (
        "x[",
        """
    error: end found, an expression expected
      x[
       -^
      '[' at column 2 is never closed
        """,
    ),
    (
        "x[1",
        """
    error: end found, ']' expected
      x[1
       - ^
      '[' at column 2 is never closed
        """,
    ),
    (
        "[1,,2]",
        """
    error: ',' found, an expression expected
      [1,,2]
      -  ^
      leave out one comma
        """,
    ),
    (
        "(x;y)",
        """
    error: ';' found, ')' expected
      (x;y)
      - ^
      '(' at column 1 is still open
        """,
    ),
    (
        "1+",
        """
    error: end found, an expression expected
      1+
        ^
      '+' needs a right side
        """,
    ),
    (
        "*x",
        """
    error: '*' found, an expression expected
      *x
      ^
      '*' needs a left side
        """,
    ),
    (
        "x // y",
        """
    error: '/' found, an expression expected
      x // y
         ^
      write floor(x/y) for whole division
        """,
    ),
    (
        "x * * y",
        """
    error: '*' found, an expression expected
      x * * y
          ^
      write x^y for a power
        """,
    ),
    (
        "1+\n2",
        """
    error: line 1: end of line found, an expression expected
      1+
        ^
      '+' needs a right side
        """,
    ),
    (
        "x=\n",
        """
    error: end of line found, an expression expected
      x=
        ^
      '=' needs a right side
        """,
    ),
    (
        "x+;y",
        """
    error: ';' found, an expression expected
      x+;y
        ^
      '+' needs a right side
        """,
    ),
    (
        "(\n1+\n",
        """
    error: line 2: end found, an expression expected
      1+
        ^
      '(' at line 1, column 1 is never closed
        """,
    ),
    (
        "x\n\ty+*\nz",
        """
    error: line 2: '*' found, an expression expected
       y+*
         ^
        """,
    ),
    (
        "x²",
        """
    error: '²' (U+00B2) found, an operator expected
      x²
       ^
      write x^2
        """,
    ),
    (
        "α³",
        """
    error: '³' (U+00B3) found, an operator expected
      α³
       ^
      write α^3
        """,
    ),
    (
        "½",
        """
    error: '½' (U+00BD) found, an expression expected
      ½
      ^
      write 1/2
        """,
    ),
    (
        "√2",
        """
    error: '√' (U+221A) found, an expression expected
      √2
      ^
      write sqrt(x)
        """,
    ),
    (
        "a≤b",
        """
    error: '≤' (U+2264) found, an operator expected
      a≤b
       ^
      write <=
        """,
    ),
    (
        "a≠b",
        """
    error: '≠' (U+2260) found, an operator expected
      a≠b
       ^
      write !=
        """,
    ),
    (
        "∞",
        """
    error: '∞' (U+221E) found, an expression expected
      ∞
      ^
      write inf
        """,
    ),
    (
        "∂f",
        """
    error: '∂' (U+2202) found, an expression expected
      ∂f
      ^
      ask for derivatives with: gradcli grad EXPR --wrt x
        """,
    ),
    (
        "1１",
        """
    error: '１' (U+FF11) found, an operator expected
      1１
       ^^
      write 1
        """,
    ),
    (
        "٣",
        """
    error: '٣' (U+0663) found, an expression expected
      ٣
      ^
      write 3
        """,
    ),
    (
        "2–1",
        """
    error: '–' (U+2013) found, an operator expected
      2–1
       ^
      write -
        """,
    ),
    (
        "（x）",
        """
    error: '（' (U+FF08) found, an expression expected
      （x）
      ^^
      write (
        """,
    ),
    (
        "x\u202ey",
        """
    error: U+202E (right-to-left override) found, an operator expected
      x\\u202ey
       ^^^^^^
      leave it out
        """,
    ),
    (
        "x\x00y",
        """
    error: U+0000 found, an operator expected
      x\\x00y
       ^^^^
      leave it out
        """,
    ),
    (
        "x̂",
        """
    error: U+0302 (combining circumflex accent) found, an operator expected
      x\\u0302
       ^^^^^^
      a name has letters, digits and '_'
        """,
    ),
    (
        "x\ufeff*y",
        """
    error: U+FEFF (zero width no-break space) found, an operator expected
      x\\ufeff*y
       ^^^^^^
      leave it out
        """,
    ),
    (
        "x\u200b",
        """
    error: U+200B (zero width space) found, an operator expected
      x\\u200b
       ^^^^^^
      leave it out
        """,
    ),
    (
        "x\xa0+1",
        """
    error: U+00A0 (no-break space) found, an operator expected
      x\\xa0+1
       ^^^^
      write an ordinary blank
        """,
    ),
    (
        "日本 x",
        """
    error: 'x' found, an operator expected
      日本 x
           ^
      write 日本*x
        """,
    ),
    (
        "x at",
        """
    error: end found, a name expected
      x at
          ^
      values are given as in: x*y at x=3, y=4
        """,
    ),
    (
        "x at x",
        """
    error: end found, '=' expected
      x at x
            ^
      values are given as in: x*y at x=3, y=4
        """,
    ),
    (
        "x at 3",
        """
    error: '3' found, a name expected
      x at 3
           ^
      values are given as in: x*y at x=3, y=4
        """,
    ),
    (
        "x at x=1 y=2",
        """
    error: 'y' found, an operator expected
      x at x=1 y=2
               ^
      write ',' between the values
        """,
    ),
    (
        "x=1 y=2",
        """
    error: 'y' found, an operator expected
      x=1 y=2
          ^
      write ';' between the statements
        """,
    ),
    (
        "x at x=1 at y=2",
        """
    error: 'at' found, an operator expected
      x at x=1 at y=2
               ^^
      `at` stands once, behind the last expression: x*y at x=3, y=4
        """,
    ),
    (
        "y = x^2 + 3*x at x=2",
        """
    error: 'at' found, an operator expected
      y = x^2 + 3*x at x=2
                    ^^
      a definition computes nothing: leave out 'y ='
        """,
    ),
    (
        "a = 2; f(x) = a*x at x=3;",
        """
    error: 'at' found, an operator expected
      a = 2; f(x) = a*x at x=3;
                        ^^
      a definition computes nothing: write f(x) = a*x; f(x) at ...
        """,
    ),
    (
        "a = 2 at x=1; a*x",
        """
    error: 'at' found, an operator expected
      a = 2 at x=1; a*x
            ^^
      `at` stands once, behind the last expression: x*y at x=3, y=4
        """,
    ),
    (
        "x^2 AT x=3",
        """
    error: 'AT' found, an operator expected
      x^2 AT x=3
          ^^
      write at in small letters
        """,
    ),
    (
        "1. x^2 at x=3",
        """
    error: 'x' found, an operator expected
      1. x^2 at x=3
         ^
      leave out '1.' if it numbers the lines
        """,
    ),
    (
        "(x at x=1)",
        """
    error: 'at' found, ')' expected
      (x at x=1)
      -  ^^
      `at` stands once, behind the last expression: x*y at x=3, y=4
        """,
    ),
    (
        "at+1",
        """
    error: 'at' found, an expression expected
      at+1
      ^^
      `at` stands behind an expression: x*y at x=3, y=4
        """,
    ),
    (
        "x:1",
        """
    error: ':' found, an operator expected
      x:1
       ^
      a range stands in an index: x[1:3]
        """,
    ),
    (
        "x at y=1,",
        """
    error: end found, a name expected
      x at y=1,
               ^
      values are given as in: x*y at x=3, y=4
        """,
    ),
    (
        "[1 2 3]",
        """
    error: '2' found, an operator expected
      [1 2 3]
         ^
      write ',' between the elements
        """,
    ),
    (
        "x.*y",
        """
    error: '.' found, an operator expected
      x.*y
       ^
      write *, which works element by element
        """,
    ),
    (
        "||x||",
        """
    error: '|' found, an expression expected
      ||x||
      ^
      write norm(x) for ||x||
        """,
    ),
    (
        "x.sum()",
        """
    error: '.' found, an operator expected
      x.sum()
       ^
      write sum(x)
        """,
    ),
    (
        "x.sum(0)",
        """
    error: '.' found, an operator expected
      x.sum(0)
       ^
      write sum(x, ...)
        """,
    ),
    (
        "np.sum(x)",
        """
    error: '.' found, an operator expected
      np.sum(x)
        ^
      leave out np.
        """,
    ),
    (
        "x.t()",
        """
    error: '.' found, an operator expected
      x.t()
       ^
      a transpose is W.T
        """,
    ),
    (
        "∑x",
        """
    error: '∑' (U+2211) found, an expression expected
      ∑x
      ^
      write sum(x) for an array x, or the terms: x0 + x1 + x2
        """,
    ),
    (
        "A⊙B",
        """
    error: '⊙' (U+2299) found, an operator expected
      A⊙B
       ^
      write *, which works element by element
        """,
    ),
    (
        "‖x‖",
        """
    error: '‖' (U+2016) found, an expression expected
      ‖x‖
      ^
      write norm(x)
        """,
    ),
    (
        "x[1:3:2]",
        """
    error: ':' found, ']' expected
      x[1:3:2]
       -   ^
      a slice has two ends and no step: x[1:3]
        """,
    ),
    (
        "x[::2]",
        """
    error: ':' found, an expression expected
      x[::2]
       - ^
      a slice has two ends and no step: x[1:3]
        """,
    ),
    (
        "x[..., 0]",
        """
    error: '.' found, an expression expected
      x[..., 0]
        ^
      a whole axis is written as ':', as in x[:,0]
        """,
    ),
    (
        "[2x]",
        """
    error: 'x' found, an operator expected
      [2x]
        ^
      write 2*x
        """,
    ),
    (
        "[1, 2; 3, 4]",
        """
    error: ';' found, ']' expected
      [1, 2; 3, 4]
      -    ^
      '[' at column 1 is still open
        """,
    ),
    (
        "[1, 2,]",
        """
    error: ']' found, an expression expected
      [1, 2,]
      -     ^
      leave out the comma before it
        """,
    ),
]


def refused(source: str) -> GradError:
    with pytest.raises(GradError) as caught:
        parse(source)
    return caught.value


@pytest.mark.parametrize(("source", "block"), BLOCKS, ids=[ascii(source) for source, _ in BLOCKS])
def test_a_syntax_error_is_a_fact_a_place_and_a_way_out(source, block):
    """The whole block is as it stands in the table."""
    assert describe(refused(source)) == dedent(block).strip("\n").rstrip(" ").rstrip("\n")


@pytest.mark.parametrize("source", [source for source, _ in BLOCKS if source.isascii()])
def test_what_is_advised_can_be_typed(source):
    """A hint that begins with `write` and then only code gives code that parses."""
    hint = refused(source).hint or ""
    code = hint.removeprefix("write ")
    if code != hint and " " not in code and "(" in code:
        assert parse(code)


def test_the_object_gives_line_column_and_span():
    """Line and column count from 1 over all lines, the span from 0 over the whole text."""
    assert as_object(refused("y = 2\nx + * 3")) == {
        "schema": "gradcli/1",
        "error": {
            "kind": "syntax",
            "message": "'*' found, an expression expected",
            "line": 2,
            "column": 5,
            "span": [10, 11],
        },
    }


def test_the_end_stands_one_past_the_last_letter():
    """The end of the input is a place of its own, without width."""
    assert as_object(refused("x + "))["error"] | {"hint": ""} == {
        "kind": "syntax",
        "message": "end found, an expression expected",
        "line": 1,
        "column": 4,
        "span": [3, 3],
        "hint": "",
    }


def test_names_that_read_the_same_are_refused():
    """The micro sign and the Greek letter look alike, so a text that has both is an error at both."""
    assert describe(refused("\u00b5 + \u03bc")) == (
        "error: '\u00b5' and '\u03bc' are different names that read the same\n"
        "  \u00b5 + \u03bc\n"
        "  ^   ^\n"
        "  write one of them in both places"
    )


def test_places_count_in_the_composed_text():
    """A letter that was typed as a letter and an accent is one letter, as it is read."""
    error = refused("e\u0301 * * 2")
    assert (error.source, error.spans) == ("\u00e9 * * 2", ((4, 5),))


@settings(max_examples=400, deadline=None)
@given(
    st.text(
        st.sampled_from(
            "x1.e()[]+-*/^=<,:;#\n\r\t\x00\x1b\x7f\x85\xa0\u0302\u200b\ufeff\u202e\u2028\u00b2\u221a\ud800\U000e0001\uff11"
        ),
        max_size=20,
    )
)
def test_no_text_breaks_the_messages(source):
    """Any text is read or refused by a GradError, and what is printed is printable."""
    try:
        parse(source)
    except GradError as error:
        lines = describe(error).split("\n")
        assert all(letter >= " " and not 0x7F <= ord(letter) < 0xA0 for line in lines for letter in line)
        assert not set("\u200b\u202e\u2028\ud800\U000e0001") & set("".join(lines))
        assert all(0 <= low <= high <= len(error.source or "") for low, high in error.spans)
        assert not any(name in lines[0] for name in ("LPAR", "RPAR", "SQB", "NEWLINE", "COMPARISON", "TIMES", "$END"))


def quickly(source: str) -> GradError:
    begin = perf_counter()
    error = refused(source)
    assert perf_counter() - begin < 1
    return error


def test_a_text_over_a_mebibyte_is_refused_quickly():
    """The bound counts bytes of UTF-8, and is checked before anything is read."""
    assert quickly("x" * (MAX_BYTES + 1)).message == "the expression has 1,048,577 bytes, the most is 1,048,576"
    assert quickly("\u00e9" * (MAX_BYTES // 2 + 1)).kind == "limit"
    assert parse("x" * MAX_BYTES)


def test_too_many_words_are_refused_quickly():
    """400,000 words and signs are read, one more is not."""
    half = (MAX_TOKENS - 2) // 2
    assert len(parse("1" + "+1" * half)) == 2 * half + 2
    assert quickly("1" + "+1" * (half + 1)).kind == "limit"


def test_an_error_at_the_end_of_a_long_text_is_quick():
    """A hundred thousand open parentheses are one error with one window, in bounded time."""
    lines = describe(quickly("(" * 100_000)).split("\n")
    assert lines[0] == "error: end found, an expression expected"
    assert len(lines[1]) <= 80
