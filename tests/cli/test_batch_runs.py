"""Runs of `gradcli batch` that are disturbed: killed, interrupted, out of room; and the files that they leave."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from chaos import children, killed_and_resumed, undisturbed, with_workers_killed, write_input
from running import Said, command, run, shell, start, surroundings

pytest.importorskip("fcntl")

LINE = "x^2 at x=3"
ANSWER = '"value":9.0,"gradients":{"x":6.0}}\n'
WAYS = [["--jobs", "1"], ["--jobs", "2"], []]


def answers(count, first=1):
    return "".join(f'{{"line":{number},{ANSWER}' for number in range(first, first + count))


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A folder of its own, with a short batch."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batch.txt").write_text(f"{LINE}\n" * 50)
    return tmp_path


@contextmanager
def endless(*options, seconds=0.6):
    """A batch whose input never ends, after it has run for a while; all that belongs to it is in one session."""
    with subprocess.Popen(["yes", LINE], stdout=subprocess.PIPE) as source:
        running = subprocess.Popen(
            [*command(), "batch", "-", *options], stdin=source.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=surroundings(), start_new_session=True,
        )  # fmt: skip
        source.stdout.close()
        try:
            time.sleep(seconds)
            yield running
        finally:
            source.kill()
            running.kill()
            running.communicate()


def wait_for_growth(path):
    """Until the run has written something."""
    patience = time.monotonic() + 20
    while not (path.exists() and path.stat().st_size) and time.monotonic() < patience:
        time.sleep(0.02)


def left_of(session):
    """The processes of a session that still run."""
    told = subprocess.run(["ps", "-A", "-o", "pid=,sess=,stat="], capture_output=True, text=True).stdout
    rows = [row.split() for row in told.splitlines()]
    return [int(pid) for pid, sess, stat in rows if int(sess) == session and not stat.startswith("Z")]


def gone(session, seconds=2.0):
    """Whether a session has no process any more, after some time at most."""
    patience = time.monotonic() + seconds
    while left_of(session) and time.monotonic() < patience:
        time.sleep(0.02)
    return not left_of(session)


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize(
    ("sent", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_ends_a_run_in_order(there, options, sent, code, word):
    """Within two seconds, with whole lines only, and no process left; as if Ctrl-C reached the whole group."""
    out = there / "out"
    with endless("-o", "out", *options) as running:
        wait_for_growth(out)
        begun = time.monotonic()
        if sent == signal.SIGINT:
            os.killpg(running.pid, sent)
        else:
            running.send_signal(sent)
        _, told = running.communicate(timeout=20)
        assert time.monotonic() - begun < 2
        assert gone(running.pid)
    note = "note: out ends with a whole line, and --resume goes on from there\n"
    assert (running.returncode, told.decode()) == (code, f"{note}gradcli: {word}\n")
    written = out.read_text()
    assert written == answers(written.count("\n"))


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_whole_lines_in_a_pipe(sent):
    """Also where the reader is slow, so that the run waits for it."""
    with endless("--jobs", "2") as running:
        head = os.read(running.stdout.fileno(), 1000)
        running.send_signal(sent)
        rest, _ = running.communicate(timeout=20)
    written = (head + rest).decode()
    assert written == answers(written.count("\n"))


@pytest.mark.parametrize("options", WAYS)
def test_a_killed_run_leaves_no_process(there, options):
    """Workers end with their parent; --resume then goes on, and ends as if nothing had happened."""
    out = there / "out"
    with endless("-o", "out", *options) as running:
        wait_for_growth(out)
        running.kill()
        running.wait()
        assert gone(running.pid)
    count = out.read_text().count("\n") + 10
    (there / "batch.txt").write_text(f"{LINE}\n" * count)
    assert start("batch", "batch.txt", "-o", "out", "--resume", "--quiet", *options) == (0, "", "")
    assert out.read_text() == answers(count)


@pytest.mark.parametrize("options", WAYS)
def test_a_reader_that_leaves_ends_the_run_in_silence(there, options):
    """`| head -1`."""
    said = shell(f"yes '{LINE}' | gradcli batch - {' '.join(options)} | head -2; echo ${{PIPESTATUS[1]}}")
    assert said == (0, answers(2) + "141\n", "")


def test_a_killed_worker_is_told(there):
    """And its lines are computed again: nothing is missing, nothing is twice."""
    with endless("--jobs", "2", "-o", "out") as running:
        wait_for_growth(there / "out")
        os.kill(children(running.pid)[0], signal.SIGKILL)
        time.sleep(0.5)
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate(timeout=20)
    assert told.decode() == (
        "note: a worker process ended by signal 9; what it had not answered is computed\n"
        "      again\nnote: out ends with a whole line, and --resume goes on from there\ngradcli: terminated\n"
    )
    written = (there / "out").read_text()
    assert written == answers(written.count("\n"))


def test_a_second_writer_is_refused(there):
    """It is told at once, and the first goes on undisturbed."""
    with endless("-o", "out") as running:
        wait_for_growth(there / "out")
        for options in ([], ["--resume"]):
            assert start("batch", "batch.txt", "-o", "out", *options) == (
                2, "", "error: 'out' is being written by another gradcli\n  wait for it, or stop it\n"
            )  # fmt: skip
        assert running.poll() is None
        running.terminate()
        running.communicate()
    written = (there / "out").read_text()
    assert written == answers(written.count("\n"))


@pytest.mark.parametrize("options", WAYS)
def test_a_limit_on_files_leaves_whole_lines(there, options):
    """Of a file of our own, and of one of the shell's."""
    ours = shell(f"yes '{LINE}' | (ulimit -f 20; gradcli batch - -o out {' '.join(options)})")
    note = "it ends with a whole line, and --resume goes on from there"
    assert ours == (74, "", f"gradcli: cannot write output: File too large: 'out'; {note}\n")
    theirs = shell(f"yes '{LINE}' | (ulimit -f 20; gradcli batch - {' '.join(options)} > other)")
    assert theirs == (74, "", "gradcli: cannot write output: File too large\n")
    for name in ("out", "other"):
        written = (there / name).read_text()
        assert written == answers(written.count("\n"))
        assert len(written) > 15_000


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_reported(there):
    """With the code of outputs that cannot be written."""
    assert shell("gradcli batch batch.txt > /dev/full") == (
        74, "", "gradcli: cannot write output: No space left on device\n"
    )  # fmt: skip
    assert shell("gradcli batch batch.txt -o /dev/full") == (
        74, "", "gradcli: cannot write output: No space left on device: '/dev/full'\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gradcli batch batch.txt -o batch.txt", "'batch.txt' would be read and written at once"),
        ("gradcli batch - -o batch.txt < batch.txt", "'batch.txt' would be read and written at once"),
        ("gradcli batch batch.txt >> batch.txt", "'batch.txt' would be read and written at once"),
    ],
)
def test_an_input_is_not_destroyed(there, line, said):
    """However it is named."""
    assert shell(line) == (2, "", f"error: {said}\n  write to another file\n")
    assert (there / "batch.txt").read_text() == f"{LINE}\n" * 50


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "no/out"], "cannot write 'no/out': there is no such folder"),
        (["--resume"], "--resume needs a file to go on with\n  name it with --output FILE"),
        (["--resume", "-o", "-"], "--resume needs a file to go on with\n  name it with --output FILE"),
        (["--resume", "-o", "/dev/null"], "--resume needs a file, and '/dev/null' is none"),
    ],
)
def test_outputs_that_cannot_be(there, words, said):
    """Each is refused before the work begins."""
    assert run("batch", "batch.txt", *words) == (2, "", f"error: {said}\n")


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_by_name(there, name):
    """What stands there before stays."""
    assert shell(f"{{ echo before; gradcli batch batch.txt -o {name}; }} > out").code == 0
    assert (there / "out").read_text() == "before\n" + answers(50)


