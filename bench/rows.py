"""One expression over many rows: `gradcli map` beside a copy of the same bytes, numpy by hand and other tools.

    python bench/rows.py [--rows 1e7] [--rounds 5] [--peers /path/to/python]

neuron  the logistic function of 5 columns, 6 columns out        deep  some 30 operations, 4 columns in, 5 out

Files are read and written by whole processes, their start included: .npy to .npy, and csv to csv (fewer rows). In
memory only the computing counts. Every tool runs in turn, in a process of its own; the tables show medians, and medians
of the ratios to the first line within a round. Peers run on the Python of --peers; those it does not have are named.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NEURON = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
NAMES = "w0,x0,w1,x1,w2"
DEEP = (
    "a = sin(x*y) + cos(z)*x; b = exp(-a*a/4)*cos(w*x); c = tanh(a*w + b)*log(1 + z*z + exp(-y*y)); "
    "sqrt(1 + a*a + c*c)*sin(b + y) + c*cos(a - w)"
)
TABLES = """
import numpy as np
def neuron(rows):
    return np.random.default_rng(0).standard_normal((rows, 5))
def deep(rows):
    return np.random.default_rng(0).standard_normal((4, rows))
"""
HAND = """
import numpy as np
def neuron(w0, x0, w1, x1, w2):
    s = 1 / (1 + np.exp(-(w0*x0 + w1*x1 + w2)))
    g = s * (1 - s)
    return s, g*x0, g*w0, g*x1, g*w1, g
def deep(x, y, z, w):
    sxy, cz, cxy = np.sin(x*y), np.cos(z), np.cos(x*y)
    a = sxy + cz*x
    e = np.exp(-a*a/4)
    b = e*np.cos(w*x)
    f = np.exp(-y*y)
    u = 1 + z*z + f
    t, l = np.tanh(a*w + b), np.log(u)
    c = t*l
    r = np.sqrt(1 + a*a + c*c)
    sb, cb, ca, sa = np.sin(b + y), np.cos(b + y), np.cos(a - w), np.sin(a - w)
    value = r*sb + c*ca
    dc = sb*c/r + ca
    dq = dc*l*(1 - t*t)
    db = r*cb + dq
    da = sb*a/r - c*sa + dq*w - db*b*a/2
    dl = dc*t/u
    s = db*e*np.sin(w*x)
    return value, da*(cxy*y + cz) - s*w, da*cxy*x + r*cb - 2*dl*f*y, 2*dl*z - da*np.sin(z)*x, c*sa + dq*a - s*x
"""
TORCH = """
import torch
def gradients(function, columns):
    columns = [torch.from_numpy(column).requires_grad_() for column in columns]
    value = function(*columns)
    return [value.detach(), *torch.autograd.grad(value.sum(), columns)]
def neuron(*columns):
    return gradients(lambda w0, x0, w1, x1, w2: torch.sigmoid(w0*x0 + w1*x1 + w2), columns)
def of(x, y, z, w):
    a = torch.sin(x*y) + torch.cos(z)*x
    b = torch.exp(-a*a/4)*torch.cos(w*x)
    c = torch.tanh(a*w + b)*torch.log(1 + z*z + torch.exp(-y*y))
    return torch.sqrt(1 + a*a + c*c)*torch.sin(b + y) + c*torch.cos(a - w)
def deep(*columns):
    return gradients(of, columns)
"""
AUTOGRAD = """
import autograd.numpy as anp
from autograd import value_and_grad
def gradients(function, columns):
    total = lambda *columns: anp.sum(function(*columns))
    from autograd import grad
    return [function(*columns), *grad(total, tuple(range(len(columns))))(*columns)]
def neuron(*columns):
    return gradients(lambda w0, x0, w1, x1, w2: 1/(1 + anp.exp(-(w0*x0 + w1*x1 + w2))), columns)
