"""Tidy values as LaTeX: fractions, roots, cases, Greek letters; every letter of the user's is escaped."""

from __future__ import annotations

from gradcli.graph import ATOM_LEVEL, POWER_LEVEL, PRODUCT_LEVEL, Primitive
from gradcli.graph.formulas import Text, Writer
from gradcli.graph.tidy_parts import CALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.graph.tidy import Tidy
    from gradcli.graph.tidy_numbers import Coefficient

GREEK = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi",
    "Sigma", "Upsilon", "Phi", "Psi", "Omega", "pi",
))  # fmt: skip
SIGNS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
SPELLED = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
LETTERS = dict(zip(SIGNS, SPELLED.split(" "), strict=True))
FUNCTIONS = {
    **{name: "\\" + name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "log", "max", "min", "det")},
    "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "log2": r"\log_{2}", "log10": r"\log_{10}",
    "sigmoid": r"\sigma", "max_first": r"\max", "min_first": r"\min", "amax": r"\max", "amin": r"\min",
    "asinh": r"\operatorname{arsinh}", "acosh": r"\operatorname{arcosh}", "atanh": r"\operatorname{artanh}",
    "lgamma": r"\log\Gamma", "digamma": r"\psi", "sum": r"\sum", "prod": r"\prod",
}  # fmt: skip
POWERED = frozenset(("sin", "cos", "tan", "sinh", "cosh", "tanh", "log"))  # \sin^{2} x
COMPARED = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}
ESCAPED = {
    "\\": r"\backslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "^": r"\^{}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "~": r"\sim{}",
}  # fmt: skip


def escaped(text: str) -> str:
    """TEXT with every letter that means something to TeX as itself."""
    return "".join(ESCAPED.get(letter, letter) for letter in text)


def name_of(name: str) -> str:
    """A name: x_{1}, \\alpha, \\mathit{loss}."""
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    parts = stem.split("_")
    tail = [part for part in parts[1:] if part]
    if not parts[0] or (len(parts) > 1 and len(tail) < len(parts) - 1 and not digits):
        return r"\mathit{" + escaped(name) + "}"
    below = [_word(part) for part in tail] + [digits] * bool(digits)
    return _word(parts[0]) + (f"_{{{','.join(below)}}}" if below else "")


def _word(word: str) -> str:
    if word in GREEK:
        return "\\" + word
    if word in LETTERS:
        return "\\" + LETTERS[word]
    if len(word) == 1 and word.isascii():
        return escaped(word)
    if not word.isascii() and all(letter.isascii() or letter in LETTERS for letter in word):
        signs = " ".join("\\" + LETTERS[letter] if letter in LETTERS else escaped(letter) for letter in word)
        return rf"\mathit{{{signs}}}"
    return (r"\mathit{" if word.isascii() else r"\text{") + escaped(word) + "}"


