"""How many digits each number is shown with, so that every printed equation can be checked by hand.

All numbers are shown with the digits asked for. Where recomputing an equation from its printed operands would miss its
printed result by more than one unit of the last digit, the operand that matters most gets one digit more.
"""

from __future__ import annotations

from gradcli.autodiff import locals_of
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.report.explanation import Explanation

MOST_DIGITS = 17
MOST_PASSES = 12


def rounded(value: float, digits: int) -> float:
    """The number that is printed for VALUE."""
    return float(significant(value, digits)) if value - value == 0 else value


def misses(exact: float, again: float, digits: int) -> float:
    """By how many units of its last printed digit AGAIN, recomputed from printed operands, misses a printed result."""
    if exact - exact != 0 or again - again != 0:
        return 0.0
    printed = rounded(exact, digits)
    distance = abs(again - printed)
    if distance == 0:
        return 0.0
    if printed == 0:
        return float("inf") if digits < MOST_DIGITS else 0.0
    exponent = int(f"{printed:.16e}".split("e")[1])
    unit = 10.0 ** max(exponent - digits + 1, -323)
    return max(distance - 1e-15 * abs(printed), 0.0) / unit


class Digits:
    """The digits of every number of the rows shown: of values and gradients by line, of locals and factors by flow."""

    __slots__ = ("base", "explanation", "gradients", "locals", "parts", "values")

    def __init__(self, explanation: Explanation, rows: Sequence[int], base: int) -> None:
        self.explanation = explanation
        self.base = base
        self.values: dict[int, int] = {}
        self.gradients: dict[int, int] = {}
        self.locals: dict[tuple[int, int], int] = {}
        self.parts: dict[tuple[int, int], int] = {}
        if base >= MOST_DIGITS:
            return
        for _ in range(MOST_PASSES):
            changed = False
            for index in reversed(rows):
                changed |= self._settle_value(index)
                changed |= self._settle_locals(index)
            for index in rows:
                changed |= self._settle_gradients(index)
                changed |= self._settle_sum(index)
            if not changed:
                break

    def value(self, index: int) -> str:
        """The value of a line as it is printed."""
        return significant(self.explanation.values[index], self.values.get(index, self.base))

    def gradient(self, index: int) -> str:
        """The gradient of a line as it is printed; blank where it was not computed."""
        adjoint = self.explanation.adjoint(index)
        return "" if adjoint is None else significant(adjoint, self.gradients.get(index, self.base))

    def local(self, index: int, slot: int, value: float) -> str:
        """The local gradient of a line by one operand as it is printed."""
        return significant(value, self.locals.get((index, slot), self.base))

    def part(self, index: int, slot: int, value: float) -> str:
        """The downstream gradient of one flow as it is printed."""
        return significant(value, self.parts.get((index, slot), self.base))

    def _settle_value(self, index: int) -> bool:
        """value = operation(values of the operands)."""
        graph, values = self.explanation.graph, self.explanation.values
        primitive, operands = graph.primitives[index], graph.operands[index]
        if not operands or len(operands) > MOST_DIGITS:
            return False
        extra = (graph.statics[index],) if primitive.static else ()

        def again(printed: list[float]) -> float:
            return primitive.forward(*printed, *extra)

        slopes = [abs(local or 0.0) for local in self.explanation.local_numbers(index)]
        return self._settle(
            [values[operand] for operand in operands], slopes, values[index],
            self.values.get(index, self.base), again, self.values, list(operands),
        )  # fmt: skip

    def _settle_locals(self, index: int) -> bool:
        """local = rule(value of the line, values of the operands)."""
        graph, values = self.explanation.graph, self.explanation.values
        primitive, operands = graph.primitives[index], graph.operands[index]
        if not self.explanation.outgoing.get(index) or primitive.opens or len(operands) > 8:
            return False
        rules = locals_of(primitive, graph.statics[index], len(operands))
        changed = False
        for flow in self.explanation.outgoing[index]:
            slot, local = flow[2], flow[4]
            rule = rules[slot]
            if rule is None or local - local != 0:
                continue
            leaves = [values[index], *[values[operand] for operand in operands]]
            slopes = [_slope(rule, leaves, place) for place in range(len(leaves))]
            digits = self.locals.get((index, slot), self.base)
            changed |= self._settle(leaves, slopes, local, digits, _spread(rule), self.values, [index, *operands])
        return changed

    def _settle_gradients(self, index: int) -> bool:
        """downstream = upstream × local, for the flows that reach the line."""
        changed = False
        for source, _, slot, upstream, local, downstream, closed in self.explanation.incoming.get(index, ()):
            if closed:
                continue
            key = (source, slot)
            digits = self._part_digits(index, key)
            for _ in range(MOST_DIGITS):
                u = rounded(upstream, self.gradients.get(source, self.base))
                factor = rounded(local, self.locals.get(key, self.base))
                if misses(downstream, u * factor, digits) <= 1:
                    break
                error_u = abs(u - upstream) * abs(local)
                error_l = abs(factor - local) * abs(upstream)
                if error_u >= error_l:
                    self.gradients[source] = self.gradients.get(source, self.base) + 1
                else:
                    self.locals[key] = self.locals.get(key, self.base) + 1
                changed = True
        return changed

    def _part_digits(self, index: int, key: tuple[int, int]) -> int:
        if len(self.explanation.incoming[index]) > 1:
            return self.parts.get(key, self.base)
        return max(self.gradients.get(index, self.base), self.parts.get(key, self.base))

    def _settle_sum(self, index: int) -> bool:
        """gradient = sum of the downstream gradients."""
        flows = self.explanation.incoming.get(index, ())
        total = self.explanation.adjoint(index)
        if len(flows) < 2 or total is None:
            return False
        keys = [(flow[0], flow[2]) for flow in flows]
        parts = [flow[5] for flow in flows]
        digits = self.gradients.get(index, self.base)
        return self._settle(parts, [1.0] * len(parts), total, digits, sum, self.parts, keys)

    def _settle(
        self,
        numbers: Sequence[float],
        slopes: Sequence[float],
        result: float,
        digits: int,
        again: Callable[[list[float]], float],
        table: dict[Any, int],
        keys: Sequence[Any],
    ) -> bool:
        """Give digits to the operands until the equation holds as printed; whether any were given."""
        changed = False
        for _ in range(MOST_DIGITS * len(keys)):
            printed = [rounded(x, table.get(key, self.base)) for x, key in zip(numbers, keys, strict=True)]
            if misses(result, again(printed), digits) <= 1:
                break
            errors = [
                abs(p - x) * slope if table.get(key, self.base) < MOST_DIGITS else 0.0
                for p, x, slope, key in zip(printed, numbers, slopes, keys, strict=True)
            ]
            worst = max(range(len(errors)), key=errors.__getitem__)
            if not errors[worst] > 0:
                break
            table[keys[worst]] = table.get(keys[worst], self.base) + 1
            changed = True
        return changed


def _spread(rule: Callable[..., float]) -> Callable[[list[float]], float]:
    return lambda printed: rule(*printed)


def _slope(rule: Callable[..., float], leaves: Sequence[float], place: int) -> float:
    """Roughly how much a rule reacts to one of its leaves."""
    step = 1e-6 * max(abs(leaves[place]), 1e-12)
    moved = [*leaves]
    moved[place] += step
    slope = abs(rule(*moved) - rule(*leaves)) / step
    return slope if slope - slope == 0 else 0.0
