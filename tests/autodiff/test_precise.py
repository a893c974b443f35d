"""The judge: true numbers to 20 digits, far beyond what doubles hold; and the one sweep that it shares."""

import math
import random
from fractions import Fraction

import pytest
from helpers import COMPOSITES, PRIMITIVES
from mpmath import mp

from gradcli import autodiff
from gradcli.autodiff import depends, evaluate
from gradcli.autodiff.precise import (
    FORWARDS,
    Truth,
    decimal,
    is_nan,
    judge,
    nearest,
    relative_error,
    with_exact_e,
)
from gradcli.autodiff.sweeps import FloatCarrier, pull_back, push_forward
from gradcli.graph import Graph
from gradcli.language.builder import build

INF, NAN = math.inf, math.nan


def judged(source: str, **at: float) -> tuple[Truth, int, dict[str, int]]:
    program = build(source, given=at)
    values = evaluate(program.graph, at)
    sources = program.variables
    graph = with_exact_e(program.graph)
    return judge(graph, values, program.result, sources.values()), program.result, sources


def value(source: str, digits: int = 12, **at: float) -> str:
    truth, result, _ = judged(source, **at)
    found = truth.value(result)
    return "undecided" if found is None else decimal(found, digits)


def gradient(source: str, by: str = "x", digits: int = 12, **at: float) -> str:
    truth, _, sources = judged(source, **at)
    found = truth.gradient(sources[by])
    return "undecided" if found is None else decimal(found, digits)


# The shared sweep


def random_program(seed: int) -> tuple[Graph, list[float], list[int]]:
    """A few variables and forty lines over them, with values that also overflow, tie and leave domains."""
    pick = random.Random(seed)
    graph = Graph()
    point = {f"x{i}": pick.choice([0.0, -0.0, 1.0, -2.5, 0.3, 800.0, -800.0, INF, pick.gauss(0, 3)]) for i in range(4)}
    sources = [graph.variable(name) for name in point]
    graph.constant(1.0)
    kinds = list(PRIMITIVES.values())
    for _ in range(40):
        primitive = pick.choice(kinds)
        count = pick.choice([1, 2, 3, 5]) if primitive.variadic else primitive.arity
        operands = tuple(pick.randrange(len(graph)) for _ in range(count))
        graph.append(primitive, operands, pick.choice([0.5, 2.0, -1.0, 3.0]) if primitive.static else None)
    return graph, evaluate(graph, point), sources


def bits(numbers: list[float | None]) -> list[str | None]:
    return [None if number is None else "nan" if number != number else number.hex() for number in numbers]


@pytest.mark.parametrize("strong_zero", [False, True], ids=["ieee", "strong"])
@pytest.mark.parametrize("seed", range(150))
def test_the_generic_sweep_is_the_float_sweep(seed, strong_zero):
    """Both say the same to the last bit, closed gates, absence, nan and the order of additions included."""
    graph, values, sources = random_program(seed)
    result = len(graph) - 1
    active = depends(graph, sources)
    carrier = FloatCarrier(graph, values, strong_zero=strong_zero)
    flows: list = []
    known: list = []
    plain = autodiff.pull_back(graph, values, result, active, strong_zero=strong_zero, flows=known)
    swept = pull_back(graph, result, active, carrier, flows)
    assert bits(swept.numbers) == bits(plain.numbers)
    assert [bool(mask) for mask in swept.masks] == [bool(shut) for shut in plain.closed]
    seen = [(f.source, f.target, f.slot, *bits([f.upstream, f.local, f.downstream]), bool(f.mask)) for f in flows]
    assert seen == [(a, b, slot, *bits([up, local, down]), shut) for a, b, slot, up, local, down, shut in known]


@pytest.mark.parametrize("strong_zero", [False, True], ids=["ieee", "strong"])
@pytest.mark.parametrize("seed", range(60))
def test_the_generic_forward_sweep_is_the_float_one(seed, strong_zero):
    """Tangents too agree to the last bit."""
    graph, values, sources = random_program(seed)
    result = len(graph) - 1
    for source in sources:
        plain = autodiff.push_forward(graph, values, result, source, strong_zero=strong_zero)
        carrier = FloatCarrier(graph, values, strong_zero=strong_zero, forward=True)
        assert bits(push_forward(graph, result, source, carrier).numbers) == bits(plain.numbers)


# Every primitive


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_a_true_forward(name):
    """By a function of its own, or else through its definition."""
    assert name in FORWARDS or name in COMPOSITES


