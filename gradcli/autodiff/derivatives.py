"""Derivative words written out: in the place of grad(f, x) and its kin stand the lines that compute it.

The lines are those of reverse-mode AD, so a derivative is differentiated again like anything else. A word by a line
that nothing depends on is 0.
"""

from __future__ import annotations

from gradcli.autodiff import go_on
from gradcli.autodiff.adjoint import adjoint_lines, known_numbers
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, Origin, primitives
from gradcli.graph.derivatives import WORDS
from gradcli.graph.notation import operation
from gradcli.graph.shapes import BYTES, MAX_MEMORY, count, sized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Primitive, Shape
    from gradcli.graph.notation import Text

MOST_LINES = 400_000
FEW = 2  # orders that are sweeps over sweeps; beyond, Taylor coefficients need far fewer lines


def is_word(graph: Graph, index: int) -> bool:
    """Whether line INDEX is a derivative word."""
    return WORDS.get(graph.primitives[index].name) is graph.primitives[index]


def words(graph: Graph) -> list[int]:
    """The lines that are derivative words."""
    return [index for index in range(len(graph)) if is_word(graph, index)]


class Derivative:
    """One derivative that was written out: its word, the lines f and x, and the lines from `start` up to `end`."""

    __slots__ = ("end", "operands", "start", "static", "word")

    def __init__(self, word: Primitive, static: Any, operands: tuple[int, ...], start: int, end: int) -> None:
        self.word = word
        self.static = static
        self.operands = operands
        self.start = start
        self.end = end

    def text(self, operands: Sequence[Text]) -> str:
        """The word as the language writes it, over the texts of f and x."""
        return operation(self.word, self.static, operands)[0]


class Written:
    """A graph without derivative words, where each line of the old one went, and what was written out."""

    __slots__ = ("derivatives", "graph", "moved")

    def __init__(self, graph: Graph, moved: list[int], derivatives: list[Derivative]) -> None:
        self.graph = graph
        self.moved = moved
        self.derivatives = derivatives


def write_out(
    graph: Graph, point: Mapping[str, Any] | None = None, memory: int | None = None, *, for_value: bool = False,
    anywhere: bool = False,
) -> Written:  # fmt: skip
    """GRAPH with the lines of every derivative in place of its word. Its shapes are known where there are arrays.

    At a POINT a derivative of what is nan there starts from nan, else from 1. Without one it starts from 1; or, with
    ANYWHERE, from a line that is 1 or nan, so that the lines hold at every point, also where there is a nan. FOR_VALUE
    says that the graph will only be evaluated at the point: a derivative of high order is a number then.
    Raises GradError (limit) where that would be more than MOST_LINES lines, or their values more than MEMORY bytes.
    """
    found = Graph()
    writer = _Writer(found, point, anywhere=anywhere)
    differentiated = _differentiated(graph) if for_value else None
    found.shapes = None if graph.shapes is None else []
    found.origins = {}
    moved: list[int] = []
    derivatives: list[Derivative] = []
    for index, primitive in enumerate(graph.primitives):
        name, span, static = graph.names[index], graph.spans[index], graph.statics[index]
        operands = tuple([moved[operand] for operand in graph.operands[index]])
        if primitive is VARIABLE:
            moved.append(found.variable(name or "", span, () if graph.shapes is None else graph.shapes[index]))
        elif primitive is CONSTANT:
            moved.append(found.constant(static, name, span))
        elif is_word(graph, index):
            start = len(found)
            as_number = differentiated is not None and not differentiated[index]
            line = writer.write(primitive.name, operands, static, as_number=as_number)
            _refuse_memory(found, memory)
            derivatives.append(Derivative(primitive, static, operands, start, len(found)))
            moved.append(_named(found, line, name, span))
        else:
            moved.append(found.append(primitive, operands, static, name, span))
    return _without_dead_lines(Written(found, moved, derivatives))


