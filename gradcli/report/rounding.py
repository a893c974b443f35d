"""Numbers as they are printed, and by how much an equation between printed numbers misses."""

from __future__ import annotations

from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def shown(value: float, digits: int) -> str:
    """VALUE as it is printed: with more than DIGITS where the largest numbers would round to one that reads as inf."""
    text = significant(value, digits)
    while abs(value) > 1e308 and value - value == 0 and float(text) - float(text) != 0:
        digits += 1
        text = significant(value, digits)
    return text


def rounded(value: float, digits: int) -> float:
    """The number that is printed for VALUE."""
    return float(shown(value, digits)) if value - value == 0 else value


def misses(exact: float, again: float, digits: int) -> float:
    """By how many units of its last printed digit AGAIN, recomputed from printed operands, misses a printed result."""
    if exact - exact != 0 or again - again != 0:
        return 0.0 if exact == again or (exact != exact and again != again) else float("inf")
    printed = rounded(exact, digits)
    distance = abs(again - printed)
    if distance == 0:
        return 0.0
    if printed == 0:
        return float("inf")
    exponent = int(f"{printed:.16e}".split("e")[1])
    whole = exponent + 1 if abs(printed) < 1e15 and printed == int(printed) else 1
    unit = float(f"1e{exponent - max(digits, whole) + 1}") or 5e-324
    return max(distance - 1e-15 * abs(printed), 0.0) / unit


def added(parts: Iterable[float]) -> float:
    """The sum from left to right, as the sweep makes it; the built-in one compensates from Python 3.12 on."""
    total = -0.0
    for part in parts:
        total += part
    return total
