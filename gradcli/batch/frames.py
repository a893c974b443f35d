"""Frames: a header and bytes as they travel between processes, each with its length before it."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from gradcli.batch.work import Header, Task

PREFIX = 12  # four bytes for the length of the header, eight for that of the payload


def packed(header: Header, payload: bytes = b"") -> bytes:
    """One frame."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return b"".join((len(text).to_bytes(4, "little"), len(payload).to_bytes(8, "little"), text, payload))


def next_frame(stream: BinaryIO) -> Task | None:
    """The next frame of a stream that blocks; None at its end, also in the middle of a frame."""
    prefix = stream.read(PREFIX)
    if len(prefix) < PREFIX:
        return None
    size, length = _lengths(prefix)
    text, payload = stream.read(size), stream.read(length)
    if len(text) < size or len(payload) < length:
        return None
    return json.loads(text), payload


class Frames:
    """The frames in what has arrived so far."""

    __slots__ = ("buffer",)

    def __init__(self) -> None:
        self.buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Task]:
        """Add DATA, and take out the frames that are complete."""
        buffer = self.buffer
        buffer += data
        begin = 0
        while len(buffer) >= begin + PREFIX:
            size, length = _lengths(buffer[begin : begin + PREFIX])
            middle = begin + PREFIX + size
            if len(buffer) < middle + length:
                break
            with memoryview(buffer) as view:
                text, payload = bytes(view[begin + PREFIX : middle]), bytes(view[middle : middle + length])
            begin = middle + length
            yield json.loads(text), payload
        if begin:
            del buffer[:begin]


def _lengths(prefix: bytes | bytearray) -> tuple[int, int]:
    return int.from_bytes(prefix[:4], "little"), int.from_bytes(prefix[4:], "little")
