"""The rules of a line over arrays as text, in the language: a local gradient, or how the upstream is carried back."""

from __future__ import annotations

from gradcli.autodiff.arrays import float_or_array
from gradcli.graph import ATOM_LEVEL, CONSTANT
from gradcli.graph.arrays import apply, from_numbers, quiet, shape_of
from gradcli.graph.carriers import read, trace_array_rules, trace_rules
from gradcli.graph.notation import atom, constant, operation
from gradcli.graph.shapes import count
from gradcli.report.flows import LONGEST_FORMULA, MOST_OPERANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Graph, Primitive, Shape
    from gradcli.graph.arrays import Value
    from gradcli.graph.carriers import Trace
    from gradcli.graph.labels import Labels
    from gradcli.graph.notation import Text

UPSTREAM, TANGENT = "upstream", "tangent"
INSIDE = ("centred", "centred_by", "excess")  # lines that only rules have, with a reduction inside


def rule_text(graph: Graph, values: Sequence[Value], labels: Labels, index: int, slot: int) -> str | None:
    """The rule of one operand as it ran: over the labels, and over `upstream` where the line is carried.

    None for a share of a gate, where nothing flows, and for what is too long to be read.
    """
    primitive, static, operands = graph.primitives[index], graph.statics[index], graph.operands[index]
    if primitive.opens or len(operands) > MOST_OPERANDS:
        return None
    trace = _trace(primitive, static, [shape_of(values[operand]) for operand in operands])
    output = trace.outputs[slot]
    if output is None:
        return None
    y = _kept_text(primitive, static, labels.names[index], trace)
    leaves = [y, *[labels.text(operand) for operand in operands]]
    leaves += [atom(UPSTREAM)] if primitive.kind == "carried" else []
    found = _spelled(trace, slot, leaves, lambda: _numbers(trace, slot, values[index], [values[o] for o in operands]))
    return None if len(found) > LONGEST_FORMULA else found.replace("@", " @ ")


def recomputed(
    graph: Graph, index: int, slot: int, y: Value, operands: Sequence[Value], upstream: Value | None = None
) -> Value:
    """The rule of one operand over other numbers than those of the run."""
    primitive, static = graph.primitives[index], graph.statics[index]
    trace = _trace(primitive, static, [shape_of(operand) for operand in operands])
    output = trace.outputs[slot]
    assert output is not None
    found: Value = _numbers(trace, slot, y, [*operands, *([] if upstream is None else [upstream])])[output]
    return found


def push_text(graph: Graph, labels: Labels, index: int, slot: int) -> str | None:
    """How a linear line carries the tangent of one operand: itself, with `tangent` in that place."""
    primitive = graph.primitives[index]
    if not primitive.linear:
        return None
    texts = [labels.text(operand) for operand in graph.operands[index]]
    texts[slot] = atom(TANGENT)
    return operation(primitive, graph.statics[index], texts)[0].replace("@", " @ ")


def _trace(primitive: Primitive, static: Any, shapes: Sequence[Shape]) -> Trace:
    if primitive.kind == "elementwise":
        return trace_rules(primitive, static, len(shapes))
    return trace_array_rules(primitive, static, shapes)


def _kept_text(primitive: Primitive, static: Any, name: str, trace: Trace) -> Text:
    """The label of a line; of a reduction with the axis kept where its elements would not meet those of x without."""
    if primitive.kind != "reduces" or not primitive.static or static[0] is None:
        return atom(name)
    shapes = trace.graph.shapes
    assert shapes is not None
    return atom(name) if static[0] % len(shapes[1]) == 0 else (_reshaped(name, shapes[0]), ATOM_LEVEL)


def _reshaped(text: str, shape: Shape) -> str:
    return f"reshape({text}, {', '.join(map(str, shape))})"


def _numbers(trace: Trace, slot: int, y: Value, operands: Sequence[Value]) -> list[Any]:
    """The rule over the numbers of the run; y has the reduced axes at length 1."""
    shapes = trace.graph.shapes
    if shapes is not None and shape_of(y) != shapes[0]:
        y = from_numbers(y if type(y) is float else y.ravel(), shapes[0])  # type: ignore[union-attr]
    with quiet():
        return read(trace, [y, *operands], apply, float_or_array, trace.lines_of(slot))


