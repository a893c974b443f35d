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
    in_ascii_text,
    number_style,
    safe,
)  # fmt: skip
from gradcli.report.precision import Digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from gradcli.report.explanation import Explanation

    Item = TypeVar("Item")

VIEWS = ("table", "tree", "ledger")
MOST_ROWS, AT_EACH_END = 60, 20
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
    order = _order(explanation, view)
    noted = {note.line for note in explanation.notes if note.kind != "recognised"}
    shown = order if full else _folded(order, lambda index: explanation.labels.names[index] in noted)
    lines = [row for row in shown if isinstance(row, int)]
    plan = Digits(explanation, sorted(lines), digits)
    body = _body(explanation, view, order, shown, plan, width=width, unicode=unicode, full=full)
    parts = [*_title(explanation, width, unicode), *body, Text(""), *_answer(explanation, plan, width, unicode)]
    notes = [note.message for note in explanation.notes]
    if explanation.question.folds:
        notes.append("--decomposition naive shows how the gradient flows through what was folded")
    if notes:
        parts += [Text(""), *_notes(notes, width, unicode)]
    return parts


def _order(explanation: Explanation, view: str) -> list[int]:
    """Inputs before operations in the table; from the result down in the ledger."""
    if view == "table":
        return sorted(explanation.rows, key=lambda index: bool(explanation.graph.operands[index]))
    return [*explanation.rows]


def _body(
    explanation: Explanation, view: str, order: Sequence[int], shown: Sequence[int | str], plan: Digits, *,
    width: int, unicode: bool, full: bool,
) -> list[Text]:  # fmt: skip
    if view == "tree":
        from gradcli.render.tree import tree

        return tree(
            explanation, plan, width=width, unicode=unicode, most=len(explanation.flows) * 2 + 2 if full else MOST_ROWS
        )
    if view == "ledger":
        from gradcli.render.ledger import entries, ledger

        rows = entries(explanation, plan)
        if not rows:
            return [Text("no gradient flows: nothing to differentiate by", style=DIM)]
        return ledger(explanation, rows if full else _folded(rows, lambda row: False), width=width, unicode=unicode)
    from gradcli.render.table import table

    return table(explanation, shown, plan, width=width, unicode=unicode)


def _folded(rows: Sequence[Item], keep: Callable[[Item], bool]) -> list[Item | str]:
    """At most MOST_ROWS of them: the first and the last AT_EACH_END and those to KEEP, with a count of the others."""
    if len(rows) <= MOST_ROWS:
        return [*rows]
    middle = [row for row in rows[AT_EACH_END:-AT_EACH_END] if keep(row)][: MOST_ROWS - 2 * AT_EACH_END]
    hidden = len(rows) - 2 * AT_EACH_END - len(middle)
    return [*rows[:AT_EACH_END], *middle, f"… {hidden:,} rows not shown (--full shows all)", *rows[-AT_EACH_END:]]


def _title(explanation: Explanation, width: int, unicode: bool) -> list[Text]:
    """`f = expression   naive`, broken at blanks under itself."""
    name = explanation.labels.names[explanation.result]
    expression = safe(explanation.title())
    words = Text(expression if unicode else in_ascii(expression), style=LABEL)
    mode = "forward mode, " if explanation.question.options.mode == "forward" else ""
    words.append(f"   {mode}{explanation.decomposition}", style=DIM)
    return hanging(Text("" if expression == name else f"{name} = ", style=LABEL), words, width)


def _answer(explanation: Explanation, plan: Digits, width: int, unicode: bool) -> list[Text]:
    """The value and exactly the names that `grad` prints, in columns as they fit."""
    name = explanation.labels.names[explanation.result]
    names, numbers = [name], [plan.value(explanation.result)]
    sources = explanation.question.sources
    gradients = list(explanation.gradients.items())
    for source, gradient in gradients[:MOST_GRADIENTS]:
        names.append(f"∂{name}/∂{source}")
        line = sources[source]
        shown = "0" if line is None else plan.gradient(line) if gradient == explanation.adjoint(line) else ""
        numbers.append(shown or _plain(gradient, plan.base))
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


def _plain(value: float, digits: int) -> str:
    from gradcli.text import significant

    return significant(value, digits)


def _notes(messages: Sequence[str], width: int, unicode: bool) -> list[Text]:
    lines = []
    for message in messages:
        lines += hanging(Text("note  ", style=NOTE), Text(safe(message)), width)
    return lines if unicode else [in_ascii_text(line) for line in lines]
