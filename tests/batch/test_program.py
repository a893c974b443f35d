"""From an expression and the names of columns to a program for rows."""

import math

import numpy as np
import pytest
from running import shell

from gradcli.autodiff import evaluate
from gradcli.batch.program import Rows
from gradcli.errors import GradError
from gradcli.language.question import Options
from gradcli.questions import differentiated

NAN = math.nan


def outputs(source, columns, row, shared=(), **how):
    """What one row gives, by the names of the outputs."""
    program = Rows(source, columns, dict(shared), Options(**how)).program
    point = dict(zip(columns, row, strict=True))
    values = evaluate(program.graph, {name: point[name] for name in program.columns})
    return {name: values[line] for name, line in program.outputs}


def test_outputs_stand_in_the_order_of_appearance_and_inputs_in_that_of_the_table():
    program = Rows("y*sin(x)", ["x", "unused", "y"], {}, Options())
    assert program.program.names == ["value", "d_y", "d_x"]
    assert program.program.columns == ["x", "y"]
    assert program.places == [0, 2]
    assert program.notes == []


def test_columns_make_vectors_and_matrices():
    columns = ["W[1,0]", "W[0,0]", "W[0,1]", "W[1,1]", "x[0]", "x[1]"]
    row = [3.0, 1.0, 2.0, 4.0, 5.0, 6.0]
    found = outputs("sum((W@x)^2)", columns, row)
    answer = differentiated("sum((W@x)^2)", {"W": np.array([[1.0, 2], [3, 4]]), "x": np.array([5.0, 6])}, Options())
    assert found["value"] == answer.value
    assert [found[f"d_W[{i},{j}]"] for i in range(2) for j in range(2)] == answer.gradients["W"].ravel().tolist()
    assert [found[f"d_x[{i}]"] for i in range(2)] == answer.gradients["x"].tolist()


def test_shared_values_have_gradients_too_unless_wrt_says_otherwise():
    shared = {"w": np.array([2.0, 3.0]), "b": 0.5}
    found = outputs("dot(w, x) + b*x[0]", ["x[0]", "x[1]"], [5.0, 7.0], shared)
    assert found == {"value": 33.5, "d_w[0]": 5.0, "d_w[1]": 7.0, "d_x[0]": 2.5, "d_x[1]": 3.0, "d_b": 5.0}
    found = outputs("dot(w, x) + b*x[0]", ["x[0]", "x[1]"], [5.0, 7.0], shared, wrt=["x", "b"])
    assert list(found) == ["value", "d_x[0]", "d_x[1]", "d_b"]


def test_an_intermediate_can_be_differentiated_by():
    assert outputs("h = x*x; h*y", ["x", "y"], [3.0, 2.0], wrt=["h"]) == {"value": 18.0, "d_h": 2.0}


def test_functions_and_derivative_words_are_written_out():
    found = outputs("f(a) = a^3*y; grad(f(x), x)", ["x", "y"], [2.0, 5.0])
    assert found == {"value": 60.0, "d_x": 60.0, "d_y": 12.0}


