"""Progress on a terminal: one line, drawn again in its place, and gone at the end."""

import io
import os
import subprocess
import sys
from unittest import mock

import pytest
from running import command, surroundings

from gradcli.batch.pace import Pace
from gradcli.cli.progress import ERASE, EVERY, FROM, Progress

pty = pytest.importorskip("pty")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def drawn(moments, *, stderr=None, stdout=None, term="xterm", **how):
    """What a run draws that ticks at these MOMENTS, and then ends."""
    err = Terminal() if stderr is None else stderr
    clock = Clock()
    env = {"TERM": term, "COLUMNS": "80", "NO_COLOR": "1"} if term else {"COLUMNS": "80"}
    streams = mock.patch.multiple(sys, stderr=err, stdout=io.StringIO() if stdout is None else stdout)
    with streams, mock.patch.dict(os.environ, env, clear=True):
        pace = Pace(1000, clock)
        progress = Progress("batch.txt", pace, **how)
        for number, moment in enumerate(moments):
            clock.now = moment
            pace.add({"number": number, "lines": 100, "errors": {}})
            progress.tick()
        progress.erase()
    return err.getvalue()


def test_a_short_run_shows_nothing():
    """Its answers are there before one could read it."""
    assert drawn([0.1, 1.0, FROM - 0.01]) == ""


def test_a_long_run_redraws_one_line():
    """Not at every answer; at the end nothing is left of it."""
    out = drawn([1.0, FROM + 0.1, FROM + 0.2, FROM + 0.1 + EVERY, FROM + 0.2 + EVERY])
    first, second, last = out.split(ERASE)[1:]
    assert first.startswith("batch.txt ──")
    assert "  200 lines  95/s" in first
    assert "  400 lines  174/s" in second
    assert last == ""
    assert "\n" not in out


@pytest.mark.parametrize(
    "how",
    [{"quiet": True}, {"stderr": io.StringIO()}, {"stdout": Terminal()}, {"term": "dumb"}, {"term": None}],
    ids=["quiet", "no terminal", "output on the terminal", "dumb", "unknown terminal"],
)
def test_where_it_would_disturb_nothing_is_drawn(how):
    """On a pipe, where it is not wanted, where answers scroll, on a terminal that cannot go back."""
    assert drawn([FROM + 1, FROM + 2], **how) == ""


def test_with_a_file_the_terminal_is_free():
    """Answers do not scroll there."""
    assert "batch.txt" in drawn([FROM + 1], stdout=Terminal(), to_file=True)


def test_a_note_stands_above_the_line():
    """Which is drawn again below it."""
    err, clock = Terminal(), Clock()
    with mock.patch.object(sys, "stderr", err), mock.patch.dict(os.environ, {"TERM": "xterm", "NO_COLOR": "1"}):
        progress = Progress("f", Pace(None, clock), to_file=True)
        clock.now = FROM + 1
        progress.tick()
        progress.say("a worker process ended")
        clock.now += 1
        progress.tick()
    assert err.getvalue().split(ERASE)[2:] == ["note: a worker process ended\n", "f  0 lines  0/s"]


def test_a_terminal_that_goes_away_ends_it():
    """The run does not end for it."""
    broken = Terminal()
    broken.write = mock.Mock(side_effect=OSError(5, "Input/output error"))
    assert drawn([FROM + 1, FROM + 2], stderr=broken) == ""


def test_on_a_real_terminal(tmp_path):
    """The line comes, goes, and the summary stands in its place."""
    main, other = pty.openpty()
    with subprocess.Popen(["yes", "x^2 at x=3"], stdout=subprocess.PIPE) as source:
        running = subprocess.Popen(
            [*command(), "batch", "-", "-o", str(tmp_path / "out")], stdin=source.stdout, stdout=other, stderr=other,
            env=surroundings({"COLUMNS": "79"}),
        )  # fmt: skip
        os.close(other)
        seen = b""
        while seen.count(ERASE.encode()) < 3:
            seen += os.read(main, 4096)
        source.kill()
        try:
            while more := os.read(main, 4096):
                seen += more
        except OSError:  # how Linux says that the other end is closed
            pass
        running.wait()
    os.close(main)
    text = seen.decode()
    *lines, last = text.split(ERASE)
    assert all(line == "" or line.startswith("\x1b[1mstandard input\x1b[0m  ") for line in lines)
    assert last.split(" lines in ")[0].replace(",", "").isdigit()
    assert " answered" in last
