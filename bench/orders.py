"""What big graphs and higher orders cost: a tape of a million lines, Hessians, products with them, the 20th derivative.

    python bench/orders.py [--rounds N] [--lines N]

Every tool runs in processes of its own, in turn, one a round; the tables show medians. `first` is the first time in a
process in which the tool was imported and has answered a small question of the same kind, `again` the same question
once more. gradcli is called through its Python face, with reading the text; the others get what their users would
write. Tools that are not installed are named, not skipped, and so is what gradcli does not have yet.
"""

import argparse
import importlib.util
import json
import math
import os
import platform
import statistics
import subprocess
import sys
from typing import Any

COMMON = """
import gc, json, sys, time
def seconds(work):
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found
def resident():
    try:
        with open("/proc/self/statm") as sizes:
            return int(sizes.read().split()[1]) * 4096
    except OSError:
        return float("nan")
"""

# A pendulum, five lines a step: p = p - h*sin(q), then q = q + h*p. `build(steps)` writes it, and runs it in tools that
# compute at once; `forward()` gives the last angle, `backward()` its derivatives by the first angle and speed.
PENDULUM = """
LINES = int(sys.argv[1])
steps = LINES // 5
def calls():
    def call(a, b):
        return a
    for _ in range(steps):
        call(1, 2), call(1, 2), call(1, 2), call(1, 2), call(1, 2)
build(20)
forward()
backward()
gc.collect()
floor, _ = seconds(calls)
before = resident()
built, _ = seconds(lambda: build(steps))
there, value = seconds(forward)
back, slopes = seconds(backward)
size = (resident() - before) / LINES
floor = (floor + seconds(calls)[0]) / 2
print(json.dumps({"build": built / LINES, "forward": there / LINES, "backward": back / LINES, "bytes": size,
                  "floor": floor / LINES, "ratio": (built + there + back) / floor,
                  "checked": [float(value), *map(float, slopes)]}))
"""
AT_ONCE = "def forward():\n    return float(value_of(q))\n"  # such a tool has computed while it was building

GRAPHS: dict[str, tuple[str, float, str]] = {  # what is imported, the most lines it is asked for, the code
    "gradcli.Tape": (
        "gradcli",
        1e9,
        """
import gradcli
def build(steps):
    global tape, q
    tape = gradcli.Tape()
    sin, mul, add, sub = tape.sin, tape.mul, tape.add, tape.sub
    q, p, h = tape.variable("q"), tape.variable("p"), tape.constant(0.001)
    for _ in range(steps):
        p = sub(p, mul(h, sin(q)))
        q = add(q, mul(h, p))
def forward():
    global found
    found = tape.run(q, q=1.0, p=0.5)
    return found.value
def backward():
    slopes = found.gradients
    return slopes["q"], slopes["p"]
""",
    ),
    "a class like micrograd's": (
        "sys",
        2e4,
        """
import math
class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._backward, self._prev = data, 0.0, lambda: None, set(children)
    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out
    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out
    def __neg__(self):
        return self * MINUS
    def __sub__(self, other):
        return self + (-other)
    def sin(self):
        out = Value(math.sin(self.data), (self,))
        def _backward():
            self.grad += math.cos(self.data) * out.grad
        out._backward = _backward
        return out
    def backward(self):
        order, seen, waiting = [], set(), [(self, False)]
        while waiting:  # micrograd's own sort calls itself, and stops at Python's recursion limit
            value, ready = waiting.pop()
            if ready:
                order.append(value)
            elif value not in seen:
                seen.add(value)
                waiting.append((value, True))
                waiting += [(child, False) for child in value._prev]
        self.grad = 1.0
        for value in reversed(order):
            value._backward()
MINUS = Value(-1.0)
def build(steps):
    global q, first
    q, p, h = Value(1.0), Value(0.5), Value(0.001)
    first = q, p
    for _ in range(steps):
        p = p - h * q.sin()
        q = q + h * p
def value_of(q):
    return q.data
def backward():
    q.backward()
    return [value.grad for value in first]
"""
        + AT_ONCE,
    ),
    "casadi, SX": (
        "casadi",
        2e4,
        """
import casadi
def build(steps):
    global q, first
    first = q, p = casadi.SX.sym("q"), casadi.SX.sym("p")
    for _ in range(steps):
        p = p - 0.001 * casadi.sin(q)
        q = q + 0.001 * p
def forward():
    return casadi.Function("f", first, [q])(1.0, 0.5)
def backward():
    slopes = casadi.gradient(q, casadi.vertcat(*first))
    found = casadi.Function("g", first, [slopes])(1.0, 0.5)
    return float(found[0]), float(found[1])
""",
    ),
    "torch": (
        "torch",
        2e4,
        """
import torch
def build(steps):
    global q, first
    first = q, p = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (1.0, 0.5)]
    for _ in range(steps):
        p = p - 0.001 * torch.sin(q)
        q = q + 0.001 * p
def value_of(q):
    return q.item()
def backward():
    return torch.autograd.grad(q, first)
"""
        + AT_ONCE,
    ),
    "autograd": (
        "autograd",
        1e3,
        """
import autograd, autograd.numpy as anp
def build(steps):
    global count
    count = steps
def pendulum(q, p):
    for _ in range(count):
        p = p - 0.001 * anp.sin(q)
        q = q + 0.001 * p
    return q
def forward():
    return pendulum(1.0, 0.5)
def backward():
    return autograd.grad(pendulum, argnum=(0, 1))(1.0, 0.5)
""",
    ),
    "jax, without jit": (
        "jax",
        1e3,
        """
import jax
jax.config.update("jax_enable_x64", True)
def build(steps):
    global count
    count = steps
def pendulum(q, p):
    for _ in range(count):
        p = p - 0.001 * jax.numpy.sin(q)
        q = q + 0.001 * p
    return q
def forward():
    return pendulum(1.0, 0.5)
def backward():
    return jax.grad(pendulum, argnums=(0, 1))(1.0, 0.5)
""",
    ),
}

