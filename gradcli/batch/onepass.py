"""A program of scalars read, computed and taped in one pass over its words: no items, no graph, no nodes.

The tables of the language drive it, so it reads what they read and nothing else. A line of the tape has the index of
every operand beside its local gradient; both come from the generated steps.
"""

from __future__ import annotations

from gradcli.batch.stepping import NEGATIVE, ONE, PLAIN_SIGNS, POW, SIGNS, TWO, Step, power
from gradcli.batch.steps import DUE
from gradcli.graph.carriers import number
from gradcli.language import (
    ACCEPT,
    BINARY,
    BLANK,
    CALL,
    FIRST,
    GROUP,
    MORE,
    NAME,
    NUMBER,
    OPEN,
    OPERAND,
    PAIR,
    PREFIX,
    SHIFT,
    VALUE,
    tables,
)
from gradcli.language.expressions import CONSTANTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Entry = tuple[float, int]  # a value, and the index of its line
    Row = tuple[Any, Any, Any, Any, Any]  # index and local gradient, twice; what it is. See `Pass`.

INFINITE = float("inf")
REFUSED = (ArithmeticError, ValueError)  # what Python raises where IEEE has a result


def _linked() -> Any:
    """The place of the start, as `language.link` makes it, but with rows by word; NUMBER and NAME are keys as well."""
    rows: list[dict[Any, Any]] = [{} for _ in tables.ROWS]
    numbered = [*rows, *[None] * (256 - len(rows))]
    places = [[numbered[number] for number in following] for following in tables.NEXT]
    steps: list[Any] = []
    for action, target, extra in tables.STEPS:
        if action == OPERAND:
            steps.append(numbered[target])
        elif action in (SHIFT, OPEN):
            steps.append((action, places[target][0], places[target]))
        else:
            steps.append((action, target, extra))
    for row, numbers in zip(rows, tables.ROWS, strict=True):
        for word, kind in (*tables.KINDS.items(), (NUMBER, NUMBER), (NAME, NAME)):
            row[word] = steps[numbers[kind]]
    return places[0]


START = _linked()


