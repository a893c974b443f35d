"""Rows whose cells are blocks: as a grid where they fit beside each other, or each cell below its row's first line."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.array_blocks import wide
from gradcli.render.style import DIM, GAP, LABEL, NOTE, Grid, folded, in_ascii, in_ascii_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradcli.render.array_blocks import Block

LOST = r"(?<![\w.])-?(?:nan|inf)(?!\w)"
GATE_WIDTH = 13


def styled(lines: Block, style: str) -> Text:
    """A block in the colour of its role; a nan or inf in it stands out."""
    text = Text("\n".join(lines), style=style)
    if style != DIM:
        text.highlight_regex(LOST, NOTE)
    return text


def gate_lines(gate: str) -> Block:
    """A gate in words, broken where it is long, and before `of 4`."""
    start, of, many = gate.partition(" of ")
    if of:
        return [start, f"of {many}"]
    return folded(gate, GATE_WIDTH) if len(gate) > GATE_WIDTH else [gate]


class Column:
    """One column of a grid: its heading, the role of its colour, and a block a row, with PAD cells after the widest.
    BELOW is a second column whose blocks stand under those of this one.

    Numbers need the padding: without it two matrices beside each other would read as one.
    """

    __slots__ = ("below", "blocks", "heading", "style")

    def __init__(
        self, heading: str, style: str, blocks: Sequence[Block], *, pad: int = 0, below: Column | None = None
    ) -> None:
        self.below = below
        self.heading = heading
        self.style = style
        many = max(map(wide, blocks), default=0) + pad
        self.blocks = [[line.ljust(many) for line in lines] for lines in blocks] if pad else [*blocks]

    def width(self) -> int:
        """How many cells it takes."""
        below = 0 if self.below is None else self.below.width()
        return max(len(self.heading), below, *map(wide, self.blocks), 0)

    def cell(self, row: int) -> Text:
        """The cell of one row."""
        text = styled(self.blocks[row], self.style)
        if self.below is None:
            return text
        return Text("\n").join([piece for piece in (text, self.below.cell(row)) if piece.plain.strip()])

    def height(self, row: int) -> int:
        """How many lines a cell has."""
        return self.cell(row).plain.count("\n") + 1


def one_column(above: Column, below: Column) -> Column:
    """Two columns as one, the blocks of the second under those of the first."""
    heading = f"{above.heading} = {below.heading.strip(' =')}"
    return Column(heading, above.style, above.blocks, below=Column("", below.style, below.blocks))


def total_width(columns: Sequence[Column]) -> int:
    """How many cells the columns take beside each other."""
    return sum(column.width() for column in columns) + GAP * (len(columns) - 1)


class Stack:
    """Rows one below the other: a first line, then each block behind its heading, or below it where it is large."""

    def __init__(self, width: int, *, unicode: bool) -> None:
        self.width = width
        self.unicode = unicode
        self.lines: list[Text] = []

    def first(self, name: str, rest: str, gate: str, indent: str = "") -> None:
        """The first line of a row: its name and what it is, and what it does to a gradient."""
        words = f"{name}{rest}"
        line = Text.assemble(indent, (name, LABEL), rest)
        if gate and len(indent) + len(words) + 2 + len(gate) <= self.width:
            line.append(f"  {gate}", style=DIM)
            gate = ""
        if line.cell_len > self.width:
            pieces = folded(f"{indent}{words}", self.width, len(indent) + 2)
            self._put(Text(pieces[0], style=LABEL), *[Text(piece, style=LABEL) for piece in pieces[1:]])
        else:
            self._put(line)
        if gate:
            self._put(*[Text(piece, style=DIM) for piece in folded(f"{indent}  {gate}", self.width, len(indent) + 2)])

    def cell(self, heading: str, make: Callable[[int], Block], style: str, indent: str = "  ") -> None:
        """A block, made for the room that there is: beside its heading if it fits there, else below."""
        head = f"{indent}{heading}  " if heading else indent
        lines = make(self.width - len(head))
        if not any(line.strip() for line in lines):
            return
        if not heading or (wide(lines) <= self.width - len(head) and not lines[0].startswith("column")):
            later = indent + " " * (len(head) - len(indent))
            blocks = [Text(head if at == 0 else later, style=DIM) for at in range(len(lines))]
        else:
            self._put(Text(head.rstrip(), style=DIM))
            lines = make(self.width - len(indent) - 2)
            blocks = [Text(f"{indent}  ", style=DIM) for _ in lines]
        for start, line in zip(blocks, lines, strict=True):
            self._put(start.append_text(styled([line], style)))

    def rule(self, cells: int) -> None:
        """A broken rule."""
        self._put(Text(("╌" if self.unicode else "-") * cells, style=DIM))

    def span(self, text: str, style: str = DIM) -> None:
        """A text of its own."""
        text = text if self.unicode else in_ascii(text)
        self._put(*[Text(piece, style=style) for piece in folded(text, self.width, 2)])

    def _put(self, *lines: Text) -> None:
        for line in lines:
            line.rstrip()
            self.lines.append(line if self.unicode else in_ascii_text(line))


def gate_column(gates: Sequence[str], room: int) -> list[Column]:
    """The column of gates where it fits into ROOM, gap included; long ones are broken only where they have to be."""
    for blocks in ([[gate] for gate in gates], [gate_lines(gate) for gate in gates]):
        column = Column("gate", DIM, blocks)
        if column.width() + GAP <= room:
            return [column]
    return []


def grid_of(columns: Sequence[Column], *, unicode: bool) -> Grid:
    """An empty grid with the headings of the columns."""
    return Grid([column.heading for column in columns], unicode=unicode)


def cells_of(columns: Sequence[Column], row: int) -> list[Text]:
    """The cells of one row."""
    return [column.cell(row) for column in columns]
