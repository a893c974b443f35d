"""The explanation of a program in which an array appears: every value, flow and rule in its shape, as plain data."""

from __future__ import annotations

from gradcli.graph import CONSTANT
from gradcli.graph.arrays import plain, shape_of
from gradcli.graph.shapes import count
from gradcli.insight.gates import forward_verb, verb
from gradcli.language.question import Question
from gradcli.report.array_rules import push_text, rule_text, summed_axes
from gradcli.report.explanation import Explanation
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.autodiff.arrays import ArrayFlow, ArraySweep
    from gradcli.graph import Shape
    from gradcli.graph.arrays import Value
    from gradcli.insight.notes import Note


class ArrayPass:
    """One sweep: backpropagation, or forward mode from the element NAME. A number or an array a line, and its flows.

    `arriving` are the flows that reach a line, `leaving` those that leave it, both in the order of the sweep.
    """

    __slots__ = ("arriving", "closed", "flows", "forward", "leaving", "name", "numbers", "source")

    def __init__(
        self, sweep: ArraySweep, flows: Sequence[ArrayFlow], name: str = "", source: int | None = None
    ) -> None:
        self.name = name
        self.source = source
        self.forward = source is not None
        self.numbers = sweep.numbers
        self.closed = [open is not None and not open.any() for open in sweep.open]
        self.flows = flows
        self.arriving: dict[int, list[ArrayFlow]] = {}
        self.leaving: dict[int, list[ArrayFlow]] = {}
        for flow in flows:
            self.leaving.setdefault(flow.source, []).append(flow)
            self.arriving.setdefault(flow.target, []).append(flow)

    def of_line(self, index: int) -> Sequence[ArrayFlow]:
        """The flows through the rules of a line."""
        return (self.arriving if self.forward else self.leaving).get(index, ())

    def meeting(self, index: int) -> int:
        """How many flows reach a line."""
        return len(self.arriving.get(index, ()))


class ArrayEdge:
    """One flow with its texts. Through a local gradient it is upstream × local = downstream, element by element, and
    where the operand was repeated along the axes COPIED, the sum along them; through a carried line RULE says it.

    In forward mode it runs from an operand to its line, and upstream and downstream are tangent and push. `owner` is
    the line whose rule it is, `operand` the line that it is taken by. FORMULA is the local gradient as a formula.
    """

    __slots__ = (
        "copied", "copies", "downstream", "formula", "local", "operand", "owner", "rule", "slot", "source", "target",
        "upstream",
    )  # fmt: skip

    def __init__(self, flow: ArrayFlow, text: str | None, *, forward: bool, axes: Sequence[int], copies: int) -> None:
        self.source, self.target, self.slot = flow.source, flow.target, flow.slot
        self.upstream, self.local, self.downstream = flow.upstream, flow.local, flow.downstream
        self.owner, self.operand = (flow.target, flow.source) if forward else (flow.source, flow.target)
        self.formula = None if flow.local is None else text
        self.rule = text if flow.local is None else None
        self.copied = tuple(axes)
        self.copies = copies


