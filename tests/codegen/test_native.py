"""A kernel in C answers every row as the floats do, and is not used where that is not sure."""

import itertools
import math
import os
import random
import shutil
import stat
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gradcli.codegen import compiler, native
from gradcli.codegen.c import COMPOSED, OPERATORS
from gradcli.codegen.native import compiled, source_of
from gradcli.codegen.trial import EXACT, answers, fault_of
from gradcli.questions import Options, differentiated
from tests import scalar_programs
from tests.codegen.row_programs import of_primitives, row_program
from tests.helpers import PRIMITIVES, SPECIAL, far_points, moderate_points, variants

SYSTEM = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
needs_compiler = pytest.mark.skipif(SYSTEM is None or os.name != "posix", reason="no C compiler here")
VARIANTS = [(p, static, count) for p in PRIMITIVES.values() for static, count in variants(p)]
WIDEST = max(count for _, _, count in VARIANTS)
# Units in the last place between the C and the float forward. 1 is what two good roundings differ by, and what a sum or
# a product after it makes of that is 2; tanh and sinh of C libraries are themselves that far from the truth.
ULPS = {"tanh": 4, "sinh": 3, "elu": 2, "xlogy": 2, "logsigmoid": 2, "softplus": 2, "softmax": 2}
CANCELS = ("logaddexp",)  # largest + log1p(...): within so much of the larger term
MORE = (1e-9, -1e-300, 1e5, -1e6, 1e15, 1e22, -1e300, 22.0, -40.0, 709.79, -745.2, 0.34657359027997264, -701.0, -801.0)

PROGRAMS = {
    "sigmoid(w1*x1 + w2*x2 + b)": "w1 x1 w2 x2 b",
    "sin(x*y)*exp(-x) + 2": "x y",
    "log(1 + x^2)*sqrt(y)": "x y",
    "tanh(x)*cosh(y)": "x y",
    "x^3*y^-2*z^0.5": "x y z",
    "softplus(x)*silu(y)*gelu(z)": "x y z",
    "hypot(x, y, z)": "x y z",
    "max(x, y)*min(y, z)": "x y z",
    "softmax(x, y, z)": "x y z",
    "x^y": "x y",
    "1/(1 + exp(-x)) * cos(y)": "x y",
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the cache of whoever runs it; kernels are shared between the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "kernels"))
    monkeypatch.delenv("CC", raising=False)


def kernel_of(program, **options):
    reasons = []
    kernel = compiled(program, say=reasons.append, **options)
    assert kernel is not None, reasons
    return kernel


def refusal(program):
    reasons = []
    assert compiled(program, say=reasons.append) is None
    assert len(reasons) == 1
    return reasons[0]


def apart(a, b):
    """How many floats B is from A; 0 for the same, nan or not; a zero of the other sign is as far as can be."""
    if a != a or b != b:
        return 0 if a != a and b != b else math.inf
    if a == b:
        return 0 if math.copysign(1.0, a) == math.copysign(1.0, b) else math.inf
    if math.isinf(a) or math.isinf(b):
        return math.inf
    places = [struct.unpack("<q", struct.pack("<d", x))[0] for x in (a, b)]
    return abs(operator(places[0]) - operator(places[1]))


def operator(bits):
    """The place of a float among all floats."""
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


# One primitive


