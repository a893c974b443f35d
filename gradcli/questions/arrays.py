"""Answers to questions in which an array appears: values and gradients in the shapes of what they belong to."""

from __future__ import annotations

from gradcli.autodiff import depends
from gradcli.autodiff.arrays import ArrayFlow, ArraySweep, evaluate, pull_back, push_forward
from gradcli.autodiff.lean import SMALL, LeanRun
from gradcli.errors import GradError
from gradcli.graph.arrays import from_numbers, owned, plain, shape_of, units, zeros
from gradcli.graph.shapes import count, shown
from gradcli.language.question import Question
from gradcli.questions import Answer, by_adjoint_graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.graph.arrays import Value
    from gradcli.insight.array_run import ArrayRun
    from gradcli.insight.notes import Note

MOST_PASSES = 10_000  # of forward mode, which takes one for each element


class ArrayAnswer(Answer):
    """A value, and where they were asked for the gradients by name: floats, or arrays of their names' shapes."""

    __slots__ = ()

    value: Value  # type: ignore[assignment]
    gradients: dict[str, Value] | None  # type: ignore[assignment]

    def as_object(self) -> dict[str, object]:
        """The answer as the JSON of schema gradcli/1, arrays as nested lists."""
        found = super().as_object()
        found["at"] = {name: plain(value) for name, value in self.question.at.items()}
        found["value"] = plain(self.value)
        if self.gradients is not None:
            found["gradients"] = {name: plain(value) for name, value in self.gradients.items()}
        return found


def evaluated(question: Question) -> ArrayAnswer:
    """The value of the program."""
    values = evaluate(question.graph, question.point)
    notes = notes_of(question, values)
    return ArrayAnswer(question, owned(values[question.result], question.point.values()), None, notes)  # type: ignore[arg-type]


def differentiated(question: Question) -> ArrayAnswer:
    """The value of the program, which has to be a scalar, and its gradients.

    Raises GradError (shape) where the value is an array, with the ways out.
    """
    refuse_arrays(question)
    lean = _lean_run(question)
    if lean is not None:
        numbers = dict(zip(_live_names(question), lean.gradients, strict=True))
        gradients = gradients_of(question, numbers)
        return ArrayAnswer(question, lean.value, gradients, standing_notes(question))  # type: ignore[arg-type]
    values = evaluate(question.graph, question.point)
    sweep, flows = backward(question, values)
    if question.options.mode == "forward":
        found = by_forward_mode(question, values)
    elif question.options.mode == "adjoint":
        found = by_adjoint_graph(question, values)
    else:
        found = {name: sweep.numbers[line] for name, line in question.sources.items() if line is not None}
    gradients = gradients_of(question, found)
    notes = notes_of(question, values, sweep, flows)
    return ArrayAnswer(question, values[question.result], gradients, notes)  # type: ignore[arg-type]


def _live_names(question: Question) -> list[str]:
    return [name for name, line in question.sources.items() if line is not None]


def _lean_run(question: Question) -> LeanRun | None:
    """A run that keeps no value longer than it is read, where arrays are large and nothing turns out worth a note."""
    options = question.options
    elements = sum(map(count, question.shapes or ()))
    plain = (options.mode, options.zero, options.ties) == ("reverse", "ieee", "split")
    if elements <= SMALL or question.derivatives or not plain:
        return None
    run = LeanRun(question.graph, question.point, question.result, question.live_sources())
    return None if run.noteworthy else run


def refuse_arrays(question: Question, command: str = "grad") -> None:
    """Raise where the result is no scalar: only a scalar has a gradient, which COMMAND was to say."""
    assert question.shapes is not None
    shape = question.shapes[question.result]
    if not shape:
        return
    source = question.program.source.strip()
    short = len(source) <= 40 and source.isprintable() and not any(mark in source for mark in ("'", ";", " at "))
    asked = source if short else "EXPR"
    ones = f"ones({', '.join(map(str, shape))})"
    scalar = {
        f"gradcli {command} 'sum({asked})' ...": "the gradient of the sum" if command == "grad" else "of the sum",
    }
    if command == "diff":
        scalar[f"gradcli diff '({asked})[{','.join('0' for _ in shape)}]' ..."] = "of one element"
    ways = {
        f"gradcli vjp '{asked}' ... --upstream '{ones}'": f"the gradient of sum(U*f), with U of shape {shown(shape)}",
        f"gradcli jacobian '{asked}' ...": "every derivative of every element",
    }
    ways = {**scalar, **ways} if command == "diff" else {**ways, **scalar}
    widest = max(map(len, ways))
    raise GradError(
        "shape",
        f"a gradient is of a scalar, and the result is {shown(shape)}",
        hint="\n".join(["write one of these, with the same values:", *(f"{c:{widest}}  {w}" for c, w in ways.items())]),
        source=question.program.source,
        spans=[(0, len(question.program.source))] if short else (),
    )


