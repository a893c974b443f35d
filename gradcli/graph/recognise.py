"""Finding in a graph what its author spelled out: sigmoid, tanh, softplus, logsumexp, softmax, relu, norm and more.

Matching is on the graph with equal lines taken as one, up to the order of + and * and the place of a sign. It looks at
structure only. A match says which primitive the line is, of which operands, and which lines it makes unnecessary.
"""

from __future__ import annotations

from math import e as E

from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, Primitive, primitives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

MOST_TERMS = 64
COMMUTATIVE = ("add", "mul", "equal", "not_equal")


class Recipe:
    """An operand of a match: a typed line or a constant, then steps that move a sign or halve; nothing is distributed."""

    __slots__ = ("constant", "line", "steps")

    def __init__(
        self, line: int | None, constant: float = 0.0, steps: Sequence[tuple[str, int | float | None, bool]] = ()
    ) -> None:
        self.line = line
        self.constant = constant
        self.steps = tuple(steps)  # (primitive, the other operand: a line, a number or None, does it stand left)

    def lines(self) -> list[int]:
        """The typed lines it is made of."""
        others = [other for _, other, _ in self.steps if type(other) is int]
        return others if self.line is None else [self.line, *others]

    def write(self, graph: Graph, moved: Sequence[int]) -> int:
        """Append its lines to GRAPH, where typed line i has become MOVED[i]."""
        index = graph.constant(self.constant) if self.line is None else moved[self.line]
        for name, other, left in self.steps:
            if other is None:
                index = graph.append(NAMED[name], (index,))
                continue
            line = moved[other] if type(other) is int else graph.constant(float(other))
            index = graph.append(NAMED[name], (line, index) if left else (index, line))
        return index


class Match:
    """A line that is a primitive of the operands; `inner` are the typed lines between, in order."""

    __slots__ = ("inner", "lines", "operands", "primitive", "text")

    def __init__(self, primitive: Primitive, operands: Sequence[Recipe]) -> None:
        self.primitive = primitive
        self.operands = operands
        self.lines = [line for recipe in operands for line in recipe.lines()]
        self.inner: list[int] = []
        self.text: list[str | int] = []


def matches(graph: Graph) -> dict[int, Match]:
    """Every line that can be recognised, by index."""
    primitives()
    view = View(graph)
    found: dict[int, Match] = {}
    for index, primitive in enumerate(graph.primitives):
        for pattern in PATTERNS.get(primitive.name, ()):
            match = pattern(view, index)
            if match is not None:
                _add_inner_lines(graph, index, match)
                found[index] = match
                break
    return found


def _add_inner_lines(graph: Graph, root: int, match: Match) -> None:
    from gradcli.graph.notation import atom, constant, operation

    outer = set(match.lines)
    inner: set[int] = set()
    waiting = [operand for operand in graph.operands[root] if operand not in outer]
    while waiting:
        line = waiting.pop()
        if line in inner:
            continue
        inner.add(line)
        waiting.extend(operand for operand in graph.operands[line] if operand not in outer)
    match.inner = sorted(line for line in inner if graph.operands[line])
    texts: dict[int, Any] = {}
    for line in [*sorted(outer | inner), root]:
        operands = graph.operands[line]
        if line != root and line in outer and operands:
            texts[line] = atom(f"{{{line}}}")
        elif graph.primitives[line] is CONSTANT:
            texts[line] = constant(graph.statics[line])
        elif graph.primitives[line] is VARIABLE:
            texts[line] = atom(f"{{{line}}}")
        else:
            texts[line] = operation(graph.primitives[line], graph.statics[line], [texts[o] for o in operands])
    pieces = texts[root][0].replace("{", "}").split("}")
    match.text = [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)]


