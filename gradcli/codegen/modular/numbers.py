"""The numbers of a rule at a point: where they are inf or nan, code is written with care."""

from __future__ import annotations

from gradcli.graph.carriers import number, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Graph
    from gradcli.graph.carriers import Trace


def numbers_of_rule(graph: Graph, line: int, trace: Trace, value: Any, operands: Sequence[Any]) -> list[Any]:
    """The value of every line of the rules of LINE, whose upstream, where they carry one, is all 1."""
    if graph.shapes is None:
        leaves = [value, *operands, 1.0]
        return read(trace, leaves[: trace.inputs], number, float)
    import numpy as np

    from gradcli.autodiff.arrays import float_or_array
    from gradcli.graph.arrays import apply, quiet

    leaves = [value, *operands]
    if trace.inputs > len(leaves):
        leaves.append(np.ones(np.shape(value)) if np.shape(value) else 1.0)
    if trace.graph.shapes is not None and np.shape(value) != trace.graph.shapes[0]:
        leaves[0] = np.reshape(value, trace.graph.shapes[0])
    with quiet():
        return read(trace, leaves, apply, float_or_array)
