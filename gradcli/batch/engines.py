"""Engines: who runs the tasks. All give the same bytes, in the order of the tasks."""

from __future__ import annotations

import os
from time import perf_counter

from gradcli.batch.work import make

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Protocol

    from gradcli.batch.work import Spec, Task

    class Engine(Protocol):
        """Runs tasks; leaves nothing running when it is closed."""

        def run(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
            """The answers in order; a GradError that a task raises stops them at its place."""

        def close(self) -> None:
            """End whatever runs."""

        def __enter__(self) -> Engine:
            """Itself."""

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None:
            """Close it."""


ALONE = 0.25  # seconds of work before other processes are asked: as long as it takes until they have caught up
QUOTA = "/sys/fs/cgroup/cpu.max"


def local(jobs: int | None, say: Callable[[str], None], *, size: int | None = None) -> Engine:
    """The engine of this machine for JOBS processes: those that pay where that is None.

    SIZE is the number of bytes that all tasks together have, where it is known. What goes wrong with a process is told
    to SAY.
    """
    if jobs == 1 or (jobs is None and cores() == 1):
        return Serial()
    if jobs is None:
        return Growing(cores(), say, size=size)
    from gradcli.batch.processes import Processes

    return Processes(jobs, say)


def cores() -> int:
    """How many processors this process may use: by its affinity, and by the quota of its container."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # neither on macOS nor on Windows
        count = os.cpu_count() or 1
    try:
        with open(QUOTA, "rb") as file:
            quota, period = file.read().split()
        if quota != b"max":
            count = min(count, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass
    return count


class Serial:
    """Runs the tasks in this process, one after the other."""

    def run(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        """The answers; a GradError that a task raises stops them at its place."""
        do = make(spec)
        for header, payload in tasks:
            yield do(header, payload)

    def close(self) -> None:
        """Nothing is left running."""

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Growing(Serial):
    """Begins in this process, and goes on in JOBS others once there is enough work for them to pay.

    That is ALONE seconds of it done, and as many left.
    """

    def __init__(
        self, jobs: int, say: Callable[[str], None], *, size: int | None = None, alone: float = ALONE
    ) -> None:
        self.jobs = jobs
        self.size = size
        self.alone = alone
        self._say = say
        self._spent, self._done = 0.0, 0  # seconds and bytes, in this process
        self._others: Engine | None = None

    def close(self) -> None:
        """End the other processes."""
        if self._others is not None:
            self._others.close()

    def run(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        """The answers; a GradError that a task raises stops them at its place."""
        do = make(spec) if self._others is None else None
        while do is not None and self._others is None:
            task = next(tasks, None)
            if task is None:
                return
            begun = perf_counter()
            answer = do(*task)
            self._spent += perf_counter() - begun
            self._done += len(task[1])
            yield answer
            if self._pays():
                from gradcli.batch.processes import Processes

                self._others = Processes(self.jobs, self._say)
        assert self._others is not None
        yield from self._others.run(spec, tasks)

    def _pays(self) -> bool:
        """Whether there was enough work, and as much is left."""
        left = self.size is None or self._spent * (self.size - self._done) > self.alone * self._done
        return self._spent > self.alone and left
