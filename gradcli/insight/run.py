"""What notes are about: a run of a graph, with what its lines were and what a sweep left on them."""

from __future__ import annotations

from gradcli.graph import Edge, Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.autodiff import Flow, Sweep
    from gradcli.graph.decompose import Fold
    from gradcli.graph.labels import Labels


class Note:
    """One sentence about a line: its kind, the label of the line, and the message, which begins with the place."""

    __slots__ = ("kind", "line", "message")

    def __init__(self, kind: str, line: str, message: str) -> None:
        self.kind = kind
        self.line = line
        self.message = message


class Run:
    """What the notes are about: a graph with its values, and after a backward sweep its adjoints and flows."""

    __slots__ = ("active", "flows", "folds", "graph", "labels", "live", "result", "sweep", "ties", "values")

    def __init__(
        self,
        graph: Graph,
        values: list[float],
        result: int,
        labels: Labels,
        *,
        active: list[bool] | None = None,
        sweep: Sweep | None = None,
        flows: Sequence[Flow] = (),
        folds: Mapping[int, Fold] | None = None,
        ties: str = "split",
    ) -> None:
        self.graph = graph
        self.values = values
        self.result = result
        self.labels = labels
        self.active = active or [False] * len(graph)
        self.sweep = sweep
        self.flows = flows
        self.folds = folds or {}
        self.ties = ties
        self.live = open_lines(graph, values, result)


def open_lines(graph: Graph, values: Sequence[float], result: int) -> list[bool]:
    """The lines that the result is computed from, without what stands only in branches that a `where` left closed."""
    marks = [False] * len(graph)
    marks[result] = True
    for index in range(result, -1, -1):
        if marks[index]:
            operands = graph.operands[index]
            if graph.primitives[index].name == "where":
                operands = (operands[0], operands[1] if values[operands[0]] != 0 else operands[2])
            for operand in operands:
                marks[operand] = True
    return marks


def reached(run: Run, index: int) -> bool:
    """Whether a gradient that is not cut off by a closed gate arrives at the line."""
    return run.sweep is not None and run.sweep.numbers[index] is not None and not run.sweep.closed[index]


def applies(run: Run, index: int, edge: Edge) -> bool:
    operands = run.graph.operands[index]
    slots = edge.operands or range(len(operands))
    if run.sweep is not None and not any(run.active[operands[slot]] for slot in slots):
        return False
    extra = (run.graph.statics[index],) if run.graph.primitives[index].static else ()
    return edge.when(run.values[index], *[run.values[operand] for operand in operands], *extra)
