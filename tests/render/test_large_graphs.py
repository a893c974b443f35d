"""Large graphs: every view answers, folds to a screen, and takes time in proportion to the graph at most."""

import time
from collections.abc import Callable

import pytest
from render.cases import drawn

from gradcli.questions import Options, explained
from gradcli.report.explanation import Explanation
from gradcli.text import json_text

VIEWS = ("table", "tree", "ledger")
Program = tuple[str, dict[str, float]]


def doubled(times: int) -> Program:
    """a0 times itself, again and again: 2^times factors in as many lines."""
    lines = [f"a{k + 1} = a{k}*a{k}" for k in range(times)]
    return "\n".join([*lines, f"a{times} + 1"]), {"a0": 1.0}


GRAPHS: dict[str, Callable[[int], Program]] = {
    "a sum": lambda n: ("+".join(["x", "y"] * (n // 2)), {"x": 1.1, "y": 2.3}),
    "minus signs": lambda n: ("-" * n + "x", {"x": 1.5}),
    "nested calls": lambda n: ("sin(" * n + "x" + ")" * n, {"x": 1.5}),
    "flows into one input": lambda n: ("+".join(f"{k}.5*x" for k in range(n)), {"x": 1.1}),
    "inputs": lambda n: ("+".join(f"x{k}*x{k + 1}" for k in range(n)), {f"x{k}": k / 7 for k in range(n + 1)}),
    "one max of many": lambda n: (f"max({','.join(f'x{k}' for k in range(n))})", {f"x{k}": k % 97 for k in range(n)}),
    "a chain of max": lambda n: (
        "max(" * n + "x0" + "".join(f",x{k})" for k in range(1, n + 1)), {f"x{k}": k % 97 for k in range(n + 1)},
    ),
    "ties in a row": lambda n: ("max(" * n + "x0" + "".join(f",x{k})" for k in range(1, n + 1)),
                                dict.fromkeys([f"x{k}" for k in range(n + 1)], 1.0)),
    "lines used twice": lambda n: (
        "; ".join(["a0 = x", *(f"a{k + 1} = sin(a{k}) + cos(a{k})" for k in range(n)), f"a{n}*2"]), {"x": 0.3},
    ),
    "overflows": lambda n: ("+".join(["exp(x)/exp(x)"] * n), {"x": 1000.0}),
}  # fmt: skip


def explanation_of(program: Program, **options: str) -> Explanation:
    source, at = program
    return explained(source, {name: float(value) for name, value in at.items()}, Options(**options))


@pytest.mark.parametrize("name", GRAPHS)
def test_time_grows_with_the_graph_and_not_with_its_square(name: str) -> None:
    """Eight times the lines take less than 24 times as long; a square would take 64 times as long."""
    program, size = GRAPHS[name], 250

    def seconds(count: int) -> float:
        explanation = explanation_of(program(count))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            explanation = explanation_of(program(count))
            for view in VIEWS:
                drawn(explanation, view=view)
            json_text(explanation.as_object())
            best = min(best, time.process_time() - start)
        return best

    assert seconds(8 * size) < 24 * seconds(size) + 0.05


@pytest.mark.parametrize("name", GRAPHS)
def test_a_view_of_many_lines_fits_a_few_screens(name: str) -> None:
    """60 rows (a row of a table may have several lines), then the answer and at most 8 notes of a kind."""
    explanation = explanation_of(GRAPHS[name](2000))
    for view in VIEWS:
        text = drawn(explanation, view=view)
        assert len(text.split("\n")) <= 200, text
        assert "--full shows all" in text, text


def test_a_hundred_thousand_terms_are_drawn_in_seconds() -> None:
    """The bound of an expression is no reason to wait: every view, in well under a minute on any machine."""
    explanation = explanation_of(GRAPHS["a sum"](100_000))
    start = time.process_time()
    for view in VIEWS:
        assert "∂f/∂x = " in drawn(explanation, view=view)
    assert time.process_time() - start < 15


@pytest.mark.parametrize("view", VIEWS)
def test_a_value_doubled_sixty_times_stays_sixty_lines(view: str) -> None:
    """A shared subexpression is never blown up, neither folded nor in full."""
    explanation = explanation_of(doubled(60))
    for full in (False, True):
        text = drawn(explanation, view=view, full=full, width=120)
        assert text.count("\n") < 260
        assert "∂f/∂a0 = 1.15292e+18" in text.replace("  ", " ")


def test_full_shows_every_row() -> None:
    """--full lifts the bound of 60 rows."""
    explanation = explanation_of(GRAPHS["nested calls"](200))
    assert drawn(explanation, view="table", full=True).count(" = sin(") == 200 + 1  # one in the title
    assert drawn(explanation, view="ledger", full=True).count(" → ") == 200
    tree = drawn(explanation, view="tree", full=True)
    assert all(f"v{k} = sin(v{k - 1})" in tree for k in range(2, 200))
    assert "not shown" not in tree
