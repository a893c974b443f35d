"""The circuit as a picture: what stands in it, and that nothing in a name or a value can break out of it."""

import re

import pytest
from render.drawings import SVG, drawn, groups, letters, meeting, parsed, sample, says, texts_of
from running import run

from gradcli.errors import GradError
from gradcli.questions import Options, explained
from gradcli.render.picture import picture
from gradcli.render.picture.mermaid import spelled
from gradcli.render.picture.style import DARK, LIGHT
from gradcli.render.picture.svg import svg
from gradcli.report.circuit import circuit

NEURON = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
AT = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}


def wires(text: str) -> dict[tuple[str, str, str], tuple[list[str], list[str], list[str]]]:
    """Value, gradient and local of each wire by where it comes from, where it goes, and its place there."""
    return {
        (wire.get("data-from"), wire.get("data-to"), wire.get("data-slot")): tuple(
            says(wire, role) for role in ("value", "gradient", "local")
        )
        for wire in groups(text, "wire")
    }


def test_the_neuron_of_the_lecture():
    """Values above the wires, gradients below, locals where a wire enters: the numbers of CS231n's figure."""
    assert wires(drawn(NEURON, AT, local=True, decomposition="naive")) == {
        ("w0", "v1", "0"): (["2"], ["-0.196612"], ["-1"]),
        ("x0", "v1", "1"): (["-1"], ["0.393224"], ["2"]),
        ("w1", "v2", "0"): (["-3"], ["-0.393224"], ["-2"]),
        ("x1", "v2", "1"): (["-2"], ["-0.589836"], ["-3"]),
        ("v1", "v3", "0"): (["-2"], ["0.196612"], ["1"]),
        ("v2", "v3", "1"): (["6"], ["0.196612"], ["1"]),
        ("v3", "v4", "0"): (["4"], ["0.196612"], ["1"]),
        ("w2", "v4", "1"): (["-3"], ["0.196612"], ["1"]),
        ("v4", "v5", "0"): (["1"], ["0.196612"], ["-1"]),
        ("v5", "v6", "0"): (["-1"], ["-0.196612"], ["0.367879"]),
        ("v6", "v7", "1"): (["0.367879"], ["-0.534447"], ["1"]),
        ("v7", "f", "1"): (["1.36788"], ["-0.534447"], ["-0.534447"]),
        ("f", "f", "0"): (["0.731059"], ["1"], []),
    }


def test_nodes_say_their_operation_name_and_gate():
    """Literals stand inside the operation, with a point where the wire enters."""
    nodes = groups(drawn(NEURON, AT, decomposition="naive"), "operation")
    assert [(says(n, "name"), says(n, "op"), says(n, "gate")) for n in nodes] == [
        (["v1"], ["×"], ["swaps"]),
        (["v2"], ["×"], ["swaps"]),
        (["v3"], ["+"], ["distributes"]),
        (["v4"], ["+"], ["distributes"]),
        (["v5"], ["−"], ["flips"]),
        (["v6"], ["exp"], ["scales"]),
        (["v7"], ["1+·"], ["passes"]),
        (["f"], ["1/·"], ["scales"]),
    ]


def test_a_recognised_form_is_one_node_in_a_dashed_box():
    """It says what it stands for, and its local gradient; opened, the box is around what was typed."""
    closed = groups(drawn(NEURON, AT), "operation")[-1]
    assert says(closed, "op") == ["sigmoid"]
    assert says(closed, "boxtext") == ["= 1/(1 + exp(-v4))", "local f*sigmoid(-v4) = 0.196612"]
    for decomposition in ("naive", "typed"):
        (frame,) = groups(drawn(NEURON, AT, decomposition=decomposition), "frame")
        assert says(frame, "boxname") == ["sigmoid(v4), local f*sigmoid(-v4) = 0.196612"]
        assert frame.get("data-line") == "f"


