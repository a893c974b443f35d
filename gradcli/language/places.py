"""Where each postfix item stands in the source, worked out afterwards from when the driver wrote it."""

from __future__ import annotations

from gradcli import language as code
from gradcli.language.spelling import positions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.language import Items

    Span = tuple[int, int]


def places(source: str, words: list[str], items: Items, moments: list[int]) -> list[Span]:
    """The span of each item; an operation includes the parentheses around its operands, not those around itself.

    `moments` says how many words were still to come when an item was written.
    """
    where = positions(source, words)
    spans = []
    open_spans: list[Span] = []  # of the operands that nothing has used yet, first and last word
    for (kind, argument), moment in zip(items, moments, strict=True):
        first, last = words_of(kind, argument, len(words) - moment - 1, open_spans)
        if kind not in (code.VALUE, code.DEFINE, code.SETTING, code.QUERY):
            open_spans.append((first, last))
        spans.append((where[first][0], where[last][1]))
    return spans


def words_of(kind: int, argument: Any, at: int, operands: list[Span]) -> Span:
    """The first and the last word of an item that was written when the word `at` was read."""
    if kind == code.NUMBER or kind == code.NAME:
        return at, at
    if kind == code.TRANSPOSED:
        return before(at, operands), at
    if kind == code.CALL or kind == code.ARRAY or kind == code.INDEX:
        return bracketed(kind, argument, at, operands), at
    last = at - 1
    if kind == code.SLICE:
        low, high = argument
        colon = before(at, operands) - 1 if high else last
        return before(colon, operands) if low else colon, last
    if kind == code.QUERY:
        return operands.pop()[0], last
    first = before(at, operands)
    if kind == code.BINARY or kind == code.DEFINE:
        return before(first - 1, operands), last
    if kind == code.PREFIX:
        return first - 1, last
    return first - 2 if kind == code.SETTING else first, last


def bracketed(kind: int, argument: Any, at: int, operands: list[Span]) -> int:
    """The first word of what ends with the bracket `at`."""
    count = argument[1] if kind == code.CALL else argument
    opening = at if count else at - 1
    for _ in range(count):
        opening = before(opening, operands) - 1
    if kind == code.ARRAY:
        return opening
    return opening - 1 if kind == code.CALL else before(opening, operands)


def before(at: int, operands: list[Span]) -> int:
    """The first word of the operand that ends before the word `at`, the parentheses around it included.

    Between the last word of an operand and `at` only closing parentheses of its own can stand, and as many opening
    ones stand before it.
    """
    first, last = operands.pop()
    return first - (at - 1 - last)
