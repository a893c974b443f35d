"""What is laid out: the pieces of a circuit with the room they take, in layers from left to right, and their links.

A layer of nodes holds nodes with the numbers of the wire that leaves them, and the places where long wires pass; before
nodes that take branches stands a layer of these, with the numbers of each. All branches of a fork leave one rail, which
goes as far as the last of them. Numbers stand on horizontal wires only, and wires bend only between two layers, so that
no text can meet a wire or another text.
"""

from __future__ import annotations

from itertools import pairwise

from gradcli.errors import GradError
from gradcli.render.picture.sizes import LEAF, LINE, NUMBER, OPERATION, RADIUS, SMALL, label_of, size_of
from gradcli.render.picture.widths import clipped, width, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.circuit import Circuit, Fork, Node, Wire
    from gradcli.report.circuit_boxes import Box

PORT, LOCAL_PORT = 18, 22
TIGHT, SHORTEST = 9, 44  # room before numbers; the shortest wire with numbers on it
LONGEST_SUM = 26  # letters in a line
BOX_WIDTH, BOX_PAD = 230, 14
MOST_PIECES = 20_000
LEFT_AT_MOST = 12  # inputs that all stand at the left edge


class Piece:
    """A node, the numbers of a branch, or the passing of a long wire. `x` is the middle of the node, `y` the wire.

    `up` and `down` are the room above and below `y`, `left` and `right` beside `x`; `half` and `rise` half the width
    and height of the node itself, `inner` half the width of its closed box, `ports` where the wires enter, from its
    middle. `numbers` is the wire or fork whose numbers stand behind a node.
    """

    __slots__ = (
        "band", "box", "box_lines", "down", "half", "incoming", "inner", "kind", "layer", "left", "node", "number_at",
        "numbers", "outgoing", "place", "ports", "right", "rise", "up", "wire", "x", "y",
    )  # fmt: skip

    def __init__(self, kind: str, layer: int, band: int) -> None:
        self.kind = kind
        self.layer = layer
        self.band = band
        self.x = self.y = 0.0
        self.up = self.down = self.left = self.right = self.half = self.rise = self.inner = 0.0
        self.place = 0
        self.ports: list[float] = []
        self.node: Node | None = None
        self.wire: Wire | None = None
        self.numbers: Wire | Fork | None = None
        self.number_at = 0.0
        self.box: Box | None = None
        self.box_lines: list[str] = []
        self.incoming: list[Link] = []
        self.outgoing: list[Link] = []


class Link:
    """A piece of a wire between two layers; `port` is its place at the right end, from the middle of that piece."""

    __slots__ = ("left", "port", "right", "share")

    def __init__(self, left: Piece, right: Piece, port: float = 0.0, share: float = 0.5) -> None:
        self.left = left
        self.right = right
        self.port = port
        self.share = share
        left.outgoing.append(self)
        right.incoming.append(self)


