"""The functions of arrays, each described by its own entry in the registry; numpy only for what is computed."""

from __future__ import annotations

from gradcli.graph import ATOM_LEVEL, PRODUCT_LEVEL, Graph, Primitive, array_primitives
from gradcli.graph.carriers import read, trace_array_rules, trace_definition
from gradcli.graph.notation import atom, constant, operation
from gradcli.graph.shapes import count, infer
from gradcli.language.builder import build
from gradcli.report.catalogue import Entry, Worked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.carriers import Trace
    from gradcli.graph.notation import Text
    from gradcli.language.builder import Program

    Numbers = tuple[Shape, Sequence[float]]

MANY, ROWS = 7, 5  # elements of the vectors, and rows, over which a rule is written out; there they are n and rows
COUNTED: dict[float, Text] = {
    float(MANY): ("n", ATOM_LEVEL), 1 / MANY: ("1/n", PRODUCT_LEVEL), 2 / MANY: ("2/n", PRODUCT_LEVEL),
    float(ROWS): ("rows", ATOM_LEVEL),
}  # fmt: skip
WHOLE = (None, False)
PAIR: Numbers = ((2,), (3, 4))
MATRIX: Numbers = ((2, 2), (2, 1, 5, 3))
EXAMPLES: dict[str, tuple[Any, tuple[Numbers, ...]]] = {
    "argmax": (WHOLE, (((3,), (3, 5, 4)),)),
    "broadcast": ((2, 3), (((3,), (1, 2, 3)),)),
    "cofactors": (None, (((2, 2), (1, 2, 3, 4)),)),
    "concat": (0, (((2,), (1, 2)), ((1,), (3,)))),
    "cross_entropy": (None, (((2,), (1, 2)), ((2,), (0, 1)))),
    "cumsum": (0, (((3,), (1, 2, 3)),)),
    "det": (None, (((2, 2), (1, 2, 3, 4)),)),
    "dot": (None, (((3,), (1, 2, 3)), ((3,), (4, 5, 6)))),
    "flatten": (None, (((2, 2), (1, 2, 3, 4)),)),
    "index": ((slice(1, 3),), (((4,), (1, 2, 3, 4)),)),
    "inv": (None, (MATRIX,)),
    "logsoftmax": (None, (((2,), (0, 1)),)),
    "matmul": (None, (((2, 2), (1, 2, 3, 4)), ((2, 1), (5, 6)))),
    "outer": (None, (((2,), (1, 2)), ((2,), (3, 4)))),
    "reshape": ((2, 2), (((4,), (1, 2, 3, 4)),)),
    "softmax_of": (None, (((2,), (0, 1)),)),
    "solve": (None, (MATRIX, ((2,), (3, 8)))),
    "stack": (None, (((2,), (1, 2)), ((2,), (3, 4)))),
    "trace": (None, (((2, 2), (1, 2, 3, 4)),)),
    "transpose": (None, (((2, 3), (1, 2, 3, 4, 5, 6)),)),
}  # static and operands of the worked line; reductions that are not here take PAIR
IN_WORDS = {
    "broadcast": "upstream, summed over the copies",
    "cofactors": "upstream, weighed by the minors of x",
    "concat": "its part of upstream",
    "cumsum": "upstream, summed from the end",
    "flatten": "upstream in the shape of x",
    "index": "zeros, and upstream at the index",
    "prod": "the product of all others",
    "reshape": "upstream in the shape of x",
    "trace": "eye(n)",
}  # where the lines of a rule are machinery
CALLS = {"index": "x[i]", "matmul": "a @ b", "softmax_of": "softmax(x)"}
NAMES = {"index": "[]", "matmul": "@", "softmax_of": "softmax"}
ALSO_FOUND_AS = {
    "index": "index", "[]": "index", "[i]": "index", "x[i]": "index", "x[0]": "index", "slice": "index",
    "T": "transpose", ".T": "transpose", "x.T": "transpose", "max": "amax", "min": "amin", "softmax": "softmax_of",
}  # fmt: skip
SPELLINGS = {
    "amax": ("max(x)",),
    "amin": ("min(x)",),
    "index": ("x[0]", "W[1,2]", "x[1:3]", "W[:,0]"),
    "logsoftmax": ("log(softmax(x))",),
    "logsumexp": ("log(sum(exp(x)))",),
    "matmul": ("matmul(a, b)",),
    "norm": ("sqrt(sum(x^2))", "sum(x^2)^0.5", "sqrt(x@x)"),
    "softmax_of": ("exp(x)/sum(exp(x))",),
    "stack": ("[a, b]",),
    "std": ("sqrt(var(x))", "sqrt(mean((x - mean(x))^2))"),
    "transpose": ("x.T",),
    "var": ("mean((x - mean(x))^2)",),
}
MAKERS = {
    "arange": ("arange(from, to, step)", "numbers written out", "arange(1, 7, 2)"),
    "eye": ("eye(n)", "a size written out", "eye(2)"),
    "linspace": ("linspace(from, to, n)", "numbers written out", "linspace(0, 1, 5)"),
    "ones": ("ones(2, 3)", "sizes written out", "ones(2, 3)"),
    "zeros": ("zeros(2, 3)", "sizes written out", "zeros(2, 3)"),
}


