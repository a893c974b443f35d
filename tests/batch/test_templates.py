"""Kernels answer what is seen often, with the bytes of the general way, whatever the literals and the values are."""

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradcli.batch import skeletons, templates
from gradcli.batch.calculator import members_of_order
from gradcli.batch.skeletons import MARKS, SPECIAL
from gradcli.batch.skeletons import settings as at_settings
from gradcli.batch.templates import Kernels
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, recognise
from gradcli.graph.recognise import View
from gradcli.questions import Options, Question
from tests.helpers import floats
from tests.scalar_programs import NAMES, texts

CASES = [json.loads(line) for line in (Path(__file__).parents[1] / "published.jsonl").read_text("utf-8").splitlines()]
PUBLISHED = [case for case in CASES if not any(isinstance(value, list) for value in case["at"].values())]
NEURON = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
CHOICES = [
    {}, {"decomposition": "typed"}, {"decomposition": "naive"}, {"decomposition": "sigmoid"}, {"ties": "first"},
    {"ties": "error"}, {"zero": "strong"}, {"wrt": ["x"]}, {"wrt": ["y", "a"]}, {"mode": "forward"},
    {"mode": "adjoint"},
]  # fmt: skip
literals = st.one_of(
    st.sampled_from(["0", "1", "2", "0.5", "3", "2.718281828459045", "3.141592653589793", "1e0", "2.", ".5", "1e999"]),
    st.floats(0.0, 100.0).map(repr),
    st.integers(0, 30).map(str),
    st.floats(0.01, 9.0).map(lambda x: f"{x:.2e}"),
)


def general(source, at, options, order=1):
    try:
        return members_of_order(order, source, at, options)
    except GradError:
        return None


def check(kernels, source, at):
    """What the kernels say, which has to be what the general way says, or nothing."""
    found = kernels.members(source, at)
    if found is not None:
        assert found == general(source, at, kernels.options, kernels.order), (source, at)
    return found


def compiled(kernels):
    return [made for made in kernels.kernels.values() if made is not None]


@pytest.mark.parametrize("case", PUBLISHED, ids=[case["id"] for case in PUBLISHED])
def test_a_published_example_has_the_same_bytes(case):
    """Seen once it is compiled here, and at a point where there is nothing to note it is answered."""
    kernels = Kernels(Options(), often=1)
    at = {name: float(value) for name, value in case["at"].items()}
    found = check(kernels, case["expr"], at)
    expected = general(case["expr"], at, Options())
    words = re.search(r"\b(grad|d|hessian|jacobian)\(", case["expr"])
    if expected and '"notes"' not in expected and not words and not re.search(r"nan|inf|NaN|Inf", expected):
        assert found is not None


@settings(max_examples=300, deadline=None)
@example("1/(1+exp(-(2.5*x+y)))", ["1", "1"], [{"x": 1.0, "y": 2.0, "z": 3.0}], {})
@example("3/(4+exp(-(5*x+y)))", ["1", "1", "7"], [{"x": 1.0, "y": 2.0, "z": 3.0}], {})
@example("exp(3*x)/(4+exp(5*x))", ["7", "1", "7"], [{"x": 1.0, "y": 2.0, "z": 3.0}], {})
@example("log(3+exp(x))", ["1"], [{"x": 1.0, "y": 2.0, "z": 3.0}], {})
@example("max(x, 5)*3", ["0", "7"], [{"x": -1.0, "y": 2.0, "z": 3.0}], {})
@example("max(2, (-1))", ["0"], [{"x": 0.0, "y": 0.0, "z": 0.0}], {})
@example("3*x^4", ["5", "2"], [{"x": -0.0, "y": 2.0, "z": 3.0}], {"decomposition": "naive"})
@given(
    texts,
    st.lists(literals, min_size=1, max_size=6),
    st.lists(st.fixed_dictionaries({name: floats | st.floats(-3, 3) for name in NAMES}), min_size=1, max_size=3),
    st.sampled_from(CHOICES),
)
def test_other_literals_and_other_values(text, numbers, points, choices):
    """A program, then the same with other literals, at any values: each answer has the bytes of the general way."""
    kernels = Kernels(Options(**choices), often=1)
    varied = [
        re.sub(r"\d+\.?\d*", lambda found, turn=turn: numbers[(turn + found.start()) % len(numbers)], text)
        for turn in range(len(numbers))
    ]
    for source in [text, *varied, text]:
        for at in points:
            check(kernels, source, at)
            check(kernels, source + " at x=1.5, y=-2", {})


@given(texts, st.fixed_dictionaries(dict.fromkeys(NAMES, floats)))
def test_the_value_alone(text, at):
    """At order 0."""
    check(Kernels(Options(), 0, often=1), text, at)


