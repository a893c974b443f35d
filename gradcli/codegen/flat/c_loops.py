"""Statements over arrays for C: elementwise lines as loops with what stands inside them, all others as calls."""

from __future__ import annotations

from math import prod

from gradcli.codegen.flat.c_arrays import FORMS, OUT, STEP, at, loops, pointer
from gradcli.codegen.flat.optimised import OptimisedStatements
from gradcli.codegen.flat.statement import Statement
from gradcli.codegen.flat.statements import Statements
from gradcli.codegen.targets.base import WORD, Unwritten
from gradcli.graph import ATOM_LEVEL, CONSTANT, VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.codegen.targets.base import Text
    from gradcli.graph import Shape

MARK = "\0"  # begins the text of what is no expression: statements that fill OUT
NUMBERS = "\0="  # begins the numbers of a constant
MOST_ON_STACK = 1000  # elements


class LoopStatements(Statements):
    """Forward and backward pass over arrays of doubles. Raises Unwritten for what has no loops."""

    def _write_forward(self) -> None:
        if any(line is not None and self._shape(line) for line in self.lines.adjoints.values()):
            self.target.use("copy")  # which the gradients go out by
        super()._write_forward()

    def _operation(self, index: int) -> Text:
        primitive, static = self.graph.primitives[index], self.graph.statics[index]
        operands, shape = self._operands(index), self._shape(index)
        if primitive.kind == "elementwise":
            return super()._operation(index)
        shapes = [self._shape(operand) for operand in operands]
        if spreads(primitive.name, shapes, shape):
            return self._text(operands[0])  # read as often as it is needed
        if primitive.name not in FORMS or (primitive.name == "matmul" and max(map(len, shapes)) > 2):
            raise Unwritten("usage", f"'{primitive.shown}' has no loops in C", hint="write --target numpy")
        names = [self._array(operand) for operand in operands]
        text = MARK + "\n".join(FORMS[primitive.name](names, static, shapes, shape))
        self.target.use(text)
        return text, ATOM_LEVEL

    def _array(self, index: int) -> str:
        """The name of an array that holds a line in its whole shape; one is made where there is none."""
        text = self._text(index)
        if text[0].isidentifier() and self._shapes().get(text[0]) == self._shape(index):
            return text[0]
        name, self.extra = self.names.numbered("t", self.extra)
        rows = self.forward if index < self.lines.start else self.backward
        rows.append(Statement(name, text, index))
        self.texts[index] = (name, ATOM_LEVEL)
        return name

    def _text(self, index: int) -> Text:
        """A line by its name; the numbers of an array get one first."""
        if index not in self.texts and self._shape(index) and self.graph.primitives[index] is CONSTANT:
            name, self.extra = self.names.numbered("t", self.extra)
            rows = self.forward if index < self.lines.start else self.backward
            rows.append(Statement(name, self._literal(self.graph.statics[index]), index))
            self.texts[index] = (name, ATOM_LEVEL)
        return super()._text(index)

    def _shapes(self) -> dict[str, Shape]:
        """The shape of every name so far."""
        found: dict[str, Shape] = self.__dict__.setdefault("shapes", {})
        if not found:
            for index, primitive in enumerate(self.graph.primitives):
                if primitive is VARIABLE:
                    found[self.names[self.graph.names[index] or ""]] = self._shape(index)
        seen = self.__dict__.setdefault("seen", [0, 0])
        gradients = {name: line for line, name in getattr(self, "gradient_names", {}).items()}
        for place, rows in enumerate((self.forward, self.backward)):
            for each in rows[seen[place] :]:
                found[each.name] = self._shape(gradients.get(each.name, each.line))
            seen[place] = len(rows)
        return found

    def _literal(self, static: Any) -> Text:
        if type(static) is float:
            return super()._literal(static)
        numbers = [self.target.literal(number)[0] for number in static.value.ravel().tolist()]
        return NUMBERS + ", ".join(numbers), ATOM_LEVEL

    def _is_short(self, index: int) -> bool:
        return type(self.graph.statics[index]) is float

    def _fitting(self, line: int, target: int, room: int) -> Text:
        text = self._operation(line)
        return text if text[0].startswith(MARK) else super()._fitting(line, target, room)

    def _gradient(self, name: str) -> Text:
        return ("0.0", ATOM_LEVEL) if self.lines.adjoints[name] is None else super()._gradient(name)

    def shape_of(self, name: str) -> Shape:
        """The shape of a variable, or of another line that is differentiated by."""
        graph = self.subject.graph
        line = self.subject.sources.get(name)
        if line is None:
            lines = [k for k, p in enumerate(graph.primitives) if p is VARIABLE and graph.names[k] == name]
            line = lines[0] if lines else None
        if line is not None:
            return (graph.shapes or [])[line]
        value = (self.subject.point or {}).get(name, 0.0)
        return () if type(value) is float else value.shape

    # As C

    def rows_of(self, each: Statement, declared: set[str]) -> list[str]:
        """A statement in lines."""
        shapes = self._shapes()
        shape, name, (text, _) = shapes[each.name], each.name, each.text
        rows = [f"// {each.comment}"] if each.comment else []
        first = name not in declared
        declared.add(name)
        if text.startswith(NUMBERS):
            return [*rows, f"static const double {name}{sizes(shape)} = {braces(text[len(NUMBERS) :], shape)};"]
        if text.startswith(MARK):
            body = text[len(MARK) :].split("\n")
            if first and not shape and len(body) == 1 and body[0].startswith(f"{OUT} = "):
                return [*rows, f"double {body[0].replace(OUT, name)}"]
            if first:
                return [*rows, *declaration(name, shape), *(row.replace(OUT, name) for row in body)]
            more = self.names.another(f"more_{name}")
            added = loops(shape, [f"{at(name, shape, shape)} += {at(more, shape, shape)};"])
            return [*rows, *declaration(more, shape), *(row.replace(OUT, more) for row in body), *added]
        source = WORD.sub(lambda word: at(word[0], shapes[word[0]], shape) if word[0] in shapes else word[0], text)
        sign = "+=" if each.more else "="
        if not shape:
            return [*rows, f"{'double ' if first else ''}{name} {sign} {source};"]
        start = declaration(name, shape) if first else []
        return [*rows, *start, *loops(shape, [f"{at(name, shape, shape)} {sign} {source};"])]

    def gradient_rows(self) -> list[str]:
        """What puts the gradients into their places."""
        rows, place = [], 0
        for name, (text, _) in self.gradients:
            shape = self.shape_of(name)
            if not shape:
                rows.append(f"gradients[{place}] = {text};")
            elif text in self._shapes():
                rows.append(f"copy({pointer(text, shape)}, gradients{f' + {place}' if place else ''}, {prod(shape)});")
            else:
                rows += [f"for (int i0 = 0; i0 < {prod(shape)}; i0++)", f"{STEP}gradients[{place} + i0] = {text};"]
            place += prod(shape)
        return rows


