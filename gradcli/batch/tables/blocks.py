"""What every reader gives: blocks of columns, and the rows in them that hold no numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradcli.batch.tables.cells import POINT
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

POLICIES = ("fail", "skip", "nan")
WITH_POINTS = "tr , . < FILE writes all commas as points, where the cells are parted by ; or tabs"
GO_ON = "--bad-rows skip leaves such rows out, --bad-rows nan answers them with nan"


class Bad(NamedTuple):
    """A row that cannot be used: its number from 1, its line in a file that has lines (or 0), its column, a fact."""

    row: int
    line: int
    column: str
    fact: str


class Block(NamedTuple):
    """Some rows of a table, as columns of doubles.

    `bad` are the rows that cannot be used. With the policy `fail` the block ends before the first of them; with `skip`
    they are left out, and `numbers` says which rows are here; with `nan` they stand at the places `blank`, as nan.
    """

    first_row: int
    rows: int
    columns: dict[str, Floats]
    bad: list[Bad]
    numbers: Places | None
    blank: Places | None

    @property
    def row_numbers(self) -> Places:
        """The number, from 1, that each row of the block has in the table."""
        if self.numbers is not None:
            return self.numbers
        return np.arange(self.first_row, self.first_row + self.rows, dtype=np.int64)

    def sliced(self, start: int, stop: int) -> Block:
        """The rows from `start` to `stop`, without a copy; the bad rows stay with the last slice."""
        last = stop >= self.rows
        blank = None if self.blank is None else self.blank[(self.blank >= start) & (self.blank < stop)] - start
        return Block(
            self.first_row + start,
            min(stop, self.rows) - start,
            {name: column[start:stop] for name, column in self.columns.items()},
            self.bad if last else [],
            None if self.numbers is None else self.numbers[start:stop],
            blank,
        )


def settled(policy: str, first_row: int, columns: Mapping[str, Floats], rows: int, bad: Sequence[Bad]) -> Block:
    """The block after the policy was applied; `bad` is ascending, and each row is in it once."""
    if not bad:
        return Block(first_row, rows, dict(columns), [], None, None)
    places = np.array([row.row - first_row for row in bad], np.int64)
    if policy == "fail":
        stop = int(places[0])
        return Block(first_row, stop, {name: column[:stop] for name, column in columns.items()}, [bad[0]], None, None)
    if policy == "nan":
        blanked = {name: np.array(column) for name, column in columns.items()}
        for column in blanked.values():
            column[places] = np.nan
        return Block(first_row, rows, blanked, list(bad), None, places)
    kept = np.ones(rows, np.bool_)
    kept[places] = False
    numbers = np.flatnonzero(kept) + first_row
    left = {name: column[kept] for name, column in columns.items()}
    return Block(first_row, len(numbers), left, list(bad), numbers, None)


def refusal(file: str, bad: Bad) -> GradError:
    """The error for a bad row: file, row, column, and what is wrong."""
    place = f"{file}, row {bad.row:,}" + (f", column {bad.column}" if bad.column else "")
    line = f"line {bad.line:,} of the file; " if bad.line else ""
    points = f"\n{WITH_POINTS}" if bad.fact.endswith(POINT) else ""
    return GradError("file", f"{place}: {bad.fact}", hint=line + GO_ON + points)
