"""A run of the command batch: files of programs in, answers out, progress on the way and a word at the end."""

from __future__ import annotations

import sys
from itertools import chain, islice

from gradcli.batch.pace import Pace
from gradcli.batch.parts import clear
from gradcli.batch.settings import Settings
from gradcli.batch.sinks import File, opened
from gradcli.batch.sources import tasks
from gradcli.batch.tally import Tally
from gradcli.cli.long_runs import LONG, faster_reader, say_how_to_go_on, size_of
from gradcli.cli.progress import Progress
from gradcli.errors import GradError, again

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from gradcli.batch.engines import Engine
    from gradcli.batch.parts import Part
    from gradcli.batch.sinks import Sink
    from gradcli.batch.work import Header, Task
    from gradcli.cli.quick import Request

FAILED = 1
SAMPLE = 1_000  # answers that decide on the columns of a CSV


class Run:
    """All that one command line answers: the lines of some files, in one place or in a file for each."""

    def __init__(self, request: Request, form: str, paths: Sequence[str]) -> None:
        self.request = request
        self.form = form
        self.left = paths
        self.tally = Tally(names_files=len(request.words) > 1)
        self.pace = Pace(size_of(paths))
        self.progress = progress_of(request, self.pace)
        self.formats: set[str] = set()
        self.failed_at: Header | None = None  # with --fail-fast

    def answer(self, parts: Sequence[Part] | None) -> int:
        """Answer the files of the command line in one place, or each of the PARTS in its own; the exit code."""
        request, whole = self.request, False
        try:
            with engine_of(request, self.left, self.progress.say) as engine:
                if parts is None:
                    self.answer_files(engine, request.words, request["output"], say=self.progress.say)
                else:
                    self.answer_parts(engine, parts)
                self.progress.erase()
            whole = True
        finally:
            self.progress.erase()
            self.end(whole=whole)
        if self.failed_at is not None:
            return fail(self.failed_at, as_json=request.json)
        return FAILED if self.tally.failed else 0

    def answer_parts(self, engine: Engine, parts: Sequence[Part]) -> None:
        """Answer file after file, each into its part."""
        settings_of(self.request, named=False)
        if "resume" not in self.request.given:
            clear(parts)  # not before the options are known to be right, and there is an engine
        for part in parts:
            if is_done(self.request, part):
                self.count(part)
                continue
            self.answer_files(engine, [part.path], part.begin())
            if self.failed_at is not None:
                return
            part.finish()
        if not (self.left or self.request["quiet"]):
            self.progress.say(f"{self.request['output']} is complete: nothing was left to do")

    def count(self, part: Part) -> None:
        """Count the answers of a PART that an earlier run has finished."""
        from gradcli.batch.resumed import headers_of

        settings = settings_of(self.request, named=False)
        chunks = self.noted(tasks([part.path]))
        if self.form == "csv":
            chunks = with_columns(settings, chunks)
        for header in headers_of(part.target, settings.spec(), chunks):
            self.tally.add(header)

    def answer_files(
        self, engine: Engine, paths: Sequence[str], output: str | None, *, say: Callable[[str], None] | None = None
    ) -> None:
        """Answer the lines of PATHS one after the other into OUTPUT, up to the first that fails with --fail-fast."""
        settings = settings_of(self.request, named=len(paths) > 1)
        chunks = self.noted(tasks(paths, size=self.pace.portion))
        if self.form == "csv":
            chunks = with_columns(settings, chunks)
        with sink_of(self.request, output, self.form) as sink:
            for header, payload in answers_of(
                self.request, engine, sink, settings, self.pace.watch(chunks), say
            ):
                self.tally.add(header)
                sink.write(payload)
                self.pace.add(header)
                self.progress.tick()
                if header.get("failure"):
                    self.failed_at = header
                    return

    def noted(self, chunks: Iterator[Task]) -> Iterator[Task]:
        """The same chunks; what they are written in is kept."""
        for header, payload in chunks:
            self.formats.add(header.get("format", ""))
            yield header, payload

    def end(self, *, whole: bool) -> None:
        """Say what was done, or what an interruption left."""
        ended_by = sys.exc_info()[0]
        if self.failed_at is None and (whole or (ended_by is GradError and self.tally.lines)):
            summarise(self.tally, self.pace.seconds, quiet=self.request["quiet"])
            if self.pace.seconds >= LONG and "jsonl" in self.formats and not self.request["quiet"]:
                advise()
        elif ended_by is not None and not issubclass(ended_by, Exception) and not self.request["quiet"]:
            say_how_to_go_on(self.request["output"], self.progress.say)


def is_done(request: Request, part: Part) -> bool:
    """Whether a run with --resume finds PART finished."""
    return "resume" in request.given and part.is_finished


