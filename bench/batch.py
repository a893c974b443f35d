"""How many programs a second `gradcli batch` answers, beside eval with closures, torch and autograd.

    python bench/batch.py [--lines N] [--rounds R] [--peers PYTHON]

Four files of JSON Lines, value and gradients out: every expression another one; one expression with other values; one
with other literals too; and programs as text, EXPR at x=1, y=2. Each contestant is a process of its own, in rounds one
after the other, so that what disturbs one disturbs all; medians, and the ratio to eval with closures. PYTHON is one
that has torch and autograd. `command` is the whole command with its start, reading the file and writing to a pipe.
"""

import argparse
import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

NAMES = ("w0", "x0", "w1", "x1", "w2", "x", "y")
FUNCTIONS = ("sin", "cos", "exp", "log", "tanh", "sqrt", "sigmoid", "relu")
OPERATORS = ("+", "+", "-", "*", "*", "*", "/")
FEWEST, MOST = 12, 20  # tokens: names, numbers, operators, functions
KINDS = ("distinct", "values", "literals", "text")
GRADCLI = ("in process", "command", "command, 2 jobs")
PEERS = ("closures", "torch", "autograd")
SHARE = {"torch": 8, "autograd": 16}  # of the lines that a slow peer gets
PLAIN = {
    **{name: getattr(math, name) for name in ("sin", "cos", "exp", "log", "tanh", "sqrt")},
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "relu": lambda x: max(x, 0.0), "max": max,
}  # fmt: skip


# The files


def expression(chance: random.Random) -> str:
    """A random expression of FEWEST to MOST tokens."""
    while True:
        text, tokens = chance.choice(NAMES), 1
        while tokens < FEWEST:
            other = chance.choice(NAMES) if chance.random() < 0.8 else f"{chance.uniform(0.1, 3):.2f}"
            step = chance.random()
            if step < 0.25:
                text, tokens = f"{chance.choice(FUNCTIONS)}({text})", tokens + 1
            elif step < 0.35:
                text, tokens = f"({text})^{chance.choice((2, 3))}", tokens + 2
            elif step < 0.42:
                text, tokens = f"max({text}, {other})", tokens + 2
            elif step < 0.7:
                text, tokens = f"{other}*{chance.choice(NAMES)} {chance.choice('+-')} {text}", tokens + 4
            else:
                text, tokens = f"({text}){chance.choice(OPERATORS)}{other}", tokens + 2
        if tokens <= MOST:
            return text


def is_ordinary(found: Callable[[], tuple[float, dict[str, float]]]) -> bool:
    """Whether the numbers that are FOUND are finite, and there are some."""
    try:
        value, gradients = found()
    except (ArithmeticError, ValueError):
        return False
    return all(abs(number) < 1e6 for number in (value, *gradients.values()))


def point(chance: random.Random, names: tuple[str, ...]) -> dict[str, float]:
    return {name: round(chance.uniform(-2, 2), 3) for name in names}


def questions(kind: str, count: int, seed: int = 1) -> Iterator[tuple[str, dict[str, float]]]:
    """COUNT programs and points, the same for a seed."""
    chance, answer = random.Random(seed), closures()
    found = 0
    while found < count:
        if kind in ("distinct", "text"):
            text = expression(chance)
            words = set(re.findall(r"\w+", text))
            at = point(chance, tuple(name for name in NAMES if name in words))
        elif kind == "values":
            text, at = "1/(1+exp(-(w0*x0+w1*x1+w2)))", point(chance, NAMES[:5])
        else:
            a, b, c = (f"{chance.uniform(0.1, 4):.3f}" for _ in range(3))
            text, at = f"{a}*sin({b}*x + y)^2 + x*y/{c}", point(chance, ("x", "y"))
        if is_ordinary(lambda: answer(text, at)):  # noqa: B023
            found += 1
            yield text, at


def lines(kind: str, count: int) -> list[str]:
    """The file as lines."""
    if kind == "text":
        return [
            f"{text} at {', '.join(f'{name}={value}' for name, value in at.items())}"
            for text, at in questions(kind, count)
        ]
    return [
        json.dumps({"id": number, "expr": text, "at": at}) for number, (text, at) in enumerate(questions(kind, count))
    ]


# The contestants: each answers lines of JSON by lines of JSON


