"""Programs and points that come from files and from standard input."""

from __future__ import annotations

import sys

from gradcli.cli.quick import settings
from gradcli.errors import GradError, safe
from gradcli.language import MAX_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
WORDS = {"None": "null", "True": "true", "False": "false"}
NON_FINITE = ("NaN", "Infinity", "-Infinity")


def program_and_point(words: Sequence[str], file: str | None, at: str | None) -> tuple[str, dict[str, float]]:
    """The program (of a file, of standard input, or the first word) and the values from a file and from NAME=VALUE."""
    words = list(words)
    if file is None:
        if not words:
            from gradcli.cli.refusals import no_expression

            raise no_expression()
        first = words.pop(0)
        source = text_of("-") if first == "-" else first
        from_stdin = first == "-"
    else:
        source, from_stdin = text_of(file), file == "-"
    if from_stdin and at == "-":
        raise GradError("usage", "standard input can be read only once: by the expression or by --at")
    point = {} if at is None else point_of(at)
    return source, {**point, **settings(words, source if file is None else "")}


def text_of(path: str) -> str:
    """The text of a file, or of standard input for `-`."""
    place = "standard input" if path == "-" else repr(path)
    try:
        data = _bytes_of(path)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise GradError("file", f"cannot read {place}: {reason}") from None
    if len(data) > MAX_BYTES:
        raise GradError("limit", f"{place} is longer than 1 MiB", hint="a program or a point may have 1 MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        guess = "; UTF-16?" if data[:2] in UTF_16 else ""
        raise GradError(
            "file", f"{place} is not UTF-8 text (byte 0x{data[at]:02x} at {at}){guess}", hint="save it as UTF-8"
        ) from None


def _bytes_of(path: str) -> bytes:
    if path == "-":
        if sys.stdin is None:
            raise ValueError("it is closed")
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def point_of(path: str) -> dict[str, float]:
    """The values in a JSON object of numbers; "NaN", "Infinity" and "-Infinity" are numbers too."""
    import json

    place = "standard input" if path == "-" else repr(path)
    text = text_of(path)
    if not text.strip():
        raise GradError("file", f"{place} is empty", hint=_EXPECTED)
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs, parse_int=float, parse_constant=_refused)
    except json.JSONDecodeError as error:
        spans = [(error.pos, error.pos + 1)]
        message = f"{place} is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise GradError("file", message, source=text, spans=spans) from None
    except RecursionError:
        raise GradError("file", f"{place} is nested too deeply", hint=_EXPECTED) from None
    if not isinstance(pairs, _Pairs):
        raise GradError("file", f"{place} holds no JSON object", hint=_EXPECTED)
    point: dict[str, float] = {}
    for name, value in pairs:
        point[_new_name(name, point, place)] = _number(name, value, place)
    return point


_EXPECTED = 'write names and numbers, as in {"x": 2, "y": -0.5}'


class _Pairs(list[tuple[str, object]]):
    """A JSON object as it was written, so that a name that stands twice is seen."""


def _refused(constant: str) -> float:
    raise GradError("file", f"{constant} is not JSON", hint=f'write "{constant}", with quotes')


def _new_name(name: str, point: dict[str, float], place: str) -> str:
    from gradcli import language

    name = language.normalised(name)
    if not name or name == "at" or not language.is_name(name):
        raise GradError("name", f"{name!r} in {place} is no name", hint=_EXPECTED)
    if name in point:
        raise GradError("name", f"{name!r} gets a value twice in {place}", hint="keep one of the two")
    return name


def _number(name: str, value: object, place: str) -> float:
    if isinstance(value, float):
        return value
    if value in NON_FINITE:
        return float(str(value))
    shown = (
        "an object"
        if isinstance(value, _Pairs)
        else "a list"
        if isinstance(value, list)
        else WORDS.get(repr(value), safe(repr(value)))
    )
    raise GradError("value", f"the value of {name!r} in {place} has to be a number, and {shown} is none",
                    hint='write a number, or "NaN", "Infinity", "-Infinity"')  # fmt: skip
