"""Files of every kind become chunks of whole lines, or one clear error."""

import gzip
import os
import subprocess
import sys
import threading

import pytest
from batch.chunked import cut, objects, written
from running import surroundings

from gradcli.batch import chunks, records, sources
from gradcli.batch.chunks import LONGEST_LINE, Cutter
from gradcli.errors import GradError

PROGRAMS = "# c\nx^2 at x=3\n\nmax(x, y) at x=1, y=2\nx*\nlast at last=1"
OBJECTS = '{"expr":"x","at":{"x":1}}\n# c\n{"expr":"x*"}\n{"id":"é","expr":"2"}'
TABLE = 'id,expr,x\n1,"max(x, 2)",3\n2,"y=x\ny*y",3\n3,x*,1'


@pytest.mark.parametrize("text", [PROGRAMS, OBJECTS, TABLE], ids=["text", "jsonl", "csv"])
@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text + "\n",
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r\n") + "\r\n",
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("\n", "\r") + "\r",
        lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    ],
    ids=["final newline", "mark", "CRLF", "CRLF at the end", "CR", "CR at the end", "mark and CRLF"],
)
@pytest.mark.parametrize("sizes", [(1 << 20,), (1,), (3, 2)], ids=["at once", "byte by byte", "in bits"])
def test_line_ends_and_marks_change_nothing(text, changed, sizes):
    """The same answers, to the byte."""
    assert written(changed(text).encode(), sizes) == written(text.encode())


def chunks_of(tmp_path, data, name="f"):
    path = tmp_path / name
    path.write_bytes(data)
    return list(sources.tasks([str(path)]))


def refused(*paths):
    """The message and the hint of the error that a file is."""
    with pytest.raises(GradError) as caught:
        list(sources.tasks(list(map(str, paths))))
    assert caught.value.kind in ("file", "name")
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    "data", [b"x,y\n1,2\n", b"# c\r\nx,y\r\n1,2", b"a;b\n1,5;2\n", b"x\ty\n1\t\n", b"x[0],x[1],total sum\n1,-2e3,nan\n"]
)
def test_a_table_of_numbers_is_no_batch(tmp_path, data):
    """It is one for map."""
    file = tmp_path / "t.csv"
    file.write_bytes(data)
    assert refused(file) == (
        f"{str(file)!r} looks like a table of numbers: no column is called 'expr'",
        f"gradcli map EXPR {file} computes EXPR for every row",
    )


