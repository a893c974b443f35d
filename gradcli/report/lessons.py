"""One element of a gradient, derived: where it goes, how strongly, what comes down, the sum, the pattern of all."""

from __future__ import annotations

from gradcli.autodiff.reach import at, picked, picked_open, places, reached, strength
from gradcli.errors import GradError
from gradcli.graph.arrays import plain, shape_of
from gradcli.graph.shapes import count
from gradcli.report.element_forms import Forms
from gradcli.report.rounding import added, misses, rounded
from gradcli.report.title import title
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.autodiff.arrays import ArrayFlow, ArraySweep
    from gradcli.graph.arrays import Value
    from gradcli.insight.notes import Note
    from gradcli.language.question import Question

    Place = tuple[int, ...]

MOST_DIGITS = 17
MOST_REACHED = 100_000  # elements of a line whose products are written out


class Term:
    """One summand: the upstream gradient at a place of the line, times the slice there.

    `closed` says why the product is 0 although the factors are not: a gate, or a strong zero.
    """

    __slots__ = ("closed", "local", "place", "product", "upstream")

    def __init__(self, place: Place, upstream: float, local: float, product: float, closed: str) -> None:
        self.place = place
        self.upstream = upstream
        self.local = local
        self.product = product
        self.closed = closed


class Derivation:
    """One line that uses the element: its reach, the slice of the local Jacobian, the upstream, the products."""

    __slots__ = ("equation", "flow", "forms", "line", "mask", "slice", "terms", "total", "upstream", "where")

    def __init__(self, lesson: ElementLesson, flow: ArrayFlow) -> None:
        graph, values, labels = lesson.graph, lesson.values, lesson.labels
        strong = lesson.question.options.zero == "strong"
        index = flow.source
        self.flow = flow
        self.line = labels.names[index]
        self.equation = labels.equation(index)
        self.mask: Any = reached(graph, values, index, flow.slot, lesson.place)
        self.slice = strength(graph, values, index, flow.slot, lesson.place, strong_zero=strong)
        self.upstream = flow.upstream
        self.forms = Forms(graph, values, labels, index, flow.slot, lesson.place)
        if (many := int(self.mask.sum())) > MOST_REACHED:
            raise GradError(
                "limit", f"{lesson.element} reaches {many:,} elements of {self.line}, the most that are written out is "
                f"{MOST_REACHED:,}", hint="take smaller arrays: the lesson is the same",
            )  # fmt: skip
        found = places(self.mask)
        self.where = where(found, shape_of(values[index]), self.line)
        primitive = graph.primitives[index]
        if primitive.moves and len(found) == 1:
            element = f"{self.line}[{','.join(map(str, found[0]))}]" if found[0] else self.line
            self.forms.sample = f"{element} = {lesson.element}"
        self.total = at(flow.downstream, lesson.place)
        opens = picked_open(lesson.sweep.open[index], self.mask)
        self.terms = [
            _term(place, upstream, local, open=open and not (primitive.opens and local == 0), strong=strong)
            for place, upstream, local, open in zip(
                found, picked(self.upstream, self.mask), picked(self.slice, self.mask), opens, strict=True
            )
        ]

    def as_object(self) -> dict[str, object]:
        """The derivation as JSON: null in `local` is a zero by structure."""
        return {
            "line": self.line,
            "label": self.equation,
            "reaches": [list(term.place) for term in self.terms],
            "local": _masked(self.slice, self.mask),
            "upstream": plain(self.upstream),
            "terms": [
                {"at": list(t.place), "upstream": t.upstream, "local": t.local, "product": t.product}
                for t in self.terms
            ],
            "sum": self.total,
            "one": self.forms.indices,
            "all": self.forms.whole,
            "factor": self.forms.local,
            "gradient": plain(self.flow.downstream),
        }


