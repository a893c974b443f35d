"""Numpy kernels of programs for rows: every row is what one-off answers say, to 4 units in the last place."""

import itertools
import math
import random
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import PRIMITIVES, SPECIAL, far_points, moderate_points, same, slot_name, variants
from hypothesis import given, settings
from hypothesis import strategies as st
from scalar_programs import ordinary, texts

from gradcli.autodiff import depends, evaluate, pull_back
from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.batch.program import Rows
from gradcli.codegen.cheaper import STRICT, cheaper, known_by
from gradcli.codegen.rowprogram import RowProgram
from gradcli.codegen.rows import Kernel
from gradcli.graph import Graph
from gradcli.graph.optimise import EXACT, optimise
from gradcli.language.question import Options
from gradcli.questions import differentiated

INF, NAN = math.inf, math.nan
MOST_ULPS = 4


def ulps(a: float, b: float) -> float:
    """How many units in the last place are between two numbers."""
    if same(a, b):
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return INF
    return abs(a - b) / math.ulp(max(abs(a), abs(b)))


def of_primitive(primitive, static, count):
    """The program of a primitive's value and gradients."""
    graph = Graph()
    xs = [graph.variable(f"x{slot}") for slot in range(count)]
    y = graph.append(primitive, tuple(xs), static)
    written = graph.copy()
    adjoints = adjoint_lines(written, y, xs)
    zero = written.constant(0.0)
    lines = [y, *(zero if adjoints[x] is None else adjoints[x] for x in xs)]
    short = optimise(written, lines, EXACT)
    outputs = [(f"o{place}", short.moved[line]) for place, line in enumerate(lines)]
    return graph, RowProgram(short.graph, [f"x{slot}" for slot in range(count)], [short.moved[x] for x in xs], outputs)


def by_sweep(graph, operands):
    """The value and the gradients of the last line, by floats."""
    values = evaluate(graph, {f"x{slot}": x for slot, x in enumerate(operands)})
    xs = range(len(operands))
    numbers = pull_back(graph, values, len(graph) - 1, depends(graph, xs)).numbers
    return [values[-1], *(0.0 if numbers[x] is None else numbers[x] for x in xs)]


def points(primitive, static, count):
    """Smooth points, far ones, and every edge: zeros of both signs, infinities, nan, ties."""
    cases = [*moderate_points(primitive), *far_points(primitive)]
    found = [case.operands for case in cases if len(case.operands) == count and case.static == static]
    if count <= 2:
        return [*found, *itertools.product(SPECIAL, repeat=count)]
    chance = random.Random(primitive.name)
    return [*found, *(tuple(chance.choice(SPECIAL) for _ in range(count)) for _ in range(200))]


def run(program, rows, block=None):
    """The outputs, a list for each row."""
    inputs = [*np.array(rows, dtype=float).T]
    outputs = np.full((len(program.outputs), len(rows)), 7.0)
    Kernel(program, block).run(inputs, list(outputs))
    return outputs.T.tolist()


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=slot_name)
def test_rows_of_every_primitive_are_those_of_the_sweep(primitive):
    """At smooth points and at edges; and numpy warns of nothing."""
    for static, count in variants(primitive):
        graph, program = of_primitive(primitive, static, count)
        rows = points(primitive, static, count)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = run(program, rows, block=64)
        for row, numbers in zip(rows, found, strict=True):
            for one, other in zip(numbers, by_sweep(graph, row), strict=True):
                assert ulps(one, other) <= MOST_ULPS, (primitive, static, row, numbers)


@pytest.mark.parametrize("name", sorted(STRICT))
def test_strict_primitives_pass_nan_on(name):
    """A seed is left out where this says that a nan reaches the gradient anyway."""
    primitive = PRIMITIVES[name]
    for static, count in variants(primitive):
        graph, _ = of_primitive(primitive, static, count)
        for slot, other in itertools.product(range(count), SPECIAL):
            operands = [other] * count
            operands[slot] = NAN
            assert math.isnan(by_sweep(graph, operands)[0])


@settings(max_examples=150, deadline=None)
@given(
    texts,
    st.lists(ordinary, min_size=1, max_size=8),
    st.sampled_from(["auto", "naive", "typed", "sigmoid"]),
    st.sampled_from(["split", "first"]),
)
def test_rows_of_random_programs_are_one_off_answers(text, at, decomposition, ties):
    """No decision is made by one row's values; what cancels may lose what it cancels."""
    options = Options(decomposition=decomposition, ties=ties)
    program = Rows(text, ["x", "y", "z"], {}, options).program
    found = run(program, [[point[name] for name in program.columns] for point in at]) if program.columns else []
    for point, numbers in zip(at, found, strict=False):
        answer = differentiated(text, point, options)
        wanted = [answer.value, *(answer.gradients[name[2:]] for name in program.names[1:])]
        assert [math.isnan(number) for number in numbers] == [math.isnan(number) for number in wanted]
        size = max([1.0, *(abs(x) for x in wanted if math.isfinite(x))])
        for one, other in zip(numbers, wanted, strict=True):
            assert ulps(one, other) <= MOST_ULPS or abs(one - other) <= 1e-9 * size or not math.isfinite(other)


