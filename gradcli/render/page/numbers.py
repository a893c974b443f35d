"""Numbers as the JSON of a page, and arrays as a box of it holds them."""

from __future__ import annotations

from gradcli.text import JSON_WORDS, shortest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def number(value: float) -> float | str:
    """A number as JSON has it, or the word for what it has not."""
    return value if value - value == 0 else JSON_WORDS[repr(value)].strip('"')


def has_nan(value: Any) -> bool:
    """Whether a float or an element of an array is nan."""
    return bool(value != value) if type(value) is float else bool((value != value).any())


def listed(value: Any) -> list[float | str]:
    """The elements of a float or an array, in order."""
    return [number(value)] if type(value) is float else [number(one) for one in value.ravel().tolist()]


def boxed(value: Any) -> str:
    """A float or an array as it stands in a box, every digit of it."""
    if type(value) is float:
        return shortest(value)
    texts = [shortest(one) for one in value.ravel().tolist()]
    for length in reversed(value.shape):
        texts = [f"[{', '.join(texts[at : at + length])}]" for at in range(0, len(texts), length)]
    return texts[0] if texts else "[]"
