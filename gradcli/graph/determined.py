"""Shapes inferred from both ends: those of some variables are given, those of the others follow from the lines.

What a line says for certain comes first. Where it leaves a choice, the usual meaning is taken: what is combined element
by element has one shape, a name in lower case is a vector (a bias beside a matrix, too), one in upper case a matrix.
"""

from __future__ import annotations

from itertools import product

from gradcli.graph import CONSTANT, VARIABLE, Graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Shape

    Ranks = frozenset[int]

MOST_AXES = 4  # of an array whose shape is inferred
MOST_PASSES = 20
SQUARE = frozenset(("inv", "cofactors", "det", "trace"))
ALONG = frozenset(("softmax_of", "logsoftmax"))
PRODUCTS = frozenset(("matmul", "solve"))
COUNTED = frozenset(("concat", "flatten", "reshape"))  # whose sizes follow from several others
ALIKE = frozenset(("stack", "concat"))


class Determined:
    """What is known of the shape of every line: its possible numbers of axes, and its sizes, equal ones joined.

    It never complains: where two things contradict each other the first stays, and `clash` is True.
    """

    def __init__(self, graph: Graph, given: Mapping[str, Shape]) -> None:
        self.graph = graph
        shapes = [_own(graph, index, given) for index in range(len(graph))]
        most = max(MOST_AXES, *(len(shape) for shape in shapes if shape is not None), 0)
        every = frozenset(range(most + 1))
        self.ranks: list[Ranks] = [every if shape is None else frozenset((len(shape),)) for shape in shapes]
        self.sizes: list[list[int] | None] = [None] * len(graph)
        self.clash = False
        self._before: list[tuple[int, Ranks]] = []  # what the last choice changed
        self._taken: list[int] = []  # what all choices changed
        self._parents: list[int] = []
        self._known: dict[int, int] = {}
        self._least: dict[int, int] = {}
        self._users: list[list[int]] = [[] for _ in shapes]
        self._upper: list[bool] = []
        self._single: list[bool] = []
        for index, operands in enumerate(graph.operands):
            name = graph.names[index] or ""
            leaf = graph.primitives[index] is VARIABLE
            self._upper.append((leaf and name != name.lower()) or any(self._upper[operand] for operand in operands))
            unary = len(operands) == 1 and graph.primitives[index].kind == "elementwise"
            self._single.append(leaf or (unary and self._single[operands[0]]))
            for operand in operands:
                self._users[operand].append(index)
        for index, shape in enumerate(shapes):
            if shape is not None:
                self.sizes[index] = [self._size(length) for length in shape]
        self._spread(range(len(graph)))
        self._settle()

    def use_conventions(self) -> None:
        """Take the usual meaning where the lines leave a choice of the shapes given."""
        for _ in range(MOST_PASSES):
            if not any(self._scan(level) for level in (self._alike, self._multiplied, self._beside_scalar)):
                return
            self._settle()

    def choose(self) -> None:
        """Choose whatever is still open: arrays where a line is about arrays, small sizes, each of them new."""
        for level in (self._gathered, self._leaf):
            for _ in range(MOST_PASSES):
                self.use_conventions()
                if not self._scan(level):
                    break
                self._settle()
        self.use_conventions()
        adds_up = any(primitive.name in COUNTED for primitive in self.graph.primitives)
        taken = set(self._known.values())
        following = 2
        for index, primitive in enumerate(self.graph.primitives):
            for size in self.sizes[index] or () if primitive is VARIABLE else ():
                root = self._root(size)
                if root in self._known:
                    continue
                while following in taken or following < self._least.get(root, 0):
                    following += 1
                taken.add(following)
                self._fix(root, following)
                following = 2
                if adds_up:
                    self._settle()
        self._settle()

    def shape(self, index: int) -> list[int | None] | None:
        """The shape of a line as far as it is known: None where the number of axes is open, or for an open size."""
        sizes = self.sizes[index]
        if sizes is None:
            return None
        return [self._known.get(self._root(size)) for size in sizes]

    def whole_shape(self, index: int) -> Shape | None:
        """The shape of a line where all of it is known."""
        shape = self.shape(index)
        return None if shape is None or None in shape else tuple(shape)  # type: ignore[arg-type]

    # Numbers of axes

    def _narrow(self, index: int, ranks: Iterable[int]) -> bool:
        """Keep only these numbers of axes; whether that changed anything."""
        kept = self.ranks[index].intersection(ranks)
        if not kept:
            self.clash = True
            return False
        if kept == self.ranks[index]:
            return False
        self._before.append((index, self.ranks[index]))
        self.ranks[index] = kept
        return True

    def _spread(self, lines: Iterable[int]) -> None:
        """Let what changed at these lines reach all others."""
        waiting = [*lines][::-1]
        listed = set(waiting)
        while waiting:
            index = waiting.pop()
            listed.discard(index)
            for changed in self._narrowed(index):
                more = [line for line in (changed, *self._users[changed]) if line not in listed]
                waiting += more
                listed.update(more)

    def _narrowed(self, index: int) -> list[int]:
        """Apply one line to the numbers of axes of itself and its operands; those that changed."""
        primitive, static = self.graph.primitives[index], self.graph.statics[index]
        operands = self.graph.operands[index]
        if not operands:
            return []
        if primitive.kind == "elementwise":
            wanted = self._combined(index, operands)
        elif primitive.name in ALIKE:
            more = primitive.name == "stack"
            shared = frozenset.intersection(*(self.ranks[operand] for operand in operands))
            shared &= frozenset(rank - more for rank in self.ranks[index])
            wanted = [*((operand, shared) for operand in operands), (index, {rank + more for rank in shared})]
        else:
            allowed = []
            for ranks in product(*(self.ranks[operand] for operand in operands)):
                out = rank_of(primitive.name, static, ranks)
                if out is not None:
                    allowed += [(*ranks, rank) for rank in self.ranks[index] if out in (rank, -1)]
            if not allowed:
                self.clash = True
                return []
            wanted = [(line, {ranks[k] for ranks in allowed}) for k, line in enumerate((*operands, index))]
        return [line for line, ranks in wanted if self._narrow(line, ranks)]

    def _combined(self, index: int, operands: Sequence[int]) -> list[tuple[int, Iterable[int]]]:
        """Elements combined one by one: the line has as many axes as the operand that has most."""
        floor = max(min(self.ranks[operand]) for operand in operands)
        outs = {r for r in self.ranks[index] if r >= floor and any(r in self.ranks[operand] for operand in operands)}
        if not outs:
            self.clash = True
            return []
        top = max(outs)
        found: list[tuple[int, Iterable[int]]] = [(index, outs)]
        for operand in operands:
            others = {rank for other in operands if other != operand for rank in self.ranks[other]}
            if outs & others:
                reach = max(outs & others)
                found.append((operand, {r for r in self.ranks[operand] if r <= reach or (r in outs and r <= top)}))
            else:
                found.append((operand, outs))
        return found

    # Sizes

    def _size(self, length: int | None = None) -> int:
        self._parents.append(len(self._parents))
        if length is not None:
            self._known[len(self._parents) - 1] = length
        return len(self._parents) - 1

    def _root(self, size: int) -> int:
        while self._parents[size] != size:
            self._parents[size] = self._parents[self._parents[size]]
            size = self._parents[size]
        return size

    def _join(self, one: int, other: int) -> bool:
        """The two sizes are equal; whether that is new."""
        one, other = self._root(one), self._root(other)
        if one == other:
            return False
        if one in self._known and other in self._known:
            self.clash |= self._known[one] != self._known[other]
            return False
        if other in self._known:
            one, other = other, one
        self._parents[other] = one
        self._least[one] = max(self._least.get(one, 0), self._least.get(other, 0))
        return True

    def _fix(self, size: int, length: int) -> bool:
        root = self._root(size)
        if root in self._known:
            self.clash |= self._known[root] != length
            return False
        self._known[root] = length
        return True

    def _settle(self) -> None:
        """Let sizes reach all lines whose number of axes is known."""
        for index, ranks in enumerate(self.ranks):
            if self.sizes[index] is None and len(ranks) == 1:
                self.sizes[index] = [self._size() for _ in range(min(ranks))]
        for _ in range(MOST_PASSES):
            changed = False
            for index, operands in enumerate(self.graph.operands):
                out = self.sizes[index]
                have = [self.sizes[operand] for operand in operands]
                if operands and out is not None and None not in have:
                    changed |= self._sized(index, have, out)  # type: ignore[arg-type]
            if not changed:
                return

    def _sized(self, index: int, have: list[list[int]], out: list[int]) -> bool:
        primitive, static = self.graph.primitives[index], self.graph.statics[index]
        if primitive.kind == "elementwise":
            return self._repeated(have, out)
        rule = SIZES.get(primitive.name)
        if rule is not None:
            return bool(rule(self, have, out, static))
        if primitive.kind == "reduces" and primitive.static:
            axis, _ = static
            kept = [] if axis is None else [s for k, s in enumerate(have[0]) if k != axis % len(have[0])]
            return self._all(zip(kept, out, strict=True)) if axis is not None else False
        return False

    def _repeated(self, have: Sequence[Sequence[int]], out: Sequence[int]) -> bool:
        """Axes from the last: those that are not of length 1 are equal."""
        changed = False
        for axis in range(1, len(out) + 1):
            here = [sizes[-axis] for sizes in have if len(sizes) >= axis]
            long = [size for size in here if self._known.get(self._root(size)) != 1] or here
            changed |= self._all((size, out[-axis]) for size in long)
        return changed

    def _all(self, pairs: Iterable[tuple[int, int]]) -> bool:
        joined = [self._join(one, other) for one, other in pairs]
        return any(joined)

    def known(self, sizes: Sequence[int]) -> list[int | None]:
        """The lengths, as far as they are known."""
        return [self._known.get(self._root(size)) for size in sizes]

    def fill(self, sizes: Sequence[int], total: int, combine: Callable[[Iterable[int]], int], part: Any) -> bool:
        """One open size follows from the others and their TOTAL."""
        lengths = self.known(sizes)
        if lengths.count(None) != 1:
            return False
        found = part(total, combine([length for length in lengths if length is not None]))
        return found is not None and self._fix(sizes[lengths.index(None)], found)

    # What is usually meant

    def _scan(self, level: Callable[[int], bool]) -> bool:
        found = False
        for index in range(len(self.graph)):
            found |= level(index)
        return found

    def _open(self, index: int) -> bool:
        return len(self.ranks[index]) > 1

    def _take(self, index: int, *wanted: int) -> bool:
        """Settle an open line for the first number of axes in WANTED that contradicts nothing."""
        for rank in wanted:
            if rank not in self.ranks[index]:
                continue
            clash, self.clash = self.clash, False
            self._before.clear()
            self._narrow(index, (rank,))
            self._spread((index, *self._users[index]))
            fits, self.clash = not self.clash, clash
            if fits:
                self._taken += [line for line, _ in self._before]
                return True
            for line, ranks in reversed(self._before):
                self.ranks[line] = ranks
        return False

    def _is_lower(self, index: int) -> bool:
        """Whether a line is a name in lower case, or a function of one alone."""
        return self._single[index] and not self._upper[index]

    def _alike(self, index: int) -> bool:
        """What is combined with an array has its shape; in lower case it is a row of a matrix, or a divisor of it."""
        if self.graph.primitives[index].kind != "elementwise":
            return False
        lines = (*self.graph.operands[index], index)
        axes = max((min(self.ranks[line]) for line in lines if not self._open(line)), default=0)
        found = False
        for slot, line in enumerate(lines[:-1]) if axes else ():
            if self._open(line):
                small = 0 if slot == 1 and self.graph.primitives[index].name == "div" else 1
                found |= self._take(line, *[small] * (axes > 1 and self._is_lower(line)), axes)
        return found

    def _multiplied(self, index: int) -> bool:
        """Operands of @: vectors in lower case, matrices in upper case; targets in lower case are a class a row."""
        found = False
        if self.graph.primitives[index].name == "cross_entropy":
            logits, target = self.graph.operands[index]
            if self._open(target) and not self._open(logits):
                axes = min(self.ranks[logits])
                found |= self._take(target, axes if self._upper[target] else axes - 1, axes)
        for line in self.graph.operands[index] if self.graph.primitives[index].name in PRODUCTS else ():
            if self._open(line) and self.graph.primitives[line] is VARIABLE:
                found |= self._take(line, *((1, 2) if self._is_lower(line) else (2, 1)))
        return found

    def _beside_scalar(self, index: int) -> bool:
        """What is combined with a computed scalar is one."""
        graph = self.graph
        if graph.primitives[index].kind != "elementwise":
            return False
        lines = (*graph.operands[index], index)
        scalars = [line for line in lines if self.ranks[line] == {0} and graph.primitives[line] is not CONSTANT]
        computed = any(graph.operands[line] for line in scalars)
        found = False
        for line in lines[:-1] if scalars else ():
            if self._open(line) and (computed or not self._upper[line]):
                found |= self._take(line, 0)
        return found

    def _gathered(self, index: int) -> bool:
        """What a line about arrays takes is an array: of two axes where a name in upper case is in it."""
        primitive = self.graph.primitives[index]
        if primitive.kind == "elementwise" or primitive.name == "stack":
            return False
        found = False
        for line in self.graph.operands[index]:
            if self._open(line):
                wanted = [2, 1] if self._upper[line] else [1, 2]
                found |= self._take(line, *wanted, *sorted(self.ranks[line]))
        return found

    def _leaf(self, index: int) -> bool:
        """A name of which nothing is known: a matrix in upper case, a number in lower case."""
        if self.graph.primitives[index] is not VARIABLE or not self._open(index):
            return False
        wanted = [2, 1] if self._upper[index] else []
        self._taken.clear()
        found = self._take(index, *wanted, *sorted(self.ranks[index]))
        while self._taken:
            line = self._taken.pop()
            for user in (line, *self._users[line]):
                self._alike(user)
        return found


