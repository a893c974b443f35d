"""What forward and reverse mode cost on a graph, counted without running their passes: products, sums, memory.

The counts are those of the sweeps: a multiplication for every flow, an addition where flows meet. A sweep skips what
its input does not reach, or what its output does not depend on.
"""

from __future__ import annotations

from math import prod

from gradcli.graph import CONSTANT, Graph
from gradcli.graph.carriers import trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from gradcli.graph import Primitive, Shape

AT_ONCE = 8_192  # passes that are followed together, a bit each
FEW = 64  # passes whose bits are not worth giving back
MOST_FOLLOWED = 400_000  # lines times passes whose memory is followed one by one


class Wiring:
    """Which operands of a line a gradient can flow to, as the sweeps see it, and what was asked for.

    `flowing` has for every line the operands that it flows to, once a slot; `inputs` are the lines to differentiate
    by, `outputs` those that are differentiated, an entry a pass. `active` lines depend on an input, `leads` are those
    that a backward pass reaches. `sizes` are the elements of every line.
    """

    def __init__(
        self, graph: Graph, inputs: Sequence[int], outputs: Sequence[int], active: Sequence[bool],
        flowing: Sequence[Sequence[int]] | None = None, sizes: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        self.graph = graph
        self.inputs = inputs
        self.outputs = outputs
        self.active = active
        self.sizes = sizes or [1] * len(graph)
        self.flowing: Sequence[Sequence[int]] = flowing or [*_flowing(graph)]
        self.leads = [False] * len(graph)
        for output in outputs:
            self.leads[output] = active[output]
        for index in range(len(graph) - 1, -1, -1):
            if self.leads[index]:
                for operand in self.flowing[index]:
                    self.leads[operand] = self.leads[operand] or active[operand]

    def edges(self) -> Iterator[list[int]]:
        """For every line, the operands that a gradient on its way from the outputs flows to."""
        for index, flowing in enumerate(self.flowing):
            yield [operand for operand in flowing if self.active[operand]] if self.leads[index] else []


def _flowing(graph: Graph) -> Iterator[Sequence[int]]:
    """Of a graph of scalars: the operands for which there is a rule."""
    for primitive, operands, static in zip(graph.primitives, graph.operands, graph.statics, strict=True):
        rules = has_rules(primitive, static, len(operands)) if operands else ()
        if all(rules):
            yield operands
        else:
            yield [operand for operand, rule in zip(operands, rules, strict=True) if rule]


_HAS_RULES: dict[tuple[str, Any, int], tuple[bool, ...]] = {}


def has_rules(primitive: Primitive, static: Any, count: int) -> tuple[bool, ...]:
    """For each operand, whether anything flows to it."""
    key = (primitive.name, static, count)
    if key not in _HAS_RULES:
        outputs = trace_rules(primitive, static, count).outputs
        _HAS_RULES[key] = tuple(output is not None for output in outputs)
    return _HAS_RULES[key]


class Count:
    """Multiplications and additions."""

    __slots__ = ("additions", "multiplications")

    def __init__(self, multiplications: int = 0, additions: int = 0) -> None:
        self.multiplications = multiplications
        self.additions = additions

    @property
    def total(self) -> int:
        """Both together."""
        return self.multiplications + self.additions


def forward_count(wiring: Wiring, inputs: Sequence[int]) -> Count:
    """What the forward passes of these INPUTS take together."""
    count = Count()
    length = max(wiring.outputs, default=-1) + 1
    ends = _last_users(wiring) if len(inputs) > FEW else {}
    for start in range(0, len(inputs), AT_ONCE):
        passes = _own_bits(inputs[start : start + AT_ONCE], length)
        for index, flowing in zip(range(length), wiring.flowing, strict=False):
            reached = passes[index]
            for operand in flowing:
                if more := passes[operand]:
                    count.multiplications += more.bit_count()
                    count.additions += (more & reached).bit_count()
                    reached |= more
            passes[index] = reached
            for operand in ends.get(index, ()):
                passes[operand] = 0
    return count


def reverse_count(wiring: Wiring, outputs: Sequence[int]) -> Count:
    """What the backward passes of these OUTPUTS take together."""
    count = Count()
    active, length = wiring.active, max(outputs, default=-1) + 1
    for start in range(0, len(outputs), AT_ONCE):
        passes = _own_bits(outputs[start : start + AT_ONCE], length)
        for index in range(length - 1, -1, -1):
            reached = passes[index]
            if reached and active[index]:
                for operand in wiring.flowing[index]:
                    if active[operand]:
                        count.multiplications += reached.bit_count()
                        count.additions += (reached & passes[operand]).bit_count()
                        passes[operand] |= reached
            passes[index] = 0
    return count


def _own_bits(lines: Sequence[int], length: int) -> list[int]:
    """For every line the passes that begin there, a bit each; what has the bit already is where flows meet."""
    found = [0] * length
    for place, line in enumerate(lines):
        if line < length:
            found[line] |= 1 << place
    return found


def _last_users(wiring: Wiring) -> dict[int, list[int]]:
    """After which line no other reads a line any more."""
    last: dict[int, int] = {}
    for index, flowing in enumerate(wiring.flowing):
        for operand in flowing:
            last[operand] = index
    found: dict[int, list[int]] = {}
    for operand, index in last.items():
        found.setdefault(index, []).append(operand)
    return found


# What has to be remembered


class Memory:
    """Numbers that are alive at the same time, beside those of the inputs: primals, and tangents or adjoints.

    A number is alive from the line that computes it to the last that reads it; a new one may take the place of one
    that is read no more. `exact` is False where not every pass was followed: then it is an upper bound.
    """

    __slots__ = ("exact", "primals", "swept")

    def __init__(self, primals: int, swept: int, *, exact: bool = True) -> None:
        self.primals = primals
        self.swept = swept
        self.exact = exact

    @property
    def total(self) -> int:
        """All numbers."""
        return self.primals + self.swept


def forward_memory(wiring: Wiring) -> Memory:
    """The most that a forward pass keeps: values and tangents, each until it was read for the last time."""
    graph = wiring.graph
    last = [*range(len(graph))]
    for index, operands in enumerate(graph.operands):
        for operand in operands:
            last[operand] = index
    for output in wiring.outputs:
        last[output] = len(graph)
    inputs = [*dict.fromkeys(wiring.inputs)]
    exact = len(inputs) * len(graph) <= MOST_FOLLOWED
    moved = [_moved(wiring, [line]) for line in inputs] if exact else [_moved(wiring, inputs)]
    most = Memory(0, 0)
    for moving in moved or [[False] * len(graph)]:
        found = _peak(graph, wiring.sizes, last, moving)
        if found.total > most.total:
            most = found
    most.exact = exact
    return most


def _moved(wiring: Wiring, inputs: Iterable[int]) -> list[bool]:
    """The lines that have a tangent."""
    marks = [False] * len(wiring.graph)
    for line in inputs:
        marks[line] = True
    for index, flowing in enumerate(wiring.flowing):
        marks[index] = marks[index] or any(marks[operand] for operand in flowing)
    return marks


def _peak(graph: Graph, sizes: Sequence[int], last: Sequence[int], moving: Sequence[bool]) -> Memory:
    ends, ends_moving = [0] * (len(graph) + 2), [0] * (len(graph) + 2)
    primals = tangents = 0
    most = Memory(0, 0)
    for index, operands in enumerate(graph.operands):
        primals -= ends[index]
        tangents -= ends_moving[index]
        if operands:
            size, end = sizes[index], max(last[index], index + 1)
            primals += size
            ends[end] += size
            if moving[index]:
                tangents += size
                ends_moving[end] += size
        if primals + tangents > most.total:
            most = Memory(primals, tangents)
    return most


def reverse_memory(wiring: Wiring) -> Memory:
    """What a backward pass keeps: the value of every line until the way back, and the adjoints that wait."""
    graph = wiring.graph
    computed = sum(size for size, operands in zip(wiring.sizes, graph.operands, strict=True) if operands)
    outputs = [*dict.fromkeys(output for output in wiring.outputs if wiring.active[output])]
    exact = len(outputs) * len(graph) <= MOST_FOLLOWED
    waits = [_waiting(wiring, [output]) for output in outputs] if exact else [_waiting(wiring, outputs)]
    return Memory(computed, max(waits, default=0), exact=exact)


def _waiting(wiring: Wiring, outputs: Iterable[int]) -> int:
    """The most adjoints that wait at a time in a pass from one of the OUTPUTS."""
    graph, sizes = wiring.graph, wiring.sizes
    asked = set(wiring.inputs)
    reached = {*outputs}
    most = waiting = sum(sizes[output] for output in reached if graph.operands[output])
    for index in range(max(reached, default=-1), -1, -1):
        if index not in reached:
            continue
        if graph.operands[index] and index not in asked:
            waiting -= sizes[index]
        for operand in wiring.flowing[index]:
            if wiring.active[operand] and operand not in reached:
                reached.add(operand)
                waiting += sizes[operand] if graph.operands[operand] else 0
        most = max(most, waiting)
    return most


def values_read(wiring: Wiring) -> list[int]:
    """The lines, leaves among them, whose values the rules read on the way back."""
    graph = wiring.graph
    found: set[int] = set()
    for index, operands in enumerate(graph.operands):
        primitive, static = graph.primitives[index], graph.statics[index]
        rules = has_rules(primitive, static, len(operands)) if operands and wiring.leads[index] else ()
        slots = tuple([slot for slot, rule in enumerate(rules) if rule and wiring.active[operands[slot]]])
        if slots:
            leaves = [index, *operands]
            found.update(leaves[leaf] for leaf in _read_leaves(primitive, static, len(operands), slots))
    return sorted(line for line in found if graph.primitives[line] is not CONSTANT)


_READ: dict[tuple[Any, ...], tuple[int, ...]] = {}


def _read_leaves(primitive: Primitive, static: Any, count: int, slots: tuple[int, ...]) -> tuple[int, ...]:
    """Which of y and the operands the rules of these SLOTS read."""
    key = (primitive.name, static, count, slots)
    if key not in _READ:
        trace = trace_rules(primitive, static, count)
        leaves: set[int] = set()
        for slot in slots:
            output = trace.outputs[slot]
            if output is not None:
                used = {output, *(o for line in trace.lines_of(slot) for o in trace.graph.operands[line])}
                leaves |= {leaf for leaf in used if leaf < trace.inputs}
        _READ[key] = tuple(sorted(leaves))
    return _READ[key]


# Where lines are arrays: the same, a product of two numbers each


def array_forward_products(wiring: Wiring, products: Sequence[Sequence[int]]) -> int:
    """The multiplications of a forward pass for each element of each input; PRODUCTS are those of every flow."""
    total = 0
    for line in wiring.inputs:
        moved = _moved(wiring, [line])
        once = sum(
            many
            for flowing, each in zip(wiring.flowing, products, strict=True)
            for operand, many in zip(flowing, each, strict=True)
            if moved[operand]
        )
        total += wiring.sizes[line] * once
    return total


def array_reverse_products(wiring: Wiring, products: Sequence[Sequence[int]]) -> int:
    """The multiplications of a backward pass for each element of the output, which is one line."""
    once = sum(
        many
        for index, (flowing, each) in enumerate(zip(wiring.flowing, products, strict=True))
        for operand, many in zip(flowing, each, strict=True)
        if wiring.leads[index] and wiring.active[operand]
    )
    return sum(wiring.sizes[line] for line in wiring.outputs) * once


def products_of(primitive: Primitive, static: Any, slot: int, shapes: Sequence[Shape], shape: Shape) -> int:
    """How many pairs of an element of operand SLOT and one of the line a flow runs between: a multiplication each."""
    size, operand = prod(shape), prod(shapes[slot])
    if primitive.kind == "elementwise":
        return size
    if primitive.kind == "reduces" and primitive.static:
        return operand
    if primitive.name in ("matmul", "dot"):
        return size * shapes[0][-1]
    if primitive.name == "outer":
        return size
    if primitive.moves:
        return 0
    if primitive.name in ("softmax_of", "logsoftmax"):
        return size * shape[-1]
    return size * operand
