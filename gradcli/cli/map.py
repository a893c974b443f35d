"""The command map: one expression over every row of a table, its value and its gradients as columns."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from gradcli import language
from gradcli.batch.pace import Pace
from gradcli.batch.rows import MANY, ROWS, Settings
from gradcli.batch.sinks import File, opened
from gradcli.batch.tables import format_of, open_table
from gradcli.batch.tally import lasted, rate_of
from gradcli.cli.batch import LONG, collect_garbage, size_of
from gradcli.cli.progress import Progress
from gradcli.cli.quick import settings as values_of
from gradcli.cli.terminal import complain, error_text, note_text
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.batch.engines import Engine
    from gradcli.batch.program import Rows
    from gradcli.batch.tables.table import Table
    from gradcli.batch.work import Header, Task
    from gradcli.cli.quick import Request

FAILED = 1
TEXT = ("csv", "tsv", "jsonl")
PIECE, LARGE_PIECE = 1 << 20, 1 << 22  # bytes of text, of numbers
MANY_BYTES = 64 << 20  # of text, which then has MANY rows or nearly as many


class Asked:
    """What a command line asks for: the program, the files, the values that all rows share."""

    def __init__(self, request: Request) -> None:
        self.request = request
        if not request.words:
            from gradcli.cli.refusals import no_expression

            raise no_expression("map")
        first, *rest = request.words
        shared = [word for word in rest if _is_setting(word)]
        self.paths = [word for word in rest if not _is_setting(word)]
        if not self.paths:
            raise GradError("usage", "no data given", hint="name a table, as in: gradcli map 'x*y' data.csv, or - for "
                            "standard input; without a table, gradcli grad answers")  # fmt: skip
        if self.paths.count("-") + (first == "-") > 1:
            raise GradError("usage", "standard input can be read only once")
        self.source = first
        if first == "-":
            from gradcli.cli.files import text_of

            self.source = text_of("-")
        self.shared = values_of(shared, self.source)

    def table(self, path: str) -> Table:
        """A table, opened, its columns named."""
        request = self.request
        try:
            found = open_table(path, columns=request["columns"], bad_rows=request["bad-rows"])
        except NotImplementedError as kind:
            raise GradError("file", f"{path!r} cannot be read: no reader for {kind} is there") from None
        if not found.names:
            try:
                self._name(found)
            except BaseException:
                found.close()
                raise
        return found

    def _name(self, table: Table) -> None:
        from gradcli.language.builder import build

        if self.request["columns"]:
            table.call(self.request["columns"])
            return
        variables = [name for name in build(self.source, given=self.shared).variables if name not in self.shared]
        fits = len(variables) == table.width
        raise GradError(
            "usage", f"the {table.width:,} column{'s' * (table.width != 1)} of {table.file!r} have no names",
            hint=f"name them in order: --columns {','.join(variables) if fits else 'x,y,...'}",
        )  # fmt: skip

    def settings(self, names: Sequence[str], *, form: str, many: bool) -> tuple[Settings, Rows]:
        """What the work is told, and the program; of NAMES those that matter stay."""
        request = self.request
        found = Settings(
            self.source, names, self.shared, wrt=request["wrt"], decomposition=request["decomposition"],
            ties=request["ties"], kernel=request["kernel"], fast_math="fast-math" in request.given,
            form=form, many=many,
        )  # fmt: skip
        rows = found.rows()
        wanted = {*rows.program.columns}
        bases = {*(request["wrt"] or ())}
        found.names = [name for name in names if name in wanted or name.partition("[")[0].strip() in bases]
        if not wanted:
            from gradcli.batch.columns import Columns

            hint = f"the columns are {Columns(names).listed()}"
            raise GradError("name", "the program reads no column of the data", hint=hint)
        return found, rows


def _is_setting(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and language.is_name(language.normalised(name.strip()) or "1")


def answer(request: Request) -> int:
    """Compute every row and say the exit code: 1 where the run ended at a bad row."""
    asked = Asked(request)
    output, form = request["output"], "jsonl" if "json" in request.given else request.given.get("format")
    if "head" in request.given and output is None and form is None:
        from gradcli.cli.head import show

        return show(asked)
    collect_garbage()
    if output is None or not is_folder(output):
        return Run(asked, asked.paths, output, form).answer()
    codes = [Run(asked, [path], part_of(output, path, form), form).answer() for path in asked.paths]
    return max(codes)


def is_folder(path: str) -> bool:
    """Whether --output names a folder, which gets a file for each that is read."""
    return path.endswith(("/", os.sep)) or os.path.isdir(path)


def part_of(folder: str, path: str, form: str | None) -> str:
    """The file in FOLDER for what is computed from PATH: its name, in the format asked for or its own."""
    os.makedirs(folder, exist_ok=True)
    stem, suffix = os.path.splitext(os.path.basename(path))
    return os.path.join(folder, f"{stem or 'rows'}.{form}" if form else f"{stem}{suffix or '.csv'}")


class Run:
    """One output: the rows of some tables, one after the other."""

    def __init__(self, asked: Asked, paths: Sequence[str], output: str | None, form: str | None) -> None:
        self.asked = asked
        self.request = asked.request
        self.paths = paths
        self.output = output
        self.form = form or ("csv" if output is None else format_of(output) or "csv")
        self.quiet = bool(self.request["quiet"])
        self.pace = Pace(size_of(paths))
        names = ["standard input" if path == "-" else path for path in paths]
        label = names[0] if len(names) == 1 else f"{len(names)} files"
        self.progress = Progress(label, self.pace, unit="rows", quiet=self.quiet, to_file=output is not None)
        self.bad: list[Any] = [0, ""]

    def answer(self) -> int:
        """Compute it, and say the exit code."""
        failure = None
        with ExitStack() as stack:
            first = stack.enter_context(self.asked.table(self.paths[0]))
            text = self.form in TEXT
            settings, rows = self.asked.settings(
                first.names, form=self.form if text else ROWS, many=self.are_many(first)
            )
            self.say_notes(rows)
            whole = len(self.paths) == 1 and "head" not in self.request.given and self.request["bad-rows"] != "skip"
            known = first.rows if whole else None
            sink = stack.enter_context(self.sink(rows, known))
            engine = stack.enter_context(self.engine(first, text=text))
            try:
                tasks = self.pace.watch(self.tasks(first, rows, heading=self.form in ("csv", "tsv")))
                for header, payload in self.answers(engine, settings, tasks, sink):
                    self.count(header)
                    sink.write(payload) if text else sink.write_block(payload)
                    self.pace.add(header)
                    self.progress.tick()
                    failure = header.get("failure")
                    if failure or self.is_enough():
                        break
            finally:
                self.progress.erase()
        self.summarise(failed=failure is not None)
        if failure is None:
            return 0
        kind, message, hint = failure
        complain(error_text(GradError(kind, message, hint=hint), as_json=self.request.json))
        return FAILED

    def are_many(self, table: Table) -> bool:
        """Whether there are so many rows that a C compiler pays."""
        if table.rows is not None:
            return table.rows >= MANY
        return (self.pace.size or 0) >= MANY_BYTES

    def say_notes(self, rows: Rows) -> None:
        if rows.notes and not self.quiet:
            self.progress.erase()
            complain(note_text([message for _, message in rows.notes]))

    def sink(self, rows: Rows, known: int | None) -> Any:
        """Where the answers go; the number of rows is KNOWN where the format of the data tells it."""
        if self.form in TEXT:
            return opened(self.output, inputs=self.paths, resume="resume" in self.request.given)
        from gradcli.batch.tables import open_rows

        resume = "resume" in self.request.given
        names = rows.program.names
        return open_rows(self.output, names, self.form, inputs=self.paths, rows=known, resume=resume)

    def engine(self, table: Table, *, text: bool) -> Engine:
        """What runs the work: threads where numbers come and go as they are, else processes, or a cluster."""
        request = self.request
        if request["engine"] == "dask" or request["scheduler"]:
            from gradcli.batch.cluster import Dask

            return Dask(request["scheduler"], request["jobs"], self.progress.say)
        from gradcli.batch.engines import cores, local

        if text or table.kind in TEXT:
            return local(request["jobs"], self.progress.say, size=self.pace.size)
        from gradcli.batch.threads import Threads

        return Threads(request["jobs"] or cores())

    def tasks(self, first: Table, rows: Rows, *, heading: bool) -> Iterator[Task]:
        """The pieces of all tables, numbered through; before them one for the names of the columns."""
        number = 0
        if heading:
            yield {"number": 0, "first": 1, "file": "", "heading": True}, b""
            number = 1
        for place, path in enumerate(self.paths):
            with first if place == 0 else self.asked.table(path) as table:
                if place:
                    self.refuse_other(path, table, rows)
                table.select(rows.program.columns)
                for header, payload in table.pieces(PIECE if table.kind in TEXT else LARGE_PIECE):
                    yield {**header, "number": number, "file": path}, payload
                    number += 1

    def refuse_other(self, path: str, table: Table, rows: Rows) -> None:
        """Raise where the columns of a further file make another program."""
        names = [name for name in table.names if name.partition("[")[0] in
                 {column.partition("[")[0] for column in rows.program.columns}]  # fmt: skip
        if sorted(names) != sorted(rows.program.columns):
            missing = [name for name in rows.program.columns if name not in names]
            if missing:
                table.select(missing)  # which raises
            hint = f"it has {', '.join(names)}; {self.paths[0]} has {', '.join(rows.program.columns)}"
            raise GradError("name", f"the columns of {path!r} are not those of {self.paths[0]!r}", hint=hint)

    def answers(self, engine: Engine, settings: Settings, tasks: Iterator[Task], sink: Any) -> Iterator[Task]:
        """The answers; with --resume those that the output has are counted, and come without their bytes."""
        if "resume" not in self.request.given:
            yield from self.cut(engine.run(settings.spec(), tasks))
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
        yield from resumed.run(engine, settings.spec(), tasks)
        if not self.quiet and not resumed.added:
            self.progress.say(f"{self.output} is complete: nothing was left to do")

    def cut(self, answers: Iterator[Task]) -> Iterator[Task]:
        """With --head, no more rows than it says."""
        left = self.request["head"] if "head" in self.request.given else None
        for header, payload in answers:
            if left is not None and header["asked"] and header["lines"] >= left:
                width = len(payload) // header["lines"]
                text = self.form in TEXT
                lines = bytes(payload).splitlines(keepends=True)[:left] if text else [payload[: left * width]]
                yield {**header, "lines": left, "asked": left, "errors": {}, "failure": None}, b"".join(lines)
                return
            if left is not None and header["asked"]:
                left -= header["lines"]
            yield header, payload

    def is_enough(self) -> bool:
        return False

    def count(self, header: Header) -> None:
        for many, _, message, _ in header["errors"].values():
            self.bad[0] += many
            self.bad[1] = self.bad[1] or message

    def summarise(self, *, failed: bool) -> None:
        """The summary on standard error: always on a terminal, elsewhere where it was long or rows were bad."""
        many, seconds = self.bad[0], self.pace.seconds
        shown = sys.stderr is not None and (sys.stderr.isatty() or many or seconds >= LONG)
        if self.quiet or not shown or failed:
            return
        count = self.pace.count
        text = f"{count:,} row{'s' * (count != 1)} in {lasted(seconds)}{rate_of(count, seconds)}"
        if many:
            became = "left out" if self.request["bad-rows"] == "skip" else "answered with nan"
            text += f", {many:,} of them bad and {became}\n  first {self.bad[1]}"
        complain(text)
