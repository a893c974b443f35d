"""The pass over words says what `questions` says: the same numbers to the last bit, the same notes, or nothing."""

import json
import math
import random
import sys
from pathlib import Path

import pytest
from helpers import COUNTS, PRIMITIVES
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scalar_programs import anywhere, ordinary, texts
from spellings import LEFT_ALONE, RECOGNISED

from gradcli.autodiff import _read_from_the_rules, locals_of
from gradcli.batch import answers, driver, steps
from gradcli.batch.calculator import first_order
from gradcli.batch.fused import Fused
from gradcli.batch.inlined import driver_text
from gradcli.batch.onepass import Pass
from gradcli.batch.spelled import may_be_spelled
from gradcli.batch.stepping import functions, power
from gradcli.batch.sweep import graph_of
from gradcli.codegen.steps import steps_text
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, NAMED, VARIABLE
from gradcli.graph.carriers import number
from gradcli.graph.decompose import decompose
from gradcli.language import scan
from gradcli.language.builder import build
from gradcli.questions import Options

LINES = (Path(__file__).parents[1] / "published.jsonl").read_text("utf-8").splitlines()
PUBLISHED = [
    case for case in map(json.loads, LINES) if all(isinstance(value, (int, float)) for value in case["at"].values())
]
VALUES = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 40.0, -800.0, 1e300, 5e-324, math.inf, -math.inf, math.nan, 0.3, -2.7)
numbers = st.sampled_from(VALUES) | st.floats()
points = st.fixed_dictionaries(dict.fromkeys("xyz", numbers))
options_ = st.builds(
    Options,
    ties=st.sampled_from(("split", "first", "error")),
    zero=st.sampled_from(("ieee", "strong")),
    decomposition=st.sampled_from(("auto", "typed", "sigmoid", "naive")),
    wrt=st.sampled_from((None, ["x"], ["z", "x"], ["a", "x"], [])),
)


def same_or_nothing(text, at, options=None):
    """Whether the quick way answered, as the other does."""
    options = options or Options()
    found = Fused(options).members(text, at)
    if found is None:
        return False
    assert found == first_order(text, at, options)
    return True


# The generated steps


def test_the_generated_steps_are_what_the_rules_say():
    """A rule that changed was written out again: `python -m gradcli.codegen.steps`."""
    assert Path(steps.__file__).read_text("utf-8") == steps_text()
    assert Path(driver.__file__).read_text("utf-8") == driver_text()


@pytest.mark.parametrize("key", steps.STEPS, ids=lambda key: "-".join(map(str, key)))
def test_a_step_is_the_forward_and_the_rules_to_the_last_bit(key):
    """Wherever Python does not raise; at zeros of both signs, infinities and nan as well."""
    name, static, count = key
    run, plain = steps.STEPS[key]
    rules = _read_from_the_rules(NAMED[name], static, count)
    rng = random.Random(name)
    answered = 0
    for _ in range(200):
        operands = tuple(rng.choice(VALUES) if rng.random() < 0.5 else rng.uniform(-3, 3) for _ in range(count))
        try:
            y, *locals_ = run(*operands)
        except (ArithmeticError, ValueError):
            continue
        answered += 1
        found = [y, *(locals_ if plain else locals_[0])]
        wanted = [number(NAMED[name], static, operands)]
        wanted += [rule and rule(wanted[0], *operands) for rule in rules]
        assert list(map(repr, found)) == list(map(repr, wanted)), operands
    assert answered


def test_every_primitive_of_the_language_is_a_step():
    """So a new one is answered quickly of its own accord."""
    calls = functions("split")
    for name, primitive in PRIMITIVES.items():
        if primitive.spoken:
            counts = [c for c in COUNTS if 1 < c <= 8] if primitive.variadic else [len(primitive.rules)]
            assert all(calls[name][count] for count in counts)


