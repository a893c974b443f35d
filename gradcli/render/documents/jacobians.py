"""Jacobians and Hessians as documents: matrices as matrices, a dot where no path leads, and what takes their place."""

from __future__ import annotations

from gradcli.graph.shapes import BYTES
from gradcli.render.documents.blocks import Code, Equations, Heading, Items, Mathematics, Paragraph, Row, Table, equals
from gradcli.render.documents.comparisons import number_piece
from gradcli.render.documents.formula import Formula, numeral
from gradcli.render.documents.matrices import DOTS, matrix, value_of
from gradcli.render.documents.stated import Stated
from gradcli.render.jacobian import MOST_ENTRIES, MOST_STEPS
from gradcli.render.matrices import CORNER, NO_PATH, element_names
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.render.documents.blocks import Block, Piece
    from gradcli.report.hessian import HessianReport
    from gradcli.report.jacobian import JacobianReport, Matrix

MOST_NAMED = 3
MOST_LISTED = 12  # names of rows and columns
MOST_EIGENVALUES = 24
NOTHING = Formula(r"\cdot", 3.0)


def of_jacobian(report: JacobianReport, *, digits: int, full: bool) -> Iterator[Block]:
    """Each matrix with its pattern, the backward pass in its place, the value."""
    stated = _stated(report)
    yield from stated.head(f"Decomposition {report.question.options.decomposition}.")
    if not report.matrices:
        yield Paragraph("Nothing to differentiate by: it has no variables.")
    elif report.is_scalar:
        yield from _gradient_row(report, stated, digits)
    else:
        for one in report.matrices:
            yield from _matrix(report, one, stated, digits, full=full)
    if any(one.has_zeros_by_structure for one in report.matrices):
        zeros = "; a 0 was computed" if any(one.zeros for one in report.matrices) else ""
        yield Paragraph(Mathematics(NOTHING, NO_PATH), f" no path: 0 whatever the values are{zeros}.")
    if report.matrices:
        yield Paragraph(f"Made by {report.why()}.")
    if report.steps:
        yield from _in_its_place(report, stated, full=full)
    yield Heading("Result")
    rows = [Row(stated.formula(report.label), equals(value_of(report.value, digits, full=full)))]
    if report.products is not None:
        rows.append(Row(Formula(r"\text{upstream}", 40), equals(value_of(report.upstream, digits, full=full))))
        for name, value in report.products.items():
            partial = stated.formula(f"∂{report.label}/∂{name}")
            left = Formula(rf"\text{{upstream}} \cdot {partial.latex}", partial.width + 48)
            rows.append(Row(left, equals(value_of(value, digits, full=full))))
    yield Equations(rows)
    yield from stated.foot("", report.notes, "flow")


def _stated(report: JacobianReport | HessianReport) -> Stated:
    title = report.title()
    names = [*report.question.sources, *[name for name in report.question.labels().names if name]]
    return Stated(title if title == report.label else f"{report.label} = {title}", report.question.at, names)


def _matrix(report: JacobianReport, one: Matrix, stated: Stated, digits: int, *, full: bool) -> Iterator[Block]:
    """The matrix or its corner, which elements are its rows and columns, and the products where it is diagonal."""
    label = report.label
    yield Paragraph(f"{one.rows:,}×{one.columns:,}, {one.words(label)}.")
    yield Equations([Row(stated.formula(f"∂{label}/∂{one.name}"), equals(drawn(one, digits, full=full)))])
    if one.rows > 1 or one.columns > 1:
        rows, columns = _elements(label, one.result, one.rows), _elements(one.name, one.shape, one.columns)
        first, second = _list(rows, one.rows, stated), _list(columns, one.columns, stated)
        yield Paragraph("Rows ", *first, "; columns ", *second, ".")
    if not full and one.entries > MOST_ENTRIES:
        yield Paragraph(_summary(one, digits))
        return
    products = report.rows_of(one, digits)
    if products:
        names = element_names(label, one.result, one.rows)
        headings: list[list[Piece]] = [["element"], ["upstream"], ["× local"], ["= downstream"], ["gate"]]
        cells: list[list[list[Piece]]] = []
        for name, row in zip(names, products, strict=True):
            factors = (row.upstream, row.local, row.downstream)
            numbers: list[list[Piece]] = [[number_piece(shown(number, row.digits))] for number in factors]
            cells.append([[stated.piece(name)], *numbers, [f"{row.gate}{', closed' if row.closed else ''}"]])
        yield Table(headings, "lrrrl", cells)


def drawn(one: Matrix, digits: int, *, full: bool) -> Formula:
    """A matrix; of a large one the first rows and columns."""
    whole = full or one.entries <= MOST_ENTRIES
    rows = range(one.rows if whole else min(one.rows, CORNER))
    columns = range(one.columns if whole else min(one.columns, CORNER))
    found = [
        [
            numeral(shown(one.numbers[row][column], digits)) if one.reaches[row][column] else NOTHING
            for column in columns
        ]
        for row in rows
    ]
    if len(columns) < one.columns:
        found = [[*row, DOTS] for row in found]
    if len(rows) < one.rows:
        found.append([Formula(r"\vdots", 5.0) for _ in found[0]])
    return matrix(found)


def _elements(name: str, shape: Any, count: int) -> list[str]:
    return element_names(name, shape, min(count, MOST_LISTED))


def _list(names: Sequence[str], count: int, stated: Stated) -> list[Piece]:
    """`f[0], f[1], ...`."""
    found: list[Piece] = []
    for name in names:
        found += [*([", "] if found else []), stated.piece(name)]
    return [*found, ", …"] if count > len(names) else found


