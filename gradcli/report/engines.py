"""Backpropagation beside reverse-mode AD: the same numbers, the lines that are added, and what optimising leaves."""

from __future__ import annotations

from gradcli.graph import CONSTANT, VARIABLE
from gradcli.graph.labels import Labels
from gradcli.report.flows import local_numbers
from gradcli.report.log import MOST_LINES, Log, LogStep
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from gradcli.autodiff.adjoint import AdjointGraph
    from gradcli.graph import Graph, Origin
    from gradcli.graph.optimise import Optimised
    from gradcli.insight.notes import Note
    from gradcli.language.question import Question
    from gradcli.report.array_explanation import ArrayEdge, ArrayPass

SAME, ROUNDED, DIFFERENT = "same", "rounded", "different"
NOT_NEEDED, NOTHING = "not needed", "nothing to leave out"
MOST_LINES_OF_JSON = 20_000
CLOSE = 1e-9  # relative; more is no rounding


class Answer:
    """A derivative that was asked for: by backpropagation, by the adjoint lines, and by the optimised ones.

    `line` is the line of its adjoint, None where nothing arrives; `distance` the largest relative difference between
    the three, 0 where they are equal to the last bit.
    """

    __slots__ = ("adjoint", "by", "distance", "flowed", "label", "line", "optimised")

    def __init__(self, label: str, by: str, line: int | None, flowed: Any, adjoint: Any, optimised: Any) -> None:
        self.label = label
        self.by = by
        self.line = line
        self.flowed = flowed
        self.adjoint = adjoint
        self.optimised = optimised
        self.distance = max(distance(flowed, adjoint), distance(flowed, optimised))


def distance(a: Any, b: Any) -> float:
    """The largest relative difference between two numbers, or the elements of two arrays; nan is equal to nan."""
    if type(a) is float:
        return _largest([(a, b)])
    apart = (a != b) & ((a == a) | (b == b))
    return _largest(zip(a[apart].tolist(), b[apart].tolist(), strict=True))


def _largest(pairs: Iterable[tuple[float, float]]) -> float:
    most = 0.0
    for a, b in pairs:
        if a != b and (a == a or b == b):
            size = max(abs(a), abs(b))
            most = max(most, abs(a - b) / size if size - size == 0 else float("inf"))
    return most


