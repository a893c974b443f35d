"""What a page computes in JavaScript is what the engine computes, and it prints the same texts."""

import itertools
import json
import math
import random
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import PRIMITIVES, SPECIAL, Case, close, far_points, moderate_points, variants
from hypothesis import HealthCheck, given, seed, settings
from render.chromium import Chromium
from scalar_programs import anywhere, ordinary, texts

from gradcli.autodiff import local_gradients
from gradcli.codegen.operations import Operations
from gradcli.codegen.targets.javascript import NOTATIONS, UNWRITTEN, helpers
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, VARIABLE, array_primitives
from gradcli.graph.arrays import from_numbers
from gradcli.questions import Options, explained
from gradcli.render.page import SCRIPTS as EVERY_SCRIPT
from gradcli.render.page import source
from gradcli.render.page.programs import program_of
from gradcli.report.explanation import Explanation
from gradcli.report.precision import Digits
from gradcli.text import shortest, significant

MOVING = ("nan", "inf", "domain", "kink", "tie", "dead", "saturated", "flow")
SCRIPTS = ("numbers.js", "machine.js", "digits.js", "arrays.js", "notes.js")
HELPERS = """
const words = {"nan": NaN, "inf": Infinity, "-inf": -Infinity, "-0": -0};
const read = (x) => (typeof x === "string" ? words[x] : x);
const sent = (x) => (x === null || x === undefined ? null
  : x !== x ? "nan" : Math.abs(x) === Infinity ? (x > 0 ? "inf" : "-inf") : Object.is(x, -0) ? "-0" : x);
"""
PROGRAMS = 60  # each in several decompositions, at three points
OPTIONS = (("auto", "split", "ieee"), ("naive", "first", "ieee"), ("auto", "split", "strong"))

Computed = Callable[[str, str, Any], Any]


def sent(x: float) -> float | str:
    """A number as JSON that keeps nan, infinities and the sign of zero."""
    return repr(x).removesuffix(".0") if x - x != 0 or (x == 0 and math.copysign(1, x) < 0) else x


