"""The bundle of hot modules answers as the modules themselves do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gradcli
from gradcli.codegen.bundle import BUNDLES, bundle_texts

HOME = Path(gradcli.__file__).parent
NEURON = ["1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]
QUERIES = [
    ["grad", *NEURON, "--json"],
    ["grad", *NEURON],
    ["eval", "9^9^9"],
    [*NEURON, "--json"],
    [*NEURON, "--view", "ledger"],
    ["grad", "max(x, 1) + lgamma(x)", "x=1"],
    ["grad", "1/sigmod(x)", "x=1"],
    ["grad", "x*y", "x=1", "--json"],
    ["grad", "max(x) + sum(inv(A)@x)", "x=[1,1]", "A=[[1,2],[3,4]]", "--json"],
    ["sum(relu(X@W))", "X=[[1,2]]", "W=[[1],[-2]]"],
    ["eval", "grad(x^2, x) + d(sin(x), x, 5)", "x=3"],
    ["x*grad(sigmoid(x), x)", "x=3"],
    ["grad", "sum(grad(sum(relu(x)^2), x)^2)", "x=[1,-2]", "--mode", "adjoint"],
]


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """A copy of the package with the bundles in it, as a wheel has them."""
    place = tmp_path_factory.mktemp("wheel")
    shutil.copytree(HOME, place / "gradcli", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in bundle_texts().items():
        (place / "gradcli" / f"{name}.py").write_text(text, "utf-8")
    return place


def run(code: str, argv: list[str], path: Path) -> tuple[int, str, str]:
    environment = {**os.environ, "PYTHONPATH": str(path), "COLUMNS": "80", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *argv], capture_output=True, text=True, env=environment, cwd=path, encoding="utf-8"
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("argv", QUERIES, ids=" ".join)
def test_the_bundle_answers_as_the_modules_do(bundled, argv):
    """Same output, same errors, same exit code."""
    plain = run("import sys; from gradcli.cli import main; sys.exit(main())", argv, HOME.parent)
    assert run("from gradcli.launch import main; main()", argv, bundled) == plain


def test_a_query_reads_no_module_beside_the_bundle(bundled):
    """What an everyday query needs is in the first file: nothing else of gradcli is read."""
    code = (
        "import os, sys\n"
        "import gradcli.launch\n"
        "os._exit = lambda code: print(*(n for n, m in sys.modules.items() if n.startswith('gradcli.') "
        "and 'launch' not in n and 'bundle' not in n and m.__spec__.origin != 'gradcli.bundle'), file=sys.stderr)\n"
        "gradcli.launch.main()"
    )
    _, out, read = run(code, ["grad", *NEURON, "--json"], bundled)
    assert out.startswith('{"schema"')
    assert read.split() == []


def test_a_bundled_module_has_every_name_of_the_module(bundled):
    """Nothing is lost on the way: functions, classes, constants, but for what only a type checker reads."""
    code = (
        "import sys\n"
        "from importlib import import_module\n"
        "from gradcli import launch\n"
        "names = sys.argv[1:]\n"
        "plain = {n: set(vars(import_module('gradcli.' + n))) for n in names}\n"
        "for n in [n for n in sys.modules if n.startswith('gradcli.') and n != 'gradcli.launch']: del sys.modules[n]\n"
        "sys.meta_path.insert(0, launch.Later)\n"
        "launch.fill(launch.MODULES)\n"
        "for n in names:\n"
        "    lost = plain[n] - set(vars(import_module('gradcli.' + n)))\n"
        "    lost -= {'TYPE_CHECKING', 'annotations', '__annotations__', '__cached__', '__file__', '__doc__'}\n"
        "    lost -= {'__builtins__'}\n"
        "    if lost: print(n, *sorted(lost))\n"
    )
    _, out, err = run(code, [name for names in BUNDLES.values() for name in names], bundled)
    assert (out, err) == ("", "")
