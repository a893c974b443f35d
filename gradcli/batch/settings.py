"""How the lines of a batch are answered that do not say it themselves; as JSON, for other processes."""

from __future__ import annotations

import re

from gradcli import language
from gradcli.text import JSON_WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.batch.work import Spec

WORD = re.compile(r"[^\W\d]\w*")
NON_FINITE = {word.strip('"'): float(text) for text, word in JSON_WORDS.items()}
CHOICES = {
    "mode": ("reverse", "forward", "adjoint"),
    "decomposition": ("auto", "typed", "naive", "sigmoid"),
}
MOST_ORDER = 20


class Settings:
    """The options of the whole run. AT are values for the names that occur in a line and get none there.

    With NAMED, an answer begins with its file. COLUMNS are those of the output as csv: None for JSON Lines.
    """

    __slots__ = (
        "at", "columns", "decomposition", "fail_fast", "max_memory", "mode", "named", "order", "ties", "wrt", "zero",
    )  # fmt: skip

    def __init__(
        self,
        *,
        at: Mapping[str, Any] | None = None,
        wrt: Sequence[str] | None = None,
        order: int = 1,
        mode: str = "reverse",
        decomposition: str = "auto",
        ties: str = "split",
        zero: str = "ieee",
        max_memory: int | None = None,
        fail_fast: bool = False,
        named: bool = False,
        columns: Sequence[str] | None = None,
    ) -> None:
        self.at = dict(at or {})
        self.wrt = wrt
        self.order = order
        self.mode = mode
        self.decomposition = decomposition
        self.ties = ties
        self.zero = zero
        self.max_memory = max_memory
        self.fail_fast = fail_fast
        self.named = named
        self.columns = columns

    def spec(self) -> Spec:
        """The settings as JSON."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {"kind": "batch", **found, "at": {name: plain(value) for name, value in self.at.items()}}

    @classmethod
    def of(cls, spec: Spec) -> Settings:
        """The settings that became SPEC."""
        given = {name: value for name, value in spec.items() if name in cls.__slots__}
        return cls(**{**given, "at": {name: value_of(given) for name, given in spec["at"].items()}})

    def point_for(self, source: str) -> dict[str, Any]:
        """What AT says of the names in a program; a name that its own `at` gives a value keeps that."""
        if not self.at:
            return {}
        words = set(WORD.findall(language.normalised(source)))
        found = {name: value for name, value in self.at.items() if name in words}
        if found and "at" in words:
            from gradcli.errors import GradError

            try:
                own = {argument for code, argument in language.parse(source) if code == language.SETTING}
            except GradError:  # said again, and in full, where the program is answered
                return found
            found = {name: value for name, value in found.items() if name not in own}
        return found


def plain(value: Any) -> object:
    """A float or an array as JSON without a loss: numbers that JSON does not have are words."""
    if type(value) is float:
        return _word(value)
    return {"shape": list(value.shape), "numbers": [_word(number) for number in value.ravel().tolist()]}


def value_of(plain: Any) -> Any:
    """What became PLAIN."""
    if not isinstance(plain, dict):
        return _number(plain)
    from gradcli.graph.arrays import from_numbers

    return from_numbers([_number(number) for number in plain["numbers"]], tuple(plain["shape"]))


def _word(number: float) -> object:
    text = repr(number)
    return JSON_WORDS[text].strip('"') if text in JSON_WORDS else number


def _number(plain: Any) -> float:
    return NON_FINITE[plain] if isinstance(plain, str) else float(plain)
