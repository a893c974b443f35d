"""The derivative as a product of Jacobians: the graph cut into layers, and what each order of multiplying costs.

The inputs stand at the left: ∂f/∂x = D1 · D2 · ... · Dn, entry [i, j] of a factor is the derivative of the j-th line of
the next layer by the i-th line of the layer before. A line that is still read later is carried along, with a 1.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Edges = Sequence[Sequence[int]]  # for each line, the operands it flows from
    Matrix = list[list[float]]

MOST_FACTORS = 128  # the best order takes time that grows with the third power


class Chain:
    """The layers between inputs and outputs, as lines; neighbours differ by one factor.

    `widths` are the elements of every layer, inputs first; `stride` is how many steps of the graph one factor takes,
    which is 1 unless there would be more than MOST_FACTORS. SIZES are the elements of every line, None is 1 each.
    ENTRIES are the derivatives of a line by its operands, for who wants the factors themselves; None: not known.
    """

    def __init__(
        self, edges: Edges, inputs: Sequence[int], outputs: Sequence[int], sizes: Sequence[int] | None = None,
        entries: Mapping[tuple[int, int], float] | None = None,
    ) -> None:  # fmt: skip
        self.edges = edges
        self.entries = entries
        self.inputs = inputs
        self.outputs = outputs
        self.levels = _levels(edges, inputs)
        depth = max([self.levels.get(output, 0) for output in outputs], default=0) or 1
        self.last = _last_read(edges, self.levels, outputs, depth)
        self.stride = -(-depth // MOST_FACTORS)
        self.cuts = [*range(0, depth, self.stride), depth]
        self.widths = _widths(self, depth, sizes or [1] * len(edges))

    def __len__(self) -> int:
        return len(self.cuts) - 1

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """The shape of every factor."""
        return [*zip(self.widths, self.widths[1:], strict=False)]

    def layer(self, place: int) -> list[int]:
        """The lines of a layer, in order; place 0 are the inputs."""
        if place == 0:
            return [*self.inputs]
        if place == len(self):
            return [*self.outputs]
        cut = self.cuts[place]
        return sorted(line for line, level in self.levels.items() if level <= cut < self.last.get(line, 0))

    def factor(self, place: int) -> Matrix:
        """The Jacobian between the layers PLACE and PLACE + 1, made of the entries. Scalar lines."""
        entries = self.entries
        assert entries is not None
        before, after = self.layer(place), self.layer(place + 1)
        low, high = self.cuts[place], self.cuts[place + 1]
        between = sorted(line for line, level in self.levels.items() if low < level <= high)
        rows = []
        for line in before:
            moves = {line: 1.0}
            for index in between:
                operands = dict.fromkeys(self.edges[index])
                pushes = [entries[index, operand] * moves[operand] for operand in operands if operand in moves]
                if pushes:
                    moves[index] = sum(pushes[1:], pushes[0])
            rows.append([moves.get(target, 0.0) for target in after])
        return rows

    @property
    def from_inputs(self) -> int:
        """The products of numbers when multiplied left to right, as forward mode does."""
        first = self.widths[0]
        return sum(first * rows * columns for rows, columns in self.shapes[1:])

    @property
    def from_outputs(self) -> int:
        """The products of numbers when multiplied right to left, as reverse mode does."""
        last = self.widths[-1]
        return sum(rows * columns * last for rows, columns in self.shapes[:-1])

    def best(self) -> Order:
        """The order with the fewest products, by dynamic programming (Godbole, 1973)."""
        return Order(self.widths)


class Order:
    """The cheapest way to multiply matrices whose sizes are WIDTHS, neighbours sharing one."""

    def __init__(self, widths: Sequence[int]) -> None:
        self.factors = len(widths) - 1
        self.splits: dict[tuple[int, int], int] = {}
        costs = [[0] * self.factors for _ in range(self.factors)]  # costs[low][high] of the factors low ... high
        flipped = [[0] * self.factors for _ in range(self.factors)]  # the same, by the last factor first
        for length in range(2, self.factors + 1):
            for low in range(self.factors - length + 1):
                high = low + length - 1
                left, right = costs[low][low:high], flipped[high][low + 1 : high + 1]
                outer = widths[low] * widths[high + 1]
                found = [
                    a + b + outer * inner
                    for a, b, inner in zip(left, right, widths[low + 1 : high + 1], strict=True)
                ]
                least = min(found)
                costs[low][high] = flipped[high][low] = least
                self.splits[low, high] = low + found.index(least)
        self.cost = costs[0][-1] if self.factors else 0

    def products(self) -> Iterator[tuple[int, int, int]]:
        """The products in the order in which they are made: (low, split, high) joins low..split with split+1..high."""
        waiting = [(0, self.factors - 1, False)]
        while waiting:
            low, high, ready = waiting.pop()
            if low == high:
                continue
            split = self.splits[low, high]
            if ready:
                yield low, split, high
            else:
                waiting += [(low, high, True), (split + 1, high, False), (low, split, False)]

    def text(self) -> str:
        """With the parentheses that it needs: `(D1 · D2) · (D3 · D4)`."""
        texts = {(place, place): f"D{place + 1}" for place in range(self.factors)}
        for low, split, high in self.products():
            left, right = texts.pop((low, split)), texts.pop((split + 1, high))
            left = f"({left})" if split > low else left
            right = f"({right})" if high > split + 1 else right
            texts[low, high] = f"{left} · {right}"
        return texts[0, self.factors - 1]


def _levels(edges: Edges, inputs: Sequence[int]) -> dict[int, int]:
    """How many steps a line is away from the inputs, at most; lines without a path from one are left out."""
    levels = dict.fromkeys(inputs, 0)
    for index, flows in enumerate(edges):
        if index not in levels:
            below = [levels[operand] for operand in flows if operand in levels]
            if below:
                levels[index] = 1 + max(below)
    return levels


def _last_read(edges: Edges, levels: dict[int, int], outputs: Sequence[int], depth: int) -> dict[int, int]:
    """The level at which a line is read for the last time."""
    last: dict[int, int] = {}
    for index, flows in enumerate(edges):
        if index in levels:
            for operand in flows:
                if levels[index] > last.get(operand, 0):
                    last[operand] = levels[index]
    last.update((output, depth + 1) for output in outputs)
    return last


def _widths(chain: Chain, depth: int, sizes: Sequence[int]) -> list[int]:
    steps = [0] * (depth + 2)
    for line, level in chain.levels.items():
        if line in chain.last:
            steps[level] += sizes[line]
            steps[chain.last[line]] -= sizes[line]
    alive, total = [], 0
    for step in steps:
        total += step
        alive.append(total)
    inner = [alive[cut] for cut in chain.cuts[1:-1]]
    return [sum(sizes[line] for line in chain.inputs), *inner, sum(sizes[line] for line in chain.outputs)]
