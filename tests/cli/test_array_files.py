"""Values from files on the command line: .npy, .npz, .csv and .json, and what is wrong with those that are refused."""

import io
import json
import os
import pickle
import random
import warnings
import zipfile

import numpy as np
import pytest
from running import run, shell

from gradcli.errors import GradError
from gradcli.graph.given import from_file

KINDS = [
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64",
]  # fmt: skip
W = np.array([[0, 1, 2], [3, 4, 5]])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved(array, **how):
    """The bytes of a .npy."""
    stream = io.BytesIO()
    np.save(stream, array, **how)
    return stream.getvalue()


def value(word, *more):
    """What `x` is by a word of the command line."""
    said = run("eval", "x", word, *more, "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)["value"]


def refused(word, *more):
    """The block that says why a word is refused."""
    code, out, err = run("eval", "x", word, *more)
    assert (code, out) == (2, "")
    return err


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_every_kind_become_float64(folder, kind, order):
    """Bools and whole numbers too, whatever the order of their bytes."""
    array = W.astype(kind)
    np.save("w.npy", array.astype(array.dtype.newbyteorder(order)))
    assert value("x=@w.npy") == array.astype(float).tolist()


@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 2, 3), (3, 1, 2, 1)])
@pytest.mark.parametrize("form", ["C", "F"])
def test_the_order_of_axes_is_that_of_the_array(folder, shape, form):
    """Fortran's order in the file is no transpose."""
    array = np.asarray(np.arange(6.0).reshape(shape), order=form)
    np.save("w.npy", array)
    assert value("x=@w.npy") == array.tolist()
    assert from_file("w.npy", "x").flags.c_contiguous


def test_an_array_without_axes_is_a_number(folder):
    """In .npy, .npz and .json."""
    np.save("s.npy", np.float32(2.5))
    np.savez("s.npz", np.int8(3))
    (folder / "s.json").write_text(" 4 ")
    assert [value(f"x=@s.{suffix}") for suffix in ("npy", "npz", "json")] == [2.5, 3.0, 4.0]


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_is_read(folder, version):
    """The header is read by hand, and what other writers leave in it is no accident."""
    with open("w.npy", "wb") as file:
        np.lib.format.write_array(file, W, version=version)
    assert value("x=@w.npy") == W.tolist()
    header = b"{ 'shape' : ( 2,3 ),'fortran_order':False , 'descr': \"<f8\"}\n"
    start = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header
    (folder / "w.npy").write_bytes(start + W.astype("<f8").tobytes())
    assert value("x=@w.npy") == W.tolist()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_array_of_an_archive_by_its_name(folder, save):
    """The only one needs no name."""
    save("all.npz", W=W, b=np.ones(2))
    save("one.npz", W=W)
    assert value("x=@all.npz:W") == W.tolist()
    assert value("x=@all.npz:b") == [1.0, 1.0]
    assert value("x=@one.npz") == W.tolist()
    assert sorted(os.listdir(folder)) == ["all.npz", "one.npz"]


