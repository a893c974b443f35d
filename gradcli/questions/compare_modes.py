"""The same question in forward and in reverse mode: what both do to every line, and what they cost."""

from __future__ import annotations

from gradcli.autodiff import Sweep, depends, evaluate, pull_back, push_forward
from gradcli.autodiff.chain import Chain
from gradcli.autodiff.work import (
    Count,
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
from gradcli.report.modes import MOST_ENTRIES, Cost, ModeComparison, Trace
from gradcli.report.title import title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gradcli.autodiff import Flow
    from gradcli.insight.notes import Note
    from gradcli.language.question import Options

LEAST_PASSES, MOST_PASSES = 2, 12  # whose numbers are kept, each way
MOST_NUMBERS = 150_000  # of all of them together
MOST_COUNTED = 4  # passes that are counted one by one


def compared(source: str, given: Mapping[str, float], options: Options, *, full: bool = False) -> ModeComparison:
    """Forward and reverse mode side by side for the program in SOURCE at the values GIVEN; FULL shows every line.

    Raises GradError.
    """
    question = Question(source, given, options)
    if question.shapes is not None:
        from gradcli.questions import compare_array_modes

        return compare_array_modes.compared(question, full=full)
    values = evaluate(question.graph, question.point)
    swept = backward(question, values)
    labels = question.labels()
    inputs = {name: line for name, line in question.sources.items() if line is not None}
    outputs = {labels.names[question.result]: question.result}
    run = Run(question, question.graph, values, inputs, outputs, labels.names, swept)
    notes = notes_of(question, values, *swept, folds=question.folds)
    return run.compared(labels.names[question.result], notes, full=full)


class Run:
    """Both modes on a graph of scalars, left with the lines that the OUTPUTS are computed from.

    INPUTS and OUTPUTS are lines by name, an entry a pass; NAMES are those of all lines, empty for literals. SWEPT is
    the backward pass from the only output, where it was made before.
    """

    def __init__(
        self,
        question: Question,
        graph: Graph,
        values: Sequence[float],
        inputs: Mapping[str, int],
        outputs: Mapping[str, int],
        names: Sequence[str],
        swept: tuple[Sweep, list[Flow]] | None = None,
    ) -> None:
        self.question = question
        self.graph, self.moved = pruned(graph, [*outputs.values()], [*inputs.values()])
        self.values = [values[line] for line in self.moved]
        self.inputs = {name: self.moved[line] for name, line in inputs.items()}
        self.outputs = {name: self.moved[line] for name, line in outputs.items()}
        self.last = max(self.outputs.values())
        self.labels = Labels(self.graph, self.last, [names[line] for line in self.moved])
        self.strong = question.options.zero == "strong"
        self.active = depends(self.graph, self.inputs.values())
        self.wiring = Wiring(self.graph, [*self.inputs.values()], [*self.outputs.values()], self.active)
        self.swept = swept

    def compared(self, name: str, notes: Sequence[Note], *, full: bool) -> ModeComparison:
        """The report; NAME is that of the result."""
        question = self.question
        expression = title(question.program)
        adjoints, locals_ = self.adjoints()
        return ModeComparison(
            source=question.source,
            title=f"{name} = {expression}" if expression != name else name,
            decomposition=question.options.decomposition,
            at=question.at,
            inputs=[*self.inputs],
            outputs=[*self.outputs],
            trace=Trace(self.labels, self.values, self.active, dict(self.tangents()), adjoints),
            steps=(),
            forward=self.forward(),
            reverse=self.reverse(),
            chain=self.chain(locals_),
            names=self.labels.names,
            notes=notes,
            full=full,
        )

    def kept(self, names: Mapping[str, int]) -> list[tuple[str, int]]:
        """The first passes, as many as are shown."""
        most = max(min(MOST_PASSES, MOST_NUMBERS // max(len(self.graph), 1)), LEAST_PASSES)
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

    def adjoints(self) -> tuple[dict[str, list[float | None]], dict[tuple[int, int], float] | None]:
        """The backward passes that are shown; where they are all and short, also the derivatives by each operand."""
        found: dict[str, list[float | None]] = {}
        edges: dict[tuple[int, int, int], float] = {}
        for name, line in self.kept(self.outputs):
            if self.swept is None:
                flows: list[Flow] = []
                sweep = pull_back(self.graph, self.values, line, self.active, strong_zero=self.strong, flows=flows)
                found[name] = sweep.numbers
                edges.update(((flow[0], flow[2], flow[1]), flow[4]) for flow in flows)
            else:
                sweep, flows = self.swept
                moved = self.moved
                found[name] = [sweep.numbers[index] for index in moved]
                if len(self.graph) <= MOST_ENTRIES:
                    edges.update(((moved[flow[0]], flow[2], moved[flow[1]]), flow[4]) for flow in flows)
        if len(found) < len(self.outputs) or len(self.graph) > MOST_ENTRIES:
            return found, None
        entries: dict[tuple[int, int], float] = {}
        for (index, _, operand), local in sorted(edges.items()):
            before = entries.get((index, operand))
            entries[index, operand] = local if before is None else before + local
        return found, entries

    def forward(self) -> Cost:
        """What the forward passes take."""
        lines = self.wiring.inputs
        count, each = self._counted(forward_count, lines)
        return Cost("forward", len(lines), count.multiplications, count.additions, each, forward_memory(self.wiring))

    def reverse(self) -> Cost:
        """What the backward passes take."""
        lines = self.wiring.outputs
        count, each = self._counted(reverse_count, lines)
        read = [line for line in values_read(self.wiring) if self.graph.operands[line]]
        memory = reverse_memory(self.wiring)
        passes = len(lines) if self.wiring.inputs else 0
        return Cost("reverse", passes, count.multiplications, count.additions, each, memory, len(read))

    def _counted(
        self, counted: Callable[[Wiring, Sequence[int]], Count], lines: Sequence[int]
    ) -> tuple[Count, list[Count]]:
        """All passes together, and a few one by one."""
        if not 1 < len(lines) <= MOST_COUNTED:
            return counted(self.wiring, lines), []
        each = [counted(self.wiring, [line]) for line in lines]
        return Count(sum(one.multiplications for one in each), sum(one.additions for one in each)), each

    def chain(self, entries: Mapping[tuple[int, int], float] | None) -> Chain | None:
        """The chain of Jacobians; None where an input depends on another."""
        lines = [*self.inputs.values()]
        if not independent(self.graph, lines):
            return None
        return Chain([*self.wiring.edges()], lines, [*self.outputs.values()], entries=entries)


def independent(graph: Graph, inputs: Sequence[int]) -> bool:
    """Whether no input depends on another; of none there is no chain."""
    if not any(graph.operands[line] for line in inputs):
        return bool(inputs)
    asked, below = set(inputs), [False] * len(graph)
    for index, operands in enumerate(graph.operands):
        below[index] = any(operand in asked or below[operand] for operand in operands)
    return not any(below[line] for line in asked)


def pruned(graph: Graph, outputs: Sequence[int], inputs: Sequence[int]) -> tuple[Graph, dict[int, int]]:
    """The lines that the OUTPUTS are computed from, and the INPUTS, with their new places, in order.

    An input that leads nowhere stands as a variable.
    """
    live = graph.live(outputs)
    if all(live):
        return graph, dict(enumerate(range(len(graph))))
    asked = set(inputs)
    found = Graph()
    moved: dict[int, int] = {}
    for index, primitive in enumerate(graph.primitives):
        if live[index]:
            operands = tuple([moved[operand] for operand in graph.operands[index]])
            moved[index] = found.append(primitive, operands, graph.statics[index], graph.names[index])
        elif index in asked:
            constant = primitive is CONSTANT
            static = graph.statics[index] if constant else None
            moved[index] = found.append(CONSTANT if constant else VARIABLE, (), static, graph.names[index])
    return found, moved
