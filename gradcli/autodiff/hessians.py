"""Second derivatives of a graph of scalars: forward over reverse, on the ledger of a backward pass.

The adjoint of a line moves where the upstream gradient moves, and where the local gradient does: a flow with
downstream = upstream * local adds d(upstream) * local + upstream * d(local). Tangents are sparse: a line knows only the
columns that reach it, so an entry without a path is never computed, and is exactly 0.
"""

from __future__ import annotations

from gradcli.autodiff import FEW, _times, depends, locals_of, pull_back
from gradcli.autodiff.seconds import leaves_of, seconds_at, seconds_of
from gradcli.graph import CONSTANT, Node
from gradcli.graph.carriers import trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.autodiff import Flow
    from gradcli.graph import Graph, Primitive

    Tangent = dict[int, float]  # by column; one without an entry has no path
    Link = tuple[int, float]  # a line whose tangent moves a local gradient, and upstream * how much
    Edge = tuple[int, int, float, Sequence[Link]]  # from line, to line, local gradient, what moves it
    Kit = tuple[tuple[float | None, Any, Any], ...]

NO_LINKS: tuple[Link, ...] = ()


class Edges:
    """The open flows of a backward pass in its order, each with what moves its local gradient.

    `read` marks the lines whose tangents are needed.
    """

    __slots__ = ("edges", "read", "strong_zero")

    def __init__(
        self, graph: Graph, values: Sequence[float], flows: Iterable[Flow], *, strong_zero: bool = False
    ) -> None:
        self.strong_zero = strong_zero
        self.edges: list[Edge] = []
        self.read = bytearray(len(graph))
        primitives, every_operands, statics = graph.primitives, graph.operands, graph.statics
        add, read = self.edges.append, self.read
        at, known, numbers = -1, None, None
        arrives = bytearray(len(graph))  # from the result on, without what passes nothing whatever the values are
        for source, target, slot, upstream, local, _, closed in flows:
            if closed:
                continue
            if not arrives[source]:
                if at >= 0:
                    continue
                arrives[source] = 1  # the first flow comes from the result
            if source != at:
                at, operands = source, every_operands[source]
                known = seconds_of(primitives[source], statics[source], len(operands))
                arguments = [values[operand] for operand in operands]
                numbers = None
            if known is None:
                if numbers is None:
                    numbers = seconds_at(primitives[source], statics[source], values[source], arguments)
                found = numbers[slot]
            else:
                seconds = known[slot]
                if not seconds:
                    if seconds is not None:
                        add((source, target, local, NO_LINKS))
                        arrives[target] = 1
                    continue
                found = []
                for leaf, constant, function, gate in seconds:
                    second = constant if function is None else function(values[source], *arguments)
                    assert second is not None
                    if second or not gate:
                        found.append((leaf, second))
            if found is None:
                continue
            links = []
            for leaf, second in found:
                line = operands[leaf - 1] if leaf else source
                links.append((line, _times(upstream, second) if strong_zero else upstream * second))
                read[line] = 1
            add((source, target, local, links))
            arrives[target] = 1
        self.spread()

    def spread(self) -> None:
        """Mark what the tangents that are read are made of."""
        read = self.read
        for source, target, _, _ in self.edges:
            if read[source]:
                read[target] = 1


def swept(
    graph: Graph, values: Sequence[float], result: int, active: Sequence[bool]
) -> tuple[Edges, list[float | None]] | None:
    """The edges and the adjoints in one backward pass without a ledger, for a graph without gates.

    None where it has one, a line has more than a few operands, or a number on the way is not finite: those take a
    ledger.
    """
    if any(primitive.watched for primitive in set(graph.primitives)):
        return None
    edges = Edges(graph, values, ())
    add, read = edges.edges.append, edges.read
    adjoints: list[float | None] = [None] * len(graph)
    adjoints[result] = 1.0 if active[result] else None
    kits: dict[tuple[Primitive, Any, int], Kit | None] = {}
    primitives, every_operands, statics = graph.primitives, graph.operands, graph.statics
    for index in range(result, -1, -1):
        upstream = adjoints[index]
        operands = every_operands[index]
        if upstream is None or not operands:
            continue
        key = (primitives[index], statics[index], len(operands))
        kit = kits.get(key)
        if kit is None:
            kit = kits[key] = _kit(*key)
            if kit is None:
                return None
        y, arguments = values[index], None
        for operand, (constant, rule, seconds) in zip(operands, kit):  # noqa: B905  # a kit has one for each
            if not active[operand]:
                continue
            if rule is None:
                local: Any = constant
            else:
                arguments = arguments or [values[operand] for operand in operands]
                local = rule(y, *arguments)
            before = adjoints[operand]
            adjoints[operand] = upstream * local if before is None else before + upstream * local
            if not seconds:
                add((index, operand, local, NO_LINKS))
                continue
            arguments = arguments or [values[operand] for operand in operands]
            links = []
            for leaf, known, function, gate in seconds:
                second = known if function is None else function(y, *arguments)
                if second or not gate:
                    line = operands[leaf - 1] if leaf else index
                    links.append((line, upstream * second))
                    read[line] = 1
            add((index, operand, local, links))
    if not all(number is None or number - number == 0 for number in adjoints) or values[result] != values[result]:
        return None
    edges.spread()
    return edges, adjoints


