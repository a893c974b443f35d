"""From lines of a graph to tidy values and back: chains of sums and products are read whole, however long."""

from __future__ import annotations

from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph
from gradcli.graph.tidy import Tidy
from gradcli.graph.tidy_calls import called, divided
from gradcli.graph.tidy_numbers import Untidy
from gradcli.graph.tidy_parts import ATOM, NONNEGATIVE, NONZERO, ONE, PRODUCT, SUM, UNIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.tidy_parts import Value

ADDED = frozenset(("add", "sub", "neg"))
MULTIPLIED = frozenset(("mul", "div", "neg"))


def read(
    tidy: Tidy,
    graph: Graph,
    wanted: Iterable[int],
    values: dict[int, Value],
    facts: Mapping[int, int] | None = None,
    *,
    start: int = 0,
) -> None:
    """Put the value of every line that the WANTED need into VALUES, where some may stand already.

    FACTS are flags of lines that are known from elsewhere. From line START on nobody wrote the lines: they are those
    of a derivative.
    """
    wanted = list(wanted)
    facts = facts or {}
    needed = _needed(graph, wanted, values)
    inside = _inside(graph, needed, wanted, values)
    for line, is_needed in enumerate(needed):
        if is_needed and line not in values and line not in inside:
            tidy.derived = line >= start
            found = _value(tidy, graph, line, values, inside)
            known = facts.get(line, 0)
            if known and found[1] != ONE:
                flags = known if found[0] > 0 else known & ~NONNEGATIVE
                tidy.flags[found[1]] |= flags if found[0] else flags & ~NONZERO
            values[line] = found


def _needed(graph: Graph, wanted: Iterable[int], values: Mapping[int, Value]) -> list[bool]:
    last = max(wanted, default=-1)
    marks = [False] * (last + 1)
    for line in wanted:
        marks[line] = True
    for line in range(last, -1, -1):
        if marks[line] and line not in values:
            for operand in graph.operands[line]:
                marks[operand] = True
    return marks


def _inside(
    graph: Graph, needed: list[bool], wanted: Iterable[int], values: Mapping[int, Value]
) -> dict[int, frozenset[str]]:
    """The lines that stand only in the sum, or only in the product, of one other line: read with it."""
    user: dict[int, int] = {}
    for line, is_needed in enumerate(needed):
        if is_needed and line not in values:
            for operand in graph.operands[line]:
                user[operand] = -1 if operand in user else line
    for line in wanted:
        user[line] = -1
    found: dict[int, frozenset[str]] = {}
    for line in range(len(needed) - 1, -1, -1):
        above = user.get(line, -1)
        if above < 0 or line in values:
            continue
        name, other = graph.primitives[line].name, graph.primitives[above].name
        family = found.get(above)
        if family is None:
            family = ADDED if other in ("add", "sub") else MULTIPLIED
        if name in family and other in family:
            found[line] = family
    return found


def _value(tidy: Tidy, graph: Graph, line: int, values: Mapping[int, Value], inside: Mapping[int, Any]) -> Value:
    primitive, operands, static = graph.primitives[line], graph.operands[line], graph.statics[line]
    shape: Shape = () if graph.shapes is None else graph.shapes[line]
    if primitive is VARIABLE:
        return tidy.variable(graph.names[line] or "", shape)
    if primitive is CONSTANT:
        return tidy.number(static) if type(static) is float else tidy.special(static.text, static, shape)
    try:
        if primitive.name in ADDED or primitive.name in MULTIPLIED:
            return _chain(tidy, graph, line, values, inside)
        if primitive.kind == "elementwise":
            return called(tidy, primitive, static, [values[operand] for operand in operands])
        return _of_arrays(tidy, graph, line, values)
    except Untidy:
        return _as_it_is(tidy, graph, line, values, inside)


def _as_it_is(tidy: Tidy, graph: Graph, line: int, values: Mapping[int, Value], inside: Mapping[int, Any]) -> Value:
    """A line, and what is read with it, operation by operation."""
    found: dict[int, Value] = {}
    lines, waiting = {line}, [line]
    while waiting:
        for operand in graph.operands[waiting.pop()]:
            if operand in inside and operand not in lines:
                lines.add(operand)
                waiting.append(operand)
    for at in sorted(lines):
        operands = [found[o] if o in found else values[o] for o in graph.operands[at]]
        found[at] = tidy.opaque(graph.primitives[at], graph.statics[at], operands)
    return found[line]


def _of_arrays(tidy: Tidy, graph: Graph, line: int, values: Mapping[int, Value]) -> Value:
    from gradcli.graph.tidy_arrays import called as called_on_arrays

    assert graph.shapes is not None
    operands = graph.operands[line]
    return called_on_arrays(
        tidy, graph.primitives[line], graph.statics[line], [values[operand] for operand in operands],
        [graph.shapes[operand] for operand in operands],
    )  # fmt: skip


