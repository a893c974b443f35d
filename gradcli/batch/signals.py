"""Signals that wait until something is done."""

from __future__ import annotations

from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def unheard(*names: str) -> Iterator[Callable[[], bool]]:
    """Within it the signals of these NAMES wait, and processes and threads that start there never hear them.

    Gives a function that says whether one waits.
    """
    import _signal  # type: ignore[import-not-found]  # `signal` would import enum

    if not hasattr(_signal, "pthread_sigmask"):  # Windows
        yield lambda: False
        return
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, [getattr(_signal, name) for name in names])
    try:
        yield lambda: bool(_signal.sigpending())
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