class OptimisedLoops(LoopStatements, OptimisedStatements):
    """The tidied adjoint graph over arrays of doubles."""

    def _gradient(self, name: str) -> Text:
        line = self.lines.adjoints[name]
        if line is None:
            return ("0.0", ATOM_LEVEL)
        return (self._array(line), ATOM_LEVEL) if self._shape(line) else self._read(line)


def spreads(name: str, shapes: list[Shape], shape: Shape) -> bool:
    """Whether a line repeats its operand, or gives a number axes."""
    if name == "reshape":
        return shapes[0] == ()
    if name not in ("fit", "broadcast") or len(shapes[0]) > len(shape):
        return False
    return all(n in (1, m) for n, m in zip(shapes[0][::-1], shape[::-1], strict=False))


def declaration(name: str, shape: Shape) -> list[str]:
    """A local array; a large one is kept off the stack."""
    return [f"{'static ' if prod(shape) > MOST_ON_STACK else ''}double {name}{sizes(shape)};"]


def sizes(shape: Shape) -> str:
    """The lengths of the axes as C declares them."""
    return "".join(f"[{length}]" for length in shape)


def braces(numbers: str, shape: Shape) -> str:
    """NUMBERS, parted by commas, as an initialiser."""
    texts = numbers.split(", ")
    for length in reversed(shape):
        texts = [f"{{{', '.join(texts[k : k + length])}}}" for k in range(0, len(texts), length)]
    return texts[0]