def _kit(primitive: Primitive, static: Any, count: int) -> Kit | None:
    """For each operand its local gradient, a constant or a function, and the derivatives of that; None where one is
    not frozen, or nothing flows in an operand."""
    seconds = seconds_of(primitive, static, count) if count <= FEW else None
    if seconds is None or None in seconds:
        return None
    trace = trace_rules(primitive, static, count)
    found = []
    for rule, output, second in zip(locals_of(primitive, static, count), trace.outputs, seconds, strict=True):
        if output is None:
            return None
        constant = trace.graph.primitives[output] is CONSTANT
        found.append((trace.graph.statics[output] if constant else None, None if constant else rule, second))
    return tuple(found)


def rows(edges: Edges, sources: Sequence[int | None]) -> list[Tangent]:
    """The derivative of the adjoint of each of the SOURCES by each of them: of a row the columns that have a path.

    None is a source that does not occur.
    """
    tangents = _tangents(edges, sources)
    length = len(tangents)
    adjoints: list[Tangent | None] = [None] * length
    own = bytearray(length)
    strong = edges.strong_zero
    for source, target, local, links in edges.edges:
        upstream = adjoints[source]
        if upstream is None and not links:
            continue
        into = adjoints[target]
        if into is None:
            if not links and local == 1.0:
                adjoints[target] = upstream
                continue
            into = adjoints[target] = {}
            own[target] = 1
        elif not own[target]:
            into = adjoints[target] = into.copy()
            own[target] = 1
        if upstream is not None:
            _add(into, upstream, local, strong)
        for line, weight in links:
            tangent = tangents[line]
            if tangent is not None:
                _add(into, tangent, weight, strong)
    return [{} if source is None else adjoints[source] or {} for source in sources]


def _tangents(edges: Edges, sources: Sequence[int | None]) -> list[Tangent | None]:
    """Of every line that is read the tangents by column, each of which moves one of the SOURCES."""
    read, strong = edges.read, edges.strong_zero
    tangents: list[Tangent | None] = [None] * len(read)
    for column, source in enumerate(sources):
        if source is not None:
            tangents[source] = {column: 1.0}
    for source, target, local, _ in reversed(edges.edges):
        if not read[source]:
            continue
        tangent = tangents[target]
        if tangent is None:
            continue
        into = tangents[source]
        if into is None:
            into = tangents[source] = {}
        _add(into, tangent, local, strong)
    return tangents


def _add(into: Tangent, more: Tangent, factor: float, strong: bool) -> None:
    """INTO + MORE * FACTOR, column by column."""
    if strong:
        for column, number in more.items():
            pushed = _times(number, factor)
            into[column] = into[column] + pushed if column in into else pushed
    elif factor == 1.0:
        for column, number in more.items():
            into[column] = into[column] + number if column in into else number
    else:
        for column, number in more.items():
            into[column] = into[column] + number * factor if column in into else number * factor


def product(edges: Edges, along: Mapping[int, float]) -> list[float | None]:
    """Of every line the derivative of its adjoint where the lines ALONG move like that; None where nothing arrives."""
    read, strong = edges.read, edges.strong_zero
    tangents: list[float | None] = [None] * len(read)
    for line, moves in along.items():
        tangents[line] = moves
    for source, target, local, _ in reversed(edges.edges):
        if read[source] and (tangent := tangents[target]) is not None:
            push = _times(local, tangent) if strong else local * tangent
            before = tangents[source]
            tangents[source] = push if before is None else before + push
    adjoints: list[float | None] = [None] * len(read)
    for source, target, local, links in edges.edges:
        found = adjoints[target]
        if (upstream := adjoints[source]) is not None:
            more = _times(upstream, local) if strong else upstream * local
            found = more if found is None else found + more
        for line, weight in links:
            if (tangent := tangents[line]) is not None:
                more = _times(weight, tangent) if strong else weight * tangent
                found = more if found is None else found + more
        adjoints[target] = found
    return adjoints


