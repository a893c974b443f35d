"""A reader who has only the printed text of a view: it finds every number and every equation that stands there.

Numbers go by keys: ("value", line), ("number", pass, line) for gradients (pass "") and tangents (pass = the input),
("local", line, operand), ("part", pass, line, operand) for a flow that meets others. `line` and `operand` are labels.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from render.grids import NAME, joined, middle_of, rows_of

from gradcli.questions import Options, evaluated

PARTIAL = re.compile(rf"[∂d]({NAME})/[∂d]({NAME}(?: \(\d+(?:st|nd|rd|th)\))?)$")
NUMBER = r"-?(?:inf|nan|\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
CUT_OFF = re.compile(rf"({NUMBER})(?: \((closed|strong 0)\))?$")
GUIDES = re.compile(r"^(?:[├└]─ |[|`]- |[│|]  | {3}(?=[├└│|` ])|[├└│|`]| (?=[├└│|` ]))*")
Key = tuple[str, ...]


@dataclass
class Equation:
    """RESULT was printed; AGAIN is what the printed operands give."""

    place: str
    result: Key
    again: float
    operands: list[Key]


class Reading:
    """What a view says: numbers by key (every text that was printed for it), equations, the answer, the notes."""

    def __init__(self, text: str, view: str) -> None:
        self.text = text
        self.numbers: dict[Key, set[str]] = {}
        self.equations: list[Equation] = []
        self.formulas: list[tuple[str, str, str]] = []  # line, operand, formula
        self.closed: list[Key] = []
        self.sums: dict[tuple[str, str], list[str]] = {}
        blocks = text.split("\n\n")
        if blocks and blocks[-1].startswith("note "):
            self.notes = blocks.pop()
        *body, answer = blocks
        for block in body:
            if block.startswith("added line") or (view != "table" and re.match(r"a\d+ = ", block)):
                self._added(block.split("\n"))
                continue
            {"table": self._table, "tree": self._tree, "ledger": self._ledger}[view](block.split("\n"))
        self.answer = dict(self._answers(answer))

    def _put(self, key: Key, text: str) -> str:
        if text:
            self.numbers.setdefault(key, set()).add(text)
        return text

    def _number(self, key: Key) -> float:
        return float(max(self.numbers[key], key=len))

    def _equate(self, place: str, result: Key, again: Callable[[], float], operands: Iterable[Key]) -> None:
        operands = list(operands)
        if result in self.numbers and all(operand in self.numbers for operand in operands):
            self.equations.append(Equation(place, result, again(), operands))

    def _product(self, place: str, result: Key, first: Key, second: Key, cut_off: str) -> None:
        if cut_off:
            self.closed.append(result)
        else:
            self._equate(place, result, lambda: self._number(first) * self._number(second), [first, second])

    def _values(self, operations: dict[str, str]) -> None:
        for line, operation in operations.items():
            if "…" in operation or "..." in operation:
                continue
            names = names_in(operation)
            keys = [("value", name) for name in names]
            self._equate(
                f"{line} = {operation}", ("value", line),
                lambda o=operation, n=names: value_of(o, {name: self._number(("value", name)) for name in n}), keys,
            )  # fmt: skip

    def _local(self, statement: str) -> list[tuple[str, str]]:
        """`∂v3/∂v1 = ∂v3/∂v2 = formula = number (closed)`: who is meant, in pairs of line and operand."""
        pieces = re.split(r"(?<!=) = (?!=)", statement)
        pairs, cut = [], False
        while pieces and ((found := PARTIAL.match(pieces[0])) or pieces[0].startswith(("…", "..."))):
            pairs += [found.groups()] if found else []
            cut |= not found
            pieces.pop(0)
        assert pairs, f"not a local gradient: {statement!r}"
        found = CUT_OFF.match(pieces[-1])
        assert found, f"no number at the end of {statement!r}"
        for line, operand in pairs:
            self._put(("local", line, operand), found[1])
            if found[2]:
                self.closed.append(("local", line, operand))
            if len(pieces) > 1:
                self._formula(line, operand, pieces[0])
        return pairs

    def _formula(self, line: str, operand: str, formula: str) -> None:
        self.formulas.append((line, operand, formula))
        names = names_in(formula)
        self._equate(
            f"∂{line}/∂{operand} = {formula}", ("local", line, operand),
            lambda: value_of(formula, {name: self._number(("value", name)) for name in names}),
            [("value", name) for name in names],
        )  # fmt: skip

    def _sum(self, sweep: str, line: str, text: str) -> None:
        parts = re.findall(rf"(?:(?<=^)|(?<= \+ ))\(?({NUMBER})\)?(?= \+ |$)", text)
        self.sums[sweep, line] = parts
        if "more" in text:
            return
        for at, part in enumerate(parts):
            self._put(("summand", sweep, line, str(at)), part)
        keys = [("summand", sweep, line, str(at)) for at in range(len(parts))]
        self._equate(f"{line}: {text}", ("number", sweep, line), lambda: total(map(float, parts)), keys)

    def _table(self, lines: list[str]) -> None:
        operations: dict[str, str] = {}
        flows: list[tuple[str, str]] = []
        sums: list[tuple[str, str]] = []
        for row in rows_of(lines, "line"):
            label, _, operation = (piece.strip() for piece in row.first.strip().partition(" = "))
            if operation:
                operations[label] = operation
            for heading, cell in row.cells.items():
                if heading == "value":
                    self._put(("value", label), cell[0].strip())
                elif heading == "gradient" or heading.startswith("tangent"):
                    self._put(("number", heading.partition(" ")[2], label), cell[0].strip())
            for statement in joined(row.cells.get("local gradient", []) + row.spans):
                word, is_sum, text = statement.rpartition("copy adds = ")
                if is_sum or statement.startswith("= "):
                    sums.append((label, text if is_sum else statement[2:]))
                elif statement.startswith(("∂", "d")) and not word:
                    flows += [("", pair) for pair in [statement]]
        self._values(operations)
        pairs = [pair for _, statement in flows for pair in self._local(statement)]
        for label, text in sums:
            self._sum("", label, text)
        self._gradients(pairs, {label for label, _ in sums}, operations)

    def _added(self, lines: list[str]) -> None:
        """The lines of reverse-mode AD below a tree or a ledger."""
        operations: dict[str, str] = {}
        for row in rows_of(lines, "added line"):
            label, _, operation = (piece.strip() for piece in row.first.partition(" = "))
            operations[label] = operation.partition("  ")[0]
            self._put(("value", label), row.cells["value"][0].strip())
        assert operations
        self._values(operations)

    def _gradients(self, pairs: list[tuple[str, str]], summed: set[str], operations: dict[str, str]) -> None:
        """gradient = upstream × local, where only one flow arrives; tangent = Σ local × tangent."""
        complete = not any("…" in text or "..." in text for text in operations.values())
        for line, operand in pairs:
            if operand not in summed and [found for _, found in pairs].count(operand) == 1 and complete:
                keys = ("number", "", line), ("local", line, operand)
                cut = "closed" if ("local", line, operand) in self.closed else ""
                self._product(f"gradient of {operand}", ("number", "", operand), *keys, cut)

    def _ledger(self, lines: list[str]) -> None:
        if any(line.startswith("no gradient flows") for line in lines):
            return
        sweep, last = "", ""
        rows = rows_of(lines, "flow")
        tangents = any("tangent" in row.cells for row in rows)
        for row in rows:
            flow, gate = row.first.strip(), " ".join(row.cells.get("gate", []))
            middle, result = middle_of(row)
            source, arrow, target = re.split(r" (→|->) ", flow) if re.search(" (→|->) ", flow) else (flow, "", "")
            first = " ".join(row.cells.get("upstream", row.cells.get("tangent", []))).strip()
            if not arrow:
                if first in ("Σ", "sum"):
                    self._put(("number", sweep, source), result)
                    self._sum(sweep, source, middle)
                else:
                    sweep = source if tangents and gate in ("seed", "") and source != last else sweep
                    self._put(("number", sweep, source), result)
                continue
            last = target
            line, operand = (target, source) if tangents else (source, target)
            self._put(("number", sweep, source), first)
            found = CUT_OFF.search(middle)
            assert found, f"no local gradient in {row}"
            formula = middle[: found.start()].lstrip("×* ").rstrip("= ").strip()
            self._put(("local", line, operand), found[1])
            if formula:
                self.formulas.append((line, operand, formula))
            part = ("part", sweep, line, operand)
            self._put(part, result)
            self._product(flow, part, ("number", sweep, source), ("local", line, operand), found[2] or "")

    def _tree(self, lines: list[str]) -> None:
        operations: dict[str, str] = {}
        path: list[str] = []
        todo: list[tuple[str, str, str]] = []
        for row in rows_of(lines, "node"):
            guides = GUIDES.match(row.first)[0]
            label, _, operation = (piece.strip() for piece in row.first[len(guides) :].partition(" = "))
            step = 3 if re.search(r"─ |[|`]- ", row.first) else 1
            path = [*path[: len(guides) // step], label]
            if operation:
                operations[label] = operation
            self._put(("value", label), row.cells["value"][0].strip())
            remark = " ".join(" ".join([*row.cells.get("gate", []), *row.spans]).split())
            copies = re.search(rf"copy adds (.*) = ({NUMBER})$", remark)
            if copies:
                self._put(("number", "", label), copies[2])
                self._sum("", label, copies[1])
            for heading in row.cells:
                if heading.startswith("tangent"):
                    self._put(("number", heading.partition(" ")[2], label), row.cells[heading][0].strip())
            gradient = " ".join(row.cells.get("gradient", [])).strip().removeprefix("= ").strip()
            local = " ".join(row.cells.get("local", [])).lstrip("×* ").strip()
            if len(path) == 1 or not gradient:
                self._put(("number", "", label), gradient)
                continue
            self._put(("part", "", path[-2], label), gradient)
            if not copies and "copy: see" not in remark:
                self._put(("number", "", label), gradient)
            if local:
                number, cut_off = CUT_OFF.match(local).groups()
                self._put(("local", path[-2], label), number)
                todo.append((path[-2], label, cut_off or ""))
        self._values(operations)
        for parent, label, cut_off in todo:
            keys = ("number", "", parent), ("local", parent, label)
            self._product(f"{parent} → {label}", ("part", "", parent, label), *keys, cut_off)

    def _answers(self, block: str) -> Iterator[tuple[str, str]]:
        for line in block.split("\n"):
            yield from re.findall(rf"([∂d]?{NAME}(?:/[∂d]{NAME})?) *= *({NUMBER})(?= |$)", line)


def names_in(text: str) -> list[str]:
    """The labels that an operation or a formula reads."""
    found = re.findall(rf"(?<![\w.])({NAME})(?!\w*\()", text)
    return list(dict.fromkeys(name for name in found if name not in ("pi", "e", "tau", "inf", "nan")))


def total(parts: Iterable[float]) -> float:
    """From left to right."""
    found = -0.0
    for part in parts:
        found += part
    return found


def value_of(text: str, names: dict[str, float]) -> float:
    """An operation of the language at printed numbers."""
    return _value_of(text, tuple(names), tuple(repr(value) for value in names.values()))


@lru_cache(maxsize=100_000)
def _value_of(text: str, names: tuple[str, ...], values: tuple[str, ...]) -> float:
    given = dict(zip(names, map(float, values), strict=True))
    return evaluated(text, given, Options(decomposition="typed")).value
