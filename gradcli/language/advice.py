"""The way out of a syntax error: what to write instead, in the user's own text where that is short."""

from __future__ import annotations

from gradcli.language import NEWLINE, REFUSED, is_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.language.complaints import Reading

DERIVATIVE = "ask for derivatives with: gradcli grad EXPR --wrt x"
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
FUNCTIONS = (
    " sin cos tan asin acos atan sinh cosh tanh exp log ln log2 log10 sqrt cbrt abs sign floor ceil round "
    "sigmoid relu softplus softmax sum mean prod norm "
)  # those that a hand writes without parentheses
TRUTH = "comparisons are 1 or 0"
LETTERS = {
    "%": "write mod(a, b)",
    "{": "write ( ) for grouping, [ ] for an array",
    "}": "write ( ) for grouping, [ ] for an array",
    '"': "there is no text in the language, only numbers and names",
    "$": "write the formula without $",
    "?": "write where(condition, a, b)",
    "~": "write 1 - a for 'not a'; " + TRUTH,
    "`": "write the formula without quotes",
    "\u221a": "write sqrt(x)",
    "\u221b": "write cbrt(x)",
    "\u221e": "write inf",
    "\u2264": "write <=",
    "\u2265": "write >=",
    "\u2260": "write !=",
    "\u2202": DERIVATIVE,
    "\u2207": DERIVATIVE,
    "\u2211": "write sum(x) for an array x, or the terms: x0 + x1 + x2",
    "\u220f": "write prod(x) for an array x, or the factors: x0*x1*x2",
    "\u00b0": "write x*pi/180",
    "\u2013": "write -",
    "\u2014": "write -",
    "\u2217": "write *",
    "\u22c5": "write *",
    "\u2219": "write *",
    "\u2022": "write *",
    "\u2215": "write /",
    "\u2044": "write /",
    "\u2299": "write *, which works element by element",
    "\u2218": "write *, which works element by element",
    "\u2297": "write outer(a, b)",
    "\u2016": "write norm(x)",
    "\u2225": "write norm(x)",
    "\u1d40": "write W.T for a transpose",
    "\u22a4": "write W.T for a transpose",
    "\u00a0": "write an ordinary blank",
}
COMMANDS = {
    "frac": "write (a)/(b) for \\frac{a}{b}",
    "sqrt": "write sqrt(x)",
    "cdot": "write *",
    "times": "write *",
    "left": "write ( ) without \\left and \\right",
    "right": "write ( ) without \\left and \\right",
    "pi": "write pi",
    "infty": "write inf",
    "le": "write <=",
    "leq": "write <=",
    "ge": "write >=",
    "geq": "write >=",
    "partial": DERIVATIVE,
}
WORDS = {
    "and": "write a*b for 'a and b'; " + TRUTH,
    "or": "write max(a, b) for 'a or b'; " + TRUTH,
    "not": "write 1 - a for 'not a'; " + TRUTH,
    "mod": "write mod(a, b)",
    "if": "write where(condition, a, b)",
    "else": "write where(condition, a, b)",
}
PAIRS = {
    ("*", "*"): "write x^y for a power",
    ("/", "/"): "write floor(x/y) for whole division",
    ("<", ">"): "write !=",
    ("=", "<"): "write <=",
    ("=", ">"): "write >=",
    ("=", "="): "write == without a blank",
    ("==", "="): "write ==",
    ("!=", "="): "write !=",
    ("<", "="): "write <= without a blank",
    (">", "="): "write >= without a blank",
    ("-", ">"): "there are no arrows; a function is f(x) = ...",
}


def advice(reading: Reading) -> str | None:
    """What to write instead; None where the message says it all."""
    if reading.word == REFUSED:
        return letter_advice(reading)
    if reading.naming() or reading.named():
        return "values are given as in: x*y at x=3, y=4"
    if not reading.operator_due():
        return operand_advice(reading)
    if reading.word in COMPARISONS:
        return chain(reading)
    if reading.word == "=":
        return equal_advice(reading)
    if reading.word == ",":
        return comma_advice(reading)
    if reading.word == ":":
        if reading.after == "=":
            return "write ="
        sliced = bool(reading.open) and reading.words[reading.open[-1]] == "["
        return "a slice has two ends and no step: x[1:3]" if sliced else "a range stands in an index: x[1:3]"
    if reading.word == "at":
        return at_advice(reading)
    if reading.word.lower() == "at" and is_name(reading.after or "."):
        return "write at in small letters"
    if reading.word in (")", "]"):
        return f"no '{'(' if reading.word == ')' else '['}' is open before it"
    if reading.word in ("", ";", NEWLINE):
        return None
    return neighbours(reading)


