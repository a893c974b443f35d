"""`gradcli map --head`: the first rows of the data with their value and gradients, as a table."""

from __future__ import annotations

from gradcli.batch.first_rows import FirstRows
from gradcli.batch.rows import Answers
from gradcli.batch.tables import refusal
from gradcli.cli.screen import Screen
from gradcli.cli.terminal import complain, error_text, note_text
from gradcli.render.rows import draw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.batch.tables.blocks import Bad
    from gradcli.cli.map import Asked

FAILED = 1
MOST_ROWS = 10_000  # of a table for people


def show(asked: Asked) -> int:
    """Draw the first rows, and say the exit code: 1 where one of them is bad and that ends the run."""
    request = asked.request
    with asked.table(asked.paths[0]) as table:
        settings, rows = asked.settings(table, form="rows")
        table.select(rows.program.columns)
        first = FirstRows(table, Answers(settings, rows.program), min(request["head"], MOST_ROWS))
    fails = request["bad-rows"] == "fail" and bool(first.bad)
    facts = [] if fails else [f"row {row.row:,}: {_where(row)}{row.fact}" for row in first.bad]
    screen = Screen()
    screen.show(draw(
        first.numbers, first.given, first.found, facts, width=screen.width, unicode=screen.unicode,
        digits=request["digits"] or 6,
    ))  # fmt: skip
    if rows.notes and not request["quiet"]:
        complain(note_text([message for _, message in rows.notes]))
    if fails:
        complain(error_text(refusal(table.file, first.bad[0]), as_json=False))
        return FAILED
    return 0


def _where(row: Bad) -> str:
    return f"column {row.column}, " if row.column else ""
