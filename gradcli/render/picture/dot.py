"""A circuit in the language of Graphviz, plain enough for every program that reads it."""

from __future__ import annotations

from gradcli.render.picture.style import LIGHT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.report.circuit import Circuit, Fork, Node, Wire

HEAD = (
    'rankdir=LR; bgcolor="{page}"; nodesep=0.35; ranksep=0.5; fontname="DejaVu Sans"; fontsize=13;',
    'node [fontname="DejaVu Sans" fontsize=14 color="{wire}" fontcolor="{ink}" fillcolor="{node}" style=filled];',
    'edge [fontname="DejaVu Sans" fontsize=11 color="{wire}" arrowsize=0.7];',
)


def dot(circuit: Circuit, *, local: bool = False) -> str:
    """CIRCUIT as a directed graph; labels are HTML-like where they have colours."""
    lines = ["digraph circuit {", f"  label={quoted(circuit.title)}; labelloc=t; labeljust=l;"]
    lines += [f"  {text.format(**LIGHT)}" for text in HEAD]
    lines += [f"  {text}" for text in _body(circuit, local=local)]
    return "\n".join([*lines, "}", ""])


def quoted(text: str) -> str:
    """TEXT as a string, in which nothing is an escape, an entity, or the end."""
    text = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
    text = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def html(text: str, role: str, more: str = "") -> str:
    """TEXT in the colour of its role, inside a HTML-like label."""
    text = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return f'<font color="{LIGHT[role]}"{more}>{text}</font>'


def identifier(line: int) -> str:
    """The name of a node of the graph; ends count down from -1."""
    return f"n{line}" if line >= 0 else f"end{-1 - line}"


def _body(circuit: Circuit, *, local: bool) -> Iterator[str]:
    boxed = {line for box in circuit.boxes for line in box.lines}
    for node in circuit.nodes:
        if node.line not in boxed:
            yield _node(node)
    nodes = {node.line: node for node in circuit.nodes}
    for at, box in enumerate(circuit.boxes):
        yield f"subgraph cluster_{at} {{"
        yield f"  label={quoted(', '.join([box.says.removeprefix('= '), *box.locals]))};"
        yield '  style=dashed; fontname="DejaVu Sans"; fontsize=11;'
        yield '  color="{local}"; fontcolor="{local}";'.format(**LIGHT)
        for line in box.lines:
            yield f"  {_node(nodes[line])}"
        yield "}"
    for line, fork in circuit.forks.items():
        yield f'fork{line} [shape=point width=0.09 fillcolor="{LIGHT["wire"]}"];'
        yield f"{identifier(line)} -> fork{line} [label=<{_numbers(fork, fork.sum)}> arrowhead=none];"
    for wire in circuit.wires:
        start = f"fork{wire.source}" if wire.source in circuit.forks else identifier(wire.source)
        text = _numbers(wire, "")
        if local and wire.local is not None:
            text += f"<br/>{html(f'local {wire.local}', 'local')}"
        more = f' color="{LIGHT["gradient"]}" style=dashed' if wire.added else ""
        yield f"{start} -> {identifier(wire.target)} [label=<{text}>{more}];"


def _node(node: Node) -> str:
    if node.kind in ("leaf", "end"):
        text = html(node.symbol, "gradient" if node.added else "ink", ' point-size="16"')
        return f"{identifier(node.line)} [shape=plaintext style=solid label=<<b>{text}</b>>];"
    role = "gradient" if node.added else "ink"
    parts = [f"<b>{html(node.name, role, SMALL)}</b>", html(node.symbol, role)]
    parts += [f"<i>{html(node.gate, 'dim', SMALL)}</i>"] if node.gate else []
    more = f' color="{LIGHT["gradient"]}" fillcolor="{LIGHT["added"]}"' if node.added else ""
    label = "<br/>".join(parts)
    return f'{identifier(node.line)} [shape=box style="rounded,filled" label=<{label}>{more}];'


SMALL = ' point-size="10"'


def _numbers(numbers: Wire | Fork, sum: str) -> str:
    text = html(str(numbers.value), "value")
    if numbers.gradient is not None:
        text += f"<br/>{html(f'{numbers.gradient} = {sum}' if sum else str(numbers.gradient), 'gradient')}"
    return text
