"""Sums of formulas: flat, like terms added, common factors taken out where that is shorter."""

from __future__ import annotations

from gradcli.graph import NAMED
from gradcli.graph.tidy_numbers import clean, content_of, inverse, is_power_of_two
from gradcli.graph.tidy_parts import (
    ATOM,
    BOOLEAN,
    CALL,
    FINITE,
    MOST_ATTEMPTS,
    MOST_FACTORED,
    MOST_SHARED,
    MOST_SPREAD,
    NOBODY,
    NONNEGATIVE,
    NONZERO,
    ONE,
    POSITIVE,
    PRODUCT,
    ROBUST,
    SUM,
    ZERO,
    Parts,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.graph import Primitive
    from gradcli.graph.tidy_numbers import Coefficient
    from gradcli.graph.tidy_parts import Value

SQUARES = {"sin": ("cos", 1), "cos": ("sin", 1), "cosh": ("sinh", -1), "sinh": ("cosh", -1)}


class Sums(Parts):
    """Sums of formulas: flat, like terms added, common factors taken out where that is shorter."""

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
                    return Sums.add(self, [(constant, ONE), *rest, *merged])
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
            if self.kinds[part] != SUM or not is_power_of_two(number) or not self._flattens(part, 0):
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
        content = content_of([terms[part] for part in parts])
        rest = []
        for part in parts:
            left = []
            to_take = dict(common)  # a base may stand in a product twice on one side: u^-1.5*u^-1.5
            for base, exponent in self.factors(part):
                taken = to_take.pop((base, exponent > 0), 0)
                if exponent != taken:
                    left.append((base, exponent - taken))
            number, made = self._product(clean(terms[part] * inverse(content)), left)
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
