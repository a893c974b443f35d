"""A target of code: the notation of every primitive as data, numbers as source, and the helper functions it brings."""

from __future__ import annotations

import re

from gradcli.errors import GradError
from gradcli.graph import ATOM_LEVEL, POWER_LEVEL, PRODUCT_LEVEL, SIGN_LEVEL, SUM_LEVEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Primitive, Shape

    Text = tuple[str, int]  # source, and how loosely its outermost operator binds
    # A call or another atom as a template; a template, its level, and the level that each operand must have; or how
    # it is written, from (operands, static, their shapes, the shape of the line).
    Notation = (
        str
        | tuple[str, int, tuple[int, ...]]
        | Callable[[Sequence[Text], Any, Sequence[Shape], Shape], Text]
    )

STRONG = "strong_product"  # the helper that --zero strong needs
CHOICE_LEVEL = 0  # `a if test else b`, `test ? a : b`
WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
SAID = re.compile(r'""".*?"""|/\*.*?\*/|(?:#|//) .*?$', re.DOTALL | re.MULTILINE)  # what a helper says in words
WHOLE = re.compile(r"(-?[1-9]\d*|0)\.0\Z")  # but not -0.0: a whole number has no sign there


class Unwritten(GradError):
    """A target has no notation for a primitive."""


class Target:
    """A language with a library: what a primitive looks like there.

    name       what it is called on the command line.
    suffix     of a file.
    comment    what begins a comment up to the end of its line.
    reserved   words that no user's name may be: keywords, builtins, modules, helpers. `words` are those without the
               helpers: code that sees which of them it needs reserves no others.
    notations  by the name of the primitive. In a template, {0} {1} are the operands, {all} all of them, {static} the
               static parameter as a literal, {shape} the shape of the line as a tuple. Words of a template that are
               `imports` or `helpers` are noted in `needs`.
    imports    the statement for a word that a module stands for: {"np": "import numpy as np"}.
    helpers    the source of a function by its name, in the order of the preamble; a helper may use others.
    careful    other notations, where the ordinary one raises or differs if the line is inf or nan; they are taken while
               `with_care` is set.
    """

    def __init__(
        self,
        name: str,
        suffix: str,
        *,
        comment: str,
        reserved: frozenset[str],
        notations: Mapping[str, Notation],
        imports: Mapping[str, str],
        helpers: Mapping[str, str],
        number: Callable[[float], Text],
        array: Callable[[Any], Text] | None = None,
        careful: Mapping[str, Notation] | None = None,
    ) -> None:
        self.name = name
        self.suffix = suffix
        self.comment = comment
        self.words = reserved | frozenset(imports)
        self.reserved = self.words | frozenset(helpers)
        self.notations = notations
        self.imports = imports
        self.helpers = helpers
        self.number = number
        self.array = array
        self.careful = careful or {}
        self.with_care = False
        self.needs: set[str] = set()
        self.seen: set[str] = set()

    def literal(self, value: Any) -> Text:
        """A float, or an ArrayConstant, as source. Raises Unwritten for an array where the target has none."""
        if type(value) is float:
            found = self.number(value)
        elif self.array is None:
            raise Unwritten("usage", f"{self.name} code has no arrays", hint="choose --target numpy")
        else:
            found = self.array(value)
        if not found[0][-1].isdigit():
            self.use(found[0])
        return found

    def operation(
        self,
        primitive: Primitive,
        static: Any,
        operands: Sequence[Text],
        shapes: Sequence[Shape] | None = None,
        shape: Shape = (),
    ) -> Text:
        """PRIMITIVE over source texts, with the parentheses that are needed and no others.

        SHAPES are those of the operands (None: all scalars), SHAPE that of the line. Raises Unwritten for a primitive
        without notation.
        """
        notation = self.notations.get(primitive.name)
        if self.with_care:
            notation = self.careful.get(primitive.name, notation)
        if notation is None:
            raise Unwritten("usage", f"'{primitive.name}' cannot be written in {self.name}")
        if callable(notation):
            found = notation(operands, static, shapes or [()] * len(operands), shape)
            self.use(found[0])
            return found
        template, level, levels = (notation, ATOM_LEVEL, ()) if isinstance(notation, str) else notation
        if template not in self.seen:
            self.seen.add(template)
            self.use(template)
        if levels:
            texts = [within(text, least) for text, least in zip(operands, levels, strict=True)]
            if level != POWER and sum(map(is_number, texts)) == 1:
                kept = "0.0" if level == PRODUCT_LEVEL else ""  # C divides by 0.0, and warns of 0
                texts = [text[:-2] if WHOLE.match(text) and text != kept else text for text in texts]  # 1 + x
        else:
            texts = [text for text, _ in operands]
        given = {"all": ", ".join(texts)} if "{all}" in template else {}
        if "{static}" in template:
            given["static"] = self.literal(static)[0]
        if "{shape}" in template:
            given["shape"] = str(shape)
        return template.format(*texts, **given), level

    def strong_product(self, operands: Sequence[Text]) -> Text:
        """A product in which 0 times inf is 0. Raises Unwritten where the target has no helper for it."""
        if STRONG not in self.helpers:
            raise Unwritten("usage", f"{self.name} code has no product in which 0 * inf is 0", hint="leave --zero out")
        self.use(STRONG)
        return f"{STRONG}({', '.join(text for text, _ in operands)})", ATOM_LEVEL

    def use(self, source: str) -> None:
        """Note the imports and helpers that are words of SOURCE, and those that these need in turn."""
        waiting = [source]
        while waiting:
            for word in WORD.findall(waiting.pop()):
                if word in self.imports:
                    self.needs.add(word)
                elif word in self.helpers and word not in self.needs:
                    self.needs.add(word)
                    waiting.append(SAID.sub("", self.helpers[word]))

    @staticmethod
    def words_in(source: str) -> list[str]:
        """The names that stand in SOURCE."""
        return WORD.findall(source)

    def preamble(self) -> list[str]:
        """The imports, then the helper functions that were needed, each a block of lines; the order is fixed."""
        imports = [statement for word, statement in self.imports.items() if word in self.needs]
        blocks = ["\n".join(sorted(imports))] if imports else []
        return [*blocks, *[source.strip("\n") for word, source in self.helpers.items() if word in self.needs]]


def is_number(text: str) -> bool:
    """Whether TEXT is a literal of digits."""
    return text[-1:].isdigit() and not text.isidentifier() and text.lstrip("-")[:1].isdigit()


def within(text: Text, level: int) -> str:
    """TEXT where nothing looser than LEVEL may stand."""
    return text[0] if text[1] >= level else f"({text[0]})"


def infix(symbol: str, level: int) -> tuple[str, int, tuple[int, ...]]:
    """The notation of a binary operator that groups to the left."""
    return (f"{{0}} {symbol} {{1}}", level, (level, level + 1))


SUM, PRODUCT, SIGN, POWER, ATOM = SUM_LEVEL, PRODUCT_LEVEL, SIGN_LEVEL, POWER_LEVEL, ATOM_LEVEL
OPERATORS: dict[str, Notation] = {  # as nearly every language has them
    "add": infix("+", SUM),
    "sub": infix("-", SUM),
    "mul": infix("*", PRODUCT),
    "neg": ("-{0}", SIGN, (POWER,)),
}
