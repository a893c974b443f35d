"""The carrier of nodes: reverse-mode AD, where the sweep adds lines to the graph and the adjoint is a line itself.

What the floats' sweep computes, this one writes down, so the result can be evaluated, shown, optimised and
differentiated again. Scalars, and arrays where the graph knows its shapes.
"""

from __future__ import annotations

from gradcli.autodiff import depends, evaluate
from gradcli.autodiff.scalar_adjoint import BOOLEAN, ScalarCarrier
from gradcli.autodiff.sweeps import pull_back
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, Node, Origin, primitives
from gradcli.graph.carriers import read, trace_array_rules, trace_rules
from gradcli.graph.shapes import broadcast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.autodiff.sweeps import Carrier
    from gradcli.graph import Primitive, Shape
    from gradcli.graph.carriers import Trace

    # What gates and gaps left open: None all; an array of bools where no value decides it; else a line of 1 and 0
    Mask = Any

ALONG_LAST = frozenset(("softmax_of", "logsoftmax", "centred_by", "excess"))
WHOLE = (None, True)


def adjoint_lines(
    graph: Graph,
    result: int,
    sources: Iterable[int],
    *,
    seed: int | None = None,
    lean: bool = True,
    is_number: Callable[[int], bool] | None = None,
    gaps: bool = True,
) -> dict[int, int | None]:
    """Append the adjoint lines of RESULT to GRAPH; for each of the SOURCES the line of its adjoint.

    None stands for a source that nothing arrives at. SEED is the line that the sweep starts from, in the shape of the
    result, or a scalar for all of its elements; without one it is 1, or nan where the result is nan. LEAN leaves out a
    product with the constant 1; without it every upstream * local has a line. IS_NUMBER says of which lines it is known
    that they are nowhere nan: a rule needs no test for that then. An adjoint has the shape of its source. Without GAPS
    nothing keeps the zeros beside an element that an index picks from meeting inf: a formula holds where there is none.
    """
    sources = list(sources)
    if graph.shapes is None:
        of_scalars: Carrier[Any, Any] = ScalarCarrier(graph, seed=seed, lean=lean, is_number=is_number)
        lines = pull_back(graph, result, depends(graph, sources), of_scalars).numbers
        return {source: lines[source] for source in sources}
    carrier = NodeCarrier(graph, seed=seed, lean=lean, is_number=is_number, gaps=gaps)
    swept = pull_back(graph, result, depends(graph, sources), _as_carrier(carrier))
    return {
        source: None if (found := swept.numbers[source]) is None else carrier.whole(found, source).index
        for source in sources
    }


def _as_carrier(carrier: NodeCarrier) -> Carrier[Any, Any]:
    return carrier


class AdjointGraph:
    """A graph with the adjoint lines of its RESULT, for a run whose forward VALUES are known.

    `graph` is a copy of the one given, with the added lines at its end from `start` on; `adjoints` says the line of the
    adjoint of each source (None: nothing arrives). The seed is 1, or nan where the result is nan.
    """

    __slots__ = ("adjoints", "graph", "start")

    def __init__(
        self, graph: Graph, values: Sequence[Any], result: int, sources: Iterable[int], *, lean: bool = True
    ) -> None:
        self.graph = graph.copy()
        self.start = len(graph)
        if graph.shapes is None or not graph.shapes[result]:
            value = values[result]
            seed = self.graph.constant(1.0 if value == value else value)
        else:
            from gradcli.autodiff.arrays import seed_of
            from gradcli.graph.arrays import ArrayConstant

            seed = self.graph.constant(ArrayConstant(seed_of(values[result])))  # type: ignore[arg-type]
        self.adjoints = adjoint_lines(
            self.graph, result, sources, seed=seed, lean=lean, is_number=known_numbers(values)
        )

    def evaluate(self, point: Mapping[str, Any], *, strong_zero: bool = False) -> list[Any]:
        """The value of every line. With STRONG_ZERO, 0 times inf is 0 in the lines that carry a flow."""
        return evaluate_lines(self.graph, point, strong_zero=strong_zero)


def evaluate_lines(graph: Graph, point: Mapping[str, Any], *, strong_zero: bool = False) -> list[Any]:
    """The value of every line of a graph with adjoint lines. With STRONG_ZERO, 0 times inf is 0 in those of a flow."""
    if strong_zero:
        return _evaluate_strongly(graph, point)
    if graph.shapes is None:
        return evaluate(graph, point)
    from gradcli.autodiff.arrays import evaluate as evaluate_arrays

    return evaluate_arrays(graph, point)


