"""Where answers go: standard output or a file, in whole lines only, whatever ends the run."""

from __future__ import annotations

import errno
import os
import stat
import sys

from gradcli.batch.sending import PIECE, send
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import BinaryIO, Protocol

    class Sink(Protocol):
        """Takes lines; an OSError says that they cannot be written, and the lines before are whole."""

        def write(self, data: bytes) -> None:
            """Whole lines."""

        def close(self) -> None:
            """Nothing more comes."""

        def __enter__(self) -> Sink:
            """Itself."""

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None:
            """Close it."""


STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
REASONS = {
    errno.ENOENT: "there is no such folder",
    errno.EISDIR: "it is a folder",
    errno.EACCES: "permission denied",
}
GO_ON = "ends with a whole {}, and --resume goes on from there"


def opened(path: str | None, *, inputs: Sequence[str] = (), resume: bool = False) -> Sink:
    """The sink for --output PATH, emptied, or with RESUME as it is; None is standard output.

    Raises GradError (file) where it cannot be written, is one of INPUTS, or belongs to another run.
    """
    if path is None or path in STANDARD_OUTPUT:
        if resume:
            raise GradError("usage", "--resume needs a file to go on with", hint="name it with --output FILE")
        return _standard_output(inputs)
    return File(path, inputs=inputs, resume=resume)


def _standard_output(inputs: Sequence[str]) -> Sink:
    sys.stdout.flush()
    try:
        place = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):  # a stream of a test, or of another program
        return Stream(sys.stdout.buffer)
    if stat.S_ISREG(os.fstat(place).st_mode):
        refuse_input(place, "standard output", inputs)
    return Descriptor(place)


def refuse_input(place: int, name: str, inputs: Sequence[str]) -> None:
    """Raise GradError where the file at PLACE is one that is read: writing would destroy it, or never end."""
    mine = os.fstat(place)
    for path in inputs:
        try:
            other = os.fstat(0) if path == "-" else os.stat(path)
        except (OSError, ValueError):  # reading it says what is wrong
            continue
        if os.path.samestat(mine, other):
            read = "standard input" if path == "-" else repr(path)
            same = name if path == "-" else read
            raise GradError("file", f"{same} would be read and written at once", hint="write to another file")


class Stream:
    """A stream of Python's, where there is no descriptor."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def write(self, data: bytes) -> None:
        """Whole lines."""
        self.stream.write(data)
        self.stream.flush()

    def close(self) -> None:
        """It belongs to others."""

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Descriptor:
    """A file, a pipe or a terminal. `size` is how long a file is that ends with what was written whole."""

    def __init__(self, place: int) -> None:
        self.place = place
        mode = os.fstat(place).st_mode
        self.is_file = stat.S_ISREG(mode)
        self.size = _end(place) if self.is_file else None

    def write(self, data: bytes) -> None:
        """Whole lines, in pieces that arrive whole or not at all."""
        begin, end = 0, len(data)
        while begin < end:
            cut = end if end - begin <= PIECE else data.rfind(b"\n", begin, begin + PIECE) + 1
            if not cut:
                cut = data.find(b"\n", begin) + 1 or end
            self._put(data[begin:cut])
            begin = cut

    def write_block(self, data: bytes | memoryview) -> None:
        """Bytes that are not lines; `size` counts them, and who reads them knows where they may end."""
        self._put(data)

    def close(self) -> None:
        """Leave it open: it belongs to the process."""

    def _put(self, piece: bytes | memoryview) -> None:
        try:
            if not self.is_file:
                send(self.place, piece)
                return
            written = os.write(self.place, piece)
            while written < len(piece):
                written += os.write(self.place, piece[written:])
        except BrokenPipeError:
            raise
        except OSError as error:
            self._cut()
            raise self.unwritable(error) from None
        if self.size is not None:
            self.size += len(piece)

    def _cut(self) -> None:
        """Take away the piece that did not fit."""
        if self.size is not None:
            try:
                os.ftruncate(self.place, self.size)
                os.lseek(self.place, self.size, os.SEEK_SET)
            except OSError:
                pass

    def unwritable(self, error: OSError) -> OSError:
        """How ERROR is told."""
        return error

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end(place: int) -> int | None:
    """The position, if it is the end of the file: then what is behind it is our own."""
    try:
        position = os.lseek(place, 0, os.SEEK_END if _appends(place) else os.SEEK_CUR)
        return position if position == os.fstat(place).st_size else None
    except OSError:
        return None


def _appends(place: int) -> bool:
    try:
        from fcntl import F_GETFL, fcntl
    except ImportError:
        return False
    return bool(fcntl(place, F_GETFL) & os.O_APPEND)


class File(Descriptor):
    """A file of our own, locked against other runs; readable while it grows."""

    def __init__(self, path: str, *, inputs: Sequence[str] = (), resume: bool = False) -> None:
        self.path = path
        place = _open(path)
        try:
            mode = os.fstat(place).st_mode
            if resume and not stat.S_ISREG(mode):
                raise GradError("usage", f"--resume needs a file, and {path!r} is none")
            if stat.S_ISREG(mode):
                refuse_input(place, repr(path), inputs)
                lock(place, path)
                if not resume:
                    os.ftruncate(place, 0)
        except BaseException:
            os.close(place)
            raise
        super().__init__(place)

    def cut(self, size: int) -> None:
        """Keep the first SIZE bytes, and write on behind them."""
        os.ftruncate(self.place, size)
        os.lseek(self.place, size, os.SEEK_SET)
        self.size = size

    def close(self) -> None:
        """Close it, which ends the lock. OSError where a late write failed."""
        place, self.place = self.place, -1
        if place >= 0:
            os.close(place)

    def unwritable(self, error: OSError) -> OSError:
        """How ERROR is told: with what is left of the file."""
        reason = error.strerror or str(error)
        left = f"; it {how_to_go_on(self.path)}" if self.size else ""
        return OSError(error.errno, f"{reason}: {self.path!r}{left}")


def how_to_go_on(path: str) -> str:
    """What an output that was cut off is good for: a .npy has rows, all else lines."""
    return GO_ON.format("row" if path.lower().endswith(".npy") else "line")


def _open(path: str) -> int:
    """A descriptor for PATH, whose contents stay for now."""
    flags = os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        special = os.path.exists(path) and not os.path.isfile(path)
        try:
            return os.open(path, (os.O_WRONLY if special else os.O_RDWR) | flags, 0o666)
        except PermissionError:
            return os.open(path, os.O_WRONLY | flags, 0o666)  # what may be written, and not read
    except OSError as error:
        reason = REASONS.get(error.errno or 0, (error.strerror or str(error)).lower())
        raise GradError("file", f"cannot write {path!r}: {reason}") from None
    except ValueError:
        raise GradError("file", f"cannot write {path!r}: this is no name of a file") from None


def lock(place: int, path: str) -> None:
    """Keep other runs from the file. Raises GradError (file) where one has it."""
    try:
        try:
            from fcntl import LOCK_EX, LOCK_NB, flock

            flock(place, LOCK_EX | LOCK_NB)
        except ImportError:
            import msvcrt

            os.lseek(place, 1 << 60, os.SEEK_SET)  # where no byte is: who reads the file is not to be stopped
            msvcrt.locking(place, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            os.lseek(place, 0, os.SEEK_SET)
    except (BlockingIOError, PermissionError):
        hint = "wait for it, or stop it"
        raise GradError("file", f"{path!r} is being written by another gradcli", hint=hint) from None
    except OSError:  # a file system that has no locks
        pass
