"""The derivatives order by order as a table: the lines and the correct digits of each way, and how the lines swell."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.comparison import heading, spelled_in_ascii
from gradcli.render.explanation import note_lines
from gradcli.render.style import FINAL, LABEL, NOTE, RESULT, Grid, aligned, hanging, number_style, safe
from gradcli.report.orders import NAMES, WAYS
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.report.orders import Order, Orders

COUNT = "digits"
ABOUT = {
    "written": "a sweep over the lines of the order before; every line is kept",
    "optimised": "the same, and each order is optimised before the next sweep",
    "taylor": "every line is expanded, coefficient by coefficient, in one pass",
}


def draw(found: Orders, *, width: int = 80, unicode: bool = True, digits: int = 6) -> list[Text]:
    """The comparison for a terminal of WIDTH cells; without UNICODE in ASCII; numbers to DIGITS significant digits."""
    lines = [*heading(found.title, found.at, width), Text("")]
    for way in WAYS:
        lines += hanging(Text(f"{NAMES[way]:10}   ", style=LABEL), Text(ABOUT[way]), width)
    lines.append(Text(""))
    lines += _table(found, width, digits, unicode=unicode)
    lines += [Text(""), *hanging(Text("verdict  ", style=LABEL), Text(safe(found.verdict)), width)]
    notes = [note.message for note in found.notes if note.kind != "example"]
    if notes:
        lines += [Text(""), *note_lines(notes, width, unicode=True)]
    return lines if unicode else spelled_in_ascii(lines, width)


def _table(found: Orders, width: int, digits: int, *, unicode: bool) -> list[Text]:
    for factors in (True, False):
        lines = _grid(found, digits, unicode=unicode, factors=factors).lines()
        if max(line.cell_len for line in lines) <= width:
            return lines
    return _grid(found, digits, unicode=unicode, factors=True, stacked=width).lines()


def _grid(found: Orders, digits: int, *, unicode: bool, factors: bool, stacked: int | None = None) -> Grid:
    ways = [way for way in WAYS if any(way in order.ways for order in found.orders)]
    headings = ["order"]
    for way in ways:
        headings += [NAMES[way], COUNT] if _has_lines(found, way) else [f"{NAMES[way]} {COUNT}"]
    grid = Grid([*headings, "derivative"], unicode=unicode, width=stacked)
    counts = {way: _counts(found, way, factors=factors) for way in ways}
    numbers = aligned([_number(order, digits) for order in found.orders])
    for place, order in enumerate(found.orders):
        cells = [Text(f"order {order.order}" if stacked else f"{order.order:5}", style=LABEL)]
        for way in ways:
            if _has_lines(found, way):
                cells.append(Text(counts[way][place]))
            cells.append(_correct(order, way))
        cells.append(Text(numbers[place].rstrip(), style=number_style(numbers[place], FINAL if place else RESULT)))
        grid.add(*cells)
    return grid


def _has_lines(found: Orders, way: str) -> bool:
    return any(way in order.ways and order.ways[way].lines is not None for order in found.orders)


def _counts(found: Orders, way: str, *, factors: bool) -> list[str]:
    """`482 ×2.4`: the lines of a way, and how many times those of the order before they are."""
    numbers = ["" if (one := order.ways.get(way)) is None or one.lines is None else f"{one.lines:,}"
               for order in found.orders]  # fmt: skip
    wide = max(map(len, numbers))
    texts = [number.rjust(wide) for number in numbers]
    if not factors:
        return texts
    times = [found.factor(way, place) for place in range(len(found.orders))]
    return [text if time is None else f"{text} ×{time:.1f}" for text, time in zip(texts, times, strict=True)]


def _correct(order: Order, way: str) -> Text:
    """How many digits of a way's number are right; blank where it was not computed."""
    if way not in order.ways or not order.is_judged:
        return Text("")
    digits = order.digits(way)
    return Text("-" if digits is None else str(digits), style=NOTE if order.is_lost(way) else "")


def _number(order: Order, digits: int) -> str:
    """The true number where it is known, else that of the Taylor coefficients."""
    return significant(order.number, digits) if order.exact is None else order.true(digits)