@pytest.mark.parametrize("ties", ["split", "first"])
@pytest.mark.parametrize("name", [name for name, found in PRIMITIVES.items() if found.spoken])
def test_every_primitive_is_answered_as_by_questions(name, ties):
    """At ordinary points, and at every point where a convention or a note may be due."""
    primitive = PRIMITIVES[name]
    count = 3 if primitive.variadic else len(primitive.rules)
    names = "abc"[:count]
    rng = random.Random(name)
    answered = 0
    call = f"{name}({','.join(names)})"
    for text in (call, f"2*{call} - a", f"where(a > 0, {call}, a)"):
        for _ in range(60):
            at = {n: rng.choice(VALUES) if rng.random() < 0.5 else rng.uniform(-3, 3) for n in names}
            answered += same_or_nothing(text, at, Options(ties=ties))
        answered += same_or_nothing(text, dict.fromkeys(names, 1.0), Options(ties=ties))
    assert answered > 40


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("ties", ["split", "first"])
@given(numbers, numbers)
@settings(max_examples=100)
@example(0.0, -0.0)
@example(-math.inf, math.inf)
def test_the_larger_of_two_is_what_its_step_says(name, ties, a, b):
    """Where the two differ, only their order counts."""
    assume(a == a and b == b)
    step = functions(ties)[name][2]
    steps.DUE.clear()
    wanted = repr(step.run(a, b)), [*steps.DUE]
    run = Pass({"x": 1.0, "y": 1.0}, functions(ties))
    y = run.call(step, ((a, 0), (b, 1)))
    assert (repr((y, run.tape[0][1])), [*steps.DUE]) == wanted


# Whole programs


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["id"])
def test_published_cases_are_answered_as_by_questions(case):
    at = {name: float(value) for name, value in case["at"].items()}
    assert same_or_nothing(case["expr"], at)


@pytest.mark.parametrize("text", [text for text, _ in RECOGNISED] + LEFT_ALONE)
@pytest.mark.parametrize("decomposition", ["auto", "typed"])
def test_spelled_out_forms_are_answered_as_by_questions(text, decomposition):
    names = build(text).variables
    answers_ = []
    for seed in range(4):
        at = {name: random.Random(seed).uniform(-2, 2) * (seed or 400) for name in names}
        answers_.append(same_or_nothing(text, at, Options(decomposition=decomposition)))
    assert all(answers_) or "(" in text.partition("=")[0]  # a function of the user's


@given(texts, ordinary | anywhere | points, options_)
@settings(max_examples=400, deadline=None)
@example("max(x, y, y)", {"x": 1.0, "y": 1.0, "z": 0.0}, Options())
@example("x*(y > 0) + relu(-0.0)", {"x": 1.0, "y": 1.0, "z": 0.0}, Options())
@example("clip(x, -(x), y)", {"x": 0.0, "y": 0.0, "z": 0.0}, Options())
@example("max(y + sin(x) - z, x, z)", {"x": 0.0, "y": 0.0, "z": 0.0}, Options())
@example("a = sin(y); b = max(a, x); min(b*1, z + a, y)", {"x": 0.0, "y": 0.0, "z": 0.0}, Options())
@example("a = x; b = a; a*b", {"x": 3.0, "y": 1.0, "z": 0.0}, Options(wrt=["a", "x"]))
def test_random_programs_are_answered_as_by_questions(text, at, options):
    """All options; the values are ordinary, or zeros, ties, huge, infinite and nan."""
    try:
        same_or_nothing(text, at, options)
    except GradError:
        with pytest.raises(GradError):
            first_order(text, at, options)
        pytest.fail("the quick way answered what is an error")


@given(texts, ordinary)
@settings(max_examples=100, deadline=None)
def test_programs_at_ordinary_points_are_not_left_to_others(text, at):
    """The quick way is the way of nearly all of them."""
    assert same_or_nothing(text, at) or "polygamma" in text


