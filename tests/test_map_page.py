"""The page about map shows what is printed."""

import os
import re
import shutil
from pathlib import Path

import pytest
from running import shell

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "map.md"
BLOCKS = re.findall(r"```console\n(\$ .*?)```", PAGE.read_text("utf-8"), re.S)
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"
TIMES = re.compile(r"in \d+\.\d+ s( \([\d,.]+ a second\))?")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0])
def test_a_command_prints_what_the_page_says(block, monkeypatch):
    """But for the time it takes. GRADCLI_REWRITE=1 writes down what is printed now."""
    monkeypatch.chdir(ROOT)
    command, _, shown = block.partition("\n")
    if "jq" in command and shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    _, out, err = shell(command.removeprefix("$ "))
    if REWRITE:
        said = f"{command}\n{out}{TIMES.sub('in 0.01 s', err)}"
        PAGE.write_text(PAGE.read_text("utf-8").replace(f"```console\n{block}```", f"```console\n{said}```"), "utf-8")
        return
    assert TIMES.sub("", out + err) == TIMES.sub("", shown)


def test_the_page_has_examples():
    """Of a table, of its head, of bad rows."""
    assert len(BLOCKS) >= 6
