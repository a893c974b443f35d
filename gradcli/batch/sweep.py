"""The backward sweep over a tape, with the sums of `autodiff.pull_back` bit for bit, and the tape as a graph."""

from __future__ import annotations

from gradcli.batch.onepass import EVERY, SIGNS, Pass, Step, power
from gradcli.graph import CONSTANT, VARIABLE, Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.batch.onepass import Entry, Row

ABSENT, SHUT = -0.0, float("0.0")  # where nothing arrived, where only closed gates led: told apart by identity


def pull_back(tape: Sequence[Row], base: int, literals: int, result: int) -> list[float] | None:
    """The adjoint of every line by its index, ABSENT where nothing arrived and SHUT where only closed gates led.

    None where a line was reached that passes no gradient, which is worth a note.
    """
    place = base + len(tape)
    adjoints = [ABSENT] * (place + literals)
    adjoints[result] = 1.0
    for first, local, second, other, step in reversed(tape):
        place -= 1
        upstream = adjoints[place]
        if not upstream:
            if upstream is ABSENT:
                continue
            if upstream is SHUT:
                operands = (first,) if second is None else (first, second)
                if type(first) is tuple:
                    operands = [operand for operand, share in zip(first, local, strict=True) if share is not None]
                for operand in operands:
                    _close(adjoints, operand)
                continue
        if other is not None:
            adjoints[first] += upstream * local
            adjoints[second] += upstream * other
        elif second is None:
            adjoints[first] += upstream * local
        else:
            if step.warns:
                return None
            for operand, share in zip(first, local, strict=True):
                if share is None:
                    continue
                if share or not step.opens:
                    adjoints[operand] += upstream * share
                else:
                    _close(adjoints, operand)
    return adjoints


def _close(adjoints: list[float], operand: int) -> None:
    """A closed gate adds exactly 0."""
    before = adjoints[operand]
    if before is ABSENT:
        adjoints[operand] = SHUT
    elif before is not SHUT:
        adjoints[operand] = before + 0.0


def graph_of(run: Pass, result: Entry) -> tuple[Graph, int]:
    """The graph of a program that was read, line by line what the builder makes of it, and the line of its result."""
    graph = Graph()
    base, consts, firsts = run.base, run.consts, run.firsts
    lines: dict[int, int] = {}
    at = 0
    for place, (first, _, second, other, step) in enumerate(run.tape):
        while at < len(firsts) and firsts[at][0] <= place:
            at = _first(run, graph, lines, at)
        if type(step) is str:
            step = SIGNS[step]
        operands = first if type(first) is tuple else (first,) if other is None else (first, second)
        for operand in operands:
            if operand < 0 and operand not in lines:
                lines[operand] = graph.constant(consts[~operand])
        lines[base + place] = graph.append(step.primitive, tuple([lines[o] for o in operands]), step.static)
    while at < len(firsts):
        at = _first(run, graph, lines, at)
    if result[1] not in lines:
        lines[result[1]] = graph.constant(result[0])
    for index, name in run.labels.items():
        graph.names[lines[index]] = name
    return graph, lines[result[1]]


def _first(run: Pass, graph: Graph, lines: dict[int, int], at: int) -> int:
    """The line of what appeared first as number AT."""
    index = run.firsts[at][1]
    lines[index] = graph.variable(run.names[index]) if index >= 0 else graph.constant(run.consts[~index])
    return at + 1


def passed(graph: Graph, result: int, point: Mapping[str, float]) -> tuple[Pass, Entry] | None:
    """What a program leaves behind that is read, of the lines of a GRAPH that the RESULT needs; None for what is rare.

    Raises ArithmeticError or ValueError where Python does and IEEE has a result.
    """
    run = Pass(point, {})
    entries: list[Entry | None] = []
    base = run.base
    for primitive, operands, static, name, live in zip(
        graph.primitives, graph.operands, graph.statics, graph.names, graph.live((result,)), strict=True
    ):
        entry: Entry | None = None
        if primitive is VARIABLE:
            entry = run.named(name or "")
            if entry is None:
                return None
        elif live:
            if primitive is CONSTANT:
                run.consts.append(static)
                entry = static, -len(run.consts)
            else:
                count = len(operands)
                step = EVERY.get((primitive.name, static, count))
                if step is None:
                    step = power(static) if primitive.name == "power" else None
                if step is None:
                    return None
                entry = _taped(run, step, [entries[o] for o in operands]), base + len(run.values)  # type: ignore[misc]
                run.values.append(entry[0])
        entries.append(entry)
    found = entries[result]
    assert found is not None
    return run, found


def _taped(run: Pass, step: Step, operands: list[Entry]) -> float:
    y: float
    if len(operands) == 1 and step.kind == 1:
        ((a, index),) = operands
        y, local = step.run(a)
        run.tape.append((index, local, None, None, step))
        return y
    return run.call(step, operands)
