"""The functions and operators of the language, each described by its own entry in the registry."""

from __future__ import annotations

import math

from gradcli.errors import GradError
from gradcli.graph import POWER_LEVEL, Primitive, primitives
from gradcli.graph.carriers import trace_definition
from gradcli.graph.decompose import decompose
from gradcli.graph.notation import atom, local_text, operation, spelled
from gradcli.language.builder import CONSTANTS, build
from gradcli.questions import Options, differentiated
from gradcli.text import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.graph.notation import Text

EXPONENT = 3.0  # stands for n where a rule of x^n is written out
ALIASES = {"**": "^", "×": "*", "·": "*", "÷": "/", "−": "-"}
POINTS = {
    1: ((1.0,), (0.5,), (2.0,), (1.5,), (-1.0,), (-2.0,)),
    2: ((2.0, 3.0), (3.0, 2.0), (0.5, 2.0), (1.0, 2.0)),
    3: ((2.0, 1.0, 3.0), (1.0, 2.0, 3.0)),
}
# Spellings of one function; those that are shown have just been recognised.
SPELLINGS = {
    "abs": ("sqrt(x^2)",),
    "cosh": ("(exp(x) + exp(-x))/2",),
    "exp": ("e^x",),
    "expm1": ("exp(x) - 1",),
    "hypot": ("sqrt(a^2 + b^2)",),
    "log1p": ("log(1 + x)",),
    "logaddexp": ("log(exp(a) + exp(b))",),
    "logsigmoid": ("log(sigmoid(x))", "-softplus(-x)", "-log(1 + exp(-x))"),
    "relu": ("max(x, 0)", "max(0, x)"),
    "sigmoid": ("1/(1 + exp(-x))", "exp(x)/(1 + exp(x))", "1/(1 + e^-x)"),
    "silu": ("x*sigmoid(x)", "x/(1 + exp(-x))"),
    "sinh": ("(exp(x) - exp(-x))/2",),
    "softmax": ("exp(a)/(exp(a) + exp(b))",),
    "softplus": ("log(1 + exp(x))", "log1p(exp(x))"),
    "tanh": (
        "(exp(x) - exp(-x))/(exp(x) + exp(-x))", "(exp(2*x) - 1)/(exp(2*x) + 1)", "sinh(x)/cosh(x)",
        "2*sigmoid(2*x) - 1",
    ),
}  # fmt: skip


class Worked:
    """One line computed by the engine: operands, value, a gradient per operand that has one."""

    __slots__ = ("call", "gradients", "point", "value")

    def __init__(self, call: str, point: dict[str, float], value: float, gradients: dict[str, float]) -> None:
        self.call = call
        self.point = point
        self.value = value
        self.gradients = gradients


class Entry:
    """What there is to say about one function or operator."""

    __slots__ = (
        "call",
        "definition",
        "domain",
        "edges",
        "gate",
        "locals",
        "name",
        "operands",
        "primitive",
        "recognised",
    )

    def __init__(self, primitive: Primitive) -> None:
        self.primitive = primitive
        self.operands = operands_of(primitive)
        symbol = primitive.notation[0] if primitive.notation else ""
        self.name = symbol or primitive.name
        self.call = _call(primitive, self.operands)
        self.locals = dict(_locals(primitive, self.operands))
        self.gate = primitive.verbs[0]
        self.domain = primitive.domain
        self.edges = [(edge.kind, edge.says) for edge in primitive.edges]
        self.definition = _definition(primitive, self.operands)
        self.recognised = [text for text in SPELLINGS.get(primitive.name, ()) if is_recognised(text, primitive)]

    def worked(self) -> Worked | None:
        """The function at a point where it and its gradients are ordinary numbers."""
        return _worked(self)

    def as_object(self) -> dict[str, object]:
        """The entry as the JSON of schema gradcli/1."""
        worked = self.worked()
        example = worked and {"at": worked.point, "value": worked.value, "gradients": worked.gradients}
        return {
            "name": self.name,
            "call": self.call,
            "local": self.locals,
            "gate": self.gate,
            "domain": self.domain,
            "edges": [{"kind": kind, "message": says} for kind, says in self.edges],
            "definition": self.definition,
            "recognised": self.recognised,
            "worked": example,
        }


class Catalogue:
    """Entries in order; `whole` where it is the list of everything, in short."""

    __slots__ = ("entries", "whole")

    def __init__(self, entries: Sequence[Entry], *, whole: bool) -> None:
        self.entries = entries
        self.whole = whole

    def as_object(self) -> dict[str, object]:
        """The entries as the JSON of schema gradcli/1."""
        return {"schema": SCHEMA, "functions": [entry.as_object() for entry in self.entries]}


