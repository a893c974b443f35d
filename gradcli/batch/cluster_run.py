"""One run over a cluster: a window of chunks in the order of their tasks, and what becomes of those that kill."""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import CancelledError
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from time import monotonic, sleep

import gradcli
from gradcli.batch import work
from gradcli.batch.ahead import Ahead
from gradcli.batch.connection import LOST, is_killed
from gradcli.batch.processes import KILLED_TWICE, MOST_KILLS
from gradcli.batch.remote import answer, framed, unframed
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.batch.connection import Own, Say
    from gradcli.batch.remote import Answer
    from gradcli.batch.work import Spec, Task

IN_FLIGHT = 3  # jobs for each thread of the workers, one of them being computed
WINDOW = 6  # jobs for each thread that are taken and not yet handed on
GATHERED = 32  # answers that are fetched in one go
AHEAD = 16  # chunks that are read before there is room for them
ENOUGH = 0.25  # seconds that a job should take: dask itself takes milliseconds for each
MOST, MANY = 2 << 20, 64  # bytes and chunks of a job
ROOM = 512 << 20  # bytes of all that is with the workers, of however many
GROUPS = 16  # that a chunk which kills is split into, and each of them that does
LOOK = 1.0  # seconds between two looks at the workers
TIDIED = LOST + 1.0  # seconds after which our own cluster has seen to a worker that fell
SETTLED = 20.0  # seconds that our own workers get to be all there again


class ClusterLost(GradError):
    """The scheduler has gone: what was handed on before is right, and the rest is missing."""

    code = 1


class Job:
    """A chunk, or several to be computed together, on its way: its future, then its answers, or an error."""

    __slots__ = ("answers", "error", "future", "tasks")

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks
        self.future: Any = None
        self.answers: list[Answer] | None = None
        self.error: BaseException | None = None

    def results(self) -> Iterator[Task]:
        """The answers; raises the error at its place."""
        if self.error is not None:
            raise self.error
        for each in self.answers or ():
            if isinstance(each, GradError):
                raise each
            yield each


