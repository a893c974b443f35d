"""The gate word of a line: true for this line at these values, not for the symbol."""

import pytest

from gradcli.questions import Options, explained

WORDS = [
    ("x + y", {"x": 1, "y": 2}, "distributes"),
    ("x + 1", {"x": 1}, "passes"),
    ("x - y", {"x": 1, "y": 2}, "distributes ±"),
    ("x - 1", {"x": 1}, "passes"),
    ("1 - x", {"x": 1}, "flips"),
    ("-x", {"x": 1}, "flips"),
    ("x*y", {"x": 1, "y": 2}, "swaps"),
    ("2*x", {"x": 1}, "scales"),
    ("x/y", {"x": 1, "y": 2}, "scales"),
    ("x^3", {"x": 1}, "scales"),
    ("exp(x)", {"x": 1}, "scales"),
    ("abs(x)", {"x": 0}, "scales"),
    ("sigmoid(x)", {"x": 1}, "saturates"),
    ("tanh(x)", {"x": 1}, "saturates"),
    ("softplus(x)", {"x": 1}, "saturates"),
    ("max(x, y)", {"x": 1, "y": 2}, "routes"),
    ("max(x, 1)", {"x": 2}, "passes"),
    ("max(x, 1)", {"x": 0}, "blocks"),
    ("max(x, 1)", {"x": 1}, "shares"),
    ("where(x > 0, x, y)", {"x": 1, "y": 2}, "routes"),
    ("where(1, x, 2)", {"x": 1}, "passes"),
    ("where(0, x, 2)", {"x": 1}, "blocks"),
    ("relu(x)", {"x": 1}, "passes"),
    ("relu(x)", {"x": -1}, "blocks"),
    ("clip(x, 0, 1)", {"x": 0.5}, "passes"),
    ("clip(x, 0, 1)", {"x": 1}, "shares"),
    ("clip(x, 0, 1)", {"x": 2}, "blocks"),
    ("floor(x)", {"x": 1.5}, "dead"),
    ("sign(x)", {"x": 1.5}, "dead"),
    ("2 + 3", {}, ""),
]


@pytest.mark.parametrize(("source", "at", "word"), WORDS)
def test_the_word_is_true_for_the_line(source: str, at: dict[str, float], word: str) -> None:
    """One live operand is passed, scaled or flipped; several are distributed to, swapped or routed."""
    values = {name: float(value) for name, value in at.items()}
    explanation = explained(source, values, Options(decomposition="typed"))
    assert explanation.gate(explanation.result) == word


def test_only_live_operands_count() -> None:
    """With --wrt x, a product with y only scales."""
    explanation = explained("x*y", {"x": 1.0, "y": 2.0}, Options(wrt=["x"]))
    assert explanation.gate(explanation.result) == "scales"


def test_a_line_behind_a_closed_gate_is_closed() -> None:
    """It is not said to scale what never arrives."""
    explanation = explained("where(x > 0, sqrt(x), 0)", {"x": 0.0}, Options())
    index = explanation.labels.names.index("v2")
    assert explanation.gate(index) == "closed"


def test_an_input_on_which_flows_meet_is_a_copy() -> None:
    """Its gradients are added; an input with one flow has no gate."""
    explanation = explained("x*y + x", {"x": 1.0, "y": 2.0}, Options())
    assert [explanation.gate(explanation.labels.names.index(name)) for name in "xy"] == ["copy adds", ""]


@pytest.mark.parametrize(
    ("source", "word"),
    [("x + y", "adds"), ("x - y", "subtracts"), ("x - 1", "passes"), ("1 - x", "flips"), ("x*y", "swaps")],
)
def test_forward_mode_has_words_of_its_own(source: str, word: str) -> None:
    """Tangents meet where gradients part: an addition adds them."""
    at = {name: 1.0 for name in "xy" if name in source}
    explanation = explained(source, at, Options(mode="forward"))
    assert explanation.gate_shown(explanation.result) == word
