"""Text read and written by compiled C: the same numbers, the same bad rows, the same bytes as without it."""

import ctypes
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.batch import compiled_text, rowtext
from gradcli.batch.compiled_text import Reader, Writer, fault_of, prepared
from gradcli.batch.tables import rows_of_text
from gradcli.codegen.c_text import LONGEST, source_text
from gradcli.codegen.compiler import FLAGS, Compiler, Unavailable
from tests.batch.test_shortest import SETS


@pytest.fixture(scope="module")
def library():
    try:
        compiler = Compiler()
    except Unavailable as error:
        pytest.skip(str(error))
    return prepared(compiler.library(source_text(), FLAGS, fault_of))


@pytest.fixture
def at_hand(library, monkeypatch):
    monkeypatch.setattr(compiled_text.TEXT, "library", library)


@pytest.mark.parametrize("name", SETS)
def test_every_number_is_written_as_repr_writes_it_and_read_back_to_the_last_bit(library, name):
    values = np.asarray(SETS[name])
    lines = [*map(repr, values.tolist())]
    text = Writer(library, [b""], b"\n").write(values[:, None])
    assert text.decode().splitlines() == lines
    size = compiled_text.MOST_ODD
    for start in range(0, len(lines), size):
        part = "".join(f"{line}\n" for line in lines[start : start + size]).encode()
        found, odd, count = Reader(library, 44, 1, [0]).read(part)
        plain = np.ones(len(found[0]), bool)
        plain[odd[:, 0]] = False
        assert count == len(lines[start : start + size])
        expected = np.array([*map(float, lines[start : start + size])])
        assert found[0][plain].tobytes() == expected[plain].tobytes()


@given(st.lists(st.floats(), min_size=1, max_size=30))
def test_any_float_is_written_as_repr_writes_it(library, values):
    text = Writer(library, [b""], b"\n").write(np.array(values)[:, None]).decode()
    assert text.splitlines() == [*map(repr, values)]
    assert max(map(len, text.splitlines())) <= LONGEST


@given(st.integers(0, 10**19), st.integers(-400, 400), st.sampled_from("eE"), st.integers(0, 25), st.booleans())
def test_a_decimal_number_is_rounded_as_float_rounds_it(library, digits, power, letter, zeros, dotted):
    text = "0" * zeros + str(digits)
    text = f"{text[:1]}.{text[1:]}{letter}{power}" if dotted else f"{text}{letter}{power}"
    found, odd, _ = Reader(library, 44, 1, [0]).read(f"-{text}\n".encode())
    if not len(odd):
        expected = float(f"-{text}")
        assert found[0][0] == expected and math.copysign(1, found[0][0]) == -1


CELLS = ("1", "-2.5", " 3e-5 ", "0.1234567890123456789", "1e400", "nan", "-inf", "+7", "", "x", "1_0", "-", ".", "1e",
         ".5", "5.", "٣", "0x1", "--1", "1.2.3", "1e5e5", "12345678901234567890", "1e-400", "2e+07", "-0",
         "00012", "NaN", "-nan", "nAn.", ".nan", "nan1", "0" * 25 + "1.5", "0." + "0" * 30 + "123")  # fmt: skip


@given(
    st.sampled_from(",;\t"), st.integers(1, 4), st.data(),
    st.lists(st.one_of(st.none(), st.lists(st.sampled_from(CELLS), min_size=1, max_size=5)), min_size=1, max_size=9),
)  # fmt: skip
def test_a_piece_has_the_same_columns_and_bad_rows(library, delimiter, width, data, rows):
    chunk = "".join(("" if row is None else delimiter.join(row)) + "\n" for row in rows).encode()
    wanted = data.draw(st.lists(st.sampled_from(range(width)), min_size=1, unique=True))
    table = {"delimiter": delimiter, "width": width, "wanted": wanted, "names": [f"c{k}" for k in wanted]}
    header = {"first": 5, "line": 7, "table": table}
    plain = rows_of_text.parsed(header, chunk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_text.TEXT, "library", library)
        patch.setattr(rows_of_text, "at_once", None)  # C it is
        found = rows_of_text.parsed({**header, "compiled": True}, chunk)
    assert found[0].shape == plain[0].shape
    assert (np.isnan(found[0]) == np.isnan(plain[0])).all()
    assert np.where(np.isnan(found[0]), 0, found[0]).tobytes() == np.where(np.isnan(plain[0]), 0, plain[0]).tobytes()
    assert found[1] == plain[1]


def test_more_odd_cells_than_there_is_room_for_are_left_to_numpy(at_hand):
    many = compiled_text.MOST_ODD + 1
    header = {"first": 1, "line": 2, "compiled": True,
              "table": {"delimiter": ",", "width": 1, "wanted": [0], "names": ["x"]}}  # fmt: skip
    values, bad = rows_of_text.parsed(header, b"+1\n" * many)
    assert (values == 1).all() and values.shape == (1, many) and not bad


def test_a_piece_without_a_last_line_end_and_an_empty_one(library):
    reader = Reader(library, 44, 2, [1])
    assert reader.read(b"1,2\n3,4") is None
    assert reader.read(b"\n \t\n")[0].shape == (1, 0)
    assert Writer(library, [b"", b","], b"\n").write(np.empty((0, 2))) == b""


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_lines_are_the_same_bytes(at_hand, form):
    names = ["value", 'd_x["%"]', "d_é"]
    rows = np.array([[1.5, np.nan, -np.inf], [np.inf, -0.0, 1e-7], [0.1, 1e22, 5e-324]])
    assert rowtext.writer(names, form, compiled=True)(rows) == rowtext.writer(names, form)(rows)


def test_a_library_that_answers_otherwise_is_not_trusted(library, tmp_path):
    for right, wrong, said in (("point < 17", "point < 16", "writes"), ("+ 1023 +", "+ 1024 +", "reads")):
        source = tmp_path / f"{said}.c"
        assert right in source_text()
        source.write_text(source_text().replace(right, wrong))
        made = source.with_suffix(".so")
        subprocess.run([*Compiler().command, *FLAGS, "-o", made, source], check=True)
        assert said in fault_of(ctypes.CDLL(str(made)))


def test_without_a_compiler_numpy_goes_on(monkeypatch):
    monkeypatch.setenv("CC", "/nowhere/cc")
    text = compiled_text._Text()
    assert text.after(compiled_text.MAKE) is None
    assert text.after(compiled_text.MAKE) is None
    assert text.next > 1 << 60  # it is not tried again


@pytest.mark.parametrize("end", ["csv", "jsonl"])
def test_the_command_writes_the_same_bytes_with_and_without(library, tmp_path, end):
    table = tmp_path / "t.csv"
    numbers = np.random.default_rng(0).standard_normal((30_000, 2))
    np.savetxt(table, numbers, "%.17g", ",", header="x,y", comments="")
    with table.open("a") as file:
        file.write("1,\n\n2,3,4\n nan,1\n1e5, 7\n")
    found = []
    for kernel, jobs in (("numpy", "1"), ("auto", "1"), ("auto", "2"), ("auto", "3")):
        out = tmp_path / f"{kernel}{jobs}.{end}"
        done = subprocess.run(
            [sys.executable, "-m", "gradcli", "map", "x*y + x/y", table, "-o", out, "--bad-rows", "nan",
             "--kernel", kernel, "--jobs", jobs], capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "2 of them bad" in done.stderr
        found.append(out.read_bytes())
    assert found == found[:1] * 4
    assert found[0].count(b"\n") == 30_004 + (end == "csv")
