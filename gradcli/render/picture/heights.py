"""The place of every piece from top to bottom: near those it is linked to, in order, never too near to its neighbours.

Each layer in turn takes the places whose squared distances to what is wanted are least among those in order (pool
adjacent violators: Barlow et al., Statistical Inference under Order Restrictions, 1972); then long wires are pulled
straight wherever there is room.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.render.picture.pieces import Link, Piece, Sheet

APART, BANDS_APART = 10.0, 34.0
ROUNDS = 24
NEAR = 12.0  # what is bent by less is pulled straight


def put_in_place(sheet: Sheet) -> None:
    """Give every piece its `y`; the adjoint lines stand below all others."""
    floor = None
    for band in (0, 1):
        layers = [[piece for piece in layer if piece.band == band] for layer in sheet.layers]
        _stack(layers, floor)
        for turn in range(ROUNDS):
            for layer in layers if turn % 2 == 0 else reversed(layers):
                _relax(layer, band, floor)
        for _ in range(3):
            _straighten(sheet, band, floor)
        below = [piece.y + piece.down for layer in layers for piece in layer]
        floor = max(below) + BANDS_APART if below else None


def gap(upper: Piece, lower: Piece) -> float:
    """How far apart two neighbours of a layer are at least."""
    apart = 0.0 if upper.kind == lower.kind == "passing" else APART
    return upper.down + lower.up + apart


def _stack(layers: Sequence[list[Piece]], floor: float | None) -> None:
    for layer in layers:
        y = 0.0 if floor is None else floor
        for at, piece in enumerate(layer):
            y = y + gap(layer[at - 1], piece) if at else y + piece.up
            piece.y = y
    tall = max((layer[-1].y for layer in layers if layer), default=0.0)
    for layer in layers:
        lower = (tall - layer[-1].y) / 2 if layer else 0.0
        for piece in layer:
            piece.y += lower


def _relax(layer: Sequence[Piece], band: int, floor: float | None) -> None:
    wanted, weights, offset = [], [], 0.0
    offsets = []
    for at, piece in enumerate(layer):
        offset += gap(layer[at - 1], piece) if at else 0.0
        offsets.append(offset)
        place, weight = _wanted(piece, band)
        wanted.append(place - offset)
        weights.append(weight)
    lowest = float("-inf") if floor is None or not layer else floor + layer[0].up
    for piece, found, offset in zip(layer, _in_order(wanted, weights), offsets, strict=True):
        piece.y = max(found, lowest) + offset


def _wanted(piece: Piece, band: int) -> tuple[float, float]:
    total = weights = 0.0
    for link in piece.incoming:
        if link.left.band == band:
            weight = _weight(link)
            total += weight * (link.left.y - link.port)
            weights += weight
    for link in piece.outgoing:
        if link.right.band == band:
            weight = _weight(link)
            total += weight * (link.right.y + link.port)
            weights += weight
    return (total / weights, weights) if weights else (piece.y, 0.01)


def _weight(link: Link) -> float:
    bends = (link.left.kind in ("passing", "branch")) + (link.right.kind in ("passing", "branch"))
    return (1.0, 2.0, 6.0)[bends]


def _in_order(wanted: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The places nearest to those WANTED among all that never decrease."""
    pools: list[tuple[float, float, int]] = []
    for place, weight in zip(wanted, weights, strict=True):
        many = 1
        while pools and pools[-1][0] > place:
            other, heavy, count = pools.pop()
            place = (place * weight + other * heavy) / (weight + heavy)
            weight += heavy
            many += count
        pools.append((place, weight, many))
    return [place for place, _, many in pools for _ in range(many)]


def _straighten(sheet: Sheet, band: int, floor: float | None) -> None:
    """Pull wires straight: the longest first, then nodes to the wires that enter or leave them."""
    routes = [pieces for _, pieces in sheet.routes]
    ports = {id(link.left): link for pieces in routes for link in pieces[-1].incoming}
    for pieces in sorted(routes, key=len, reverse=True):
        inner = [piece for piece in pieces[1:-1] if piece.band == band]
        if not inner:
            continue
        low, high = _room(sheet, inner, floor)
        if low > high:
            continue
        port = ports[id(inner[-1])].port if id(inner[-1]) in ports else 0.0
        aims = [pieces[-1].y + port, pieces[0].y, sum(piece.y for piece in inner) / len(inner)]
        fitting = [aim for aim in aims if low <= aim <= high]
        place = fitting[0] if fitting else min(max(aims[2], low), high)
        for piece in inner:
            piece.y = place
    for layer in sheet.layers:
        for piece in layer:
            if piece.band == band:
                _align(sheet, piece, floor)


def _align(sheet: Sheet, piece: Piece, floor: float | None) -> None:
    """Put a piece level with what it is linked to, where it is nearly so or is free."""
    before = [link.left.y - link.port for link in piece.incoming if link.left.band == piece.band]
    after = [link.right.y + link.port for link in piece.outgoing if link.right.band == piece.band]
    aims = before if len(before) == 1 else [] if before else after
    low, high = _room(sheet, [piece], floor)
    fitting = [aim for aim in aims if low <= aim <= high and (abs(aim - piece.y) <= NEAR or not (before and after))]
    if fitting:
        piece.y = min(fitting, key=lambda aim: abs(aim - piece.y))


def _room(sheet: Sheet, pieces: Sequence[Piece], floor: float | None) -> tuple[float, float]:
    """Between which places all PIECES can be moved."""
    low = float("-inf") if floor is None else floor + max(piece.up for piece in pieces)
    high = float("inf")
    for piece in pieces:
        layer = sheet.layers[piece.layer]
        if piece.place and layer[piece.place - 1].band == piece.band:
            above = layer[piece.place - 1]
            low = max(low, above.y + gap(above, piece))
        if piece.place + 1 < len(layer) and layer[piece.place + 1].band == piece.band:
            below = layer[piece.place + 1]
            high = min(high, below.y - gap(piece, below))
    return low, high
