"""The engine for rows of numbers: threads of this process, since numpy and compiled code let each other run."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor

from gradcli.batch.work import make

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from types import TracebackType

    from gradcli.batch.work import Spec, Task

AHEAD = 1  # tasks that wait for each thread


class Threads:
    """Runs the tasks in JOBS threads; they read and compute at once, and nothing is sent anywhere."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._pool = ThreadPoolExecutor(jobs, "rows")

    def run(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        """The answers in order; a GradError that a task raises stops them at its place."""
        do = make({**spec, "here": True})
        waiting: deque[Future[Task]] = deque()
        try:
            for header, payload in tasks:
                waiting.append(self._pool.submit(do, header, payload))
                if len(waiting) > self.jobs * (1 + AHEAD):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
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
