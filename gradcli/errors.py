"""Bad input as a place, a fact and a way out: the one exception of the project, as text and as JSON's object."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Span = tuple[int, int]

KINDS = ("syntax", "name", "arguments", "shape", "value", "file", "limit", "usage")
LONGEST = 400  # letters of a message or of one line of a hint
NARROWEST = 20  # cells for the source, however narrow the terminal


class GradError(Exception):
    """Bad input: a kind, a fact, a way out, and a place where there is one.

    With LABELS, one for each span, the spans are operands, and OPERATOR is what stands between or before them; without
    one the last operand is to blame.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        hint: str | None = None,
        source: str | None = None,
        spans: Sequence[Span] = (),
        belongs: Span | None = None,
        labels: Sequence[str] = (),
        operator: Span | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.source = source
        self.spans = tuple(spans)
        self.belongs = belongs
        self.labels = tuple(labels)
        self.operator = operator

    def __str__(self) -> str:
        return describe(self)

    def __reduce__(self) -> tuple[object, ...]:
        places = (self.spans, self.belongs, self.labels, self.operator)
        return again, (self.kind, self.message, self.hint, self.source, *places)


def again(
    kind: str,
    message: str,
    hint: str | None,
    source: str | None,
    spans: Sequence[Span],
    belongs: Span | None,
    labels: Sequence[str],
    operator: Span | None,
) -> GradError:
    """The error that another process sent."""
    return GradError(
        kind, message, hint=hint, source=source, spans=spans, belongs=belongs, labels=labels, operator=operator
    )


def describe(error: GradError, *, width: int = 80) -> str:
    """The error as a block of lines, no wider at the source than `width` cells, nothing in it but print."""
    lines = [f"error: {safe(error.message)}"]
    if error.source is not None and error.spans:
        if several_lines(error.source):
            lines[0] = f"error: line {place_of(error.source, centre(error)[0])[0]}: {safe(error.message)}"
        lines += (("  " + line).rstrip() for line in picture(error, max(width - 2, NARROWEST)))
    if error.hint:
        lines += ("  " + safe(line) for line in error.hint.split("\n"))
    return "\n".join(lines)


def as_object(error: GradError) -> dict[str, object]:
    """The error as JSON's object; what does not apply is left out."""
    facts: dict[str, object] = {"kind": error.kind, "message": error.message}
    if error.source is not None and error.spans:
        low, high = centre(error)
        line, column = place_of(error.source, low)
        facts |= {"line": line, "column": column, "span": [low, high]}
    if error.hint:
        facts["hint"] = error.hint
    return {"schema": "gradcli/1", "error": facts}


def centre(error: GradError) -> Span:
    """The place that matters most: the first, and among operands what joins them, or the last."""
    if error.labels:
        return error.operator or error.spans[-1]
    return error.spans[0]


def place_of(source: str, at: int) -> Span:
    """Line and column, from 1, of a position from 0; CR, LF and CRLF end a line."""
    begin = line_begin(source, at)
    line = 1 + source.count("\n", 0, begin) + source.count("\r", 0, begin) - source.count("\r\n", 0, begin)
    return line, at - begin + 1


def line_begin(source: str, at: int) -> int:
    return max(source.rfind("\n", 0, at), source.rfind("\r", 0, at)) + 1


def line_end(source: str, at: int) -> int:
    ends = [end for end in (source.find("\n", at), source.find("\r", at)) if end >= 0]
    return min(ends, default=len(source))


def several_lines(source: str) -> bool:
    text = source.strip("\r\n")
    return "\n" in text or "\r" in text


