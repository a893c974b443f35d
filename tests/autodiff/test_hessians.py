"""Second derivatives: against the exact functions, and every way to have them against the others."""

import math

import numpy as np
import pytest
from array_cases import ALL, cases, point
from helpers import (
    EVERY_SLOT,
    NO_DERIVATIVE,
    PRIMITIVES,
    close,
    far_points,
    moderate_points,
    same,
    slot_name,
    smooth_points,
)
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from named_functions import FUNCTIONS, OF_ARRAYS, exact_hessian
from scalar_programs import NAMES, anywhere, largest_flow, ordinary, texts

from gradcli.autodiff import depends, evaluate, frozen_seconds, pull_back
from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.autodiff.array_hessians import Second
from gradcli.autodiff.arrays import evaluate as evaluate_arrays
from gradcli.autodiff.arrays import pull_back as pull_back_arrays
from gradcli.autodiff.hessians import Edges, patterns, rows, swept
from gradcli.autodiff.seconds import leaves_of, seconds_at
from gradcli.codegen.freeze import frozen_seconds_text
from gradcli.errors import GradError
from gradcli.graph import NAMED, Node
from gradcli.graph.arrays import ArrayConstant, as_value
from gradcli.language.builder import build
from gradcli.questions import Options, evaluated
from gradcli.questions.hessians import FORWARD, REVERSE, dense, multiplied
from gradcli.questions.jacobians import Along


def matrix(text, at, **how):
    """The Hessian of a program, by the names of the point in their order."""
    return np.array(dense(text, at, Options(wrt=list(at), **how)).numbers)


def by_hand(graph, result, sources, values):
    """Rows by forward over reverse from a ledger that was made for it."""
    flows = []
    pull_back(graph, values, result, depends(graph, sources), flows=flows)
    return Edges(graph, values, flows)


# Against the exact functions


@pytest.mark.parametrize("decomposition", ["auto", "naive"])
@pytest.mark.parametrize("named", FUNCTIONS, ids=lambda named: named.name)
def test_the_hessian_of_a_named_function(named, decomposition):
    exact = np.array(exact_hessian(named))
    found = matrix(named.text, named.at, decomposition=decomposition)
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-14 * np.abs(exact).max())
    assert np.abs(found - found.T).max() <= 4e-16 * np.abs(found).max()


@pytest.mark.parametrize("named", OF_ARRAYS, ids=lambda named: named.name)
def test_the_hessian_of_a_named_function_of_an_array(named):
    exact = np.array(exact_hessian(named))
    found = matrix(named.text, {"x": np.array([*named.at.values()])})
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-14 * np.abs(exact).max())


@pytest.mark.parametrize("mode", [FORWARD, REVERSE])
@pytest.mark.parametrize("named", FUNCTIONS, ids=lambda named: named.name)
def test_a_product_with_the_exact_hessian(named, mode):
    direction = np.array([(-0.7) ** place + 0.1 for place in range(len(named.at))])
    exact = np.array(exact_hessian(named)) @ direction
    along = Along(dict(zip(named.at, direction.tolist(), strict=True)))
    found = multiplied(named.text, named.at, Options(wrt=list(named.at)), along, mode).found
    np.testing.assert_allclose(list(found.values()), exact, rtol=1e-11, atol=1e-13 * np.abs(exact).max())


@pytest.mark.parametrize("mode", [FORWARD, REVERSE])
@pytest.mark.parametrize("named", OF_ARRAYS, ids=lambda named: named.name)
def test_a_product_with_the_exact_hessian_of_an_array(named, mode):
    direction = np.array([(-0.7) ** place + 0.1 for place in range(len(named.at))])
    exact = np.array(exact_hessian(named)) @ direction
    at = {"x": np.array([*named.at.values()])}
    found = multiplied(named.text, at, Options(), Along({"x": direction}), mode).found
    np.testing.assert_allclose(found["x"], exact, rtol=1e-11, atol=1e-13 * np.abs(exact).max())


