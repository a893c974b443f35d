"""A program as modular code: with what its recognised lines stand for."""

from __future__ import annotations

from gradcli.codegen.modular import modular
from gradcli.codegen.targets import target_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.codegen.flat.subject import Subject
    from gradcli.language.question import Question


def modular_text(question: Question, subject: Subject, target: str) -> str:
    """The text of a module for TARGET. Raises GradError (usage) where it has no modular style."""
    return modular(subject, target_named(target), typed(question, subject))


def typed(question: Question, subject: Subject) -> dict[int, str]:
    """How each recognised line was typed, over the labels of its operands."""
    labels = question.labels()
    found = {}
    for line, fold in question.folds.items():
        pieces = [labels.text(piece)[0] if type(piece) is int else str(piece) for piece in fold.text]
        found[line] = f"typed as {''.join(pieces)}"
    return found
