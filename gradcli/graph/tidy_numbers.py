"""Exact numbers of formulas: whole ones and fractions, as they were written in decimals."""

from __future__ import annotations

import math
from fractions import Fraction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Coefficient = Any  # a whole number or a Fraction

MOST_BITS = 400  # of a coefficient
LONG = 16  # letters of a float that may be a rounded fraction
MOST_PARTS_OF_ONE = 1000


class Untidy(Exception):
    """A number grew beyond what is worth folding: the operation stays as it is."""


def exact(value: float) -> Coefficient:
    """The number that the shortest text of a finite float says."""
    if value == int(value) and abs(value) < 1e22:
        return int(value)
    text = repr(value)
    found = Fraction(text)
    if len(text) > LONG:
        simple = found.limit_denominator(MOST_PARTS_OF_ONE)  # 0.3333333333333333 is 1/3
        if simple and float(simple) == value:
            return simple
    return found


def clean(number: Coefficient) -> Coefficient:
    """NUMBER as an int where it is whole; rounded to a float where it takes too many digits."""
    if type(number) is int:
        if number.bit_length() < MOST_BITS:
            return number
    elif number.denominator == 1:
        return clean_whole(number.numerator)
    elif number.numerator.bit_length() < MOST_BITS and number.denominator.bit_length() < MOST_BITS:
        return number
    return _rounded(number)


def clean_whole(number: int) -> Coefficient:
    """A whole number, rounded to a float where it takes too many digits."""
    return number if number.bit_length() < MOST_BITS else _rounded(number)


def _rounded(number: Coefficient) -> Coefficient:
    try:
        rounded = float(number)
    except OverflowError:
        raise Untidy from None
    if rounded == 0 or not -1e300 < rounded < 1e300 or abs(rounded) < 1e-300:
        raise Untidy
    found = Fraction(repr(rounded))
    return found.numerator if found.denominator == 1 else found


def plain(number: Any) -> Any:
    return int(number) if number % 1 == 0 else number


def inverse(number: Coefficient) -> Coefficient:
    return number if number in (1, -1) else Fraction(1) / number


def to_power(number: Coefficient, exponent: Any) -> Coefficient:
    if number == 1:
        return 1
    if number == 0:
        if exponent < 0:
            raise Untidy
        return 0
    if number == -1:
        return 1 if exponent % 2 == 0 else -1
    whole = Fraction(number)
    if abs(exponent) * (whole.numerator.bit_length() + whole.denominator.bit_length()) > MOST_BITS:
        raise Untidy
    return clean(whole ** int(exponent))


def is_power_of_two(number: Coefficient) -> bool:
    found = Fraction(number)
    above, below = abs(found.numerator), found.denominator
    return above > 0 and above & (above - 1) == 0 and below & (below - 1) == 0


def content_of(numbers: Sequence[Coefficient]) -> Coefficient:
    """A positive number to take out of a sum: the common divisor of whole numbers, or one that divides the others."""
    if all(type(number) is int for number in numbers):
        return math.gcd(*numbers) or 1
    if any(number % 1 == 0 for number in numbers):
        return 1
    least = min([abs(number) for number in numbers])
    return least if least and all(number % least == 0 for number in numbers) else 1


def exact_root(number: Coefficient, exponent: Coefficient) -> Coefficient | None:
    """NUMBER to a power that is a half of a whole number, where that is exact."""
    if exponent * 2 % 1 or number <= 0:
        return None
    found = Fraction(number)
    roots = [math.isqrt(found.numerator), math.isqrt(found.denominator)]
    if roots[0] ** 2 != found.numerator or roots[1] ** 2 != found.denominator:
        return None
    return to_power(clean(Fraction(*roots)), exponent * 2)