@pytest.mark.parametrize(
    "text",
    [
        "x^2 at x=3", "x*y at x=-1, y=2.5", "x+y at y = 1e-3 , x=.5", "x*y at x=3", "x at x=- 2",
        "a = x*y; a^2 + a at x=2",
        "a = 2\nb = a*x\n\nb^a; ", "a = x; a*x", "a = 3; a; ", "a = 2; b = a; x^b", "n = x*y; t = exp(-n); 1/(1 + t)",
        "a = 2; x^-a", "e^x", "pi*x", "x^pi", "x^-2", "-x^2", "2^3^2*x", "--x", "+x", "3", "pi", "x # comment",
        "sqrt(4)",
        "y/(2*sigmoid(x) + 3)", "1/(exp(x) - (-2) + exp(y))", "log(2*sigmoid(x) - 3)/y", "0.5*(2*sigmoid(x) + 2)",
        "x^0", "x^-0.0", "x^2.5", "leaky_relu(x)", "leaky_relu(x, 0.2)", "elu(y)", "max(x, y, 1)", "(x)", "x ** 2",
        "1e400*x", "inf*x", "x/0", "0/x", "e", "where(x > y, x, y)", "x == y", "stop(x)*y", "floor(x)*x",
    ],
)  # fmt: skip
def test_everyday_forms_are_answered_as_by_questions(text):
    """At a point where some of them are due a note."""
    assert same_or_nothing(text, {"x": 0.5, "y": -1.5})


@pytest.mark.parametrize(
    "text",
    [
        "x +", "x y", "2x", "f(x)", "sin(x, y)", "sin()", "x = 3", "x = 3; x", "a = x; a = 2; a", "a = a + 1; a",
        "x; y", "q*x",
        "x at x", "x at x=y", "x at x=1, x=2", "x at x=1_0", "(x", "x)", "1_0*x", "x at", "sin x", "sin", "", ";",
        "x at x=1; y",
        "a = x at x=1", "max(x)", "[x, y]", "x[0]", "x.T", "x @ y", "sum(x)", "grad(x^2, x)", "d(x^2, x)",
        "f(a) = a; f(x)",
        "x+1 = 3; x", "max = 2; max", "x < y < 1", "x, y", "1..2*x", "é*x", "x\u00d7y",
    ],
)  # fmt: skip
def test_what_is_wrong_or_rare_is_left_to_others(text):
    """They complain, or know more than single numbers."""
    assert Fused(Options()).members(text, {"x": 0.5, "y": -1.5}) is None


def test_arrays_are_left_to_others():
    """Used or not, an array makes the question one of arrays."""
    numpy = pytest.importorskip("numpy")
    fused = Fused(Options())
    assert fused.members("x*2", {"x": numpy.ones(2)}) is None
    assert fused.members("x*2", {"x": 1.0, "y": numpy.ones(2)}) is None


def test_a_name_that_does_not_occur_has_the_gradient_0_and_a_note():
    """In the order of the names, those of the program's own `at` first."""
    assert same_or_nothing("x*y at q=2", {"x": 1.0, "r": 2.0, "y": -0.5})


# What may be spelled out


@pytest.mark.parametrize("text", [text for text, _ in RECOGNISED])
def test_what_is_recognised_is_never_missed(text):
    at = {name: 0.3 + 0.1 * k for k, name in enumerate(build(text).variables)}
    run = read_by_pass(text, at)
    assert run is None or may_be_spelled(run)


forms = st.sampled_from(
    ["exp({})", "1/({})", "1+{}", "{}+1", "-({})", "({})-1", "1-({})", "2*({})", "({})*0.5", "({})/2", "log({})",
     "e^({})",
     "sqrt({})", "({})^2", "({})^0.5", "({})^-1", "sigmoid({})", "max({}, 0)", "log1p({})", "softplus({})", "expm1({})",
     "sinh({})", "2/({})", "x*({})", "x/({})", "-1+({})", "-1/({})", "({})+3", "4-({})", "3/({})", "3*({})"]
)  # fmt: skip
joins = st.sampled_from(["({})+({})", "({})-({})", "({})*({})", "({})/({})", "max({}, {})"])
spelled = st.recursive(
    st.sampled_from(["x", "y", "-x", "exp(x)", "exp(-x)", "x*y", "x^2", "y*y", "1", "2*x", "exp(y)", "sigmoid(x)"]),
    lambda inner: st.builds(str.format, forms, inner) | st.builds(str.format, joins, inner, inner),
    max_leaves=4,
)
programs = spelled | st.builds("a = {}; {}".format, spelled, spelled.map(lambda text: text.replace("y", "a")))


