"""What the streams can show: their width, their letters, colour; and everything that goes to standard error."""

from __future__ import annotations

import os
import sys

from gradcli.render.plain import escaped, hanging, in_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from gradcli.errors import GradError

USUAL_WIDTH, NARROWEST, WIDEST = 80, 20, 1000
SIGNS = "∂×→─…"
RED, YELLOW, PLAIN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[0m"


def width_of(stream: TextIO | None) -> int:
    """COLUMNS, or the width of the terminal, or 80; within bounds that can be drawn."""
    columns = os.environ.get("COLUMNS", "")
    cells = int(columns) if columns.isascii() and columns.isdigit() and len(columns) < 9 else 0
    if not cells and stream is not None:
        try:
            cells = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError, AttributeError):  # no terminal, closed, or no file at all
            pass
    return min(max(cells or USUAL_WIDTH, NARROWEST), WIDEST)


def says_unicode(stream: TextIO | None) -> bool:
    """Whether the stream can show the signs of mathematics and the lines of tables."""
    if os.environ.get("TERM") == "dumb":
        return False
    try:
        SIGNS.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def sayable(json: str, stream: TextIO | None) -> str:
    """JSON as the stream can carry it: as it is, or with escapes beyond ASCII."""
    try:
        json.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return escaped(json)
    return json


def says_colour(stream: TextIO | None) -> bool:
    """Colour on a terminal only; NO_COLOR forbids it anywhere, FORCE_COLOR asks for it, FORCE_COLOR=0 does not."""
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    if forced:
        return forced.lower() not in ("0", "false", "no", "off")
    return stream is not None and stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def complain(text: str) -> None:
    """One text on standard error; where that is closed, there is nobody to tell."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        pass


def error_text(error: GradError, *, as_json: bool) -> str:
    """An error as a block of lines with marks under the place, or as JSON's object."""
    from gradcli.errors import as_object, describe

    if as_json:
        from gradcli.text import json_text

        return sayable(json_text(as_object(error)), sys.stderr)
    text = describe(error, width=width_of(sys.stderr))
    if not says_unicode(sys.stderr):
        text = in_ascii(text)
    if says_colour(sys.stderr):
        text = "\n".join(map(_with_colour, text.split("\n")))
    return text


def _with_colour(line: str) -> str:
    if line.startswith("error:"):
        return f"{RED}error:{PLAIN}{line[6:]}"
    return f"{RED}{line}{PLAIN}" if line.strip() and not line.strip(" ^-") else line


def note_text(messages: Sequence[str]) -> str:
    """Notes, one after the other, wrapped under their first word."""
    lines = [hanging("note: ", message, width_of(sys.stderr)) for message in messages]
    if not says_unicode(sys.stderr):
        lines = [hanging("note: ", in_ascii(message), width_of(sys.stderr)) for message in messages]
    if says_colour(sys.stderr):
        lines = [f"{YELLOW}note:{PLAIN}{line[5:]}" for line in lines]
    return "\n".join(lines)
