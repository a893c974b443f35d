"""Both doors say the same, whatever stands on the command line."""

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from running import said

from gradcli.cli.commands import answer
from gradcli.cli.door import enter
from gradcli.cli.options import COMMANDS, OPTIONS, options_of
from gradcli.cli.quick import read

EXPRESSIONS = (
    "x*y", "-x", "-x*y", "--x", "-(x + y)", "1/(1+exp(-x))", "max(x, y)", "sqrt(x)", "log(-1)", "9^9^9", "x==y", "eval",
    "a = x*x; a*y", "x at x=2", "é*2", "x +", "sigmod(x)", "2x", "", "-", "grad", "x=1",
)  # fmt: skip
SETTINGS = (
    "x=2", "x=-1", "y=3", "y=pi/4", "x=nan", "x=-inf", "eval=1", "grad=2", "é=0.5", "x=", "=2", "x==2", "y=z", "x=1+",
    "x", "-x=1", "x = 2", "y=x=3", "unused=1", "at=1", "-q", "-j",
    "-o/nonexistent/file", "-h",
)  # fmt: skip
TEXTS = {
    "names": ("x", "x,y", "y, x", "zz", ","),
    "bytes": ("1", "500M", "2g", "1K", "0", "M", "1.5G", "-1", ""),
    "digits": ("1", "6", "17", "0", "18", "x", "-1", ""),
    "order": ("0", "1", "3", "21", "201", "x", "-1", "1.5", ""),
    "path": ("/nonexistent/file", "-", ""),
    "example": ("x:2x3", "x:2,y", "auto", "x:0", "2x3", ","),
    "element": ("x", "x[0]", "x[0,1]", "y", "2", ""),
    "point": ("x=1", "x=1,y=2", "x", "zz=1", "x=[1]", ","),
    "count": ("1", "2", "0", "-1", "x", ""),
    "columns": ("x", "x,y", "x[0,1],y", ","),
    "address": ("tcp://127.0.0.1:1", "x", ""),
    "value": ("1", "2*pi", "[1, 2]", "y", "@/nonexistent.npy", ""),
}


def options(command: str) -> st.SearchStrategy[list[str]]:
    """Those of the command more often than those of others."""
    own, all_of_them = (
        st.one_of([words_of(option.name, option.kind, option.choices) for option in rows])
        for rows in (options_of(command), OPTIONS)
    )
    return st.one_of(own, own, own, all_of_them)


def words_of(name: str, kind: str, choices: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    if kind == "flag":
        return st.sampled_from([[f"--{name}"], [f"--{name}"], [f"--{name}=1"]])
    texts = st.sampled_from([*choices, *choices, "nonsense"] if choices else TEXTS[kind])
    return st.builds(lambda text, joined: [f"--{name}={text}"] if joined else [f"--{name}", text], texts, st.booleans())


def command_lines() -> st.SearchStrategy[list[str]]:
    names = [[], *([name] for name in COMMANDS if name != "schema")]
    return st.sampled_from(names).flatmap(of_command)


def of_command(named: list[str]) -> st.SearchStrategy[list[str]]:
    few = st.lists(options((named or ["explain"])[0]), max_size=2)
    expression = st.sampled_from(EXPRESSIONS).map(lambda text: [text])
    values = st.lists(st.sampled_from(SETTINGS), max_size=3)
    dashes = st.sampled_from([[], [], [], ["--"]])
    return st.builds(lambda *parts: [word for part in parts for word in part], *(
        few.map(flat), st.just(named), few.map(flat), dashes, expression, values, few.map(flat)
    ))  # fmt: skip


def flat(parts: list[list[str]]) -> list[str]:
    return [word for part in parts for word in part]


@settings(max_examples=120)
@given(command_lines())
@example(["grad", "x*y", "x=2", "y=3", "--json"])
@example(["x*y", "x=2", "y=3"])
@example(["eval", "--file", "/nonexistent", "x=1"])
@example(["batch", "/nonexistent/input", "-o/nonexistent/file"])
@example(["map", "-offset", "/nonexistent/input"])
@example(["map", "x", "/nonexistent/input", "-o=/nonexistent/file"])
def test_both_doors_say_the_same(argv):
    """What the quick door answers, typer's door answers in the same words, with the same code."""
    request = read(argv)
    assume(request is not None)
    stdin = b"x*3"
    assert said(lambda: answer(request), stdin=stdin) == said(lambda: enter(argv), stdin=stdin)


@settings(max_examples=60)
@given(command_lines())
def test_the_other_door_answers_or_refuses(argv):
    """What the quick door leaves alone is an error in one block, or help; never an accident."""
    assume(read(argv) is None)
    code, out, err = said(lambda: enter(argv), stdin=b"x*3")
    assert (code, out) == (2, "") or (code, err) == (0, "")
    assert err.startswith(("error: ", '{"schema":"gradcli/1","error":{"kind":"usage"')) or code == 0