def array_operators() -> list[Entry]:
    """The operators of arrays."""
    known = array_primitives()
    return [entry_of(known[name]) for name in ("matmul", "index")]


def array_functions() -> list[Entry]:
    """The functions of arrays, and what makes arrays."""
    spoken = [p for p in array_primitives().values() if p.kind != "elementwise" and p.name != "matmul"]
    return [
        *(entry_of(primitive) for primitive in spoken if primitive.spoken or primitive.name == "softmax_of"),
        *(maker(name) for name in MAKERS),
    ]


def array_entries(name: str) -> list[Entry]:
    """What NAME means for arrays: none, or one entry."""
    if name in MAKERS:
        return [maker(name)]
    known = array_primitives()
    primitive = known.get(ALSO_FOUND_AS.get(name, name))
    if name == "@":
        primitive = known["matmul"]
    if primitive is None or primitive.kind == "elementwise":
        return []
    return [entry_of(primitive)] if primitive.spoken or name in ALSO_FOUND_AS else []


def maker(name: str) -> Entry:
    """A function that makes an array of numbers that are written out."""
    call, domain, example = MAKERS[name]
    entry = Entry(name, call, "constant")
    entry.domain = domain
    entry.work = lambda: _made(example)
    return entry


def _made(example: str) -> Worked:
    from gradcli.graph.arrays import plain
    from gradcli.questions import Options, evaluated

    return Worked(example, {}, plain(evaluated(example, {}, Options()).value), {})


def entry_of(primitive: Primitive) -> Entry:
    """All that the registry says about a primitive of arrays, and what the engine computes with it."""
    name = primitive.name
    operands = operands_of(primitive)
    static, numbers = EXAMPLES.get(name, (WHOLE, (PAIR,)))
    entry = Entry(NAMES.get(name, name), CALLS.get(name, f"{name}({primitive.parameters})"), primitive.kind)
    entry.locals = dict(_rules(primitive, static, operands))
    entry.gates = primitive.verbs
    entry.domain = primitive.domain
    entry.edges = [(edge.kind, edge.says) for edge in primitive.edges]
    entry.definition = _definition(primitive, static, operands)
    entry.recognise = lambda: [text for text in SPELLINGS.get(name, ()) if is_read_as(text, primitive)]
    entry.work = lambda: _worked(primitive, static, operands, numbers)
    return entry


def operands_of(primitive: Primitive) -> list[str]:
    """The names of its operands; two stand for any number of them."""
    names = [part.strip() for part in primitive.parameters.split(",")]
    return names[: 2 if primitive.variadic else len(primitive.rules)]


