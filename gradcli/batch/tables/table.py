"""A table that is read from its beginning to its end, whatever its format."""

from __future__ import annotations

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Any

    from gradcli.batch.tables.blocks import Block
    from gradcli.batch.tables.sources import Source

    Header = dict[str, Any]
    Piece = tuple[Header, bytes]

MOST_LISTED = 12
PIECE = 1 << 18  # bytes of a piece that is read and used in one process


class Table:
    """Columns of numbers under names. `names` is empty where a plain array has none: `call` gives them.

    `rows` is their number where the format tells it, `size` the bytes of the source where they are known.
    """

    kind = ""

    def __init__(self, source: Source, policy: str) -> None:
        self.source = source
        self.file = source.name
        self.policy = policy
        self.names: list[str] = []
        self.width = 0
        self.rows: int | None = None
        self.wanted: list[int] | None = None
        self.selected: list[str] = []
        self.refused: dict[str, str] = {}  # columns without numbers, and what they hold

    @property
    def size(self) -> int | None:
        return self.source.size

    def call(self, names: Sequence[str]) -> None:
        """Give the columns of a plain array their names. Raises GradError (usage) unless there are as many."""
        if len(names) != self.width:
            listed = ", ".join(names[:MOST_LISTED]) + ", …" * (len(names) > MOST_LISTED)
            raise GradError(
                "usage", f"{self.file!r} has {self.width:,} columns, and the names are {len(names):,}: {listed}",
                hint=f"--columns names every column in order: --columns {_example(self.width)}",
            )  # fmt: skip
        self.names = list(names)

    def select(self, wanted: Sequence[str]) -> None:
        """Read these columns only, in this order. Raises GradError (name) for one that is missing or there twice."""
        if not self.names and self.width:
            self.call(wanted)
        places: dict[str, int] = {}
        twice = set()
        needed = set(wanted)
        for place, name in enumerate(self.names):
            if name in needed and places.setdefault(name, place) != place:
                twice.add(name)
        for name in wanted:
            if name not in places:
                raise missing(self.file, name, self.names)
            if name in twice:
                raise GradError("name", f"two columns of {self.file!r} are named {name!r}",
                                hint="rename one of them, or name all columns in order with --columns")  # fmt: skip
        self.wanted, self.selected = [places[name] for name in wanted], list(wanted)

    def blocks(self, size: int, *, start: int = 1) -> Iterator[Block]:
        """Blocks of at most SIZE rows, from the row START on."""
        from gradcli.batch.tables import columns_of

        for header, payload in self.pieces(self.suitable(size), start=start):
            block = columns_of(header, payload)
            for low in range(0, max(block.rows, 1), size):
                yield block.sliced(low, low + size)

    def suitable(self, rows: int) -> int:
        """The bytes of a piece that is to be used in blocks of so many rows."""
        return PIECE

    def pieces(self, size: int, *, start: int = 1) -> Iterator[Piece]:
        """Pieces of about SIZE bytes, for `columns_of`, from the row START on."""
        raise NotImplementedError

    def forget(self) -> None:
        """Give back the memory of the names that were not selected, where these are many."""

    def settings(self) -> Header:
        """What `columns_of` must know, as JSON."""
        if self.wanted is None:
            self.select(self.names)
        names = self.selected
        return {"kind": self.kind, "file": self.file, "policy": self.policy, "names": names, "wanted": self.wanted}

    def close(self) -> None:
        self.source.close()

    def __enter__(self) -> Table:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def missing(file: str, name: str, names: Sequence[str]) -> GradError:
    """No column of that name."""
    from difflib import get_close_matches

    near = get_close_matches(name, names[:1000], 1, 0.6)
    listed = ", ".join(names[:MOST_LISTED]) + (f", … ({len(names):,} in all)" if len(names) > MOST_LISTED else "")
    hint = f"did you mean {near[0]!r}?\n" if near else ""
    return GradError("name", f"{file!r} has no column {name!r}",
                     hint=f"{hint}its columns are {listed}; {name}=VALUE gives one value to every row")  # fmt: skip


def after(block: Block, start: int) -> Block:
    """The block without the rows before START."""
    if start <= block.first_row:
        return block
    if block.numbers is None:
        kept = block.sliced(start - block.first_row, block.rows)
    else:
        kept = block.sliced(int(block.numbers.searchsorted(start)), block.rows)._replace(first_row=start)
    return kept._replace(bad=[row for row in block.bad if row.row >= start])


def _example(width: int) -> str:
    return ",".join("abcdefgh"[:width]) if width <= 8 else "a,b,c,…"

