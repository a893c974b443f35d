"""The pattern of a Jacobian in words, decided by which elements can reach which, never by the numbers."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    if _is_triangle(reaches):
        return Pattern("lower triangular")
    name = "one row" if rows == 1 else "one column" if columns == 1 else _slices(part, source)
    if name and min(rows, columns) > 1:
        return Pattern(name, part)
    many = int(reaches.sum())
    has = "has" if many == 1 else "have"
    return Pattern(f"{name or 'sparse'}, {many:,} of {rows * columns:,} entries {has} a path", part)


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


def _is_triangle(reaches: Any) -> bool:
    """Whether there is a path on and below the diagonal of a square, and nowhere else."""
    rows, columns = reaches.shape
    return rows == columns and bool((reaches == np.tril(np.ones_like(reaches))).all())


def _blocks(reaches: Any) -> str | None:
    """`2 blocks of 4×3`, where blocks that are full, or lower triangular, stand along the diagonal; None otherwise."""
    rows, columns = reaches.shape
    if rows * columns > MOST_LOOKED_AT or not bool(reaches.any(axis=1).all() and reaches.any(axis=0).all()):
        return None
    first = reaches.argmax(axis=1)
    reached = np.maximum.accumulate(columns - 1 - reaches[:, ::-1].argmax(axis=1))
    ahead = np.minimum.accumulate(first[::-1])[::-1]
    cuts = [0, *(np.flatnonzero(reached[:-1] < ahead[1:]) + 1).tolist(), rows]
    if len(cuts) < 3:
        return None
    corners = [0, *(int(reached[cut - 1]) + 1 for cut in cuts[1:])]
    blocks = [
        reaches[top:bottom, left:right]
        for top, bottom, left, right in zip(cuts, cuts[1:], corners, corners[1:], strict=False)
    ]
    sizes = {block.shape for block in blocks}
    listed = f"{len(blocks):,} blocks of several sizes"
    if len(sizes) == 1:
        high, wide = sizes.pop()
        listed = f"{len(blocks):,} blocks of {high}×{wide}"
    if all(bool(block.all()) for block in blocks):
        return listed
    triangular = all(map(_is_triangle, blocks))
    return f"{listed}, each lower triangular" if triangular else None
