"""Sinks: whole lines, one writer, nothing destroyed that is read."""

import io
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.batch.sending import PIECE
from gradcli.batch.sinks import Descriptor, File, Stream, opened
from gradcli.errors import GradError

fcntl = pytest.importorskip("fcntl")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def refusal(*args, **how):
    """What is said of an output that cannot be."""
    with pytest.raises(GradError) as caught:
        opened(*args, **how)
    return caught.value.kind, caught.value.message


def pieces_of(data):
    """The writes that DATA becomes on a file."""
    written = []
    with mock.patch.object(Descriptor, "_put", lambda self, piece: written.append(bytes(piece))):
        Descriptor(1).write(data)
    return written


lines = st.lists(st.integers(0, 3 * PIECE) | st.integers(0, 80), max_size=30)


@given(lines)
def test_each_write_holds_whole_lines(lengths):
    """At most as many bytes as a pipe takes at once, unless one line alone has more."""
    data = b"".join(b"x" * length + b"\n" for length in lengths)
    pieces = pieces_of(data)
    assert b"".join(pieces) == data
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert all(len(piece) <= PIECE or piece.count(b"\n") == 1 for piece in pieces)


def test_short_lines_share_a_write():
    """A call for each line would take longer than computing it."""
    assert len(pieces_of(b"x" * 99 + b"\n" * 1000)) < 3
    assert len(pieces_of((b"x" * 99 + b"\n") * 1000)) == 25


def test_a_file_is_written_anew(tmp_path):
    """As `>` does."""
    file = tmp_path / "out"
    file.write_text("old\n" * 100)
    with opened(str(file)) as sink:
        sink.write(b"new\n")
        assert file.read_bytes() == b"new\n"  # readable while it grows
        sink.write(b"more\n")
    assert file.read_bytes() == b"new\nmore\n"


def test_a_file_with_resume_stays_as_it_is(tmp_path):
    """Until it is known what to keep."""
    file = tmp_path / "out"
    file.write_text("one\ntwo\nth")
    with opened(str(file), resume=True) as sink:
        assert file.read_bytes() == b"one\ntwo\nth"
        sink.cut(8)
        sink.write(b"three\n")
    assert file.read_bytes() == b"one\ntwo\nthree\n"


def test_a_second_writer_is_refused(tmp_path):
    """It has not touched the file of the first; afterwards it may have it."""
    file = str(tmp_path / "out")
    with opened(file) as sink:
        sink.write(b"mine\n")
        assert refusal(file) == ("file", f"{file!r} is being written by another gradcli")
        assert refusal(file, resume=True) == ("file", f"{file!r} is being written by another gradcli")
        assert Path(file).read_text() == "mine\n"
    with opened(file):
        assert Path(file).read_text() == ""


