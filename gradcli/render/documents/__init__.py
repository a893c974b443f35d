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
    name = type(found).__name__
    if name == "Comparison":
        from gradcli.render.documents.comparisons import of_decompositions

        return [*of_decompositions(found, digits=digits)]
    if name == "Orders":
        from gradcli.render.documents.comparisons import of_orders

        return [*of_orders(found, digits=digits)]
    if name == "ModeComparison":
        from gradcli.render.documents.modes import of_modes

        return [*of_modes(found, digits=digits)]
    if name == "Engines":
        from gradcli.render.documents.engines import of_engines

        return [*of_engines(found, digits=digits)]
    if name in ("JacobianReport", "HessianReport"):
        from gradcli.render.documents.jacobians import of_hessian, of_jacobian

        return [*(of_jacobian if name == "JacobianReport" else of_hessian)(found, digits=digits, full=full)]
    from gradcli.render.documents import arrays, explain

    if found.question.shapes is not None:
        return arrays.explained(found, digits=digits, full=full)
    return explain.explained(found, digits=digits, full=full)
