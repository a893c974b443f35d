"""Explanations with arrays as they are drawn: whole drawings, and a reader who recomputes what stands there."""

import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from render.cases import drawn
from render.test_truth import is_rounded, within_a_unit

from gradcli.language.builder import value_of
from gradcli.questions import Options, evaluated, explained
from gradcli.report.array_explanation import ArrayExplanation

GOLDEN = Path(__file__).parent / "golden_arrays"
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"
VIEWS = ("table", "tree", "ledger")
X, W = "[[1,2,-3],[4,5,-6]]", "[[7,8],[-9,10],[11,-12]]"
NETWORK = {
    "X": "[[0.513,-1.27],[1.5457,2.25123]]", "W": "[[0.1123,-0.2456,0.3],[0.4789,0.5777,-0.6]]",
    "b": "[0.01,0.02,0.03]", "V": "[[1.5],[-0.7],[0.9]]", "c": "0.1", "T": "[[1],[0]]",
}  # fmt: skip
PROGRAMS: dict[str, tuple[str, dict[str, str]]] = {
    "relu": ("sum(relu(X@W))", {"X": X, "W": W}),
    "network": ("h = tanh(X@W + b); y = h@V + c; sum((y - T)^2)/2", NETWORK),
    "copies": ("sum(relu(X@W + b)^2 + b*2)", {"X": X, "W": W, "b": "[1,2]"}),
    "uses": ("sum(X*X/7 + X) + sum(X[0]*2)", {"X": X}),
    "nan": ("sum(log(X))", {"X": "[[0,1],[-1,2]]"}),
    "large": ("sum(relu(X@W)^2)", {"X": "reshape(linspace(-1,1,120),10,12)", "W": "reshape(linspace(-2,1,84),12,7)"}),
    "cube": ("sum(Z^2)", {"Z": "reshape(arange(24),2,3,4)"}),
    "softmax": ("sum(softmax(X)*X) + cross_entropy(X, t) + std(X)", {"X": X, "t": "[0,2]"}),
    "array": ("X@W", {"X": X, "W": W}),
    "tiny": ("sum(exp(x)/(1+exp(x))) + x[0]*1e-9", {"x": "[-40,0.1234567]"}),
}
DRAWINGS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "relu": ("relu", {}, {}),
    "relu-tree": ("relu", {}, {"view": "tree"}),
    "relu-ledger": ("relu", {}, {"view": "ledger"}),
    "relu-40": ("relu", {}, {"width": 40}),
    "relu-tree-40-ascii": ("relu", {}, {"view": "tree", "width": 40, "unicode": False}),
    "relu-ledger-ascii": ("relu", {}, {"view": "ledger", "unicode": False}),
    "relu-forward": ("relu", {"mode": "forward"}, {}),
    "relu-forward-ledger": ("relu", {"mode": "forward", "wrt": ["X"]}, {"view": "ledger"}),
    "copies": ("copies", {}, {}),
    "copies-tree": ("copies", {}, {"view": "tree", "width": 100}),
    "copies-ledger": ("copies", {}, {"view": "ledger"}),
    "network": ("network", {}, {"width": 120}),
    "network-ledger-80": ("network", {}, {"view": "ledger"}),
    "uses": ("uses", {}, {}),
    "nan": ("nan", {}, {}),
    "large": ("large", {}, {}),
    "cube-ledger": ("cube", {}, {"view": "ledger", "width": 120}),
    "result": ("array", {}, {}),
}


def explanation_of(name: str, **options: Any) -> ArrayExplanation:
    """One of PROGRAMS, explained."""
    source, at = PROGRAMS[name]
    given = {key: value_of(text, what=key) for key, text in at.items()}
    found = explained(source, given, Options(**options))
    assert isinstance(found, ArrayExplanation)
    return found


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_what_it_was(name: str) -> None:
    """Line by line; GRADCLI_REWRITE=1 writes down what is drawn now."""
    program, options, how = DRAWINGS[name]
    text = drawn(explanation_of(program, **options), **how)
    path = GOLDEN / f"{name}.txt"
    if REWRITE:
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def test_every_golden_file_has_a_drawing() -> None:
    """None is left over from a drawing that is gone."""
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(DRAWINGS)


