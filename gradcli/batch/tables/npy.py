"""Tables in .npy files: an array of two axes is a row a row, of one axis a column, of records columns with names."""

from __future__ import annotations

import numpy as np

from gradcli.batch.tables.headers import check_numbers, header_of
from gradcli.batch.tables.jsonl import MOST_COLUMNS, indices
from gradcli.batch.tables.table import Table
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.batch.tables.blocks import Bad
    from gradcli.batch.tables.sources import Source
    from gradcli.batch.tables.table import Header, Piece


class ArrayFile(Table):
    """An array in a file, or on a pipe; the bytes go to who computes as they are."""

    kind = "npy"

    def __init__(self, source: Source, policy: str, columns: Sequence[str] | None = None) -> None:
        super().__init__(source, policy)
        self.shape, self.fortran, self.dtype = header_of(source, repr(self.file))
        self.offset = source.position
        if self.dtype.names:
            self._find_fields(self.dtype.names)
        else:
            check_numbers(self.dtype, repr(self.file))
            if len(self.shape) not in (1, 2):
                raise GradError("file", f"{self.file!r} is an array of {len(self.shape)} axes, and a table has two",
                                hint="rows go down the first axis, columns along the second")  # fmt: skip
            self.width = self.shape[1] if len(self.shape) == 2 else 1
        self.rows = self.shape[0]
        self.bytes_of_row = self.dtype.itemsize * (1 if self.dtype.names else self.width)
        self.fortran = self.fortran and self.width > 1 and not self.dtype.names
        if columns is not None:
            self.call(columns)
        if source.size is not None:
            self._compare(source.size - self.offset)
        if self.fortran:
            self.file_at = source.seekable()

    def _find_fields(self, fields: Sequence[str]) -> None:
        """The columns of records: a field that is an array itself gives one for each of its numbers."""
        if len(self.shape) != 1:
            raise GradError("file", f"{self.file!r} has records along {len(self.shape)} axes, not along one")
        self.places: list[tuple[str, tuple[int, ...]]] = []
        for field in fields:
            kind = self.dtype[field]
            check_numbers(kind.base, f"the field {field!r} of {self.file!r}")
            if len(self.names) + int(np.prod(kind.shape, dtype=object)) > MOST_COLUMNS:
                raise GradError("limit", f"{self.file!r} has more than {MOST_COLUMNS:,} columns")
            for index in indices(kind.shape):
                self.names.append(f"{field}[{','.join(map(str, index))}]" if index else field)
                self.places.append((field, index))
        self.width = len(self.names)

    def _compare(self, there: int) -> None:
        assert self.rows is not None
        if there < self.rows * self.bytes_of_row:
            raise GradError("file", f"{self.file!r} is cut off: its header promises {self.rows:,} rows",
                            hint=f"it holds {there // self.bytes_of_row:,} whole rows")  # fmt: skip

    def settings(self) -> Header:
        """What `columns_of` must know, as JSON."""
        told = super().settings() | {"width": self.width, "fortran": self.fortran}
        fields = [self.places[place] for place in told["wanted"]] if self.dtype.names else []
        return told | {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fields": [[field, list(index)] for field, index in fields],
        }

    def suitable(self, rows: int) -> int:
        return rows * self.bytes_of_row

    def pieces(self, size: int, *, start: int = 1) -> Iterator[Piece]:
        """Whole rows as they stand in the file; of an array whose columns stand together, the wanted columns."""
        settings = self.settings()
        assert self.rows is not None
        step = max(size // max(self.bytes_of_row, 1), 1)
        if not self.fortran:
            self.source.skip(min(start - 1, self.rows) * self.bytes_of_row)
        for number, first in enumerate(range(start - 1, self.rows, step)):
            rows = min(step, self.rows - first)
            payload = self._columns(first, rows) if self.fortran else self.source.read(rows * self.bytes_of_row)
            if not self.fortran and len(payload) < rows * self.bytes_of_row:
                self._compare(first * self.bytes_of_row + len(payload))
            yield {"number": number, "first": first + 1, "from": start, "rows": rows, "table": settings}, payload

    def _columns(self, start: int, rows: int) -> bytes:
        size, parts = self.dtype.itemsize, []
        assert self.rows is not None
        for column in self.wanted or ():
            self.file_at.seek(self.offset + size * (column * self.rows + start))
            parts.append(self.file_at.read(size * rows))
        return b"".join(parts)


def parsed(header: Header, payload: bytes) -> tuple[list[Any], list[Bad]]:
    """The wanted columns of a piece, without a copy where they are doubles."""
    table = header["table"]
    dtype = np.lib.format.descr_to_dtype(_as_descr(table["descr"]))
    values = np.frombuffer(payload, dtype)
    if dtype.names:
        columns = [values[field][(slice(None), *index)] for field, index in table["fields"]]
    elif table["fortran"]:
        columns = list(values.reshape(len(table["wanted"]), -1))
    else:
        rows = values.reshape(header["rows"], table["width"])
        columns = [rows[:, place] for place in table["wanted"]]
    with np.errstate(all="ignore"):
        return [column.astype(np.float64, copy=False) for column in columns], []


def _as_descr(told: Any) -> Any:
    """The description of a type after its way through JSON, which knows no tuples."""
    if isinstance(told, str):
        return told
    return [(field[0], field[1], tuple(field[2])) if len(field) > 2 else (field[0], field[1]) for field in told]
