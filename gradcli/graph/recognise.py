"""Finding in a graph what its author spelled out: sigmoid, tanh, softplus, logsumexp, softmax, relu, norm and more.

Matching is on the graph with equal lines taken as one, up to the order of + and * and the place of a sign. It looks at
structure only. A match says which primitive the line is, of which operands, and which lines it makes unnecessary.
"""

from __future__ import annotations

from math import e as E

from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, Primitive, primitives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from typing import Any

    Step = tuple[str, int | float | None, bool]  # a primitive, the other operand if any, and does that stand left
    Steps = tuple[Step, ...]

MOST_TERMS = 64  # of a sum, and of a product that is searched for a sign or a factor 2


MINUS: Step = ("neg", None, False)
UNSIGNED: Step = ("unsigned", None, False)  # from a line that became a neg line to the line under its sign


class Recipe:
    """An operand of a match: a typed line or a constant, then steps that move a sign or halve; nothing distributes."""

    __slots__ = ("constant", "line", "steps")

    def __init__(self, line: int | None, constant: float = 0.0, steps: Sequence[Step] = ()) -> None:
        self.line = line
        self.constant = constant
        self.steps = tuple(steps)

    def lines(self) -> list[int]:
        """The typed lines it is made of."""
        others = [other for _, other, _ in self.steps if type(other) is int]
        return others if self.line is None else [self.line, *others]

    def write(self, graph: Graph, moved: Sequence[int]) -> int:
        """Append its lines to GRAPH, where typed line i has become MOVED[i]."""
        index = graph.constant(self.constant) if self.line is None else moved[self.line]
        for name, other, left in self.steps:
            if name == "unsigned":
                (index,) = graph.operands[index]
            elif other is None:
                index = graph.append(NAMED[name], (index,))
            else:
                line = moved[other] if type(other) is int else graph.constant(float(other))
                index = graph.append(NAMED[name], (line, index) if left else (index, line))
        return index


class Match:
    """A line that is a primitive of the operands, or minus that; `inner` are the typed lines between, in order."""

    __slots__ = ("inner", "lines", "negative", "operands", "primitive", "static")

    def __init__(
        self, primitive: Primitive, operands: Sequence[Recipe], *, negative: bool = False, static: Any = None
    ) -> None:
        self.primitive = primitive
        self.negative = negative
        self.static = static
        self.operands = operands
        self.lines = [line for recipe in operands for line in recipe.lines()]
        self.inner: list[int] = []


def matches(graph: Graph, kept: Collection[int] = (), view: View | None = None) -> dict[int, Match]:
    """Every line that can be recognised, by index. No pattern sees through a line in KEPT, so that it stays live.

    VIEW, where given, is how the graph is looked at.
    """
    primitives()
    patterns = PATTERNS
    if graph.shapes is not None:
        from gradcli.graph.recognise_arrays import PATTERNS_OF_ARRAYS

        patterns = {**PATTERNS, **PATTERNS_OF_ARRAYS}
    view = View(graph, kept) if view is None else view
    found: dict[int, Match] = {}
    for index, primitive in enumerate(graph.primitives):
        view.root = index
        for pattern in patterns.get(primitive.name, ()):
            match = pattern(view, index)
            if match is not None:
                match.inner = sorted(line for line in _between(graph, index, match) if graph.operands[line])
                found[index] = match
                break
    return found


def _between(graph: Graph, root: int, match: Match) -> set[int]:
    """The lines between ROOT and the operands of the match, literals and other leaves among them."""
    outer = set(match.lines)
    inner: set[int] = set()
    waiting = [operand for operand in graph.operands[root] if operand not in outer]
    while waiting:
        line = waiting.pop()
        if line in inner:
            continue
        inner.add(line)
        waiting.extend(operand for operand in graph.operands[line] if operand not in outer)
    return inner