def of(x, y, z, w):
    a = anp.sin(x*y) + anp.cos(z)*x
    b = anp.exp(-a*a/4)*anp.cos(w*x)
    c = anp.tanh(a*w + b)*anp.log(1 + z*z + anp.exp(-y*y))
    return anp.sqrt(1 + a*a + c*c)*anp.sin(b + y) + c*anp.cos(a - w)
def deep(*columns):
    return gradients(of, columns)
"""
JAX = """
import jax, jax.numpy as jnp
jax.config.update("jax_enable_x64", True)
def made(function, many):
    return jax.jit(jax.vmap(jax.value_and_grad(function, tuple(range(many)))))
of_neuron = made(lambda w0, x0, w1, x1, w2: jax.nn.sigmoid(w0*x0 + w1*x1 + w2), 5)
def of(x, y, z, w):
    a = jnp.sin(x*y) + jnp.cos(z)*x
    b = jnp.exp(-a*a/4)*jnp.cos(w*x)
    c = jnp.tanh(a*w + b)*jnp.log(1 + z*z + jnp.exp(-y*y))
    return jnp.sqrt(1 + a*a + c*c)*jnp.sin(b + y) + c*jnp.cos(a - w)
of_deep = made(of, 4)
def flat(found):
    value, gradients = jax.block_until_ready(found)
    return [value, *gradients]
def neuron(*columns):
    return flat(of_neuron(*columns))
def deep(*columns):
    return flat(of_deep(*columns))
"""
NUMEXPR = """
import numexpr as ne
def neuron(w0, x0, w1, x1, w2):
    s = ne.evaluate("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))")
    g = ne.evaluate("s*(1 - s)")
    return s, ne.evaluate("g*x0"), ne.evaluate("g*w0"), ne.evaluate("g*x1"), ne.evaluate("g*w1"), g
def deep(x, y, z, w):
    a = ne.evaluate("sin(x*y) + cos(z)*x")
    b = ne.evaluate("exp(-a*a/4)*cos(w*x)")
    u = ne.evaluate("1 + z*z + exp(-y*y)")
    t = ne.evaluate("tanh(a*w + b)")
    c = ne.evaluate("t*log(u)")
    r = ne.evaluate("sqrt(1 + a*a + c*c)")
    dc = ne.evaluate("sin(b + y)*c/r + cos(a - w)")
    dq = ne.evaluate("dc*log(u)*(1 - t*t)")
    db = ne.evaluate("r*cos(b + y) + dq")
    da = ne.evaluate("sin(b + y)*a/r - c*sin(a - w) + dq*w - db*b*a/2")
    s = ne.evaluate("db*exp(-a*a/4)*sin(w*x)")
    return (
        ne.evaluate("r*sin(b + y) + c*cos(a - w)"),
        ne.evaluate("da*(cos(x*y)*y + cos(z)) - s*w"),
        ne.evaluate("da*cos(x*y)*x + r*cos(b + y) - 2*dc*t/u*exp(-y*y)*y"),
        ne.evaluate("2*dc*t/u*z - da*sin(z)*x"),
        ne.evaluate("c*sin(a - w) + dq*a - s*x"),
    )
