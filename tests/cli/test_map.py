"""The command map: what it prints, what it writes, and how it refuses."""

import gzip
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from running import run, shell, start, surroundings

NEURON = "1/(1+exp(-(w*x+b)))"
DATA = "x,y,name\n1,2,a\n3,4,b\n0.5,-1,c\n"


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text(DATA)
    return tmp_path


def test_csv_goes_to_standard_output(data):
    said = run("map", "x*y", "data.csv")
    assert said == (0, "value,d_x,d_y\n2.0,2.0,1.0\n12.0,4.0,3.0\n-0.5,-1.0,0.5\n", "")


def test_values_of_the_command_line_are_shared_by_all_rows(data):
    said = run("map", "w*x + b", "data.csv", "w=2", "b=[1,2][1]", "--json")
    assert said.code == 0
    assert [json.loads(line) for line in said.out.splitlines()] == [
        {"value": 2.0 * x + 2, "d_w": x, "d_x": 2.0, "d_b": 1.0} for x in (1.0, 3.0, 0.5)
    ]


def test_shared_arrays_come_from_files(data):
    (data / "w.csv").write_text("2\n3\n")
    (data / "xs.csv").write_text('"x[0]","x[1]"\n1,10\n2,20\n')
    said = run("map", "dot(w,x)", "xs.csv", "w=@w.csv", "--wrt", "x")
    assert said.out == "value,d_x[0],d_x[1]\n32.0,2.0,3.0\n64.0,2.0,3.0\n"


def test_the_name_of_the_output_says_its_format(data):
    assert run("map", "x*y", "data.csv", "-o", "out.jsonl") == (0, "", "")
    assert (data / "out.jsonl").read_text().splitlines()[0] == '{"value":2.0,"d_x":2.0,"d_y":1.0}'
    assert run("map", "x*y", "data.csv", "-o", "out.txt", "--format", "tsv") == (0, "", "")
    assert (data / "out.txt").read_text().splitlines()[1] == "2.0\t2.0\t1.0"


def test_a_folder_gets_a_file_for_each_that_is_read(data):
    (data / "more.csv").write_text("y,x\n5,7\n")
    assert run("map", "x*y", "data.csv", "more.csv", "-o", "out/").code == 0
    assert (data / "out" / "more.csv").read_text() == "value,d_x,d_y\n35.0,5.0,7.0\n"
    assert (data / "out" / "data.csv").read_text().count("\n") == 4


def test_several_tables_are_one_after_the_other(data):
    (data / "more.csv").write_text("y,x\n5,7\n")
    said = run("map", "x*y", "data.csv", "more.csv")
    assert said.out.splitlines() == ["value,d_x,d_y", "2.0,2.0,1.0", "12.0,4.0,3.0", "-0.5,-1.0,0.5", "35.0,5.0,7.0"]


HEAD_80 = """\
row  x    y   value  ∂/∂x  ∂/∂y
───────────────────────────────
  1  1     2   2      2    1
  2  3     4  12      4    3
  3  0.5  -1  -0.5   -1    0.5
"""


@pytest.mark.parametrize("columns", ["80", "200"])
def test_the_first_rows_are_a_table(data, columns):
    assert run("map", "x*y", "data.csv", "--head", "10", env={"COLUMNS": columns}) == (0, HEAD_80, "")
    assert run("map", "x*y", "data.csv", "--head", "1").out.splitlines() == [
        "row  x  y  value  ∂/∂x  ∂/∂y", "────────────────────────────", "  1  1  2  2      2     1",
    ]  # fmt: skip


def test_columns_that_do_not_fit_stand_in_a_second_table(data):
    said = run("map", NEURON, "data.csv", "w=0.123456", "b=-0.654321", "--head", "2", env={"COLUMNS": "40"})
    assert said.out.count("row  ") > 1
    assert max(map(len, said.out.splitlines())) <= 40


def test_head_with_a_format_writes_the_first_rows(data):
    assert run("map", "x*y", "data.csv", "--head", "2", "--format", "csv").out.count("\n") == 3
    assert run("map", "x*y", "data.csv", "--head", "2", "-o", "out.csv").code == 0
    assert (data / "out.csv").read_text() == "value,d_x,d_y\n2.0,2.0,1.0\n12.0,4.0,3.0\n"


