"""One cell of text to a number, with care, and what to say of one that is none."""

from __future__ import annotations

MOST_SHOWN = 40
POINT = ": write a decimal point"


def number(cell: str) -> float:
    """The number in a cell; blanks around it do not count. Raises ValueError."""
    if "_" in cell or not cell.isascii():
        raise ValueError(cell)
    return float(cell)


def is_number(cell: str) -> bool:
    try:
        number(cell)
    except ValueError:
        return False
    return True


def fault(cell: str) -> str:
    """What is wrong with a cell that is no number."""
    bare = cell.strip()
    if not bare:
        return "a number is missing"
    shown = bare if len(bare) <= MOST_SHOWN else bare[:MOST_SHOWN] + "…"
    return f"{shown!r} is no number{advice(bare)}"


def advice(cell: str) -> str:
    """A way out, where the fault is a common one."""
    digits = cell.lstrip("+-")
    if digits.count(",") == 1 and digits.replace(",", "").isdecimal():
        before, after = digits.split(",")
        if len(after) != 3 or not 1 <= len(before) <= 3:
            return POINT
    if "," in digits and digits.replace(",", "").replace(".", "", 1).isdecimal():
        return ": write it without the thousands' separators"
    if "_" in digits and digits.replace("_", "").replace(".", "", 1).isdecimal():
        return ": write it without '_'"
    if digits[:2].lower() == "0x":
        return ": write it in decimal"
    if cell.lower() in ("na", "n/a", "null", "none", "#n/a", "-", "?"):
        return ": write nan where there is none"
    return ""
