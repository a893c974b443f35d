"""What compiling a program for rows brings: a loop in C, by numba, numpy by hand, and copying the same columns.

    python bench/native.py [--rows N] [--rounds N]

Two programs: a neuron, sigmoid(w1*x1 + w2*x2 + b), 5 columns in and 6 out, and 30 operations with sin, cos, exp, tanh
and log, 4 columns in and 5 out. Columns stand in memory; every one in turn, in each round, and the table shows
medians. numba gets the same lines as one function of a row in a parallel loop, which is what its users write. `first`
is what it takes to have the kernel, without what a cache would save. numba is left out where it is not installed.
"""

import argparse
import math
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.codegen.compiler import Compiler, Unavailable
from gradcli.codegen.native import compiled, cores
from gradcli.codegen.python import literal
from gradcli.codegen.rowprogram import RowProgram
from gradcli.codegen.rows import Kernel as NumpyKernel
from gradcli.graph import CONSTANT, VARIABLE
from gradcli.graph.optimise import EXACT, optimise
from gradcli.questions import Options, Question

try:
    import numba
except ImportError:
    numba = None

NEURON = "sigmoid(w1*x1 + w2*x2 + b)"
DEEP = (
    "a = sin(x*y) + cos(z*w)*exp(-x) + tanh(y*z) + log(1 + x^2)*sqrt(w); b = sin(a)*exp(cos(x + y));"
    "a*b + sin(z) + cos(w*x) + y*exp(-z)"
)
PROGRAMS = {"neuron": (NEURON, "w1 x1 w2 x2 b"), "deep": (DEEP, "x y z w")}


def program_of(source: str, names: list[str]) -> RowProgram:
    question = Question(source, dict.fromkeys(names, 0.5), Options())
    adjoints = adjoint_lines(question.graph, question.result, question.live_sources())
    lines = [question.result, *(adjoints[line] for line in question.live_sources())]
    short = optimise(question.graph, lines, EXACT)
    leaves = {short.graph.names[k]: k for k, primitive in enumerate(short.graph.primitives) if primitive is VARIABLE}
    outputs = [(name, short.moved[line]) for name, line in zip(["value", *question.sources], lines, strict=True)]
    return RowProgram(short.graph, names, [leaves[name] for name in names], outputs)


def neuron_by_hand(w1: Any, x1: Any, w2: Any, x2: Any, b: Any) -> list[Any]:
    s = 1 / (1 + np.exp(-(w1 * x1 + w2 * x2 + b)))
    g = s * (1 - s)
    return [s, g * x1, g * w1, g * x2, g * w2, g]


def deep_by_hand(x: Any, y: Any, z: Any, w: Any) -> list[Any]:
    xy, zw, yz, wx = x * y, z * w, y * z, w * x
    ex, czw, th, root = np.exp(-x), np.cos(zw), np.tanh(yz), np.sqrt(w)
    logarithm = np.log(1 + x * x)
    a = np.sin(xy) + czw * ex + th + logarithm * root
    sa, ec, ez = np.sin(a), np.exp(np.cos(x + y)), np.exp(-z)
    b = sa * ec
    da = b + a * np.cos(a) * ec
    shared = -a * b * np.sin(x + y)
    szw, swx, cxy = np.sin(zw) * ex, np.sin(wx), np.cos(xy)
    slope = da * (1 - th * th)
    return [
        a * b + np.sin(z) + np.cos(wx) + y * ez,
        da * (cxy * y - czw * ex + 2 * x / (1 + x * x) * root) + shared - swx * w,
        da * cxy * x + slope * z + shared + ez,
        -da * szw * w + slope * y + np.cos(z) - y * ez,
        da * (-szw * z + logarithm * 0.5 / root) - swx * x,
    ]


NUMBA = {  # what numba compiles of a primitive; the rest is the operator of graph and text
    "add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "div": "({} / {})", "neg": "(-{})",
    "seed": "(1.0 if {0} == {0} else {0})", "sigmoid": "sigmoid({})", "power": "({} * {})",
    **{name: f"math.{name}({{}})" for name in ("sin", "cos", "exp", "tanh", "cosh", "log", "log1p", "sqrt")},
}  # fmt: skip