class ArrayExplanation(Explanation):
    """Every value, rule and flow of a program at a point. Shapes: any.

    Lines are indices into the graph; `rows` are those that a view shows, in order of evaluation. `backward` is
    backpropagation; `passes` is that, or in forward mode a pass for each element of each name.
    """

    def __init__(  # the parts that are arrays have other types than in a program of scalars
        self,
        question: Question,
        values: Sequence[Value],
        backward: ArrayPass,
        gradients: Mapping[str, Value],
        notes: Sequence[Note],
        passes: Sequence[ArrayPass],
    ) -> None:
        self.question = question
        self.graph = question.graph
        self.result = question.result
        self.values = values  # type: ignore[assignment]
        self.gradients = gradients  # type: ignore[assignment]
        self.notes = notes
        self.labels = question.labels()
        self.folded = {line for fold in question.folds.values() for line in fold.lines}
        self.backward = backward  # type: ignore[assignment]
        self.passes = [*passes] or [backward]  # type: ignore[list-item]
        self.forward = bool(passes)
        graph = self.graph
        self.rows = [
            index
            for index, primitive in enumerate(graph.primitives)
            if primitive is not CONSTANT or graph.names[index] is not None or index == self.result
        ]

    def sweeps(self) -> Sequence[ArrayPass]:
        """The passes that are shown."""
        return self.passes  # type: ignore[return-value]

    def shape(self, index: int) -> Shape:
        """The shape of a line."""
        return shape_of(self.values[index])

    @property
    def of_sum(self) -> bool:
        """Whether the result is an array, so that the gradients are those of the sum of its elements."""
        return bool(self.shape(self.result))

    def adjoint(self, index: int) -> Value | None:  # type: ignore[override]
        """∂result/∂line, or None where it was not computed."""
        return self.backward.numbers[index]

    def number(self, index: int, place: int = 0) -> Value | None:  # type: ignore[override]
        """What the sweep at PLACE in `passes` left on a line: its gradient, or in forward mode its tangent."""
        return self.passes[place].numbers[index]

    def gate(self, index: int) -> str:
        """What the line does to a gradient, in a word; a gate that lets some elements through says how many it blocks;
        an input on which several flows meet is a copy."""
        backward: ArrayPass = self.backward  # type: ignore[assignment]
        if index in self.folded:
            return "folded"
        if self.is_input(index):
            return "copy adds" if backward.meeting(index) > 1 else ""
        if self.is_added(index):
            return self.labels.added_text(index)
        flows = backward.of_line(index)
        if not flows and backward.numbers[index] is None:
            return ""
        if backward.closed[index]:
            return "closed"
        return self._verb(index, flows)

    def gate_shown(self, index: int, place: int | None = None) -> str:
        """The gate word of the mode: in forward mode, what the line does to tangents in one pass, or in any."""
        if not self.forward or index in self.folded:
            return self.gate(index)
        passes = self.sweeps() if place is None else [self.sweeps()[place]]
        flows = {flow.slot: flow for sweep in passes for flow in sweep.of_line(index)}
        if len(flows) > 1:
            return forward_verb(self.graph, index, sorted(flows), dict.fromkeys(flows, 1.0))
        return self._verb(index, [*flows.values()])

    def _verb(self, index: int, flows: Sequence[ArrayFlow]) -> str:
        """The verb of the line; of a gate with one live operand, how many of its elements it blocks."""
        primitive = self.graph.primitives[index]
        locals_ = {flow.slot: flow.local for flow in flows}
        gates = bool(flows) and primitive.opens and primitive.kind == "elementwise"
        if gates and (len(flows) == 1 or primitive.shown == "relu") and shape_of(flows[0].local):  # type: ignore[arg-type]
            share = flows[0].local
            blocked, passed, many = int((share == 0).sum()), int((share == 1).sum()), share.size  # type: ignore[union-attr]
            if blocked:
                return f"blocks all {many}" if blocked == many else f"blocks {blocked:,} of {many:,}"
            return "passes" if passed == many else "shares"
        floats = {slot: local if type(local) is float else 0.5 for slot, local in locals_.items()}
        if primitive.opens and primitive.kind == "reduces":
            return primitive.verbs[0] if flows else ""
        return verb(self.graph, index, sorted(locals_), floats)

    def edges(self, index: int, place: int = 0) -> list[ArrayEdge]:  # type: ignore[override]
        """The flows through the rules of a line, in the pass at PLACE, with the rule that ran as text."""
        sweep = self.sweeps()[place]
        return [self._edge(flow, forward=sweep.forward) for flow in sweep.of_line(index)]

    def local_edges(self, index: int) -> list[ArrayEdge]:  # type: ignore[override]
        """One flow for each operand of a line that takes part in any pass."""
        flows = {flow.slot: flow for sweep in reversed(self.sweeps()) for flow in sweep.of_line(index)}
        return [self._edge(flows[slot], forward=self.forward) for slot in sorted(flows)]

    def _edge(self, flow: ArrayFlow, *, forward: bool) -> ArrayEdge:
        owner, operand = (flow.target, flow.source) if forward else (flow.source, flow.target)
        have, need = self.shape(owner), self.shape(operand)
        axes, copies = [], 1
        if self.graph.primitives[owner].kind == "elementwise" and have != need:
            axes = summed_axes(have, need)
            copies = count(have) // max(count(need), 1)
        if forward and flow.local is None:
            text = push_text(self.graph, self.labels, owner, flow.slot)
        else:
            text = rule_text(self.graph, self.values, self.labels, owner, flow.slot)
        return ArrayEdge(flow, text, forward=forward, axes=axes if copies > 1 else (), copies=copies)

    def as_object(self) -> dict[str, object]:
        """The explanation as the JSON of schema gradcli/1, arrays as nested lists."""
        options = self.question.options
        spans = self.graph.spans
        if not self.question.has_places:
            spans = Question(self.question.source, self.question.given, options, places=True).graph.spans
        return {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": {name: plain(value) for name, value in self.question.at.items()},
            "value": plain(self.value),
            "gradients": {name: plain(value) for name, value in self.gradients.items()},
            "decomposition": options.decomposition,
            "mode": options.mode,
            "lines": [self._line_object(index, spans[index]) for index in self.rows],
            "flows": [flow for index in reversed(self.rows) for flow in self._flow_objects(index)],
            "notes": [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes],
        }

    def _line_object(self, index: int, span: tuple[int, int] | None) -> dict[str, object]:
        adjoint = self.adjoint(index)
        found: dict[str, object] = {
            "id": self.labels.names[index],
            "label": self.labels.equation(index),
            "primitive": self.graph.primitives[index].shown,
            "operands": [self.name(operand) for operand in self.graph.operands[index]],
            "value": plain(self.values[index]),
            "shape": [*self.shape(index)],
            "adjoint": None if adjoint is None else plain(adjoint),
            "gate": self.gate(index),
            "span": None if span is None else list(span),
        }
        if self.forward:
            found["tangents"] = {sweep.name: _plain_or_none(sweep.numbers[index]) for sweep in self.sweeps()}
        if index in self.question.folds:
            fold = self.question.folds[index]
            found["stands_for"] = "".join(p if isinstance(p, str) else self.name(p) for p in fold.text)
        if self.graph.origins and index in self.graph.origins:
            found["added"] = self.labels.added(index)
        return found

    def _flow_objects(self, index: int) -> list[dict[str, object]]:
        backward: ArrayPass = self.backward  # type: ignore[assignment]
        return [
            {
                "from": self.labels.names[edge.source],
                "to": self.labels.names[edge.target],
                "upstream": plain(edge.upstream),
                "local": _plain_or_none(edge.local),
                "downstream": plain(edge.downstream),
                "rule": edge.rule or edge.formula or f"share of {self.graph.primitives[index].shown}",
                **({"summed": [*edge.copied]} if edge.copied else {}),
            }
            for edge in [self._edge(flow, forward=False) for flow in backward.of_line(index)]
        ]


def _plain_or_none(value: Value | None) -> object:
    return None if value is None else plain(value)
