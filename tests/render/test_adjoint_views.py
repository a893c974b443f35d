"""Adjoint mode in every view: the lines that were added are on screen, each with its flow, however narrow it is."""

import re

import pytest
from running import run

SCALARS = ["x*y + sin(x)", "x=2", "y=3"]
ARRAYS = ["sum(relu(W@x))", "--example", "W:2x3,x:3"]
TABLES = {
    "scalars": """\
added line   value      flow
────────────────────────────────────
a1 = cos(x)  -0.416147  local v2 → x
a2 = a1 + y   2.58385   x: copy adds
""",
    "arrays": """\
added line              shape  value     flow
──────────────────────────────────────────────────────
a1 = v1 > 0             [2]    1  1      local v2 → v1
a2 = reshape(a1, 2, 1)  [2,1]  1         open v1 → W
                               1
a3 = outer(a1, x)       [2,3]  7  8  -9  v1 → W
                               7  8  -9
a4 = where(a2, a3, 0)   [2,3]  7  8  -9  v1 → W
                               7  8  -9
a5 = max(a1)            []     1         open v1 → x
a6 = W.T                [3,2]   1   4    v1 → x
                                2   5
                               -3  -6
a7 = a6@a1              [3]    5  7  -9  v1 → x
a8 = where(a5, a7, 0)   [3]    5  7  -9  v1 → x
""",
}


def explained(words, view, width, *more):
    found = run("explain", *words, "--mode", "adjoint", "--view", view, *more, env={"COLUMNS": str(width)})
    assert found.code == 0
    return found.out


@pytest.mark.parametrize("view", ["tree", "ledger"])
@pytest.mark.parametrize(("kind", "words"), [("scalars", SCALARS), ("arrays", ARRAYS)])
def test_a_tree_and_a_ledger_have_the_added_lines_below(kind, words, view):
    """The note says which of them is a gradient, so they have to be there."""
    assert f"\n\n{TABLES[kind]}\n" in explained(words, view, 80)
    assert "added line" not in run("explain", *words, "--view", view).out


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("view", ["table", "tree", "ledger"])
@pytest.mark.parametrize("words", [SCALARS, ARRAYS, ["mean((tanh(X@W+b)-t)^2)", "--example", "X:2x3,W:3x2,b:2,t:2x2"]])
def test_every_added_line_has_its_flow_at_every_width(words, view, width):
    """Where the column of gates has no room, the flow stands below its line; nothing is wider than the terminal."""
    out = explained(words, view, width)
    added = re.findall(r"^a\d+ .*(?:\n +.*)*", out, re.MULTILINE)
    assert added and all("→" in text or "copy adds" in text for text in added)
    assert max(map(len, out.splitlines())) <= width or width < 40


@pytest.mark.parametrize("words", [SCALARS, ARRAYS])
def test_the_title_says_the_mode(words):
    """As it does in forward mode."""
    for mode in ("forward", "adjoint"):
        assert f"   {mode} mode, auto" in run("explain", *words, "--mode", mode).out.partition("\n")[0]
    assert "mode," not in run("explain", *words).out.partition("\n")[0]


def test_many_added_lines_are_folded():
    """The first, the last, and those that are a gradient; --full shows all."""
    words = ["*".join(f"sin(x{place})" for place in range(40)), *[f"x{place}=1" for place in range(40)]]
    out = explained(words, "ledger", 100)
    table = out.partition("added line")[2].partition("\n\n")[0]
    assert len(table.splitlines()) < 30 and "not shown (--full shows all)" in table
    whole = explained(words, "ledger", 100, "--full").partition("added line")[2]
    lines = explained(words, "table", 100, "--full")
    assert len(re.findall(r"^a\d+ ", whole, re.MULTILINE)) == len(re.findall(r"^a\d+ ", lines, re.MULTILINE)) > 80
