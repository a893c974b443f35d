"""Running gradcli: inside the test's own process, or as the command that a shell would start."""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from gradcli.cli import main

LAUNCHER = Path(__file__).parents[1] / "bin" / "gradcli"
QUIET = {"COLUMNS": "80", "TERM": "xterm", "LANG": "C.UTF-8"}
NOISY = ("NO_COLOR", "FORCE_COLOR", "LC_ALL", "LC_CTYPE", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONCOERCECLOCALE")
SURROUNDINGS = {name: value for name, value in os.environ.items() if name not in NOISY} | QUIET


class Said(NamedTuple):
    """An exit code, and what went to standard output and standard error."""

    code: int
    out: str
    err: str


def run(*argv: str, **how: object) -> Said:
    """What `gradcli ARGV` says, run in this process."""
    return said(lambda: main(list(argv)), **how)  # type: ignore[arg-type]


def said(
    work: Callable[[], int], *, stdin: bytes | None = b"", encoding: str = "utf-8", env: Mapping[str, str] | None = None
) -> Said:
    """What `work` says on streams of its own."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=e) for e in ("strict", "backslashreplace")]
    given = None if stdin is None else io.TextIOWrapper(io.BytesIO(stdin))
    out, err = streams
    with (
        mock.patch.dict(os.environ, SURROUNDINGS | dict(env or {}), clear=True),
        mock.patch.multiple(sys, stdout=out, stderr=err, stdin=given),
    ):
        code = work()
    for stream in streams:
        stream.flush()
    return Said(code, *(stream.buffer.getvalue().decode(encoding) for stream in streams))  # type: ignore[attr-defined]


def start(*argv: str, env: Mapping[str, str] | None = None, **how: object) -> Said:
    """What the command says, as a process of its own."""
    done = subprocess.run([*command(), *argv], capture_output=True, text=True, env=surroundings(env), **how)  # type: ignore[call-overload]
    return Said(done.returncode, done.stdout, done.stderr)


def shell(line: str, *, env: Mapping[str, str] | None = None) -> Said:
    """What a line of the shell says; `gradcli` in it is the command."""
    script = f'gradcli() {{ "$PYTHON" "$LAUNCHER" "$@"; }}; {line}'
    wider = surroundings(env) | {"PYTHON": sys.executable, "LAUNCHER": str(LAUNCHER)}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=wider, stdin=subprocess.DEVNULL)
    return Said(done.returncode, done.stdout, done.stderr)


def command() -> Sequence[str]:
    """The launcher, on the Python that runs the tests."""
    return [sys.executable, str(LAUNCHER)]


def surroundings(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment with no opinion on colour, width or letters, but for what ENV says."""
    return SURROUNDINGS | dict(env or {})
