"""Numbers in text by compiled C, where there is so much text that a compiler pays: the same numbers, the same bytes."""

from __future__ import annotations

from threading import Lock

import numpy as np

from gradcli.batch.shortest import tables
from gradcli.batch.tables.decimals import fives
from gradcli.codegen.c_text import LONGEST, ODD_FIELDS, READ, WRITE, source_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from ctypes import CDLL
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

LOOK, MAKE = 1 << 20, 1 << 23  # bytes that were read or written before a kept library is looked for, before one is made
MOST_ODD = 4096  # cells of a piece that are no plain numbers
EDGES = (0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e15, 1e16, 1e17, 1e-3, 1e-4, 1e-5,
         123456.0, np.nan, np.inf, -np.inf)  # fmt: skip
WORDS = (b"nan", b"inf", b"-inf")


class Reader:
    """Reads whole lines of one table. It may run in several threads at once."""

    def __init__(self, library: CDLL, delimiter: int, width: int, wanted: Sequence[int]) -> None:
        self._function = getattr(library, READ)
        self.delimiter = delimiter
        self.width = width
        self.places = np.full(width, -1, np.int64)
        self.places[list(wanted)] = np.arange(len(wanted))
        self.columns = len(wanted)

    def read(self, text: bytes) -> tuple[Floats, Whole, int] | None:
        """A line for each wanted column, the odd cells, the number of lines; None where it cannot be done."""
        if not text.endswith(b"\n"):
            return None
        room = text.count(b"\n")
        found = np.empty((self.columns, room))
        odd, counts = np.empty((MOST_ODD, ODD_FIELDS), np.int64), np.zeros(2, np.int64)
        rows = self._function(
            text, len(text), self.delimiter, self.delimiter == 9, self.width, _at(self.places), _at(fives()),
            _at(found), room, _at(odd), MOST_ODD, _at(counts),
        )  # fmt: skip
        return None if rows < 0 else (found[:, :rows], odd[: counts[0]], int(counts[1]))


class Writer:
    """Writes rows as lines: before each number what BEFORE says, END behind a row. It may run in several threads."""

    def __init__(self, library: CDLL, before: Sequence[bytes], end: bytes, words: Sequence[bytes] = WORDS) -> None:
        self._function = getattr(library, WRITE)
        self.columns = len(before)
        self.before, self.words = b"".join((*before, end)), b"".join(words)
        self.starts, self.word_starts = _starts((*before, end)), _starts(words)

    def write(self, rows: Floats) -> bytes:
        """The lines."""
        rows = np.ascontiguousarray(rows)
        high, low, *_ = tables()
        into = np.empty(len(rows) * (self.columns * LONGEST + len(self.before)), np.uint8)
        size = self._function(
            _at(rows), len(rows), self.columns, self.before, _at(self.starts), self.words, _at(self.word_starts),
            _at(high), _at(low), _at(into),
        )  # fmt: skip
        return into[:size].tobytes()


class _Text:
    """The library, once there is one."""

    def __init__(self) -> None:
        self.library: CDLL | None = None
        self.bytes = 0
        self.next = LOOK
        self.lock = Lock()

    def after(self, size: int) -> CDLL | None:
        """The library, if it is there; SIZE more bytes are about to be read or written without it."""
        if self.library is not None:
            return self.library
        self.bytes += size
        if self.bytes >= self.next and self.lock.acquire(blocking=False):  # the other threads go on
            try:
                if self.library is None:
                    self.library = self._look(make=self.bytes >= MAKE)
            finally:
                self.lock.release()
        return self.library

    def _look(self, *, make: bool) -> CDLL | None:
        from gradcli.codegen.compiler import FLAGS, Compiler, Unavailable

        self.next = 1 << 62 if make else MAKE
        try:
            compiler, source = Compiler(), source_text()
            return prepared(compiler.library(source, FLAGS, fault_of) if make else compiler.kept(source, FLAGS))
        except (Unavailable, OSError):
            self.next = 1 << 62
            return None


TEXT = _Text()


def prepared(library: CDLL | None) -> CDLL | None:
    """The library, its functions told what they take."""
    if library is not None:
        from ctypes import c_char_p, c_int, c_longlong, c_void_p

        word = c_longlong
        read, write = getattr(library, READ), getattr(library, WRITE)
        read.argtypes = [c_char_p, word, c_int, c_int, word, *[c_void_p] * 3, word, c_void_p, word, c_void_p]
        write.argtypes = [c_void_p, word, word, c_char_p, c_void_p, c_char_p, *[c_void_p] * 4]
        read.restype = write.restype = word
    return library


def fault_of(library: CDLL) -> str | None:
    """What is wrong with a library; None where it reads and writes what Python does."""
    prepared(library)
    bits = np.random.default_rng(1).integers(0, 1 << 64, 3000, np.uint64)
    bits[::3] = (bits[::3] >> np.uint64(4)) | np.uint64(0x3000000000000000)
    powers = [*2.0 ** np.arange(-1070, 1024, 7), *10.0 ** np.arange(-300, 300, 7)]
    values = np.concatenate([bits.view(np.float64), EDGES, powers])
    lines = [*map(repr, values.tolist())]
    expected = "".join([f"{line}\n" for line in lines]).encode()
    if Writer(library, [b""], b"\n").write(values[:, None]) != expected:
        return "the compiled code writes numbers otherwise than Python"
    found = Reader(library, 44, 1, [0]).read(expected)
    if found is None:
        return "the compiled code finds too few plain numbers"
    plain = np.ones(len(values), np.bool_)
    plain[found[1][:, 0]] = False
    values = np.array([*map(float, lines)])  # of the many bits that are nan, those that its name has
    if plain.sum() < len(values) // 2 or found[0][0][plain].tobytes() != values[plain].tobytes():
        return "the compiled code reads numbers otherwise than Python"
    return None


def _starts(parts: Sequence[bytes]) -> Whole:
    return np.cumsum([0, *map(len, parts)], dtype=np.int64)


def _at(values: NDArray[Any]) -> int:
    found: int = values.ctypes.data
    return found
