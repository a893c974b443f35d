"""The pictures in docs/pictures are those that the command draws now."""

import os

import pytest
from render.drawings import ROOT, parsed
from running import run

REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"
PICTURES = {
    "neuron": ["--file", "samples/neuron.expr", "--decomposition", "naive"],
    "neuron-local": ["--file", "samples/neuron.expr", "--decomposition", "naive", "--local"],
    "neuron-sigmoid": ["--file", "samples/neuron.expr"],
    "patterns": ["--file", "samples/patterns.expr"],
    "network": ["--file", "samples/array-network.expr"],
    "shared": ["--file", "samples/staged.expr"],
    "regulariser": ["--file", "samples/regulariser.expr"],
    "gradient-penalty": ["--file", "samples/gradient-penalty.expr"],
    "adjoint-mode": ["--file", "samples/adjoint-mode.expr", "--mode", "adjoint"],
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_the_command_draws(name, tmp_path, monkeypatch):
    """GRADCLI_REWRITE=1 draws them again."""
    monkeypatch.chdir(ROOT)
    drawn = tmp_path / "picture.svg"
    assert run("graph", *PICTURES[name], "-o", str(drawn)) == (0, "", "")
    kept = ROOT / "docs" / "pictures" / f"{name}.svg"
    if REWRITE:
        kept.write_bytes(drawn.read_bytes())
    assert drawn.read_text("utf-8") == kept.read_text("utf-8")
    parsed(kept.read_text("utf-8"))


def test_every_picture_is_checked():
    """None is kept that no command draws."""
    assert sorted(path.stem for path in (ROOT / "docs" / "pictures").glob("*.svg")) == sorted(PICTURES)
