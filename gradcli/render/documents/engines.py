"""Backpropagation beside reverse-mode AD as a document: the lines, what optimising made of them, the gradients."""

from __future__ import annotations

from gradcli.render.array_blocks import is_small
from gradcli.render.documents.blocks import Equations, Heading, Items, Mathematics, Row, Table, equals
from gradcli.render.documents.comparisons import number_piece
from gradcli.render.documents.formula import Formula, numeral
from gradcli.render.documents.matrices import shape_of, value_of
from gradcli.render.documents.stated import Stated
from gradcli.render.engines import MOST_ADDED, MOST_FORWARD, MOST_GRADIENTS, shown_number
from gradcli.render.explanation import folded_rows
from gradcli.report.array_precision import ArrayDigits
from gradcli.report.engines import DIFFERENT, NOT_NEEDED
from gradcli.report.precision import Digits
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.render.documents.blocks import Block, Piece
    from gradcli.report.engines import Engines


def of_engines(found: Engines, *, digits: int) -> Iterator[Block]:
    """The lines as equations, a table of what became of them, the derivatives."""
    yield from _Document(found, digits).blocks()


class _Document:
    def __init__(self, found: Engines, base: int) -> None:
        self.found = found
        self.base = base
        self.stated = Stated(found.title, found.at, [name for name in found.labels.names if name])
        names = found.labels.names
        shapes = found.graph.shapes or ()
        self.stated.arrays |= {name for name, shape in zip(names, shapes, strict=False) if name and shape}
        asked = {answer.line for answer in found.answers}
        forward, added = found.forward, found.added
        self.forward: list[int | str] = [*forward]
        self.added: list[int | str] = [*added]
        if not found.full:
            self.forward = folded_rows(forward, lambda row: False, MOST_FORWARD, kind=found.kind)
            self.added = folded_rows(added, lambda row: row in asked, MOST_ADDED, kind=found.kind)
        lines = [row for row in (*self.forward, *self.added) if isinstance(row, int)]
        lines += [line for line in found.inputs.values() if line is not None]
        self.digits = None if found.has_arrays else Digits(found, lines, base)
        self.array_digits = ArrayDigits(found, lines, base) if found.has_arrays else None

    def blocks(self) -> Iterator[Block]:
        """The document."""
        found = self.found
        yield from self.stated.head()
        summary = [[[name], [words]] for name, words in found.summary()]
        yield Table([["engine"], ["what it adds and leaves"]], "lp", summary)
        if self.forward:
            yield Heading("Lines of the value")
            yield Equations([self._row(row) for row in self.forward])
        if self.added:
            yield Heading("Lines of the gradient")
            yield Equations([self._row(row) for row in self.added])
            yield Heading("Optimised")
            yield Table([["line"], ["becomes"], ["gradient"]], "lll", [*self._became()])
        if found.shows_log:
            yield from self._log()
        if found.answers:
            yield Heading("Gradients" if found.agreement == DIFFERENT else "Gradients, by both")
            yield from self._gradients()
        yield from self.stated.foot(found.verdict, found.notes, "example")

    def _row(self, row: int | str) -> Row | str:
        """A line with its value, and the flow that it belongs to."""
        if isinstance(row, str):
            return row
        labels = self.found.labels
        value = self.found.values[row]
        shape: list[Piece] = [] if type(value) is float or is_small(value) else [Mathematics(shape_of(value))]
        flow = self._flow(row)
        remark = [*flow, *([", "] if flow and shape else []), *shape]
        parts = equals(self.stated.formula(labels.operation(row)), self.value(row, value))
        return Row(self.stated.formula(labels.names[row]), parts, remark)

    def _flow(self, row: int) -> list[Piece]:
        words = self.found.flow(row)
        before, arrow, target = words.partition(" → ")
        if not arrow:
            name, colon, told = words.partition(": ")
            return [self.stated.piece(name), f": {told}"] if colon else [words] if words else []
        role, _, source = before.rpartition(" ")
        return [*([f"{role} "] if role else []), self.stated.flow(source, target)]

    def value(self, row: int, value: Any) -> Formula:
        """The value of a line, a large array by its corner."""
        if self.digits is not None:
            return numeral(self.digits.value(row))
        assert self.array_digits is not None
        return value_of(value, self.array_digits.value(row), full=self.found.full)

    def _became(self) -> Iterator[list[list[Piece]]]:
        """What optimising made of each line."""
        found = self.found
        fresh = found.new_lines()
        for row in (*self.forward, *self.added):
            if isinstance(row, str):
                yield [[row], [""], [""]]
                continue
            for equation in fresh.get(row, ()):
                yield [["new"], [self.stated.piece(equation)], [""]]
            becomes = found.becomes(row)
            answers = found.answers_at(row)
            if not becomes and not answers:
                continue
            said: list[Piece] = [becomes if becomes in ("", NOT_NEEDED) else self.stated.piece(becomes)]
            gradients: list[Piece] = []
            for label in answers:
                gradients += [*([", "] if gradients else []), self.stated.piece(label), " = ",
                              self.stated.piece(found.stands(row))]  # fmt: skip
            yield [[self.stated.piece(found.labels.names[row])], said, gradients]

    def _log(self) -> Iterator[Block]:
        """What each pass changed."""
        for step in self.found.steps():
            yield Heading(f"{step.name}: {step.before:,} → {step.after:,}")
            items: list[Sequence[Piece]] = [
                [self.stated.piece(entry.line), f" {entry.outcome}"] for entry in step.entries
            ]
            if step.hidden:
                items.insert(len(items) // 2, [f"… {step.hidden:,} lines not shown (--full shows all)"])
            yield from [Items(items)] if items else []

    def _gradients(self) -> Iterator[Block]:
        found = self.found
        answers = found.answers[:MOST_GRADIENTS]
        more = len(found.answers) - len(answers)
        rest = [f"… and {more:,} more (--json has them all)"] if more > 0 else []
        if found.agreement == DIFFERENT:
            headings: list[list[Piece]] = [[""], ["backpropagation"], ["adjoint lines"], ["optimised"]]
            rows: list[list[list[Piece]]] = []
            for answer in answers:
                three = (answer.flowed, answer.adjoint, answer.optimised)
                rows.append([[self.stated.piece(answer.label)], *[[_three(one)] for one in three]])
            yield Table(headings, "lrrr", [*rows, *[[[text], [""], [""], [""]] for text in rest]])
            return
        equations: list[Row | str] = [
            Row(self.stated.formula(answer.label), equals(self._gradient(answer.line, answer.flowed)))
            for answer in answers
        ]
        yield Equations([*equations, *rest])

    def _gradient(self, line: int | None, value: Any) -> Formula:
        if line is not None:
            return self.value(line, value)
        return numeral(shown(value, self.base)) if type(value) is float else value_of(value, self.base)


def _three(value: Any) -> Piece:
    text = shown_number(value)
    return number_piece(text) if type(value) is float else text
