"""The engine for rows of numbers: threads of this process, since numpy and compiled code let each other run."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import Condition

from gradcli.batch.work import make

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from types import TracebackType

    from gradcli.batch.work import Header, Spec, Task, Work

AHEAD = 1  # tasks that wait for each thread
STOPPED = float("inf")


class Threads:
    """Runs the tasks in JOBS threads; nothing is sent anywhere.

    With PUT each thread also hands on what it computed, in the order of the tasks, while that is in its cache; then the
    answers come without their bytes.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.put: Callable[[bytes], None] | None = None
        self._pool = ThreadPoolExecutor(jobs, "rows")

    def run(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        """The answers in order; a GradError that a task raises stops them at its place."""
        turns = Turns(make({**spec, "here": True}), self.put)
        waiting: deque[Future[Task]] = deque()
        try:
            for number, (header, payload) in enumerate(tasks):
                waiting.append(self._pool.submit(turns.answer, number, header, payload))
                if len(waiting) > self.jobs * (1 + AHEAD):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            turns.stop()
            for task in waiting:
                task.cancel()

    def close(self) -> None:
        """End the threads, behind what they are at."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Threads:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Turns:
    """Answers tasks in several threads, and hands the bytes on one after the other."""

    def __init__(self, do: Work, put: Callable[[bytes], None] | None) -> None:
        self._do = do
        self._put = put
        self._next: float = 0
        self._changed = Condition()

    def answer(self, number: int, header: Header, payload: bytes) -> Task:
        """The answer to the task of that NUMBER, from 0; handed on where there is somebody to take it."""
        if self._put is None:
            return self._do(header, payload)
        try:
            told, found = self._do(header, payload)
        except BaseException:
            self.stop(number)
            raise
        with self._changed:
            while self._next < number:
                self._changed.wait()
            if self._next > number:  # stopped
                return told, b""
            self._next = STOPPED
            try:
                self._put(found)
                if "failure" not in told:
                    self._next = number + 1
            finally:
                self._changed.notify_all()
        return told, b""

    def stop(self, number: int = -1) -> None:
        """Nothing more is handed on, or nothing from the task of that NUMBER on; returns when nothing is under way."""
        with self._changed:
            while self._next < number:
                self._changed.wait()
            self._next = STOPPED
            self._changed.notify_all()