class View:
    """The graph as a matcher sees it: equal lines have one number, commutative operands one order."""

    __slots__ = ("graph", "same")

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.same: list[int] = []
        first: dict[Any, int] = {}
        for index, primitive in enumerate(graph.primitives):
            operands = [self.same[operand] for operand in graph.operands[index]]
            if primitive.name in COMMUTATIVE:
                operands.sort()
            static = graph.statics[index]
            key = (primitive.name, repr(static), index if primitive is VARIABLE else 0, *operands)
            self.same.append(first.setdefault(key, index))

    def name(self, line: int) -> str:
        return self.graph.primitives[line].name

    def operands(self, line: int) -> tuple[int, ...]:
        return self.graph.operands[line]

    def is_number(self, line: int, value: float) -> bool:
        return self.graph.primitives[line] is CONSTANT and bool(self.graph.statics[line] == value)

    def is_constant(self, line: int) -> bool:
        return self.graph.primitives[line] is CONSTANT

    def equal(self, a: int | None, b: int | None) -> bool:
        return a is not None and b is not None and self.same[a] == self.same[b]

    def pairs(self, line: int) -> Iterator[tuple[int, int]]:
        """The two operands in both orders."""
        a, b = self.operands(line)
        yield a, b
        yield b, a

    def negated(self, line: int) -> Recipe | None:
        """Minus LINE with a sign dropped somewhere in its product, or None where there is no sign to drop."""
        steps: list[tuple[str, int | float | None, bool]] = []
        while True:
            name = self.name(line)
            if name == "neg":
                return Recipe(self.operands(line)[0], steps=steps[::-1])
            if name == "constant":
                value = self.graph.statics[line]
                return Recipe(None, -value, steps[::-1]) if value < 0 else None
            if name not in ("mul", "div"):
                return None
            a, b = self.operands(line)
            if name == "mul" and self.name(b) == "neg":
                return Recipe(self.operands(b)[0], steps=[("mul", a, True), *steps[::-1]])
            steps.append((name, b, False))
            line = a

    def minus(self, line: int) -> Recipe:
        """Minus LINE: with a sign dropped where there is one, else with a neg line added."""
        dropped = self.negated(line)
        if dropped is not None:
            return _without_ones(dropped)
        return Recipe(line, steps=[("neg", None, False)])

    def half(self, line: int) -> Recipe:
        """Half of LINE: without its factor 2 where it has one, else by a division, which is exact."""
        if self.name(line) == "mul":
            for a, b in self.pairs(line):
                if self.is_number(a, 2.0):
                    return Recipe(b)
                if self.is_number(a, -2.0):
                    return Recipe(b, steps=[("neg", None, False)])
        return Recipe(line, steps=[("div", 2.0, False)])

    def minus_half(self, line: int) -> Recipe:
        """Minus half of LINE, as simple as it can be said."""
        if self.name(line) == "mul":
            for a, b in self.pairs(line):
                if self.is_number(a, -2.0):
                    return Recipe(b)
                if self.name(a) == "neg" and self.is_number(self.operands(a)[0], 2.0):
                    return Recipe(b)
        if self.name(line) == "neg":
            return self.half(self.operands(line)[0])
        half = self.half(line)
        return Recipe(half.line, half.constant, [*half.steps, ("neg", None, False)])

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

    def sigmoid_of(self, line: int) -> Recipe | None:
        """z where LINE is sigmoid(z), as a primitive or spelled out."""
        if self.name(line) == "sigmoid":
            return Recipe(self.operands(line)[0])
        inverse = self.reciprocal(line)
        if inverse is not None:
            exponent = self.one_plus_exp(inverse)
            if exponent is not None:
                return exponent.minus()
        if self.name(line) == "div":
            top, bottom = self.operands(line)
            above, below = self.exponent(top), self.one_plus_exp(bottom)
            if above is not None and below is not None and above.same_as(below):
                return above.plain()
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
    """The z of an exp(z), or of 1/exp(z); line None is the number 0."""

    __slots__ = ("inverted", "line", "view")

    def __init__(self, view: View, line: int | None, *, inverted: bool = False) -> None:
        self.view = view
        self.line = line
        self.inverted = inverted

    def plain(self) -> Recipe:
        """z as an operand."""
        if self.line is None:
            return Recipe(None, 0.0)
        return self.view.minus(self.line) if self.inverted else Recipe(self.line)

    def minus(self) -> Recipe:
        """-z as an operand."""
        if self.line is None:
            return Recipe(None, 0.0)
        return Recipe(self.line) if self.inverted else self.view.minus(self.line)

    def half(self) -> Recipe:
        """z/2 as an operand."""
        assert self.line is not None
        return self.view.minus_half(self.line) if self.inverted else self.view.half(self.line)

    def minus_half(self) -> Recipe:
        """-z/2 as an operand."""
        assert self.line is not None
        return self.view.half(self.line) if self.inverted else self.view.minus_half(self.line)

    def same_as(self, other: Exponent) -> bool:
        """Whether both exponents are equal by structure."""
        return self.inverted == other.inverted and self.view.equal(self.line, other.line)

    def opposite_of(self, other: Exponent) -> bool:
        """Whether one exponent is minus the other by structure."""
        if self.line is None or other.line is None:
            return False
        if self.inverted != other.inverted:
            return self.view.equal(self.line, other.line)
        return is_minus(self.view, self.line, other.line) or is_minus(self.view, other.line, self.line)


