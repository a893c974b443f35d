"""The sweeps of a tape are those of the graph, to the last bit."""

from pathlib import Path

import pytest
from helpers import COUNTS, PRIMITIVES, STATICS, floats, variants
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradcli.autodiff import evaluate, pull_back, taped
from gradcli.autodiff.tape import ABSENT, SHUT, Columns
from gradcli.codegen.tape import taped_text
from gradcli.graph import CONSTANT, VARIABLE, Graph

NAMES = ("x", "y", "z")


@st.composite
def graphs(draw):
    """A graph of any primitives over three variables, one constant and whatever stands before."""
    graph = Graph()
    for name in NAMES:
        graph.variable(name)
    graph.constant(draw(floats))
    for _ in range(draw(st.integers(1, 12))):
        primitive = PRIMITIVES[draw(st.sampled_from(sorted(PRIMITIVES)))]
        static = draw(st.sampled_from((*STATICS["power"], 7.5))) if primitive.static else None
        count = draw(st.sampled_from(COUNTS)) if primitive.variadic else len(primitive.rules)
        operands = [draw(st.integers(0, len(graph) - 1)) for _ in range(1 if primitive.static else count)]
        graph.append(primitive, tuple(operands), static)
    return graph


def on_a_tape(graph, point):
    """The columns with the lines of GRAPH, its variables at POINT, under the same numbers."""
    columns = Columns()
    for primitive, operands, static, name in zip(
        graph.primitives, graph.operands, graph.statics, graph.names, strict=True
    ):
        if primitive is VARIABLE:
            columns.leaf(point[name], name)
        elif primitive is CONSTANT:
            columns.leaf(static, None)
        else:
            columns.write(primitive, operands, static)
    return columns


def bits(numbers):
    """The numbers to the last bit, one nan."""
    return [None if x is None else float(x).hex() for x in numbers]


def agrees(graph, point, result):
    """Assert that values, adjoints and closed gates up to RESULT are those of the ordinary sweep."""
    columns = on_a_tape(graph, point)
    values = columns.evaluate(columns.leaves, result + 1)
    expected = evaluate(graph, point)
    assert bits(values) == bits(expected[: result + 1])
    adjoints = columns.pull_back(values, result)
    sweep = pull_back(graph, expected, result, [True] * len(graph))
    assert bits(None if x is ABSENT else x for x in adjoints) == bits(sweep.numbers[: result + 1])
    assert [x is SHUT for x in adjoints] == [bool(shut) for shut in sweep.closed[: result + 1]]


EVERY = [(name, static, count) for name, found in PRIMITIVES.items() for static, count in variants(found)]


@pytest.mark.parametrize("key", EVERY, ids=lambda key: "-".join(map(str, key)))
def test_every_primitive_runs_there_and_back_as_in_a_graph(key):
    """Also at zeros of both signs, infinities and nan, and with one line as two operands."""
    name, static, count = key

    @settings(max_examples=40)
    @given(
        st.lists(floats, min_size=count, max_size=count),
        st.lists(st.integers(0, count - 1), max_size=count),
        floats,
    )
    @example([0.0] * count, [], 1.0)
    @example([1e308] * count, [], -0.0)
    def agree(operands, chosen, scale):
        graph = Graph()
        for slot in range(count):
            graph.variable(f"x{slot}")
        lines = (chosen + list(range(count)))[:count]
        line = graph.append(PRIMITIVES[name], tuple(lines), static)
        result = graph.append(PRIMITIVES["mul"], (line, graph.constant(scale)))  # an upstream of any kind
        agrees(graph, {f"x{slot}": x for slot, x in enumerate(operands)}, result)

    agree()


@settings(max_examples=300)
@given(graphs(), st.lists(floats, min_size=3, max_size=3), st.data())
def test_any_graph_runs_there_and_back_as_in_a_graph(graph, point, data):
    """Where flows meet, where none arrive, and below closed gates; for any line as the result."""
    agrees(graph, dict(zip(NAMES, point, strict=True)), data.draw(st.integers(0, len(graph) - 1)))


@given(graphs())
def test_a_tape_is_a_graph(graph):
    """The same lines under the same numbers."""
    found = on_a_tape(graph, dict.fromkeys(NAMES, 0.0)).graph()
    assert (found.primitives, found.operands, found.names) == (graph.primitives, graph.operands, graph.names)
    assert list(map(repr, found.statics)) == list(map(repr, graph.statics))


def test_a_closed_gate_carries_nothing_back():
    """0 times inf behind it is 0, and nan where an open 0 meets inf."""
    graph = Graph()
    x, zero = graph.variable("x"), graph.constant(0.0)
    root = graph.append(PRIMITIVES["sqrt"], (x,))
    gated = graph.append(PRIMITIVES["where"], (graph.append(PRIMITIVES["greater"], (x, zero)), root, zero))
    columns = on_a_tape(graph, {"x": 0.0})
    assert columns.pull_back(columns.evaluate(columns.leaves, gated + 1), gated)[x] == 0.0
    scaled = columns.write(PRIMITIVES["mul"], (root, zero))[0]
    adjoint = columns.pull_back(columns.evaluate(columns.leaves, scaled + 1), scaled)[x]
    assert adjoint != adjoint


def test_the_frozen_sweeps_are_what_the_rules_say():
    """A rule that changed was frozen again: `python -m gradcli.codegen.tape`."""
    assert Path(taped.__file__).read_text("utf-8") == taped_text()


def test_every_primitive_has_a_code():
    """A new primitive needs no entry anywhere to be on a tape."""
    assert {name for name, _, _ in taped.CODES} == {*PRIMITIVES, "leaf"}