def catalogue() -> Catalogue:
    """Every operator, then every function by name."""
    known = primitives().values()
    spoken = sorted((p for p in known if p.spoken), key=lambda primitive: primitive.name)
    return Catalogue([Entry(p) for p in [*(p for p in known if p.notation), *spoken]], whole=True)


def described(name: str) -> Catalogue:
    """The function, or the operators, of that NAME."""
    wanted = ALIASES.get(name.strip(), name.strip())
    found = [
        primitive
        for primitive in primitives().values()
        if (primitive.spoken and primitive.name == wanted) or (primitive.notation and primitive.notation[0] == wanted)
    ]
    if not found:
        raise _unknown(wanted)
    return Catalogue([Entry(primitive) for primitive in found], whole=False)


def _unknown(name: str) -> GradError:
    from gradcli.language.nearest import unknown_function

    if name in CONSTANTS:
        return GradError("name", f"{name!r} is a constant, not a function", hint=f"gradcli eval {name} prints it")
    message, hint = unknown_function(name, (), {}, {}, ())
    if hint.startswith("to multiply"):
        hint = "gradcli functions lists them all"
    return GradError("name", message, hint=hint)


def operands_of(primitive: Primitive) -> list[str]:
    """The names of its operands; two stand for any number of them."""
    return [part.split("=")[0].strip() for part in primitive.parameters.split(",") if part.strip() != "..."]


def _static(primitive: Primitive) -> float | None:
    return EXPONENT if primitive.static else None


def _call(primitive: Primitive, operands: Sequence[str]) -> str:
    if primitive.notation is None:
        return f"{primitive.name}({primitive.parameters})"
    if primitive.static:
        return f"{operands[0]}^n"
    return operation(primitive, None, [atom(name) for name in operands])[0]


def _locals(primitive: Primitive, operands: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """The rule of every operand in its own text; None where nothing flows."""
    texts: list[Text] = [atom(name) for name in operands]
    for slot, name in enumerate(operands):
        rule = local_text(primitive, _static(primitive), slot, "y", texts)
        yield name, f"{rule} where n = {EXPONENT:g}" if primitive.static else rule


def _definition(primitive: Primitive, operands: Sequence[str]) -> str | None:
    if primitive.definition is None:
        return None
    return spelled(trace_definition(primitive, len(operands)), 0, [atom(name) for name in operands])


def is_recognised(text: str, primitive: Primitive) -> bool:
    """Whether `auto` reads TEXT as the function."""
    program = build(text)
    decomposed = decompose(program.graph, program.result, "auto", ())
    return decomposed.graph.primitives[decomposed.moved[program.result]].shown == primitive.shown


def _worked(entry: Entry) -> Worked | None:
    found = [worked for worked in _examples(entry) if math.isfinite(worked.value)]
    ordinary = [w for w in found if all(map(math.isfinite, w.gradients.values()))]
    telling = [w for w in ordinary if w.value not in (0.0, *w.point.values())]
    sloping = [w for w in telling if any(w.gradients.values())]
    smooth = [w for w in sloping if not _at_an_edge(entry, w)]
    return next(iter([*smooth, *sloping, *telling, *ordinary, *found]), None)


def _examples(entry: Entry) -> Iterator[Worked]:
    primitive = entry.primitive
    given = len(entry.operands) - len(primitive.defaults)
    live = [name for name in entry.operands if entry.locals[name] is not None]
    for start in POINTS[given]:
        numbers = (*start, *primitive.defaults)
        point = dict(zip(entry.operands, numbers, strict=True))
        source = f"{entry.operands[0]}^{EXPONENT:g}" if primitive.static else _plain_call(entry)
        answer = differentiated(source, point, Options(decomposition="typed", wrt=live))
        call = operation(primitive, _static(primitive), [_number(value) for value in numbers])[0]
        yield Worked(call, point, answer.value, dict(answer.gradients or {}))


def _plain_call(entry: Entry) -> str:
    if entry.primitive.notation is not None:
        return entry.call
    return f"{entry.name}({', '.join(entry.operands)})"


def _number(value: float) -> Text:
    text = f"{value:g}"
    return (text, POWER_LEVEL if value < 0 else atom(text)[1])


def _at_an_edge(entry: Entry, worked: Worked) -> bool:
    extra = (EXPONENT,) if entry.primitive.static else ()
    operands = tuple(worked.point.values())
    return any(edge.when(worked.value, *operands, *extra) for edge in entry.primitive.edges if edge.kind != "dead")
