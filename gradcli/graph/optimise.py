"""Optimising: passes over a graph, each of which leaves out lines that are not needed and says which.

The passes of EXACT keep every value of scalars to the last bit, also at inf and nan. Those of PASSES may change the
sign of a zero, and what is divided by it, and a recognised primitive is right where its spelling overflows. Those of
DOMAIN_CHANGING (graph/cancel.py) say where they change a value.
Equal lines are shared only after the derivative words are expanded: with a = x*x and b = x*x, the derivative of a*b by
a is b, and by a line that stands for both it is twice that.
"""

from __future__ import annotations

from gradcli.graph import CONSTANT, NAMED, Graph, array_primitives, primitives
from gradcli.graph.drafts import Draft, Form
from gradcli.graph.signs import move_signs
from gradcli.graph.simpler import EXACT_RULES, RULES, simpler, without_spreads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.graph.drafts import Change
    from gradcli.graph.recognise import Match
    from gradcli.graph.simpler import Rule

MOST_ROUNDS = 10
LARGEST_FOLDED = 1000  # elements of an array
MOST_FOLDED = 1 << 21  # elements of all arrays that are folded in a pass


class Pass:
    """One way of making a graph shorter: `run(draft)` goes over the lines once, in a time linear in their number."""

    __slots__ = ("name", "run")

    def __init__(self, name: str, run: Callable[[Draft], None]) -> None:
        self.name = name
        self.run = run

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Step:
    """What one pass changed: how many operations were live before it and after it, and every change in order.

    Lines are in the numbering of the graph that was given; the numbers from its length on are lines that a pass wrote
    (Optimised.written).
    """

    __slots__ = ("after", "before", "changes", "given", "name")

    def __init__(self, name: str, before: int, after: int, changes: Sequence[Change], given: int) -> None:
        self.name = name
        self.before = before
        self.after = after
        self.changes = changes
        self.given = given

    @property
    def gone(self) -> list[tuple[int, int | None]]:
        """The given lines that went, each with the line that stands for it now.

        None: it is dead, or a constant (`became`).
        """
        found: list[tuple[int, int | None]] = []
        for change in self.changes:
            if change.line < self.given:
                now = change.now
                if type(now) is int:
                    found.append((change.line, now))
                elif not isinstance(now, Form) or now.primitive is CONSTANT:
                    found.append((change.line, None))
        return found

    @property
    def became(self) -> dict[int, Any]:
        """The value of every given line that is a constant now: a float, or an ArrayConstant."""
        return {
            change.line: change.now.static
            for change in self.changes
            if change.line < self.given and isinstance(change.now, Form) and change.now.primitive is CONSTANT
        }

    def __repr__(self) -> str:
        return f"{self.name} {self.before} -> {self.after}"


class Optimised:
    """A shorter graph of the same values.

    moved    for every given line its line in the new graph (of a replaced line, the one that stands for it), -1 where
             it is gone
    log      the steps that changed something, in order
    written  what lines do that passes wrote, by their number in the log
    """

    __slots__ = ("graph", "log", "moved", "written")

    def __init__(self, graph: Graph, moved: list[int], log: list[Step], written: dict[int, Form]) -> None:
        self.graph = graph
        self.moved = moved
        self.log = log
        self.written = written


# Constants


def fold_constants(draft: Draft) -> None:
    """Operations of constants become constants; a condition that is a constant chooses its branch.

    A large array that repeats one number becomes the spread of that number; another large one stays an operation.
    """
    primitives = draft.primitives
    left = MOST_FOLDED
    for line in draft.operations():
        operands = draft.operands[line]
        for operand in operands:
            if primitives[operand] is not CONSTANT and (draft.shapes is None or draft.number(operand) is None):
                break
        else:
            if draft.shapes is None or not any(map(draft.shape, (line, *operands))):
                draft.rewrite(line, CONSTANT, (), _forward(draft, line))
            else:
                left -= _fold_array(draft, line, left)
            continue
        if primitives[line].name == "where":
            condition = draft.number(operands[0])
            if condition is not None:
                branch = operands[1 if condition != 0 else 2]
                if draft.shape(branch) == draft.shape(line):
                    draft.replace(line, branch)


