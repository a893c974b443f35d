"""What arrays cost: the loss and gradients of a two-layer network, and the overhead of a line on small arrays.

    python bench/arrays.py [--rounds N]

gradcli is called through its Python face, with reading the text, checking the shapes and looking for notes; the others
get what their users would write. Every tool runs in a process of its own, in turn with the code written by hand; the
tables show medians, and medians of the ratios within a round. Memory is the peak above what was held before the call.
Tools that are not installed are named, not skipped.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys

COMMON = """
import json, resource, statistics, sys, time
import numpy as np
rng = np.random.default_rng(0)
n = 1024
P = dict(X=rng.standard_normal((n, 512)), W1=rng.standard_normal((512, 512)) / 16, b1=rng.standard_normal(512),
         W2=rng.standard_normal((512, 10)) / 16, b2=rng.standard_normal(10), T=rng.standard_normal((n, 10)))
x = np.linspace(0.1, 0.9, 3)
DEPTH = 20
def measured(work, *arguments, times):
    work(*arguments)
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work(*arguments)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def report(network, gradient, chain):
    before = peak()
    checked = float(np.sum(np.asarray(gradient()[1])))
    grown = peak() - before
    seconds = measured(network, times=7)
    line = measured(chain, times=41) / (4 * DEPTH)
    print(json.dumps({"seconds": seconds, "memory": grown, "line": line, "checked": checked}))
"""

TOOLS = {
    "numpy by hand": (
        "numpy",
        """
def network():
    X, W1, b1, W2, b2, T = P.values()
    z = X @ W1 + b1
    h = np.maximum(z, 0)
    e = h @ W2 + b2 - T
    loss = np.sum(e * e) / n
    de = e * (2 / n)
    dW2, db2, dh = h.T @ de, de.sum(0), de @ W2.T
    dz = dh * (z > 0)
    return loss, (X.T @ dz), dz.sum(0), dW2, db2, dz @ W1.T, -de
def chain():
    v, values = x, []
    for _ in range(DEPTH):
        t, s = np.tanh(v), np.sin(v)
        p = t * x
        values.append((v, t))
        v = p + s
    total, g, gx = np.sum(v), np.ones(3), np.zeros(3)
    for v, t in reversed(values):
        gx += g * t
        g = g * x / np.cosh(v) ** 2 + g * np.cos(v)
    return total, gx + g
report(network, network, chain)
""",
    ),
    "gradcli": (
        "gradcli",
        """
import gradcli
from gradcli.autodiff import depends
from gradcli.autodiff.arrays import evaluate, pull_back
from gradcli.language.question import Options, Question
def network():
    found = gradcli.grad("sum((relu(X@W1+b1)@W2+b2-T)^2)/1024", **P)
    return found.value, found.gradients["W1"]
text = "v0 = x\\n" + "".join(f"v{k + 1} = tanh(v{k})*x + sin(v{k})\\n" for k in range(DEPTH)) + f"sum(v{DEPTH})"
question = Question(text, {"x": x}, Options())
active = depends(question.graph, question.live_sources())
def chain():
    values = evaluate(question.graph, question.point)
    return pull_back(question.graph, values, question.result, active)
report(network, network, chain)
""",
    ),
    "autograd": (
        "autograd",
        """
import autograd.numpy as anp
from autograd import value_and_grad
def loss(p):
    X, W1, b1, W2, b2, T = p
    return anp.sum((anp.maximum(X @ W1 + b1, 0) @ W2 + b2 - T) ** 2) / n
def small(x):
    v = x
    for _ in range(DEPTH):
        v = anp.tanh(v) * x + anp.sin(v)
    return anp.sum(v)
both, chain = value_and_grad(loss), value_and_grad(small)
def network():
    value, gradients = both(tuple(P.values()))
    return value, gradients[1]
report(network, network, lambda: chain(x))
""",
    ),
    "torch": (
        "torch",
        """
import torch
def network():
    X, W1, b1, W2, b2, T = [torch.from_numpy(v).requires_grad_() for v in P.values()]
    loss = ((torch.relu(X @ W1 + b1) @ W2 + b2 - T) ** 2).sum() / n
    loss.backward()
    return loss.item(), W1.grad.numpy()
def chain():
    v = w = torch.from_numpy(x).requires_grad_()
    for _ in range(DEPTH):
        v = torch.tanh(v) * w + torch.sin(v)
    v.sum().backward()
report(network, network, chain)
""",
    ),
    "jax": (
        "jax",
        """
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
def loss(p):
    X, W1, b1, W2, b2, T = p
    return jnp.sum((jax.nn.relu(X @ W1 + b1) @ W2 + b2 - T) ** 2) / n
def small(x):
    v = x
    for _ in range(DEPTH):
        v = jnp.tanh(v) * x + jnp.sin(v)
    return jnp.sum(v)
both, once = jax.jit(jax.value_and_grad(loss)), jax.value_and_grad(small)
def network():
    value, gradients = both(tuple(P.values()))
    return value.item(), np.asarray(gradients[1])
report(network, network, lambda: jax.block_until_ready(once(x)))
""",
    ),
}


def run(name: str) -> dict[str, float]:
    """One process of a tool: seconds of the network, MiB above what was held, seconds a line."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", COMMON + TOOLS[name][1]], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    rounds = parser.parse_args().rounds
    tools = [name for name, (module, _) in TOOLS.items() if importlib.util.find_spec(module)]
    hand, rest = tools[0], tools[1:]
    costs: dict[str, list[dict[str, float]]] = {name: [] for name in tools}
    ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in tools}
    for _ in range(rounds):
        for name in [hand, *rest]:
            costs[name].append(run(name))
            last, by_hand = costs[name][-1], costs[hand][-1]
            assert abs(last["checked"] - costs[hand][0]["checked"]) < 1e-6, f"{name} disagrees"
            ratios[name].append((last["seconds"] / by_hand["seconds"], last["memory"] / by_hand["memory"]))
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {rounds} rounds, medians\n")
    print("| loss and gradients of a two-layer network | ms | x by hand | MiB | x by hand | us a line, small arrays |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in tools:
        middle = {key: statistics.median(cost[key] for cost in costs[name]) for key in costs[name][0]}
        time, memory = (statistics.median(ratio[k] for ratio in ratios[name]) for k in (0, 1))
        print(
            f"| {name} | {middle['seconds'] * 1e3:.1f} | {time:.2f} | {middle['memory']:.1f} | {memory:.2f} "
            f"| {middle['line'] * 1e6:.2f} |"
        )
    for name in TOOLS.keys() - set(tools):
        print(f"| {name} | not installed | | | | |")


if __name__ == "__main__":
    main()
