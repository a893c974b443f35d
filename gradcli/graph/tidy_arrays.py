"""What a call on arrays becomes in a tidy formula, in words of the language.

A value may have fewer axes than its line: what is only repeated along an axis is written without it, for elements that
are combined one by one repeat it again. Where the whole shape matters, `spread` gives it.
"""

from __future__ import annotations

from gradcli.graph import NAMED, Primitive, array_primitives
from gradcli.graph.shapes import count
from gradcli.graph.tidy import Tidy
from gradcli.graph.tidy_parts import ATOM, BOOLEAN, CALL, ONE, PRODUCT, ROBUST, SUM, UNIT, ZERO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.tidy_parts import Value

    Rule = Callable[[Tidy, Any, Sequence[Value], Sequence[Shape], Shape], Value | None]

FEW = 12  # elements of an array that is written out
MOST_SEARCHED = 200
REDUCTIONS = frozenset((
    "sum", "mean", "var", "std", "norm", "logsumexp", "prod", "amax", "amax_first", "amin", "amin_first", "argmax",
))  # fmt: skip
OF_REPEATED = frozenset(("mean", "amax", "amax_first", "amin", "amin_first"))  # which a repetition leaves as they are


def spread(tidy: Tidy, value: Value, shape: Shape) -> Value:
    """VALUE in the whole of a SHAPE."""
    number, part = value
    if tidy.shapes[part] == shape:
        return value
    array_primitives()
    if part == ONE and number == 0:
        return (1, filled(tidy, "zeros", 0.0, shape))
    if part == ONE:
        return (number, filled(tidy, "ones", 1.0, shape))
    word = "reshape" if count(tidy.shapes[part]) == count(shape) else "broadcast"
    return (number, tidy.opaque(NAMED[word], shape, [(1, part)], shape)[1])


def filled(tidy: Tidy, word: str, number: float, shape: Shape) -> int:
    """zeros(...) or ones(...)."""
    text = f"{word}({', '.join(map(str, shape))})"

    def make() -> Any:
        from gradcli.graph.arrays import ArrayConstant, full

        return ArrayConstant(full(shape, number), text)

    return tidy.made(text, make, shape)


def called(
    tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value], shapes: Sequence[Shape] | None = None
) -> Value:
    """PRIMITIVE, which is not elementwise, applied to values that stand for arrays of these SHAPES."""
    if shapes is None:
        shapes = [tidy.shape(operand) for operand in operands]
    shape = primitive.shape_of(shapes, static)
    name = primitive.name
    if name in REDUCTIONS:
        return _reduced(tidy, primitive, static, operands[0], shapes[0])
    rule = RULES.get(name)
    if rule is not None:
        found = rule(tidy, static, operands, shapes, shape)
        if found is not None:
            return found
    return _as_it_is(tidy, primitive, static, operands, shapes)


def _as_it_is(
    tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value], shapes: Sequence[Shape]
) -> Value:
    whole = [spread(tidy, operand, shape) for operand, shape in zip(operands, shapes, strict=True)]
    number: Any = 1
    if primitive.linear and len(whole) <= 2:
        number, whole = _numbers_out(tidy, whole)
    made, part = tidy.opaque(primitive, static, whole)
    return (number * made, part)


def _numbers_out(tidy: Tidy, operands: Sequence[Value]) -> tuple[Any, list[Value]]:
    product: Any = 1
    for number, _ in operands:
        product *= number
    return product, [(1, part) for _, part in operands]


def scalars_out(tidy: Tidy, value: Value) -> tuple[Value, Value]:
    """A value as a scalar times an array."""
    number, part = value
    if tidy.kinds[part] != PRODUCT or not tidy.shapes[part]:
        return ((number, ONE), (1, part)) if tidy.shapes[part] else (value, UNIT)
    scalars = [((1, base), power) for base, power in tidy.parts[part] if not tidy.shapes[base]]
    if not scalars:
        return (number, ONE), (1, part)
    arrays = [((1, base), power) for base, power in tidy.parts[part] if tidy.shapes[base]]
    return tidy.multiply([((number, ONE), 1), *scalars]), tidy.multiply(arrays)


# Sums along axes


def _reduced(tidy: Tidy, primitive: Primitive, static: Any, value: Value, shape: Shape) -> Value:
    axis, keep = static
    if not shape:
        return value if primitive.name in ("sum", "mean", "prod", "amax", "amin") else tidy.opaque(
            primitive, (axis, False), [value])  # fmt: skip
    axes = range(len(shape)) if axis is None else [axis % len(shape)]
    rest = tuple([length for place, length in enumerate(shape) if place not in axes])
    if primitive.name == "sum":
        found = summed(tidy, value, shape, axes)
    elif primitive.name in OF_REPEATED and not tidy.shape(value):
        found = value
    else:
        found = tidy.opaque(primitive, (axis, False), [spread(tidy, value, shape)])
    if not keep or not tidy.shape(found) or axis is None or axis % len(shape) == 0:
        return found
    kept = tuple([1 if place in axes else length for place, length in enumerate(shape)])
    return reshaped(tidy, found, rest, kept)


