"""From text to a flat postfix list: one scanner, and a driver of the tables that lark made."""

from __future__ import annotations

from gradcli.language import tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Items = list[tuple[int, Any]]
    Emit = Callable[[tuple[int, Any]], None]

# The postfix items: (code, argument).
NUMBER = 0  # a float
NAME = 1  # a name
BINARY = 2  # + - * / @ ^ < <= > >= == !=
PREFIX = 3  # + or -
VALUE = 4  # None: an expression that is a statement ends
TARGET = 5  # None: what was just read stands left of '='
SUBJECT = 6  # None: what was just read stands before `at`
DEFINE = 9  # None: the statement `target = body` ends
SETTING = 10  # the name that gets the value just read
QUERY = 11  # how many settings; the statement ends
SLICE = 12  # (is there a lower end, is there an upper end)
CALL = 16  # (name, how many arguments)
INDEX = 17  # how many slots
ARRAY = 18  # how many entries
TRANSPOSED = 19  # None

# What else a row may ask for. Up to PREFIX: write an operator. Up to FIRST nothing is popped, up to MORE one place is.
# Up to GROUP: a closing bracket or `.T`, used up. The rest are no reductions.
BLANK, FIRST = 7, 8
JOIN, PAIR, MORE = 13, 14, 15
GROUP = 20
SHIFT, OPEN, OPERAND, ACCEPT, ERROR = 21, 22, 23, 24, 25

MAX_BYTES = 1 << 20
MAX_TOKENS = 400_000

NEWLINE = "\0"  # the word for a newline; ';' keeps its own
DIGITS = tuple("0123456789")
APART = "$"  # a sign that no program has
REFUSED = "\1"  # the word for a blank that is none of the language's
OPERATORS = "+-*/@^<>=!()[],:;\u00d7\u00b7\u00f7\u2212"
STRANGE_BLANKS = "\0\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
STRANGE_BLANKS += "".join(map(chr, range(0x2000, 0x200B)))
SPACED = {ord(sign): f" {sign} " for sign in OPERATORS}
SPACED[ord("\t")] = " "
SPACED.update({ord(sign): f" {NEWLINE} " for sign in "\r\n"})
SPACED.update({ord(sign): f" {REFUSED} " for sign in STRANGE_BLANKS})

UNFIT = (-1, None)  # the item of a word that is no operand

linked: tuple[Any, Any] | None = None  # the tables, once `link` has read them


def parse(source: str, spans: list[tuple[int, int]] | None = None) -> list[tuple[int, object]]:
    """The program as postfix items; `spans`, where given, receives the place of each in `normalised(source)`."""
    words, careful = read(source)
    items: Items = []
    moments: list[int] = []
    failed = drive(words, items, None if spans is None else moments)
    if failed >= 0 and not careful and unusual(words[failed]):
        from gradcli.language.spelling import respelled

        words = words[:failed] + respelled(words[failed:])
        items.clear()
        moments.clear()
        failed = drive(words, items, None if spans is None else moments)
    if failed >= 0 or not items:
        from gradcli.language.complaints import complaint

        raise complaint(normalised(source), words, failed)
    if spans is not None:
        from gradcli.language.places import places

        spans[:] = places(normalised(source), words, items, moments)
    return items


def normalised(source: str) -> str:
    """The text as it is read, in NFC; places count in it."""
    if source.isascii():
        return source
    from unicodedata import normalize

    return normalize("NFC", source)


