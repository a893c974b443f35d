"""Backpropagation beside reverse-mode AD: every count, every line of the log and every equation is recomputed."""

import math
import re
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scalar_programs import anywhere, largest_flow, ordinary, texts

from gradcli.errors import GradError
from gradcli.language.builder import build
from gradcli.questions import Options, evaluated
from gradcli.questions.compare_engines import compared
from gradcli.report.engines import NOT_NEEDED, distance

MOCKUP = ("x*y + sin(x)", {"x": 2.0, "y": 3.0})
PROGRAMS = [
    MOCKUP,
    ("1/(1+exp(-(w0*x0+w1*x1+w2)))", {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}),
    ("max(x, y)*sigmoid(x)", {"x": 2.0, "y": 3.0}),
    ("c = 2*3; (c*x*1 - y + 0)^2 + x*x*x*x", {"x": 0.7, "y": -1.3}),
    ("x = 3; grad(x^3, x)*y + relu(y)*1", {"y": 0.3}),
    ("exp(x)/exp(y) - log(x)*log(x) + hypot(x, y)^0.5", {"x": 1.7, "y": 0.4}),
    ("where(x > y, x^2, y^2)*clip(x, 0, 1)", {"x": 0.3, "y": 0.2}),
    ("a1*v1 + a1", {"a1": 0.3, "v1": 0.2}),
    ("1/(1+exp(-x)) + 1/(1+exp(-2*x))", {"x": 0.3}),
    ("x^y + y^x", {"x": 1.3, "y": 2.2}),
]
ARRAYS = [
    ("sum(relu(X@W))", "X:2x3,W:3x2"),
    ("mean((X@W + b)^2)", "X:2x3,W:3x2,b:2"),
    ("cross_entropy(tanh(X@W)@V, T)", "X:3x4,W:4x5,V:5x3,T:3x3"),
    ("sum(softmax(X)*X) + std(X)", "X:2x3"),
    ("sum(max(x, y)*where(x > 0, x, 0)) + norm(x)", "x:4,y:4"),
    ("sum(X[0,:]*X[:,0]) + det(X) + trace(inv(X)@X)", "X:3x3"),
    ("prod(x) + sum(cumsum(x)^2) + logsumexp(x*x)", "x:4"),
]
EQUATION = re.compile(r"(\w+) = (.*)")


def value_of(text, numbers):
    """What TEXT, an operation over names, is where the names have these values; None where it is no language."""
    names = {name: number for name, number in numbers.items() if re.search(rf"\b{name}\b", text)}
    try:
        return evaluated(text, names, Options(decomposition="typed")).value
    except GradError as error:
        assert re.search(r"fit\(|xlogy_|_of\(|excess|…|seed|digamma|polygamma|share", text), f"{text}: {error}"
        return None


def close(a, b):
    return a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def numbers_of(found):
    """The value of every name of a view: lines as written."""
    names = found.labels.names
    return {names[index]: found.values[index] for index in range(len(found.graph)) if names[index]}


def optimised_rows(found):
    """The equations of the optimised column."""
    fresh = [equation for equations in found.new_lines().values() for equation in equations]
    texts = [found.becomes(index) for index in found.added]
    return fresh, [text for text in texts if EQUATION.fullmatch(text)]


@pytest.mark.parametrize(("source", "at"), PROGRAMS, ids=lambda part: str(part)[:30])
def test_every_equation_of_the_view_holds(source, at):
    """A line as written, and what it became, are its value; so is what stands for a gradient."""
    found = compared(source, at, Options())
    numbers = numbers_of(found)
    for index in (*found.forward, *found.added):
        name, operation = EQUATION.fullmatch(found.labels.equation(index)).groups()
        again = value_of(operation, numbers)
        assert again is None or close(again, numbers[name]), found.labels.equation(index)
    fresh, _ = optimised_rows(found)
    for equation in fresh:
        name, operation = EQUATION.fullmatch(equation).groups()
        numbers[name] = value_of(operation, numbers)
    for index in (*found.forward, *found.added):
        text = found.becomes(index)
        if text and text != NOT_NEEDED:
            again = value_of(text.rpartition(" = ")[2], numbers)
            assert again is None or close(again, found.values[index]), (found.labels.equation(index), text)
        for label in found.answers_at(index):
            (answer,) = [answer for answer in found.answers if answer.label == label]
            assert close(value_of(found.stands(index), numbers), answer.flowed)


@pytest.mark.parametrize(("source", "at"), PROGRAMS, ids=lambda part: str(part)[:30])
def test_every_line_of_the_log_is_true(source, at):
    """What a line was and what stands for it now have one value; nothing that is not needed is used afterwards."""
    found = compared(source, at, Options(), log=True)
    numbers = numbers_of(found)
    for number, form in found.optimised.written.items():
        if number in found.log.names:
            operands = [numbers.get(found.log.names.get(o), found.log.literals.get(o)) for o in form.operands]
            extra = (form.static,) if form.primitive.static else ()
            numbers[found.log.names[number]] = form.primitive.forward(*operands, *extra)
    gone = set()
    for step in found.steps():
        for entry in step.entries:
            used = set(re.findall(r"\w+", f"{entry.line} {entry.now}"))
            assert entry.kind == "dead" or not used & gone
            was = value_of(EQUATION.fullmatch(entry.line)[2], numbers)
            assert was is None or close(was, numbers[entry.label]), entry.line
            if entry.kind == "dead":
                gone.add(entry.label)
            else:
                now = value_of(entry.now, numbers)
                assert now is None or close(now, numbers[entry.label]), (entry.line, entry.outcome)


