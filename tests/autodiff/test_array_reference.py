"""Programs over arrays against torch and jax in float64: as recorded, and live where one of them is installed."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from gradcli.graph.arrays import plain
from gradcli.language.question import Options
from gradcli.questions import differentiated

REFERENCE = Path(__file__).parents[1] / "reference"
RECORDED = json.loads((REFERENCE / "arrays.json").read_text())["programs"]
ROUNDED = 2e-12  # relative to the largest entry: the peers round, too


def arrays_of(at):
    return {name: np.array(value) if isinstance(value, list) else value for name, value in at.items()}


def assert_the_same(program, at, value, gradients, decomposition="typed"):
    found = differentiated(program, arrays_of(at), Options(decomposition=decomposition))
    assert found.value == pytest.approx(value, rel=ROUNDED, abs=ROUNDED)
    assert set(found.gradients) == set(gradients)
    for name, wanted in gradients.items():
        size = max(1.0, float(np.max(np.abs(wanted))))
        got = np.asarray(plain(found.gradients[name]))
        assert got.shape == np.shape(wanted), name
        np.testing.assert_allclose(got, wanted, rtol=0, atol=ROUNDED * size, err_msg=f"{program}, {name}")


@pytest.mark.parametrize("decomposition", ["typed", "auto", "naive"])
@pytest.mark.parametrize("entry", RECORDED, ids=lambda entry: f"{entry['program']} {list(entry['at'])}")
def test_a_program_agrees_with_its_peers(entry, decomposition):
    """Value and gradients, in every decomposition."""
    assert_the_same(entry["program"], entry["at"], entry["value"], entry["gradients"], decomposition)


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_peers_still_say_so(library):
    """Live, where the library is installed."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    sys.path.insert(0, str(REFERENCE))
    import make

    backend = {"torch": make.Torch, "jax": make.Jax}[library]()
    for program in make.programs():
        at = program.point()
        value, gradients = backend.gradients(program.over, at)
        assert_the_same(program.text, at, value, gradients)
