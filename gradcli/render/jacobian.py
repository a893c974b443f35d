"""A Jacobian as matrices with labelled rows and columns, its zeros by structure dim, and what takes its place."""

from __future__ import annotations

from rich.text import Text

from gradcli.graph.shapes import BYTES
from gradcli.graph.shapes import shown as shape_shown
from gradcli.render.matrices import CORNER, NO_PATH, element_names, how_many_fit, in_rows, summary
from gradcli.render.style import (
    DIM,
    FINAL,
    GAP,
    GRADIENT,
    LABEL,
    LOCAL,
    NOTE,
    RESULT,
    Grid,
    aligned,
    folded,
    hanging,
    in_ascii_text,
    number_style,
    safe,
)  # fmt: skip
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.jacobian import JacobianReport, Matrix, Row

MOST_ENTRIES = 400  # of a matrix that is drawn whole
MOST_STEPS = 30
MOST_NAMED = 3
NARROWEST = 16  # cells for a product beside its counts
MOST_NUMBERS = 60  # of an array that is printed whole


def draw(
    report: JacobianReport, *, width: int = 80, unicode: bool = True, digits: int = 6, full: bool = False
) -> list[Text]:
    """The renderables for a terminal of WIDTH cells; without UNICODE they are ASCII; FULL draws every entry."""
    if not report.matrices:
        matrices = [[Text("nothing to differentiate by: it has no variables", style=DIM)]]
    elif report.is_scalar:
        matrices = [_gradient_row(report, width, digits)]
    else:
        matrices = [_matrix(report, matrix, width, digits, full=full) for matrix in report.matrices]
    parts = [_title(report, width), *matrices]
    parts[-1] = [*parts[-1], *_legend(report, width)]
    parts += [_made(report, width)] if report.matrices else []
    parts += [_in_its_place(report, width, unicode, full=full)] if report.steps else []
    parts.append(_answer(report, width, digits, full=full))
    notes = [note.message for note in report.notes if note.kind != "flow"]
    parts += [[line for note in notes for line in _note(note, width)]] if notes else []
    lines = [line for part in parts for line in (*part, Text(""))][:-1]
    return lines if unicode else [in_ascii_text(line) for line in lines]


def _note(message: str, width: int) -> list[Text]:
    return _behind("note  ", NOTE, Text(safe(message)), width)


def _behind(prefix: str, style: str, words: Text, width: int) -> list[Text]:
    """WORDS behind a PREFIX that alone has the STYLE."""
    return hanging(Text.assemble((prefix, style)), words, width)


def _title(report: JacobianReport, width: int) -> list[Text]:
    expression = safe(report.title())
    words = Text.assemble((expression, LABEL))
    words.append(f"   {report.question.options.decomposition}", style=DIM)
    return _behind("" if expression == report.label else f"{report.label} = ", LABEL, words, width)


# Matrices


def _matrix(report: JacobianReport, matrix: Matrix, width: int, digits: int, *, full: bool) -> list[Text]:
    """The heading, the matrix or its corner, and where there is an upstream gradient the product beside it."""
    label = report.label
    size = f"{matrix.rows:,}×{matrix.columns:,}, "
    words = Text(f"{size}{matrix.words(label)}")
    lines = _behind(f"∂{label}/∂{safe(matrix.name)}   ", LABEL, words, width)
    whole = full or matrix.entries <= MOST_ENTRIES
    rows = range(matrix.rows if whole else min(matrix.rows, CORNER))
    columns = range(matrix.columns if whole else min(matrix.columns, CORNER))
    beside = _beside(report.rows_of(matrix, digits)) if whole else []
    names = element_names(label, matrix.result, len(rows))
    headings = element_names(matrix.name, matrix.shape, len(columns))
    cells = [
        [shown(matrix.numbers[row][column], digits) if matrix.reaches[row][column] else NO_PATH for column in columns]
        for row in rows
    ]
    if whole:
        return [*lines, *in_rows(names, headings, cells, beside, width)]
    kept = how_many_fit(names, headings, cells, width)
    lines += in_rows(names, headings[:kept], [row[:kept] for row in cells], [], width)
    lines += summary(matrix, kept, width, digits)
    return lines


def _beside(rows: Sequence[Row]) -> list[Text]:
    """`upstream × local = downstream  gate` for each element of a diagonal matrix, under its heading."""
    if not rows:
        return []
    columns = [
        aligned([shown(number, row.digits) for row, number in zip(rows, numbers, strict=True)])
        for numbers in (
            [row.upstream for row in rows], [row.local for row in rows], [row.downstream for row in rows]
        )
    ]  # fmt: skip
    names = ("upstream", "local", "downstream")
    wide = [max(len(name), len(column[0])) for name, column in zip(names, columns, strict=True)]
    head = " × ".join(name.center(size) for name, size in zip(names[:2], wide[:2], strict=True))
    found = [Text(f"{head} = {names[2]}", style=DIM)]
    for place, row in enumerate(rows):
        above, local, below = (column[place].center(size) for column, size in zip(columns, wide, strict=True))
        line = Text.assemble(
            (above, number_style(above, GRADIENT)), (" × ", DIM), (local, number_style(local, LOCAL)), (" = ", DIM),
            (below, number_style(below, GRADIENT)), (f"  {row.gate}{', closed' if row.closed else ''}", DIM),
        )  # fmt: skip
        found.append(line)
    return found


