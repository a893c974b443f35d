"""The coefficients of one line from those of its operands: the recurrences, written once for numbers and for nodes.

A line that moves with the source is a series in the step of the source. Sums, products and quotients have a recurrence
of their own. For every other y of operands x, y' is the sum of x' times L, where L is the line of its own rule: so the
k-th coefficient of y needs those of x up to k and those of L up to k - 1, and the rules close on themselves (that of
sin is cos, that of cos is -sin), or are needed to one order less each time.
"""

from __future__ import annotations

from gradcli.graph import CONSTANT, NAMED, Graph, Primitive, primitives
from gradcli.graph.carriers import trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Protocol

    Step = Callable[[int], Any]

    class Arithmetic(Protocol):
        """What the recurrences need of the coefficients they work on.

        A coefficient is y_k, or the k-th derivative: which of them is hidden in the weights of `product` and `chain`.
        """

        order: int

        def constant(self, value: float) -> Any: ...
        def apply(self, primitive: Primitive, static: Any, operands: Sequence[Any]) -> Any:
            """The value of a line: its coefficient of order 0."""

        def number(self, value: Any) -> float | None:
            """The number that VALUE is, where it is known."""

        def start(self, series: Series, value: Any) -> None:
            """Begin the coefficients of SERIES with its VALUE."""

        def enter(self, series: Series) -> None:
            """Take note of a line that moves, all but its coefficients known."""

        def put(self, series: Series, k: int, value: Any) -> None: ...
        def slopes(self, series: Series) -> None:
            """SERIES will be the operand of a chain."""

        def plus(self, a: Any, b: Any) -> Any: ...
        def minus(self, a: Any, b: Any) -> Any: ...
        def times(self, a: Any, b: Any) -> Any: ...
        def over(self, a: Any, b: Any) -> Any: ...
        def negative(self, a: Any) -> Any: ...
        def product(self, a: Series, b: Series, k: int, first: int = 0) -> Any:
            """Coefficient k of a * b, of which only those of A from FIRST on count."""

        def chain(self, a: Series, rule: Series, k: int) -> Any:
            """Coefficient k of the y whose y' is a' * RULE."""

        def power(self, x: Series, y: Series, exponent: float, k: int) -> Any:
            """Coefficient k of y = x^exponent, by x y' = exponent x' y."""

        def multiplies(self, x: Series, exponent: float) -> bool:
            """Whether a power with a whole EXPONENT is to be a product of two of X."""

        def divides(self, x: Series, exponent: float, y: Any) -> bool:
            """Whether `power` is safe: it divides by the value of X, and begins with the value Y."""

        def adds_squares(self, y: Any) -> bool:
            """Whether the squares below a hypot of value Y neither overflow nor vanish."""

        def shares(self, primitive: Primitive, static: Any, y: Any, operands: Sequence[Any]) -> Sequence[Any]:
            """The shares of a gate, None where nothing flows."""

        def linear(self, y: Series, k: int) -> Any:
            """Coefficient k of what is linear in its one operand and not element by element."""

        def gate(self, series: Series, shares: Sequence[tuple[Any, Series]], k: int) -> Any:
            """Coefficient k of a gate."""


class Series:
    """A line and its coefficients, which come order by order.

    `degree` is the order beyond which they are absent (at most the order asked for; 0: it does not move with the
    source), `last` the order up to which they are needed, -1 for not at all. `moving` are the operands that move.
    `back` and `slopes` belong to the arithmetic.
    """

    __slots__ = (
        "back", "degree", "index", "last", "mask", "moving", "operands", "primitive", "shares", "slopes", "static",
        "step", "terms",
    )  # fmt: skip

    def __init__(
        self, index: int, primitive: Primitive, static: Any, operands: tuple[Series, ...], degree: int
    ) -> None:
        self.index = index
        self.primitive = primitive
        self.static = static
        self.operands = operands
        self.degree = degree
        self.last = -1
        self.moving: Iterable[Series] = ()
        self.terms: list[Any] = []
        self.back: Any = None
        self.slopes: Any = None
        self.mask: Any = None
        self.shares: Sequence[tuple[Any, Series]] = ()
        self.step: Step | None = None


