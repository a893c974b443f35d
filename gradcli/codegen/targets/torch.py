"""The target torch: tensors of float64, in operations that autograd can differentiate again.

A function of torch takes tensors: a number that would be its only operand is made one.
"""

from __future__ import annotations

import keyword
import re

from gradcli.codegen.targets.arrays import (
    OUR_WORDS,
    ArrayTarget,
    axis_text,
    excess,
    is_literal,
    one_hot,
    operand,
    places_text,
    postfixed,
    power,
    spreads,
)
from gradcli.codegen.targets.base import ATOM, PRODUCT, SIGN, SUM, infix, within
from gradcli.codegen.targets.torch_helpers import HELPERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.codegen.targets.base import Notation, Text
    from gradcli.graph import Shape

    Written = Callable[[Sequence[Text], Any, Sequence[Shape], Shape], Text]

RESERVED = frozenset((*OUR_WORDS, *keyword.kwlist, "torch", "functools", "math"))
IMPORTS = {"functools": "import functools", "math": "import math", "torch": "import torch"}
TRUTH = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)\.double\(\)\Z")
BOTH = re.compile(r"\(([^()]*)\)\.double\(\) \* \(([^()]*)\)\.double\(\)\Z")
DIM = ("dim", "keepdim")


def as_tensor(text: Text) -> Text:
    """A number as a tensor; anything else as it is."""
    return (f"torch.tensor({text[0]}, dtype=torch.float64)", ATOM) if is_literal(text) else text


def tensors(operands: Sequence[Text]) -> list[str]:
    return [as_tensor(text)[0] for text in operands]


def first_tensor(operands: Sequence[Text]) -> list[Text]:
    """The operands; where all are numbers, the first as a tensor."""
    return [as_tensor(operands[0]), *operands[1:]] if all(map(is_literal, operands)) else [*operands]


def called(name: str, *, some: bool = False) -> Written:
    """A function of tensors; with SOME, of which one operand may be a number."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        texts = [text for text, _ in first_tensor(operands)] if some else tensors(operands)
        return f"{name}({', '.join(texts)})", ATOM

    return written


def operator(symbol: str, level: int) -> Written:
    """An operator, between a tensor and anything."""
    template, _, levels = infix(symbol, level)

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        texts = [within(text, least) for text, least in zip(first_tensor(operands), levels, strict=True)]
        literal = [is_literal(text) for text in operands]
        texts = [text.removesuffix(".0") if one and not all(literal) else text
                 for text, one in zip(texts, literal, strict=True)]  # fmt: skip
        return template.format(*texts), level

    return written


def negative(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    return f"-{within(as_tensor(operands[0]), ATOM)}", SIGN


def raised(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """x**n."""
    return power("torch", "pow")([as_tensor(operands[0])], static, shapes, shape)


def comparison(symbol: str) -> Written:
    """1.0 or 0.0."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        left, right = (within(text, 2) for text in first_tensor(operands))
        return f"({left} {symbol} {right}).double()", ATOM

    return written


def condition(text: Text) -> str:
    """A number that is a truth value as a test: `(a > b).double()` is a > b."""
    found = TRUTH.match(text[0])
    both = BOTH.match(text[0])
    if both:
        return f"({both[1]}) & ({both[2]})"
    return found[1] if found else f"{within(as_tensor(text), 2)} != 0"


