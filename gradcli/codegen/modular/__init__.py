"""Modular code: each primitive as a unit with a forward and a backward pass, and what composes them."""

from __future__ import annotations

from importlib import import_module

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.targets.base import Target

STYLES = {"python": "graph_classes", "numpy": "graph_classes", "torch": "torch_functions", "jax": "jax_functions"}


def modular(subject: Subject, target: Target, comments: Mapping[int, str] | None = None) -> str:
    """The text of a module for TARGET; COMMENTS are what is said above the line of a primitive.

    Raises GradError (usage) for a target without classes, and for arrays where it has none.
    """
    if target.name not in STYLES:
        raise GradError(
            "usage", f"{target.name} code has no modular style", hint="write --style flat, or --target python"
        )
    if subject.graph.shapes is not None and target.array is None:
        raise GradError(
            "usage", f"modular {target.name} code has no arrays", hint="write --target numpy, torch or jax"
        )
    style = import_module(f"gradcli.codegen.modular.{STYLES[target.name]}")
    found: str = style.module(subject, target, comments or {})
    return found
