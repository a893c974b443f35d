"""What holds for every primitive over arrays that is registered: its value, its shape, its rules, its definition."""

import itertools
import math
import random

import numpy as np
import pytest
from array_cases import (
    ARRAYS,
    DIFFERENTIABLE,
    ELEMENTWISE,
    EVERY_CASE,
    ArrayCase,
    as_operand,
    cases,
    difference,
    inner,
    point,
    rule_written_out,
)
from helpers import SPECIAL, far_points, moderate_points, variants
from mpmath import mp

from gradcli.autodiff import locals_of
from gradcli.autodiff.arrays import Line, evaluate, pull_back, push_forward
from gradcli.graph import NAMED, Graph, Node, Primitive
from gradcli.graph.arrays import apply, quiet, shape_of
from gradcli.graph.carriers import trace_definition, write

ULPS = 2  # numpy rounds some functions otherwise than the C library
TINY = 5e-324
EDGES = (*SPECIAL, -TINY, -745.0, 710.0, 1e-310, 1e300, -1e300, 1e-300, 2.5, -0.5, 2.0, 3.0)
every_elementwise = pytest.mark.parametrize("primitive", ELEMENTWISE.values(), ids=lambda p: p.name)
every_array_primitive = pytest.mark.parametrize("primitive", ARRAYS.values(), ids=lambda p: p.name)
every_case = pytest.mark.parametrize("case", EVERY_CASE, ids=repr)
every_operand = pytest.mark.parametrize(("case", "slot"), DIFFERENTIABLE, ids=str)


def ulps(got: float, wanted: float) -> float:
    """How many units in the last place lie between two numbers; a zero's sign counts."""
    if got != got and wanted != wanted:
        return 0.0
    if got == wanted:
        return 0.0 if math.copysign(1.0, got) == math.copysign(1.0, wanted) else math.inf
    return abs(got - wanted) / math.ulp(wanted) if math.isfinite(got - wanted) else math.inf


def rows_of(primitive: Primitive) -> list[tuple[object, list[tuple[float, ...]]]]:
    """Points by static and number of operands: ordinary ones, far ones, and the ends of everything."""
    chance = random.Random(primitive.name)
    found = []
    for static, many in variants(primitive):
        points = [c.operands for c in (*moderate_points(primitive), *far_points(primitive))
                  if len(c.operands) == many and (c.static == static or not primitive.static)]  # fmt: skip
        if many <= 2:
            points += itertools.product(EDGES, repeat=many)
        else:
            points += [tuple(chance.choice(EDGES) for _ in range(many)) for _ in range(800)]
        found.append((static, points))
    return found


@every_elementwise
def test_an_array_has_the_values_of_its_elements(primitive):
    """The forward over arrays is the forward over floats, element by element, also at inf, nan, zeros and far out."""
    for static, points in rows_of(primitive):
        columns = [np.array(column) for column in zip(*points, strict=True)]
        with quiet():
            found = apply(primitive, static, columns).tolist()
        extra = (static,) if primitive.static else ()
        for place, got in zip(points, found, strict=True):
            wanted = primitive.forward(*place, *extra)
            if primitive.name in ("logaddexp", "hypot") and len(place) > 2:  # the sum runs in another order
                if got == 1.7976931348623157e308 and wanted == math.inf:
                    continue  # which overflowed by an ulp
                assert math.isclose(got, wanted, rel_tol=4e-15, abs_tol=1e-15) or ulps(got, wanted) == 0, place
            else:
                assert ulps(got, wanted) <= ULPS, f"{primitive.name}{place} with {static}: {got!r}, not {wanted!r}"


@every_elementwise
def test_an_array_has_the_local_gradients_of_its_elements(primitive):
    """A rule read over arrays is the rule read over floats, element by element."""
    for static, points in rows_of(primitive):
        many = len(points[0])
        rules = locals_of(primitive, static, many)
        if not any(rules):
            continue
        graph = Graph()
        graph.shapes = []
        lines = tuple(graph.variable(f"x{slot}", None, (len(points),)) for slot in range(many))
        graph.append(primitive, lines, static)
        extra = (static,) if primitive.static else ()
        values = [np.array(column) for column in zip(*points, strict=True)]
        values.append(np.array([primitive.forward(*place, *extra) for place in points]))
        with quiet():
            line = Line(graph, values, many)
            for slot, rule in enumerate(rules):
                found = line.local(slot)
                assert (found is None) == (rule is None)
                if rule is None:
                    continue
                for k, got in enumerate(np.broadcast_to(found, len(points)).tolist()):
                    wanted = rule(float(values[-1][k]), *points[k])
                    near = math.isclose(got, wanted, rel_tol=2e-14, abs_tol=4 * TINY)
                    assert near or (got != got and wanted != wanted), (
                        f"{primitive.name}{points[k]} with {static}, operand {slot}: {got!r}, not {wanted!r}"
                    )


