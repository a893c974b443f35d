"""Pieces of mathematics as LaTeX that know how wide they are, how loosely they bind and where they may be broken."""

from __future__ import annotations

from gradcli.graph import ATOM_LEVEL, POWER_LEVEL, PRODUCT_LEVEL, SIGN_LEVEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

DIGIT, POINT, LETTER, WORD, SIGN, EQUALS, BRACKET = 5.0, 2.8, 5.6, 4.7, 12.3, 13.4, 4.0  # points, at ten points
TIMES, THIN = 7.3, 1.8
TALL = ("\\frac", "\\begin", "^{", "\\sum", "\\prod", "\\sqrt", "\\left")
SMALL = 0.75  # of the width of a sub- or superscript

ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "^": r"\textasciicircum{}", "&": r"\&", "%": r"\%",
    "$": r"\$", "#": r"\#", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"''", "`": r"\textasciigrave{}", "-": "-{}", "…": r"\dots{}", "−": "-{}",
}  # fmt: skip
SIGNS = {
    "→": r"$\to$", "×": r"$\times$", "∂": r"$\partial$", "·": r"$\cdot$", "Σ": r"$\Sigma$", "≤": r"$\le$",
    "≥": r"$\ge$", "≠": r"$\ne$", "∞": r"$\infty$", "±": r"$\pm$", "²": r"$^2$", "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
}  # fmt: skip
MATHEMATICAL = {
    **{sign: text[1:-1] for sign, text in SIGNS.items() if sign != "²"}, "²": "^{2}", "\\": r"\backslash", "{": r"\{",
    "}": r"\}", "_": r"\_", "^": r"\wedge", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "~": r"\sim", "<": "<",
    ">": ">", "|": r"\vert", '"': "''", "`": r"\text{‘}", "…": r"\dots", "−": "-",
}  # fmt: skip
ELEMENTWISE = r"\odot"


class Formula:
    """LaTeX for a formula. `terms` are the pieces before which a line may end; `items` the entries of an array.

    `is_array` says that a product with another array is meant element by element; `deep` counts fractions in fractions;
    `word` is the function that a call begins with.
    """

    __slots__ = ("deep", "is_array", "items", "latex", "level", "terms", "width", "word")

    def __init__(
        self, latex: str, width: float, level: int = ATOM_LEVEL, *, is_array: bool = False, deep: int = 0,
        terms: Sequence[Formula] = (), items: Sequence[Formula] | None = None, word: str = "",
    ) -> None:  # fmt: skip
        self.latex = latex
        self.width = width
        self.level = level
        self.is_array = is_array
        self.deep = deep
        self.terms = terms
        self.items = items
        self.word = word

    def fits(self, room: float) -> bool:
        """Whether it can be broken into lines of ROOM points."""
        return self.width <= room or (bool(self.terms) and all(term.width <= room for term in self.terms))

    def starts_with_number(self) -> bool:
        """Whether juxtaposition with a number would be read as another number."""
        starts = (r"\frac", r"\infty", r"\mathrm{nan}", ".", "-")
        return self.latex[:1].isdigit() or self.latex.startswith(starts)

    def is_word(self) -> bool:
        """Whether it is infinity or nan, which run into what stands behind them."""
        return self.latex in (r"\infty", r"\mathrm{nan}")

    def starts_low(self) -> bool:
        """Whether it begins with a minus sign."""
        return self.latex.startswith("-")


def words(text: str) -> Formula:
    """TEXT that stands as it is; it may be broken at its blanks."""
    pieces = [Formula(in_math(piece), WORD * len(piece)) for piece in pieces_of(text)]
    latex = " ".join(piece.latex for piece in pieces)
    return Formula(latex, sum(piece.width for piece in pieces), terms=pieces if len(pieces) > 1 else ())


def pieces_of(text: str, most: int = 40) -> list[str]:
    """TEXT at blanks in pieces of about MOST letters, each with the blank behind it."""
    found = [""]
    for word in text.split(" "):
        if len(found[-1]) + len(word) > most and found[-1]:
            found.append("")
        found[-1] += word + " "
    found[-1] = found[-1][:-1]
    return [piece for piece in found if piece] or [""]


def in_math(text: str) -> str:
    """TEXT within mathematics: words as \\text, every other sign as itself.

    MathJax knows no macro within \\text, not even an escaped underscore.
    """
    from gradcli.graph.latex import LETTERS

    found, run = "", ""
    for letter in f"{text}\0":
        sign = MATHEMATICAL.get(letter) or (f"\\{LETTERS[letter]}" if letter in LETTERS else "")
        if not sign and letter != "\0" and (letter != "-" or run[-1:] != "-"):  # two are a dash
            run += letter
            continue
        found += rf"\text{{{run}}}" if run else ""
        found += sign + (" " if sign[-1:].isalpha() else "")
        run = "" if sign or letter == "\0" else letter
    return found.rstrip() if found[-1:] == " " else found


