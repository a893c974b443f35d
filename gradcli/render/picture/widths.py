"""How wide a text can be at most, whichever usual font draws it: measured at the widest one, DejaVu Sans Bold."""

from __future__ import annotations

from unicodedata import category, east_asian_width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS = {  # hundredths of the size of the font
    37: "'/|\\!iIJjl", 40: ".,:;· -", 46: "()[]", 50: "f_`tr\"", 58: "*z?∂cs", 67: "kaexyvL", 70: "hnuoeE$FT0123456789",
    76: "bdgpq{}PSYZ~B", 78: "RACXVK", 84: "+<=>^−×÷→←≤≥≠±DNHGU#", 88: "&wOQ", 105: "%@…mMΣ", 112: "W",
}  # fmt: skip
WIDTHS = {letter: width for width, letters in GROUPS.items() for letter in letters}
OTHER, WIDE = 110, 130
NOT_BOLD = 107  # as much narrower is a text at least that is not bold


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of TEXT at SIZE, in the unit of the size; never too small."""
    return sum(WIDTHS.get(letter) or _of_other(letter) for letter in text) * size / (100 if bold else NOT_BOLD)


def _of_other(letter: str) -> int:
    if category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return WIDE if east_asian_width(letter) in "WF" or not letter.isalnum() else OTHER


def wrapped(text: str, size: float, room: float) -> list[str]:
    """TEXT in lines no wider than ROOM at SIZE, broken at blanks, or after operators, or anywhere where it has to."""
    lines: list[str] = []
    while text and width(text, size) > room:
        fits = 0
        used = 0.0
        for fits, letter in enumerate(text):  # noqa: B007
            used += width(letter, size)
            if used > room:
                break
        fits = max(fits, 1)
        blank = text.rfind(" ", 1, fits + 1)
        if blank <= fits // 3:
            signs = [text.rfind(sign, 1, fits) + 1 for sign in "*/+,()_"]
            blank = max(signs) if max(signs) > fits // 3 else fits
        lines.append(text[:blank].rstrip())
        text = text[blank:].lstrip()
    return [*lines, text] if text or not lines else lines


def clipped(lines: Sequence[str], most: int) -> list[str]:
    """At most MOST lines, the last of which shows that there were more."""
    return [*lines] if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} …"]
