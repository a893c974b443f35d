"""Operations as plain Python over floats, right wherever all numbers are finite and nothing raises."""

from __future__ import annotations

import math

from gradcli.codegen.python import INLINE, expression, literal
from gradcli.graph import Primitive, real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# What a forward computes wherever that is finite and Python does not raise; tests/codegen compares it with `real`.
PLAIN = {
    **INLINE,
    "div": "({} / {})", "square": "({0} * {0})", "mod": "({} % {})", "power": "pow({}, {})", "pow": "pow({}, {})",
    "relu": "(0.0 if {0} <= 0.0 else {0})", "relu_split": "(0.0 if {0} <= 0.0 else {0})",
    "relu_first": "(0.0 if {0} <= 0.0 else {0})",
    "abs": "abs({})",
    **{
        name: name + "({})"
        for name in (
            "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "erf", "erfc", "sin", "cos", "tan",
            "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
        )
    },
    "atan2": "atan2({}, {})",
}  # fmt: skip
# What max and min of two numbers are where they differ; a tie of lines with a gradient is never answered here.
UNTIED = {"max": "({0} if {0} > {1} else {1})", "min": "({0} if {0} < {1} else {1})"}
UNTIED |= {f"{name}_first": text for name, text in UNTIED.items()}
# Whether a line is at its tie or kink, over y and its operands; of other primitives the edge itself is asked.
AT_EDGE = {
    **dict.fromkeys(UNTIED, "{1} == {2}"), "abs": "{1} == 0.0", "hypot": "{0} == 0.0",
    **dict.fromkeys(("relu", "relu_split", "relu_first"), "{1} == 0.0"),
}  # fmt: skip
# Lines that are not finite, or raise, where one of these operands is not finite; None stands for all operands.
PASSES_ON: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("add", "sub", "mul", "neg", "same", "stop", "square", "abs", "log", "log1p", "log2", "log10")),
    **dict.fromkeys(("sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "asinh", "acosh", "lgamma")),
    "div": (0,),
}  # fmt: skip
WORLD = {
    "__builtins__": {}, "real": real, "abs": abs, "float": float,
    "ArithmeticError": ArithmeticError, "ValueError": ValueError,
    **{name: getattr(math, name) for name in dir(math) if not name.startswith("_")},
}  # fmt: skip


def applied(primitive: Primitive, static: Any, operands: Sequence[str], *, differ: bool = False) -> str:
    """PRIMITIVE over texts, plain Python where that is enough. DIFFER says of two that they are not equal."""
    name = primitive.name
    if name == "equal" and operands[0] == operands[1]:
        return "1.0"  # it is finite
    if name == "where" and is_number(operands[0]):
        return operands[1] if float(operands[0]) else operands[2]
    if differ and len(operands) == 2 and name in UNTIED and operands[0] != operands[1]:
        return UNTIED[name].format(*operands)
    if name in PLAIN and name not in INLINE:
        return PLAIN[name].format(*operands, literal(static) if primitive.static else None)
    return expression(primitive, static, operands)


def product(upstream: str, local: str) -> str:
    """upstream * local; a factor 1 or -1 changes no bit but the sign."""
    for factor, other in ((upstream, local), (local, upstream)):
        if factor == "1.0":
            return other
        if factor == "-1.0" and not is_number(other):
            return f"(-{other})"
    return f"({upstream} * {local})"


def is_number(text: str) -> bool:
    """Whether TEXT is a literal."""
    return text[-1:].isdigit() and not text.isidentifier()
