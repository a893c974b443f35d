"""The numpy kernels of a program for rows: blocks of rows through a few buffers, every operation a call of numpy.

The lines are written out by the carrier of code as a straight-line function of such calls, one after the other, in
place. A buffer is free again after the last use of its line, and results are computed where they belong.
"""

from __future__ import annotations

from math import inf, nan

import numpy as np

from gradcli.codegen.cheaper import cheaper
from gradcli.graph import CONSTANT, VARIABLE
from gradcli.graph.array_elements import ELEMENTWISE, elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.codegen.rowprogram import RowProgram

    Column = np.ndarray[Any, np.dtype[np.float64]]

BLOCK = 8192  # rows: a buffer is 64 KiB
MOST_BYTES = 16 << 20  # of all buffers
LEAST_BLOCK = 256
MOST_STATEMENTS = 300  # of a function: compiling takes a time that grows with its length
IN_PLACE = {  # calls of numpy that write their result into an operand's buffer, too
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative", "square": "square",
    "abs": "absolute", "sign": "sign", "floor": "floor", "ceil": "ceil", "round": "rint", "exp": "exp",
    "expm1": "expm1", "log": "log", "log1p": "log1p", "log2": "log2", "log10": "log10", "sqrt": "sqrt", "cbrt": "cbrt",
    "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "atan2": "arctan2", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "mod": "mod",
}  # fmt: skip
TESTS = {
    "less": "less", "less_equal": "less_equal", "greater": "greater", "greater_equal": "greater_equal",
    "equal": "equal", "not_equal": "not_equal",
}  # fmt: skip


