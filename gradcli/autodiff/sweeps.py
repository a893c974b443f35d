"""One sweep, generic in the carrier: what flows is supplied, how it flows is written here once."""

from __future__ import annotations

from gradcli.graph import Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol, TypeVar

    N = TypeVar("N")
    M = TypeVar("M")

    class Carrier(Protocol[N, M]):
        """What a sweep needs of the numbers it carries.

        Beside every number goes a mask: what the gates on the way to it left open. It is whatever the carrier likes (a
        bool for numbers, a node or None for nodes); `unmasked` is that of a seed.
        """

        @property
        def unmasked(self) -> M: ...
        def seed(self, result: int) -> N: ...
        def local(self, index: int, slot: int) -> N | None:
            """The local gradient of line INDEX in operand SLOT; None where nothing flows."""

        def mask(self, mask: M, index: int, slot: int, local: N) -> M:
            """MASK after line INDEX, whose gate, if it is one, shares out LOCAL."""

        def times(self, number: N, local: N, mask: M) -> N:
            """NUMBER carried through LOCAL; what MASK left closed is exactly 0."""

        def plus(self, before: N, more: N) -> N: ...
        def meet(self, before: M, more: M) -> M:
            """The mask of a sum: closed only where both are."""

        def finish(self, result: int, tangent: N, mask: M) -> N:
            """The tangent of the RESULT at the end of a forward sweep."""


class Flow:
    """The gradient of one edge on its way back."""

    __slots__ = ("downstream", "local", "mask", "slot", "source", "target", "upstream")

    def __init__(
        self, source: int, target: int, slot: int, upstream: Any, local: Any, downstream: Any, mask: Any
    ) -> None:
        self.source = source
        self.target = target
        self.slot = slot
        self.upstream = upstream
        self.local = local
        self.downstream = downstream
        self.mask = mask


class Swept:
    """What a sweep leaves beside every line: a number (None where nothing arrived) and its mask."""

    __slots__ = ("masks", "numbers")

    def __init__(self, length: int, unmasked: Any) -> None:
        self.numbers: list[Any] = [None] * length
        self.masks: list[Any] = [unmasked] * length


def pull_back(
    graph: Graph, result: int, active: Sequence[bool], carrier: Carrier[N, M], flows: list[Flow] | None = None
) -> Swept:
    """The adjoint of every ACTIVE line that RESULT is computed from; FLOWS receives every flow in order."""
    swept = Swept(len(graph), carrier.unmasked)
    adjoints, masks = swept.numbers, swept.masks
    if active[result]:
        adjoints[result] = carrier.seed(result)
    for index in range(result, -1, -1):
        upstream = adjoints[index]
        if upstream is None:
            continue
        for slot, operand in enumerate(graph.operands[index]):
            local = carrier.local(index, slot) if active[operand] else None
            if local is None:
                continue
            mask = carrier.mask(masks[index], index, slot, local)
            downstream = carrier.times(upstream, local, mask)
            _accumulate(swept, operand, downstream, mask, carrier)
            if flows is not None:
                flows.append(Flow(index, operand, slot, upstream, local, downstream, mask))
    return swept


def push_forward(graph: Graph, result: int, source: int, carrier: Carrier[N, M]) -> Swept:
    """The tangent of every line up to RESULT with respect to the line SOURCE."""
    swept = Swept(len(graph), carrier.unmasked)
    tangents, masks = swept.numbers, swept.masks
    tangents[source] = carrier.seed(source)
    for index in range(source + 1, result + 1):
        for slot, operand in enumerate(graph.operands[index]):
            local = None if tangents[operand] is None else carrier.local(index, slot)
            if local is None:
                continue
            mask = carrier.mask(masks[operand], index, slot, local)
            _accumulate(swept, index, carrier.times(tangents[operand], local, mask), mask, carrier)
    if tangents[result] is not None:
        tangents[result] = carrier.finish(result, tangents[result], masks[result])
    return swept


def _accumulate(swept: Swept, index: int, more: N, mask: M, carrier: Carrier[N, M]) -> None:
    before = swept.numbers[index]
    if before is None:
        swept.numbers[index], swept.masks[index] = more, mask
    else:
        swept.numbers[index] = carrier.plus(before, more)
        swept.masks[index] = carrier.meet(swept.masks[index], mask)


class FloatCarrier:
    """The numbers of an ordinary run; True as a mask means that only closed gates lead here."""

    unmasked = False

    def __init__(
        self, graph: Graph, values: Sequence[float], *, strong_zero: bool = False, forward: bool = False
    ) -> None:
        self.graph = graph
        self.values = values
        self.strong_zero = strong_zero
        self.forward = forward
        self.read_at_once: tuple[int, Sequence[float | None]] = (-1, ())

    def seed(self, result: int) -> float:
        value = self.values[result]
        return 1.0 if self.forward or value == value else value

    def local(self, index: int, slot: int) -> float | None:
        from gradcli.autodiff import local_gradients

        if self.read_at_once[0] != index:
            graph, y = self.graph, self.values[index]
            operands = [self.values[operand] for operand in graph.operands[index]]
            self.read_at_once = (index, local_gradients(graph.primitives[index], graph.statics[index], y, operands))
        return self.read_at_once[1][slot]

    def mask(self, mask: bool, index: int, slot: int, local: float) -> bool:
        return mask or (self.graph.primitives[index].opens and local == 0)

    def times(self, number: float, local: float, mask: bool) -> float:
        if mask or (self.strong_zero and _is_zero_times_inf(number, local)):
            return 0.0
        return number * local

    def plus(self, before: float, more: float) -> float:
        return before + more

    def meet(self, before: bool, more: bool) -> bool:
        return before and more

    def finish(self, result: int, tangent: float, mask: bool) -> float:
        value = self.values[result]
        return tangent if mask or value == value else value


def _is_zero_times_inf(a: float, b: float) -> bool:
    return (a == 0 and b in (float("inf"), float("-inf"))) or (b == 0 and a in (float("inf"), float("-inf")))
