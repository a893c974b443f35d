"""Programs with values, for the tests of what is printed: ordinary ones, and everything that makes printing hard."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from rich.console import Console

from gradcli.questions import Options, explained
from gradcli.render.explanation import draw
from gradcli.report.explanation import Explanation

INF, NAN = math.inf, math.nan


class Case(NamedTuple):
    """A program, its values, and how it is to be answered."""

    name: str
    source: str
    at: dict[str, float]
    options: dict[str, Any]

    def explained(self) -> Explanation:
        """The explanation of the program."""
        return explained(self.source, self.at, Options(**self.options))


def case(name: str, source: str, at: dict[str, float] | None = None, **options: Any) -> Case:
    """A case with its values as floats."""
    return Case(name, source, {key: float(value) for key, value in (at or {}).items()}, options)


def drawn(explanation: Explanation, **how: Any) -> str:
    """A view as the text that a terminal without colour gets; this console would not hide a line that is too wide."""
    console = Console(
        width=10_000, height=100, highlight=False, markup=False, emoji=False, color_system=None, _environ={},
        force_terminal=False,
    )  # fmt: skip
    with console.capture() as capture:
        for part in draw(explanation, **how):
            console.print(part)
    return capture.get()


NEURON = ("1/(1+exp(-(w0*x0+w1*x1+w2)))", {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3})
MICROGRAD = (
    """c = a + b
