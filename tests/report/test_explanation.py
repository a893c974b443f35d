"""The explanation as plain data: lines, flows, and what JSON says of them."""

import json

import pytest

from gradcli.questions import Options, explained
from gradcli.report.explanation import Explanation
from gradcli.text import json_text


def explanation_of(source: str, options: dict[str, object] | None = None, **at: float) -> Explanation:
    return explained(source, at, Options(**(options or {})))


def flows(explanation: Explanation, place: int = 0) -> list[tuple[str, str, str | None]]:
    """Where each flow goes, with its formula."""
    names = explanation.labels.names
    return [
        (names[edge.source], names[edge.target], edge.formula)
        for index in range(len(explanation.graph))
        for edge in explanation.edges(index, place)
    ]


def test_a_formula_is_the_rule_over_the_labels_of_its_line() -> None:
    """The rule that ran, and not a textbook's: sigmoid(-v1) where 1 - f would lose its digits."""
    assert flows(explanation_of("sigmoid(w*x)", w=1.0, x=2.0)) == [
        ("v1", "w", "x"), ("v1", "x", "w"), ("f", "v1", "f*sigmoid(-v1)"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "formula"),
    [
        ("-2*x", "-2"), ("x*(-2)", "-2"), ("(x+1)/(-3)", "1/(-3)"), ("x^(-2)", "-2*x^-3"), ("2^x", "f*log(2)"),
        ("leaky_relu(x)", "0.01"), ("elu(x, 2)", "2*exp(x)"), ("pi*x", "pi"), ("log10(x + 5)", "1/(v1*log(10))"),
    ],
)  # fmt: skip
def test_a_formula_keeps_literals_and_the_branch_that_ran(source: str, formula: str) -> None:
    """Of a rule that chooses by value, only what was chosen is shown."""
    explanation = explanation_of(source, {"decomposition": "typed"}, x=-1.0)
    assert explanation.edges(explanation.result)[0].formula == formula


def test_a_gate_has_a_share_and_no_formula() -> None:
    """max passes 1 or 0, whatever is behind it."""
    assert flows(explanation_of("max(x, y)", x=1.0, y=2.0)) == [("f", "x", None), ("f", "y", None)]


def test_in_forward_mode_flows_run_from_the_operands() -> None:
    """One pass an input, each with the flows that its tangent takes."""
    explanation = explanation_of("x*y + x", {"mode": "forward"}, x=2.0, y=3.0)
    assert [sweep.name for sweep in explanation.passes] == ["x", "y"]
    assert flows(explanation, 0) == [("x", "v1", "y"), ("v1", "f", "1"), ("x", "f", "1")]
    assert flows(explanation, 1) == [("y", "v1", "x"), ("v1", "f", "1")]


@pytest.mark.parametrize(
    ("source", "at"),
    [
        ("x*y + sin(x)/y", {"x": 0.7, "y": 3.0}), ("where(x > 0, sqrt(x), y*x)", {"x": 0.0, "y": 2.0}),
        ("max(x, y, x*y, 2)*hypot(x, y)", {"x": 2.0, "y": 1.0}), ("log(x)*y", {"x": -1.0, "y": 2.0}),
    ],
)  # fmt: skip
def test_forward_flows_add_up_to_the_tangents(source: str, at: dict[str, float]) -> None:
    """What the ledger adds is what the sweep computed; only the result of a nan program is nan by decree."""
    explanation = explanation_of(source, {"mode": "forward"}, **at)
    for sweep in explanation.passes:
        for index, arriving in sweep.arriving.items():
            if index == explanation.result and explanation.value != explanation.value:
                continue
            total = -0.0
            for flow in arriving:
                total += flow[5]
            assert repr(total) in (repr(sweep.numbers[index]), repr(-sweep.numbers[index]) if total == 0 else "")


@pytest.mark.parametrize(
    ("source", "options", "at", "why"),
    [
        ("where(x > 0, sqrt(x), 0)", {}, {"x": 0.0}, ["closed"]),
        ("1/(1+exp(-z))", {"decomposition": "naive", "zero": "strong"}, {"z": -800.0}, ["strong 0"]),
        ("1/(1+exp(-z))", {"decomposition": "naive"}, {"z": -800.0}, []),
        ("relu(x)*y", {}, {"x": -1.0, "y": 0.0}, []),
    ],
)
def test_a_flow_says_why_it_is_zero_where_its_product_is_not(
    source: str, options: dict[str, object], at: dict[str, float], why: list[str]
) -> None:
    """0 × inf is 0 behind a closed gate and with a strong zero; 0 × 2 needs no reason."""
    explanation = explanation_of(source, options, **at)
    edges = [edge for index in range(len(explanation.graph)) for edge in explanation.edges(index)]
    assert [edge.cut_off for edge in edges if edge.cut_off] == why


def test_json_has_every_line_and_flow_under_the_names_of_the_views() -> None:
    """The whole object of a small program."""
    found = json.loads(json_text(explanation_of("w*x + 1", {"decomposition": "typed"}, w=2.0, x=3.0).as_object()))
    assert found == {
        "schema": "gradcli/1", "expression": "w*x + 1", "at": {"w": 2.0, "x": 3.0}, "value": 7.0,
        "gradients": {"w": 3.0, "x": 2.0}, "decomposition": "typed", "mode": "reverse",
        "lines": [
            {"id": "w", "label": "w", "primitive": "variable", "operands": [], "value": 2.0, "shape": [],
             "adjoint": 3.0, "gate": "", "span": [0, 1]},
            {"id": "x", "label": "x", "primitive": "variable", "operands": [], "value": 3.0, "shape": [],
             "adjoint": 2.0, "gate": "", "span": [2, 3]},
            {"id": "v1", "label": "v1 = w*x", "primitive": "mul", "operands": ["w", "x"], "value": 6.0, "shape": [],
             "adjoint": 1.0, "gate": "swaps", "span": [0, 3]},
            {"id": "f", "label": "f = v1 + 1", "primitive": "add", "operands": ["v1", "1"], "value": 7.0, "shape": [],
             "adjoint": 1.0, "gate": "passes", "span": [0, 7]},
        ],
        "flows": [
            {"from": "f", "to": "v1", "upstream": 1.0, "local": 1.0, "downstream": 1.0, "rule": "1"},
            {"from": "v1", "to": "w", "upstream": 1.0, "local": 3.0, "downstream": 3.0, "rule": "x"},
            {"from": "v1", "to": "x", "upstream": 1.0, "local": 2.0, "downstream": 2.0, "rule": "w"},
        ],
        "notes": [],
    }  # fmt: skip


def test_json_says_null_where_nothing_was_computed() -> None:
    """A line that no asked-for name reaches has no adjoint; 0 would be a claim."""
    found = explanation_of("x*sin(y)", {"wrt": ["x"]}, x=0.0, y=0.0).as_object()
    assert [(line["id"], line["adjoint"]) for line in found["lines"]] == [
        ("x", 0.0), ("y", None), ("v1", None), ("f", 1.0),
    ]  # fmt: skip


def test_names_the_program_took_are_stepped_over() -> None:
    """No line has two names, and no name two lines."""
    explanation = explanation_of("v1*f + v3*out", v1=1.0, f=2.0, v3=3.0, out=4.0)
    assert [name for name in explanation.labels.names if name] == ["v1", "f", "v2", "v3", "out", "v4", "result"]
