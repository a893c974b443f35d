"""The carrier of nodes: reverse-mode AD, where the sweep adds lines to the graph and the adjoint is a line itself.

What the floats' sweep computes, this one writes down, so the result can be evaluated, shown, optimised and
differentiated again. Scalars, and arrays where the graph knows its shapes.
"""

from __future__ import annotations

from gradcli.autodiff import depends, evaluate
from gradcli.autodiff.sweeps import pull_back
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, Node, Origin, primitives
from gradcli.graph.carriers import read, trace_array_rules, trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.autodiff.sweeps import Carrier
    from gradcli.graph import Primitive, Shape
    from gradcli.graph.carriers import Trace

    Mask = Node | None  # what gates left open: 1 or 0 for every element; None where no gate was passed

BOOLEAN = frozenset(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"))
ALONG_LAST = frozenset(("softmax_of", "logsoftmax", "centred_by", "excess"))
WHOLE = (None, True)


def adjoint_lines(
    graph: Graph,
    result: int,
    sources: Iterable[int],
    *,
    seed: int | None = None,
    lean: bool = True,
) -> dict[int, int | None]:
    """Append the adjoint lines of RESULT to GRAPH; for each of the SOURCES the line of its adjoint.

    None stands for a source that nothing arrives at. SEED is the line that the sweep starts from, in the shape of the
    result; without one it is 1, or nan where the result is nan. LEAN leaves out a product with the constant 1; without
    it every upstream * local has a line. An adjoint has the shape of its source.
    """
    sources = list(sources)
    carrier: Carrier[Any, Any] = NodeCarrier(graph, seed=seed, lean=lean)
    swept = pull_back(graph, result, depends(graph, sources), carrier)
    return {source: None if (found := swept.numbers[source]) is None else found.index for source in sources}


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
        self.adjoints = adjoint_lines(self.graph, result, sources, seed=seed, lean=lean)

    def evaluate(self, point: Mapping[str, Any], *, strong_zero: bool = False) -> list[Any]:
        """The value of every line. With STRONG_ZERO, 0 times inf is 0 in the lines that carry a flow."""
        graph = self.graph
        if strong_zero:
            return _evaluate_strongly(graph, point)
        if graph.shapes is None:
            return evaluate(graph, point)
        from gradcli.autodiff.arrays import evaluate as evaluate_arrays

        return evaluate_arrays(graph, point)


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
    """Nodes as the numbers of a sweep (sweeps.Carrier): every step appends the lines that compute it."""

    unmasked: Mask = None

    def __init__(self, graph: Graph, *, seed: int | None = None, lean: bool = True) -> None:
        primitives()
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
        leaves = [self._kept(index, Node(graph, index)), *(Node(graph, operand) for operand in operands)]
        found = self._read(self.trace, slot, output, leaves)
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
        if isinstance(local, Carried):
            found = self._carried(index, slot, local, number)
            if mask is not None:
                found = self._where(mask, found)
        else:
            found = self._product(self._kept(index, number), local)
            found = self._spread(found, self._shape(operand))
        self._mark("flow", since, index, operand)
        return found

    def plus(self, before: Node, more: Node) -> Node:
        since = len(self.graph)
        found = before + more
        index, slot = self.line
        self._mark("sum", since, index, self.graph.operands[index][slot])
        return found

    def meet(self, before: Mask, more: Mask) -> Mask:
        if before is None or more is None:
            return None
        if before.index == more.index:
            return before
        since = len(self.graph)
        found: Node = self.apply(NAMED["not_equal"], None, (before + more, self.constant(0.0)))
        index, slot = self.line
        self._mark("open", since, index, self.graph.operands[index][slot])
        return found

    def finish(self, result: int, tangent: Node, mask: Mask) -> Node:
        return tangent

    # How it is written

    def apply(self, primitive: Primitive, static: Any, operands: Sequence[Any]) -> Node:
        """One line over nodes."""
        return Node(self.graph, self.graph.append(primitive, tuple([node.index for node in operands]), static))

    def constant(self, value: float) -> Node:
        """The line of a number; one for all that is written here."""
        found = self.constants.get(value)
        if found is None or value == 0:  # 0.0 and -0.0 are one key
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
        assert self.trace is not None and self.trace.graph.shapes is not None
        shape = self.trace.graph.shapes[0]
        return node if node.shape == shape else NAMED["reshape"](node, static=shape)

    def _product(self, number: Node, local: Node) -> Node:
        """NUMBER through a LOCAL gradient, or through the share of a gate: what is not open is exactly 0."""
        mask = self.open
        if mask is None:
            return self._times(number, local)
        if not self.graph.primitives[self.line[0]].opens:
            value = self._number(local)
            found = self._times(number, local)  # by a finite number, what was closed before is 0 and stays it
            return found if value is not None and value - value == 0 else self._where(mask, found)
        if self.lean and self.first_gate and self._number(number) == 1 and local.shape == self._wide(number, local):
            return local
        boolean = self.graph.primitives[local.index].name in BOOLEAN
        return self._where(mask, number if boolean else self._times(number, local))

    def _times(self, number: Node, local: Node) -> Node:
        if self.lean:
            if self._number(local) == 1 and number.shape == self._wide(number, local):
                return number
            if self._number(number) == 1 and local.shape == self._wide(number, local):
                return local
            if self._number(local) == -1:
                return -number
        return number * local

    @staticmethod
    def _wide(a: Node, b: Node) -> Shape:
        from gradcli.graph.shapes import broadcast

        return broadcast([a.shape, b.shape]) if a.shape or b.shape else ()

    def _number(self, node: Node) -> float | None:
        """The number of a constant that is a scalar."""
        static = self.graph.statics[node.index]
        return static if self.graph.primitives[node.index] is CONSTANT and type(static) is float else None

    def _where(self, mask: Node, found: Node) -> Node:
        return self.apply(NAMED["where"], None, (mask, found, self.constant(0.0)))

    def _carried(self, index: int, slot: int, local: Carried, upstream: Node) -> Node:
        """The rule of a line that is carried, over the upstream; what its operands share is written once."""
        graph = self.graph
        assert self.trace is not None
        leaves = [Node(graph, index), *(Node(graph, operand) for operand in graph.operands[index]), upstream]
        return self._read(self.trace, slot, local.output, leaves)

    # Masks

    def _masked(self, mask: Mask, index: int, slot: int, local: Node | Carried) -> Mask:
        if isinstance(local, Carried):
            return None if mask is None else self._mask_carried(mask, index, slot, local)
        graph = self.graph
        self.open = before = None if mask is None else self._kept(index, mask)
        self.first_gate = mask is None
        if graph.primitives[index].opens:
            boolean = graph.primitives[local.index].name in BOOLEAN
            passed = local if boolean else self.apply(NAMED["not_equal"], None, (local, self.constant(0.0)))
            self.open = passed if before is None else before * passed
        if self.open is None or self.shapes is None:
            return self.open
        have = self._wide(self._kept(index, Node(graph, index)), local)
        shape = self._shape(graph.operands[index][slot])
        if self.open.shape == have == shape:
            return self.open
        reached = self._spread(self._spread(self.open, have), shape)
        return self.apply(NAMED["not_equal"], None, (reached, self.constant(0.0)))

    def _mask_carried(self, mask: Node, index: int, slot: int, local: Carried) -> Node:
        """The mask at operand SLOT of what is carried back through line INDEX."""
        graph = self.graph
        primitive, static = graph.primitives[index], graph.statics[index]
        shape = self._shape(graph.operands[index][slot])
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