def read_by_pass(text, at):
    """The pass over a program; None where it is left to others."""
    found = []

    class Seen(Pass):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            found.append(self)

    sys.modules["gradcli.batch.fused"].Pass, before = Seen, Pass
    try:
        answer = Fused(Options(decomposition="typed")).members(text, at)
    finally:
        sys.modules["gradcli.batch.fused"].Pass = before
    return None if answer is None else found[0]


@given(programs, st.sampled_from([0.3, 1.7, -0.4, 0.0, 2.0]), st.sampled_from([0.7, -1.2, 1.0]))
@settings(max_examples=600, deadline=None)
@example("a = exp(x); a/(a+a)", 0.3, 0.7)
@example("x*x/(x*x)", 0.3, 0.7)
@example("log(x)*sigmoid(log(x))", -0.4, 0.7)
@example("-log(x)/(1 + exp(log(x)))", -0.4, 0.7)
@example("log(x)/(1 + exp(-log(x)))", -0.4, 0.7)
@example("sqrt(log(x)*log(x))", -0.4, 0.7)
@example("sqrt(x/0*(x/0) + 1)", 0.3, 0.7)
def test_where_nothing_may_be_spelled_nothing_is_recognised(text, x, y):
    """The cheap test never misses what `decompose` finds."""
    run = read_by_pass(text, {"x": x, "y": y})
    assert run is not None
    program = build(text, given={"x", "y"})
    if not may_be_spelled(run):
        assert decompose(program.graph, program.result, "auto").graph is program.graph


@given(programs)
@settings(max_examples=200, deadline=None)
@example("a = x; b = 2; c = b; x^b + a*c")
def test_the_tape_as_a_graph_is_what_the_builder_makes(text):
    """The same lines in the same order, leaves aside, which stand elsewhere."""
    at = {"x": 0.3, "y": 0.7}
    run = Pass(at, functions("split"))
    if ";" in text or "=" in text:
        run = read_by_pass(text, at)
        entry = (run.tape[-1][5], run.base + len(run.tape) - 1) if run.tape else None
    else:
        entry = run.run(scan(text))
    program = build(text, given=at)
    if entry is None or not program.graph.operands[program.result]:
        return
    graph, result = graph_of(run, entry)
    if program.result == len(program.graph) - 1:
        assert said(graph, result) == said(program.graph, program.result)


def said(graph, result):
    """What every line computes, from leaves up, with its name."""
    told, lines = [], []
    for primitive, operands, static, name in zip(
        graph.primitives, graph.operands, graph.statics, graph.names, strict=True
    ):
        if primitive is VARIABLE:
            told.append(name)
        elif primitive is CONSTANT:
            told.append(repr(static))
        else:
            told.append(f"#{len(lines)}")
            lines.append((primitive.name, repr(static), [told[o] for o in operands], name))
    return lines, told[result]


# Numbers as text


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
@settings(max_examples=300)
@example([1e16, 1e-5, 0.0001, 10.00001, -0.0, 1e22, 5e-324, 123456789012345680.0])
def test_numbers_are_written_as_repr_does(given_):
    """Whoever writes them."""
    assert answers.texts(given_) == list(map(repr, given_))


def test_powers_beyond_the_frozen_ones_have_their_rule():
    (local,) = locals_of(NAMED["power"], 2.7, 1)
    run = power(2.7).run
    assert run(1.3) == (1.3**2.7, local(1.3**2.7, 1.3))
