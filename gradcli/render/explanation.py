"""An explanation as the renderables of one view: title, body, final gradients, notes; the answer stands last."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import (
    DIM,
    FINAL,
    LABEL,
    NOTE,
    RESULT,
    aligned,
    hanging,
    in_ascii,
    number_style,
    safe,
)  # fmt: skip
from gradcli.report.precision import Digits
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeVar

    from gradcli.report.explanation import Explanation

    Item = TypeVar("Item")

VIEWS = ("table", "tree", "ledger")
MOST_ROWS, MOST_BLOCKS, MOST_KINDS = 60, 10, 4
MOST_GRADIENTS = 20


def draw(
    explanation: Explanation,
    *,
    view: str = "table",
    width: int = 80,
    unicode: bool = True,
    digits: int = 6,
    full: bool = False,
) -> list[Text]:
    """The renderables of VIEW for a terminal of WIDTH cells; without UNICODE they are ASCII; FULL folds nothing."""
    if explanation.question.shapes is not None:
        from gradcli.render.arrays import body_and_answer

        body, answer = body_and_answer(explanation, view, digits, width=width, unicode=unicode, full=full)
    else:
        plan, body = _body(explanation, view, digits, width=width, unicode=unicode, full=full)
        answer = _answer(explanation, plan, width, unicode)
    parts = [*title_lines(explanation, width, unicode), *body, Text(""), *answer]
    notes = [note.message for note in explanation.notes if note.kind != "example"]  # the title says it
    if explanation.question.folds:
        notes.append("--decomposition naive shows how the gradient flows through what was folded")
    if notes:
        parts += [Text(""), *note_lines(notes, width, unicode)]
    return parts


def _body(
    explanation: Explanation, view: str, base: int, *, width: int, unicode: bool, full: bool
) -> tuple[Digits, list[Text]]:
    """The rows of VIEW, chosen first, then given digits, then drawn."""
    if view == "tree":
        from gradcli.render.branches import Forest
        from gradcli.render.tree import tree

        forest = Forest(explanation, len(explanation.graph) ** 2 if full else MOST_ROWS)
        added = added_rows(explanation, full=full)
        digits = Digits(explanation, {*forest.lines(), *numbers_in(added)}, base)
        body = tree(explanation, forest, digits, width=width, unicode=unicode)
        return digits, body + _added(explanation, added, digits, width=width, unicode=unicode)
    if view == "ledger":
        from gradcli.render.ledger import ledger, lines_of, steps

        taken = folded_blocks(steps(explanation), full=full)
        added = added_rows(explanation, full=full)
        digits = Digits(explanation, {*lines_of(explanation, taken), *numbers_in(added)}, base)
        if not taken:
            return digits, hanging(Text(""), Text("no gradient flows: nothing to differentiate by", style=DIM), width)
        body = ledger(explanation, taken, digits, width=width, unicode=unicode)
        return digits, body + _added(explanation, added, digits, width=width, unicode=unicode)
    from gradcli.render.table import table

    noted = {note.line for note in explanation.notes if note.kind != "recognised"}
    order = sorted(explanation.rows, key=lambda index: bool(explanation.graph.operands[index]))
    shown = (
        order
        if full
        else folded_rows(order, lambda index: explanation.labels.names[index] in noted, kind=explanation.kind)
    )
    digits = Digits(explanation, [row for row in shown if isinstance(row, int)], base)
    return digits, table(explanation, shown, digits, width=width, unicode=unicode)


def added_rows(explanation: Explanation, *, full: bool) -> list[int | str]:
    """The lines that reverse-mode AD added, and texts for what is left out: trees and ledgers have no row for them."""
    if not explanation.graph.origins:
        return []
    from gradcli.render.added import rows_of

    return rows_of(explanation, full=full)


def numbers_in(rows: Iterable[int | str]) -> Iterator[int]:
    """The lines among ROWS."""
    return (row for row in rows if isinstance(row, int))


def _added(
    explanation: Explanation, rows: Sequence[int | str], digits: Digits, *, width: int, unicode: bool
) -> list[Text]:
    if not rows:
        return []
    from gradcli.render.added import scalar_table

    return scalar_table(explanation, rows, digits, width=width, unicode=unicode)


def folded_blocks(blocks: Sequence[Sequence[Item]], *, full: bool) -> list[Item | str]:
    """The rows of all blocks, each folded to its share of MOST_ROWS; of many blocks, the first."""
    if full or len(blocks) < 2:
        return [row for block in blocks for row in (block if full else folded_rows(block, lambda row: False))]
    shown = blocks[:MOST_BLOCKS]
    most = MOST_ROWS // len(shown)
    rows = [row for block in shown for row in folded_rows(block, lambda row: False, most)]
    hidden = len(blocks) - len(shown)
    return [*rows, f"… {hidden:,} more inputs (--full shows all)"] if hidden else rows


def folded_rows(
    rows: Sequence[Item],
    keep: Callable[[Item], bool],
    most: int = MOST_ROWS,
    *,
    kind: Callable[[Item], str] | None = None,
) -> list[Item | str]:
    """At most MOST of them: the first and the last third and those to KEEP, with a count of the others."""
    if len(rows) <= most:
        return [*rows]
    end = most // 3
    middle = [row for row in rows[end:-end] if keep(row)][: most - 2 * end]
    hidden = len(rows) - 2 * end - len(middle)
    kept = set(middle)
    kinds = "" if kind is None else _counted(kind(row) for row in rows[end:-end] if row not in kept)
    return [*rows[:end], *middle, f"… {hidden:,} {kinds or 'rows'} not shown (--full shows all)", *rows[-end:]]


def _counted(kinds: Iterable[str]) -> str:
    """`lines (66,640 add, 33,320 mul)`: at most MOST_KINDS of them, the most frequent first."""
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    told = [f"{count:,} {kind}" for kind, count in ranked[:MOST_KINDS]]
    rest = sum(count for _, count in ranked[MOST_KINDS:])
    return f"lines ({', '.join([*told, *([f'{rest:,} others'] if rest else [])])})"


def title_lines(explanation: Explanation, width: int, unicode: bool) -> list[Text]:
    """`f = expression   naive`, broken at blanks under itself."""
    name = explanation.labels.names[explanation.result]
    expression = safe(explanation.title())
    words = Text(expression if unicode else in_ascii(expression), style=LABEL)
    mode = explanation.question.options.mode
    mode = "" if mode == "reverse" else f"{mode} mode, "
    words.append(f"   {mode}{explanation.decomposition}", style=DIM)
    example = explanation.question.example
    if example is not None:
        words.append(f"   {safe(example.text())}", style=DIM)
    return hanging(Text("" if expression == name else f"{name} = ", style=LABEL), words, width)


def _answer(explanation: Explanation, plan: Digits, width: int, unicode: bool) -> list[Text]:
    """The value and exactly the names that `grad` prints, in columns as they fit."""
    name = explanation.labels.names[explanation.result]
    names, numbers = [name], [plan.value(explanation.result)]
    gradients = list(explanation.gradients.items())
    for source, gradient in gradients[:MOST_GRADIENTS]:
        names.append(f"∂{name}/∂{source}")
        numbers.append(_gradient(explanation, plan, source, gradient))
    wide = max(map(len, names))
    numbers = aligned(numbers)
    cells = []
    for place, (label, number) in enumerate(zip(names, numbers, strict=True)):
        style = number_style(number, RESULT if place == 0 else FINAL)
        text = f"{label.ljust(wide)} = {number}"
        cells.append(Text(text if unicode else in_ascii(text), style=style))
    columns = max(min(width // (len(cells[0].plain) + 3), 3), 1)
    lines = [Text("   ").join(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    for row in lines:
        row.rstrip()
    if len(gradients) > MOST_GRADIENTS:
        more = f"… and {len(gradients) - MOST_GRADIENTS} more (--json has them all)"
        lines.append(Text(more if unicode else in_ascii(more), style=DIM))
    return lines


def _gradient(explanation: Explanation, plan: Digits, source: str, gradient: float) -> str:
    """A final gradient with the digits that it has in its row."""
    line = explanation.question.sources[source]
    if explanation.tangents:
        place = next((place for place, sweep in enumerate(explanation.passes) if sweep.name == source), None)
        row = None if place is None else plan.number(explanation.result, place)
    else:
        row = None if line is None else plan.number(line)
    return row or shown(gradient, plan.base)


def note_lines(messages: Sequence[str], width: int, unicode: bool) -> list[Text]:
    lines = []
    for message in messages:
        text = safe(message) if unicode else in_ascii(safe(message))
        lines += hanging(Text("note  ", style=NOTE), Text(text), width)
    return lines
