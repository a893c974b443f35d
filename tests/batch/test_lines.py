"""Each line is answered as a question of its own, and each bad line says what is wrong, in its place."""

import json
import subprocess
import sys
from unittest import mock

import pytest
from batch.chunked import cut, objects, one, written
from hypothesis import given
from hypothesis import strategies as st
from running import surroundings
from scalar_programs import ordinary, texts

from gradcli.batch import lines as of_batch
from gradcli.batch import objects as of_json
from gradcli.batch.lines import Lines, work
from gradcli.batch.settings import Settings
from gradcli.errors import GradError
from gradcli.questions import Options, differentiated
from gradcli.text import json_text


def asked(source, at, **how):
    """What the question says by itself."""
    found = differentiated(source, at, Options(**how)).as_object()
    return json.loads(json_text({name: found[name] for name in ("value", "gradients", "notes") if found[name] != []}))


@given(texts, ordinary)
def test_a_line_of_json_is_answered_as_the_question_is(text, at):
    """To the last bit, notes too."""
    try:
        expected = {"id": 1, **asked(text, at)}
    except GradError:
        assert "error" in one(json.dumps({"id": 1, "expr": text, "at": at}))
        return
    assert one(json.dumps({"id": 1, "expr": text, "at": at})) == expected


@given(texts, ordinary)
def test_a_line_of_text_is_answered_as_the_question_is(text, at):
    """Values stand behind `at`, in round-trip text."""
    line = f"{text} at {', '.join(f'{name}={value!r}' for name, value in at.items())}"
    try:
        expected = {"line": 1, **asked(line, {})}
    except GradError:
        assert "error" in one(line)
        return
    assert one(line) == expected


@given(texts, ordinary)
def test_a_row_of_a_csv_is_answered_as_the_question_is(text, at):
    """Values stand in columns of their own."""
    at = {name: at[name] for name in "xyz"}
    row = f"expr,x,y,z\n\"{text}\",{','.join(map(repr, at.values()))}\n"
    try:
        expected = {"line": 2, **asked(text, at)}
    except GradError:
        assert "error" in one(row)
        return
    assert one(row) == expected


def test_every_physical_line_counts_and_only_questions_are_answered():
    """Blank lines and comments give no answer."""
    assert [found["line"] for found in objects("# c\n\n  \n  # d\n1\n\t\n2 # e\n")] == [5, 7]
    assert [found["line"] for found in objects('# c\n\n{"expr":"1"}\n # d\n\n {"expr":"2"}\n')] == [3, 6]


@pytest.mark.parametrize(
    "name", ['"a7"', '"é\\n\\""', "7", "-3", "7.50", "1e3", "12345678901234567890123", "true", "false", '""']
)
def test_an_id_is_given_back_as_it_was(name):
    """Any scalar, a number with all its digits; and with an error too."""
    assert written(f'{{"id":{name},"expr":"1"}}'.encode()).startswith(b'{"id":')
    for rest in (',"expr":"x","at":{"x":2}', ',"expr":"x*"', ' , "x":1'):
        line = f'{{"id":{name}{rest}}}'
        said = written(line.encode()).decode().split(',"', 1)[0].removeprefix('{"id":')
        assert said == name or json.loads(said) == json.loads(name)
        if name[0] not in '"':
            assert said == name


def test_what_is_null_is_not_given():
    """A table that is written as JSON says null where a cell is empty."""
    line = '{"id":null,"expr":"x*y at x=1, y=2","at":null,"wrt":null,"mode":null,"decomposition":null,"order":null}'
    assert one(line) == {"line": 1, "value": 2.0, "gradients": {"x": 2.0, "y": 1.0}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2", 2.0), ("-0", "-0"), ("-0.0", "-0"), ("1e400", "inf"),
        ("9" * 400, "inf"), ("-" + "9" * 400, "-inf"), ("9" * 5000, "inf"),
        ('"NaN"', "nan"), ('"Infinity"', "inf"), ('"-Infinity"', "-inf"), ("18446744073709551617", 2.0**64),
        ("9007199254740993", 9007199254740992.0), ("0.1000000000000000055511151231257827", 0.1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrapped", ["{}", " {} ", "{},\"y\":1"], ids=["bare", "blanks", "two"])
