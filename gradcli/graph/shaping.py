"""Primitives that move elements, repeat them or add them up where they were repeated."""

from __future__ import annotations

from gradcli.graph import ATOM_LEVEL, Node, Primitive, define
from gradcli.graph.lazily import by_arrays
from gradcli.graph.shapes import ShapesDoNotFit, axes_of, count, ragged, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.notation import Text

    Places = tuple[Any, ...]


def moving(name: str, rule: Any, shape_of: Callable[[Sequence[Shape], Any], Shape], **description: Any) -> Primitive:
    """Define a primitive that only moves elements, or adds up copies of them."""
    return define(
        name, by_arrays(description.pop("forward", name), "array_moves"), rule, kind="carried", shape_of=shape_of,
        **{"static": True, "linear": True, "moves": True, "verbs": ("moves", "moves")} | description,
    )  # fmt: skip


def _call(operands: Sequence[Text], *more: object) -> str:
    return ", ".join([*(text for text, _ in operands), *map(str, more)])


def _postfixed(text: Text) -> str:
    return text[0] if text[1] >= ATOM_LEVEL else f"({text[0]})"


# Broadcasting


def _fitted(shapes: Sequence[Shape], shape: Shape) -> Shape:
    return shape


def _is_spread(shapes: Sequence[Shape], shape: Shape) -> Shape:
    (have,) = shapes
    lead = len(shape) - len(have)
    if lead < 0 or any(length not in (1, shape[axis + lead]) for axis, length in enumerate(have)):
        raise ShapesDoNotFit(
            f"{shown(have)} cannot be repeated to {shown(shape)}",
            "axes are compared from the last: each has to be equal, or 1, or missing",
        )
    return shape


fit: Primitive = moving(
    "fit", lambda u, y, x, shape: fit(u, static=x.shape), _fitted, verbs=("copies", "copies"), spoken=False,
    notation=lambda operands, shape: (f"fit({_call(operands)} to {shown(shape)})", ATOM_LEVEL),
)  # fmt: skip
broadcast = moving(
    "broadcast", lambda u, y, x, shape: fit(u, static=x.shape), _is_spread, forward="fit", verbs=("copies", "copies"),
    parameters="x, 2, 3", arity=1,
    notation=lambda operands, shape: (f"broadcast({_call(operands, *shape)})", ATOM_LEVEL),
)  # fmt: skip


def ones(like: Node, shape: Shape) -> Node:
    """An array of ones in the graph of LIKE."""
    return fit(Node(like.graph, like.graph.constant(1.0)), static=shape)


# Axes and order


def _transposed(shapes: Sequence[Shape], order: tuple[int, ...] | None) -> Shape:
    (shape,) = shapes
    if order is None:
        return shape[::-1]
    if sorted(order) != list(range(len(shape))):
        raise ShapesDoNotFit(
            f"{shown(shape)} cannot be transposed by {', '.join(map(str, order))}",
            f"{axes_of(shape)}, each once" if shape else axes_of(shape),
        )
    return tuple([shape[axis] for axis in order])


def _transpose_notation(operands: Sequence[Text], order: tuple[int, ...] | None) -> Text:
    if order is None:
        return (f"{_postfixed(operands[0])}.T", ATOM_LEVEL)
    return (f"transpose({_call(operands, *order)})", ATOM_LEVEL)


def _transpose_back(u: Node, y: Node, x: Node, order: tuple[int, ...] | None) -> Node:
    if order is None:
        return transpose(u)
    return transpose(u, static=tuple([order.index(axis) for axis in range(len(order))]))


transpose: Primitive = moving(
    "transpose", _transpose_back, _transposed, parameters="x", arity=1, notation=_transpose_notation,
    verbs=("transposes", "transposes"),
)  # fmt: skip


def _reshaped(shapes: Sequence[Shape], shape: Shape) -> Shape:
    have = count(shapes[0])
    if count(shape) != have:
        raise ShapesDoNotFit(
            f"{shown(shapes[0])} has {have} elements and {shown(shape)} has {count(shape)}",
            "a reshape keeps the number of elements",
        )
    return shape


reshape: Primitive = moving(
    "reshape", lambda u, y, x, shape: reshape(u, static=x.shape), _reshaped, parameters="x, 2, 3", arity=1,
    verbs=("reshapes", "reshapes"),
    notation=lambda operands, shape: (f"reshape({_call(operands, *shape)})", ATOM_LEVEL),
)  # fmt: skip
flatten = moving(
    "flatten", lambda u, y, x: reshape(u, static=x.shape), lambda shapes, _: (count(shapes[0]),),
    verbs=("reshapes", "reshapes"), static=False,
)  # fmt: skip


# Picking and joining


def _slot(place: Any) -> str:
    if place is Ellipsis:
        return "..."
    if isinstance(place, slice):
        ends = ["" if end is None else str(end) for end in (place.start, place.stop)]
        return ":".join(ends) + ("" if place.step is None else f":{place.step}")
    return str(place)


