"""Orders side by side, drawn: whole drawings, and what holds at every width."""

import os
from pathlib import Path

import pytest

from gradcli.questions import Options
from gradcli.questions.compare_orders import compared
from gradcli.render.orders import draw

GOLDEN = Path(__file__).parent / "golden_orders"
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"
WAVES = ("sin(x)*exp(x^2)", {"x": 0.5})
DRAWINGS = {
    "waves": (WAVES, 5, {}),
    "waves-20": (WAVES, 20, {}),
    "waves-40": (WAVES, 3, {"width": 40}),
    "waves-ascii": (WAVES, 5, {"unicode": False}),
    "polynomial": (("x^3 - 2*x", {"x": 2.0}), 5, {}),
    "kink": (("relu(x)*y", {"x": 0.0, "y": 2.0}), 3, {}),
    "nan": (("log(x)", {"x": -1.0}), 2, {}),
    "value-only": (("x^2", {"x": 3.0}), 0, {}),
    "quotient": (("1/(1 + x^2)", {"x": 0.5}), 8, {"width": 120}),
}


def drawn(program, order, how):
    """What a terminal without colour gets."""
    return "\n".join(text.plain for text in draw(compared(*program, Options(), order=order), **how)) + "\n"


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_what_stands_in_golden(name):
    """`GRADCLI_REWRITE=1 pytest tests/render` writes down what is drawn now; read the difference before committing."""
    text = drawn(*DRAWINGS[name])
    file = GOLDEN / f"{name}.txt"
    if REWRITE:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_every_golden_file_has_a_drawing():
    """A file that nothing compares would promise what nobody keeps."""
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(DRAWINGS)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("name", ["waves-20", "polynomial", "quotient"])
def test_nothing_is_wider_than_the_screen(name, width):
    """At any width, in both alphabets; ASCII is ASCII."""
    program, order, _ = DRAWINGS[name]
    for unicode in (True, False):
        text = drawn(program, order, {"width": width, "unicode": unicode})
        assert max(map(len, text.splitlines())) <= width
        assert unicode or text.isascii()
