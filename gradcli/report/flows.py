"""The flows of a sweep by line, and what each says: upstream × local = downstream, with the rule as a formula."""

from __future__ import annotations

from gradcli.autodiff import FEW, local_gradients, locals_of
from gradcli.graph import ATOM_LEVEL
from gradcli.graph.carriers import number, read, trace_rules
from gradcli.graph.notation import atom, spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.autodiff import Flow, Sweep
    from gradcli.graph import Graph, Primitive
    from gradcli.graph.notation import Text

LONGEST_FORMULA = 400
MOST_OPERANDS = 8  # of a line whose rules are shown as formulas
HOLES = "".join(map(chr, range(1, MOST_OPERANDS + 2)))

_FORMULAS: dict[tuple[str, Any, int, int], str | None] = {}


class Pass:
    """One sweep: backpropagation, or forward mode from the input NAME. A number a line, and the flows between lines.

    `arriving` are the flows that reach a line, `leaving` those that leave it, both in the order of the sweep.
    """

    __slots__ = ("arriving", "closed", "flows", "forward", "leaving", "name", "numbers")

    def __init__(self, name: str | None, sweep: Sweep, flows: Sequence[Flow]) -> None:
        self.name = name
        self.forward = name is not None
        self.numbers = sweep.numbers
        self.closed = sweep.closed
        self.flows = flows
        self.arriving: dict[int, list[Flow]] = {}
        self.leaving: dict[int, list[Flow]] = {}
        for flow in flows:
            self.leaving.setdefault(flow[0], []).append(flow)
            self.arriving.setdefault(flow[1], []).append(flow)

    def owner(self, flow: Flow) -> int:
        """The line whose local gradient the flow is multiplied by."""
        return flow[1] if self.forward else flow[0]

    def of_line(self, index: int) -> Sequence[Flow]:
        """The flows through the local gradients of a line."""
        return (self.arriving if self.forward else self.leaving).get(index, ())

    def meeting(self, index: int) -> int:
        """How many flows reach a line."""
        return len(self.arriving.get(index, ()))


def pushes(graph: Graph, values: Sequence[float], sweep: Sweep, *, strong_zero: bool) -> Iterable[Flow]:
    """The flows of a forward SWEEP: tangent × local = push, in order of evaluation."""
    tangents, closed = sweep.numbers, sweep.closed
    for index, operands in enumerate(graph.operands):
        if tangents[index] is None or not operands:
            continue
        locals_ = local_numbers(graph, values, index)
        for slot, operand in enumerate(operands):
            tangent, local = tangents[operand], locals_[slot]
            if tangent is None or local is None:
                continue
            shut = bool(closed[operand] or (graph.primitives[index].opens and local == 0))
            push = 0.0 if shut else local * tangent
            if strong_zero and push != push and 0 in (tangent, local) and tangent == tangent and local == local:
                push = 0.0
            yield operand, index, slot, tangent, local, push, shut


def local_numbers(graph: Graph, values: Sequence[float], index: int) -> list[float | None]:
    """The local gradient of a line by each operand slot, whether it carries a flow or not."""
    primitive, operands = graph.primitives[index], graph.operands[index]
    arguments = [values[operand] for operand in operands]
    if len(operands) > FEW:
        return local_gradients(primitive, graph.statics[index], values[index], arguments)
    rules = locals_of(primitive, graph.statics[index], len(operands))
    return [rule and rule(values[index], *arguments) for rule in rules]


def formula(primitive: Primitive, static: Any, slot: int, texts: Sequence[Text], leaves: Sequence[float]) -> str | None:
    """The rule of operand SLOT as it ran, over the texts of y and the operands; None for a share, or a long one."""
    if primitive.opens or len(texts) > MOST_OPERANDS + 1:
        return None
    key = (primitive.name, static, len(texts) - 1, slot)
    form = _FORMULAS[key] if key in _FORMULAS else _form(primitive, static, slot, len(texts) - 1)
    if form is not None and form.isprintable():
        return form
    if form is not None and all(level == ATOM_LEVEL for _, level in texts):
        for hole, (text, _) in zip(HOLES, texts, strict=False):
            form = form.replace(hole, text)
        return form if len(form) <= LONGEST_FORMULA else None
    trace = trace_rules(primitive, static, len(texts) - 1)
    found = spelled(trace, slot, texts, read(trace, leaves, number, float))
    return None if found is None or len(found) > LONGEST_FORMULA else found


def _form(primitive: Primitive, static: Any, slot: int, count: int) -> str | None:
    """A rule over holes instead of labels, where its text is the same at all values."""
    trace = trace_rules(primitive, static, count)
    chooses = any(trace.graph.primitives[line].name == "where" for line in trace.lines_of(slot))
    holes = [atom(hole) for hole in HOLES[: count + 1]]
    form = None if chooses else spelled(trace, slot, holes)
    _FORMULAS[primitive.name, static, count, slot] = form
    return form
