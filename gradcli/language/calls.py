"""Programs in which a call of the user's own function stays a line: a primitive with rules derived from its body."""

from __future__ import annotations

from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.graph import CONSTANT, VARIABLE, Graph, Node
from gradcli.graph.carriers import Trace
from gradcli.graph.composite import Composite, append_lines, nodes
from gradcli.graph.decompose import decompose
from gradcli.graph.notation import Text, atom, constant, operation
from gradcli.graph.optimise import EXACT, optimise
from gradcli.language import CALL, NAME, NUMBER, normalised, parse
from gradcli.language.builder import Program, _Builder
from gradcli.language.expressions import Expressions, Function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.language.expressions import Entry

UPSTREAM, VALUE = "upstream", "y"


class NoPrimitive(Exception):
    """A call cannot be a line: its body has no line of its own, or asks for derivatives."""


def program_of_calls(source: str, *, given: Iterable[str], ties: str, decomposition: str) -> Program:
    """The program in SOURCE, with its calls as lines. Raises NoPrimitive, and what building raises."""
    builder = CallBuilder(source, parse(source), None, given, ties)
    builder.decomposition = decomposition
    return Program(normalised(source), builder, builder.program())


class CallBuilder(_Builder):
    """Builds a program; each call of a function of the user's is a line."""

    decomposition = "auto"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.made: dict[Any, Composite] = {}
        self.own: dict[str, Function] = {}
        self.ties: str = arguments[4]

    def run(self, start: int, end: int) -> Entry:
        """The same, with the functions out of sight: a call of one comes to `call`."""
        self.own, self.functions = self.functions, {}
        found = super().run(start, end)
        self.functions = self.own
        return found

    def call(self, name: str, arguments: list[Entry], place: int) -> Entry:
        if name not in self.own:
            return super().call(name, arguments, place)
        body = Body(self, self.own, name, arguments)
        self.has_arrays |= body.has_arrays
        operands = [argument for argument in arguments if type(argument) is int] + body.outer
        if type(body.result) is not int:
            return body.result
        if not body.depends():
            leaves = {str(slot): operand for slot, operand in enumerate(operands)}
            return append_lines(body.graph, self.graph, leaves, [body.result])[0]
        key = (name, *[None if type(argument) is int else repr(argument) for argument in arguments], *body.captured)
        if key not in self.made:
            self.made[key] = composite(body, self.decomposition)
        return self.graph.append(self.made[key], tuple(operands))


class Body(Expressions):
    """The body of one call in a graph of its own, whose leaves are the arguments that are lines, then what it sees.

    `outer` are the lines that it sees, `captured` their names.
    """

    def __init__(self, around: CallBuilder, own: dict[str, Function], name: str, arguments: Sequence[Entry]) -> None:
        super().__init__(around.source, around.items, None, (), around.ties)
        self.around = around
        self.name = name
        self.arguments = arguments
        self.functions = own
        self.definitions = around.definitions
        self.captured: dict[str, int] = {}
        self.outer: list[int] = []
        self.base = len(around.items)
        parameters = own[name].parameters
        self.names = [p for p, argument in zip(parameters, arguments, strict=True) if type(argument) is int]
        leaves = iter([self.graph.variable(str(slot)) for slot in range(len(self.names))])
        self.leaves = {slot: next(leaves) for slot, argument in enumerate(arguments) if type(argument) is int}
        call = [(NAME, slot) if slot in self.leaves else (NUMBER, argument) for slot, argument in enumerate(arguments)]
        self.items = [*around.items, *call, (CALL, (name, len(arguments)))]
        self.result = self.run(self.base, len(self.items))
        if self.has_words:
            raise NoPrimitive

    def meaning(self, name: Any, place: int, sees: int) -> Entry:
        """An argument, or what the program around means by a name."""
        if place >= self.base:
            return self.leaves[name]
        found = self.around.meaning(name, place, sees)
        if type(found) is not int:
            return found
        if name not in self.captured:
            self.captured[name] = self.graph.variable(str(len(self.names) + len(self.outer)))
            self.outer.append(found)
        return self.captured[name]

    def depends(self) -> bool:
        """Whether the call has a line of its own that depends on an argument, or on what it sees."""
        graph = self.graph
        live = graph.live([self.result])
        leaves = [live[line] for line, primitive in enumerate(graph.primitives) if primitive is VARIABLE]
        return any(leaves) and bool(graph.operands[self.result])


