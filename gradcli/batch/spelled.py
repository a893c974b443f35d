"""Whether a spelled-out form may stand in a program, said from its tape: what `decompose` would find is never missed.

Of each pattern of graph/recognise.py a condition is tested that is necessary for it, on operators, literals and values:
two operands that are equal lines have equal values, or both are nan.
"""

from __future__ import annotations

from math import e as E

from gradcli.graph.recognise import MOST_TERMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.batch.onepass import Pass, Row

    Mark = tuple[str, float | None]
    Forms = dict[int, tuple[str, tuple[int, ...]]]  # by line: the primitive that it is, and the lines it is of

# What a line is for the patterns, with the value of z where there is one:
# exp: exp(z) or 1/exp(-z) · sum: 1 + exp(z), or another sum or difference of such · gate: sigmoid(z) · twice: 2*gate


LOOKED_AT = frozenset(("exp", "sigmoid", "log", "log1p", "neg", "power"))
LITERALS = frozenset((0.0, 1.0, -1.0, E))  # without one of these, a form has two exp, or what Step.tells of


def is_telling(run: Pass) -> bool:
    """Whether a program has what every spelled-out form has something of; False where surely none stands in it."""
    return run.tells > 1 or bool(run.roots or run.labels) or not LITERALS.isdisjoint(run.consts)


def may_be_spelled(run: Pass, forms: Forms | None = None) -> bool:
    """Whether any line of the tape may be recognised; False where surely none is.

    FORMS receives those that surely are, if every line is used once; then only others count.
    """
    if run.tells < 2 and not (run.tells and run.labels) and LITERALS.isdisjoint(run.consts):
        return _roots(run, forms)
    tape, base, consts, names = run.tape, run.base, run.consts, run.names
    known = run.known
    marks: dict[int, Mark] = {}

    def value(index: int) -> float:
        if index >= base:
            return tape[index - base][5]
        return consts[~index] if index < 0 else known[names[index]][0]

    place = base - 1
    for first, _, second, other, step, _ in tape:
        place += 1
        if other is None:
            if second is not None:
                if step.primitive.shown == "max" and len(first) == 2 and _has_zero(first, consts):
                    return True
                continue
            name = step.name
            if name not in LOOKED_AT:
                continue
            if name == "exp":
                marks[place] = ("exp", value(first))
            elif name == "sigmoid":
                marks[place] = ("gate", value(first))
            elif name == "log":
                inside = _one_plus(tape, base, consts, first) or marks.get(first, ("",))[0] in ("sum", "gate")
                if inside and (forms is None or not _logarithm(run, place, first, marks, forms)):
                    return True
            elif name == "log1p":
                if first in marks:
                    return True
            elif name == "neg":
                if first >= base and _named(tape, first - base) == "softplus":
                    return True
                if forms and forms.get(first, ("",))[0] == "softplus":
                    return True
            elif step.static == -1.0 and first in marks:
                kind, z = marks[first]
                if kind == "sum":
                    return True
                if kind == "exp":
                    marks[place] = ("exp", None if z is None else -z)
            continue
        if not marks and type(step) is str and step != "/":
            continue
        if step == "+" or step == "-":
            if first in marks or second in marks:
                found = _sum(step, marks.get(first), marks.get(second), first, second, consts)
                if found is True:
                    return True
                if found:
                    marks[place] = found
        elif step == "*":
            if first in marks or second in marks:
                for a, b in ((first, second), (second, first)):
                    kind, z = marks.get(a, ("", None))
                    if kind == "gate" and (value(b) == z or z != z):
                        if forms is None or not _is_silu(run, a, b):
                            return True
                        forms[place] = "silu", (b,)
                    if kind == "gate" and b < 0 and consts[~b] == 2.0:
                        marks[place] = ("twice", z)
                    if kind == "sum" and b < 0 and consts[~b] == 0.5:
                        return True
        elif step == "/":
            if marks and (first in marks or second in marks):
                found = _quotient(marks.get(first), marks.get(second), first, second, consts, value(first))
                if found is True:
                    z_line = None if forms is None else _sigmoid_of(run, first, second)
                    if forms is None or z_line is None:
                        return True
                    forms[place] = "sigmoid", (z_line,)
                    found = "gate", value(z_line)
                if found:
                    marks[place] = found
            if first >= base and second >= base and _named(tape, first - base) in ("sinh", "expm1"):
                return True
        elif step.name == "pow" and first < 0 and consts[~first] == E:
            return True
    return _roots(run, forms)


def _roots(run: Pass, forms: Forms | None) -> bool:
    """Whether a square root may be taken of squares."""
    base, tape = run.base, run.tape
    for index in run.roots:
        if index >= base:
            step = tape[index - base][4]
            if step == "/" or step == "-":
                continue
        elif index >= 0:
            continue
        if _squares(run, index) and (forms is None or not _norm(run, index, forms)):
            return True
    return False


def _has_zero(operands: Sequence[int], consts: Sequence[float]) -> bool:
    return any(operand < 0 and consts[~operand] == 0.0 for operand in operands)


def _named(tape: Sequence[Row], place: int) -> str:
    step = tape[place][4]
    return "" if type(step) is str else str(step.name)


