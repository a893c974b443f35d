"""A Jacobian as plain data: a matrix a name with its pattern in words, and what a backward pass does in its place."""

from __future__ import annotations

from gradcli.graph.shapes import BYTES, count
from gradcli.report.rounding import misses
from gradcli.report.title import title
from gradcli.text import SCHEMA, significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.autodiff.arrays import ArrayFlow
    from gradcli.autodiff.jacobians import Jacobian
    from gradcli.graph import Primitive, Shape
    from gradcli.insight.notes import Note
    from gradcli.language.question import Question

    Value = Any  # a float or an array of floats

MOST_DIGITS = 17


class Matrix:
    """The derivative of every element of the result (rows) by every element of the name (columns).

    `reaches` says where there is a path; `pattern` is the structure in words, `depends` which part of the name an
    element of the result depends on, as ("[i,j]", "[i,:]"), or None. `least`, `mean` and `largest` are of all entries,
    `pathless` and `zeros` count entries without a path and computed zeros.
    """

    def __init__(
        self,
        name: str,
        result: Shape,
        shape: Shape,
        numbers: list[list[float]],
        reaches: list[list[bool]],
        pattern: str = "one number",
        depends: tuple[str, str] | None = None,
        extremes: tuple[float, float, float] | None = None,
        counts: tuple[int, int] = (0, 0),
    ) -> None:
        self.name = name
        self.result = result
        self.shape = shape
        self.numbers = numbers
        self.reaches = reaches
        self.pattern = pattern if any(map(any, reaches)) else "zero"
        self.depends = depends
        self.least, self.mean, self.largest = extremes or (numbers[0][0],) * 3
        self.pathless, self.zeros = counts

    @property
    def rows(self) -> int:
        """As many as the result has elements."""
        return len(self.numbers)

    @property
    def columns(self) -> int:
        """As many as the name has elements."""
        return len(self.numbers[0])

    @property
    def entries(self) -> int:
        """Rows times columns."""
        return self.rows * self.columns

    @property
    def has_zeros_by_structure(self) -> bool:
        """Whether an entry has no path."""
        return not all(map(all, self.reaches))

    def nested(self) -> Any:
        """The entries with the axes of the result first, then those of the name, as nested lists."""
        found: list[Any] = [number for row in self.numbers for number in row]
        for length in reversed((*self.result, *self.shape)):
            found = [found[start : start + length] for start in range(0, len(found), length)]
        return found[0]

    def words(self, label: str) -> str:
        """The pattern, and which elements depend on which."""
        name = self.name
        if self.pattern == "zero":
            return f"zero: no path leads from {name} to {label}"
        if self.pattern == "one number":
            return "one number"
        if self.pattern == "one row":
            return f"one row: {label} is a scalar, so this is its gradient, laid flat"
        if self.pattern == "one column":
            return f"one column: {name} is a scalar, and moves every element of {label}"
        if self.pattern == "dense":
            return f"dense: every element of {label} depends on every element of {name}"
        if self.pattern == "lower triangular":
            if len(self.result) == len(self.shape) == 1:
                return f"lower triangular: {label}[i] depends on {name}[0] to {name}[i]"
            return f"lower triangular: an element of {label} depends on those of {name} up to its place"
        if self.depends is None:
            return self.pattern
        return f"{self.pattern}: {label}{self.depends[0]} depends on {name}{self.depends[1]} alone"


def matrix_of(name: str, result: Shape, shape: Shape, jacobian: Jacobian) -> Matrix:
    """The matrix of a Jacobian by NAME, with its pattern."""
    from gradcli.autodiff.jacobians import counts_of, numbers_of, range_of
    from gradcli.insight.patterns import pattern_of

    pattern = pattern_of(jacobian.reaches, result, shape)
    least, mean, largest = range_of(jacobian)
    numbers, reaches = numbers_of(jacobian)
    return Matrix(name, result, shape, numbers, reaches, pattern.name, pattern.depends, (least, mean, largest),
                  counts_of(jacobian))  # fmt: skip


class Step:
    """One flow of the backward pass: how the upstream gradient of SOURCE becomes a gradient of TARGET, in words.

    `kept` is how many numbers the rule reads beside the upstream gradient, `products` how often it multiplies, None
    where it solves equations.
    """

    __slots__ = ("kept", "products", "source", "target", "text")

    def __init__(self, source: str, target: str, text: str, kept: int, products: int | None) -> None:
        self.source = source
        self.target = target
        self.text = text
        self.kept = kept
        self.products = products