def composite(body: Body, decomposition: str) -> Composite:
    """The function of a BODY as a primitive: its rules are the adjoint lines of its body, tidied."""
    operands = [*body.names, *body.captured]
    words = worded(body, operands)
    graph, result = ordered(body.graph, body.result, len(operands), decomposition)
    kinds = {primitive.kind for line, primitive in enumerate(graph.primitives) if graph.operands[line]}
    gated = any(primitive.opens or getattr(primitive, "opens_inside", False) for primitive in graph.primitives)
    arrays = any(primitive is CONSTANT and type(static) is not float
                 for primitive, static in zip(graph.primitives, graph.statics, strict=True))  # fmt: skip
    elementwise = kinds == {"elementwise"} and not gated and not arrays
    count = len(operands)

    def local(*leaves: Node) -> list[Node | None]:
        return derived(graph, result, leaves, carried=False)

    def carried(*leaves: Node) -> list[Node | None]:
        return derived(graph, result, leaves, carried=True, exactly=gated)

    return Composite(
        body.name, words, operands, Trace(graph, count, [result]), local if elementwise else carried,
        elementwise=elementwise, opens_inside=gated,
    )  # fmt: skip


def ordered(graph: Graph, result: int, count: int, decomposition: str) -> tuple[Graph, int]:
    """GRAPH in a decomposition, with the COUNT operands first, and only what RESULT needs."""
    decomposed = decompose(graph, result, decomposition)
    found = Graph()
    leaves = {str(slot): found.variable(str(slot)) for slot in range(count)}
    (line,) = append_lines(decomposed.graph, found, leaves, [decomposed.moved[result]])
    assert line is not None
    return found, line


def derived(
    body: Graph, result: int, leaves: Sequence[Node], *, carried: bool, exactly: bool = False
) -> list[Node | None]:
    """The rules of a BODY over LEAVES (upstream where they are CARRIED, y, the operands): adjoint lines, tidied.

    EXACTLY keeps every value to the last bit: a gate tests for equality with what the forward pass computed.
    """
    count = len(leaves) - 1 - carried
    graph, own = Graph(), leaves[0].graph
    names = [*[UPSTREAM] * carried, VALUE, *map(str, range(count))]
    shapes: list[Shape] = [leaf.shape for leaf in leaves]
    graph.shapes = [] if carried else None
    lines = {name: graph.variable(name, None, shape) for name, shape in zip(names, shapes, strict=True)}
    (end,) = append_lines(body, graph, lines, [result])
    assert end is not None
    seed = lines[UPSTREAM] if carried else graph.constant(1.0)
    start = len(graph)
    sources = [lines[str(slot)] for slot in range(count)]
    adjoints = adjoint_lines(graph, end, sources, seed=seed, is_number=lambda line: True)
    for line in range(start, len(graph)):  # y is at hand
        graph.operands[line] = tuple([lines[VALUE] if operand == end else operand for operand in graph.operands[line]])
    wanted = [adjoints[source] for source in sources]
    wanted = [lines[VALUE] if line == end else line for line in wanted]
    live = [line for line in wanted if line is not None]
    tidy = optimise(graph, live, EXACT) if exactly else optimise(graph, live)
    settled = [None if line is None else tidy.moved[line] for line in wanted]
    places = dict(zip(names, [leaf.index for leaf in leaves], strict=True))
    return nodes(own, append_lines(tidy.graph, own, places, settled))


def worded(body: Body, operands: Sequence[str]) -> str:
    """How a function reads: `swish(x) = x*sigmoid(x)`."""
    texts: list[Text] = []
    graph = body.graph
    for line, primitive in enumerate(graph.primitives):
        if primitive is VARIABLE:
            texts.append(atom(operands[int(graph.names[line] or 0)]))
        elif primitive is CONSTANT:
            texts.append(constant(graph.statics[line]))
        else:
            used = [texts[operand] for operand in graph.operands[line]]
            text, level = operation(primitive, graph.statics[line], used)
            texts.append((text if len(text) <= 200 else f"{text[:150]} …", level))
    return f"{body.name}({', '.join(body.functions[body.name].parameters)}) = {texts[body.result][0]}"