def _differentiated(graph: Graph) -> list[bool]:
    """Which lines a derivative is taken of."""
    return graph.live([graph.operands[word][0] for word in words(graph)])


def _refuse_memory(graph: Graph, memory: int | None) -> None:
    """Raise where the values of the lines would take more than MEMORY bytes, before any is computed."""
    most = MAX_MEMORY if memory is None else memory
    taken = sum([count(shape) for shape in graph.shapes or () if shape]) * BYTES
    if taken > most:
        from gradcli.graph.nested import larger

        raise GradError(
            "limit", f"the lines of the derivatives would take {sized(taken)}, the most is {sized(most)}",
            hint=f"the command gradcli jacobian keeps no lines; {larger(taken)}",
        )  # fmt: skip


def _without_dead_lines(written: Written) -> Written:
    """The graph without added lines that nothing uses; those whose rule was written stay."""
    graph, moved = written.graph, written.moved
    origins = graph.origins or {}
    live = [index not in origins for index in range(len(graph))]
    for line in moved:
        live[line] = True
    for index in range(len(graph) - 1, -1, -1):
        if live[index]:
            for operand in graph.operands[index]:
                live[operand] = True
            if index in origins:
                live[origins[index].source] = True  # the line whose rule this one is
    if all(live):
        return written
    short = Graph()
    places: list[int] = []
    for index in range(len(graph)):
        places.append(len(short))
        if live[index]:
            short.primitives.append(graph.primitives[index])
            short.operands.append(tuple([places[operand] for operand in graph.operands[index]]))
            short.statics.append(graph.statics[index])
            short.names.append(graph.names[index])
            short.spans.append(graph.spans[index])
    if graph.shapes is not None:
        short.shapes = [shape for shape, is_live in zip(graph.shapes, live, strict=True) if is_live]
    short.origins = {
        places[index]: Origin(origin.role, places[origin.source], places[origin.target])
        for index, origin in origins.items() if live[index]
    }  # fmt: skip
    places.append(len(short))
    derivatives = [
        Derivative(d.word, d.static, tuple([places[o] for o in d.operands]), places[d.start], places[d.end])
        for d in written.derivatives
    ]
    return Written(short, [places[line] for line in moved], derivatives)


def _named(graph: Graph, line: int, name: str | None, span: Any) -> int:
    """LINE, or a copy of it, under the NAME that the program gave to the word."""
    if name is not None:
        if graph.names[line] is not None or graph.primitives[line] in (VARIABLE, CONSTANT):
            line = graph.append(NAMED["same"], (line,))
        graph.names[line] = name
    if graph.spans[line] is None:
        graph.spans[line] = span
    return line


