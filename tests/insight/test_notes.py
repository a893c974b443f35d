"""Notes: each kind with its whole message, none where nothing happened, and one-sided derivatives that are right."""

import math
import random
import re

import pytest

from gradcli.errors import GradError
from gradcli.questions import Options, differentiated, evaluated, explained
from gradcli.report.explanation import Explanation

INF, NAN = math.inf, math.nan


def answer(source: str, options: dict[str, object] | None = None, **at: float) -> Explanation:
    values = {name: float(value) for name, value in at.items()}
    return explained(source, values, Options(**(options or {})))


def told(source: str, options: dict[str, object] | None = None, **at: float) -> list[tuple[str, str]]:
    """Kind and message of every note."""
    return [(note.kind, note.message) for note in answer(source, options, **at).notes]


NAN_RESULT = ("nan", "f: the result is nan, so every gradient of it is nan; only what a closed gate cut off stays 0")
BOTH = "so 0.5 each (--ties split); the one-sided derivatives by y are"
NEGATIVE_LOG = "the logarithm of a negative number is not real"

MESSAGES = [
    ("max(x, y)", {"x": 2, "y": 2}, {}, [("tie", f"f = max(x, y): tie: both are 2, {BOTH} 0 and 1")]),
    ("min(x, y)", {"x": 2, "y": 2}, {}, [("tie", f"f = min(x, y): tie: both are 2, {BOTH} 1 and 0")]),
    ("max(x, y)", {"x": 1.797e308, "y": 1.797e308}, {},  # a step up from here would leave the floats
     [("tie", f"f = max(x, y): tie: both are 1.797e+308, {BOTH} 0 and 1")]),
    ("max(x, y)", {"x": 2, "y": 2}, {"ties": "first"},
     [("tie", "f = max(x, y): tie: both are 2, so the first takes all (--ties first); "
              "the one-sided derivatives by y are 0 and 1")]),
    ("max(x, y, z)", {"x": 1, "y": 1, "z": 1}, {},
     [("tie", "f = max(x, y, z): tie: 3 operands are 1, so 0.333333 each (--ties split); "
              "the one-sided derivatives by z are 0 and 1")]),
    ("clip(x, 0, 1)", {"x": 1}, {},
     [("tie", "f = clip(x, 0, 1): tie: 2 operands are 1, so 0.5 passes (--ties split); "
              "the one-sided derivatives by x are 1 and 0")]),
    ("clip(x, 1, 1)", {"x": 1}, {},
     [("tie", "f = clip(x, 1, 1): tie: 3 operands are 1, so 0.25 passes (--ties split); "
              "the one-sided derivatives by x are 0 and 0")]),
    ("max(x, 0)", {"x": 0}, {"decomposition": "sigmoid"},
     [("tie", "f = relu(x): tie: both operands of the max are 0: 0.5 passes; the one-sided derivatives are 0 and 1"),
      ("recognised", "f: max(x, 0) is relu(x): the same function")]),
    ("max(max(max(a, b), c), d)", {"a": 1, "b": 1, "c": 1, "d": 1}, {},
     [("tie", "f: 3 ties in a row halve the gradient each time, down to 2^-3 = 0.125; "
              "one max(...) of all 4 would give 1/4 = 0.25 to each")]),
    ("relu(x)", {"x": 0}, {},
     [("kink", "f = relu(x): kink at 0: the derivative is taken as 0; the one-sided derivatives are 0 and 1")]),
    ("abs(x)", {"x": 0}, {},
     [("kink", "f = abs(x): kink at 0: the derivative is taken as 0; the one-sided derivatives are -1 and 1")]),
    ("elu(x, 2)", {"x": 0}, {},
     [("kink", "f = elu(x, 2): kink at 0: the derivative is taken as a; the one-sided derivatives are 2 and 1")]),
    ("x^y", {"x": 0, "y": 0}, {}, [("kink", "f = x^y: 0^0: both derivatives are taken as 0")]),
    ("floor(x)*2", {"x": 2.5}, {},
     [("dead", "v1 = floor(x): a dead gate: its derivative is 0 wherever there is one")]),
    ("(x > 1)*x", {"x": 2}, {},
     [("dead", "v1 = x > 1: passes no gradient: a comparison is flat on both sides")]),
    ("relu(x)", {"x": -1}, {},
     [("dead", "f = relu(x): blocks: its input is negative, so exactly 0 goes back")]),
    ("sigmoid(x)", {"x": 40}, {},
     [("saturated", "f = sigmoid(x): saturated: its local gradient is only 4.24835e-18")]),
    ("exp(x)", {"x": 1000}, {}, [("inf", "f = exp(x): inf is born here: overflow")]),
    ("y/x", {"x": 0, "y": 2}, {}, [("inf", "f = y/x: inf is born here: division by zero")]),
    ("sqrt(x)", {"x": 0}, {},
     [("inf", "f → x: the local gradient of f = sqrt(x) is inf: the slope of sqrt is infinite at 0")]),
    ("x*1e200*1e200", {"x": 1e-300}, {}, [("inf", "v1 → x: inf is born at this flow: overflow")]),
    ("x - y", {"x": INF, "y": INF}, {}, [("nan", "f = x - y: nan is born here: inf - inf"), NAN_RESULT]),
    ("x/x", {"x": 0}, {}, [("nan", "f = x/x: nan is born here: 0/0"), NAN_RESULT]),
    ("x*2", {"x": NAN}, {}, [("nan", "x: was given as nan"), NAN_RESULT]),
    ("1/(1+exp(-z))", {"z": -800}, {"decomposition": "naive"},
     [("inf", "v2 = exp(v1): inf is born here: overflow"),
      ("nan", "v2 → v1: nan is born at this flow: -0 × inf")]),
    ("log(x)", {"x": -1}, {}, [("domain", f"f = log(x): nan is born here: {NEGATIVE_LOG}"), NAN_RESULT]),
    ("x^y", {"x": -2, "y": 3}, {},
     [("domain", "f → y: the local gradient of f = x^y is nan: "
                 "a^b with a < 0 is real at whole b only, so its derivative in b is nan")]),
    ("x + 1", {"x": 1, "q": 2}, {}, [("unused", "q: does not occur in the program, so its gradient is 0")]),
    ("1/(1+exp(-x))", {"x": 1}, {"decomposition": "sigmoid"},
     [("recognised", "f: 1/(1 + exp(-x)) is sigmoid(x): 1 line for 4, exact far out")]),
    ("max(max(x, y), z)", {"x": 1, "y": 2, "z": 3}, {},
     [("flow", "f: max routed the gradient to z, 1 of 3 inputs; the other 2 get exactly 0")]),
    ("sin(x) = x^2\nsin(x)", {"x": 3}, {},
     [("shadow", "sin: the function of the program is used, not the built-in of that name")]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "at", "options", "notes"), MESSAGES)