def patterns(graph: Graph, result: int, sources: Sequence[int | None]) -> list[int]:
    """For each of the SOURCES the columns to which its row has a path, whatever the values are: a set of bits."""
    reach = [0] * len(graph)  # the columns that can move a line
    for column, source in enumerate(sources):
        if source is not None:
            reach[source] |= 1 << column
    known: dict[tuple[str, object, int], list[list[int] | None]] = {}
    slots_of: list[list[list[int] | None] | None] = []
    for index, operands in enumerate(graph.operands):
        if not operands:
            slots_of.append(None)
            continue
        primitive, static = graph.primitives[index], graph.statics[index]
        key = (primitive.name, static, len(operands))
        slots = known.get(key)
        if slots is None:
            slots = known[key] = leaves_of(primitive, static, len(operands))
        slots_of.append(slots)
        found = 0
        for operand, leaves in zip(operands, slots, strict=True):
            if leaves is not None:
                found |= reach[operand]
        reach[index] |= found
    moved: list[int | None] = [None] * len(graph)  # the columns that can move an adjoint
    moved[result] = 0
    for index in range(result, -1, -1):
        before, slots = moved[index], slots_of[index]
        if before is None or slots is None or not reach[index]:
            continue
        operands = graph.operands[index]
        for operand, leaves in zip(operands, slots, strict=True):
            if leaves is None or not reach[operand]:
                continue
            found = before | (moved[operand] or 0)
            for leaf in leaves:
                found |= reach[operands[leaf - 1] if leaf else index]
            moved[operand] = found
    return [0 if source is None else moved[source] or 0 for source in sources]


def work(graph: Graph, result: int, sources: Sequence[int | None]) -> int:
    """How many products of tangents `rows` takes at most, by the structure."""
    steps = 0
    reach = [0] * len(graph)
    for column, source in enumerate(sources):
        if source is not None:
            reach[source] |= 1 << column
    for index, operands in enumerate(graph.operands[: result + 1]):
        for operand in operands:
            reach[index] |= reach[operand]
            steps += 2 * reach[operand].bit_count()
    return steps


def back(
    graph: Graph, values: Sequence[float], result: int, sources: Sequence[int], along: Mapping[int, float],
    point: Mapping[str, float], *, strong_zero: bool = False,
) -> list[float | None]:  # fmt: skip
    """The gradient of sum(along * gradient) by each of the SOURCES: backpropagation through the adjoint lines."""
    from gradcli.autodiff.adjoint import AdjointGraph

    adjoint = AdjointGraph(graph, values, result, sources)
    added = adjoint.graph
    total: Node | None = None
    for source, line in adjoint.adjoints.items():
        if line is not None and source in along:
            term = Node(added, line) * along[source]
            total = term if total is None else total + term
    if total is None:
        return [None for _ in sources]
    numbers = adjoint.evaluate(point, strong_zero=strong_zero)
    sweep = pull_back(added, numbers, total.index, depends(added, sources), strong_zero=strong_zero)
    return [sweep.numbers[source] for source in sources]


class Hessian:
    """The second derivatives of a scalar by scalars: ROWS of numbers by column; a pattern is a set of bits a row."""

    __slots__ = ("_patterns", "_rows")

    def __init__(self, rows: Sequence[Tangent], patterns: Callable[[], Sequence[int]]) -> None:
        self._rows = rows
        self._patterns = patterns

    def numbers(self) -> list[list[float]]:
        """Every entry."""
        columns = range(len(self._rows))
        return [[row.get(column, 0.0) for column in columns] for row in self._rows]

    def reaches(self) -> list[list[bool]]:
        """Which entries have a path; all others are 0 whatever the values are."""
        columns = range(len(self._rows))
        return [[bool(bits >> column & 1) for column in columns] for bits in self._patterns()]

    def survey(self) -> tuple[float, float]:
        """The largest magnitude of an entry, and the largest difference of two across the diagonal."""
        largest = apart = 0.0
        for row, numbers in enumerate(self._rows):
            for column, number in numbers.items():
                other = abs(number - self._rows[column].get(row, 0.0))
                if abs(number) > largest or number != number:
                    largest = abs(number)
                if number != number:
                    return number, number
                if not other <= apart:
                    apart = other
        return largest, apart
