"""Every sample prints what stands beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from running import run

ROOT = Path(__file__).parents[1]
SAMPLES = sorted((ROOT / "samples").glob("*.expr"))
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_prints_what_stands_beside_it(sample, monkeypatch):
    """The first line of the .txt file is the command, the rest its whole output at 80 columns.

    GRADCLI_REWRITE=1 writes down what is printed now.
    """
    monkeypatch.chdir(ROOT)
    expected = sample.with_suffix(".txt")
    command = expected.read_text("utf-8").partition("\n")[0]
    said = run(*command.removeprefix("$ gradcli ").split())
    assert (said.code, said.err) == (0, "")
    if REWRITE:
        expected.write_text(f"{command}\n{said.out}", "utf-8")
    assert expected.read_text("utf-8") == f"{command}\n{said.out}"


def test_there_are_samples():
    """The pattern above finds them: without it, nothing would be tested."""
    assert len(SAMPLES) >= 12