def _summary(one: Matrix, digits: int) -> str:
    """What is not drawn of a large matrix, and numbers about all of it."""
    more = [f"{count - CORNER:,} more {what}" for count, what in ((one.rows, "rows"), (one.columns, "columns"))
            if count > CORNER]  # fmt: skip
    about = ", ".join(f"{name} {shown(number, digits)}"
                      for name, number in (("min", one.least), ("mean", one.mean), ("max", one.largest)))  # fmt: skip
    rest = f", {one.zeros:,} were computed as 0" if one.zeros else ""
    dots = f"… {' and '.join(more)} (--full shows all); " if more else ""
    return f"{dots}all {one.entries:,} entries: {about}; {one.pathless:,} have no path{rest}."


def _gradient_row(report: JacobianReport, stated: Stated, digits: int) -> Iterator[Block]:
    """A scalar by scalars: one row."""
    label, matrices = report.label, report.matrices
    yield Paragraph(f"1×{len(matrices):,}, one row: {label} is a scalar, so its Jacobian is its gradient, laid flat.")
    cells = [numeral(shown(m.numbers[0][0], digits)) if m.reaches[0][0] else NOTHING for m in matrices]
    name = stated.formula(label)
    row = Row(Formula(rf"\partial {name.latex}", name.width + 6), equals(matrix([cells])))
    yield Equations([row])
    yield Paragraph("Columns ", *_list([one.name for one in matrices][:MOST_LISTED], len(matrices), stated), ".")


def _in_its_place(report: JacobianReport, stated: Stated, *, full: bool) -> Iterator[Block]:
    """The backward pass as products without a matrix, and what both would cost."""
    steps = report.steps if full else report.steps[:MOST_STEPS]
    yield Heading(f"Instead of {'the matrices' if len(report.matrices) > 1 else 'the matrix'}, one backward pass")
    rows: list[tuple[Piece, Piece, int, int | None]] = [
        (stated.flow(step.source, step.target), Code(step.text), step.kept, step.products) for step in steps
    ]
    if len(report.steps) > 1:
        rows.append(("all flows", "one backward pass", report.kept, report.products_made))
    names = [f"∂{report.label}/∂{one.name}" for one in report.matrices]
    named = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    rows.append(("dense", Code(f"upstream @ {named}"), report.entries, report.entries))
    cells: list[list[list[Piece]]] = [
        [[flow], [text], [f"{kept:,}"], [f"{kept * BYTES:,}"], ["" if times is None else f"{times:,}"]]
        for flow, text, kept, times in rows
    ]
    if len(report.steps) > len(steps):
        more = f"… {len(report.steps) - len(steps):,} more flows (--full shows all)"
        cells.insert(len(steps), [[more], [""], [""], [""], [""]])
    yield Table([["flow"], ["product"], ["numbers"], ["bytes"], ["multiplications"]], "lprrr", cells)
    yield Paragraph(f"Saved: {report.saved()}.")


def of_hessian(report: HessianReport, *, digits: int, full: bool) -> Iterator[Block]:
    """The gradient, the second derivatives, the eigenvalues and what they say."""
    stated = _stated(report)
    yield from stated.head(f"Decomposition {report.question.options.decomposition}.")
    label = report.label
    rows = [Row(stated.formula(label), equals(value_of(report.value, digits)))]
    rows += [
        Row(stated.formula(f"∂{label}/∂{name}"), equals(value_of(value, digits, full=full)))
        for name, value in report.gradients.items()
    ]
    if report.size and report.is_scalar:
        name = stated.formula(label)
        left = Formula(rf"\nabla^{{2}} {name.latex}", name.width + 14)
        rows.append(Row(left, equals(drawn(report.block_of_all(), digits, full=full))))
    yield Equations(rows)
    if not report.size:
        yield Paragraph("Nothing to differentiate by: it has no variables.")
    elif report.is_scalar:
        one = report.block_of_all()
        names = report.names[:MOST_LISTED]
        yield Paragraph("Rows and columns ", *_list(names, report.size, stated), ".")
        yield from [Paragraph(_summary(one, digits))] if not full and one.entries > MOST_ENTRIES else []
    else:
        yield from _blocks(report, stated, digits, full=full)
    paths, zeros = report.counts() if report.size else (0, 0)
    if paths < report.size**2:
        told = f" no path: 0 whatever the values are{'; a 0 was computed' if zeros else ''}."
        yield Paragraph(Mathematics(NOTHING, NO_PATH), told)
    eigenvalues = report.eigenvalues() if report.size > 1 else None
    if eigenvalues:
        few: list[list[Piece]] = [[number_piece(shown(one, digits))] for one in eigenvalues[:MOST_EIGENVALUES]]
        more = len(eigenvalues) - len(few)
        yield Heading("Eigenvalues")
        yield Items([*few, *([[f"… {more:,} more (--json has them all)"]] if more else [])])
    if report.size:
        yield Paragraph(f"Made by {report.why()}.")
    yield from stated.foot(report.verdict(), report.notes, "flow")


def _blocks(report: HessianReport, stated: Stated, digits: int, *, full: bool) -> Iterator[Block]:
    """The blocks on the diagonal and above it."""
    for block in report.blocks():
        one = block.matrix
        yield Paragraph(f"{one.rows:,}×{one.columns:,}, {block.words()}.")
        if one.pattern == "zero":
            continue
        above, rows, columns = stated.formula(report.label), stated.formula(block.row), stated.formula(one.name)
        latex = rf"\frac{{\partial^{{2}} {above.latex}}}{{\partial {rows.latex} \, \partial {columns.latex}}}"
        yield Equations([Row(Formula(latex, rows.width + columns.width + 16), equals(drawn(one, digits, full=full)))])
        yield from [Paragraph(_summary(one, digits))] if not full and one.entries > MOST_ENTRIES else []
    words = report.twins()
    yield from [Paragraph(f"{words}.")] if words else []
