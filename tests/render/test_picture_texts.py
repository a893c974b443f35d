"""No text of a picture meets another, whatever the program."""

import json
import math
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from named_functions import FUNCTIONS
from render.drawings import ROOT, groups, meeting, published, says, texts_of
from scalar_programs import ordinary, texts

import gradcli
from gradcli.errors import GradError
from gradcli.graph import array_primitives
from gradcli.questions import Options, explained
from gradcli.render.picture import picture
from gradcli.report.rounding import added, misses

SAMPLES = sorted(path.stem for path in (ROOT / "samples").glob("*.expr"))
BOXES = """(() => {
  const found = [];
  for (const drawing of document.querySelectorAll("svg")) {
    const texts = [...drawing.querySelectorAll("text")].filter((text) => text.textContent).map((text) => {
      const box = text.getBoundingClientRect();
      const size = parseFloat(getComputedStyle(text).fontSize);
      const base = text.getCTM().f + Number(text.getAttribute("y"));
      const start = drawing.getBoundingClientRect().top;
      return [text.textContent, box.left, box.right, start + base - 0.78 * size, start + base + 0.22 * size];
    });
    texts.sort((one, other) => one[1] - other[1]);
    texts.forEach(([says, left, right, top, bottom], at) => {
      for (const [other, itsLeft, , itsTop, itsBottom] of texts.slice(at + 1)) {
        if (itsLeft >= right) break;
        if (itsTop < bottom && top < itsBottom) found.push([says, other]);
      }
    });
    const all = drawing.getBoundingClientRect();
    for (const text of drawing.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      if (box.left < all.left || box.right > all.right || box.top < all.top || box.bottom > all.bottom + 1)
        found.push([text.textContent, "the edge"]);
    }
  }
  return JSON.stringify(found);
})()"""


@cache
def samples() -> tuple[tuple[str, str], ...]:
    """Every sample that can be drawn, plain, and with everything on the wires."""
    return tuple(_samples())


def _samples() -> Iterator[tuple[str, str]]:
    for name in SAMPLES:
        source = (ROOT / "samples" / f"{name}.expr").read_text("utf-8")
        for mode, decomposition, local in (("reverse", "auto", False), ("adjoint", "naive", True)):
            try:
                found = explained(source, {}, Options(mode=mode, decomposition=decomposition))
            except GradError:  # samples of diff have no values
                continue
            yield name, str(picture(found, "svg", local=local))


def test_no_text_meets_another_in_any_sample():
    """With and without local gradients, adjoint lines, boxes."""
    found = [(name, meeting(texts_of(text))) for name, text in samples()]
    assert len(found) > 60
    assert [(name, pairs) for name, pairs in found if pairs] == []


def test_no_text_meets_another_in_any_published_case():
    """Scalars and arrays."""
    for case in published():
        assert meeting(texts_of(gradcli.picture(case["expr"], at=case["at"], local=True).svg())) == [], case["id"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts, ordinary, st.booleans(), st.sampled_from(["auto", "naive"]), st.sampled_from(["reverse", "adjoint"]))
def test_no_text_meets_another_in_programs_that_nobody_wrote(text, at, local, decomposition, mode):
    """Random programs of scalars."""
    found = explained(text, at, Options(decomposition=decomposition, mode=mode))
    assert meeting(texts_of(str(picture(found, "svg", local=local)))) == []


ELEMENTWISE = [found for found in array_primitives().values() if found.kind == "elementwise"]
SPOKEN = [found for found in ELEMENTWISE if found.spoken and not found.static]


@pytest.mark.parametrize("primitive", SPOKEN, ids=lambda primitive: primitive.name)
def test_every_primitive_is_drawn_by_its_name(primitive):
    """A node that says the function, with a wire for each operand, and its local gradients."""
    names = "xyz"[: 3 if primitive.variadic else primitive.arity]
    at = {name: 0.3 + place / 8 for place, name in enumerate(names)}
    drawing = str(picture(explained(f"{primitive.name}({', '.join(names)})", at, Options()), "svg", local=True))
    (node,) = [node for node in groups(drawing, "operation") if node.get("data-line") == "f"]
    assert says(node, "op") == [primitive.shown]
    assert [wire.get("data-from") for wire in groups(drawing, "wire") if wire.get("data-to") == "f"][:-1] == [*names]
    assert meeting(texts_of(drawing)) == []


