"""The explanation of programs with arrays as plain data: values, rules and flows in their shapes."""

import json
import re
from typing import Any

import numpy as np
import pytest

from gradcli.errors import GradError
from gradcli.language.builder import value_of
from gradcli.questions import Options, evaluated, explained
from gradcli.report.array_explanation import ArrayExplanation
from gradcli.text import json_text

X, W, A, B = "[[1,2,-3],[4,5,-6]]", "[[7,8],[-9,10],[11,-12]]", "[[2,1],[3,5]]", "[0.5,-2]"
PROGRAMS = {
    "product": ("sum(relu(X@W))", {"X": X, "W": W}),
    "network": (
        "h = relu(X@W + b); y = h@V + c; sum((y - T)^2)/2",
        {"X": X, "W": W, "b": B, "V": "[[0.3],[-0.2]]", "c": "0.25", "T": "[[1],[2]]"},
    ),
    "vectors": ("a@W@b + b@(W.T@a) + a@a + sum(outer(a, b)*W)", {"a": "[1,2,3]", "W": W, "b": B}),
    "softmax": ("sum(softmax(X)*X) + sum(logsoftmax(X)[0]) + cross_entropy(X, t)", {"X": X, "t": "[0,2]"}),
    "reductions": (
        "sum(sum(X,0)*mean(X,0)) + sum(norm(X,1)*std(X,1)) + sum(logsumexp(X,1)+var(X,1)) + prod(X) + max(X) + min(X)",
        {"X": X},
    ),
    "moves": (
        "sum(X.T*reshape(X,3,2)) + sum(concat(b,b)*flatten(X)[1:5]) + sum(cumsum(X,1)*[X[0],X[1]]) + X[1,2]",
        {"X": X, "b": B},
    ),
    "algebra": ("det(A) + sum(inv(A)*A) + sum(solve(A,b)*b) + trace(A@A)", {"A": A, "b": B}),
    "broadcast": (
        "sum(X*r + c*X - k/X) + sum(broadcast(r,2,3)^2) + sum(where(X>0, X, r))",
        {"X": X, "r": "[1,2,3]", "c": "[[2],[3]]", "k": "0.5"},
    ),
    "gates": ("sum(relu(X) + max(X,0.5) + clip(X,-1,3) + leaky_relu(X)) + sum(amax(X,0))", {"X": X}),
}


def explanation_of(source: str, at: dict[str, str], **options: Any) -> ArrayExplanation:
    """The explanation of a program whose values are written in the language."""
    given = {name: value_of(text, what=name) for name, text in at.items()}
    found = explained(source, given, Options(**options))
    assert isinstance(found, ArrayExplanation)
    return found


def named(name: str, **options: Any) -> ArrayExplanation:
    """The explanation of one of PROGRAMS."""
    return explanation_of(*PROGRAMS[name], **options)


