"""Engines: the same bytes in the same order, whoever computes them and whoever is killed meanwhile."""

import os
import signal
import subprocess
import sys
import threading
import time
from itertools import count

import pytest
from batch.fake_work import COMMAND

from gradcli.batch import engines
from gradcli.batch.engines import Growing, Serial, local
from gradcli.batch.frames import Frames, packed
from gradcli.batch.processes import IN_FLIGHT, MOST_KILLS, WINDOW, Processes
from gradcli.errors import GradError

FAKE = {"kind": "fake"}
PLAIN = [b"line %d\n" % number for number in range(1, 101)]


def tasks(lines, size=7):
    """Chunks of a few lines."""
    for number, at in enumerate(range(0, len(lines), size)):
        yield {"number": number, "first": at + 1, "file": "f"}, b"".join(lines[at : at + size])


def bytes_of(answers):
    return b"".join(payload for _, payload in answers)


def by_processes(lines, jobs=2, spec=FAKE, **how):
    """The bytes that processes answer, and what was said meanwhile."""
    said = []
    with Processes(jobs, said.append, command=how.pop("command", COMMAND), **how) as engine:
        return bytes_of(engine.run(spec, tasks(lines))), said


def with_line(place, line):
    return [*PLAIN[: place - 1], line, *PLAIN[place:]]


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_processes_answer_as_one_does(jobs, threads):
    """All lines, in order; with threads as on Windows, too."""
    serial = list(Serial().run(FAKE, tasks(PLAIN)))
    with Processes(jobs, command=COMMAND, threads=threads) as engine:
        assert list(engine.run(FAKE, tasks(PLAIN))) == serial
    assert bytes_of(serial) == b"".join(PLAIN).upper()


def test_the_order_is_that_of_the_tasks():
    """A slow chunk holds up the answers behind it, not the work."""
    lines = [b"sleep 0.3\n", *PLAIN[1:20]]
    begun = time.monotonic()
    out, _ = by_processes(lines)
    assert out.startswith(b"SLEEP 0.3\nLINE 2\n")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("jobs", [1, 3])
def test_no_tasks_give_no_answers(jobs):
    """An empty input ends at once."""
    assert by_processes([], jobs) == (b"", [])


def test_large_payloads_pass():
    """What is larger than any pipe, in both directions at once."""
    line = b"x" * 3_000_000 + b"\n"
    out, _ = by_processes([line, b"many 5000000\n", line] * 7)
    assert out == (line.upper() + b"." * 5_000_000 + b"\n" + line.upper()) * 7


def test_only_a_window_of_tasks_is_taken():
    """Memory is bounded however long the input is: nothing is read that is not soon needed."""
    taken = count()

    def endless():
        for number in count():
            next(taken)
            yield {"number": number, "first": number, "file": "f"}, b"x\n"

    with Processes(2, command=COMMAND) as engine:
        answers = engine.run(FAKE, endless())
        for _ in range(50):
            next(answers)
        time.sleep(0.2)
        assert next(taken) <= 50 + 2 * WINDOW + 2 * IN_FLIGHT + 2
        answers.close()


def test_answers_come_while_the_source_waits():
    """Who types lines into a batch sees their answers before the next one."""
    seen, gate = [], threading.Event()

    def typed():
        yield {"number": 0, "first": 1, "file": "f"}, b"a\n"
        gate.wait(20)
        yield {"number": 1, "first": 2, "file": "f"}, b"b\n"

    with Processes(2, command=COMMAND) as engine:
        for _, payload in engine.run(FAKE, typed()):
            seen.append((payload, gate.is_set()))
            gate.set()
    assert seen == [(b"A\n", False), (b"B\n", True)]


