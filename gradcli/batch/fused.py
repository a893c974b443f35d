"""The quick way of a batch: programs of scalars in one pass, with the notes and the last bit of `questions`."""

from __future__ import annotations

from gradcli import autodiff
from gradcli.autodiff import Sweep
from gradcli.batch.answers import dumps, notes_member, scalar_members, texts, unused, unused_note
from gradcli.batch.driver import drive
from gradcli.batch.folded import folded
from gradcli.batch.onepass import Pass
from gradcli.batch.remarks import remarks, with_closed_gates
from gradcli.batch.spelled import is_telling, may_be_spelled
from gradcli.batch.stepping import SAME, functions
from gradcli.batch.steps import DUE
from gradcli.batch.sweep import gradients_of, graph_of, passed, pull_back, shown, swept
from gradcli.graph import VARIABLE
from gradcli.graph.decompose import decompose
from gradcli.graph.labels import Labels
from gradcli.insight.births import births
from gradcli.insight.notes import Run, first_of_each_kind, notes
from gradcli.language import MAX_BYTES, MAX_TOKENS, NEWLINE, scan
from gradcli.questions import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.autodiff import Flow
    from gradcli.batch.onepass import Entry
    from gradcli.graph import Graph
    from gradcli.insight.notes import Note


class Fused:
    """Answers programs of scalars by OPTIONS, in reverse mode; what is rare it leaves to others."""

    __slots__ = ("functions", "options", "recognises", "says_all", "usable")

    def __init__(self, options: Options) -> None:
        self.options = options
        self.functions = functions(options.ties)
        self.recognises = options.decomposition in ("auto", "sigmoid")
        self.says_all = options.wrt is None
        self.usable = options.mode == "reverse" and options.decomposition != "naive" and options.example is None

    def members(self, source: str, given: Mapping[str, float]) -> str | None:
        """The members of the answer to the program in SOURCE at the values GIVEN; None for what is rare.

        What is rare may also be wrong, and is complained of elsewhere.
        """
        if not (self.usable and source.isascii() and len(source) <= MAX_BYTES):
            return None
        words = scan(source)
        if len(words) > MAX_TOKENS:
            return None
        if "at" in source and "at" in words:
            settings = _settings(words)
            if settings is None:
                return None
            given = {**settings, **given}
            words = [*words[: words.index("at")], ""]
        run = Pass(given, self.functions)
        if "=" in source or ";" in source or "\n" in source or "\r" in source:
            entry = _statements(run, words)
        else:
            entry = drive(run, words)
        return None if entry is None else self.answer(run, entry)

    def answer(self, run: Pass, entry: Entry) -> str | None:
        """The same of a program that was read, whose result is ENTRY."""
        if self.recognises and is_telling(run) and may_be_spelled(run):
            found = folded(run, entry[1])
            if found is not None:
                return self._finite(run, *found, [])
            graph, result = graph_of(run, entry)
            other = decompose(graph, result, self.options.decomposition)
            if other.graph is not graph:
                return self._folded(other.graph, other.moved[result], run.given)
        if self.says_all and run.plain and not run.odd and not DUE:
            adjoints = swept(run.tape, run.base, len(run.consts), entry[1])
            total = sum(adjoints[: len(run.names)]) + run.total
            if total - total == 0:
                return self.text(run, entry[0], adjoints[: len(run.names)], [])
        return self._rest(run, entry)

    def _folded(self, graph: Graph, result: int, given: Mapping[str, float]) -> str | None:
        """The answer of a GRAPH in which something was recognised."""
        again = passed(graph, result, given)
        if again is None:
            return None
        run, entry = again
        return self._rest(run, entry, graph, result)

    def _rest(self, run: Pass, entry: Entry, graph: Graph | None = None, result: int = 0) -> str | None:
        """The answer where lines may be closed or not be needed, from the tape or, where more may be worth a note, from
        a graph: the one in which something was recognised, or that of the tape."""
        if not (run.odd or 1 in DUE):
            tape = with_closed_gates(run.tape) if DUE else run.tape
            adjoints = pull_back(tape, run.base, len(run.consts), entry[1])
            numbers = gradients_of(run, adjoints)
            if numbers is not None:
                return self._finite(run, entry[0], numbers, [])
            total = sum(adjoints) + run.total
            if graph is None and self.says_all and total - total == 0 and 1 not in DUE:
                found = remarks(run, tape, adjoints)
                if found is not None:
                    return self._finite(run, entry[0], shown(run, adjoints), found)
        if graph is not None:
            return self._noted(run, graph, result, autodiff.evaluate(graph, run.given))
        values: list[float] = []
        graph, result = graph_of(run, entry, values)
        if run.plain and not DUE and entry[0] != entry[0] and self.options.zero != "strong" and self.says_all:
            return self._nan(run, graph, result, values)
        return self._noted(run, graph, result, values)

    def _finite(self, run: Pass, value: float, numbers: list[float], found: list[Note]) -> str | None:
        """The answer with the notes FOUND, by the names that are asked for."""
        if self.says_all:
            return self.text(run, value, numbers, found)
        return self._of_names(run, value, dict(zip(run.names, numbers, strict=True)), found)

    def _nan(self, run: Pass, graph: Graph, result: int, values: list[float]) -> str | None:
        """The answer where the result is nan, all lines are needed and none has a note of its own: the gradients are
        nan as well, and what is worth a note is where the nan was born."""
        value = values[result]
        found = [*births(Run(graph, values, result, Labels(graph, result), sweep=Sweep(0)))]
        return self._of_names(run, value, dict.fromkeys(run.names, value), [*first_of_each_kind(found)])

    def text(self, run: Pass, value: float, numbers: list[float], found: Sequence[Note]) -> str | None:
        """The answer with the notes FOUND, and those of names that do not occur. NUMBERS are the finite gradients."""
        names = run.names
        if dumps is None:
            pairs = ",".join([f'"{name}":{number!r}' for name, number in zip(names, numbers)])  # noqa: B905
            text = f'"value":{value!r},"gradients":{{{pairs}'
        else:
            first, *rest = texts([value, *numbers])
            pairs = ",".join([f'"{name}":{text}' for name, text in zip(names, rest)])  # noqa: B905
            text = f'"value":{first},"gradients":{{{pairs}'
        if len(names) == run.base:
            return f"{text}}}{notes_member(found)}" if found else text + "}"
        known, given = run.known, run.given
        missing = tuple([name for name in given if name not in known])
        for name in missing:
            if type(given[name]) is not float:
                return None
        zeros, said = unused(missing)
        if found:
            said = notes_member([*found, *map(unused_note, missing)])
        return f"{text},{zeros}}}{said}" if names else f"{text}{zeros}}}{said}"

    def _noted(self, run: Pass, graph: Graph, result: int, values: list[float]) -> str | None:
        """The answer of a GRAPH, whose lines are VALUES, where something may be worth a note."""
        options = self.options
        if options.ties == "error":
            return None
        lines = {name: k for k, name in enumerate(graph.names) if name and graph.primitives[k] is VARIABLE}
        wanted = lines if options.wrt is None else {name: lines[name] for name in options.wrt if name in lines}
        active = autodiff.depends(graph, wanted.values())
        flows: list[Flow] = []
        sweep = autodiff.pull_back(graph, values, result, active, strong_zero=options.zero == "strong", flows=flows)
        labels = Labels(graph, result)
        found = notes(Run(graph, values, result, labels, active=active, sweep=sweep, flows=flows, ties=options.ties))
        numbers = [sweep.numbers[line] for line in wanted.values()]
        gradients = {name: 0.0 if x is None else x for name, x in zip(wanted, numbers, strict=True)}
        return self._of_names(run, values[result], gradients, found)

    def _of_names(self, run: Pass, value: float, gradients: dict[str, float], found: list[Note]) -> str | None:
        """The answer by the names that are asked for, with those that the program does not use."""
        wrt, known, given = self.options.wrt, run.known, run.given
        if len(run.names) < run.base:
            for name in given:
                if name not in known:
                    if type(given[name]) is not float:
                        return None
                    gradients[name] = 0.0
                    found.append(unused_note(name))
        if wrt is not None:
            if not all(name in gradients for name in wrt):
                return None
            gradients = {name: gradients[name] for name in wrt}
        return scalar_members(value, gradients, found)


