"""Whole drawings, line by line."""

import os
from pathlib import Path
from typing import Any

import pytest
from render.cases import BAYDIN, CASES, CHAIN, DISTINCT, NEURON, TIED, WEIGHT, Case, case, drawn

GOLDEN = Path(__file__).parent / "golden"
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"

NAIVE = case("neuron", *NEURON, decomposition="naive")
AUTO = case("neuron", *NEURON)
REGULARISED = case("regulariser", *WEIGHT)
ALL_TIED = case("chain", CHAIN, TIED)
LAST_TWO_TIED = case("chain", CHAIN, {**DISTINCT, "x8": 9})
FAR_OUT = case("far out", "1/(1+exp(-z))", {"z": -800}, decomposition="naive")
KINKS = case("kinks", "relu(x) + abs(x) + leaky_relu(x) + clip(y,0,1)*max(y,z)", {"x": 0, "y": 1, "z": 1})
TRAP = case("trap", "where(x > 0, sqrt(x), 0)", {"x": 0})
FORWARD = case("forward", *BAYDIN, mode="forward")
DEEP = next(case for case in CASES if case.name == "deep")
LONG = next(case for case in CASES if case.name == "long")

DRAWINGS: dict[str, tuple[Case, dict[str, Any]]] = {
    "neuron-naive": (NAIVE, {}),
    "neuron-naive-40": (NAIVE, {"width": 40}),
    "neuron-naive-ascii": (NAIVE, {"unicode": False}),
    "neuron-naive-tree": (NAIVE, {"view": "tree"}),
    "neuron-naive-tree-40": (NAIVE, {"view": "tree", "width": 40}),
    "neuron-naive-tree-ascii": (NAIVE, {"view": "tree", "unicode": False}),
    "neuron-naive-ledger": (NAIVE, {"view": "ledger"}),
    "neuron-naive-ledger-40-ascii": (NAIVE, {"view": "ledger", "width": 40, "unicode": False}),
    "neuron-auto": (AUTO, {}),
    "neuron-auto-tree": (AUTO, {"view": "tree"}),
    "regulariser": (REGULARISED, {}),
    "regulariser-tree": (REGULARISED, {"view": "tree"}),
    "regulariser-ledger": (REGULARISED, {"view": "ledger"}),
    "regulariser-17-digits-40": (REGULARISED, {"width": 40, "digits": 17}),
    "chain-of-max-tree": (case("chain", CHAIN, DISTINCT), {"view": "tree"}),
    "chain-of-max-tied": (ALL_TIED, {}),
    "chain-of-max-tied-last-tree": (LAST_TWO_TIED, {"view": "tree"}),
    "far-out": (FAR_OUT, {}),
    "far-out-ledger": (FAR_OUT, {"view": "ledger"}),
    "kinks": (KINKS, {}),
    "trap": (TRAP, {}),
    "trap-tree": (TRAP, {"view": "tree"}),
    "trap-ledger": (TRAP, {"view": "ledger"}),
    "forward": (FORWARD, {}),
    "forward-tree": (FORWARD, {"view": "tree"}),
    "forward-ledger": (FORWARD, {"view": "ledger"}),
    "forward-40": (FORWARD, {"width": 40}),
    "deep-tree": (DEEP, {"view": "tree"}),
    "long": (LONG, {}),
    "long-ledger": (LONG, {"view": "ledger"}),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_what_stands_in_golden(name: str) -> None:
    """Nothing in it moves unnoticed.

    `GRADCLI_REWRITE=1 pytest tests/render` writes down what is drawn now; read the difference before committing it.
    """
    asked, how = DRAWINGS[name]
    text = drawn(asked.explained(), **how)
    file = GOLDEN / f"{name}.txt"
    if REWRITE:
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_every_golden_file_has_a_drawing() -> None:
    """A file that nothing compares would promise what nobody keeps."""
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(DRAWINGS)
