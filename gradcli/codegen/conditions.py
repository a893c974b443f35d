"""The places where a primitive follows a convention, as JavaScript: conditions over floats, run over signs instead."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.graph import Edge

MOST_PATHS = 24


class Sign:
    """A number that is not known, as source; what is compared with it asks `path`."""

    __slots__ = ("path", "text")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, text: str, path: Path) -> None:
        self.text = text
        self.path = path

    def _with(self, form: str, other: object) -> Sign:
        return Sign(form.format(self.text, source(other)), self.path)

    def __add__(self, other: object) -> Sign:
        return self._with("({} + {})", other)

    def __sub__(self, other: object) -> Sign:
        return self._with("({} - {})", other)

    def __mul__(self, other: object) -> Sign:
        return self._with("({} * {})", other)

    def __truediv__(self, other: object) -> Sign:
        return self._with("({} / {})", other)

    def __mod__(self, other: object) -> Sign:
        return self._with("mod({}, {})", other)

    def __neg__(self) -> Sign:
        return Sign(f"(-{self.text})", self.path)

    def __abs__(self) -> Sign:
        return Sign(f"Math.abs({self.text})", self.path)

    def _test(self, symbol: str, other: object) -> Test:
        return Test(f"{self.text} {symbol} {source(other)}", self.path)

    def __eq__(self, other: object) -> Test:  # type: ignore[override]
        return self._test("===", other)

    def __ne__(self, other: object) -> Test:  # type: ignore[override]
        return self._test("!==", other)

    def __lt__(self, other: object) -> Test:
        return self._test("<", other)

    def __le__(self, other: object) -> Test:
        return self._test("<=", other)

    def __gt__(self, other: object) -> Test:
        return self._test(">", other)

    def __ge__(self, other: object) -> Test:
        return self._test(">=", other)


class Test:
    """A comparison that is not known."""

    __slots__ = ("path", "text")

    def __init__(self, text: str, path: Path) -> None:
        self.text = text
        self.path = path

    def __bool__(self) -> bool:
        return self.path.decide(self.text)


class Path:
    """One way through a condition: what its comparisons, in order, are taken to be."""

    def __init__(self, decided: Sequence[bool]) -> None:
        self.decided = [*decided]
        self.asked: list[str] = []

    def decide(self, text: str) -> bool:
        """What the comparison TEXT is on this way; a new one is false."""
        if text in self.asked:
            return self.decided[self.asked.index(text)]
        self.asked.append(text)
        if len(self.decided) < len(self.asked):
            self.decided.append(False)
        return self.decided[len(self.asked) - 1]

    def text(self) -> str:
        """The comparisons that lead here."""
        taken = zip(self.asked, self.decided, strict=True)
        return " && ".join(text if true else f"!({text})" for text, true in taken) or "true"


def source(value: object) -> str:
    """A sign, or a number, as source."""
    if isinstance(value, Sign):
        return value.text
    assert isinstance(value, int | float)
    return repr(float(value)).replace("inf", "Infinity").removesuffix(".0")


def condition(edge: Edge, leaves: Sequence[str]) -> str | None:
    """Whether the line is at EDGE, over the LEAVES y, operands and static; None where that would be too long."""
    found = []
    waiting: list[list[bool]] = [[]]
    for _ in range(MOST_PATHS):
        path = Path(waiting.pop())
        given = len(path.decided)
        if bool(edge.when(*[Sign(leaf, path) for leaf in leaves])):
            found.append(path.text())
        for place in range(given, len(path.decided)):
            waiting.append([*path.decided[:place], True])
        if not waiting:
            return " || ".join(found) or "false"
    return None


def sides(edge: Edge, leaves: Sequence[str]) -> str | None:
    """The one-sided derivatives as a list, lower first; None where the edge has none."""
    if edge.sides is None:
        return None
    found = edge.sides(*[Sign(leaf, Path([])) for leaf in leaves])
    return f"[{', '.join(source(side) for side in found)}]"