def test_a_value_is_the_nearest_double(value, expected, wrapped):
    """Whole numbers of any length, a zero with its sign, and the three words."""
    line = f'{{"expr":"x","at":{{"x":{wrapped.format(value)}}}}}'
    found = one(line)["value"]
    number = float(found) if not isinstance(found, str) else float(found.replace("Infinity", "inf"))
    assert repr(number) == repr(float(expected))


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ('{"expr":"x","x":2}', "usage", "unknown member 'x'"),
        ('{"expr":"x","exp":2}', "usage", "unknown member 'exp'"),
        ('{"expr":"1","wrtt":["x"]}', "usage", "unknown member 'wrtt'"),
        ('{"expression":"x"}', "usage", "no 'expr' in the object"),
        ("{}", "usage", "no 'expr' in the object"),
        ('{"expr":null}', "usage", "no 'expr' in the object"),
        ('{"expr":3}', "usage", "'expr' has to be a text, the number 3 given"),
        ('{"expr":["x"]}', "usage", "'expr' has to be a text, a list given"),
        ('{"expr":"x","expr":"y"}', "usage", "'expr' stands twice in the object"),
        ('{"expr":"x","at":{"x":1,"x":2}}', "name", "'x' gets a value twice"),
        ('{"expr":"x","at":{"é":1,"e\\u0301":2}}', "name", "'é' gets a value twice"),
        ('{"expr":"x","at":[1]}', "usage", "'at' has to be an object, a list given"),
        ('{"expr":"x","at":"x=1"}', "usage", "'at' has to be an object, 'x=1' given"),
        ('{"expr":"x","at":{"x":true}}', "value", "the value of 'x' has to be a number, and true is none"),
        ('{"expr":"x","at":{"x":null}}', "value", "the value of 'x' has to be a number, and null is none"),
        ('{"expr":"x","at":{"x":"pi/4"}}', "value", "the value of 'x' has to be a number, and 'pi/4' is none"),
        ('{"expr":"x","at":{"x":"@/etc/passwd"}}', "value",
         "the value of 'x' has to be a number, and '@/etc/passwd' is none"),
        ('{"expr":"x","at":{"x":{"y":1}}}', "usage", "the value of 'x' has to be a number, an object given"),
        ('{"expr":"x","at":{"x":[[1,2],[3]]}}', "shape",
         "the value of 'x' is ragged: x[0] has length 2, x[1] has length 1"),
        ('{"expr":"x","at":{"x":[]}}', "shape", "the value of 'x' is an empty array"),
        ('{"expr":"x","at":{"x y":1}}', "name", "'x y' in 'at' is no name"),
        ('{"expr":"x","at":{"":1}}', "name", "'' in 'at' is no name"),
        ('{"expr":"x","at":{"at":1}}', "name", "'at' is a reserved word and no name"),
        ('{"expr":"a=1;a","at":{"a":1}}', "name", "'a' is defined by the program and cannot get a value"),
        ('{"expr":"x","at":{"x":1},"wrt":["y"]}', "name", "'y' does not occur in the program"),
        ('{"expr":"x","at":{"x":1},"wrt":[]}', "usage", "'wrt' names nothing"),
        ('{"expr":"x","at":{"x":1},"wrt":"x,"}', "usage", "'wrt' names nothing"),
        ('{"expr":"x","at":{"x":1},"wrt":{"x":1}}', "usage", "'wrt' has to be a list of names, an object given"),
        ('{"expr":"x","at":{"x":1},"wrt":["x",3]}', "usage", "'wrt' has to be a list of names, the number 3 given"),
        ('{"expr":"x","at":{"x":1},"mode":"revers"}', "usage",
         "'mode' has to be one of reverse, forward, adjoint, 'revers' given"),
        ('{"expr":"x","at":{"x":1},"mode":[]}', "usage",
         "'mode' has to be one of reverse, forward, adjoint, a list given"),
        ('{"expr":"x","at":{"x":1},"order":21}', "usage",
         "'order' has to be a whole number from 0 to 20, the number 21 given"),
        ('{"expr":"x","at":{"x":1},"order":true}', "usage",
         "'order' has to be a whole number from 0 to 20, true given"),
        ('{"expr":"x","at":{"x":1},"order":1.5}', "usage",
         "'order' has to be a whole number from 0 to 20, the number 1.5 given"),
        ('{"expr":"x","id":[1]}', "usage", "'id' has to be a text, a number or a truth value, a list given"),
        ('{"expr":"x","at":{"x":NaN}}', "syntax", "NaN is not JSON"),
        ('{"expr":"x","at":{"x":-Infinity}}', "syntax", "-Infinity is not JSON"),
        ("{'expr':'x'}", "syntax", "not JSON: expecting property name enclosed in double quotes"),
        ('{"expr":"x"', "syntax", "not JSON: expecting ',' delimiter"),
        ('{"expr":"x"} {"expr":"y"}', "syntax", "not JSON: extra data"),
        ('{"expr":"a\tb"}', "syntax", "not JSON: invalid control character at"),
        ("{" * 70, "limit", "the object is nested more than 64 deep"),
        ('{"expr":"x","at":{"x":' + "[" * 5000, "limit", "the object is nested more than 64 deep"),
        ('{"expr":"x","at":{"x":' + "[" * 40 + "1" + "]" * 40 + "}}", "limit",
         "the value of 'x' has more than 32 axes"),
        ('{"expr":"' + "x" * 2_000_000 + '"}', "limit", None),
        ('{"expr":"(((","at":{}}', "syntax", None),
    ],
    ids=lambda text: text and text[:50],
)  # fmt: skip
def test_a_bad_object_says_what_is_wrong(line, kind, message):
    """As an error in the place of its answer; the line after it is answered."""
    found = objects(f'{line}\n{{"expr":"1+1"}}')
    assert [set(found[0]) - {"id"}, found[1]] == [{"line", "error"}, {"line": 2, "value": 2.0, "gradients": {}}]
    assert found[0]["error"]["kind"] == kind
    assert message is None or found[0]["error"]["message"] == message


