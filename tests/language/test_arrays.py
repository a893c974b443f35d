"""The array half of the language: what literals, indices, reductions and constructors mean."""

import json

import pytest
from running import run

M = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
AT = ["W=[[1,2,3],[4,5,6]]", "x=[1,2,3]", "y=[10,20]", "s=2"]

VALUES = [
    # literals
    ("[1, 2, 3]", [1, 2, 3]),
    ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
    ("[[[1], [2]], [[3], [4]]]", [[[1], [2]], [[3], [4]]]),
    ("[5]", [5]),
    ("-[1, -2]", [-1, 2]),
    ("[-1, pi, 1/2, 2^3, inf]", [-1, 3.141592653589793, 0.5, 8, "Infinity"]),
    ("[s, s*2]", [2, 4]),
    ("[[s, 1], [2, x[0]]]", [[2, 1], [2, 1]]),
    ("[x, x*2]", [[1, 2, 3], [2, 4, 6]]),
    ("[x, [7, 8, 9]]", [[1, 2, 3], [7, 8, 9]]),
    ("[\n 1,\n 2\n]", [1, 2]),
    # indices and slices
    ("x[0]", 1), ("x[-1]", 3), ("x[1:]", [2, 3]), ("x[:2]", [1, 2]), ("x[:]", [1, 2, 3]), ("x[-2:]", [2, 3]),
    ("x[0:99]", [1, 2, 3]), ("W[1]", [4, 5, 6]), ("W[1,2]", 6), ("W[:,0]", [1, 4]), ("W[0,1:]", [2, 3]),
    ("W[1:,:2]", [[4, 5]]), ("W[1][2]", 6), ("(W*2)[0,0]", 2), ("[1,2,3][1]", 2), ("n = 1; x[n]", 2),
    ("x[2-1]", 2), ("n = 3; x[n - 1]", 3), ("n = 3; x[-n:n-1]", [1, 2]), ("f(k) = x[k+1]; f(0)", 2),
    # transposes and products
    ("W.T", [[1, 4], [2, 5], [3, 6]]), ("W.T.T", M), ("x.T", [1, 2, 3]), ("s.T", 2), ("(W*2).T[0]", [2, 8]),
    ("W@x", [14, 32]), ("y@W", [90, 120, 150]), ("x@x", 14), ("W@W.T", [[14, 32], [32, 77]]), ("dot(x, x)", 14),
    ("outer(y, x)", [[10, 20, 30], [20, 40, 60]]), ("matmul(W, x)", [14, 32]), ("2*W@x", [28, 64]),
    ("transpose(W)", [[1, 4], [2, 5], [3, 6]]), ("transpose([[[1,2]]], 2, 0, 1)", [[[1]], [[2]]]),
    # element by element, with broadcasting
    ("x + 1", [2, 3, 4]), ("x*x", [1, 4, 9]), ("x^2", [1, 4, 9]), ("2^x", [2, 4, 8]), ("W + x", [[2, 4, 6], [5, 7, 9]]),
    ("W*reshape(y, 2, 1)", [[10, 20, 30], [80, 100, 120]]), ("x > 1", [0, 1, 1]), ("where(x > 1, x, 0)", [0, 2, 3]),
    ("max(x, 2)", [2, 2, 3]), ("min(x, [3, 2, 1])", [1, 2, 1]), ("clip(x, 1.5, 2.5)", [1.5, 2, 2.5]),
    ("-x", [-1, -2, -3]),
    ("relu(x - 2)", [0, 0, 1]), ("mod(x, 2)", [1, 0, 1]), ("1/x", [1, 0.5, 1 / 3]), ("x == [1, 0, 3]", [1, 0, 1]),
    # reductions
    ("sum(W)", 21), ("sum(W, 0)", [5, 7, 9]), ("sum(W, 1)", [6, 15]), ("sum(W, -1)", [6, 15]), ("sum(s)", 2),
    ("mean(W, 1)", [2, 5]), ("max(W)", 6), ("min(W)", 1), ("amax(W, 0)", [4, 5, 6]), ("amin(W, 1)", [1, 4]),
    ("amax(W)", 6), ("prod(x)", 6), ("var(x)", 2 / 3), ("norm([3, 4])", 5), ("argmax(x)", 2),
    ("argmax(W, 0)", [1, 1, 1]),
    ("cumsum(x)", [1, 3, 6]), ("cumsum(W, 0)", [[1, 2, 3], [5, 7, 9]]), ("std([1, 3])", 1), ("max(s)", 2),
    ("softmax([0, 0])", [0.5, 0.5]), ("softmax(s, s)", 0.5),
    # shapes
    ("reshape(x, 3, 1)", [[1], [2], [3]]), ("reshape(W, 6)", [1, 2, 3, 4, 5, 6]), ("flatten(W)", [1, 2, 3, 4, 5, 6]),
    ("reshape(W, [3, 2])", [[1, 2], [3, 4], [5, 6]]), ("broadcast(x, 2, 3)", [[1, 2, 3], [1, 2, 3]]),
    ("broadcast(s, 2)", [2, 2]), ("concat(x, y)", [1, 2, 3, 10, 20]), ("concat(W, W, 1)[0]", [1, 2, 3, 1, 2, 3]),
    ("stack(x, x)", [[1, 2, 3], [1, 2, 3]]),
    # constructors
    ("zeros(2)", [0, 0]), ("ones(2, 3)", [[1, 1, 1], [1, 1, 1]]), ("ones([2, 1])", [[1], [1]]),
    ("eye(2)", [[1, 0], [0, 1]]),
    ("linspace(0, 1, 3)", [0, 0.5, 1]), ("arange(3)", [0, 1, 2]), ("arange(1, 3)", [1, 2]),
    ("arange(3, 0, -1)", [3, 2, 1]),
    ("arange(0, 1, 0.25)", [0, 0.25, 0.5, 0.75]), ("linspace(1, 2, 1)", [1]),
    ("n = 2; ones(2*n - 2, n)", [[1, 1], [1, 1]]),
    ("linspace(0, 2*pi, 3)", [0, 3.141592653589793, 6.283185307179586]), ("reshape(W, 3*2)", [1, 2, 3, 4, 5, 6]),
    # linear algebra
    ("det([[1, 2], [3, 4]])", -2), ("trace([[1, 2], [3, 4]])", 5), ("inv([[2, 0], [0, 4]])", [[0.5, 0], [0, 0.25]]),
    ("solve([[2, 0], [0, 4]], [2, 4])", [1, 1]),
    # programs
    ("f(a, b) = a@b; f(W, x)", [14, 32]), ("h = W@x; sum(h*h)", 1220), ("a = [1, 2]; a[1]", 2),
    ("q*2 at q=[1, 2]", [2, 4]), ("q@q at q=ones(4)/2", 1),
]  # fmt: skip


