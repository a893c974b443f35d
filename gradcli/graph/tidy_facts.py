"""What is known of the lines of a program wherever it has a finite value: which are finite, not 0, not negative."""

from __future__ import annotations

from gradcli.graph import Graph
from gradcli.graph.tidy_parts import FINITE, NONNEGATIVE, NONZERO, POSITIVE, ROBUST

EVERY = (0, 1, 2, 3, 4, 5, 6, 7)
STRICT: dict[str, tuple[int, ...]] = {  # the operands that leave no finite value where they are not finite themselves
    **dict.fromkeys(
        ("add", "sub", "neg", "same", "mul", "square", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sin", "cos",
         "tan", "asin", "acos", "sinh", "cosh", "asinh", "acosh", "atanh", "abs", "floor", "ceil", "round", "hypot",
         "sum", "mean", "norm", "matmul", "outer", "dot", "fit", "broadcast", "reshape", "flatten", "transpose",
         "stack", "concat", "trace", "var", "std"), EVERY,
    ),
    "div": (0,),
}  # fmt: skip
KEEPING_ZERO = frozenset(("mul", "neg", "same", "square", "sqrt", "cbrt", "abs", "fit", "broadcast", "reshape",
                          "transpose"))  # fmt: skip
ABOVE_ZERO = frozenset(("log", "log2", "log10"))


def facts_of(graph: Graph, result: int) -> dict[int, int]:
    """The flags of lines of GRAPH that hold wherever line RESULT is a finite number."""
    strict = [False] * (result + 1)
    strict[result] = True
    found: dict[int, int] = {}
    primitives, statics = graph.primitives, graph.statics
    for line in range(result, -1, -1):
        if not strict[line]:
            _pass_down(graph, line, found)
            continue
        found[line] = found.get(line, 0) | FINITE | ROBUST
        name, operands = primitives[line].name, graph.operands[line]
        slots = STRICT.get(name, ())
        if name == "power" and statics[line] > 0:
            slots = EVERY
        for slot, operand in enumerate(operands):
            if slot in slots or slots is EVERY:
                strict[operand] = True
        _has_real_operand(graph, line, found)
        if name == "div":
            found[operands[1]] = found.get(operands[1], 0) | NONZERO
            _has_real_operand(graph, operands[1], found)
        _pass_down(graph, line, found)
    return found


def _has_real_operand(graph: Graph, line: int, found: dict[int, int]) -> None:
    """What the operand of a LINE that is not nan cannot be: the logarithm and the root of what is negative are."""
    name, static = graph.primitives[line].name, graph.statics[line]
    known = 0
    if name in ABOVE_ZERO:
        known = POSITIVE if found.get(line, 0) & FINITE else NONNEGATIVE
    elif name == "sqrt":
        known = NONNEGATIVE
    elif name == "power":
        known = NONZERO * (static < 0 and bool(found.get(line, 0) & FINITE)) | NONNEGATIVE * (static % 1 != 0)
    if known:
        operand = graph.operands[line][0]
        found[operand] = found.get(operand, 0) | known


def _pass_down(graph: Graph, line: int, found: dict[int, int]) -> None:
    """Where a product, a power or a root is not 0, nothing that it is made of is."""
    if not found.get(line, 0) & NONZERO:
        return
    name = graph.primitives[line].name
    if name in KEEPING_ZERO or (name == "power" and graph.statics[line] > 0):
        for operand in graph.operands[line]:
            found[operand] = found.get(operand, 0) | NONZERO
    elif name == "div":
        operand = graph.operands[line][0]
        found[operand] = found.get(operand, 0) | NONZERO
