"""Decimal numbers in a block of text to doubles, many at a time and correctly rounded.

After D. Lemire, "Number parsing at a gigabyte per second" (2021): digits eight at a time, then one product of 64 by 64
bits with a power of five. What the method does not decide is left to the caller, who asks `float`.
"""

from __future__ import annotations

from functools import cache

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Places = NDArray[np.int64]
    Words = NDArray[np.uint64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

MARGIN = 32  # bytes that must stand before the first cell and after the last one
MOST_DIGITS = 19  # of a whole number below 2^64
SMALLEST, LARGEST = -290, 290  # powers of ten whose products with 1 to 19 digits are normal doubles
EXACT = 22  # the powers of ten that are doubles
DOT, PLUS, MINUS = 46, 43, 45
SMALL_E, LARGE_E = 101, 69

U = np.uint64
ZEROS = U(0x3030303030303030)
KEPT = np.array([(0xFFFFFFFFFFFFFFFF << 8 * (8 - k)) & 0xFFFFFFFFFFFFFFFF for k in range(9)], np.uint64)  # last k bytes
TENS = np.array([10**k for k in range(20)], np.uint64)
POWERS = np.array([float(10**k) for k in range(EXACT + 1)])
LOW = U(0xFFFFFFFF)


def decimals(text: Bytes, starts: Places, ends: Places, marks: Places, at: Places) -> tuple[Floats, Flags]:
    """The numbers in the cells from `starts` to `ends`, and which of them were not decided (they are 0 there).

    `marks` are the places, ascending, of all bytes of the text that are no digits; the byte at each end is one. `at` is
    where among them stands the first that is not before the start of each cell.
    """
    words: Words = np.ndarray((len(text) - 7,), "<u8", text, 0, (1,))
    signs = text.take(marks)
    place, sign = marks.take(at), signs.take(at)
    negative = (sign == MINUS) & (place == starts)
    first = starts + negative
    at = at + negative
    place, sign = marks.take(at), signs.take(at)
    pointed = (sign == DOT) & (place < ends)
    whole_end = np.where(pointed, place, 0)
    at += pointed
    place, sign = marks.take(at), signs.take(at)
    raised = ((sign == SMALL_E) | (sign == LARGE_E)) & (place < ends)
    digits_end = np.where(raised, place, ends)
    whole_end = np.where(pointed, whole_end, digits_end)
    whole = whole_end - first
    part = digits_end - whole_end - pointed
    power = -part
    bare = place == ends
    some = np.flatnonzero(raised)
    if len(some):
        shift, bare[some] = exponents(words, marks, signs, at[some] + 1, place[some], ends[some])
        power[some] += shift
    count = whole + part
    fine = bare & (count > 0) & (whole <= MOST_DIGITS) & (part <= MOST_DIGITS) & (count <= MOST_DIGITS)
    fine &= (power >= SMALLEST) & (power <= LARGEST)
    if not fine.all():
        whole, part, power = whole * fine, part * fine, power * fine
    mantissa = run(words, whole_end, whole, 3) * TENS.take(part) + run(words, digits_end, part, 3)
    values, decided = rounded(mantissa, power)
    np.negative(values, out=values, where=negative)
    fine &= decided
    values[~fine] = 0.0
    return values, ~fine


def exponents(
    words: Words, marks: Places, signs: Bytes, at: Places, place: Places, ends: Places
) -> tuple[Places, Flags]:
    """What stands behind the `e` at each place, and which cells hold nothing else."""
    after, sign = marks.take(at), signs.take(at)
    signed = ((sign == MINUS) | (sign == PLUS)) & (after == place + 1) & (after < ends)
    length = ends - place - 1 - signed
    bare = (marks.take(at + signed) == ends) & (length > 0) & (length <= 8)
    length = length * bare
    value = run(words, ends, length, 1).astype(np.int64)
    return np.where(signed & (sign == MINUS), -value, value), bare


def run(words: Words, ends: Places, lengths: Places, most: int) -> Words:
    """The whole numbers of `lengths` digits that stop before `ends`; at most MOST times eight digits."""
    total = eight(words, ends, np.minimum(lengths, 8))
    longest = int(lengths.max(initial=0))
    for k in range(1, most):
        if longest <= 8 * k:
            break
        more = eight(words, ends - 8 * k, np.clip(lengths - 8 * k, 0, 8))
        more *= TENS[8 * k]
        total += more
    return total


def eight(words: Words, ends: Places, lengths: Places) -> Words:
    """Up to eight digits that stop before `ends`."""
    word = words[ends - 8]
    word ^= ZEROS
    word &= KEPT.take(lengths)
    word *= U(2561)
    word >>= U(8)
    word &= U(0x00FF00FF00FF00FF)
    word *= U(6553601)
    word >>= U(16)
    word &= U(0x0000FFFF0000FFFF)
    word *= U(42949672960001)
    word >>= U(32)
    return word


def rounded(mantissa: Words, power: Places) -> tuple[Floats, Flags]:
    """mantissa * 10^power, correctly rounded, and where that was decided."""
    values = mantissa.astype(np.float64)
    small = (mantissa <= U(1 << 53)) & (power >= -EXACT) & (power <= EXACT)
    scale = POWERS.take(np.minimum(np.abs(power), EXACT))
    np.divide(values, scale, out=values, where=power < 0)
    np.multiply(values, scale, out=values, where=power > 0)
    hard = np.flatnonzero(~small & (mantissa > 0))
    decided = np.ones(len(values), np.bool_)
    if len(hard):
        values[hard], decided[hard] = scaled(mantissa[hard], power[hard])
    return values, decided


def scaled(mantissa: Words, power: Places) -> tuple[Floats, Flags]:
    """Lemire's product; every mantissa is above 0, every result a normal double."""
    guess = mantissa.astype(np.float64).view(np.uint64) >> U(52)
    zeros = U(1086) - guess  # 1 too few where the float was rounded up to a power of two
    word = mantissa << zeros
    short = (word >> U(63)) == 0
    np.left_shift(word, U(1), out=word, where=short)
    zeros += short
    high, low = product(word, fives().take(power - SMALLEST))
    upper = high >> U(63)
    digits = high >> (upper + U(9))
    decided = ((high & U(0x1FF)) != 0x1FF) & ~((low <= 1) & ((digits & U(3)) == 1))
    digits += digits & U(1)
    digits >>= U(1)
    exponent = ((217706 * power) >> 16) + 63 + 1023 + upper.astype(np.int64) - zeros.astype(np.int64)
    # a carry out of the 53 bits lands in the exponent, where it belongs
    bits = (digits - U(1 << 52)) + (exponent.astype(np.uint64) << U(52))
    decided &= (exponent > 0) & (exponent < 2046)
    return bits.view(np.float64), decided


def product(a: Words, b: Words) -> tuple[Words, Words]:
    """The upper and the lower 64 bits of a * b."""
    a_high, a_low, b_high, b_low = a >> U(32), a & LOW, b >> U(32), b & LOW
    bottom = a_low * b_low
    middle = a_high * b_low + (bottom >> U(32))
    cross = a_low * b_high + (middle & LOW)
    high = a_high * b_high + (middle >> U(32)) + (cross >> U(32))
    return high, a * b


@cache
def fives() -> Words:
    """The first 64 bits of 5^k, for k from SMALLEST to LARGEST; rounded up where k < 0, as Lemire's table."""
    found = []
    for k in range(SMALLEST, LARGEST + 1):
        five = 5 ** abs(k)
        if k >= 0:
            found.append(five << 64 >> five.bit_length())
        else:
            found.append((1 << (five.bit_length() + 127)) // five + 1 >> 64)
    return np.array(found, np.uint64)
