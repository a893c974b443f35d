"""Chunks of whole lines in, whole lines of answers out: what every engine runs for `batch`."""

from __future__ import annotations

from gradcli.batch.calculator import Calculator
from gradcli.batch.chunks import LONGEST_LINE, TOO_LONG, facts_of
from gradcli.batch.everyday import answered
from gradcli.batch.settings import Settings
from gradcli.errors import GradError, again, as_object
from gradcli.text import json_string, json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Protocol

    from gradcli.batch.everyday import Everyday
    from gradcli.batch.objects import Asked
    from gradcli.batch.work import Header, Spec, Task, Work

    Add = Callable[[int, str, str], None]

    class Reader(Protocol):
        """Knows the lines of one format. `label` is the member that names the line read last, where it has an id.

        `undivided` says that a line is a program as it stands, with the values in it.
        """

        label: str
        undivided: bool

        def numbered(self, payload: bytes, first: int) -> Iterable[tuple[int, Any]]:
            """The lines of a chunk, numbered from FIRST on."""

        def read(self, line: Any) -> Asked | None:
            """The question in a line; None for one that asks nothing."""

        def everyday(self, lines: Sequence[Any]) -> list[Everyday | None]:
            """The questions in some lines; None where one has more than a program, values and an id."""


def work(spec: Spec) -> Work:
    """The function that answers a chunk by the settings in SPEC."""
    return Lines(Settings.of(spec)).answer


class Lines:
    """Answers chunks; what it learns from one (kernels, names) makes the next faster, and changes no byte."""

    __slots__ = ("calculator", "readers", "settings")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.calculator = Calculator(settings)
        self.readers: dict[str, Reader] = {}

    def answer(self, header: Header, payload: bytes) -> Task:
        """The answers to the lines in PAYLOAD, and in the header what failed."""
        if header.get("heading"):
            return _heading(self.settings, header)
        written = Written(self.settings, header)
        refused = header.get("refused")
        if refused:
            written.fail(header["first"], "", again(*refused))
            return written.task()
        reader = self.reader(header)
        read, members, add = reader.read, self.calculator.members, written.add
        bounded = len(payload) > LONGEST_LINE  # no line is too long where the chunk is not

        def one(number: int, line: Any) -> bool:
            try:
                if bounded and len(line) > LONGEST_LINE:
                    raise GradError(*TOO_LONG[:2], hint=TOO_LONG[2])
                asked = read(line)
                if asked is not None:
                    add(number, reader.label, members(*asked))
            except (GradError, MemoryError) as error:
                return written.failed(number, reader.label, error)
            return False

        if self.settings.columns is None and not self.settings.at and not bounded:
            answered(reader, written, payload, header["first"], self.calculator, one)
        else:
            for number, line in reader.numbered(payload, header["first"]):
                if one(number, line):
                    break
        return written.task()

    def asked(self, header: Header, payload: bytes) -> Iterator[tuple[int, str]]:
        """The number and the label of each line that asks something; nothing is computed."""
        reader = self.reader(header)
        for number, line in reader.numbered(payload, header["first"]):
            try:
                if reader.read(line) is None:
                    continue
            except (GradError, MemoryError):
                pass
            yield number, reader.label

    def reader(self, header: Header) -> Reader:
        kind = json_text([header["format"], header.get("delimiter"), header.get("columns")])
        if kind not in self.readers:
            self.readers[kind] = READERS[header["format"]](self.settings, header)
        return self.readers[kind]


def _objects(settings: Settings, header: Header) -> Reader:
    from gradcli.batch.objects import Objects

    return Objects(settings)


def _programs(settings: Settings, header: Header) -> Reader:
    from gradcli.batch.programs import Programs

    return Programs(settings)


def _rows(settings: Settings, header: Header) -> Reader:
    from gradcli.batch.cells import Rows

    return Rows(settings, header)


READERS: dict[str, Callable[[Settings, Header], Reader]] = {"jsonl": _objects, "text": _programs, "csv": _rows}


def _heading(settings: Settings, header: Header) -> Task:
    """The first line of a CSV, which is a chunk of its own."""
    from gradcli.batch.spreadsheet import heading

    payload = heading(settings.columns or ()).encode("utf-8", "backslashreplace")
    return {"number": header["number"], "lines": 1, "asked": 0, "errors": {}}, payload


def pieces(spec: Spec, header: Header, payload: bytes) -> Iterator[Task]:
    """The same chunk as chunks of one line, or one record."""
    if header.get("heading") or header.get("refused"):
        yield header, payload
        return
    for number, line in Lines(Settings.of(spec)).reader(header).numbered(payload, header["first"]):
        data = line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")
        if data.strip():
            yield {**header, "first": number}, data.removesuffix(b"\n") + b"\n"


