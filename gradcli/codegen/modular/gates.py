"""Gates: what each primitive of a program does forward and backward, one for all lines that do the same."""

from __future__ import annotations

from gradcli.autodiff import depends
from gradcli.codegen.flat.sweep import TOTAL, is_finite, values_of
from gradcli.codegen.modular.backward import Backward
from gradcli.codegen.modular.class_names import class_name, variant
from gradcli.codegen.modular.rules import Lines
from gradcli.codegen.modular.words import parameter_names, said
from gradcli.codegen.targets.base import ATOM
from gradcli.graph import CONSTANT
from gradcli.graph.carriers import trace_array_rules, trace_rules
from gradcli.graph.composite import Composite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.targets.base import Target, Text
    from gradcli.graph import Shape
    from gradcli.graph.carriers import Trace

LEAVES_GAPS = frozenset(("index", "trace"))  # what is beside the elements that they pick gets 0, as behind a gate


class Use:
    """A line of a primitive: where its operands' gradients go, what it is known of its numbers."""

    __slots__ = ("index", "live", "masked", "shapes")

    def __init__(self, index: int, live: Sequence[int], masked: bool, shapes: tuple[Shape, ...]) -> None:
        self.index = index
        self.live = live
        self.masked = masked
        self.shapes = shapes


class Spelling:
    """How a style writes what a gate has saved: y and the operands, and the shape of an operand."""

    def __init__(self, saved: str = "{}", shape: str = "{}.shape", kept: str = "{}") -> None:
        self.saved = saved
        self.shape = shape
        self.kept = kept


class Gate:
    """What a primitive does: `forward` over `operands` after the statements `before`, `flows` back after `statements`.

    `saves` are the names (y among them) that the backward pass reads.
    """

    __slots__ = ("base", "before", "flows", "forward", "name", "operands", "saves", "says", "statements", "variant")

    def __init__(self, base: str, variant: str, says: str, operands: Sequence[str], forward: Text) -> None:
        self.base = base
        self.variant = variant
        self.says = says
        self.operands = operands
        self.forward = forward
        self.before: list[tuple[str, Text]] = []
        self.statements: list[tuple[str, Text]] = []
        self.flows: list[Text | None] = []
        self.saves: list[str] = []
        self.name = base

    def body(self) -> tuple[Any, ...]:
        """What it is, whatever it is called."""
        return (tuple(self.operands), tuple(self.before), self.forward, tuple(self.statements), tuple(self.flows))


