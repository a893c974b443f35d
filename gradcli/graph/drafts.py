"""A graph while passes rewrite it: lines are replaced, rewritten and dropped, and every change is written down."""

from __future__ import annotations

from gradcli.graph import CONSTANT, Graph, Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from gradcli.graph import Primitive, Shape

SEEN_THROUGH = frozenset(("fit", "broadcast", "reshape", "flatten", "transpose", "stop", "same"))
DEEPEST = 4  # lines that are seen through for the number that an array repeats
LARGEST_COMPARED = 4096  # elements of a constant


class Form:
    """What a line does: a primitive, its static and its operands, which are lines (see Change)."""

    __slots__ = ("operands", "primitive", "static")

    def __init__(self, primitive: Primitive, operands: tuple[int, ...] = (), static: Any = None) -> None:
        self.primitive = primitive
        self.operands = operands
        self.static = static

    def __repr__(self) -> str:
        return f"{self.primitive.name}{self.operands}" + ("" if self.static is None else f" with {self.static}")


class Change:
    """What became of one line in a step.

    line  in the numbering of the graph that was given; from its length on, a line that a pass wrote (Draft.written)
    was   what it did until then, in the same numbering
    now   the line that stands for it from now on; or what it does now itself (a constant, another operation); or None:
          nothing needs it
    lost  where its value is another one now, if anywhere: a text with {}, and the line that belongs there
    """

    __slots__ = ("line", "lost", "now", "was")

    def __init__(self, line: int, was: Form, now: Form | int | None, lost: tuple[str, int] | None = None) -> None:
        self.line = line
        self.was = was
        self.now = now
        self.lost = lost

    def __repr__(self) -> str:
        return f"{self.line} = {self.was} -> {self.now}"


