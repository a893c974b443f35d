"""Derivative words in a program: grad(f, x), jacobian(f, x), hessian(f, x), d(f, x, n)."""

from __future__ import annotations

from gradcli.graph.derivatives import WORDS
from gradcli.language import NAME, NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.language.expressions import Entry, Expressions

HIGHEST = 200  # order, as far as Taylor coefficients go


def derivative(builder: Expressions, name: str, arguments: list[Entry], place: int) -> int:
    """The line of a derivative word."""
    by = named_by(builder, place)
    builder.has_words = True
    f, x = arguments[:2]
    if type(x) is not int:
        message = f"{by!r} is a constant of the language, and nothing depends on it"
        builder.fail("value", message, place - (len(arguments) - 1),
                     hint=f"to differentiate by it, define it: {by} = ...")  # fmt: skip
    order = _order(builder, arguments, place) if name == "d" else None
    return builder.word(WORDS[name], (builder.line(f, place), x), place, order)


def named_by(builder: Expressions, place: int) -> str:
    """The name that the word at PLACE differentiates by. Raises GradError where it is none."""
    name, count = builder.items[place][1]
    word = WORDS[name]
    if count != 2 and not (name == "d" and count == 3):
        wanted = "2 or 3 arguments" if name == "d" else "2 arguments"
        written = word.parameters.replace("=1", "")
        builder.fail("arguments", f"{name!r} takes {wanted}, {count or 'none'} given", place, name=name,
                     hint=f"write {name}({written}), x the name to differentiate by")  # fmt: skip
    at = place - (count - 1)
    if count == 3 and builder.items[place - 1][0] not in (NUMBER, NAME):
        _refuse_order(builder, place - 1)
    code, found = builder.items[at]
    if code != NAME:
        builder.fail("arguments", f"{name!r} differentiates by a name, and this is none", at,
                     hint=f"give it a name first: u = ...; {name}(f, u)")  # fmt: skip
    return str(found)


def _order(builder: Expressions, arguments: list[Entry], place: int) -> int:
    if len(arguments) < 3:
        return 1
    order = arguments[2]
    if type(order) is not float or order % 1 != 0 or order < 0:
        _refuse_order(builder, place - 1)
    if order > HIGHEST:
        builder.fail("limit", f"an order of {order:g}, the most is {HIGHEST}", place - 1, hint="ask for a lower order")
    return int(order)


def _refuse_order(builder: Expressions, place: int) -> None:
    builder.fail("value", "the order of a derivative has to be a whole number that is written out", place,
                 hint="write one, as in d(f, x, 2)")  # fmt: skip
