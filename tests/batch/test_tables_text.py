"""CSV, TSV and JSON Lines as people and programs leave them: numbers, faults and their places, hostile files."""

import json
import random

import numpy as np
import pytest
from batch_tables import SIZES, read, same
from hypothesis import given
from hypothesis import strategies as st

from gradcli.batch.tables import POLICIES, open_table, refusal
from gradcli.batch.tables.cells import number
from gradcli.errors import GradError


def table(tmp_path, text, name="data.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path, **how):
    with pytest.raises(GradError) as caught:
        read(path, **how)
    return caught.value.message.replace(str(path), path.name)


XY = {"x": np.array([1.0, 3.0]), "y": np.array([2.0, 4.0])}


@pytest.mark.parametrize(
    "text",
    [
        "x,y\n1,2\n3,4\n", "x,y\n1,2\n3,4", "x,y\r\n1,2\r\n3,4\r\n", "x,y\r1,2\r3,4", "\ufeffx,y\n1,2\n3,4\n",
        "x;y\n1;2\n3;4\n", "x\ty\n1\t2\n3\t4\n", " x , y \n 1 ,  2\n3, 4 \n", '"x","y"\n"1","2"\n"3","4"\n',
        "x, y\n1, 2\n\n   \n3, 4\n\n", '"x",y\n"1" , 2\n 3,"4"\n', "# x,y\n1,2\n3,4\n",
        "# made by hand\nx,y\n1,2\n3,4\n", "\n\nx,y\n1.,2e0\n+3,.4E+1\n",
    ],
)  # fmt: skip
def test_the_same_table_in_many_spellings(tmp_path, text):
    for size in SIZES:
        found, bad, _ = read(table(tmp_path, text), size)
        assert same(found, XY) and not bad


def test_a_byte_order_mark_and_compression_do_not_matter(tmp_path):
    import gzip

    path = table(tmp_path, gzip.compress(b"x,y\n1,2\n3,4\n"), "data.csv.gz")
    assert same(read(path)[0], XY)


@pytest.mark.parametrize(
    "broken", [lambda data: data[:-12], lambda data: data[:40], lambda data: data[:-8] + b"\0" * 8]
)
def test_text_whose_packing_is_broken_is_refused(tmp_path, broken):
    """It is cut off, or its sum is another."""
    import gzip

    text = "x,y\n" + "".join(f"{k / 7},{k / 3}\n" for k in range(5000))
    path = table(tmp_path, broken(gzip.compress(text.encode())), "data.csv.gz")
    with pytest.raises(GradError, match=r"cannot read|is cut off"):
        read(path)



CELLS = {
    "nan": "nan", "NaN": "nan", "inf": "inf", "-Infinity": "-inf", "1e400": "inf", "-1e-400": "-0.0", " 5 ": "5.0",
    "00012": "12.0", "1e5": "100000.0", "-0": "-0.0", "123456789012345678901234567890": "1.2345678901234568e+29",
    "0.1e-0005": "1e-06", "9007199254740993": "9007199254740992.0", "\t7": "7.0",
}  # fmt: skip
FAULTS = {
    "abc": "'abc' is no number", "": "a number is missing", "  ": "a number is missing",
    "1_000": "'1_000' is no number: write it without '_'", "0x10": "'0x10' is no number: write it in decimal",
    '"1,000"': "'1,000' is no number: write it without the thousands' separators",
    '"1,5"': "'1,5' is no number: write a decimal point", "1.2.3": "'1.2.3' is no number", "--1": "'--1' is no number",
    "1e": "'1e' is no number", "N/A": "'N/A' is no number: write nan where there is none", "२": "'२' is no number",
    "1 2": "'1 2' is no number", "-": "'-' is no number: write nan where there is none", "1-1": "'1-1' is no number",
}  # fmt: skip


@pytest.mark.parametrize(("cell", "value"), CELLS.items())
def test_cells_that_are_numbers(tmp_path, cell, value):
    found, bad, _ = read(table(tmp_path, f"x,y\n1,{cell}\n"))
    assert (repr(float(found["y"][0])), bad) == (value, [])


@pytest.mark.parametrize(("cell", "fact"), FAULTS.items())
def test_cells_that_are_none(tmp_path, cell, fact):
    path = table(tmp_path, f"x,y\n1,2\n\n3,{cell}\n5,6\n")
    for size in SIZES:
        _, bad, _ = read(path, size)
        assert [*map(tuple, bad)] == [(2, 4, "y", fact)]
    error = refusal("data.csv", bad[0])
    assert error.message == f"data.csv, row 2, column y: {fact}"
    assert error.hint.startswith("line 4 of the file; --bad-rows skip")


BAD = "x,t,y\n1,a,2\n3,b,four\n5\n,,\n6,c,7,8\n9,d,10\n"


@pytest.mark.parametrize("size", SIZES)
def test_bad_rows_end_the_table_or_are_left_out_or_nan(tmp_path, size):
    path = table(tmp_path, BAD)
    facts = [(2, 3, "y", "'four' is no number"), (3, 4, "", "1 cell, and the header has 3"),
             (4, 5, "x", "a number is missing"), (5, 6, "", "4 cells, and the header has 3")]  # fmt: skip
    wanted = ["y", "x"]
    first = next(block for block in blocks(path, wanted=wanted) if block.bad)
    assert (first.rows, [*map(tuple, first.bad)]) == (1, facts[:1])
    found, bad, numbers = read(path, size, wanted=wanted, bad_rows="skip")
    assert (found["y"].tolist(), numbers, [*map(tuple, bad)]) == ([2.0, 10.0], [1, 6], facts)
    found, bad, numbers = read(path, size, wanted=wanted, bad_rows="nan")
    assert same(found, {"y": np.array([2, *[np.nan] * 4, 10]), "x": np.array([1, *[np.nan] * 4, 9])})
    assert (numbers, [*map(tuple, bad)]) == ([1, 2, 3, 4, 5, 6], facts)


def blocks(path, **how):
    with open_table(str(path), **how) as opened:
        return [*opened.blocks(64)]


def test_columns_that_nobody_wants_are_not_looked_at(tmp_path):
    path = table(tmp_path, 'name,x,x\n"a, ""b""\nc",1,?\n"",2,\n')
    assert read(path, columns=["name", "x", "z"], wanted=["x"])[0]["x"].tolist() == [1.0, 2.0]


QUOTED = 'x,t,y\n1,"a\nb, ""c""\n\nd",2\n3,5" pipe,4\n5,"e,\n",6\n'


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("size", SIZES)
def test_a_quote_that_is_never_closed_costs_no_rows_in_silence(tmp_path, size, policy):
    path = table(tmp_path, 'x,y\n1,2\n3,4\n5,"6\n7,8\n9,10\n')
    message = "data.csv, line 4: a quote opens in this row and is never closed"
    assert refused(path, size=size, bad_rows=policy) == message
    closed = table(tmp_path, 'x,y\n1,2\n3,4"5"\n')
    assert same(read(closed, size, bad_rows="skip")[0], {"x": np.array([1.0]), "y": np.array([2.0])})


@pytest.mark.parametrize("size", range(1, 40, 3))
def test_quoted_cells_hold_line_ends_and_quotes_may_stand_anywhere(tmp_path, size):
    found, bad, numbers = read(table(tmp_path, QUOTED), size, wanted=["x", "y"])
    assert (found["x"].tolist(), found["y"].tolist(), bad, numbers) == ([1, 3, 5], [2, 4, 6], [], [1, 2, 3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'data.csv' is empty"),
        ("1,2\n3,4\n", "'data.csv' has no header: its first row holds numbers only"),
        ("x,x\n1,2\n", "two columns of 'data.csv' are named 'x'"),
        ("x,y\n1,2\n".encode("utf-16"), "'data.csv' is UTF-16 text"),
        ("x,y\n1,2\n".encode("utf-16-be"), "'data.csv' holds a NUL byte, which is in no text"),
        ("x,y\n1,2\n".encode("utf-16-le"), "'data.csv' is UTF-16 text"),
        (b"x,y\n1,\0\n", "'data.csv' holds a NUL byte, which is in no text"),
        (b"x,\xff\n1,2\n", "'data.csv' is not UTF-8 text: byte 0xff in its header"),
        (b"x\n" + b"1" * ((1 << 25) + 1), "a line of 'data.csv' is longer than 32 MiB"),
    ],
)
def test_files_that_are_refused(tmp_path, text, message):
    assert refused(table(tmp_path, text)) == message


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    assert same(read(table(tmp_path, "x,y\n"))[0], {"x": np.empty(0), "y": np.empty(0)})


def test_names_for_a_table_without_a_header(tmp_path):
    assert same(read(table(tmp_path, "1,2\n3,4\n"), columns=["x", "y"])[0], XY)
    assert same(read(table(tmp_path, "a,b\n1,2\n3,4\n"), columns=["x", "y"])[0], XY)
    assert refused(table(tmp_path, "1,2\n"), columns=["x"]) == "'data.csv' has 2 columns, and the names are 1: x"


def test_a_long_line_and_many_columns(tmp_path):
    width = 20_000
    text = ",".join(f"c{k}" for k in range(width)) + "\n" + ",".join(map(str, range(width))) + "\n"
    assert read(table(tmp_path, text), wanted=["c19999", "c0"])[0]["c19999"].tolist() == [19999.0]
    long = "x,t\n1," + "a" * 10_000_000 + "\n2,b\n"
    assert read(table(tmp_path, long), wanted=["x"])[0]["x"].tolist() == [1.0, 2.0]


spellings = st.one_of(
    st.floats().map(repr), st.floats().map("{:.17e}".format), st.floats(-1e9, 1e9).map("{:.3f}".format),
    st.integers(-(10**25), 10**25).map(str),
    st.from_regex(r"[-+]?[0-9]{0,24}\.?[0-9]{0,24}([eE][-+]?[0-9]{1,4})?", fullmatch=True),
    st.text("0123456789.eE+- _xnaif\t", max_size=12),
)  # fmt: skip


@given(cells=st.lists(spellings.filter(lambda cell: "\n" not in cell and "\r" not in cell), min_size=1, max_size=40))
def test_a_cell_is_what_float_says(tmp_path_factory, cells):
    """To the last bit, or no number at all."""
    path = table(tmp_path_factory.mktemp("cells"), "k,x\n" + "".join(f"{k},{cell}\n" for k, cell in enumerate(cells)))
    found, bad, _ = read(path, 100, bad_rows="nan")
    expected = []
    for cell in cells:
        try:
            expected.append(number(cell))
        except ValueError:
            expected.append(None)
    assert [row.row - 1 for row in bad] == [k for k, value in enumerate(expected) if value is None]
    for value, wanted in zip(found["x"].tolist(), expected, strict=True):
        assert repr(value) == ("nan" if wanted is None else repr(wanted))


def test_decimals_are_correctly_rounded(tmp_path):
    """Random bit patterns, numbers half way between two doubles, and their neighbours."""
    rng = random.Random(5)
    cells = [repr(np.uint64(rng.getrandbits(64)).view(np.float64).item()) for _ in range(20_000)]
    for _ in range(20_000):
        whole, power = 2 * rng.randrange(1 << 52, 1 << 53) + 1, rng.randrange(0, 10)
        cells.append(str((whole << power) + rng.choice([-1, 0, 0, 1])))
        cells.append(f"{rng.randrange(10**17, 10**19)}e{rng.randrange(-330, 300)}")
        cells.append(f"{rng.randrange(10**6)}.{rng.randrange(10**13):013}")
    found, bad, _ = read(table(tmp_path, "x\n" + "\n".join(cells) + "\n"), 1 << 16)
    assert not bad
    assert [*map(repr, found["x"].tolist())] == [repr(float(cell)) for cell in cells]


OBJECTS = """\
{"x": 1, "v": [2, 3], "m": [[1, 2], [3, 4]], "t": "text", "o": {"a": 1}}

{"x": "NaN", "v": ["Infinity", -0], "m": [[5, 6], [7, 8]]}
{"v": [4, 1e400], "m": [[9, 10], [11, 12]], "x": 12345678901234567890123}
"""


@pytest.mark.parametrize("size", SIZES)
def test_objects_hold_numbers_and_lists(tmp_path, size):
    path = table(tmp_path, OBJECTS, "data.jsonl")
    names = ["x", "v[0]", "v[1]", "m[0,0]", "m[0,1]", "m[1,0]", "m[1,1]"]
    with open_table(str(path)) as objects:
        assert objects.names == [*names, "t"]  # text is a column, of bad rows, as in any other table
    found, bad, numbers = read(path, size, wanted=names)
    assert same({"x": found["x"]}, {"x": np.array([1.0, np.nan, 12345678901234567890123.0])})
    assert same({"v": found["v[1]"]}, {"v": np.array([3.0, -0.0, np.inf])})
    assert found["m[1,0]"].tolist() == [3.0, 7.0, 11.0]
    assert (bad, numbers) == ([], [1, 2, 3])


LINES = {
    '{"x": null, "v": [1, 2]}': ("x", "a number is missing"),
    '{"v": [1, 2]}': ("x", "a number is missing"),
    '{"x": 1, "v": [1]}': ("v[0]", "1 number, and 2 in the first rows"),
    '{"x": 1, "v": 5}': ("v[0]", "a list of 2 was expected, 5 found"),
    '{"x": true, "v": [1, 2]}': ("x", "true is no number"),
    '{"x": "1", "v": [1, 2]}': ("x", '"1" is no number'),
    '{"x": NaN, "v": [1, 2]}': ("", 'NaN is not JSON: write "NaN", with quotes'),
    '{"x": 1, "v": [1, 2]': ("", "not JSON: expecting ',' delimiter, column 21 of the line"),
    "[1, 2]": ("", "an object was expected"),
    '{"x": ' + "[" * 100_000: ("", "its lists or numbers are too long or too deep"),
}


@pytest.mark.parametrize("line", LINES)
def test_objects_that_are_bad_rows(tmp_path, line):
    path = table(tmp_path, f'{{"x": 1, "v": [2, 3]}}\n\n{line}\n{{"x": 4, "v": [5, 6]}}\n', "data.jsonl")
    for size in (1, 1 << 20):
        found, bad, numbers = read(path, size, bad_rows="skip")
        assert [*map(tuple, bad)] == [(2, 3, *LINES[line])]
        assert (found["v[1]"].tolist(), numbers) == ([3.0, 6.0], [1, 3])


def test_objects_read_by_orjson_are_the_same(tmp_path, monkeypatch):
    pytest.importorskip("orjson")
    from gradcli.batch.tables import objects

    rng = random.Random(7)
    numbers = [np.uint64(rng.getrandbits(64)).view(np.float64).item() for _ in range(5000)]
    lines = [json.dumps({"x": value}) for value in numbers if np.isfinite(value)]
    edges = ("-0", "18446744073709551616", "1e400", "1e-400", '1, "x": 2', '"\\ud800"')
    lines += [f'{{"x": {text}}}' for text in edges]
    path = table(tmp_path, "\n".join(lines), "data.jsonl")
    by_orjson = read(path, 4096, bad_rows="nan")
    monkeypatch.setattr(objects, "_loads", lambda: None)
    by_json = read(path, 4096, bad_rows="nan")
    assert same(by_orjson[0], by_json[0])
    assert by_orjson[1] == by_json[1]