@pytest.mark.parametrize(("source", "value"), VALUES, ids=[source for source, _ in VALUES])
def test_what_an_expression_means(source, value):
    """As numpy has it, with scalars where no axis is left."""
    given = [word for word in AT if word.partition("=")[0] in source.replace("max", "").replace("sum", "")]
    said = run("eval", source, *given, "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)["value"]
    assert rounded(found) == rounded(value)
    assert isinstance(found, list) == isinstance(value, list)


def rounded(value):
    """The numbers of nested lists, to 12 digits."""
    text = json.dumps(value)
    return json.loads(text, parse_float=lambda word: round(float(word), 12), parse_int=float)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("[1,2]", [1, 2]), ("[[1],[2]]", [[1], [2]]), ("[1,2]*2", [2, 4]), ("ones(2)/2", [0.5, 0.5]),
        ("eye(2)[0]", [1, 0]),
        ("[1,2]@[3,4]", 11), ("-[1,2]", [-1, -2]), ("[ 1 , 2 ]", [1, 2]), ("linspace(0,1,3)", [0, 0.5, 1]),
        ("[nan,inf]", ["NaN", "Infinity"]), ("sum([1,2])", 3), ("[[1,2],[3,4]].T", [[1, 3], [2, 4]]),
    ],
)  # fmt: skip
def test_a_value_is_an_array_without_variables(value, meant):
    """On the command line, behind `at`, and in Python."""
    assert rounded(json.loads(run("eval", "q", f"q={value}", "--json").out)["value"]) == rounded(meant)
    assert rounded(json.loads(run("eval", f"q at q={value}", "--json").out)["value"]) == rounded(meant)


def test_numbers_stay_numbers_beside_arrays():
    """A scalar's gradient is a scalar, an array's has its shape."""
    said = json.loads(run("grad", "s*sum(x)", "s=2", "x=[1,2,3]", "--json").out)
    assert said["at"] == {"s": 2.0, "x": [1.0, 2.0, 3.0]}
    assert said["gradients"] == {"s": 6.0, "x": [2.0, 2.0, 2.0]}
