"""Programs for code: random ones that are the same in every run, and what their code prints where it is run."""

import contextlib
import io
import random

from scalar_programs import BINARY, NAMES, STEPS, TERNARY, UNARY

LEAVES = [*NAMES, "2", "0.5", "0", "1", "(-1)"]


def expression(source, names, size):
    """A random expression with about SIZE operations, made without recursion."""
    parts = [source.choice([*names, *LEAVES[3:]]) for _ in range(4)]
    for _ in range(size):
        shapes = source.choice([UNARY, UNARY, BINARY, BINARY, TERNARY])
        shape = source.choice(shapes)
        taken = [source.choice(parts) for _ in range(shape.count("{}"))]
        parts = [*parts[-4:], shape.format(*taken)]
    return parts[-1]


def scalar_programs(count, seed=6):
    """COUNT programs of scalars with a point each: half of them at ordinary numbers, half at any."""
    source = random.Random(seed)
    for number in range(count):
        if number % 3:
            text = expression(source, NAMES, source.randint(1, 5))
        else:
            a, b = expression(source, NAMES, 2), expression(source, ["a", *NAMES], 2)
            text = f"a = {a}; b = {b}; {expression(source, ['a', 'b', 'x'], 3)}"
        if number % 2:
            at = {name: source.randint(-300, 300) / 100 + step for name, step in zip(NAMES, STEPS, strict=True)}
        else:
            special = [0.0, 1.0, -1.0, 0.5, 2.0, -0.0, 800.0, -800.0]
            at = {name: source.choice([*special, source.uniform(-3, 3)]) for name in NAMES}
        yield text, at


def run(code, name="__main__"):
    """What a module of generated code prints, and its names."""
    space = {"__name__": name}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "<generated>", "exec"), space)  # noqa: S102  # it is ours
    return out.getvalue(), space


def printed(text):
    """The numbers of the lines `name = number`."""
    return [float(line.partition(" = ")[2]) for line in text.splitlines()]


def one_file(codes, helpers):
    """Several C files as one, whose main runs theirs one after the other, a line `--` behind each."""
    rows = ["#include <math.h>", "#include <stdio.h>"]
    for number, code in enumerate(codes):
        names = ["value_and_gradients", "main", *(name for name in helpers if name in code)]
        rows += [f"#define {name} {name}_{number}" for name in names]
        rows += [code]
        rows += [f"#undef {name}" for name in names]
    calls = [f'    main_{number}();\n    printf("--\\n");' for number in range(len(codes))]
    return "\n".join([*rows, "int main(void)", "{", *calls, "    return 0;", "}", ""])


