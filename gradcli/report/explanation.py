"""The explanation of one program at one point: its rows, flows, gates, notes and final gradients, as plain data."""

from __future__ import annotations

from gradcli.graph import CONSTANT
from gradcli.graph.notation import atom
from gradcli.insight.gates import forward_verb, verb
from gradcli.language.question import Question
from gradcli.report.flows import MOST_OPERANDS, Pass, formula, local_numbers, pushes
from gradcli.report.title import title
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.autodiff import Flow, Sweep
    from gradcli.insight.notes import Note


class Edge:
    """One flow with its texts: `source → target`, upstream × local = downstream. Shapes: scalar.

    In forward mode it runs from an operand to its line, and upstream and downstream are tangent and push. `owner` is
    the line whose rule gave the local gradient, `operand` the line that it is taken by.
    """

    __slots__ = (
        "closed", "downstream", "formula", "local", "operand", "owner", "slot", "source", "target", "upstream",
    )  # fmt: skip

    def __init__(self, flow: Flow, formula: str | None, owner: int) -> None:
        self.source, self.target, self.slot, self.upstream, self.local, self.downstream, self.closed = flow
        self.formula = formula
        self.owner = owner
        self.operand = self.target if owner == self.source else self.source

    @property
    def cut_off(self) -> str:
        """Why the flow is 0 although upstream × local is not: a closed gate, or a strong zero."""
        product = self.upstream * self.local
        if self.downstream != 0 or product == 0:
            return ""
        return "closed" if self.closed else "strong 0"