def shapes_of(primitive: Primitive, static: Any) -> list[Shape]:
    """Shapes of operands over which the rules are written out: vectors where they can be."""
    shapes = [shape for shape, _ in EXAMPLES.get(primitive.name, (static, (PAIR,)))[1]]
    if primitive.name == "matmul":
        return [(2, 3), (3, 4)]
    if primitive.name == "cross_entropy":
        return [(ROWS, MANY), (ROWS, MANY)]
    if primitive.name in ("cumsum", "logsoftmax", "softmax_of") or primitive.kind == "reduces":
        return [(MANY,) if len(shape) == 1 else shape for shape in shapes]
    return shapes


def _rules(primitive: Primitive, static: Any, operands: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """The rule of every operand in its own text; None where nothing flows."""
    if primitive.name in IN_WORDS:
        yield from ((name, IN_WORDS[primitive.name]) for name in operands)
        return
    trace = trace_array_rules(primitive, static, shapes_of(primitive, static))
    leaves = ["y", *operands, *["upstream"] * (primitive.kind == "carried")]
    for slot, name in enumerate(operands):
        yield name, _text(trace, slot, leaves)


def _definition(primitive: Primitive, static: Any, operands: Sequence[str]) -> str | None:
    if primitive.definition is None:
        return None
    trace = trace_definition(primitive, len(operands), static, shapes_of(primitive, static))
    return _text(trace, 0, operands)


def _text(trace: Trace, slot: int, leaves: Sequence[str]) -> str | None:
    """Output SLOT of TRACE in the language, with n for the number of elements."""
    output = trace.outputs[slot]
    if output is None:
        return None
    texts = read(trace, [atom(leaf) for leaf in leaves], operation, _counted, trace.lines_of(slot))
    return spaced(str(texts[output][0]))


def spaced(text: str) -> str:
    """TEXT with blanks around @, as products of matrices are read."""
    return text.replace("@", " @ ")


def _counted(value: Any) -> Text:
    return COUNTED.get(value) or constant(value)


def is_read_as(text: str, primitive: Primitive) -> bool:
    """Whether `auto` reads TEXT as the function, where its names are vectors and its capital letters matrices."""
    from gradcli.graph.decompose import decompose

    program = build(text)
    decomposed = decompose(_with_shapes(program), program.result, "auto", ())
    return decomposed.graph.primitives[decomposed.moved[program.result]].shown == primitive.shown


def _with_shapes(program: Program) -> Graph:
    shapes: dict[str, Shape] = {name: (3, 3) if name.isupper() else (3,) for name in program.variables}
    program.graph.shapes = infer(program.graph, shapes)
    return program.graph


def _worked(primitive: Primitive, static: Any, operands: Sequence[str], numbers: Sequence[Numbers]) -> Worked:
    """The primitive at its example; from an upstream gradient 1, 2, 3, ... where its value is an array."""
    from gradcli.autodiff.arrays import evaluate, pull_back
    from gradcli.graph.arrays import from_numbers, literal, plain

    graph = Graph()
    graph.shapes = []
    leaves = [
        graph.variable(name, None, shape) for name, (shape, _) in zip(operands, numbers, strict=True)
    ]
    line = graph.append(primitive, tuple(leaves), static)
    point = {name: from_numbers(given, shape) for name, (shape, given) in zip(operands, numbers, strict=True)}
    values = evaluate(graph, point)
    shape = graph.shapes[line]
    upstream = from_numbers(range(1, count(shape) + 1), shape) if shape else 1.0
    sweep = pull_back(graph, values, line, [True] * len(graph), upstream=upstream)
    found = {name: sweep.numbers[leaf] for name, leaf in zip(operands, leaves, strict=True)}
    gradients = {name: plain(number) for name, number in found.items() if number is not None}
    texts = [literal(point[name]) for name in operands]  # type: ignore[arg-type]
    call = operation(primitive, static, [atom(text) for text in texts])[0]
    if primitive.name == "stack":
        call = f"stack({', '.join(texts)})"
    at = {name: plain(value) for name, value in point.items()}
    carried = plain(upstream) if shape and gradients else None
    return Worked(spaced(call), at, plain(values[line]), gradients, carried)