@pytest.mark.parametrize("line", ["3", "[1]", '"x"', "null", "x^2 at x=1", "}"])
def test_in_a_file_of_objects_every_line_is_one(line):
    """The first line says which kind of file it is."""
    found = objects(f'{{"expr":"1"}}\n{line}\n')
    assert (found[1]["error"]["kind"], found[1]["error"]["message"]) == ("syntax", "a JSON object expected")


def test_in_a_file_of_programs_no_line_is_an_object():
    """The other way round."""
    assert objects('1+1\n{"expr":"1"}')[1]["error"]["message"] == "an object of JSON found in a file of programs"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"x\xff at x=1", "not UTF-8 text (byte 0xff at 1)"),
        ("é".encode() + b"+\xc3", "not UTF-8 text (byte 0xc3 at 3)"),
        (b"x\0+1 at x=1", "U+0000 found, an operator expected"),
        (b"x at x=@/etc/passwd", None),
        (b"x at x=1 at y=2", None),
        (b"a = b; b = a; a", None),
        (b"x = x + 1", None),
    ],
)
def test_a_bad_line_of_text_says_what_is_wrong(line, message):
    """The bytes of one line spoil no other."""
    found = objects(b"1+1\n" + line + b"\n2+2\n")
    assert [found[0]["value"], found[2]["value"]] == [2.0, 4.0]
    assert "error" in found[1]
    assert message is None or found[1]["error"]["message"] == message


