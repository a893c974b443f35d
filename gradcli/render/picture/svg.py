"""A circuit as SVG: text stays text, every wire and node says what it is, nothing but print comes from a name.

The structure is kept, so that a page can light up wires and write other numbers into them:

    <svg class="circuit" viewBox role="img" aria-labelledby>
      <title>, <desc>                           the expression; the value and the gradients
      <style>                                   unless `styled` is False; all rules begin with .circuit
      <rect class="page">                       the background
      <text class="title">                      one for each line of the expression
      <g class="frame" data-line="f">           an open box: <rect class="box">, <text class="boxname">...
      <g class="wire" data-from="v1" data-to="v3" data-slot="0">     a wire, or the branch of a fork
          <title>                               the flow: `v3 → v1: 0.2 × 1 = 0.2`
          <path class="line">, <path class="tip">
          <text class="local">                  the local gradient, at the port, where it was asked for
          <g class="numbers"><text class="value">, <text class="gradient">    see below
      <g class="trunk" data-line="w">           the wire before a fork, with its numbers
          <path class="line">, <circle class="dot">, <g class="numbers">
      <g class="rail" data-line="w">            its way on to branches that leave it later: <path class="line">, dots
      <g class="node operation" data-line="v3">      or `node leaf`, `node end`, `node more`; <title>, a shape
          <text class="name">, <text class="op">, <text class="gate">; of a leaf <text class="leaf">, of an end
          <text class="end">; a closed box has its <rect class="box"> and <text class="boxtext"> here
      <text class="key">                        what the colours mean

Values run `data-from` → `data-to`, flows the other way; the operand stands at place `data-slot` of its line. What a
sweep added has the class `added` too. Of a wire to the result's end `data-to` is the name of the end, and `data-end`
is there. `<g class="numbers">` has `data-line` (whose value it is), and on branches `data-to` and `data-slot`: there
the gradient is that of the flow, else that of the line. For scalars it holds one text of each kind; on a trunk that
of the gradient has its sum (`6.4 = 0.4 + 6`, a long one in several texts) unless `sums` is False. With `room=12` every
such text may become 12 characters wide and meets nothing. Ids are `{prefix}wire-LINE-TO-SLOT`, `{prefix}trunk-LINE`,
`{prefix}node-LINE` with the indices of the lines; an end has its line's index with an `e` before it.
"""

from __future__ import annotations

from gradcli.render.picture.layout import MARGIN, Layout
from gradcli.render.picture.marks import cells_of, escaped, gate_of, short
from gradcli.render.picture.pieces import TIGHT
from gradcli.render.picture.sizes import LINE, RADIUS, SMALL, TITLE, label_of, size_of
from gradcli.render.picture.style import style
from gradcli.render.picture.widths import clipped, width, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.render.picture.pieces import Piece
    from gradcli.report.circuit import Circuit, Fork, Wire

KEY = SMALL + 1
MOST_TITLE = 6  # lines


def svg(
    circuit: Circuit, *, local: bool = False, room: int = 0, sums: bool = True, styled: bool = True,
    dark: bool = True, heading: bool = True, prefix: str = "",
) -> str:  # fmt: skip
    """CIRCUIT as an SVG document in the structure above; HEADING are the expression on top and the key below.

    ROOM is how many characters the numbers of every wire may become.
    """
    return _Drawing(Layout(circuit, local=local, room=room, sums=sums), prefix).document(
        styled=styled, dark=dark, heading=heading
    )


