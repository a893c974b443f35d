"""The dashed boxes of a circuit: what a recognised primitive stands for, and where one is spelled out."""

from __future__ import annotations

from gradcli.autodiff import evaluate
from gradcli.graph import CONSTANT
from gradcli.graph.decompose import fold_matches, is_worth_a_look
from gradcli.graph.notation import atom, constant, operation
from gradcli.graph.recognise import matches
from gradcli.report.flows import formula, local_numbers
from gradcli.report.rounding import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gradcli.graph.notation import Text
    from gradcli.graph.recognise import Match
    from gradcli.report.circuit_texts import Texts
    from gradcli.report.explanation import Explanation

MOST_LOOKED_AT = 2_000  # lines of a graph in which spelled-out forms are looked for


class Box:
    """The lines of one box, the last of which is the whole: what it says of itself, and its local gradients.

    `open` is whether the lines are those of the spelling; else the box holds the one line that stands for it.
    """

    __slots__ = ("lines", "locals", "open", "says")

    def __init__(self, lines: Sequence[int], says: str, locals_: Sequence[str], *, open: bool) -> None:
        self.lines = lines
        self.says = says
        self.locals = locals_
        self.open = open


def boxes_of(explanation: Explanation, drawn: Collection[int], texts: Texts) -> list[Box]:
    """The boxes around the lines that are DRAWN, in order of evaluation; they never share a line."""
    found = []
    for line, fold in explanation.question.folds.items():
        if line in drawn:
            says = "".join(piece if isinstance(piece, str) else explanation.name(piece) for piece in fold.text)
            found.append(Box([line], f"= {says}", texts.local_of(line), open=False))
    return found + _open(explanation, drawn, texts.base)


def _open(explanation: Explanation, drawn: Collection[int], digits: int) -> list[Box]:
    """Forms that are spelled out: `sigmoid(v4), local f*sigmoid(-v4) = 0.196612`."""
    graph = explanation.graph
    if explanation.decomposition not in ("naive", "typed") or len(graph) > MOST_LOOKED_AT or not is_worth_a_look(graph):
        return []
    found: list[Box] = []
    taken: set[int] = set()
    users: dict[int, set[int]] = {}
    for line, operands in enumerate(graph.operands):
        for operand in operands:
            users.setdefault(operand, set()).add(line)
    matched = matches(graph, frozenset(explanation.question.live_sources()))
    for root in sorted(matched, reverse=True):
        match = matched[root]
        lines = [line for line in match.inner if graph.operands[line]]
        inside = {*lines, root}
        alone = all(users.get(line, set()) <= inside for line in lines)
        if not lines or not alone or not inside <= set(drawn) or inside & taken:
            continue
        taken |= inside
        found.append(Box([*lines, root], *_words(explanation, root, match, digits), open=True))
    return found[::-1]


def _words(explanation: Explanation, root: int, match: Match, digits: int) -> tuple[str, list[str]]:
    """What the box of a spelled-out form says: the primitive it is, and the local gradients of that."""
    graph, names = explanation.graph, explanation.labels.names
    folded = fold_matches(graph, [root], {root: match})
    short, whole = folded.graph, folded.moved[root]
    line = short.operands[whole][0] if match.negative else whole
    texts: dict[int, Text] = {}
    for old, new in enumerate(folded.moved):
        texts.setdefault(new, explanation.labels.text(old))
    for new in range(len(short)):
        if new not in texts or new in (line, whole):
            made_of = [texts[operand] for operand in short.operands[new]]
            static = short.statics[new]
            texts[new] = operation(short.primitives[new], static, made_of) if made_of else constant(static)
    says = texts[whole][0]
    operands = short.operands[line]
    if match.negative or short.shapes is not None or len(operands) > 2:
        return says, []
    values = evaluate(short, explanation.question.point)
    leaves = [values[line], *[values[operand] for operand in operands]]
    spoken = [atom(names[root]), *[texts[operand] for operand in operands]]
    found = []
    for slot, number in enumerate(local_numbers(short, values, line)):
        if number is None or short.primitives[operands[slot]] is CONSTANT:
            continue
        rule = formula(short.primitives[line], short.statics[line], slot, spoken, leaves)
        by = f" by {texts[operands[slot]][0]}" if len(operands) > 1 else ""
        found.append(f"local{by} {f'{rule} = ' if rule else ''}{shown(number, digits)}")
    return says, found
