"""The page about second derivatives in Python."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "second-order.md"


def test_the_python_of_the_page_runs():
    """As a doctest."""
    assert doctest.testfile(str(PAGE), module_relative=False).failed == 0
