"""An answer in a file: in the format of its name, whole or not at all."""

import json
import os
from pathlib import Path

import pytest
from running import run, start

NEURON = ["1/(1+exp(-(w*x+b)))", "w=2", "x=-1", "b=3"]


@pytest.mark.parametrize(
    ("command", "name", "how"),
    [
        ("explain", "a.txt", ["--format", "text"]), ("explain", "a.json", ["--json"]),
        ("explain", "a.md", ["--format", "markdown"]), ("explain", "a.TEX", ["--format", "latex"]),
        ("explain", "a.html", ["--format", "html"]), ("explain", "unsaid", []),
        ("compare", "a.md", ["--format", "markdown"]), ("jacobian", "a.tex", ["--format", "latex"]),
        ("hessian", "a.md", ["--format", "markdown"]), ("diff", "a.tex", ["--format", "latex"]),
        ("code", "a.py", []), ("code", "a.c", ["--target", "c"]), ("code", "a.json", ["--json"]),
        ("graph", "a.svg", []), ("graph", "a.dot", ["--format", "dot"]), ("graph", "a.mmd", ["--format", "mmd"]),
        ("graph", "a.html", ["--format", "html"]),
    ],
)  # fmt: skip
def test_a_file_has_what_would_be_printed(tmp_path, command, name, how):
    """In the format that its name says."""
    file = tmp_path / name
    printed = run(command, *NEURON, *how)
    assert run(command, *NEURON, "-o", str(file)) == (printed.code, "", printed.err) and printed.code == 0
    assert file.read_text("utf-8") == printed.out != ""
    assert os.listdir(tmp_path) == [name]


def test_a_format_that_is_said_wins_over_the_name(tmp_path):
    """Whichever it is."""
    file = tmp_path / "a.md"
    assert run("explain", *NEURON, "-o", str(file), "--json").code == 0
    assert json.loads(file.read_text("utf-8"))["value"]


@pytest.mark.parametrize("words", [["-o"], ["--output"]])
def test_the_command_may_be_left_out(tmp_path, words):
    """Behind the expression -o is what it is behind `explain`."""
    file = tmp_path / "a.html"
    assert run(*NEURON, *words, str(file)) == (0, "", "")
    assert file.read_text("utf-8") == run("explain", *NEURON, "--format", "html").out


def test_minus_o_is_an_expression_where_one_stands():
    """As in a program about o."""
    assert json.loads(run("explain", "-o", "o=1", "--json").out)["gradients"] == {"o": -1.0}
    assert json.loads(run("-o", "o=1", "--json").out)["gradients"] == {"o": -1.0}


def test_a_command_without_a_file_says_where_it_writes():
    """The way of the shell."""
    found = run("grad", "x", "x=1", "-o", "a.txt")
    assert found.code == 2 and found.err.endswith("this command writes to standard output: > FILE sends it to a file\n")


def test_a_file_stays_as_it_was_where_the_answer_fails(tmp_path):
    """Not even empty."""
    file = tmp_path / "a.svg"
    file.write_text("before")
    assert run("graph", "x*y", "x=1", "-o", str(file)).code == 2
    assert (file.read_text(), os.listdir(tmp_path)) == ("before", ["a.svg"])


@pytest.mark.parametrize(
    ("name", "reason"), [("no/such/a.svg", "no such file or directory"), ("", "it is a folder"), ("a\0.svg", "null")]
)
def test_a_file_that_cannot_be_written_is_an_error(tmp_path, name, reason):
    """With the code of an output that cannot be written, and nothing left beside it."""
    found = run("graph", "x*y", "x=1", "y=2", "--format", "svg", "-o", f"{tmp_path}/{name}")
    assert (found.code, found.out) == (74, "")
    assert found.err.startswith("error: ") and reason in found.err and len(found.err.splitlines()) == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_devices_are_written_as_they_are():
    """A full one is an error, standard output is none."""
    assert "no space left" in run("graph", "x*y", "x=1", "y=2", "--format", "dot", "-o", "/dev/full").err
    there = start("graph", "x*y", "x=1", "y=2", "--format", "dot", "-o", "/dev/stdout")
    assert there.out.startswith("digraph")
    assert there == start("graph", "x*y", "x=1", "y=2", "--format", "dot", "-o", "-")


def test_a_link_and_permissions_stay(tmp_path):
    """The file behind the link is written."""
    file, link = tmp_path / "a.py", tmp_path / "link.py"
    file.write_text("")
    file.chmod(0o755)
    link.symlink_to(file)
    assert run("code", "x*y", "-o", str(link)).code == 0
    assert link.is_symlink() and file.stat().st_mode & 0o777 == 0o755 and "def " in file.read_text()


def test_a_name_that_says_no_picture_is_an_error():
    """Before anything is computed."""
    found = run("graph", "x*y", "-o", "a.jpeg")
    hint = "end it in .svg, .png, .dot, .mmd or .html, or add --format"
    assert (found.code, found.err) == (2, f"error: the name 'a.jpeg' does not say what to draw\n  {hint}\n")


@pytest.mark.parametrize(
    ("command", "name", "said"),
    [
        ("explain", "a.svg", "explain writes no .svg\n  end it in .txt, .json, .md, .tex or .html, or add --format; "
                             "gradcli graph draws .svg"),
        ("jacobian", "a.html", "jacobian writes no .html\n  end it in .txt, .json, .md or .tex, or add --format"),
        ("diff", "a.png", "diff writes no .png\n  end it in .txt, .json, .tex or .md, or add --format; "
                          "gradcli graph draws .png"),
        ("code", "a.js", "'a.js' is no name for code in python\n  end it in .py or .c"),
        ("code --target c", "a.py", "'a.py' is no name for code in c\n  end it in .c, or choose another --target"),
        ("explain --format md", "a.md", "--format has to be one of text, json, markdown, latex, html; 'md' given\n"
                                        "  did you mean 'markdown'?"),
    ],
)  # fmt: skip
def test_a_name_that_promises_something_else_is_an_error(command, name, said, tmp_path, monkeypatch):
    """And nothing is written."""
    monkeypatch.chdir(tmp_path)
    assert run(*command.split(), *NEURON, "-o", name) == (2, "", f"error: {said}\n")
    assert os.listdir(tmp_path) == []


def test_patterns_have_no_documents():
    """They are drawn."""
    found = run("hessian", "x^2*y", "x=1", "y=2", "--sparsity", "--format", "markdown")
    assert found.code == 2 and found.err.startswith("error: --sparsity has no markdown\n")


def test_lessons_have_no_documents():
    """They are texts."""
    found = run("explain", "sum(X)", "--example", "X:2x2", "--element", "X[0,0]", "--format", "latex")
    assert (found.code, found.err) == (
        2, "error: --element has no latex\n  leave out --element, or use --format text or json\n",
    )  # fmt: skip