def _spelled(trace: Trace, slot: int, leaves: Sequence[Text], numbers: Any) -> str:
    """Output SLOT over texts; of a `where` whose elements all went one way, only that way."""
    graph, lines, output = trace.graph, trace.lines_of(slot), trace.outputs[slot]
    assert output is not None
    texts: list[Any] = [*leaves, *[None] * (len(graph) - trace.inputs)]
    ran: list[Any] | None = None
    for index in lines:
        primitive, static, operands = graph.primitives[index], graph.statics[index], graph.operands[index]
        if primitive is CONSTANT:
            texts[index] = constant(static)
            continue
        if primitive.name == "where":
            ran = numbers() if ran is None else ran
            ways = _ways(ran[operands[0]])
            if len(ways) == 1:
                texts[index] = texts[operands[1] if ways == {True} else operands[2]]
                continue
        texts[index] = _operation(graph, index, [texts[operand] for operand in operands])
    return str(texts[output][0])


def _ways(condition: Value) -> set[bool]:
    if type(condition) is float:
        return {condition != 0}
    return set((condition != 0).ravel().tolist())  # type: ignore[union-attr]


def _operation(graph: Graph, index: int, texts: Sequence[Text]) -> Text:
    """One line of a rule as the language would write it: what only rules have is spelled by what they do."""
    primitive, static = graph.primitives[index], graph.statics[index]
    if graph.shapes is None:
        return operation(primitive, static, texts)
    have = [graph.shapes[operand] for operand in graph.operands[index]]
    if primitive.name == "fit":
        found = _fitted(texts[0][0], have[0], static)
        return operation(primitive, static, texts) if found is None else (found, ATOM_LEVEL)
    spelled = operation(primitive, static, texts)
    if primitive.name == "scatter":
        places = spelled[0].rpartition(" to [")[2].partition("] of ")[0]
        return (f"{texts[0][0]} at [{places}], 0 elsewhere", ATOM_LEVEL)
    if primitive.kind == "reduces" and primitive.static and static[1] and static[0] is not None:
        return (_reshaped(spelled[0], graph.shapes[index]), ATOM_LEVEL) if static[0] % len(have[0]) else spelled
    if primitive.name in INSIDE:
        return (_kept_inside(primitive.name, static, spelled[0], [text for text, _ in texts], have[0]), spelled[1])
    return spelled


def _kept_inside(name: str, static: Any, spelled: str, texts: Sequence[str], shape: Shape) -> str:
    """What is spelled as `x - mean(x, 1)` and the like, with the mean in a shape that meets the rows of x."""
    axis = static if name == "centred" else -1
    if axis is None or axis % len(shape) == 0:
        return spelled
    if name == "centred_by":
        call = spelled[spelled.find("sum(", len(texts[0])) :]
    else:
        call = f"mean({texts[0]}, {axis})" if name == "centred" else f"sum({texts[1]}, -1)"
    start = spelled.find(call) if static == "excess" else spelled.rfind(call)
    if start < 0:
        return spelled
    kept = [*shape]
    kept[axis] = 1
    return spelled[:start] + _reshaped(call, tuple(kept)) + spelled[start + len(call) :]


def _fitted(text: str, have: Shape, need: Shape) -> str | None:
    """Adding up along axes, or repeating, by the functions of the language."""
    if count(need) > count(have):
        return f"broadcast({text}, {', '.join(map(str, need))})"
    if not need:
        return f"sum({text})"
    axes = summed_axes(have, need)
    for axis in reversed(axes):
        text = f"sum({text}, {axis})"
    left = tuple(length for axis, length in enumerate(have) if axis not in axes)
    return text if left == need else _reshaped(text, need)


def summed_axes(have: Shape, need: Shape) -> list[int]:
    """The axes of HAVE along which an array of shape NEED was repeated, so that its gradients add along them."""
    lead = len(have) - len(need)
    return [
        axis for axis, length in enumerate(have) if length != 1 and (axis < lead or need[axis - lead] == 1)
    ]