class Draft:
    """The lines of a graph as columns that passes may change.

    What a line is replaced by comes before it, or is a constant, so that index order stays evaluation order; constants
    are written out before the first line that needs them, and those that a pass adds stand at the end. `stands` says of
    every line which line stands for it (itself, where it was not replaced), `here` which lines were neither replaced
    nor dropped, `numbers` what a line is called in the changes.
    """

    def __init__(self, graph: Graph, wanted: Iterable[int]) -> None:
        self.given = graph
        self.wanted = list(wanted)
        self.written: dict[int, Form] = {}
        self.changes: list[Change] = []
        self.version = 0  # of what is computed: changes, lines that were dropped not among them
        self.places = list(range(len(graph)))  # where each given line is
        self.replaced = False
        self._next = len(graph)
        self._numbers: dict[int, float | None] = {}  # by the identity of array constants
        self.reloaded = False
        self._load(graph, list(range(len(graph))))

    def _load(self, graph: Graph, numbers: list[int]) -> None:
        self.primitives, self.operands = graph.primitives.copy(), graph.operands.copy()
        self.statics, self.names, self.spans = graph.statics.copy(), graph.names.copy(), graph.spans.copy()
        self.shapes: list[Shape] | None = None if graph.shapes is None else graph.shapes.copy()
        self.numbers = numbers
        self.stands = list(range(len(graph)))
        self.here = [True] * len(graph)
        self.length = len(graph)  # without the constants at the end
        self._constants: dict[tuple[float, str], int] = {}
        self.replaced = False

    # What passes read

    def operations(self) -> Iterator[int]:
        """Every operation that is here, in order, its operands those that stand for them now."""
        operands, here, stands = self.operands, self.here, self.stands
        for index in range(self.length):
            used = operands[index]
            if used and here[index]:
                if self.replaced:
                    for operand in used:
                        if stands[operand] != operand:
                            operands[index] = tuple([self.find(operand) for operand in used])
                            break
                yield index

    def find(self, line: int) -> int:
        """The line that stands for LINE now."""
        stands = self.stands
        while stands[line] != line:
            line = stands[line]
        return line

    def name(self, line: int) -> str:
        return self.primitives[line].name

    def shape(self, line: int) -> Shape:
        return () if self.shapes is None else self.shapes[line]

    def number(self, line: int) -> float | None:
        """The number that LINE is, or that every element of it is; None where it is no constant."""
        primitives = self.primitives
        if self.shapes is None:
            return self.statics[line] if primitives[line] is CONSTANT else None
        for _ in range(DEEPEST):
            primitive = primitives[line]
            if primitive is CONSTANT:
                return self._repeated(self.statics[line])
            if primitive.name not in SEEN_THROUGH:
                return None
            shape, line = self.shape(line), self.find(self.operands[line][0])
            if primitive.name == "fit" and not self.spreads(line, shape):
                return None
        return None

    def _repeated(self, static: Any) -> float | None:
        if type(static) is float:
            return static
        if id(static) not in self._numbers:
            value = static.value
            first = float(value.flat[0])
            small = value.size <= LARGEST_COMPARED
            self._numbers[id(static)] = first if small and (value == first).all() else None
        return self._numbers[id(static)]

    def spreads(self, line: int, shape: Shape) -> bool:
        """Whether a fit of LINE to SHAPE repeats its elements, and adds nothing up."""
        have = self.shape(line)
        lead = len(shape) - len(have)
        return lead >= 0 and all(length in (1, shape[axis + lead]) for axis, length in enumerate(have))

    def form(self, line: int) -> Form:
        """What LINE does now, in the numbering of the changes."""
        operands, stands = self.operands[line], self.stands
        for operand in operands:
            if stands[operand] != operand:
                operands = tuple([self.find(o) for o in operands])
                break
        return Form(self.primitives[line], self._numbered(operands), self.statics[line])

    def _numbered(self, operands: tuple[int, ...]) -> tuple[int, ...]:
        """The numbers of lines in the changes; until the draft was loaded anew, they are those of the lines."""
        if not self.reloaded:
            return operands
        numbers = self.numbers
        return tuple([numbers[operand] for operand in operands])

    # What passes do

    def constant(self, value: float) -> int:
        """The line of a number that a pass needs."""
        key = (value, repr(value))  # 0.0 and -0.0 are two
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = len(self.primitives)
            self._add(CONSTANT, value, self._next)
            self.written[self._next] = Form(CONSTANT, (), value)
            self._next += 1
        return self.find(found)

    def _add(self, primitive: Primitive, static: Any, number: int) -> None:
        self.stands.append(len(self.primitives))
        self.here.append(True)
        self.numbers.append(number)
        self.primitives.append(primitive)
        self.operands.append(())
        self.statics.append(static)
        self.names.append(None)
        self.spans.append(None)
        if self.shapes is not None:
            self.shapes.append(())

    def replace(self, line: int, by: int, lost: tuple[str, int] | None = None) -> None:
        """From now on the line BY, which comes before LINE or is a constant, stands for it.

        The name goes over where that is free; a name never moves onto a leaf. Of leaves nothing is written down.
        """
        if self.operands[line]:
            self._note(line, self.numbers[by], lost)
        self.version += 1
        name = self.names[line]
        if name is not None and self.names[by] is None and self.operands[by]:
            self.names[by] = name
            self.spans[by] = self.spans[line] or self.spans[by]
        self.stands[line] = by
        self.here[line] = False
        self.replaced = True

    def rewrite(
        self,
        line: int,
        primitive: Primitive,
        operands: tuple[int, ...] = (),
        static: Any = None,
        lost: tuple[str, int] | None = None,
    ) -> None:
        """LINE does something else from now on, whose value is the same."""
        self._note(line, Form(primitive, self._numbered(operands), static), lost)
        self.primitives[line], self.operands[line], self.statics[line] = primitive, operands, static

    def drop(self, line: int) -> None:
        """LINE is not needed."""
        version = self.version
        self._note(line, None, None)
        self.version = version
        self.here[line] = False

    def note(self, number: int, was: Form, now: Form | int | None, lost: tuple[str, int] | None = None) -> None:
        """Write a change down, in the numbering of the changes."""
        self.version += 1
        self.changes.append(Change(number, was, now, lost))

    def _note(self, line: int, now: Form | int | None, lost: tuple[str, int] | None) -> None:
        self.note(
            self.numbers[line], self.form(line), now, None if lost is None else (lost[0], self.numbers[lost[1]])
        )

    # The whole

    def live(self) -> list[bool]:
        """Which lines the wanted ones are computed from, themselves included."""
        marks = [False] * len(self.primitives)
        operands, stands, find, places = self.operands, self.stands, self.find, self.places
        for wanted in self.wanted:
            marks[find(places[wanted])] = True
        for index in range(self.length - 1, -1, -1):
            if marks[index]:
                for operand in operands[index]:
                    marks[operand if stands[operand] == operand else find(operand)] = True
        return marks

    def count(self) -> int:
        """How many operations are live."""
        return sum([1 for live, operands in zip(self.live(), self.operands, strict=True) if live and operands])

    def settle(self) -> tuple[Graph, list[int]]:
        """The lines that are here as a graph, and where each line of the draft is in it (-1: nowhere)."""
        graph = Graph()
        graph.shapes = None if self.shapes is None else []
        moved = [-1] * len(self.primitives)
        here, stands, find = self.here, self.stands, self.find
        for index, operands in enumerate(self.operands):
            if not here[index]:
                found = find(index)
                if found != index and moved[found] < 0 and here[found]:
                    self._settle(found, (), graph, moved)
                moved[index] = moved[found]
            elif operands:
                used = [operand if stands[operand] == operand else find(operand) for operand in operands]
                for operand in used:
                    if moved[operand] < 0:
                        self._settle(operand, (), graph, moved)
                self._settle(index, tuple([moved[operand] for operand in used]), graph, moved)
            elif moved[index] < 0:
                self._settle(index, (), graph, moved)
        return graph, moved

    def _settle(self, line: int, operands: tuple[int, ...], graph: Graph, moved: list[int]) -> None:
        moved[line] = len(graph.primitives)
        graph.primitives.append(self.primitives[line])
        graph.operands.append(operands)
        graph.statics.append(self.statics[line])
        graph.names.append(self.names[line])
        graph.spans.append(self.spans[line])
        if graph.shapes is not None and self.shapes is not None:
            graph.shapes.append(self.shapes[line])

    def moved(self, settled: Sequence[int]) -> list[int]:
        """For every given line its line in the graph that SETTLED says."""
        return [-1 if place < 0 else settled[place] for place in self.places]

    def reload(self, graph: Graph, moved: Sequence[int]) -> None:
        """Go on with GRAPH, in which line i of the draft is line MOVED[i], or nowhere; lines beside them are new."""
        numbers = [-1] * len(graph)
        for line in range(len(moved)):
            if self.here[line] and moved[line] >= 0 and numbers[moved[line]] < 0:
                numbers[moved[line]] = self.numbers[line]
        self.places = self.moved(moved)
        self.reloaded = True
        for line, number in enumerate(numbers):
            if number < 0:
                numbers[line] = self._next
                operands = tuple([numbers[operand] for operand in graph.operands[line]])
                self.written[self._next] = Form(graph.primitives[line], operands, graph.statics[line])
                self._next += 1
        self._load(graph, numbers)

    def origins(self, settled: Sequence[int]) -> dict[int, Origin] | None:
        """What the sweep said of its lines, in the numbering of the graph that SETTLED says.

        An end of a flow whose line is gone is -1.
        """
        given = self.given.origins
        if given is None:
            return None
        moved = self.moved(settled)
        found: dict[int, Origin] = {}
        for number, origin in given.items():
            place = self.places[number]
            if place >= 0 and self.numbers[place] == number and self.here[place]:
                found[settled[place]] = Origin(origin.role, moved[origin.source], moved[origin.target])
        return found
