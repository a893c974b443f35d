"""The order of the pieces in each layer, from top to bottom: as few wires as possible cross.

Sweeps by barycentres, to the right and back, and exchanges of neighbours, of which the best is kept. See Sugiyama,
Tagawa and Toda, Methods for visual understanding of hierarchical system structures, 1981. Adjoint lines stay below.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.render.picture.pieces import Piece

    Layers = Sequence[list[Piece]]

SWEEPS = 12
MOST_EXCHANGED = 1_500  # pieces


def put_in_order(layers: Layers) -> None:
    """Sort every layer; the same circuit is always sorted the same way."""
    for layer in layers:
        _settle(layer)
    best, fewest = _places(layers), crossings(layers)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        _sweep(layers, to_the_right=sweep % 2 == 0)
        found = crossings(layers)
        if found < fewest:
            best, fewest = _places(layers), found
    _restore(layers, best)
    if fewest and sum(map(len, layers)) <= MOST_EXCHANGED:
        for _ in range(6):
            if not _exchange(layers):
                break


def _places(layers: Layers) -> list[list[Piece]]:
    return [[*layer] for layer in layers]


def _restore(layers: Layers, places: Sequence[list[Piece]]) -> None:
    for layer, pieces in zip(layers, places, strict=True):
        layer[:] = pieces
        _settle(layer)


def _settle(layer: list[Piece]) -> None:
    layer.sort(key=lambda piece: piece.band)
    for place, piece in enumerate(layer):
        piece.place = place


def _sweep(layers: Layers, *, to_the_right: bool) -> None:
    for layer in layers if to_the_right else reversed(layers):
        wanted: dict[Piece, float] = {}
        for piece in layer:
            if to_the_right:
                ends = [link.left.place + 0.5 for link in piece.incoming]
            else:
                ends = [link.right.place + link.share for link in piece.outgoing]
            wanted[piece] = sum(ends) / len(ends) if ends else piece.place + 0.5
        layer.sort(key=wanted.__getitem__)
        _settle(layer)


def crossings(layers: Layers) -> int:
    """How many pairs of wires cross."""
    return sum(_crossings_before(layer) for layer in layers)


def _crossings_before(layer: Sequence[Piece]) -> int:
    """Crossings between a layer and the one before it: pairs that change their order, counted in a binary tree."""
    ends = sorted((link.left.place, piece.place + link.share) for piece in layer for link in piece.incoming)
    heights = sorted({height for _, height in ends})
    rank = {height: at for at, height in enumerate(heights, 1)}
    tree = [0] * (len(heights) + 1)
    found = 0
    for seen, (_, height) in enumerate(ends):
        at, below = rank[height], 0
        while at:
            below += tree[at]
            at -= at & -at
        found += seen - below
        at = rank[height]
        while at < len(tree):
            tree[at] += 1
            at += at & -at
    return found


def _exchange(layers: Layers) -> bool:
    """Exchange neighbours where fewer wires cross then; says whether any were."""
    changed = False
    for layer in layers:
        for at in range(len(layer) - 1):
            upper, lower = layer[at], layer[at + 1]
            if upper.band == lower.band and _between(lower, upper) < _between(upper, lower):
                layer[at], layer[at + 1] = lower, upper
                upper.place, lower.place = lower.place, upper.place
                changed = True
    return changed


def _between(upper: Piece, lower: Piece) -> int:
    """How many wires of two neighbours cross if UPPER stands above LOWER."""
    found = 0
    for a in upper.incoming:
        found += sum(b.left.place < a.left.place for b in lower.incoming)
    for a in upper.outgoing:
        end = a.right.place + a.share
        found += sum(b.right.place + b.share < end for b in lower.outgoing)
    return found
