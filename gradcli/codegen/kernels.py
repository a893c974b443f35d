"""A scalar program as one straight-line function: its value and gradients, written out from the rules.

A kernel does what `autodiff.evaluate` and `pull_back` do, operation by operation, so every number has the same bits.
Where anything would be worth a note that depends on more than which gates are open, or a number is not finite, it
gives None, and the program has to be answered in the general way.
"""

from __future__ import annotations

from math import isfinite

from gradcli.codegen.plain import AT_EDGE, PASSES_ON, UNTIED, WORLD, applied, is_number, product
from gradcli.codegen.python import literal
from gradcli.graph import CAUTIOUS, CONSTANT, SATURATED_BELOW, VARIABLE
from gradcli.graph.carriers import trace_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gradcli.graph import Edge, Graph

    Texts = Callable[[list[float]], Sequence[str]]

MOST_LINES = 300  # of a graph that gets a kernel: compiling takes some 50 us a line
MOST_PATTERNS = 256  # of open gates whose notes are kept


class Kernel:
    """A compiled program. `run(*numbers)` gives the members of the answer as JSON text, or None.

    Its notes depend on which gates are open. They are looked up in `notes` by that pattern; one that is not there is
    left in `missed`, and `run` gives None.
    """

    __slots__ = ("missed", "notes", "run", "text")

    def __init__(self, text: str, form: str, edges: Sequence[Edge], texts: Texts | None) -> None:
        self.text = text
        self.notes: dict[tuple[bool, ...], str] = {}
        self.missed: list[tuple[bool, ...]] = []
        world = {**WORLD, "form": form, "noted": self.notes.get, "miss": self.missed.append}
        world["texts"] = texts
        world |= {f"edge{number}": edge.when for number, edge in enumerate(edges)}
        exec(compile(text, "<kernel>", "exec"), world)  # noqa: S102 - operation names and v0, v1, ... are its words
        self.run: Callable[..., str | None] = world["kernel"]

    def learn(self, pattern: tuple[bool, ...], notes: str) -> None:
        """Keep the NOTES that a PATTERN of open gates gives, as the last member of the answer; empty for none."""
        if len(self.notes) >= MOST_PATTERNS:
            self.notes.clear()
        self.notes[pattern] = notes


def kernel(
    graph: Graph,
    result: int,
    sources: Mapping[str, int | None] | None,
    leaves: Mapping[int, str],
    given: Sequence[str],
    literals: Sequence[str],
    member: Callable[[str], str],
    *,
    noted: bool = False,
    texts: Texts | None = None,
) -> Kernel | None:
    """The kernel of the program whose RESULT is to be differentiated by the SOURCES (None: the value alone).

    It is run with numbers for the parameters GIVEN, which have to be floats, and for the LITERALS. LEAVES says which
    lines stand for them, as texts. MEMBER makes a JSON text of a name. NOTED says that there are notes in any case.
    TEXTS writes numbers faster than `repr`, and the same. None where the program is too long or has arrays.
    """
    live = graph.live([result])
    if graph.shapes is not None or sum(live) > MOST_LINES:
        return None
    writer = _Writer(graph, result, live, leaves)
    if not writer.fits:
        return None
    live_sources = [line for line in (sources or {}).values() if line is not None]
    writer.look_ahead(live_sources)
    writer.forward()
    hole = "%r" if texts is None else "%s"
    outputs, form = [writer.texts[result]], f'"value":{hole}'
    if sources is not None:
        writer.backward()
        members = []
        for name, line in sources.items():
            adjoint = None if line is None else writer.adjoints.get(line)
            members.append(f"{member(name)}:{'0.0' if adjoint is None else hole}")
            outputs += [] if adjoint is None else [adjoint]
        form += f',"gradients":{{{",".join(members)}}}'
    return writer.kernel(given, literals, outputs, form, texts, noted=noted)


