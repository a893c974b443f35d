"""The carrier of text: a line as one operation over labels, a rule or a definition in the language itself."""

from __future__ import annotations

import math

from gradcli.graph import ATOM_LEVEL, CONSTANT, POWER_LEVEL, PRODUCT_LEVEL, SIGN_LEVEL, SUM_LEVEL, Primitive
from gradcli.graph.carriers import Trace, read, trace_rules
from gradcli.text import shortest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

Text = tuple[str, int]  # a text, and how loosely its outermost operator binds

SPELLED: dict[float, Text] = {
    math.pi: ("pi", ATOM_LEVEL),
    math.tau: ("tau", ATOM_LEVEL),
    math.e: ("e", ATOM_LEVEL),
    math.log(2.0): ("log(2)", ATOM_LEVEL),
    math.log(10.0): ("log(10)", ATOM_LEVEL),
    2 / math.sqrt(math.pi): ("(2/sqrt(pi))", ATOM_LEVEL),
    math.sqrt(0.5): ("sqrt(0.5)", ATOM_LEVEL),
    0.3989422804014327: ("(1/sqrt(2*pi))", ATOM_LEVEL),
}


def constant(value: Any) -> Text:
    """A number, or the value of an array constant, as the language writes it."""
    if type(value) is not float:
        return (value.text, ATOM_LEVEL)
    if value in SPELLED:
        return SPELLED[value]
    if -value in SPELLED:
        return ("-" + SPELLED[-value][0], SIGN_LEVEL)
    text = shortest(value)
    return (text, SIGN_LEVEL if text.startswith("-") else ATOM_LEVEL)


def atom(text: str) -> Text:
    """A label, or anything else that no operator can split."""
    return (text, ATOM_LEVEL)


def operation(primitive: Primitive, static: Any, operands: Sequence[Text]) -> Text:
    """PRIMITIVE applied to texts, with the parentheses that the language needs and no others."""
    if callable(primitive.notation):
        found: Text = primitive.notation(operands, static)
        return found
    if primitive.static:
        operands = (*operands, constant(static))
    if primitive.notation is None:
        shown = [text for text, _ in operands]
        if len(shown) == len(primitive.rules) and primitive.defaults:
            kept = len(shown) - len(primitive.defaults)
            if shown[kept:] == [constant(value)[0] for value in primitive.defaults]:
                shown = shown[:kept]
        return (f"{primitive.shown}({', '.join(shown)})", ATOM_LEVEL)
    symbol, level = primitive.notation
    if len(operands) == 1:
        return (symbol + _within(operands[0], level + (operands[0][0][:1] == "-")), level)
    left, right = operands
    if level == POWER_LEVEL:
        return (f"{_within(left, ATOM_LEVEL)}^{_within(right, SIGN_LEVEL)}", level)
    gap = "" if level == PRODUCT_LEVEL else " "
    loosest = level if level >= SUM_LEVEL else SUM_LEVEL  # comparisons do not chain
    tail = _within(right, POWER_LEVEL if right[0][:1] == "-" else level + 1)
    return (f"{_within(left, loosest)}{gap}{symbol}{gap}{tail}", level)


def _within(text: Text, level: int) -> str:
    return text[0] if text[1] >= level else f"({text[0]})"


def spelled(trace: Trace, slot: int, leaves: Sequence[Text], numbers: Sequence[float] | None = None) -> str | None:
    """Output SLOT of TRACE over texts; with NUMBERS (a value per line), of a `where` only the branch that ran."""
    output = trace.outputs[slot]
    if output is None:
        return None
    graph = trace.graph
    lines = trace.lines_of(slot)
    if numbers is None:
        return str(read(trace, leaves, operation, constant, lines)[output][0])
    values: list[Any] = [*leaves, *[None] * (len(graph) - trace.inputs)]
    for index in lines:
        primitive, operands = graph.primitives[index], graph.operands[index]
        if primitive is CONSTANT:
            values[index] = constant(graph.statics[index])
        elif primitive.name == "where":
            values[index] = values[operands[1] if numbers[operands[0]] else operands[2]]
        else:
            values[index] = operation(primitive, graph.statics[index], [values[operand] for operand in operands])
    return str(values[output][0])


def local_text(primitive: Primitive, static: Any, slot: int, y: str, operands: Sequence[Text]) -> str | None:
    """The rule of operand SLOT in the language, over the labels of y and the operands."""
    return spelled(trace_rules(primitive, static, len(operands)), slot, [atom(y), *operands])