def known_numbers(values: Sequence[Any]) -> Callable[[int], bool]:
    """Which lines are nowhere nan in a run with these VALUES."""
    return lambda index: index < len(values) and not _has_nan(values[index])


def _has_nan(value: Any) -> bool:
    return bool(value != value) if type(value) is float else bool((value != value).any())


def _evaluate_strongly(graph: Graph, point: Mapping[str, Any]) -> list[Any]:
    from gradcli.autodiff.strong import apply_strongly
    from gradcli.graph.arrays import apply, quiet

    values: list[Any] = []
    origins = graph.origins or {}
    with quiet():
        for index, primitive in enumerate(graph.primitives):
            static = graph.statics[index]
            if primitive is VARIABLE:
                values.append(point[graph.names[index] or ""])
            elif primitive is CONSTANT:
                values.append(static if type(static) is float else static.value)
            else:
                carries = index in origins and origins[index].role == "flow"
                how = apply_strongly if carries else apply
                values.append(how(primitive, static, [values[operand] for operand in graph.operands[index]]))
    return values


def gradients(
    graph: Graph, values: Sequence[Any], result: int, sources: Iterable[int], point: Mapping[str, Any], *,
    strong_zero: bool = False,
) -> list[Any]:  # fmt: skip
    """The derivative of line RESULT by each of the SOURCES through the adjoint graph; None where nothing arrives."""
    sources = list(sources)
    found = AdjointGraph(graph, values, result, sources)
    numbers = found.evaluate(point, strong_zero=strong_zero)
    return [None if (line := found.adjoints[source]) is None else numbers[line] for source in sources]


