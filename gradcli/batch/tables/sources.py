"""Where a table comes from: a file or standard input, looked at before it is read."""

from __future__ import annotations

import os
import sys

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

HEAD = 1 << 16
MAGIC = ((b"\x93NUMPY", "npy"), (b"PK\x03\x04", "npz"), (b"PK\x05\x06", "npz"), (b"PAR1", "parquet"))
SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".npy": "npy", ".npz": "npz", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls; a .xlsx is an archive
WIDE = ((b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


class Source:
    """Bytes from a file or standard input, with a head that can be looked at before anything is read."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file = file
        self.name = name
        self.head = _filled(file, HEAD, name)
        self.size = _size(file)
        self.position = 0  # how much was read
        self._waiting = self.head

    def read(self, count: int) -> bytes:
        """The next bytes, COUNT unless the end comes first."""
        found = self._read(count)
        self.position += len(found)
        return found

    def skip(self, count: int) -> None:
        """Go on behind the next COUNT bytes."""
        if self.size is not None and count > len(self._waiting):
            self.file.seek(count - len(self._waiting), 1)
            self._waiting = b""
            self.position += count
            return
        while count > 0 and (found := self.read(min(count, 1 << 20))):
            count -= len(found)

    def _read(self, count: int) -> bytes:
        if not self._waiting:
            return _filled(self.file, count, self.name)
        found, self._waiting = self._waiting[:count], self._waiting[count:]
        return found if len(found) == count else found + _filled(self.file, count - len(found), self.name)

    def seekable(self) -> BinaryIO:
        """The whole as a file that can be read at any place: itself, or a copy on disk that leaves no trace."""
        if self.size is None:
            from shutil import copyfileobj
            from tempfile import TemporaryFile

            copy = TemporaryFile()  # noqa: SIM115 (closed with the source)
            copy.write(self.head)
            copyfileobj(self.file, copy, 1 << 20)
            self.file.close()
            self.file, self.size = copy, copy.tell()
        self.file.seek(0)
        return self.file

    def close(self) -> None:
        if self.file is not sys.stdin.buffer:
            self.file.close()


def opened(path: str) -> Source:
    """The source at PATH, or standard input for `-`; text that is compressed by gzip is unpacked. Raises GradError."""
    name = "standard input" if path == "-" else path
    try:
        file: BinaryIO
        if path == "-":
            if sys.stdin is None:
                raise GradError("file", "standard input is closed")
            file = sys.stdin.buffer
        else:
            if os.path.isdir(path):
                raise GradError("file", f"cannot read {path!r}: it is a directory")
            file = open(path, "rb", buffering=0)  # noqa: SIM115 (closed with the source)
        source = Source(file, name)
        if source.head[:2] == b"\x1f\x8b":
            source = _unpacked(source)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        home = "the shell replaces ~ at the beginning of a word only: write $HOME" if path.startswith("~") else None
        raise GradError("file", f"cannot read {name!r}: {reason}", hint=home) from None
    return source


def format_of(path: str) -> str | None:
    """The format that the end of a path names, if it names one; `.gz` behind it does not count."""
    bare = path.lower().removesuffix(".gz")
    return next((kind for suffix, kind in SUFFIXES.items() if bare.endswith(suffix)), None)


def format_to(path: str) -> str:
    """The format that is written under a name; CSV under one without a suffix. Raises GradError (usage) for others."""
    ending = os.path.splitext(path)[1].lower()
    if ending and ending not in SUFFIXES:
        raise GradError("usage", f"map writes no {ending} ({path!r})",
                        hint=f"it writes {' '.join(SUFFIXES)}; --format says it for any name")  # fmt: skip
    return SUFFIXES.get(ending, "csv")


def format_in(source: Source, path: str) -> str:
    """The format of what is in a source, told by its first bytes, and where it is text by the path's suffix."""
    head = source.head
    if head.startswith(WORKBOOK) or (head.startswith(b"PK") and b"[Content_Types].xml" in head[:4096]):
        raise GradError("file", f"{source.name!r} is an Excel workbook", hint="save it as CSV")
    kind = next((kind for magic, kind in MAGIC if head.startswith(magic)), None)
    if kind:
        return kind
    named = format_of(path)
    if named not in ("csv", "tsv") and head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        file = "FILE" if path == "-" else source.name
        raise GradError("file", f"{source.name!r} is one JSON array, and a row is an object on a line of its own",
                        hint=f"jq -c '.[]' {file} | gradcli map EXPR -")  # fmt: skip
    if named in ("npy", "npz", "parquet"):
        what = "empty" if not head else f"no {named} file"
        raise GradError("file", f"{source.name!r} is {what}", hint=_likely(head))
    check_text(source)
    if named:
        return named
    return "jsonl" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else "csv"


def check_text(source: Source) -> None:
    """Refuse what is no text in UTF-8, as far as its head shows."""
    wide = next((name for mark, name in WIDE if source.head.startswith(mark)), None)
    if wide is None and source.head[1:2] == b"\0" != source.head[:1]:
        wide = "UTF-16"
    if wide:
        raise GradError("file", f"{source.name!r} is {wide} text",
                        hint=f"iconv -f {wide} -t UTF-8 {source.name} > table.csv")  # fmt: skip


def _likely(head: bytes) -> str | None:
    if not head:
        return None
    return "it looks like text: name it .csv or .jsonl" if head[:200].isascii() and b"\0" not in head[:200] else None


def _unpacked(source: Source) -> Source:
    from gzip import GzipFile

    return Source(GzipFile(fileobj=source.seekable()), source.name)  # type: ignore[arg-type]


def _filled(file: BinaryIO, count: int, name: str) -> bytes:
    """COUNT bytes, or all that are left. Raises GradError (file) where the disk fails, or gzip was cut or changed."""
    from zlib import error as torn

    parts = []
    while count > 0:
        try:
            part = file.read(count)
        except (OSError, EOFError, torn) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            fault = f"{name!r} is cut off" if isinstance(error, EOFError) else f"cannot read {name!r}"
            raise GradError("file", f"{fault}: {reason}") from None
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _size(file: BinaryIO) -> int | None:
    """The number of bytes of a regular file that is read as it is."""
    import stat

    try:
        status = os.fstat(file.fileno())
    except (OSError, AttributeError):
        return None
    from gzip import GzipFile

    return status.st_size if stat.S_ISREG(status.st_mode) and not isinstance(file, GzipFile) else None
