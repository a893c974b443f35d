"""An answer that goes into a file: all of it or nothing, whatever goes wrong on the way."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout, suppress
from io import BytesIO, TextIOWrapper

from gradcli.cli.options import option_of
from gradcli.cli.quick import SUFFIXES
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.cli.quick import Request

CANNOT_WRITE = 74
PICTURES = (".svg", ".png", ".dot", ".mmd")
ENDINGS = (*PICTURES, ".html", ".md", ".tex", ".json", ".txt")  # that say a format


class Unwritable(GradError):
    """The file cannot be written."""

    code = CANNOT_WRITE


def to_file(request: Request, command: Callable[[Request], int]) -> int:
    """Run a COMMAND with its file in the place of standard output, and say its exit code.

    The file is as it was where the command fails. Raises GradError where it cannot be written (exit code 74).
    """
    path: str = request["output"]
    if path == "-":
        return command(request)
    check_ending(request, path)
    gathered = TextIOWrapper(BytesIO(), "utf-8", newline="\n")
    with redirect_stdout(gathered):
        code = command(request)
    gathered.flush()
    put(path, gathered.buffer.getvalue())
    return code


def check_ending(request: Request, path: str) -> None:
    """Raise GradError (usage) where the file's name promises what the command does not write."""
    ending = os.path.splitext(path)[1].lower()
    if request.command == "code":
        language = ".c" if request.target == "c" else ".py"
        if not request.json and ending not in (language, ".txt", ""):
            hint = "end it in .py or .c"
            if ending in (".c", ".py"):
                hint = f"end it in {language}, or choose another --target"
            raise GradError("usage", f"{path!r} is no name for code in {request.target}", hint=hint)
    elif request.command != "graph" and "format" not in request.given and "json" not in request.given:
        option = option_of(request.command, "--format")
        own = [SUFFIXES.get(choice, f".{choice}") for choice in option.choices] if option is not None else []
        if ending in ENDINGS and ending not in own:
            hint = f"end it in {', '.join(own[:-1])} or {own[-1]}, or add --format"
            if ending in PICTURES:
                hint += f"; gradcli graph draws {ending}"
            raise GradError("usage", f"{request.command} writes no {ending}", hint=hint)


def put(path: str, content: bytes) -> None:
    """Write CONTENT to the file at PATH, which keeps what it had if that fails."""
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(21, "it is a folder")
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe or a device
            with open(path, "wb") as stream:
                stream.write(content)
            return
        path = os.path.realpath(path)
        beside = f"{path}.{os.getpid()}~"
        try:
            with open(beside, "wb") as stream:
                stream.write(content)
            if os.path.exists(path):
                os.chmod(beside, os.stat(path).st_mode & 0o777)
            os.replace(beside, path)
        except BaseException:
            with suppress(OSError):
                os.remove(beside)
            raise
    except (OSError, ValueError) as cause:
        said = getattr(cause, "strerror", None) or str(cause)
        raise Unwritable("file", f"{path} cannot be written: {said.lower()}") from None


def onto_screen(content: bytes) -> None:
    """Write bytes to standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
