"""The same question in forward and in reverse mode: what both do to every line, and what they cost."""

from __future__ import annotations

from gradcli.autodiff import Sweep, depends, evaluate, pull_back, push_forward
from gradcli.autodiff.chain import Chain
from gradcli.autodiff.work import (
    Wiring,
    forward_count,
    forward_memory,
    reverse_count,
    reverse_memory,
    values_read,
)
from gradcli.graph import CONSTANT, VARIABLE, Graph
from gradcli.graph.labels import Labels
from gradcli.questions import Question, backward, notes_of
from gradcli.report.modes import INPUTS, Cost, ModeComparison, Trace
from gradcli.report.title import title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradcli.autodiff import Flow
    from gradcli.autodiff.work import Count
    from gradcli.insight.notes import Note
    from gradcli.language.question import Options

MOST_PASSES = 12  # whose numbers are kept, each way
MOST_NUMBERS = 400_000  # of all of them together
MOST_COUNTED = 4  # passes that are counted one by one


def compared(source: str, given: Mapping[str, float], options: Options) -> ModeComparison:
    """Forward and reverse mode side by side for the program in SOURCE at the values GIVEN. Raises GradError."""
    question = Question(source, given, options)
    if question.shapes is not None:
        from gradcli.questions import compare_array_modes

        return compare_array_modes.compared(question)
    values = evaluate(question.graph, question.point)
    sweep, flows = backward(question, values)
    notes = notes_of(question, values, sweep, flows, folds=question.folds)
    inputs = {name: line for name, line in question.sources.items() if line is not None}
    names = question.labels().names
    run = Run(question.graph, values, inputs, {names[question.result]: question.result}, names, question.options.zero)
    return run.compared(question, notes)