class Reading:
    """What a table says, by line: its operation, its shape, the numbers of its value and its gradient, its rules."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n\n")[0].split("\n")
        top = next(at for at, line in enumerate(lines) if line.startswith("line"))
        starts = [lines[top].index(word) for word in ("line", "shape", "value", "gradient", "local")]
        self.operations: dict[str, str] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.values: dict[str, list[str]] = {}
        self.gradients: dict[str, list[str]] = {}
        self.rules: dict[str, list[str]] = {}
        gate = lines[top].index("gate") if "gate" in lines[top] else None
        name = ""
        for line in lines[top + 2 :]:
            if line[:1] in ("─", "╌"):
                continue
            first, shape, value, gradient, rule = (
                line[start:stop] for start, stop in zip(starts, [*starts[1:], gate], strict=True)
            )
            if first.strip():
                name, _, operation = (part.strip() for part in first.partition(" = "))
                self.operations[name] = operation
                self.shapes[name] = tuple(int(part) for part in shape.strip(" []").split(",") if part)
            self.values.setdefault(name, []).extend(value.split())
            self.gradients.setdefault(name, []).extend(gradient.split())
            self.rules.setdefault(name, []).append(rule.strip())

    def array(self, texts: list[str], name: str) -> Any:
        """The numbers of a block in the shape that stands beside it."""
        numbers = np.array([float(text) for text in texts]).reshape(self.shapes[name])
        return numbers if self.shapes[name] else float(numbers)


WHOLE = [name for name in PROGRAMS if name not in ("large", "cube")]


@pytest.mark.parametrize("digits", [3, 6, 9, 17])
@pytest.mark.parametrize("name", WHOLE)
def test_a_reader_finds_every_value_and_gradient_in_the_table(name: str, digits: int) -> None:
    """Each number is the engine's, correctly rounded, in its place."""
    explanation = explanation_of(name)
    reading = Reading(drawn(explanation, width=400, digits=digits))
    for index in explanation.rows:
        label = explanation.labels.names[index]
        if index in explanation.folded:
            continue
        assert reading.shapes[label] == explanation.shape(index)
        for texts, numbers in ((reading.values, explanation.values), (reading.gradients, explanation.backward.numbers)):
            exact = [] if numbers[index] is None else np.ravel(numbers[index]).tolist()
            assert len(texts[label]) == len(exact)
            assert all(is_rounded(text, number, digits) for text, number in zip(texts[label], exact, strict=True))


@pytest.mark.parametrize("digits", [3, 6, 9])
@pytest.mark.parametrize("name", WHOLE)
def test_every_operation_of_the_table_can_be_recomputed(name: str, digits: int) -> None:
    """From the printed operands the printed value follows, to a unit of its last digit."""
    explanation = explanation_of(name)
    reading = Reading(drawn(explanation, width=400, digits=digits))
    for label, operation in reading.operations.items():
        if not operation or label in {explanation.labels.names[line] for line in explanation.folded}:
            continue
        point = {key: reading.array(texts, key) for key, texts in reading.values.items() if key in names_of(operation)}
        again = np.ravel(evaluated(operation, point, Options()).value).tolist()
        check(reading.values[label], again, digits, point, explanation)


@pytest.mark.parametrize("digits", [3, 6, 9])
@pytest.mark.parametrize("name", ["relu", "network", "copies"])
def test_a_rule_of_the_table_carries_the_printed_gradient_back(name: str, digits: int) -> None:
    """`to X: upstream @ W.T`, read with the gradient of the line as upstream, gives the gradient that X's row shows."""
    explanation = explanation_of(name)
    reading = Reading(drawn(explanation, width=400, digits=digits))
    seen = 0
    for label, rules in reading.rules.items():
        for target, rule in re.findall(r"^to (\w+): (.*)$", "\n".join(rules), re.MULTILINE):
            point = {key: reading.array(reading.values[key], key) for key in reading.values if key in names_of(rule)}
            point["upstream"] = reading.array(reading.gradients[label], label)
            again = np.ravel(evaluated(rule, point, Options()).value).tolist()
            check(reading.gradients[target], again, digits, point, explanation)
            seen += 1
    assert seen >= 2


@pytest.mark.parametrize("digits", [3, 6, 9])
@pytest.mark.parametrize("name", ["relu", "network", "copies", "uses", "tiny"])
def test_every_product_of_the_ledger_can_be_recomputed(name: str, digits: int) -> None:
    """upstream × local = downstream, element by element, summed along the axis that the row names."""
    explanation = explanation_of(name)
    lines = drawn(explanation, view="ledger", width=400, digits=digits).split("\n\n")[0].split("\n")
    top = next(at for at, line in enumerate(lines) if line.startswith("flow"))
    starts = [lines[top].index(word) for word in ("flow", "upstream", "× local", "= downstream", "gate")]
    rows: list[list[list[str]]] = []
    for line in lines[top + 2 :]:
        cells = [line[start:stop].strip() for start, stop in pairwise(starts)]
        if re.match(r"[A-Za-z]", cells[0]):
            rows.append([[] for _ in cells])
        for cell, text in zip(rows[-1], cells, strict=True):
            cell.append(text)
    seen = 0
    for flow, upstream, local, downstream in rows:
        shapes = [tuple(map(int, re.findall(r"\d+", shape))) for shape in re.findall(r"\[[\d,]*\]", " ".join(flow))]
        if "→" not in flow[0] or not local[0].startswith("×"):
            continue
        axes = tuple(int(text[-1]) for text in local if text.startswith("summed along axis"))
        factors = " ".join(text for text in local if not text.startswith("summed"))
        factors = factors.rpartition(" = ")[2].removeprefix("× ").strip().removesuffix(" each")
        numbers = np.array([*map(float, factors.split())])
        shape = next((s for s in shapes if np.prod(s, dtype=int) == numbers.size), None) if numbers.size > 1 else ()
        assert shape is not None, flow
        product = np.array([*map(float, " ".join(upstream).split())]).reshape(shapes[0]) * numbers.reshape(shape)
        again = np.broadcast_to(product, product.shape if axes else shapes[1]).sum(axis=axes)
        texts = " ".join(downstream).removeprefix("=").split()
        check(texts, np.ravel(again).tolist(), digits, {}, explanation)
        seen += 1
    assert seen >= 2


