"""Second derivatives: the Hessian by every pair of names, and its product with a direction, which never makes it."""

from __future__ import annotations

import math

from gradcli.autodiff import depends, evaluate
from gradcli.autodiff.seconds import steps
from gradcli.errors import GradError
from gradcli.graph.shapes import BYTES, count, shown, sized
from gradcli.language.question import Options, Question
from gradcli.questions import backward, gradients_of
from gradcli.questions import notes_of as notes_of_scalars
from gradcli.questions.jacobians import Along, _check_tangent, _shape_by_name
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.autodiff import Flow, Sweep
    from gradcli.autodiff.array_hessians import Hessian as ArrayHessian
    from gradcli.autodiff.array_hessians import Second
    from gradcli.autodiff.hessians import Edges
    from gradcli.graph import Graph, Shape
    from gradcli.insight.notes import Note
    from gradcli.report.hessian import HessianReport

    Value = Any  # a float or an array of floats

MOST_ENTRIES = 1_000_000  # of a Hessian that is made unasked
MOST_IN_FULL = 10_000_000  # with --full
MOST_STEPS = 30_000_000  # tangents that are carried through the flows of a graph of scalars
MOST_ELEMENTS = 2_000_000_000  # that all passes over a graph of arrays go through
FORWARD, REVERSE = "forward-over-reverse", "reverse-over-reverse"
MODES = (FORWARD, REVERSE)
PLAIN = frozenset(("variable", "constant", "add", "sub", "mul", "div", "neg", "power"))  # whose rules have no steps
NEVER_MADE = (
    "gradcli hvp ... --along x=DX multiplies it with a direction at the cost of a few gradients,\n"
    "and never makes it"
)


class Curving:
    """The Hessian times a direction: `found` is how the gradient by each name moves ALONG the direction."""

    __slots__ = ("along", "found", "gradients", "mode", "notes", "question", "value")

    def __init__(
        self, question: Question, value: float, gradients: Mapping[str, Value], along: Mapping[str, Value],
        found: Mapping[str, Value], mode: str, notes: Sequence[Note],
    ) -> None:  # fmt: skip
        self.question = question
        self.value = value
        self.gradients = gradients
        self.along = along
        self.found = found
        self.mode = mode
        self.notes = notes

    def as_object(self) -> dict[str, object]:
        """The answer as the JSON of schema gradcli/1, arrays as nested lists."""
        return {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": _plain(self.question.at),
            "value": self.value,
            "gradients": _plain(self.gradients),
            "along": _plain(self.along),
            "hvp": _plain(self.found),
            "decomposition": self.question.options.decomposition,
            "mode": self.mode,
            "notes": [{"kind": n.kind, "line": n.line, "message": n.message} for n in self.notes],
        }


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: value if type(value) is float else value.tolist() for name, value in values.items()}


# The Hessian


def dense(source: str, given: Mapping[str, Value], options: Options, *, full: bool = False) -> HessianReport:
    """The second derivatives of the result, which has to be a scalar, by every pair of names, as a report.

    FULL lifts the bound on the number of entries. Raises GradError (shape, limit) before anything is computed.
    """
    question = Question(source, given, options)
    refuse_arrays(question, "a Hessian", "hessian")
    shapes = {name: _shape_by_name(question, name) for name in question.sources}
    refuse_size(question, sum(map(count, shapes.values())), full=full)
    if question.shapes is not None:
        return _of_arrays(question, shapes)
    shapes = dict.fromkeys(shapes, ())  # a name that does not occur may have an array
    from gradcli.autodiff.hessians import Hessian, patterns, rows
    from gradcli.report.hessian import HessianReport

    graph = question.graph
    values = evaluate(graph, question.point)
    sources = list(question.sources.values())
    ready = _Scalars(question, values)
    _refuse_work(question, ready.edges, len(sources))
    found = rows(ready.edges, sources)
    lost = [place for place, number in enumerate(ready.gradients.values()) if number != number]
    if lost:  # what is nan has no derivative, along any path
        bits = patterns(graph, question.result, sources)
        for place in lost:
            found[place] = {column: math.nan for column in range(len(sources)) if bits[place] >> column & 1}
    notes = ready.notes(all(number - number == 0 for row in found for number in row.values()))
    hessian = Hessian(found, lambda: patterns(graph, question.result, sources))
    return HessianReport(question, values[question.result], ready.gradients, shapes, hessian, notes)