def test_literals_are_parameters():
    """One kernel answers all programs that differ in their literals and values, with no literal of its own."""
    kernels = Kernels(Options(), often=1)
    for k in range(40):
        assert check(kernels, f"{k}.75*sin(x*{k + 3}.5) - .{k + 1}1/(y+9{k})", {"x": 0.3 + k, "y": 1.25 + k})
    (made,) = compiled(kernels)
    assert set(re.findall(r"(?<![\w.])[\d.]+", made.kernel.text)) == {"0.0"}


def test_an_exponent_is_part_of_the_program():
    """What x^2, x**3 and x^(-1.5) do is not the same operation."""
    kernels = Kernels(Options(), often=1)
    for power in ("^2", "^3", "**3", "** 2.5", "^(-1.5)", "^-1", "^(0.5)", "^0.5"):
        assert check(kernels, f"4.5*x{power} + 7", {"x": 2.0})


def test_what_recognition_asks_for_is_told_apart():
    """A literal 1 makes a sigmoid of the program, another number does not; both are answered."""
    kernels = Kernels(Options(), often=1)
    for literal in ("1", "3", "1.0", "4", "1", "3"):
        assert check(kernels, f"7/(5+exp(-x)) + 1/({literal}+exp(-(6*x+y)))", {"x": 0.5, "y": 0.25})
    sigmoids = ["sigmoid" in made.kernel.text for made in compiled(kernels)]
    assert sorted(sigmoids) == [False, True]


def test_equal_literals_are_told_apart():
    """exp(a*x)/(1 + exp(a*x)) is a sigmoid only where the two literals are equal."""
    kernels = Kernels(Options(), often=1)
    for pair in ((3, 4), (5, 5), (6, 7), (8, 8)):
        assert check(kernels, "exp({}*x)/(1 + exp({}*x))".format(*pair), {"x": 0.1})
    assert sorted("sigmoid" in made.kernel.text for made in compiled(kernels)) == [False, True]


@given(texts, st.lists(literals, min_size=1, max_size=6))
def test_recognition_asks_for_special_values_only(text, numbers):
    """Else a kernel would be used for a program with another structure."""
    asked = set()

    class Watched(View):
        __slots__ = ()

        def is_number(self, line, value):
            asked.add(abs(value))
            return super().is_number(line, value)

    source = re.sub(r"(?<![\w.^])\d+\.?\d*", lambda found: numbers[found.start() % len(numbers)], text)
    question = Question(source, dict.fromkeys(NAMES, 1.0), Options(decomposition="typed"))
    recognise.matches(question.graph, (), Watched(question.graph))
    assert asked <= SPECIAL


def test_constants_of_the_language_are_special():
    """A literal may be equal to one of them, or to a default of a call."""
    for source in ("pi", "e", "tau", "leaky_relu(x)", "elu(x)"):
        graph = Question(source, {"x": 1.0}, Options(decomposition="typed")).graph
        values = [graph.statics[line] for line, p in enumerate(graph.primitives) if p is CONSTANT]
        assert values and SPECIAL.issuperset(values)


def test_marks_are_no_special_values():
    """No two are equal, and none is a number that recognition asks for."""
    numbers = {float(mark) for mark in MARKS}
    assert len(numbers) == len(MARKS) and numbers.isdisjoint(SPECIAL)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x^2 at x=3", ("x^2", {"x": 3.0})),
        ("x*y at x = -1.5e-3 ,y=.5", ("x*y", {"x": -0.0015, "y": 0.5})),
        ("a = x; a*x at x=+2", ("a = x; a*x", {"x": 2.0})),
        ("x at x=nan", None), ("x at x=inf", None), ("x at x=1_0", None), ("x at x=pi", None), ("x at x=1+1", None),
        ("x at x=[1]", None), ("x # at x=3", None), ("x at x", None), ("x at x==1", None), ("x at =1", None),
        ("x at x=1,", None), ("x at x=", None), ("x at x=- 1", None), ("x at x=1 2", None), ("x at x=1\ny", None),
        ("x", None), ("x at", None), ("x at x=1, x=2", None), ("x at x=1=2", None), ("x at x,1", None),
        ("x at é=1", None),
    ],
)  # fmt: skip
def test_values_behind_at(source, expected):
    """Plain numbers are read at once, all else in the general way."""
    found = at_settings(source)
    assert found == expected


