"""Options: which words are options, what each does to the answer, what a mistake is told."""

import json

import pytest
from running import run

from gradcli.cli.options import BY_FLAG, COMMANDS, OPTIONS

CHOICES = ", ".join(BY_FLAG["--by"].choices)
NO_EXPRESSION = "error: no expression given\n  write one, as in: gradcli 'x*y' x=2 y=3\n  gradcli --help says more\n"


@pytest.mark.parametrize(
    "words", [["-x", "x=2"], ["--x", "x=-2"], ["-(x)", "x=2"], ["-x*1", "x=2"], ["--", "-x", "x=2"]]
)
def test_an_expression_may_begin_with_a_minus_sign(words):
    """Only a whole word that is an option is one."""
    assert run("eval", *words) == (0, "-2\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ["grad", "x*y", "x=2", "y=3", "--wrt", "y", "--json"],
        ["grad", "--wrt", "y", "--json", "x*y", "x=2", "y=3"],
        ["--json", "grad", "--wrt=y", "x*y", "x=2", "y=3"],
        ["grad", "x*y", "--format=json", "x=2", "--wrt=x", "y=3", "--wrt=y"],
    ],
)
def test_options_stand_anywhere(words):
    """Before the command, before and after the expression; the last of two wins."""
    assert json.loads(run(*words).out)["gradients"] == {"y": 2.0}


def test_a_variable_may_be_called_like_a_command():
    """Behind a command that is named, or behind `--`."""
    assert run("eval", "eval*2", "eval=3").out == "6\n"
    assert run("eval", "grad", "grad=3").out == "3\n"
    assert json.loads(run("--json", "--", "grad", "grad=3").out)["value"] == 3.0


def test_a_command_yet_to_come_is_an_expression():
    """A word that is no command is read as mathematics."""
    assert run("eval", "solve*2", "solve=3").out == "6\n"
    assert json.loads(run("solve", "solve=3", "--json").out)["value"] == 3.0


@pytest.mark.parametrize(
    ("words", "block"),
    [
        (["grad", "x", "--formt", "json"], "error: no such option --formt; did you mean --format?\n"),
        (["grad", "x", "--qqq"], "error: no such option --qqq\n"
                                 "  gradcli grad --help lists them; to compute it, write -- '--qqq'\n"),
        (["eval", "x", "--view", "tree"], "error: eval has no option --view\n  it belongs to explain\n"),
        (["grad", "x", "--full"], "error: grad has no option --full\n"
                                  "  it belongs to explain, compare, jacobian, hessian and graph\n"),
        (["grad", "x", "--json=1"], "error: --json takes no value, '1' given\n"),
        (["grad", "x", "--digits"], "error: --digits has to be a number from 1 to 17; nothing given\n"),
        (["grad", "x", "--digits", "18"], "error: --digits has to be a number from 1 to 17; '18' given\n"),
        (["grad", "x", "--ties", "spilt"], "error: --ties has to be one of split, first, error; 'spilt' given\n"
                                           "  did you mean 'split'?\n"),
        (["grad", "x", "--wrt", ","], "error: --wrt has to be names, as in x,y; ',' given\n"),
        (["compare", "x", "--by=mood"],
         f"error: --by has to be one of {CHOICES}; 'mood' given\n  did you mean 'mode'?\n"),
        (["grad", "x", "x=1", "--wrt", "y"], "error: 'y' does not occur in the program\n  its names are x\n"),
        ([], NO_EXPRESSION),
        (["grad"], NO_EXPRESSION.replace("'x*y'", "grad 'x*y'").replace("gradcli --help", "gradcli grad --help")),
        (["batch", "f", "-q"], "error: no such option -q; did you mean --quiet?\n"),
        (["batch", "-j", "2", "f"], "error: no such option -j; did you mean --jobs?\n"),
        (["map", "x", "f", "-f", "csv"], "error: no such option -f; did you mean --format?\n"),
        (["map", "x", "f", "-z"], "error: no such option -z\n"
                                  "  gradcli map --help lists them; a file of this name is ./-z\n"),
        (["map", "-x", "/no/f"], "error: cannot read '/no/f': no such file or directory\n"),
        (["map", "-offset", "/no/f"], "error: cannot read '/no/f': no such file or directory\n"),
        (["batch", "/no/f", "-o/no/a=b"], "error: cannot read '/no/f': no such file or directory\n"),
        (["batch", "x^2 at x=3"],
         "error: cannot read 'x^2 at x=3': no such file or directory\n  for a program, write: echo 'x^2 at x=3' | "
         "gradcli batch -, or gradcli grad 'x^2 at x=3'\n"),
        (["batch", "x*y"], "error: cannot read 'x*y': no such file or directory\n  for a program, write: echo 'x*y' | "
                           "gradcli batch -, or gradcli grad 'x*y'\n"),
        (["batch", "-", "x=3"], "error: cannot read 'x=3': no such file or directory\n"
                                "  for a value of every line, write --at x=3\n"),
        (["batch", "no such.txt"], "error: cannot read 'no such.txt': no such file or directory\n"),
        (["batch", "/no/*.txt"], "error: no file matches '/no/*.txt'\n"),
        (["batch", "f", "--fast-fail"], "error: no such option --fast-fail; did you mean --fail-fast?\n"),
        (["batch", "f", "--version"], "error: --version stands alone\n  gradcli --version\n"),
        (["batch", "f", "--at", "x=3", "--at=y=4"],
         "error: option --at is given twice\n  write --at x=3,y=4\n"),
        (["batch", "--at", "W=[1, 2]", "--at", "y=4", "f"],
         "error: option --at is given twice\n  write --at 'W=[1, 2],y=4'\n"),
        (["map", "x", "f", "--wrt", "x", "--wrt", "y"], "error: option --wrt is given twice\n  write --wrt x,y\n"),
        (["batch", "f", "-o", "a", "-ob"], "error: option --output is given twice\n  keep one of the two\n"),
        (["map", "x", "f", "--at", "z=3"], "error: map has no option --at\n  a value for all rows stands behind the "
                                           "data: gradcli map EXPR DATA z=3\n"),
        (["functions", "exp", "log"], "error: 'log' found after 'exp': functions describes one name at a time\n"),
    ],
)  # fmt: skip
def test_a_mistake_in_options_is_told(words, block):
    """One block on standard error, nothing on standard output, the code of wrong input."""
    assert run(*words) == (2, "", block)


