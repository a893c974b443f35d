"""The tree: shared lines once, closed ones folded, deep ones further down."""

from render.cases import CHAIN, DISTINCT, case, drawn


def rows(text: str) -> list[str]:
    """The rows of the tree with blanks shortened, without title, headings and answer."""
    body = text.split("\n\nf ")[0].split("\n")
    start = next(k for k, line in enumerate(body) if line.startswith("──"))
    return [" ".join(line.split()) for line in body[start + 1 :]]


def test_a_shared_input_adds_at_its_first_place_in_print() -> None:
    """w stands first under v1, printed before its sibling: the sum is there, and the later place refers to it."""
    assert rows(drawn(case("shared", "w*x + w", {"w": 2, "x": 3}).explained(), view="tree")) == [
        "f = v1 + w 8 1 distributes",
        "├─ v1 = w*x 6 × 1 = 1 swaps",
        "│ ├─ w 2 × 3 = 3 copy adds 1 + 3 = 4",
        "│ └─ x 3 × 2 = 2",
        "└─ w 2 × 1 = 1 copy: see w above",
    ]


def test_what_a_fold_hides_is_shown_in_full_where_it_is_met_again() -> None:
    """s is first met behind a closed gate, whose branch is folded; the open place must not refer to a hidden row."""
    asked = case("hidden", "s = x*y\nmax(sin(s)*cos(s) - 9, s)", {"x": 2, "y": 3})
    text = drawn(asked.explained(), view="tree", width=100)
    assert rows(text) == [
        "f = max(v4, s) 6 1 routes",
        "├─ v4 = v3 - 9 -9.26829 × 0 = 0 closed, 6 nodes folded",
        "└─ s = x*y 6 × 1 = 1 swaps, copy adds 1 + 0 + 0 = 1",
        "├─ x 2 × 3 = 3",
        "└─ y 3 × 2 = 2",
    ]


def test_a_closed_branch_of_a_row_or_two_is_shown() -> None:
    """Folding two rows into one would hide the lesson: the infinite slope behind the closed gate."""
    text = drawn(case("trap", "where(x > 0, sqrt(x), 0)", {"x": 0}).explained(), view="tree")
    assert "folded" not in text
    assert "× inf (closed)  = 0" in text


def test_the_number_of_folded_nodes_leaves_out_the_row_that_says_it() -> None:
    """Below v4 stand v1 to v3 and x1 to x5."""
    assert "closed, 8 nodes folded" in drawn(case("chain", CHAIN, DISTINCT).explained(), view="tree")


def test_below_twelve_levels_a_tree_goes_on_under_its_own_title() -> None:
    """The row says where; the new tree starts with the line, its value and its gradient."""
    text = drawn(case("deep", "sin(" * 16 + "x" + ")" * 16, {"x": 1.3}).explained(), view="tree")
    first, second = text.split("\n\nv4, where the tree above goes on\n")
    assert "goes on below as a tree of v4" in first
    assert [line.split(" = ")[0] for line in rows(second)][:2] == ["v4", "└─ v3"]


def test_a_shared_line_below_the_twelfth_level_has_one_tree() -> None:
    """Both operands of the product are the deep line: the second place refers to the first."""
    deep = "sin(" * 4 + "x" + ")" * 4
    asked = case("deep", f"s = {deep}\n" + "-" * 11 + "(s*s)", {"x": 1.3})
    text = drawn(asked.explained(), view="tree", width=120)
    assert text.count("goes on below as a tree of s") == 1
    assert text.count("s, where the tree above goes on") == 1
    assert text.count("copy: see s above") == 1


def test_in_forward_mode_tangents_rise_from_the_inputs() -> None:
    """A row's tangent is the sum of local × tangent over the rows below it; blank where none arrives."""
    assert rows(drawn(case("forward", "x*y + sin(y)", {"x": 2, "y": 0}, mode="forward").explained(), view="tree")) == [
        "f = v1 + v2 0 0 3 adds",
        "├─ v1 = x*y 0 × 1 0 2 swaps",
        "│ ├─ x 2 × 0 1",
        "│ └─ y 0 × 2 1",
        "└─ v2 = sin(y) 0 × 1 1 scales",
        "└─ y 0 × 1 1 copy: see y above",
    ]
