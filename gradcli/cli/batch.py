"""The command batch: many programs in, an answer for each out, and a word at the end on standard error."""

from __future__ import annotations

import gc
import os
import sys
from collections import deque
from itertools import chain, islice
from time import monotonic

from gradcli.batch.settings import Settings
from gradcli.batch.sources import tasks
from gradcli.batch.tally import Tally
from gradcli.errors import GradError, again

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.batch.engines import Engine
    from gradcli.batch.work import Header, Task
    from gradcli.cli.quick import Request

FAILED = 1
LONG = 2.0  # seconds from which on a run is worth a word on a file or a pipe
MOST_ROWS = 60  # of a table
SAMPLE = 1_000  # answers that decide on the columns of a CSV


def answer(request: Request) -> int:
    """Answer every line and say the exit code: 1 where one failed."""
    if not request.words:
        hint = "write gradcli batch FILE..., or gradcli batch - for standard input"
        raise GradError("usage", "no file given", hint=hint)
    if request.words.count("-") > 1:
        raise GradError("usage", "standard input can be read only once")
    form = "jsonl" if "json" in request.given else request["format"]
    settings = settings_of(request)
    chunks = tasks(request.words)
    if form == "csv":
        chunks = with_columns(settings, chunks)
    collect_garbage()
    tally = Tally(names_files=settings.named)
    begun = monotonic()
    sink = Drawn(request["digits"]) if form == "table" else Printed()
    failure = None
    try:
        with engine_of(request) as engine:
            for header, payload in engine.run(settings.spec(), chunks):
                tally.add(header)
                sink.write(payload)
                failure = header.get("failure")
                if failure:
                    break
        sink.close()
    finally:
        if failure is None and sys.exc_info()[0] in (None, GradError):
            summarise(tally, monotonic() - begun, quiet=request["quiet"])
    if failure is not None:
        return fail(header, as_json=request.json)
    return FAILED if tally.failed else 0


def settings_of(request: Request) -> Settings:
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
        named=len(request.words) > 1,
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


def engine_of(request: Request) -> Engine:
    """What runs the work: processes of this machine, or a cluster."""
    if request["engine"] == "dask" or request["scheduler"]:
        from gradcli.batch.cluster import Dask

        return Dask(request["scheduler"], request["jobs"], tell)
    from gradcli.batch.engines import local

    return local(request["jobs"], tell, size=size_of(request.words))


def size_of(paths: Sequence[str]) -> int | None:
    """The number of bytes of all files; None where one is a pipe."""
    total = 0
    for path in paths:
        if path == "-" or not os.path.isfile(path):
            return None
        total += os.path.getsize(path)
    return total


def tell(message: str) -> None:
    """A word about the run, on standard error."""
    from gradcli.cli.terminal import complain, note_text

    complain(note_text([message]))


def collect_garbage() -> None:
    """Let the collector run again, which the launcher stopped; seldom, since answers leave little."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 20)


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


class Printed:
    """Standard output, written through after each chunk: who reads it may be waiting."""

    def write(self, payload: bytes) -> None:
        """Whole lines."""
        out = sys.stdout.buffer
        out.write(payload)
        out.flush()

    def close(self) -> None:
        """Nothing is held back."""


class Drawn:
    """Standard output as a table of the first and the last answers, and of those between that failed."""

    def __init__(self, digits: int | None) -> None:
        self.digits = digits or 6
        self.total = 0
        self.first: list[tuple[int, bytes]] = []
        self.failed: list[tuple[int, bytes]] = []
        self.last: deque[tuple[int, bytes]] = deque(maxlen=MOST_ROWS // 3)

    def write(self, payload: bytes) -> None:
        """Whole lines, of which a few are kept."""
        for line in payload.splitlines():
            self.total += 1
            row = self.total, line
            if len(self.first) < MOST_ROWS:
                self.first.append(row)
            elif len(self.failed) < MOST_ROWS // 3 and b'"error":{' in line:
                self.failed.append(row)
            self.last.append(row)

    def close(self) -> None:
        """Draw it."""
        import json

        from gradcli.cli.screen import Screen
        from gradcli.render.batch import draw

        rows = dict(self.first)
        if self.total > MOST_ROWS:
            third = MOST_ROWS // 3
            failed = [row for row in self.first[third:] if b'"error":{' in row[1]]
            rows = dict([*self.first[:third], *[*failed, *self.failed][:third], *self.last])
        answers = [(number, json.loads(rows[number])) for number in sorted(rows)]
        screen = Screen()
        screen.show(draw(answers, self.total, width=screen.width, unicode=screen.unicode, digits=self.digits))


def summarise(tally: Tally, seconds: float, *, quiet: bool) -> None:
    """The summary on standard error: always on a terminal, elsewhere where it was long or something failed."""
    if quiet or sys.stderr is None or not (sys.stderr.isatty() or tally.failed or seconds >= LONG):
        return
    from gradcli.cli.terminal import complain

    complain("\n".join(tally.summary(seconds)))


def fail(header: Header, *, as_json: bool) -> int:
    """The error that ended the run, as one-off commands show it, with the file and the line before it."""
    from gradcli.cli.terminal import complain, error_text

    line, *facts = header["failure"]
    error = again(*facts)
    place = "standard input" if header["file"] == "-" else header["file"]
    error.message = f"{place}, line {line:,}: {error.message}"
    complain(error_text(error, as_json=as_json))
    return FAILED
