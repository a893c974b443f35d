"""What the targets of arrays share: notations of numpy's names, how shapes, axes and indices look."""

from __future__ import annotations

import math
import re
from functools import partial

from gradcli.codegen.targets.base import (
    ATOM,
    OPERATORS,
    POWER,
    PRODUCT,
    SIGN,
    Target,
    infix,
    within,
)
from gradcli.codegen.targets.python import BUILTINS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from gradcli.codegen.targets.base import Notation, Text
    from gradcli.graph import Shape

    Written = Callable[[Sequence[Text], Any, Sequence[Shape], Shape], Text]

OUR_WORDS = frozenset((*BUILTINS.split(), "gradients", "value_and_gradients", "self"))
NUMBERS = {math.pi: "pi", math.e: "e", math.inf: "inf"}
TRUTH = re.compile(r"1\.0 \* \(([^()]*(?:\([^()]*\)[^()]*)*)\)\Z")
BOTH = re.compile(r"1\.0 \* \(([^()]*)\) \* \(1\.0 \* \(([^()]*)\)\)\Z")
LITERAL = re.compile(r"-?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|[a-z]+\.(?:pi|e|inf|nan))")
IDENTITY = re.compile(r"eye\((\d+)\)\Z")


class ArrayTarget(Target):
    """A target whose values are numbers and arrays of a library.

    `module` is what its functions are called with. `given(value)` is an argument as source, `plain(name)` what turns a
    value into Python's own numbers, to be printed.
    """

    def __init__(
        self, module: str, *, given: Callable[[str], str] = str, plain: str, start: str = "", **more: Any
    ) -> None:
        super().__init__(number=partial(number, module), **more)
        self.module = module
        self._given = given
        self._plain = plain
        self._start = start
        if self.array is None:
            self.array = partial(array, self)

    def given(self, value: Any) -> str:
        """The value of a variable as an argument."""
        from gradcli.graph.arrays import ArrayConstant

        found = value if type(value) is float or isinstance(value, ArrayConstant) else ArrayConstant(value)
        text = self.literal(found)[0]
        if type(found) is float:
            text = self._given(text)
            self.use(text)
        return text

    def plain(self, text: str) -> str:
        """TEXT, a value, as numbers of Python."""
        return self._plain.format(text)

    def preamble(self) -> list[str]:
        """The imports, with what has to be set before anything is computed, then the helper functions."""
        self.use(self._start)
        found = super().preamble()
        if self._start:
            found[0] += f"\n\n{self._start}"
        return found


def number(module: str, value: float) -> Text:
    """A float as source that reads back to the last bit."""
    if value != value:
        return f"{module}.nan", ATOM
    if abs(value) in NUMBERS:
        text = f"{module}.{NUMBERS[abs(value)]}"
        return (text, ATOM) if value > 0 else (f"-{text}", SIGN)
    text = repr(value)
    return text, SIGN if text[0] == "-" else ATOM


def array(target: ArrayTarget, value: Any) -> Text:
    """An array as a call with nested lists."""
    module = target.module
    dtype = ", dtype=torch.float64" if module == "torch" else ""
    identity = IDENTITY.match(value.text)
    if identity:
        return f"{module}.eye({identity[1]}{dtype})", ATOM
    numbers = [number(module, each)[0] for each in value.value.ravel().tolist()]
    if len(numbers) > 1 and len(set(numbers)) == 1:
        return f"{module}.full({value.shape}, {numbers[0]}{dtype})", ATOM
    for length in reversed(value.shape):
        numbers = [f"[{', '.join(numbers[k : k + length])}]" for k in range(0, len(numbers), length or 1)] or ["[]"]
    return f"{module}.{'tensor' if module == 'torch' else 'array'}({numbers[0]}{dtype})", ATOM


def is_literal(text: Text) -> bool:
    """Whether a text is a number, and no value of the library."""
    return LITERAL.fullmatch(text[0]) is not None


# Shapes, axes, indices


def axis_text(static: tuple[int | None, bool], names: tuple[str, str] = ("axis", "keepdims")) -> str:
    """`, axis=0, keepdims=True`, as far as it is needed."""
    axis, keep = static
    said = "" if axis is None else f", {names[0]}={axis}"
    return f"{said}, {names[1]}=True" if keep else said


def slot(place: Any) -> str:
    """One place of an index between brackets."""
    if place is Ellipsis:
        return "..."
    if isinstance(place, slice):
        ends = ["" if end is None else str(end) for end in (place.start, place.stop)]
        return ":".join(ends) + ("" if place.step is None else f":{place.step}")
    return str(place)


