"""A graph of arrays as one of scalars, with the numbers of a run: for whoever judges single numbers.

Elements that are only moved or repeated are the same line. What a reduction or a product makes of many elements is one
line of many operands.
"""

from __future__ import annotations

from itertools import permutations
from math import nan

import numpy as np

from gradcli.graph import (
    ATOM_LEVEL,
    CONSTANT,
    NAMED,
    POWER_LEVEL,
    PRODUCT_LEVEL,
    SUM_LEVEL,
    VARIABLE,
    Graph,
    Node,
    Primitive,
    primitives,
    real,
)
from gradcli.graph.arithmetic import equal, where
from gradcli.graph.elementary import exp, expm1, log, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.graph.arrays import Value
    from gradcli.graph.notation import Text

    Places = np.ndarray[Any, np.dtype[np.intp]]  # lines of the scalar graph, in the shape of an array

LARGEST_MATRIX = 4  # rows of a matrix whose determinant is written out


class CannotUnroll(Exception):
    """A line has no form over scalars, or there would be too many: the message says which."""


# What becomes of many elements: variadic primitives that only a graph like this has


def _variadic(
    name: str, rule: Callable[..., Any], definition: Callable[..., Any], notation: Callable[..., Text],
    forward: Callable[..., float],
) -> Primitive:  # fmt: skip
    return Primitive(
        f"{name} of elements", forward, (rule,), shown=name, variadic=True, arity=1, spoken=False,
        definition=definition, notation=notation,
    )  # fmt: skip


def _add_up(xs: Sequence[Any]) -> Any:
    found = xs[0]
    for x in xs[1:]:
        found = found + x
    return found


def _multiply(xs: Sequence[Any]) -> Any:
    found = xs[0]
    for x in xs[1:]:
        found = found * x
    return found


def _one(y: Node) -> Node:
    return Node(y.graph, y.graph.constant(1.0))


def _mean(xs: Sequence[Any]) -> Any:
    return _add_up(xs) / len(xs)


def _others(xs: Sequence[Node]) -> list[Any]:
    """The product of all others, for each."""
    before, after = [_one(xs[0])], [_one(xs[0])]
    for x, last in zip(xs[:-1], xs[:0:-1], strict=True):
        before.append(before[-1] * x)
        after.append(after[-1] * last)
    return [a * b for a, b in zip(before, reversed(after), strict=True)]


def _pairs(operands: Sequence[Any]) -> list[tuple[Any, Any]]:
    half = len(operands) // 2
    return list(zip(operands[:half], operands[half:], strict=True))


def _within(text: Text, level: int) -> str:
    return text[0] if text[1] >= level else f"({text[0]})"


def _sum_text(operands: Sequence[Text], static: Any) -> Text:
    return (" + ".join(_within(text, PRODUCT_LEVEL) for text in operands), SUM_LEVEL)


def _dot_text(operands: Sequence[Text], static: Any) -> Text:
    terms = [f"{_within(a, POWER_LEVEL)}*{_within(b, POWER_LEVEL)}" for a, b in _pairs(operands)]
    return (" + ".join(terms), SUM_LEVEL if len(terms) > 1 else PRODUCT_LEVEL)


def _product_text(operands: Sequence[Text], static: Any) -> Text:
    return ("*".join(_within(text, POWER_LEVEL) for text in operands), PRODUCT_LEVEL)


def _call_text(name: str) -> Callable[..., Text]:
    return lambda operands, static: (f"{name}([{', '.join(text for text, _ in operands)}])", ATOM_LEVEL)


def _log_share_text(operands: Sequence[Text], static: Any) -> Text:
    (first, *_) = operands
    inside = ", ".join(text for text, _ in operands)
    return (f"{_within(first, PRODUCT_LEVEL)} - logaddexp({inside})", SUM_LEVEL)


def _log_share(*xs: float) -> float:
    return -real.logaddexp(*[x - xs[0] for x in xs])