SYMMETRIC = frozenset(("add", "mul", "hypot", "logaddexp"))  # equal lines in any order of the operands
AS_HIGH = frozenset(("add", "sub", "neg", "abs", "mod"))  # polynomials, of pieces, of the degree of their operands
STOPS = frozenset(("stop", "seed"))
LARGEST_WHOLE = 2.0**53


class Expansion:
    """The lines whose coefficients are needed: those of a graph, and those of the rules they need. Equal lines are one.

    Lines come in through `leaf`, `source` and `line`, operands before their users; `run` finds the coefficients.
    """

    def __init__(self, arithmetic: Arithmetic) -> None:
        primitives()
        self.arithmetic = arithmetic
        self.order = arithmetic.order
        self.lines: list[Series] = []
        self.count = 0
        self.known: dict[Any, Series] = {}

    def leaf(self, value: Any) -> Series:
        """A line that does not move with the source."""
        return self._new(CONSTANT, None, (), 0, value)

    def constant(self, value: float) -> Series:
        """A number; one line for all that are equal."""
        key = value if value else str(value)  # 0.0 and -0.0 are one key
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.leaf(self.arithmetic.constant(value))
        return found

    def source(self, value: Any, slope: Any) -> Series:
        """The line that everything is differentiated by."""
        found = self._new(CONSTANT, None, (), min(1, self.order), value)
        if self.order:
            self.arithmetic.put(found, 1, slope)
        return found

    def line(self, primitive: Primitive, static: Any, operands: tuple[Series, ...], value: Any = None) -> Series:
        """PRIMITIVE of OPERANDS; its VALUE is computed where it is not known."""
        name = primitive.name
        if name == "same":
            return operands[0]
        if name == "neg" and operands[0].primitive is primitive:
            return operands[0].operands[0]
        places = [operand.index for operand in operands]
        if name in SYMMETRIC:
            places.sort()
        elif name == "softmax":
            places[1:] = sorted(places[1:])
        key = (name, static, *places)
        found = self.known.get(key)
        if found is None:
            if value is None:
                value = self.arithmetic.apply(primitive, static, [operand.terms[0] for operand in operands])
            found = self.known[key] = self._written(primitive, static, operands, value)
        return found

    def _written(self, primitive: Primitive, static: Any, operands: tuple[Series, ...], value: Any) -> Series:
        name = primitive.name
        if name == "square":
            return self.line(NAMED["mul"], None, (*operands, *operands), value)
        if name == "power" and operands[0].degree:
            return self._power(operands[0], static, value)
        if name == "pow" and operands[0].degree and not operands[1].degree:
            exponent = self.arithmetic.number(operands[1].terms[0])
            if exponent is not None:
                return self._power(operands[0], exponent, value)
        if name == "hypot" and any(x.degree for x in operands) and self.arithmetic.adds_squares(value):
            return self._radius(operands, value)
        return self._new(primitive, static, operands, self._degree(primitive, operands), value)

    def _radius(self, operands: tuple[Series, ...], value: Any) -> Series:
        """hypot as the root of a sum of squares, which keeps more digits than x/y for each operand."""
        add, mul = NAMED["add"], NAMED["mul"]
        total = self.line(mul, None, (operands[0], operands[0]))
        for operand in operands[1:]:
            total = self.line(add, None, (total, self.line(mul, None, (operand, operand))))
        return self.line(NAMED["power"], 0.5, (total,), value)

    def _power(self, x: Series, exponent: float, value: Any) -> Series:
        """x^exponent: a product where that is exact, at 0 as well."""
        if exponent == 0:
            return self.leaf(value)
        if exponent == 1:
            return x
        power = NAMED["power"]
        whole = exponent > 1 and exponent % 1 == 0 and exponent < LARGEST_WHOLE
        if whole and self.arithmetic.multiplies(x, exponent):
            half = exponent // 2
            rest = exponent - half
            lower, upper = (x if part == 1 else self.line(power, part, (x,)) for part in (half, rest))
            return self.line(NAMED["mul"], None, (lower, upper), value)
        degree = min(int(exponent) * x.degree, self.order) if whole else self.order
        return self._new(power, exponent, (x,), degree, value)

    def _new(
        self, primitive: Primitive, static: Any, operands: tuple[Series, ...], degree: int, value: Any
    ) -> Series:
        found = Series(self.count, primitive, static, operands, degree)
        self.count += 1
        self.arithmetic.start(found, value)
        if degree and operands:
            found.moving = [operand for operand in operands if operand.degree]
            if primitive.opens:
                self._share_out(found)
            if found.degree:
                self.lines.append(found)
                self.arithmetic.enter(found)
        return found

    def _degree(self, primitive: Primitive, operands: tuple[Series, ...]) -> int:
        """The order beyond which the coefficients are absent."""
        degrees = [operand.degree for operand in operands]
        name = primitive.name
        if not any(degrees) or name in STOPS:
            return 0
        if name in AS_HIGH or primitive.opens or primitive.kind != "elementwise":
            return max(degrees)
        if name == "mul":
            return min(sum(degrees), self.order)
        if name == "div" and not degrees[1]:
            return degrees[0]
        return self.order if self._has_slopes(primitive) else 0

    @staticmethod
    def _has_slopes(primitive: Primitive) -> bool:
        """Whether anything at all flows through PRIMITIVE."""
        return primitive.variadic or (any(primitive.rules) and primitive.verbs[0] != "dead")

    def _share_out(self, gate: Series) -> None:
        """What a gate lets through, and how much; nothing moves where it is closed."""
        arithmetic = self.arithmetic
        values = [operand.terms[0] for operand in gate.operands]
        shares = arithmetic.shares(gate.primitive, gate.static, gate.terms[0], values)
        gate.shares = [
            (share, operand)
            for share, operand in zip(shares, gate.operands, strict=True)
            if operand.degree and share is not None and arithmetic.number(share) != 0
        ]
        gate.moving = [operand for _, operand in gate.shares]
        gate.degree = max([operand.degree for operand in gate.moving], default=0)

    def run(self, result: Series) -> None:
        """Find the coefficients of RESULT, order by order."""
        self._demand(result)
        put = self.arithmetic.put
        rows = [(series, series.step) for series in self.lines if series.step is not None]
        ends = {min(series.last, series.degree) for series, _ in rows}
        for k in range(1, self.order + 1):
            for series, step in rows:
                put(series, k, step(k))
            if k in ends:
                rows = [row for row in rows if row[0].last > k and row[0].degree > k]

    def _demand(self, result: Series) -> None:
        """Say of every line up to which order it is needed; the lines of rules are written on the way."""
        wanted = [result]
        for order in range(self.order, 0, -1):
            later: list[Series] = []
            while wanted:
                series = wanted.pop()
                if series.last >= 0 or not series.degree:
                    continue
                series.last = order
                if series.operands:
                    series.step, rules = self._recurrence(series)
                    wanted += series.moving
                    later += rules
            wanted = later

    def _recurrence(self, series: Series) -> tuple[Step, Sequence[Series]]:
        """How SERIES goes on, and the rules that it needs to one order less."""
        own = RECURRENCES.get(series.primitive.name)
        if own is not None:
            return own(self.arithmetic, series), ()
        if series.primitive.opens:
            return _gate(self.arithmetic, series), ()
        if series.primitive.kind != "elementwise":
            return _linear(self.arithmetic, series), ()
        if series.primitive.name == "power" and self.arithmetic.divides(
            series.operands[0], series.static, series.terms[0]
        ):
            return _power(self.arithmetic, series), ()
        rules = self._tanh(series) if series.primitive.name == "tanh" else self._rules(series)
        return _chain(self.arithmetic, rules), [rule for _, rule in rules]

    def _rules(self, series: Series) -> list[tuple[Series, Series]]:
        """Every operand that moves, with the line of the rule for it."""
        operands = series.operands
        trace = trace_rules(series.primitive, series.static, len(operands))
        graph = trace.graph
        lines: list[Series | None] = [series, *operands, *[None] * (len(graph) - trace.inputs)]
        rules = []
        for slot, operand in enumerate(operands):
            output = trace.outputs[slot]
            if not operand.degree or output is None:
                continue
            if graph.primitives[output] is CONSTANT and graph.statics[output] == 0:
                continue
            for index in trace.lines_of(slot):
                if lines[index] is None:
                    lines[index] = self._of_rule(graph, index, lines)
            rule = lines[output]
            assert rule is not None
            rules.append((operand, rule))
        return rules

    def _tanh(self, series: Series) -> list[tuple[Series, Series]]:
        """1 - y^2 with the value of the rule: a division by cosh would lose digits from order to order."""
        (_, rule), *_ = self._rules(series)
        operands = (self.constant(1.0), self.line(NAMED["mul"], None, (series, series)))
        return [(series.operands[0], self._new(NAMED["sub"], None, operands, self.order, rule.terms[0]))]

    def _of_rule(self, graph: Graph, index: int, lines: Sequence[Series | None]) -> Series:
        primitive = graph.primitives[index]
        if primitive is CONSTANT:
            return self.constant(graph.statics[index])
        operands = tuple([lines[operand] for operand in graph.operands[index]])
        return self.line(primitive, graph.statics[index], operands)  # type: ignore[arg-type]


