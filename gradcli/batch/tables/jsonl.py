"""JSON Lines: an object a line, its members are the columns, and lists in it are vectors."""

from __future__ import annotations

from itertools import chain
from math import prod
from unicodedata import normalize

from gradcli.batch.tables.objects import decoded
from gradcli.batch.tables.separated import gathered
from gradcli.batch.tables.table import PIECE, Table
from gradcli.batch.tables.text import lines_of, numbered, rows_in
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.batch.tables.sources import Source
    from gradcli.batch.tables.table import Header, Piece

    Shape = tuple[int, ...]

LOOKED_AT = 100  # objects; their members are the columns
MOST_COLUMNS = 1 << 20
WORDS = ("NaN", "Infinity", "-Infinity")


class JsonLines(Table):
    """A row an object. A number under `x` is the column x, a list gives x[0], x[1], ..., lists of lists x[0,0], ..."""

    kind = "jsonl"

    def __init__(self, source: Source, policy: str, columns: Sequence[str] | None = None) -> None:
        super().__init__(source, policy)
        if columns is not None:
            raise GradError("usage", f"the members of {self.file!r} have names already, and --columns gives others")
        self.chunks = lines_of(source, PIECE)
        self.first = next(self.chunks, b"")
        if not self.first:
            raise GradError("file", f"{self.file!r} is empty", hint='a row is an object: {"x": 1, "y": 2}')
        self.shapes: dict[str, Shape] = {}
        self.members: list[tuple[str, Shape]] = []
        self._look()

    def _look(self) -> None:
        """Find the columns in the first objects."""
        settled = set()
        lines = (line for line in self.first.split(b"\n") if line.strip())
        for line, _ in zip(lines, range(LOOKED_AT), strict=False):
            found = decoded(line)
            if isinstance(found, dict):
                for key, value in found.items():
                    shape = shape_of(value)
                    if shape is not None and key not in settled:
                        self.shapes[key] = shape
                        if isinstance(value, (float, list)) or value in WORDS:
                            settled.add(key)
        if sum(map(prod, self.shapes.values())) > MOST_COLUMNS:
            raise GradError("limit", f"{self.file!r} has more than {MOST_COLUMNS:,} columns")
        for key, shape in self.shapes.items():
            name = normalize("NFC", key)
            for index in indices(shape):
                self.members.append((key, index))
                self.names.append(f"{name}[{','.join(map(str, index))}]" if index else name)
        self.width = len(self.names)
        if not self.width:
            found = decoded(next((line for line in self.first.split(b"\n") if line.strip()), b"{}"))
            hint = found if isinstance(found, str) else 'a row is an object: {"x": 1, "y": 2}'
            raise GradError("file", f"the objects of {self.file!r} hold no numbers", hint=hint)

    def settings(self) -> Header:
        """What `columns_of` must know, as JSON."""
        told = super().settings()
        members = [self.members[place] for place in told["wanted"]]
        shapes = {key: list(self.shapes[key]) for key, _ in members}
        return told | {"members": [[key, list(index)] for key, index in members], "shapes": shapes}

    def pieces(self, size: int, *, start: int = 1) -> Iterator[Piece]:
        """Whole lines."""
        settings = self.settings()
        chunks = gathered(chain([self.first], self.chunks), size)
        for number, chunk in enumerate(numbered(chunks, row=1, line=1, count=rows_in, start=start)):
            header = {"number": number, "first": chunk.row, "line": chunk.line, "offset": chunk.offset, "from": start}
            yield header | {"table": settings}, chunk.text


def shape_of(value: object) -> Shape | None:
    """The shape of a number or of text (), or of lists of numbers; None where there is anything else or nothing."""
    shape = []
    while isinstance(value, list) and value:
        shape.append(len(value))
        value = value[0]
    number = value is None or isinstance(value, float) or value in WORDS
    return tuple(shape) if number or (isinstance(value, (str, bool)) and not shape) else None


def indices(shape: Shape) -> list[Shape]:
    """Every index of an array, the last axis fastest."""
    found: list[Shape] = [()]
    for length in shape:
        found = [(*index, k) for index in found for k in range(length)]
    return found
