"""What one element does in a line, in index form: where it goes, what it is multiplied by, and the pattern of all."""

from __future__ import annotations

from gradcli.graph import CONSTANT
from gradcli.graph.arrays import shape_of
from gradcli.graph.notation import atom, operation
from gradcli.report.array_rules import rule_text, summed_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.graph import Graph, Shape
    from gradcli.graph.arrays import Value
    from gradcli.graph.labels import Labels

    Place = tuple[int, ...]

LETTERS = "ijklmn"
MOST_OPERANDS = 8  # of a line whose elements are spelled out
ROWS = frozenset(("softmax_of", "logsoftmax"))


class Forms:
    """The texts about one use: line INDEX takes the element at PLACE of the operand in SLOT.

    sample    one of the elements it goes into, spelled out
    factor    what the slice of the local Jacobian is, or blank
    indices   the gradient of any element, or blank where there is no short form
    whole     the gradient of all elements at once
    local     what `local` in the other two stands for, or blank
    """

    __slots__ = ("factor", "indices", "local", "sample", "whole")

    def __init__(
        self, graph: Graph, values: Sequence[Value], labels: Labels, index: int, slot: int, place: Place
    ) -> None:
        self.sample = self.factor = self.indices = self.local = ""
        rule = rule_text(graph, values, labels, index, slot)
        self.whole = rule or ""
        primitive = graph.primitives[index]
        use = Use(graph, values, labels, index, slot, place)
        if primitive.name == "matmul":
            self.sample, self.factor, self.indices = of_product(use)
        elif primitive.kind == "elementwise":
            self._elementwise(use, rule)
        elif primitive.kind == "reduces" and primitive.static:
            self._reduction(use, rule)
        elif primitive.kind == "reduces":
            self.whole = _times("upstream", rule or "local")
        else:
            self._carried(use)
        self.sample = self.sample or labels.equation(index)

    def _elementwise(self, use: Use, rule: str | None) -> None:
        self.sample = use.spelled()
        axes = summed_axes(use.shape, use.own)
        lead = len(use.shape) - len(use.own)
        letters = [":" if axis in axes else _letter(axis - lead) for axis in range(len(use.shape))]
        upstream = _indexed("upstream", letters)
        local, each = rule or "local", rule or ""
        if rule is None:
            self.local = "1 where it passes, 0 where it is blocked, a share of 1 at a tie"
            each = _indexed("local", letters)
        elif rule in use.operands:
            self.factor = f"{rule} there"
            each = use.aligned(use.operands.index(rule), letters)
        elif _as_number(rule) is None:
            self.factor = f"{rule} there"
            self.local, local, each = (rule, "local", _indexed("local", letters)) if use.shape else ("", rule, rule)
        found = _times(upstream, each)
        self.indices = f"sum({found})" if axes else found
        whole = _times("upstream", local)
        for axis in reversed(axes):
            whole = f"sum({whole}, {axis})" if len(axes) < len(use.shape) else whole
        if axes and len(axes) == len(use.shape):
            whole = f"sum({whole})"
        if axes and len(use.own) > len(use.shape) - len(axes):
            whole += f", as {_shown(use.own)}"
        self.whole = whole

    def _reduction(self, use: Use, rule: str | None) -> None:
        axis = use.static[0]
        name = use.primitive.name
        out = [] if axis is None else [str(k) for n, k in enumerate(use.place) if n != axis % len(use.own)]
        if name in ("sum", "mean") and use.own:
            many = 1
            for n, length in enumerate(use.own):
                many *= length if axis is None or n == axis % len(use.own) else 1
            inner = _among(use.element, _first(use, axis), _last(use, axis))
            inner = inner if name == "sum" else f"({inner})/{many}" if many > 1 else inner
            self.sample = f"{_indexed(use.line, out)} = {inner}"
        letters = [_letter(n) for n in range(len(use.own))]
        above = [] if axis is None else [letter for n, letter in enumerate(letters) if n != axis % len(use.own)]
        number = _as_number(rule)
        if rule is None:
            self.local = "1 where it passes, 0 where it is blocked, a share of 1 at a tie"
        elif number is None:
            self.local = rule
        upstream = _indexed("upstream", above)
        self.indices = _times(upstream, _indexed("local", letters) if number is None else rule or "")
        spread = "upstream" if axis is None else f"upstream repeated along axis {axis % len(use.own)}"
        if number is None:
            self.whole = _times("upstream" if axis is None else f"({spread})", "local")
        elif number == 1:
            self.whole = f"{spread}{'' if axis is not None or not use.own else ', in every element'}"
        else:
            self.whole = _times("upstream" if axis is None else f"({spread})", rule or "")

    def _carried(self, use: Use) -> None:
        name, letters = use.primitive.name, [_letter(n) for n in range(len(use.own))]
        if name == "transpose":
            order = use.static or tuple(range(len(use.own)))[::-1]
            self.sample = f"{_indexed(use.line, [str(use.place[axis]) for axis in order])} = {use.element}"
            self.indices = _indexed("upstream", [letters[axis] for axis in order])
        elif name == "outer":
            first, second = use.operands
            self.sample = f"{use.line}[i,j] = {first}[i]*{second}[j]"
            other = use.operands[1 - use.slot]
            self.factor = f"{other}, once" if other else ""
            self.indices = f"upstream[i,:] · {second}" if use.slot == 0 else f"upstream[:,i] · {first}"
        elif name == "index":
            self.whole = f"upstream where {use.labels.operation(use.index)} picks it, 0 elsewhere"
        elif name in ROWS:
            row = [*letters[:-1], ":"]
            y, up, row_y, row_up = (
                _indexed(label, axes) for label, axes in
                ((use.line, letters), ("upstream", letters), (use.line, row), ("upstream", row))
            )  # fmt: skip
            self.indices = f"{y}*({up} - {row_up} · {row_y})"
            if name == "logsoftmax":
                self.indices = f"{up} - exp({y})*sum({row_up})"