def check(
    texts: list[str], again: list[float], digits: int, point: dict[str, Any], explanation: ArrayExplanation
) -> None:
    """Within a unit of the last digit; what rounds the other way has all digits of its operands."""
    for text, number in zip(texts, again, strict=True):
        assert within_a_unit(text, number, digits), (texts, again, point, explanation.question.source)


def names_of(text: str) -> set[str]:
    """The names in a text."""
    return set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_view_fits_its_width(name: str, view: str) -> None:
    """No line is wider than the terminal, none ends in blanks, and without Unicode all is ASCII."""
    for options in ({}, {"mode": "forward"}):
        if name == "large" and options:
            continue
        explanation = explanation_of(name, **options)
        for width, unicode in ((40, True), (80, True), (120, True), (40, False), (80, False)):
            text = drawn(explanation, view=view, width=width, unicode=unicode)
            assert max(map(len, text.split("\n"))) <= width, text
            assert all(line == line.rstrip() for line in text.split("\n")), text
            assert unicode or text.isascii(), text


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_that_gives_way_takes_a_digit_along(view: str) -> None:
    """At 40 columns every number of the wide drawing stands there too."""
    explanation = explanation_of("network")
    wide, narrow = (drawn(explanation, view=view, width=width) for width in (300, 40))
    numbers = re.compile(r"(?<![\w.,\[])-?\d+\.\d+(?:e-?\d+)?")
    assert set(numbers.findall(wide)) <= set(numbers.findall(narrow))


@pytest.mark.parametrize("view", VIEWS)
def test_a_large_array_is_a_corner_and_what_it_ranges_over(view: str) -> None:
    """Unless --full asks for every number."""
    explanation = explanation_of("large")
    text = drawn(explanation, view=view, width=120)
    gradient = explanation.gradients["X"]
    assert f"min {gradient.min():.6g}, max {gradient.max():.6g}" in text
    assert f"mean {gradient.mean():.6g}" in text
    assert "48 of 120 are 0" in text
    full = drawn(explanation, view=view, width=120, full=True)
    assert "min " not in full
    for number in np.ravel(explanation.gradients["X"]):
        assert f"{number:.6g}" in full


def test_a_gate_over_a_large_array_is_counted() -> None:
    """A corner of ones and zeros would say nothing of the rest."""
    text = drawn(explanation_of("large"), width=120)
    assert "∂v2/∂v1 = 1 at 39 elements, 0 at 31" in text
    assert "blocks 31 of 70" in text


@pytest.mark.parametrize("view", VIEWS)
def test_a_long_program_is_folded(view: str) -> None:
    """At most 60 rows, and a count of what is left out; --full shows all."""
    source = "; ".join(["v0 = x*2", *(f"v{at} = v{at - 1} + x" for at in range(1, 100))]) + "; sum(v99)"
    explanation = explained(source, {"x": value_of("[1,2]", what="x")}, Options())
    text = drawn(explanation, view=view, width=120)
    assert "--full shows all" in text
    assert "--full" not in drawn(explanation, view=view, width=120, full=True)


def test_a_variable_that_nothing_depends_on_has_a_blank_gradient() -> None:
    """And 0 at the end, in its shape."""
    explanation = explained("sum(sign(x)) + sum(0*y)", {n: value_of("[1,2]", what=n) for n in "xy"}, Options(wrt=["y"]))
    text = drawn(explanation)
    assert re.search(r"^x +\[2\]    1  2$", text, re.MULTILINE)
    assert "∂f/∂y = 0  0" in text


def test_the_python_face_draws_arrays() -> None:
    """As a text, and as the last line of a notebook's cell."""
    import gradcli

    found = gradcli.explain("sum(relu(X@W))", X=X, W=W)
    assert "to X: upstream @ W.T" in str(found)
    assert "to X: upstream @ W.T" in found._repr_html_()
    assert "∂f/∂X" in found.text(view="tree", width=80)
    assert np.array_equal(found.gradients["W"], [[0, 5], [0, 7], [0, -9]])
