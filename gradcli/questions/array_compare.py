"""Decompositions side by side where arrays appear: the engine's numbers, judged element by element."""

from __future__ import annotations

from math import isclose, isnan

from gradcli.autodiff import Sweep, depends, pull_back
from gradcli.autodiff import arrays as engine
from gradcli.autodiff.precise import judge, with_exact_e
from gradcli.errors import GradError
from gradcli.graph.arrays import plain, shape_of
from gradcli.graph.unrolled import CannotUnroll, Unrolled
from gradcli.insight.digits import Judged, operations_of
from gradcli.insight.notes import Note, Run, recognised
from gradcli.questions.arrays import backward, refuse_arrays
from gradcli.report.comparison import Asked, Column, Comparison
from gradcli.report.title import title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.autodiff import Flow
    from gradcli.autodiff.precise import Truth
    from gradcli.graph.arrays import Value
    from gradcli.language.question import Question

AGREES = 1e-9  # how near a sum over single numbers comes to the engine's where both went the same way


class ArrayComparison(Comparison):
    """A comparison whose point has arrays, and whose gradients are those of their elements."""

    def as_object(self) -> dict[str, object]:
        """The comparison as the JSON of schema gradcli/1."""
        return {**super().as_object(), "at": {name: plain(value) for name, value in self.at.items()}}


class Side:
    """A run of a question over arrays, and the same run element by element."""

    def __init__(self, question: Question, most_lines: int) -> None:
        self.question = question
        self.arrays: list[Value] = engine.evaluate(question.graph, question.point)
        names = question.labels().names
        try:
            self.unrolled = Unrolled(question.graph, self.arrays, names, most_lines)
        except CannotUnroll as error:
            hint = "gradcli grad with --decomposition naive, and with sigmoid, prints both answers"
            raise GradError("limit", f"arrays are judged element by element, and {error}", hint=hint) from None
        self.graph, self.values = self.unrolled.graph, self.unrolled.values
        self.result = int(self.unrolled.elements[question.result])
        self.sources = self._sources()
        self.strong = question.options.zero == "strong"

    def _sources(self) -> dict[str, int | None]:
        found: dict[str, int | None] = {}
        for name, line in self.question.sources.items():
            if line is None:
                found[name] = None
                continue
            shape = shape_of(self.arrays[line])
            lines = self.unrolled.elements[line]
            for number, element in enumerate(lines.ravel().tolist()):
                found[name + _index(number, shape)] = element
        return found

    def live_sources(self) -> list[int]:
        """The elements to differentiate by."""
        return [line for line in self.sources.values() if line is not None]

    def truth(self) -> Truth:
        """The true numbers of every element."""
        graph = with_exact_e(self.graph)
        return judge(graph, self.values, self.result, self.live_sources(), strong_zero=self.strong)

    def column(self, decomposition: str, truth: Truth, asked: Sequence[Asked]) -> Column:
        """The engine's numbers with their correct digits, and the place that lost some."""
        flows: list[Flow] = []
        active = depends(self.graph, self.live_sources())
        scalars = pull_back(self.graph, self.values, self.result, active, strong_zero=self.strong, flows=flows)
        sweep = Sweep(len(self.graph))
        found, _ = backward(self.question, self.arrays)
        sweep.numbers = self.unrolled.numbers(found.numbers, scalars.numbers)
        run = Judged(self.graph, self.values, self.result, sweep, flows, truth)
        column = Column(decomposition, run, self.sources, asked)
        column.operations = operations_of(self.question.graph, self.question.result)
        for place, one in enumerate(asked):  # where the engine went another way, the elements cannot say which
            line = None if one.by is None else self.sources[one.by]
            if line is not None and not _same_way(sweep.numbers[line], scalars.numbers[line]):
                column.losses[place] = column.nans[place] = None
        return column


def _index(number: int, shape: Sequence[int]) -> str:
    """The place of the element with that NUMBER, as an index."""
    places = []
    for length in reversed(shape):
        number, place = divmod(number, length)
        places.append(str(place))
    return f"[{','.join(reversed(places))}]" if shape else ""


def _same_way(found: float | None, scalar: float | None) -> bool:
    a, b = found or 0.0, scalar or 0.0
    return (isnan(a) and isnan(b)) or isclose(a, b, rel_tol=AGREES, abs_tol=0.0)


def compared(
    typed: Question, others: dict[str, Question], same: Callable[[Question, Question], bool], most_lines: int
) -> Comparison:
    """The OTHERS side by side, judged by the truth of TYPED. Raises GradError (shape, limit)."""
    refuse_arrays(typed)
    judge_by = Side(typed, most_lines)
    sides = {name: Side(question, most_lines) for name, question in others.items()}
    truth = judge_by.truth()
    truths = {name: side.truth() for name, side in sides.items()}
    true = truth
    if truth.strays and not truths["sigmoid"].strays:
        judge_by, true = sides["sigmoid"], truths["sigmoid"]
    name = typed.labels().names[typed.result]
    asked = [Asked(name, None, true.value(judge_by.result))]
    asked += [Asked(f"∂{name}/∂{by}", by, true.gradient(line)) for by, line in judge_by.sources.items()]
    columns = [side.column(name, truths[name], asked) for name, side in sides.items()]
    expression = title(typed.program)
    heading = f"{name} = {expression}" if expression != name else name
    notes = _notes(typed, others["sigmoid"])
    return ArrayComparison(
        typed.source, heading, typed.at, asked, columns, notes, same=same(others["naive"], others["sigmoid"])
    )


def _notes(typed: Question, sigmoid: Question) -> list[Note]:
    run = Run(sigmoid.graph, [], sigmoid.result, sigmoid.labels(), folds=sigmoid.folds)
    unused = "does not occur in the program, so its gradient is 0"
    return [*recognised(run), *(Note("unused", name, f"{name}: {unused}") for name in typed.unused)]
