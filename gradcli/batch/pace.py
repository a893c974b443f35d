"""How far a run has come, how fast it is, and how long it will take."""

from __future__ import annotations

from collections import deque
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradcli.batch.work import Header, Task

SPAN = 10.0  # seconds over which the rate is taken
MOMENT = 0.2  # seconds that the lines of a task may take
LEAST, MOST = 4 << 10, 128 << 10  # bytes of a task


class Pace:
    """Watches the tasks go in and the answers come out. SIZE is the number of bytes of all tasks, where it is known."""

    def __init__(self, size: int | None, clock: Callable[[], float] = monotonic) -> None:
        self.size = size
        self.count = 0
        self.failed = 0
        self._clock = clock
        self._begun = clock()
        self._taken = 0
        self._ends: dict[int, int] = {}  # by the number of a task under way: how many bytes it and those before have
        self._done = 0
        self._recent: deque[tuple[float, int, int]] = deque([(self._begun, 0, 0)])  # moments: lines, bytes done

    def watch(self, tasks: Iterator[Task]) -> Iterator[Task]:
        """The same tasks."""
        for header, payload in tasks:
            self._taken += len(payload)
            self._ends[header["number"]] = self._taken
            yield header, payload

    def add(self, header: Header) -> None:
        """Count the answer to one task, or a part of it."""
        self.count += header["asked" if "asked" in header else "lines"]
        self.failed += sum(error[0] for error in header["errors"].values())
        self._done = self._ends.pop(header["number"], self._done)
        now = self._clock()
        if now > self._recent[-1][0] + SPAN / 100:
            self._recent.append((now, self.count, self._done))
            while len(self._recent) > 2 and self._recent[1][0] < now - SPAN:
                self._recent.popleft()

    def portion(self) -> int:
        """How many bytes the next task had better have: what takes a moment, however much work a line is."""
        return int(min(max(self._slope(2) * MOMENT, LEAST), MOST))

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock() - self._begun

    @property
    def part(self) -> float | None:
        """How much of the input is done, from 0 to 1; None where nobody knows."""
        return min(self._done / self.size, 1.0) if self.size else None

    @property
    def rate(self) -> float:
        """Lines a second, of late."""
        return self._slope(1)

    @property
    def left(self) -> float | None:
        """How many seconds it may still take; None where nobody knows."""
        slope = self._slope(2)
        return None if not self.size or not slope else max(self.size - self._done, 0) / slope

    def _slope(self, column: int) -> float:
        before = self._recent[0]
        done = self.count if column == 1 else self._done
        return (done - before[column]) / max(self._clock() - before[0], 1e-9)
