"""Second derivatives of a graph of arrays: forward mode through the adjoint lines, many columns in one pass.

Two columns that no element of a gradient depends on together share a pass: what arrives there belongs to the one that
has a path. An entry without a path is exactly 0.
"""

from __future__ import annotations

import math

import numpy as np

from gradcli.autodiff import depends
from gradcli.autodiff.adjoint import AdjointGraph
from gradcli.autodiff.arrays import ArraySweep, Line, go_on, pull_back
from gradcli.autodiff.jacobians import MOST_AT_ONCE, flows_in, spread_of
from gradcli.graph import NAMED, Node
from gradcli.graph.arrays import ArrayConstant, as_value, quiet, shape_of, zeros

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Graph, Shape
    from gradcli.graph.arrays import Array, Value

FLAT = ("local", "open")  # what the adjoint lines of a gate say of it: a share is flat


class Second:
    """The adjoint lines of a result with their values, ready for passes through them."""

    def __init__(
        self, graph: Graph, values: Sequence[Value], result: int, sources: Sequence[int],
        point: Mapping[str, Value], *, strong_zero: bool = False,
    ) -> None:  # fmt: skip
        self.adjoint = AdjointGraph(graph, values, result, sources)
        self.graph = self.adjoint.graph
        self.values = self.adjoint.evaluate(point, strong_zero=strong_zero)
        self.strong_zero = strong_zero
        self.sources = sources
        self.lines = [self.adjoint.adjoints[source] for source in sources]
        found = [line for line in self.lines if line is not None]
        self.live = self.graph.live(found)
        self.last = max(found, default=-1)
        self._ready: dict[int, Line] = {}

    def gradients(self) -> list[Value]:
        """The gradient by every source; zeros where nothing arrives."""
        return [
            zeros(shape_of(self.values[source])) if line is None else self.values[line]
            for source, line in zip(self.sources, self.lines, strict=True)
        ]

    def work(self) -> int:
        """How many elements all passes go through at most: a pass for each element of each source."""
        live = sum(math.prod(shape) for shape, live in zip(self.graph.shapes or (), self.live, strict=True) if live)
        return live * sum(math.prod(shape_of(self.values[source])) for source in self.sources)

    # A pass

    def along(self, tangents: Mapping[int, Value], open: Mapping[int, Any] | None = None) -> list[Value | None]:
        """How the gradient by every source moves where the lines of TANGENTS move like that; None: not at all.

        OPEN says which elements of those lines move, None is all.
        """
        graph, sweep = self.graph, ArraySweep(len(self.graph))
        numbers = sweep.numbers
        with quiet():
            for index in range(min(tangents, default=0), self.last + 1):
                if index in tangents:
                    sweep.add(index, tangents[index], (open or {}).get(index))
                if not self.live[index] or self.flat(index):
                    continue
                for slot, operand in enumerate(graph.operands[index]):
                    tangent = numbers[operand]
                    if tangent is None:
                        continue
                    line = self._ready.get(index)
                    if line is None:
                        line = self._ready[index] = Line(graph, self.values, index, strong_zero=self.strong_zero)
                    pushed = line.push(slot, tangent, sweep.open[operand])
                    if pushed is not None:
                        sweep.add(index, pushed[1], pushed[2])
            return [None if line is None else self._ended(line, sweep) for line in self.lines]

    def _ended(self, line: int, sweep: ArraySweep) -> Value | None:
        """The tangent of a gradient: nan where that is nan, unless a closed gate cut it off."""
        tangent, value, open = sweep.numbers[line], self.values[line], sweep.open[line]
        if tangent is None:
            return None
        lost = np.isnan(value) if open is None else np.isnan(value) & open
        return as_value(np.where(lost, np.nan, tangent))

    def back(self, along: Mapping[int, Value], point: Mapping[str, Value]) -> list[Value | None]:
        """The gradient of sum(along * gradient), by a backward pass through the adjoint lines."""
        graph = self.graph
        total: Node | None = None
        for source, line in zip(self.sources, self.lines, strict=True):
            if line is None or source not in along:
                continue
            moves = along[source]
            weight = graph.constant(moves if type(moves) is float else ArrayConstant(np.array(moves)))
            term: Node = Node(graph, line) * Node(graph, weight)
            if term.shape:
                term = NAMED["sum"](term, static=(None, False))
            total = term if total is None else total + term
        if total is None:
            return [None for _ in self.sources]
        go_on(graph, point, self.values)
        active = depends(graph, self.sources)
        sweep = pull_back(
            graph, self.values, total.index, active, strong_zero=self.strong_zero, keep=[*self.sources]
        )
        return [sweep.numbers[source] for source in self.sources]

    # All of it

    def matrix(self) -> Hessian:
        """The derivative of every element of every gradient by every element of every source."""
        shapes = [shape_of(self.values[source]) for source in self.sources]
        sizes = [math.prod(shape) for shape in shapes]
        starts = np.concatenate(([0], np.cumsum(sizes))).astype(int)
        reaches = self._reaches(shapes, starts)
        matrix = np.zeros(reaches.shape)
        groups = grouped(reaches)
        for group in groups:
            moved = np.zeros(len(reaches))
            moved[group] = 1.0
            tangents, open = {}, {}
            for place, source in enumerate(self.sources):
                part = moved[starts[place] : starts[place + 1]]
                if part.any():
                    tangents[source] = as_value(part.reshape(shapes[place]))
                    open[source] = None if part.all() else part.reshape(shapes[place]) != 0
            found = self.along(tangents, open)
            pieces = [np.zeros(size) if n is None else np.ravel(n) for n, size in zip(found, sizes, strict=True)]
            column = np.concatenate(pieces)
            if len(group) == 1:
                matrix[:, group[0]] = column
            else:
                owners = reaches[:, group]
                rows = np.flatnonzero(owners.any(axis=1))
                matrix[rows, np.asarray(group)[owners[rows].argmax(axis=1)]] = column[rows]
        return Hessian(matrix, reaches, len(groups))

    def _reaches(self, shapes: Sequence[Shape], starts: Any) -> Any:
        """Which elements of the sources (columns) have a path to which elements of the gradients (rows)."""
        found = np.zeros((starts[-1], starts[-1]), dtype=bool)
        every = self.graph.shapes or [() for _ in self.values]
        largest = max((math.prod(shape) for shape, live in zip(every, self.live, strict=True) if live), default=1)
        at_once = max(MOST_AT_ONCE // max(largest, 1), 1)
        for place, source in enumerate(self.sources):
            size = int(starts[place + 1] - starts[place])
            for low in range(0, size, at_once):
                high = min(low + at_once, size)
                unit = np.eye(size, high - low, -low, dtype=bool).reshape(*shapes[place], high - low)
                for row, reach in self._reached(source, unit):
                    part = reach.reshape(-1, high - low)
                    found[starts[row] : starts[row + 1], starts[place] + low : starts[place] + high] = part
        return found

    def _reached(self, source: int, unit: Any) -> Iterator[tuple[int, Any]]:
        graph, every = self.graph, self.graph.shapes or ()
        reach = {source: unit}
        for index in range(source + 1, self.last + 1):
            operands = graph.operands[index]
            slots = [slot for slot, operand in enumerate(operands) if operand in reach]
            if not slots or not self.live[index] or self.flat(index):
                continue
            primitive, static = graph.primitives[index], graph.statics[index]
            have = [every[operand] for operand in operands]
            flowing = flows_in(primitive, static, have)
            for slot in slots:
                if flowing[slot]:
                    spread = spread_of(primitive)(reach[operands[slot]], slot, have, static, every[index])
                    whole = np.broadcast_to(spread, (*every[index], unit.shape[-1]))
                    reach[index] = reach[index] | whole if index in reach else whole
        for row, line in enumerate(self.lines):
            if line in reach:
                yield row, np.broadcast_to(reach[line], (*every[line], unit.shape[-1]))

    def flat(self, index: int) -> bool:
        """Whether a line says what a gate lets through: that is flat, so nothing moves it."""
        origin = (self.graph.origins or {}).get(index)
        return origin is not None and origin.role in FLAT and self.graph.primitives[origin.source].opens


class Hessian:
    """The second derivatives by all elements of all sources in a row.

    PATHS says which entries have a path; all others are 0 whatever the values are. `passes` is how many made it.
    """

    __slots__ = ("matrix", "passes", "paths")

    def __init__(self, matrix: Array, paths: Any, passes: int) -> None:
        self.matrix = np.where(paths, matrix, 0.0)
        self.paths = paths
        self.passes = passes

    def spread(self, places: Sequence[int | None]) -> Hessian:
        """The same over more rows and columns: PLACES says which of these each is, None one without a path."""
        kept = np.array([place is not None for place in places], dtype=bool)
        at = np.array([place or 0 for place in places], dtype=int)
        if not len(self.matrix):
            size = (len(at), len(at))
            return Hessian(np.zeros(size), np.zeros(size, dtype=bool), self.passes)
        paths = self.paths[np.ix_(at, at)] & kept[:, None] & kept
        return Hessian(self.matrix[np.ix_(at, at)], paths, self.passes)

    def numbers(self) -> list[list[float]]:
        """Every entry, as rows."""
        found: list[list[float]] = self.matrix.tolist()
        return found

    def reaches(self) -> list[list[bool]]:
        """Which entries have a path, as rows."""
        found: list[list[bool]] = self.paths.tolist()
        return found

    def lost(self, start: int, end: int) -> int:
        """How many entries of these rows are not finite."""
        return int(np.count_nonzero(~np.isfinite(self.matrix[start:end])))

    def survey(self) -> tuple[float, float]:
        """The largest magnitude of an entry, and the largest difference of two across the diagonal."""
        if not self.matrix.size:
            return 0.0, 0.0
        with quiet():
            apart = np.abs(self.matrix - self.matrix.T)
        return float(np.abs(self.matrix).max()), float(apart.max())


def is_finite(value: Value) -> bool:
    """Whether every element is a finite number."""
    return bool(np.isfinite(value).all())


def grouped(reaches: Any) -> list[list[int]]:
    """The columns of REACHES in groups in which no two have an entry in one row; a column without one is in none."""
    columns = np.flatnonzero(reaches.any(axis=0)).tolist()
    most = int(reaches.sum(axis=1).max(initial=0))
    if 2 * most > len(columns):
        return [[column] for column in columns]
    groups: list[list[int]] = []
    taken = np.zeros((len(columns), len(reaches)), dtype=bool)
    for column in columns:
        own = np.flatnonzero(reaches[:, column])
        clash = taken[: len(groups), own].any(axis=1)
        place = len(groups) if clash.all() else int(clash.argmin())
        if place == len(groups):
            groups.append([])
        groups[place].append(column)
        taken[place, own] = True
    return groups
