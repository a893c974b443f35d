"""Constants of a rule that are how many elements go into one: code says them as a size, not as a number."""

from __future__ import annotations

from gradcli.codegen.targets.base import ATOM, PRODUCT
from gradcli.graph import CONSTANT
from gradcli.graph.carriers import trace_array_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.codegen.targets.base import Text
    from gradcli.graph import Primitive, Shape
    from gradcli.graph.carriers import Trace

WHOLE = {"numpy": "np.size({})", "jax": "jnp.size({})", "torch": "{}.numel()"}
ALONG = {"numpy": "np.size({}, {})", "jax": "jnp.size({}, {})", "torch": "{}.size({})"}


def sizes_in(primitive: Primitive, static: Any, shapes: Sequence[Shape], trace: Trace, text: str, target: str
             ) -> dict[int, Text]:  # fmt: skip
    """The constants of a reduction's rule that grow with its operand, which is called TEXT.

    They are those that are others at a shape that is longer by one.
    """
    if primitive.kind != "reduces" or not primitive.static or target not in WHOLE or not shapes[0]:
        return {}
    (shape,), axis = shapes, static[0]
    place = 0 if axis is None else axis % len(shape)
    longer = trace_array_rules(primitive, static, [(*shape[:place], shape[place] + 1, *shape[place + 1 :])]).graph
    graph = trace.graph
    if [p.name for p in longer.primitives] != [p.name for p in graph.primitives]:
        return {}
    many = 1
    for length in shape if axis is None else (shape[place],):
        many *= length
    size: Text = ((WHOLE if axis is None else ALONG)[target].format(text, axis), ATOM)
    found: dict[int, Text] = {}
    for line, primitive_of_line in enumerate(graph.primitives):
        value = graph.statics[line]
        if primitive_of_line is CONSTANT and type(value) is float and value != longer.statics[line]:
            if value == many:
                found[line] = size
            elif value == 1 / many:
                found[line] = (f"1 / {size[0]}", PRODUCT)
    return found
