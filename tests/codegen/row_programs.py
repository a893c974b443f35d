"""Programs for rows out of texts, and ones of single primitives."""

from collections.abc import Sequence

from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.codegen.rowprogram import RowProgram
from gradcli.graph import VARIABLE, Graph, Primitive
from gradcli.graph.optimise import EXACT, optimise
from gradcli.language.question import Options, Question


def row_program(source: str, names: Sequence[str]) -> RowProgram:
    """The value and the gradients of the program in SOURCE over columns NAMES."""
    question = Question(source, dict.fromkeys(names, 0.5), Options())
    found = adjoint_lines(question.graph, question.result, question.live_sources())
    zero = question.graph.constant(0.0)
    outputs = [("value", question.result)]
    for name, line in question.sources.items():
        adjoint = None if line is None else found[line]
        outputs.append((f"d_{name}", zero if adjoint is None else adjoint))
    short = optimise(question.graph, [line for _, line in outputs], EXACT)
    leaves = {short.graph.names[k]: k for k, primitive in enumerate(short.graph.primitives) if primitive is VARIABLE}
    return RowProgram(
        short.graph, [*leaves], [*leaves.values()], [(name, short.moved[line]) for name, line in outputs]
    )


def of_primitives(variants: Sequence[tuple[Primitive, float | None, int]], inputs: int) -> RowProgram:
    """A program of one line for each of the VARIANTS (primitive, static, operands), over the first of the INPUTS."""
    graph = Graph()
    leaves = [graph.variable(f"x{k}") for k in range(inputs)]
    outputs = [
        (f"{primitive.name} {static} {count}", graph.append(primitive, tuple(leaves[:count]), static))
        for primitive, static, count in variants
    ]
    return RowProgram(graph, [f"x{k}" for k in range(inputs)], leaves, outputs)
