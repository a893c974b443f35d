"""The Python face: the commands as functions, `gradcli.grad("x*y", x=2, y=3)`."""

from __future__ import annotations

from gradcli.cli.faced import faced
from gradcli.cli.given import Example, Value, checked, expression_text, number, options, point
from gradcli.cli.results import Compared, Curvature, Curved, Explained, Lesson, Matrices, Multiplied, Result
from gradcli.errors import GradError
from gradcli.questions import differentiated, evaluated, explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from gradcli.questions.jacobians import Along


@faced
def evaluate(
    expression: str,
    *,
    at: Mapping[str, Value] | None = None,
    decomposition: str = "auto",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Result:
    """The value of EXPRESSION where its variables have these values; `at` is for names such as `at` itself.

    `example` gives names without a value small whole numbers: "X:2x3,c", {"X": (2, 3), "c": ()} or "auto".
    """
    how = options(decomposition=decomposition, example=example, max_memory=max_memory)
    return Result(evaluated(expression_text(expression), point(at, values), how))


eval = evaluate


@faced
def grad(
    expression: str,
    *,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    mode: str = "reverse",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Result:
    """The value of EXPRESSION and its derivative by every variable, or by those of `wrt`."""
    how = options(
        wrt=wrt, decomposition=decomposition, mode=mode, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    return Result(differentiated(expression_text(expression), point(at, values), how))


@faced
def explain(
    expression: str,
    *,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    mode: str = "reverse",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    element: str | None = None,
    upstream: Value | None = None,
    shapes: bool = False,
    **values: Value,
) -> Explained:
    """Every value, local gradient and flow on the way to the value and the gradients of EXPRESSION.

    With `element`, "X[0,0]", the derivative by that element is derived step by step (`upstream` weighs the elements of
    a value that is an array); with `shapes` every way to multiply is listed for each matrix product.
    """
    how = options(
        wrt=wrt, decomposition=decomposition, mode=mode, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    if element is not None or shapes:
        from gradcli.questions.lessons import taught

        weights = None if upstream is None else number("upstream", upstream)
        asked = (expression_text(expression), point(at, values), how)
        return Lesson(taught(*asked, element=element, upstream=weights, shapes=shapes))
    if upstream is not None:
        raise GradError("usage", "explain takes upstream only with element")
    return Explained(explained(expression_text(expression), point(at, values), how))


@faced
def compare(
    expression: str,
    *,
    by: str = "decomposition",
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    order: int | None = None,
    full: bool = False,
    log: bool = False,
    **values: Value,
) -> Compared:
    """EXPRESSION in its decompositions, with the digits that each gets right.

    With by="mode", forward beside reverse mode: every line, what both cost, the chain of Jacobians.
    With by="engine", backpropagation beside reverse-mode AD: the lines that are added and what optimising leaves, with
    `log` also what became of each line; `full` shows every one. With by="order" the derivatives by one name up to
    `order` (5 without it): how the lines of nested sweeps swell, beside Taylor coefficients.
    """
    from gradcli.cli.comparisons import ANSWERS, extras

    checked("by", by)
    how = options(
        wrt=wrt, decomposition=decomposition, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    ask, draw = ANSWERS[by]
    asked = {"full": full, "log": log, "decomposition": decomposition != "auto" and decomposition}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value}
    if order is not None:
        checked("order", str(order))
        given["order"] = order
    return Compared(ask((expression_text(expression), point(at, values), how), **extras(by, given)), draw)


@faced
def vjp(
    expression: str,
    *,
    upstream: Value | None = None,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Multiplied:
    """The gradient of sum(upstream*EXPRESSION) by every variable; of a scalar `upstream` is 1 where it is left out."""
    from gradcli.questions.jacobians import pulled

    how = options(
        wrt=wrt, decomposition=decomposition, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    weights = None if upstream is None else number("upstream", upstream)
    return Multiplied(pulled(expression_text(expression), point(at, values), how, weights))


@faced
def jvp(
    expression: str,
    *,
    along: Mapping[str, Value] | str,
    at: Mapping[str, Value] | None = None,
    decomposition: str = "auto",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Multiplied:
    """How the value of EXPRESSION moves where the names in `along` move like that; all others stand still.

    `along` are tangents by name, or a text as --along takes it, "x=1,W=ones(2, 3)".
    """
    from gradcli.questions.jacobians import pushed

    direction = _direction(along)
    how = options(decomposition=decomposition, ties=ties, zero=zero, example=example, max_memory=max_memory)
    return Multiplied(pushed(expression_text(expression), point(at, values), how, direction))


def _direction(along: Mapping[str, Value] | str) -> Along:
    """The direction that is given by name, or as a text."""
    from gradcli.cli.array_commands import along_of
    from gradcli.questions.jacobians import Along

    return along_of(along) if isinstance(along, str) else Along(point(along, {}))


@faced
def jacobian(
    expression: str,
    *,
    upstream: Value | None = None,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    mode: str | None = None,
    ties: str = "split",
    zero: str = "ieee",
    full: bool = False,
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Matrices:
    """Every derivative of every element of EXPRESSION; without `mode` in the one that takes fewer passes.

    With `upstream` its product with each matrix is there, too; `full` lifts the bound of 1,000,000 entries.
    """
    from gradcli.questions.jacobians import dense

    how = options(
        wrt=wrt, decomposition=decomposition, mode=mode or "reverse", ties=ties, zero=zero, example=example,
        max_memory=max_memory,
    )  # fmt: skip
    how.mode = mode or "auto"
    weights = None if upstream is None else number("upstream", upstream)
    return Matrices(dense(expression_text(expression), point(at, values), how, weights, full=full))


@faced
def hessian(
    expression: str,
    *,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    ties: str = "split",
    zero: str = "ieee",
    full: bool = False,
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Curvature:
    """The second derivatives of EXPRESSION, which has to be a scalar, by every pair of names.

    `full` lifts the bound of 1,000,000 entries.
    """
    from gradcli.questions.hessians import dense

    how = options(
        wrt=wrt, decomposition=decomposition, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    return Curvature(dense(expression_text(expression), point(at, values), how, full=full))


@faced
def hvp(
    expression: str,
    *,
    along: Mapping[str, Value] | str,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    mode: str = "forward-over-reverse",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Curved:
    """How the gradient of EXPRESSION moves where the names in `along` move like that; all others stand still.

    It is the Hessian times the direction, and the Hessian is never made. `along` are tangents by name, or a text as
    --along takes it; `mode` is forward-over-reverse or reverse-over-reverse.
    """
    from gradcli.questions.hessians import MODES, multiplied

    if mode not in MODES:
        raise GradError("usage", f"mode has to be one of {', '.join(MODES)}; {mode!r} given")
    how = options(
        wrt=wrt, decomposition=decomposition, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    return Curved(multiplied(expression_text(expression), point(at, values), how, _direction(along), mode))
