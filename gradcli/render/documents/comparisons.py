"""Comparisons as documents: decompositions, modes, engines, orders, with the facts of their views."""

from __future__ import annotations

from gradcli.render.comparison import MOST_GRADIENTS, NOWHERE
from gradcli.render.documents.blocks import Mathematics, Paragraph, Table
from gradcli.render.documents.formula import numeral
from gradcli.render.documents.stated import Stated
from gradcli.report.orders import NAMES, WAYS
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.render.documents.blocks import Block, Piece
    from gradcli.report.comparison import Column, Comparison
    from gradcli.report.orders import Order, Orders

ABOUT = {
    "written": "a sweep over the lines of the order before; every line is kept",
    "optimised": "the same, and each order is optimised before the next sweep",
    "taylor": "every line is expanded, coefficient by coefficient, in one pass",
}


def number_piece(text: str) -> Mathematics:
    """A printed number as it stands in a cell."""
    return Mathematics(numeral(text), text, is_number=True)


def of_decompositions(found: Comparison, *, digits: int) -> Iterator[Block]:
    """The numbers of each decomposition, how many digits are right, and what each takes and loses."""
    stated = Stated(found.title, found.at)
    yield from stated.head()
    asked = found.asked[: MOST_GRADIENTS + 1]
    headings: list[list[Piece]] = [[""]]
    for column in found.columns:
        headings += [[column.decomposition], ["correct"]]
    headings.append(["true"])
    rows = []
    for place, one in enumerate(asked):
        lost = [column.digits[place] for column in found.columns if column.lost[place]]
        many = max([digits, *(count + 2 for count in lost if isinstance(count, int))])
        cells: list[list[Piece]] = [[stated.piece(one.label)]]
        for column in found.columns:
            count = column.digits[place]
            cells += [[number_piece(significant(column.numbers[place], many))], ["-" if count is None else str(count)]]
        exact = one.true(many)
        cells.append([number_piece(exact) if exact[-1:].isdigit() or exact[-3:] in ("inf", "nan") else exact])
        rows.append(cells)
    yield Table(headings, "l" + "rr" * len(found.columns) + "r", rows)
    more = len(found.asked) - len(asked)
    if more > 0:
        yield Paragraph(f"… and {more:,} more gradients (--json has them all).")
    nan = any(column.nan_born is not None for column in found.columns)
    told: list[list[Piece]] = [["decomposition"], ["operations"], ["first loss"]]
    told += [["nan born"]] if nan else []
    yield Table(told, "lpp" + "p" * nan, [_told(column, nan=nan) for column in found.columns])
    yield from stated.foot(found.verdict, found.notes)


def _told(column: Column, *, nan: bool) -> list[list[Piece]]:
    """The operations of a decomposition, and where it lost digits."""
    kinds = " ".join(f"{kind}×{count}" if count > 1 else kind for kind, count in column.operations.items())
    loss, birth = column.first_loss, column.nan_born
    outcome = (
        f" is {significant(loss.value)}" if loss and loss.at_line and loss.kind in ("overflow", "underflow") else ""
    )
    cells: list[list[Piece]] = [
        [column.decomposition], [f"{column.lines} ({kinds})" if kinds else "0"],
        [f"{loss.place}{outcome}" if loss else NOWHERE],
    ]  # fmt: skip
    cells += [[f"{birth.place}: {birth.what}" if birth else NOWHERE]] if nan else []
    return cells


def of_orders(found: Orders, *, digits: int) -> Iterator[Block]:
    """The derivatives order by order: the lines and the correct digits of each way."""
    stated = Stated(found.title, found.at)
    yield from stated.head()
    ways = [way for way in WAYS if any(way in order.ways for order in found.orders)]
    about: list[list[list[Piece]]] = [[[NAMES[way]], [ABOUT[way]]] for way in ways]
    yield Table([["way"], ["what it does"]], "lp", about)
    headings: list[list[Piece]] = [["order"]]
    for way in ways:
        headings += [[NAMES[way]], ["digits"]]
    headings.append(["derivative"])
    rows: list[list[list[Piece]]] = []
    for place, order in enumerate(found.orders):
        cells: list[list[Piece]] = [[str(order.order)]]
        for way in ways:
            cells += [[_lines(found, way, place)], [_right(order, way)]]
        text = significant(order.number, digits) if order.exact is None else order.true(digits)
        rows.append([*cells, [number_piece(text)]])
    yield Table(headings, "r" + "rr" * len(ways) + "r", rows)
    yield from stated.foot(found.verdict, found.notes, "example")


def _lines(found: Orders, way: str, place: int) -> str:
    """`482 ×2.4`: the lines of a way, and how many times those of the order before they are."""
    one = found.orders[place].ways.get(way)
    if one is None or one.lines is None:
        return ""
    times = found.factor(way, place)
    return f"{one.lines:,}" if times is None else f"{one.lines:,} ×{times:.1f}"


def _right(order: Order, way: str) -> str:
    if way not in order.ways or not order.is_judged:
        return ""
    digits = order.digits(way)
    return "-" if digits is None else str(digits)


