"""What the tests of modular code share: running a module, and holding its numbers to the engine's."""

import json

import numpy as np

from gradcli.codegen.flat.subject import Subject
from gradcli.codegen.modular import modular
from gradcli.codegen.targets import target_named
from gradcli.graph.labels import Labels
from gradcli.questions import Options, differentiated
from gradcli.questions.code import coded
from tests.codegen.generated import run

ODD = [  # programs, values, options
    ("3", {}, {}),
    ("x", {"x": 2.0}, {}),
    ("x*x*x*x*x", {"x": 2.0}, {}),
    ("a = 3; a*x", {"x": 2.0}, {}),
    ("a = x*2; b = a; b*a", {"x": 2.0}, {"wrt": ["a", "x"]}),
    ("a = x*2; b = a; b*a", {"x": 2.0}, {"wrt": ["b"]}),
    ("x = 3; x^2 + y", {"y": 2.0}, {"wrt": ["x", "y"]}),
    ("x = 3; grad(x^2, x)*y", {"y": 2.0}, {}),
    ("grad(x^3*y, x) + y", {"x": 2.0, "y": 3.0}, {}),
    ("d(sin(x)*exp(x), x, 2)", {"x": 0.5}, {}),
    ("max(x, y, z) + min(x, y) + clip(x, 0, 2)", {"x": 2.0, "y": 2.0, "z": 2.0}, {}),
    ("max(x, y, z) + min(x, y) + clip(x, 0, 2)", {"x": 2.0, "y": 2.0, "z": 2.0}, {"ties": "first"}),
    ("where(x>0, sqrt(x), 0) + max(log(y), 0)", {"x": 0.0, "y": 0.0}, {}),
    ("log(x) + stop(y)*y", {"x": -1.0, "y": 2.0}, {}),
    ("1/x + x/y", {"x": 0.0, "y": 0.0}, {}),
    ("exp(x)/(1 + exp(x))", {"x": 800.0}, {"decomposition": "typed"}),
    ("exp(x)*y*0", {"x": 800.0, "y": 2.0}, {"zero": "strong"}),
    ("x^0.5 + x^-1 + x^2 + x^3 + x^4 + x^2.5 + 2^x + x^y", {"x": 2.0, "y": 1.5}, {}),
    ("floor(x) + round(x) + sign(x) + mod(x, 3)", {"x": 2.3}, {}),
    ("(x > y) + where(x, 1, 2)", {"x": 2.3, "y": 1.0}, {}),
    ("x*y", {"x": 1.0, "y": 2.0, "unused": 3.0}, {}),
]
OF_FUNCTIONS = [
    ("swish(x) = x*sigmoid(x); swish(w*x + b)", {"w": 2.0, "x": 3.0, "b": -1.0}, {}),
    ("swish(x) = x*sigmoid(x); swish(w*x + b)", {"w": 2.0, "x": 3.0, "b": -1.0}, {"decomposition": "naive"}),
    ("f(a) = max(a, 0)*a; f(x) + f(y)", {"x": 2.0, "y": -1.0}, {}),
    ("g(b) = b*a; f(a) = g(a) + a; f(x)*a", {"x": 2.0, "a": 5.0}, {}),
    ("f(a, n) = a^n; f(x, 3) + f(y, 3) + f(x, 2)", {"x": 2.0, "y": 3.0}, {}),
    ("f(a) = exp(-a^2)*w; f(x) + f(f(y))", {"x": 2.0, "y": 0.3, "w": 3.0}, {}),
    ("id(a) = a; c() = 3; id(x)*c() + id(2)", {"x": 2.0}, {}),
    ("k(a) = a*2; k(3)*x", {"x": 2.0}, {}),
    ("h(a) = where(a > 0, sqrt(a), 0); h(x) + h(y)", {"x": 0.0, "y": 4.0}, {}),
    ("f(a) = d(a^3, a); f(x)", {"x": 2.0}, {}),
    ("f(upstream, t1, self) = upstream*t1 + self^2; f(x, y, x)", {"x": 2.0, "y": 3.0}, {}),
]
OF_ARRAYS = [
    ("swish(x) = x*sigmoid(x); sum(swish(X)@w) + sum(swish(w))", {"X": [[1, 2], [3, -4], [5, 6]], "w": [0.1, 0.3]}, {}),
    ("att(Q, K, V) = softmax(Q@K.T/sqrt(2))@V; sum(att(X, X, X)^2)", {"X": [[1, 2], [0.3, -0.4], [0.5, 0.6]]}, {}),
    ("n(x) = (x - mean(x))/std(x); sum(n(x)*g) + n(x)[0]", {"x": [1, 2, 4], "g": [1, -1, 2]}, {}),
    ("h = tanh(W@x + b); sum(h^2) + sum(W^2)", {"W": [[1, 2], [3, 4]], "x": [0.1, 0.2], "b": [1, 2]},
     {"wrt": ["h", "W"]}),
    ("log(x)[0]", {"x": [1, 0]}, {}),
    ("max(A) + min(A) + sum(log(A))", {"A": [[2, 2], [1, 3]]}, {"ties": "first"}),
    ("sum(A) + x*0", {"A": [[1.5]], "x": 1.0}, {}),
]  # fmt: skip


def modular_text(text, at, target, **options):
    at = {name: np.array(value, dtype=float) if isinstance(value, list) else value for name, value in at.items()}
    return coded(text, at, Options(**options), style="modular", target=target).text, at


def printed(code):
    """The numbers that a module prints, in order."""
    with np.errstate(all="ignore"):
        out = run(code)[0]
    texts = [line.partition(" = ")[2] for line in out.splitlines()]
    return [json.loads(text.replace("nan", "NaN").replace("inf", "Infinity")) for text in texts]


def hold(text, at, target, **options):
    """Run the modular code of a program, hold what it prints to the engine, and hand it back."""
    code, at = modular_text(text, at, target, **options)
    wanted = differentiated(text, at, Options(**options))
    got = printed(code)
    assert len(got) == 1 + len(wanted.gradients), text
    for number, exact in zip(got, [wanted.value, *wanted.gradients.values()], strict=True):
        assert is_near(number, exact), (text, at, options)
    return code


def is_near(number, exact):
    """In shape, and to 1e-12."""
    number, exact = np.asarray(number, dtype=float), np.asarray(exact, dtype=float)
    return number.shape == exact.shape and np.allclose(number, exact, rtol=1e-12, atol=1e-13, equal_nan=True)


def code_of_case(case, target):
    """The modular code of one line over variables at the operands of an ArrayCase."""
    graph, line = case.graph()
    operands = {f"x{slot}": operand for slot, operand in enumerate(case.operands())}
    sources = {name: slot for slot, name in enumerate(operands)}
    subject = Subject(
        graph, line, sources, variables=[*operands], labels=Labels(graph, line).names, point=operands, said=["a line"]
    )
    return modular(subject, target_named(target))


def hold_case(case, target):
    """Run the code of an ArrayCase, and hold it to the engine; what no gradient reaches is 0."""
    code = code_of_case(case, target)
    got = printed(code)
    operands = case.operands()
    pulled = case.pulled(operands, None)
    exact = [np.zeros(np.shape(x)) if found is None else found for x, found in zip(operands, pulled, strict=True)]
    scale = max([1.0, *(float(np.max(np.abs(found))) for found in exact if np.size(found))])
    for number, wanted in zip(got, [case.value(operands), *exact], strict=True):
        assert np.shape(number) == np.shape(wanted), case
        assert np.allclose(number, wanted, rtol=1e-12, atol=1e-12 * scale, equal_nan=True), case
    return code
