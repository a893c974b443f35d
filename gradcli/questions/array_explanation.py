"""From a question in which an array appears to its explanation."""

from __future__ import annotations

from gradcli.autodiff.arrays import evaluate, push_forward
from gradcli.errors import GradError
from gradcli.graph.arrays import from_numbers, shape_of, units
from gradcli.graph.shapes import count, shown
from gradcli.insight.notes import Note
from gradcli.questions.arrays import alone, backward, gradients_of, notes_of
from gradcli.report.array_explanation import ArrayExplanation, ArrayPass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradcli.autodiff.arrays import ArrayFlow
    from gradcli.graph import Shape
    from gradcli.graph.arrays import Value
    from gradcli.language.question import Question

MOST_TANGENTS = 1_000_000  # numbers that all passes of forward mode may leave


def explained(question: Question) -> ArrayExplanation:
    """Every value, rule and flow; of a result that is an array, the gradients of the sum of its elements."""
    values = evaluate(question.graph, question.point)
    adjoints: Mapping[str, int | None] = {}
    if question.options.mode == "adjoint":
        from gradcli.autodiff.adjoint import evaluate_lines

        adjoints = question.add_adjoints(values)
        values = evaluate_lines(question.graph, question.point, strong_zero=question.options.zero == "strong")
    sweep, flows = backward(question, values)
    passes = [*_passes(question, values)] if question.options.mode == "forward" else []
    if passes:
        found = _by_passes(question, values, passes)
    elif question.options.mode == "adjoint":
        found = {name: None if line is None else values[line] for name, line in adjoints.items()}
    else:
        found = {name: sweep.numbers[line] for name, line in question.sources.items() if line is not None}
    notes = [*notes_of(question, values, sweep, flows), *_folds(question)]
    if adjoints:
        from gradcli.questions.derivatives import note_on_adjoints

        notes += note_on_adjoints(question, adjoints)
    shape = shape_of(values[question.result])
    if shape:
        notes.append(_of_sum(question, shape))
    gradients = gradients_of(question, found)
    return ArrayExplanation(question, values, ArrayPass(sweep, flows), gradients, notes, passes)


def _folds(question: Question) -> Iterator[Note]:
    """What was spelled out and is now one line."""
    if question.folds:
        from gradcli.insight.notes import Run, recognised

        ones = [1.0] * len(question.graph)  # such a note does not depend on values
        yield from recognised(Run(question.graph, ones, question.result, question.labels(), folds=question.folds))


def _of_sum(question: Question, shape: Shape) -> Note:
    name = question.labels().names[question.result]
    return Note(
        "seed", name,
        f"{name} is {shown(shape)}, so the gradients are those of sum({name}), where every element weighs 1; "
        "gradcli vjp --upstream takes other weights, gradcli jacobian every derivative",
    )  # fmt: skip


def _passes(question: Question, values: Sequence[Value]) -> Iterator[ArrayPass]:
    """Forward mode: a pass for each element of each source. Raises GradError (limit) where they leave too much."""
    lines = {name: line for name, line in question.sources.items() if line is not None}
    elements = sum(count(shape_of(values[line])) for line in lines.values())
    numbers = elements * sum(count(shape_of(value)) for value in values)
    if numbers > MOST_TANGENTS:
        raise GradError(
            "limit", f"forward mode takes a pass for each of {elements:,} elements: {numbers:,} tangents in all, "
            f"the most that explain keeps is {MOST_TANGENTS:,}",
            hint="leave out --mode forward: reverse mode takes one pass; or name fewer inputs with --wrt",
        )  # fmt: skip
    strong = question.options.zero == "strong"
    for name, line in lines.items():
        shape = shape_of(values[line])
        for place, unit in enumerate(units(shape)):
            flows: list[ArrayFlow] = []
            sweep = push_forward(
                question.graph, values, question.result, {line: unit}, open=alone(line, unit), strong_zero=strong,
                flows=flows,
            )  # fmt: skip
            yield ArrayPass(sweep, flows, f"{name}{_element(place, shape)}", line)


def _element(place: int, shape: Shape) -> str:
    """The index of an element by its PLACE in order: `[0,2]`."""
    found = []
    for length in reversed(shape):
        place, at = divmod(place, length)
        found.append(str(at))
    return f"[{','.join(reversed(found))}]" if shape else ""


def _by_passes(question: Question, values: Sequence[Value], passes: Sequence[ArrayPass]) -> dict[str, Value | None]:
    """The gradient by each source, an element a pass; the elements of a result that is an array are added."""
    found: dict[str, Value | None] = {}
    for name, line in question.sources.items():
        if line is None:
            continue
        tangents = [sweep.numbers[question.result] for sweep in passes if sweep.name.partition("[")[0] == name]
        numbers = [0.0 if tangent is None else _added(tangent) for tangent in tangents]
        found[name] = from_numbers(numbers, shape_of(values[line]))
    return found


def _added(tangent: Value) -> float:
    return tangent if type(tangent) is float else float(tangent.sum())  # type: ignore[union-attr]