def settings_of(request: Request, *, named: bool) -> Settings:
    """What the options say."""
    return Settings(
        at=point_of(request["at"], request["max-memory"]),
        wrt=request["wrt"],
        order=request["order"],
        mode=request["mode"],
        decomposition=request["decomposition"],
        ties=request["ties"],
        zero=request["zero"],
        max_memory=request["max-memory"],
        fail_fast="fail-fast" in request.given,
        named=named,
    )


def point_of(text: str | None, memory: int | None) -> dict[str, Any]:
    """The values that --at gives: NAME=VALUE,..., or a file of JSON as everywhere else."""
    if text is None:
        return {}
    if "=" not in text:
        from gradcli.cli.files import point_of as point_in

        return point_in(text, memory)
    from gradcli.cli.array_commands import along_of

    return dict(along_of(text, memory).values)


def sink_of(request: Request, output: str | None, form: str) -> Sink:
    """Where the answers go."""
    resume = "resume" in request.given
    if form == "table":
        if output is not None:
            hint = "write --format csv or jsonl to a file, or > FILE for the table"
            raise GradError("usage", "a table goes to standard output", hint=hint)
        from gradcli.cli.batch_table import Drawn

        return Drawn(request["digits"])
    return opened(output, inputs=request.words, resume=resume)


def answers_of(
    request: Request, engine: Engine, sink: Sink, settings: Settings, chunks: Iterator[Task],
    say: Callable[[str], None] | None,
) -> Iterator[Task]:  # fmt: skip
    """The answers; with --resume those that the output has are counted, and come without their bytes."""
    if "resume" not in request.given:
        yield from engine.run(settings.spec(), chunks)
        return
    from gradcli.batch.resumed import Resumed

    assert isinstance(sink, File)
    resumed = Resumed(sink)
    yield from resumed.run(engine, settings.spec(), chunks)
    if say and not request["quiet"] and not resumed.added:
        say(f"{request['output']} is complete: nothing was left to do")


def progress_of(request: Request, pace: Pace) -> Progress:
    """The line that says how far the run has come."""
    names = ["standard input" if word == "-" else word for word in request.words]
    label = names[0] if len(names) == 1 else f"{len(names)} files"
    return Progress(label, pace, quiet=bool(request["quiet"]), to_file=request["output"] is not None)


def engine_of(request: Request, paths: Sequence[str], say: Callable[[str], None]) -> Engine:
    """What runs the work on PATHS: processes of this machine, or a cluster."""
    if not paths:
        from gradcli.batch.engines import Serial

        return Serial()
    if request["engine"] == "dask" or request["scheduler"]:
        from gradcli.batch.cluster import Dask

        return Dask(request["scheduler"], request["jobs"], say)
    from gradcli.batch.engines import local

    return local(request["jobs"], say, size=size_of(paths))


def with_columns(settings: Settings, chunks: Iterator[Task]) -> Iterator[Task]:
    """The same chunks behind one for the heading; the columns are those that the first answers need."""
    import json

    from gradcli.batch.lines import Lines
    from gradcli.batch.spreadsheet import columns_of

    lines, seen, answers = Lines(settings), [], []
    for task in chunks:
        seen.append(task)
        answers += lines.answer(*task)[1].splitlines()
        if len(answers) >= SAMPLE:
            break
    settings.columns = columns_of(map(json.loads, islice(answers, SAMPLE)), settings.wrt, files=settings.named)
    first: Header = {"number": 0, "first": 1, "file": "", "heading": True}
    whole = chain([(first, b"")], seen, chunks)
    return (({**header, "number": number}, payload) for number, (header, payload) in enumerate(whole))


def summarise(tally: Tally, seconds: float, *, quiet: bool) -> None:
    """The summary on standard error: always on a terminal, elsewhere where it was long or something failed."""
    if quiet or sys.stderr is None or not (sys.stderr.isatty() or tally.failed or seconds >= LONG):
        return
    from gradcli.cli.terminal import complain

    complain("\n".join(tally.summary(seconds)))


def advise() -> None:
    """Say what would have made a long run of JSON Lines shorter, if it is not installed."""
    found = faster_reader()
    if found:
        from gradcli.cli.terminal import complain, note_text

        complain(note_text([found]))


def fail(header: Header, *, as_json: bool) -> int:
    """The error that ended the run, as one-off commands show it, with the file and the line before it."""
    from gradcli.cli.terminal import complain, error_text

    line, *facts = header["failure"]
    error = again(*facts)
    place = "standard input" if header["file"] == "-" else header["file"]
    error.message = f"{place}, line {line:,}: {error.message}"
    complain(error_text(error, as_json=as_json))
    return FAILED
