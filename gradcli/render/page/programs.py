"""The lines and flows of an explanation as data that the page computes with."""

from __future__ import annotations

from gradcli.autodiff import depends
from gradcli.codegen.operations import spellings
from gradcli.graph import ATOM_LEVEL, CONSTANT, VARIABLE
from gradcli.graph.labels import MOST_SHOWN
from gradcli.graph.notation import atom, operation
from gradcli.render.page.arrays import array_program
from gradcli.render.page.numbers import boxed, has_nan, number
from gradcli.report.array_explanation import ArrayExplanation
from gradcli.report.flows import LONGEST_FORMULA, MOST_OPERANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.codegen.operations import Operations
    from gradcli.report.explanation import Explanation

HOLE = 0xE000  # operands stand in the text of a line as letters of the private use area
FIXED_BY_NAN = "the values cannot be changed here: the lines of derivatives were written for a nan"
FIXED_BY_TIES = "the values cannot be changed here: --ties error looks for ties once, when gradcli runs"
BACKWARD = "the page steps through the backward pass; --view ledger shows forward mode"


def inputs_of(explanation: Explanation) -> list[dict[str, object]]:
    """The variables with their values as text, in the order of the program."""
    return [
        {"name": name, "value": boxed(value), "shape": [] if type(value) is float else value.shape}
        for name, value in explanation.question.point.items()
    ]


def program_of(name: str, explanation: Explanation, operations: Operations) -> dict[str, Any]:
    """One decomposition: its lines, the flows of its backward pass, what it is of, and the notes at the first point."""
    question, graph = explanation.question, explanation.graph
    title = explanation.title()
    label = explanation.labels.names[explanation.result]
    found = array_program(explanation, operations) if isinstance(explanation, ArrayExplanation) else None
    written = _Written(explanation, operations)
    lines = [written.line(index) for index in range(len(graph))] if found is None else found["lines"]
    for index, line in enumerate(lines):
        written.describe(index, line)
    fragile = bool(question.derivatives) or question.added is not None
    reason = FIXED_BY_NAN if fragile and any(map(has_nan, explanation.values)) else None
    if question.options.ties == "error" and found is not None:
        reason = FIXED_BY_TIES
    return {
        "name": name,
        "title": title if title == label else f"{label} = {title}",
        "result": explanation.result,
        "strong": question.options.zero == "strong",
        "ties": question.options.ties,
        "fragile": fragile,
        **({"fixed": reason} if reason else {}),
        "seeded": explanation.backward.numbers[explanation.result] is not None,
        "lines": lines,
        "operations": written.operations,
        "flows": [] if found else [[flow[0], flow[1], flow[2]] for flow in explanation.backward.flows],
        "gradients": [[source, line] for source, line in question.sources.items()],
        "notes": [
            *({"kind": note.kind, "line": note.line, "message": note.message} for note in explanation.notes),
            *([{"kind": "mode", "line": "", "message": BACKWARD}] if question.options.mode == "forward" else []),
        ],
        **(found or {}),
    }


class _Written:
    """Writes the lines of one explanation; `operations` describes each operation by its place."""

    def __init__(self, explanation: Explanation, operations: Operations) -> None:
        self.explanation = explanation
        self.all = operations
        self.operations: dict[int, dict[str, object]] = {}
        self.active = depends(explanation.graph, explanation.question.live_sources())
        self.shown = {row for row in explanation.rows if row not in explanation.folded}

    def line(self, index: int) -> dict[str, object]:
        """What the page has to know of a line."""
        explanation, graph = self.explanation, self.explanation.graph
        primitive, static, operands = graph.primitives[index], graph.statics[index], graph.operands[index]
        name = explanation.labels.names[index]
        found: dict[str, object] = {"name": name}
        if primitive is VARIABLE:
            found["of"] = graph.names[index]
        elif primitive is CONSTANT:
            found["is"] = number(static)
        else:
            place = self.all.place(primitive, static, len(operands))
            self.operations[place] = {
                "name": primitive.name, "shown": primitive.shown, "verbs": primitive.verbs, "opens": primitive.opens,
            }  # fmt: skip
            found |= {"op": place, "from": operands, "says": explanation.labels.operation(index)}
            if index in self.shown and len(operands) <= MOST_SHOWN:
                found["does"] = self._with_holes(index)
            if len(operands) <= MOST_OPERANDS:
                found["rules"] = self._rules(index)
        return found

    def describe(self, index: int, found: dict[str, object]) -> None:
        """Add what is known of a line whatever its shape."""
        explanation, graph = self.explanation, self.explanation.graph
        if index in self.shown:
            found["shown"] = 1
        if self.active[index]:
            found["moves"] = 1
        origin = graph.origins.get(index) if graph.origins else None
        if origin is not None:
            found["origin"] = 1
            strong = explanation.question.added is not None and explanation.question.options.zero == "strong"
            if strong and origin.role == "flow" and graph.primitives[index].name == "mul":
                found["strong"] = 1
        if explanation.is_added(index):
            found["added"] = explanation.labels.added_text(index)
        if index in explanation.question.folds:
            fold = explanation.question.folds[index]
            found["stands"] = "".join(p if isinstance(p, str) else explanation.name(p) for p in fold.text)

    def _with_holes(self, index: int) -> str:
        graph = self.explanation.graph
        primitive, static, operands = graph.primitives[index], graph.statics[index], graph.operands[index]
        holes = [(chr(HOLE + slot), ATOM_LEVEL) for slot in range(len(operands))]
        return holes[0][0] if primitive.name == "same" else operation(primitive, static, holes)[0]

    def _rules(self, index: int) -> list[dict[str, str] | None]:
        """The local gradients as formulas, by the choices of their rule; None where there is none."""
        explanation, graph = self.explanation, self.explanation.graph
        primitive, static, operands = graph.primitives[index], graph.statics[index], graph.operands[index]
        live = {flow[2] for flow in explanation.backward.leaving.get(index, ())}
        labels = explanation.labels
        leaves = [atom(labels.names[index]), *[labels.text(operand) for operand in operands]]
        found = []
        for slot in range(len(operands)):
            texts = spellings(primitive, static, slot, leaves) if slot in live else None
            short = texts is not None and all(len(text) <= LONGEST_FORMULA for text in texts.values())
            found.append(texts if short else None)
        return found

