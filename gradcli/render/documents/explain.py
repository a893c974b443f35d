"""The explanation of scalars as a document: each line forward, each flow backward, the gradients, the notes."""

from __future__ import annotations

from gradcli.render.documents.blocks import (
    Block,
    Equations,
    Heading,
    Items,
    Mathematics,
    Paragraph,
    Row,
    Title,
    equals,
)  # fmt: skip
from gradcli.render.documents.formula import Formula, numeral, product, total
from gradcli.render.documents.names import Names
from gradcli.render.documents.notation import formula_of
from gradcli.render.explanation import MOST_GRADIENTS, folded_blocks, folded_rows
from gradcli.render.ledger import LOST, SEED, SUM, lines_of, steps
from gradcli.render.table import local_text
from gradcli.report.precision import MOST_PARTS, Digits
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradcli.render.documents.blocks import Piece
    from gradcli.render.ledger import Step
    from gradcli.report.explanation import Edge, Explanation

MOST_INPUTS = 20
CLOSED = {"closed": "closed gate: exactly 0", "strong 0": "strong zero: exactly 0"}


def explained(explanation: Explanation, *, digits: int, full: bool) -> list[Block]:
    """The blocks of the document."""
    return [*_Scalars(explanation, digits, full=full).blocks()]


class Labelled:
    """What documents about one program share: its names, texts of the language as formulas, the title, the notes."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        self.labels = explanation.labels.names
        self.result = self.labels[explanation.result]
        self.names = Names([name for name in (*explanation.question.sources, *self.labels) if name])
        self.exponential = "e" not in self.names
        self.greek = self.names.latex("sigma") not in [self.names.written.get(name) for name in ("sigma", "σ")]

    def formula(self, text: str, word: Mapping[str, Formula] | None = None) -> Formula:
        """A text of the language as a formula; names in WORD are replaced."""
        return formula_of(
            text, lambda name: self._word(name, word or {}), exponential=self.exponential, greek=self.greek
        )

    def _word(self, name: str, word: Mapping[str, Formula]) -> Formula | None:
        if name in word:
            return word[name]
        return self.names.name(name) if name in self.names else None

    def title(self) -> Iterator[Block]:
        """The expression and how it was read."""
        explanation = self.explanation
        expression, options = explanation.title(), explanation.question.options
        code = expression if expression == self.result else f"{self.result} = {expression}"
        shown = self.formula(expression)
        is_shown = expression != self.result and len(expression) <= 300 and not shown.latex.startswith(r"\text")
        yield Title(code, is_shown=is_shown)
        if is_shown:
            yield Equations([Row(self.names.name(self.result), equals(shown))])
        mode = {"reverse": "backpropagation", "forward": "forward mode", "adjoint": "reverse-mode AD"}[options.mode]
        example = explanation.question.example
        told = f", {example.text()}" if example is not None else ""
        yield Paragraph(f"By {mode}, decomposition {options.decomposition}{told}.")

    def notes(self) -> Iterator[Block]:
        """What has to be said, an item a note."""
        notes = [note.message for note in self.explanation.notes if note.kind != "example"]
        if self.explanation.question.folds:
            notes.append("--decomposition naive shows how the gradient flows through what was folded")
        if notes:
            yield Heading("Notes")
            yield Items([[note] for note in notes])

    def belongs(self, index: int) -> list[Piece]:
        """What is said of a line beside it: what it stands for, or which flow an added line carries."""
        explanation = self.explanation
        if index in explanation.folded:
            return ["folded"]
        if index in explanation.question.folds:
            fold = explanation.question.folds[index]
            text = "".join(piece if isinstance(piece, str) else explanation.name(piece) for piece in fold.text)
            return ["for ", Mathematics(self.formula(text), text)]
        if explanation.graph.origins and index in explanation.graph.origins:
            found = explanation.labels.added(index)
            role, source, target = found["role"], self.formula(found["from"]), self.formula(found["to"])
            if role == "sum":
                return [Mathematics(target), ": copy adds"]
            if role in ("order", "join"):
                told, of = ("derivative of ", source) if role == "order" else ("in the shape of ", target)
                return [told, Mathematics(of)]
            flow = Formula(rf"{source.latex} \to {target.latex}", source.width + target.width + 16)
            return [*([f"{role} "] if role != "flow" else []), Mathematics(flow)]
        return []

    def above(self, edge: Edge) -> str:
        """Which flow is meant where several arrive at a line: the other end of it, and which of equal ones."""
        operands = self.explanation.graph.operands[edge.owner]
        latex = self.names.latex(self.labels[edge.source])
        if operands.count(edge.operand) > 1:
            latex += f", {operands[: edge.slot + 1].count(edge.operand)}"
        return latex

    def gate(self, edge: Edge, place: int, *, first: bool) -> list[Piece]:
        """The gate in words, at its first flow."""
        if not first:
            return []
        name, verb = self.explanation.graph.primitives[edge.owner].shown, self.explanation.gate_shown(edge.owner, place)
        return [name if verb in ("adds", "subtracts") else f"{name} {verb}"]


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
            Row(self.names.name(self.labels[index]), equals(numeral(self.digits.value(index))))
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
        return Row(self.names.name(self.labels[index]), equals(*parts), self.belongs(index))

    # Backward

    def _backward(self) -> Iterator[Block]:
        explanation = self.explanation
        forward = explanation.passes[0].forward
        yield Heading("Forward: tangents" if forward else "Backward: gradients")
        if not self.steps:
            yield Paragraph("No gradient flows: nothing to differentiate by.")
            return
        dot = "dot" if forward else "bar"
        v, f = Formula("v", 6), self.names.name(self.result)
        accented = Mathematics(Formula(rf"\{dot}{{v}}", 6))
        if forward:
            yield Paragraph(accented, " is the tangent of a line: its derivative by the input that starts with 1.")
        else:
            partial = Formula(rf"\partial {f.latex} / \partial {v.latex}", f.width + 30)
            told = ", and every flow is upstream × local = downstream."
            yield Paragraph(accented, " is the gradient ", Mathematics(partial), told)
        if any(isinstance(step, tuple) and step[2] == SUM for step in self.steps):
            one = Mathematics(Formula(rf"\{dot}{{v}}^{{(u)}}", 20))
            yield Paragraph("Where several flows meet, ", one, " is the one from ", Mathematics(Formula("u", 6)),
                            ", and the copy adds them.")  # fmt: skip
        rows: list[Row | str] = []
        for step in self.steps:
            if forward and rows and isinstance(step, tuple) and step[2] == SEED:
                yield Equations(rows)
                rows = []
            rows.append(step if isinstance(step, str) else self._step(step))
        yield Equations(rows)

    def _step(self, step: Step) -> Row:
        place, index, at = step
        forward = self.explanation.passes[place].forward
        accent = "dot" if forward else "bar"
        left = self.names.name(self.labels[index], accent)
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
        left = self.names.name(self.labels[edge.target], accent, above=self.above(edge) if meets else "")
        upstream = self.names.name(self.labels[edge.source], accent)
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
        yield total([*[self.names.name(label, accent, above=self.above(edge)) for edge in met], *more], 2)
        numbers = [numeral(self.digits.part(sweep.owner(flow), flow[2], flow[5], place)) for flow in few]
        yield total([*numbers, *more], 2)

    # The answer

    def _answers(self) -> Iterator[Row | str]:
        explanation, digits = self.explanation, self.digits
        yield Row(self.names.name(self.result), equals(numeral(digits.value(explanation.result))))
        gradients = list(explanation.gradients.items())
        for source, gradient in gradients[:MOST_GRADIENTS]:
            yield Row(self.names.derivative(self.result, source), equals(numeral(self._gradient(source, gradient))))
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


