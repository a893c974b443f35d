"""Every format: what is written is read again, whatever the cut, from any row on, and after a crash."""

import os
import sys

import numpy as np
import pytest
from batch_tables import KINDS, SIZES, needed, read, same, write
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradcli.batch.tables import open_rows, open_table
from gradcli.errors import GradError

EDGES = [0.0, -0.0, 1.0, -1.5, 1e-5, 0.0001, 1e16, 123456789012345680.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2,
         float("inf"), float("-inf"), float("nan"), 2.0**53, -1e22, 1e23, 4.35, 1 / 3]  # fmt: skip
TABLE = {"value": np.array(EDGES), "d_x[0]": np.array(EDGES[::-1]), "d_x[0,1]": np.arange(len(EDGES)) * 1.0}
BINARY = ("npy", "npz", "parquet")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_what_is_written_is_read_to_the_last_bit_whatever_the_cut(tmp_path, kind, size):
    needed(kind)
    found, bad, numbers = read(write(tmp_path / f"t.{kind}", kind, TABLE), size)
    assert same(found, TABLE)
    assert (bad, numbers) == ([], list(range(1, len(EDGES) + 1)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", [2, 5, len(EDGES), len(EDGES) + 1])
def test_a_table_is_read_from_any_row_on(tmp_path, kind, start):
    needed(kind)
    path = write(tmp_path / f"t.{kind}", kind, TABLE)
    for size in SIZES:
        found, _, numbers = read(path, size, start=start)
        assert same(found, {name: column[start - 1 :] for name, column in TABLE.items()})
        assert numbers == list(range(start, len(EDGES) + 1))


@pytest.mark.parametrize("kind", KINDS)
def test_wanted_columns_come_in_the_order_they_are_wanted(tmp_path, kind):
    needed(kind)
    path = write(tmp_path / f"t.{kind}", kind, TABLE)
    found, _, _ = read(path, 64, wanted=["d_x[0,1]", "value"])
    assert same(found, {"d_x[0,1]": TABLE["d_x[0,1]"], "value": TABLE["value"]})


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_are_no_longer_than_asked(tmp_path, kind):
    needed(kind)
    path = write(tmp_path / f"t.{kind}", kind, TABLE)
    with open_table(str(path)) as table:
        blocks = [*table.blocks(4)]
    assert max(block.rows for block in blocks) <= 4
    assert same({"value": np.concatenate([block.columns["value"] for block in blocks])}, {"value": TABLE["value"]})
    firsts = [block.first_row for block in blocks]
    assert firsts == [1 + sum(block.rows for block in blocks[:k]) for k in range(len(blocks))]


@given(values=arrays(np.float64, st.tuples(st.integers(1, 30), st.just(2))))
def test_any_doubles_go_through_any_format(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("doubles")
    table = {"a": values[:, 0].copy(), "b": values[:, 1].copy()}
    for kind in ("csv", "tsv", "jsonl", "npy", "npz"):
        assert same(read(write(folder / f"t.{kind}", kind, table), 64)[0], table)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_column_is_named_with_the_nearest(tmp_path, kind):
    needed(kind)
    path = write(tmp_path / f"t.{kind}", kind, TABLE)
    with pytest.raises(GradError) as caught:
        read(path, wanted=["valeu"])
    assert caught.value.kind == "name"
    assert caught.value.message == f"{str(path)!r} has no column 'valeu'"
    assert caught.value.hint.startswith("did you mean 'value'?\nits columns are value, d_x[0], d_x[0,1];")


def rows_of(columns):
    return np.stack(list(columns.values()), 1).astype("<f8").tobytes()


@pytest.mark.parametrize("kind", BINARY)
@pytest.mark.parametrize("torn", [0, 1, 23])
def test_what_was_cut_off_goes_on_to_the_same_bytes(tmp_path, kind, torn):
    """A crash leaves whole rows and part of one; the file ends as if nothing had happened."""
    needed(kind)
    whole = write(tmp_path / f"whole.{kind}", kind, TABLE).read_bytes()
    path, names, data = str(tmp_path / f"t.{kind}"), list(TABLE), rows_of(TABLE)
    spool = path if kind == "npy" else path + ".part"
    for rows in (0, 1, len(EDGES) - 1, len(EDGES)):
        written = open_rows(path, names, kind)
        written.write_block(data[: rows * 24])
        written.close()  # without an end, as a crash leaves it
        assert os.path.exists(path) == (kind == "npy")
        assert same(read(spool)[0], {name: column[:rows] for name, column in TABLE.items()})
        with open(spool, "ab") as file:
            file.write(b"?" * torn)
        with open_rows(path, names, kind, resume=True) as written:
            assert written.rows == rows
            assert written.read(0, 2) == data[: min(rows, 2) * 24]
            written.write_block(data[rows * 24 :])
        assert (tmp_path / f"t.{kind}").read_bytes() == whole
        os.unlink(path)


@pytest.mark.parametrize("kind", BINARY)
def test_a_file_that_is_complete_is_taken_up_again(tmp_path, kind):
    needed(kind)
    path = write(tmp_path / f"t.{kind}", kind, TABLE)
    before = path.read_bytes()
    with open_rows(str(path), list(TABLE), kind, resume=True) as written:
        assert written.rows == len(EDGES)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("kind", BINARY)
def test_a_file_of_other_columns_is_not_gone_on_with(tmp_path, kind):
    needed(kind)
    path = write(tmp_path / f"t.{kind}", kind, TABLE)
    before = path.read_bytes()
    with pytest.raises(GradError, match="is not from this run"):
        open_rows(str(path), ["value", "d_y"], kind, resume=True)
    assert path.read_bytes() == before


def test_the_header_of_a_npy_leaves_room_for_any_number_of_rows(tmp_path):
    """So it can be written again in its place."""
    from gradcli.batch.tables.rows_written import header

    for names in (["a"], ["value", "d_x"], ["λ"], [f"d_x[{k}]" for k in range(3000)]):
        assert len({len(header(names, rows)) for rows in (0, 9, 10**12, 2**62)}) == 1
        assert len(header(names, 5)) % 64 == 0
        (tmp_path / "a.npy").write_bytes(header(names, 2) + bytes(16 * len(names)))
        assert list(read(tmp_path / "a.npy")[0]) == names
        if len(names) < 100:  # numpy asks for a greater limit where a header is long
            assert np.load(tmp_path / "a.npy").dtype.names == tuple(names)


def test_records_can_be_seen_as_an_array_of_two_axes(tmp_path):
    path = write(tmp_path / "t.npy", "npy", TABLE)
    found = np.load(path)
    assert np.array_equal(found["value"], TABLE["value"], equal_nan=True)
    assert np.array_equal(found.view("<f8").reshape(-1, 3), np.stack(list(TABLE.values()), 1), equal_nan=True)


def test_numpy_reads_what_npz_holds(tmp_path):
    found = np.load(write(tmp_path / "t.npz", "npz", TABLE))
    assert same({name: found[name] for name in found.files}, TABLE)


def test_npz_and_parquet_want_a_file():
    for kind in ("npz", "parquet"):
        with pytest.raises(GradError, match=f"{kind} is written to a file"):
            open_rows(None, ["value"], kind)


@pytest.mark.skipif(sys.platform == "win32", reason="locks differ")
def test_a_second_writer_is_refused(tmp_path):
    path = str(tmp_path / "t.npz")
    with open_rows(path, ["value"], "npz"), pytest.raises(GradError, match="is being written by another gradcli"):
        open_rows(path, ["value"], "npz")
    with pytest.raises(GradError, match="would be read and written at once"):
        open_rows(path, ["value"], "npz", inputs=[path])
