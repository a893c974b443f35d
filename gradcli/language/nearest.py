"""Ways out of an unknown function or a wrong call: near names, other tools' names, counts in words."""

from __future__ import annotations

from difflib import get_close_matches

from gradcli.graph import Primitive, array_primitives
from gradcli.language import CALL, TARGET
from gradcli.language.arrays import MAKERS
from gradcli.language.expressions import WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

ELSEWHERE = {
    "ln": "log", "lg": "log10", "log_2": "log2", "ld": "log2", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "arsinh": "asinh",
    "arcosh": "acosh",
    "artanh": "atanh", "tg": "tan", "tgh": "tanh", "sh": "sinh", "ch": "cosh", "th": "tanh", "sgn": "sign",
    "signum": "sign",
    "fabs": "abs", "absolute": "abs", "mag": "abs", "logistic": "sigmoid", "expit": "sigmoid", "swish": "silu",
    "pow": "x^y", "power": "x^y", "maximum": "max", "minimum": "min", "fmax": "max", "fmin": "min", "clamp": "clip",
    "rint": "round", "int": "floor", "ceiling": "ceil", "psi": "digamma", "gammaln": "lgamma",
    "loggamma": "lgamma", "heaviside": "x > 0", "step": "x > 0", "if": "where",
    "iif": "where", "ifelse": "where", "cond": "where", "fmod": "mod", "remainder": "mod",
    "square_root": "sqrt", "root": "sqrt",
    "ramp": "relu", "lrelu": "leaky_relu", "log1pexp": "softplus", "sec": "1/cos(x)", "csc": "1/sin(x)",
    "cot": "1/tan(x)", "ctg": "1/tan(x)", "exp2": "2^x", "exp10": "10^x", "neg": "-x", "add": "x + y", "sub": "x - y",
    "mul": "x*y", "div": "x/y",
    "avg": "mean", "average": "mean", "reduce_mean": "mean", "reduce_sum": "sum", "total": "sum", "reduce_max": "amax",
    "reduce_min": "amin", "product": "prod", "variance": "var", "stdev": "std", "stddev": "std", "deviation": "std",
    "determinant": "det", "inverse": "inv", "tr": "trace", "mm": "matmul", "bmm": "matmul", "inner": "dot",
    "vdot": "dot", "argmin": "argmax(-x)", "identity": "eye", "full": "c*ones(2, 3)", "fill": "c*ones(2, 3)",
    "range": "arange", "hstack": "concat", "vstack": "concat", "cat": "concat", "concatenate": "concat",
    "append": "concat", "log_softmax": "logsoftmax", "nll": "cross_entropy", "l2norm": "norm", "norm2": "norm",
    "frobenius": "norm", "ravel": "flatten", "squeeze": "reshape", "unsqueeze": "reshape", "view": "reshape",
    "expand": "broadcast", "broadcast_to": "broadcast", "tile": "broadcast", "repeat": "broadcast",
    "permute": "transpose", "swapaxes": "transpose", "diag": "v*eye(n)", "mse": "mean((x - t)^2)",
    "mse_loss": "mean((x - t)^2)", "einsum": "sums of products with @ and *", "accumulate": "cumsum",
}  # fmt: skip
SIZES = frozenset(["shape", "size", "len", "length", "ndim", "numel"])
OF_DERIVATIVES = frozenset(["diff", "derivative", "deriv", "differentiate", "gradient", "nabla", "jac", "hess"])


def unknown_function(
    name: str,
    functions: Iterable[str],
    definitions: Mapping[str, Any],
    variables: Mapping[str, Any],
    following: Sequence[tuple[int, Any]],
) -> tuple[str, str]:
    """Message and hint for a call of NAME, which no function has; FOLLOWING are the items from the call on."""
    if name in definitions or name in variables:
        return f"{name!r} is a value, not a function", f"to multiply, write {name}*(...)"
    if any(
        item == (CALL, (name, item[1][1])) and following[place + 1][0] == TARGET
        for place, item in enumerate(following[:-1])
        if item[0] == CALL
    ):
        return f"the function {name!r} is used above its definition", "move its definition up"
    capital = name == "D" and any(item == (CALL, (name, 2)) or item == (CALL, (name, 3)) for item in following)
    if capital or name in OF_DERIVATIVES:
        return f"unknown function {name!r}", "write d(f, x), grad(f, x), jacobian(f, x) or hessian(f, x)"
    if name in SIZES:
        return f"unknown function {name!r}", "a size is a number that is written out; explain shows all shapes"
    if name in ELSEWHERE:
        meant = ELSEWHERE[name]
        return f"unknown function {name!r}", f"did you mean {meant!r}?" if meant.isidentifier() else f"write {meant}"
    near = get_close_matches(
        name if len(name) < 3 else name.lower(),
        [*functions, *(p.name for p in array_primitives().values() if p.spoken), *MAKERS, *WORDS],
        1,
        0.64,
    )
    if near:
        return f"unknown function {name!r}", f"did you mean {near[0]!r}?"
    if len(name) == 1:
        return f"unknown function {name!r}", f"to multiply, write {name}*(...)"
    return f"unknown function {name!r}", "gradcli functions lists them all"


def counted(primitive: Primitive, least: int, given: int, *, open_ended: bool = False) -> str:
    """How many arguments a function takes, and how many it was given."""
    most = primitive.arity
    if primitive.variadic or open_ended:
        wanted = f"at least {least} argument{'s' * (least != 1)}"
    elif least == most:
        wanted = f"{most} argument{'s' * (most != 1)}"
    else:
        wanted = f"{least} or {most} arguments"
    return f"{primitive.shown!r} takes {wanted}, {given or 'none'} given"