def _forward(draft: Draft, line: int) -> float:
    """The number that LINE is, whose operands are numbers."""
    primitive, values = draft.primitives[line], [draft.statics[operand] for operand in draft.operands[line]]
    if primitive.kind != "elementwise":
        from gradcli.graph.arrays import apply

        return apply(primitive, draft.statics[line], values)  # type: ignore[no-any-return]
    return primitive.forward(*values, draft.statics[line]) if primitive.static else primitive.forward(*values)


def _fold_array(draft: Draft, line: int, left: int) -> int:
    """Fold LINE, an operation of constant arrays, where it is small; how many elements that took of those LEFT."""
    import numpy as np

    from gradcli.graph.arrays import WIDEST_TEXT, ArrayConstant, apply, quiet
    from gradcli.graph.shapes import count

    primitive, static, operands = draft.primitives[line], draft.statics[line], draft.operands[line]
    shape = draft.shape(line)
    numbers = [draft.number(operand) for operand in operands]
    size = max(count(draft.shape(operand)) for operand in (line, *operands))
    number = draft.number(line)  # of one that only repeats
    if number is None and primitive.kind == "elementwise" and None not in numbers:
        with quiet():
            number = float(apply(primitive, static, [np.array([value]) for value in numbers])[0])
    if number is not None and shape and size > WIDEST_TEXT:
        if primitive.name != "fit" or draft.primitives[operands[0]] is not CONSTANT:
            draft.rewrite(line, NAMED["fit"], (draft.constant(number),), shape)
        return 0
    if size > min(LARGEST_FOLDED, left):
        return 0
    values: list[Any] = []
    for operand, value in zip(operands, numbers, strict=True):
        if draft.primitives[operand] is CONSTANT:
            given = draft.statics[operand]
            values.append(given if type(given) is float else given.value)
        else:
            values.append(np.broadcast_to(np.float64(value or 0.0), draft.shape(operand)))
    with quiet():
        found = apply(primitive, static, values)
    draft.rewrite(line, CONSTANT, (), found if type(found) is float else ArrayConstant(np.array(found, dtype=float)))
    return size


# What computes nothing


def drop_neutral(draft: Draft, rules: Mapping[str, Rule] = RULES) -> None:
    """1*e, e + 0, --e, e^1, a + (-b), a fit to the shape it has, and the like (graph/simpler.py)."""
    primitives, arrays = draft.primitives, draft.shapes is not None
    for line in draft.operations():
        if arrays:
            without_spreads(draft, line)
        if primitives[line].name in rules:
            simpler(draft, line, rules)


def drop_neutral_exactly(draft: Draft) -> None:
    """The same without what may change the sign of a zero."""
    drop_neutral(draft, EXACT_RULES)


# Equal lines

COMMUTATIVE = frozenset(("add", "mul", "equal", "not_equal"))
UNORDERED = frozenset(("max", "min"))  # at a tie each operand takes an equal share
TURNED = {"greater": "less", "greater_equal": "less_equal"}


def share_equal(draft: Draft) -> None:
    """Lines that compute the same become one, the first of them; a + b is b + a, and a > b is b < a.

    A constant that has a name keeps a line of its own.
    """
    first: dict[Any, int] = {}
    classes = list(range(len(draft.primitives)))
    for line, primitive in enumerate(draft.primitives):
        if primitive is CONSTANT and draft.here[line]:
            named = draft.names[line] is not None
            found = first.setdefault(_key_of(draft.statics[line]), line)
            classes[line] = found
            if found != line and not named and draft.names[found] is None:
                draft.replace(line, found)
    for line in draft.operations():
        primitive, static = draft.primitives[line], draft.statics[line]
        numbers = [classes[operand] for operand in draft.operands[line]]
        name = primitive.name
        if len(numbers) > 1:
            if name in COMMUTATIVE or name in UNORDERED:
                numbers.sort()
            elif name in TURNED:
                name = TURNED[name]
                numbers.reverse()
        key = (name, None if static is None else repr(static), *numbers)
        found = first.setdefault(key, line)
        if found != line:
            classes[line] = found
            draft.replace(line, found)


def _key_of(static: Any) -> Any:
    """What equal constants have in common: 0.0 and -0.0 are not equal, nan is."""
    if type(static) is float:
        return static if static - static == 0 and static != 0 else repr(static)
    value = static.value
    return (static.shape, value.tobytes() if value.size <= LARGEST_FOLDED else id(value))


