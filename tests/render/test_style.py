"""What all views share: aligned numbers, texts that give way, rows that stack, colour by role, safe text."""

import pytest
from render.cases import case
from rich.text import Text

from gradcli.render.explanation import draw
from gradcli.render.style import Grid, aligned, folded, in_ascii, in_ascii_text, middle_cut, safe


def test_numbers_stand_on_their_decimal_point() -> None:
    """An exponent hangs to the right; nan and inf count as whole."""
    assert [text.rstrip() for text in aligned(["-2", "0.5", "1.5e-10", "nan", "-inf", "", "12.25"])] == [
        "  -2", "   0.5", "   1.5e-10", " nan", "-inf", "", "  12.25",
    ]  # fmt: skip
    assert len({len(text) for text in aligned(["-2", "0.5", "1.5e-10"])}) == 1


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a + b + c", 20, ["a + b + c"]),
        ("alpha + beta + gamma", 12, ["alpha + beta", "  + gamma"]),
        ("alpha*beta*gamma", 12, ["alpha*beta", "  *gamma"]),
        ("x*1.25e-10*y1234", 10, ["x*1.25e-10", "  *y1234"]),
    ],
)
def test_a_long_text_breaks_before_operators_and_never_in_a_number(text: str, width: int, lines: list[str]) -> None:
    """The later lines are indented."""
    assert folded(text, width, 2) == lines


def test_a_cut_leaves_both_ends() -> None:
    """In ASCII with three dots."""
    assert middle_cut("max(x1, x2, x3, x4, x5)", 15) == "max(x1 … 4, x5)"
    assert middle_cut("max(x1, x2, x3, x4, x5)", 15, unicode=False) == "max(x ... , x5)"
    assert middle_cut("short", 15) == "short"


def test_a_grid_that_does_not_fit_stacks_its_cells() -> None:
    """Every cell behind its heading, none cut."""
    grid = Grid(["line", "value ↓", "gradient ↑"], unicode=True, width=20)
    grid.add(Text("v1 = a*b"), Text("0.123456789"), Text("  9.87654321"))
    grid.span(Text("  and a remark that is long"))
    assert [line.plain for line in grid.lines()] == [
        "v1 = a*b", "  value  0.123456789", "  gradient", "    9.87654321", "  and a remark that", "    is long",
    ]  # fmt: skip


def test_text_in_ascii_keeps_its_colours_on_their_words() -> None:
    """`→` becomes two letters, and what follows it moves along."""
    text = in_ascii_text(Text.assemble(("v1 → x", "bold"), " × ", ("∂", "red")))
    assert text.plain == "v1 -> x * d"
    assert [(text.plain[span.start : span.end], span.style) for span in text.spans] == [
        ("v1 -> x", "bold"),
        ("d", "red"),
    ]
    assert in_ascii("├─ … ↓") == "|- ... (down)"


def test_invisible_signs_are_spelled() -> None:
    """A control character or a mark that turns the direction of a line never reaches the terminal."""
    assert safe("x\x1b[31m\u202ey") == "x\\u001b[31m\\u202ey"


def colours(source: str, at: dict[str, float], view: str, **options: str) -> set[tuple[str, str]]:
    """Every coloured piece of a drawing, blanks left out, with its style."""
    parts = draw(case("", source, at, **options).explained(), view=view)
    pieces = [(part.plain[span.start : span.end], str(span.style)) for part in parts for span in part.spans]
    return {(piece.strip(), style) for piece, style in pieces} | {
        (part.plain.strip(), str(part.style)) for part in parts
    }


@pytest.mark.parametrize("view", ["table", "tree"])
def test_each_role_has_its_colour(view: str) -> None:
    """Values green, gradients red, locals cyan, labels bold; the answer in bold."""
    found = colours("x*y", {"x": 2, "y": 3}, view)
    local = "∂f/∂x = y = 3" if view == "table" else "× 3"
    gradient = "3" if view == "table" else "= 3"
    wanted = {("6", "green"), (gradient, "red"), ("f", "bold"), ("∂f/∂x = 3", "bold red"), ("f     = 6", "bold green")}
    assert wanted <= found
    assert any(local in piece and style == "cyan" for piece, style in found)


@pytest.mark.parametrize("view", ["table", "tree", "ledger"])
def test_nan_and_inf_stand_out(view: str) -> None:
    """Bold yellow, in whichever column."""
    found = colours("1/(1+exp(-z))", {"z": -800}, view, decomposition="naive")
    strange = {piece.lstrip("= ×") for piece, style in found if style == "bold yellow"}
    assert "nan" in strange and ("inf" in strange or view == "ledger")
    assert not any(piece.lstrip("= ×") in ("nan", "inf") for piece, style in found if style in ("red", "green", "cyan"))
