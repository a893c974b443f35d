"""What modes cost, predicted from the graph, against sweeps that count what they do."""

import math

import pytest
from hypothesis import given, settings
from scalar_programs import anywhere, ordinary, texts

from gradcli.autodiff import evaluate, pull_back, push_forward, sweeps
from gradcli.autodiff.work import (
    Wiring,
    forward_count,
    forward_memory,
    products_of,
    reverse_count,
    reverse_memory,
    values_read,
)
from gradcli.graph import NAMED, array_primitives
from gradcli.language.question import Options, Question
from gradcli.questions.arrays import evaluate as evaluate_arrays
from gradcli.questions.compare_array_modes import _element_by_element as unrolled
from gradcli.questions.compare_modes import Run, compared

ARRAYS = [
    ("[sin(x), cos(x), x^2, exp(x)]", "auto"),
    ("sum(relu(X@W))", "X:2x3,W:3x2"),
    ("softmax(X@w)", "X:3x2,w:2"),
    ("X*w + w", "X:2x3,w:3"),
    ("mean(tanh(X), 0)", "X:2x3"),
    ("y = x*x; [sum(y), x[0]*y[1], 3]", "x:3"),
    ("[x[0], x[0], x[1]*x[0]]", "x:2"),
]


class Counting(sweeps.FloatCarrier):
    """The numbers of an ordinary run, and how often they are multiplied and added."""

    multiplications = additions = 0

    def times(self, number, local, mask):
        self.multiplications += 1
        return super().times(number, local, mask)

    def plus(self, before, more):
        self.additions += 1
        return super().plus(before, more)


def scalar_run(text, at):
    question = Question(text, at, Options())
    values = evaluate(question.graph, question.point)
    inputs = {name: line for name, line in question.sources.items() if line is not None}
    names = question.labels().names
    return Run(question, question.graph, values, inputs, {"f": question.result}, names)


def array_run(text, example):
    question = Question(text, {}, Options(example=example))
    run = unrolled(question, evaluate_arrays(question.graph, question.point))
    assert run is not None
    return run


def swept(run: Run):
    """The counts of all forward passes, then of all backward passes, as they are made."""
    ahead = Counting(run.graph, run.values, forward=True)
    for line in run.inputs.values():
        sweeps.push_forward(run.graph, run.last, line, ahead)
    back = Counting(run.graph, run.values)
    for line in run.outputs.values():
        sweeps.pull_back(run.graph, line, run.active, back)
    return [(each.multiplications, each.additions) for each in (ahead, back)]


def predicted(run: Run):
    counts = forward_count(run.wiring, run.wiring.inputs), reverse_count(run.wiring, run.wiring.outputs)
    return [(count.multiplications, count.additions) for count in counts]


@given(texts, anywhere)
@settings(max_examples=200)
def test_the_sweeps_multiply_and_add_as_often_as_is_said(text, at):
    """Programs with gates, kinks, lines that are read often, and such as pass nothing."""
    run = scalar_run(text, {name: value for name, value in at.items() if name in text})
    assert predicted(run) == swept(run)


@pytest.mark.parametrize(("text", "example"), ARRAYS)
def test_element_by_element_too(text, example):
    """Several outputs, some of them the same line, a constant, or an input."""
    run = array_run(text, example)
    assert predicted(run) == swept(run)


@pytest.mark.parametrize("many", [3, 100])
def test_many_passes_are_counted_as_the_sum_of_each(many, monkeypatch):
    """Also where they are followed in several groups, and where numbers of finished lines are given back."""
    text = " + ".join(f"x{k}*sin(x{(k * 7) % many})" for k in range(many))
    run = scalar_run(text, {f"x{k}": 0.1 * k for k in range(many)})
    whole = predicted(run)
    assert whole == swept(run)
    monkeypatch.setattr("gradcli.autodiff.work.AT_ONCE", 7)
    assert predicted(run) == whole


def alive_ahead(run: Run, line: int):
    """The most numbers between two lines of a forward pass, by looking at every line after every line."""
    tangents = push_forward(run.graph, run.values, run.last, line).numbers
    most = 0
    for now in range(len(run.graph)):
        computed = [index for index in range(now + 1) if run.graph.operands[index]]
        later = {operand for index in range(now + 1, len(run.graph)) for operand in run.graph.operands[index]}
        kept = [index for index in computed if index in later or index == now or index in run.outputs.values()]
        most = max(most, len(kept) + sum(tangents[index] is not None for index in kept))
    return most


def waiting_back(run: Run, line: int):
    """The most adjoints of computed lines between two lines of a backward pass."""
    flows: list = []
    pull_back(run.graph, run.values, line, run.active, flows=flows)
    arrived = {line: line}
    for flow in flows:
        arrived.setdefault(flow[1], flow[0])
    if not run.active[line]:
        return 0
    most = 0
    for now in range(len(run.graph), -1, -1):
        waiting = [
            index
            for index, since in arrived.items()
            if run.graph.operands[index]
            and (since >= now or index == line)
            and (index < now or index in run.inputs.values())
        ]
        most = max(most, len(waiting))
    return most


