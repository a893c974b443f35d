"""A program and its backward pass as code."""

from __future__ import annotations

from gradcli.codegen.flat.subject import Subject
from gradcli.codegen.targets import target_named
from gradcli.errors import GradError
from gradcli.language.question import Options, Question
from gradcli.language.unvalued import Unvalued
from gradcli.questions.arrays import refuse_arrays
from gradcli.report.title import title
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.insight.notes import Note

LONGEST_TITLE = 10_000  # letters of a program
MOST_SAID = 200


class Coded:
    """The code of a program for a target, in a style; with notes."""

    __slots__ = ("notes", "question", "style", "target", "text")

    def __init__(self, question: Question, text: str, style: str, target: str, notes: Sequence[Note]) -> None:
        self.question = question
        self.text = text
        self.style = style
        self.target = target
        self.notes = notes

    def as_object(self) -> dict[str, object]:
        """The code as the JSON of schema gradcli/1."""
        return {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": self.question.at,
            "style": self.style,
            "target": self.target,
            "code": self.text,
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
    subject = subject_of(question)
    if style == "modular":
        from gradcli.questions.modular import modular_text

        return Coded(question, modular_text(question, subject, target), style, target, [])
    if target == "c":
        from gradcli.codegen.flat.c_file import c_file as write
    else:
        from gradcli.codegen.flat.module import module as write
    return Coded(question, write(subject, target_named(target), optimised=optimised), style, target, [])


class Missing(Exception):
    """A name has no value."""


class Valued(Question):
    """A question whose names have values; raises Missing where one has not."""

    def complain_of_missing_values(self) -> None:
        """Raise Missing."""
        raise Missing


def questioned(source: str, given: Mapping[str, Any], options: Options) -> Question:
    """The program at its point; without one where names have no value."""
    try:
        return Valued(source, given, options)
    except Missing:
        return Unvalued(source, given, options)


def subject_of(question: Question) -> Subject:
    """A question as what code is written of."""
    missing = getattr(question, "missing", [])
    labels = question.labels().names
    return Subject(
        question.graph,
        question.result,
        question.sources,
        variables=[*question.program.variables, *question.unused],
        labels=labels,
        point=None if missing else question.at,
        strong=question.options.zero == "strong",
        said=said(question, labels[question.result]),
    )


def said(question: Question, label: str) -> list[str]:
    """The program in words: the named intermediates as they were written, and the result."""
    source = question.program.source
    if len(source) > LONGEST_TITLE:  # to be put together again
        return [f"{' '.join(source[:MOST_SAID].split())} …"]
    return [f"{label} = {title(question.program)}"]
