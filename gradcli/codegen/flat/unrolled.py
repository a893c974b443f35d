"""Arrays written out over single numbers, for targets that have none: a statement an element."""

from __future__ import annotations

from gradcli.codegen.flat.optimised import written_out
from gradcli.codegen.flat.statement import Statement
from gradcli.codegen.flat.statements import LONGEST_INSIDE, Statements
from gradcli.codegen.flat.sweep import BackwardLines
from gradcli.codegen.flat.values import is_finite, values_of
from gradcli.codegen.layout import STEP, WIDTH
from gradcli.codegen.targets.base import Unwritten
from gradcli.errors import GradError
from gradcli.graph import ATOM_LEVEL, CONSTANT, VARIABLE
from gradcli.graph.optimise import optimise
from gradcli.graph.scalars import Scalars, element

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.targets.base import Target, Text
    from gradcli.graph import Shape

MOST_LINES = 20_000


class UnrolledLines:
    """The lines of a subject and of its backward pass, element by element.

    `places` are the lines of each gradient's elements by name, `shapes` the shape of every variable; up to `forward`
    stand the lines of the forward pass. Raises GradError (limit) where there are too many.
    """

    def __init__(self, subject: Subject, *, optimised: bool = False) -> None:
        lines = BackwardLines(subject)
        if subject.strong and not all(map(is_finite, lines.values or ())):
            raise Unwritten(
                "usage", "element by element there is no product in which 0 * inf is 0", hint="write --target numpy"
            )
        graph, moved = written_out(lines)
        adjoints = {
            name: None if line is None else moved[lines.resolved(line)] for name, line in lines.adjoints.items()
        }
        wanted = [moved[lines.result], *(line for line in adjoints.values() if line is not None)]
        try:
            scalars = Scalars(graph, wanted, MOST_LINES)
        except GradError as error:
            if error.kind != "limit":
                raise
            raise GradError(
                "limit", f"element by element the program takes more than {MOST_LINES:,} lines",
                hint="--target numpy writes an operation of arrays as one line",
            ) from None  # fmt: skip
        self.graph = scalars.graph
        (self.result,) = scalars.lines_of(moved[lines.result])
        self.adjoints = {name: None if line is None else scalars.lines_of(line) for name, line in adjoints.items()}
        self.labels = [""] * len(self.graph)
        self.forward = 0
        self._label(subject, lines, scalars, moved)
        if optimised:
            self._optimise()
        self.operands = self.graph.operands
        self.stands_for: dict[int, int] = {}
        self.comments: dict[int, str] = {}
        self.start = len(self.graph)
        shapes = subject.graph.shapes or []
        self.shapes: dict[str, Shape] = {
            name or "": shapes[line]
            for line, name in enumerate(subject.graph.names) if subject.graph.primitives[line] is VARIABLE
        }  # fmt: skip
        self.elements: dict[str, tuple[str, tuple[int, ...]]] = {}
        for name, shape in self.shapes.items():
            self.elements |= {element(name, place): (name, place) for place in places(shape)}
        self.values: list[Any] | None = None
        if subject.point is not None:
            self.values = values_of(self.graph, elements_of(subject.point))

    def _optimise(self) -> None:
        """The passes of graph/optimise.py; labels go where their lines go."""
        wanted = [self.result, *(line for lines in self.adjoints.values() for line in lines or ())]
        found = optimise(self.graph, wanted)
        moved, labels = found.moved, [""] * len(found.graph)
        for line, label in enumerate(self.labels):
            if label and moved[line] >= 0 and not labels[moved[line]]:
                labels[moved[line]] = label
        self.forward = max((moved[line] for line in range(self.forward + 1)), default=0)
        self.graph, self.labels, self.result = found.graph, labels, moved[self.result]
        self.adjoints = {
            name: None if lines is None else [moved[line] for line in lines] for name, lines in self.adjoints.items()
        }

    def resolved(self, line: int) -> int:
        """LINE itself."""
        return line

    def _label(self, subject: Subject, lines: BackwardLines, scalars: Scalars, moved: dict[int, int]) -> None:
        """The element of a line with a name is called by it and its place; so is that of a gradient."""
        for line in range(lines.start):
            found = scalars.elements[moved[line]] if line in moved else None
            if found is not None:
                if lines.graph.operands[line]:
                    self.forward = max([self.forward, *map(int, found.ravel())])
                self._call(subject.labels[line], found)
        for step in lines.steps:
            upstream = moved[lines.resolved(step.upstream)]
            if (found := scalars.elements[upstream]) is not None:
                self._call(f"grad_{subject.labels[step.source]}", found)
        for name, adjoint in lines.adjoints.items():
            if adjoint is not None and (found := scalars.elements[moved[lines.resolved(adjoint)]]) is not None:
                self._call(f"grad_{name}", found)
        self.labels[self.result] = self.labels[self.result] or subject.labels[subject.result]

    def _call(self, label: str, found: Any) -> None:
        label = label if label.isascii() else "x"
        for place, line in zip(places(found.shape), map(int, found.ravel()), strict=True):
            if self.graph.operands[line] and not self.labels[line] and label:
                self.labels[line] = "_".join([label, *map(str, place)])