def _own(graph: Graph, index: int, given: Mapping[str, Shape]) -> Shape | None:
    """The shape that a leaf says itself."""
    if graph.primitives[index] is CONSTANT:
        static = graph.statics[index]
        return () if type(static) is float else static.shape
    return given.get(graph.names[index] or "") if graph.primitives[index] is VARIABLE else None


def rank_of(name: str, static: Any, ranks: Sequence[int]) -> int | None:
    """How many axes a line has whose operands have RANKS; None where they do not fit, -1 where nothing is known."""
    first = ranks[0]
    if name == "matmul":
        return _rank_of_product(*ranks)
    if name == "outer":
        return 2 if ranks == (1, 1) else None
    if name == "dot":
        return 0 if ranks == (1, 1) else None
    if name in SQUARE:
        return None if first != 2 else 0 if name in ("det", "trace") else 2
    if name == "solve":
        return ranks[1] if first == 2 and ranks[1] in (1, 2) else None
    if name in ALONG:
        return first or None
    if name == "cross_entropy":
        return 0 if first and ranks[1] in (first, first - 1) else None
    if name == "transpose":
        return first if static is None or len(static) == first else None
    if name in ("reshape", "broadcast"):
        return len(static) if name == "reshape" or first <= len(static) else None
    if name == "flatten":
        return 1
    if name == "index":
        return first - sum(type(place) is int for place in static) if first >= len(static) else None
    if name == "cumsum":
        return 1 if static is None else first if _has_axis(first, static) else None
    if type(static) is tuple and len(static) == 2 and type(static[1]) is bool:  # a reduction
        return 0 if static[0] is None else first - 1 if _has_axis(first, static[0]) else None
    return -1


