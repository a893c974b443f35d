"""The tape of the Python face: graphs of scalars written in Python."""

import copy
import gc
import math
import pickle
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import pytest
from helpers import PRIMITIVES
from running import surroundings

import gradcli
from gradcli import GradError, Tape
from gradcli.autodiff import evaluate


def written(*names):
    """A tape and the lines of variables."""
    tape = Tape()
    return tape, *(tape.variable(name) for name in names)


def refused(work):
    """What an error says, and its way out."""
    with pytest.raises(GradError) as caught:
        work()
    return caught.value.kind, caught.value.message, caught.value.hint


def test_a_tape_answers_as_the_expression_does():
    """The value and the gradients, bit by bit."""
    tape, x, y = written("x", "y")
    run = tape.run(tape.mul(x, tape.sin(y)), x=2, y=3)
    found = gradcli.grad("x*sin(y)", x=2, y=3)
    assert (run.value, run.gradients) == (found.value, found.gradients)


def test_a_tape_runs_at_many_points_and_grows_between():
    """Results live beside it."""
    tape, x = written("x")
    square = tape.mul(x, x)
    first = tape.run(square, x=3)
    fourth = tape.mul(square, square)
    second = tape.run(fourth, at={"x": 2.0})
    assert (first.value, first.gradients) == (9.0, {"x": 6.0})
    assert (second.value, second.gradients) == (16.0, {"x": 32.0})
    assert tape.run(square, x=-1).gradients == {"x": -2.0}
    assert len(tape) == 3


def test_every_primitive_is_a_method():
    """Derived from the registry, with its name and its operands in its help; completed by dir()."""
    tape = Tape()
    assert set(PRIMITIVES) <= set(dir(tape))
    for name, primitive in PRIMITIVES.items():
        method = getattr(tape, name)
        assert method.__name__ == name
        assert f"{name}({primitive.parameters})" in method.__doc__


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=lambda primitive: primitive.name)
def test_a_method_writes_the_line_of_its_primitive(primitive):
    """Operands in the order of the call, lines and numbers alike."""
    for count in (2, 3, 4) if primitive.variadic else (len(primitive.rules),):
        tape, *lines = written(*"abcd"[:count])
        line = getattr(tape, primitive.name)(*lines, *[7.5] * primitive.static)
        graph = tape.graph()
        assert len(graph) == count + 1 == line[0] + 1
        assert (graph.primitives[-1], graph.operands[-1]) == (primitive, tuple(range(count)))
        assert graph.statics[-1] == (7.5 if primitive.static else None)
        if count > 1:
            number = getattr(tape, primitive.name)(0.5, *lines[1:])
            written_number, *others = tape.graph().operands[number[0]]
            assert tape.graph().statics[written_number] == 0.5
            assert others == list(range(1, count))


def test_defaults_are_those_of_the_language():
    """leaky_relu(x) has the slope 0.01."""
    tape, x = written("x")
    assert tape.run(tape.leaky_relu(x), x=-2).gradients == {"x": 0.01}
    assert tape.run(tape.leaky_relu(x, 0.5), x=-2).gradients == {"x": 0.5}


def test_a_power_with_a_number_has_a_fixed_exponent():
    """As x^2 in the language; with a line it is x^y."""
    tape, x, y = written("x", "y")
    lines = [tape.pow(x, n) for n in (2, 0.0, -0.0, 1.5, y)]
    assert [tape.graph().primitives[line[0]].name for line in lines] == ["power"] * 4 + ["pow"]
    assert tape.run(tape.pow(x, 2), x=-3, y=0).gradients == {"x": -6.0, "y": 0.0}
    assert [tape.run(tape.pow(x, n), x=2, y=0).value for n in (2, 2.0, 7, 7, 0.5)] == [4, 4, 128, 128, 2**0.5]