def steps_of(question: Question, values: Sequence[Value], flows: Sequence[ArrayFlow]) -> list[Step]:
    """What a backward pass does, a step a flow, in its order."""
    from gradcli.autodiff.jacobians import kept_and_multiplied
    from gradcli.graph.arrays import shape_of

    graph, labels = question.graph, question.labels()
    found = []
    for flow in flows:
        primitive, static = graph.primitives[flow.source], graph.statics[flow.source]
        shapes = [shape_of(values[operand]) for operand in graph.operands[flow.source]]
        kept, products = kept_and_multiplied(primitive, static, flow.slot, shapes, flow.local)
        text = _product_text(question, values, flow)
        if primitive.kind != "carried":
            text += _moved_words(primitive, shape_of(values[flow.source]), shapes[flow.slot], static)
        found.append(Step(labels.names[flow.source], labels.names[flow.target], text, kept, products))
    return found


def _product_text(question: Question, values: Sequence[Value], flow: ArrayFlow) -> str:
    """`upstream @ W.T`, `upstream * x`: the rule that ran."""
    from gradcli.report.array_rules import rule_text

    primitive = question.graph.primitives[flow.source]
    if primitive.opens:
        return f"upstream * {_grouped(share_text(question, flow))}"
    text = rule_text(question.graph, values, question.labels(), flow.source, flow.slot)
    if primitive.kind == "carried":
        return text or f"the rule of {primitive.shown}"
    if text in ("1", "-1"):
        return "upstream" if text == "1" else "-upstream"
    return f"upstream * {_grouped(_short(text))}" if text else "upstream * local"


def _short(text: str) -> str:
    """A rule that is one long number, rounded."""
    try:
        return significant(float(text))
    except ValueError:
        return text


def share_text(question: Question, flow: ArrayFlow) -> str:
    """The share of the upstream gradient that a gate passes, as its rule says it of values that are numbers."""
    from gradcli.graph.arrays import shape_of
    from gradcli.graph.carriers import read, trace_array_rules, trace_rules
    from gradcli.graph.notation import atom, constant, operation

    graph, labels = question.graph, question.labels()
    primitive, static = graph.primitives[flow.source], graph.statics[flow.source]
    operands = graph.operands[flow.source]
    if primitive.kind == "elementwise":
        trace = trace_rules(primitive, static, len(operands))
    else:
        shapes = question.shapes or ()
        trace = trace_array_rules(primitive, static, [shapes[operand] for operand in operands])
    output = trace.outputs[flow.slot]
    assert output is not None
    rule = trace.graph
    if rule.primitives[output].name == "where":
        test, share, other = rule.operands[output]
        if rule.primitives[test].name == "equal" and rule.operands[test] == (other, other):
            output = share
    texts = read(trace, [atom(labels.names[flow.source]), *map(labels.text, operands)], operation, constant,
                 trace.lines_of(flow.slot))  # fmt: skip
    text = str(texts[output][0])
    own = shape_of(flow.local) if flow.local is not None else ()
    return text if len(text) <= 60 or own is None else f"share of {primitive.shown}"


def _grouped(text: str) -> str:
    """TEXT in parentheses where an operator stands outside of any."""
    depth = 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if depth == 0 and sign in " +-*/@^":
            return f"({text})"
    return text


def _moved_words(primitive: Primitive, shape: Shape, operand: Shape, static: Any) -> str:
    """What happens to the product where the shapes differ: copies, or copies added up."""
    if primitive.kind == "reduces":
        return f", to every element of {_bracketed(operand)}" if operand != shape else ""
    return f", added up to {_bracketed(operand)}" if count(operand) < count(shape) else ""


def _bracketed(shape: Shape) -> str:
    return f"[{','.join(map(str, shape))}]"


class Row:
    """One element of a diagonal Jacobian: upstream × local = downstream, with digits in which that holds."""

    __slots__ = ("closed", "digits", "downstream", "gate", "local", "upstream")

    def __init__(self, upstream: float, local: float, downstream: float, gate: str, digits: int) -> None:
        self.upstream = upstream
        self.local = local
        self.downstream = downstream
        self.gate = gate
        again = upstream * local
        self.closed = downstream == 0 and again != 0
        self.digits = digits
        while not self.closed and self.digits < MOST_DIGITS and self._misses() > 1:
            self.digits += 1

    def _misses(self) -> float:
        from gradcli.report.rounding import rounded

        again = rounded(self.upstream, self.digits) * rounded(self.local, self.digits)
        return misses(self.downstream, again, self.digits)


