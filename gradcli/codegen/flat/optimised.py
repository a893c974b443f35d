"""The tidied adjoint graph as statements: value and gradients together, in as few operations as the passes leave."""

from __future__ import annotations

from gradcli.codegen.flat.statements import Statements
from gradcli.codegen.flat.sweep import BackwardLines
from gradcli.codegen.flat.values import values_of
from gradcli.graph import CONSTANT, VARIABLE, Graph
from gradcli.graph.optimise import optimise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.targets.base import Target, Text


class TidyLines:
    """The lines of a subject with its backward pass after the passes of graph/optimise.py.

    `before` and `after` say how many operations there were and are.
    """

    def __init__(self, subject: Subject) -> None:
        lines = BackwardLines(subject)
        graph, moved = written_out(lines)
        adjoints = {
            name: None if line is None else moved[lines.resolved(line)] for name, line in lines.adjoints.items()
        }
        wanted = [moved[lines.result], *(line for line in adjoints.values() if line is not None)]
        found = optimise(graph, wanted)
        self.graph = found.graph
        self.start = len(self.graph)
        self.result = found.moved[moved[lines.result]]
        self.adjoints = {name: None if line is None else found.moved[line] for name, line in adjoints.items()}
        self.operands = self.graph.operands
        self.stands_for: dict[int, int] = {}
        self.comments: dict[int, str] = {}
        self.before, self.after = (sum(map(bool, each.operands)) for each in (graph, self.graph))
        self.values: list[Any] | None = None if subject.point is None else values_of(self.graph, subject.point)
        self.labels = self._labels(subject)

    def resolved(self, line: int) -> int:
        """LINE itself: all of them are needed."""
        return line

    def _labels(self, subject: Subject) -> list[str]:
        """Names of the user's, then the result and the gradients; all else is t1, t2, ..."""
        graph = self.graph
        taken = {name for name in graph.names if name is not None}
        labels = [name or "" for name in graph.names]
        if not labels[self.result]:
            labels[self.result] = subject.labels[subject.result]
        for name, line in self.adjoints.items():
            if line is not None and not labels[line] and graph.primitives[line] is not CONSTANT:
                labels[line] = f"grad_{name}" if name.isascii() else "grad"
        count = 0
        for line, primitive in enumerate(graph.primitives):
            if not labels[line] and primitive is not CONSTANT:
                count += 1
                while f"t{count}" in taken:
                    count += 1
                labels[line] = f"t{count}"
        return labels


class OptimisedStatements(Statements):
    """The lines as one run of statements; a gradient that is another line, or a number, is that."""

    lines: TidyLines  # type: ignore[assignment]

    def __init__(self, subject: Subject, lines: TidyLines, target: Target, reserved: Collection[str]) -> None:
        super().__init__(subject, lines, target, reserved)  # type: ignore[arg-type]

    def _live(self) -> list[bool]:
        graph = self.graph
        return graph.live([self.lines.result, *(line for line in self.lines.adjoints.values() if line is not None)])

    def _write_backward(self) -> None:
        """Nothing more: the lines hold it."""

    def _gradient(self, name: str) -> Text:
        line = self.lines.adjoints[name]
        return super()._gradient(name) if line is None else self._read(line)


def written_out(lines: BackwardLines) -> tuple[Graph, dict[int, int]]:
    """The lines of forward and backward pass as a graph of their own, and where each went; the seed is 1."""
    source, found = lines.graph, Graph()
    found.shapes = None if source.shapes is None else []
    moved: dict[int, int] = {}
    is_one = lines.values is None or is_number(lines.values[lines.result])
    constants = [line for line, primitive in enumerate(source.primitives) if primitive is CONSTANT]
    rest = [line for line, primitive in enumerate(source.primitives) if primitive is not CONSTANT]
    for line in [*constants, *rest]:
        primitive, static, name = source.primitives[line], source.statics[line], source.names[line]
        if primitive is VARIABLE:
            moved[line] = found.variable(name or "", None, () if source.shapes is None else source.shapes[line])
        elif primitive is CONSTANT:
            moved[line] = found.constant(static, name)
        elif line == lines.seed and is_one and (source.shapes is None or not source.shapes[line]):
            moved[line] = found.constant(1.0)
        else:
            operands = [moved[lines.resolved(operand)] for operand in lines.operands[line]]
            moved[line] = found.append(primitive, tuple(operands), static, name)
    return found, moved


def is_number(value: Any) -> bool:
    """Whether a value is nowhere nan."""
    return value == value if type(value) is float else bool((value == value).all())