def test_bytes_that_are_no_text_in_an_object():
    """The place counts in the line."""
    found = objects(b'{"expr":"1"}\n{"expr":"\xff"}\n{"expr":"2"}\n')
    assert found[1] == {
        "line": 2, "error": {"kind": "file", "message": "not UTF-8 text (byte 0xff at 9)", "hint": "save it as UTF-8"},
    }  # fmt: skip
    assert found[2]["value"] == 2.0


def test_places_count_in_the_program():
    """Line, column and span of an error are those of the text of `expr`."""
    assert one('{"id":1,"expr":"y = 2\\n sigmod(y)"}')["error"] == {
        "kind": "name", "message": "unknown function 'sigmod'", "line": 2, "column": 2, "span": [7, 13],
        "hint": "did you mean 'sigmoid'?",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ('{"expr":"x*y"}', 'add "x": ..., "y": ... to "at"'),
        ("x*y at x=1", "give y a value behind 'at'"),
        ("expr,x\nx*y,1", "give y in a column, or in expr behind 'at'"),
    ],
)
def test_a_missing_value_says_where_it_goes(line, hint):
    """There is no --example here."""
    assert one(line)["error"]["hint"] == hint


# --- values for the whole file


def test_values_of_the_whole_file_are_for_names_that_occur():
    """And are no notes elsewhere."""
    assert objects("x*y at y=3\n2*z at z=1\nexp(1)", at={"x": 2.0, "e": 0.0}) == [
        {"line": 1, "value": 6.0, "gradients": {"x": 3.0, "y": 2.0}},
        {"line": 2, "value": 2.0, "gradients": {"z": 2.0}},
        {"line": 3, "value": 2.718281828459045, "gradients": {}},
    ]


def test_what_is_nearer_to_the_program_wins():
    """The line's `at` over the program's own, and that over the values of the whole file."""
    source = '{"expr":"x + y + z at y=20, z=30","at":{"z":300}}'
    assert one(source, at={"x": 1.0, "y": 2.0, "z": 3.0})["value"] == 321.0
    assert one("x + y at y=20", at={"x": 1.0, "y": 2.0})["value"] == 21.0
    assert one("expr,y\nx + y at x=10,200", at={"x": 1.0, "y": 2.0})["value"] == 210.0


def test_values_survive_on_their_way_to_another_process():
    """Numbers that JSON does not have, the sign of zero, arrays of any rank."""
    from gradcli.graph.nested import from_lists

    at = {"a": float("-inf"), "b": -0.0, "W": from_lists([[1.0, float("inf")], [2.0, 3.0]], "W"), "n": 0.1}
    back = Settings.of(json.loads(json.dumps(Settings(at=at).spec(), allow_nan=False))).at
    assert (back["a"], repr(back["b"]), back["n"]) == (at["a"], "-0.0", 0.1)
    assert back["W"].tolist() == at["W"].tolist()


def test_options_of_the_line_win_over_those_of_the_file():
    """For wrt, mode, decomposition and order alike."""
    source = '{"expr":"1/(1+exp(-x))*y","at":{"x":-800,"y":1},"wrt":["x"],"decomposition":"typed","order":1}'
    found = one(source, wrt=["y"], decomposition="auto", order=0)
    assert found["gradients"] == {"x": "NaN"}


# --- CSV


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_told_by_its_column(delimiter):
    """With any of three delimiters, quotes or not, blanks beside names."""
    rows = [["id", ' "expr" ', "x", "wrt"], ["a", '"max(x, 1; 2)"', " 3 ", ""], ["b", '"x*x"', "pi", '"x"']]
    found = objects("\n".join(delimiter.join(row) for row in rows))
    assert [answer["id"] for answer in found] == ["a", "b"]
    assert found[0]["error"]["kind"] == "syntax"
    assert found[1]["gradients"] == {"x": 6.283185307179586}


