"""Spellings over arrays: norm, logsumexp, softmax, log of softmax, var and std. Each says the shape it needs.

All spellings of `recognise` hold for arrays too, element by element: what they leave out is a number, or a line that
stands there twice, so that no shape changes.
"""

from __future__ import annotations

from gradcli.graph import NAMED
from gradcli.graph.recognise import PATTERNS, Exponent, Match, Recipe, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.graph import Shape

    Axis = tuple[int | None, bool]

WHOLE: Axis = (None, False)


def _shape(view: View, line: int) -> Shape:
    assert view.graph.shapes is not None
    return view.graph.shapes[line]


def _axis(view: View, line: int) -> Axis:
    """The axis of a reduction, one way of writing it for each: of a vector there is only one."""
    axis, keep = view.graph.statics[line]
    rank = len(_shape(view, view.operands(line)[0]))
    return (None if axis is None or rank < 2 else axis % rank, keep)


def _square(view: View, line: int) -> int | None:
    """x where LINE is x^2, x*x or square(x), and x an array."""
    found = view.square_of(line)
    return None if found is None or found.line is None or not _shape(view, found.line) else found.line


def _norm_of_array(view: View, line: int) -> Match | None:
    """sqrt(sum(x^2)), sum(x^2)^0.5, along an axis too; sqrt(dot(x, x)) and sqrt(x@x) of a vector."""
    if view.name(line) == "power" and view.graph.statics[line] != 0.5:
        return None
    (inner,) = view.operands(line)
    operands = view.operands(inner)
    if view.name(inner) == "sum":
        root = _square(view, operands[0])
        axis = view.graph.statics[inner]
        return None if root is None else Match(NAMED["norm"], [Recipe(root)], static=axis)
    if view.name(inner) in ("dot", "matmul") and view.equal(*operands) and len(_shape(view, operands[0])) == 1:
        return Match(NAMED["norm"], [Recipe(operands[0])], static=WHOLE)
    return None


def _logsumexp(view: View, line: int) -> Match | None:
    """log(sum(exp(x))), along an axis too."""
    (inner,) = view.operands(line)
    if view.name(inner) != "sum":
        return None
    exponent = _exponents_of(view, view.operands(inner)[0])
    if exponent is None:
        return None
    return Match(NAMED["logsumexp"], [exponent.plain()], static=view.graph.statics[inner])


def _exponents_of(view: View, line: int) -> Exponent | None:
    """z where LINE is exp(z) in any spelling, and z an array of its shape."""
    exponent = view.exponent(line)
    if exponent is None or exponent.line is None or not _shape(view, exponent.line):
        return None
    return exponent


def _softmax_of(view: View, line: int) -> Exponent | None:
    """z where LINE is softmax(z): as a primitive, or as exp(z)/sum(exp(z)) of a vector."""
    if view.name(line) == "softmax_of":
        return Exponent(view, view.operands(line)[0])
    if view.name(line) != "div":
        return None
    top, bottom = view.operands(line)
    if view.name(bottom) != "sum" or len(_shape(view, top)) != 1:
        return None
    above, below = _exponents_of(view, top), _exponents_of(view, view.operands(bottom)[0])
    if above is None or below is None or above.number != below.number:
        return None
    return above


def _softmax_of_vector(view: View, line: int) -> Match | None:
    """exp(x)/sum(exp(x)) of a vector."""
    exponent = _softmax_of(view, line)
    return None if exponent is None else Match(NAMED["softmax_of"], [exponent.plain()])


def _logsoftmax(view: View, line: int) -> Match | None:
    """log(softmax(x)), softmax in any spelling."""
    exponent = _softmax_of(view, view.operands(line)[0])
    return None if exponent is None else Match(NAMED["logsoftmax"], [exponent.plain()])


def _variance_of(view: View, line: int) -> tuple[int, Axis] | None:
    """x and the axis where LINE is var(x): as a primitive, or as mean((x - mean(x))^2)."""
    if view.name(line) == "var":
        return view.operands(line)[0], view.graph.statics[line]
    if view.name(line) != "mean":
        return None
    deviations = _square(view, view.operands(line)[0])
    if deviations is None or view.name(deviations) != "sub":
        return None
    for x, mean in view.pairs(deviations):
        if view.name(mean) == "mean" and view.equal(x, view.operands(mean)[0]) and _spreads(view, mean, line):
            return x, view.graph.statics[line]
    return None


def _spreads(view: View, mean: int, outer: int) -> bool:
    """Whether MEAN, subtracted, is that of the elements that OUTER averages.

    A mean along an axis loses the axis, so that it is repeated along the first one.
    """
    (axis, _), (other, _) = _axis(view, mean), _axis(view, outer)
    return axis == other and axis in (None, 0)


def _var(view: View, line: int) -> Match | None:
    """mean((x - mean(x))^2), along the first axis too."""
    if view.name(line) == "var":
        return None
    found = _variance_of(view, line)
    return None if found is None else Match(NAMED["var"], [Recipe(found[0])], static=found[1])


def _std(view: View, line: int) -> Match | None:
    """sqrt(var(x)) and var(x)^0.5, var in any spelling."""
    if view.name(line) == "power" and view.graph.statics[line] != 0.5:
        return None
    found = _variance_of(view, view.operands(line)[0])
    return None if found is None else Match(NAMED["std"], [Recipe(found[0])], static=found[1])


PATTERNS_OF_ARRAYS: dict[str, tuple[Callable[[View, int], Match | None], ...]] = {
    "div": (_softmax_of_vector, *PATTERNS["div"]),
    "log": (_logsoftmax, _logsumexp, *PATTERNS["log"]),
    "mean": (_var,),
    "power": (_std, _norm_of_array, *PATTERNS["power"]),
    "sqrt": (_std, _norm_of_array, *PATTERNS["sqrt"]),
}
