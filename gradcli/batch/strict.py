"""One line as a JSON object, with a message for whatever is wrong in it."""

from __future__ import annotations

import json
import re

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
BRACKETS = re.compile(r"[][{}]")
DEEPEST = 64
SHALLOW = "an array has at most 32 axes"
ONE_LINE = "an object has to stand on one line: jq -c . FILE brings each there"


class Members(dict[str, object]):
    """A JSON object as it was written, so that a name that stands twice is seen."""

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


class Written(float):
    """A number with its text, which an id keeps."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Written:
        """The number that TEXT says."""
        made = super().__new__(cls, text)
        made.text = text
        return made


def refused(constant: str) -> NoReturn:
    raise GradError("syntax", f"{constant} is not JSON", hint=f'write "{constant}", with quotes')


_DECODER = json.JSONDecoder(
    object_pairs_hook=Members, parse_int=Written, parse_float=Written, parse_constant=refused
)


def text_of(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise not_text(line[error.start], error.start) from None


def not_text(byte: int, at: int) -> GradError:
    """A line with a byte that UTF-8 does not have there."""
    return GradError("file", f"not UTF-8 text (byte 0x{byte:02x} at {at})", hint="save it as UTF-8")


def object_in(text: str) -> Members:
    """The object in a line. Raises GradError (syntax) with the place."""
    start = len(text) - len(text.lstrip(" \t\r"))
    if text[start : start + 1] != "{":
        end = len(text.rstrip())
        hint = "the first line of this file is an object, so every line has to be one"
        raise GradError("syntax", "a JSON object expected", hint=hint, source=text, spans=[(start, end)])
    if text.count("[") + text.count("{") > DEEPEST:
        _refuse_depth(text)
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _no_json(text, error) from None
    assert isinstance(found, Members)
    return found


def _refuse_depth(text: str) -> None:
    """Raise GradError (limit) where brackets stand more than DEEPEST deep, long before Python's own bound."""
    depth = 0
    for bracket in BRACKETS.findall(STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            raise GradError("limit", f"the object is nested more than {DEEPEST} deep", hint=SHALLOW)


def _no_json(text: str, error: json.JSONDecodeError) -> GradError:
    message = f"{error.msg[:1].lower()}{error.msg[1:]}"
    hint = None
    if text.strip() == "{" or error.pos >= len(text.rstrip()):
        hint = ONE_LINE
    elif error.msg.startswith("Expecting property name"):
        hint = "names stand in double quotes"
    elif error.msg.startswith("Extra data"):
        hint = "one object a line"
    return GradError("syntax", f"not JSON: {message}", hint=hint, source=text, spans=[(error.pos, error.pos + 1)])