def test_expand_opens_the_box(tmp_path):
    """--expand draws what auto had folded."""
    file = tmp_path / "neuron.svg"
    at = [f"{name}={value:g}" for name, value in AT.items()]
    assert run("graph", NEURON, *at, "--expand", "-o", str(file)).code == 0
    assert file.read_text("utf-8") == drawn(NEURON, AT, decomposition="typed")


def test_a_copy_is_a_fork_whose_branches_add_up():
    """The trunk has the sum, each branch what comes back through it."""
    text = drawn("(w*x - y)^2 + 0.1*w^2", {"w": 2.0, "x": 3.0, "y": 5.0})
    (trunk,) = groups(text, "trunk")
    assert (says(trunk, "value"), says(trunk, "gradient")) == (["2"], ["6.4 = 0.4 + 6"])
    assert trunk.find(f"{SVG}circle").get("class") == "dot"
    found = wires(text)
    assert found["w", "v1", "0"] == (["2"], ["6"], [])
    assert found["w", "v4", "0"] == (["2"], ["0.4"], [])


def test_an_operand_used_twice_by_one_line_has_two_wires():
    """x*x: both branches reach the same node."""
    found = wires(drawn("x*x", {"x": 3.0}))
    assert found["x", "f", "0"] == found["x", "f", "1"] == (["3"], ["3"], [])


def test_adjoint_lines_stand_below_in_a_colour_of_their_own():
    """Lines that a sweep added, and all wires to and from them, are marked; the gradients leave the picture."""
    text = drawn("x*y + sin(x)", {"x": 2.0, "y": 3.0}, mode="adjoint")
    nodes = {node.get("data-line"): node for node in groups(text, "node")}
    added = {name for name, node in nodes.items() if "added" in node.get("class").split()}
    assert added == {"a1", "a2", "∂f/∂x", "∂f/∂y"}
    marked = {(w.get("data-from"), w.get("data-to")) for w in groups(text, "wire") if "added" in w.get("class").split()}
    assert marked == {("x", "a1"), ("y", "a2"), ("a1", "a2"), ("a2", "∂f/∂x"), ("x", "∂f/∂y")}
    height = {name: float(next(node.iter(f"{SVG}text")).get("y")) for name, node in nodes.items()}
    forward = max(height[name] for name in ("x", "y", "v1", "v2", "f"))
    assert min(height["a1"], height["a2"]) > forward


def test_a_gradient_in_the_program_is_drawn_with_its_lines():
    """The penalty on a gradient: its lines are marked, and the lines that use them are not."""
    nodes = groups(str(picture(sample("gradient-penalty"), "svg")), "operation")
    added = [node.get("data-line") for node in nodes if "added" in node.get("class").split()]
    assert added == ["a1", "a2", "a3"]


def test_arrays_show_their_shape_and_small_ones_their_numbers():
    """Matrices stand on the wire in rows; of large ones the shape and the range."""
    text = str(picture(sample("array-matmul"), "svg", local=True))
    wire = next(w for w in groups(text, "wire") if w.get("data-from") == "X")
    assert says(wire, "shape") == ["2×3"]
    assert says(wire, "value") == ["2", "1", "-3", "-3", "4", "2"]
    assert says(wire, "local") == ["upstream @ W.T"]
    large = explained("sum(x^2)", {}, Options(example="x:30x40"))
    wire = next(w for w in groups(str(picture(large, "svg")), "wire") if w.get("data-from") == "x")
    assert says(wire, "shape")[0] == "30×40"
    assert re.fullmatch(r"-?[\d.]+ … [\d.]+", says(wire, "value")[0])


