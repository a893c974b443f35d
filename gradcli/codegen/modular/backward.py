"""The backward pass of a gate: its flows as source, from the rules of its primitive."""

from __future__ import annotations

import re

from gradcli.codegen.modular.rules import Lines, Spelled, chosen, product, spelled_shapes, where_it_arrives
from gradcli.codegen.modular.sizes import sizes_in
from gradcli.codegen.targets.base import ATOM, PRODUCT, within
from gradcli.graph import NAMED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.codegen.modular.gates import Gate, Gates, Use
    from gradcli.codegen.targets.base import Text
    from gradcli.graph import Primitive, Shape

UPSTREAM: Text = ("upstream", ATOM)


class Backward:
    """Writes the flows of a gate."""

    def __init__(
        self, gates: Gates, use: Use, gate: Gate, live: Sequence[int], spread: set[int], *, guarded: bool, sure: bool
    ) -> None:
        self.gate = gate
        self.live = live
        self.spread = spread
        self.guarded = guarded
        self.target = gates.target
        self.spelling = gates.spelling
        self.primitive: Primitive = gates.graph.primitives[use.index]
        self.static = gates.graph.statics[use.index]
        self.shapes = use.shapes
        self.strong = gates.subject.strong
        self.trace = gates.trace(use.index, use.shapes)
        names = gate.operands
        saved = [(self.spelling.saved.format(name), ATOM) for name in ("y", *names)]
        self.shape_texts = {slot: self.spelling.shape.format(saved[slot + 1][0]) for slot in range(len(names))}
        self.upstream = self._kept(UPSTREAM)
        leaves = [self._kept(saved[0]), *saved[1:]]
        if self.primitive.kind == "carried":
            leaves.append(UPSTREAM)
        shapes = spelled_shapes(live, use.shapes, self.shape_texts)
        sizes = sizes_in(self.primitive, self.static, self.shapes, self.trace, saved[1][0], self.target.name)
        self.lines = Lines(self.trace.graph, leaves, self.target, shapes=shapes, sure=sure, sizes=sizes)

    def write(self) -> None:
        """Put flows, statements and what has to be saved into the gate."""
        outputs = {slot: output for slot in self.live if (output := self.trace.outputs[slot]) is not None}
        self.lines.read(outputs.values(), {output: self._title(slot) for slot, output in outputs.items()})
        for slot in range(len(self.shapes)):
            output = self.trace.outputs[slot] if slot in self.live else None
            self.gate.flows.append(None if output is None else self._flow(slot, output))
        self.gate.statements = self.lines.statements
        texts = [text for _, (text, _) in self.lines.statements] + [flow[0] for flow in self.gate.flows if flow]
        self.gate.saves = [name for name in ("y", *self.gate.operands)
                           if any(mentions(text, self.spelling.saved.format(name)) for text in texts)]  # fmt: skip

    def _title(self, slot: int) -> str:
        """What the local gradient, or the share, of an operand is called."""
        word = "share" if self.primitive.opens else "flow" if self.primitive.kind == "carried" else "local"
        return word if len(self.live) == 1 else f"{word}_{self.gate.operands[slot]}"

    def _kept(self, text: Text) -> Text:
        """TEXT with the axis of a reduction back at length 1."""
        if self.primitive.kind != "reduces" or not self.primitive.static:
            return text
        axis, keep = self.static
        return text if axis is None or keep else (self.spelling.kept.format(text[0], axis), ATOM)

    def _flow(self, slot: int, output: int) -> Text:
        local, number = self.lines.text(output), self.lines.number(output)
        if self.primitive.kind == "carried":
            return local
        upstream = self.upstream
        if self.primitive.opens:
            return self._fitted(slot, output, self._gated(slot, output, local, number))
        if self.lines.resolved(output) in self.lines.sizes and local[0].startswith("1 / "):
            return self._fitted(slot, output, (f"{within(upstream, PRODUCT)} / {local[0][4:]}", PRODUCT))
        flow = product(self.target, upstream, local, number, strong=self.strong and number is None)
        if self.guarded and number is None:
            flow = where_it_arrives(self.target, upstream, flow)
        return self._fitted(slot, output, flow)

    def _gated(self, slot: int, output: int, share: Text, number: float | None) -> Text:
        """What passes a gate: where its share is not 0."""
        if number is not None:
            return product(self.target, self.upstream, share, number, strong=False)
        if self.lines.is_test(output):
            return chosen(self.target, share, self.upstream)
        if not share[0].isidentifier() and self.spelling.saved.format("y") != share[0]:
            share = self.lines.named(self._title(slot), share)
        return chosen(self.target, share, product(self.target, self.upstream, share, None, strong=False))

    def _fitted(self, slot: int, output: int, flow: Text) -> Text:
        """FLOW in the shape of its operand."""
        shape = self.shape_texts[slot]
        if self.primitive.kind == "elementwise":
            if slot not in self.spread:
                return flow
            self.target.use("fit")
            return f"fit({flow[0]}, {shape})", ATOM
        have = self._shape_of_flow(output)
        if have == self.shapes[slot]:
            return flow
        spelled = Spelled(self.shapes[slot], shape)
        return self.target.operation(NAMED["fit"], self.shapes[slot], [flow], [have], spelled)

    def _shape_of_flow(self, output: int) -> Shape:
        from gradcli.graph.shapes import broadcast

        shapes = self.trace.graph.shapes or [()]
        whole = self.primitive.static and self.static == (None, False)  # then y and upstream have no axis
        return broadcast([() if whole else shapes[0], shapes[self.lines.resolved(output)]])


def mentions(text: str, name: str) -> bool:
    """Whether a NAME stands in a text."""
    return re.search(rf"(?<![\w.]){re.escape(name)}\b", text) is not None
