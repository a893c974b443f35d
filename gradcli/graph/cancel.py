"""Passes that leave out what is needed at some points only: each change says where its value is another one.

They shorten formulas; a graph that has to be right everywhere does without them. Where a change says `x = 0`, the value
that went may be nan, inf or a convention there. Elsewhere the two differ by the rounding of the lines that went.
"""

from __future__ import annotations

from gradcli.graph import NAMED
from gradcli.graph.optimise import Pass
from gradcli.graph.simpler import TESTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gradcli.graph.drafts import Draft
    from gradcli.graph.simpler import Instead

    Lost = tuple[str, int]
    Loss = tuple[int | Instead, Lost]
    Rule = Callable[[Draft, int], Loss | None]

MOST_FACTORS = 16  # of a product that is searched


def _going_over(rules: Mapping[str, Rule]) -> Callable[[Draft], None]:
    def run(draft: Draft) -> None:
        for line in draft.operations():
            rule = rules.get(draft.primitives[line].name)
            found = None if rule is None else rule(draft, line)
            if found is None:
                continue
            instead, lost = found
            if type(instead) is int:
                draft.replace(line, instead, lost)
            else:
                name, operands, static = instead  # type: ignore[misc]
                draft.rewrite(line, NAMED[name], operands, static, lost)

    return run


def _everywhere(draft: Draft, line: int, value: float) -> Instead:
    """A number, in the shape of LINE."""
    shape = draft.shape(line)
    return ("fit", (draft.constant(value),), shape) if shape else ("constant", (), value)


def _under(draft: Draft, line: int, slot: int = 0) -> int:
    return draft.find(draft.operands[line][slot])


def _fits(draft: Draft, e: int, line: int) -> bool:
    return draft.shape(e) == draft.shape(line)


# e/e, e - e, (b/a)*a, (a*b)/a


def _quotient(draft: Draft, line: int) -> Loss | None:
    """e/e, (a*b)/a."""
    a, b = draft.operands[line]
    if a == b:
        return _everywhere(draft, line, 1.0), ("{} = 0, inf or nan", a)
    if draft.name(a) == "mul":
        for slot in (0, 1):
            if _under(draft, a, slot) == b and _fits(draft, _under(draft, a, 1 - slot), line):
                return _under(draft, a, 1 - slot), ("{} = 0, inf or nan", b)
    return None


def _product(draft: Draft, line: int) -> Loss | None:
    """(b/a)*a, a*(b/a)."""
    for quotient, a in (draft.operands[line], draft.operands[line][::-1]):
        if draft.name(quotient) == "div" and _under(draft, quotient, 1) == a:
            b = _under(draft, quotient)
            if _fits(draft, b, line):
                return b, ("{} = 0, inf or nan", a)
            number = draft.number(b)
            if number is not None:
                return _everywhere(draft, line, number), ("{} = 0, inf or nan", a)
    return None


def _difference(draft: Draft, line: int) -> Loss | None:
    """e - e."""
    a, b = draft.operands[line]
    return (_everywhere(draft, line, 0.0), ("{} = inf or nan", a)) if a == b else None


# 0*e, 0/e


def _zero_product(draft: Draft, line: int) -> Loss | None:
    """0*e, a row of zeros @ e."""
    for zero, e in (draft.operands[line], draft.operands[line][::-1]):
        if draft.number(zero) == 0:
            return _everywhere(draft, line, 0.0), ("{} = inf or nan", e)
    return None


def _zero_quotient(draft: Draft, line: int) -> Loss | None:
    """0/e."""
    a, b = draft.operands[line]
    return (_everywhere(draft, line, 0.0), ("{} = 0 or nan", b)) if draft.number(a) == 0 else None


# exp(log(e)), sqrt(e)^2


UNDOES = {  # the outer one, the inner one, and where the two are not e
    ("exp", "log"): "{} < 0",
    ("log", "exp"): "abs({}) > 708",
    ("expm1", "log1p"): "{} < -1",
    ("log1p", "expm1"): "{} > 709",
    ("square", "sqrt"): "{} < 0",
    ("sin", "asin"): "abs({}) > 1",
    ("cos", "acos"): "abs({}) > 1",
    ("tan", "atan"): "abs({}) > 1e15",
    ("tanh", "atanh"): "abs({}) > 1",
    ("sinh", "asinh"): "abs({}) > 1e307",
    ("asinh", "sinh"): "abs({}) > 710",
}


def _inverse(draft: Draft, line: int) -> Loss | None:
    (inner,) = draft.operands[line]
    where = UNDOES.get((draft.name(line), draft.name(inner)))
    return None if where is None else (_under(draft, inner), (where, _under(draft, inner)))


