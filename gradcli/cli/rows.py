"""A run of the command map: tables in, columns out, progress on the way and a word at the end."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from shutil import which

from gradcli.batch.many import MANY, looked_ahead
from gradcli.batch.pace import Pace
from gradcli.batch.rows import ROWS, settle_kernel
from gradcli.batch.sinks import File, opened
from gradcli.batch.tables import format_to, open_rows
from gradcli.batch.tally import lasted, rate_of
from gradcli.cli.long_runs import LONG, faster_reader, size_of
from gradcli.cli.progress import Progress
from gradcli.cli.terminal import complain, error_text, note_text
from gradcli.codegen.compiler import CANDIDATES
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Any

    from gradcli.batch.engines import Engine
    from gradcli.batch.program import Rows
    from gradcli.batch.rows import Settings
    from gradcli.batch.tables.table import Table
    from gradcli.batch.work import Header, Task
    from gradcli.cli.map import Asked

FAILED = 1
TEXT = ("csv", "tsv", "jsonl")
PIECE, LARGE_PIECE = 1 << 20, 1 << 22  # bytes of text, of numbers
ALONE = 1.5  # seconds of work before other processes pay, each of which has to import numpy
LEAST_PIECE, LEAST_OF_CELL = 1 << 12, 4


class Run:
    """All that one command line computes: the rows of some tables, into one output or into a file for each."""

    def __init__(self, asked: Asked, paths: Sequence[str], output: str | None, form: str | None) -> None:
        self.asked = asked
        self.request = asked.request
        self.asked_form = form
        self.output = output
        self.quiet = bool(self.request["quiet"])
        self.pace = Pace(size_of(paths))
        names = ["standard input" if path == "-" else path for path in paths]
        label = names[0] if len(names) == 1 else f"{len(names)} files"
        self.progress = Progress(label, self.pace, unit="rows", quiet=self.quiet, to_file=output is not None)
        self.bad = 0
        self.first_bad = ""
        self.failed = False
        self.said: set[str] = set()
        self.kinds: set[str] = set()
        self.many = self.writes_text = self.nothing_left = self.began = False
        self.engines: dict[bool, Engine] = {}
        self.stack = ExitStack()

    def answer(self, paths: Sequence[str], output: str | None, *, named: str | None = None) -> int:
        """Compute the rows of PATHS one after the other into OUTPUT, and say the exit code.

        NAMED is what the output is called in the end, which says its format.
        """
        failure = None
        form = self.asked_form or ("csv" if output is None else format_to(named or output))
        is_text = form in TEXT
        with self.asked.table(paths[0]) as first:
            self.kinds.add(first.kind)
            self.writes_text = is_text
            settings, rows = self.asked.settings(first, form=form if is_text else ROWS)
            self.say_notes(rows)
            for path in paths[1:]:
                self.check(path, paths[0], rows)
            tasks = self.settled(settings, rows, self.tasks(paths, first, rows, heading=form in ("csv", "tsv")))
            known = first.rows if len(paths) == 1 and "head" not in self.request.given else None
            engine = self.engine(by_python=first.kind == "jsonl")
            with self.sink(rows, form, output, paths, known) as sink:
                self.began = True
                put = self.handed(engine, sink, sink.write if is_text else sink.write_block)
                tasks = self.pace.watch(tasks)
                for header, payload in self.answers(engine, settings, tasks, sink, is_text=is_text):
                    self.count(header)
                    put(payload)
                    self.pace.add(header)
                    self.progress.tick()
                    failure = header.get("failure")
                    if failure:
                        if not is_text:
                            sink.leave()
                        break
        if failure is None:
            return 0
        self.failed = True
        self.progress.erase()
        kind, message, hint = failure
        complain(error_text(GradError(kind, message, hint=hint), as_json=self.request.json))
        return FAILED

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.__exit__(kind, error, trace)
        self.progress.erase()
        if kind is None:
            self.summarise()
        elif self.began and not issubclass(kind, Exception) and not self.quiet and self.output is not None:
            self.progress.say(f"--resume goes on with {self.output}, behind the rows that were written")

    def settled(self, settings: Settings, rows: Rows, tasks: Iterator[Task]) -> Iterator[Task]:
        """The same tasks, when their rows have said whether a C compiler pays, wherever they come from."""
        few = "head" in self.request.given and self.request["head"] < MANY
        if settings.kernel == "auto" and not few:
            settings.many, tasks = looked_ahead(tasks)
            self.many = self.many or settings.many
        settle_kernel(settings, rows.program)
        return tasks

    def check(self, path: str, first: str, rows: Rows) -> None:
        """Raise before the first row is computed where a further file is missing or is another table."""
        if path != "-" and (os.path.isfile(path) or not os.path.exists(path)):  # a pipe is opened once
            with self.asked.table(path) as table:
                refuse_other(path, table, first, rows)

    def say_notes(self, rows: Rows) -> None:
        new = [message for _, message in rows.notes if message not in self.said]
        self.said.update(new)
        if new and not self.quiet:
            self.progress.erase()
            complain(note_text(new))

    def sink(self, rows: Rows, form: str, output: str | None, paths: Sequence[str], known: int | None) -> Any:
        """Where the answers go; the number of rows is KNOWN where the format of the data tells it."""
        resume = "resume" in self.request.given
        if form in TEXT:
            return opened(output, inputs=paths, resume=resume)
        return open_rows(output, rows.program.names, form, inputs=paths, rows=known, resume=resume)

    def engine(self, *, by_python: bool) -> Engine:
        """What runs the work: threads where numpy or C does it all, else processes, or a cluster."""
        if by_python not in self.engines:
            self.engines[by_python] = self.stack.enter_context(self.made(by_python=by_python))
        return self.engines[by_python]

    def made(self, *, by_python: bool) -> Engine:
        """A new engine."""
        request = self.request
        if request["engine"] == "dask" or request["scheduler"]:
            from gradcli.batch.cluster import Dask

            return Dask(request["scheduler"], request["jobs"], self.progress.say)
        from gradcli.batch.engines import Growing, Serial, cores

        jobs = request["jobs"] or cores()
        if by_python:
            if jobs == 1:
                return Serial()
            return Growing(jobs, self.progress.say, size=self.pace.size, alone=ALONE)
        from gradcli.batch.threads import Threads

        return Threads(jobs)

    def handed(self, engine: Engine, sink: Any, put: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """What is to be done with the bytes of each answer: PUT, unless the threads of the engine do that.

        They do not wait for whoever reads a pipe: Ctrl-C would have to wait for them.
        """
        if not hasattr(engine, "put"):
            return put
        here = not getattr(sink, "is_file", False) or not self.request.given.keys().isdisjoint(("head", "resume"))
        engine.put = None if here else put
        return put if here else _nothing

    def tasks(self, paths: Sequence[str], first: Table, rows: Rows, *, heading: bool) -> Iterator[Task]:
        """The pieces of all tables, numbered through; before them one for the names of the columns."""
        number = 0
        if heading:
            yield {"number": 0, "first": 1, "file": "", "heading": True}, b""
            number = 1
        for place, path in enumerate(paths):
            with first if place == 0 else self.asked.table(path) as table:
                if place:
                    refuse_other(path, table, paths[0], rows)
                table.select(rows.program.columns)
                size = size_of_pieces(table, rows)
                table.forget()
                read = 0
                try:
                    for header, payload in table.pieces(size):
                        yield {**header, "number": number, "file": path}, payload
                        number += 1
                        read = header["first"] - 1
                except GradError as error:
                    if read and error.kind == "file" and error.hint is None:
                        error.hint = f"its first {read:,} rows were read before that"
                    raise

    def answers(
        self, engine: Engine, settings: Settings, tasks: Iterator[Task], sink: Any, *, is_text: bool
    ) -> Iterator[Task]:
        """The answers; with --resume those that the output has are counted, and come without their bytes."""
        if "resume" not in self.request.given:
            yield from self.cut(engine.run(settings.spec(), tasks), is_text=is_text)
            return
        if "head" in self.request.given:
            raise GradError("usage", "--head and --resume do not go together")
        resumed: Any
        if isinstance(sink, File):
            from gradcli.batch.resumed import Resumed

            resumed = Resumed(sink)
        else:
            from gradcli.batch.tables.resumed_rows import ResumedRows

            resumed = ResumedRows(sink)
        try:
            yield from resumed.run(engine, settings.spec(), tasks)
        except GradError as error:
            if "not from this run" not in error.message:
                raise
            other = "numpy" if settings.kernel == "c" else "c"
            advice = f"this run computes with --kernel {settings.kernel}: name --kernel {other} if that one did"
            hint = f"{error.hint}\n{advice}"
            raise GradError(error.kind, error.message, hint=hint) from None
        if not self.quiet and not resumed.added and sink is not None and self.output == getattr(sink, "path", None):
            self.progress.say(f"{self.output} is complete: nothing was left to do")
            self.nothing_left = True

    def cut(self, answers: Iterator[Task], *, is_text: bool) -> Iterator[Task]:
        """With --head, no more rows than it says."""
        left = self.request["head"] if "head" in self.request.given else None
        for header, payload in answers:
            if left is not None and header["asked"] and header["lines"] >= left:
                width = len(payload) // header["lines"]
                lines = bytes(payload).splitlines(keepends=True)[:left] if is_text else [payload[: left * width]]
                yield {**header, "lines": left, "asked": left, "errors": {}, "failure": None}, b"".join(lines)
                return
            if left is not None and header["asked"]:
                left -= header["lines"]
            yield header, payload

    def count(self, header: Header) -> None:
        for many, _, message, _ in header["errors"].values():
            self.bad += many
            self.first_bad = self.first_bad or message

    def summarise(self) -> None:
        """The summary on standard error: always on a terminal, elsewhere where it was long or rows were bad."""
        many, seconds = self.bad, self.pace.seconds
        shown = sys.stderr is not None and (sys.stderr.isatty() or many or seconds >= LONG)
        if self.quiet or not shown or self.failed or self.nothing_left:
            return
        count = self.pace.count
        text = f"{count:,} row{'s' * (count != 1)} in {lasted(seconds)}{rate_of(count, seconds)}"
        if many:
            became = "left out" if self.request["bad-rows"] == "skip" else "answered with nan"
            text += f", {many:,} of them bad and {became}\n  first {self.first_bad}"
        complain(text)
        faster = self.advice() if seconds >= LONG else None
        if faster:
            complain(note_text([faster]))

    def advice(self) -> str | None:
        """What would have made a long run shorter, if anything that is not installed."""
        faster = faster_reader() if "jsonl" in self.kinds else None
        if faster:
            return faster
        is_text = not self.kinds.isdisjoint(("csv", "tsv")) or self.writes_text
        could = self.request["kernel"] == "auto" and os.name == "posix" and not os.environ.get("CC")
        if (self.many or is_text) and could and not any(map(which, CANDIDATES)):
            gain = "text is read and written" if is_text else "many rows are computed"
            gain = "this runs" if self.many and is_text else gain
            return f"with a C compiler ({', '.join(CANDIDATES)}) {gain} faster"
        return None


def _nothing(data: bytes) -> None:
    """The bytes were handed on."""


def size_of_pieces(table: Table, rows: Rows) -> int:
    """Bytes of a piece whose rows, with all that is computed of them, take no more than LARGE_PIECE."""
    program = rows.program
    most = max(LARGE_PIECE // (8 * (len(program.columns) + len(program.outputs))), 1)
    if table.kind in TEXT:
        return max(min(PIECE, most * LEAST_OF_CELL * len(table.names)), LEAST_PIECE)
    return min(table.suitable(most), LARGE_PIECE)


def refuse_other(path: str, table: Table, first: str, rows: Rows) -> None:
    """Raise where the columns of a further file make another program than those of the FIRST."""
    columns = rows.program.columns
    bases = {column.partition("[")[0] for column in columns}
    names = [name for name in table.names if name.partition("[")[0] in bases]
    if sorted(names) == sorted(columns):
        return
    missing = [name for name in columns if name not in names]
    if missing:
        table.select(missing)  # which raises
    raise GradError("name", f"the columns of {path!r} are not those of {first!r}",
                    hint=f"it has {', '.join(names)}; {first} has {', '.join(columns)}")  # fmt: skip