def _deviations(xs: Sequence[Any]) -> list[Any]:
    middle = _mean(xs)
    return [x - middle for x in xs]


def _variance(xs: Sequence[Any]) -> Any:
    return _mean([deviation**2 for deviation in _deviations(xs)])


def _rows(cells: Sequence[Any]) -> list[list[Any]]:
    size = round(len(cells) ** 0.5)
    return [list(cells[row * size : (row + 1) * size]) for row in range(size)]


def _leibniz(rows: Sequence[Sequence[Any]]) -> Any:
    """The determinant, as the signed sum over permutations."""
    found = None
    for order in permutations(range(len(rows))):
        term = _multiply([row[column] for row, column in zip(rows, order, strict=True)])
        odd = sum(order[i] > order[j] for j in range(len(order)) for i in range(j)) % 2
        found = (-term if odd else term) if found is None else found - term if odd else found + term
    return found


def _minor(rows: Sequence[Sequence[Any]], row: int, column: int) -> list[list[Any]]:
    return [[cell for j, cell in enumerate(cells) if j != column] for i, cells in enumerate(rows) if i != row]


def _cofactors(y: Node, *cells: Node) -> list[Any]:
    rows = _rows(cells)
    if len(rows) == 1:
        return [_one(y)]
    return [
        -_leibniz(_minor(rows, i, j)) if (i + j) % 2 else _leibniz(_minor(rows, i, j))
        for i in range(len(rows))
        for j in range(len(rows))
    ]


def _unread(*xs: float) -> float:
    raise TypeError("its value is that of the array")


TOTAL = _variadic("sum", lambda y, *xs: [_one(y)] * len(xs), lambda *xs: _add_up(xs), _sum_text,
                  lambda *xs: float(_add_up(xs)))  # fmt: skip
AVERAGE = _variadic("mean", lambda y, *xs: [_one(y) / len(xs)] * len(xs), lambda *xs: _mean(xs), _call_text("mean"),
                    _unread)  # fmt: skip
PRODUCT = _variadic("prod", lambda y, *xs: _others(xs), lambda *xs: _multiply(xs), _product_text, _unread)
DOT = _variadic(
    "dot", lambda y, *xs: [*[b for _, b in _pairs(xs)], *[a for a, _ in _pairs(xs)]],
    lambda *xs: _add_up([a * b for a, b in _pairs(xs)]), _dot_text,
    lambda *xs: float(_add_up([a * b for a, b in _pairs(xs)])),
)  # fmt: skip
VARIANCE = _variadic(
    "var", lambda y, *xs: [2 * part / len(xs) for part in _deviations(xs)],
    lambda *xs: _variance(xs), _call_text("var"), _unread,
)  # fmt: skip
DEVIATION = _variadic(
    "std", lambda y, *xs: [where(equal(y, 0), 0, part / y / len(xs)) for part in _deviations(xs)],
    lambda *xs: sqrt(_variance(xs)), _call_text("std"), _unread,
)  # fmt: skip
LOG_SHARE = _variadic(
    "logsoftmax",
    lambda y, *xs: [
        -expm1(y), *[-NAMED["softmax"](x, *xs[:k], *xs[k + 1 :]) for k, x in enumerate(xs) if k],
    ],
    lambda *xs: xs[0] - log(_add_up([exp(x) for x in xs])), _log_share_text, _log_share,
)  # fmt: skip
DETERMINANT = _variadic("det", _cofactors, lambda *cells: _leibniz(_rows(cells)), _call_text("det"),
                        lambda *cells: float(_leibniz(_rows(cells))))  # fmt: skip
REDUCTIONS: dict[str, Primitive | str] = {
    "sum": TOTAL, "mean": AVERAGE, "prod": PRODUCT, "var": VARIANCE, "std": DEVIATION, "norm": "hypot",
    "logsumexp": "logaddexp", "amax": "max", "amax_first": "max_first", "amin": "min", "amin_first": "min_first",
}  # fmt: skip
MOVES = frozenset(("index", "transpose", "reshape", "flatten", "broadcast", "fit", "stack", "concat"))