ROSENBROCK = """
COUNT = 200
point = [1.0 + 0.01 * (7 * k % 11) for k in range(COUNT)]
along = [0.5 - (k % 3) for k in range(COUNT)]
def measured(hessian, hvp, small):
    small()
    report = {}
    for name, work in ("hessian", hessian), ("hvp", hvp):
        if work is None:
            continue
        try:
            first, found = seconds(work)
            report[name] = {"first": first, "again": min(seconds(work)[0] for _ in range(3)), "checked": found()}
        except MISSING as error:
            report[name] = {"missing": str(error)}
    print(json.dumps(report))
MISSING = ()
"""
VECTORISED = """
def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
"""
OF_GRADCLI = """
import gradcli
import numpy
MISSING = (AttributeError, gradcli.GradError)
"""
SECOND_ORDER: dict[str, tuple[str, str]] = {
    "gradcli, 200 scalars": (
        "gradcli",
        OF_GRADCLI
        + """
names = [f"x{k}" for k in range(COUNT)]
def text(count):
    pairs = zip(names[:count], names[1:count])
    return " + ".join(f"100*({b} - {a}^2)^2 + (1 - {a})^2" for a, b in pairs)
whole, at, to = text(COUNT), dict(zip(names, point)), dict(zip(names, along))
def small():
    few = {name: at[name] for name in names[:3]}
    gradcli.hessian(text(3), at=few), gradcli.hvp(text(3), at=few, along=few)
def hessian():
    found = gradcli.hessian(whole, at=at)
    return lambda: [found.value, float(numpy.sum(found.matrix))]
def hvp():
    found = gradcli.hvp(whole, at=at, along=to)
    return lambda: [found.value, sum(found.hvp.values())]
measured(hessian, hvp, small)
""",
    ),
    "gradcli, an array": (
        "gradcli",
        OF_GRADCLI
        + """
whole = "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)"
def small():
    gradcli.hessian(whole, x=point[:3]), gradcli.hvp(whole, x=point[:3], along={"x": along[:3]})
def hessian():
    found = gradcli.hessian(whole, x=point)
    return lambda: [found.value, float(numpy.sum(found.matrix))]
def hvp():
    found = gradcli.hvp(whole, x=point, along={"x": along})
    return lambda: [found.value, float(numpy.sum(found.hvp["x"]))]
measured(hessian, hvp, small)
""",
    ),
    "autograd": (
        "autograd",
        VECTORISED
        + """
import autograd, numpy
x, v = numpy.array(point), numpy.array(along)
def hessian():
    found = autograd.hessian(rosenbrock)(x)
    return lambda: [float(rosenbrock(x)), float(found.sum())]
def hvp():
    found = autograd.hessian_vector_product(rosenbrock)(x, v)
    return lambda: [float(rosenbrock(x)), float(found.sum())]
measured(hessian, hvp, lambda: autograd.hessian(rosenbrock)(x[:3]))
""",
    ),
    "casadi, SX": (
        "casadi",
        VECTORISED
        + """
import casadi
def written(count):
    x = casadi.SX.sym("x", count)
    return x, casadi.sum1(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
def hessian(count=COUNT):
    x, f = written(count)
    found = casadi.Function("h", [x], [f, casadi.hessian(f, x)[0]])(point[:count])
    return lambda: [float(found[0]), float(casadi.sum1(casadi.sum2(found[1])))]
def hvp(count=COUNT):
    x, f = written(count)
    product = casadi.jtimes(casadi.gradient(f, x), x, casadi.DM(along[:count]))
    found = casadi.Function("p", [x], [f, product])(point[:count])
    return lambda: [float(found[0]), float(casadi.sum1(found[1]))]
measured(hessian, hvp, lambda: (hessian(3), hvp(3)))
""",
    ),
    "torch": (
        "torch",
        VECTORISED
        + """
import torch
x, v = torch.tensor(point, dtype=torch.float64), torch.tensor(along, dtype=torch.float64)
def hessian():
    found = torch.func.hessian(rosenbrock)(x)
    return lambda: [rosenbrock(x).item(), found.sum().item()]
def hvp():
    _, found = torch.autograd.functional.hvp(rosenbrock, x, v)
    return lambda: [rosenbrock(x).item(), found.sum().item()]
measured(hessian, hvp, lambda: torch.func.hessian(rosenbrock)(x[:3]))
""",
    ),
    "jax, jit": (
        "jax",
        VECTORISED
        + """
import jax, numpy
jax.config.update("jax_enable_x64", True)
x, v = numpy.array(point), numpy.array(along)
dense = jax.jit(jax.hessian(rosenbrock))
product = jax.jit(lambda x, v: jax.jvp(jax.grad(rosenbrock), (x,), (v,))[1])
def hessian():
    found = jax.block_until_ready(dense(x))
    return lambda: [float(rosenbrock(x)), float(found.sum())]
def hvp():
    found = jax.block_until_ready(product(x, v))
    return lambda: [float(rosenbrock(x)), float(found.sum())]
measured(hessian, hvp, lambda: dense(x[:3]).sum() + product(x[:3], v[:3]).sum())
""",
    ),
}