def closures() -> Callable[[str, dict[str, float]], tuple[float, dict[str, float]]]:
    """Python's eval over numbers that remember how to pull back, as micrograd does it."""

    class Value:
        __slots__ = ("data", "grad", "operands", "pull")

        def __init__(self, data: float, operands: tuple[Any, ...] = (), pull: Any = None) -> None:
            self.data, self.grad, self.operands, self.pull = data, 0.0, operands, pull

        def __add__(self, other: Any) -> "Value":
            other = other if isinstance(other, Value) else Value(other)
            out = Value(self.data + other.data, (self, other))

            def pull() -> None:
                self.grad += out.grad
                other.grad += out.grad

            out.pull = pull
            return out

        def __mul__(self, other: Any) -> "Value":
            other = other if isinstance(other, Value) else Value(other)
            out = Value(self.data * other.data, (self, other))

            def pull() -> None:
                self.grad += other.data * out.grad
                other.grad += self.data * out.grad

            out.pull = pull
            return out

        def __pow__(self, n: float) -> "Value":
            out = Value(self.data**n, (self,))

            def pull() -> None:
                self.grad += n * self.data ** (n - 1) * out.grad

            out.pull = pull
            return out

        def __neg__(self) -> "Value":
            return self * -1.0

        def __sub__(self, other: Any) -> "Value":
            return self + -other

        def __rsub__(self, other: Any) -> "Value":
            return -self + other

        def __truediv__(self, other: Any) -> "Value":
            return self * (other**-1)

        def __rtruediv__(self, other: Any) -> "Value":
            return self**-1 * other

        __radd__, __rmul__ = __add__, __mul__

        def backward(self) -> None:
            order, seen, stack = [], set(), [(self, False)]
            while stack:
                value, done = stack.pop()
                if done:
                    order.append(value)
                elif id(value) not in seen:
                    seen.add(id(value))
                    stack.append((value, True))
                    stack.extend((operand, False) for operand in value.operands)
            self.grad = 1.0
            for value in reversed(order):
                if value.pull is not None:
                    value.pull()

    def unary(forward: Any, local: Any) -> Any:
        def apply(x: Any) -> Value:
            x = x if isinstance(x, Value) else Value(x)
            y = forward(x.data)
            out = Value(y, (x,))

            def pull() -> None:
                x.grad += local(x.data, y) * out.grad

            out.pull = pull
            return out

        return apply

    def larger(a: Any, b: Any) -> Any:
        x, y = (v if isinstance(v, Value) else Value(v) for v in (a, b))
        return x if x.data > y.data else y

    world = {
        "sin": unary(math.sin, lambda x, y: math.cos(x)), "cos": unary(math.cos, lambda x, y: -math.sin(x)),
        "exp": unary(math.exp, lambda x, y: y), "log": unary(math.log, lambda x, y: 1 / x),
        "tanh": unary(math.tanh, lambda x, y: 1 - y * y), "sqrt": unary(math.sqrt, lambda x, y: 0.5 / y),
        "sigmoid": unary(PLAIN["sigmoid"], lambda x, y: y * (1 - y)),
        "relu": unary(PLAIN["relu"], lambda x, y: float(x > 0)), "max": larger,
    }  # fmt: skip

    def answer(text: str, at: dict[str, float]) -> tuple[float, dict[str, float]]:
        leaves = {name: Value(value) for name, value in at.items()}
        out = eval(text.replace("^", "**"), world, leaves)  # noqa: S307
        out.backward()
        return out.data, {name: leaf.grad for name, leaf in leaves.items()}

    return answer


def torch() -> Callable[[str, dict[str, float]], tuple[float, dict[str, float]]]:
    """Python's eval over tensors of one double."""
    import torch

    torch.set_num_threads(1)
    world = {name: getattr(torch, name) for name in FUNCTIONS}
    world["max"] = lambda a, b: torch.maximum(*(torch.as_tensor(v, dtype=torch.float64) for v in (a, b)))

    def answer(text: str, at: dict[str, float]) -> tuple[float, dict[str, float]]:
        leaves = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in at.items()}
        out = eval(text.replace("^", "**"), world, leaves)  # noqa: S307
        out.backward()
        return out.item(), {name: 0.0 if leaf.grad is None else leaf.grad.item() for name, leaf in leaves.items()}

    return answer


def autograd() -> Callable[[str, dict[str, float]], tuple[float, dict[str, float]]]:
    """Python's eval over the boxes of autograd."""
    import autograd
    import autograd.numpy as np

    world = {name: getattr(np, name) for name in ("sin", "cos", "exp", "log", "tanh", "sqrt")}
    world |= {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "relu": lambda x: np.maximum(x, 0.0), "max": np.maximum}

    def answer(text: str, at: dict[str, float]) -> tuple[float, dict[str, float]]:
        code = compile(text.replace("^", "**"), "<text>", "eval")
        names = list(at)
        pulled = autograd.value_and_grad(
            lambda *values: eval(code, world, dict(zip(names, values, strict=True))),  # noqa: S307
            tuple(range(len(names))),
        )
        value, gradients = pulled(*at.values())
        return float(value), {name: float(g) for name, g in zip(names, gradients, strict=True)}

    return answer