def summed(tidy: Tidy, value: Value, shape: Shape, axes: Iterable[int]) -> Value:
    """The sum along AXES of a value that stands for an array of this SHAPE; the axes are gone."""
    axes = sorted(axes, reverse=True)
    scalar, found = scalars_out(tidy, value)
    times = 1
    if len(axes) == len(shape):
        have = tidy.shape(found)
        times = count(shape) // count(have)
        if have:
            found = _whole_sum(tidy, found)
    else:
        for axis in axes:
            have = tidy.shape(found)
            place = len(have) - (len(shape) - axis)
            if place < 0:
                times *= shape[axis]
            elif have[place] == 1:
                times *= shape[axis]
                found = reshaped(tidy, found, have, (*have[:place], *have[place + 1 :]))
            else:
                number, part = tidy.opaque(NAMED["sum"], (None if len(have) == 1 else place, False), [(1, found[1])])
                found = (number * found[0], part)
            shape = (*shape[:axis], *shape[axis + 1 :])
    return tidy.multiply([((times, ONE), 1), (scalar, 1), (found, 1)])


def _whole_sum(tidy: Tidy, value: Value) -> Value:
    number, part = value
    made, whole = tidy.opaque(NAMED["sum"], (None, False), [(1, part)])
    return (number * made, whole)


