"""The judge: the same graph read over mpmath, with as many digits as it takes, branches as the float run took them."""

from __future__ import annotations

from fractions import Fraction
from math import copysign, e, inf, isfinite, isnan, nan

from gradcli.autodiff import depends
from gradcli.autodiff.sweeps import Flow, Swept, pull_back
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, Primitive, primitives
from gradcli.graph.carriers import number, read, trace_definition, trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Exact = Any  # an mpf
    Twin = tuple[float, Exact]  # what the float run had, and what is true
    Forward = Callable[..., Exact]

FEWEST_BITS, MOST_BITS = 200, 12_800
DOWN, UP = "f", "c"  # mpmath's names for rounding to the floor and to the ceiling
LARGE_GRAPH = 2000  # lines, from which fewer bits have to do
AGREED = 66  # bits, a little more than 20 digits
LARGEST_EXPONENT = 12_000  # bits of an argument whose exp or sin is still worth computing
LARGE_ARGUMENT, GUARD = 40, 20  # bits of an argument that is reduced by hand, and bits more than it needs
GAMMA_BITS = 800
DOUBLES_END = 1100  # below 2^-1100 every number rounds to the double 0
LARGEST_MAGNITUDE = 10**6  # a power of ten beyond which a number is only bounded
FAR_EXPONENT = 20_000  # bits, up to which a number is rounded by exact fractions
WHOLE_BELOW = 10**15


class Truth:
    """The true numbers of a run: of every live line, every adjoint, every flow in the order of the sweep.

    Each is None where two runs, of which the later had `bits` bits, differ within 20 digits. `strays` are the lines
    that would have taken another branch with true operands, in their value or in their rule.
    """

    __slots__ = ("_before", "_now", "bits", "strays")

    def __init__(self, before: _Sight, now: _Sight, bits: int) -> None:
        self._before = before
        self._now = now
        self.bits = bits
        self.strays = sorted(now.strays)

    def value(self, index: int) -> Exact | None:
        """The true value of a line; None also for one that the result is not computed from."""
        before, now = self._before.twins[index], self._now.twins[index]
        return None if before is None or now is None else self._common(before[1], now[1])

    def adjoint(self, index: int) -> Exact | None:
        """The true derivative by a line; None also where no gradient arrives."""
        return self._common(self._before.swept.numbers[index], self._now.swept.numbers[index])

    def gradient(self, index: int | None) -> Exact | None:
        """The true derivative by a line; 0 where no gradient arrives."""
        if index is None or self._now.swept.numbers[index] is None:
            return self._now.m.zero
        return self.adjoint(index)

    def flow(self, place: int) -> tuple[Exact | None, Exact | None, Exact | None]:
        """The true upstream, local and downstream gradient of the flow at PLACE in the ledger."""
        a, b = self._before.flows[place], self._now.flows[place]
        return (
            self._common(a.upstream, b.upstream),
            self._common(a.local, b.local),
            self._common(a.downstream, b.downstream),
        )

    def vanishes(self, asked: Iterable[int], result: int) -> bool:
        """Whether a number asked for stands as 0 because both runs saw it below every double."""
        before, now = self._before, self._now
        numbers = [(before.value(result), now.value(result))]
        numbers += [(before.swept.numbers[line], now.swept.numbers[line]) for line in asked]
        return any(not _agree(a, b) and self._common(a, b) is not None for a, b in numbers)

    def local(self, index: int, slot: int) -> Exact | None:
        """The true local gradient of line INDEX in operand SLOT, asked for or not."""
        found = self._now.local(index, slot)
        return None if found is BEYOND else found

    def redone(self, index: int) -> Exact | None:
        """What line INDEX makes, without rounding, of the operands that the float run had."""
        sight, graph = self._now, self._now.graph
        operands = [sight.taken(operand) for operand in graph.operands[index]]
        found = sight.forward(graph.primitives[index], graph.statics[index], sight.values[index], operands)
        return None if found is BEYOND else found

    def local_redone(self, index: int, slot: int) -> Exact | None:
        """The local gradient of line INDEX in operand SLOT, without rounding, from what the float run had."""
        found = self._now.local(index, slot, taken=True)
        return None if found is BEYOND else found

    def product(self, a: float, b: float) -> Exact:
        """a × b without rounding."""
        return self._now.m.fmul(a, b, exact=True)

    def _common(self, a: Exact, b: Exact) -> Exact | None:
        """The number on which both runs agree."""
        if _agree(a, b):
            return b
        if a is None or b is None or a is BEYOND or b is BEYOND:
            return None
        tiny = self._now.m.ldexp(1, -DOUBLES_END)
        return self._now.m.zero if abs(a) < tiny and abs(b) < tiny else None  # whatever it is, its double is 0