def read(source: str) -> tuple[list[str], bool]:
    """The words of a program, and whether each was looked at letter by letter, as text beyond ASCII needs it."""
    careful = not source.isascii()
    size = len(source)
    if careful and size <= MAX_BYTES:
        size = len(source.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        from gradcli.language.complaints import too_large

        raise too_large(size)
    if careful:
        from gradcli.language.spelling import distinct, respelled

        source = normalised(source)
        words = respelled(scan(source))
        distinct(source, words)
    else:
        words = scan(source)
    if len(words) > MAX_TOKENS:
        from gradcli.language.complaints import too_many

        raise too_many(len(words))
    return words, careful


def scan(source: str) -> list[str]:
    """The words of the text, blanks and comments dropped, the end marked by an empty word."""
    text = source
    if "#" in text:
        text = without_comments(text)
    if text[:1] == "\ufeff":
        text = text[1:]
    if is_everyday(text):
        text = spaced(text)
    else:
        text = text.translate(SPACED)
        if "=" in text:
            for sign in "<>!=":
                text = text.replace(f" {sign}  = ", f" {sign}= ")
    text = with_words_of_several_signs(text)
    words = text.split()
    if NEWLINE in text:
        words = without_inner_newlines(words)
    words.append("")
    return words


def scan_each(sources: Sequence[str]) -> list[list[str] | None]:
    """The words of each of several texts, where that takes no more than a few signs; None where `scan` has to say."""
    text = f" {APART} ".join(sources)
    if is_everyday(text) and text.count(APART) == len(sources) - 1 and "#" not in text:
        parts = with_words_of_several_signs(spaced(text)).split(APART)
        return [[*part.split(), ""] for part in parts]
    return [scan(text) if is_everyday(text) and "#" not in text else None for text in sources]


def is_everyday(text: str) -> bool:
    """Whether the text is one line of ASCII without the signs that stand in definitions, comparisons and arrays."""
    return text.isascii() and text.isprintable() and not (
        "=" in text or "<" in text or ">" in text or "!" in text or "[" in text or "]" in text or "@" in text
        or ";" in text or ":" in text
    )  # fmt: skip


def spaced(text: str) -> str:
    """Such a text with blanks around every sign."""
    text = text.replace("(", " ( ").replace(")", " ) ").replace("+", " + ").replace("-", " - ")
    return text.replace("*", " * ").replace("/", " / ").replace("^", " ^ ").replace(",", " , ")


def with_words_of_several_signs(text: str) -> str:
    """The text with `**` as ^, with `.T` as a word, and with the sign of `1e-3` joined to its number again."""
    if " *  * " in text:
        text = text.replace(" *  * ", " ^ ")
    if ".T" in text:
        text = text.replace(".T", " .T ")
    if "e " in text or "E " in text:
        text = with_exponents(text)
    return text


def drive(words: list[str], items: Items, moments: list[int] | None = None) -> int:
    """Write the items of `words`; the index of the first word that does not fit, or -1."""
    feed = iter(words)
    emit = items.append if moments is None else recorder(feed, items, moments)
    kind_of = tables.KINDS.get
    row, place = linked or link()
    states, held, counts = [place], [], []  # type: ignore[var-annotated]
    for word in feed:
        kind = kind_of(word)
        if kind is None:
            item = (NAME, word) if word.isidentifier() else operand(word)
            row = row[item[0]]
            if row is None:
                break
            emit(item)
            continue
        action, target, place = row[kind]
        while action != SHIFT:
            if action <= PREFIX:
                states.pop()
                emit((action, held.pop()))
            elif action <= MORE:
                conclude(action, place, states, held, counts, emit)
            elif action <= GROUP:
                close(action, place, states, held, counts, emit)
                row = states[-1][target]
                break
            elif action == OPEN:
                states.append(place)
                held.append(items.pop()[1])
                row = target
                break
            elif action == ACCEPT:
                return -1
            else:
                return reached(words, feed)
            action, target, place = states[-1][target][kind]
        else:
            states.append(place)
            held.append(word)
            row = target
    return reached(words, feed)


def reached(words: list[str], feed: Iterator[str]) -> int:
    """The index of the word that was taken last."""
    to_come: int = feed.__length_hint__()  # type: ignore[attr-defined]
    return len(words) - to_come - 1


def close(action: int, extra: Any, states: list[Any], held: list[Any], counts: list[int], emit: Emit) -> None:
    """A closing bracket, or `.T`."""
    if action == TRANSPOSED:
        emit((action, None))
        return
    states.pop()
    name = held.pop()
    if action != GROUP:
        count = counts.pop() if extra is None else extra
        emit((action, (name, count) if action == CALL else count))


def conclude(action: int, extra: Any, states: list[Any], held: list[Any], counts: list[int], emit: Emit) -> None:
    """A reduction that is not an operator's: the parts of statements and of lists."""
    word = None
    if action > FIRST:
        states.pop()
        word = held.pop()
    if action == SETTING:
        emit((action, word))
    elif action == QUERY:
        emit((action, counts.pop()))
    elif action == PAIR or action == FIRST:
        counts.append(2 if action == PAIR else 1)
    elif action == MORE:
        counts[-1] += 1
    elif action != BLANK and action != JOIN:
        emit((action, extra))


def operand(word: str) -> tuple[int, object]:
    """A number, or a name that Python would not take for one; anything else fits nowhere."""
    try:
        value = float(word)
    except ValueError:
        return (NAME, word) if is_name(word) else UNFIT
    return UNFIT if "_" in word else (NUMBER, value)


def unusual(word: str) -> bool:
    """Whether a word is none of the language's as it stands."""
    return word not in tables.KINDS and not word.isidentifier() and operand(word) is UNFIT


def is_name(word: str) -> bool:
    """A letter of any script or '_', then also ASCII digits."""
    if word.isascii():
        return word.isidentifier()
    return all(letter.isalpha() or letter == "_" or letter in "0123456789" for letter in word) and not word[0].isdigit()


def recorder(feed: Iterator[str], items: Items, moments: list[int]) -> Emit:
    """`items.append` that also notes how many words were still to come."""

    def emit(item: tuple[int, object]) -> None:
        del moments[len(items) :]  # a name that turned out to be called was taken back
        items.append(item)
        moments.append(feed.__length_hint__())  # type: ignore[attr-defined]

    return emit


def without_comments(text: str) -> str:
    """The text up to '#' on each line."""
    lines = text.replace("\r", "\n").split("\n")
    return "\n".join(line.partition("#")[0] for line in lines)


def with_exponents(text: str) -> str:
    """The text with the sign of `1e-3` joined to its number again."""
    for mark in ("e + ", "e - ", "e \u2212 ", "E + ", "E - ", "E \u2212 "):
        if mark in text:
            first, *rest = text.split(mark)
            parts, last = [first], first
            for part in rest:
                mantissa = last.rpartition(" ")[2]
                joins = part[:1] in DIGITS and mantissa.replace(".", "0", 1).isdigit() and mantissa.isascii()
                parts += (mark.replace(" ", "") if joins and part else mark), part
                last = "" if joins and " " not in part else part
            text = "".join(parts)
    return text


def without_inner_newlines(words: list[str]) -> list[str]:
    """The words without the newlines that stand inside brackets."""
    kept, depth = [], 0
    for word in words:
        if word == "(" or word == "[":
            depth += 1
        elif (word == ")" or word == "]") and depth:
            depth -= 1
        elif word == NEWLINE and depth:
            continue
        kept.append(word)
    return kept


def link() -> tuple[Any, Any]:
    """The row and the place of the start, with numbers replaced by what they stand for; done once, on first use."""
    global linked
    rows: list[Any] = [*map(list, tables.ROWS)]
    numbered = [*rows, *[None] * (256 - len(rows))].__getitem__
    places = [[*map(numbered, following)] for following in tables.NEXT]
    steps = []
    for action, target, extra in tables.STEPS:
        if action == OPERAND:
            steps.append(numbered(target))
        elif action == SHIFT or action == OPEN:
            steps.append((action, places[target][0], places[target]))
        else:
            steps.append((action, target, extra))
    step = steps.__getitem__
    for row in rows:
        row[:] = map(step, row)
    linked = places[0][0], places[0]
    return linked
