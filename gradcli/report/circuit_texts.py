"""The texts of a circuit: numbers as cells, operations as symbols, flows in words."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.graph import CONSTANT
from gradcli.graph.notation import atom, operation
from gradcli.report.array_explanation import ArrayExplanation
from gradcli.report.precision import MOST_PARTS, Digits
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.report.explanation import Explanation

MOST_ROWS, MOST_COLUMNS = 4, 4  # of a matrix whose entries stand on a wire
WIDEST_SYMBOL, WIDEST_RULE = 22, 28
GLYPHS = {"*": "×", "-": "−", "/": "÷", "<=": "≤", ">=": "≥", "!=": "≠"}
LIVE = "·"  # the place of an operand that a wire brings


class Cells:
    """What stands on a wire: rows of numbers, and the shape where it is an array. One row of one number is a scalar.

    `rows` is empty where an array is too large for a wire; `says` is then its range.
    """

    __slots__ = ("rows", "says", "shape")

    def __init__(self, rows: Sequence[Sequence[str]], shape: str = "", says: str = "") -> None:
        self.rows = rows
        self.shape = shape
        self.says = says

    def __str__(self) -> str:
        if not self.shape:
            return self.rows[0][0] if self.rows else ""
        if not self.rows:
            return f"{self.shape} {self.says}".strip()
        texts = [f"[{', '.join(row)}]" for row in self.rows]
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def symbol_of(explanation: Explanation, line: int) -> str:
    """The operation of a line as it stands in its node: literals in their place, `·` where a wire enters."""
    graph, labels = explanation.graph, explanation.labels
    primitive, operands, static = graph.primitives[line], graph.operands[line], graph.statics[line]
    if not operands:
        return cut(labels.operation(line))
    if primitive.name == "same":
        return "="
    literal = [graph.primitives[o] is CONSTANT and graph.names[o] is None for o in operands]
    if len(operands) > MOST_ROWS * MOST_COLUMNS:
        return cut(f"{primitive.shown} of {len(operands):,}")
    if not any(literal) and not callable(primitive.notation) and not primitive.static:
        if primitive.notation is None:
            return primitive.shown
        return GLYPHS.get(primitive.notation[0], primitive.notation[0])
    texts = [labels.text(o) if held else atom(LIVE) for o, held in zip(operands, literal, strict=True)]
    text = operation(primitive, static, texts)[0]
    if text == f"{primitive.shown}({LIVE})":
        return primitive.shown
    for sign in ("+", "-", "<=", ">=", "!=", "<", ">", "=="):
        text = text.replace(f" {sign} ", GLYPHS.get(sign, sign))
    return cut(text.replace(f"*{LIVE}", f"×{LIVE}").replace(f"{LIVE}*", f"{LIVE}×"))


def cut(text: str, most: int = WIDEST_SYMBOL) -> str:
    """TEXT with its middle left out where it is longer than MOST letters."""
    if len(text) <= most:
        return text
    keep = most - 1
    return f"{text[: keep - keep // 2]}…{text[len(text) - keep // 2 :]}"


def texts_of(explanation: Explanation, rows: Sequence[int], digits: int) -> Texts:
    """The texts of scalars or arrays. Raises GradError (usage) where forward mode took several passes."""
    if explanation.passes[0] is not explanation.backward and len(explanation.passes) > 1:
        raise GradError(
            "usage",
            f"forward mode takes {len(explanation.passes):,} passes, and a picture has room for the numbers of one",
            hint="name one input: --wrt x; or leave out --mode forward, and see gradcli compare EXPR --by mode",
        )
    kind = ArrayTexts if isinstance(explanation, ArrayExplanation) else Texts
    return kind(explanation, rows, digits)


class Texts:
    """The numbers of a program of scalars, with the digits that its equations need."""

    def __init__(self, explanation: Any, rows: Sequence[int], digits: int) -> None:
        self.explanation = explanation
        self.forward = explanation.passes[0] is not explanation.backward
        self.base = digits
        self.digits: Any = self._settled(rows, digits)
        name = explanation.labels.names[explanation.result]
        self.of = f"gradient of sum({name})" if getattr(explanation, "of_sum", False) else f"gradient of {name}"
        if self.forward:
            self.of = f"tangent by {explanation.passes[0].name}"

    def _settled(self, rows: Sequence[int], digits: int) -> Any:
        return Digits(self.explanation, rows, digits)

    def value(self, line: int) -> Cells:
        """The value of a line."""
        return Cells([[self.digits.value(line)]])

    def number(self, line: int) -> Cells | None:
        """The gradient of a line (in forward mode its tangent)."""
        return None if self.explanation.number(line) is None else Cells([[self.digits.number(line)]])

    def seed(self) -> Cells | None:
        """What the sweep starts with at the result; in forward mode what it ends with."""
        return self.number(self.explanation.result)

    def edges(self, line: int) -> Sequence[Any]:
        """The flows through a line."""
        return self.explanation.edges(line)  # type: ignore[no-any-return]

    def through(self, edge: Any) -> Cells:
        """What passes the wire of a flow: its downstream gradient; in forward mode the tangent that enters."""
        if self.forward:
            found = self.number(edge.source)
            assert found is not None
            return found
        return Cells([[self.digits.downstream(edge)]])

    def local(self, edge: Any) -> Cells | None:
        """The local gradient of a flow."""
        return Cells([[self.digits.local(edge.owner, edge.slot, edge.local)]])

    def sum(self, line: int) -> str:
        """The gradient of a line as the sum of what its branches bring back, or how many they are."""
        flows = self.explanation.backward.arriving.get(line, ())
        if self.forward or len(flows) < 2:
            return ""
        if len(flows) > MOST_PARTS:
            return f"sum of {len(flows):,}"
        parts = [self.digits.part(flow[0], flow[2], flow[5]) for flow in flows]
        return " + ".join(f"({part})" if at and part.startswith("-") else part for at, part in enumerate(parts))

    def flow(self, edge: Any) -> str:
        """One step of the chain rule: `v3 → v1: 0.5 × 2 = 1`."""
        names = self.explanation.labels.names
        head = f"{names[edge.source]} → {names[edge.target]}: "
        upstream, local = self.number(edge.source), self.local(edge)
        rule = f" ({edge.formula})" if edge.formula and local and edge.formula != str(local) else ""
        last = self.digits.part(edge.owner, edge.slot, edge.downstream) if self.forward else str(self.through(edge))
        return f"{head}{upstream} × {local}{rule} = {last}{f' ({edge.cut_off})' if edge.cut_off else ''}"

    def local_of(self, line: int) -> list[str]:
        """The local gradients of a line as texts: `local f*sigmoid(-v4) = 0.196612`."""
        names = self.explanation.labels.names
        edges = self.explanation.local_edges(line)
        found = []
        for edge in edges[:2]:
            local = self.local(edge)
            by = f" by {names[edge.operand]}" if len(edges) > 1 else ""
            rule = f" {edge.formula} =" if edge.formula and edge.formula != str(local) else ""
            if local is not None:
                found.append(f"local{by}{rule} {local}")
        return found

    def answer(self) -> str:
        """The value and the gradients, in one sentence."""
        explanation = self.explanation
        name = explanation.labels.names[explanation.result]
        value = self.value(explanation.result)
        few = [*explanation.gradients.items()][:20]
        told = ", ".join(f"{of} {self._brief(gradient)}" for of, gradient in few)
        more = len(explanation.gradients) - len(few)
        return f"{name} = {value}" + (f"; gradients {told}{f', and {more:,} more' if more else ''}." if told else ".")

    def _brief(self, value: Any) -> str:
        return shown(value, self.base)


class ArrayTexts(Texts):
    """The numbers of a program with arrays: small ones whole, of large ones the shape."""

    def _settled(self, rows: Sequence[int], digits: int) -> Any:
        return None

    def value(self, line: int) -> Cells:
        return self._cells(self.explanation.values[line])

    def number(self, line: int) -> Cells | None:
        found = self.explanation.number(line)
        return None if found is None else self._cells(found)

    def through(self, edge: Any) -> Cells:
        if self.forward:
            return self._cells(edge.upstream)
        return self._cells(edge.downstream)

    def local(self, edge: Any) -> Cells | None:
        """The local gradient: a number where it is one everywhere, else its formula, or how upstream is carried."""
        text = shown(edge.local, self.base) if type(edge.local) is float else edge.rule or edge.formula
        return Cells([[cut(text, WIDEST_RULE)]]) if text else None

    def sum(self, line: int) -> str:
        return ""

    def flow(self, edge: Any) -> str:
        names = self.explanation.labels.names
        head = f"{names[edge.source]} → {names[edge.target]}: "
        if edge.rule:
            return f"{head}{edge.rule}"
        summed = f", summed along axis {', '.join(map(str, edge.copied))}" if edge.copied else ""
        return f"{head}upstream × local{f' ({edge.formula})' if edge.formula else ''}{summed}"

    def _brief(self, value: Any) -> str:
        return str(self._cells(value))

    def _cells(self, value: Any) -> Cells:
        if type(value) is float:
            return Cells([[shown(value, self.base)]])
        shape = f"length {value.size}" if value.ndim == 1 else "×".join(map(str, value.shape))
        rows = value.tolist() if value.ndim == 2 else [value.tolist()]
        if value.ndim > 2 or len(rows) > MOST_ROWS or len(rows[0]) > MOST_COLUMNS:
            low, high = shown(float(value.min()), self.base), shown(float(value.max()), self.base)
            return Cells([], shape, f"all {low}" if low == high else f"{low} … {high}")
        return Cells([[shown(number, self.base) for number in row] for row in rows], shape)
