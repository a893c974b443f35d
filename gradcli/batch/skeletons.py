"""A program with its literals taken out: how its text is split, and on which of them its graph depends."""

from __future__ import annotations

import re
from math import e, pi, tau

from gradcli.batch.answers import IS_FAST, texts
from gradcli.codegen.kernels import Kernel, kernel
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, VARIABLE
from gradcli.graph.recognise import View, matches
from gradcli.language import is_name
from gradcli.language.question import Question
from gradcli.text import json_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gradcli.graph import Graph
    from gradcli.insight.notes import Note
    from gradcli.language.question import Options

# A number that stands by itself; an exponent behind ^ decides what the operation is, so it stays in the text.
NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
split = re.compile(rf"(?<![\w.^])({NUMBER})(?![\w.])", re.ASCII).split
only_numbers = re.compile(r"[-+0-9.eE \t,]*").fullmatch
# The values that recognition asks for, and those of constants that have a name: no literal with one of them is taken
# for another. A test looks on while programs are recognised.
SPECIAL = frozenset((0.0, 1.0, 2.0, 0.5, e, pi, tau, 0.01))
MARKS = [f"{3 + k}000{k}.0009765625" for k in range(64)]  # in the place of literals: no two equal, none special
UNTOLD = frozenset(("dead", "flow", "unused", "shadow"))  # kinds of notes without a number that a run computed


def settings(source: str) -> tuple[str, dict[str, float]] | None:
    """EXPR and the values of `EXPR at x=1, y=2`; None where there is no `at` or a value is no plain number."""
    body, found, tail = source.rpartition(" at ")
    if not found or "#" in source or not source.isascii():
        return None
    tail = tail.replace(", ", ",")
    parts = tail.replace("=", ",").split(",")
    names, numbers = parts[::2], parts[1::2]
    if not (tail.count("=") == len(names) == len(numbers) and only_numbers(",".join(numbers))):
        return None
    if " " in tail or "\t" in tail:
        names = [name.strip(" \t") for name in names]
    try:
        values = dict(zip(names, map(float, numbers), strict=True))
    except ValueError:
        return None
    return None if len(values) < len(names) or "" in values else (body, values)


