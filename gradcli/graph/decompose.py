"""Decomposition: composites spelled out (naive), spelled-out forms recognised (sigmoid, auto), or nothing touched."""

from __future__ import annotations

from gradcli.graph import CONSTANT, NAMED, Graph, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradcli.graph.carriers import Trace
    from gradcli.graph.drafts import Draft
    from gradcli.graph.recognise import Match

TELLTALES = frozenset(("exp", "log", "sqrt", "max", "max_first", "pow", "sigmoid", "sinh", "softplus", "expm1"))


class Fold:
    """What a recognised line stands for: the text it was typed as, and the lines that only it used, no longer live."""

    __slots__ = ("_match", "_moved", "_root", "_typed", "lines")

    def __init__(self, typed: Graph, root: int, match: Match, moved: Sequence[int], lines: Sequence[int]) -> None:
        self._typed = typed
        self._root = root
        self._match = match
        self._moved = moved
        self.lines = lines

    def renumbered(self, moved: Sequence[int]) -> Fold:
        """The same fold in a graph where every line went elsewhere."""
        lines = [moved[line] for line in self.lines]
        return Fold(self._typed, self._root, self._match, [moved[line] for line in self._moved], lines)

    @property
    def text(self) -> list[str | int]:
        """Pieces of text, and the lines whose labels stand between them."""
        from gradcli.graph.recognise import spelling

        pieces = spelling(self._typed, self._root, self._match)
        return [self._moved[piece] if type(piece) is int else piece for piece in pieces]


class Decomposed:
    """A rewritten graph, where each line of the old one went, and the folds by recognised line."""

    __slots__ = ("folds", "graph", "moved")

    def __init__(self, graph: Graph, moved: Sequence[int], folds: dict[int, Fold] | None = None) -> None:
        self.graph = graph
        self.moved = moved
        self.folds = folds or {}


def decompose(graph: Graph, result: int, decomposition: str, keep: Iterable[int] = ()) -> Decomposed:
    """GRAPH in another decomposition. It depends on structure only, never on values; the lines in KEEP stay live."""
    if decomposition == "naive":
        return expand(graph)
    if decomposition == "typed" or not is_worth_a_look(graph):
        return Decomposed(graph, range(len(graph)))
    from gradcli.graph.recognise import matches

    found = matches(graph, frozenset(keep))
    return fold_matches(graph, [result], found) if found else Decomposed(graph, range(len(graph)))


def is_worth_a_look(graph: Graph | Draft) -> bool:
    """Whether any line could be the last one of a spelling."""
    if any(primitive.name in TELLTALES for primitive in graph.primitives) or 0.5 in graph.statics:
        return True
    return graph.shapes is not None and any(primitive.name == "mean" for primitive in graph.primitives)


def expand(graph: Graph) -> Decomposed:
    """Every composite spelled out by its definition, down to what has none; e^x with the constant e is exp(x)."""
    moved: Sequence[int] = range(len(graph))
    while any(primitive.definition or _is_power_of_e(graph, i) for i, primitive in enumerate(graph.primitives)):
        step = _expanded_once(graph)
        if graph.shapes is not None:
            _infer_again(step.graph, graph)
        moved = [step.moved[index] for index in moved]
        graph = step.graph
    return Decomposed(graph, moved)


def _expanded_once(graph: Graph) -> Decomposed:
    from gradcli.graph.carriers import write

    wider = Graph()
    moved: list[int] = []
    for index, primitive in enumerate(graph.primitives):
        operands = tuple([moved[operand] for operand in graph.operands[index]])
        static, name, span = graph.statics[index], graph.names[index], graph.spans[index]
        if primitive.definition is not None:
            (node,) = write(_definition(graph, index), [Node(wider, operand) for operand in operands])
            assert node is not None
            wider.names[node.index], wider.spans[node.index] = name, span
            moved.append(node.index)
        elif _is_power_of_e(graph, index):
            moved.append(wider.append(NAMED["exp"], operands[1:], None, name, span))
        else:
            moved.append(wider.append(primitive, operands, static, name, span))
    return Decomposed(wider, moved)


def _infer_again(wider: Graph, graph: Graph) -> None:
    """The shapes of WIDER, which has the variables of GRAPH."""
    from gradcli.graph.shapes import infer

    assert graph.shapes is not None
    leaves = [index for index, operands in enumerate(graph.operands) if not operands and graph.names[index]]
    wider.shapes = infer(wider, {graph.names[index] or "": graph.shapes[index] for index in leaves})


def _definition(graph: Graph, index: int) -> Trace:
    from gradcli.graph.carriers import trace_definition

    primitive, operands = graph.primitives[index], graph.operands[index]
    if primitive.kind == "elementwise":
        return trace_definition(primitive, len(operands))
    shapes = None if graph.shapes is None else [graph.shapes[operand] for operand in operands]
    return trace_definition(primitive, len(operands), graph.statics[index], shapes)


def _is_power_of_e(graph: Graph, index: int) -> bool:
    from math import e

    if graph.primitives[index].name != "pow":
        return False
    base = graph.operands[index][0]
    return graph.primitives[base] is CONSTANT and graph.statics[base] == e


def live_with(graph: Graph, results: Iterable[int], found: dict[int, Match]) -> list[bool]:
    """Which lines the RESULTS are computed from once the matches in FOUND are made."""
    live = [False] * len(graph)
    for result in results:
        live[result] = True
    for index in range(len(graph) - 1, -1, -1):
        if live[index]:
            for operand in found[index].lines if index in found else graph.operands[index]:
                live[operand] = True
    return live


def fold_matches(graph: Graph, results: Iterable[int], found: dict[int, Match]) -> Decomposed:
    """Replace the matched lines that the RESULTS need; what only they used stays in the graph, folded."""
    live = live_with(graph, results, found)
    short = Graph()
    short.shapes = None if graph.shapes is None else []
    moved: list[int] = []
    folds: dict[int, Fold] = {}
    for index, primitive in enumerate(graph.primitives):
        match = found.get(index) if live[index] else None
        if match is None:
            operands = tuple([moved[operand] for operand in graph.operands[index]])
            if short.shapes is not None and graph.shapes is not None and not operands:
                short.shapes.append(graph.shapes[index])
            moved.append(
                short.append(primitive, operands, graph.statics[index], graph.names[index], graph.spans[index])
            )
            continue
        operands = tuple([recipe.write(short, moved) for recipe in match.operands])
        name, span = graph.names[index], graph.spans[index]
        line = short.append(match.primitive, operands, match.static, None if match.negative else name, span)
        moved.append(short.append(NAMED["neg"], (line,), None, name, span) if match.negative else line)
        inner = [moved[other] for other in match.inner if not live[other]]
        folds[line] = Fold(graph, index, match, moved, inner)
    return Decomposed(short, moved, folds)