# The 10th and the 20th derivative of sin(x)*exp(x^2) at 1, by mpmath with 60 digits
EXACT = {"10": 847275.3043020682, "20": -211014032057002.75}
NTH = """
def measured(work, orders, small):
    small()
    report = {}
    for n in orders:
        try:
            first, found = seconds(lambda: work(n))
            report[n] = {"first": first, "again": min(seconds(lambda: work(n))[0] for _ in range(3)), "found": found}
        except MISSING as error:
            report[n] = {"missing": str(error)}
    print(json.dumps(report))
MISSING = ()
"""
NESTED = """
def work(n):
    f = function
    for _ in range(n):
        f = derivative(f)
    return float(f(ONE))
measured(work, [10], lambda: work(2))
"""
HIGH_ORDER: dict[str, tuple[str, str]] = {
    "gradcli": (
        "gradcli",
        """
import gradcli
MISSING = gradcli.GradError
def work(n):
    return gradcli.evaluate(f"d(sin(x)*exp(x^2), x, {n})", x=1).value
measured(work, [10, 20], lambda: gradcli.evaluate("d(x*sin(x), x, 9)", x=1))
""",
    ),
    "jax.experimental.jet": (
        "jax",
        """
import jax
from jax.experimental.jet import jet
jax.config.update("jax_enable_x64", True)
def function(x):
    return jax.numpy.sin(x) * jax.numpy.exp(x * x)
def work(n):
    return float(jet(function, (1.0,), ([1.0] + [0.0] * (n - 1),))[1][-1])
measured(work, [10, 20], lambda: work(2))
""",
    ),
    "casadi, SX": (
        "casadi",
        """
import casadi
def work(n):
    x = casadi.SX.sym("x")
    f = casadi.sin(x) * casadi.exp(x ** 2)
    for _ in range(n):
        f = casadi.gradient(f, x)
    return float(casadi.Function("f", [x], [f])(1.0))
measured(work, [10], lambda: work(2))
""",
    ),
    "symengine": (
        "symengine",
        """
import symengine
def work(n):
    x = symengine.Symbol("x")
    return float((symengine.sin(x) * symengine.exp(x ** 2)).diff(x, n).subs({x: 1.0}))
measured(work, [10, 20], lambda: work(2))
""",
    ),
    "sympy": (
        "sympy",
        """
import sympy
def work(n):
    x = sympy.Symbol("x")
    return float(sympy.diff(sympy.sin(x) * sympy.exp(x ** 2), x, n).evalf(subs={x: 1}))
measured(work, [10], lambda: work(2))
""",
    ),
    "mpmath.diff": (
        "mpmath",
        """
import mpmath
def work(n):
    return float(mpmath.diff(lambda x: mpmath.sin(x) * mpmath.exp(x * x), 1, n))
measured(work, [10, 20], lambda: work(2))
""",
    ),
    "torch, nested": (
        "torch",
        """
import torch
ONE = torch.tensor(1.0, dtype=torch.float64)
def function(x):
    return torch.sin(x) * torch.exp(x * x)
derivative = torch.func.grad
"""
        + NESTED,
    ),
    "autograd, nested": (
        "autograd",
        """
import autograd, autograd.numpy as anp
ONE = 1.0
def function(x):
    return anp.sin(x) * anp.exp(x * x)
derivative = autograd.grad
"""
        + NESTED,
    ),
}


