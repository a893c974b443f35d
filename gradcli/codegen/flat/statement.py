"""One statement of flat code, and the words for a gate beside it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.codegen.targets.base import Text
    from gradcli.graph import Graph


class Statement:
    """`name = text`, or what is added to it; with the line that it is of, and a comment."""

    __slots__ = ("comment", "line", "more", "name", "text")

    def __init__(self, name: str, text: Text, line: int, comment: str = "", *, more: bool = False) -> None:
        self.name = name
        self.text = text
        self.line = line
        self.comment = comment
        self.more = more


def gate_words(graph: Graph, index: int, live: Sequence[int]) -> str:
    """The gate of a line in words that hold at every point: `mul swaps`."""
    primitive = graph.primitives[index]
    several, one = [words.replace("±", "+/-") for words in primitive.verbs]
    if primitive.opens and (several, one) == ("passes", "passes"):
        return f"{primitive.shown} passes or blocks"
    if primitive.name == "sub" and len(live) == 1:
        return f"sub {'flips' if live[0] else 'passes'}"
    if primitive.name == "same":
        return ""
    return f"{primitive.shown} {several if len(live) > 1 else one}"
