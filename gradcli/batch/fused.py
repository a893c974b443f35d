"""The quick way of a batch: programs of scalars in one pass, with the notes and the last bit of `questions`."""

from __future__ import annotations

from gradcli import autodiff
from gradcli.batch.answers import scalar_members
from gradcli.batch.onepass import SAME, Pass, functions
from gradcli.batch.spelled import may_be_spelled
from gradcli.batch.steps import DUE
from gradcli.batch.sweep import ABSENT, SHUT, graph_of, passed, pull_back
from gradcli.graph import VARIABLE
from gradcli.graph.decompose import decompose
from gradcli.language import MAX_BYTES, MAX_TOKENS, NEWLINE, scan
from gradcli.questions import UNUSED, Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.autodiff import Flow
    from gradcli.batch.onepass import Entry
    from gradcli.graph import Graph
    from gradcli.insight.notes import Note

    Answer = tuple[float, dict[str, float], Sequence[Note]]

MARKS = frozenset("=;\n\r")  # of what is more than one expression


class Fused:
    """Answers programs of scalars by OPTIONS, in reverse mode; what is rare it leaves to others."""

    __slots__ = ("functions", "options", "recognises", "usable")

    def __init__(self, options: Options) -> None:
        self.options = options
        self.functions = functions(options.ties)
        self.recognises = options.decomposition in ("auto", "sigmoid")
        self.usable = options.mode == "reverse" and options.decomposition != "naive" and options.example is None

    def members(self, source: str, given: Mapping[str, float]) -> str | None:
        """The members of the answer as a JSON object has them; None for what is rare."""
        answer = self.answer(source, given)
        if answer is None:
            return None
        value, gradients, notes = answer
        if notes:
            return scalar_members(value, gradients, notes)
        pairs = ",".join([f'"{name}":{number!r}' for name, number in gradients.items()])
        return f'"value":{value!r},"gradients":{{{pairs}}}'

    def answer(self, source: str, given: Mapping[str, float]) -> Answer | None:
        """The value, the gradients and the notes of the program in SOURCE at the values GIVEN; None for what is rare."""
        if not (self.usable and source.isascii() and len(source) <= MAX_BYTES):
            return None
        words = scan(source)
        if len(words) > MAX_TOKENS:
            return None
        if "at" in words:
            settings = _settings(words)
            if settings is None:
                return None
            given = {**settings, **given}
            words = [*words[: words.index("at")], ""]
        run = Pass(given, self.functions)
        try:
            entry = run.run(words) if MARKS.isdisjoint(source) else _statements(run, words)
            if entry is None:
                return None
            total = sum(run.values) + sum(run.consts)
            if total - total != 0:
                return None
            if not (run.tells and self.recognises and may_be_spelled(run)):
                return self._swept(run, entry, None)
            graph, result = graph_of(run, entry)
            found = decompose(graph, result, self.options.decomposition)
            if found.graph is graph:
                return self._swept(run, entry, (graph, result))
            graph, result = found.graph, found.moved[result]
            again = passed(graph, result, given)
            return again and self._swept(*again, (graph, result))
        except (ArithmeticError, ValueError):
            return None

    def _swept(self, run: Pass, entry: Entry, made: tuple[Graph, int] | None) -> Answer | None:
        """The answer where the program was read, by MADE where its graph is known."""
        adjoints = None
        if not DUE:
            adjoints = pull_back(run.tape, run.base, len(run.consts), entry[1])
            if adjoints is not None:
                total = sum(adjoints)
                if total - total != 0 or (run.routes and sum(a is SHUT for a in adjoints[: len(run.names)]) > 1):
                    adjoints = None
        if adjoints is None:
            return self._noted(run, *(made or graph_of(run, entry)))
        gradients = {name: a if (a := adjoints[k]) is not ABSENT else 0.0 for k, name in enumerate(run.names)}
        return self._named(run, entry[0], gradients, [])

    def _noted(self, run: Pass, graph: Graph, result: int) -> Answer | None:
        """The answer of a GRAPH where something may be worth a note."""
        from gradcli.graph.labels import Labels
        from gradcli.insight.notes import Run, notes

        options = self.options
        values = autodiff.evaluate(graph, run.given)
        sources = {name: k for k, name in enumerate(graph.names) if graph.primitives[k] is VARIABLE and name}
        wanted = sources if options.wrt is None else {name: sources[name] for name in options.wrt if name in sources}
        active = autodiff.depends(graph, wanted.values())
        flows: list[Flow] = []
        sweep = autodiff.pull_back(graph, values, result, active, strong_zero=options.zero == "strong", flows=flows)
        if options.ties == "error":
            return None
        labels = Labels(graph, result)
        found = notes(Run(graph, values, result, labels, active=active, sweep=sweep, flows=flows, ties=options.ties))
        gradients = {}
        for name, line in wanted.items():
            number = sweep.numbers[line]
            gradients[name] = 0.0 if number is None else number
        return self._named(run, values[result], gradients, found)

    def _named(self, run: Pass, value: float, gradients: dict[str, float], found: list[Note]) -> Answer | None:
        """The answer, with the names that the program does not use; None where one is strange."""
        wrt, known, given = self.options.wrt, run.known, run.given
        if len(run.names) < len(given):
            from gradcli.insight.notes import Note

            for name in given:
                if name not in known or name in run.labels.values():
                    if type(given[name]) is not float:
                        return None
                    gradients[name] = 0.0
                    found.append(Note("unused", name, f"{name}: {UNUSED}"))
        if wrt is not None:
            if not all(name in gradients for name in wrt):
                return None
            gradients = {name: gradients[name] for name in wrt}
        return value, gradients, found


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
        run.lined.add(index)
        run.firsts.append((len(run.tape), index))
    elif index in run.labels or index < run.base:
        run.tape.append((index, 1.0, None, None, SAME))
        run.values.append(value)
        index = run.base + len(run.tape) - 1
    run.labels[index] = name
    run.known[name] = value, index
    return True
