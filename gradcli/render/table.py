"""The explanation as a table: values fill downwards, gradients upwards, a local gradient a row an operand."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import DIM, GAP, GRADIENT, LABEL, LOCAL, VALUE, Grid, aligned, middle_cut, number_style

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.explanation import Edge, Explanation
    from gradcli.report.precision import Digits

NARROW = 72
MOST_PARTS = 4


class Row:
    """One line of the table as texts: `locals` are the lines of its local gradients."""

    __slots__ = ("dim", "gate", "gradients", "is_input", "line", "locals", "operation", "value")

    def __init__(self, explanation: Explanation, index: int, digits: Digits) -> None:
        self.is_input = explanation.is_input(index)
        self.dim = index in explanation.folded
        self.line = explanation.labels.names[index]
        variable = explanation.labels.operation(index) == self.line
        self.operation = "" if variable else f" = {explanation.labels.operation(index)}"
        self.value = digits.value(index)
        self.gradients = _gradients(explanation, index, digits)
        self.gate = explanation.gate(index)
        self.locals = [*_sum_line(explanation, index, digits), *_local_lines(explanation, index, digits)]


def _gradients(explanation: Explanation, index: int, digits: Digits) -> list[str]:
    if not explanation.tangents:
        return [digits.gradient(index)]
    from gradcli.text import significant

    found = []
    for sweep in explanation.tangents.values():
        tangent = sweep.numbers[index]
        found.append("" if tangent is None else significant(tangent, digits.base))
    return found


def _sum_line(explanation: Explanation, index: int, digits: Digits) -> list[tuple[str, str]]:
    """`= 0.4 + 6` where several flows meet."""
    flows = explanation.incoming.get(index, [])
    if len(flows) < 2 or explanation.tangents:
        return []
    return [
        (
            f"{'' if explanation.is_input(index) else 'copies add '}= {sum_text(explanation, index, digits)}",
            "",
        )
    ]


def sum_text(explanation: Explanation, index: int, digits: Digits) -> str:
    """The downstream gradients that meet at a line, as a sum: `0.4 + 6`, at most MOST_PARTS of them."""
    flows = explanation.incoming[index]
    parts = [digits.part(flow[0], flow[2], flow[5]) for flow in flows]
    if len(parts) > MOST_PARTS:
        parts = [*parts[:2], f"… {len(parts) - 2} more"]
    return " + ".join(f"({part})" if place and part.startswith("-") else part for place, part in enumerate(parts))


def _local_lines(explanation: Explanation, index: int, digits: Digits) -> list[tuple[str, str]]:
    """The local gradients as (`∂v1/∂w0 = x0`, ` = -1`), equal ones in one line."""
    merged: dict[tuple[str, str], list[str]] = {}
    for edge in explanation.edges(index):
        name = f"∂{explanation.labels.names[edge.source]}/∂{explanation.labels.names[edge.target]}"
        names = merged.setdefault(local_text(edge, digits), [])
        if name not in names:
            names.append(name)
    lines = []
    for (formula, value), names in merged.items():
        if len(names) > 3:
            names = [*names[:2], f"… {len(names) - 2} more"]
        left = " = ".join(names)
        lines.append((f"{left} = {formula}", f" = {value}") if formula else (f"{left} = {value}", ""))
    return lines


def local_text(edge: Edge, digits: Digits) -> tuple[str, str]:
    """The rule that ran as a formula (blank where it is the number itself, or a share), and its number."""
    value = digits.local(edge.source, edge.slot, edge.local)
    formula = "" if edge.formula is None or edge.formula == value else edge.formula
    return formula, value


def table(
    explanation: Explanation, rows: Sequence[int | str], digits: Digits, *, width: int, unicode: bool
) -> list[Text]:
    """The rows (line indices, and texts for what is left out) as one table of at most WIDTH cells, digits whole."""
    shown = [row if isinstance(row, str) else Row(explanation, row, digits) for row in rows]
    shape = _Shape([row for row in shown if isinstance(row, Row)], list(explanation.tangents), width)
    grid = Grid(shape.headings, unicode=unicode)
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
        local = _local_cell(row, shape)
        cells += [local] if shape.locals_beside else []
        cells += [Text(row.gate, style=DIM)] if shape.gate_shown else []
        grid.add(*cells)
        if not shape.locals_beside:
            for line in local.split("\n") if local.plain else ():
                grid.span(Text("  ").append_text(line))
        place += 1
    return grid.lines()


def _line_cell(row: Row, shape: _Shape) -> Text:
    indent = "  " if row.dim else ""
    name = row.line.ljust(shape.name_width) if row.operation else row.line
    operation = middle_cut(row.operation, max(shape.line_width - len(indent) - len(name), 4))
    return Text.assemble(indent, (name, DIM if row.dim else LABEL), (operation, DIM if row.dim else ""))


def _local_cell(row: Row, shape: _Shape) -> Text:
    lines = []
    for left, right in row.locals:
        if right and len(left) + len(right) > shape.local_width:
            lines += [left, " " * left.find(" = ") + right]
        else:
            lines.append(left + right)
    return Text("\n".join(lines), style=LOCAL)


class _Shape:
    """The widths, and what gives way: long formulas break, then the gate column goes, then locals move below."""

    def __init__(self, rows: Sequence[Row], tangents: Sequence[str], width: int) -> None:
        self.values = aligned([row.value for row in rows])
        columns = range(len(rows[0].gradients)) if rows else range(0)
        self.gradients = [aligned([row.gradients[column] for row in rows]) for column in columns]
        names = [f"tangent {name} ↓" for name in tangents] if tangents else ["gradient ↑"]
        operations = [row for row in rows if row.operation]
        self.sorted = [row.is_input for row in rows] == sorted([row.is_input for row in rows], reverse=True)
        self.name_width = max((len(row.line) for row in operations if not row.dim), default=0)
        self.name_width = min(self.name_width, 12)
        natural = max(
            (len(row.line.ljust(self.name_width)) + len(row.operation) + 2 * row.dim for row in rows), default=4
        )
        self.line_width = min(natural, max(width // 3, 16))
        numbers = sum(
            max(len(name), len(column[0]) if column else 0) + GAP
            for name, column in zip(["value ↓", *names], [self.values, *self.gradients], strict=False)
        )
        gate = max((len(row.gate) for row in rows), default=0) + GAP
        whole = max((len(left) + len(right) for row in rows for left, right in row.locals), default=0)
        broken = max(
            (max(len(left), left.find(" = ") + len(right)) for row in rows for left, right in row.locals), default=0
        )
        room = width - self.line_width - numbers - GAP
        self.locals_beside = width >= NARROW or whole + self.line_width + numbers + GAP <= width
        self.gate_shown = self.locals_beside and max(broken, 14) + gate <= room
        if self.locals_beside and room < max(broken, 14):
            self.locals_beside = self.gate_shown = False
        if not self.locals_beside:
            self.gate_shown = room + GAP >= gate
        self.local_width = min(whole, room - (gate if self.gate_shown else 0)) if self.locals_beside else width - 2
        arrows = width >= NARROW
        headings = ["value ↓", *names]
        self.headings = ["line", *(headings if arrows else [heading.rstrip(" ↓↑") for heading in headings])]
        if self.locals_beside:
            self.headings.append("local gradient")
        if self.gate_shown:
            self.headings.append("gate")
