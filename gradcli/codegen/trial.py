"""The trial of a compiled kernel: its rows against the forwards over floats, before it is trusted."""

from __future__ import annotations

import math
import random

import numpy as np

from gradcli.graph import CONSTANT, VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.codegen.rowprogram import RowProgram
    from gradcli.graph import Primitive

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1e300, -1e300, 40.0, -800.0)
MOST_STEPS = 40_000  # operations over floats that a trial may take
ROWS = 240
NUDGE = 3e-15  # of what a function returns, relative: what an answer is sensitive to shows by that
TIMES = 3  # nudged, each line by an amount of its own
EXACT = frozenset((
    "add", "sub", "mul", "div", "neg", "same", "stop", "seed", "square", "less", "less_equal", "greater",
    "greater_equal", "equal", "not_equal", "where", "abs", "sqrt", "sign", "floor", "ceil", "round", "relu",
    "relu_split", "relu_first", "leaky_relu", "max", "max_first", "min", "min_first", "clip", "clip_first", "mod",
))  # fmt: skip


def fault_of(program: RowProgram, run: Callable[..., None], *, fast_math: bool = False) -> str | None:
    """What is wrong with RUN, a kernel of PROGRAM; None where every row of the trial is right."""
    rows = trial_rows(len(program.inputs), max(24, min(ROWS, MOST_STEPS // len(program.graph))))
    found = answers(run, rows, len(program.outputs))
    backwards = answers(run, rows[::-1], len(program.outputs))[::-1]
    if found.tobytes() != backwards.tobytes():
        return "the compiled loop answers a row by the place where it stands"
    chance = random.Random(2)  # noqa: S311
    nudged = [[1.0 + NUDGE * chance.choice((-1, 1)) * chance.uniform(0.5, 1.0) for _ in program.graph.primitives]
              for _ in range(TIMES)]  # fmt: skip
    for row, answer in zip(rows.tolist(), found.tolist(), strict=True):
        expected = reference(program, row)
        beside = [reference(program, row, nudges) for nudges in nudged]
        for value, right, *near in zip(answer, expected, *beside, strict=True):
            if not _agrees(value, right, near, fast_math=fast_math):
                return f"the compiled loop answers {value!r} where {right!r} is right"
    return None


def trial_rows(count: int, rows: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Rows of COUNT numbers: ordinary ones, some in which one is special, some of special ones, some of equal ones."""
    chance = random.Random(1)  # noqa: S311
    found = []
    for number in range(rows):
        row = [chance.uniform(-2.5, 2.5) if number % 3 else chance.uniform(0.1, 1.0) for _ in range(count)]
        if number % 4 == 3 and row:
            row[chance.randrange(count)] = chance.choice(SPECIAL)
        if number % 8 == 5:
            row = [chance.choice(SPECIAL) for _ in row]
        if number % 16 == 9:  # ties
            row = [chance.choice((0.0, -0.0)) for _ in row] if number % 32 == 9 else row[:1] * count
        found.append(row)
    return np.array(found).reshape(rows, count)


def answers(run: Callable[..., None], rows: Any, outputs: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What a kernel makes of ROWS, a row of outputs for each."""
    found = np.empty((len(rows), outputs))
    run([rows[:, place] for place in range(rows.shape[1])], [found[:, place] for place in range(outputs)])
    return found


def reference(program: RowProgram, row: Sequence[float], nudges: Sequence[float] | None = None) -> list[float]:
    """The outputs of one row over floats; what functions return times the nudge of their line."""
    graph = program.graph
    given = dict(zip(program.inputs, row, strict=True))
    values: list[float] = []
    for index, primitive in enumerate(graph.primitives):
        if primitive is CONSTANT:
            values.append(graph.statics[index])
        elif primitive is VARIABLE:
            values.append(given.get(index, math.nan))
        else:
            value = _forward(primitive, graph.statics[index], [values[operand] for operand in graph.operands[index]])
            values.append(value if nudges is None or primitive.name in EXACT else value * nudges[index])
    return [values[line] for _, line in program.outputs]


def _forward(primitive: Primitive, static: Any, operands: Sequence[float]) -> float:
    return primitive.forward(*operands, static) if primitive.static else primitive.forward(*operands)


def _agrees(value: float, right: float, near: Sequence[float], *, fast_math: bool) -> bool:
    """Whether VALUE is right within what rounding may change; what rounding may change altogether is not judged."""
    if value != value or right != right:
        return (value != value and right != right) or any((x != x) != (right != right) for x in near)
    if value == right:
        return fast_math or value != 0 or math.copysign(1.0, value) == math.copysign(1.0, right) or _unsure(near)
    if any(math.isinf(x) != math.isinf(right) for x in (value, *near)) or math.isinf(right):
        return any(math.isinf(x) != math.isinf(right) or x != x for x in near) or any(x * right < 0 for x in near)
    spread = max(abs(x - right) for x in near)
    return abs(value - right) <= 8.0 * spread + 5e-323


def _unsure(near: Sequence[float]) -> bool:
    return any(x != 0 or math.copysign(1.0, x) != math.copysign(1.0, near[0]) for x in near)