class Explanation:
    """Every value, local gradient and flow of a program at a point.

    Lines are indices into the graph; `rows` are those that a view shows, in order of evaluation. `incoming` are the
    flows that reach a line, `outgoing` those that leave it, both in the order of the sweep.
    """

    def __init__(
        self,
        question: Question,
        values: list[float],
        sweep: Sweep,
        flows: Sequence[Flow],
        gradients: dict[str, float],
        notes: Sequence[Note],
        tangents: Mapping[str, Sweep],
    ) -> None:
        self.question = question
        self.graph = question.graph
        self.result = question.result
        self.values = values
        self.sweep = sweep
        self.flows = flows
        self.gradients = gradients
        self.notes = notes
        self.tangents = tangents
        self.labels = question.labels()
        self.folded = {line for fold in question.folds.values() for line in fold.lines}
        self.backward = Pass(None, sweep, flows)
        strong = question.options.zero == "strong"
        self.passes = [
            Pass(name, tangent, [*pushes(self.graph, values, tangent, strong_zero=strong)])
            for name, tangent in tangents.items()
        ] or [self.backward]
        self.rows = [
            index
            for index, primitive in enumerate(self.graph.primitives)
            if primitive is not CONSTANT or self.graph.names[index] is not None or index == self.result
        ]

    @property
    def value(self) -> float:
        """The result."""
        return self.values[self.result]

    @property
    def decomposition(self) -> str:
        """Which decomposition the graph is in."""
        return self.question.options.decomposition

    def title(self) -> str:
        """How the text was read: the expression of the result with the parentheses that it needs."""
        return title(self.question.program)

    def name(self, index: int) -> str:
        """The label of a line, or the number of a literal."""
        return self.labels.text(index)[0]

    def is_input(self, index: int) -> bool:
        """Whether a line is a leaf: a variable, or a constant with a name."""
        return not self.graph.operands[index]

    def is_added(self, index: int) -> bool:
        """Whether reverse-mode AD added a line behind the result."""
        return self.question.added is not None and index >= self.question.added and bool(self.graph.operands[index])

    def kind(self, index: int) -> str:
        """What a line is, in a word: an operation by its name, or inputs."""
        return "inputs" if self.is_input(index) else self.graph.primitives[index].shown

    def adjoint(self, index: int) -> float | None:
        """∂result/∂line, or None where it was not computed."""
        return self.sweep.numbers[index]

    def number(self, index: int, place: int = 0) -> float | None:
        """What the sweep at PLACE in `passes` left on a line: its gradient, or in forward mode its tangent."""
        return self.passes[place].numbers[index]

    def gate(self, index: int) -> str:
        """What the line does to a gradient, in a word; an input on which several flows meet is a copy."""
        if index in self.folded:
            return "folded"
        if self.is_input(index):
            return "copy adds" if self.backward.meeting(index) > 1 else ""
        if self.is_added(index):
            return self.labels.added_text(index)
        flows = self.backward.leaving.get(index, ())
        if not flows and self.adjoint(index) is None:
            return ""
        if self.backward.closed[index]:
            return "closed"
        return verb(self.graph, index, [flow[2] for flow in flows], {flow[2]: flow[4] for flow in flows})

    def gate_shown(self, index: int, place: int | None = None) -> str:
        """The gate word of the mode: in forward mode, what the line does to tangents in one pass, or in any."""
        if not self.passes[0].forward or index in self.folded:
            return self.gate(index)
        passes = self.passes if place is None else [self.passes[place]]
        flows = {flow[2]: flow for sweep in passes for flow in sweep.of_line(index)}
        return forward_verb(self.graph, index, sorted(flows), {slot: flow[4] for slot, flow in flows.items()})

    def local_numbers(self, index: int) -> list[float | None]:
        """The local gradient of a line by each operand slot, whether it carries a flow or not."""
        return local_numbers(self.graph, self.values, index)

    def edges(self, index: int, place: int = 0) -> list[Edge]:
        """The flows through the local gradients of a line, in the pass at PLACE, with the rule that ran as text."""
        return self._edges(index, self.passes[place].of_line(index))

    def local_edges(self, index: int) -> list[Edge]:
        """One flow for each operand of a line that takes part in any pass."""
        flows = {flow[2]: flow for sweep in reversed(self.passes) for flow in sweep.of_line(index)}
        return self._edges(index, [flows[slot] for slot in sorted(flows)])

    def _edges(self, index: int, flows: Sequence[Flow]) -> list[Edge]:
        if not flows:
            return []
        primitive, static = self.graph.primitives[index], self.graph.statics[index]
        operands = self.graph.operands[index]
        if primitive.opens or len(operands) > MOST_OPERANDS:
            return [Edge(flow, None, index) for flow in flows]
        texts = [atom(self.labels.names[index]), *[self.labels.text(operand) for operand in operands]]
        leaves = [self.values[index], *[self.values[operand] for operand in operands]]
        return [Edge(flow, formula(primitive, static, flow[2], texts, leaves), index) for flow in flows]

    def as_object(self) -> dict[str, object]:
        """The explanation as the JSON of schema gradcli/1."""
        options = self.question.options
        spans = self.graph.spans
        if not self.question.has_places:
            spans = Question(self.question.source, self.question.given, options, places=True).graph.spans
        return {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": self.question.at,
            "value": self.value,
            "gradients": self.gradients,
            "decomposition": options.decomposition,
            "mode": options.mode,
            "lines": [self._line_object(index, spans[index]) for index in self.rows],
            "flows": [flow for index in reversed(self.rows) for flow in self._flow_objects(index)],
            "notes": [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes],
        }

    def _line_object(self, index: int, span: tuple[int, int] | None) -> dict[str, object]:
        found: dict[str, object] = {
            "id": self.labels.names[index],
            "label": self.labels.equation(index),
            "primitive": self.graph.primitives[index].shown,
            "operands": [self.name(operand) for operand in self.graph.operands[index]],
            "value": self.values[index],
            "shape": [],
            "adjoint": self.adjoint(index),
            "gate": self.gate(index),
            "span": None if span is None else list(span),
        }
        if self.tangents:
            found["tangents"] = {name: sweep.numbers[index] for name, sweep in self.tangents.items()}
        if index in self.question.folds:
            fold = self.question.folds[index]
            found["stands_for"] = "".join(p if isinstance(p, str) else self.name(p) for p in fold.text)
        if self.graph.origins and index in self.graph.origins:
            found["added"] = self.labels.added(index)
        return found

    def _flow_objects(self, index: int) -> list[dict[str, object]]:
        return [
            {
                "from": self.labels.names[edge.source],
                "to": self.labels.names[edge.target],
                "upstream": edge.upstream,
                "local": edge.local,
                "downstream": edge.downstream,
                "rule": edge.formula if edge.formula is not None else f"share of {self.graph.primitives[index].shown}",
            }
            for edge in self._edges(index, self.backward.of_line(index))
        ]


explain = Explanation
