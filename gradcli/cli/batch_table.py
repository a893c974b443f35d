"""The answers of a batch as a table: the first and the last of them, and those between that failed."""

from __future__ import annotations

import sys
from collections import deque

from gradcli.batch.sinks import Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

MOST_ROWS = 60  # of a table
FAILURE = b'"error":{'


class Drawn(Stream):
    """Standard output as a table of the first and the last answers, and of those between that failed."""

    def __init__(self, digits: int | None) -> None:
        super().__init__(sys.stdout.buffer)
        self.digits = digits or 6
        self.total = 0
        self.first: list[tuple[int, bytes]] = []
        self.failed: list[tuple[int, bytes]] = []
        self.last: deque[tuple[int, bytes]] = deque(maxlen=MOST_ROWS // 3)

    def write(self, payload: bytes) -> None:
        """Whole lines, of which a few are kept."""
        for line in payload.splitlines():
            self.total += 1
            row = self.total, line
            if len(self.first) < MOST_ROWS:
                self.first.append(row)
            elif len(self.failed) < MOST_ROWS // 3 and FAILURE in line:
                self.failed.append(row)
            self.last.append(row)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()

    def close(self) -> None:
        """Draw it."""
        import json

        from gradcli.cli.screen import Screen
        from gradcli.render.batch import draw

        rows = dict(self.first)
        if self.total > MOST_ROWS:
            third = MOST_ROWS // 3
            failed = [row for row in self.first[third:] if FAILURE in row[1]]
            rows = dict([*self.first[:third], *[*failed, *self.failed][:third], *self.last])
        answers = [(number, json.loads(rows[number])) for number in sorted(rows)]
        screen = Screen()
        screen.show(draw(answers, self.total, width=screen.width, unicode=screen.unicode, digits=self.digits))
