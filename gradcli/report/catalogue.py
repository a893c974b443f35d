"""What there is to say about the functions and operators of the language, as plain data."""

from __future__ import annotations

from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Worked:
    """One line computed by the engine: the call, its operands, its value, a gradient per operand that has one."""

    __slots__ = ("call", "gradients", "point", "value")

    def __init__(self, call: str, point: dict[str, float], value: float, gradients: dict[str, float]) -> None:
        self.call = call
        self.point = point
        self.value = value
        self.gradients = gradients


class Entry:
    """One function or operator.

    `locals` are the rules by operand in their own text (None where nothing flows), `gates` the word for what it does
    to a gradient with several operands that depend on what is asked for, and with one; `edges` are kind and message.
    """

    __slots__ = ("call", "definition", "domain", "edges", "gates", "locals", "name", "recognised", "worked")

    def __init__(self, name: str, call: str) -> None:
        self.name = name
        self.call = call
        self.locals: dict[str, str | None] = {}
        self.gates = ("", "")
        self.domain = ""
        self.edges: list[tuple[str, str]] = []
        self.definition: str | None = None
        self.recognised: list[str] = []
        self.worked: Worked | None = None

    def as_object(self) -> dict[str, object]:
        """The entry as the JSON of schema gradcli/1."""
        worked = self.worked
        return {
            "name": self.name,
            "call": self.call,
            "local": self.locals,
            "gate": self.gates[0],
            "domain": self.domain,
            "edges": [{"kind": kind, "message": message} for kind, message in self.edges],
            "definition": self.definition,
            "recognised": self.recognised,
            "worked": worked and {"at": worked.point, "value": worked.value, "gradients": worked.gradients},
        }


class Catalogue:
    """Entries in order; `whole` where it is the list of everything, to be shown in short."""

    __slots__ = ("entries", "whole")

    def __init__(self, entries: Sequence[Entry], *, whole: bool) -> None:
        self.entries = entries
        self.whole = whole

    def as_object(self) -> dict[str, object]:
        """The entries as the JSON of schema gradcli/1."""
        return {"schema": SCHEMA, "functions": [entry.as_object() for entry in self.entries]}
