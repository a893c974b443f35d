"""The pace of a run: what is done, how fast, and how long it will take."""

import pytest

from gradcli.batch.pace import LEAST, MOST, SPAN, Pace


class Clock:
    """A clock that stands until it is set."""

    now = 0.0

    def __call__(self):
        return self.now


def after(size, *answers):
    """The pace of a run of tasks of ten bytes, each answered at a moment, with a number of lines, some of them bad."""
    clock = Clock()
    pace = Pace(size, clock)
    tasks = pace.watch(({"number": number}, b"x" * 10) for number in range(len(answers)))
    for moment, lines, failed in answers:
        header, _ = next(tasks)
        clock.now = moment
        errors = {"syntax": [failed, 1, "", "f"]} if failed else {}
        pace.add({"number": header["number"], "lines": lines, "errors": errors})
    return pace


def test_it_counts_lines_and_errors():
    """What is asked counts, where that differs from what is printed."""
    pace = after(100, (1.0, 5, 0), (2.0, 5, 2))
    assert (pace.count, pace.failed, pace.seconds) == (10, 2, 2.0)
    pace.add({"number": 9, "lines": 1, "asked": 0, "errors": {}})
    assert pace.count == 10


def test_the_rest_takes_as_long_as_what_is_done():
    """At the pace of the bytes so far."""
    pace = after(100, (1.0, 5, 0), (2.0, 5, 0))
    assert (pace.part, pace.rate, pace.left) == (0.2, 5.0, 8.0)


def test_the_rate_is_that_of_late():
    """A run that goes on skips what is there in no time, and is not that fast afterwards."""
    answers = [(0.1, 1000, 0), *((float(second), 10, 0) for second in range(1, 40))]
    pace = after(1000, *answers)
    assert pace.rate == pytest.approx(10, rel=1 / SPAN)


def test_nobody_knows_how_long_a_pipe_is():
    """So nothing is said of the rest."""
    pace = after(None, (1.0, 5, 0))
    assert (pace.part, pace.left, pace.rate) == (None, None, 5.0)


def test_an_input_that_grows_is_not_done_more_than_whole():
    """A file may be appended to."""
    assert after(15, (1.0, 5, 0), (2.0, 5, 0)).part == 1.0


@pytest.mark.parametrize(
    ("answers", "portion"),
    [([], LEAST), ([(10.0, 1, 0)], LEAST), ([(0.0001, 9, 0)], 20_000), ([(1e-6, 9, 0)], MOST)],
)
def test_a_task_is_as_large_as_what_takes_a_moment(answers, portion):
    """However long a line takes: a kill costs little, and the answers of slow lines do not wait for each other."""
    assert after(None, *answers).portion() == portion


def test_nothing_is_divided_by_nothing():
    """At the first moment, and for an empty file."""
    assert (after(0).part, after(0).left, after(0).rate, after(10).left) == (None, None, 0.0, None)
