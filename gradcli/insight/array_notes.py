"""Notes on runs with arrays: conventions that were used, and births of nan and inf, with the index."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.autodiff.arrays import ArrayFlow, ArraySweep
    from gradcli.graph.arrays import Value
    from gradcli.insight.run import Note
    from gradcli.language.question import Question


def array_notes(
    question: Question, values: Sequence[Value], sweep: ArraySweep | None, flows: Sequence[ArrayFlow]
) -> list[Note]:
    """Every note of a run, in the order in which a reader needs them."""
    return []