def test_a_quoted_cell_holds_delimiters_quotes_and_lines():
    """RFC 4180; the number of a record is that of its first line."""
    data = 'expr,x,id\r\n"max(x, 2)",1,"a ""b"""\r\n"y = x*x\r\ny + 1",3,"c,d"\r\n\r\nx,5,e\r\n'
    found = objects(data)
    assert [(answer["id"], answer["value"]) for answer in found] == [('a "b"', 2.0), ("c,d", 10.0), ("e", 5.0)]
    for old, new in (("id", "z"), ('"a ""b"""', "1"), ('"c,d"', "1"), (",e", ",1")):
        data = data.replace(old, new)
    assert [answer["line"] for answer in objects(data)] == [2, 3, 6]


@pytest.mark.parametrize(
    ("row", "kind", "message"),
    [
        ("x,1", "syntax", "2 cells found, 3 expected"),
        ("max(x,y),1,2", "syntax", "4 cells found, 3 expected"),
        (",1,2", "syntax", "the cell of 'expr' is empty"),
        ('"x"y,1,2', "syntax", "something else than a delimiter stands behind a quoted cell"),
        ("x,two,3", "value", "the value of 'x' has to be a number, and 'two' is none"),
        ("x,@/etc/passwd,3", "syntax", None),
        ("x,1_000,3", "syntax", None),
        ("x,२,3", "syntax", None),
        ("x*y,1,", "name", "no value for 'y'"),
    ],
)
def test_a_bad_row_says_what_is_wrong(row, kind, message):
    """In its place; the rows beside it are answered."""
    found = objects(f"expr,x,y\nx,1,2\n{row}\ny,1,2\n")
    assert [found[0]["value"], found[2]["value"]] == [1.0, 2.0]
    assert found[1]["error"]["kind"] == kind
    assert message is None or found[1]["error"]["message"] == message


def test_a_comma_for_a_point_is_told():
    """A number of a country that writes 1,5."""
    assert one("expr;x\nx;1,5\n")["error"]["hint"] == "write 1.5"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("nan", "NaN"), ("NaN", "NaN"), ("inf", "Infinity"), ("-Infinity", "-Infinity"), ("1e999", "Infinity"),
        ("[1,2]", [1.0, 2.0]),
    ],
)  # fmt: skip
def test_cells_that_are_no_plain_number(cell, value):
    """What the language, and JSON, call infinite; and arrays."""
    assert one(f'expr,x\nx,"{cell}"\n', order=0)["value"] == value


def test_columns_with_indices_are_an_array():
    """As in a table for `gradcli map`; in any order."""
    found = objects('expr,x[1],x[0],"W[0,1]","W[0,0]"\nsum(x)*x[1],2,1,,\nW@x,2,1,30,2*2\nx,1,,,\n', order=0)
    assert [answer.get("value") for answer in found] == [6.0, [64.0], None]
    assert found[2]["error"]["message"] == "the cell of 'x[0]' is empty, and others of 'x' are not"


def test_a_quote_that_nothing_closes_costs_its_line_only():
    """What follows is read as if it were not there."""
    found = objects('expr,x\nx,1\n"x+1,2\nx,3\nx,4\n')
    assert [answer.get("value") for answer in found] == [1.0, None, 3.0, 4.0]
    assert found[1]["error"]["message"] == "a quoted cell begins in this line, and nothing closes it"
    assert [answer["line"] for answer in found] == [2, 3, 4, 5]


def test_a_row_of_empty_cells_is_blank():
    """Spreadsheets leave such rows at the end."""
    assert [answer["line"] for answer in objects("expr,x\nx,1\n,\nx,2\n,\n")] == [2, 4]


# --- chunks


BLOCK = (
    '# c\n{"expr":"x*y","at":{"x":2,"y":3}}\n\n'
    '{"id":"é","expr":"log(x)","at":{"x":0}}\n{"expr":"x*"}\n{"expr":"\\ud800"}\n',
    "# c\nx^2 at x=3\n\nsigmod(1)\r\nmax(x,y) at x=1, y=1\rπ*x at x=2\nlast",
    'id,expr,x\n1,"max(x, 2)",3\n\n2,"a=x\na*a",2\n3,x"y,1\n4,"x,1\n5,x,7\n',
)


