"""The one place that makes a rich console: how wide, in which letters, in colour or not."""

from __future__ import annotations

import sys
from io import StringIO

from rich.console import Console

from gradcli.cli.terminal import says_colour, says_unicode, width_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from rich.console import RenderableType

HEIGHT = 100  # rich asks for one; nothing here depends on it


class Screen:
    """Standard output as a place to draw on."""

    def __init__(self) -> None:
        self.width = width_of(sys.stdout)
        self.unicode = says_unicode(sys.stdout)
        self.colour = says_colour(sys.stdout)

    def show(self, renderables: Iterable[RenderableType]) -> int:
        """Draw one thing below the other, and say the exit code."""
        sys.stdout.write(drawn(renderables, width=self.width, colour=self.colour))
        return 0


def drawn(renderables: Iterable[RenderableType], *, width: int, colour: bool = False) -> str:
    """What is to be written: rich would answer a closed pipe in its own way."""
    console = console_on(StringIO(), width=width, colour=colour)
    with console.capture() as captured:
        for renderable in renderables:
            console.print(renderable)
    return captured.get()


def console_on(stream: TextIO, *, width: int, colour: bool, record: bool = False) -> Console:
    """A console that prints what it is given: no markup, no guesses about the environment."""
    return Console(
        file=stream,
        width=width,
        height=HEIGHT,
        color_system="standard" if colour else None,
        force_terminal=colour,
        force_jupyter=False,
        force_interactive=False,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        legacy_windows=False,
        record=record,
        _environ={},
    )
