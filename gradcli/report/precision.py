"""How many digits each number is shown with, so that every printed equation can be checked by hand.

All numbers are shown with the digits asked for. Where recomputing an equation from its printed operands would miss its
printed result by more than one unit of the last digit, the operand that matters most gets one digit more.
"""

from __future__ import annotations

from gradcli.autodiff import locals_of
from gradcli.graph import CONSTANT
from gradcli.report.flows import MOST_OPERANDS
from gradcli.report.rounding import added, misses, rounded, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Protocol

    from gradcli.autodiff import Flow
    from gradcli.graph import Graph
    from gradcli.report.explanation import Edge
    from gradcli.report.flows import Pass

    class Numbered(Protocol):
        """What has lines with values, and sweeps that left numbers beside them."""

        @property
        def graph(self) -> Graph: ...
        @property
        def values(self) -> Sequence[float]: ...
        @property
        def passes(self) -> Sequence[Pass]: ...
        def number(self, index: int, place: int = 0) -> float | None: ...
        def local_numbers(self, index: int) -> list[float | None]: ...

MOST_DIGITS = 17
MOST_ROUNDS = 40
MOST_PARTS = 4  # of a sum that is printed whole


class Digits:
    """The digits of every number of the rows shown: of values by line, of locals by line and slot, and in each pass
    (the backward one, or one an input) of the numbers by line and of the factors by flow."""

    __slots__ = ("base", "explanation", "locals", "numbers", "parts", "touched", "values")

    def __init__(self, explanation: Numbered, rows: Iterable[int], base: int) -> None:
        self.explanation = explanation
        self.base = base
        self.values: dict[int, int] = {}
        self.locals: dict[tuple[int, int], int] = {}
        self.numbers: dict[tuple[int, int], int] = {}
        self.parts: dict[tuple[int, int, int], int] = {}
        self.touched: set[int] = set()
        if base < MOST_DIGITS:
            self._settle_all(sorted(set(rows)))

    def value(self, index: int) -> str:
        """The value of a line as it is printed."""
        return shown(self.explanation.values[index], self.values.get(index, self.base))

    def number(self, index: int, place: int = 0) -> str:
        """The gradient of a line (its tangent, in forward mode) as it is printed; blank where it was not computed."""
        number = self.explanation.number(index, place)
        return "" if number is None else shown(number, self.numbers.get((place, index), self.base))

    def local(self, owner: int, slot: int, value: float) -> str:
        """The local gradient of a line by one operand as it is printed."""
        return shown(value, self.locals.get((owner, slot), self.base))

    def downstream(self, edge: Edge, place: int = 0) -> str:
        """The downstream gradient of a flow as it is printed: where it arrives alone, the number of its target."""
        total = self.explanation.passes[place].numbers[edge.target]
        alone = self.explanation.passes[place].meeting(edge.target) == 1
        if alone and total is not None and misses(total, edge.downstream, MOST_DIGITS) == 0:
            return self.number(edge.target, place)
        return self.part(edge.owner, edge.slot, edge.downstream, place)

    def part(self, owner: int, slot: int, value: float, place: int = 0) -> str:
        """The downstream gradient of a flow that meets others, as it is printed."""
        return shown(value, self.parts.get((place, owner, slot), self.base))

    def total(self, index: int, place: int = 0) -> str:
        """The sum of the flows that reach a line, as it is printed."""
        total = added(flow[5] for flow in self.explanation.passes[place].arriving[index])
        return shown(total, self.numbers.get((place, index), self.base))

    def _settle_all(self, rows: Sequence[int]) -> None:
        """Settle every equation of the rows; then again those around each number that was given digits."""
        visible = set(rows)
        users: dict[int, set[int]] = {}
        for index in rows:
            for operand in self.explanation.graph.operands[index]:
                users.setdefault(operand, set()).add(index)
        due = visible
        for _ in range(MOST_ROUNDS):
            self.touched = set()
            for index in sorted(due, reverse=True):
                self._settle_value(index)
                self._settle_locals(index)
            for place, sweep in enumerate(self.explanation.passes):
                for index in sorted(due, reverse=sweep.forward):
                    self._settle_arrivals(index, place, visible)
            if not self.touched:
                return
            near = self.touched.union(*(users.get(index, ()) for index in self.touched))
            due = near.union(*(self.explanation.graph.operands[index] for index in near)) & visible

    def _settle_value(self, index: int) -> None:
        """value = operation(values of the operands)."""
        graph, values = self.explanation.graph, self.explanation.values
        primitive, operands = graph.primitives[index], graph.operands[index]
        if not operands or len(operands) > MOST_DIGITS:
            return
        extra = (graph.statics[index],) if primitive.static else ()
        slopes = [abs(local or 0.0) for local in self.explanation.local_numbers(index)]
        numbers = [values[operand] for operand in operands]
        digits = self.values.get(index, self.base)
        self._settle(
            self.values, operands, numbers, slopes, values[index], digits,
            lambda printed: primitive.forward(*printed, *extra),
        )  # fmt: skip

    def _settle_locals(self, index: int) -> None:
        """local = rule(value of the line, values of the operands)."""
        graph, values = self.explanation.graph, self.explanation.values
        primitive, operands = graph.primitives[index], graph.operands[index]
        slots = {flow[2]: flow[4] for sweep in self.explanation.passes for flow in sweep.of_line(index)}
        if not slots or primitive.opens or len(operands) > MOST_OPERANDS:
            return
        rules = locals_of(primitive, graph.statics[index], len(operands))
        leaves = [values[index], *[values[operand] for operand in operands]]
        for slot, local in slots.items():
            rule = rules[slot]
            if rule is not None and local - local == 0:
                slopes = [_slope(rule, leaves, place) for place in range(len(leaves))]
                digits = self.locals.get((index, slot), self.base)
                self._settle(self.values, (index, *operands), leaves, slopes, local, digits, _spread(rule))

    def _settle_arrivals(self, index: int, place: int, visible: set[int]) -> None:
        """upstream × local = downstream for the flows that reach the line; its number is their sum."""
        sweep = self.explanation.passes[place]
        flows = sweep.arriving.get(index, ())
        total = sweep.numbers[index]
        if 1 < len(flows) <= MOST_PARTS and total is not None:
            keys = [(place, sweep.owner(flow), flow[2]) for flow in flows]
            parts = [flow[5] for flow in flows]
            digits = self.numbers.get((place, index), self.base)
            self._settle(self.parts, keys, parts, [1.0] * len(parts), total, digits, added)
        for flow in flows:
            if flow[0] in visible and not flow[6]:
                self._settle_product(flow, place, alone=len(flows) == 1)

    def _settle_product(self, flow: Flow, place: int, *, alone: bool) -> None:
        source, target, slot, upstream, local, downstream, _ = flow
        owner = self.explanation.passes[place].owner(flow)
        number, factor = (place, source), (owner, slot)
        digits = self.numbers.get((place, target), self.base) if alone else 0
        digits = max(digits, self.parts.get((place, owner, slot), self.base))
        if 1 in (abs(upstream), abs(local)):
            arrives = (self.numbers, (place, target)) if alone else (self.parts, (place, owner, slot))
            self._level(arrives, (self.numbers, number) if abs(local) == 1 else (self.locals, factor), {source, target})
            return
        for _ in range(2 * MOST_DIGITS):
            first, second = self.numbers.get(number, self.base), self.locals.get(factor, self.base)
            u, v = rounded(upstream, first), rounded(local, second)
            if misses(downstream, u * v, digits) <= 1 or (u, v) == (upstream, local):
                break
            if v == local or (u != upstream and abs(u - upstream) * abs(local) >= abs(v - local) * abs(upstream)):
                self.numbers[number] = first + 1
            else:
                self.locals[factor] = second + 1
            self.touched |= {source, target}

    def _level(self, one: tuple[dict[Any, int], Any], other: tuple[dict[Any, int], Any], lines: set[int]) -> None:
        """What a factor 1 leaves as it is reads the same on both sides."""
        digits = [table.get(key, self.base) for table, key in (one, other)]
        if digits[0] != digits[1]:
            for table, key in (one, other):
                table[key] = max(digits)
            self.touched |= lines

    def _settle(
        self,
        table: dict[Any, int],
        keys: Sequence[Any],
        numbers: Sequence[float],
        slopes: Sequence[float],
        result: float,
        digits: int,
        again: Callable[[list[float]], float],
    ) -> None:
        """Give digits to the operands until the equation holds as printed."""
        exact = [table is self.values and self._is_literal(key) for key in keys]
        for _ in range(MOST_DIGITS * len(keys)):
            printed = [
                x if whole else rounded(x, table.get(key, self.base))
                for x, key, whole in zip(numbers, keys, exact, strict=True)
            ]
            if misses(result, again(printed), digits) <= 1:
                break
            errors = [_error(p, x, slope) for p, x, slope in zip(printed, numbers, slopes, strict=True)]
            worst = max(range(len(errors)), key=errors.__getitem__)
            if not errors[worst][1] > 0:
                break
            key = keys[worst]
            table[key] = table.get(key, self.base) + 1
            self.touched.add(key if isinstance(key, int) else key[1])

    def _is_literal(self, index: int) -> bool:
        """Whether a line is a number that stands, with all its digits, inside other lines."""
        graph = self.explanation.graph
        return graph.primitives[index] is CONSTANT and graph.names[index] is None


def _error(printed: float, number: float, slope: float) -> tuple[float, float]:
    """How far off an equation is because of one printed operand, and relative to the operand; (0, 0) if it is exact."""
    if printed == number or number != number:
        return 0.0, 0.0
    off = abs(printed - number)
    return (off * slope if slope == slope else float("inf")), off / (abs(number) or 1.0)


def _spread(rule: Callable[..., float]) -> Callable[[list[float]], float]:
    return lambda printed: rule(*printed)


def _slope(rule: Callable[..., float], leaves: Sequence[float], place: int) -> float:
    """Roughly how much a rule reacts to one of its leaves."""
    step = 1e-6 * max(abs(leaves[place]), 1e-12)
    moved = [*leaves]
    moved[place] += step
    slope = abs(rule(*moved) - rule(*leaves)) / step
    return slope if slope - slope == 0 else 0.0
