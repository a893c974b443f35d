"""The line that says how far a run has come."""

import pytest

from gradcli.render.progress import lasting, line

RUN = {"count": 612_400, "unit": "lines", "rate": 48_210.3, "failed": 7, "part": 0.61, "left": 8.2}


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (200, "b.jsonl ━━━━━━━━━━━━━━╸───────── 61 %  612,400 lines  48,210/s  7 failed  8 s left"),
        (79, "b.jsonl ━━━━━━━━━━━━──────── 61 %  612,400 lines  48,210/s  7 failed  8 s left"),
        (60, "b.jsonl 61 %  612,400 lines  48,210/s  7 failed  8 s left"),
        (50, "b.jsonl 61 %  612,400 lines  48,210/s  7 failed"),
        (30, "b.jsonl 61 %  612,400 lines"),
        (20, "b.jsonl ━━━╸── 61 %"),
        (5, "b.jso"),
    ],
)
def test_what_fits_is_shown(width, shown):
    """The bar takes what the words leave, and words go from the end."""
    assert line("b.jsonl", **RUN, width=width).plain == shown
    assert len(shown) <= width


def test_in_ascii():
    """Signs that every terminal has."""
    assert line("b", **RUN, width=120, unicode=False).plain == (
        "b ##############---------- 61 %  612,400 lines  48,210/s  7 failed  8 s left"
    )


def test_without_a_size():
    """No bar, no percent, no time left: nobody knows."""
    assert line("standard input", count=5, unit="rows", rate=0.4, failed=0, width=80).plain == (
        "standard input  5 rows  0/s"
    )


def test_a_name_cannot_draw_on_the_terminal():
    """Control characters of a file's name are spelled."""
    drawn = line("a\x1b[31m\nb", **RUN, width=120).plain
    assert drawn.startswith("a\\u001b[31m\\u000ab ")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.0, "1 s"), (8.4, "8 s"), (99.4, "99 s"), (99.6, "2 min"), (3000, "50 min"), (11_100, "3 h 05 min")],
)
def test_a_time_has_few_digits(seconds, told):
    """It is an estimate."""
    assert lasting(seconds) == told
