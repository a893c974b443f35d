"""A program for rows in lines that cost less: composites spelled out into what they share, to the same accuracy.

sigmoid(x), sigmoid(-x) and softplus(x) need one exponential together; whole powers are products.
"""

from __future__ import annotations

from math import inf

from gradcli.codegen.rowprogram import RowProgram
from gradcli.graph import CONSTANT, VARIABLE, primitives
from gradcli.graph.optimise import DEAD, optimise
from gradcli.graph.scalar_forms import first_of, is_finite, largest, softmax
from gradcli.graph.scalars import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gradcli.graph import Graph

HIGHEST = 6  # powers that are products
# nan in, nan out, whatever the other operands are
STRICT = frozenset((
    "add", "sub", "mul", "div", "neg", "same", "stop", "seed", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt",
    "cbrt", "square", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh",
    "atanh", "sigmoid", "logsigmoid", "softplus", "silu", "gelu", "softsign", "abs", "max", "max_first", "min",
    "min_first", "relu", "relu_split", "relu_first", "floor", "ceil", "round", "erf", "erfc",
))  # fmt: skip


def cheaper(program: RowProgram) -> RowProgram:
    """The same columns from lines that numpy computes faster."""
    primitives()
    writer = _Writer(program)
    outputs = [(name, writer.moved[line]) for name, line in program.outputs]
    inputs = [writer.moved[line] for line in program.inputs]
    short = optimise(writer.graph, [line for _, line in outputs], [DEAD])
    return RowProgram(
        short.graph, program.columns, [short.moved[line] for line in inputs],
        [(name, short.moved[line]) for name, line in outputs],
    )  # fmt: skip


def known_by(graph: Graph, seed: int) -> list[bool]:
    """The lines that are nan wherever the operand of the line SEED is: there the seed changes nothing."""
    (result,) = graph.operands[seed]
    found = [index == result for index in range(len(graph))]
    for index, operands in enumerate(graph.operands):
        if not found[index] and graph.primitives[index].name in STRICT:
            found[index] = any(found[operand] for operand in operands)
    return found


class _Writer(Lines):
    """Writes the lines of a program once more; `moved` says where each went."""

    def __init__(self, program: RowProgram) -> None:
        super().__init__(most=1 << 30)
        self.source = graph = program.graph
        self.shares: dict[int, tuple[int, int, bool]] = {}  # sigmoid lines: exp(-|z|), 1 + that, is it of -z
        self.moved: list[int] = []
        seeds: dict[int, list[bool]] = {}
        for index, primitive in enumerate(graph.primitives):
            static, operands = graph.statics[index], graph.operands[index]
            if primitive is VARIABLE:
                self.moved.append(self.graph.variable(graph.names[index] or ""))
                continue
            if primitive is CONSTANT:
                self.moved.append(self.constant(static))
                continue
            if primitive.name == "mul":
                for seed, local in (operands, operands[::-1]):
                    if graph.primitives[seed].name == "seed":
                        if seed not in seeds:
                            seeds[seed] = known_by(graph, seed)
                        if seeds[seed][local]:
                            self.moved.append(self.moved[local])
                            break
                else:
                    self.moved.append(self._product(*[self.moved[operand] for operand in operands]))
                continue
            lines = [self.moved[operand] for operand in operands]
            form = CHEAPER.get(primitive.name)
            found = None if form is None else form(self, *lines, *((static,) if primitive.static else ()))
            self.moved.append(self.line(primitive, *lines, static=static) if found is None else found)

    def name(self, line: int) -> str:
        return self.graph.primitives[line].name

    def _product(self, a: int, b: int) -> int:
        """sigmoid(z) * sigmoid(-z) is exp(-|z|) / (1 + exp(-|z|))^2."""
        if a in self.shares and b in self.shares:
            (share, whole, turned), (other, _, other_turned) = self.shares[a], self.shares[b]
            if share == other and turned != other_turned:
                return self.apply("div", share, self.apply("mul", whole, whole))
        return self.apply("mul", a, b)

    def exponential(self, x: int) -> tuple[int, int, int, bool]:
        """exp(-|x|) and 1 + that; x without its sign, and whether it has one."""
        turned = self.name(x) == "neg"
        if turned:
            (x,) = self.graph.operands[x]
        share = self.apply("exp", self.apply("neg", self.apply("abs", x)))
        return share, self.apply("add", self.constant(1.0), share), x, turned

    def choose(self, test: str, x: int, bound: float, one: int, other: int) -> int:
        """ONE where x is on that side of the bound, else OTHER."""
        return self.apply("where", self.apply(test, x, self.constant(bound)), one, other)


def _sigmoid(writer: _Writer, x: int) -> int:
    share, whole, z, turned = writer.exponential(x)
    above = writer.choose("less_equal" if turned else "greater_equal", z, 0.0, writer.constant(1.0), share)
    found = writer.apply("div", above, whole)
    writer.shares[found] = (share, whole, turned)
    return found