class Engines:
    """The answer of `compare --by engine`, as plain data. Shapes: those of the program.

    `values` are those of every line of the graph with the adjoint lines in it; `forward` and `added` are the lines
    that a view shows, in order of evaluation.
    """

    def __init__(
        self,
        question: Question,
        title: str,
        added: AdjointGraph,
        values: Sequence[Any],
        optimised: Optimised,
        answers: Sequence[Answer],
        notes: Sequence[Note],
        *,
        full: bool = False,
        log: bool = False,
    ) -> None:
        self.full = full
        self.shows_log = log
        self.question = question
        self.title = title
        self.graph: Graph = added.graph
        self.result = question.result
        self.values = values
        self.optimised = optimised
        self.answers = answers
        self.notes = notes
        self.labels = Labels(self.graph, self.result)
        self.needed = question.graph.live((self.result,))  # by the value
        self.forward = self._forward(added.start)
        self.added = [index for index in range(added.start, len(self.graph)) if self.graph.operands[index]]
        self.passes: Sequence[Any] = ()  # no sweep leaves numbers beside the lines here: gradients are lines
        self._names_after = self._kept_names()
        self.log = Log(self.labels, optimised, apart=self.result, names=self._known_names())
        self._after: Labels | None = None
        self._asked: dict[int, list[str]] = {}
        for answer in answers:
            if answer.line is not None:
                self._asked.setdefault(answer.line, []).append(answer.label)
        self._needed = self._live_after(self._results)

    def _forward(self, end: int) -> list[int]:
        """The lines that the value needs, and those whose derivatives it needs."""
        shown = self.needed.copy()
        for index, origin in (self.graph.origins or {}).items():
            if index < end and shown[index]:
                shown[origin.source] = shown[origin.target] = True
        return [index for index in range(end) if shown[index] and self._is_shown(index)]

    def _is_shown(self, index: int) -> bool:
        named = self.graph.primitives[index] is CONSTANT and self.graph.names[index] is not None
        return bool(self.graph.operands[index]) or named or (index == self.result and not self._is_variable(index))

    def _is_variable(self, index: int) -> bool:
        return self.graph.primitives[index] is VARIABLE

    @property
    def at(self) -> dict[str, Any]:
        """The values that were given."""
        return self.question.at

    @property
    def has_arrays(self) -> bool:
        """Whether the program has arrays."""
        return self.question.shapes is not None

    @property
    def inputs(self) -> dict[str, int | None]:
        """The line of every name that has a value."""
        lines = {name: line for line, name in enumerate(self.graph.names) if name and self._is_variable(line)}
        return {name: lines.get(name) for name in self.at}

    @property
    def forward_count(self) -> int:
        """How many operations the value takes."""
        return sum(live and bool(ops) for live, ops in zip(self.needed, self.graph.operands, strict=False))

    def kind(self, index: int) -> str:
        """What a line is, in a word."""
        return self.graph.primitives[index].shown

    def shape(self, index: int) -> str:
        """The shape of a line, as it is printed."""
        from gradcli.graph.shapes import shown

        return shown(self.graph.shapes[index] if self.graph.shapes is not None else ())

    def role(self, index: int) -> str:
        """What an adjoint line is (graph.Origin); blank for a line of the value."""
        origin = (self.graph.origins or {}).get(index)
        return "" if origin is None else origin.role

    def as_object(self) -> dict[str, object]:
        """The comparison as the JSON of schema gradcli/1. Raises GradError (limit) where it has too many lines."""
        lines = [*self.forward, *self.added]
        if len(lines) > MOST_LINES_OF_JSON and not self.full:
            from gradcli.errors import GradError

            message = f"there are {len(lines):,} lines, the most that are compared as JSON is {MOST_LINES_OF_JSON:,}"
            raise GradError("limit", message, hint="--full compares all of them")
        plain = _plain(arrays=self.has_arrays)
        value = plain(self.values[self.result])
        gradients: list[dict[str, object]] = [
            {answer.by: plain(number) for answer, number in zip(self.answers, numbers, strict=True)}
            for numbers in zip(*[(a.flowed, a.adjoint, a.optimised) for a in self.answers], strict=True)
        ] or [{}, {}, {}]
        count, added = self.forward_count, len(self.added)
        steps = self.steps()
        return {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": {name: plain(number) for name, number in self.at.items()},
            "by": "engine",
            "value": value,
            "gradients": gradients[0],
            "engines": [
                {"engine": "backpropagation", "lines": count, "added": 0, "gradients": gradients[0],
                 "can_be_differentiated": False},
                {"engine": "reverse-mode AD", "lines": count, "added": added, "gradients": gradients[1],
                 "can_be_differentiated": True},
                {"engine": "reverse-mode AD, optimised", "lines": count, "added": self.optimised_count,
                 "gradients": gradients[2], "can_be_differentiated": True},
            ],
            "agreement": self.agreement,
            "passes": [step.as_object(changes=self.shows_log) for step in steps],
            "lines": [self._line_object(index, plain) for index in lines],
            "verdict": self.verdict,
            "notes": [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes],
        }  # fmt: skip

    def _line_object(self, index: int, plain: Callable[[Any], Any]) -> dict[str, object]:
        origin = (self.graph.origins or {}).get(index)
        names = self.labels.names
        return {
            "id": names[index],
            "label": self.labels.equation(index),
            "primitive": self.graph.primitives[index].shown,
            "operands": [self.labels.text(operand)[0] for operand in self.graph.operands[index]],
            "value": plain(self.values[index]),
            "shape": list(self.graph.shapes[index]) if self.graph.shapes is not None else [],
            "role": None if origin is None else origin.role,
            "flow": None if origin is None else [self.labels.text(n)[0] for n in (origin.source, origin.target)],
            "gradient_of": self.answers_by(index),
            "optimised": self.becomes(index) or self.labels.equation(index),
        }

    def answers_by(self, index: int) -> list[str]:
        """The names whose derivative line INDEX is."""
        start = len(f"∂{self.labels.names[self.result]}/∂")
        return [label[start:] for label in self.answers_at(index)]

    # What is said of both

    def summary(self) -> list[tuple[str, str]]:
        """What each engine adds and leaves, and what every pass took of the lines that were added."""
        value, added, left = counted(self.forward_count), len(self.added), self.optimised_count
        after = "" if left == added else f", {left:,} after optimising"
        if self.log.is_whole:
            after = f"; after optimising {counted(self.value_count)}, {left:,} added"
        return [
            ("backpropagation", f"{value}, 0 added; numbers flow back; ends with numbers"),
            ("reverse-mode AD", f"{value}, {added:,} added{after}; can be differentiated"),
            ("optimising", self.passes_told()),
        ]

    def passes_told(self) -> str:
        """`fold constants 7 → 5, drop 1* 5 → 2`: the added lines before and after each pass that took some.

        Where a pass changes the lines of the value, too, all lines are counted.
        """
        counts = [(name, before, after) for name, before, after in self.log.counts() if before != after]
        told = [f"{name} {before:,} → {after:,}" for name, before, after in counts]
        first = len(self.added) + (self.forward_count if self.log.is_whole else 0)
        needed = counts[0][1] if counts else first
        if needed != first:
            told.insert(0, f"{first - needed:,} of {first:,} feed nothing")
        return ("of all lines " if told and self.log.is_whole else "") + (", ".join(told) or NOTHING)

    def steps(self) -> list[LogStep]:
        """The log, of each pass at most MOST_LINES unless everything is wanted."""
        return self.log.steps(None if self.full else MOST_LINES)

    @property
    def verdict(self) -> str:
        """What is the same, what is added and what that buys, in a sentence or two."""
        return verdict(self)

    @property
    def agreement(self) -> str:
        """Whether all engines came to the same numbers: to the last bit, to rounding, or not."""
        most = max((answer.distance for answer in self.answers), default=0.0)
        return SAME if most == 0 else ROUNDED if most <= CLOSE else DIFFERENT

    def number(self, index: int, place: int = 0) -> None:
        """What a sweep left beside the line."""

    def local_numbers(self, index: int) -> list[float | None]:
        """The local gradient of a line by each operand slot. Shapes: scalar."""
        return local_numbers(self.graph, self.values, index)

    def sweeps(self) -> Sequence[ArrayPass]:
        """No sweep leaves numbers beside the lines: gradients are lines themselves."""
        return ()

    def local_edges(self, index: int) -> Sequence[ArrayEdge]:
        """No local gradient stands beside a line, either."""
        return ()

    def flow(self, index: int) -> str:
        """The flow that an adjoint line belongs to, in words."""
        origin = (self.graph.origins or {}).get(index)
        if origin is None:
            return ""
        return self._flow(origin)

    def _flow(self, origin: Origin) -> str:
        source, target = (self.labels.text(line)[0] for line in (origin.source, origin.target))
        if origin.role == "seed":
            return "seed"
        if origin.role == "sum":
            return f"{target}: copy adds"
        return f"{'' if origin.role == 'flow' else origin.role + ' '}{source} → {target}"

    def answers_at(self, index: int) -> list[str]:
        """The derivatives that line INDEX is, as `∂f/∂x`."""
        return self._asked.get(index, [])

    # What optimising made of it

    @property
    def optimised_count(self) -> int:
        """How many operations are left that the value does not need."""
        after, own = self._after_graph(), self._live_after([self.result])
        both = self._live_after(self._results)
        return sum(live and not mine and bool(ops) for live, mine, ops in zip(both, own, after.operands, strict=True))

    @property
    def value_count(self) -> int:
        """How many operations the value takes after optimising."""
        live = self._live_after([self.result])
        return sum(needed and bool(ops) for needed, ops in zip(live, self.optimised.graph.operands, strict=True))

    def _after_graph(self) -> Graph:
        return self.optimised.graph

    @property
    def _results(self) -> list[int]:
        return [self.result, *(answer.line for answer in self.answers if answer.line is not None)]

    def _live_after(self, results: Sequence[int]) -> list[bool]:
        return self._after_graph().live([self.optimised.moved[line] for line in results])

    @property
    def after(self) -> Labels:
        """The labels of the optimised lines: what was there before keeps its name."""
        if self._after is None:
            graph, names = self.optimised.graph, [*self._names_after]
            fresh = iter([name for line, name in self.log.names.items() if line >= len(self.graph)])
            for line, name in enumerate(names):
                if not name and graph.operands[line] and self._needed[line]:
                    names[line] = next(fresh)
            self._after = Labels(graph, self.optimised.moved[self.result])
            self._after.names = names
        return self._after

    def _kept_names(self) -> list[str]:
        """The names of the optimised lines that were lines before, as far as a view shows those."""
        moved, names = self.optimised.moved, [""] * len(self.optimised.graph)
        shown = {*self.forward, *self.added}
        for before, line in enumerate(moved):
            if line >= 0 and not names[line] and (before in shown or not self.graph.operands[before]):
                names[line] = self.labels.names[before]
        return names

    def _known_names(self) -> list[str]:
        """The names of the lines before; of one that no view shows, that of the line it became one with, if any."""
        names, moved = [*self.labels.names], self.optimised.moved
        shown = {*self.forward, *self.added}
        for index, operands in enumerate(self.graph.operands):
            if operands and index not in shown:
                line = moved[index]
                is_operation = line >= 0 and bool(self.optimised.graph.operands[line])
                names[index] = self._names_after[line] if is_operation else ""
        return names

    def becomes(self, index: int) -> str:
        """What line INDEX is among the optimised lines: an equation, another line, a number; blank where it is gone.

        A line of the value says so only where it is another one now.
        """
        line = self.optimised.moved[index]
        if line < 0 or not self._needed[line]:
            return self.log.number_of(index) or NOT_NEEDED
        after, before = self.after, self.labels.names[index]
        own = after.names[line] == before and self.optimised.graph.operands[line]
        text = after.equation(line) if own else after.text(line)[0]
        return "" if not self.role(index) and text in (self.labels.equation(index), before) else text

    def stands(self, index: int) -> str:
        """What stands for line INDEX among the optimised lines: its name, or a number."""
        return self.after.text(self.optimised.moved[index])[0]

    def new_lines(self) -> dict[int, list[str]]:
        """The optimised lines that no line from before became, as equations, by the first line that is after them."""
        graph, moved = self.optimised.graph, self.optimised.moved
        old = set(moved)
        waiting = [n for n, live in enumerate(self._needed) if live and n not in old and graph.operands[n]]
        waiting.reverse()
        found: dict[int, list[str]] = {}
        for index in (*self.forward, *self.added):
            while waiting and waiting[-1] < moved[index]:
                found.setdefault(index, []).append(self.after.equation(waiting.pop()))
        return found


