"""Text in chunks of whole lines, each with the number of its first row and line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradcli.batch.tables.sources import Source

LONGEST_LINE = 1 << 25  # bytes
BLANK = b" \t"
NEWLINE, SPACE = 10, 32


class Chunk(NamedTuple):
    """Whole lines: the number, from 1, of the first row and the first line in them, and how far the source was read."""

    row: int
    line: int
    offset: int
    text: bytes


def pieces_of(source: Source, size: int) -> Iterator[bytes]:
    """The text without a byte order mark, every line end a newline, in pieces of about SIZE bytes."""
    held = b""
    first = True
    while True:
        read = source.read(size)
        if b"\0" in read:
            raise GradError("file", f"{source.name!r} holds a NUL byte, which is in no text",
                            hint="is it another kind of file, or UTF-16?")  # fmt: skip
        piece = held + read
        if first:
            piece, first = piece.removeprefix(b"\xef\xbb\xbf"), False
        held = b""
        if b"\r" in piece:
            if piece.endswith(b"\r") and read:
                piece, held = piece[:-1], b"\r"
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if piece:
            yield piece
        if not read:
            return


def lines_of(source: Source, size: int) -> Iterator[bytes]:
    """Chunks of whole lines, of about SIZE bytes or as long as a line; the last line gets its newline."""
    waiting: list[bytes] = []
    length = 0
    for piece in pieces_of(source, size):
        end = piece.rfind(b"\n") + 1
        if end:
            yield b"".join((*waiting, piece[:end]))
            waiting, length = [], 0
        if end < len(piece):
            waiting.append(piece[end:])
            length += len(waiting[-1])
            if length > LONGEST_LINE:
                raise GradError("limit", f"a line of {source.name!r} is longer than {LONGEST_LINE >> 20} MiB")
    if waiting:
        yield b"".join(waiting) + b"\n"


def numbered(
    chunks: Iterator[bytes], *, row: int, line: int, count: Callable[[bytes], int], start: int = 1
) -> Iterator[Chunk]:
    """The chunks with their numbers, from the row START on; COUNT says how many rows a chunk has."""
    offset = 0
    for chunk in chunks:
        offset += len(chunk)
        rows = count(chunk)
        if row + rows > start:
            yield Chunk(row, line, offset, chunk)
        row += rows
        line += chunk.count(b"\n")


def rows_in(chunk: bytes, blank: bytes = BLANK) -> int:
    """How many lines hold more than blanks."""
    text = np.frombuffer(chunk, np.uint8)
    ends = text == NEWLINE
    lines = int(np.count_nonzero(ends))
    if text[0] <= SPACE or (ends[:-1] & (text[1:] <= SPACE)).any():
        lines -= sum(not line.strip(blank) for line in chunk.split(b"\n")[:-1])
    return lines
