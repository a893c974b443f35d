"""A graph of arrays written out over single numbers: lines that hold at every point, whatever its values.

Each element gets the line that the array's own forward computes it by. Equal lines are one, operations of constants are
constants; what no gradient reaches is no line that is added to others.
"""

from __future__ import annotations

import numpy as np

from gradcli.errors import GradError
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph, array_primitives
from gradcli.graph.scalar_forms import FORMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.graph import Primitive

    Places = np.ndarray[Any, np.dtype[np.intp]]  # lines of the scalar graph, in the shape of an array

MOST_LINES = 50_000
MOVES = frozenset(("index", "transpose", "reshape", "flatten", "broadcast", "stack", "concat"))
FEW_TERMS = 8  # up to which a sum is added up from the left, as numpy does


class Lines:
    """A scalar graph that is being written: equal lines are one, and operations of constants are constants."""

    def __init__(self, most: int = MOST_LINES) -> None:
        self.most = most
        self.graph = Graph()
        self._known: dict[Any, int] = {}
        self.absent = self.graph.constant(0.0)  # where nothing arrived: unlike other zeros it is not added

    def make_room(self, many: int) -> None:
        """Refuse MANY more lines where there would be too many."""
        if len(self.graph) + many > self.most:
            raise GradError(
                "limit", f"written out over single numbers, the program takes more than {self.most:,} lines",
                hint="map computes every row in scalar operations; use smaller arrays, or --wrt for fewer gradients",
            )  # fmt: skip

    def constant(self, value: float) -> int:
        """The line of a number, one for all that are equal."""
        key = value if value - value == 0 and value != 0 else repr(value)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self.graph.constant(float(value))
        return found

    def apply(self, name: str, *lines: int, static: Any = None) -> int:
        """The line of the primitive of that NAME over LINES."""
        return self.line(NAMED[name], *lines, static=static)

    def line(self, primitive: Primitive, *lines: int, static: Any = None) -> int:
        """The line of PRIMITIVE over LINES; what is known without computing is no new one."""
        graph, name = self.graph, primitive.name
        if name == "add" and self.absent in lines:
            return lines[1 if lines[0] == self.absent else 0]
        if name == "sub" and lines[1] == self.absent:
            return lines[0]
        if name == "neg" and lines[0] == self.absent:
            return self.absent
        values = [graph.statics[line] if graph.primitives[line] is CONSTANT else None for line in lines]
        if name == "where" and values[0] is not None:
            return lines[1 if values[0] != 0 else 2]
        if None not in values:
            return self.constant(primitive.forward(*values, *((static,) if primitive.static else ())))
        if name == "mul" and 1.0 in values:
            return lines[1 if values[0] == 1.0 else 0]
        key = (primitive, static, lines)
        found = self._known.get(key)
        if found is None:
            self.make_room(1)
            found = self._known[key] = graph.append(primitive, lines, static)
        return found

    def total(self, lines: Sequence[int]) -> int:
        """Their sum; of many in halves, which rounds less."""
        rows = [int(line) for line in lines if line != self.absent]
        if not rows:
            return self.absent if len(lines) else self.constant(0.0)
        while len(rows) > FEW_TERMS:
            rows = [
                self.apply("add", *rows[k : k + 2]) if k + 1 < len(rows) else rows[k] for k in range(0, len(rows), 2)
            ]
        found = rows[0]
        for line in rows[1:]:
            found = self.apply("add", found, line)
        return found

    def scaled(self, line: int, factor: float) -> int:
        return self.apply("mul", line, self.constant(factor))

    def if_finite(self, found: int, other: int) -> int:
        """FOUND where it is neither inf nor nan, else OTHER."""
        zero = self.apply("sub", found, found)
        return self.apply("where", self.apply("equal", zero, self.constant(0.0)), found, other)


class Scalars(Lines):
    """The scalar graph, and for each line of the array graph that RESULTS need the lines of its elements.

    Variables are written out whether they are needed or not, each element a variable of its own, `x[0,1]`.
    Raises GradError (limit) where that takes more than MOST lines, or a matrix is too large to be written out.
    """

    def __init__(self, source: Graph, results: Iterable[int], most: int = MOST_LINES) -> None:
        assert source.shapes is not None
        array_primitives()
        super().__init__(most)
        self.source = source
        self.elements: list[Places | None] = [None] * len(source)
        live = source.live(results)
        for index, primitive in enumerate(source.primitives):
            if live[index] or primitive is VARIABLE:
                self.elements[index] = self._written(index)

    def lines_of(self, index: int) -> list[int]:
        """The lines of all elements of a line, in C order."""
        elements = self.elements[index]
        assert elements is not None
        return [int(line) for line in elements.ravel()]

    def _written(self, index: int) -> Places:
        source = self.source
        primitive, static = source.primitives[index], source.statics[index]
        shape = (source.shapes or [])[index]
        if primitive is VARIABLE:
            name = source.names[index] or ""
            self.make_room(int(np.prod(shape, dtype=float)))
            places = np.ndindex(shape)
            return self.shaped([self.graph.variable(element(name, place)) for place in places], shape)
        if primitive is CONSTANT:
            values = np.asarray(static if type(static) is float else static.value)
            self.make_room(values.size)
            return self.shaped([self.constant(value) for value in values.ravel().tolist()], shape)
        operands = [self._elements(operand) for operand in source.operands[index]]
        extra = (static,) if primitive.static else ()
        if primitive.name in MOVES:
            return np.asarray(primitive.forward(*operands, *extra))
        if primitive.kind == "elementwise":
            self.make_room(int(np.prod(shape, dtype=float)))
            rows = np.broadcast_arrays(*operands)
            aligned = zip(*(row.ravel().tolist() for row in rows), strict=True)
            return self.shaped([self.line(primitive, *row, static=static) for row in aligned], shape)
        return np.asarray(FORMS[primitive.name](self, *operands, *extra), dtype=np.intp).reshape(shape)

    def _elements(self, index: int) -> Places:
        elements = self.elements[index]
        assert elements is not None
        return elements

    @staticmethod
    def shaped(lines: Sequence[int], shape: Sequence[int]) -> Places:
        return np.array(lines, dtype=np.intp).reshape(shape)


def element(name: str, place: Sequence[int]) -> str:
    """What an element is called: `x[0]`, `W[1,2]`, or the name itself where there is no axis."""
    return f"{name}[{','.join(map(str, place))}]" if place else name