def _power_of_root(draft: Draft, line: int) -> Loss | None:
    """sqrt(e)^2, (e^0.5)^2, (e^-1)^-1."""
    (root,), exponent = draft.operands[line], draft.statics[line]
    if exponent == 2 and _is_root(draft, root):
        return _under(draft, root), ("{} < 0", _under(draft, root))
    if exponent == -1 and draft.name(root) == "power" and draft.statics[root] == -1:
        return _under(draft, root), ("0 < abs({}) < 1e-308", _under(draft, root))
    return None


def _is_root(draft: Draft, line: int) -> bool:
    return draft.name(line) == "sqrt" or (draft.name(line) == "power" and draft.statics[line] == 0.5)


def _root_times_itself(draft: Draft, line: int) -> Loss | None:
    """sqrt(e)*sqrt(e)."""
    a, b = draft.operands[line]
    if a == b and _is_root(draft, a):
        return _under(draft, a), ("{} < 0", _under(draft, a))
    return None


def _inverse_of_quotient(draft: Draft, line: int) -> Loss | None:
    """1/(1/e)."""
    one, quotient = draft.operands[line]
    if draft.number(one) == 1 and draft.name(quotient) == "div" and draft.number(_under(draft, quotient)) == 1:
        e = _under(draft, quotient, 1)
        if _fits(draft, e, line):
            return e, ("0 < abs({}) < 1e-308", e)
    return None


# What guards a convention


def _seed(draft: Draft, line: int) -> Loss:
    return _everywhere(draft, line, 1.0), ("{} = nan", draft.operands[line][0])


def _guard(draft: Draft, line: int) -> Loss | None:
    """where(y == y, e, y); where(c, u*c, 0); where(y, e, 0) and where(y == 0, 0, e) where y is in the product e."""
    condition, a, b = draft.operands[line]
    if draft.name(condition) == "equal":
        x, y = [draft.find(operand) for operand in draft.operands[condition]]
        if x == y == b and _fits(draft, a, line):
            return a, ("{} = nan", b)
    if draft.number(b) == 0 and _fits(draft, a, line):
        if draft.name(a) == "mul" and condition in (operands := [draft.find(o) for o in draft.operands[a]]):
            return a, ("{} = inf or nan", operands[operands[0] == condition])
        return (a, ("{} = 0", condition)) if _is_product_with(draft, a, condition) else None
    if draft.number(a) == 0 and _fits(draft, b, line):
        for y in _zeros(draft, condition):
            if _is_product_with(draft, b, y):
                return b, ("{} = 0", y)
    return None


def _zeros(draft: Draft, condition: int) -> list[int]:
    """The lines that are 0 where the CONDITION holds."""
    factors = [condition]
    if draft.name(condition) == "mul":
        factors = [draft.find(operand) for operand in draft.operands[condition]]
    found = []
    for factor in factors:
        if draft.name(factor) == "equal":
            x, y = [draft.find(operand) for operand in draft.operands[factor]]
            found += [x] * (draft.number(y) == 0) + [y] * (draft.number(x) == 0)
    return found


def _is_product_with(draft: Draft, line: int, y: int) -> bool:
    return draft.name(y) not in TESTS and y in _factors(draft, line)


def _factors(draft: Draft, line: int) -> Iterator[int]:
    """LINE, and what it is a product or a quotient of; what is under a logarithm or a power too."""
    waiting = [line]
    for _ in range(MOST_FACTORS):
        if not waiting:
            return
        line = waiting.pop()
        yield line
        if draft.name(line) in ("mul", "div", "neg", "log", "power", "pow"):
            waiting += [draft.find(operand) for operand in draft.operands[line]]


CANCEL = Pass("cancel", _going_over({"div": _quotient, "mul": _product, "sub": _difference}))
ZEROS = Pass("drop 0*", _going_over({
    **dict.fromkeys(("mul", "matmul", "dot", "outer"), _zero_product), "div": _zero_quotient,
}))  # fmt: skip
INVERSES = Pass("undo inverses", _going_over({
    **dict.fromkeys([outer for outer, _ in UNDOES], _inverse), "power": _power_of_root, "mul": _root_times_itself,
    "div": _inverse_of_quotient,
}))  # fmt: skip
GUARDS = Pass("drop guards", _going_over({"seed": _seed, "where": _guard}))
DOMAIN_CHANGING: tuple[Pass, ...] = (GUARDS, ZEROS, CANCEL, INVERSES)
