"""What all views share: roles of colour, rules, aligned numbers, text made safe, the ASCII alphabet."""

from __future__ import annotations

from itertools import pairwise

from rich.text import Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.containers import Lines
    from rich.style import Style

    from gradcli.graph import Graph

VALUE, GRADIENT, LOCAL, NOTE, LABEL, DIM = "green", "red", "cyan", "bold yellow", "bold", "dim"
ADDED = "bold red"  # the name of a line that a sweep added
RESULT, FINAL = "bold green", "bold red"

ASCII = {
    "∂": "d", "×": "*", "→": "->", "↓": "(down)", "↑": "(up)", "Σ": "sum", "·": ".", "±": "+/-", "─": "-", "╌": "-",
    "├": "|", "²": "2", "└": "`", "│": "|", "…": "...", "−": "-",
}  # fmt: skip

GAP = 2
BREAKS = " +-*/="


def name_style(graph: Graph, index: int) -> str:
    """How the name of a line is drawn: those that a sweep added have the colour of gradients."""
    return ADDED if graph.origins and index in graph.origins else LABEL


def in_ascii(text: str) -> str:
    """TEXT with the signs that an ASCII terminal lacks spelled otherwise."""
    if text.isascii():
        return text
    return "".join(ASCII.get(sign, sign) for sign in text)


def in_ascii_text(text: Text) -> Text:
    """A styled TEXT with the signs that an ASCII terminal lacks spelled otherwise; its spans stay with their words."""
    if text.plain.isascii():
        return text
    edges = sorted({0, len(text.plain), *(span.start for span in text.spans), *(span.end for span in text.spans)})
    spelled = Text("", style=text.style)
    for start, end in pairwise(edges):
        piece = text[start:end]
        style = piece.spans[0].style if piece.spans else ""
        spelled.append(in_ascii(piece.plain), style=style)
    return spelled