def points(arity: int) -> list[tuple[float, ...]]:
    pick = random.Random(arity)
    own = [(0.3, 1.7, 2.5), (-0.45, 0.7, 0.2), (2.0, 3.0, 5.0), (-3.5, 2.5, 4.0), (1.0, 1.0, 1.0), (0.0, -2.0, 3.0)]
    return [point[:arity] for point in own] + [tuple(pick.gauss(0, 2) for _ in range(arity)) for _ in range(6)]


@pytest.mark.parametrize("name", PRIMITIVES)
def test_true_values_and_slopes_are_where_the_floats_are(name):
    """At tame points every primitive's float value and local gradients are those of the judge, to rounding."""
    primitive = PRIMITIVES[name]
    arity = 3 if primitive.variadic else primitive.arity
    for point in points(arity):
        if name == "polygamma":
            point = (abs(round(point[0])), *point[1:])
        graph = Graph()
        sources = [graph.variable(f"x{slot}") for slot in range(arity)]
        result = graph.append(primitive, tuple(sources), 1.5 if primitive.static else None)
        values = evaluate(graph, {f"x{slot}": float(x) for slot, x in enumerate(point)})
        truth = judge(graph, values, result, sources)
        sweep = autodiff.pull_back(graph, values, result, depends(graph, sources))
        numbers = [(values[result], truth.value(result))]
        numbers += [(sweep.numbers[source] or 0.0, truth.gradient(source)) for source in sources]
        for float_, exact in numbers:
            assert exact is not None
            near = float_ == nearest(exact) or relative_error(float_, exact) < 1e-11 or abs(float_) < 1e-300
            assert near, (name, point, float_, decimal(exact, 20))


@pytest.mark.parametrize("name", COMPOSITES)
def test_a_composite_is_its_definition(name, monkeypatch):
    """Read through its definition, a composite has the value of its own forward."""
    primitive = PRIMITIVES[name]
    arity = 3 if primitive.variadic else primitive.arity
    for point in points(arity):
        graph = Graph()
        sources = [graph.variable(f"x{slot}") for slot in range(arity)]
        result = graph.append(primitive, tuple(sources))
        values = evaluate(graph, {f"x{slot}": x for slot, x in enumerate(point)})
        own = judge(graph, values, result, []).value(result)
        with monkeypatch.context() as patch:
            patch.delitem(FORWARDS, name, raising=False)
            spelled = judge(graph, values, result, []).value(result)
        assert own is not None
        if spelled is not None and not is_nan(own) and not is_nan(spelled):
            assert decimal(own, 17) == decimal(spelled, 17)


# True numbers


@pytest.mark.parametrize(
    ("source", "at", "true"),
    [
        ("1/(1+exp(-x))", {"x": -800.0}, "3.66787458418e-348"),
        ("exp(exp(x))", {"x": 7.0}, "1.82696142494e+476"),
        ("(1-cos(x))/x^2", {"x": 1e-8}, "0.5"),
        ("(1-cos(x))/x^2", {"x": 1e-200}, "0.5"),
        ("(exp(x)-1)/x", {"x": 1e-10}, "1.00000000005"),
        ("log(1+exp(x))", {"x": 800.0}, "800"),
        ("log(1+exp(x))", {"x": -3000.0}, "1.30783901892e-1303"),
        ("(1+exp(x)-1)*exp(-x)", {"x": -300.0}, "1"),
        ("sqrt(x^2+x^2)", {"x": 1e200}, "1.41421356237e+200"),
        ("erfc(x)", {"x": 30.0}, "2.56465620376e-393"),
        ("lgamma(x)", {"x": -3.5}, "-1.30900668499"),
        ("polygamma(1, x)", {"x": -1e10 - 0.5}, "9.86960440099"),
        ("e^x", {"x": 400.0}, "5.22146968976e+173"),
        ("gelu(x)", {"x": -30.0}, "-1.47201417814e-196"),
        ("x/x", {"x": 0.7}, "1"),
        ("sin(x)^2+cos(x)^2-1", {"x": 0.7}, "0"),
        ("log(x)", {"x": -1.0}, "nan"),
        ("x^(1/3)", {"x": -8.0}, "nan"),
        ("1/x", {"x": 0.0}, "inf"),
        ("1/x", {"x": -0.0}, "-inf"),
        ("max(exp(x), exp(x+1))", {"x": 800.0}, "7.41105445695e+347"),
        ("tanh(x)", {"x": INF}, "1"),
        ("x", {"x": NAN}, "nan"),
    ],
)
def test_a_value_is_true_to_twelve_digits(source, at, true):
    """Absorbed, cancelled, overflowed and underflowed on the way, or far out: the value is that of the function."""
    assert value(source, **at) == true


