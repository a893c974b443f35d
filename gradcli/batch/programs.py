"""One line of text as a question: a program, with its values behind `at`."""

from __future__ import annotations

from gradcli.batch.strict import not_text
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.batch.objects import Asked
    from gradcli.batch.settings import Settings


class Programs:
    """Reads lines of text. Bytes that are no UTF-8 are kept as lone surrogates, so that their line can be told."""

    __slots__ = ("label", "settings", "torn")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.label = ""
        self.torn = False

    def numbered(self, payload: bytes, first: int) -> Iterator[tuple[int, str]]:
        """The lines of a chunk, numbered from FIRST on."""
        text, self.torn = decoded(payload)
        return enumerate(text.split("\n"), first)

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
