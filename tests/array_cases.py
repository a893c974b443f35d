"""Cases of primitives over arrays, made from the registry: every combination of shapes and statics that fits.

A new primitive gets cases of its own accord; one whose static is not an axis needs an entry in STATICS.
"""

import itertools
import math
import zlib
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from gradcli.autodiff.arrays import evaluate, pull_back, push_forward
from gradcli.graph import CONSTANT, VARIABLE, Graph, Node, Primitive, array_primitives
from gradcli.graph.arrays import apply, quiet
from gradcli.graph.carriers import trace_array_rules, write
from gradcli.graph.shapes import ShapesDoNotFit, count
from gradcli.graph.shares import FORMS

ALL = {name: found for name, found in array_primitives().items() if found not in (VARIABLE, CONSTANT)}
ELEMENTWISE = {name: found for name, found in ALL.items() if found.kind == "elementwise"}
ARRAYS = {name: found for name, found in ALL.items() if found.kind != "elementwise"}

UNARY = ((), (1,), (3,), (4,), (2, 3), (3, 1), (1, 1), (3, 3), (2, 2, 3), (2, 1, 2, 3))
PAIRED = ((), (1,), (2,), (3,), (1, 3), (2, 1), (2, 3), (3, 2), (3, 3), (1, 1), (2, 3, 2), (4, 2, 3), (1, 2, 3))
MOST = 40  # cases of one primitive
SHARES = {("centred_by", 1), ("excess", 0)}  # operands whose rows sum to 1, and move like that


def _axes(shape: tuple[int, ...]) -> list[int | None]:
    return [None, *range(-len(shape), len(shape))]


def _orders(shape: tuple[int, ...]) -> list[tuple[int, ...] | None]:
    return [None, *itertools.permutations(range(len(shape)))] if len(shape) < 4 else [None, (2, 0, 3, 1)]


