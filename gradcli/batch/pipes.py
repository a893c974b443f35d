"""What goes to all workers and comes from them, as it arrives."""

from __future__ import annotations

import os
from collections import deque
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from gradcli.batch.frames import Frames, next_frame
from gradcli.batch.signals import unheard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.batch.started import Worker
    from gradcli.batch.work import Task

    Event = tuple[Worker, Task | None]

PIECE = 1 << 20


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
        with unheard("SIGINT", "SIGTERM"):
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
        """Let the threads end: those that read end with their workers."""
        for unsent in self._unsent.values():
            unsent.put(None)


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
