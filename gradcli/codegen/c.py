"""The carrier of C: the lines of a scalar graph as operations of C over one row, with the notation of each primitive.

An operation is inline, an expression of operators that compilers vectorise, or a call, a function over a whole block of
rows (c_functions.py). Each computes what the primitive's forward over floats does, at special values too.
"""

from __future__ import annotations

from functools import partial

from gradcli.graph import CONSTANT, VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from gradcli.graph import Graph

MOST_BY_PRODUCTS = 16  # whole exponents up to which a power is a few products


class Unwritten(Exception):
    """A primitive that has no notation in C."""


class Operation:
    """One operation: `text` is an expression with a place for every operand, or the name of a function.

    `slot` says which result of a function it is; None: it is inline.
    """

    __slots__ = ("operands", "slot", "text")

    def __init__(self, text: str, operands: tuple[int, ...], slot: int | None) -> None:
        self.text = text
        self.operands = operands
        self.slot = slot


class Code:
    """Operations in order, equal ones once. `literals` are the texts of those that are constants, by their place."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.literals: dict[int, str] = {}
        self.negated: dict[int, int] = {}  # -x to x
        self.known: dict[Any, int] = {}

    def inline(self, text: str, *operands: int) -> int:
        """An expression over OPERANDS."""
        return self._operation(text, operands, None)

    def call(self, text: str, *operands: int, slot: int = 0) -> int:
        """Result SLOT of a function over OPERANDS."""
        return self._operation(text, operands, slot)

    def constant(self, value: float) -> int:
        """A number."""
        found = self._operation(literal(value), (), None)
        self.literals[found] = literal(value)
        return found

    def line(self, name: str, static: Any, operands: tuple[int, ...]) -> int:
        """A line of the graph. Raises Unwritten."""
        if name in OPERATORS:
            found = self.inline(OPERATORS[name], *operands)
            if name == "neg":
                self.negated[found] = operands[0]
            return found
        if name in CALLED:
            return self.call(CALLED[name], *operands)
        if name not in COMPOSED:
            raise Unwritten(name)
        return COMPOSED[name](self, *operands) if static is None else COMPOSED[name](self, *operands, static)

    def _operation(self, text: str, operands: tuple[int, ...], slot: int | None) -> int:
        key = (text, operands, slot)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = len(self.operations)
            self.operations.append(Operation(text, operands, slot))
        return found


def written(graph: Graph, inputs: Iterable[int], outputs: Iterable[int]) -> tuple[Code, list[int], list[int]]:
    """The lines of GRAPH that the OUTPUTS need; where the inputs and the outputs are. Raises Unwritten."""
    code = Code()
    results = list(outputs)
    live = graph.live(results)
    places = dict.fromkeys(range(len(graph)), -1)
    starts = []
    for number, line in enumerate(inputs):
        places[line] = code.inline(f"input {number}")
        starts.append(places[line])
    for index, primitive in enumerate(graph.primitives):
        if not live[index] or primitive is VARIABLE:
            continue
        static = graph.statics[index]
        if primitive is CONSTANT:
            places[index] = code.constant(static)
        else:
            places[index] = code.line(primitive.name, static, tuple([places[o] for o in graph.operands[index]]))
    return code, starts, [places[line] for line in results]


def literal(value: float) -> str:
    """A float as C source, to the last bit."""
    if value != value:
        return '__builtin_nan("")'
    text = "__builtin_inf()" if value - value != 0 else value.hex().lstrip("-")
    return f"(-{text})" if str(value).startswith("-") else text


# What several parts make


def _sigmoid(code: Code, x: int) -> int:
    return code.inline("({0} >= 0.0 ? 1.0 : {1}) / (1.0 + {1})", x, _share(code, x))


def _share(code: Code, x: int) -> int:
    """exp(-|x|), one for x and -x."""
    return code.call("exp", code.inline("-__builtin_fabs({0})", code.negated.get(x, x)))


def _softplus(code: Code, x: int) -> int:
    return code.inline("({0} > 0.0 ? {0} : 0.0) + {1}", x, code.call("log1p", _share(code, x)))


def _logsigmoid(code: Code, x: int) -> int:
    minus = code.line("neg", None, (x,))
    return code.inline("-{0}", _softplus(code, minus))


def _elu(code: Code, x: int, scale: int) -> int:
    below = code.call("expm1", code.inline("{0} > 0.0 ? 0.0 : {0}", x))
    return code.inline("{0} > 0.0 ? {0} : {1} * {2}", x, scale, below)


def _xlogy(code: Code, x: int, y: int) -> int:
    return code.inline("(({0} == 0.0) & ({1} == {1})) ? 0.0 : {0} * {2}", x, y, code.call("log", y))


def _maximum(code: Code, *xs: int) -> int:
    found = xs[0]
    for x in xs[1:]:
        found = code.inline(LARGER, found, x)
    return found


def _minimum(code: Code, *xs: int) -> int:
    found = xs[0]
    for x in xs[1:]:
        found = code.inline(SMALLER, found, x)
    return found


def _clip(code: Code, x: int, low: int, high: int) -> int:
    return _minimum(code, _maximum(code, x, low), high)


def _hypot(code: Code, *xs: int) -> int:
    return code.call(f"hypot_{len(xs)}", *xs) if len(xs) > 1 else code.inline("__builtin_fabs({0})", *xs)


def _logaddexp(code: Code, *xs: int) -> int:
    """log(sum(exp(x))): every operand but the first of the largest ones beside that."""
    largest = _maximum(code, *xs)
    if len(xs) == 2:
        rest = code.call("exp", code.inline("({0} == {1} ? {2} : {0}) - {1}", xs[0], largest, xs[1]))
    else:
        rest, passed = code.constant(0.0), code.constant(0.0)
        for x in xs:
            term = code.call("exp", code.inline("{0} - {1}", x, largest))
            term = code.inline("(({0} == {1}) & ({2} == 0.0)) ? 0.0 : {3}", x, largest, passed, term)
            passed = code.inline("{0} == {1} ? 1.0 : {2}", x, largest, passed)
            rest = code.inline("{0} + {1}", rest, term)
    finite = f"(({{0}} > {literal(-float('inf'))}) & ({{0}} < {literal(float('inf'))}))"
    return code.inline(f"{finite} ? {{0}} + {{1}} : {{0}}", largest, code.call("log1p", rest))


def _softmax(code: Code, x: int, *others: int) -> int:
    largest = _maximum(code, x, *others)
    distance = code.inline("{0} - {1}", x, largest)
    share = total = code.call("exp", distance)
    for other in others:
        total = code.inline("{0} + {1}", total, code.call("exp", code.inline("{0} - {1}", other, largest)))
    back = code.inline("{0} - {1}", x, distance)
    lost = code.inline("({0} - ({1} + {2})) + ({2} - {3})", x, distance, back, largest)
    found = code.inline("{0} * (1.0 + {1}) / {2}", share, lost, total)
    found = code.inline("{0} < -750.0 ? 0.0 : {1}", distance, found)
    infinite = code.constant(0.0)
    for each in (x, *others):
        infinite = code.inline("{0} + ({1} == __builtin_inf() ? 1.0 : 0.0)", infinite, each)
    alone = code.inline('{1} > 1.0 ? __builtin_nan("") : {0} == __builtin_inf() ? 1.0 : 0.0', x, infinite)
    return code.inline("{0} == __builtin_inf() ? {1} : {2}", largest, alone, found)


def _power(code: Code, x: int, n: float) -> int:
    """x^n: the nearest number for whole n that are small, as pow of the C library has it nearly always."""
    if n in POWERS:
        return code.inline(POWERS[n], x)
    if n % 1.0 == 0.0 and abs(n) <= MOST_BY_PRODUCTS:
        return code.call(f"power_{'minus_' if n < 0 else ''}{int(abs(n))}", x)
    return code.call("pow", x, code.constant(n))


def _sin_cos(code: Code, x: int, *, slot: int) -> int:
    both = code.call("sin_cos", x), code.call("sin_cos", x, slot=1)
    return both[slot]


def _silu(code: Code, x: int) -> int:
    return code.call("silu", x, _share(code, x))


LARGER = "(({0} > {1}) | ({0} != {0})) ? {0} : (({1} > {0}) | ({1} != {1})) ? {1} : {0} == 0.0 ? {0} + {1} : {0}"
SMALLER = "(({0} < {1}) | ({0} != {0})) ? {0} : (({1} < {0}) | ({1} != {1})) ? {1} : {0} == 0.0 ? -(-{0} - {1}) : {0}"
RELU = "{0} <= 0.0 ? 0.0 : {0}"
POWERS = {
    0.0: "1.0", 1.0: "{0}", 2.0: "{0} * {0}", -1.0: "1.0 / {0}",
    0.5: "__builtin_sqrt({0} == -__builtin_inf() ? __builtin_inf() : {0}) + 0.0",
}  # fmt: skip
OPERATORS = {
    "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}", "neg": "-{0}",
    "same": "{0}", "stop": "{0}", "seed": "{0} == {0} ? 1.0 : {0}", "square": "{0} * {0}",
    "less": "{0} < {1} ? 1.0 : 0.0", "less_equal": "{0} <= {1} ? 1.0 : 0.0",
    "greater": "{0} > {1} ? 1.0 : 0.0", "greater_equal": "{0} >= {1} ? 1.0 : 0.0",
    "equal": "{0} == {1} ? 1.0 : 0.0", "not_equal": "{0} != {1} ? 1.0 : 0.0",
    "where": "{0} != 0.0 ? {1} : {2}",
    "abs": "__builtin_fabs({0})", "sqrt": "__builtin_sqrt({0})",
    "sign": "{0} > 0.0 ? 1.0 : {0} < 0.0 ? -1.0 : {0} + 0.0",
    "floor": "__builtin_floor({0})", "ceil": "__builtin_ceil({0})", "round": "__builtin_rint({0})",
    "relu": RELU, "relu_split": RELU, "relu_first": RELU,
    "leaky_relu": "{0} > 0.0 ? {0} : {1} * {0}",
    "softsign": "(__builtin_fabs({0}) == __builtin_inf()) ? __builtin_copysign(1.0, {0}) "
                ": {0} / (1.0 + __builtin_fabs({0}))",
}  # fmt: skip
CALLED = {
    name: name
    for name in (
        "exp", "expm1", "log", "log1p", "log2", "log10", "cbrt", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh",
        "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "pow", "mod", "gelu", "lgamma", "digamma", "polygamma",
    )
}  # fmt: skip
COMPOSED: dict[str, Callable[..., int]] = {
    "sin": partial(_sin_cos, slot=0), "cos": partial(_sin_cos, slot=1), "power": _power, "hypot": _hypot,
    "sigmoid": _sigmoid, "softplus": _softplus, "logsigmoid": _logsigmoid, "silu": _silu, "elu": _elu,
    "xlogy": _xlogy, "logaddexp": _logaddexp, "softmax": _softmax,
    "max": _maximum, "max_first": _maximum, "min": _minimum, "min_first": _minimum,
    "clip": _clip, "clip_first": _clip,
}  # fmt: skip
