"""Tidy values as text in the language: parts that are used again get names where that is shorter."""

from __future__ import annotations

from fractions import Fraction

from gradcli.graph import (
    ATOM_LEVEL,
    COMPARISON_LEVEL,
    POWER_LEVEL,
    PRODUCT_LEVEL,
    SIGN_LEVEL,
    SUM_LEVEL,
    Primitive,
)
from gradcli.graph.tidy import Tidy
from gradcli.graph.tidy_parts import ATOM, CALL, ONE, PRODUCT, SUM
from gradcli.text import shortest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Any

    from gradcli.graph.tidy_numbers import Coefficient
    from gradcli.graph.tidy_parts import Value

LONGEST_DECIMAL = 12  # digits after the point of a fraction that is written as a decimal
LARGEST_FRACTION = 10**7
LARGEST_WHOLE = 10**15
LEAST_NAMED = 9  # letters of a part that gets a name
LEAST_SAVED = 10  # letters that are saved by it: one line reads better than two
OPEN, CLOSE = "\ue000", "\ue001"  # around the number of an operand, while a notation arranges its text
SIGNS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!="}
INFIX = {"add": ("+", SUM_LEVEL), "sub": ("-", SUM_LEVEL), "mul": ("*", PRODUCT_LEVEL), "div": ("/", PRODUCT_LEVEL),
         "matmul": ("@", PRODUCT_LEVEL)}  # fmt: skip


UNSAID = frozenset(("fit", "scatter", "one_hot", "cofactors", "cofactors_back", "centred", "centred_by", "excess"))


class Text:
    """A text in pieces that are joined once, at the end; how long it is and how loosely it binds."""

    __slots__ = ("length", "level", "pieces")

    def __init__(self, pieces: Sequence[Any], level: int) -> None:
        self.pieces = pieces
        self.level = level
        self.length = sum([len(piece) if type(piece) is str else piece.length for piece in pieces])

    def __str__(self) -> str:
        found: list[str] = []
        waiting: list[Any] = [self]
        while waiting:
            piece = waiting.pop()
            if type(piece) is str:
                found.append(piece)
            else:
                waiting += reversed(piece.pieces)
        return "".join(found)

    def start(self) -> str:
        """Its first letter."""
        piece: Any = self
        while type(piece) is not str:
            piece = next((p for p in piece.pieces if p != ""), "")
        return piece[:1]


class TooLong(Exception):
    """A formula has more letters than are printed; how many, as far as it was counted."""

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length


class Unsaid(Exception):
    """The language has no word for a part of a formula."""


class Written:
    """Formulas as text, and the names that they share, in order."""

    __slots__ = ("names", "texts")

    def __init__(self, names: Sequence[tuple[str, str]], texts: Sequence[str]) -> None:
        self.names = names
        self.texts = texts

    def program(self) -> str:
        """One formula as a program: its names, then itself."""
        return "\n".join([*(f"{name} = {text}" for name, text in self.names), *self.texts])


