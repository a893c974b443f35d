"""Pieces into a pipe or to a terminal, which an interrupt does not tear."""

from __future__ import annotations

import os

from gradcli.batch.signals import unheard

PIECE = 4096  # bytes that a pipe takes all at once or not at all
PATIENCE = 1.0  # seconds for the rest of a longer line after Ctrl-C


def send(place: int, piece: bytes | memoryview) -> None:
    """A piece into a pipe or to a terminal. Ctrl-C comes before it or behind it, and does not tear it."""
    if len(piece) <= PIECE:
        _await_room(place, None)
        try:
            piece = piece[os.write(place, piece) :]
        except BlockingIOError:  # someone else made it so that writing does not wait
            pass
        if not piece:
            return
    with unheard("SIGINT", "SIGTERM") as pending:
        rest = memoryview(piece)
        while rest:
            if not _await_room(place, PATIENCE) and pending():
                return  # nobody reads; the line stays torn
            try:
                rest = rest[os.write(place, rest[:PIECE]) :]
            except BlockingIOError:
                pass


def _await_room(place: int, seconds: float | None) -> bool:
    """Wait until a pipe has room for a piece."""
    try:
        from select import POLLOUT, poll
    except ImportError:  # Windows
        return True
    waiting = poll()
    waiting.register(place, POLLOUT)
    return bool(waiting.poll(None if seconds is None else 1000 * seconds))