def lost(spec: Spec, header: Header, payload: bytes, message: str) -> Task:
    """An error in the place of each answer to a chunk that no worker survived."""
    lines = Lines(Settings.of(spec))
    if header.get("heading") or header.get("refused"):
        return lines.answer(header, payload)
    written = Written(lines.settings, header)
    for number, label in lines.asked(header, payload):
        written.fail(number, label, GradError("limit", message, hint="the program may need too much memory"))
        if written.stops:
            break
    return written.task()


def answers(spec: Spec, header: Header, payload: bytes) -> int:
    """How many lines of output a chunk gives, if none ends the run."""
    if header.get("heading") or header.get("refused"):
        return 1
    return sum(1 for _ in Lines(Settings.of(spec)).asked(header, payload))


def told(spec: Spec, header: Header, payload: bytes, output: bytes) -> Header:
    """The header that belongs to OUTPUT, which an earlier run wrote for this chunk."""
    from gradcli.batch.told import header_of

    return header_of(Lines(Settings.of(spec)), header, payload, output)


class Written:
    """The lines of output of one chunk, and what is to be said of them."""

    __slots__ = ("add", "errors", "failure", "header", "lines", "settings", "start")

    def __init__(self, settings: Settings, header: Header) -> None:
        self.settings = settings
        self.header = header
        self.lines: list[str] = []
        self.errors: dict[str, list[Any]] = {}
        self.failure: list[Any] | None = None
        self.start = f'{{"file":{json_string(header["file"])},' if settings.named else "{"
        self.add = self._objects() if settings.columns is None else self._rows(settings.columns)

    def _objects(self) -> Add:
        append, start = self.lines.append, self.start

        def add(number: int, label: str, members: str) -> None:
            if label:
                append(f"{start}{label},{members}}}\n")
            else:
                append(f'{start}"line":{number},{members}}}\n')

        return add

    def _rows(self, columns: Sequence[str]) -> Add:
        from gradcli.batch.spreadsheet import row

        def add(number: int, label: str, members: str) -> None:
            self.lines.append(row(columns, self.header["file"], number, label, members))

        return add

    @property
    def stops(self) -> bool:
        """Whether the first error ends it."""
        return self.settings.fail_fast

    def fail(self, number: int, label: str, error: GradError) -> None:
        """Put the error in the place of the line's answer, or keep it as the last word."""
        seen = self.errors.setdefault(error.kind, [0, number, error.message, self.header["file"]])
        seen[0] += 1
        error.hint = fitting(error.hint, self.header["format"])
        if self.stops:
            self.failure = [number, *facts_of(error)]
        else:
            self.add(number, label, f'"error":{json_text(as_object(error)["error"])}')

    def failed(self, number: int, label: str, error: GradError | MemoryError) -> bool:
        """The same for whatever a line may raise; whether it ends the chunk."""
        self.fail(number, label, error if isinstance(error, GradError) else too_little_memory())
        return self.stops

    def task(self) -> Task:
        """The header and the bytes that go out."""
        payload = "".join(self.lines).encode("utf-8", "backslashreplace")
        asked = len(self.lines) + (self.failure is not None)
        out = {"number": self.header["number"], "lines": len(self.lines), "asked": asked, "errors": self.errors}
        if self.failure is not None:
            out |= {"failure": self.failure, "file": self.header["file"]}
        return out, payload


def fitting(hint: str | None, kind: str) -> str | None:
    """The HINT of a one-off question for a line of this KIND: where a missing value goes; there is no --example."""
    if hint is None or ", or --example " not in hint:
        return hint
    first, newline, rest = hint.partition("\n")
    first = first.partition(", or --example ")[0]
    names = [word.removesuffix("=...") for word in first.split() if word.endswith("=...")]
    if kind == "jsonl":
        first = "add " + ", ".join(f'"{name}": ...' for name in names) + ' to "at"'
    elif kind == "text":
        first = f"give {' and '.join(names)} {'values' if len(names) > 1 else 'a value'} behind 'at'"
    else:
        first = f"give {' and '.join(names)} in {'columns' if len(names) > 1 else 'a column'}, or in expr behind 'at'"
    return first + newline + rest


def too_little_memory() -> GradError:
    """What --max-memory allowed was more than there is."""
    return GradError("limit", "the machine has too little memory", hint="use smaller arrays, or a smaller --max-memory")
