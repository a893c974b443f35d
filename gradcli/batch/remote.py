"""What a worker of a cluster runs: chunks, by the function that it keeps for their description."""

from __future__ import annotations

import json
import threading
from time import perf_counter

import gradcli
from gradcli.batch import work
from gradcli.batch.frames import Frames, packed
from gradcli.errors import GradError, again

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.batch.work import Task, Work

    Answer = Task | GradError

KEPT = 4  # descriptions whose functions a thread keeps, with their kernels

_made = threading.local()


def answer(release: str, spec: str, tasks: bytes) -> bytes:
    """Frames of answers to frames of tasks, behind one that says how long they took; a GradError is the last of them.

    Text and bytes alone travel: dask would search lists and dicts for tasks of its own. ImportError where this is not
    the RELEASE that asks.
    """
    if release != gradcli.__version__:
        raise ImportError(f"gradcli {gradcli.__version__} where gradcli {release} asks")
    do = _kept(spec)
    begun = perf_counter()
    answers: list[Answer] = []
    for header, payload in Frames().feed(tasks):
        try:
            answers.append(do(header, payload))
        except GradError as error:
            answers.append(error)
            break
    return packed({"seconds": perf_counter() - begun}) + framed(answers)


def framed(answers: Iterable[Answer]) -> bytes:
    """Tasks or answers, one after the other; an error as the arguments that make it again."""
    return b"".join(
        packed({"error": each.__reduce__()[1]}) if isinstance(each, GradError) else packed(*each) for each in answers
    )


def unframed(frames: bytes) -> list[Answer]:
    """What was framed."""
    return [error_of(*each["error"]) if "error" in each else (each, rest) for each, rest in Frames().feed(frames)]


def error_of(kind: str, message: str, hint: str | None, source: str | None, spans: list[list[int]],
             belongs: list[int] | None, labels: list[str], operator: list[int] | None) -> GradError:  # fmt: skip
    """The error that had these arguments, after JSON made lists of its tuples."""
    pairs = tuple((low, high) for low, high in spans)
    return again(kind, message, hint, source, pairs, _span(belongs), labels, _span(operator))


def _span(pair: list[int] | None) -> tuple[int, int] | None:
    return None if pair is None else (pair[0], pair[1])


def _kept(spec: str) -> Work:
    """The function that a description makes, the same one for every chunk of a thread."""
    made: dict[str, Work] = _made.__dict__.setdefault("made", {})
    do = made.get(spec)
    if do is None:
        while len(made) >= KEPT:
            del made[next(iter(made))]
        do = made[spec] = work.make(json.loads(spec))
    return do


def inventory() -> dict[str, str]:
    """What can make the answers of two machines differ."""
    import platform
    from importlib.metadata import version

    return {
        "gradcli": gradcli.__version__,
        "Python": platform.python_version(),
        "numpy": version("numpy"),
        "libc": "-".join(platform.libc_ver()) or platform.system(),
        "machine": platform.machine(),
    }
