"""Forward and reverse mode side by side as a document: the trace, the costs, the chain of Jacobians."""

from __future__ import annotations

from gradcli.render.documents.blocks import Heading, Items, Paragraph, Table
from gradcli.render.documents.comparisons import number_piece
from gradcli.render.documents.stated import Stated
from gradcli.render.explanation import folded_rows
from gradcli.render.modes import MOST_OPERANDS, WITHOUT_PATH, chain_lines, counted, counting, memory_kept
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.render.documents.blocks import Block, Piece
    from gradcli.report.modes import ModeComparison, Step, Trace

ROOM = 76  # letters of a table's line
MOST_COLUMNS = 4  # of tangents, and of adjoints
LONG = 100_000  # no line is broken before


def of_modes(found: ModeComparison, *, digits: int) -> Iterator[Block]:
    """Each line with its primal, tangents and adjoints, then what both modes take."""
    lines = [] if found.trace is None else [name for name in found.trace.names if name]
    stated = Stated(found.title, found.at, [name for name in lines if name.isidentifier()])
    yield from stated.head(*([] if found.decomposition == "auto" else [f"Decomposition {found.decomposition}."]))
    if found.trace is not None:
        yield from _trace(found, found.trace, stated, digits)
    else:
        yield _shapes(found, stated)
    yield Heading("What each takes")
    yield _costs(found)
    yield from [Paragraph(_sentence(text)) for text in counting(found)]
    yield Heading("Chain of Jacobians")
    chain = [line.plain.strip().removeprefix("chain").strip() for line in chain_lines(found, LONG)]
    yield Items([[text] for text in chain])
    yield from stated.foot(found.verdict, found.notes, "example")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _trace(found: ModeComparison, trace: Trace, stated: Stated, digits: int) -> Iterator[Block]:
    order = sorted(trace.rows(), key=lambda index: not trace.is_input(index))
    rows = [*order] if found.full else folded_rows(order, lambda index: False, kind=trace.kind)
    lines = [row for row in rows if isinstance(row, int)]
    texts = {row: _line(trace, row) for row in lines}
    one = len(found.outputs) == 1
    tangents = [(f"tangent {name} ↓", _numbers(trace, numbers, lines, digits, forward=True))
                for name, numbers in trace.tangents.items()]  # fmt: skip
    adjoints = [("adjoint ↑" if one else f"adjoint {name} ↑", _numbers(trace, numbers, lines, digits, forward=False))
                for name, numbers in trace.adjoints.items()]  # fmt: skip
    room = ROOM - max(map(len, texts.values()), default=0) - 12
    ahead, back = _fitting([_wide(one) for one in tangents], [_wide(one) for one in adjoints], room)
    primal = ("primal ↓", {row: shown(trace.values[row], digits) for row in lines})
    columns = [primal, *tangents[:ahead], *adjoints[:back]]
    cells: list[list[list[Piece]]] = []
    for row in rows:
        if isinstance(row, str):
            blank: list[list[Piece]] = [[""] for _ in columns]
            cells.append([[row], *blank])
        else:
            numbers: list[list[Piece]] = [[_number(column[row])] for _, column in columns]
            cells.append([[stated.piece(texts[row])], *numbers])
    headings: list[list[Piece]] = [["line"]]
    headings += [[name] for name, _ in columns]
    yield Table(headings, "l" + "r" * len(columns), cells)
    yield from [Paragraph(text) for text in _told(found, trace, lines, columns, ahead, back)]


def _line(trace: Trace, row: int) -> str:
    operation = trace.operation(row)
    return trace.names[row] if operation == trace.names[row] else f"{trace.names[row]} = {operation}"


def _numbers(
    trace: Trace, numbers: Sequence[float | None], rows: Sequence[int], digits: int, *, forward: bool
) -> dict[int, str]:
    found = {}
    for row in rows:
        number = numbers[row]
        structural = WITHOUT_PATH if forward or trace.asked[row] else ""
        found[row] = structural if number is None else shown(number, digits)
    return found


