"""The graph (a Wengert list), the nodes that write it, and what a primitive is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Rule = Callable[..., Any] | None
    Number = float | int
    Shape = tuple[int, ...]

COMPARISON_LEVEL, SUM_LEVEL, PRODUCT_LEVEL, SIGN_LEVEL, POWER_LEVEL, ATOM_LEVEL = 1, 2, 3, 4, 5, 6

CAUTIOUS = ("saturates", "dead", "stops")
SATURATED_BELOW = 1e-4  # a local gradient this small is worth a note


class Graph:
    """A Wengert list as columns: a line uses only lines before it, so index order is evaluation order.

    It grows at its end, through `append`; a written line never changes. Values, adjoints and notes are lists of the
    same length beside it. `names` holds the user's name of a line, `spans` the place it was read from, or None.
    `shapes` is None where every line is a scalar, else the shape of every line; a leaf says its own. `origins` says of
    the lines that a sweep added what they are, None where there are none.
    """

    __slots__ = ("names", "operands", "origins", "primitives", "shapes", "spans", "statics")

    def __init__(self) -> None:
        self.primitives: list[Primitive] = []
        self.operands: list[tuple[int, ...]] = []
        self.statics: list[Any] = []
        self.names: list[str | None] = []
        self.spans: list[tuple[int, int] | None] = []
        self.shapes: list[Shape] | None = None
        self.origins: dict[int, Origin] | None = None

    def __len__(self) -> int:
        return len(self.primitives)

    def append(
        self,
        primitive: Primitive,
        operands: tuple[int, ...] = (),
        static: Any = None,
        name: str | None = None,
        span: tuple[int, int] | None = None,
    ) -> int:
        """Write one line, and say its index."""
        self.primitives.append(primitive)
        self.operands.append(operands)
        self.statics.append(static)
        self.names.append(name)
        self.spans.append(span)
        if self.shapes is not None and operands:
            self.shapes.append(primitive.shape_of([self.shapes[operand] for operand in operands], static))
        return len(self.primitives) - 1

    def variable(self, name: str, span: tuple[int, int] | None = None, shape: Shape = ()) -> int:
        """A leaf whose value comes from the point."""
        if self.shapes is not None:
            self.shapes.append(shape)
        return self.append(VARIABLE, (), None, name, span)

    def constant(self, value: Any, name: str | None = None, span: tuple[int, int] | None = None) -> int:
        """A leaf whose value is written in the graph: a float, or an ArrayConstant."""
        if self.shapes is not None:
            self.shapes.append(() if type(value) is float else value.shape)
        return self.append(CONSTANT, (), value, name, span)

    def copy(self) -> Graph:
        """The same lines in a graph that can grow by itself."""
        found = Graph()
        found.primitives, found.operands = self.primitives.copy(), self.operands.copy()
        found.statics, found.names, found.spans = self.statics.copy(), self.names.copy(), self.spans.copy()
        found.shapes = None if self.shapes is None else self.shapes.copy()
        found.origins = None if self.origins is None else self.origins.copy()
        return found

    def live(self, results: Iterable[int]) -> list[bool]:
        """Which lines the RESULTS are computed from, themselves included."""
        marks = [False] * len(self.primitives)
        for result in results:
            marks[result] = True
        for index in range(len(marks) - 1, -1, -1):
            if marks[index]:
                for operand in self.operands[index]:
                    marks[operand] = True
        return marks


class Origin:
    """What a line is that a sweep over nodes added, and the flow it belongs to: from line `source` to line `target`.

    role  seed · local · flow (downstream = upstream * local) · sum (where flows meet) · open (what gates let through)
    · join (put into its shape) · order (of a derivative of high order, from Taylor coefficients)
    """

    __slots__ = ("role", "source", "target")

    def __init__(self, role: str, source: int, target: int) -> None:
        self.role = role
        self.source = source
        self.target = target


class Node:
    """A light handle on a line, with operators: rules and definitions are written with it."""

    __slots__ = ("graph", "index")

    def __init__(self, graph: Graph, index: int) -> None:
        self.graph = graph
        self.index = index

    def __add__(self, other: Node | Number) -> Node:
        return NAMED["add"](self, other)

    def __radd__(self, other: Number) -> Node:
        return NAMED["add"](other, self)

    def __sub__(self, other: Node | Number) -> Node:
        return NAMED["sub"](self, other)

    def __rsub__(self, other: Number) -> Node:
        return NAMED["sub"](other, self)

    def __mul__(self, other: Node | Number) -> Node:
        return NAMED["mul"](self, other)

    def __rmul__(self, other: Number) -> Node:
        return NAMED["mul"](other, self)

    def __truediv__(self, other: Node | Number) -> Node:
        return NAMED["div"](self, other)

    def __rtruediv__(self, other: Number) -> Node:
        return NAMED["div"](other, self)

    def __pow__(self, exponent: Node | Number) -> Node:
        if isinstance(exponent, Node):
            return NAMED["pow"](self, exponent)
        return NAMED["power"](self, static=float(exponent))

    def __neg__(self) -> Node:
        return NAMED["neg"](self)

    def __gt__(self, other: Node | Number) -> Node:
        return NAMED["greater"](self, other)

    def __ge__(self, other: Node | Number) -> Node:
        return NAMED["greater_equal"](self, other)

    def __lt__(self, other: Node | Number) -> Node:
        return NAMED["less"](self, other)

    def __le__(self, other: Node | Number) -> Node:
        return NAMED["less_equal"](self, other)

    def __matmul__(self, other: Node) -> Node:
        return NAMED["matmul"](self, other)

    @property
    def T(self) -> Node:
        """The axes in reverse order."""
        return NAMED["transpose"](self)

    @property
    def shape(self) -> Shape:
        """The shape of the line; () in a graph of scalars."""
        return self.graph.shapes[self.index] if self.graph.shapes is not None else ()


class Primitive:
    """One operation, written once: its forward, a rule per operand, its notation, its gate and its edges.

    rules       a local gradient per operand, `rule(y, *operands)` over nodes (with the static last where there is
                one); None where nothing flows. A variadic primitive has one rule, which returns the list of them.
    opens       True for a gate: its rules are the share of the upstream that passes.
    definition  for a composite: the same function spelled out over nodes.
    verbs       what it does to a gradient: with several live operands, with one.
    spoken      False where the language has no call of this name (an operator, a variant); `shown` is what is printed.
    watched     True where finite numbers can be worth a note: a gate, a convention, a dead or saturating line.
    static      True where every line carries a static parameter, handed last to forward, rules and edges.
    kind        "elementwise": a rule is the local gradient, element by element, and operands broadcast.
                "reduces": the same, and inside the rule y keeps the reduced axes at length 1.
                "carried": a rule is `rule(upstream, y, *operands)`, how the upstream is carried back.
    shape_of    the shape of the line from the shapes of its operands and the static; raises ShapesDoNotFit.
    linear      of what is carried: in each operand alone, so a tangent goes through the primitive itself.
    moves       of what is carried: it moves elements or adds them up, so a mask of open gates goes the same way.
    """

    __slots__ = (
        "arity", "defaults", "definition", "domain", "edges", "forward", "kind", "linear", "moves", "name", "notation",
        "opens", "parameters", "rules", "shape_of", "shown", "spoken", "static", "variadic", "verbs", "watched",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        rules: tuple[Rule, ...],
        *,
        shown: str | None = None,
        notation: tuple[str, int] | Callable[..., tuple[str, int]] | None = None,
        verbs: tuple[str, str] = ("scales", "scales"),
        opens: bool = False,
        definition: Callable[..., Any] | None = None,
        edges: tuple[Edge, ...] = (),
        domain: str = "all real numbers",
        variadic: bool = False,
        parameters: str = "",
        arity: int | None = None,
        defaults: tuple[float, ...] = (),
        static: bool = False,
        spoken: bool = True,
        kind: str = "elementwise",
        shape_of: Callable[[Sequence[Shape], Any], Shape] | None = None,
        linear: bool = False,
        moves: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.shape_of = shape_of or _broadcast
        self.linear = linear
        self.moves = moves
        self.forward = forward
        self.rules = rules
        self.shown = shown or name
        self.notation = notation
        self.verbs = verbs
        self.opens = opens
        self.definition = definition
        self.edges = edges
        self.domain = domain
        self.variadic = variadic
        self.parameters = parameters or ("x", "a, b", "a, b, c")[max(len(rules) - 1, 0)]
        self.arity = len(rules) if arity is None else arity
        self.defaults = defaults
        self.static = static
        self.spoken = spoken
        self.watched = opens or verbs[0] in CAUTIOUS or any(edge.kind in ("kink", "tie") for edge in edges)

    def __call__(self, *operands: Any, static: Any = None) -> Node:
        """Append this operation to the graph of its operands; bare numbers become constants there."""
        graph: Graph = next(operand.graph for operand in operands if isinstance(operand, Node))
        lines = tuple(
            operand.index if isinstance(operand, Node) else graph.constant(float(operand)) for operand in operands
        )
        return Node(graph, graph.append(self, lines, static))

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Edge:
    """A place where a primitive follows a convention or leaves the ordinary, said in a note.

    kind  the kind of note; `when(y, *operands)` over floats says whether the line is there; `operands` are those it is
    about (a note is due only where one of them is live). `sides(y, *operands)` are the one-sided
    derivatives, lower first.
    """

    __slots__ = ("kind", "operands", "says", "sides", "when")

    def __init__(
        self,
        kind: str,
        when: Callable[..., bool],
        says: str,
        *,
        operands: Sequence[int] = (0,),
        sides: Callable[..., tuple[float, float]] | None = None,
    ) -> None:
        self.kind = kind
        self.when = when
        self.says = says
        self.operands = tuple(operands)
        self.sides = sides


def _broadcast(shapes: Sequence[Shape], static: Any) -> Shape:
    if not any(shapes):
        return ()
    from gradcli.graph.shapes import broadcast

    return broadcast(shapes)


NAMED: dict[str, Primitive] = {}


def define(name: str, forward: Callable[..., float], *rules: Rule, **description: Any) -> Primitive:
    """Register a primitive; everything else about it is derived from this entry."""
    primitive = Primitive(name, forward, rules, **description)
    NAMED[name] = primitive
    return primitive


def infix(symbol: str, level: int) -> tuple[str, int]:
    """The notation of a binary operator that binds at LEVEL."""
    return (symbol, level)


def _unread() -> float:
    raise TypeError("a leaf has no forward")


VARIABLE = define("variable", _unread, verbs=("", ""), spoken=False)
CONSTANT = define("constant", _unread, verbs=("", ""), spoken=False)


def primitives() -> dict[str, Primitive]:
    """Every primitive by name; the families are imported here and register themselves."""
    from gradcli.graph import activations, arithmetic, elementary, routing, special  # noqa: F401

    return NAMED


def array_primitives() -> dict[str, Primitive]:
    """Every primitive by name, those of arrays among them."""
    from gradcli.graph import linear, reductions, shaping, shares  # noqa: F401

    return primitives()
