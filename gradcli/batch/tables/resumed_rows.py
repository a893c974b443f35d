"""A run over rows that goes on where an earlier one was cut off; the output is doubles, and says how far it came."""

from __future__ import annotations

from gradcli.batch import work
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.batch.engines import Engine
    from gradcli.batch.tables.rows_written import RowsWritten
    from gradcli.batch.work import Spec, Task


class ResumedRows:
    """Goes on with what is written, by the tasks of the whole run.

    Rows that are there are counted, not computed, but for those of the first piece and of the last: they must be the
    same again, or the file is from another run.
    """

    def __init__(self, written: RowsWritten) -> None:
        self.written = written
        self.added = 0

    def run(self, engine: Engine, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        """The answers that are missing; those that are there come without their bytes. Raises GradError (file)."""
        for header, payload in self._skipped(spec, tasks):
            self.added += len(payload) // self.written.size
            yield header, payload
        for header, payload in engine.run(spec, tasks):
            self.added += header["lines"]
            yield header, payload

    def _skipped(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        there = self.written.rows
        done = 0
        do = None
        for header, payload in tasks if there else ():
            count = work.answers(spec, header, payload)
            if done and done + count < there:
                yield work.told(spec, header, payload, b""), b""
                done += count
                continue
            do = do or work.make(spec)
            told, expected = do(header, payload)
            output = self.written.read(done, count)
            if not bytes(expected).startswith(output):
                raise self._other(done)
            done += count
            yield told, bytes(expected)[len(output) :]
            if done >= there:
                return
        if done < there:
            raise self._other(done)

    def _other(self, row: int) -> GradError:
        message = f"{self.written.path!r} is not from this run: it differs from row {row + 1:,} on"
        return GradError("file", message, hint="without --resume the file is written anew")
