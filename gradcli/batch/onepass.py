"""A program of scalars read, computed and taped in one pass over its words: no items, no graph, no nodes.

The tables of the language drive it, so it reads what they read and nothing else. A line of the tape has the index of
every operand beside its local gradient; both come from the generated steps, or stand in the generated driver.
"""

from __future__ import annotations

from gradcli.batch.driver import REFUSED, drive
from gradcli.batch.stepping import ANY, ONE, POW, SIGNS, TWO, Step, power
from gradcli.batch.steps import DUE
from gradcli.graph.carriers import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Entry = tuple[float, int]  # a value, and the index of its line
    Row = tuple[Any, Any, Any, Any, Any, float]  # index and local gradient, twice; what it is; its value. See `Pass`.

NONE: Any = frozenset()  # of what is rare; whoever adds something makes a set of their own


class Pass:
    """One program at a point, read and computed.

    Indices: variable k has k, in the order of `names`; literal k has -1 - k; line k of the tape has `base` + k. A row
    of the tape is (index, local, index, local, step or sign, value) for what has two operands, (index, local, None,
    None, step, value) for what has one, (indices, locals, step, None, step, value) for all else, of which `plain` says
    that there is none. `lined` are the literals that got a name, `labels` the names of lines. `roots` are the lines
    that a square root is taken of. `total` is a sum of all values that is not finite where one of them is not; `odd`
    is whether a value may be so for another reason than its size; then local gradients may be missing.
    """

    __slots__ = (
        "base", "consts", "functions", "given", "known", "labels", "lined", "names", "odd", "plain", "roots", "routes",
        "tape", "tells", "total",
    )  # fmt: skip

    def __init__(self, given: Mapping[str, float], functions: Mapping[str, Mapping[int, Step]]) -> None:
        self.given = given
        self.functions = functions
        self.base = len(given)
        self.names: list[str] = []
        self.known: dict[str, Entry] = {}
        self.tape: list[Row] = []
        self.consts: list[float] = []
        self.lined: set[int] = NONE
        self.labels: dict[int, str] = {}
        self.roots: list[int] = []
        self.tells = 0
        self.total = 0.0
        self.plain = True
        self.routes = False
        self.odd = False
        if DUE:
            DUE.clear()

    def run(self, words: Sequence[str]) -> Entry | None:
        """The entry of the expression that the WORDS are, an empty one at their end; None for what is none, or rare."""
        return drive(self, words)

    def written(self, sign: str, a: float, ia: int, b: float, ib: int) -> float | None:
        """The value of a power or a comparison, taped; None for what is rare."""
        if sign == "^" and ib < 0 and ib not in self.lined:
            step = power(b)
            if step is None:
                return None
            y: float
            try:
                y, local = step.run(a)
            except REFUSED:
                y, local = self.slowly(step, (a,)), 0.0
            self.tape.append((ia, local, None, None, step, y))
            if step.is_root:
                self.roots.append(ia)
            return y
        found = POW if sign == "^" else SIGNS.get(sign)
        return None if found is None else self.taped(found, ((a, ia), (b, ib)))

    def refused(self, sign: str, a: float, ia: int, b: float, ib: int) -> float:
        """The value of a sign that Python refused to compute, taped."""
        y = self.slowly(SIGNS[sign], (a, b))
        self.tape.append((ia, 0.0, ib, 0.0, sign, y))
        return y

    def call(self, step: Step, operands: Sequence[Entry]) -> float:
        """The value of a call of several OPERANDS, taped; some of them may be left out."""
        if step.kind == ANY:
            indices: tuple[int, ...]
            try:
                if len(operands) == 2:
                    (a, ia), (b, ib) = operands
                    indices = ia, ib
                    if step.pair is not None and (a > b or a < b):
                        larger, shares = step.pair[a < b]
                        y = a if (larger == 2.0) == (a > b) else b
                    else:
                        due = len(DUE)
                        y, shares = step.run(a, b)
                        if ia == ib and step.routes and len(DUE) > due:
                            DUE.pop()  # a line that ties with itself
                else:
                    indices = tuple([index for _, index in operands])
                    y, shares = step.run(*[value for value, _ in operands])
            except REFUSED:
                return self.taped(step, operands)
            self.tape.append((indices, shares, step, None, step, y))
            self.plain = False
            if step.routes:
                self.routes = True
            return y
        if step.defaults:
            operands = [*operands]
            for value in step.defaults:
                self.consts.append(value)
                operands.append((value, -len(self.consts)))
        return self.taped(step, operands)

    def taped(self, step: Step, operands: Sequence[Entry]) -> float:
        """The value of a line of any kind, taped."""
        y: float
        numbers = [value for value, _ in operands]
        try:
            y, *locals_ = step.run(*numbers)
        except REFUSED:
            y, locals_ = self.slowly(step, numbers), [0.0, 0.0]
        if step.kind == ONE:
            self.tape.append((operands[0][1], locals_[0], None, None, step, y))
        elif step.kind == TWO:
            self.tape.append((operands[0][1], locals_[0], operands[1][1], locals_[1], step, y))
        else:
            self.tape.append((tuple([index for _, index in operands]), locals_[0], step, None, step, y))
            self.plain = False
            self.routes |= step.routes
        return y

    def slowly(self, step: Step, operands: Sequence[float]) -> float:
        """The value of a line that Python refuses to compute, or whose local gradients it does."""
        self.odd = True
        if step.noted:
            DUE.append(1)
        found: float = number(step.primitive, step.static, tuple(operands))
        return found