def _shapes_of(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    size = count(shape)
    return [(size,), (size, 1), (1, size), *[(2, size // 2)] * (size % 2 == 0), shape[::-1]]


def _places(shape: tuple[int, ...]) -> list[tuple[Any, ...]]:
    picks = [(0,), (-1,), (slice(None),), (slice(0, 2),), (slice(None, None, -1),), (..., 0), (..., slice(0, 1))]
    return [*picks, (0, slice(None)), (slice(None), -1), (slice(1, None), 0), (0, 0), (0, 1, 0)]


def _fits(have: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether HAVE is summed down or spread up to SHAPE in some rule."""
    return all(a == b or 1 in (a, b) for a, b in zip(have[::-1], shape[::-1], strict=False))


STATICS: dict[str, Any] = {
    "fit": lambda shape: [s for s in ((), (1,), (3,), (2, 3), (2, 1), (2, 2, 3), (5, 2, 2, 3)) if _fits(shape, s)],
    "broadcast": lambda shape: [(), (3,), (2, 3), (4, 3), (2, 3, 3), (2, 2, 2, 3)],
    "transpose": _orders,
    "reshape": _shapes_of,
    "index": _places,
    "scatter": lambda shape: [((0,), (2, *shape)), ((..., 1), (*shape, 3)),
                              *[((..., slice(0, n)), (*shape[:-1], 5)) for n in shape[-1:]]],
    "power": lambda shape: [2.0, 3.0, -1.0],
    "concat": _axes, "cumsum": _axes, "centred": _axes, "one_hot": lambda shape: [3, 5], "excess": lambda shape: FORMS,
}  # fmt: skip


class ArrayCase(NamedTuple):
    """A primitive at operands of some shapes."""

    primitive: Primitive
    static: Any
    shapes: tuple[tuple[int, ...], ...]

    def __repr__(self) -> str:
        return f"{self.primitive.name}{self.shapes}" + (f" with {self.static}" if self.primitive.static else "")

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primitive.shape_of(self.shapes, self.static)

    def chance(self) -> np.random.Generator:
        return np.random.default_rng(zlib.crc32(repr(self).encode()))

    def operands(self) -> list[Any]:
        """Numbers where the primitive is smooth; ordinary ones, the same in every run."""
        chance = self.chance()
        found = [_numbers(chance, shape) for shape in self.shapes]
        name = self.primitive.name
        if name in ("one_hot", "cross_entropy") and self.shapes[-1] != self.shapes[0][: len(self.shapes[-1]) + 1]:
            found[-1] = as_operand(chance.integers(0, 3, self.shapes[-1]) % max((*self.shapes[0][-1:], 1)))
        for slot in range(len(found)):
            if (name, slot) in SHARES:
                weights = np.exp(found[slot])
                found[slot] = weights / weights.sum(axis=-1, keepdims=True)
        return found

    def direction(self, slot: int) -> Any:
        """A direction in which operand SLOT may move."""
        chance = self.chance()
        found = chance.standard_normal(self.shapes[slot])
        if (self.primitive.name, slot) in SHARES:
            found = found - found.mean(axis=-1, keepdims=True)
        return as_operand(found)

    def weights(self) -> Any:
        """An upstream gradient."""
        return as_operand(np.random.default_rng(5).standard_normal(self.shape))

    def value(self, operands: list[Any]) -> Any:
        with quiet():
            return apply(self.primitive, self.static, operands)

    def graph(self) -> tuple[Graph, int]:
        """A graph of one line over variables x0, x1, ..., and the index of the line."""
        graph = Graph()
        graph.shapes = []
        lines = tuple([graph.variable(f"x{slot}", None, shape) for slot, shape in enumerate(self.shapes)])
        return graph, graph.append(self.primitive, lines, self.static)

    def slots(self) -> list[int]:
        """The operands that have a derivative."""
        outputs = trace_array_rules(self.primitive, self.static, self.shapes).outputs
        return [slot for slot in range(len(self.shapes)) if slot < len(outputs) and outputs[slot] is not None]

    def pulled(self, operands: list[Any], upstream: Any) -> list[Any]:
        """The adjoint of every operand; None where nothing arrives."""
        graph, line = self.graph()
        values = evaluate(graph, point(operands))
        return pull_back(graph, values, line, [True] * len(graph), upstream=upstream).numbers[:line]

    def pushed(self, operands: list[Any], slot: int, tangent: Any) -> Any:
        """The tangent of the line where operand SLOT moves by TANGENT."""
        graph, line = self.graph()
        values = evaluate(graph, point(operands))
        return push_forward(graph, values, line, {slot: tangent}).numbers[line]


def point(operands: list[Any]) -> dict[str, Any]:
    """The operands by the names of their variables."""
    return {f"x{slot}": operand for slot, operand in enumerate(operands)}


def as_operand(found: Any) -> Any:
    """A float where there is no axis."""
    return float(found) if np.ndim(found) == 0 else np.asarray(found, dtype=float)


def _numbers(chance: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Numbers away from 0 and from each other; a square matrix is far from singular."""
    size = count(shape)
    found = (chance.permutation(size) + chance.uniform(0.2, 0.8, size) + 0.3) * chance.choice([-1.0, 1.0], size)
    found = found.reshape(shape) / (1 + size / 8)
    if len(shape) == 2 and shape[0] == shape[1]:
        found = found + 2 * shape[0] * np.eye(shape[0])
    return as_operand(found)


@cache
def cases(primitive: Primitive) -> list[ArrayCase]:
    """Every combination of shapes and statics that fits; MOST of them, spread evenly."""
    found = []
    for shapes in _shapes(primitive):
        for static in statics(primitive, shapes):
            try:
                primitive.shape_of(shapes, static)
            except ShapesDoNotFit:
                continue
            found.append(ArrayCase(primitive, static, shapes))
    assert len(found) >= 2, f"{primitive.name}: no shapes fit; add some to tests/array_cases.py"
    step = max(len(found) / MOST, 1.0)
    return [found[int(k * step)] for k in range(min(len(found), MOST))]


def _shapes(primitive: Primitive) -> list[tuple[tuple[int, ...], ...]]:
    if primitive.variadic:
        unlike = [((2, 3), (1, 3)), ((2, 3), (2, 1), (2, 2)), ((2, 1, 3), (2, 2, 3))]
        return [*unlike, *[(shape,) * many for shape in UNARY for many in (1, 2, 3, 12)]]
    if len(primitive.rules) == 1:
        return [(shape,) for shape in UNARY]
    return [*itertools.product(PAIRED, repeat=len(primitive.rules))]


def statics(primitive: Primitive, shapes: tuple[tuple[int, ...], ...]) -> list[Any]:
    """The statics to try at these shapes."""
    if not primitive.static:
        return [None]
    if primitive.kind == "reduces":
        return [(axis, keep) for axis in _axes(shapes[0]) for keep in (False, True)]
    assert primitive.name in STATICS, f"{primitive.name}: add its statics to STATICS in tests/array_cases.py"
    return [s for s in STATICS[primitive.name](shapes[0]) if primitive.name != "concat" or s is not None]




def rule_written_out(case: ArrayCase, slot: int) -> tuple[Graph, int | None]:
    """A graph of the case's line and below it the lines of the rule of operand SLOT; the index of its last one."""
    graph = Graph()
    graph.shapes = []
    nodes = [Node(graph, graph.variable(f"x{k}", None, shape)) for k, shape in enumerate(case.shapes)]
    carried = case.primitive.kind == "carried"
    static = (case.static[0], True) if case.primitive.static and not carried else case.static
    y = case.primitive(*nodes, static=static)
    leaves = [y, *nodes]
    if carried:
        leaves.append(Node(graph, graph.variable("upstream", None, case.shape)))
    output = write(trace_array_rules(case.primitive, case.static, case.shapes), leaves)[slot]
    return graph, None if output is None else output.index


EVERY_CASE = [case for primitive in ARRAYS.values() for case in cases(primitive)]
DIFFERENTIABLE = [(case, slot) for case in EVERY_CASE for slot in case.slots()]


def inner(a: Any, b: Any) -> float:
    """The sum of the products of all elements."""
    return math.fsum(np.ravel(np.multiply(a, b)).tolist())


def difference(function: Any, operands: list[Any], slot: int, direction: Any, step: float = 1e-5) -> Any:
    """The derivative of FUNCTION where operand SLOT moves in DIRECTION, by a central difference of order 4."""

    def moved(h: float) -> Any:
        return function([x if k != slot else as_operand(x + h * direction) for k, x in enumerate(operands)])

    return (8 * (np.subtract(moved(step), moved(-step))) - np.subtract(moved(2 * step), moved(-2 * step))) / (12 * step)