class Pass:
    """One program at a point, read and computed.

    Indices: variable k has k, in the order of `names`; literal k has -1 - k; line k of the tape has `base` + k. A row
    of the tape is (index, local, index, local, step or sign) for what has two operands, (index, local, None, None,
    step) for what has one, (indices, locals, step, None, step) for all else. `lined` are the literals that got a name,
    `labels` the names of lines. `roots` are the lines that a square root is taken of. `odd` is whether a value may be
    infinite or nan; then local gradients may be missing.
    """

    __slots__ = (
        "base", "consts", "functions", "given", "known", "labels", "lined", "names", "odd", "roots", "routes",
        "tape", "tells", "values",
    )  # fmt: skip

    def __init__(self, given: Mapping[str, float], functions: Mapping[str, Mapping[int, Step]]) -> None:
        self.given = given
        self.functions = functions
        self.base = len(given)
        self.names: list[str] = []
        self.known: dict[str, Entry] = {}
        self.tape: list[Row] = []
        self.values: list[float] = []
        self.consts: list[float] = []
        self.lined: set[int] = set()
        self.labels: dict[int, str] = {}
        self.roots: list[int] = []
        self.tells = 0
        self.routes = False
        self.odd = False
        DUE.clear()

    def run(self, words: Sequence[str]) -> Entry | None:
        """The entry of the expression that the WORDS are, an empty one at their end; None for what is none, or rare."""
        consts, known, names, given, functions = self.consts, self.known, self.names, self.given, self.functions
        write, keep = self.tape.append, self.values.append
        n = self.base + len(self.tape)
        stack: list[Any] = []
        push, pop = stack.append, stack.pop
        place: Any = START
        row = place[0]
        states: list[Any] = [place]
        held: list[Any] = []
        counts: list[int] = []
        tells = 0
        signs = PLAIN_SIGNS.get
        feed = iter(words)
        for word in feed:
            found = row.get(word)
            if found is None:
                entry = known.get(word)
                if entry is not None:
                    row = row[NAME]
                    if row is None:
                        return None
                    push(entry)
                elif word in functions:
                    row = row[NAME]
                    if row is None or next(feed) != "(":
                        return None
                    _, row, place = row["("]
                    states.append(place)
                    held.append(functions[word])
                elif word.isidentifier():
                    row = row[NAME]
                    if row is None:
                        return None
                    if word in given:
                        value = given[word]
                        if type(value) is not float or value - value != 0:
                            return None
                        known[word] = entry = value, len(names)
                        names.append(word)
                        push(entry)
                    elif word in CONSTANTS:
                        value = CONSTANTS[word]
                        if value - value != 0:
                            self.odd = True
                        consts.append(value)
                        push((value, -len(consts)))
                    else:
                        return None
                else:
                    row = row[NUMBER]
                    if row is None or "_" in word:
                        return None
                    try:
                        value = float(word)
                    except ValueError:
                        return None
                    if value == INFINITE:
                        self.odd = True
                    consts.append(value)
                    push((value, -len(consts)))
                continue
            action, target, place = found
            while action != SHIFT:
                if action == BINARY:
                    states.pop()
                    sign = held.pop()
                    b, ib = pop()
                    a, ia = pop()
                    run = signs(sign)
                    if run is not None:
                        try:
                            y, da, db = run(a, b)
                        except REFUSED:
                            y, da, db = self.slowly(SIGNS[sign], (a, b)), 0.0, 0.0
                        write((ia, da, ib, db, sign))
                    else:
                        y = self.written(sign, a, ia, b, ib)
                        if y is None:
                            return None
                    keep(y)
                    push((y, n))
                    n += 1
                elif action == PREFIX:
                    states.pop()
                    if held.pop() == "-":
                        a, ia = pop()
                        if ia < 0 and ia not in self.lined:
                            consts[~ia] = -a
                            push((-a, ia))
                        else:
                            y, da = NEGATIVE.run(a)
                            write((ia, da, None, None, NEGATIVE))
                            keep(y)
                            push((y, n))
                            n += 1
                elif action == CALL:
                    states.pop()
                    step = held.pop().get(counts.pop() if place is None else place)
                    if step is None:
                        return None
                    if step.kind == ONE:
                        a, ia = pop()
                        try:
                            y, da = step.run(a)
                        except REFUSED:
                            y, da = self.slowly(step, (a,)), 0.0
                        write((ia, da, None, None, step))
                        if step.is_root:
                            self.roots.append(ia)
                    else:
                        y = self.call(step, stack)
                    tells += step.tells
                    keep(y)
                    push((y, n))
                    n += 1
                    row = states[-1][target]
                    break
                elif action == GROUP:
                    states.pop()
                    held.pop()
                    row = states[-1][target]
                    break
                elif action == FIRST:
                    counts.append(1)
                elif action == PAIR:
                    counts.append(2)
                    states.pop()
                    held.pop()
                elif action == MORE:
                    states.pop()
                    held.pop()
                    counts[-1] += 1
                elif action == ACCEPT:
                    self.tells += tells
                    return stack[0] if len(stack) == 1 else None
                elif action != VALUE and action != BLANK:
                    return None
                action, target, place = states[-1][target][word]
            else:
                states.append(place)
                held.append(word)
                row = target
        return None

    def written(self, sign: str, a: float, ia: int, b: float, ib: int) -> float | None:
        """The value of a power or a comparison, taped; None for what is rare."""
        y: float
        if sign == "^" and ib < 0 and ib not in self.lined:
            step = power(b)
            if step is None:
                return None
            try:
                y, local = step.run(a)
            except REFUSED:
                y, local = self.slowly(step, (a,)), 0.0
            self.tape.append((ia, local, None, None, step))
            if step.is_root:
                self.roots.append(ia)
            return y
        step = POW if sign == "^" else SIGNS.get(sign)
        return None if step is None else self.taped(step, ((a, ia), (b, ib)))

    def call(self, step: Step, stack: list[Entry]) -> float:
        """The value of a call of several operands, the last of the STACK, taped; some of them may be left out."""
        for value in step.defaults:
            self.consts.append(value)
            stack.append((value, -len(self.consts)))
        operands = stack[len(stack) - step.count :]
        del stack[len(stack) - step.count :]
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
            self.tape.append((operands[0][1], locals_[0], None, None, step))
        elif step.kind == TWO:
            self.tape.append((operands[0][1], locals_[0], operands[1][1], locals_[1], step))
        else:
            self.tape.append((tuple([index for _, index in operands]), locals_[0], step, None, step))
            self.routes |= step.routes
        return y

    def slowly(self, step: Step, operands: Sequence[float]) -> float:
        """The value of a line that Python refuses to compute, or whose local gradients it does."""
        self.odd = True
        found: float = number(step.primitive, step.static, tuple(operands))
        return found