def test_a_missing_input_leaves_the_output_alone(there):
    """A misspelt name does not cost the results of yesterday."""
    (there / "out").write_text("yesterday\n")
    assert run("batch", "missing", "-o", "out").code == 2
    assert (there / "out").read_text() == "yesterday\n"


class TestResume:
    """--resume, as the shell sees it."""

    def resumed(self, *words) -> Said:
        return start("batch", "batch.txt", "-o", "out", "--resume", *words)

    def test_without_a_file_it_begins(self, there):
        """So a script need not know whether it is the first run."""
        assert self.resumed() == (0, "", "")
        assert (there / "out").read_text() == answers(50)

    def test_a_finished_run_says_so(self, there):
        """And ends as it did before."""
        with (there / "batch.txt").open("a") as file:
            file.write("1 +\n")
        first = start("batch", "batch.txt", "-o", "out")
        whole = (there / "out").read_bytes()
        assert first.code == 1
        again = self.resumed()
        assert (again.code, again.out) == (1, "")
        assert again.err.startswith("note: out is complete: nothing was left to do\n51 lines in ")
        assert "50 answered, 1 failed\n  1 syntax  first at line 51: end found" in again.err
        assert (there / "out").read_bytes() == whole

    def test_errors_that_are_there_count(self, there):
        """The exit code is that of the whole run, though the bad line was answered before."""
        (there / "batch.txt").write_text("1 +\n" + f"{LINE}\n" * 50)
        start("batch", "batch.txt", "-o", "out", "--quiet")
        whole = (there / "out").read_bytes()
        (there / "out").write_bytes(whole[: len(whole) // 2])
        assert self.resumed("--quiet") == (1, "", "")
        assert (there / "out").read_bytes() == whole

    def test_another_input_is_noticed(self, there):
        """And the file stays as it is."""
        (there / "out").write_text(answers(20, first=2))
        assert self.resumed() == (
            2, "", "error: 'out' is not from this run: line 1 differs\n"
            "  this run answers otherwise; without --resume the file is written anew\n"
        )  # fmt: skip
        assert (there / "out").read_text() == answers(20, first=2)

    def test_a_csv_goes_on(self, there):
        """Its heading is a line of its own."""
        start("batch", "batch.txt", "-o", "out", "--format", "csv")
        whole = (there / "out").read_bytes()
        for length in (0, 10, 60, len(whole) - 3):
            (there / "out").write_bytes(whole[:length])
            assert self.resumed("--format", "csv") == (0, "", "")
            assert (there / "out").read_bytes() == whole

    @pytest.mark.parametrize("form", ["jsonl", "csv"])
    def test_errors_in_the_finished_files_of_a_folder_count(self, there, form):
        """Whether all files are finished or some: exit code and summary are those of the whole run."""
        (there / "a.txt").write_text("1 +\n# c\n2\nsigmod(1)\n")
        words = ("batch", "a.txt", "batch.txt", "-o", "d/", "--format", form)
        first = start(*words)
        told = first.err.partition(": ")[2]
        assert first.code == 1 and told.startswith("51 answered, 2 failed\n") and "first at a.txt, line 1: " in told
        again = start(*words, "--resume")
        note, _, rest = again.err.partition("\n")
        assert (again.code, note) == (1, "note: d/ is complete: nothing was left to do")
        assert rest.startswith("53 lines in ") and rest.partition(": ")[2] == told
        (there / "d" / f"batch.{form}").unlink()
        again = start(*words, "--resume")
        assert again.code == 1 and again.err.partition(": ")[2] == told
        assert start(*words, "--resume", "--quiet") == (1, "", "")

    def test_a_table_is_no_file(self, there):
        """It is for people."""
        assert self.resumed("--format", "table").code == 2


@pytest.mark.parametrize("form", ["jsonl", "text"])
@pytest.mark.skipif(shutil.which("ps") is None, reason="no ps")
def test_chaos(tmp_path, form):
    """Killed at random and resumed, with workers killed, with one process and with two: the same bytes.

    `python tests/chaos.py` does it with 100,000 lines and 20 kills.
    """
    chance = random.Random(2026)
    batch, output = write_input(tmp_path / "batch", form, 1500, seed=2026), tmp_path / "out"
    begun = time.monotonic()
    expected = undisturbed(batch, output, "--jobs", "1")
    pause = max(time.monotonic() - begun, 0.3) / 4
    assert [json.loads(line) for line in expected.splitlines()]
    assert undisturbed(batch, output, "--jobs", "2") == expected
    assert undisturbed(batch, output) == expected
    for jobs in "12":
        killed_and_resumed(batch, output, expected, "--jobs", jobs, kills=4, pause=pause, chance=chance)
    with_workers_killed(batch, output, expected, "--jobs", "2", kills=4, pause=pause, chance=chance)


@pytest.mark.parametrize(
    "text",
    ["x*y at x=1, y=2\n", "max(x, 2) at x=1\nsigmod(x, y)\n", '{"expr": "x", "at": {"x": 1}}\n', "x,expr\n1,x^2\n"],
)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_batch_of_scalars_imports_neither_numpy_nor_rich_nor_typer(there, text, jobs):
    """Whatever its lines look like: importing numpy alone takes longer than thousands of answers."""
    (there / "batch.txt").write_text(text)
    code = (
        "import sys; from gradcli.cli import main\n"
        f"main(['batch', 'batch.txt', '--jobs', '{jobs}', '-o', 'out', '--resume'])\n"
        "print(sorted({'numpy', 'rich', 'typer', 'mpmath'} & set(sys.modules)))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=surroundings())
    assert told.stdout == "[]\n"
    assert (there / "out").read_text().count("\n") == text.count("\n") - text.startswith("x,")


def test_workers_run_no_code_of_the_folder_they_start_in(there):
    """Nobody has to fear a folder because of a file's name."""
    for name in ("json.py", "gradcli.py", "select.py", "site.py", "subprocess.py"):
        (there / name).write_text("raise SystemExit('read')\n")
    assert start("batch", "batch.txt", "--jobs", "2") == (0, answers(50), "")