class Unrolled:
    """The scalar graph, the number that the run had for each of its lines, and where they stand in the arrays.

    `elements` has for each line of the array graph the lines of its elements, in its shape; `owners` for each scalar
    line the array line and the place it was made for, or None where it stands between.
    """

    def __init__(self, graph: Graph, values: Sequence[Value], labels: Sequence[str], most_lines: int) -> None:
        assert graph.shapes is not None
        primitives()
        self.source = graph
        self.labels = labels
        self.most_lines = most_lines
        self.given = values
        self.graph = Graph()
        self.values: list[float] = []
        self.owners: list[tuple[int, tuple[int, ...]] | None] = []
        self.elements: list[Places] = []
        for index in range(len(graph)):
            self.elements.append(self._unrolled(index))

    def numbers(self, found: Sequence[Value | None], scalars: Sequence[float | None]) -> list[float | None]:
        """What an array sweep FOUND, line by line; between the elements what a sweep over SCALARS did."""
        numbers: list[float | None] = [*scalars]
        for line, owner in enumerate(self.owners):
            if owner is not None:
                array = found[owner[0]]
                numbers[line] = None if array is None else float(np.asarray(array)[owner[1]])
        return numbers

    def _unrolled(self, index: int) -> Places:
        graph = self.source
        primitive, static = graph.primitives[index], graph.statics[index]
        shape = (graph.shapes or [])[index]
        places = list(np.ndindex(shape))
        if primitive is VARIABLE or primitive is CONSTANT:
            return self._shaped(index, [self._leaf(index, place) for place in places])
        operands = [self.elements[operand] for operand in graph.operands[index]]
        if primitive.name in MOVES:
            extra = (static,) if primitive.static else ()
            return np.asarray(primitive.forward(*operands, *extra))
        if primitive.kind == "elementwise":
            each = [found.ravel() for found in np.broadcast_arrays(*operands)] if operands else []
            aligned = [[int(line) for line in row] for row in zip(*each, strict=True)]
            lines = [self._line(index, at, primitive, row, static) for at, row in zip(places, aligned, strict=True)]
            return self._shaped(index, lines)
        own = _OWN.get(primitive.name)
        if own is not None:
            return self._shaped(index, own(self, index, places, *operands))
        scalar = REDUCTIONS.get(primitive.name)
        if scalar is None:
            raise CannotUnroll(f"{primitive.shown!r} has no form over single numbers")
        known = NAMED[scalar] if isinstance(scalar, str) else scalar
        rows = _reduced(operands[0], static[0])
        return self._shaped(
            index, [self._line(index, place, known, row) for place, row in zip(places, rows, strict=True)]
        )

    def _shaped(self, index: int, lines: Sequence[int]) -> Places:
        return np.array(lines, dtype=np.intp).reshape((self.source.shapes or [])[index])

    def name(self, index: int, place: tuple[int, ...]) -> str:
        """The label of an element."""
        return f"{self.labels[index]}[{','.join(map(str, place))}]" if place else self.labels[index]

    def number(self, index: int, place: tuple[int, ...]) -> float:
        """What the run had for an element."""
        return float(np.asarray(self.given[index])[place])

    def _leaf(self, index: int, place: tuple[int, ...]) -> int:
        value = self.number(index, place)
        self._noted(value, (index, place))
        if self.source.primitives[index] is VARIABLE:
            return self.graph.variable(self.name(index, place))
        return self.graph.constant(value, self.name(index, place) if self.source.names[index] else None)

    def constant(self, value: float) -> int:
        """A number between the elements."""
        self._noted(value, None)
        return self.graph.constant(value)

    def _line(
        self, index: int, place: tuple[int, ...], primitive: Primitive, operands: Sequence[int], static: Any = None
    ) -> int:
        self._noted(self.number(index, place), (index, place))
        return self.graph.append(primitive, tuple(operands), static, self.name(index, place))

    def between(self, name: str, primitive: Primitive, operands: Sequence[int]) -> int:
        """A line that belongs to no element: its number is computed here."""
        numbers = [self.values[operand] for operand in operands]
        try:
            value = primitive.forward(*numbers)
        except (OverflowError, ValueError):
            value = nan
        self._noted(value, None)
        return self.graph.append(primitive, tuple(operands), None, name)

    def _noted(self, value: float, owner: tuple[int, tuple[int, ...]] | None) -> None:
        if len(self.values) >= self.most_lines:
            raise CannotUnroll(f"that takes more than {self.most_lines:,} lines")
        self.values.append(value)
        self.owners.append(owner)

    def of_operand(self, index: int, slot: int) -> str:
        """The label of an operand."""
        return self.labels[self.source.operands[index][slot]] or "x"

    # Products, shares and what else has a form of its own: the lines of its elements

    def line(self, index: int, place: tuple[int, ...], primitive: Primitive, operands: Sequence[Any]) -> int:
        """The line of an element."""
        return self._line(index, place, primitive, [int(operand) for operand in operands])