@pytest.fixture(scope="module")
def every_primitive(tmp_path_factory):
    """Rows of points of every kind, and what one kernel with a line for each primitive makes of them."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.getbasetemp() / "kernels")
    try:
        kernel = kernel_of(of_primitives(VARIANTS, WIDEST))
    finally:
        os.environ.pop("XDG_CACHE_HOME")
        if before is not None:
            os.environ["XDG_CACHE_HOME"] = before
    chance = random.Random(11)
    points = {case.operands for p in PRIMITIVES.values() for case in [*moderate_points(p), *far_points(p)]}
    numbers = (*SPECIAL, *MORE)
    points |= {*itertools.product(numbers, repeat=2)}
    points |= {tuple(chance.choice(numbers) for _ in range(WIDEST)) for _ in range(1500)}
    points |= {tuple(chance.choice((1, -1)) * math.exp(chance.uniform(-9, 4)) for _ in range(2)) for _ in range(3000)}
    rows = [[*point, *(chance.uniform(-2.0, 2.0) for _ in range(WIDEST - len(point)))] for point in sorted(
        points, key=repr)]
    return rows, answers(kernel.run, np.array(rows), len(VARIANTS)).tolist()


@needs_compiler
@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=PRIMITIVES.keys())
def test_the_forward_in_c_is_the_forward_over_floats(primitive, every_primitive):
    """To the last bit where IEEE 754 says what is right or the C library is asked, else to the units of the table."""
    rows, found = every_primitive
    exact = primitive.name in EXACT
    for place, (each, static, count) in enumerate(VARIANTS):
        if each is not primitive:
            continue
        for row, answer in zip(rows, found, strict=True):
            operands = row[:count]
            right = primitive.forward(*operands, static) if primitive.static else primitive.forward(*operands)
            value = answer[place]
            if primitive.name in CANCELS and right == right and abs(right) < max(map(abs, operands)):
                assert math.isclose(value, right, rel_tol=0, abs_tol=1e-15 * max(1.0, *map(abs, operands))), operands
                continue
            most = 0 if exact else ULPS.get(primitive.name, 1)
            assert apart(value, right) <= most, (primitive, static, operands, value, right)


def test_every_primitive_is_written_in_c():
    """A new one needs its notation in codegen/c.py; without it `map` takes numpy."""
    assert "double v" in source_of(of_primitives(VARIANTS, WIDEST))


def test_what_rounds_in_one_way_is_held_to_it():
    """What the trial takes as exact is made of operators alone, or is what the C library has exactly."""
    assert EXACT - {"mod", "max", "max_first", "min", "min_first", "clip", "clip_first"} <= OPERATORS.keys()
    assert not EXACT & COMPOSED.keys() - {"max", "max_first", "min", "min_first", "clip", "clip_first"}


# Whole programs


@needs_compiler
@pytest.mark.parametrize("source", PROGRAMS)
def test_a_row_is_what_grad_answers_at_that_point(source):
    """Value and gradients of well-conditioned programs, within 4 units in the last place."""
    names = PROGRAMS[source].split()
    program = row_program(source, names)
    rows = np.random.default_rng(5).uniform(0.2, 2.5, (150, len(names)))
    found = answers(kernel_of(program).run, rows, len(program.outputs))
    for row, answer in zip(rows.tolist(), found.tolist(), strict=True):
        right = differentiated(source, dict(zip(program.columns, row, strict=True)), Options())
        expected = [right.value, *(right.gradients[name[2:]] for name in program.names[1:])]
        assert max(map(apart, answer, expected)) <= 4, (row, answer, expected)


@needs_compiler
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scalar_programs.texts)
def test_random_programs_pass_their_trial(text):
    """Special rows, too: the trial itself declines what it is not sure of, and here it has no reason to."""
    kernel_of(row_program(text, "xyz"))


@needs_compiler
def test_a_row_does_not_depend_on_its_place_or_on_threads():
    """Any number of rows, one by one, in parts or in threads: the same bits."""
    program = row_program("sin(x)*exp(y) + tanh(x*y)", "xy")
    run = kernel_of(program).run
    rows = np.random.default_rng(2).normal(size=(40_000, 2))
    rows[::7, 0] = np.inf
    rows[5::11, 1] = 1e9
    whole = answers(run, rows, 3)
    for count in (0, 1, 2, 31, 255, 256, 257, 1000):
        assert answers(run, rows[3 : 3 + count], 3).tobytes() == whole[3 : 3 + count].tobytes()
    one_thread = [np.empty(len(rows)) for _ in range(3)]
    three = [np.empty(len(rows)) for _ in range(3)]
    run([*rows.T], one_thread, threads=1)
    run([*rows.T], three, threads=3)
    assert np.array(one_thread).tobytes() == np.array(three).tobytes() == np.ascontiguousarray(whole.T).tobytes()


@needs_compiler
def test_columns_may_stand_anywhere():
    """Backwards, repeated, in packed structures, and written over themselves."""
    run = kernel_of(row_program("x*y + x", "xy")).run
    packed = np.zeros(300, [("name", "S3"), ("x", "f8"), ("y", "f8")])
    packed["x"], packed["y"] = np.arange(300.0), 2.0
    out = np.zeros(300, [("flag", "i1"), ("value", "f8"), ("d_x", "f8"), ("d_y", "f8")])
    run([packed["x"][::-1], np.broadcast_to(3.0, 300)], [out["value"], out["d_x"], out["d_y"]])
    assert out["value"].tolist() == [4.0 * x for x in range(299, -1, -1)]
    assert {*out["d_x"].tolist()} == {4.0}
    assert out["d_y"].tolist() == [float(x) for x in range(299, -1, -1)]
    assert not out["flag"].any()
    x, y = np.arange(300.0), np.full(300, 2.0)
    run([x, y], [x, y, np.empty(300)])
    assert x.tolist() == [3.0 * k for k in range(300)]
    assert {*y.tolist()} == {3.0}


@needs_compiler
def test_outputs_may_be_inputs_constants_and_each_other():
    program = row_program("x + y", "xy")
    assert [line for _, line in program.outputs][1] == [line for _, line in program.outputs][2]
    assert answers(kernel_of(program).run, np.array([[1.0, 2.0], [math.nan, 1.0]]), 3).tolist()[0] == [3.0, 1.0, 1.0]
    same = row_program("x", "xy")
    assert answers(kernel_of(same).run, np.array([[-0.0]]), 3).tolist() == [[-0.0, 1.0, 0.0]]


@needs_compiler
def test_what_is_no_column_of_floats_is_refused():
    run = kernel_of(row_program("x*y", "xy")).run
    good = np.ones(5)
    for wrong in (np.ones(4), np.ones(5, np.float32), np.ones(5, ">f8"), np.ones((5, 1))):
        with pytest.raises(ValueError, match="columns of float64"):
            run([good, wrong], [np.empty(5) for _ in range(3)])
    with pytest.raises(ValueError, match="2 inputs and 3 outputs"):
        run([good], [np.empty(5) for _ in range(3)])
    with pytest.raises(ValueError, match="read-only"):
        run([good, good], [np.broadcast_to(0.0, 5), np.empty(5), np.empty(5)])


@needs_compiler
def test_a_long_program_goes_over_fewer_rows_at_a_time():
    """The arrays of a block stay near the processor, whatever the number of lines that live together."""
    terms = "; ".join(f"a{k} = sin(x + {k}) * y" for k in range(150))
    program = row_program(f"{terms}; {' + '.join(f'a{k}*a{149 - k}' for k in range(150))}", "xy")
    assert "#define ROWS 32\n" in source_of(program)
    assert fault_of(program, kernel_of(program).run) is None


@needs_compiler
def test_fast_math_keeps_nan_and_infinities():
    program = row_program("sin(x)*exp(y)", "xy")
    rows = np.array([[math.inf, 1.0], [1.0, math.inf], [math.nan, 1.0], [1.0, 2.0]])
    found = answers(kernel_of(program, fast_math=True).run, rows, 3)
    assert np.isnan(found[[0, 2]]).all()
    assert found[1].tolist() == [math.inf] * 3
    assert math.isclose(found[3, 0], math.sin(1.0) * math.exp(2.0), rel_tol=1e-14)


# The source


def test_no_word_of_the_user_is_in_the_source():
    source = source_of(row_program("größe = system*π2; größe + exit_1", ["system", "π2", "exit_1"]))
    assert source.isascii()
    assert not [word for word in ("system", "exit", "gr", "\\u") if f"{word}" in source.split("gradcli_rows(")[1]]


def test_numbers_are_written_to_the_last_bit():
    """Decimals are never read again by a compiler."""
    source = source_of(row_program("0.1*x + 1e400*y - 0*x", "xy"))
    assert (0.1).hex() in source
    assert "__builtin_inf()" in source


# The compiler


@needs_compiler
def test_a_kernel_is_compiled_once(monkeypatch, tmp_path):
    log = tmp_path / "log"
    monkeypatch.setenv("CC", str(script(tmp_path, f'echo "$@" >> {log}\nexec {SYSTEM} "$@"')))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    program = row_program("x*y + 1", "xy")
    for _ in range(3):
        kernel_of(program)
    assert log.read_text().count("-O3") == 1
    (kept,) = (tmp_path / "cache" / "gradcli").iterdir()
    assert kept.suffix == ".so"
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


@needs_compiler
def test_another_source_and_another_compiler_are_other_kernels(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kernel_of(row_program("x*y", "xy"))
    kernel_of(row_program("x/y", "xy"))
    monkeypatch.setenv("CC", str(script(tmp_path, f'exec {SYSTEM} "$@"')))
    kernel_of(row_program("x*y", "xy"))
    assert len([*(tmp_path / "gradcli").iterdir()]) == 3


@needs_compiler
@pytest.mark.parametrize("mode", [0o722, 0o770 | 0o020, 0o777])
def test_a_library_that_others_may_write_is_not_loaded(monkeypatch, tmp_path, mode):
    """It is made again, in its place."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    program = row_program("x*y*2", "xy")
    kernel_of(program)
    (kept,) = (tmp_path / "gradcli").iterdir()
    kept.unlink()
    kept.write_bytes(b"poison")
    kept.chmod(mode)
    run = kernel_of(program).run
    assert answers(run, np.array([[2.0, 3.0]]), 3).tolist() == [[12.0, 6.0, 4.0]]
    assert kept.read_bytes()[:6] != b"poison"
    assert not kept.stat().st_mode & 0o022


