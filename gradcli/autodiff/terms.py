"""Derivatives of any order as lines of the graph: the recurrences of Taylor coefficients, written over nodes.

A coefficient is the k-th derivative here, so the weights are whole numbers. Everything is tried in terms, which are
cheap and equal where they look equal; only those that the derivative needs become lines.
"""

from __future__ import annotations

from math import comb, isfinite
from operator import mul

from gradcli.autodiff import depends
from gradcli.autodiff.recurrences import Expansion, Series
from gradcli.autodiff.scalar_adjoint import BOOLEAN
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, Origin, Primitive, primitives
from gradcli.graph.carriers import number, read, trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from gradcli.graph import Shape

MOST_LINES = 400_000
LINEAR = frozenset(("sum", "mean", "fit", "broadcast", "reshape", "index", "transpose", "cumsum", "trace"))
FEW = 4  # a power up to which its own rule takes no more lines than products


class NotElementwise(Exception):
    """A line on the way from the source to the result works neither element by element nor linearly."""


def expanded(
    graph: Graph, result: int, source: int, order: int, orders: Iterable[int], *, seeded: bool
) -> list[int | None]:
    """Append the lines of those derivatives of RESULT by SOURCE that ORDERS names, none above ORDER; None where absent.

    SEEDED: times 1, or nan where the result is nan.
    Raises NotElementwise before a line is written.
    """
    primitives()
    terms = Terms(graph, order)
    found = _series(terms, result, source)
    if found is None or not found.degree:
        return [result if k == 0 else None for k in orders]
    terms.expansion.run(found)
    wanted = [found.terms[k] if 0 < k <= found.degree else None for k in orders]
    if seeded:
        wanted = [None if term is None else terms.seeded(result, found, term) for term in wanted]
    lines = _Writer(terms, result, source).write([term for term in wanted if term is not None])
    return [
        result if k == 0 else None if term is None else lines[term] for k, term in zip(orders, wanted, strict=True)
    ]


def _series(terms: Terms, result: int, source: int) -> Series | None:
    """The line RESULT as a series; None where it does not depend on the SOURCE."""
    graph, expansion = terms.graph, terms.expansion
    active, live = depends(graph, (source,)), graph.live((result,))
    if sum(map(mul, active, live)) * terms.order * (terms.order + 1) > 2 * MOST_LINES:
        raise terms.limit()
    lines: dict[int, Series] = {source: expansion.source(terms.leaf(source), terms.constant(1.0))}
    for index in range(source + 1, result + 1):
        if not active[index] or not live[index]:
            continue
        primitive = graph.primitives[index]
        if primitive.kind != "elementwise" and primitive.name not in LINEAR:
            raise NotElementwise
        operands = []
        for operand in graph.operands[index]:
            line = lines.get(operand)
            if line is None:
                value = terms.leaf(operand)
                known = terms.number(value)
                line = lines[operand] = expansion.leaf(value) if known is None else expansion.constant(known)
            operands.append(line)
        lines[index] = expansion.line(primitive, graph.statics[index], tuple(operands), terms.leaf(index))
    return lines.get(result)


