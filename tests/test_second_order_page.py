"""The page about second derivatives shows what is printed."""

import doctest
import os
import re
import shlex
from pathlib import Path

import pytest
from running import run

PAGE = Path(__file__).parents[1] / "docs" / "second-order.md"
BLOCKS = re.findall(r"```console\n(\$ gradcli .*?)```", PAGE.read_text("utf-8"), re.S)
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0])
def test_a_command_prints_what_the_page_says(block):
    """GRADCLI_REWRITE=1 writes down what is printed now."""
    command, _, shown = block.partition("\n")
    _, out, err = run(*shlex.split(command.removeprefix("$ gradcli ")))
    if REWRITE:
        PAGE.write_text(PAGE.read_text("utf-8").replace(block, f"{command}\n{out}{err}"), "utf-8")
        return
    assert out + err == shown


def test_the_page_has_examples():
    assert len(BLOCKS) >= 4


def test_the_python_of_the_page_runs():
    assert doctest.testfile(str(PAGE), module_relative=False).failed == 0