def backward(
    question: Question, values: Sequence[Value], upstream: Value | None = None
) -> tuple[ArraySweep, list[ArrayFlow]]:
    """Backpropagation from the result, whose adjoint is UPSTREAM (1 everywhere where it is not given)."""
    flows: list[ArrayFlow] = []
    active = depends(question.graph, question.live_sources())
    strong = question.options.zero == "strong"
    sweep = pull_back(
        question.graph, [*values], question.result, active, upstream=upstream, strong_zero=strong, flows=flows
    )
    if question.options.ties == "error":
        from gradcli.questions.complaints import refuse_ties_of_arrays

        refuse_ties_of_arrays(question, run_of(question, values, sweep, flows))
    return sweep, flows


def by_forward_mode(question: Question, values: Sequence[Value]) -> dict[str, Value | None]:
    """The gradient of a scalar result by each source, one pass for each element. Raises GradError (limit)."""
    lines = {name: line for name, line in question.sources.items() if line is not None}
    passes = sum(count(shape_of(values[line])) for line in lines.values())
    if passes > MOST_PASSES:
        raise GradError(
            "limit", f"forward mode takes a pass for each of {passes:,} elements, the most is {MOST_PASSES:,}",
            hint="leave out --mode forward: reverse mode takes one pass",
        )  # fmt: skip
    strong = question.options.zero == "strong"
    found: dict[str, Value | None] = {}
    for name, line in lines.items():
        shape = shape_of(values[line])
        pushed = []
        for unit in units(shape):
            sweep = push_forward(
                question.graph, values, question.result, {line: unit}, open=alone(line, unit), strong_zero=strong
            )
            number = sweep.numbers[question.result]
            pushed.append(0.0 if number is None else number)
        found[name] = from_numbers(pushed, shape)
    return found


def alone(line: int, unit: Value) -> dict[int, object]:
    """The mask of a LINE in which one element moves, and all others are no part of the pass."""
    return {} if type(unit) is float else {line: unit != 0}


def gradients_of(question: Question, found: Mapping[str, Value | None]) -> dict[str, Value]:
    """The gradient by each source: what was FOUND for it, zeros in its shape where nothing arrived."""
    assert question.shapes is not None
    gradients: dict[str, Value] = {}
    for name, line in question.sources.items():
        shape = shape_of(question.at[name]) if line is None else question.shapes[line]
        number = found.get(name)
        gradients[name] = zeros(shape) if number is None else number
    return gradients


def notes_of(
    question: Question,
    values: Sequence[Value],
    sweep: ArraySweep | None = None,
    flows: Sequence[ArrayFlow] = (),
) -> list[Note]:
    """What is worth a note, with the index where it happened."""
    from gradcli.insight.array_notes import array_notes

    found = array_notes(run_of(question, values, sweep, flows))
    if question.derivatives:
        from gradcli.questions.derivatives import notes_on_derivatives

        found += notes_on_derivatives(question, values)
    return [*found, *standing_notes(question)]


def run_of(
    question: Question, values: Sequence[Value], sweep: ArraySweep | None, flows: Sequence[ArrayFlow]
) -> ArrayRun:
    """A run as notes look at it."""
    from gradcli.insight.array_run import ArrayRun

    return ArrayRun(
        question.graph, values, question.result, question.labels(),
        active=depends(question.graph, question.live_sources()), sweep=sweep, flows=flows,
        ties=question.options.ties, strong=question.options.zero == "strong",
    )  # fmt: skip


def standing_notes(question: Question) -> list[Note]:
    """What is to be said whatever the numbers are."""
    from gradcli.insight.notes import Note

    found: list[Note] = []
    unused = "does not occur in the program, so its gradient is 0"
    found += [Note("unused", name, f"{name}: {unused}") for name in question.unused]
    found += [Note(kind, message.partition(":")[0], message) for kind, message in question.program.remarks]
    example = question.example
    if example is not None and example.values:
        found.append(Note("example", next(iter(example.values)), example.message()))
    return found