def _reduced(x: Places, axis: int | None) -> list[list[int]]:
    """The elements that go into each one."""
    rows = x.reshape(1, -1) if axis is None else np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
    found: list[list[int]] = rows.tolist()
    return found


def _matmul(un: Unrolled, index: int, places: Any, a: Places, b: Places) -> list[int]:
    left = a[np.newaxis, :] if a.ndim == 1 else a
    right = b[:, np.newaxis] if b.ndim == 1 else b
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left = np.broadcast_to(left, (*batch, *left.shape[-2:]))
    right = np.broadcast_to(right, (*batch, *right.shape[-2:]))
    pairs = [
        [*left[(*at, row)], *right[(*at, slice(None), column)]]
        for at in np.ndindex(batch)
        for row in range(left.shape[-2])
        for column in range(right.shape[-1])
    ]
    return [un.line(index, place, DOT, row) for place, row in zip(places, pairs, strict=True)]


def _dot(un: Unrolled, index: int, places: Any, a: Places, b: Places) -> list[int]:
    return [un.line(index, (), DOT, [*a, *b])]


def _outer(un: Unrolled, index: int, places: Any, a: Places, b: Places) -> list[int]:
    return [un.line(index, (i, j), NAMED["mul"], [a[i], b[j]]) for i, j in places]


def _trace(un: Unrolled, index: int, places: Any, x: Places) -> list[int]:
    return [un.line(index, (), TOTAL, np.diagonal(x).tolist())]


def _cumsum(un: Unrolled, index: int, places: Any, x: Places) -> list[int]:
    axis = un.source.statics[index]
    along = x.ravel() if axis is None else np.moveaxis(x, axis, -1)
    found = []
    for place in places:
        at = list(place)
        last = at.pop(0 if axis is None else axis)
        found.append(un.line(index, place, TOTAL, along[tuple(at)][: last + 1].tolist()))
    return found


def _with_first(row: Sequence[int], first: int) -> list[int]:
    return [row[first], *row[:first], *row[first + 1 :]]


def _softmax(un: Unrolled, index: int, places: Any, x: Places) -> list[int]:
    rows = {place: x[place[:-1]].tolist() for place in places}
    return [un.line(index, place, NAMED["softmax"], _with_first(rows[place], place[-1])) for place in places]


def _logsoftmax(un: Unrolled, index: int, places: Any, x: Places) -> list[int]:
    rows = {place: x[place[:-1]].tolist() for place in places}
    return [un.line(index, place, LOG_SHARE, _with_first(rows[place], place[-1])) for place in places]