@pytest.mark.parametrize("data", [b"x,y\nx+1 at x=1\n", b"max(x, 2) at x=1\n1\n", b"a\n1\n", b"a=1;a\n1;2\n", b"x,y"])
def test_what_may_be_programs_is_answered(tmp_path, data):
    """An error may stand in the place of each."""
    assert chunks_of(tmp_path, data)


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [("a.npz", "an archive of numpy arrays", "gradcli map EXPR {} reads the columns of one"),
     ("a.xlsx", "a spreadsheet", "save it as CSV"), ("a.zip", "a zip archive", "unpack it first")],
)  # fmt: skip
def test_an_archive_is_told_by_its_name(tmp_path, name, what, hint):
    """All of them begin as a zip archive does."""
    file = tmp_path / name
    file.write_bytes(b"PK\x03\x04" + bytes(20))
    assert refused(file) == (f"{str(file)!r} is no text: it is {what}", hint.format(file))


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"# c\n", b"\n\n# c", b"\r"])
def test_an_empty_file_has_no_chunks_that_answer(tmp_path, data):
    """Nor has one of comments."""
    assert all(not payload for _, payload in chunks_of(tmp_path, data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("x at x=1\n".encode("utf-16"), "is not UTF-8 text (byte 0xff at 0); UTF-16?"),
        ("x at x=1\n".encode("utf-16-le"), "is not UTF-8 text (byte 0x00 at 1); UTF-16?"),
        ("x at x=1\n".encode("utf-16-be"), "is not UTF-8 text (byte 0x00 at 0); UTF-16?"),
        (gzip.compress(b"x at x=1\n", mtime=0), "is no text: it is compressed"),
        (b"PAR1\x15\x04", "is no text: it is a Parquet file"),
        (b"\x93NUMPY\x01\0", "is no text: it is a numpy array"),
        (b"PK\x03\x04....", "is no text: it is a zip archive"),
        (b'[{"expr":"x"}]', "is an array of JSON, and objects on lines of their own are expected"),
        (b'[\n  {"expr":"x"}\n]\n', "is an array of JSON, and objects on lines of their own are expected"),
        (b"formula,x\nx,1\n", "looks like a CSV, and no column is called 'expr'"),
        (b"Expr;x\nx;1\n", "looks like a CSV, and no column is called 'expr'"),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_a_file_that_is_none_for_us_is_refused_whole(tmp_path, data, message):
    """Before anything is answered."""
    path = tmp_path / "f"
    path.write_bytes(data + b"\n" * (not data.endswith(b"\n")))
    assert refused(path)[0] == f"{str(path)!r} {message}"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("expr,x,x", "'x' is the name of columns 2 and 3 of {}"),
        ("expr,x,expr", "'expr' is the name of columns 1 and 3 of {}"),
        (",expr,x", "column 1 of {} has no name"),
        ("expr,x y", "column 2 of {} is called 'x y', which is no name"),
        ("expr,x[0],x[2]", "in {}: there is no column 'x[1]', and 'x' is an array of 3"),
        ("expr,x,x[0]", "in {}: the columns 'x' and 'x[0]' do not fit together"),
        ("expr,x[-1]", "column 2 of {} is called 'x[-1]', which is no name"),
        ("expr,at", "column 2 of {} is called 'at'"),
        ("expr,1", "column 2 of {} is called '1', which is no name"),
    ],
)
def test_columns_that_cannot_be(tmp_path, header, message):
    """Two of one name, none, no name."""
    path = tmp_path / "f"
    path.write_text(header + "\nx,1\n")
    assert refused(path)[0] == message.format(repr(str(path)))


def test_very_many_columns():
    """Are answered."""
    names = ",".join(f"x{number}" for number in range(100_000))
    found = objects(f"expr,{names}\nx7*x99999,{'2,' * 99_999}3\n")
    assert (found[0]["value"], found[0]["gradients"]["x7"]) == (6.0, 3.0)


def test_what_cannot_be_read_is_named(tmp_path):
    """Missing, a directory, no permission, a name that no file has."""
    assert refused(tmp_path / "none")[0] == f"cannot read {str(tmp_path / 'none')!r}: no such file or directory"
    hint = f"name its files, as in {tmp_path}/*"
    assert refused(tmp_path) == (f"cannot read {str(tmp_path)!r}: is a directory", hint)
    assert "null byte" in refused("a\0b")[0]
    if os.geteuid():
        (tmp_path / "f").touch(mode=0)
        assert "permission denied" in refused(tmp_path / "f")[0]


def test_no_answer_is_given_before_a_file_is_found_missing(tmp_path):
    """All files are looked at first."""
    (tmp_path / "f").write_text("1+1\n")
    with pytest.raises(GradError):
        sources.tasks([str(tmp_path / "f"), str(tmp_path / "none")])


def test_files_are_numbered_on(tmp_path):
    """Chunks count over all files, lines in each."""
    for name in "ab":
        (tmp_path / name).write_text("1+1\n2+2\n")
    found = list(sources.tasks([str(tmp_path / name) for name in "ab"]))
    places = [(header["number"], header["first"], header["file"][-1]) for header, _ in found]
    assert places == [(0, 1, "a"), (1, 1, "b")]


