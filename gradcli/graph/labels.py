"""One name for every line, the same in every view, in JSON and in code."""

from __future__ import annotations

from gradcli.graph import CONSTANT, VARIABLE, Graph
from gradcli.graph.notation import Text, atom, constant, operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = ("f", "out", "result")
MOST_SHOWN = 8


class Labels:
    """The labels of a graph: inputs and named lines keep their name, operations are v1, v2, ..., the result is f.

    Adjoint lines are a1, a2, ...: those that a sweep added. A name that the program uses itself is stepped over.
    Literals have no label; they stand inside a line. NAMES, where given, are the labels.
    """

    __slots__ = ("graph", "names")

    def __init__(self, graph: Graph, result: int, names: list[str] | None = None) -> None:
        self.graph = graph
        self.names: list[str] = names or []
        if names is not None:  # they are known
            return
        taken = {name for name in graph.names if name is not None}
        count = adjoints = 0
        origins = graph.origins
        for index, name in enumerate(graph.names):
            if name is None and graph.primitives[index] is not CONSTANT:
                if index == result:
                    name = next((n for n in RESULTS if n not in taken), "f_")
                elif origins is not None and index in origins:
                    adjoints += 1
                    while f"a{adjoints}" in taken:
                        adjoints += 1
                    name = f"a{adjoints}"
                else:
                    count += 1
                    while f"v{count}" in taken:
                        count += 1
                    name = f"v{count}"
            self.names.append(name or "")
        if not self.names[result]:
            self.names[result] = next((n for n in RESULTS if n not in taken), "f_")

    def text(self, index: int) -> Text:
        """How line INDEX stands in another line: its label, or the number of a literal."""
        if self.graph.primitives[index] is CONSTANT and self.graph.names[index] is None:
            return constant(self.graph.statics[index])
        return atom(self.names[index])

    def operation(self, index: int) -> str:
        """What line INDEX does, as one operation over labels; a long row of operands is cut in the middle."""
        primitive = self.graph.primitives[index]
        if primitive is CONSTANT:
            return constant(self.graph.statics[index])[0]
        if primitive is VARIABLE:
            return self.names[index]
        operands: Sequence[int] = self.graph.operands[index]
        if len(operands) > MOST_SHOWN:
            shown = [self.text(operand)[0] for operand in (*operands[: MOST_SHOWN // 2], operands[-1])]
            return f"{primitive.shown}({', '.join(shown[:-1])}, … {shown[-1]})"
        if primitive.name == "same":
            return self.text(operands[0])[0]
        return operation(primitive, self.graph.statics[index], [self.text(operand) for operand in operands])[0]

    def added(self, index: int) -> dict[str, str]:
        """What a line is that a sweep added: its role, and the flow it belongs to."""
        assert self.graph.origins is not None
        origin = self.graph.origins[index]
        return {"role": origin.role, "from": self.text(origin.source)[0], "to": self.text(origin.target)[0]}

    def added_text(self, index: int) -> str:
        """The same in words: the flow that an added line carries, or what it is for."""
        found = self.added(index)
        if found["role"] == "sum":
            return f"{found['to']}: copy adds"
        if found["role"] == "order":
            return f"derivative of {found['from']}"
        if found["role"] == "join":
            return f"in the shape of {found['to']}"
        return f"{'' if found['role'] == 'flow' else found['role'] + ' '}{found['from']} → {found['to']}"

    def equation(self, index: int) -> str:
        """Line INDEX with its label: `v3 = v1 + v2`; a variable is its own."""
        if self.graph.primitives[index] is VARIABLE:
            return self.names[index]
        return f"{self.names[index]} = {self.operation(index)}"