def test_a_mistake_in_options_is_json_where_json_was_asked_for():
    """A script reads one format."""
    code, out, err = run("grad", "x", "--ties", "spilt", "--json")
    assert (code, out) == (2, "")
    assert json.loads(err)["error"]["kind"] == "usage"


@pytest.mark.parametrize("command", ["batch", "map"])
def test_json_is_called_jsonl_where_there_are_many(command):
    """As a hint, in JSON."""
    found = json.loads(run(command, "x", "f", "--format", "json").err)["error"]
    assert found["hint"] == "an object of JSON a line is jsonl"


def test_a_file_may_have_the_name_of_a_short_option(tmp_path, monkeypatch):
    """One that is there is read; -o is an option all the same, and its text may be joined."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-q").write_text("x^2 at x=3\n")
    answer = '{"line":1,"value":9.0,"gradients":{"x":6.0}}\n'
    assert run("batch", "-q") == (0, answer, "")
    assert run("batch", "-q", "-oout") == (0, "", "")
    assert (tmp_path / "out").read_text() == answer
    assert run("batch", "-h").out == run("batch", "-q", "-h").out == run("batch", "--help").out


def test_digits_round_the_text_and_never_the_json():
    """17 digits are as exact as the shortest text; JSON has every bit."""
    assert run("eval", "1/3").out == "0.3333333333333333\n"
    assert run("eval", "1/3", "--digits", "3").out == "0.333\n"
    assert run("eval", "1/3", "--digits", "17").out == "0.33333333333333331\n"
    assert json.loads(run("eval", "1/3", "--digits", "3", "--json").out)["value"] == 1 / 3


@pytest.mark.parametrize(
    ("words", "gradient"),
    [
        (["max(x, x+0)"], 1.0),
        (["max(x, y)", "y=1"], 0.5),
        (["max(x, y)", "y=1", "--ties", "first"], 1.0),
        (["max(x, y)", "y=1", "--mode", "forward"], 0.5),
        (["1/(1+exp(800*x))", "--zero", "strong", "--decomposition", "naive"], 0.0),
    ],
)
def test_an_option_reaches_the_question(words, gradient):
    """What is asked for on the command line is what is computed."""
    assert json.loads(run("grad", *words, "x=1", "--json").out)["gradients"]["x"] == gradient


def test_ties_can_be_refused():
    """--ties error is wrong input, with the place of the max."""
    code, out, err = run("grad", "2*max(x, y)", "x=1", "y=1", "--ties", "error")
    assert (code, out) == (2, "")
    assert "  2*max(x, y)\n" in err


def test_json_wins_over_the_view():
    """--json is what a script asked for."""
    assert run("x", "x=1", "--view", "tree", "--json").out.startswith('{"schema"')


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_lists_its_options(command):
    """The rows are the options, and their texts the help."""
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    shown = {word.strip(",") for word in out.split() if word.startswith("--") and word != "--"}
    assert {f"--{option.name}" for option in OPTIONS if command in option.commands} <= shown
    assert shown <= {*BY_FLAG, "--help"}


@pytest.mark.parametrize(("command", "words"), [("batch", ("FILE",)), ("map", ("EXPR", "DATA", "NAME=VALUE"))])
def test_the_help_of_a_command_of_many_shows_examples(command, words):
    """And says what each word stands for, `-` and patterns too."""
    text, _, _ = run(command, "--help").out.partition("Options:")
    assert text.count(f"gradcli {command} ") > 2
    assert all(text.count(word) > 1 for word in words)
    assert "standard input" in text and "pattern" in text and " - " in text


@pytest.mark.parametrize("words", [["--help"], ["-h"]])
def test_the_help_lists_the_commands(words):
    """And how to write an expression that begins with a minus sign, and the exit codes."""
    out = run(*words).out
    assert all(f"  {command} " in out for command in COMMANDS)
    assert "gradcli grad -x x=-1" in out
    assert "74" in out


def test_the_version():
    """One line, for bug reports."""
    from gradcli import __version__

    assert run("--version") == (0, f"gradcli {__version__}\n", "")


@pytest.mark.parametrize(
    ("text", "bytes_"), [("100", 100), ("2K", 2048), ("3m", 3 << 20), ("1G", 1 << 30), ("1T", 1 << 40)]
)
def test_memory_is_a_number_of_bytes(text, bytes_):
    """K, M, G and T are 1024 times the one before."""
    assert BY_FLAG["--max-memory"].accepts(text)
    assert BY_FLAG["--max-memory"].value(text) == bytes_


@pytest.mark.parametrize("text", ["", "0", "M", "1.5G", "-1", "2X", "1GB", "9" * 30])
def test_what_is_no_number_of_bytes(text):
    """The way to write one."""
    said = run("eval", "1", "--max-memory", text)
    wanted = f"error: --max-memory has to be a number of bytes, as in 500M or 2G; {text!r} given\n"
    assert said == (2, "", wanted)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["sum(x*2)", "x=ones(100)"], "the values would take 1.58 KiB, the most is 1000 bytes"),
        (["sum(ones(200))"], "an array of shape [200] takes 1.56 KiB, the most is 1000 bytes"),
        (["q[0]", "q=ones(200)"], "an array of shape [200] takes 1.56 KiB, the most is 1000 bytes"),
        (["q[0]", "q=ones(20,1)@ones(1,20)"], "the values would take 3.44 KiB, the most is 1000 bytes"),
        (["q[0] at q=ones(20,1)@ones(1,20)"], "the values would take 3.44 KiB, the most is 1000 bytes"),
        (["sum(outer(x, x))", "x=ones(20)"], "the values would take 3.29 KiB, the most is 1000 bytes"),
        (["x^2 + 1 + x", "x=[1]"], None),
    ],
)
def test_memory_is_predicted_before_anything_is_made(words, first):
    """Of arrays that are made, of values, and of everything on the way; in every command that computes."""
    for command in ("eval", "grad", "explain"):
        code, out, err = run(command, *words, "--max-memory", "1000")
        if first is None:
            assert code == 0 or command == "grad"
            continue
        assert (code, out) == (2, "")
        assert err.splitlines()[0] == f"error: {first}"
        assert err.splitlines()[-1].endswith("K allows it")
        size = err.split()[-3]
        assert run("eval", *words, "--max-memory", size).code == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["grad", "x^2*y", "--format", "latex"], "latex belongs to explain, compare, jacobian, hessian and diff"),
        (["hvp", "x^2", "x=1", "--along", "x=1", "--mode", "forward"], "to grad, explain, jacobian, graph and batch"),
        (["hessian", "x^2", "x=1", "--mode", "forward"], "it belongs to grad, explain, jacobian, hvp, graph and batch"),
        (["derive", "x^2"], "did you mean the command 'diff'?"),
        (["gradient", "x^2"], "did you mean the command 'grad'?"),
        (["hesian", "x^2"], "did you mean the command 'hessian'?"),
        (["x", "+", "y"], "quote an expression that has blanks"),
        (["diff"], "write one, as in: gradcli diff 'x^2*y'\n  gradcli diff --help says more"),
        (["hvp"], "write one, as in: gradcli hvp 'x^2*y' x=2 y=3 --along x=1"),
        (["hvp", "x^2", "x=1"], "error: no direction given"),
        (["jvp"], "write one, as in: gradcli jvp 'x*y' x=2 y=3 --along x=1"),
        (["eval"], "write one, as in: gradcli eval 'sqrt(2)*pi'"),
        ([], "write one, as in: gradcli 'x*y' x=2 y=3\n  gradcli --help says more"),
        (["eval", "D(x^2,x)", "x=1"], "write d(f, x), grad(f, x)"),
        (["eval", "D(x)", "x=1"], "to multiply, write D*(...)"),
    ],
)
def test_what_was_meant_for_another_command_leads_there(words, hint):
    """A way out names the command that has it."""
    found = run(*words)
    assert found.code == 2 and hint in found.err