@pytest.mark.parametrize(("primitive", "slot"), EVERY_SLOT, ids=slot_name)
def test_every_primitive_is_differentiated_twice(primitive, slot):
    """The second derivative in two operands is that of the exact function."""
    from mpmath import mp

    for case in smooth_points(primitive, slot):
        graph, line = case.graph()
        values = evaluate(graph, case.point())
        found = rows(by_hand(graph, line, range(line), values), range(line))
        for other in range(line):
            if not case.is_smooth(other):
                continue
            with mp.workdps(case.digits):
                exact = float(case.exact_second(slot, other))
            got = found[slot].get(other, 0.0)
            assert close(got, exact, 1e-9, 1e-9 * (1 + abs(exact))), (case, slot, other, got, exact)


def weighted(case):
    """sum(weights * line * line) over a case, so that the second derivatives of linear lines are seen, too."""
    graph, line = case.graph()
    weights = np.asarray(case.weights())
    weight = Node(graph, graph.constant(float(weights) if weights.ndim == 0 else ArrayConstant(weights.copy())))
    found = Node(graph, line) * Node(graph, line) * weight
    return graph, (NAMED["sum"](found, static=(None, False)) if found.shape else found).index


def differentiable(case):
    """The operands that have a derivative."""
    if case.primitive.kind != "elementwise":
        return case.slots()
    return [slot for slot in range(len(case.shapes)) if (case.primitive.name, slot) not in NO_DERIVATIVE]


SMALL = 12  # elements of all operands of a case whose Hessian is made


@pytest.mark.parametrize("primitive", ALL.values(), ids=slot_name)
def test_every_primitive_over_arrays_is_differentiated_twice(primitive):
    """The Hessian is symmetric, its product with a direction is that of a difference of gradients, in both ways."""
    for case in cases(primitive):
        operands = case.operands()
        slots = differentiable(case)
        size = sum(np.size(operands[slot]) for slot in slots)
        graph, result = weighted(case)
        if not slots or size > SMALL:
            continue
        values = evaluate_arrays(graph, point(operands))
        second = Second(graph, values, result, slots, point(operands))
        hessian = second.matrix().matrix
        moves = {slot: case.direction(slot) for slot in slots}
        flat = np.concatenate([np.ravel(moves[slot]) for slot in slots])

        def gradient(step, graph=graph, result=result, operands=operands, moves=moves, slots=slots):
            moved = [x + step * moves[slot] if slot in moves else x for slot, x in enumerate(operands)]
            at = evaluate_arrays(graph, point([as_value(np.asarray(x)) for x in moved]))
            sweep = pull_back_arrays(graph, at, result, depends(graph, slots))
            found = [np.zeros(np.shape(operands[s])) if (n := sweep.numbers[s]) is None else n for s in slots]
            return np.concatenate([np.ravel(part) for part in found])

        h = 1e-5
        wanted = (8 * (gradient(h) - gradient(-h)) - (gradient(2 * h) - gradient(-2 * h))) / (12 * h)
        scale = max(1.0, float(np.abs(hessian).max(initial=0)))
        np.testing.assert_allclose(hessian, hessian.T, rtol=1e-10, atol=1e-11 * scale, err_msg=repr(case))
        np.testing.assert_allclose(hessian @ flat, wanted, rtol=1e-5, atol=1e-6 * scale, err_msg=repr(case))
        for found in (second.along(moves), second.back(moves, point(operands))):
            moved = dict(zip(slots, found, strict=True))
            parts = [np.zeros(np.size(operands[s])) if n is None else np.ravel(n) for s, n in moved.items()]
            got, size = np.concatenate(parts), 1e-10 * scale
            np.testing.assert_allclose(got, hessian @ flat, rtol=1e-9, atol=size, err_msg=repr(case))


# The ways against each other


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=slot_name)
def test_the_frozen_derivatives_of_a_rule_are_those_of_its_adjoint_lines(primitive):
    """Also far out: a gradient of the adjoint lines is the row, entry by entry."""
    for case in [*moderate_points(primitive), *far_points(primitive)]:
        graph, line = case.graph()
        sources = range(line)
        values = evaluate(graph, case.point())
        found = rows(by_hand(graph, line, sources, values), sources)
        bits = patterns(graph, line, sources)
        first = adjoint_lines(graph, line, sources)
        numbers = evaluate(graph, case.point())
        for row in sources:
            assert all(bits[row] >> column & 1 for column in found[row]), case
            if first[row] is None:
                assert not found[row], case
                continue
            sweep = pull_back(graph, numbers, first[row], depends(graph, sources))
            for column in sources:
                wanted = sweep.numbers[column] or 0.0
                got = found[row].get(column, 0.0)
                if numbers[first[row]] == numbers[first[row]] and not primitive.opens:
                    size = 1e-12 * max(1.0, abs(wanted)) if wanted - wanted == 0 else 0
                    assert close(got, wanted, 1e-11, size), (case, row, column, got, wanted)