class _Writer:
    """Writes the statements of a kernel: every name is assigned once, and no text is computed twice."""

    def __init__(self, graph: Graph, result: int, live: Sequence[bool], leaves: Mapping[int, str]) -> None:
        self.graph = graph
        self.result = result
        self.lines = [index for index in range(len(graph)) if live[index]]
        self.leaves = leaves
        self.texts: dict[int, str] = {}
        self.statements: list[str] = []
        self.named: dict[str, str] = {}
        self.adjoints: dict[int, str] = {}
        self.closed: dict[int, str] = {}  # the name of a flag; a line that is not there is open in any case
        self.suspects: list[str] = []  # numbers that have to be looked at, to know that all are finite
        self.gates: list[str] = []  # flags: the pattern that the notes depend on
        self.edges: list[Edge] = []
        self.active: Sequence[bool] = ()
        self.reached: set[int] = set()
        self.noted = False
        self.fits = all(
            graph.primitives[index] is not CONSTANT or index in leaves or isfinite(graph.statics[index])
            for index in self.lines
        )

    def name(self, text: str) -> str:
        """A name for what TEXT computes."""
        if text.isidentifier() or is_number(text):
            return text
        if text not in self.named:
            name = self.named[text] = f"v{len(self.named)}"
            self.statements.append(f"{name} = {text}")
        return self.named[text]

    def look_ahead(self, sources: Iterable[int]) -> None:
        """Find the lines that depend on the SOURCES, and those of them that a gradient arrives at."""
        graph = self.graph
        self.active = _active(graph, sources)
        if self.active[self.result]:
            self.reached.add(self.result)
        for index in reversed(self.lines):
            operands = graph.operands[index]
            if index in self.reached and operands:
                outputs = trace_rules(graph.primitives[index], graph.statics[index], len(operands)).outputs
                flowing = [o for o, output in zip(operands, outputs, strict=True) if output is not None]
                self.reached.update(operand for operand in flowing if self.active[operand])

    def forward(self) -> None:
        """Every value that the result is computed from."""
        graph, texts = self.graph, self.texts
        for index in self.lines:
            primitive = graph.primitives[index]
            if index in self.leaves:
                texts[index] = self.name(self.leaves[index])
            elif primitive is CONSTANT:
                texts[index] = literal(graph.statics[index])
            else:
                operands = [texts[operand] for operand in graph.operands[index]]
                differ = index in self.reached  # or the tie is found there
                texts[index] = self.name(applied(primitive, graph.statics[index], operands, differ=differ))
        seen = {self.result}
        for index in reversed(self.lines):
            primitive, operands_of = graph.primitives[index], graph.operands[index]
            if primitive.name in PASSES_ON or (primitive.name == "power" and graph.statics[index] > 0):
                slots = PASSES_ON.get(primitive.name)
                seen.update(operands_of if slots is None else [operands_of[slot] for slot in slots])
        seen.discard(self.result)
        unseen = [index for index in self.lines if index not in seen]
        self.suspects += [texts[index] for index in unseen if not is_number(texts[index])]

    def backward(self) -> None:
        """Every adjoint that a source depends on, from the result back."""
        graph, active = self.graph, self.active
        if self.result in self.reached:
            self.adjoints[self.result] = "1.0"
        for index in reversed(self.lines):
            if index in self.adjoints:
                self._pull_back(index, active)
        if any(graph.primitives[i].shown in ("max", "min") and i in self.adjoints for i in self.lines):
            self._watch_inputs(active)
        for index in self.lines:  # what flows on is seen there
            if index in self.adjoints and not self._flows_on(index, active):
                self.suspects += [self.adjoints[index]] * (not is_number(self.adjoints[index]))

    def _flows_on(self, index: int, active: Sequence[bool]) -> bool:
        """Whether an adjoint that is not finite makes another so."""
        primitive, operands = self.graph.primitives[index], self.graph.operands[index]
        if primitive.opens or not operands:
            return False
        trace = trace_rules(primitive, self.graph.statics[index], len(operands))
        return any(active[o] and output is not None for o, output in zip(operands, trace.outputs, strict=True))

    def _watch_inputs(self, active: Sequence[bool]) -> None:
        """How many inputs a gate left without a gradient is worth a note."""
        inputs = [i for i in self.lines if self.graph.primitives[i] is VARIABLE and active[i] and i in self.adjoints]
        if sum(index in self.closed for index in inputs) > 1:
            self.noted = True
            adjoints = [self.adjoints[index] for index in inputs]
            self.gates += [self.name(f"({adjoint} == 0.0)") for adjoint in adjoints if not is_number(adjoint)]

    def _pull_back(self, index: int, active: Sequence[bool]) -> None:
        graph = self.graph
        primitive, operands = graph.primitives[index], graph.operands[index]
        if not operands:
            return
        self._look_at_edges(index, active)
        verb = primitive.verbs[0]
        self.noted |= primitive.opens or verb in ("dead", "stops")
        live = [slot for slot, operand in enumerate(operands) if active[operand]]
        locals_ = self._locals(index, live)
        if verb == "saturates" and locals_:
            for slot in locals_:
                locals_[slot] = self.name(locals_[slot])
            small = [f"{-SATURATED_BELOW!r} < {text} < {SATURATED_BELOW!r}" for text in locals_.values()]
            self.statements.append(f"if {' and '.join(small)}: return None")
        upstream, shut = self.adjoints[index], self.closed.get(index)
        for slot, local in locals_.items():
            operand = operands[slot]
            closed = shut
            if primitive.opens:
                local, closed = self._gate(local, shut)
            flow = product(upstream, local)
            if closed is not None:
                flow = f"(0.0 if {closed} else {flow})"
            before = self.adjoints.get(operand)
            if before is None:
                self.adjoints[operand] = self.name(flow)
                if closed is not None:
                    self.closed[operand] = closed
            else:
                self.adjoints[operand] = self.name(f"({before} + {flow})")
                together = self.closed.pop(operand, None)
                if closed is not None and together is not None:
                    self.closed[operand] = self.name(f"({together} and {closed})")

    def _gate(self, share: str, shut: str | None) -> tuple[str, str]:
        """The share that passes, and the flag that says whether nothing does."""
        if share.startswith("(1.0 if ") and share.endswith(" else 0.0)") and share.count(" if ") == 1:
            blocked = self.name(f"(not {share[len('(1.0 if ') : -len(' else 0.0)')]})")
            share = "1.0"
        else:
            share = self.name(share)
            blocked = self.name(f"({share} == 0.0)")
        self.gates.append(blocked)
        return share, blocked if shut is None else self.name(f"({shut} or {blocked})")

    def _look_at_edges(self, index: int, active: Sequence[bool]) -> None:
        """Leave at a tie or a kink that is worth a note."""
        primitive, operands, texts = self.graph.primitives[index], self.graph.operands[index], self.texts
        for edge in primitive.edges:
            about = [operands[slot] for slot in edge.operands] or operands
            if edge.kind not in ("kink", "tie") or not any(active[operand] for operand in about):
                continue
            if edge.kind == "tie" and 1 == len(set(operands)) < len(operands):
                continue  # of a line with itself
            given = [texts[index], *(texts[operand] for operand in operands)]
            if primitive.name in AT_EDGE and (primitive.name not in UNTIED or len(operands) == 2):
                test = AT_EDGE[primitive.name].format(*given)
            else:
                if primitive.static:
                    given.append(literal(self.graph.statics[index]))
                test = f"edge{len(self.edges)}({', '.join(given)})"
                self.edges.append(edge)
            self.statements.append(f"if {test}: return None")

    def _locals(self, index: int, slots: Iterable[int]) -> dict[int, str]:
        """The local gradient in each of the SLOTS where there is one."""
        graph = self.graph
        primitive, operands, static = graph.primitives[index], graph.operands[index], graph.statics[index]
        trace = trace_rules(primitive, static, len(operands))
        outputs = {slot: output for slot in slots if (output := trace.outputs[slot]) is not None}
        lines = sorted({line for slot in outputs for line in trace.lines_of(slot)})
        uses = [0] * len(trace.graph)
        for line in lines:
            for operand in trace.graph.operands[line]:
                uses[operand] += 1
        for output in outputs.values():
            uses[output] += 1
        texts = [self.texts[index], *(self.texts[operand] for operand in operands)]
        texts += [""] * (len(trace.graph) - trace.inputs)
        for line in lines:
            what = trace.graph.primitives[line]
            if what is CONSTANT:
                texts[line] = literal(trace.graph.statics[line])
                continue
            text = applied(what, trace.graph.statics[line], [texts[operand] for operand in trace.graph.operands[line]])
            texts[line] = self.name(text) if uses[line] > 1 or text in self.named else text
        return {slot: texts[output] for slot, output in outputs.items()}

    def kernel(
        self,
        given: Sequence[str],
        literals: Sequence[str],
        outputs: Sequence[str],
        form: str,
        texts: Texts | None,
        *,
        noted: bool,
    ) -> Kernel:
        """The statements as a function, compiled."""
        lines = []
        for start in range(0, len(given), 50):
            classes = " is ".join(f"{name}.__class__" for name in given[start : start + 50])
            lines.append(f"if not {classes} is float: return None")
        lines += self.statements
        suspects = list(dict.fromkeys(self.suspects))
        for start in range(0, len(suspects), 50):
            some = " + ".join(suspects[start : start + 50])
            lines += [f"total = {some}", "if total - total != 0.0: return None"]
        numbers = ", ".join(outputs) if texts is None else f"*texts([{', '.join(outputs)}])"
        if self.noted or noted:
            key = "".join(f"{flag}, " for flag in dict.fromkeys(self.gates))
            lines += [f"pattern = ({key.strip()})", "notes = noted(pattern)"]
            lines += ["if notes is None: return miss(pattern)", f"return form % ({numbers}, notes)"]
            form += "%s"
        else:
            lines.append(f"return form % ({numbers},)")
        body = "\n        ".join(lines)
        text = (
            f"def kernel({', '.join([*given, *literals])}):\n    try:\n        {body}\n"
            "    except (ArithmeticError, ValueError): return None\n"
        )
        return Kernel(text, form, self.edges, texts)


def _active(graph: Graph, sources: Iterable[int]) -> list[bool]:
    """Which lines depend on one of the SOURCES, themselves included."""
    marks = [False] * len(graph)
    for source in sources:
        marks[source] = True
    for index, operands in enumerate(graph.operands):
        marks[index] = marks[index] or any(marks[operand] for operand in operands)
    return marks


assert set(CAUTIOUS) == {"saturates", "dead", "stops"}, "a kernel has to know what is worth a note"
