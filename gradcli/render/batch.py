"""Answers to many programs as one table: a row a line, errors in their place."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import DIM, GAP, GRADIENT, LABEL, NOTE, VALUE, Grid, aligned, number_style, safe
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Answer = Mapping[str, Any]  # one object of the output, as JSON
    Column = tuple[str, list[Text]]  # a heading and its cells

MOST_COLUMNS = 8  # of gradients; for more names, each row says its own
MOST_NUMBERS = 8  # of an array that is written out
QUIET = ("recognised", "flow", "adjoint", "unused")  # notes that are no warning
SPECIAL = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def draw(
    rows: Sequence[tuple[int, Answer]], total: int, *, width: int = 80, unicode: bool = True, digits: int = 6
) -> list[Text]:
    """The table of ROWS, each with its number among TOTAL; a line stands for those that are left out between two."""
    answers = [answer for _, answer in rows]
    names = list(dict.fromkeys(name for answer in answers for name in answer.get("gradients", ())))
    columns = [_labels(answers), _column("value", [answer.get("value", "") for answer in answers], digits, VALUE)]
    gradients = [
        _column(f"∂/∂{safe(name)}", [answer.get("gradients", {}).get(name, "") for answer in answers], digits, GRADIENT)
        for name in names
    ]
    higher = [
        (name, [Text(_pairs(answer.get(name, {}), digits)) for answer in answers])
        for name in ("hessian", "derivatives")
        if any(name in answer for answer in answers)
    ]
    if len(names) > MOST_COLUMNS or _cells([*columns, *gradients, *higher]) > width:
        texts = [Text(_named(answer.get("gradients", {}), digits), style=GRADIENT) for answer in answers]
        gradients = [("gradients", texts)] * bool(names)
    columns += [*gradients, *higher]
    grid = Grid([heading for heading, _ in columns], unicode=unicode, width=width)
    indent = max((label.cell_len for label in columns[0][1]), default=0)
    before = 0
    for place, (number, answer) in enumerate(rows):
        if number > before + 1:
            grid.span(_left_out(number - before - 1))
        before = number
        label = columns[0][1][place]
        if "error" in answer:
            error = answer["error"]
            grid.span(Text(f"{label.plain.ljust(indent)}  {error['kind']}: {_said(error)}", style=NOTE))
            for hint in error.get("hint", "").splitlines():
                grid.span(Text(f"{' ' * indent}    {safe(hint)}", style=DIM))
            continue
        grid.add(*(cells[place] for _, cells in columns))
        for note in answer.get("notes", ()):
            if note["kind"] not in QUIET:
                grid.span(Text(f"    note: {safe(note['message'])}", style=DIM))
    if total > before:
        grid.span(_left_out(total - before))
    return grid.lines() if rows else []


def _labels(answers: Sequence[Answer]) -> Column:
    """The first column: numbers of lines, or ids."""
    heading = "line" if all("id" not in answer for answer in answers) else "id"
    labels = [_label(answer, heading) for answer in answers]
    if all(label.replace(",", "").isdigit() for label in labels):
        labels = [label.rjust(max(map(len, labels))) for label in labels]
    return heading, [Text(label, style=LABEL) for label in labels]


def _column(heading: str, values: Sequence[Any], digits: int, style: str) -> Column:
    texts = aligned([_number(value, digits) for value in values])
    return heading, [Text(text, style=number_style(text, style)) for text in texts]


def _cells(columns: Sequence[Column]) -> int:
    """How wide the columns are together."""
    widths = [max([len(heading), *(cell.cell_len for cell in cells)]) for heading, cells in columns]
    return sum(widths) + GAP * (len(widths) - 1)


def _label(answer: Answer, heading: str) -> str:
    """How a row is told from others."""
    if "id" in answer:
        text = safe(str(answer["id"]))
    else:
        text = f"{answer['line']:,}" if heading == "line" else f"line {answer['line']:,}"
    return f"{safe(answer['file'])}:{text}" if "file" in answer else text


def _left_out(count: int) -> Text:
    return Text(f"… {count:,} line{'s' * (count != 1)} not shown (--format csv has them all)", style=DIM)


def _said(error: Mapping[str, Any]) -> str:
    place = f", at column {error['column']}" if "column" in error else ""
    return f"{safe(error['message'])}{place}"


def _number(value: Any, digits: int) -> str:
    if isinstance(value, str):
        return SPECIAL.get(value, value)
    if isinstance(value, list):
        return _array(value, digits)
    return significant(float(value), digits)


def _array(value: list[Any], digits: int) -> str:
    """An array as the language writes it; a large one as its shape."""
    shape, numbers = [len(value)], value
    while isinstance(numbers[0], list):
        shape.append(len(numbers[0]))
        numbers = [element for row in numbers for element in row]
    if len(numbers) > MOST_NUMBERS:
        return f"[{','.join(map(str, shape))}], {len(numbers):,} numbers"
    texts = [significant(number, digits) if isinstance(number, float) else SPECIAL[number] for number in numbers]
    for length in reversed(shape):
        texts = [f"[{', '.join(texts[at : at + length])}]" for at in range(0, len(texts), length)]
    return texts[0]


def _named(gradients: Mapping[str, Any], digits: int) -> str:
    return ", ".join(f"{safe(name)} = {_number(gradient, digits)}" for name, gradient in gradients.items())


def _pairs(found: Mapping[str, Any], digits: int) -> str:
    """The second derivatives by pairs of names, or the derivatives by each name."""
    pairs: dict[str, Any] = {}
    for name, inner in found.items():
        if isinstance(inner, dict):
            pairs |= {f"{name} {other}": entry for other, entry in inner.items()}
        else:
            pairs[name] = inner
    return _named(pairs, digits) if len(pairs) <= MOST_NUMBERS else f"{len(pairs):,} pairs"
