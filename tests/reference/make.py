"""Values and gradients by torch and jax in float64, recorded in arrays.json: run by hand where both are installed.

    python tests/reference/make.py

Each program is written twice: in the language, and over a library `m` that both backends supply. They have to agree.
"""

import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
AGREE = 1e-11  # relative to the largest entry


class Program(NamedTuple):
    """A program of the language, the shapes of its variables, and the same over the library of a backend."""

    text: str
    shapes: dict[str, tuple[int, ...]]
    over: Callable[..., Any]
    low: float = -2.0
    high: float = 2.0
    at: dict[str, Any] | None = None

    def point(self) -> dict[str, Any]:
        """Numbers of three digits, the same in every run; square matrices far from singular."""
        if self.at is not None:
            return self.at
        chance = random.Random(self.text + str(self.shapes))
        return {name: _array(chance, shape, self.low, self.high) for name, shape in self.shapes.items()}


def _array(chance: random.Random, shape: tuple[int, ...], low: float, high: float) -> Any:
    numbers: list[Any] = [round(chance.uniform(low, high), 3) for _ in range(math.prod(shape))]
    if len(shape) == 2 and shape[0] == shape[1]:
        numbers = [x + 4 * (k // shape[0] == k % shape[0]) for k, x in enumerate(numbers)]
    for length in reversed(shape):
        numbers = [numbers[k : k + length] for k in range(0, len(numbers), length)]
    return numbers[0]


PAIRINGS = [
    ((), (3,)), ((3,), ()), ((), (2, 3)), ((2, 3), ()), ((3,), (3,)), ((3,), (2, 3)), ((2, 3), (3,)), ((2, 1), (3,)),
    ((3,), (2, 1)), ((2, 3), (2, 3)), ((2, 1), (1, 3)), ((1,), (2, 3)), ((4, 1, 3), (2, 1)), ((2, 3), (4, 2, 3)),
]  # fmt: skip
BINARY: dict[str, tuple[str, Callable[..., Any]]] = {
    "add": ("a + b", lambda m, a, b: a + b), "sub": ("a - b", lambda m, a, b: a - b),
    "mul": ("a*b", lambda m, a, b: a * b), "div": ("a/b", lambda m, a, b: a / b),
    "pow": ("a^b", lambda m, a, b: a**b), "max": ("max(a, b)", lambda m, a, b: m.maximum(a, b)),
    "min": ("min(a, b)", lambda m, a, b: m.minimum(a, b)), "atan2": ("atan2(a, b)", lambda m, a, b: m.arctan2(a, b)),
    "hypot": ("hypot(a, b)", lambda m, a, b: m.hypot(a, b)),
    "logaddexp": ("log(exp(a) + exp(b))", lambda m, a, b: m.logaddexp(a, b)),
    "where": ("where(a > b, a*b, a - b)", lambda m, a, b: m.where(a > b, a * b, a - b)),
}  # fmt: skip
UNARY = {
    name: name for name in (
        "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "square", "sin", "cos", "tan", "sinh", "cosh", "tanh",
        "sigmoid", "relu", "softplus", "silu", "gelu", "logsigmoid", "softsign", "erf", "erfc", "lgamma", "abs",
    )
} | {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"}
RANGES = {
    **dict.fromkeys(("log", "log1p", "log2", "log10", "sqrt", "lgamma"), (0.2, 4.0)),
    **dict.fromkeys(("asin", "acos", "atanh"), (-0.9, 0.9)), "acosh": (1.1, 4.0),
}  # fmt: skip
REDUCTIONS = {
    "sum": "sum", "mean": "mean", "var": "var", "std": "std", "prod": "prod", "logsumexp": "logsumexp", "norm": "norm",
    "amax": "amax", "amin": "amin",
}  # fmt: skip
AXES: list[tuple[tuple[int, ...], int | None]] = [
    ((3,), None), ((3,), 0), ((3,), -1), ((2, 3), None), ((2, 3), 0), ((2, 3), 1), ((2, 3), -1), ((2, 3, 2), None),
    ((2, 3, 2), 0), ((2, 3, 2), 1), ((2, 3, 2), -1), ((1,), None), ((2, 1), 1),
]  # fmt: skip
PRODUCTS = [
    ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((4, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)),
    ((4, 2, 3), (4, 3, 2)), ((4, 2, 3), (3,)), ((3,), (4, 3, 2)), ((1, 3), (3, 1)), ((4, 1, 2, 3), (2, 3, 2)),
]  # fmt: skip


def programs() -> list[Program]:
    """Every program whose values are recorded."""
    found = []
    for text, over in BINARY.values():
        low, high = (0.3, 2.5) if "^" in text else (-2.0, 2.0)
        for a, b in PAIRINGS:
            found.append(Program(f"sum(sin({text}))", {"a": a, "b": b}, _sum_of_sines(over), low, high))
    for name, other in UNARY.items():
        over = lambda m, x, other=other: m.sum(m.sin(getattr(m, other)(x)))
        for shape in ((4,), (2, 3)):
            found.append(Program(f"sum(sin({name}(x)))", {"x": shape}, over, *RANGES.get(name, (-3.0, 3.0))))
    for name in REDUCTIONS:
        for shape, axis in AXES:
            if name == "std" and (shape == (1,) or (shape, axis) == ((2, 1), 1)):
                continue  # a convention of our own
            call = {"amax": "max", "amin": "min"}.get(name, name) + "(x)" if axis is None else f"{name}(x, {axis})"
            over = lambda m, x, name=name, axis=axis: m.sum(m.sin(getattr(m, name)(x, axis)))
            found.append(Program(f"sum(sin({call}))", {"x": shape}, over))
    for shape, axis in AXES:
        call = "cumsum(x)" if axis is None else f"cumsum(x, {axis})"
        over = lambda m, x, axis=axis: m.sum(m.sin(m.cumsum(x, axis)))
        found.append(Program(f"sum(sin({call}))", {"x": shape}, over))
    for a, b in PRODUCTS:
        found.append(Program("sum(sin(a@b))", {"a": a, "b": b}, lambda m, a, b: m.sum(m.sin(m.matmul(a, b)))))
    return found + _others()


def _sum_of_sines(over: Callable[..., Any]) -> Callable[..., Any]:
    return lambda m, a, b: m.sum(m.sin(over(m, a, b)))


def _others() -> list[Program]:
    v, w, x, y = (3,), (4,), (3, 3), (2, 3)
    return [
        Program("det(x)", {"x": x}, lambda m, x: m.det(x)), Program("det(x)", {"x": (2, 2)}, lambda m, x: m.det(x)),
        Program("sin(det(x)/100000)", {"x": (7, 7)}, lambda m, x: m.sin(m.det(x) / 100000)),
        Program("sum(sin(inv(x)))", {"x": x}, lambda m, x: m.sum(m.sin(m.inv(x)))),
        Program("sum(sin(inv(x)))", {"x": (7, 7)}, lambda m, x: m.sum(m.sin(m.inv(x)))),
        Program("sum(sin(solve(x, b)))", {"x": x, "b": v}, lambda m, x, b: m.sum(m.sin(m.solve(x, b)))),
        Program("sum(sin(solve(x, b)))", {"x": x, "b": (3, 2)}, lambda m, x, b: m.sum(m.sin(m.solve(x, b)))),
        Program("sum(sin(solve(x, b)))", {"x": (7, 7), "b": (7, 2)}, lambda m, x, b: m.sum(m.sin(m.solve(x, b)))),
        Program("trace(sin(x))", {"x": x}, lambda m, x: m.trace(m.sin(x))),
        Program("dot(a, sin(b))", {"a": w, "b": w}, lambda m, a, b: m.dot(a, m.sin(b))),
        Program("sum(sin(outer(a, b)))", {"a": v, "b": w}, lambda m, a, b: m.sum(m.sin(m.outer(a, b)))),
        Program("sum(sin(x.T@b))", {"x": y, "b": (2,)}, lambda m, x, b: m.sum(m.sin(m.matmul(m.transpose(x), b)))),
        Program("sum(sin(softmax(x))*b)", {"x": y, "b": v}, lambda m, x, b: m.sum(m.sin(m.softmax(x)) * b)),
        Program("sum(sin(softmax(x))*b)", {"x": w, "b": w}, lambda m, x, b: m.sum(m.sin(m.softmax(x)) * b)),
        Program("sum(sin(logsoftmax(x))*b)", {"x": y, "b": v}, lambda m, x, b: m.sum(m.sin(m.logsoftmax(x)) * b)),
        Program("cross_entropy(x, [2, 0])", {"x": y}, lambda m, x: m.cross_entropy(x, [2, 0])),
        Program("cross_entropy(x, softmax(t))", {"x": y, "t": y}, lambda m, x, t: m.cross_entropy(x, m.softmax(t))),
        Program("sum(sin(x[1]))", {"x": y}, lambda m, x: m.sum(m.sin(x[1]))),
        Program("sum(sin(x[:,0])) + x[1,2]^2", {"x": y}, lambda m, x: m.sum(m.sin(x[:, 0])) + x[1, 2] ** 2),
        Program("sum(sin(x[0:2,1:3]))*x[-1,-1]", {"x": x}, lambda m, x: m.sum(m.sin(x[0:2, 1:3])) * x[-1, -1]),
        Program("sum(sin(reshape(x, 3, 2)@b))", {"x": y, "b": (2,)},
                lambda m, x, b: m.sum(m.sin(m.matmul(m.reshape(x, (3, 2)), b)))),
        Program("sum(flatten(x)*b)", {"x": y, "b": (6,)}, lambda m, x, b: m.sum(m.reshape(x, (6,)) * b)),
        Program("sum(sin(concat(a, b)*c))", {"a": v, "b": w, "c": (7,)},
                lambda m, a, b, c: m.sum(m.sin(m.concat([a, b], 0) * c))),
        Program("sum(sin(concat(a, b, 1)@c))", {"a": y, "b": (2, 1), "c": w},
                lambda m, a, b, c: m.sum(m.sin(m.matmul(m.concat([a, b], 1), c)))),
        Program("sum(sin([a, b, a*b]@c))", {"a": v, "b": v, "c": v},
                lambda m, a, b, c: m.sum(m.sin(m.matmul(m.stack([a, b, a * b]), c)))),
        Program("max(x)*sum(x)", {"x": w}, lambda m, x: m.amax(x, None) * m.sum(x), at={"x": [3.0, 1.0, 3.0, 2.0]}),
        Program("sum(clip(x, -1, 1)*x)", {"x": y}, lambda m, x: m.sum(m.maximum(m.minimum(x, m.one), -m.one) * x)),
        Program("sum(elu(x)*leaky_relu(x))", {"x": y},
                lambda m, x: m.sum(m.where(x > 0, x, m.expm1(x)) * m.where(x > 0, x, 0.01 * x))),
        Program("sum(xlogy(a, b))", {"a": v, "b": v}, lambda m, a, b: m.sum(a * m.log(b)), 0.2, 3.0),
        Program("sum(mod(a, b)*a)", {"a": v, "b": v}, lambda m, a, b: m.sum((a - b * m.floor(a / b)) * a)),
        Program("sum((relu(X@U + b)@W + c - T)^2)/4",
                {"X": (4, 3), "U": (3, 5), "b": (5,), "W": (5, 2), "c": (2,), "T": (4, 2)},
                lambda m, X, U, b, W, c, T: m.sum((m.matmul(m.relu(m.matmul(X, U) + b), W) + c - T) ** 2) / 4),
        Program("h=tanh(X@W + b); z=h@V; cross_entropy(z, [1,0,2]) + 0.01*(norm(W)^2 + norm(V)^2)",
                {"X": (3, 2), "W": (2, 4), "b": (4,), "V": (4, 3)}, _classified),
        Program("q=X@Q; k=X@K; sum(sin(softmax(q@k.T/2)@X))", {"X": (3, 4), "Q": (4, 2), "K": (4, 2)}, _attended),
        Program("z=(X - mean(X, 0))/(std(X, 0) + 0.001); sum(sin(z*g + b))", {"X": (5, 3), "g": v, "b": v},
                _normalised),
    ]  # fmt: skip


def _classified(m: Any, X: Any, W: Any, b: Any, V: Any) -> Any:
    z = m.matmul(m.tanh(m.matmul(X, W) + b), V)
    return m.cross_entropy(z, [1, 0, 2]) + 0.01 * (m.sum(W * W) + m.sum(V * V))


def _attended(m: Any, X: Any, Q: Any, K: Any) -> Any:
    scores = m.matmul(m.matmul(X, Q), m.transpose(m.matmul(X, K))) / 2
    return m.sum(m.sin(m.matmul(m.softmax(scores), X)))


def _normalised(m: Any, X: Any, g: Any, b: Any) -> Any:
    z = (X - m.mean(X, 0)) / (m.std(X, 0) + 0.001)
    return m.sum(m.sin(z * g + b))


class Torch:
    """The library of torch."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.name = f"torch {torch.__version__.split('+')[0]}"
        self.one = torch.tensor(1.0, dtype=torch.float64)

    def __getattr__(self, name: str) -> Any:
        functional = {"silu": "silu", "gelu": "gelu", "softplus": "softplus", "logsigmoid": "logsigmoid",
                      "softsign": "softsign"}  # fmt: skip
        special = {"erf", "erfc"}
        if name in functional:
            return getattr(self.torch.nn.functional, functional[name])
        return getattr(self.torch.special if name in special else self.torch, name)

    def array(self, numbers: Any) -> Any:
        return self.torch.tensor(numbers, dtype=self.torch.float64)

    def gradients(self, over: Callable[..., Any], at: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        given = {name: self.array(value).requires_grad_() for name, value in at.items()}
        value = over(self, **given)
        value.backward()
        return value.item(), {name: x.grad.tolist() for name, x in given.items()}

    def _along(self, name: str, x: Any, axis: int | None, **more: Any) -> Any:
        function = getattr(self.torch, name)
        return function(x, **more) if axis is None else function(x, axis, **more)

    def sum(self, x: Any, axis: int | None = None) -> Any:
        return self._along("sum", x, axis)

    def mean(self, x: Any, axis: int | None = None) -> Any:
        return self._along("mean", x, axis)

    def prod(self, x: Any, axis: int | None = None) -> Any:
        return self._along("prod", x, axis)

    def var(self, x: Any, axis: int | None = None) -> Any:
        return self.torch.var(x, axis, correction=0)

    def std(self, x: Any, axis: int | None = None) -> Any:
        return self.torch.std(x, axis, correction=0)

    def norm(self, x: Any, axis: int | None = None) -> Any:
        return self.torch.linalg.vector_norm(x, dim=axis)

    def amax(self, x: Any, axis: int | None = None) -> Any:
        return self.torch.amax(x, () if axis is None else axis)

    def amin(self, x: Any, axis: int | None = None) -> Any:
        return self.torch.amin(x, () if axis is None else axis)

    def logsumexp(self, x: Any, axis: int | None = None) -> Any:
        return self.torch.logsumexp(x.flatten(), 0) if axis is None else self.torch.logsumexp(x, axis)

    def cumsum(self, x: Any, axis: int | None) -> Any:
        return self.torch.cumsum(x.flatten(), 0) if axis is None else self.torch.cumsum(x, axis)

    def det(self, x: Any) -> Any:
        return self.torch.linalg.det(x)

    def inv(self, x: Any) -> Any:
        return self.torch.linalg.inv(x)

    def solve(self, a: Any, b: Any) -> Any:
        return self.torch.linalg.solve(a, b)

    def transpose(self, x: Any) -> Any:
        return x.T

    def softmax(self, x: Any) -> Any:
        return self.torch.softmax(x, -1)

    def logsoftmax(self, x: Any) -> Any:
        return self.torch.log_softmax(x, -1)

    def cross_entropy(self, x: Any, target: Any) -> Any:
        target = self.torch.tensor(target) if isinstance(target, list) else target
        return self.torch.nn.functional.cross_entropy(x, target)


class Jax:
    """The library of jax."""

    def __init__(self) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax = jax
        self.name = f"jax {jax.__version__}"
        self.one = 1.0

    def __getattr__(self, name: str) -> Any:
        special = {"erf": "erf", "erfc": "erfc", "lgamma": "gammaln"}
        networks = {"sigmoid": "sigmoid", "relu": "relu", "softplus": "softplus", "silu": "silu",
                    "logsigmoid": "log_sigmoid", "softsign": "soft_sign"}  # fmt: skip
        if name in special:
            return getattr(self.jax.scipy.special, special[name])
        if name in networks:
            return getattr(self.jax.nn, networks[name])
        return getattr(self.jax.numpy, {"concat": "concatenate"}.get(name, name))

    def array(self, numbers: Any) -> Any:
        return self.jax.numpy.array(numbers, dtype=float)

    def gradients(self, over: Callable[..., Any], at: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        given = {name: self.array(value) for name, value in at.items()}
        value, back = self.jax.value_and_grad(lambda given: over(self, **given))(given)
        return float(value), {name: x.tolist() for name, x in back.items()}

    def gelu(self, x: Any) -> Any:
        return self.jax.nn.gelu(x, approximate=False)

    def norm(self, x: Any, axis: int | None = None) -> Any:
        return self.jax.numpy.sqrt(self.jax.numpy.sum(x * x, axis))

    def logsumexp(self, x: Any, axis: int | None = None) -> Any:
        return self.jax.scipy.special.logsumexp(x, axis)

    def det(self, x: Any) -> Any:
        return self.jax.numpy.linalg.det(x)

    def inv(self, x: Any) -> Any:
        return self.jax.numpy.linalg.inv(x)

    def solve(self, a: Any, b: Any) -> Any:
        return self.jax.numpy.linalg.solve(a, b)

    def softmax(self, x: Any) -> Any:
        return self.jax.nn.softmax(x, -1)

    def logsoftmax(self, x: Any) -> Any:
        return self.jax.nn.log_softmax(x, -1)

    def cross_entropy(self, x: Any, target: Any) -> Any:
        shares = self.jax.nn.one_hot(self.jax.numpy.array(target), x.shape[-1]) if isinstance(target, list) else target
        return -self.jax.numpy.mean(self.jax.numpy.sum(shares * self.logsoftmax(x), -1))


def _flat(entry: Any) -> list[float]:
    numbers, rest = [], [entry]
    while rest:
        last = rest.pop()
        if isinstance(last, list):
            rest += last
        else:
            numbers.append(last)
    return numbers


def differ(one: Any, other: Any) -> float:
    """The largest difference of two nests of numbers, relative to their largest entry."""
    a, b = _flat(one), _flat(other)
    if len(a) != len(b):
        return math.inf
    largest = max([1.0, *map(abs, a)])
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) / largest


def record(backends: list[Any]) -> list[dict[str, Any]]:
    """What the first backend says to every program, where the others agree."""
    found = []
    for program in programs():
        at = program.point()
        answers = [backend.gradients(program.over, at) for backend in backends]
        (value, back), *others = answers
        for backend, (again, also) in zip(backends[1:], others, strict=True):
            apart = max([differ(value, again), *(differ(back[name], also[name]) for name in back)])
            if apart > AGREE:
                raise SystemExit(f"{program.text} at {at}: {backends[0].name} and {backend.name} differ by {apart}")
        found.append({"program": program.text, "at": at, "value": value, "gradients": back})
    return found


if __name__ == "__main__":
    libraries = [Torch(), Jax()]
    entries = record(libraries)
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    by = " and ".join(library.name for library in libraries)
    (HERE / "arrays.json").write_text(f'{{"by":"{by}","programs":[\n{lines}\n]}}\n')
    print(f"{len(entries)} programs by {by}")
