"""What flat code is written of: a graph, its names, and where they are known its values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.graph import Graph

MOST_NUMBERS = 2000  # of a point that is written into code


class Subject:
    """A program to be written as code.

    variables  its names in order, those that were given without need at the end.
    sources    by each name that is differentiated by its line, None where it does not occur.
    labels     the name of every line, "" for literals.
    point      the value of every variable, None where they are not all known.
    prints     whether code has a main that prints the numbers at the point: it has to hold all of them.
    strong     whether 0 * inf is 0 in what carries a gradient.
    said       the program in words, for the head of the code.
    comments   of lines: what a primitive stands for that was spelled out.
    """

    __slots__ = ("comments", "graph", "labels", "point", "prints", "result", "said", "sources", "strong", "variables")

    def __init__(
        self,
        graph: Graph,
        result: int,
        sources: Mapping[str, int | None],
        *,
        variables: Sequence[str],
        labels: Sequence[str],
        point: Mapping[str, Any] | None,
        strong: bool = False,
        said: Sequence[str] = (),
        comments: Mapping[int, str] | None = None,
    ) -> None:
        self.graph = graph
        self.result = result
        self.sources = sources
        self.variables = variables
        self.labels = labels
        self.point = point
        self.strong = strong
        self.prints = point is not None and sum(map(size, point.values())) <= MOST_NUMBERS
        self.said = said
        self.comments = comments or {}


def size(value: Any) -> int:
    """How many numbers a value of the point has."""
    return 1 if type(value) is float else int(value.size)
