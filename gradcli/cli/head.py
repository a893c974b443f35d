"""`gradcli map --head`: the first rows of the data with their value and gradients, as a table."""

from __future__ import annotations

import numpy as np

from gradcli.batch.rows import Answers
from gradcli.batch.tables import refusal
from gradcli.cli.screen import Screen
from gradcli.cli.terminal import complain, error_text, note_text
from gradcli.render.rows import draw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.batch.tables.blocks import Bad, Block
    from gradcli.batch.tables.table import Table
    from gradcli.cli.map import Asked

FAILED = 1
MOST_ROWS = 10_000  # of a table for people


def show(asked: Asked) -> int:
    """Draw the first rows, and say the exit code: 1 where one of them is bad and that ends the run."""
    request = asked.request
    wanted = min(request["head"], MOST_ROWS)
    with asked.table(asked.paths[0]) as table:
        settings, rows = asked.settings(table.names, form="rows", many=False)
        settings.kernel = "numpy" if request["kernel"] == "auto" else request["kernel"]
        table.select(rows.program.columns)
        blocks = [*_first(table, wanted)]
    bad = [row for block in blocks for row in block.bad if row.row <= _last(blocks)]
    answers = Answers(settings, rows.program)
    found = np.concatenate([answers.computed(block) for block in blocks])[:wanted]
    given = {
        name: np.concatenate([block.columns[name] for block in blocks])[:wanted].tolist()
        for name in rows.program.columns
    }
    numbers = np.concatenate([block.row_numbers for block in blocks])[:wanted].tolist()
    screen = Screen()
    facts = [f"row {row.row:,}: {_where(row)}{row.fact}" for row in bad] if request["bad-rows"] != "fail" else []
    screen.show(draw(
        numbers, given, dict(zip(answers.names, found.T.tolist(), strict=True)), facts, width=screen.width,
        unicode=screen.unicode, digits=request["digits"] or 6,
    ))  # fmt: skip
    if rows.notes and not request["quiet"]:
        complain(note_text([message for _, message in rows.notes]))
    if request["bad-rows"] == "fail" and bad:
        complain(error_text(refusal(table.file, bad[0]), as_json=False))
        return FAILED
    return 0


def _first(table: Table, wanted: int) -> Iterator[Block]:
    """Blocks until there are as many rows as WANTED, or a bad one ends the run."""
    left = wanted
    for block in table.blocks(max(wanted, 64)):
        yield block
        left -= block.rows
        if left <= 0 or (block.bad and table.policy == "fail"):
            return


def _last(blocks: list[Block]) -> int:
    return max((int(block.row_numbers[-1]) for block in blocks if block.rows), default=0) + 1


def _where(row: Bad) -> str:
    return f"column {row.column}, " if row.column else ""