@pytest.mark.parametrize(
    ("text", "array"),
    [
        ("1\n2\n3\n", [1.0, 2.0, 3.0]),
        ("1,2,3", [1.0, 2.0, 3.0]),
        ("5\n", [5.0]),
        ("1,2\n3,4\n", [[1.0, 2.0], [3.0, 4.0]]),
        ("a,b\n1,2\n3,4\n", [[1.0, 2.0], [3.0, 4.0]]),
        ("# a column\n1\n2\n", [1.0, 2.0]),
        ('"the, width";"the height"\n1;2\n3;4\n', [[1.0, 2.0], [3.0, 4.0]]),
        ("a\tb\n1\t-2e-3\n", [1.0, -0.002]),
        ("\ufeff1, 2\r\n\r\n3, 4\r\n   \r\n", [[1.0, 2.0], [3.0, 4.0]]),
        ("1,2\r3,4\r", [[1.0, 2.0], [3.0, 4.0]]),
        ('"1.5","2"\n', [1.5, 2.0]),
        ("nan,inf\n-inf,-0\n", [["NaN", "Infinity"], ["-Infinity", -0.0]]),
        ("name,\n1,2\n", [1.0, 2.0]),
    ],
)
def test_a_table_is_a_vector_or_a_matrix(folder, text, array):
    """One column or one row is a vector; a first line without numbers names the columns."""
    (folder / "t.csv").write_bytes(text.encode())
    assert value("x=@t.csv") == array


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("1,2\n3,x\n", "'t.csv', row 2, column 2: 'x' is no number", None),
        ("a,b\n1,2\n3,\n", "'t.csv', row 3, column 2: a number is missing", "write nan where there is none"),
        ("1,2\n\n3\n", "'t.csv', row 3: 1 cell, and 2 in the rows above", "every row has the same number of cells"),
        ("a,b\n1,2,3\n", "'t.csv', row 2: 3 cells, and 2 in the rows above", "every row has the same number of cells"),
        ("1,x\n", "'t.csv', row 1, column 2: 'x' is no number", None),
        ("1 2\n3 4\n", "'t.csv', row 2, column 1: '3 4' is no number",
         "cells are separated by a comma, a semicolon or a tab"),
        ("1,5;2\n", "'t.csv', row 1, column 1: '1,5' is no number", "write a decimal point"),
        ("1,1_000\n", "'t.csv', row 1, column 2: '1_000' is no number", None),
        ("a,b\n", "'t.csv' holds no number", None),
        ("\n\n", "'t.csv' holds no number", None),
        ("", "'t.csv' is empty", None),
        (b"\xff\xfe1\0,\0", "'t.csv' is not UTF-8 text", "save it as UTF-8"),
        ("1," + "9" * 200_000, "'t.csv', row 1: field larger than field limit (131072)", None),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_by_row_and_column(folder, text, message, hint):
    """The row is that of an editor, so blank lines and the header count."""
    (folder / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    block = [f"error: {message}", "  x=@t.csv", "     ^^^^^", *([] if hint is None else [f"  {hint}"])]
    assert refused("x=@t.csv").splitlines() == block


def test_lists_of_json_are_arrays(folder):
    """Nested to any rank, with the three strings that stand for what JSON cannot say."""
    (folder / "x.json").write_text('[[1, "NaN"], ["-Infinity", 2e0]]')
    assert value("x=@x.json") == [[1.0, "NaN"], ["-Infinity", 2.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[1, 2], [3]]", "the value of 'x' in 'x.json' is ragged: x[0] has length 2, x[1] has length 1"),
        ("[[[1], [2]], [[3], 4]]", "the value of 'x' in 'x.json' is ragged: x[0,0] has length 1, x[1,1] is a number"),
        ("[1, [2]]", "the value of 'x' in 'x.json' is ragged: x[0] is a number, x[1] has length 1"),
        ("[]", "the value of 'x' in 'x.json' is an empty array"),
        ("[[], []]", "the value of 'x' in 'x.json' is an empty array"),
        ("[1, null]", "x[1] in 'x.json' has to be a number, and null is none"),
        ("[[1, true]]", "x[0,1] in 'x.json' has to be a number, and true is none"),
        ('"1+1"', "the value of 'x' in 'x.json' has to be a number, and '1+1' is none"),
        ('{"x": 1}', "'x.json' holds an object, and a number or nested lists were expected"),
        ("[NaN]", "NaN is not JSON"),
        ("[1, 2", "'x.json' is not JSON: expecting ',' delimiter"),
        ("[" * 100_000, "'x.json' has more than 32 axes"),
        ("[" * 40 + "1" + "]" * 40, "the value of 'x' in 'x.json' has more than 32 axes"),
    ],
)  # fmt: skip
def test_json_that_is_no_array(folder, text, message):
    """The place is an index, as the language writes it."""
    (folder / "x.json").write_text(text)
    assert refused("x=@x.json").splitlines()[0] == f"error: {message}"