@pytest.mark.parametrize("threads", [False, True])
def test_a_killed_worker_loses_nothing(tmp_path, threads):
    """Its lines are computed again in a new worker, and one note says so."""
    line = b"die-once %s\n" % os.fsencode(tmp_path / "mark")
    lines = with_line(40, line)
    out, said = by_processes(lines, threads=threads)
    assert out == b"".join(lines).upper()
    assert said == ["a worker process ended by signal 9; what it had not answered is computed again"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_only_the_deadly_line_fails(jobs):
    """A chunk that was killed twice is taken apart: its other lines are answered."""
    lines = with_line(40, b"die\n")
    out, said = by_processes(lines, jobs)
    assert out == b"".join(lines).upper().replace(b"DIE\n", b"LOST\n")
    assert len(said) == 4  # twice the chunk, twice the line


def test_several_deadly_lines_in_one_chunk():
    """Each of them fails by itself."""
    lines = [b"die\n" if number in (3, 5, 6, 90) else line for number, line in enumerate(PLAIN)]
    out, _ = by_processes(lines)
    assert out == b"".join(lines).upper().replace(b"DIE\n", b"LOST\n")


def test_a_line_is_tried_again_alone():
    """What two lines together need may be more than there is, so the second try has the machine to itself."""
    alone = Processes(2, command=COMMAND)
    flights = []
    deal = alone._deal

    def watched():
        deal()
        flights.append([[(job.kills, job.whole is not None) for job in worker.flight] for worker in alone.workers])

    alone._deal = watched
    with alone:
        list(alone.run(FAKE, tasks(with_line(40, b"die\n"))))
    second = [flight for flight in flights if any((1, True) in jobs for jobs in flight)]
    assert second
    assert all(sum(map(len, flight)) == 1 for flight in second)


def test_what_cannot_be_lost_ends_the_run():
    """Rows of a table have no error objects: the run fails, and says where."""
    with pytest.raises(GradError, match="killed twice"):
        by_processes(with_line(40, b"die\n"), spec={**FAKE, "strict": True})


def test_workers_that_always_die_end_the_run():
    """It does not go on killing for hours."""
    with pytest.raises(GradError, match="again and again"):
        by_processes([b"die\n"] * (2 * MOST_KILLS))


def test_an_error_stops_the_answers_at_its_place():
    """As in one process: all that is before it comes, with its facts."""
    for engine in (Serial(), Processes(2, command=COMMAND)):
        seen = []
        with engine, pytest.raises(GradError) as caught:
            for _, payload in engine.run(FAKE, tasks(with_line(40, b"refuse\n"))):
                seen.append(payload)
        assert b"".join(seen) == b"".join(PLAIN[:35]).upper()
        assert (caught.value.message, caught.value.hint) == ("line 40 is refused", "none")
        assert (caught.value.source, caught.value.spans) == ("abc", ((1, 2),))


def test_an_error_of_the_source_comes_at_its_place():
    """A file that cannot be read any more: what came before is answered."""

    def torn():
        yield from tasks(PLAIN)
        raise GradError("file", "it has gone")

    seen = []
    with Processes(2, command=COMMAND) as engine, pytest.raises(GradError, match="it has gone"):
        for _, payload in engine.run(FAKE, torn()):
            seen.append(payload)
    assert b"".join(seen) == b"".join(PLAIN).upper()


def test_a_bug_in_a_worker_shows_its_traceback():
    """Bad input never does, a bug has to."""
    with pytest.raises(RuntimeError, match="ZeroDivisionError: a bug"):
        by_processes(with_line(40, b"bug\n"))


def test_what_a_worker_prints_is_not_taken_for_an_answer():
    """Frames travel where nothing else is written."""
    lines = with_line(40, b"print\n")
    assert by_processes(lines)[0] == b"".join(lines).upper()


def test_workers_stay_for_the_next_run():
    """Many small files are one long run; another kind of work needs other workers."""
    with Processes(2, command=COMMAND) as engine:
        assert bytes_of(engine.run(FAKE, tasks(PLAIN))) == b"".join(PLAIN).upper()
        first = [worker.process.pid for worker in engine.workers]
        os.kill(first[0], signal.SIGKILL)
        assert bytes_of(engine.run(FAKE, tasks(PLAIN))) == b"".join(PLAIN).upper()
        second = [worker.process.pid for worker in engine.workers]
        assert first[1] in second
        out = bytes_of(engine.run({**FAKE, "end": "!"}, tasks(PLAIN)))
        assert out == b"".join(PLAIN).upper().replace(b"\n", b"\n!")
        assert not set(second) & {worker.process.pid for worker in engine.workers}
        processes = [worker.process for worker in engine.workers]
    assert all(process.poll() is not None for process in processes)


def test_leaving_early_leaves_no_worker():
    """Whoever stops asking need not wait for a slow line."""
    engine = Processes(2, command=COMMAND)
    answers = engine.run(FAKE, tasks([b"a\n"] * 7 + [b"sleep 60\n"] * 50))
    next(answers)
    workers = [worker.process for worker in engine.workers]
    begun = time.monotonic()
    answers.close()
    assert time.monotonic() - begun < 2
    assert [worker.poll() is None for worker in workers] == [False, False]


@pytest.mark.parametrize("line", [b"sleep 60\n", b"spin 60\n"])
def test_workers_end_with_their_parent(line):
    """Also where it is killed, and they are in the middle of something long."""
    code = f"""
import sys
sys.path[:] = {sys.path!r}
from batch.fake_work import COMMAND
from gradcli.batch.processes import Processes
engine = Processes(2, command=COMMAND)
def task(number):
    return {{"number": number, "first": number, "file": ""}}, {line!r} if number else b"pid\\n"
answers = engine.run({FAKE!r}, map(task, range(9)))
print(next(answers)[1].decode(), [worker.process.pid for worker in engine.workers], flush=True)
next(answers)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    parent.stdout.readline()
    workers = [int(word) for word in parent.stdout.readline().strip(" []\n").split(",")]
    assert all(map(runs, workers))
    parent.kill()
    parent.communicate()
    patience = time.monotonic() + 2
    while any(map(runs, workers)) and time.monotonic() < patience:
        time.sleep(0.01)
    assert not any(map(runs, workers))


def runs(pid):
    """Whether a process runs; one that has ended and was not waited for does not."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(told) and not told.startswith("Z")


def test_a_worker_that_cannot_start_leaves_the_work_here():
    """Limits on processes or memory slow a run down, and do not end it."""
    out, said = by_processes(PLAIN, command=["/nonexistent/python"])
    assert out == b"".join(PLAIN).upper()
    assert said == [
        "a worker process could not start (No such file or directory); this process computes everything"
    ]


def test_workers_that_end_at_once_leave_the_work_here():
    """One that starts and ends without a word is not started for ever."""
    out, said = by_processes(PLAIN, command=[sys.executable, "-c", "import sys; sys.exit(3)"])
    assert out == b"".join(PLAIN).upper()
    assert said[-1] == "a worker process could not start (it ended with exit code 3); this process computes everything"


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signals to mask")
def test_workers_do_not_hear_ctrl_c():
    """It reaches the whole group of a terminal; the parent alone decides what it means."""
    out, said = [], []
    with Processes(2, said.append, command=COMMAND) as engine:
        answers = engine.run(FAKE, tasks(PLAIN))
        for _ in range(3):
            out.append(next(answers)[1])
        for worker in engine.workers:
            worker.process.send_signal(signal.SIGINT)
        out += (payload for _, payload in answers)
    assert b"".join(out) == b"".join(PLAIN).upper()
    assert said == []


def test_real_workers_import_neither_numpy_nor_rich_nor_typer():
    """Their start-up is paid for each of them."""
    code = """
import sys
from gradcli.batch import worker, lines
from gradcli.batch.work import make
from gradcli.batch.settings import Settings
make(Settings().spec())({"number": 0, "first": 1, "file": "", "format": "text"}, b"x*y at x=1, y=2\\n")
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"numpy", "rich", "typer", "mpmath", "subprocess"}))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment())
    assert (told.stdout, told.stderr) == ("\n", "")


def environment():
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_the_engine_of_one_job_is_this_process():
    """Nothing is started for it."""
    assert type(local(1, print)) is Serial


def test_jobs_are_taken_as_they_are_asked_for():
    """More than there are cores, too."""
    assert local(7, print).jobs == 7


@pytest.mark.parametrize(("quota", "found"), [("max 100000", 8), ("250000 100000", 2), ("50000 100000", 1), ("?", 8)])
def test_cores_are_those_that_may_be_used(monkeypatch, tmp_path, quota, found):
    """Neither the whole machine, where a task set or a container allows less."""
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(engines, "QUOTA", str(tmp_path / "cpu.max"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert engines.cores() == found


class TestGrowing:
    """The engine that asks other processes only where they pay."""

    def spread(self, monkeypatch, lines, size=None):
        """The answers, and whether other processes had a part in them."""
        monkeypatch.setattr("gradcli.batch.processes.start_command", lambda: COMMAND)
        with Growing(2, print, size=size) as engine:
            out = bytes_of(engine.run(FAKE, tasks(lines, 1)))
            return out, engine._others is not None

    def test_little_work_stays_here(self, monkeypatch):
        """Starting a process takes longer than it does."""
        assert self.spread(monkeypatch, PLAIN) == (b"".join(PLAIN).upper(), False)

    def test_much_work_is_spread(self, monkeypatch):
        """As soon as it is known to be much; no line is lost in between."""
        lines = [b"spin 0.05\n"] * 10 + PLAIN
        assert self.spread(monkeypatch, lines) == (b"".join(lines).upper(), True)

    def test_work_that_is_nearly_done_stays_here(self, monkeypatch):
        """The size of the input says what is left."""
        lines = [b"spin 0.05\n"] * 10 + PLAIN
        size = sum(map(len, lines[:5]))
        assert self.spread(monkeypatch, lines, size) == (b"".join(lines).upper(), False)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_frames_come_out_as_they_went_in(size):
    """However they are cut on the way."""
    sent = [({"a": 1, "é": "\udc80"}, b"x" * 100), ({}, b""), ({"b": [1.5, None]}, b"\n\0")] * 5
    wire = b"".join(packed(*frame) for frame in sent)
    frames, got = Frames(), []
    for at in range(0, len(wire), size):
        got += frames.feed(wire[at : at + size])
    assert got == sent
