"""The engine over dask.distributed: chunks on the workers of a scheduler, in order, whichever workers die."""

from __future__ import annotations

from gradcli.batch.cluster_run import Run
from gradcli.batch.connection import Own, await_workers, check, client_of, hush, is_open
from gradcli.batch.engines import cores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

    from gradcli.batch.connection import Say
    from gradcli.batch.work import Spec, Task


class Dask:
    """Runs the tasks on the workers of a dask scheduler: the one at an address, or one of our own with JOBS workers.

    A task whose worker is killed runs again; if that kills, too, it is taken apart to find what does. What the user
    should know is told to SAY. GradError where distributed is missing, no scheduler answers, or the workers are not of
    this release; ClusterLost where the scheduler goes away in the middle.
    """

    def __init__(self, scheduler: str | None = None, jobs: int | None = None, say: Say = lambda message: None) -> None:
        self._say = say
        self._own: Own | None = None
        self._client: Any = None
        hush()
        try:
            if scheduler is None:
                self._own = Own(jobs or cores())
                self.address = self._own.address
            else:
                self.address = scheduler
                if is_open(scheduler):
                    say(f"whoever can reach {scheduler} can run code on its workers; tls:// keeps others out")
            self._client = client_of(self.address)
            await_workers(self._client, self.address, say)
            if self._own is None:
                check(self._client, say)
        except BaseException:
            self.close()
            raise

    def run(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        """The answers; a GradError that a task raises stops them at its place."""
        run = Run(self._client, self.address, self._own, spec, tasks, self._say)
        try:
            yield from run.answers()
        finally:
            run.drop()

    def close(self) -> None:
        """Leave the scheduler; end what is our own."""
        client, own = self._client, self._own
        self._client = self._own = None
        if own is not None:
            own.stop()
        if client is not None:
            client.close(timeout=1)
        if own is not None:
            own.close()

    def __enter__(self) -> Dask:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