class Run:
    """The jobs of one run: some with the workers, some done before their turn, some waiting to be tried alone."""

    def __init__(
        self, client: Any, address: str, own: Own | None, spec: Spec, tasks: Iterator[Task], say: Say
    ) -> None:
        self._client = client
        self._address = address
        self._own = own
        self._spec = spec
        self._text = json.dumps(spec)
        self._say = say
        self._order: deque[Job] = deque()
        self._flying: set[Job] = set()
        self._killers: deque[Job] = deque()
        self._kills = 0
        self._fell = 0.0  # when a worker was last killed
        self._group: list[Task] = []  # chunks for the next job
        self._bytes = 0
        self._seconds = ENOUGH  # that a chunk takes
        self._threads = 1
        self._looked = float("-inf")
        self._news: SimpleQueue[Job | None] = SimpleQueue()  # a job whose future has ended; None: a task can be taken
        self._source = Ahead(tasks, AHEAD, lambda: self._news.put(None))

    def answers(self) -> Iterator[Task]:
        """The answers, in order."""
        while True:
            self._look()
            self._fill()
            while self._order and (self._order[0].answers is not None or self._order[0].error is not None):
                yield from self._order.popleft().results()
                self._fill()
            if self._killers and not self._flying:
                self._judge(self._killers.popleft())
            elif self._order or not self._source.ended:
                self._hear()
            elif self._source.error is not None:
                raise self._source.error
            else:
                return

    def drop(self) -> None:
        """Let go of what is still with the workers."""
        for job in self._flying:
            job.future.release()
        self._flying.clear()

    def _look(self) -> None:
        """Count the threads of the workers: more may have come, or all may have gone."""
        if monotonic() - self._looked < LOOK:
            return
        with self._reached():
            threads = sum(self._client.nthreads().values())
        self._looked = monotonic()
        if self._own is not None:
            self._own.fill_up()
        elif not threads and self._threads and not self._kills:
            self._say(f"no workers are left at {self._address}; waiting for new ones")
        self._threads = threads

    def _fill(self) -> None:
        """Give chunks to the workers, unless some that kill are to be tried alone."""
        threads = max(1, self._threads)
        while not self._killers and len(self._flying) < IN_FLIGHT * threads and len(self._order) < WINDOW * threads:
            full = self._gather()
            if not self._group or not (full or self._source.ended or len(self._flying) < threads):
                return  # there will be more, and every worker has something to do
            self._order.append(Job(self._group))
            self._group, self._bytes = [], 0
            self._send(self._order[-1])

    def _gather(self) -> bool:
        """Take chunks for the next job, and say whether they are enough for one."""
        many = min(MANY, ENOUGH / max(self._seconds, 1e-6))
        most = min(MOST, ROOM / (IN_FLIGHT * max(1, self._threads)))
        while (not self._group or len(self._group) + 1 <= many) and self._bytes < most:
            task = self._source.take()
            if task is None:
                return False
            self._group.append(task)
            self._bytes += len(task[1])
        return True

    def _send(self, job: Job) -> None:
        with self._reached():
            job.future = self._client.submit(answer, gradcli.__version__, self._text, framed(job.tasks), pure=False)
        self._flying.add(job)
        job.future.add_done_callback(lambda _: self._news.put(job))

    def _hear(self) -> None:
        """Wait until something has happened, and fetch the answers that are there."""
        ended: list[Job] = []
        try:
            news = self._news.get(timeout=LOOK)
            while True:
                if news is not None:
                    ended.append(news)
                if len(ended) == GATHERED:
                    break
                news = self._news.get_nowait()
        except Empty:
            pass
        if ended:
            with self._reached():
                found = self._client.gather({k: job.future for k, job in enumerate(ended)}, errors="skip")
            for k, job in enumerate(ended):
                self._take(job, found.get(k))

    def _take(self, job: Job, frames: bytes | None) -> None:
        """What came of a job: None where it has failed."""
        self._flying.discard(job)
        if frames is not None:
            told, *job.answers = unframed(frames)
            assert not isinstance(told, GradError)
            self._seconds += (told[0]["seconds"] / len(job.tasks) - self._seconds) / 2
            job.tasks = ()
            self._kills = 0
        elif job.future.status != "error":
            raise self._lost()
        elif is_killed(error := job.future.exception()):
            self._kills += 1
            self._fell = monotonic()
            if self._kills > MOST_KILLS:
                raise GradError("limit", "workers are killed again and again", hint="they may have too little memory")
            if job in self._order and not self._killers:
                self._say("a worker was killed; what it had not answered is computed again")
            self._killers.append(job)
        elif isinstance(error, ImportError) or "deserializ" in str(error):
            job.error = GradError("usage", f"a worker that has joined cannot run this gradcli: {_first_line(error)}")
        else:
            job.error = error
        job.future = None

    def _judge(self, job: Job) -> None:
        """Try a chunk alone whose worker was killed, and if that kills again, take it apart."""
        job.answers = self._alone(job.tasks)
        if job.answers is not None:
            return
        job.answers = []
        for task in job.tasks:
            found = self._alone([task]) if len(job.tasks) > 1 else None
            job.answers += self._survivors(list(work.pieces(self._spec, *task))) if found is None else found
            if job.answers and isinstance(job.answers[-1], GradError):
                return

    def _alone(self, tasks: Sequence[Task]) -> list[Answer] | None:
        """The answers of TASKS while nothing else runs; None if they kill."""
        job = Job(tasks)
        self._send(job)
        while job in self._flying:
            self._look()
            self._hear()
        if job.error is not None:
            raise job.error
        if job.answers is None:
            self._killers.remove(job)
        return job.answers

    def _survivors(self, pieces: Sequence[Task]) -> list[Answer]:
        """The answers of the pieces of a chunk that kills, in order; of a piece that kills, what stands for them."""
        if len(pieces) == 1:
            return self._verdict(pieces[0])
        answers: list[Answer] = []
        groups = [*reversed(_parts(pieces))]  # the next one last
        while groups and not (answers and isinstance(answers[-1], GradError)):
            group = groups.pop()
            found = self._alone(group)
            if found is not None:
                answers += found
            elif len(group) > 1:
                groups += reversed(_parts(group))
            else:
                answers += self._verdict(group[0])
        return answers

    def _verdict(self, piece: Task) -> list[Answer]:
        """The answer of one line, tried once more where nothing but itself can kill its worker; or what stands for it.

        A worker may also fall with others, or while our own cluster tidies up after them.
        """
        end = monotonic() + SETTLED
        while self._own is not None and monotonic() < end:
            with self._reached():
                if monotonic() > self._fell + TIDIED and len(self._client.nthreads()) >= self._own.count:
                    break
            self._own.fill_up()
            sleep(0.1)
        return self._alone([piece]) or [self._buried(piece)]

    def _buried(self, task: Task) -> Answer:
        try:
            return work.lost(self._spec, *task, KILLED_TWICE)
        except GradError as error:
            return error

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Within it, what shows that the scheduler has gone is told as that."""
        try:
            yield
        except (OSError, CancelledError) as error:
            raise self._lost() from error

    def _lost(self) -> ClusterLost:
        hint = "what was written is right; with -o FILE, --resume goes on there"
        return ClusterLost("value", f"the scheduler at {self._address} has gone", hint=hint)


def _parts(tasks: Sequence[Task]) -> list[Sequence[Task]]:
    size = -(-len(tasks) // GROUPS)
    return [tasks[k : k + size] for k in range(0, len(tasks), size)]


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
