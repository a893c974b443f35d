"""The engine over dask: the bytes of one process, whichever workers die, and clear words where there is no cluster."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from batch.fake_work import COMMAND

pytest.importorskip("distributed")

from gradcli.batch import connection
from gradcli.batch.cluster import Dask
from gradcli.batch.cluster_run import ClusterLost
from gradcli.batch.connection import is_open
from gradcli.batch.engines import Serial
from gradcli.batch.processes import Processes
from gradcli.batch.remote import framed, unframed
from gradcli.errors import GradError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FAKE = {"kind": "fake"}
TESTS = Path(__file__).parents[1]
HOME = TESTS.parent
PATH = os.pathsep.join(map(str, (HOME, TESTS)))
KNOWS = {"DASK_DISTRIBUTED__WORKER__PRELOAD": "['batch.fake_work']", "PYTHONPATH": PATH}  # a worker with the fake work
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def own():
    """A cluster of this machine's own, which the tests of this file share, and what it said."""
    import dask.config

    said = []
    with (
        dask.config.set({"distributed.worker.preload": ["batch.fake_work"]}),
        Dask(jobs=2, say=said.append) as engine,
    ):
        engine.said = said
        yield engine


@pytest.fixture
def started():
    """Starts commands of dask, and ends them with the test."""
    running = []

    def start(*words, **environment):
        clean = {name: value for name, value in os.environ.items() if name not in KNOWS}
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *map(str, words), "--no-dashboard"], env=clean | environment, cwd=TESTS,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def free_port():
    with socket.socket() as line:
        line.bind((HOST, 0))
        return line.getsockname()[1]


def tasks(lines, size=7):
    """Chunks of a few lines."""
    for number, at in enumerate(range(0, len(lines), size)):
        yield {"number": number, "first": at + 1, "file": "f"}, b"".join(lines[at : at + size])


def bytes_of(answers):
    return b"".join(payload for _, payload in answers)


def numbered(count):
    return [b"line %d\n" % number for number in range(1, count + 1)]


