"""The derivative words of the language as lines: what is differentiated, and the line to differentiate by.

They stand in the graph of a program only until its shapes and its decomposition are known; then gradcli.autodiff writes
the lines of the derivative in their place.
"""

from __future__ import annotations

from gradcli.graph import ATOM_LEVEL, Primitive
from gradcli.graph.shapes import ShapesDoNotFit, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.notation import Text


def _unwritten(*operands: Any) -> Any:
    raise TypeError("a derivative has no forward: its lines are written first")


def _scalar(shapes: Sequence[Shape], word: str, way: str) -> None:
    if shapes[0]:
        raise ShapesDoNotFit(f"{word}(f, x) is of a scalar f, and this is {shown(shapes[0])}", way, (0,))


def _grad(shapes: Sequence[Shape], static: Any) -> Shape:
    _scalar(shapes, "grad", "write jacobian(f, x), or grad(sum(f), x)")
    return shapes[1]


def _jacobian(shapes: Sequence[Shape], static: Any) -> Shape:
    return (*shapes[0], *shapes[1])


def _hessian(shapes: Sequence[Shape], static: Any) -> Shape:
    _scalar(shapes, "hessian", "write hessian(sum(f), x)")
    return (*shapes[1], *shapes[1])


def _d(shapes: Sequence[Shape], order: int) -> Shape:
    if shapes[1]:
        raise ShapesDoNotFit(
            f"d(f, x) is by a scalar x, and this is {shown(shapes[1])}", "write grad(f, x) or jacobian(f, x)", (1,)
        )
    return shapes[0]


def _d_notation(operands: Sequence[Text], order: int) -> Text:
    nth = f", {order}" if order != 1 else ""
    return (f"d({operands[0][0]}, {operands[1][0]}{nth})", ATOM_LEVEL)


def _word(name: str, shape_of: Any, **description: Any) -> Primitive:
    return Primitive(name, _unwritten, (None, None), kind="carried", shape_of=shape_of, **description)


WORDS = {
    "grad": _word("grad", _grad, parameters="f, x"),
    "jacobian": _word("jacobian", _jacobian, parameters="f, x"),
    "hessian": _word("hessian", _hessian, parameters="f, x"),
    "d": _word("d", _d, parameters="f, x, n=1", static=True, notation=_d_notation),
}