@pytest.mark.parametrize(
    ("text", "at", "found"),
    [
        ("x", {"x": 2.0}, {("x", "x", "0"): (["2"], ["1"], [])}),
        ("3", {}, {("f", "f", "0"): (["3"], [], [])}),
        ("y = 2*x; x", {"x": 2.0}, {("x", "x", "0"): (["2"], ["1"], []), ("x", "y", "1"): (["2"], [], []),
                                    ("y", "y", "0"): (["4"], [], [])}),
        ("max(x, 0)", {"x": -1.0}, {("x", "f", "0"): (["-1"], ["0"], []), ("f", "f", "0"): (["0"], ["1"], [])}),
        ("x/0", {"x": 1.0}, {("x", "f", "0"): (["1"], ["inf"], []), ("f", "f", "0"): (["inf"], ["1"], [])}),
    ],
)  # fmt: skip
def test_odd_programs(text, at, found):
    """A variable alone, a constant, a line that nothing uses, a closed gate, an infinite value."""
    assert wires(drawn(text, at)) == found


def test_forward_mode_shows_the_tangents_of_one_pass():
    """One input: its tangents; several: a refusal that says what to do."""
    found = wires(drawn("x*y", {"x": 2.0, "y": 3.0}, mode="forward", wrt=["x"]))
    assert found["x", "f", "0"] == (["2"], ["1"], [])
    assert found["f", "f", "0"] == (["6"], ["3"], [])
    with pytest.raises(GradError, match="2 passes"):
        drawn("x*y", {"x": 2.0, "y": 3.0}, mode="forward")


def test_a_long_chain_is_folded_and_counted():
    """Of 100 terms the middle is one node, which says how many lines it stands for; --full draws all."""
    names = [f"x{at}" for at in range(100)]
    at = dict.fromkeys(names, 1.0)
    (more,) = groups(drawn(" + ".join(names), at), "more")
    assert says(more, "op") == ["+ … 95 more"]
    text = drawn(" + ".join(names), at, full=True)
    assert groups(text, "more") == []
    assert len(groups(text, "leaf")) == 100


def test_what_is_folded_keeps_the_lines_that_others_use():
    """A chain that uses one line again and again: the fold has a wire from it."""
    names = [f"x{at}" for at in range(60)]
    text = drawn(f"y = sin(x); {' + '.join(f'y*{name}' for name in names)}", dict.fromkeys(["x", *names], 1.0))
    (more,) = groups(text, "more")
    assert ("y", more.get("data-line")) in {(w.get("data-from"), w.get("data-to")) for w in groups(text, "wire")}


def test_chains_of_chains_are_folded_too():
    """26,000 lines, of which 38 nodes are drawn; what the outer fold holds is not drawn beside it."""
    term = " + ".join(["x"] * 12)
    found = circuit(explained(" + ".join(f"({term})*y" for _ in range(2_000)), {"x": 0.1, "y": 0.2}, Options()))
    folds = [node.symbol for node in found.nodes if node.kind == "more"]
    assert folds == [*["+ … 7 more"] * 3, "+ … 1,995 more", *["+ … 7 more"] * 2]
    assert len(found.nodes) == 38
    drawn_lines = {node.line for node in found.nodes}
    assert all(wire.source in drawn_lines and wire.target in drawn_lines for wire in found.wires)


def test_what_is_too_large_is_refused_with_advice():
    """A graph that does not fold: how many nodes, what to do; in far less time than drawing would take."""
    text = "; ".join(f"a{at + 1} = a{at}*sin(a{at})" for at in range(300))
    with pytest.raises(GradError) as refusal:
        drawn(f"a0 = x; {text}; a300", {"x": 0.5})
    assert refusal.value.kind == "limit"
    assert "602 nodes" in refusal.value.message
    assert "--full" in refusal.value.hint
    assert "--view tree" in refusal.value.hint


def test_depth_is_no_danger():
    """20,000 signs: refused like anything that large."""
    with pytest.raises(GradError, match="nodes, the most is"):
        drawn("sin(" * 20_000 + "x" + ")" * 20_000, {"x": 0.5}, full=True)