@pytest.mark.parametrize("source", [*[source for source, _ in PROGRAMS], *[source for source, _ in ARRAYS]])
def test_the_counts_are_those_of_the_lines_that_are_shown(source):
    """Lines of the value, lines added, and the equations that are left; each pass goes on where the last one ended."""
    scalars, arrays = dict(PROGRAMS), dict(ARRAYS)
    found = compared(source, scalars.get(source, {}), Options(example=arrays.get(source)))
    graph = found.graph
    live = graph.live([found.result])
    assert found.forward_count == sum(live[n] and bool(graph.operands[n]) for n in range(len(found.question.graph)))
    assert len(found.added) == sum(bool(operands) for operands in graph.operands[len(found.question.graph) :])
    fresh, kept = optimised_rows(found)
    assert found.optimised_count == len(fresh) + len(kept)
    counts = [(before, after) for _, before, after in found.log.counts()]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(counts))
    needed = graph.live([found.result, *[a.line for a in found.answers if a.line is not None]])
    first = sum(n and bool(operands) for n, operands in zip(needed, graph.operands, strict=True))
    last = found.optimised_count
    if found.log.is_whole:
        last += found.value_count
    else:
        first -= found.forward_count
        assert found.value_count == found.forward_count
    assert (counts[0][0], counts[-1][1]) == (first, last) if counts else first == last


@given(texts, ordinary)
@settings(max_examples=300, deadline=None)
def test_all_engines_agree_at_ordinary_points(text, at):
    """Backpropagation, the lines as written and the optimised ones: equal to rounding."""
    at = {name: at[name] for name in build(text).variables}
    largest = largest_flow(text, at)
    assume(largest is not None)
    found = compared(text, at, Options())
    for answer in found.answers:
        assert close(answer.flowed, answer.adjoint)
        assert abs(answer.flowed - answer.optimised) <= 1e-9 * largest or close(answer.flowed, answer.optimised)


@given(texts, anywhere)
@settings(max_examples=300, deadline=None)
def test_adjoint_lines_agree_with_backpropagation_anywhere(text, at):
    """At kinks, at ties, at nan and inf: the numbers that flow are those of the lines, as written."""
    at = {name: at[name] for name in build(text).variables}
    found = compared(text, at, Options())
    for answer in found.answers:
        assert distance(answer.flowed, answer.adjoint) <= 1e-9 or abs(answer.flowed - answer.adjoint) <= 1e-12


@pytest.mark.parametrize(("source", "example"), ARRAYS)
@pytest.mark.parametrize("zero", ["ieee", "strong"])
def test_all_engines_agree_over_arrays(source, example, zero):
    """Matrix products, reductions, gates, softmax, indices."""
    found = compared(source, {}, Options(example=example, zero=zero))
    assert found.agreement in ("same", "rounded")
    assert max(answer.distance for answer in found.answers) < 1e-12


def test_a_line_that_no_view_shows_gives_nothing_its_name():
    """The folded lines of a sigmoid are there, but what is shared with one of them keeps its own name."""
    source, at = PROGRAMS[1]
    found = compared(source, at, Options(), log=True)
    shown = {found.labels.names[index] for index in (*found.forward, *found.added)} | set(at)
    words = " ".join([found.becomes(index) for index in found.added])
    words += " ".join(f"{entry.line} {entry.now}" for step in found.steps() for entry in step.entries)
    assert set(re.findall(r"\b[a-z]\d+\b", words)) <= shown


def test_where_they_differ_that_is_said():
    """The squares of 1e200 overflow; in the optimised lines stands the hypotenuse, which does not."""
    found = compared("sqrt(x^2 + y^2)", {"x": 1e200, "y": 1e200}, Options(decomposition="typed"))
    for answer in found.answers:
        assert (answer.flowed, answer.adjoint) == (0.0, 0.0)
        assert math.isclose(answer.optimised, math.sqrt(0.5), rel_tol=1e-15)
    assert found.agreement == "different"
    assert found.verdict.startswith("the lines as written give the numbers of backpropagation, the optimised ones ")


def test_adjoint_lines_that_take_too_much_memory_are_refused():
    """Before a value is computed; the hint says what would do."""
    with pytest.raises(GradError) as caught:
        compared("sum(tanh(X@X)^2)", {}, Options(example="X:100x100", max_memory=500_000))
    message = "the values of the adjoint lines would take 2.21 MiB, the most is 488 KiB"
    assert (caught.value.message, caught.value.hint) == (message, "--max-memory 3M allows it")


def test_a_long_program_is_refused_unless_it_is_wanted():
    """More than a few seconds of work."""
    source = " + ".join(["sin(x)"] * 16_000)
    with pytest.raises(GradError) as caught:
        compared(source, {"x": 1.0}, Options())
    assert caught.value.kind == "limit"


@given(st.integers(1, 60))
@settings(max_examples=10, deadline=None)
def test_a_deep_program_has_as_many_lines_as_steps(depth):
    """sin(sin(...)): three lines a step, of which the optimiser leaves two but for the first."""
    found = compared("sin(" * depth + "x" + ")" * depth, {"x": 0.7}, Options())
    assert (found.forward_count, len(found.added), found.optimised_count) == (depth, 2 * depth, 2 * depth - 1)
    assert found.agreement == "same"


def test_adjoint_lines_step_over_the_names_of_the_program():
    """a1, a2, ... in every view, but for those that the user took; the lines of the value keep their names."""
    found = compared("a1*v1 + a1", {"a1": 0.3, "v1": 0.2}, Options())
    names = [found.labels.names[index] for index in (*found.forward, *found.added)]
    assert names == ["v2", "f", *[f"a{number}" for number in range(2, len(found.added) + 2)]]
    question = found.question
    assert names[:2] == [question.labels().names[index] for index in found.forward]
