"""Flat C code: compiled without a warning and run, it prints the engine's numbers."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gradcli.codegen.flat import c_file
from gradcli.codegen.targets.c import target
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
    source.write_text(one_file(codes, target().helpers), "utf-8")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O0"]
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
    compare(scalar_programs(100 if optimised else 200), tmp_path, optimised=optimised)


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
@pytest.mark.parametrize("most", [0, 10_000], ids=["loops", "elements"])
def test_programs_of_arrays(tmp_path, optimised, most, monkeypatch):
    """As loops, and where there are few elements a statement for each."""
    monkeypatch.setattr(c_file, "MOST_UNROLLED", most)
    compare(array_programs(60), tmp_path, optimised=optimised)


def test_larger_arrays_are_loops(tmp_path):
    asked = []
    for text, shapes in (
        ("cross_entropy(relu(X@W1+b1)@W2+b2, t)", {"X": (20, 12), "W1": (12, 15), "b1": 15, "W2": (15, 4), "b2": 4}),
        ("mean(softmax(X@W)*Y) + var(X)*logsumexp(W) + sum(amax(X, 0))", {"X": (30, 20), "W": (20, 3), "Y": (30, 3)}),
    ):
        numbers = np.random.default_rng(6)
        at = {name: numbers.normal(size=shape) for name, shape in shapes.items()}
        if "t" in text.split("+b2, ")[-1][:1]:
            at["t"] = numbers.integers(0, 4, 20).astype(float)
        asked.append((text, at))
    compare(asked, tmp_path)
    code = coded(*asked[0], Options(), target="c").text
    assert "matmul(&X[0][0], &W1[0][0], &v1[0][0], 20, 12, 15);" in code
    assert len(code.splitlines()) < 500


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
    names = ["copy", "reduce", "i0", "sum_of", "f", "double"]
    arrays = {name: np.full((5, 4), 0.1 * k) for k, name in enumerate(names, 1)}
    of_arrays = f"sum({'+'.join(arrays)})^2 + sum(mean(copy@i0.T, 0))"
    compare([(text, at), (of_arrays, arrays), ('x + 1 # */ \\', {"x": 1.0})], tmp_path)


def test_a_gradient_does_not_take_the_name_of_a_variable(tmp_path):
    compare([("grad_x*x^2 + sin(grad_x)*max(grad_x, x)", {"grad_x": 0.7, "x": 1.3})], tmp_path, optimised=True)


def test_where_there_are_too_many_elements_the_answer_is_advice():
    with pytest.raises(GradError, match="20,000 lines") as raised:
        coded("sum(inv(A)^2)", {"A": np.eye(40)}, Options(), target="c")
    assert "--target numpy" in raised.value.hint


def test_without_values_there_is_no_main():
    assert "main" not in coded("x*y", {}, Options(), target="c").text


def test_a_quotient_by_zero_is_one_of_numbers():
    """A compiler warns of a whole zero."""
    assert "x / 0.0;" in coded("x/1e-400", {"x": 1.0}, Options(), target="c").text
