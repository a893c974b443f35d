"""What the class of a primitive is called: by its name in camel case, or by the word of the field."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.graph import Primitive

WORDS = {
    "mul": "Multiply", "sub": "Subtract", "div": "Divide", "neg": "Negate", "pow": "Power", "relu": "ReLU",
    "leaky_relu": "LeakyReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU", "logaddexp": "LogAddExp",
    "logsumexp": "LogSumExp", "amax": "Max", "amin": "Min", "argmax": "ArgMax", "matmul": "MatMul",
    "logsoftmax": "LogSoftmax", "logsigmoid": "LogSigmoid", "cumsum": "CumSum", "var": "Variance",
    "std": "StandardDeviation", "prod": "Product", "det": "Determinant", "inv": "Inverse", "fit": "Broadcast",
    "mod": "Modulo", "log1p": "Log1p", "expm1": "Expm1", "lgamma": "LogGamma", "xlogy": "XLogY",
}  # fmt: skip
POWERS = {-1.0: "Reciprocal", 0.5: "SquareRoot", 2.0: "Square", 3.0: "Cube"}


def class_name(primitive: Primitive, static: Any) -> str:
    """A name in camel case for a primitive with its static parameter."""
    if primitive.name == "power" and static in POWERS:
        return POWERS[static]
    return WORDS.get(primitive.shown) or camel(primitive.shown)


def variant(static: Any) -> str:
    """What tells classes of one primitive apart, where the static parameter can: the axis, or the exponent."""
    if isinstance(static, float):
        return re.sub(r"\W", "_", f"{static:g}".replace("-", "Minus").replace("+", ""))
    axis = static[0] if isinstance(static, tuple) and static else static
    if type(axis) is int and (not isinstance(static, tuple) or len(static) == 2):
        return f"Axis{axis}".replace("-1", "Last").replace("-", "Minus")
    return ""


def camel(name: str) -> str:
    """`leaky_relu` is LeakyRelu; what is no ASCII letter or digit is left out."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", name) if part]
    found = "".join(part[0].upper() + part[1:] for part in parts)
    return found if found and found[0].isalpha() else f"Gate{found}"


def snake(name: str) -> str:
    """`MatMul` is mat_mul, `ReLU` is relu."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower()