@given(st.sampled_from(BLOCK), st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_the_answer_does_not_depend_on_how_the_bytes_arrive(data, sizes):
    """Nor on where chunks end: a chunk of one line, or all in one."""
    assert written(data.encode(), sizes) == written(data.encode())


@st.composite
def damaged(draw):
    """One of the blocks with a few bytes changed, or bytes of any kind behind its first line."""
    data = bytearray(draw(st.sampled_from(BLOCK)).encode())
    start = data.index(b"\n", 3) + 1
    if draw(st.booleans()):
        return bytes(data[:start]) + draw(st.binary(max_size=60))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(start, len(data) - 1))
        data[place : place + draw(st.integers(0, 3))] = draw(st.sampled_from(PARTS) | st.binary(max_size=2))
    return bytes(data)


PARTS = [
    b'"', b"{", b"}", b"[", b":", b",", b"\\", b"\n", b"\r", b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"-0", b"1e999",
    b" ", b"at", b"null", b"#", b"\\ud800", "é".encode(), b"\xef\xbb\xbf", b"=", b"@f", b"(", b";",
]  # fmt: skip


@given(damaged(), st.sampled_from([None, {"x": 2.0}]))
def test_nothing_but_answers_and_errors_comes_of_anything(data, at):
    """Each on a line of its own, valid JSON in UTF-8, and as many as were foretold."""
    spec = Settings(at=at).spec()
    do = work(spec)
    try:
        chunks = cut(data, (7, 30))
    except GradError as error:  # of the whole file
        assert error.kind in ("file", "name")
        return
    for header, payload in chunks:
        out, said = do(header, payload)
        found = [json.loads(line) for line in said.decode().splitlines()]
        assert said.count(b"\n") == len(found) == out["lines"] == of_batch.answers(spec, header, payload)
        assert all(("value" in answer) != ("error" in answer) for answer in found)
        assert sum(count for count, *_ in out["errors"].values()) == sum("error" in answer for answer in found)
        first = header["first"]
        assert all(first <= answer.get("line", first) <= first + payload.count(b"\n") for answer in found)


@pytest.mark.parametrize("data", BLOCK)
def test_pieces_of_a_chunk_give_what_the_chunk_gives(data):
    """Taken apart to single lines, for the one that kills."""
    spec = Settings().spec()
    do = work(spec)
    for header, payload in cut(data.encode()):
        apart = [do(*piece) for piece in of_batch.pieces(spec, header, payload)]
        whole, bytes_out = do(header, payload)
        assert b"".join(found for _, found in apart) == bytes_out
        assert sum(out["lines"] for out, _ in apart) == whole["lines"] == of_batch.answers(spec, header, payload)
        lost, instead = of_batch.lost(spec, header, payload, "killed twice")
        if "refused" in header:  # nothing was computed
            assert instead == bytes_out
            continue
        assert lost["lines"] == whole["lines"] == instead.count(b"\n")
        assert instead.count(b'"message":"killed twice"') == whole["lines"]


def test_what_failed_is_counted_with_its_first_place():
    """By kind."""
    ((header, payload),) = cut(b"1+1\nx*\nsigmod(1)\n(\n")
    out, _ = Lines(Settings()).answer(header, payload)
    assert out == {
        "number": 0, "lines": 4, "asked": 4,
        "errors": {
            "syntax": [2, 2, "end found, an expression expected", "f"],
            "name": [1, 3, "unknown function 'sigmod'", "f"],
        },
    }  # fmt: skip


