"""The quick door: plain loops from argv to a request, and from NAME=VALUE to a point."""

from __future__ import annotations

from gradcli.cli.options import BY_FLAG, COMMANDS, DEFAULTS, MANY, ONCE, OWN_DEFAULTS, SHORT, WRITERS, option_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.cli.options import Option
    from gradcli.errors import GradError

DEFAULT = "explain"
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz-")
OF_NUMBERS = "0123456789.eE+-"
SUFFIXES = {"text": ".txt", "markdown": ".md", "latex": ".tex"}


class Request:
    """What was asked for: a command, its words in order, its options by name."""

    __slots__ = ("command", "given", "words")

    def __init__(self, command: str, words: list[str], given: Mapping[str, Any]) -> None:
        self.command = command
        self.words = words
        self.given = given

    def __getitem__(self, option: str) -> Any:
        if option in self.given:
            return self.given[option]
        own = self.command, option
        return OWN_DEFAULTS[own] if own in OWN_DEFAULTS else DEFAULTS[option]

    @property
    def json(self) -> bool:
        """Whether the answer is to be JSON."""
        return "json" in self.given or self.format == "json"

    @property
    def target(self) -> str:
        """What code is written for: of a file that is called so, C."""
        if "target" not in self.given and self.given.get("output", "").lower().endswith(".c"):
            return "c"
        found: str = self["target"]
        return found

    @property
    def format(self) -> str:
        """The format that was asked for, or that the name of the file to write says."""
        if "format" not in self.given and "output" in self.given:
            name: str = self.given["output"].lower()
            for format in option_of(self.command, "--format").choices:  # type: ignore[union-attr]
                if name.endswith(SUFFIXES.get(format, f".{format}")):
                    return format
        found: str = self["format"]
        return found


def read(argv: Sequence[str]) -> Request | None:
    """The request in ARGV, or None where the other door has to look at it: for help, and for errors in options."""
    words: list[str] = []
    given: dict[str, Any] = {}
    chosen: list[tuple[str, str]] = []
    twice = False
    before: int | None = None  # how many words stand before `--`
    rest = iter(argv)
    for word in rest:
        if word == "--":
            before = len(words)
            words += rest
        elif word[:1] != "-":
            words.append(word)
        else:
            name, equals, text = word.partition("=")
            option = BY_FLAG.get(name)
            if option is None:
                option, equals, text = short_form(word, words)
            if option is None:
                if looks_like_option(word, words):
                    return None
                words.append(word)
            elif option.kind == "flag":
                if equals:
                    return None
                given[option.name] = True
            else:
                text = text if equals else next(rest, "")
                if option.choices:
                    chosen.append((option.name, text))
                elif not option.accepts(text):
                    return None
                twice = twice or (option.name in given and option.name in ONCE)
                given[option.name] = option.value(text)
    named = bool(words) and words[0] in COMMANDS and before != 0
    command = words.pop(0) if named else DEFAULT
    if words == ["-h"] or not (words or given or named) or (twice and command in MANY):
        return None
    for name in given:
        if command not in BY_FLAG[f"--{name}"].commands:
            other = option_of(command, f"--{name}")
            if other is None or command not in other.commands:
                return None
    for name, text in chosen:  # what may follow depends on the command
        option = option_of(command, f"--{name}")
        if option is None or not option.accepts(text):
            return None
    return Request(command, words, given)


def short_form(word: str, words: Sequence[str]) -> tuple[Option | None, str, str]:
    """The option of the command in WORDS that WORD is in short, and the text that is joined to it: -o=FILE, -oFILE."""
    name, equals, text = word.partition("=")
    if word[:2] not in SHORT or not words:
        return None, "", ""
    command = words[0] if words[0] in COMMANDS else DEFAULT
    option = option_of(command, f"--{SHORT[word[:2]]}")
    behind = len(words) > 1 or command != words[0] or command not in WRITERS
    if option is None or command not in option.commands or not behind:
        return None, "", ""
    if name == word[:2]:
        return option, equals, text
    return (option, "=", word[2:]) if is_behind(words) else (None, "", "")


def is_behind(words: Sequence[str]) -> bool:
    """Whether the next word is to be a file: behind the command batch, or behind the expression of map."""
    return bool(words) and words[0] in MANY and (words[0] != "map" or len(words) > 1)


def looks_like_option(word: str, words: Sequence[str]) -> bool:
    """Whether a word that is no option was meant as one: --formt, --formt=json; but --x and --w0 are expressions.

    Where a file is to stand, -q is meant as one, too, if there is no such file.
    """
    name = word.partition("=")[0]
    if len(name) > 3 and name[:2] == "--" and name[2] != "-" and LETTERS.issuperset(name):
        return True
    if word[:1] != "-" or not word.lstrip("-")[:1].isalpha() or not is_behind(words):
        return False
    import os

    return not os.path.exists(word)


def settings(words: Sequence[str], expression: str = "", memory: int | None = None) -> dict[str, Any]:
    """The point that the words NAME=VALUE after an EXPRESSION describe; an array takes at most MEMORY bytes."""
    point: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or text[:1] == "=" or name[-1:] in ("<", ">", "!"):
            name, text = assignment(word, expression)
        name, text = name.strip(), text.strip()
        if not (name.isascii() and name.isidentifier()) or name in point or name == "at" or not text:
            from gradcli.cli.refusals import checked_name

            name = checked_name(word, name, text, words)
        try:
            point[name] = float(text) if not text.strip(OF_NUMBERS) else computed(word, name, text, memory)
        except ValueError:  # made of the letters of numbers, but none: 1-2, e
            point[name] = computed(word, name, text, memory)
    return point


def assignment(word: str, expression: str) -> tuple[str, str]:
    """Name and value at the first `=` that is no part of == <= >= !=."""
    for at, letter in enumerate(word):
        if letter == "=" and word[at + 1 : at + 2] != "=" and (not at or word[at - 1] not in "=<>!"):
            return word[:at], word[at + 1 :]
    from gradcli.cli.refusals import no_setting

    raise no_setting(word, expression)


def computed(word: str, name: str, text: str, memory: int | None) -> Any:
    """The number or array that an expression without variables, or @FILE, stands for; errors show their place."""
    if text[:1] == "@":
        from gradcli.cli.files import value_in_file

        return value_in_file(word, name, text, memory)
    from gradcli.language.builder import value_of

    try:
        return value_of(text, what=f"the value of {name!r}", memory=memory)
    except _bad_input() as error:
        from gradcli.cli.refusals import within

        raise within(word, error) from None


def _bad_input() -> type[GradError]:
    from gradcli.errors import GradError  # only where something was raised

    return GradError
