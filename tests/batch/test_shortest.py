"""Many doubles as text at once: what `repr` says of each, bit by bit over all doubles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.batch.shortest import WIDTH, letters

CHANCE = np.random.default_rng(0)
TWOS = 2.0 ** np.arange(-1074, 1024)
SETS = {
    "ordinary": CHANCE.standard_normal(50_000),
    "any bits": CHANCE.integers(0, 1 << 63, 100_000, dtype=np.uint64).view(float),
    "negative": -np.exp(CHANCE.uniform(-700, 700, 50_000)),
    "few digits": np.round(CHANCE.uniform(-1e4, 1e4, 50_000), 3),
    "whole": CHANCE.integers(-(10**6), 10**6, 50_000).astype(float),
    "large whole": CHANCE.integers(1 << 50, 1 << 62, 20_000).astype(float),
    "powers of 2, to whose lower neighbour it is half as far": TWOS,
    "below them": np.nextafter(TWOS, 0),
    "above them": np.nextafter(TWOS, np.inf),
    "powers of 10": np.array([float(f"1e{power}") for power in range(-323, 309)]),
    "below those": np.nextafter([float(f"1e{power}") for power in range(-323, 309)], 0),
    "subnormal": CHANCE.integers(1, 1 << 52, 20_000, dtype=np.uint64).view(float),
    "smallest": np.arange(1, 2000, dtype=np.uint64).view(float),
    "special": np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, 1e16, 9999999999999998.0, 1e-4, 9.999e-5, 1 / 3]),
}  # fmt: skip


def texts(values):
    found = letters(np.asarray(values))
    found[:, WIDTH - 1] = ord("\n")
    return found.tobytes().translate(None, b"\0").decode().splitlines()


@pytest.mark.parametrize("name", SETS)
def test_every_text_is_that_of_repr(name):
    assert texts(SETS[name]) == [*map(repr, SETS[name].tolist())]


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_any_numbers_beside_each_other(values):
    assert texts(values) == [*map(repr, values)]


def test_words_for_what_is_no_number():
    found = letters(np.array([np.nan, -np.inf, -np.nan]), nan=b"NaN", minus_inf=b"less")
    assert found.tobytes().replace(b"\0", b" ").split() == [b"NaN", b"less", b"NaN"]


def test_no_numbers_are_no_text():
    assert letters(np.empty(0)).shape == (0, WIDTH)