def safe(text: str) -> str:
    """TEXT without control characters, bidirectional marks and other invisible signs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)


def number_style(text: str, style: str) -> str:
    """A nan or inf stands out; any other number has the colour of its role."""
    return NOTE if text.strip() in ("nan", "inf", "-inf") else style


def aligned(texts: Sequence[str]) -> list[str]:
    """Numbers padded to one width with their decimal points in one column; an exponent hangs to the right."""
    heads, tails = [], []
    for text in texts:
        mantissa, e, exponent = text.partition("e") if not text.endswith(("nan", "inf")) else (text, "", "")
        whole, point, fraction = mantissa.partition(".")
        heads.append(whole)
        tails.append(point + fraction + e + exponent)
    left = max(map(len, heads), default=0)
    right = max(map(len, tails), default=0)
    return [head.rjust(left) + tail.ljust(right) for head, tail in zip(heads, tails, strict=True)]


def middle_cut(text: str, width: int, *, unicode: bool = True) -> str:
    """TEXT cut in the middle to WIDTH characters."""
    if len(text) <= width:
        return text
    dots = " … " if unicode else " ... "
    keep = max(width - len(dots), 2)
    return f"{text[: keep - keep // 2]}{dots}{text[len(text) - keep // 2 :]}"


def folded(text: str, width: int, indent: int = 0) -> list[str]:
    """TEXT in lines of at most WIDTH characters, the later ones indented; it breaks at blanks and before operators,
    never inside a name or a number."""
    lines = []
    width = max(width, indent + 8)
    text = text.rstrip()
    while len(text) > width:
        blanks = [at for at in range(width, max(width // 2, indent), -1) if text[at] == " "]
        signs = (at for at in range(width, indent, -1) if text[at] in BREAKS and not _in_exponent(text, at))
        cut = blanks[0] if blanks else next(signs, width)
        lines.append(text[:cut].rstrip())
        text = " " * indent + text[cut:].lstrip()
    return [*lines, text]


def _in_exponent(text: str, at: int) -> bool:
    return text[at] in "+-" and text[at - 1] == "e" and text[at - 2].isdigit()


class Grid:
    """Columns two blanks apart under one rule, without a frame; no cell is ever cut.

    A row is a list of cells (one may have several lines), a text that spans all columns, or a broken rule. Where the
    columns do not fit into WIDTH, the cells of a row stand below each other, each behind its heading.
    rich's Table has no row that spans, and cuts digits where it is tight.
    """

    def __init__(self, headings: Sequence[str], *, unicode: bool, width: int | None = None) -> None:
        self.headings = [Text(heading if unicode else in_ascii(heading), style=DIM) for heading in headings]
        self.width = width
        self.unicode = unicode
        self.rows: list[list[Text] | Text | None] = []

    def add(self, *cells: Text) -> None:
        """A row of cells."""
        self.rows.append([cell if self.unicode else in_ascii_text(cell) for cell in cells])

    def span(self, text: Text) -> None:
        """A row that is one text across all columns, broken to the width."""
        text = text if self.unicode else in_ascii_text(text)
        if self.width is None or text.cell_len <= self.width:
            self.rows.append(text)
            return
        indent = len(text.plain) - len(text.plain.lstrip()) + 2
        self.rows += [Text(line, style=_style_of(text)) for line in folded(text.plain, self.width, indent)]

    def rule(self) -> None:
        """A broken rule."""
        self.rows.append(None)

    def lines(self) -> list[Text]:
        """The drawn lines, without blanks at their ends."""
        split = [
            row if row is None or isinstance(row, Text) else [cell.split("\n") for cell in row] for row in self.rows
        ]
        widths = [heading.cell_len for heading in self.headings]
        for row in split:
            if isinstance(row, list):
                widths = [max(w, *(line.cell_len for line in cell)) for w, cell in zip(widths, row, strict=True)]
        whole = sum(widths) + GAP * (len(widths) - 1)
        if self.width is not None and whole > self.width:
            return [*self._stacked(split)]
        solid, broken = ("─", "╌") if self.unicode else ("-", "-")
        drawn = [_joined(self.headings, widths), Text(solid * whole, style=DIM)]
        for row in split:
            if row is None:
                drawn.append(Text(broken * whole, style=DIM))
            elif isinstance(row, Text):
                drawn.append(row)
            else:
                for place in range(max(map(len, row))):
                    drawn.append(_joined([cell[place] if place < len(cell) else Text("") for cell in row], widths))
        return drawn

    def _stacked(self, split: Sequence[list[Lines] | Text | None]) -> Iterator[Text]:
        """Every cell on lines of its own, behind its heading."""
        for row in split:
            if isinstance(row, Text):
                yield row
            elif row is not None:
                yield from row[0]
                for heading, cell in zip(self.headings[1:], row[1:], strict=True):
                    words = heading.plain.strip("×=↓↑* ").replace("(down)", "").replace("(up)", "").rstrip()
                    texts = [Text(" ".join(line.plain.split()), style=_style_of(line)) for line in cell]
                    texts = [text for text in texts if text.plain]
                    if texts and len(texts) == 1 and len(words) + texts[0].cell_len + 4 <= (self.width or 0):
                        yield Text(f"  {words}  ", style=DIM).append_text(texts[0])
                    elif texts:
                        yield Text(f"  {words}", style=DIM)
                        yield from (Text("    ").append_text(text) for text in texts)


def _style_of(text: Text) -> str | Style:
    """The style of a text that has only one."""
    return text.spans[0].style if text.spans else text.style


def _joined(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line, start = Text(""), 0
    for cell, width in zip(cells, widths, strict=True):
        if cell.plain.strip():
            line.append(" " * (start - line.cell_len))
            line.append_text(cell)
        start += width + GAP
    line.rstrip()
    return line


def hanging(prefix: Text, words: Text, width: int) -> list[Text]:
    """WORDS behind PREFIX, broken at blanks (or anywhere, where there is none) and indented under themselves."""
    from textwrap import wrap

    room = max(width - prefix.cell_len, 8)
    lines, start = [], 0
    for number, piece in enumerate(wrap(words.plain, room, break_on_hyphens=False) or [""]):
        start = words.plain.index(piece, start)
        head = prefix.copy() if number == 0 else Text(" " * prefix.cell_len)
        lines.append(head.append_text(words[start : start + len(piece)]))
        start += len(piece)
    return lines
