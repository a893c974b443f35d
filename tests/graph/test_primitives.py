"""What holds for every primitive that is registered: its value, its rules, their own derivatives, its definition."""

import cmath
import math

import numpy as np
import pytest
from helpers import (
    COMPOSITES,
    DIFFERENTIABLE,
    EVERY_SLOT,
    NO_DERIVATIVE,
    PRIMITIVES,
    TINY,
    Case,
    close,
    far_points,
    moderate_points,
    same,
    slot_name,
    smooth_points,
    value_of_line,
    variants,
)
from mpmath import mp

from gradcli.autodiff import evaluate, locals_of, pull_back, push_forward
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, Node
from gradcli.graph.carriers import trace_rules, write
from gradcli.graph.decompose import expand

PRECISION = 4e-15  # a rule is this good wherever its operands say this much
HALF_ULP = 2.0**-53
every_primitive = pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=slot_name)
every_differentiable = pytest.mark.parametrize("primitive", DIFFERENTIABLE.values(), ids=slot_name)
every_operand = pytest.mark.parametrize(("primitive", "slot"), EVERY_SLOT, ids=slot_name)


def local(case: Case, slot: int) -> float:
    rule = locals_of(case.primitive, case.static, len(case.operands))[slot]
    assert rule is not None
    return rule(case.value(), *case.operands)


def assert_digits(got: float, exact, wobble, relative: float, what: object) -> None:
    """GOT is EXACT to RELATIVE, and to what a few half units in the last places of the operands move it by (WOBBLE)."""
    error = abs(mp.mpf(got) - exact)
    if error <= relative * abs(exact) + 4 * TINY:
        return
    assert error <= relative * abs(exact) + 4 * HALF_ULP * wobble(), f"{what}: {got!r}, exactly {mp.nstr(exact, 20)}"


def movable(case: Case, slope) -> object:
    """How much a relative change of every operand moves the slope."""
    return lambda: sum(
        abs(mp.mpf(x) * slope(other)) for other, x in enumerate(case.operands) if case.is_smooth(other)
    )


@every_primitive
def test_the_value_is_exact(primitive):
    """The forward is that of mpmath to a few units of the last place, at ordinary points and far out."""
    tried = 0
    for case in [*moderate_points(primitive), *far_points(primitive)]:
        with mp.workdps(case.digits):
            try:
                exact = case.exact()
            except (ValueError, ZeroDivisionError):
                continue
            if not isinstance(exact, mp.mpf) or not mp.isfinite(exact):
                continue
            tried += 1
            got = value_of_line(case)
            slopes = lambda case=case: sum(
                abs(mp.mpf(x) * case.exact_slope(s)) for s, x in enumerate(case.operands) if case.is_smooth(s)
            )
            assert_digits(got, exact, slopes, 1e-14, case)
    assert tried >= 3, f"{primitive.name}: mpmath has no real value at any point; see tests/helpers.py"


@every_operand
def test_a_local_gradient_is_exact(primitive, slot):
    """Every rule is the derivative of the exact function to 4e-15, at ordinary points and far out."""
    for case in smooth_points(primitive, slot, far=True):
        with mp.workdps(case.digits):
            exact = case.exact_slope(slot)
            wobble = movable(case, lambda other, case=case: case.exact_second(slot, other))
            assert_digits(local(case, slot), exact, wobble, PRECISION, f"{case}, operand {slot}")


@every_operand
def test_a_local_gradient_agrees_with_differences(primitive, slot):
    """Every rule is the slope of its own forward over floats."""
    for case in smooth_points(primitive, slot):
        x, h = case.operands[slot], 1e-5 * abs(case.operands[slot])
        above, below = ((*case.operands[:slot], x + d, *case.operands[slot + 1 :]) for d in (h, -h))
        slope = (Case(primitive, case.static, above).value() - Case(primitive, case.static, below).value()) / (
            above[slot] - below[slot]
        )
        found = local(case, slot)
        assert close(found, slope, 1e-6, 1e-6 * (1 + abs(found) + abs(case.value()))), case


ANALYTIC = {
    "exp": cmath.exp, "log": cmath.log, "sqrt": cmath.sqrt, "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan,
    "asin": cmath.asin, "acos": cmath.acos, "atan": cmath.atan, "sinh": cmath.sinh, "cosh": cmath.cosh,
    "tanh": cmath.tanh, "asinh": cmath.asinh, "acosh": cmath.acosh, "atanh": cmath.atanh, "log10": cmath.log10,
    "expm1": np.expm1, "log1p": np.log1p, "log2": np.log2, "square": np.square,
    "sigmoid": lambda z: 1 / (1 + cmath.exp(-z)), "softplus": lambda z: cmath.log(1 + cmath.exp(z)),
    "logsigmoid": lambda z: -cmath.log(1 + cmath.exp(-z)), "silu": lambda z: z / (1 + cmath.exp(-z)),
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
    "neg": lambda z: -z, "power": lambda z, n: z**n, "pow": lambda a, b: cmath.exp(b * cmath.log(a)),
    "xlogy": lambda a, b: a * cmath.log(b), "hypot": lambda *zs: cmath.sqrt(sum(z * z for z in zs)),
    "logaddexp": lambda *zs: cmath.log(sum(map(cmath.exp, zs))),
    "softmax": lambda *zs: cmath.exp(zs[0]) / sum(map(cmath.exp, zs)),
}  # fmt: skip


