"""The n-th derivative at a point through Taylor coefficients: a polynomial number of operations, whatever the order."""

from __future__ import annotations

from math import factorial, fsum
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
MOST_STEPS = 4_000_000  # coefficients of one run


def taylor(graph: Graph, values: Sequence[float], result: int, source: int, order: int) -> list[float]:
    """The Taylor coefficients y_0 ... y_order of line RESULT in the step of line SOURCE; y_k is the k-th derivative / k!.

    VALUES are those of all lines at the point; scalars. What the result does not depend on, and what is beyond the
    degree of a polynomial, is exactly 0. Every coefficient of a nan result is nan.
    Raises GradError (limit) where that would take more than MOST_STEPS coefficients, or an order beyond MOST_ORDER.
    """
    return _terms(graph, values, result, source, order, 1.0)


def derivatives(graph: Graph, values: Sequence[float], result: int, source: int, order: int) -> list[float]:
    """The derivatives of line RESULT by line SOURCE from order 0, the value itself, to ORDER; otherwise like `taylor`."""
    terms = taylor(graph, values, result, source, order)
    return [term * factorial(k) for k, term in enumerate(terms)]


def taylor_lines(
    graph: Graph, result: int, source: int, order: int, *, seeded: bool = True
) -> list[int | None] | None:
    """Append the lines of the derivatives of RESULT by the scalar SOURCE up to ORDER; say the line of each order from 0.

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

    check_order(order)
    try:
        return expanded(graph, result, source, order, orders, seeded=seeded)
    except NotElementwise:
        return None


def _terms(
    graph: Graph, values: Sequence[float], result: int, source: int, order: int, slope: float
) -> list[float]:
    """The coefficients where the source moves with SLOPE."""
    check_order(order)
    expansion = Expansion(Floats(order))
    if source > result or not order:
        return [values[result], *[0.0] * order]
    active = depends(graph, (source,))
    live = graph.live((result,))
    check_steps(sum(map(mul, active, live)), order)
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
    found = lines[result]
    if found is None:
        return [values[result], *[0.0] * order]
    expansion.run(found)
    terms: list[float] = [values[result], *found.terms[1 : order + 1]]
    if terms[0] != terms[0]:
        terms[1:] = [terms[0]] * (len(terms) - 1)
    return terms + [0.0] * (order + 1 - len(terms))


def check_order(order: int) -> None:
    """Refuse an order beyond MOST_ORDER."""
    if order > MOST_ORDER:
        raise GradError("limit", f"derivative of order {order}, and {MOST_ORDER} is the most")


def check_steps(lines: int, order: int) -> None:
    """Refuse more work than MOST_STEPS coefficients."""
    if lines * (order + 1) > MOST_STEPS:
        raise GradError(
            "limit", f"the derivative of order {order} takes {lines * (order + 1):,} Taylor coefficients of {lines:,} "
            f"lines, and {MOST_STEPS:,} are the most",
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
            return a.terms[k] * rule.terms[0] if k <= a.degree else 0.0
        low = k - 1 - rule.degree
        if low <= 0:
            if a.degree == 1:
                return a.slopes[0] * rule.terms[k - 1] / k
            return dot(a.slopes, rule.back[self.order - k + 1 :]) / k
        return dot(a.slopes[low:], rule.back[self.order - k + 1 + low :]) / k

    def power(self, x: Series, y: Series, exponent: float, k: int) -> float:
        weights = [(exponent + 1.0) * j - k for j in range(1, min(k, x.degree) + 1)]
        row = y.back[self.order - k + 1 :]
        return dot(list(map(mul, weights, x.terms[1:])), row) / (k * x.terms[0])

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
        return [rule and rule(y, *operands) for rule in locals_of(primitive, static, len(operands))]  # type: ignore[misc]

    def gate(self, series: Series, shares: Sequence[tuple[float, Series]], k: int) -> float:
        total = 0.0
        for share, operand in shares:
            if k <= operand.degree:
                total += share * operand.terms[k]
        return total


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """The sum of products as far as the shorter one goes, rounded once after the products."""
    try:
        return fsum(map(mul, a, b))
    except (OverflowError, ValueError):  # an overflow on the way, or inf - inf
        return sum(map(mul, a, b))
