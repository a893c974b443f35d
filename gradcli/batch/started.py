"""Worker processes, and the pipes to each."""

from __future__ import annotations

import os
import sys
from collections import deque
from subprocess import DEVNULL, PIPE, Popen

from gradcli.batch.signals import unheard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

START = "import sys; sys.path[:] = sys.argv[1:]; from gradcli.launch import work; work()"
ROOM = 1 << 20  # bytes in a pipe, so that a worker need not wait until its answer is read


def start_command() -> list[str]:
    """The command of a worker: this Python, with the path on which this process found its modules."""
    if not sys.executable:
        raise OSError(2, "the path of Python is not known")
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = [os.path.abspath(place or os.curdir) for place in sys.path]
    return [sys.executable, "-P", "-c", START, *path, *([] if home in path else [home])]


class Worker:
    """A process that reads frames and writes frames."""

    __slots__ = ("flight", "process", "ready")

    def __init__(self, command: Sequence[str]) -> None:
        """Start it. OSError where the machine has no room for another process."""
        self.flight: deque[Any] = deque()  # what it has been given and not answered, in order
        self.ready = False
        with unheard("SIGINT"):  # Ctrl-C ends this process, and that ends its workers
            self.process = Popen(command, bufsize=0, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)  # noqa: S603
        _widen(self.entry)
        _widen(self.exit)

    @property
    def entry(self) -> int:
        """Where its frames are written."""
        assert self.process.stdin is not None
        return self.process.stdin.fileno()

    @property
    def exit(self) -> int:
        """Where its answers are read."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def end(self) -> int:
        """Kill it, if it still runs, and say its exit code; a worker has nothing to tidy."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        return self.process.wait()


def _widen(pipe: int) -> None:
    try:
        from fcntl import F_SETPIPE_SZ, fcntl

        fcntl(pipe, F_SETPIPE_SZ, ROOM)
    except (ImportError, OSError):  # not Linux, or the user has as many pages in pipes as are allowed
        pass