def test_the_frozen_module_is_what_the_rules_say():
    """A rule that changed was frozen again: `python -m gradcli.codegen.freeze`."""
    from pathlib import Path

    assert Path(frozen_seconds.__file__).read_text("utf-8") == frozen_seconds_text()


@pytest.mark.parametrize("key", frozen_seconds.SECONDS, ids=lambda key: "-".join(map(str, key)))
def test_a_frozen_derivative_is_that_of_the_rule(key):
    """At ordinary points; the leaves are those that the rule reads."""
    name, static, count = key
    leaves = leaves_of(NAMED[name], static, count)
    for slot, read in zip(frozen_seconds.SECONDS[key], leaves, strict=True):
        assert (slot is None) == (read is None)
        assert {second[0] for second in slot or ()} == {*(read or ())}

    @settings(max_examples=20)
    @given(st.lists(st.floats(0.1, 3.0), min_size=count, max_size=count))
    def agree(operands):
        extra = () if static is None else (static,)
        if name == "polygamma":
            operands[0] = float(round(operands[0]))
        y = NAMED[name].forward(*operands, *extra)
        for slot, wanted in zip(frozen_seconds.SECONDS[key], seconds_at(NAMED[name], static, y, operands), strict=True):
            found = {
                leaf: constant if function is None else function(y, *operands)
                for leaf, constant, function, gate in slot or ()
            }
            for leaf, number in wanted or ():
                assert close(found.pop(leaf), number, 1e-12, 1e-12), (operands, leaf)
            assert all(number == 0 for number in found.values())  # behind a closed gate

    agree()


def tame(text, at):
    """Whether no flow of the second order leaves the floats either."""
    scale = largest_flow(text, at)
    return scale is not None and scale < 1e8


@settings(max_examples=200)
@given(texts, ordinary)
@example("where(x>0, sqrt(x), 0)", {"x": -1.0, "y": 0.5, "z": 0.5})
@example("x^y + y^x", {"x": 1.5, "y": 2.5, "z": 0.5})
def test_the_hessian_of_any_program_is_symmetric(text, at):
    assume(tame(text, at))
    found = dense(text, at, Options(wrt=list(NAMES)))
    assume(found.is_finite and found.largest < 1e12)
    assert found.asymmetry <= 1e-8 * max(1.0, found.largest), found.numbers


@settings(max_examples=200)
@given(texts, ordinary, st.tuples(*[st.integers(-2, 2).map(float)] * 3))
@example("where(x>0, sqrt(x), 0)", {"x": 0.0, "y": 0.5, "z": 0.5}, (1.0, 0.0, 2.0))
def test_a_product_is_the_hessian_times_the_direction(text, at, moves):
    assume(tame(text, at))
    found = dense(text, at, Options(wrt=list(NAMES)))
    assume(found.is_finite and found.largest < 1e12)
    wanted = [sum(a * b for a, b in zip(row, moves, strict=True)) for row in found.numbers]
    along = Along(dict(zip(NAMES, moves, strict=True)))
    size = 1e-8 * max(1.0, found.largest)
    for mode in (FORWARD, REVERSE):
        got = multiplied(text, at, Options(wrt=list(NAMES)), along, mode).found
        for name, number in zip(NAMES, wanted, strict=True):
            assert close(got[name], number, 1e-9, size), (mode, name, got, wanted)


