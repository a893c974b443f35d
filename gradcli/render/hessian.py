"""A Hessian with names on both sides: the gradient above, the eigenvalues beside; or only which entries have a path."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.matrices import CORNER, NO_PATH, element_names, how_many_fit, in_rows, put_at, range_of, summary
from gradcli.render.plain import number
from gradcli.render.style import (
    DIM,
    GAP,
    GRADIENT,
    LABEL,
    NOTE,
    RESULT,
    folded,
    hanging,
    in_ascii_text,
    middle_cut,
    safe,
)
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.hessian import Block, HessianReport

MOST_ENTRIES = 400  # of a matrix that is drawn whole
MOST_BESIDE = 8  # eigenvalues that may stand beside the matrix
MOST_LISTED = 24  # eigenvalues that are listed at all
MOST_NUMBERS = 60  # of a gradient that is printed whole
MOST_SIGNS = 60  # rows of a pattern; a larger one is drawn to a scale
ENTRY, ZERO = "x", "0"
MOST_LABELS = 1000


def draw(
    report: HessianReport, *, width: int = 80, unicode: bool = True, digits: int = 6, full: bool = False,
    sparsity: bool = False,
) -> list[Text]:  # fmt: skip
    """The renderables for a terminal of WIDTH cells; without UNICODE they are ASCII; FULL draws every entry.

    With SPARSITY signs stand for the numbers.
    """
    parts = [_title(report, width)]
    if not report.size:
        parts.append(hanging(Text(""), Text("nothing to differentiate by: it has no variables", style=DIM), width))
    elif sparsity:
        parts += [_signs(report, width, full=full), _counted(report, width)]
    elif report.is_scalar:
        parts.append(_scalars(report, width, digits, full=full))
    else:
        parts.append(_gradients(report, width, digits, full=full))
        parts += [_block(block, width, digits, full=full) for block in report.blocks()]
        parts += _twins(report, width)
    if report.size and not sparsity:
        parts[-1] = [*parts[-1], *_legend(report, width)]
        eigenvalues = _eigenvalues(report, width, digits, parts[-1])
        parts.append([*eigenvalues, *_behind("verdict  ", LABEL, report.verdict(), width)])
    if report.size:
        parts.append(_behind("made by  ", DIM, report.why(), width))
    parts.append(_behind(f"{safe(report.label)} = ", RESULT, number(report.value, digits), width, RESULT))
    notes = [note.message for note in report.notes if note.kind != "flow"]
    parts += [[line for note in notes for line in _behind("note  ", NOTE, note, width)]] if notes else []
    lines = [line for part in parts for line in (*part, Text(""))][:-1]
    for line in lines:
        line.rstrip()
    return lines if unicode else [in_ascii_text(line) for line in lines]


def _behind(prefix: str, style: str, words: str, width: int, own: str = "") -> list[Text]:
    """WORDS behind a PREFIX that alone has the STYLE."""
    return hanging(Text.assemble((prefix, style)), Text(safe(words), style=own), width)


def _title(report: HessianReport, width: int) -> list[Text]:
    expression = safe(report.title())
    words = Text.assemble((expression, LABEL))
    words.append(f"   {report.question.options.decomposition}", style=DIM)
    prefix = "" if expression == report.label else f"{safe(report.label)} = "
    return hanging(Text.assemble((prefix, LABEL)), words, width)


# Of scalars


def _scalars(report: HessianReport, width: int, digits: int, *, full: bool) -> list[Text]:
    """A row a name under the row of the gradient, a column a name, the eigenvalues beside."""
    label, names = safe(report.label), [safe(name) for name in report.names]
    whole = full or report.size**2 <= MOST_ENTRIES
    size = report.size if whole else CORNER
    gradient = [shown(value, digits) for value in report.gradients.values()][:size]
    cells = [gradient] + [
        [shown(report.numbers[i][j], digits) if report.reaches[i][j] else NO_PATH for j in range(size)]
        for i in range(size)
    ]
    most = max(width // 2 - GAP, 8)  # a name and one column stand side by side
    rows = [middle_cut(text, most) for text in (label, *(f"∂{label}/∂{name}" for name in names[:size]))]
    headings = [middle_cut(f"by {name}", most) for name in names[:size]]
    kept = size if whole else how_many_fit(rows, headings, cells, width)
    lines = in_rows(rows, headings[:kept], [row[:kept] for row in cells], [], width)
    left = max(map(len, rows)) + GAP
    for line in lines:
        if line.plain.startswith(label + " "):
            line.stylize(GRADIENT, left)
    if not whole:
        return [*lines, *summary(report.block_of_all(), kept, width, digits)]
    beside = _beside(report, digits)
    at = max(line.cell_len for line in lines) + 2 * GAP
    if beside and len(lines) == len(rows) + 1 and at + max(map(len, beside)) <= width:
        for line, text in zip(lines[2:], beside, strict=False):
            put_at(line, at, text)
    return lines


def _beside(report: HessianReport, digits: int) -> list[Text]:
    """The eigenvalues, where they are few enough to stand beside the matrix."""
    found = report.eigenvalues()
    if found is None or not 1 < len(found) <= MOST_BESIDE or not report.is_scalar:
        return []
    return [Text("eigenvalues", style=DIM), Text(_listed(found, digits))]


def _eigenvalues(report: HessianReport, width: int, digits: int, drawn: Sequence[Text]) -> list[Text]:
    """The eigenvalues on a line of their own, where they do not stand beside the matrix that is DRAWN."""
    found = report.eigenvalues()
    if found is None or len(found) < 2 or any("eigenvalues" in line.plain for line in drawn):
        return []
    return _behind("eigenvalues  ", DIM, _listed(found, digits), width)


def _listed(numbers: Sequence[float], digits: int) -> str:
    texts = [shown(one, digits) for one in numbers]
    if len(texts) > MOST_LISTED:
        texts = [*texts[:5], f"… {len(texts) - 10:,} more …", *texts[-5:]]
    return ", ".join(texts).replace("…,", "…").replace(", …", " …")


def _legend(report: HessianReport, width: int) -> list[Text]:
    paths, zeros = report.counts()
    if paths == report.size**2:
        return []
    words = "no path: 0 whatever the values are" + ("; a 0 was computed" if zeros else "")
    return hanging(Text.assemble((f"{NO_PATH} ", DIM)), Text(words, style=DIM), width)


# Of arrays


def _gradients(report: HessianReport, width: int, digits: int, *, full: bool) -> list[Text]:
    """The gradient by every name, above the blocks."""
    label = report.label
    wide = max(len(name) for name in report.names)
    lines = []
    for name, value in report.gradients.items():
        few = full or type(value) is float or value.size <= MOST_NUMBERS
        text = number(value, digits) if few else range_of(value, digits)
        lines += _behind(f"∂{safe(label)}/∂{safe(name).ljust(wide)} = ", LABEL, text, width, GRADIENT)
    return lines


def _block(block: Block, width: int, digits: int, *, full: bool) -> list[Text]:
    """The heading, and the block or its corner."""
    matrix = block.matrix
    words = f"{matrix.rows:,}×{matrix.columns:,}, {block.words()}"
    lines = _behind(f"{safe(block.name)}   ", LABEL, words, width)
    if matrix.pattern == "zero":
        return lines
    whole = full or matrix.entries <= MOST_ENTRIES
    rows = range(matrix.rows if whole else min(matrix.rows, CORNER))
    columns = range(matrix.columns if whole else min(matrix.columns, CORNER))
    names = element_names(block.row, matrix.result, len(rows))
    headings = element_names(matrix.name, matrix.shape, len(columns))
    cells = [
        [shown(matrix.numbers[row][column], digits) if matrix.reaches[row][column] else NO_PATH for column in columns]
        for row in rows
    ]
    if whole:
        return [*lines, *in_rows(names, headings, cells, [], width)]
    kept = how_many_fit(names, headings, cells, width)
    return [
        *lines, *in_rows(names, headings[:kept], [row[:kept] for row in cells], [], width),
        *summary(matrix, kept, width, digits),
    ]  # fmt: skip


def _twins(report: HessianReport, width: int) -> list[list[Text]]:
    """What is said of the blocks below the diagonal, which are not drawn."""
    words = report.twins()
    return [[Text(line, style=DIM) for line in folded(safe(words), width, 2)]] if words else []


# The pattern


def _signs(report: HessianReport, width: int, *, full: bool) -> list[Text]:
    """A sign an entry, or a sign for a square of them where there are many; names before the rows."""
    names = [label for name, shape in report.shapes.items() for label in element_names(name, shape, MOST_LABELS)]
    wide = max(map(len, names)) + GAP
    size = report.size
    scale = 1
    while not full and (size / scale > MOST_SIGNS or wide + 2 * size / scale > width):
        scale += 1
    lines = []
    for low in range(0, size, scale):
        signs = [_sign(report, low, left, scale) for left in range(0, size, scale)]
        name = names[low] if low < len(names) else ""
        line = Text(name.ljust(wide) + " ".join(signs))
        line.stylize(LABEL, 0, len(name))
        lines.append(line)
    lines.append(Text(""))
    each = f"a sign stands for {scale}×{scale} entries: {ENTRY} one of them is not 0" if scale > 1 else f"{ENTRY} not 0"
    words = f"{each}   {ZERO} computed as 0   {NO_PATH} no path: 0 whatever the values are"
    lines += [Text(line, style=DIM) for line in folded(words, width, 2)]
    return lines


def _sign(report: HessianReport, top: int, left: int, scale: int) -> str:
    found = NO_PATH
    for row in range(top, min(top + scale, report.size)):
        numbers, reaches = report.numbers[row], report.reaches[row]
        for column in range(left, min(left + scale, report.size)):
            if reaches[column]:
                if numbers[column] != 0:
                    return ENTRY
                found = ZERO
    return found


def _counted(report: HessianReport, width: int) -> list[Text]:
    """How many entries are not 0, and how far from the diagonal they stand."""
    return [Text(line) for line in folded(report.counted(), width, 2)]