def picture(error: GradError, cells: int) -> Iterator[str]:
    """The line of the source that matters, or a window of it, and the marks under it."""
    source = error.source or ""
    at = centre(error)[0]
    begin, end = line_begin(source, at), line_end(source, at)
    places = [(low, max(high, low + 1)) for low, high in error.spans]
    signs = [("~" if error.labels else "^", places)]
    signs += [] if error.operator is None else [("^", [error.operator])]
    signs += [] if error.belongs is None else [("-", [error.belongs])]

    def letter(at: int) -> tuple[str, int, str]:
        sign = mark(at, signs)
        text, size = drawn(source[at])
        if not size and sign != " ":  # a combining letter that is itself the place
            text, size = escaped(source[at])
        return text, size, sign

    low, high = window(begin, end, wanted(error, begin, end, cells), cells, lambda at: letter(at)[1])
    shown, marks = ["…"] * (low > begin), [" "] * (low > begin)
    column = int(low > begin)
    columns: dict[int, int] = {}  # where a place that has a label begins
    for at in range(low, high):
        text, size, sign = letter(at)
        shown.append(text)
        marks.append(sign * size)
        if error.labels:
            columns[at] = column
            column += size
    if high < end:
        shown.append("…")
    else:
        marks.append(mark(end, signs))
    yield "".join(shown)
    yield "".join(marks)
    if error.labels:
        starts = [columns.get(max(span[0], low)) if span[1] > low else None for span in places]
        yield from labelled(list(zip(starts, error.labels, strict=False)), cells)


def mark(at: int, signs: Sequence[tuple[str, Sequence[Span]]]) -> str:
    """The sign under a letter."""
    here = [sign for sign, places in signs if any(low <= at < high for low, high in places)]
    return ("^" if "^" in here else here[0]) if here else " "


def labelled(labels: Sequence[tuple[int | None, str]], cells: int) -> Iterator[str]:
    """Each label at its column, a line lower where it would touch another; None is out of sight."""
    rows: list[str] = []
    seen = [(min(column, max(cells - len(text), 0)), text) for column, text in labels if column is not None]
    for column, text in sorted(seen):
        row = next((k for k, row in enumerate(rows) if len(row) < column), len(rows))
        rows[row:] = [(rows[row] if row < len(rows) else "").ljust(column) + text, *rows[row + 1 :]]
    yield from rows


def wanted(error: GradError, begin: int, end: int, cells: int) -> Span:
    """What a window should hold if it can: all marks of the line, or else the first place, or else its beginning."""
    first = centre(error)
    marks = [span for span in (*error.spans, error.belongs or first, first) if begin <= span[0] <= end]
    whole = min(low for low, _ in marks), max(high for _, high in marks)
    widest = cells - 3 if error.labels else cells // 2
    for low, high in (whole, first):
        if high - low <= widest:
            return low, min(high, end)
    return first[0], min(first[0] + cells // 2, end)


def window(begin: int, end: int, held: Span, cells: int, size: Callable[[int], int]) -> Span:
    """The line from `begin` to `end` if it fits in the cells, or as much as fits around what must be held."""
    if end - begin <= cells and sum(map(size, range(begin, end))) < cells:
        return begin, end
    low, high = held
    room = cells - 3 - sum(map(size, range(low, high)))  # two cuts and a caret past the end
    while room < 0 and high > low + 1:
        high, room = high - 1, room + size(high - 1)
    grows = True
    while room > 0 and grows:
        grows = False
        if low > begin and size(low - 1) <= room:
            low, room, grows = low - 1, room - size(low - 1), True
        if high < end and size(high) <= room:
            high, room, grows = high + 1, room - size(high), True
    return low, high


def drawn(letter: str) -> tuple[str, int]:
    """What a terminal may get for a letter, and how many cells that takes."""
    if " " <= letter <= "~":
        return letter, 1
    if letter == "\t":
        return " ", 1
    if letter > "\x9f":
        from unicodedata import category, combining, east_asian_width

        kind = category(letter)
        if kind in ("Mn", "Me") or combining(letter):
            return letter, 0
        if kind not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"):
            return letter, 2 if east_asian_width(letter) in ("W", "F") else 1
    return escaped(letter)


def escaped(letter: str) -> tuple[str, int]:
    code = ord(letter)
    text = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return text, len(text)


def safe(text: str) -> str:
    """A message without control, bidi and zero-width letters, and of bounded length."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
    if text.isascii() and text.isprintable():
        return text
    return "".join(drawn(letter)[0] for letter in text)