def operand_advice(reading: Reading) -> str | None:
    before, word = reading.before, reading.word
    if (before, word) in PAIRS:
        return PAIRS[before, word]
    if word == "at":
        return "`at` is a reserved word" if before != NEWLINE else "`at` stands behind an expression: x*y at x=3, y=4"
    if before == "at" or word == ".T":
        return None
    if word == ":" and before in ("[", ",", ":"):
        return "a slice has two ends and no step: x[1:3]"
    if word == "," and before in ("(", "[", ","):
        return "leave out one comma" if before == "," else "leave out the comma"
    if word == "=" and before in ("+", "-", "*", "/", "^", ":"):
        return "a name gets its value once: x = expression"
    if word in ("", NEWLINE, ";") and before not in (NEWLINE, ";", "", "(", "[", ","):
        return f"'{before}' needs a right side"
    if word in ("*", "/", "@", "^", "=", *COMPARISONS) and before in (NEWLINE, ";", "(", "[", ",", "="):
        return f"'{word}' needs a left side"
    return None


def letter_advice(reading: Reading) -> str | None:
    """What stands for a letter that is none of the language's."""
    letter, place = reading.letter, reading.places[reading.at][1]
    twice = reading.source[place : place + 1] == letter
    if letter == "\\":
        command = reading.source[place : place + 10]
        length = next((at for at, sign in enumerate(command) if not sign.isalpha()), len(command))
        return COMMANDS.get(command[:length], "write it without LaTeX: sin(x), (a)/(b), x^2")
    if letter == "&":
        return WORDS["and"]
    if letter == "|":
        if twice and not reading.operator_due():
            return "write norm(x) for ||x||"
        return WORDS["or"] if twice or reading.operator_due() else "write abs(x) for |x|"
    if letter == "!":
        return "write exp(lgamma(x+1)) for x!" if reading.operator_due() else WORDS["not"]
    if letter in ("'", "\u2019", "\u2032"):
        return f"{DERIVATIVE}; a transpose is W.T" if reading.operator_due() else LETTERS['"']
    if letter == ".":
        return point_advice(reading)
    return LETTERS.get(letter) or likeness(reading)


def point_advice(reading: Reading) -> str:
    """A point that belongs to no number: methods and modules of other languages, `.*` between arrays."""
    before, after = reading.before, reading.after
    if not reading.operator_due():
        inside = bool(reading.open) and reading.words[reading.open[-1]] == "["
        if inside and before in ("[", ",") and reading.source[reading.places[reading.at][1] :][:1] == ".":
            return "a whole axis is written as ':', as in x[:,0]"
        return "a number needs a digit beside its point"
    if after in ("*", "/", "^", "**"):
        return f"write {after}, which works element by element"
    if not is_name(after or "."):
        return "a number needs a digit beside its point"
    if before in ("np", "numpy", "torch", "jnp", "math", "tf"):
        return f"leave out {before}."
    called = reading.words[reading.at + 2 : reading.at + 3] == ["("]
    if called and is_name(before) and len(before + after) < 24:
        more = ", ..." if reading.words[reading.at + 3 : reading.at + 4] != [")"] else ""
        return "a transpose is W.T" if after in ("t", "transpose") else f"write {after}({before}{more})"
    return "names have no point; W.T is a transpose"


def likeness(reading: Reading) -> str | None:
    """What a letter of another alphabet, a raised figure or an invisible one stands for."""
    from unicodedata import category, normalize

    letter = reading.letter
    plain = normalize("NFKC", letter)
    if plain == letter or category(letter)[0] == "Z":
        if category(letter) in ("Mn", "Me", "Mc"):
            return "a name has letters, digits and '_'"
        if letter.isdecimal():
            return f"write {int(letter)}"
        return "leave it out" if category(letter)[0] in "CZ" else None
    if plain.isdigit() and not letter.isdecimal():
        base = reading.text(*left_side(reading)) if reading.operator_due() else None
        if f" {base} " in FUNCTIONS:
            base = f"{base}(x)"
        return f"write {base or 'x'}^{plain}"
    plain = plain.replace("\u2044", "/")
    return f"write {plain}" if plain.isascii() and plain.isprintable() else None


def equal_advice(reading: Reading) -> str:
    if reading.open:
        name = reading.before if is_name(reading.before) else "x"
        return f"values stand behind the expression: ... at {name}=1; write == to compare"
    return "one '=' a statement; write == to compare"


def at_advice(reading: Reading) -> str:
    """Where `at` stands; behind a definition that ends the program, what is to be computed."""
    words, first = reading.words, reading.statement
    statement, rest = words[first : reading.at], words[reading.at :]
    end = next((at for at, word in enumerate(rest) if word in (";", NEWLINE)), len(rest))
    is_last = {";", NEWLINE, ""}.issuperset(rest[end:])
    if is_last and not reading.open and "=" in statement and "at" not in statement:
        if words[first + 1] == "=":
            name = reading.text(first, first + 1)
            return "a definition computes nothing: leave out " + (f"'{name}'" if name else "the name and '='")
        name = words[first] if len(words[first]) < 24 else "f"
        head = reading.text(first, words.index("=", first) - 1) or f"{name}(x)"
        whole = reading.text(first, reading.at - 1, longest=40) or f"{head} = ..."
        return f"a definition computes nothing: write {whole}; {head} at ..."
    return "`at` stands once, behind the last expression: x*y at x=3, y=4"


def comma_advice(reading: Reading) -> str:
    whole, part = reading.before, reading.after
    if whole.isdigit() and part.isdigit():
        return f"write {whole}.{part} with a point"[:60]
    return "write a function in front, as in max(a, b)" if reading.open else "values stand behind `at`: x*y at x=3, y=4"


