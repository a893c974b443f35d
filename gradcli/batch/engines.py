"""Engines: who runs the tasks. All give the same bytes, in the order of the tasks."""

from __future__ import annotations

from gradcli.batch.work import make

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from gradcli.batch.work import Spec, Task


class Serial:
    """Runs the tasks in this process, one after the other."""

    def run(self, spec: Spec, tasks: Iterator[Task]) -> Iterator[Task]:
        """The answers; a GradError that a task raises stops them at its place."""
        do = make(spec)
        for header, payload in tasks:
            yield do(header, payload)

    def close(self) -> None:
        """Nothing is left running."""

    def __enter__(self) -> Serial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
