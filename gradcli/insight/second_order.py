"""Notes on second derivatives: lines where one jumps, or is not finite although the first one is."""

from __future__ import annotations

from gradcli.autodiff import locals_of
from gradcli.autodiff.seconds import seconds_at, steps
from gradcli.insight.run import Note
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from gradcli.autodiff import Flow
    from gradcli.graph import Graph, Primitive
    from gradcli.graph.labels import Labels

BESIDE = 1e-9  # how far from the point one looks, of its size
JUMPS = 1e-3  # of the size of what is seen there
MOST = 8


def second_notes(
    graph: Graph, values: Sequence[float], flows: Iterable[Flow], active: Sequence[bool], labels: Callable[[], Labels],
    *, lost: bool,
) -> list[Note]:  # fmt: skip
    """What is to be said of the lines that the open FLOWS come from, at most MOST of it; LABELS says their names.

    LOST says that a second derivative is not finite.
    """
    found: list[Note] = []
    seen = set()
    for source, _, slot, _, local, _, closed in flows:
        primitive = graph.primitives[source]
        operands = graph.operands[source]
        if closed or primitive.opens or (source, slot) in seen or len(operands) > 3 or local - local != 0:
            continue
        seen.add((source, slot))
        if not lost and not steps(primitive, graph.statics[source], len(operands)):
            continue
        at = [values[operand] for operand in operands]
        live = [place for place, operand in enumerate(operands) if active[operand]]
        note = next(_of_line(primitive, graph.statics[source], at, slot, live), None)
        if note is not None:
            names = labels()
            found.append(Note(note[0], names.names[source], f"{names.equation(source)}: {note[1]}"))
        if len(found) == MOST:
            break
    return found


def _of_line(
    primitive: Primitive, static: Any, at: Sequence[float], slot: int, live: Sequence[int]
) -> Iterator[tuple[str, str]]:
    for other in live:
        value = at[other]
        here = _second(primitive, static, at, slot, other)
        if here is None:
            continue
        if here - here != 0:
            yield "nan" if here != here else "inf", f"its second derivative is {significant(here)} here"
            continue
        (below, above), (nearer, near) = (
            [_second(primitive, static, [*at[:other], value + step, *at[other + 1 :]], slot, other) or 0.0
             for step in (-size, size)]
            for size in (BESIDE * max(abs(value), 1.0), BESIDE / 8 * max(abs(value), 1.0))
        )  # fmt: skip
        gap = abs(above - below)
        if gap - gap == 0 and gap > JUMPS * (abs(below) + abs(above)) and abs(near - nearer) > gap / 2:
            sides = f"the one-sided ones are {significant(nearer)} and {significant(near)}"
            yield "kink", f"its second derivative jumps here and is taken as {significant(here + 0.0)}; {sides}"


def _second(primitive: Primitive, static: Any, at: Sequence[float], slot: int, other: int) -> float | None:
    """The derivative of the local gradient in operand SLOT by operand OTHER, through the output as well."""
    extra = (static,) if primitive.static else ()
    y = primitive.forward(*at, *extra)
    found = seconds_at(primitive, static, y, at)[slot]
    if found is None:
        return None
    total = None
    for leaf, number in found:
        if leaf == other + 1:
            total = number if total is None else total + number
        elif leaf == 0:
            rule = locals_of(primitive, static, len(at))[other]
            if rule is not None:
                more = number * rule(y, *at)
                total = more if total is None else total + more
    return total