def is_minus(view: View, line: int, other: int) -> bool:
    """Whether LINE is minus OTHER by structure: -x, (-a)*b of a*b, -2*x of 2*x."""
    if view.name(line) == "neg":
        return view.equal(view.operands(line)[0], other)
    if view.name(line) == "mul" and any(view.is_number(a, -1.0) and view.equal(b, other) for a, b in view.pairs(line)):
        return True
    if view.name(line) != "mul" or view.name(other) != "mul":
        return False
    for a, b in view.pairs(line):
        for c, d in view.pairs(other):
            if view.equal(b, d) and (
                (view.name(a) == "neg" and view.equal(view.operands(a)[0], c))
                or (view.is_constant(a) and view.is_number(c, -view.graph.statics[a]))
            ):
                return True
    return False


def _without_ones(recipe: Recipe) -> Recipe:
    """1*x and x*1 that a dropped sign left behind are x."""
    if recipe.line is None and recipe.constant == 1.0 and recipe.steps and recipe.steps[0][0] == "mul":
        other = recipe.steps[0][1]
        if type(other) is int:
            return Recipe(other, steps=recipe.steps[1:])
    return recipe


def _match(name: str, *operands: Recipe | None) -> Match | None:
    given = [operand for operand in operands if operand is not None]
    return Match(NAMED[name], given) if len(given) == len(operands) else None


def _sigmoid(view: View, line: int) -> Match | None:
    return None if view.name(line) == "sigmoid" else _match("sigmoid", view.sigmoid_of(line))


def _tanh(view: View, line: int) -> Match | None:
    """(exp(z)-exp(-z))/(exp(z)+exp(-z)), (exp(u)-1)/(exp(u)+1), (1-exp(s))/(1+exp(s)), sinh(z)/cosh(z)."""
    top, bottom = view.operands(line)
    if (
        view.name(top) == "sinh"
        and view.name(bottom) == "cosh"
        and view.equal(*view.operands(top), *view.operands(bottom))
    ):
        return _match("tanh", Recipe(view.operands(top)[0]))
    below = view.one_plus_exp(bottom)
    if view.name(top) == "expm1" and below is not None and not below.inverted:
        return _match("tanh", below.half()) if view.equal(view.operands(top)[0], below.line) else None
    if view.name(top) != "sub":
        return None
    a, b = view.operands(top)
    if below is not None:
        rising, falling = view.exponent(a), view.exponent(b)
        if view.is_number(b, 1.0) and rising is not None and rising.same_as(below):
            return _match("tanh", rising.half())
        if view.is_number(a, 1.0) and falling is not None and falling.same_as(below):
            return _match("tanh", falling.minus_half())
        return None
    pair = _opposite_exponents(view, top)
    sums = _opposite_exponents(view, bottom) if view.name(bottom) == "add" else None
    if pair is None or sums is None or not (pair[0].same_as(sums[0]) or pair[0].same_as(sums[1])):
        return None
    return _match("tanh", pair[0].plain())


def _opposite_exponents(view: View, line: int) -> tuple[Exponent, Exponent] | None:
    """z and -z where LINE is exp(z) + or - exp(-z)."""
    a, b = view.operands(line)
    first, second = view.exponent(a), view.exponent(b)
    if first is None or second is None or not first.opposite_of(second):
        return None
    return first, second


