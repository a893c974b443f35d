"""Rows of doubles in a .npy file that is whole at any moment, and that a later run can go on with.

The rows are records with the names of the columns: numpy.load(path)["d_x"]. As an array of two axes they are
numpy.load(path).view("<f8").reshape(-1, columns).
"""

from __future__ import annotations

import os

from gradcli.batch.sinks import Descriptor, File, opened
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

ROOM = 20  # digits of the number of rows, blanks behind them
MARK = "\x93NUMPY".encode("latin-1")


class RowsWritten:
    """Takes rows of doubles, little-endian, one behind the other. To a pipe their number has to be known before.

    The header is written again after the rows, so it never promises what is not there. With RESUME `rows` begins as the
    number of whole rows that the file has.
    """

    def __init__(
        self, path: str | None, names: Sequence[str], *, inputs: Sequence[str] = (), rows: int | None = None,
        resume: bool = False,
    ) -> None:  # fmt: skip
        self.path = path
        self.names = list(names)
        self.size = 8 * len(self.names)
        self.rows = 0
        self.left = False
        self.begin = len(header(self.names, 0))
        self.sink: Descriptor = opened(path, inputs=inputs, resume=resume)  # type: ignore[assignment]
        try:
            self.is_file = isinstance(self.sink, File) and self.sink.is_file
            if not self.is_file and rows is None:
                raise GradError("usage", "a .npy file on a pipe begins with the number of its rows, which is not known",
                                hint="write it with --output FILE.npy")  # fmt: skip
            if not (resume and self._go_on()):
                self.sink.write_block(header(self.names, 0 if self.is_file else rows or 0))
        except BaseException:
            self.sink.close()
            raise

    def _go_on(self) -> bool:
        """Find the whole rows that are there; whether there is at least a header."""
        assert isinstance(self.sink, File)
        size = os.fstat(self.sink.place).st_size
        if size >= self.begin:
            there = os.pread(self.sink.place, self.begin, 0)
            said = there.partition(b"'shape': (")[2].partition(b",")[0].strip()
            if not said.isdigit() or there != header(self.names, int(said)):
                raise GradError("file", f"{self.path!r} is not from this run: its columns are others",
                                hint="without --resume the file is written anew")  # fmt: skip
            self.rows = (size - self.begin) // self.size
        self.sink.cut(self.begin + self.rows * self.size if self.rows or size >= self.begin else 0)
        return size >= self.begin

    def write_block(self, data: bytes | memoryview) -> None:
        """Some rows."""
        self.sink.write_block(data)
        self.rows += len(data) // self.size
        if self.is_file:
            os.pwrite(self.sink.place, header(self.names, self.rows), 0)

    def read(self, start: int, rows: int) -> bytes:
        """The bytes of some rows that are there, from START, which is from 0."""
        rows = max(min(rows, self.rows - start), 0)
        return os.pread(self.sink.place, rows * self.size, self.begin + start * self.size)

    def close(self) -> None:
        """Nothing more comes, or not in this run."""
        self.sink.close()

    def finish(self) -> None:
        """All rows are there."""

    def leave(self) -> None:
        """The rows end before their time: what is there is not the whole."""
        self.left = True

    def __enter__(self) -> RowsWritten:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and not self.left:
                self.finish()
        finally:
            self.close()


def header(names: Sequence[str], rows: int) -> bytes:
    """The header of a .npy file of records; its length does not depend on ROWS."""
    fields = ", ".join([f"({name!r}, '<f8')" for name in names])
    length = len(f"{{'descr': [{fields}], 'fortran_order': False, 'shape': (,), }}") + ROOM
    text = f"{{'descr': [{fields}], 'fortran_order': False, 'shape': ({rows},), }}"
    version, encoding = (1, "latin-1") if text.isascii() and length < 60_000 else (3, "utf-8")
    prefix = len(MARK) + (4 if version == 1 else 6)
    grown = len(text.encode(encoding)) - len(text)
    total = -(-(prefix + length + grown + 1) // 64) * 64
    body = text.encode(encoding).ljust(total - prefix - 1) + b"\n"
    return MARK + bytes([version, 0]) + len(body).to_bytes(2 if version == 1 else 4, "little") + body
