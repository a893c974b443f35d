"""The functions of the language as a table, or one of them in full."""

from __future__ import annotations

from rich.text import Text

from gradcli.render.style import DIM, GRADIENT, LABEL, LOCAL, VALUE, Grid, hanging, in_ascii_text, middle_cut
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.report.catalogue import Catalogue, Entry, Plain

HEADINGS = ("function", "local gradient", "gate", "at edges")
CALL, GATE, LEAST_LOCAL, EDGES = 18, 13, 26, 17
NARROW = CALL + LEAST_LOCAL + GATE + EDGES + 6  # below it, an entry is a block of lines
MOST_LOCAL = 3  # lines of a rule in the table
ANYWHERE = "all real numbers"
IN_SHORT = {"inf": "inf slope"}
TERMS = {"carried": "carried"}
AXIS = "(x, axis)"
TERM = 8  # cells of a term before what it says


def draw(catalogue: Catalogue, *, width: int = 80, unicode: bool = True) -> list[Text]:
    """The catalogue for a terminal of WIDTH cells; without UNICODE in ASCII."""
    if not catalogue.whole:
        lines = [line for entry in catalogue.entries for line in (*_in_full(entry, width), Text(""))][:-1]
    elif width < NARROW:
        lines = [line for entry in catalogue.entries for line in _block(entry, width)]
    else:
        return _table(catalogue, width, unicode=unicode)
    return lines if unicode else [in_ascii_text(line) for line in lines]


def _table(catalogue: Catalogue, width: int, *, unicode: bool) -> list[Text]:
    spare = min(width, 120) - NARROW
    local, edges = LEAST_LOCAL + max(spare - spare // 3, 0), EDGES + max(spare // 3, 0)
    grid = Grid(HEADINGS, unicode=unicode)
    for entry in catalogue.entries:
        text = middle_cut(_local_in_short(entry), MOST_LOCAL * local - 8)
        grid.add(
            _wrapped(Text(_call(entry), style=LABEL), CALL),
            _wrapped(Text(text, style=LOCAL), local),
            Text(entry.gates[0]),
            _wrapped(Text(_edges_in_short(entry), style=DIM), edges),
        )
    return grid.lines()


def _call(entry: Entry) -> str:
    """The call; one whose first word is wider than its column is broken behind the name."""
    name, bracket, rest = entry.call.partition("(")
    return entry.call if len(entry.call.split(" ")[0]) <= CALL else f"{name}{bracket}\n{rest}"


def _wrapped(text: Text, width: int) -> Text:
    return Text("\n").join(hanging(Text(""), text, width))


def _block(entry: Entry, width: int) -> Iterator[Text]:
    yield from hanging(Text(""), Text.assemble((entry.call, LABEL), "  ", entry.gates[0]), width)
    indent = Text("  ")
    yield from hanging(indent, Text(_local_in_short(entry), style=LOCAL), width)
    if _edges_in_short(entry):
        yield from hanging(indent, Text(_edges_in_short(entry), style=DIM), width)


def _local_in_short(entry: Entry) -> str:
    rules = list(entry.locals.items())
    if not rules:
        return "a constant" if entry.kind == "constant" else "lines of its own"
    if all(rule is None for _, rule in rules):
        return "none passes"
    if len(rules) == 1:
        return str(rules[0][1])
    return ", ".join("none" if rule is None else rule for _, rule in rules)


def _edges_in_short(entry: Entry) -> str:
    words = [] if entry.domain == ANYWHERE else [entry.domain]
    words += ["carried"] * (entry.kind == "carried")
    words += dict.fromkeys(IN_SHORT.get(kind, kind) for kind, _ in entry.edges if kind not in ("domain", "dead"))
    return "; ".join(words)


def _in_full(entry: Entry, width: int) -> Iterator[Text]:
    title = Text(entry.call, style=LABEL)
    if entry.definition:
        title = Text.assemble(title, f" = {entry.definition}")
    yield from hanging(Text(""), title, width)
    for term, said in _terms(entry):
        yield from hanging(Text(f"{term:<{TERM}}", style=DIM), said, width)


def _terms(entry: Entry) -> Iterator[tuple[str, Text]]:
    others = [text for text in entry.recognised if text != entry.definition]
    if others:
        yield "also", Text(", ".join(others))
    if entry.locals:
        yield "gate", Text(_gate(entry))
    yield "domain", Text(entry.domain)
    for place, (name, rule) in enumerate(entry.locals.items()):
        yield "" if place else TERMS.get(entry.kind, "local"), _rule(entry, name, rule)
    if _speaks_of(entry, "n"):
        yield "", Text(f"n is the number of {'elements that go into one' if entry.call.endswith(AXIS) else 'rows'}")
    if entry.call.endswith(AXIS):
        yield "axis", Text("left out: over everything; 0 is the first axis, -1 the last")
    for place, (kind, message) in enumerate(entry.edges):
        yield "" if place else "edges", Text(_edge(kind, message))
    yield from _worked(entry)


def _rule(entry: Entry, name: str, rule: str | None) -> Text:
    if rule is None:
        return Text(f"by {name}: nothing flows")
    if entry.kind == "carried":
        return Text(f"to {name}: {rule}", style=LOCAL)
    each = " each" if entry.kind == "reduces" and rule in ("1", "1/n") else ""
    return Text(f"∂y/∂{name} = {rule}{each}", style=LOCAL)


def _speaks_of(entry: Entry, word: str) -> bool:
    """Whether a rule or the definition of an array function has the WORD."""
    if entry.kind != "reduces":
        return False
    texts = [entry.definition or "", *(rule or "" for rule in entry.locals.values())]
    return word in "".join(letter if letter.isalnum() else " " for letter in " ".join(texts)).split()


def _gate(entry: Entry) -> str:
    several, one = entry.gates
    return several if several == one else f"{several}; {one} where one operand depends on what is asked for"


def _edge(kind: str, message: str) -> str:
    if kind == "tie" and message == kind:
        return "a tie is shared evenly (--ties split), or goes to the first (--ties first)"
    return message


def _worked(entry: Entry) -> Iterator[tuple[str, Text]]:
    worked = entry.worked
    if worked is None:
        return
    said = Text.assemble(f"{worked.call} = ", (_numbers(worked.value), VALUE))
    if worked.upstream is not None:
        yield "worked", said
        said = Text.assemble("upstream ", (_numbers(worked.upstream), GRADIENT))
        for name, gradient in worked.gradients.items():
            said.append(f", to {name}: ").append(_numbers(gradient), style=GRADIENT)
        yield "", said
        return
    for name, gradient in worked.gradients.items():
        said.append(f", ∂y/∂{name} = ").append(_numbers(gradient), style=LOCAL)
    yield "worked", said


def _numbers(value: Plain) -> str:
    """A number, or nested lists of numbers, as the language writes them."""
    pieces: list[str] = []
    waiting: list[Plain] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif isinstance(item, list):
            inside = [part for entry in item for part in (entry, ", ")][:-1]
            waiting += ["]", *reversed(inside), "["]
        else:
            pieces.append(significant(item))
    return "".join(pieces)
