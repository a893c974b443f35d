"""Tables in .npy files: rows of doubles, read in pieces and written so that the file is whole at any moment."""

from __future__ import annotations

import io
import os

import numpy as np

from gradcli.batch.sinks import File, opened
from gradcli.batch.tables.blocks import Block
from gradcli.batch.tables.table import Table, after
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Any

    from gradcli.batch.sinks import Descriptor
    from gradcli.batch.tables.sources import Source
    from gradcli.batch.tables.table import Piece
    from gradcli.batch.work import Header

HEADER = 128  # bytes of the header that we write; a multiple of 64, as numpy has it
LARGEST_HEADER = 10_000
NUMBERS = "fiub"


class ArrayFile(Table):
    """An array of two axes, a row a row; of one axis, a column; of records, columns with names. Nothing is unpickled."""

    kind = "npy"

    def __init__(self, source: Source, policy: str, columns: Sequence[str] | None = None) -> None:
        super().__init__(source, policy)
        shape, self.fortran, self.dtype = self._header()
        if self.dtype.names:
            self.names = [str(name) for name in self.dtype.names]
        self.width = len(self.names) if self.names else shape[1] if len(shape) == 2 else 1
        plain = [self.dtype[name] for name in self.names] or [self.dtype]
        if any(kind.kind not in NUMBERS or kind.shape for kind in plain):
            raise GradError("file", f"{self.file!r} holds no real numbers: its type is {self.dtype}")
        if len(shape) not in (1, 2) or (len(shape) == 2 and self.names):
            raise GradError("file", f"{self.file!r} is an array of {len(shape)} axes, and a table has two",
                            hint="rows go down the first axis, columns along the second")  # fmt: skip
        self.rows = shape[0]
        self.bytes_of_row = self.dtype.itemsize * (1 if self.names else self.width)
        if columns is not None:
            self.call(columns)
        if source.size is not None and source.size < self.offset + self.rows * self.bytes_of_row:
            raise GradError("file", f"{self.file!r} is cut off: its header promises {self.rows:,} rows",
                            hint=f"it has room for {max(source.size - self.offset, 0) // (self.bytes_of_row or 1):,}")  # fmt: skip
        if self.fortran and self.width > 1:
            self.file_at = source.seekable()

    def _header(self) -> tuple[tuple[int, ...], bool, Any]:
        head = io.BytesIO(self.source.head)
        try:
            version = np.lib.format.read_magic(head)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            found = read(head, LARGEST_HEADER)
        except (ValueError, KeyError, TypeError, SyntaxError, EOFError) as error:
            raise GradError("file", f"{self.file!r} is no .npy file that can be read: {error}") from None
        self.offset = head.tell()
        self.source.read(self.offset)
        return found

    def settings(self) -> Header:
        """What `columns_of` must know, as JSON."""
        descr = np.lib.format.dtype_to_descr(self.dtype)
        return {**super().settings(), "descr": descr, "width": self.width, "fortran": self.fortran and self.width > 1}

    def suitable(self, rows: int) -> int:
        return int(rows * self.bytes_of_row)

    def pieces(self, size: int, *, start: int = 1) -> Iterator[Piece]:
        """Whole rows as they stand in the file; of an array whose columns stand together, all columns of some rows."""
        settings = self.settings()
        assert self.rows is not None
        step = max(size // max(self.bytes_of_row, 1), 1)
        first = 1
        number = 0
        while first <= self.rows:
            rows = min(step, self.rows - first + 1)
            if first + rows <= start and not settings["fortran"]:
                self.source.read(rows * self.bytes_of_row)
            elif first + rows > start:
                payload = self._columns(first - 1, rows) if settings["fortran"] else self._rows(rows)
                yield {"number": number, "first": first, "from": start, "rows": rows, "table": settings}, payload
                number += 1
            first += rows

    def _rows(self, rows: int) -> bytes:
        found = self.source.read(rows * self.bytes_of_row)
        if len(found) < rows * self.bytes_of_row:
            raise GradError("file", f"{self.file!r} is cut off: its header promises {self.rows:,} rows")
        return found

    def _columns(self, start: int, rows: int) -> bytes:
        size, parts = self.dtype.itemsize, []
        assert self.rows is not None
        for column in range(self.width):
            self.file_at.seek(self.offset + size * (column * self.rows + start))
            parts.append(self.file_at.read(size * rows))
        return b"".join(parts)


def columns_of(header: Header, payload: bytes) -> Block:
    """The block that a piece holds."""
    table = header["table"]
    descr = table["descr"]
    dtype = np.dtype(descr if isinstance(descr, str) else [tuple(field) for field in descr])
    values = np.frombuffer(payload, dtype)
    if dtype.names:
        columns = {name: values[dtype.names[place]] for name, place in zip(table["names"], table["wanted"], strict=True)}
    else:
        rows = values.reshape(table["width"], -1).T if table["fortran"] else values.reshape(-1, table["width"])
        columns = {name: rows[:, place] for name, place in zip(table["names"], table["wanted"], strict=True)}
    doubles = {name: column.astype("f8", copy=False) for name, column in columns.items()}
    return after(Block(header["first"], header["rows"], doubles, [], None, None), header["from"])


class ArraySink:
    """Rows of doubles into a .npy file, whose header says at any moment how many are there.

    To a pipe the number of ROWS has to be known before.
    """

    def __init__(self, path: str | None, width: int, *, inputs: Sequence[str] = (), rows: int | None = None) -> None:
        self.width = width
        self.rows = 0
        self.sink: Descriptor = opened(path, inputs=inputs)  # type: ignore[assignment]
        self.is_file = isinstance(self.sink, File) and self.sink.is_file
        if not self.is_file and rows is None:
            self.sink.close()
            raise GradError("usage", "a .npy file on a pipe begins with the number of its rows, which is not known yet",
                            hint="write it with --output FILE.npy")  # fmt: skip
        self.sink.write_block(self._header(0 if self.is_file else rows or 0))

    def write_block(self, data: bytes | memoryview) -> None:
        """Some rows, one after the other."""
        self.sink.write_block(data)
        self.rows += len(data) // (8 * self.width)
        if self.is_file:
            os.pwrite(self.sink.place, self._header(self.rows), 0)

    def _header(self, rows: int) -> bytes:
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {self.width}), }}"
        return b"\x93NUMPY\x01\x00" + (HEADER - 10).to_bytes(2, "little") + text.ljust(HEADER - 11).encode() + b"\n"

    def close(self) -> None:
        self.sink.close()

    def __enter__(self) -> ArraySink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
