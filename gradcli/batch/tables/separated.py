"""CSV and TSV: the header, and pieces of whole rows."""

from __future__ import annotations

import csv
from itertools import chain
from unicodedata import normalize

from gradcli.batch.records import long_cells
from gradcli.batch.tables.cells import is_number
from gradcli.batch.tables.quotes import quoted_rows, tidy, whole_records
from gradcli.batch.tables.table import PIECE, Table
from gradcli.batch.tables.text import BLANK, LONGEST_LINE, lines_of, numbered, rows_in
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.batch.tables.sources import Source
    from gradcli.batch.tables.table import Piece

DELIMITERS = (",", ";", "\t")
MANY = 10_000  # columns


class Separated(Table):
    """A table of text: a header, then a row a line, cells parted by a comma, a semicolon or a tab."""

    kind = "csv"

    def __init__(
        self, source: Source, policy: str, *, tabs: bool = False, columns: Sequence[str] | None = None
    ) -> None:
        super().__init__(source, policy)
        self.delimiter = "\t" if tabs else ","
        self.chunks = lines_of(source, PIECE)
        self.first = b""  # what was read behind the header
        self.line = 1  # the number of its first line
        self._read_header(tabs, columns)

    def _read_header(self, tabs: bool, columns: Sequence[str] | None) -> None:
        comment = b""
        while True:
            line = self._next_line()
            if line is None:
                if comment or columns:
                    break
                raise GradError("file", f"{self.file!r} is empty", hint="a table begins with the names of its columns")
            if line.startswith(b"#"):
                comment = line
            elif line.strip(b" \n" if tabs else BLANK + b"\n"):
                break
        header = comment[1:] if line is None else line
        text = self._decoded(header)
        if not tabs:
            self.delimiter = sniffed(text)
        with long_cells():
            names = next(csv.reader([text], delimiter=self.delimiter, skipinitialspace=True), [])
        cells = [cell.strip() for cell in names]
        if line is not None and all(map(is_number, cells)):
            commented = self._decoded(comment[1:]).strip()
            if columns is None and commented.count(self.delimiter) == len(cells) - 1 and commented:
                columns = [cell.strip() for cell in commented.split(self.delimiter)]
            if columns is None:
                example = ",".join("abcdefgh"[: len(cells)]) if len(cells) <= 8 else "a,b,c,…"
                raise GradError("file", f"{self.file!r} has no header: its first row holds numbers only",
                                hint=f"name its columns: --columns {example}")  # fmt: skip
            self.first = line + self.first
            self.line -= line.count(b"\n")
        self.width = len(cells)
        self.names = cells
        for place, cell in enumerate(cells):
            if not cell.isascii():
                cells[place] = normalize("NFC", cell)
        if columns is not None:
            self.call(columns)

    def _next_line(self) -> bytes | None:
        """The next line, with all lines of a quoted cell that begins in it."""
        end = self.first.find(b"\n") + 1
        if not end:
            self.first += next(self.chunks, b"")
            end = self.first.find(b"\n") + 1
            if not end:
                return None
        while self.first.count(b'"', 0, end) % 2:
            further = self.first.find(b"\n", end) + 1
            if not further:
                break
            end = further
        line, self.first = self.first[:end], self.first[end:]
        self.line += line.count(b"\n")
        return line

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode().rstrip("\n")
        except UnicodeDecodeError as error:
            raise GradError("file", f"{self.file!r} is not UTF-8 text: byte 0x{line[error.start]:02x} in its header",
                            hint="save it as UTF-8") from None  # fmt: skip

    def pieces(self, size: int, *, start: int = 1) -> Iterator[Piece]:
        """Whole rows as they stand in the file, line ends and byte order mark aside."""
        settings = self.settings() | {"delimiter": self.delimiter, "width": self.width}
        chunks = chain([self.first] if self.first else [], self.chunks)
        joined = whole_records(gathered(chunks, size), self.delimiter, self.file, self.line)
        for number, chunk in enumerate(numbered(joined, row=1, line=self.line, count=self.count, start=start)):
            header = {"number": number, "first": chunk.row, "line": chunk.line, "offset": chunk.offset, "from": start}
            yield header | {"table": settings}, chunk.text

    def forget(self) -> None:
        if self.width > MANY:
            self.names = []

    def count(self, chunk: bytes) -> int:
        """How many rows a chunk has."""
        if b'"' in chunk:
            rows = tidy(chunk, self.delimiter)
            return quoted_rows(chunk, self.delimiter) if rows is None else rows
        return rows_in(chunk, b" " if self.delimiter == "\t" else BLANK)


def sniffed(header: str) -> str:
    """The delimiter that a header has most of, outside its quotes."""
    outside = "".join(header.split('"')[::2])
    most = max(DELIMITERS, key=outside.count)
    return most if most in outside else ","


def gathered(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The chunks joined until they have SIZE bytes."""
    waiting: list[bytes] = []
    length = 0
    for chunk in chunks:
        waiting.append(chunk)
        length += len(chunk)
        if length >= size or length > LONGEST_LINE:
            yield b"".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield b"".join(waiting)