@given(texts, ordinary)
@settings(max_examples=150)
def test_what_is_kept_is_what_is_still_read(text, at):
    """Against sets of lines that are looked for one by one."""
    run = scalar_run(text, {name: value for name, value in at.items() if name in text})
    ahead, back = forward_memory(run.wiring), reverse_memory(run.wiring)
    assert ahead.exact and back.exact
    assert ahead.total == max((alive_ahead(run, line) for line in run.inputs.values()), default=ahead.primals)
    assert back.primals == sum(1 for operands in run.graph.operands if operands)
    assert back.swept == max(waiting_back(run, line) for line in run.outputs.values())


def test_where_passes_are_many_the_memory_is_an_upper_bound(monkeypatch):
    """And says so."""
    run = scalar_run("a = x*y; b = sin(y); a + b*z", {"x": 1.0, "y": 2.0, "z": 3.0})
    exact = forward_memory(run.wiring)
    monkeypatch.setattr("gradcli.autodiff.work.MOST_FOLLOWED", 1)
    bound = forward_memory(run.wiring)
    assert exact.exact and not bound.exact
    assert bound.total >= exact.total


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("log(x) + x*y - sin(y)", ["x", "y"]),
        ("exp(sin(x)^2)", ["x", "v1", "f"]),
        ("a = x*y; b = a/y; sqrt(b)*a", ["a", "b", "v1", "x", "y"]),
        ("tanh(x) + y + 3*y", ["x"]),
        ("y + 2*x - 3", []),
    ],
)
def test_a_value_is_read_where_without_it_a_flow_is_lost(text, names):
    """The value of each line is replaced by nan in turn: the rules that read it make a nan of their local gradient."""
    run = scalar_run(text, {"x": 0.3, "y": 0.7} if "y" in text else {"x": 0.3})
    lost = set()
    for line in range(len(run.graph)):
        if run.graph.names[line] is None and not run.graph.operands[line]:
            continue
        values = [math.nan if index == line else value for index, value in enumerate(run.values)]
        flows: list = []
        pull_back(run.graph, values, run.last, run.active, flows=flows)
        if any(flow[4] != flow[4] for flow in flows):
            lost.add(run.labels.names[line])
    assert lost == set(names) == {run.labels.names[line] for line in values_read(run.wiring)}


@pytest.mark.parametrize(
    ("text", "example"),
    [("sum(relu(X@W))", "X:2x3,W:3x2"), ("sum(tanh(X@w)*v)", "X:2x3,w:3,v:2"), ("sum(exp(X)*c)", "X:2x2,c")],
)
def test_whole_arrays_count_the_flows_between_their_elements(text, example, monkeypatch):
    """A backward pass through all elements is the one that single numbers make."""
    elements = compared(text, {}, Options(example=example))
    monkeypatch.setattr("gradcli.questions.compare_array_modes.MOST_UNROLLED", 0)
    whole = compared(text, {}, Options(example=example))
    assert elements.trace is not None and whole.trace is None
    assert whole.reverse.multiplications == elements.reverse.multiplications
    assert (whole.forward.passes, whole.reverse.passes) == (elements.forward.passes, elements.reverse.passes)
    assert whole.forward.multiplications >= elements.forward.multiplications
    assert whole.chain is not None and elements.chain is not None
    assert whole.chain.widths[0] == elements.chain.widths[0]


@pytest.mark.parametrize(
    ("name", "static", "slot", "shapes", "shape", "many"),
    [
        ("matmul", None, 0, [(2, 3), (3, 4)], (2, 4), 24),
        ("mul", None, 1, [(2, 3), (3,)], (2, 3), 6),
        ("sum", (None, False), 0, [(2, 3)], (), 6),
        ("outer", None, 0, [(2,), (3,)], (2, 3), 6),
        ("transpose", None, 0, [(2, 3)], (3, 2), 0),
        ("inv", None, 0, [(3, 3)], (3, 3), 81),
    ],
)
def test_a_flow_of_arrays_multiplies_once_for_each_pair_of_elements(name, static, slot, shapes, shape, many):
    """Where a path leads from one to the other; what only moves multiplies nothing."""
    array_primitives()
    assert products_of(NAMED[name], static, slot, shapes, shape) == many


def test_a_wiring_knows_which_lines_lead_to_an_output():
    """A comparison passes nothing on."""
    run = scalar_run("(x > 1)*y", {"x": 2.0, "y": 3.0})
    assert isinstance(run.wiring, Wiring)
    by_name = dict(zip(run.labels.names, run.wiring.leads, strict=True))
    assert {name: leads for name, leads in by_name.items() if name} == {"x": False, "v1": True, "y": True, "f": True}