@settings(max_examples=100)
@given(texts, ordinary)
def test_graphs_of_arrays_agree_with_graphs_of_scalars(text, at):
    """The same program over arrays of one element, through the adjoint lines."""
    assume(tame(text, at))
    scalar = dense(text, at, Options(wrt=list(NAMES)))
    assume(scalar.is_finite and scalar.largest < 1e12)
    as_arrays = {name: np.array([value]) for name, value in at.items()}
    program = text.rpartition("; ")
    found = dense(f"{program[0]}{program[1]}sum({program[2]})", as_arrays, Options(wrt=list(NAMES)))
    np.testing.assert_allclose(found.numbers, scalar.numbers, rtol=1e-9, atol=1e-8 * max(1.0, scalar.largest))


@settings(max_examples=150)
@given(texts, anywhere)
@example("relu(sqrt(relu(x)))", {"x": 0.0, "y": 0.0, "z": 0.0})
@example("where(x>0, log(x)*y, 0)", {"x": 0.0, "y": 1.0, "z": 0.0})
@example("floor(sin(x))", {"x": 0.0, "y": 0.0, "z": 0.0})
@example("x*floor(sqrt(y))", {"x": 1.0, "y": 0.0, "z": 0.0})
def test_an_entry_without_a_path_is_exactly_0(text, at):
    """Anywhere, at the edges of domains too."""
    found = dense(text, at, Options(wrt=list(NAMES)))
    for numbers, reaches in zip(found.numbers, found.reaches, strict=True):
        for number, reach in zip(numbers, reaches, strict=True):
            assert reach or (number == 0 and math.copysign(1, number) == 1)


