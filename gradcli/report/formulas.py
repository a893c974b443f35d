"""Derivatives as formulas: what there is to say of them, as plain data."""

from __future__ import annotations

from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.graph.formulas import Written
    from gradcli.graph.tidy import Tidy
    from gradcli.graph.tidy_parts import Value
    from gradcli.insight.notes import Note
    from gradcli.language.question import Question


class Formula:
    """One derivative: the names it is taken by, in order; a name stands there as often as it is differentiated by."""

    __slots__ = ("by", "value")

    def __init__(self, by: Sequence[str], value: Value) -> None:
        self.by = tuple(by)
        self.value = value

    @property
    def key(self) -> str:
        """What it is called in JSON: x, or x,y."""
        return ",".join(dict.fromkeys(self.by)) if len(set(self.by)) == 1 else ",".join(self.by)

    def label(self, name: str, *, unicode: bool = True) -> str:
        """∂²f/∂x∂y of a result called NAME."""
        d = "∂" if unicode else "d"
        order = len(self.by)
        above = f"{d}{_raised(order, unicode)}{name}"
        below = ""
        for other, count in _runs(self.by):
            below += f"{d}{other}{_raised(count, unicode)}"
        return f"{above}/{below}" if order else name


def _runs(names: Sequence[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for name in names:
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + 1)
        else:
            found.append((name, 1))
    return found


SMALL_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _raised(order: int, unicode: bool) -> str:
    if order < 2:
        return ""
    return str(order).translate(SMALL_DIGITS) if unicode else f"^{order}"


class Formulas:
    """The formulas that a question asked for, the numbers they have where every name has a value, and notes."""

    __slots__ = (
        "_written", "decimals", "formulas", "label", "mixed", "notes", "numbers", "order", "question", "tidy",
    )  # fmt: skip

    def __init__(
        self,
        question: Question,
        tidy: Tidy,
        formulas: Sequence[Formula],
        *,
        label: str,
        order: int,
        mixed: bool,
        decimals: bool,
        notes: Sequence[Note],
        numbers: Mapping[str, Any] | None = None,
    ) -> None:
        self.question = question
        self.tidy = tidy
        self.formulas = formulas
        self.label = label
        self.order = order
        self.mixed = mixed
        self.decimals = decimals
        self.notes = notes
        self.numbers = numbers
        self._written: Written | None = None

    def taken(self) -> set[str]:
        """The names that the user has."""
        program = self.question.program
        return {*program.variables, *program.definitions, self.label}

    def written(self) -> Written:
        """All formulas as text with shared names. Raises TooLong, and Unsaid where the language lacks a word."""
        if self._written is None:
            self._written = self._write(self.formulas)
        return self._written

    def _write(self, formulas: Sequence[Formula]) -> Written:
        from gradcli.graph.formulas import Writer

        writer = Writer(self.tidy, taken=self.taken(), decimals=self.decimals)
        return writer.write([formula.value for formula in formulas])

    def in_latex(self) -> Written:
        """All formulas as LaTeX with shared names."""
        from gradcli.graph.latex import LatexWriter

        writer = LatexWriter(self.tidy, taken=self.taken(), decimals=self.decimals)
        return writer.write([formula.value for formula in self.formulas])

    def derivatives(self) -> dict[str, str]:
        """Every formula as a program that stands for itself."""
        if len(self.formulas) == 1:
            return {self.formulas[0].key: self.written().program()}
        return {formula.key: self._write([formula]).program() for formula in self.formulas}

    def as_object(self) -> dict[str, object]:
        """The formulas as the JSON of schema gradcli/1."""
        found: dict[str, object] = {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": {name: _plain(value) for name, value in self.question.at.items()},
        }
        derivatives = self.derivatives()
        if len(derivatives) == 1:
            found["derivative"] = next(iter(derivatives.values()))
        found["derivatives"] = derivatives
        found["order"] = self.order
        if self.numbers is not None:
            values = {key: _plain(number) for key, number in self.numbers.items()}
            if len(values) == 1:
                found["value"] = next(iter(values.values()))
            found["values"] = values
        found["decomposition"] = self.question.options.decomposition
        found["notes"] = [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes]
        return found


def _plain(value: Any) -> Any:
    return value if isinstance(value, float) else value.tolist()
