"""The look of an error on a terminal, and its object."""

from __future__ import annotations

import pickle
from time import perf_counter
from unicodedata import combining, east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.errors import GradError, as_object, describe


def error(source: str | None, *spans: tuple[int, int], **more: object) -> GradError:
    return GradError("syntax", "this is so", source=source, spans=spans, **more)


def lines(source: str, *spans: tuple[int, int], width: int = 80, **more: object) -> list[str]:
    return describe(error(source, *spans, **more), width=width).split("\n")


def test_an_error_is_a_fact_a_place_and_a_way_out():
    """The fact, the source with the place underlined, and the hint, the last two indented by two."""
    unknown = GradError(
        "name", "unknown function 'sigmod'", hint="did you mean 'sigmoid'?", source="1/sigmod(x)", spans=[(2, 8)]
    )
    assert describe(unknown) == (
        "error: unknown function 'sigmod'\n"
        "  1/sigmod(x)\n"
        "    ^^^^^^\n"
        "  did you mean 'sigmoid'?"
    )  # fmt: skip


def test_several_places_are_all_underlined():
    """Every span gets its carets, what they belong to gets hyphens."""
    assert lines("1/(w0+w1", (3, 5), (6, 8), belongs=(2, 3)) == ["error: this is so", "  1/(w0+w1", "    -^^ ^^"]


def test_an_error_without_a_place_is_one_line():
    """A file, an option or a bound has no source to show."""
    assert describe(GradError("file", "no file 'x.npy'")) == "error: no file 'x.npy'"
    assert (
        describe(GradError("usage", "no such option", hint="--json\n--view"))
        == "error: no such option\n  --json\n  --view"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_of_several_lines_the_one_that_matters_is_shown(end):
    """The line is counted from 1, whatever ends lines, and only its own places are marked."""
    source = f"a = 1{end}b = a b{end}c"
    at = source.index("b", source.index("b") + 1)
    assert lines(source, (at, at + 1), belongs=(0, 1)) == ["error: line 2: this is so", "  b = a b", "        ^"]


def test_the_end_is_a_place():
    """A caret may stand one past the last letter, of the text and of a line."""
    assert lines("1+", (2, 2)) == ["error: this is so", "  1+", "    ^"]
    assert lines("1+\n2", (2, 3)) == ["error: line 1: this is so", "  1+", "    ^"]
    assert lines("", (0, 0)) == ["error: this is so", "", "  ^"]


def test_a_long_line_is_a_window_around_the_place():
    """What is cut off is `…`, and the caret stays under its letter."""
    source = "+".join(f"x{n}" for n in range(100))
    at = source.index("x50")
    assert lines(source, (at, at + 3), width=40) == [
        "error: this is so",
        "  …x46+x47+x48+x49+x50+x51+x52+x53+x54…",
        "                   ^^^",
    ]
    assert lines(source, (0, 2), width=40)[1:] == ["  x0+x1+x2+x3+x4+x5+x6+x7+x8+x9+x10+x…", "  ^^"]
    assert lines(source, (len(source), len(source)), width=40)[1:] == [
        "  …x91+x92+x93+x94+x95+x96+x97+x98+x99",
        " " * 38 + "^",
    ]


def test_a_window_holds_what_the_place_belongs_to_if_it_can():
    """The opening bracket stays in sight where both fit."""
    source = "1+" * 40 + "(x+y" + "*z" * 40
    assert lines(source, (83, 84), width=40, belongs=(80, 81))[2].strip() == "-  ^"


@given(
    st.text(st.sampled_from("ab \t日本e\u0301\x1b\u202e\x00\u200bé"), min_size=1, max_size=120),
    st.integers(0, 119),
    st.integers(20, 90),
)
def test_the_caret_stands_under_its_letter(source, at, width):
    """Wide letters take two cells, accents none, tabs one, and what may not be printed is spelled out."""
    at %= len(source)
    letter = source[at]
    shown, marks = [line[2:] for line in lines(source, (at, at + 1), width=width)[1:3]]
    assert cells(shown) <= max(width - 2, 20)
    column = len(marks) - len(marks.lstrip())
    assert set(marks.strip()) == {"^"}
    under = "".join(sign for sign, low in zip(shown, starts(shown), strict=True) if column <= low < len(marks))
    spelled = {
        "\t": " ",
        "\x1b": "\\x1b",
        "\x00": "\\x00",
        "\u202e": "\\u202e",
        "\u200b": "\\u200b",
        "\u0301": "\\u0301",
    }
    assert under.strip("\u0301 ") == spelled.get(letter, letter).strip()


def cells(text: str) -> int:
    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def starts(text: str) -> list[int]:
    return [cells(text[:at]) for at in range(len(text))]


def test_a_place_of_spelled_out_letters_stays_in_the_window():
    """A place that would be wider than the window is cut at its end."""
    shown = lines("x" * 9 + "\x00" * 19 + "y" * 99, (9, 28), width=40)[1]
    assert shown == "  …xxx" + "\\x00" * 8 + "…"


def test_nothing_raw_reaches_the_terminal():
    """Control, bidi and zero-width letters are spelled out in the message, the source and the hint."""
    bad = "\x1b[31m\x07\u202e\u200b\u2066"
    text = describe(GradError("name", f"unknown {bad}", hint=f"not {bad}", source=f"x {bad}", spans=[(0, 1)]))
    assert text == (
        "error: unknown \\x1b[31m\\x07\\u202e\\u200b\\u2066\n"
        "  x \\x1b[31m\\x07\\u202e\\u200b\\u2066\n"
        "  ^\n"
        "  not \\x1b[31m\\x07\\u202e\\u200b\\u2066"
    )


def test_a_huge_message_is_cut():
    """A name of a megabyte does not fill the terminal."""
    assert len(describe(GradError("name", "n" * 1_000_000))) < 500


def test_a_megabyte_is_shown_at_once():
    """A window costs what it shows, not what the text holds."""
    source = "x" * 1_000_000 + "\n" + "日" * 1_000_000
    begin = perf_counter()
    for place in (0, 500_000, 1_000_000, 1_500_000, 2_000_001):
        assert len(describe(error(source, (place, place + 1)))) < 300
    assert perf_counter() - begin < 0.5


def test_the_object_holds_what_applies():
    """Kind and message always; line, column and span where there is a place; a hint where there is one."""
    assert as_object(error("a\r\nbc", (4, 5), hint="so")) == {
        "schema": "gradcli/1",
        "error": {"kind": "syntax", "message": "this is so", "line": 2, "column": 2, "span": [4, 5], "hint": "so"},
    }
    assert as_object(GradError("limit", "too much")) == {
        "schema": "gradcli/1",
        "error": {"kind": "limit", "message": "too much"},
    }


def test_an_error_travels_between_processes():
    """A worker's error arrives whole."""
    sent = error("x y", (2, 3), hint="write x*y", belongs=(0, 1))
    assert describe(pickle.loads(pickle.dumps(sent))) == describe(sent)  # noqa: S301
