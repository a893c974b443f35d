"""Forward and reverse mode side by side for one expression: the trace, what each costs, the chain of Jacobians."""

from __future__ import annotations

from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.autodiff.chain import Chain, Order
    from gradcli.autodiff.work import Count, Memory
    from gradcli.graph.labels import Labels
    from gradcli.insight.notes import Note

INPUTS = "inputs"
MOST_NAMED = 8  # lines of a layer that are named one by one
MOST_LINES, ENDS = 20_000, 20  # of JSON unasked; of more, the first and the last
MOST_ENTRIES = 10_000  # of all factors together that JSON lists


class Trace:
    """Every line with its primal, its tangent by each input and its adjoint from each output. Scalar lines.

    A number is None where nothing arrived. `tangents` and `adjoints` are those of the first inputs and outputs, each by
    its name; `asked` says of every line whether it depends on an input at all, and so has an adjoint that was wanted.
    """

    def __init__(
        self,
        labels: Labels,
        values: Sequence[float],
        asked: Sequence[bool],
        tangents: Mapping[str, Sequence[float | None]],
        adjoints: Mapping[str, Sequence[float | None]],
    ) -> None:
        self.labels = labels
        self.names: Sequence[str] = labels.names
        self.values = values
        self.asked = asked
        self.tangents = tangents
        self.adjoints = adjoints

    def rows(self) -> list[int]:
        """The lines, literals left out."""
        return [index for index, name in enumerate(self.names) if name]

    def is_input(self, index: int) -> bool:
        """Whether a line is a leaf."""
        return not self.labels.graph.operands[index]

    def kind(self, index: int) -> str:
        """The operation of a line in a word."""
        return INPUTS if self.is_input(index) else self.labels.graph.primitives[index].shown

    def operation(self, index: int) -> str:
        """What a line does, as one operation over labels; of an input its name."""
        return self.labels.operation(index)


class Step:
    """A line of arrays: its shape, and by which operands it has a Jacobian of how many elements by how many."""

    __slots__ = ("jacobians", "label", "operation", "primitive", "products", "shape")

    def __init__(
        self, label: str, operation: str, primitive: str, shape: Sequence[int],
        jacobians: Mapping[str, tuple[int, int]], products: int,
    ) -> None:  # fmt: skip
        self.label = label
        self.operation = operation
        self.primitive = primitive
        self.shape = shape
        self.jacobians = jacobians
        self.products = products


class Cost:
    """What one mode takes: its passes, what they count to together and one by one (where that was counted), memory.

    `read` are in reverse mode the numbers, those of inputs left out, that the rules read on the way back.
    """

    __slots__ = ("additions", "each", "memory", "mode", "multiplications", "passes", "read")

    def __init__(
        self, mode: str, passes: int, multiplications: int, additions: int | None, each: Sequence[Count],
        memory: Memory, read: int | None = None,
    ) -> None:  # fmt: skip
        self.mode = mode
        self.passes = passes
        self.multiplications = multiplications
        self.additions = additions
        self.each = each
        self.memory = memory
        self.read = read

    def as_object(self) -> dict[str, object]:
        """The cost as JSON."""
        found: dict[str, object] = {
            "passes": self.passes,
            "multiplications": self.multiplications,
            "additions": self.additions,
            "primals": self.memory.primals,
            "tangents" if self.mode == "forward" else "adjoints": self.memory.swept,
            "memory_is_exact": self.memory.exact,
        }
        if self.read is not None:
            found["read"] = self.read
        return found


