"""Products with a Jacobian, J @ direction and upstream @ J, and the Jacobian itself; of scalars and of arrays."""

from __future__ import annotations

from gradcli.autodiff import depends, evaluate, gradients, pull_back, push_along
from gradcli.errors import GradError
from gradcli.graph.shapes import BYTES, count, shown, sized
from gradcli.language.question import Options, Question
from gradcli.questions import backward
from gradcli.questions import notes_of as notes_of_scalars
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.insight.notes import Note
    from gradcli.report.jacobian import JacobianReport, Matrix, Step

    Value = Any  # a float or an array of floats

MOST_ENTRIES = 1_000_000  # of all matrices together, that are made unasked
MOST_IN_FULL = 10_000_000  # with --full
MOST_PASSES = 10_000


class Along:
    """A direction: a tangent by name, and where each stands in the text that it was read from."""

    __slots__ = ("source", "spans", "values")

    def __init__(
        self,
        values: Mapping[str, Value],
        source: str | None = None,
        spans: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self.values = values
        self.source = source
        self.spans = spans or {}

    def placed(self, error: GradError) -> GradError:
        """The ERROR, where it is about a name that does not occur, with its place."""
        for name in self.values:
            if error.message == f"{name!r} does not occur in the program":
                return self.error(error.kind, error.message, name, error.hint or "")
        return error

    def error(self, kind: str, message: str, name: str, hint: str) -> GradError:
        """What is wrong with the tangent of NAME, with its place."""
        places = [self.spans[name]] if name in self.spans else []
        return GradError(kind, message, hint=hint, source=self.source, spans=places)


class Product:
    """The product of a Jacobian with one vector: `found` is a tangent (jvp), or a gradient by name (vjp).

    `by` is what it was multiplied with: the direction by name, or the upstream gradient.
    """

    __slots__ = ("by", "found", "notes", "question", "value")

    def __init__(self, question: Question, value: Value, by: Value, found: Value, notes: Sequence[Note]) -> None:
        self.question = question
        self.value = value
        self.by = by
        self.found = found
        self.notes = notes

    @property
    def forward(self) -> bool:
        """Whether it is J @ direction."""
        return isinstance(self.by, dict)

    def as_object(self) -> dict[str, object]:
        """The answer as the JSON of schema gradcli/1, arrays as nested lists."""
        return {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": _plain(self.question.at),
            "value": _plain(self.value),
            ("along" if self.forward else "upstream"): _plain(self.by),
            ("jvp" if self.forward else "vjp"): _plain(self.found),
            "decomposition": self.question.options.decomposition,
            "mode": "forward" if self.forward else "reverse",
            "notes": [{"kind": n.kind, "line": n.line, "message": n.message} for n in self.notes],
        }


def _plain(value: Value) -> Any:
    """A value, or values by name, as JSON holds them."""
    if isinstance(value, dict):
        return {name: number if type(number) is float else number.tolist() for name, number in value.items()}
    return value if type(value) is float else value.tolist()


def pulled(source: str, given: Mapping[str, Value], options: Options, upstream: Value | None = None) -> Product:
    """upstream @ J: the gradient of sum(upstream * result) by every name, in one backward pass.

    UPSTREAM has the shape of the result; of a scalar it is 1 where it is not given. Raises GradError (usage, shape).
    """
    question = Question(source, given, options)
    upstream = upstream_for(question, upstream)
    if question.shapes is None:
        values = evaluate(question.graph, question.point)
        return _pulled_scalars(question, values, upstream)
    from gradcli.autodiff.arrays import evaluate as evaluate_arrays
    from gradcli.questions import arrays

    found = evaluate_arrays(question.graph, question.point)
    sweep, flows = arrays.backward(question, found, upstream)
    by_name = {name: None if line is None else sweep.numbers[line] for name, line in question.sources.items()}
    gradients_by_name = _in_shapes(question, by_name)
    notes = arrays.notes_of(question, found, sweep, flows)
    return Product(question, found[question.result], upstream, gradients_by_name, notes)


def _pulled_scalars(question: Question, values: list[float], upstream: float) -> Product:
    sweep, flows = backward(question, values)
    notes = notes_of_scalars(question, values, sweep, flows)
    if upstream != 1:
        active = depends(question.graph, question.live_sources())
        strong = question.options.zero == "strong"
        sweep = pull_back(question.graph, values, question.result, active, seed=upstream, strong_zero=strong)
    by_name = {name: None if line is None else sweep.numbers[line] for name, line in question.sources.items()}
    found = {name: 0.0 if number is None else number for name, number in by_name.items()}
    return Product(question, values[question.result], upstream, found, notes)


def _in_shapes(question: Question, found: Mapping[str, Value | None]) -> dict[str, Value]:
    """What was FOUND by each name, zeros in its shape where nothing arrived."""
    from gradcli.graph.arrays import zeros

    return {name: zeros(_shape_by_name(question, name)) if n is None else n for name, n in found.items()}


def _shape_by_name(question: Question, name: str) -> Shape:
    """The shape of a source, also of one that does not occur."""
    line = question.sources[name]
    if line is not None:
        return _shape_of(question, line)
    value = question.at[name]
    return () if type(value) is float else value.shape


def upstream_for(question: Question, upstream: Value | None) -> Value:
    """UPSTREAM if it fits the result, or 1 for a scalar. Raises GradError (usage, shape)."""
    shape = _shape_of(question, question.result)
    example = f"ones({', '.join(map(str, shape))})" if shape else "1"
    if upstream is None:
        if shape:
            raise GradError(
                "usage", f"no upstream gradient given, and the result is {shown(shape)}",
                hint=f"add --upstream '{example}', or any other array of that shape",
            )  # fmt: skip
        return 1.0
    have = () if type(upstream) is float else upstream.shape
    if have != shape:
        raise GradError(
            "shape", f"the upstream gradient is {shown(have)}, and the result is {shown(shape)}",
            hint=f"it has a number for each element of the result, as in --upstream '{example}'",
        )  # fmt: skip
    return upstream


def pushed(source: str, given: Mapping[str, Value], options: Options, along: Along) -> Product:
    """J @ direction: how the result moves where the names move ALONG, in one forward pass.

    A name that is not in ALONG stands still. Raises GradError (name, shape) with the place in it.
    """
    options.wrt, options.mode = list(along.values), "forward"
    try:
        question = Question(source, given, options)
    except GradError as error:
        raise along.placed(error) from None
    for name, value in along.values.items():
        _check_tangent(question, along, name, value)
    if question.shapes is None:
        values = evaluate(question.graph, question.point)
        sweep, flows = backward(question, values)
        notes = notes_of_scalars(question, values, sweep, flows)
        moving = {line: along.values[name] for name, line in question.sources.items() if line is not None}
        strong = options.zero == "strong"
        tangent = push_along(question.graph, values, question.result, moving, strong_zero=strong).numbers
        found = tangent[question.result]
        return Product(question, values[question.result], dict(along.values), 0.0 if found is None else found, notes)
    return _pushed_arrays(question, along)


def _pushed_arrays(question: Question, along: Along) -> Product:
    from gradcli.autodiff.arrays import evaluate, push_forward
    from gradcli.graph.arrays import shape_of, zeros
    from gradcli.questions import arrays

    values = evaluate(question.graph, question.point)
    moving = {line: along.values[name] for name, line in question.sources.items() if line is not None}
    strong = question.options.zero == "strong"
    sweep = push_forward(question.graph, values, question.result, moving, strong_zero=strong)
    found = sweep.numbers[question.result]
    backwards, flows = arrays.backward(question, values)
    notes = arrays.notes_of(question, values, backwards, flows)
    value = values[question.result]
    tangent = zeros(shape_of(value)) if found is None else found
    return Product(question, value, dict(along.values), tangent, notes)


def _check_tangent(question: Question, along: Along, name: str, value: Value) -> None:
    have, shape = () if type(value) is float else value.shape, _shape_by_name(question, name)
    if have != shape:
        example = f"ones({', '.join(map(str, shape))})" if shape else "1"
        raise along.error(
            "shape", f"the tangent of {name!r} is {shown(have)}, and {name} is {shown(shape)}", name,
            f"each element moves by a number of its own, as in --along '{name}={example}'",
        )  # fmt: skip


# The Jacobian itself


def dense(
    source: str,
    given: Mapping[str, Value],
    options: Options,
    upstream: Value | None = None,
    *,
    full: bool = False,
) -> JacobianReport:
    """The Jacobian of the result by every name, whole, and the product that takes its place, as a report.

    `options.mode` auto takes the mode with fewer passes. With UPSTREAM, upstream @ J too. FULL lifts the bound on the
    number of entries. Raises GradError (limit) before anything is computed.
    """
    question = Question(source, given, options)
    shape = _shape_of(question, question.result)
    shapes = {name: _shape_by_name(question, name) for name in question.sources}
    refuse_size(question, shape, shapes, full=full)
    if upstream is not None:
        upstream = upstream_for(question, upstream)
    passes = (count(shape), sum(count(shapes[n]) for n, line in question.sources.items() if line is not None))
    asked = options.mode
    if asked == "adjoint":
        raise GradError(
            "usage", "jacobian takes --mode reverse or forward",
            hint="for a Jacobian of added lines, write jacobian(f, x) in the program: gradcli eval 'jacobian(EXPR, x)'",
        )  # fmt: skip
    if asked == "auto":
        options.mode = "forward" if passes[1] < passes[0] else "reverse"
    needed = passes[options.mode == "forward"]
    if needed > MOST_PASSES:
        hint = _PRODUCTS if asked == "auto" else "leave out --mode to have the mode with fewer passes"
        message = f"the Jacobian takes {needed:,} {options.mode} passes, the most is {MOST_PASSES:,}"
        raise GradError("limit", message, hint=hint)
    parts = _scalar_parts(question, upstream) if question.shapes is None else _array_parts(question, upstream)
    from gradcli.report.jacobian import JacobianReport

    return JacobianReport(question, *parts, upstream=upstream, passes=passes, asked=asked != "auto")


_PRODUCTS = (
    "gradcli vjp ... --upstream U and gradcli jvp ... --along x=DX take one pass each,\n"
    "and never make the matrix"
)


def refuse_size(question: Question, shape: Shape, shapes: Mapping[str, Shape], *, full: bool) -> None:
    """Raise where the matrices together would have more entries than are made."""
    entries = count(shape) * sum(map(count, shapes.values()))
    most = MOST_IN_FULL if full else MOST_ENTRIES
    memory = question.options.max_memory or entries * BYTES
    if entries <= most and entries * BYTES <= memory:
        return
    largest = max(shapes, key=lambda name: count(shapes[name]))
    whole = f"{count(shape):,}×{count(shapes[largest]):,}"
    size = count(shape) * count(shapes[largest])
    together = f", {entries:,} with the others" if entries > size else ""
    bound = f"{most:,} entries" if entries > most else sized(memory)
    raise GradError(
        "limit",
        f"the Jacobian by {largest} is {whole}: {size:,} entries, {sized(size * BYTES)}{together}; the most is {bound}",
        hint=("--full makes it all the same\n" if most < entries <= MOST_IN_FULL else "") + _PRODUCTS,
    )


def _scalar_parts(
    question: Question, upstream: float | None
) -> tuple[Value, list[Matrix], list[Step], dict[str, Value] | None, list[Note]]:
    """The value, a matrix of one entry a name, no steps, upstream @ J, and notes; numpy has no part in it."""
    from gradcli.report.jacobian import Matrix

    values = evaluate(question.graph, question.point)
    product = _pulled_scalars(question, values, 1.0 if upstream is None else upstream)
    mode, strong = question.options.mode, question.options.zero == "strong"
    found = gradients(
        question.graph, values, question.result, question.live_sources(), mode=mode, strong_zero=strong
    )
    numbers = dict(zip([n for n, line in question.sources.items() if line is not None], found, strict=True))
    reached = paths(question)
    matrices = [
        Matrix(name, (), (), [[numbers.get(name, 0.0) if name in reached else 0.0]], [[name in reached]])
        for name in question.sources
    ]
    products = None if upstream is None else product.found
    return values[question.result], matrices, [], products, [*product.notes]


def paths(question: Question) -> set[str]:
    """The names from which a gradient has a way to the result, whatever the values are."""
    from gradcli.graph import CONSTANT
    from gradcli.graph.carriers import trace_rules

    graph = question.graph
    marks = [False] * len(graph)
    marks[question.result] = True
    for index in range(question.result, -1, -1):
        if not marks[index] or not graph.operands[index]:
            continue
        trace = trace_rules(graph.primitives[index], graph.statics[index], len(graph.operands[index]))
        for slot, operand in enumerate(graph.operands[index]):
            output = trace.outputs[slot]
            if output is None or (trace.graph.primitives[output] is CONSTANT and trace.graph.statics[output] == 0):
                continue
            marks[operand] = True
    return {name for name, line in question.sources.items() if line is not None and marks[line]}


def _array_parts(
    question: Question, upstream: Value | None
) -> tuple[Value, list[Matrix], list[Step], dict[str, Value] | None, list[Note]]:
    """The value, the matrices, what a backward pass does in their place, upstream @ J, and notes."""
    from gradcli.autodiff.arrays import evaluate
    from gradcli.autodiff.jacobians import Jacobian, jacobians
    from gradcli.questions import arrays
    from gradcli.report.jacobian import matrix_of, steps_of

    values = evaluate(question.graph, question.point)
    lines = question.live_sources()
    active = depends(question.graph, lines)
    strong = question.options.zero == "strong"
    found = jacobians(
        question.graph, values, question.result, lines, active, mode=question.options.mode, strong_zero=strong
    )
    shape = _shape_of(question, question.result)
    matrices = []
    for name, line in question.sources.items():
        made = Jacobian.without_path(shape, _shape_by_name(question, name)) if line is None else found[line]
        matrices.append(matrix_of(name, shape, _shape_by_name(question, name), made))
    sweep, flows = arrays.backward(question, values, upstream)
    by_name = {name: None if line is None else sweep.numbers[line] for name, line in question.sources.items()}
    products = None if upstream is None else _in_shapes(question, by_name)
    notes = arrays.notes_of(question, values, sweep, flows)
    return values[question.result], matrices, steps_of(question, values, flows), products, notes


def _shape_of(question: Question, line: int) -> Shape:
    return question.shapes[line] if question.shapes is not None else ()
