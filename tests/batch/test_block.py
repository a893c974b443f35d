"""Several programs at once are answered as one by one, whatever stands beside them."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scalar_programs import anywhere, texts

from gradcli.batch import everyday
from gradcli.batch.calculator import Calculator, first_order
from gradcli.batch.lines import work
from gradcli.batch.programs import Programs
from gradcli.batch.settings import Settings
from gradcli.language import scan, scan_each
from gradcli.language.builder import build

STRANGE = (
    "x $ y", "$", "x # y", "# x", "x**2", "x * *y", "1e-3*x", "2e - 3", "x*1e", "- 3*x", "x\ny", "x;", ";x", "x at x=3",
    "at", "[x, y]", "x.T", "x +", "(x", "x)", "é*x", "", " ", "()", "sin", "sin()", "sin(x, y)", "max(x, x)", "max()",
    "x^2^y", "-2^2", "-(2)", "pi*x", "inf", "nan", "1e999*x", "x/0", "log(-1)", "q", "2x", "x y", "sin*2", "max(x,)",
    "stop(x)*y", "relu(x - x)", "sqrt(x*x + 1)", "sqrt(1)", "x*sigmoid(x)", "1/(1+exp(-x))", "0.5", "softmax(x)",
)  # fmt: skip
programs = st.sampled_from(STRANGE) | texts
choices = {
    "ties": st.sampled_from(("split", "first", "error")),
    "zero": st.sampled_from(("ieee", "strong")),
    "decomposition": st.sampled_from(("auto", "typed", "naive")),
    "wrt": st.sampled_from((None, ["y"], ["z", "x"])),
}


@given(st.lists(st.tuples(programs, anywhere), min_size=1, max_size=12), st.fixed_dictionaries(choices))
@settings(max_examples=250, deadline=None)
@example([(text, {"x": -0.4, "y": 0.7, "z": 1.0}) for text in STRANGE], {})
@example([(text, {"x": -0.4, "y": 0.7, "z": 1.0}) for text in STRANGE], {"wrt": ["z", "x"]})
def test_several_programs_are_answered_as_one_by_one(asked, chosen):
    calculator = Calculator(Settings(**chosen))
    found = calculator.several([text for text, _ in asked], [at for _, at in asked])
    assert len(found) == len(asked)
    for (text, at), members in zip(asked, found, strict=True):
        if members is not None:
            assert members == first_order(text, at, calculator.options)


def test_everyday_programs_are_not_left_to_others():
    asked = ["x*y", "sin(x)/y", "max(x, y)", "relu(x)*z", "log(-x)", "(x + 1)^2", "2", "sigmoid(x*y - z)"]
    found = Calculator(Settings()).several(asked, [{"x": 0.5, "y": -1.5, "z": 2.0}] * len(asked))
    assert None not in found


@given(st.lists(st.text("xye1E.T+-*/^(), $#@=<>!;\n\té−", max_size=12), min_size=1, max_size=6))
@settings(max_examples=500)
@example(["x*1e", "-3"])
@example(["x*", "*y", "$"])
def test_the_words_of_several_texts_are_those_of_each(sources):
    for source, words in zip(sources, scan_each(sources), strict=True):
        assert words is None or words == scan(source)


LINES = st.sampled_from([
    '{"expr": "x*y", "at": {"x": 2, "y": 0.5}}',
    '{"id": 7, "expr": "x*y", "at": {"x": 2.5, "y": 0}}',
    '{"id": "é", "expr": "sin(x)", "at": {"x": 1.5, "z": 2.0}}',
    '{"expr": "q*x", "at": {"x": 1.5}}',
    "",
    "# x",
    "{",
    "x",
    '{"expr": "x", "at": {"x": -0}}',
    '{"expr": "x", "at": {"x": [1, 2]}}',
    '{"expr": "x at x=3"}',
    '{"expr": "x", "at": 1}',
    '{"expr": "x", "at": {"x": 1.0}, "wrt": ["x"]}',
    '{"expr": "x", "at": {"x": 1.0, "x": 2.0}}',
    '{"expr": 1, "at": {}}',
    '{"id": null, "expr": "x", "at": {"x": 1.0}}',
    '{"id": true, "expr": "x", "at": {"x": 1.0}}',
    '{"expr": "2", "at": {}}',
    '{"expr": "x", "at": {"2": 1.0, "x": 3.0}}',
    '{"expr": "x", "at": {"x": NaN}}',
    '{"expr": "x", "at": {"x": 1e999}}',
    '{"expr": "x", "at": {"x": 100000000000000000000000}}',
    '{"expr": "at", "at": {"at": 1.0}}',
    '{"expr": "x: y", "at": {}}',
])  # fmt: skip


TEXT_LINES = [
    "x*y at x=2, y=0.5",
    "sin(x) + max(x, y) at x = 1.5, y = -0",
    "x/y at y=+1, x=.5",
    "x - 1. at x=1e-3,z=2E5",
    "q*x at x=1.5",
    "x at x=1, x=2",
    "x at x=1 # said",
    "x at x=1 at x=2",
    "x at at=1",
    "pi at pi=3",
    "y = x; y*x at x=2",
    "f(t)=t^2; f(x) at x=3",
    "x < y at x=1, y=2",
    " x^2\tat x=3",
    "x at x=3\v",
    "x at x=[1, 2]",
    "sum(x) at x=1",
    "[x, 2]@[x, 3] at x=1",
    "x at x=1, [y=2]",
    "x at \\u0078=1",
    'x at x="1',
    'x at x":1, "y=2',
    "x at x=1}, {y=2",
    "x at x=1_0",
    "x at x=01",
    "x at x=- 1",
    "x at x=--1",
    "x at x=1 2",
    "x at x=NaN",
    "x at x=Infinity",
    "x at x=true",
    "x at x=1e999",
    f"x at x={'9' * 400}",
    "x at x=pi/4",
    "x at x==1",
    "x at x=",
    "x at",
    "x at x",
    "x at ,x=1",
    "x at x=1,",
    " at x=1",
    "at x=1",
    "2 at z=1.0",
    "x*é at x=1, é=2",
    "x at x=1, \udcff=2",
    '{"expr": "x", "at": {"x": 1}} at x=1',
    "",
    "   ",
    "# x at x=1",
    "x + at x=1",
    "log(x) at x=-1",
    "relu(x) at x=-1.0",
]
ROWS = st.sampled_from([
    "1,x*y,2,0.5",
    "a,sin(x),1.5,",
    "b,max(x; y),1,2",
    '"c","max(x, y)",1,1',
    "d,x at x=3,,",
    "e,x at x=3,4,",
    "f,x*q,1,2",
    "g,,1,2",
    "h,x,1",
    "i,x,1,2,3",
    ",x*y,-0, 2 ",
    "j,x*y,1_0,2",
    "k,x*y,nan,2",
    "l,x*y,pi/4,2",
    "m,x*y,é,2",
    '"n, ""x",x*y,1,2',
    "o,sum(x),\"[1, 2]\",2",
    "\udcff,x,1,2",
    "",
    ",,,",
])  # fmt: skip
FORMATS = {
    "jsonl": (LINES, {}),
    "text": (st.sampled_from(TEXT_LINES), {}),
    "csv": (ROWS, {"delimiter": ",", "columns": ["id", "expr", "x", "y"]}),
}


@pytest.mark.parametrize("kind", FORMATS)
@given(st.data(), st.booleans(), st.sampled_from((1, 3, 48)))
@settings(max_examples=250, deadline=None)
def test_lines_are_answered_as_one_by_one(kind, data, stops, at_once):
    """Nothing depends on what stands in the same block; the first error ends it where it is to."""
    lines = data.draw(st.lists(FORMATS[kind][0], min_size=1, max_size=20))
    do = work(Settings(fail_fast=stops).spec())
    before, everyday.AT_ONCE = everyday.AT_ONCE, at_once
    try:
        header, out = do(header_of(kind, 1), encoded(*lines))
    finally:
        everyday.AT_ONCE = before
    wanted = b""
    for number, line in enumerate(lines, 1):
        one, text = do(header_of(kind, number), encoded(line))
        wanted += text
        if "failure" in one:
            assert header["failure"] == one["failure"]
            break
    assert out == wanted
    assert header["lines"] == out.count(b"\n")
    assert all(json.loads(line) for line in out.splitlines())


@pytest.mark.parametrize("line", TEXT_LINES)
def test_an_everyday_line_of_text_is_answered_as_a_program(line, monkeypatch):
    """Its values are taken apart from it, by other means than the language has."""
    do = work(Settings().spec())
    found = do(header_of("text", 1), encoded(line))
    monkeypatch.setattr(Programs, "everyday", lambda self, lines: [None] * len(lines))
    assert work(Settings().spec())(header_of("text", 1), encoded(line)) == found


@given(st.lists(st.text("xy12.-+e=, \"\\{}[]:#;nat", max_size=14), min_size=1, max_size=8))
@settings(max_examples=500, deadline=None)
@example(["x=1", "y=2, x=-0"])
@example(["x=1}", "{y=2"])
@example(["x=1,y", "x=2"])
@example(['x":1,"y=2', "x=1"])
def test_values_are_read_as_the_language_reads_them(tails):
    asked = Programs(Settings()).everyday([f"x at {tail}" for tail in tails])
    for tail, question in zip(tails, asked, strict=True):
        if question is not None:
            assert repr(question[1]) == repr(build(f"x at {tail}", given=()).at)


def encoded(*lines):
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def header_of(kind, first):
    return {"number": 0, "first": first, "file": "f", "format": kind, **FORMATS[kind][1]}
