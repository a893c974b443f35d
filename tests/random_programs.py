"""Random programs of the language, for tests of whatever reads them."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = ["x", "y1", "_a", "at2", "data", "sin", "π", "µ", "日本", "e", "T"]
NUMBERS = ["1", ".5", "2.", "1e-3", "3.25E+7", "0", "1e5", "4e−2"]
OPERATORS = ["+", "-", "*", "/", "@", "^", "**", "<", "<=", "==", "!=", ">", ">=", "×", "·", "÷", "−"]
FORMS = ["{}{}{}", "{} {}\t{}", "-{}", "−{}", "({})", "(\n{}\n)", "{n}({})", "{n} ({}, {})", "{n}()", "[{}]",
         "[{},\n{}]", "{n}[{}]", "({})[:, {}]", "{n}[{}:{}]", "{n}[{}:]", "{n}[:{},:]", "{n}.T", "({}).T",
         "[]"]  # fmt: skip
STATEMENTS = ["{}", "{} = {}", "{n}({n}, {n}) = {}", "{} at {n}={}", "{} at {n} = {}, {n}={}", "", "{} # a comment ("]


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A program of the grammar; comparisons may chain by chance, which both must refuse at one column."""

    def filled(form: str, depth: int) -> str:
        infix = "{}{}{}" in form or "\t" in form
        pieces = form.replace("{n}", "\0").replace("{}", "\1")
        text, at = "", 0
        for sign in pieces:
            at += sign == "\1"
            if sign == "\0":
                sign = draw(st.sampled_from(NAMES))
            elif sign == "\1":
                sign = draw(st.sampled_from(OPERATORS)) if infix and at == 2 else expression(depth - 1)
            text += sign
        return text

    def expression(depth: int) -> str:
        if depth <= 0 or draw(st.booleans()):
            return draw(st.sampled_from(NAMES + NUMBERS))
        return filled(draw(st.sampled_from(FORMS)), depth)

    ends = st.sampled_from(["\n", "; ", "\r\n", "\r", "\n\n"])
    return "".join(filled(draw(st.sampled_from(STATEMENTS)), 4) + draw(ends) for _ in range(draw(st.integers(1, 3))))