class _Writer:
    """Writes the lines of one derivative at the end of a graph."""

    def __init__(self, graph: Graph, point: Mapping[str, Any] | None, *, anywhere: bool) -> None:
        self.graph = graph
        self.point = point
        self.anywhere = anywhere
        self.values: list[Any] = []

    def write(self, word: str, operands: tuple[int, ...], order: int | None, *, as_number: bool) -> int:
        f, x = operands
        if word == "d":
            return self.nth(f, x, order or 0, as_number=as_number)
        if word == "grad":
            return self.gradient(f, x)
        if word == "hessian":
            return self.jacobian(self.gradient(f, x), x)
        return self.jacobian(f, x)

    def shape(self, line: int) -> Shape:
        return () if self.graph.shapes is None else self.graph.shapes[line]

    def zeros(self, shape: Shape) -> int:
        zero = self.graph.constant(0.0)
        return self.graph.append(NAMED["fit"], (zero,), shape) if shape else zero

    def gradient(self, f: int, x: int, seed: int | None = None) -> int:
        """The adjoint of line X."""
        self.bound(1)
        self.go_on()
        seed = self.seed(f) if seed is None else seed
        gaps = self.point is not None or self.anywhere
        found = adjoint_lines(self.graph, f, [x], seed=seed, is_number=self.is_number, gaps=gaps)[x]
        return self.zeros(self.shape(x)) if found is None else found

    def seed(self, f: int) -> int:
        """1, or nan where F is nan."""
        if self.anywhere:
            return self.added(primitives()["seed"], (f,), None)
        value = 1.0 if self.point is None else self.values[f]
        return self.graph.constant(1.0 if value == value else value)

    def go_on(self) -> None:
        """Compute the values of the lines so far."""
        if self.point is None:
            return
        if self.graph.shapes is None:
            go_on(self.graph, self.point, self.values)
        else:
            from gradcli.autodiff.arrays import go_on as go_on_with_arrays

            go_on_with_arrays(self.graph, self.point, self.values)

    def is_number(self, line: int) -> bool:
        """Whether a line is nowhere nan at the point; without one, a formula holds where there is no nan."""
        if self.point is None:
            return not self.anywhere
        return known_numbers(self.values)(line)

    def nth(self, f: int, x: int, order: int, *, as_number: bool = False) -> int:
        """The derivative of F, of any shape, by the scalar X."""
        if order > FEW and as_number and self.graph.shapes is None:
            from gradcli.autodiff.taylor import derivatives

            self.go_on()
            return self.graph.constant(derivatives(self.graph, self.values, f, x, order)[order])
        if order > FEW:
            from gradcli.autodiff.taylor import derivative_line

            self.bound(order)
            self.go_on()
            found = derivative_line(self.graph, f, x, order, seeded=not self.is_number(f))
            if found is not None:
                return found
        for _ in range(order):
            f = self.tangent(f, x) if self.shape(f) else self.gradient(f, x)
        return f

    def tangent(self, f: int, x: int) -> int:
        """The derivative of an array by a scalar: the pull-back, which is linear in its upstream, pulled back."""
        shape = self.shape(f)
        upstream = self.zeros(shape)
        pulled = self.gradient(f, x, upstream)
        return self.gradient(pulled, upstream)

    def jacobian(self, f: int, x: int) -> int:
        """Every derivative of F by X: the axes of F, then those of X."""
        rows, columns = self.shape(f), self.shape(x)
        if not rows:
            return self.gradient(f, x)
        if not columns:
            return self.tangent(f, x)
        many, wide = count(rows), count(columns)
        self.bound(min(many, wide))
        if many <= wide:
            parts = [self.gradient(f, x, seed) for seed in self.units(rows)]
            return self.reshaped(self.stacked(parts), (*rows, *columns))
        upstream = self.zeros(rows)
        pulled = self.gradient(f, x, upstream)
        parts = [self.gradient(pulled, upstream, seed) for seed in self.units(columns)]
        side = self.reshaped(self.stacked(parts), (wide, many))
        return self.reshaped(self.added(NAMED["transpose"], (side,), None), (*rows, *columns))

    def units(self, shape: Shape) -> Iterator[int]:
        """Seeds with a single 1."""
        from gradcli.graph.arrays import ArrayConstant, units

        for unit in units(shape):
            yield self.graph.constant(unit if type(unit) is float else ArrayConstant(unit))  # type: ignore[arg-type]

    def stacked(self, parts: Sequence[int]) -> int:
        return self.added(NAMED["stack"], tuple(parts), None)

    def reshaped(self, line: int, shape: Shape) -> int:
        return line if self.shape(line) == shape else self.added(NAMED["reshape"], (line,), shape)

    def added(self, primitive: Any, operands: tuple[int, ...], static: Any) -> int:
        line = self.graph.append(primitive, operands, static)
        assert self.graph.origins is not None
        self.graph.origins[line] = Origin("join", line, line)
        return line

    def bound(self, sweeps: int) -> None:
        """Refuse more than MOST_LINES lines before they are written."""
        if len(self.graph) * (sweeps + 1) > MOST_LINES:
            raise GradError(
                "limit", f"the derivatives would take more than {MOST_LINES:,} lines",
                hint="ask for fewer of them, or with the commands gradcli jacobian and gradcli hessian",
            )  # fmt: skip
