"""The line on a terminal that says how far a long run has come: drawn again and again in its place, gone at the end."""

from __future__ import annotations

import os
import sys

from gradcli.cli.terminal import complain, note_text, says_colour, says_unicode, width_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.batch.pace import Pace

FROM = 2.0  # seconds from which on a run shows how far it is
EVERY = 0.2
ERASE = "\r\x1b[2K"


class Progress:
    """Draws a PACE on standard error, where that is a terminal and standard output does not scroll on the same one."""

    def __init__(
        self, label: str, pace: Pace, *, unit: str = "lines", quiet: bool = False, to_file: bool = False
    ) -> None:
        self.label = label
        self.pace = pace
        self.unit = unit
        self._shows = not quiet and _can_redraw() and (to_file or not sys.stdout.isatty())
        self._next = FROM
        self._drawn = False

    def tick(self) -> None:
        """Draw the line again, if it is time to."""
        if not self._shows or self.pace.seconds < self._next:
            return
        self._next = self.pace.seconds + EVERY
        from gradcli.cli.screen import drawn
        from gradcli.render.progress import line

        width = width_of(sys.stderr) - 1  # in its last cell some terminals go to the next line
        pace = self.pace
        text = line(
            self.label, count=pace.count, unit=self.unit, rate=pace.rate, failed=pace.failed, part=pace.part,
            left=pace.left, width=width, unicode=says_unicode(sys.stderr),
        )  # fmt: skip
        self._write(ERASE + drawn([text], width=width + 1, colour=says_colour(sys.stderr)).rstrip("\n"))
        self._drawn = True

    def say(self, message: str) -> None:
        """A note above the line."""
        self.erase()
        complain(note_text([message]))

    def erase(self) -> None:
        """Take the line away."""
        if self._drawn:
            self._drawn = False
            self._write(ERASE)

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # nobody is there to see it
            self._shows = False


def _can_redraw() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown", None)