def _gradient_row(report: JacobianReport, width: int, digits: int) -> list[Text]:
    """A scalar by scalars: one row, a column a name."""
    label, matrices = report.label, report.matrices
    words = f"1×{len(matrices):,}, "
    words += f"one row: {label} is a scalar, so its Jacobian is its gradient, laid flat"
    lines = _behind(f"∂{label}   ", LABEL, Text(words), width)
    cells = [shown(m.numbers[0][0], digits) if m.reaches[0][0] else NO_PATH for m in matrices]
    return [*lines, *in_rows([label], [safe(matrix.name) for matrix in matrices], [cells], [], width)]


def _legend(report: JacobianReport, width: int) -> list[Text]:
    if not any(matrix.has_zeros_by_structure for matrix in report.matrices):
        return []
    zeros = any(m.zeros for m in report.matrices)
    computed = "; a 0 was computed" if zeros else ""
    words = f"no path: 0 whatever the values are{computed}"
    return _behind(f"{NO_PATH} ", DIM, Text(words, style=DIM), width)


# What is done


def _made(report: JacobianReport, width: int) -> list[Text]:
    return _behind("made by  ", DIM, Text(report.why()), width)


def _in_its_place(report: JacobianReport, width: int, unicode: bool, *, full: bool) -> list[Text]:
    """The backward pass as products without a matrix, and what both would cost."""
    plural = "the matrices" if len(report.matrices) > 1 else "the matrix"
    lines = hanging(Text(""), Text(f"instead of {plural}, one backward pass:"), width)
    grid = Grid(["flow", "product", "numbers", "bytes", "multiplications"], unicode=unicode, width=width)
    steps = report.steps if full else report.steps[:MOST_STEPS]
    rows = [(f"{s.source} → {s.target}", s.text, s.kept, s.products) for s in steps]
    many = len(report.steps) > 1
    total = ("all flows", "one backward pass", report.kept, report.products_made)
    names = [f"∂{report.label}/∂{matrix.name}" for matrix in report.matrices]
    named = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    dense = ("dense", f"upstream @ {named}", report.entries, report.entries)
    counted = [*rows, *([total] if many else []), dense]
    numbers = [f"{row[2]:,}" for row in counted]
    taken = [f"{row[2] * BYTES:,}" for row in counted]
    times = ["" if row[3] is None else f"{row[3]:,}" for row in counted]
    headed = ((numbers, "numbers"), (taken, "bytes"), (times, "multiplications"))
    columns = [_right(column, heading) for column, heading in headed]
    room = width - sum(len(column[0]) + GAP for column in columns) - max(len(row[0]) for row in counted) - GAP
    room = room if room >= NARROWEST else width - 4  # they stand below each other then
    for place, row in enumerate(counted):
        if place == len(rows):
            if len(report.steps) > len(steps):
                grid.span(Text(f"… {len(report.steps) - len(steps):,} more flows (--full shows all)", style=DIM))
            grid.rule()
        text = "\n".join(folded(safe(row[1]), room, 2))
        styles = (LABEL, LOCAL) if place < len(rows) else (DIM, "")
        cells = [Text(cell, style=style) for cell, style in zip((row[0], text), styles, strict=True)]
        grid.add(*cells, *(Text(column[place]) for column in columns))
    lines += grid.lines()
    return [*lines, *_behind("saved    ", DIM, Text(report.saved()), width)]


def _right(column: Sequence[str], heading: str) -> list[str]:
    size = max(len(heading), *map(len, column))
    return [text.rjust(size) for text in column]


def _answer(report: JacobianReport, width: int, digits: int, *, full: bool) -> list[Text]:
    """The value, and with an upstream gradient the product by every name: they stand next to the prompt."""
    from gradcli.render.plain import array, number

    def said(value: object) -> str:
        if type(value) is float:
            return number(value, digits)
        size = value.size  # type: ignore[attr-defined]
        return array(value, digits) if full or size <= MOST_NUMBERS else _short(value, digits)

    label = report.label
    rows = [(label, said(report.value), RESULT)]
    if report.products is not None:
        rows.append(("upstream", said(report.upstream), GRADIENT))
        rows += [(f"upstream·∂{label}/∂{name}", said(value), FINAL) for name, value in report.products.items()]
    wide = max(len(name) for name, _, _ in rows)
    lines = []
    for name, text, style in rows:
        lines += _behind(f"{safe(name).ljust(wide)} = ", style, Text(text, style=style), width)
    return lines


def _short(value: object, digits: int) -> str:
    """A large array by its shape and range."""
    from gradcli.render.plain import number

    low, high = float(value.min()), float(value.max())  # type: ignore[attr-defined]
    return f"{shape_shown(value.shape)}, min {number(low, digits)}, max {number(high, digits)}"  # type: ignore[attr-defined]
