"""The page in a browser: stepping, editing, switching, keys, what it says to whom, and that it asks for nothing."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from render.chromium import Chromium

from gradcli.errors import GradError
from gradcli.questions import Options, explained
from gradcli.render.page import page
from gradcli.render.picture.svg import svg
from gradcli.report.circuit import circuit
from gradcli.report.explanation import Explanation

NEURON = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
AT = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
SENTENCE = "byId('sentence').textContent"
ROW = "document.querySelector('#rows [aria-current]')?.innerText.replace(/\\s+/g, ' ').trim()"
CONTRAST = """(() => {
  const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const parts = (colour) => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data]; };
  const light = (colour) => parts(colour).slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (part) => { for (let at = part; at; at = at.parentElement) {
    const found = getComputedStyle(at).backgroundColor; if (parts(found)[3] === 255) return found; } return "white"; };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const part = walker.currentNode.parentElement;
    const box = part.getBoundingClientRect();
    if (!walker.currentNode.data.trim() || !box.width || part.closest("script, :disabled, .hidden")) continue;
    const style = getComputedStyle(part);
    const drawn = part.closest("svg.circuit");
    const lit = part.classList.contains("lit") ? style.stroke : null;
    const paper = lit ?? (drawn ? getComputedStyle(drawn.querySelector(".page")).fill : behind(part));
    const [a, b] = [light(drawn ? style.fill : style.color), light(paper)].sort((one, other) => other - one);
    const says = `${walker.currentNode.data} ${part.className.baseVal ?? part.className}`;
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(says);
  }
  return found;
})()"""


def written(
    folder: Path, text: str, at: dict[str, float], names: tuple[str, ...] = ("auto",), **options: Any
) -> tuple[Path, list[Explanation]]:
    """A page as a file, and what it explains."""
    found = [(name, explained(text, at, Options(decomposition=name, **options))) for name in names]
    file = folder / "page.html"
    file.write_text(page(found), "utf-8")
    return file, [explanation for _, explanation in found]


@pytest.fixture
def neuron(tmp_path: Path) -> Path:
    return written(tmp_path, NEURON, AT, ("naive", "sigmoid"))[0]


def numbers(browser: Chromium) -> dict[str, str]:
    """The answer and the gradients beside the boxes."""
    text = browser.run("byId('point').innerText").replace("−", "-")
    return dict(re.findall(r"(∂f/∂\w+|^f) = *\n?(\S+)", text, re.MULTILINE))


def test_a_page_asks_for_nothing(browser, neuron):
    """One file, one request; the policy forbids others; nothing in it names another address."""
    browser.open(neuron)
    browser.press("End")
    assert browser.requests == [neuron.as_uri()]
    assert browser.errors == []
    text = neuron.read_text("utf-8")
    assert "default-src 'none'" in text
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg"}
    again = [(name, explained(NEURON, AT, Options(decomposition=name))) for name in ("naive", "sigmoid")]
    assert page(again) == text
    assert not re.search(r"\bon\w+=|javascript:|\beval\(|new Function|innerHTML", text)


def test_stepping_fills_circuit_ledger_and_sentence(browser, neuron):
    """What was not reached is blank; the current row and wire are marked; every number is there at the end."""
    browser.open(neuron)
    assert browser.run(SENTENCE) == "w0 = 2"
    shown = "[...document.querySelectorAll('#circuit :not([hidden]) > svg .numbers text')].map((t) => t.textContent)"
    assert [text for text in browser.run(shown) if text] == ["2"]
    browser.press("ArrowRight", 15)
    assert browser.run(SENTENCE) == "v7 → v6: −0.534447 × 1 = −0.534447 (add passes)"
    browser.press("ArrowRight")
    assert browser.run(SENTENCE) == "v6 → v5: −0.534447 × 0.367879 = −0.196612 (exp scales)"
    assert browser.run("byId('rule').textContent") == "local gradient ∂v6/∂v5 = v6 = 0.367879"
    assert browser.run(ROW) == "v6 → v5 −0.534447 × 0.367879 = −0.196612 exp scales"
    current = "[...document.querySelectorAll('.wire.current')].map((w) => w.dataset.from + ' ' + w.dataset.to)"
    assert browser.run(current) == ["v5 v6"]
    lit = "[...document.querySelectorAll('.lit')].map((t) => t.textContent).sort()"
    assert browser.run(lit) == ["0.367879", "−0.196612", "−0.534447"]
    assert browser.run("getComputedStyle(document.querySelector('.current .line')).strokeWidth") == "4px"
    browser.press("End")
    assert "" not in browser.run(shown)
    assert numbers(browser) == {
        "f": "0.731059", "∂f/∂w0": "-0.196612", "∂f/∂x0": "0.393224", "∂f/∂w1": "-0.393224", "∂f/∂x1": "-0.589836",
        "∂f/∂w2": "0.196612",
    }  # fmt: skip


def test_every_step_says_what_the_engine_says(browser, tmp_path):
    """The rows of the ledger are its flows, with sums where they meet."""
    file, (explanation,) = written(tmp_path, "(w*x - y)^2 + 0.1*w^2", {"w": 2.0, "x": 1.0, "y": 3.0})
    browser.open(file)
    names = explanation.labels.names
    flows = [f"{names[flow[0]]} → {names[flow[1]]}" for flow in explanation.flows]
    said = browser.run(f"state.steps.map((_, at) => (goTo(at + 1), {SENTENCE}))")
    assert [text.partition(":")[0] for text in said if "→" in text] == flows
    assert "w: 0.4 + (−2) = −1.6 (copy adds)" in said
    assert len(said) == len(explanation.rows) + 1 + len(flows) + 1


def test_a_changed_value_changes_everything_and_keeps_the_step(browser, neuron):
    """The numbers are those of the engine at the new point, in both decompositions."""
    browser.open(neuron)
    browser.press("End")
    step = browser.run("state.step")
    point = {**AT, "w1": 0.25, "x0": -1e-3}
    for name, text in (("w1", "0.25"), ("x0", "−1e-3")):
        place = list(AT).index(name)
        browser.run(f"byId('input{place}').focus(); byId('input{place}').select()")
        browser.ask("Input.insertText", text=text)
    assert browser.run("state.step") == step
    for place, name in enumerate(("naive", "sigmoid")):
        browser.run(f"document.querySelectorAll('#switch input')[{place}].click()")
        browser.press("End")
        browser.run("document.activeElement.blur()")
        browser.press("End")
        explanation = explained(NEURON, point, Options(decomposition=name))
        assert browser.run("state.run.values") == pytest.approx(explanation.values, rel=1e-12)
        gradients = [explanation.backward.numbers[line] for line in explanation.question.sources.values()]
        assert browser.run("state.program.gradients.map(([_, line]) => state.run.adjoints[line])") == pytest.approx(
            gradients, rel=1e-12
        )
        said = numbers(browser)
        assert float(said["f"]) == pytest.approx(explanation.value, rel=1e-5)
        for source, gradient in zip(explanation.question.sources, gradients, strict=True):
            assert float(said[f"∂f/∂{source}"]) == pytest.approx(gradient, rel=1e-5)
    browser.run("byId('reset').click()")
    assert browser.run("state.point") == AT


def test_what_is_no_number_is_refused_and_nothing_moves(browser, neuron):
    """The message names it and says what is still shown."""
    browser.open(neuron)
    before = browser.run("state.run.values")
    browser.run("byId('input0').focus(); byId('input0').select()")
    browser.ask("Input.insertText", text="pi/4")
    assert browser.run("byId('input0').getAttribute('aria-invalid')") == "true"
    assert browser.run("byId('complaint').textContent") == (
        "'pi/4' is not a number: write one like −1.5 or 2e−3; everything below is for w0 = 2"
    )
    assert browser.run("state.run.values") == before
    browser.run("byId('input1').focus(); byId('input1').select()")
    browser.ask("Input.insertText", text="7")
    assert browser.run("byId('complaint').textContent").startswith("'pi/4' is not a number")
    assert browser.run("[state.point.w0, state.point.x0]") == [2, 7]


@pytest.mark.parametrize(
    ("text", "at", "typed", "options", "said"),
    [
        ("L = log(x)*y; L + grad(L, x)", {"x": 2.0, "y": 3.0}, "-1", {}, "a nan arises there"),
        ("max(x, y)*2", {"x": 1.0, "y": 3.0}, "3", {"ties": "error"}, "a tie arises there"),
    ],
    ids=["nan", "tie"],
)
def test_values_that_the_lines_were_not_written_for_are_refused(browser, tmp_path, text, at, typed, options, said):
    """Nothing moves until a value is one that they hold for."""
    browser.open(written(tmp_path, text, at, **options)[0])
    before = browser.run("state.run.values")
    for value, complains in ((typed, True), ("2.5", False)):
        browser.run("byId('input0').focus(); byId('input0').select()")
        browser.ask("Input.insertText", text=value)
        assert browser.run("byId('complaint').textContent").startswith(said) == complains
        assert (browser.run("state.run.values") == before) == complains


def test_keys_step_jump_and_play(browser, neuron):
    """Arrows, Home, End, Space; in a box they move the cursor; the same keys do nothing with a modifier."""
    browser.open(neuron)
    where = "state.step"
    browser.press("End")
    assert browser.run(where) == browser.run("state.steps.length")
    browser.press("ArrowLeft", 2)
    assert browser.run(where) == browser.run("state.steps.length") - 2
    browser.press("Home")
    assert browser.run(where) == 1
    browser.press(" ")
    assert browser.run("state.timer") != 0
    assert browser.run("byId('play').getAttribute('aria-pressed')") == "true"
    browser.press(" ")
    assert browser.run("state.timer") == 0
    browser.run("byId('input0').focus()")
    browser.press("ArrowRight")
    assert browser.run(where) == 1
    browser.run("byId('slider').focus()")
    browser.press("ArrowRight")
    assert browser.run(where) == 2


def test_nothing_moves_by_itself_where_the_reader_asked_for_that(browser, neuron):
    """Under reduced motion Space is a step."""
    browser.open(neuron, still=True)
    browser.press(" ")
    assert browser.run("[state.step, state.timer]") == [2, 0]
    assert browser.run("getComputedStyle(byId('play')).display") == "none"


def test_tab_reaches_everything_and_what_it_reaches_is_named(browser, neuron):
    """Boxes, switch, wires, rows, buttons, slider, each with a name; a row lights its wire and a wire its row."""
    browser.open(neuron)
    browser.press("ArrowRight", 3)
    reached = []
    for _ in range(120):
        browser.press("Tab")
        reached.append(browser.run("(document.activeElement.id || document.activeElement.className.baseVal || "
                                   "document.activeElement.textContent)"))  # fmt: skip
    assert {"input0", "input4", "reset", "first", "back", "next", "last", "play", "slider"} <= {*reached}
    assert any(text.startswith("p0-wire-") for text in reached)
    assert "v6 → v5" in reached
    tree = browser.ask("Accessibility.getFullAXTree")["nodes"]
    focusable = [
        node for node in tree
        if any(p["name"] == "focusable" and p["value"]["value"] for p in node.get("properties", []))
        and node["role"]["value"] not in ("RootWebArea", "generic")
    ]  # fmt: skip
    assert len(focusable) > 40
    assert [node["role"] for node in focusable if not node.get("name", {}).get("value")] == []
    browser.run("[...document.querySelectorAll('#rows button')].find((b) => b.textContent === 'v6 → v5').focus()")
    assert browser.run("document.querySelector('.wire.linked').dataset.from") == "v5"
    browser.run("document.querySelector('.wire[data-from=v4][data-to=v5]').focus()")
    assert browser.run("document.querySelector('tr.linked').textContent").startswith("v5 → v4")
    browser.press("Enter")
    assert browser.run(SENTENCE).startswith("v5 → v4")
    assert browser.run("byId('sentence').getAttribute('aria-live')") == "polite"
    assert browser.run("byId('slider').getAttribute('aria-valuetext')") == browser.run(SENTENCE)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out(browser, tmp_path, dark):
    """At least 4.5 to 1, also of nan and of notes, by day and by night."""
    file, _ = written(tmp_path, "1/(1+exp(-x)) + max(y, 0)", {"x": -800.0, "y": 0.0}, ("naive", "sigmoid"))
    browser.open(file, dark=dark)
    for step in (1, 8, 99):
        browser.run(f"goTo({step})")
        browser.run("new Promise((done) => setTimeout(done, 300))")  # colours that change slowly
        assert browser.run(CONTRAST) == []


def test_nan_is_marked_from_where_it_was_born_and_told(browser, tmp_path):
    """The naive sigmoid far out: the note stands below, and the flow is in the colour of notes."""
    file, (explanation, _) = written(tmp_path, "1/(1+exp(-x))", {"x": 0.0}, ("naive", "sigmoid"))
    browser.open(file)
    browser.run("byId('input0').focus(); byId('input0').select()")
    browser.ask("Input.insertText", text="-800")
    browser.run("goTo(99)")
    notes = browser.run("byId('notes').innerText")
    assert notes == "v2 = exp(v1): inf is born here: overflow\nv2 → v1: nan is born at this flow: −0 × inf"
    rows = "[...document.querySelectorAll('tr.odd')].map((row) => row.innerText.replace(/\\s+/g, ' ').trim())"
    assert browser.run(rows) == [
        "v2 = exp(v1) inf", "v3 = 1 + v2 inf", "v2 → v1 −0 × inf = nan exp scales", "v1 → x nan × −1 = nan neg flips",
    ]  # fmt: skip
    assert browser.run("document.querySelectorAll('#circuit [data-program=\"0\"] text.odd').length") >= 3
    browser.run("document.querySelectorAll('#switch input')[1].click()")
    assert browser.run("byId('answer').textContent") == "0"
    assert explanation.value == 0.5


def test_the_ledger_goes_below_on_a_narrow_window(browser, neuron):
    """Nothing is wider than the window."""
    place = "(['circuit', 'ledger'].map((id) => byId(id).getBoundingClientRect()).map(({left, top}) => [left, top]))"
    browser.open(neuron, width=1400)
    circuit, ledger = browser.run(place)
    assert ledger[0] > circuit[0] + 500
    for width in (790, 390):
        browser.open(neuron, width=width)
        circuit, ledger = browser.run(place)
        assert ledger[0] == circuit[0]
        assert ledger[1] > circuit[1]
        assert browser.run("document.documentElement.scrollWidth") <= width


def test_printing_shows_the_last_step(browser, neuron):
    """And the page is where it was behind it."""
    browser.open(neuron)
    browser.press("ArrowRight", 3)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("state.step === state.steps.length")
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run("state.step") == 4


def test_names_and_texts_cannot_break_out(browser, tmp_path):
    """Of a program in other scripts, with marks that turn text around, every letter is text."""
    name = "x\u05d0\u0627"  # letters that run from right to left
    source = f"{name}*y + sin({name}) # </script><script>document.title = 'gone'</script><!--"
    file, _ = written(tmp_path, source, {name: 2.0, "y": 3.0})
    browser.open(file)
    browser.press("End")
    assert browser.errors == []
    assert browser.run("document.scripts.length") == 3
    assert browser.run("document.querySelectorAll('bdi').length") > 3
    assert browser.run("state.program.lines[0].name") == name
    assert "gone" not in browser.run("document.title")


def test_names_that_javascript_knows_are_names_like_others(browser, tmp_path):
    """Of variables, and of what is typed into a box."""
    at = {"__proto__": 2.0, "constructor": 3.0, "toString": 4.0}
    file, _ = written(tmp_path, "__proto__*constructor + toString", at)
    browser.open(file)
    browser.press("End")
    assert browser.run("byId('answer').textContent") == "10"
    browser.run("byId('input0').focus(); byId('input0').select()")
    browser.ask("Input.insertText", text="5")
    assert browser.run("byId('answer').textContent") == "19"
    browser.run("byId('input1').focus(); byId('input1').select()")
    browser.ask("Input.insertText", text="constructor")
    assert browser.run("byId('answer').textContent") == "19"
    assert browser.run("byId('complaint').textContent").startswith("'constructor' is not a number")
    assert browser.errors == []


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("2 + 3", {}, "f = 2 + 3 = 5"),
        ("x", {"x": 2.0}, "∂x/∂x = 1 (seed)"),
        ("x*x*x*x*x", {"x": 2.0}, "x: 16 + 16 + … 3 more = 80 (copy adds)"),
        ("x=3; grad(x^2, x)*y", {"y": 2.0}, "f → y: 1 × 6 = 6 (mul scales)"),
        ("where(x > 0, sqrt(x), 0)", {"x": 0.0}, "v2 → x: 0 × inf (closed) = 0 (sqrt closed)"),
    ],
    ids=["no name", "a name", "five times", "a derivative", "a closed gate"],
)
def test_small_and_odd_programs(browser, tmp_path, text, at, said):
    """The last sentence of each."""
    browser.open(written(tmp_path, text, at)[0])
    browser.press("End")
    assert browser.errors == []
    assert browser.run(SENTENCE) == said


def test_a_page_of_too_many_lines_is_refused():
    """With advice."""
    text = "; ".join(["a0 = x", *(f"a{k + 1} = sin(a{k})" for k in range(500))]) + "; a500"
    long = explained(text, {"x": 1.0}, Options())
    with pytest.raises(GradError, match="too long") as caught:
        page([("auto", long)])
    assert "gradcli explain" in str(caught.value.hint)
    short = page([("auto", explained("sin(x)", {"x": 1.0}, Options())), ("naive", long)])
    assert '"name":"naive"' not in short


def test_entries_of_arrays_are_edited_as_lists(browser, tmp_path):
    """Every number on the page follows; a list of another shape is refused."""
    text, shapes = "sum(relu(W@x + b)^2)", "x:3,W:2x3,b:2"
    found = explained(text, {}, Options(example=shapes))
    file = tmp_path / "page.html"
    file.write_text(page([("auto", found)]), "utf-8")
    browser.open(file)
    browser.press("End")
    assert browser.run(SENTENCE) == "v1 → x: W.T @ upstream = [1184, 1570, −1956] (matmul swaps)"
    browser.run("byId('input0').focus(); byId('input0').select()")
    browser.ask("Input.insertText", text="[[0.5, −1, -2], [-4, 0, 1e-1]]")
    assert browser.run("byId('complaint').textContent") == ""
    assert browser.run("byId('answer').textContent") == "552.25"
    browser.run("document.activeElement.blur()")
    assert browser.run(SENTENCE) == "v1 → x: W.T @ upstream = [23.5, −47, −94] (matmul swaps)"
    assert browser.run("byId('slope0').textContent") == "∂f/∂W = [[329, 376, −423], [0, 0, 0]]"
    cells = "[...document.querySelectorAll('.wire[data-from=v2] .value')].map((cell) => cell.textContent)"
    assert browser.run(cells) == ["23.5", "−17.9"]
    assert "relu blocks 1 of 2" in browser.run("byId('rows').innerText")
    browser.run("byId('input0').focus(); byId('input0').select()")
    browser.ask("Input.insertText", text="[0.5, −1, 2, -4, 0, 1]")
    assert browser.run("byId('complaint').textContent").startswith(
        "W has to be 2×3 numbers: write them like [[0,0,0],[0,0,0]]; everything below is for W = [[0.5, −1, −2], "
    )
    assert browser.errors == []


TEXTS = """[...document.querySelectorAll('#circuit :not([hidden]) > svg g[id] text:not(.boxtext)')].map((text) =>
  `${text.closest('g[id]').id} ${text.getAttribute('class')
  .replace(/ ?(lit|odd)/g, '')}: ${text.textContent}`.replaceAll('−', '-').replaceAll('·', '*')).sort()"""


def drawn(explanation: Explanation) -> list[str]:
    """The texts of the picture of the same circuit."""
    picture = svg(circuit(explanation, full=True), local=True, sums=False, heading=False, prefix="p0-")
    found, group = [], ""
    for id_, role, text in re.findall(r'<g [^>]*?\bid="([^"]+)"|<text class="([^"]*)"[^>]*>([^<]*)</text>', picture):
        group = id_ or group
        if role and role != "boxtext" and role != "boxname":
            found.append(f"{group} {role.replace(' odd', '')}: {html.unescape(text)}")
    return sorted(text.replace("−", "-").replace("·", "*") for text in found)


@pytest.mark.parametrize(
    ("text", "at", "decomposition"),
    [
        (NEURON, AT, "naive"), (NEURON, AT, "auto"), ("(w*x - y)^2 + 0.1*w^2", {"w": 2.0, "x": 1.0, "y": 3.0}, "auto"),
        ("max(x, y)*where(x > 0, sqrt(x), y) + relu(-y)", {"x": 0.0, "y": 2.0}, "auto"),
        ("1/(1 + exp(-x))", {"x": -800.0}, "naive"), ("x^5 + x*y/7 - y", {"x": 1.2345678, "y": 1e-9}, "auto"),
        ("L = (w*x - y)^2; L + 0.1*grad(L, w)^2", {"w": 1.0, "x": 2.0, "y": 3.0}, "auto"),
    ],
)  # fmt: skip
def test_the_circuit_at_the_end_says_what_the_picture_says(browser, tmp_path, text, at, decomposition):
    """Every number and gate that stands in it, also after other values were tried."""
    file, (explanation,) = written(tmp_path, text, at, (decomposition,))
    browser.open(file)
    browser.run("compute(Object.fromEntries(Object.entries(state.point).map(([name, x]) => [name, x * 3 + 0.123])))")
    browser.press("End")
    assert browser.run(TEXTS) != drawn(explanation)
    browser.run("restore()")
    assert browser.run(TEXTS) == drawn(explanation)
