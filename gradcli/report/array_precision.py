"""How many digits each array of an explanation is shown with, so that every printed equation can be checked by hand.

All arrays are shown with the digits asked for. Where recomputing an equation from its printed operands would miss an
element of its printed result by more than one unit of the last digit, the operand that matters most gets one digit
more. Equations of arrays that are not shown whole cannot be checked and ask for nothing.
"""

from __future__ import annotations

from gradcli.graph import CONSTANT, NAMED
from gradcli.graph.arrays import apply, from_numbers, quiet, shape_of
from gradcli.report.array_rules import recomputed
from gradcli.report.precision import MOST_DIGITS, MOST_PARTS
from gradcli.report.rounding import misses, rounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Protocol

    from gradcli.autodiff.arrays import ArrayFlow
    from gradcli.graph import Graph, Shape
    from gradcli.graph.arrays import Value
    from gradcli.report.array_explanation import ArrayEdge, ArrayPass

    class Numbered(Protocol):
        """What has lines with values, and sweeps that left numbers beside them."""

        @property
        def graph(self) -> Graph: ...
        @property
        def values(self) -> Sequence[Value]: ...
        def sweeps(self) -> Sequence[ArrayPass]: ...
        def local_edges(self, index: int) -> Sequence[ArrayEdge]: ...

    Key = tuple[Any, ...]

MOST_LENGTH, MOST_SHORT = 6, 12  # of an axis; elements of an array that is whole however long its axis is
MOST_ROUNDS = 20
MOST_PASSES = 10  # of forward mode whose digits are settled


def is_small(value: Value) -> bool:
    """Whether an array is shown whole unasked."""
    if type(value) is float:
        return True
    size, shape = value.size, value.shape  # type: ignore[union-attr]
    return size <= MOST_SHORT or (size <= MOST_LENGTH**2 and max(shape) <= MOST_LENGTH)


class Equation:
    """What stands in a view: RESULT is what AGAIN makes of the operands, where OPEN lets it through."""

    __slots__ = ("again", "keys", "level", "numbers", "open", "result", "value")

    def __init__(
        self, result: Key, value: Value, keys: Sequence[Key], numbers: Sequence[Value],
        again: Callable[[Sequence[Value]], Value], *, open: Any = None, level: bool = False,
    ) -> None:  # fmt: skip
        self.result = result
        self.value = value
        self.keys = keys
        self.numbers = numbers
        self.again = again
        self.open = open
        self.level = level


