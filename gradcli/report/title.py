"""How a program was read: the expression of its result, named intermediates by their names."""

from __future__ import annotations

from gradcli.graph import CONSTANT, VARIABLE
from gradcli.graph.labels import Labels
from gradcli.graph.notation import Text, atom, constant, operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.language.builder import Program

LONGEST = 300
MOST_LINES = 1000


def title(program: Program) -> str:
    """The result as one expression; a part that would make it longer than LONGEST stands by its label."""
    graph, result = program.graph, program.result
    labels = Labels(graph, result)
    live = graph.live((result,))
    if sum(live) > MOST_LINES:
        return labels.operation(result)
    texts: dict[int, Text] = {}
    for index in range(result + 1):
        if not live[index]:
            continue
        primitive, operands = graph.primitives[index], graph.operands[index]
        if primitive is VARIABLE or (graph.names[index] is not None and index != result):
            texts[index] = atom(labels.names[index])
        elif primitive is CONSTANT:
            texts[index] = constant(graph.statics[index])
        elif primitive.name == "same":
            texts[index] = texts[operands[0]]
        else:
            texts[index] = operation(primitive, graph.statics[index], [texts[operand] for operand in operands])
        if len(texts[index][0]) > LONGEST and index != result:
            texts[index] = atom(labels.names[index])
    text = texts[result][0]
    return text if len(text) <= 2 * LONGEST else f"{text[:LONGEST]} … {text[-40:]}"