PAIRINGS = [
    ((), ()), ((), (3,)), ((3,), ()), ((), (2, 3)), ((2, 3), ()), ((3,), (3,)), ((3,), (2, 3)), ((2, 3), (3,)),
    ((2, 1), (3,)), ((3,), (2, 1)), ((2, 3), (2, 3)), ((2, 1), (1, 3)), ((1,), (4,)), ((1, 1), (2, 3)), ((1,), ()),
    ((2, 3), (1,)), ((4, 1, 3), (2, 1)), ((2, 3), (4, 2, 3)), ((2, 1, 2, 1), (3, 1, 2)),
]  # fmt: skip
BINARY = [p for p in ELEMENTWISE.values() if len(p.rules) == 2 and any(p.rules)]


@pytest.mark.parametrize("shapes", PAIRINGS, ids=str)
@pytest.mark.parametrize("primitive", BINARY, ids=lambda p: p.name)
def test_broadcasting_copies_and_its_gradients_add(primitive, shapes):
    """Every pairing of shapes: values as of copies written out; a gradient is the sum over the copies, both ways."""
    case = ArrayCase(primitive, None, shapes)
    chance = case.chance()
    low = 1.0 if primitive.name == "polygamma" else 0.3
    operands = [as_operand(np.floor(chance.uniform(1, 4, s)) if primitive.name == "polygamma" and k == 0
                           else chance.uniform(low, 2.5, s)) for k, s in enumerate(shapes)]  # fmt: skip
    copies = [np.array(np.broadcast_to(x, case.shape)) for x in operands]
    wanted = [primitive.forward(float(a), float(b)) for a, b in zip(*map(np.ravel, copies), strict=True)]
    value = case.value(operands)
    assert shape_of(value) == case.shape
    np.testing.assert_allclose(np.ravel(value), wanted, rtol=1e-15)
    weights = case.weights()
    for slot, found in enumerate(case.pulled(operands, weights)):
        if found is None or (primitive.name, slot) == ("polygamma", 0):
            continue
        assert shape_of(found) == shapes[slot]
        rule = locals_of(primitive, None, 2)[slot]
        locals_ = [rule(y, float(a), float(b)) for y, a, b in zip(wanted, *map(np.ravel, copies), strict=True)]
        whole = np.reshape(np.ravel(weights) * locals_, case.shape)
        assert inner(whole, np.broadcast_to(case.direction(slot), case.shape)) == pytest.approx(
            inner(found, case.direction(slot)), rel=1e-12, abs=1e-13
        )
        pushed = case.pushed(operands, slot, case.direction(slot))
        assert inner(pushed, weights) == pytest.approx(inner(found, case.direction(slot)), rel=1e-12, abs=1e-13)


@every_case
def test_a_shape_is_known_before_the_numbers(case):
    """What shape_of says is the shape of the value, a float where there is no axis; operands stay as they are."""
    operands = case.operands()
    before = [np.copy(x) for x in operands]
    value = case.value(operands)
    assert shape_of(value) == case.shape
    assert (type(value) is float) == (case.shape == ())
    for operand, kept in zip(operands, before, strict=True):
        np.testing.assert_array_equal(operand, kept)


def assert_slope(case: ArrayCase, slot: int) -> None:
    """Both modes agree with a central difference, and with each other to the last digits."""
    operands, weights = case.operands(), case.weights()
    for places in (0, 1):
        direction = as_operand(np.roll(case.direction(slot), places, axis=-1 if case.shapes[slot] else None))
        slope = inner(difference(case.value, operands, slot, direction), weights)
        back = case.pulled(operands, weights)[slot]
        if back is None:
            assert slope == 0
            continue
        assert shape_of(back) == case.shapes[slot]
        size = 1 + abs(slope) + float(np.sum(np.abs(back)))
        assert inner(back, direction) == pytest.approx(slope, abs=1e-8 * size), f"{case}, operand {slot}"
        ahead = case.pushed(operands, slot, direction)
        assert shape_of(ahead) == case.shape
        assert inner(ahead, weights) == pytest.approx(inner(back, direction), rel=1e-12, abs=1e-13 * size)


SOME = [(case, slot) for primitive in ARRAYS.values() for case in cases(primitive)[::5] for slot in case.slots()]


@every_operand
def test_a_rule_is_the_slope_of_its_forward(case, slot):
    """Every operand, shape and axis, against central differences; jvp·v is v·vjp."""
    assert_slope(case, slot)


