"""A worker process: frames in, frames out, in their order, until standard input ends."""

from __future__ import annotations

import gc
import os

from gradcli.batch.frames import next_frame, packed
from gradcli.batch.work import make
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

BUFFER = 1 << 18
MORE_OBJECTS = 50_000  # before the garbage collector looks: answers leave little of it


def main() -> NoReturn:
    """Read what kind of work it is, then one task after the other; leave without the interpreter's tidying."""
    entry, out = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # what anyone prints must not get between the frames
    leave_with_the_parent(entry)
    try:
        _answer_all(entry, out)
    except OSError:  # nobody reads the answers
        pass
    except MemoryError:  # for the parent the same as being killed for it
        os._exit(1)
    os._exit(0)


def leave_with_the_parent(entry: int) -> None:
    """End this process when the other end of ENTRY closes, also in the middle of a long task."""
    if os.name == "nt":
        return
    from _thread import start_new_thread
    from select import poll

    watched = poll()
    watched.register(entry, 0)  # no event but that nobody can write any more

    def watch() -> None:
        watched.poll()
        os._exit(0)

    start_new_thread(watch, ())


def _answer_all(entry: int, out: int) -> None:
    with open(entry, "rb", BUFFER) as stream:
        first = next_frame(stream)
        if first is None:
            return
        _send(out, {"ready": True})
        do = None
        while (task := next_frame(stream)) is not None:
            try:
                if do is None:
                    do = make(first[0])
                    gc.collect()
                    gc.freeze()
                    gc.enable()
                    gc.set_threshold(MORE_OBJECTS, 20, 20)
                header, payload = do(*task)
            except GradError as error:
                _send(out, {"error": error.__reduce__()[1]})
            except Exception as error:
                if isinstance(error, MemoryError):
                    raise
                from traceback import format_exc

                _send(out, {"bug": format_exc()})
            else:
                _send(out, header, payload)


def _send(out: int, header: dict[str, object], payload: bytes = b"") -> None:
    rest = memoryview(packed(header, payload))
    while rest:
        rest = rest[os.write(out, rest) :]
