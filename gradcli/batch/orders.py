"""Derivatives of a program of second order and beyond, for answers in a batch."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.questions.hessians import dense

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.insight.notes import Note
    from gradcli.language.question import Options
    from gradcli.report.hessian import HessianReport


def higher_order(
    order: int, source: str, given: Mapping[str, Any], options: Options
) -> tuple[dict[str, object], Sequence[Note]]:
    """The value, the gradients, the Hessian, from order 3 on the derivatives by each name up to ORDER; and the notes.

    Raises GradError (shape) where order 3 or more is asked for and a name is an array.
    """
    report = dense(source, given, options)
    found = report.as_object()
    members = {name: found[name] for name in ("value", "gradients", "hessian")}
    if order > 2:
        members["derivatives"] = _derivatives(report, order)
    return members, report.notes


def _derivatives(report: HessianReport, order: int) -> dict[str, list[float]]:
    """f', f'', ... up to ORDER by each name, the others held: the first two are those of the gradient, the Hessian."""
    question = report.question
    _refuse_arrays(report, order)
    from gradcli.autodiff import evaluate
    from gradcli.autodiff.taylor import derivatives

    values = evaluate(question.graph, question.point)
    found = {}
    for name, line in question.sources.items():
        numbers = [0.0] * (order + 1)
        if line is not None:
            numbers = derivatives(question.graph, values, question.result, line, order)
        found[name] = [report.gradients[name], report.block(name, name)[0][0], *numbers[3:]]
    return found


def _refuse_arrays(report: HessianReport, order: int) -> None:
    if report.question.shapes is None:
        return
    arrays = [name for name, shape in report.shapes.items() if shape]
    what = f"{arrays[0]!r} is an array" if arrays else "an array appears in the program"
    raise GradError(
        "shape", f"derivatives of order {order} are taken of programs of scalars, and {what}",
        hint="order 2 gives the Hessian, of arrays too",
    )  # fmt: skip
