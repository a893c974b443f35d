"""Pieces of a table and what is answered to them: text in whole lines, or doubles, whatever the cut."""

import json

import numpy as np
import pytest

from gradcli.batch import rowtext
from gradcli.batch.rows import ROWS, Settings, answers, settle_kernel, told, work
from gradcli.batch.tables import open_table
from gradcli.batch.threads import Threads
from gradcli.errors import GradError

TABLE = "x,y\n1,2\n3,4\n5,6\n0.5,-1\n2,2\n"


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text(TABLE)
    return str(file)


def tasks(path, size=1 << 20, **how):
    """The pieces of a table; from a size of 1 each is as small as can be."""
    with open_table(path, wanted=["x", "y"], **how) as table:
        return list(table.pieces(size))


def spec(form=ROWS, source="x*y", **how):
    return json.loads(json.dumps(Settings(source, ["x", "y"], {}, form=form, **how).spec()))


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", ROWS])
def test_the_answer_does_not_depend_on_the_cut(path, form):
    do = work(spec(form))
    whole = b"".join(do(*task)[1] for task in tasks(path))
    parts = tasks(path, 1)
    assert b"".join(do(*task)[1] for task in parts) == whole
    with Threads(3) as engine:
        assert b"".join(payload for _, payload in engine.run(spec(form), iter(parts))) == whole


def test_the_names_of_the_columns_are_a_task_of_their_own():
    task = {"number": 0, "heading": True}, b""
    assert work(spec("csv"))(*task) == ({"number": 0, "lines": 1, "asked": 0, "errors": {}}, b"value,d_x,d_y\n")


def test_doubles_are_the_rows_one_after_the_other(path):
    (task,) = tasks(path)
    header, payload = work(spec())(*task)
    assert header == {"number": 0, "lines": 5, "asked": 5, "errors": {}}
    found = np.frombuffer(payload, "<f8").reshape(-1, 3)
    assert found.tolist() == [[2, 2, 1], [12, 4, 3], [30, 6, 5], [-0.5, -1, 0.5], [4, 2, 2]]


def test_arrays_travel_in_the_description(path):
    shared = {"w": np.array([2.0, np.nan]), "b": np.inf}
    found = Settings.of(json.loads(json.dumps(Settings("x", ["x"], shared).spec())))
    assert found.shared["b"] == np.inf
    np.testing.assert_array_equal(found.shared["w"], shared["w"])


def test_what_an_earlier_run_wrote_is_counted_without_being_computed(path):
    for task in tasks(path, 1):
        header, payload = work(spec("csv"))(*task)
        assert answers(spec("csv"), *task) == header["lines"] == payload.count(b"\n")
        assert told(spec("csv"), *task, payload) == header


def test_bad_rows_are_told_in_the_header(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("x,y\n1,2\nthree,4\n5,\n7,8\n")
    fault = "row 2, column x: 'three' is no number"
    for policy, rows, kept in (("skip", 2, [2.0, 56.0]), ("nan", 4, [2.0, None, None, 56.0])):
        (task,) = tasks(str(file), bad_rows=policy)
        header, payload = work(spec())(*task)
        assert header["lines"] == rows
        assert header["asked"] == 4
        assert header["errors"] == {"bad": [2, 2, f"{file}, {fault}", str(file)]}
        values = np.frombuffer(payload, "<f8").reshape(-1, 3)[:, 0].tolist()
        assert [None if value != value else value for value in values] == kept
    header, payload = work(spec("csv"))(*tasks(str(file))[0])
    assert payload == b"2.0,2.0,1.0\n"
    assert header["failure"][1] == f"{file}, {fault}"


def test_a_row_that_is_answered_with_nan_has_no_numbers_at_all(tmp_path):
    """Also where the gradient does not depend on the row."""
    file = tmp_path / "data.csv"
    file.write_text("x,y\n1,\n")
    _, payload = work(spec(source="2*x + 3*y"))(*tasks(str(file), bad_rows="nan")[0])
    assert np.isnan(np.frombuffer(payload, "<f8")).all()


NUMBERS = [0.0, -0.0, 1.0, -2.5, 0.1, 1 / 3, 1e16, 9999999999999998.0, 123456789.123, 1e-4, 9.99e-5, 1e22, 5e-324,
           1.7976931348623157e308, 1e15, 1e17, 2.0**53]  # fmt: skip


def test_text_is_what_repr_says():
    chance = np.random.default_rng(3)
    many = chance.standard_normal(40_000) * 10.0 ** chance.integers(-20, 20, 40_000)
    tables = [np.array(NUMBERS * 3).reshape(-1, 3), many.reshape(-1, 4), np.array([[np.nan, np.inf, -np.inf]])]
    for table in tables:
        names = [f"d_{k}" for k in range(table.shape[1])]
        plain = "".join(",".join(map(repr, row)) + "\n" for row in table.tolist()).encode()
        assert rowtext.writer(names, "csv")(table) == plain
        assert rowtext.writer(names, "tsv")(table) == plain.replace(b",", b"\t")
        members = [json.loads(line) for line in rowtext.writer(names, "jsonl")(table).splitlines()]
        np.testing.assert_array_equal([[float(x) for x in row.values()] for row in members], table)


def test_json_lines_say_the_names_and_have_words_for_what_is_no_number():
    found = rowtext.writer(["value", 'd_x["%"]'], "jsonl")(np.array([[1.0, 2.5], [np.nan, -np.inf]]))
    assert found == b'{"value":1.0,"d_x[\\"%\\"]":2.5}\n{"value":"NaN","d_x[\\"%\\"]":"-Infinity"}\n'


def test_headings_quote_what_a_comma_would_cut():
    assert rowtext.heading(["value", "d_W[0,1]"], "csv") == b'value,"d_W[0,1]"\n'
    assert rowtext.heading(["value", "d_W[0,1]"], "tsv") == b"value\td_W[0,1]\n"
    assert rowtext.heading(["value"], "jsonl") == b""


@pytest.mark.parametrize("kernel", ["numpy", "c"])
def test_the_kernels_give_the_same_numbers(path, kernel):
    found = [np.frombuffer(work(spec(source="sigmoid(x)*exp(-y)", kernel=kernel))(*task)[1]) for task in tasks(path)]
    by_numpy = [np.frombuffer(work(spec(source="sigmoid(x)*exp(-y)"))(*task)[1]) for task in tasks(path)]
    np.testing.assert_allclose(np.concatenate(found), np.concatenate(by_numpy), rtol=1e-15)


def test_the_kernel_is_chosen_once_and_nobody_computes_by_another(monkeypatch):
    """Numpy and C differ in the last bits, so a worker without a compiler refuses."""
    settings = Settings("x*y", ["x", "y"], {}, many=True)
    monkeypatch.setenv("CC", "no-such-compiler")
    settle_kernel(settings, settings.rows().program)
    assert settings.kernel == "numpy"
    with pytest.raises(GradError, match="no loop in C on this machine: CC is 'no-such-compiler'"):
        work(spec(kernel="c"))


def test_few_rows_are_not_worth_a_compiler():
    settings = Settings("x*y", ["x", "y"], {})
    settle_kernel(settings, settings.rows().program)
    assert settings.kernel == "numpy"
