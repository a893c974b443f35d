"""What shapes say about the gradients of matrix products: every way to multiply, what fits, and which one it is."""

from __future__ import annotations

from gradcli.graph import NAMED
from gradcli.graph.arrays import apply, quiet, shape_of
from gradcli.graph.shapes import ShapesDoNotFit, count, infer, shown
from gradcli.report.element_forms import Use, of_product
from gradcli.report.lessons import heading
from gradcli.report.title import title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.autodiff.arrays import ArrayFlow
    from gradcli.graph import Shape
    from gradcli.graph.arrays import Value
    from gradcli.insight.notes import Note
    from gradcli.language.question import Question
    from gradcli.report.lessons import ElementLesson

MOST_COMPARED = 100_000  # elements of a candidate whose numbers are looked at
CLOSE = 1e-9


class Candidate:
    """One way to multiply the upstream gradient and the other operand.

    `shape` is None where it does not multiply; then `trouble` are the sizes that do not meet. `same_as` is what it is
    equal to by the rules of vectors. `equal` says whether its numbers are those of the gradient; None where unseen.
    """

    __slots__ = ("equal", "fits", "is_rule", "left", "operator", "right", "same_as", "shape", "shapes", "trouble")

    def __init__(self, operator: str, left: str, right: str, shapes: tuple[Shape, Shape], same_as: str) -> None:
        self.operator = operator
        self.left = left
        self.right = right
        self.shapes = shapes
        self.same_as = same_as
        self.fits = self.is_rule = False
        self.equal: bool | None = None
        self.trouble: tuple[int, int] | None = None
        self.shape: Shape | None
        a, b = shapes
        if operator == "outer":
            self.shape = (*a, *b)
        elif operator == "*":
            self.shape = a or b
        else:
            try:
                self.shape = NAMED["matmul"].shape_of([a, b], None)
            except ShapesDoNotFit:
                self.shape = None
                self.trouble = (a[-1], b[0] if len(b) == 1 else b[-2])

    @property
    def text(self) -> str:
        """The candidate in the language."""
        if self.operator == "outer":
            return f"outer({self.left}, {self.right})"
        return f"{self.left} {self.operator} {self.right}"


class ProductGradient:
    """The gradient by one operand of one product: what it has to be, and all candidates, those that fit first."""

    __slots__ = (
        "by", "by_twice", "candidates", "classes", "example", "formula", "index", "other", "other_shape", "reason",
        "slot", "upstream", "wanted",
    )  # fmt: skip

    def __init__(self, lesson: ShapeLesson, flow: ArrayFlow) -> None:
        index, slot = flow.source, flow.slot
        self.index = index
        self.slot = slot
        use = _use(lesson, index, slot)
        self.by = use.operands[slot]
        self.other = use.operands[1 - slot]
        self.by_twice = use.operands[0] == use.operands[1]
        self.wanted = use.own
        self.other_shape = use.shapes[1 - slot]
        self.upstream = use.shape
        self.candidates = [*candidates(self.other, self.upstream, self.other_shape)]
        self.formula = rule(slot, use.shapes, self.other)
        self.reason = reason(use)
        for candidate in self.candidates:
            candidate.fits = fits(candidate.shape, self.wanted)
            candidate.is_rule = candidate.text == self.formula
            if candidate.fits:
                candidate.equal = _agrees(candidate, flow, self._numbers(lesson, flow))
        self.classes = {candidate.same_as for candidate in self.candidates if candidate.fits}
        self.candidates.sort(key=lambda c: (not c.is_rule, not c.fits, c.shape is None))
        self.example: str | None = None
        if not self.decided:
            self.example = lesson.deciding_example(index, slot)

    @property
    def decided(self) -> bool:
        """Whether only one way fits, counted without those that are the same by the rules of vectors."""
        return len(self.classes) == 1

    @property
    def fitting(self) -> list[Candidate]:
        """The candidates that fit."""
        return [candidate for candidate in self.candidates if candidate.fits]

    def _numbers(self, lesson: ShapeLesson, flow: ArrayFlow) -> dict[str, Value]:
        other = lesson.values[lesson.graph.operands[self.index][1 - self.slot]]
        return {
            "upstream": flow.upstream, "upstream.T": _transposed(flow.upstream),
            self.other: other, _turned(self.other, self.other_shape): _transposed(other),
        }  # fmt: skip

    def as_object(self) -> dict[str, object]:
        """As JSON."""
        return {
            "by": self.by,
            "shape": list(self.wanted),
            "upstream": list(self.upstream),
            "other": self.other,
            "other_shape": list(self.other_shape),
            "candidates": [
                {
                    "text": c.text,
                    "shapes": [list(shape) for shape in c.shapes],
                    "shape": None if c.shape is None else list(c.shape),
                    "fits": c.fits,
                    "gradient": c.is_rule or (c.same_as in self._true and c.fits),
                }
                for c in self.candidates
            ],
            "decided": self.decided,
            "formula": self.formula,
            "reason": self.reason,
            "example": self.example,
        }

    @property
    def _true(self) -> set[str]:
        return {candidate.same_as for candidate in self.candidates if candidate.is_rule}


