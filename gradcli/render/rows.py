"""The first rows of a table with what was computed of them, as a table of their own."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import DIM, GAP, GRADIENT, LABEL, NOTE, VALUE, Grid, aligned, in_ascii, safe
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Column = tuple[str, list[float], str]  # a heading, numbers, a style


def draw(
    numbers: Sequence[int],
    given: Mapping[str, Sequence[float]],
    found: Mapping[str, Sequence[float]],
    bad: Sequence[str] = (),
    *,
    width: int = 80,
    unicode: bool = True,
    digits: int = 6,
) -> list[Text]:
    """The rows by their NUMBERS: the columns GIVEN, then those FOUND. BAD says of rows what is wrong with them.

    Columns that do not fit beside each other go into a further table below, each with the numbers of its rows.
    """
    labels = [f"{number:,}" for number in numbers]
    columns: list[Column] = [(safe(name), list(column), LABEL) for name, column in given.items()]
    for name, column in found.items():
        heading = f"∂/∂{safe(name.removeprefix('d_'))}" if name != "value" else name
        columns.append((heading, list(column), GRADIENT if name != "value" else VALUE))
    texts = [
        (heading if unicode else in_ascii(heading), aligned([significant(number, digits) for number in column]), style)
        for heading, column, style in columns
    ]
    first = max([len("row"), *map(len, labels)])
    lines: list[Text] = []
    while texts or not lines:
        room, many = width - first, 0
        for heading, cells, _ in texts:
            room -= GAP + max([len(heading), *map(len, cells)])
            if room < 0:
                break
            many += 1
        part, texts = texts[: max(many, 1)], texts[max(many, 1) :]
        grid = Grid(["row", *(heading for heading, _, _ in part)], unicode=unicode, width=width)
        for place, label in enumerate(labels):
            row = [Text(column[place], style=style) for _, column, style in part]
            grid.add(Text(label.rjust(first), style=DIM), *row)
        lines += [*([Text("")] if lines else []), *grid.lines()]
    lines += [Text(f"note: {safe(fact)}", style=NOTE) for fact in bad]
    return lines
