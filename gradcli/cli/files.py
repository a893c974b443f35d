"""Programs and points that come from files and from standard input."""

from __future__ import annotations

import sys

from gradcli.cli.quick import settings
from gradcli.errors import GradError
from gradcli.language import MAX_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
MOST_BYTES_OF_POINT = 64 << 20


def program_and_point(
    words: Sequence[str], file: str | None, at: str | None, memory: int | None = None, command: str | None = None
) -> tuple[str, dict[str, Any]]:
    """The program (of a file, of standard input, or the first word) and the values from a file and from NAME=VALUE.

    An array takes at most MEMORY bytes. Raises GradError (usage) with an example of COMMAND where there is no program.
    """
    words = list(words)
    if file is None:
        if not words:
            from gradcli.cli.refusals import no_expression

            raise no_expression(command)
        first = words.pop(0)
        source = text_of("-") if first == "-" else first
        from_stdin = first == "-"
    else:
        source, from_stdin = text_of(file), file == "-"
    if from_stdin and at == "-":
        raise GradError("usage", "standard input can be read only once: by the expression or by --at")
    point = {} if at is None else point_of(at, memory)
    return source, {**point, **settings(words, source if file is None else "", memory)}


def text_of(path: str, most: int = MAX_BYTES) -> str:
    """The text of a file, or of standard input for `-`."""
    place = "standard input" if path == "-" else repr(path)
    try:
        data = _bytes_of(path, most)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise GradError("file", f"cannot read {place}: {reason}") from None
    if len(data) > most:
        size = f"{most >> 20} MiB"
        hint = f"a program may have {size}" if most == MAX_BYTES else "larger arrays go into .npy files: x=@x.npy"
        raise GradError("limit", f"{place} is longer than {size}", hint=hint)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        guess = "; UTF-16?" if data[:2] in UTF_16 else ""
        raise GradError(
            "file", f"{place} is not UTF-8 text (byte 0x{data[at]:02x} at {at}){guess}", hint="save it as UTF-8"
        ) from None


def _bytes_of(path: str, most: int) -> bytes:
    if path == "-":
        if sys.stdin is None:
            raise ValueError("it is closed")
        return sys.stdin.buffer.read(most + 1)
    with open(path, "rb") as file:
        return file.read(most + 1)


def point_of(path: str, memory: int | None = None) -> dict[str, Any]:
    """The values in a JSON object: numbers, nested lists of them, "NaN", "Infinity" and "-Infinity"."""
    import json

    from gradcli.graph.nested import from_lists
    from gradcli.graph.shapes import MAX_MEMORY

    most = MAX_MEMORY if memory is None else memory
    place = "standard input" if path == "-" else repr(path)
    text = text_of(path, MOST_BYTES_OF_POINT)
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
    point: dict[str, Any] = {}
    for name, value in pairs.pairs:
        name = _new_name(name, point, place)
        point[name] = value if isinstance(value, float) else from_lists(value, name, f" in {place}", most=most)
    return point


_EXPECTED = 'write names and values, as in {"x": 2, "W": [[1, 2], [3, 4]]}'


class _Pairs(dict[str, object]):
    """A JSON object as it was written, so that a name that stands twice is seen."""

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _refused(constant: str) -> float:
    raise GradError("file", f"{constant} is not JSON", hint=f'write "{constant}", with quotes')


def _new_name(name: str, point: dict[str, Any], place: str) -> str:
    from gradcli import language

    name = language.normalised(name)
    if not name or name == "at" or not language.is_name(name):
        raise GradError("name", f"{name!r} in {place} is no name", hint=_EXPECTED)
    if name in point:
        raise GradError("name", f"{name!r} gets a value twice in {place}", hint="keep one of the two")
    return name


def value_in_file(word: str, name: str, text: str, memory: int | None) -> Any:
    """The number or array in the file that `NAME=@FILE` names; errors show its place in the WORD."""
    from gradcli.cli.refusals import in_file, no_file

    path = text[1:].strip()
    if not path:
        raise no_file(word, name)
    from gradcli.graph.given import from_file
    from gradcli.graph.shapes import MAX_MEMORY

    try:
        return from_file(path, name, most=MAX_MEMORY if memory is None else memory)
    except GradError as error:
        raise in_file(word, path, error) from None
