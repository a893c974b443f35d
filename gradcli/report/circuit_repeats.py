"""Repeats of a large circuit: long chains of one operation, of which the middle is counted instead of drawn."""

from __future__ import annotations

from gradcli.graph import CONSTANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.explanation import Explanation

KEPT = 2  # of a chain, at its start and at its end


class Repeat:
    """Lines that are left out: COUNT of a chain from `first` to `last`, and `others` that only they use.

    `operands` are the lines that are drawn and that they use.
    """

    __slots__ = ("count", "first", "last", "lines", "operands", "others")

    def __init__(self, chain: Sequence[int], lines: Sequence[int], operands: Sequence[int]) -> None:
        self.first, self.last = chain[0], chain[-1]
        self.count = len(chain)
        self.others = len(lines) - len(chain)
        self.lines = lines
        self.operands = operands


def repeats_of(explanation: Explanation, rows: Sequence[int], shortest: int) -> list[Repeat]:
    """The middles of all chains of at least SHORTEST + 2 * KEPT lines: each line is used by the next one only."""
    graph = explanation.graph
    visible = set(rows)
    uses = [0] * len(graph)
    for line in rows:
        for operand in set(graph.operands[line]):
            uses[operand] += 1
    uses[explanation.result] += 1
    found: list[Repeat] = []
    done: set[int] = set()
    for line in reversed(rows):
        if line in done or line not in visible or not graph.operands[line]:
            continue
        chain = [line]
        while True:
            here = chain[-1]
            before = [
                operand for operand in graph.operands[here]
                if graph.primitives[operand].shown == graph.primitives[here].shown and uses[operand] == 1
                and operand in visible and graph.operands[operand]
            ]  # fmt: skip
            if not before or before[0] in done:
                break
            chain.append(before[0])
        if len(chain) >= shortest + 2 * KEPT:
            done |= set(chain)
            middle = sorted(chain[KEPT:-KEPT])
            found.append(_repeat(explanation, middle, visible, set(chain) - set(middle), uses))
            visible -= set(found[-1].lines)
    return found


def _repeat(
    explanation: Explanation, chain: Sequence[int], visible: set[int], stays: set[int], uses: Sequence[int]
) -> Repeat:
    """A chain with the lines that only it uses, and the lines that stay and lead into it."""
    graph = explanation.graph
    left: dict[int, int] = {}
    lines = set(chain)
    waiting = [*reversed(chain)]
    while waiting:
        line = waiting.pop()
        for operand in set(graph.operands[line]):
            if operand in lines or operand not in visible:
                continue
            left[operand] = left.get(operand, uses[operand]) - 1
            if left[operand] == 0 and operand not in stays and operand != explanation.result:
                lines.add(operand)
                waiting.append(operand)
    used = {operand for line in lines for operand in graph.operands[line]}
    operands = [
        line for line in sorted(used - lines)
        if line in visible and not (graph.primitives[line] is CONSTANT and graph.names[line] is None)
    ]  # fmt: skip
    return Repeat(chain, sorted(lines), operands)
