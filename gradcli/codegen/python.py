"""The carrier of code: the lines of a trace as Python expressions over floats."""

from __future__ import annotations

from gradcli.graph import CONSTANT, Primitive
from gradcli.graph.carriers import Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

INLINE = {
    "add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "neg": "(-{})",
    "same": "{}", "stop": "{}",
    "greater": "(1.0 if {} > {} else 0.0)", "greater_equal": "(1.0 if {} >= {} else 0.0)",
    "less": "(1.0 if {} < {} else 0.0)", "less_equal": "(1.0 if {} <= {} else 0.0)",
    "equal": "(1.0 if {} == {} else 0.0)", "not_equal": "(1.0 if {} != {} else 0.0)",
    "where": "({1} if {0} else {2})",  # what is not picked is not computed
}  # fmt: skip


def literal(value: float) -> str:
    """A float as Python source, non-finite ones included."""
    return repr(value) if value - value == 0 else f'float("{value!r}")'


def expression(primitive: Primitive, static: Any, operands: Sequence[str]) -> str:
    """PRIMITIVE over Python expressions: an operator where IEEE and Python agree, else its forward by name."""
    if primitive.name == "where" and operands[0].startswith("(1.0 if ") and operands[0].endswith(" else 0.0)"):
        operands = [operands[0][len("(1.0 if ") : -len(" else 0.0)")], *operands[1:]]  # a test is a test already
    if primitive.name in INLINE:
        return INLINE[primitive.name].format(*operands)
    if primitive.static:
        operands = [*operands, literal(static)]
    return f"real.{primitive.forward.__name__}({', '.join(operands)})"


def body(trace: Trace, slot: int, leaves: Sequence[str]) -> list[str]:
    """The statements that compute output SLOT of TRACE and return it; a line used twice gets a name."""
    graph, output = trace.graph, trace.outputs[slot]
    assert output is not None
    lines = trace.lines_of(slot)
    uses = [0] * len(graph)
    for index in lines:
        for operand in graph.operands[index]:
            uses[operand] += 1
    texts: list[str] = [*leaves, *[""] * (len(graph) - trace.inputs)]
    statements = []
    for index in lines:
        primitive = graph.primitives[index]
        if primitive is CONSTANT:
            texts[index] = literal(graph.statics[index])
            continue
        texts[index] = expression(primitive, graph.statics[index], [texts[o] for o in graph.operands[index]])
        if uses[index] > 1:
            statements.append(f"t{index} = {texts[index]}")
            texts[index] = f"t{index}"
    text = texts[output]
    return [*statements, f"return {text[1:-1] if _wrapped(text) else text}"]


def _wrapped(text: str) -> bool:
    """Whether one pair of parentheses holds the whole TEXT."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1 and place > 0
    return False