class ShapeLesson:
    """The shapes of every matrix product of a program, and of the gradients that flow back through it."""

    def __init__(
        self, question: Question, values: Sequence[Value], flows: Sequence[ArrayFlow], notes: Sequence[Note]
    ) -> None:
        self.question = question
        self.graph = question.graph
        self.values = values
        self.labels = question.labels()
        self.notes = notes
        self._suggested: dict[str, Shape] | None = None
        self._suggested_shapes: list[Shape] | None = None
        self.products: dict[int, list[ProductGradient]] = {}
        for flow in sorted(flows, key=lambda flow: (flow.source, flow.slot)):
            if self.graph.primitives[flow.source].name == "matmul":
                self.products.setdefault(flow.source, []).append(ProductGradient(self, flow))

    @property
    def undecidable(self) -> bool:
        """Whether shapes for all names were found, so that where they do not decide, none do."""
        return self._suggested_shapes is not None

    def title(self) -> str:
        """How the program was read."""
        return title(self.question.program)

    @property
    def of(self) -> str:
        """What the gradients are of: the result, or the sum of its elements."""
        name = self.labels.names[self.question.result]
        return f"sum({name})" if shape_of(self.values[self.question.result]) else name

    def equation(self, index: int) -> str:
        """A product with its shapes: `[2,3] @ [3,4] = [2,4]`."""
        a, b = (shape_of(self.values[operand]) for operand in self.graph.operands[index])
        return f"{shown(a)} @ {shown(b)} = {shown(shape_of(self.values[index]))}"

    def deciding_example(self, index: int, slot: int) -> str | None:
        """Shapes for all names that leave one way for this product; None where the program allows none."""
        from gradcli.language.example import spelled, suggested

        program = self.question.program
        if self._suggested is None:
            self._suggested = suggested(program, {}, program.variables)
            try:
                self._suggested_shapes = infer(self.graph, self._suggested)
            except ShapesDoNotFit:
                self._suggested_shapes = None
        if self._suggested_shapes is None:
            return None
        operands = [self._suggested_shapes[operand] for operand in self.graph.operands[index]]
        found = {
            candidate.same_as
            for candidate in candidates("w", self._suggested_shapes[index], operands[1 - slot])
            if fits(candidate.shape, operands[slot])
        }
        return ",".join(map(spelled, self._suggested, self._suggested.values())) if len(found) == 1 else None

    def as_object(self) -> dict[str, object]:
        """The lesson as the JSON of schema gradcli/1."""
        return {
            **heading(self.question, self.values),
            "shapes": [
                {
                    "line": self.labels.names[index],
                    "label": self.labels.equation(index),
                    "of": self.of,
                    "gradients": [gradient.as_object() for gradient in gradients],
                }
                for index, gradients in self.products.items()
            ],
            "notes": [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes],
        }


class Lessons:
    """What was asked for in place of the whole explanation: the derivation of an element, the shapes, or both."""

    def __init__(self, element: ElementLesson | None, shapes: ShapeLesson | None) -> None:
        self.element = element
        self.shapes = shapes

    @property
    def _first(self) -> ElementLesson | ShapeLesson:
        found = self.element or self.shapes
        assert found is not None
        return found

    @property
    def question(self) -> Question:
        """What was asked."""
        return self._first.question

    @property
    def value(self) -> Value:
        """The value of the program."""
        return self._first.values[self.question.result]

    @property
    def gradients(self) -> dict[str, Value]:
        """The gradient by the name whose element was derived."""
        return {} if self.element is None else {self.element.name: self.element.gradient}

    @property
    def notes(self) -> Sequence[Note]:
        """What is worth a note."""
        return self._first.notes

    def as_object(self) -> dict[str, object]:
        """The lessons as one object of schema gradcli/1."""
        found = {} if self.shapes is None else self.shapes.as_object()
        return found if self.element is None else {**found, **self.element.as_object()}


def candidates(other: str, upstream: Shape, shape: Shape) -> Iterator[Candidate]:
    """Every way to multiply the upstream gradient, or its transpose, by the other operand, or its transpose."""
    if not upstream:
        yield Candidate("*", "upstream", other, ((), shape), "*")
        return
    ups = _both("upstream", upstream)
    others = _both(other, shape)
    for swapped in (False, True):
        for up_name, up_shape, up_turned in ups:
            for name, own, turned in others:
                left, right = ((name, own), (up_name, up_shape)) if swapped else ((up_name, up_shape), (name, own))
                same = f"{left[0]} @ {right[0]}"
                if len(upstream) == 1 and len(shape) > 1:  # u @ M is M.T @ u
                    same = "turned" if turned == swapped else "straight"
                elif len(shape) == 1 and len(upstream) > 1:
                    same = "turned" if up_turned == (not swapped) else "straight"
                elif len(upstream) == len(shape) == 1:
                    same = "dot"
                yield Candidate("@", left[0], right[0], (left[1], right[1]), same)
    if len(upstream) == len(shape) == 1:
        yield Candidate("outer", "upstream", other, (upstream, shape), "outer")
        yield Candidate("outer", other, "upstream", (shape, upstream), "outer, turned")