def judge(
    graph: Graph,
    values: Sequence[float],
    result: int,
    sources: Iterable[int],
    *,
    strong_zero: bool = False,
    added: int | None = None,
) -> Truth:
    """The true numbers of a float run of GRAPH, which took the VALUES; precision is doubled until two runs agree.

    They agree where the value of RESULT and its derivatives by the SOURCES have the same 20 digits; scalars only. From
    line ADDED on the lines are those of rules, whose constants are meant exactly.
    """
    primitives()
    sources = list(sources)
    active = depends(graph, sources)
    bits = FEWEST_BITS
    most = MOST_BITS if len(graph) < LARGE_GRAPH else FEWEST_BITS * 8
    while True:  # rounded away from each other, the two runs show what was absorbed (1 + e^-999) or cancelled
        before = _Sight(graph, values, result, active, bits=bits, rounding=DOWN, strong_zero=strong_zero, added=added)
        bits *= 2
        now = _Sight(graph, values, result, active, bits=bits, rounding=UP, strong_zero=strong_zero, added=added)
        asked = [(before.swept.numbers[source], now.swept.numbers[source]) for source in sources]
        asked.append((before.value(result), now.value(result)))
        if bits >= most or all(b is BEYOND or _agree(a, b) for a, b in asked):
            return Truth(before, now, bits)


def with_exact_e(graph: Graph) -> Graph:
    """GRAPH with e^x read as exp(x) where e is the constant: line by line the same."""
    primitives()
    powers = [
        index
        for index, primitive in enumerate(graph.primitives)
        if primitive.name == "pow" and graph.primitives[graph.operands[index][0]] is CONSTANT
        if graph.statics[graph.operands[index][0]] == e
    ]
    if not powers:
        return graph
    exact = Graph()
    exact.primitives, exact.operands, exact.statics = [*graph.primitives], [*graph.operands], [*graph.statics]
    exact.names, exact.spans = graph.names, graph.spans
    for index in powers:
        exact.primitives[index] = NAMED["exp"]
        exact.operands[index] = graph.operands[index][1:]
    return exact


def _agree(a: Exact, b: Exact) -> bool:
    if a is None or b is None:
        return a is b
    if a is BEYOND or b is BEYOND:
        return False
    if a._mpf_ == b._mpf_:
        return True
    m = b.context
    return bool(m.isfinite(a) and m.isfinite(b) and abs(a - b) <= m.ldexp(abs(b), -AGREED))


class _Beyond:
    """A number whose exponent alone would fill the memory; whatever uses it is beyond reach too."""


BEYOND = _Beyond()


