"""The circuit of an explanation as plain data: its nodes, wires, forks, boxes and words, before anything is drawn.

A wire runs from the line that makes a value to a line that uses it. Where several wires leave one line they part at a
fork: before it the trunk, which carries the value and the whole gradient, behind it a branch for each use, with the
gradient that comes back through it.
"""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.graph import CONSTANT
from gradcli.report.circuit_boxes import boxes_of
from gradcli.report.circuit_repeats import Repeat, repeats_of
from gradcli.report.circuit_texts import Cells, symbol_of, texts_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradcli.graph import Graph
    from gradcli.report.circuit_boxes import Box
    from gradcli.report.circuit_texts import Texts
    from gradcli.report.explanation import Explanation

MANY = 60  # nodes, from which on repeats are folded
MOST_NODES, MOST_OF_ALL = 400, 4_000  # of a picture, and of one for which all were asked
SHORTEST_REPEAT = 6


class Node:
    """What a circuit is made of: an `operation`, an input (`leaf`), the end of a result or of a gradient (`end`), or
    the sign that stands for operations of which there are many (`more`).

    `line` is the index of the line, and of an end -1 - index. `name` is the label of the line, `symbol` the operation,
    `gate` what it does to a gradient, `says` the whole line. `added` is whether a sweep added it.
    """

    __slots__ = ("added", "gate", "kind", "line", "name", "says", "symbol")

    def __init__(self, kind: str, line: int, name: str, symbol: str, gate: str, says: str, *, added: bool) -> None:
        self.kind = kind
        self.line = line
        self.name = name
        self.symbol = symbol
        self.gate = gate
        self.says = says
        self.added = added


class Wire:
    """The value of line `source` on its way to operand `slot` of node `target`.

    `gradient` is what comes back through this wire, `local` the local gradient that it is multiplied by at its
    `target`, None where nothing flows; `flow` says the step of the chain rule in words and numbers.
    """

    __slots__ = ("added", "flow", "gradient", "local", "slot", "source", "target", "value")

    def __init__(
        self, source: int, target: int, slot: int, value: Cells, gradient: Cells | None, local: Cells | None,
        flow: str, *, added: bool,
    ) -> None:  # fmt: skip
        self.source = source
        self.target = target
        self.slot = slot
        self.value = value
        self.gradient = gradient
        self.local = local
        self.flow = flow
        self.added = added


class Fork:
    """Where several wires leave line `source`: its value, its gradient, and that as a sum, `0.4 + 6`, "" where it is
    none (of an array, of what nothing comes back to)."""

    __slots__ = ("gradient", "source", "sum", "value")

    def __init__(self, source: int, value: Cells, gradient: Cells | None, sum: str) -> None:
        self.source = source
        self.value = value
        self.gradient = gradient
        self.sum = sum


class Circuit:
    """The picture of a program at a point, in the words of all views; nodes and wires in the order of evaluation."""

    __slots__ = ("answer", "boxes", "forks", "labels", "nodes", "of", "result", "title", "wires")

    def __init__(
        self, title: str, answer: str, of: str, result: int, nodes: Sequence[Node], wires: Sequence[Wire],
        forks: dict[int, Fork], boxes: Sequence[Box], labels: Sequence[str],
    ) -> None:  # fmt: skip
        self.title = title
        self.answer = answer
        self.of = of
        self.result = result
        self.nodes = nodes
        self.wires = wires
        self.forks = forks
        self.boxes = boxes
        self.labels = labels

    @property
    def has_added(self) -> bool:
        """Whether a sweep added any of it."""
        return any(node.added for node in self.nodes)


def circuit(explanation: Explanation, *, digits: int = 6, full: bool = False) -> Circuit:
    """The circuit of an EXPLANATION; without FULL, repeats of a large one are folded into a sign that counts them.

    In forward mode the numbers are tangents. Raises GradError (usage) there where several inputs have a pass, and
    (limit) for more nodes than a picture has room for.
    """
    rows = [row for row in explanation.rows if row not in explanation.folded]
    repeats = [] if full or len(rows) <= MANY else repeats_of(explanation, rows, SHORTEST_REPEAT)
    hidden = {line for repeat in repeats for line in repeat.lines}
    shown = [row for row in rows if row not in hidden]
    most = MOST_OF_ALL if full else MOST_NODES
    if len(shown) + len(repeats) > most:
        raise too_large(len(shown) + len(repeats), most, full=full)
    return _Maker(explanation, shown, repeats, texts_of(explanation, shown, digits)).circuit()


def too_large(nodes: int, most: int, *, full: bool) -> GradError:
    """The refusal of a picture that nobody could read."""
    advice = "draw a smaller part of it, or see gradcli explain EXPR --view tree"
    return GradError(
        "limit",
        f"the picture would have {nodes:,} nodes, the most is {most:,}",
        hint=advice if full else f"add --full for up to {MOST_OF_ALL:,}, {advice}",
    )