@pytest.mark.parametrize("case", FUNCTIONS, ids=lambda case: case.name)
def test_no_text_meets_another_in_the_test_functions_of_optimisation(case):
    """Circuits of real size, with everything on the wires."""
    try:
        found = picture(explained(case.text, case.at, Options()), "svg", local=True)
    except GradError as refusal:
        assert refusal.kind == "limit"
    else:
        assert meeting(texts_of(str(found))) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts, ordinary)
def test_the_numbers_on_the_wires_are_those_of_the_engine(text, at):
    """Every value, downstream gradient and sum, rounded as it is printed; what a fork says adds up."""
    found = explained(text, at, Options())
    names = found.labels.names
    drawing = str(picture(found, "svg"))
    flows = {(names[source], names[target], str(slot)): number
             for source, target, slot, _, _, number, _ in found.flows}  # fmt: skip
    for wire in groups(drawing, "wire"):
        start, end, slot = wire.get("data-from"), wire.get("data-to"), wire.get("data-slot")
        line = names.index(start)
        (value,) = says(wire, "value")
        assert is_printed(value, found.values[line])
        expected = found.adjoint(line) if wire.get("data-end") is not None else flows.get((end, start, slot))
        gradient = says(wire, "gradient")
        assert (gradient == []) == (expected is None)
        assert expected is None or is_printed(gradient[0], expected)
    for trunk in groups(drawing, "trunk"):
        written = " ".join(says(trunk, "gradient"))
        total, equals, parts = written.partition(" = ")
        assert written == "" or is_printed(total, found.adjoint(names.index(trunk.get("data-line"))))
        if equals and not parts.startswith("sum of"):
            numbers = [float(part.strip("()")) for part in parts.split(" + ")]
            assert misses(float(total), added(numbers), 6) <= 1


def is_printed(text: str, number: float) -> bool:
    """Whether TEXT is NUMBER, rounded to as many digits as it has."""
    if number - number != 0:
        return text == str(number)
    digits = len(text.partition("e")[0].lstrip("-0.").replace(".", "")) or 1
    return math.isclose(float(text), number, rel_tol=0.51 * 10 ** (1 - max(digits, 6)), abs_tol=0.0)


def test_two_texts_at_one_place_would_be_found():
    """The judge of these tests can say no."""
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"><text class="value" x="10" y="{}">12</text>'
    drawing += '<text class="gradient" x="14" y="20">3</text></svg>'
    assert meeting(texts_of(drawing.format(12))) == [("12", "3")]
    assert meeting(texts_of(drawing.format(2))) == []


@pytest.mark.parametrize(
    ("medium", "scheme", "paper", "ink"),
    [
        ("screen", "light", "rgb(255, 255, 255)", "rgb(17, 99, 41)"),
        ("screen", "dark", "rgb(22, 24, 29)", "rgb(126, 231, 135)"),
        ("print", "dark", "rgb(255, 255, 255)", "rgb(17, 99, 41)"),
    ],
)
def test_a_picture_follows_its_reader_and_paper_stays_light(browser, tmp_path, medium, scheme, paper, ink):
    """The background is the picture's own; values are green on it."""
    file = tmp_path / "picture.svg"
    file.write_text(str(picture(explained("x^2", {"x": 3.0}, Options()), "svg")), "utf-8")
    browser.open(file)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.ask("Emulation.setEmulatedMedia", media=medium, features=features)
    fills = 'JSON.stringify([".page", ".wire .value"].map((of) => getComputedStyle(document.querySelector(of)).fill))'
    assert json.loads(browser.run(fills)) == [paper, ink]
    browser.ask("Emulation.setEmulatedMedia", media="")


@pytest.mark.parametrize("font", ["DejaVu Sans", "Liberation Sans"])
def test_a_browser_measures_no_overlap(browser, tmp_path, font):
    """The widths that Chromium measures, of every sample."""
    page = tmp_path / "all.html"
    drawings = "\n".join(text for _, text in samples())
    page.write_text(f'<meta charset="utf-8"><body>{drawings.replace("DejaVu Sans", font)}', "utf-8")
    browser.open(page)
    assert json.loads(browser.run(BOXES)) == []
