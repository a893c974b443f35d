"""Forwards that need numpy: it is imported when one is called, not when the primitive is registered."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def by_arrays(name: str) -> Callable[..., Any]:
    """The function NAME of gradcli.graph.arrays."""

    def forward(*operands: Any) -> Any:
        from gradcli.graph import arrays

        return getattr(arrays, name)(*operands)

    forward.__name__ = name
    return forward
