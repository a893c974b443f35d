"""The pattern of a Jacobian in words, decided by which elements can reach which, never by the numbers."""

from __future__ import annotations

import math

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.graph import Shape

LETTERS = "ijklmnpqrs"
MOST_LOOKED_AT = 1 << 22  # entries of a matrix whose blocks are looked for


class Pattern:
    """A name for what the structure is, in words, and where every element depends on a like part of the source, which.

    `depends` is (what stands for an element of the result, the part of the source), as in ("[i,j]", "[i,:]").
    """

    __slots__ = ("depends", "name")

    def __init__(self, name: str, depends: tuple[str, str] | None = None) -> None:
        self.name = name
        self.depends = depends


def pattern_of(reaches: Any, result: Shape, source: Shape) -> Pattern:
    """The pattern of the matrix REACHES of bools, whose rows are the elements of RESULT and columns those of SOURCE."""
    rows, columns = reaches.shape
    if not reaches.any():
        return Pattern("zero")
    if rows == columns == 1:
        return Pattern("one number")
    part = _part(reaches, result, source)
    if reaches.all():
        name = "one row" if result == () else "one column" if source == () else "dense"
        return Pattern(name, part)
    if rows == columns and bool((reaches == np.eye(rows, dtype=bool)).all()):
        return Pattern("diagonal", part)
    each = reaches.sum(axis=1)
    if bool((each == 1).all()):
        taken = reaches.sum(axis=0)
        name = "one entry a row" if bool((taken > 1).any()) else "a permutation" if rows == columns else "a selection"
        return Pattern(name, part)
    blocks = _blocks(reaches)
    if blocks is not None:
        return Pattern(f"block diagonal, {blocks}", part)
    if rows == columns and bool((reaches == np.tri(rows, dtype=bool)).all()):
        return Pattern("lower triangular")
    name = _slices(part, source)
    return Pattern(name or f"sparse, {int(reaches.sum()):,} of {rows * columns:,} entries have a path", part)


def _slices(part: tuple[str, str] | None, source: Shape) -> str:
    """One row each, one column each: what every element depends on."""
    if part is None or len(source) != 2:
        return ""
    first, second = part[1][1:-1].split(",")
    return "one row each" if second == ":" else "one column each" if first == ":" else ""


def _part(reaches: Any, result: Shape, source: Shape) -> tuple[str, str] | None:
    """The part of the source that every element of the result depends on, as one index over the element's own.

    None where elements depend on unlike parts, on parts that are no slice, or on nothing.
    """
    if not source or len(result) > len(LETTERS):
        return None
    rows = reaches.shape[0]
    boxes = reaches.reshape(rows, *source)
    own = np.indices(result).reshape(len(result), rows)
    slots, extent = [], np.ones(rows, dtype=int)
    for axis, length in enumerate(source):
        others = tuple(k + 1 for k in range(len(source)) if k != axis)
        used = boxes.any(axis=others) if others else boxes
        many = used.sum(axis=1)
        extent = extent * many
        if bool((many == length).all()) and length > 1:
            slots.append(":")
        elif bool((many == 1).all()):
            found = _index(used.argmax(axis=1), own)
            if found is None:
                return None
            slots.append(found)
        else:
            return None
    if bool((extent != reaches.sum(axis=1)).any()):
        return None
    letters = LETTERS[: len(result)]
    return (f"[{','.join(letters)}]" if result else "", f"[{','.join(slots)}]")


def _index(places: Any, own: Any) -> str | None:
    """An index by the indices of the element itself: the same, moved by a constant, or a constant."""
    for axis, indices in enumerate(own):
        moved = places - indices
        if len(set(indices.tolist())) > 1 and bool((moved == moved[0]).all()):
            offset = int(moved[0])
            return LETTERS[axis] + (f"{offset:+d}" if offset else "")
    for axis, indices in enumerate(own):
        mirrored = places + indices
        if len(set(indices.tolist())) > 1 and bool((mirrored == mirrored[0]).all()):
            return f"{int(mirrored[0])}-{LETTERS[axis]}"
    return str(int(places[0])) if bool((places == places[0]).all()) else None


def _blocks(reaches: Any) -> str | None:
    """`2 blocks of 4×3`, where full blocks stand along the diagonal and nothing beside them; None otherwise."""
    rows, columns = reaches.shape
    if rows * columns > MOST_LOOKED_AT:
        return None
    shapes, row, column = [], 0, 0
    while row < rows and column < columns:
        wide = _run(reaches[row, column:])
        high = _run(reaches[row:, column])
        if not wide or not high or not bool(reaches[row : row + high, column : column + wide].all()):
            return None
        shapes.append((high, wide))
        row, column = row + high, column + wide
    inside = sum(math.prod(shape) for shape in shapes)
    if row != rows or column != columns or len(shapes) < 2 or inside != int(reaches.sum()):
        return None
    return _listed(shapes)


def _run(marks: Any) -> int:
    """How many are true from the first on."""
    return len(marks) if bool(marks.all()) else int(marks.argmin())


def _listed(shapes: Sequence[tuple[int, int]]) -> str:
    if len(set(shapes)) == 1:
        return f"{len(shapes):,} blocks of {shapes[0][0]}×{shapes[0][1]}"
    return f"{len(shapes):,} blocks of several sizes"
