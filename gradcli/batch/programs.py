"""One line of text as a question: a program, with its values behind `at`."""

from __future__ import annotations

import json

from gradcli.batch.everyday import FLOATS, learn, no_number
from gradcli.batch.skeletons import settings as plain_settings
from gradcli.batch.strict import not_text
from gradcli.errors import GradError
from gradcli.language import MAX_TOKENS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.batch.everyday import Everyday
    from gradcli.batch.objects import Asked
    from gradcli.batch.settings import Settings

NO_PARTS = "", "", ""
READ = json.JSONDecoder(parse_int=float, parse_constant=no_number).decode  # a whole number may be a zero with a sign


class Programs:
    """Reads lines of text. Bytes that are no UTF-8 are kept as lone surrogates, so that their line can be told."""

    __slots__ = ("label", "names", "settings", "torn")
    undivided = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.names: set[str] = set()  # that are known to be names
        self.label = ""
        self.torn = False

    def numbered(self, payload: bytes, first: int) -> Iterator[tuple[int, str]]:
        """The lines of a chunk, numbered from FIRST on."""
        text, self.torn = decoded(payload.removesuffix(b"\n"))
        return enumerate(text.split("\n"), first)

    def everyday(self, lines: Sequence[str]) -> list[Everyday | None]:
        """The questions in the LINES; None where one is not everyday."""
        all_plain = _is_plain("".join(lines))
        parts = [line.rpartition(" at ") if all_plain or _is_plain(line) else NO_PARTS for line in lines]
        texts = [text for _, found, text in parts if found]
        try:
            points: Iterator[Any] = iter(_points(texts))
        except ValueError:  # of one of them
            points = map(_point, texts)
        names = self.names
        read: list[Everyday | None] = []
        for line, (source, found, text) in zip(lines, parts, strict=True):
            at = next(points) if found else None
            if at is None or "=" in source or " at " in source or len(line) >= MAX_TOKENS:
                read.append(None)
                continue
            try:
                if len(at) != text.count("="):
                    raise ValueError  # a name gets two values
                if not names.issuperset(at):
                    learn(names, at)
                if not FLOATS.issuperset(map(type, at.values())):
                    raise ValueError
            except ValueError:
                read.append(None)
                continue
            read.append((source, at, ""))
        return read

    def read(self, line: str) -> Asked | None:
        """The question in a line; None where it is blank or a comment. Raises GradError."""
        if line[:1] in " \t#":  # or nothing at all
            stripped = line.lstrip()
            if not stripped or stripped[0] == "#":
                return None
        if self.torn:
            refuse_torn(line)
        if line[:1] == "{":
            hint = "the first line of this file is a program, so every line has to be one"
            raise GradError("syntax", "an object of JSON found in a file of programs", hint=hint)
        given = self.settings.point_for(line) if self.settings.at else {}
        return line, given, None, None, None, None


def _is_plain(text: str) -> bool:
    """Whether nothing is in the text but what stands in an everyday line, so that JSON can read the values in it."""
    return text.isascii() and text.isprintable() and not (
        '"' in text or "\\" in text or "#" in text or "{" in text or "}" in text or "[" in text or ";" in text
    )  # fmt: skip


def _points(texts: Sequence[str]) -> list[dict[str, Any]]:
    """The values in TEXTS like `x=1, y=2`, read as JSON; ValueError where one of them is not that plain.

    No quote, backslash or bracket is in them, so that each is an object of its own, and what is left to see is whether
    its names are names and its values numbers.
    """
    text = "\n".join(texts).replace(" = ", "=").replace(", ", ",").replace(",", ',"').replace("=", '":')
    found: list[dict[str, Any]] = READ(f'[{{"{text}}}]'.replace("\n", '},{"')) if texts else []
    return found


def _point(text: str) -> dict[str, float] | None:
    """The values in one such text; None where one is no plain number."""
    try:
        return _points((text,))[0]
    except ValueError:
        found = plain_settings(f" at {text}")
        return None if found is None else found[1]


def decoded(payload: bytes) -> tuple[str, bool]:
    """The text of a chunk, and whether a byte of it is no UTF-8."""
    try:
        return payload.decode(), False
    except UnicodeDecodeError:
        return payload.decode(errors="surrogateescape"), True


def refuse_torn(text: str) -> None:
    """Raise GradError (file) where a byte of the text was no UTF-8."""
    if text.isascii():
        return
    for place, letter in enumerate(text):
        if "\udc80" <= letter <= "\udcff":
            raise not_text(ord(letter) - 0xDC00, len(text[:place].encode("utf-8", "surrogateescape")))