def test_fail_fast_ends_with_the_first_error():
    """What stands before it is answered."""
    ((header, payload),) = cut(b"1+1\nx*\nsigmod(1)\n(\n")
    out, said = Lines(Settings(fail_fast=True)).answer(header, payload)
    assert said == b'{"line":1,"value":2.0,"gradients":{}}\n'
    assert out["failure"][:3] == [2, "syntax", "end found, an expression expected"]
    assert (out["lines"], out["asked"]) == (1, 2)


# --- readers of JSON


def both_ways(line):
    """What is answered with orjson, and without."""
    found = []
    for library in (of_json.orjson, None):
        with mock.patch.object(of_json, "orjson", library):
            found.append(written(line))
    return found


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["x", "x*y", "NaN", "Infinity"])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)
ats = st.dictionaries(st.sampled_from(["x", "y", "é", "at"]), st.integers() | st.floats() | values, max_size=3)


@given(
    st.dictionaries(st.sampled_from([*of_json.MEMBERS, "x"]), values, max_size=4),
    st.sampled_from(["x*y", "x", "sum(x)", "x*", 3]),
    ats | st.none(),
    st.booleans(),
)
def test_a_faster_reader_changes_nothing(members, source, at, spaced):
    """orjson reads where it is installed, and decides nothing."""
    pytest.importorskip("orjson")
    members = {**members, "expr": source} | ({} if at is None else {"at": at})
    line = json.dumps(members, ensure_ascii=not spaced, separators=(", ", ": ") if spaced else (",", ":"))
    first, second = both_ways(line.encode("utf-8", "surrogatepass"))
    assert first == second


@pytest.mark.parametrize(
    "line",
    [
        b'{"expr":"1/x","at":{"x":-0}}', b'{"expr":"x","at":{"x":[-0,-0.5]}}', b'{"expr":"x","at":{"x":1e400}}',
        b'{"id":1e2,"expr":"x"}', b'{"id":18446744073709551616,"expr":"1"}', b'{"expr":"\\ud800"}',
        b'{"expr":"x","at":{"x":' + b"[" * 1000 + b"]" * 1000 + b"}}", b'\xef\xbb\xbf{"expr":"1"}',
    ],
)  # fmt: skip
def test_edges_of_the_faster_reader(line):
    """Where the two are known to differ."""
    pytest.importorskip("orjson")
    first, second = both_ways(line)
    assert first == second


def test_scalars_need_no_numpy():
    """Nor does an error."""
    code = (
        "import sys; from gradcli.batch.lines import work; from gradcli.batch.settings import Settings\n"
        "do = work(Settings().spec())\n"
        "for kind, line in (('jsonl', b'{\"expr\":\"x\",\"at\":{\"x\":1}}'), ('text', b'x*'), ('text', b'log(0)')):\n"
        "    do({'number': 0, 'first': 1, 'file': 'f', 'format': kind}, line)\n"
        "assert 'numpy' not in sys.modules and 'rich' not in sys.modules and 'typer' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=surroundings())


def test_a_line_has_its_own_label_whatever_stood_before_it():
    """A line that is refused has not the id of another, and an id keeps its sign, also where the names are known."""
    unread = '{"expr":"x","at":{"x":NaN}}'
    signed = '{"expr":"x","at":{"x":1.0},"id":-0}'
    lines = ['{"expr":"x","at":{"x":1.0},"id":7}', unread, signed, '{"expr":"x","at":{"x":1.0},"id":0}', unread]
    found = written("\n".join(lines).encode()).decode().splitlines()
    labels = ['{"id":7,', '{"line":2,', '{"id":-0,', '{"id":0,', '{"line":5,']
    assert [line[: len(label)] for line, label in zip(found, labels, strict=True)] == labels


def test_an_id_that_no_one_could_read_is_refused():
    """Also where the output is read again, for a row of a CSV."""
    line = f'{{"expr":"1","id":{"9" * 5000}}}'
    assert one(line)["error"]["kind"] == "limit"
    assert b"limit" in written(line.encode(), columns=["line", "id", "value", "more", "notes", "error_kind", "error"])
