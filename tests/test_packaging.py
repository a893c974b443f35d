"""What is inside the wheel and the sdist."""

import os
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel

CHECKOUT = Path(__file__).parents[1]


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """Build backends build the project of the working directory."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel, but for its record."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


def files_under(folder: Path) -> set[str]:
    return {
        path.relative_to(CHECKOUT).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("wheel")
    with standing_in(CHECKOUT):
        return contents(folder / build_wheel(str(folder)))


@pytest.fixture(scope="module")
def unpacked_sdist(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    with standing_in(CHECKOUT):
        name = build_sdist(str(folder))
    with tarfile.open(folder / name) as archive:
        archive.extractall(folder, filter="data")
    return folder / name.removesuffix(".tar.gz")


def metadata(wheel: dict[str, bytes], name: str) -> str:
    return next(content.decode() for path, content in wheel.items() if path.endswith(f".dist-info/{name}"))


def test_the_wheel_holds_the_whole_package(wheel):
    """Modules, frozen tables, schemas, the mark that the package is typed: what is in gradcli/ is installed."""
    assert files_under(CHECKOUT / "gradcli") <= set(wheel)
    assert "gradcli/py.typed" in wheel


def test_the_wheel_holds_the_grammar(wheel):
    """The grammar stands at the top of the checkout, and inside the package once installed."""
    grammar = {f"gradcli/{path}" for path in files_under(CHECKOUT / "grammar")}
    assert "gradcli/grammar/expression.lark" in grammar
    assert grammar <= set(wheel)


def test_the_command_is_the_launcher_of_the_checkout(wheel):
    """Pip puts the launcher in place as it is, but for the path of the interpreter."""
    launcher = next(content for path, content in wheel.items() if path.endswith(".data/scripts/gradcli"))
    assert launcher == (CHECKOUT / "bin" / "gradcli").read_bytes()
    assert launcher.startswith(b"#!python\n")


def test_no_wrapper_takes_the_place_of_the_launcher(wheel):
    """The one entry point is that of Windows; one called gradcli would win over the launcher."""
    assert metadata(wheel, "entry_points.txt").split() == ["[console_scripts]", "gradcli.pyw", "=", "gradcli.cli:main"]


def test_the_wheel_holds_nothing_else(wheel):
    """No tests, no samples: site-packages gets one folder."""
    assert {path.split("/")[0].split("-")[0] for path in wheel} == {"gradcli"}


def test_a_wheel_built_from_the_sdist_is_the_same(wheel, unpacked_sdist, tmp_path):
    """The sdist holds everything that the wheel is made of."""
    with standing_in(unpacked_sdist):
        assert contents(tmp_path / build_wheel(str(tmp_path))) == wheel


def test_the_sdist_holds_what_the_tests_read(unpacked_sdist):
    """Whoever repackages gradcli can run its tests."""
    for folder in ("tests", "samples", "docs", "bench", ".ci"):
        for path in files_under(CHECKOUT / folder):
            assert (unpacked_sdist / path).is_file(), path
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile"):
        assert (unpacked_sdist / name).is_file(), name