class Run:
    """Both modes on a graph of scalars, left with the lines that the OUTPUTS are computed from.

    INPUTS and OUTPUTS are lines by name, an entry a pass; NAMES are those of all lines, empty for literals.
    """

    def __init__(
        self,
        graph: Graph,
        values: Sequence[float],
        inputs: Mapping[str, int],
        outputs: Mapping[str, int],
        names: Sequence[str],
        zero: str,
    ) -> None:
        self.graph, moved = pruned(graph, [*outputs.values()], [*inputs.values()])
        self.values = [values[line] for line in moved]
        self.inputs = {name: moved[line] for name, line in inputs.items()}
        self.outputs = {name: moved[line] for name, line in outputs.items()}
        self.labels = Labels(self.graph, self.last)
        self.labels.names = [names[line] for line in moved]
        self.strong = zero == "strong"
        self.active = depends(self.graph, self.inputs.values())
        self.wiring = Wiring(self.graph, [*self.inputs.values()], [*self.outputs.values()], self.active)

    @property
    def last(self) -> int:
        """The last line that a sweep goes to."""
        return max(self.outputs.values())

    def compared(self, question: Question, notes: Sequence[Note]) -> ModeComparison:
        """The report."""
        name = question.labels().names[question.result]
        expression = title(question.program)
        adjoints, edges = self.adjoints()
        return ModeComparison(
            source=question.source,
            title=f"{name} = {expression}" if expression != name else name,
            decomposition=question.options.decomposition,
            at=question.at,
            inputs=[*self.inputs],
            outputs=[*self.outputs],
            trace=Trace(
                self.labels.names,
                [self.labels.operation(line) for line in range(len(self.graph))],
                self.values,
                self.active,
                [
                    primitive.shown if operands else INPUTS
                    for primitive, operands in zip(self.graph.primitives, self.graph.operands, strict=True)
                ],
                dict(self.tangents()),
                adjoints,
            ),
            steps=(),
            forward=self.forward(),
            reverse=self.reverse(),
            chain=self.chain(edges),
            names=self.labels.names,
            notes=notes,
        )

    def kept(self, names: Mapping[str, int]) -> list[tuple[str, int]]:
        """The first passes, as many as are shown."""
        most = max(min(MOST_PASSES, MOST_NUMBERS // max(len(self.graph), 1)), 1)
        return [*names.items()][:most]

    def tangents(self) -> Iterator[tuple[str, list[float | None]]]:
        """The forward passes that are shown."""
        for name, line in self.kept(self.inputs):
            sweep = push_forward(self.graph, self.values, self.last, line, strong_zero=self.strong)
            yield name, self._ended(sweep)

    def _ended(self, sweep: Sweep) -> list[float | None]:
        """A sweep to the last output has passed the others: the tangent of one that is nan is nan, too."""
        for line in self.outputs.values():
            value = self.values[line]
            if value != value and sweep.numbers[line] is not None and not sweep.closed[line]:
                sweep.numbers[line] = value
        return sweep.numbers

    def adjoints(self) -> tuple[dict[str, list[float | None]], list[list[tuple[int, float]]]]:
        """The backward passes that are shown, and the local gradients on the way, line by line."""
        found: dict[str, list[float | None]] = {}
        locals_by_edge: dict[tuple[int, int], float] = {}
        for name, line in self.kept(self.outputs):
            flows: list[Flow] = []
            sweep = pull_back(self.graph, self.values, line, self.active, strong_zero=self.strong, flows=flows)
            found[name] = sweep.numbers
            locals_by_edge.update(((flow[0], flow[2]), flow[4]) for flow in flows)
        edges: list[list[tuple[int, float]]] = [[] for _ in range(len(self.graph))]
        for (index, slot), local in sorted(locals_by_edge.items()):
            edges[index].append((self.graph.operands[index][slot], local))
        if len(found) < len(self.outputs):
            edges = [[(operand, 1.0) for operand in operands] for operands in self.wiring.edges()]
        return found, edges

    def forward(self) -> Cost:
        """What the forward passes take."""
        lines = self.wiring.inputs
        each = self._each(forward_count, lines)
        count = forward_count(self.wiring, lines)
        return Cost("forward", len(lines), count.multiplications, count.additions, each, forward_memory(self.wiring))

    def reverse(self) -> Cost:
        """What the backward passes take."""
        lines = self.wiring.outputs
        each = self._each(reverse_count, lines)
        count = reverse_count(self.wiring, lines)
        read = [line for line in values_read(self.wiring) if self.graph.operands[line]]
        memory = reverse_memory(self.wiring)
        return Cost("reverse", len(lines), count.multiplications, count.additions, each, memory, len(read))

    def _each(self, counted: object, lines: Sequence[int]) -> list[Count]:
        return [counted(self.wiring, [line]) for line in lines] if 1 < len(lines) <= MOST_COUNTED else []  # type: ignore[operator]

    def chain(self, edges: Sequence[Sequence[tuple[int, float]]]) -> Chain | None:
        """The chain of Jacobians; None where an input depends on another."""
        lines = [*self.inputs.values()]
        return Chain(edges, lines, [*self.outputs.values()]) if independent(self.graph, lines) else None


def independent(graph: Graph, inputs: Sequence[int]) -> bool:
    """Whether no input depends on another; of none there is no chain."""
    asked, below = set(inputs), [False] * len(graph)
    for index, operands in enumerate(graph.operands):
        below[index] = any(operand in asked or below[operand] for operand in operands)
    return bool(inputs) and not any(below[line] for line in asked)


class Moved(dict[int, int]):
    """The new index of every line that was kept, in order."""


def pruned(graph: Graph, outputs: Sequence[int], inputs: Sequence[int]) -> tuple[Graph, Moved]:
    """The lines that the OUTPUTS are computed from, and the INPUTS; one that leads nowhere stands as a variable."""
    live = graph.live(outputs)
    asked = set(inputs)
    found, moved = Graph(), Moved()
    for index, primitive in enumerate(graph.primitives):
        if live[index]:
            operands = tuple([moved[operand] for operand in graph.operands[index]])
            moved[index] = found.append(primitive, operands, graph.statics[index], graph.names[index])
        elif index in asked:
            constant = primitive is CONSTANT
            moved[index] = found.append(
                CONSTANT if constant else VARIABLE, (), graph.statics[index] if constant else None, graph.names[index]
            )
    return found, moved