class ArrayDigits:
    """The digits of every value, gradient, local gradient and downstream gradient of the rows shown."""

    def __init__(self, explanation: Numbered, rows: Iterable[int], base: int) -> None:
        self.explanation = explanation
        self.base = base
        self.digits: dict[Key, int] = {}
        self.rounded: dict[tuple[Key, int], Value] = {}
        if base < MOST_DIGITS:
            with quiet():
                self._settle_all([*self._equations(sorted(set(rows), reverse=True))])

    def value(self, index: int) -> int:
        """Of the value of a line."""
        return self._of(("value", index))

    def number(self, index: int, place: int = 0) -> int:
        """Of the gradient of a line; in forward mode of its tangent in the pass at PLACE."""
        return self._of(("number", place, index))

    def local(self, edge: ArrayEdge) -> int:
        """Of the local gradient of a flow."""
        return self._of(("local", edge.owner, edge.slot))

    def part(self, flow: ArrayFlow, place: int = 0) -> int:
        """Of a flow that meets others."""
        return self._of(self._arrival(self.explanation.sweeps()[place], place, flow))

    def downstream(self, edge: ArrayEdge, place: int = 0) -> int:
        """Of what a flow brings; where it arrives alone, that is the number of its target."""
        if self.explanation.sweeps()[place].meeting(edge.target) == 1:
            return self.number(edge.target, place)
        return self._of(("part", place, edge.owner, edge.slot))

    def _of(self, key: Key) -> int:
        return self.digits.get(key, self.base)

    @staticmethod
    def _arrival(sweep: ArrayPass, place: int, flow: ArrayFlow) -> Key:
        if sweep.meeting(flow.target) == 1:
            return ("number", place, flow.target)
        return ("part", place, flow.target if sweep.forward else flow.source, flow.slot)

    def _equations(self, rows: Sequence[int]) -> Iterator[Equation]:
        """Every equation of the rows whose arrays are all shown whole, results before their operands."""
        visible = set(rows)
        for index in rows:
            yield from self._values(index)
        for index in rows:
            yield from self._locals(index)
        for place, sweep in enumerate(self.explanation.sweeps()[:MOST_PASSES]):
            for flow in reversed(sweep.flows):
                if flow.source in visible and flow.target in visible:
                    yield from self._flow(sweep, place, flow)
            for index, flows in sweep.arriving.items():
                if 1 < len(flows) <= MOST_PARTS and index in visible:
                    yield from self._sum(sweep, place, index)

    def _values(self, index: int) -> Iterator[Equation]:
        """value = operation(values of the operands)."""
        graph, values = self.explanation.graph, self._line_values()
        primitive, static, operands = graph.primitives[index], graph.statics[index], graph.operands[index]
        numbers = [values[operand] for operand in operands]
        if operands and len(operands) <= MOST_DIGITS and all(map(is_small, [values[index], *numbers])):
            keys = [("value", operand) for operand in operands]
            level = primitive.kind == "carried" and primitive.moves
            yield Equation(
                ("value", index), values[index], keys, numbers, lambda xs: apply(primitive, static, xs), level=level
            )

    def _locals(self, index: int) -> Iterator[Equation]:
        """local = rule(value of the line, values of the operands)."""
        graph, values = self.explanation.graph, self._line_values()
        for edge in self.explanation.local_edges(index):
            if edge.local is None or edge.formula is None or not is_small(edge.local):
                continue
            lines = (index, *graph.operands[index])
            numbers = [values[line] for line in lines]
            if all(map(is_small, numbers)):
                slot = edge.slot
                yield Equation(
                    ("local", index, slot), edge.local, [("value", line) for line in lines], numbers,
                    lambda xs, slot=slot: recomputed(graph, index, slot, xs[0], xs[1:]),  # type: ignore[misc]
                )  # fmt: skip

    def _flow(self, sweep: ArrayPass, place: int, flow: ArrayFlow) -> Iterator[Equation]:
        """upstream × local = downstream, or what the rule makes of the upstream."""
        graph, values = self.explanation.graph, self._line_values()
        owner = flow.target if sweep.forward else flow.source
        shape, upstream = shape_of(flow.downstream), ("number", place, flow.source)
        if not all(map(is_small, (flow.upstream, flow.downstream))):
            return
        result = self._arrival(sweep, place, flow)
        if flow.local is not None:
            if is_small(flow.local) and (not sweep.forward or graph.primitives[owner].kind == "elementwise"):
                kept = _kept(graph.statics[owner], flow) if graph.primitives[owner].kind == "reduces" else None
                local = flow.local
                level = type(local) is float and abs(local) == 1 and shape_of(flow.upstream) == shape
                yield Equation(
                    result, flow.downstream, [upstream, ("local", owner, flow.slot)], [flow.upstream, local],
                    lambda xs: _product(xs[0], xs[1], kept, shape), open=flow.open, level=level,
                )  # fmt: skip
            return
        lines = (owner, *graph.operands[owner])
        numbers = [values[line] for line in lines]
        if sweep.forward or flow.open is not None or not all(map(is_small, numbers)):
            return
        yield Equation(
            result, flow.downstream, [upstream, *[("value", line) for line in lines]], [flow.upstream, *numbers],
            lambda xs: recomputed(graph, owner, flow.slot, xs[1], xs[2:], xs[0]), level=graph.primitives[owner].moves,
        )  # fmt: skip

    def _sum(self, sweep: ArrayPass, place: int, index: int) -> Iterator[Equation]:
        """The gradients that meet, added."""
        flows, total = sweep.arriving[index], sweep.numbers[index]
        if total is not None and is_small(total):
            keys = [self._arrival(sweep, place, flow) for flow in flows]
            yield Equation(("number", place, index), total, keys, [flow.downstream for flow in flows], _added)

    def _line_values(self) -> Sequence[Value]:
        return self.explanation.values

    def _settle_all(self, equations: Sequence[Equation]) -> None:
        """Settle every equation; then again, until no array is given digits."""
        for _ in range(MOST_ROUNDS):
            before = dict(self.digits)
            for equation in equations:
                self._settle(equation)
            if self.digits == before:
                return

    def _settle(self, equation: Equation) -> None:
        """Give digits to the operands until the equation holds as printed."""
        if equation.level:
            keys = [equation.result, equation.keys[0]]
            most = max(map(self._of, keys))
            if most > self.base:
                self.digits.update(dict.fromkeys(keys, most))
        for _ in range(MOST_DIGITS * len(equation.keys)):
            printed = [self._printed(key, x) for key, x in zip(equation.keys, equation.numbers, strict=True)]
            if self._off(equation, printed) <= 1:
                return
            errors = [
                self._off(equation, [*equation.numbers[:at], one, *equation.numbers[at + 1 :]])
                if one is not exact and self._of(equation.keys[at]) < MOST_DIGITS else 0.0
                for at, (one, exact) in enumerate(zip(printed, equation.numbers, strict=True))
            ]  # fmt: skip
            worst = max(range(len(errors)), key=errors.__getitem__)
            if not errors[worst] > 0:
                return
            self.digits[equation.keys[worst]] = self._of(equation.keys[worst]) + 1

    def _printed(self, key: Key, number: Value) -> Value:
        """The array that is printed; the same object where no digit is lost."""
        graph, line = self.explanation.graph, key[-1]
        if key[0] == "value" and graph.primitives[line] is CONSTANT and graph.names[line] is None:
            return number
        at = (key, self._of(key))
        if at not in self.rounded:
            numbers = _numbers(number)
            texts = [rounded(x, at[1]) for x in numbers]
            same = all(a == b or a != a for a, b in zip(texts, numbers, strict=True))
            self.rounded[at] = number if same else from_numbers(texts, shape_of(number))
        return self.rounded[at]

    def _off(self, equation: Equation, operands: Sequence[Value]) -> float:
        """By how many units of its last digit the result is missed, at its worst element."""
        digits = self._of(equation.result)
        again = _numbers(equation.again(operands))
        exact = _numbers(equation.value)
        many = len(exact)
        open = [True] * many if equation.open is None else equation.open.ravel().tolist()
        if not len(again) == len(open) == many:
            return 0.0
        return max((misses(x, a, digits) for x, a, o in zip(exact, again, open, strict=True) if o), default=0.0)


def _numbers(value: Value) -> list[float]:
    return [value] if type(value) is float else value.ravel().tolist()  # type: ignore[union-attr]


def _kept(static: Any, flow: ArrayFlow) -> Shape | None:
    """The shape of an upstream with the axis that was reduced at length 1."""
    axis = static[0] if static else None
    if axis is None:
        return None
    kept = [*shape_of(flow.downstream)]
    kept[axis] = 1
    return tuple(kept)


def _product(upstream: Value, local: Value, kept: Shape | None, shape: Shape) -> Value:
    """upstream × local, repeated or added up to SHAPE."""
    if kept is not None:
        upstream = from_numbers(_numbers(upstream), kept)
    found: Value = apply(NAMED["fit"], shape, [upstream * local])
    return found


def _added(parts: Sequence[Value]) -> Value:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