def _sum(
    sign: str, left: Mark | None, right: Mark | None, first: int, second: int, consts: Sequence[float]
) -> Mark | bool | None:
    """What a sum or difference of marked lines is; True where it may be recognised itself."""
    if left is not None and right is not None:
        return ("sum", None) if left[0] in ("exp", "sum") and right[0] in ("exp", "sum") else None
    kind, z = left or right or ("", None)
    literal = second if left is not None else first
    if literal >= 0:
        return None
    number = consts[~literal]
    if kind == "twice" or (kind == "exp" and number == -1.0):
        return number in (1.0, -1.0)
    if number != 1.0 or kind == "gate":
        return None
    if sign == "-" and left is not None:
        return kind == "exp" or None  # exp(z) - 1
    return ("sum", z if kind == "exp" and sign == "+" else None)


def _quotient(
    top: Mark | None, bottom: Mark | None, first: int, second: int, consts: Sequence[float], above: float
) -> Mark | bool | None:
    """What a quotient with a marked line is; True where it may be recognised itself."""
    if bottom is not None and bottom[0] == "exp":
        z = bottom[1]
        return ("exp", None if z is None else -z) if first < 0 and consts[~first] == 1.0 else None
    if bottom is not None and bottom[0] == "sum":
        z = bottom[1]
        if top is not None:
            return top[0] in ("exp", "sum") or (z is not None and (above == -z or z != z)) or None
        if first < 0 and consts[~first] == 2.0:
            return ("twice", None)
        one = first < 0 and consts[~first] in (1.0, -1.0)
        return one or (z is not None and (above == -z or z != z)) or None
    if top is not None and top[0] == "sum":
        return (second < 0 and consts[~second] == 2.0) or None
    return None


def _one_plus(tape: Sequence[Row], base: int, consts: Sequence[float], index: int) -> bool:
    """Whether a line is 1 + x, x + 1 or 1 - x."""
    if index < base:
        return False
    first, _, second, other, step, _ = tape[index - base]
    if other is None or (step != "+" and step != "-"):
        return False
    one: bool = (first < 0 and consts[~first] == 1.0) or (step == "+" and second < 0 and consts[~second] == 1.0)
    return one


def _squares(run: Pass, index: int) -> bool:
    """Whether a line may be a sum of squares and of ones, or a square."""
    tape, base, consts = run.tape, run.base, run.consts
    waiting, seen = [index], 0
    while waiting:
        index = waiting.pop()
        seen += 1
        if seen > 2 * MOST_TERMS:
            return False
        if index < base:
            if index >= 0 or consts[~index] != 1.0:
                return False
            continue
        first, local, second, other, step, _ = tape[index - base]
        if step == "+":
            waiting += (second, first)
        elif step == "*":
            if local != other and (local == local or other == other):  # each is the value of the other operand
                return False
        elif type(step) is str or not (step.name == "square" or (step.name == "power" and step.static == 2.0)):
            return False
    return True


def _logarithm(run: Pass, place: int, inner: int, marks: Mapping[int, Mark], forms: Forms) -> bool:
    """Whether the logarithm on line PLACE surely is log(sigmoid(z)), log(1 + exp(z)) or log(1 + x), added to FORMS."""
    tape, base = run.tape, run.base
    first, _, second, _, step, _ = tape[inner - base]
    if step == "+":
        if (first < 0) == (second < 0):
            return False
        other = second if first < 0 else first
        if other not in marks:
            forms[place] = "log1p", (other,)
            return True
        if _named(tape, other - base) == "exp":
            forms[place] = "softplus", (tape[other - base][0],)
            return True
        return False
    if type(step) is str or step.name != "sigmoid":
        return False
    forms[place] = "logsigmoid", (first,)
    return True


def _is_silu(run: Pass, gate: int, other: int) -> bool:
    """Whether a product surely is x*sigmoid(x), of one variable."""
    tape, base = run.tape, run.base
    return 0 <= other < base and _named(tape, gate - base) == "sigmoid" and tape[gate - base][0] == other


def _sigmoid_of(run: Pass, top: int, bottom: int) -> int | None:
    """The line z where a quotient surely is 1/(1 + exp(-z))."""
    tape, base, consts = run.tape, run.base, run.consts
    if top >= 0 or consts[~top] != 1.0 or bottom < base:
        return None
    first, _, second, _, step, _ = tape[bottom - base]
    if step != "+" or (first < 0) == (second < 0) or consts[~min(first, second)] != 1.0:
        return None
    power = max(first, second)
    if power < base or _named(tape, power - base) != "exp":
        return None
    signed = tape[power - base][0]
    z: int = tape[signed - base][0] if signed >= base and _named(tape, signed - base) == "neg" else signed
    return None if z == signed else z


def _norm(run: Pass, index: int, forms: Forms) -> bool:
    """Whether the root of line INDEX surely is that of a sum of squares, which is added to FORMS."""
    tape, base = run.tape, run.base
    waiting, roots = [index], []
    while waiting:
        line = waiting.pop()
        if line < base:
            return False
        first, _, second, _, step, _ = tape[line - base]
        if step == "+":
            waiting += (second, first)
        elif type(step) is not str or (first == second and 0 <= first < base):
            roots.append(first)
        else:
            return False
    (place,) = [place for place, row in enumerate(tape) if row[0] == index]
    forms[base + place] = "abs" if len(roots) == 1 else "hypot", tuple(roots)
    return True