@settings(max_examples=150, deadline=None)
@given(texts, st.fixed_dictionaries({name: st.floats() for name in "xyz"}), st.sampled_from(["auto", "naive"]))
def test_the_program_has_the_bits_of_one_off_answers(text, at, decomposition):
    """Before any kernel: over floats its lines give the same numbers to the last bit, whatever the point."""
    options = Options(decomposition=decomposition)
    program = Rows(text, ["x", "y", "z"], {}, options).program
    values = evaluate(program.graph, at)
    answer = differentiated(text, at, options)
    for name, line in program.outputs:
        assert same(values[line], answer.value if name == "value" else answer.gradients[name[2:]])


PROGRAM = "h = max(w*x, 0); sigmoid(h + sin(y))*log(1 + x^2) - where(y > 0, y, x/y)"


def test_blocks_of_any_size_give_the_same_bits():
    program = Rows(PROGRAM, ["w", "x", "y"], {}, Options()).program
    rows = np.random.default_rng(1).standard_normal((1001, 3)).tolist()
    whole = run(program, rows, 4096)
    for block in (1, 7, 64, 1000, 1001):
        assert run(program, rows, block) == whole


def test_columns_may_be_strided_in_and_out():
    """As the columns of rows that stand one after the other are."""
    program = Rows(PROGRAM, ["w", "x", "y"], {}, Options()).program
    rows = np.random.default_rng(2).standard_normal((333, 3))
    found = np.zeros((333, 2 * len(program.outputs)))
    Kernel(program, 100).run([*rows.T], [*found.T[::2]])
    assert found[:, ::2].tolist() == run(program, rows.tolist())
    assert not found[:, 1::2].any()


def test_one_kernel_runs_in_several_threads():
    program = Rows(PROGRAM, ["w", "x", "y"], {}, Options()).program
    kernel = Kernel(program, 64)
    tables = [np.random.default_rng(seed).standard_normal((3, 5000)) for seed in range(6)]

    def answers(table):
        found = np.empty((len(program.outputs), 5000))
        kernel.run([*table], [*found])
        return found

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(answers, tables))
    for table, outputs in zip(tables, found, strict=True):
        assert outputs.tolist() == answers(table).tolist()


def test_no_rows_are_no_work():
    program = Rows("x*y", ["x", "y"], {}, Options()).program
    assert run(program, np.empty((0, 2))) == []


def test_outputs_that_are_columns_constants_or_one_another():
    """d/dx of x*2 + y is 2, d/dy is the seed; of x + 0*z the value is new, and z has 0."""
    program = Rows("x*2 + y + 0*z", ["x", "y", "z"], {}, Options()).program
    assert run(program, [[1.0, 2.0, 3.0], [NAN, 2.0, 3.0]])[0] == [4.0, 2.0, 1.0, 0.0]
    assert all(map(math.isnan, run(program, [[NAN, 2.0, 3.0]])[0][:3]))
    assert run(Rows("x", ["x"], {}, Options()).program, [[3.0], [NAN]])[0] == [3.0, 1.0]


def test_a_nan_result_has_nan_gradients_beside_rows_that_have_none():
    """log(-1) is nan, and so is its derivative, which is not -1."""
    program = Rows("log(x)", ["x"], {}, Options()).program
    found = run(program, [[2.0], [-1.0], [4.0]])
    assert found[0] == [math.log(2), 0.5]
    assert all(map(math.isnan, found[1]))
    assert found[2][1] == 0.25


def test_a_long_program_is_cut_into_functions():
    text = "+".join(f"sin({k}*x)" for k in range(1, 600))
    program = Rows(text, ["x"], {}, Options()).program
    kernel = Kernel(program)
    assert kernel.source.count("def part") > 3
    value, slope = run(program, [[0.1]])[0]
    assert value == pytest.approx(differentiated(text, {"x": 0.1}, Options()).value, rel=1e-12)
    assert slope == pytest.approx(sum(k * math.cos(0.1 * k) for k in range(1, 600)), rel=1e-9)


def test_the_neuron_takes_one_exponential():
    """sigmoid(z) and its slope share exp(-|z|), and no line tests for nan, which the slope passes on."""
    text = "1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"
    kernel = Kernel(Rows(text, ["w0", "x0", "w1", "x1", "w2"], {}, Options()).program)
    assert kernel.source.count("exp(") == 1
    assert "seed(" not in kernel.source


def test_what_costs_less_keeps_the_columns():
    program = Rows("tanh(x)^3", ["x"], {}, Options()).program
    short = cheaper(program)
    assert (short.columns, short.names) == (program.columns, program.names)
    seeds = [index for index, primitive in enumerate(program.graph.primitives) if primitive.name == "seed"]
    assert any(known_by(program.graph, seed)[line] for seed in seeds for _, line in program.outputs)
