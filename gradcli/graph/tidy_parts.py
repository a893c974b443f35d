"""Parts of formulas, each held once: what kind it is, what it is made of, its shape, and what is known of it."""

from __future__ import annotations

from gradcli.graph import primitives
from gradcli.graph.shapes import broadcast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.tidy_numbers import Coefficient

    Value = tuple[Coefficient, int]

ATOM, SUM, PRODUCT, CALL = range(4)
FINITE, NONZERO, NONNEGATIVE, BOOLEAN, ROBUST = 1, 2, 4, 8, 16  # ROBUST: finite in floats, too
POSITIVE = NONZERO | NONNEGATIVE
ONE = 0  # the part of a number
UNIT: Value = (1, ONE)
ZERO: Value = (0, ONE)

NOBODY = 1 << 60  # the first variable of what has none

LONGEST = 1 << 30
MOST_SHARED = 12  # terms or factors of a part that is flattened wherever it is used
MOST_ATTEMPTS = 3  # at a shorter form inside of each other
MOST_SPREAD = 8  # terms of a sum that is multiplied out
MOST_FACTORED = 24  # terms among which common factors are looked for

COMPARISONS = {
    "less": lambda a, b: a < b, "less_equal": lambda a, b: a <= b, "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b, "equal": lambda a, b: a == b, "not_equal": lambda a, b: a != b,
}  # fmt: skip
BOUNDED = frozenset(("sin", "cos", "tanh", "sigmoid", "atan", "erf", "erfc", "sign", "softmax", "softsign", "less",
                     "less_equal", "greater", "greater_equal", "equal", "not_equal"))  # fmt: skip


class Parts:
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

    def factors(self, part: int) -> tuple[tuple[int, Any], ...]:
        """A part as bases with exponents."""
        if self.kinds[part] == PRODUCT:
            found: tuple[tuple[int, Any], ...] = self.parts[part]
            return found
        return ((part, 1),)

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

    if TYPE_CHECKING:  # what sums and products need of each other

        def add(self, values: Iterable[Value]) -> Value: ...
        def multiply(self, factors: Iterable[tuple[Value, Any]]) -> Value: ...
        def call(self, name: str, static: Any, operands: Sequence[Value]) -> Value: ...
        def _sum(self, constant: Coefficient, terms: dict[int, Coefficient]) -> int: ...
        def _product(self, coefficient: Coefficient, factors: Sequence[tuple[int, Any]]) -> Value: ...
        def _turned(self, coefficient: Coefficient, part: int) -> Value: ...

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
