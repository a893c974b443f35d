"""A question: a program, the values given, and how it is to be answered; ready for the sweeps."""

from __future__ import annotations

from gradcli.graph.decompose import decompose
from gradcli.language.builder import build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from gradcli.autodiff.derivatives import Derivative, Written
    from gradcli.graph import Graph, Shape
    from gradcli.graph.decompose import Fold
    from gradcli.graph.labels import Labels
    from gradcli.language.builder import Program
    from gradcli.language.example import Example


class Options:
    """How a question is to be answered; the names and choices are those of the command line.

    `max_memory` is how many bytes the values of arrays may take; None is the default.
    """

    __slots__ = ("decomposition", "example", "max_memory", "mode", "ties", "wrt", "zero")

    def __init__(
        self,
        *,
        wrt: Sequence[str] | None = None,
        decomposition: str = "auto",
        mode: str = "reverse",
        ties: str = "split",
        zero: str = "ieee",
        max_memory: int | None = None,
        example: str | None = None,
    ) -> None:
        self.wrt = wrt
        self.decomposition = decomposition
        self.mode = mode
        self.ties = ties
        self.zero = zero
        self.max_memory = max_memory
        self.example = example


class Question:
    """A program at a point, in the decomposition that was asked for, ready for the sweeps.

    `sources` are the names to differentiate by with their lines (None for a name that does not occur), `point` the
    value of every variable, `at` all values that were given, in the order of the variables. `example` are the values
    that --example gave to names without one, `named` all names that have a value. `derivatives` are those that the
    program itself asks for; their lines stand in the graph. From the line `added` on stand those of reverse-mode AD.
    """

    __slots__ = (
        "added",
        "at",
        "derivatives",
        "example",
        "folds",
        "given",
        "graph",
        "has_places",
        "named",
        "options",
        "point",
        "program",
        "result",
        "shapes",
        "source",
        "sources",
        "unused",
    )

    def __init__(
        self,
        source: str,
        given: Mapping[str, Any],
        options: Options,
        *,
        places: bool = False,
        for_value: bool = False,
    ) -> None:
        self.source = source
        self.given = given
        self.options = options
        self.has_places = places
        self.named: Collection[str] = given
        self.example: Example | None = None
        self.derivatives: Sequence[Derivative] = ()
        self.added: int | None = None
        wanted = None
        if options.example is not None:
            from gradcli.language.example import Example, Wanted

            wanted = Wanted(options.example)
            self.named = {*given, *wanted.shapes}
        self.program: Program = build(
            source, given=self.named, ties=options.ties, places=places, memory=options.max_memory
        )
        values = {**self.program.at, **given}
        if wanted is not None:
            self.example = Example(self.program, wanted, values, options.max_memory)
            values |= self.example.values
        variables = self.program.variables
        self.point = {name: values[name] for name in variables if name in values}
        if len(self.point) < len(variables):
            self.complain_of_missing_values()
        self.shapes: list[Shape] | None = None
        if self.program.has_arrays or any(type(value) is not float for value in values.values()):
            self._infer_shapes()
        self.unused = [name for name in values if name not in variables]
        self.at = {**self.point, **{name: values[name] for name in self.unused}}
        self._decompose()
        if self.program.has_words:
            self._write_derivatives(for_value=for_value)

    def _decompose(self) -> None:
        """Rewrite the graph as the decomposition says; what is differentiated by stays a line of it."""
        typed = self._sources()
        kept = [line for name, line in typed.items() if line is not None and name not in self.program.variables]
        if self.program.has_words:
            from gradcli.autodiff.derivatives import words

            kept += [self.program.graph.operands[word][1] for word in words(self.program.graph)]
        decomposed = decompose(self.program.graph, self.program.result, self.options.decomposition, kept)
        self.graph: Graph = decomposed.graph
        self.folds: Mapping[int, Fold] = decomposed.folds
        self.result: int = decomposed.moved[self.program.result]
        self.sources = {name: None if line is None else decomposed.moved[line] for name, line in typed.items()}
        if self.shapes is not None and self.graph is not self.program.graph:
            from gradcli.graph.shapes import infer

            self.graph.shapes = self.shapes = infer(self.graph, self._shapes_given())

    def _write_derivatives(self, *, for_value: bool) -> None:
        """Put the lines of every derivative in place of its word; FOR_VALUE, where they will only be evaluated."""
        written = self._written_out(for_value=for_value)
        moved, self.derivatives = written.moved, written.derivatives
        self.graph, self.shapes = written.graph, written.graph.shapes
        self.result = moved[self.result]
        self.sources = {name: None if line is None else moved[line] for name, line in self.sources.items()}
        self.folds = {moved[line]: fold.renumbered(moved) for line, fold in self.folds.items()}

    def _written_out(self, *, for_value: bool) -> Written:
        from gradcli.autodiff.derivatives import write_out

        return write_out(self.graph, self.point, self.options.max_memory, for_value=for_value)

    def add_adjoints(self, values: Sequence[Any]) -> dict[str, int | None]:
        """Put the adjoint lines of the result behind the graph, whose VALUES are known: reverse-mode AD.

        Says the line of the derivative by each source, None where nothing arrives.
        """
        from gradcli.autodiff.adjoint import AdjointGraph

        added = AdjointGraph(self.graph, values, self.result, self.live_sources())
        self.graph, self.added = added.graph, added.start
        if self.shapes is not None:
            self.shapes = added.graph.shapes
        return {name: None if line is None else added.adjoints[line] for name, line in self.sources.items()}

    def _infer_shapes(self) -> None:
        """Check every shape before any number is computed; the graph knows the shapes of its lines from here on."""
        from gradcli.graph import array_primitives
        from gradcli.language.shaped import shapes_of

        array_primitives()  # sweeps write lines of them, whatever the program itself is made of
        shapes = shapes_of(self.program, self._shapes_given(), self.named, self.options.ties)
        self.program.graph.shapes = self.shapes = shapes

    def _shapes_given(self) -> dict[str, Shape]:
        return {name: () if type(value) is float else value.shape for name, value in self.point.items()}

    def _sources(self) -> dict[str, int | None]:
        program = self.program
        if self.options.wrt is None:
            return {**program.variables, **dict.fromkeys(self.unused)}
        lines: dict[str, int | None] = {**program.definitions, **program.variables, **dict.fromkeys(self.unused)}
        for name in self.options.wrt:
            if name not in lines:
                from gradcli.language.unanswerable import unknown_wrt

                raise unknown_wrt(name, self.source, lines)
        return {name: lines[name] for name in self.options.wrt}

    def complain_of_missing_values(self) -> None:
        """Raise the error that names every variable without a value, at its first place."""
        from gradcli.language.unanswerable import missing_values

        raise missing_values(self)

    def live_sources(self) -> list[int]:
        """The lines to differentiate by."""
        return [line for line in self.sources.values() if line is not None]

    def labels(self) -> Labels:
        """The name of every line."""
        from gradcli.graph.labels import Labels

        return Labels(self.graph, self.result)
