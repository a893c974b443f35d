"""npy, npz and Parquet as others leave them: types, orders, faults; and what is read in pieces stays small."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from batch_tables import SIZES, read, same

from gradcli.errors import GradError

TYPES = ["<f8", ">f8", "<f4", ">f4", "<f2", "<i8", ">i4", "u1", "<u8", "?"]
ROWS = np.array([[1, 0, 3], [0, 1, 2], [5, 1, 0], [1, 1, 1]])
NAMES = ["a", "b", "c"]
EXPECTED = {name: ROWS[:, k].astype(float) for k, name in enumerate(NAMES)}


def refused(path, **how):
    with pytest.raises(GradError) as caught:
        read(path, **how)
    return caught.value.message.replace(str(path), path.name)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type_and_order_becomes_doubles(tmp_path, kind, order):
    rows = np.asarray(ROWS, order=order).astype(kind)
    expected = EXPECTED if kind != "?" else {name: (column != 0) * 1.0 for name, column in EXPECTED.items()}
    np.save(tmp_path / "a.npy", rows)
    np.savez(tmp_path / "a.npz", m=rows, z=rows[:, 0])
    np.savez_compressed(tmp_path / "b.npz", m=rows)
    for size in SIZES:
        assert same(read(tmp_path / "a.npy", size, columns=NAMES)[0], expected)
        assert same(read(tmp_path / "a.npy", size, columns=NAMES, wanted=["c", "a"])[0],
                    {"c": expected["c"], "a": expected["a"]})  # fmt: skip
        assert same(read(tmp_path / "a.npy", size, columns=NAMES, wanted=["b"], start=3)[0], {"b": expected["b"][2:]})
        found = {f"m[{k}]": expected[name] for k, name in enumerate(NAMES)}
        assert same(read(tmp_path / "a.npz", size)[0], found | {"z": expected["a"]})
        assert same(read(tmp_path / "b.npz", size)[0], found)


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_three_axes_in_an_archive_gives_two_indices(tmp_path, order):
    cube = np.asarray(np.arange(24.0).reshape(4, 3, 2), order=order)
    np.savez(tmp_path / "a.npz", W=cube)
    expected = {f"W[{i},{j}]": cube[:, i, j].copy() for i in range(3) for j in range(2)}
    for size in SIZES:
        assert same(read(tmp_path / "a.npz", size)[0], expected)
        assert same(read(tmp_path / "a.npz", size, start=2)[0], {name: c[1:] for name, c in expected.items()})


def test_records_have_names_and_may_hold_arrays(tmp_path):
    records = np.array([(1, [2, 3], True), (4, [5, 6], False)], [("x", "<i4"), ("v", ">f4", (2,)), ("ok", "?")])
    np.save(tmp_path / "a.npy", records)
    found, _, _ = read(tmp_path / "a.npy", 1)
    expected = {"x": [1.0, 4.0], "v[0]": [2.0, 5.0], "v[1]": [3.0, 6.0], "ok": [1.0, 0.0]}
    assert {name: column.tolist() for name, column in found.items()} == expected


def test_a_vector_is_one_column(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    assert read(tmp_path / "a.npy", columns=["x"])[0]["x"].tolist() == [0.0, 1.0, 2.0]
    np.save(tmp_path / "a.npy", np.zeros((0, 2)))
    assert read(tmp_path / "a.npy", columns=["x", "y"])[0]["y"].tolist() == []


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


OBJECTS = b"\x93NUMPY\x01\x00\x50\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}".ljust(79) + b"\n"
GOOD = saved(np.arange(6.0).reshape(3, 2))


def told(shape):
    """The good file with another shape in a header of the same length."""
    return GOOD.replace(b"(3, 2), }" + b" " * (len(shape) - 6), shape + b", }")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "'a.npy' is empty"),
        (b"x,y\n1,2\n", "'a.npy' is no npy file"),
        (GOOD[:100], "'a.npy' has no header of a .npy file"),
        (GOOD[:-1], "'a.npy' is cut off: its header promises 3 rows"),
        (told(b"(9999999999, 2)"), "'a.npy' is cut off: its header promises 9,999,999,999 rows"),
        (told(b"(-3, 2)"), "'a.npy' has no header of a .npy file"),
        (told(b"__import__('os')"), "'a.npy' has no header of a .npy file"),
        (OBJECTS, "'a.npy' holds Python objects, which are never unpickled"),
        (saved(np.array([1j])), "'a.npy' holds complex numbers"),
        (saved(np.array(["a"])), "'a.npy' holds text"),
        (saved(np.zeros((2, 2, 2))), "'a.npy' is an array of 3 axes, and a table has two"),
        (saved(np.zeros(2, [("x", "f8"), ("t", "S3")])), "the field 't' of 'a.npy' holds text"),
    ],
)  # fmt: skip
def test_a_npy_that_is_refused(tmp_path, data, message):
    path = tmp_path / "a.npy"
    path.write_bytes(data)
    assert refused(path) == message


def archive(path, **members):
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name + ".npy", data)


def test_an_archive_that_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    for size, data in ((3, "four"), (4, "six")):
        archive(path, x=saved(np.zeros(3)), y=saved(np.zeros(size + 1)))
        assert refused(path) == f"'y' in 'a.npz' has {size + 1} rows, and 'x' has 3", data
    archive(path, x=saved(np.zeros(3))[:-1])
    assert refused(path) == "'x' in 'a.npz' has other bytes than its header says: 24 are promised, 23 are there"
    archive(path)
    assert refused(path) == "'a.npz' holds no array"
    path.write_bytes(b"PK\3\4 and nothing else")
    assert refused(path) == "'a.npz' is no .npz that can be read: file is not a zip file"
    np.savez_compressed(path, x=np.random.default_rng(1).random(10_000))
    data = bytearray(path.read_bytes())
    data[20_000:20_050] = bytes(50)
    path.write_bytes(data)
    assert refused(path).startswith("'a.npz' is no .npz that can be read: ")


def test_parquet_has_nulls_lists_and_other_types(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    from decimal import Decimal

    path = tmp_path / "a.parquet"
    columns = {
        "x": [1.0, None, 3.0, 4.0, 5.0], "i": [1, 2, 3, 4, 5], "b": [True, False, True, None, True],
        "d": [Decimal("1.5")] * 5, "v": [[1.0, 2.0], [3.0, 4.0], [5.0], [7.0, 8.0], [9.0, 10.0]], "t": list("abcde"),
    }  # fmt: skip
    parquet.write_table(arrow.table(columns), path, row_group_size=2)
    for size in SIZES:
        found, bad, numbers = read(path, size, bad_rows="skip")
        assert list(found) == ["x", "i", "b", "d", "v[0]", "v[1]"]
        assert (found["v[1]"].tolist(), found["d"].tolist(), numbers) == ([2.0, 10.0], [1.5, 1.5], [1, 5])
        assert [*map(tuple, bad)] == [
            (2, 0, "x", "a number is missing"), (3, 0, "v[0]", "the list has 1, and the first 2"),
            (4, 0, "b", "a number is missing"),
        ]  # fmt: skip
        for start in range(1, 7):
            assert read(path, size, start=start, wanted=["i"])[0]["i"].tolist() == columns["i"][start - 1 :]
    assert refused(path, wanted=["t"]) == "the column 't' of 'a.parquet' holds string, no numbers"
    path.write_bytes(b"PAR1 and nothing else")
    assert refused(path).startswith("'a.parquet' is no Parquet file that can be read: ")


def test_what_parquet_needs_is_said_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(GradError) as caught:
        read(tmp_path / "a.parquet")
    assert caught.value.hint == "pip install 'gradcli[parquet]'"


SMALL = """
import resource, sys
from gradcli.batch.tables import columns_of, open_rows, open_table
with open_table(sys.argv[1], columns=None if len(sys.argv) < 3 else sys.argv[2].split(",")) as table:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open_rows(sys.argv[1] + ".out.npz", ["x"], "npz") as written:
        for header, payload in table.pieces(1 << 20):
            block = columns_of(header, payload)
            written.write_block(next(iter(block.columns.values())).tobytes())
    print(written.rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures by Linux's kibibytes")
@pytest.mark.parametrize("kind", ["npy", "fortran", "npz", "compressed", "csv"])
def test_what_is_resident_does_not_grow_with_the_rows(tmp_path, kind):
    """64 MB of numbers, or 20 MB of text, within 40 MB."""
    rows = np.zeros((2_000_000, 4)) + np.arange(4)
    path, more = tmp_path / "a.npz", []
    if kind in ("npy", "fortran"):
        path, more = tmp_path / "a.npy", ["a,b,c,d"]
        np.save(path, np.asfortranarray(rows) if kind == "fortran" else rows)
    elif kind == "csv":
        path = tmp_path / "a.csv"
        path.write_text("a,b\n" + "12345.678,0.25\n" * 2_000_000)
    else:
        (np.savez if kind == "npz" else np.savez_compressed)(path, m=rows, x=rows[:, 0])
    said = subprocess.run([sys.executable, "-c", SMALL, path, *more], capture_output=True, text=True, check=True).stdout
    count, grown = map(int, said.split())
    assert count == 2_000_000
    assert grown < 40