def test_numbers_become_lines_once():
    """However often 0.5 is written; zeros of both signs are kept apart, and so are the two kinds of operand."""
    tape, x = written("x")
    for _ in range(10):
        x = tape.mul(0.5, tape.add(x, 1))
    assert len(tape) == 1 + 2 + 20
    x = tape.constant(1)
    before = len(tape)
    zeros = [tape.div(x, zero) for zero in (0.0, -0.0, 0, -0.0)]
    assert [tape.run(line, x=0).value for line in zeros] == [math.inf, -math.inf, math.inf, -math.inf]
    assert len(tape) == before + 2 + 4


@pytest.mark.parametrize("number", [3, 3.0, "float64", "float32", "int64", Fraction(3), Decimal(3), 10**20])
def test_a_number_is_anything_that_has_a_float(number):
    """Python's and numpy's, small and large."""
    if isinstance(number, str):
        number = getattr(pytest.importorskip("numpy"), number)(3)
    tape, x = written("x")
    assert tape.run(tape.mul(number, x), x=2).value == 2 * float(number)
    assert tape.run(tape.mul(x, number), x=2).gradients == {"x": float(number)}


def test_many_variables_of_one_name():
    """Speelpenning's product: their values and their derivatives are sequences."""
    tape = Tape()
    xs = tape.variables("x", 4)
    product = xs[0]
    for x in xs[1:]:
        product = tape.mul(product, x)
    run = tape.run(product, x=[1, 2.0, 3, 4])
    assert (run.value, run.gradients) == (24.0, {"x": [24.0, 12.0, 8.0, 6.0]})
    numpy = pytest.importorskip("numpy")
    assert tape.run(product, x=numpy.array([2.0, 1, 1, 0])).gradients == {"x": [0.0, 0.0, 0.0, 2.0]}


def test_every_line_has_its_value_and_its_adjoint():
    """Also what the result does not depend on, whose derivative is a plain 0."""
    tape, x, y = written("x", "y")
    product = tape.mul(x, y)
    beside = tape.exp(y)
    run = tape.run(tape.mul(product, -1.0), x=2, y=3)
    assert [run.value_of(line) for line in (x, product, beside)] == [2.0, 6.0, math.exp(3)]
    assert [str(run.adjoint_of(line)) for line in (product, x, beside)] == ["-1.0", "-3.0", "0.0"]


def test_a_derivative_that_is_a_negative_zero_stays_one():
    """Told apart from a derivative that never arrived."""
    tape, x, _ = written("x", "y")
    run = tape.run(tape.mul(x, -0.0), x=2, y=3)
    assert [str(found) for found in run.gradients.values()] == ["-0.0", "0.0"]


def test_results_are_those_of_ieee():
    """Nothing raises; the gradients of a nan are nan."""
    tape, x = written("x")
    assert tape.run(tape.exp(x), x=1000).value == math.inf
    assert tape.run(tape.div(-1.0, x), x=0).value == -math.inf
    run = tape.run(tape.log(x), x=-1)
    assert run.value != run.value
    assert run.gradients["x"] != run.gradients["x"]


def test_an_expression_is_read_onto_a_tape():
    """Its names are lines, or new variables; what is recognised in a query is recognised here."""
    tape, x = written("x")
    z = tape.read("1/(1+exp(-(w*x+b)))", x=tape.mul(x, 2))
    run = tape.run(z, x=0.5, w=3, b=-1)
    found = gradcli.grad("1/(1+exp(-(w*(2*x)+b)))", x=0.5, w=3, b=-1)
    assert (run.value, run.gradients) == (found.value, found.gradients)
    again = tape.read("w^2 + t", {"w": z, "t": 1.5})
    assert tape.run(again, x=0.5, w=3, b=-1).value == run.value**2 + 1.5


def test_a_tape_is_an_ordinary_graph():
    """For whatever reads one."""
    tape, x = written("x")
    z = tape.max(tape.variables("w", 2)[1], x, 1.0)
    graph = tape.graph()
    assert graph.names == ["x", "w[0]", "w[1]", None, None]
    assert evaluate(graph, {"x": 3.0, "w[0]": 1.0, "w[1]": 5.0})[z[0]] == 5.0


