"""An explanation with arrays as the renderables of one view: title, body, final gradients, notes."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.array_blocks import beside, wide
from gradcli.render.array_cells import styled
from gradcli.render.array_rules import Speaker
from gradcli.render.explanation import (
    MOST_GRADIENTS,
    MOST_ROWS,
    added_rows,
    folded_blocks,
    folded_rows,
    numbers_in,
)  # fmt: skip
from gradcli.render.style import DIM, FINAL, RESULT, hanging, in_ascii_text
from gradcli.report.array_precision import ArrayDigits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.report.array_explanation import ArrayExplanation

APART = 3  # cells between two answers


def body_and_answer(
    found: Any, view: str, digits: int, *, width: int, unicode: bool, full: bool
) -> tuple[list[Text], list[Text]]:
    """The rows of VIEW, and the value with the gradients; FULL shows every number."""
    explanation: ArrayExplanation = found
    speaker, body = _body(explanation, view, digits, width=width, unicode=unicode, full=full)
    return body, _answer(speaker, width, unicode=unicode)


def _body(
    explanation: ArrayExplanation, view: str, base: int, *, width: int, unicode: bool, full: bool
) -> tuple[Speaker, list[Text]]:
    """The rows of VIEW, chosen first, then given digits, then drawn."""
    if view == "tree":
        from gradcli.render.array_tree import tree
        from gradcli.render.branches import Forest

        forest = Forest(explanation, len(explanation.graph) ** 2 if full else MOST_ROWS)
        added = added_rows(explanation, full=full)
        lines = {*forest.lines(), *numbers_in(added)}
        speaker = _speaker(explanation, lines, base, full=full, unicode=unicode)
        body = tree(speaker, forest, width=width, unicode=unicode)
        return speaker, body + _added(speaker, added, width=width, unicode=unicode)
    if view == "ledger":
        from gradcli.render.array_ledger import ledger, lines_of, steps

        taken = folded_blocks(steps(explanation), full=full)
        added = added_rows(explanation, full=full)
        lines = {*lines_of(explanation, taken), *numbers_in(added)}
        speaker = _speaker(explanation, lines, base, full=full, unicode=unicode)
        if not taken:
            return speaker, hanging(Text(""), Text("no gradient flows: nothing to differentiate by", style=DIM), width)
        body = ledger(speaker, taken, width=width, unicode=unicode)
        return speaker, body + _added(speaker, added, width=width, unicode=unicode)
    from gradcli.render.array_table import table

    noted = {note.line for note in explanation.notes if note.kind not in ("recognised", "seed")}
    order = sorted(explanation.rows, key=lambda index: bool(explanation.graph.operands[index]))
    shown = (
        [*order]
        if full
        else folded_rows(order, lambda index: explanation.labels.names[index] in noted, kind=explanation.kind)
    )
    speaker = _speaker(explanation, [row for row in shown if isinstance(row, int)], base, full=full, unicode=unicode)
    return speaker, table(speaker, shown, width=width, unicode=unicode)


def _added(speaker: Speaker, rows: Sequence[int | str], *, width: int, unicode: bool) -> list[Text]:
    if not rows:
        return []
    from gradcli.render.added import array_table

    return array_table(speaker, rows, width=width, unicode=unicode)


def _speaker(explanation: ArrayExplanation, rows: Iterable[int], base: int, *, full: bool, unicode: bool) -> Speaker:
    return Speaker(explanation, ArrayDigits(explanation, rows, base), full=full, unicode=unicode)


def _answer(speaker: Speaker, width: int, *, unicode: bool) -> list[Text]:
    """The value and exactly the names that `grad` prints, block beside block as they fit."""
    explanation, digits = speaker.explanation, speaker.digits
    name = explanation.labels.names[explanation.result]
    of = f"sum({name})" if explanation.of_sum else name
    found = [(name, explanation.value, digits.value(explanation.result), RESULT)]
    gradients = [*explanation.gradients.items()]
    for source, gradient in gradients[:MOST_GRADIENTS]:
        line = explanation.question.sources[source]
        many = digits.base if line is None or explanation.forward else digits.number(line)
        found.append((f"∂{of}/∂{source}", gradient, many, FINAL))
    lines: list[Text] = []
    row: list[Text] = []
    held = 0
    for label, value, many, style in found:
        head = speaker.spell(f"{label} = ")
        piece = beside([[head], speaker.block(value, many, max(width - len(head), 8))])
        if row and held + APART + wide(piece) > width:
            lines += _side_by_side(row)
            row, held = [], 0
        held += (APART if row else 0) + wide(piece)
        row.append(styled(piece, style))
    lines += _side_by_side(row)
    if len(gradients) > MOST_GRADIENTS:
        lines.append(Text(f"… and {len(gradients) - MOST_GRADIENTS} more (--json has them all)", style=DIM))
    return lines if unicode else [in_ascii_text(line) for line in lines]


def _side_by_side(row: list[Text]) -> list[Text]:
    """Blocks of several lines next to each other."""
    split = [[*text.split("\n")] for text in row]
    lines = []
    for at in range(max(map(len, split))):
        line, start = Text(""), 0
        for block_lines in split:
            if at < len(block_lines) and block_lines[at].plain.strip():
                line.append(" " * (start - line.cell_len))
                line.append_text(block_lines[at])
            start += max(piece.cell_len for piece in block_lines) + APART
        lines.append(line)
    return lines
