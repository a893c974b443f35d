"""The target jax: jax.numpy in float64."""

from __future__ import annotations

import keyword

from gradcli.codegen.targets.array_helpers import HELPERS
from gradcli.codegen.targets.arrays import (
    OUR_WORDS,
    ArrayTarget,
    notations_of_numpy,
    places_text,
    postfixed,
    reduction,
)
from gradcli.codegen.targets.base import ATOM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.codegen.targets.base import Notation, Text
    from gradcli.graph import Shape

RESERVED = frozenset((*OUR_WORDS, *keyword.kwlist, "jax", "jnp", "functools"))
IMPORTS = {"functools": "import functools", "jax": "import jax", "jnp": "import jax.numpy as jnp"}
OF_SCIPY = {"erf": "erf", "erfc": "erfc", "xlogy": "xlogy", "lgamma": "gammaln", "digamma": "digamma"}
OF_NETWORKS = {"sigmoid": "sigmoid", "silu": "silu", "softsign": "soft_sign", "logsigmoid": "log_sigmoid",
               "softmax_of": "softmax", "logsoftmax": "log_softmax"}  # fmt: skip
OTHERS = ("strong_product", "gelu", "elu", "leaky_relu", "share_of_first", "fit", "centred", "centred_by",
          "excess", "one_hot", "cross_entropy", "cofactors")  # fmt: skip


def scatter(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """Zeros with the operand at the places of an index."""
    return f"jnp.zeros({shape}).at[{places_text(static[0])}].set({operands[0][0]})", ATOM


def index(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """`x[0, 1:3]`."""
    return f"{postfixed(operands[0])}[{places_text(static)}]", ATOM


NOTATIONS: dict[str, Notation] = {
    **notations_of_numpy("jnp"),
    **{name: f"jax.scipy.special.{call}({{all}})" for name, call in OF_SCIPY.items()},
    **{name: f"jax.nn.{call}({{0}})" for name, call in OF_NETWORKS.items()},
    "stop": "jax.lax.stop_gradient({0})",
    "polygamma": "polygamma({0}, {1})",
    "scatter": scatter,
    "logsumexp": reduction("jax.scipy.special", "logsumexp"),
}
CAREFUL: dict[str, Notation] = {
    "div": "jnp.divide({0}, {1})",
    "power": "jnp.power({0}, {static})",
}


def in_jax(source: str) -> str:
    """A helper of numpy's over the names of jax."""
    found = source.replace("np.", "jnp.").replace("erfc(", "jax.scipy.special.erfc(")
    return found.replace("logsoftmax(", "jax.nn.log_softmax(").replace("jnp.add.outer", "jnp.add.outer")


COFACTORS_BACK = '''
def cofactors_back(u, x):
    """What u at the cofactors of x is at x."""
    return jax.vjp(cofactors, x)[1](u)[0]
'''


POLYGAMMA = '''
def polygamma(n, x):
    """The n-th derivative of digamma; nan where n is no order."""
    order = jnp.maximum(jnp.asarray(n), 0.0).astype(int)
    return jnp.where(order == n, jax.scipy.special.polygamma(order, x), jnp.nan)
'''


def target() -> ArrayTarget:
    """jax.numpy over numbers and arrays, all of them float64."""
    ours = {"cofactors_back": COFACTORS_BACK, "polygamma": POLYGAMMA}
    helpers = {name: in_jax(HELPERS[name]) for name in OTHERS} | ours
    return ArrayTarget(
        "jnp", name="jax", suffix=".py", comment="#", reserved=RESERVED, notations=NOTATIONS, careful=CAREFUL,
        imports=IMPORTS, helpers=helpers, plain="jnp.asarray({}).tolist()",
        start='jax.config.update("jax_enable_x64", True)',
        given=lambda text: f"jnp.array({text})",
    )  # fmt: skip
