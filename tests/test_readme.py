"""Every command that the README shows is run, and prints what the README says."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"```console\n(\$ gradcli .*?)```", re.S)
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"


def printed(command: str) -> str:
    """What a terminal of 80 columns shows for COMMAND: standard output, then standard error."""
    words = shlex.split(command, comments=False)
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", "gradcli", *words[1:]], capture_output=True, text=True, encoding="utf-8", env=environment
    )
    return done.stdout + done.stderr


BLOCKS = BLOCK.findall(README.read_text("utf-8"))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0][:60])
def test_a_command_of_the_readme_prints_what_it_shows(block):
    """A block is a command and its whole output. GRADCLI_REWRITE=1 writes what is printed now into the README."""
    command, _, shown = block.partition("\n")
    now = printed(command.removeprefix("$ "))
    if REWRITE:
        README.write_text(README.read_text("utf-8").replace(block, f"{command}\n{now}"), "utf-8")
        return
    assert shown == now


def test_the_readme_shows_commands():
    """The pattern above finds the blocks: without it, nothing would be tested."""
    assert len(BLOCKS) >= 8


def test_the_python_of_the_readme_runs():
    """The interactive example is a doctest."""
    assert doctest.testfile(str(README), module_relative=False).failed == 0