d = a*b + b^3
c2 = c + c + 1
c3 = c2 + 1 + c2 + (-a)
d2 = d + d*2 + relu(b + a)
d3 = d2 + 3*d2 + relu(b - a)
e1 = c3 - d3
f = e1^2
g = f/2
g + 10/f""",
    {"a": -4, "b": 2},
)
CHAIN = "max(max(max(max(max(max(max(x1,x2),x3),x4),x5),x6),x7),x8)"
DISTINCT = dict(zip([f"x{k}" for k in range(1, 9)], [3, 1, 4, 1, 5, 9, 2, 6], strict=True))
TIED = {f"x{k}": 9 for k in range(1, 9)}
WEIGHT = ("(w*x - y)^2 + 0.1*w^2", {"w": 2, "x": 3, "y": 5})
BAYDIN = ("log(x1) + x1*x2 - sin(x2)", {"x1": 2, "x2": 5})
MANY = " + ".join(f"a{k}*sin(x + {k})" for k in range(30))

CASES = [
    case("neuron naive", *NEURON, decomposition="naive"),
    case("neuron", *NEURON),
    case("neuron typed", *NEURON, decomposition="typed"),
    case("neuron sigmoid", *NEURON, decomposition="sigmoid"),
    case("circuit", "(x+y)*z", {"x": -2, "y": 5, "z": -4}),
    case("patterns", "2*(x*y + max(z, w))", {"x": 3, "y": -4, "z": 2, "w": -1}),
    case("staged", "(x + sigmoid(y))/(sigmoid(x) + (x+y)^2)", {"x": 3, "y": -4}),
    case("staged naive", "(x + sigmoid(y))/(sigmoid(x) + (x+y)^2)", {"x": 3, "y": -4}, decomposition="naive"),
    case("micrograd", *MICROGRAD),
    case("micrograd forward", *MICROGRAD, mode="forward"),
    case("micrograd by intermediates", *MICROGRAD, wrt=["c2", "d", "a"]),
    case("Baydin", *BAYDIN),
    case("Baydin forward", *BAYDIN, mode="forward"),
    case("Baydin adjoint", *BAYDIN, mode="adjoint"),
    case("naive adjoint", "1/(1+exp(-x))", {"x": 2}, decomposition="naive", mode="adjoint"),
    case("closed gate adjoint", "where(x>0, sqrt(x), 0)*y", {"x": 0, "y": 2}, mode="adjoint"),
    case("newton", "f = x^4 - 2*x; x - grad(f, x)/d(f, x, 2)", {"x": 2}),
    case("derivative of a sigmoid", "x*grad(sigmoid(x*y), x)", {"x": 2, "y": -0.5}),
    case("derivative forward", "x*grad(sigmoid(x*y), x)", {"x": 2, "y": -0.5}, mode="forward"),
    case("derivative adjoint", "x*grad(sigmoid(x*y), x)", {"x": 2, "y": -0.5}, mode="adjoint"),
    case("high order", "y*d(sin(x)*x, x, 4)", {"x": 2, "y": 3}),
    case("nan derivative", "x*grad(log(x), x)", {"x": -1}),
    case("weight", *WEIGHT),
    case("weight forward", *WEIGHT, mode="forward"),
    case("weight by one", *WEIGHT, wrt=["w"]),
    case("chain of max", CHAIN, DISTINCT),
    case("chain of max tied", CHAIN, TIED),
    case("chain of max, first", CHAIN, TIED, ties="first"),
    case("cancellation", "(1 - cos(x))/x^2", {"x": 1e-4}),
    case("difference", "(0.1 + x) - y", {"x": 0.2, "y": 0.3}),
    case("close", "x^2 - y^2", {"x": 1.0000001, "y": 1.0000002}),
    case("near pi", "sin(x)*1e10", {"x": math.pi}),
    case("fast", "x*sin(1e6*x) + exp(x*100)", {"x": 1.23456789}),
    case("edge of overflow", "exp(x)*1e-300", {"x": 709.782712893384}),
    case("overflow", "exp(exp(x))/y", {"x": 10, "y": 3}),
    case("far out", "1/(1+exp(-z))", {"z": -800}, decomposition="naive"),
    case("far out folded", "1/(1+exp(-z))", {"z": -800}),
    case("strong zero", "1/(1+exp(-z))", {"z": -800}, decomposition="naive", zero="strong"),
    case("strong zero forward", "1/(1+exp(-z))", {"z": -800}, decomposition="naive", zero="strong", mode="forward"),
    case("closed root", "where(x>0, sqrt(x), 0)", {"x": 0}),
    case("closed root forward", "where(x>0, sqrt(x), 0)", {"x": 0}, mode="forward"),
    case("closed root deeper", "where(x>0, sqrt(x)*log(x), y) + x*y", {"x": 0, "y": 2}),
    case("closed log", "max(x, log(y)*x)", {"x": 1, "y": 0}),
    case("ties and kinks", "clip(x,0,1) + max(x,y,z)*where(x>0,x,-x)", {"x": 1, "y": 1, "z": 1}),
    case("kinks", "relu(x) + abs(x) + leaky_relu(x) + elu(x,2)", {"x": 0}),
    case("steps", "floor(x)*y + sign(y) + round(x)*ceil(y)", {"x": 2.9999999, "y": -1.5}),
    case("compared", "(x > y)*x + (x <= y)*y", {"x": 1.0000001, "y": 1.0000002}),
    case("origin", "x^y + atan2(x,y) + hypot(x,y)", {"x": 0, "y": 0}),
    case("powers", "x^y + y^x + x^-2 + x^0.5", {"x": 2.5, "y": -1.3}),
    case("negative base", "x^y", {"x": -2, "y": 3}),
    case("negative", "-x*-y - -x^2/-3", {"x": -1.5, "y": -2.25}),
    case("negative zero", "x*y + 1/x", {"x": -0.0, "y": 5}),
    case("nan in", "x*y + y", {"x": NAN, "y": 2}),
    case("inf in", "x/y + atan(x)", {"x": INF, "y": 2}),
    case("inf minus inf", "x - y", {"x": INF, "y": INF}),
    case("domain", "log(x)*y + sqrt(x)", {"x": -1, "y": 2}),
    case("domain forward", "log(x)*y", {"x": -1, "y": 2}, mode="forward"),
    case("division by zero", "y/x + x/x", {"x": 0, "y": 2}),
    case("tiny", "x*y*z", {"x": 1e-200, "y": 3e-110, "z": 0.7}),
    case("subnormal", "x*y", {"x": 4.9e-324, "y": 0.3}),
    case("huge", "x*y + z", {"x": 1.7e308, "y": 0.9, "z": -1e292}),
    case("whole and long", "x*y + 12345678901*z", {"x": 1234567, "y": 7654321, "z": 0.333}),
    case("thirds", "x/3 + y/7 + x*y/11", {"x": 1, "y": 2}),
    case("named constants", "k = 2.123456789\nrate = 1/3\ny = k*x + rate; y^2*k", {"x": 0.987654321}),
    case("own functions", "g(a, b) = a*b + sin(a)\nh(t) = g(t, t + 1)\nh(x) + g(x, y)", {"x": 0.7, "y": 2}),
    case("copied name", "y = x; x*y", {"x": 3}),
    case("activations", "gelu(x) + softplus(y) + silu(x*y) + tanh(x) + softsign(y)", {"x": 1.23, "y": -0.77}),
    case("many-sided", "logaddexp(x,y,z) + softmax(x,y,z)*hypot(x,y) + max(x,y,z,0.5)", {"x": 1, "y": 2.5, "z": -1}),
    case("special", "erf(x)*lgamma(y) + digamma(y) + xlogy(x,y) + mod(y,x)", {"x": 0.6, "y": 3.7}),
    case("roots", "cbrt(x) + log1p(y) + expm1(x) + acosh(x)*asin(y)", {"x": 2.7, "y": 0.3}),
    case("long names", "learning_rate_of_layer_one*weight_of_the_input + weight_of_the_input^2",
         {"learning_rate_of_layer_one": 0.01, "weight_of_the_input": 3.3}),
    case("underscores", "_repr + __x__*f + v1*v2", {"_repr": 1.1, "__x__": 2.2, "f": 3.3, "v1": 4.4, "v2": 5.5}),
    case("many flows", " + ".join(f"{k}.5*x" for k in range(9)) + " + x*y", {"x": 1.1, "y": 0.7}),
    case("four flows", "x*0.1 + x*0.2 + x*0.3 + sin(x)", {"x": 1.1}),
    case("doubled", "a = x*x; b = a*a; c = b*b; c*c", {"x": 1.0625}),
    case("deep", "sin(" * 20 + "x" + ")" * 20, {"x": 1.3}),
    case("long", MANY, {"x": 0.3, **{f"a{k}": k / 7 for k in range(30)}}),
    case("long forward", MANY, {"x": 0.3, **{f"a{k}": k / 7 for k in range(30)}}, mode="forward", wrt=["x", "a3"]),
    case("nothing to derive", "2 + 3*4"),
    case("only a variable", "x", {"x": 2}),
    case("unused", "x*2", {"x": 1.5, "y": 3}),
    case("dead", "x*floor(x) + sign(x)*y + (x > 0.5)", {"x": 0.7, "y": 2}),
]  # fmt: skip

PUBLISHED = [
    case(entry["id"], entry["expr"], entry["at"])
    for line in (Path(__file__).parents[1] / "published.jsonl").read_text("utf-8").splitlines()
    for entry in [json.loads(line)]
    if all(isinstance(value, (int, float)) for value in entry["at"].values())
]

NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 1e-5, 1e5, 1e-200, -1e200, 709.9, -745.2, INF, -INF, NAN]),
    st.floats(-10, 10),
    st.floats(allow_nan=False),
)
UNARY = "-{} sin({}) exp({}) log({}) sqrt({}) tanh({}) sigmoid({}) relu({}) abs({}) 1/{} {}^2 {}^3 floor({}) gelu({})"
BINARY = "{} + {}|{} - {}|{}*{}|{}/{}|max({}, {})|min({}, {})|{}^{}|where({} > 0.5, {}, x)|{} + {}*0.1|hypot({}, {})"


@st.composite
def scalar_programs(draw: st.DrawFn) -> tuple[str, dict[str, float]]:
    """A program of named lines over x, y, z, each line an operation on what came before, with values."""
    names = ["x", "y", "z"]
    lines = []
    for k in range(draw(st.integers(1, 7))):
        form = draw(st.sampled_from([*UNARY.split(" "), *BINARY.split("|")]))
        operands = [f"({draw(st.sampled_from(names))})" for _ in range(form.count("{}"))]
        lines.append(form.format(*operands))
        names += [f"t{k}", f"t{k}"]
    named = [f"t{k} = {line}" for k, line in enumerate(lines[:-1])]
    return "\n".join([*named, lines[-1]]), {name: draw(NUMBERS) for name in "xyz"}
