"""The n-th derivative at a point through Taylor coefficients: a polynomial number of operations, whatever the order."""

from __future__ import annotations

from math import copysign, factorial, fsum, inf, ldexp, log2
from operator import add, mul, neg, sub

from gradcli.autodiff import depends, local_gradients, locals_of
from gradcli.autodiff.recurrences import Expansion, Series
from gradcli.errors import GradError
from gradcli.graph import NAMED, Graph, Primitive
from gradcli.graph.carriers import number
from gradcli.graph.real import divide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

FEW = 3  # operands up to which each local gradient is computed by itself
SMALL, LARGE = 1e-140, 1e140  # between them, squares neither vanish nor overflow
MOST_ORDER = 200
MOST_WORK = 20_000_000  # multiplications of one run, about
STEP = 40  # what one coefficient costs beside them
FAR = 20  # the order from which coefficients might leave the range of floats
LEAST = 1e-280
TRIES = 4


def taylor(graph: Graph, values: Sequence[float], result: int, source: int, order: int) -> list[float]:
    """The Taylor coefficients y_0 ... y_order of line RESULT in the step of line SOURCE.

    y_k is the k-th derivative / k!. VALUES are those of all lines at the point; scalars. What the result does not
    depend on, and what is beyond the degree of a polynomial, is exactly 0. Every coefficient of a nan result is nan.
    Raises GradError (limit) for an order beyond MOST_ORDER, and where that would take more than MOST_WORK.
    """
    terms, exponent = _terms(graph, values, result, source, order)
    return [_raised(term, -exponent * k) for k, term in enumerate(terms)] if exponent else terms


def derivatives(graph: Graph, values: Sequence[float], result: int, source: int, order: int) -> list[float]:
    """The derivatives of line RESULT by line SOURCE from order 0, the value, to ORDER; otherwise like `taylor`."""
    terms, exponent = _terms(graph, values, result, source, order)
    if order <= FAR:
        return [term * factorial(k) for k, term in enumerate(terms)]
    found, faculty = [], 1
    for k, term in enumerate(terms):
        faculty *= k or 1
        bits = faculty.bit_length()
        found.append(_raised(term * (faculty / (1 << bits)), bits - exponent * k))
    return found


def _raised(number: float, exponent: int) -> float:
    """NUMBER * 2^EXPONENT."""
    try:
        return ldexp(number, exponent)
    except OverflowError:
        return copysign(inf, number)


def taylor_lines(
    graph: Graph, result: int, source: int, order: int, *, seeded: bool = True
) -> list[int | None] | None:
    """Append the lines of the derivatives of RESULT by the scalar SOURCE; say the line of each order from 0 to ORDER.

    None in the list stands for a derivative that is 0 whatever the point; None instead of a list means that a line on
    the way is neither elementwise nor linear, and nothing was written. Each has the shape of the result. SEEDED, they
    are nan where the result is nan. Raises GradError (limit).
    """
    return _expanded(graph, result, source, order, range(order + 1), seeded)


def derivative_line(graph: Graph, result: int, source: int, order: int, *, seeded: bool = True) -> int | None:
    """Append the lines of one derivative, and say its line: a 0 where it is that whatever the point.

    None means that a line on the way is neither elementwise nor linear; otherwise like `taylor_lines`.
    """
    found = _expanded(graph, result, source, order, (order,), seeded)
    if found is None:
        return None
    if found[0] is not None:
        return found[0]
    zero = graph.constant(0.0)
    shape = () if graph.shapes is None else graph.shapes[result]
    return graph.append(NAMED["fit"], (zero,), shape) if shape else zero


def _expanded(
    graph: Graph, result: int, source: int, order: int, orders: Sequence[int], seeded: bool
) -> list[int | None] | None:
    from gradcli.autodiff.terms import NotElementwise, expanded

    _check_order(order)
    try:
        return expanded(graph, result, source, order, orders, seeded=seeded)
    except NotElementwise:
        return None


def _terms(
    graph: Graph, values: Sequence[float], result: int, source: int, order: int
) -> tuple[list[float], int]:
    """The coefficients y_k * 2^(k * exponent), and an exponent with which they neither over- nor underflow."""
    _check_order(order)
    terms = _run(graph, values, result, source, order, 1.0)
    exponent = 0
    for _ in range(TRIES if order > FAR else 0):
        if all(term == 0 or LEAST < abs(term) < inf for term in terms):
            break
        rates = [log2(abs(term)) / k for k, term in enumerate(terms) if k and LEAST < abs(term) < inf]
        if not rates or not round(rates[-1]):
            break
        exponent -= round(rates[-1])
        terms = _run(graph, values, result, source, order, _raised(1.0, exponent))
    return terms, exponent


def _run(
    graph: Graph, values: Sequence[float], result: int, source: int, order: int, slope: float
) -> list[float]:
    """The coefficients where the source moves with SLOPE."""
    if source > result or not order:
        return [values[result], *[0.0] * order]
    expansion = Expansion(Floats(order))
    found = _series(expansion, graph, values, result, source, slope)
    terms = [values[result]]
    if found is not None:
        expansion.run(found)
        terms += found.terms[1 : order + 1]
        if terms[0] != terms[0]:
            terms[1:] = [terms[0]] * (len(terms) - 1)
    return terms + [0.0] * (order + 1 - len(terms))


