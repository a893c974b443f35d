"""Kernels say what the sweeps say, to the last bit, or nothing at all."""

import itertools
import math
import re
from keyword import iskeyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.autodiff import depends, evaluate, pull_back
from gradcli.codegen import plain
from gradcli.codegen.kernels import MOST_LINES, kernel
from gradcli.codegen.plain import AT_EDGE, PASSES_ON, PLAIN, UNTIED, WORLD
from gradcli.graph import Graph
from gradcli.graph.carriers import number
from gradcli.graph.labels import Labels
from gradcli.insight.notes import Run, notes
from gradcli.text import json_string
from tests.helpers import DIFFERENTIABLE, PRIMITIVES, SPECIAL, floats, moderate_points, variants

GIVEN = (*SPECIAL, 2.0, -2.0, 3.5, -0.3, 1e-9, 40.0, -40.0)


def kernel_of(graph, result, sources):
    names = [name for name in graph.names if name is not None]
    leaves = {graph.names.index(name): f"a{place}" for place, name in enumerate(names)}
    by_name = None if sources is None else {graph.names[line]: line for line in sources}
    return kernel(graph, result, by_name, leaves, list(leaves.values()), [], json_string)


def reference(graph, result, sources, point):
    """The members without notes as the sweeps compute them, and the kinds of the notes."""
    values = evaluate(graph, point)
    active, flows = depends(graph, sources), []
    sweep = pull_back(graph, values, result, active, flows=flows)
    run = Run(graph, values, result, Labels(graph, result), active=active, sweep=sweep, flows=flows)
    gradients = {graph.names[line]: sweep.numbers[line] for line in sources}
    pairs = [f'"{name}":{0.0 if number is None else number!r}' for name, number in gradients.items()]
    return f'"value":{values[result]!r},"gradients":{{{",".join(pairs)}}}', [note.kind for note in notes(run)]


def check(graph, result, sources, point):
    """Whether a kernel answers; what it says must be what the sweeps say, and where notes are due it must ask."""
    made = kernel_of(graph, result, sources)
    found = made.run(*point.values())
    expected, kinds = reference(graph, result, sources, point)
    if found is None and made.missed:
        assert set(kinds) <= {"dead", "flow"}, kinds  # the pattern of gates has to be enough to know the notes
        made.learn(made.missed.pop(), "" if not kinds else ",...")
        found = made.run(*point.values())
        assert found == expected + ("" if not kinds else ",...")
    elif found is not None:
        assert (found, kinds) == (expected, [])
    return found is not None


def single(primitive, static, count, *, repeated=False):
    graph = Graph()
    names = ["x"] if repeated else [f"x{slot}" for slot in range(count)]
    lines = [graph.variable(name) for name in names]
    result = graph.append(primitive, tuple(lines * count if repeated else lines), static)
    return graph, result, lines


def grown(primitive, static, count):
    """The primitive over products with a large number, which may overflow."""
    graph = Graph()
    sources = [graph.variable(f"x{slot}") for slot in range(count)]
    large = graph.constant(1e308)
    lines = [graph.append(PRIMITIVES["mul"], (source, large)) for source in sources]
    return graph, graph.append(primitive, tuple(lines), static), sources


@pytest.mark.parametrize("primitive", DIFFERENTIABLE.values(), ids=lambda p: p.name)
def test_a_kernel_says_what_the_sweeps_say(primitive):
    """At ordinary points, at edges and far out, alone and with other lines above and below it."""
    for static, count in variants(primitive):
        alone = single(primitive, static, count)
        below = single(primitive, static, count)
        above = grown(primitive, static, count)
        x = below[2][0]
        result = below[0].append(PRIMITIVES["mul"], (below[1], x))
        tuples = itertools.product(GIVEN, repeat=count) if count < 3 else [(x,) * count for x in GIVEN]
        for operands in tuples:
            point = {f"x{slot}": value for slot, value in enumerate(operands)}
            check(*alone, point)
            check(*above, point)
            check(below[0], result, below[2], point)
            check(below[0], result, below[2][:1], point)
        if count > 1:
            for value in GIVEN:
                check(*single(primitive, static, count, repeated=True), {"x": value})


