"""One line of JSON as a question: the everyday line at once, every other with all its checks."""

from __future__ import annotations

import json
import re

from gradcli import language
from gradcli.batch.settings import CHOICES, MOST_ORDER
from gradcli.errors import GradError
from gradcli.graph.nested import from_lists
from gradcli.graph.shapes import MAX_MEMORY
from gradcli.text import json_string

try:  # the same values in a third of the time
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, NoReturn

    from gradcli.batch.settings import Settings

    Asked = tuple[str, dict[str, Any], list[str] | None, str | None, str | None, int | None]

MEMBERS = ("id", "expr", "at", "wrt", "mode", "decomposition", "order")
KNOWN = frozenset(MEMBERS)
PLAIN = frozenset(("id", "expr", "at"))
MINUS_ZERO = re.compile(rb"-0(?![.\deE])")  # as a whole number Python reads it without its sign
MOST_NAMES = 100_000
EXAMPLE = 'write an object a line, as in {"expr": "x*y", "at": {"x": 2, "y": 3}}'
AT_EXAMPLE = 'write names and values, as in {"x": 2, "W": [[1, 2], [3, 4]]}'
MEANT = {
    **dict.fromkeys(("expression", "exp", "program", "source", "formula", "f", "text", "code"), "expr"),
    **dict.fromkeys(("point", "values", "vars", "variables", "inputs", "bindings", "params", "args"), "at"),
    **dict.fromkeys(("name", "key", "label", "index"), "id"),
    **dict.fromkeys(("variable", "by", "with_respect_to", "names"), "wrt"),
}  # fmt: skip


class Objects:
    """Reads lines of JSON. `label` is the member that says which line was read last, where it has an id."""

    __slots__ = ("label", "most", "names", "settings")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.most = MAX_MEMORY if settings.max_memory is None else settings.max_memory
        self.names: set[str] = set()  # that are known to be names
        self.label = ""

    def numbered(self, payload: bytes, first: int) -> Iterator[tuple[int, bytes]]:
        """The lines of a chunk, numbered from FIRST on."""
        return enumerate(payload.split(b"\n"), first)

    def read(self, line: bytes) -> Asked | None:
        """The question in a line; None where it is blank or a comment. Raises GradError."""
        self.label = ""
        if line[:1] != b"{":
            stripped = line.strip(b" \t")
            if not stripped or stripped[:1] == b"#":
                return None
        try:
            found = loads(line)
            source = found["expr"]
            at = found.get("at")
            pairs = len(found) if at is None else len(found) + len(at)
            # as many colons as pairs: none stands twice, and nothing is nested that should not be
            if line.count(b":") != pairs or not PLAIN.issuperset(found) or type(source) is not str:
                return self._carefully(line)
            if at is None:
                given = {}
            else:
                given = self._point(at, line)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError):
            return self._carefully(line)
        if "id" in found:
            name = found["id"]
            if type(name) is str:
                self.label = f'"id":{json_string(name)}'
            elif type(name) is int:
                self.label = f'"id":{name}'
            elif name is not None:
                return self._carefully(line)
        if self.settings.at:
            given = {**self.settings.point_for(source), **given}
        return source, given, None, None, None, None

    def _point(self, at: dict[str, Any], line: bytes) -> dict[str, Any]:
        """The values of an object that is known to be one; ValueError where the careful way has to say what is wrong."""
        if not self.names.issuperset(at):
            self._learn(at)
        for name, value in at.items():
            if type(value) is float:
                continue
            if type(value) is int:
                if not value and MINUS_ZERO.search(line):
                    raise ValueError
                at[name] = float(value)
            elif type(value) is list and not MINUS_ZERO.search(line):
                at[name] = from_lists(value, name, most=self.most)
            else:
                raise ValueError
        return at

    def _learn(self, at: dict[str, Any]) -> None:
        """Remember that these are names; ValueError where one is none, or needs a closer look."""
        if len(self.names) > MOST_NAMES:
            self.names.clear()
        for name in at:
            if not (name.isascii() and name.isidentifier()) or name == "at":
                raise ValueError
        self.names.update(at)

    def _carefully(self, line: bytes) -> Asked:
        """The same with every check, and with a message for whatever is wrong."""
        self.label = ""
        found = _object(_text(line))
        self.label = _label(found.get("id"))
        source = found.get("expr")
        if source is None:
            near = next((name for name in found if MEANT.get(name) == "expr"), None)
            raise GradError("usage", "no 'expr' in the object", hint=EXAMPLE if near is None else _instead(near, "expr"))
        for name in found:
            if name not in KNOWN:
                raise unknown_member(name, found, language.is_name(name))
        if not isinstance(source, str):
            raise _unfit("expr", "a text", source)
        given = {**self.settings.point_for(source), **self._checked_point(found.get("at"))}
        wrt = None if found.get("wrt") is None else names_of(found["wrt"])
        mode, decomposition = (chosen(found.get(name), name) for name in CHOICES)
        order = None if found.get("order") is None else order_of(found["order"])
        return source, given, wrt, mode, decomposition, order

    def _checked_point(self, at: object) -> dict[str, Any]:
        if at is None:
            return {}
        if not isinstance(at, Members):
            raise _unfit("at", "an object", at, AT_EXAMPLE)
        given: dict[str, Any] = {}
        for name, value in at.pairs:
            name = checked_name(name, "'at'")
            if name in given:
                raise GradError("name", f"{name!r} gets a value twice", hint="keep one of the two")
            if isinstance(value, Members):
                raise _unfit(f"the value of {name!r}", "a number", value, AT_EXAMPLE)
            given[name] = self._value(value, name)
        return given

    def _value(self, value: object, name: str) -> Any:
        try:
            return from_lists(_floats(value), name, most=self.most)
        except GradError as error:
            if error.kind == "value" and isinstance(value, str):
                error.hint = f'{error.hint}; an expression goes into the program: "expr": "... at {name}=pi/4"'
            raise