def test_a_note_says_place_fact_and_number(
    source: str, at: dict[str, float], options: dict[str, object], notes: list[tuple[str, str]]
) -> None:
    """Every note of the program, whole and in order."""
    assert told(source, options, **at) == notes


def test_every_kind_of_note_has_an_example() -> None:
    """The table above is complete."""
    kinds = {kind for *_, notes in MESSAGES for kind, _ in notes}
    assert kinds == {
        "tie", "kink", "dead", "saturated", "nan", "inf", "domain", "unused", "recognised", "flow", "shadow",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "at"),
    [
        ("x*y + sin(x)", {"x": 1, "y": 2}),
        ("max(x, y)", {"x": 1, "y": 2}),
        ("max(x, x)", {"x": 1}),
        ("elu(x)", {"x": 0}),  # smooth where a is 1
        ("sigmoid(x)", {"x": 3}),
        ("where(x > 0, x, 0)", {"x": 1}),
        ("clip(x, 0, 1)", {"x": 0.5}),
    ],
)
def test_no_note_where_nothing_happened(source: str, at: dict[str, float]) -> None:
    """A note that is always there is not read."""
    assert told(source, {"decomposition": "typed"}, **at) == []


@pytest.mark.parametrize(
    ("source", "at"),
    [
        ("where(x > 0, log(x), 0)", {"x": -1}),
        ("where(x > 0, 0, log(x))", {"x": 1}),
        ("where(x > 0, sqrt(x), 0)", {"x": 0}),
        ("where(x > 0, where(x > 0, exp(y*y*1000), 1), x*2)", {"x": -1, "y": 1}),
    ],
)
def test_what_is_born_in_a_branch_that_was_left_closed_is_not_reported(source: str, at: dict[str, float]) -> None:
    """It never reached the result; the same line outside the branch is reported."""
    assert told(source, **at) == []


