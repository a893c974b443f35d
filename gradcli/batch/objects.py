"""One line of JSON as a question: the everyday line at once, every other with all its checks."""

from __future__ import annotations

import json
import re

from gradcli import language
from gradcli.batch import members
from gradcli.batch.everyday import learn, no_number
from gradcli.batch.members import MEANT, MEMBERS, unfit
from gradcli.batch.settings import CHOICES, MOST_ORDER
from gradcli.batch.strict import Members, Written, object_in, text_of
from gradcli.errors import GradError
from gradcli.graph.nested import from_lists
from gradcli.graph.shapes import MAX_MEMORY
from gradcli.text import json_string

try:  # the same values in a third of the time
    import orjson
except ImportError:
    orjson = None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from gradcli.batch.everyday import Everyday
    from gradcli.batch.settings import Settings

    Own = tuple[list[str] | None, str | None, str | None, int | None]
    Asked = tuple[str, dict[str, Any], list[str] | None, str | None, str | None, int | None]

KNOWN = frozenset(MEMBERS)
UNUSUAL = (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError, StopIteration)
PLAIN = frozenset(("id", "expr", "at"))
UNSAID = (None, None, None, None)
MODES, DECOMPOSITIONS = (frozenset((None, *CHOICES[name])) for name in ("mode", "decomposition"))
JOINTS: dict[type, Any] = {str: (",\n{", "[", "]", "["), bytes: (b",\n{", b"[", b"]", b"[")}
MINUS_ZERO = re.compile(rb"-0(?![.\deE])")  # as a whole number Python reads it without its sign
EXAMPLE = 'write an object a line, as in {"expr": "x*y", "at": {"x": 2, "y": 3}}'
AT_EXAMPLE = 'write names and values, as in {"x": 2, "W": [[1, 2], [3, 4]]}'