class Terms:
    """Lines to be, equal ones shared, constants folded: the arithmetic of derivatives over nodes.

    A term is an index: of a leaf, which is a line of GRAPH, of a constant, or of a primitive of other terms.
    """

    def __init__(self, graph: Graph, order: int) -> None:
        self.graph = graph
        self.order = order
        self.primitives: list[Primitive] = []
        self.operands: list[tuple[int, ...]] = []
        self.statics: list[Any] = []
        self.parts: list[tuple[float, int | None]] = []
        self.shapes: list[Shape] | None = None if graph.shapes is None else []
        self.known: dict[Any, int] = {}
        self.expansion = Expansion(self)

    # What a term is

    def leaf(self, line: int) -> int:
        """The term of a line of the graph."""
        static = self.graph.statics[line]
        if self.graph.primitives[line] is CONSTANT and type(static) is float:
            return self.constant(static)
        return self._term((VARIABLE, line), VARIABLE, (), line)

    def constant(self, value: float) -> int:
        return self._term(("constant", value if value else str(value)), CONSTANT, (), value)

    def number(self, value: int) -> float | None:
        found = self.statics[value]
        return found if self.primitives[value] is CONSTANT else None

    def apply(self, primitive: Primitive, static: Any, operands: Sequence[int]) -> int:
        plain = PLAIN.get(primitive.name)
        if plain is not None:
            return plain(self, *operands)
        numbers = [self.number(operand) for operand in operands]
        if primitive.name == "not_equal" and numbers[1] == 0 and self._is_boolean(operands[0]):
            return operands[0]
        if None not in numbers and primitive.kind == "elementwise":
            return self.constant(number(primitive, static, tuple(numbers)))  # type: ignore[arg-type]
        return self._written(primitive, static, tuple(operands))

    def _written(self, primitive: Primitive, static: Any, operands: tuple[int, ...]) -> int:
        places = tuple(sorted(operands)) if primitive.name in ("add", "mul") else operands
        key = (primitive.name, None if static is None else repr(static), *places)
        return self._term(key, primitive, operands, static)

    def _term(self, key: Any, primitive: Primitive, operands: tuple[int, ...], static: Any) -> int:
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = len(self.primitives)
            if found > MOST_LINES:
                raise self.limit()
            self.primitives.append(primitive)
            self.operands.append(operands)
            self.statics.append(static)
            self.parts.append(self._parts(found, primitive, operands, static))
            if self.shapes is not None:
                self.shapes.append(self._shape(primitive, operands, static))
        return found

    def _shape(self, primitive: Primitive, operands: tuple[int, ...], static: Any) -> Shape:
        if primitive is CONSTANT:
            return ()
        assert self.shapes is not None and self.graph.shapes is not None
        if primitive is VARIABLE:
            shape: Shape = self.graph.shapes[static]
        else:
            shape = primitive.shape_of([self.shapes[operand] for operand in operands], static)
        return shape

    def _parts(
        self, term: int, primitive: Primitive, operands: tuple[int, ...], static: Any
    ) -> tuple[float, int | None]:
        """TERM as a number times another term, or as nothing but a number."""
        if primitive is CONSTANT:
            return static, None
        if primitive.name == "neg":
            factor, rest = self.parts[operands[0]]
            return -factor, rest
        if primitive.name == "mul" and self.primitives[operands[0]] is CONSTANT:
            return self.statics[operands[0]], operands[1]
        return 1.0, term

    def limit(self) -> GradError:
        return GradError("limit", f"the derivative of order {self.order} takes more than {MOST_LINES:,} lines")

    # Arithmetic, tidied as far as every number, infinite or not, stays what it is

    def _scaled(self, factor: float, rest: int | None) -> int:
        if rest is None:
            return self.constant(factor)
        if factor == 1:
            return rest
        if factor == -1:
            return self._written(NAMED["neg"], None, (rest,))
        return self._written(NAMED["mul"], None, (self.constant(factor), rest))

    def times(self, a: int, b: int) -> int:
        (left, first), (right, second) = self.parts[a], self.parts[b]
        if first == a and second == b:
            return self._written(NAMED["mul"], None, (a, b))
        factor = left * right
        if not isfinite(factor) or (factor == 0 and left != 0 and right != 0):
            if first is None and second is None:
                return self.constant(factor)
            return self._written(NAMED["mul"], None, (b, a) if second is None else (a, b))
        if first is None or second is None:
            return self._scaled(factor, second if first is None else first)
        return self._scaled(factor, self._written(NAMED["mul"], None, (first, second)))

    def over(self, a: int, b: int) -> int:
        above, below = self.number(a), self.number(b)
        if above is not None and below is not None:
            return self.constant(number(NAMED["div"], None, (above, below)))
        if below == 1:
            return a
        factor, rest = self.parts[a]
        if rest is not None and factor != 1 and factor % 1 == 0:
            return self._scaled(factor, self._written(NAMED["div"], None, (rest, b)))
        return self._written(NAMED["div"], None, (a, b))

    def negative(self, a: int) -> int:
        factor, rest = self.parts[a]
        return self._scaled(-factor, rest)

    def plus(self, a: int, b: int) -> int:
        (left, first), (right, second) = self.parts[a], self.parts[b]
        if first == second and (first is None or left + right != 0):
            return self._scaled(left + right, first)
        if right < 0 and second is not None:
            return self._written(NAMED["sub"], None, (a, self._scaled(-right, second)))
        if left < 0 and first is not None:
            return self._written(NAMED["sub"], None, (b, self._scaled(-left, first)))
        return self._written(NAMED["add"], None, (a, b))

    def minus(self, a: int, b: int) -> int:
        (left, first), (right, second) = self.parts[a], self.parts[b]
        if first == second and (first is None or left - right != 0):
            return self._scaled(left - right, first)
        if right < 0 and second is not None:
            return self.plus(a, self._scaled(-right, second))
        return self._written(NAMED["sub"], None, (a, b))

    def _where(self, mask: int | None, value: int) -> int:
        """VALUE where MASK is open, else exactly 0."""
        zero = self.constant(0.0)
        if mask is None or value == zero:
            return value
        factor, rest = self.parts[value]
        if rest is not None and isfinite(factor) and self.primitives[rest].name == "where":
            condition, _, other = self.operands[rest]
            if condition == mask and other == zero:
                return value
        known = self.number(mask)
        if known is not None:
            return value if known else zero
        return self._written(NAMED["where"], None, (mask, value, zero))

    # The coefficients

    def start(self, series: Series, value: int) -> None:
        series.terms = [value]

    def enter(self, series: Series) -> None:
        series.mask = self._mask(series)

    def put(self, series: Series, k: int, value: int) -> None:
        if series.mask is not None and series.primitive.name not in LINEAR and not series.primitive.opens:
            value = self._where(series.mask, value)
        series.terms.append(value)

    def slopes(self, series: Series) -> None:
        pass

    def product(self, a: Series, b: Series, k: int, first: int = 0) -> int:
        return self._sum(
            [
                (comb(k, j) * times, self.times(a.terms[j], b.terms[k - j]), self._open(a, j, b, k - j))
                for j, times in _places(a, b, k, first)
            ]
        )

    def chain(self, a: Series, rule: Series, k: int) -> int:
        places = range(max(1, k - rule.degree), min(k, a.degree) + 1)
        return self._where(
            a.mask,
            self._sum([(comb(k - 1, j - 1), self.times(a.terms[j], rule.terms[k - j]), None) for j in places]),
        )

    def power(self, x: Series, y: Series, exponent: float, k: int) -> int:
        weights = [(j, exponent * comb(k - 1, j - 1) - comb(k - 1, j)) for j in range(1, min(k, x.degree) + 1)]
        products = [(w, self.times(x.terms[j], y.terms[k - j]), None) for j, w in weights if w]
        return self.over(self._sum(products), x.terms[0])

    def linear(self, y: Series, k: int) -> int:
        (x,) = y.operands
        return self.apply(y.primitive, y.static, [self.fitted(x.terms[k], x.terms[0])])

    def fitted(self, term: int, like: int) -> int:
        """TERM in the shape of the term LIKE."""
        if self.shapes is None or self.shapes[term] == self.shapes[like]:
            return term
        return self._written(NAMED["fit"], self.shapes[like], (term,))

    def _sum(self, products: Sequence[tuple[float, int, int | None]]) -> int:
        """The sum of weight * product, each where its mask is open."""
        total: int | None = None
        groups: dict[int | None, int] = {}
        for weight, product, mask in products:
            term = product if weight == 1 else self.times(self.constant(float(weight)), product)
            groups[mask] = self.plus(groups[mask], term) if mask in groups else term
        for mask, term in groups.items():
            term = self._where(mask, term)
            total = term if total is None else self.plus(total, term)
        return self.constant(0.0) if total is None else total

    # Powers, and the squares below a hypot

    def multiplies(self, x: Series, exponent: float) -> bool:
        return exponent == 2 or (x.degree > 1 and exponent > FEW)

    def divides(self, x: Series, exponent: float, y: int) -> bool:
        return exponent < 0 and x.degree > 1

    def adds_squares(self, y: int) -> bool:
        return False  # they might overflow

    # Gates

    def shares(self, primitive: Primitive, static: Any, y: int, operands: Sequence[int]) -> Sequence[int | None]:
        trace = trace_rules(primitive, static, len(operands))
        values = read(trace, [y, *operands], self.apply, self.constant)
        return [None if output is None else values[output] for output in trace.outputs]

    def gate(self, series: Series, shares: Sequence[tuple[int, Series]], k: int) -> int:
        zero = self.constant(0.0)
        if series.primitive.name == "where":
            condition, *branches = series.operands
            known = self.number(condition.terms[0])
            if known is not None:
                branches = [branches[known == 0]] * 2
            a, b = (branch.terms[k] if k <= branch.degree else zero for branch in branches)
            return a if a == b else self._written(NAMED["where"], None, (condition.terms[0], a, b))
        total: int | None = None
        for share, operand in shares:
            if k <= operand.degree:
                term = operand.terms[k]
                term = self._where(self._passes(share), term if self._is_boolean(share) else self.times(share, term))
                total = term if total is None else self.plus(total, term)
        return zero if total is None else total

    def _is_boolean(self, share: int) -> bool:
        primitive = self.primitives[share]
        return (self.graph.primitives[self.statics[share]] if primitive is VARIABLE else primitive).name in BOOLEAN

    def _passes(self, share: int) -> int:
        zero = self.constant(0.0)
        return share if self._is_boolean(share) else self.apply(NAMED["not_equal"], None, (share, zero))

    def _open(self, a: Series, j: int, b: Series, i: int) -> int | None:
        """Where neither coefficient j of A nor coefficient i of B was cut off by a gate."""
        masks = [series.mask for series, order in ((a, j), (b, i)) if order and series.mask is not None]
        if len(masks) < 2 or masks[0] == masks[1]:
            return masks[0] if masks else None
        return self.times(*masks)

    def _mask(self, series: Series) -> int | None:
        """What gates left open of a line: 1 or 0; None where a way without a gate leads to it."""
        if series.primitive.kind != "elementwise":
            if any(operand.mask is not None for operand in series.moving):
                raise NotElementwise
            return None
        masks = []
        if series.primitive.opens:
            unmasked = all(operand.mask is None for operand in series.moving)
            sides = len(series.operands) - (series.primitive.name == "where")
            if unmasked and len(series.shares) == sides > 1:
                return None  # the shares sum to 1
            for share, operand in series.shares:
                passes = self._passes(share)
                masks.append(passes if operand.mask is None else self.times(passes, operand.mask))
        else:
            for operand in series.moving:
                if operand.mask is None:
                    return None
                masks.append(operand.mask)
        total: int = masks[0]
        if all(mask == total for mask in masks):
            return total
        for mask in masks[1:]:
            total = self.plus(total, mask)
        return self.apply(NAMED["not_equal"], None, (total, self.constant(0.0)))

    def seeded(self, result: int, series: Series, term: int) -> int:
        """TERM where the RESULT is a number, else nan; in the shape of the result."""
        seed = self.apply(NAMED["seed"], None, (self.leaf(result),))
        return self.fitted(self._where(series.mask, self.times(seed, term)), self.leaf(result))


