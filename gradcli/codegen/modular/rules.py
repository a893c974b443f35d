"""The rules of a primitive as statements of a target: traced once, read over texts."""

from __future__ import annotations

from gradcli.autodiff.scalar_adjoint import BOOLEAN
from gradcli.codegen.targets.base import ATOM, CHOICE_LEVEL
from gradcli.graph import CONSTANT, NAMED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gradcli.codegen.targets.base import Target, Text
    from gradcli.graph import Graph, Shape

LONGEST_INSIDE = 40  # letters of what stands inside a flow
TAKES_SHAPE = frozenset(("fit", "broadcast", "reshape", "scatter"))
ZERO: Text = ("0.0", ATOM)


class Spelled(tuple[int, ...]):
    """A shape that is written as the shape of something."""

    text: str

    def __new__(cls, shape: Shape, text: str) -> Spelled:
        found = super().__new__(cls, shape)
        found.text = text
        return found

    def __str__(self) -> str:
        return self.text

    def __format__(self, how: str) -> str:
        return self.text


class Lines:
    """Lines of a traced function over the texts of its leaves.

    `statements` are those that have a name, with their texts; `text` reads a line. SHAPES are what the shapes of
    leaves are called, SIZES constants that are sizes. With SURE, leaf 0, which is y, is known to be a number: a test
    for nan is left out.
    """

    def __init__(
        self,
        graph: Graph,
        leaves: Sequence[Text],
        target: Target,
        *,
        shapes: Sequence[Spelled] = (),
        sure: bool = False,
        sizes: Mapping[int, Text] | None = None,
    ) -> None:
        self.graph = graph
        self.target = target
        self.inputs = len(leaves)
        self.texts: dict[int, Text] = dict(enumerate(leaves))
        self.shapes = shapes
        self.sure = sure
        self.sizes = sizes or {}
        self.statements: list[tuple[str, Text]] = []
        self.stands_for: dict[int, int] = {}
        self.ones: set[int] = set()
        self._simplify()

    def read(self, wanted: Iterable[int], titles: Mapping[int, str] | None = None) -> None:
        """Give every line that the WANTED ones need a text; what is long, or needed twice, a statement.

        TITLES are what wanted lines are called then; all others are t1, t2, ...
        """
        graph = self.graph
        wanted = list(wanted)
        called = {self.resolved(line): title for line, title in reversed([*(titles or {}).items()])}
        count = 0
        outputs = [self.resolved(line) for line in wanted]
        live, uses = [False] * len(graph), [0] * len(graph)
        for line in outputs:
            live[line] = True
            uses[line] += 1
        for line in range(len(graph) - 1, self.inputs - 1, -1):
            if live[line]:
                for operand in self.operands(line):
                    live[operand] = True
                    uses[operand] += 1
        for line in range(self.inputs, len(graph)):
            if not live[line] or line in self.texts:
                continue
            if graph.primitives[line] is CONSTANT:
                self.texts[line] = self.sizes.get(line) or self.target.literal(graph.statics[line])
                continue
            text = self._operation(line)
            atomic = self._is_short(text) or self.is_test(line)
            chooses = text[1] == CHOICE_LEVEL and line not in outputs  # parentheses around it read badly
            if chooses or (not atomic and (len(text[0]) > LONGEST_INSIDE or uses[line] > 1)):
                count += line not in called
                text = self.named(called.get(line, f"t{count}"), text)
            self.texts[line] = text

    def text(self, line: int) -> Text:
        """The text of a line that was read."""
        return self.texts[self.resolved(line)]

    def named(self, name: str, text: Text) -> Text:
        """TEXT as a statement; what stands for it."""
        self.statements.append((name, text))
        return name, ATOM

    def operands(self, line: int) -> list[int]:
        return [self.resolved(operand) for operand in self.graph.operands[line]]

    def resolved(self, line: int) -> int:
        """The line that is read in the place of LINE."""
        while line in self.stands_for:
            line = self.stands_for[line]
        return line

    def number(self, line: int) -> float | None:
        """The number that a line is, None where it is none."""
        line = self.resolved(line)
        if line in self.ones:
            return 1.0
        if line in self.sizes:
            return None
        static = self.graph.statics[line]
        return static if self.graph.primitives[line] is CONSTANT and type(static) is float else None

    def is_test(self, line: int) -> bool:
        """Whether a line is 1 or 0: a comparison, or two at once."""
        primitives = self.graph.primitives
        line = self.resolved(line)
        if primitives[line].name == "mul":
            return all(primitives[operand].name in BOOLEAN for operand in self.operands(line))
        return primitives[line].name in BOOLEAN

    def shape(self, line: int) -> Shape:
        return () if self.graph.shapes is None else self.graph.shapes[line]

    @staticmethod
    def _is_short(text: Text) -> bool:
        return text[0].replace(".", "").replace("_", "").isalnum()

    def _operation(self, line: int) -> Text:
        graph = self.graph
        primitive, static = graph.primitives[line], graph.statics[line]
        shapes = [self.shape(operand) for operand in self.operands(line)]
        shape = self.shape(line)
        if primitive.name in TAKES_SHAPE:
            shape = next((spelled for spelled in self.shapes if spelled == shape), shape)
        texts = [self.texts[operand] for operand in self.operands(line)]
        return self.target.operation(primitive, static, texts, shapes, shape)

    def _simplify(self) -> None:
        """Leave out tests whose outcome is known, and factors of 1."""
        graph = self.graph
        for line in range(self.inputs, len(graph)):
            name, operands = graph.primitives[line].name, self.operands(line)
            if name == "equal" and self.sure and operands == [0, 0]:
                self.ones.add(line)
            elif name == "where" and (test := self.number(operands[0])) is not None:
                self.stands_for[line] = operands[1 if test else 2]
            elif name == "mul" and 1.0 in (numbers := [self.number(operand) for operand in operands]):
                other = operands[1 if numbers[0] == 1.0 else 0]
                if self.shape(other) == self.shape(line):
                    self.stands_for[line] = other


def product(target: Target, upstream: Text, local: Text, number: float | None, *, strong: bool) -> Text:
    """upstream * local, where LOCAL may be a NUMBER."""
    if number == 1.0:
        return upstream
    if number == -1.0:
        return target.operation(NAMED["neg"], None, [upstream])
    if strong:
        return target.strong_product([upstream, local])
    return target.operation(NAMED["mul"], None, [upstream, local])


def chosen(target: Target, test: Text, flow: Text) -> Text:
    """FLOW where TEST is not 0, and 0 elsewhere."""
    return target.operation(NAMED["where"], None, [test, flow, ZERO])


def where_it_arrives(target: Target, upstream: Text, flow: Text) -> Text:
    """FLOW, and 0 where no upstream came through the gates before: then 0 * inf is not nan."""
    return chosen(target, target.operation(NAMED["not_equal"], None, [upstream, ("0.0", ATOM)]), flow)


def spelled_shapes(slots: Sequence[int], shapes: Sequence[Shape], texts: Mapping[int, str]) -> list[Spelled]:
    """What the shapes of the operands are called, those of SLOTS first."""
    order = [*slots, *[slot for slot in range(len(shapes)) if slot not in slots]]
    return [Spelled(shapes[slot], texts[slot]) for slot in order if slot in texts]
