"""A program as modular code: with what its recognised lines stand for."""

from __future__ import annotations

from gradcli.codegen.flat.subject import Subject
from gradcli.codegen.modular import modular
from gradcli.codegen.targets import target_named
from gradcli.errors import GradError
from gradcli.graph import array_primitives
from gradcli.graph.decompose import decompose
from gradcli.graph.labels import Labels
from gradcli.graph.shapes import infer
from gradcli.language.calls import NoPrimitive, program_of_calls
from gradcli.language.expressions import PlacesNeeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.graph import Graph
    from gradcli.graph.decompose import Fold
    from gradcli.language.question import Question


def modular_text(question: Question, subject: Subject, target: str) -> str:
    """The text of a module for TARGET. Raises GradError (usage) where it has no modular style."""
    found = with_calls(question, subject)
    if found is not None:
        return modular(found[0], target_named(target), found[1])
    return modular(subject, target_named(target), typed(question.folds, subject.graph, subject.labels))


def typed(folds: Mapping[int, Fold], graph: Graph, labels: Sequence[str]) -> dict[int, str]:
    """How each recognised line was typed, over the labels of its operands."""
    names = Labels(graph, len(graph) - 1, list(labels))
    found = {}
    for line, fold in folds.items():
        pieces = [names.text(piece)[0] if type(piece) is int else str(piece) for piece in fold.text]
        found[line] = f"typed as {''.join(pieces)}"
    return found


def with_calls(question: Question, subject: Subject) -> tuple[Subject, dict[int, str]] | None:
    """The program with the calls of its own functions as lines; None where it has none, or they cannot be lines."""
    if not question.program.builder.functions or question.program.has_words:
        return None
    options = question.options
    try:
        program = program_of_calls(
            question.source, given=question.named, ties=options.ties, decomposition=options.decomposition
        )
    except (NoPrimitive, PlacesNeeded, GradError):  # the program itself is right: it was built before
        return None
    lines: dict[str, int | None] = {**program.definitions, **program.variables}
    kept = [line for name in question.sources if (line := lines.get(name)) is not None]
    decomposed = decompose(program.graph, program.result, options.decomposition, kept)
    graph, result = decomposed.graph, decomposed.moved[program.result]
    if question.shapes is not None:
        array_primitives()
        graph.shapes = infer(graph, question._shapes_given())
    labels = Labels(graph, result).names
    sources = {name: None if (line := lines.get(name)) is None else decomposed.moved[line] for name in question.sources}
    found = Subject(
        graph, result, sources, variables=subject.variables, labels=labels, point=subject.point, strong=subject.strong,
        said=subject.said,
    )  # fmt: skip
    return found, typed(decomposed.folds, graph, labels)