def _plain(*, arrays: bool) -> Callable[[Any], Any]:
    """From a number or an array to what JSON holds."""
    if arrays:
        from gradcli.graph.arrays import plain

        return plain
    return float


def counted(lines: int) -> str:
    """`3 lines`, `1 line`."""
    return f"{lines:,} line{'s' * (lines != 1)}"


def verdict(found: Engines) -> str:
    """The verdict, true of the numbers that were compared."""
    most = max((answer.distance for answer in found.answers), default=0.0)
    if found.agreement == SAME:
        start = "the same numbers, to the last bit"
    elif found.agreement == ROUNDED:
        start = f"the same numbers to rounding (they differ by {most:.2g} of their size at most)"
    elif max(distance(answer.flowed, answer.adjoint) for answer in found.answers) <= CLOSE:
        return (
            "the lines as written give the numbers of backpropagation, the optimised ones others: a primitive that is "
            "recognised is right where its spelling overflows, underflows or loses digits."
        )
    else:
        start = "the numbers differ"
    if not found.answers:
        return "there is nothing to differentiate by, so no line is added."
    if not found.added:
        return f"{start}: nothing is computed on the way, so no line is added."
    value = found.values[found.result]
    if value != value:
        return f"{start}. The value is nan, so both start from nan, where the value is a number from 1."
    return (
        f"{start}. Backpropagation ends with them; reverse-mode AD ends with lines that compute them, to be evaluated "
        "at other points, and to be differentiated again."
    )
