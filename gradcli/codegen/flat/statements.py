"""Forward and backward pass as statements of a target: what each line is called, and what stands inside another."""

from __future__ import annotations

from gradcli.codegen.flat.statement import Statement, gate_words
from gradcli.codegen.flat.values import is_finite
from gradcli.codegen.layout import STEP, WIDTH, harmless
from gradcli.codegen.names import Names
from gradcli.graph import ATOM_LEVEL, CONSTANT, NAMED, VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.flat.sweep import BackwardLines, Step
    from gradcli.codegen.targets.base import Target, Text
    from gradcli.graph import Shape

LONGEST_COMMENT = 50
LONGEST_INSIDE = 40  # letters of what stands inside a flow
ONE: Text = ("1.0", ATOM_LEVEL)
TESTS = frozenset(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"))


class Statements:
    """The FORWARD and BACKWARD statements of a subject, its PARAMETERS, RESULT and GRADIENTS as source.

    RESERVED are the words that no name may be. A name of the user's is claimed before any of ours.
    """

    def __init__(self, subject: Subject, lines: BackwardLines, target: Target, reserved: Collection[str]) -> None:
        self.subject = subject
        self.lines = lines
        self.graph = lines.graph
        self.target = target
        user = [*subject.variables, *[name for name in subject.graph.names if name is not None]]
        self.names = Names(reserved, user)
        self.texts: dict[int, Text] = {}
        self.forward: list[Statement] = []
        self.backward: list[Statement] = []
        self.extra = 1
        values = lines.values or ()
        self.wild = {index for index, value in enumerate(values) if not is_finite(value)}
        self.live = self._live()
        self._write_forward()
        self.gradient_names: dict[int, str] = {}
        self._write_backward()
        self.parameters = [(name, self.names[name]) for name in subject.variables]
        self.result = self._read(lines.result)
        self.gradients = [(name, self._gradient(name)) for name in subject.sources]

    # Forward

    def _live(self) -> list[bool]:
        """Which lines are needed, masks that were left out not among them."""
        lines = self.lines
        marks = [False] * len(self.graph)
        wanted = [lines.result, *(line for line in lines.adjoints.values() if line is not None)]
        wanted += [line for step in lines.steps for line in (step.upstream, step.downstream)]
        for line in wanted:
            marks[lines.resolved(line)] = True
        for index in range(len(marks) - 1, -1, -1):
            if marks[index]:
                for operand in self._operands(index):
                    marks[operand] = True
        return marks

    def _write_forward(self) -> None:
        graph, labels = self.graph, self.lines.labels
        given: set[str] = set(self.names.given)
        for index in range(self.lines.start):
            primitive = graph.primitives[index]
            name = graph.names[index]
            if primitive is VARIABLE:
                self.texts[index] = (self.names[name or ""], ATOM_LEVEL)
                continue
            if not self.live[index]:
                continue
            if primitive is CONSTANT:
                if name is None and index != self.lines.result and self._is_short(index):
                    self.texts[index] = self._literal(graph.statics[index])
                    continue
                text = self._value(graph.statics[index])
            else:
                text = self._operation(index)
            label = labels[index] or "c1"
            safe = self.names[label] if label == name and label in given else self.names.fresh(label)
            given.discard(label)
            self.forward.append(Statement(safe, text, index, self._comment(index)))
            self.texts[index] = (safe, ATOM_LEVEL)

    def _comment(self, index: int) -> str:
        """What a recognised line stands for, where that is short; letters as the program has them."""
        text = self.lines.comments.get(index, "")
        return f"for {harmless(text)}" if 0 < len(text) <= LONGEST_COMMENT else ""

    def _is_short(self, index: int) -> bool:
        """Whether a constant stands inside the lines that use it."""
        static = self.graph.statics[index]
        return type(static) is float or static.value.size <= 4

    def _literal(self, static: Any) -> Text:
        return self.target.literal(static)

    def _value(self, static: Any) -> Text:
        """A constant that a name holds: in some targets a number is wrapped there."""
        given = getattr(self.target, "given", None)
        return self._literal(static) if given is None or type(static) is not float else (given(static), ATOM_LEVEL)

    def _shape(self, index: int) -> Shape:
        return () if self.graph.shapes is None else self.graph.shapes[index]

    def _operation(self, index: int) -> Text:
        """The operation of a line over the texts of its operands."""
        operands = self._operands(index)
        primitive, static = self.graph.primitives[index], self.graph.statics[index]
        texts = [self.texts.get(operand) or self._text(operand) for operand in operands]
        shapes = None if self.graph.shapes is None else [self._shape(operand) for operand in operands]
        self.target.with_care = index in self.wild
        if self._is_strong(index):
            return self.target.strong_product(texts)
        return self.target.operation(primitive, static, texts, shapes, self._shape(index))

    def _is_strong(self, index: int) -> bool:
        """Whether a product carries a gradient, and 0 * inf is to be 0 in it."""
        origin = (self.graph.origins or {}).get(index)
        if not self.subject.strong or origin is None or origin.role != "flow" or self.lines.values is None:
            return False
        factors = [self.lines.values[operand] for operand in self.graph.operands[index]]
        return self.graph.primitives[index].name == "mul" and not all(map(is_finite, factors))

    def _text(self, index: int) -> Text:
        found = self.texts.get(index)
        if found is None:
            found = self.texts[index] = self._literal(self.graph.statics[index])
        return found

    def _read(self, index: int) -> Text:
        """A line as what the function returns."""
        static = self.graph.statics[index]
        is_number = self.graph.primitives[index] is CONSTANT and not self.texts.get(index, ("",))[0].isidentifier()
        return self._value(static) if is_number else self._text(index)

    # Backward

    def _write_backward(self) -> None:
        lines = self.lines
        if lines.seed is None or (not lines.steps and all(line is None for line in lines.adjoints.values())):
            return
        graph = self.graph
        self.uses = [0] * len(graph)
        for index in range(lines.start, len(graph)):
            if self.live[index]:
                for operand in set(self._operands(index)):
                    self.uses[operand] += 1
        name = self._gradient_name(lines.result)
        self.backward.append(Statement(name, self._seed_text(), lines.seed))
        self.texts[lines.seed] = (name, ATOM_LEVEL)
        at = -1
        for step in lines.steps:
            comment = ""
            if step.source != at:
                at = step.source
                comment = gate_words(graph, at, self._live_slots(at))
                self.texts[lines.resolved(step.upstream)] = (self.gradient_names[at], ATOM_LEVEL)
            self._write_step(step, comment)
        for index in range(lines.start, len(graph)):  # what puts a gradient into the shape of its variable
            if self.live[index] and index not in self.texts and graph.primitives[index] is not CONSTANT:
                origin = (graph.origins or {}).get(index)
                if origin is not None and origin.role == "join":
                    self._materialise(index)

    def _write_step(self, step: Step, comment: str) -> None:
        """One flow: the gradient of its target, or what is added to it."""
        downstream = self.lines.resolved(step.downstream)
        known = downstream in self.texts
        text = self._texted(downstream, step.target, adds=step.total is not None)
        name = self.gradient_names.get(step.target)
        if step.total is None:
            name = self._gradient_name(step.target)
            self.backward.append(Statement(name, text, downstream, comment))
            if not known:
                self.texts[downstream] = (name, ATOM_LEVEL)
            return
        assert name is not None
        if self.target.array and not text[0].isidentifier() and len(STEP) + 2 * len(name) + 6 + len(text[0]) > WIDTH:
            flow = self.names.another(f"flow_{self._called(step.target)}")
            self.backward.append(Statement(flow, text, downstream))
            text = (flow, ATOM_LEVEL)
        self.backward.append(Statement(name, text, downstream, comment or "copy adds", more=True))
        for before in self.graph.operands[step.total]:
            if self.texts.get(self.lines.resolved(before)) == (name, ATOM_LEVEL):
                del self.texts[self.lines.resolved(before)]
        self.texts[step.total] = (name, ATOM_LEVEL)

    def _texted(self, line: int, target: int, *, adds: bool = False) -> Text:
        """LINE over what has a name, what it is computed from inside it or, where that is long, before it."""
        if line in self.texts:
            return self.texts[line]
        if self.graph.primitives[line] is CONSTANT:
            return self._value(self.graph.statics[line])
        self._prepare(line, target)
        name = f"grad_{self._called(target)}"
        room = WIDTH - len(STEP) - len(f"{name} = {name} + " if adds and self.target.array else f"{name} += ")
        return self._fitting(line, target, room)

    def _prepare(self, line: int, target: int) -> None:
        """Write down, or read into texts, all that LINE is computed from."""
        waiting, found = [*self._operands(line)], set()
        while waiting:
            operand = waiting.pop()
            if operand in self.texts or operand in found or self.graph.primitives[operand] is CONSTANT:
                continue
            found.add(operand)
            waiting += self._operands(operand)
        last = set(self._operands(line))
        for operand in sorted(last & found):
            if (self.graph.origins or {})[operand].role == "flow":
                last.update(self._operands(operand))
        for operand in sorted(found):
            text = self._operation(operand)
            atomic = self.graph.primitives[operand].name in TESTS and not self._shape(operand)
            stands = text[0][0] != "\0" and len(text[0]) <= LONGEST_INSIDE  # else statements of their own
            if not stands or (self.uses[operand] > 1 and not atomic):
                self._name(operand, target, last=operand in last)
            else:
                self.texts[operand] = text

    def _operands(self, line: int) -> list[int]:
        operands = self.lines.operands[line]
        return [self.lines.resolved(operand) for operand in operands] if self.lines.stands_for else [*operands]

    def _fitting(self, line: int, target: int, room: int) -> Text:
        """The operation of LINE; where that is longer than ROOM, what stands inside it gets names first."""
        text = self._operation(line)
        if len(text[0]) > room:
            for operand in self._operands(line):
                inside = operand >= self.lines.start and self.graph.primitives[operand] is not CONSTANT
                if inside and not self._text(operand)[0].isidentifier():
                    self._name(operand, target, last=True)
            text = self._operation(line)
        return text

    def _name(self, line: int, target: int, *, last: bool) -> None:
        """Give LINE a statement of its own; LAST where the flow to TARGET is computed from it directly."""
        origin = (self.graph.origins or {}).get(line)
        if origin is not None and origin.role == "open":
            name = self.names.another(f"open_{self._called(target)}")
        elif last:
            stem = "local"
            if origin is not None and origin.role == "flow":
                stem = "flow"
            elif origin is not None and self.graph.primitives[origin.source].opens:
                stem = "share"
            name = self.names.another(f"{stem}_{self._called(target)}")
        else:
            name, self.extra = self.names.numbered("t", self.extra)
        text = self._fitting(line, target, WIDTH - len(STEP) - len(name) - 3)
        self.backward.append(Statement(name, text, line))
        self.texts[line] = (name, ATOM_LEVEL)

    def _materialise(self, line: int) -> None:
        origin = (self.graph.origins or {})[line]
        text = self._texted(line, origin.target)
        name = self.gradient_names.get(origin.target) or self._gradient_name(origin.target)
        self.backward.append(Statement(name, text, line))
        self.texts[line] = (name, ATOM_LEVEL)

    def _seed_text(self) -> Text:
        """1; and where the result of this point is nan, a test for it."""
        lines = self.lines
        assert lines.seed is not None
        result, shape = lines.result, self._shape(lines.result)
        if lines.values is not None and not is_finite(lines.values[result]):
            value = lines.values[result]
            if (value != value) if type(value) is float else (value != value).any():
                return self._operation(lines.seed)
        if shape:
            return self.target.operation(NAMED["fit"], shape, [ONE], [()], shape)
        return self._value(1.0)

    def _live_slots(self, index: int) -> list[int]:
        return [slot for slot, operand in enumerate(self.graph.operands[index]) if self.lines.active[operand]]

    def _gradient_name(self, line: int) -> str:
        found = self.names.another(f"grad_{self._called(line)}")
        self.gradient_names[line] = found
        return found

    def _called(self, line: int) -> str:
        """What line is called in the code."""
        return self.texts[line][0] if self.texts[line][0].isidentifier() else self.lines.labels[line]

    def _gradient(self, name: str) -> Text:
        """The gradient by NAME, 0 where nothing arrives at it."""
        line = self.lines.adjoints[name]
        if line is not None:
            source = self.subject.sources[name]
            assert source is not None
            return (self.gradient_names[source], ATOM_LEVEL)
        source = self.subject.sources[name]
        shape: Shape = ()
        if source is not None:
            shape = () if self.subject.graph.shapes is None else self.subject.graph.shapes[source]
        elif self.subject.point is not None and type(value := self.subject.point.get(name, 0.0)) is not float:
            shape = value.shape
        if shape:
            return self.target.operation(NAMED["fit"], shape, [("0.0", ATOM_LEVEL)], [()], shape)
        return self._value(0.0)
