"""Nested lists as arrays: their shape, or the place where they are ragged."""

from __future__ import annotations

from gradcli.errors import GradError, safe
from gradcli.graph.shapes import BYTES, MAX_MEMORY, MOST_AXES, shown, sized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.arrays import Value

NON_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
WORDS = {"None": "null", "True": "true", "False": "false"}
EXPECTED = 'write numbers, or "NaN", "Infinity", "-Infinity"'


def from_lists(nested: Any, name: str, place: str = "", *, most: int = MAX_MEMORY, strict: bool = True) -> Value:
    """The array that NESTED lists or tuples of numbers make, and a number as it is.

    NAME is whose value it is, PLACE where it stands (" in 'p.json'"), both for errors: GradError (shape) where it is
    ragged or empty, (value) where an element is no number, (limit) where it is over MOST bytes. Without STRICT
    everything counts as a number that `float` takes.
    """
    level: list[Any] = [nested]
    shape: Shape = ()
    while isinstance(level[0], (list, tuple)):
        length = len(level[0])
        for at, entry in enumerate(level):
            if not isinstance(entry, (list, tuple)) or len(entry) != length:
                raise _ragged(name, place, shape, level[0], entry, at)
        if not length:
            raise GradError("shape", f"the value of {name!r}{place} is an empty array", hint="write at least a number")
        shape = (*shape, length)
        if len(shape) > MOST_AXES:
            raise GradError("limit", f"the value of {name!r}{place} has more than {MOST_AXES} axes")
        if len(level) * length * BYTES > most:
            raise too_much(name, shape, most, place)
        level = [element for entry in level for element in entry]
    if set(map(type, level)) != {float}:
        level = [_number(element, name, place, shape, at, level[0], strict) for at, element in enumerate(level)]
    if not shape:
        return float(level[0])
    from gradcli.graph.arrays import from_numbers

    return from_numbers(level, shape)


def too_much(name: str, shape: Sequence[int], most: int, place: str = "") -> GradError:
    """An array that is larger than the bound."""
    wanted = BYTES
    for length in shape:
        wanted *= length
    message = f"the value of {name!r}{place} has shape {shown(shape)} and takes {sized(wanted)}, the most is"
    return GradError("limit", f"{message} {sized(most)}", hint=larger(wanted))


def larger(wanted: int) -> str:
    """The option that allows so many bytes."""
    for unit, size in (("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)):
        if wanted <= 1000 * size:
            return f"--max-memory {-(-wanted // size)}{unit} allows it"
    return "use a smaller array"


def _number(element: Any, name: str, place: str, shape: Shape, at: int, first: Any, strict: bool) -> float:
    if type(element) is float:
        return element
    if isinstance(element, str) and element in NON_FINITE:
        return NON_FINITE[element]
    if isinstance(element, (list, tuple)):
        raise _ragged(name, place, shape, first, element, at)
    whose = f"{name}{index_text(at, shape)}" if shape else f"the value of {name!r}"
    if isinstance(element, (str, bytes)) or element is None or (strict and not isinstance(element, (int, float))):
        raise _none(element, whose, place, strict)
    if strict and isinstance(element, bool):
        raise _none(element, whose, place, strict)
    try:
        return float(element)
    except OverflowError:
        return float("inf") if element > 0 else float("-inf")
    except (TypeError, ValueError):
        raise _none(element, whose, place, strict) from None


def _none(element: object, whose: str, place: str, strict: bool) -> GradError:
    if isinstance(element, (str, bytes)) or element is None or isinstance(element, bool):
        text = WORDS.get(repr(element), safe(repr(element))) if strict else safe(repr(element))
    else:
        text = kind_of(element)
    return GradError("value", f"{whose}{place} has to be a number, and {text} is none", hint=EXPECTED)


def kind_of(value: object) -> str:
    """What something is that is no number."""
    if isinstance(value, dict):
        return "an object"
    return f"a value of type {type(value).__name__}"


def _ragged(name: str, place: str, shape: Shape, first: Any, other: Any, at: int) -> GradError:
    said = f"{name}{index_text(0, shape)} {_size(first)}, {name}{index_text(at, shape)} {_size(other)}"
    return GradError("shape", f"the value of {name!r}{place} is ragged: {said}",
                     hint="all entries of an array have one shape")  # fmt: skip


def _size(entry: Any) -> str:
    if isinstance(entry, (list, tuple)):
        return f"has length {len(entry)}"
    return "is a number"


def index_text(at: int, shape: Shape) -> str:
    """The index of an element by its number in order: [1,0]."""
    places = []
    for length in reversed(shape):
        at, place = divmod(at, length)
        places.append(place)
    return f"[{','.join(map(str, reversed(places)))}]"