class Gates:
    """The gates of a SUBJECT by line, each once; `all` in the order of their first lines.

    `active` are the lines that depend on what is differentiated by; `lines` those that are written, in order.
    """

    def __init__(self, subject: Subject, target: Target, spelling: Spelling, *, passive: bool = True) -> None:
        self.subject = subject
        self.graph = subject.graph
        self.target = target
        self.spelling = spelling
        sources = [line for line in subject.sources.values() if line is not None]
        self.active = depends(self.graph, sources)
        live = self.graph.live([subject.result])
        self.lines = [line for line in range(len(self.graph)) if live[line]]
        self.values = None if subject.point is None else values_of(self.graph, subject.point)
        self.masked = self._masked(live)
        self.reached = self._reached()
        self.of: dict[int, Gate] = {}
        self.all: list[Gate] = []
        self._write(passive)

    def shape(self, line: int) -> Shape:
        return () if self.graph.shapes is None else self.graph.shapes[line]

    def live_slots(self, line: int) -> list[int]:
        """The operands of a line to which a gradient goes."""
        operands = self.graph.operands[line]
        if not operands:
            return []
        trace, carried = self.trace(line, self.shapes(line)), self.graph.primitives[line].kind == "carried"
        return [slot for slot, operand in enumerate(operands) if self.active[operand] and flows(trace, slot, carried)]

    # Which lines share a gate

    def _masked(self, live: Sequence[bool]) -> list[bool]:
        """Which lines get gradients through gates only."""
        graph = self.graph
        found: list[bool | None] = [None] * len(graph)
        found[self.subject.result] = False
        for line in range(self.subject.result, -1, -1):
            through = found[line]
            if through is None or not live[line]:
                continue
            primitive = graph.primitives[line]
            inside = isinstance(primitive, Composite) and primitive.opens_inside
            through = through or primitive.opens or inside or primitive.name in LEAVES_GAPS
            for operand in graph.operands[line]:
                before = found[operand]
                found[operand] = through if before is None else through and before
        return [bool(masked) for masked in found]

    def _reached(self) -> list[bool]:
        """At which lines a gradient arrives."""
        found = [False] * len(self.graph)
        found[self.subject.result] = self.active[self.subject.result]
        for line in reversed(self.lines):
            if found[line]:
                for slot in self.live_slots(line):
                    found[self.graph.operands[line][slot]] = True
        return found

    def shapes(self, line: int) -> tuple[Shape, ...]:
        """The shapes of its operands."""
        return tuple([self.shape(operand) for operand in self.graph.operands[line]])

    def trace(self, line: int, shapes: Sequence[Shape]) -> Trace:
        """The rules of a line at SHAPES."""
        primitive, static = self.graph.primitives[line], self.graph.statics[line]
        if primitive.kind == "elementwise":
            return trace_rules(primitive, static, len(shapes))
        return trace_array_rules(primitive, static, shapes)

    def _write(self, passive: bool) -> None:
        groups: dict[Any, list[Use]] = {}
        for line in self.lines:
            primitive, operands = self.graph.primitives[line], self.graph.operands[line]
            if not operands or (primitive.name == "same" and not passive):
                continue
            use = Use(line, self.live_slots(line), self.masked[line], self.shapes(line))
            if use.live or passive or isinstance(primitive, Composite):
                key = (id(primitive), repr(self.graph.statics[line]), len(operands))
                groups.setdefault(key, []).append(use)
        known: dict[Any, Gate] = {}
        for uses in groups.values():
            self._group(uses, known)
        self._name()

    def _group(self, uses: Sequence[Use], known: dict[Any, Gate]) -> None:
        """The gates of all lines with one primitive, static parameter and number of operands."""
        first = uses[0].index
        primitive = self.graph.primitives[first]
        live = sorted({slot for use in uses for slot in use.live})
        spread = {slot for use in uses for slot in live if use.shapes[slot] != self.shape(use.index)}
        self.target.with_care = self._needs_care(uses, live)
        by_shapes: dict[Any, list[Use]] = {}
        for use in uses:
            by_shapes.setdefault(None if primitive.kind == "elementwise" else use.shapes, []).append(use)
        for alike in by_shapes.values():
            gate = self._gate(alike, live, spread, guarded=self._is_guarded(uses, live))
            gate = known.setdefault((gate.base, gate.says, *gate.body()), gate)
            if gate not in self.all:
                self.all.append(gate)
            for use in alike:
                self.of[use.index] = gate
        self.target.with_care = False

    def _name(self) -> None:
        """Give gates of one base their variants; a number where that is not enough."""
        bases = [gate.base for gate in self.all]
        for gate in self.all:
            if bases.count(gate.base) > 1 and gate.base != gate.variant:
                gate.name = gate.base + gate.variant

    # Numbers

    def numbers(self, use: Use, trace: Trace) -> list[Any]:
        """The numbers of the lines of a rule at the point."""
        from gradcli.codegen.modular.numbers import numbers_of_rule

        assert self.values is not None
        operands = [self.values[operand] for operand in self.graph.operands[use.index]]
        return numbers_of_rule(self.graph, use.index, trace, self.values[use.index], operands)

    def _needs_care(self, uses: Sequence[Use], live: Sequence[int]) -> bool:
        """Whether a value, or a line of a rule, is inf or nan at the point, where an operation could raise."""
        if self.values is None or not self.target.careful:
            return False
        for use in uses:
            trace = self.trace(use.index, use.shapes)
            if not is_finite(self.values[use.index]):
                return True
            lines = {line for slot in live for line in trace.lines_of(slot)}
            if lines and not all(map(is_finite, self.numbers(use, trace)[trace.inputs :])):
                return True
        return False

    def line(self, index: int, texts: Sequence[Text]) -> Text:
        """A line through which no gradient goes, over TEXTS; with care where it is not known to be finite."""
        graph, shapes = self.graph, [self.shape(operand) for operand in self.graph.operands[index]]
        self.target.with_care = self.values is None or not is_finite(self.values[index])
        found = self.target.operation(graph.primitives[index], graph.statics[index], texts, shapes, self.shape(index))
        self.target.with_care = False
        return found

    def _is_guarded(self, uses: Sequence[Use], live: Sequence[int]) -> bool:
        """Whether a local gradient that can be infinite stands behind gates."""
        masked = [use for use in uses if use.masked]
        if not masked or self.graph.primitives[masked[0].index].kind == "carried":
            return False
        trace = self.trace(masked[0].index, masked[0].shapes)
        graph = trace.graph
        for slot in live:
            for line in trace.lines_of(slot):
                primitive = graph.primitives[line]
                whole = primitive.name == "power" and graph.statics[line] >= 1
                if primitive is not CONSTANT and primitive.name not in TOTAL and not whole:
                    return True
        return any(not is_finite(self.values[use.index]) for use in masked) if self.values is not None else False

    def is_nan(self, line: int) -> bool:
        """Whether the value of a line, or an element of it, is nan at the point."""
        if self.values is None:
            return False
        value = self.values[line]
        return bool(value != value) if type(value) is float else bool((value != value).any())

    # One gate

    def _gate(self, uses: Sequence[Use], live: Sequence[int], spread: set[int], *, guarded: bool) -> Gate:
        use = uses[0]
        graph, target = self.graph, self.target
        primitive, static = graph.primitives[use.index], graph.statics[use.index]
        names = parameter_names(primitive, len(use.shapes))
        leaves = [(name, ATOM) for name in names]
        base = class_name(primitive, static)
        if isinstance(primitive, Composite):
            body = primitive.traced(use.shapes)
            lines = Lines(body.graph, leaves, target)
            (output,) = body.outputs
            assert output is not None
            lines.read([output])
            gate = Gate(base, "", primitive.words, names, lines.text(output))
            gate.before = lines.statements
        else:
            forward = target.operation(primitive, static, leaves, use.shapes, self.shape(use.index))
            gate = Gate(base, variant(static), said(primitive, static, names, len(live)), names, forward)
        sure = not any(self.is_nan(use.index) for use in uses)
        Backward(self, use, gate, live, spread, guarded=guarded, sure=sure).write()
        return gate


def flows(trace: Trace, slot: int, carried: bool) -> bool:
    """Whether a gradient goes to operand SLOT: there is a rule, and what is CARRIED back is not the number 0."""
    output = trace.outputs[slot] if slot < len(trace.outputs) else None
    if output is None or not carried:
        return output is not None
    return trace.graph.primitives[output] is not CONSTANT or trace.graph.statics[output] != 0
