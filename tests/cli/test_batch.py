"""`gradcli batch` as a shell user meets it: files, pipes, formats, exit codes, and a word at the end."""

import csv
import io
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from running import command, run, shell, surroundings

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "samples").glob("batch.*.out"))
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"


@pytest.mark.parametrize("expected", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_prints_what_stands_beside_it(expected, monkeypatch):
    """The first line is the command, the rest its whole output; GRADCLI_REWRITE=1 writes down what is printed now."""
    monkeypatch.chdir(ROOT)
    line, _, out = expected.read_text("utf-8").partition("\n")
    said = run(*line.removeprefix("$ gradcli ").split())
    if REWRITE:
        expected.write_text(f"{line}\n{said.out}", "utf-8")
    assert said.out == out
    assert said.code == ('"error"' in out)
    assert ("failed" in said.err) == ('"error"' in out)


def test_there_are_samples():
    """One for each format."""
    assert [path.stem for path in SAMPLES] == ["batch.csv", "batch.jsonl", "batch.txt"]


def test_a_good_run_is_silent_on_standard_error():
    """And ends with 0."""
    assert run("batch", "-", stdin=b"x^2 at x=3\n") == (0, '{"line":1,"value":9.0,"gradients":{"x":6.0}}\n', "")


def test_an_empty_input_is_answered_by_nothing():
    """It is no error."""
    assert run("batch", "-", stdin=b"") == (0, "", "")


def test_what_failed_is_summed_up():
    """By kind, the commonest first, with the first place of each; the exit code is 1."""
    code, out, err = run("batch", "-", stdin=b"1+1\nsigmod(1)\nx*\n(\n2\n")
    assert (code, out.count("\n")) == (1, 5)
    first, *rest = err.splitlines()
    assert first.startswith("5 lines in ") and first.endswith(" s: 2 answered, 3 failed")
    assert rest == [
        "  2 syntax  first at line 3: end found, an expression expected",
        "  1 name    first at line 2: unknown function 'sigmod'",
    ]


def test_quiet_says_nothing():
    """The exit code still does."""
    assert run("batch", "-", "--quiet", stdin=b"x*\n")[::2] == (1, "")


def test_several_files_are_named_in_every_answer(tmp_path):
    """In the order of the command line."""
    for name, text in (("a", "x*"), ("b", '{"id":7,"expr":"2"}')):
        (tmp_path / name).write_text(text)
    code, out, err = run("batch", str(tmp_path / "a"), str(tmp_path / "b"))
    first, second = map(json.loads, out.splitlines())
    assert list(first) == ["file", "line", "error"]
    assert second == {"file": str(tmp_path / "b"), "id": 7, "value": 2.0, "gradients": {}}
    assert code == 1 and f"first at {tmp_path / 'a'}, line 1: end found" in err


def test_fail_fast_shows_the_first_error_as_a_one_off_question_does(tmp_path):
    """The answers before it are written; nothing comes after it."""
    file = tmp_path / "f"
    file.write_text("1+1\n# c\n1/sigmod(2)\n3\n")
    code, out, err = run("batch", str(file), "--fail-fast")
    assert (code, out) == (1, '{"line":1,"value":2.0,"gradients":{}}\n')
    assert err == (
        f"error: {file}, line 3: unknown function 'sigmod'\n  1/sigmod(2)\n    ^^^^^^\n  did you mean 'sigmoid'?\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no file given"),
        (["-", "-"], "standard input can be read only once"),
        (["/nonexistent"], "cannot read '/nonexistent': no such file or directory"),
        (["/"], "cannot read '/': is a directory"),
        (["-", "--at", "x=y"], "the value of 'x' has to be a number, and 'y' is none"),
        (["-", "--at", "/nonexistent"], "cannot read '/nonexistent': no such file or directory"),
        (["-", "--format", "tabel"], "--format has to be one of jsonl, csv, table; 'tabel' given"),
        (["-", "--order", "21"], "--order has to be a whole number from 0 to 20; '21' given"),
        (["-", "--format", "table", "-o", "f"], "a table goes to standard output"),
    ],
)
def test_a_wrong_command_line_is_refused(words, message):
    """Exit code 2, and nothing on standard output."""
    code, out, err = run("batch", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}\n")