def test_a_birth_beside_a_closed_branch_is_reported() -> None:
    """The line in the closed branch is shared with an open place, so what is born there matters."""
    assert told("s = log(x)\nwhere(x > 0, s, 0) + s*0", x=-1)[0] == (
        "domain", f"s = log(x): nan is born here: {NEGATIVE_LOG}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "at", "line"),
    [
        ("a = x*2; b = exp(a); c = b*b; c + 1", {"x": 300}, "c"),
        ("a = x*2; b = exp(a); c = b*b; c + 1", {"x": 400}, "b"),
        ("a = x - 1; b = y/a; b*a", {"x": 1, "y": 1}, "b"),
    ],
)
def test_the_first_birth_names_the_line_that_bore_it(source: str, at: dict[str, float], line: str) -> None:
    """The line whose operands were still finite."""
    assert answer(source, **at).notes[0].line == line


def test_a_nan_where_flows_meet_is_said_of_the_line() -> None:
    """Two flows, inf and -inf, are each fine; their sum is not."""
    notes = told("sqrt(x) - 2*sqrt(x)", x=0)
    assert ("nan", "x: nan is born where its flows meet: inf - inf") in notes


def test_values_alone_have_births_and_no_conventions() -> None:
    """`eval` asks for no gradient: a kink is no news there."""
    assert [note.kind for note in evaluated("relu(x) + exp(y)", {"x": 0.0, "y": 1e4}, Options()).notes] == ["inf"]


def test_at_most_eight_notes_of_a_kind_are_told() -> None:
    """The others are counted."""
    notes = told(" + ".join(f"relu(x{k})" for k in range(12)), **{f"x{k}": 0 for k in range(12)})
    assert len(notes) == 9
    assert notes[-1][1].endswith("and 4 more notes of the kind 'kink'")


TIED = [
    "max({}, {})", "min({}, {})", "max({}, {}, {})", "min({}, {}, {})", "clip({}, {}, {})", "clip({}, {}, 5)",
    "clip({}, -5, {})", "relu({} - {})", "abs({} - {})", "leaky_relu({} - {})", "leaky_relu({} - {}, 0.3)",
    "elu({} - {}, 1.7)",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_one_sided_derivatives_are_those_of_finite_differences(seed: int) -> None:
    """The note's two numbers are the slopes of its own line to the left and to the right of the operand it names."""
    chance = random.Random(seed)
    form = TIED[seed % len(TIED)]
    value = chance.choice([-2.0, 0.0, 1.0, 3.5])
    names = ["x", "y", "z"][: form.count("{}")]
    gate = form.format(*chance.sample(names, len(names)))
    outer = chance.choice(["{}", "-({})", "exp({}/10)", "2*({}) + x"])
    notes = [
        note
        for note in answer(outer.format(gate), {"decomposition": "typed"}, **dict.fromkeys(names, value)).notes
        if "one-sided" in note.message
    ]
    assert len(notes) == 1, gate
    line = notes[0].message.partition(" = ")[2].partition(": ")[0]
    by = re.search(r"derivatives(?: by (\w+))? are (\S+) and (\S+)$", notes[0].message)
    point = dict.fromkeys(names, value) | {f"v{k}": 0.0 for k in range(1, 4)}
    operand = by[1] or re.search(r"\((\w+)", line)[1]
    point = {name: number for name, number in point.items() if re.search(rf"\b{name}\b", line)}
    step = 2.0**-20

    def at(offset: float) -> float:
        return evaluated(line, {**point, operand: point[operand] + offset}, Options(decomposition="typed")).value

    assert float(by[2]) == pytest.approx((at(0) - at(-step)) / step, abs=1e-5), notes[0].message
    assert float(by[3]) == pytest.approx((at(step) - at(0)) / step, abs=1e-5), notes[0].message


def test_bounds_that_meet_are_a_tie_below_them() -> None:
    """clip(x, a, b) with a = b and x below both is decided between the bounds: it is noted, and can be refused."""
    at = {"x": 0.0, "a": 1.0, "b": 1.0}
    answer = differentiated("clip(x, a, b)", at, Options())
    assert answer.gradients == {"x": 0.0, "a": 0.5, "b": 0.5}
    assert [note.kind for note in answer.notes] == ["tie"]
    with pytest.raises(GradError):
        differentiated("clip(x, a, b)", at, Options(ties="error"))
