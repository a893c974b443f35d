"""What the three styles of modular code share: names of lines, the head of a module, the end that prints."""

from __future__ import annotations

from textwrap import wrap

from gradcli.codegen.flat.module import wrapped
from gradcli.codegen.layout import STEP, WIDTH, bracketed, harmless, listed
from gradcli.codegen.modular.gates import Gates, Spelling
from gradcli.codegen.names import Names
from gradcli.codegen.targets.base import ATOM
from gradcli.graph import CONSTANT, NAMED, VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.targets.base import Target, Text

GRAPH = "ComputationalGraph"
RUNS = "Run as a program, it prints the numbers."


class Composition:
    """The gates of a SUBJECT in the order of its graph, over safe names.

    `written` are the lines that have a statement or an entry of their own, in order; `text` reads any line.
    """

    def __init__(
        self,
        subject: Subject,
        target: Target,
        spelling: Spelling,
        comments: Mapping[int, str],
        *,
        passive: bool,
        words: Sequence[str] = (),
    ) -> None:
        self.subject = subject
        self.target = target
        self.comments = comments
        self.graph = subject.graph
        self.gates = Gates(subject, target, spelling, passive=passive)
        user = [*subject.variables, *[name for name in self.graph.names if name is not None]]
        self.names = Names(target.reserved | {GRAPH, "graph", "point", "value", "gradient", "name", *words}, user)
        self.parameters = [self.names[name] for name in subject.variables]
        self.texts: dict[int, Text] = {}
        self.written: list[int] = []
        self.label = subject.labels[subject.result]
        self._name_lines()

    def _name_lines(self) -> None:
        graph, given = self.graph, set(self.names.given)
        for line in self.gates.lines:
            name = graph.names[line]
            if graph.primitives[line] is VARIABLE:
                self.texts[line] = (self.names[name or ""], ATOM)
                continue
            if graph.primitives[line] is CONSTANT and name is None and line != self.subject.result:
                self.texts[line] = self.target.literal(graph.statics[line])
                continue
            label = self.subject.labels[line] or "c1"
            safe = self.names[label] if label in given else self.names.fresh(label)
            given.discard(label)
            self.written.append(line)
            self.texts[line] = (safe, ATOM)

    def text(self, line: int) -> str:
        return self.texts[line][0]

    def is_literal(self, line: int) -> bool:
        """Whether a line is a constant that stands inside others."""
        return self.graph.primitives[line] is CONSTANT and line not in self.written

    def shown(self, name: str) -> str:
        """What a name of the user's, or of a line, is called in the code."""
        return self.names.given.get(name, name)

    def sources(self) -> list[tuple[str, int | None]]:
        """What is differentiated by: what it is called in the code, and its line where the result depends on it."""
        return [
            (self.shown(name), line if line is not None and line in self.texts else None)
            for name, line in self.subject.sources.items()
        ]

    def reaches_all(self) -> bool:
        """Whether a gradient arrives at every name that is differentiated by."""
        return all(line is not None and self.gates.reached[line] for _, line in self.sources())

    def reaches_any(self) -> bool:
        """Whether a gradient arrives anywhere."""
        return any(line is not None and self.gates.reached[line] for _, line in self.sources())

    def module(self, style: str, blocks: Sequence[Sequence[str]]) -> str:
        """The text of a module: what it is, imports, helpers, then BLOCKS of lines."""
        head = [*docstring(self.subject.said, style, self.names, runs=self.subject.point is not None)]
        preamble = self.target.preamble()
        if preamble and preamble[0].startswith(("import ", "from ")):
            head += ["", preamble.pop(0)]
        texts = ["\n".join(block) for block in blocks if block]
        return "\n\n\n".join(["\n".join(head), *preamble, *texts]) + "\n"

    def printed(self, value: str) -> str:
        """The statement that prints the VALUE of the result."""
        return f'{STEP}print(f"{self.shown(self.label)} = {{{value}}}")'

    def printed_gradients(self, gradient: str, before: Sequence[str] = ()) -> list[str]:
        """The loop that prints the GRADIENT of each name, after the statements BEFORE."""
        texts = [f'"{name}"' for name, _ in self.sources()]
        head = listed("for name in ", texts, STEP)
        head[-1] += ":"
        if len(head) == 1 and len(head[0]) > WIDTH:
            head = [f"{STEP}for name in (", *[f"{STEP * 2}{text}," for text in texts], f"{STEP}):"]
        row = f'print(f"d{self.shown(self.label)}/d{{name}} = {{{gradient}}}")'
        return [*head, *[f"{STEP * 2}{each}" for each in [*before, row]]]


def seed(composition: Composition, value: str) -> str:
    """What the backward pass starts from: 1, ones of an array; nan where VALUE is nan at the point."""
    gates, target = composition.gates, composition.target
    line = composition.subject.result
    shape = gates.shape(line)
    if gates.is_nan(line):
        return target.operation(NAMED["seed"], None, [(value, ATOM)])[0]
    if shape:
        return target.operation(NAMED["fit"], shape, [("1.0", ATOM)], [()], shape)[0]
    return "1.0"


def docstring(said: Iterable[str], style: str, names: Names, *, runs: bool) -> Iterable[str]:
    """What a module is: the program, the style, and names that are not the user's own."""
    rows = [row for text in said for row in wrapped(text)]
    yield '"""' + (rows[0] if rows else "Value and gradients.")
    yield from rows[1:]
    yield ""
    yield from wrap(style + (f" {RUNS}" if runs else ""), WIDTH)
    others = [f"{safe} stands for {harmless(name)[:48]}" for name, safe in names.renamed.items()]
    if others:
        yield ""
        yield from wrap("; ".join(others) + ".", WIDTH)
    yield '"""'


def sentence(text: str, indent: str) -> list[str]:
    """A docstring on one line, or on two and more where it is long."""
    text = harmless(text)
    whole = f'{indent}"""{text}."""'
    if len(whole) <= WIDTH:
        return [whole]
    rows = wrap(f"{text}.", WIDTH - len(indent) - 13, break_on_hyphens=False)
    return [f'{indent}"""{rows[0]}', *[indent + row for row in rows[1:]], f'{indent}"""']


def remark(text: str, indent: str) -> list[str]:
    """A comment above what it is about."""
    rows = wrap(harmless(text), WIDTH - len(indent) - 2, break_on_hyphens=False)
    return [f"{indent}# {row}" for row in rows]


def unpacked(names: Sequence[str], value: str, indent: str) -> list[str]:
    """`a, b = VALUE`; the names one below the other where they are many."""
    if len(names) == 1:
        return [f"{indent}({names[0]},) = {value}"]
    whole = f"{indent}{', '.join(names)} = {value}"
    if len(whole) <= WIDTH:
        return [whole]
    return [f"{indent}(", *[f"{indent}{STEP}{name}," for name in names], f"{indent}) = {value}"]


def items(head: str, texts: Sequence[str], indent: str, *, one: str = ",") -> list[str]:
    """`HEAD a, b`, or in parentheses an item a line; a single item is followed by ONE, in parentheses."""
    content = f"({texts[0]},)" if len(texts) == 1 and one else ", ".join(texts)
    whole = f"{indent}{head}{content}"
    if len(whole) <= WIDTH:
        return [whole]
    rows = [row for text in texts for row in bracketed(text, indent + STEP, ",")]
    return [f"{indent}{head}(", *rows, f"{indent})"]
