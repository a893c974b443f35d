"""C99 with libm: over doubles, which keep IEEE's answers by themselves."""

from __future__ import annotations

import math

from gradcli.codegen.targets.base import (
    ATOM,
    CHOICE_LEVEL,
    OPERATORS,
    PRODUCT,
    SIGN,
    Target,
    infix,
    within,
)
from gradcli.codegen.targets.c_functions import FUNCTIONS
from gradcli.codegen.targets.c_rows import ROWS
from gradcli.codegen.targets.python import THE_SAME, unchanged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.codegen.targets.base import Notation, Text
    from gradcli.graph import Shape

WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof bool
    true false nullptr constexpr alignas alignof thread_local static_assert complex imaginary I unix linux i386
    i0 i1 i2 i3 i4 i5 i6 i7 i8 i9
    main printf stdin stdout stderr errno NULL EOF NAN INFINITY HUGE_VAL gradients value_and_gradients
    abs acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma
    fmax fmin fmod fpclassify frexp gamma hypot ilogb isfinite isinf isnan isnormal j0 j1 jn ldexp lgamma llrint llround
    log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round scalb
    scalbln scalbn signbit signgam significand sin sinh sqrt tan tanh tgamma trunc y0 y1 yn drem finite pow10 exp10
"""
RESERVED = frozenset(WORDS.split())
TEST = "(double)("


def number(value: float) -> Text:
    """A double as source that reads back to the last bit."""
    if value != value:
        return "NAN", ATOM
    if math.isinf(value):
        return ("INFINITY", ATOM) if value > 0 else ("-INFINITY", SIGN)
    text = repr(value)
    return text, SIGN if text[0] == "-" else ATOM


def condition(text: Text) -> str:
    """A number that is a truth value as a test: `(double)(a > b)` is a > b."""
    if text[0].startswith(TEST) and text[0].endswith(")") and text[0].count("(") == 2:
        return text[0][len(TEST) : -1]
    return f"{within(text, 2)} != 0"


def choice(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """test ? a : b."""
    test, a, b = operands
    return f"{condition(test)} ? {within(a, 1)} : {within(b, 1)}", CHOICE_LEVEL


def power(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """pow(x, n)."""
    whole = static.is_integer() and abs(static) < 1e15
    return f"pow({operands[0][0]}, {f'{static:.0f}' if whole else number(static)[0]})", ATOM


def comparison(symbol: str) -> tuple[str, int, tuple[int, int]]:
    """1.0 or 0.0."""
    return f"{TEST}{{0}} {symbol} {{1}})", ATOM, (2, 2)


def folded(name: str) -> Notation:
    """A function of two, applied from the left; of one, the operand."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        text = operands[0]
        for other in operands[1:]:
            text = (f"{name}({text[0]}, {other[0]})", ATOM)
        return text if len(operands) > 1 else alone(name, text)

    return written


def alone(name: str, text: Text) -> Text:
    """What a function of several is of one."""
    return (f"fabs({text[0]})", ATOM) if name == "hypot" else text


def counted(name: str) -> Notation:
    """A function of any number of operands: it is given how many, and an array of them."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        listed = ", ".join(text for text, _ in operands)
        return f"{name}({len(operands)}, (double[]){{{listed}}})", ATOM

    return written


NOTATIONS: dict[str, Notation] = {
    **OPERATORS,
    "div": infix("/", PRODUCT),
    "neg": ("-{0}", SIGN, (ATOM,)),
    "same": unchanged,
    "stop": unchanged,
    "seed": ("{0} == {0} ? 1.0 : {0}", CHOICE_LEVEL, (2,)),
    "less": comparison("<"),
    "less_equal": comparison("<="),
    "greater": comparison(">"),
    "greater_equal": comparison(">="),
    "equal": comparison("=="),
    "not_equal": comparison("!="),
    "where": choice,
    "power": power,
    "pow": "pow({0}, {1})",
    "square": ("{0} * {0}", PRODUCT, (ATOM,)),
    **{name: f"{name}({{0}})" for name in THE_SAME},
    "hypot": folded("hypot"),
    "atan2": "atan2({0}, {1})",
    "abs": "fabs({0})",
    "sign": "sign({0})",
    "floor": "floor({0})",
    "ceil": "ceil({0})",
    "round": "rint({0})",
    "mod": "modulo({0}, {1})",
    **dict.fromkeys(("max", "max_first"), folded("maximum")),
    **dict.fromkeys(("min", "min_first"), folded("minimum")),
    **dict.fromkeys(("clip", "clip_first"), "clip({0}, {1}, {2})"),
    **dict.fromkeys(("relu", "relu_split", "relu_first"), "relu({0})"),
    "leaky_relu": "leaky_relu({0}, {1})",
    "elu": "elu({0}, {1})",
    "sigmoid": "sigmoid({0})",
    "logsigmoid": "logsigmoid({0})",
    "softplus": "softplus({0})",
    "silu": "silu({0})",
    "gelu": "gelu({0})",
    "softsign": "softsign({0})",
    "logaddexp": counted("logaddexp"),
    "softmax": counted("softmax"),
    "lgamma": "log_gamma({0})",
    "digamma": "digamma({0})",
    "polygamma": "polygamma({0}, {1})",
    "xlogy": "xlogy({0}, {1})",
}


def target() -> Target:
    """C99 over doubles."""
    return Target(
        "c", ".c", comment="//", reserved=RESERVED, notations=NOTATIONS, imports={}, helpers={**FUNCTIONS, **ROWS},
        number=number,
    )