COMPARED = "lines are compared by less, greater, equal and the like: tape.less(x, y)"
WITHOUT_OPERATORS = "lines have no operators: write tape.add(x, y), tape.mul(x, 2.0)"


@pytest.mark.parametrize(
    ("operand", "message", "hint"),
    [
        (Tape().variable("x"), "line 0 is of another tape", "a tape knows its own lines only"),
        ("x", "'x' is no line of this tape", "operands are what the methods of this tape return, or numbers"),
        (None, "None is no line of this tape", "operands are what the methods of this tape return, or numbers"),
        (True, "True is no line of this tape", COMPARED),
        ((1, 2, 3), "(1, 2, 3) is no line of this tape", WITHOUT_OPERATORS),
        ([1], "[1] is no line of this tape", "operands are what the methods of this tape return, or numbers"),
    ],
)
@pytest.mark.parametrize("name", ["sin", "mul", "max", "where", "elu", "power", "pow"])
def test_what_is_no_operand_is_refused_where_it_is_written(name, operand, message, hint):
    """By every kind of method, in every place, and the tape stays as it was."""
    tape, x = written("x")
    count = {"sin": 1, "where": 3}.get(name, 2)
    for place in range(1 if name in ("power", "pow") else count):
        operands = [x] * (count - 1) + [2.0] if name in ("power", "pow") else [x] * count
        operands[place] = operand
        assert refused(lambda given=operands: getattr(tape, name)(*given)) == ("value", message, hint)
    assert len(tape) == 1


def test_lines_are_no_numbers():
    """An operator between them fails, or gives what every method refuses."""
    tape, x, y = written("x", "y")
    for work in (lambda: x * y, lambda: x - y, lambda: x / y, lambda: -x, lambda: 2.0 * x, lambda: math.sin(x)):
        with pytest.raises(TypeError):
            work()
    for wrong in (x + y, x * 2):
        assert refused(lambda given=wrong: tape.sin(given))[2] == WITHOUT_OPERATORS


