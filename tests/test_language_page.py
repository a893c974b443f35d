"""The pages about the language and about formulas show what is printed."""

import re
import shlex
from pathlib import Path

import pytest
from running import run

PAGE = (Path(__file__).parents[1] / "docs" / "language.md").read_text("utf-8")
FORMULAS = (Path(__file__).parents[1] / "docs" / "formulas.md").read_text("utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE + FORMULAS, re.DOTALL)
RUNS = [
    found for block in BLOCKS for found in re.findall(r"^\$ gradcli (.*)\n((?:(?!\$ ).*\n)+)", block, re.M)
]


@pytest.mark.parametrize(("words", "shown"), RUNS, ids=[words for words, _ in RUNS])
def test_an_example_prints_what_the_page_says(words, shown):
    """A command and all that it prints."""
    _, out, err = run(*shlex.split(words))
    assert shown in (out + err, err + out)


@pytest.mark.parametrize("command", ["eval", "grad", "diff"])
def test_the_page_has_examples(command):
    """Of values and of gradients."""
    assert any(words.startswith(command) for words, _ in RUNS)


def test_every_function_is_named_on_the_page():
    """What `gradcli functions` lists is on the page, by name or by sign."""
    rows = run("functions").out.splitlines()[2:]
    listed = {row.split("(")[0] for row in rows if row[:1].isalpha() and "(" in row[:19]}
    assert {name for name in listed if not re.search(rf"\b{name}\b", PAGE)} == set()