def chain(reading: Reading) -> str:
    """`a<x<b` as a product of two comparisons."""
    words, at, depth = reading.words, reading.at, 0
    first = begin = -1
    for index in range(at - 1, max(at - 40, -1), -1):
        word = words[index]
        depth += (word in (")", "]")) - (word in ("(", "["))
        if depth < 0 or (depth == 0 and word in (",", "=", ":", ";", NEWLINE, "at")):
            break
        begin = index
        if depth == 0 and word in COMPARISONS:
            first = index
    left, middle = reading.text(begin, first - 1), reading.text(first + 1, at - 1)
    right = reading.text(at + 1, right_end(reading))
    if first < 0 or left is None or middle is None or right is None:
        return "comparisons do not chain: write (a<x)*(x<b)"
    return f"write ({left}{words[first]}{middle})*({middle}{reading.word}{right})"


def right_end(reading: Reading) -> int:
    """The last word of the right side of a comparison."""
    words, depth = reading.words, 0
    for index in range(reading.at + 1, min(reading.at + 40, len(words))):
        word = words[index]
        depth += (word in ("(", "[")) - (word in (")", "]"))
        if depth < 0 or (depth == 0 and word in (",", "=", ":", ";", NEWLINE, "at", "", *COMPARISONS)):
            return index - 1
    return -1


def neighbours(reading: Reading) -> str | None:
    """Two operands without an operator between them."""
    before, word = reading.before, reading.word
    number = before[:1].isdigit() or before[:1] == "."
    places, at = reading.places, reading.at
    if before[-1:] == "." and at == reading.statement + 1 and places[at - 1][1] < places[at][0]:
        return f"leave out '{before}' if it numbers the lines"
    statement = reading.words[reading.statement : reading.at]
    if reading.after == "=" and "=" in statement and not reading.open:
        return "write ',' between the values" if "at" in statement else "write ';' between the statements"
    if _are_elements(reading):
        return "write ',' between the elements"
    if word in WORDS or before in WORDS:
        return WORDS.get(word) or WORDS[before]
    touching = reading.places[reading.at - 1][1] == reading.places[reading.at][0]
    if number and touching and (special := odd_number(before, word)):
        return special
    if before.isdigit() and len(word) == 3 and word.isdigit() and len(before) < 4:
        return f"write {before}{word} without a blank, or {before}*{word}"
    if before[:1] == "d" and len(before) > 1 and statement[-3:-1] == ["d", "/"]:
        return f"{DERIVATIVE[:-1]}{before[1:]}"
    left, right = reading.text(*left_side(reading)), reading.text(*right_side(reading))
    if statement[-2:-1] == ["^"] and f" {statement[-3]} " in FUNCTIONS and right is not None:
        argument = right if word == "(" else f"({right})"
        return f"write {statement[-3]}{argument}^{before}"
    if f" {before} " in FUNCTIONS and right is not None:
        return f"write {before}{right}" if word == "(" else f"write {before}({right})"
    return f"write {left}*{right}" if left is not None and right is not None else "write * between them"


def _are_elements(reading: Reading) -> bool:
    """Whether two operands with a blank between them stand in an array, as other languages write it."""
    if not reading.open or reading.words[reading.open[-1]] != "[" or f" {reading.before} " in FUNCTIONS:
        return False
    if {reading.before, reading.word} & set(WORDS):
        return False
    return reading.places[reading.at - 1][1] < reading.places[reading.at][0]


def odd_number(before: str, word: str) -> str | None:
    """A number in the spelling of another language."""
    if word[0] == ".":
        return "a number has one point"
    if word[0] == "_" and len(before + word) < 24:
        return f"write {before}{word.replace('_', '')}"
    if before == "0" and word[0] in "xXbBoO":
        try:
            return f"write {int((before + word)[:18], 0)}"
        except ValueError:
            return None
    if word in ("e", "E") and "e" not in before.lower():
        return f"write {before}e3 for a power of ten, {before}*e for the constant e"[:80]
    return None


def left_side(reading: Reading) -> tuple[int, int]:
    """The words of the operand that ends before the place."""
    words, last = reading.words, reading.at - 1
    first = last
    depth = 0
    while first > 0:
        depth += (words[first] in (")", "]")) - (words[first] in ("(", "["))
        called = words[first] in ("(", "[") and (is_name(words[first - 1]) or words[first - 1] in (")", "]", ".T"))
        if depth == 0 and words[first] != ".T" and not called:
            break
        first -= 1
    return first, last


def right_side(reading: Reading) -> tuple[int, int]:
    """The words of the operand that begins at the place; an empty range where its bracket is not closed."""
    words, first = reading.words, reading.at
    depth = 0
    for last in range(first, min(first + 40, len(words) - 1)):
        depth += (words[last] in ("(", "[")) - (words[last] in (")", "]"))
        if depth == 0 and words[last + 1] not in (("(", "[", ".T") if words[last] not in ")]" else ("[", ".T")):
            return first, last
    return first, first - 1
