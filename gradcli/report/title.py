"""How a program was read: the expression of its result, named intermediates by their names."""

from __future__ import annotations

from gradcli.graph import CONSTANT, VARIABLE
from gradcli.graph.labels import Labels
from gradcli.graph.notation import Text, atom, constant, operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.language.builder import Program

LONGEST = 300


def title(program: Program) -> str:
    """The result as one expression; where it is longer than LONGEST, its middle is left out."""
    graph, result = program.graph, program.result
    labels = Labels(graph, result)
    live = graph.live((result,))
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
        text, level = texts[index]
        if len(text) > LONGEST:
            texts[index] = (f"{text[: LONGEST * 2 // 3]} … {text[-LONGEST // 4 :].partition(' ')[2]}", level)
    return texts[result][0]
