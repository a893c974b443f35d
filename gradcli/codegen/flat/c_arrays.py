"""Operations of arrays as C statements: loops over elements, and calls over rows.

A statement is a template in which OUT stands for the array that is filled. Places of axes count i0, i1, ...
"""

from __future__ import annotations

from math import prod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.graph import Shape

    Form = Callable[[Sequence[str], Any, Sequence[Shape], Shape], list[str]]

OUT = "@OUT@"
STEP = "    "


def loops(shape: Shape, body: Sequence[str]) -> list[str]:
    """BODY for every element of a SHAPE."""
    rows = []
    for axis, length in enumerate(shape):
        rows.append(f"{STEP * axis}for (int i{axis} = 0; i{axis} < {length}; i{axis}++)")
    return [*rows, *(STEP * len(shape) + row for row in body)]


def at(name: str, shape: Shape, within: Shape) -> str:
    """The element of an array of this SHAPE, broadcast in loops over another."""
    lead = len(within) - len(shape)
    places = ["0" if n == 1 != within[k + lead] else f"i{k + lead}" for k, n in enumerate(shape)]
    return name + "".join(f"[{place}]" for place in places)


def pointer(name: str, shape: Shape) -> str:
    """Where the first element of an array is."""
    return f"&{name}" + "[0]" * len(shape) if len(shape) != 1 else name


