"""What the tests of pages share: one browser."""

from collections.abc import Iterator

import pytest
from render.chromium import Chromium, find


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A headless Chromium; the test is skipped where there is none."""
    if find() is None:
        pytest.skip("no Chromium is installed")
    try:
        found = Chromium(tmp_path_factory.mktemp("profile"))
    except RuntimeError as error:
        pytest.skip(f"Chromium does not start: {error}")
    yield found
    found.close()
