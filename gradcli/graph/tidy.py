"""The algebra of formulas: sums, products and powers in one tidy form, every equal part held once.

A value is a pair (coefficient, part): an exact number times a part without one. Numbers are fractions of what was
written in decimals, so 0.1*3 is 0.3 and 1/3 stays a third. What changes where a formula has a value is done only where
it is known not to matter: `flags` say of a part that it is finite, not 0, not negative.
"""

from __future__ import annotations

import math
from fractions import Fraction

from gradcli.graph import NAMED, primitives
from gradcli.graph.shapes import broadcast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from gradcli.graph import Primitive, Shape

    Coefficient = Any  # a whole number or a Fraction
    Value = tuple[Coefficient, int]

ATOM, SUM, PRODUCT, CALL = range(4)
FINITE, NONZERO, NONNEGATIVE, BOOLEAN, ROBUST = 1, 2, 4, 8, 16  # ROBUST: finite in floats, too
POSITIVE = NONZERO | NONNEGATIVE
ONE = 0  # the part of a number
UNIT: Value = (1, ONE)
ZERO: Value = (0, ONE)

MOST_BITS = 400  # of a coefficient
MOST_POWER = 100  # up to which powers of powers are multiplied out
MOST_MERGED = 10**6  # of an exponent that further factors are added to
MOST_SHARED = 12  # terms or factors of a part that is flattened wherever it is used
MOST_ATTEMPTS = 3  # at a shorter form inside of each other
MOST_SPREAD = 8  # terms of a sum that is multiplied out
MOST_FACTORED = 24  # terms among which common factors are looked for
LONG = 16  # letters of a float that may be a rounded fraction
MOST_PARTS_OF_ONE = 1000
LONGEST = 1 << 30
NOBODY = 1 << 60  # the first variable of what has none


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


