"""How to come to a dask scheduler: one that runs somewhere, or one of our own; without a word from dask."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from threading import Thread
from time import monotonic, sleep

from gradcli.batch.remote import inventory
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Say = Callable[[str], None]

PATIENCE = 8  # seconds until a scheduler must have answered
WORKERS_WITHIN = 60.0  # seconds until it must have a worker
GREETING = 1 << 20  # bytes, more than a scheduler's first message has
LOST = 2.0  # seconds until a worker of our own that was killed and has not come back is replaced
SILENT = 60  # above every level of logging
LOUD = ("distributed", "tornado", "asyncio", "dask", "bokeh")
NAMED = 3  # workers that a message names


def hush() -> None:
    """Import distributed, and let neither it nor what it stands on write to standard error, here or in workers to come.

    GradError where it is not installed.
    """
    import logging
    import warnings

    os.environ.setdefault("DASK_DISTRIBUTED__LOGGING__DISTRIBUTED", "critical")
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")  # which is at odds with a process that is killed
    try:
        import distributed  # noqa: F401
    except ImportError as cause:
        missing = cause.name or "distributed"
        hint = "pip install 'gradcli[dask]'"
        raise GradError("usage", f"the engine dask needs {missing}, which is not installed", hint=hint) from None
    loud = [name for name in logging.root.manager.loggerDict if name.startswith("distributed.")]
    for name in (*LOUD, *loud):
        logging.getLogger(name).setLevel(SILENT)
    warnings.filterwarnings("ignore", module=r"(distributed|dask|tornado|asyncio)(\.|$)")


class Own:
    """A scheduler in this process and workers beside it, on the loopback address alone."""

    def __init__(self, workers: int) -> None:
        from tempfile import TemporaryDirectory

        import dask.config
        from distributed import LocalCluster

        self._folder = TemporaryDirectory(prefix="gradcli-", ignore_cleanup_errors=True)
        self.count = workers
        self._settings = dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 0,  # a chunk that was killed is tried again, alone
                "distributed.deploy.lost-worker-timeout": f"{LOST}s",
                "distributed.worker.profile.enabled": False,
            }
        )
        try:
            with _unheard():
                self._cluster: Any = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    protocol="tcp://",
                    dashboard_address=None,
                    memory_limit=0,
                    silence_logs=SILENT,
                    local_directory=self._folder.name,
                )
        except BaseException:
            self._folder.cleanup()
            raise

    @property
    def address(self) -> str:
        """Of the scheduler."""
        return str(self._cluster.scheduler_address)

    def processes(self) -> list[int]:
        """The numbers of the worker processes that run."""
        return [nanny.pid for nanny in list(self._cluster.workers.values()) if nanny.pid is not None]

    def fill_up(self) -> None:
        """Start workers in the place of those that were killed before they had quite started."""
        self._cluster.scale(self.count)

    def stop(self) -> None:
        """Kill every worker, also one in the middle of a chunk: they have nothing to tidy."""
        for nanny in list(self._cluster.workers.values()):
            nanny.close_gracefully()  # or it would start another one
        for process in self.processes():
            with suppress(OSError):
                os.kill(process, 9)

    def close(self) -> None:
        """End the scheduler."""
        with suppress(Exception):
            self._cluster.close(timeout=1)
        self._settings.__exit__(None, None, None)
        self._folder.cleanup()


@contextmanager
def _unheard() -> Iterator[None]:
    """Within it, threads start that Ctrl-C does not reach, nor the processes that they start later."""
    if os.name == "nt":
        yield
        return
    import signal
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # else the thread that starts the first process would, and hear Ctrl-C from then on
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def client_of(address: str) -> Any:
    """A client of the scheduler at ADDRESS; GradError where none answers there."""
    import dask.config
    from distributed import Client

    class Quiet(Client):  # type: ignore[misc]
        def __del__(self) -> None:
            """Closing one that never met its scheduler takes long and writes to standard error."""

    found: list[Any] = []

    def meet() -> None:
        try:
            _greeted(address)
            found.append(Quiet(address, timeout=PATIENCE, set_as_default=False))
        except Exception as cause:  # garbage that answers can make dask fail in any way
            found.append(cause)

    with dask.config.set({"distributed.comm.timeouts.connect": f"{PATIENCE}s"}), _unheard():
        thread = Thread(target=meet, daemon=True)  # dask itself may wait without an end
        thread.start()
        thread.join(PATIENCE + 2)
    came = found[0] if found else TimeoutError()
    if isinstance(came, Exception):
        raise GradError("usage", f"no dask scheduler answers at {address}", hint=_why(came))
    return came


def _greeted(address: str) -> None:
    """Return when something at a tcp address has begun as a scheduler does, with the size of a short message.

    What listens there may as well say nothing, or say something that dask would take for the size of a huge one.
    """
    import socket

    from distributed.comm.addressing import parse_address, parse_host_port

    scheme, place = parse_address(address)
    if scheme != "tcp":
        return
    end = monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection(parse_host_port(place), timeout=max(0.1, end - monotonic())) as line:
                size = int.from_bytes(line.recv(8), "little")
        except ConnectionError:  # it may be about to start
            if monotonic() > end:
                raise
            sleep(0.2)
            continue
        if not 0 < size < GREETING:
            raise ConnectionError("what answers is not dask")
        return


def _why(cause: BaseException) -> str:
    while cause.__cause__ is not None:
        cause = cause.__cause__
    text = f"{getattr(cause, 'strerror', None) or cause}" or type(cause).__name__
    if isinstance(cause, TimeoutError):
        text = f"nothing was heard for {PATIENCE} seconds"
    return text.splitlines()[0] + "\nan address looks like tcp://HOST:8786" * (type(cause) is ValueError)


def is_killed(error: BaseException) -> bool:
    """Whether it says that the workers which tried something were killed."""
    from distributed import KilledWorker

    return isinstance(error, KilledWorker)


def is_open(address: str) -> bool:
    """Whether ADDRESS speaks without encryption and is not on this machine's loopback."""
    scheme, _, rest = address.rpartition("://")
    if scheme not in ("", "tcp"):
        return False
    host = rest.partition("/")[0].rpartition(":")[0].strip("[]") or rest
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def await_workers(client: Any, address: str, say: Say) -> None:
    """Return when there is a worker; GradError where none comes."""
    begin = monotonic()
    told = False
    while not client.nthreads():
        waited = monotonic() - begin
        if waited > WORKERS_WITHIN:
            hint = f"start some with: dask worker {address}"
            raise GradError("usage", f"the scheduler at {address} has no workers", hint=hint)
        if waited > 1 and not told:
            say(f"waiting for workers at {address}")
            told = True
        sleep(0.1)