def test_a_program_is_always_drawn_the_same_way():
    """Byte for byte, in every format."""
    for kind in ("svg", "dot", "mmd"):
        assert picture(sample("micrograd"), kind) == picture(sample("micrograd"), kind)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, by WCAG 2."""

    def light(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_read(scheme):
    """At least 4.5 to 1 for every text on what it can stand on."""
    for role in ("ink", "value", "gradient", "local", "dim", "lost"):
        assert contrast(scheme[role], scheme["page"]) >= 4.5, role
    assert contrast(scheme["ink"], scheme["node"]) >= 4.5
    assert contrast(scheme["gradient"], scheme["added"]) >= 4.5


def test_the_answer_is_said_to_those_who_do_not_see_it():
    """<title> and <desc> hold the expression, the value and the gradients."""
    root = parsed(drawn(NEURON, AT))
    assert root.find(f"{SVG}title").text == "f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"
    assert root.find(f"{SVG}desc").text == (
        "Values above the wires, gradient of f below. f = 0.731059; gradients w0 -0.196612, x0 0.393224, "
        "w1 -0.393224, x1 -0.589836, w2 0.196612."
    )


def test_wires_leave_room_for_other_numbers():
    """With room=12, the numbers of every wire may become 12 letters wide: none of them meets another text."""
    found = circuit(explained(NEURON, AT, Options(decomposition="naive")))
    texts = []
    for text in texts_of(svg(found, room=12, sums=False)):
        if text.role in ("value", "gradient") and "above" not in text.says:
            middle, half = (text.left + text.right) / 2, letters("-0.123456e-7") * 7
            text = text._replace(left=middle - half, right=middle + half)
        texts.append(text)
    assert meeting(texts) == []


HOSTILE = ["日本", "ﷺ", "x_1", "end", "subgraph", "graph", "style", "script", "class", "click"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_cannot_break_out(name):
    """Keywords of the formats and other scripts are names like any other."""
    at = {name: 2.0}
    text = drawn(f"{name}*sin({name})", at)
    assert parsed(text).find(f".//{SVG}g[@class='node leaf']").get("data-line") == name
    for kind in ("dot", "mmd"):
        found = str(picture(explained(f"{name}*sin({name})", at, Options()), kind))
        lines = [line.strip() for line in found.splitlines()]
        assert not any(line.startswith((f"{name} ", f"{name}[")) for line in lines[1:] if name != "subgraph")


def test_labels_are_escaped_for_their_format():
    """What a label could hold, were it allowed to: markup, quotes, ends of strings, escapes, line breaks."""
    from gradcli.render.picture.dot import html, quoted
    from gradcli.render.picture.marks import escaped

    bad = "</text><script>\"'&\\N\n]]>--> #35; `*_|{}[]()\u202e"
    assert "<" not in escaped(bad)
    assert '"' not in escaped(bad)
    assert parsed(f'<a b="{escaped(bad)}">{escaped(bad)}</a>').text.startswith("</text><script>")
    assert re.fullmatch(r'"(?:[^"\\\n]|\\.)*"', quoted(bad))
    assert parsed(html(bad, "ink")).text.startswith("</text><script>")
    assert re.fullmatch(r"(?:[\w ,.×÷−·…→]|#\d+;)*", spelled(bad))


def test_png_is_a_png():
    """Where the extra is installed."""
    pytest.importorskip("resvg_py")
    found = picture(sample("neuron"), "png")
    assert isinstance(found, bytes)
    assert found.startswith(b"\x89PNG\r\n\x1a\n")


def test_png_without_its_extra_says_how_to_get_it(monkeypatch):
    """A usage error, not a traceback."""
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(GradError) as refusal:
        picture(sample("neuron"), "png")
    assert "gradcli[png]" in refusal.value.hint


def test_the_gradients_of_an_array_are_those_of_its_sum():
    """The key says so, as the table does."""
    drawing = str(picture(explained("[x, x*y]", {"x": 2.0, "y": 4.0}, Options()), "svg"))
    assert " of sum(f) below it" in drawing and " of f below it" not in drawing