class Tidy:
    """Parts of formulas, each held once: what kind it is, what it is made of, its shape, and what is known of it.

    ATOM     (name, number): a variable, or a number with a name
    SUM      (number, ((part, coefficient), ...))
    PRODUCT  ((base, exponent), ...), where one base may stand in it twice, above and below the line
    CALL     (primitive, static, parts)

    `simplify` takes steps that hold only where something is not 0, not negative or finite; `assumed` says which.
    """

    def __init__(self, names: Iterable[str] = (), *, simplify: bool = False) -> None:
        primitives()
        self.order = {name: place for place, name in enumerate(names)}
        self.simplify = simplify
        self.attempts = 0  # at a shorter form, that are being made
        self.derived = False  # whether lines are read that no user wrote: of a derivative
        self.assumed: dict[tuple[int, int], None] = {}
        self.kinds = [ATOM]
        self.parts: list[Any] = [("1", 1.0)]
        self.shapes: list[Shape] = [()]
        self.flags = [FINITE | NONZERO | NONNEGATIVE | ROBUST]
        self.first = [NOBODY]
        self.costs = [1]
        self.table: dict[Any, int] = {}
        self.keys: dict[int, Any] = {}
        self.arrays: dict[str, int] = {}
        self.remarks: dict[str, None] = {}
        self.opened: dict[int, Value | None] = {}  # whether a share of a gate is not 0

    # Parts

    def _part(self, kind: int, made_of: Any, shape: Shape, flags: int, first: int, cost: int) -> int:
        key: Any = (kind, shape, made_of)
        if kind == CALL and made_of[1] is not None:
            key = (kind, shape, made_of[0], repr(made_of[1]), made_of[2])
        found = self.table.get(key)
        if found is None:
            found = self.table[key] = len(self.kinds)
            self.kinds.append(kind)
            self.parts.append(made_of)
            self.shapes.append(shape)
            self.flags.append(flags)
            self.first.append(first)
            self.costs.append(cost if cost < LONGEST else LONGEST)
        return found

    def variable(self, name: str, shape: Shape = ()) -> Value:
        """A name, which stands in sums and products where the program first has it."""
        place = self.order.setdefault(name, len(self.order))
        return (1, self._part(ATOM, (name, None), shape, FINITE, place, len(name)))

    def special(self, text: str, value: Any, shape: Shape = ()) -> Value:
        """A number, or an array of numbers, that is written as TEXT."""
        flags = 0
        if type(value) is float and value - value == 0:
            flags = FINITE | ROBUST | NONZERO | (NONNEGATIVE if value > 0 else 0)
        elif type(value) is not float:
            flags = FINITE | ROBUST
            value = _Held(value)
        return (1, self._part(ATOM, (text, value), shape, flags, NOBODY, len(text)))

    def made(self, text: str, make: Callable[[], Any], shape: Shape) -> int:
        """An array that a call of the language makes."""
        if text not in self.arrays:
            self.arrays[text] = self.special(text, make(), shape)[1]
        return self.arrays[text]

    def number(self, value: float) -> Value:
        """A constant of the graph."""
        if value - value != 0:
            sign, text = (-1 if value < 0 else 1), ("nan" if value != value else "inf")
            return (sign, self.special(text, abs(value))[1])
        if value == int(value):
            return (exact(value), ONE)
        named = _NAMED_NUMBERS.get(abs(value))
        if named is None:
            return (exact(value), ONE)
        sign = -1 if value < 0 else 1
        coefficient, part = named(self)
        return (sign * coefficient, part)

    def whole(self, value: Value) -> int:
        """A value as one part."""
        coefficient, part = value
        if coefficient == 1:
            return part
        if part == ONE:
            return self._sum(coefficient, {})
        if coefficient == -1 and self.kinds[part] == SUM:
            constant, terms = self.parts[part]
            return self._sum(-constant, {other: -number for other, number in terms})
        return self._sum(0, {part: coefficient})

    def value(self, part: int) -> Value:
        """A part as a value, its number taken out where it has one."""
        if self.kinds[part] == SUM:
            constant, terms = self.parts[part]
            if not terms:
                return (constant, ONE)
            if not constant and len(terms) == 1:
                return (terms[0][1], terms[0][0])
        return (1, part)

    def known(self, part: int, flags: int) -> bool:
        """Whether the FLAGS are known of a part; with `simplify` they are assumed, and that is kept."""
        missing = flags & ~self.flags[part]
        if missing and self.simplify:
            for flag in (FINITE, NONZERO, NONNEGATIVE):
                if missing & flag:
                    self.assumed[part, flag] = None
            return True
        return not missing

    def shape(self, value: Value) -> Shape:
        """The shape of a value."""
        return self.shapes[value[1]]

    def _shared_shape(self, parts: Sequence[int]) -> Shape:
        shapes = {self.shapes[part] for part in parts}
        if len(shapes) == 1:
            return shapes.pop()
        shapes.discard(())
        return shapes.pop() if len(shapes) == 1 else broadcast([*shapes]) if shapes else ()

    # Sums

    def add(self, values: Iterable[Value]) -> Value:
        """The sum: flat, like terms added, common factors taken out where that is shorter."""
        constant: Coefficient = 0
        terms: dict[int, Coefficient] = {}
        values = list(values)
        for coefficient, part in values:
            if part == ONE:
                constant += coefficient
            elif self.kinds[part] == SUM and coefficient in (1, -1) and self._flattens(part, len(values)):
                more, inner = self.parts[part]
                constant += coefficient * more
                for other, number in inner:
                    terms[other] = terms.get(other, 0) + coefficient * number
            else:
                if self.kinds[part] == SUM and coefficient < 0 and part not in terms:
                    coefficient, part = self._turned(coefficient, part)
                terms[part] = terms.get(part, 0) + coefficient
        constant = clean(constant)
        if len(terms) <= MOST_FACTORED:
            constant = self._merge_sums(constant, terms)
            if len(terms) + (constant != 0) > 1:
                merged = self._merge_calls(terms)
                if merged:
                    rest: list[Value] = [(number, part) for part, number in terms.items()]
                    return Tidy.add(self, [(constant, ONE), *rest, *merged])
                constant = clean(constant + self._merge_squares(terms))
        for part in [part for part, number in terms.items() if not number]:
            if self.known(part, FINITE):
                del terms[part]
        if len(terms) > MOST_FACTORED:
            return self._as_value(constant, terms)
        if self.attempts >= MOST_ATTEMPTS:
            return self._as_value(constant, terms)
        self.attempts += 1
        try:
            return self._shortest_sum(constant, terms)
        finally:
            self.attempts -= 1

    def _shortest_sum(self, constant: Coefficient, terms: dict[int, Coefficient]) -> Value:
        multiplied = self._multiplied_out(constant, terms)
        if multiplied is not None:
            return multiplied
        if len(terms) > 1:
            self._factor(terms)
        found = self._as_value(constant, terms)
        over = self._over_one_line(constant, terms)
        return found if over is None or self._cost(over) > self._cost(found) else over

    def _cost(self, value: Value) -> int:
        number, part = value
        return self.costs[part] + (0 if number in (1, -1) else len(str(number)) + 1)

    def _multiplied_out(self, constant: Coefficient, terms: dict[int, Coefficient]) -> Value | None:
        """x*(y + z) - x*y is x*z: products with a sum are multiplied out where like terms meet, and it is shorter."""
        found: list[Value] = [(constant, ONE)]
        flat = set(terms)
        met = False
        for part, number in terms.items():
            sums = [base for base, power in self.factors(part) if self.kinds[base] == SUM and power == 1]
            if len(sums) != 1 or len(self.parts[sums[0]][1]) > MOST_SPREAD:
                found.append((number, part))
                continue
            rest = [pair for pair in self.factors(part) if pair != (sums[0], 1)]
            for value in self._times_sum(number, rest, sums[0]):
                found.append(value)
                met = met or value[1] in flat or value[1] == ONE
                flat.add(value[1])
        if len(found) in (len(terms) + 1, *range(MOST_FACTORED + 1, len(found) + 1)):
            return None
        before = sum([self._cost_of_term((number, part)) for part, number in terms.items()])
        value = self.add(found)
        before += len(str(constant)) if constant else -3
        return value if self._cost(value) + 2 * met < before else None

    def _times_sum(self, number: Coefficient, rest: Sequence[tuple[int, Any]], part: int) -> list[Value]:
        """A product with a sum, term by term."""
        constant, terms = self.parts[part]
        found = []
        for other, count in (*terms, *[(ONE, constant)] * (constant != 0)):
            made = self.multiply([*(((1, base), power) for base, power in rest), ((1, other), 1)])
            found.append((clean(number * count * made[0]), made[1]))
        return found

    def _over_one_line(self, constant: Coefficient, terms: dict[int, Coefficient]) -> Value | None:
        """1/(x - 1) - (x + 1)/(x - 1)^2 is -2/(x - 1)^2: everything over the divisor that most terms have."""
        if not 1 < len(terms) + (constant != 0) <= MOST_SPREAD:
            return None
        depth: dict[int, Any] = {}
        for part in terms:
            for base, power in self.factors(part):
                if power < 0 and power % 1 == 0 and self.kinds[base] != ATOM and not self.powers_add(base):
                    depth[base] = max(depth.get(base, 0), -power)
        if not depth:
            return None
        below = max(depth, key=lambda base: (self.costs[base], base))
        power = depth[below]
        above: list[Value] = []
        for part, number in (*terms.items(), *[(ONE, constant)] * (constant != 0)):
            factors = () if part == ONE else self.factors(part)
            rest = [pair for pair in factors if pair[0] != below]
            own = [exponent for base, exponent in factors if base == below]
            left = power + sum(own)
            if len(own) > 1:
                return None
            if left == 1 and self.kinds[below] == SUM and len(self.parts[below][1]) <= MOST_SPREAD:
                above += self._times_sum(number, rest, below)
            else:
                made = self._product(number, [*rest, *[(below, left)] * (left != 0)])
                above.append(made)
        return self.multiply([(self.add(above), 1), ((1, below), -power)])

    def _as_value(self, constant: Coefficient, terms: dict[int, Coefficient]) -> Value:
        if not terms:
            return (constant, ONE)
        if not constant and len(terms) == 1:
            ((part, number),) = terms.items()
            return (clean(number), part)
        return (1, self._sum(constant, terms))

    def _flattens(self, part: int, beside: int) -> bool:
        return len(self.parts[part][1]) <= MOST_SHARED or len(self.parts[part][1]) <= beside

    def _sum(self, constant: Coefficient, terms: dict[int, Coefficient]) -> int:
        listed = tuple(sorted([(part, clean(number)) for part, number in terms.items()]))
        flags, first, cost = FINITE | ROBUST | NONNEGATIVE, NOBODY, len(str(constant)) if constant else -3
        some_positive = constant > 0
        if constant < 0:
            flags &= ~NONNEGATIVE
        for part, number in listed:
            had = self.flags[part]
            flags &= had if number > 0 else had & ~NONNEGATIVE
            some_positive = some_positive or (had & POSITIVE == POSITIVE and number > 0)
            first = min(first, self.first[part])
            cost += self.costs[part] + 3 + (0 if number in (1, -1) else len(str(number)) + 1)
        if len(listed) > 1 or constant:
            flags &= ~ROBUST if len(listed) > 1 else flags
        if not listed:
            flags |= NONZERO if constant else 0
        elif len(listed) == 1 and not constant:
            flags |= NONZERO & self.flags[listed[0][0]]
        elif flags & NONNEGATIVE and some_positive:
            flags |= NONZERO
        shape = self._shared_shape([part for part, _ in listed]) if listed else ()
        return self._part(SUM, (constant, listed), shape, flags, first, cost)

    def _merge_sums(self, constant: Coefficient, terms: dict[int, Coefficient]) -> Coefficient:
        """A power of two is multiplied into a sum, which loses no digit, where like terms meet."""
        for part, number in [*terms.items()]:
            if self.kinds[part] != SUM or not _is_power_of_two(number) or not self._flattens(part, 0):
                continue
            more, inner = self.parts[part]
            met = sum(other in terms for other, _ in inner) + bool(more and constant)
            if met and terms.pop(part, None) is not None:
                constant = clean(constant + number * more)
                for other, count in inner:
                    terms[other] = terms.get(other, 0) + number * count
        return constant

    def _merge_calls(self, terms: dict[int, Coefficient]) -> list[Value]:
        """where(c, a, b) + where(c, d, e) is where(c, a + d, b + e): takes what merges, and says what it became."""
        merged: list[Value] = []
        by_condition: dict[int, list[int]] = {}
        for part in terms:
            if self.kinds[part] == CALL and self.parts[part][0].name == "where":
                by_condition.setdefault(self.parts[part][2][0], []).append(part)
        for part in terms:
            for base, power in self.factors(part) if by_condition else ():
                if base in by_condition and power == 1 and self.flags[base] & BOOLEAN:
                    by_condition[base].append(part)
        self._merge_stacks(terms)
        for condition, parts in by_condition.items():
            if len(parts) < 2 or any(part not in terms for part in parts):
                continue
            branches = [
                self.add([self._branch(terms[part], part, condition, slot) for part in parts]) for slot in (1, 2)
            ]
            for part in parts:
                del terms[part]
            merged.append(self.call("where", None, [(1, condition), *branches]))
        return merged

    def _merge_stacks(self, terms: dict[int, Coefficient]) -> None:
        """[a, 0] + [0, b] is [a, b]."""
        stacks = [part for part in terms if self.kinds[part] == CALL and self.parts[part][0].name == "stack"]
        while len(stacks) > 1:
            part = stacks.pop()
            twin = next((other for other in stacks if self.shapes[other] == self.shapes[part]), None)
            if twin is None:
                continue
            stacks.remove(twin)
            pairs = zip(self.parts[part][2], self.parts[twin][2], strict=True)
            elements = [
                self.add([(terms[place] * number, inner) for place, other in ((part, one), (twin, two))
                          for number, inner in [self.value(other)]]) for one, two in pairs
            ]  # fmt: skip
            made = self.call("stack", None, elements)[1]
            del terms[part], terms[twin]
            terms[made] = terms.get(made, 0) + 1
            stacks.append(made)

    def _branch(self, number: Coefficient, part: int, condition: int, slot: int) -> Value:
        """What a term of a sum is in one branch of a CONDITION."""
        if self.kinds[part] == CALL and self.parts[part][0].name == "where":
            inner, other = self.value(self.parts[part][2][slot])
            return (number * inner, other)
        if slot == 2:
            return ZERO
        return self._product(number, [pair for pair in self.factors(part) if pair[0] != condition])

    def _merge_squares(self, terms: dict[int, Coefficient]) -> Coefficient:
        """k*sin(u)^2 + k*cos(u)^2 is k, and k*cosh(u)^2 - k*sinh(u)^2 is k."""
        constant: Coefficient = 0
        for part, number in [*terms.items()]:
            if self.kinds[part] != PRODUCT or part not in terms:
                continue
            for base, exponent in self.parts[part]:
                if exponent != 2 or self.kinds[base] != CALL or self.parts[base][0].name not in SQUARES:
                    continue
                name, sign = SQUARES[self.parts[base][0].name]
                other = self._part_if_there(NAMED[name], self.parts[base][2])
                rest = [pair for pair in self.parts[part] if pair[0] != base]
                twin = None if other is None else self._product_if_there([*rest, (other, 2)])
                if twin is not None and terms.get(twin) == -number and name == "sin":
                    del terms[part], terms[twin]
                    angle = self.value(self.parts[base][2][0])
                    double = self.call("cos", None, [self.multiply([((2, ONE), 1), (angle, 1)])])
                    coefficient, left = self.multiply([*(((1, b), p) for b, p in rest), (double, 1)])
                    terms[left] = terms.get(left, 0) + coefficient * number
                    break
                if twin is not None and terms.get(twin) == sign * number:
                    del terms[part], terms[twin]
                    if self.parts[base][0].name == "sinh":  # sinh^2 - cosh^2 is -1
                        number = -number
                    coefficient, left = self._product(1, rest)
                    if left == ONE:
                        constant += coefficient * number
                    else:
                        terms[left] = terms.get(left, 0) + coefficient * number
                    break
        return constant

    def _part_if_there(self, primitive: Primitive, operands: tuple[int, ...]) -> int | None:
        shape = self._shared_shape(operands)
        return self.table.get((CALL, shape, (primitive, None, operands)))

    def _product_if_there(self, factors: Sequence[tuple[int, Any]]) -> int | None:
        if len(factors) == 1 and factors[0][1] == 1:
            return factors[0][0]
        shape = self._shared_shape([base for base, _ in factors])
        return self.table.get((PRODUCT, shape, tuple(sorted(factors))))

    # Common factors

    def factors(self, part: int) -> tuple[tuple[int, Any], ...]:
        """A part as bases with exponents."""
        if self.kinds[part] == PRODUCT:
            found: tuple[tuple[int, Any], ...] = self.parts[part]
            return found
        return ((part, 1),)

    def _factor(self, terms: dict[int, Coefficient]) -> None:
        """Take out what several terms have in common, as long as that is shorter."""
        tried: set[Any] = set()
        while len(terms) > 1:
            by_factor: dict[Any, list[int]] = {}
            for part in terms:
                for base, exponent in self.factors(part):
                    by_factor.setdefault((base, exponent > 0), []).append(part)
            several = [(key, parts) for key, parts in by_factor.items() if len(parts) > 1 and key not in tried]
            if not several:
                return
            key, parts = max(several, key=lambda found: (self.costs[found[0][0]] * (len(found[1]) - 1), found[0]))
            tried.add(key)
            found = self._taken_out(parts, terms)
            if found is None:
                continue
            for part in parts:
                del terms[part]
            number, made = found
            terms[made] = terms.get(made, 0) + number

    def _taken_out(self, parts: Sequence[int], terms: dict[int, Coefficient]) -> Value | None:
        """The sum of PARTS as a product, where that is shorter."""
        common: dict[Any, Any] = {}
        for place, part in enumerate(parts):
            own: dict[Any, Any] = {}
            for base, exponent in self.factors(part):
                own[base, exponent > 0] = exponent
            if place:
                common = {
                    key: (min if key[1] else max)(exponent, own[key]) for key, exponent in common.items() if key in own
                }
            else:
                common = own
        shared = {base: exponent for (base, _), exponent in common.items()}
        if len(shared) < len(common):
            return None
        content = _content([terms[part] for part in parts])
        rest = []
        for part in parts:
            left = []
            to_take = dict(common)  # a base may stand in a product twice on one side: u^-1.5*u^-1.5
            for base, exponent in self.factors(part):
                taken = to_take.pop((base, exponent > 0), 0)
                if exponent != taken:
                    left.append((base, exponent - taken))
            number, made = self._product(clean(terms[part] * _over(content)), left)
            rest.append((number, made))
        if len({made for _, made in rest}) < len(rest):
            return None
        before = sum(self._cost_of_term((terms[part], part)) for part in parts)
        scale, inner = self.add(rest)
        outer = sum(self._cost_of_factor(base, exponent) + 1 for base, exponent in shared.items())
        if outer + self.costs[inner] + 5 + (0 if content in (1, -1) else len(str(content)) + 1) >= before:
            return None
        return self.multiply([((content, ONE), 1), ((scale, inner), 1), *(((1, b), e) for b, e in shared.items())])

    def _cost_of_factor(self, base: int, exponent: Any) -> int:
        return self.costs[base] + (0 if exponent in (1, -1) else 1 + len(str(abs(exponent))))

    def _cost_of_term(self, value: Value) -> int:
        number, part = value
        return self.costs[part] + 3 + (0 if number in (1, -1) else len(str(number)) + 1)

    # Products and powers

    def multiply(self, factors: Iterable[tuple[Value, Any]]) -> Value:
        """The product of values to powers: flat, equal factors as one power, numbers and signs in front."""
        coefficient: Coefficient = 1
        waiting: dict[int, list[Any]] = {}
        factors = list(factors)
        if sum(value[1] != ONE for value, _ in factors) == 1:
            found = self._scaled(factors)
            if found is not None:
                return found
        for value, exponent in factors:
            coefficient = clean(coefficient * self._collect(waiting, value, exponent))
        merged: list[tuple[int, Any]] = []
        for base, exponents in waiting.items():
            merged += self._merged(base, exponents)
        if len(merged) > 1 and len(merged) <= MOST_FACTORED:
            changed = self._merge_factors(merged)
            if changed is not None:
                return self.multiply_again(coefficient, changed)
        found = self._product(coefficient, merged)
        if not 1 < len(merged) <= MOST_SPREAD or self.attempts >= MOST_ATTEMPTS:
            return found
        self.attempts += 1
        try:
            return self._with_one_line(found, coefficient, merged)
        finally:
            self.attempts -= 1

    def _with_one_line(self, found: Value, coefficient: Coefficient, merged: Sequence[tuple[int, Any]]) -> Value:
        """(x/u + 1)/(x + u) is 1/u: a sum with a divisor is put over one line where what meets then is shorter."""
        if not any(power < 0 for _, power in merged):
            return found
        for base, power in merged:
            if self.kinds[base] == SUM and power == 1:
                constant, terms = self.parts[base]
                over = self._over_one_line(constant, dict(terms)) if len(terms) <= MOST_SPREAD else None
                if over is not None:
                    rest = [((1, other), exponent) for other, exponent in merged if (other, exponent) != (base, 1)]
                    shorter = self.multiply_again(coefficient, [(over, 1), *rest])
                    if self._cost(shorter) < self._cost(found):
                        return shorter
        return found

    def _scaled(self, factors: Sequence[tuple[Value, Any]]) -> Value | None:
        """Numbers times one value, as it is; whole numbers are taken out of a sum of whole numbers."""
        coefficient: Coefficient = 1
        found: Value = UNIT
        for value, exponent in factors:
            if value[1] != ONE:
                if exponent != 1 or self._holds_where(value[1]):
                    return None
                found = value
            else:
                coefficient *= _to_power(value[0], exponent)
        coefficient = clean(coefficient * found[0])
        if not coefficient:
            return ZERO if self.known(found[1], FINITE) else (0, found[1])
        if coefficient not in (1, -1) and self.kinds[found[1]] == SUM and type(coefficient) is int:
            constant, terms = self.parts[found[1]]
            if type(constant) is int and all(type(number) is int for _, number in terms):
                content, part = self.normal(found[1])
                if content not in (1, -1):
                    return (clean(coefficient * content), part)
            if coefficient < 0:
                return self._turned(coefficient, found[1])
        return (coefficient, found[1])

    def _turned(self, coefficient: Coefficient, part: int) -> Value:
        """-2*(1 - x) is 2*(x - 1)."""
        constant, terms = self.parts[part]
        if constant < 0 or any(number < 0 for _, number in terms):
            return (-coefficient, self.whole((-1, part)))
        return (coefficient, part)

    def _holds_where(self, part: int) -> bool:
        return self.kinds[part] == CALL and self.parts[part][0].name == "where"

    def multiply_again(self, coefficient: Coefficient, factors: list[tuple[Value, Any]]) -> Value:
        """The product once more, after factors became others."""
        return Tidy.multiply(self, [((coefficient, ONE), 1), *factors])

    def _collect(self, waiting: dict[int, list[Any]], value: Value, exponent: Any) -> Coefficient:
        """Put a value to a power among the factors WAITING, and say its number to that power."""
        number, part = value
        kinds = self.kinds
        if exponent % 1 != 0:
            base = self.whole(value)
            if self.powers_add(base) and number == 1:
                for inner, inner_exponent in self.factors(base):
                    waiting.setdefault(inner, []).append(inner_exponent * exponent)
                return 1
            waiting.setdefault(base, []).append(exponent)
            return 1
        if part == ONE:
            return _to_power(number, exponent)
        if kinds[part] == SUM:
            content, part = self.normal(part)
            number = clean(number * content)
            if part != ONE:
                waiting.setdefault(part, []).append(exponent)
        elif kinds[part] == PRODUCT:
            pairs = self.parts[part]
            most = MOST_MERGED if exponent in (1, -1) else MOST_POWER
            if len(pairs) > MOST_SHARED or any(
                not -most <= inner * exponent <= most and not self.powers_add(base) for base, inner in pairs
            ):
                waiting.setdefault(part, []).append(exponent)
            else:
                for base, inner in pairs:
                    waiting.setdefault(base, []).append(inner * exponent)
        else:
            waiting.setdefault(part, []).append(exponent)
        return _to_power(number, exponent)

    def powers_add(self, part: int) -> bool:
        """Whether powers of a part, or of all its factors, add without condition: exp(u), 2^u."""
        for base, _ in self.factors(part):
            if self.kinds[base] != CALL:
                return False
            primitive, _, operands = self.parts[base]
            if primitive.name != "exp" and not (primitive.name == "pow" and self.is_base(operands[0])):
                return False
        return True

    def is_base(self, part: int) -> bool:
        """Whether PART is a positive number, so that its powers are exponentials."""
        number, rest = self.value(part)
        return number > 0 and (rest == ONE or (self.kinds[rest] == ATOM and self.parts[rest][0] in ("e", "pi", "tau")))

    def normal(self, part: int) -> Value:
        """A sum as number times sum: its first term is positive, and whole coefficients have no common divisor."""
        constant, terms = self.parts[part]
        if not terms:
            return (constant, ONE)
        if not constant and len(terms) == 1:
            return (terms[0][1], terms[0][0])
        if any(self.flags[other] & BOOLEAN for other, _ in terms):
            return (1, part)
        content = _content([*[number for _, number in terms], *[constant] * (constant != 0)])
        if self.leading(part) < 0:
            content = -content
        if content == 1:
            return (1, part)
        over = _over(content)
        made = self._sum(clean(constant * over), {other: number * over for other, number in terms})
        self.flags[made] |= self.flags[part] & (FINITE | NONZERO | ROBUST)
        return (content, made)

    def leading(self, part: int) -> Coefficient:
        """The coefficient of the first term of a sum."""
        terms = self.parts[part][1]
        found: Coefficient = min([(self.key(other), number) for other, number in terms])[1]
        return found

    def _merged(self, base: int, exponents: list[Any]) -> list[tuple[int, Any]]:
        """Powers of one base as one power, or as two where it is not known that the base is not 0."""
        if self.flags[base] & BOOLEAN and all(exponent > 0 for exponent in exponents):
            return [(base, 1)]
        if len(exponents) == 1:
            return [(base, exponents[0])] if exponents[0] else []
        if self.powers_add(base):
            total = _plain(sum(exponents))
            return [(base, total)] if total else []
        above = self._added(base, [exponent for exponent in exponents if exponent > 0])
        below = self._added(base, [exponent for exponent in exponents if exponent < 0])
        if above and below and len(above) == len(below) == 1 and self.known(base, NONZERO):
            both = self._added(base, [*above, *below])
            return [(base, exponent) for exponent in both if exponent]
        return [(base, exponent) for exponent in (*above, *below)]

    def _added(self, base: int, exponents: list[Any]) -> list[Any]:
        if len(exponents) < 2:
            return exponents
        total = _plain(sum(exponents))
        if total % 1 == 0 and any(exponent % 1 for exponent in exponents) and not self.known(base, NONNEGATIVE):
            return exponents
        return [total]

    def _merge_factors(self, merged: list[tuple[int, Any]]) -> list[tuple[Value, Any]] | None:
        """Factors that are more together: |u|*sign(u), sqrt(u)^2, u*sqrt(u)^-1, u*u^v, and what a gate encloses."""
        exponents = dict(merged)
        if len(exponents) < len(merged):
            return None
        for base, exponent in merged:
            if self.kinds[base] != CALL:
                continue
            primitive, _, operands = self.parts[base]
            rest = [((1, other), power) for other, power in merged if other != base]
            if primitive.name in COMPARISONS and exponent == 1:
                found = self._with_gate(base, exponents, rest)
                if found is not None:
                    return found
            elif primitive.name == "abs" and exponent == 1:
                sign = self._part_if_there(NAMED["sign"], operands)
                if sign is not None and exponents.get(sign) == 1:
                    return [(self.value(operands[0]), 1), *(pair for pair in rest if pair[0][1] != sign)]
            elif primitive.name == "sqrt":
                found = self._with_root(base, exponent, operands[0], exponents, rest)
                if found is not None:
                    return found
            elif primitive.name == "pow" and exponent == 1 and not self.is_base(operands[0]):
                beside = exponents.get(operands[0])
                if beside is not None and beside % 1 == 0 and self.known(operands[0], NONZERO):
                    power = self.add([self.value(operands[1]), (beside, ONE)])
                    made = self.call("pow", None, [self.value(operands[0]), power])
                    return [(made, 1), *(pair for pair in rest if pair[0][1] != operands[0])]
            elif primitive.name == "where" and exponent == 1:
                condition = operands[0]
                for slot in (1, 2):
                    if self.value(operands[slot]) == ZERO:
                        kept = self.multiply_again(1, [(self.value(operands[3 - slot]), 1), *rest])
                        branches = [ZERO, kept] if slot == 1 else [kept, ZERO]
                        return [(self.call("where", None, [(1, condition), *branches]), 1)]
        return None

    def _with_gate(
        self, gate: int, exponents: dict[int, Any], rest: list[tuple[Value, Any]]
    ) -> list[tuple[Value, Any]] | None:
        """(u > 0)*relu(u) is relu(u); (u == 0)*(u >= 0) is u == 0."""
        primitive, _, (left, right) = self.parts[gate]
        if primitive.name == "greater" and self.value(right) == ZERO:
            passed = self._part_if_there(NAMED["relu"], (left,))
            if passed is not None and exponents.get(passed, 0) > 0:
                return rest
        if primitive.name == "equal" and self.value(right)[1] == ONE:
            bound = self.value(right)[0]
            for (_, other), power in rest:
                if self.kinds[other] != CALL or self.parts[other][0].name not in COMPARISONS or power != 1:
                    continue
                name, (mine, limit) = self.parts[other][0].name, self.parts[other][2]
                if mine == left and self.value(limit)[1] == ONE:
                    if not COMPARISONS[name](bound, self.value(limit)[0]):
                        return [(ZERO, 1)]
                    return [((1, gate), 1), *(pair for pair in rest if pair[0][1] != other)]
        return None

    def _with_root(
        self, root: int, exponent: Any, radicand: int, exponents: dict[int, Any], rest: list[tuple[Value, Any]]
    ) -> list[tuple[Value, Any]] | None:
        inner = self.value(radicand)
        number, part = self.normal(inner[1]) if self.kinds[inner[1]] == SUM else (1, inner[1])
        beside = exponents.get(part) if number == 1 and inner[0] == 1 else None
        meets = beside is not None and beside % 1 == 0 and (beside > 0) != (exponent > 0) and exponent in (1, -1)
        if meets and self.known(part, POSITIVE):
            turned = [((1, root), -exponent), *(pair for pair in rest if pair[0][1] != part)]
            return [*turned, ((1, part), beside + exponent)]
        if exponent % 1 == 0 and abs(exponent) > 1 and self.known(radicand, NONNEGATIVE):
            half = int(exponent / 2)
            return [*rest, (inner, half), *[((1, root), exponent - 2 * half)] * (exponent != 2 * half)]
        return None

    def _product(self, coefficient: Coefficient, factors: Sequence[tuple[int, Any]]) -> Value:
        """Factors that are merged already, as a value."""
        if not coefficient and all(
            self.known(base, FINITE if power > 0 else FINITE | NONZERO) for base, power in factors
        ):
            return ZERO
        if not factors:
            return (coefficient, ONE)
        if len(factors) == 1 and factors[0][1] == 1:
            return (coefficient, factors[0][0])
        listed = tuple(sorted(factors))
        flags, first, cost = FINITE | NONZERO | NONNEGATIVE | BOOLEAN, NOBODY, -1
        robust = len(listed) - sum(self._is_bounded(base) and power == 1 for base, power in listed) < 2
        for base, power in listed:
            had = self.flags[base]
            if power < 0 and not had & NONZERO:
                flags &= ~FINITE
            if power < 0:
                had &= ~BOOLEAN
            if power % 2 == 0:
                had |= NONNEGATIVE
            if power % 1:
                had |= NONNEGATIVE
            robust = robust and power == 1 and bool(had & ROBUST)
            flags &= had
            first = min(first, self.first[base])
            cost += self._cost_of_factor(base, power) + 1 + 2 * (self.kinds[base] == SUM)
        flags |= ROBUST * robust
        shape = self._shared_shape([base for base, _ in listed])
        return (coefficient, self._part(PRODUCT, listed, shape, flags, first, cost))

    def _is_bounded(self, part: int) -> bool:
        return self.kinds[part] == CALL and self.parts[part][0].name in BOUNDED

    def power(self, value: Value, exponent: Coefficient) -> Value:
        """A value to a constant power."""
        if exponent == 0:
            return UNIT
        number, part = value
        if exponent % 1 and part == ONE:
            root = _exact_root(number, exponent)
            if root is not None:
                return (root, ONE)
        return self.multiply([(value, exponent)])

    # Calls

    def call(self, name: str, static: Any, operands: Sequence[Value]) -> Value:
        """A primitive applied to values, as short as is known."""
        from gradcli.graph.tidy_calls import called

        return called(self, NAMED[name], static, operands)

    def opaque(self, primitive: Primitive, static: Any, operands: Sequence[Value], shape: Shape | None = None) -> Value:
        """A primitive applied to values, as it is."""
        parts = tuple([self.whole(operand) for operand in operands])
        if shape is None:
            shapes = [self.shapes[part] for part in parts]
            if primitive.kind == "elementwise":
                shape = self._shared_shape(parts) if any(shapes) else ()
            else:
                shape = primitive.shape_of(shapes, static)
        from gradcli.graph.tidy_calls import flags_of

        flags = flags_of(self, primitive, parts)
        first = min([self.first[part] for part in parts], default=NOBODY)
        cost = len(primitive.shown) + 2 + sum([self.costs[part] + 2 for part in parts]) - 2
        if primitive.notation is not None and primitive.kind == "elementwise":
            cost = sum([self.costs[part] for part in parts]) + 5
        return (1, self._part(CALL, (primitive, static, parts), shape, flags, first, cost))

    # Order

    def key(self, part: int) -> Any:
        """What the terms of a sum are sorted by: the first variable, its power falling, then the next, and so on."""
        found = self.keys.get(part)
        if found is None:
            powers: dict[int, Any] = {}
            inner: Any = 0
            for base, exponent in self.factors(part):
                if self.kinds[base] == ATOM and self.first[base] != NOBODY:
                    powers[self.first[base]] = powers.get(self.first[base], 0) + exponent
                elif self.kinds[base] != ATOM:
                    inner += exponent
            direct = tuple([(place, -exponent) for place, exponent in sorted(powers.items())])
            found = self.keys[part] = (self.first[part], (*direct, (NOBODY, 0)), -inner, part)
        return found

    def term_order(self, part: int) -> list[tuple[int, Coefficient]]:
        """The terms of a sum in the order in which they are written; the constant is last, as a term of ONE."""
        constant, terms = self.parts[part]
        listed = sorted(terms, key=lambda term: self.key(term[0]))
        if constant or not listed:
            listed.append((ONE, constant))
        lead = next((place for place, (_, number) in enumerate(listed) if number > 0), 0)
        return [listed[lead], *listed[:lead], *listed[lead + 1 :]]

    def factor_order(self, factors: Iterable[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Factors in the order in which they are written: named numbers, variables, sums, then calls as they came."""

        def key(pair: tuple[int, Any]) -> Any:
            base = pair[0]
            kind = self.kinds[base]
            if self.shapes[base]:
                return (5, *((1, self.first[base]) if kind == ATOM else (2, 0)), base)
            if kind == ATOM:
                return (0 if self.first[base] == NOBODY else 1, self.first[base], base)
            if kind == SUM:
                return (2 if self._is_polynomial(base) else 4, self.key(base), 0)
            return (3, 1 if kind == CALL and self.first[base] != NOBODY else 2, base)

        return sorted(factors, key=key)


    def _is_polynomial(self, part: int) -> bool:
        """Whether a sum is one of numbers, variables and their products."""
        return all(self.kinds[base] == ATOM for other, _ in self.parts[part][1] for base, _ in self.factors(other))


class _Held:
    """The value of an array constant, compared by identity."""

    __slots__ = ("constant",)

    def __init__(self, constant: Any) -> None:
        self.constant = constant

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.constant is other.constant

    def __hash__(self) -> int:
        return id(self.constant)


COMPARISONS = {
    "less": lambda a, b: a < b, "less_equal": lambda a, b: a <= b, "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b, "equal": lambda a, b: a == b, "not_equal": lambda a, b: a != b,
}  # fmt: skip
SQUARES = {"sin": ("cos", 1), "cos": ("sin", 1), "cosh": ("sinh", -1), "sinh": ("cosh", -1)}
BOUNDED = frozenset(("sin", "cos", "tanh", "sigmoid", "atan", "erf", "erfc", "sign", "softmax", "softsign", "less",
                     "less_equal", "greater", "greater_equal", "equal", "not_equal"))  # fmt: skip


def _plain(number: Any) -> Any:
    return int(number) if number % 1 == 0 else number


def _over(number: Coefficient) -> Coefficient:
    return number if number in (1, -1) else Fraction(1) / number


def _to_power(number: Coefficient, exponent: Any) -> Coefficient:
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


def _is_power_of_two(number: Coefficient) -> bool:
    found = Fraction(number)
    above, below = abs(found.numerator), found.denominator
    return above > 0 and above & (above - 1) == 0 and below & (below - 1) == 0


def _content(numbers: Sequence[Coefficient]) -> Coefficient:
    """A positive number to take out of a sum: the common divisor of whole numbers, or one that divides the others."""
    if all(type(number) is int for number in numbers):
        return math.gcd(*numbers) or 1
    if any(number % 1 == 0 for number in numbers):
        return 1
    least = min([abs(number) for number in numbers])
    return least if least and all(number % least == 0 for number in numbers) else 1


def _exact_root(number: Coefficient, exponent: Coefficient) -> Coefficient | None:
    """NUMBER to a power that is a half of a whole number, where that is exact."""
    if exponent * 2 % 1 or number <= 0:
        return None
    found = Fraction(number)
    roots = [math.isqrt(found.numerator), math.isqrt(found.denominator)]
    if roots[0] ** 2 != found.numerator or roots[1] ** 2 != found.denominator:
        return None
    return _to_power(clean(Fraction(*roots)), exponent * 2)


def _root_of(tidy: Tidy, value: Value) -> Value:
    return tidy.call("sqrt", None, [value])


_NAMED_NUMBERS: dict[float, Any] = {
    math.pi: lambda tidy: tidy.special("pi", math.pi),
    math.tau: lambda tidy: tidy.special("tau", math.tau),
    math.e: lambda tidy: tidy.special("e", math.e),
    math.log(2.0): lambda tidy: tidy.call("log", None, [(2, ONE)]),
    math.log(10.0): lambda tidy: tidy.call("log", None, [(10, ONE)]),
    2 / math.sqrt(math.pi): lambda tidy: tidy.multiply(
        [((2, ONE), 1), (_root_of(tidy, tidy.special("pi", math.pi)), -1)]
    ),
    math.sqrt(0.5): lambda tidy: _root_of(tidy, (Fraction(1, 2), ONE)),
    0.3989422804014327: lambda tidy: tidy.multiply(
        [(_root_of(tidy, tidy.multiply([((2, ONE), 1), (tidy.special("pi", math.pi), 1)])), -1)]
    ),
}
