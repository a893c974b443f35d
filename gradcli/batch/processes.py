"""The engine of many processes: a window of tasks over workers that may be killed at any time."""

from __future__ import annotations

import os
from collections import deque

from gradcli.batch import work
from gradcli.batch.ahead import Ahead
from gradcli.batch.frames import packed
from gradcli.batch.pipes import Polled, Threaded
from gradcli.batch.remote import error_of
from gradcli.batch.started import Worker, start_command
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from gradcli.batch.work import Spec, Task, Work

IN_FLIGHT = 2  # tasks that a worker holds: one that it computes, one that is there when it is done
WINDOW = 4  # tasks for each worker that are taken and not yet handed on
TRIES = 2
MOST_KILLS = 100  # one after the other, without an answer in between
MOST_FAILED_STARTS = 3  # in a row; each one more costs a worker
KILLED_TWICE = "the process that computed this was killed twice"


class Job:
    """A task on its way: its answers once there are any, or the error that stands in their place."""

    __slots__ = ("answers", "error", "kills", "parts", "task", "whole")

    def __init__(self, task: Task, whole: Job | None = None) -> None:
        self.task = task
        self.whole = whole  # whose part it is
        self.parts: list[Job] = []
        self.answers: list[Task] = []
        self.error: Exception | None = None
        self.kills = 0

    @property
    def done(self) -> bool:
        """Whether its answers, or those of all its parts, are there."""
        if self.parts:
            return all(part.answers or part.error for part in self.parts)
        return bool(self.answers or self.error)

    def results(self) -> Iterator[Task]:
        """The answers in order; raises the error at its place."""
        for part in self.parts or (self,):
            if part.error is not None:
                raise part.error
            yield from part.answers


class Processes:
    """Runs the tasks in JOBS other processes.

    A task whose worker is killed runs again in another one; if that is killed, too, it is taken apart to find what
    kills. What cannot be started or is killed is told to SAY.
    """

    def __init__(
        self,
        jobs: int,
        say: Callable[[str], None] = lambda message: None,
        *,
        command: Sequence[str] | None = None,
        threads: bool = os.name == "nt",
    ) -> None:
        self.jobs = jobs
        self.workers: list[Worker] = []
        self._say = say
        self._command = command
        self._threads = threads
        self._pipes: Polled | Threaded | None = None
        self._spec: Spec | None = None
        self._kills = 0
        self._failed_starts = 0
        self._do: Work | None = None

    def run(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        """The answers; a GradError that a task raises stops them at its place."""
        pipes = self._begin(spec)
        source = Ahead(tasks, self.jobs * IN_FLIGHT, pipes.wake)
        order: deque[Job] = deque()
        try:
            while True:
                while len(order) < WINDOW * self.jobs and (task := source.take()) is not None:
                    order.append(Job(task))
                    self._waiting.append(order[-1])
                self._deal()
                if order and order[0].done:
                    yield from order.popleft().results()
                elif self._waiting and not self.workers:  # they are computed here, one after the other
                    pass
                elif order or not source.ended:
                    for worker, frame in pipes.wait():
                        if worker in self.workers:
                            self._hear(worker, frame)
                elif source.error is None:
                    return
                else:
                    raise source.error
        except BaseException:
            self.close()
            raise
        finally:
            source.stop()

    def _begin(self, spec: Spec) -> Polled | Threaded:
        """Start the workers, if those of the run before do not do the same work."""
        self._waiting: deque[Job] = deque()  # not yet with a worker; first those that come back
        if self._pipes is None or self._spec != spec:
            self.close()
            self._spec, self._do = spec, None
            self._pipes = Threaded() if self._threads else Polled()
            self._start(self.jobs)
        return self._pipes

    def close(self) -> None:
        """Leave no worker."""
        while self.workers:
            self.workers.pop().end()
        if self._pipes is not None:
            self._pipes.close()
            self._pipes = None

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, count: int) -> None:
        assert self._pipes is not None
        assert self._spec is not None
        try:
            for _ in range(count):
                worker = Worker(self._command or start_command())
                self.workers.append(worker)
                self._pipes.add(worker)
                self._pipes.send(worker, packed(self._spec))
        except OSError as error:
            self._fewer(error.strerror or str(error))

    def _fewer(self, why: str) -> None:
        left = f"{len(self.workers)} compute" if self.workers else "this process computes everything"
        self._say(f"a worker process could not start ({why}); {left}")

    def _deal(self) -> None:
        """Give waiting jobs to workers that have room, the emptiest first; compute one here if there is no worker."""
        assert self._pipes is not None
        while self._waiting:
            if not self.workers:
                self._compute(self._waiting.popleft())
                return
            alone = self._waiting[0].kills and self._waiting[0].whole  # nobody else is to take its memory
            worker = min(self.workers, key=lambda worker: len(worker.flight))
            busiest = max(len(worker.flight) for worker in self.workers)
            if len(worker.flight) >= IN_FLIGHT or (busiest and (alone or self._is_alone())):
                return
            job = self._waiting.popleft()
            worker.flight.append(job)
            self._pipes.send(worker, packed(*job.task))

    def _is_alone(self) -> bool:
        return any(job.kills and job.whole for worker in self.workers for job in worker.flight)

    def _compute(self, job: Job) -> None:
        if self._do is None:
            assert self._spec is not None
            self._do = work.make(self._spec)
        try:
            job.answers = [self._do(*job.task)]
        except GradError as error:
            job.error = error

    def _hear(self, worker: Worker, frame: Task | None) -> None:
        if frame is None:
            self._bury(worker)
            return
        header, payload = frame
        if not worker.ready:
            worker.ready = True
            self._failed_starts = 0
            return
        job: Job = worker.flight.popleft()
        self._kills = 0
        if "error" in header:
            job.error = error_of(*header["error"])
        elif "bug" in header:
            job.error = RuntimeError(header["bug"])
        else:
            job.answers = [(header, payload)]

    def _bury(self, worker: Worker) -> None:
        """Take what a killed worker had, start another one, and judge the task that it was at."""
        assert self._pipes is not None
        self._pipes.remove(worker)
        self.workers.remove(worker)
        code = worker.end()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        self._waiting.extendleft(reversed(worker.flight))
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= MOST_FAILED_STARTS:
                self._fewer(f"it ended {how}")
            else:
                self._start(1)
            return
        self._kills += 1
        if self._kills > MOST_KILLS:
            raise GradError("limit", f"worker processes end {how} again and again", hint="try --jobs 1")
        if worker.flight:
            self._judge(worker.flight[0])
        self._say(f"a worker process ended {how}; what it had not answered is computed again")
        self._start(1)

    def _judge(self, job: Job) -> None:
        assert self._spec is not None
        job.kills += 1
        if job.kills < TRIES:
            return
        self._waiting.remove(job)
        parts = [] if job.whole else [Job(task, job) for task in work.pieces(self._spec, *job.task)]
        if len(parts) > 1:
            job.parts = parts
            self._waiting.extendleft(reversed(parts))
            return
        try:
            job.answers = [work.lost(self._spec, *job.task, KILLED_TWICE)]
        except GradError as error:
            job.error = error