class _Scalars:
    """A backward pass over a graph of scalars: its edges, the gradients by name, and what there is to say."""

    def __init__(self, question: Question, values: list[float]) -> None:
        from gradcli.autodiff.hessians import Edges, swept

        self.question = question
        self.values = values
        graph, strong = question.graph, question.options.zero == "strong"
        self.active = depends(graph, question.live_sources())
        quick = None if strong else swept(graph, values, question.result, self.active)
        self.sweep: Sweep | None = None
        self.flows: list[Flow] = []
        if quick is not None:
            self.edges, numbers = quick
        else:
            self.sweep, self.flows = backward(question, values)
            self.edges, numbers = Edges(graph, values, self.flows, strong_zero=strong), self.sweep.numbers
        self.gradients = gradients_of(question, by_name(question, numbers))

    def notes(self, is_finite: bool) -> list[Note]:
        """The notes of the first order, then those of second derivatives, all of which may be finite."""
        question, graph = self.question, self.question.graph
        found = notes_of_scalars(question, self.values, self.sweep, self.flows)
        if is_finite and not _steps(graph):
            return found
        from gradcli.insight.second_order import second_notes

        if self.sweep is None:
            self.sweep, self.flows = backward(question, self.values)
        lost = not is_finite
        return [*found, *second_notes(graph, self.values, self.flows, self.active, question.labels, lost=lost)]


def _steps(graph: Graph) -> bool:
    """Whether a second derivative can jump somewhere, whatever the values are."""
    if {primitive.name for primitive in set(graph.primitives)} <= PLAIN:
        return False
    lines = zip(graph.primitives, graph.statics, graph.operands, strict=True)
    return any(operands and steps(primitive, static, len(operands)) for primitive, static, operands in lines)


def by_name(question: Question, numbers: Sequence[Any]) -> dict[str, Any]:
    """Of the NUMBERS beside lines those of the sources that occur."""
    return {name: numbers[line] for name, line in question.sources.items() if line is not None}


def _of_arrays(question: Question, shapes: Mapping[str, Shape]) -> HessianReport:
    from gradcli.report.hessian import HessianReport

    second, gradients, notes = _second(question)
    if (work := second.work()) > MOST_ELEMENTS:
        message = f"the Hessian takes passes through {work:,} elements, the most is {MOST_ELEMENTS:,}"
        raise GradError("limit", message, hint="--wrt x,y takes it by some names only\n" + NEVER_MADE)
    hessian = second.matrix()
    places: list[int | None] = []
    at = 0
    for name, line in question.sources.items():
        many = count(shapes[name])
        places += [None] * many if line is None else range(at, at + many)
        at += 0 if line is None else many
    if None in places:
        hessian = hessian.spread(places)
    if hessian.lost(0, len(hessian.matrix)):
        notes = [*notes, *_lost(question, gradients, hessian, shapes)]
    value: float = second.values[question.result]
    return HessianReport(question, value, gradients, shapes, hessian, notes, hessian.passes)


def _lost(
    question: Question, gradients: Mapping[str, Value], hessian: ArrayHessian, shapes: Mapping[str, Shape]
) -> list[Note]:
    """A note for each name whose gradient is finite, and the derivative of it is not."""
    from gradcli.autodiff.array_hessians import is_finite
    from gradcli.insight.notes import Note

    label = question.labels().names[question.result]
    found, at = [], 0
    for name, shape in shapes.items():
        lost = hessian.lost(at, at + count(shape))
        at += count(shape)
        if lost and is_finite(gradients[name]):
            many = f"{lost:,} of its derivatives {'is' if lost == 1 else 'are'} not"
            found.append(Note("inf", name, f"{name}: ∂{label}/∂{name} is finite here, and {many}"))
    return found


def _second(question: Question) -> tuple[Second, dict[str, Value], list[Note]]:
    """The adjoint lines ready for passes, the gradients by name, and the notes of the first order."""
    from gradcli.autodiff.array_hessians import Second
    from gradcli.autodiff.arrays import evaluate
    from gradcli.questions import arrays

    values = evaluate(question.graph, question.point)
    sweep, flows = arrays.backward(question, values)
    gradients = arrays.gradients_of(question, by_name(question, sweep.numbers))
    notes = arrays.notes_of(question, values, sweep, flows)
    sources = question.live_sources()
    strong = question.options.zero == "strong"
    second = Second(question.graph, values, question.result, sources, question.point, strong_zero=strong)
    return second, gradients, notes


def refuse_arrays(question: Question, what: str, command: str) -> None:
    """Raise where the result is no scalar: only a scalar has second derivatives that make a matrix."""
    shape = () if question.shapes is None else question.shapes[question.result]
    if not shape:
        return
    source = question.program.source.strip()
    short = len(source) <= 40 and source.isprintable() and not any(mark in source for mark in ("'", ";", " at "))
    asked = source if short else "EXPR"
    first = ",".join("0" for _ in shape)
    ways = {
        f"gradcli {command} 'sum({asked})' ...": "of the sum of its elements",
        f"gradcli {command} '({asked})[{first}]' ...": "of one element",
        f"gradcli jacobian '{asked}' ...": "first derivatives, of every element",
    }
    widest = max(map(len, ways))
    raise GradError(
        "shape",
        f"{what} is of a scalar, and the result is {shown(shape)}",
        hint="\n".join(["write one of these, with the same values:", *(f"{c:{widest}}  {w}" for c, w in ways.items())]),
        source=question.program.source,
        spans=[(0, len(question.program.source))] if short else (),
    )


