"""The page about engines names every pass."""

import re
from pathlib import Path

from gradcli.graph.optimise import PASSES

FILE = Path(__file__).parents[1] / "docs" / "engines.md"


def test_every_pass_is_named_on_the_page():
    """In the table, in the order in which they go over the graph."""
    named = re.findall(r"^\| ([a-z0-9* ]+) \| ", FILE.read_text("utf-8"), re.M)
    names = [each.name for each in PASSES]
    assert [name for name in named if name in names] == names
