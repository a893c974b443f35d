"""The derivatives of one expression order by order: how many lines each way takes, and how many digits are right."""

from __future__ import annotations

from gradcli.autodiff.precise import decimal
from gradcli.insight.digits import ALL, correct_digits, is_lost
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.insight.digits import Digits
    from gradcli.insight.notes import Note

WAYS = ("written", "optimised", "taylor")
NAMES = {"written": "as written", "optimised": "optimised", "taylor": "Taylor"}
TRUE_DIGITS = 20
SWELLS = 1.25  # times an order; less is no swelling
UNDECIDED = "undecided"


class Way:
    """One way to a derivative: its operations and its number."""

    __slots__ = ("lines", "number")

    def __init__(self, lines: int, number: float) -> None:
        self.lines = lines
        self.number = number


class Order:
    """The derivative of one order, by each way that went so far.

    `exact` is the true number, None where it was not found, or not looked for (`is_judged` is False then).
    """

    __slots__ = ("exact", "is_judged", "order", "ways")

    def __init__(self, order: int, ways: Mapping[str, Way], exact: Any, *, is_judged: bool) -> None:
        self.order = order
        self.ways = ways
        self.exact = exact
        self.is_judged = is_judged

    def digits(self, way: str) -> Digits:
        """How many digits of a way's number are right; None also where no true number was looked for."""
        if not self.is_judged:
            return None
        return correct_digits(self.ways[way].number, self.exact)

    def is_lost(self, way: str) -> bool:
        """Whether a way's number lacks more digits than rounding takes."""
        return is_lost(self.ways[way].number, self.exact)

    @property
    def number(self) -> float:
        """The number of the way that goes furthest."""
        return self.ways[next(way for way in reversed(WAYS) if way in self.ways)].number

    def true(self, digits: int = TRUE_DIGITS) -> str:
        """The true number as text."""
        return UNDECIDED if self.exact is None else decimal(self.exact, digits)


class Orders:
    """The answer of `compare --by order`, as plain data. Shapes: scalar.

    `ends` is the order from which on no gradient arrives at the variable, None where there is none.
    """

    def __init__(
        self, source: str, title: str, at: Mapping[str, float], label: str, by: str, orders: Sequence[Order],
        notes: Sequence[Note], *, ends: int | None,
    ) -> None:  # fmt: skip
        self.source = source
        self.title = title
        self.at = at
        self.label = label
        self.by = by
        self.orders = orders
        self.notes = notes
        self.ends = ends

    def counts(self, way: str) -> list[int]:
        """The operations of a way, from order 1 as far as it went with a line left."""
        found: list[int] = []
        for order in self.orders[1:]:
            lines = order.ways[way].lines if way in order.ways else None
            if lines is None or (self.ends is not None and order.order >= self.ends):
                break
            found.append(lines)
        return found

    def factor(self, way: str, place: int) -> float | None:
        """How many times the operations of the order before the one at PLACE takes."""
        if place == 0 or any(way not in order.ways for order in self.orders[place - 1 : place + 1]):
            return None
        before, now = (order.ways[way].lines for order in self.orders[place - 1 : place + 1])
        return now / before if before and now else None

    def ratio(self, way: str) -> float | None:
        """How many times more operations a way takes with each order, on average; None for less than two orders."""
        counts = self.counts(way)
        if len(counts) < 2 or not counts[0] or not counts[-1]:
            return None
        ratio: float = (counts[-1] / counts[0]) ** (1 / (len(counts) - 1))
        return ratio

    @property
    def verdict(self) -> str:
        """How the lines grow, and why."""
        return " ".join(sentence for sentence in (_swell(self), _taylor(self), _ends(self), _digits(self)) if sentence)

    def as_object(self) -> dict[str, object]:
        """The comparison as the JSON of schema gradcli/1."""
        return {
            "schema": SCHEMA,
            "expression": self.source,
            "at": self.at,
            "by": "order",
            "wrt": self.by,
            "orders": [self._order_object(order) for order in self.orders],
            "growth": {way: self.ratio(way) for way in WAYS},
            "verdict": self.verdict,
            "notes": [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes],
        }

    def _order_object(self, order: Order) -> dict[str, object]:
        found: dict[str, object] = {"order": order.order}
        for way in WAYS:
            one = order.ways.get(way)
            found[way] = one and {"lines": one.lines, "value": one.number, "digits": order.digits(way)}
        return {**found, "true": order.true() if order.is_judged else None}


def _swell(found: Orders) -> str:
    written, optimised = found.ratio("written"), found.ratio("optimised")
    counts = found.counts("written")
    if written is None:
        return ""
    last = len(counts)
    grown = f"from {counts[0]:,} lines at order 1 to {counts[-1]:,} at order {last}"
    if counts[-1] < SWELLS * counts[-2]:
        return f"nested sweeps hardly swell here: {grown}."
    told = f"nested sweeps swell, {written:.2g} times an order: {grown}"
    left = found.counts("optimised")[:last]
    if optimised is not None and len(left) == last:
        told += f"; optimised, {left[0]:,} to {left[-1]:,}"
    return told + ". Each sweep goes over every line of the one before, and adds its own for each operand."


def _taylor(found: Orders) -> str:
    counts = found.counts("taylor")
    if len(counts) < 2 or counts[-1] < counts[0]:
        return ""
    return (
        f"Taylor coefficients take {counts[0]:,} to {counts[-1]:,}: an order adds one coefficient to each line, "
        "made of the ones before."
    )


def _ends(found: Orders) -> str:
    if found.ends is None:
        return ""
    return f"From order {found.ends} on no gradient arrives at {found.by}, and the derivative is exactly 0."


def _digits(found: Orders) -> str:
    judged = [order for order in found.orders if order.exact is not None]
    if found.orders[0].number != found.orders[0].number:
        return "The value is nan, and with it every derivative."
    if not judged:
        return ""
    lost = [(order.order, way) for order in judged for way in order.ways if order.is_lost(way)]
    if not lost:
        upto = "" if len(judged) == len(found.orders) else f" up to order {judged[-1].order}"
        every = all(order.digits(way) == ALL for order in judged for way in order.ways)
        return f"All numbers are right {'to the last digit' if every else 'to rounding'}{upto}."
    order, way = lost[0]
    right = found.orders[order].digits(way)
    return f"The first number that lacks digits is that of order {order}, {NAMES[way]}: {right} are right."