def _has_axis(rank: int, axis: int) -> bool:
    return -rank <= axis < rank


def _rank_of_product(a: int, b: int) -> int | None:
    if not a or not b:
        return None
    if a == 1 or b == 1:
        return a + b - 2
    return max(a, b)


# The sizes of lines, by primitive: from those of the operands and of the line itself


def _of_product(known: Determined, have: list[list[int]], out: list[int], static: Any) -> bool:
    a, b = have
    pairs = [(a[-1], b[0] if len(b) == 1 else b[-2])]
    rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else []
    own = out[len(out) - len(rows) - len(columns) :]
    pairs += zip([*rows, *columns], own, strict=True)
    stacks = known._repeated([a[:-2], b[:-2]], out[: len(out) - len(own)])
    return known._all(pairs) or stacks


def _same(known: Determined, have: list[list[int]], out: list[int], static: Any) -> bool:
    return known._all(zip(have[0], out, strict=True))


def _of_square(known: Determined, have: list[list[int]], out: list[int], static: Any) -> bool:
    return known._all([(have[0][0], have[0][1]), *zip(have[0], out, strict=False)])


def _of_solve(known: Determined, have: list[list[int]], out: list[int], static: Any) -> bool:
    return known._all([(have[0][0], have[0][1]), (have[0][0], have[1][0]), *zip(have[1], out, strict=True)])


