"""Whether a run has many rows, found out by reading ahead: the same for a file, a pipe and what gzip packed."""

from __future__ import annotations

from itertools import chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.batch.work import Task

MANY = 1 << 17  # rows from which on a C compiler is worth its time
MOST = 32 << 20  # bytes that are read ahead; a run of more has many rows, however wide they are


def looked_ahead(tasks: Iterator[Task]) -> tuple[bool, Iterator[Task]]:
    """Whether the tasks have MANY rows or MOST bytes; and the same tasks."""
    held: list[Task] = []
    rows = size = 0
    for task in tasks:
        header, payload = task
        held.append(task)
        rows += header["rows"] if "rows" in header else bytes(payload).count(b"\n")
        size += len(payload)
        if rows >= MANY or size >= MOST:
            return True, chain(_let_go(held), tasks)
    return False, _let_go(held)


def _let_go(held: list[Task]) -> Iterator[Task]:
    """The tasks, none of which is kept here when it was given."""
    held.reverse()
    while held:
        yield held.pop()