@pytest.mark.parametrize("primitive", DIFFERENTIABLE.values(), ids=lambda p: p.name)
def test_a_kernel_answers_at_ordinary_points(primitive):
    """Where nothing is worth a note but which gates are open, the general way is not needed."""
    for case in moderate_points(primitive):
        graph, result = case.graph()
        sources = [*range(len(case.operands))]
        _, kinds = reference(graph, result, sources, case.point())
        if set(kinds) <= {"dead", "flow"} and all(map(case.is_ordinary, sources)):
            assert check(graph, result, sources, case.point()), case


def run_plainly(text, operands):
    """What TEXT computes of the operands; None where Python raises."""
    names = [f"x{slot}" for slot in range(len(operands))]
    try:
        return eval(text.format(*names), dict(WORLD), dict(zip(names, operands, strict=True)))  # noqa: S307
    except (ArithmeticError, ValueError):
        return None


@pytest.mark.parametrize("name", [*PLAIN, *UNTIED])
def test_plain_python_is_the_forward(name):
    """It raises, or has the bits of the forward, signs of zero among them."""
    primitive, text = PRIMITIVES[name], PLAIN.get(name) or UNTIED[name]
    count = 2 if name in UNTIED or primitive.static else len(primitive.rules)
    for operands in itertools.product(GIVEN, repeat=count):
        if name in UNTIED and (operands[0] == operands[1] or math.nan in operands or any(x != x for x in operands)):
            continue
        found = run_plainly(text, operands)
        if found is not None:
            exact = primitive.forward(*operands) if primitive.static else number(primitive, None, operands)
            assert repr(found) == repr(exact), operands


@pytest.mark.parametrize("name", AT_EDGE)
def test_plain_tests_are_those_of_the_edges(name):
    """The table of ties and kinks repeats what the primitives say."""
    primitive = PRIMITIVES[name]
    (edge,) = [edge for edge in primitive.edges if edge.kind in ("kink", "tie")]
    for operands in itertools.product(GIVEN, repeat=2 if primitive.variadic else 1):
        y = number(primitive, None, operands)
        if not math.isnan(y):
            assert bool(edge.when(y, *operands)) == run_plainly(AT_EDGE[name], (y, *operands)), operands


@pytest.mark.parametrize("name", [*PASSES_ON, "power"])
def test_what_is_not_finite_stays_visible(name):
    """A kernel looks at the last of such lines only."""
    primitive = PRIMITIVES[name]
    count = len(primitive.rules)
    for operands in itertools.product(GIVEN, repeat=count):
        slots = PASSES_ON.get(name) or range(count)
        if not all(math.isfinite(operands[slot]) for slot in slots):
            for static in (2.0, 0.5, 3.0) if primitive.static else (None,):
                found = run_plainly(PLAIN[name], (*operands, static)) if name in PLAIN else None
                found = found if name in PLAIN else number(primitive, None, operands)
                assert found is None or not math.isfinite(found), (operands, static)


def graphs():
    """Graphs of up to twelve lines over three variables and some constants."""

    @st.composite
    def drawn(draw):
        graph = Graph()
        for name in "xyz":
            graph.variable(name)
        for value in (2.0, -0.5, 0.0):
            graph.constant(value)
        for _ in range(draw(st.integers(1, 9))):
            primitive = draw(st.sampled_from([*PRIMITIVES.values()]))
            if primitive.name in ("seed", "polygamma"):
                continue
            static, count = draw(st.sampled_from(variants(primitive)[:3]))
            lines = st.integers(max(0, len(graph) - 8), len(graph) - 1)
            graph.append(primitive, tuple(draw(lines) for _ in range(count)), static)
        return graph

    return drawn()


points = st.lists(floats | st.floats(0.1, 3.0), min_size=3, max_size=3)


@given(graphs(), points, st.sampled_from([(0, 1, 2), (0, 2), (1,)]))
def test_a_kernel_of_any_graph_says_what_the_sweeps_say(graph, numbers, sources):
    """Whatever stands below, above and beside a gate."""
    check(graph, len(graph) - 1, [*sources], dict(zip("xyz", numbers, strict=True)))