def test_values_for_every_line(tmp_path):
    """From --at, from a file of JSON, arrays and files of arrays too."""
    point = tmp_path / "p.json"
    point.write_text('{"x": 2, "y": [1, 2]}')
    (tmp_path / "w.csv").write_text("1\n2\n3\n")
    for at in ("x=2,y=[1,2]", str(point)):
        found = [json.loads(line) for line in run("batch", "-", "--at", at, stdin=b"x^2\nsum(y)*x\n").out.splitlines()]
        assert [answer["value"] for answer in found] == [4.0, 6.0]
    assert '"value":6.0' in run("batch", "-", "--at", f"w=@{tmp_path / 'w.csv'}", stdin=b"sum(w)").out


@pytest.mark.parametrize(("order", "members"), [("0", 2), ("1", 3), ("2", 4), ("3", 5)])
def test_an_order_says_how_much_is_answered(order, members):
    """Value, gradients, Hessian, further derivatives."""
    found = json.loads(run("batch", "-", "--order", order, stdin=b"x^3*y at x=2, y=1").out)
    names = ["line", "value", "gradients", "hessian", "derivatives"][:members]
    assert list(found) == names
    if order == "3":
        assert found["derivatives"] == {"x": [12.0, 12.0, 6.0], "y": [8.0, 0.0, 0.0]}


# --- formats for people


def rows(*words, stdin):
    """The rows of a CSV, by column."""
    return list(csv.DictReader(io.StringIO(run("batch", "-", "--format", "csv", *words, stdin=stdin).out)))


def test_a_csv_has_a_column_for_every_name():
    """Of the first thousand answers; a number is spelled as in JSON, but for nan and inf."""
    first = b'{"id":"a","expr":"x*y","at":{"x":0.1,"y":3}}'
    found = rows(stdin=first + b'\n{"id":-7,"expr":"1/z","at":{"z":0}}\n{"expr":"x*"}')
    assert ",".join(found[0]) == "line,id,value,d_x,d_y,d_z,more,notes,error_kind,error,hint"
    assert [found[0][name] for name in ("line", "id", "value", "d_x", "d_y", "d_z")] == [
        "1", "a", "0.30000000000000004", "3.0", "0.1", "",
    ]  # fmt: skip
    assert (found[1]["value"], found[1]["d_z"]) == ("inf", "-inf")
    assert (found[2]["line"], found[2]["error_kind"], found[2]["error"]) == (
        "3", "syntax", "end found, an expression expected (column 3)",
    )  # fmt: skip


def test_a_hint_is_shown_to_people_too():
    """In a column of its own, the last; in a table under the error."""
    found = rows(stdin=b"sigmod(1)\n2\n")
    assert [row["hint"] for row in found] == ["did you mean 'sigmoid'?", ""]
    lines = run("batch", "-", "--format", "table", "--quiet", stdin=b"sigmod(1)\n2\n").out.splitlines()
    at = next(number for number, line in enumerate(lines) if "unknown function" in line)
    assert lines[at + 1].strip() == "did you mean 'sigmoid'?"


def test_a_gradient_without_a_column_is_kept():
    """A name that comes late."""
    found = rows(stdin=b"x at x=1\n" * 1000 + b"x*late at x=1, late=2\n")
    assert (found[-1]["d_x"], json.loads(found[-1]["more"])) == ("2.0", {"late": 1.0})


def test_the_columns_of_wrt():
    """Are known from the start."""
    (row,) = rows("--wrt", "y,x", stdin=b"x*y at x=1, y=2")
    assert [name for name in row if name.startswith("d_")] == ["d_y", "d_x"]


