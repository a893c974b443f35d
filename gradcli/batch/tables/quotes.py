"""Rows of text with quoted cells: where they end, how many there are, and their cells."""

from __future__ import annotations

import csv

import numpy as np

from gradcli.batch.tables.text import BLANK, LONGEST_LINE, NEWLINE, SPACE
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTE = 34


def tidy(chunk: bytes, delimiter: str) -> int | None:
    """The number of rows of a chunk in which every quote opens or closes a whole cell; None where one does not."""
    text = np.frombuffer(b"\n" + chunk, np.uint8)
    quotes = np.flatnonzero(text == QUOTE)
    if len(quotes) % 2:
        return None
    around = np.array([NEWLINE, SPACE, QUOTE, ord(delimiter)], np.uint8)
    if not (np.isin(text[quotes[::2] - 1], around).all() and np.isin(text[quotes[1::2] + 1], around).all()):
        return None
    ends = np.flatnonzero(text == NEWLINE)
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    lines = len(outside) - 1
    may_be_blank = np.flatnonzero(np.isin(text[outside[:-1] + 1], np.frombuffer(b"\n \t", np.uint8)))
    blank = b" " if delimiter == "\t" else BLANK
    return lines - sum(not chunk[outside[k] : outside[k + 1] - 1].strip(blank) for k in may_be_blank.tolist())


def whole_records(chunks: Iterator[bytes], delimiter: str, file: str, line: int = 1) -> Iterator[bytes]:
    """The same text, from that LINE of the file on, in chunks that end where a row ends, not inside a quoted cell.

    Raises GradError (file) where a quote is open at the end: what it swallowed is not to be lost.
    """
    held = b""
    for chunk in chunks:
        text = held + chunk
        held = b""
        if b'"' in text and tidy(text, delimiter) is None:
            end = last_record(text, delimiter)
            text, held = text[:end], text[end:]
            if len(held) > LONGEST_LINE:
                raise GradError("limit", f"a row of {file!r} is longer than {LONGEST_LINE >> 20} MiB",
                                hint="is a quote not closed?")  # fmt: skip
        if text:
            line += text.count(b"\n")
            yield text
    if held:
        opened = open_line(held, delimiter)
        if opened is not None:
            raise never_closed(file, line + opened)
        yield held


def never_closed(file: str, line: int) -> GradError:
    return GradError("file", f"{file}, line {line:,}: a quote opens in this row and is never closed",
                     hint="close it, or write it twice inside a quoted cell")  # fmt: skip


def open_line(text: bytes, delimiter: str) -> int | None:
    """Which line, from 0, begins the row whose quoted cell is open where the text ends; None if all are closed."""
    lines = text.decode("latin-1").split("\n")[:-1]
    begin = last = 0
    for _, line in records([*lines, "0"], delimiter):
        begin, last = last, line
    return begin if begin < len(lines) else None


def last_record(text: bytes, delimiter: str) -> int:
    """Where the last row begins; it may be cut inside a quoted cell."""
    lines = text.decode("latin-1").split("\n")[:-1]
    begin = last = 0  # in lines
    for _, line in records(lines, delimiter):
        begin, last = last, line
    return sum(len(line) + 1 for line in lines[:begin])


def records(lines: list[str], delimiter: str) -> Iterator[tuple[list[str], int]]:
    """The cells of each row, and how many lines end with it."""
    limit = csv.field_size_limit(LONGEST_LINE)
    try:
        reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, skipinitialspace=delimiter != "\t")
        for cells in reader:
            yield cells, reader.line_num
    finally:
        csv.field_size_limit(limit)


def quoted_rows(chunk: bytes, delimiter: str) -> int:
    """How many rows a chunk has, however its quotes stand."""
    return sum(not is_blank(cells) for cells, _ in records(chunk.decode("latin-1").split("\n")[:-1], delimiter))


def is_blank(cells: list[str]) -> bool:
    return not cells or (len(cells) == 1 and not cells[0].strip(" \t"))
