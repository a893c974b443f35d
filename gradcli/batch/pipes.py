"""Worker processes and the pipes to them."""

from __future__ import annotations

import os
import sys
from collections import deque
from queue import Empty, SimpleQueue
from subprocess import DEVNULL, PIPE, Popen
from threading import Lock, Thread

from gradcli.batch.frames import Frames, next_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.batch.work import Task

    Event = tuple["Worker", Task | None]

START = "import sys; sys.path[:] = sys.argv[1:]; from gradcli.launch import work; work()"
ROOM = 1 << 20  # bytes in a pipe, so that a worker need not wait until its answer is read
PIECE = 1 << 20


def start_command() -> list[str]:
    """The command of a worker: this Python, with the path on which this process found its modules."""
    if not sys.executable:
        raise OSError(2, "the path of Python is not known")
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = [os.path.abspath(place or os.curdir) for place in sys.path]
    return [sys.executable, "-P", "-c", START, *path, *([] if home in path else [home])]


class Worker:
    """A process that reads frames and writes frames."""

    __slots__ = ("flight", "process", "ready")

    def __init__(self, command: Sequence[str]) -> None:
        """Start it. OSError where the machine has no room for another process."""
        self.flight: deque[Any] = deque()  # what it has been given and not answered, in order
        self.ready = False
        with _Unheard():
            self.process = Popen(command, bufsize=0, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)  # noqa: S603
        _widen(self.entry)
        _widen(self.exit)

    @property
    def entry(self) -> int:
        """Where its frames are written."""
        assert self.process.stdin is not None
        return self.process.stdin.fileno()

    @property
    def exit(self) -> int:
        """Where its answers are read."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def end(self) -> int:
        """Kill it, if it still runs, and say its exit code; a worker has nothing to tidy."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        return self.process.wait()


class _Unheard:
    """Within it, processes start so that Ctrl-C does not reach them: it is this process that ends them."""

    def __enter__(self) -> None:
        if os.name != "nt":
            import signal

            self.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def __exit__(self, *_: object) -> None:
        if os.name != "nt":
            import signal

            signal.pthread_sigmask(signal.SIG_SETMASK, self.before)


def _widen(pipe: int) -> None:
    try:
        from fcntl import F_SETPIPE_SZ, fcntl

        fcntl(pipe, F_SETPIPE_SZ, ROOM)
    except (ImportError, OSError):  # not Linux, or the user has as many pages in pipes as are allowed
        pass


