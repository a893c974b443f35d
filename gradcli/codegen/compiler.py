"""The system's C compiler: found at run time, and what it made kept in a private folder."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CANDIDATES = ("cc", "gcc", "clang")
PATIENCE = 60.0  # seconds for one compilation
SCRATCH = "compiling-"
MOST_KEPT = 200  # libraries, of about 30 kB each
FLAGS = ("-std=gnu11", "-O3", "-fPIC", "-shared", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-w")
# glibc's libmvec: off by up to 3.5 units in the last place, where its functions of one number are off by 0.5 to 2
LIBMVEC = ("exp", "log", "sin", "cos", "pow")
LIBMVEC_SINCE_2_35 = (
    "expm1", "log1p", "log2", "log10", "cbrt", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh",
    "atanh", "erf", "erfc", "atan2",
)  # fmt: skip


class Unavailable(Exception):
    """There is no compiler, or it did not do."""


class Compiler:
    """A compiler as a command, and what it says its version is."""

    __slots__ = ("command", "version")

    def __init__(self) -> None:
        """Raises Unavailable."""
        if os.name != "posix":
            raise Unavailable(f"loops in C are not for {platform.system()}")
        self.command = _command()
        self.version = _version(self.command)

    def library(self, source: str, flags: Sequence[str], accepts: Callable[[ctypes.CDLL], str | None]) -> ctypes.CDLL:
        """The shared library of SOURCE: from the cache, else compiled, and kept where ACCEPTS finds no fault with it.

        Raises Unavailable.
        """
        kept = self.kept(source, flags)
        if kept is not None:
            return kept
        folder, key = cache_folder(), self._key(source, flags)
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
            made = self._compiled(source, flags, Path(scratch))
            try:
                found = ctypes.CDLL(str(made))
            except OSError as error:
                raise Unavailable(f"what {self.command[0]} made cannot be loaded: {error}") from None
            fault = accepts(found)
            if fault is not None:
                raise Unavailable(fault)
            if folder is not None:
                _keep(made, folder, key)
        return found

    def kept(self, source: str, flags: Sequence[str]) -> ctypes.CDLL | None:
        """The same where it is in the cache."""
        folder = cache_folder()
        kept = None if folder is None else _kept(folder, self._key(source, flags))
        try:
            return None if kept is None else ctypes.CDLL(str(kept))
        except OSError:  # of another system: it is made again
            return None

    def _key(self, source: str, flags: Sequence[str]) -> str:
        parts = [source, *flags, *self.command, self.version, _machine()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]

    def vector_functions(self) -> tuple[str, ...]:
        """The functions that the C library has for several numbers at once, and this compiler calls."""
        name, version = platform.libc_ver()
        numbers = tuple([int(part) if part.isdigit() else 0 for part in version.split(".")])
        if name != "glibc" or platform.machine() != "x86_64" or "clang" in self.version:
            return ()
        return (*LIBMVEC, *LIBMVEC_SINCE_2_35) if numbers >= (2, 35) else LIBMVEC

    def _compiled(self, source: str, flags: Sequence[str], folder: Path) -> Path:
        text, made = folder / "rows.c", folder / "rows.so"
        text.write_text(source, "ascii")
        failed = ""
        for native in (["-march=native"], []):
            done = _run([*self.command, *flags, *native, "-o", str(made), str(text), "-lm"], folder)
            if done.returncode == 0 and made.exists():
                made.chmod(0o700)
                return made
            failed = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[0]
        raise Unavailable(f"{self.command[0]} failed: {failed}")


def cache_folder() -> Path | None:
    """The folder that compiled kernels are kept in, which nobody else may write to; None where there is none."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "gradcli"
        folder.mkdir(0o700, parents=True, exist_ok=True)
        if not is_private(folder, os.stat) or not os.access(folder, os.W_OK | os.X_OK):
            return None
    except (OSError, RuntimeError):  # no home
        return None
    return folder


def _kept(folder: Path, key: str) -> Path | None:
    """The library of this KEY, whole: its name says the digest of what is in it, since loading half of one is fatal."""
    for path in folder.glob(f"{key}-*.so"):
        if is_private(path, os.stat):
            try:
                if path.stem == f"{key}-{_digest(path.read_bytes())}":
                    os.utime(path)
                    return path
            except OSError:
                pass
    return None


def _keep(made: Path, folder: Path, key: str) -> None:
    """Move a library to the folder in one step; out of it the oldest of too many, and what killed runs left there."""
    try:
        made.replace(folder / f"{key}-{_digest(made.read_bytes())}.so")
        for path in sorted(folder.glob("*.so"), key=lambda path: path.stat().st_mtime)[:-MOST_KEPT]:
            path.unlink()
        for path in folder.glob(f"{SCRATCH}*"):
            if path.stat().st_mtime < time.time() - 86_400:
                shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass  # what cannot be kept is made again next time


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def is_private(path: Path, look: Callable[[Path], os.stat_result]) -> bool:
    """Whether PATH is there, ours, and nobody else may write to it."""
    try:
        found = look(path)
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _command() -> list[str]:
    named = os.environ.get("CC", "").strip()
    if named:
        try:
            words = shlex.split(named)
        except ValueError:
            words = []
        if not words or shutil.which(words[0]) is None:
            raise Unavailable(f"CC is {named!r}, and there is no such command")
        return words
    for name in CANDIDATES:
        if shutil.which(name):
            return [name]
    raise Unavailable("there is no C compiler (cc, gcc or clang)")


def _version(command: Sequence[str]) -> str:
    done = _run([*command, "--version"], Path(tempfile.gettempdir()))
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} --version failed")
    return f"{shutil.which(command[0])} {done.stdout}"


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """The command to its end, or to the end of our patience, and nothing left behind."""
    try:
        started = subprocess.Popen(  # noqa: S603
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace", env={**os.environ, "LC_ALL": "C"}, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise Unavailable(f"{command[0]} failed: {error}") from None
    try:
        out, err = started.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took more than {PATIENCE:g} seconds") from None
    finally:
        if started.returncode is None:  # also the processes that a compiler starts, which would hold the pipes
            os.killpg(started.pid, signal.SIGKILL)
            started.communicate()
    return subprocess.CompletedProcess(command, started.returncode, out, err)


def _machine() -> str:
    """What the compiled code depends on: the processor with all it can do, and the C library."""
    return " ".join([sys.platform, platform.machine(), *platform.libc_ver(), _processor()])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(line for line in lines if line.startswith(("model name", "flags", "Features", "CPU ")))