@pytest.mark.parametrize(
    "source",
    ["x*2.5 at x=1, x=2", "x*2.5 at y=1", "a=x; a*2 at x=1, a=3", "x*q at x=3", "x at =1", "x*2 at at=3", "x at 2y=3",
     "e*x at e=2, x=3", "x*2.5 at x.T=2", "µ*x at μ=2, x=1", "x*é at é=2, x=3", "x*2.5 at x y=2", "x at (x)=2",
     "x*2.5 at x=1 at x=2", "2.5 at x=3", "(x at x=1)", "x*2.5 at x=1e999", "x*2.5 at x=1,", "x at x=1 # y=2"],
)  # fmt: skip
def test_odd_values_behind_at(source):
    """An error is left to the general way, and every answer is its answer."""
    kernels = Kernels(Options(), often=1)
    for at in ({}, {"x": 7.0}, {"q": 2.0}):
        check(kernels, source, at)


def test_a_note_that_depends_on_gates_is_kept():
    """Which of two products wins decides the notes: they are computed once for each pattern."""
    kernels = Kernels(Options(), often=1)
    notes = set()
    for k in range(20):
        found = check(kernels, "max(a*b, c*d) + relu(e)", {"a": k - 3.25, "b": 2.0, "c": 1.0, "d": 9.0, "e": 5.25 - k})
        notes.add(found.partition('"notes"')[2])
    assert len(notes) == 2  # it says how many get nothing, not which
    assert len(compiled(kernels)[0].kernel.notes) == 3


def test_a_note_with_a_literal_is_not_kept():
    """`x > 2.5: passes no gradient` stands for no other literal."""
    kernels = Kernels(Options(), often=1)
    for k in range(5):
        check(kernels, f"(x > {k}.25)*y + floor({k}.5)*x", {"x": 2.0, "y": 3.0})


@pytest.mark.parametrize("at", [{"x": 1.0, "unused": 2.0}, {"unused": math.nan, "x": 1.0}])
def test_a_note_that_is_always_there(at):
    """A value for a name that does not occur; a function of the program that hides a built-in."""
    kernels = Kernels(Options(), often=1)
    assert check(kernels, "x*3.5", at) or math.isnan(at["unused"])
    assert check(kernels, "sin(t) = t*7; sin(x)*4.5", {"x": 2.0})


@pytest.mark.parametrize(
    "source",
    ["x +", "x*", "unknown(x)", "x*q", "sum([x, 1])", "grad(x^3, x)", "x@x", "[x, 2][0]", "x = 2; x", "1; x", "a = 1",
     "", "x*y at y=pi", "x at", " at x=1"],
)  # fmt: skip
def test_what_gets_no_kernel(source):
    """Errors, arrays and derivatives are left to the general way, and are not tried again and again."""
    kernels = Kernels(Options(), often=1)
    for _ in range(3):
        assert kernels.members(source, {"x": 2.0}) is None
    assert not compiled(kernels)


def test_a_kernel_is_made_when_a_program_was_seen_often_enough():
    """Other values and other literals count as the same."""
    kernels = Kernels(Options(), often=5)
    answers = [kernels.members(f"{k}.5*x", {"x": k + 0.5}) is not None for k in range(8)]
    assert answers == [False] * 4 + [True] * 4


def test_everything_that_is_kept_is_bounded(monkeypatch):
    """However many programs there are."""
    for name in ("MOST", "MOST_COUNTED"):
        monkeypatch.setattr(templates, name, 20)
    kernels = Kernels(Options(), often=2)
    for k in range(300):
        for _ in range(2):
            check(kernels, f"v{k}*{k}.5 + 3*v{k}", {f"v{k}": 2.0})
    sizes = [len(getattr(kernels, name)) for name in ("texts", "skeletons", "kernels", "counts")]
    assert max(sizes) <= 20
    assert check(kernels, "v299*7.5 + 3*v299", {"v299": 2.0})


def test_distinct_programs_are_soon_let_alone():
    """Where nothing repeats, few programs are looked at; what then repeats is found all the same."""
    kernels = Kernels(Options(), often=3)
    for k in range(templates.PATIENCE + 200):
        kernels.members(f"x + y*x^{k}", {"x": 1.0, "y": 2.0})
    looked_at = len(kernels.counts)
    assert looked_at < templates.PATIENCE + 200
    points = [dict.fromkeys(("w0", "x0", "w1", "x1", "w2"), k / 400) for k in range(6 * templates.SELDOM)]
    answers = [check(kernels, NEURON, point) for point in points]
    assert all(answers[4 * templates.SELDOM :])


def test_a_wrong_kernel_would_be_seen(monkeypatch):
    """These tests compare: with a literal put into the wrong place they fail."""
    right = skeletons._parameters

    def wrong(*given):
        found = right(*given)
        return {line: text.replace("c0", "c1") for line, text in found.items()}

    monkeypatch.setattr(skeletons, "_parameters", wrong)
    with pytest.raises(AssertionError):
        test_an_exponent_is_part_of_the_program()
        test_what_recognition_asks_for_is_told_apart()