def _of_transpose(known: Determined, have: list[list[int]], out: list[int], order: Any) -> bool:
    moved = have[0][::-1] if order is None else [have[0][axis] for axis in order]
    return known._all(zip(moved, out, strict=True))


def _of_running(known: Determined, have: list[list[int]], out: list[int], axis: Any) -> bool:
    return _of_flat(known, have, out, None) if axis is None else _same(known, have, out, axis)


def _of_flat(known: Determined, have: list[list[int]], out: list[int], static: Any) -> bool:
    if len(have[0]) == 1:
        return known._join(have[0][0], out[0])
    lengths = known.known(have[0])
    if None not in lengths:
        return known._fix(out[0], _multiplied(lengths))  # type: ignore[arg-type]
    (total,) = known.known(out)
    return total is not None and known.fill(have[0], total, _multiplied, _divided)


def _of_reshape(known: Determined, have: list[list[int]], out: list[int], shape: Any) -> bool:
    fixed = [known._fix(size, length) for size, length in zip(out, shape, strict=True)]
    return known.fill(have[0], _multiplied(shape), _multiplied, _divided) or any(fixed)


def _of_broadcast(known: Determined, have: list[list[int]], out: list[int], shape: Any) -> bool:
    fixed = [known._fix(size, length) for size, length in zip(out, shape, strict=True)]
    return known._repeated(have, out) or any(fixed)


