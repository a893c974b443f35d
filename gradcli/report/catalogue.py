"""What there is to say about the functions and operators of the language, as plain data."""

from __future__ import annotations

from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Plain = Any  # a float, or nested lists of floats


class Worked:
    """One line computed by the engine: the call, its operands, its value, a gradient per operand that has one.

    `upstream` is what the gradients were carried back from, where the value is an array.
    """

    __slots__ = ("call", "gradients", "point", "upstream", "value")

    def __init__(
        self,
        call: str,
        point: Mapping[str, Plain],
        value: Plain,
        gradients: Mapping[str, Plain],
        upstream: Plain | None = None,
    ) -> None:
        self.call = call
        self.point = point
        self.value = value
        self.gradients = gradients
        self.upstream = upstream

    def as_object(self) -> dict[str, object]:
        """The line as the JSON of schema gradcli/1."""
        found = {"at": self.point, "value": self.value, "gradients": self.gradients}
        return found if self.upstream is None else {**found, "upstream": self.upstream}


class Entry:
    """One function or operator.

    `kind` says how it works: "elementwise", "reduces", "carried", "constant" where it has no operand, or "derivative".
    `locals` are the rules by operand in their own text (None where nothing flows): local gradients, or of what is
    carried how the upstream is carried back. `gates` are the word for what it does to a gradient with several operands
    that depend on what is asked for, and with one; `edges` are kind and message. What `work` and `recognise` find is
    computed when it is asked for.
    """

    __slots__ = (
        "_recognised", "_worked", "call", "definition", "domain", "edges", "gates", "kind", "locals", "name",
        "recognise", "work",
    )  # fmt: skip

    def __init__(self, name: str, call: str, kind: str = "elementwise") -> None:
        self.name = name
        self.call = call
        self.kind = kind
        self.locals: dict[str, str | None] = {}
        self.gates = ("", "")
        self.domain = ""
        self.edges: list[tuple[str, str]] = []
        self.definition: str | None = None
        self.recognise: Callable[[], list[str]] = list
        self.work: Callable[[], Worked | None] = lambda: None
        self._recognised: list[str] | None = None
        self._worked: list[Worked | None] = []

    @property
    def recognised(self) -> list[str]:
        """Other spellings that are read as this function."""
        if self._recognised is None:
            self._recognised = self.recognise()
        return self._recognised

    @property
    def worked(self) -> Worked | None:
        """The function at one point, computed."""
        if not self._worked:
            self._worked.append(self.work())
        return self._worked[0]

    def as_object(self) -> dict[str, object]:
        """The entry as the JSON of schema gradcli/1."""
        return {
            "name": self.name,
            "call": self.call,
            "kind": self.kind,
            "local": self.locals,
            "gate": self.gates[0],
            "domain": self.domain,
            "edges": [{"kind": kind, "message": message} for kind, message in self.edges],
            "definition": self.definition,
            "recognised": self.recognised,
            "worked": self.worked and self.worked.as_object(),
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