class Polled:
    """The pipes to all workers, watched by one thread."""

    def __init__(self) -> None:
        from select import poll

        self._poll = poll()
        self._workers: dict[int, Worker] = {}
        self._unsent: dict[int, deque[memoryview]] = {}
        self._frames: dict[int, Frames] = {}
        self._woken, self._wake = os.pipe()
        self._open = Lock()  # a thread that wakes must not write to whatever took the number of a closed pipe
        self._poll.register(self._woken, 1)

    def add(self, worker: Worker) -> None:
        """Watch the pipes of WORKER from now on."""
        for pipe in (worker.entry, worker.exit):
            os.set_blocking(pipe, False)
            self._workers[pipe] = worker
        self._unsent[worker.entry] = deque()
        self._frames[worker.exit] = Frames()
        self._poll.register(worker.exit, 1)

    def remove(self, worker: Worker) -> None:
        """Watch them no longer."""
        for pipe in (worker.entry, worker.exit):
            if self._workers.pop(pipe, None) is not None and (pipe == worker.exit or self._unsent[pipe]):
                self._poll.unregister(pipe)
        self._unsent.pop(worker.entry, None)
        self._frames.pop(worker.exit, None)

    def send(self, worker: Worker, frame: bytes) -> None:
        """Write FRAME as far as there is room, and the rest during `wait`."""
        unsent = self._unsent[worker.entry]
        if not unsent:
            self._poll.register(worker.entry, 4)
        unsent.append(memoryview(frame))
        self._write(worker.entry)

    def wake(self) -> None:
        """Let `wait` return; for other threads."""
        with self._open:
            if self._wake >= 0:
                os.write(self._wake, b"!")

    def wait(self) -> list[Event]:
        """What has arrived, once something has: frames, each with its worker; (worker, None) for one that has gone."""
        found: list[Event] = []  # first all of it: whoever reads this may close pipes, and open others by their numbers
        for pipe, event in self._poll.poll():
            if pipe == self._woken:
                os.read(pipe, PIECE)
            elif pipe in self._unsent:
                self._write(pipe, gone=event & ~4)
            elif pipe in self._frames:
                worker, data = self._workers[pipe], _read(pipe)
                if data:
                    found += ((worker, frame) for frame in self._frames[pipe].feed(data))
                elif data is not None:
                    found.append((worker, None))
        return found

    def _write(self, pipe: int, *, gone: int = 0) -> None:
        unsent = self._unsent[pipe]
        try:
            while unsent and not gone:
                rest = unsent[0][os.write(pipe, unsent[0]) :]
                if rest:
                    unsent[0] = rest
                else:
                    unsent.popleft()
        except BlockingIOError:
            return
        except OSError:
            gone = 1
        if gone:
            unsent.clear()  # its other pipe says so, too
        self._poll.unregister(pipe)

    def close(self) -> None:
        """Forget everything."""
        with self._open:
            os.close(self._woken)
            os.close(self._wake)
            self._wake = -1


def _read(pipe: int) -> bytes | None:
    try:
        return os.read(pipe, PIECE)
    except BlockingIOError:
        return None
    except OSError:
        return b""


class Threaded:
    """The same with two threads for each worker, where pipes cannot be watched: on Windows."""

    def __init__(self) -> None:
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._unsent: dict[int, SimpleQueue[bytes | None]] = {}

    def add(self, worker: Worker) -> None:
        """Watch the pipes of WORKER from now on."""
        unsent: SimpleQueue[bytes | None] = SimpleQueue()
        self._unsent[id(worker)] = unsent
        Thread(target=self._read, args=(worker,), daemon=True).start()
        Thread(target=_write, args=(worker, unsent), daemon=True).start()

    def remove(self, worker: Worker) -> None:
        """Watch them no longer."""
        unsent = self._unsent.pop(id(worker), None)
        if unsent is not None:
            unsent.put(None)

    def send(self, worker: Worker, frame: bytes) -> None:
        """Write FRAME, in the background."""
        self._unsent[id(worker)].put(frame)

    def wake(self) -> None:
        """Let `wait` return; for other threads."""
        self._events.put(None)

    def wait(self) -> list[Event]:
        """As that of `Polled`."""
        found = [self._next()]
        while not self._events.empty():
            found.append(self._events.get())
        return [event for event in found if event is not None]

    def _next(self) -> Event | None:
        while True:  # Ctrl-C is not heard on Windows while a thread waits without an end
            try:
                return self._events.get(timeout=0.2)
            except Empty:
                pass

    def _read(self, worker: Worker) -> None:
        stream = worker.process.stdout
        assert stream is not None
        try:
            with open(os.dup(stream.fileno()), "rb") as own:
                while (frame := next_frame(own)) is not None:
                    self._events.put((worker, frame))
        except OSError:
            pass
        self._events.put((worker, None))

    def close(self) -> None:
        """The threads end with their workers."""


def _write(worker: Worker, unsent: SimpleQueue[bytes | None]) -> None:
    stream = worker.process.stdin
    assert stream is not None
    try:
        with open(os.dup(stream.fileno()), "wb", 0) as own:
            while (frame := unsent.get()) is not None:
                rest = memoryview(frame)
                while rest:
                    rest = rest[own.write(rest) :]
    except OSError:  # the reader says that it has gone
        pass
