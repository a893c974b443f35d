"""The lines and flows of an explanation with arrays as data that the page computes with, or only shows."""

from __future__ import annotations

from math import prod

from gradcli.codegen.array_tape import ArrayTape, agrees
from gradcli.errors import GradError
from gradcli.graph import CONSTANT, VARIABLE
from gradcli.render.page.numbers import listed, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.codegen.operations import Operations
    from gradcli.graph import Graph
    from gradcli.report.array_explanation import ArrayEdge, ArrayExplanation

MOST_NUMBERS = 20_000  # of all values of a page
FIXED = "the values cannot be changed here: {}; run gradcli with other values for another page"


def array_program(explanation: ArrayExplanation, operations: Operations) -> dict[str, Any]:
    """The parts of a program that are other ones where there are arrays. Raises GradError (limit)."""
    graph, question = explanation.graph, explanation.question
    size = sum(prod(explanation.shape(index)) for index in range(len(graph)))
    if size > MOST_NUMBERS:
        raise GradError(
            "limit", f"a page of {size:,} numbers is too large, the most is {MOST_NUMBERS:,}",
            hint="gradcli explain shows arrays of any size; use smaller ones for the page",
        )  # fmt: skip
    edges = {
        (edge.source, edge.target, edge.slot): edge for index in range(len(graph)) for edge in explanation.edges(index)
    }
    ordered = [edges[flow.source, flow.target, flow.slot] for flow in explanation.backward.flows]  # type: ignore[attr-defined]
    found: dict[str, Any] = {
        "lines": [_line(explanation, index) for index in range(len(graph))],
        "flows": [_flow(explanation, edge) for edge in ordered],
        "arrays": 1,
        "ofSum": explanation.of_sum,
    }
    try:
        if question.options.zero == "strong":
            raise GradError("usage", "with --zero strong")
        tape = ArrayTape(graph, explanation.result, question.live_sources())
        if not _holds(tape, explanation):
            raise GradError("usage", "one of them is lost in rounding")
    except GradError as error:
        return found | {"fixed": FIXED.format(error.message), "snapshot": _snapshot(explanation, ordered)}
    return found | {"tape": _tape(tape, operations), "snapshot": None}


def _line(explanation: ArrayExplanation, index: int) -> dict[str, Any]:
    graph = explanation.graph
    primitive = graph.primitives[index]
    found: dict[str, Any] = {"name": explanation.labels.names[index], "shape": explanation.shape(index)}
    if primitive is VARIABLE:
        found["of"] = graph.names[index]
    elif primitive is not CONSTANT:
        found |= {
            "from": graph.operands[index], "says": explanation.labels.operation(index),
            "op": {
                "name": primitive.name, "shown": primitive.shown, "verbs": primitive.verbs, "opens": primitive.opens,
                "kind": primitive.kind,
            },
        }  # fmt: skip
    return found


def _flow(explanation: ArrayExplanation, edge: ArrayEdge) -> dict[str, Any]:
    graph = explanation.graph
    primitive, static = graph.primitives[edge.source], graph.statics[edge.source]
    shape = list(explanation.shape(edge.source))
    if primitive.kind == "reduces" and static and static[0] is not None:
        shape = list(explanation.shape(edge.target))
        shape[static[0]] = 1
    local = () if edge.local is None or type(edge.local) is float else edge.local.shape  # type: ignore[union-attr]
    return {
        "edge": [edge.source, edge.target, edge.slot], "upstreamShape": shape, "localShape": local,
        "text": edge.rule or edge.formula or "", "carried": edge.local is None, "summed": edge.copied,
    }  # fmt: skip


def _tape(tape: ArrayTape, operations: Operations) -> dict[str, Any]:
    return {
        "lines": _numbered(tape.graph, operations),
        "values": tape.values,
        "adjoints": tape.adjoints,
        "open": tape.open,
        "flows": [[flow.upstream, flow.local, flow.local_shape, flow.downstream] for flow in tape.flows],
    }


def _numbered(graph: Graph, operations: Operations) -> list[Any]:
    """The lines of single numbers: a constant, the place of an operation with its operands, or a name."""
    found: list[Any] = []
    for primitive, operands, static, name in zip(
        graph.primitives, graph.operands, graph.statics, graph.names, strict=True
    ):
        if primitive is VARIABLE:
            variable, _, places = (name or "").partition("[")
            found.append({"of": variable, "at": [int(place) for place in places.rstrip("]").split(",") if place]})
        elif primitive is CONSTANT:
            found.append(number(static))
        else:
            found.append([operations.place(primitive, static, len(operands)), *operands])
    return found


def _holds(tape: ArrayTape, explanation: ArrayExplanation) -> bool:
    """Whether the lines of single numbers have the numbers of the run."""
    numbers = tape.evaluate(explanation.question.point)
    backward: Any = explanation.backward
    pairs: list[tuple[list[int] | None, Any]] = [*zip(tape.values, explanation.values, strict=True)]
    pairs += zip(tape.adjoints, backward.numbers, strict=True)
    for one, other in zip(tape.flows, backward.flows, strict=True):
        pairs.append((one.downstream, other.downstream))
    return all(
        lines is value is None or (lines is not None and value is not None and agrees(tape, numbers, lines, value))
        for lines, value in pairs
    )


def _snapshot(explanation: ArrayExplanation, edges: list[ArrayEdge]) -> dict[str, Any]:
    """The numbers of the run itself."""
    backward: Any = explanation.backward
    return {
        "values": [listed(value) for value in explanation.values],
        "adjoints": [None if value is None else listed(value) for value in backward.numbers],
        "closed": backward.closed,
        "flows": [
            [listed(edge.upstream), None if edge.local is None else listed(edge.local), listed(edge.downstream)]
            for edge in edges
        ],
    }
