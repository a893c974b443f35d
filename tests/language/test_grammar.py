"""The grammar is lark's, and the driver on frozen tables reads exactly what lark reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from random_programs import programs

from gradcli import language as code
from gradcli.errors import GradError
from gradcli.language import freeze, parse, tables

SIGNS = {"**": "^", "−": "-", "×": "*", "·": "*", "÷": "/"}
SILENT = ("start", "lines", "settings", "arguments", "slots", "group", "blank")


class Depth:
    """Drop newlines inside brackets, as the scanner does."""

    always_accept = ()

    def process(self, stream):
        depth = 0
        for token in stream:
            if token.type in ("LPAR", "LSQB"):
                depth += 1
            elif token.type in ("RPAR", "RSQB"):
                depth = max(depth - 1, 0)
            elif token.type == "NEWLINE" and token != ";" and depth:
                continue
            yield token


LARK = Lark(
    freeze.grammar_text(),
    parser="lalr",
    lexer="basic",
    strict=True,
    maybe_placeholders=False,
    keep_all_tokens=True,
    postlex=Depth(),
)


def read_by_lark(source: str) -> list[tuple[int, object]]:
    """The postfix items by a walk over lark's own tree."""
    items: list[tuple[int, object]] = []
    walk(LARK.parse(source), items)
    return items


def named(token: object) -> str:
    return "pi" if token == "π" else str(token)


def walk(tree: Tree, items: list[tuple[int, object]]) -> None:
    name, parts = str(tree.data), tree.children
    inner = [part for part in parts if isinstance(part, Tree)]
    for part in inner:
        walk(part, items)
    if name == "number":
        items.append((code.NUMBER, float(parts[0].replace("−", "-"))))
    elif name == "name":
        items.append((code.NAME, named(parts[0])))
    elif name in ("binary", "prefix"):
        sign = next(part for part in parts if isinstance(part, Token))
        items.append((getattr(code, name.upper()), SIGNS.get(sign, str(sign))))
    elif name == "call":
        items.append((code.CALL, (named(parts[0]), count(inner))))
    elif name in ("index", "array"):
        items.append((getattr(code, name.upper()), count(inner[name == "index" :])))
    elif name == "slice":
        items.append((code.SLICE, (isinstance(parts[0], Tree), isinstance(parts[-1], Tree))))
    elif name == "setting":
        items.append((code.SETTING, named(parts[0])))
    elif name == "query":
        items.append((code.QUERY, count(inner[1:])))
    elif name == "definition":
        items.append((code.DEFINE, None))
    elif name not in SILENT:
        items.append((getattr(code, name.upper()), None))


def count(parts: list[Tree]) -> int:
    """How many entries a list rule holds, written as it is one inside the other."""
    if not parts:
        return 0
    if parts[0].data not in ("arguments", "slots", "settings"):
        return 1
    inner = [part for part in parts[0].children if isinstance(part, Tree)]
    return count(inner[:1]) + len(inner) - 1


def both(source: str) -> tuple[object, object]:
    """What lark and the driver make of a text: the items, or the column where they stop."""
    try:
        by_lark: object = read_by_lark(source)
    except UnexpectedCharacters as error:
        by_lark = error.pos_in_stream
    except UnexpectedToken as error:
        by_lark = "end" if error.token.type == "$END" else error.pos_in_stream
    try:
        ours: object = parse(source)
    except GradError as error:
        ours = [] if not error.spans else error.spans[0][0]
        if error.spans and error.message.startswith("end found"):
            ours = "end"
    return by_lark, ours


LETTERS = "x1.eET+-*/^@<>=!()[],:;# \t\n\rat·×÷−π_$∞&"
PIECES = [*LETTERS, "", "at ", "1e-", "**", ".T", "(x"]


def test_the_grammar_has_no_conflict():
    """lark builds the grammar as LALR with a basic lexer in strict mode: nothing is resolved in silence."""
    assert freeze.lark_parser().rules


def test_the_frozen_tables_are_larks():
    """tables.py is what the build step makes of the grammar today, letter by letter."""
    assert Path(tables.__file__).read_text("utf-8") == freeze.frozen(freeze.lark_parser())


def test_the_frozen_tables_say_how_they_were_made():
    """The first line names the grammar and the command."""
    first = Path(tables.__file__).read_text("utf-8").splitlines()[0]
    assert first == "# Generated from grammar/expression.lark by `python -m gradcli.language.freeze`; do not edit."


@settings(max_examples=300, deadline=None)
@given(programs())
def test_lark_and_the_driver_read_the_same(source):
    """Programs of the grammar give lark and the driver one list of items, or one column of refusal."""
    by_lark, ours = both(source)
    assert ours == by_lark


@settings(max_examples=400, deadline=None)
@given(programs(), st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(PIECES)), min_size=1, max_size=3))
def test_lark_and_the_driver_refuse_at_the_same_column(source, changes):
    """A program with letters changed, put in or taken out is read alike, or refused at the same place."""
    for where, letter in changes:
        place = where % (len(source) + 1)
        source = source[:place] + letter + source[place + (len(letter) < 2) :]
    by_lark, ours = both(source)
    assert ours == by_lark


@settings(max_examples=700, deadline=None)
@given(st.text(LETTERS, max_size=12))
def test_lark_and_the_driver_agree_on_noise(source):
    """Any text over the letters of the language is read alike, or refused at the same place."""
    by_lark, ours = both(source)
    assert ours == by_lark


@pytest.mark.parametrize(
    "source",
    ["2at x=1", "x.T.T", "2.T", "1e-2e-3", "1..2", "x ***y", "a<==b", "a===b", "1e -3", "1_0", "x.5", ".T", "1.e5",
     "1e+x", "xe-3", "1e5.T", "a! =b", "atan(x)", "x	+	1e-3"],
)  # fmt: skip
def test_lark_and_the_driver_cut_words_alike(source):
    """Where one word ends and the next begins is lark's longest match, without a blank too."""
    by_lark, ours = both(source)
    assert ours == by_lark
