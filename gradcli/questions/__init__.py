"""From a question (text, point, options) to an answer; what the command line and `import gradcli` call."""

from __future__ import annotations

from gradcli.autodiff import depends, evaluate, pull_back, push_forward
from gradcli.graph import CAUTIOUS, SATURATED_BELOW
from gradcli.language.question import Options, Question
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from gradcli.autodiff import Flow, Sweep
    from gradcli.graph import Graph
    from gradcli.graph.decompose import Fold
    from gradcli.insight.notes import Note
    from gradcli.report.explanation import Explanation

__all__ = ["Answer", "Options", "Question", "differentiated", "evaluated", "explained"]
UNUSED = "does not occur in the program, so its gradient is 0"


class Answer:
    """A value, and where they were asked for the gradients by name, with notes. Shapes: scalar."""

    __slots__ = ("gradients", "notes", "question", "value")

    def __init__(
        self, question: Question, value: float, gradients: dict[str, float] | None, notes: Sequence[Note]
    ) -> None:
        self.question = question
        self.value = value
        self.gradients = gradients
        self.notes = notes

    def as_object(self) -> dict[str, object]:
        """The answer as the JSON of schema gradcli/1."""
        found: dict[str, object] = {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": self.question.at,
            "value": self.value,
        }
        if self.gradients is not None:
            found["gradients"] = self.gradients
        found["decomposition"] = self.question.options.decomposition
        if self.gradients is not None:
            found["mode"] = self.question.options.mode
        found["notes"] = [{"kind": n.kind, "line": n.line, "message": n.message} for n in self.notes]
        return found


def evaluated(source: str, given: Mapping[str, float], options: Options) -> Answer:
    """The value of the program in SOURCE at the values GIVEN."""
    question = Question(source, given, options, for_value=True)
    if question.shapes is not None:
        from gradcli.questions import arrays

        return arrays.evaluated(question)
    values = evaluate(question.graph, question.point)
    return Answer(question, values[question.result], None, notes_of(question, values))


def differentiated(source: str, given: Mapping[str, float], options: Options) -> Answer:
    """The value and the gradients of the program in SOURCE at the values GIVEN."""
    question = Question(source, given, options)
    if question.shapes is not None:
        from gradcli.questions import arrays

        return arrays.differentiated(question)
    values = evaluate(question.graph, question.point)
    sweep, flows = backward(question, values)
    if options.mode == "forward":
        found = {name: tangents.numbers[question.result] for name, tangents in passes(question, values)}
    elif options.mode == "adjoint":
        found = by_adjoint_graph(question, values)
    else:
        found = _adjoints(question, sweep)
    notes = notes_of(question, values, sweep, flows)
    return Answer(question, values[question.result], gradients_of(question, found), notes)


def explained(
    source: str,
    given: Mapping[str, float],
    options: Options,
    *,
    places: bool = False,
    most_lines: int | None = None,
) -> Explanation:
    """Everything on the way: every value, local gradient and flow of the program in SOURCE at the values GIVEN.

    PLACES keeps where each line stands in the source, which the explanation says as an object. Raises GradError
    (limit) where the program has more than MOST_LINES lines.
    """
    from gradcli.report.explanation import explain

    question = Question(source, given, options, places=places)
    if most_lines is not None and len(question.graph) > most_lines:
        from gradcli.questions.complaints import refuse_length

        refuse_length(question, most_lines)
    if question.shapes is not None:
        from gradcli.questions import array_explanation

        return array_explanation.explained(question)
    values = evaluate(question.graph, question.point)
    if options.mode == "adjoint":
        return _with_adjoints(question, values)
    sweep, flows = backward(question, values)
    tangents = dict(passes(question, values)) if options.mode == "forward" else {}
    if options.mode == "forward":
        found = {name: pushed.numbers[question.result] for name, pushed in tangents.items()}
    else:
        found = _adjoints(question, sweep)
    notes = notes_of(question, values, sweep, flows, folds=question.folds)
    return explain(question, values, sweep, flows, gradients_of(question, found), notes, tangents)


def _with_adjoints(question: Question, values: list[float]) -> Explanation:
    """Reverse-mode AD explained: the adjoint lines stand behind the others, each with its value."""
    from gradcli.autodiff.adjoint import evaluate_lines
    from gradcli.questions.derivatives import note_on_adjoints
    from gradcli.report.explanation import explain

    adjoints = question.add_adjoints(values)
    strong = question.options.zero == "strong"
    values = evaluate_lines(question.graph, question.point, strong_zero=strong)
    sweep, flows = backward(question, values)
    found = {name: None if line is None else values[line] for name, line in adjoints.items()}
    notes = notes_of(question, values, sweep, flows, folds=question.folds)
    notes += note_on_adjoints(question, adjoints)
    return explain(question, values, sweep, flows, gradients_of(question, found), notes, {})


