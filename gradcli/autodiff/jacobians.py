"""Dense Jacobians, an element of the result or of an input a pass, and which elements can reach which at all.

An entry without a path is exactly 0: neither 0 × inf elsewhere in the pass nor a nan in another element reaches it.
"""

from __future__ import annotations

import math

import numpy as np

from gradcli.autodiff import depends
from gradcli.autodiff.arrays import ArraySweep, Line, float_or_array
from gradcli.graph import CONSTANT
from gradcli.graph.arrays import apply, fit, quiet, shape_of, units, zeros
from gradcli.graph.carriers import read, trace_array_rules, trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Graph, Primitive, Shape
    from gradcli.graph.arrays import Array, Value

    Reach = Any  # which elements an element depends on, an array of bools: the shape of its line, then the columns

MOST_AT_ONCE = 1 << 22  # bools of one line


class Jacobian:
    """The derivative of every element of a result (the rows) by every element of one source (the columns).

    `reaches` says which entries have a path; all others are 0 whatever the values are.
    """

    __slots__ = ("matrix", "reaches")

    def __init__(self, matrix: Array, reaches: Any) -> None:
        self.matrix = np.where(reaches, matrix, 0.0)
        self.reaches = reaches

    @staticmethod
    def without_path(result: Shape, source: Shape) -> Jacobian:
        """The Jacobian by a name that does not occur."""
        size = (math.prod(result), math.prod(source))
        return Jacobian(np.zeros(size), np.zeros(size, dtype=bool))

    def shaped(self, shape: Shape) -> Value:
        """The same with the axes of the result first, then those of the source: SHAPE is both."""
        return float(self.matrix[0, 0]) if shape == () else self.matrix.reshape(shape)


def jacobians(
    graph: Graph,
    values: Sequence[Value],
    result: int,
    sources: Sequence[int],
    active: Sequence[bool],
    *,
    mode: str,
    strong_zero: bool = False,
) -> dict[int, Jacobian]:
    """The Jacobian of line RESULT by each of the lines SOURCES; MODE reverse takes a pass a row, forward a column.

    ACTIVE are the lines that depend on a source.
    """
    make = _by_columns if mode == "forward" else _by_rows
    with quiet():
        matrices = make(graph, values, result, sources, active, strong_zero)
    return {s: Jacobian(matrices[s], reaching(graph, values, result, s)) for s in dict.fromkeys(sources)}


def _by_rows(
    graph: Graph,
    values: Sequence[Value],
    result: int,
    sources: Sequence[int],
    active: Sequence[bool],
    strong_zero: bool,
) -> dict[int, Array]:
    """A backward pass for each element of the result, which alone is open in it."""
    found: dict[int, list[Any]] = {source: [] for source in sources}
    lines: dict[int, Line] = {}
    marks = graph.live([result])
    order = [i for i in range(result, -1, -1) if marks[i] and active[i] and graph.operands[i]]
    for unit in units(shape_of(values[result])):
        sweep = ArraySweep(len(graph))
        if active[result]:
            sweep.numbers[result], sweep.open[result] = _seed(values[result], unit)
        for index in order:
            upstream = sweep.numbers[index]
            if upstream is None:
                continue
            line = lines.setdefault(index, Line(graph, values, index, strong_zero=strong_zero))
            for slot, operand in enumerate(graph.operands[index]):
                pulled = line.pull(slot, upstream, sweep.open[index]) if active[operand] else None
                if pulled is not None:
                    sweep.add(operand, pulled[1], pulled[2])
        for source, rows in found.items():
            number = sweep.numbers[source]
            rows.append(np.ravel(zeros(shape_of(values[source])) if number is None else number))
    return {source: np.array(rows, dtype=float) for source, rows in found.items()}


