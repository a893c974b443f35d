"""The layout of a circuit: layers from left to right, ordered, put in place, and given their distances.

Our own, five hundred lines in all, after trying grandalf 0.8, the one pure Python library for layered graphs, on the
samples: it has no ports, so that in top/bottom the bottom stood above the top; no room for numbers on wires, no rails,
no row of adjoint lines below the others; it recurses under a raised recursion limit (a chain of 3,000 lines takes it
three seconds), and it is under the GPL or the EPL. Graphviz would have to be installed, and gives wires no row of text.
"""

from __future__ import annotations

from gradcli.render.picture.heights import put_in_place
from gradcli.render.picture.order import put_in_order
from gradcli.render.picture.pieces import Sheet
from gradcli.render.picture.sizes import LINE, SMALL
from gradcli.render.picture.widths import width, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.render.picture.pieces import Piece
    from gradcli.report.circuit import Circuit
    from gradcli.report.circuit_boxes import Box

MARGIN = 24.0
CHANNEL, MOST_CHANNEL = 34.0, 110.0
MOST_WORDS = 4  # lines above an open box
PAD = 12.0  # of an open box around its nodes


class Frame:
    """An open box: where it stands, and the lines of text above it."""

    __slots__ = ("bottom", "box", "left", "right", "texts", "top")

    def __init__(self, box: Box, left: float, top: float, right: float, bottom: float) -> None:
        self.box = box
        self.left, self.top, self.right, self.bottom = left, top, right, bottom
        self.texts: list[str] = []


class Layout(Sheet):
    """A circuit laid out: every piece has its place; `frames` are the open boxes, `unframed` those without room.

    The layer at index i begins at `starts[i]` and ends at `stops[i]`; wires bend between them. Raises nothing.
    """

    def __init__(self, circuit: Circuit, *, local: bool = False, room: int = 0, sums: bool = True) -> None:
        super().__init__(circuit, local=local, room=room, sums=sums)
        put_in_order(self.layers)
        put_in_place(self)
        self.starts: list[float] = []
        self.stops: list[float] = []
        self.frames: list[Frame] = []
        self.unframed: list[Box] = []
        self._set_columns()
        for box in circuit.boxes:
            if box.open:
                self._frame(box)
        self._move_to_the_corner()

    def _set_columns(self) -> None:
        x = 0.0
        for at, layer in enumerate(self.layers):
            if at:
                x += self._channel(layer)
            self.starts.append(x)
            middle = x + max(piece.left for piece in layer)
            for piece in layer:
                piece.x = middle if piece.kind != "branch" else x
            x = middle + max(piece.right for piece in layer)
            self.stops.append(x)

    def _channel(self, layer: list[Piece]) -> float:
        """The room for wires to bend: more where they are steep."""
        steep = max((abs(link.left.y - piece.y - link.port) for piece in layer for link in piece.incoming), default=0)
        return min(CHANNEL + steep / 6, MOST_CHANNEL) if steep > 0.5 else CHANNEL / 2

    def _frame(self, box: Box) -> None:
        """Put a dashed box around the nodes of a form; it never holds a node that is not of it."""
        members = [self.nodes[line] for line in box.lines]
        first, last = min(piece.layer for piece in members), max(piece.layer for piece in members)
        top = min(piece.y - piece.up for piece in members)
        bottom = max(piece.y + piece.down for piece in members)
        left = self.starts[first] - 4
        right = max(piece.x + piece.half for piece in members if piece.layer == last) + PAD
        lines = set(box.lines)
        for layer in self.layers[first : last + 1]:
            for piece in layer:
                own = piece in members or (piece.wire is not None and {piece.wire.source, piece.wire.target} & lines)
                if not own and piece.y + piece.down > top and piece.y - piece.up < bottom:
                    self.unframed.append(box)
                    return
        frame = Frame(box, left, top, right, bottom)
        words = [piece for text in (box.says, *box.locals) for piece in wrapped(text, SMALL + 1, right - left)]
        together = ", ".join([box.says, *box.locals])
        frame.texts = [together] if width(together, SMALL + 1) <= right - left else words
        if len(words) > MOST_WORDS:
            self.unframed.append(box)
            return
        height = LINE * len(frame.texts) + 6
        self._make_room(top, height)
        frame.top, frame.bottom = top + height, bottom + height
        self.frames.append(frame)

    def _make_room(self, y: float, height: float) -> None:
        """Move everything from Y on down."""
        for layer in self.layers:
            for piece in layer:
                if piece.y >= y:
                    piece.y += height
        for frame in self.frames:
            frame.bottom += height if frame.bottom > y else 0
            frame.top += height if frame.top >= y else 0

    def _move_to_the_corner(self) -> None:
        pieces = [piece for layer in self.layers for piece in layer]
        top = min([piece.y - piece.up for piece in pieces] + [f.top - LINE * len(f.texts) - 6 for f in self.frames])
        for piece in pieces:
            piece.y = float(round(piece.y - top))
        for frame in self.frames:
            frame.top, frame.bottom = round(frame.top - top), round(frame.bottom - top)
        self.height = max([piece.y + piece.down for piece in pieces] + [frame.bottom for frame in self.frames])
        self.width = max([self.stops[-1], *[f.left + width(t, SMALL + 1) + 12 for f in self.frames for t in f.texts]])
