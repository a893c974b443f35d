"""Doubles to the text that `repr` gives them, many at a time: the shortest that reads back as the same number.

The digits are those of R. Giulietti, "The Schubfach way to render doubles" (2020): one product of 64 by 128 bits with a
power of ten, the ends of the interval that rounds to the number beside it. All integers are exact.
"""

from __future__ import annotations

from functools import cache

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Whole = NDArray[np.int64]
    Letters = NDArray[np.uint8]

U = np.uint64
LOW = U(0xFFFFFFFF)
HALF, SIGN_BIT, FRACTION_BITS = U(32), U(63), U(52)
FRACTION = U((1 << 52) - 1)
HIDDEN = U(1 << 52)
SMALLEST, LARGEST = -292, 324  # powers of ten
DIGITS = 17
WIDTH = 25  # letters of the longest text, and one for what stands behind it
FIXED = range(-3, 17)  # where the point stands in a number that is written without an exponent
POINT, ZERO, MINUS, PLUS, EXPONENT = b".0-+e"


@cache
def tables() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The powers of ten as two words with the highest bit set, rounded up; 10^0 to 10^19; four digits as letters."""
    high, low = [], []
    for power in range(SMALLEST, LARGEST + 1):
        shift = ((power * 1741647) >> 19) - 127
        above, below = 10 ** max(power, 0) << max(-shift, 0), 10 ** max(-power, 0) << max(shift, 0)
        word = -(-above // below)
        high.append(word >> 64)
        low.append(word & ((1 << 64) - 1))
    letters = np.frombuffer(b"".join(b"%04d" % number for number in range(10_000)), np.uint32)
    tens = np.array([10**power for power in range(20)], U)
    return np.array(high, U), np.array(low, U), tens, letters


def _product(high: Words, low: Words, c: Words) -> tuple[Words, Words]:
    """(high * 2^32 + low) * c for a c below 2^60, as two words."""
    c_low, c_high = c & LOW, c >> HALF
    first, second = low * c_low, high * c_low
    middle = (first >> HALF) + (second & LOW) + low * c_high
    return high * c_high + (second >> HALF) + (middle >> HALF), (middle << HALF) | (first & LOW)


def _odd(high: Words, middle: Words) -> Words:
    """The integer part, made odd where there is a rest."""
    return high | (middle > U(1)).astype(U)


def decimals(bits: Words) -> tuple[Words, Whole]:
    """Digits and exponent of positive finite doubles: the shortest digits * 10^exponent, closest where there are many.

    The digits do not end with 0.
    """
    powers_high, powers_low, *_ = tables()
    fraction, biased = bits & FRACTION, (bits >> FRACTION_BITS).astype(np.int64)
    c = np.where(biased != 0, fraction | HIDDEN, fraction)
    q = np.maximum(biased, 1) - 1075
    closer = (fraction == 0) & (biased > 1)  # the neighbour below is at half the distance
    k = (q * 1262611 - 524031 * closer) >> 22
    h = (q + ((-k * 1741647) >> 19) + 1).astype(U)
    place = -k - SMALLEST
    g1, g0 = powers_high[place], powers_low[place]
    scaled = (c << U(2)) << h
    x1_high, x1_low = _product(g1 >> HALF, g1 & LOW, scaled)
    x0_high, w0 = _product(g0 >> HALF, g0 & LOW, scaled)
    w1 = x1_low + x0_high
    w2 = x1_high + (w1 < x0_high)

    def width(shift: Words) -> tuple[Words, Words, Words]:
        back = U(64) - shift
        return g0 << shift, (g1 << shift) | (g0 >> back), g1 >> back

    d0, d1, d2 = width(h + U(1))
    u0, u1 = w0 + d0, w1 + d1
    carry = u1 < d1
    u1 += u0 < d0
    carry |= (u1 == 0) & (u0 < d0)
    upper = _odd(w2 + d2 + carry, u1)
    if closer.any():
        d0, d1, d2 = width(h + U(1) - closer)
    borrowed = w0 < d0
    l1 = w1 - d1
    borrow = (w1 < d1) | ((l1 == 0) & borrowed)
    lower = _odd(w2 - d2 - borrow, l1 - borrowed)
    middle = _odd(w2, w1)
    closed = (c & U(1)) == 0  # an even number has the ends of its interval
    lower += ~closed
    upper -= ~closed
    s = middle >> U(2)
    tens = s // U(10)
    at = tens * U(40)
    below, above = lower <= at, at + U(40) <= upper
    shorter = (below != above) & (s >= U(10))
    at = s << U(2)
    under, over = lower <= at, at + U(4) <= upper
    half = at + U(2)
    up = np.where(under != over, over, (middle > half) | ((middle == half) & ((s & U(1)) == 1)))
    digits = np.where(shorter, tens + above, s + up)
    exponent = k + shorter
    left = np.flatnonzero(digits % U(10) == 0)
    while left.size:
        digits[left] //= U(10)
        exponent[left] += 1
        left = left[digits[left] % U(10) == 0]
    return digits, exponent


def letters(
    values: NDArray[np.float64], *, nan: bytes = b"nan", inf: bytes = b"inf", minus_inf: bytes = b"-inf"
) -> Letters:
    """A row of WIDTH bytes for each of the VALUES: its text, with zero bytes in it that are to be taken out."""
    bits = np.ascontiguousarray(values).view(U)
    found = np.zeros((len(bits), WIDTH), np.uint8)
    size = bits & ~(U(1) << SIGN_BIT)
    usual = (size != 0) & (size < U(0x7FF0000000000000))
    if usual.all():
        _write(found, bits, size)
        return found
    places = np.flatnonzero(usual)
    part = np.zeros((len(places), WIDTH), np.uint8)
    _write(part, bits[places], size[places])
    found[places] = part
    for word, text in ((0, b"0.0"), (1 << 63, b"-0.0"), (0x7FF << 52, inf), (0xFFF << 52, minus_inf)):
        found[bits == U(word), : len(text)] = np.frombuffer(text, np.uint8)
    found[size > U(0x7FF0000000000000), : len(nan)] = np.frombuffer(nan, np.uint8)
    return found


def _write(found: Letters, bits: Words, size: Words) -> None:
    if not len(bits):
        return
    _, _, tens, groups = tables()
    digits, exponent = decimals(size)
    most = ((digits.astype(np.float64).view(U) >> FRACTION_BITS).astype(np.int64) - 1023) * 1233 >> 12
    count = most + 1 + (digits >= tens[most + 1])
    point = count + exponent
    whole = digits * tens[DIGITS - count]
    spelled = np.empty((len(bits), DIGITS + 3), np.uint8)
    four = spelled.view(np.uint32)
    rest = whole % U(10**16)
    spelled[:, 3] = (whole // U(10**16)).astype(np.uint8) + ZERO
    for place, unit in enumerate((10**12, 10**8, 10**4, 1)):
        four[:, place + 1] = groups[(rest // U(unit) % U(10**4)).astype(np.int64)]
    text = spelled[:, 3:]
    fixed = (point >= FIXED.start) & (point < FIXED.stop)
    kept = np.where(fixed, np.maximum(count, point + 1), count)
    text[np.arange(DIGITS) >= kept[:, None]] = 0
    found[:, 0] = np.where((bits >> SIGN_BIT) != 0, MINUS, 0)
    low, high = int(point.min()), int(point.max())
    for at in range(max(low, FIXED.start), min(high, FIXED.stop - 1) + 1):
        rows: Any = slice(None) if low == high else np.flatnonzero(point == at)
        if at > 0:
            found[rows, 1 : at + 1] = text[rows, :at]
            found[rows, at + 1] = POINT
            found[rows, at + 2 : DIGITS + 2] = text[rows, at:]
        else:
            found[rows, 1 : 3 - at] = ZERO
            found[rows, 2] = POINT
            found[rows, 3 - at : 3 - at + DIGITS] = text[rows]
    rows = np.flatnonzero(~fixed)
    if rows.size:
        _write_exponents(found, rows, text[rows], point[rows] - 1, count[rows])


def _write_exponents(found: Letters, rows: Whole, text: Letters, power: Whole, count: Whole) -> None:
    found[rows, 1] = text[:, 0]
    found[rows, 2] = np.where(count > 1, POINT, 0)
    found[rows, 3 : DIGITS + 2] = text[:, 1:]
    found[rows, DIGITS + 2] = EXPONENT
    found[rows, DIGITS + 3] = np.where(power < 0, MINUS, PLUS)
    size = np.abs(power)
    found[rows, DIGITS + 4] = np.where(size > 99, size // 100 + ZERO, 0)
    found[rows, DIGITS + 5] = size // 10 % 10 + ZERO
    found[rows, DIGITS + 6] = size % 10 + ZERO