def test_a_cell_of_text_is_nothing_that_a_spreadsheet_computes():
    """Whatever an id is, and whatever a message quotes; and a row is one line."""
    ids = ["=cmd|'/C calc'!A0", "+1+1", "@x", "a\nb", "-7", 'q"x']
    lines = "".join(json.dumps({"id": name, "expr": "1"}) + "\n" for name in ids).encode()
    out = run("batch", "-", "--format", "csv", stdin=lines).out
    assert [row["id"] for row in csv.DictReader(io.StringIO(out))] == [
        "'=cmd|'/C calc'!A0", "'+1+1", "'@x", "a\\nb", "-7", 'q"x',
    ]  # fmt: skip
    assert out.count("\n") == 7


def test_arrays_and_second_derivatives_in_a_csv():
    """As JSON in one cell."""
    found = rows("--order", "2", stdin=b"sum(v^2) at v=[1,2]\n")[0]
    assert json.loads(found["d_v"]) == [2.0, 4.0]
    assert json.loads(found["hessian"])["v"]["v"] == [[2.0, 0.0], [0.0, 2.0]]


def test_a_table_for_people():
    """Numbers with their points in a column, errors in their row."""
    code, out, _ = run("batch", "-", "--format", "table", stdin=b"x^2*y at x=3, y=0.5\nx*\n10*x at x=1e-9\n")
    assert code == 1
    assert out == (
        "line  value  ∂/∂x  ∂/∂y\n"
        "───────────────────────\n"
        "1     4.5     3    9\n"
        "2  syntax: end found, an expression expected, at column 3\n"
        "     '*' needs a right side\n"
        "3     1e-08  10\n"
    )


def test_a_long_table_is_folded():
    """The first twenty, the last twenty, what failed between them, and how many are left out."""
    lines = "".join("x*\n" if number == 500 else f"x at x={number}\n" for number in range(1000))
    out = run("batch", "-", "--format", "table", stdin=lines.encode()).out
    assert len(out.splitlines()) == 2 + 20 + 1 + 2 + 1 + 20
    assert out.splitlines()[22] == "… 480 lines not shown (--format csv has them all)"
    assert out.splitlines()[23] == "  501  syntax: end found, an expression expected, at column 3"
    assert out.splitlines()[-1].split()[0] == "1,000"


@pytest.mark.parametrize("width", ["20", "80", "200"])
def test_a_table_fits_the_terminal(width):
    """Many names, long messages, arrays, ids of any length."""
    lines = [
        {"id": "a" * 15, "expr": "+".join(f"x{k}" for k in range(12)), "at": {f"x{k}": k / 7 for k in range(12)}},
        {"id": "b", "expr": "sum(W@v)", "at": {"W": [[1, 2], [3, 4]], "v": [1, 2]}},
        {"id": "c", "expr": "sigmod(x)"},
        {"id": "[/b]\x1b[31m", "expr": "log(x)", "at": {"x": -1}},
    ]
    data = "\n".join(map(json.dumps, lines)).encode()
    out = run("batch", "-", "--format", "table", stdin=data, env={"COLUMNS": width}).out
    assert "\x1b" not in out and "[/b]" in out
    if width != "20":
        assert max(map(len, out.splitlines())) <= int(width)


# --- pipes


