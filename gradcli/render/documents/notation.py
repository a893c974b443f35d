"""From a text in the language to mathematics: fractions, roots, powers, matrices, cases."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.graph import ATOM_LEVEL, NAMED, POWER_LEVEL, PRODUCT_LEVEL, SIGN_LEVEL, SUM_LEVEL
from gradcli.graph.latex import COMPARED, ENCLOSED, FUNCTIONS, LARGE, POWERED, escaped
from gradcli.language import ARRAY, BINARY, CALL, INDEX, NAME, NUMBER, PREFIX, SLICE, TRANSPOSED, parse
from gradcli.render.documents.formula import (
    BRACKET,
    LETTER,
    SIGN,
    SMALL,
    THIN,
    Formula,
    at_least,
    chained,
    enclosed,
    numeral,
    product,
    within,
    words,
)  # fmt: skip
from gradcli.text import shortest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

    Word = Callable[[str], Formula | None]  # a name to what stands for it

LONGEST = 2_000  # letters that are read; longer texts stand as they are
DEEPEST = 3  # fractions in fractions
DOTS, MORE = "…", "the_operands_between"  # what is left out of a long row of operands
CONSTANTS = {"pi": r"\pi", "tau": r"\tau", "e": "e", "inf": r"\infty", "nan": r"\mathrm{nan}"}
ALONG = ("sum", "prod", "amax", "amin")  # whose axis stands below the sign
REDUCING = {"dot", "cross_entropy", *(name for name, primitive in NAMED.items() if primitive.kind == "reduces")}


def formula_of(
    text: str, word: Word, *, exponential: bool = True, greek: bool = True, taken: Collection[str] = ()
) -> Formula:
    """The mathematics of TEXT, its names as WORD has them; a text that is none of the language stands as it is.

    Without EXPONENTIAL e^x is written exp(x), since e is a name; without GREEK sigmoid by its name. No element of an
    array is written as a name that is TAKEN.
    """
    source = text.replace(f"{DOTS} ", f"{MORE}, ") if f", {DOTS} " in text else text
    if len(source) > LONGEST:
        return words(text)
    try:
        items = parse(source)
    except GradError:
        return words(text)
    reader = _Reader(word, exponential=exponential, greek=greek, taken=taken)
    for code, argument in items:
        reader.read(code, argument)
    return reader.stack.pop() if len(reader.stack) == 1 else words(text)


class _Reader:
    """Reads postfix items over formulas."""

    def __init__(self, word: Word, *, exponential: bool, greek: bool, taken: Collection[str]) -> None:
        self.word = word
        self.taken = taken
        self.exponential = exponential
        self.greek = greek
        self.stack: list[Formula] = []

    def read(self, code: int, argument: Any) -> None:
        """One item."""
        if code == NUMBER:
            self.stack.append(numeral(shortest(argument)))
        elif code == NAME:
            self.stack.append(self._name(argument))
        elif code == BINARY:
            left, right = self._taken(2)
            self.stack.append(_binary(argument, left, right))
        elif code == PREFIX:
            (operand,) = self._taken(1)
            self.stack.append(_negated(operand) if argument == "-" else operand)
        elif code == CALL:
            self.stack.append(self._called(argument[0], self._taken(argument[1])))
        elif code == TRANSPOSED:
            (operand,) = self._taken(1)
            self.stack.append(_transposed(operand))
        elif code == INDEX:
            base, *slots = self._taken(argument + 1)
            self.stack.append(_indexed(base, slots, self.taken))
        elif code == SLICE:
            self.stack.append(_slice(argument, self._taken(sum(argument))))
        elif code == ARRAY:
            self.stack.append(_array(self._taken(argument)))

    def _taken(self, count: int) -> list[Formula]:
        if not count:
            return []
        found = self.stack[-count:]
        del self.stack[-count:]
        return found

    def _name(self, name: str) -> Formula:
        if name == MORE:
            return Formula(r"\dots", 2 * LETTER)
        found = self.word(name)
        if found is not None:
            return found
        return Formula(CONSTANTS.get(name, rf"\mathit{{{escaped(name)}}}"), LETTER * max(len(name) - 1, 1))

    def _called(self, name: str, given: Sequence[Formula]) -> Formula:
        if len(given) == 1 and name in ("exp", "sqrt", "cbrt", *ENCLOSED):
            return self._enclosed(name, given[0])
        if name == "where" and len(given) == 3:
            return _cases(*given)
        if name == "transpose" and len(given) == 1:
            return _transposed(given[0])
        if name in ALONG and len(given) == 2:
            along = rf"{FUNCTIONS[name]}_{{\text{{axis }} {given[1].latex}}}"
            return _listed(along, 5 * LETTER, given[:1], is_array=True, loose=True)
        word = FUNCTIONS.get(name)
        if word is None or (name == "sigmoid" and not self.greek) or (name in ("sum", "prod") and len(given) != 1):
            word = rf"\operatorname{{{escaped(name)}}}"
        many = any(one.is_array for one in given) and not (name in REDUCING and len(given) == 1)
        width = LETTER * (1.2 if word == r"\sigma" else len(name))
        return _listed(word, width, given, is_array=many, loose=name in LARGE)

    def _enclosed(self, name: str, given: Formula) -> Formula:
        many, deep = given.is_array and name != "norm", given.deep
        if name == "exp" and (not self.exponential or deep):
            return _listed(r"\exp", 3 * LETTER, [given], is_array=many)
        if name == "exp":
            return Formula(f"e^{{{given.latex}}}", 5 + SMALL * given.width, POWER_LEVEL, is_array=many)
        if name in ("sqrt", "cbrt"):
            root = r"\sqrt" if name == "sqrt" else r"\sqrt[3]"
            return Formula(f"{root}{{{given.latex}}}", given.width + 10, is_array=many, deep=deep)
        before, after = ENCLOSED[name]
        return Formula(f"{before}{given.latex}{after}", given.width + 2 * BRACKET, is_array=many, deep=deep)


def _negated(operand: Formula) -> Formula:
    shown = at_least(operand, SIGN_LEVEL, signed=True) if operand.level != PRODUCT_LEVEL else operand
    shown = within(shown) if shown.starts_low() else shown
    return Formula(f"-{shown.latex}", shown.width + 8, SIGN_LEVEL, is_array=shown.is_array, deep=shown.deep)


def _binary(sign: str, left: Formula, right: Formula) -> Formula:
    many, deep = left.is_array or right.is_array, max(left.deep, right.deep)
    if sign in "+-":
        last = at_least(right, SUM_LEVEL if sign == "+" else PRODUCT_LEVEL, signed=True)
        tail = Formula(f" {sign} {last.latex}", last.width + SIGN, deep=last.deep, is_array=last.is_array)
        left = at_least(left, SUM_LEVEL)
        return chained([*(left.terms or [left]), tail], SUM_LEVEL)
    if sign == "^":
        return _power(left, right)
    if sign == "/":
        return _fraction(left, right)
    if sign in COMPARED:
        inner = f"{left.latex} {COMPARED[sign]} {right.latex}"
        width = left.width + right.width + SIGN + 2 * BRACKET
        return Formula(enclosed(inner, "[", "]"), width, is_array=many, deep=deep, word="[")
    elementwise = sign == "*" and left.is_array and right.is_array
    return product(left, right, shown=r" \odot " if elementwise else "")


def _power(base: Formula, exponent: Formula) -> Formula:
    width = base.width + SMALL * exponent.width
    many, deep = base.is_array or exponent.is_array, max(base.deep, exponent.deep)
    if base.word in POWERED and base.latex.startswith("\\" + base.word):
        start = len(base.word) + 1
        latex = f"{base.latex[:start]}^{{{exponent.latex}}}{base.latex[start:]}"
        return Formula(latex, width, POWER_LEVEL, is_array=many, deep=deep)
    shown = at_least(base, ATOM_LEVEL)
    width = shown.width + SMALL * exponent.width
    return Formula(f"{shown.latex}^{{{exponent.latex}}}", width, POWER_LEVEL, is_array=many, deep=deep)


def _fraction(above: Formula, below: Formula) -> Formula:
    many, deep = above.is_array or below.is_array, max(above.deep, below.deep) + 1
    if deep > DEEPEST:
        return product(above, at_least(below, POWER_LEVEL), shown=" / ")
    latex = rf"\frac{{{above.latex}}}{{{below.latex}}}"
    return Formula(latex, max(above.width, below.width) + 3, PRODUCT_LEVEL, is_array=many, deep=deep)


def _transposed(operand: Formula) -> Formula:
    shown = at_least(operand, ATOM_LEVEL)
    return Formula(rf"{shown.latex}^{{\top}}", shown.width + 6, POWER_LEVEL, is_array=True, deep=shown.deep)


def _indexed(base: Formula, slots: Sequence[Formula], taken: Collection[str]) -> Formula:
    inside = ", ".join(slot.latex for slot in slots)
    width = base.width + SMALL * sum(slot.width + 4 for slot in slots)
    many = any("{:}" in slot.latex for slot in slots)
    bare = base.level >= ATOM_LEVEL and not {"_", "^"} & set(base.latex)
    shown = base if bare and f"{base.latex}_{{{inside}}}" not in taken else within(base)
    return Formula(f"{shown.latex}_{{{inside}}}", width + 10, is_array=many, deep=base.deep)


def _slice(ends: tuple[bool, bool], given: Sequence[Formula]) -> Formula:
    lower = given[0].latex if ends[0] else ""
    upper = given[-1].latex if ends[1] else ""
    return Formula(f"{lower}{{:}}{upper}", sum(one.width for one in given) + 3)


def _array(items: Sequence[Formula]) -> Formula:
    if items and all(item.items is not None and not any(one.items is not None for one in item.items) for item in items):
        rows = [[one.latex for one in item.items or ()] for item in items]
        texts = [" & ".join(row) for row in rows]
        texts = [f"{{}}{text}" if text.startswith("[") else text for text in texts]  # no argument of the break before
        latex = r"\begin{bmatrix} " + r" \\ ".join(texts) + r" \end{bmatrix}"
        width = max(item.width for item in items) + 2 * BRACKET
        return Formula(latex, width, is_array=True, items=items)
    latex = enclosed(", ".join(item.latex for item in items), "[", "]")
    return Formula(latex, sum(item.width + 8 for item in items) + 2 * BRACKET, is_array=True, items=items)


def _cases(condition: Formula, chosen: Formula, other: Formula) -> Formula:
    said = rf"{condition.latex} \ne 0"
    if condition.word == "[":
        said = condition.latex.removeprefix(r"\left").removesuffix("]").removesuffix(r"\right")[1:]
    latex = rf"\begin{{cases}} {chosen.latex} & \text{{if }} {said} \\ {other.latex} & \text{{otherwise}} \end{{cases}}"
    width = max(chosen.width, other.width) + max(condition.width + 2 * LETTER, 9 * LETTER) + 20
    many = condition.is_array or chosen.is_array or other.is_array
    return Formula(latex, width, PRODUCT_LEVEL, is_array=many, deep=max(chosen.deep, other.deep))


def _listed(
    word: str, width: float, given: Sequence[Formula], *, is_array: bool, loose: bool = False
) -> Formula:
    inside = ", ".join(one.latex for one in given)
    wide = width + sum(one.width + 6 for one in given) + 2 * BRACKET + THIN
    level = POWER_LEVEL if loose else ATOM_LEVEL
    deep = max((one.deep for one in given), default=0)
    return Formula(f"{word}{enclosed(inside)}", wide, level, is_array=is_array, deep=deep, word=word.lstrip("\\"))
