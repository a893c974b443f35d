"""Forward and reverse mode side by side: the trace, the costs, the chain of Jacobians, the verdict."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.comparison import heading, spelled_in_ascii
from gradcli.render.explanation import folded_rows, note_lines
from gradcli.render.style import (
    DIM,
    GAP,
    GRADIENT,
    LABEL,
    LOCAL,
    VALUE,
    Grid,
    aligned,
    hanging,
    in_ascii,
    middle_cut,
    number_style,
    safe,
)
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradcli.report.modes import Cost, ModeComparison, Step, Trace

NARROW = 72
MOST_COLUMNS = 6  # of tangents, and of adjoints
MOST_LAYERS = 7  # that are named, and factors whose shapes are listed
MOST_INPUTS = 5  # that are named
MOST_ORDER = 16  # factors whose parentheses are printed
MOST_OPERANDS = 4  # of a line of arrays
WITHOUT_PATH = "·"


def draw(found: ModeComparison, *, width: int = 80, unicode: bool = True, digits: int = 6) -> list[Text]:
    """The comparison for a terminal of WIDTH cells; without UNICODE in ASCII; numbers to DIGITS significant digits."""
    name = "" if found.decomposition == "auto" else f"   {found.decomposition}"
    parts = [*heading(f"{found.title}{name}", found.at, width)]
    if found.trace is not None:
        parts += _trace(found, found.trace, digits, width=width, unicode=unicode)
    else:
        parts += _shapes(found, width=width, unicode=unicode)
    parts += [Text(""), *_costs(found, width=width, unicode=unicode)]
    parts += [Text(""), *chain_lines(found, width)]
    parts += [Text(""), *hanging(Text("verdict  ", style=LABEL), Text(safe(found.verdict)), width)]
    notes = [note.message for note in found.notes if note.kind != "example"]
    if notes:
        parts += [Text(""), *note_lines(notes, width, unicode)]
    return parts if unicode else spelled_in_ascii(parts, width)


# The trace


def _trace(found: ModeComparison, trace: Trace, digits: int, *, width: int, unicode: bool) -> list[Text]:
    order = sorted(trace.rows(), key=lambda index: not trace.is_input(index))
    rows = [*order] if found.full else folded_rows(order, lambda index: False, kind=trace.kind)
    columns = _Columns(found, trace, [row for row in rows if isinstance(row, int)], digits, width, unicode=unicode)
    grid = Grid(columns.headings, width=width, unicode=unicode)
    inputs = False
    place = 0
    for row in rows:
        if isinstance(row, str):
            grid.span(Text(row, style=DIM))
            continue
        if inputs and not trace.is_input(row):
            grid.rule()
        inputs = trace.is_input(row)
        grid.add(columns.line(row), *columns.numbers(place))
        place += 1
    for text in columns.left_out():
        grid.span(Text(text, style=DIM))
    lines = grid.lines()
    told = []
    if columns.has_blanks:
        told.append(f"{WITHOUT_PATH} is a 0 by structure: no path leads there, and nothing is computed")
    if found.inputs and not all(trace.asked[row] for row in rows if isinstance(row, int)):
        told.append("an adjoint is blank where no input is above: it was not computed")
    if found.inputs:
        row = f"row {safe(found.outputs[0])}" if len(found.outputs) == 1 else "the rows of the outputs"
        told.append(f"the derivatives stand in {row} (forward) and in the rows of the inputs (reverse)")
    for text in told:
        lines += hanging(Text(""), Text(text, style=DIM), width)
    return lines


class _Columns:
    """The columns that fit: the line, its primal, tangents and adjoints in turn, at least one of each."""

    def __init__(
        self, found: ModeComparison, trace: Trace, rows: Sequence[int], digits: int, width: int, *, unicode: bool
    ) -> None:
        self.trace = trace
        self.unicode = unicode
        spell = str if unicode else in_ascii
        names = [len(trace.names[row]) for row in rows if not trace.is_input(row)]
        self.name_width = min(max(names, default=0), 12)
        operations = [spell(safe(self._operation(row))) for row in rows]
        natural = [
            len(safe(trace.names[row]).ljust(self.name_width if text else 0)) + len(text)
            for row, text in zip(rows, operations, strict=True)
        ]
        values = aligned([shown(trace.values[row], digits) for row in rows])
        tangents = [
            (f"tangent {safe(name)} ↓", self._texts(numbers, rows, digits, forward=True))
            for name, numbers in [*trace.tangents.items()][:MOST_COLUMNS]
        ]
        one = len(found.outputs) == 1
        adjoints = [
            ("adjoint ↑" if one else f"adjoint {safe(name)} ↑", self._texts(numbers, rows, digits, forward=False))
            for name, numbers in [*trace.adjoints.items()][:MOST_COLUMNS]
        ]
        arrows = width >= NARROW
        longest = max(natural, default=4)
        self.line_width = min(longest, max(width // 3, 16))
        room = width - self.line_width - _wide("primal ↓" if arrows else "primal", values, spell)
        ahead, back = 0, 0
        while True:  # in turn, tangents first
            grew = False
            if ahead < len(tangents):
                need = _wide(tangents[ahead][0], tangents[ahead][1], spell)
                if ahead == 0 or need <= room:
                    ahead, room, grew = ahead + 1, room - need, True
            if back < len(adjoints):
                need = _wide(adjoints[back][0], adjoints[back][1], spell)
                if back == 0 or need <= room:
                    back, room, grew = back + 1, room - need, True
            if not grew:
                break
        self.line_width = min(longest, self.line_width + max(room, 0))
        chosen = [("primal ↓", values), *tangents[:ahead], *adjoints[:back]]
        self.headings = ["line", *(heading if arrows else heading.rstrip(" ↓↑") for heading, _ in chosen)]
        self.texts = [texts for _, texts in chosen]
        self.styles = [VALUE, *[LOCAL] * ahead, *[GRADIENT] * back]
        self.missing = found.inputs[ahead:], found.outputs[back:]
        self.has_blanks = any(WITHOUT_PATH in text for texts in self.texts for text in texts)

    def _operation(self, row: int) -> str:
        operation = self.trace.operation(row)
        return "" if operation == self.trace.names[row] else f" = {operation}"

    def _texts(
        self, numbers: Sequence[float | None], rows: Sequence[int], digits: int, *, forward: bool
    ) -> list[str]:
        found = []
        for row in rows:
            number = numbers[row]
            structural = WITHOUT_PATH if forward or self.trace.asked[row] else ""
            found.append(structural if number is None else shown(number, digits))
        return aligned(found)

    def line(self, row: int) -> Text:
        """The name of a line and what it does."""
        operation = self._operation(row)
        name = safe(self.trace.names[row])
        name = name.ljust(self.name_width) if operation else name
        operation = operation if self.unicode else in_ascii(operation)
        room = max(self.line_width - len(name), 4)
        return Text.assemble((name, LABEL), middle_cut(safe(operation), room, unicode=self.unicode))

    def numbers(self, place: int) -> list[Text]:
        """The numbers of a row."""
        return [
            Text(column[place], style=DIM if column[place].strip() == WITHOUT_PATH else
                 number_style(column[place], style))
            for column, style in zip(self.texts, self.styles, strict=True)
        ]  # fmt: skip

    def left_out(self) -> Iterable[str]:
        """What is said of the passes that have no column."""
        for what, names in zip(("tangents by", "adjoints from"), self.missing, strict=True):
            if len(names) == 1:
                yield f"… {what} {names[0]} not shown; the counts below are those of all passes"
            elif names:
                kind = "inputs" if what == "tangents by" else "outputs"
                yield f"… {what} {len(names):,} more {kind} not shown; the counts below are those of all passes"


def _wide(heading: str, texts: Sequence[str], spell: object) -> int:
    return max([len(spell(heading)), *map(len, texts)]) + GAP  # type: ignore[operator]


# Larger arrays


def _shapes(found: ModeComparison, *, width: int, unicode: bool) -> list[Text]:
    whole = ["line", "shape", "Jacobian", "entries", "multiplications"]
    less = ["line", "shape", "Jacobian", "multiplications"]
    for headings, room in ((whole, width), (whole, width // 3), (less, width // 3)):
        lines = _shape_table(found, headings, width, room, unicode=unicode)
        if lines[0].plain.startswith("line "):
            break
    return lines


def _shape_table(
    found: ModeComparison, headings: Sequence[str], width: int, room: int, *, unicode: bool
) -> list[Text]:
    """The lines, in ROOM cells, with their shapes; where the entries of Jacobians have no room, rows and columns say
    them."""
    grid = Grid(headings, unicode=unicode, width=width)
    inputs = False
    steps = sorted(found.steps, key=lambda step: step.primitive != "inputs")
    rows = [*steps] if found.full else folded_rows(steps, lambda step: False, kind=lambda step: step.primitive)
    for row in rows:
        if isinstance(row, str):
            grid.span(Text(row, style=DIM))
            continue
        if inputs and row.primitive != "inputs":
            grid.rule()
        inputs = row.primitive == "inputs"
        cells = _step_cells(row, room, unicode=unicode, full=found.full)
        grid.add(*(cells if "entries" in headings else [*cells[:3], cells[4]]))
    return grid.lines()


def _step_cells(step: Step, room: int, *, unicode: bool, full: bool) -> list[Text]:
    operation = "" if step.operation == step.label else f" = {step.operation}"
    line = middle_cut(safe(operation), max(room - len(step.label), 4), unicode=unicode)
    shape = f"[{','.join(map(str, step.shape))}]"
    each = [*step.jacobians.items()][: len(step.jacobians) if full else MOST_OPERANDS]
    jacobians = [f"by {safe(name)}: {rows:,}×{columns:,}" for name, (rows, columns) in each]
    entries = [f"{rows * columns:,}" for _, (rows, columns) in each]
    if len(each) < len(step.jacobians):
        jacobians.append(f"… {len(step.jacobians) - len(each):,} more")
    products = [f"{step.products:,}"] if step.jacobians else []
    wide = max(map(len, entries), default=0)
    return [
        Text.assemble((safe(step.label), LABEL), line),
        Text(shape),
        Text("\n".join(jacobians), style=LOCAL),
        Text("\n".join(text.rjust(wide) for text in entries)),
        Text("\n".join(products)),
    ]


# What it costs


def _costs(found: ModeComparison, *, width: int, unicode: bool) -> list[Text]:
    grid = Grid(["", "forward", "reverse"], unicode=unicode, width=width)
    forward, reverse = found.forward, found.reverse
    passes = [_sum([1, 1] if cost.passes == 2 else [], cost.passes) for cost in (forward, reverse)]
    each = (", one an input", ", one an output") if found.inputs else ("", "")
    grid.add(_head("passes"), Text(f"{passes[0]}{each[0]}"), Text(f"{passes[1]}{each[1]}"))
    grid.add(_head("multiplications"), *(Text(counted(cost, "multiplications")) for cost in (forward, reverse)))
    if forward.additions is not None:
        grid.add(_head("additions"), *(Text(counted(cost, "additions")) for cost in (forward, reverse)))
    grid.add(_head("kept at a time"), Text(memory_kept(forward)), Text(memory_kept(reverse)))
    lines = grid.lines()
    for text in counting(found):
        lines += hanging(Text(""), Text(text, style=DIM), width)
    return lines


def _head(text: str) -> Text:
    return Text(text, style=LABEL)


def _sum(parts: Sequence[int], total: int) -> str:
    """`8 + 9 = 17`; of many equal parts `4 × 2 = 8`."""
    if len(parts) < 2 or total == 0:
        return f"{total:,}"
    if len(parts) > 2 and len(set(parts)) == 1:
        return f"{len(parts)} × {parts[0]:,} = {total:,}"
    return f"{' + '.join(f'{part:,}' for part in parts)} = {total:,}"


def counted(cost: Cost, what: str) -> str:
    return _sum([getattr(count, what) for count in cost.each], getattr(cost, what))


def memory_kept(cost: Cost) -> str:
    primals, swept = cost.memory.primals, cost.memory.swept
    most = "" if cost.memory.exact else "at most "
    if cost.mode == "forward":
        return f"{most}{_many(primals, 'primal')}, {_many(swept, 'tangent')}"
    return f"{'all ' if primals > 1 else ''}{_many(primals, 'primal')}, {most}{_many(swept, 'adjoint')}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def counting(found: ModeComparison) -> Iterable[str]:
    """How it was counted."""
    if found.trace is not None:
        yield (
            "counted: a multiplication a flow, an addition where flows meet; a pass skips what has no path. "
            "Both modes need the same local gradients."
        )
    else:
        yield (
            "counted: a multiplication a flow between two elements, [a,b]@[b,c] has a·b·c of them; every pass goes "
            "through whole arrays. No Jacobian is ever made."
        )
    kept = "kept, beside the inputs: a number until it is read for the last time; reverse reads on its way back"
    read = found.reverse.read
    if read is not None and found.reverse.memory.primals:
        yield f"{kept}, here {read:,} of the {_many(found.reverse.memory.primals, 'primal')}."
    else:
        yield f"{kept}."


# The chain


def chain_lines(found: ModeComparison, width: int) -> list[Text]:
    chain = found.chain
    prefix = Text("chain    ", style=LABEL)
    if chain is None:
        if not found.inputs:
            return hanging(prefix, Text("no input, no chain"), width)
        words = "one name to differentiate by depends on another, so no chain starts at them all; --wrt one of them"
        return hanging(prefix, Text(words), width)
    name = found.outputs[0] if len(found.outputs) == 1 else found.outputs[0].partition("[")[0]
    product = f"∂{safe(name)}/∂{_inputs(found.inputs)} = {_factors(chain.shapes)}"
    lines = hanging(prefix, Text(product), width)
    indent = Text(" " * len(prefix.plain))
    places = [*range(len(chain) + 1)]
    more = [] if len(places) <= MOST_LAYERS + 1 else [f"… {len(places) - 7:,} more …"]
    head, tail = (places[:4], places[-3:]) if more else (places, [])
    layers = [safe(text) for text in (*found.layers(head), *more, *found.layers(tail))]
    lines += hanging(indent, Text(" → ".join(layers), style=DIM), width)
    if chain.stride > 1:
        told = f"{chain.stride:,} steps of the graph are one factor, so that the best order can be found"
        lines += hanging(indent, Text(told, style=DIM), width)
    return [*lines, *_orders(found, indent, width)]


def _inputs(names: Sequence[str]) -> str:
    if len(names) > MOST_INPUTS:
        return f"({len(names):,} inputs)"
    return safe(names[0]) if len(names) == 1 else f"({', '.join(map(safe, names))})"


def _factors(shapes: Sequence[tuple[int, int]]) -> str:
    texts = [f"D{place} [{rows:,}×{columns:,}]" for place, (rows, columns) in enumerate(shapes, 1)]
    if len(texts) > MOST_LAYERS:
        texts = [*texts[:3], "…", *texts[-3:]]
    return " · ".join(texts)


def _orders(found: ModeComparison, indent: Text, width: int) -> list[Text]:
    chain, best = found.chain, found.best
    assert chain is not None
    if best is None:
        return hanging(indent, Text("one factor: nothing to multiply"), width)
    back, ahead = chain.from_outputs, chain.from_inputs
    first, last = chain.widths[0], chain.widths[-1]
    orders = [
        ("right to left, from the output (reverse)", [r * c * last for r, c in chain.shapes[-2::-1]], back),
        ("left to right, from the inputs (forward)", [first * r * c for r, c in chain.shapes[1:]], ahead),
    ]
    lines = hanging(indent, Text("multiplied as dense matrices, zeros and all:", style=DIM), width)
    for words, parts, total in orders:
        ending = ", the best order" if total == best.cost and back != ahead else ""
        text = f"{words}: {_sum(parts if len(parts) < MOST_LAYERS else [], total)} product{'s' * (total != 1)}{ending}"
        lines += hanging(indent, Text(text), width)
    if best.cost < min(back, ahead):
        order = f", {best.text()}" if len(chain) <= MOST_ORDER else f", in the middle first: {_split(best)}"
        lines += hanging(indent, Text(f"the best order: {best.cost:,} products{order}"), width)
    elif back == ahead:
        lines += hanging(indent, Text("no order takes fewer"), width)
    return lines


def _split(best: object) -> str:
    low, split, high = [*best.products()][-1]  # type: ignore[attr-defined]
    parts = [f"D{a + 1}" if a == b else f"(D{a + 1} … D{b + 1})" for a, b in ((low, split), (split + 1, high))]
    return " · ".join(parts)