@pytest.mark.parametrize(
    ("text", "at", "wanted"),
    [
        ("where(x > 0, x^1.5, 0)", {"x": 0.0}, [[0.0]]),
        ("relu(x)^2", {"x": -1.0}, [[0.0]]),
        ("max(x, y)^2", {"x": 3.0, "y": 1.0}, [[2.0, 0.0], [0.0, 0.0]]),
        ("x*floor(y)", {"x": 3.0, "y": 1.5}, [[0.0, 0.0], [0.0, 0.0]]),
        ("x^3", {"x": 0.0}, [[0.0]]),
        ("x^1", {"x": 0.0}, [[0.0]]),
        ("sqrt(x)", {"x": 0.0}, [[-math.inf]]),
        ("log(x)", {"x": -1.0}, [[math.nan]]),
        ("log(x) + y^2", {"x": -1.0, "y": 2.0}, [[math.nan, 0.0], [0.0, math.nan]]),
    ],
)
def test_conventions(text, at, wanted):
    """A closed gate carries nothing; every derivative of nan is nan; what has no path is 0 there, too."""
    found = dense(text, at, Options(wrt=list(at))).numbers
    assert all(same(a, b) for one, other in zip(found, wanted, strict=True) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("text", ["where(x > 0, x^1.5, 0)", "relu(x)^2", "sqrt(x)", "log(x)", "x^3", "x*floor(x)"])
@pytest.mark.parametrize("value", [0.0, -1.0, 2.0])
def test_arrays_follow_the_conventions_of_scalars(text, value):
    scalar = dense(text, {"x": value}, Options()).numbers[0][0]
    found = dense(f"sum({text})", {"x": np.array([value, value])}, Options()).numbers
    assert same(found[0][0], scalar) or close(found[0][0], scalar)
    assert found[0][1] == found[1][0] == 0


def test_an_intermediate_name_is_one_to_differentiate_by():
    """With a = x*y, a^2 has the second derivative 2 by a; x moves a as well."""
    found = dense("a = x*y; a^2", {"x": 3.0, "y": 2.0}, Options(wrt=["a", "x"]))
    assert found.numbers == [[2.0, 4.0], [4.0, 8.0]]
    along = Along({"a": 1.0, "x": 2.0})
    for mode in (FORWARD, REVERSE):
        got = multiplied("a = x*y; a^2", {"x": 3.0, "y": 2.0}, Options(wrt=["a", "x"]), along, mode).found
        assert got == {"a": 10.0, "x": 20.0}


def test_many_operands_of_one_line():
    """Past every frozen count, against numpy."""
    size = 12
    names = [f"x{i}" for i in range(size)]
    at = {name: 0.1 * place - 0.5 for place, name in enumerate(names)}
    found = matrix(f"logaddexp({', '.join(names)})", at)
    weights = np.exp([*at.values()])
    weights /= weights.sum()
    np.testing.assert_allclose(found, np.diag(weights) - np.outer(weights, weights), rtol=1e-12, atol=1e-16)


# Large ones


def test_a_sum_of_a_hundred_thousand_lines():
    text = "+".join(["x*y"] * 50_000)
    found = dense(text, {"x": 2.0, "y": 3.0}, Options())
    assert found.numbers == [[0.0, 50_000.0], [50_000.0, 0.0]]


def test_a_chain_of_thirty_thousand_lines():
    """Near 0 the sine of the sine of ... x is x to second order."""
    text = "cos(" + "sin(" * 30_000 + "x" + ")" * 30_001
    assert dense(text, {"x": 0.0}, Options()).numbers == [[-1.0]]
    for mode in (FORWARD, REVERSE):
        assert multiplied(text, {"x": 0.0}, Options(), Along({"x": 2.0}), mode).found == {"x": -2.0}


def test_too_many_entries_are_refused_before_anything_is_computed():
    with pytest.raises(GradError, match="the Hessian is 2,000×2,000: 4,000,000 entries") as refused:
        dense("sum(x^2)", {"x": np.zeros(2000)}, Options())
    assert "--full" in (refused.value.hint or "")
    assert "gradcli hvp" in (refused.value.hint or "")
    along = Along({"x": np.ones(2000)})
    found = multiplied("sum(x^2)", {"x": np.zeros(2000)}, Options(), along).found
    assert found["x"].tolist() == [2.0] * 2000


def test_too_much_work_is_refused():
    """Every line of a long chain depends on every name."""
    names = [f"x{i}" for i in range(900)]
    text = "a = " + "+".join(names) + "; b = " + "a*" * 30_000 + "a; sin(b)"
    with pytest.raises(GradError, match="products of tangents"):
        dense(text, dict.fromkeys(names, 1e-3), Options())


def test_sparse_columns_share_a_pass():
    text = "sum(100*(x[1:] - x[:49]^2)^2 + (1 - x[:49])^2)"
    found = dense(text, {"x": np.linspace(-1, 1, 50)}, Options())
    assert found.passes == 3
    assert found.counts()[0] == 3 * 50 - 2


@settings(max_examples=150)
@given(texts, ordinary)
@example("x^2*y + sin(x*z)/y", {"x": 1.5, "y": 2.5, "z": 0.5})
def test_one_pass_without_a_ledger_finds_the_same(text, at):
    """To the last bit; where there is a gate, or a number is not finite, it leaves the work to the ledger."""
    program = build(text, given=at)
    graph, result = program.graph, program.result
    sources = list(program.variables.values())
    values = evaluate(graph, at)
    active = depends(graph, sources)
    flows = []
    sweep = pull_back(graph, values, result, active, flows=flows)
    found = swept(graph, values, result, active)
    if found is None:
        finite = all(number is None or number - number == 0 for number in [values[result], *sweep.numbers])
        lines = zip(graph.primitives, graph.operands, strict=True)
        assert not finite or any(p.watched or p.static or len(o) > 3 for p, o in lines)
        return
    edges, adjoints = found
    assert adjoints == sweep.numbers
    assert rows(edges, sources) == rows(Edges(graph, values, flows), sources)


@pytest.mark.parametrize("text", ["sum(tanh(x)^2*x)", "logsumexp(x)", "sum(x[1:]*x[:3])^2", "prod(x)"])
def test_the_word_of_the_language_says_the_same(text):
    at = {"x": np.array([0.5, -1.0, 2.0, 0.25])}
    word = evaluated(f"hessian({text}, x)", at, Options()).value
    np.testing.assert_allclose(dense(text, at, Options()).numbers, word, rtol=1e-13, atol=1e-15)


def test_a_gradient_penalty_has_a_hessian():
    """Of a third derivative, then: L + grad(L, x)^2 with L = x^3 y is x^3 y + 9 x^4 y^2."""
    found = dense("L = x^3*y; L + grad(L, x)^2", {"x": 2.0, "y": 3.0}, Options())
    assert found.numbers == [[3924.0, 1740.0], [1740.0, 288.0]]


def test_a_large_product_never_makes_the_matrix():
    size = 100_000
    at = {"x": np.linspace(-1, 1, size)}
    along = Along({"x": np.ones(size)})
    text = f"sum(100*(x[1:] - x[:{size - 1}]^2)^2 + (1 - x[:{size - 1}])^2)"
    forward, reverse = (multiplied(text, at, Options(), along, mode).found["x"] for mode in (FORWARD, REVERSE))
    np.testing.assert_allclose(forward, reverse, rtol=1e-12)


def test_arrays_that_take_too_long_are_refused():
    with pytest.raises(GradError, match="passes through"):
        dense("sum((X@w)^2)", {"X": np.ones((4000, 900)), "w": np.ones(900)}, Options(wrt=["w"]))


def test_what_is_not_finite_in_arrays_is_a_note():
    notes = dense("sum(x^1.5)*y", {"x": np.array([0.0, 1.0]), "y": 2.0}, Options()).notes
    assert [note.message for note in notes] == ["x: ∂f/∂x is finite here, and 1 of its derivatives is not"]


# Programs over arrays that nobody wrote: every piece takes vectors of four and leaves one

PIECES = (
    "sin({})", "tanh({})", "({})^2", "softmax({})", "cumsum({})", "(({0}) - mean({0}))", "relu({})", "exp(({})/4)",
    "A@({})", "({}) @ A", "concat(({0})[2:], ({0})[:2])", "reshape(reshape({}, 2, 2).T, 4)", "sum(outer({}, x), 0)",
    "sigmoid({})*x", "logsoftmax({})", "({0})/norm({0})", "y*({})", "solve(A, {})", "sqrt(1 + ({})^2)",
)  # fmt: skip
PAIRS = (
    "({})*({})", "({})+({})", "max({}, {})", "where(({}) > 0, {}, x)", "({})/(2 + ({})^2)", "atan2({}, 3 + ({})^2)",
)  # fmt: skip
ENDS = (
    "sum({})", "logsumexp({})", "norm({})", "var({})", "prod({})", "amax({}, 0)", "dot({}, x)", "std({})^3", "({})[1]",
)  # fmt: skip
vectors = st.recursive(
    st.sampled_from(["x", "x", "x*y", "A[0]", "ones(4)"]),
    lambda inner: st.builds(str.format, st.sampled_from(PIECES), inner)
    | st.builds(str.format, st.sampled_from(PAIRS), inner, inner),
    max_leaves=4,
)
of_vectors = st.builds(str.format, st.sampled_from(ENDS), vectors)
A = np.array([[3.1, 0.2, -0.4, 0.1], [0.3, -2.7, 0.5, 0.2], [-0.6, 0.4, 3.3, -0.1], [0.2, 0.1, -0.3, 2.9]])


@settings(max_examples=150, deadline=None)
@given(of_vectors, st.lists(st.integers(-200, 200), min_size=4, max_size=4, unique=True))
def test_programs_over_arrays(text, hundredths):
    """Symmetric; both products are the matrix times the direction; the matrix is that of a pass for each column."""
    at = {"x": np.array([k / 100 + 0.00123 for k in hundredths]), "y": 0.71, "A": A}
    found = dense(text, at, Options(wrt=["x", "y"]))
    assume(found.is_finite and found.largest < 1e9)
    size = max(1.0, found.largest)
    numbers = np.array(found.numbers)
    np.testing.assert_allclose(numbers, numbers.T, rtol=1e-9, atol=1e-11 * size)
    moves = np.array([0.5, -1.0, 0.25, 2.0, -0.75])
    along = Along({"x": moves[:4], "y": -0.75})
    for mode in (FORWARD, REVERSE):
        got = multiplied(text, at, Options(wrt=["x", "y"]), along, mode).found
        together = np.append(got["x"], got["y"])
        np.testing.assert_allclose(together, numbers @ moves, rtol=1e-8, atol=1e-10 * size, err_msg=mode)
    for place in range(4):
        unit = Along({"x": np.eye(4)[place]})
        column = multiplied(text, at, Options(wrt=["x", "y"]), unit).found
        together = np.append(column["x"], column["y"])
        np.testing.assert_allclose(together, numbers[:, place], rtol=1e-9, atol=1e-11 * size)
