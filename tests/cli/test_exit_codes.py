"""What a shell sees: exit codes, one clean line for each accident, and never a traceback."""

import json
import os
import re
import signal
import subprocess

import pytest
from running import command, run, shell, start, surroundings


@pytest.mark.parametrize(
    ("line", "code", "out", "err"),
    [
        ("gradcli eval 1+1", 0, "2\n", ""),
        ("gradcli eval 1+1 >&-", 74, "", "gradcli: cannot write output: standard output is closed\n"),
        ("gradcli eval 1+1 >/dev/full", 74, "", "gradcli: cannot write output: No space left on device\n"),
        ("gradcli 'x*y' x=1 y=2 >/dev/full", 74, "", "gradcli: cannot write output: No space left on device\n"),
        ("gradcli --help >/dev/full", 74, "", "gradcli: cannot write output: No space left on device\n"),
        ("gradcli functions | true; echo ${PIPESTATUS[0]}", 0, "141\n", ""),
        ("gradcli schema | true; echo ${PIPESTATUS[0]}", 0, "141\n", ""),
        (
            "export PYTHONUNBUFFERED=1; gradcli eval --file <(printf '1+%.0s' {1..40000}; echo 1); "
            "gradcli explain \"$(printf 'x+%.0s' {1..3000})x\" x=1 --json | head -c 9; echo ${PIPESTATUS[0]}",
            0, '40001\n{"schema"141\n', "",
        ),
        ("gradcli eval '1+' 2>&-", 2, "", ""),
        ("gradcli eval '1+' 2>/dev/full", 2, "", ""),
        ("gradcli eval - <&-", 2, "", "error: cannot read standard input: it is closed\n"),
        ("echo 'x*3' | gradcli eval - x=2", 0, "6\n", ""),
        ("gradcli eval - x=2 < <(printf '\\xef\\xbb\\xbfx*3\\r\\n')", 0, "6\n", ""),
        ("gradcli eval --file /nonexistent", 2, "", "error: cannot read '/nonexistent': no such file or directory\n"),
        ("gradcli eval --file /tmp", 2, "", "error: cannot read '/tmp': is a directory\n"),
        ("gradcli eval --file <(echo 'x*3') x=2", 0, "6\n", ""),
        (
            "printf '\\xff\\xfe1\\0' | gradcli eval -", 2, "",
            "error: standard input is not UTF-8 text (byte 0xff at 0); UTF-16?\n  save it as UTF-8\n",
        ),
        (
            "yes '1+' | head -c 10000000 | gradcli eval -", 2, "",
            "error: standard input is longer than 1 MiB\n  a program may have 1 MiB\n",
        ),
        ("gradcli eval - </dev/zero", 2, "",
         "error: standard input is longer than 1 MiB\n  a program may have 1 MiB\n"),
    ],
)  # fmt: skip
def test_a_line_of_the_shell(line, code, out, err):
    """The code, the answer on one stream, the accident on the other."""
    assert shell(line) == (code, out, err)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read(tmp_path):
    """The reason of the system, in its words."""
    file = tmp_path / "secret.expr"
    file.write_text("1")
    file.chmod(0)
    assert start("eval", "--file", str(file)).err == f"error: cannot read '{file}': permission denied\n"


@pytest.mark.parametrize(
    ("sent", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_ends_the_run_in_order(sent, code, word):
    """One line says what happened."""
    waiting = subprocess.Popen(
        [*command(), "eval", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=surroundings(), text=True, bufsize=0,
    )  # fmt: skip
    with waiting:
        wait_until_it_reads(waiting.pid)
        waiting.send_signal(sent)
        out, err = waiting.stdout.read(), waiting.stderr.read()
    assert (waiting.returncode, out, err) == (code, "", f"gradcli: {word}\n")


def wait_until_it_reads(pid: int) -> None:
    """Wait until the process sleeps in a read of its standard input."""
    for _ in range(2000):
        with open(f"/proc/{pid}/wchan") as file:
            where = file.read()
        if "pipe" in where:
            return
        os.sched_yield()
        subprocess.run(["sleep", "0.01"], check=True)
    pytest.skip("cannot see what the process waits for")


def test_an_ascii_stream_gets_ascii():
    """No letter is lost in JSON, and the signs of mathematics are spelled."""
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    assert start("grad", "x*y", "x=2", "y=3", env=env).out == "f     = 6\ndf/dx = 3\ndf/dy = 2\n"
    assert start("explain", "x*y", "x=2", "y=3", env=env).out.isascii()
    assert start("grad", "é*2", "é=3", env=env | {"PYTHONIOENCODING": ""}).out == "f     = 6\ndf/d\\xe9 = 2\n"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_a_terminal_gets_colour_and_its_own_width():
    """Sixteen colours, and no line longer than the terminal is wide."""
    from fcntl import ioctl
    from struct import pack
    from termios import TIOCSWINSZ

    ours, theirs = os.openpty()
    ioctl(theirs, TIOCSWINSZ, pack("HHHH", 24, 44, 0, 0))
    env = {name: value for name, value in surroundings().items() if name != "COLUMNS"}
    words = [*command(), "1/(1+exp(-(a*x+b)))", "a=2", "x=-1", "b=3"]
    with subprocess.Popen(words, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, env=env) as drawing:
        os.close(theirs)
        out = everything(ours)
    assert drawing.returncode == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert plain != out
    assert "\x1b" not in plain
    assert 36 < max(map(len, plain.splitlines())) <= 44


def everything(terminal: int) -> str:
    """What is written to the other end until that is closed."""
    read = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            piece = b""
        if not piece:
            os.close(terminal)
            return read.decode()
        read += piece


def test_python_m_gradcli_is_the_command():
    """The module says what the launcher says."""
    done = subprocess.run(
        [command()[0], "-m", "gradcli", "eval", "1/3"], capture_output=True, text=True, env=surroundings()
    )
    assert (done.returncode, done.stdout) == (0, "0.3333333333333333\n")


def test_an_explanation_as_json_is_bounded_unless_asked_for_in_full():
    """A script that would get megabytes unasked is told, with a way to get them."""
    program = "x+" * 20_000 + "x"
    refused = run("explain", program, "x=1", "--json")
    assert refused.code == 2
    assert "the most that are explained as JSON is 20,000" in refused.err
    assert '"hint":"--full explains all of them' in refused.err
    whole = run("explain", program, "x=1", "--json", "--full")
    assert len(json.loads(whole.out)["lines"]) == 20_001
