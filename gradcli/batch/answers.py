"""An answer as the members of a JSON object, the braces left to others."""

from __future__ import annotations

from functools import lru_cache

from gradcli.insight.notes import Note
from gradcli.questions import UNUSED
from gradcli.text import json_number, json_string

try:
    from orjson import dumps
except ImportError:
    dumps = None

IS_FAST = dumps is not None  # `texts`, in comparison with `repr`

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["dumps", "notes_member", "scalar_members", "texts", "unused", "unused_note"]


def scalar_members(value: float, gradients: Mapping[str, float], notes: Sequence[Note]) -> str:
    """`"value":...,"gradients":{...}`, and the notes where there are some."""
    pairs = ",".join([f"{json_string(name)}:{json_number(number)}" for name, number in gradients.items()])
    return f'"value":{json_number(value)},"gradients":{{{pairs}}}{notes_member(notes)}'


def texts(numbers: list[float]) -> list[str]:
    """The shortest round-trip text of each of the NUMBERS, which are finite, as `repr` says it."""
    if dumps is not None:
        text = dumps(numbers).decode()
        if "e" not in text and "0.0000" not in text:  # there the two put exponents in another way
            found: list[str] = text[1:-1].split(",")
            return found
    return [*map(repr, numbers)]


def notes_member(notes: Sequence[Note]) -> str:
    """`,"notes":[...]`; empty where there are none."""
    if not notes:
        return ""
    rows = [
        f'{{"kind":"{note.kind}","line":{json_string(note.line)},"message":{json_string(note.message)}}}'
        for note in notes
    ]
    return f',"notes":[{",".join(rows)}]'


def unused_note(name: str) -> Note:
    """What is said of a value that no program asks for."""
    return Note("unused", name, f"{name}: {UNUSED}")


@lru_cache(1000)
def unused(names: tuple[str, ...]) -> tuple[str, str]:
    """The gradients and the notes of NAMES that do not occur, as they stand in an answer."""
    zeros = ",".join([f"{json_string(name)}:0.0" for name in names])
    return zeros, notes_member([unused_note(name) for name in names])