def _of_index(known: Determined, have: list[list[int]], out: list[int], places: Any) -> bool:
    changed, at = False, 0
    for axis, size in enumerate(have[0]):
        place = places[axis] if axis < len(places) else slice(None)
        if type(place) is int:
            known._least[known._root(size)] = max(known._least.get(known._root(size), 0), place + 1, -place)
            continue
        length = known.known([size])[0]
        ends = [end for end in (place.start, place.stop) if end is not None]
        if not ends:
            changed |= known._join(size, out[at])
        elif length is not None:
            changed |= known._fix(out[at], max(len(range(*place.indices(length))), 1))
        least = max([1, *(end if end > 0 else 1 - end for end in ends)])
        known._least[known._root(size)] = max(known._least.get(known._root(size), 0), least)
        at += 1
    return changed


def _of_stack(known: Determined, have: list[list[int]], out: list[int], static: Any) -> bool:
    pairs = [pair for sizes in have for pair in zip(sizes, out[1:], strict=True)]
    return known._fix(out[0], len(have)) | known._all(pairs)


def _of_concat(known: Determined, have: list[list[int]], out: list[int], axis: Any) -> bool:
    at = axis % len(out)
    pairs = [(s, o) for sizes in have for k, (s, o) in enumerate(zip(sizes, out, strict=True)) if k != at]
    changed = known._all(pairs)
    along = [sizes[at] for sizes in have]
    lengths = known.known(along)
    if None not in lengths:
        return known._fix(out[at], sum(lengths)) | changed  # type: ignore[arg-type]
    (total,) = known.known([out[at]])
    return changed or (total is not None and known.fill(along, total, sum, _less))


def _of_outer(known: Determined, have: list[list[int]], out: list[int], static: Any) -> bool:
    return known._all([(have[0][0], out[0]), (have[1][0], out[1])])


def _of_pair(known: Determined, have: list[list[int]], out: list[int], static: Any) -> bool:
    return known._all(zip(have[0], have[1], strict=False))


def _multiplied(lengths: Iterable[int]) -> int:
    total = 1
    for length in lengths:
        total *= length
    return total


def _divided(total: int, others: int) -> int | None:
    return total // others if total % others == 0 else None


def _less(total: int, others: int) -> int | None:
    return total - others if total > others else None


SIZES: dict[str, Callable[[Determined, list[list[int]], list[int], Any], bool]] = {
    "matmul": _of_product, "outer": _of_outer, "dot": _of_pair, "cross_entropy": _of_pair, "inv": _of_square,
    "cofactors": _of_square, "det": _of_square, "trace": _of_square, "solve": _of_solve, "softmax_of": _same,
    "logsoftmax": _same, "cumsum": _of_running, "transpose": _of_transpose, "reshape": _of_reshape,
    "broadcast": _of_broadcast, "flatten": _of_flat, "index": _of_index, "stack": _of_stack, "concat": _of_concat,
}  # fmt: skip