class Skeleton:
    """What is known of the programs with one text between their literals.

    `kept` are the places of literals that are part of the structure. `asked` are those that recognition may ask the
    value of, `apart` says that it may ask whether two are equal.
    """

    __slots__ = ("apart", "asked", "kept")

    def __init__(self, pieces: Sequence[str], names: Sequence[str], options: Options) -> None:
        marked = drawn("".join(_with_marks(pieces, range(len(pieces) // 2))), names, options)
        found = _marked(marked.program.graph)
        places = range(len(pieces) // 2)
        self.kept = tuple(place for place in places if place not in found.values())
        self.asked: tuple[int, ...] = ()
        self.apart = False
        if options.decomposition == "typed":
            return
        if self.kept or options.decomposition == "naive":
            self.asked, self.apart = tuple(places), bool(self.kept)
            return
        program = marked.program
        kept = {line for name in options.wrt or () if (line := program.definitions.get(name)) is not None}
        watch = _Watch(program.graph, kept)
        matches(program.graph, kept, watch)
        self.apart = watch.compares
        self.asked = tuple(places) if watch.compares else tuple({found[line] for line in watch.asked if line in found})

    def key(self, numbers: Sequence[float]) -> tuple[object, ...]:
        """What literals with these values decide of the structure; empty for those that decide nothing."""
        twins = self.apart and len(set(numbers)) < len(numbers)
        if not (self.kept or twins) and SPECIAL.isdisjoint([numbers[place] for place in self.asked]):
            return ()
        special = [number if number in SPECIAL else None for number in numbers]
        equal = map(numbers.index, numbers) if self.apart else ()
        return (tuple(special), tuple([numbers[place] for place in self.kept]), tuple(equal))

    def groups(self, numbers: Sequence[float], key: tuple[object, ...]) -> list[int | None]:
        """For each literal the place of the one it is taken from; None where it stays as it is."""
        if not key:
            return [*range(len(numbers))]
        return [
            None if place in self.kept or number in SPECIAL else numbers.index(number) if self.apart else place
            for place, number in enumerate(numbers)
        ]


class Compiled:
    """A kernel, the lines of its graph that stand for literals, and patterns whose notes are other ones each time."""

    __slots__ = ("kernel", "literals", "run", "untold")

    def __init__(self, made: Kernel, literals: Collection[int]) -> None:
        self.kernel = made
        self.run = made.run
        self.literals = literals
        self.untold: set[tuple[bool, ...]] = set()


def compiled(
    pieces: Sequence[str],
    groups: Sequence[int | None],
    names: Sequence[str],
    options: Options,
    order: int,
) -> Compiled | None:
    """The kernel of the program in PIECES, each literal a parameter of the place that GROUPS says; None without one.

    Its parameters are the NAMES, then all literals.
    """
    question = drawn("".join(pieces), names, options, order)
    leaves = {
        line: f"a{names.index(question.graph.names[line] or '')}"
        for line, primitive in enumerate(question.graph.primitives)
        if primitive is VARIABLE
    }
    free: dict[int, str] = {}
    if any(group is not None for group in groups):
        marked = drawn("".join(_with_marks(pieces, groups)), names, options, order)
        free = _parameters(question, marked, [*map(float, pieces[1::2])])
    made = kernel(
        question.graph, question.result, question.sources if order else None, {**leaves, **free},
        [f"a{place}" for place in range(len(names))], [f"c{place}" for place in range(len(groups))], json_string,
        noted=bool(question.unused or question.program.remarks), texts=texts if IS_FAST else None,
    )  # fmt: skip
    return None if made is None else Compiled(made, free)


class NoKernel(Exception):
    """The program is not one of scalars, or its answer needs more than a kernel gives."""


def drawn(source: str, names: Sequence[str], options: Options, order: int = 1) -> Question:
    """The question about SOURCE with numbers for the NAMES: which, no line of it depends on."""
    if not all(map(is_name, names)) or "at" in names:
        raise NoKernel
    try:
        question = Question(source, dict.fromkeys(names, 1.0), options, for_value=order == 0)
    except GradError:
        raise NoKernel from None
    if question.shapes is not None or question.derivatives or question.program.at or question.example:
        raise NoKernel
    return question


def _with_marks(pieces: Sequence[str], groups: Sequence[int | None]) -> list[str]:
    """PIECES with a mark of its own in the place of every literal that is in a group."""
    if len(groups) > len(MARKS):
        raise NoKernel
    texts = [*pieces]
    for place, group in enumerate(groups):
        if group is not None:
            texts[2 * place + 1] = MARKS[group]
    return texts


PLACES = {float(mark): place for place, mark in enumerate(MARKS)}


def _marked(graph: Graph) -> dict[int, int]:
    """The lines that are a mark, or minus one, and which."""
    return {
        line: PLACES[abs(graph.statics[line])]
        for line, primitive in enumerate(graph.primitives)
        if primitive is CONSTANT and type(graph.statics[line]) is float and abs(graph.statics[line]) in PLACES
    }


def _parameters(question: Question, marked: Question, numbers: Sequence[float]) -> dict[int, str]:
    """The lines of the question's graph that stand for literals, as texts; NoKernel where it is another graph."""
    graph, other = question.graph, marked.graph
    same = graph.primitives == other.primitives and graph.operands == other.operands
    if not same or (question.result, question.sources) != (marked.result, marked.sources):
        raise NoKernel
    places = _marked(other)
    found = {}
    for line, (own, theirs) in enumerate(zip(graph.statics, other.statics, strict=True)):
        if line in places:
            sign = "-" if theirs < 0 else ""
            number = -numbers[places[line]] if sign else numbers[places[line]]
            found[line] = f"({sign}c{places[line]})" if sign else f"c{places[line]}"
            own, theirs = repr(own), repr(number)
        if own != theirs:
            raise NoKernel
    return found


class _Watch(View):
    """A view that remembers which constants were looked at, and whether two lines were compared."""

    __slots__ = ("asked", "compares", "known")

    def __init__(self, graph: Graph, kept: Collection[int]) -> None:
        self.asked: set[int] = set()
        super().__init__(graph, kept)
        self.compares = False

    @property
    def numbers(self) -> list[int]:
        self.compares = True
        return self.known

    @numbers.setter
    def numbers(self, numbers: list[int]) -> None:
        self.known = numbers

    def is_constant(self, line: int) -> bool:
        self.asked.add(line)
        return super().is_constant(line)


def told(question: Question, literals: Collection[int], notes: Sequence[Note]) -> bool:
    """Whether NOTES are the same in every run with the same gates open: no number of a run stands in them."""
    labels = question.labels()
    for note in notes:
        if note.kind not in UNTOLD:
            return False
        if note.kind == "dead":
            line = labels.names.index(note.line)
            if any(operand in literals for operand in question.graph.operands[line]):
                return False
    return True