@pytest.mark.parametrize("name", PROGRAMS)
def test_flows_add_up_to_the_gradient_of_every_line(name: str) -> None:
    """Each downstream gradient has the shape of its line, and their sum is what the line's row shows."""
    explanation = named(name)
    for index, flows in explanation.backward.arriving.items():
        for flow in flows:
            assert np.shape(flow.downstream) == explanation.shape(index)
        total = sum(flow.downstream for flow in flows)
        assert np.allclose(total, explanation.adjoint(index), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", PROGRAMS)
def test_upstream_times_local_is_downstream_summed_along_the_copied_axes(name: str) -> None:
    """Element by element, for every flow that has a local gradient; JSON says which axes were summed."""
    explanation = named(name)
    seen = 0
    for flow in explanation.as_object()["flows"]:
        if flow["local"] is None:
            continue
        upstream, local, downstream = (np.array(flow[key]) for key in ("upstream", "local", "downstream"))
        source = explanation.labels.names.index(flow["from"])
        if explanation.graph.primitives[source].kind == "reduces":
            axis = explanation.graph.statics[source][0] if explanation.graph.statics[source] else None
            upstream = upstream if axis is None else np.expand_dims(upstream, axis)
        product = np.broadcast_to(upstream * local, np.broadcast_shapes(np.shape(upstream * local), downstream.shape))
        kept = product.sum(axis=tuple(flow.get("summed", ())))
        assert np.allclose(kept.reshape(downstream.shape), downstream, rtol=1e-13, atol=1e-13), flow
        seen += 1
    assert seen


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_rule_is_a_text_of_the_language_that_gives_the_gradient(name: str) -> None:
    """What is printed is what ran: read back as a program, it gives the local gradient, or the downstream one."""
    explanation = named(name)
    values = {name: explanation.values[at] for at, name in enumerate(explanation.labels.names) if name}
    read = 0
    for index in explanation.rows:
        for edge in explanation.edges(index):
            text = edge.rule if edge.local is None else edge.formula
            if text is None or re.search(r"elsewhere|one_hot|cofactors|::-1|\.\.\.| to \[", text):  # has no spelling
                continue
            point = {**values, "upstream": edge.upstream}
            point = {name: value for name, value in point.items() if re.search(rf"(?<!\w){name}(?!\w)", text)}
            found = evaluated(text, point, Options()).value
            assert np.allclose(found, edge.downstream if edge.local is None else edge.local, rtol=1e-12), text
            read += 1
    assert read


@pytest.mark.parametrize("name", PROGRAMS)
def test_forward_mode_gives_the_same_gradients(name: str) -> None:
    """A pass for each element; every pass has its name, and pushes add up."""
    backward, forward = named(name), named(name, mode="forward")
    for source, gradient in backward.gradients.items():
        assert np.allclose(gradient, forward.gradients[source], rtol=1e-10, atol=1e-10), source
    elements = sum(np.size(forward.values[line]) for line in forward.question.live_sources())
    assert len(forward.passes) == elements
    for sweep in forward.sweeps():
        for index, flows in sweep.arriving.items():
            total = sum(flow.downstream for flow in flows)
            assert np.allclose(total, sweep.numbers[index], rtol=1e-12, atol=1e-12)


def test_json_has_every_number_in_its_shape() -> None:
    """Nested lists, shapes, null for what is carried, and the rule in its place."""
    found = json.loads(json_text(named("product").as_object()))
    lines = {line["id"]: line for line in found["lines"]}
    assert found["value"] == 218
    assert found["gradients"] == {"X": [[8, 10, -12], [8, 10, -12]], "W": [[0, 5], [0, 7], [0, -9]]}
    assert {name: line["shape"] for name, line in lines.items()} == {
        "X": [2, 3], "W": [3, 2], "v1": [2, 2], "v2": [2, 2], "f": [],
    }  # fmt: skip
    assert lines["v1"]["value"] == [[-44, 64], [-83, 154]]
    assert lines["v1"]["adjoint"] == [[0, 1], [0, 1]]
    assert lines["v2"]["gate"] == "blocks 2 of 4"
    assert found["flows"][1] == {
        "from": "v2", "to": "v1", "upstream": [[1, 1], [1, 1]], "local": [[0, 1], [0, 1]],
        "downstream": [[0, 1], [0, 1]], "rule": "share of relu",
    }  # fmt: skip
    assert found["flows"][2] == {
        "from": "v1", "to": "X", "upstream": [[0, 1], [0, 1]], "local": None,
        "downstream": [[8, 10, -12], [8, 10, -12]], "rule": "upstream @ W.T",
    }  # fmt: skip
    assert found["flows"][3]["rule"] == "X.T @ upstream"


def test_json_says_along_which_axes_the_copies_were_added() -> None:
    """A bias is copied to every row, a scalar to every element."""
    flows = explanation_of("sum(X + b*k)", {"X": X, "b": "[1,2,3]", "k": "2"}).as_object()["flows"]
    assert {(flow["from"], flow["to"]): flow.get("summed") for flow in flows} == {
        ("f", "v2"): None, ("v2", "X"): None, ("v2", "v1"): [0], ("v1", "b"): None, ("v1", "k"): [0],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "x", "gate"),
    [
        ("relu(x)", "[1,-2]", "blocks 1 of 2"), ("relu(x)", "[1,2]", "passes"), ("relu(x)", "[-1,-2]", "blocks all 2"),
        ("clip(x,0,1)", "[5,0.5,-1]", "blocks 2 of 3"), ("max(x,0)", "[0,0]", "shares"),
        ("amax(x,0)", "[1,2]", "routes"),
        ("x.T", "[[1,2]]", "transposes"), ("x@x", "[[1,2],[3,4]]", "swaps"), ("sign(x)", "[1,2]", "dead"),
        ("sigmoid(x)", "[1,2]", "saturates"), ("x*2", "[1,2]", "scales"), ("3 - x", "[1,2]", "flips"),
    ],
)  # fmt: skip
def test_a_gate_says_what_it_lets_through(source: str, x: str, gate: str) -> None:
    """True for this line at these values, counted over its elements."""
    explanation = explanation_of(f"y = {source}; sum(y)", {"x": x})
    assert explanation.gate(explanation.labels.names.index("y")) == gate


def test_a_gate_without_a_flow_has_no_verb() -> None:
    """Of constants nothing is asked, in any mode."""
    for mode in ("reverse", "forward"):
        explanation = explanation_of("y = relu([1,-2]); sum(y*x)", {"x": "[1,2]"}, mode=mode)
        assert explanation.gate_shown(explanation.labels.names.index("y")) == ""


def test_an_input_on_which_flows_meet_is_a_copy() -> None:
    """As among scalars."""
    explanation = explanation_of("sum(x*x)", {"x": "[1,2]"})
    assert explanation.gate(0) == "copy adds"


def test_the_gradients_of_an_array_are_those_of_its_sum() -> None:
    """A result that is no scalar is explained all the same, and a note says what the gradients are of."""
    explanation, summed = explanation_of("X@W", {"X": X, "W": W}), explanation_of("sum(X@W)", {"X": X, "W": W})
    assert explanation.of_sum
    assert not summed.of_sum
    for name in ("X", "W"):
        assert np.array_equal(explanation.gradients[name], summed.gradients[name])
    forward = explanation_of("X@W", {"X": X, "W": W}, mode="forward")
    assert np.allclose(forward.gradients["X"], summed.gradients["X"])
    (note,) = [note for note in explanation.notes if note.kind == "seed"]
    assert note.message.startswith("f is [2,2], so the gradients are those of sum(f)")


def test_forward_mode_over_many_elements_is_refused_with_a_way_out() -> None:
    """Before any pass is made."""
    with pytest.raises(GradError, match="forward mode takes a pass for each of 10,000 elements") as caught:
        explanation_of("sum(X*X)", {"X": "ones(100,100)"}, mode="forward")
    assert "leave out --mode forward" in str(caught.value.hint)


def test_folded_lines_are_noted() -> None:
    """What was spelled out and is now one line, as among scalars."""
    explanation = explanation_of("sum(1/(1+exp(-x)))", {"x": "[1,-2]"})
    assert [note.message for note in explanation.notes if note.kind == "recognised"] == [
        "v4: 1/(1 + exp(-x)) is sigmoid(x): 1 line for 4, exact far out"
    ]
