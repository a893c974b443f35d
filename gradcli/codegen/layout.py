"""Long statements in lines, as `ruff format` breaks them: at the last bracket, or in parentheses before operators."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.codegen.targets.base import Text

WIDTH = 88
ATOM_LEVEL, SIGN_LEVEL = 6, 4
STEP = "    "
HARMLESS = frozenset(" +-*/^=<>!()[],.;:_@#'∂…×·")
OPENING, CLOSING = "([{", ")]}"
BREAKS = {  # before which words a line is broken, by the level of the text
    0: (" if ", " else "),
    1: (" < ", " <= ", " > ", " >= ", " == ", " != "),
    2: (" + ", " - "),
    3: (" * ", " / ", " % ", " @ ", " // "),
    5: (" ** ",),
}


def statement(head: str, text: Text, indent: str = "") -> list[str]:
    """`HEAD text` on one line, or on as many as it needs; HEAD ends with a blank, as in `x = `."""
    source, level = text
    whole = f"{indent}{head}{source}"
    if len(whole) <= WIDTH:
        return [whole]
    inner = indent + STEP
    if source[-1] in CLOSING and not source.endswith("()") and _opens_last(source, level):
        start = opening(source)
        if len(indent) + len(head) + start + 1 <= WIDTH:
            return bracketed(head + source, indent)
    rows = [inner + source]
    if source[0] == "(" and source.endswith("()"):  # `(a > b).double()` is opened at its first bracket
        end = closing(source)
        return [f"{indent}{head}(", inner + source[1:end], indent + source[end:]]
    if len(rows[0]) > WIDTH:
        rows = [part for row in broken(source, level) for part in _smaller(row, inner)]
    return [f"{indent}{head}(", *rows, f"{indent})"]


def _is_applied(before: str) -> bool:
    """Whether a bracket behind BEFORE is that of a call or an index."""
    return before[-1:].isalnum() or before[-1:] in ("_", ")", "]")


def _smaller(row: str, indent: str) -> list[str]:
    """A ROW of a broken sum, opened at its bracket or broken before its factors where it is still too long."""
    if len(indent) + len(row) > WIDTH and row[-1] not in CLOSING:
        return [indent + part for part in parts(row, BREAKS[3])]
    return bracketed(row, indent)


def _opens_last(source: str, level: int) -> bool:
    """Whether a long SOURCE is opened at its last bracket: a call, or a last operand where there are two."""
    start = opening(source)
    if source[start] == "[" and level != ATOM_LEVEL and _is_applied(source[:start]):
        return False  # an index
    if level == ATOM_LEVEL and source[start - 1 : start].isalnum() and source.rfind(")", 0, start) >= 0:
        return False  # a call of what a call gave
    if level == ATOM_LEVEL:
        return start > 0 or source[0] == "["
    if level == SIGN_LEVEL:
        return start > 0
    return level > 0 and level in BREAKS and len(broken(source, level)) == 2


def bracketed(source: str, indent: str, tail: str = "") -> list[str]:
    """SOURCE, which ends with a bracket, opened there: what it holds on one line, else an item a line, and so on."""
    found: list[str] = []
    waiting = [(source, indent, tail)]
    while waiting:
        text, margin, tail = waiting.pop()
        if not text or len(margin) + len(text) + len(tail) <= WIDTH or text[-1] not in CLOSING:
            found.append(margin + text + tail)
            continue
        start = opening(text)
        head, content, inner = text[: start + 1], text[start + 1 : -1], margin + STEP
        found.append(margin + head)
        is_call = _is_applied(head[:-1])
        waiting.append((text[-1], margin, tail))  # comes last, and is short
        items = parts(content)
        if is_call and len(inner) + len(content) <= WIDTH:
            waiting.append((content, inner, ""))
        elif len(items) == 1 and (items[0][-1] in CLOSING or (head[-1] == "(" and not is_call)):
            waiting.append((items[0], inner, ""))  # with a comma, a part in parentheses would be a tuple
        else:
            waiting += [(item, inner, ",") for item in reversed(items)]
    return found


def listed(head: str, items: Sequence[str], indent: str = "", ends: str = "()") -> list[str]:
    """`HEAD (items)`, a tuple, on one line or with an item a line."""
    if not items:
        return [f"{indent}{head}{ends}"]
    comma = "," if len(items) == 1 and ends == "()" else ""
    whole = f"{indent}{head}{ends[0]}{', '.join(items)}{comma}{ends[1]}"
    if len(whole) <= WIDTH:
        return [whole]
    return [f"{indent}{head}{ends[0]}", *(f"{indent}{STEP}{item}," for item in items), indent + ends[1]]


def called(head: str, arguments: Sequence[str], tail: str = "", indent: str = "") -> list[str]:
    """`HEAD(arguments)TAIL`: on one line, else the arguments on one, else an argument a line."""
    content = ", ".join(arguments)
    whole = f"{indent}{head}({content}){tail}"
    if len(whole) <= WIDTH:
        return [whole]
    inner = indent + STEP
    rows = [inner + content]
    if len(inner + content) > WIDTH:
        rows = [row for each in arguments for row in bracketed(each, inner, ",")]
    return [f"{indent}{head}(", *rows, f"{indent}){tail}"]


def opening(source: str) -> int:
    """Where the bracket was opened that the last letter of SOURCE closes."""
    depth = 0
    for place in range(len(source) - 1, -1, -1):
        depth += (source[place] in CLOSING) - (source[place] in OPENING)
        if depth == 0:
            return place
    raise ValueError(source)


def closing(source: str) -> int:
    """Where the bracket is closed that SOURCE begins with."""
    depth = 0
    for place, letter in enumerate(source):
        depth += (letter in OPENING) - (letter in CLOSING)
        if depth == 0:
            return place
    raise ValueError(source)


def parts(source: str, words: Sequence[str] = (", ",)) -> list[str]:
    """SOURCE cut before each of the WORDS that stands in no bracket; a comma goes, an operator begins a part."""
    found, depth, since, place = [], 0, 0, 0
    while place < len(source):
        letter = source[place]
        depth += (letter in OPENING) - (letter in CLOSING)
        word = next((w for w in words if source.startswith(w, place)), None) if depth == 0 and letter in " ," else None
        if word is not None:
            found.append(source[since:place])
            since = place + (2 if word == ", " else 1)
            place += len(word) - 1
        else:
            place += 1
    return [*found, source[since:]]


def broken(source: str, level: int) -> list[str]:
    """SOURCE in lines that begin with its loosest operators."""
    return parts(source, BREAKS[level]) if level in BREAKS else [source]


def harmless(text: str) -> str:
    """TEXT without what would end a comment or a string, or be no letter on the screen."""
    kept = "".join(letter if letter.isalnum() or letter in HARMLESS else "?" for letter in text)
    return kept.replace("*/", "* /").replace("/*", "/ *")