class _Sight:
    """The carrier of true numbers at one precision: every line as a twin of what the float run had and what is true."""

    unmasked = False

    def __init__(
        self,
        graph: Graph,
        values: Sequence[float],
        result: int,
        active: Sequence[bool],
        *,
        bits: int,
        rounding: str,
        strong_zero: bool,
        added: int | None = None,
    ) -> None:
        from mpmath.ctx_mp import MPContext

        self.graph = graph
        self.values = values
        self.strong_zero = strong_zero
        self.added = len(graph) if added is None else added
        self.m = MPContext()
        self.m.prec = bits
        self.m._prec_rounding[1] = rounding
        self.strays: set[int] = set()
        self.line: int | None = None
        self.twins: list[Twin | None] = [None] * len(graph)
        self.meant: dict[float, Twin] = {}
        self.read_at_once: tuple[Any, list[Any]] = (None, [])
        self.flows: list[Flow] = []
        self.look(result)
        self.swept: Swept = pull_back(graph, result, active, self, self.flows)

    def look(self, result: int) -> None:
        """The true value of every line that RESULT is computed from."""
        graph, values = self.graph, self.values
        live = graph.live((result,))
        for index, primitive in enumerate(graph.primitives):
            if not live[index]:
                continue
            value = values[index]
            if primitive is CONSTANT or primitive is VARIABLE:
                self.twins[index] = (value, self.m.mpf(value)) if index < self.added else self.meaning(value)
                continue
            operands: Any = [self.twins[operand] for operand in graph.operands[index]]
            self.line = index
            self.twins[index] = (value, self.forward(primitive, graph.statics[index], value, operands))
        self.line = None

    def value(self, index: int) -> Exact:
        """The true value of a live line."""
        twin = self.twins[index]
        assert twin is not None
        return twin[1]

    def forward(self, primitive: Primitive, static: Any, y: float, operands: Sequence[Twin]) -> Exact:
        """The true value of PRIMITIVE at OPERANDS, where the float run had Y."""
        for twin in operands:
            if twin[1] is BEYOND:
                return BEYOND
        from mpmath.libmp import NoConvergence

        own = FORWARDS.get(primitive.name)
        if own is None:
            trace = trace_definition(primitive, len(operands))
            output = trace.outputs[0]
            assert output is not None
            return read(trace, operands, self.apply, self.meaning)[output][1]
        given = (*operands, (static, self.m.mpf(static))) if primitive.static else operands
        try:
            return own(self, y, *given)
        except (_TooFar, ArithmeticError, ValueError, NotImplementedError, NoConvergence):  # mpmath gives up
            return BEYOND

    def apply(self, primitive: Primitive, static: Any, operands: tuple[Twin, ...]) -> Twin:
        """The carrier's forward for the lines of a rule or of a definition."""
        y = number(primitive, static, tuple([value for value, _ in operands]))
        return (y, self.forward(primitive, static, y, operands))

    def meaning(self, value: float) -> Twin:
        """A constant of a rule or of a definition: those that stand for an irrational number are meant exactly."""
        found = self.meant.get(value)
        if found is None:
            irrational = IRRATIONAL.get(abs(value))
            exact = self.m.mpf(value) if irrational is None else irrational(self.m) * copysign(1, value)
            found = self.meant[value] = (value, exact)
        return found

    def choose(self, floats: bool, exact: bool, *given: Twin) -> bool:
        """A decision as the float run took it; where overflow or nan took it blindly, as the true numbers do."""
        if all(isfinite(value) or not self.m.isfinite(x) for value, x in given):
            if floats != exact and self.line is not None:
                self.strays.add(self.line)
            return floats
        return exact

    # The carrier of the sweep

    def seed(self, result: int) -> Exact:
        value = self.value(result)
        return BEYOND if value is BEYOND else self.m.nan if self.m.isnan(value) else self.m.one

    def taken(self, index: int) -> Twin:
        """The number of the float run as if it were true."""
        return (self.values[index], self.m.mpf(self.values[index]))

    def local(self, index: int, slot: int, *, taken: bool = False) -> Exact | None:
        operands = self.graph.operands[index]
        primitive = self.graph.primitives[index]
        trace = trace_rules(primitive, self.graph.statics[index], len(operands))
        output = trace.outputs[slot]
        if output is None:
            return None
        if trace.graph.primitives[output] is CONSTANT:
            return self.meaning(trace.graph.statics[output])[1]
        twins = self.taken if taken else self.twins.__getitem__
        leaves: Any = [twins(index), *[twins(operand) for operand in operands]]
        for twin in leaves:
            if twin is None:
                return None
            if twin[1] is BEYOND:
                return BEYOND
        if output <= len(operands):
            return leaves[output][1]
        self.line = None if taken else index
        if primitive.variadic:  # the operands share their lines, so all are read at once
            if self.read_at_once[0] != (index, taken):
                self.read_at_once = ((index, taken), read(trace, leaves, self.apply, self.meaning))
            return self.read_at_once[1][output][1]
        return read(trace, leaves, self.apply, self.meaning, trace.lines_of(slot))[output][1]

    def mask(self, mask: bool, index: int, slot: int, local: Exact) -> bool:
        return mask or (self.graph.primitives[index].opens and local is not BEYOND and bool(local == 0))

    def times(self, number: Exact, local: Exact, mask: bool) -> Exact:
        if mask:
            return self.m.zero
        if number is BEYOND or local is BEYOND:
            return BEYOND
        if self.strong_zero and ((number == 0 and self.m.isinf(local)) or (local == 0 and self.m.isinf(number))):
            return self.m.zero
        return number * local

    def plus(self, before: Exact, more: Exact) -> Exact:
        return BEYOND if before is BEYOND or more is BEYOND else before + more

    def meet(self, before: bool, more: bool) -> bool:
        return before and more

    def finish(self, result: int, tangent: Exact, mask: bool) -> Exact:
        value = self.value(result)
        return tangent if mask or value is BEYOND or not self.m.isnan(value) else self.m.nan


