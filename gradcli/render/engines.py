"""Backpropagation beside reverse-mode AD as a table: the lines, the flow of each, and what optimising made of it."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.comparison import heading, spelled_in_ascii
from gradcli.render.explanation import folded_rows, note_lines
from gradcli.render.log import log_lines
from gradcli.render.style import (
    DIM,
    FINAL,
    GRADIENT,
    LABEL,
    LOCAL,
    VALUE,
    Grid,
    aligned,
    folded,
    hanging,
    middle_cut,
    number_style,
    safe,
)  # fmt: skip
from gradcli.report.engines import DIFFERENT, NOT_NEEDED
from gradcli.report.precision import Digits
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.report.array_precision import ArrayDigits
    from gradcli.report.engines import Engines

MOST_FORWARD, MOST_ADDED = 30, 60
MOST_GRADIENTS = 20
LEAST_OPERATION = 24
HELD = "\u00a0→\u00a0"


def draw(
    found: Engines, *, width: int = 80, unicode: bool = True, digits: int = 6
) -> list[Text]:
    """The comparison for a terminal of WIDTH cells; without UNICODE in ASCII; numbers to DIGITS significant digits."""
    rows = _rows(found)
    plan = _Plan(found, [row for row in rows if isinstance(row, int)], digits)
    lines = [*heading(found.title, found.at, width, plan.setting), Text(""), *_summary(found, width), Text("")]
    if any(isinstance(row, int) for row in rows):
        lines += [*_table(found, rows, plan, width, unicode=unicode), Text("")]
    if found.shows_log:
        lines += [Text(text) for text in log_lines(found.steps(), width=width)]
        lines.append(Text(""))
    if found.answers:
        lines += [*_gradients(found, plan, width), Text("")]
    lines += hanging(Text("verdict  ", style=LABEL), Text(safe(found.verdict)), width)
    notes = [note.message for note in found.notes if note.kind != "example"]
    if notes:
        lines += [Text(""), *note_lines(notes, width, unicode=True)]
    return lines if unicode else spelled_in_ascii(lines, width)


class _Plan:
    """How many digits every number is shown with, so that each line can be checked by hand."""

    def __init__(self, found: Engines, rows: Sequence[int], base: int) -> None:
        self.found = found
        self.base = base
        self.digits: Digits | None = None
        self.array_digits: ArrayDigits | None = None
        inputs = [index for index in found.inputs.values() if index is not None]
        if not found.has_arrays:
            self.digits = Digits(found, [*inputs, *rows], base)
        else:
            from gradcli.report.array_precision import ArrayDigits

            self.array_digits = ArrayDigits(found, [*inputs, *rows], base)

    def values(self, lines: Sequence[int]) -> list[str]:
        """The values of lines as they are printed: numbers on the point, small arrays whole, large ones by range."""
        if self.digits is not None:
            return aligned([self.digits.value(index) for index in lines])
        from gradcli.render.array_blocks import block, is_small, is_uniform, level, summary

        blocks = []
        for index in lines:
            value, digits = self.found.values[index], self._digits_of(index)
            whole = is_small(value) or is_uniform(value)
            blocks.append(block(value, digits) if whole else summary(value, digits)[:1])
        return ["\n".join(lines) for lines in level(blocks)]

    def _digits_of(self, index: int) -> int:
        return self.base if self.array_digits is None else self.array_digits.value(index)

    def setting(self, name: str, value: Any) -> str:
        """The value of an input as it is printed."""
        if type(value) is not float:
            from gradcli.graph.arrays import literal

            return literal(value)
        line = self.found.inputs.get(name)
        return shown(value, self.base) if line is None or self.digits is None else self.digits.value(line)

    def gradient(self, line: int | None, value: Any) -> str:
        """A final gradient, with the digits that it has in its row; an array as the language writes it."""
        if type(value) is not float:
            from gradcli.render.array_blocks import is_small, summary
            from gradcli.render.plain import array

            digits = self.base if line is None else self._digits_of(line)
            if is_small(value) or self.found.full:
                return array(value, digits)
            return f"{', '.join(summary(value, digits))} (--full shows all)"
        if line is None:
            return shown(value, self.base)
        return shown(value, self._digits_of(line)) if self.digits is None else self.digits.value(line)


def _rows(found: Engines) -> list[int | str | None]:
    """The lines of the value, None for a rule, the adjoint lines; texts for what is left out."""
    if found.full:
        return [*found.forward, *([None] if found.added else []), *found.added]
    asked = {answer.line for answer in found.answers}
    forward = folded_rows(found.forward, lambda row: False, MOST_FORWARD, kind=found.kind)
    added = folded_rows(found.added, lambda row: row in asked, MOST_ADDED, kind=found.kind)
    return [*forward, *([None] if added else []), *added]


def _summary(found: Engines, width: int) -> list[Text]:
    """What each engine adds and leaves, and what every pass took."""
    lines = []
    for name, words in found.summary():
        prefix = Text(f"{name:15}   ", style=LABEL)
        whole = words.replace(" → ", HELD)  # a count is not parted from the one after it
        for line in hanging(prefix, Text(whole), width):
            lines.append(Text.assemble(line[: prefix.cell_len], line.plain[prefix.cell_len :].replace(HELD, " → ")))
    return lines


def _table(
    found: Engines, rows: Sequence[int | str | None], plan: _Plan, width: int, *, unicode: bool
) -> list[Text]:
    for layout in _LAYOUTS:
        lines = _drawn(found, rows, plan, width, layout, unicode=unicode)
        if layout is _LAYOUTS[-1] or max(line.cell_len for line in lines) <= width:
            return lines
    return []


class _Layout:
    """What has a column of its own: the value, which stands below its line otherwise, the gradient that a line is."""

    __slots__ = ("answers", "stacked", "values")

    def __init__(self, *, values: bool, answers: bool, stacked: bool = False) -> None:
        self.values = values
        self.answers = answers
        self.stacked = stacked


_LAYOUTS = (
    _Layout(values=True, answers=True),
    _Layout(values=True, answers=False),
    _Layout(values=False, answers=True),
    _Layout(values=False, answers=False),
    _Layout(values=True, answers=False, stacked=True),
)


def _drawn(
    found: Engines, rows: Sequence[int | str | None], plan: _Plan, width: int, layout: _Layout, *, unicode: bool
) -> list[Text]:
    lines = [row for row in rows if isinstance(row, int)]
    values = plan.values(lines)
    headings = ["line" if layout.values else "line, value", "flow"]
    headings += [*(["shape"] if found.has_arrays else []), *(["value"] if layout.values else [])]
    headings += ["optimised", *([""] if layout.answers else [])]
    grid = Grid(headings, unicode=unicode, width=width if layout.stacked else None)
    room = max(width // 3, LEAST_OPERATION)
    wide = min(max([len(found.labels.names[index]) for index in lines], default=0), 8)
    operations = [_equation(safe(found.labels.equation(index)), room, wide, "").cell_len for index in lines]
    widest = max((len(line) for value in values for line in value.split("\n")), default=0)
    indent = max(min(wide + 3, max(operations, default=0) - widest), 2)  # under the operation, if it has the room
    fresh = found.new_lines()
    place = 0
    for row in rows:
        if row is None:
            grid.rule()
            continue
        if isinstance(row, str):
            for piece in folded(row, width, 2):
                grid.span(Text(piece, style=DIM))
            continue
        for equation in fresh.get(row, ()):
            blanks = [Text("")] * (len(headings) - 1 - layout.answers)
            grid.add(*blanks, _equation(safe(equation), room, 0, ""), *[Text("")] * layout.answers)
        becomes = safe(found.becomes(row))
        answers = [f"{safe(label)} = {safe(found.stands(row))}" for label in found.answers_at(row)]
        cells = [_equation(safe(found.labels.equation(row)), room, wide, _style(found, row))]
        cells.append(Text(safe(found.flow(row)), style=DIM))
        if found.has_arrays:
            cells.append(Text(found.shape(row), style=DIM))
        if not layout.values:
            below = "\n".join(" " * indent + line for line in values[place].split("\n"))
            style = number_style(values[place], _style(found, row) or VALUE)
            cells[0] = Text("\n").join([cells[0], Text(below, style=style)])
        if layout.values:
            cells.append(Text(values[place], style=number_style(values[place], _style(found, row) or VALUE)))
        after = Text(becomes, style=DIM) if becomes == NOT_NEEDED else _equation(becomes, room, wide, "")
        answer = Text("\n".join(answers), style=FINAL)
        if layout.answers:
            cells += [after, answer]
        else:
            cells.append(Text("\n").join([after, answer]) if answers else after)
        grid.add(*cells)
        place += 1
    return grid.lines()


def _style(found: Engines, row: int) -> str:
    """The colour of what a line computes: adjoint lines are gradients or locals."""
    return {"": "", "local": LOCAL, "open": DIM}.get(found.role(row), GRADIENT)


def _equation(text: str, room: int, wide: int, style: str) -> Text:
    """`v1 = x*y`, its name in bold and the operation behind it."""
    name, equals, operation = text.partition(" = ")
    if not equals:
        return Text(text)
    cut = middle_cut(operation, max(room - max(len(name), wide) - 3, 8))
    return Text.assemble((name.ljust(wide), LABEL), " = ", (cut, style))


def _gradients(found: Engines, plan: _Plan, width: int) -> list[Text]:
    """The derivatives that were asked for, by both engines; where they differ, all numbers."""
    shown_answers = found.answers[:MOST_GRADIENTS]
    names = [safe(answer.label) for answer in shown_answers]
    wide = max(map(len, names), default=0)
    lines: list[Text] = []
    if found.agreement != DIFFERENT:
        numbers = [plan.gradient(answer.line, answer.flowed) for answer in shown_answers]
        numbers = numbers if found.has_arrays else aligned(numbers)
        cells = [f"{name.ljust(wide)} = {number}" for name, number in zip(names, numbers, strict=True)]
        columns = 1 if found.has_arrays else max(min(width // (max(map(len, cells), default=0) + 3), 3), 1)
        for start in range(0, len(cells), columns):
            text = "   ".join(cells[start : start + columns]).rstrip()
            lines += [Text(piece, style=FINAL) for piece in folded(text, width, 4)]
        both = Text("by both", style=DIM)
        if lines and lines[-1].cell_len + 3 + both.cell_len <= width:
            lines[-1] = Text.assemble(lines[-1], "   ", both)
        elif lines:
            lines.append(both)
    else:
        for name, answer in zip(names, shown_answers, strict=True):
            three = [shown_number(number) for number in (answer.flowed, answer.adjoint, answer.optimised)]
            text = f"{name.ljust(wide)} = {three[0]} by backpropagation, {three[1]} by the adjoint lines, "
            text += f"{three[2]} by the optimised ones"
            lines += [Text(piece, style=FINAL) for piece in folded(text, width, 4)]
    more = len(found.answers) - len(shown_answers)
    if more > 0:
        lines.append(Text(f"… and {more:,} more (--json has them all)", style=DIM))
    return lines


def shown_number(value: Any) -> str:
    """A number whole, an array by its elements."""
    from gradcli.render.plain import number

    return number(value)
