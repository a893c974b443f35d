"""The backward pass in lines: the adjoint graph of a program with every flow, less the masks that change nothing."""

from __future__ import annotations

from gradcli.autodiff import depends, go_on
from gradcli.autodiff.adjoint import NodeCarrier, evaluate_lines, known_numbers
from gradcli.autodiff.scalar_adjoint import ScalarCarrier
from gradcli.autodiff.sweeps import Flow, pull_back
from gradcli.codegen.flat.values import chosen, index_of, same_bits, value_of
from gradcli.codegen.flat.values import is_finite as is_finite
from gradcli.codegen.flat.values import values_of as values_of
from gradcli.graph import CONSTANT, Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.codegen.flat.subject import Subject

# Primitives that are finite wherever their operands are, but for overflow
TOTAL = frozenset(
    (
        "add", "sub", "mul", "neg", "same", "square", "sin", "cos", "atan", "tanh", "sigmoid", "sign", "relu", "abs",
        "max", "min", "erf", "erfc", "softplus", "softmax", "where", "less", "less_equal", "greater", "greater_equal",
        "equal", "not_equal", "fit", "broadcast", "transpose", "reshape", "flatten", "index", "scatter", "stack",
        "concat", "cumsum", "sum", "mean", "matmul", "outer", "softmax_of", "centred", "centred_by", "one_hot",
        "excess",
    )
)  # fmt: skip


class MaskedCarrier(ScalarCarrier):
    """Scalar adjoint lines in which a closed gate keeps its zero plain, also where its sign would turn."""

    def times(self, number: int, local: int, mask: int | None) -> int:
        found = super().times(number, local, mask)
        value = self._value(local)
        if mask is None or value is None or not value < 0 or self.primitives[self.index].opens:
            return found
        target = self.operands[self.index][self.slot]
        return self._append(self.where, (mask, found, self.constant(0.0)), None, "flow", self.index, target)


class Step:
    """One flow in lines: `downstream` reaches the line `target`; `total` is the sum there, None where it is the first.

    Lines are indices of the graph with the adjoint lines.
    """

    __slots__ = ("downstream", "slot", "source", "target", "total", "upstream")

    def __init__(self, flow: Flow, total: int | None) -> None:
        self.source, self.target, self.slot = flow.source, flow.target, flow.slot
        self.upstream, self.downstream, self.total = index_of(flow.upstream), index_of(flow.downstream), total