# The recurrences


def _add(arithmetic: Arithmetic, y: Series) -> Step:
    a, b = y.operands
    if a.degree < b.degree:
        a, b = b, a
    return _whole_and_part(a, b, arithmetic.plus)


def _sub(arithmetic: Arithmetic, y: Series) -> Step:
    a, b = y.operands
    if a.degree >= b.degree:
        return _whole_and_part(a, b, arithmetic.minus)
    minus, negative = arithmetic.minus, arithmetic.negative
    return lambda k: minus(a.terms[k], b.terms[k]) if k <= a.degree else negative(b.terms[k])


def _whole_and_part(a: Series, b: Series, join: Callable[[Any, Any], Any]) -> Step:
    """A joined with B, which may end before it."""
    whole, part, end = a.terms, b.terms, b.degree
    if end == a.degree:
        return lambda k: join(whole[k], part[k])
    return lambda k: join(whole[k], part[k]) if k <= end else whole[k]


def _neg(arithmetic: Arithmetic, y: Series) -> Step:
    negative, terms = arithmetic.negative, y.operands[0].terms
    return lambda k: negative(terms[k])


def _mul(arithmetic: Arithmetic, y: Series) -> Step:
    a, b = y.operands
    if a.degree and b.degree:
        product = arithmetic.product
        return lambda k: product(a, b, k)
    factor, terms = (b, a.terms) if a.degree else (a, b.terms)
    times, first = arithmetic.times, factor.terms[0]
    return lambda k: times(first, terms[k])