def _cross_entropy(un: Unrolled, index: int, places: Any, logits: Places, target: Places) -> list[int]:
    name, classes = un.of_operand(index, 0), logits.shape[-1]
    rows = logits.reshape(-1, classes).tolist()
    shares, weights = [], []
    for number, row in enumerate(rows):
        wanted: Sequence[int] = range(classes)
        if target.shape == logits.shape:
            weights += target.reshape(-1, classes)[number].tolist()
        else:
            index_of_class = un.values[int(target.ravel()[number])]
            if index_of_class not in wanted:
                raise CannotUnroll("a class index is 0, 1, 2, ...")
            wanted = [int(index_of_class)]
            weights.append(un.constant(1.0))
        shares += [
            un.between(f"logsoftmax({name}){[number, k] if len(rows) > 1 else [k]}", LOG_SHARE, _with_first(row, k))
            for k in wanted
        ]
    total = un.between(f"{un.labels[index]}*{-len(rows)}", DOT, [*weights, *shares])
    return [un.line(index, (), NAMED["div"], [total, un.constant(-float(len(rows)))])]


def _argmax(un: Unrolled, index: int, places: Any, x: Places) -> list[int]:
    return [un.constant(un.number(index, place)) for place in places]


def _one_hot(un: Unrolled, index: int, places: Any, target: Places) -> list[int]:
    return [un.constant(un.number(index, place)) for place in places]


def _small(x: Places, name: str) -> None:
    if len(x) > LARGEST_MATRIX:
        raise CannotUnroll(f"{name!r} of more than {LARGEST_MATRIX} rows is not written out over single numbers")


def _det(un: Unrolled, index: int, places: Any, x: Places) -> list[int]:
    _small(x, "det")
    return [un.line(index, (), DETERMINANT, x.ravel().tolist())]


def _cofactor(un: Unrolled, name: str, x: Places, i: int, j: int) -> int:
    if len(x) == 1:
        return un.constant(1.0)
    kept = np.delete(np.delete(x, i, 0), j, 1)
    minor = un.between(f"det of {name} without row {i}, column {j}", DETERMINANT, kept.ravel().tolist())
    return un.between(f"cofactors({name})[{i},{j}]", NAMED["neg"], [minor]) if (i + j) % 2 else minor


def _inv(un: Unrolled, index: int, places: Any, x: Places) -> list[int]:
    _small(x, "inv")
    name = un.of_operand(index, 0)
    det = un.between(f"det({name})", DETERMINANT, x.ravel().tolist())
    return [un.line(index, (i, j), NAMED["div"], [_cofactor(un, name, x, j, i), det]) for i, j in places]


def _cofactors_of(un: Unrolled, index: int, places: Any, x: Places) -> list[int]:
    _small(x, "cofactors")
    name = un.of_operand(index, 0)
    return [un.line(index, (i, j), NAMED["same"], [_cofactor(un, name, x, i, j)]) for i, j in places]


def _solve(un: Unrolled, index: int, places: Any, a: Places, b: Places) -> list[int]:
    """Cramer's rule."""
    _small(a, "solve")
    name, right = un.of_operand(index, 0), un.of_operand(index, 1)
    det = un.between(f"det({name})", DETERMINANT, a.ravel().tolist())
    found = []
    for place in places:
        replaced = a.copy()
        replaced[:, place[0]] = b if b.ndim == 1 else b[:, place[1]]
        label = f"det of {name} with {right} for column {place[0]}"
        found.append(
            un.line(index, place, NAMED["div"], [un.between(label, DETERMINANT, replaced.ravel().tolist()), det])
        )
    return found


_OWN: dict[str, Callable[..., list[int]]] = {
    "matmul": _matmul, "dot": _dot, "outer": _outer, "trace": _trace, "cumsum": _cumsum, "softmax_of": _softmax,
    "logsoftmax": _logsoftmax, "one_hot": _one_hot, "cross_entropy": _cross_entropy, "argmax": _argmax, "det": _det,
    "inv": _inv, "cofactors": _cofactors_of, "solve": _solve,
}  # fmt: skip