PLAIN: dict[str, Callable[..., int]] = {
    "add": Terms.plus, "sub": Terms.minus, "mul": Terms.times, "div": Terms.over, "neg": Terms.negative,
}  # fmt: skip


def _places(a: Series, b: Series, k: int, first: int) -> list[tuple[int, int]]:
    """The orders of A in coefficient k of a product, with how often each counts: twice in a square."""
    places = range(max(first, k - b.degree), min(k, a.degree) + 1)
    if a is not b:
        return [(j, 1) for j in places]
    return [(j, 1 if 2 * j == k else 2) for j in places if 2 * j <= k]


class _Writer:
    """Writes terms at the end of their graph, each once."""

    def __init__(self, terms: Terms, result: int, source: int) -> None:
        self.terms = terms
        self.origin = Origin("order", result, source)

    def write(self, wanted: Sequence[int]) -> dict[int, int]:
        """The lines of the terms WANTED and of those below them."""
        terms, graph = self.terms, self.terms.graph
        live = bytearray(len(terms.primitives))
        for term in wanted:
            live[term] = 1
        for term in range(len(live) - 1, -1, -1):
            if live[term]:
                for operand in terms.operands[term]:
                    live[operand] = 1
        lines: dict[int, int] = {}
        for term, primitive in enumerate(terms.primitives):
            if not live[term]:
                continue
            static = terms.statics[term]
            if primitive is VARIABLE:
                lines[term] = static
            elif primitive is CONSTANT:
                lines[term] = graph.constant(static)
            else:
                operands = tuple([lines[operand] for operand in terms.operands[term]])
                lines[term] = graph.append(primitive, operands, static)
                if graph.origins is not None:
                    graph.origins[lines[term]] = self.origin
        return lines
