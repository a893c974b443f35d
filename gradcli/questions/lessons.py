"""From a question to a lesson: one element of a gradient, or the shapes of products."""

from __future__ import annotations

from gradcli.autodiff.arrays import evaluate
from gradcli.errors import GradError
from gradcli.graph.arrays import shape_of, zeros
from gradcli.graph.shapes import shown
from gradcli.language import is_name, normalised
from gradcli.language.question import Options, Question
from gradcli.questions import differentiated
from gradcli.questions.arrays import backward, notes_of
from gradcli.report.lessons import ElementLesson

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, NoReturn

    from gradcli.autodiff.arrays import ArrayFlow, ArraySweep
    from gradcli.graph import Shape
    from gradcli.graph.arrays import Value
    from gradcli.insight.notes import Note
    from gradcli.report.shape_lesson import Lessons, ShapeLesson

    Place = tuple[int, ...]


class Element:
    """`X[0,2]` as text, taken apart: a name and its indices."""

    __slots__ = ("index", "name", "text")

    def __init__(self, text: str) -> None:
        self.text = normalised(text.strip())
        name, bracket, rest = self.text.partition("[")
        self.name = name.strip()
        if not self.name or not is_name(self.name) or self.name == "at":
            self.fail(f"{self.name or self.text!r} is no name", "write a name and its indices, as in X[0,0]")
        words = rest.removesuffix("]").split(",") if bracket else []
        if bracket and (not rest.endswith("]") or not all(_is_whole(word.strip()) for word in words)):
            self.fail(f"{bracket}{rest} is no index", f"write whole numbers in brackets, as in {self.name}[0,0]")
        self.index = tuple(int(word) for word in words)

    def place(self, shape: Shape) -> Place:
        """The index in an array of SHAPE, counted from 0."""
        if len(self.index) != len(shape):
            first = f"{self.name}[{','.join('0' * len(shape))}]" if shape else self.name
            wanted = f"{len(shape)} ind{'ex' if len(shape) == 1 else 'ices'}" if shape else "no index"
            given = len(self.index) or "none"
            self.fail(f"{self.name} is {shown(shape)} and takes {wanted}, {given} given", f"write for example {first}")
        for axis, (place, length) in enumerate(zip(self.index, shape, strict=True)):
            if not -length <= place < length:
                self.fail(
                    f"index {place} is out of range: axis {axis} of {self.name}, which is {shown(shape)}, "
                    f"has length {length}",
                    f"an index is from 0 to {length - 1}, or from -1 to -{length} counted from the end",
                )
        return tuple(place % length for place, length in zip(self.index, shape, strict=True))

    def fail(self, message: str, hint: str) -> NoReturn:
        """Raise with the text of the option."""
        raise GradError("usage", f"--element: {message}", hint=hint, source=self.text, spans=[(0, len(self.text))])


def _is_whole(word: str) -> bool:
    digits = word.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def derived(
    source: str, given: Mapping[str, Any], options: Options, element: str, upstream: Value | None = None
) -> ElementLesson:
    """The derivative by one ELEMENT, derived line by line; UPSTREAM weighs the elements of a result that is an array.

    Raises GradError (usage) where there is no such element.
    """
    refuse_forward(options)
    wanted = Element(element)
    question = Question(source, given, _by(options, [wanted.name]))
    line = question.sources[wanted.name]
    if line is None:
        raise GradError(
            "name", f"{wanted.name!r} does not occur in the program, so every derivative by it is 0",
            hint=f"its names are {', '.join(question.program.variables)}",
        )  # fmt: skip
    values = evaluate(question.graph, question.point)
    shape = shape_of(values[question.result])
    if upstream is not None and shape_of(upstream) != shape:
        raise GradError(
            "shape", f"the result is {shown(shape)} and --upstream is {shown(shape_of(upstream))}",
            hint="the upstream gradient has a number for every element of the result",
        )  # fmt: skip
    place = wanted.place(shape_of(values[line]))
    sweep, flows = backward(question, values, upstream)
    found = sweep.numbers[line]
    gradient = zeros(shape_of(values[line])) if found is None else found
    notes = _notes(question, values, sweep, flows)
    return ElementLesson(question, values, sweep, flows, gradient, place, notes, upstream)


def _notes(
    question: Question, values: Sequence[Value], sweep: ArraySweep, flows: Sequence[ArrayFlow]
) -> Sequence[Note]:
    if question.shapes is not None:
        return notes_of(question, values, sweep, flows)
    return differentiated(question.source, question.given, question.options).notes


def taught(
    source: str,
    given: Mapping[str, Any],
    options: Options,
    *,
    element: str | None = None,
    upstream: Value | None = None,
    shapes: bool = False,
) -> Lessons:
    """The lessons that are asked for: on one ELEMENT of a gradient, on the SHAPES of products, or both."""
    from gradcli.report.shape_lesson import Lessons

    return Lessons(
        None if element is None else derived(source, given, options, element, upstream),
        shapes_explained(source, given, options) if shapes else None,
    )


def refuse_forward(options: Options) -> None:
    """Raise where lessons were asked for in forward mode."""
    if options.mode == "forward":
        raise GradError("usage", "--element and --shapes follow the gradient back, --mode forward pushes tangents",
                        hint="leave out --mode forward")  # fmt: skip


def _by(options: Options, names: list[str] | None) -> Options:
    """The same options, but differentiating by NAMES."""
    return Options(
        wrt=names, decomposition=options.decomposition, ties=options.ties, zero=options.zero, example=options.example,
        max_memory=options.max_memory,
    )  # fmt: skip


def shapes_explained(source: str, given: Mapping[str, Any], options: Options) -> ShapeLesson:
    """Why the gradients of every matrix product are what they are, by their shapes.

    Raises GradError (usage) where there is no product.
    """
    from gradcli.report.shape_lesson import ShapeLesson

    refuse_forward(options)
    question = Question(source, given, options)
    if not any(primitive.name == "matmul" for primitive in question.graph.primitives):
        raise GradError(
            "usage", "--shapes: the program has no matrix product",
            hint="it is about @; everything that works element by element has a gradient in the shape of its operand",
        )  # fmt: skip
    values = evaluate(question.graph, question.point)
    sweep, flows = backward(question, values)
    lesson = ShapeLesson(question, values, flows, notes_of(question, values, sweep, flows))
    if not lesson.products:
        raise GradError(
            "usage", "--shapes: no gradient flows through a matrix product",
            hint="differentiate by a name that is in one: --wrt chooses it",
        )  # fmt: skip
    return lesson
