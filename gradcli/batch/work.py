"""The unit that every engine runs: a plain function of bytes, made of a description that is JSON.

A kind of work is a module with these functions, of which the first alone is always needed:

    work(spec) -> do                            do(header, payload) -> (header_out, payload_out)
    pieces(spec, header, payload) -> [task]     the same chunk as chunks of one line, to find the line that kills
    lost(spec, header, payload, message)        the answer of a chunk that no worker survived, or a GradError
    answers(spec, header, payload) -> int       how many lines of output the chunk gives, without computing them
    told(spec, header, payload, output)         the header of the answer that an earlier run wrote as OUTPUT

Headers are JSON: a task's has "number", "first" and "file", an answer's "number", "lines" and "errors". The bytes out
depend on the task alone, so it does not matter where, in which order and how often it runs.
"""

from __future__ import annotations

from importlib import import_module

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Header = dict[str, Any]
    Spec = dict[str, Any]
    Task = tuple[Header, bytes]
    Work = Callable[[Header, bytes], Task]

KINDS = {"batch": "gradcli.batch.lines", "map": "gradcli.batch.rows"}


def make(spec: Spec) -> Work:
    """The function that SPEC describes; only the modules of its kind are imported."""
    made: Work = _module(spec).work(spec)
    return made


def pieces(spec: Spec, header: Header, payload: bytes) -> Iterable[Task]:
    """A chunk as chunks that are as small as can be; itself where its kind of work cannot be split."""
    split = getattr(_module(spec), "pieces", None)
    found: Iterable[Task] = split(spec, header, payload) if split else [(header, payload)]
    return found


def lost(spec: Spec, header: Header, payload: bytes, message: str) -> Task:
    """What stands for the answer of a chunk whose workers were killed."""
    instead = getattr(_module(spec), "lost", None)
    if instead is None:
        place = f"row {header['first']:,} and after" if "first" in header else f"chunk {header['number']:,}"
        hint = "the machine may have too little memory: try --jobs 1"
        raise GradError("limit", f"{header.get('file', 'the data')}, {place}: {message}", hint=hint)
    found: Task = instead(spec, header, payload, message)
    return found


def answers(spec: Spec, header: Header, payload: bytes) -> int:
    """How many lines of output a chunk gives."""
    found: int = _module(spec).answers(spec, header, payload)
    return found


def told(spec: Spec, header: Header, payload: bytes, output: bytes) -> Header:
    """The header that belongs to OUTPUT, the answer to a chunk; nothing is computed again."""
    found: Header = _module(spec).told(spec, header, payload, output)
    return found


def _module(spec: Spec) -> Any:
    return import_module(KINDS[spec["kind"]])
