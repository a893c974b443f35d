"""Forwards that need numpy: it is imported when one is called, not when the primitive is registered."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def by_arrays(name: str, module: str) -> Callable[..., Any]:
    """The function NAME of the MODULE of this room that works on arrays."""
    found: Callable[..., Any] | None = None

    def forward(*operands: Any) -> Any:
        nonlocal found
        if found is None:
            from importlib import import_module

            found = getattr(import_module(f"gradcli.graph.{module}"), name)
        return found(*operands)

    forward.__name__ = name
    return forward
