"""The command line: two doors, one set of options, exit codes that mean something."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED, UNWRITABLE, INTERRUPTED, CLOSED_PIPE, TERMINATED = 1, 74, 130, 141, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and say its exit code."""
    try:
        if argv is None:
            leave_on_termination()
        if sys.stdout is None:
            raise OSError(9, "standard output is closed")
        if argv is None:
            buffer_output()
        code = run(in_unicode(sys.argv[1:]) if argv is None else argv)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        abandon_output()
        return CLOSED_PIPE
    except OSError as error:
        abandon_output()
        return _last_words(f"cannot write output: {error.strerror or error}", UNWRITABLE)
    except MemoryError:
        return _last_words("out of memory", FAILED)
    except KeyboardInterrupt:
        abandon_output()
        return _last_words("interrupted", INTERRUPTED)
    except Terminated:
        abandon_output()
        return _last_words("terminated", TERMINATED)


def run(argv: Sequence[str]) -> int:
    """Answer through the quick door, or through the one that knows help, completion and every error."""
    from gradcli.cli.quick import read

    request = read(argv)
    if request is None:
        from gradcli.cli.door import enter

        return enter(argv)
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # a captured stream may have none
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    from gradcli.cli.commands import answer

    return answer(request)


def in_unicode(words: Sequence[str]) -> list[str]:
    """The words as UTF-8 where the locale cannot read them: an ASCII locale makes two letters of é."""
    readable = []
    for word in words:
        if not word.isascii():
            try:
                word = os.fsencode(word).decode()
            except UnicodeError:
                pass
        readable.append(word)
    return readable


def buffer_output() -> None:
    """Give standard output a buffer where PYTHONUNBUFFERED took it: without one, a write that a closed pipe cuts short
    goes unnoticed."""
    if not hasattr(sys.stdout.buffer, "raw"):
        sys.stdout = open(sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, closefd=False)  # noqa: SIM115


class Terminated(BaseException):
    """SIGTERM arrived: everything is left in order."""


def leave_on_termination() -> None:
    """Let SIGTERM unwind the program instead of cutting it off."""
    import _signal  # type: ignore[import-not-found]  # the module `signal` would import enum

    def leave(*_: object) -> None:
        raise Terminated

    _signal.signal(_signal.SIGTERM, leave)


def abandon_output() -> None:
    """Let the flush at the interpreter's exit go nowhere: the failure has been dealt with."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # closed, or no file at all
        pass


def _last_words(message: str, code: int) -> int:
    from gradcli.cli.terminal import complain

    complain(f"gradcli: {message}")
    return code
