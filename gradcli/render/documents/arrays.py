"""The explanation of a program with arrays as a document: matrices as matrices, each flow by its rule."""

from __future__ import annotations

from gradcli.graph.arrays import quiet
from gradcli.graph.arrays import shape_of as shape
from gradcli.graph.shapes import count
from gradcli.render.array_blocks import is_small, is_uniform
from gradcli.render.array_ledger import SEED, SUM, lines_of, steps
from gradcli.render.array_rules import Speaker, axes
from gradcli.render.documents.blocks import Equations, Heading, Mathematics, Paragraph, Row, equals
from gradcli.render.documents.formula import Formula, enclosed, numeral, product, total, words
from gradcli.render.documents.labelled import Labelled
from gradcli.render.documents.matrices import WIDEST, pieces, shape_of, value_of
from gradcli.render.explanation import MOST_GRADIENTS, folded_blocks, folded_rows
from gradcli.report.array_precision import ArrayDigits
from gradcli.report.array_rules import TANGENT, UPSTREAM
from gradcli.report.precision import MOST_PARTS
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gradcli.render.array_ledger import Step
    from gradcli.render.documents.blocks import Block, Part
    from gradcli.report.array_explanation import ArrayEdge, ArrayExplanation

MOST_INPUTS = 20
ONES = r"\mathbf{1}"


def explained(explanation: ArrayExplanation, *, digits: int, full: bool) -> list[Block]:
    """The blocks of the document."""
    return [*_Arrays(explanation, digits, full=full).blocks()]


