"""The explanation of one program at one point: its rows, flows, gates, notes and final gradients, as plain data."""

from __future__ import annotations

from gradcli.autodiff import locals_of
from gradcli.graph import CONSTANT, VARIABLE
from gradcli.graph.carriers import number, read, trace_rules
from gradcli.graph.notation import atom, spelled
from gradcli.insight.gates import verb
from gradcli.report.title import title
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.autodiff import Flow, Sweep
    from gradcli.insight.notes import Note
    from gradcli.language.question import Question

LONGEST_FORMULA = 400


class Edge:
    """One flow with its texts: `source → target`, upstream × local = downstream. Shapes: scalar."""

    __slots__ = ("closed", "downstream", "formula", "local", "slot", "source", "target", "upstream")

    def __init__(self, flow: Flow, formula: str | None) -> None:
        self.source, self.target, self.slot, self.upstream, self.local, self.downstream, self.closed = flow
        self.formula = formula


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
        self.incoming: dict[int, list[Flow]] = {}
        self.outgoing: dict[int, list[Flow]] = {}
        for flow in flows:
            self.outgoing.setdefault(flow[0], []).append(flow)
            self.incoming.setdefault(flow[1], []).append(flow)
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

    def adjoint(self, index: int) -> float | None:
        """∂result/∂line, or None where it was not computed."""
        return self.sweep.numbers[index]

    def parts(self, index: int) -> list[float]:
        """The downstream gradients that reach a line, in the order of the sweep."""
        return [flow[5] for flow in self.incoming.get(index, ())]

    def gate(self, index: int) -> str:
        """What the line does to a gradient, in a word; an input on which several flows meet is a copy."""
        if index in self.folded:
            return "folded"
        if self.is_input(index):
            return "copy adds" if len(self.incoming.get(index, ())) > 1 else ""
        flows = self.outgoing.get(index, ())
        if not flows and self.adjoint(index) is None:
            return ""
        return verb(self.graph, index, [flow[2] for flow in flows], {flow[2]: flow[4] for flow in flows})

    def local_numbers(self, index: int) -> list[float | None]:
        """The local gradient of a line by each operand slot, whether it carries a flow or not."""
        operands = self.graph.operands[index]
        rules = locals_of(self.graph.primitives[index], self.graph.statics[index], len(operands))
        arguments = [self.values[operand] for operand in operands]
        return [None if rule is None else rule(self.values[index], *arguments) for rule in rules]

    def edges(self, index: int) -> list[Edge]:
        """The flows that leave a line, with the rule that ran as a formula over labels (None for a share)."""
        flows = self.outgoing.get(index, ())
        primitive = self.graph.primitives[index]
        if primitive.opens or len(self.graph.operands[index]) > 8:
            return [Edge(flow, None) for flow in flows]
        static, operands = self.graph.statics[index], self.graph.operands[index]
        trace = trace_rules(primitive, static, len(operands))
        texts = [atom(self.labels.names[index]), *[self.labels.text(operand) for operand in operands]]
        leaves = [self.values[index], *[self.values[operand] for operand in operands]]
        numbers = read(trace, leaves, number, float)
        found = []
        for flow in flows:
            formula = spelled(trace, flow[2], texts, numbers)
            found.append(Edge(flow, None if formula is None or len(formula) > LONGEST_FORMULA else formula))
        return found

    def as_object(self) -> dict[str, object]:
        """The explanation as the JSON of schema gradcli/1."""
        options = self.question.options
        return {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": self.question.at,
            "value": self.value,
            "gradients": self.gradients,
            "decomposition": options.decomposition,
            "mode": options.mode,
            "lines": [self._line_object(index) for index in self.rows],
            "flows": [flow for index in reversed(self.rows) for flow in self._flow_objects(index)],
            "notes": [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes],
        }

    def _line_object(self, index: int) -> dict[str, object]:
        span = self.graph.spans[index]
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
            for edge in self.edges(index)
        ]


def is_variable(explanation: Explanation, index: int) -> bool:
    """Whether a line is a variable (and no named constant)."""
    return explanation.graph.primitives[index] is VARIABLE


explain = Explanation
