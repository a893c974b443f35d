"""The functions and operators of the language, each described by its own entry in the registry."""

from __future__ import annotations

import math

from gradcli.errors import GradError
from gradcli.graph import POWER_LEVEL, Primitive, primitives
from gradcli.graph.carriers import trace_definition
from gradcli.graph.decompose import decompose
from gradcli.graph.notation import atom, local_text, operation, spelled
from gradcli.language.builder import build
from gradcli.language.expressions import CONSTANTS
from gradcli.questions import Options, differentiated
from gradcli.questions.array_catalogue import array_entries, array_functions, array_operators
from gradcli.questions.derivative_catalogue import WORDS, derivative_entries, derivative_entry
from gradcli.report.catalogue import Catalogue, Entry, Worked

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


def catalogue() -> Catalogue:
    """Every operator, then every function by name."""
    known = _of_scalars()
    operators = [*(entry_of(p) for p in known if _symbol(p)), *array_operators()]
    functions = [*(entry_of(p) for p in known if p.spoken), *array_functions(), *derivative_entries()]
    return Catalogue([*operators, *sorted(functions, key=lambda entry: entry.name)], whole=True)


def described(name: str) -> Catalogue:
    """The function, or the operators, of that NAME."""
    wanted = name.strip()
    if wanted[:1].isalpha() and wanted.endswith(")"):
        wanted = wanted.partition("(")[0]
    wanted = ALIASES.get(wanted, wanted)
    found = [
        entry_of(primitive)
        for primitive in _of_scalars()
        if (primitive.spoken and primitive.name == wanted) or wanted == _symbol(primitive)
    ]
    found += array_entries(wanted)
    found += [derivative_entry(wanted)] if wanted in WORDS else []
    if not found:
        raise _unknown(wanted)
    return Catalogue(found, whole=False)


def _of_scalars() -> list[Primitive]:
    return [primitive for primitive in primitives().values() if primitive.kind == "elementwise"]


def _symbol(primitive: Primitive) -> str | None:
    return None if primitive.notation is None or callable(primitive.notation) else primitive.notation[0]


def _unknown(name: str) -> GradError:
    from gradcli.language.nearest import unknown_function

    if name in CONSTANTS:
        return GradError("name", f"{name!r} is a constant, not a function", hint=f"gradcli eval {name} prints it")
    message, hint = unknown_function(name, (), {}, {}, ())
    if hint.startswith("to multiply"):
        hint = "gradcli functions lists them all"
    return GradError("name", message, hint=hint)


def entry_of(primitive: Primitive) -> Entry:
    """All that the registry says about a primitive, and what the engine computes with it."""
    operands = operands_of(primitive)
    entry = Entry(_symbol(primitive) or primitive.name, _call(primitive, operands))
    entry.locals = dict(_locals(primitive, operands))
    entry.gates = primitive.verbs
    entry.domain = primitive.domain
    entry.edges = [(edge.kind, edge.says) for edge in primitive.edges]
    entry.definition = _definition(primitive, operands)
    entry.recognise = lambda: [t for t in SPELLINGS.get(primitive.name, ()) if is_recognised(t, primitive)]
    entry.work = lambda: _worked(primitive, operands)
    return entry


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


def _worked(primitive: Primitive, operands: Sequence[str]) -> Worked | None:
    """The primitive at a point where its value and its gradients are ordinary numbers, if there is one."""
    found = [worked for worked in _examples(primitive, operands) if math.isfinite(worked.value)]
    ordinary = [w for w in found if all(map(math.isfinite, w.gradients.values()))]
    telling = [w for w in ordinary if w.value not in (0.0, *w.point.values())]
    sloping = [w for w in telling if any(w.gradients.values())]
    smooth = [w for w in sloping if not _at_an_edge(primitive, w)]
    return next(iter([*smooth, *sloping, *telling, *ordinary, *found]), None)


def _examples(primitive: Primitive, operands: Sequence[str]) -> Iterator[Worked]:
    live = [name for name, rule in _locals(primitive, operands) if rule is not None]
    for start in POINTS[len(operands) - len(primitive.defaults)]:
        numbers = (*start, *primitive.defaults)
        point = dict(zip(operands, numbers, strict=True))
        source = operation(primitive, _static(primitive), [atom(name) for name in operands])[0]
        answer = differentiated(source, point, Options(decomposition="typed", wrt=live))
        call = operation(primitive, _static(primitive), [_number(value) for value in numbers])[0]
        yield Worked(call, point, answer.value, dict(answer.gradients or {}))


def _number(value: float) -> Text:
    text = f"{value:g}"
    return (text, POWER_LEVEL if value < 0 else atom(text)[1])


def _at_an_edge(primitive: Primitive, worked: Worked) -> bool:
    extra = (EXPONENT,) if primitive.static else ()
    operands = tuple(worked.point.values())
    return any(edge.when(worked.value, *operands, *extra) for edge in primitive.edges if edge.kind != "dead")