"""
FILES = """
import sys
import numpy as np
table = np.load(sys.argv[1])
np.save(sys.argv[2], np.stack([np.asarray(column) for column in neuron(*np.ascontiguousarray(table.T))], axis=1))
"""
FILES_BY_HAND = """
import sys
table = np.load(sys.argv[1])
np.save(sys.argv[2], np.stack(neuron(*table.T), axis=1))
"""
COPY = """
import os, sys
source, target = open(sys.argv[1], "rb", 0), open(sys.argv[2], "wb", 0)
buffer = bytearray(1 << 20)
while count := source.readinto(buffer):
    target.write(memoryview(buffer)[:count])
    target.write(memoryview(buffer)[:count // 5])
"""
FLAT = """
import csv, math, sys
with open(sys.argv[1], newline="") as source, open(sys.argv[2], "w", newline="") as target:
    rows, found = csv.reader(source), csv.writer(target)
    next(rows)
    found.writerow(["value", "d_w0", "d_x0", "d_w1", "d_x1", "d_w2"])
    for row in rows:
        w0, x0, w1, x1, w2 = map(float, row)
        s = 1 / (1 + math.exp(-(w0*x0 + w1*x1 + w2)))
        g = s * (1 - s)
        found.writerow([s, g*x0, g*w0, g*x1, g*w1, g])
"""
MEMORY = """
import json, sys, time
rows, case = int(sys.argv[1]), sys.argv[2]
columns = {"neuron": lambda: list(np.ascontiguousarray(tables.neuron(rows).T)), "deep": lambda: list(tables.deep(rows))}
given = columns[case]()
function = {"neuron": neuron, "deep": deep}[case]
function(*[column[:1000] for column in given])
function(*given)
taken = []
for _ in range(3):
    start = time.perf_counter()
    found = function(*given)
    taken.append(time.perf_counter() - start)
print(json.dumps([min(taken), float(np.nansum(np.asarray(found[0]))), float(np.nansum(np.asarray(found[1])))]))
"""
OURS = """
from gradcli.batch.program import Rows
from gradcli.language.question import Options
def kernel_of(text, names):
    program = Rows(text, names, {}, Options()).program
    assert program.columns == names
    order = [["value", *(f"d_{name}" for name in names)].index(name) for name in program.names]
    return made(program), order
def over(kernel_and_order):
    kernel, order = kernel_and_order
    kept = []
    def run(*columns):
        if not kept or kept[0].shape[1] != len(columns[0]):
            kept[:] = [np.empty((len(order), len(columns[0])))]
        kernel.run(columns, [kept[0][place] for place in order])
        return kept[0]
    return run
neuron = over(kernel_of(NEURON, NAMES.split(",")))
deep = over(kernel_of(DEEP, list("xyzw")))
"""
BY_NUMPY = """
import numpy as np
from concurrent.futures import ThreadPoolExecutor
from gradcli.codegen.rows import Kernel
THREADS = 2
class Threaded:
    def __init__(self, program):
        self.kernel, self.pool = Kernel(program), ThreadPoolExecutor(THREADS)
    def run(self, inputs, outputs):
        step = 8 * self.kernel.block
        parts = [slice(start, start + step) for start in range(0, len(inputs[0]), step)]
        list(self.pool.map(lambda s: self.kernel.run([x[s] for x in inputs], [y[s] for y in outputs]), parts))
made = Threaded
"""
IN_C = """
import numpy as np
from gradcli.codegen.native import compiled as made
"""
LIMIT = """
import numpy as np
kept = []
def neuron(*columns):
    if not kept or kept[0].shape[1] != len(columns[0]):
        kept[:] = [np.empty((len(columns) + 1, len(columns[0])))]
    for place, column in enumerate([*columns, columns[0]]):
        np.positive(column, kept[0][place])
    return kept[0]
deep = neuron
"""
PEERS = {"torch": TORCH, "jax": JAX, "autograd": AUTOGRAD, "numexpr": NUMEXPR}


def script(*parts: str) -> str:
    """A script that has the tables and the expressions at hand."""
    head = f"import types\ntables = types.ModuleType('tables')\nexec({TABLES!r}, tables.__dict__)\nimport numpy as np\n"
    return head + f"NEURON, NAMES, DEEP = {NEURON!r}, {NAMES!r}, {DEEP!r}\n" + "\n".join(parts)


def process(*words: str) -> tuple[float, float, str]:
    """Seconds, the largest resident memory in MiB, and what it printed."""
    env = {**os.environ, "PYTHONPATH": HERE}
    start = time.perf_counter()
    running = subprocess.Popen(words, stdout=subprocess.PIPE, env=env, text=True)
    said = running.stdout.read() if running.stdout else ""
    _, status, usage = os.wait4(running.pid, 0)
    seconds = time.perf_counter() - start
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(f"{' '.join(words)[:200]} failed")
    return seconds, usage.ru_maxrss / 1024, said


def has(python: str, module: str) -> bool:
    """Whether a Python has a module."""
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def compared(title: str, rows: float, rounds: int, tools: dict[str, list[str]], *, in_memory: bool = False) -> None:
    """Run every tool once a round, and print medians."""
    print(f"\n{title}, {rows:,.0f} rows")
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    memory: dict[str, float] = {}
    sums: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, words in tools.items():
            taken, most, said = process(*words)
            if in_memory:
                taken, *sums[name] = json.loads(said)
            seconds[name].append(taken)
            memory[name] = max(most, memory.get(name, 0))
    first = next(iter(tools))
    for name, times in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(seconds[first], times, strict=True))
        middle = statistics.median(times)
        pace = f"{middle:8.3f} s  {1e9 * middle / rows:8.1f} ns a row"
        print(f"  {name:28} {pace}  {ratio:6.2f} x  {memory[name]:7.0f} MiB")
    wanted = sums.get("numpy by hand")
    for name, found in sums.items():
        pairs = zip(found, wanted or found, strict=True)
        if name != "copy" and any(abs(a - b) > 1e-6 * abs(b) + 1e-6 for a, b in pairs):
            print(f"  {name} computed something else: {found}, not {wanted}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default=sys.executable, help="the Python that has numexpr, torch, autograd, jax")
    parser.add_argument("--only", choices=("npy", "memory", "csv"), help="one of the three parts")
    given = parser.parse_args()
    peers = [name for name in PEERS if has(given.peers, name)]
    missing = [name for name in PEERS if name not in peers]
    if missing:
        print(f"not installed: {', '.join(missing)}")
    python, rows = sys.executable, given.rows
    with tempfile.TemporaryDirectory() as folder:
        table, out = os.path.join(folder, "table.npy"), os.path.join(folder, "out.npy")
        ours = [python, "-m", "gradcli", "map", NEURON]
        if given.only in (None, "npy"):
            process(python, "-c", script(f"np.save({table!r}, tables.neuron({rows}))"))
            named = ["--columns", NAMES, "-o", out, "--kernel"]
            compared("neuron, .npy to .npy, whole processes", rows, given.rounds, {
                "numpy by hand": [python, "-c", HAND + FILES_BY_HAND, table, out],
                "copy": [python, "-c", COPY, table, out],
                "gradcli map, numpy": [*ours, table, *named, "numpy"],
                "gradcli map, C": [*ours, table, *named, "c"],
                **{name: [given.peers, "-c", PEERS[name] + FILES, table, out] for name in peers},
            })  # fmt: skip
        if given.only in (None, "memory"):
            for case in ("neuron", "deep"):
                def timed(*parts: str, by: str = python, case: str = case) -> list[str]:
                    return [by, "-c", script(*parts, MEMORY), str(rows), case]

                compared(f"{case}, in memory", rows, given.rounds, {
                    "numpy by hand": timed(HAND),
                    "copy": timed(LIMIT),
                    "gradcli, numpy": timed(BY_NUMPY, OURS),
                    "gradcli, C": timed(IN_C, OURS),
                    **{name: timed(PEERS[name], by=given.peers) for name in peers},
                }, in_memory=True)  # fmt: skip
        if given.only in (None, "csv"):
            few = max(rows // 20, 1)
            table, out = os.path.join(folder, "table.csv"), os.path.join(folder, "out.csv")
            process(python, "-c", script(
                f"np.savetxt({table!r}, tables.neuron({few}), '%.17g', ',', header={NAMES!r}, comments='')"
            ))  # fmt: skip
            compared("neuron, csv to csv, whole processes", few, given.rounds, {
                "csv.reader, flat Python": [python, "-c", FLAT, table, out],
                "gradcli map": [*ours, table, "-o", out],
                "gradcli map --jobs 1": [*ours, table, "-o", out, "--jobs", "1"],
            })  # fmt: skip


if __name__ == "__main__":
    main()
