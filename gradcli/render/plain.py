"""Answers as plain lines, without rich: numbers, gradients, notes, and the same in ASCII."""

from __future__ import annotations

from gradcli.text import shortest, significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from gradcli.graph import Graph

IN_ASCII = {
    "∂": "d", "×": "*", "→": "->", "↓": "(down)", "↑": "(up)", "Σ": "sum", "·": ".", "±": "+/-", "−": "-", "…": "...",
    "≤": "<=", "≥": ">=", "≠": "!=", "∞": "inf", "’": "'", "─": "-",
}  # fmt: skip


MOST_ELEMENTS = 1_000  # of an array that is printed whole


def number(value: Any, digits: int | None = None) -> str:
    """VALUE correctly rounded to DIGITS, or the shortest text that reads back as the same number.

    An array is written as the language writes it; a large one by its shape, range and mean.
    """
    if type(value) is not float:
        return array(value, digits)
    return shortest(value) if digits is None else significant(value, digits)


def array(value: Any, digits: int | None) -> str:
    """An array in one line."""
    if value.size > MOST_ELEMENTS:
        shape = ",".join(map(str, value.shape))
        middle = f"min {number(float(value.min()), 6)}, mean {number(float(value.mean()), 6)}"
        zeros = int((value == 0).sum())
        return f"[{shape}] {middle}, max {number(float(value.max()), 6)}, {zeros:,} zeros; --json has every number"
    texts = [number(element, digits) for element in value.ravel().tolist()]
    for length in reversed(value.shape):
        texts = [f"[{', '.join(texts[at : at + length])}]" for at in range(0, len(texts), length)]
    return texts[0]


def name_of_result(graph: Graph, result: int) -> str:
    """The label of the line RESULT, as `Labels` gives it, without what the labels of all lines need."""
    name = graph.names[result]
    return name or next((name for name in ("f", "out", "result") if name not in graph.names), "f_")


def gradient_lines(
    label: str, value: Any, gradients: Mapping[str, Any], *, digits: int | None, unicode: bool
) -> Iterator[str]:
    """The value and every gradient, a name a line; names, `=` and numbers stand in columns."""
    partial = f"∂{label}/∂" if unicode else f"d{label}/d"
    rows = [(label, number(value, digits))]
    rows += [(partial + name, number(gradient, digits)) for name, gradient in gradients.items()]
    widest = max(cells(name) for name, _ in rows)
    signed = any(text.startswith("-") for _, text in rows)
    for name, text in rows:
        gap = " " if signed and not text.startswith("-") else ""
        yield f"{name}{' ' * (widest - cells(name))} = {gap}{text}"


def cells(text: str) -> int:
    """How many cells of a terminal TEXT takes."""
    if text.replace("∂", "d").isascii():
        return len(text)
    from gradcli.errors import drawn

    return sum(drawn(letter)[1] for letter in text)


def hanging(start: str, text: str, width: int) -> str:
    """TEXT after START, broken at blanks to WIDTH, the next lines indented under the first word."""
    lines, indent = [start.rstrip()], " " * len(start)
    held = len(lines[0])
    for word in text.split(" "):
        size = cells(word)
        if held + 1 + size > width and held > len(indent):
            lines.append(indent + word)
            held = len(indent) + size
        else:
            lines[-1] += " " + word
            held += 1 + size
    return "\n".join(lines)


def in_ascii(text: str) -> str:
    """TEXT with our own signs spelled in ASCII; the user's letters are left to the stream."""
    if text.isascii():
        return text
    return "".join(IN_ASCII.get(letter, letter) for letter in text)


def escaped(text: str) -> str:
    """JSON with every letter beyond ASCII as its escape; such letters stand in strings only."""
    units = (letter.encode("utf-16-be", "surrogatepass") for letter in text if not letter.isascii())
    escapes = iter("".join(f"\\u{unit[at : at + 2].hex()}" for at in range(0, len(unit), 2)) for unit in units)
    return "".join(letter if letter.isascii() else next(escapes) for letter in text)
