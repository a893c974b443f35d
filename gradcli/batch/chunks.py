"""Bytes as they arrive, cut into chunks of whole lines, or of whole records where they are CSV."""

from __future__ import annotations

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gradcli.batch.work import Header, Task

BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 8 << 20
TOO_LONG = ("limit", f"the line is longer than {LONGEST_LINE >> 20} MiB", "a program may have 1 MiB")
TWICE = 'a quote inside a quoted cell is written twice: ""'
UNCLOSED = ("syntax", "a quoted cell begins in this line, and nothing closes it", TWICE)


def facts_of(error: GradError) -> list[Any]:
    """What makes the error again, elsewhere."""
    _, facts = error.__reduce__()
    return list(facts)  # type: ignore[call-overload, no-any-return]


class Cutter:
    """Takes blocks of bytes in any sizes, and gives chunks that join to the same lines. PLACE is the file, for errors.

    CRLF and CR become LF. The first line that is not blank and no comment decides the format.
    """

    __slots__ = ("format", "held", "line", "place", "rest", "skips")

    def __init__(self, place: str) -> None:
        self.place = place
        self.format: Header | None = None
        self.line = 1  # the number of the first line in `rest`
        self.rest = b""  # the beginning of a line or record that is not yet whole
        self.held = False  # a CR came last: an LF may follow
        self.skips = False  # the rest of a line that is too long

    def feed(self, data: bytes) -> Iterator[Task]:
        """The chunks that DATA completes."""
        data = self._with_line_feeds(data)
        if self.skips:
            _, found, data = data.partition(b"\n")
            if not found:
                return
            self.skips = False
            self.line += 1
        self.rest = self.rest + data if self.rest else data
        yield from self._whole()
        if len(self.rest) > LONGEST_LINE:
            yield from self._without_end(TOO_LONG if b"\n" not in self.rest else UNCLOSED)

    def finish(self) -> Iterator[Task]:
        """What is left at the end: a last line that nothing ends, a quote that nothing closes."""
        if self.held:
            yield from self.feed(b"\n")
        if self.rest:
            if not self.rest.endswith(b"\n"):
                yield from self.feed(b"\n")
            while self.rest:
                yield from self._without_end(UNCLOSED)

    def _with_line_feeds(self, data: bytes) -> bytes:
        if self.held:
            data, self.held = b"\r" + data, False
        if b"\r" in data:
            if data.endswith(b"\r"):
                data, self.held = data[:-1], True
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _whole(self) -> Iterator[Task]:
        """The lines or records that are whole, as one chunk."""
        if self.format is None:
            self._find_format()
        if self.format is None:
            return
        if self.format["format"] == "csv":
            from gradcli.batch.records import last_end

            end = last_end(self.rest.decode("latin-1"), self.format["delimiter"])
        else:
            end = self.rest.rfind(b"\n") + 1
        if end:
            yield self._given(end)

    def _given(self, end: int) -> Task:
        payload, self.rest = self.rest[:end], self.rest[end:]
        header = {"first": self.line, **(self.format or {})}
        self.line += payload.count(b"\n")
        return header, payload

    def _without_end(self, reason: tuple[str, str, str]) -> Iterator[Task]:
        """An error in the place of the first line; what follows it is read as if it began there."""
        if self.format is None:  # so long a line is none of a header
            self.format = {"format": "text"}
        kind, message, hint = reason
        error = GradError(kind, message, hint=hint)
        yield {"first": self.line, **self.format, "refused": facts_of(error)}, b""
        _, found, self.rest = self.rest.partition(b"\n")
        self.line += bool(found)
        self.skips = not found
        yield from self._whole()

    def _find_format(self) -> None:
        """Look at the first line that says something, if it is whole; what stands before it is done with."""
        while True:
            line, found, after = self.rest.partition(b"\n")
            if not found:
                return
            text = line.strip(b" \t")
            if text and not text.startswith(b"#"):
                break
            self.rest = after
            self.line += 1
        if text.startswith(b"{"):
            self.format = {"format": "jsonl"}
            return
        if text.startswith(b"[") and text[1:].lstrip()[:1] in (b"{", b""):
            raise GradError("file", f"{self.place} is an array of JSON, and objects on lines of their own are expected",
                            hint="jq -c '.[]' FILE | gradcli batch -")  # fmt: skip
        self.format = {"format": "text"}
        if b"expr" in text.lower() or b"," in text or b";" in text or b"\t" in text:
            from gradcli.batch.header_row import header_of

            header = header_of(text.decode(errors="replace"), self.place)
            if header is not None:
                self.format = header
                self.rest = after
                self.line += 1
