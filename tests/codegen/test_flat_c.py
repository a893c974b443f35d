"""Flat C code: compiled without a warning and run, it prints the engine's numbers."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gradcli.codegen.targets.c import target
from gradcli.codegen.targets.c_functions import FUNCTIONS
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, VARIABLE, primitives
from gradcli.questions import Options, differentiated
from gradcli.questions.code import coded
from tests.codegen.generated import array_programs, one_file, printed, scalar_programs
from tests.codegen.test_flat_python import HOSTILE
from tests.helpers import PRIMITIVES, far_points, moderate_points

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
pytestmark = pytest.mark.skipif(COMPILER is None or os.name != "posix", reason="no C compiler here")
CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "published.jsonl").read_text("utf-8").splitlines()
    if "grad(" not in line
]


def outputs(codes, folder):
    """What every file of CODES prints, compiled as C99 in one."""
    source, program = folder / "codes.c", folder / "codes"
    source.write_text(one_file(codes, FUNCTIONS), "utf-8")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1"]
    done = subprocess.run(
        [COMPILER, *flags, str(source), "-lm", "-o", str(program)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[:4000]
    out = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    return [printed(block) for block in out.split("--\n")[:-1]]


def numbers(found):
    """Value and gradients in a row, arrays element by element."""
    return [found.value, *(number for each in found.gradients.values() for number in np.ravel(each).tolist())]


def compare(asked, folder, **options):
    """The code of each (text, point) against the engine, to 1e-12."""
    asked = list(asked)
    codes = [coded(text, at, Options(), target="c", **options).text for text, at in asked]
    assert max(len(line) for code in codes for line in code.splitlines()) <= 100
    for (text, at), got in zip(asked, outputs(codes, folder), strict=True):
        wanted = numbers(differentiated(text, at, Options()))
        assert got == pytest.approx(wanted, rel=1e-12, abs=1e-12, nan_ok=True), (text, at)


@pytest.mark.parametrize("optimised", [False, True])
def test_random_programs(tmp_path, optimised):
    """Half of the points are where numbers overflow, are 0, or are nan."""
    compare(scalar_programs(200), tmp_path, optimised=optimised)


def test_published_cases(tmp_path):
    asked = []
    for case in CASES:
        at = {
            name: np.array(value, dtype=float) if isinstance(value, list) else float(value)
            for name, value in case["at"].items()
        }
        asked.append((case["expr"], at))
    compare(asked, tmp_path)


@pytest.mark.parametrize("optimised", [False, True])
def test_programs_of_arrays_are_written_out(tmp_path, optimised):
    compare(array_programs(80), tmp_path, optimised=optimised)


def test_every_primitive_of_scalars(tmp_path):
    """The forward of each at some points, also far ones, against the engine's own."""
    asked = []
    for primitive in PRIMITIVES.values():
        if primitive.spoken and not primitive.static:
            for case in (*moderate_points(primitive)[:3], *far_points(primitive)[:6]):
                if primitive.variadic and len(case.operands) == 1:
                    continue  # in the language that is a function of an array
                names = [f"x{place}" for place in range(len(case.operands))]
                at = dict(zip(names, map(float, case.operands), strict=True))
                asked.append((f"{primitive.name}({', '.join(names)})", at))
    compare(asked, tmp_path)
    written = target()
    for name, primitive in primitives().items():
        if primitive.kind == "elementwise" and primitive not in (VARIABLE, CONSTANT):
            assert name in written.notations, name


def test_no_name_of_the_users_breaks_code(tmp_path):
    names = [*HOSTILE, "main", "printf", "unix", "exp", "y0", "NAN", "INFINITY", "struct", "bool", "sigmoid",
             "_Bool"]  # fmt: skip
    names = list(dict.fromkeys(names))
    text = f"max({'+'.join(names)}, 2)*sigmoid(exp(int))"
    at = {name: 0.01 * number for number, name in enumerate(names)}
    compare([(text, at), ('x + 1 # */ \\', {"x": 1.0})], tmp_path)


def test_where_there_are_too_many_elements_the_answer_is_advice():
    with pytest.raises(GradError, match="more than 20,000 lines") as raised:
        coded("sum((A@B)^2)", {"A": np.ones((60, 60)), "B": np.ones((60, 60))}, Options(), target="c")
    assert "--target numpy" in raised.value.hint


def test_without_values_there_is_no_main():
    assert "main" not in coded("x*y", {}, Options(), target="c").text
