"""How long the formulas of `gradcli diff` are, beside sympy's diff and simplify.

    python bench/formulas.py [--sympy PYTHON] [--all]

For each of 50 functions the derivative by x: tokens (names, numbers, operators; no parentheses) and letters of the
text, in one notation. Of sympy the shorter of diff and simplify(diff) counts. PYTHON is one that has sympy.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

import gradcli

FUNCTIONS = """
x^3
3*x^4 - 2*x^2 + x - 7
a*x^2 + b*x + c
(x^2 + 1)^5
(1 - x)^2 + 100*(y - x^2)^2
(x^2 + y - 11)^2 + (x + y^2 - 7)^2
x*y*z + x^2*y^2
1/x
1/(x^2 + 1)
x/(x^2 + 1)
(x + 1)/(x - 1)
(x^2 - 1)/(x^2 + 1)
x/y
sqrt(x)
sqrt(x^2 + 1)
x*sqrt(x^2 + 1)
1/sqrt(x^2 + y^2)
x^y
y^x
x^(1/3)
sin(x)^2
sin(x)*cos(x)
sin(x)/x
sin(x)/cos(x)
sin(x^2)
cos(x*y) + x*sin(y)
tan(x)
x^2*sin(x)
sin(x)*exp(x)
sin(x)*exp(x^2)
exp(-x^2/2)
exp(-(x - m)^2/(2*s^2))/s
x*exp(x)
x^2*exp(-x)
exp(x)/(1 + exp(x))
1/(1 + exp(-x))
1/(1 + exp(-(w*x + b)))
log(x)
x*log(x)
log(x^2 + 1)
log(x)/x
log(1 + exp(x))
log(x + sqrt(x^2 + 1))
tanh(x)
x*tanh(x)
asin(x)
atan(x)
x*atan(x) - log(1 + x^2)/2
log(x) + x*y - sin(y)
(sin(x) + x*y)^3
""".strip().split("\n")

SCRIPT = """
import json, sys, time
import sympy
for text in json.load(sys.stdin):
    started = time.perf_counter()
    names = {name: sympy.Symbol(name) for name in "xyzabcmsw"}
    plain = sympy.diff(sympy.sympify(text.replace("^", "**"), locals=names), names["x"])
    found = [str(plain), str(sympy.simplify(plain))]
    print(json.dumps([found, time.perf_counter() - started]), flush=True)
"""
TOKENS = re.compile(r"[A-Za-z_]\w*|\d+\.?\d*(?:[eE][+-]?\d+)?|==|!=|<=|>=|[-+*/^<>]")


class Size(NamedTuple):
    tokens: int
    letters: int


def size_of(text: str) -> Size:
    """Tokens and letters of a formula; blanks are not counted."""
    text = text.replace("**", "^")
    return Size(len(TOKENS.findall(text)), len(re.sub(r"\s", "", text)))


def ours() -> tuple[list[str], list[float]]:
    """The formulas, and the seconds that each took."""
    texts, times = [], []
    for text in FUNCTIONS:
        started = time.perf_counter()
        texts.append(gradcli.diff(text, wrt="x").derivatives["x"])
        times.append(time.perf_counter() - started)
    return texts, times


def theirs(python: str) -> tuple[list[str], list[float]] | None:
    """The shorter of sympy's two formulas each; None where there is no sympy."""
    if subprocess.run([python, "-c", "import sympy"], capture_output=True, check=False).returncode:
        return None
    asked = json.dumps(FUNCTIONS)
    done = subprocess.run([python, "-c", SCRIPT], input=asked, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [min(found, key=size_of) for found, _ in rows], [seconds for _, seconds in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sympy", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--all", action="store_true", help="list every function, not only where sympy's is shorter")
    chosen = parser.parse_args()
    mine, seconds = ours()
    sizes = [size_of(text) for text in mine]
    print(f"{len(FUNCTIONS)} functions     median tokens   median letters   median ms")
    print(f"gradcli diff     {_medians(sizes)}   {1000 * statistics.median(seconds):9.2f}")
    peer = theirs(chosen.sympy)
    if peer is None:
        print(f"sympy            not installed for {chosen.sympy}")
        return
    others = [size_of(text) for text in peer[0]]
    print(f"sympy            {_medians(others)}   {1000 * statistics.median(peer[1]):9.2f}")
    print(f"all of them      {sum(s.tokens for s in sizes)} and {sum(s.tokens for s in others)} tokens, "
          f"{sum(s.letters for s in sizes)} and {sum(s.letters for s in others)} letters")
    wins = sum(a.tokens < b.tokens for a, b in zip(sizes, others, strict=True))
    ties = sum(a.tokens == b.tokens for a, b in zip(sizes, others, strict=True))
    print(f"in tokens        gradcli shorter {wins}, equal {ties}, sympy shorter {len(FUNCTIONS) - wins - ties}")
    for text, formula, size, other, peer_size in zip(FUNCTIONS, mine, sizes, peer[0], others, strict=True):
        if chosen.all or size.tokens > peer_size.tokens:
            print(f"\n{text}\n  gradcli {size.tokens:3}  {formula}\n  sympy   {peer_size.tokens:3}  "
                  f"{other.replace('**', '^')}")  # fmt: skip


def _medians(sizes: list[Size]) -> str:
    return f"{statistics.median(s.tokens for s in sizes):13} {statistics.median(s.letters for s in sizes):16}"


if __name__ == "__main__":
    main()