def where(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    _, one, other = operands
    one, other = first_tensor([one, other])
    return f"torch.where({condition(operands[0])}, {one[0]}, {other[0]})", ATOM


def folded(name: str, alone: str | None = None) -> Written:
    """A function of two tensors over any number of them; ALONE is what it is of a single one, if not that itself."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        texts = tensors(operands)
        if len(texts) == 1:
            return as_tensor(operands[0]) if alone is None else (f"{alone}({texts[0]})", ATOM)
        if len(texts) == 2:
            return f"{name}({', '.join(texts)})", ATOM
        return f"functools.reduce({name}, ({', '.join(texts)}))", ATOM

    return written


def clip(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """Numbers as bounds stay numbers."""
    if all(map(is_literal, operands[1:])):
        return called("torch.clamp", some=True)(operands, static, shapes, shape)
    x, low, high = tensors(operands)
    return f"torch.minimum(torch.maximum({x}, {low}), {high})", ATOM


def relu(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    return f"torch.relu({as_tensor(operands[0])[0]})", ATOM


def fit(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """Repeated up to a shape, or summed down to it."""
    text = operands[0][0]
    if is_literal(operands[0]):
        if text in ("0.0", "1.0"):
            return f"torch.{'ones' if text == '1.0' else 'zeros'}({shape}, dtype=torch.float64)", ATOM
        return f"torch.full({shape}, {text}, dtype=torch.float64)", ATOM
    if shapes[0] == shape:
        return operands[0]
    if spreads(shapes[0], shape):
        return f"torch.broadcast_to({text}, {shape})", ATOM
    return (f"torch.sum({text})", ATOM) if not shape else (f"fit({text}, {shape})", ATOM)


def transpose(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """`x.T`, or the axes in an order."""
    rank = len(shape)
    if rank < 2 or (static is not None and static == tuple(range(rank))):
        return operands[0]
    order = static or tuple(range(rank))[::-1]
    if order == (1, 0):
        return f"{postfixed(operands[0])}.T", ATOM
    return f"torch.permute({operands[0][0]}, {order})", ATOM


def reshape(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    return f"torch.reshape({as_tensor(operands[0])[0]}, {shape})", ATOM


def reversed_axes(places: Sequence[Any], rank: int) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """The places of an index without steps back, and the axes of what it picks that are to be turned round.

    A slice with a step back takes a whole axis: torch has none, but it has flip.
    """
    wanted = sum(place is not Ellipsis for place in places)
    at = places.index(Ellipsis) if Ellipsis in places else len(places)
    full = [*places[:at], *[slice(None)] * (rank - wanted), *places[at + 1 :]]
    kept = [place for place in full if isinstance(place, slice)]
    turned = tuple(axis for axis, place in enumerate(kept) if place.step is not None and place.step < 0)
    if not turned:
        return tuple(places), ()
    return tuple(slice(None) if isinstance(p, slice) and (p.step or 1) < 0 else p for p in places), turned


def trivial(places: Sequence[Any]) -> bool:
    """Whether an index takes everything."""
    return all(place is Ellipsis or place == slice(None) for place in places)


def index(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """`x[0, 1:3]`, and what is to be turned round by flip."""
    places, turned = reversed_axes(static, len(shapes[0]))
    text = operands[0][0]
    if not turned or not trivial(places):
        text = f"{postfixed(operands[0])}[{places_text(places)}]"
    return (f"torch.flip({text}, {turned})", ATOM) if turned else (text, ATOM)


def scatter(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """Zeros with the operand at the places of an index."""
    places, turned = reversed_axes(static[0], len(shape))
    text = as_tensor(operands[0])[0]
    if turned:
        text = f"torch.flip({text}, {turned})"
        if trivial(places):
            return text, ATOM
    listed = [place_text(place) for place in places]
    return f"scatter({text}, ({', '.join(listed)}{',' * (len(listed) == 1)}), {shape})", ATOM


def place_text(place: Any) -> str:
    """One place of an index outside brackets."""
    if not isinstance(place, slice):
        return "..." if place is Ellipsis else str(place)
    ends = [place.start, place.stop] if place.step is None else [place.start, place.stop, place.step]
    return f"slice({ends[1] if ends[0] is None and len(ends) == 2 else ', '.join(map(str, ends))})"


def listed(name: str, *, along: bool = False) -> Written:
    """A call with a list of tensors, and the axis."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        if all(map(is_literal, operands)):
            return f"torch.tensor([{', '.join(text for text, _ in operands)}], dtype=torch.float64)", ATOM
        axis = f", dim={static}" if along else ""
        return f"{name}([{', '.join(tensors(operands))}]{axis})", ATOM

    return written


def reduction(name: str, more: str = "", whole: bool = False) -> Written:
    """`torch.sum(x)`, `torch.sum(x, dim=0)`, and the axis kept. WHOLE: over all axes it takes their numbers."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        text = as_tensor(operands[0])[0]
        axis, keep = static
        rank = len(shapes[0])
        if axis is None and (keep or whole):
            axis = tuple(range(rank))
        if axis is None or (not rank and not whole):
            return f"{name}({text}{more})", ATOM
        return f"{name}({text}, dim={axis}{more}{', keepdim=True' if keep else ''})", ATOM

    return written


def product(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """torch.prod goes over one axis, or all of them without keeping any."""
    if static == (None, True):
        return f"torch.reshape(torch.prod({operands[0][0]}), {shape})", ATOM
    return reduction("torch.prod")(operands, static, shapes, shape)


def argmax(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    axis = axis_text(static, DIM)
    return f"torch.argmax({as_tensor(operands[0])[0]}{axis}).double()", ATOM


def along(template: str, none: str | None = None) -> Written:
    """A call with the axis; NONE is how it is written without one."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        text = as_tensor(operands[0])[0]
        return (template if static is not None or none is None else none).format(text, static), ATOM

    return written


def cross_entropy(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """The mean over rows; a class index a row becomes a row of zeros with a 1."""
    logits, target = tensors(operands)
    if shapes[0] != shapes[1]:
        target = f"one_hot({target}, {shapes[0][-1]})"
    return f"cross_entropy({logits}, {target})", ATOM


OF_TORCH = {
    **{name: name for name in (
        "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "square", "sin", "cos", "tan", "asin", "acos", "atan",
        "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "abs", "sign", "floor", "ceil", "round", "erf", "erfc",
        "lgamma", "digamma", "sigmoid", "atan2", "outer", "trace", "flatten",
    )},
    "logsigmoid": "nn.functional.logsigmoid", "silu": "nn.functional.silu", "softsign": "nn.functional.softsign",
    "det": "linalg.det", "inv": "linalg.inv", "solve": "linalg.solve",
}  # fmt: skip
OURS = ("cbrt", "gelu", "elu", "leaky_relu", "softplus", "polygamma", "cofactors", "cofactors_back", "centred_by")
NOTATIONS: dict[str, Notation] = {
    "add": operator("+", SUM), "sub": operator("-", SUM), "mul": operator("*", PRODUCT), "div": operator("/", PRODUCT),
    "neg": negative,
    "same": operand,
    "stop": lambda operands, static, shapes, shape: (f"{postfixed(as_tensor(operands[0]))}.detach()", ATOM),
    "seed": lambda operands, static, shapes, shape: (
        f"torch.where(torch.isnan({operands[0][0]}), {operands[0][0]}, 1.0)", ATOM,
    ),
    "less": comparison("<"), "less_equal": comparison("<="), "greater": comparison(">"),
    "greater_equal": comparison(">="), "equal": comparison("=="), "not_equal": comparison("!="),
    "where": where,
    "power": raised,
    "pow": called("torch.pow", some=True),
    **{name: called(f"torch.{call}") for name, call in OF_TORCH.items()},
    **{name: called(name) for name in OURS},
    "xlogy": called("torch.xlogy"),
    "mod": called("torch.remainder", some=True),
    "hypot": folded("torch.hypot", "torch.abs"),
    **dict.fromkeys(("max", "max_first"), folded("torch.maximum")),
    **dict.fromkeys(("min", "min_first"), folded("torch.minimum")),
    **dict.fromkeys(("clip", "clip_first"), clip),
    **dict.fromkeys(("relu", "relu_split", "relu_first"), relu),
    "logaddexp": folded("torch.logaddexp"),
    "softmax": called("share_of_first"),
    "fit": fit, "broadcast": fit,
    "transpose": transpose,
    "reshape": reshape,
    "index": index,
    "scatter": scatter,
    "stack": listed("torch.stack"),
    "concat": listed("torch.cat", along=True),
    "cumsum": along("torch.cumsum({0}, dim={1})", "torch.cumsum(torch.flatten({0}), dim=0)"),
    "centred": along("centred({0}, dim={1})", "centred({0})"),
    "sum": reduction("torch.sum"), "mean": reduction("torch.mean"),
    "var": reduction("torch.var", ", correction=0"), "std": reduction("torch.std", ", correction=0"),
    "norm": reduction("torch.linalg.vector_norm"),
    "logsumexp": reduction("torch.logsumexp", whole=True),
    **dict.fromkeys(("amax", "amax_first"), reduction("torch.amax")),
    **dict.fromkeys(("amin", "amin_first"), reduction("torch.amin")),
    "argmax": argmax,
    "prod": product,
    "dot": infix("@", PRODUCT),
    "matmul": infix("@", PRODUCT),
    "softmax_of": "torch.softmax({0}, dim=-1)",
    "logsoftmax": "torch.log_softmax({0}, dim=-1)",
    "excess": excess,
    "one_hot": lambda operands, static, shapes, shape: one_hot([as_tensor(operands[0])], static, shapes, shape),
    "cross_entropy": cross_entropy,
}  # fmt: skip
CAREFUL: dict[str, Notation] = {
    "sign": lambda operands, static, shapes, shape: (  # torch.sign(nan) is 0
        f"torch.sign({operands[0][0]}).where(~torch.isnan({operands[0][0]}), torch.nan)"
        if not operands[0][0].startswith("torch.nan") else "torch.tensor(torch.nan, dtype=torch.float64)", ATOM,
    ),
    "inv": "solve({0}, torch.eye(len({0}), dtype=torch.float64))",
    "solve": "solve({0}, {1})",
}


def target() -> ArrayTarget:
    """Tensors of float64."""
    return ArrayTarget(
        "torch", name="torch", suffix=".py", comment="#", reserved=RESERVED, notations=NOTATIONS, careful=CAREFUL,
        imports=IMPORTS, helpers=HELPERS, plain="torch.as_tensor({}).tolist()",
        given=lambda text: f"torch.tensor({text}, dtype=torch.float64)",
    )  # fmt: skip