class Use:
    """One operand of one line, with the names and shapes that the texts are made of."""

    def __init__(
        self, graph: Graph, values: Sequence[Value], labels: Labels, index: int, slot: int, place: Place
    ) -> None:
        self.primitive = graph.primitives[index]
        self.static = graph.statics[index]
        self.labels = labels
        self.index = index
        self.slot = slot
        self.place = place
        lines = graph.operands[index]
        self.line = labels.names[index]
        self.shape: Shape = shape_of(values[index])
        self.shapes = [shape_of(values[operand]) for operand in lines]
        self.own = self.shapes[slot]
        sides = ("left", "right") if len(lines) == 2 else tuple(f"operand {n + 1}" for n in range(len(lines)))
        literal = [graph.primitives[o] is CONSTANT and not graph.names[o] for o in lines]
        self.operands = [
            sides[n] if literal[n] and self.shapes[n] else labels.text(operand)[0] for n, operand in enumerate(lines)
        ]
        self.element = _indexed(self.operands[slot], [str(k) for k in place])

    def aligned(self, n: int, letters: Sequence[str]) -> str:
        """Operand N where the line has the index LETTERS."""
        skip = len(self.shape) - len(self.shapes[n])
        inside = ["0" if length == 1 else letters[axis + skip] for axis, length in enumerate(self.shapes[n])]
        return _indexed(self.operands[n], inside)

    def spelled(self) -> str:
        """One element of the line, which is computed element by element, over the elements of its operands."""
        if len(self.shapes) > MOST_OPERANDS:
            return ""
        lead = len(self.shape) - len(self.own)
        free = set(summed_axes(self.shape, self.own))
        out = [
            _letter(axis) if axis in free else str(self.place[axis - lead]) for axis in range(len(self.shape))
        ]
        texts = []
        for n, shape in enumerate(self.shapes):
            skip = len(self.shape) - len(shape)
            inside = ["0" if length == 1 else out[axis + skip] for axis, length in enumerate(shape)]
            if shape:
                texts.append(atom(_indexed(self.operands[n], inside)))
            else:
                texts.append(self.labels.text(self.labels.graph.operands[self.index][n]))
        return f"{_indexed(self.line, out)} = {operation(self.primitive, self.static, texts)[0]}"


def of_product(use: Use) -> tuple[str, str, str]:
    """`left @ right`: an element spelled out, the row or column that the slice is, and the pattern."""
    a, b = use.shapes
    left, right = use.operands
    if len(a) > 2 or len(b) > 2:
        return "", "", ""
    inner = a[-1]
    k = str(use.place[-1] if use.slot == 0 else use.place[0])
    row = [str(use.place[0]) if use.slot == 0 else "i"] if len(a) == 2 else []
    column = [str(use.place[1]) if use.slot == 1 else "j"] if len(b) == 2 else []
    term = f"{_indexed(left, [*row, k])}*{_indexed(right, [k, *column])}"
    sample = f"{_indexed(use.line, [*row, *column])} = {_among(term, k == '0', int(k) == inner - 1)}"
    if use.slot == 0:
        factor = _indexed(right, [k, *[":"] * (len(b) == 2)])
        if len(a) == 2:
            pattern = f"upstream[i,:] · {right}[j,:]" if len(b) == 2 else f"upstream[i]*{right}[j]"
        else:
            pattern = f"upstream · {right}[i,:]" if len(b) == 2 else f"upstream*{right}[i]"
        return sample, factor, pattern
    factor = _indexed(left, [*[":"] * (len(a) == 2), k])
    if len(b) == 2:
        pattern = f"{left}[:,i] · upstream[:,j]" if len(a) == 2 else f"{left}[i]*upstream[j]"
    else:
        pattern = f"{left}[:,i] · upstream" if len(a) == 2 else f"{left}[i]*upstream"
    return sample, factor, pattern


def _among(term: str, first: bool, last: bool) -> str:
    """A term of a sum, with dots for those before and after it."""
    return f"{'' if first else '… + '}{term}{'' if last else ' + …'}"


def _first(use: Use, axis: int | None) -> bool:
    return not any(use.place) if axis is None else use.place[axis] == 0


def _last(use: Use, axis: int | None) -> bool:
    if axis is None:
        return all(k == length - 1 for k, length in zip(use.place, use.own, strict=True))
    return use.place[axis] == use.own[axis] - 1


def _indexed(name: str, index: Sequence[str]) -> str:
    return f"{name}[{','.join(index)}]" if index else name


def _letter(axis: int) -> str:
    return LETTERS[axis] if axis < len(LETTERS) else f"i{axis}"


def _shown(shape: Shape) -> str:
    return f"[{','.join(map(str, shape))}]"


def _as_number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _times(left: str, right: str) -> str:
    """LEFT * RIGHT, without a factor 1."""
    if _as_number(right) == 1:
        return left
    if _as_number(right) == -1:
        return f"-{left}"
    plain = all(sign.isalnum() or sign in "._[]:,()" for sign in right) and right.count("(") <= 1
    return f"{left} * {right if plain else f'({right})'}"
