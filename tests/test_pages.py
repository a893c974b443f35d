"""The pages of docs/ show what is printed."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from running import run, shell

ROOT = Path(__file__).parents[1]
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"
FEWEST = {"batch": 12, "map": 6, "engines": 4, "second-order": 4, "code": 4}  # the examples that a page has at least
BLOCKS = [
    (page, block)
    for page in FEWEST
    for block in re.findall(r"```console\n(\$ .*?)```", (ROOT / "docs" / f"{page}.md").read_text("utf-8"), re.DOTALL)
]
TIMES = re.compile(r"in \d+\.\d+ s( \([\d,.]+ a second\))?")


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=lambda text: text.partition("\n")[0][:60])
def test_a_command_prints_what_the_page_says(page, block, monkeypatch):
    """But for the time it takes. GRADCLI_REWRITE=1 writes down what is printed now."""
    monkeypatch.chdir(ROOT)
    command, _, shown = block.partition("\n")
    if "jq" in command and shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    if command.startswith("$ gradcli ") and not re.search(r"[|<>;&*~$]", re.sub(r"'[^']*'", "", command[2:])):
        _, out, err = run(*shlex.split(command.removeprefix("$ gradcli ")))
    else:
        _, out, err = shell(command.removeprefix("$ "))
    if REWRITE:
        file = ROOT / "docs" / f"{page}.md"
        said = f"{command}\n{out}{TIMES.sub('in 0.01 s', err)}"
        file.write_text(file.read_text("utf-8").replace(f"```console\n{block}```", f"```console\n{said}```"), "utf-8")
        return
    assert TIMES.sub("", out + err) == TIMES.sub("", shown)


@pytest.mark.parametrize("page", FEWEST)
def test_a_page_has_examples(page):
    """No fewer than it had."""
    assert sum(1 for other, _ in BLOCKS if other == page) >= FEWEST[page]