def refuse_size(question: Question, size: int, *, full: bool) -> None:
    """Raise where the Hessian by SIZE elements would have more entries than are made."""
    entries = size * size
    most = MOST_IN_FULL if full else MOST_ENTRIES
    memory = question.options.max_memory or entries * BYTES
    if entries <= most and entries * BYTES <= memory:
        return
    bound = f"{most:,} entries" if entries > most else sized(memory)
    raise GradError(
        "limit",
        f"the Hessian is {size:,}×{size:,}: {entries:,} entries, {sized(entries * BYTES)}; the most is {bound}",
        hint=("--full makes it all the same\n" if most < entries <= MOST_IN_FULL else "") + NEVER_MADE,
    )


def _refuse_work(question: Question, edges: Edges, columns: int) -> None:
    """Raise where more tangents would be carried through the flows than take a moment."""
    flows = edges.edges
    if len(flows) * columns <= MOST_STEPS:
        return
    from gradcli.autodiff.hessians import work

    steps = work(question.graph, question.result, list(question.sources.values()))
    if steps > MOST_STEPS:
        raise GradError(
            "limit",
            f"the Hessian takes {steps:,} products of tangents in {len(flows):,} flows, the most is {MOST_STEPS:,}",
            hint="--wrt x,y takes it by some names only\n" + NEVER_MADE,
        )


# Its product with a direction


def multiplied(
    source: str, given: Mapping[str, Value], options: Options, along: Along, mode: str = FORWARD
) -> Curving:
    """The Hessian times the direction ALONG: how the gradient moves where the names move like that.

    A name that is not in ALONG stands still. FORWARD pushes the direction through one backward pass, REVERSE goes back
    through the adjoint lines. Raises GradError (name, shape) with the place in ALONG.
    """
    question, names = _along_question(source, given, options, along)
    refuse_arrays(question, "a product with a Hessian", "hvp")
    for name, value in along.values.items():
        _check_tangent(question, along, name, value)
    moving = {line: along.values[n] for n, line in question.sources.items() if n in along.values and line is not None}
    if question.shapes is not None:
        second, gradients, notes = _second(question)
        pushed = second.along(moving) if mode == FORWARD else second.back(moving, question.point)
        arrived: dict[int, Any] = dict(zip(question.live_sources(), pushed, strict=True))
        value = second.values[question.result]
    else:
        values = evaluate(question.graph, question.point)
        value = values[question.result]
        ready = _Scalars(question, values)
        gradients = ready.gradients
        arrived = (_forward if mode == FORWARD else _back)(question, values, ready, moving)
        notes = ready.notes(all(n is None or n - n == 0 for n in arrived.values()))
    found = {}
    for name in names:
        line = question.sources[name]
        number = None if line is None else arrived[line]
        found[name] = _zeros(_shape_by_name(question, name)) if number is None else number
    shown_gradients = {name: gradients[name] for name in names}
    return Curving(question, value, shown_gradients, dict(along.values), found, mode, notes)


def _along_question(
    source: str, given: Mapping[str, Value], options: Options, along: Along
) -> tuple[Question, list[str]]:
    """The question by the names that are asked for and by those that move, and the former."""
    question = Question(source, given, options)
    names = list(question.sources)
    more = [name for name in along.values if name not in question.sources]
    if more:
        options.wrt = [*names, *more]
        try:
            question = Question(source, given, options)
        except GradError as error:
            raise along.placed(error) from None
    return question, names


def _forward(
    question: Question, values: list[float], ready: _Scalars, moving: Mapping[int, float]
) -> dict[int, Any]:
    """A forward sweep through the flows of the backward pass, in which every number carries its tangent."""
    from gradcli.autodiff.hessians import patterns, product

    numbers = product(ready.edges, moving)
    found = {line: numbers[line] for line in question.live_sources()}
    lost = [line for name, line in question.sources.items() if ready.gradients[name] != ready.gradients[name]]
    if lost:  # what is nan has no derivative, along any path
        lines = question.live_sources()
        bits = patterns(question.graph, question.result, lines)
        for line, row in zip(lines, bits, strict=True):
            if line in lost and any(row >> column & 1 and other in moving for column, other in enumerate(lines)):
                found[line] = math.nan
    return found


def _back(
    question: Question, values: list[float], ready: _Scalars, moving: Mapping[int, float]
) -> dict[int, Any]:
    """Backpropagation through the adjoint lines, from sum(direction * gradient)."""
    from gradcli.autodiff.hessians import back

    strong = question.options.zero == "strong"
    lines = question.live_sources()
    numbers = back(question.graph, values, question.result, lines, moving, question.point, strong_zero=strong)
    return dict(zip(lines, numbers, strict=True))


def _zeros(shape: Shape) -> Value:
    if not shape:
        return 0.0
    from gradcli.graph.arrays import zeros

    return zeros(shape)
