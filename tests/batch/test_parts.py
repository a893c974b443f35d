"""Many files: which a pattern names, where the answers to each go, and that no finished one is computed again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradcli.batch.parts import expanded, is_folder, parts_of
from gradcli.errors import GradError

HOME = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names, text="x at x=1\n"):
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def planned(*paths, folder="out", suffix=".jsonl"):
    """Where the answers go, seen from FOLDER."""
    return [os.path.relpath(part.target, folder) for part in parts_of(paths, folder, lambda path: suffix)]


def gradcli(*words, **how):
    return subprocess.run(
        [sys.executable, "-m", "gradcli", *words], env=os.environ | {"PYTHONPATH": str(HOME)}, capture_output=True,
        text=True, **how,
    )  # fmt: skip


def test_a_pattern_names_its_files_in_order(here):
    """Sorted, without folders; what exists is itself; ** goes down."""
    make("b.txt", "a.txt", "[odd].txt", "down/c.txt", "folder.txt/inside")
    assert expanded(["?.txt"]) == ["a.txt", "b.txt"]
    assert expanded(["-", "*.txt", "no such"]) == ["-", "[odd].txt", "a.txt", "b.txt", "no such"]
    assert expanded(["[odd].txt"]) == ["[odd].txt"]
    assert expanded(["**/*.txt"]) == ["[odd].txt", "a.txt", "b.txt", "down/c.txt"]


def test_a_pattern_without_a_file_is_an_error(here):
    """Or a misspelt one would do nothing, and say nothing."""
    with pytest.raises(GradError, match="no file matches") as caught:
        expanded(["logs/*.jsonl"])
    assert caught.value.kind == "file"


def test_a_folder_is_told_by_its_end_or_by_being_there(here):
    """As cp does."""
    make("there/x", "file")
    assert is_folder("new/")
    assert is_folder("there")
    assert not is_folder("file")
    assert not is_folder("new")


def test_a_part_has_the_stem_of_its_file():
    """And the suffix of what is written."""
    assert planned("a/x.csv", "b/y.txt", "z") == ["x.jsonl", "y.jsonl", "z.jsonl"]
    assert planned("a/x.csv.gz", suffix=".csv") == ["x.csv"]
    assert planned("/somewhere/else/x.csv") == ["x.jsonl"]
    assert planned("../../x.csv") == ["x.jsonl"]


def test_files_of_one_name_keep_their_folders():
    """All of them, so that the folder is of one shape."""
    assert planned("a/x.csv", "b/x.csv", "b/y.csv") == ["a/x.jsonl", "b/x.jsonl", "b/y.jsonl"]
    assert planned("data/2024/x.csv", "data/2025/x.csv") == ["2024/x.jsonl", "2025/x.jsonl"]
    assert planned("../a/x.csv", "/x.csv")[1] == "x.jsonl"
    assert planned("x.csv", "x.tsv", suffix=".csv") == ["x.csv.csv", "x.tsv.csv"]


def test_no_part_lies_outside_of_the_folder(here):
    """However the paths climb, and whatever links are there."""
    for paths in (["../x.csv", "../../x.csv"], ["/x.csv", "y/../../x.csv"], ["..", "../.."]):
        assert not any(name.startswith(("..", "/")) for name in planned(*paths))
    Path("out").mkdir()
    Path("out/a").symlink_to("/")
    with pytest.raises(GradError, match="a link leads out of it"):
        planned("a/x.csv", "b/x.csv")


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["-"], "standard input has no name"),
        (["in/x.csv", "in/../in/x.csv"], "is named twice"),
        (["out/x.jsonl"], "would be read and written at once"),
        (["in/x.csv", "out/x.jsonl.part"], "would be read and written at once"),
    ],
)
def test_what_cannot_be_is_refused(here, paths, words):
    """Before anything is written over."""
    make("in/x.csv", "out/x.jsonl")
    with pytest.raises(GradError, match=words):
        planned(*paths)


def test_each_file_of_a_batch_has_its_answers(here):
    """The same as one by one; errors are counted over all."""
    make("logs/a.txt", text="x^2 at x=3\nx*+ at x=1\n")
    make("logs/b.txt", text="# nothing\nsin(x) at x=0\n")
    done = gradcli("batch", "logs/*.txt", "-o", "out/")
    assert done.returncode == 1
    assert "3 lines" in done.stderr
    assert sorted(os.listdir("out")) == ["a.jsonl", "b.jsonl"]
    for name in "ab":
        assert Path(f"out/{name}.jsonl").read_text() == gradcli("batch", f"logs/{name}.txt").stdout


@pytest.mark.parametrize("more", [[], ["--jobs", "2"], ["--format", "csv"]], ids=["alone", "jobs", "csv"])
def test_a_batch_in_parts_goes_on_where_it_was(here, more):
    """Whole parts stay as they are, not even looked into; the one that was cut off is gone on with."""
    suffix = "csv" if "csv" in more else "jsonl"
    for name in "abc":
        make(f"{name}.txt", text="".join(f"{name}*{n} at {name}=2\n" for n in range(50)))
    words = ["batch", "a.txt", "b.txt", "c.txt", "-o", "out/", *more]
    assert gradcli(*words).returncode == 0
    whole = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    assert len(whole) == 3
    half = Path(f"out/b.{suffix}.part")
    Path(f"out/b.{suffix}").rename(half)
    half.write_bytes(half.read_bytes()[:1500])
    Path(f"out/c.{suffix}").unlink()
    before = Path(f"out/a.{suffix}").stat()
    done = gradcli(*words, "--resume")
    assert done.returncode == 0
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == whole
    assert Path(f"out/a.{suffix}").stat().st_mtime_ns == before.st_mtime_ns
    assert "out/ is complete" in gradcli(*words, "--resume").stderr


def test_a_missing_file_is_told_before_anything_is_written(here):
    """Not after an hour."""
    make("a.txt")
    done = gradcli("batch", "a.txt", "no.txt", "-o", "out/")
    assert done.returncode == 2
    assert "no.txt" in done.stderr
    assert not os.path.exists("out")


@pytest.mark.parametrize(
    "words",
    [
        ["map", "x*+", "a.csv"],
        ["map", "y", "a.csv"],
        ["batch", "a.csv", "--format", "csv", "--at", "x="],
        ["batch", "a.csv", "--format", "csv", "--scheduler", "foo://x"],
    ],
)
def test_a_mistake_does_not_cost_what_is_there(here, words):
    """What an earlier run wrote goes away when this one begins, and not before."""
    make("a.csv", text="x\n1\n")
    make("out/a.csv", text="of an earlier run")
    assert gradcli(*words, "-o", "out/").returncode == 2
    assert Path("out/a.csv").read_text() == "of an earlier run"


def test_each_table_of_a_map_has_its_rows(here):
    """Under the format of its own file, or of --format."""
    make("data/a.csv", text="x\n1\n2\n")
    make("data/b.csv", text="x\n3\n")
    assert gradcli("map", "x^2", "data/*.csv", "-o", "out").returncode == 0
    assert Path("out").is_file()  # no folder of that name: a file with the rows of both
    assert gradcli("map", "x^2", "data/*.csv", "-o", "parts/").returncode == 0
    assert sorted(os.listdir("parts")) == ["a.csv", "b.csv"]
    assert Path("parts/b.csv").read_text() == gradcli("map", "x^2", "data/b.csv").stdout
    assert gradcli("map", "x^2", "data/*.csv", "-o", "parts/", "--format", "jsonl").returncode == 0
    assert sorted(os.listdir("parts")) == ["a.csv", "a.jsonl", "b.csv", "b.jsonl"]


def test_a_map_in_parts_goes_on_where_it_was(here):
    """A bad row ends the run; when it is mended, the parts before it are not computed again."""
    make("a.csv", text="x\n1\n2\n")
    make("b.csv", text="x\n3\noops\n")
    make("c.csv", text="x\n4\n")
    words = ["map", "x^2", "a.csv", "b.csv", "c.csv", "-o", "out/"]
    assert gradcli(*words).returncode == 1
    assert sorted(os.listdir("out")) == ["a.csv", "b.csv.part"]
    before = Path("out/a.csv").stat()
    make("b.csv", text="x\n3\n5\n")
    assert gradcli(*words, "--resume").returncode == 0
    assert sorted(os.listdir("out")) == ["a.csv", "b.csv", "c.csv"]
    assert Path("out/a.csv").stat().st_mtime_ns == before.st_mtime_ns
    assert Path("out/b.csv").read_text() == gradcli("map", "x^2", "b.csv").stdout


def test_parts_come_out_the_same_over_dask(here):
    """One cluster for all of them."""
    pytest.importorskip("distributed")
    make("a.txt", text="x^2 at x=3\n" * 9)
    make("b.txt", text="x*+\n" * 9)
    assert gradcli("batch", "?.txt", "-o", "serial/").returncode == 1
    assert gradcli("batch", "?.txt", "-o", "dask/", "--engine", "dask", "--jobs", "1").returncode == 1
    for name in ("a.jsonl", "b.jsonl"):
        assert Path("dask", name).read_bytes() == Path("serial", name).read_bytes()