def _fit(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    have, wanted = shapes[0], static
    lead = len(have) - len(wanted)
    axes = [*range(max(lead, 0))]
    axes += [axis for axis in range(max(lead, 0), len(have)) if wanted[axis - lead] == 1 != have[axis]]
    if not axes:
        return _without_lead(tidy, operands[0], wanted)
    found = summed(tidy, operands[0], have, axes)
    rest = tuple([length for place, length in enumerate(have) if place not in axes])
    kept = tuple([1 if place in axes else length for place, length in enumerate(have)][max(lead, 0) :])
    if not tidy.shape(found) or rest == kept:
        return found
    return reshaped(tidy, found, rest, kept)


def _without_lead(tidy: Tidy, value: Value, shape: Shape) -> Value:
    """A value whose axes are no more than those of SHAPE."""
    have = tidy.shape(value)
    return reshaped(tidy, value, have, have[len(have) - len(shape) :]) if len(have) > len(shape) else value


# Moves


def reshaped(tidy: Tidy, value: Value, have: Shape, shape: Shape) -> Value:
    """A value that stands for an array of the shape HAVE, in another SHAPE."""
    number, part = value
    own = tidy.shapes[part]
    if own in ((), shape) or have == shape:
        return value
    if not shape:
        number, part = spread(tidy, value, have)
        return (number, tidy.opaque(NAMED["index"], (0,) * len(have), [(1, part)])[1])
    if shape == (1,) * (len(shape) - len(have)) + have and len(shape) > len(have):
        return value
    number, part = spread(tidy, value, have)
    if tidy.kinds[part] == CALL and tidy.parts[part][0].name == "reshape":
        inner = tidy.parts[part][2][0]
        if tidy.shapes[inner] == shape:
            return (number, inner)
        part = inner
    return (number, tidy.opaque(NAMED["reshape"], shape, [(1, part)], shape)[1])


def _reshape(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    return reshaped(tidy, operands[0], shapes[0], shape)


def _flatten(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    return operands[0] if shapes[0] == shape or not tidy.shape(operands[0]) else None


def _transpose(
    tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape
) -> Value | None:
    value = operands[0]
    if not tidy.shape(value) or len(shapes[0]) < 2:
        return value
    scalar, (number, part) = scalars_out(tidy, spread(tidy, value, shapes[0]))
    twice = tidy.kinds[part] == CALL and tidy.parts[part][0].name == "transpose" and tidy.parts[part][1] is None
    if twice and static is None:
        return tidy.multiply([(scalar, 1), ((number, tidy.parts[part][2][0]), 1)])
    if tidy.kinds[part] == ATOM and _is_identity(tidy, part):
        return tidy.multiply([(scalar, 1), ((number, part), 1)])
    made = tidy.opaque(NAMED["transpose"], static, [(1, part)])
    return tidy.multiply([(scalar, 1), ((number, ONE), 1), (made, 1)])


def _is_identity(tidy: Tidy, part: int) -> bool:
    return tidy.kinds[part] == ATOM and str(tidy.parts[part][0]).startswith("eye(")


def _index(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    value = operands[0]
    if not tidy.shape(value):
        return value
    number, part = spread(tidy, value, shapes[0])
    made_of = tidy.parts[part]
    if Ellipsis in static:
        at = static.index(Ellipsis)
        between = len(shapes[0]) - len(static) + 1
        static = (*static[:at], *[slice(None)] * between, *static[at + 1 :])
    if tidy.kinds[part] == CALL and made_of[0].name == "stack" and type(static[0]) is int and len(static) == 1:
        inner, other = tidy.value(made_of[2][static[0]])
        return (number * inner, other)
    if not shape and tidy.kinds[part] == ATOM and made_of[1] is not None and Ellipsis not in static:
        inner, other = tidy.number(float(made_of[1].constant.value[static]))
        return (number * inner, other)
    axis = _flipped_axis(static)
    if axis is not None and tidy.kinds[part] == CALL and made_of[0].name == "cumsum":
        inner = made_of[2][0]
        if tidy.kinds[inner] == CALL and tidy.parts[inner][0].name == "index" and repr(
            tidy.parts[inner][1]
        ) == repr(static):  # a running sum from the end
            source: Value = (number, tidy.parts[inner][2][0])
            whole = _reduced(tidy, NAMED["sum"], (axis, True), source, shapes[0])
            running = tidy.opaque(NAMED["cumsum"], None if len(shapes[0]) == 1 else axis, [(1, source[1])])
            return tidy.add([whole, (-number, running[1]), source])
    return (number, tidy.opaque(NAMED["index"], static, [(1, part)])[1])


def _flipped_axis(places: Any) -> int | None:
    *before, last = places
    if last == slice(None, None, -1) and all(place == slice(None) for place in before):
        return len(before)
    return None


def _scatter(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    """Zeros with a value at some places: written out where they are few, else joined of zeros and the value."""
    places, _ = static
    if Ellipsis in places:
        at = places.index(Ellipsis)
        places = (*places[:at], *[slice(None)] * (len(shape) - len(places) + 1), *places[at + 1 :])
    places = (*places, *[slice(None)] * (len(shape) - len(places)))
    if any(isinstance(place, slice) and place.step not in (None, 1) for place in places):
        return None
    if operands[0] == ZERO:
        return ZERO
    if all(type(place) is int for place in places) and count(shape) <= FEW:
        at = 0
        for place, length in zip(places, shape, strict=True):
            at = at * length + place % length
        return stacked(tidy, [operands[0] if k == at else ZERO for k in range(count(shape))], shape)
    number, part = spread(tidy, operands[0], shapes[0])
    sides = [1 if type(place) is int else len(range(*place.indices(n))) for place, n in zip(places, shape, strict=True)]
    found = (1, part)
    if tuple(sides) != shapes[0]:
        found = reshaped(tidy, found, shapes[0], tuple(sides)) if shapes[0] else (1, _boxed(tidy, part, len(sides)))
        found = spread(tidy, found, tuple(sides))
    for axis, (place, length) in enumerate(zip(places, shape, strict=True)):
        low = place % length if type(place) is int else place.indices(length)[0]
        pieces = [found]
        for zeros, first in ((low, True), (length - low - sides[axis], False)):
            if zeros:
                side = (1, filled(tidy, "zeros", 0.0, (*sides[:axis], zeros, *sides[axis + 1 :])))
                pieces = [side, *pieces] if first else [*pieces, side]
        if len(pieces) > 1:
            found = tidy.opaque(NAMED["concat"], axis, pieces)
        sides[axis] = length
    return (number * found[0], found[1])


def _boxed(tidy: Tidy, part: int, axes: int) -> int:
    for _ in range(axes):
        part = tidy.opaque(NAMED["stack"], None, [(1, part)])[1]
    return part


def stacked(tidy: Tidy, elements: Sequence[Value], shape: Shape) -> Value:
    """An array that is written out."""
    row = list(elements)
    for length in reversed(shape):
        row = [tidy.opaque(NAMED["stack"], None, row[at : at + length]) for at in range(0, len(row), length)]
    return row[0]


# Products


def _matmul(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    (left_scalar, left), (right_scalar, right) = scalars_out(tidy, operands[0]), scalars_out(tidy, operands[1])
    scalar = tidy.multiply([(left_scalar, 1), (right_scalar, 1)])
    if scalar == ZERO:
        return ZERO
    if len(shapes[0]) > 2 or len(shapes[1]) > 2:
        return None
    found = _with_ones(tidy, left, right, shapes)
    if found is None:
        a, b = spread(tidy, left, shapes[0]), spread(tidy, right, shapes[1])
        if _is_identity(tidy, a[1]) or _is_identity(tidy, b[1]):
            found = b if _is_identity(tidy, a[1]) else a
        else:
            found = tidy.opaque(NAMED["matmul"], None, [(1, a[1]), (1, b[1])])
        found = (found[0] * a[0] * b[0], found[1])
    return tidy.multiply([(scalar, 1), (found, 1)])


def _with_ones(tidy: Tidy, left: Value, right: Value, shapes: Sequence[Shape]) -> Value | None:
    """A product with ones is a sum."""
    if left == UNIT and right == UNIT:
        return (shapes[0][-1], ONE)
    if len(shapes[0]) == len(shapes[1]) == 2:
        return None
    if right == UNIT:
        found = summed(tidy, left, shapes[0], [len(shapes[0]) - 1])
        rest = shapes[0][:-1]
        return found if len(shapes[1]) == 1 or not rest else reshaped(tidy, found, rest, (*rest, 1))
    if left == UNIT:
        return summed(tidy, right, shapes[1], [0])
    return None


def _outer(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    (left_scalar, left), (right_scalar, right) = scalars_out(tidy, operands[0]), scalars_out(tidy, operands[1])
    if left == UNIT:
        found = right
    elif right == UNIT:
        found = reshaped(tidy, left, shapes[0], (*shapes[0], 1))
    else:
        a, b = spread(tidy, left, shapes[0]), spread(tidy, right, shapes[1])
        number, part = tidy.opaque(NAMED["outer"], None, [(1, a[1]), (1, b[1])])
        found = (number * a[0] * b[0], part)
    return tidy.multiply([(left_scalar, 1), (right_scalar, 1), (found, 1)])


# What the language has no word for


def _along_last(tidy: Tidy, value: Value, shape: Shape) -> Value:
    return _reduced(tidy, NAMED["sum"], (-1, True), value, shape)


def _centred(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    number, part = _reduced(tidy, NAMED["mean"], (static, True), operands[0], shapes[0])
    return tidy.add([operands[0], (-number, part)])


def _centred_by(
    tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape
) -> Value | None:
    number, part = _along_last(tidy, tidy.multiply([(operands[0], 1), (operands[1], 1)]), shape)
    return tidy.add([operands[0], (-number, part)])


def _excess(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    shares, target = operands
    if static != "excess over one":
        shares = tidy.multiply([(shares, 1), (_along_last(tidy, target, shape), 1)])
    sign = -1 if static == "lack" else 1
    return tidy.add([(sign * shares[0], shares[1]), (-sign * target[0], target[1])])


def _one_hot(tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape) -> Value | None:
    def make() -> Any:
        from gradcli.graph.arrays import ArrayConstant, arange

        return ArrayConstant(arange(0.0, 1.0, static), text)

    text = f"arange({static})"
    column = operands[0] if not shapes[0] else reshaped(tidy, operands[0], shapes[0], (*shapes[0], 1))
    return tidy.call("equal", None, [column, (1, tidy.made(text, make, (static,)))])


def _cofactors(
    tidy: Tidy, static: Any, operands: Sequence[Value], shapes: Sequence[Shape], shape: Shape
) -> Value | None:
    """det(X)*inv(X).T, which holds where X is not singular."""
    whole = [spread(tidy, operands[0], shapes[0])]
    inverse = tidy.call("transpose", None, [tidy.opaque(NAMED["inv"], None, whole)])
    tidy.remarks["the formula of det holds where the matrix is not singular"] = None
    return tidy.multiply([(tidy.opaque(NAMED["det"], None, whole), 1), (inverse, 1)])


RULES: dict[str, Rule] = {
    "fit": _fit, "broadcast": _fit, "reshape": _reshape, "flatten": _flatten, "transpose": _transpose, "index": _index,
    "scatter": _scatter, "matmul": _matmul, "outer": _outer, "centred": _centred, "centred_by": _centred_by,
    "excess": _excess, "one_hot": _one_hot, "cofactors": _cofactors,
}  # fmt: skip


def is_quiet(tidy: Tidy, part: int) -> bool:
    """Whether a part is made of variables by sums and products: finite for finite numbers."""
    waiting, seen = [part], {part}
    while waiting:
        at = waiting.pop()
        kind, made_of = tidy.kinds[at], tidy.parts[at]
        if kind == ATOM or tidy.flags[at] & (BOOLEAN | ROBUST):
            continue
        if kind == SUM:
            more = [other for other, _ in made_of[1]]
        elif kind == PRODUCT:
            if any(power < 0 or power % 1 for _, power in made_of):
                return False
            more = [base for base, _ in made_of]
        elif made_of[0].name in ("matmul", "transpose", "outer", "sum", "reshape", "broadcast"):
            more = list(made_of[2])
        else:
            return False
        waiting += [other for other in more if other not in seen]
        seen.update(more)
        if len(seen) > MOST_SEARCHED:
            return False
    return True