BAD = "x,y\n1,2\n3,\nz,4\n5,6\n"
FAULT = "bad.csv, row 2, column y: a number is missing"


def test_a_bad_row_ends_the_run_behind_the_rows_before_it(data):
    (data / "bad.csv").write_text(BAD)
    said = run("map", "x*y", "bad.csv")
    assert (said.code, said.out) == (1, "value,d_x,d_y\n2.0,2.0,1.0\n")
    assert said.err.startswith(f"error: {FAULT}\n")
    said = run("map", "x*y", "bad.csv", "--head", "5")
    assert (said.code, said.out.count("\n")) == (1, 3)
    assert said.err.startswith(f"error: {FAULT}\n")


def test_bad_rows_are_left_out_or_answered_with_nan_and_counted(data):
    (data / "bad.csv").write_text(BAD)
    said = run("map", "x*y", "bad.csv", "--bad-rows", "skip")
    assert (said.code, said.out) == (0, "value,d_x,d_y\n2.0,2.0,1.0\n30.0,6.0,5.0\n")
    assert said.err.endswith(f", 2 of them bad and left out\n  first {FAULT}\n")
    said = run("map", "x*y", "bad.csv", "--bad-rows", "nan")
    assert said.out.splitlines()[2:4] == ["nan,nan,nan"] * 2
    assert "2 of them bad and answered with nan" in said.err
    assert run("map", "x*y", "bad.csv", "--bad-rows", "skip", "--quiet").err == ""


REFUSED = {
    (): "no expression given",
    ("x*y",): "no data given",
    ("x*y", "w=2"): "no data given",
    ("x*q", "data.csv"): "no column and no value for 'q'",
    ("2*q", "data.csv", "q=1"): "the program reads no column of the data",
    ("x*y", "data.csv", "x=1"): "'x' is a column of the data and has a value, too",
    ("x*y", "nothing.csv"): "cannot read 'nothing.csv'",
    ("x*y", "-", "-"): "standard input can be read only once",
    ("x*(y", "data.csv"): "end found, ')' expected",
    ("x*y", "data.csv", "-o", "data.csv"): "would be read and written at once",
    ("x*y", "data.csv", "--resume"): "--resume needs a file",
    ("x*name", "data.csv"): "row 1, column name: 'a' is no number",
}


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_is_wrong_is_said_before_anything_is_written(data, words):
    said = run("map", *words)
    assert said.code in (1, 2)
    assert REFUSED[words] in said.err
    assert said.out in ("", "value,d_x,d_name\n")
    assert "Traceback" not in said.err


def test_columns_win_over_values_behind_at_and_a_note_says_so(data):
    said = run("map", "x*y*k at y=100, k=3", "data.csv", "--wrt", "x")
    assert said.out.splitlines()[1] == "6.0,6.0"
    assert said.err == "note: y: the column is used, not the value behind 'at'\n"


@pytest.mark.parametrize("name", ["o.csv.gz", "o.xlsx", "o.txt"])
def test_a_suffix_that_means_no_format_is_refused(data, name):
    said = run("map", "x*y", "data.csv", "-o", name)
    assert said.code == 2
    assert said.err.startswith(f"error: map writes no {os.path.splitext(name)[1]} ({name!r})\n  it writes .csv .tsv ")
    assert not (data / name).exists()
    assert run("map", "x*y", "data.csv", "-o", name, "--format", "csv").code == 0


def test_files_are_looked_at_before_the_first_row_is_computed(data):
    (data / "other.csv").write_text("x,z\n1,2\n")
    for name, fact in (("nothing.csv", "cannot read 'nothing.csv'"), ("other.csv", "'other.csv' has no column 'y'")):
        said = run("map", "x*y", "data.csv", name)
        assert (said.code, said.out) == (2, "")
        assert fact in said.err