def _indexed(shapes: Sequence[Shape], places: Places) -> Shape:
    (shape,) = shapes
    wanted = [place for place in places if place is not Ellipsis]
    if not shape:
        raise ShapesDoNotFit("an index of a scalar", "a scalar has no axis: leave the index out")
    if len(wanted) > len(shape):
        raise ShapesDoNotFit(f"{len(wanted)} indices for {shown(shape)}", axes_of(shape), part=len(shape) + 1)
    full = [slice(None)] * (len(shape) - len(wanted))
    at = places.index(Ellipsis) if Ellipsis in places else len(places)
    found = []
    for axis, place in enumerate([*places[:at], *full, *places[at + 1 :]]):
        length = shape[axis]
        if isinstance(place, slice):
            kept = len(range(*place.indices(length)))
            if not kept:
                raise ShapesDoNotFit(
                    f"[{_slot(place)}] picks nothing from axis {axis}, whose length is {length}",
                    f"an index is from 0 to {length - 1}, and the end of a slice is one past the last",
                    part=axis + 1,
                )
            found.append(kept)
        elif not -length <= place < length:
            raise ShapesDoNotFit(
                f"index {place} is out of range: axis {axis} of {shown(shape)} has length {length}",
                f"an index is from 0 to {length - 1}, or from -1 to -{length} counted from the end"
                if length > 1 else "its only index is 0",
                part=axis + 1,
            )
    return tuple(found)


index: Primitive = moving(
    "index", lambda u, y, x, places: scatter(u, static=(places, x.shape)), _indexed, verbs=("picks", "picks"),
    spoken=False,
    notation=lambda operands, places: (f"{_postfixed(operands[0])}[{', '.join(map(_slot, places))}]", ATOM_LEVEL),
)  # fmt: skip
scatter: Primitive = moving(
    "scatter", lambda u, y, x, static: index(u, static=static[0]), lambda shapes, static: static[1], spoken=False,
    notation=lambda operands, static: (
        f"scatter({_call(operands)} to [{', '.join(map(_slot, static[0]))}] of {shown(static[1])} zeros)", ATOM_LEVEL,
    ),
)  # fmt: skip


def _stacked(shapes: Sequence[Shape], static: Any) -> Shape:
    if len(set(shapes)) > 1:
        first = next(k for k, shape in enumerate(shapes) if shape != shapes[0])
        message = ragged(shapes[0], shapes[first], first)
        raise ShapesDoNotFit(message, "all entries of an array have one shape", (0, first))
    return (len(shapes), *shapes[0])


stack = moving(
    "stack", lambda u, y, *xs: [index(u, static=(k,)) for k in range(len(xs))], _stacked, static=False, linear=False,
    variadic=True, arity=1, parameters="a, b, ...",
    notation=lambda operands, _: (f"[{_call(operands)}]", ATOM_LEVEL),
)  # fmt: skip


def _joined(shapes: Sequence[Shape], axis: int) -> Shape:
    first = shapes[0]
    if () in shapes:
        raise ShapesDoNotFit("concat joins arrays, and this is a scalar", "write [x] for an array of one element",
                             (shapes.index(()),))  # fmt: skip
    if not -len(first) <= axis < len(first):
        raise ShapesDoNotFit(f"there is no axis {axis} in {shown(first)}", axes_of(first), (0,), len(shapes))
    axis %= len(first)
    for slot, shape in enumerate(shapes):
        if len(shape) != len(first) or any(
            length != first[k] for k, length in enumerate(shape) if k != axis
        ):
            raise ShapesDoNotFit(
                f"{shown(first)} and {shown(shape)} cannot be joined along axis {axis}",
                "all other axes have to be equal" if len(shape) == len(first) else "both need as many axes", (0, slot),
            )  # fmt: skip
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])


def _parts(u: Node, y: Node, *xs_and_axis: Any) -> Iterable[Node]:
    *xs, axis = xs_and_axis
    low = 0
    for x in xs:
        axis %= len(x.shape)
        high = low + x.shape[axis]
        yield index(u, static=(*[slice(None)] * axis, slice(low, high)))
        low = high


concat = moving(
    "concat", _parts, _joined, linear=False, variadic=True, arity=1, parameters="a, b, ..., axis=0",
    notation=lambda operands, axis: (f"concat({_call(operands, *[axis] * (axis != 0))})", ATOM_LEVEL),
)  # fmt: skip


# Running sums


def _running(shapes: Sequence[Shape], axis: int | None) -> Shape:
    (shape,) = shapes
    if axis is None:
        return (count(shape),)
    if not -len(shape) <= axis < len(shape):
        raise ShapesDoNotFit(f"there is no axis {axis} in {shown(shape)}", axes_of(shape), part=1)
    return shape


def _flipped(x: Node, axis: int) -> Node:
    return index(x, static=(*[slice(None)] * (axis % len(x.shape)), slice(None, None, -1)))


def _running_back(u: Node, y: Node, x: Node, axis: int | None) -> Node:
    along = 0 if axis is None else axis
    summed = _flipped(cumsum(_flipped(u, along), static=along), along)
    return reshape(summed, static=x.shape) if axis is None else summed


cumsum: Primitive = moving(
    "cumsum", _running_back, _running, parameters="x, axis", arity=2, defaults=(None,),
    verbs=("adds up", "adds up"),
    notation=lambda operands, axis: (f"cumsum({_call(operands, *[] if axis is None else [axis])})", ATOM_LEVEL),
)  # fmt: skip
