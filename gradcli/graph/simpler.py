"""Rules that leave out what computes nothing; values stay, also at inf and nan.

Those of EXACT_RULES keep every bit. Of RULES, e + 0 and 0 - e may change the sign of a zero, and what is divided by it.
A rule is `rule(draft, line)`: the line that LINE is equal to; or what LINE can do instead, as a primitive, its operands
and its static; or None. Operands are compared as lines, so rules see more after equal lines were shared.
"""

from __future__ import annotations

from gradcli.graph import CONSTANT, NAMED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.drafts import Draft

    Instead = tuple[str, tuple[int, ...], Any]
    Rule = Callable[[Draft, int], int | Instead | None]

MOST_AT_ONCE = 8
TESTS = frozenset(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"))


def simpler(draft: Draft, line: int, rules: Mapping[str, Rule]) -> bool:
    """Apply the RULES to LINE until none fits, or often enough for one visit; whether one did."""
    found = False
    for _ in range(MOST_AT_ONCE):
        rule = rules.get(draft.primitives[line].name)
        instead = None if rule is None else rule(draft, line)
        if instead is None:
            return found
        found = True
        if type(instead) is int:
            draft.replace(line, instead)
            return True
        name, operands, static = instead  # type: ignore[misc]
        draft.rewrite(line, NAMED[name], operands, static)
    return found


# Arithmetic


def _mul(draft: Draft, line: int) -> int | Instead | None:
    """1*e, (-1)*e, (-a)*(-b); the square of a comparison."""
    a, b = draft.operands[line]
    shape = draft.shape(line)
    for number, e in ((draft.number(a), b), (draft.number(b), a)):
        if number in (1.0, -1.0) and draft.shape(e) == shape:
            return e if number == 1.0 else ("neg", (e,), None)
    if draft.name(a) == draft.name(b) == "neg":
        return "mul", (_under(draft, a), _under(draft, b)), None
    return a if a == b and draft.name(a) in TESTS else None


def _div(draft: Draft, line: int) -> int | Instead | None:
    """e/1, e/(-1), (-a)/(-b)."""
    a, b = draft.operands[line]
    number = draft.number(b)
    if number in (1.0, -1.0) and draft.shape(a) == draft.shape(line):
        return a if number == 1.0 else ("neg", (a,), None)
    if draft.name(a) == draft.name(b) == "neg":
        return "div", (_under(draft, a), _under(draft, b)), None
    return None


def _add(draft: Draft, line: int) -> int | Instead | None:
    """e + (-0), a + (-b), (-a) + b."""
    a, b = draft.operands[line]
    for zero, e in ((b, a), (a, b)):
        if _is_zero(draft, zero, "-0.0") and draft.shape(e) == draft.shape(line):
            return e
    return _signed_sum(draft, a, b)


def _add_any_zero(draft: Draft, line: int) -> int | Instead | None:
    """e + 0, which is 0 where e is -0; a + (-b), (-a) + b."""
    a, b = draft.operands[line]
    for zero, e in ((b, a), (a, b)):
        if draft.number(zero) == 0 and draft.shape(e) == draft.shape(line):
            return e
    return _signed_sum(draft, a, b)


def _signed_sum(draft: Draft, a: int, b: int) -> Instead | None:
    if draft.name(b) == "neg":
        return "sub", (a, _under(draft, b)), None
    return ("sub", (b, _under(draft, a)), None) if draft.name(a) == "neg" else None


def _sub(draft: Draft, line: int) -> int | Instead | None:
    """e - 0, (-0) - e, a - (-b)."""
    a, b = draft.operands[line]
    if _is_zero(draft, b, "0.0") and draft.shape(a) == draft.shape(line):
        return a
    if _is_zero(draft, a, "-0.0") and draft.shape(b) == draft.shape(line):
        return "neg", (b,), None
    return ("add", (a, _under(draft, b)), None) if draft.name(b) == "neg" else None


def _sub_any_zero(draft: Draft, line: int) -> int | Instead | None:
    """e - 0; 0 - e, which is 0 where e is 0; a - (-b)."""
    a, b = draft.operands[line]
    if draft.number(b) == 0 and draft.shape(a) == draft.shape(line):
        return a
    if draft.number(a) == 0 and draft.shape(b) == draft.shape(line):
        return "neg", (b,), None
    return ("add", (a, _under(draft, b)), None) if draft.name(b) == "neg" else None


def _is_zero(draft: Draft, line: int, text: str) -> bool:
    """Whether LINE is a zero of that sign."""
    return draft.number(line) == 0 and repr(draft.number(line)) == text


def _neg(draft: Draft, line: int) -> int | Instead | None:
    """--e."""
    (e,) = draft.operands[line]
    return _under(draft, e) if draft.name(e) == "neg" else None


def _power(draft: Draft, line: int) -> int | Instead | None:
    """e^1, e^0, (-e)^2."""
    (e,), exponent = draft.operands[line], draft.statics[line]
    if exponent == 1:
        return e
    if exponent == 0:
        shape = draft.shape(line)
        return ("fit", (draft.constant(1.0),), shape) if shape else ("constant", (), 1.0)
    return ("power", (_under(draft, e),), exponent) if exponent % 2 == 0 and draft.name(e) == "neg" else None


def _pow(draft: Draft, line: int) -> int | Instead | None:
    """a^b, where b is a number by now."""
    a, b = draft.operands[line]
    number = draft.statics[b] if draft.primitives[b] is CONSTANT else None
    return ("power", (a,), number) if type(number) is float and draft.shape(a) == draft.shape(line) else None


def _even(draft: Draft, line: int) -> Instead | None:
    """What does not see a sign: square(-e), abs(-e)."""
    (e,) = draft.operands[line]
    return (draft.name(line), (_under(draft, e),), None) if draft.name(e) == "neg" else None


def _abs(draft: Draft, line: int) -> int | Instead | None:
    """abs(-e), abs(abs(e))."""
    once = _twice(draft, line)
    return _even(draft, line) if once is None else once


def _same(draft: Draft, line: int) -> int:
    return draft.operands[line][0]


def _twice(draft: Draft, line: int) -> int | None:
    """What changes nothing when it is done again: floor(floor(e))."""
    (e,) = draft.operands[line]
    return e if draft.primitives[e] is draft.primitives[line] else None


def _under(draft: Draft, line: int) -> int:
    return draft.find(draft.operands[line][0])


# Conditions


def _where(draft: Draft, line: int) -> int | Instead | None:
    """Both branches equal; a condition c != 0 or c == 0; a where inside a where of the same condition."""
    condition, a, b = draft.operands[line]
    shape = draft.shape(line)
    if draft.shape(a) == shape and (a == b or _are_one_number(draft, a, b)):
        return a
    if draft.name(condition) in ("not_equal", "equal"):
        tested = _tested(draft, condition)
        if tested is not None and draft.shape(tested) == draft.shape(condition):
            return "where", (tested, a, b) if draft.name(condition) == "not_equal" else (tested, b, a), None
    for slot, branch in ((1, a), (2, b)):
        if draft.name(branch) == "where":
            inner = [draft.find(operand) for operand in draft.operands[branch]]
            chosen = inner[slot]
            if inner[0] == condition and draft.shape(chosen) == draft.shape(branch):
                return "where", (condition, chosen, b) if slot == 1 else (condition, a, chosen), None
    return None


def _are_one_number(draft: Draft, a: int, b: int) -> bool:
    number = draft.number(a)
    return number is not None and repr(number) == repr(draft.number(b))


def _tested(draft: Draft, line: int) -> int | None:
    """c where LINE compares c with 0."""
    for zero, c in (draft.operands[line], draft.operands[line][::-1]):
        if draft.number(draft.find(zero)) == 0:
            return draft.find(c)
    return None


def _not_equal(draft: Draft, line: int) -> int | None:
    """A comparison, which is 1 or 0, compared with 0."""
    c = _tested(draft, line)
    return c if c is not None and draft.name(c) in TESTS and draft.shape(c) == draft.shape(line) else None


def _extreme(draft: Draft, line: int) -> int | None:
    """max(e), max(e, e)."""
    first, *rest = draft.operands[line]
    return first if all(other == first for other in rest) else None


# Shapes


SPREADING = frozenset(("add", "sub", "mul", "div", "where", "max", "min", "max_first", "min_first", *TESTS))
SPREADS = frozenset(("fit", "broadcast", "reshape"))


def without_spreads(draft: Draft, line: int) -> bool:
    """Take the operands of LINE as they were before they were repeated, where LINE repeats them itself."""
    primitives, operands = draft.primitives, draft.operands[line]
    if primitives[line].name not in SPREADING:
        return False
    for operand in operands:
        if primitives[operand].name in SPREADS:
            break
    else:
        return False
    from gradcli.graph.shapes import broadcast

    found = operands
    for slot, operand in enumerate(operands):
        inner = _before_spread(draft, operand)
        if inner is not None:
            trial = (*found[:slot], inner, *found[slot + 1 :])
            if broadcast([draft.shape(other) for other in trial]) == draft.shape(line):
                found = trial
    if found == operands:
        return False
    draft.rewrite(line, primitives[line], found, draft.statics[line])
    return True


def _before_spread(draft: Draft, line: int) -> int | None:
    """e where LINE repeats e, or gives it axes of length 1 in front."""
    name = draft.name(line)
    if name not in SPREADS:
        return None
    inner = _under(draft, line)
    if name == "reshape":
        return inner if _is_longer(draft.shape(line), draft.shape(inner)) else None
    return inner if draft.spreads(inner, draft.shape(line)) else None


def _is_longer(shape: Shape, other: Shape) -> bool:
    """Whether SHAPE is the other one with axes of length 1 in front."""
    lead = len(shape) - len(other)
    return lead > 0 and shape[lead:] == other and all(length == 1 for length in shape[:lead])


def _fit(draft: Draft, line: int) -> int | Instead | None:
    """To the shape it has; repeated twice; there and back; with axes of length 1 before it."""
    (e,), shape = draft.operands[line], draft.shape(line)
    have = draft.shape(e)
    if have == shape:
        return e
    if draft.name(e) == "reshape" and len(shape) >= len(have) and _is_longer(have, draft.shape(_under(draft, e))):
        return "fit", (_under(draft, e),), shape
    if draft.name(e) not in ("fit", "broadcast"):
        return None
    inner = _under(draft, e)
    first = draft.shape(inner)
    if first == shape and _size(first) == _size(have):
        return inner
    return ("fit", (inner,), shape) if draft.spreads(inner, have) and draft.spreads(e, shape) else None


def _reshape(draft: Draft, line: int) -> int | Instead | None:
    """To the shape it has; after another one."""
    (e,), shape = draft.operands[line], draft.shape(line)
    if draft.shape(e) == shape:
        return e
    if draft.name(e) in ("reshape", "flatten"):
        return "reshape", (_under(draft, e),), shape
    return None


def _transpose(draft: Draft, line: int) -> int | Instead | None:
    """One that moves nothing; one after another."""
    (e,) = draft.operands[line]
    order = _order(draft, line)
    if order == tuple(range(len(order))):
        return e
    if draft.name(e) != "transpose":
        return None
    before, rank = _order(draft, e), len(order)
    both = tuple([before[axis] for axis in order])
    return "transpose", (_under(draft, e),), None if both == tuple(range(rank))[::-1] else both


def _order(draft: Draft, line: int) -> tuple[int, ...]:
    static, rank = draft.statics[line], len(draft.shape(line))
    return tuple(range(rank))[::-1] if static is None else static


def _index(draft: Draft, line: int) -> int | Instead | None:
    """All of it; one of what was stacked; what was scattered to there."""
    (e,), places = draft.operands[line], draft.statics[line]
    if all(place is Ellipsis or place == slice(None) for place in places):
        return e
    if draft.name(e) == "scatter" and draft.statics[e][0] == places:
        inner = _under(draft, e)
        return inner if draft.shape(inner) == draft.shape(line) else None
    if draft.name(e) == "stack" and type(places[0]) is int:
        entry = draft.find(draft.operands[e][places[0]])
        rest = places[1:]
        if not rest:
            return entry
        return "index", (entry,), rest
    return None


def _reduced(draft: Draft, line: int) -> int | None:
    """The sum, the mean, the product or the largest of a scalar."""
    (e,) = draft.operands[line]
    return e if draft.shape(e) == () else None


def _size(shape: Shape) -> int:
    from gradcli.graph.shapes import count

    return count(shape)


EXACT_RULES: dict[str, Rule] = {
    "mul": _mul, "div": _div, "add": _add, "sub": _sub, "neg": _neg, "power": _power, "pow": _pow, "square": _even,
    "abs": _abs, "same": _same, "where": _where, "not_equal": _not_equal,
    **dict.fromkeys(("floor", "ceil", "round", "sign", "stop"), _twice),
    **dict.fromkeys(("max", "min", "max_first", "min_first"), _extreme),
    "fit": _fit, "broadcast": _fit, "reshape": _reshape, "flatten": _reshape, "transpose": _transpose, "index": _index,
    **dict.fromkeys(("sum", "mean", "prod", "amax", "amin", "amax_first", "amin_first"), _reduced),
}  # fmt: skip
RULES: dict[str, Rule] = {**EXACT_RULES, "add": _add_any_zero, "sub": _sub_any_zero}
