"""--resume: wherever an output was cut off, it ends as an undisturbed run does; no other file is touched."""

import pytest
from batch.chunked import cut
from batch.fake_work import COMMAND
from chaos import lines as mixed
from hypothesis import given
from hypothesis import strategies as st

from gradcli.batch.engines import Serial
from gradcli.batch.lines import Lines
from gradcli.batch.processes import Processes
from gradcli.batch.resumed import Resumed
from gradcli.batch.settings import Settings
from gradcli.batch.sinks import File
from gradcli.batch.spreadsheet import columns_of
from gradcli.batch.tally import Tally
from gradcli.batch.told import header_of
from gradcli.errors import GradError

FAKE = {"kind": "fake"}
INPUT = [b"line %d\n" % number for number in range(1, 41)]
WHOLE = b"".join(INPUT).upper()


def tasks(lines=INPUT, size=7):
    for number, at in enumerate(range(0, len(lines), size)):
        yield {"number": number, "first": at + 1, "file": "f"}, b"".join(lines[at : at + size])


def resumed(path, there, source=None, engine=None, spec=FAKE):
    """Go on with a file that holds THERE: its bytes at the end, the headers, and the object that did it."""
    path.write_bytes(there)
    with File(str(path), resume=True) as sink, engine or Serial() as runs:
        run = Resumed(sink)
        headers = []
        for header, payload in run.run(runs, spec, tasks() if source is None else source):
            sink.write(payload)
            headers.append(header)
    return path.read_bytes(), headers, run


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("resumed") / "out"


@given(st.integers(0, len(WHOLE)))
def test_any_part_is_completed(path, length):
    """Cut at a line, in a line, before the first, behind the last."""
    found, headers, run = resumed(path, WHOLE[:length])
    assert found == WHOLE
    assert sum(header["lines"] for header in headers) == len(INPUT)
    assert run.lines == WHOLE[:length].count(b"\n")
    assert run.added == len(INPUT) - run.lines


def test_lines_that_are_there_are_not_computed_again(path):
    """Only those of the first chunk, and of the one at which the run was cut off."""
    _, headers, _ = resumed(path, WHOLE[: -len(INPUT[-1]) * 20])
    assert [header.get("told", False) for header in headers] == [False, True, False, False, False, False]


def test_a_complete_output_stays(path):
    """Nothing is left to do."""
    assert resumed(path, WHOLE)[2].added == 0


def test_processes_go_on(path):
    """The engine does not matter."""
    engine = Processes(2, command=COMMAND)
    assert resumed(path, WHOLE[:100], engine=engine)[0] == WHOLE


def test_room_that_a_machine_left_when_it_went_down(path):
    """A file system may have counted bytes that were never written."""
    assert resumed(path, WHOLE[:100] + b"\0" * 500)[0] == WHOLE


@pytest.mark.parametrize(
    ("there", "line"),
    [
        (WHOLE.replace(b"LINE 3\n", b"LINE 4\n"), 3),
        (WHOLE.replace(b"LINE 40\n", b"LINE 41\n"), 40),
        (WHOLE[:100].replace(b"LINE 1\n", b""), 1),
        (WHOLE + b"LINE 41\n", 41),
        (WHOLE + b"LI", 41),
        (b"notes of mine", 1),
        (b"notes of mine\n", 1),
        (WHOLE[:21] + b"lin", 4),
        (WHOLE[:50] + b"lin", 8),
    ],
)
def test_a_file_of_another_run_is_not_touched(path, there, line):
    """Its first lines, its last ones or what is left of one say so."""
    with pytest.raises(GradError) as caught:
        resumed(path, there)
    assert caught.value.message == f"{str(path)!r} is not from this run: line {line} differs"
    assert path.read_bytes() == there


@pytest.mark.parametrize("form", ["jsonl", "text"])
@pytest.mark.parametrize("table", [False, True])
def test_what_an_output_tells_is_what_was_computed(form, table):
    """The numbers of lines and of errors, and the kind, place and message of the first, for every chunk."""
    settings = Settings()
    if table:
        settings.columns = columns_of([{"value": 1, "gradients": {"x": 1}, "id": 1}], None, files=False)
    batch = Lines(settings)
    computed, told = Tally(), Tally()
    text = "".join(f"{line}\n" for line in mixed(form, 2000, seed=7))
    for header, payload in cut(text.encode(), [300]):
        answer, output = batch.answer(header, payload)
        found = header_of(batch, header, payload, output)
        assert found == answer
        computed.add(answer)
        told.add(found)
    assert computed.failed > 2
    assert told.summary(1.0) == computed.summary(1.0)