class JacobianReport:
    """The Jacobian of a program at a point: its matrices, what a backward pass does in their place, and with an
    upstream gradient the product with it.

    `passes` are those that reverse mode and forward mode take; `asked` says that the mode was not chosen by them.
    """

    def __init__(
        self,
        question: Question,
        value: Value,
        matrices: Sequence[Matrix],
        steps: Sequence[Step],
        products: Mapping[str, Value] | None,
        notes: Sequence[Note],
        *,
        upstream: Value | None,
        passes: tuple[int, int],
        asked: bool,
    ) -> None:
        self.question = question
        self.value = value
        self.matrices = matrices
        self.steps = steps
        self.products = products
        self.notes = notes
        self.upstream = upstream
        self.passes = passes
        self.asked = asked
        self.label = question.labels().names[question.result]

    @property
    def mode(self) -> str:
        """The mode that made the matrices."""
        return self.question.options.mode

    @property
    def shape(self) -> Shape:
        """The shape of the result."""
        return () if type(self.value) is float else self.value.shape

    @property
    def is_scalar(self) -> bool:
        """Whether no array appears."""
        return self.question.shapes is None

    def title(self) -> str:
        """How the text was read."""
        return title(self.question.program)

    def why(self) -> str:
        """Which mode made the matrices, and why."""
        backward, forward = self.passes
        if not forward:
            return "no pass: nothing to differentiate by"
        result = f"element{'s' * (backward != 1)} of {self.label}"
        inputs = f"input element{'s' * (forward != 1)}"
        reverse = self.mode == "reverse"
        many, others = (backward, forward) if reverse else (forward, backward)
        own, other = (result, "forward") if reverse else (inputs, "reverse")
        passes = f"{many:,} {self.mode} pass{'es' * (many != 1)}, one for each of the {many:,} {own}"
        if many == 1:
            passes = f"1 {self.mode} pass, for the one {own}"
        asked = " (--mode)" if self.asked else ""
        return f"{passes}{asked}; {other} mode would take {'as many' if many == others else f'{others:,}'}"

    def rows_of(self, matrix: Matrix, digits: int) -> list[Row]:
        """A row an element of a diagonal MATRIX: upstream × local = downstream; none without an upstream gradient."""
        if self.upstream is None or self.products is None or matrix.pattern not in ("diagonal", "one number"):
            return []
        upstream, downstream = _flat(self.upstream), _flat(self.products[matrix.name])
        graph = self.question.graph
        live = graph.live([self.question.result])
        gated = any(live[index] and primitive.opens for index, primitive in enumerate(graph.primitives))
        words = {1.0: "passes", 0.0: "blocks" if gated else "scales"}
        locals_ = [matrix.numbers[place][place] for place in range(matrix.rows)]
        return [
            Row(above, local, below, words.get(local, "scales"), digits)
            for above, local, below in zip(upstream, locals_, downstream, strict=True)
        ]

    @property
    def kept(self) -> int:
        """How many numbers a backward pass reads beside the upstream gradients."""
        return sum(step.kept for step in self.steps)

    @property
    def products_made(self) -> int | None:
        """How often a backward pass multiplies; None where it solves equations."""
        made = [step.products for step in self.steps]
        return None if None in made else sum(number or 0 for number in made)

    @property
    def entries(self) -> int:
        """How many entries the matrices have together."""
        return sum(matrix.entries for matrix in self.matrices)

    def saved(self) -> str:
        """What is saved by never making the matrices, in one sentence."""
        return saved(self.entries, self.kept, self.products_made)

    def as_object(self) -> dict[str, object]:
        """The report as the JSON of schema gradcli/1."""
        found: dict[str, object] = {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": {name: _plain(value) for name, value in self.question.at.items()},
            "value": _plain(self.value),
            "jacobian": {matrix.name: matrix.nested() for matrix in self.matrices},
            "shape": list(self.shape),
        }
        if self.products is not None:
            found["upstream"] = _plain(self.upstream)
            found["vjp"] = {name: _plain(value) for name, value in self.products.items()}
        found["decomposition"] = self.question.options.decomposition
        found["mode"] = self.mode
        found["notes"] = [{"kind": n.kind, "line": n.line, "message": n.message} for n in self.notes]
        return found


def saved(entries: int, kept: int, products: int | None) -> str:
    """What is saved by never making matrices with so many ENTRIES."""
    numbers = f"{entries - kept:,} of {entries:,} numbers ({(entries - kept) * BYTES:,} of {entries * BYTES:,} bytes)"
    times = "" if products is None else f"{entries - products:,} of {entries:,} multiplications"
    parts = [numbers] if kept < entries else []
    parts += [times] if times and products is not None and products < entries else []
    return " and ".join(parts) or "nothing: the matrix is as small as what takes its place"


def _flat(value: Value) -> list[float]:
    return [value] if type(value) is float else value.ravel().tolist()


def _plain(value: Value) -> Any:
    return value if type(value) is float else value.tolist()