def test_the_first_answer_comes_while_the_input_is_open():
    """Whoever writes the next line may be waiting for it."""
    process = subprocess.Popen(
        [*command(), "batch", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=surroundings()
    )
    for number in range(1, 4):
        process.stdin.write(b"x^2 at x=3\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["line"] == number
    process.stdin.close()
    assert process.stdout.read() == b""
    process.stdout.close()
    assert process.wait() == 0


def test_a_closed_pipe_ends_it_silently():
    """At once, though the input has no end."""
    begun = time.monotonic()
    code, out, err = shell("yes 'x^2 at x=3' | gradcli batch - | head -1; exit ${PIPESTATUS[1]}")
    assert (code, out, err) == (141, '{"line":1,"value":9.0,"gradients":{"x":6.0}}\n', "")
    assert time.monotonic() - begun < 30


def test_a_long_pipe_is_answered_to_its_last_line():
    """Every line once, in order."""
    code, out, _ = shell("yes 'x^2 at x=3' | head -50000 | gradcli batch - --quiet | tail -1; exit ${PIPESTATUS[2]}")
    assert (code, out) == (0, '{"line":50000,"value":9.0,"gradients":{"x":6.0}}\n')


def test_standard_input_that_is_closed():
    """Is an error of its own."""
    code, out, err = shell("gradcli batch - <&-")
    assert (code, out) == (2, "")
    assert err == "error: cannot read standard input: it is closed\n"


def test_a_disk_that_is_full():
    """Is said once; the exit code is that of output that cannot be written."""
    code, out, err = shell("gradcli batch samples/batch.jsonl > /dev/full")
    assert (code, out) == (74, "") and "no space left" in err.lower() and err.count("\n") == 1


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_answers_are_what_jq_reads():
    """One value a line."""
    code, out, err = shell("gradcli batch samples/batch.jsonl | jq -rc .gradients.x; exit ${PIPESTATUS[0]}")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == ["3", "0.3932238664829637", "12"]


def test_in_an_ascii_locale():
    """Answers are UTF-8 wherever they are written; a table is spelled in ASCII."""
    line = '{"id":"é","expr":"é*2","at":{"é":1}}'
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [*command(), "batch", "-"], input=line.encode(), capture_output=True, env=surroundings(env), check=True
    )
    assert json.loads(done.stdout.decode()) == {"id": "é", "value": 2.0, "gradients": {"é": 2.0}}
    done = subprocess.run(
        [*command(), "batch", "-", "--format", "table"], input=b"x*x at x=2", capture_output=True,
        env=surroundings(env), check=True,
    )  # fmt: skip
    assert done.stdout.isascii()


def test_a_run_over_many_lines_keeps_little(tmp_path):
    """Memory does not grow with the lines, though each is another program."""
    peaks = []
    for times in (4_000, 20_000):
        file = tmp_path / str(times)
        file.write_text("".join(f"x*{k}.5+sin(y{k}) at x=2, y{k}=1\n" for k in range(times)))
        with open(os.devnull, "wb") as nothing:
            process = subprocess.Popen(
                [*command(), "batch", str(file), "--jobs", "1", "--quiet"], stdout=nothing, env=surroundings()
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = status
        assert status == 0
        peaks.append(used.ru_maxrss)
    assert peaks[1] - peaks[0] < 4 << 10


def test_the_name_of_the_output_says_the_format(tmp_path):
    """Where --format does not; any other name gets JSON Lines."""
    heads = {"a.csv": "line,", "A.CSV": "line,", "a.jsonl": "{", "a.txt": "{", "a.json": "{", "a": "{"}
    for name, head in heads.items():
        assert run("batch", "-", "-o", str(tmp_path / name), stdin=b"x^2 at x=3\n") == (0, "", "")
        assert (tmp_path / name).read_text().startswith(head)
    for words in (["--format", "jsonl"], ["--json"]):
        assert run("batch", "-", "-o", str(tmp_path / "a.csv"), *words, stdin=b"x^2 at x=3\n").code == 0
        assert (tmp_path / "a.csv").read_text().startswith("{")


@pytest.mark.parametrize("suffix", [".parquet", ".npy", ".npz", ".xlsx", ".tsv", ".jsonl.gz"])
def test_a_name_that_no_answer_of_a_batch_suits_is_refused(tmp_path, suffix):
    """Nothing is written under a false name."""
    file = tmp_path / f"out{suffix}"
    last = file.suffix
    assert run("batch", "-", "-o", str(file), stdin=b"1\n") == (
        2, "", f"error: batch writes JSON Lines or CSV, and no {last}\n"
        "  name it .jsonl or .csv; --format says it for any name\n"
    )  # fmt: skip
    assert not file.exists()
