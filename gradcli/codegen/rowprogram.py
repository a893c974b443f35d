"""A program for rows: a scalar graph, its lines that are columns of the data, and those that are the result's."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.graph import Graph


class RowProgram:
    """What is computed of every row: the value and the gradients, as lines of one graph of elementwise primitives.

    graph    scalars; its leaves are constants and the variables in `inputs`
    inputs   the line of each column that is read, in order; `columns` their names
    outputs  the columns of the result in order, each with its line: ("value", line), ("d_x", line), ...; several may
             have one line, and a line may be an input or a constant
    """

    __slots__ = ("columns", "graph", "inputs", "outputs")

    def __init__(
        self, graph: Graph, columns: Sequence[str], inputs: Sequence[int], outputs: Sequence[tuple[str, int]]
    ) -> None:
        self.graph = graph
        self.columns = list(columns)
        self.inputs = list(inputs)
        self.outputs = list(outputs)

    @property
    def names(self) -> list[str]:
        """The names of the result's columns."""
        return [name for name, _ in self.outputs]