def _both(name: str, shape: Shape) -> list[tuple[str, Shape, bool]]:
    """A matrix and its transpose; a vector has none."""
    if len(shape) < 2:
        return [(name, shape, False)]
    return [(name, shape, False), (_turned(name, shape), (*shape[:-2], shape[-1], shape[-2]), True)]


def _turned(name: str, shape: Shape) -> str:
    rank = len(shape)
    if rank <= 2:
        return f"{name}.T"
    return f"transpose({name}, {', '.join(map(str, [*range(rank - 2), rank - 1, rank - 2]))})"


def _transposed(value: Value) -> Value:
    rank = len(shape_of(value))
    if rank < 2:
        return value
    found: Value = apply(NAMED["transpose"], (*range(rank - 2), rank - 1, rank - 2), [value])
    return found


def fits(shape: Shape | None, wanted: Shape) -> bool:
    """Whether a candidate has the wanted shape, or a stack of it that is added up."""
    if shape is None:
        return False
    return shape == wanted or (len(shape) > len(wanted) > 1 and shape[-len(wanted) :] == wanted)


def rule(slot: int, shapes: Sequence[Shape], other: str) -> str:
    """The gradient by one operand as the rule of @ makes it, spelled as its candidate is."""
    a, b = map(len, shapes)
    if a == b == 1:
        return f"upstream * {other}"
    if slot == 0 and b == 1:
        return f"outer(upstream, {other})" if a == 2 else f"upstream @ {other}"
    if slot == 1 and a == 1:
        return f"outer({other}, upstream)" if b == 2 else f"{other} @ upstream"
    if slot == 0:
        return f"{other} @ upstream" if a == 1 else f"upstream @ {_turned(other, shapes[1])}"
    return f"{_turned(other, shapes[0])} @ upstream"


def reason(use: Use) -> str:
    """Why: where an element goes, times what, and what the sum of that is."""
    a, b = map(len, use.shapes)
    if a > 2 or b > 2:
        return "in every matrix of the stack as in a product of two matrices; where one was repeated, its gradients add"
    _, _, pattern = of_product(use)
    left, right = use.operands
    y = use.line
    if use.slot == 0:
        own, sums = ("i,j", "k") if a == 2 and b == 2 else ("i,j" if a == 2 else "i", "k" if b == 2 else "")
        into = f"{y}[i,k]" if a == 2 and b == 2 else f"{y}[i]" if a == 2 else f"{y}[k]" if b == 2 else y
        row = "j" if a == 2 else "i"
        times = f"{right}[{row},k]" if b == 2 else f"{right}[{row}]"
    else:
        own, sums = ("i,j", "k") if a == 2 and b == 2 else ("i,j" if b == 2 else "i", "k" if a == 2 else "")
        into = f"{y}[k,j]" if a == 2 and b == 2 else f"{y}[j]" if b == 2 else f"{y}[k]" if a == 2 else y
        times = f"{left}[k,i]" if a == 2 else f"{left}[i]"
    name = use.operands[use.slot]
    every = " for every k" if sums else ""
    turned = ""
    if sums and use.slot == 0 and a == 2:
        turned = f", and {right}[j,:] is column j of {right}.T"
    elif sums and use.slot == 1:
        turned = f", and {left}[:,i] is row i of {left}.T"
    return f"{name}[{own}] goes into {into}{every}, times {times}; so its gradient is {pattern}{turned}"


def _use(lesson: ShapeLesson, index: int, slot: int) -> Use:
    line = lesson.graph.operands[index][slot]
    place = tuple([0] * len(shape_of(lesson.values[line])))
    return Use(lesson.graph, lesson.values, lesson.labels, index, slot, place)


def _agrees(candidate: Candidate, flow: ArrayFlow, numbers: dict[str, Value]) -> bool | None:
    """Whether the numbers of a candidate are those of the gradient."""
    if candidate.shape is None or candidate.shape != shape_of(flow.downstream):
        return None
    if count(candidate.shape) > MOST_COMPARED:
        return None
    operands: list[Any] = [numbers[candidate.left], numbers[candidate.right]]
    name = {"@": "matmul", "outer": "outer", "*": "mul"}[candidate.operator]
    with quiet():
        found = apply(NAMED[name], None, operands)
    return all(
        one == other or abs(one - other) <= CLOSE * max(abs(one), abs(other))
        for one, other in zip(_flat(found), _flat(flow.downstream), strict=True)
    )


def _flat(value: Value) -> list[float]:
    return [value] if type(value) is float else value.ravel().tolist()  # type: ignore[union-attr]


