"""What stands around every document that is no explanation: the expression and the point above, the notes below."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.language import NAME, parse
from gradcli.render.documents.blocks import Equations, Heading, Items, Mathematics, Paragraph, Row, Title, equals
from gradcli.render.documents.formula import EQUALS, LETTER, Formula, words
from gradcli.render.documents.layout import ROOM
from gradcli.render.documents.matrices import value_of
from gradcli.render.documents.names import Names, element
from gradcli.render.documents.notation import formula_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from gradcli.insight.notes import Note
    from gradcli.render.documents.blocks import Block, Piece

MOST_INPUTS = 20


class Stated:
    """An expression with its names as formulas; NAMES are further names of the document."""

    def __init__(self, title: str, at: Mapping[str, Any], names: Sequence[str] = ()) -> None:
        self.label, _, self.expression = title.rpartition(" = ")
        self.title = title
        self.at = at
        found = [*at, *([self.label] if self.label else []), *names, *names_in(self.expression)]
        self.names = Names(found)
        self.arrays = {name for name, value in at.items() if type(value) is not float}

    def formula(self, text: str) -> Formula:
        """A text of the language, an element of an array, or a partial derivative."""
        if text.startswith("∂"):
            return self.partial(text)
        left, equals, right = text.partition(" = ")
        if equals:
            parts = [self._of(left), self._of(right)]
            latex = f"{parts[0].latex} = {parts[1].latex}"
            return Formula(latex, parts[0].width + parts[1].width + EQUALS, deep=parts[1].deep)
        return self._of(text)

    def _of(self, text: str) -> Formula:
        found = element(self.names, text)
        return found or formula_of(text, self._word, exponential="e" not in self.names,
                                   taken=self.names.written.values())

    def _word(self, name: str) -> Formula | None:
        return self.names.name(name, is_array=name in self.arrays) if name in self.names else None

    def partial(self, text: str, *, flat: bool = False) -> Formula:
        """∂f/∂x as a fraction, or FLAT within a line."""
        above, bar, below = text.partition("/")
        if not bar:
            return words(text)
        parts = [self._of(part.removeprefix("∂")) for part in (above, below)]
        if flat:
            latex = rf"\partial {parts[0].latex} / \partial {parts[1].latex}"
            return Formula(latex, parts[0].width + parts[1].width + 30)
        latex = rf"\frac{{\partial {parts[0].latex}}}{{\partial {parts[1].latex}}}"
        return Formula(latex, max(part.width for part in parts) + LETTER + 5, deep=1)

    def piece(self, text: str) -> Mathematics:
        """A text of the language within words."""
        formula = self.partial(text, flat=True) if text.startswith("∂") else self.formula(text)
        return Mathematics(formula, text)

    def flow(self, source: str, target: str) -> Mathematics:
        """`f → v1`."""
        one, other = self.formula(source), self.formula(target)
        formula = Formula(rf"{one.latex} \to {other.latex}", one.width + other.width + 16)
        return Mathematics(formula, f"{source} → {target}")

    def head(self, *told: Piece) -> Iterator[Block]:
        """The expression, what is TOLD of it, the point."""
        shown = self.formula(self.expression)
        is_shown = not shown.latex.startswith(r"\text") and self.expression != self.label and shown.fits(ROOM - 30.0)
        yield Title(self.title, is_shown=is_shown)
        if is_shown:
            yield Equations([Row(self.names.name(self.label) if self.label else None, equals(shown))])
        if told:
            yield Paragraph(*told)
        if self.at:
            yield Paragraph("At the point")
            few = [*self.at.items()][:MOST_INPUTS]
            rows: list[Row | str] = [Row(self.names.name(name), equals(value_of(value, 6))) for name, value in few]
            hidden = len(self.at) - MOST_INPUTS
            yield Equations([*rows, *([f"… and {hidden:,} more"] if hidden > 0 else [])])

    def foot(self, verdict: str, notes: Sequence[Note], *quiet: str) -> Iterator[Block]:
        """The verdict, and the notes but those of kinds that are QUIET."""
        if verdict:
            yield Heading("Verdict")
            yield Paragraph(verdict)
        told = [note.message for note in notes if note.kind not in quiet]
        if told:
            yield Heading("Notes")
            yield Items([[note] for note in told])


def names_in(text: str) -> list[str]:
    """The names in a text of the language; none where it is none."""
    try:
        return [str(argument) for code, argument in parse(text) if code == NAME] if text else []
    except GradError:
        return []
