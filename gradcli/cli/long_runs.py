"""What runs over many lines or many rows share at the command line."""

from __future__ import annotations

import gc
import os

from gradcli.batch.sinks import STANDARD_OUTPUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONG = 2.0  # seconds from which on a run is worth a word on a file or a pipe


def collect_garbage() -> None:
    """Let the collector run again, which the launcher stopped; seldom, since answers leave little."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 20)


def size_of(paths: Sequence[str]) -> int | None:
    """The number of bytes of all files; None where one is a pipe."""
    total = 0
    for path in paths:
        if path == "-" or not os.path.isfile(path):
            return None
        total += os.path.getsize(path)
    return total


def say_how_to_go_on(output: str | None, say: Callable[[str], None]) -> None:
    """What a run that was interrupted leaves, if it went to a file."""
    if output is not None and os.path.isfile(output) and output not in STANDARD_OUTPUT:
        from gradcli.batch.sinks import how_to_go_on

        say(f"{output} {how_to_go_on(output)}")


def faster_reader() -> str | None:
    """What would read JSON Lines faster, if it is not installed."""
    from importlib.util import find_spec

    return "pip install 'gradcli[fast]' reads JSON Lines faster" if find_spec("orjson") is None else None
