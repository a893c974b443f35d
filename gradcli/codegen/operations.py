"""The operations of a program as JavaScript functions: values, and local gradients as the traced rules have them."""

from __future__ import annotations

import json

from gradcli.codegen.conditions import condition, sides
from gradcli.codegen.targets.base import ATOM, CHOICE_LEVEL
from gradcli.codegen.targets.javascript import javascript
from gradcli.graph import CONSTANT, Primitive
from gradcli.graph.carriers import trace_rules
from gradcli.graph.notation import spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.graph.carriers import Trace
    from gradcli.graph.notation import Text

    Key = tuple[str, Any, int]

MOST_CHOICES = 3  # in one rule, of which each combination is spelled


class Operations:
    """The operations that lines refer to by their place, each once by primitive, static parameter and operands.

    Each is an object of functions: `value` of the operands; `locals` of the value and the operands, null where nothing
    flows; and where a rule chooses, `choices` of the same, by operand: a 1 or 0 for each `where` on the way. `edges`
    are the places where a convention is followed.
    """

    def __init__(self) -> None:
        self.target = javascript()
        self.places: dict[Key, int] = {}
        self.objects: list[str] = []

    def place(self, primitive: Primitive, static: Any, count: int) -> int:
        """Which operation a line of PRIMITIVE with COUNT operands is. Raises Unwritten."""
        key = (primitive.name, repr(static), count)
        if key not in self.places:
            self.places[key] = len(self.objects)
            self.objects.append(self._object(primitive, static, count))
        return self.places[key]

    def source(self) -> str:
        """The helper functions that are needed, and `const operations`."""
        blocks = [*self.target.preamble(), "\n".join(["const operations = [", *self.objects, "];"])]
        return "\n\n".join(blocks) + "\n"

    def _object(self, primitive: Primitive, static: Any, count: int) -> str:
        names = [f"x{slot}" for slot in range(count)]
        value = self.target.operation(primitive, static, [(name, ATOM) for name in names])[0]
        trace = trace_rules(primitive, static, count)
        parts = [f"value: ({', '.join(names)}) => {value},"]
        leaves = ["y", *names]
        parts.append(f"locals: {self._function(trace, leaves, [[output] for output in trace.outputs], bare=True)},")
        conditions = [
            [trace.graph.operands[line][0] for line in choices(trace, slot)] for slot in range(len(trace.outputs))
        ]
        if any(conditions) and not primitive.opens:
            parts.append(f"choices: {self._function(trace, leaves, conditions, bare=False)},")
        extra = [self.target.literal(static)[0]] if primitive.static else []
        parts += self._edges(primitive, [*leaves, *extra], count)
        return f"  {{ // {primitive.name}\n" + "".join(f"    {part}\n" for part in parts) + "  },"

    def _edges(self, primitive: Primitive, leaves: Sequence[str], count: int) -> list[str]:
        """Where conventions are followed: their kind, what is said, the operands, and functions `when` and `sides`."""
        found = []
        head = f"({', '.join(['y', *(f'x{slot}' for slot in range(count))])}) =>"
        for edge in primitive.edges:
            when, slopes = condition(edge, leaves), sides(edge, leaves)
            functions = [f"when: {head} {when}"] if when else []
            functions += [f"sides: {head} {slopes}"] if slopes else []
            self.target.use(when or "")
            facts = f"kind: {json.dumps(edge.kind)}, says: {json.dumps(edge.says)}, operands: {[*edge.operands]}"
            found.append(f"{{ {', '.join([facts, *functions])} }}")
        return [f"edges: [{', '.join(found)}],"] if found else []

    def _function(
        self, trace: Trace, leaves: Sequence[str], wanted: Sequence[Sequence[int | None]], *, bare: bool
    ) -> str:
        """A function of the leaves that returns a list of the WANTED lines, or a list of such lists."""
        outputs = [line for group in wanted for line in group if line is not None]
        graph = trace.graph
        texts: list[Text] = [(leaf, ATOM) for leaf in leaves]
        texts += [("", ATOM)] * (len(graph) - trace.inputs)
        live, uses = graph.live(outputs), [0] * len(graph)
        for line in outputs:
            uses[line] += 1
        for index in range(trace.inputs, len(graph)):
            if live[index]:
                for operand in graph.operands[index]:
                    uses[operand] += 1
        statements = []
        for index in range(trace.inputs, len(graph)):
            primitive, static = graph.primitives[index], graph.statics[index]
            if not live[index]:
                continue
            if primitive is CONSTANT:
                texts[index] = self.target.literal(static)
                continue
            texts[index] = self.target.operation(primitive, static, [texts[line] for line in graph.operands[index]])
            if uses[index] > 1:
                statements.append(f"const t{index} = {texts[index][0]};")
                texts[index] = (f"t{index}", ATOM)
        groups = [["null" if line is None else _item(texts[line], bare) for line in group] for group in wanted]
        found = ", ".join(group[0] if bare else f"[{', '.join(group)}]" for group in groups)
        head = f"({', '.join(leaves)}) =>"
        if not statements:
            return f"{head} [{found}]"
        return "\n      ".join([f"{head} {{", *statements, f"return [{found}];"]) + "\n    }"


def _item(text: Text, bare: bool) -> str:
    return text[0] if bare or text[1] > CHOICE_LEVEL else f"({text[0]})"


def choices(trace: Trace, slot: int) -> list[int]:
    """The lines of the rule of operand SLOT that choose by a value."""
    return [line for line in trace.lines_of(slot) if trace.graph.primitives[line].name == "where"]


def spellings(primitive: Primitive, static: Any, slot: int, leaves: Sequence[Text]) -> dict[str, str] | None:
    """The rule of operand SLOT over the texts of y and the operands, by what its `where` choose ("" without one).

    None for the share of a gate, and where there are too many choices.
    """
    if primitive.opens:
        return None
    trace = trace_rules(primitive, static, len(leaves) - 1)
    lines = choices(trace, slot)
    if len(lines) > MOST_CHOICES:
        return None
    found = {}
    for bits in _combinations(len(lines)):
        numbers = [0.0] * len(trace.graph)
        for line, bit in zip(lines, bits, strict=True):
            numbers[trace.graph.operands[line][0]] = float(bit)
        text = spelled(trace, slot, leaves, numbers)
        if text is None:
            return None
        found[bits] = text
    return found


def _combinations(many: int) -> Iterable[str]:
    return [f"{number:0{many}b}" for number in range(2**many)] if many else [""]