@pytest.mark.parametrize(
    ("work", "kind", "message", "hint"),
    [
        (lambda t, z: t.run(z, x=1), "name", "no value for 'y', 'w'", "add y=..., w=..."),
        (lambda t, z: t.run(z, x=1, y=2, w=[1, 2], yy=3), "name", "the tape has no variable 'yy'",
         "did you mean 'y'?"),
        (lambda t, z: t.run(z, x=1, y=2, w=[1, 2], q=3), "name", "the tape has no variable 'q'",
         "its variables are x, y, w"),
        (lambda t, z: t.run(z, x=1, y=2, w=[1]), "value", "'w' takes 2 numbers, and 1 are given", None),
        (lambda t, z: t.run(z, x=1, y=2, w=3), "value", "the value of 'w' has to be a sequence of 2 numbers", None),
        (lambda t, z: t.run(z, x=1, y=[2], w=[1, 2]), "value", "'y' is one number on this tape, and an array is given",
         "many of one name are made by tape.variables('y', count)"),
        (lambda t, z: t.run(2.0, x=1, y=2, w=[1, 2]), "value", "2.0 is no line of this tape",
         "give what a method of the tape returned"),
        (lambda t, z: t.variable("x"), "name", "the tape has a variable 'x' already",
         "keep the line of the first, or choose another name"),
        (lambda t, z: t.variable("at"), "name", "'at' is a reserved word and no name", "use another name"),
        (lambda t, z: t.variables("at", 3), "name", "'at' is a reserved word and no name", "use another name"),
        (lambda t, z: t.variable("2x"), "name", "'2x' is no name",
         "a name is a letter or '_', then letters, '_' or digits"),
        (lambda t, z: t.variables("v", -1), "value", "-1 is no number of variables", None),
        (lambda t, z: t.constant([1, 2]), "value", "a constant on a tape is one number",
         "write a line for each element"),
        (lambda t, z: t.elu(z, 1, 2), "arguments", "elu takes (x, a=1), and 3 were given", None),
        (lambda t, z: t.max(), "arguments", "max takes (a, b, ...), and 0 were given", None),
        (lambda t, z: t.power(z, "n"), "value", "'n' is no number, and the second operand of power has to be one",
         "where it is a line, write tape.pow(x, n)"),
        (lambda t, z: t.read("[1, 2]*x"), "value",
         "a tape takes scalars only, and this expression has arrays or derivatives", None),
        (lambda t, z: t.read("x at x=2"), "usage", "an expression on a tape has no values of its own",
         "give lines as keywords"),
        (lambda t, z: t.run(z, x=1, y=2, w=[1, 2]).adjoint_of(2.0), "value", "2.0 is no line of this tape",
         "give what a method of the tape returned"),
        (lambda t, z: t.run(z, x=1, y=2, w=[1, 2]).value_of(t.sin(z)), "value", "line 5 comes after the result",
         "run the tape up to a later line"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_fact_and_a_way_out(work, kind, message, hint):
    """Never a traceback out of the sweeps."""
    tape, x, y = written("x", "y")
    tape.variables("w", 2)
    z = tape.mul(x, y)
    assert refused(lambda: work(tape, z)) == (kind, message, hint)


def test_an_unknown_method_is_an_unknown_attribute():
    """Python adds a near name where it prints the error."""
    with pytest.raises(AttributeError) as caught:
        _ = Tape().sigmod
    assert (str(caught.value), caught.value.name) == ("a tape has no 'sigmod'", "sigmod")


def test_a_tape_is_not_copied():
    """The methods of a copy would write on the first one."""
    for work in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            work(Tape())


def test_a_tape_gives_its_memory_back_at_once():
    """A loop that unrolls a new tape each time does not wait for the garbage collector."""
    gc.disable()
    try:
        tape, x = written("x")
        mul = tape.mul
        run = tape.run(mul(x, x), x=3)
        columns = tape._columns
        del tape  # a run keeps it
        assert (run.value, run.value_of(x), run.gradients) == (9.0, 3.0, {"x": 6.0})
        del run  # a method does not
        assert (len(columns), mul.__name__) == (0, "mul")
    finally:
        gc.enable()


def test_thirty_thousand_deep():
    """One long chain, at the default recursion limit."""
    tape, x = written("x")
    z = x
    for _ in range(30_000):
        z = tape.sin(z)
    run = tape.run(z, x=1)
    value = 1.0
    for _ in range(30_000):
        value = math.sin(value)
    assert run.value == value
    assert 0 < run.gradients["x"] < 1e-4


MILLION = """
import sys
from gradcli import Tape
def resident():
    with open("/proc/self/statm") as sizes:
        return int(sizes.read().split()[1]) * 4096
def written(tape, lines):
    mul, add, tanh = tape.mul, tape.add, tape.tanh
    x, w = tape.variable("x"), tape.variable("w")
    for _ in range(lines // 3):
        x = tanh(add(mul(w, x), 0.25))
    return x
tape = Tape()
tape.run(written(tape, 3000), x=1.0, w=0.5)
before = resident()
tape = Tape()
run = tape.run(written(tape, 1_000_000), x=1.0, w=0.5)
slope = run.gradients["w"]
print(len(tape), (resident() - before) / len(tape), run.value, slope, "numpy" in sys.modules)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_million_lines_take_less_than_200_bytes_each():
    """Values and adjoints of every line included; plain Python, without numpy. The limit is where it settles."""
    done = subprocess.run(
        [sys.executable, "-c", MILLION], capture_output=True, text=True, env=surroundings(), check=True
    )
    lines, size, value, slope, numpy = done.stdout.split()
    assert int(lines) > 999_000
    assert float(size) < 200
    x = t = 0.0
    for _ in range(200):  # x = tanh(x/2 + 1/4) and its derivative in w
        x, t = math.tanh(0.5 * x + 0.25), (1 - math.tanh(0.5 * x + 0.25) ** 2) * (0.5 * t + x)
    assert float(value) == pytest.approx(x, rel=1e-14)
    assert float(slope) == pytest.approx(t, rel=1e-12)
    assert numpy == "False"