def in_text(text: str) -> str:
    """TEXT in TeX's text mode, every letter as itself."""
    from gradcli.graph.latex import LETTERS

    if text.isascii() and text.isalnum():
        return text
    return "".join(
        ESCAPED.get(letter) or SIGNS.get(letter) or (f"$\\{LETTERS[letter]}$" if letter in LETTERS else letter)
        for letter in text
    )


def numeral(text: str) -> Formula:
    """A number as it is printed: 1.5e-05 as a power of ten, inf and nan by their signs."""
    if text in ("inf", "-inf"):
        sign = "-" if text.startswith("-") else ""
        return Formula(rf"{sign}\infty", 2 * DIGIT + 3 * len(sign), SIGN_LEVEL if sign else ATOM_LEVEL)
    if text == "nan":
        return Formula(r"\mathrm{nan}", 3 * LETTER)
    mantissa, e, exponent = text.partition("e")
    width = sum(POINT if sign == "." else 7.8 if sign == "-" else DIGIT for sign in mantissa)
    if not e:
        return Formula(text, width, SIGN_LEVEL if text.startswith("-") else ATOM_LEVEL)
    power = str(int(exponent))
    latex = rf"{mantissa} \cdot 10^{{{power}}}"
    return Formula(latex, width + TIMES + 2 * DIGIT + SMALL * 6 * len(power), PRODUCT_LEVEL)


def within(formula: Formula) -> Formula:
    """A formula in parentheses."""
    latex = enclosed(formula.latex)
    return Formula(latex, formula.width + 2 * BRACKET + 2 * THIN, is_array=formula.is_array, deep=formula.deep)


def enclosed(latex: str, before: str = "(", after: str = ")") -> str:
    """LATEX in brackets, as tall as it is."""
    if any(mark in latex for mark in TALL):
        return rf"\left{before}{latex}\right{after}"
    return f"{before}{latex}{after}"


def at_least(formula: Formula, level: int, *, signed: bool = False) -> Formula:
    """A formula, in parentheses where it binds looser than LEVEL, or begins with a minus sign and must not."""
    return within(formula) if formula.level < level or (signed and formula.starts_low()) else formula


def product(left: Formula, right: Formula, *, shown: str = "", level: int = PRODUCT_LEVEL) -> Formula:
    """LEFT times RIGHT, SHOWN by a sign, or beside each other where that can be read."""
    left, right = at_least(left, level), at_least(right, level, signed=True)
    if ELEMENTWISE in shown:  # which binds no tighter than the product of matrices
        right = at_least(right, POWER_LEVEL) if right.level <= level and not right.latex.startswith(r"\frac") else right
    elif left.is_array and right.is_array:
        left, right = (within(one) if ELEMENTWISE in one.latex and one.level <= level else one for one in (left, right))
    if not shown:
        called = right.latex.startswith(("(", r"\left("))
        apart = right.starts_with_number() or called or left.is_word()
        shown = r" \cdot " if apart else r" \, " if _is_word(left, right) else " "
    sign = TIMES if len(shown) > 1 else THIN
    first, *rest = right.terms or [right]
    terms = [*(left.terms or [left]), Formula(f"{shown}{first.latex}", first.width + sign), *rest]
    return Formula(
        f"{left.latex}{shown}{right.latex}", left.width + right.width + sign, level, deep=max(left.deep, right.deep),
        is_array=left.is_array or right.is_array, terms=terms if len(terms) > 2 or sign == TIMES else (),
    )  # fmt: skip


def _is_word(left: Formula, right: Formula) -> bool:
    """Whether two names of several letters would run into each other."""
    return any(mark in one.latex for one in (left, right) for mark in (r"\mathit", r"\text", r"\operatorname"))


def total(parts: Sequence[Formula], level: int) -> Formula:
    """A sum, which may be broken before each sign; parts that are negative stand in parentheses behind the first."""
    terms = [*(parts[0].terms or parts[:1])]
    for part in parts[1:]:
        shown = at_least(part, PRODUCT_LEVEL, signed=True)
        first, *rest = shown.terms or [shown]
        terms.append(Formula(f" + {first.latex}", first.width + SIGN, deep=shown.deep, is_array=shown.is_array))
        terms += rest
    return chained(terms, level)


def chained(terms: Sequence[Formula], level: int) -> Formula:
    """Pieces that bring their own signs."""
    return Formula(
        "".join(term.latex for term in terms), sum(term.width for term in terms), level, terms=terms,
        is_array=any(term.is_array for term in terms), deep=max(term.deep for term in terms),
    )  # fmt: skip