def spelling(graph: Graph, root: int, match: Match) -> list[str | int]:
    """What line ROOT was typed as: pieces of text, and the lines whose labels stand between them."""
    from gradcli.graph.notation import atom, constant, operation

    outer = set(match.lines)
    texts: dict[int, Any] = {}
    for line in [*sorted(outer | _between(graph, root, match)), root]:
        operands = graph.operands[line]
        if line != root and ((line in outer and operands) or graph.primitives[line] is VARIABLE):
            texts[line] = atom(f"{{{line}}}")
        elif graph.primitives[line] is CONSTANT:
            texts[line] = constant(graph.statics[line])
        else:
            texts[line] = operation(graph.primitives[line], graph.statics[line], [texts[o] for o in operands])
    if match.negative:
        texts[root] = operation(graph.primitives[root], None, [constant(1.0), texts[graph.operands[root][1]]])
    pieces = texts[root][0].replace("{", "}").split("}")
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)]


class View:
    """The graph as a matcher sees it: equal lines have one number, and minus a line has minus its number.

    Commutative operands have one order, and signs move through products, quotients and differences, which is exact.
    """

    __slots__ = ("graph", "kept", "numbers", "root")

    def __init__(self, graph: Graph, kept: Collection[int] = ()) -> None:
        self.graph = graph
        self.kept = kept
        self.root = -1
        self.numbers: list[int] = []
        first: dict[Any, int] = {}
        for index, primitive in enumerate(graph.primitives):
            operands = [self.numbers[operand] for operand in graph.operands[index]]
            static: Any = graph.statics[index]
            name, sign = primitive.name, 1
            if primitive is VARIABLE or index in kept:
                self.numbers.append(index + 1)
                continue
            if name == "neg":
                self.numbers.append(-operands[0])
                continue
            if primitive is CONSTANT:
                if type(static) is float:
                    sign, static = (-1, -static) if static < 0 else (1, static)
                else:
                    static = id(static)
            elif name in ("mul", "div"):
                sign = 1 if (operands[0] > 0) == (operands[1] > 0) else -1
                operands = [abs(number) for number in operands]
            elif name in ("add", "sub"):
                operands = sorted((operands[0], operands[1] if name == "add" else -operands[1]), key=abs)
                sign = 1 if operands[0] > 0 else -1
                operands, name = [sign * number for number in operands], "add"
            if name in ("add", "mul", "equal", "not_equal"):
                operands.sort()
            self.numbers.append(sign * first.setdefault((name, repr(static), *operands), index + 1))

    def name(self, line: int) -> str:
        return "kept" if line in self.kept and line != self.root else self.graph.primitives[line].name

    def operands(self, line: int) -> tuple[int, ...]:
        return self.graph.operands[line]

    def is_number(self, line: int, value: float) -> bool:
        return self.is_constant(line) and bool(self.graph.statics[line] == value)

    def is_constant(self, line: int) -> bool:
        return self.name(line) == "constant" and type(self.graph.statics[line]) is float

    def equal(self, a: int, b: int) -> bool:
        return self.numbers[a] == self.numbers[b]

    def pairs(self, line: int) -> Iterator[tuple[int, int]]:
        """The two operands in both orders."""
        a, b = self.operands(line)
        yield a, b
        yield b, a

    def factor(self, line: int, fits: Callable[[int], bool]) -> tuple[int, Steps] | None:
        """A factor of the product LINE that FITS (LINE itself may), with the steps that lead from it back to LINE."""
        waiting: list[tuple[int, Steps]] = [(line, ())]
        for _ in range(MOST_TERMS):
            if not waiting:
                break
            line, steps = waiting.pop()
            if fits(line):
                return line, steps
            name = self.name(line)
            if name in ("mul", "div"):
                a, b = self.operands(line)
                waiting.append((b, ((name, a, True), *steps)))
                waiting.append((a, ((name, b, False), *steps)))
        return None

    def is_signed(self, line: int) -> bool:
        """Whether LINE is written with a sign of its own."""
        if self.name(line) in ("neg", "div"):
            return self.name(line) == "neg" or self.minus_sigmoid_of(line) is not None
        return self.is_constant(line) and bool(self.graph.statics[line] < 0)

    def negated(self, line: int) -> Recipe | None:
        """Minus LINE with a sign dropped somewhere in its product, or None where there is no sign to drop."""
        found = self.factor(line, self.is_signed)
        if found is None:
            return None
        signed, steps = found
        if self.is_constant(signed):
            return self.tidied(Recipe(None, -self.graph.statics[signed], steps))
        if self.name(signed) == "div":  # it is recognised itself, as minus a sigmoid
            return Recipe(signed, steps=[UNSIGNED, *steps])
        return Recipe(self.operands(signed)[0], steps=steps)

    def minus(self, line: int) -> Recipe:
        """Minus LINE: with a sign dropped where there is one, else with a neg line added."""
        return self.negated(line) or Recipe(line, steps=[MINUS])

    def half(self, line: int, *, negate: bool = False) -> Recipe:
        """Half of LINE, or minus half: without its factor 2 where it has one, else by a division, which is exact."""
        if negate and self.name(line) == "neg":
            line, negate = self.operands(line)[0], False
        found = self.factor(line, lambda factor: self.is_number(factor, 2.0) or self.is_number(factor, -2.0))
        if found is None or any(name == "div" and left for name, _, left in found[1]):  # none, or below a bar
            recipe = Recipe(line, steps=[("div", 2.0, False)])
        else:
            recipe = self.tidied(Recipe(None, 1.0, found[1]))
            negate ^= bool(self.graph.statics[found[0]] < 0)
        return Recipe(recipe.line, recipe.constant, [*recipe.steps, MINUS]) if negate else recipe

    def tidied(self, recipe: Recipe) -> Recipe:
        """A dropped sign or factor may leave 1*x, x*1 or x/1, which are x."""
        if recipe.line is None and recipe.constant == 1.0 and recipe.steps:
            name, other, left = recipe.steps[0]
            if type(other) is int and (name == "mul" or left):
                return Recipe(other, steps=recipe.steps[1:])
        return recipe

    def exponent(self, line: int) -> Exponent | None:
        """z where LINE is exp(z) in any spelling: exp(z), e^z, 1/exp(z)."""
        name = self.name(line)
        if name == "exp":
            return Exponent(self, self.operands(line)[0])
        if name == "pow" and self.is_number(self.operands(line)[0], E):
            return Exponent(self, self.operands(line)[1])
        inverse = self.reciprocal(line)
        if inverse is not None:
            if self.name(inverse) == "exp":
                return Exponent(self, self.operands(inverse)[0], inverted=True)
            if self.name(inverse) == "pow" and self.is_number(self.operands(inverse)[0], E):
                return Exponent(self, self.operands(inverse)[1], inverted=True)
        return None

    def reciprocal(self, line: int) -> int | None:
        """d where LINE is 1/d or d^-1."""
        if self.name(line) == "div" and self.is_number(self.operands(line)[0], 1.0):
            return self.operands(line)[1]
        if self.name(line) == "power" and self.graph.statics[line] == -1:
            return self.operands(line)[0]
        return None

    def one_plus_exp(self, line: int) -> Exponent | None:
        """z where LINE is 1 + exp(z)."""
        if self.name(line) == "add":
            for a, b in self.pairs(line):
                if self.is_number(a, 1.0):
                    return self.exponent(b)
        return None

    def terms(self, line: int) -> list[int] | None:
        """The terms of a sum, at most MOST_TERMS of them; a line that is no sum is its own term."""
        found: list[int] = []
        waiting = [line]
        while waiting:
            term = waiting.pop()
            if self.name(term) == "add":
                waiting.extend(reversed(self.operands(term)))
            else:
                found.append(term)
            if len(found) + len(waiting) > MOST_TERMS:
                return None
        return found

    def exponents(self, line: int) -> list[Exponent] | None:
        """The exponents where LINE is a sum of at least two exponentials; a term 1 is exp(0)."""
        if self.name(line) != "add":
            return None
        exponents = []
        for term in self.terms(line) or ():
            exponent = Exponent(self, None) if self.is_number(term, 1.0) else self.exponent(term)
            if exponent is None:
                return None
            exponents.append(exponent)
        return exponents if sum(exponent.line is not None for exponent in exponents) > 1 else None

    def sigmoid_of(self, line: int) -> Exponent | None:
        """z where LINE is sigmoid(z), as a primitive or spelled out."""
        if self.name(line) == "sigmoid":
            return Exponent(self, self.operands(line)[0])
        inverse = self.reciprocal(line)
        if inverse is not None:
            exponent = self.one_plus_exp(inverse)
            return None if exponent is None else exponent.minus()
        if self.name(line) == "div":
            top, bottom = self.operands(line)
            above, below = self.exponent(top), self.one_plus_exp(bottom)
            if above is not None and below is not None and above.number == below.number:
                return above
        return None

    def minus_sigmoid_of(self, line: int) -> Exponent | None:
        """z where LINE is -1/(1 + exp(-z)); the sign belongs to the number 1."""
        if self.name(line) == "div" and self.is_number(self.operands(line)[0], -1.0):
            exponent = self.one_plus_exp(self.operands(line)[1])
            return None if exponent is None else exponent.minus()
        return None

    def twice_a_sigmoid_of(self, line: int) -> Exponent | None:
        """z where LINE is 2*sigmoid(z), sigmoid in any spelling."""
        if self.name(line) == "mul":
            for two, gate in self.pairs(line):
                if self.is_number(two, 2.0):
                    return self.sigmoid_of(gate)
        if self.name(line) == "div" and self.is_number(self.operands(line)[0], 2.0):
            exponent = self.one_plus_exp(self.operands(line)[1])
            return None if exponent is None else exponent.minus()
        return None

    def square_of(self, line: int) -> Recipe | None:
        """x where LINE is a square: x^2, x*x, square(x), or the number 1."""
        name, operands = self.name(line), self.operands(line)
        if (name == "power" and self.graph.statics[line] == 2) or name == "square":
            return Recipe(operands[0])
        if name == "mul" and self.equal(*operands):
            return Recipe(operands[0])
        return Recipe(None, 1.0) if self.is_number(line, 1.0) else None