@pytest.mark.parametrize("kind", ["npz", "npy", "csv"])
def test_a_run_that_a_bad_row_ended_goes_on_when_it_is_mended(data, kind):
    (data / "bad.csv").write_text(BAD)
    words = ["x*y", "bad.csv", "-o", f"out.{kind}"]
    assert run("map", *words).code == 1
    assert (data / "out.npz").exists() is False
    (data / "bad.csv").write_text(DATA)
    assert run("map", *words, "--resume").code == 0
    whole = (data / f"out.{kind}").read_bytes()
    assert run("map", *words).code == 0
    assert (data / f"out.{kind}").read_bytes() == whole


NAMED = {
    "a.json": ('[{"x":1}]\n', "error: 'a.json' is one JSON array, and a row is an object on a line of its own\n"
               "  jq -c '.[]' a.json | gradcli map EXPR -\n"),
    "w.xlsx": ("PK\3\4        [Content_Types].xml", "error: 'w.xlsx' is an Excel workbook\n  save it as CSV\n"),
    "t.jsonl": ('{"x":"a","y":1}\n', """error: t.jsonl, row 1, column x: "a" is no number\n"""),
    "b.jsonl": ('{"x":true}\n', "error: b.jsonl, row 1, column x: true is no number\n"),
    "odd.jsonl": ('{"x":1}\n{"x":[1,2]}\n', "error: odd.jsonl, row 2, column x: a list is no number\n"),
    "de.csv": ("x;y\n1,5;2,5\n", "error: de.csv, row 1, column x: '1,5' is no number: write a decimal point\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_data_that_are_nearly_a_table_are_called_by_their_name(data, name):
    (data / name).write_text(NAMED[name][0])
    said = run("map", "x*2", name)
    assert said.code in (1, 2)
    assert said.err.startswith(NAMED[name][1])
    assert ("tr , . < FILE" in said.err) == (name == "de.csv")


def test_the_first_number_or_list_of_a_member_says_its_shape(data):
    (data / "late.jsonl").write_text('{"x":null}\n{"x":[1,2]}\n{"x":3}\n')
    said = run("map", "sum(x)", "late.jsonl", "--bad-rows", "skip")
    assert said.out == "value,d_x[0],d_x[1]\n3.0,1.0,1.0\n"


def test_a_complete_file_says_only_that(data, monkeypatch):
    monkeypatch.setattr("gradcli.cli.rows.LONG", 0.0)
    assert run("map", "x*y", "data.csv", "-o", "out.csv").code == 0
    said = run("map", "x*y", "data.csv", "-o", "out.csv", "--resume")
    assert said == (0, "", "note: out.csv is complete: nothing was left to do\n")


def test_an_interrupted_run_says_how_it_goes_on(data, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcli.cli.rows.Run.count", interrupted)
    said = run("map", "x*y", "data.csv", "-o", "out.csv")
    assert said.code == 130
    assert "--resume goes on with out.csv, behind the rows that were written" in said.err


def test_a_column_of_text_in_parquet_is_called_one(data):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"x": [1.0], "t": ["a"]}), "t.parquet")
    said = run("map", "x*t", "t.parquet")
    assert (said.code, said.err) == (2, "error: the column 't' of 't.parquet' holds string, no numbers\n")


def test_of_several_files_the_one_that_is_wrong_is_named(data):
    (data / "other.csv").write_text("x,z\n1,2\n")
    said = run("map", "x*y", "data.csv", "other.csv", "-o", "out/")
    assert said.code == 2
    assert "no column and no value for 'y'" in said.err
    assert "the file is other.csv" in said.err
    assert run("map", "x*y", "data.csv", "nothing.csv", "-o", "new/").code == 2
    assert not [*data.glob("new/*")]


