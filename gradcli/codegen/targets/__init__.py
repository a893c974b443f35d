"""What code is written for. A target is a table of notations, one a primitive, and how numbers and helpers look."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.codegen.targets.base import Target

TARGETS = ("python", "numpy", "torch", "jax", "c")


def target_named(name: str) -> Target:
    """A fresh target, with nothing needed yet. Raises KeyError where there is no such target."""
    if name not in (*TARGETS, "javascript"):
        raise KeyError(name)
    made: Target = import_module(f"gradcli.codegen.targets.{name}").target()
    return made
