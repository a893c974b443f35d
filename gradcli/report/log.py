"""The log of optimising: the count after each pass, and what became of every line that it changed."""

from __future__ import annotations

from gradcli.graph import CONSTANT, VARIABLE
from gradcli.graph.labels import MOST_SHOWN
from gradcli.graph.notation import atom, constant, operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Graph, Primitive
    from gradcli.graph.drafts import Change
    from gradcli.graph.labels import Labels
    from gradcli.graph.notation import Text
    from gradcli.graph.optimise import Optimised, Step

MOST_LINES = 60  # of one pass that are shown; of more, the first and the last third


class Entry:
    """What a pass did to one line: `line` as it stood before it, `outcome` in words.

    kind  number (it is a constant now) · line (another line stands for it) · rewritten · dead (nothing needs it)
    lost  where its value is another one now, if anywhere
    """

    __slots__ = ("kind", "label", "line", "lost", "now")

    def __init__(self, label: str, line: str, kind: str, now: str, lost: str = "") -> None:
        self.label = label
        self.line = line
        self.kind = kind
        self.now = now
        self.lost = lost

    @property
    def outcome(self) -> str:
        """What became of the line, in words."""
        words = {"number": f"is {self.now}", "line": f"is {self.now}", "dead": "is not needed"}
        return words.get(self.kind, f"becomes {self.now}") + (f"; not where {self.lost}" if self.lost else "")


class LogStep:
    """One pass: how many operations there were before it and after it, and its entries; `hidden` are left out."""

    __slots__ = ("after", "before", "entries", "hidden", "name")

    def __init__(self, name: str, before: int, after: int, entries: Sequence[Entry], hidden: int) -> None:
        self.name = name
        self.before = before
        self.after = after
        self.entries = entries
        self.hidden = hidden

    def as_object(self, *, changes: bool = True) -> dict[str, object]:
        """The step as the JSON of schema gradcli/1; with what became of each line where CHANGES are wanted."""
        found: dict[str, object] = {"name": self.name, "before": self.before, "after": self.after}
        if changes:
            found["changes"] = [
                {"id": entry.label, "was": entry.line, "kind": entry.kind, "now": entry.now or None,
                 "lost": entry.lost or None}
                for entry in self.entries
            ]  # fmt: skip
        return found


class Needs:
    """What one line is computed from, while passes change it; `count` is the number of its operations."""

    def __init__(self, graph: Graph, line: int, optimised: Optimised) -> None:
        self.line = line
        self.operands: dict[int, tuple[int, ...]] = dict(enumerate(graph.operands))
        self.operands.update((number, form.operands) for number, form in optimised.written.items())
        self.stands: dict[int, int] = {}
        self.cone: set[int] = set()
        self.count = 0
        self._look()

    def change(self, step: Step) -> None:
        """What the lines do after a STEP."""
        touched = False
        for change in step.changes:
            now = change.now
            if isinstance(now, int):
                self.stands[change.line] = now
            elif now is not None:
                self.operands[change.line] = now.operands
            touched = touched or change.line in self.cone
        if touched:
            self._look()

    def _look(self) -> None:
        self.cone, waiting = set(), [self.line]
        self.count = 0
        while waiting:
            line = waiting.pop()
            if line in self.cone:
                continue
            self.cone.add(line)
            if line in self.stands:
                waiting.append(self.stands[line])
            else:
                self.count += bool(self.operands[line])
                waiting += self.operands[line]