class Exponent:
    """The z of an exp(z), or of 1/exp(z); line None is the number 0. Its number is minus that of -z."""

    __slots__ = ("inverted", "line", "number", "view")

    def __init__(self, view: View, line: int | None, *, inverted: bool = False) -> None:
        self.view = view
        self.line = line
        self.inverted = inverted
        self.number = 0 if line is None else -view.numbers[line] if inverted else view.numbers[line]

    def plain(self) -> Recipe:
        """z as an operand."""
        if self.line is None:
            return Recipe(None, 0.0)
        return self.view.minus(self.line) if self.inverted else Recipe(self.line)

    def minus(self) -> Exponent:
        """The exponent of the reciprocal."""
        return Exponent(self.view, self.line, inverted=not self.inverted)

    def half(self) -> Recipe:
        """z/2 as an operand."""
        assert self.line is not None
        return self.view.half(self.line, negate=self.inverted)

    def is_signed(self) -> bool:
        """Whether z is written with a sign that can be dropped."""
        return self.line is not None and (self.inverted or self.view.negated(self.line) is not None)


def _match(name: str, *operands: Recipe | None) -> Match | None:
    given = [operand for operand in operands if operand is not None]
    return Match(NAMED[name], given) if len(given) == len(operands) else None


def _sigmoid(view: View, line: int) -> Match | None:
    """1/(1 + exp(-z)), exp(z)/(1 + exp(z))."""
    return _of_exponent("sigmoid", view.sigmoid_of(line))


