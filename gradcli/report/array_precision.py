"""How many digits each array of an explanation is shown with."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradcli.report.array_explanation import ArrayEdge, ArrayExplanation


class ArrayDigits:
    """The digits of every value, gradient, local gradient and downstream gradient of the rows shown."""

    __slots__ = ("base", "explanation", "locals", "numbers", "parts", "values")

    def __init__(self, explanation: ArrayExplanation, rows: Iterable[int], base: int) -> None:
        self.explanation = explanation
        self.base = base
        self.values: dict[int, int] = {}
        self.numbers: dict[tuple[int, int], int] = {}
        self.locals: dict[tuple[int, int], int] = {}
        self.parts: dict[tuple[int, int, int], int] = {}

    def value(self, index: int) -> int:
        """Of the value of a line."""
        return self.values.get(index, self.base)

    def number(self, index: int, place: int = 0) -> int:
        """Of the gradient of a line; in forward mode of its tangent in the pass at PLACE."""
        return self.numbers.get((place, index), self.base)

    def local(self, edge: ArrayEdge) -> int:
        """Of the local gradient of a flow."""
        return self.locals.get((edge.owner, edge.slot), self.base)

    def downstream(self, edge: ArrayEdge, place: int = 0) -> int:
        """Of what a flow brings; where it arrives alone, that is the number of its target."""
        if self.explanation.sweeps()[place].meeting(edge.target) == 1:
            return self.number(edge.target, place)
        return self.parts.get((place, edge.owner, edge.slot), self.base)
