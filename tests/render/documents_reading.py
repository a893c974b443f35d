"""A reader who has only the LaTeX or the Markdown of a document: it parses every equation and computes it again."""

import math
import re
from typing import Any, NamedTuple

import numpy as np

from gradcli.errors import GradError
from gradcli.questions import Options, evaluated

TOKEN = re.compile(
    r"\s+|\\[,;!]|\\(?:text|mathit|mathrm|mathbf|operatorname)\{(?:\\.|[^{}\\]|\{[^{}]*\})*\}|\\begin\{\w+\}(?:\{c+\})?|\\end\{\w+\}"
    r"|\\\\|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|."
)
SKIPPED = re.compile(r"\s+$|\\[,;!]$")
FUNCTIONS = {
    r"\sin": "sin", r"\cos": "cos", r"\tan": "tan", r"\sinh": "sinh", r"\cosh": "cosh", r"\tanh": "tanh",
    r"\log": "log", r"\exp": "exp", r"\max": "max", r"\min": "min", r"\sigma": "sigmoid", r"\arcsin": "asin",
    r"\arccos": "acos", r"\arctan": "atan", r"\sum": "sum", r"\prod": "prod", r"\psi": "digamma",
}  # fmt: skip
RENAMED = {"arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "max_first": "max", "min_first": "min"}
GREEK = "alpha|beta|gamma|delta|theta|lambda|mu|phi|omega|tau|pi|psi|rho|xi|eta|zeta|kappa|nu|chi|iota|upsilon|epsilon"
NAMES = re.compile(rf"\\(?:{GREEK})$|[A-Za-z]$|\\(?:mathit|text)\{{")


class Unread(Exception):
    """Something that is no formula over known names."""


class Equation(NamedTuple):
    """One row: what stands left, and the parts behind each relation."""

    left: str
    parts: list[str]
    relations: list[str]
    remark: str


def equations(document: str) -> list[Equation]:
    """Every equation, lines that belong together joined."""
    found: list[Equation] = []
    for block in re.findall(r"\\begin\{(?:align\*|aligned)\}\n(.*?)\n\\end\{(?:align\*|aligned)\}", document, re.S):
        rows: list[list[str]] = []
        for line in block.split("\n"):
            left, right, remark = cells(line.removesuffix(r" \\"))
            if left.strip():
                rows.append([left.strip(), right.strip(), remark.strip()])
            elif right.strip().startswith((r"\text{", r"\dots ")):
                continue  # what is left out
            elif not right.strip().startswith(("=", r"\to ", r"\qquad")):  # a long name, on a line of its own
                rows.append([right.strip(), "", remark.strip()])
            elif rows:
                rows[-1][1] += " " + right.replace(r"\qquad {}", " ").strip()
                rows[-1][2] += remark
        for left, right, remark in rows:
            right, _, said = right.partition(r"\qquad ")  # a remark on the same line
            found.append(Equation(left, *_parts(right), remark + said))
    return found


def cells(line: str) -> tuple[str, str, str]:
    """What stands left and right of the alignment, and the remark; an & inside a matrix is none of these."""
    pieces, depth = [""], 0
    for token in re.findall(r"\\begin\{\w+\}|\\end\{\w+\}|\\.|&|[^\\&]+|.", line):
        depth += token.startswith(r"\begin") - token.startswith(r"\end")
        if token == "&" and not depth:
            pieces.append("")
        else:
            pieces[-1] += token
    left, right, *rest = [*pieces, ""]
    return left, right, "".join(rest)


def _parts(right: str) -> tuple[list[str], list[str]]:
    """The parts between relations that stand in no bracket."""
    parts, relations, depth = [""], [], 0
    for token in TOKEN.findall(right):
        depth += (token in "({[" or token.startswith(r"\begin")) - (token in ")}]" or token.startswith(r"\end"))
        if depth == 0 and token in ("=", r"\to"):
            relations.append(token)
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts[1:]], relations


