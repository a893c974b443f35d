"""Why a text does not parse: what was found, what was expected, and where; imported only when one does not."""

from __future__ import annotations

from gradcli.errors import GradError, place_of
from gradcli.language import MAX_BYTES, MAX_TOKENS, NEWLINE, REFUSED, is_name
from gradcli.language.advice import advice
from gradcli.language.spelling import positions

CLOSER = {"(": ")", "[": "]"}
LONGEST_WORD = 40
NEAR = 40


def too_large(size: int) -> GradError:
    """A text over the bound."""
    return GradError("limit", f"the expression has {size:,} bytes, the most is {MAX_BYTES:,}")


def too_many(count: int) -> GradError:
    """More words than the bound."""
    return GradError("limit", f"the expression has {count:,} words and signs, the most is {MAX_TOKENS:,}")


def complaint(source: str, words: list[str], at: int) -> GradError:
    """The error of the word that does not fit; of an empty program where every word does."""
    if at < 0:
        return GradError("syntax", "nothing to compute", hint="write an expression, such as x^2 at x=3")
    reading = Reading(source, words, at)
    opener = reading.opener()
    hint = advice(reading)
    if opener is not None and reading.word in ("", ";", ")", "]"):
        hint = fate(reading, opener)
    return GradError(
        "syntax",
        f"{found(reading)} found, {expected(reading, opener)} expected",
        hint=hint,
        source=source,
        spans=[reading.places[at]],
        belongs=None if opener is None or not hangs(reading) else reading.places[opener],
    )


class Reading:
    """A text as far as it was understood, and the word where that ended."""

    def __init__(self, source: str, words: list[str], at: int) -> None:
        self.source = source
        self.words = words
        self.at = at
        self.word = words[at]
        self.before = words[at - 1] if at else NEWLINE
        self.after = words[at + 1] if at + 1 < len(words) else ""
        self.places = positions(source, [*words[: min(at + NEAR, len(words) - 1)], ""])  # what an advice may quote
        self.letter = source[self.places[at][0] : self.places[at][1]]
        self.open = open_brackets(words, at)
        self.statement = statement_of(words, at)

    def opener(self) -> int | None:
        """Which word is the innermost bracket that is open here."""
        return self.open[-1] if self.open else None

    def operator_due(self) -> bool:
        """An operand has just ended."""
        return is_operand(self.before) or self.before in (")", "]", ".T")

    def settings(self) -> bool:
        """This is behind an `at`, and in no bracket."""
        return not self.open and "at" in self.words[self.statement : self.at]

    def naming(self) -> bool:
        """A name is due that gets a value."""
        return self.settings() and self.before in ("at", ",")

    def named(self) -> bool:
        """A name that gets a value has just been read."""
        return self.settings() and is_operand(self.before) and self.words[self.at - 2] in ("at", ",")

    def text(self, first: int, last: int, longest: int = 24) -> str | None:
        """The source from one word to another, if it is short and on one line."""
        if first > last or last >= len(self.places):
            return None
        text = self.source[self.places[first][0] : self.places[last][1]]
        return text if text and len(text) <= longest and text.isprintable() and "#" not in text else None


def is_operand(word: str) -> bool:
    """A number or a name."""
    return word != "at" and (word[:1].isdigit() or (word[:1] == "." and word != ".T") or (word != "" and is_name(word)))


def open_brackets(words: list[str], at: int) -> list[int]:
    found: list[int] = []
    for index in range(at):
        word = words[index]
        if word == "(" or word == "[":
            found.append(index)
        elif word == ")" or word == "]":
            found.pop()
    return found


def statement_of(words: list[str], at: int) -> int:
    """Where the statement of a word begins."""
    while at and words[at - 1] != NEWLINE and words[at - 1] != ";":
        at -= 1
    return at


def found(reading: Reading) -> str:
    """The word in the user's spelling, with a code point where the eye needs one."""
    if reading.word == "":
        return "end"
    if reading.word == NEWLINE:
        return "end of line"
    text = reading.letter
    if reading.word != REFUSED or text.isascii():
        if not text.isprintable():
            return f"U+{ord(text):04X}"
        return '"\'"' if text == "'" else f"'{text if len(text) <= LONGEST_WORD else text[:LONGEST_WORD] + '…'}'"
    from unicodedata import category, name

    code = f"U+{ord(text):04X}"
    if category(text)[0] in "CMZ":
        return f"{code} ({name(text, 'no character').lower()})"
    return f"'{text}' ({code})"


def expected(reading: Reading, opener: int | None) -> str:
    """What would fit, in words."""
    if reading.naming():
        return "a name"
    if reading.named():
        return "'='"
    if not reading.operator_due():
        return "an expression"
    if opener is not None and hangs(reading):
        return f"'{CLOSER[reading.words[opener]]}'"
    if reading.word in (")", "]"):
        return "an operator or the end"
    return "an operator"


def hangs(reading: Reading) -> bool:
    """Whether the open bracket is what makes this word a wrong one."""
    return reading.word in ("", ";", ")", "]", ",", "at", ":")


def fate(reading: Reading, opener: int) -> str:
    """What became of an opening bracket."""
    bracket = reading.words[opener]
    line, column = place_of(reading.source, reading.places[opener][0])
    here = place_of(reading.source, reading.places[reading.at][0])[0]
    place = f"column {column}" if line == here else f"line {line}, column {column}"
    if reading.word in (")", "]") and reading.word != CLOSER[bracket]:
        return f"'{bracket}' at {place} is closed by '{CLOSER[bracket]}'"
    if reading.word in (")", "]"):
        return inside(reading.before)
    return f"'{bracket}' at {place} is {'never closed' if reading.word == '' else 'still open'}"


def inside(before: str) -> str:
    """What is missing before a closing bracket."""
    if before == ",":
        return "leave out the comma before it"
    return {"(": "an expression goes inside", "[": "an index goes inside: x[0]"}.get(
        before, f"'{before}' needs a right side"
    )