class Sheet:
    """Everything that is laid out. `room` is how wide the numbers of a wire may become, in letters, at least."""

    def __init__(self, circuit: Circuit, *, local: bool, room: int, sums: bool) -> None:
        self.circuit = circuit
        self.local = local
        self.sums = sums
        self.shortest = max(SHORTEST, width("0" * room, NUMBER, bold=True))
        self.nodes: dict[int, Piece] = {}
        self.layers: list[list[Piece]] = []
        self.routes: list[tuple[Wire, list[Piece]]] = []
        self.rails: dict[tuple[int, int], list[Piece]] = {}
        self._into: dict[int, list[Wire]] = {}
        self._from: dict[int, list[Wire]] = {}
        for wire in circuit.wires:
            self._into.setdefault(wire.target, []).append(wire)
            self._from.setdefault(wire.source, []).append(wire)
        self._boxes = {box.lines[0]: box for box in circuit.boxes if not box.open}
        self._framed = {line for box in circuit.boxes if box.open for line in box.lines}
        ranks = self._ranks()
        parting = {ranks[wire.target] for wire in circuit.wires if wire.source in circuit.forks}
        layer_of = [0]
        for rank in range(1, max(ranks.values(), default=0) + 1):
            layer_of.append(layer_of[-1] + 1 + (rank in parting))
        self._limit(layer_of, ranks)
        self.layers = [[] for _ in range(layer_of[-1] + 1)]
        for node in circuit.nodes:
            self._add(self._piece(node, layer_of[ranks[node.line]]))
        for wire in circuit.wires:
            self._route(wire)

    def _add(self, piece: Piece) -> Piece:
        layer = self.layers[piece.layer]
        piece.place = len(layer)
        layer.append(piece)
        if piece.node is not None:
            self.nodes[piece.node.line] = piece
        return piece

    def _ranks(self) -> dict[int, int]:
        """The longest way from the left edge; many inputs stand where they are used first instead."""
        ranks: dict[int, int] = {}
        leaves = [node for node in self.circuit.nodes if node.kind == "leaf"]
        for node in self.circuit.nodes:
            ranks[node.line] = max((ranks[wire.source] + 1 for wire in self._into.get(node.line, ())), default=0)
        if len(leaves) > LEFT_AT_MOST:
            for leaf in leaves:
                ranks[leaf.line] = max(min((ranks[w.target] for w in self._from.get(leaf.line, ())), default=1) - 1, 0)
        return ranks

    def _piece(self, node: Node, layer: int) -> Piece:
        piece = Piece(node.kind, layer, int(node.added))
        piece.node = node
        if node.kind in ("leaf", "end"):
            wide = width(label_of(node), LEAF, bold=True)
            piece.half, piece.rise = 8, 11
            piece.left, piece.right = (wide, 0) if node.kind == "leaf" else (12, wide)
            piece.up = piece.down = 14
            piece.ports = [0.0]
        else:
            self._size_of_gate(piece, node)
        wires = self._from.get(node.line, [])
        if wires:
            fork = self.circuit.forks.get(node.line)
            self._leave(piece, fork or wires[0])
        return piece

    def _size_of_gate(self, piece: Piece, node: Node) -> None:
        wires = self._into.get(node.line, [])
        gap = LOCAL_PORT if self.local else PORT
        piece.ports = [(place - (len(wires) - 1) / 2) * gap for place in range(len(wires))]
        symbol = width(node.symbol, OPERATION)
        piece.rise = max(RADIUS, gap * (len(wires) - 1) / 2 + 12)
        piece.half = RADIUS if symbol <= 32 and piece.rise == RADIUS else max(symbol / 2 + 10, RADIUS)
        piece.up, piece.down = piece.rise + 10 + SMALL, piece.rise + (10 + SMALL if node.gate else 2)
        beside = max(piece.half, width(label_of(node), SMALL, bold=True) / 2, width(node.gate, SMALL) / 2)
        piece.left = piece.right = beside
        local = max((width(str(w.local), SMALL) for w in wires if w.local is not None), default=0) if self.local else 0
        box = self._boxes.get(node.line)
        if box is not None:
            piece.box = box
            texts = clipped(wrapped(box.says, SMALL, BOX_WIDTH), 3)
            for text in box.locals:
                texts += clipped(wrapped(text, SMALL, BOX_WIDTH), 3)
            piece.box_lines = texts
            piece.inner = BOX_PAD + max(beside, *[width(text, SMALL) / 2 for text in texts], piece.half + local + 6)
            piece.left = piece.right = piece.inner
            local = 0
            piece.up += BOX_PAD - 4
            piece.down += LINE * len(texts) + BOX_PAD - 4
        elif node.line in self._framed:
            piece.left += 10
            piece.right += 10
            piece.up += 8
            piece.down += 8
        piece.left += local + 24 if local else 12

    def _leave(self, piece: Piece, numbers: Wire | Fork) -> None:
        """Put the numbers of the wire that leaves a node behind it."""
        piece.numbers = numbers
        up, down, wide = self.room_of(numbers)
        piece.number_at = piece.right + TIGHT
        piece.right += 2 * TIGHT + wide
        piece.up, piece.down = max(piece.up, up), max(piece.down, down)

    def room_of(self, numbers: Wire | Fork) -> tuple[float, float, float]:
        """How much the numbers of a wire take above it, below it, and along it."""
        value = size_of(numbers.value)
        gradient = (0.0, 0.0) if numbers.gradient is None else size_of(numbers.gradient, with_shape=False)
        up = 10 + value[1]
        down = 8.0
        wide = max(self.shortest, value[0])
        if numbers.gradient is not None:
            words = self.words_of(numbers)
            down = 10 + gradient[1] + LINE * max(len(words) - 1, 0)
            wide = max(wide, gradient[0], *[width(text, NUMBER, bold=True) for text in words])
        return up, down, wide

    def words_of(self, numbers: Wire | Fork) -> list[str]:
        """The gradient of a fork with its sum, `6.4 = 0.4 + 6`, in lines; nothing where it is not a sum."""
        found = getattr(numbers, "sum", "")
        if not found or not self.sums or numbers.gradient is None:
            return []
        lines = [f"{numbers.gradient} ="]
        for at, part in enumerate(found.split(" + ")):
            text = f" + {part}" if at else f" {part}"
            if len(lines[-1]) + len(text) <= LONGEST_SUM:
                lines[-1] += text
            else:
                lines.append(text.strip())
        return lines

    def _limit(self, layer_of: Sequence[int], ranks: dict[int, int]) -> None:
        """Refuse what would be nothing but wires."""
        spans: dict[object, int] = {}
        for wire in self.circuit.wires:
            key: object = wire.source if wire.source in self.circuit.forks else (wire.source, wire.target, wire.slot)
            span = layer_of[ranks[wire.target]] - layer_of[ranks[wire.source]]
            spans[key] = max(spans.get(key, 0), span)
        if sum(spans.values()) > MOST_PIECES:
            raise GradError(
                "limit", f"the picture would have wires through {sum(spans.values()):,} places, the most is "
                f"{MOST_PIECES:,}",
                hint="draw a smaller part, or see gradcli explain EXPR --view tree",
            )  # fmt: skip

    def _route(self, wire: Wire) -> None:
        """The pieces that a wire passes between its ends, each in its layer, linked."""
        source, target = self.nodes[wire.source], self.nodes[wire.target]
        if wire.source in self.circuit.forks:
            tap = self._rail(wire, source, target.layer - 2)
            branch = self._add(Piece("branch", target.layer - 1, int(wire.added)))
            branch.wire = branch.numbers = wire
            branch.up, branch.down, wide = self.room_of(wire)
            branch.right = wide + 2 * TIGHT
            pieces = [tap, branch, target]
        else:
            passing = [self._passing(wire, layer) for layer in range(source.layer + 1, target.layer)]
            pieces = [source, *passing, target]
        wires = self._into[wire.target]
        at = next(place for place, other in enumerate(wires) if other is wire)
        for left, right in pairwise(pieces[:-1]):
            Link(left, right)
        Link(pieces[-2], target, target.ports[at], (at + 1) / (len(wires) + 1))
        self.routes.append((wire, pieces))

    def _rail(self, wire: Wire, source: Piece, layer: int) -> Piece:
        """The piece of a fork's rail in LAYER, to which it is made to go; one rail in each band."""
        rail = self.rails.setdefault((wire.source, int(wire.added)), [source])
        while rail[-1].layer < layer:
            rail.append(self._passing(wire, rail[-1].layer + 1))
            Link(rail[-2], rail[-1])
        return rail[layer - source.layer]

    def _passing(self, wire: Wire, layer: int) -> Piece:
        piece = self._add(Piece("passing", layer, int(wire.added)))
        piece.wire = wire
        piece.up = piece.down = 8
        return piece