class Objects:
    """Reads lines of JSON. `label` is the member that says which line was read last, where it has an id."""

    __slots__ = ("colon", "label", "load", "most", "names", "settings")
    undivided = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.most = MAX_MEMORY if settings.max_memory is None else settings.max_memory
        self.names: set[str] = set()  # that are known to be names
        self.label = ""
        self.load: Callable[[Any], Any] = by_library if orjson is None else orjson.loads
        self.colon: Any = ":" if orjson is None else b":"

    def numbered(self, payload: bytes, first: int) -> Iterator[tuple[int, str | bytes]]:
        """The lines of a chunk, numbered from FIRST on."""
        payload = payload.removesuffix(b"\n")
        if orjson is None:
            try:
                return enumerate(payload.decode().split("\n"), first)
            except UnicodeDecodeError:  # one line of it, which will be said to be
                pass
        return enumerate(payload.split(b"\n"), first)

    def everyday(self, lines: Sequence[str | bytes]) -> list[Everyday | None]:
        """The questions in the LINES; None where one is not everyday."""
        colon, names = self.colon, self.names
        read: list[Everyday | None] = []
        for line, found in zip(lines, self._loaded(lines), strict=True):
            try:
                source = found["expr"]
                at = found["at"]
                name = found.get("id")
                size = len(found)
                if (
                    size != (2 if name is None else 3) or type(source) is not str or type(at) is not dict
                    or line.count(colon) != size + len(at)
                ):  # fmt: skip
                    raise ValueError
                if not names.issuperset(at):
                    learn(names, at)
                for key, value in at.items():
                    if type(value) is not float:
                        if type(value) is not int or not value:
                            raise ValueError
                        at[key] = float(value)
                if name is None:
                    label = ""
                elif type(name) is int and name:  # a zero may have a sign, which an id keeps
                    label = f'"id":{name}'
                elif type(name) is str:
                    label = f'"id":{json_string(name)}'
                else:
                    raise ValueError
                read.append((source, at, label))
            except UNUSUAL:
                read.append(None)
        return read

    def _loaded(self, lines: Sequence[str | bytes]) -> list[Any]:
        """What the LINES stand for, read all at once where each is sure to be an object of its own; None for no JSON.

        No text of JSON goes on in the next line, and without an array no object follows a comma but at the end of one.
        """
        between, begin, end, bracket = JOINTS[type(lines[0])]
        whole: Any = between[:-1].join(lines)
        if whole[:1] == between[-1:] and whole.count(between) == len(lines) - 1 and bracket not in whole:
            try:
                found: list[Any] = self.load(begin + whole + end)
                if len(found) == len(lines):
                    return found
            except UNUSUAL:  # of one of them
                pass
        return [*map(self._one, lines)]

    def _one(self, line: str | bytes) -> Any:
        try:
            return self.load(line)
        except UNUSUAL:
            return None

    def read(self, line: str | bytes) -> Asked | None:
        """The question in a line; None where it is blank or a comment. Raises GradError."""
        try:
            found = self.load(line)
            source = found["expr"]
            at = found.get("at")
            if at is None:
                given = {}
                pairs = len(found)
            else:
                given = at
                pairs = len(found) + len(at)
                if not self.names.issuperset(at):
                    learn(self.names, at)
                for name, value in at.items():
                    if type(value) is not float:
                        at[name] = float(value) if type(value) is int and value else self._rare(name, value, line)
            # as many colons as pairs: none stands twice, and nothing is nested that should not be
            if line.count(self.colon) != pairs or type(source) is not str:
                raise ValueError
            own = UNSAID if PLAIN.issuperset(found) else _own(found)
            name = found.get("id")
            if name is None:
                self.label = ""
            elif type(name) is str:
                self.label = f'"id":{json_string(name)}'
            elif type(name) is int and name:  # a zero may have a sign, which an id keeps
                self.label = f'"id":{name}'
            else:
                raise ValueError
        except UNUSUAL:
            return self._carefully(line)
        if self.settings.at:
            given = {**self.settings.point_for(source), **given}
        if own is UNSAID:
            return source, given, None, None, None, None
        return source, given, *own

    def _rare(self, name: str, value: object, line: str | bytes) -> Any:
        """A zero or an array; ValueError where it is none, or Python may have read a zero without its sign."""
        if MINUS_ZERO.search(line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line):
            raise ValueError
        if type(value) is int:
            return 0.0
        if type(value) is not list:
            raise ValueError
        try:
            return from_lists(value, name, most=self.most)
        except GradError:
            raise ValueError from None

    def _carefully(self, line: str | bytes) -> Asked | None:
        """The same with every check, and with a message for whatever is wrong."""
        self.label = ""
        start = line.strip()[:1]
        if not start or start in ("#", b"#"):
            return None
        found = object_in(line if isinstance(line, str) else text_of(line))
        self.label = members.label_of(found.get("id"))
        if len(found) < len(found.pairs):
            names = [name for name, _ in found.pairs]
            twice = next(name for place, name in enumerate(names) if name in names[:place])
            raise GradError("usage", f"{twice!r} stands twice in the object", hint="keep one of the two")
        source = found.get("expr")
        if source is None:
            near = next((name for name in found if MEANT.get(name) == "expr"), None)
            hint = EXAMPLE if near is None else f"{near!r} is unknown: {members.instead('expr')}"
            raise GradError("usage", "no 'expr' in the object", hint=hint)
        for name in found:
            if name not in KNOWN:
                raise members.unknown_member(name, found, language.is_name(name))
        if not isinstance(source, str):
            raise unfit("expr", "a text", source)
        given = {**self.settings.point_for(source), **self._checked_point(found.get("at"))}
        wrt = None if found.get("wrt") is None else members.names_of(found["wrt"])
        mode, decomposition = (members.chosen(found.get(name), name) for name in CHOICES)
        order = None if found.get("order") is None else members.order_of(found["order"])
        return source, given, wrt, mode, decomposition, order

    def _checked_point(self, at: object) -> dict[str, Any]:
        if at is None:
            return {}
        if not isinstance(at, Members):
            raise unfit("at", "an object", at, AT_EXAMPLE)
        given: dict[str, Any] = {}
        for name, value in at.pairs:
            name = members.checked_name(name, "'at'")
            if name in given:
                raise GradError("name", f"{name!r} gets a value twice", hint="keep one of the two")
            if isinstance(value, Members):
                raise unfit(f"the value of {name!r}", "a number", value, AT_EXAMPLE)
            given[name] = self._value(value, name)
        return given

    def _value(self, value: object, name: str) -> Any:
        try:
            return from_lists(_floats(value), name, most=self.most)
        except GradError as error:
            if error.kind == "value" and isinstance(value, str):
                error.hint = f'{error.hint}; an expression goes into the program: "expr": "... at {name}=pi/4"'
            raise


def _own(found: dict[str, Any]) -> Own:
    """What the line itself says of wrt, mode, decomposition and order; ValueError where that needs a closer look."""
    wrt, order = found.get("wrt"), found.get("order")
    if not KNOWN.issuperset(found):
        raise ValueError
    if wrt is not None and (type(wrt) is not list or not wrt or not all(map(_is_plain, wrt))):
        raise ValueError
    if order is not None and (type(order) is not int or not 0 <= order <= MOST_ORDER):
        raise ValueError
    mode, decomposition = found.get("mode"), found.get("decomposition")
    if mode not in MODES or decomposition not in DECOMPOSITIONS:
        raise ValueError
    return wrt, mode, decomposition, order


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isidentifier()


_SCAN: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(parse_constant=no_number).scan_once  # type: ignore


def by_library(line: str | bytes) -> Any:
    """What a line of JSON stands for; ValueError or StopIteration where it is none."""
    text = line if isinstance(line, str) else line.decode()
    found, end = _SCAN(text, 0)
    if end != len(text) and text[end:].strip(" \t"):
        raise ValueError
    return found


def _floats(value: object) -> object:
    """Numbers as floats; lists are looked into by who makes arrays of them."""
    return float(value) if isinstance(value, Written) else value