def _minus_sigmoid(view: View, line: int) -> Match | None:
    """-1/(1 + exp(-z))."""
    exponent = view.minus_sigmoid_of(line)
    return None if exponent is None else Match(NAMED["sigmoid"], [exponent.plain()], negative=True)


def _of_exponent(name: str, exponent: Exponent | None) -> Match | None:
    return None if exponent is None else _match(name, exponent.plain())


def _tanh(view: View, line: int) -> Match | None:
    """(exp(z)-exp(-z))/(exp(z)+exp(-z)), (exp(u)-1)/(exp(u)+1), (1-exp(s))/(1+exp(s)), sinh(z)/cosh(z)."""
    top, bottom = view.operands(line)
    if view.name(top) == "sinh" and view.name(bottom) == "cosh":
        (z,), (other,) = view.operands(top), view.operands(bottom)
        return _match("tanh", Recipe(z)) if abs(view.numbers[z]) == abs(view.numbers[other]) else None
    below = view.one_plus_exp(bottom)
    if view.name(top) == "expm1" and below is not None:
        return _match("tanh", below.half()) if view.numbers[view.operands(top)[0]] == below.number else None
    if view.name(top) != "sub":
        return None
    a, b = view.operands(top)
    if below is not None:
        rising, falling = view.exponent(a), view.exponent(b)
        if view.is_number(b, 1.0) and rising is not None and rising.number == below.number:
            return _match("tanh", rising.half())
        if view.is_number(a, 1.0) and falling is not None and falling.number == below.number:
            return _match("tanh", falling.minus().half())
        return None
    pair = _opposite_exponents(view, top)
    sums = _opposite_exponents(view, bottom) if view.name(bottom) == "add" else None
    if pair is None or sums is None or abs(pair[0].number) != abs(sums[0].number):
        return None
    return _match("tanh", pair[0].plain())


