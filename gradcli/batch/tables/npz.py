"""Tables in .npz files: each array is a column under its name, or several; they are read a piece at a time."""

from __future__ import annotations

from tempfile import TemporaryFile
from zipfile import BadZipFile, ZipFile
from zlib import error as broken

import numpy as np

from gradcli.batch.tables.columnar import Columnar
from gradcli.batch.tables.headers import check_numbers, header_of
from gradcli.batch.tables.jsonl import MOST_COLUMNS, indices
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.batch.tables.columnar import Part
    from gradcli.batch.tables.sources import Source


class Member:
    """One array of the archive, of which the first axis goes along the rows."""

    def __init__(self, archive: ZipFile, info: Any, whose: str) -> None:
        self.archive, self.info, self.whose = archive, info, whose
        with archive.open(info) as file:
            shape, self.fortran, self.dtype = header_of(file, whose)
            self.offset = file.tell()
        check_numbers(self.dtype, whose)
        self.shape = shape
        self.rows = shape[0] if shape else 1
        self.width = int(np.prod(shape[1:], dtype=object))
        promised = self.rows * self.width * self.dtype.itemsize
        if info.file_size - self.offset != promised:
            raise GradError("file", f"{whose} has other bytes than its header says: {promised:,} are promised, "
                            f"{info.file_size - self.offset:,} are there")  # fmt: skip

    def parts(self, rows: int, start: int) -> Iterator[Any]:
        """Arrays of ROWS lines, or fewer at the end, with all columns of the member."""
        if self.fortran and len(self.shape) > 1 and self.width > 1:
            yield from self._by_columns(rows, start)
            return
        size = self.width * self.dtype.itemsize
        with self.archive.open(self.info) as file:
            file.seek(self.offset + start * size)
            while data := file.read(min(rows, self.rows - start) * size):
                found = np.frombuffer(data, self.dtype).reshape(-1, self.width)
                start += len(found)
                yield found

    def _by_columns(self, rows: int, start: int) -> Iterator[Any]:
        """The same for an array whose columns stand together: through a copy on disk that leaves no trace."""
        from shutil import copyfileobj

        size = self.dtype.itemsize
        with self.archive.open(self.info) as file, TemporaryFile() as copy:
            file.seek(self.offset)
            copyfileobj(file, copy, 1 << 20)
            order = np.arange(self.width).reshape(self.shape[1:]).ravel(order="F").argsort()
            for first in range(start, self.rows, rows):
                count = min(rows, self.rows - first)
                found = np.empty((count, self.width), self.dtype)
                for column, place in enumerate(order.tolist()):
                    copy.seek(size * (place * self.rows + first))
                    found[:, column] = np.frombuffer(copy.read(count * size), self.dtype)
                yield found


class Archive(Columnar):
    """An archive of arrays of equal length. An array x of more axes gives the columns x[0], x[1], or x[0,0], ..."""

    def __init__(self, source: Source, policy: str, columns: Sequence[str] | None = None) -> None:
        super().__init__(source, policy)
        self.members: list[Member] = []
        self.places: list[tuple[int, int]] = []  # of each column: its member, and where it is in a row of it
        try:
            self._open()
        except (BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, broken) as error:
            raise self._unreadable(error) from None
        self.width = len(self.names)
        self.rows = self.members[0].rows
        if columns is not None:
            self.call(columns)

    def _open(self) -> None:
        self.archive = ZipFile(self.source.seekable())
        for info in self.archive.infolist():
            if not info.filename.endswith(".npy"):
                continue
            name = info.filename[:-4]
            member = Member(self.archive, info, f"{name!r} in {self.file!r}")
            if self.members and member.rows != self.members[0].rows:
                other = self.members[0]
                raise GradError("shape", f"{member.whose} has {member.rows:,} rows, and {other.whose.split(' in ')[0]} "
                                f"has {other.rows:,}", hint="a table has columns of equal length")  # fmt: skip
            if len(self.names) + member.width > MOST_COLUMNS:
                raise GradError("limit", f"{self.file!r} has more than {MOST_COLUMNS:,} columns")
            for place, index in enumerate(indices(member.shape[1:])):
                self.names.append(f"{name}[{','.join(map(str, index))}]" if index else name)
                self.places.append((len(self.members), place))
            self.members.append(member)
        if not self.names:
            hint = "numpy.savez('data.npz', x=x, y=y) writes one"
            raise GradError("file", f"{self.file!r} holds no array", hint=hint)

    def parts(self, rows: int, start: int) -> Iterator[Part]:
        """The wanted columns."""
        wanted = [self.places[place] for place in self.wanted or ()]
        used = sorted({member for member, _ in wanted})
        try:
            for found in zip(*(self.members[member].parts(rows, start) for member in used), strict=True):
                of = dict(zip(used, found, strict=True))
                yield [of[member][:, place] for member, place in wanted], []
        except (BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, broken) as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> GradError:
        reason = str(error)
        said = f"{reason[:1].lower()}{reason[1:]}" or "it ends too early"
        return GradError("file", f"{self.file!r} is no .npz that can be read: {said}")
