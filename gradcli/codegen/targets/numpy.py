"""The target numpy: float64 numbers and arrays; what numpy lacks are small functions."""

from __future__ import annotations

import keyword

from gradcli.codegen.targets.array_helpers import HELPERS
from gradcli.codegen.targets.arrays import OUR_WORDS, ArrayTarget, notations_of_numpy, places_text, shaped
from gradcli.codegen.targets.base import ATOM
from gradcli.codegen.targets.python_functions import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.codegen.targets.base import Notation, Text
    from gradcli.graph import Shape

RESERVED = frozenset((*OUR_WORDS, *keyword.kwlist, "np", "math", "functools"))
IMPORTS = {"functools": "import functools", "math": "import math", "np": "import numpy as np"}
OF_NUMBERS = ("lgamma", "digamma", "polygamma")  # written over single numbers, and mapped


def scatter(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """Zeros with the operand at the places of an index."""
    places = places_text(static[0])
    return f"scatter({operands[0][0]}, np.s_[{places}], {shape})", ATOM


def logsumexp(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """The axis is said always: without one, reduce takes the first."""
    axis, keep = static
    return f"np.logaddexp.reduce({operands[0][0]}, axis={axis}{', keepdims=True' * keep})", ATOM


NOTATIONS: dict[str, Notation] = {
    **notations_of_numpy("np"),
    **{name: f"{name}({{all}})" for name in ("erf", "erfc", "xlogy", "sigmoid", "silu", "softsign", *OF_NUMBERS)},
    "logsigmoid": "-np.logaddexp(-{0}, 0.0)",
    "scatter": scatter,
    "logsumexp": logsumexp,
    "softmax_of": "softmax({0})",
    "logsoftmax": "logsoftmax({0})",
}
CAREFUL: dict[str, Notation] = {
    "div": "np.divide({0}, {1})",
    "power": "np.power({0}, {static})",
    "inv": shaped("solve({0}, np.eye({1}[0]))"),
    "solve": "solve({0}, {1})",
}
BEFORE = {name: f"@np.vectorize{source}" for name, source in FUNCTIONS.items() if name in OF_NUMBERS}


def target() -> ArrayTarget:
    """numpy over numbers and arrays."""
    plain = {name: source for name, source in FUNCTIONS.items() if name not in HELPERS}
    return ArrayTarget(
        "np", name="numpy", suffix=".py", comment="#", reserved=RESERVED, notations=NOTATIONS, careful=CAREFUL,
        imports=IMPORTS, helpers={**plain, **BEFORE, **HELPERS}, plain="np.asarray({}).tolist()",
    )  # fmt: skip
