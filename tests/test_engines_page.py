"""The page about engines and orders shows what is printed."""

import os
import re
import shlex
from pathlib import Path

import pytest
from running import run

from gradcli.graph.optimise import PASSES

FILE = Path(__file__).parents[1] / "docs" / "engines.md"
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"
BLOCKS = re.findall(r"```console\n(\$ gradcli .*?)```", FILE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0][10:60])
def test_an_example_prints_what_the_page_says(block):
    """A command and all that it prints. GRADCLI_REWRITE=1 writes what is printed now into the page."""
    command, _, shown = block.partition("\n")
    code, out, err = run(*shlex.split(command)[2:])
    assert (code, err) == (0, "")
    if REWRITE:
        FILE.write_text(FILE.read_text("utf-8").replace(block, f"{command}\n{out}"), "utf-8")
        return
    assert shown == out


def test_the_page_has_examples():
    """Of both comparisons, with a log, and over arrays."""
    assert len(BLOCKS) >= 4


def test_every_pass_is_named_on_the_page():
    """In the table, in the order in which they go over the graph."""
    named = re.findall(r"^\| ([a-z0-9* ]+) \| ", FILE.read_text("utf-8"), re.M)
    names = [each.name for each in PASSES]
    assert [name for name in named if name in names] == names