def check(client: Any, say: Say) -> None:
    """See that the scheduler and every worker have this gradcli; GradError says which do not.

    What may change the last digits, such as another numpy, is told to SAY.
    """
    here = inventory()
    try:
        found: dict[str, Any] = {"the scheduler": client.run_on_scheduler(inventory)}
    except Exception as cause:  # whatever went wrong over there
        found = {"the scheduler": cause}
    found |= client.run(inventory, on_error="return")
    release = here["gradcli"]
    others = {place: _release(what) for place, what in found.items()}
    wrong = {place: what for place, what in others.items() if what != release}
    if wrong:
        which = ", ".join(f"{place} has {what}" for place, what in list(wrong.items())[:NAMED])
        more = f" and {len(wrong) - NAMED:,} more" if len(wrong) > NAMED else ""
        raise GradError(
            "usage",
            f"the scheduler and every worker must have gradcli {release}: {which}{more}",
            hint=f"pip install 'gradcli[dask]=={release}', where the scheduler and the workers run",
        )
    differing = list(_differing(here, found))
    if differing:
        say(f"last digits may differ from those of this machine: {'; '.join(differing)}")


def _release(what: Mapping[str, str] | BaseException) -> str:
    if not isinstance(what, BaseException):
        return what["gradcli"]
    text = str(what)
    if "No module named 'gradcli'" in text or 'No module named "gradcli"' in text:
        return "none"
    return "another" if "gradcli" in text else f"no answer ({text.splitlines()[0] if text else type(what).__name__})"


def _differing(here: Mapping[str, str], found: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for fact, value in here.items():
        other = sorted({what[fact] for what in found.values() if what[fact] != value})
        if other:
            yield f"{fact} {', '.join(other)} there, {value} here"