@pytest.mark.parametrize("name", ANALYTIC)
def test_a_local_gradient_agrees_with_the_complex_step(name):
    """A step into the complex plane has no cancellation, and agrees to twelve digits of the larger of f and f'."""
    primitive = NAMED[name]
    for slot in (s for p, s in EVERY_SLOT if p is primitive):
        for case in smooth_points(primitive, slot):
            if name == "pow" and case.operands[0] < 0:
                continue
            zs = [complex(x, 1e-30 if other == slot else 0.0) for other, x in enumerate(case.operands)]
            slope = complex(ANALYTIC[name](*zs, *([case.static] if primitive.static else []))).imag / 1e-30
            assert close(local(case, slot), slope, 1e-12, 1e-13 * abs(case.value())), f"{case}, operand {slot}"


@every_differentiable
def test_forward_mode_and_backpropagation_agree_to_the_last_bit(primitive):
    """Both sweeps read the same rule, also where it gives nan or inf."""
    for case in [*moderate_points(primitive), *far_points(primitive)]:
        graph, line = case.graph()
        values = evaluate(graph, case.point())
        back = pull_back(graph, values, line, [True] * len(graph)).numbers
        for slot in range(len(case.operands)):
            ahead = push_forward(graph, values, line, slot).numbers[line]
            assert (back[slot] is None) == (ahead is None), case
            assert back[slot] is None or same(back[slot], ahead), f"{case}, operand {slot}: {back[slot]}, {ahead}"


@every_differentiable
def test_rules_stay_inside_the_language(primitive):
    """A rule is made of primitives that have rules themselves, so that any order exists."""
    for static, count in variants(primitive):
        trace = trace_rules(primitive, static, count)
        for inner in trace.graph.primitives:
            assert inner in (VARIABLE, CONSTANT) or inner.rules, inner


def rules_written_out(case: Case) -> tuple[Graph, list[Node | None]]:
    """A graph of the case's line, and below it the lines of its rules."""
    graph, line = case.graph()
    trace = trace_rules(case.primitive, case.static, len(case.operands))
    return graph, write(trace, [Node(graph, index) for index in (line, *range(line))])


@every_differentiable
def test_adjoint_lines_have_the_numbers_of_the_local_gradients(primitive):
    """The rule over nodes, evaluated, is the rule over numbers to the last bit."""
    for case in [*moderate_points(primitive), *far_points(primitive)]:
        graph, outputs = rules_written_out(case)
        values = evaluate(graph, case.point())
        for slot, (output, rule) in enumerate(
            zip(outputs, locals_of(primitive, case.static, len(case.operands)), strict=True)
        ):
            assert (output is None) == (rule is None), f"{case}, operand {slot}"
            assert output is None or same(values[output.index], local(case, slot)), f"{case}, operand {slot}"


@every_operand
def test_a_rule_can_be_differentiated_again(primitive, slot):
    """Backpropagation through the lines of a rule gives the exact second derivatives."""
    for case in smooth_points(primitive, slot)[::5]:
        graph, outputs = rules_written_out(case)
        values = evaluate(graph, case.point())
        back = pull_back(graph, values, outputs[slot].index, [True] * len(graph)).numbers
        with mp.workdps(case.digits):
            for other in {0, slot, len(case.operands) - 1}:
                if not case.is_smooth(other) or (primitive.name, other) in NO_DERIVATIVE:
                    continue
                exact, scale = case.exact_second(slot, other), abs(case.exact_slope(slot)) + abs(case.exact())
                error = abs(mp.mpf(back[other] or 0.0) - exact)
                assert error <= 1e-11 * abs(exact) + 1e-13 * scale + mp.mpf(10) ** -18, (
                    f"{case}, operands {slot}, {other}: {back[other]}, exactly {mp.nstr(exact, 20)}"
                )


@pytest.mark.parametrize("name", ["logaddexp", "softmax"])
@pytest.mark.parametrize("count", [3, 12])
def test_the_second_derivative_of_a_share_close_to_one_keeps_its_digits(name, count):
    """Few operands or many: where one outweighs the rest, nothing of 1 - share is lost."""
    case = Case(NAMED[name], None, (40.0, *[0.5 * k for k in range(count - 1)]))
    graph, outputs = rules_written_out(case)
    values = evaluate(graph, case.point())
    with mp.workdps(400):
        for slot in (0, 1, count - 1):
            back = pull_back(graph, values, outputs[slot].index, [True] * len(graph)).numbers
            for other in (0, 1, count - 1):
                exact = case.exact_second(slot, other)
                assert abs(mp.mpf(back[other]) - exact) <= 1e-13 * abs(exact), (slot, other)


@pytest.mark.parametrize("primitive", COMPOSITES.values(), ids=slot_name)
def test_a_definition_is_the_function(primitive):
    """What a composite is spelled out as has its value, within rounding, and leaves no composite."""
    tried = 0
    for case in moderate_points(primitive):
        graph, line = case.graph()
        naive = expand(graph)
        assert not any(inner.definition for inner in naive.graph.primitives)
        value = case.value()
        if math.isfinite(value):
            tried += 1
            assert close(evaluate(naive.graph, case.point())[naive.moved[line]], value, 1e-12, 1e-14), case
    assert tried >= 3