def _chain(tidy: Tidy, graph: Graph, line: int, values: Mapping[int, Value], inside: Mapping[int, Any]) -> Value:
    """A sum, or a product, with everything that stands in nothing else."""
    name = graph.primitives[line].name
    if name == "mul":
        a, b = graph.operands[line]
        if a not in inside and b not in inside and values[a] == UNIT:
            return values[b]
        if b not in inside and values[b] == UNIT and a not in inside:
            return values[a]
    adds = name in ("add", "sub") or (
        name == "neg" and inside.get(graph.operands[line][0]) is ADDED
    )
    leaves: list[tuple[Value, int]] = []
    negative = False
    waiting = [(line, 1)]
    simple = None
    while waiting:
        at, sign = waiting.pop()
        if at != line and at not in inside:
            leaves.append((values[at], sign))
            continue
        operator, operands = graph.primitives[at].name, graph.operands[at]
        if operator == "neg":
            negative = not negative
            waiting.append((operands[0], -sign if adds else sign))
        else:
            waiting.append((operands[1], -sign if operator in ("sub", "div") else sign))
            waiting.append((operands[0], sign))
            if operator == "div" and at == line:
                simple = operands
    if adds:
        return tidy.add([(sign * number, part) for (number, part), sign in leaves])
    if simple is not None and len(leaves) == 2:
        number, part = divided(tidy, leaves[0][0], leaves[1][0])
        return (-number if negative else number, part)
    return tidy.multiply([((-1, ONE), 1), *leaves] if negative else leaves)


def write(tidy: Tidy, graph: Graph, values: Iterable[Value], lines: dict[int, int]) -> list[int]:
    """Append VALUES to GRAPH; LINES says where a part stands already, and learns where the others come to stand."""
    writer = _Writer(tidy, graph, lines)
    return [writer.line(value) for value in values]


class _Writer:
    def __init__(self, tidy: Tidy, graph: Graph, lines: dict[int, int]) -> None:
        self.tidy = tidy
        self.graph = graph
        self.lines = lines

    def line(self, value: Value) -> int:
        number, part = value
        if part == ONE:
            return self.graph.constant(float(number))
        for other in parts_below(self.tidy, [part], self.lines):
            if ONE not in self.lines:
                self.lines[ONE] = self.graph.constant(1.0)
            self.lines[other] = self._part(other)
        found = self.lines[part]
        return found if number == 1 else self._scaled(number, found)

    def _append(self, name: str, *operands: int, static: Any = None) -> int:
        return self.graph.append(NAMED[name], operands, static)

    def _scaled(self, number: Any, line: int) -> int:
        if number == -1:
            return self._append("neg", line)
        return self._append("mul", self.graph.constant(float(number)), line)

    def _part(self, part: int) -> int:
        tidy, graph = self.tidy, self.graph
        kind, made_of = tidy.kinds[part], tidy.parts[part]
        if kind == ATOM:
            text, value = made_of
            if value is None:
                return graph.variable(text, None, tidy.shapes[part])
            return graph.constant(value if type(value) is float else value.constant)
        if kind == SUM:
            return self._sum(part)
        if kind == PRODUCT:
            return self._product(made_of)
        primitive, static, operands = made_of
        return graph.append(primitive, tuple([self.lines[operand] for operand in operands]), static)

    def _sum(self, part: int) -> int:
        total = None
        for other, number in self.tidy.term_order(part):
            if other == ONE:
                line = self.graph.constant(float(number if total is None else abs(number)))
            elif total is None or number in (1, -1):
                line = self.lines[other]
                if total is None and number != 1:
                    line = self._scaled(number, line)
            else:
                line = self._scaled(abs(number), self.lines[other])
            total = line if total is None else self._append("add" if number > 0 else "sub", total, line)
        assert total is not None
        return total

    def _product(self, factors: Any) -> int:
        above: list[int] = []
        below: list[int] = []
        for base, exponent in self.tidy.factor_order(factors):
            call = self.tidy.parts[base] if self.tidy.kinds[base] not in (ATOM, SUM, PRODUCT) else None
            if call is not None and exponent != 1 and call[0].name in ("exp", "pow") and self.tidy.powers_add(base):
                *others, last = call[2]
                scaled = self._scaled(exponent, self.lines[last])
                made = self.graph.append(call[0], (*[self.lines[other] for other in others], scaled), call[1])
                above.append(made)
                continue
            line = self.lines[base]
            if exponent in (1, -1):
                (above if exponent > 0 else below).append(line)
            else:
                power = self._append("power", line, static=float(abs(exponent)))
                (above if exponent > 0 else below).append(power)
        product = above[0] if above else self.graph.constant(1.0)
        for line in above[1:]:
            product = self._append("mul", product, line)
        if not below:
            return product
        divisor = below[0]
        for line in below[1:]:
            divisor = self._append("mul", divisor, line)
        return self._append("div", product, divisor)


def children(tidy: Tidy, part: int) -> list[int]:
    """The parts that a part is made of."""
    kind, made_of = tidy.kinds[part], tidy.parts[part]
    if kind == ATOM:
        return []
    if kind == SUM:
        return [other for other, _ in made_of[1]]
    if kind == PRODUCT:
        return [base for base, _ in made_of]
    return list(made_of[2])


def parts_below(tidy: Tidy, roots: Iterable[int], known: Mapping[int, Any]) -> list[int]:
    """The parts that the ROOTS are made of, themselves included, those before their users; none that is KNOWN."""
    found: list[int] = []
    seen: set[int] = set()
    waiting = [(root, False) for root in roots]
    while waiting:
        part, done = waiting.pop()
        if done:
            found.append(part)
            continue
        if part in seen or part in known or part == ONE:
            continue
        seen.add(part)
        waiting.append((part, True))
        waiting += [(other, False) for other in children(tidy, part)]
    return found
