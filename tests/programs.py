"""Programs run from their text, as the tests of sweeps and decompositions need them."""

import math
from collections.abc import Mapping, Sequence

from gradcli.autodiff import evaluate, gradients
from gradcli.graph import CONSTANT, VARIABLE, Graph
from gradcli.graph.decompose import decompose
from gradcli.graph.notation import atom, constant, operation
from gradcli.language.builder import build

INF, NAN = math.inf, math.nan
EVERY_DECOMPOSITION = ("typed", "auto", "naive", "sigmoid")


def derivatives(
    text: str,
    at: Mapping[str, float] | None = None,
    decomposition: str = "typed",
    mode: str = "reverse",
    *,
    ties: str = "split",
    strong_zero: bool = False,
) -> dict[str, float]:
    """The gradients of TEXT by every name in AT, or else in its own `at`."""
    return answer(text, at, decomposition, mode, ties=ties, strong_zero=strong_zero)[1]


def answer(
    text: str,
    at: Mapping[str, float] | None = None,
    decomposition: str = "typed",
    mode: str = "reverse",
    *,
    ties: str = "split",
    strong_zero: bool = False,
) -> tuple[float, dict[str, float]]:
    """The value of TEXT and its gradients by every name in AT, or else in its own `at`."""
    program = build(text, given=at or (), ties=ties)
    at = program.at if at is None else at
    rewritten = decompose(program.graph, program.result, decomposition)
    values = evaluate(rewritten.graph, {name: float(value) for name, value in at.items()})
    sources = {name: rewritten.moved[line] for name, line in program.variables.items()}
    result = rewritten.moved[program.result]
    numbers = gradients(rewritten.graph, values, result, sources.values(), mode=mode, strong_zero=strong_zero)
    found = dict.fromkeys(at, 0.0) | dict(zip(sources, numbers, strict=True))
    return values[result], {name: found[name] for name in at}


def written(text: str, decomposition: str = "auto", *, keep: Sequence[str] = ()) -> str:
    """TEXT as its graph in DECOMPOSITION says it, written back into one expression of internal names."""
    program = build(text)
    rewritten = decompose(program.graph, program.result, decomposition, [program.definitions[name] for name in keep])
    return text_of(rewritten.graph, rewritten.moved[program.result])


def text_of(graph: Graph, result: int) -> str:
    """The line RESULT written back into one expression of the language."""
    live = graph.live([result])
    texts = []
    for index, primitive in enumerate(graph.primitives):
        if not live[index]:
            texts.append(atom("?"))
        elif primitive is VARIABLE:
            texts.append(atom(graph.names[index] or ""))
        elif primitive is CONSTANT:
            texts.append(constant(graph.statics[index]))
        else:
            texts.append(operation(primitive, graph.statics[index], [texts[o] for o in graph.operands[index]]))
    return texts[result][0]
