"""The backward sweep over a tape, with the sums of `autodiff.pull_back` bit for bit, and the tape as a graph."""

from __future__ import annotations

from gradcli.batch.onepass import Pass
from gradcli.batch.stepping import EVERY, SIGNS, power
from gradcli.batch.steps import DUE
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.batch.onepass import Entry, Row

POWER = NAMED["power"]
ABSENT, SHUT = -0.0, float("0.0")  # where nothing arrived, where only closed gates led: told apart by identity


def swept(tape: Sequence[Row], base: int, literals: int, result: int) -> list[float]:
    """The adjoint of every line by its index where every line is needed and passes something to all its operands."""
    place = base + len(tape)
    adjoints = [ABSENT] * (place + literals)
    adjoints[result] = 1.0
    for first, local, second, other, _, _ in reversed(tape):
        place -= 1
        upstream = adjoints[place]
        adjoints[first] += upstream * local
        if second is not None:
            adjoints[second] += upstream * other
    return adjoints


def pull_back(tape: Sequence[Row], base: int, literals: int, result: int) -> list[float]:
    """The adjoint of every line by its index, ABSENT where nothing arrived and SHUT where only closed gates led.

    Where a line was reached that passes no gradient, which is worth a note, DUE says so.
    """
    place = base + len(tape)
    adjoints = [ABSENT] * (place + literals)
    adjoints[result] = 1.0
    for first, local, second, other, step, _ in reversed(tape):
        place -= 1
        upstream = adjoints[place]
        if not upstream:
            if upstream is ABSENT:
                continue
            if upstream is SHUT:
                if other is None and second is not None:
                    _close(adjoints, first, local)
                    continue
                before = adjoints[first]
                if before is not SHUT:
                    adjoints[first] = SHUT if before is ABSENT else before + 0.0
                if other is not None:
                    before = adjoints[second]
                    if before is not SHUT:
                        adjoints[second] = SHUT if before is ABSENT else before + 0.0
                continue
        if other is not None:
            adjoints[first] += upstream * local
            adjoints[second] += upstream * other
        elif second is None:
            adjoints[first] += upstream * local
        else:
            if step.warns:
                DUE.append(1)
            for operand, share in zip(first, local):  # noqa: B905  # a step has one for each
                if share is None:
                    continue
                if share or not step.opens:
                    adjoints[operand] += upstream * share
                else:
                    before = adjoints[operand]
                    if before is not SHUT:
                        adjoints[operand] = SHUT if before is ABSENT else before + 0.0
    return adjoints


def gradients_of(run: Pass, adjoints: Sequence[float]) -> list[float] | None:
    """The gradients by name where every number is finite and nothing is worth a note; None where that may be."""
    numbers = adjoints[: len(run.names)]
    total = sum(adjoints) + run.total
    if total - total != 0 or DUE or (run.routes and sum([number is SHUT for number in numbers]) > 1):
        return None
    return [0.0 if number is ABSENT else number for number in numbers]


def shown(run: Pass, adjoints: Sequence[float]) -> list[float]:
    """The gradients by name: 0 where nothing arrived."""
    return [0.0 if number is ABSENT else number for number in adjoints[: len(run.names)]]


def _close(adjoints: list[float], operands: Sequence[int], shares: Sequence[float | None]) -> None:
    """Add exactly 0 to what is below a closed gate: to those of several operands that get a flow."""
    for operand, share in zip(operands, shares, strict=True):
        if share is not None:
            before = adjoints[operand]
            if before is not SHUT:
                adjoints[operand] = SHUT if before is ABSENT else before + 0.0


def graph_of(run: Pass, result: Entry, values: list[float] | None = None) -> tuple[Graph, int]:
    """The graph of a program that was read, and the line of its result: the lines that the builder writes, in its order
    but for constants, which nothing counts. VALUES receives what its lines are."""
    graph = Graph()
    base, consts, names, known = run.base, run.consts, run.names, run.known
    values = [] if values is None else values
    lines: dict[int, int] = {}
    for index in (*_in_order(run, result[1]), *range(len(names))):
        if index in lines:
            continue
        if index < base:
            lines[index] = graph.variable(names[index])
            values.append(known[names[index]][0])
            continue
        row = run.tape[index - base]
        step = row[4]
        if type(step) is str:
            step = SIGNS[step]
        operands = operands_of(row)
        for operand in operands:
            if operand < 0 and operand not in lines:
                lines[operand] = graph.constant(consts[~operand])
                values.append(consts[~operand])
        values.append(row[5])
        lines[index] = graph.append(step.primitive, tuple([lines[o] for o in operands]), step.static)
    if result[1] not in lines:
        lines[result[1]] = graph.constant(result[0])
        values.append(result[0])
    for index, name in run.labels.items():
        if index in lines:
            graph.names[lines[index]] = name
    return graph, lines[result[1]]


def operands_of(row: Row) -> tuple[int, ...]:
    """The indices of what a line of the tape is computed from."""
    first, _, second, other, _, _ = row
    return first if type(first) is tuple else (first,) if other is None else (first, second)


def _in_order(run: Pass, result: int) -> list[int]:
    """The variables and the lines of the tape in the order in which they were read: operands from the left."""
    tape, base = run.tape, run.base
    used = {operand for row in tape for operand in operands_of(row)}
    found: dict[int, None] = {}
    for root in range(base, base + len(tape)):
        if root in used and root != result and root not in run.labels:
            continue
        waiting = [(root, False)]
        while waiting:
            index, is_ready = waiting.pop()
            if index < 0 or index in found:
                continue
            if is_ready or index < base:
                found[index] = None
                continue
            waiting.append((index, True))
            waiting += [(operand, False) for operand in reversed(operands_of(tape[index - base]))]
    return [*found]


def passed(graph: Graph, result: int, point: Mapping[str, float]) -> tuple[Pass, Entry] | None:
    """The lines of a GRAPH that the RESULT needs, computed and taped; None for what is rare."""
    run = Pass(point, {})
    entries: list[Any] = []
    for primitive, operands, static, name, live in zip(
        graph.primitives, graph.operands, graph.statics, graph.names, graph.live((result,)), strict=True
    ):
        entry = None
        if primitive is VARIABLE:
            entry = point[name or ""], len(run.names)
            run.known[name or ""] = entry
            run.names.append(name or "")
        elif live and primitive is CONSTANT:
            run.consts.append(static)
            entry = static, -len(run.consts)
        elif live:
            step = EVERY.get((primitive.name, static, len(operands))) or (power(static) if primitive is POWER else None)
            if step is None:
                return None
            value = run.taped(step, [entries[operand] for operand in operands])
            entry = value, run.base + len(run.tape) - 1
            run.total += value
        entries.append(entry)
    return run, entries[result]
