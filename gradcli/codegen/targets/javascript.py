"""The target javascript: what the page computes with in a browser."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from gradcli.codegen.targets.base import ATOM, CHOICE_LEVEL, OPERATORS, PRODUCT, SIGN, SUM, Target, infix, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.codegen.targets.base import Notation, Text
    from gradcli.graph import Shape

RESERVED = frozenset((
    "arguments", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default",
    "delete", "do", "else", "enum", "eval", "export", "extends", "false", "finally", "for", "function", "if",
    "implements", "import", "in", "instanceof", "interface", "let", "new", "null", "package", "private",
    "protected", "public", "return", "static", "super", "switch", "this", "throw", "true", "try", "typeof",
    "var", "void", "while", "with", "yield", "Infinity", "Math", "NaN", "Number", "Object", "undefined",
))  # fmt: skip
TEST = " ? 1 : 0"
ONE_NAME = {  # helpers whose JavaScript name is another one
    "leaky_relu": "leakyRelu", "round": "rint", "pow": "power", "relu_split": "relu", "relu_first": "relu",
    "clip_first": "clip",
}  # fmt: skip
OF_MATH = (
    "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan",
    "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "abs", "floor", "ceil", "max", "min",
)  # fmt: skip
OF_REAL = (
    "square", "sign", "mod", "xlogy", "hypot", "clip", "relu", "elu", "sigmoid", "softplus", "logsigmoid", "softsign",
    "silu", "gelu", "logaddexp", "softmax", "erf", "erfc", "lgamma", "digamma", "polygamma", "leaky_relu", "round",
    "pow", "relu_split", "relu_first", "clip_first",
)  # fmt: skip
UNWRITTEN = "kinds other than elementwise: the page writes arrays out over single numbers (graph/scalar_forms.py)"


def _test(symbol: str) -> Notation:
    return (f"{{0}} {symbol} {{1}}{TEST}", CHOICE_LEVEL, (SUM, SUM))


def _where(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """A choice; what is a test already needs no other one."""
    condition, one, other = operands
    plain = condition[0].endswith(TEST) and condition[0].count("?") == 1
    test = condition[0].removesuffix(TEST) if plain else f"{within(condition, SUM)} !== 0"
    return f"{test} ? {within(one, SUM)} : {within(other, CHOICE_LEVEL)}", CHOICE_LEVEL


NOTATIONS: dict[str, Notation] = {
    **OPERATORS,
    "div": infix("/", PRODUCT),
    "same": lambda operands, static, shapes, shape: operands[0],
    "stop": lambda operands, static, shapes, shape: operands[0],
    "seed": ("{0} === {0}" + " ? 1 : {0}", CHOICE_LEVEL, (SUM,)),
    "power": "power({0}, {static})",
    "greater": _test(">"), "greater_equal": _test(">="), "less": _test("<"), "less_equal": _test("<="),
    "equal": _test("==="), "not_equal": _test("!=="),
    "where": _where,
    **{name: f"Math.{name}({{all}})" for name in OF_MATH},
    **{name: f"{ONE_NAME.get(name, name)}({{all}})" for name in OF_REAL},
    "max_first": "Math.max({all})", "min_first": "Math.min({all})",
}  # fmt: skip


def number(value: float) -> Text:
    """A double as JavaScript source."""
    if value != value:
        return "NaN", ATOM
    text = repr(value).replace("inf", "Infinity").removesuffix(".0")
    return text, SIGN if text.startswith("-") else ATOM


@cache
def helpers() -> dict[str, str]:
    """The functions and tables of real.js by name, each with the comment above it."""
    blocks = files(__package__).joinpath("real.js").read_text("utf-8").split("\n\n")
    named = [(re.search(r"^(?:function|const) (\w+)", block, re.MULTILINE), block) for block in blocks]
    return {found[1]: block.strip() for found, block in named if found}


def javascript() -> Target:
    """A fresh target."""
    return Target(
        "javascript", ".js", comment="//", reserved=RESERVED, notations=NOTATIONS, imports={}, helpers=helpers(),
        number=number,
    )  # fmt: skip
