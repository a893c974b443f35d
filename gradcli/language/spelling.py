"""The words of a text letter by letter: for text beyond ASCII, for spellings such as `2x`, and for places."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.language import DIGITS, NEWLINE, REFUSED, is_name, tables

SPELLED_OUT = {"\u00d7": "*", "\u00b7": "*", "\u00f7": "/", "\u2212": "-", "\u03c0": "pi"}
BLANKS = " \t"


def respelled(words: list[str]) -> list[str]:
    """The words again, those that are none of the language's cut into words and into letters that it refuses.

    Nothing is cut behind the first place where no program can go on: a letter refused, or three words in one.
    """
    found: list[str] = []
    for index, word in enumerate(words):
        if word in SPELLED_OUT:
            found.append(SPELLED_OUT[word])
        elif word in tables.KINDS or is_name(word):
            found.append(word)
        else:
            pieces = cut(word)
            found += pieces
            if len(pieces) > 2 or REFUSED in pieces:
                return found + words[index + 1 :]
    return found


def cut(word: str) -> list[str]:
    """The first two words in one, or the one before a letter that is refused, that letter, and the rest."""
    pieces: list[str] = []
    at = 0
    while at < len(word) and len(pieces) < 2:
        end = longest(word, at)
        if end == at:
            return [*pieces, REFUSED, *([word[at + 1 :]] if at + 1 < len(word) else [])]
        pieces.append(word[at:end].replace("\u2212", "-"))
        at = end
    return [*pieces, word[at:]] if at < len(word) else pieces


def longest(word: str, at: int) -> int:
    """Where the number or name that begins here ends; here, if none does."""
    end = at
    if word[at] == "." or word[at] in DIGITS:
        end = digits(word, at)
        if word[end : end + 1] == ".":
            end = digits(word, end + 1)
        if end == at + 1 and word[at] == ".":
            return at
        if word[end : end + 1] in ("e", "E"):
            power = end + 1 + (word[end + 1 : end + 2] in ("+", "-", "\u2212"))
            if digits(word, power) > power:
                return digits(word, power)
        return end
    while end < len(word) and (word[end].isalpha() or word[end] == "_" or (end > at and word[end] in DIGITS)):
        end += 1
    return end


def digits(word: str, at: int) -> int:
    """Where the digits that begin here end."""
    while word[at : at + 1] in DIGITS:
        at += 1
    return at


def positions(source: str, words: list[str]) -> list[tuple[int, int]]:
    """From where to where each word stands in the source; the end stands after the last word."""
    found: list[tuple[int, int]] = []
    at = last = int(source[:1] == "\ufeff")  # a byte order mark; anywhere else it is a word
    for word in words[:-1]:
        while source[at] in BLANKS or source[at] == "#" or (word != NEWLINE and source[at] in "\r\n"):
            at = comment_end(source, at) if source[at] == "#" else at + 1
        end = at + length(source, at, word)
        found.append((at, end))
        at = end
        if word != NEWLINE:
            last = end
    found.append((last, last))
    return found


def comment_end(source: str, at: int) -> int:
    ends = [end for end in (source.find("\n", at), source.find("\r", at)) if end >= 0]
    return min(ends, default=len(source))


def length(source: str, at: int, word: str) -> int:
    """How many letters of the source a word stands for."""
    if word == "^":
        return 1 if source[at] == "^" else 2
    return 1 if source[at] == "\u03c0" and word == "pi" else len(word)


def distinct(source: str, words: list[str]) -> None:
    """Refuse two names that are different but look alike: equal under NFKC."""
    from unicodedata import normalize

    names: dict[str, str] = {}
    for at, word in enumerate(words):
        if word not in tables.KINDS and is_name(word):
            other = names.setdefault(normalize("NFKC", word), word)
            if other != word:
                places = positions(source, words)
                raise GradError(
                    "name",
                    f"'{other}' and '{word}' are different names that read the same",
                    hint="write one of them in both places",
                    source=source,
                    spans=[places[at], places[words.index(other)]],
                )
