"""The same question in several decompositions, each judged against the true numbers."""

from __future__ import annotations

from gradcli.autodiff import depends, evaluate, pull_back
from gradcli.autodiff.precise import judge, with_exact_e
from gradcli.insight.digits import Judged
from gradcli.insight.notes import Note, Run, recognised
from gradcli.language.question import Options, Question
from gradcli.questions import backward
from gradcli.report.comparison import Asked, Comparison, columns_of
from gradcli.report.title import title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.autodiff import Flow
    from gradcli.autodiff.precise import Truth
    from gradcli.graph import Graph

COMPARED = ("naive", "sigmoid", "auto")
MOST_LINES = 3_000  # each is judged with arbitrary precision, several times


def compared(source: str, given: Mapping[str, float], options: Options) -> Comparison:
    """The program in SOURCE at the values GIVEN, naive beside sigmoid; auto too where it is neither of them.

    The truth is that of the function as typed, to 20 digits; its branches are those that the typed run took, or where
    lost digits decided one and the recognised form lost none, those of that. Shapes: scalar.
    """
    typed = _question(source, given, options, "typed", places=True)
    if typed.shapes is not None:
        return _of_arrays(typed, source, given, options)
    _refuse_too_long(typed)
    graph, values = with_exact_e(typed.graph), evaluate(typed.graph, typed.point)
    backward(typed, values)  # refuses ties where they were to be refused
    truth = _judged(typed, graph, values)
    runs: dict[str, tuple[Question, Judged]] = {}
    for decomposition in COMPARED:
        question = _question(source, given, options, decomposition)
        twin = next((run for other, run in runs.values() if _same_lines(question, other, every=True)), None)
        if decomposition != "auto" or not any(_same_lines(question, other) for other, _ in runs.values()):
            known = truth if _same_lines(question, typed, every=True) and graph is typed.graph else None
            runs[decomposition] = (question, twin or _run(question, known))
    judge_by, true = typed, truth
    recognised_run = runs["sigmoid"][1]
    if truth.strays and not recognised_run.truth.strays:  # the same function, and no branch that lost digits decided
        judge_by, true = runs["sigmoid"][0], recognised_run.truth
    name = typed.labels().names[typed.result]
    asked = [Asked(name, None, true.value(judge_by.result))]
    asked += [Asked(f"∂{name}/∂{by}", by, true.gradient(line)) for by, line in judge_by.sources.items()]
    same = _same_lines(runs["naive"][0], runs["sigmoid"][0])
    columns = columns_of({name: (run, question.sources) for name, (question, run) in runs.items()}, asked)
    expression = title(typed.program)
    heading = f"{name} = {expression}" if expression != name else name
    notes = _notes(typed, runs["sigmoid"][0], true, truth)
    return Comparison(typed.source, heading, typed.at, asked, columns, notes, same=same)


def _of_arrays(typed: Question, source: str, given: Mapping[str, float], options: Options) -> Comparison:
    """The same element by element."""
    from gradcli.questions import array_compare

    others: dict[str, Question] = {}
    for decomposition in COMPARED:
        question = _question(source, given, options, decomposition)
        if decomposition != "auto" or not any(_same_lines(question, other) for other in others.values()):
            others[decomposition] = question
    return array_compare.compared(typed, others, _same_lines, MOST_LINES)


def _refuse_too_long(question: Question) -> None:
    lines = len(question.graph)
    if lines > MOST_LINES:
        from gradcli.errors import GradError

        message = f"the program has {lines:,} lines, the most that are judged is {MOST_LINES:,}"
        raise GradError("limit", message, hint="gradcli explain shows a program of any length")


def _question(
    source: str, given: Mapping[str, float], options: Options, decomposition: str, *, places: bool = False
) -> Question:
    chosen = Options(
        wrt=options.wrt, decomposition=decomposition, ties=options.ties, zero=options.zero, example=options.example,
        max_memory=options.max_memory,
    )  # fmt: skip
    return Question(source, given, chosen, places=places)


def _run(question: Question, truth: Truth | None) -> Judged:
    """The float run of a question beside its TRUTH, which is looked for where it is not known yet."""
    values = evaluate(question.graph, question.point)
    flows: list[Flow] = []
    active = depends(question.graph, question.live_sources())
    strong = question.options.zero == "strong"
    sweep = pull_back(question.graph, values, question.result, active, strong_zero=strong, flows=flows)
    truth = truth or _judged(question, question.graph, values)
    return Judged(question.graph, values, question.result, sweep, flows, truth)


def _judged(question: Question, graph: Graph, values: Sequence[float]) -> Truth:
    strong = question.options.zero == "strong"
    return judge(graph, values, question.result, question.live_sources(), strong_zero=strong)


def _same_lines(a: Question, b: Question, *, every: bool = False) -> bool:
    """Whether two questions came to the same lines, counted without those that are not needed, or EVERY one."""
    return _lines(a, every) == _lines(b, every)


def _lines(question: Question, every: bool) -> list[tuple[object, ...]]:
    graph = question.graph
    number: dict[int, int] = {}
    lines: list[tuple[object, ...]] = []
    for index, live in enumerate(graph.live((question.result,))):
        if live or every:
            number[index] = len(number)
            operands = [number[operand] for operand in graph.operands[index]]
            static = graph.statics[index]
            value = repr(static) if type(static) is float else getattr(static, "text", repr(static))
            lines.append((graph.primitives[index].name, value, graph.names[index], *operands))
    return [*lines, (number[question.result],)]


def _notes(typed: Question, sigmoid: Question, truth: Truth, typed_truth: Truth) -> Sequence[Note]:
    values = evaluate(sigmoid.graph, sigmoid.point)
    run = Run(sigmoid.graph, values, sigmoid.result, sigmoid.labels(), folds=sigmoid.folds)
    found = [*recognised(run)]
    labels = typed.labels()
    for line in truth.strays[:1]:  # of the typed run, or there is none
        equation = labels.equation(line)
        message = f"{equation}: goes the other way with true numbers; the truth beside follows the way that was taken"
        found.append(Note("digits", labels.names[line], message))
    lines = sigmoid if truth is not typed_truth else typed
    if truth.vanishes(lines.live_sources(), lines.result):
        name = labels.names[typed.result]
        message = f"{name}: {truth.bits:,} bits did not tell a true number from 0; it rounds to 0 anyhow"
        found.append(Note("digits", name, message))
    if typed.example is not None and typed.example.values:
        found.append(Note("example", next(iter(typed.example.values)), typed.example.message()))
    found += [
        Note("unused", name, f"{name}: does not occur in the program, so its gradient is 0") for name in typed.unused
    ]
    return found