def _series(
    expansion: Expansion, graph: Graph, values: Sequence[float], result: int, source: int, slope: float
) -> Series | None:
    """The line RESULT as a series; None where it does not depend on the SOURCE."""
    active, live = depends(graph, (source,)), graph.live((result,))
    _check_work(sum(map(mul, active, live)), expansion.order)
    lines: list[Series | None] = [None] * (result + 1)
    lines[source] = expansion.source(values[source], slope)
    for index in range(source + 1, result + 1):
        if not active[index] or not live[index]:
            continue
        operands = []
        for operand in graph.operands[index]:
            line = lines[operand]
            if line is None:
                line = lines[operand] = expansion.constant(values[operand])
            operands.append(line)
        lines[index] = expansion.line(graph.primitives[index], graph.statics[index], tuple(operands), values[index])
    return lines[result]


def _check_order(order: int) -> None:
    if order > MOST_ORDER:
        raise GradError("limit", f"a derivative of order {order:,}, and {MOST_ORDER} is the highest")


def _check_work(lines: int, order: int) -> None:
    if lines * (order + 1) * (order + STEP) > MOST_WORK:
        raise GradError(
            "limit", f"a derivative of order {order} through {lines:,} lines takes too long",
            hint=f"the lines times the square of the order, more or less, may be {MOST_WORK:,}",
        )  # fmt: skip


class Floats:
    """Numbers as the coefficients y_k of series; `back` holds them from the end, `slopes` holds k * y_k from k = 1."""

    def __init__(self, order: int) -> None:
        self.order = order
        self.plus, self.minus, self.times, self.over, self.negative = add, sub, mul, divide, neg

    def constant(self, value: float) -> float:
        return value

    def number(self, value: float) -> float | None:
        return value

    def apply(self, primitive: Primitive, static: Any, operands: Sequence[float]) -> float:
        return number(primitive, static, tuple(operands))

    def start(self, series: Series, value: float) -> None:
        series.terms = [value]
        if series.degree:
            series.back = [0.0] * (self.order + 1)
            series.back[self.order] = value

    def enter(self, series: Series) -> None:
        pass

    def put(self, series: Series, k: int, value: float) -> None:
        series.terms.append(value)
        series.back[self.order - k] = value
        if series.slopes is not None:
            series.slopes.append(k * value)

    def slopes(self, series: Series) -> None:
        if series.slopes is None:
            series.slopes = [k * term for k, term in enumerate(series.terms)][1:]

    def product(self, a: Series, b: Series, k: int, first: int = 0) -> float:
        low = k - b.degree
        low = low if low > first else first
        return dot(a.terms[low:] if low else a.terms, b.back[self.order - k + low :])

    def chain(self, a: Series, rule: Series, k: int) -> float:
        if rule.degree == 0:
            return float(a.terms[k] * rule.terms[0]) if k <= a.degree else 0.0
        low = k - 1 - rule.degree
        if low <= 0:
            if a.degree == 1:
                return float(a.slopes[0] * rule.terms[k - 1] / k)
            return dot(a.slopes, rule.back[self.order - k + 1 :]) / k
        return dot(a.slopes[low:], rule.back[self.order - k + 1 + low :]) / k

    def power(self, x: Series, y: Series, exponent: float, k: int) -> float:
        weights = [(exponent + 1.0) * j - k for j in range(1, min(k, x.degree) + 1)]
        row = y.back[self.order - k + 1 :]
        return dot(list(map(mul, weights, x.terms[1:])), row) / float(k * x.terms[0])

    def multiplies(self, x: Series, exponent: float) -> bool:
        return True  # exact at 0, and right where the power itself underflows

    def divides(self, x: Series, exponent: float, y: float) -> bool:
        return SMALL < abs(x.terms[0]) < LARGE and SMALL < abs(y) < LARGE

    def adds_squares(self, y: float) -> bool:
        return SMALL < y < LARGE

    def linear(self, y: Series, k: int) -> float:
        raise TypeError(f"{y.primitive.name} is not of scalars")

    def shares(
        self, primitive: Primitive, static: Any, y: float, operands: Sequence[float]
    ) -> Sequence[float | None]:
        if len(operands) > FEW:
            return local_gradients(primitive, static, y, operands)
        return [rule and rule(y, *operands) for rule in locals_of(primitive, static, len(operands))]

    def gate(self, series: Series, shares: Sequence[tuple[float, Series]], k: int) -> float:
        total = 0.0
        for share, operand in shares:
            if k <= operand.degree:
                total += share * operand.terms[k]
        return total


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """The sum of products as far as the shorter one goes, rounded once after the products."""
    try:
        total: float = fsum(map(mul, a, b))
    except (OverflowError, ValueError):  # an overflow on the way, or inf - inf
        total = sum(map(mul, a, b))
    return total