class _Maker:
    """Makes the parts of one circuit."""

    def __init__(self, explanation: Explanation, rows: Sequence[int], repeats: Sequence[Repeat], texts: Texts) -> None:
        self.explanation = explanation
        self.graph = explanation.graph
        self.rows = rows
        self.texts = texts
        self.repeats = {repeat.last: repeat for repeat in repeats}
        self.wires: list[Wire] = []
        self.nodes: list[Node] = []

    def circuit(self) -> Circuit:
        explanation, labels = self.explanation, self.explanation.labels
        drawn = sorted({*self.rows, *self.repeats})
        for line in drawn:
            repeat = self.repeats.get(line)
            self.nodes.append(self._node(line) if repeat is None else self._more(repeat))
            self._wires_into(line, None if repeat is None else repeat.operands)
        self._ends()
        count: dict[int, int] = {}
        for wire in self.wires:
            count[wire.source] = count.get(wire.source, 0) + 1
        forks = {line: self._fork(line) for line, many in count.items() if many > 1}
        name = labels.names[explanation.result]
        title = explanation.title()
        return Circuit(
            title if title == name else f"{name} = {title}",
            self.texts.answer(), self.texts.of, explanation.result, self.nodes, self.wires, forks,
            boxes_of(explanation, {node.line for node in self.nodes}, self.texts), labels.names,
        )  # fmt: skip

    def _node(self, line: int) -> Node:
        explanation, graph = self.explanation, self.graph
        name = explanation.labels.names[line]
        says = explanation.labels.equation(line)
        added = bool(graph.origins and line in graph.origins)
        if explanation.is_input(line):
            anonymous = graph.primitives[line] is CONSTANT and graph.names[line] is None
            symbol = symbol_of(explanation, line) if anonymous else name
            gate = "" if anonymous else explanation.gate_shown(line)
            return Node("leaf", line, "" if anonymous else name, symbol, gate, says, added=False)
        symbol, gate = symbol_of(explanation, line), explanation.gate_shown(line)
        return Node("operation", line, name, symbol, gate, says, added=added)

    def _more(self, repeat: Repeat) -> Node:
        names = self.explanation.labels.names
        says = f"{names[repeat.first]} to {names[repeat.last]}: {repeat.count:,} lines"
        if repeat.others:
            says += f", and {repeat.others:,} that only they use"
        symbol = f"{symbol_of(self.explanation, repeat.last)} … {repeat.count:,} more"
        added = bool(self.graph.origins and repeat.last in self.graph.origins)
        return Node("more", repeat.last, names[repeat.last], symbol, "", says, added=added)

    def _wires_into(self, line: int, operands: Iterable[int] | None) -> None:
        graph = self.graph
        target_added = bool(graph.origins and line in graph.origins)
        edges = {edge.slot: edge for edge in self.texts.edges(line)} if operands is None else {}
        for slot, operand in enumerate(graph.operands[line] if operands is None else operands):
            if graph.primitives[operand] is CONSTANT and graph.names[operand] is None:
                continue
            edge = edges.get(slot)
            gradient = None if edge is None else self.texts.through(edge)
            if operands is not None and self.explanation.backward.meeting(operand) == 1:
                gradient = self.texts.number(operand)
            local = None if edge is None else self.texts.local(edge)
            flow = "" if edge is None else self.texts.flow(edge)
            added = target_added or bool(graph.origins and operand in graph.origins)
            self.wires.append(
                Wire(operand, line, slot, self.texts.value(operand), gradient, local, flow, added=added)
            )

    def _ends(self) -> None:
        """The result leaves the circuit, and so do the gradients that a sweep over nodes made, and unused lines."""
        explanation = self.explanation
        names = explanation.labels.names
        gradients = self._gradient_lines()
        used = {wire.source for wire in self.wires}
        for line in sorted(node.line for node in self.nodes):
            parts = [names[line]] if line == explanation.result else []
            parts += gradients.get(line, [])
            if not parts and (line in used or explanation.is_input(line)):
                continue
            name = " = ".join(parts) or names[line]
            added = line in gradients or bool(self.graph.origins and line in self.graph.origins)
            added = added and line != explanation.result
            seed = self.texts.seed() if line == explanation.result else None
            self.nodes.append(Node("end", -1 - line, name, name, "", explanation.labels.equation(line), added=added))
            value = self.texts.value(line)
            self.wires.append(Wire(line, -1 - line, 0, value, seed, None, "", added=added))

    def _gradient_lines(self) -> dict[int, list[str]]:
        """Which lines that a sweep added are the gradients that were asked for."""
        question, graph = self.explanation.question, self.graph
        if question.added is None or graph.origins is None:
            return {}
        from gradcli.autodiff.adjoint import AdjointGraph

        result = self.explanation.labels.names[self.explanation.result]
        before = first_lines(graph, question.added)
        again = AdjointGraph(before, self.explanation.values, question.result, question.live_sources())
        found: dict[int, list[str]] = {}
        for name, source in question.sources.items():
            line = None if source is None else again.adjoints[source]
            if line is not None and graph.primitives[line] is not CONSTANT:
                found.setdefault(line, []).append(f"∂{result}/∂{name}")
        return found

    def _fork(self, line: int) -> Fork:
        return Fork(line, self.texts.value(line), self.texts.number(line), self.texts.sum(line))


def first_lines(graph: Graph, many: int) -> Graph:
    """The first lines of a graph, as they were before a sweep added others."""
    found = graph.copy()
    for column in (found.primitives, found.operands, found.statics, found.names, found.spans, found.shapes):
        del (column or [])[many:]
    found.origins = {line: origin for line, origin in (graph.origins or {}).items() if line < many} or None
    return found