def _softplus(writer: _Writer, x: int) -> int:
    share, *_ = writer.exponential(x)
    return writer.apply("add", writer.apply("relu", x), writer.apply("log1p", share))


def _logsigmoid(writer: _Writer, x: int) -> int:
    return writer.apply("neg", _softplus(writer, writer.apply("neg", x)))


def _power(writer: _Writer, x: int, n: float) -> int | None:
    if n % 1 == 0 and abs(n) <= HIGHEST:
        base = x if n >= 0 else writer.apply("div", writer.constant(1.0), x)
        return writer.constant(1.0) if n == 0 else _whole(writer, base, abs(int(n)))
    if n == -0.5:
        return writer.apply("div", writer.constant(1.0), _root(writer, x))
    if n == 0.5:
        return _root(writer, x)
    return None


def _whole(writer: _Writer, x: int, n: int) -> int:
    if n == 2 and writer.name(x) == "div":
        one, size = writer.graph.operands[x]
        if writer.name(size) == "cosh" and writer.graph.statics[one] == 1.0:
            return _steepness(writer, writer.graph.operands[size][0])
    found = x
    for bit in bin(n)[3:]:
        found = writer.apply("square", found)
        if bit == "1":
            found = writer.apply("mul", found, x)
    return found


def _steepness(writer: _Writer, x: int) -> int:
    """(1/cosh(x))^2, the slope of tanh, as 4 exp(-2|x|) / (1 + exp(-2|x|))^2."""
    double = writer.apply("mul", writer.constant(-2.0), writer.apply("abs", x))
    share = writer.apply("exp", double)
    whole = writer.apply("square", writer.apply("add", writer.constant(1.0), share))
    return writer.apply("div", writer.apply("mul", writer.constant(4.0), share), whole)


def _root(writer: _Writer, x: int) -> int:
    """x^0.5, which is inf at -inf and 0 at -0, where the square root is nan and -0."""
    inside = writer.choose("equal", x, -inf, writer.constant(inf), x)
    return writer.apply("add", writer.apply("sqrt", inside), writer.constant(0.0))


def _many(name: str) -> Callable[..., int]:
    """Of many operands two at a time."""

    def form(writer: _Writer, first: int, *others: int) -> int:
        for other in others:
            first = writer.apply(name, first, other)
        return first

    return form


def _clip(writer: _Writer, x: int, low: int, high: int) -> int:
    return writer.apply("min", writer.apply("max", x, low), high)


def _leaky_relu(writer: _Writer, x: int, slope: int) -> int:
    return writer.choose("greater", x, 0.0, x, writer.apply("mul", slope, x))


def _xlogy(writer: _Writer, x: int, y: int) -> int:
    zero = writer.constant(0.0)
    product = writer.apply("mul", x, writer.apply("log", y))
    nothing = writer.apply("mul", writer.apply("equal", x, zero), writer.apply("equal", y, y))
    return writer.apply("where", nothing, zero, product)


def _logaddexp(writer: _Writer, *xs: int) -> int:
    """The largest operand, and the logarithm of 1 and what the others are beside it."""
    if len(xs) == 1:
        return xs[0]
    top, zero = largest(writer, xs), writer.constant(0.0)
    known = is_finite(writer, top)
    if len(xs) == 2:
        rest = writer.apply("exp", writer.apply("neg", writer.apply("abs", writer.apply("sub", *xs))))
    else:
        rest = writer.total([
            writer.apply("where", first, zero, writer.apply("exp", writer.apply("sub", x, top)))
            for first, x in zip(first_of(writer, xs), xs, strict=True)
        ])  # fmt: skip
    return writer.apply("where", known, writer.apply("add", top, writer.apply("log1p", rest)), top)


def _softmax(writer: _Writer, *xs: int) -> int:
    return softmax(writer, xs)[0]


def _hypot(writer: _Writer, *xs: int) -> int | None:
    return writer.apply("abs", xs[0]) if len(xs) == 1 else None


CHEAPER: dict[str, Callable[..., Any]] = {
    "same": lambda writer, x: x, "stop": lambda writer, x: x,
    "sigmoid": _sigmoid, "softplus": _softplus, "logsigmoid": _logsigmoid,
    "power": _power, "square": lambda writer, x: _whole(writer, x, 2),
    "max": _many("max"), "max_first": _many("max"), "min": _many("min"), "min_first": _many("min"),
    "clip": _clip, "clip_first": _clip, "leaky_relu": _leaky_relu,
    "relu_split": lambda writer, x: writer.apply("relu", x), "relu_first": lambda writer, x: writer.apply("relu", x),
    "xlogy": _xlogy, "logaddexp": _logaddexp, "softmax": _softmax, "hypot": _hypot,
}  # fmt: skip