class UnrolledStatements(Statements):
    """A statement for every element with a name, and for what is used more than once or is long."""

    lines: UnrolledLines  # type: ignore[assignment]

    def __init__(self, subject: Subject, lines: UnrolledLines, target: Target, reserved: Collection[str]) -> None:
        super().__init__(subject, lines, target, reserved)  # type: ignore[arg-type]

    def _live(self) -> list[bool]:
        found = [self.lines.result]
        for lines in self.lines.adjoints.values():
            found += lines or ()
        self.wanted = set(found)
        return self.graph.live(found)

    def _write_forward(self) -> None:
        graph, lines = self.graph, self.lines
        self.claimed: set[str] = set()
        uses = [0] * len(graph)
        for index, operands in enumerate(graph.operands):
            if self.live[index]:
                for operand in operands:
                    uses[operand] += 1
        for index, primitive in enumerate(graph.primitives):
            if primitive is VARIABLE:
                name, place = lines.elements[graph.names[index] or ""]
                self.texts[index] = (self.names[name] + "".join(f"[{k}]" for k in place), ATOM_LEVEL)
            elif primitive is CONSTANT:
                self.texts[index] = self._literal(graph.statics[index])
            elif self.live[index]:
                text = self._operation(index)
                if lines.labels[index] or uses[index] > 1 or index in self.wanted or len(text[0]) > LONGEST_INSIDE:
                    self._put(index, text)
                else:
                    self.texts[index] = text

    def _put(self, index: int, text: Text) -> None:
        """Write the statement of a line; where it is too long, what stands inside it gets names first."""
        names = [self._called_line(index)]
        if len(STEP) + len(names[0]) + 3 + len(text[0]) > WIDTH:
            for operand in self.graph.operands[index]:
                if self.graph.operands[operand] and not self.texts[operand][0].isidentifier():
                    self._state(operand, self._called_line(operand), self.texts[operand])
            text = self._operation(index)
        self._state(index, names[0], text)

    def _called_line(self, index: int) -> str:
        label = self.lines.labels[index]
        if label in self.names.given and label not in self.lines.shapes and label not in self.claimed:
            self.claimed.add(label)
            return self.names[label]
        if label:
            return self.names.another(label)
        name, self.extra = self.names.numbered("t", self.extra)
        return name

    def _state(self, index: int, name: str, text: Text) -> None:
        rows = self.forward if index <= self.lines.forward else self.backward
        rows.append(Statement(name, text, index))
        self.texts[index] = (name, ATOM_LEVEL)

    def _write_backward(self) -> None:
        """Nothing more: the lines hold it."""

    def _gradient(self, name: str) -> Text:
        """The gradient by NAME as source: a number, or nested lists of them."""
        shape = self.shape_of(name)
        texts = [text for _, text in self.elements(name)]
        return (folded(texts, shape), ATOM_LEVEL) if shape else (texts[0], ATOM_LEVEL)

    def elements(self, name: str) -> list[tuple[tuple[int, ...], str]]:
        """The place and the source of every element of the gradient by NAME."""
        found = self.lines.adjoints[name]
        shape = self.shape_of(name)
        texts = ["0.0"] * len(places(shape)) if found is None else [self._text(line)[0] for line in found]
        return list(zip(places(shape), texts, strict=True))

    def shape_of(self, name: str) -> Shape:
        """The shape of a variable, or of another line that is differentiated by."""
        line = self.subject.sources.get(name)
        if line is not None:
            return (self.subject.graph.shapes or [])[line]
        if name in self.lines.shapes:
            return self.lines.shapes[name]
        value = (self.subject.point or {}).get(name, 0.0)
        return () if type(value) is float else value.shape


def folded(texts: list[str], shape: Shape) -> str:
    """TEXTS as nested lists of a SHAPE."""
    for length in reversed(shape):
        texts = [f"[{', '.join(texts[k : k + length])}]" for k in range(0, len(texts), length)]
    return texts[0]


def places(shape: Shape) -> list[tuple[int, ...]]:
    """Every place of an array, in order."""
    found: list[tuple[int, ...]] = [()]
    for length in shape:
        found = [(*place, k) for place in found for k in range(length)]
    return found


def elements_of(point: Any) -> dict[str, float]:
    """A point over the variables of elements."""
    found: dict[str, float] = {}
    for name, value in point.items():
        if type(value) is float:
            found[name] = value
        else:
            numbers = value.ravel().tolist()
            found |= {element(name, place): each for place, each in zip(places(value.shape), numbers, strict=True)}
    return found
