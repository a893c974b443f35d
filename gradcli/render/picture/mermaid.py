"""A circuit as a Mermaid flowchart, which forges draw inside Markdown."""

from __future__ import annotations

from gradcli.render.picture.dot import identifier
from gradcli.render.picture.style import LIGHT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.report.circuit import Circuit, Fork, Node, Wire

PLAIN = frozenset(" ,.×÷−·…→")


def mermaid(circuit: Circuit, *, local: bool = False) -> str:
    """CIRCUIT as a flowchart from left to right; a wire says its value, and behind ∂ the gradient."""
    lines = ["flowchart LR", *_body(circuit, local=local)]
    lines += [
        "  classDef leaf fill:none,stroke:none,font-weight:bold",
        "  classDef dot fill:{wire},stroke:{wire},color:{wire}".format(**LIGHT),
        "  classDef added fill:{added},stroke:{gradient},color:{gradient}".format(**LIGHT),
    ]
    return "\n".join([*lines, ""])


def spelled(text: str) -> str:
    """TEXT inside quotes: every sign that could be markup, of Mermaid or of what it hands labels to, by its number."""
    return "".join(sign if sign.isalnum() or sign in PLAIN else f"#{ord(sign)};" for sign in text)


def _body(circuit: Circuit, *, local: bool) -> Iterator[str]:
    boxed = {line for box in circuit.boxes for line in box.lines}
    nodes = {node.line: node for node in circuit.nodes}
    for node in circuit.nodes:
        if node.line not in boxed:
            yield f"  {_node(node)}"
    for at, box in enumerate(circuit.boxes):
        says = ", ".join([box.says.removeprefix("= "), *box.locals])
        yield f'  subgraph box{at} ["{spelled(says)}"]'
        for line in box.lines:
            yield f"    {_node(nodes[line])}"
        yield "  end"
        yield f"  style box{at} fill:none,stroke:{LIGHT['local']},stroke-dasharray:5 4,color:{LIGHT['local']}"
    for line, fork in circuit.forks.items():
        yield f'  fork{line}(("#8203;")):::dot'
        yield f'  {identifier(line)} ---|"{_numbers(fork, fork.sum)}"| fork{line}'
    for wire in circuit.wires:
        start = f"fork{wire.source}" if wire.source in circuit.forks else identifier(wire.source)
        text = _numbers(wire, "")
        if local and wire.local is not None:
            text += f"<br/>local {spelled(str(wire.local))}"
        arrow = "-.->" if wire.added else "-->"
        yield f'  {start} {arrow}|"{text}"| {identifier(wire.target)}'


def _node(node: Node) -> str:
    if node.kind in ("leaf", "end"):
        return f'{identifier(node.line)}["{spelled(node.symbol)}"]:::{"added" if node.added else "leaf"}'
    parts = [spelled(text) for text in (node.name, node.symbol, node.gate) if text]
    return f'{identifier(node.line)}(["{"<br/>".join(parts)}"]){":::added" if node.added else ""}'


def _numbers(numbers: Wire | Fork, sum: str) -> str:
    text = spelled(str(numbers.value))
    if numbers.gradient is not None:
        text += f"<br/>∂ {spelled(f'{numbers.gradient} = {sum}' if sum else str(numbers.gradient))}"
    return text
