"""Why a text does not parse, said as a place, a fact and a way out; imported only when one does not."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.language import MAX_BYTES, MAX_TOKENS
from gradcli.language.spelling import positions


def too_large(size: int) -> GradError:
    """A text over the bound."""
    return GradError("limit", f"the expression has {size:,} bytes, the most is {MAX_BYTES:,}")


def too_many(count: int) -> GradError:
    """More words than the bound."""
    return GradError("limit", f"the expression has {count:,} words and signs, the most is {MAX_TOKENS:,}")


def complaint(source: str, words: list[str], at: int) -> GradError:
    """The error of the word that does not fit; of an empty program where every word does."""
    if at < 0:
        return GradError("syntax", "nothing to compute", hint="write an expression, such as x^2 at x=3")
    place = positions(source, words)[at]
    return GradError("syntax", f"{source[slice(*place)] or 'end'!r} found", source=source, spans=[place])
