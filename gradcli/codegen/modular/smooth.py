"""Whether a program is smooth at its point, so that differences tell its derivatives."""

from __future__ import annotations

from gradcli.codegen.flat.sweep import is_finite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.modular.gates import Gates

NEAR = 1e-3  # from an edge: differences reach so far
LARGEST_SLOPE = 1e3
STEPS = frozenset(("floor", "ceil", "round", "sign", "mod", "less", "less_equal", "greater", "greater_equal", "equal",
                   "not_equal", "where", "max", "max_first", "min", "min_first", "clip", "clip_first", "relu",
                   "relu_split", "relu_first", "leaky_relu", "elu", "abs", "amax", "amax_first", "amin", "amin_first",
                   "argmax"))  # fmt: skip
OF_FIRST = frozenset(("leaky_relu", "elu", "where"))  # step where the first operand is 0


def is_smooth(subject: Subject, gates: Gates) -> bool:
    """Whether every line is away from its edges, and no local gradient is large."""
    values, graph = gates.values, subject.graph
    assert values is not None
    for line in gates.lines:
        primitive, active = graph.primitives[line], gates.active
        if not graph.operands[line] or not active[line]:
            continue
        operands = [values[operand] for operand in graph.operands[line]]
        live = gates.live_slots(line)
        stopped = [slot for slot, operand in enumerate(graph.operands[line]) if active[operand] and slot not in live]
        if primitive.name in STEPS:
            if not is_apart(primitive.name, values[line], operands):
                return False
        elif stopped:  # differences would see what no gradient goes through
            return False
        if meets_any(gates, line, operands) or not is_gentle(gates, line):
            return False
    return True


def meets_any(gates: Gates, line: int, operands: Sequence[Any]) -> bool:
    """Whether a line is at an edge, an element of it at least."""
    assert gates.values is not None
    primitive, static = gates.graph.primitives[line], gates.graph.statics[line]
    edges = [edge for edge in primitive.edges if edge.kind not in ("dead", "tie")]  # ties are apart
    if not edges:
        return False
    numbers = [gates.values[line], *operands]
    if primitive.kind == "elementwise":
        extra = [static] if primitive.static else []
        if all(type(number) is float for number in numbers):
            return any(edge.when(*numbers, *extra) for edge in edges)
        import numpy as np

        rows = [*zip(*(x.ravel().tolist() for x in np.broadcast_arrays(*numbers)), strict=True)]
        return any(edge.when(*row, *extra) for row in rows for edge in edges)
    import numpy as np

    arrays = [np.asarray(number) for number in numbers]
    return any(bool(np.any(edge.when(*arrays))) for edge in edges)


def is_apart(name: str, value: Any, operands: Sequence[Any]) -> bool:
    """Whether what a line chooses between, or steps at, is further away than differences reach."""
    import numpy as np

    if name in ("amax", "amax_first", "amin", "amin_first", "argmax"):
        found = np.sort(np.ravel(operands[0]))
        return bool(np.all(np.diff(found) > NEAR))
    if name in ("floor", "ceil", "round", "mod"):
        scaled = np.divide(*operands) if name == "mod" else np.asarray(operands[0]) * (2 if name == "round" else 1)
        return bool(np.all(np.abs(scaled - np.rint(scaled)) > NEAR))
    numbers = operands if len(operands) > 1 and name not in OF_FIRST else [operands[0], 0.0]
    rows = np.sort(np.stack(np.broadcast_arrays(*numbers)), axis=0)
    return bool(np.all(np.diff(rows, axis=0) > NEAR))


def is_gentle(gates: Gates, line: int) -> bool:
    """Whether the numbers of the rules are finite and no larger than differences can tell."""
    from gradcli.codegen.modular.gates import Use

    use = Use(line, gates.live_slots(line), False, gates.shapes(line))
    trace = gates.trace(line, use.shapes)
    numbers = gates.numbers(use, trace)
    lines = {each for slot in use.live for each in trace.lines_of(slot)}
    found = [numbers[each] for each in lines]
    return all(is_finite(number) and bool(_largest(number) < LARGEST_SLOPE) for number in found)


def _largest(number: Any) -> float:
    return abs(number) if type(number) is float else float(abs(number).max())
