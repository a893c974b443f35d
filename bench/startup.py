"""What a query costs from the prompt: the installed command beside `python -c pass` and beside other tools.

    python bench/startup.py [--runs N]

Every command is a fresh process. In each round each command runs once, right after a run of the floor; the table
shows the medians of the times and of the ratios to that floor. Tools that are not installed are named, not skipped.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

NEURON = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
POINT = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
ARRAYS = ["sum(relu(X@W))", "X=[[1,2,-3],[4,5,-6]]", "W=[[7,8],[-9,10],[11,-12]]"]
SETTINGS = [f"{name}={value}" for name, value in POINT.items()]

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

PEERS = {
    "argparse, derivative by hand": (
        "argparse",
        """
import argparse, math
parser = argparse.ArgumentParser()
for name in ("w0", "x0", "w1", "x1", "w2"):
    parser.add_argument("--" + name, type=float)
p = parser.parse_args(["--w0=2", "--x0=-1", "--w1=-3", "--x1=-2", "--w2=-3"])
s = 1 / (1 + math.exp(-(p.w0 * p.x0 + p.w1 * p.x1 + p.w2)))
d = s * (1 - s)
print(s, d * p.x0, d * p.w0, d * p.x1, d * p.w1, d)
""",
    ),
    "sympy": (
        "sympy",
        """
import sympy
w = sympy.symbols("w0 x0 w1 x1 w2")
f = sympy.sympify("1/(1+exp(-(w0*x0+w1*x1+w2)))")
at = dict(zip(w, (2, -1, -3, -2, -3)))
print(f.subs(at).evalf(), *(f.diff(v).subs(at).evalf() for v in w))
""",
    ),
    "autograd": (
        "autograd",
        """
import autograd.numpy as np
from autograd import value_and_grad
f = lambda w: 1 / (1 + np.exp(-(w[0] * w[1] + w[2] * w[3] + w[4])))
print(*value_and_grad(f)(np.array([2.0, -1.0, -3.0, -2.0, -3.0])))
""",
    ),
    "jax": (
        "jax",
        """
import jax, jax.numpy as np
f = lambda w: 1 / (1 + np.exp(-(w[0] * w[1] + w[2] * w[3] + w[4])))
print(*jax.value_and_grad(f)(np.array([2.0, -1.0, -3.0, -2.0, -3.0])))
""",
    ),
    "torch": (
        "torch",
        """