class Kernel:
    """The value and gradients of many rows by numpy. It may run in several threads at once.

    `source` is the code it runs; `block` how many rows go through the buffers at a time.
    """

    def __init__(self, program: RowProgram, block: int | None = None) -> None:
        code = _Code(cheaper(program))
        self.source = code.text()
        self.inputs, self.outputs = len(program.inputs), len(program.outputs)
        self._floats, self._tests, self._seeds = code.floats.count, code.tests.count, code.seeds
        taken = 8 * (self._floats + self.inputs + self.outputs) + self._tests
        self.block = block or max(LEAST_BLOCK, min(BLOCK, MOST_BYTES // taken))
        scope: dict[str, Any] = {**_CALLS, **code.functions}
        exec(compile(self.source, "<rows>", "exec"), scope)  # noqa: S102
        self._parts: list[Callable[..., None]] = [scope[name] for name in code.parts]
        self._spaces: list[_Space] = []  # that no thread uses at the moment

    def run(self, inputs: Sequence[Column], outputs: Sequence[Column]) -> None:
        """Write the OUTPUTS of every row of the INPUTS: 1-D arrays of float64, as long as each other, strided or not.

        An output must not overlap an input.
        """
        count = len(outputs[0]) if outputs else 0
        try:
            space = self._spaces.pop()
        except IndexError:
            space = _Space(self)
        with np.errstate(all="ignore"):
            for start in range(0, count, self.block):
                stop = min(start + self.block, count)
                self._step(space, [x[start:stop] for x in inputs], [y[start:stop] for y in outputs], stop - start)
        self._spaces.append(space)

    def _step(self, space: _Space, inputs: list[Column], outputs: list[Column], rows: int) -> None:
        found = [column if column.strides == DENSE else space.dense(k, column) for k, column in enumerate(inputs)]
        wanted = [y if y.strides == DENSE else space.results(k, rows) for k, y in enumerate(outputs)]
        floats, tests = [x[:rows] for x in space.floats], [m[:rows] for m in space.tests]
        seeds: list[Any] = [None] * self._seeds
        for part in self._parts:
            part(found, wanted, floats, tests, seeds)
        for made, asked in zip(wanted, outputs, strict=True):
            if made is not asked:
                asked[...] = made


DENSE = (8,)


class _Space:
    """The buffers of one thread."""

    def __init__(self, kernel: Kernel) -> None:
        self.rows = kernel.block
        self.floats = [*np.empty((kernel._floats, kernel.block))]
        self.tests = [*np.empty((kernel._tests, kernel.block), bool)]
        self._dense: dict[int, Column] = {}
        self._results: dict[int, Column] = {}

    def dense(self, place: int, column: Column) -> Column:
        """A copy of a COLUMN whose elements do not stand side by side."""
        if place not in self._dense:
            self._dense[place] = np.empty(self.rows)
        return np.positive(column, self._dense[place][: len(column)])

    def results(self, place: int, rows: int) -> Column:
        if place not in self._results:
            self._results[place] = np.empty(self.rows)
        return self._results[place][:rows]


# What the code calls


def _seed(x: Any) -> Any:
    """1 for all rows; where a row is nan, nan there."""
    blank = np.isnan(x)
    return np.where(blank, x, 1.0) if blank.any() else 1.0


def _chosen(test: Any, one: Any, other: Any, into: Any) -> None:
    np.positive(np.where(test, one, other), into)


def _largest(a: Any, b: Any, into: Any) -> None:
    np.maximum(a, b, out=into)
    if not into.all():  # of 0.0 and -0.0, 0.0
        into[...] = ELEMENTWISE["max"](a, b)


def _smallest(a: Any, b: Any, into: Any) -> None:
    np.minimum(a, b, out=into)
    if not into.all():
        into[...] = ELEMENTWISE["min"](a, b)


SAFE, FAR = 1e-280, 1e300  # sums of squares between them have lost no digit


def _length(a: Any, b: Any, into: Any) -> None:
    """hypot: the root of the sum of squares, where in all rows that is as good."""
    np.square(a, into)
    np.add(into, b * b, into)
    if into.min() > SAFE and into.max() < FAR:
        np.sqrt(into, into)
    else:
        np.hypot(a, b, into)


_CALLS: dict[str, Any] = {
    **{name: getattr(np, name) for name in (*IN_PLACE.values(), *TESTS.values())},
    "positive": np.positive, "copyto": np.copyto, "maximum": np.maximum, "picked": np.where,
    "logical_and": np.logical_and, "logical_not": np.logical_not,
    "seed": _seed, "chosen": _chosen, "largest": _largest, "smallest": _smallest, "length": _length,
    "INF": inf, "NAN": nan,
}  # fmt: skip


class _Pool:
    """Buffers by number: those that are free are given out again."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self.free: list[int] = []

    def take(self) -> str:
        if not self.free:
            self.free.append(self.count)
            self.count += 1
        return f"{self.name}[{self.free.pop()}]"

    def give(self, text: str) -> None:
        self.free.append(int(text[len(self.name) + 1 : -1]))


class _Code:
    """The statements of a program, and where each line stands while it is needed.

    i inputs, o outputs, b buffers of floats, m buffers of truth values, s seeds.
    """

    def __init__(self, program: RowProgram) -> None:
        self.graph = program.graph
        self.program = program
        self.floats, self.tests = _Pool("b"), _Pool("m")
        self.functions: dict[str, Callable[..., Any]] = {}
        self.statements: list[str] = []
        self.places: dict[int, str] = {}  # of lines as floats
        self.truths: dict[int, str] = {}  # of lines as truth values
        self.parts: list[str] = []
        self.seeds = 0
        self.last = self._last_uses()
        self.wanted: dict[int, str] = {}
        for place, (_, line) in enumerate(program.outputs):
            if self.graph.operands[line]:
                self.wanted.setdefault(line, f"o[{place}]")
        for place, line in enumerate(program.inputs):
            self.places[line] = f"i[{place}]"
        for index, primitive in enumerate(self.graph.primitives):
            if primitive is CONSTANT:
                self.places[index] = _literal(self.graph.statics[index])
            elif primitive is not VARIABLE:
                self._write(index)
        for place, (_, line) in enumerate(program.outputs):
            if self.places[line] != f"o[{place}]":
                text = self.places[line]
                copied = f"positive({text}, o[{place}])" if "[" in text else f"o[{place}].fill({text})"
                self.statements.append(copied)

    def text(self) -> str:
        """The functions, each of a bounded length."""
        parts: list[str] = []
        for start in range(0, len(self.statements) or 1, MOST_STATEMENTS):
            name = f"part{len(parts)}"
            body = self.statements[start : start + MOST_STATEMENTS] or ["pass"]
            parts.append(f"def {name}(i, o, b, m, s):\n" + "".join(f"    {line}\n" for line in body))
            self.parts.append(name)
        return "\n\n".join(parts)

    def _last_uses(self) -> dict[int, int]:
        last: dict[int, int] = {}
        for index, operands in enumerate(self.graph.operands):
            for operand in operands:
                last[operand] = index
        return last

    def _write(self, index: int) -> None:
        name, operands = self.graph.primitives[index].name, self.graph.operands[index]
        if self._write_test(index, name, operands):
            self._release(index, operands)
            if index in self.wanted:
                self._as_float(index)
            return
        if name == "where":
            test = self._as_truth(operands[0])
            one, other = (self._as_float(operand) for operand in operands[1:])
            self._release(index, operands)
            self._put(index, f"chosen({test}, {one}, {other}, {{}})", f"picked({test}, {one}, {other})")
            self._release_temporary(test, operands[0])
            return
        texts = [self._as_float(operand) for operand in operands]
        if name in IN_PLACE:
            self._release(index, operands)
            self._put(index, f"{IN_PLACE[name]}({', '.join(texts)}, {{}})")
        elif name == "relu":
            self._release(index, operands)
            self._put(index, f"maximum({texts[0]}, 0.0, out={{}})")
        elif name in OVER and len(texts) == 2:
            self._put(index, f"{OVER[name]}({', '.join(texts)}, {{}})")
            self._release(index, operands)
        elif name == "seed":
            if index not in self.wanted:  # one number, or an array: no buffer is made of it
                self.places[index] = f"s[{self.seeds}]"
                self.statements.append(f"s[{self.seeds}] = seed({texts[0]})")
                self.seeds += 1
            else:
                self._put(index, f"copyto({{}}, seed({texts[0]}))")
            self._release(index, operands)
        else:
            call = self._function(index)
            self._release(index, operands)
            made = f"{call}({', '.join(texts)})"
            may_be_one = any(text.startswith("s[") for text in texts)
            self._put(index, f"copyto({{}}, {made})", None if may_be_one else made)

    def _function(self, index: int) -> str:
        """A name for the forward over arrays of a line that numpy has no single call for."""
        primitive, static = self.graph.primitives[index], self.graph.statics[index]
        name = f"f{index}"
        forward = elementwise(primitive)
        self.functions[name] = (lambda *xs: forward(*xs, static)) if primitive.static else forward
        return name

    def _put(self, index: int, into: str, new: str | None = None) -> None:
        """The statement that computes a line: INTO a place, or as a NEW array that takes a buffer's."""
        place = self.wanted.get(index)
        if place is None:
            place = self.floats.take()
            self.statements.append(into.format(place) if new is None else f"{place} = {new}")
        else:
            self.statements.append(into.format(place))
        self.places[index] = place

    def _write_test(self, index: int, name: str, operands: tuple[int, ...]) -> bool:
        """Whether line INDEX is a truth value; then its statement is written."""
        if name == "mul" and all(operand in self.truths for operand in operands):
            truths = [self.truths[operand] for operand in operands]
            self.truths[index] = self.tests.take()
            self.statements.append(f"logical_and({', '.join(truths)}, {self.truths[index]})")
            return True
        if name not in TESTS:
            return False
        zero = self.graph.primitives[operands[1]] is CONSTANT and self.graph.statics[operands[1]] == 0
        if operands[0] in self.truths and zero and name in ("equal", "not_equal"):
            truth = self.truths[operands[0]]
            call = "logical_not" if name == "equal" else "positive"
            self.truths[index] = self.tests.take()
            if call == "positive":
                self.statements.append(f"copyto({self.truths[index]}, {truth})")
            else:
                self.statements.append(f"logical_not({truth}, {self.truths[index]})")
            return True
        texts = [self._as_float(operand) for operand in operands]
        self.truths[index] = self.tests.take()
        self.statements.append(f"{TESTS[name]}({', '.join(texts)}, {self.truths[index]})")
        return True

    def _as_float(self, line: int) -> str:
        if line not in self.places:
            place = self.wanted.get(line) or self.floats.take()
            self.statements.append(f"copyto({place}, {self.truths[line]})")
            self.places[line] = place
        return self.places[line]

    def _as_truth(self, line: int) -> str:
        """LINE != 0."""
        if line in self.truths:
            return self.truths[line]
        place = self.tests.take()
        self.statements.append(f"not_equal({self.places[line]}, 0.0, {place})")
        return place

    def _release(self, index: int, operands: tuple[int, ...]) -> None:
        """Free what line INDEX was the last to use."""
        for operand in set(operands):
            if self.last[operand] != index:
                continue
            if self.places.get(operand, "").startswith("b["):
                self.floats.give(self.places[operand])
            if operand in self.truths:
                self.tests.give(self.truths[operand])

    def _release_temporary(self, test: str, line: int) -> None:
        if line not in self.truths:
            self.tests.give(test)


OVER = {"max": "largest", "min": "smallest", "hypot": "length"}  # calls that need their operands to the end


def _literal(value: float) -> str:
    if value - value == 0:
        return repr(value)
    return "NAN" if value != value else "INF" if value > 0 else "-INF"
