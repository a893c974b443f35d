"""Forward and reverse mode side by side where arrays appear: element by element where they are small, else by shape."""

from __future__ import annotations

from gradcli.autodiff import depends
from gradcli.autodiff.arrays import evaluate
from gradcli.autodiff.chain import Chain
from gradcli.autodiff.jacobians import flows_in
from gradcli.autodiff.work import (
    Wiring,
    array_forward_products,
    array_reverse_products,
    forward_memory,
    products_of,
    reverse_memory,
)
from gradcli.graph.arrays import shape_of
from gradcli.graph.nested import index_text
from gradcli.graph.shapes import count
from gradcli.graph.unrolled import MOVES, CannotUnroll, Unrolled
from gradcli.questions.arrays import backward, notes_of
from gradcli.questions.compare_modes import Run, independent, pruned
from gradcli.report.modes import Cost, ModeComparison, Step
from gradcli.report.title import title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gradcli.graph import Graph
    from gradcli.graph.arrays import Value
    from gradcli.insight.notes import Note
    from gradcli.language.question import Question

MOST_UNROLLED = 200  # numbers up to which every element is a line of the trace, or as many as there are lines


def compared(question: Question, *, full: bool = False) -> ModeComparison:
    """Forward and reverse mode side by side, a pass an element. Raises GradError."""
    values = evaluate(question.graph, question.point)
    sweep, flows = backward(question, values)
    notes = [*notes_of(question, values, sweep, flows), *_folds(question)]
    run = _element_by_element(question, values)
    name = question.labels().names[question.result]
    return run.compared(name, notes, full=full) if run is not None else _by_shape(question, notes, full=full)


def _folds(question: Question) -> list[Note]:
    """What was spelled out and is now one line."""
    if not question.folds:
        return []
    from gradcli.insight.notes import Run as Noted
    from gradcli.insight.notes import recognised

    ones = [1.0] * len(question.graph)  # such a note does not depend on values
    return [*recognised(Noted(question.graph, ones, question.result, question.labels(), folds=question.folds))]


def _element_by_element(question: Question, values: Sequence[Value]) -> Run | None:
    """The run over single numbers; None where there are too many, or a line has no form over them."""
    names = question.labels().names
    most = max(MOST_UNROLLED, len(question.graph))
    if sum(_elements(question)) > most:
        return None
    try:
        unrolled = Unrolled(question.graph, values, names, most)
    except CannotUnroll:
        return None
    inputs: dict[str, int] = {}
    for name, line in question.sources.items():
        lines = [] if line is None else unrolled.elements[line].ravel().tolist()
        for place, element in enumerate(lines):
            owner = unrolled.owners[element]
            if owner is None or owner[0] != line:  # an element of another line, moved: its gradient is not this one's
                return None
            inputs[name + _index(place, shape_of(values[line or 0]))] = element
    shape = shape_of(values[question.result])
    lines = unrolled.elements[question.result].ravel().tolist()
    labels = [name or "" for name in unrolled.graph.names]
    outputs: dict[str, int] = {}
    known: set[int] = set()
    for place, element in enumerate(lines):
        name = names[question.result] + _index(place, shape)
        owner = unrolled.owners[element]
        typed = owner is not None and question.graph.names[owner[0]] is not None
        if shape and unrolled.graph.operands[element] and not typed and element not in known:
            labels[element] = name
        known.add(element)
        outputs[name] = element
    return Run(question, unrolled.graph, unrolled.values, inputs, outputs, labels)


def _elements(question: Question) -> Iterator[int]:
    """The numbers of every line, but for those that are only moved."""
    for primitive, shape in zip(question.graph.primitives, question.shapes or (), strict=True):
        yield 0 if primitive.name in MOVES else count(shape)


def _index(place: int, shape: Sequence[int]) -> str:
    return index_text(place, tuple(shape)) if shape else ""


def _by_shape(question: Question, notes: Sequence[Note], *, full: bool) -> ModeComparison:
    """The report without numbers: shapes, passes, costs."""
    inputs = {name: line for name, line in question.sources.items() if line is not None}
    graph, moved = pruned(question.graph, [question.result], [*inputs.values()])
    assert question.shapes is not None
    shapes = [question.shapes[line] for line in moved]
    names = question.labels().names
    lines, result = [moved[line] for line in inputs.values()], moved[question.result]
    wiring, products = _wired(graph, shapes, lines, result)
    expression, name = title(question.program), names[question.result]
    passes = sum(wiring.sizes[line] for line in lines), wiring.sizes[result] if lines else 0
    labels = [names[line] for line in moved]
    return ModeComparison(
        source=question.source,
        title=f"{name} = {expression}" if expression != name else name,
        decomposition=question.options.decomposition,
        at=question.at,
        inputs=[*inputs],
        outputs=[name],
        trace=None,
        steps=[*_steps(question, moved, wiring, products)],
        forward=Cost("forward", passes[0], array_forward_products(wiring, products), None, (), forward_memory(wiring)),
        reverse=Cost("reverse", passes[1], array_reverse_products(wiring, products), None, (), reverse_memory(wiring)),
        chain=Chain([*wiring.edges()], lines, [result], wiring.sizes) if independent(graph, lines) else None,
        names=labels,
        notes=notes,
        full=full,
    )


def _wired(
    graph: Graph, shapes: Sequence[tuple[int, ...]], lines: Sequence[int], result: int
) -> tuple[Wiring, list[list[int]]]:
    """Where gradients flow, and what every flow multiplies."""
    flowing: list[list[int]] = []
    products: list[list[int]] = []
    for index, operands in enumerate(graph.operands):
        primitive, static = graph.primitives[index], graph.statics[index]
        have = [shapes[operand] for operand in operands]
        rules = flows_in(primitive, static, have) if operands else []
        slots = [slot for slot, rule in enumerate(rules) if rule]
        flowing.append([operands[slot] for slot in slots])
        products.append([products_of(primitive, static, slot, have, shapes[index]) for slot in slots])
    sizes = [count(shape) for shape in shapes]
    return Wiring(graph, lines, [result], depends(graph, lines), flowing, sizes), products


def _steps(
    question: Question, moved: Mapping[int, int], wiring: Wiring, products: Sequence[Sequence[int]]
) -> list[Step]:
    """Every line with its shape, and the Jacobians by its operands if they were made."""
    labels, shapes = question.labels(), question.shapes or []
    back = [*moved]
    found = []
    for line, index in moved.items():
        if not labels.names[line]:
            continue
        operands = question.graph.operands[line]
        jacobians = {
            labels.names[back[operand]]: (wiring.sizes[index], wiring.sizes[operand])
            for operand in wiring.flowing[index]
            if wiring.leads[index] and wiring.active[operand]
        }
        many = sum(
            each
            for operand, each in zip(wiring.flowing[index], products[index], strict=True)
            if wiring.leads[index] and wiring.active[operand]
        )
        primitive = question.graph.primitives[line].shown if operands else "inputs"
        found.append(Step(labels.names[line], labels.operation(line), primitive, shapes[line], jacobians, many))
    return found