import torch
w = torch.tensor([2.0, -1.0, -3.0, -2.0, -3.0], dtype=torch.float64, requires_grad=True)
f = 1 / (1 + torch.exp(-(w[0] * w[1] + w[2] * w[3] + w[4])))
f.backward()
print(f.item(), *w.grad.tolist())
""",
    ),
}


class Work(NamedTuple):
    name: str
    budget: str  # the ratio to the floor that gradcli promises
    command: list[str]
    answer: str  # part of what it must print


class Cost(NamedTuple):
    milliseconds: float
    ratio: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=25, help="rounds (default: %(default)s)")
    runs = parser.parse_args().runs

    gradcli = installed_command()
    python = interpreter_of(gradcli)
    compile_package(python)
    floor = Work("`python -c pass`", "", [python, "-c", "pass"], "")
    works = [floor, *queries(gradcli), *peers(python)]
    costs = measured(works, floor, runs)

    print(f"{platform.system()} {platform.machine()}, Python {version_of(python)}, {runs} rounds, medians\n")
    print("| work | ms | x floor | budget |")
    print("|---|---:|---:|---:|")
    for work, cost in zip(works, costs, strict=True):
        print(f"| {work.name} | {cost.milliseconds:.1f} | {cost.ratio:.2f} | {work.budget} |")
    for name in missing_peers(python):
        print(f"| {name} | not installed | | |")


def queries(gradcli: str) -> list[Work]:
    neuron = [NEURON, *SETTINGS]
    return [
        Work("gradcli: query to JSON", "1.25", [gradcli, "grad", *neuron, "--json"], "0.19661193324148185"),
        Work("gradcli: query to plain text", "1.25", [gradcli, "grad", *neuron], "0.1966119"),
        Work("gradcli: explained as a table", "6.5", [gradcli, "explain", *neuron], "0.196612"),
        Work("gradcli: explained as a tree", "6.5", [gradcli, "explain", *neuron, "--view", "tree"], "0.196612"),
        Work("gradcli: explained as JSON", "", [gradcli, "explain", *neuron, "--json"], "0.19661193324148185"),
        Work("gradcli: arrays to JSON", "10", [gradcli, "grad", *ARRAYS, "--json"], "[8.0,10.0,-12.0]"),
        Work("gradcli: arrays as a table", "14", [gradcli, "explain", *ARRAYS], "-12"),
    ]


def peers(python: str) -> list[Work]:
    absent = missing_peers(python)
    return [
        Work(name, "", [python, "-c", script], "0.19661")  # float32 has no more digits
        for name, (_, script) in PEERS.items()
        if name not in absent
    ]


def missing_peers(python: str) -> list[str]:
    return [name for name, (package, _) in PEERS.items() if not origin_of(package, python)]


def measured(works: list[Work], floor: Work, runs: int) -> list[Cost]:
    """The cost of each work, every run compared with a run of the floor just before it."""
    times: list[list[float]] = [[] for _ in works]
    ratios: list[list[float]] = [[] for _ in works]
    with tempfile.TemporaryDirectory() as folder:
        for work in works:
            check(work, folder)
        for _ in range(runs):
            for work, own_times, own_ratios in zip(works, times, ratios, strict=True):
                below = seconds(floor.command, folder)
                taken = seconds(work.command, folder)
                own_times.append(taken)
                own_ratios.append(taken / below)
    return [
        Cost(1000 * statistics.median(own_times), statistics.median(own_ratios))
        for own_times, own_ratios in zip(times, ratios, strict=True)
    ]


def seconds(command: list[str], folder: str) -> float:
    nowhere = subprocess.DEVNULL
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, stdin=nowhere, stdout=nowhere, check=True)
    return time.perf_counter() - start


def check(work: Work, folder: str) -> None:
    """Run once untimed, which also warms the disk cache, and stop at a wrong answer."""
    done = subprocess.run(work.command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, encoding="utf-8")
    if done.returncode or work.answer not in done.stdout:
        sys.exit(f"error: {work.name} answers {done.returncode} {done.stdout!r}\n{done.stderr}")


def installed_command() -> str:
    """The `gradcli` beside this interpreter, or the first on PATH."""
    found = shutil.which("gradcli", path=str(Path(sys.executable).parent)) or shutil.which("gradcli")
    return found or sys.exit("error: gradcli is not installed: pip install .")


def interpreter_of(command: str) -> str:
    """The Python that the command runs on, so that both stand on the same floor."""
    with open(command, "rb") as script:
        first = script.readline().decode("utf-8", "replace").strip()
    named = first.removeprefix("#!")
    return named if first.startswith("#!") and Path(named).is_file() else sys.executable


def compile_package(python: str) -> None:
    """As pip does on installing; an editable checkout would otherwise compile within the first rounds."""
    origin = origin_of("gradcli", python) or sys.exit(f"error: {python} does not find gradcli")
    subprocess.run([python, "-m", "compileall", "-q", str(Path(origin).parent)], env=ENVIRONMENT, check=True)


def origin_of(package: str, python: str) -> str:
    """The file that `import package` would run, or nothing."""
    return ask(python, f"import importlib.util as u; s = u.find_spec({package!r}); print(s.origin if s else '')")


def version_of(python: str) -> str:
    return ask(python, "import platform; print(platform.python_version())")


def ask(python: str, code: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.check_output([python, "-c", code], cwd=folder, env=ENVIRONMENT, text=True).strip()


if __name__ == "__main__":
    main()