def places_text(places: Sequence[Any]) -> str:
    """What stands between the brackets of an index."""
    return ", ".join(map(slot, places))


def postfixed(text: Text) -> str:
    """TEXT where a bracket, a dot or a call follows."""
    return within(text, ATOM)


# Notations that are functions


def operand(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """The operand itself."""
    return operands[0]


def negative(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """-(x**2), as ruff format has it; a number stays a float."""
    return f"-{within(operands[0], ATOM)}", SIGN


def condition(text: Text) -> str:
    """A number that is a truth value as a test: `1.0 * (a > b)` is a > b."""
    found = TRUTH.match(text[0])
    both = BOTH.match(text[0])
    if both:
        return f"({both[1]}) & ({both[2]})"
    return found[1] if found else f"{within(text, 2)} != 0"


def comparison(symbol: str) -> Notation:
    """1.0 or 0.0."""
    return (f"1.0 * ({{0}} {symbol} {{1}})", PRODUCT, (2, 2))


def folded(module: str, name: str, alone: str | None = None) -> Written:
    """A function of two operands over any number of them; ALONE is what it is of a single one, if not that itself."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        texts = [text for text, _ in operands]
        if len(texts) == 1:
            return operands[0] if alone is None else (f"{module}.{alone}({texts[0]})", ATOM)
        if len(texts) == 2:
            return f"{module}.{name}({', '.join(texts)})", ATOM
        return f"functools.reduce({module}.{name}, ({', '.join(texts)}))", ATOM

    return written


def power(module: str, call: str) -> Written:
    """x**n for a whole n; otherwise the function, which is nan where x**n of a negative x would be complex."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        if not static.is_integer():
            return f"{module}.{call}({operands[0][0]}, {number(module, static)[0]})", ATOM
        base = within(operands[0], ATOM)
        exponent = f"{static:.0f}" if abs(static) < 1e15 else repr(static)
        gap = "" if SIMPLE.match(base) else " "  # as ruff format has it: none around names and numbers
        return f"{base}{gap}**{gap}{exponent}", POWER

    return written


SIMPLE = re.compile(r"[\w.]+\Z")


def reduction(module: str, name: str, names: tuple[str, str] = ("axis", "keepdims")) -> Written:
    """`np.sum(x)`, `np.sum(x, axis=0)`, and the axis kept."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        return f"{module}.{name}({operands[0][0]}{axis_text(static, names)})", ATOM

    return written


def argmax(module: str) -> Written:
    """The place of the largest element, a number."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        return f"1.0 * {module}.argmax({operands[0][0]}{axis_text(static)})", PRODUCT

    return written


def fit(module: str) -> Written:
    """Repeated up to a shape, or summed down to it."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        text = operands[0][0]
        if is_literal(operands[0]):
            if text in ("0.0", "1.0"):
                return f"{module}.{'ones' if text == '1.0' else 'zeros'}({shape})", ATOM
            return f"{module}.full({shape}, {text})", ATOM
        if shapes[0] == shape:
            return operands[0]
        if spreads(shapes[0], shape):
            return f"{module}.broadcast_to({text}, {shape})", ATOM
        if not shape:
            return f"{module}.sum({text})", ATOM
        return f"fit({text}, {shape})", ATOM

    return written


def spreads(have: Shape, shape: Shape) -> bool:
    """Whether elements are repeated only, and none are added up."""
    lead = len(shape) - len(have)
    return lead >= 0 and all(length in (1, shape[axis + lead]) for axis, length in enumerate(have))


def transpose(module: str) -> Written:
    """`x.T`, or the axes in an order."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        rank = len(shape)
        if rank < 2 or (static is not None and static == tuple(range(rank))):
            return operands[0]
        if static is None or static == tuple(range(rank))[::-1]:
            return f"{postfixed(operands[0])}.T", ATOM
        return f"{module}.transpose({operands[0][0]}, {static})", ATOM

    return written


def shaped(template: str) -> Written:
    """A call whose last argument is the shape of the line."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        return template.format(operands[0][0], shape), ATOM

    return written


def index(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """`x[0, 1:3]`."""
    return f"{postfixed(operands[0])}[{places_text(static)}]", ATOM


def listed(template: str) -> Written:
    """A call with a list of the operands, and the static parameter."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        texts = ", ".join(text for text, _ in operands)
        return template.format(texts, static), ATOM

    return written


def along(template: str) -> Written:
    """A call with `, axis=0` behind the operand, where there is an axis."""

    def written(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
        return template.format(operands[0][0], "" if static is None else f", axis={static}"), ATOM

    return written


def excess(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """y * sum(t) - t for shares y, or its negative."""
    text = f"excess({operands[0][0]}, {operands[1][0]})"
    return (f"-{text}", SIGN) if static == "lack" else (text, ATOM)


def one_hot(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """A row of zeros with a 1 for each class index."""
    return f"one_hot({operands[0][0]}, {static})", ATOM


def cross_entropy(operands: Sequence[Text], static: Any, shapes: Sequence[Shape], shape: Shape) -> Text:
    """The mean over rows; a class index a row becomes a row of zeros with a 1."""
    logits, target = [text for text, _ in operands]
    if shapes[0] != shapes[1]:
        target = f"one_hot({target}, {shapes[0][-1]})"
    return f"cross_entropy({logits}, {target})", ATOM


def notations_of_numpy(module: str) -> dict[str, Notation]:
    """What numpy and jax.numpy have in common, called by the name of the MODULE."""
    same_name = ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "square", "sin", "cos", "tan", "sinh",
                 "cosh", "tanh", "abs", "sign", "floor", "ceil", "mod")  # fmt: skip
    inverse = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
               "atanh": "arctanh"}  # fmt: skip
    m = module
    return {
        **OPERATORS,
        "neg": negative,
        "div": infix("/", PRODUCT),
        "same": operand,
        "stop": operand,
        "seed": f"{m}.where({m}.isnan({{0}}), {{0}}, 1.0)",
        "less": comparison("<"), "less_equal": comparison("<="), "greater": comparison(">"),
        "greater_equal": comparison(">="), "equal": comparison("=="), "not_equal": comparison("!="),
        "where": lambda operands, static, shapes, shape: (
            f"{m}.where({condition(operands[0])}, {operands[1][0]}, {operands[2][0]})", ATOM,
        ),
        "power": power(m, "power"),
        "pow": f"{m}.power({{0}}, {{1}})",
        **{name: f"{m}.{name}({{all}})" for name in same_name},
        **{name: f"{m}.{call}({{0}})" for name, call in inverse.items()},
        "atan2": f"{m}.arctan2({{0}}, {{1}})",
        "hypot": folded(m, "hypot", "abs"),
        "round": f"{m}.rint({{0}})",
        "max": folded(m, "maximum"), "max_first": folded(m, "maximum"),
        "min": folded(m, "minimum"), "min_first": folded(m, "minimum"),
        "clip": f"{m}.clip({{all}})", "clip_first": f"{m}.clip({{all}})",
        **dict.fromkeys(("relu", "relu_split", "relu_first"), f"{m}.maximum({{0}}, 0.0)"),
        "leaky_relu": "leaky_relu({0}, {1})",
        "elu": "elu({0}, {1})",
        "gelu": "gelu({0})",
        "softplus": f"{m}.logaddexp({{0}}, 0.0)",
        "logaddexp": folded(m, "logaddexp"),
        "softmax": "share_of_first({all})",
        "fit": fit(m), "broadcast": fit(m),
        "transpose": transpose(m),
        "reshape": shaped(f"{m}.reshape({{0}}, {{1}})"),
        "flatten": f"{m}.ravel({{0}})",
        "index": index,
        "stack": listed(f"{m}.stack([{{0}}])"),
        "concat": listed(f"{m}.concatenate([{{0}}], axis={{1}})"),
        "cumsum": along(f"{m}.cumsum({{0}}{{1}})"),
        "centred": along("centred({0}{1})"),
        **{name: reduction(m, name) for name in ("sum", "mean", "var", "std", "prod")},
        "norm": reduction(f"{m}.linalg", "norm"),
        **dict.fromkeys(("amax", "amax_first"), reduction(m, "max")),
        **dict.fromkeys(("amin", "amin_first"), reduction(m, "min")),
        "argmax": argmax(m),
        "dot": infix("@", PRODUCT),
        "matmul": infix("@", PRODUCT),
        "outer": f"{m}.outer({{0}}, {{1}})",
        "trace": f"{m}.trace({{0}})",
        "det": f"{m}.linalg.det({{0}})",
        "inv": f"{m}.linalg.inv({{0}})",
        "solve": f"{m}.linalg.solve({{0}}, {{1}})",
        "cofactors": "cofactors({0})",
        "cofactors_back": "cofactors_back({0}, {1})",
        "centred_by": "centred_by({0}, {1})",
        "excess": excess,
        "one_hot": one_hot,
        "cross_entropy": cross_entropy,
    }  # fmt: skip
