"""Answers as parts of documents: in Markdown for a forge, or in LaTeX for a paper."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.render.documents.blocks import Block


def document(found: Any, kind: str, *, digits: int = 6, full: bool = False) -> str:
    """The answer FOUND as KIND (markdown, latex): an explanation, a comparison, a Jacobian, a Hessian.

    Numbers to DIGITS significant digits, more where an equation needs them; FULL leaves nothing out.
    """
    from importlib import import_module

    blocks = _blocks(found, digits, full=full)
    text: str = import_module(f"gradcli.render.documents.{kind}").written(blocks)
    return text


def _blocks(found: Any, digits: int, *, full: bool) -> list[Block]:
    """The blocks of the document, by what was found."""
    from gradcli.render.documents.explain import explained

    return explained(found, digits=digits, full=full)