def peer(name: str, text: list[str]) -> list[str]:
    """The answers of a peer to lines of JSON."""
    answer = {"closures": closures, "torch": torch, "autograd": autograd}[name]()
    out = []
    for line in text:
        found = json.loads(line)
        value, gradients = answer(found["expr"], found["at"])
        out.append(json.dumps({"id": found["id"], "value": value, "gradients": gradients}))
    return out


def in_process(kind: str, text: list[str]) -> bytes:
    """What one worker of gradcli does with chunks of the lines."""
    from gradcli.batch.settings import Settings
    from gradcli.batch.work import make

    do, out = make(Settings().spec()), []
    for number, first in enumerate(range(0, len(text), 1000)):
        payload = "".join(f"{line}\n" for line in text[first : first + 1000]).encode()
        header = {
            "number": number, "first": first + 1, "file": "-", "format": "text" if kind == "text" else "jsonl",
        }  # fmt: skip
        out.append(do(header, payload)[1])
    return b"".join(out)


def measured(name: str, kind: str, text: list[str]) -> float:
    """Lines a second of one contestant, in this process."""
    if name == "in process":
        in_process(kind, text[:1])  # imports
        start = time.perf_counter()
        in_process(kind, text)
    else:
        peer(name, text[:1])
        start = time.perf_counter()
        peer(name, text)
    return len(text) / (time.perf_counter() - start)


def commanded(path: Path, count: int, jobs: int) -> float:
    """Lines a second of the whole command."""
    command = [sys.executable, "-m", "gradcli", "batch", str(path), "--jobs", str(jobs), "--quiet"]
    start = time.perf_counter()
    run = subprocess.run(command, capture_output=True, check=False)
    took = time.perf_counter() - start
    assert run.stdout.count(b"\n") == count, run.stderr.decode()
    return count / took


def check(count: int) -> None:
    """That gradcli and the closures answer the same, before it is said who was faster."""
    for kind in KINDS[:3]:
        text = lines(kind, count)
        for ours, theirs in zip(in_process(kind, text).splitlines(), peer("closures", text), strict=True):
            own, other = json.loads(ours), json.loads(theirs)
            assert own["id"] == other["id"]
            pairs = [(own["value"], other["value"])]
            pairs += [(own["gradients"][name], number) for name, number in other["gradients"].items()]
            close = all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in pairs)
            assert close or "notes" in own, (ours, theirs)  # a tie or a saturated gate: a convention, or lost digits


def one_round(contestant: str, kind: str, count: int, path: Path, python: str) -> float | None:
    """Lines a second, or None where a contestant is not installed or does not read such a file."""
    if contestant.startswith("command"):
        return commanded(path, count, 2 if "2" in contestant else 1)
    if kind == "text" and contestant in PEERS:
        return None
    count = count // SHARE.get(contestant, 1)
    command = [python if contestant in SHARE else sys.executable, __file__]
    command += ["--one", contestant, "--kind", kind, "--lines", str(count), "--file", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return float(run.stdout) if run.returncode == 0 else None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--kind", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(measured(given.one, given.kind, given.file.read_text("utf-8").splitlines()[: given.lines]))
        return
    check(500)
    print(f"{given.lines:,} lines, medians of {given.rounds} rounds: lines a second, and times the closures\n")
    print(f"{'':18}" + "".join(f"{kind:>18}" for kind in KINDS))
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as room:
        paths = {kind: Path(room, kind) for kind in KINDS}
        for kind, path in paths.items():
            path.write_text("".join(f"{line}\n" for line in lines(kind, given.lines)), "utf-8")
        os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
        for _ in range(given.rounds):
            for kind in KINDS:
                for contestant in (*GRADCLI, *PEERS):
                    speed = one_round(contestant, kind, given.lines, paths[kind], given.peers)
                    if speed is not None:
                        found.setdefault((contestant, kind), []).append(speed)
    for contestant in (*GRADCLI, *PEERS):
        cells = []
        for kind in KINDS:
            speeds, base = found.get((contestant, kind)), found.get(("closures", kind))
            cell = "-" if speeds is None else f"{statistics.median(speeds):,.0f}"
            if speeds and base:
                cell += f" {statistics.median([a / b for a, b in zip(speeds, base, strict=False)]):5.1f} x"
            cells.append(f"{cell:>18}")
        print(f"{contestant:18}" + "".join(cells))


if __name__ == "__main__":
    main()
