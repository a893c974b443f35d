"""Python with its standard library: `math`, and small functions for what it lacks, over floats."""

from __future__ import annotations

import keyword
import math
import re

from gradcli.codegen.targets.base import (
    ATOM,
    CHOICE_LEVEL,
    OPERATORS,
    POWER,
    PRODUCT,
    SIGN,
    Target,
    infix,
    within,
)
from gradcli.codegen.targets.python_functions import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.codegen.targets.base import Notation, Text
    from gradcli.graph import Shape

NUMBERS = {math.pi: "math.pi", math.e: "math.e", math.tau: "math.tau", math.inf: "math.inf"}
# Those of Python 3.11 to 3.14, and not of the Python that runs: code is the same everywhere
BUILTINS = """
    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex
    copyright credits delattr dict dir divmod enumerate eval exec exit filter float format frozenset getattr globals
    hasattr hash help hex id input int isinstance issubclass iter len license list locals map max memoryview min next
    object oct open ord pow print property quit range repr reversed round set setattr slice sorted staticmethod str sum
    super tuple type vars zip __debug__ __import__ __name__ __file__ __doc__ __builtins__
"""
RESERVED = frozenset((*BUILTINS.split(), *keyword.kwlist, "gradients", "value_and_gradients", "self"))
SIMPLE = re.compile(r"[\w.]+\Z")
THE_SAME = ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "erf", "erfc", "sin", "cos", "tan",
            "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh")  # fmt: skip


def number(value: float) -> Text:
    """A float as source that reads back to the last bit."""
    if value != value:
        return "math.nan", ATOM
    if value in NUMBERS:
        return NUMBERS[value], ATOM
    if -value in NUMBERS:
        return "-" + NUMBERS[-value], SIGN
    text = repr(value).replace("e+", "e")  # as ruff format has it
    return text, SIGN if text[0] == "-" else ATOM


def unchanged(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """The operand itself."""
    return operands[0]


def condition(text: Text) -> Text:
    """A number that is a truth value as a test: `float(a > b)` is a > b."""
    if text[0].startswith("float(") and text[0].endswith(")") and text[0].count("(") == 1:
        return text[0][6:-1], 1
    return f"{within(text, 2)} != 0", 1


def choice(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """a if test else b."""
    test, a, b = operands
    return f"{within(a, 1)} if {condition(test)[0]} else {within(b, 1)}", CHOICE_LEVEL


def power(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """x**n for a whole n; otherwise math.pow, where x**n of a negative x would be a complex number."""
    if not static.is_integer():
        return f"math.pow({operands[0][0]}, {number(static)[0]})", ATOM
    base = within(operands[0], ATOM)
    exponent = f"{static:.0f}" if abs(static) < 1e15 else repr(static)
    gap = "" if SIMPLE.match(base) else " "  # as ruff format has it
    return f"{base}{gap}**{gap}{exponent}", POWER


def comparison(symbol: str) -> tuple[str, int, tuple[int, int]]:
    """1.0 or 0.0."""
    return f"float({{0}} {symbol} {{1}})", ATOM, (2, 2)


NOTATIONS: dict[str, Notation] = {
    **OPERATORS,
    "neg": ("-{0}", SIGN, (ATOM,)),  # -(x**2), as ruff format has it
    "div": infix("/", PRODUCT),
    "same": unchanged,
    "stop": unchanged,
    "seed": ("1.0 if {0} == {0} else {0}", CHOICE_LEVEL, (2,)),
    "less": comparison("<"),
    "less_equal": comparison("<="),
    "greater": comparison(">"),
    "greater_equal": comparison(">="),
    "equal": comparison("=="),
    "not_equal": comparison("!="),
    "where": choice,
    "power": power,
    "pow": "math.pow({0}, {1})",
    "square": ("{0} * {0}", PRODUCT, (ATOM,)),
    **{name: f"math.{name}({{0}})" for name in THE_SAME},
    "hypot": "math.hypot({all})",
    "atan2": "math.atan2({0}, {1})",
    "abs": "abs({0})",
    "sign": "sign({0})",
    "floor": "floor({0})",
    "ceil": "ceil({0})",
    "round": "rint({0})",
    "mod": infix("%", PRODUCT),
    "max": "maximum({all})",
    "max_first": "maximum({all})",
    "min": "minimum({all})",
    "min_first": "minimum({all})",
    "clip": "clip({all})",
    "clip_first": "clip({all})",
    "relu": "relu({0})",
    "relu_split": "relu({0})",
    "relu_first": "relu({0})",
    "leaky_relu": "leaky_relu({0}, {1})",
    "elu": "elu({0}, {1})",
    "sigmoid": "sigmoid({0})",
    "logsigmoid": "logsigmoid({0})",
    "softplus": "softplus({0})",
    "silu": "silu({0})",
    "gelu": "gelu({0})",
    "softsign": "softsign({0})",
    "logaddexp": "logaddexp({all})",
    "softmax": "softmax({all})",
    "lgamma": "lgamma({0})",
    "digamma": "digamma({0})",
    "polygamma": "polygamma({0}, {1})",
    "xlogy": "xlogy({0}, {1})",
}
CAREFUL: dict[str, Notation] = {
    "div": "divide({0}, {1})",
    "mod": "mod({0}, {1})",
    "power": "power({0}, {static})",
    "pow": "power({0}, {1})",
    **{name: f"{name}({{0}})" for name in THE_SAME if name not in ("erf", "erfc", "cbrt", "atan", "tanh", "asinh")},
}


def target() -> Target:
    """Python over floats."""
    return Target(
        "python", ".py", comment="#", reserved=RESERVED, notations=NOTATIONS, careful=CAREFUL,
        imports={"math": "import math"}, helpers=FUNCTIONS, number=number,
    )  # fmt: skip