def by_numba(program: RowProgram, threads: int) -> Callable[..., None]:
    """The lines of PROGRAM as a loop of numba; compiled at the first call."""
    graph = program.graph
    body = []
    for index, primitive in enumerate(graph.primitives):
        operands = [f"v{operand}" for operand in graph.operands[index]]
        if primitive is VARIABLE:
            text = f"in{program.inputs.index(index)}[i]"
        elif primitive is CONSTANT:
            text = literal(graph.statics[index])
        elif primitive.name == "power" and graph.statics[index] == 2:
            text = f"({operands[0]} * {operands[0]})"
        else:
            text = NUMBA[primitive.name].format(*operands)
        body.append(f"        v{index} = {text}")
    body += [f"        out{place}[i] = v{line}" for place, (_, line) in enumerate(program.outputs)]
    columns = [*(f"in{k}" for k in range(len(program.inputs))), *(f"out{k}" for k in range(len(program.outputs)))]
    text = f"def loop({', '.join(columns)}):\n    for i in prange(len(out0)):\n" + "\n".join(body)

    @numba.njit(error_model="numpy")
    def sigmoid(x: float) -> float:
        share = math.exp(-abs(x))
        return (1.0 if x >= 0.0 else share) / (1.0 + share)

    scope: dict[str, Any] = {"math": math, "prange": numba.prange, "sigmoid": sigmoid}
    exec(text, scope)  # noqa: S102
    loop = numba.njit(parallel=threads > 1, error_model="numpy")(scope["loop"])

    def run(inputs: list[Any], outputs: list[Any]) -> None:
        numba.set_num_threads(threads)
        loop(*inputs, *outputs)

    return run


def contestants(program: RowProgram, by_hand: Callable[..., Any]) -> dict[str, tuple[Callable[..., Any], float]]:
    """Who takes part: how each runs, and the seconds until it could."""
    found: dict[str, tuple[Callable[..., Any], float]] = {}

    def enter(name: str, make: Callable[[], Callable[..., Any]]) -> None:
        tiny = [np.ones(3) for _ in program.inputs], [np.ones(3) for _ in program.outputs]
        start = time.perf_counter()
        run = make()
        run(*tiny)
        found[name] = (run, time.perf_counter() - start)

    def copied(inputs: list[Any], outputs: list[Any]) -> None:
        for place, column in enumerate(outputs):
            np.copyto(column, inputs[place % len(inputs)])

    def hand(inputs: list[Any], outputs: list[Any]) -> None:
        for column, made in zip(outputs, by_hand(*inputs), strict=True):
            column[...] = made

    enter("copy the columns", lambda: copied)
    enter("numpy by hand", lambda: hand)
    enter("gradcli, numpy", lambda: NumpyKernel(program).run)
    many = cores()
    for threads in sorted({1, many}):
        for fast in (False, True):
            kernel = compiled(program, fast_math=fast)
            if kernel is not None:
                Path(os.environ["XDG_CACHE_HOME"], "gradcli").rename(tempfile.mkdtemp())

                def make(threads: int = threads, fast: bool = fast) -> Callable[..., Any]:
                    made = compiled(program, fast_math=fast)
                    assert made is not None
                    return lambda inputs, outputs: made.run(inputs, outputs, threads=threads)

                enter(f"gradcli, C{' --fast-math' * fast}, {threads} thread{'s' * (threads > 1)}", make)
        if numba is not None:
            enter(f"numba, {threads} thread{'s' * (threads > 1)}", lambda threads=threads: by_numba(program, threads))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()
    try:
        compiler = Compiler().version.splitlines()[0]
    except Unavailable as error:
        compiler = str(error)
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {compiler}, {cores()} cores, "
          f"{given.rows:,} rows, medians of {given.rounds} rounds\n")  # fmt: skip
    for name, (source, names) in PROGRAMS.items():
        program = program_of(source, names.split())
        chance = np.random.default_rng(7)
        inputs = [chance.uniform(0.2, 2.0, given.rows) for _ in program.inputs]
        outputs = [np.empty(given.rows) for _ in program.outputs]
        running = contestants(program, neuron_by_hand if name == "neuron" else deep_by_hand)
        times: dict[str, list[float]] = {each: [] for each in running}
        for _ in range(given.rounds):
            for each, (run, _) in running.items():
                start = time.perf_counter()
                run(inputs, outputs)
                times[each].append(time.perf_counter() - start)
        medians = {each: statistics.median(found) for each, found in times.items()}
        print(f"| {name} | rows/s, millions | by hand = 1 | of the copy | first, s |\n|---|---|---|---|---|")
        for each, median in medians.items():
            print(f"| {each} | {given.rows / median / 1e6:.1f} | {medians['numpy by hand'] / median:.1f} "
                  f"| {medians['copy the columns'] / median:.2f} | {running[each][1]:.2f} |")  # fmt: skip
        print()


if __name__ == "__main__":
    main()
