"""The command diff: what it prints in every format, what it does with values, and what it refuses."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import run
from test_schema import check

import gradcli
from gradcli.graph.tidy import Tidy
from gradcli.graph.tidy_parts import ONE
from gradcli.questions import Options, evaluated

BAYDIN = "log(x1)+x1*x2-sin(x2)"
LATEX = r"""\begin{aligned}
\frac{\partial f}{\partial x_{1}} &= \frac{1}{x_{1}} + x_{2} \\
\frac{\partial f}{\partial x_{2}} &= x_{1} - \cos\left(x_{2}\right)
\end{aligned}
"""


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["x^3"], "3*x^2\n"),
        (["x^3", "--order", "2"], "6*x\n"),
        (["x^3", "--order", "0"], "x^3\n"),
        (["x^3", "--order=4"], "0\n"),
        ([BAYDIN], "∂f/∂x1 = 1/x1 + x2\n∂f/∂x2 = x1 - cos(x2)\n"),
        ([BAYDIN, "--wrt", "x2"], "x1 - cos(x2)\n"),
        (["x^2*y^3", "--order", "2"], "∂²f/∂x² = 2*y^3\n∂²f/∂y² = 6*x^2*y\n"),
        (["x^2*y^3", "--wrt", "x,y", "--mixed"], "6*x*y^2\n"),
        (["x^2*y^3", "--wrt", "x,x,y", "--mixed"], "6*y^2\n"),
        (["a = x*y; a^2 + a", "--wrt", "a"], "2*a + 1\n"),
        (["a = x*y; a^2", "--wrt", "a,x"], "∂f/∂a = 2*a\n∂f/∂x = 2*x*y^2\n"),
        (["g(u) = u^2; g(x) + g(2*x)"], "10*x\n"),
        (["grad(x^3*y, x)", "--wrt", "y"], "3*x^2\n"),
        (["d(sin(x), x) + x"], "1 - sin(x)\n"),
        (["sum((X@w-t)^2)", "--wrt", "w", "--example", "X:4x3,w:3,t:4"], "2*X.T@(X@w - t)\n"),
        (["x@y", "x=[1,2]", "y=[3,4]", "--wrt", "x"], "y\n"),
        (["x^2", "x=3"], "2*x\n"),
        (["3*x", "x=3"], "3\n"),
    ],
)
def test_one_formula_stands_bare_and_several_have_labels(words, out):
    """So that one can be piped on; values change nothing in it."""
    assert run("diff", *words)[:2] == (0, out)


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (["x^2"], ""),
        (["x^2", "x=3"], "note: at x = 3 it is 6\n"),
        (["x^2 at x=3"], "note: at x = 3 it is 6\n"),
        (["x^2*y", "x=2", "y=3"], "note: at x = 2, y = 3: ∂f/∂x = 12, ∂f/∂y = 4\n"),
        (["x^2*y", "x=2", "y=3", "--wrt", "x,y", "--mixed"], "note: at x = 2, y = 3 it is 4\n"),
        (["x^2*y", "x=2"], "note: no number without a value of y\n"),
        (["x@y", "x=[1,2]", "y=[3,4]", "--wrt", "x"], "note: at x = [1, 2], y = [3, 4] it is [3, 4]\n"),
        (["x@y", "--example", "x:2,y:2", "--wrt", "x"], ""),
        (["sum(x^2)", f"x={[*range(200)]}"], "note: with these values there are numbers; --json has them\n"),
        (["x^2", "x=3", "--format", "latex"], ""),
    ],
)
def test_values_that_were_given_are_answered_beside_the_formula(words, note):
    """On standard error, so that the formula stays alone."""
    assert run("diff", *words).err == note


def test_a_name_that_stands_twice_needs_mixed():
    """A repeat would be dropped otherwise, and the first derivative taken for the mixed one."""
    found = run("diff", "x^2*y^3", "--wrt", "x,x,y")
    assert found.code == 2 and found.err == (
        "error: 'x' stands twice in --wrt\n"
        "  --wrt x,x,y --mixed differentiates by one after the other; --order 2 twice by each\n"
    )
    assert run("grad", "x^2", "--wrt", "x,x") == (0, "∂f/∂x = 2*x\n", "")


def test_what_does_nothing_in_a_formula_is_refused():
    """A formula holds at ties as everywhere, so there is nothing to refuse."""
    found = run("diff", "max(x,y)", "--ties", "error")
    assert found.code == 2 and "--ties has to be one of split, first" in found.err
    assert "error" not in run("diff", "--help").out.split("--ties")[1].split("--order")[0]
    with pytest.raises(gradcli.GradError, match="ties has to be one of split, first"):
        gradcli.diff("max(x, y)", ties="error")


def test_arrays_and_high_orders_have_a_way_out():
    """As a command that can be run."""
    found = run("diff", "x*[1,2]")
    assert "gradcli diff 'sum(x*[1,2])' ..." in found.err and "gradcli diff '(x*[1,2])[0]' ..." in found.err
    assert run("diff", "sum(x*[1,2])").code == run("diff", "(x*[1,2])[0]").code == 0
    assert "gradcli eval 'd(sin(x), x, 30)' x=1, up to 200" in run("diff", "x^3", "--order", "30").err
    assert run("eval", "d(sin(x), x, 30)", "x=1").code == 0


def test_a_formula_can_be_piped_on():
    """It is an expression of the language, named parts and all."""
    text = "sin(exp(x*cos(y)))*cos(exp(x*cos(y)))*tan(exp(x*cos(y)))*x"
    formula = run("diff", text, "--wrt", "x").out
    assert formula.startswith("v1 = exp(x*cos(y))\n")
    piped = run("eval", "-", "x=0.5", "y=2", stdin=formula.encode()).out
    direct = json.loads(run("grad", text, "x=0.5", "y=2", "--json").out)["gradients"]["x"]
    assert float(piped) == pytest.approx(direct, rel=1e-13)


@pytest.mark.parametrize(
    ("words", "latex"),
    [
        ([BAYDIN], LATEX),
        (["x^3"], "3 x^{2}\n"),
        (["sqrt(x)"], "\\frac{1}{2 \\sqrt{x}}\n"),
        (["exp(-x^2/2)"], "-x e^{-\\frac{x^{2}}{2}}\n"),
        (["sin(x)^2"], "2 \\sin\\left(x\\right) \\cos\\left(x\\right)\n"),
        (["tanh(x)"], "\\frac{1}{\\cosh^{2}\\left(x\\right)}\n"),
        (["2^x"], "2^{x} \\log\\left(2\\right)\n"),
        (["alpha*x", "--wrt", "x"], "\\alpha\n"),
        (["w_0*x", "--wrt", "x"], "w_{0}\n"),
        (["a_b_*x", "--wrt", "x"], "\\mathit{a\\_b\\_}\n"),
        (["relu(sin(x))"], "\\begin{cases} \\cos\\left(x\\right) & \\text{if } "
                           "\\sin\\left(x\\right) > 0 \\\\ 0 & \\text{otherwise} \\end{cases}\n"),
        (["sum((X@w-t)^2)", "--wrt", "w", "--example", "X:4x3,w:3,t:4"], "2 X^{\\top} \\left(X w - t\\right)\n"),
    ],
)  # fmt: skip
def test_latex(words, latex):
    """One formula as it is, several aligned; braces balance, names are escaped."""
    said = run("diff", *words, "--format", "latex")
    assert said == (0, latex, "")
    assert said.out.count("{") - said.out.count("\\{") == said.out.count("}") - said.out.count("\\}")


def test_markdown_is_a_block_that_forges_draw():
    """A fence of the kind math."""
    assert run("diff", "x^3", "--format", "markdown") == (0, "```math\n3 x^{2}\n```\n", "")


@pytest.mark.parametrize(
    "words", [["x^3"], [BAYDIN], ["x*y", "x=1", "y=2"], ["x^3", "x=2", "--order", "3"], ["x^x", "--simplify"],
              ["x*y", "x=1", "y=2", "--wrt", "x,y", "--mixed"], ["sum(x^2)", "x=[1,2]"], ["2", "--order", "0"],
              ["1/x", "x=0"]],
)  # fmt: skip
def test_json_is_what_the_schema_says(words):
    """With and without values."""
    check(json.loads(run("diff", *words, "--json").out), "formulas")


def test_the_number_of_a_derivative_is_that_of_the_engine():
    """In JSON, where every name has a value."""
    found = json.loads(run("diff", "sin(x)*exp(x)", "x=0.7", "--json").out)
    assert found["derivative"] == "exp(x)*(sin(x) + cos(x))"
    gradients = json.loads(run("grad", "sin(x)*exp(x)", "x=0.7", "--json").out)["gradients"]
    assert {"x": found["value"]} == found["values"] == gradients
    assert json.loads(run("diff", "x^5", "x=2", "--order", "3", "--json").out)["value"] == 240.0
    assert "value" not in json.loads(run("diff", "x*y", "x=2", "--json").out)


def test_grad_without_values_answers_with_formulas():
    """With some values missing it says which."""
    assert run("grad", "x^2*y") == (0, "∂f/∂x = 2*x*y\n∂f/∂y = x^2\n", "")
    assert run("grad", "x^2") == (0, "∂f/∂x = 2*x\n", "")
    assert json.loads(run("grad", "x^2*y", "--json").out)["derivatives"] == {"x": "2*x*y", "y": "x^2"}
    check(json.loads(run("grad", "x^2*y", "--json").out), "formulas")
    for words in (["x^2*y", "x=3"], ["x^2*y at x=3"]):
        said = run("grad", *words)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("error: no value for 'y'\n")


def test_ascii_where_nothing_else_can_be_said():
    """∂ is d, and a small 2 is ^2."""
    assert run("diff", "x^3*y", "--order", "2", encoding="ascii").out == "d^2f/dx^2 = 6*x*y\nd^2f/dy^2 = 0\n"


def test_steps_that_are_taken_on_request_are_said():
    """On standard error, so that the formula still pipes."""
    assert run("diff", "x^x", "--simplify") == (
        0, "x^x*(log(x) + 1)\n", "note: x is taken to be other than 0\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "block"),
    [
        (["2"], "error: the program has no variable to differentiate by\n"
                "  its value is a number: gradcli eval computes it\n"),
        (["x^2", "--wrt", "z"], "error: 'z' does not occur in the program\n  its names are x\n"),
        (["x^2", "--order", "21"], "error: --order has to be a whole number from 0 to 20; '21' given\n"
             "  a number at a point goes further: gradcli eval 'd(sin(x), x, 30)' x=1, up to 200\n"),
            (["x^2", "--order", "two"], "error: --order has to be a whole number from 0 to 20; 'two' given\n"),
        (["x^2", "--mixed", "--order", "2"],
         "error: --mixed takes no --order: a name stands as often as it is differentiated by\n"
         "  write --wrt x,x,y --mixed\n"),
        (["X@w"], "error: shapes do not fit at '@': [] and [], and @ multiplies arrays\n"
                  "  X@w\n  ~^~\n  []\n    []\n"
                  "  'X', 'w' have no value, and are taken for numbers: say their shapes, as in --example X:2x3,w:3\n"),
        (["sum(x^2)", "--order", "2", "--example", "x:3"],
         "error: the second derivative by 'x', an array, has more axes than a formula here\n"
         "  gradcli hessian computes it; or differentiate grad(f, x)[0] by one number\n"),
        (["2x"], "error: 'x' found, an operator expected\n  2x\n   ^\n  write 2*x\n"),
        (["x^2", "--format", "yaml"], "error: --format has to be one of text, json, latex, markdown; 'yaml' given\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_says_why(words, block):
    """With a way out, exit code 2, and nothing on standard output."""
    assert run("diff", *words) == (2, "", block)


@pytest.mark.parametrize(
    ("words", "latex"),
    [
        (["sum(sum(a,0)^3)", "--example", "a:2x3"],
         r"3 \operatorname{broadcast}\left(\left(\sum_{\text{axis } 0}\left(a\right)\right)^{2}, 2, 3\right)"),
        (["sum(sum(a,0)*sum(a^2,0))", "--example", "a:2x3"],
         r"2 a \sum_{\text{axis } 0}\left(a\right) + \sum_{\text{axis } 0}\left(a^{2}\right)"),
        (["sum(a^2)*sum(a*a*a)", "--example", "a:2x3"],
         r"3 \sum\left(a^{2}\right) a^{2} + 2 \sum\left(a^{3}\right) a"),
        (["where(x>0, sin(x), x^2)"],
         r"\begin{cases} \cos\left(x\right) & \text{if } x > 0 \\ 2 x & \text{otherwise} \end{cases}"),
        (["max(x, 0)"], r"\left[x > 0\right] + \frac{\left[x = 0\right]}{2}"),
    ],
)  # fmt: skip
def test_latex_of_axes_and_cases(words, latex):
    """An axis is no operand; a comparison has the brackets of a number only where it is one."""
    assert run("diff", *words, "--format", "latex") == (0, latex + "\n", "")


def test_a_condition_that_is_no_comparison_is_other_than_0():
    """Behind `if` stands what can be true."""
    said = run("diff", "where((x>0)*(x<1), x^2, x)", "--format", "latex").out
    assert r"\text{if } v_{1} \ne 0 \\" in said


def test_other_commands_have_no_latex():
    """The formats of diff are its own."""
    said = run("grad", "x", "x=1", "--format", "latex")
    assert said.code == 2
    assert "one of text, json; 'latex' given" in said.err


def test_the_python_face():
    """Text, formulas by name, LaTeX, numbers."""
    found = gradcli.diff("x^3*y", wrt="x,y", x=2, y=3)
    assert str(found) == "∂f/∂x = 3*x^2*y\n∂f/∂y = x^3"
    assert found.derivatives == {"x": "3*x^2*y", "y": "x^3"}
    assert found.values == {"x": 36.0, "y": 8.0}
    assert str(gradcli.diff("x^3", order=2)) == "6*x"
    assert gradcli.diff("x^3").latex() == "3 x^{2}"
    assert gradcli.diff("x^3", x=2).value == 12.0
    assert repr(gradcli.diff("x^3")) == "<derived x: '3*x^2'>"
    with pytest.raises(gradcli.GradError, match="order has to be a whole number"):
        gradcli.diff("x", order=-1)


@settings(max_examples=50)
@given(st.lists(st.integers(-9, 9), min_size=2, max_size=6), st.integers(1, 4))
def test_polynomials_of_any_order(coefficients, order):
    """The n-th derivative of a polynomial, coefficient by coefficient, in whole numbers."""
    text = "+".join(f"({c})*x^{k}" for k, c in enumerate(coefficients))
    (formula,) = gradcli.diff(text + "+0*x", order=order).derivatives.values()
    x = 3
    expected = sum(c * math.perm(k, order) * x ** (k - order) for k, c in enumerate(coefficients) if k >= order)
    assert gradcli.eval(formula, x=x).value == expected


def test_a_shared_name_is_written_alike_where_it_is_defined_and_used():
    out = run("diff", "(x+y)^(-2*y)*x", "--format", "latex").out
    assert "v_{1} &= " in out and "+ v_{1}" in out and "v1" not in out


def test_a_long_formula_is_not_differentiated_once_more():
    deep = "sin(" * 30_000 + "x" + ")" * 30_000
    said = run("diff", "-", "--order", "2", stdin=deep.encode())
    assert (said.code, said.out) == (2, "") and "gradcli eval 'd(f, x, 2)'" in said.err


@pytest.mark.parametrize(("text", "order"), [
    ("exp(x^0.5)", 2), ("exp(x^0.5)/x^0.5", 1), ("atan(x^0.5)", 2), ("silu(x^0.5)", 2), ("y*(sinh(x)^2-cosh(x)^2)", 0),
    ("1-sinh(x)^2/cosh(x)^2", 0), ("log(cosh(x))", 2), ("cosh(x)^4-sinh(x)^4", 1), ("log(1+1/(x+1))", 2),
    ("log1p(1/(y-x))", 2), ("log1p(x/atan(x)+2)", 2), ("log(x/sin(x)+1)", 2), ("tanh(log(sinh(x)))", 2),
    ("softsign(3*x/(y-0.5)-2)", 2), ("1/(x/atan(x)+y)", 3), ("x^hypot(x,tanh(x)/(y-x))", 3),
    ("(sinh(cosh(x))/(x^2 - log(0.5)))/(sinh(x/3) + x^2/sqrt(x))", 2),
])  # fmt: skip
def test_a_formula_of_powers_and_quotients_is_the_derivative(text, order):
    """Factors that stand above and below the line, powers that are not whole, squares that are 1 together."""
    formula = run("diff", text, "--wrt", "x", "--order", str(order)).out.strip().replace("\n", "; ")
    for x, y in ((0.7, 1.9), (1.3, 0.4)):
        at = {"x": x, "y": y}
        wanted = evaluated(f"d({text}, x, {order})", at, Options()).value
        if math.isfinite(wanted):
            assert evaluated(formula, at, Options()).value == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("text", "formula"), [
    ("h = sin(x); h^2", "2*cos(x)"), ("h = sin(x); h^2*x", "2*x*cos(x) + 2*sin(x)"), ("h = 2; h*y", "0"),
])  # fmt: skip
def test_mixed_derivatives_know_what_a_name_depends_on(text, formula):
    """As the words do: d(d(f, h), x)."""
    assert run("diff", text, "--wrt", "h,x" if "x" in text else "h,h", "--mixed") == (0, f"{formula}\n", "")


def test_a_wrong_step_is_found_before_it_is_shown(monkeypatch):
    """A step towards a shorter form that loses a term: the formula is made again without such steps."""
    monkeypatch.setattr(Tidy, "_shortest_sum", lambda tidy, constant, terms: (constant, ONE))
    assert str(gradcli.diff("x^3 + sin(x)", wrt="x")) == "3*x^2 + cos(x)"