class _TooFar(Exception):
    """An argument so large that the result could not be held."""


IRRATIONAL: dict[float, Callable[[Any], Exact]] = {
    0.6931471805599453: lambda m: +m.ln2,
    2.302585092994046: lambda m: +m.ln10,
    1.1283791670955126: lambda m: 2 / m.sqrt(m.pi),
    0.7071067811865476: lambda m: m.sqrt(m.mpf(0.5)),
    0.3989422804014327: lambda m: 1 / m.sqrt(2 * m.pi),
}

# True numbers and doubles


def nearest(exact: Exact) -> float:
    """The double nearest to EXACT."""
    m = exact.context
    if m.isnan(exact):
        return nan
    if m.isinf(exact):
        return inf if exact > 0 else -inf
    sign, digits, exponent, length = exact._mpf_
    top = exponent + length
    if digits == 0 or top < -DOUBLES_END:
        size = 0.0
    elif top > 1024:
        size = inf
    else:
        try:
            size = float(digits << exponent) if exponent >= 0 else digits / (1 << -exponent)
        except OverflowError:
            size = inf
    return -size if sign else size


def relative_error(value: float, exact: Exact) -> float:
    """How far VALUE is from EXACT, in units of EXACT; inf where nothing is right or EXACT is 0."""
    m = exact.context
    if m.isnan(exact) or isnan(value):
        return 0.0 if m.isnan(exact) and isnan(value) else inf
    if value == exact:
        return 0.0
    if not isfinite(value) or not m.isfinite(exact) or exact == 0:
        return inf
    return nearest(abs(value - exact) / abs(exact))


def absolute_error(value: float, exact: Exact) -> Exact:
    """|VALUE - EXACT| without a bound on its exponent; nan is the largest error."""
    m = exact.context
    if isnan(value) or not m.isfinite(exact):
        return m.inf
    return abs(m.mpf(value) - exact)


def is_nan(exact: Exact) -> bool:
    """Whether a true number does not exist, not even as an infinity."""
    return bool(exact.context.isnan(exact))


def decimal(exact: Exact, digits: int) -> str:
    """EXACT correctly rounded to DIGITS significant digits, written as `significant` writes a double."""
    m = exact.context
    if m.isnan(exact):
        return "nan"
    if m.isinf(exact):
        return "inf" if exact > 0 else "-inf"
    sign, mantissa, exponent, length = exact._mpf_
    if mantissa == 0:
        return "0"
    minus = "-" if sign else ""
    if exponent >= 0 and exponent + length < 64 and mantissa << exponent < WHOLE_BELOW:
        return f"{minus}{mantissa << exponent}"
    magnitude = int((exponent + length) * Fraction(301029995663981, 10**15))
    if abs(magnitude) >= LARGEST_MAGNITUDE:
        than = "> " if (magnitude > 0) != bool(sign) else "< "
        return f"{than}{minus}1e{'+' if magnitude > 0 else '-'}{LARGEST_MAGNITUDE}"
    whole, magnitude = _scientific(exact, digits, magnitude)
    shown = str(whole).rstrip("0") or "0"
    if -5 < magnitude < digits:
        if magnitude < 0:
            return f"{minus}0.{'0' * (-magnitude - 1)}{shown}"
        shown = shown.ljust(magnitude + 1, "0")
        point = shown[magnitude + 1 :]
        return f"{minus}{shown[: magnitude + 1]}{'.' * bool(point)}{point}"
    point = f".{shown[1:]}" if len(shown) > 1 else ""
    return f"{minus}{shown[0]}{point}e{'-' if magnitude < 0 else '+'}{abs(magnitude):02d}"


