"""A program and its backward pass as code."""

from __future__ import annotations

from gradcli.codegen.flat.subject import Subject
from gradcli.codegen.targets import target_named
from gradcli.errors import GradError
from gradcli.insight.notes import Note
from gradcli.language.question import Options, Question
from gradcli.language.unvalued import Unvalued
from gradcli.questions import UNUSED, differentiated
from gradcli.questions.arrays import refuse_arrays
from gradcli.report.title import title
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

LONGEST_TITLE = 10_000  # letters of a program
MOST_SAID = 200
MOST_STATEMENTS = 12


class Coded:
    """The code of a program for a target, in a style; with notes."""

    __slots__ = ("notes", "optimised", "question", "style", "target", "text")

    def __init__(
        self, question: Question, text: str, style: str, target: str, notes: Sequence[Note], *, optimised: bool = False
    ) -> None:
        self.question = question
        self.text = text
        self.style = style
        self.target = target
        self.notes = notes
        self.optimised = optimised

    def as_object(self) -> dict[str, object]:
        """The code as the JSON of schema gradcli/1."""
        return {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": self.question.at,
            "decomposition": self.question.options.decomposition,
            "style": self.style,
            "target": self.target,
            "optimised": self.optimised,
            "code": self.text,
            "notes": [{"kind": note.kind, "line": note.line, "message": note.message} for note in self.notes],
        }


def coded(
    source: str,
    given: Mapping[str, Any],
    options: Options,
    *,
    style: str = "flat",
    target: str = "python",
    optimised: bool = False,
) -> Coded:
    """The program in SOURCE as code: its value and gradients. Where every name has a value, it prints the numbers.

    Raises GradError (usage) for a primitive that the target has no notation for.
    """
    question = questioned(source, given, options)
    if question.shapes is not None:
        refuse_arrays(question, "code")
    if options.ties == "error" and not getattr(question, "missing", ()):
        differentiated(source, given, options)  # refuses what is tied at the point
    subject = subject_of(question)
    if style == "modular":
        from gradcli.questions.modular import modular_text

        if optimised:
            raise GradError("usage", "modular code runs the graph as it is", hint="--optimised goes with --style flat")
        text = modular_text(question, subject, target)
    elif target == "c":
        from gradcli.codegen.flat.c_file import c_file

        text = c_file(subject, target_named(target), optimised=optimised)
    else:
        from gradcli.codegen.flat.module import module

        text = module(subject, target_named(target), optimised=optimised)
    return Coded(question, text, style, target, notes_of(question), optimised=optimised)


class Missing(Exception):
    """A name has no value."""


class Valued(Question):
    """A question whose names have values; raises Missing where one has not."""

    def complain_of_missing_values(self) -> None:
        """Raise Missing."""
        raise Missing


def questioned(source: str, given: Mapping[str, Any], options: Options) -> Question:
    """The program at its point; without one where names have no value."""
    if not given and options.example is None and "at" not in source:  # it is read once
        return Unvalued(source, given, options)
    try:
        return Valued(source, given, options)
    except Missing:
        return Unvalued(source, given, options)


def subject_of(question: Question) -> Subject:
    """A question as what code is written of."""
    labels = question.labels()
    return Subject(
        question.graph,
        question.result,
        question.sources,
        variables=[*question.program.variables, *question.unused],
        labels=labels.names,
        point=None if getattr(question, "missing", ()) else question.at,
        strong=question.options.zero == "strong",
        said=said(question, labels.names[question.result]),
        comments={
            line: "".join(part if isinstance(part, str) else labels.text(part)[0] for part in fold.text)
            for line, fold in question.folds.items()
        },
    )


def said(question: Question, label: str) -> list[str]:
    """The program in words: its result, and the statements before that as they were typed."""
    source = question.program.source
    if len(source) > LONGEST_TITLE:  # to be put together again
        return [f"{' '.join(source[:MOST_SAID].split())} …"]
    rows = [row.partition("#")[0].strip() for row in source.replace(";", "\n").splitlines()]
    before = [row for row in rows if row][:-1]
    if len(before) > MOST_STATEMENTS:
        before = [*before[:MOST_STATEMENTS], "…"]
    return [f"{label} = {title(question.program)}", *[""] * bool(before), *before]


def notes_of(question: Question) -> list[Note]:
    """What is worth saying beside the code: names that were given for nothing, numbers that were made up."""
    found = [Note("unused", name, f"{name}: {UNUSED}") for name in question.unused]
    if question.example is not None and question.example.values:
        found.append(Note("example", next(iter(question.example.values)), question.example.message()))
    return found