def _by_columns(
    graph: Graph,
    values: Sequence[Value],
    result: int,
    sources: Sequence[int],
    active: Sequence[bool],
    strong_zero: bool,
) -> dict[int, Array]:
    """A forward pass for each element of each source, which alone moves and is open in it."""
    lines: dict[int, Line] = {}
    found: dict[int, Array] = {}
    marks = graph.live([result])
    size = math.prod(shape_of(values[result]))
    for source in dict.fromkeys(sources):
        columns = []
        for unit in units(shape_of(values[source])):
            sweep = ArraySweep(len(graph))
            sweep.numbers[source], sweep.open[source] = unit, None if type(unit) is float else np.not_equal(unit, 0)
            for index in range(source + 1, result + 1):
                if not marks[index]:
                    continue
                for slot, operand in enumerate(graph.operands[index]):
                    tangent = sweep.numbers[operand]
                    if tangent is None:
                        continue
                    line = lines.setdefault(index, Line(graph, values, index, strong_zero=strong_zero))
                    pushed = line.push(slot, tangent, sweep.open[operand])
                    if pushed is not None:
                        sweep.add(index, pushed[1], pushed[2])
            column = sweep.numbers[result]
            columns.append(np.ravel(_ended(values[result], zeros(shape_of(values[result])), None) if column is None
                                    else _ended(values[result], column, sweep.open[result])))  # fmt: skip
        found[source] = np.array(columns, dtype=float).reshape(-1, size).T
    return found


def _seed(value: Value, unit: Value) -> tuple[Value, Any]:
    """1 in one element, which is nan where the result is nan there, and the mask that leaves it open alone."""
    if type(unit) is float:
        return (unit if value == value else math.nan), None
    open = np.not_equal(unit, 0)
    return np.where(open & np.isnan(value), np.nan, unit), open


def _ended(value: Value, tangent: Value, open: Any) -> Value:
    """The tangent of the result: nan where the result is nan, unless a closed gate cut it off."""
    lost = np.isnan(value) if open is None else np.isnan(value) & open
    return np.where(lost, np.nan, tangent)


# Which elements can reach which: the structure, whatever the values are


def reaching(graph: Graph, values: Sequence[Value], result: int, source: int) -> Any:
    """Which elements of line SOURCE (columns) have a path to which elements of line RESULT (rows)."""
    shapes = [shape_of(value) for value in values]
    if math.prod(shapes[result]) < math.prod(shapes[source]):
        return np.array([*reaching_back(graph, shapes, result, source)], dtype=bool)
    return reaching_forward(graph, shapes, result, source)