class Members(dict[str, object]):
    """A JSON object as it was written, so that a name that stands twice is seen."""

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


class Written(float):
    """A number with its text, which an id keeps."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Written:
        """The number that TEXT says."""
        made = super().__new__(cls, text)
        made.text = text
        return made


def _refused(constant: str) -> NoReturn:
    raise GradError("syntax", f"{constant} is not JSON", hint=f'write "{constant}", with quotes')


_DECODER = json.JSONDecoder(
    object_pairs_hook=Members, parse_int=Written, parse_float=Written, parse_constant=_refused
)
_SCAN = json.JSONDecoder(parse_constant=_refused).scan_once


def _by_library(line: bytes) -> Any:
    text = line.decode().strip(" \t\r")
    found, end = _SCAN(text, 0)
    if end != len(text):
        raise ValueError
    return found


loads = _by_library if orjson is None else orjson.loads


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise not_text(line[error.start], error.start) from None


def not_text(byte: int, at: int) -> GradError:
    """A line with a byte that UTF-8 does not have there."""
    return GradError("file", f"not UTF-8 text (byte 0x{byte:02x} at {at})", hint="save it as UTF-8")


def _object(text: str) -> Members:
    """The object in a line. Raises GradError (syntax) with the place."""
    start = len(text) - len(text.lstrip(" \t\r"))
    if text[start : start + 1] != "{":
        end = len(text.rstrip())
        hint = "the first line of this file is an object, so every line has to be one; programs go into a file of their own"
        raise GradError("syntax", "a JSON object expected", hint=hint, source=text, spans=[(start, end)])
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _no_json(text, error) from None
    except RecursionError:
        raise GradError("limit", "the object is nested too deeply", hint=AT_EXAMPLE) from None
    assert isinstance(found, Members)
    if len(found) < len(found.pairs):
        names = [name for name, _ in found.pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise GradError("usage", f"{twice!r} stands twice in the object", hint="keep one of the two")
    return found


def _no_json(text: str, error: json.JSONDecodeError) -> GradError:
    message = f"{error.msg[:1].lower()}{error.msg[1:]}"
    hint = None
    if text.strip() == "{" or error.pos >= len(text.rstrip()):
        hint = "an object has to stand on one line: jq -c . FILE brings each there"
    elif error.msg.startswith("Expecting property name"):
        hint = "names stand in double quotes"
    elif error.msg.startswith("Extra data"):
        hint = "one object a line"
    return GradError("syntax", f"not JSON: {message}", hint=hint, source=text, spans=[(error.pos, error.pos + 1)])


def _label(name: object) -> str:
    """The member `id` as it was given."""
    if name is None:
        return ""
    if isinstance(name, Written):
        return f'"id":{name.text}'
    if isinstance(name, bool):
        return f'"id":{"true" if name else "false"}'
    if isinstance(name, str):
        return f'"id":{json_string(name)}'
    raise _unfit("id", "a text, a number or a truth value", name)


def unknown_member(name: str, found: object, is_name: bool = False) -> GradError:
    """A member that a line does not have; misspelt, or a value that belongs into `at`."""
    from difflib import get_close_matches

    if name in MEANT:
        return GradError("usage", f"unknown member {name!r}", hint=_instead(name, MEANT[name]))
    near = get_close_matches(name.lower(), MEMBERS, 1, 0.6)
    if near:
        return GradError("usage", f"unknown member {name!r}", hint=_instead(name, near[0]))
    hint = f"a line has {', '.join(MEMBERS[:-1])} and {MEMBERS[-1]}"
    if is_name:
        hint += f'; a value goes into at: "at": {{"{name}": ...}}'
    return GradError("usage", f"unknown member {name!r}", hint=hint)


def _instead(name: str, meant: str) -> str:
    return f"did you mean {meant!r}?"


def _unfit(what: str, wanted: str, value: object, hint: str | None = None) -> GradError:
    what = what if what.startswith("the ") else repr(what)
    return GradError("usage", f"{what} has to be {wanted}, {_kind(value)} given", hint=hint)


def _kind(value: object) -> str:
    if isinstance(value, Members):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Written):
        return f"the number {value.text}" if len(value.text) < 30 else "a number"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else repr(value) if len(str(value)) < 30 else "a text"


def checked_name(name: str, place: str) -> str:
    """NAME in its normal form. Raises GradError (name) where it is none."""
    name = language.normalised(name)
    if name == "at":
        raise GradError("name", "'at' is a reserved word and no name", hint="use another name")
    if not name or not language.is_name(name):
        hint = "a name is a letter or '_', then letters, '_' or digits"
        raise GradError("name", f"{name!r} in {place} is no name", hint=hint)
    return name


def names_of(wrt: object) -> list[str]:
    """The names to differentiate by: a list, or a text with commas."""
    found = wrt.split(",") if isinstance(wrt, str) else wrt
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise _unfit("wrt", "names", wrt if not isinstance(wrt, list) else next(n for n in wrt if not isinstance(n, str)),
                     'write ["x", "y"] or "x,y"')  # fmt: skip
    names = [language.normalised(name.strip()) for name in found]
    if not names or not all(names):
        raise GradError("usage", "'wrt' names nothing", hint='write ["x", "y"] or "x,y"; order 0 computes no gradients')
    return names


def chosen(choice: object, name: str) -> str | None:
    """One of the choices of `mode` or `decomposition`."""
    if choice is None or choice in CHOICES[name]:
        return choice  # type: ignore[return-value]
    from difflib import get_close_matches

    near = get_close_matches(choice, CHOICES[name], 1, 0.6) if isinstance(choice, str) else []
    wanted = f"one of {', '.join(CHOICES[name])}"
    raise _unfit(name, wanted, choice, f"did you mean {near[0]!r}?" if near else None)


def order_of(order: object) -> int:
    """A whole number from 0 to 20."""
    if isinstance(order, Written) and order.is_integer() and 0 <= order <= MOST_ORDER:
        return int(order)
    raise _unfit("order", f"a whole number from 0 to {MOST_ORDER}", order)


def order_of_text(text: str) -> int:
    """The same of a cell."""
    if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MOST_ORDER:
        return int(text)
    raise GradError("usage", f"'order' has to be a whole number from 0 to {MOST_ORDER}, {text!r} given")


def _floats(value: object) -> object:
    """Numbers as floats; lists are looked into by who makes arrays of them."""
    return float(value) if isinstance(value, Written) else value