class NodeCarrier:
    """Nodes as the numbers of a sweep (sweeps.Carrier): every step appends the lines that compute it.

    A scalar constant beside an array stands for all of its elements, until a line has to be written for it.
    """

    unmasked: Mask = None

    def __init__(
        self,
        graph: Graph,
        *,
        seed: int | None = None,
        lean: bool = True,
        is_number: Callable[[int], bool] | None = None,
        gaps: bool = True,
    ) -> None:
        from gradcli.autodiff import masks

        primitives()
        self.masks = masks
        self.gaps = gaps
        self.mask_lines: dict[tuple[Shape, bytes], Node] = {}
        self.booleans: set[int] = set()  # those lines
        self.is_number = is_number or (lambda index: False)
        self.graph = graph
        self.start = seed
        self.lean = lean
        self.shapes: list[Shape] | None = graph.shapes
        self.constants: dict[float, Node] = {}
        self.line = (-1, -1)  # the flow that is being written
        self.open: Mask = None  # what is open behind that flow, before it is fitted to the operand
        self.first_gate = True
        self.written: dict[int, Node] = {}  # of the rules of that line
        self.trace: Trace | None = None
        if graph.origins is None:
            graph.origins = {}

    # What a sweep asks for

    def seed(self, result: int) -> Node:
        if self.start is not None:
            return Node(self.graph, self.start)
        with_origin = len(self.graph)
        found = self.apply(NAMED["seed"], None, (Node(self.graph, result),))
        self._mark("seed", with_origin, result, result)
        return found

    def local(self, index: int, slot: int) -> Node | Carried | None:
        graph = self.graph
        primitive, operands = graph.primitives[index], graph.operands[index]
        if self.line[0] != index:
            self.written = {}
            self.trace = self._traced(index)
        self.line = (index, slot)
        assert self.trace is not None
        output = self.trace.outputs[slot]
        if output is None:
            return None
        if primitive.kind == "carried":
            return Carried(output)
        since = len(graph)
        y = Node(graph, index)
        if any(0 in self.trace.graph.operands[line] for line in self.trace.lines_of(slot)):
            y = self._kept(index, y)
        found = self._read(self.trace, slot, output, [y, *(Node(graph, operand) for operand in operands)])
        self._mark("local", since, index, operands[slot])
        return found

    def mask(self, mask: Mask, index: int, slot: int, local: Node | Carried) -> Mask:
        since = len(self.graph)
        found = self._masked(mask, index, slot, local)
        self._mark("open", since, index, self.graph.operands[index][slot])
        return found

    def times(self, number: Node, local: Node | Carried, mask: Mask) -> Node:
        index, slot = self.line
        operand = self.graph.operands[index][slot]
        since = len(self.graph)
        shape = self._shape(operand)
        if isinstance(local, Carried):
            found = self._carried(index, slot, local, self._whole(number, self._shape(index)))
            primitive = self.graph.primitives[index]
            if isinstance(mask, Node) or (mask is not None and not (primitive.moves and primitive.name != "trace")):
                found = self._where(mask, found)  # what only moves elements leaves 0 what was 0
        else:
            have = self._broadcast(self._kept_shape(index), local.shape)
            if self._number(number) is None:
                number = self._kept(index, number)
            elif not self.lean or self._broadcast(have, shape) != shape:
                number = self._spread(number, have)
            found = self._product(number, local)
            if not (self.lean and self._stands_for_all(found, shape)):
                found = self._spread(found, shape)
        self._mark("flow", since, index, operand)
        return found

    def plus(self, before: Node, more: Node) -> Node:
        since = len(self.graph)
        index, slot = self.line
        shape = self._shape(self.graph.operands[index][slot])
        one, other = self._number(before), self._number(more)
        if self.lean and shape and one is not None and other is not None:
            return self.constant(one + other)
        found = self._whole(before, shape) + self._whole(more, shape)
        self._mark("sum", since, index, self.graph.operands[index][slot])
        return found

    def meet(self, before: Mask, more: Mask) -> Mask:
        if before is None or more is None:
            return None
        if not isinstance(before, Node) and not isinstance(more, Node):
            return self.masks.whole(self.masks.meet(before, more))
        before, more = self._mask_line(before), self._mask_line(more)
        if before.index == more.index:
            return before
        since = len(self.graph)
        found: Node = self.apply(NAMED["not_equal"], None, (before + more, self.constant(0.0)))
        index, slot = self.line
        self._mark("open", since, index, self.graph.operands[index][slot])
        return found

    def finish(self, result: int, tangent: Node, mask: Mask) -> Node:
        return tangent

    def whole(self, number: Node, line: int) -> Node:
        """NUMBER in the shape of LINE."""
        since = len(self.graph)
        found = self._whole(number, self._shape(line))
        self._mark("join", since, line, line)
        return found

    # How it is written

    def apply(self, primitive: Primitive, static: Any, operands: Sequence[Any]) -> Node:
        """One line over nodes; none for a test whose outcome is known."""
        name = primitive.name
        if name == "not_equal" and self._number(operands[1]) == 0 and self._is_boolean(operands[0]):
            return self._same(operands[0])  # a truth value is itself
        if name == "equal" and operands[0].index == operands[1].index and self.is_number(operands[0].index):
            return self.constant(1.0)
        if name == "where" and self._number(operands[0]) is not None and operands[1].shape == self._shape(self.line[0]):
            return self._same(operands[1 if self._number(operands[0]) else 2])
        return Node(self.graph, self.graph.append(primitive, tuple([node.index for node in operands]), static))

    @staticmethod
    def _same(node: Node) -> Node:
        return node

    def constant(self, value: float) -> Node:
        """The line of a number; one for all that is written here."""
        found = self.constants.get(value)
        if found is None or (value == 0 and str(value) != str(self.graph.statics[found.index])):  # 0.0 is -0.0
            found = self.constants[value] = Node(self.graph, self.graph.constant(value))
        return found

    def _traced(self, index: int) -> Trace:
        graph = self.graph
        primitive, static, operands = graph.primitives[index], graph.statics[index], graph.operands[index]
        if primitive.kind == "elementwise":
            return trace_rules(primitive, static, len(operands))
        assert graph.shapes is not None
        return trace_array_rules(primitive, static, [graph.shapes[operand] for operand in operands])

    def _read(self, trace: Trace, slot: int, output: int, leaves: Sequence[Node]) -> Node:
        """Output SLOT of the rules over nodes; what rules share is written once."""
        if output < len(leaves):
            return leaves[output]
        graph = trace.graph
        if graph.primitives[output] is CONSTANT:
            return self.constant(graph.statics[output])
        lines = [line for line in trace.lines_of(slot) if line not in self.written]
        values = read(trace, leaves, self.apply, self.constant, lines, known=self.written)
        self.written.update((line, values[line]) for line in lines)
        return self.written[output]

    def _shape(self, index: int) -> Shape:
        return () if self.shapes is None else self.shapes[index]

    def _kept(self, index: int, node: Node) -> Node:
        """NODE, in the shape of line INDEX, with the axis that it reduces kept at length 1."""
        if self.shapes is None or self.graph.primitives[index].kind != "reduces":
            return node
        shape = self._kept_shape(index)
        return node if node.shape == shape else NAMED["reshape"](node, static=shape)

    def _kept_shape(self, index: int) -> Shape:
        if self.shapes is None or self.graph.primitives[index].kind != "reduces":
            return self._shape(index)
        assert self.trace is not None and self.trace.graph.shapes is not None
        return self.trace.graph.shapes[0]

    def _stands_for_all(self, number: Node, shape: Shape) -> bool:
        return shape != () and number.shape == () and self.graph.primitives[number.index] is CONSTANT

    def _whole(self, number: Node, shape: Shape) -> Node:
        """NUMBER with a line of its own where it stood for all elements of SHAPE."""
        return self._spread(number, shape) if self._stands_for_all(number, shape) else number

    def _product(self, number: Node, local: Node) -> Node:
        """NUMBER through a LOCAL gradient, or through the share of a gate: what is not open is exactly 0."""
        mask = self.open
        if mask is None:
            return self._times(number, local)
        if not self.graph.primitives[self.line[0]].opens:
            value = self._number(local)
            if self.lean and isinstance(mask, Node) and number.index == mask.index:
                return self._where(mask, local)
            found = self._times(number, local)  # by a finite number, what was closed before is 0 and stays it
            return found if value is not None and value - value == 0 else self._where(mask, found)
        if self.lean and self.first_gate and self._number(number) == 1 and local.shape == self._wide(number, local):
            return local
        return self._where(mask, number if self._is_boolean(local) else self._times(number, local))

    def _times(self, number: Node, local: Node) -> Node:
        if self.lean:
            one, other = self._number(number), self._number(local)
            if other == 1 and number.shape == self._wide(number, local):
                return number
            if one == 1 and local.shape == self._wide(number, local):
                return local
            if one is not None and other is not None:
                return self.constant(one * other)
            if other == -1:
                return -number
        return number * local

    def _wide(self, a: Node, b: Node) -> Shape:
        return self._broadcast(a.shape, b.shape)

    @staticmethod
    def _broadcast(a: Shape, b: Shape) -> Shape:
        return a if a == b else broadcast([a, b])

    def _number(self, node: Node) -> float | None:
        """The number of a constant that is a scalar."""
        static = self.graph.statics[node.index]
        return static if self.graph.primitives[node.index] is CONSTANT and type(static) is float else None

    def _is_boolean(self, node: Node) -> bool:
        return self.graph.primitives[node.index].name in BOOLEAN or node.index in self.booleans

    def _where(self, mask: Mask, found: Node) -> Node:
        return self.apply(NAMED["where"], None, (self._mask_line(mask), found, self.constant(0.0)))

    def _carried(self, index: int, slot: int, local: Carried, upstream: Node) -> Node:
        """The rule of a line that is carried, over the upstream; what its operands share is written once."""
        graph = self.graph
        assert self.trace is not None
        leaves = [Node(graph, index), *(Node(graph, operand) for operand in graph.operands[index]), upstream]
        return self._read(self.trace, slot, local.output, leaves)

    # Masks

    def _mask_line(self, mask: Mask) -> Node:
        """A mask as a line; one for all that are equal."""
        if isinstance(mask, Node):
            return mask
        from gradcli.graph.arrays import ArrayConstant

        key = (mask.shape, mask.tobytes())
        found = self.mask_lines.get(key)
        if found is None:
            static: Any = ArrayConstant(mask.astype(float)) if mask.shape else float(mask)
            found = self.mask_lines[key] = Node(self.graph, self.graph.constant(static))
            self.booleans.add(found.index)
        return found

    def _masked(self, mask: Mask, index: int, slot: int, local: Node | Carried) -> Mask:
        graph = self.graph
        if not isinstance(mask, Node) and (mask is not None or isinstance(local, Carried)):
            if not graph.primitives[index].opens:
                return self._masked_by_structure(mask, index, slot, local)
            mask = self._mask_line(mask)
        if isinstance(local, Carried):
            return None if mask is None else self._mask_carried(mask, index, slot, local)
        if mask is not None and graph.primitives[index].kind == "reduces":
            mask = self._kept(index, self._spread(mask, self._shape(index)))
        self.open = before = mask
        self.first_gate = mask is None
        if graph.primitives[index].opens:
            passed = self.apply(NAMED["not_equal"], None, (local, self.constant(0.0)))
            self.open = passed if before is None else before * passed
        if self.open is None or self.shapes is None:
            return self.open
        have = self._broadcast(self._kept_shape(index), local.shape)
        shape = self._shape(graph.operands[index][slot])
        if self.open.shape == have == shape:
            return self.open
        reached = self._spread(self._spread(self.open, have), shape)
        return self.apply(NAMED["not_equal"], None, (reached, self.constant(0.0)))

    def _masked_by_structure(self, mask: Mask, index: int, slot: int, local: Node | Carried) -> Mask:
        """The mask at operand SLOT of what came through no gate, so that no value decides what is open."""
        graph = self.graph
        shape, wanted = self._shape(index), self._shape(graph.operands[index][slot])
        if not isinstance(local, Carried):
            kept = self._kept_shape(index)
            self.open = self.masks.reshaped(mask, shape, kept)
            self.first_gate = False
            return self.masks.whole(self.masks.fitted(self.open, self._broadcast(kept, local.shape), wanted))
        if not self.gaps:
            return None
        shapes = [self._shape(operand) for operand in graph.operands[index]]
        return self.masks.carried_back(
            graph.primitives[index], graph.statics[index], slot, shapes, mask, shape,
            lambda ones: self._moved(ones, slot, local),
        )  # fmt: skip

    def _moved(self, ones: Any, slot: int, local: Carried) -> Any:
        """Where the rule of a line that only moves elements carries ONES."""
        from gradcli.autodiff.arrays import float_or_array
        from gradcli.graph.arrays import apply

        assert self.trace is not None
        leaves = [ones, *[1.0] * (self.trace.inputs - 2), ones]
        return read(self.trace, leaves, apply, float_or_array, self.trace.lines_of(slot))[local.output]

    def _mask_carried(self, mask: Node, index: int, slot: int, local: Carried) -> Node:
        """The mask at operand SLOT of what is carried back through line INDEX."""
        graph = self.graph
        primitive, static = graph.primitives[index], graph.statics[index]
        shape = self._shape(graph.operands[index][slot])
        ranks = [len(self._shape(operand)) for operand in graph.operands[index]]
        mask = self._spread(mask, self._shape(index))
        if primitive.name == "matmul" and max(ranks) <= 2:
            return self._mask_of_factor(mask, ranks, slot)
        if primitive.moves or primitive.name in ("matmul", "outer"):
            assert self.trace is not None
            ones = [self._spread(self.constant(1.0), self._shape(operand)) for operand in graph.operands[index]]
            leaves = [self._spread(self.constant(1.0), self._shape(index)), *ones, mask]
            values = read(self.trace, leaves, self.apply, self.constant, self.trace.lines_of(slot))
            return self.apply(NAMED["not_equal"], None, (values[local.output], self.constant(0.0)))
        axis: Any = WHOLE
        if primitive.name in ALONG_LAST:
            axis = (-1, True)
        elif primitive.name == "centred":
            axis = (static, True)
        largest = NAMED["amax"](mask, static=axis)
        if axis is WHOLE:
            largest = NAMED["reshape"](largest, static=())
        return self._spread(largest, shape)

    @staticmethod
    def _mask_of_factor(mask: Node, ranks: Sequence[int], slot: int) -> Node:
        """A row of the left factor reaches a row of the product, a column of the right one a column."""
        if ranks == [2, 2]:
            return NAMED["amax"](mask, static=(-1 - slot, True))
        if ranks == [2, 1] and slot == 0:
            return NAMED["reshape"](mask, static=(*mask.shape, 1))
        if ranks[slot] == 2 or not mask.shape:
            return mask
        return NAMED["amax"](mask, static=(None, False))

    @staticmethod
    def _spread(node: Node, shape: Shape) -> Node:
        """NODE summed down or repeated to SHAPE."""
        return node if node.shape == shape else NAMED["fit"](node, static=shape)

    def _mark(self, role: str, since: int, source: int, target: int) -> None:
        graph = self.graph
        assert graph.origins is not None
        for line in range(since, len(graph)):
            if graph.operands[line]:
                graph.origins[line] = Origin(role, source, target)


class Carried:
    """Instead of a local gradient: the output of the rules that says how the upstream is carried back."""

    __slots__ = ("output",)

    def __init__(self, output: int) -> None:
        self.output = output