def reaching_forward(graph: Graph, shapes: Sequence[Shape], result: int, source: int) -> Any:
    """The paths from many elements of the source at once, as many as memory allows."""
    marks = graph.live([result])
    columns = math.prod(shapes[source])
    largest = max(math.prod(shapes[index]) for index in range(source, result + 1) if marks[index] or index == source)
    at_once = max(MOST_AT_ONCE // largest, 1)
    found = np.zeros((math.prod(shapes[result]), columns), dtype=bool)
    for low in range(0, columns, at_once):
        high = min(low + at_once, columns)
        part = _reach(graph, shapes, marks, result, source, low, high)
        if part is not None:
            found[:, low:high] = part.reshape(-1, high - low)
    return found


def _reach(
    graph: Graph, shapes: Sequence[Shape], marks: Sequence[bool], result: int, source: int, low: int, high: int
) -> Reach | None:
    """The paths from the elements LOW to HIGH of the source; None where there is none at all."""
    if not marks[source] or source > result:
        return None
    unit = np.eye(math.prod(shapes[source]), high - low, -low, dtype=bool)
    reach: dict[int, Reach] = {source: unit.reshape(*shapes[source], high - low)}
    for index in range(source + 1, result + 1):
        slots = [slot for slot, operand in enumerate(graph.operands[index]) if operand in reach]
        if not marks[index] or not slots:
            continue
        primitive, static = graph.primitives[index], graph.statics[index]
        operands = graph.operands[index]
        flowing = flows_in(primitive, static, [shapes[operand] for operand in operands])
        for slot in slots:
            if not flowing[slot]:
                continue
            have = [shapes[operand] for operand in operands]
            spread = spread_of(primitive)(reach[operands[slot]], slot, have, static, shapes[index])
            whole = np.broadcast_to(spread, (*shapes[index], high - low))
            reach[index] = reach[index] | whole if index in reach else whole
    return reach.get(result)


def reaching_back(graph: Graph, shapes: Sequence[Shape], result: int, source: int) -> Iterator[Any]:
    """For each element of line RESULT, which elements of line SOURCE have a path to it: a row of bools each."""
    marks, leads = graph.live([result]), depends(graph, [source])
    order = [i for i in range(result, source, -1) if marks[i] and leads[i]]
    flowing = {
        i: flows_in(graph.primitives[i], graph.statics[i], [shapes[operand] for operand in graph.operands[i]])
        for i in order
    }
    for unit in np.eye(math.prod(shapes[result]), dtype=bool):
        masks = {result: unit.reshape(shapes[result])}
        for index in order:
            mask = masks.pop(index, None)
            for slot, operand in enumerate(graph.operands[index] if mask is not None else ()):
                if leads[operand] and flowing[index][slot]:
                    have = [shapes[other] for other in graph.operands[index]]
                    back = _back(graph.primitives[index], mask, slot, have, graph.statics[index])
                    whole = np.broadcast_to(back, shapes[operand])
                    masks[operand] = masks[operand] | whole if operand in masks else whole
        yield masks[source].ravel() if source in masks else np.zeros(math.prod(shapes[source]), dtype=bool)


def _back(primitive: Primitive, mask: Any, slot: int, shapes: Sequence[Shape], static: Any) -> Any:
    """The elements of operand SLOT that reach the elements of the line in MASK."""
    shape, name = shapes[slot], primitive.name
    if primitive.kind == "elementwise":
        return np.not_equal(fit(mask.astype(float), shape), 0) if mask.shape != shape else mask
    if primitive.kind == "reduces" and primitive.static:
        return mask.reshape(primitive.shape_of(shapes, (static[0], True)))
    if primitive.moves and name != "centred":
        trace = trace_array_rules(primitive, static, shapes)
        leaves = [None, *[None] * len(shapes), mask.astype(float)]
        found = read(trace, leaves, apply, float_or_array, trace.lines_of(slot))
        return np.not_equal(found[trace.outputs[slot] or 0], 0)
    if name == "matmul":
        return _factor_back(mask, slot, shapes)
    if name == "outer":
        return mask.any(axis=1 - slot)
    if spread_of(primitive) is _along_last or (name == "centred" and static is not None):
        return mask.any(axis=-1 if name != "centred" else static, keepdims=True)
    if name == "solve" and slot == 1 and mask.ndim == 2:
        return mask.any(axis=0, keepdims=True)
    return mask.any()


def _factor_back(mask: Any, slot: int, shapes: Sequence[Shape]) -> Any:
    """A row of a, or a column of b, reaches all elements that it is multiplied into."""
    a, b = shapes
    if slot == 0:
        rows = mask.any(axis=-1) if len(b) > 1 else mask
        return _any_down(np.expand_dims(rows, -1) if len(a) > 1 else rows.any(), a)
    if len(b) == 1:
        return mask.any()
    columns = mask.any(axis=-2, keepdims=True) if len(a) > 1 else np.expand_dims(mask, -2)
    return _any_down(columns, b)


def _any_down(mask: Any, shape: Shape) -> Any:
    """MASK for an operand of SHAPE that was repeated along the axes in front."""
    lead = mask.ndim - len(shape)
    mask = mask.any(axis=tuple(range(lead))) if lead > 0 else mask
    if mask.ndim != len(shape):
        return mask
    repeated = tuple(axis for axis, length in enumerate(shape) if length == 1 and mask.shape[axis] > 1)
    return mask.any(axis=repeated, keepdims=True) if repeated else mask


def flows_in(primitive: Primitive, static: Any, shapes: Sequence[Shape]) -> list[bool]:
    """In which operands a gradient can flow at all: not where there is no rule, nor where it is the constant 0."""
    if primitive.kind == "elementwise":
        trace = trace_rules(primitive, static, len(shapes))
    else:
        trace = trace_array_rules(primitive, static, shapes)
    return [output is not None and not _is_zero(trace.graph, output) for output in trace.outputs]


def _is_zero(graph: Graph, line: int) -> bool:
    static = graph.statics[line]
    return graph.primitives[line] is CONSTANT and type(static) is float and static == 0


def spread_of(primitive: Primitive) -> Callable[..., Reach]:
    """How the paths to an operand become paths to the line: `(reach, slot, shapes, static, shape)`."""
    own = SPREADS.get(primitive.name)
    if own is not None:
        return own
    if primitive.kind == "elementwise":
        return _aligned
    return _reduced if primitive.kind == "reduces" and primitive.static else _everywhere


def _aligned(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    """Element by element; a missing axis is one of length 1."""
    have = reach.shape[:-1]
    return reach.reshape((1,) * (len(shape) - len(have)) + reach.shape)


def _everywhere(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    """Every element of the operand reaches every element of the line."""
    return reach.any(axis=tuple(range(reach.ndim - 1))).reshape((1,) * len(shape) + reach.shape[-1:])


def _reduced(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    axis, keep = static
    rank = reach.ndim - 1
    axes = tuple(range(rank)) if axis is None else (axis % rank,)
    return reach.any(axis=axes, keepdims=keep)


def _diagonal(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    return reach[np.arange(len(reach)), np.arange(len(reach))].any(axis=0)


def _centred(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    if static is None:
        return _everywhere(reach, slot, shapes, static, shape)
    return reach.any(axis=static % len(shape), keepdims=True)


def _along_last(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    return reach.any(axis=-2, keepdims=True)


def _fitted(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    lead = reach.ndim - 1 - len(shape)
    if lead > 0:
        reach = reach.any(axis=tuple(range(lead)))
    reach = _aligned(reach, slot, shapes, static, shape)
    summed = tuple(axis for axis, length in enumerate(shape) if length == 1 and reach.shape[axis] != 1)
    return reach.any(axis=summed, keepdims=True) if summed else reach


def _transposed(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    last = reach.ndim - 1
    order = range(last - 1, -1, -1) if static is None else static
    return reach.transpose(*order, last)


def _reshaped(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    return reach.reshape(*shape, reach.shape[-1])


def _indexed(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    return reach[(*static, slice(None)) if Ellipsis in static else static]


def _scattered(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    found = np.zeros((*shape, reach.shape[-1]), dtype=bool)
    places = static[0]
    found[(*places, slice(None)) if Ellipsis in places else places] = reach
    return found


def _stacked(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    found = np.zeros((*shape, reach.shape[-1]), dtype=bool)
    found[slot] = reach
    return found


def _joined(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    axis = static % len(shape)
    low = sum(have[axis] for have in shapes[:slot])
    found = np.zeros((*shape, reach.shape[-1]), dtype=bool)
    found[(slice(None),) * axis + (slice(low, low + shapes[slot][axis]),)] = reach
    return found


def _running(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    if static is None:
        return np.logical_or.accumulate(reach.reshape(*shape, reach.shape[-1]), axis=0)
    return np.logical_or.accumulate(reach, axis=static % len(shape))


def _multiplied(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    """A row of a, or a column of b, reaches the elements that it is multiplied into."""
    a, b = shapes
    if slot == 0:
        summed = reach.any(axis=-2)  # the inner axis
        if len(b) > 1:
            summed = np.expand_dims(summed, -2)  # the columns of b
        return _aligned(summed, slot, shapes, static, shape)
    if len(b) == 1:
        return reach.any(axis=0).reshape((1,) * len(shape) + reach.shape[-1:])
    summed = reach.any(axis=-3)
    if len(a) > 1:
        summed = np.expand_dims(summed, -3)  # the rows of a
    return _aligned(summed, slot, shapes, static, shape)


def _of_outer(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    return reach[:, None] if slot == 0 else reach[None]


def _solved(reach: Reach, slot: int, shapes: Sequence[Shape], static: Any, shape: Shape) -> Reach:
    """Every element of a; of b the column."""
    if slot == 0 or len(shape) == 1:
        return _everywhere(reach, slot, shapes, static, shape)
    return reach.any(axis=0, keepdims=True)


SPREADS: Mapping[str, Callable[..., Reach]] = {
    "trace": _diagonal, "centred": _centred, "softmax_of": _along_last, "logsoftmax": _along_last,
    "centred_by": _along_last, "excess": _along_last, "fit": _fitted, "broadcast": _fitted,
    "transpose": _transposed, "reshape": _reshaped, "flatten": _reshaped, "index": _indexed, "scatter": _scattered,
    "stack": _stacked, "concat": _joined, "cumsum": _running, "matmul": _multiplied, "outer": _of_outer,
    "solve": _solved,
}  # fmt: skip


# What a pass costs

MULTIPLYING = frozenset(("mul", "div", "outer", "square", "power", "softmax_of", "centred_by", "excess"))  # once each

def kept_and_multiplied(
    primitive: Primitive, static: Any, slot: int, shapes: Sequence[Shape], local: Value | None
) -> tuple[int, int | None]:
    """How many numbers the rule of operand SLOT reads beside the upstream gradient, and how often it multiplies.

    LOCAL is the local gradient, None where the line is carried. A local gradient that is a constant of the rule is no
    number to keep, and 1 and -1 multiply nothing. None where the rule solves equations.
    """
    carried = primitive.kind == "carried"
    elementwise = primitive.kind == "elementwise"
    trace = (
        trace_rules(primitive, static, len(shapes)) if elementwise else trace_array_rules(primitive, static, shapes)
    )
    output = trace.outputs[slot]
    assert output is not None
    if not carried:
        y = primitive.shape_of(shapes, static)
        assert local is not None
        size = math.prod(shape_of(local))
        many = size if shape_of(local) and not elementwise else math.prod(y)
        if trace.graph.primitives[output] is CONSTANT:
            return 0, 0 if abs(trace.graph.statics[output]) == 1 else many
        return size, many
    lines = trace.lines_of(slot)
    leaves = {operand for line in lines for operand in trace.graph.operands[line]} | {output}
    every = trace.graph.shapes or []
    kept = sum(math.prod(every[leaf]) for leaf in leaves if leaf < trace.inputs - 1)
    products = [_products(trace.graph, line) for line in lines]
    return kept, None if None in products else sum(product or 0 for product in products)


def _products(graph: Graph, line: int) -> int | None:
    """How many multiplications and divisions a line of a rule makes."""
    shapes = graph.shapes or []
    name = graph.primitives[line].name
    if name in MULTIPLYING:
        return math.prod(shapes[line])
    if name == "matmul":
        return math.prod(shapes[line]) * shapes[graph.operands[line][0]][-1]
    primitive = graph.primitives[line]
    return None if primitive.kind == "carried" and not primitive.linear and not primitive.variadic else 0


def numbers_of(jacobian: Jacobian) -> tuple[list[list[float]], list[list[bool]]]:
    """The entries, and which of them have a path, as nested lists."""
    return jacobian.matrix.tolist(), jacobian.reaches.tolist()


def range_of(jacobian: Jacobian) -> Iterator[float]:
    """The least entry, the mean and the largest; nan where one is nan."""
    with quiet():
        yield from map(float, (jacobian.matrix.min(), jacobian.matrix.mean(), jacobian.matrix.max()))


def counts_of(jacobian: Jacobian) -> tuple[int, int]:
    """How many entries have no path, and how many of the others are 0."""
    without = np.logical_not(jacobian.reaches)
    return int(without.sum()), int((jacobian.reaches & (jacobian.matrix == 0)).sum())
