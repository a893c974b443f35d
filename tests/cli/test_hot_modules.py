"""What a query imports is a fixed list: each module costs its start."""

import subprocess
import sys

from running import surroundings

NEURON = ["1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]
QUERY = [
    "__future__",
    "gradcli",
    "gradcli.autodiff",
    "gradcli.autodiff.frozen",
    "gradcli.cli",
    "gradcli.cli.commands",
    "gradcli.cli.options",
    "gradcli.cli.quick",
    "gradcli.graph",
    "gradcli.graph.activations",
    "gradcli.graph.arithmetic",
    "gradcli.graph.decompose",
    "gradcli.graph.elementary",
    "gradcli.graph.real",
    "gradcli.graph.routing",
    "gradcli.graph.special",
    "gradcli.language",
    "gradcli.language.builder",
    "gradcli.language.expressions",
    "gradcli.language.question",
    "gradcli.language.tables",
    "gradcli.questions",
    "gradcli.text",
    "math",
]


def modules(code: str) -> set[str]:
    """The modules that CODE leaves in a process of its own, beside those of an empty program."""
    shown = "import sys; print(*sorted(sys.modules), file=sys.stderr)"
    found = [
        subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, env=surroundings(), check=True)
        for text in (shown, f"{code}\n{shown}")
    ]
    before, after = (set(done.stderr.split()) for done in found)
    return after - before


def imported(*argv: str) -> set[str]:
    return modules(f"from gradcli.cli import main\nassert main({list(argv)!r}) == 0")


def test_a_query_to_json_imports_a_fixed_list():
    """No re, typing, enum, json, rich, typer or numpy, and nothing of gradcli that it does not use."""
    assert sorted(imported("grad", "x*y + sin(x)", "x=2", "y=-3", "--json")) == QUERY


def test_what_a_recognised_form_adds():
    """The note says what was folded, so the rules' texts and the notes are needed."""
    more = imported("grad", *NEURON, "--json") - set(QUERY)
    assert {name.split(".")[1] for name in more} <= {"graph", "autodiff", "insight"}


def test_plain_text_adds_three_modules():
    """Plain lines are made without rich."""
    more = imported("grad", "x*y + sin(x)", "x=2", "y=-3") - set(QUERY)
    assert more == {"gradcli.cli.terminal", "gradcli.render", "gradcli.render.plain"}


def test_importing_gradcli_imports_nothing_else():
    """`import gradcli` is the package alone until something is asked of it."""
    assert modules("import gradcli") == {"gradcli"}


def test_the_list_is_short():
    """The command line itself is four small modules."""
    assert sum(name.startswith("gradcli.cli") for name in QUERY) == 4