@pytest.mark.parametrize("source", ["grad(log(x), x)", "d(log(x)*y, x, 2)", "d(log(x)*y, x, 4)", "d(sqrt(x), x, 3)"])
def test_a_derivative_in_the_program_starts_from_nan_where_its_row_is_nan(source):
    """The same lines serve rows with and without nan."""
    for x in (2.0, -1.0, 0.0):
        at = {"x": x, "y": 3.0}
        answer = differentiated(source, at, Options())
        found = outputs(source, ["x", "y"], [x, 3.0])
        for name in found:
            wanted = answer.value if name == "value" else answer.gradients[name[2:]]
            assert found[name] == pytest.approx(wanted, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize(
    "source", ["norm(x)", "std(x)", "max(x)", "prod(x)", "logsumexp(x)", "softmax(x)[0]", "x[0]/x[1]", "sum(relu(x))",
               "where(x[0] > 0, sqrt(x[0]), 0) + x[2]", "grad(norm(x)^2, x)[1]", "argmax(x)*x[1]",
               "cross_entropy(x, 1)", "det([[x[0], x[1]], [x[2], 2]])", "sum(hessian(x[0]^2*x[1], x))"],
)  # fmt: skip
@pytest.mark.parametrize("row", [(1.0, 2.0, 3.0), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (NAN, 1.0, 2.0), (math.inf, 1, 2)])
def test_conventions_of_arrays_hold_at_every_row(source, row):
    row = tuple(map(float, row))
    answer = differentiated(source, {"x": np.array(row)}, Options())
    found = outputs(source, ["x[0]", "x[1]", "x[2]"], row)
    assert found["value"] == pytest.approx(answer.value, rel=1e-14, nan_ok=True)
    gradients = [found[f"d_x[{place}]"] for place in range(3)]
    assert gradients == pytest.approx(answer.gradients["x"].tolist(), rel=1e-13, abs=1e-16, nan_ok=True)


def test_a_column_takes_the_place_of_a_constant_of_its_name_with_a_note():
    rows = Rows("e*x", ["e", "x"], {}, Options())
    assert rows.program.columns == ["e", "x"]
    assert rows.notes == [("shadow", "e: the column is used, not the constant of that name")]
    assert Rows("pi*x", ["e", "x"], {}, Options()).notes == []


def test_a_column_that_the_program_defines_is_not_read():
    rows = Rows("a = 2*x; a*x", ["a", "x"], {}, Options())
    assert rows.program.columns == ["x"]
    assert rows.notes == [("unused", "a: the program defines it, so the column of that name is not read")]


def test_a_value_of_the_table_wins_over_the_own_at_of_a_program():
    assert outputs("x*y at y=7", ["x", "y"], [2.0, 3.0])["value"] == 6.0
    assert outputs("x*y at y=7", ["x"], [2.0]) == {"value": 14.0, "d_x": 7.0, "d_y": 2.0}


def test_columns_whose_names_are_no_names_matter_to_nobody():
    assert Rows("x", ["my col", "", "1st", "x y[0]", "x", "a[", "b[-1]", "at"], {}, Options()).program.columns == ["x"]


ERRORS = {
    "missing": (
        "x*z", ["x", "zz"], {}, "no column and no value for 'z'",
        "did you mean 'zz'?\nthe columns are x, zz; or give a value: z=...",
    ),
    "two missing": (
        "x*z*q", ["x"], {}, "no column and no value for 'z' and 'q'", "the columns are x; or give a value: z=...",
    ),
    "element": (
        "x[0]+x[2]", ["x[0]", "x[2]"], {}, "there is no column 'x[1]', and 'x' is an array of 3",
        "its other columns are there: every element needs one",
    ),
    "last element": (
        "sum(W)", ["W[0,0]", "W[0,1]", "W[1,0]"], {}, "there is no column 'W[1,1]', and 'W' is an array of 2×2",
        "its other columns are there: every element needs one",
    ),
    "twice": (
        "x", ["x", "y", "x"], {}, "two columns are called 'x'", "columns 1 and 3; give one of them another name",
    ),
    "ranks": (
        "sum(x)", ["x", "x[0]"], {}, "the columns 'x' and 'x[0]' do not fit together",
        "the columns of one array have as many indices each",
    ),
    "both": (
        "x", ["x"], {"x": 2.0}, "'x' is a column of the data and has a value, too",
        "leave x=... out, or rename the column",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_errors_name_the_columns(case):
    source, columns, shared, message, hint = ERRORS[case]
    with pytest.raises(GradError) as caught:
        Rows(source, columns, shared, Options())
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_what_is_wrong_with_a_column_that_is_not_read_is_no_error():
    assert Rows("y", ["x", "x", "y", "z[1]", "z"], {}, Options()).program.columns == ["y"]


def test_an_array_has_no_gradient_and_the_error_says_the_ways_out():
    with pytest.raises(GradError) as caught:
        Rows("2*x", ["x[0]", "x[1]"], {}, Options())
    assert caught.value.kind == "shape"
    assert "gradcli map 'sum(2*x)' ..." in caught.value.hint


def test_shapes_are_checked_before_any_row():
    with pytest.raises(GradError, match="dot takes two vectors of one length"):
        Rows("dot(x, w)", ["x[0]", "x[1]"], {"w": np.ones(3)}, Options())


@pytest.mark.parametrize("program", ["d(x^3, x, 2)", "grad(x*x, x)", "h = x; d(h*h*x, h)", "hessian(x*x, x)"])
def test_derivatives_need_no_function_that_something_else_has_imported(program):
    """In a process of its own: here, every function is there already."""
    done = shell(f"printf 'x\\n2\\n' | gradcli map '{program}' -")
    assert done.code == 0 and done.out.startswith("value,d_x\n"), done.err