class _Arrays(Labelled):
    def __init__(self, explanation: ArrayExplanation, base: int, *, full: bool) -> None:
        super().__init__(explanation)
        self.found = explanation
        self.full = full
        every = [row for row in explanation.rows if not explanation.is_input(row)]
        noted = {note.line for note in explanation.notes if note.kind not in ("recognised", "seed")}
        self.inputs = [row for row in explanation.rows if explanation.is_input(row)]
        self.rows = every if full else folded_rows(every, lambda row: self.labels[row] in noted, kind=explanation.kind)
        self.steps = folded_blocks(steps(explanation), full=full)
        lines = {row for row in (*self.inputs[:MOST_INPUTS], *self.rows) if isinstance(row, int)}
        self.digits = ArrayDigits(explanation, {*lines, *lines_of(explanation, self.steps)}, base)
        self.speaker = Speaker(explanation, self.digits, full=full)

    def blocks(self) -> Iterator[Block]:
        """The document."""
        yield from self.title()
        yield from self._forward()
        yield from self._backward()
        yield Heading("Result")
        yield Equations([*self._answers()])
        yield from self.notes()

    def value(self, value: Any, digits: int) -> Formula:
        """A number or an array."""
        return value_of(value, digits, full=self.full)

    def is_whole(self, *values: Any) -> bool:
        """Whether every number of some arrays is shown."""
        return self.full or all(map(is_small, values))

    # Forward

    def _forward(self) -> Iterator[Block]:
        rows: list[Row | str] = [self._input(index) for index in self.inputs[:MOST_INPUTS]]
        hidden = len(self.inputs) - MOST_INPUTS
        rows += [f"… {hidden:,} more inputs (--json has them all)"] if hidden > 0 else []
        rows += [row if isinstance(row, str) else self._line(row) for row in self.rows]
        yield Heading("Forward: values")
        yield Equations(rows)

    def _input(self, index: int) -> Row:
        value = self.value(self.found.values[index], self.digits.value(index))
        return Row(self.name(self.labels[index]), equals(value), self._shape(index))

    def _shape(self, index: int) -> list[Any]:
        """The shape, where the array is not shown whole."""
        value = self.found.values[index]
        return [] if self.is_whole(value) else [Mathematics(shape_of(value))]

    def _line(self, index: int) -> Row:
        graph, values = self.found.graph, self.found.values
        operation = self.found.labels.operation(index)
        parts = [self.formula(operation)]
        if not any(self.found.shape(line) for line in (index, *graph.operands[index])):
            numbers = {
                self.labels[operand]: numeral(shown(values[operand], self.digits.value(operand)))
                for operand in graph.operands[index] if self.labels[operand]
            }  # fmt: skip
            parts.append(self.formula(operation, numbers))
        parts.append(self.value(values[index], self.digits.value(index)))
        remark = self.belongs(index)
        shape = self._shape(index)
        remark += [", ", *shape] if remark and shape else shape
        return Row(self.name(self.labels[index]), equals(*parts), remark)

    # Backward

    def _backward(self) -> Iterator[Block]:
        forward = self.found.forward
        yield Heading("Forward: tangents" if forward else "Backward: gradients")
        if not self.steps:
            yield Paragraph("No gradient flows: nothing to differentiate by.")
            return
        meet = any(isinstance(step, tuple) and step[2] == SUM for step in self.steps)
        yield from self.meaning(forward=forward, meet=meet)
        blocks: list[Block] = []
        rows: list[Row | str] = []
        for step in self.steps:
            if forward and isinstance(step, tuple) and step[2] == SEED:
                blocks += [Equations(rows)] if rows else []
                blocks += self.seeded(step[0])
                rows = []
            rows.append(step if isinstance(step, str) else self._step(step))
        blocks.append(Equations(rows))
        drawn = [part.latex for block in blocks if isinstance(block, Equations)
                 for row in block.rows if isinstance(row, Row) for _, part in row.parts]  # fmt: skip
        for sign, told in ((r"\odot", " multiplies element by element."), (ONES, " is an array of ones.")):
            if any(sign in latex for latex in drawn):
                yield Paragraph(Mathematics(Formula(sign, 8)), told)
        yield from blocks

    def _step(self, step: Step) -> Row:
        place, index, at = step
        forward = self.found.forward
        accent = "dot" if forward else "bar"
        left, number = self.name(self.labels[index], accent), self.found.number(index, place)
        value = self.value(number, self.digits.number(index, place))
        if at == SEED:
            return Row(left, equals(value), ["seed"])
        if at == SUM:
            return Row(left, equals(*self._sum(index, place, accent), value), ["adds" if forward else "copy adds"])
        return self._flow(self.found.edges(index, place)[at], place, accent, first=at == 0)

    def _flow(self, edge: ArrayEdge, place: int, accent: str, *, first: bool) -> Row:
        meets = self.found.sweeps()[place].meeting(edge.target) > 1
        left = self.name(self.labels[edge.target], accent, self.above(edge) if meets else None)
        upstream = self.name(self.labels[edge.source], accent)
        remark = self.gate(edge, place, first=first)
        if edge.local is None:
            word = TANGENT if self.found.forward else UPSTREAM
            said = self.speaker.carried(edge)
            parts = equals(self.formula(said, {word: upstream}) if word not in self.names else words(said))
        else:
            parts = self._product(edge, place, upstream)
        if edge.copied and (self.found.forward or edge.local is None):
            remark = [*remark, *([", "] if remark else []), self.speaker.summed(edge)]
        if not self.found.forward and self.found.graph.primitives[edge.owner].kind == "reduces" and self._axis(edge):
            remark = [*remark, *([", "] if remark else []), f"to all along {self._axis(edge)}"]
        last = self.value(edge.downstream, self.digits.downstream(edge, place))
        if _is_cut(edge):
            told = "no path: exactly 0" if self.found.forward else "closed gate: exactly 0"
            return Row(left, [*parts, (r"\to", last)], [*remark, *([", "] if remark else []), told])
        return Row(left, [*parts, ("=", last)], remark)

    def _product(self, edge: ArrayEdge, place: int, upstream: Formula) -> list[Part]:
        """upstream × local by name, and in numbers where these say more."""
        local = edge.local
        assert local is not None
        number = self._local(edge)
        text = self.speaker.formula(edge)
        formula = self.formula(text) if text else number
        if is_uniform(local) and self._spreads(edge):
            formula, number = _of_ones(formula), _of_ones(number)
        if not text and not number.terms and not number.items and type(local) is not float and not is_uniform(local):
            formula = number if self.is_whole(local) else self._partial(edge)
        parts = [self._summed(edge, _times(upstream, formula))]
        plain = type(edge.upstream) is float
        if self.is_whole(edge.upstream, local) and (plain or not is_uniform(local)):
            taken = self.value(edge.upstream, self.digits.number(edge.source, place))
            parts.append(self._summed(edge, _times(taken, number)))
        return equals(*parts)

    def _spreads(self, edge: ArrayEdge) -> bool:
        """Whether a flow goes back to more elements than it comes from."""
        fewer = count(self.found.shape(edge.owner)) < count(self.found.shape(edge.operand))
        return fewer and not self.found.forward

    def _partial(self, edge: ArrayEdge) -> Formula:
        """A local gradient by its name."""
        above, below = self.name(self.labels[edge.owner]), self.name(self.labels[edge.operand])
        latex = rf"\frac{{\partial {above.latex}}}{{\partial {below.latex}}}"
        return Formula(latex, max(above.width, below.width) + 12, is_array=True, deep=1)

    def _local(self, edge: ArrayEdge) -> Formula:
        """The local gradient in numbers; one number where all elements have it."""
        local, digits = edge.local, self.digits.local(edge)
        if local is not None and is_uniform(local):
            number = local if type(local) is float else float(local.ravel()[0])  # type: ignore[union-attr]
            return numeral(shown(number, digits))
        return self.value(local, digits)

    def _summed(self, edge: ArrayEdge, inner: Formula) -> Formula:
        """What is added up: along the axes that an operand was copied along, or ahead in a reduction."""
        along = axes(edge) if edge.copied and not self.found.forward else ""
        if self.found.forward and self.found.graph.primitives[edge.owner].kind == "reduces":
            along = self._axis(edge) or "all"
        if not along:
            return inner
        sign = r"\sum " if along == "all" else rf"\sum_{{\text{{{along}}}}} "
        if inner.width > WIDEST and inner.terms:
            return pieces(inner.terms, rf"{sign}\Bigl(", r"\Bigr)")
        return Formula(sign + enclosed(inner.latex), 4.0 * len(along) + inner.width + 16, is_array=bool(edge.copied))

    def _axis(self, edge: ArrayEdge) -> str:
        """Along which axis a line reduces; blank where it reduces everything."""
        static = self.found.graph.statics[edge.owner]
        axis = static[0] if type(static) is tuple and static else None
        return "" if axis is None else f"axis {axis}"

    def _sum(self, index: int, place: int, accent: str) -> Iterator[Formula]:
        """The flows that meet, by name and in numbers."""
        sweep = self.found.sweeps()[place]
        flows = sweep.arriving[index]
        few = flows if len(flows) <= MOST_PARTS else flows[:2]
        more = [Formula(rf"\dots \text{{ ({len(flows) - 2} more)}}", 70)] if len(flows) > MOST_PARTS else []
        edges = {(edge.owner, edge.slot): edge for flow in few
                 for edge in self.found.edges(flow.target if sweep.forward else flow.source, place)}  # fmt: skip
        met = [edges[flow.target if sweep.forward else flow.source, flow.slot] for flow in few]
        label = self.labels[index]
        yield total([*[self.name(label, accent, self.above(edge)) for edge in met], *more], 2)
        if self.is_whole(*[flow.downstream for flow in few]):
            numbers = [self.value(flow.downstream, self.digits.part(flow, place)) for flow in few]
            yield total([*numbers, *more], 2)

    # The answer

    def _answers(self) -> Iterator[Row | str]:
        found, digits = self.found, self.digits
        yield Row(self.name(self.result), equals(self.value(found.value, digits.value(found.result))))
        gradients = [*found.gradients.items()]
        for source, gradient in gradients[:MOST_GRADIENTS]:
            line = found.question.sources[source]
            many = digits.base if line is None or found.forward else digits.number(line)
            yield Row(self.derivative(source), equals(self.value(gradient, many)))
        if len(gradients) > MOST_GRADIENTS:
            yield f"… and {len(gradients) - MOST_GRADIENTS:,} more (--json has them all)"


def _is_cut(edge: ArrayEdge) -> bool:
    """Whether a flow has elements that are numbers where upstream × local is none."""
    local, below = edge.local, edge.downstream
    if local is None or shape(edge.upstream) != shape(below) or shape(local) not in ((), shape(below)):
        return False
    with quiet():
        product: Any = edge.upstream * local
        lost: Any = (product != product) > (below != below)  # a number is there where the product is none
    return bool(lost.any() if shape(below) else lost)


def _of_ones(number: Formula) -> Formula:
    """A number for every element of an array."""
    ones = Formula(ONES, 6.0)
    return ones if number.latex == "1" else product(number, ones)


def _times(upstream: Formula, local: Formula) -> Formula:
    sign = r" \odot " if upstream.is_array and local.is_array else r" \cdot "
    return product(upstream, local, shown=sign)
