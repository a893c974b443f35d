"""What a line does to a gradient, in the field's words, true for this line at these values."""

from __future__ import annotations

from gradcli.graph import Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ADDING = {"add": "adds", "sub": "subtracts"}


def verb(graph: Graph, index: int, live: Sequence[int], locals_: Mapping[int, float]) -> str:
    """The gate word of line INDEX, whose operand slots LIVE carry a gradient; LOCALS_ are their local gradients."""
    primitive = graph.primitives[index]
    if not graph.operands[index]:
        return ""
    if not live:
        return "stops" if primitive.verbs[0] == "stops" else ""
    if primitive.name == "sub" and len(live) == 1:
        return "passes" if live[0] == 0 else "flips"
    if primitive.opens and (len(live) == 1 or primitive.shown == "relu"):
        share = locals_[live[0]]
        return "blocks" if share == 0 else "passes" if share == 1 else "shares"
    if primitive.name == "same" or len(live) > 1:
        return primitive.verbs[0]
    return primitive.verbs[1]


def forward_verb(graph: Graph, index: int, live: Sequence[int], locals_: Mapping[int, float]) -> str:
    """What line INDEX does to the tangents of its operands in the slots LIVE: where several meet, it adds them."""
    if graph.primitives[index].name in ADDING and len(live) > 1:
        return ADDING[graph.primitives[index].name]
    return verb(graph, index, live, locals_)
