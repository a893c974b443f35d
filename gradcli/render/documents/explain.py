"""The explanation of scalars as a document: each line forward, each flow backward, the gradients, the notes."""

from __future__ import annotations

from gradcli.render.documents.blocks import Block, Equations, Heading, Paragraph, Row, equals
from gradcli.render.documents.formula import Formula, numeral, product, total
from gradcli.render.documents.labelled import Labelled
from gradcli.render.explanation import MOST_GRADIENTS, folded_blocks, folded_rows
from gradcli.render.ledger import LOST, SEED, SUM, lines_of, steps
from gradcli.render.table import local_text
from gradcli.report.precision import MOST_PARTS, Digits
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.render.ledger import Step
    from gradcli.report.explanation import Edge, Explanation

MOST_INPUTS = 20
CLOSED = {"closed": "closed gate: exactly 0", "strong 0": "strong zero: exactly 0"}


def explained(explanation: Explanation, *, digits: int, full: bool) -> list[Block]:
    """The blocks of the document."""
    return [*_Scalars(explanation, digits, full=full).blocks()]


class _Scalars(Labelled):
    def __init__(self, explanation: Explanation, base: int, *, full: bool) -> None:
        super().__init__(explanation)
        every = [row for row in explanation.rows if not explanation.is_input(row)]
        noted = {note.line for note in explanation.notes if note.kind != "recognised"}
        self.inputs = [row for row in explanation.rows if explanation.is_input(row)]
        self.rows = every if full else folded_rows(every, lambda row: self.labels[row] in noted, kind=explanation.kind)
        self.steps = folded_blocks(steps(explanation), full=full)
        lines = {row for row in (*self.inputs[:MOST_INPUTS], *self.rows) if isinstance(row, int)}
        self.digits = Digits(explanation, {*lines, *lines_of(explanation, self.steps)}, base)

    def blocks(self) -> Iterator[Block]:
        """The document."""
        yield from self.title()
        yield from self._forward()
        yield from self._backward()
        yield Heading("Result")
        yield Equations([*self._answers()])
        yield from self.notes()

    # Forward

    def _forward(self) -> Iterator[Block]:
        rows: list[Row | str] = [
            Row(self.name(self.labels[index]), equals(numeral(self.digits.value(index))))
            for index in self.inputs[:MOST_INPUTS]
        ]
        hidden = len(self.inputs) - MOST_INPUTS
        rows += [f"… {hidden:,} more inputs (--json has them all)"] if hidden > 0 else []
        rows += [row if isinstance(row, str) else self._line(row) for row in self.rows]
        yield Heading("Forward: values")
        yield Equations(rows)

    def _line(self, index: int) -> Row:
        """v1 = w0 x0 = 2 · (-1) = -2."""
        graph = self.explanation.graph
        operation = self.explanation.labels.operation(index)
        numbers = {
            self.labels[operand]: numeral(self.digits.value(operand))
            for operand in graph.operands[index] if self.labels[operand]
        }  # fmt: skip
        parts = [self.formula(operation), self.formula(operation, numbers), numeral(self.digits.value(index))]
        return Row(self.name(self.labels[index]), equals(*parts), self.belongs(index))

    # Backward

    def _backward(self) -> Iterator[Block]:
        explanation = self.explanation
        forward = explanation.passes[0].forward
        yield Heading("Forward: tangents" if forward else "Backward: gradients")
        if not self.steps:
            yield Paragraph("No gradient flows: nothing to differentiate by.")
            return
        meet = any(isinstance(step, tuple) and step[2] == SUM for step in self.steps)
        yield from self.meaning(forward=forward, meet=meet)
        rows: list[Row | str] = []
        for step in self.steps:
            if forward and isinstance(step, tuple) and step[2] == SEED:
                yield from [Equations(rows)] if rows else []
                yield from self.seeded(step[0])
                rows = []
            rows.append(step if isinstance(step, str) else self._step(step))
        yield Equations(rows)

    def _step(self, step: Step) -> Row:
        place, index, at = step
        forward = self.explanation.passes[place].forward
        accent = "dot" if forward else "bar"
        left = self.name(self.labels[index], accent)
        if at in (SEED, LOST):
            word = "seed" if at == SEED else "nan result"
            return Row(left, equals(numeral(self.digits.number(index, place))), [word])
        if at == SUM:
            told = "adds" if forward else "copy adds"
            return Row(left, equals(*self._sum(index, place, accent), numeral(self.digits.total(index, place))), [told])
        return self._flow(self.explanation.edges(index, place)[at], place, accent, first=at == 0)

    def _flow(self, edge: Edge, place: int, accent: str, *, first: bool) -> Row:
        """upstream × local = downstream, in names and in numbers."""
        meets = self.explanation.passes[place].meeting(edge.target) > 1
        left = self.name(self.labels[edge.target], accent, self.above(edge) if meets else None)
        upstream = self.name(self.labels[edge.source], accent)
        formula, value = local_text(edge, self.digits)
        local = numeral(value)
        named = product(upstream, self.formula(formula) if formula else local, shown=r" \cdot ")
        numbers = product(numeral(self.digits.number(edge.source, place)), local, shown=r" \cdot ")
        parts = equals(named, numbers)
        parts.append((r"\to" if edge.cut_off else "=", numeral(self.digits.downstream(edge, place))))
        remark = self.gate(edge, place, first=first)
        if edge.cut_off:
            remark = [f"{remark[0]}, {CLOSED[edge.cut_off]}" if remark else CLOSED[edge.cut_off]]
        return Row(left, parts, remark)

    def _sum(self, index: int, place: int, accent: str) -> Iterator[Formula]:
        """The flows that meet, in names and in numbers."""
        sweep = self.explanation.passes[place]
        flows = sweep.arriving[index]
        few = flows if len(flows) <= MOST_PARTS else flows[:2]
        more = [Formula(rf"\dots \text{{ ({len(flows) - 2} more)}}", 70)] if len(flows) > MOST_PARTS else []
        edges = {(edge.owner, edge.slot): edge for flow in few
                 for edge in self.explanation.edges(sweep.owner(flow), place)}  # fmt: skip
        met = [edges[sweep.owner(flow), flow[2]] for flow in few]
        label = self.labels[index]
        yield total([*[self.name(label, accent, self.above(edge)) for edge in met], *more], 2)
        numbers = [numeral(self.digits.part(sweep.owner(flow), flow[2], flow[5], place)) for flow in few]
        yield total([*numbers, *more], 2)

    # The answer

    def _answers(self) -> Iterator[Row | str]:
        explanation, digits = self.explanation, self.digits
        yield Row(self.name(self.result), equals(numeral(digits.value(explanation.result))))
        gradients = list(explanation.gradients.items())
        for source, gradient in gradients[:MOST_GRADIENTS]:
            yield Row(self.derivative(source), equals(numeral(self._gradient(source, gradient))))
        if len(gradients) > MOST_GRADIENTS:
            yield f"… and {len(gradients) - MOST_GRADIENTS:,} more (--json has them all)"

    def _gradient(self, source: str, gradient: float) -> str:
        """A final gradient with the digits that it has in its row."""
        explanation = self.explanation
        line = explanation.question.sources[source]
        text = ""
        if explanation.tangents:
            places = [place for place, sweep in enumerate(explanation.passes) if sweep.name == source]
            text = self.digits.number(explanation.result, places[0]) if places else ""
        elif line is not None:
            text = self.digits.number(line)
        return text or shown(gradient, self.digits.base)


