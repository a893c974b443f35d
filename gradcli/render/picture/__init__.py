"""A program as a picture: its circuit in SVG, PNG, the language of Graphviz, or Mermaid."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.report.circuit import circuit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.report.explanation import Explanation

MOST_NODES = 400  # of a picture, unless all were asked for
MOST_OF_ALL = 5_000  # even then


def picture(
    explanation: Explanation, kind: str, *, local: bool = False, expand: bool = False, full: bool = False, digits: int = 6
) -> str | bytes:
    """The circuit of EXPLANATION in the format KIND: svg, png, dot or mmd.

    LOCAL writes the local gradients, EXPAND opens the boxes of recognised forms, FULL draws repeats and what is large.
    Raises GradError (limit) for what is too large, and (usage) for png without the extra that draws it.
    """
    found = circuit(explanation, digits=digits, full=full)
    from gradcli.render.picture.svg import svg

    return svg(found, local=local)