def test_a_pipe_gives_what_is_there(tmp_path):
    """A line that has come is a chunk, though the pipe is still open."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got = threading.Event()

    def write():
        with open(path, "wb", buffering=0) as pipe:
            pipe.write(b"x at x=1234567\n")
            assert got.wait(20)
            pipe.write(b"2\n")

    writer = threading.Thread(target=write)
    writer.start()
    found = []
    for _, payload in sources.tasks([str(path)]):
        found.append(payload)
        got.set()
    writer.join()
    assert found == [b"x at x=1234567\n", b"2\n"]


# --- lines without end


@pytest.mark.parametrize("start", [b"", b'{"expr":"1"}\n', b"expr,x\n1,2\n"], ids=["text", "jsonl", "csv"])
@pytest.mark.parametrize("sizes", [(1 << 16,), (1 << 24,), (LONGEST_LINE, 7)], ids=["small", "at once", "odd"])
def test_a_line_that_is_too_long_is_an_error_in_its_place(start, sizes):
    """Wherever the blocks end; the lines around it are answered."""
    lines = start.count(b"\n")
    after = b'{"expr":"1"}\n' if b"{" in start else b"1,2\n" if start else b"1+1\n"
    data = start + b"x+" * (LONGEST_LINE // 2 + 1) + b"x\n" + after
    found = objects(data, sizes)
    assert found[-2] == {
        "line": lines + 1,
        "error": {"kind": "limit", "message": "the line is longer than 8 MiB", "hint": "a program may have 1 MiB"},
    }
    assert (found[-1]["line"], "value" in found[-1]) == (lines + 2, True)


def test_a_line_that_is_too_long_takes_little_memory():
    """Ten times the bound, and nothing of it is kept."""
    code = (
        "import resource, sys\n"
        "from gradcli.batch.sources import tasks\n"
        "from gradcli.batch.lines import work\n"
        "from gradcli.batch.settings import Settings\n"
        "do = work(Settings().spec())\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for task in tasks(['-']):\n"
        "    sys.stdout.write(do(*task)[1].decode())\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    data = b"1+1\n" + b"x" * (10 * LONGEST_LINE) + b"\n2+2\n"
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True, env=surroundings())
    *answers, grown = done.stdout.decode().splitlines()
    assert [number for number in range(1, 4) if f'"line":{number},' in answers[number - 1]] == [1, 2, 3]
    assert int(grown) < 60 << 10


def test_an_open_quote_over_many_lines_is_given_up():
    """Not the rest of the file."""
    data = b'expr,x\n"x,1\n' + b"x,2\n" * (LONGEST_LINE // 4 + 10)
    found = cut(data, (1 << 20,))
    assert [header["first"] for header, _ in found if header.get("refused")] == [2]
    assert sum(payload.count(b"\n") for _, payload in found) == LONGEST_LINE // 4 + 10


def test_a_line_is_too_long_or_unclosed_whatever_the_blocks_are(monkeypatch):
    """A quote that nothing closes costs its own line; so does a record that is longer than a line may be."""
    monkeypatch.setattr(chunks, "LONGEST_LINE", 40)
    monkeypatch.setattr(chunks, "SOON", 8)
    table = b'expr,x\n1,"2"\n"x*2,1\nx,3\nx,4\n' + b'x","1\n' * 20 + b'"x",5\nx' + b"," * 90 + b"\nx,6\n"
    text = b"1\n" + b"1+" * 100 + b"1\n2\n" + b"1+" * 30
    for data in (table, text):
        expected = written(data, (1,))
        assert b"nothing closes it" in expected or b"longer" in expected
        assert all(written(data, sizes) == expected for sizes in [(1 << 20,), (2, 3), (7,), (39, 1), (64,)])


def test_long_lines_and_unclosed_quotes_take_no_longer_than_they_are(monkeypatch):
    """What was looked through is not looked through again with every block."""
    looked = []
    monkeypatch.setattr(records, "last_end", lambda text, _: looked.append(len(text)) or 0)
    monkeypatch.setattr(chunks, "LONGEST_LINE", 1 << 20)
    cutter = Cutter("f")
    for block in [b"expr,x\n", *[b'"x,1\n' * 500] * 400]:
        list(cutter.feed(block))
    assert sum(looked) < 4 << 20


def test_the_limit_of_cells_is_left_as_it_was():
    """It is one for the whole process: whoever reads CSV beside a batch has the usual one."""
    import csv

    usual = csv.field_size_limit()
    with records.long_cells():
        assert len(next(csv.reader(["1" * (usual + 1)]))[0]) == usual + 1
    assert csv.field_size_limit() == usual == 131_072