def test_a_file_system_without_locks_is_written(tmp_path, monkeypatch):
    """Some have none."""

    def unsupported(place, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with opened(str(tmp_path / "out")) as sink:
        sink.write(b"line\n")
    assert (tmp_path / "out").read_bytes() == b"line\n"


def test_outputs_that_cannot_be(tmp_path):
    """Each with its reason, and before anything is computed."""
    (tmp_path / "file").write_text("")
    assert refusal(str(tmp_path)) == ("file", f"cannot write {str(tmp_path)!r}: it is a folder")
    gone = str(tmp_path / "no" / "out")
    assert refusal(gone) == ("file", f"cannot write {gone!r}: there is no such folder")
    under = str(tmp_path / "file" / "out")
    assert refusal(under) == ("file", f"cannot write {under!r}: not a directory")
    assert refusal("a\0b") == ("file", r"cannot write 'a\x00b': this is no name of a file")
    long = "x" * 300
    assert refusal(long) == ("file", f"cannot write {long!r}: file name too long")


@pytest.mark.skipif(ROOT, reason="root writes everywhere")
def test_outputs_without_permission(tmp_path):
    """A folder, and a file, that may not be written."""
    (tmp_path / "sealed").mkdir(mode=0o500)
    (tmp_path / "fixed").touch(mode=0o400)
    for path in (tmp_path / "sealed" / "out", tmp_path / "fixed"):
        assert refusal(str(path)) == ("file", f"cannot write {str(path)!r}: permission denied")


def test_an_input_is_not_overwritten(tmp_path, monkeypatch):
    """By its name, by another name, or by standard input; the file stays as it is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").write_text("1\n")
    os.link("data", "other")
    os.symlink("data", "link")
    for name in ("data", "other", "link", str(tmp_path / "data")):
        assert refusal(name, inputs=["absent", "data"]) == ("file", "'data' would be read and written at once")
        assert refusal(name, inputs=["data"], resume=True)[0] == "file"
    assert (tmp_path / "data").read_text() == "1\n"
    assert not (tmp_path / "absent").exists()


def test_a_pipe_a_terminal_and_a_device_need_no_lock(tmp_path):
    """What is no file is written as it is, and cannot be gone on with."""
    with opened(os.devnull) as sink:
        sink.write(b"line\n")
    assert refusal(os.devnull, resume=True) == ("usage", f"--resume needs a file, and {os.devnull!r} is none")
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    got = []
    reader = threading.Thread(target=lambda: got.append(Path(path).read_bytes()))
    reader.start()
    with opened(path) as sink:
        sink.write(b"line\n" * 50_000)
    reader.join()
    assert got == [b"line\n" * 50_000]


def test_standard_output_has_several_names(monkeypatch):
    """Without --output, as -, and as /dev/stdout, which is not opened a second time."""
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    for name in (None, "-", "/dev/stdout"):
        sink = opened(name)
        assert isinstance(sink, Stream)
        sink.write(b"line\n")
    assert out.buffer.getvalue() == b"line\n" * 3
    assert refusal(None, resume=True) == ("usage", "--resume needs a file to go on with")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_an_error():
    """Of the system, in its words."""
    with opened("/dev/full") as sink, pytest.raises(OSError, match=r"No space left on device: '/dev/full'$"):
        sink.write(b"line\n")


@pytest.mark.parametrize(("name", "whole"), [("out", "line"), ("out.npy", "row")])
def test_a_disk_that_fills_up_leaves_whole_lines(tmp_path, name, whole):
    """What of a piece was written before is taken away."""
    file = str(tmp_path / name)
    write, left = os.write, [10_000]

    def short(place, data):
        if not left[0]:
            raise OSError(28, "No space left on device")
        taken = min(left[0], len(data))
        left[0] -= taken
        return write(place, bytes(data[:taken]))

    with opened(file) as sink, mock.patch.object(os, "write", short), pytest.raises(OSError) as caught:
        sink.write(b"%0999d\n" % 7 * 50)
    assert caught.value.strerror == (
        f"No space left on device: {file!r}; it ends with a whole {whole}, and --resume goes on from there"
    )
    assert Path(file).read_bytes() == b"%0999d\n" % 7 * 8  # two pieces of four lines


def test_a_file_of_the_shell_is_cut_as_well(tmp_path):
    """`> FILE` and `>> FILE`: what was there before stays."""
    for flags in (os.O_TRUNC, os.O_APPEND):
        path = tmp_path / "out"
        path.write_bytes(b"before\n")
        place = os.open(path, os.O_WRONLY | flags)
        sink = Descriptor(place)
        sink.write(b"good\n")
        write = os.write

        def torn(place, data, write=write):
            if len(data) < 3:
                raise OSError(28, "No space left on device")
            return write(place, data[:-2])

        with mock.patch.object(os, "write", torn), pytest.raises(OSError, match="No space"):
            sink.write(b"bad\n")
        os.close(place)
        assert path.read_bytes() == (b"" if flags == os.O_TRUNC else b"before\n") + b"good\n"


def test_a_closed_pipe_is_a_broken_pipe():
    """The command line answers that in silence."""
    read, write = os.pipe()
    os.close(read)
    with pytest.raises(BrokenPipeError):
        Descriptor(write).write(b"line\n")
    os.close(write)


class Interrupted(Exception):
    pass


@pytest.fixture
def interrupts():
    """SIGALRM in the place of Ctrl-C: it raises wherever the program is."""

    def raises(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, raises)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("blocking", [True, False])
def test_an_interrupt_leaves_whole_lines_in_a_pipe(interrupts, blocking):
    """Nobody reads, so it waits for room; the interrupt ends that, and no line is torn."""
    read, write = os.pipe()
    os.set_blocking(write, blocking)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    with pytest.raises(Interrupted):
        Descriptor(write).write(b"a line of some bytes\n" * 100_000)
    os.close(write)
    with open(read, "rb") as stream:
        data = stream.read()
    assert data
    assert data == b"a line of some bytes\n" * (len(data) // 21)


def writing(line_and_more):
    """A process that writes to a pipe, and has begun; a signal reaches no thread but its first, as in a batch."""
    code = f"""
import sys
from gradcli.batch import sending
from gradcli.batch.sinks import Descriptor
sending.PATIENCE = 0.5
try:
    Descriptor(1).write({line_and_more})
except KeyboardInterrupt:
    sys.exit(130)
"""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=env)
    assert os.read(running.stdout.fileno(), 1000) == b"x" * 1000
    return running


def test_a_long_line_is_finished_after_ctrl_c():
    """It takes several writes; the signal waits for the last."""
    running = writing("b'x' * 500_000 + b'\\n' + b'next\\n' * 100_000")
    running.send_signal(signal.SIGINT)
    time.sleep(0.1)
    rest = running.communicate()[0]
    assert running.returncode == 130
    assert rest.startswith(b"x" * 499_000 + b"\n")
    assert rest.endswith(b"\n")
    assert rest.count(b"next\n") < 100_000


def test_a_long_line_that_nobody_reads_is_given_up():
    """Ctrl-C has to end the run within two seconds."""
    running = writing("b'x' * 500_000 + b'\\n'")
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130
    running.stdout.close()


def test_blocks_of_bytes_are_counted(tmp_path):
    """Rows of a binary file: the sink knows how long it is, its reader where a row ends."""
    with opened(str(tmp_path / "rows")) as sink:
        assert isinstance(sink, File)
        sink.write_block(b"x" * 100_000)
        sink.write_block(memoryview(b"y" * 8))
        assert sink.size == 100_008


def test_a_new_file_has_the_usual_mode(tmp_path):
    """What the umask of the user leaves."""
    with opened(str(tmp_path / "out")):
        umask = os.umask(0)
        os.umask(umask)
        assert stat.S_IMODE(os.stat(tmp_path / "out").st_mode) == 0o666 & ~umask
