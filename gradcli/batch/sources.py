"""Files and standard input as chunks of whole lines, in order; the first line that says something says the format."""

from __future__ import annotations

import os
import stat
import sys

from gradcli.batch.chunks import BOM, Cutter
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from gradcli.batch.work import Task

FIRST_READ, READ = 4 << 10, 128 << 10  # bytes: small at first, so that the first answers come at once
LOOK = 64 << 10
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
TO_UTF_8 = "iconv -f UTF-16 -t UTF-8 FILE | gradcli batch -"
OTHER_FORMATS = {
    b"PAR1": ("a Parquet file", "gradcli map EXPR FILE reads the columns of one"),
    b"\x93NUMPY": ("a numpy array", "gradcli map EXPR FILE reads the columns of one"),
    b"PK\x03\x04": ("a zip archive", "unpack it first"),
    b"\x1f\x8b": ("compressed", "gzip -dc FILE | gradcli batch -"),
    b"BZh": ("compressed", "bzip2 -dc FILE | gradcli batch -"),
    b"\xfd7zXZ\x00": ("compressed", "xz -dc FILE | gradcli batch -"),
    b"\x28\xb5\x2f\xfd": ("compressed", "zstd -dc FILE | gradcli batch -"),
    b"%PDF-": ("a PDF", "gradcli batch reads JSON Lines, CSV and text"),
}  # fmt: skip
OF_ZIP = {
    ".npz": ("an archive of numpy arrays", "gradcli map EXPR FILE reads the columns of one"),
    ".xlsx": ("a spreadsheet", "save it as CSV"), ".ods": ("a spreadsheet", "save it as CSV"),
}  # fmt: skip


def tasks(paths: Sequence[str], *, size: Callable[[], int] = lambda: READ) -> Iterator[Task]:
    """Every chunk of every file, numbered on, of about SIZE() bytes. Raises GradError (file) where one cannot be read.

    What can be looked at beforehand is: no answer is given before a file is found to be missing.
    """
    for path in paths:
        check(path)
    return _numbered(paths, size)


def _numbered(paths: Sequence[str], size: Callable[[], int]) -> Iterator[Task]:
    number = 0
    for path in paths:
        for header, payload in chunks(path, size):
            yield {"number": number, "file": path, **header}, payload
            number += 1


def chunks(path: str, size: Callable[[], int] = lambda: READ) -> Iterator[Task]:
    """One file in chunks, as they can be read: from a pipe what is there, without waiting for more."""
    cutter = Cutter(shown(path))
    stream = opened(path)
    try:
        start = _read(path, stream, 8)
        while len(start) < 8:
            more = _read(path, stream, 8 - len(start))
            if not more:
                break
            start += more
        refuse_binary(path, start)
        yield from cutter.feed(start.removeprefix(BOM))
        wanted = min(FIRST_READ, size())
        while data := _read(path, stream, wanted):
            yield from cutter.feed(data)
            wanted = min(2 * wanted, size())
        yield from cutter.finish()
    finally:
        if path != "-":
            stream.close()


def check(path: str) -> None:
    """Raise GradError (file) where a file cannot be read, or its first lines say that it is none for us."""
    if path == "-":
        opened(path)
        return
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise unreadable(path, "is a directory", hint=f"name its files, as in {path.rstrip('/')}/*")
        if stat.S_ISREG(mode):
            with open(path, "rb") as file:
                start = file.read(LOOK)
            refuse_binary(path, start)
            cutter = Cutter(shown(path))
            for _ in cutter.feed(start.removeprefix(BOM)):
                break
            if cutter.format == {"format": "text"}:
                from gradcli.batch.header_row import refuse_table

                refuse_table(start.removeprefix(BOM), path)
    except (OSError, ValueError) as error:
        raise unreadable(path, _reason(error)) from None


def opened(path: str) -> BinaryIO:
    """The bytes of a file, or of standard input for `-`."""
    if path == "-":
        if sys.stdin is None:
            raise unreadable(path, "it is closed")
        return sys.stdin.buffer
    try:
        return open(path, "rb")
    except (OSError, ValueError) as error:
        raise unreadable(path, _reason(error)) from None


def _read(path: str, stream: BinaryIO, most: int) -> bytes:
    """What is there, at most so many bytes; nothing at the end."""
    try:
        found: bytes = stream.read1(most)  # type: ignore[attr-defined]
    except (OSError, ValueError) as error:
        raise unreadable(path, _reason(error)) from None
    return found


def shown(path: str) -> str:
    """The file as errors name it."""
    return "standard input" if path == "-" else repr(path)


def unreadable(path: str, reason: str, hint: str | None = None) -> GradError:
    """Why a file cannot be read."""
    return GradError("file", f"cannot read {shown(path)}: {reason}", hint=hint)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def refuse_binary(path: str, start: bytes) -> None:
    """Raise GradError (file) where a file begins as no text does."""
    name = "FILE" if path == "-" else path
    even, odd = start[0:4:2], start[1:4:2]
    if start[:2] in UTF_16 or (len(start) >= 4 and (even == b"\0\0") != (odd == b"\0\0")):
        at = 0 if start[:2] in UTF_16 else start.index(0)
        what = f"byte 0x{start[at]:02x} at {at}"
        message = f"{shown(path)} is not UTF-8 text ({what}); UTF-16?"
        raise GradError("file", message, hint=TO_UTF_8.replace("FILE", name))
    for sign, (what, hint) in OTHER_FORMATS.items():
        if what == "a zip archive":
            suffix = os.path.splitext(path)[1].lower()
            what, hint = OF_ZIP.get(suffix, (what, hint))
        if start.startswith(sign):
            raise GradError("file", f"{shown(path)} is no text: it is {what}", hint=hint.replace("FILE", name))
