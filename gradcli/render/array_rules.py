"""What a line over arrays says of its rules: local gradients in formula and numbers, how the upstream is carried back,
which axes an operand was copied along, and what adds up where flows meet."""

from __future__ import annotations

from gradcli.render.array_blocks import beside, block, each, wide
from gradcli.render.style import folded, in_ascii
from gradcli.render.table import ORDINALS
from gradcli.report.array_precision import is_small
from gradcli.report.precision import MOST_PARTS
from gradcli.report.rounding import shown
from gradcli.text import shortest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.graph.arrays import Value
    from gradcli.render.array_blocks import Block
    from gradcli.report.array_explanation import ArrayEdge, ArrayExplanation
    from gradcli.report.array_precision import ArrayDigits

LONGEST_FORMULA = 90  # of a local gradient; longer ones are shown as numbers only
MOST_NAMES = 3
UNREADABLE = ("fit(", "concat(", "[...")


class Speaker:
    """The texts of one drawing, with its digits; FULL shows every number, without UNICODE they are ASCII."""

    def __init__(self, explanation: ArrayExplanation, digits: ArrayDigits, *, full: bool, unicode: bool = True) -> None:
        self.explanation = explanation
        self.digits = digits
        self.full = full
        self.unicode = unicode
        self.spell: Callable[[str], str] = str if unicode else in_ascii

    def name(self, index: int) -> str:
        """The label of a line."""
        return self.explanation.labels.names[index]

    def shape(self, index: int) -> str:
        """The shape of a line as it is printed."""
        return f"[{','.join(map(str, self.explanation.shape(index)))}]"

    def value(self, index: int, room: int | None = None) -> Block:
        """The value of a line."""
        return self.block(self.explanation.values[index], self.digits.value(index), room)

    def number(self, index: int, place: int = 0, room: int | None = None) -> Block:
        """The gradient of a line, or its tangent."""
        number, digits = self.explanation.number(index, place), self.digits.number(index, place)
        return self.block(number, digits, room)

    def downstream(self, edge: ArrayEdge, place: int = 0, room: int | None = None) -> Block:
        """What a flow brings."""
        return self.block(edge.downstream, self.digits.downstream(edge, place), room)

    def block(self, value: Value | None, digits: int, room: int | None = None) -> Block:
        """A value as a block."""
        if room is not None and not self.unicode:
            room -= 2  # three dots for one
        return [self.spell(line) for line in block(value, digits, full=self.full, room=room)]

    def local(self, edge: ArrayEdge, room: int | None = None) -> Block:
        """The local gradient of a flow in numbers."""
        assert edge.local is not None
        digits = self.digits.local(edge)
        many = bool(self.explanation.shape(edge.owner) or self.explanation.shape(edge.operand))
        return each(edge.local, digits, many=many) or self.block(edge.local, digits, room)

    def formula(self, edge: ArrayEdge) -> str:
        """The local gradient as a formula; blank where that is the number itself, or cannot be read."""
        formula = edge.formula or ""
        if type(edge.local) is float:
            text = shown(edge.local, self.digits.local(edge))
            if formula in (text, shortest(edge.local)):
                parts = round(1 / edge.local) if 0 < edge.local < 1 else 0
                return f"1/{parts}" if parts and 1 / parts == edge.local and text != shortest(edge.local) else ""
        if len(formula) > LONGEST_FORMULA or any(mark in formula for mark in UNREADABLE) or formula.startswith("["):
            return ""
        return formula

    def operand(self, edge: ArrayEdge) -> str:
        """The label of an operand, and which of them is meant where a line has it in several places."""
        operands = self.explanation.graph.operands[edge.owner]
        name = self.explanation.name(edge.operand)
        if operands.count(edge.operand) < 2:
            return name
        number = operands[: edge.slot + 1].count(edge.operand)
        return f"{name} ({number}{ORDINALS.get(number, 'th')})"

    def carried(self, edge: ArrayEdge) -> str:
        """How a line without a local gradient carries the upstream back, or the tangent on."""
        if self.explanation.forward:
            return edge.rule or "the pull-back, transposed"
        return edge.rule or f"through {self.explanation.graph.primitives[edge.owner].shown}"

    def copied(self, edge: ArrayEdge) -> str:
        """`b: 2 copies along axis 0, gradients add`: what broadcasting did to an operand."""
        if not edge.copied:
            return ""
        adds = "" if self.explanation.forward else ", gradients add"
        return f"{self.operand(edge)}: {edge.copies:,} copies along {axes(edge)}{adds}"

    def summed(self, edge: ArrayEdge) -> str:
        """What is done to a flow to an operand that was copied."""
        if not edge.copied:
            return ""
        return f"copied along {axes(edge)}" if self.explanation.forward else f"summed along {axes(edge)}"

    def rules(self, index: int, room: int | None = None) -> Block:
        """All that is said of the rules of a line, at most ROOM cells wide where that is given."""
        lines = [*self.sum(index, room)]
        edges = self.explanation.local_edges(index)
        merged: dict[tuple[str, tuple[str, ...]], list[ArrayEdge]] = {}
        for edge in edges:
            if edge.local is None:
                word = "from" if self.explanation.forward else "to"
                lines += broken(f"{word} {self.operand(edge)}: {self.carried(edge)}", room)
                continue
            formula = self.formula(edge)
            merged.setdefault((formula, tuple(self._numbers(edge, formula, room))), []).append(edge)
        for (formula, numbers), same in merged.items():
            names = [self.spell(f"∂{self.name(edge.owner)}/∂{self.operand(edge)}") for edge in same]
            if len(names) > MOST_NAMES:
                names = [*names[: MOST_NAMES - 1], self.spell(f"… {len(names) - MOST_NAMES + 1:,} more")]
            lines += equation(" = ".join(names), formula, [*numbers], room)
        for edge in edges:
            lines += broken(self.copied(edge), room) if edge.copied else []
        return lines

    def _numbers(self, edge: ArrayEdge, formula: str, room: int | None) -> Block:
        """The numbers of a local gradient; none where they stand in the row of another line, or are many."""
        shares = self._shares(edge)
        if shares:
            return [shares]
        local = self.local(edge, None if room is None else room - 4)
        if len(local) == 1 and " " not in local[0].removesuffix(" each"):
            return local
        if formula and (formula in self.explanation.labels.names or not (self.full or is_small(edge.local))):  # type: ignore[arg-type]
            return []
        return local

    def _shares(self, edge: ArrayEdge) -> str:
        """`1 at 39 elements, 0 at 31`: a large gate that only opens or closes."""
        share = edge.local
        if self.full or is_small(share) or not self.explanation.graph.primitives[edge.owner].opens:  # type: ignore[arg-type]
            return ""
        ones, zeros = int((share == 1).sum()), int((share == 0).sum())  # type: ignore[union-attr]
        return f"1 at {ones:,} elements, 0 at {zeros:,}" if ones + zeros == share.size else ""  # type: ignore[union-attr]

    def sum(self, index: int, room: int | None = None, place: int = 0) -> Block:
        """`= 2 + 3` where several flows meet, of arrays block beside block."""
        sweep = self.explanation.sweeps()[place]
        if self.explanation.forward or sweep.meeting(index) < 2:
            return []
        words = "" if self.explanation.is_input(index) else "copy adds "
        return self.parts(index, f"{words}= ", room, place)

    def added(self, index: int, start: str, room: int | None, place: int = 0) -> Block:
        """The flows that meet at a line, and their sum: `4 + 0.5 = 4.5`."""
        parts = self.parts(index, start, None, place)
        total = self.number(index, place)
        total = [f"[{total[0]}]"] if len(total) == 1 and " " in total[0] else total
        row = beside([parts, [" = "], total])
        if room is None or wide(row) <= room:
            return row
        head = "= ".rjust(len(start))
        return [*self.parts(index, start, room, place), *beside([[head], self.number(index, place, room - len(head))])]

    def parts(self, index: int, start: str, room: int | None, place: int = 0, *, whole: bool = False) -> Block:
        """The flows that meet at a line, added: beside each other, or where that is too wide below each other."""
        sweep = self.explanation.sweeps()[place]
        flows = sweep.arriving[index]
        if not (self.full or is_small(self.explanation.values[index])) or len(flows) > MOST_PARTS:
            names = [*dict.fromkeys(self.name(flow.source) for flow in flows)]
            names = names if len(names) <= MOST_PARTS else [*names[:2], f"{len(names) - 2:,} more"]
            return broken(f"{start}{len(flows):,} flows, from {' and '.join([', '.join(names[:-1]), names[-1]])}", room)
        digits = [self.digits.part(flow, place) for flow in flows]
        blocks = [self.block(flow.downstream, d) for flow, d in zip(flows, digits, strict=True)]
        blocks = [_summand(lines, at) for at, lines in enumerate(blocks)]
        plus = "  +  " if max(map(len, blocks)) > 1 else " + "
        signs = [start, *[plus] * (len(blocks) - 1)]
        row = beside([piece for sign, lines in zip(signs, blocks, strict=True) for piece in ([sign], lines)])
        if room is None or wide(row) <= room:
            return row
        found = []
        for sign, flow, d in zip(signs, flows, digits, strict=True):
            head = (sign if sign == start else "+ ").rjust(len(start))
            found += beside([[head], self.block(flow.downstream, d, None if whole else room - len(head))])
        return found


def _summand(lines: Block, place: int) -> Block:
    """A block as it stands in a sum: a row in brackets, a later negative number in parentheses."""
    if len(lines) > 1:
        return lines
    text = lines[0]
    if " " in text:
        return [f"[{text}]"]
    return [f"({text})"] if place and text.startswith("-") else lines


def axes(edge: ArrayEdge) -> str:
    """`axis 0`, `axes 0 and 1`."""
    texts = [*map(str, edge.copied)]
    return f"axis {texts[0]}" if len(texts) == 1 else f"axes {', '.join(texts[:-1])} and {texts[-1]}"


def broken(text: str, room: int | None) -> Block:
    """A text in lines of at most ROOM cells, where that is given."""
    return [text] if room is None else folded(text, room, 2)


def equation(left: str, formula: str, numbers: Block, room: int | None) -> Block:
    """`left = formula = numbers`; where that is too wide, the numbers stand on lines of their own."""
    heads = [f"{left} = {formula}"] if formula else [left]
    if not numbers:
        return broken(heads[0], room)
    whole = beside([[f"{heads[0]} = "], numbers])
    if room is None or wide(whole) <= room:
        return whole
    return [*folded(heads[0], room, 4), *beside([["  = "], numbers])]