class Reader:
    """Reads one formula over KNOWN names."""

    def __init__(self, latex: str, known: dict[str, Any]) -> None:
        self.tokens = [token for token in TOKEN.findall(latex) if not SKIPPED.match(token)]
        self.known = known
        self.at = 0

    def value(self) -> Any:
        """The number, or the array."""
        with np.errstate(all="ignore"):
            found = self.sum()
        if self.at < len(self.tokens):
            raise Unread(" ".join(self.tokens[self.at :]))
        return found

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise Unread(f"{token!r} for {expected!r}")
        self.at += 1
        return token

    def sum(self) -> Any:
        if self.peek() == "-":
            self.take()
            found = -self.product()
        else:
            found = self.product()
        while self.peek() in ("+", "-"):
            sign = self.take()
            other = self.product()
            found = found + other if sign == "+" else found - other
        return found

    def product(self) -> Any:
        found = self.power()
        while True:
            token = self.peek()
            if token in (r"\cdot", "/", r"\odot"):
                self.take()
                negative = self.peek() == "-" and bool(self.take())
                other = self.power()
                other = -other if negative else other
                found = divided(found, other) if token == "/" else found * other
            elif token and token not in "+-)]},&=" and token not in (
                r"\right", r"\Bigr", r"\\", r"\ne", r"\le", r"\ge", "<", ">", r"\text{if }", r"\text{otherwise}",
            ) and not token.startswith(r"\end"):  # fmt: skip
                other = self.power()
                both = isinstance(found, np.ndarray) and isinstance(other, np.ndarray)
                found = found @ other if both else found * other
            else:
                return found

    def number(self) -> float:
        """A number with its power of ten, which alone may be no double."""
        number, text = self.take(), ""
        if self.tokens[self.at : self.at + 4] != [r"\cdot", "10", "^", "{"]:
            return float(number)
        self.at += 4
        while self.peek() != "}":
            text += self.take()
        self.take("}")
        return float(f"{number}e{text}")

    def power(self) -> Any:
        base = self.atom()
        if self.peek() == "_" and isinstance(base, np.ndarray):
            base = base[self.place()]
        while self.peek() == "^":
            self.take()
            self.take("{")
            if self.peek() == r"\top":
                self.take()
                base = base.T
            else:
                base = called("pow", [base, self.sum()])
            self.take("}")
        return base

    def place(self) -> Any:
        """The index of an element, or of a part."""
        text = self._braced()[2:-1].replace("{:}", ":")
        ends = [[int(end) if end else None for end in slot.split(":")] for slot in text.split(",")]
        found = tuple(slot[0] if len(slot) == 1 else slice(*slot) for slot in ends)
        return found if len(found) > 1 else found[0]

    def group(self) -> Any:
        self.take("{")
        found = self.sum()
        self.take("}")
        return found

    def bracket(self) -> list[Any]:
        """What stands in parentheses."""
        tall = self.peek() in (r"\left", r"\Bigl") and self.take()
        self.take("(")
        found = [self.sum()]
        while self.peek() == ",":
            self.take()
            found.append(self.sum())
        if tall:
            self.take(r"\right" if tall == r"\left" else r"\Bigr")
        self.take(")")
        return found

    def atom(self) -> Any:
        token = self.peek()
        if token == r"\frac":
            self.take()
            above = self.group()
            return divided(above, self.group())
        if token[:1].isdigit():
            return self.number()
        if token == r"\infty":
            self.take()
            return math.inf
        if token == r"\mathbf{1}":  # of any shape
            self.take()
            return 1.0
        if token == r"\mathrm{nan}":
            self.take()
            return math.nan
        if token == r"\sqrt":
            self.take()
            if self.peek() == "[":
                self.at += 3
                return called("cbrt", [self.group()])
            return called("sqrt", [self.group()])
        if token.startswith(r"\begin{cases}"):
            return self.cases()
        if token.startswith(r"\begin"):
            return self.matrix()
        if token == r"\Bigl":
            return self.stack()
        if token == r"\left" and self.peek(1) in ("|", r"\lfloor", r"\lceil", r"\lVert"):
            return self.enclosed()
        if token == "[" or (token == r"\left" and self.peek(1) == "["):
            return self.square()
        if token in ("(", r"\left"):
            found = self.bracket()
            return found[0] if len(found) == 1 else np.array(found)
        if token == r"\sigma" and token in self.known and self.peek(1) not in ("(", r"\left"):
            self.take()
            return self.known[token]
        if token == r"\bar" or token == r"\dot" or token == r"\overline" or NAMES.match(token):
            name = self.name()
            if name is not None:
                return name
        if token == "e" and self.peek(1) == "^":
            self.take()
            self.take()
            return called("exp", [self.group()])
        if token == r"\log" and self.peek(1) == r"\Gamma":
            self.at += 2
            return called("lgamma", self.bracket())
        if token in FUNCTIONS or token.startswith(r"\operatorname{") or token.startswith(r"\mathrm{"):
            return self.call()
        constants = {r"\pi": math.pi, r"\tau": math.tau, "e": math.e}
        if token in constants:
            self.take()
            return constants[token]
        raise Unread(token)

    def call(self) -> Any:
        token = self.take()
        name = FUNCTIONS.get(token) or token.partition("{")[2][:-1].replace(r"\_", "_")
        power: Any = None
        if self.peek() == "^":
            self.take()
            power = self.group()
        if self.peek() == "_":
            self.at += 2
            along = self.take()
            digits = re.findall(r"\d+", along)
            if along.startswith(r"\text{ax"):
                while self.peek() != "}":
                    along += self.take()
                self.take("}")
                places = tuple(map(int, re.findall(r"-?\d+", along)))
                whole = {r"\sum": "sum", r"\prod": "prod", r"\max": "max", r"\min": "min"}[token]
                return getattr(self.bracket()[0], whole)(places)
            base = self.take() if not digits else digits[0]
            self.take("}")
            if token != r"\log":
                raise Unread(token)
            name = f"log{base if base.isdigit() else along}"
            if along.isdigit():
                self.at -= 1
        found = called(RENAMED.get(name, name), self.bracket())
        return found if power is None else found**power

    def name(self) -> Any:
        """A known name, with its subscript and what stands above it; None where it is none."""
        start, text = self.at, ""
        token = self.take()
        text = token
        if token in (r"\bar", r"\dot", r"\overline"):
            text += self.take("{") + self.take() + self.take("}")
        stem, behind = text.replace(" ", ""), self.at
        if self.peek() == "_":
            text += self._braced()
        if self.peek() == "^" and self.peek(1) == "{" and self.peek(2) == "(":
            text += self._braced()
        if text.replace(" ", "") in self.known:
            return self.known[text.replace(" ", "")]
        if stem in self.known and isinstance(self.known[stem], np.ndarray):
            self.at = behind
            return self.known[stem]
        self.at = start
        return None

    def _braced(self) -> str:
        """A sub- or superscript with its braces."""
        text, depth = self.take(), 0
        while True:
            token = self.take()
            depth += (token == "{") - (token == "}")
            text += token
            if not depth:
                return text

    def enclosed(self) -> Any:
        self.take()
        opened = self.take()
        found = self.sum()
        self.take(r"\right")
        self.take()
        return called({"|": "abs", r"\lfloor": "floor", r"\lceil": "ceil", r"\lVert": "norm"}[opened], [found])

    def square(self) -> Any:
        """[a < b], or the brackets around an array."""
        tall = self.peek() == r"\left" and bool(self.take())
        self.take("[")
        found = self.matrix() if self.peek().startswith(r"\begin") else self.compared()
        if tall:
            self.take(r"\right")
        self.take("]")
        return found

    def compared(self) -> float:
        left = self.sum()
        sign = self.take()
        right = self.sum()
        signs = {"<": "<", r"\le": "<=", ">": ">", r"\ge": ">=", "=": "==", r"\ne": "!="}
        if sign not in signs:
            raise Unread(sign)
        return evaluated(f"a{signs[sign]}b", {"a": left, "b": right}, Options()).value

    def cases(self) -> Any:
        self.take()
        chosen = self.sum()
        self.take("&")
        self.take(r"\text{if }")
        condition = self.compared()
        self.take(r"\\")
        other = self.sum()
        self.take("&")
        self.take(r"\text{otherwise}")
        self.take(r"\end{cases}")
        if isinstance(condition, np.ndarray):
            return np.where(condition != 0, chosen, other)
        return chosen if condition else other

    def stack(self) -> Any:
        """Matrices, each behind its index."""
        self.at += 2
        found, places = [], []
        while self.peek() != r"\Bigr":
            places.append("")
            while not self.peek().startswith(r"\begin"):
                places[-1] += self.take()
            found.append(self.matrix())
        self.at += 2
        last = [int(at) + 1 for at in re.findall(r"\d+", places[-1])]
        return np.array(found).reshape(*last, *found[0].shape)

    def matrix(self) -> Any:
        kind = self.take()
        rows: list[list[Any]] = [[]]
        while not self.peek().startswith(r"\end"):
            if self.peek() == r"\\":
                self.take()
                rows.append([])
            elif self.peek() == "&":
                self.take()
            else:
                rows[-1].append(self.sum())
        self.take()
        found = np.array(rows)
        return found[0] if kind == r"\begin{pmatrix}" else found