def _opposite_exponents(view: View, line: int) -> tuple[Exponent, Exponent] | None:
    """z and -z where LINE is exp(z) + or - exp(-z)."""
    a, b = view.operands(line)
    first, second = view.exponent(a), view.exponent(b)
    if first is None or second is None or first.number != -second.number:
        return None
    return first, second


def _hyperbolic(view: View, line: int) -> Match | None:
    """(exp(z) - exp(-z))/2 and (exp(z) + exp(-z))/2, or times 0.5."""
    a, b = view.operands(line)
    if view.name(line) == "div":
        body = a if view.is_number(b, 2.0) else None
    else:
        body = a if view.is_number(b, 0.5) else b if view.is_number(a, 0.5) else None
    if body is None or view.name(body) not in ("add", "sub"):
        return None
    pair = _opposite_exponents(view, body)
    if pair is None:
        return None
    if view.name(body) == "sub":
        return _match("sinh", pair[0].plain())
    return _match("cosh", pair[1 if pair[0].is_signed() else 0].plain())


def _softmax(view: View, line: int) -> Match | None:
    """exp(a)/(exp(a) + exp(b) + ...), and 1 over such a sum with a term 1."""
    inverse = view.reciprocal(line)
    bottom = inverse if inverse is not None else view.operands(line)[1]
    exponents = view.exponents(bottom)
    if exponents is None:
        return None
    above = Exponent(view, None) if inverse is not None else view.exponent(view.operands(line)[0])
    for place, exponent in enumerate(exponents):
        if above is not None and exponent.number == above.number:
            rest = [*exponents[:place], *exponents[place + 1 :]]
            return _match("softmax", exponent.plain(), *(other.plain() for other in rest))
    return None


def _silu_quotient(view: View, line: int) -> Match | None:
    """x/(1 + exp(-x))."""
    top, bottom = view.operands(line)
    below = view.one_plus_exp(bottom)
    if below is None or below.number != -view.numbers[top] or view.is_constant(top):
        return None
    return _match("silu", Recipe(top))


def _silu_product(view: View, line: int) -> Match | None:
    """x*sigmoid(x), sigmoid in any spelling."""
    for x, gate in view.pairs(line):
        z = view.sigmoid_of(gate)
        if z is not None and z.number == view.numbers[x] and not view.is_constant(x):
            return _match("silu", Recipe(x))
    return None


def _softplus(view: View, line: int) -> Match | None:
    """log(1 + exp(z)), log1p(exp(z))."""
    (inner,) = view.operands(line)
    return _of_exponent("softplus", view.one_plus_exp(inner) if view.name(line) == "log" else view.exponent(inner))


def _logsigmoid(view: View, line: int) -> Match | None:
    """log(sigmoid(z)), sigmoid in any spelling."""
    return _of_exponent("logsigmoid", view.sigmoid_of(view.operands(line)[0]))


def _minus_softplus(view: View, line: int) -> Match | None:
    """-softplus(-z), -log(1 + exp(-z)); without a sign in z there is nothing to gain."""
    (inner,) = view.operands(line)
    exponent = None
    if view.name(inner) == "softplus":
        exponent = Exponent(view, view.operands(inner)[0])
    elif view.name(inner) == "log":
        exponent = view.one_plus_exp(view.operands(inner)[0])
    elif view.name(inner) == "log1p":
        exponent = view.exponent(view.operands(inner)[0])
    return _of_exponent("logsigmoid", exponent.minus()) if exponent is not None and exponent.is_signed() else None