def _scientific(exact: Exact, digits: int, magnitude: int) -> tuple[int, int]:
    """The leading DIGITS of |EXACT|, rounded, as a whole number, and the power of ten of the first, about MAGNITUDE."""
    m = exact.context
    _, mantissa, exponent, _ = exact._mpf_
    if abs(exponent) < FAR_EXPONENT:
        size, ten = Fraction(mantissa) * Fraction(2) ** exponent, Fraction(10)
    else:  # exactly, that would take numbers of millions of digits
        size, ten = abs(exact), m.mpf(10)
    with m.workprec(m.prec + GUARD):
        while size >= ten ** (magnitude + 1):
            magnitude += 1
        while size < ten**magnitude:
            magnitude -= 1
        scaled = size / ten ** (magnitude - digits + 1)
    whole = round(scaled) if isinstance(scaled, Fraction) else int(m.nint(scaled))
    return (whole // 10, magnitude + 1) if whole == 10**digits else (whole, magnitude)


# The primitives' forwards over mpmath: (sight, what the float run had, twins of the operands)


def _smooth(name: str) -> Forward:
    """The function of mpmath of that NAME; a complex result is nan, and so is a pole without a limit."""

    def forward(sight: _Sight, y: float, *operands: Twin) -> Exact:
        exact = [x for _, x in operands]
        return sight.m.nan if any(map(sight.m.isnan, exact)) else _real(sight, name, *exact)

    return forward


def _real(sight: _Sight, name: str, *exact: Exact, reach: bool = False) -> Exact:
    m = sight.m
    if reach and any(m.isfinite(x) and x != 0 and m.mag(x) > LARGEST_EXPONENT for x in exact):
        raise _TooFar
    found = getattr(m, name)(*exact)
    if isinstance(found, m.mpc):
        return found.real if found.imag == 0 else m.nan
    return found


def _div(sight: _Sight, y: float, a: Twin, b: Twin) -> Exact:
    if b[1] != 0:
        return a[1] / b[1]
    if a[1] == 0 or sight.m.isnan(a[1]):
        return sight.m.nan
    return sight.m.inf * sight.m.sign(a[1]) * _zero_sign(b[0])


def _zero_sign(value: float) -> float:
    return copysign(1.0, value) if value == 0 else 1.0


def _pow(sight: _Sight, y: float, a: Twin, b: Twin) -> Exact:
    m, base, exponent = sight.m, a[1], b[1]
    if exponent == 0 or base == 1:
        return m.one
    if m.isnan(base) or m.isnan(exponent):
        return m.nan
    if m.isinf(exponent):
        return m.one if abs(base) == 1 else m.inf if (abs(base) > 1) == (exponent > 0) else m.zero
    odd = m.isint(exponent) and m.mag(exponent) <= m.prec and int(exponent) % 2 == 1
    if base == 0:
        if exponent > 0:
            return m.zero
        return m.inf * (_zero_sign(a[0]) if odd else 1)
    if m.isinf(base):
        return m.zero if exponent < 0 else m.inf * (-1 if base < 0 and odd else 1)
    if base < 0 and not m.isint(exponent):
        return m.nan
    if m.mag(exponent) > LARGEST_EXPONENT or abs(m.mag(base)) > 2**LARGEST_EXPONENT:
        raise _TooFar
    if m.mag(exponent) > LARGE_ARGUMENT:
        with m.workprec(m.prec + m.mag(exponent) + GUARD):
            size = _exp(sight, exponent * m.log(abs(base)))
        size = +size
    else:
        size = m.power(abs(base), exponent)
    return -size if base < 0 and odd else size


def _log(sight: _Sight, y: float, x: Twin) -> Exact:
    return _logarithm(sight, x[1])


def _logarithm(sight: _Sight, x: Exact) -> Exact:
    m = sight.m
    return m.nan if m.isnan(x) or x < 0 else -m.inf if x == 0 else m.inf if m.isinf(x) else m.log(x)


def _log1p(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    if m.isnan(x[1]) or x[1] < -1:
        return m.nan
    return -m.inf if x[1] == -1 else m.inf if m.isinf(x[1]) else m.log1p(x[1])


def _exp(sight: _Sight, x: Exact) -> Exact:
    """e^x, reduced by hand where x is large: mpmath would multiply its way up to the power of a whole x."""
    m = sight.m
    if not m.isfinite(x) or m.mag(x) <= LARGE_ARGUMENT:
        return m.exp(x)
    if m.mag(x) > LARGEST_EXPONENT:
        raise _TooFar
    with m.workprec(m.prec + m.mag(x) + GUARD):
        doublings = m.floor(x / m.ln2)
        rest = x - doublings * m.ln2
    return m.ldexp(m.exp(rest), int(doublings))


def _expm1(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    return m.expm1(x[1]) if not m.isfinite(x[1]) or m.mag(x[1]) <= LARGE_ARGUMENT else _exp(sight, x[1]) - 1


def _cbrt(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    return x[1] if m.isnan(x[1]) or m.isinf(x[1]) or x[1] == 0 else m.sign(x[1]) * m.cbrt(abs(x[1]))


def _atanh(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    if m.isnan(x[1]) or abs(x[1]) > 1:
        return m.nan
    return m.inf * x[1] if abs(x[1]) == 1 else m.atanh(x[1])


def _tanh(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    if m.isnan(x[1]):
        return m.nan
    falling = _exp(sight, -2 * abs(x[1]))
    return m.sign(x[1]) * (-_expm1(sight, y, (0.0, -2 * abs(x[1]))) / (1 + falling))


def _sinh(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    if not m.isfinite(x[1]) or m.mag(x[1]) <= LARGE_ARGUMENT:
        return m.sinh(x[1])
    return m.sign(x[1]) * (_exp(sight, abs(x[1])) - _exp(sight, -abs(x[1]))) / 2


def _cosh(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    if not m.isfinite(x[1]) or m.mag(x[1]) <= LARGE_ARGUMENT:
        return m.cosh(x[1])
    return (_exp(sight, abs(x[1])) + _exp(sight, -abs(x[1]))) / 2


def _oscillating(name: str) -> Forward:
    def forward(sight: _Sight, y: float, x: Twin) -> Exact:
        return _real(sight, name, x[1], reach=True) if sight.m.isfinite(x[1]) else sight.m.nan

    return forward


def _sigmoid(sight: _Sight, y: float, x: Twin) -> Exact:
    return sight.m.nan if sight.m.isnan(x[1]) else 1 / (1 + _exp(sight, -x[1]))


def _softplus(sight: _Sight, x: Exact) -> Exact:
    m = sight.m
    if m.isnan(x) or m.isinf(x):
        return x if not x < 0 else m.zero
    return (x if x > 0 else 0) + m.log1p(_exp(sight, -abs(x)))


def _silu(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    if m.isinf(x[1]):
        return m.zero if x[1] < 0 else x[1]
    return x[1] / (1 + _exp(sight, -x[1]))


def _gelu(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    if m.isinf(x[1]):
        return m.zero if x[1] < 0 else x[1]
    return x[1] / 2 * _erfc(sight, y, (0.0, -x[1] / m.sqrt(2)))


def _softsign(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    return m.sign(x[1]) if m.isinf(x[1]) else x[1] / (1 + abs(x[1]))


def _elu(sight: _Sight, y: float, x: Twin, a: Twin) -> Exact:
    return x[1] if _is_positive(sight, x) else a[1] * _expm1(sight, y, x)


def _erfc(sight: _Sight, y: float, x: Twin) -> Exact:
    """erfc(x); far out by its continued fraction, which mpmath would leave in floats."""
    m = sight.m
    if m.isnan(x[1]) or m.isinf(x[1]) or x[1] < 2 * m.prec:
        return m.erfc(x[1])
    tail = x[1]
    for k in range(24, 0, -1):
        tail = x[1] + m.mpf(k) / 2 / tail
    return _exp(sight, -x[1] * x[1]) / m.sqrt(m.pi) / tail


def _erf(sight: _Sight, y: float, x: Twin) -> Exact:
    m = sight.m
    return m.sign(x[1]) if m.isinf(x[1]) or m.mag(x[1]) > 100 else m.erf(x[1])


def _logaddexp(sight: _Sight, y: float, *xs: Twin) -> Exact:
    m, exact = sight.m, [x for _, x in xs]
    if any(map(m.isnan, exact)):
        return m.nan
    largest = max(exact)
    if m.isinf(largest):
        return largest
    exact.remove(largest)
    rest = sum((_exp(sight, x - largest) for x in exact), m.zero)
    return largest + m.log1p(rest)


def _softmax(sight: _Sight, y: float, *xs: Twin) -> Exact:
    m, exact = sight.m, [x for _, x in xs]
    if any(map(m.isnan, exact)):
        return m.nan
    largest = max(exact)
    if m.isinf(largest):
        infinite = largest < 0 or exact.count(m.inf) > 1
        return m.nan if infinite else m.one if exact[0] == m.inf else m.zero
    return _exp(sight, exact[0] - largest) / sum((_exp(sight, x - largest) for x in exact), m.zero)


def _hypot(sight: _Sight, y: float, *xs: Twin) -> Exact:
    m = sight.m
    if any(m.isinf(x) for _, x in xs):
        return m.inf
    return m.sqrt(sum((x * x for _, x in xs), m.zero))


def _xlogy(sight: _Sight, y: float, a: Twin, b: Twin) -> Exact:
    m = sight.m
    return m.zero if a[1] == 0 and not m.isnan(b[1]) else a[1] * _logarithm(sight, b[1])


def _within_gamma_bits(sight: _Sight) -> Any:
    """The context, where the gamma family takes it no more than a moment."""
    if sight.m.prec > GAMMA_BITS:
        raise _TooFar
    return sight.m


def _lgamma(sight: _Sight, y: float, x: Twin) -> Exact:
    m = _within_gamma_bits(sight)
    if m.isnan(x[1]) or m.isinf(x[1]):
        return abs(x[1])
    if x[1] <= 0 and m.isint(x[1]):
        return m.inf
    if x[1] > 0:
        return m.loggamma(x[1]).real
    return m.log(m.pi / abs(m.sinpi(x[1]))) - m.loggamma(1 - x[1]).real


def _digamma(sight: _Sight, y: float, x: Twin) -> Exact:
    m = _within_gamma_bits(sight)
    if m.isnan(x[1]) or (x[1] < 0 and m.isint(x[1])) or x[1] == -m.inf:
        return m.nan
    if x[1] == 0:
        return -m.inf * _zero_sign(x[0])
    if x[1] > 0:
        return m.digamma(x[1])
    return m.digamma(1 - x[1]) - m.pi * m.cospi(x[1]) / m.sinpi(x[1])


def _polygamma(sight: _Sight, y: float, n: Twin, x: Twin) -> Exact:
    """(-1)^(n+1) n! times the sum of (x + k)^-(n + 1), reflected where x is negative."""
    m, order, at = _within_gamma_bits(sight), n[1], x[1]
    if m.isnan(at) or not m.isint(order) or order < 0:
        return m.nan
    if order == 0:
        return _digamma(sight, y, x)
    if order > 2000:
        raise _TooFar
    odd = int(order) % 2 == 1
    if m.isinf(at):
        return m.zero if at > 0 else m.nan
    if at <= 0 and m.isint(at):
        return m.inf if odd else -m.inf * _zero_sign(x[0]) if at == 0 else m.nan
    power = order + 1
    if at > 0:
        total = m.zeta(power, at)
    else:
        fraction = at - m.floor(at)
        far = m.zeta(power, m.ceil(at) - at) - m.zeta(power, 1 - at)
        total = m.zeta(power, fraction) + (far if odd else -far)
    return m.factorial(order) * (total if odd else -total)


# Branches


def _is_positive(sight: _Sight, x: Twin) -> bool:
    return sight.choose(x[0] > 0, x[1] > 0, x)


def _compared(test: Callable[[Any, Any], bool]) -> Forward:
    def forward(sight: _Sight, y: float, a: Twin, b: Twin) -> Exact:
        return sight.m.mpf(sight.choose(test(a[0], b[0]), bool(test(a[1], b[1])), a, b))

    return forward


def _where(sight: _Sight, y: float, condition: Twin, a: Twin, b: Twin) -> Exact:
    return a[1] if sight.choose(condition[0] != 0, bool(condition[1] != 0), condition) else b[1]


def _chosen(larger: Callable[[Any, Any], bool]) -> Forward:
    """max or min: the operand that the float run took, the first where several were equal."""

    def forward(sight: _Sight, y: float, *xs: Twin) -> Exact:
        if any(sight.m.isnan(x) for _, x in xs):
            return sight.m.nan
        best = xs[0]
        for x in xs[1:]:
            if sight.choose(larger(x[0], best[0]), bool(larger(x[1], best[1])), x, best):
                best = x
        return best[1]

    return forward


def _clip(sight: _Sight, y: float, x: Twin, low: Twin, high: Twin) -> Exact:
    if any(sight.m.isnan(exact) for _, exact in (x, low, high)):
        return sight.m.nan
    inner = low if sight.choose(low[0] > x[0], bool(low[1] > x[1]), low, x) else x
    return high[1] if sight.choose(high[0] < inner[0], bool(high[1] < inner[1]), high, inner) else inner[1]


def _relu(sight: _Sight, y: float, x: Twin) -> Exact:
    return x[1] if sight.m.isnan(x[1]) or _is_positive(sight, x) else sight.m.zero


def _leaky_relu(sight: _Sight, y: float, x: Twin, slope: Twin) -> Exact:
    return x[1] if _is_positive(sight, x) else slope[1] * x[1]


def _abs(sight: _Sight, y: float, x: Twin) -> Exact:
    if sight.m.isnan(x[1]) or x[0] == 0:
        return abs(x[1])
    return x[1] if _is_positive(sight, x) else -x[1]


def _stepped(name: str) -> Forward:
    """sign, floor, ceil, round: the step that the float run stood on."""

    def forward(sight: _Sight, y: float, x: Twin) -> Exact:
        m = sight.m
        if m.isnan(x[1]) or (m.isinf(x[1]) and name != "sign"):
            return x[1]
        exact = x[1] if name != "sign" and x[1] != 0 and m.mag(x[1]) > m.prec else getattr(m, name)(x[1])
        if not isfinite(x[0]):
            return exact
        if y != exact and sight.line is not None:
            sight.strays.add(sight.line)
        return m.mpf(y)

    return forward


def _mod(sight: _Sight, y: float, a: Twin, b: Twin) -> Exact:
    m = sight.m
    if b[1] == 0 or not m.isfinite(a[1]) or m.isnan(b[1]):
        return m.nan
    if m.isinf(b[1]):
        return a[1] if a[1] == 0 or (a[1] > 0) == (b[1] > 0) else b[1]
    if all(map(isfinite, (a[0], b[0], y))) and b[0] != 0:
        times = round((Fraction(a[0]) - Fraction(y)) / Fraction(b[0]))
    elif m.mag(a[1]) - m.mag(b[1]) > LARGEST_EXPONENT:
        raise _TooFar
    else:
        times = int(m.floor(a[1] / b[1]))
    return a[1] - b[1] * times


FORWARDS: dict[str, Forward] = {
    "add": lambda sight, y, a, b: a[1] + b[1],
    "sub": lambda sight, y, a, b: a[1] - b[1],
    "mul": lambda sight, y, a, b: a[1] * b[1],
    "div": _div,
    "neg": lambda sight, y, x: -x[1],
    "same": lambda sight, y, x: x[1],
    "stop": lambda sight, y, x: x[1],
    "seed": lambda sight, y, x: sight.m.mpf(1),
    "power": _pow,
    "pow": _pow,
    "square": lambda sight, y, x: x[1] * x[1],
    "less": _compared(lambda a, b: a < b),
    "less_equal": _compared(lambda a, b: a <= b),
    "greater": _compared(lambda a, b: a > b),
    "greater_equal": _compared(lambda a, b: a >= b),
    "equal": _compared(lambda a, b: a == b),
    "not_equal": _compared(lambda a, b: a != b),
    "where": _where,
    "exp": lambda sight, y, x: _exp(sight, x[1]),
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "log2": lambda sight, y, x: _logarithm(sight, x[1]) / sight.m.ln2,
    "log10": lambda sight, y, x: _logarithm(sight, x[1]) / sight.m.ln10,
    "sqrt": _smooth("sqrt"),
    "cbrt": _cbrt,
    "sin": _oscillating("sin"),
    "cos": _oscillating("cos"),
    "tan": _oscillating("tan"),
    "asin": _smooth("asin"),
    "acos": _smooth("acos"),
    "atan": _smooth("atan"),
    "atan2": _smooth("atan2"),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "asinh": _smooth("asinh"),
    "acosh": _smooth("acosh"),
    "atanh": _atanh,
    "hypot": _hypot,
    "sigmoid": _sigmoid,
    "logsigmoid": lambda sight, y, x: -_softplus(sight, -x[1]),
    "softplus": lambda sight, y, x: _softplus(sight, x[1]),
    "silu": _silu,
    "gelu": _gelu,
    "softsign": _softsign,
    "elu": _elu,
    "logaddexp": _logaddexp,
    "softmax": _softmax,
    "erf": _erf,
    "erfc": _erfc,
    "lgamma": _lgamma,
    "digamma": _digamma,
    "polygamma": _polygamma,
    "xlogy": _xlogy,
    "max": _chosen(lambda a, b: a > b),
    "max_first": _chosen(lambda a, b: a > b),
    "min": _chosen(lambda a, b: a < b),
    "min_first": _chosen(lambda a, b: a < b),
    "clip": _clip,
    "clip_first": _clip,
    "relu": _relu,
    "relu_split": _relu,
    "relu_first": _relu,
    "leaky_relu": _leaky_relu,
    "abs": _abs,
    "sign": _stepped("sign"),
    "floor": _stepped("floor"),
    "ceil": _stepped("ceil"),
    "round": _stepped("nint"),
    "mod": _mod,
}