def divided(above: Any, below: Any) -> Any:
    """IEEE division."""
    found = np.true_divide(above, below)
    return found if isinstance(found, np.ndarray) else float(found)


def called(name: str, operands: list[Any]) -> Any:
    """A function of the language."""
    letters = [f"a{place}" for place in range(len(operands))]
    text = f"{letters[0]}^{letters[1]}" if name == "pow" else f"{name}({', '.join(letters)})"
    try:
        return evaluated(text, dict(zip(letters, operands, strict=True)), Options()).value
    except GradError:  # rules have words that the language lacks
        raise Unread(text) from None


def is_off(text: Any, printed: Any, again: Any, digits: int) -> bool:
    """Whether AGAIN, computed from printed numbers, misses a PRINTED one by more than a unit of its last digit."""
    one, other = np.asarray(printed, float), np.asarray(again, float)
    one, other = np.broadcast_arrays(one, other)
    for p, a in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True):
        if p != p or a != a or abs(p) == math.inf or abs(a) == math.inf:
            if not (p == a or (p != p and a != a)):
                return True
            continue
        most = max([digits, *(len(m.replace(".", "").lstrip("0")) for m in re.findall(r"\d+\.\d+", str(text)))])
        unit = 10.0 ** (math.floor(math.log10(abs(p))) - digits + 1) if p else 0.0
        if abs(p - a) > 1.01 * unit + 1e-14 * abs(p) and not (most > digits and abs(p - a) <= unit):
            return True
    return False