def _div(arithmetic: Arithmetic, y: Series) -> Step:
    a, b = y.operands
    over, terms, below = arithmetic.over, a.terms, b.terms[0]
    if not b.degree:
        return lambda k: over(terms[k], below)
    product, minus, negative, end = arithmetic.product, arithmetic.minus, arithmetic.negative, a.degree

    def step(k: int) -> Any:
        rest = product(b, y, k, 1)
        return over(minus(terms[k], rest) if k <= end else negative(rest), below)

    return step


def _power(arithmetic: Arithmetic, y: Series) -> Step:
    (x,) = y.operands
    power, exponent = arithmetic.power, y.static
    return lambda k: power(x, y, exponent, k)


def _linear(arithmetic: Arithmetic, y: Series) -> Step:
    linear = arithmetic.linear
    return lambda k: linear(y, k)


def _gate(arithmetic: Arithmetic, y: Series) -> Step:
    gate, shares = arithmetic.gate, y.shares
    return lambda k: gate(y, shares, k)


def _chain(arithmetic: Arithmetic, rules: Sequence[tuple[Series, Series]]) -> Step:
    chain, plus = arithmetic.chain, arithmetic.plus
    for operand, _ in rules:
        arithmetic.slopes(operand)
    if not rules:
        return lambda k: arithmetic.constant(0.0)
    if len(rules) == 1:
        ((a, rule),) = rules
        return lambda k: chain(a, rule, k)

    def step(k: int) -> Any:
        total = None
        for a, rule in rules:
            more = chain(a, rule, k)
            total = more if total is None else plus(total, more)
        return total

    return step


RECURRENCES: dict[str, Callable[[Arithmetic, Series], Step]] = {
    "add": _add, "sub": _sub, "neg": _neg, "mul": _mul, "div": _div,
}  # fmt: skip
