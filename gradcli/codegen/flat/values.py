"""Values of lines, floats and arrays alike."""

from __future__ import annotations

import math

from gradcli.autodiff import evaluate
from gradcli.autodiff.adjoint import evaluate_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gradcli.graph import Graph


def values_of(graph: Graph, point: Mapping[str, Any]) -> list[Any]:
    """The value of every line at a POINT."""
    if graph.shapes is None:
        return evaluate(graph, point)
    return evaluate_lines(graph, point)


def index_of(number: Any) -> int:
    """The line of a number of a sweep over lines."""
    return number if type(number) is int else int(number.index)


def value_of(static: Any) -> Any:
    """The value of a constant."""
    return static if type(static) is float else static.value


def is_finite(value: Any) -> bool:
    """Whether a value is finite, all of its elements if it is an array."""
    if type(value) is float:
        return value - value == 0
    import numpy as np

    return bool(np.isfinite(value).all())


def same_bits(one: Any, other: Any) -> bool:
    """Whether two values are equal, the signs of zeros among it."""
    if type(one) is float and type(other) is float:
        return one == other and (one != 0 or math.copysign(1.0, one) == math.copysign(1.0, other))
    import numpy as np

    return bool(np.array_equal(one, other) and np.array_equal(np.signbit(one), np.signbit(other)))


def chosen(passed: Any, carried: Any) -> Any:
    """CARRIED where PASSED is not 0."""
    if type(passed) is float and type(carried) is float:
        return carried if passed != 0 else 0.0
    import numpy as np

    return np.where(np.asarray(passed) != 0, carried, 0.0)
