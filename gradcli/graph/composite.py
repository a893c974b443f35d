"""A function of the user's as a single primitive: its body is its forward, its rules are written from that."""

from __future__ import annotations

import itertools

from gradcli.graph import CONSTANT, VARIABLE, Graph, Node, Primitive
from gradcli.graph.carriers import Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.graph import Shape

NUMBER = itertools.count()  # rules are kept by the name of a primitive: each has its own


class Composite(Primitive):
    """A function `said(parameters)`, whose `body` has a leaf for each operand first; elementwise, or carried.

    `words` is how it was defined, `opens_inside` whether a gate is among its lines.
    """

    __slots__ = ("body", "opens_inside", "operands", "words")

    def __init__(
        self,
        said: str,
        words: str,
        operands: Sequence[str],
        body: Trace,
        rule: Callable[..., Any],
        *,
        elementwise: bool,
        opens_inside: bool,
    ) -> None:
        super().__init__(
            f"{said} #{next(NUMBER)}", self._computed, (rule,), shown=said, variadic=True, arity=len(operands),
            parameters=", ".join(operands), kind="elementwise" if elementwise else "carried", spoken=False,
            shape_of=None if elementwise else self._shape, verbs=("scales", "scales"),
        )  # fmt: skip
        self.body = body
        self.words = words
        self.operands = operands
        self.opens_inside = opens_inside

    def traced(self, shapes: Sequence[Shape]) -> Trace:
        """The body at operands of these SHAPES."""
        if not any(shapes) and self.kind == "elementwise":
            return self.body
        from gradcli.graph.shapes import infer

        found = self.body.graph.copy()
        found.shapes = infer(found, {str(slot): shape for slot, shape in enumerate(shapes)})
        return Trace(found, self.body.inputs, self.body.outputs)

    def _shape(self, shapes: Sequence[Shape], static: Any) -> Shape:
        (output,) = self.body.outputs
        assert output is not None
        found = self.traced(shapes).graph.shapes
        assert found is not None
        return found[output]

    def _computed(self, *operands: Any) -> Any:
        """The value; over arrays where an operand is one."""
        from gradcli.graph.carriers import number, read

        (output,) = self.body.outputs
        assert output is not None
        if all(type(operand) is float for operand in operands) and self.kind == "elementwise":
            return read(self.body, operands, number, float)[output]
        from gradcli.graph.arrays import apply

        return read(self.body, operands, apply, lambda static: getattr(static, "value", static))[output]


def append_lines(source: Graph, into: Graph, leaves: dict[str, int], wanted: Sequence[int | None]) -> list[int | None]:
    """Write the lines that the WANTED ones need behind another graph, whose LEAVES stand for variables by name."""
    live = source.live([line for line in wanted if line is not None])
    moved: dict[int, int] = {}
    for line, primitive in enumerate(source.primitives):
        if not live[line]:
            continue
        if primitive is VARIABLE:
            moved[line] = leaves[source.names[line] or ""]
        elif primitive is CONSTANT:
            moved[line] = into.constant(source.statics[line])
        else:
            operands = tuple([moved[operand] for operand in source.operands[line]])
            moved[line] = into.append(primitive, operands, source.statics[line])
    return [None if line is None else moved[line] for line in wanted]


def nodes(graph: Graph, lines: Sequence[int | None]) -> list[Node | None]:
    """Handles on lines."""
    return [None if line is None else Node(graph, line) for line in lines]
