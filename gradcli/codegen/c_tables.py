"""The tables and constants of the functions in C, computed from what they mean with whole numbers of many digits."""

from __future__ import annotations

from functools import cache
from math import factorial, isqrt
from struct import pack, unpack

BITS = 240  # of a number as a whole number
ONE = 1 << BITS
PI_PLACES = 33  # bits of a part of pi/2 that a product with a number below 2^20 keeps


@cache
def tables() -> dict[str, list[str]]:
    """Every table as C source, by name: exp by 128 parts of a doubling, log by 128 parts of a doubling."""
    tails, scales = _powers_of_two()
    inverses, upper, lower = _logarithms()
    return {
        "EXP_TAIL": [x.hex() for x in tails], "EXP_SCALE": [f"{x:#x}ULL" for x in scales],
        "LOG_INVERSE": [x.hex() for x in inverses], "LOG_UPPER": [x.hex() for x in upper],
        "LOG_LOWER": [x.hex() for x in lower],
    }  # fmt: skip


@cache
def constants() -> dict[str, str]:
    """Every constant as C source, by name: ln 2 and pi/2 in parts, and 1/n!."""
    upper, lower = _parts(_ln(2, 1), 42)
    found = {"LN2_UPPER": upper, "LN2_LOWER": lower}
    rest = _half_pi()
    for part in range(3):
        shift = BITS + 1 - PI_PLACES * (part + 1) + part  # the first has one bit before the point
        kept = rest >> shift << shift
        found[f"HALF_PI_{part}"] = kept / ONE
        rest -= kept
    found["HALF_PI_3"] = rest / ONE
    found |= {f"F{n}": 1 / factorial(n) for n in range(3, 19)}
    return {name: value.hex() for name, value in found.items()}


def _powers_of_two() -> tuple[list[float], list[int]]:
    """2^(k/128) as a float and what it lacks, relative; the float with its exponent lowered by k/128."""
    step = 2 * ONE
    for _ in range(7):
        step = isqrt(step << BITS)
    tails, scales, power = [], [], ONE
    for k in range(128):
        nearest = power / ONE
        over, under = nearest.as_integer_ratio()
        tails.append((power * under - (over << BITS)) / (over << BITS))
        scales.append(_bits(nearest) - (k << 52 >> 7))
        power = power * step >> BITS
    return tails, scales


def _logarithms() -> tuple[list[float], list[float], list[float]]:
    """For each part of [0.6875, 1.375): about 1/c of its middle c, in nine bits, and -log of that in two parts."""
    inverses, upper, lower = [], [], []
    for part in range(128):
        low, high = (_real(0x3FE6000000000000 + (place << 45)) for place in (part, part + 1))
        over = 512 if 1.0 in (low, high) else round(1024 / (low + high))
        inverses.append(over / 512)
        first, second = _parts(_ln(512, over), 43)
        upper.append(first)
        lower.append(second)
    return inverses, upper, lower


def _ln(over: int, under: int) -> int:
    """ln(over/under) by the series of its area tangent."""
    sign, t = (1, over - under) if over >= under else (-1, under - over)
    t = (t << BITS) // (over + under)
    square, total, n = t * t >> BITS, 0, 1
    while t:
        total += t // n
        t = t * square >> BITS
        n += 2
    return 2 * sign * total


def _half_pi() -> int:
    """pi/2 by Machin's formula."""

    def arctangent(n: int) -> int:
        term, total, k = ONE // n, 0, 1
        while term:
            total += term // k if k % 4 == 1 else -(term // k)
            term //= n * n
            k += 2
        return total

    return 2 * (4 * arctangent(5) - arctangent(239))


def _parts(value: int, places: int) -> tuple[float, float]:
    """VALUE rounded to PLACES bits behind the point, and the rest."""
    shift = BITS - places
    upper = (value + (1 << (shift - 1))) >> shift
    return upper / (1 << places), (value - (upper << shift)) / ONE


def _bits(x: float) -> int:
    return int(unpack("<Q", pack("<d", x))[0])


def _real(bits: int) -> float:
    return float(unpack("<d", pack("<Q", bits))[0])