class Log:
    """The steps of an optimisation, read in order: a line is shown as it stood when it was changed.

    LABELS are those of the graph that was given, and NAMES, where they are given, what its lines are called instead:
    two of one name are one line to the reader. A line that a pass wrote is called LETTER and the next free number.
    What line APART needs is left out of the counts, unless a pass changes how many lines that are.
    """

    def __init__(
        self,
        labels: Labels,
        optimised: Optimised,
        *,
        letter: str = "a",
        apart: int | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.optimised = optimised
        self.apart = apart
        self.graph = labels.graph
        self.names: dict[int, str] = dict(enumerate(labels.names if names is None else names))
        graph = labels.graph
        self.literals: dict[int, Any] = {
            line: graph.statics[line]
            for line, primitive in enumerate(graph.primitives)
            if primitive is CONSTANT and graph.names[line] is None
        }
        self._apart: set[int] | None = None
        self._became: dict[int, Any] | None = None
        taken, count = set(labels.names), 0
        for number, form in sorted(optimised.written.items()):
            if form.primitive is CONSTANT:
                self.literals[number] = form.static
                continue
            count += 1
            while f"{letter}{count}" in taken:
                count += 1
            self.names[number] = f"{letter}{count}"

    @property
    def is_whole(self) -> bool:
        """Whether the counts are those of all lines: nothing is left out, or what is left out changes, too."""
        if self._apart is None:
            self._apart = set()
            if self.apart is not None:
                needs = Needs(self.graph, self.apart, self.optimised)
                self._apart.add(needs.count)
                for step in self.optimised.log:
                    needs.change(step)
                    self._apart.add(needs.count)
        return len(self._apart) != 1

    def counts(self) -> Sequence[tuple[str, int, int]]:
        """The name of every step, and the counts before it and after it."""
        apart = 0 if self.is_whole or self._apart is None else next(iter(self._apart))
        return [(step.name, step.before - apart, step.after - apart) for step in self.optimised.log]

    def steps(self, most: int | None = MOST_LINES) -> list[LogStep]:
        """The steps in order, at most MOST entries of each."""
        literals = self.literals.copy()
        found = []
        for step, (name, before, after) in zip(self.optimised.log, self.counts(), strict=True):
            changes = [change for change in step.changes if not self._is_silent(change)]
            length = len(changes)
            end = length if most is None or length <= most else most // 3
            entries = []
            for place, change in enumerate(changes):
                if place < end or place >= length - end:
                    entries.append(self._entry(change, literals))
                now = change.now
                if not (now is None or isinstance(now, int)) and now.primitive is CONSTANT:
                    literals[change.line] = now.static
            if entries or before != after:
                found.append(LogStep(name, before, after, entries, length - len(entries)))
        return found

    def _is_silent(self, change: Change) -> bool:
        """Whether nothing changes to the reader: a line without a name went, or one of the same name stands for it."""
        name = self.names.get(change.line)
        return not name or (isinstance(change.now, int) and self.names.get(change.now) == name)

    def number_of(self, line: int) -> str | None:
        """The number that a given LINE became, if it did."""
        if self._became is None:
            self._became = {}
            for step in self.optimised.log:
                for change in step.changes:
                    now = change.now
                    if not (now is None or isinstance(now, int)) and now.primitive is CONSTANT:
                        self._became[change.line] = now.static
        return constant(self._became[line])[0] if line in self._became else None

    def _entry(self, change: Change, literals: dict[int, Any]) -> Entry:
        label, now = self.names.get(change.line, ""), change.now
        was = change.was
        line = f"{label} = {self._operation(was.primitive, was.static, was.operands, literals)}"
        lost = "" if change.lost is None else change.lost[0].format(self._text(change.lost[1], literals)[0])
        if now is None:
            return Entry(label, line, "dead", "", lost)
        if isinstance(now, int):
            kind = "number" if now in literals else "line"
            return Entry(label, line, kind, self._text(now, literals)[0], lost)
        kind = "number" if now.primitive is CONSTANT else "rewritten"
        return Entry(label, line, kind, self._operation(now.primitive, now.static, now.operands, literals), lost)

    def _text(self, number: int, literals: dict[int, Any]) -> Text:
        return constant(literals[number]) if number in literals else atom(self.names.get(number, ""))

    def _operation(
        self, primitive: Primitive, static: Any, operands: Sequence[int], literals: dict[int, Any]
    ) -> str:
        if primitive is CONSTANT:
            return constant(static)[0]
        if primitive is VARIABLE or not operands:
            return primitive.shown
        texts = [self._text(operand, literals) for operand in operands[:MOST_SHOWN]]
        if len(operands) > MOST_SHOWN:
            shown = [text for text, _ in texts[: MOST_SHOWN // 2]]
            return f"{primitive.shown}({', '.join(shown)}, … {self._text(operands[-1], literals)[0]})"
        if primitive.name == "same":
            return texts[0][0]
        return operation(primitive, static, texts)[0]
