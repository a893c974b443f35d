"""A run that goes on where an earlier one was cut off: what the output holds says how far that came."""

from __future__ import annotations

from itertools import islice

from gradcli.batch import work
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.batch.engines import Engine
    from gradcli.batch.sinks import File
    from gradcli.batch.work import Header, Spec, Task

READ = 1 << 20


def headers_of(path: str, spec: Spec, tasks: Iterator[Task]) -> Iterator[Header]:
    """The headers of all answers of an earlier run, which has written PATH to its end; nothing is computed again."""
    with open(path, "rb") as there:
        for header, payload in tasks:
            count = work.answers(spec, header, payload)
            yield work.told(spec, header, payload, b"".join(islice(there, count)))


class Resumed:
    """Goes on with FILE, by the tasks of the whole run.

    The lines that are there are counted, not computed, but for those of the first chunk and of the last: they must be
    the same again, or the file is from another run. What a kill left of a line is cut off.
    """

    def __init__(self, file: File) -> None:
        self.file = file
        self.lines = 0  # that are there
        self.added = 0
        self._there = 0  # bytes of those lines
        self._torn = b""  # what stands behind them
        self._count()

    def run(self, engine: Engine, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        """The answers that are missing; those that are there come without their bytes. Raises GradError (file)."""
        for header, payload in self._skipped(spec, tasks):
            self.added += payload.count(b"\n")
            yield header, payload
        for header, payload in engine.run(spec, tasks):
            self.added += header["lines"]
            yield header, payload

    def _skipped(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        do = None
        left = self.lines
        with open(self.file.path, "rb") as there:
            first = True
            for header, payload in tasks if left or self._torn else ():
                count = work.answers(spec, header, payload)
                output = b"".join(there.readline() for _ in range(min(count, left)))
                if first or left <= count:
                    do = do or work.make(spec)
                    told, expected = do(header, payload)
                    self._compare(self.lines - left, output, expected)
                    rest = expected[len(output) :]
                else:
                    told, rest = work.told(spec, header, payload, output), b""
                left -= min(count, left)
                first = first and not count
                if left:
                    yield told, b""
                    continue
                if self._torn and rest:
                    self._compare_torn(rest)
                if not self._torn or rest:
                    self.file.cut(self._there)
                    yield told, rest
                    return
                yield told, b""
        if left or self._torn:
            raise self._other(self.lines - left, "the input has no answer for it")
        self.file.cut(self._there)

    def _count(self) -> None:
        """Count the whole lines, and keep what stands behind them."""
        self._torn = b""
        size = 0
        with open(self.file.path, "rb") as there:
            while data := there.read(READ):
                size += len(data)
                self.lines += data.count(b"\n")
                at = data.rfind(b"\n") + 1
                self._torn = data[at:] if at else self._torn + data
        self._there = size - len(self._torn)
        self._torn = self._torn.rstrip(b"\0")  # a machine that went down may have left room for more

    def _compare(self, before: int, output: bytes, expected: bytes) -> None:
        if expected.startswith(output):
            return
        lines = zip(output.split(b"\n"), expected.split(b"\n"), strict=False)
        same = next(number for number, (here, again) in enumerate(lines) if here != again)
        raise self._other(before + same, "this run answers otherwise")

    def _compare_torn(self, rest: bytes) -> None:
        if not rest.startswith(self._torn):
            raise self._other(self.lines, "this run answers otherwise")

    def _other(self, line: int, why: str) -> GradError:
        message = f"{self.file.path!r} is not from this run: line {line + 1:,} differs"
        return GradError("file", message, hint=f"{why}; without --resume the file is written anew")
