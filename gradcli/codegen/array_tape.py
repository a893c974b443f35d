"""A program of arrays with its flows, written out over single numbers: lines that hold at every point.

The flows are those that reverse-mode AD writes as lines (autodiff/adjoint.py), element by element as the arrays'
forwards compute them (graph/scalars.py); so a page that reads the lines needs no arrays of its own.
"""

from __future__ import annotations

import numpy as np

from gradcli.autodiff import depends, evaluate
from gradcli.autodiff.adjoint import NodeCarrier
from gradcli.autodiff.sweeps import pull_back
from gradcli.graph import Node
from gradcli.graph.scalars import Scalars, element

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.graph import Graph, Shape

    Lines = list[int]  # of single numbers, in C order

MOST_LINES = 6_000


class Carriage:
    """One flow as lines of single numbers; `local` is None where the line is carried."""

    __slots__ = ("downstream", "local", "local_shape", "slot", "source", "target", "upstream")

    def __init__(self, source: int, target: int, slot: int) -> None:
        self.source = source
        self.target = target
        self.slot = slot
        self.upstream: Lines = []
        self.local: Lines | None = None
        self.local_shape: Shape = ()
        self.downstream: Lines = []


class ArrayTape:
    """The lines of single numbers of a program of arrays, `values` of each line, `adjoints` (None: nothing arrives),
    `open` (what gates left open; None: all), and the flows in the order of the sweep.

    Raises GradError (limit) where that takes more than MOST_LINES.
    """

    def __init__(self, graph: Graph, result: int, sources: Sequence[int]) -> None:
        wider = graph.copy()
        assert wider.shapes is not None
        carrier: Any = NodeCarrier(wider, lean=False)
        swept_flows: list[Any] = []
        swept = pull_back(wider, result, depends(wider, sources), carrier, swept_flows)
        self.shapes = graph.shapes or []
        wanted = [*range(len(graph))]
        numbers = [*swept.numbers, *swept.masks]
        for flow in swept_flows:
            numbers += [flow.upstream, flow.local, flow.downstream]
        wanted += [number.index for number in numbers if isinstance(number, Node)]
        self._scalars = Scalars(wider, wanted, MOST_LINES)
        self.graph = self._scalars.graph
        self.values = [self._lines(index, self.shapes[index]) for index in range(len(graph))]
        self.adjoints = [
            None if number is None else self._lines(number.index, self.shapes[index])
            for index, number in enumerate(swept.numbers[: len(graph)])
        ]
        self.open = [self._open(mask) for mask in swept.masks[: len(graph)]]
        self.flows = [self._carriage(flow) for flow in swept_flows]

    def _lines(self, index: int, shape: Shape) -> Lines:
        """The lines of the elements of line INDEX, one for all of them repeated to SHAPE."""
        found = self._scalars.elements[index]
        assert found is not None
        return [int(line) for line in np.broadcast_to(found, shape).ravel()]

    def _open(self, mask: Any) -> Lines | bool | None:
        if mask is None:
            return None
        return self._scalars.lines_of(mask.index) if isinstance(mask, Node) else bool(mask.any())

    def _carriage(self, flow: Any) -> Carriage:
        found = Carriage(flow.source, flow.target, flow.slot)
        found.upstream = self._lines(flow.upstream.index, self.shapes[flow.source])
        found.downstream = self._lines(flow.downstream.index, self.shapes[flow.target])
        if isinstance(flow.local, Node):
            assert self._scalars.source.shapes is not None
            found.local_shape = self._scalars.source.shapes[flow.local.index]
            found.local = self._scalars.lines_of(flow.local.index)
        return found

    def evaluate(self, point: Mapping[str, Any]) -> list[float]:
        """The number of every line at a POINT of floats and arrays."""
        given: dict[str, float] = {}
        for name, value in point.items():
            array = np.asarray(value, dtype=float)
            given |= {element(name, place): float(array[place]) for place in np.ndindex(array.shape)}
        return evaluate(self.graph, given)


def agrees(tape: ArrayTape, numbers: Sequence[float], lines: Sequence[int], value: Any) -> bool:
    """Whether LINES have the numbers of VALUE, a float or an array, to 1e-9."""
    found = np.array([numbers[line] for line in lines])
    return bool(np.allclose(found, np.asarray(value, dtype=float).ravel(), rtol=1e-9, atol=1e-300, equal_nan=True))