class BackwardLines:
    """The graph of a subject with the lines of its backward pass behind `start`, and the `steps` in order.

    `adjoints` are the lines of the gradients by source, None where nothing arrives, `seed` the line that the sweep
    starts from. `values` are those of all lines, where they are known. `operands` of the added lines leave out masks
    that neither a value of this point nor the kind of a primitive asks for.
    """

    def __init__(self, subject: Subject) -> None:
        self.graph: Graph = subject.graph.copy()
        self.result = subject.result
        self.labels = subject.labels
        self.comments = subject.comments
        self.start = len(self.graph)
        known = None if subject.point is None else values_of(self.graph, subject.point)
        is_number = (lambda index: True) if known is None else known_numbers(known)
        lines = [line for line in subject.sources.values() if line is not None]
        self.active = depends(self.graph, lines)
        carrier: Any
        if self.graph.shapes is None:
            carrier = MaskedCarrier(self.graph, seed=None, lean=True, is_number=is_number)
        else:
            carrier = NodeCarrier(self.graph, lean=True, is_number=is_number)
        flows: list[Flow] = []
        swept = pull_back(self.graph, self.result, self.active, carrier, flows)
        self.seed = None if swept.numbers[self.result] is None else self._seed(flows, swept.numbers[self.result])
        self.adjoints = {
            name: None if line is None or (found := swept.numbers[line]) is None else self._whole(carrier, found, line)
            for name, line in subject.sources.items()
        }
        self.values: list[Any] | None = None
        if subject.point is not None:
            if known is not None and self.graph.shapes is None and not subject.strong:
                go_on(self.graph, subject.point, known)
                self.values = known
            else:
                self.values = evaluate_lines(self.graph, subject.point, strong_zero=subject.strong)
        self.operands = self.graph.operands.copy()
        self.stands_for: dict[int, int] = {}
        self.steps = self._steps(flows)
        self._leave_out_masks(flows)
        self._share_equal_lines()

    def _seed(self, flows: Sequence[Flow], number: Any) -> int:
        return index_of(flows[0].upstream if flows else number)

    @staticmethod
    def _whole(carrier: Any, found: Any, line: int) -> int:
        return index_of(found if type(found) is int else carrier.whole(found, line))

    def _steps(self, flows: Sequence[Flow]) -> list[Step]:
        """Every flow, with the line that adds it to what arrived before."""
        sums: dict[tuple[int, int, int], int] = {}
        for line, origin in (self.graph.origins or {}).items():
            if origin.role == "sum" and len(self.graph.operands[line]) == 2:
                first, second = self.graph.operands[line]
                sums[origin.target, first, second] = line
        steps: list[Step] = []
        arrived: dict[int, int] = {}
        for flow in flows:
            downstream = index_of(flow.downstream)
            before = arrived.get(flow.target)
            total = None if before is None else sums[flow.target, before, downstream]
            arrived[flow.target] = total if total is not None else downstream
            steps.append(Step(flow, total))
        return steps

    # Masks

    def _leave_out_masks(self, flows: Sequence[Flow]) -> None:
        """Where a closed gate left 0 and the local gradient is finite, the product is 0 by itself.

        A mask stays where it changes a bit of this point, and where a local gradient can be infinite.
        """
        values = self.values
        if values is not None and not all(map(is_finite, values[: self.start])):
            return
        primitives, graph = self.graph.primitives, self.graph
        for flow in flows:
            line = index_of(flow.downstream)
            if line < self.start or primitives[line].name != "where" or graph.origins is None:
                continue
            origin = graph.origins.get(line)
            if origin is None or origin.role != "flow":
                continue
            mask, carried, _ = graph.operands[line]
            if not primitives[flow.source].opens:
                if self._is_total(flow, carried) and (values is None or same_bits(values[line], values[carried])):
                    self.stands_for[line] = carried
            elif primitives[mask].name == "mul":
                passed = graph.operands[mask][1]
                if values is None or same_bits(values[line], chosen(values[passed], values[carried])):
                    self.operands[line] = (passed, *graph.operands[line][1:])

    def _is_total(self, flow: Flow, carried: int) -> bool:
        """Whether what a flow is multiplied by, or carried through, is finite."""
        upstream = index_of(flow.upstream)
        waiting, seen = [carried], set()
        while waiting:
            line = waiting.pop()
            if line < self.start or line == upstream or line in seen:
                continue
            seen.add(line)
            primitive = self.graph.primitives[line]
            if primitive is CONSTANT:
                if not is_finite(value_of(self.graph.statics[line])):
                    return False
            elif primitive.name not in TOTAL and not (primitive.name == "power" and self.graph.statics[line] >= 1):
                return False
            waiting += self.graph.operands[line]
        return True

    def _share_equal_lines(self) -> None:
        """Of local gradients and masks: equal lines are one, operations of constants are constants."""
        graph, origins = self.graph, self.graph.origins or {}
        if graph.shapes is not None:
            for line in range(self.start, len(graph)):
                self._spread_at_once(line)
        added = [line for line, origin in origins.items() if line >= self.start and origin.role in ("local", "open")]
        names = {graph.primitives[line].name for line in added}
        live = graph.live([self.result])  # what was folded is not called back
        known = [line for line in range(self.start) if live[line] and graph.primitives[line].name in names]
        first: dict[Any, int] = {}
        for line in (*known, *sorted(added)):
            operands = tuple([self._constant(operand) for operand in map(self.resolved, self.operands[line])])
            key = (graph.primitives[line].name, repr(graph.statics[line]), operands)
            if line >= self.start:
                self.operands[line] = tuple(map(self.resolved, self.operands[line]))
                found = self._known(line, self.operands[line])
                if found is None:
                    found = first.get(key)
                if found is not None:
                    self.stands_for[line] = found
                    continue
            first.setdefault(key, line)

    def _constant(self, line: int) -> Any:
        """What equal lines have in common: their place, or the number that they are."""
        number = self._number(line)
        return line if number is None else repr(number)

    def _spread_at_once(self, line: int) -> None:
        """A number that is given axes of length 1 and then repeated is a number that is repeated."""
        graph = self.graph
        if graph.shapes is None or line < self.start or graph.primitives[line].name != "fit":
            return
        (operand,) = self.operands[line]
        if graph.primitives[operand].name == "reshape":
            (number,) = self.operands[operand]
            if not graph.shapes[number] and len(graph.shapes[operand]) <= len(graph.shapes[line]):
                self.operands[line] = (number,)

    def _known(self, line: int, operands: Sequence[int]) -> int | None:
        """The line that LINE is, where that takes no computing."""
        graph = self.graph
        primitive, static = graph.primitives[line], graph.statics[line]
        numbers = [self._number(operand) for operand in operands]
        if graph.shapes is not None and any(graph.shapes[operand] != graph.shapes[line] for operand in operands):
            return None
        if primitive.name == "mul" and 1.0 in numbers:
            return operands[1 if numbers[0] == 1.0 else 0]
        if primitive.name == "where" and numbers[0] is not None:
            return operands[1 if numbers[0] else 2]
        if None in numbers or primitive.kind != "elementwise" or graph.operands[line] == ():
            return None
        value = primitive.forward(*numbers, static) if primitive.static else primitive.forward(*numbers)
        found = graph.constant(value)
        self.operands.append(())
        if self.values is not None:
            self.values.append(value)
        return found

    def _number(self, line: int) -> float | None:
        static = self.graph.statics[line]
        plain = self.graph.primitives[line] is CONSTANT and self.graph.names[line] is None and type(static) is float
        return static if plain else None

    def resolved(self, line: int) -> int:
        """The line that is written in the place of LINE."""
        found = self.stands_for.get(line)
        while found is not None:
            line, found = found, self.stands_for.get(found)
        return line