def run(code: str, *arguments: str) -> dict[str, Any]:
    """What one process of a tool reports."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COMMON + code, *arguments], capture_output=True, text=True,
        check=False, env=environment,
    )  # fmt: skip
    if done.returncode:
        return {"failed": done.stderr.strip().rpartition("\n")[2]}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def in_turn(codes: dict[Any, tuple[str, list[str]]], rounds: int) -> dict[Any, list[dict[str, Any]]]:
    """The reports of every tool, one process of each a round."""
    reports: dict[Any, list[dict[str, Any]]] = {name: [] for name in codes}
    for _ in range(rounds):
        for name, (code, arguments) in codes.items():
            reports[name].append(run(code, *arguments))
    return reports


def middle(reports: list[dict[str, Any]], *path: str) -> float:
    """The median over the rounds of the number at PATH; nan where there is none."""
    found = []
    for report in reports:
        for step in path:
            report = report.get(step, {})  # type: ignore[assignment]
        if isinstance(report, (int, float)):
            found.append(float(report))
    return statistics.median(found) if found else float("nan")


def shown(number: float, digits: int = 2) -> str:
    return "" if number != number else f"{number:.{digits}f}"


def graphs(rounds: int, lines: int) -> None:
    """The table of big graphs."""
    codes: dict[Any, tuple[str, list[str]]] = {}
    for name, (module, most, code) in GRAPHS.items():
        if installed(module):
            for size in (100_000, lines) if most > 1e5 else (int(most),):
                codes[name, size] = (code + PENDULUM, [str(size)])
    reports = in_turn(codes, rounds)
    heads = ("a pendulum, written in a loop", "lines", "us a line: build", "forward", "backward", "all", "x a call")
    print(f"| {' | '.join(heads)} | bytes a line |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for (name, size), found in reports.items():
        if "failed" in found[0]:
            print(f"| {name} | {size:,} | failed: {found[0]['failed']} | | | | | |")
            continue
        parts = [1e6 * middle(found, part) for part in ("build", "forward", "backward")]
        cells = [shown(number) if number > 0.005 else "·" for number in (*parts, sum(parts))]
        ratio, size_of_line = shown(middle(found, "ratio"), 1), shown(middle(found, "bytes"), 0)
        print(f"| {name} | {size:,} | {' | '.join(cells)} | {ratio} | {size_of_line} |")
        close(f"{name} at {size}", found[0]["checked"], pendulum(size // 5))
    calls = [report for found in reports.values() for report in found]
    print(f"| a call of a function of two arguments | | | | | {shown(1e6 * middle(calls, 'floor'), 3)} | 1.0 | |")
    print("| budget | 1,000,000 | | | | 0.50 | | 200 |")
    for name, (module, _, _) in GRAPHS.items():
        if not installed(module):
            print(f"| {name} | not installed | | | | | | |")


def pendulum(steps: int) -> list[float]:
    """The last angle and its two derivatives, by tangents."""
    q, p, by_first, by_speed = 1.0, 0.5, [1.0, 0.0], [0.0, 1.0]  # tangents of q and of p
    for _ in range(steps):
        slope = 0.001 * math.cos(q)
        p -= 0.001 * math.sin(q)
        q += 0.001 * p
        for tangent in (by_first, by_speed):
            tangent[1] -= slope * tangent[0]
            tangent[0] += 0.001 * tangent[1]
    return [q, by_first[0], by_speed[0]]


def second_order(rounds: int) -> None:
    """The table of Hessians and products with them."""
    codes = {name: (ROSENBROCK + code, []) for name, (module, code) in SECOND_ORDER.items() if installed(module)}
    reports = in_turn(codes, rounds)
    print("\n| Rosenbrock's function of 200 variables, ms | Hessian: first | again | product with it: first | again |")
    print("|---|---:|---:|---:|---:|")
    expected: dict[str, Any] = {}
    for name, found in reports.items():
        cells = []
        for part in ("hessian", "hvp"):
            report = found[0].get(part, {"missing": found[0].get("failed", "")})
            if "missing" in report:
                cells += [report["missing"] or "not there", ""]
                continue
            cells += [shown(1e3 * middle(found, part, when)) for when in ("first", "again")]
            close(f"{name}, {part}", report["checked"], expected.setdefault(part, report["checked"]))
        print(f"| {name} | {' | '.join(cells)} |")
    print("| budget | 40 | | 5 | |")
    for name, (module, _) in SECOND_ORDER.items():
        if not installed(module):
            print(f"| {name} | not installed | | | |")


def high_order(rounds: int) -> None:
    """The table of n-th derivatives."""
    codes = {name: (NTH + code, []) for name, (module, code) in HIGH_ORDER.items() if installed(module)}
    reports = in_turn(codes, rounds)
    heads = ("n-th derivative of sin(x)\\*exp(x^2) at 1, ms", *(f"n = {n}: first | again | error" for n in EXACT))
    print(f"\n| {' | '.join(heads)} |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, found in reports.items():
        cells = []
        for n, exact in EXACT.items():
            report = found[0].get(n, {"missing": found[0].get("failed", "")})
            if "missing" in report:
                cells += [report["missing"], "", ""]
                continue
            cells += [shown(1e3 * middle(found, n, when)) for when in ("first", "again")]
            cells.append(f"{abs(report['found'] / exact - 1):.0e}")
        print(f"| {name} | {' | '.join(cells)} |")
    print("| budget | 1 | | 1e-13 | 1 | | 1e-13 |")
    for name, (module, _) in HIGH_ORDER.items():
        if not installed(module):
            print(f"| {name} | not installed | | | | | |")


SWELL = """
import gradcli
try:
    found = gradcli.compare("sin(x)*exp(x^2)", x=1, by="order", order=8).as_object()["orders"]
    print(json.dumps({"orders": [[way and way["lines"] for way in (o["written"], o["optimised"])] for o in found]}))
except (TypeError, AttributeError, gradcli.GradError) as error:
    print(json.dumps({"failed": str(error)}))
"""


def swell() -> None:
    """The table of graph sizes."""
    found = run(SWELL)
    print("\n| lines of the graph of the n-th derivative, by nested reverse sweeps | as written | optimised |")
    print("|---|---:|---:|")
    for n, sizes in enumerate(found.get("orders", [])):
        print(f"| n = {n} | {' | '.join('' if size is None else f'{size:,}' for size in sizes)} |")
    if "failed" in found:
        print(f"| {found['failed']} | | |")


def close(what: str, found: list[float], expected: list[float]) -> None:
    """Stop where a tool answers something else."""
    for a, b in zip(found, expected, strict=True):
        if abs(a - b) > 1e-9 * max(abs(a), abs(b)):
            sys.exit(f"error: {what}: {found}, and not {expected}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of the big graph (default: %(default)s)")
    chosen = parser.parse_args()
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(f"{machine}, {chosen.rounds} rounds, medians\n")
    graphs(chosen.rounds, chosen.lines)
    second_order(chosen.rounds)
    high_order(chosen.rounds)
    swell()


if __name__ == "__main__":
    main()
