"""Answers to many programs as one table: a row a line, errors in their place."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import DIM, GRADIENT, LABEL, NOTE, VALUE, Grid, aligned, number_style, safe
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Answer = Mapping[str, Any]  # one object of the output, as JSON

MOST_COLUMNS = 8  # of gradients; for more names, each row says its own
MOST_NUMBERS = 8  # of an array that is written out
QUIET = ("recognised", "flow", "adjoint", "unused")  # notes that are no warning
SPECIAL = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def draw(
    rows: Sequence[tuple[int, Answer]], total: int, *, width: int = 80, unicode: bool = True, digits: int = 6
) -> list[Text]:
    """The table of ROWS, each with its number among TOTAL; a row stands for those that are left out between two."""
    answers = [answer for _, answer in rows]
    names = list(dict.fromkeys(name for answer in answers for name in answer.get("gradients", ())))
    wide = 0 < len(names) <= MOST_COLUMNS
    gradients = [f"∂/∂{safe(name)}" for name in names] if wide else ["gradients"] * bool(names)
    higher = [name for name in ("hessian", "derivatives") if any(name in answer for answer in answers)]
    grid = Grid([_what(answers), "value", *gradients, *higher], unicode=unicode, width=width)
    columns = [aligned([_number(answer.get("value", ""), digits) for answer in answers])]
    if wide:
        columns += [
            aligned([_number(answer.get("gradients", {}).get(name, ""), digits) for answer in answers]) for name in names
        ]
    labels = [_label(answer) for answer in answers]
    indent = max((len(label) for label in labels), default=0)
    before = 0
    for place, (number, answer) in enumerate(rows):
        if number > before + 1:
            grid.span(_left_out(number - before - 1))
        before = number
        label = labels[place].rjust(indent) if _is_number(answer) else labels[place]
        if "error" in answer:
            error = answer["error"]
            grid.span(Text.assemble((f"{labels[place].ljust(indent)}  {error['kind']}: {_said(error)}", NOTE)))
            continue
        cells = [Text(label, style=LABEL)]
        for column, texts in enumerate(columns):
            style = number_style(texts[place], GRADIENT if column else VALUE)
            cells.append(Text(texts[place], style=style))
        if names and not wide:
            cells.append(Text(_named(answer.get("gradients", {}), digits), style=GRADIENT))
        cells += [Text(_pairs(answer.get(name, {}), digits)) for name in higher]
        grid.add(*cells)
        for note in answer.get("notes", ()):
            if note["kind"] not in QUIET:
                grid.span(Text(f"{' ' * indent}  note: {safe(note['message'])}", style=DIM))
    if total > before:
        grid.span(_left_out(total - before))
    return grid.lines() if rows else []


def _what(answers: Sequence[Answer]) -> str:
    """The heading of the first column."""
    return "line" if all("id" not in answer for answer in answers) else "id"


def _is_number(answer: Answer) -> bool:
    return not isinstance(answer.get("id", 0), str) and "file" not in answer


def _label(answer: Answer) -> str:
    """How a row is told from others."""
    own = answer["id"] if "id" in answer else answer["line"]
    text = safe(str(own)) if "id" in answer else f"{own:,}"
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
    return "  ".join(f"{safe(name)} {_number(gradient, digits)}" for name, gradient in gradients.items())


def _pairs(found: Mapping[str, Any], digits: int) -> str:
    """The second derivatives by pairs of names, or the derivatives by each name."""
    pairs = {}
    for name, inner in found.items():
        if isinstance(inner, dict):
            pairs |= {f"{name},{other}": entry for other, entry in inner.items()}
        else:
            pairs[name] = inner
    return _named(pairs, digits) if len(pairs) <= MOST_NUMBERS else f"{len(pairs):,} pairs"
