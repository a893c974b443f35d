"""The first rows of a table with what is computed of them."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.batch.rows import Answers
    from gradcli.batch.tables.blocks import Bad, Block
    from gradcli.batch.tables.table import Table


class FirstRows:
    """MANY rows of a table, or fewer: their numbers, their cells by column, the answers by name, and the bad ones."""

    def __init__(self, table: Table, answers: Answers, many: int) -> None:
        blocks = [*_first(table, many)]
        found = np.concatenate([np.empty((0, len(answers.names))), *map(answers.computed, blocks)])[:many]
        self.numbers = [int(number) for block in blocks for number in block.row_numbers][:many]
        self.given = {
            name: [number for block in blocks for number in block.columns[name].tolist()][:many]
            for name in answers.program.columns
        }
        self.found = dict(zip(answers.names, found.T.tolist(), strict=True))
        last = self.numbers[-1] if len(self.numbers) == many else float("inf")
        self.bad: list[Bad] = [row for block in blocks for row in block.bad if row.row <= last]


def _first(table: Table, many: int) -> Iterator[Block]:
    """Blocks until there are as MANY rows, or a bad one ends the run."""
    for block in table.blocks(max(many, 64)):
        yield block
        many -= block.rows
        if many <= 0 or (block.bad and table.policy == "fail"):
            return