class ModeComparison:
    """The answer of `compare --by mode`, as plain data.

    `inputs` and `outputs` are elements by name. Of small programs `trace` has the scalar lines, of larger arrays
    `steps` the lines with their shapes. `chain` is None where one name to differentiate by depends on another. FULL
    asks for every line, however many.
    """

    def __init__(
        self,
        *,
        source: str,
        title: str,
        decomposition: str,
        at: Mapping[str, Any],
        inputs: Sequence[str],
        outputs: Sequence[str],
        trace: Trace | None,
        steps: Sequence[Step],
        forward: Cost,
        reverse: Cost,
        chain: Chain | None,
        names: Sequence[str],
        notes: Sequence[Note],
        full: bool = False,
    ) -> None:
        self.source = source
        self.title = title
        self.decomposition = decomposition
        self.at = at
        self.inputs = inputs
        self.outputs = outputs
        self.trace = trace
        self.steps = steps
        self.forward = forward
        self.reverse = reverse
        self.chain = chain
        self.names = names
        self.notes = notes
        self.full = full
        self._best: Order | None = None

    @property
    def best(self) -> Order | None:
        """The cheapest order of multiplying the chain; None where there is nothing to multiply."""
        if self._best is None and self.chain is not None and len(self.chain) > 1:
            self._best = self.chain.best()
        return self._best

    @property
    def verdict(self) -> str:
        """Which mode wins here, and why."""
        return verdict(self)

    def layers(self, places: Iterable[int] | None = None) -> list[str]:
        """The lines of the layers at PLACES (None is all) as texts: `v1 v2 v4`; long layers are counted."""
        assert self.chain is not None
        texts = []
        for place in range(len(self.chain) + 1) if places is None else places:
            width = self.chain.widths[place]
            if width > MOST_NAMED and self.trace is not None:
                texts.append(f"{width:,} lines" if place else f"{width:,} inputs")
                continue
            lines = self.chain.layer(place)
            named = [self.names[line] for line in lines] if place else [*self.inputs]
            if place == len(self.chain) and self.trace is not None:
                named = [*self.outputs]
            texts.append(" ".join(named) if len(named) <= MOST_NAMED else f"{len(named):,} lines")
        return texts

    def as_object(self) -> dict[str, object]:
        """The comparison as the JSON of schema gradcli/1."""
        found: dict[str, object] = {
            "schema": SCHEMA,
            "expression": self.source,
            "at": {name: value if isinstance(value, float) else value.tolist() for name, value in self.at.items()},
            "by": "mode",
            "decomposition": self.decomposition,
            "inputs": [*self.inputs],
            "outputs": [*self.outputs],
        }
        if self.trace is not None:
            rows = self.trace.rows()
            if len(rows) > MOST_LINES and not self.full:
                found["left_out"] = len(rows) - 2 * ENDS
                rows = [*rows[:ENDS], *rows[-ENDS:]]
            found["lines"] = [self._line_object(self.trace, row) for row in rows]
        else:
            found["steps"] = [
                {
                    "id": step.label,
                    "label": step.operation,
                    "shape": [*step.shape],
                    "jacobians": {name: [*shape] for name, shape in step.jacobians.items()},
                    "multiplications": step.products,
                }
                for step in self.steps
            ]
        found["forward"], found["reverse"] = self.forward.as_object(), self.reverse.as_object()
        found["chain"] = None if self.chain is None else self._chain_object(self.chain)
        found["verdict"] = self.verdict
        found["notes"] = [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes]
        return found

    def _line_object(self, trace: Trace, index: int) -> dict[str, object]:
        name, operation = trace.names[index], trace.operation(index)
        return {
            "id": name,
            "label": f"{name} = {operation}" if operation != name else name,
            "value": trace.values[index],
            "tangents": {by: numbers[index] for by, numbers in trace.tangents.items()},
            "adjoints": {of: numbers[index] for of, numbers in trace.adjoints.items()},
        }

    def _chain_object(self, chain: Chain) -> dict[str, object]:
        found: dict[str, object] = {
            "widths": [*chain.widths],
            "levels_a_factor": chain.stride,
            "from_inputs": chain.from_inputs,
            "from_outputs": chain.from_outputs,
            "best": self.best.cost if self.best else 0,
            "order": self.best.text() if self.best else "D1",
        }
        entries = sum(rows * columns for rows, columns in chain.shapes)
        if chain.entries is not None and chain.stride == 1 and entries <= MOST_ENTRIES:
            places = range(len(chain))
            layers = [[self.names[line] for line in chain.layer(place)] for place in (*places, len(chain))]
            layers[0], layers[-1] = [*self.inputs], [*self.outputs]
            found["layers"] = layers
            found["factors"] = [chain.factor(place) for place in places]
        return found


def verdict(found: ModeComparison) -> str:
    """The verdict: a winner with the reason, or why there is none; true of what was counted."""
    forward, reverse = found.forward, found.reverse
    if not found.inputs:
        return "nothing to differentiate by, so neither mode has anything to do."
    inputs, outputs = _many(forward.passes, "input"), _many(reverse.passes, "output")
    sides = f"{outputs}, {inputs}" if reverse.passes <= forward.passes else f"{inputs}, {outputs}"
    even = forward.multiplications == reverse.multiplications
    if even and forward.passes == reverse.passes:
        return _tie(found, sides)
    ahead = forward.passes < reverse.passes if even else forward.multiplications < reverse.multiplications
    win, lose = (forward, reverse) if ahead else (reverse, forward)
    told = [f"{win.mode}: {sides}."]
    if win.passes < lose.passes:
        both = f"Both multiply {_times(win)} here." if win.multiplications else "Neither has anything to multiply here."
        measured = both if even else f"{_measured(win, lose)}."
        told += [_why(win, lose), measured, _turned(win)]
    elif win.passes == lose.passes:
        told.append(f"Both take {_many(win.passes, 'pass')}, but {_measured(win, lose).lower()}.")
    else:
        skips = "what its input reaches" if win is forward else "what its output depends on"
        told.append(
            f"It takes {_many(win.passes, 'pass')} against {lose.passes:,}, but each goes only through {skips}: "
            f"{_measured(win, lose).lower()}."
        )
    return " ".join(told)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 'es' if what.endswith('s') else 's'}"


def _times(cost: Cost) -> str:
    return "once" if cost.multiplications == 1 else f"{cost.multiplications:,} times"


def _all(count: int) -> str:
    return "both" if count == 2 else f"all {count:,}"


def _why(win: Cost, lose: Cost) -> str:
    """One pass back has the derivatives by all inputs; one pass ahead those of all outputs."""
    one = win.passes == 1
    if win.mode == "reverse":
        start = "One pass back from the output has" if one else f"{win.passes:,} passes back, one an output, have"
        return f"{start} the derivatives by {_all(lose.passes)} inputs; forward takes a pass an input."
    start = "One pass ahead from the input has" if one else f"{win.passes:,} passes ahead, one an input, have"
    return f"{start} the derivatives of {_all(lose.passes)} outputs; reverse takes a pass an output."


def _measured(win: Cost, lose: Cost) -> str:
    return f"{win.mode.capitalize()} multiplies {_times(win)}, {lose.mode} {lose.multiplications:,}"


def _turned(win: Cost) -> str:
    if win.mode == "reverse":
        return "With 1 input and many outputs it would be forward."
    return "With 1 output and many inputs it would be reverse."


def _tie(found: ModeComparison, sides: str) -> str:
    """The same passes and the same work: what is left is memory."""
    forward, reverse = found.forward, found.reverse
    products = _many(forward.multiplications, "multiplication")
    told = f"a tie: {sides}, {_many(forward.passes, 'pass')} and {products} each."
    if forward.memory.total < reverse.memory.total:
        return (
            f"{told} Forward keeps less, {_many(forward.memory.total, 'number')} at a time against "
            f"{reverse.memory.total:,}: it has no way back to keep them for."
        )
    return told
