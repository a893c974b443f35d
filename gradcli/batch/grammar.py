"""The tables of the language linked by word: what `language.link` makes of them, for a pass that writes no items."""

from __future__ import annotations

from gradcli.language import NAME, NUMBER, OPEN, OPERAND, SHIFT, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