@pytest.mark.parametrize(
    ("source", "at", "true"),
    [
        ("1/(1+exp(-x))", {"x": -400.0}, "1.91516959671e-174"),
        ("1/(1+exp(-x))", {"x": -800.0}, "3.66787458418e-348"),
        ("1/(1+exp(-x))", {"x": 40.0}, "4.24835425529e-18"),
        ("(1-cos(x))/x^2", {"x": 1e-8}, "-8.33333333333e-10"),
        ("(exp(x)-exp(-x))/(exp(x)+exp(-x))", {"x": 400.0}, "1.46714983367e-347"),
        ("x/x", {"x": 0.7}, "0"),
        ("max(x, 0)", {"x": 0.0}, "0.5"),
        ("relu(x)", {"x": 0.0}, "0"),
        ("abs(x)", {"x": 0.0}, "0"),
        ("where(x > 0, sqrt(x), 0)", {"x": 0.0}, "0"),
        ("sqrt(x)", {"x": 0.0}, "inf"),
        ("log(x)", {"x": -1.0}, "nan"),
        ("mod(x, 3)", {"x": -7.5}, "1"),
    ],
)
def test_a_gradient_is_true_and_keeps_the_conventions(source, at, true):
    """Derivatives too, with the shares at ties and kinks that the float run had."""
    assert gradient(source, **at) == true


def test_branches_are_those_of_the_float_run():
    """A comparison that lost its digits decides as it did, and is named as one that strayed."""
    truth, _, sources = judged("where((1-cos(x))/x^2 > 0.25, x, 2*x)", x=1e-8)
    assert decimal(truth.gradient(sources["x"]), 5) == "2"
    assert len(truth.strays) == 1


def test_what_no_number_of_bits_settles_is_undecided():
    """Exponents that would fill the memory are refused at once."""
    assert value("exp(exp(exp(x)))", x=800.0) == "undecided"
    assert value("sin(exp(exp(x)))", x=10.0) == "undecided"


def test_zero_times_inf_follows_the_option():
    """A strong zero is one for the judge too."""
    program = build("sqrt(x)*0")
    values = evaluate(program.graph, {"x": 0.0})
    lines = [*program.variables.values()]
    assert decimal(judge(program.graph, values, program.result, lines).gradient(lines[0]), 5) == "nan"
    strong = judge(program.graph, values, program.result, lines, strong_zero=True)
    assert decimal(strong.gradient(lines[0]), 5) == "0"


# Doubles and decimals


@pytest.mark.parametrize("seed", range(200))
def test_the_nearest_double_is_the_nearest(seed):
    """Subnormal numbers, ties and the ends of the range included: Fractions say the same."""
    pick = random.Random(seed)
    exponent = pick.choice([0, -1040, -1074, -1100, -1138, 950, 971, pick.randrange(-1140, 1000)])
    size = Fraction(pick.getrandbits(pick.choice([3, 54, 60, 200])) or 1) * Fraction(2) ** exponent
    try:
        wanted = float(size)
    except OverflowError:
        wanted = INF
    with mp.workprec(4000):
        assert nearest(mp.mpf(size.numerator) / size.denominator) == wanted
        assert nearest(-mp.mpf(size.numerator) / size.denominator) == -wanted


@pytest.mark.parametrize("digits", [1, 3, 6, 17])
@pytest.mark.parametrize("number", [0.1, -2.5, 1e-5, 123456789.5, 9.9999999e-5, 0.000099999999, 1e22, 5e-324, 1.8e308])
def test_a_decimal_reads_as_python_rounds(number, digits):
    """The text of a true number is that of %g, so it stands beside the doubles alike."""
    if not math.isinf(number) and number != int(number):
        assert decimal(mp.mpf(number), digits) == f"{number:.{digits}g}"


def test_a_decimal_goes_beyond_doubles():
    """Numbers that no double holds have digits all the same, up to exponents nobody reads."""
    with mp.workprec(200):
        assert decimal(mp.exp(-800), 6) == "3.66787e-348"
        assert decimal(mp.mpf(10) ** 400 * 2, 6) == "2e+400"
        assert decimal(-mp.exp(mp.mpf(10) ** 9), 6) == "< -1e+1000000"
        assert decimal(mp.exp(-(mp.mpf(10) ** 9)), 6) == "< 1e-1000000"
        assert decimal(mp.mpf(1000000), 3) == "1000000"