def _hyperbolic(view: View, line: int) -> Match | None:
    """(exp(z) - exp(-z))/2 and (exp(z) + exp(-z))/2, or times 0.5."""
    for body, factor in view.pairs(line):
        halves = (
            view.is_number(factor, 2.0) and body == view.operands(line)[0]
            if view.name(line) == "div"
            else (view.is_number(factor, 0.5))
        )
        if halves and view.name(body) in ("add", "sub"):
            pair = _opposite_exponents(view, body)
            if pair is not None:
                positive = pair[0] if not _is_signed(view, pair[0]) or view.name(body) == "sub" else pair[1]
                return _match("sinh" if view.name(body) == "sub" else "cosh", positive.plain())
    return None


def _is_signed(view: View, exponent: Exponent) -> bool:
    return exponent.inverted or (exponent.line is not None and view.negated(exponent.line) is not None)


def _softmax(view: View, line: int) -> Match | None:
    """exp(a)/(exp(a) + exp(b) + ...), and 1 over such a sum with a term 1."""
    inverse = view.reciprocal(line)
    bottom = inverse if inverse is not None else view.operands(line)[1]
    exponents = view.exponents(bottom)
    if exponents is None:
        return None
    above = Exponent(view, None) if inverse is not None else view.exponent(view.operands(line)[0])
    for place, exponent in enumerate(exponents):
        same = above is not None and (
            exponent.line is above.line is None or (above.line is not None and exponent.same_as(above))
        )
        if same:
            rest = [*exponents[:place], *exponents[place + 1 :]]
            return _match("softmax", exponent.plain(), *(other.plain() for other in rest))
    return None


def _silu_quotient(view: View, line: int) -> Match | None:
    """x/(1 + exp(-x))."""
    top, bottom = view.operands(line)
    below = view.one_plus_exp(bottom)
    if below is None or below.line is None:
        return None
    fits = view.equal(below.line, top) if below.inverted else is_minus(view, below.line, top)
    return _match("silu", Recipe(top)) if fits else None


def _silu_product(view: View, line: int) -> Match | None:
    """x*sigmoid(x), sigmoid in any spelling."""
    for x, gate in view.pairs(line):
        z = view.sigmoid_of(gate)
        if z is not None and z.line is not None and not z.steps and view.equal(z.line, x):
            return _match("silu", Recipe(x))
    return None


def _softplus(view: View, line: int) -> Match | None:
    """log(1 + exp(z)), log1p(exp(z))."""
    (inner,) = view.operands(line)
    exponent = view.one_plus_exp(inner) if view.name(line) == "log" else view.exponent(inner)
    return None if exponent is None else _match("softplus", exponent.plain())


def _logsigmoid(view: View, line: int) -> Match | None:
    """log(sigmoid(z)), sigmoid in any spelling."""
    return _match("logsigmoid", view.sigmoid_of(view.operands(line)[0]))


def _minus_softplus(view: View, line: int) -> Match | None:
    """-softplus(-z), -log(1 + exp(-z))."""
    (inner,) = view.operands(line)
    if view.name(inner) == "softplus":
        return _match("logsigmoid", view.minus(view.operands(inner)[0]))
    if view.name(inner) == "log":
        exponent = view.one_plus_exp(view.operands(inner)[0])
        return None if exponent is None else _match("logsigmoid", exponent.minus())
    return None


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
    """2*sigmoid(2*z) - 1."""
    double, one = view.operands(line)
    if not view.is_number(one, 1.0) or view.name(double) != "mul":
        return None
    for two, gate in view.pairs(double):
        if view.is_number(two, 2.0) and view.name(gate) == "sigmoid":
            return _match("tanh", view.half(view.operands(gate)[0]))
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
    "div": (_tanh, _silu_quotient, _sigmoid, _softmax, _hyperbolic),
    "power": (_sigmoid, _norm),
    "mul": (_silu_product, _hyperbolic),
    "log": (_softplus, _logsigmoid, _logaddexp, _log1p),
    "log1p": (_softplus,),
    "neg": (_minus_softplus,),
    "sub": (_tanh_of_sigmoid, _expm1),
    "add": (_expm1,),
    "sqrt": (_norm,),
    "max": (_relu,),
    "max_first": (_relu,),
    "pow": (_exp,),
}
