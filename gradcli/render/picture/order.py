"""The order of the pieces in each layer, from top to bottom: as few wires as possible cross.

Sweeps by barycentres, to the right and back, and exchanges of neighbours, of which the best is kept. See Sugiyama,
Tagawa and Toda, Methods for visual understanding of hierarchical system structures, 1981. The adjoint lines, below all
others, are sorted when those have their order, so that a backward pass leaves the picture of the forward one alone.
"""

from __future__ import annotations

from random import Random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.render.picture.pieces import Link, Piece

    Layers = Sequence[list[Piece]]

SWEEPS, EXCHANGES, SHUFFLES = 8, 6, 8
MOST_EXCHANGED, MOST_SHUFFLED = 1_500, 200  # pieces


def put_in_order(layers: Layers) -> None:
    """Sort every layer; the same circuit is always sorted the same way."""
    for layer in layers:
        layer.sort(key=lambda piece: piece.band)
        for place, piece in enumerate(layer):
            piece.place = place
    for band in (0, 1):
        _Band(layers, band).sort()
    for layer in layers:
        layer.sort(key=lambda piece: piece.place)


class _Band:
    """The pieces of one band, which are sorted; those of a band before it keep their places."""

    def __init__(self, layers: Layers, band: int) -> None:
        self.band = band
        self.layers = [[piece for piece in layer if piece.band == band] for layer in layers]
        self.first = [min((piece.place for piece in layer), default=0) for layer in self.layers]
        self.incoming = {piece: self._kept(piece.incoming) for layer in self.layers for piece in layer}
        self.outgoing = {piece: self._kept(piece.outgoing) for layer in self.layers for piece in layer}
        self.gaps = [[*self._links_before(layer)] for layer in layers]
        self.pieces = sum(map(len, self.layers))

    def _kept(self, links: Sequence[Link]) -> list[Link]:
        return [link for link in links if link.left.band <= self.band and link.right.band <= self.band]

    def _links_before(self, layer: Sequence[Piece]) -> Iterator[Link]:
        for piece in layer:
            for link in self._kept(piece.incoming):
                if self.band in (link.left.band, link.right.band):
                    yield link

    def sort(self) -> None:
        """Try several beginnings: as the program is written, upside down, first backwards; small ones shuffled too."""
        best, fewest = self._places(), self._crossings()
        written = best
        chance = Random(1)  # noqa: S311 - always the same
        for attempt in range(4 + (SHUFFLES if self.pieces <= MOST_SHUFFLED else 0)):
            if not fewest:
                break
            if attempt < 4:
                self._restore([layer[::-1] if attempt % 2 else layer for layer in written])
            else:
                self._restore([chance.sample(layer, len(layer)) for layer in written])
            found = self._improve(first=attempt // 2 % 2)
            if found < fewest:
                best, fewest = self._places(), found
        self._restore(best)

    def _improve(self, first: int) -> int:
        """Sweep to and fro and exchange neighbours; says how many wires cross in the best order, which is kept."""
        best, fewest = self._places(), self._crossings()
        for sweep in range(first, first + SWEEPS):
            self._sweep(to_the_right=sweep % 2 == 0)
            found = self._crossings()
            if found < fewest:
                best, fewest = self._places(), found
        self._restore(best)
        for _ in range(EXCHANGES if self.pieces <= MOST_EXCHANGED and fewest else 0):
            if not self._exchange():
                break
        found = self._crossings()
        if found > fewest:
            self._restore(best)
        return min(found, fewest)

    def _places(self) -> list[list[Piece]]:
        return [[*layer] for layer in self.layers]

    def _restore(self, places: Sequence[list[Piece]]) -> None:
        self.layers = [[*layer] for layer in places]
        for first, layer in zip(self.first, self.layers, strict=True):
            for place, piece in enumerate(layer, first):
                piece.place = place

    def _sweep(self, *, to_the_right: bool) -> None:
        turns = [*zip(self.first, self.layers, strict=True)]
        for first, layer in turns if to_the_right else reversed(turns):
            wanted: dict[Piece, float] = {}
            for piece in layer:
                if to_the_right:
                    ends = [link.left.place + 0.5 for link in self.incoming[piece]]
                else:
                    ends = [link.right.place + link.share for link in self.outgoing[piece]]
                wanted[piece] = sum(ends) / len(ends) if ends else piece.place + 0.5
            layer.sort(key=wanted.__getitem__)
            for place, piece in enumerate(layer, first):
                piece.place = place

    def _crossings(self) -> int:
        """How many pairs of wires cross: pairs that change their order between layers, counted in a binary tree."""
        found = 0
        for links in self.gaps:
            ends = sorted((link.left.place, link.right.place + link.share) for link in links)
            rank = {height: at for at, height in enumerate(sorted({height for _, height in ends}), 1)}
            tree = [0] * (len(rank) + 1)
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

    def _exchange(self) -> bool:
        """Exchange neighbours where fewer wires cross then; says whether any were."""
        changed = False
        for layer in self.layers:
            for at in range(len(layer) - 1):
                upper, lower = layer[at], layer[at + 1]
                if self._between(lower, upper) < self._between(upper, lower):
                    layer[at], layer[at + 1] = lower, upper
                    upper.place, lower.place = lower.place, upper.place
                    changed = True
        return changed

    def _between(self, upper: Piece, lower: Piece) -> int:
        """How many wires of two neighbours cross if UPPER stands above LOWER."""
        found = 0
        for a in self.incoming[upper]:
            found += sum(b.left.place < a.left.place for b in self.incoming[lower])
        for a in self.outgoing[upper]:
            end = a.right.place + a.share
            found += sum(b.right.place + b.share < end for b in self.outgoing[lower])
        return found