def _settings(words: Sequence[str]) -> dict[str, float] | None:
    """The values behind `at`, where each is a number with or without a sign."""
    found: dict[str, float] = {}
    place = words.index("at") + 1
    while True:
        name, equals, word = words[place : place + 3] if place + 3 < len(words) else ("", "", "")
        if equals != "=" or name in found or not name.isidentifier() or name == "at":
            return None
        sign, place = 1.0, place + 3
        if word == "-" and place < len(words):
            sign, word, place = -1.0, words[place], place + 1
        if not (word and word[0] in ".0123456789" and "_" not in word):
            return None
        try:
            found[name] = sign * float(word)
        except ValueError:
            return None
        if words[place] != ",":
            return found if words[place] == "" else None
        place += 1


def _statements(run: Pass, words: Sequence[str]) -> Entry | None:
    """The entry of the last of several statements, the others being definitions of names; None for what is rare."""
    statements: list[list[str]] = [[]]
    for word in words[:-1]:
        if word == ";" or word == NEWLINE:
            statements.append([])
        else:
            statements[-1].append(word)
    run.plain = False  # not every line has to be needed
    *before, last = [statement for statement in statements if statement] or [[]]
    for statement in before:
        if len(statement) < 3 or statement[1] != "=" or not _define(run, statement):
            return None
    return run.run([*last, ""])


def _define(run: Pass, statement: Sequence[str]) -> bool:
    """Give the name that a STATEMENT defines its entry; whether that was possible."""
    name = statement[0]
    if not name.isidentifier() or name in run.known or name in run.given or name in run.functions:
        return False
    entry = run.run([*statement[2:], ""])
    if entry is None or name in run.known:
        return False
    value, index = entry
    if index < 0 and index not in run.lined:
        run.lined = {*run.lined, index}
    elif index in run.labels or index < run.base:
        run.tape.append((index, 1.0, None, None, SAME, value))
        index = run.base + len(run.tape) - 1
    run.labels[index] = name
    run.known[name] = value, index
    return True
