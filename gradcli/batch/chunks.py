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
SOON = 64 << 10  # bytes: a record that is shorter is answered as soon as it is whole
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

    __slots__ = ("format", "held", "line", "looked", "pieces", "place", "rest", "size", "skips")

    def __init__(self, place: str) -> None:
        self.place = place
        self.format: Header | None = None
        self.line = 1  # the number of the first line in `rest`
        self.rest = b""  # the beginning of a line or record that is not yet whole
        self.pieces: list[bytes] = []  # what follows it, until a line end comes
        self.size = 0  # of both
        self.looked = 0  # so much of them was looked through for the end of a record, in vain
        self.held = False  # a CR came last: an LF may follow
        self.skips = False  # the rest of a line that is too long

    def feed(self, data: bytes) -> Iterator[Task]:
        """The chunks that DATA completes."""
        data = self._with_line_feeds(data)
        while data:  # up to where a line is too long, whatever the sizes of the blocks are
            room = LONGEST_LINE + 1 - self.size
            yield from self._fed(data[:room])
            data = data[room:]

    def _fed(self, data: bytes) -> Iterator[Task]:
        if self.skips:
            _, found, data = data.partition(b"\n")
            if not found:
                return
            self.skips = False
            self.line += 1
        self.pieces.append(data)
        self.size += len(data)
        # what is long is joined and looked through seldom, or it takes forever
        if self.size <= LONGEST_LINE and (b"\n" not in data or self.size < 2 * self.looked):
            return
        self._join()
        yield from self._whole()
        if len(self.rest) > LONGEST_LINE:
            yield from self._unclosed(LONGEST_LINE // 2) if b"\n" in self.rest else self._endless()
        self.size = len(self.rest)

    def _join(self) -> None:
        self.rest = b"".join([self.rest, *self.pieces])
        self.pieces.clear()

    def finish(self) -> Iterator[Task]:
        """What is left at the end: a last line that nothing ends, a quote that nothing closes."""
        if self.held:
            yield from self.feed(b"\n")
        self._join()
        if self.rest:
            if not self.rest.endswith(b"\n"):
                self.rest += b"\n"
            yield from self._whole()
            if self.rest:
                yield from self._unclosed(0)

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
            self.looked = 0 if end or len(self.rest) < SOON else len(self.rest)
        else:
            end = self.rest.rfind(b"\n") + 1
        if end:
            yield self._given(end)

    def _given(self, end: int) -> Task:
        payload, self.rest = self.rest[:end], self.rest[end:]
        header = {"first": self.line, **(self.format or {})}
        self.line += payload.count(b"\n")
        return header, payload

    def _endless(self) -> Iterator[Task]:
        """An error in the place of a line that is too long; the rest of it is skipped."""
        if self.format is None:  # so long a line is none of a header
            self.format = {"format": "text"}
        yield self._refused(TOO_LONG)
        self.rest = b""
        self.skips = True

    def _unclosed(self, most: int) -> Iterator[Task]:
        """An error in the place of each line whose quote nothing closes, until no more than MOST bytes are left.

        A line behind such a one is a record of its own, or its quote is not closed either: both runs are inside quotes
        at its end. So no line is looked at twice.
        """
        assert self.format is not None
        text, self.rest = self.rest, b""
        start = 0
        while len(text) - start > most and (end := text.find(b"\n", start) + 1):
            yield self._refused(UNCLOSED)
            self.line += 1
            start = first = end
            while (end := text.find(b"\n", start) + 1) and _is_record(text[start:end], self.format["delimiter"]):
                start = end
            if start > first:
                self.rest = text[first:start]
                yield self._given(start - first)
        self.rest = text[start:]
        self.looked = len(self.rest)

    def _refused(self, reason: tuple[str, str, str]) -> Task:
        kind, message, hint = reason
        facts = facts_of(GradError(kind, message, hint=hint))
        return {"first": self.line, **(self.format or {}), "refused": facts}, b""

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


def _is_record(line: bytes, delimiter: str) -> bool:
    """Whether a line of a CSV ends outside quotes."""
    if b'"' not in line:
        return True
    from gradcli.batch.records import last_end

    return last_end(line.decode("latin-1"), delimiter) > 0