@pytest.mark.parametrize("name", UNTIED)
def test_a_tie_without_a_gradient(name):
    """Where no gradient arrives a tie is worth no note, and the sign of a zero is the forward's."""
    for x, y in itertools.product((0.0, -0.0), repeat=2):
        graph = Graph()
        lines = [graph.variable("x"), graph.variable("y")]
        gate = graph.append(PRIMITIVES[name], tuple(lines))
        stopped = graph.append(PRIMITIVES["mul"], (graph.append(PRIMITIVES["sign"], (gate,)), lines[0]))
        alone = kernel_of(graph, gate, None)
        assert alone.run(x, y) == f'"value":{number(PRIMITIVES[name], None, (x, y))!r}'
        check(graph, stopped, lines, {"x": x, "y": y})
        check(graph, gate, [], {"x": x, "y": y})


def test_the_value_alone():
    """Without sources there are no gradients."""
    graph, result, _ = single(PRIMITIVES["exp"], None, 1)
    made = kernel_of(graph, result, None)
    assert made.run(0.0) == '"value":1.0'
    assert made.run(1000.0) is None


def test_another_writer_of_numbers():
    """A faster one than `repr` may put the texts into the answer."""
    graph, result, _ = single(PRIMITIVES["mul"], None, 2)
    made = kernel(graph, result, {"x": 0, "y": 1, "z": None}, {0: "a0", 1: "a1"}, ["a0", "a1"], [], json_string,
                  texts=lambda numbers: [f"<{number}>" for number in numbers])  # fmt: skip
    assert made.run(2.0, 3.0) == '"value":<6.0>,"gradients":{"x":<3.0>,"y":<2.0>,"z":0.0}'


@pytest.mark.parametrize("value", [1, True, None, "1", [1.0]])
def test_what_is_no_float_is_not_answered(value):
    """A kernel could take a whole number or an array for one, and would print it so."""
    graph, result, sources = single(PRIMITIVES["mul"], None, 2)
    made = kernel_of(graph, result, sources)
    assert made.run(2.0, 3.0) == '"value":6.0,"gradients":{"x0":3.0,"x1":2.0}'
    assert made.run(2.0, value) is None
    assert made.run(value, 2.0) is None


def test_no_name_of_the_user_stands_in_the_code():
    """The names are in the form that the numbers are put into, and in no code."""
    graph = Graph()
    names = ["__import__", "real", "form", "total", "exp", "日本"]
    lines = [graph.variable(name) for name in names]
    for line in lines[1:]:
        lines[0] = graph.append(PRIMITIVES["mul"], (lines[0], line))
    made = kernel_of(graph, lines[0], [*range(len(names))])
    words = {word for word in re.findall(r"\w+", made.text) if word.isidentifier() and not iskeyword(word)}
    ours = r"[av]\d+|kernel|__class__|float|total|form|ArithmeticError|ValueError|None"
    assert all(re.fullmatch(ours, word) for word in words)
    found = made.run(1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert found.startswith('"value":720.0,"gradients":{"__import__":720.0,"real":360.0')


def test_a_long_program_is_not_compiled():
    """Compiling would take longer than answering."""
    graph = Graph()
    line = graph.variable("x")
    for _ in range(MOST_LINES - 1):
        line = graph.append(PRIMITIVES["sin"], (line,))
    assert kernel_of(graph, line, [0]) is not None
    assert kernel_of(graph, graph.append(PRIMITIVES["sin"], (line,)), [0]) is None


@pytest.mark.parametrize(
    ("table", "name", "wrong"),
    [
        ("PLAIN", "div", "({1} / {0})"), ("PLAIN", "sin", "cos({})"), ("PLAIN", "relu", "({0} if {0} > 1.0 else 0.0)"),
        ("UNTIED", "max", "({0} if {0} < {1} else {1})"), ("AT_EDGE", "abs", "{1} == 7.0"),
        ("AT_EDGE", "max", "False"), ("PASSES_ON", "exp", None), ("PASSES_ON", "atan", None),
    ],
)  # fmt: skip
def test_a_wrong_table_would_be_seen(monkeypatch, table, name, wrong):
    """The test of every primitive fails where a table is wrong."""
    monkeypatch.setitem(getattr(plain, table), name, wrong)
    with pytest.raises(AssertionError):
        test_a_kernel_says_what_the_sweeps_say(PRIMITIVES[name])
