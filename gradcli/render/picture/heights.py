"""The place of every piece from top to bottom: near those it is linked to, in order, never too near to its neighbours.

Each layer in turn takes the places whose squared distances to what is wanted are least among those in order (pool
adjacent violators: Barlow et al., Statistical Inference under Order Restrictions, 1972), from a beginning in which long
wires are straight; then they are pulled straight again wherever there is room.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.render.picture.pieces import Link, Piece, Sheet

APART, BANDS_APART = 10.0, 34.0
ROUNDS, BETWEEN, LAST = 24, 6, 3  # sweeps, after how many of which wires are pulled straight, and how often at last
NEAR = 12.0  # what is bent by less is pulled straight


def put_in_place(sheet: Sheet) -> None:
    """Give every piece its `y`; the adjoint lines stand below all others."""
    floor = float("-inf")
    for band in (0, 1):
        found = _Band(sheet, band, floor)
        found.place()
        floor = max([floor, *[piece.y + piece.down + BANDS_APART for piece in found.pieces()]])


def gap(upper: Piece, lower: Piece) -> float:
    """How far apart two neighbours of a layer are at least."""
    apart = 0.0 if upper.kind == lower.kind == "passing" else APART
    return upper.down + lower.up + apart


class _Route:
    """The pieces of a wire, or of a rail (which has no `last`), between its ends."""

    __slots__ = ("first", "inner", "last")

    def __init__(self, first: Piece, inner: Sequence[Piece], last: Piece | None) -> None:
        self.first = first
        self.inner = inner
        self.last = last

    def end(self) -> float:
        """Where the wire enters its last piece."""
        link = self.inner[-1].outgoing[0]
        return link.right.y + link.port


class _Band:
    """The pieces of one band, below FLOOR."""

    def __init__(self, sheet: Sheet, band: int, floor: float) -> None:
        self.band = band
        self.floor = floor
        self.layers = [[piece for piece in layer if piece.band == band] for layer in sheet.layers]
        self.first = [layer[0].place if layer else 0 for layer in self.layers]
        routes = [_Route(pieces[0], pieces[1:-1], pieces[-1]) for _, pieces in sheet.routes]
        routes += [_Route(pieces[0], pieces[1:], None) for pieces in sheet.rails.values()]
        routes = [route for route in routes if route.inner and route.inner[0].band == band]
        self.routes = sorted(routes, key=lambda route: -len(route.inner))

    def pieces(self) -> Iterator[Piece]:
        """Every piece, layer by layer."""
        for layer in self.layers:
            yield from layer

    def place(self) -> None:
        """Begin with straight wires, relax every layer in turn, pull straight."""
        self._stack()
        for turn in range(ROUNDS):
            for layer in self.layers if turn % 2 == 0 else reversed(self.layers):
                self._relax(layer)
            if turn % BETWEEN == BETWEEN - 1:
                self._straighten()
        for turn in range(2 * LAST):
            if turn % 2 == 0:
                self._straighten()
            for piece in self.pieces():
                if piece.node is not None:
                    self._align(piece)

    def _stack(self) -> None:
        """Every piece as high as those above it let it, all of one wire at one height; a wire that would have to be
        above and below another one is given up."""
        block: dict[Piece, int] = {}
        for number, route in enumerate(self.routes):
            block.update(dict.fromkeys(route.inner, number))
        for piece in self.pieces():
            block.setdefault(piece, len(block) + len(self.routes))
        while True:
            heights = self._heights(block)
            left = [piece for piece in self.pieces() if block[piece] not in heights]
            if not left:
                break
            high = max(block.values()) + 1
            block.update({piece: high + at for at, piece in enumerate(left)})
        top = 0.0 if self.floor == float("-inf") else self.floor
        for piece in self.pieces():
            piece.y = top + heights[block[piece]]

    def _heights(self, block: dict[Piece, int]) -> dict[int, float]:
        """The height of every block that has one: the longest way from the top."""
        below: dict[int, list[tuple[int, float]]] = {}
        waits: dict[int, int] = dict.fromkeys(block.values(), 0)
        heights: dict[int, float] = dict.fromkeys(waits, 0.0)
        for layer in self.layers:
            for at, piece in enumerate(layer):
                here = block[piece]
                if at:
                    above = block[layer[at - 1]]
                    below.setdefault(above, []).append((here, gap(layer[at - 1], piece)))
                    waits[here] += 1
                else:
                    heights[here] = max(heights[here], piece.up)
        ready = [here for here, many in waits.items() if not many]
        found = {}
        while ready:
            here = ready.pop()
            found[here] = heights[here]
            for lower, apart in below.get(here, ()):
                heights[lower] = max(heights[lower], heights[here] + apart)
                waits[lower] -= 1
                if not waits[lower]:
                    ready.append(lower)
        return found

    def _relax(self, layer: Sequence[Piece]) -> None:
        wanted, weights, offsets, offset = [], [], [], 0.0
        for at, piece in enumerate(layer):
            offset += gap(layer[at - 1], piece) if at else 0.0
            place, weight = self._wanted(piece)
            offsets.append(offset)
            wanted.append(place - offset)
            weights.append(weight)
        lowest = self.floor + layer[0].up if layer else 0.0
        for piece, found, offset in zip(layer, _in_order(wanted, weights), offsets, strict=True):
            piece.y = max(found, lowest) + offset

    def _wanted(self, piece: Piece) -> tuple[float, float]:
        total = weights = 0.0
        for link in piece.incoming:
            if link.left.band == self.band:
                weight = _weight(link)
                total += weight * (link.left.y - link.port)
                weights += weight
        for link in piece.outgoing:
            if link.right.band == self.band:
                weight = _weight(link)
                total += weight * (link.right.y + link.port)
                weights += weight
        return (total / weights, weights) if weights else (piece.y, 0.01)

    def _straighten(self) -> None:
        """Pull every wire straight, the longest first: as far as it can go at one height, then at another."""
        for route in self.routes:
            inner = route.inner
            start = 0
            while start < len(inner):
                low, high = self._room(inner[start : start + 1])
                stop = start + 1
                while stop < len(inner):
                    lower, upper = self._room(inner[stop : stop + 1])
                    if max(low, lower) > min(high, upper):
                        break
                    low, high = max(low, lower), min(high, upper)
                    stop += 1
                run = inner[start:stop]
                end = route.last or inner[-1].outgoing[0].right
                aims = [route.end()] if stop == len(inner) and end.band == self.band else []
                first = [route.first.y] if not start and route.first.band == self.band else []
                aims = first + aims if route.last is None or route.first.kind == "leaf" else aims + first
                aims.append(sum(piece.y for piece in run) / len(run))
                place = next((aim for aim in aims if low <= aim <= high), min(max(aims[-1], low), high))
                for piece in run:
                    piece.y = place
                start = stop

    def _align(self, piece: Piece) -> None:
        """Put a node level with what it is linked to, where it is nearly so, or free to be."""
        if len(piece.incoming) == 1:
            way = [piece]
            while not way[-1].node or len(way) == 1:
                way.append(way[-1].incoming[0].left)
            source = way.pop()
            alone = all(
                sum(link.right.band == self.band for link in part.outgoing) == 1 for part in (*way[1:], source)
            )
            inside = source.band == self.band and all(part.band == self.band for part in way)
            low, high = self._room(way) if alone and inside else (1.0, 0.0)
            if low <= source.y <= high:
                for part in way:
                    part.y = source.y
                return
        before = [link.left.y - link.port for link in piece.incoming if link.left.band == self.band]
        after = [link.right.y + link.port for link in piece.outgoing if link.right.band == self.band]
        low, high = self._room([piece])
        aims = [aim for aim in before or after if low <= aim <= high and (not before or abs(aim - piece.y) <= NEAR)]
        if aims:
            piece.y = min(aims, key=lambda aim: abs(aim - piece.y))

    def _room(self, pieces: Sequence[Piece]) -> tuple[float, float]:
        """Between which places all PIECES can be moved."""
        low, high = float("-inf"), float("inf")
        for piece in pieces:
            layer = self.layers[piece.layer]
            at = piece.place - self.first[piece.layer]
            low = max(low, self.floor + piece.up, layer[at - 1].y + gap(layer[at - 1], piece) if at else low)
            if at + 1 < len(layer):
                high = min(high, layer[at + 1].y - gap(piece, layer[at + 1]))
        return low, high


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