def distinct(names: Iterable[str]) -> dict[str, str]:
    """Each name as `name_of` writes it; where that is another name's, as x_1 is x1's, letter by letter."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        text = name_of(name)
        found[name] = text if text not in taken else in_letters(name)
        taken.add(found[name])
    return found


def in_letters(name: str) -> str:
    """A name as it is typed."""
    signs = (escaped(letter) if letter.isascii() else rf"\text{{{letter}}}" for letter in name)
    return rf"\mathit{{{''.join(signs)}}}"


def label_of(name: str, by: Sequence[str], written: Mapping[str, str] | None = None) -> str:
    """A derivative of NAME as a fraction of differentials; names as they are WRITTEN."""
    known = written or {}

    def named(name: str) -> str:
        return known.get(name) or name_of(name)

    if not by:
        return named(name)
    order = len(by)
    above = r"\partial" + (f"^{{{order}}}" if order > 1 else "") + " " + named(name)
    runs: list[list[Any]] = []
    for other in by:
        if runs and runs[-1][0] == other:
            runs[-1][1] += 1
        else:
            runs.append([other, 1])
    below = r" \, ".join(r"\partial " + named(o) + (f"^{{{count}}}" if count > 1 else "") for o, count in runs)
    return rf"\frac{{{above}}}{{{below}}}"


class LatexWriter(Writer):
    """Writes tidy values as LaTeX."""

    def __init__(
        self, tidy: Tidy, *, taken: Collection[str] = (), decimals: bool = False, most: int | None = None
    ) -> None:
        super().__init__(tidy, taken=taken, decimals=decimals, most=most)
        self.names = distinct(sorted(taken))

    def name(self, name: str) -> Text:
        if name not in self.names:
            self.names = distinct([*self.names, name])
        return Text([self.names[name]], ATOM_LEVEL)

    def special(self, text: str, value: Any) -> Text:
        if type(value) is not float:
            return _array(text)
        known = {"pi": r"\pi", "tau": r"\tau", "e": "e", "inf": r"\infty", "nan": r"\text{nan}"}
        if text in self.taken:
            return super().special(text, value)
        return Text([known.get(text, text)], ATOM_LEVEL)

    def digits(self, text: str) -> Text:
        mantissa, e, exponent = text.partition("e")
        if not e:
            return Text([text], ATOM_LEVEL)
        return Text([mantissa, r" \cdot 10^{", str(int(exponent)), "}"], PRODUCT_LEVEL)

    def within(self, text: Text) -> Text:
        return Text([r"\left(", text, r"\right)"], ATOM_LEVEL)

    def times(self, factors: Sequence[tuple[Text, bool]]) -> Text:
        if len(factors) == 1:
            return factors[0][0]
        pieces: list[Any] = []
        for place, (text, _) in enumerate(factors):
            loose = text.level < PRODUCT_LEVEL or text.start() == "-"
            shown = self.within(text) if loose else text
            if place:
                pieces.append(r" \cdot " if shown.start().isdigit() or (factors[place - 1][0].start().isdigit()
                              and place > 1) else " ")  # fmt: skip
            pieces.append(shown)
        return Text(pieces, PRODUCT_LEVEL)

    def fraction(self, above: Text, below: Sequence[Text]) -> Text:
        under = self.times([(text, True) for text in below]) if len(below) > 1 else below[0]
        return Text([r"\frac{", above, "}{", under, "}"], PRODUCT_LEVEL)

    def power(self, text: Text, base: int, exponent: Coefficient) -> Text:
        above, below = self.split(exponent)
        shown = rf"\frac{{{above}}}{{{below}}}" if below else above
        call = self.tidy.parts[base] if self.tidy.kinds[base] == CALL and base not in self.named else None
        if call is not None and call[0].name in POWERED:
            start, *rest = text.pieces
            return Text([start, f"^{{{shown}}}", *rest], POWER_LEVEL)
        return Text([text if text.level >= ATOM_LEVEL else self.within(text), f"^{{{shown}}}"], POWER_LEVEL)

    def compared(self, left: Text, sign: str, right: Text) -> Text:
        return Text([r"\left[", left, f" {COMPARED[sign]} ", right, r"\right]"], ATOM_LEVEL)

    def raised(self, base: Text, exponent: Text) -> Text:
        shown = base if base.level >= ATOM_LEVEL else self.within(base)
        return Text([shown, "^{", exponent, "}"], POWER_LEVEL)

    def infix(self, operands: Sequence[Text], sign: str, level: int) -> Text:
        left, right = operands
        shown = {"*": " ", "@": " ", "/": " / "}.get(sign, f" {sign} ")
        return Text([left if left.level >= level else self.within(left), shown,
                     right if right.level > level else self.within(right)], level)  # fmt: skip

    def called(self, primitive: Primitive, static: Any, operands: Sequence[Text]) -> Text:
        name = primitive.name
        if name == "exp" and "e" in self.taken:
            return self.listed(r"\exp", operands)
        if name == "exp":
            return Text(["e^{", operands[0], "}"], POWER_LEVEL)
        if name == "sqrt":
            return Text([r"\sqrt{", operands[0], "}"], ATOM_LEVEL)
        if name == "cbrt":
            return Text([r"\sqrt[3]{", operands[0], "}"], ATOM_LEVEL)
        if primitive.kind == "reduces" and type(static) is tuple and static[0] is not None:
            along = rf"_{{\text{{axis }} {static[0]}}}"
            level = POWER_LEVEL if name in LARGE else ATOM_LEVEL
            return Text([self.word(name, primitive.shown), along, r"\left(", operands[0], r"\right)"], level)
        if name in ENCLOSED:
            before, after = ENCLOSED[name]
            return Text([before, operands[0], after], ATOM_LEVEL)
        if name == "where":
            condition, chosen, other = operands
            first = [chosen, r" & \text{if } ", *_said(condition)]
            rows = [r"\begin{cases} ", *first, r" \\ ", other, r" & \text{otherwise} \end{cases}"]
            return Text(rows, PRODUCT_LEVEL)
        if name == "transpose" and static is None:
            shown = operands[0] if operands[0].level >= ATOM_LEVEL else self.within(operands[0])
            return Text([shown, r"^{\top}"], ATOM_LEVEL)
        if name == "index":
            found = super().called(primitive, static, [Text([""], ATOM_LEVEL)])
            bare = operands[0].level >= ATOM_LEVEL and not {"_", "^"} & set(str(operands[0]))
            shown = operands[0] if bare else self.within(operands[0])
            return Text([shown, "_{", str(found).strip("[]").replace(" ", ""), "}"], ATOM_LEVEL)
        if callable(primitive.notation) and primitive.kind == "elementwise":
            return super().called(primitive, static, operands)
        if callable(primitive.notation):
            return self._from_notation(primitive, static, operands)
        return self.listed(self.word(name, primitive.shown), self.given(primitive, operands))

    def _from_notation(self, primitive: Primitive, static: Any, operands: Sequence[Text]) -> Text:
        found = super().called(primitive, static, operands)
        first = found.pieces[0]
        word, bracket, rest = first.partition("(") if type(first) is str else ("", "", "")
        if bracket and word.isidentifier():
            tail = found.pieces[-1]
            inner = [rest, *found.pieces[1:-1], tail[:-1]] if type(tail) is str and len(found.pieces) > 1 else [rest]
            level = POWER_LEVEL if primitive.name in LARGE else ATOM_LEVEL
            return Text([self.word(primitive.name, word), r"\left(", *inner, r"\right)"], level)
        return found

    def word(self, name: str, shown: str) -> str:
        """The name of a function."""
        if name == "sigmoid" and {"sigma", "σ"} & self.taken:
            return r"\operatorname{sigmoid}"
        return FUNCTIONS.get(name) or rf"\operatorname{{{escaped(shown)}}}"

    def listed(self, name: str, operands: Iterable[Text]) -> Text:
        pieces: list[Any] = [name, r"\left("]
        for operand in operands:
            pieces += [operand, ", "]
        pieces[-1] = r"\right)"
        return Text(pieces, ATOM_LEVEL)


def _said(condition: Text) -> Sequence[Any]:
    """A condition behind `if`: a comparison without the brackets that make it a number, a number as other than 0."""
    pieces = condition.pieces
    if len(pieces) == 5 and pieces[0] == r"\left[" and pieces[-1] == r"\right]":
        return pieces[1:-1]
    return [condition, r" \ne 0"]


LARGE = frozenset(("sum", "prod"))  # signs that a power behind them would be drawn into
ENCLOSED = {
    "abs": (r"\left|", r"\right|"), "floor": (r"\left\lfloor ", r"\right\rfloor"),
    "ceil": (r"\left\lceil ", r"\right\rceil"), "norm": (r"\left\lVert ", r"\right\rVert"),
}  # fmt: skip


def _array(text: str) -> Text:
    word, bracket, rest = text.partition("(")
    if bracket:
        return Text([rf"\operatorname{{{escaped(word)}}}\left(", rest[:-1], r"\right)"], ATOM_LEVEL)
    return Text([text], ATOM_LEVEL)