def parted(shape: Shape, axis: int | None) -> tuple[int, int, int]:
    """How many numbers stand before, along and behind an axis."""
    if axis is None:
        return 1, prod(shape), 1
    axis %= len(shape)
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def reduction(of: str) -> Form:
    """A function of rows."""

    def written(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
        outer, n, inner = parted(shapes[0], static[0])
        source, out = pointer(names[0], shapes[0]), pointer(OUT, shape)
        if outer == inner == 1:
            return [f"{OUT + '[0]' * len(shape)} = {of}({source}, {n}, 1);"]
        return [f"reduce({of}, {source}, {out}, {outer}, {n}, {inner});"]

    return written


def along(of: str, *, last: bool = False) -> Form:
    """A function that makes a row of a row."""

    def written(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
        outer, n, inner = parted(shapes[0], -1 if last else static)
        return [f"along({of}, {pointer(names[0], shapes[0])}, {pointer(OUT, shape)}, {outer}, {n}, {inner});"]

    return written


def fit(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    """Summed down to a shape; what is only repeated is written by who reads it."""
    lead = len(shapes[0]) - len(shape)
    places = ["[0]" if n == 1 else f"[i{k + lead}]" for k, n in enumerate(shape)]
    target, source = OUT + "".join(places), at(names[0], shapes[0], shapes[0])
    return [*loops(shape, [f"{at(OUT, shape, shape)} = 0.0;"]), *loops(shapes[0], [f"{target} += {source};"])]


def transpose(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    order = static or tuple(range(len(shape)))[::-1]
    places = [f"[i{order.index(axis)}]" for axis in range(len(shape))]
    return loops(shape, [f"{at(OUT, shape, shape)} = {names[0]}{''.join(places)};"])


def reshape(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    return [f"copy({pointer(names[0], shapes[0])}, {pointer(OUT, shape)}, {prod(shape)});"]


def picked(places: Sequence[Any], shape: Shape) -> str:
    """The places of an index in loops over what it picks."""
    wanted = sum(place is not Ellipsis for place in places)
    cut = places.index(Ellipsis) if Ellipsis in places else len(places)
    whole = [slice(None)] * (len(shape) - wanted)
    text, loop = "", 0
    for place, length in zip([*places[:cut], *whole, *places[cut + 1 :]], shape, strict=True):
        if not isinstance(place, slice):
            text += f"[{place % length}]"
            continue
        start, _, step = place.indices(length)
        scaled = f"i{loop}" if abs(step) == 1 else f"{abs(step)} * i{loop}"
        sign = "+" if step > 0 else "-"
        text += f"[{scaled}]" if start == 0 and step > 0 else f"[{start} {sign} {scaled}]"
        loop += 1
    return text


def index(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    return loops(shape, [f"{at(OUT, shape, shape)} = {names[0]}{picked(static, shapes[0])};"])


def scatter(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    zero = loops(shape, [f"{at(OUT, shape, shape)} = 0.0;"])
    return [*zero, *loops(shapes[0], [f"{OUT}{picked(static[0], shape)} = {at(names[0], shapes[0], shapes[0])};"])]


def stack(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    rows = []
    for place, (name, part) in enumerate(zip(names, shapes, strict=True)):
        rows += loops(part, [f"{at(f'{OUT}[{place}]', part, part)} = {at(name, part, part)};"])
    return rows


def concat(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    rows, before = [], 0
    axis = static % len(shape)
    for name, part in zip(names, shapes, strict=True):
        places = [f"[{before} + i{k}]" if k == axis and before else f"[i{k}]" for k in range(len(part))]
        rows += loops(part, [f"{OUT}{''.join(places)} = {at(name, part, part)};"])
        before += part[axis]
    return rows


def matmul(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    left, right = shapes
    rows = left[0] if len(left) == 2 else 1
    columns = right[1] if len(right) == 2 else 1
    a, b = (pointer(name, each) for name, each in zip(names, shapes, strict=True))
    return [f"matmul({a}, {b}, {pointer(OUT, shape)}, {rows}, {left[-1]}, {columns});"]


def outer(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    return loops(shape, [f"{OUT}[i0][i1] = {names[0]}[i0] * {names[1]}[i1];"])


def trace(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    n = shapes[0][0]
    return [f"{OUT} = sum_of({pointer(names[0], shapes[0])}, {n}, {n + 1});"]


def centred_by(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    u, y = (pointer(name, shape) for name in names)
    return [f"centred_by({u}, {y}, {pointer(OUT, shape)}, {prod(shape[:-1])}, {shape[-1]});"]


def excess(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    y, t = (pointer(name, shape) for name in names)
    less = int(static == "lack")
    return [f"excess({y}, {t}, {pointer(OUT, shape)}, {prod(shape[:-1])}, {shape[-1]}, {less});"]


def one_hot(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    return [f"one_hot({pointer(names[0], shapes[0])}, {pointer(OUT, shape)}, {prod(shapes[0])}, {static});"]


def cross_entropy(names: Sequence[str], static: Any, shapes: Sequence[Shape], shape: Shape) -> list[str]:
    logits, target = (pointer(name, each) for name, each in zip(names, shapes, strict=True))
    rows, n = prod(shapes[0][:-1]), shapes[0][-1]
    if shapes[0] == shapes[1]:
        return [f"{OUT} = cross_entropy({logits}, {target}, {rows}, {n});"]
    return [
        "{",
        f"{STEP}static double share[{rows * n}];",
        f"{STEP}one_hot({target}, share, {rows}, {n});",
        f"{STEP}{OUT} = cross_entropy({logits}, share, {rows}, {n});",
        "}",
    ]


FORMS: dict[str, Form] = {
    "fit": fit, "broadcast": fit, "transpose": transpose, "reshape": reshape, "flatten": reshape, "index": index,
    "scatter": scatter, "stack": stack, "concat": concat, "cumsum": along("running_sum_of"),
    "sum": reduction("sum_of"), "mean": reduction("mean_of"), "var": reduction("variance_of"),
    "std": reduction("deviation_of"), "norm": reduction("norm_of"), "logsumexp": reduction("logsumexp_of"),
    **dict.fromkeys(("amax", "amax_first"), reduction("largest_of")),
    **dict.fromkeys(("amin", "amin_first"), reduction("smallest_of")),
    "argmax": reduction("place_of_largest"), "prod": reduction("product_of"), "centred": along("centred_of"),
    "dot": matmul, "matmul": matmul, "outer": outer, "trace": trace, "softmax_of": along("softmax_of", last=True),
    "logsoftmax": along("logsoftmax_of", last=True), "centred_by": centred_by, "excess": excess, "one_hot": one_hot,
    "cross_entropy": cross_entropy,
}  # fmt: skip
