"""Where the records of a CSV end: at line ends that stand outside quotes (RFC 4180)."""

from __future__ import annotations


def ends(text: str, delimiter: str) -> list[int]:
    """The place behind each record that is whole, its line end with it."""
    if '"' not in text:
        return [place + 1 for place, letter in enumerate(text) if letter == "\n"]
    found: list[int] = []
    start = 0
    while True:
        stop = text.find("\n", start)
        if stop >= 0 and text.find('"', start, stop) >= 0:
            stop = _end(text, start, delimiter)
        if stop < 0:
            return found
        start = stop + 1
        found.append(start)


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