def _number(text: str) -> Piece:
    return number_piece(text) if text not in ("", WITHOUT_PATH) else text


def _wide(column: tuple[str, dict[int, str]]) -> int:
    return max(len(column[0]), *map(len, column[1].values()), 0) + 2


def _fitting(ahead: Sequence[int], back: Sequence[int], room: int) -> tuple[int, int]:
    """How many tangents and adjoints fit, in turn; at least one of each."""
    kept = [0, 0]
    for place in range(MOST_COLUMNS):
        for side, widths in enumerate((ahead, back)):
            if place < len(widths) and kept[side] == place and (place == 0 or widths[place] <= room):
                kept[side] += 1
                room -= widths[place]
    return kept[0], kept[1]


def _told(
    found: ModeComparison, trace: Trace, rows: Sequence[int], columns: Sequence[tuple[str, dict[int, str]]],
    ahead: int, back: int,
) -> Iterator[str]:  # fmt: skip
    """What has to be said of the columns."""
    missing = ("Tangents by", "inputs", found.inputs[ahead:]), ("Adjoints from", "outputs", found.outputs[back:])
    for what, kind, left in missing:
        if left:
            more = left[0] if len(left) == 1 else f"{len(left):,} more {kind}"
            yield f"{what} {more} are not shown; the counts below are those of all passes."
    if any(WITHOUT_PATH in column.values() for _, column in columns):
        yield f"{WITHOUT_PATH} is a 0 by structure: no path leads there, and nothing is computed."
    if found.inputs and not all(trace.asked[row] for row in rows):
        yield "An adjoint is blank where no input is above: it was not computed."
    if found.inputs:
        row = f"row {found.outputs[0]}" if len(found.outputs) == 1 else "the rows of the outputs"
        yield f"The derivatives stand in {row} (forward) and in the rows of the inputs (reverse)."


def _shapes(found: ModeComparison, stated: Stated) -> Table:
    """The lines of larger arrays with their shapes."""
    steps = sorted(found.steps, key=lambda step: step.primitive != "inputs")
    rows = [*steps] if found.full else folded_rows(steps, lambda step: False, kind=lambda step: step.primitive)
    cells: list[list[list[Piece]]] = []
    for row in rows:
        cells += [[[row], [""], [""], [""], [""]]] if isinstance(row, str) else _step(row, stated, full=found.full)
    return Table([["line"], ["shape"], ["Jacobian"], ["entries"], ["multiplications"]], "lllrr", cells)


def _step(step: Step, stated: Stated, *, full: bool) -> Iterator[list[list[Piece]]]:
    """A row a Jacobian."""
    text = step.label if step.operation == step.label else f"{step.label} = {step.operation}"
    each = [*step.jacobians.items()][: len(step.jacobians) if full else MOST_OPERANDS]
    hidden = len(step.jacobians) - len(each)
    jacobians = [(f"by {name}: {rows:,}×{columns:,}", f"{rows * columns:,}") for name, (rows, columns) in each]
    jacobians += [(f"… {hidden:,} more", "")] if hidden else []
    shape = f"[{','.join(map(str, step.shape))}]"
    for place, (jacobian, entries) in enumerate(jacobians or [("", "")]):
        first: list[list[Piece]] = [[stated.piece(text)], [shape]] if place == 0 else [[""], [""]]
        products = f"{step.products:,}" if step.jacobians and place == 0 else ""
        yield [*first, [jacobian], [entries], [products]]


def _costs(found: ModeComparison) -> Table:
    forward, reverse = found.forward, found.reverse
    each = (", one an input", ", one an output") if found.inputs else ("", "")
    rows: list[tuple[str, str, str]] = [("passes", f"{forward.passes:,}{each[0]}", f"{reverse.passes:,}{each[1]}")]
    for what in ("multiplications", "additions"):
        if getattr(forward, what) is not None:
            rows.append((what, counted(forward, what), counted(reverse, what)))
    rows.append(("kept at a time", memory_kept(forward), memory_kept(reverse)))
    return Table([[""], ["forward"], ["reverse"]], "lpp", [[[cell] for cell in row] for row in rows])