class _Drawing:
    """Writes one layout, a part after the other."""

    def __init__(self, layout: Layout, prefix: str) -> None:
        self.layout = layout
        self.circuit = layout.circuit
        self.prefix = prefix
        self.uses = {line: sum(wire.source == line for wire in self.circuit.wires) for line in self.circuit.forks}
        self.names = {node.line: node.name or self.circuit.labels[node.line] for node in self.circuit.nodes}

    def document(self, *, styled: bool, dark: bool, heading: bool) -> str:
        layout, circuit = self.layout, self.circuit
        key = self._key() if heading else []
        wide = max(layout.width, 320.0, *[width(text, KEY, bold=True) for line in key[:1] for _, text in line])
        title = clipped(wrapped(circuit.title, TITLE, wide), MOST_TITLE) if heading else []
        top = MARGIN + len(title) * 20 + (12 if title else 0)
        rows = self._key_rows(key, wide)
        total = top + layout.height + MARGIN + len(rows) * 20
        size = f'viewBox="0 0 {short(wide + 2 * MARGIN)} {short(total)}"'
        size += f' width="{short(wide + 2 * MARGIN)}" height="{short(total)}"'
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="circuit" {size} role="img" '
            f'aria-labelledby="{self.prefix}title {self.prefix}desc">',
            f'<title id="{self.prefix}title">{escaped(circuit.title)}</title>',
            f'<desc id="{self.prefix}desc">Values above the wires, {escaped(circuit.of)} below. '
            f"{escaped(circuit.answer)}</desc>",
            *([f"<style>{style(dark=dark)}</style>"] if styled else []),
            '<rect class="page" width="100%" height="100%"/>',
        ]
        parts += [
            f'<text class="title" x="{MARGIN:g}" y="{short(MARGIN + 14 + at * 20)}">{escaped(text)}</text>'
            for at, text in enumerate(title)
        ]
        parts.append(f'<g transform="translate({MARGIN:g} {short(top)})">')
        parts += [*self._frames(), *self._trunks(), *self._wires(), *self._nodes()]
        parts.append("</g>")
        for at, row in enumerate(rows):
            y = short(top + layout.height + MARGIN + 8 + at * 20)
            parts += [f'<text class="key" x="{short(MARGIN + x)}" y="{y}">{text}</text>' for x, text in row]
        return "\n".join([*parts, "</svg>", ""])

    def _key(self) -> list[list[tuple[str, str]]]:
        """What the colours mean, as entries of a class, a word and the rest."""
        circuit = self.circuit
        noun, _, rest = circuit.of.partition(" ")
        arrow = "← backward" if noun == "gradient" else "forward →"
        found = [[("value", "value"), ("", " above the wire, forward →")]]
        found.append([("gradient", noun), ("", f" {rest} below it, {arrow}")])
        if self.layout.local:
            found.append([("local", "local gradient"), ("", " where a wire enters")])
        if circuit.has_added:
            found.append([("gradient", "dashed"), ("", ": adjoint lines, added by a backward pass")])
        for box in self.layout.unframed:
            names = ", ".join(circuit.labels[line] for line in box.lines)
            found.append([("local", f"{names}: "), ("", ", ".join([box.says, *box.locals]))])
        return found

    def _key_rows(self, key: Sequence[Sequence[tuple[str, str]]], wide: float) -> list[list[tuple[float, str]]]:
        rows: list[list[tuple[float, str]]] = [[]] if key else []
        x = 0.0
        for entry in key:
            room = width("".join(text for _, text in entry), KEY, bold=True)
            if x and x + room > wide:
                rows.append([])
                x = 0.0
            spans = [
                f'<tspan class="{role}">{escaped(text)}</tspan>' if role else escaped(text) for role, text in entry
            ]
            rows[-1].append((x, "".join(spans)))
            x += room + 28
        return rows

    def _frames(self) -> Iterator[str]:
        for frame in self.layout.frames:
            line = escaped(self.circuit.labels[frame.box.lines[-1]])
            yield f'<g class="frame" data-line="{line}">'
            yield (
                f'<rect class="box" x="{short(frame.left)}" y="{short(frame.top)}" rx="10" '
                f'width="{short(frame.right - frame.left)}" height="{short(frame.bottom - frame.top)}"/>'
            )
            for at, text in enumerate(reversed(frame.texts)):
                y = short(frame.top - 8 - at * LINE)
                yield f'<text class="boxname" x="{short(frame.left + 2)}" y="{y}">{escaped(text)}</text>'
            yield "</g>"

    def _trunks(self) -> Iterator[str]:
        for line, fork in self.circuit.forks.items():
            piece = self.layout.nodes[line]
            stop = self.layout.stops[piece.layer]
            added = " added" if piece.node is not None and piece.node.added else ""
            yield f'<g class="trunk{added}" id="{self.prefix}trunk-{line}" data-line="{escaped(self.names[line])}">'
            said = f" = {fork.sum}" if fork.sum else ""
            gradient = "" if fork.gradient is None else f": {fork.gradient}{said}"
            yield f"<title>{escaped(self.names[line])} is used {self.uses[line]} times{escaped(gradient)}</title>"
            yield f'<path class="line" d="M{short(piece.x + piece.half)} {short(piece.y)}H{short(stop)}"/>'
            if len(piece.outgoing) > 1:
                yield f'<circle class="dot" cx="{short(stop)}" cy="{short(piece.y)}" r="4"/>'
            yield from self._numbers(fork, piece, stop)
            yield "</g>"
        for (line, band), pieces in self.layout.rails.items():
            yield f'<g class="rail{" added" if band else ""}" data-line="{escaped(self.names[line])}">'
            start = self.layout.stops[pieces[0].layer]
            way, y = f"M{short(start)} {short(pieces[0].y)}", pieces[0].y
            for piece in pieces[1:]:
                way += self._bend(piece, y, piece.y)
                way += f"H{short(self.layout.stops[piece.layer])}"
                y = piece.y
            yield f'<path class="line" d="{way}"/>' if len(pieces) > 1 else ""
            for piece in pieces[1:]:
                if len(piece.outgoing) > 1:
                    x = self.layout.stops[piece.layer]
                    yield f'<circle class="dot" cx="{short(x)}" cy="{short(piece.y)}" r="4"/>'
            yield "</g>"

    def _bend(self, piece: Piece, y: float, there: float) -> str:
        """The way of a wire through the channel before a piece, from height Y."""
        if there == y:
            return ""
        before, after = self.layout.stops[piece.layer - 1], self.layout.starts[piece.layer]
        middle = (before + after) / 2
        way = f"H{short(before)}C{short(middle)} {short(y)} {short(middle)} {short(there)} "
        return f"{way}{short(after)} {short(there)}"

    def _wires(self) -> Iterator[str]:
        for wire, pieces in self.layout.routes:
            added = " added" if wire.added else ""
            target = pieces[-1].node
            assert target is not None
            end = target.kind == "end"
            to = f"e{wire.source}" if end else str(wire.target)
            place = f'data-to="{escaped(target.name)}" data-slot="{wire.slot}"{" data-end" if end else ""}'
            place = place.replace(" data-end", ' data-end=""')
            yield (
                f'<g class="wire{added}" id="{self.prefix}wire-{wire.source}-{to}-{wire.slot}" '
                f'data-from="{escaped(self.names[wire.source])}" {place}>'
            )
            if wire.flow:
                yield f"<title>{escaped(wire.flow)}</title>"
            path, tip = self._path(pieces)
            yield f'<path class="line" d="{path}"/>'
            if not end:
                yield f'<path class="tip" d="{tip}"/>'
            if self.layout.local and wire.local is not None:
                x, y = self._port(pieces)
                yield f'<text class="local" x="{short(x - 12)}" y="{short(y - 4)}">{escaped(str(wire.local))}</text>'
            forked = wire.source in self.circuit.forks
            piece = pieces[1] if forked else pieces[0]
            stop = self.layout.stops[piece.layer]
            yield from self._numbers(wire, piece, stop, place if forked else "")
            yield "</g>"

    def _port(self, pieces: Sequence[Piece]) -> tuple[float, float]:
        """Where a wire ends, at the rim of its target."""
        target = pieces[-1]
        port = next(link.port for link in target.incoming if link.left is pieces[-2])
        half = target.half
        if target.kind in ("leaf", "end"):
            return target.x - 8, target.y
        if target.rise == RADIUS and half == RADIUS:
            half = (RADIUS**2 - port**2) ** 0.5
        return target.x - half, target.y + port

    def _path(self, pieces: Sequence[Piece]) -> tuple[str, str]:
        """The way of a wire and its tip."""
        layout, source = self.layout, pieces[0]
        end, y_end = self._port(pieces)
        y = source.y
        start = layout.stops[source.layer] if pieces[1].kind == "branch" else source.x + source.half
        path = f"M{short(start)} {short(y)}"
        for piece in pieces[1:]:
            there = y_end if piece is pieces[-1] else piece.y
            path += self._bend(piece, y, there)
            y = there
        tip = f"M{short(end)} {short(y)}l-8 -4v8z"
        return f"{path}H{short(end if pieces[-1].kind == 'end' else end - 6)}", tip

    def _numbers(self, numbers: Wire | Fork, piece: Piece, stop: float, place: str = "") -> Iterator[str]:
        """The value above a wire and the gradient below it, in the middle of its horizontal part."""
        start = piece.x + piece.number_at if piece.kind != "branch" else piece.x + TIGHT
        middle = (start + stop - TIGHT) / 2
        of = escaped(self.names[numbers.source])
        yield f'<g class="numbers" data-line="{of}"{f" {place}" if place else ""}>'
        height = size_of(numbers.value)[1]
        yield from cells_of("value", numbers.value, middle, piece.y - 8 - height + LINE)
        if numbers.gradient is not None:
            words = self.layout.words_of(numbers)
            if not words:
                yield from cells_of("gradient", numbers.gradient, middle, piece.y + 19)
            for at, text in enumerate(words):
                y = short(piece.y + 19 + LINE * at)
                yield f'<text class="gradient" x="{short(middle)}" y="{y}">{escaped(text)}</text>'
        yield "</g>"

    def _nodes(self) -> Iterator[str]:
        for node in self.circuit.nodes:
            piece = self.layout.nodes[node.line]
            x, y = piece.x, piece.y
            added = " added" if node.added else ""
            name = f"e{-1 - node.line}" if node.kind == "end" else str(node.line)
            yield (
                f'<g class="node {node.kind}{added}" id="{self.prefix}node-{name}" '
                f'data-line="{escaped(self.names[node.line])}">'
            )
            yield f"<title>{escaped(node.says)}</title>"
            if node.kind in ("leaf", "end"):
                yield f'<text class="{node.kind}" x="{short(x)}" y="{short(y + 5)}">{escaped(label_of(node))}</text>'
            else:
                yield from gate_of(piece)
            yield "</g>"
