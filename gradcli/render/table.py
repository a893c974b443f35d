"""The explanation as a table: values fill downwards, gradients upwards, a local gradient a row an operand."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import (
    DIM,
    GAP,
    GRADIENT,
    LOCAL,
    VALUE,
    Grid,
    aligned,
    folded,
    in_ascii,
    middle_cut,
    name_style,
    number_style,
)  # fmt: skip
from gradcli.report.precision import MOST_PARTS
from gradcli.text import shortest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.explanation import Edge, Explanation
    from gradcli.report.precision import Digits

NARROW = 72
ORDINALS = {1: "st", 2: "nd", 3: "rd"}


class Row:
    """One line of the table as texts: `locals` are the lines of its local gradients."""

    __slots__ = ("added", "dim", "gate", "gradients", "is_input", "line", "locals", "operation", "style", "value")

    def __init__(self, explanation: Explanation, index: int, digits: Digits, *, unicode: bool) -> None:
        spell = str if unicode else in_ascii
        self.is_input = explanation.is_input(index)
        self.dim = index in explanation.folded
        self.added = explanation.is_added(index)
        self.line = explanation.labels.names[index]
        self.style = name_style(explanation.graph, index)
        operation = explanation.labels.operation(index)
        self.operation = "" if operation == self.line else spell(f" = {operation}")
        self.value = digits.value(index)
        self.gradients = [digits.number(index, place) for place in range(len(explanation.passes))]
        self.gate = spell(explanation.gate_shown(index))
        texts = [*_sum_line(explanation, index, digits), *_local_lines(explanation, index, digits)]
        self.locals = [(spell(left), spell(right)) for left, right in texts]


def _sum_line(explanation: Explanation, index: int, digits: Digits) -> list[tuple[str, str]]:
    """`= 0.4 + 6` where several flows meet."""
    if explanation.tangents or explanation.backward.meeting(index) < 2:
        return []
    words = "" if explanation.is_input(index) else "copy adds "
    return [(f"{words}= {sum_text(explanation, index, digits)}", "")]


def sum_text(explanation: Explanation, index: int, digits: Digits, place: int = 0) -> str:
    """The downstream gradients that meet at a line, as a sum: `0.4 + 6`, at most MOST_PARTS of them."""
    sweep = explanation.passes[place]
    flows = sweep.arriving[index]
    few = flows if len(flows) <= MOST_PARTS else flows[:2]
    parts = [digits.part(sweep.owner(flow), flow[2], flow[5], place) for flow in few]
    parts += [f"… {len(flows) - 2:,} more"] if len(flows) > MOST_PARTS else []
    return " + ".join(f"({part})" if at and part.startswith("-") else part for at, part in enumerate(parts))


def _local_lines(explanation: Explanation, index: int, digits: Digits) -> list[tuple[str, str]]:
    """The local gradients as (`∂v1/∂w0 = x0`, ` = -1`), equal ones in one line."""
    merged: dict[tuple[str, str], list[str]] = {}
    labels = explanation.labels.names
    for edge in explanation.local_edges(index):
        formula, value = local_text(edge, digits)
        value += f" ({edge.cut_off})" if edge.cut_off else ""
        names = merged.setdefault((formula, value), [])
        names.append(f"∂{labels[edge.owner]}/∂{labels[edge.operand]}{_place(explanation, edge)}")
    lines = []
    for (formula, value), names in merged.items():
        if len(names) > 3:
            names = [*names[:2], f"… {len(names) - 2:,} more"]
        left = " = ".join(names)
        lines.append((f"{left} = {formula}", f" = {value}") if formula else (f"{left} = {value}", ""))
    return lines


def _place(explanation: Explanation, edge: Edge) -> str:
    """Which of them is meant where a line has the same operand in several places: the derivative by the first x."""
    operands = explanation.graph.operands[edge.owner]
    if operands.count(edge.operand) < 2:
        return ""
    number = operands[: edge.slot + 1].count(edge.operand)
    return f" ({number}{ORDINALS.get(number, 'th')})"


def local_text(edge: Edge, digits: Digits) -> tuple[str, str]:
    """The rule that ran as a formula (blank where it is the number itself, or a share), and its number."""
    value = digits.local(edge.owner, edge.slot, edge.local)
    bare = edge.formula is None or edge.formula in (value, shortest(edge.local))
    return "" if bare else edge.formula or "", value


def table(
    explanation: Explanation, rows: Sequence[int | str], digits: Digits, *, width: int, unicode: bool
) -> list[Text]:
    """The rows (line indices, and texts for what is left out) as one table of at most WIDTH cells, digits whole."""
    shown = [row if isinstance(row, str) else Row(explanation, row, digits, unicode=unicode) for row in rows]
    shape = _Shape([row for row in shown if isinstance(row, Row)], [*explanation.tangents], width, unicode=unicode)
    grid = Grid(shape.headings, width=width, unicode=unicode)
    place, inputs = 0, False
    for row in shown:
        if isinstance(row, str):
            grid.span(Text(row, style=DIM))
            continue
        if inputs and not row.is_input and shape.sorted:
            grid.rule()
        inputs = row.is_input
        cells = [
            _line_cell(row, shape),
            Text(shape.values[place], style=DIM if row.dim else number_style(row.value, VALUE)),
        ]
        cells += [Text(column[place], style=number_style(column[place], GRADIENT)) for column in shape.gradients]
        local = _local_lines_of(row, shape)
        cells += [Text("\n".join(local), style=LOCAL)] if shape.locals_beside else []
        cells += [Text(row.gate, style=DIM)] if shape.gate_shown else []
        grid.add(*cells)
        for line in local if not shape.locals_beside else ():
            grid.span(Text(f"  {line}", style=LOCAL))
        if row.added and not shape.gate_shown:
            grid.span(Text(f"  {row.gate}", style=DIM))
        place += 1
    for text in left_out(list(explanation.tangents)[len(shape.gradients) :], width, unicode=unicode):
        grid.span(Text(text, style=DIM))
    return grid.lines()


def left_out(names: Sequence[str], width: int, *, unicode: bool) -> list[str]:
    """What is said of the inputs whose tangents have no column."""
    if not names:
        return []
    more = f"… tangents of {len(names):,} more not shown (--wrt {','.join(names[:2])} shows those)"
    return folded(more if unicode else in_ascii(more), width, 2)


def _line_cell(row: Row, shape: _Shape) -> Text:
    indent = "  " if row.dim else ""
    name = row.line.ljust(shape.name_width) if row.operation else row.line
    room = max(shape.line_width - len(indent) - len(name), 4)
    operation = middle_cut(row.operation, room, unicode=shape.unicode)
    return Text.assemble(indent, (name, DIM if row.dim else row.style), (operation, DIM if row.dim else ""))


def _local_lines_of(row: Row, shape: _Shape) -> list[str]:
    """The local gradients broken to the width: first before ` = number`, under the `=` above, then at operators."""
    lines = []
    for left, right in row.locals:
        if len(left) + len(right) <= shape.local_width:
            lines.append(left + right)
            continue
        under = max(left.find(" = "), 0)
        lines += folded(left, shape.local_width, min(under + 3, shape.local_width // 2))
        lines += [" " * min(under, max(shape.local_width - len(right), 1)) + right] if right else []
    return lines


class _Shape:
    """The widths, and what gives way: long formulas break, then the gate column goes, then locals move below, and in
    forward mode the tangents by the last inputs."""

    def __init__(self, rows: Sequence[Row], tangents: Sequence[str], width: int, *, unicode: bool) -> None:
        self.unicode = unicode
        spell = str if unicode else in_ascii
        self.values = aligned([row.value for row in rows])
        places = range(len(rows[0].gradients)) if rows else range(0)
        self.gradients = [aligned([row.gradients[place] for row in rows]) for place in places]
        arrows = width >= NARROW
        names = [f"tangent {name} ↓" for name in tangents] or ["gradient ↑"]
        self.headings = [spell(name if arrows else name.rstrip(" ↓↑")) for name in ("line", "value ↓", *names)]
        self.sorted = [row.is_input for row in rows] == sorted([row.is_input for row in rows], reverse=True)
        self._fit_lines(rows, width)
        self._fit_locals(rows, width)

    def _fit_lines(self, rows: Sequence[Row], width: int) -> None:
        """The columns of lines and numbers; as many tangents as fit, and at least one."""
        names = [len(row.line) for row in rows if row.operation and not row.dim]
        self.name_width = min(max(names, default=0), 12)
        natural = [len(row.line.ljust(self.name_width)) + len(row.operation) + 2 * row.dim for row in rows]
        self.line_width = min(max(natural, default=4), max(width // 3, 16))
        wide = [
            max(len(name), *map(len, column)) + GAP if column else len(name) + GAP
            for name, column in zip(self.headings[1:], [self.values, *self.gradients], strict=False)
        ]
        kept = len(wide)
        while kept > 2 and self.line_width + sum(wide[:kept]) > width:
            kept -= 1
        self.gradients = self.gradients[: kept - 1]
        self.headings = self.headings[: kept + 1]
        self.numbers = sum(wide[:kept])

    def _fit_locals(self, rows: Sequence[Row], width: int) -> None:
        """Whether local gradients and gates have columns of their own."""
        whole, broken = 0, 14
        for left, right in (text for row in rows for text in row.locals):
            whole = max(whole, len(left) + len(right))
            broken = max(broken, len(left), left.find(" = ") + len(right))
        gate = max((len(row.gate) for row in rows), default=0) + GAP
        room = width - self.line_width - self.numbers - GAP
        self.locals_beside = room >= (broken if width >= NARROW else whole)
        self.gate_shown = room >= broken + gate if self.locals_beside else room + GAP >= gate
        self.local_width = min(whole, room - (gate if self.gate_shown else 0)) if self.locals_beside else width - 2
        self.headings += ["local gradient"] if self.locals_beside else []
        self.headings += ["gate"] if self.gate_shown else []
