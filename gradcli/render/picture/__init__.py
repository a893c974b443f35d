"""A program as a picture: its circuit in SVG, PNG, the language of Graphviz, or Mermaid."""

from __future__ import annotations

from gradcli.report.circuit import circuit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.report.explanation import Explanation


def picture(
    explanation: Explanation, kind: str, *, local: bool = False, full: bool = False, digits: int = 6
) -> str | bytes:
    """The circuit of EXPLANATION in the format KIND: svg, png, dot or mmd.

    LOCAL writes the local gradients, FULL draws every repeat and lifts the bound of a picture. Raises GradError (limit)
    for what is too large, and (usage) for png without the extra that draws it, and for forward mode by several inputs.
    """
    found = circuit(explanation, digits=digits, full=full)
    if kind == "dot":
        from gradcli.render.picture.dot import dot

        return dot(found, local=local)
    if kind == "mmd":
        from gradcli.render.picture.mermaid import mermaid

        return mermaid(found, local=local)
    from gradcli.render.picture.svg import svg

    if kind == "svg":
        return svg(found, local=local)
    from gradcli.render.picture.png import png

    return png(svg(found, local=local, dark=False))
