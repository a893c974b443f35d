"""Programs and points from files and from standard input."""

import json

import pytest
from running import run


@pytest.fixture
def file(tmp_path):
    def write(content: str | bytes) -> str:
        path = tmp_path / "input"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


@pytest.mark.parametrize(
    "content", ["a = x*x\na*y", "a = x*x\r\na*y\r\n", "\ufeffa = x*x; a*y", "# a comment\na=x*x\n\na*y\n"]
)
def test_a_program_from_a_file(file, content):
    """Every ending of lines and a mark of byte order are the same program; all words give values."""
    assert run("eval", "--file", file(content), "x=2", "y=3") == (0, "12\n", "")
    assert run("eval", "-", "x=2", "y=3", stdin=content.encode()) == (0, "12\n", "")


def test_a_point_from_a_file_and_words_that_win_over_it(file):
    """JSON takes numbers and the three strings; what stands on the command line was meant now."""
    point = file('{"x": 2, "y": -0.5e1, "z": "Infinity"}')
    assert json.loads(run("grad", "x*y + 0*w", "--at", point, "y=3", "w=1", "--json").out)["at"] == {
        "x": 2.0, "y": 3.0, "w": 1.0, "z": "Infinity",
    }  # fmt: skip


def test_our_own_output_is_input(file):
    """`at` of an answer can be given back."""
    first = json.loads(run("grad", "sum(x*y*W)", "x=nan", "y=-inf", "W=[[1,nan,-inf]]", "--json").out)
    again = json.loads(run("grad", "sum(x*y*W)", "--at", file(json.dumps(first["at"])), "--json").out)
    assert again == first
    assert first["at"]["W"] == [[1.0, "NaN", "-Infinity"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, 2]", "holds no JSON object"),
        ("2", "holds no JSON object"),
        ('{"x": []}', "the value of 'x' in PATH is an empty array"),
        ('{"x": [[1, 2], [3]]}', "the value of 'x' in PATH is ragged: x[0] has length 2, x[1] has length 1"),
        ('{"x": [1, [2]]}', "the value of 'x' in PATH is ragged: x[0] is a number, x[1] has length 1"),
        ('{"x": [[1], 2]}', "the value of 'x' in PATH is ragged: x[0] has length 1, x[1] is a number"),
        ('{"x": [[1, 2], [3, null]]}', "x[1,1] in PATH has to be a number, and null is none"),
        ('{"x": [[1, 2], [3, "y"]]}', "x[1,1] in PATH has to be a number, and 'y' is none"),
        ('{"x": [{}]}', "x[0] in PATH has to be a number, and an object is none"),
        ('{"x": ' + "[" * 40 + "1" + "]" * 40 + "}", "the value of 'x' in PATH has more than 32 axes"),
        ('{"x": {"y": 1}}', "the value of 'x' in PATH has to be a number, and an object is none"),
        ('{"x": true}', "the value of 'x' in PATH has to be a number, and true is none"),
        ('{"x": null}', "the value of 'x' in PATH has to be a number, and null is none"),
        ('{"x": "1+1"}', "the value of 'x' in PATH has to be a number, and '1+1' is none"),
        ('{"x": NaN}', "NaN is not JSON"),
        ('{"x": 1, "x": 2}', "'x' gets a value twice in PATH"),
        ('{"2x": 1}', "'2x' in PATH is no name"),
        ('{"": 1}', "'' in PATH is no name"),
        ("[" * 100_000, "PATH is nested too deeply"),
        ("", "PATH is empty"),
        ("x", "PATH is not JSON: expecting value"),
        ('{"x": 1', "PATH is not JSON: expecting ',' delimiter"),
        (b"\xff\xfe{\0}\0", "PATH is not UTF-8 text (byte 0xff at 0); UTF-16?"),
        (b'{"x": \xe9}', "PATH is not UTF-8 text (byte 0xe9 at 6)"),
        (b" " * 70_000_000, "PATH is longer than 64 MiB"),
    ],
)
def test_a_point_that_is_none(file, content, message):
    """What was found, and where; never a traceback."""
    path = file(content)
    code, out, err = run("eval", "x", "--at", path)
    assert (code, out) == (2, "")
    assert message in err.replace(repr(path), "PATH").splitlines()[0]


def test_huge_integers_are_numbers(file):
    """JSON has no bound on digits; float64 has."""
    assert run("eval", "x", "--at", file('{"x": 1' + "0" * 6000 + "}")).out == "inf\n"


def test_a_place_in_a_broken_point_is_marked(file):
    """The line, and the column under it."""
    err = run("eval", "x", "--at", file('{"x": 1,\n "y" 2}')).err
    assert err.splitlines()[1:] == ['   "y" 2}', "       ^"]


def test_standard_input_is_read_once():
    """It cannot be both the program and the point."""
    assert run("eval", "-", "--at", "-", stdin=b"{}").err == (
        "error: standard input can be read only once: by the expression or by --at\n"
    )
    assert run("eval", "x", "--at", "-", stdin=b'{"x": 2}').out == "2\n"
    assert run("eval", "--file", "-", "x=2", stdin=b"x*x").out == "4\n"


def test_a_nul_in_a_path_is_no_accident():
    """The operating system has no such name."""
    assert run("eval", "--file", "a\0b").err == "error: cannot read 'a\\x00b': embedded null byte\n"