def gradcli(*words, **how):
    """The command, in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    return subprocess.run([sys.executable, "-m", "gradcli", *words], env=environment, capture_output=True, **how)


def test_the_answers_are_those_of_one_process(own):
    """Headers and bytes, in order."""
    lines = numbered(1000)
    assert list(own.run(FAKE, tasks(lines))) == list(Serial().run(FAKE, tasks(lines)))
    assert list(own.run(FAKE, tasks([]))) == []


def test_batch_lines_come_out_byte_for_byte(own):
    """Also where lines are bad."""
    from batch.chunked import cut

    from gradcli.batch.settings import Settings

    dice = random.Random(3)
    lines = [
        f"x*+{number} at x=1" if dice.random() < 0.1 else f"sin({dice.random()}*x)/y at x={dice.random()}, y={number}"
        for number in range(2000)
    ]
    spec, chunks = Settings(order=2).spec(), cut("\n".join(lines).encode(), (4096,))
    serial = list(Serial().run(spec, iter(chunks)))
    assert len(serial) > 10
    assert list(own.run(spec, iter(chunks))) == serial


def test_a_map_comes_out_byte_for_byte(tmp_path, own):
    """By the command, from a table to a table."""
    table = tmp_path / "rows.csv"
    table.write_text("x,y\n" + "".join(f"{n / 7},{n}\n" for n in range(30_000)))
    words = ["map", "tanh(x)*y^2 + x/y", str(table), "--quiet"]
    serial = gradcli(*words, "--jobs", "1")
    by_dask = gradcli(*words, "--scheduler", own.address)
    assert (serial.returncode, by_dask.returncode, by_dask.stderr) == (0, 0, b"")
    assert len(serial.stdout.splitlines()) == 30_001
    assert by_dask.stdout == serial.stdout


def test_large_payloads_pass(own):
    """In both directions."""
    lines = [b"x" * 3_000_000 + b"\n", b"many 5000000\n"] * 3
    assert bytes_of(own.run(FAKE, tasks(lines, 2))) == (lines[0].upper() + b"." * 5_000_000 + b"\n") * 3


def test_a_killed_worker_loses_nothing(own):
    """All lines once, in order, though all workers are killed from outside; once, for no chunk to lose two of them."""
    lines = [b"sleep 0.01\n" if number % 5 == 0 else b"line %d\n" % number for number in range(1500)]
    stop = threading.Event()

    def kill():
        stop.wait(0.7)
        for process in own._own.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        out = bytes_of(own.run(FAKE, tasks(lines)))
    finally:
        stop.set()
        killer.join()
    assert out == b"".join(lines).upper()
    assert "a worker was killed; what it had not answered is computed again" in own.said


def test_only_the_deadly_lines_are_lost(own):
    """As with processes: the same bytes."""
    lines = numbered(300)
    lines[122] = lines[123] = lines[299] = b"die\n"
    with Processes(2, command=COMMAND) as engine:
        expected = bytes_of(engine.run(FAKE, tasks(lines, 50)))
    assert expected.count(b"LOST\n") == 3
    assert bytes_of(own.run(FAKE, tasks(lines, 50))) == expected


def test_a_line_whose_workers_fell_by_themselves_is_answered(own, tmp_path):
    """Before a line is given up it is tried where all workers are there."""
    line = f"die-twice {tmp_path / 'fell'}\n".encode()
    assert bytes_of(own.run(FAKE, tasks([line]))) == line.upper()


def test_an_error_stands_at_its_place(own):
    """What comes before it is answered, and it is the error that was raised."""
    lines = [*numbered(30), b"refuse\n", *numbered(30)]
    found = []
    with pytest.raises(GradError) as caught:
        found.extend(own.run(FAKE, tasks(lines, 10)))
    assert bytes_of(found) == b"".join(numbered(30)).upper()
    with pytest.raises(GradError) as expected:
        list(Serial().run(FAKE, tasks(lines, 10)))
    assert caught.value.__reduce__() == expected.value.__reduce__()


def test_a_strict_run_ends_at_a_deadly_line(own):
    """Where nothing may stand for the answer."""
    with pytest.raises(GradError, match="killed twice"):
        list(own.run(FAKE | {"strict": True}, tasks([*numbered(5), b"die\n"])))


def test_a_bug_is_not_hidden(own):
    """It is raised as it was."""
    with pytest.raises(ZeroDivisionError, match="a bug"):
        list(own.run(FAKE, tasks([b"bug\n"])))


def test_only_a_window_of_tasks_is_taken(own):
    """Memory is bounded however long the input is."""
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield {"number": taken, "first": taken, "file": "f"}, b"line\n"

    answers = own.run(FAKE, endless())
    for _ in range(50):
        next(answers)
    assert taken < 2000
    answers.close()


def test_answers_come_while_the_input_waits(own):
    """A line that is there is answered, though the next one is not."""
    go = threading.Event()

    def slow():
        yield {"number": 0, "first": 1, "file": "f"}, b"one\n"
        go.wait(20)
        yield {"number": 1, "first": 2, "file": "f"}, b"two\n"

    answers = own.run(FAKE, slow())
    assert next(answers)[1] == b"ONE\n"
    go.set()
    assert bytes_of(answers) == b"TWO\n"


def test_frames_hold_answers_and_errors():
    """Errors come back whole."""
    error = GradError("value", "no", hint="h", source="a+b", spans=[(0, 1), (2, 3)], labels=["a", "b"], operator=(1, 2))
    (header, payload), other = unframed(framed([({"number": 3}, b"\x00\xff"), error]))
    assert (header, payload) == ({"number": 3}, b"\x00\xff")
    assert isinstance(other, GradError)
    assert other.__reduce__() == error.__reduce__()


def test_workers_of_a_scheduler_answer(started):
    """Also those that come later; and when all are gone, the run waits for new ones."""
    port, said = free_port(), []
    address = f"tcp://{HOST}:{port}"
    started("scheduler", "--host", HOST, "--port", port, PYTHONPATH=PATH)
    first = started("worker", address, "--nthreads", 1, "--no-nanny", **KNOWS)
    with Dask(address, say=said.append) as engine:
        answers = engine.run(FAKE, tasks([b"sleep 0.01\n"] * 600, 5))
        out = bytes_of(next(answers) for _ in range(5))
        first.kill()
        started("worker", address, "--nthreads", 2, **KNOWS)
        out += bytes_of(answers)
    assert out == b"SLEEP 0.01\n" * 600


def test_a_lost_scheduler_is_an_error_of_its_own(started):
    """Exit code 1: the input was right."""
    port = free_port()
    address = f"tcp://{HOST}:{port}"
    scheduler = started("scheduler", "--host", HOST, "--port", port, PYTHONPATH=PATH)
    started("worker", address, "--nthreads", 1, **KNOWS)
    with Dask(address) as engine:
        answers = engine.run(FAKE, tasks([b"sleep 0.05\n"] * 10_000, 5))
        assert next(answers)[1] == b"SLEEP 0.05\n" * 5
        scheduler.kill()
        with pytest.raises(ClusterLost, match=re.escape(f"the scheduler at {address} has gone")) as caught:
            for _ in answers:
                pass
    assert caught.value.code == 1


def test_workers_without_this_gradcli_are_named(started, tmp_path):
    """Before anything runs."""
    (tmp_path / "gradcli").mkdir()
    (tmp_path / "gradcli" / "__init__.py").write_text("__version__ = '0.0.1'\n")
    port = free_port()
    address = f"tcp://{HOST}:{port}"
    started("scheduler", "--host", HOST, "--port", port, PYTHONPATH=PATH)
    started("worker", address, "--nthreads", 1, "--name", "good", **KNOWS)
    started("worker", address, "--nthreads", 1, "--name", "other", PYTHONPATH=str(tmp_path))
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        other = {facts["name"]: place for place, facts in client.scheduler_info()["workers"].items()}["other"]
    with pytest.raises(GradError) as caught:
        Dask(address)
    assert caught.value.kind == "usage"
    assert caught.value.message.endswith(f": {other} has another")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("foo://x", "unknown address scheme 'foo'"),
        (f"tcp://{HOST}", "missing port number"),
        ("no-such-host.invalid:8786", ""),
    ],
)
def test_an_address_that_is_none_is_refused(address, why):
    """At once, and by its name."""
    with pytest.raises(GradError) as caught:
        Dask(address)
    assert caught.value.message == f"no dask scheduler answers at {address}"
    assert caught.value.hint.startswith(why)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["silent", "talkative"])
def test_a_port_of_something_else_is_refused(said, monkeypatch):
    """What listens there may say nothing, or what dask would take for the size of a huge message."""
    monkeypatch.setattr(connection, "PATIENCE", 1)
    with socket.create_server((HOST, 0)) as server:

        def serve():
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                kept.append(line)
                line.sendall(said)

        kept = []
        threading.Thread(target=serve, daemon=True).start()
        begun = time.monotonic()
        with pytest.raises(GradError, match="no dask scheduler answers"):
            Dask(f"tcp://{HOST}:{server.getsockname()[1]}")
        assert time.monotonic() - begun < 10


def test_nobody_at_the_port_is_told(monkeypatch):
    """By the command, with what to write."""
    monkeypatch.setattr(connection, "PATIENCE", 1)
    address = f"tcp://{HOST}:{free_port()}"
    with pytest.raises(GradError) as caught:
        Dask(address)
    assert str(caught.value) == (
        f"error: no dask scheduler answers at {address}\n  Connection refused"
    )


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("tcp://127.0.0.1:8786", False), ("127.0.0.1:8786", False), ("localhost:1", False), ("tcp://[::1]:8786", False),
        ("tcp://10.0.0.1:8786", True), ("10.0.0.1:8786", True), ("tcp://[fe80::1]:8786", True), ("node7:8786", True),
        ("tls://10.0.0.1:8786", False),
    ],
)  # fmt: skip
def test_an_open_scheduler_is_known(address, answer):
    """Off the loopback and not encrypted: there, whoever reaches the port can run code."""
    assert is_open(address) is answer


def test_without_the_extra_its_name_is_told(tmp_path):
    """One line, and how to install it."""
    (tmp_path / "distributed.py").write_text("raise ImportError('no', name='distributed')\n")
    lines = tmp_path / "lines.txt"
    lines.write_text("x at x=1\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(HOME)))}
    words = [sys.executable, "-m", "gradcli", "batch", str(lines), "--engine", "dask"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    expected = "error: the engine dask needs distributed, which is not installed\n  pip install 'gradcli[dask]'\n"
    assert done.stderr == expected


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here")
@pytest.mark.parametrize("after", [0.7, 1.2, 4.0])
def test_an_interrupted_run_leaves_nobody(tmp_path, after):
    """Whole lines only, within two seconds, no word from dask, no process: at the start and in the middle."""
    source = tmp_path / "lines.txt"
    source.write_text("".join(f"sin(x)*{n} at x=1\n" for n in range(1_000_000)))
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell's & would end that
    begin = f"{listen}; from gradcli.launch import main; main()"
    words = [sys.executable, "-c", begin, "batch", str(source), "--engine", "dask", "--jobs", "2"]
    environment = os.environ | {"PYTHONPATH": str(HOME), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        words, env=environment, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out = []
    reader = threading.Thread(target=lambda: out.append(process.stdout.read()))
    reader.start()
    time.sleep(after)
    begun = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(10) == 130
    assert time.monotonic() - begun < 10  # two seconds on a machine that has nothing else to do
    reader.join()
    assert out[0][-1:] in (b"", b"\n")
    assert b"Traceback" not in (said := process.stderr.read()), said
    assert b"distributed" not in said
    end = time.monotonic() + 2
    while alive(process.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(process.pid)


def alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