def test_what_is_of_somebody_else_is_not_private(tmp_path):
    """Libraries and folders of another owner are never loaded."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "file").chmod(0o600)
    assert compiler.is_private(tmp_path / "file", os.stat)
    found = os.stat(tmp_path / "file")
    foreign = os.stat_result([*found[:4], found.st_uid + 1, *found[5:]])
    assert not compiler.is_private(tmp_path / "file", lambda path: foreign)
    assert not compiler.is_private(tmp_path / "missing", os.stat)


@needs_compiler
def test_a_folder_that_others_may_write_keeps_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "gradcli").mkdir(0o700)
    (tmp_path / "gradcli").chmod(0o777)
    kernel_of(row_program("x*y*3", "xy"))
    assert not [*(tmp_path / "gradcli").iterdir()]


@needs_compiler
@pytest.mark.parametrize("place", ["/proc/1/nowhere", "relative", "/dev/null"])
def test_without_a_cache_it_works_too(monkeypatch, place):
    monkeypatch.setenv("XDG_CACHE_HOME", place)
    monkeypatch.setenv("HOME", "/proc/1/nowhere")
    assert compiler.cache_folder() is None
    assert answers(kernel_of(row_program("x*y", "xy")).run, np.array([[2.0, 3.0]]), 3).tolist() == [[6.0, 3.0, 2.0]]


@needs_compiler
def test_a_library_that_was_cut_short_is_made_again(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    program = row_program("x*y*4", "xy")
    kernel_of(program)
    (kept,) = (tmp_path / "gradcli").iterdir()
    half = kept.read_bytes()[:900]
    kept.unlink()
    kept.write_bytes(half)
    kept.chmod(0o700)
    assert answers(kernel_of(program).run, np.array([[2.0, 3.0]]), 3).tolist() == [[24.0, 12.0, 8.0]]


@needs_compiler
def test_the_cache_does_not_grow_for_ever(monkeypatch, tmp_path):
    """The libraries that were used last stay; what a killed run left behind for a day goes."""
    monkeypatch.setattr(compiler, "MOST_KEPT", 2)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "gradcli"
    kernel_of(row_program("x*y*5", "xy"))
    (first,) = folder.iterdir()
    os.utime(first, (1.0, 1.0))
    for name in ("compiling-old", "compiling-new"):
        (folder / name).mkdir()
    os.utime(folder / "compiling-old", (1.0, 1.0))
    kernel_of(row_program("x*y*6", "xy"))
    kernel_of(row_program("x*y*5", "xy"))  # used again
    kernel_of(row_program("x*y*7", "xy"))
    assert len([*folder.glob("*.so")]) == 2
    assert first.exists()
    assert [path.name for path in folder.glob("compiling-*")] == ["compiling-new"]


def test_without_a_compiler_there_is_a_reason(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(row_program("x*y", "xy")) == "there is no C compiler (cc, gcc or clang)"
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    assert refusal(row_program("x*y", "xy")) == "CC is 'no-such-compiler -m64', and there is no such command"
    monkeypatch.setenv("CC", "'")
    assert refusal(row_program("x*y", "xy")) == 'CC is "\'", and there is no such command'


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for the compiler")
def test_a_compiler_that_fails_says_why(monkeypatch, tmp_path):
    lines = '[ "$1" = --version ] && exit 0\necho "fatal error: disk full" >&2\nexit 4'
    monkeypatch.setenv("CC", str(script(tmp_path, lines)))
    assert refusal(row_program("x*y", "xy")).endswith("cc failed: fatal error: disk full")
    monkeypatch.setenv("CC", str(script(tmp_path, "exit 3")))
    assert refusal(row_program("x*y", "xy")).endswith("cc --version failed")


@needs_compiler
def test_a_compiler_that_hangs_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(compiler, "PATIENCE", 0.2)
    monkeypatch.setenv("CC", str(script(tmp_path, "sleep 60 & sleep 60")))
    assert refusal(row_program("x*y", "xy")).endswith("cc took more than 0.2 seconds")


@needs_compiler
def test_without_a_place_to_compile_in_there_is_a_reason(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/1/nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    assert "gone" in refusal(row_program("x*y", "xy"))


@needs_compiler
@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("x*y + 1", "s/ \\* a\\[/ + a[/"),
        ("tanh(x) + y", "s/t + 2\\.0/t + 2.0000001/"),
        ("sin(x)*y", "s/F5/F6/"),
        ("max(x, y)", "s/== 0\\.0/== 1.0/"),
        ("relu(x)*y", "s/<= 0\\.0 ?/< 0.0 ?/"),
    ],
)
def test_a_wrong_kernel_is_not_trusted(monkeypatch, tmp_path, source, change):
    """A compiler that writes something else: the trial finds it, and nothing is kept."""
    lines = f'for f in "$@"; do case "$f" in *.c) sed -i "{change}" "$f";; esac; done\nexec {SYSTEM} "$@"'
    monkeypatch.setenv("CC", str(script(tmp_path, lines)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert refusal(row_program(source, "xy")).startswith("the compiled loop answers")
    assert not [*(tmp_path / "cache" / "gradcli").iterdir()]


def test_a_program_that_is_too_long_is_left_to_numpy(monkeypatch):
    monkeypatch.setattr(native, "MOST_LINES", 3)
    assert refusal(row_program("sin(x)*y + x", "xy")) == "the program is too long for a loop in C"


def script(folder: Path, lines: str) -> Path:
    """A shell script that stands for a compiler."""
    found = folder / "cc"
    found.write_text(f"#!/bin/sh\n{lines}\n")
    found.chmod(0o755)
    return found