class Bomb:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def test_nothing_is_unpickled(folder):
    """Not in a .npy, not in a .npz, not where the suffix lies."""
    np.save("o.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    np.savez("o.npz", x=np.array([Bomb()], dtype=object))
    (folder / "p.npy").write_bytes(pickle.dumps(Bomb()))
    assert refused("x=@o.npy") == (
        "error: 'o.npy' holds Python objects, which are never unpickled\n"
        "  x=@o.npy\n"
        "     ^^^^^\n"
        "  save real numbers: numpy.save(path, x.astype(float))\n"
    )
    assert "'x' in 'o.npz' holds Python objects" in refused("x=@o.npz")
    assert "'p.npy' has no header of a .npy file" in refused("x=@p.npy")
    assert not (folder / "unpickled").exists()


@pytest.mark.parametrize(
    ("array", "what"),
    [
        (np.array([1j]), "complex numbers"),
        (np.array(["a"]), "text"),
        (np.array([b"a"]), "text"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "dates"),
        (np.array([1], dtype="m8[s]"), "times"),
        (np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "records"),
        (np.zeros(2, dtype="V2"), "records"),
        (np.zeros(2, dtype=np.longdouble), "numbers of the type"),
    ],
)
def test_what_is_no_real_number_is_refused(folder, array, what):
    """By its header, before anything is read."""
    np.save("w.npy", array)
    assert refused("x=@w.npy").startswith(f"error: 'w.npy' holds {what}")


def test_a_header_that_lies_is_found_out(folder):
    """The size of the file is compared with what the header promises before anything is allocated."""
    whole = saved(W.astype(float))
    for said, message in [
        (b"(9, 3)", "fewer bytes than its header says: [9,3] numbers of 8 bytes are 216 bytes"),
        (b"(1, 3)", "more bytes than its header says: [1,3] numbers of 8 bytes are 24 bytes"),
    ]:
        (folder / "w.npy").write_bytes(whole.replace(b"(2, 3)", said))
        assert refused("x=@w.npy").splitlines()[0] == f"error: 'w.npy' has {message}"
    for said in (b"(-2,3)", b"(2, x)", b"[2, 3]"):
        (folder / "w.npy").write_bytes(whole.replace(b"(2, 3)", said))
        assert "'w.npy' has no header of a .npy file" in refused("x=@w.npy")
    (folder / "w.npy").write_bytes(whole.replace(b"(2, 3), }      ", b"(99999999999,)}"))
    assert "has fewer bytes than its header says" in refused("x=@w.npy")
    (folder / "w.npy").write_bytes(whole.replace(b"(2, 3)", b"(0, 3)"))
    assert "'w.npy' is an empty array: [0,3]" in refused("x=@w.npy")
    (folder / "w.npy").write_bytes(whole[:-1])
    assert "it was cut off, or its header is wrong" in refused("x=@w.npy")


def test_an_archive_is_read_no_further_than_its_header_allows(folder):
    """A bomb says how large it gets, or is stopped where it grows past what it said."""
    with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", saved(np.zeros(4_000_000)))
    assert os.path.getsize("bomb.npz") < 40_000
    assert "takes 30.5 MiB, the most is 1 MiB" in refused("x=@bomb.npz", "--max-memory", "1M")
    with zipfile.ZipFile("lie.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", saved(np.zeros(1000)).replace(b"(1000,)", b"(10,)  "))
    assert "'x' in 'lie.npz' has more bytes than its header says" in refused("x=@lie.npz")


@pytest.mark.parametrize(
    ("word", "block"),
    [
        ("x=@all.npz", "'all.npz' holds 2 arrays: 'W', 'b'\n  x=@all.npz\n     ^^^^^^^\n  write x=@all.npz:W\n"),
        ("W=@all.npz", "'all.npz' holds 2 arrays: 'W', 'b'\n  W=@all.npz\n     ^^^^^^^\n  write W=@all.npz:W\n"),
        ("x=@all.npz:B", "'all.npz' holds no array 'B', only 'W', 'b'\n  x=@all.npz:B\n     ^^^^^^^^^\n"),
        ("x=@all.npz:", "'all.npz' holds no array '', only 'W', 'b'\n  x=@all.npz:\n     ^^^^^^^^\n"),
        ("x=@w.npy:W", "only .npz files hold arrays by name, and 'w.npy' is none\n"
                       "  x=@w.npy:W\n     ^^^^^^^\n  leave out ':W'\n"),
        ("x=@", "no file is named after '@'\n  x=@\n     ^\n  write x=@weights.npy, or .npz, .csv, .json\n"),
        ("x = @ no.npy", "cannot read 'no.npy': no such file or directory\n  x = @ no.npy\n        ^^^^^^\n"),
        ("x=@~/w.npy", "cannot read '~/w.npy': no such file or directory\n  x=@~/w.npy\n     ^^^^^^^\n"
                       "  the shell replaces ~ at the beginning of a word only: write $HOME\n"),
        ("x=@w.txt", "'w.txt' is none of the files that hold numbers: .npy, .npz, .csv, .json\n"
                     "  x=@w.txt\n     ^^^^^\n  the suffix says how a file is read\n"),
        ("x=@d.npy", "cannot read 'd.npy': it is a directory\n  x=@d.npy\n     ^^^^^\n"),
        ("x=@p.npy", "cannot read 'p.npy': it is no regular file\n  x=@p.npy\n     ^^^^^\n"),
        ("x=@empty.npy", "'empty.npy' is empty\n  x=@empty.npy\n     ^^^^^^^^^\n"),
        ("x=@text.npz", "'text.npz' is no .npz that can be read: file is not a zip file\n"
                        "  x=@text.npz\n     ^^^^^^^^\n"),
        ("x=@none.npz", "'none.npz' holds no array\n  x=@none.npz\n     ^^^^^^^^\n"
                        "  numpy.savez('all.npz', W=W, b=b) writes one\n"),
        ("x=@a\0.npy", "cannot read 'a\\x00.npy': embedded null byte\n  x=@a\\x00.npy\n     ^^^^^^^^^\n"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read(folder, word, block):
    """The word of the command line with the file underlined, and what to write."""
    np.savez("all.npz", W=W, b=np.ones(2))
    np.save("w.npy", W)
    os.mkdir("d.npy")
    os.mkfifo("p.npy")
    (folder / "empty.npy").touch()
    (folder / "text.npz").write_text("no archive")
    zipfile.ZipFile("none.npz", "w").close()
    assert refused(word) == f"error: {block}"


def test_an_array_over_the_bound_is_refused_before_it_is_read(folder):
    """With the option that allows it."""
    np.save("w.npy", np.zeros(1000))
    (folder / "w.csv").write_text("1.5\n" * 1000)
    (folder / "w.json").write_text(json.dumps([0.0] * 1000))
    for suffix in ("npy", "csv", "json"):
        said = refused(f"x=@w.{suffix}", "--max-memory", "7000")
        assert "6.84 KiB" in said
        assert ("--max-memory allows more" if suffix == "csv" else "--max-memory 8K allows it") in said
        assert len(value(f"x=@w.{suffix}", "--max-memory", "16K")) == 1000


def test_files_are_read_on_the_command_line_and_nowhere_else(folder):
    """Not in a program's own `at`, not in JSON."""
    np.save("w.npy", W)
    assert run("eval", "x at x=@w.npy").code == 2
    (folder / "p.json").write_text('{"x": "@w.npy"}')
    assert "and '@w.npy' is none" in run("eval", "x", "--at", "p.json").err


def test_the_weights_of_a_layer_from_a_shell(folder):
    """Values, gradients and back: the answer's `at` is a point."""
    np.savez("all.npz", W=np.array([[1.0, -2.0], [3.0, 4.0]]), b=np.array([1.0, -1.0]))
    (folder / "x.csv").write_text("1,2\n")
    line = "gradcli grad 'sum(relu(W@x + b)^2)' W=@all.npz:W b=@all.npz:b x=@x.csv"
    assert shell(line) == (0, "f     = 100\n∂f/∂W = [[0, 0], [20, 40]]\n∂f/∂x = [60, 80]\n∂f/∂b = [0, 20]\n", "")
    said = run("grad", "sum(relu(W@x + b)^2)", "W=@all.npz:W", "b=@all.npz:b", "x=@x.csv", "--json").out
    (folder / "point.json").write_text(json.dumps(json.loads(said)["at"]))
    assert run("grad", "sum(relu(W@x + b)^2)", "--at", "point.json", "--json").out == said


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_an_error_and_no_accident(folder, seed):
    """Bytes changed, lost and added at random; every answer is a value or one error."""
    chance = random.Random(seed)
    stream = io.BytesIO()
    np.savez_compressed(stream, W=np.eye(3))
    sound = [("npy", saved(W)), ("npz", stream.getvalue()), ("csv", b"a;b\n1;2\n3;4\n"), ("json", b'[[1,"NaN"],[2,3]]')]
    for _ in range(150):
        suffix, data = chance.choice(sound)
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(damaged) + 1)
            found = chance.choice([b"", b"9", b"9999", b"(", b"[[", b"-", b"\0", b'"'])
            damaged[at : at + chance.randint(0, 2)] = found
        (folder / f"w.{suffix}").write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found = from_file(f"w.{suffix}", "x")
            except GradError as error:
                assert error.kind in ("file", "shape", "value", "limit")
            else:
                assert isinstance(found, float) or found.dtype == np.float64
