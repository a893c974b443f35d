"""Tables whose columns stand one by one, and pieces of them: the wanted columns, one after the other."""

from __future__ import annotations

import numpy as np

from gradcli.batch.tables.blocks import Bad
from gradcli.batch.tables.table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.batch.tables.table import Header, Piece

    Part = tuple[Sequence[Any], list[tuple[int, str, str]]]  # columns, and (row in them, column, fact) of bad rows


class Columnar(Table):
    """What npz and parquet have in common."""

    kind = "columns"

    def parts(self, rows: int, start: int) -> Iterator[Part]:
        """The wanted columns, ROWS at a time or fewer, from the row START, which is from 0."""
        raise NotImplementedError

    def suitable(self, rows: int) -> int:
        return rows * 8 * max(len(self.wanted or self.names), 1)

    def pieces(self, size: int, *, start: int = 1) -> Iterator[Piece]:
        """Whole rows; the payload is little-endian doubles, a column after the other."""
        settings = self.settings()
        first = start
        for number, (columns, bad) in enumerate(self.parts(max(size // self.suitable(1), 1), start - 1)):
            rows = len(columns[0]) if len(columns) else 0
            header = {"number": number, "first": first, "from": start, "rows": rows, "bad": bad, "table": settings}
            yield header, b"".join([np.ascontiguousarray(column, "<f8").tobytes() for column in columns])
            first += rows


def parsed(header: Header, payload: bytes) -> tuple[Any, list[Bad]]:
    """The columns of a piece, and its bad rows."""
    found = np.frombuffer(payload, "<f8").reshape(len(header["table"]["names"]), header["rows"])
    values = found if found.dtype.isnative else found.astype(np.float64)
    bad = [Bad(header["first"] + row, 0, column, fact) for row, column, fact in header["bad"]]
    return values, bad
