"""A comparison as a table: a number and its correct digits for each decomposition, the truth beside, the verdict."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from gradcli.render.style import (
    DIM,
    FINAL,
    LABEL,
    NOTE,
    RESULT,
    aligned,
    folded,
    hanging,
    in_ascii,
    in_ascii_text,
    number_style,
    safe,
)
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from gradcli.report.comparison import Column, Comparison

GAP, WIDE_GAP = 2, 3  # between a number and its digits, between two columns
MOST_GRADIENTS = 20
LONGEST_LABEL = 24
LEAST_CELL = 16  # cells that a text over a whole column may always take
COUNT_HEADING, NOWHERE = "correct", "nowhere"
OPERATIONS, FIRST_LOSS, NAN_BORN = "operations", "first loss", "nan born"


def comparison_table(comparison: Comparison, *, width: int, unicode: bool = True, digits: int = 6) -> Group:
    """The comparison for a terminal of WIDTH cells; without UNICODE in ASCII; numbers to DIGITS significant digits."""
    plan = _digits_shown(comparison, digits)
    blocks = [_Block(comparison, place, plan, unicode=unicode) for place in range(len(comparison.columns))]
    truth = aligned([one.true(shown) for one, shown in zip(comparison.asked, plan, strict=False)])
    layout = _Layout(comparison, blocks, truth, unicode=unicode)
    table = layout.beside_each_other() if layout.width() <= width else layout.below_each_other(width)
    lines = [*heading(comparison.title, comparison.at, width), Text(""), *table]
    more = len(comparison.asked) - 1 - MOST_GRADIENTS
    if more > 0:
        lines.append(Text(f"… and {more} more gradients (--json has them all)", style=DIM))
    lines += [Text(""), *hanging(Text("verdict  ", style=LABEL), Text(safe(comparison.verdict)), width)]
    if comparison.notes:
        lines.append(Text(""))
    for note in comparison.notes:
        lines += hanging(Text("note  ", style=NOTE), Text(safe(note.message)), width)
    return Group(*(lines if unicode else spelled_in_ascii(lines, width)))


def _digits_shown(comparison: Comparison, digits: int) -> list[int]:
    """The digits of every row: enough to see the first wrong one of a number that lost some."""
    plan = []
    for row in range(min(len(comparison.asked), MOST_GRADIENTS + 1)):
        lost = [column.digits[row] for column in comparison.columns if column.lost[row]]
        plan.append(max([digits, *(found + 2 for found in lost if isinstance(found, int))]))
    return plan


def heading(
    title: str, at: Mapping[str, Any], width: int, shown: Callable[[str, Any], str] | None = None
) -> list[Text]:
    """The expression and the point, broken at operators and between the values; SHOWN says the value of a name."""
    lines = folded(safe(title), width, 4)
    shown = shown or (lambda name, value: _value(value))
    settings = [f"{safe(name)} = {shown(name, value)}" for name, value in at.items()]
    for number, setting in enumerate(settings[:MOST_GRADIENTS]):
        comma = "," if number + 1 < len(settings) else ""
        piece = f"{'' if number else '  at '}{setting}{comma}"
        if len(lines[-1]) + 1 + len(piece) > width:
            lines.append(" " * 4 + piece.strip())
        else:
            lines[-1] += f" {piece}"
    if len(at) > MOST_GRADIENTS:
        lines.append(f"    … and {len(at) - MOST_GRADIENTS} more")
    return [Text(line, style=LABEL) for long in lines for line in folded(long, width, 4)]


def _value(value: float) -> str:
    """A number; a small array as a literal, a large one by its shape."""
    if isinstance(value, float):
        return significant(value)
    from gradcli.graph.arrays import literal

    return literal(value)


def spelled_in_ascii(lines: Sequence[Text], width: int) -> list[Text]:
    """Signs spelled otherwise; a line that grows out of WIDTH by it is broken again."""
    spelled: list[Text] = []
    for line in lines:
        text = in_ascii_text(line)
        indent = len(text.plain) - len(text.plain.lstrip())
        fits = text.cell_len <= width
        spelled += [text] if fits else hanging(Text(" " * min(indent, 4)), text[indent:], width)
    return spelled


class _Block:
    """One decomposition as texts: a number and its digits a row, and the cells that span both."""

    def __init__(self, comparison: Comparison, place: int, plan: Sequence[int], *, unicode: bool) -> None:
        column: Column = comparison.columns[place]
        asked = comparison.asked[: MOST_GRADIENTS + 1]
        self.heading = column.decomposition
        self.numbers = aligned([significant(column.numbers[row], digits) for row, digits in enumerate(plan)])
        self.counts = ["-" if found is None else str(found) for found in column.digits[: len(asked)]]
        self.lost = column.lost
        kinds = " ".join(f"{kind}×{count}" if count > 1 else kind for kind, count in column.operations.items())
        loss, birth = column.first_loss, column.nan_born
        self.operations = f"{column.lines} ({kinds})" if kinds else "0"
        outcome = (
            f" is {significant(loss.value)}" if loss and loss.at_line and loss.kind in ("overflow", "underflow") else ""
        )
        self.first_loss = f"{safe(loss.place)}{outcome}" if loss else NOWHERE
        self.nan_born = f"{safe(birth.place)}: {safe(birth.what)}" if birth else NOWHERE
        self.bears_nan = birth is not None
        if not unicode:
            self.operations, self.first_loss, self.nan_born = map(
                in_ascii, (self.operations, self.first_loss, self.nan_born)
            )

    def number_width(self) -> int:
        """Cells of the column of numbers."""
        return max(map(len, [*self.numbers, self.heading]))

    def count_width(self) -> int:
        """Cells of the column of counted digits."""
        return max(map(len, [*self.counts, COUNT_HEADING]))

    def least_width(self) -> int:
        """Cells below which a number would be cut."""
        return self.number_width() + GAP + self.count_width()

    def number(self, row: int) -> Text:
        """The number of a row, in the colour of its role; one that lost digits stands out."""
        style = NOTE if self.lost[row] else number_style(self.numbers[row], FINAL if row else RESULT)
        return Text(self.numbers[row].rstrip(), style=style)

    def count(self, row: int) -> Text:
        """How many of its digits are right."""
        return Text(self.counts[row], style=NOTE if self.lost[row] else "")

    def spanning(self, cell: str) -> Text:
        """A cell that takes both columns."""
        text = getattr(self, cell)
        return Text(text, style=DIM if text == NOWHERE else NOTE if cell == "nan_born" else "")


class _Layout:
    """The rows of the table, side by side where that fits, else a block a decomposition."""

    def __init__(
        self, comparison: Comparison, blocks: Sequence[_Block], truth: Sequence[str], *, unicode: bool
    ) -> None:
        self.blocks = blocks
        self.truth = truth
        spelled = str if unicode else in_ascii
        self.labels = [_cut(spelled(safe(one.label)), LONGEST_LABEL) for one in comparison.asked[: MOST_GRADIENTS + 1]]
        self.cells = [("operations", OPERATIONS), ("first_loss", FIRST_LOSS)]
        if any(block.bears_nan for block in blocks):
            self.cells.append(("nan_born", NAN_BORN))
        self.label_width = max(Text(label).cell_len for label in [*self.labels, *(name for _, name in self.cells)])
        self.widths = [
            max(block.least_width(), min(LEAST_CELL * 2, max(len(getattr(block, cell)) for cell, _ in self.cells)))
            for block in blocks
        ]

    def width(self) -> int:
        """Cells of the table side by side."""
        return (
            self.label_width
            + sum(WIDE_GAP + width for width in self.widths)
            + WIDE_GAP
            + max(map(len, [*self.truth, "true"]))
        )

    def beside_each_other(self) -> list[Text]:
        """A column pair a decomposition, the truth at the right."""
        starts = [self.label_width + WIDE_GAP]
        for width in self.widths:
            starts.append(starts[-1] + width + WIDE_GAP)
        heading = _placed([
            *((start, Text(block.heading, style=DIM)) for start, block in zip(starts, self.blocks, strict=False)),
            *((start + block.number_width() + GAP, Text(COUNT_HEADING, style=DIM))
              for start, block in zip(starts, self.blocks, strict=False)),
            (starts[-1], Text("true", style=DIM)),
        ])  # fmt: skip
        lines = [heading, Text("─" * self.width(), style=DIM), *self._cell_lines(OPERATIONS, starts)]
        for row, label in enumerate(self.labels):
            pieces = [(0, Text(label, style=LABEL)), (starts[-1], Text(self.truth[row].rstrip()))]
            for start, block in zip(starts, self.blocks, strict=False):
                pieces += [(start, block.number(row)), (start + block.number_width() + GAP, block.count(row))]
            lines.append(_placed(pieces))
        for _, name in self.cells[1:]:
            lines += self._cell_lines(name, starts)
        return lines

    def _cell_lines(self, name: str, starts: Sequence[int]) -> list[Text]:
        cell = next(cell for cell, other in self.cells if other == name)
        split = [
            hanging(Text(""), block.spanning(cell), width)
            for block, width in zip(self.blocks, self.widths, strict=True)
        ]
        lines = []
        for row in range(max(map(len, split))):
            pieces = [(0, Text(name if row == 0 else "", style=DIM))]
            pieces += [(start, part[row]) for start, part in zip(starts, split, strict=False) if row < len(part)]
            lines.append(_placed(pieces))
        return lines

    def below_each_other(self, width: int) -> list[Text]:
        """A block a decomposition, then the truth; for narrow terminals."""
        lines: list[Text] = []
        for block in self.blocks:
            lines += self._headed(block.heading, width)
            lines += self._said("operations", OPERATIONS, block, width)
            for row, label in enumerate(self.labels):
                number, count = block.number(row), block.count(row)
                if block.counts[row] not in ("-", "undecided"):
                    count.append(" correct", style=DIM)
                lines += self._row(label, block.numbers[row], number, count, block.number_width(), width)
            for cell, name in self.cells[1:]:
                lines += self._said(cell, name, block, width)
        lines += self._headed("true", width)
        for row, label in enumerate(self.labels):
            lines += self._row(label, self.truth[row], Text(self.truth[row].rstrip()), Text(""), 0, width)
        return lines

    def _headed(self, heading: str, width: int) -> list[Text]:
        return [Text(heading, style=DIM), Text("─" * width, style=DIM)]

    def _said(self, cell: str, name: str, block: _Block, width: int) -> list[Text]:
        prefix = Text(name.ljust(self.label_width + GAP), style=DIM)
        if prefix.cell_len + LEAST_CELL > width:
            return [Text(name, style=DIM), *hanging(Text("  "), block.spanning(cell), width)]
        return hanging(prefix, block.spanning(cell), width)

    def _row(self, label: str, padded: str, number: Text, count: Text, room: int, width: int) -> list[Text]:
        """A number behind its label, or below it where both would not fit."""
        start = self.label_width + GAP
        ends = start + max(room, len(padded)) + (GAP + count.cell_len if count.cell_len else 0)
        name = Text(label, style=LABEL)
        behind = max(room, len(padded)) + GAP
        if ends <= width:
            return [_placed([(0, name), (start, number), (start + behind, count)])]
        if 2 + behind + count.cell_len <= width:
            return [name, _placed([(2, number), (2 + behind, count)])]
        return [name, _placed([(2, number)]), *([_placed([(2, count)])] if count.cell_len else [])]


def _placed(pieces: Sequence[tuple[int, Text]]) -> Text:
    """Texts at their columns, in one line."""
    line = Text("")
    for start, text in sorted(pieces, key=lambda piece: piece[0]):
        if text.plain:
            line.append(" " * max(start - line.cell_len, 0))
            line.append_text(text)
    line.rstrip()
    return line


def _cut(text: str, width: int) -> str:
    """A long label with its middle left out."""
    if len(text) <= width:
        return text
    keep = width - 1
    return f"{text[: keep - keep // 2]}…{text[len(text) - keep // 2 :]}"