def test_what_can_no_longer_be_read_says_how_far_it_was_read(data):
    text = "x,y\n" + "".join(f"{k / 7},{k / 3}\n" for k in range(100_000))
    packed = bytearray(gzip.compress(text.encode()))
    (data / "cut.csv.gz").write_bytes(packed[: len(packed) * 9 // 10])
    packed[-6] ^= 1
    (data / "changed.csv.gz").write_bytes(packed)
    for name, fault in (("cut", "'cut.csv.gz' is cut off"), ("changed", "cannot read 'changed.csv.gz'")):
        said = run("map", "x*y", f"{name}.csv.gz", "-o", "out.csv")
        assert said.code == 2
        assert said.err.startswith(f"error: {fault}: ")
        assert " rows were read before that\n" in said.err


def test_fast_math_has_no_numpy(data):
    assert run("map", "x*y", "data.csv", "--fast-math", "--kernel", "numpy").code == 2


def test_notes_go_to_standard_error(data):
    said = run("map", "x*y", "data.csv", "q=1")
    assert said.err == "note: q: does not occur in the program, so its gradient is 0\n"
    assert said.out.splitlines()[:2] == ["value,d_x,d_y,d_q", "2.0,2.0,1.0,0.0"]


def test_a_table_comes_from_standard_input(data):
    assert run("map", "x*y", "-", stdin=DATA.encode()).out.count("\n") == 4
    assert shell(f"cd {data} && cat data.csv | gradcli map 'x*y' - | tail -1").out == "-0.5,-1.0,0.5\n"


def test_an_expression_comes_from_standard_input(data):
    assert run("map", "-", "data.csv", stdin=b"x*y").out.count("\n") == 4


def test_columns_without_names_get_them(data):
    (data / "plain.csv").write_text("1,2\n3,4\n")
    assert run("map", "a*b", "plain.csv", "--columns", "a,b").out == "value,d_a,d_b\n2.0,2.0,1.0\n12.0,4.0,3.0\n"


def test_a_cut_output_goes_on_to_the_same_bytes(data):
    """Wherever it was cut, also within a row."""
    (data / "many.csv").write_text("x,y\n" + "".join(f"{k},{k + 0.5}\n" for k in range(3000)))
    assert run("map", "sin(x)*y", "many.csv", "-o", "out.csv").code == 0
    whole = (data / "out.csv").read_bytes()
    for size in (0, 5, 1000, len(whole) - 3, len(whole)):
        os.truncate(data / "out.csv", size) if size < len(whole) else None
        assert run("map", "sin(x)*y", "many.csv", "-o", "out.csv", "--resume", "--quiet").code == 0
        assert (data / "out.csv").read_bytes() == whole
    said = run("map", "cos(x)*y", "many.csv", "-o", "out.csv", "--resume")
    assert (said.code, (data / "out.csv").read_bytes()) == (2, whole)
    assert "is not from this run" in said.err


def test_processes_give_the_same_bytes(data):
    (data / "many.csv").write_text("x,y\n" + "".join(f"{k},{k + 0.5}\n" for k in range(100_000)))
    for jobs in ("1", "2"):
        said = start("map", "exp(-x/1e5)*y", "many.csv", "-o", f"out{jobs}.csv", "--jobs", jobs, "--quiet", cwd=data)
        assert (said.code, said.err) == (0, "")
    assert (data / "out1.csv").read_bytes() == (data / "out2.csv").read_bytes()
    assert (data / "out1.csv").read_bytes().count(b"\n") == 100_001


def test_a_closed_pipe_ends_the_run_in_silence(data):
    (data / "many.csv").write_text("x,y\n" + "1,2\n" * 200_000)
    said = shell(f"cd {data} && gradcli map 'x*y' many.csv | head -1; echo ${{PIPESTATUS[0]}}")
    assert (said.out, said.err) == ("value,d_x,d_y\n141\n", "")


def test_arrays_come_and_go_as_numbers(data):
    """Without names in the file --columns gives them; what is written has the names of the columns."""
    table = np.random.default_rng(0).standard_normal((10_000, 3))
    np.save("table.npy", table)
    assert run("map", "x*y + sin(z)", "table.npy", "--columns", "x,y,z", "-o", "out.npy") == (0, "", "")
    found = np.load("out.npy")
    assert found.dtype.names == ("value", "d_x", "d_y", "d_z")
    x, y, z = table.T
    np.testing.assert_allclose(found["value"], x * y + np.sin(z), rtol=1e-15, atol=1e-16)
    np.testing.assert_array_equal(found["d_x"], y)
    np.testing.assert_allclose(found["d_z"], np.cos(z), rtol=1e-15)


def test_columns_without_names_are_the_variables_in_order(data):
    """Where the numbers of both agree; a note says so, once. Where they do not, nothing is guessed."""
    np.save("table.npy", [[2.0, 3.0], [5.0, 7.0]])
    said = run("map", "y/x", "table.npy", "table.npy", env={"COLUMNS": "200"})
    assert said.out.splitlines()[1] == "0.6666666666666666,0.3333333333333333,-0.2222222222222222"
    assert said.err == ("note: the columns of table.npy have no names and are taken for the variables in order: y, x; "
                        "--columns names them\n")  # fmt: skip
    assert run("map", "y/x", "table.npy", "--columns", "x,y", "--quiet").out.splitlines()[1] == "1.5,0.5,-0.75"
    said = run("map", "x^2", "table.npy")
    assert said == (2, "", "error: the 2 columns of 'table.npy' have no names\n"
                    "  name them in order: --columns x,y,...; the variables are x\n")  # fmt: skip


def test_numbers_do_not_depend_on_threads_or_on_where_a_run_was_cut(data):
    np.save("table.npy", np.random.default_rng(1).standard_normal((300_000, 2)))
    words = ["map", "x*exp(-y)", "table.npy", "--columns", "x,y", "--quiet", "-o"]
    for jobs in ("1", "2"):
        assert run(*words, f"out{jobs}.npy", "--jobs", jobs).code == 0
    whole = (data / "out1.npy").read_bytes()
    assert (data / "out2.npy").read_bytes() == whole
    os.truncate("out2.npy", 1_000_003)
    assert run(*words, "out2.npy", "--resume").code == 0
    assert (data / "out2.npy").read_bytes() == whole


def test_the_kernels_can_be_chosen(data):
    by_numpy = run("map", "exp(x)*y", "data.csv", "--kernel", "numpy", "--format", "jsonl").out
    in_c = run("map", "exp(x)*y", "data.csv", "--kernel", "c", "--format", "jsonl").out
    for one, other in zip(by_numpy.splitlines(), in_c.splitlines(), strict=True):
        assert json.loads(one) == pytest.approx(json.loads(other), rel=1e-15)


def test_a_run_that_the_other_kernel_began_says_so(data):
    np.savetxt("many.csv", np.random.default_rng(0).standard_normal((3000, 2)), "%.17g", ",", header="x,y", comments="")
    program = "tanh(x)*exp(y) + sin(x*y)^3"
    assert run("map", program, "many.csv", "-o", "out.csv", "--kernel", "numpy").code == 0
    whole = (data / "out.csv").read_bytes()
    (data / "out.csv").write_bytes(whole[: len(whole) // 2])
    if shutil.which("cc"):
        said = run("map", program, "many.csv", "-o", "out.csv", "--kernel", "c", "--resume")
        assert said.code == 2
        assert "'out.csv' is not from this run" in said.err
        assert "this run computes with --kernel c: name --kernel numpy if that one did" in said.err
    assert run("map", program, "many.csv", "-o", "out.csv", "--resume").code == 0  # few rows: numpy
    assert (data / "out.csv").read_bytes() == whole


@pytest.mark.parametrize(("words", "advised"), [
    (["data.csv"], "with a C compiler (cc, gcc, clang) text is read and written faster"),
    (["data.npy", "--columns", "x,y", "-o", "out.jsonl"], "text is read and written faster"),
    (["data.npy", "--columns", "x,y", "-o", "out.npy"], None),
    (["data.csv", "--kernel", "numpy"], None),
    (["data.csv", "--quiet"], None),
])  # fmt: skip
def test_a_long_run_says_what_a_compiler_would_bring_and_only_that(data, monkeypatch, words, advised):
    np.save("data.npy", np.ones((3, 2)))
    monkeypatch.setattr("gradcli.cli.rows.LONG", 0.0)
    without = run("map", "x*y", *words, env={"PATH": str(data), "CC": ""})
    assert without.code == 0
    assert without.err.count("note: ") == (advised is not None)
    assert advised is None or advised in without.err
    if shutil.which("cc"):
        assert "note: " not in run("map", "x*y", *words, env={"PATH": os.environ["PATH"]}).err


@pytest.mark.parametrize(("count", "kernel"), [(131_071, "numpy"), (131_072, "c")])
def test_the_number_of_rows_says_what_computes_them_however_they_come(data, count, kernel):
    if kernel == "c" and not shutil.which("cc"):
        pytest.skip("no C compiler here")
    values = np.random.default_rng(0).standard_normal((count, 2)).round(3)
    text = "x,y\n" + "".join(f"{x},{y}\n" for x, y in values.tolist())
    (data / "rows.csv").write_text(text)
    (data / "rows.csv.gz").write_bytes(gzip.compress(text.encode(), 1))
    np.save("rows.npy", values)
    words = ["exp(x)*tanh(y)", "--quiet", "-o", "out.npy"]
    found = []
    for source in ("rows.csv", "rows.csv.gz", "-", "rows.npy"):
        stdin = text.encode() if source == "-" else b""
        assert run("map", words[0], source, *words[1:], stdin=stdin).code == 0
        found.append((data / "out.npy").read_bytes())
    assert run("map", words[0], "rows.csv", *words[1:], "--kernel", kernel).code == 0
    found.append((data / "out.npy").read_bytes())
    os.truncate("out.npy", 1_000_003)
    assert run("map", words[0], "-", *words[1:], "--resume", stdin=text.encode()).code == 0
    found.append((data / "out.npy").read_bytes())
    assert len(set(found)) == 1


LARGE = """
import numpy as np
from gradcli.cli import main
with open("large.npy", "wb") as file:
    header = {"descr": "<f8", "fortran_order": False, "shape": (2_500_000, 5)}
    np.lib.format.write_array_header_1_0(file, header)
    for _ in range(25):
        file.write(np.random.default_rng(0).standard_normal((100_000, 5)).tobytes())
words = ["--columns", "a,b,c,d,e", "-o", "out.npy", "--quiet", "--kernel", "numpy"]
print(main(["map", "sigmoid(a*b + c*d + e)", "large.npy", *words]))
for line in open("/proc/self/status"):  # getrusage says no less than this process, from which it was started, took
    if line.startswith("VmHWM:"):
        print(int(line.split()[1]) < 150 * 1024)
"""
WIDE = """
from gradcli.cli import main
count = 1_000_000
with open("wide.csv", "w") as file:
    file.write(",".join([f"x{k}" for k in range(count)]) + "\\n")
    file.writelines([",".join([f"{row}.5"] * count) + "\\n" for row in range(1, 5)])
main(["map", "x3*x999999", "wide.csv", "--quiet"])
"""
needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc here")


def test_a_million_columns_are_read_and_only_those_named_are_kept(data):
    done = subprocess.run([sys.executable, "-c", WIDE], capture_output=True, text=True, env=surroundings(), cwd=data)
    assert done.stdout == "value,d_x3,d_x999999\n" + "".join(
        f"{x * x},{x},{x}\n" for x in (1.5, 2.5, 3.5, 4.5)), done.stderr  # fmt: skip


@needs_proc
def test_memory_does_not_grow_with_the_rows(data):
    """100 MB in and 120 MB out go through far less than both."""
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, env=surroundings(), cwd=data)
    assert done.stdout == "0\nTrue\n", done.stderr
    assert np.load("out.npy", mmap_mode="r").shape == (2_500_000,)


def test_a_table_without_rows_has_an_answer_without_rows(data):
    (data / "none.csv").write_text("x,y\n")
    assert run("map", "x*y", "none.csv") == (0, "value,d_x,d_y\n", "")
    assert run("map", "x*y", "none.csv", "--head", "3").out.splitlines()[0] == "row  x  y  value  ∂/∂x  ∂/∂y"


def test_a_program_has_a_gradient_by_a_column_that_it_does_not_read(data):
    assert run("map", "2*x", "data.csv", "--wrt", "y,x").out.splitlines()[:2] == ["value,d_y,d_x", "2.0,0.0,2.0"]
    assert run("map", "2*x", "data.csv", "--wrt", "q").code == 2