def _adjoints(question: Question, sweep: Sweep) -> dict[str, float | None]:
    return {name: sweep.numbers[line] for name, line in question.sources.items() if line is not None}


def backward(question: Question, values: list[float]) -> tuple[Sweep, list[Flow]]:
    """Backpropagation from the result to every line that depends on a source, with the ledger of its flows."""
    flows: list[Flow] = []
    active = depends(question.graph, question.live_sources())
    strong = question.options.zero == "strong"
    sweep = pull_back(question.graph, values, question.result, active, strong_zero=strong, flows=flows)
    if question.options.ties == "error":
        from gradcli.questions.complaints import refuse_ties

        refuse_ties(question, values, sweep, active)
    return sweep, flows


def passes(question: Question, values: list[float]) -> Iterator[tuple[str, Sweep]]:
    """Forward mode: a pass for each source that occurs, with the tangent of every line."""
    strong = question.options.zero == "strong"
    for name, line in question.sources.items():
        if line is not None:
            yield name, push_forward(question.graph, values, question.result, line, strong_zero=strong)


def by_adjoint_graph(question: Question, values: Sequence[Any]) -> dict[str, Any]:
    """Reverse-mode AD: the derivative by each source as the value of a line that the sweep added."""
    from gradcli.autodiff.adjoint import gradients

    lines = {name: line for name, line in question.sources.items() if line is not None}
    strong = question.options.zero == "strong"
    numbers = gradients(
        question.graph, values, question.result, lines.values(), question.point, strong_zero=strong
    )
    return dict(zip(lines, numbers, strict=True))


def gradients_of(question: Question, found: Mapping[str, float | None]) -> dict[str, float]:
    """The derivative by each source: the number FOUND for it, 0 where nothing arrived."""
    return {name: number if (number := found.get(name)) is not None else 0.0 for name in question.sources}


def notes_of(
    question: Question,
    values: list[float],
    sweep: Sweep | None = None,
    flows: Sequence[Flow] = (),
    *,
    folds: Mapping[int, Fold] | None = None,
) -> list[Note]:
    """What is worth a note, recognised FOLDS with it; insight is imported only where there is something to say."""
    remarks = question.program.remarks
    example = question.example
    standing = folds or question.unused or remarks or example or question.derivatives
    if not (standing or _worth_a_note(question.graph, values, sweep, flows)):
        return []
    from gradcli.insight.notes import Note, Run, notes

    run = Run(
        question.graph,
        values,
        question.result,
        question.labels(),
        active=depends(question.graph, question.live_sources()),
        sweep=sweep,
        flows=flows,
        folds=folds,
        ties=question.options.ties,
    )
    found = notes(run)
    if question.derivatives:
        from gradcli.questions.derivatives import notes_on_derivatives

        found += notes_on_derivatives(question, values)
    found += [Note("unused", name, f"{name}: {UNUSED}") for name in question.unused]
    found += [Note(kind, message.partition(":")[0], message) for kind, message in remarks]
    if example is not None and example.values:
        found.append(Note("example", next(iter(example.values)), example.message()))
    return found


def _worth_a_note(graph: Graph, values: list[float], sweep: Sweep | None, flows: Sequence[Flow]) -> bool:
    """Whether a note can be due: a nan or inf anywhere, a gate, a convention that was used, a saturated line."""
    if not all(value - value == 0 for value in values):
        return True
    if sweep is None:
        return False
    primitives = graph.primitives
    for flow in flows:
        primitive = primitives[flow[0]]
        if flow[5] - flow[5] != 0 or flow[6] or (primitive.verbs[0] in CAUTIOUS and abs(flow[4]) < SATURATED_BELOW):
            return True
    for index, number in enumerate(sweep.numbers):
        if number is None or not primitives[index].watched:
            continue
        if primitives[index].verbs[0] == "stops" or number - number != 0:
            return True
        arguments = [values[operand] for operand in graph.operands[index]]
        edges = [edge for edge in primitives[index].edges if edge.kind in ("kink", "tie")]
        if any(edge.when(values[index], *arguments) for edge in edges):
            return True
    return False