class Writer:
    """Writes tidy values in the language. Names in TAKEN are left to the user; DECIMALS prefers 0.5*x to x/2."""

    most = 1 << 20  # letters, as many as an expression may have

    def __init__(
        self, tidy: Tidy, *, taken: Collection[str] = (), decimals: bool = False, most: int | None = None
    ) -> None:
        self.tidy = tidy
        self.taken = set(taken)
        self.decimals = decimals
        self.most = self.most if most is None else most
        self.texts: dict[int, Text] = {}
        self.named: dict[int, Text] = {}
        self.count = 0

    def write(self, values: Sequence[Value]) -> Written:
        """The texts of VALUES. Raises TooLong."""
        roots = [part for _, part in values if part != ONE]
        order, uses = self._order(roots)
        definitions: list[tuple[str, Text]] = []
        for part in order:
            text = self.texts[part] = self._part(part)
            if uses[part] > 1 and self.tidy.kinds[part] != ATOM:
                name = self._next_name()
                size = self.name(name).length
                saved = (text.length - size) * uses[part] - (size + text.length + 4)
                if text.length >= LEAST_NAMED and saved >= LEAST_SAVED:
                    self.count += 1
                    self.taken.add(name)
                    definitions.append((name, text))
                    self.named[part] = self.texts[part] = self.name(name)
        texts = [self.value(value) for value in values]
        length = sum([text.length for _, text in definitions]) + sum([text.length for text in texts])
        if length > self.most:
            raise TooLong(length)
        return Written([(name, str(text)) for name, text in definitions], [str(text) for text in texts])

    def _next_name(self) -> str:
        number = self.count + 1
        while f"v{number}" in self.taken:
            number += 1
        return f"v{number}"

    def _order(self, roots: Sequence[int]) -> tuple[list[int], dict[int, int]]:
        """The parts to be written, those before their users, and how often each is used."""
        order: list[int] = []
        uses: dict[int, int] = {}
        waiting = [(root, False) for root in reversed(roots)]
        while waiting:
            part, done = waiting.pop()
            if done:
                order.append(part)
                continue
            if part == ONE:
                continue
            uses[part] = uses.get(part, 0) + 1
            if uses[part] == 1:
                waiting.append((part, True))
                waiting += [(other, False) for other in reversed(self._edges(part))]
        return order, uses

    def _edges(self, part: int) -> list[int]:
        """What the text of a part is made of."""
        tidy = self.tidy
        kind, made_of = tidy.kinds[part], tidy.parts[part]
        if kind == ATOM:
            return []
        if kind == SUM:
            return [other for other, _ in made_of[1]]
        if kind == CALL:
            return list(made_of[2])
        found: list[int] = []
        for base, exponent in made_of:
            found += self._exponents_operands(base) if exponent != 1 and tidy.powers_add(base) else [base]
        return found

    def _exponents_operands(self, base: int) -> list[int]:
        *others, last = self.tidy.parts[base][2]
        return [*others, self.tidy.value(last)[1]]

    # Parts

    def _part(self, part: int) -> Text:
        kind, made_of = self.tidy.kinds[part], self.tidy.parts[part]
        if kind == ATOM:
            return self.name(made_of[0]) if made_of[1] is None else self.special(*made_of)
        if kind == SUM:
            return self._sum(part)
        if kind == PRODUCT:
            return self._product(1, made_of)
        primitive, static, operands = made_of
        return self._call(primitive, static, [self.texts[o] if o != ONE else self.numeral(1) for o in operands])

    def value(self, value: Value) -> Text:
        """A value that stands alone: a minus sign goes into a difference where it can."""
        number, part = value
        if part == ONE:
            return self.numeral(number)
        if number == 1 or part in self.named:
            return self.texts[part] if number == 1 else self._product(number, ((part, 1),))
        if number == -1 and self.tidy.kinds[part] == SUM:
            return self._sum(part, -1)
        return self._product(number, self._factors(part))

    def _factors(self, part: int) -> Sequence[tuple[int, Any]]:
        return ((part, 1),) if part in self.named else self.tidy.factors(part)

    def _sum(self, part: int, sign: int = 1) -> Text:
        terms = self.tidy.term_order(part)
        if sign < 0:
            terms = [(other, -number) for other, number in terms]
            lead = next((place for place, (other, number) in enumerate(terms) if number > 0 and other != ONE), None)
            if lead is None:
                lead = next((place for place, (_, number) in enumerate(terms) if number > 0), 0)
            terms = [terms[lead], *terms[:lead], *terms[lead + 1 :]]
        pieces: list[Any] = []
        level = SUM_LEVEL
        for place, (other, number) in enumerate(terms):
            if place:
                pieces.append(" - " if number < 0 else " + ")
                number = abs(number)
            if other == ONE:
                text = self.numeral(number)
            else:
                text = self._product(number, self._factors(other), alone=not place)
            pieces.append(text if text.level >= (PRODUCT_LEVEL if place else SUM_LEVEL) else self.within(text))
            level = text.level if len(terms) == 1 else SUM_LEVEL
        return Text(pieces, level)

    def _product(self, number: Coefficient, factors: Sequence[tuple[int, Any]], *, alone: bool = True) -> Text:
        """A number times powers."""
        negative = number < 0
        turned = self._turned(factors) if negative and alone else None
        above: list[tuple[Text, bool]] = []
        below: list[Text] = []
        whole, divisor = self.split(abs(number))
        for base, exponent in self.tidy.factor_order(factors):
            if exponent != 1 and base not in self.named and self.tidy.powers_add(base):
                above.append((self._exponential(base, exponent), not self.tidy.shapes[base]))
                continue
            text = self._sum(base, -1) if base == turned else self.texts[base]
            if exponent not in (1, -1):
                text = self.power(text, base, abs(exponent))
            if exponent > 0:
                above.append((text, not self.tidy.shapes[base]))
            else:
                below.append(text)
        if whole != "1" or not above:
            above.insert(0, (self.digits(whole), True))
        if divisor:
            below.insert(0, self.digits(divisor))
        text = self.times(above)
        if below:
            text = self.fraction(text, below)
        if negative and turned is None:
            text = self._at_least(text, PRODUCT_LEVEL)
            text = Text(["-", text], min(text.level, SIGN_LEVEL))
        return text

    def _turned(self, factors: Sequence[tuple[int, Any]]) -> int | None:
        """A sum that can take a minus sign and start with a positive term."""
        bases = [base for base, _ in factors]
        for base, exponent in self.tidy.factor_order(factors):
            once = bases.count(base) == 1  # above and below the line, two signs would turn
            if once and self.tidy.kinds[base] == SUM and exponent % 2 == 1 and base not in self.named:
                constant, terms = self.tidy.parts[base]
                if constant < 0 or any(number < 0 for _, number in terms):
                    return base
        return None

    def _exponential(self, base: int, exponent: Any) -> Text:
        primitive, static, operands = self.tidy.parts[base]
        number, part = self.tidy.value(operands[-1])
        scaled = self.value((number * exponent, part))
        others = [self.texts[other] for other in operands[:-1]]
        return self._call(primitive, static, [*others, scaled])

    # Numbers

    def split(self, number: Coefficient) -> tuple[str, str]:
        """A number that is not negative as what stands above and below a line; nothing below where it is whole."""
        if type(number) is int or number.denominator == 1:
            return (str(int(number)) if number < LARGEST_WHOLE else shortest(float(number)), "")
        found = Fraction(number)
        rest = found.denominator
        for prime in (2, 5):
            while rest % prime == 0:
                rest //= prime
        text = shortest(float(number))
        if rest == 1 and (self.decimals or found.denominator > 1000) and len(text) <= LONGEST_DECIMAL + 2:
            return (text, "")
        if found.numerator < LARGEST_FRACTION and found.denominator < LARGEST_FRACTION:
            return (str(found.numerator), str(found.denominator))
        return (text, "")

    def numeral(self, number: Coefficient) -> Text:
        """A number that stands alone, or as a term."""
        above, below = self.split(abs(number))
        text = self.digits(above)
        if below:
            text = self.fraction(text, [self.digits(below)])
        return Text(["-", text], min(text.level, SIGN_LEVEL)) if number < 0 else text

    # How the language writes it

    def name(self, name: str) -> Text:
        """A name."""
        return Text([name], ATOM_LEVEL)

    def special(self, text: str, value: Any) -> Text:
        """A number with a name, or an array of numbers; where the user has that name, its digits."""
        if text in self.taken and type(value) is float:
            return Text([shortest(value)], ATOM_LEVEL)
        return Text([text], ATOM_LEVEL)

    def digits(self, text: str) -> Text:
        """A number without sign."""
        return Text([text], ATOM_LEVEL)

    def within(self, text: Text) -> Text:
        """In parentheses."""
        return Text(["(", text, ")"], ATOM_LEVEL)

    def _at_least(self, text: Text, level: int) -> Text:
        return text if text.level >= level else self.within(text)

    def times(self, factors: Sequence[tuple[Text, bool]]) -> Text:
        """A product; beside each factor stands whether it is a scalar, so that `2*X.T@y` needs no parentheses."""
        pieces: list[Any] = []
        scalars = True
        for place, (text, scalar) in enumerate(factors):
            tight = text.level > PRODUCT_LEVEL or (scalars and text.level == PRODUCT_LEVEL)
            pieces += ["*"] * bool(place) + [text if tight else self.within(text)]
            scalars = scalars and scalar
        if len(pieces) == 1:
            return pieces[0] if isinstance(pieces[0], Text) else Text(pieces, ATOM_LEVEL)
        return Text(pieces, PRODUCT_LEVEL)

    def fraction(self, above: Text, below: Sequence[Text]) -> Text:
        """A quotient."""
        if len(below) == 1:
            under = self._at_least(below[0], POWER_LEVEL)
        else:
            under = self.within(self.times([(text, False) for text in below]))
        return Text([self._at_least(above, PRODUCT_LEVEL), "/", under], PRODUCT_LEVEL)

    def power(self, text: Text, base: int, exponent: Coefficient) -> Text:
        """TEXT, which is that of BASE, to a positive constant power."""
        above, below = self.split(exponent)
        shown = f"({above}/{below})" if below else above
        return Text([self._at_least(text, ATOM_LEVEL), "^", shown], POWER_LEVEL)

    def _call(self, primitive: Primitive, static: Any, operands: Sequence[Text]) -> Text:
        name = primitive.name
        if name in SIGNS:
            left, right = [self._at_least(operand, SUM_LEVEL) for operand in operands]
            return self.compared(left, SIGNS[name], right)
        if name == "pow":
            return self.raised(operands[0], operands[1])
        if name == "power":
            return self.raised(operands[0], self.numeral(self.tidy.number(static)[0]))
        if name in UNSAID or (name == "index" and any(getattr(p, "step", None) is not None for p in static)):
            raise Unsaid(primitive.shown)
        if name == "neg":
            return Text(["-", self._at_least(operands[0], POWER_LEVEL)], SIGN_LEVEL)
        if name in INFIX:
            sign, level = INFIX[name]
            return self.infix(operands, sign, level)
        return self.called(primitive, static, operands)

    def compared(self, left: Text, sign: str, right: Text) -> Text:
        """A comparison."""
        return Text([left, f" {sign} ", right], COMPARISON_LEVEL)

    def raised(self, base: Text, exponent: Text) -> Text:
        """A power whose exponent is a formula."""
        return Text([self._at_least(base, ATOM_LEVEL), "^", self._at_least(exponent, SIGN_LEVEL)], POWER_LEVEL)

    def infix(self, operands: Sequence[Text], sign: str, level: int) -> Text:
        """Two operands with a sign between them."""
        left, right = operands
        gap = " " if level == SUM_LEVEL else ""
        return Text([self._at_least(left, level), f"{gap}{sign}{gap}", self._at_least(right, level + 1)], level)

    def called(self, primitive: Primitive, static: Any, operands: Sequence[Text]) -> Text:
        """A function with its operands, or what its notation makes of them."""
        if callable(primitive.notation):
            held = [(f"{OPEN}{slot}{CLOSE}", operand.level) for slot, operand in enumerate(operands)]
            text, level = primitive.notation(held, static)
            return Text(_filled(text, operands), level)
        return self.listed(primitive.shown, self.given(primitive, operands))

    def given(self, primitive: Primitive, operands: Sequence[Text]) -> Sequence[Text]:
        """The operands without those that say a default."""
        if primitive.defaults and len(operands) == len(primitive.rules):
            kept = len(operands) - len(primitive.defaults)
            if [str(operand) for operand in operands[kept:]] == [shortest(value) for value in primitive.defaults]:
                return operands[:kept]
        return operands

    def listed(self, name: str, operands: Iterable[Text]) -> Text:
        """A call."""
        pieces: list[Any] = [name, "("]
        for operand in operands:
            pieces += [operand, ", "]
        pieces[-1] = ")"
        return Text(pieces, ATOM_LEVEL)


def _filled(text: str, operands: Sequence[Text]) -> list[Any]:
    first, *rest = text.split(OPEN)
    pieces: list[Any] = [first]
    for piece in rest:
        slot, _, after = piece.partition(CLOSE)
        pieces += [operands[int(slot)], after]
    return pieces
