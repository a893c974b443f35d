"""The word at the end of a run."""

import pytest

from gradcli.batch.tally import Tally


def tally(lines, errors=(), *, names_files=False):
    """The sum over chunks of ten thousand lines, the errors of each given by the number of the chunk."""
    found = Tally(names_files=names_files)
    errors = dict(errors)
    for number in range(-(-lines // 10_000)):
        asked = min(10_000, lines - 10_000 * number)
        found.add({"number": number, "lines": asked, "asked": asked, "errors": errors.get(number, {})})
    return found


def test_a_long_run_is_summed_up():
    """Lines, time, rate; then each kind with its first place, the commonest first."""
    errors = {
        1: {"syntax": [3, 18_204, "')' found, an expression expected", "f"]},
        4: {"name": [5, 44_100, "unknown function 'sigmod'", "f"], "syntax": [4, 44_000, "other", "f"]},
    }
    assert tally(1_000_000, errors.items()).summary(20.7) == [
        "1,000,000 lines in 20.7 s (48,300 a second): 999,988 answered, 12 failed",
        "  7 syntax  first at line 18,204: ')' found, an expression expected",
        "  5 name    first at line 44,100: unknown function 'sigmod'",
    ]


@pytest.mark.parametrize(
    ("lines", "seconds", "said"),
    [
        (0, 0.0, "0 lines in 0.00 s: 0 answered"),
        (1, 0.004, "1 line in 0.00 s: 1 answered"),
        (3, 0.994, "3 lines in 0.99 s: 3 answered"),
        (3, 0.996, "3 lines in 1.0 s: 3 answered"),
        (3, 2.0, "3 lines in 2.0 s (1.5 a second): 3 answered"),
        (30, 2.0, "30 lines in 2.0 s (15 a second): 30 answered"),
        (999, 1.0, "999 lines in 1.0 s (999 a second): 999 answered"),
        (99_996, 1.0, "99,996 lines in 1.0 s (100,000 a second): 99,996 answered"),
        (20, 99.96, "20 lines in 1 min 40 s (0.2 a second): 20 answered"),
        (20, 3_661.0, "20 lines in 1 h 01 min (0.00546 a second): 20 answered"),
    ],
)
def test_times_and_rates_have_the_digits_that_matter(lines, seconds, said):
    """Three of a rate, and none where the time is too short for one."""
    assert tally(lines).summary(seconds) == [said]


def test_a_place_names_its_file_where_there_are_several():
    """As errors do."""
    errors = {0: {"file": [1, 7, "not UTF-8 text (byte 0xff at 3)", "data/b.txt"]}}
    assert tally(9, errors.items(), names_files=True).summary(0.1)[1] == (
        "  1 file  first at data/b.txt, line 7: not UTF-8 text (byte 0xff at 3)"
    )


def test_a_message_cannot_draw_on_the_terminal():
    """It may quote what stood in a line."""
    errors = {0: {"name": [1, 1, "unknown function '\x1b[2J" + "x" * 500 + "'", "a\x1bb"]}}
    (_, line) = tally(1, errors.items(), names_files=True).summary(0.1)
    assert "\x1b" not in line and len(line) < 250
