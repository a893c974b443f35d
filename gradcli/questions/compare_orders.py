"""The same derivative order by order: nested sweeps as written, the same optimised, and Taylor coefficients."""

from __future__ import annotations

from gradcli.autodiff import evaluate
from gradcli.autodiff.adjoint import AdjointGraph
from gradcli.autodiff.precise import IRRATIONAL, judge, with_exact_e
from gradcli.autodiff.taylor import taylor_lines
from gradcli.errors import GradError
from gradcli.graph import CONSTANT
from gradcli.graph.optimise import DEAD, optimise
from gradcli.language.question import Options, Question
from gradcli.questions import backward, notes_of
from gradcli.report.orders import Order, Orders, Way
from gradcli.report.title import title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Graph

DEFAULT_ORDER = 5
MOST_LINES = 5_000  # of the program
MOST_WRITTEN, MOST_OPTIMISED = 10_000, 4_000  # lines that the next order may be expected to have
MOST_JUDGED = 1_500  # lines that are read with arbitrary precision


def compared(source: str, given: Mapping[str, Any], options: Options, *, order: int | None = None) -> Orders:
    """The derivatives of the program in SOURCE by one name, from order 0 to ORDER (DEFAULT_ORDER without it).

    Raises GradError (shape) for arrays, (limit) for more than MOST_LINES lines, (usage) for several names.
    """
    question = Question(source, given, options)
    by, line = _one_source(question)
    most = DEFAULT_ORDER if order is None else order
    graph, result = question.graph, question.result
    values = evaluate(graph, question.point)
    sweep, flows = backward(question, values)  # refuses ties where they were to be refused
    found: list[dict[str, Way]] = [{} for _ in range(most + 1)]
    exact: dict[int, Any] = {}
    ends, meant = None, False
    number = values[result] == values[result]
    for n, nested in enumerate(_nested(question, line, most)):
        found[n]["written"] = nested.way(question.point)
        meant = meant or nested.means_irrational(len(graph))
        if number and len(nested.graph) <= MOST_JUDGED:
            exact[n] = nested.truth(question.point, added=len(graph))
        if nested.result is None and ends is None:
            ends = n
    for n, nested in enumerate(_optimised(question, line, most)):
        found[n]["optimised"] = nested.way(question.point)
        if nested.result is None and ends is None:
            ends = n
    for n, nested in enumerate(_expanded(question, values, line, most)):
        found[n]["taylor"] = nested.way(question.point)
        if number and n not in exact and len(nested.graph) <= MOST_JUDGED and not meant:
            exact[n] = nested.truth(question.point)
    label = question.labels().names[result]
    expression = title(question.program)
    heading = f"{label} = {expression}" if expression != label else label
    orders = [Order(n, ways, exact.get(n), is_judged=n in exact) for n, ways in enumerate(found)]
    notes = notes_of(question, values, sweep, flows, folds=question.folds)
    return Orders(source, heading, question.at, label, by, orders, notes, ends=ends)


def _one_source(question: Question) -> tuple[str, int]:
    """The name to differentiate by, and its line."""
    if question.shapes is not None:
        raise GradError(
            "shape", "orders are compared for scalars, and the program has arrays",
            hint="gradcli compare --by engine shows the lines of the first order",
        )  # fmt: skip
    if len(question.graph) > MOST_LINES:
        message = f"the program has {len(question.graph):,} lines, the most whose orders are compared is {MOST_LINES:,}"
        raise GradError("limit", message, hint="gradcli compare --by engine takes longer programs")
    if question.options.zero == "strong":
        raise GradError("usage", "orders are compared with --zero ieee only")
    names = list(question.sources)
    if question.options.wrt is not None and len(names) > 1:
        raise GradError(
            "usage", f"orders are compared for one name, and --wrt has {len(names)}", hint=f"write --wrt {names[0]}"
        )
    for name, line in question.sources.items():
        if line is not None:
            return name, line
    raise GradError("usage", "there is no variable to differentiate by", hint="use one, and give it a value: x=2")


class Nested:
    """A derivative as a graph of its own: its line RESULT (None: nothing arrives, it is 0) and that of the source."""

    def __init__(self, graph: Graph, result: int | None, source: int) -> None:
        self.graph = graph
        self.result = result
        self.source = source
        self.values: list[float] = []

    @property
    def lines(self) -> int:
        """How many operations it takes."""
        if self.result is None:
            return 0
        live = self.graph.live((self.result,))
        return sum(needed and bool(operands) for needed, operands in zip(live, self.graph.operands, strict=True))

    def evaluate(self, point: Mapping[str, float]) -> list[float]:
        """The value of every line."""
        if not self.values:
            self.values = evaluate(self.graph, point)
        return self.values

    def way(self, point: Mapping[str, float]) -> Way:
        """What it takes, and what it is."""
        return Way(self.lines, 0.0 if self.result is None else self.evaluate(point)[self.result])

    def means_irrational(self, added: int) -> bool:
        """Whether one of its lines from ADDED on is a constant that stands for an irrational number."""
        graph = self.graph
        return any(
            graph.primitives[line] is CONSTANT and abs(graph.statics[line]) in IRRATIONAL
            for line in range(added, len(graph))
        )

    def truth(self, point: Mapping[str, float], *, added: int | None = None) -> Any:
        """The true number of its lines; None where it was not found. Where nothing arrives it is 0.

        From line ADDED on they are those of rules.
        """
        graph, values = with_exact_e(self.graph), self.evaluate(point)
        line = self.source if self.result is None else self.result
        truth = judge(graph, values, line, (), added=added)
        return truth.gradient(None) if self.result is None else truth.value(line)

    def swept(self, point: Mapping[str, float], *, lean: bool) -> Nested:
        """Its derivative: the same graph with the adjoint lines of its line."""
        if self.result is None:
            return self
        added = AdjointGraph(self.graph, self.evaluate(point), self.result, [self.source], lean=lean)
        return Nested(added.graph, added.adjoints[self.source], self.source)


def _nested(question: Question, line: int, most: int) -> Iterator[Nested]:
    """Sweeps over sweeps, every line kept, as far as they stay small."""
    found = Nested(question.graph, question.result, line)
    yield found
    for _ in range(most):
        before = len(found.graph)
        found = found.swept(question.point, lean=False)
        yield found
        if len(found.graph) * max(len(found.graph) / before, 1.0) > MOST_WRITTEN:
            return


def _optimised(question: Question, line: int, most: int) -> Iterator[Nested]:
    """Sweeps over sweeps, each optimised before the next one goes over it."""
    found = Nested(question.graph, question.result, line)
    before = max(found.lines, 1)
    yield _shorter(found)
    for _ in range(most):
        found = _shorter(found.swept(question.point, lean=True))
        yield found
        lines = max(found.lines, 1)
        if lines * max(lines / before, 1.0) > MOST_OPTIMISED:
            return
        before = lines


def _shorter(nested: Nested) -> Nested:
    if nested.result is None:
        return nested
    found = optimise(nested.graph, [nested.result], keep=[nested.source])
    return Nested(found.graph, found.moved[nested.result], found.moved[nested.source])


def _expanded(question: Question, values: Sequence[float], line: int, most: int) -> Iterator[Nested]:
    """The lines of Taylor coefficients, each order by itself."""
    graph = question.graph.copy()
    value = values[question.result]
    orders = taylor_lines(graph, question.result, line, most, seeded=value != value)
    for result in orders or ():
        if result is None:
            yield Nested(question.graph, None, line)
        else:
            found = optimise(graph, [result], (DEAD,), keep=[line])
            yield Nested(found.graph, found.moved[result], found.moved[line])