# Primitives


def recognise(draft: Draft) -> None:
    """What was spelled out becomes the primitive, unless all its lines are needed anyway (graph/recognise.py).

    Not seen through: lines that are results or kept.
    """
    from gradcli.graph.decompose import fold_matches, is_worth_a_look

    if not is_worth_a_look(draft):
        return
    from gradcli.graph.recognise import matches

    graph, settled = draft.settle()
    wanted = [settled[draft.places[line]] for line in draft.wanted]
    found = _worthwhile(graph, wanted, matches(graph, frozenset(wanted)))
    if not found:
        return
    recognised = [line for line in range(len(settled)) if draft.here[line] and settled[line] in found]
    forms = [(draft.numbers[line], draft.form(line)) for line in recognised]
    folded = fold_matches(graph, wanted, found)
    moved = [-1 if line < 0 else folded.moved[line] for line in settled]
    draft.reload(folded.graph, moved)
    for line, (number, was) in zip(recognised, forms, strict=True):
        draft.note(number, was, draft.form(moved[line]))


def _worthwhile(graph: Graph, wanted: Sequence[int], found: dict[int, Match]) -> dict[int, Match]:
    """The matches of a single line, and those that together make a line unnecessary."""
    from gradcli.graph.decompose import live_with
    from gradcli.graph.recognise import UNSIGNED

    for _ in range(MOST_ROUNDS):
        marks = live_with(graph, wanted, found)
        turned = {  # they stand in other matches without their sign
            recipe.line for match in found.values() for recipe in match.operands if UNSIGNED in recipe.steps
        }  # fmt: skip
        useful = {
            index: match for index, match in found.items()
            if marks[index] and (index in turned or not match.inner or not all(map(marks.__getitem__, match.inner)))
        }  # fmt: skip
        if len(useful) == len(found):
            break
        found = useful
    return found


# Dead lines


def drop_dead(draft: Draft) -> None:
    """Lines that nothing wanted is computed from go; variables stay."""
    for line, needed in enumerate(draft.live()):
        if not needed and draft.here[line]:
            if draft.operands[line]:
                draft.drop(line)
            elif draft.primitives[line] is CONSTANT:
                draft.here[line] = False


FOLD = Pass("fold constants", fold_constants)
NEUTRAL = Pass("drop 1*", drop_neutral)
EXACTLY_NEUTRAL = Pass("drop 1*", drop_neutral_exactly)
SHARE = Pass("share equal lines", share_equal)
RECOGNISE = Pass("recognise", recognise)
SIGNS = Pass("move signs", move_signs)
DEAD = Pass("drop dead lines", drop_dead)
PASSES: tuple[Pass, ...] = (FOLD, NEUTRAL, SHARE, RECOGNISE, SIGNS, DEAD)
EXACT: tuple[Pass, ...] = (FOLD, EXACTLY_NEUTRAL, SHARE, SIGNS, DEAD)


def optimise(
    graph: Graph, results: Iterable[int], passes: Sequence[Pass] = PASSES, *, keep: Iterable[int] = ()
) -> Optimised:
    """GRAPH without what the RESULTS and the lines in KEEP do not need; the PASSES in rounds.

    Scalars, or arrays where the graph knows its shapes. The variables stay, whether they are needed or not. A line
    keeps its name unless it goes; the name of a replaced line goes over to what stands for it, where that has none. The
    graph that was given stays as it is.
    """
    (primitives if graph.shapes is None else array_primitives)()
    draft = Draft(graph, [*results, *keep])
    log: list[Step] = []
    count = draft.count()
    seen: dict[Pass, int] = {}
    for _ in range(MOST_ROUNDS):
        version = draft.version
        for each in passes:
            if seen.get(each) == draft.version:
                continue
            draft.changes = []
            each.run(draft)
            seen[each] = draft.version
            if draft.changes:
                before, count = count, draft.count()
                log.append(Step(each.name, before, count, draft.changes, len(graph)))
        if draft.version == version:
            break
    found, settled = draft.settle()
    found.origins = draft.origins(settled)
    return Optimised(found, draft.moved(settled), log, draft.written)