def _logaddexp(view: View, line: int) -> Match | None:
    """log(exp(a) + exp(b) + ...)."""
    exponents = view.exponents(view.operands(line)[0])
    return None if exponents is None else _match("logaddexp", *(exponent.plain() for exponent in exponents))


def _log1p(view: View, line: int) -> Match | None:
    """log(1 + x), log(1 - x)."""
    (inner,) = view.operands(line)
    if view.name(inner) == "add":
        for a, b in view.pairs(inner):
            if view.is_number(a, 1.0) and not view.is_constant(b):
                return _match("log1p", Recipe(b))
    if view.name(inner) == "sub":
        a, b = view.operands(inner)
        if view.is_number(a, 1.0) and not view.is_constant(b):
            return _match("log1p", view.minus(b))
    return None


def _expm1(view: View, line: int) -> Match | None:
    """exp(x) - 1, -1 + exp(x)."""
    a, b = view.operands(line)
    if view.name(line) == "sub":
        exponent = view.exponent(a) if view.is_number(b, 1.0) else None
    else:
        exponent = (
            view.exponent(b) if view.is_number(a, -1.0) else view.exponent(a) if view.is_number(b, -1.0) else None
        )
    return None if exponent is None else _match("expm1", exponent.plain())


def _tanh_of_sigmoid(view: View, line: int) -> Match | None:
    """2*sigmoid(2*z) - 1, 2/(1 + exp(-2*z)) - 1, 1 - 2/(1 + exp(2*z))."""
    a, b = view.operands(line)
    if view.name(line) == "sub" and view.is_number(a, 1.0):
        falling = view.twice_a_sigmoid_of(b)
        return None if falling is None else _match("tanh", falling.minus().half())
    for double, one in [(a, b)] if view.name(line) == "sub" else view.pairs(line):
        if view.is_number(one, 1.0 if view.name(line) == "sub" else -1.0):
            rising = view.twice_a_sigmoid_of(double)
            return None if rising is None else _match("tanh", rising.half())
    return None


def _norm(view: View, line: int) -> Match | None:
    """sqrt(x^2 + y^2 + ...), and sqrt(x^2), which is abs(x)."""
    if view.name(line) == "power" and view.graph.statics[line] != 0.5:
        return None
    terms = view.terms(view.operands(line)[0])
    roots = [view.square_of(term) for term in terms or ()]
    if not roots or all(root is None or root.line is None for root in roots):
        return None
    return _match("abs" if len(roots) == 1 else "hypot", *roots)


def _relu(view: View, line: int) -> Match | None:
    """max(x, 0) and max(0, x), with the tie they had."""
    if len(view.operands(line)) != 2:
        return None
    for x, zero in view.pairs(line):
        if view.is_number(zero, 0.0) and not view.is_constant(x):
            if view.name(line) == "max":
                return _match("relu_split", Recipe(x))
            return _match("relu_first" if x == view.operands(line)[0] else "relu", Recipe(x))
    return None


def _exp(view: View, line: int) -> Match | None:
    """e^x."""
    base, exponent = view.operands(line)
    return _match("exp", Recipe(exponent)) if view.is_number(base, E) else None


PATTERNS: dict[str, tuple[Callable[[View, int], Match | None], ...]] = {
    "div": (_tanh, _silu_quotient, _sigmoid, _minus_sigmoid, _softmax, _hyperbolic),
    "power": (_sigmoid, _norm),
    "mul": (_silu_product, _hyperbolic),
    "log": (_softplus, _logsigmoid, _logaddexp, _log1p),
    "log1p": (_softplus,),
    "neg": (_minus_softplus,),
    "sub": (_tanh_of_sigmoid, _expm1),
    "add": (_tanh_of_sigmoid, _expm1),
    "sqrt": (_norm,),
    "max": (_relu,),
    "max_first": (_relu,),
    "pow": (_exp,),
}
