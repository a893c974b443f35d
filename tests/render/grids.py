"""The printed text of a view as rows and cells, whether the cells stand beside or below each other."""

import re
from dataclasses import dataclass, field

NAME = r"[^\W\d]\w*"
HEADINGS = "line|node|flow|value|gradient|upstream|downstream|push|local gradient|local|gate|tangent(?: " + NAME + ")?"
TREE_ROW = re.compile(rf"(?:[│├└─|`\- ]*[├└`|](?:─ |- )?)?{NAME}( = |  |$)")
STACKED = re.compile(rf"  ({HEADINGS})(?:  (.*))?$")
STACKED_ROW = re.compile(rf"(?:.*[├└`|]|){NAME}(?: += .*| (?:→|->) .*)?$")


@dataclass
class Row:
    """One row of a view: its first cell, the others by heading (lines of a cell apart), and lines that span."""

    first: str
    cells: dict[str, list[str]] = field(default_factory=dict)
    spans: list[str] = field(default_factory=list)


def rows_of(lines: list[str], first: str) -> list[Row]:
    """The rows of a grid, or of cells below each other."""
    at = next((k for k, line in enumerate(lines) if re.fullmatch("[─-]+", line)), None)
    if at is None:
        return stacked(lines)
    heads = [
        (found.start(), re.sub(r" ?(↓|↑|\(down\)|\(up\))", "", found[0]).lstrip("×=* "))
        for found in re.finditer(r"\S+(?: \S+)*", lines[at - 1])
    ]
    assert heads[0][1] == first
    names = [name for _, name in heads]
    starts = [start - 2 * (name == "gradient" and "local" in names) for start, name in heads]
    rows: list[Row] = []
    for line in lines[at + 1 :]:
        if (
            re.fullmatch("[╌-]+", line)
            or line.startswith(("… ", "... "))
            or re.match(r"  .*(shows|all\)|those\))", line)
        ):
            continue
        ends = [*starts[1:], len(line) + 1]
        cells = [line[start:end].rstrip() for start, end in zip(starts, ends, strict=True)]
        below = first == "line" and "local gradient" not in names and (spans(line) or line[:3] == "   ")
        below = below or (first == "line" and is_flow(line))
        remark = first == "node" and not TREE_ROW.match(line)
        if rows and (remark or below):
            rows[-1].spans.append(re.sub("^[│| ]*", "", line) if first == "node" else line)
        elif rows and not cells[0].strip():
            for name, cell in zip(names[1:], cells[1:], strict=True):
                if cell.strip():
                    rows[-1].cells.setdefault(name, []).append(cell)
        else:
            rows.append(
                Row(cells[0], {n: [cell] for n, cell in zip(names[1:], cells[1:], strict=True) if cell.strip()})
            )
    return rows


def spans(line: str) -> bool:
    """Whether a line goes across the columns of a table."""
    return bool(re.match(rf" +(?:[∂d]{NAME}/[∂d]|= |copy adds = |copy: see)", line)) or is_flow(line)


def is_flow(line: str) -> bool:
    """Whether a line says which flow the added line above belongs to."""
    return bool(re.match(rf"  (?:(?:\w+ )?{NAME} (?:→|->) {NAME}|{NAME}: copy adds)$", line))


def stacked(lines: list[str]) -> list[Row]:
    """Rows whose cells stand below each other, each behind its heading."""
    rows: list[Row] = []
    heading = ""
    start = next((k for k, line in enumerate(lines) if STACKED.match(line)), 1) - 1
    for line in lines[start:]:
        if found := STACKED.match(line):
            heading = found[1]
            rows[-1].cells[heading] = [found[2]] if found[2] else []
        elif STACKED_ROW.match(line):
            rows.append(Row(line))
            heading = ""
        elif heading and line.startswith("    ") and not spans(line) and not re.search("copy|closed,|goes on", line):
            rows[-1].cells[heading].append(line[4:])
        elif not line.startswith(("…", "...")):
            rows[-1].spans.append(re.sub("^[│|]*", "", line))
            heading = ""
    return rows


def joined(lines: list[str]) -> list[str]:
    """Statements, with the lines that go on under them."""
    least = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    statements: list[str] = []
    for line in lines:
        if statements and line[least : least + 1] == " ":
            statements[-1] += " " + line.strip()
        elif line.strip():
            statements.append(line.strip())
    return statements


def middle_of(row: Row) -> tuple[str, str]:
    """The column of locals as one text, and the downstream number, which may stand under it."""
    lines = [line.strip() for line in row.cells.get("local", []) if line.strip()]
    below = row.cells.get("downstream", row.cells.get("push"))
    if below is None:
        below = [lines.pop()]
    return " ".join(lines), " ".join(below).strip().removeprefix("=").strip()