@pytest.fixture(scope="session")
def computed(browser: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Computed:
    """What a script with `cases` computes in the browser, beside the scripts of the page."""
    folder: Path = tmp_path_factory.mktemp("scripts")

    def run(functions: str, script: str, cases: Any) -> Any:
        page = folder / "page.html"
        parts = [functions, *map(source, SCRIPTS), HELPERS, f"const cases = {json.dumps(cases)};"]
        page.write_text(f'<meta charset="utf-8"><script>{chr(10).join(parts)}</script>', "utf-8")
        browser.open(page)
        assert browser.errors == []
        return json.loads(browser.run(f"JSON.stringify({script})"))

    return run


def test_every_primitive_has_a_notation_in_javascript():
    """Those of arrays are written out over single numbers."""
    missing = [
        name
        for name, primitive in array_primitives().items()
        if name not in NOTATIONS and primitive not in (VARIABLE, CONSTANT) and primitive.kind == "elementwise"
    ]
    assert missing == []
    assert "elementwise" in UNWRITTEN


def alike(one: float | str | None, other: float | None, relative: float) -> bool:
    """Whether a number of the page is that of the engine; subnormal ones have few digits."""
    if one is None or other is None:
        return one is other
    return close(float(one), other, relative, 1e-290)


def test_no_two_functions_of_a_page_have_one_name():
    """Those of the page and those that primitives need stand side by side."""
    texts_ = [*helpers().values(), *map(source, EVERY_SCRIPT)]
    names = re.findall(r"^(?:function\*?|class|const|let) (\w+)", "\n".join(texts_), re.MULTILINE)
    assert sorted(names) == sorted({*names})
    assert len(names) > 100


def points(primitive: Any) -> list[Case]:
    """Ordinary points, far ones, and all that is special."""
    chance = random.Random(primitive.name)
    found = [*moderate_points(primitive), *far_points(primitive)]
    for static, count in variants(primitive):
        every = itertools.product(SPECIAL, repeat=count) if count <= 2 else ()
        some = [tuple(chance.choice(SPECIAL) for _ in range(count)) for _ in range(30)]
        found += [Case(primitive, static, point) for point in (*every, *some)]
    return found


def test_every_primitive_computes_what_the_engine_computes(computed):
    """Values and local gradients to 1e-12, at ordinary points and at the edges of the floats; and whether a convention
    is followed there."""
    operations = Operations()
    cases = [
        (operations.place(case.primitive, case.static, len(case.operands)), case)
        for primitive in PRIMITIVES.values()
        for case in points(primitive)
    ]
    found = computed(
        operations.source(),
        "cases.map(([op, y, xs]) => [sent(operations[op].value(...xs.map(read))),"
        " operations[op].locals(read(y), ...xs.map(read)).map(sent),"
        " (operations[op].edges ?? []).map(({when}) => when ? when(read(y), ...xs.map(read)) : null)])",
        [[op, sent(case.value()), [sent(x) for x in case.operands]] for op, case in cases],
    )
    wrong = []
    for (_, case), (value, locals_, edges) in zip(cases, found, strict=True):
        exact = case.value()
        if not (close(float(value), exact) and str(value).startswith("-") == repr(exact).startswith("-")):
            wrong.append((case, value, exact))
        extra = (case.static,) if case.primitive.static else ()
        for edge, is_there in zip(case.primitive.edges, edges, strict=True):
            known = is_there is not None and (edge.kind != "tie" or exact == exact)  # count() finds nan by identity
            if known and is_there != edge.when(exact, *case.operands, *extra):
                wrong.append((case, edge.says, is_there))
        expected = local_gradients(case.primitive, case.static, exact, case.operands)
        for local, number in zip(locals_, expected, strict=True):
            if not alike(local, number, 1e-12):
                wrong.append((case, local, number))
    assert wrong == []
    assert len(cases) > 5000


def test_numbers_are_printed_as_python_prints_them(computed):
    """Rounded halves to even, the same exponents, whole numbers in full."""
    chance = random.Random(17)
    numbers = [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(3000)]
    numbers += [chance.uniform(-1, 1) * 10 ** chance.randint(-8, 18) for _ in range(2000)]
    numbers += [chance.randint(0, 10**7) / 2 ** chance.randint(0, 12) for _ in range(2000)]  # among them exact halves
    numbers += [*SPECIAL, 1e15, 1e16, 123456.5, 1234565.0 / 8, 999999.5, 9.999995, 1e-5, 0.0001, 1.7976931348623157e308]
    found = computed(
        "const operations = [];",
        "cases.map((x) => [significant(read(x), 6), significant(read(x), 3), shortest(read(x))])",
        [sent(x) for x in numbers],
    )
    for x, texts_ in zip(numbers, found, strict=True):
        assert texts_ == [significant(x), significant(x, 3), shortest(x)], x


def some_programs() -> list[tuple[str, list[dict[str, float]]]]:
    """Programs that nobody wrote, the same in every run, each with three points."""
    found: list[tuple[str, list[dict[str, float]]]] = []

    @seed(20)
    @settings(max_examples=PROGRAMS, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(texts, anywhere, ordinary, anywhere)
    def collect(text, first, second, third):
        found.append((text, [first, second, third]))

    collect()
    return found


def facts(explanation: Explanation) -> dict[str, Any]:
    """What the engine says of a run, as the page would have to say it."""
    graph = explanation.graph
    rows = [row for row in explanation.rows if row not in explanation.folded]
    digits = Digits(explanation, rows, 6)
    edges = [edge for line in range(len(graph)) for edge in explanation.edges(line)]
    found = {(edge.source, edge.target, edge.slot): edge for edge in edges}
    ordered = [found[flow[:3]] for flow in explanation.flows]
    return {
        "values": explanation.values,
        "numbers": explanation.backward.numbers,
        "flows": [[edge.upstream, edge.local, edge.downstream] for edge in ordered],
        "said": [[digits.value(row), digits.number(row), explanation.gate(row)] for row in rows],
        "told": [
            [digits.local(edge.owner, edge.slot, edge.local), digits.downstream(edge), edge.cut_off, edge.formula or ""]
            for edge in ordered
        ],
        "notes": [note.message for note in explanation.notes if note.kind in MOVING],
    }


FACTS = """cases.map(({program, point}) => {
  const run = new Run(program, Object.fromEntries(Object.entries(point).map(([name, x]) => [name, read(x)])));
  const digits = new Digits(run, 6);
  const rows = run.lines.flatMap((line, index) => (line.shown ? [index] : []));
  return {
    values: run.values.map(sent), numbers: run.adjoints.map(sent),
    flows: run.flows.map((flow) => [sent(flow.upstream), sent(flow.local), sent(flow.downstream)]),
    said: rows.map((row) => [digits.value(row), digits.number(row), run.gate(row)]),
    told: run.flows.map((flow) => [digits.local(flow), digits.downstream(flow), run.cutOff(flow), run.formula(flow)]),
    notes: notesOf(run, program).filter(({kind}) => MOVING.includes(kind)).map(({message}) => message),
  };
})"""


def test_programs_at_other_points_are_explained_as_the_engine_explains_them(computed):
    """Values, flows, digits, gates, formulas and notes, after the values were changed."""
    operations = Operations()
    cases, expected = [], []
    for text, at in some_programs():
        for decomposition, ties, zero in OPTIONS:
            options = Options(decomposition=decomposition, ties=ties, zero=zero)
            try:
                program = program_of(decomposition, explained(text, at[0], options), operations)
            except GradError:
                continue
            for point in at:
                cases.append({"program": program, "point": {name: sent(x) for name, x in point.items()}})
                expected.append((text, options, point))
    found = computed(operations.source(), FACTS, cases)
    assert len(cases) > 2 * PROGRAMS
    exact_runs = amplified = 0
    for (text, options, point), got in zip(expected, found, strict=True):
        wanted = facts(explained(text, point, options))
        where = (text, options.decomposition, options.ties, point)
        pairs = [pair for key in ("values", "numbers") for pair in zip(got[key], wanted[key], strict=True)]
        for one, other in zip(got["flows"], wanted["flows"], strict=True):
            pairs += zip(one, other, strict=True)
        inexact = [pair for pair in pairs if pair[0] is None or not close(float(pair[0]), pair[1], 0.0)]
        inexact = [pair for pair in inexact if pair != (None, None)]
        if inexact:  # a function of JavaScript may be a bit off, and a cancellation, or a step, makes more of that
            one, other = inexact[0]
            assert alike(one, other, 1e-11), (where, one, other)
            amplified += not all(alike(one, other, 1e-11) for one, other in inexact)
        if all(one is None or close(float(one), other, 0.0) for one, other in pairs):  # the same to the last bit
            exact_runs += 1
            assert {**got, **dict.fromkeys(("values", "numbers", "flows"))} == {
                **wanted, **dict.fromkeys(("values", "numbers", "flows"))
            }, where  # fmt: skip
    assert exact_runs > 0.8 * len(cases)
    assert amplified < 0.06 * len(cases)


# Arrays

ARRAYS = (
    ("sum(relu(W@x + b)^2)", "x:3,W:2x3,b:2"), ("mean(softmax(A@B))", "A:2x3,B:3x2"),
    ("cross_entropy(W@x, t)", "W:3x2,x:2,t:3"), ("sum(max(x, y)*2)", "x:3,y:3"),
    ("norm(x) + det(A) + sum(inv(A))", "x:3,A:2x2"), ("sum(solve(A, b))", "A:2x2,b:2"), ("x[0:2]*y + 1", "x:3,y:1"),
    ("sum(where(x > 0, sqrt(x), 0)*x)", "x:3"), ("std(x) + var(x) + prod(x) + amax(x, 0)", "x:3"),
    ("L = sum((W@x - y)^2); L + 0.1*sum(grad(L, W)^2)", "W:2x3,x:3,y:2"), ("cumsum(x)*logsumexp(x) + argmax(x)", "x:3"),
    ("sum(clip(W.T, -1, 1)@x)", "W:2x3,x:2"), ("outer(x, x) + trace(A)", "x:2,A:2x2"),
)  # fmt: skip

ARRAY_FACTS = """cases.map(({program, point}) => {
  const values = Object.entries(point).map(([name, x]) => [name, Array.isArray(x) ? x.map(read) : read(x)]);
  const run = new ArrayRun(program, Object.fromEntries(values));
  const digits = new ArrayTexts(run, 6);
  const all = (numbers) => numbers && numbers.map(sent);
  return {
    values: run.values.map(all), numbers: run.adjoints.map(all),
    flows: run.flows.map((flow) => [all(flow.upstream), all(flow.local), all(flow.downstream)]),
    gates: run.lines.map((_, index) => run.gate(index)),
    printed: run.flows.filter(({carried}) => !carried).flatMap((flow) => {
      const cut = run.cut(flow);
      const round = (numbers, key) => numbers.map((one) => rounded(one, digits.of(key)));
      const [up, local] = [`number ${flow.source}`, `local ${flow.source} ${flow.slot}`];
      const again = run.product(flow, round(flow.upstream, up), round(flow.local, local));
      return again.map((one, at) => (cut[at] ? 0 : misses(flow.downstream[at], one, digits.of(digits.keyOf(flow)))));
    }),
  };
})"""


def flat(value: Any) -> list[float]:
    return [value] if type(value) is float else value.ravel().tolist()


def moved(point: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Another point of the same shapes."""
    found: dict[str, Any] = {}
    for name, value in point.items():
        numbers = [chance.choice([0.0, round(chance.uniform(-2, 2), 3)]) for _ in flat(value)]
        found[name] = numbers[0] if type(value) is float else from_numbers(numbers, value.shape)
    return found


def test_arrays_at_other_points_have_the_numbers_of_the_engine(computed):
    """Every element of values, gradients and flows; and the gates in words."""
    operations = Operations()
    chance = random.Random(5)
    cases, expected = [], []
    for text, shapes in ARRAYS:
        for decomposition in ("auto", "naive"):
            first = explained(text, {}, Options(decomposition=decomposition, example=shapes))
            program = program_of(decomposition, first, operations)
            assert "fixed" not in program, text
            for point in (first.question.point, *(moved(first.question.point, chance) for _ in range(3))):
                explanation = explained(text, point, Options(decomposition=decomposition))
                at = {name: [sent(x) for x in flat(value)] for name, value in point.items()}
                cases.append({"program": program, "point": at})
                expected.append((text, explanation))
    found = computed(operations.source(), ARRAY_FACTS, cases)
    for (text, explanation), got in zip(expected, found, strict=True):
        pairs = [*zip(got["values"], explanation.values, strict=True)]
        pairs += zip(got["numbers"], explanation.backward.numbers, strict=True)
        for one, other in zip(got["flows"], explanation.backward.flows, strict=True):
            pairs += [(one[0], other.upstream), (one[2], other.downstream)]
            assert (one[1] is None) == (other.local is None)
        for one, other in pairs:
            assert (one is None) == (other is None), text
            numbers = [] if other is None else flat(other)
            assert len(one or []) == len(numbers)
            for a, b in zip(one or [], numbers, strict=True):
                assert alike(a, b, 1e-11) or abs(float(a) - b) < 1e-14, (text, explanation.question.at, a, b)
        assert all(units is not None and units <= 1 for units in got["printed"]), text
        rows = [row for row in explanation.rows if row not in explanation.folded]
        assert [got["gates"][row] for row in rows] == [explanation.gate(row) for row in rows], text


def test_large_arrays_are_shown_and_not_computed_again():
    """The page says why, and has the numbers of the run."""
    first = explained("sum(tanh(A@B))", {}, Options(example="A:40x40,B:40x40"))
    program = program_of("auto", first, Operations())
    assert "takes more than 6,000 lines" in program["fixed"]
    assert program["snapshot"]["values"][first.result] == [first.value]
    with pytest.raises(GradError, match="too large"):
        program_of("auto", explained("sum(x)", {}, Options(example="x:30000")), Operations())


PUBLISHED = Path(__file__).parents[1] / "published.jsonl"
GRADIENTS = """cases.map(({program, point}) => {
  const values = Object.entries(point).map(([name, x]) => [name, x.length === 1 ? read(x[0]) : x.map(read)]);
  const found = Object.fromEntries(values);
  const run = program.arrays ? new ArrayRun(program, found) : new Run(program, found);
  const all = (numbers) => [numbers].flat().map(sent);
  const gradients = program.gradients.map(([_, line]) => (line === null ? null : all(run.adjoints[line])));
  return [all(run.values[program.result]), gradients];
})"""


def test_published_examples_have_their_published_numbers(computed):
    """Values and gradients of lectures, papers and other tools."""
    operations = Operations()
    cases, published = [], []
    for line in PUBLISHED.read_text("utf-8").splitlines():
        case = json.loads(line)
        given_at = {name: from_numbers(value, shape(value)) for name, value in case["at"].items()}
        explanation = explained(case["expr"], given_at, Options())
        program = program_of("auto", explanation, operations)
        if "fixed" in program:
            continue
        point = {name: [sent(x) for x in flat(value)] for name, value in explanation.question.point.items()}
        cases.append({"program": program, "point": point})
        published.append((case, program))
    found = computed(operations.source(), GRADIENTS, cases)
    assert len(cases) > 20
    for (case, program), (value, gradients) in zip(published, found, strict=True):
        pairs = [*zip(value, flattened(case.get("value", [])), strict=False)]
        for (name, _), gradient in zip(program["gradients"], gradients, strict=True):
            pairs += zip(gradient or [0.0], flattened(case.get("grad", {}).get(name, [])), strict=False)
        for got, wanted in pairs:
            tolerance = max(case["tol"], 1e-12)
            assert math.isclose(float(got), wanted, rel_tol=tolerance, abs_tol=0 if wanted else tolerance), case["id"]


def shape(value: Any) -> tuple[int, ...]:
    found = []
    while isinstance(value, list):
        found.append(len(value))
        value = value[0]
    return tuple(found)


def flattened(value: Any) -> list[float]:
    found = [value]
    while any(isinstance(one, list) for one in found):
        found = [part for one in found for part in (one if isinstance(one, list) else [one])]
    return [float(one) for one in found]
