"""What documents about one program share: its names, texts of the language as formulas, the title, the notes."""

from __future__ import annotations

from gradcli.render.documents.blocks import Equations, Heading, Items, Mathematics, Paragraph, Row, Title, equals
from gradcli.render.documents.formula import Formula
from gradcli.render.documents.formula import words as in_words
from gradcli.render.documents.layout import ROOM
from gradcli.render.documents.names import Names, element
from gradcli.render.documents.notation import formula_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from gradcli.render.documents.blocks import Block, Piece
    from gradcli.report.explanation import Explanation

TITLE_ROOM = ROOM - 10.0
MODES = {"reverse": "backpropagation", "forward": "forward mode", "adjoint": "reverse-mode AD"}


class Labelled:
    """The names of a program, and its texts as formulas."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        self.labels = explanation.labels.names
        self.result = self.labels[explanation.result]
        self.names = Names([name for name in (*explanation.question.sources, *self.labels) if name])
        shapes = explanation.question.shapes
        self.arrays = {name for name, shape in zip(self.labels, shapes or (), strict=False) if name and shape}
        self.exponential = "e" not in self.names
        self.greek = self.names.latex("sigma") not in [self.names.written.get(name) for name in ("sigma", "σ")]

    def formula(self, text: str, word: Mapping[str, Formula] | None = None) -> Formula:
        """A text of the language as a formula; names in WORD are replaced."""
        return formula_of(
            text, lambda name: self._word(name, word or {}), exponential=self.exponential, greek=self.greek,
            taken=self.names.written.values(),
        )  # fmt: skip

    def _word(self, name: str, word: Mapping[str, Formula]) -> Formula | None:
        if name in word:
            return word[name]
        return self.name(name) if name in self.names else None

    def name(self, label: str, accent: str = "", above: Formula | None = None) -> Formula:
        """The name of a line, with a bar or a dot on it where it is a gradient or a tangent."""
        return self.names.name(label, accent, is_array=label in self.arrays, above=above)

    def title(self) -> Iterator[Block]:
        """The expression and how it was read."""
        explanation = self.explanation
        expression, options = explanation.title(), explanation.question.options
        code = expression if expression == self.result else f"{self.result} = {expression}"
        shown = self.formula(expression)
        is_shown = expression != self.result and shown.fits(TITLE_ROOM) and not shown.latex.startswith(r"\text")
        yield Title(code, is_shown=is_shown)
        if is_shown:
            yield Equations([Row(self.name(self.result), equals(shown))])
        example = explanation.question.example
        told = f", {example.text()}" if example is not None else ""
        yield Paragraph(f"By {MODES[options.mode]}, decomposition {options.decomposition}{told}.")

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

    def seeded(self, place: int) -> Iterator[Block]:
        """Where a pass of forward mode starts."""
        sweep = self.explanation.passes[place]
        label = sweep.name or ""
        start = self.name(label) if label in self.names else element(self.names, label) or in_words(label)
        yield Paragraph("From ", Mathematics(start, label), ":")

    def meaning(self, *, forward: bool, meet: bool) -> Iterator[Block]:
        """What a bar or a dot stands for."""
        accent = "dot" if forward else "bar"
        accented = Mathematics(Formula(rf"\{accent}{{v}}", 6))
        if forward:
            yield Paragraph(accented, " is the tangent of a line: its derivative by the input that starts with 1.")
        else:
            above = self.summed() if self.result in self.arrays else self.name(self.result)
            partial = Formula(rf"\partial {above.latex} / \partial v", above.width + 36)
            told = ", and every flow is upstream × local = downstream."
            yield Paragraph(accented, " is the gradient ", Mathematics(partial), told)
        if meet:
            one, u = Formula(rf"\{accent}{{v}}^{{(u)}}", 20), Formula("u", 6)
            told = "and the line adds them." if forward else "and the copy adds them."
            words = ("Where several flows meet, ", Mathematics(one), " is the one from ", Mathematics(u), ", ", told)
            yield Paragraph(*words)

    def summed(self) -> Formula:
        """The sum of the elements of the result, of which gradients are taken where it is an array."""
        name = self.name(self.result)
        return Formula(rf"\sum {name.latex}", name.width + 18)

    def derivative(self, by: str) -> Formula:
        """∂f/∂by, or of the sum of the elements of f."""
        above = self.summed() if self.result in self.arrays else self.name(self.result)
        below = self.name(by)
        latex = rf"\frac{{\partial {above.latex}}}{{\partial {below.latex}}}"
        return Formula(latex, max(above.width, below.width) + 12, deep=1)

    def above(self, edge: Any) -> Formula:
        """Which flow is meant where several arrive at a line: the other end of it, and which of equal ones."""
        operands = self.explanation.graph.operands[edge.owner]
        name = self.names.name(self.labels[edge.source])
        if operands.count(edge.operand) < 2:
            return name
        place = operands[: edge.slot + 1].count(edge.operand)
        return Formula(f"{name.latex}, {place}", name.width + 10)

    def gate(self, edge: Any, place: int, *, first: bool) -> list[Piece]:
        """The gate in words, at its first flow."""
        if not first:
            return []
        name, verb = self.explanation.graph.primitives[edge.owner].shown, self.explanation.gate_shown(edge.owner, place)
        return [name if verb in ("adds", "subtracts") else f"{name} {verb}"]
