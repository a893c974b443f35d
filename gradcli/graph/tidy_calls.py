"""What a call of a primitive becomes in a tidy formula: odd and even functions, gates, comparisons, known values."""

from __future__ import annotations

from gradcli.graph import NAMED, Primitive
from gradcli.graph.tidy import Tidy
from gradcli.graph.tidy_parts import (
    BOOLEAN,
    BOUNDED,
    CALL,
    COMPARISONS,
    FINITE,
    NONNEGATIVE,
    NONZERO,
    ONE,
    POSITIVE,
    PRODUCT,
    ROBUST,
    SUM,
    UNIT,
    ZERO,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from gradcli.graph.tidy_parts import Value

    Rule = Callable[[Tidy, Primitive, Any, Sequence[Value]], Value | None]

ODD = frozenset(("sin", "tan", "sinh", "tanh", "atan", "asin", "asinh", "atanh", "erf", "cbrt", "sign", "softsign"))
EVEN = frozenset(("cos", "cosh", "abs"))
STEPS = frozenset(("floor", "ceil", "round", "sign", "abs", "max", "min", "clip", "relu", "mod", "less", "less_equal",
                   "greater", "greater_equal", "equal", "not_equal", "where"))  # fmt: skip
EXACT = (0.0, 1.0, -1.0, 0.5, 2.0)  # numbers at which, and with which, a function is folded
TURNED = {"less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal",
          "equal": "equal", "not_equal": "not_equal"}  # fmt: skip
POSITIVE_VALUES = frozenset(("exp", "cosh", "sigmoid", "softplus", "erfc", "softmax"))
NONNEGATIVE_VALUES = frozenset(("sqrt", "abs", "hypot", "norm", "std", "var", "relu", "relu_split", "relu_first"))
KEEPING_FINITE = frozenset((
    "sin", "cos", "exp", "sinh", "cosh", "asinh", "softplus", "logsigmoid", "silu", "gelu", "abs", "floor", "ceil",
    "round", "relu", "relu_split", "relu_first", "cbrt", "hypot", "max", "min", "clip", "expm1", "logaddexp", "sum",
    "mean", "norm", "matmul", "transpose", "reshape", "fit", "broadcast", "index", "dot", "elu", "leaky_relu", "stop",
))  # fmt: skip


def called(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value:
    """PRIMITIVE applied to values."""
    name = primitive.name
    if all(part == ONE for _, part in operands) and operands and primitive.kind == "elementwise":
        folded = _folded(tidy, primitive, static, operands)
        if folded is not None:
            return folded
    rule = RULES.get(name)
    if rule is not None:
        found = rule(tidy, primitive, static, operands)
        if found is not None:
            return found
    elif name in ODD or name in EVEN:
        positive, sign = _without_sign(tidy, operands[0])
        number, part = tidy.opaque(primitive, static, [positive])
        return (number if name in EVEN else sign * number, part)
    elif primitive.kind != "elementwise":
        from gradcli.graph.tidy_arrays import called as called_on_arrays

        return called_on_arrays(tidy, primitive, static, operands)
    return tidy.opaque(primitive, static, operands)


def _folded(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    """The value of a call on numbers, where it is exact."""
    name = primitive.name
    if name in COMPARISONS:
        return (int(COMPARISONS[name](operands[0][0], operands[1][0])), ONE)
    if primitive.static or (name not in STEPS and any(number not in EXACT for number, _ in operands)):
        return None
    try:
        given = [float(number) for number, _ in operands]
    except OverflowError:
        return None
    found = primitive.forward(*given)
    if name in STEPS or found in EXACT:
        return tidy.number(found) if found - found == 0 else None
    return None


def _without_sign(tidy: Tidy, value: Value) -> tuple[Value, int]:
    """A value and its sign, which is -1 where every term is negative."""
    number, part = value
    if tidy.kinds[part] != SUM:
        return ((abs(number), part), -1 if number < 0 else 1)
    constant, terms = tidy.parts[part]
    signs = {coefficient > 0 for _, coefficient in terms} | ({constant > 0} if constant else set())
    if signs == {number < 0}:
        return ((-number, part), -1)
    return (value, 1)


def _exponential(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    """exp(c*u) as a power of exp(u), so that equal ones meet; the same for a positive number to a power."""
    number, part = operands[-1]
    if part == ONE:
        return None
    if tidy.kinds[part] == SUM:
        content, part = tidy.normal(part)
        number *= content
    base = tidy.opaque(primitive, static, [*operands[:-1], (1, part)])[1]
    return tidy.multiply([((1, base), number)])


def _pow(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    base, (number, part) = operands
    if part == ONE:
        return tidy.power(base, number)
    if base == UNIT:
        return UNIT
    if tidy.is_base(tidy.whole(base)):
        return _exponential(tidy, primitive, static, operands)
    return None


def _power(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    number, part = tidy.number(static)
    if part != ONE:
        return tidy.opaque(NAMED["pow"], None, [operands[0], (number, part)])
    return tidy.power(operands[0], number)


def _sqrt(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    from fractions import Fraction

    if operands[0][1] == ONE:
        found = tidy.power(operands[0], Fraction(1, 2))
        if found[1] == ONE:
            return found
    return None


def _abs(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    (number, part), _ = _without_sign(tidy, operands[0])
    if tidy.flags[part] & NONNEGATIVE and number > 0:
        return (number, part)
    return tidy.opaque(primitive, static, [(number, part)])


def _sign(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    (number, part), sign = _without_sign(tidy, operands[0])
    if tidy.flags[part] & POSITIVE == POSITIVE:
        return (sign, ONE)
    if tidy.kinds[part] != SUM:
        number = 1
    return (sign, tidy.opaque(primitive, static, [(number, part)])[1])


def _hypot(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    return tidy.opaque(primitive, static, [_without_sign(tidy, operand)[0] for operand in operands])


def _relu(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    number, part = operands[0]
    return (number, part) if tidy.flags[part] & NONNEGATIVE and number > 0 else None


def _largest(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    different = list(dict.fromkeys(operands))
    if len(different) == 1:
        return different[0]
    return tidy.opaque(primitive, static, different) if len(different) < len(operands) else None


def _compared(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    left, right = operands
    name = primitive.name
    if left == right and left[1] != ONE:
        if name in ("less", "greater", "not_equal") and (name != "not_equal" or tidy.derived):
            return ZERO
        return UNIT if tidy.derived else None
    if left[1] == ONE and right[1] != ONE and name not in ("less", "greater"):
        return tidy.call(TURNED[name], None, [right, left])
    if right[1] != ONE:
        return None
    number, part = left
    if tidy.kinds[part] == CALL and tidy.parts[part][0].name in ("max", "min", "max_first", "min_first"):
        found = _bound_passed(tidy, name, left, right)
        if found is not None:
            return found
    if right[0] != 0:
        return None
    flags = tidy.flags[part] if number > 0 or name in ("equal", "not_equal") else 0
    if name in ("equal", "not_equal") and flags & NONZERO:
        return UNIT if name == "not_equal" else ZERO
    if flags & NONNEGATIVE and name == "less":
        return ZERO
    if flags & NONNEGATIVE and name == "greater_equal" and flags & FINITE:
        return UNIT
    if flags & POSITIVE == POSITIVE and name in ("greater", "less_equal") and flags & FINITE:
        return UNIT if name == "greater" else ZERO
    return _is_open(tidy, left) if name == "not_equal" else None


def _bound_passed(tidy: Tidy, name: str, left: Value, right: Value) -> Value | None:
    """max(x, 0) < 1 is x < 1."""
    number, part = left
    if number != 1:
        return None
    primitive, _, operands = tidy.parts[part]
    values = [tidy.value(operand) for operand in operands]
    bounds = [value for value in values if value[1] == ONE]
    others = [value for value in values if value[1] != ONE]
    if len(bounds) != 1 or len(others) != 1:
        return None
    is_max = primitive.name.startswith("max")
    beyond = bounds[0][0] < right[0] if is_max else bounds[0][0] > right[0]
    return tidy.call(name, None, [others[0], right]) if beyond else None


def _is_open(tidy: Tidy, share: Value) -> Value | None:
    """Whether a share of a gate is not 0, in the words of the gate."""
    number, part = share
    if not number:
        return None
    if part not in tidy.opened:
        tidy.opened[part] = _opened_product(tidy, part) if tidy.kinds[part] == PRODUCT else _opened(tidy, part)
    return tidy.opened[part]


def _opened_product(tidy: Tidy, part: int) -> Value | None:
    found: list[tuple[Value, int]] = []
    for base, power in tidy.parts[part]:
        if power < 0 and _counts(tidy, base):
            continue
        opened = tidy.opened.get(base) if tidy.kinds[base] == PRODUCT else _opened(tidy, base)
        if opened is None:
            return None
        found.append((opened, 1))
    return tidy.multiply(found)


def _opened(tidy: Tidy, part: int) -> Value | None:
    if tidy.flags[part] & BOOLEAN:
        return (1, part)
    if tidy.kinds[part] != SUM:
        return None
    return UNIT if _is_always_open(tidy, part) else _at_tie(tidy, part)


def _is_always_open(tidy: Tidy, part: int) -> bool:
    """Whether a sum of gates holds (x == 0) and (x != 0), or a number beside them."""
    constant, terms = tidy.parts[part]
    if constant < 0 or any(number < 0 or not tidy.flags[other] & BOOLEAN for other, number in terms):
        return False
    calls = {(tidy.parts[other][0].name, tidy.parts[other][2]) for other, _ in terms if tidy.kinds[other] == CALL}
    return constant > 0 or any(("equal", operands) in calls for name, operands in calls if name == "not_equal")


def _counts(tidy: Tidy, part: int) -> bool:
    """Whether a part is a sum of booleans: how many operands reach a maximum."""
    if tidy.kinds[part] == CALL and tidy.parts[part][0].name == "sum":
        return bool(tidy.flags[tidy.parts[part][2][0]] & BOOLEAN)
    if tidy.kinds[part] != SUM:
        return False
    constant, terms = tidy.parts[part]
    return not constant and all(number == 1 and tidy.flags[other] & BOOLEAN for other, number in terms)


def _at_tie(tidy: Tidy, part: int) -> Value | None:
    """(x > y) + (x == y)/2 is open where x >= y."""
    constant, terms = tidy.parts[part]
    if constant or len(terms) != 2 or any(tidy.kinds[other] != CALL or number <= 0 for other, number in terms):
        return None
    calls = {tidy.parts[other][0].name: tidy.parts[other][2] for other, _ in terms}
    if len(calls) != 2 or "equal" not in calls:
        return None
    for strict in ("greater", "less"):
        if calls.get(strict) == calls["equal"]:
            values = [tidy.value(operand) for operand in calls[strict]]
            return tidy.call(strict + "_equal", None, values)
    return None


def _where(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    condition, chosen, other = operands
    if condition[1] == ONE:
        return chosen if condition[0] else other
    if condition[0] != 1:
        return None
    test = condition[1]
    if chosen == other:
        return chosen
    if tidy.kinds[test] == CALL and tidy.parts[test][0].name in ("equal", "not_equal"):
        left, right = tidy.parts[test][2]
        name = tidy.parts[test][0].name
        if left == right and name == "equal" and other[1] == left:
            return chosen  # nan where `other` is nan, which is the gate's own value
        if tidy.value(right) == ZERO:
            if tidy.flags[left] & BOOLEAN:
                branches = [chosen, other] if name == "not_equal" else [other, chosen]
                return tidy.call("where", None, [(1, left), *branches])
            if tidy.simplify and ZERO in (chosen, other) and tidy.known(left, NONZERO):
                return other if name == "equal" else chosen
    if tidy.simplify and chosen == ZERO and tidy.kinds[test] == PRODUCT and _is_one_point(tidy, test):
        return other
    if other == ZERO and _carries_gate(tidy, test, chosen[1]):
        return chosen
    chosen, other = assumed(tidy, test, chosen, holds=True), assumed(tidy, test, other, holds=False)
    if chosen == other:
        return chosen
    if other == ZERO:
        number, part = chosen
        if tidy.kinds[test] == CALL and tidy.parts[test][0].name == "greater":
            left, right = [tidy.value(operand) for operand in tidy.parts[test][2]]
            if right == ZERO and left == (1, part):
                return (number, tidy.call("relu", None, [left])[1])
        if tidy.flags[test] & BOOLEAN and (part == ONE or tidy.flags[part] & ROBUST):
            return tidy.multiply([((1, test), 1), (chosen, 1)])
        if _closes_itself(tidy, test, part):
            return chosen
    return tidy.opaque(primitive, static, [(1, test), chosen, other])


def _is_one_point(tidy: Tidy, test: int) -> bool:
    """Whether a product of tests holds only where something is 0, which is assumed of nothing from here on."""
    for base, _ in tidy.parts[test]:
        if tidy.kinds[base] == CALL and tidy.parts[base][0].name == "equal":
            left, right = tidy.parts[base][2]
            if tidy.value(right) == ZERO and not tidy.flags[left] & BOOLEAN and tidy.known(left, NONZERO):
                return True
    return False


def _carries_gate(tidy: Tidy, test: int, part: int) -> bool:
    """Whether PART is 0 by itself where TEST does not hold: a share of the gate times what is always finite."""
    gates: list[tuple[Value, int]] = []
    others: list[tuple[int, Any]] = []
    for base, power in tidy.factors(part):
        opened = _is_open(tidy, (1, base)) if power == 1 else None
        if power == -1 and _counts(tidy, base):
            continue
        if opened is None:
            others.append((base, power))
        else:
            gates.append((opened, 1))
    if not gates or any(power != 1 or not tidy.flags[base] & ROBUST for base, power in others):
        return False
    return tidy.multiply(gates) == (1, test)


def _closes_itself(tidy: Tidy, test: int, part: int) -> bool:
    """Whether a product of matrices is 0 by itself where all gates behind it are closed."""
    if tidy.kinds[test] != CALL or tidy.parts[test][0].name not in ("amax", "not_equal", "reshape", "broadcast"):
        return False
    from gradcli.graph.tidy_arrays import is_quiet

    return is_quiet(tidy, part)


def _facts(tidy: Tidy, test: int, holds: bool) -> Iterator[tuple[int, int]]:
    """What is known where TEST holds, or where it does not: parts and flags."""
    if not tidy.flags[test] & BOOLEAN:
        if holds:
            yield test, NONZERO
        return
    tests = [base for base, power in tidy.factors(test) if power > 0] if holds else [test]
    for one in tests:
        if tidy.kinds[one] != CALL or tidy.parts[one][0].name not in COMPARISONS:
            continue
        name, operands = tidy.parts[one][0].name, tidy.parts[one][2]
        left, right = tidy.value(operands[0]), tidy.value(operands[1])
        if left[1] == ONE:
            left, right, name = right, left, TURNED[name]
        if right[1] != ONE or left[0] < 0:
            continue
        bound = right[0] / left[0] if left[0] else 0
        if not holds:
            if name == "equal" and bound == 0:
                yield left[1], NONZERO
            continue
        if name == "greater" and bound >= 0:
            yield left[1], POSITIVE
        elif name == "greater_equal" and bound >= 0:
            yield left[1], POSITIVE if bound > 0 else NONNEGATIVE
        elif (name == "less" and bound <= 0) or (name == "not_equal" and bound == 0):
            yield left[1], NONZERO


def assumed(tidy: Tidy, test: int, value: Value, *, holds: bool) -> Value:
    """VALUE where TEST holds, or where it does not: the gate itself is 1 or 0 there, and facts are used."""
    facts = [fact for fact in _facts(tidy, test, holds) if fact[1] & ~tidy.flags[fact[0]]]
    had = [(part, tidy.flags[part]) for part, _ in facts]
    start = len(tidy.kinds)
    for part, flags in facts:
        tidy.flags[part] |= flags
    found = _within(tidy, test, value, holds, again=bool(facts))
    for part, flags in had:
        tidy.flags[part] = flags
    if facts:
        for part in range(start, len(tidy.kinds)):
            tidy.flags[part] &= BOOLEAN
    return found


def _within(tidy: Tidy, test: int, value: Value, holds: bool, again: bool) -> Value:
    number, part = value
    kind = tidy.kinds[part]
    if kind == SUM:
        constant, terms = tidy.parts[part]
        if len(terms) > 30:
            return value
        found = [(other, _term_within(tidy, test, other, holds, again)) for other, _ in terms]
        if all(new == (1, old) for old, new in found) and not again:
            return value
        scaled = [(number * count * new[0], new[1]) for (_, count), (_, new) in zip(terms, found, strict=True)]
        return tidy.add([(number * constant, ONE), *scaled])
    count, made = _term_within(tidy, test, part, holds, again)
    return (number * count, made)


def _term_within(tidy: Tidy, test: int, part: int, holds: bool, again: bool) -> Value:
    kind = tidy.kinds[part]
    is_gate = bool(tidy.flags[test] & BOOLEAN)
    if part == test and (is_gate or not holds):
        return UNIT if holds else ZERO
    if kind == CALL and tidy.parts[part][0].name == "where" and tidy.parts[part][2][0] == test:
        return tidy.value(tidy.parts[part][2][1 if holds else 2])
    if kind == CALL and again and tidy.parts[part][0].name in REDONE:
        return _again(tidy, part)
    if kind == PRODUCT:
        open_gates = {test, *(base for base, _ in tidy.factors(test))} if is_gate else set()
        factors = []
        changed = again
        for base, power in tidy.parts[part]:
            if base in open_gates and power > 0 and holds:
                changed = True
            elif base == test and power > 0 and not holds:
                return ZERO
            elif (tidy.kinds[base] == CALL and tidy.parts[base][0].name == "where" and tidy.parts[base][2][0] == test):
                factors.append((tidy.value(tidy.parts[base][2][1 if holds else 2]), power))
                changed = True
            elif again and tidy.kinds[base] == CALL and tidy.parts[base][0].name in REDONE:
                factors.append((_again(tidy, base), power))
            else:
                factors.append(((1, base), power))
        return tidy.multiply(factors) if changed else (1, part)
    return (1, part)


REDONE = frozenset(("relu", "abs", "sign"))


def _again(tidy: Tidy, part: int) -> Value:
    """The same call, with what is known by now."""
    primitive, static, operands = tidy.parts[part]
    return called(tidy, primitive, static, [tidy.value(operand) for operand in operands])


def _times(tidy: Tidy, primitive: Primitive, static: Any, operands: Sequence[Value]) -> Value | None:
    return tidy.multiply([(operand, 1) for operand in operands])


def divided(tidy: Tidy, above: Value, below: Value) -> Value:
    """A quotient; the share of a tie among two in the words of the gate."""
    if above[0] == 1 and tidy.kinds[above[1]] == CALL and below[0] == 1 and _counts(tidy, below[1]):
        found = _share_of_two(tidy, above[1], below[1])
        if found is not None:
            return found
    return tidy.multiply([(above, 1), (below, -1)])


def _share_of_two(tidy: Tidy, hit: int, total: int) -> Value | None:
    """(x == m)/((x == m) + (y == m)) with m = max(x, y) is (x > y) + (x == y)/2."""
    from fractions import Fraction

    if tidy.kinds[total] != SUM:
        return None
    hits = [part for part, _ in tidy.parts[total][1]]
    if len(hits) != 2 or hit not in hits or any(tidy.kinds[part] != CALL for part in hits):
        return None
    parts = [tidy.parts[part] for part in hits]
    if any(primitive.name != "equal" for primitive, _, _ in parts):
        return None
    common = set(parts[0][2]) & set(parts[1][2])
    largest = next((part for part in common if tidy.kinds[part] == CALL), None)
    names = "" if largest is None else tidy.parts[largest][0].name
    compared = [next((one for one in operands if one != largest), hit) for _, _, operands in parts]
    if largest is None or names not in ("max", "min") or set(tidy.parts[largest][2]) != set(compared):
        return None
    own, other = [tidy.value(part) for part in (compared if hits[0] == hit else compared[::-1])]
    strict = "greater" if names == "max" else "less"
    ahead = tidy.call(strict, None, [own, other])
    number, tie = tidy.call("equal", None, [own, other])
    return tidy.add([ahead, (number * Fraction(1, 2), tie)])


RULES: dict[str, Rule] = {
    "add": lambda tidy, primitive, static, operands: tidy.add(operands),
    "sub": lambda tidy, primitive, static, operands: tidy.add([operands[0], (-operands[1][0], operands[1][1])]),
    "neg": lambda tidy, primitive, static, operands: (-operands[0][0], operands[0][1]),
    "mul": _times,
    "div": lambda tidy, primitive, static, operands: divided(tidy, *operands),
    "power": _power,
    "square": lambda tidy, primitive, static, operands: tidy.power(operands[0], 2),
    "same": lambda tidy, primitive, static, operands: operands[0],
    "seed": lambda tidy, primitive, static, operands: UNIT,
    "exp": _exponential,
    "pow": _pow,
    "sqrt": _sqrt,
    "abs": _abs,
    "sign": _sign,
    "hypot": _hypot,
    "relu": _relu,
    "softmax": lambda tidy, primitive, static, operands: UNIT if len(operands) == 1 else None,
    "logaddexp": lambda tidy, primitive, static, operands: operands[0] if len(operands) == 1 else None,
    **dict.fromkeys(("max", "min", "max_first", "min_first"), _largest),
    "where": _where,
    **dict.fromkeys(COMPARISONS, _compared),
}


def flags_of(tidy: Tidy, primitive: Primitive, parts: Sequence[int]) -> int:
    """What is known of a call."""
    name = primitive.name
    had = FINITE | NONZERO | NONNEGATIVE | ROBUST
    for part in parts:
        had &= tidy.flags[part]
    if name in COMPARISONS:
        return FINITE | NONNEGATIVE | BOOLEAN | ROBUST
    found = 0
    if name in BOUNDED:
        found |= FINITE | (ROBUST & had if name in ("sin", "cos") else ROBUST)
    if name in ("amax", "reshape", "broadcast", "transpose", "index") and tidy.flags[parts[0]] & BOOLEAN:
        return FINITE | NONNEGATIVE | BOOLEAN | ROBUST
    if name in KEEPING_FINITE:
        found |= had & FINITE
    if name == "where":
        found |= FINITE & tidy.flags[parts[1]] & tidy.flags[parts[2]]
    if name in POSITIVE_VALUES or (name == "pow" and tidy.is_base(parts[0])):
        found |= POSITIVE
    elif name in NONNEGATIVE_VALUES:
        found |= NONNEGATIVE | (had & NONZERO if name in ("sqrt", "abs") else 0)
        if name in ("hypot",) and any(tidy.flags[part] & NONZERO for part in parts):
            found |= NONZERO
    elif name in ("log", "sqrt") and had & FINITE and tidy.flags[parts[0]] & POSITIVE == POSITIVE:
        found |= FINITE
    elif name in ("stop", "fit", "broadcast", "reshape", "transpose", "index"):
        found |= had & POSITIVE
    if name == "sqrt" and had & (FINITE | NONNEGATIVE) == FINITE | NONNEGATIVE:
        found |= FINITE
    return found

