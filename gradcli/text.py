"""Numbers and JSON as text, without the modules that would cost a query its start."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "gradcli/1"
WHOLE_BELOW = 1e15
MANY_LINES = 500  # of an explanation; for fewer, importing `json` takes longer than writing them
JSON_WORDS = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def shortest(value: float) -> str:
    """The shortest text that reads back as the same double; whole numbers without `.0`."""
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


def significant(value: float, digits: int = 6) -> str:
    """VALUE rounded to DIGITS significant digits; whole numbers below 1e15 in full, and `-0` keeps its sign."""
    if -WHOLE_BELOW < value < WHOLE_BELOW and value == int(value):
        return shortest(value)
    return f"{value:.{digits}g}"


def json_number(value: float) -> str:
    """VALUE as JSON: round-trip text, and a string where JSON has no number."""
    text = repr(value)
    return JSON_WORDS.get(text, text)


def json_string(text: str) -> str:
    """TEXT as a JSON string; control characters and lone surrogates escaped."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    code = ord(character)
    if code < 0x20 or code == 0x7F or 0xD800 <= code <= 0xDFFF or code in (0x2028, 0x2029):
        return f"\\u{code:04x}"
    return character


def json_text(value: object) -> str:
    """VALUE (None, bool, numbers, strings, lists, tuples, dicts with string keys) as one line of JSON."""
    if isinstance(value, dict) and (len(value.get("lines") or ()) > MANY_LINES or "numpy" in sys.modules):
        text = _by_library(value)
        if text is not None:
            return text
    pieces: list[str] = []
    opened: list[tuple[Iterator[object], str]] = [(iter((value,)), "")]
    while opened:
        items, closer = opened[-1]
        for item in items:
            if pieces and pieces[-1] not in _OPENERS and len(opened) > 1:
                pieces.append(",")
            if closer == "}":
                key, item = _pair(item)
                pieces.append(json_string(key))
                pieces.append(":")
                pieces.append("")
            if isinstance(item, dict):
                pieces.append("{")
                opened.append((iter(item.items()), "}"))
                break
            if isinstance(item, (list, tuple)):
                pieces.append("[")
                opened.append((iter(item), "]"))
                break
            pieces.append(_scalar(item))
        else:
            opened.pop()
            pieces.append(closer)
    return "".join(pieces)


def _by_library(value: object) -> str | None:
    """The same text from the module `json`, which is worth its import for long answers and for arrays.

    None where a number is not finite, or a letter may need the care of `json_string`.
    """
    import json

    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return None
    return text if text.isascii() and "\x7f" not in text else None


def _pair(item: object) -> tuple[str, object]:
    assert isinstance(item, tuple)
    return item[0], item[1]


_OPENERS = ("{", "[")
_WORDS = {None: "null", True: "true", False: "false"}


def _scalar(value: object) -> str:
    if isinstance(value, float):
        return json_number(value)
    if isinstance(value, str):
        return json_string(value)
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"not JSON: {type(value).__name__}")
