"""Tasks taken from their source in a thread of its own."""

from __future__ import annotations

from collections import deque
from threading import Semaphore, Thread

from gradcli.batch.signals import unheard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradcli.batch.work import Task


class Ahead:
    """Takes tasks from their source in a thread, a few ahead: a source may have to wait for more."""

    def __init__(self, tasks: Iterator[Task], most: int, wake: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._ready: deque[Task] = deque()
        self._room = Semaphore(most)
        self._finished = self._stopped = False
        with unheard("SIGINT", "SIGTERM"):  # or this thread may get what is to wake the first one
            Thread(target=self._read, args=(tasks, wake), daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to take."""
        return self._finished and not self._ready

    def take(self) -> Task | None:
        """The next task, if one is there."""
        if not self._ready:
            return None
        self._room.release()
        return self._ready.popleft()

    def stop(self) -> None:
        """Take nothing more from the source."""
        self._stopped = True
        self._room.release()

    def _read(self, tasks: Iterator[Task], wake: Callable[[], None]) -> None:
        try:
            for task in tasks:
                self._ready.append(task)
                wake()
                self._room.acquire()
                if self._stopped:
                    return
        except BaseException as error:  # raised where the answers are awaited, at its place
            self.error = error
        self._finished = True
        wake()