class ElementLesson:
    """∂result/∂name[place], one derivation for each use, and their sum. Shapes: any.

    SEED is the upstream gradient of the result where it was given; of a result that is an array it is 1 everywhere
    where nothing was given, and the gradients are those of the sum.
    """

    def __init__(
        self,
        question: Question,
        values: Sequence[Value],
        sweep: ArraySweep,
        flows: Sequence[ArrayFlow],
        gradient: Value,
        place: Place,
        notes: Sequence[Note],
        seed: Value | None,
    ) -> None:
        self.question = question
        self.graph = question.graph
        self.values = values
        self.sweep = sweep
        self.labels = question.labels()
        (self.name,) = question.sources
        self.place: Place = place
        self.gradient = gradient
        self.seed = seed
        self.notes = notes
        line = question.sources[self.name]
        self.is_result = line == question.result
        self.derivations = [Derivation(self, flow) for flow in reversed(flows) if flow.target == line]

    @property
    def result(self) -> str:
        """The label of the result."""
        return self.labels.names[self.question.result]

    @property
    def of(self) -> str:
        """What the gradient is of: the result, or its elements weighed and added."""
        if not shape_of(self.values[self.question.result]):
            return self.result
        return f"sum({self.result})" if self.seed is None else f"sum(U*{self.result})"

    @property
    def element(self) -> str:
        """The element as the language writes it."""
        return f"{self.name}[{','.join(map(str, self.place))}]" if self.place else self.name

    @property
    def total(self) -> float:
        """The derivative by the element."""
        return at(self.gradient, self.place)

    def title(self) -> str:
        """How the program was read."""
        return title(self.question.program)

    def as_object(self) -> dict[str, object]:
        """The lesson as the JSON of schema gradcli/1."""
        return {
            **heading(self.question, self.values),
            "element": {
                "name": self.name,
                "index": list(self.place),
                "of": self.of,
                "uses": [derivation.as_object() for derivation in self.derivations],
                "derivative": self.total,
                "gradient": plain(self.gradient),
            },
            "notes": [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes],
        }


def heading(question: Question, values: Sequence[Value]) -> dict[str, object]:
    """What every lesson's JSON begins with."""
    return {
        "schema": SCHEMA,
        "expression": question.source,
        "at": {name: plain(value) for name, value in question.at.items()},
        "value": plain(values[question.result]),
        "decomposition": question.options.decomposition,
    }


def _term(place: Place, upstream: float, local: float, *, open: bool, strong: bool) -> Term:
    product = upstream * local
    if not open:
        return Term(place, upstream, local, 0.0, "closed" if product != 0 else "")
    if strong and 0 in (upstream, local) and product != product and upstream == upstream and local == local:
        return Term(place, upstream, local, 0.0, "strong 0")
    return Term(place, upstream, local, product, "")


def where(found: Sequence[Place], shape: Sequence[int], name: str) -> str:
    """The elements at these places of an array of SHAPE, in words."""
    total = count(tuple(shape))
    if not found:
        return "none"
    if not shape:
        return f"{name} itself"
    if len(found) == total:
        return f"all of {name}"
    if len(found) == 1:
        return f"{name}[{','.join(map(str, found[0]))}] alone"
    if len(shape) == 2 and len(found) == shape[1] and len({row for row, _ in found}) == 1:
        return f"row {found[0][0]}"
    if len(shape) == 2 and len(found) == shape[0] and len({column for _, column in found}) == 1:
        return f"column {found[0][1]}"
    return f"{len(found):,} of the {total:,} of {name}"


NOISE = 1e-15  # what of a sum is rounding, beside the sizes of what was added


def is_noise(total: float, parts: Sequence[float]) -> bool:
    """Whether a sum that is not 0 would be 0 but for rounding."""
    return total != 0 and abs(total) <= NOISE * sum(map(abs, parts))


def sum_digits(terms: Sequence[Term], total: float, digits: int) -> int:
    """How many digits the factors and the sum need, DIGITS at least, for the equation to hold as it is printed."""
    if is_noise(total, [term.product for term in terms]):
        return digits
    while digits < MOST_DIGITS:
        products = [
            rounded(term.upstream, digits) * rounded(term.local, digits) if not term.closed else 0.0 for term in terms
        ]
        if misses(total, added(products), digits) <= 1:
            return digits
        digits += 1
    return digits


def _masked(value: Value, mask: Any) -> Any:
    """Nested lists, None where MASK is not."""
    shape = shape_of(value)
    marks = mask.ravel().tolist()
    numbers = [value] if type(value) is float else value.ravel().tolist()  # type: ignore[union-attr]
    found = [number if mark else None for number, mark in zip(numbers, marks, strict=True)]
    for length in reversed(shape):
        found = [found[start : start + length] for start in range(0, len(found), length)]
    return found[0]