ARRAYS = {  # programs of arrays, with the shapes of their names
    "sum((W@x+b)^2)": {"W": (2, 3), "x": (3,), "b": (2,)},
    "cross_entropy(relu(X@W1+b1)@W2+b2, 1)": {"X": (3,), "W1": (3, 4), "b1": (4,), "W2": (4, 2), "b2": (2,)},
    "h = tanh(X@W); mean((h@v - y)^2)": {"X": (4, 3), "W": (3, 2), "v": (2,), "y": (4,)},
    "sum(softmax(x)*y)": {"x": (4,), "y": (4,)},
    "sum(logsoftmax(X)*Y)": {"X": (2, 3), "Y": (2, 3)},
    "logsumexp(X)+sum(logsumexp(X, 0))": {"X": (2, 3)},
    "var(x)+std(y)*norm(X)": {"x": (4,), "y": (3,), "X": (2, 2)},
    "sum(std(X, 1)+mean(X, 1)*norm(X, -1))": {"X": (2, 3)},
    "sum(amax(X, 0)*y)+max(X)+min(y)": {"X": (2, 3), "y": (3,)},
    "sum(amin(X, 1)*argmax(y))": {"X": (2, 3), "y": (3,)},
    "prod(x)+sum(cumsum(x)*x)": {"x": (4,)},
    "dot(x, y)*trace(A)": {"x": (3,), "y": (3,), "A": (2, 2)},
    "det(A)+sum(inv(A)*B)": {"A": (3, 3), "B": (3, 3)},
    "sum(solve(A, b)^2)": {"A": (3, 3), "b": (3,)},
    "sum(solve(A, B)*B)": {"A": (2, 2), "B": (2, 3)},
    "sum(outer(x, y)*A)": {"x": (2,), "y": (3,), "A": (2, 3)},
    "sum(A.T@A)": {"A": (3, 2)},
    "sum(transpose(A)*B)": {"A": (3, 2), "B": (2, 3)},
    "sum(reshape(A, 3, 2)@x)+sum(flatten(A)^2)": {"A": (2, 3), "x": (2,)},
    "x[0]*x[2]+A[1,0]+sum(A[:,1]*x[0:2])": {"x": (3,), "A": (2, 2)},
    "sum(concat(x, y)^2)+sum(stack(x, x*2)*A)": {"x": (2,), "y": (3,), "A": (2, 2)},
    "sum([x[0], s, 2]^2)": {"x": (2,), "s": ()},
    "sum(broadcast(x, 2, 3)*A)": {"x": (3,), "A": (2, 3)},
    "sum(A*x+s*eye(2)[0,0])": {"A": (2, 3), "x": (3,), "s": ()},
    "sum(max(x, y)*clip(x, -1, 1)+relu(x)^2)": {"x": (4,), "y": (4,)},
    "sum(where(x>0, sqrt(abs(x)), exp(x)))": {"x": (4,)},
    "sum(sigmoid(x)*silu(y)+gelu(x)+softplus(y)+erf(x))": {"x": (3,), "y": (3,)},
    "sum(leaky_relu(x)+elu(x)+softsign(x)+logsigmoid(x))": {"x": (4,)},
    "sum(atan2(x, y)+hypot(x, y)+mod(x, 2)+floor(y)+round(x)+sign(y))": {"x": (3,), "y": (3,)},
    "sum(abs(x)^y)+sum(abs(x)^0.5+x^3)": {"x": (3,), "y": (3,)},
    "sum(logaddexp(x, y)+max(x, y, 0.5)+min(x, y))": {"x": (3,), "y": (3,)},
    "sum(lgamma(exp(x))+digamma(exp(x))+xlogy(exp(x), exp(x)))": {"x": (3,)},
    "L = mean((X@w-y)^2); L+0.1*sum(grad(L, w)^2)": {"X": (4, 2), "w": (2,), "y": (4,)},
    "sum(hessian(sum(x^3)*sum(x), x))": {"x": (2,)},
    "sum((A@B)@x)": {"A": (2, 3), "B": (3, 2), "x": (2,)},
    "sum(x@A)*dot(x, A@y)": {"x": (2,), "A": (2, 3), "y": (3,)},
    "cross_entropy(X, Y)": {"X": (2, 3), "Y": (2, 3)},
    "sum(x)^2+sum(x*x)": {"x": (1,)},
    "norm(x-y)": {"x": (3,), "y": (3,)},
    "s*sum(ones(2, 3)*x+zeros(3)+linspace(0, 1, 3)+arange(3))": {"s": (), "x": (3,)},
}


def array_programs(count, seed=6):
    """COUNT programs of arrays with a point each: each of ARRAYS, then some of them at other points."""
    source = random.Random(seed)
    for number in range(count):
        text, shapes = list(ARRAYS.items())[number % len(ARRAYS)]
        yield text, {name: values(source, shape, whole=number >= len(ARRAYS)) for name, shape in shapes.items()}


def values(source, shape, *, whole=False):
    """Numbers of a SHAPE: hundredths, or WHOLE ones, among which there are ties and zeros."""
    import numpy as np

    one = (lambda: float(source.randint(-2, 2))) if whole else (lambda: source.randint(-200, 200) / 100 + 0.00123)
    found = np.array([one() for _ in range(int(np.prod(shape)))]).reshape(shape)
    return float(found) if shape == () else found
