"""Threads that compute rows: what they hand on comes in order, and nothing behind what went wrong."""

import time
from threading import get_ident

import pytest

from gradcli.batch import threads
from gradcli.batch.threads import Threads
from gradcli.errors import GradError

TASKS = [({"number": k}, b"%d;" % k) for k in range(60)]


def do(header, payload):
    """Slower for every third task, so that the others overtake it."""
    if header["number"] % 3 == 0:
        time.sleep(0.002)
    if payload == b"bad":
        raise GradError("file", "no number")
    told = {"number": header["number"], "lines": 1, "errors": {}}
    return told | ({"failure": ["file", "m", None]} if payload == b"last" else {}), payload


@pytest.fixture(autouse=True)
def work(monkeypatch):
    monkeypatch.setattr(threads, "make", lambda spec: do)


def answers(tasks, put, jobs=3):
    with Threads(jobs) as engine:
        engine.put = put
        yield from engine.run({"kind": "map"}, iter(tasks))


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_what_is_handed_on_comes_in_the_order_of_the_tasks_from_the_threads(jobs):
    found, by = [], set()

    def put(data):
        found.append(data)
        by.add(get_ident())

    told = [*answers(TASKS, put, jobs)]
    assert found == [payload for _, payload in TASKS]
    assert [header["number"] for header, _ in told] == [*range(60)]
    assert {payload for _, payload in told} == {b""}
    assert get_ident() not in by


def test_without_anybody_to_take_them_the_bytes_come_with_the_answers():
    assert [payload for _, payload in answers(TASKS, None)] == [payload for _, payload in TASKS]


@pytest.mark.parametrize("place", [0, 7, 59])
def test_an_error_stops_what_is_handed_on_at_its_place(place):
    tasks = [(header, b"bad" if header["number"] == place else payload) for header, payload in TASKS]
    found, told = [], []
    with pytest.raises(GradError, match="no number"):
        for header, _ in answers(tasks, found.append):
            told.append(header["number"])
    assert told == [*range(place)]
    assert found == [payload for _, payload in TASKS[:place]]


def test_nothing_is_handed_on_behind_a_failure():
    tasks = [(header, b"last" if header["number"] == 7 else payload) for header, payload in TASKS]
    found = []
    for header, _ in answers(tasks, found.append):
        if "failure" in header:
            break
    assert found == [*(payload for _, payload in TASKS[:7]), b"last"]


def test_a_full_disk_is_told_and_nothing_hangs():
    found = []

    def put(data):
        if len(found) == 5:
            raise OSError(28, "No space left on device")
        found.append(data)

    with pytest.raises(OSError, match="No space"):
        list(answers(TASKS, put))
    assert found == [payload for _, payload in TASKS[:5]]


def test_whoever_stops_asking_waits_for_what_is_being_written_and_no_more():
    state = []

    def put(data):
        state.append("begun")
        time.sleep(0.01)
        state.append("done")

    run = answers(TASKS, put)
    next(run)
    run.close()
    before = len(state)
    time.sleep(0.05)
    assert len(state) == before and state[-1] == "done"
    assert before < 2 * len(TASKS)
