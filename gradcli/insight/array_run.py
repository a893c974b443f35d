"""A run over arrays as notes look at it: which elements count, and how a place in an array is said."""

from __future__ import annotations

import numpy as np

from gradcli.autodiff.masks import fitted, meet
from gradcli.graph.nested import index_text
from gradcli.insight.run import Note as Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.autodiff.arrays import ArrayFlow, ArraySweep
    from gradcli.autodiff.masks import Open
    from gradcli.graph import Edge, Graph, Primitive
    from gradcli.graph.arrays import Value
    from gradcli.graph.labels import Labels

    Mask = Any  # an array of bools in the shape of a line

FEW = 3  # places that are named; the rest are counted
LOOKED_AT = 1000  # elements that are looked at one by one


class ArrayRun:
    """What notes are about: a graph with its values, and after a backward sweep its adjoints and flows.

    `live` says of every line which elements the result is computed from: None is all, False is none.
    """

    __slots__ = ("active", "flows", "graph", "labels", "live", "result", "strong", "sweep", "ties", "values")

    def __init__(
        self,
        graph: Graph,
        values: Sequence[Value],
        result: int,
        labels: Labels,
        *,
        active: Sequence[bool] | None = None,
        sweep: ArraySweep | None = None,
        flows: Sequence[ArrayFlow] = (),
        ties: str = "split",
        strong: bool = False,
    ) -> None:
        self.graph = graph
        self.values = values
        self.result = result
        self.labels = labels
        self.active = active or [False] * len(graph)
        self.sweep = sweep
        self.flows = flows
        self.ties = ties
        self.strong = strong
        self.live = live_elements(graph, values, result)

    def value(self, index: int) -> Any:
        """The value of a line as an array, also where it is a float."""
        return np.asarray(self.values[index])

    def operands(self, index: int) -> list[Any]:
        """The values of the operands of a line as arrays."""
        return [np.asarray(self.values[operand]) for operand in self.graph.operands[index]]

    def arrived(self, index: int) -> Mask:
        """Where a gradient that is not cut off by a closed gate arrives; None where none does."""
        if self.sweep is None or self.sweep.numbers[index] is None:
            return None
        open, shape = self.sweep.open[index], np.shape(self.values[index])
        if open is None:
            return np.ones(shape, dtype=bool)
        found = np.broadcast_to(np.asarray(open), shape)
        return found if found.any() else None

    def concerns(self, index: int, edge: Edge) -> bool:
        """Whether the operands that an edge is about depend on what is differentiated by."""
        operands = self.graph.operands[index]
        return any(self.active[operands[slot]] for slot in edge.operands or range(len(operands)))


def live_elements(graph: Graph, values: Sequence[Value], result: int) -> list[Any]:
    """Of every line, the elements that the result is computed from, without those that a `where` did not choose.

    None is all of them, False is none. A line that moves or mixes elements counts as made of all that it is given.
    """
    live: list[Any] = [False] * len(graph)
    live[result] = None
    for index in range(result, -1, -1):
        mask, operands = live[index], graph.operands[index]
        if mask is False or not operands:
            continue
        for operand, part in zip(operands, _parts(graph.primitives[index], values, index, operands, mask), strict=True):
            if part is False:
                continue
            shape = np.shape(values[operand])
            part = None if part is None else fitted(part, np.shape(part), shape)
            live[operand] = part if live[operand] is False else meet(live[operand], part)
    return live


def _parts(
    primitive: Primitive, values: Sequence[Value], index: int, operands: Sequence[int], mask: Open
) -> Sequence[Any]:
    """The elements of each operand that the elements of a line in MASK are computed from."""
    if primitive.name == "where":
        chosen = np.broadcast_to(np.not_equal(values[operands[0]], 0), np.shape(values[index]))
        sides = [chosen, ~chosen] if mask is None else [chosen & mask, ~chosen & mask]
        return [mask, *(None if side.all() else side if side.any() else False for side in sides)]
    if mask is None or primitive.kind == "elementwise":
        return [mask] * len(operands)
    return [None] * len(operands)


def at(mask: Any) -> str:
    """Where a mask is true, in words: `at [0,1], [0,2], [1,0] and 7 more`; nothing for a float."""
    mask = np.asarray(mask)
    if mask.shape == ():
        return ""
    first = np.flatnonzero(mask)
    texts = [index_text(int(place), mask.shape) for place in first[:FEW]]
    if len(first) > FEW:
        texts.append(f"{len(first) - FEW:,} more")
    return f"at {listed(texts)}"


def listed(texts: Sequence[str]) -> str:
    """A row of things in words: a, b and c."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def where_said(text: str, mask: Any) -> str:
    """TEXT with the places behind it, if there are any to be said."""
    place = at(mask)
    return f"{text} {place}" if place else text


def element(arrays: Sequence[Any], shape: Sequence[int], place: int) -> list[float]:
    """The numbers that ARRAYS, spread to SHAPE, have at a PLACE in order."""
    return [float(np.broadcast_to(array, shape).flat[place]) for array in arrays]


def true_of(edge: Edge, y: Any, operands: Sequence[Any], extra: Sequence[Any], mask: Any) -> Any:
    """MASK with only those elements that an EDGE, which is written for floats, is about."""
    found = np.zeros(mask.shape, dtype=bool)
    places = np.flatnonzero(mask)
    columns = [np.broadcast_to(array, mask.shape).ravel()[places].tolist() for array in (y, *operands)]
    found.ravel()[places] = [bool(edge.when(*numbers, *extra)) for numbers in zip(*columns, strict=True)]
    return found
