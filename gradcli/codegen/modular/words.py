"""What a gate says of itself: the names of its operands, and its operation in the language."""

from __future__ import annotations

import re

from gradcli.codegen.names import Names, is_plain
from gradcli.codegen.targets.base import ATOM
from gradcli.codegen.targets.python import RESERVED
from gradcli.graph.composite import Composite
from gradcli.graph.notation import operation as shown_operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Primitive

LETTERS = "abcdefgh"
TAKEN = re.compile(r"t\d+|(?:share|local|flow)_.*|gradients|forward|backward")


def parameter_names(primitive: Primitive, count: int) -> list[str]:
    """What the operands are called: as the language, or the user's function, calls them."""
    if isinstance(primitive, Composite):
        return safe_names(primitive.operands)
    if primitive.variadic or primitive.parameters.startswith("a, b, ..."):
        return [*LETTERS[:count]] if count <= len(LETTERS) else [f"x{slot + 1}" for slot in range(count)]
    names = [part.partition("=")[0] for part in primitive.parameters.split(", ")]
    names = [name for name in names if name.isidentifier()][:count]
    return names if len(names) == count else [f"x{slot + 1}" for slot in range(count)]


def safe_names(names: Sequence[str]) -> list[str]:
    """Names of parameters that are no other word of a gate's."""
    found = Names(RESERVED | {"y", "upstream", "ctx", "saved", "share", "local", "flow", "np", "jnp", "jax", "torch"})
    own = [is_plain(name) and not TAKEN.fullmatch(name) for name in names]
    pairs = enumerate(zip(names, own, strict=True), 1)
    return [found.fresh(name if kept else f"x{place}") for place, (name, kept) in pairs]


def said(primitive: Primitive, static: Any, names: Sequence[str], live: int) -> str:
    """The operation in the language, and what it does to a gradient: `a*b: mul swaps`."""
    text = shown_operation(primitive, static, [(name, ATOM) for name in names])[0]
    word = primitive.verbs[0 if live > 1 else 1].replace("±", "+/-")
    return f"{text}: {primitive.shown} {word}" if word else text