@pytest.mark.parametrize(("case", "slot"), SOME, ids=str)
def test_a_wrong_factor_is_found(case, slot):
    """The tests above can fail: with a rule that is 1 % off, they do."""
    back = case.pulled(case.operands(), case.weights())[slot]
    if not np.any(back):
        return
    rules = [*case.primitive.rules]
    good = rules[0 if case.primitive.variadic else slot]
    bad = (lambda *a: [r * 1.01 for r in good(*a)]) if case.primitive.variadic else (lambda *a: good(*a) * 1.01)
    rules[0 if case.primitive.variadic else slot] = bad
    wrong = spoiled(case.primitive, tuple(rules), f"{case.primitive.name}, spoiled at {slot}")
    with pytest.raises(AssertionError):
        assert_slope(case._replace(primitive=wrong), slot)


def spoiled(primitive: Primitive, rules: tuple, name: str) -> Primitive:
    """PRIMITIVE under another NAME, with other rules."""
    kept = ("opens", "variadic", "parameters", "arity", "static", "kind", "shape_of", "linear", "moves")
    return Primitive(name, primitive.forward, rules, **{of: getattr(primitive, of) for of in kept})


@pytest.mark.parametrize(("case", "slot"), SOME, ids=str)
def test_a_rule_can_be_differentiated_again(case, slot):
    """Backpropagation through the lines of a rule is the slope of the rule, in every operand."""
    graph, output = rule_written_out(case, slot)
    if output is None:
        return
    operands = case.operands()
    where = point(operands) | {"upstream": case.weights()}
    values = evaluate(graph, where)
    weights = as_operand(np.random.default_rng(3).standard_normal(shape_of(values[output])))
    back = pull_back(graph, values, output, [True] * len(graph), upstream=weights).numbers
    for other in case.slots():
        def rule(moved):
            return evaluate(graph, point(moved) | {"upstream": case.weights()})[output]

        direction = case.direction(other)
        slope = inner(difference(rule, operands, other, direction), weights)
        found = 0.0 if back[other] is None else inner(back[other], direction)
        size = 1 + abs(slope) + float(np.sum(np.abs(back[other]))) if back[other] is not None else 1
        assert found == pytest.approx(slope, abs=1e-7 * size), f"{case}, operands {slot}, {other}"
        ahead = push_forward(graph, values, output, {other: direction}).numbers[output]
        assert (0.0 if ahead is None else inner(ahead, weights)) == pytest.approx(found, rel=1e-11, abs=1e-11 * size)


@pytest.mark.parametrize("case", [case for case in EVERY_CASE if case.primitive.definition], ids=repr)
def test_a_definition_is_the_function(case):
    """What a composite is spelled out as has its value and its shape."""
    graph = Graph()
    graph.shapes = []
    nodes = [Node(graph, graph.variable(f"x{k}", None, shape)) for k, shape in enumerate(case.shapes)]
    (output,) = write(trace_definition(case.primitive, len(nodes), case.static, case.shapes), nodes)
    found = evaluate(graph, point(case.operands()))[output.index]
    assert graph.shapes[output.index] == shape_of(found) == case.shape
    np.testing.assert_allclose(found, case.value(case.operands()), rtol=1e-12, atol=1e-14)


def exactly(name: str, xs: list[float]) -> float:
    """A reduction of a few numbers in mpmath."""
    with mp.workdps(60):
        numbers = [mp.mpf(x) for x in xs]
        middle = sum(numbers) / len(numbers)
        spread = sum((x - middle) ** 2 for x in numbers) / len(numbers)
        top = max(numbers)
        return float({
            "sum": lambda: sum(numbers), "mean": lambda: middle, "var": lambda: spread, "std": lambda: mp.sqrt(spread),
            "norm": lambda: mp.sqrt(sum(x * x for x in numbers)), "prod": lambda: mp.fprod(numbers),
            "logsumexp": lambda: top + mp.log(sum(mp.exp(x - top) for x in numbers)),
            "amax": lambda: top, "amin": lambda: min(numbers), "argmax": lambda: numbers.index(top),
        }[name.removesuffix("_first")]())  # fmt: skip


@pytest.mark.parametrize("name", [p.name for p in ARRAYS.values() if p.kind == "reduces" and p.static])
def test_a_reduction_reduces_what_lies_along_its_axis(name):
    """Every axis, from either end, kept or not, against exact numbers."""
    for case in cases(NAMED[name]):
        (x,) = case.operands()
        axis, keep = case.static
        value = case.value([x])
        moved = np.reshape(x, (1, -1)) if axis is None else np.moveaxis(x, axis, -1)
        wanted = [exactly(name, row) for row in moved.reshape(-1, moved.shape[-1]).tolist()]
        shape = np.sum(x, axis=axis, keepdims=keep).shape
        assert shape_of(value) == shape
        np.testing.assert_allclose(np.ravel(value), wanted, rtol=2e-15, atol=1e-15)
