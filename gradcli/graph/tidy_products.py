"""Products and powers of formulas: flat, equal factors as one power, numbers and signs in front."""

from __future__ import annotations

from gradcli.graph import NAMED
from gradcli.graph.tidy_numbers import clean, content_of, exact_root, inverse, plain, to_power
from gradcli.graph.tidy_parts import (
    BOOLEAN,
    BOUNDED,
    CALL,
    COMPARISONS,
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
    UNIT,
    ZERO,
)
from gradcli.graph.tidy_sums import Sums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.graph.tidy_numbers import Coefficient
    from gradcli.graph.tidy_parts import Value

MOST_POWER = 100  # up to which powers of powers are multiplied out
MOST_MERGED = 10**6  # of an exponent that further factors are added to


class Products(Sums):
    """Products and powers of formulas: flat, equal factors as one power, numbers and signs in front."""

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
                coefficient *= to_power(value[0], exponent)
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
        return self.multiply([((coefficient, ONE), 1), *factors])

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
            return to_power(number, exponent)
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
        return to_power(number, exponent)

    def normal(self, part: int) -> Value:
        """A sum as number times sum: its first term is positive, and whole coefficients have no common divisor."""
        constant, terms = self.parts[part]
        if not terms:
            return (constant, ONE)
        if not constant and len(terms) == 1:
            return (terms[0][1], terms[0][0])
        if any(self.flags[other] & BOOLEAN for other, _ in terms):
            return (1, part)
        content = content_of([*[number for _, number in terms], *[constant] * (constant != 0)])
        if self.leading(part) < 0:
            content = -content
        if content == 1:
            return (1, part)
        scale = inverse(content)
        made = self._sum(clean(constant * scale), {other: number * scale for other, number in terms})
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
            total = plain(sum(exponents))
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
        total = plain(sum(exponents))
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
            root = exact_root(number, exponent)
            if root is not None:
                return (root, ONE)
        return self.multiply([(value, exponent)])
