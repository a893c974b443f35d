"""The carrier of nodes for scalars: what autodiff.adjoint writes, in graphs without shapes, several times as fast.

Numbers and masks are line indices here. A local gradient that is an operand, the result or a constant needs no line.
"""

from __future__ import annotations

from gradcli.graph import CONSTANT, NAMED, Graph, Origin, Primitive, primitives
from gradcli.graph.carriers import Trace, trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Mask = int | None  # the line that is 1 where gates are open; None where none was passed
    Recipe = tuple[tuple[int, Any], ...]

NOTHING, LEAF, NUMBER, LINES = range(4)  # what an output of a rule is
BOOLEAN = frozenset(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"))


class ScalarCarrier:
    """Lines as the numbers of a sweep (sweeps.Carrier): every step appends what computes it."""

    unmasked: Mask = None

    def __init__(
        self, graph: Graph, *, seed: int | None, lean: bool, is_number: Callable[[int], bool] | None
    ) -> None:
        primitives()
        self.graph = graph
        self.start = seed
        self.lean = lean
        self.is_number = is_number
        self.primitives, self.operands, self.statics = graph.primitives, graph.operands, graph.statics
        self.constants: dict[float, int] = {}
        self.recipes: dict[tuple[Primitive, Any, int], tuple[Trace, Recipe]] = {}
        self.index = self.slot = -1
        self.written: dict[int, int] = {}
        self.first_gate = True
        if graph.origins is None:
            graph.origins = {}
        self.origins = graph.origins
        self.add, self.mul, self.neg, self.where = (NAMED[name] for name in ("add", "mul", "neg", "where"))
        self.not_equal = NAMED["not_equal"]

    def seed(self, result: int) -> int:
        if self.start is not None:
            return self.start
        return self._append(NAMED["seed"], (result,), None, "seed", result, result)

    def local(self, index: int, slot: int) -> int | None:
        operands = self.operands[index]
        primitive = self.primitives[index]
        key = (primitive, self.statics[index], len(operands))
        found = self.recipes.get(key)
        if found is None:
            found = self.recipes[key] = _recipe(*key)
        if self.index != index:
            self.index = index
            if self.written:
                self.written = {}
        self.slot = slot
        kind, what = found[1][slot]
        if kind == LEAF:
            line: int = operands[what - 1] if what else index
            return line
        if kind == NUMBER:
            return self.constant(what)
        if kind == NOTHING:
            return None
        return self._read(found[0], slot, what)

    def mask(self, mask: Mask, index: int, slot: int, local: int) -> Mask:
        if not self.primitives[index].opens:
            return mask
        self.first_gate = mask is None
        operand = self.operands[index][slot]
        passed = self._is_not_zero(local, "open", index, operand)
        return passed if mask is None else self._append(self.mul, (mask, passed), None, "open", index, operand)

    def times(self, number: int, local: int, mask: Mask) -> int:
        index, operand = self.index, self.operands[self.index][self.slot]
        if mask is None:
            return self._product(number, local, index, operand)
        if self.primitives[index].opens:
            if self.lean and self.first_gate and self._value(number) == 1:
                return local
            carried = number if self._is_boolean(local) else self._product(number, local, index, operand)
        elif self.lean and number == mask:
            carried = local
        else:
            carried = self._product(number, local, index, operand)
            value = self._value(local)
            if value is not None and value - value == 0:
                return carried  # by a finite number, what was closed before is 0 and stays it
        return self._append(self.where, (mask, carried, self.constant(0.0)), None, "flow", index, operand)

    def plus(self, before: int, more: int) -> int:
        return self._append(
            self.add, (before, more), None, "sum", self.index, self.operands[self.index][self.slot]
        )

    def meet(self, before: Mask, more: Mask) -> Mask:
        if before is None or more is None or before == more:
            return before if before == more else None
        index, operand = self.index, self.operands[self.index][self.slot]
        either = self._append(self.add, (before, more), None, "open", index, operand)
        return self._is_not_zero(either, "open", index, operand)

    def finish(self, result: int, tangent: int, mask: Mask) -> int:
        return tangent

    # How it is written

    def constant(self, value: float) -> int:
        """The line of a number; one for all that is written here."""
        found = self.constants.get(value)
        if found is None or (value == 0 and str(value) != str(self.statics[found])):  # 0.0 is -0.0
            found = self.constants[value] = self.graph.constant(value)
        return found

    def _append(
        self, primitive: Primitive, operands: tuple[int, ...], static: Any, role: str, source: int, target: int
    ) -> int:
        line = self.graph.append(primitive, operands, static)
        self.origins[line] = Origin(role, source, target)
        return line

    def _value(self, line: int) -> float | None:
        value: float | None = self.statics[line] if self.primitives[line] is CONSTANT else None
        return value

    def _is_boolean(self, line: int) -> bool:
        return self.primitives[line].name in BOOLEAN

    def _is_not_zero(self, line: int, role: str, source: int, target: int) -> int:
        """LINE != 0; a truth value is itself."""
        if self._is_boolean(line):
            return line
        return self._append(self.not_equal, (line, self.constant(0.0)), None, role, source, target)

    def _product(self, number: int, local: int, source: int, target: int) -> int:
        if self.lean:
            one, other = self._value(number), self._value(local)
            if other == 1:
                return number
            if one == 1:
                return local
            if one is not None and other is not None:
                return self.constant(one * other)
            if other == -1:
                return self._append(self.neg, (number,), None, "flow", source, target)
        return self._append(self.mul, (number, local), None, "flow", source, target)

    def _read(self, trace: Trace, slot: int, output: int) -> int:
        """Output SLOT of the rules as lines; what rules share is written once."""
        graph, written = trace.graph, self.written
        index = self.index
        operands = self.operands[index]
        target = operands[slot]
        for line in trace.lines_of(slot):
            if line in written:
                continue
            primitive = graph.primitives[line]
            if primitive is CONSTANT:
                written[line] = self.constant(graph.statics[line])
                continue
            lines = []
            for operand in graph.operands[line]:
                if operand >= trace.inputs:
                    lines.append(written[operand])
                else:
                    lines.append(operands[operand - 1] if operand else index)
            known = self._known(primitive, lines)
            written[line] = known if known is not None else self._append(
                primitive, tuple(lines), graph.statics[line], "local", index, target
            )
        return written[output]

    def _known(self, primitive: Primitive, lines: list[int]) -> int | None:
        """The line that stands for a test whose outcome is known, or None."""
        name = primitive.name
        if name == "not_equal" and self._is_boolean(lines[0]) and self._value(lines[1]) == 0:
            return lines[0]
        if name == "equal" and lines[0] == lines[1] and self.is_number is not None and self.is_number(lines[0]):
            return self.constant(1.0)
        if name == "where" and (condition := self._value(lines[0])) is not None:
            return lines[1 if condition else 2]
        return None


def _recipe(primitive: Primitive, static: Any, count: int) -> tuple[Trace, Recipe]:
    """What each output of the rules is: nothing, a leaf, a number, or lines."""
    trace = trace_rules(primitive, static, count)
    found: list[tuple[int, Any]] = []
    for output in trace.outputs:
        if output is None:
            found.append((NOTHING, None))
        elif output < trace.inputs:
            found.append((LEAF, output))
        elif trace.graph.primitives[output] is CONSTANT:
            found.append((NUMBER, trace.graph.statics[output]))
        else:
            found.append((LINES, output))
    return trace, tuple(found)
