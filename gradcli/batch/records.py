"""Where the records of a CSV end: at line ends that stand outside quotes (RFC 4180)."""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Pattern

LONGEST_CELL = 16 << 20  # letters: a program may be long


@contextmanager
def long_cells() -> Iterator[None]:
    """Let the module csv read cells of up to LONGEST_CELL letters; its limit is one for the whole process."""
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def ends(text: str, delimiter: str) -> list[int]:
    """The place behind each record that is whole, its line end with it."""
    found: list[int] = []
    everyday = _everyday(delimiter).match
    start = 0
    while True:
        whole = everyday(text, start)
        start = whole.end() if whole else _end(text, start, delimiter) + 1
        if not start:
            return found
        found.append(start)


@lru_cache
def _everyday(delimiter: str) -> Pattern[str]:
    """A record on one line, with nothing behind a closing quote and no quote inside a cell without them."""
    cell = rf'(?: *"[^"\n]*"(?:"[^"\n]*")*|[^"{delimiter}\n]*)'
    return re.compile(rf"{cell}(?:{delimiter}{cell})*\n")


def last_end(text: str, delimiter: str) -> int:
    """The place behind the last record that is whole; 0 where none is."""
    if '"' not in text:
        return text.rfind("\n") + 1
    return (ends(text, delimiter) or [0])[-1]


def _end(text: str, at: int, delimiter: str) -> int:
    """The line end of the record that begins at AT; -1 where it has none yet."""
    while True:
        while text.startswith(" ", at):
            at += 1
        if text.startswith('"', at):
            at = _behind_quotes(text, at + 1)
            if not at:
                return -1
        stop = text.find("\n", at)
        next_field = text.find(delimiter, at, stop if stop >= 0 else None)
        if next_field < 0:
            return stop
        at = next_field + 1


def _behind_quotes(text: str, at: int) -> int:
    """The place behind the quote that closes the field whose text begins at AT; 0 where none does."""
    while True:
        at = text.find('"', at)
        if at < 0:
            return 0
        if not text.startswith('"', at + 1):
            return at + 1
        at += 2
